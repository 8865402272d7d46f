//! A look at the world, complete: all pages, all batches, what AWS could not find beside it.

use std::collections::BTreeMap;

use futures_util::future::{OptionFuture, try_join, try_join3, try_join4};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use shared::application_autoscaling::ScalableTarget;
use shared::autoscaling::Group;
use shared::ecs::{
    CapacityProvider, Cluster, ContainerInstance, Failure, Service, Tag, Task, TaskDefinition,
};
use shared::groups::Link;
use shared::names::{Arn, ClusterName, ServiceId, short_name};
use shared::settings::TagKeys;
use shared::{Code, Problem};
use shared_aws::{ClusterDetail, Listed, Read, TaskFilter};

use crate::ask::{Ask, Page, TaskAsk, What};

/// What was seen; what was not asked for is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Clusters, with their tags.
    pub clusters: Option<Vec<Cluster>>,
    /// Services, with their tags.
    pub services: Option<Vec<Service>>,
    /// Tasks.
    pub tasks: Option<Vec<Task>>,
    /// Scalable targets by resource id, where they were looked at.
    pub targets: Option<BTreeMap<String, ScalableTarget>>,
    /// A cluster's instances.
    pub instances: Option<Vec<ContainerInstance>>,
    /// Capacity providers.
    pub providers: Option<Vec<CapacityProvider>>,
    /// Auto Scaling groups, with their tags.
    pub groups: Option<Vec<Group>>,
    /// The groups of the cluster that have a schedule, by name, for an agenda.
    pub scheduled_groups: Vec<(Group, Link)>,
    /// The cluster of each EC2 instance that is registered with one.
    pub registered: BTreeMap<String, String>,
    /// ARNs of task definitions.
    pub task_definition_arns: Option<Vec<String>>,
    /// A task definition, with its tags.
    pub task_definition: Option<(TaskDefinition, Vec<Tag>)>,
    /// The tags of the clusters that the services belong to.
    pub cluster_tags: BTreeMap<String, String>,
    /// What AWS could not find.
    pub failures: Vec<Failure>,
    /// The key of the last item of this page, if others follow.
    pub more: Option<String>,
}

impl Snapshot {
    /// A service's scalable target, if it has one.
    #[must_use]
    pub fn target_of(&self, service: &Service) -> Option<&ScalableTarget> {
        let cluster: Arn = service.cluster_arn.parse().ok()?;
        let id = ServiceId {
            cluster: short_name(&cluster.resource).parse().ok()?,
            service: service.service_name.parse().ok()?,
        };
        self.targets.as_ref()?.get(&id.to_string())
    }
}

/// Reads what is asked.
pub async fn observe(read: &Read, ask: &Ask, keys: &TagKeys) -> Result<Snapshot, Problem> {
    match &ask.what {
        What::Clusters(_) => Box::pin(clusters(read, ask)).await,
        What::Cluster(cluster) => Box::pin(whole_cluster(read, cluster, ask)).await,
        What::Services(..) | What::Service(_) => Box::pin(services(read, ask)).await,
        What::Agenda(cluster, _) => Box::pin(agenda(read, cluster, ask, keys)).await,
        What::Tasks(..) | What::TasksNamed(..) | What::Task(..) => Box::pin(tasks(read, ask)).await,
        What::TaskDefinitions(..) | What::TaskDefinition(_) => Box::pin(task_definitions(read, ask)).await,
        What::Groups | What::Group(_) => Box::pin(groups(read, ask)).await,
    }
}

async fn clusters(read: &Read, ask: &Ask) -> Result<Snapshot, Problem> {
    let mut seen = Snapshot::default();
    let detail = ClusterDetail { statistics: ask.include.statistics };
    let listed = match &ask.what {
        What::Clusters(Some(names)) => {
            let listed = read.clusters_named(names, detail).await?;
            known(listed, || format!("none of these clusters exists: {}", joined(names)))?
        }
        _ if ask.page.is_whole() => read.clusters(detail).await?,
        _ => {
            let arns = seen.part(read.cluster_arns().await?, &ask.page, by_name);
            read.clusters_named(&arns, detail).await?
        }
    };
    seen.clusters = Some(listed.found);
    seen.failures = listed.failures;
    Ok(seen)
}

/// A cluster with its services and running tasks; or, after a cursor, the rest of them.
async fn whole_cluster(read: &Read, cluster: &ClusterName, ask: &Ask) -> Result<Snapshot, Problem> {
    let detail = ClusterDetail { statistics: ask.include.statistics };
    let after = ask.page.after.as_ref().map(|cursor| cursor.after.as_str());
    let (no_services, filter) = (after.is_some_and(|after| after.starts_with("t:")), TaskFilter::default());
    let services = async {
        if no_services {
            Ok(Listed { found: Vec::new(), failures: Vec::new() })
        } else {
            read.services(cluster).await
        }
    };
    let (listed, mut services, mut tasks, capacity) = try_join4(
        read.clusters_named(std::slice::from_ref(cluster), detail),
        services,
        read.tasks(cluster, &filter, ask.include.tags),
        capacity(read, cluster, ask.include.capacity),
    )
    .await?;
    if let Some(name) = after.and_then(|after| after.strip_prefix("s:")) {
        services.found.retain(|service| service.service_name.as_str() > name);
    }
    if let Some(id) = after.and_then(|after| after.strip_prefix("t:")) {
        tasks.found.retain(|task| short_name(&task.task_arn) > id);
    }
    let mut seen = capacity;
    seen.failures = [seen.failures, services.failures, tasks.failures].concat();
    seen.cluster(cluster, listed)?;
    seen.services = Some(services.found);
    seen.tasks = Some(tasks.found);
    if ask.include.capacity {
        seen.add_targets(read, cluster).await?;
    }
    Ok(seen)
}

/// A cluster's instances, and the providers and groups of the account, of which the answer picks.
async fn capacity(read: &Read, cluster: &ClusterName, wanted: bool) -> Result<Snapshot, Problem> {
    let mut seen = Snapshot::default();
    if wanted {
        let (instances, providers, groups) =
            try_join3(read.container_instances(cluster), read.capacity_providers(), read.groups(None))
                .await?;
        seen.register(cluster.as_str(), &instances.found);
        seen.failures = instances.failures;
        seen.instances = Some(instances.found);
        seen.providers = Some(providers);
        seen.groups = Some(groups);
    }
    Ok(seen)
}

async fn services(read: &Read, ask: &Ask) -> Result<Snapshot, Problem> {
    let mut seen = Snapshot::default();
    let cluster = match &ask.what {
        What::Service(id) => &id.cluster,
        What::Services(cluster, _) | What::Agenda(cluster, _) => cluster,
        _ => return Ok(seen),
    };
    let found = async {
        match &ask.what {
            What::Service(id) => {
                let listed = read.services_named(cluster, std::slice::from_ref(&id.service)).await?;
                known(listed, || format!("cluster {cluster} has no service {}", id.service))
                    .map(|listed| (listed, None))
            }
            What::Services(_, Some(names)) => {
                let listed = read.services_named(cluster, names).await?;
                known(listed, || format!("cluster {cluster} has none of the services {}", joined(names)))
                    .map(|listed| (listed, None))
            }
            What::Services(_, None) if !ask.page.is_whole() => {
                let (arns, more) = part(read.service_arns(cluster).await?, &ask.page, by_name);
                Ok((read.services_named(cluster, &arns).await?, more))
            }
            _ => Ok((read.services(cluster).await?, None)),
        }
    };
    let named = std::slice::from_ref(cluster);
    let (clusters, (services, more)) =
        try_join(read.clusters_named(named, ClusterDetail::default()), found).await?;
    seen.failures = services.failures;
    seen.more = more;
    seen.cluster(cluster, clusters)?;
    seen.clusters = None;
    seen.services = Some(services.found);
    seen.add_targets(read, cluster).await?;
    Ok(seen)
}

/// A cluster's services, and those of its groups that have a schedule.
async fn agenda(read: &Read, cluster: &ClusterName, ask: &Ask, keys: &TagKeys) -> Result<Snapshot, Problem> {
    let tagged = [keys.schedule.clone()];
    let (mut seen, groups) = try_join(services(read, ask), read.groups_tagged(&tagged)).await?;
    if groups.is_empty() {
        return Ok(seen);
    }
    let clusters = read.clusters(ClusterDetail::default()).await?.found;
    let (links, unread) = read.links(&groups, &clusters, keys).await?;
    if let Some(problem) = unread {
        return Err(problem);
    }
    let ours = |link: &Link| link.cluster.as_ref().is_some_and(|(name, _)| name == cluster.as_str());
    seen.scheduled_groups = groups.into_iter().zip(links).filter(|(_, link)| ours(link)).collect();
    Ok(seen)
}

async fn tasks(read: &Read, ask: &Ask) -> Result<Snapshot, Problem> {
    let mut seen = Snapshot::default();
    let tags = ask.include.tags;
    let listed = match &ask.what {
        What::Task(cluster, task) => {
            let listed = read.tasks_named(cluster, std::slice::from_ref(task), tags).await?;
            known(listed, || {
                format!(
                    "cluster {cluster} has no task {task}; ECS forgets a stopped task after about an hour"
                )
            })?
        }
        What::TasksNamed(cluster, ids) => {
            let listed = read.tasks_named(cluster, ids, tags).await?;
            known(listed, || format!("cluster {cluster} has none of the tasks {}", joined(ids)))?
        }
        What::Tasks(cluster, wanted) => {
            let filter = filter(wanted);
            // What AWS can't tell apart in a list is told apart by what the tasks say.
            let sorted_out = wanted.started_by.is_some() && filter.started_by.is_none();
            if ask.page.is_whole() || sorted_out {
                let mut listed = read.tasks(cluster, &filter, tags).await?;
                listed.found.retain(|task| wanted.takes(task));
                let (found, more) =
                    part(listed.found, &ask.page, |task| short_name(&task.task_arn).to_owned());
                seen.more = more;
                Listed { found, failures: listed.failures }
            } else {
                let arns = seen.part(read.task_arns(cluster, &filter).await?, &ask.page, by_name);
                read.tasks_named(cluster, &arns, tags).await?
            }
        }
        _ => return Ok(seen),
    };
    seen.tasks = Some(listed.found);
    seen.failures = listed.failures;
    Ok(seen)
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

async fn task_definitions(read: &Read, ask: &Ask) -> Result<Snapshot, Problem> {
    let mut seen = Snapshot::default();
    match &ask.what {
        What::TaskDefinition(name) => {
            let found = read.task_definition(&name.to_string()).await.map_err(|problem| {
                let detail = format!("there is no task definition {name} in this account and region");
                if problem.code == Code::NotFound { Problem::new(Code::NotFound, detail) } else { problem }
            })?;
            seen.task_definition = Some(found);
        }
        What::TaskDefinitions(family, status) => {
            let family = family.as_ref().map(ToString::to_string);
            let mut arns = read.task_definition_arns(family.as_deref(), status.as_str()).await?;
            arns.sort_by_key(|arn| revision_key(arn));
            seen.task_definition_arns = Some(seen.part(arns, &ask.page, |arn| revision_key(arn)));
        }
        _ => {}
    }
    Ok(seen)
}

async fn groups(read: &Read, ask: &Ask) -> Result<Snapshot, Problem> {
    let mut seen = Snapshot::default();
    let names = match &ask.what {
        What::Group(name) => Some(vec![name.to_string()]),
        _ => None,
    };
    let detail = ClusterDetail::default();
    let (groups, providers, clusters) =
        try_join3(read.groups(names.as_deref()), read.capacity_providers(), read.clusters(detail)).await?;
    if let (What::Group(name), true) = (&ask.what, groups.is_empty()) {
        let detail = format!("there is no Auto Scaling group {name} in this account and region");
        return Err(Problem::new(Code::NotFound, detail));
    }
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
    for (cluster, listed) in instances {
        seen.register(cluster.as_str(), &listed.found);
        seen.failures.extend(listed.failures);
    }
    let (groups, more) = part(groups, &ask.page, |group| group.auto_scaling_group_name.clone());
    seen.groups = Some(groups);
    seen.more = more;
    seen.providers = Some(providers);
    seen.clusters = Some(clusters.found);
    seen.failures.extend(clusters.failures);
    Ok(seen)
}

/// Clusters whose instances are read at once; the budget sets the pace.
const AT_ONCE: usize = 10;
/// Scalable targets are asked for by id up to here; beyond it, the whole list has fewer pages.
const BY_ID: usize = 50;

impl Snapshot {
    /// Keeps a part of a list, and remembers whether more follows.
    fn part<T>(&mut self, all: Vec<T>, page: &Page, key: impl Fn(&T) -> String) -> Vec<T> {
        let (part, more) = part(all, page, key);
        self.more = more;
        part
    }

    /// Notes the one cluster that was looked at.
    fn cluster(&mut self, cluster: &ClusterName, listed: Listed<Cluster>) -> Result<(), Problem> {
        let absent = || format!("there is no cluster {cluster} in this account and region");
        let listed = known(listed, absent)?;
        self.cluster_tags = listed.found.first().map(Cluster::tags_by_key).unwrap_or_default();
        self.clusters = Some(listed.found);
        Ok(())
    }

    fn register(&mut self, cluster: &str, instances: &[ContainerInstance]) {
        let ids = instances.iter().filter_map(|instance| instance.ec2_instance_id.clone());
        self.registered.extend(ids.map(|id| (id, cluster.to_owned())));
    }

    /// Reads the scalable targets of the services that were seen.
    async fn add_targets(&mut self, read: &Read, cluster: &ClusterName) -> Result<(), Problem> {
        let id = |service: &Service| {
            Some(ServiceId { cluster: cluster.clone(), service: service.service_name.parse().ok()? })
        };
        let ids: Vec<ServiceId> = self.services.iter().flatten().filter_map(id).collect();
        let some = OptionFuture::from((1..=BY_ID).contains(&ids.len()).then(|| read.targets_of(&ids)));
        let targets = match some.await {
            Some(targets) => targets?,
            None if ids.is_empty() => Vec::new(),
            None => read.targets().await?,
        };
        self.targets = Some(targets.into_iter().map(|target| (target.resource_id.clone(), target)).collect());
        Ok(())
    }
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
