//! What the config and other accounts say is in use.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::Problem;
use shared::image::ImageRef;
use shared::names::Scope;

use super::{Reader, unreadable};
use crate::used::{UnreadableReference, Usage};

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

/// Answers of `GET /v1/images/in-use`, as a JSON list.
#[derive(Clone, Debug, Default)]
pub struct Documents(pub Vec<InUseDocument>);

impl FromStr for Documents {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map(Self).map_err(|fault| fault.to_string())
    }
}

/// What is in use in an account and region, as `GET /v1/images/in-use` answers it there. It may hold
/// more, which does not matter here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InUseDocument {
    /// Whose it is.
    pub account: String,
    /// Where.
    pub region: String,
    /// When it was made. One that is older than a day is none.
    #[serde(default, deserialize_with = "shared::fields::instant", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shared::schema::Instant")]
    pub at: Option<Timestamp>,
    /// Whether every source was read whole, and everything stands here.
    pub complete: bool,
    /// The images.
    pub images: Vec<InUseEntry>,
    /// Images of services of which no revision tells: nothing is deleted where they may be.
    #[serde(default)]
    pub unknown: Vec<UnknownEntry>,
    /// References that can't be read: where they may mean anything, nothing is deleted.
    #[serde(default)]
    pub unreadable: Vec<UnreadableEntry>,
    /// The sources that it was made without.
    #[serde(default, rename = "sourcesOff")]
    pub sources_off: Vec<String>,
}

/// An image in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InUseEntry {
    /// Its reference, host and all.
    pub image: String,
    /// The digest that it means, where that is known.
    #[serde(default)]
    pub digest: Option<String>,
    /// What needs it.
    #[serde(default)]
    pub used_by: Vec<String>,
}

/// An image of a service of which no revision tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnknownEntry {
    /// Its reference, host and all.
    pub image: String,
    /// What needs it.
    pub service: String,
}

/// A reference that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadableEntry {
    /// As it stands there.
    pub image: String,
    /// What is wrong with it.
    pub fault: String,
}

/// So old a list may be at the most.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let mut found = Usage::default();
    for reference in &reader.config.in_use.0 {
        found.add(&whole(reference, reader.scope), None, "IN_USE");
    }
    for document in reader.config.in_use_from.0.iter().chain(reader.documents) {
        let InUseDocument {
            account,
            region,
            at,
            complete,
            images,
            unknown,
            unreadable: references,
            sources_off,
        } = document;
        let from = format!("account {account} in {region}");
        if let Some(at) = at.filter(|at| reader.now.duration_since(*at) > A_DAY) {
            let fault =
                format!("its list of images in use is of {at}, and more than a day old: send a new one");
            return Err(unreadable(&from, &fault));
        }
        if !complete {
            return Err(unreadable(&from, &"its list of images in use is not complete"));
        }
        if !sources_off.is_empty() {
            let off = sources_off.join(", ");
            return Err(unreadable(&from, &format!("its list of images in use was made without {off}")));
        }
        for entry in images {
            let by = format!("{from}: {}", entry.used_by.join(", "));
            found.add(&entry.image, entry.digest.as_deref(), &by);
        }
        for entry in unknown {
            found.add_unknown(&entry.image, &format!("{from}: {}", entry.service));
        }
        for UnreadableEntry { image, fault } in references {
            found
                .unreadable
                .push(UnreadableReference { text: image.clone(), fault: format!("{from}: {fault}") });
        }
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
