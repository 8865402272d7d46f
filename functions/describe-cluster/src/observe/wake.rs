//! What the bedtime check looks at around services that sleep, or will: their task definitions, the images that they
//! start with, the machines that carry them, and what may wake them early.
//!
//! What can't be read is kept as such, beside the rest: it makes an `unknown`, never a failed answer.

mod images;
mod machines;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join4, try_join};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use shared::application_autoscaling::ScalableTarget;
use shared::ecs::Failure;
use shared::names::{ClusterName, Scope};
use shared::settings::TagKeys;
use shared::wake::Sleeper;
use shared::{Code, Problem, Refusal};
use shared_aws::{ClusterDetail, Definitions, Listed, Read};

use crate::snapshot::{Services, id_of};
use crate::wake::Surroundings;

/// Things of a kind that are read at once; the budget sets the pace.
const AT_ONCE: usize = 10;

/// What everything is read with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) read: &'a Read,
    /// What the process knows of task definitions.
    pub(crate) definitions: &'a Definitions,
    /// At most so many task definitions that it does not know are read: a look over REST has half a minute.
    pub(crate) most_definitions: usize,
    pub(crate) scope: &'a Scope,
    pub(crate) keys: &'a TagKeys,
    pub(crate) now: Timestamp,
}

/// The services of every cluster of the region, and what could not be looked at.
pub(crate) async fn fleet(read: &Read) -> Result<(Vec<Services>, Vec<Failure>), Problem> {
    let (clusters, targets) = try_join(read.clusters(ClusterDetail::default()), read.targets()).await?;
    let targets: BTreeMap<String, ScalableTarget> =
        targets.into_iter().map(|target| (target.resource_id.clone(), target)).collect();
    let targets = &targets;
    let mut looks = stream::iter(clusters.found)
        .map(|cluster| async move {
            let services = match cluster.cluster_name.parse::<ClusterName>() {
                Ok(name) => read.services(&name).await.map_err(Refusal::from),
                Err(fault) => Err(Refusal { code: Code::BadRequest, reason: fault.to_string() }),
            };
            (cluster, services)
        })
        .buffered(AT_ONCE);
    let (mut all, mut failures) = (Vec::new(), clusters.failures);
    while let Some((cluster, services)) = looks.next().await {
        match services {
            Ok(Listed { found, failures: unread }) => {
                let cluster_tags = cluster.tags_by_key();
                let prefix = format!("service/{}/", cluster.cluster_name);
                let own = targets.iter().filter(|(id, _)| id.starts_with(&prefix));
                let targets = Some(own.map(|(id, target)| (id.clone(), target.clone())).collect());
                all.push(Services { services: found, targets, cluster_tags });
                failures.extend(unread);
            }
            Err(Refusal { code, reason }) => {
                failures.push(Failure {
                    arn: cluster.cluster_arn,
                    reason: code.to_string(),
                    detail: Some(reason),
                });
            }
        }
    }
    Ok((all, failures))
}

/// What surrounds these services.
pub(crate) async fn surroundings(reader: Reader<'_>, sleepers: &[Sleeper<'_>]) -> Surroundings {
    let (definitions, images, machines, predictive) = join4(
        definitions(reader, sleepers),
        images::images(reader, sleepers),
        machines::machines(reader, sleepers),
        predictive(reader, sleepers),
    )
    .await;
    Surroundings { definitions, images, machines, predictive }
}

async fn definitions(
    reader: Reader<'_>,
    sleepers: &[Sleeper<'_>],
) -> BTreeMap<String, Result<String, Refusal>> {
    let arns: BTreeSet<&str> = sleepers.iter().map(|it| it.service.starts_with()).collect();
    let statuses = reader.definitions.statuses(reader.read, arns, reader.now, reader.most_definitions).await;
    statuses.into_iter().map(|(arn, status)| (arn, status.map_err(Refusal::from))).collect()
}

/// The predictive scaling policies, if one of these services is scaled.
async fn predictive(
    reader: Reader<'_>,
    sleepers: &[Sleeper<'_>],
) -> Option<Result<BTreeMap<String, Vec<String>>, Refusal>> {
    let mut scaled = sleepers.iter().filter(|it| it.target.is_some());
    let first = scaled.next()?;
    let only = if scaled.next().is_none() { id_of(first.service) } else { None };
    let policies = reader.read.predictive_policies(only.as_ref()).await.map_err(Refusal::from);
    Some(policies.map(|policies| {
        let mut by_service: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (resource, name) in policies {
            by_service.entry(resource).or_default().push(name);
        }
        by_service
    }))
}
