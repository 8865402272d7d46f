//! A look at the world, complete: all pages, all batches, what AWS could not find beside it.

pub(crate) mod wake;

use std::future::Future;

use futures_util::future::{try_join, try_join3, try_join4};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use shared::autoscaling::Group;
use shared::ecs::{Cluster, ContainerInstance, Failure, Service, Task};
use shared::groups::Link;
use shared::names::{ClusterName, ServiceId, ServiceName, TaskId, short_name};
use shared::settings::TagKeys;
use shared::{Code, Problem};
use shared_aws::{ClusterDetail, Listed, Read, TaskFilter};

use crate::ask::{Ask, Include, Page, TaskAsk, What};
use crate::request::Hours;
use crate::snapshot::{AgendaLook, Look, Machines, Services, Snapshot, WholeCluster};

/// Clusters whose instances are read at once; the budget sets the pace.
const AT_ONCE: usize = 10;
/// Scalable targets are asked for by id up to here; beyond it, the whole list has fewer pages.
const BY_ID: usize = 50;

/// Reads what is asked.
pub async fn observe(read: &Read, ask: &Ask, keys: &TagKeys) -> Result<Snapshot, Problem> {
    let (include, page) = (ask.include, &ask.page);
    match &ask.what {
        What::Clusters(names) => Box::pin(clusters(read, names.as_deref(), include, page)).await,
        What::Cluster(cluster) => Box::pin(whole_cluster(read, cluster, include, page)).await,
        What::Service(id) => {
            let absent = format!("cluster {} has no service {}", id.cluster, id.service);
            let found = named_services(read, &id.cluster, std::slice::from_ref(&id.service), absent);
            Box::pin(services(read, &id.cluster, found)).await
        }
        What::Services(cluster, Some(names)) => {
            let absent = format!("cluster {cluster} has none of the services {}", joined(names));
            Box::pin(services(read, cluster, named_services(read, cluster, names, absent))).await
        }
        What::Services(cluster, None) => {
            Box::pin(services(read, cluster, listed_services(read, cluster, page))).await
        }
        What::Agenda(cluster, hours) => Box::pin(agenda(read, cluster, *hours, keys)).await,
        What::Week(cluster) => Box::pin(agenda(read, cluster, Hours::default(), keys)).await,
        What::Savings(cluster, _) | What::Wake(Some(cluster)) => {
            let all = Page::default();
            Box::pin(services(read, cluster, listed_services(read, cluster, &all))).await
        }
        What::Wake(None) => {
            let (fleet, failures) = Box::pin(wake::fleet(read)).await?;
            Ok(Snapshot::whole(Look::Fleet(fleet), failures))
        }
        What::Tasks(cluster, wanted) => Box::pin(tasks(read, cluster, wanted, include, page)).await,
        What::TasksNamed(cluster, ids) => {
            let absent = format!("cluster {cluster} has none of the tasks {}", joined(ids));
            Box::pin(named_tasks(read, cluster, ids, include, absent)).await
        }
        What::Task(cluster, task) => {
            let absent = format!(
                "cluster {cluster} has no task {task}; ECS forgets a stopped task after about an hour"
            );
            Box::pin(named_tasks(read, cluster, std::slice::from_ref(task), include, absent)).await
        }
        What::TaskDefinitions(family, status) => {
            let family = family.as_ref().map(ToString::to_string);
            let arns = read.task_definition_arns(family.as_deref(), status.as_str()).await?;
            let (arns, more) = part(arns, page, |arn| revision_key(arn));
            Ok(Snapshot { look: Look::TaskDefinitions(arns), failures: Vec::new(), more })
        }
        What::TaskDefinition(name) => {
            let (definition, tags) = read.task_definition(&name.to_string()).await.map_err(|problem| {
                let detail = format!("there is no task definition {name} in this account and region");
                if problem.code == Code::NotFound { Problem::new(Code::NotFound, detail) } else { problem }
            })?;
            Ok(Snapshot::whole(Look::TaskDefinition(Box::new(definition), tags), Vec::new()))
        }
        What::Groups => Box::pin(groups(read, read.groups(None), page)).await,
        What::Group(name) => {
            let found = async {
                let groups = read.groups(Some(&[name.to_string()])).await?;
                let absent = || format!("there is no Auto Scaling group {name} in this account and region");
                known(Listed { found: groups, failures: Vec::new() }, absent).map(|listed| listed.found)
            };
            Box::pin(groups(read, found, page)).await
        }
    }
}

impl Services {
    /// Reads their scalable targets.
    async fn with_targets(mut self, read: &Read, cluster: &ClusterName) -> Result<Self, Problem> {
        let id = |service: &Service| {
            Some(ServiceId { cluster: cluster.clone(), service: service.service_name.parse().ok()? })
        };
        let ids: Vec<ServiceId> = self.services.iter().filter_map(id).collect();
        let targets = match ids.len() {
            0 => Vec::new(),
            1..=BY_ID => read.targets_of(&ids).await?,
            _ => read.targets().await?,
        };
        self.targets = Some(targets.into_iter().map(|target| (target.resource_id.clone(), target)).collect());
        Ok(self)
    }
}

impl Snapshot {
    /// All of it on one page.
    fn whole(look: Look, failures: Vec<Failure>) -> Self {
        Self { look, failures, more: None }
    }
}

async fn clusters(
    read: &Read,
    names: Option<&[ClusterName]>,
    include: Include,
    page: &Page,
) -> Result<Snapshot, Problem> {
    let detail = ClusterDetail { statistics: include.statistics };
    let (listed, more) = match names {
        Some(names) => {
            let listed = read.clusters_named(names, detail).await?;
            (known(listed, || format!("none of these clusters exists: {}", joined(names)))?, None)
        }
        None if page.is_whole() => (read.clusters(detail).await?, None),
        None => {
            let (arns, more) = part(read.cluster_arns().await?, page, by_name);
            (read.clusters_named(&arns, detail).await?, more)
        }
    };
    Ok(Snapshot { look: Look::Clusters(listed.found), failures: listed.failures, more })
}

/// A cluster with its services and running tasks; or, after a cursor, the rest of them.
async fn whole_cluster(
    read: &Read,
    name: &ClusterName,
    include: Include,
    page: &Page,
) -> Result<Snapshot, Problem> {
    let detail = ClusterDetail { statistics: include.statistics };
    let after = page.after.as_ref().map(|cursor| cursor.after.as_str());
    let (no_services, filter) = (after.is_some_and(|after| after.starts_with("t:")), TaskFilter::default());
    let services = async {
        if no_services {
            Ok(Listed { found: Vec::new(), failures: Vec::new() })
        } else {
            read.services(name).await
        }
    };
    let (listed, mut services, mut tasks, capacity) = try_join4(
        read.clusters_named(std::slice::from_ref(name), detail),
        services,
        read.tasks(name, &filter, include.tags),
        capacity(read, name, include.capacity),
    )
    .await?;
    if let Some(after) = after.and_then(|after| after.strip_prefix("s:")) {
        services.found.retain(|service| service.service_name.as_str() > after);
    }
    if let Some(id) = after.and_then(|after| after.strip_prefix("t:")) {
        tasks.found.retain(|task| short_name(&task.task_arn) > id);
    }
    let cluster = the_cluster(name, listed)?;
    let (capacity, unread) = capacity.map_or_else(
        || (None, Vec::new()),
        |(instances, mut machines)| {
            machines.clusters = vec![cluster.clone()];
            (Some((instances.found, machines)), instances.failures)
        },
    );
    let mut seen = Services { services: services.found, targets: None, cluster_tags: cluster.tags_by_key() };
    if include.capacity || include.wake {
        seen = seen.with_targets(read, name).await?;
    }
    let failures = [unread, services.failures, tasks.failures].concat();
    let whole = WholeCluster { cluster, services: seen, tasks: tasks.found, capacity };
    Ok(Snapshot::whole(Look::Cluster(Box::new(whole)), failures))
}

/// A cluster's instances, and the providers and groups of the account, of which the answer picks.
async fn capacity(
    read: &Read,
    cluster: &ClusterName,
    wanted: bool,
) -> Result<Option<(Listed<ContainerInstance>, Machines)>, Problem> {
    if !wanted {
        return Ok(None);
    }
    let (instances, providers, groups) =
        try_join3(read.container_instances(cluster), read.capacity_providers(), read.groups(None)).await?;
    let mut machines = Machines { groups, providers, ..Machines::default() };
    machines.register(cluster, &instances.found);
    Ok(Some((instances, machines)))
}

/// Services, and the key of the last one, if others follow.
type Found = Result<(Listed<Service>, Option<String>), Problem>;

async fn named_services(read: &Read, cluster: &ClusterName, names: &[ServiceName], absent: String) -> Found {
    let listed = read.services_named(cluster, names).await?;
    Ok((known(listed, || absent)?, None))
}

async fn listed_services(read: &Read, cluster: &ClusterName, page: &Page) -> Found {
    if page.is_whole() {
        return Ok((read.services(cluster).await?, None));
    }
    let (arns, more) = part(read.service_arns(cluster).await?, page, by_name);
    Ok((read.services_named(cluster, &arns).await?, more))
}

/// These services with their cluster's tags and their targets.
async fn of_cluster(
    read: &Read,
    cluster: &ClusterName,
    found: impl Future<Output = Found>,
) -> Result<(Services, Vec<Failure>, Option<String>), Problem> {
    let named = std::slice::from_ref(cluster);
    let (clusters, (listed, more)) =
        try_join(read.clusters_named(named, ClusterDetail::default()), found).await?;
    let cluster_tags = the_cluster(cluster, clusters)?.tags_by_key();
    let seen = Services { services: listed.found, targets: None, cluster_tags };
    Ok((seen.with_targets(read, cluster).await?, listed.failures, more))
}

async fn services(
    read: &Read,
    cluster: &ClusterName,
    found: impl Future<Output = Found>,
) -> Result<Snapshot, Problem> {
    let (services, failures, more) = of_cluster(read, cluster, found).await?;
    Ok(Snapshot { look: Look::Services(services), failures, more })
}

/// A cluster's services, and those of its groups that have a schedule.
async fn agenda(
    read: &Read,
    cluster: &ClusterName,
    hours: Hours,
    keys: &TagKeys,
) -> Result<Snapshot, Problem> {
    let tagged = [keys.schedule.clone()];
    let all = Page::default();
    let listed = listed_services(read, cluster, &all);
    let ((services, failures, _), groups) =
        try_join(of_cluster(read, cluster, listed), read.groups_tagged(&tagged)).await?;
    let mut ours = Vec::new();
    if !groups.is_empty() {
        let clusters = read.clusters(ClusterDetail::default()).await?.found;
        let (links, unread) = read.links(&groups, &clusters, keys).await?;
        if let Some(problem) = unread {
            return Err(problem);
        }
        let is_ours = |link: &Link| link.cluster.as_ref().is_some_and(|(name, _)| name == cluster.as_str());
        ours = groups.into_iter().zip(links).filter(|(_, link)| is_ours(link)).collect();
    }
    Ok(Snapshot::whole(Look::Agenda(AgendaLook { services, groups: ours, hours }), failures))
}

async fn named_tasks(
    read: &Read,
    cluster: &ClusterName,
    ids: &[TaskId],
    include: Include,
    absent: String,
) -> Result<Snapshot, Problem> {
    let listed = known(read.tasks_named(cluster, ids, include.tags).await?, || absent)?;
    Ok(Snapshot::whole(Look::Tasks(listed.found), listed.failures))
}

async fn tasks(
    read: &Read,
    cluster: &ClusterName,
    wanted: &TaskAsk,
    include: Include,
    page: &Page,
) -> Result<Snapshot, Problem> {
    let filter = filter(wanted);
    // What AWS can't tell apart in a list is told apart by what the tasks say.
    let sorted_out = wanted.started_by.is_some() && filter.started_by.is_none();
    let (found, failures, more) = if page.is_whole() || sorted_out {
        let mut listed = read.tasks(cluster, &filter, include.tags).await?;
        listed.found.retain(|task| wanted.takes(task));
        let (found, more) = part(listed.found, page, |task| short_name(&task.task_arn).to_owned());
        (found, listed.failures, more)
    } else {
        let (arns, more) = part(read.task_arns(cluster, &filter).await?, page, by_name);
        let listed = read.tasks_named(cluster, &arns, include.tags).await?;
        (listed.found, listed.failures, more)
    };
    Ok(Snapshot { look: Look::Tasks(found), failures, more })
}

/// What `ListTasks` can take of it: `startedBy` only alone, and among tasks that are to run.
fn filter(wanted: &TaskAsk) -> TaskFilter {
    let TaskAsk { service, family, started_by, stopped } = wanted;
    let alone = service.is_none() && family.is_none() && !stopped;
    TaskFilter {
        service: service.clone(),
        family: family.as_ref().map(ToString::to_string),
        started_by: started_by.clone().filter(|_| alone),
        stopped: *stopped,
    }
}

impl TaskAsk {
    fn takes(&self, task: &Task) -> bool {
        self.started_by.as_ref().is_none_or(|by| task.started_by.as_ref() == Some(by))
    }
}

async fn groups(
    read: &Read,
    found: impl Future<Output = Result<Vec<Group>, Problem>>,
    page: &Page,
) -> Result<Snapshot, Problem> {
    let (groups, providers, clusters) =
        try_join3(found, read.capacity_providers(), read.clusters(ClusterDetail::default())).await?;
    let with_instances = clusters.found.iter().filter(|c| c.registered_container_instances_count > 0);
    let names: Vec<ClusterName> = with_instances.filter_map(|c| c.cluster_name.parse().ok()).collect();
    let instances: Vec<(ClusterName, Listed<ContainerInstance>)> = stream::iter(names)
        .map(|cluster| async move {
            let listed = read.container_instances(&cluster).await?;
            Ok::<_, Problem>((cluster, listed))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let (groups, more) = part(groups, page, |group| group.auto_scaling_group_name.clone());
    let mut machines = Machines { groups, providers, clusters: clusters.found, ..Machines::default() };
    let mut failures = Vec::new();
    for (cluster, listed) in instances {
        machines.register(&cluster, &listed.found);
        failures.extend(listed.failures);
    }
    failures.extend(clusters.failures);
    Ok(Snapshot { look: Look::Groups(machines), failures, more })
}

/// The one cluster that was looked at.
fn the_cluster(name: &ClusterName, listed: Listed<Cluster>) -> Result<Cluster, Problem> {
    let absent = || format!("there is no cluster {name} in this account and region");
    known(listed, absent)?.found.into_iter().next().ok_or_else(|| Problem::new(Code::NotFound, absent()))
}

/// The items after the cursor, at most as many as the page holds, in the order of their keys; and the
/// key of the last one, if others follow.
fn part<T>(mut all: Vec<T>, page: &Page, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    all.sort_by_cached_key(|item| key(item));
    if let Some(cursor) = &page.after {
        all.retain(|item| key(item).as_str() > cursor.after.as_str());
    }
    let more = page.limit.is_some_and(|limit| all.len() > limit);
    all.truncate(page.limit.unwrap_or(usize::MAX));
    let last = if more { all.last().map(key) } else { None };
    (all, last)
}

/// An ARN's last segment, by which lists are ordered.
#[expect(clippy::ptr_arg, reason = "a key of the items of a list of ARNs")]
fn by_name(arn: &String) -> String {
    short_name(arn).to_owned()
}

/// `family:revision` so that the tenth revision follows the ninth.
pub(crate) fn revision_key(arn: &str) -> String {
    let name = short_name(arn);
    match name.rsplit_once(':') {
        Some((family, revision)) => format!("{family}:{revision:0>10}"),
        None => name.to_owned(),
    }
}

/// What was named, unless nothing of it exists.
fn known<T>(listed: Listed<T>, absent: impl FnOnce() -> String) -> Result<Listed<T>, Problem> {
    if listed.found.is_empty() {
        let mut problem = Problem::new(Code::NotFound, absent());
        problem.failures = listed.failures.iter().filter_map(|f| serde_json::to_value(f).ok()).collect();
        return Err(problem);
    }
    Ok(listed)
}

fn joined(names: &[impl ToString]) -> String {
    let shown: Vec<String> = names.iter().take(10).map(ToString::to_string).collect();
    let rest = names.len().saturating_sub(10);
    if rest > 0 { format!("{} and {rest} more", shown.join(", ")) } else { shown.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::Cursor;

    #[test]
    fn pages_put_together_are_the_list_in_order_each_once() {
        let all: Vec<String> = (0..25).map(|n| format!("s{n:02}")).rev().collect();
        let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = Page { limit: Some(7), after };
            let (part, more) = part(all.clone(), &page, Clone::clone);
            seen.extend(part);
            pages += 1;
            let Some(last) = more else { break };
            after = Some(Cursor::new("list", &last));
        }
        let mut expected = all;
        expected.sort_unstable();
        assert_eq!((seen, pages), (expected, 4));
    }

    #[test]
    fn the_tenth_revision_follows_the_ninth() {
        let arn = |n: u32| format!("arn:aws:ecs:sa-east-1:123456789012:task-definition/users:{n}");
        assert!(revision_key(&arn(9)) < revision_key(&arn(10)));
    }
}
