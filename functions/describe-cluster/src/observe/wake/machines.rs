//! The machines that services run on, where they bring none of their own.

use std::collections::BTreeSet;

use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt as _};
use shared::ecs::Service;
use shared::names::{ClusterName, short_name};
use shared::wake::Sleeper;
use shared::{Problem, Refusal};
use shared_aws::ClusterDetail;

use super::{AT_ONCE, Reader};
use crate::wake::machines::{WakeMachines, launched_on, needs_machines};

/// The machines, if one of these services needs some.
pub(super) async fn machines(
    reader: Reader<'_>,
    sleepers: &[Sleeper<'_>],
) -> Option<Result<WakeMachines, Refusal>> {
    let services: Vec<&Service> =
        sleepers.iter().map(|it| it.service).filter(|it| needs_machines(it)).collect();
    if services.is_empty() {
        return None;
    }
    let loose = services.iter().filter(|it| launched_on(it).0.is_empty());
    let names: BTreeSet<ClusterName> =
        loose.filter_map(|it| short_name(&it.cluster_arn).parse().ok()).collect();
    Some(look_at_machines(reader, names).await.map_err(Refusal::from))
}

async fn look_at_machines(reader: Reader<'_>, names: BTreeSet<ClusterName>) -> Result<WakeMachines, Problem> {
    let Reader { read, keys, .. } = reader;
    let (groups, providers) = try_join(read.groups(None), read.capacity_providers()).await?;
    let clusters = read.clusters(ClusterDetail::default()).await?.found;
    let (links, unread) = read.links_by(&providers, &groups, &clusters, keys).await;
    if let Some(problem) = unread {
        return Err(problem);
    }
    let instances = stream::iter(names).map(|name| async move {
        let listed = read.container_instances(&name).await.map_err(Refusal::from);
        let active = listed.map(|listed| {
            let there = listed.found.into_iter().filter(|it| it.status == "ACTIVE");
            // One that is no EC2 instance is known by its own ARN.
            there.map(|it| it.ec2_instance_id.unwrap_or(it.container_instance_arn)).collect()
        });
        (name.to_string(), active)
    });
    let instances = instances.buffer_unordered(AT_ONCE).collect().await;
    Ok(WakeMachines { providers, groups: groups.into_iter().zip(links).collect(), clusters, instances })
}
