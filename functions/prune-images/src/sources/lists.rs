//! What the config and the request say is in use.

use std::str::FromStr;

use shared::Problem;
use shared::image::ImageRef;
use shared::names::Scope;

use super::{Reader, documents};
use crate::used::Usage;

/// Images by their references, comma-separated; one without a host is of this account's registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References(pub Vec<String>);

impl FromStr for References {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let parts: Vec<String> = parts.map(str::to_owned).collect();
        // It would protect nothing, and nobody would know.
        let elsewhere =
            |part: &&String| has_host(part) && !matches!(ImageRef::parse(part), Ok(ImageRef::Ecr(_)));
        match parts.iter().find(elsewhere) {
            Some(part) => Err(format!("{part:?} names no image of an ECR registry: write it with its host")),
            None => Ok(Self(parts)),
        }
    }
}

pub(super) fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let mut found = Usage::default();
    for reference in &reader.config.in_use.0 {
        found.add(&whole(reference, reader.scope), None, "IN_USE");
    }
    for document in reader.documents {
        found.extend(documents::told(document, None, reader.now)?);
    }
    Ok(found)
}

fn has_host(reference: &str) -> bool {
    reference.split_once('/').is_some_and(|(host, _)| host.contains(['.', ':']))
}

/// A reference with its host; the domain does not matter to us.
fn whole(reference: &str, scope: &Scope) -> String {
    if has_host(reference) {
        return reference.to_owned();
    }
    format!("{}.dkr.ecr.{}.amazonaws.com/{reference}", scope.account, scope.region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_without_a_host_is_of_our_own_registry() {
        let scope =
            Scope { partition: "aws".into(), region: "sa-east-1".into(), account: "123456789012".into() };
        let own = "123456789012.dkr.ecr.sa-east-1.amazonaws.com";
        assert_eq!(whole("users:prod-1", &scope), format!("{own}/users:prod-1"));
        assert_eq!(whole("team/users@sha256:x", &scope), format!("{own}/team/users@sha256:x"));
        let full = format!("{own}/team/users:prod");
        assert_eq!(whole(&full, &scope), full);
        assert_eq!(full.parse::<References>(), Ok(References(vec![full])));
    }

    #[test]
    fn a_reference_that_names_no_image_of_a_registry_of_ecr_is_a_fault() {
        for text in ["quay.io/a:b", "users, my.team/users:prod", "localhost:5000/a"] {
            let fault = text.parse::<References>().unwrap_err();
            assert!(fault.contains("write it with its host"), "{fault}");
        }
    }
}
