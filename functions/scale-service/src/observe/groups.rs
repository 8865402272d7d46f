//! Auto Scaling groups: which there are, whose they are, and what still runs on their instances.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::future::{try_join, try_join3};
use futures_util::stream::{self, StreamExt as _};
use shared::autoscaling::Group;
use shared::ecs::{Cluster, Task};
use shared::groups::{Link, LinkedBy};
use shared::names::{Arn, ClusterName, GroupName, short_name};
use shared::report::Warning;
use shared::settings::TagKeys;
use shared::{Code, Problem};
use shared_aws::{Clock, ClusterDetail, Read, TaskFilter};

use super::{AT_ONCE, Again, Snapshot, Unread, UnreadThing, tags_of};
use crate::ask::{Ask, Groups, Target};

/// A group's name, and its cluster where that is known. Prints as its ARN's resource part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupId {
    /// Its name.
    pub name: GroupName,
    /// Its ARN's resource part.
    pub resource: String,
    /// The cluster whose tasks it carries.
    pub cluster: Option<ClusterName>,
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.resource)
    }
}

/// One group, as it was when it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenGroup {
    /// Its name and cluster.
    pub id: GroupId,
    /// What EC2 Auto Scaling says of it.
    pub group: Group,
    /// What says which cluster is its.
    pub linked_by: Option<LinkedBy>,
    /// Whether ECS itself sets its size.
    pub managed: bool,
    /// The names of its own scheduled actions, where it falls asleep.
    pub actions: Vec<String>,
}

impl SeenGroup {
    fn new(group: Group, link: Link) -> Option<Self> {
        let name: GroupName = group.auto_scaling_group_name.parse().ok()?;
        let arn = group.auto_scaling_group_arn.parse::<Arn>();
        let resource = arn.map_or_else(|_| format!("autoScalingGroupName/{name}"), |arn| arn.resource);
        let (cluster, linked_by) = match link.cluster {
            Some((cluster, by)) => (cluster.parse().ok(), Some(by)),
            None => (None, None),
        };
        let id = GroupId { name, resource, cluster };
        Some(Self { id, group, linked_by, managed: link.managed_scaling, actions: Vec::new() })
    }
}

/// The tasks on a group's instances that are none of a DAEMON service's, each in a few words; or why they
/// could not be read.
pub type Tasks = Result<Vec<String>, (Code, String)>;

/// Reads the groups that `ask` looks at. Where they can't be read, the services are done all the same.
pub(crate) async fn observe_groups(
    read: &Read,
    clock: &Clock,
    ask: &Ask,
    keys: &TagKeys,
    seen: &mut Snapshot,
) -> Result<(), Problem> {
    if let Target::Group(name) = &ask.target {
        return named(read, clock, name, ask, keys, seen).await;
    }
    let found = match ask.groups {
        Groups::None => return Ok(()),
        Groups::Tagged => read.groups_tagged(&[keys.schedule.clone(), keys.record.clone()]).await,
        Groups::All => read.groups(None).await,
    };
    let linked = match found {
        Ok(found) if found.is_empty() => return Ok(()),
        Ok(found) => linked(read, found, keys, seen).await,
        Err(problem) => Err(problem),
    };
    match linked {
        Ok(groups) => seen.groups = groups,
        Err(Problem { code, detail: reason, .. }) => {
            seen.failed.push(Unread { what: UnreadThing::Groups, code, reason });
        }
    }
    Ok(())
}

async fn named(
    read: &Read,
    clock: &Clock,
    name: &GroupName,
    ask: &Ask,
    keys: &TagKeys,
    seen: &mut Snapshot,
) -> Result<(), Problem> {
    let absent = || {
        let detail = format!("there is no Auto Scaling group {name} in this account and region");
        Problem::new(Code::NotFound, detail)
    };
    let names = [name.to_string()];
    let (groups, clusters) =
        try_join(read.groups(Some(&names)), read.clusters(ClusterDetail::default())).await?;
    let (links, unread) = read.links(&groups, &clusters.found, keys).await?;
    let group = groups.into_iter().zip(links).next().ok_or_else(absent)?;
    let mut group = SeenGroup::new(group.0, group.1).ok_or_else(absent)?;
    group.id.cluster = group.id.cluster.filter(|cluster| is_among(cluster, &clusters.found));
    if let (Some(problem), None, true) = (unread, &group.id.cluster, ask.scheduled) {
        return Err(problem);
    }
    // For a hold of its cluster.
    seen.looked_at = clock.now();
    seen.cluster_tags = tags_of(&clusters.found);
    seen.cluster_tags.retain(|cluster, _| group.id.cluster.as_ref() == Some(cluster));
    seen.groups = vec![group];
    Ok(())
}

/// A group's tag or record may name a cluster that is gone.
fn is_among(name: &ClusterName, clusters: &[Cluster]) -> bool {
    clusters.iter().any(|it| it.cluster_name == name.as_str() && it.status == "ACTIVE")
}

/// Those of these groups that belong to the clusters that were looked at; in a look at many clusters,
/// those whose cluster is unknown as well.
async fn linked(
    read: &Read,
    found: Vec<Group>,
    keys: &TagKeys,
    seen: &mut Snapshot,
) -> Result<Vec<SeenGroup>, Problem> {
    let fleet = !seen.clusters.is_empty();
    let clusters = match seen.clusters.as_slice() {
        [] => read.clusters(ClusterDetail::default()).await?.found,
        known => known.to_vec(),
    };
    let (links, unread) = read.links(&found, &clusters, keys).await?;
    let mut failed: Vec<Unread> = Vec::new();
    let groups = found.into_iter().zip(links).filter_map(|(group, link)| {
        let ours = [&keys.schedule, &keys.record];
        let tagged = group.tags.iter().any(|tag| ours.contains(&&tag.key));
        let mut group = SeenGroup::new(group, link)?;
        group.id.cluster = group.id.cluster.filter(|cluster| is_among(cluster, &clusters));
        let ours = match &group.id.cluster {
            Some(cluster) => seen.cluster_tags.contains_key(cluster),
            None => fleet && tagged,
        };
        match &unread {
            Some(problem) if group.id.cluster.is_none() && !group.group.instances.is_empty() => {
                let detail =
                    format!("which cluster its instances belong to can't be read: {}", problem.detail);
                let what =
                    if tagged { UnreadThing::Group(group.id.resource.clone()) } else { UnreadThing::Groups };
                // Of those that nothing marks as ours one item is enough.
                if failed.iter().all(|known| known.what != what) {
                    failed.push(Unread { what, code: problem.code, reason: detail });
                }
                None
            }
            _ => ours.then_some(group),
        }
    });
    let groups = groups.collect();
    seen.failed.extend(failed);
    Ok(groups)
}

/// The DAEMON services of each cluster: their tasks are never a reason to wait.
fn daemons(seen: &Snapshot) -> BTreeMap<ClusterName, BTreeSet<String>> {
    let mut daemons: BTreeMap<ClusterName, BTreeSet<String>> = BTreeMap::new();
    for one in seen.services.iter().filter(|one| one.service.is_daemon()) {
        daemons.entry(one.id.cluster.clone()).or_default().insert(one.id.service.to_string());
    }
    daemons
}

/// Reads the scheduled actions of groups that fall asleep. They are read for a warning alone: where they
/// can't be, it is lost.
async fn observe_actions(read: &Read, groups: &[GroupId], seen: &mut Snapshot) {
    let named = match groups {
        [] => return,
        [only] => read.group_actions(Some(&only.name)).await,
        _ => read.group_actions(None).await,
    };
    match named {
        Ok(mut named) => {
            for one in seen.groups.iter_mut().filter(|one| groups.contains(&one.id)) {
                one.actions = named.remove(one.id.name.as_str()).unwrap_or_default();
            }
        }
        Err(Problem { code, detail, .. }) => {
            let detail = format!("which scheduled actions sleep with the groups is not known: {detail}");
            seen.warnings.push(Warning::new(code, detail));
        }
    }
}

/// Reads what runs on the groups that are to stop, and what sleeps with them.
pub async fn observe_tasks(read: &Read, groups: &[GroupId], seen: &mut Snapshot) {
    observe_actions(read, groups, seen).await;
    let clusters = tasks_by_cluster(read, groups, &daemons(seen)).await;
    for one in seen.groups.iter().filter(|one| groups.contains(&one.id)) {
        let Some(cluster) = one.id.cluster.as_ref().and_then(|cluster| clusters.get(cluster)) else {
            continue;
        };
        seen.tasks.insert(one.id.name.clone(), on_instances(cluster, &one.group));
        if cluster.as_ref().is_ok_and(|cluster| cluster.is_strange_to(&one.group)) {
            seen.strangers.insert(one.id.name.clone());
        }
    }
}

/// Groups that were looked at again.
#[derive(Debug, Default)]
pub(super) struct GroupsAgain {
    pub(super) groups: Vec<SeenGroup>,
    pub(super) tasks: BTreeMap<GroupName, Tasks>,
    pub(super) strangers: BTreeSet<GroupName>,
}

/// Reads groups again, and what runs on their instances.
pub(super) async fn again(read: &Read, which: &Again, seen: &Snapshot) -> Result<GroupsAgain, Problem> {
    let mut looked = GroupsAgain::default();
    if which.groups.is_empty() {
        return Ok(looked);
    }
    let ids: Vec<GroupId> = which.groups.iter().cloned().collect();
    let clusters =
        if which.tasks { tasks_by_cluster(read, &ids, &daemons(seen)).await } else { BTreeMap::new() };
    // After the tasks: what an instance runs that came between them is another group's otherwise.
    let names: Vec<String> = ids.iter().map(|id| id.name.to_string()).collect();
    for group in read.groups(Some(&names)).await? {
        let before =
            seen.groups.iter().find(|one| one.group.auto_scaling_group_name == group.auto_scaling_group_name);
        let Some(before) = before else { continue };
        let one = SeenGroup { group, ..before.clone() };
        if let Some(cluster) = one.id.cluster.as_ref().and_then(|cluster| clusters.get(cluster)) {
            looked.tasks.insert(one.id.name.clone(), on_instances(cluster, &one.group));
            if cluster.as_ref().is_ok_and(|cluster| cluster.is_strange_to(&one.group)) {
                looked.strangers.insert(one.id.name.clone());
            }
        }
        looked.groups.push(one);
    }
    Ok(looked)
}

/// A task on a machine.
#[derive(Clone, Debug)]
struct OnMachine {
    /// In a few words.
    told: String,
    /// The EC2 instance; `None` where it is not registered any more.
    instance: Option<String>,
}

/// A cluster's tasks on machines, and the EC2 instances that are registered with it.
#[derive(Clone, Debug)]
struct Busy {
    tasks: Vec<OnMachine>,
    instances: BTreeSet<String>,
}

impl Busy {
    /// The group has instances, and none of them is this cluster's.
    fn is_strange_to(&self, group: &Group) -> bool {
        let ids = || group.instances.iter().map(|it| &it.instance_id);
        ids().next().is_some() && !ids().any(|id| self.instances.contains(id))
    }
}

type OfCluster = Result<Busy, (Code, String)>;

/// Those of a cluster's tasks that run on a group's instances, or on nobody knows which.
fn on_instances(tasks: &OfCluster, group: &Group) -> Tasks {
    let is_on = |task: &&OnMachine| {
        let instance = task.instance.as_ref();
        instance.is_none_or(|id| group.instances.iter().any(|it| it.instance_id == *id))
    };
    let Busy { tasks, .. } = tasks.as_ref().map_err(Clone::clone)?;
    Ok(tasks.iter().filter(is_on).map(|task| task.told.clone()).collect())
}

/// The tasks on the machines of these groups' clusters now, those of their DAEMON services left out.
async fn tasks_by_cluster(
    read: &Read,
    groups: &[GroupId],
    daemons: &BTreeMap<ClusterName, BTreeSet<String>>,
) -> BTreeMap<ClusterName, OfCluster> {
    let clusters: BTreeSet<ClusterName> = groups.iter().filter_map(|id| id.cluster.clone()).collect();
    let reads = stream::iter(clusters).map(|cluster| async move {
        let tasks = tasks_of(read, &cluster, daemons.get(&cluster)).await;
        (cluster, tasks.map_err(|problem| (problem.code, problem.detail)))
    });
    reads.buffered(AT_ONCE).collect().await
}

async fn tasks_of(
    read: &Read,
    cluster: &ClusterName,
    daemons: Option<&BTreeSet<String>>,
) -> Result<Busy, Problem> {
    let running = TaskFilter::default();
    // Those that are told to stop run on until their containers have ended.
    let stopping = TaskFilter { stopped: true, ..TaskFilter::default() };
    let (running, stopping, instances) = try_join3(
        read.tasks(cluster, &running, false),
        read.tasks(cluster, &stopping, false),
        read.container_instances(cluster),
    )
    .await?;
    let of_a_daemon = |task: &Task| {
        let service = task.group.strip_prefix("service:");
        service.is_some_and(|service| daemons.is_some_and(|daemons| daemons.contains(service)))
    };
    // What runs on machines of one's own (ECS Anywhere) needs no group.
    let on_a_machine = |task: &&Task| {
        task.container_instance_arn.is_some() && task.launch_type.as_deref() != Some("EXTERNAL")
    };
    let there = running.found.iter().chain(&stopping.found).filter(on_a_machine);
    let there = there.filter(|task| task.last_status != "STOPPED" && !of_a_daemon(task));
    let instances = instances.found.into_iter();
    let machines: BTreeMap<String, String> =
        instances.filter_map(|it| Some((it.container_instance_arn, it.ec2_instance_id?))).collect();
    let told = |task: &Task| OnMachine {
        told: format!("{} of {}", short_name(&task.task_arn), task.group),
        instance: task.container_instance_arn.as_ref().and_then(|arn| machines.get(arn)).cloned(),
    };
    let tasks = there.map(told).collect();
    Ok(Busy { tasks, instances: machines.into_values().collect() })
}
