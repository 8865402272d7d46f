//! ECS daemons, in all clusters: what they run, and what their deployments may go back to.

use shared::Problem;
use shared::ecs::Daemon;
use shared_aws::unless_gone;

use super::history::{self, Deployed, Kind};
use super::{Cluster, Reader, pinned, resource, unreadable};
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>, clusters: &[Cluster]) -> Result<Usage, Problem> {
    let mut daemons = Vec::new();
    for (cluster, _) in clusters {
        for arn in unless_gone(reader.read.daemon_arns(cluster).await)? {
            daemons.extend(unless_gone(reader.read.daemon(&arn).await)?);
        }
    }
    let deployed = |daemon: &Daemon| Deployed {
        arn: daemon.arn.clone(),
        current: daemon.current_revisions.clone(),
        deployment: daemon.deployment.clone(),
        by_ecs: true,
        ..Deployed::default()
    };
    let all = daemons.iter().map(deployed).collect();
    let revisions = history::revisions(Kind::Daemons, reader, all).await?;
    let mut found = Usage::default();
    for (daemon, own) in daemons.iter().zip(&revisions) {
        let by = resource(&daemon.arn);
        // Each of the current ones is what runs now: one that is missing was not read.
        let is_there = |arn: &String| own.iter().any(|revision| revision.arn == *arn);
        if let Some(arn) = daemon.current_revisions.iter().find(|arn| !is_there(arn)) {
            return Err(unreadable(&by, &format!("its revision {arn} is not there")));
        }
        if own.is_empty() && daemon.status != "DELETE_IN_PROGRESS" {
            return Err(unreadable(&by, &"neither a revision nor a deployment of it tells what it runs"));
        }
        found.extend(pinned(&daemon.arn, own));
        for definition in own.iter().filter_map(|revision| revision.task_definition.as_ref()) {
            for image in reader.read.daemon_definition_images(definition).await? {
                found.add(&image, None, &by);
            }
        }
    }
    Ok(found)
}
