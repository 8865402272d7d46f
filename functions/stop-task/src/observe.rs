//! A look at the world: the tasks, the services that keep them, and their protection.

use std::collections::{BTreeMap, BTreeSet};

use shared::ecs::{Service, Task};
use shared::names::ServiceName;
use shared::{Code, Problem};
use shared_aws::{Protection, Read, TaskFilter};

use crate::ask::{Ask, Tasks};

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The tasks that were asked for.
    pub tasks: Vec<Task>,
    /// The services, by name, that some of them belong to and that exist.
    pub services: BTreeSet<String>,
    /// The protection of a service's task, where only one was asked for.
    pub protection: BTreeMap<String, Protection>,
}

/// The service that a task's group names.
#[must_use]
pub fn service_of(task: &Task) -> Option<&str> {
    task.group.strip_prefix("service:")
}

/// Reads what a request needs.
pub async fn observe(read: &Read, ask: &Ask) -> Result<Snapshot, Problem> {
    let mut seen = Snapshot::default();
    let cluster = &ask.cluster;
    match &ask.tasks {
        Tasks::One(task, _) => {
            let listed = read.tasks_named(cluster, std::slice::from_ref(task), false).await?;
            if listed.found.is_empty() {
                let detail = format!(
                    "cluster {cluster} has no task {task}; ECS forgets a stopped task after about an hour"
                );
                return Err(Problem::new(Code::NotFound, detail));
            }
            seen.tasks = listed.found;
        }
        Tasks::Many { family, started_by } => {
            // AWS takes startedBy alone.
            let alone = family.is_none();
            let filter = TaskFilter {
                family: family.as_ref().map(ToString::to_string),
                started_by: started_by.clone().filter(|_| alone),
                ..TaskFilter::default()
            };
            let mut listed = read.tasks(cluster, &filter, false).await?;
            listed.found.retain(|task| started_by.is_none() || task.started_by == *started_by);
            seen.tasks = listed.found;
        }
    }
    seen.services = services(read, ask, &seen.tasks).await?;
    if let (Tasks::One(id, _), [task]) = (&ask.tasks, seen.tasks.as_slice())
        && task.last_status != "STOPPED"
        && service_of(task).is_some_and(|name| seen.services.contains(name))
        && let Some(protection) = read.protected_until(cluster, id).await?
    {
        seen.protection.insert(task.task_arn.clone(), protection);
    }
    Ok(seen)
}

/// Anybody may name a group `service:…`; only one whose service exists is a service's.
async fn services(read: &Read, ask: &Ask, tasks: &[Task]) -> Result<BTreeSet<String>, Problem> {
    let named: BTreeSet<ServiceName> =
        tasks.iter().filter_map(service_of).filter_map(|name| name.parse().ok()).collect();
    let named: Vec<ServiceName> = named.into_iter().collect();
    if named.is_empty() {
        return Ok(BTreeSet::new());
    }
    let listed = read.services_named(&ask.cluster, &named).await?;
    Ok(listed.found.into_iter().filter(Service::is_active).map(|service| service.service_name).collect())
}
