//! Rules of request fields that several functions have.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error};

use crate::names::{
    ClusterName, ClusterRef, Family, NameFault, Scope, ServiceRef, TaskDefinitionName, TaskDefinitionRef,
};
use crate::problem::Problem;
use crate::schema;

/// The longest page of a list.
pub const LONGEST_PAGE: u32 = 1_000;
/// The longest `startedBy`.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
pub const STARTED_BY: usize = 128;

/// The cluster that is named, else the one in the service's ARN, else AWS's `default`.
pub fn cluster_of(
    cluster: Option<&ClusterRef>,
    service: Option<&ServiceRef>,
    scope: &Scope,
) -> Result<ClusterName, NameFault> {
    match (cluster, service.and_then(ServiceRef::cluster)) {
        (Some(named), _) => named.within(scope),
        (None, Some(cluster)) => Ok(cluster),
        (None, None) => "default".parse(),
    }
}

/// A `family` as a request names it: alone, or the ARN of its latest revision without the revision.
#[derive(Debug, JsonSchema)]
#[schemars(inline, transparent, extend("pattern" = schema::name_or_arn("[A-Za-z0-9_-]{1,255}")))]
pub struct WholeFamily(#[expect(dead_code, reason = "its schema is what it is for")] String);

/// A `family` that names no revision.
pub fn whole_family(family: &TaskDefinitionRef, scope: &Scope) -> Result<Family, Problem> {
    match family.within(scope)? {
        TaskDefinitionName { family, revision: None } => Ok(family),
        name => Err(Problem::bad_request(format!("family: {name} is a revision; give its family alone"))),
    }
}

/// A `startedBy` as AWS takes it.
pub fn started_by(text: &str) -> Result<String, Problem> {
    if (1..=STARTED_BY).contains(&text.chars().count()) {
        Ok(text.to_owned())
    } else {
        Err(Problem::bad_request(format!("startedBy: 1 to {STARTED_BY} characters")))
    }
}

/// Reads an instant that may be left out: with `#[serde(default, deserialize_with = …)]`.
///
/// # Errors
///
/// What is no instant, with one that is.
pub fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let shown: String = text.chars().take(80).collect();
    text.parse().map(Some).map_err(|_| {
        let like = "an instant between the years 0 and 9999, such as 2026-11-24T22:00:00-03:00 or 2026-11-25T01:00:00Z";
        D::Error::custom(format!("{shown:?} is not {like}"))
    })
}

/// The `limit` of a list, where there is one.
pub fn limit(limit: Option<u32>) -> Result<Option<usize>, Problem> {
    match limit {
        Some(n) if !(1..=LONGEST_PAGE).contains(&n) => {
            Err(Problem::bad_request(format!("limit: 1 to {LONGEST_PAGE}, not {n}")))
        }
        limit => Ok(limit.and_then(|n| usize::try_from(n).ok())),
    }
}
