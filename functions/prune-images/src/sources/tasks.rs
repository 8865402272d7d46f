//! Tasks that run, or ran a short while ago, in all clusters.

use shared::Problem;
use shared::ecs::Task;
use shared::names::ClusterName;
use shared_aws::{TaskFilter, unless_gone};

use super::{Cluster, Reader, resource, whole};
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>, clusters: &[Cluster]) -> Result<Usage, Problem> {
    let mut found = Usage::default();
    for (_, cluster) in clusters {
        for stopped in [false, true] {
            for task in unless_gone(tasks_of(reader, cluster, stopped).await)? {
                let by = format!("{} ({})", resource(&task.task_arn), task.last_status.to_lowercase());
                for container in &task.containers {
                    let Some(image) = &container.image else { continue };
                    found.add(image, container.image_digest.as_deref(), &by);
                }
            }
        }
    }
    Ok(found)
}

async fn tasks_of(reader: &Reader<'_>, cluster: &ClusterName, stopped: bool) -> Result<Vec<Task>, Problem> {
    let filter = TaskFilter { stopped, ..TaskFilter::default() };
    let arns = reader.read.task_arns(cluster, &filter).await?;
    let tasks = reader.read.tasks_named(cluster, &arns, false).await?;
    whole("ecs:DescribeTasks", arns.len(), &tasks)?;
    Ok(tasks.found)
}
