//! A look at the world: the definition, the service to be like, and what was started before.

use futures_util::future::try_join4;
use shared::ecs::{CapacityProviderStrategyItem, Service, Tag, Task, TaskDefinition};
use shared::{Code, Problem};
use shared_aws::{ClusterDetail, Read, TaskFilter};

use crate::ask::{Ask, Keys};

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The task definition, a family resolved to its latest ACTIVE revision.
    pub definition: TaskDefinition,
    /// Its tags.
    pub definition_tags: Vec<Tag>,
    /// Where the cluster's tasks run that do not say where.
    pub default_strategy: Vec<CapacityProviderStrategyItem>,
    /// The service to be like.
    pub like: Option<Service>,
    /// The tasks that were started under the request's key before.
    pub before: Vec<Task>,
}

/// Reads what a request needs.
pub async fn observe(read: &Read, ask: &Ask, keys: &Keys) -> Result<Snapshot, Problem> {
    let definition = async {
        let name = &ask.task_definition;
        let found = read.task_definition(&name.to_string()).await.map_err(|problem| {
            let detail = format!("there is no task definition {name} in this account and region");
            if problem.code == Code::NotFound { Problem::new(Code::NotFound, detail) } else { problem }
        })?;
        Ok(found)
    };
    let like = async {
        let Some(id) = &ask.like else { return Ok(None) };
        let listed = read.services_named(&id.cluster, std::slice::from_ref(&id.service)).await?;
        let found = listed.found.into_iter().find(Service::is_active).ok_or_else(|| {
            let detail = format!("like: cluster {} has no ACTIVE service {}", id.cluster, id.service);
            Problem::new(Code::NotFound, detail)
        })?;
        Ok(Some(found))
    };
    let cluster = async {
        let named = std::slice::from_ref(&ask.cluster);
        let listed = read.clusters_named(named, ClusterDetail::default()).await?;
        let active =
            listed.found.into_iter().find(|cluster| cluster.status == "ACTIVE").ok_or_else(|| {
                let detail = format!("there is no cluster {} in this account and region", ask.cluster);
                Problem::new(Code::NotFound, detail)
            })?;
        Ok(active.default_capacity_provider_strategy)
    };
    let (default_strategy, (definition, definition_tags), like, before) =
        try_join4(cluster, definition, like, before(read, ask, keys)).await?;
    Ok(Snapshot { definition, definition_tags, default_strategy, like, before })
}

/// The tasks that carry the key's hash, those that have stopped since among them. AWS describes a
/// stopped task for about an hour, which is as long as it remembers its token. One that somebody stopped has lost its
/// tags (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html>): it may be of the key, and AWS
/// answers with it where it is, since it knows the token.
pub async fn before(read: &Read, ask: &Ask, keys: &Keys) -> Result<Vec<Task>, Problem> {
    if !ask.key.may_repeat {
        return Ok(Vec::new());
    }
    let started = TaskFilter { started_by: Some(ask.started_by.clone()), ..TaskFilter::default() };
    let family = Some(ask.task_definition.family.to_string());
    let stopped = TaskFilter { family, stopped: true, ..TaskFilter::default() };
    // One after the other: a task that is told to stop between two looks at once would be in neither.
    let running = read.tasks(&ask.cluster, &started, true).await?;
    let stopped = read.tasks(&ask.cluster, &stopped, true).await?;
    let is_ours = |tag: &Tag| {
        tag.key == keys.run && tag.value.split_once('.').is_some_and(|(key, _)| key == ask.key.hash)
    };
    let lost_its_tags = |task: &Task| {
        task.started_by.as_ref() == Some(&ask.started_by) && !task.tags.iter().any(|tag| tag.key == keys.run)
    };
    let ours = |task: &Task| task.tags.iter().any(is_ours) || lost_its_tags(task);
    let mut found: Vec<Task> = running.found.into_iter().chain(stopped.found).filter(ours).collect();
    found.sort_by(|a, b| a.task_arn.cmp(&b.task_arn));
    found.dedup_by(|a, b| a.task_arn == b.task_arn);
    Ok(found)
}
