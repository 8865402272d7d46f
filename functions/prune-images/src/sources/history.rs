//! What a service or daemon may run again: what it runs, and what its deployments made and may go back to.
//!
//! ECS pins the digests that a deployment resolved in a revision, so a service at zero comes back with an image
//! whose tag may have moved on long ago:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html>.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use shared::Problem;
use shared::ecs::revisions::{Deployment, DeploymentBrief, Revision};
use shared_aws::{Listed, unless_gone};

use super::{AT_ONCE, Reader, whole};

/// What is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Services,
    Daemons,
}

impl Kind {
    async fn briefs(self, reader: &Reader<'_>, of: &Deployed) -> Result<Vec<DeploymentBrief>, Problem> {
        match self {
            Self::Services => reader.read.deployments_of_service(&of.cluster, &of.arn).await,
            Self::Daemons => reader.read.deployments_of_daemon(&of.arn).await,
        }
    }

    async fn deployments(self, reader: &Reader<'_>, arns: &[String]) -> Result<Vec<Deployment>, Problem> {
        let (what, described) = match self {
            Self::Services => {
                ("ecs:DescribeServiceDeployments", reader.read.service_deployments(arns).await?)
            }
            Self::Daemons => ("ecs:DescribeDaemonDeployments", reader.read.daemon_deployments(arns).await?),
        };
        found(what, arns, described)
    }

    async fn revisions(self, reader: &Reader<'_>, arns: &[String]) -> Result<Vec<Revision>, Problem> {
        let (what, described) = match self {
            Self::Services => ("ecs:DescribeServiceRevisions", reader.read.service_revisions(arns).await?),
            Self::Daemons => ("ecs:DescribeDaemonRevisions", reader.read.daemon_revisions(arns).await?),
        };
        found(what, arns, described)
    }
}

fn found<T>(what: &str, asked: &[String], described: Listed<T>) -> Result<Vec<T>, Problem> {
    whole(what, asked.len(), &described)?;
    Ok(described.found)
}

/// A service or daemon.
#[derive(Clone, Debug, Default)]
pub(super) struct Deployed {
    /// Its cluster's ARN.
    pub(super) cluster: String,
    /// Its own.
    pub(super) arn: String,
    /// The revisions that it runs now.
    pub(super) current: Vec<String>,
    /// The deployment that AWS calls its own, where it does.
    pub(super) deployment: Option<String>,
    /// ECS itself deploys it: else there are no deployments to ask for.
    pub(super) by_ecs: bool,
    /// What tells that it has not been deployed since; `None` while a deployment is under way.
    pub(super) settled: Option<String>,
}

/// What the deployments of a service or daemon say of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// The revisions of those that are not over, and of the last that went well.
    revisions: BTreeSet<String>,
    /// What those that went well made, the newest first.
    successes: Vec<String>,
}

/// The revisions of each that something may be started of: the current ones; source, target and rollback of
/// the deployments that are not over, and of the last that went well; and what those before it made, until
/// `IN_USE_REVISIONS` different sets of images are found.
pub(super) async fn revisions(
    kind: Kind,
    reader: &Reader<'_>,
    all: Vec<Deployed>,
) -> Result<Vec<Vec<Arc<Revision>>>, Problem> {
    let mut histories = histories(kind, reader, all).await?;
    let mut known: BTreeMap<String, Arc<Revision>> = BTreeMap::new();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    loop {
        let wanted = histories.iter().flat_map(|history| &history.revisions);
        let new: BTreeSet<String> = wanted.filter(|arn| !asked.contains(*arn)).cloned().collect();
        known.extend(new.iter().filter_map(|arn| Some((arn.clone(), reader.cache.revision(arn)?))));
        let arns: Vec<String> = new.iter().filter(|arn| !known.contains_key(*arn)).cloned().collect();
        for revision in kind.revisions(reader, &arns).await? {
            let revision = Arc::new(revision);
            reader.cache.keep_revision(&revision);
            known.insert(revision.arn.clone(), revision);
        }
        asked.extend(new);
        // Forced deployments of the same images say nothing new: then it takes some more.
        let most = reader.config.in_use_revisions;
        let mut went_back = false;
        for history in &mut histories {
            went_back |= history.go_back(most, &known);
        }
        if !went_back {
            break;
        }
    }
    let own =
        |history: &History| history.revisions.iter().filter_map(|arn| known.get(arn).cloned()).collect();
    Ok(histories.iter().map(own).collect())
}

#[derive(Debug, Default)]
struct History {
    /// The revisions that matter.
    revisions: BTreeSet<String>,
    /// What its successful deployments made, the newest first.
    successes: Vec<String>,
    /// How many of those have been taken.
    taken: usize,
}

impl History {
    /// Takes as many more of the past successes as are missing to so many different sets of images. False if
    /// there is none to take.
    fn go_back(&mut self, most: usize, known: &BTreeMap<String, Arc<Revision>>) -> bool {
        let taken = self.successes.iter().take(self.taken).filter_map(|arn| known.get(arn));
        let sets: BTreeSet<_> = taken.map(|revision| &revision.images).collect();
        let missing = most.saturating_sub(sets.len());
        let more: Vec<String> = self.successes.iter().skip(self.taken).take(missing).cloned().collect();
        self.taken += more.len();
        let went_back = !more.is_empty();
        self.revisions.extend(more);
        went_back
    }
}

async fn histories(kind: Kind, reader: &Reader<'_>, all: Vec<Deployed>) -> Result<Vec<History>, Problem> {
    let mut pasts: Vec<(Deployed, Past)> = Vec::new();
    // Those to describe, and of which of them each is.
    let mut deployments: BTreeMap<String, usize> = BTreeMap::new();
    let mut calls = stream::iter(all)
        .map(|of| async move {
            let known = of.settled.as_ref().and_then(|present| reader.cache.past(&of.arn, present));
            let briefs = match known {
                None if of.by_ecs => unless_gone(kind.briefs(reader, &of).await)?,
                _ => Vec::new(),
            };
            Ok::<_, Problem>((of, known, briefs))
        })
        .buffered(AT_ONCE);
    while let Some(answer) = calls.next().await {
        let (of, known, briefs) = answer?;
        let place = pasts.len();
        if known.is_none() {
            deployments.extend(of.deployment.clone().map(|arn| (arn, place)));
        }
        let mut past = known.unwrap_or_default();
        let mut is_last = true;
        for DeploymentBrief { arn, went_well, target } in briefs {
            if !went_well || std::mem::take(&mut is_last) || target.is_none() {
                deployments.insert(arn, place);
            }
            past.successes.extend(target.filter(|_| went_well));
        }
        pasts.push((of, past));
    }
    let arns: Vec<String> = deployments.keys().cloned().collect();
    for deployment in kind.deployments(reader, &arns).await? {
        if let Some((_, past)) = deployments.get(&deployment.arn).and_then(|n| pasts.get_mut(*n)) {
            past.revisions.extend(deployment.revisions);
        }
    }
    let history = |(of, past): (Deployed, Past)| {
        if let Some(present) = &of.settled {
            reader.cache.keep_past(&of.arn, present, &past);
        }
        let Past { mut revisions, successes } = past;
        revisions.extend(of.current);
        History { revisions, successes, taken: 0 }
    };
    Ok(pasts.into_iter().map(history).collect())
}
