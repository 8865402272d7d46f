//! ECS daemons, in all clusters.

use shared::Problem;

use super::{Cluster, Reader, resource, unreadable, whole};
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>, clusters: &[Cluster]) -> Result<Usage, Problem> {
    let mut found = Usage::default();
    for (arn, _) in clusters {
        for daemon in reader.read.daemon_arns(arn).await? {
            let by = resource(&daemon);
            let arns = reader.read.daemon_revision_arns(&daemon).await?;
            let revisions = reader.read.daemon_revisions(&arns).await?;
            whole("ecs:DescribeDaemonRevisions", arns.len(), &revisions)?;
            // Each of them is what runs now: one that is missing was not read.
            if let Some(failure) = revisions.failures.first() {
                return Err(unreadable(&by, &format!("{}: {}", failure.arn, failure.reason)));
            }
            for revision in &revisions.found {
                for image in &revision.images {
                    found.add(&image.image, image.digest.as_deref(), &by);
                }
                let Some(definition) = &revision.task_definition else { continue };
                for image in reader.read.daemon_definition_images(definition).await? {
                    found.add(&image, None, &by);
                }
            }
        }
    }
    Ok(found)
}
