//! What may need an image: a small module for each source.
//!
//! Each tells what it found, or that it could not read everything: then nothing is deleted in that
//! run. One that is switched off by name is not asked, and each report says so.

mod build_projects;
mod cache;
mod daemons;
mod documents;
mod families;
mod functions;
mod history;
mod job_definitions;
mod lists;
mod pipes;
mod regions;
mod rules;
mod schedules;
mod services;
mod state_machines;
mod tasks;

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use futures_util::future::{join, join_all};
use jiff::Timestamp;
use shared::ecs::Failure;
use shared::ecs::revisions::Revision;
use shared::names::{Arn, ClusterName, Scope, short_name};
use shared::{Code, Problem, Refusal};
use shared_aws::{Listed, Read};

use crate::config::Config;
use crate::used::{InUse, SourceFailure, Usage};

pub use cache::Cache;
pub use documents::{InUseDocument, InUseEntry, UnknownEntry, UnreadableEntry, place_of, told};
pub use lists::References;
pub use regions::{InUseRegion, Regions};

/// How many things of a kind are read at once; the budget sets the pace.
const AT_ONCE: usize = 20;

/// Something that may need images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Tasks that run, or ran a short while ago.
    Tasks,
    /// ECS services.
    Services,
    /// ECS daemons.
    Daemons,
    /// Families of task definitions.
    Families,
    /// EventBridge's rules.
    Rules,
    /// EventBridge Scheduler's schedules.
    Schedules,
    /// EventBridge Pipes.
    Pipes,
    /// Step Functions' state machines.
    StateMachines,
    /// AWS Batch's job definitions.
    JobDefinitions,
    /// CodeBuild's projects.
    BuildProjects,
    /// Lambda functions.
    Functions,
    /// The lists of the config and of the request.
    Lists,
    /// What others have written to S3 of what they use.
    Documents,
}

impl Source {
    /// All, in the order in which reports name them.
    pub const ALL: [Self; 13] = [
        Self::Tasks,
        Self::Services,
        Self::Daemons,
        Self::Families,
        Self::Rules,
        Self::Schedules,
        Self::Pipes,
        Self::StateMachines,
        Self::JobDefinitions,
        Self::BuildProjects,
        Self::Functions,
        Self::Lists,
        Self::Documents,
    ];

    /// Its name, as `SOURCES_OFF` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Services => "services",
            Self::Daemons => "daemons",
            Self::Families => "families",
            Self::Rules => "rules",
            Self::Schedules => "schedules",
            Self::Pipes => "pipes",
            Self::StateMachines => "stateMachines",
            Self::JobDefinitions => "jobDefinitions",
            Self::BuildProjects => "buildProjects",
            Self::Functions => "functions",
            Self::Lists => "lists",
            Self::Documents => "documents",
        }
    }

    /// Whether it is what runs in a region, and not what somebody says.
    fn is_of_a_region(self) -> bool {
        !matches!(self, Self::Lists | Self::Documents)
    }

    /// Reads all of it, or says what it could not read.
    async fn read(self, reader: &Reader<'_>, clusters: &Clusters) -> Result<Usage, Problem> {
        match self {
            Self::Tasks => tasks::read(reader, listed(clusters)?).await,
            Self::Services => services::read(reader, listed(clusters)?).await,
            Self::Daemons => daemons::read(reader, listed(clusters)?).await,
            Self::Families => families::read(reader).await,
            Self::Rules => rules::read(reader).await,
            Self::Schedules => schedules::read(reader).await,
            Self::Pipes => pipes::read(reader).await,
            Self::StateMachines => state_machines::read(reader).await,
            Self::JobDefinitions => job_definitions::read(reader).await,
            Self::BuildProjects => build_projects::read(reader).await,
            Self::Functions => functions::read(reader).await,
            Self::Lists => lists::read(reader),
            Self::Documents => documents::read(reader).await,
        }
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|source| source.name() == name);
        named.ok_or_else(|| format!("{name:?} is none of them"))
    }
}

/// A cluster's ARN and its name.
type Cluster = (String, ClusterName);
/// The clusters, or why they can't be listed.
type Clusters = Result<Vec<Cluster>, Refusal>;

/// What everything is read with.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// The reads of AWS.
    pub read: &'a Read,
    /// What the process knows already.
    pub cache: &'a Cache,
    /// Where else images are in use.
    pub regions: &'a [InUseRegion],
    /// Whose account and region it is.
    pub scope: &'a Scope,
    /// What is in use besides, and which sources are not asked.
    pub config: &'a Config,
    /// The request's lists.
    pub documents: &'a [InUseDocument],
    /// When the run began.
    pub now: Timestamp,
}

impl Reader<'_> {
    /// Asks every source that is on, here and in the other regions.
    pub async fn in_use(&self) -> InUse {
        self.ask(|_| true).await
    }

    /// The same without what others have written: they would read their own words as ours the next night.
    pub async fn own_use(&self) -> InUse {
        self.ask(|source| source != Source::Documents).await
    }

    async fn ask(&self, wanted: impl Fn(Source) -> bool) -> InUse {
        let (off, on): (Vec<Source>, Vec<Source>) = Source::ALL
            .into_iter()
            .filter(|source| wanted(*source))
            .partition(|source| self.config.sources_off.0.contains(source));
        let elsewhere: Vec<Source> = on.iter().copied().filter(|source| source.is_of_a_region()).collect();
        let regions = self.regions.iter().filter(|region| region.name != self.scope.region);
        let regions = regions.map(|region| self.ask_region(region, &elsewhere));
        let (here, regions) = join(self.ask_all(&on), join_all(regions)).await;
        let mut all = InUse { off: off.into_iter().map(Source::name).collect(), ..here };
        for region in regions {
            all.found.extend(region.found);
            all.failed.extend(region.failed);
            all.regions.extend(region.regions);
        }
        all
    }

    async fn ask_region(&self, region: &InUseRegion, sources: &[Source]) -> InUse {
        let read = region.aws.read(self.read.deadline());
        let reader = Reader { read: &read, cache: &region.cache, ..*self };
        let mut there = reader.ask_all(sources).await.said_of(&region.name);
        there.regions.push(region.name.clone());
        there
    }

    async fn ask_all(&self, sources: &[Source]) -> InUse {
        let of_clusters =
            |source: &Source| matches!(source, Source::Tasks | Source::Services | Source::Daemons);
        let clusters = if sources.iter().any(of_clusters) {
            clusters(self.read).await.map_err(Refusal::from)
        } else {
            Ok(Vec::new())
        };
        let clusters = &clusters;
        let answers = join_all(
            sources.iter().map(|source| async move { (source.name(), source.read(self, clusters).await) }),
        )
        .await;
        let mut all = InUse::default();
        for (source, answer) in answers {
            match answer {
                Ok(found) => all.found.extend(found),
                Err(Problem { code, detail: reason, .. }) => {
                    all.failed.push(SourceFailure { source, code, reason });
                }
            }
        }
        all
    }
}

fn listed(clusters: &Clusters) -> Result<&[Cluster], Problem> {
    match clusters {
        Ok(clusters) => Ok(clusters),
        Err(Refusal { code, reason }) => Err(Problem::new(*code, reason.clone())),
    }
}

async fn clusters(read: &Read) -> Result<Vec<Cluster>, Problem> {
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
        Some(Failure { arn, reason, .. }) => Err(unreadable(&what, &format!("{arn}: {reason}"))),
    }
}

/// An ARN's resource part: `service/prod/users`.
fn resource(arn: &str) -> String {
    arn.parse::<Arn>().map_or_else(|_| arn.to_owned(), |arn| arn.resource)
}

/// What revisions pinned. Where one has no digest (not resolved yet, or version consistency is off), its next
/// task pulls what the tag points to then.
fn pinned(of: &str, revisions: &[Arc<Revision>]) -> Usage {
    let mut found = Usage::default();
    for revision in revisions {
        let name = revision.arn.rsplit('/').next().unwrap_or_default();
        let by = format!("{} (revision {name})", resource(of));
        for image in &revision.images {
            found.add(&image.image, image.digest.as_deref(), &by);
        }
    }
    found
}

/// The images that task definitions name, each in the name of what runs it.
async fn definitions(
    reader: &Reader<'_>,
    wanted: impl IntoIterator<Item = (String, String)>,
) -> Result<Usage, Problem> {
    use futures_util::stream::{self, StreamExt as _};
    let mut calls = stream::iter(wanted)
        .map(|(definition, by)| async move {
            let images = reader.cache.task_definition(reader.read, &definition).await?;
            Ok::<_, Problem>((images, by))
        })
        .buffer_unordered(AT_ONCE);
    let mut found = Usage::default();
    while let Some(answer) = calls.next().await {
        let (images, by) = answer?;
        for image in images.iter() {
            found.add(image, None, &by);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_whole_where_each_that_was_asked_for_is_there_or_gone() {
        let failure = |reason: &str| Failure { arn: "x".into(), reason: reason.into(), ..Failure::default() };
        let described = |found: usize, failures: &[&str]| Listed {
            found: vec![(); found],
            failures: failures.iter().map(|reason| failure(reason)).collect(),
        };
        for (asked, answer, is_whole) in [
            (0, described(0, &[]), true),
            (3, described(3, &[]), true),
            (3, described(2, &["MISSING"]), true),
            (3, described(2, &[]), false),
            (3, described(0, &[]), false),
            (3, described(2, &["ACCESS_DENIED"]), false),
        ] {
            let said = whole("ecs:DescribeServices", asked, &answer);
            assert_eq!(said.is_ok(), is_whole, "{asked}: {answer:?}");
            if let Err(problem) = said {
                assert_eq!(problem.code, Code::SourceUnreadable);
            }
        }
    }
}
