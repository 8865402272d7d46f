//! What the config and other accounts say is in use.

use std::str::FromStr;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use shared::Problem;
use shared::names::Scope;

use super::{Look, Source, unreadable};
use crate::used::Found;

/// What the config says is in use.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// `IN_USE`.
    pub references: References,
    /// `IN_USE_FROM`.
    pub documents: Documents,
}

/// Images by their references, comma-separated; one without a host is of this account's registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References(pub Vec<String>);

impl FromStr for References {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        Ok(Self(parts.map(str::to_owned).collect()))
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InUseDocument {
    /// Whose it is.
    pub account: String,
    /// Where.
    pub region: String,
    /// Whether every source was read whole, and everything stands here.
    pub complete: bool,
    /// The images.
    pub images: Vec<InUseEntry>,
}

/// An image in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

pub(super) struct Listed;

impl Source for Listed {
    fn name(&self) -> &'static str {
        "lists"
    }

    fn read<'a>(&'a self, look: &'a Look<'a>) -> BoxFuture<'a, Result<Found, Problem>> {
        Box::pin(async move {
            let mut found = Found::default();
            for reference in &look.lists.references.0 {
                found.add(&whole(reference, look.scope), None, "IN_USE")?;
            }
            for document in look.lists.documents.0.iter().chain(look.documents) {
                let InUseDocument { account, region, complete, images } = document;
                let from = format!("account {account} in {region}");
                if !complete {
                    return Err(unreadable(&from, &"its list of images in use is not complete"));
                }
                for entry in images {
                    let by = format!("{from}: {}", entry.used_by.join(", "));
                    found.add(&entry.image, entry.digest.as_deref(), &by)?;
                }
            }
            Ok(found)
        })
    }
}

/// A reference with its host; the domain does not matter to us.
fn whole(reference: &str, scope: &Scope) -> String {
    let host = reference.split_once('/').map(|(host, _)| host);
    if host.is_some_and(|host| host.contains(['.', ':'])) {
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
        assert_eq!(whole("quay.io/a:b", &scope), "quay.io/a:b");
    }
}
