//! What may need an image: a small module for each source.
//!
//! Each tells what it found, or that it could not read everything: then nothing is deleted in that
//! run. One that is switched off by name is not asked, and each report says so.

mod cache;
mod daemons;
mod families;
mod functions;
mod lists;
mod rules;
mod schedules;
mod services;
mod tasks;

use std::fmt::Display;

use futures_util::future::{BoxFuture, join_all};
use shared::ecs::Failure as AwsFailure;
use shared::names::{Arn, ClusterName, Scope, short_name};
use shared::{Code, Problem};
use shared_aws::{Listed, Read};

use crate::used::{Failure, Found, InUse};

pub use cache::Cache;
pub use lists::{Documents, InUseDocument, InUseEntry, Lists, References};

/// How many things of a kind are read at once; the budget sets the pace.
const AT_ONCE: usize = 20;

/// Something that may need images.
trait Source: Sync {
    /// Its name, as `SOURCES_OFF` has it.
    fn name(&self) -> &'static str;

    /// Reads all of it, or says what it could not read.
    fn read<'a>(&'a self, look: &'a Look<'a>) -> BoxFuture<'a, Result<Found, Problem>>;
}

const ALL: [&dyn Source; 8] = [
    &tasks::Tasks,
    &services::Services,
    &daemons::Daemons,
    &families::Families,
    &rules::Rules,
    &schedules::Schedules,
    &functions::Functions,
    &lists::Listed,
];

/// The names of all sources.
pub const NAMES: [&str; 8] =
    ["tasks", "services", "daemons", "families", "rules", "schedules", "functions", "lists"];

/// The clusters, or why they can't be listed.
type Clusters = Result<Vec<(String, ClusterName)>, (Code, String)>;

/// What sources read with.
pub struct Look<'a> {
    /// The eyes.
    pub read: &'a Read,
    /// What the process knows already.
    pub cache: &'a Cache,
    /// Whose account and region it is.
    pub scope: &'a Scope,
    /// How many of a family's latest active revisions are in use.
    pub revisions: usize,
    /// The config's lists.
    pub lists: &'a Lists,
    /// The request's lists.
    pub documents: &'a [InUseDocument],
    /// The sources that are not asked.
    pub off: &'a [String],
    clusters: Clusters,
}

impl<'a> Look<'a> {
    /// A look at everything that is not switched off.
    #[must_use]
    pub fn new(
        read: &'a Read,
        cache: &'a Cache,
        scope: &'a Scope,
        (revisions, lists, off): (usize, &'a Lists, &'a [String]),
        documents: &'a [InUseDocument],
    ) -> Self {
        Self { read, cache, scope, revisions, lists, documents, off, clusters: Ok(Vec::new()) }
    }

    fn clusters(&self) -> Result<&[(String, ClusterName)], Problem> {
        match &self.clusters {
            Ok(clusters) => Ok(clusters),
            Err((code, detail)) => Err(Problem::new(*code, detail.clone())),
        }
    }

    /// Asks every source that is on.
    pub async fn in_use(mut self) -> InUse {
        let (on, off): (Vec<&dyn Source>, Vec<&dyn Source>) =
            ALL.iter().copied().partition(|source| !self.off.iter().any(|off| off == source.name()));
        if on.iter().any(|source| ["tasks", "services", "daemons"].contains(&source.name())) {
            self.clusters = clusters(self.read).await.map_err(|problem| (problem.code, problem.detail));
        }
        let look = &self;
        let answers =
            join_all(on.into_iter().map(|source| async move { (source.name(), source.read(look).await) }))
                .await;
        let mut all = InUse { off: off.iter().map(|source| source.name()).collect(), ..InUse::default() };
        for (source, answer) in answers {
            match answer {
                Ok(found) => all.found.extend(found),
                Err(Problem { code, detail: reason, .. }) => {
                    all.failed.push(Failure { source, code, reason });
                }
            }
        }
        all
    }
}

async fn clusters(read: &Read) -> Result<Vec<(String, ClusterName)>, Problem> {
    let named = |arn: String| {
        let name = short_name(&arn).parse().map_err(|e| unreadable(&"ecs:ListClusters", &e))?;
        Ok((arn, name))
    };
    read.cluster_arns().await?.into_iter().map(named).collect()
}

/// A source that is not what it should be.
fn unreadable(what: &dyn Display, fault: &dyn Display) -> Problem {
    Problem::new(Code::SourceUnreadable, format!("{what}: {fault}"))
}

/// Whether a description is whole: what is gone meanwhile needs nothing any more, but anything else
/// in `failures[]` was not read, and neither was what the answer does not speak of at all.
fn whole<T>(what: &str, asked: usize, described: &Listed<T>) -> Result<(), Problem> {
    let Listed { found, failures } = described;
    if found.len() + failures.len() < asked {
        let answered = found.len() + failures.len();
        return Err(unreadable(&what, &format!("{asked} were asked for, and {answered} answered")));
    }
    match failures.iter().find(|failure| failure.reason != "MISSING") {
        None => Ok(()),
        Some(AwsFailure { arn, reason, .. }) => Err(unreadable(&what, &format!("{arn}: {reason}"))),
    }
}

/// An ARN's resource part: `service/prod/users`.
fn resource(arn: &str) -> String {
    arn.parse::<Arn>().map_or_else(|_| arn.to_owned(), |arn| arn.resource)
}

/// The images that task definitions name, each in the name of what runs it.
async fn definitions(
    look: &Look<'_>,
    wanted: impl IntoIterator<Item = (String, String)>,
) -> Result<Found, Problem> {
    use futures_util::stream::{self, StreamExt as _};
    let mut calls = stream::iter(wanted)
        .map(|(definition, by)| async move {
            let images = look.cache.task_definition(look.read, &definition).await?;
            Ok::<_, Problem>((images, by))
        })
        .buffer_unordered(AT_ONCE);
    let mut found = Found::default();
    while let Some(answer) = calls.next().await {
        let (images, by) = answer?;
        for image in images.iter() {
            found.add(image, None, &by)?;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_sources() {
        assert_eq!(ALL.map(Source::name), NAMES);
    }
}
