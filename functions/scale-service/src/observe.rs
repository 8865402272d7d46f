//! A look at the world: the services that a request may mean, with their scalable targets.

mod groups;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::future::{join, try_join};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use shared::application_autoscaling::{ScalableTarget, ScheduledAction};
use shared::ecs::{Cluster, Failure, Service, Tag};
use shared::names::{ClusterName, GroupName, ServiceId, ServiceName};
use shared::report::Warning;
use shared::select::{NamePattern, NamePatterns, Selector};
use shared::tags::Tags;
use shared::{Code, Problem};
use shared_aws::{Clock, ClusterDetail, Listed, Read};

use crate::ask::{Ask, Change, Target, Verb};
use crate::effect::Written;

pub(crate) use groups::observe_groups;
pub use groups::{GroupId, SeenGroup, Tasks, observe_tasks};

/// One service, as it was when it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its cluster and name.
    pub id: ServiceId,
    /// What ECS says of it.
    pub service: Service,
    /// Its scalable target, if it has one.
    pub target: Option<ScalableTarget>,
    /// Its scheduled scaling actions, where it falls asleep or wakes.
    pub actions: Vec<ScheduledAction>,
}

/// What was named and is not there, or could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What it is.
    pub what: UnreadThing,
    /// Why, for programs.
    pub code: Code,
    /// Why, for people.
    pub reason: String,
}

/// What could not be read. Prints as an ARN's resource part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnreadThing {
    /// A service, by a name that AWS may not know.
    Service {
        /// Its cluster.
        cluster: ClusterName,
        /// Its name as it was given.
        name: String,
    },
    /// A cluster with all its services.
    Cluster(ClusterName),
    /// An Auto Scaling group, by its ARN's resource part.
    Group(String),
    /// The Auto Scaling groups as a whole.
    Groups,
}

impl fmt::Display for UnreadThing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { cluster, name } => write!(f, "service/{cluster}/{name}"),
            Self::Cluster(cluster) => write!(f, "cluster/{cluster}"),
            Self::Group(resource) => f.write_str(resource),
            Self::Groups => f.write_str("auto-scaling-groups"),
        }
    }
}

/// What a plan is made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// When the tags of services and clusters had been read: an override that had begun by then holds.
    pub looked_at: Timestamp,
    /// The services that the selector takes, in the order of their names.
    pub services: Vec<Seen>,
    /// The tags of the clusters that they run in.
    pub cluster_tags: BTreeMap<ClusterName, BTreeMap<String, String>>,
    /// Those of them with which no instance is registered.
    pub empty: BTreeSet<ClusterName>,
    /// The Auto Scaling groups that the request looks at, in the order of their names.
    pub groups: Vec<SeenGroup>,
    /// The tasks on the instances of groups that are to stop.
    pub tasks: BTreeMap<GroupName, Tasks>,
    /// Groups of which no instance is registered with the cluster that is said to be theirs.
    pub strangers: BTreeSet<GroupName>,
    /// Every cluster of the account, where they were read.
    pub clusters: Vec<Cluster>,
    /// What was named and is not there, or could not be read: a resource, and why.
    pub failed: Vec<Unread>,
    /// Patterns that match nothing.
    pub unmatched: Vec<String>,
    /// What else could not be read, and costs a warning alone.
    pub warnings: Vec<Warning>,
    /// What this run has done to an override before it looked.
    pub written: Option<Written>,
}

/// Scalable targets are asked for by id up to here; beyond it, the whole list has fewer pages.
const BY_ID: usize = 50;
/// Clusters that are read at once; the budget sets the pace.
const AT_ONCE: usize = 4;

/// Reads the service or the cluster whose override a request sets or ends, and nothing else.
pub async fn observe_place(read: &Read, change: &Change) -> Result<Snapshot, Problem> {
    let mut seen = Snapshot::default();
    let cluster = std::slice::from_ref(&change.cluster);
    let clusters = read.clusters_named(cluster, ClusterDetail::default());
    let Some(id) = &change.service else {
        let clusters = clusters.await?;
        // Where nothing else of a cluster is read, nothing else says that it is not there.
        if clusters.failures.iter().any(|failure| failure.reason == "MISSING") {
            return Err(Problem::new(Code::NotFound, format!("there is no cluster {}", change.cluster)));
        }
        seen.cluster_tags = all_tags_of(&clusters, cluster)?;
        return Ok(seen);
    };
    let named = read.services_named(&id.cluster, std::slice::from_ref(&id.service));
    let (listed, clusters) = try_join(named, clusters).await?;
    seen.cluster_tags = all_tags_of(&clusters, cluster)?;
    let service = listed.found.into_iter().next();
    let service = service.ok_or_else(|| Problem::new(Code::NotFound, missing(id)))?;
    seen.services.push(Seen { id: id.clone(), service, target: None, actions: Vec::new() });
    Ok(seen)
}

/// Reads what `ask` is about. `reach` bounds a request over several clusters.
pub async fn observe(
    read: &Read,
    clock: &Clock,
    ask: &Ask,
    reach: &NamePatterns,
) -> Result<Snapshot, Problem> {
    let mut seen = Snapshot::default();
    match &ask.target {
        Target::One(id) => {
            let (listed, clusters) = try_join(
                read.services_named(&id.cluster, std::slice::from_ref(&id.service)),
                read.clusters_named(std::slice::from_ref(&id.cluster), ClusterDetail::default()),
            )
            .await?;
            seen.cluster_tags = all_tags_of(&clusters, std::slice::from_ref(&id.cluster))?;
            seen.empty = empty(&clusters.found);
            let service = listed.found.into_iter().next();
            let service = service.ok_or_else(|| Problem::new(Code::NotFound, missing(id)))?;
            seen.services.push(Seen { id: id.clone(), service, target: None, actions: Vec::new() });
        }
        // Groups are looked at on their own.
        Target::Group(_) => {}
        Target::Cluster(cluster, selector) => {
            let mut services = Snapshot::default();
            let ((), clusters) = try_join(
                cluster_services(read, cluster, selector, &mut services),
                read.clusters_named(std::slice::from_ref(cluster), ClusterDetail::default()),
            )
            .await?;
            let cluster_tags = all_tags_of(&clusters, std::slice::from_ref(cluster))?;
            seen = Snapshot { cluster_tags, empty: empty(&clusters.found), ..services };
        }
        Target::Clusters(patterns, selector) => {
            let clusters = clusters(read, patterns, reach, &mut seen).await?;
            let reads = stream::iter(clusters).map(|cluster| async move {
                let mut seen = Snapshot::default();
                let done = cluster_services(read, &cluster, selector, &mut seen).await;
                (cluster, seen, done)
            });
            let mut reads = reads.buffered(AT_ONCE);
            let mut absent = Absent::default();
            while let Some((cluster, found, done)) = reads.next().await {
                // One cluster's failure does not stop the others.
                match done {
                    Ok(()) => {
                        seen.services.extend(found.services);
                        absent.note(found.failed, found.unmatched, &mut seen.failed);
                    }
                    Err(problem) => {
                        let what = UnreadThing::Cluster(cluster);
                        seen.failed.push(Unread { what, code: problem.code, reason: problem.detail });
                    }
                }
            }
            absent.tell(&mut seen);
        }
    }
    seen.looked_at = clock.now();
    Ok(seen)
}

/// Names and patterns of services that some of a fleet's clusters lack. Only what no cluster has is worth
/// a word.
#[derive(Debug, Default)]
struct Absent {
    names: Vec<Unread>,
    patterns: Vec<String>,
}

impl Absent {
    fn note(&mut self, failed: Vec<Unread>, unmatched: Vec<String>, others: &mut Vec<Unread>) {
        let (names, rest): (Vec<_>, Vec<_>) =
            failed.into_iter().partition(|unread| unread.code == Code::NotFound);
        self.names.extend(names);
        others.extend(rest);
        self.patterns.extend(unmatched);
    }

    fn tell(self, seen: &mut Snapshot) {
        let found = |name: &str| seen.services.iter().any(|one| one.id.service.as_str() == name);
        let lacking = |unread: &Unread| match &unread.what {
            UnreadThing::Service { name, .. } => !found(name),
            _ => true,
        };
        let names: Vec<Unread> = self.names.into_iter().filter(lacking).collect();
        let matched = |text: &String| {
            let pattern = text.rsplit('/').next().and_then(|pattern| pattern.parse::<NamePattern>().ok());
            let matches = |pattern: NamePattern| {
                seen.services.iter().any(|one| pattern.matches(one.id.service.as_str()))
            };
            pattern.is_some_and(matches)
        };
        let patterns: Vec<String> = self.patterns.into_iter().filter(|text| !matched(text)).collect();
        seen.failed.extend(names);
        seen.unmatched.extend(patterns);
    }
}

/// Reads the scalable targets of these services.
pub async fn observe_targets(
    read: &Read,
    ids: &[ServiceId],
    ask: &Ask,
    seen: &mut Snapshot,
) -> Result<(), Problem> {
    match add_targets(read, ids, seen).await {
        Err(problem) if ask.verb == Verb::Reconcile && !ask.is_of_one() => left_unread(ids, &problem, seen),
        targets => targets?,
    }
    Ok(())
}

/// Reads the scheduled scaling actions of these services. Where they can't be read, a warning is lost, and
/// what they would have set meanwhile; the run goes on.
pub async fn observe_actions(read: &Read, ids: &[ServiceId], seen: &mut Snapshot) {
    let actions = match ids {
        [] => return,
        [only] => read.scheduled_actions(Some(only)).await,
        _ => read.scheduled_actions(None).await,
    };
    match actions {
        Ok(actions) => {
            let mut by_service: BTreeMap<String, Vec<ScheduledAction>> = BTreeMap::new();
            for action in actions {
                by_service.entry(action.resource_id.clone()).or_default().push(action);
            }
            for one in seen.services.iter_mut().filter(|one| ids.contains(&one.id)) {
                one.actions = by_service.remove(&one.id.to_string()).unwrap_or_default();
            }
        }
        Err(Problem { code, detail, .. }) => {
            let detail = format!(
                "which scheduled scaling actions sleep with the services, and which of them were missed, is \
                 not known: {detail}"
            );
            seen.warnings.push(Warning::new(code, detail));
        }
    }
}

/// The services that are due fail, and no others.
fn left_unread(ids: &[ServiceId], problem: &Problem, seen: &mut Snapshot) {
    seen.services.retain(|one| !ids.contains(&one.id));
    seen.failed.extend(ids.iter().map(|id| {
        let (cluster, name) = (id.cluster.clone(), id.service.to_string());
        let reason = format!("its scalable target can't be read: {}", problem.detail);
        Unread { what: UnreadThing::Service { cluster, name }, code: problem.code, reason }
    }));
}

fn tags_of(clusters: &[Cluster]) -> BTreeMap<ClusterName, BTreeMap<String, String>> {
    let tags = |tags: &[Tag]| tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    clusters.iter().filter_map(|one| Some((one.cluster_name.parse().ok()?, tags(&one.tags)))).collect()
}

fn empty(clusters: &[Cluster]) -> BTreeSet<ClusterName> {
    let empty = clusters.iter().filter(|one| one.registered_container_instances_count == 0);
    empty.filter_map(|one| one.cluster_name.parse().ok()).collect()
}

async fn clusters(
    read: &Read,
    patterns: &[NamePattern],
    reach: &NamePatterns,
    seen: &mut Snapshot,
) -> Result<Vec<ClusterName>, Problem> {
    let all = read.clusters(ClusterDetail::default()).await?;
    let within: Vec<ClusterName> = all
        .found
        .iter()
        .filter(|cluster| cluster.status == "ACTIVE" && reach.matches(&cluster.cluster_name))
        .filter_map(|cluster| cluster.cluster_name.parse().ok())
        .collect();
    for pattern in patterns {
        if !within.iter().any(|cluster| pattern.matches(cluster.as_str())) {
            seen.unmatched.push(format!("cluster/{pattern}"));
        }
    }
    for failure in &all.failures {
        let name = shared::names::short_name(&failure.arn);
        let asked = patterns.iter().any(|pattern| pattern.matches(name)) && reach.matches(name);
        // Deleted between the list and the description: nobody asked for it by name.
        if let Some(cluster) =
            name.parse::<ClusterName>().ok().filter(|_| asked && failure.reason != "MISSING")
        {
            let Problem { code, detail: reason, .. } = cluster_unread(&cluster, &failure.reason);
            seen.failed.push(Unread { what: UnreadThing::Cluster(cluster), code, reason });
        }
    }
    let wanted = |cluster: &ClusterName| patterns.iter().any(|pattern| pattern.matches(cluster.as_str()));
    let wanted: Vec<ClusterName> = within.into_iter().filter(wanted).collect();
    seen.cluster_tags = tags_of(&all.found);
    seen.cluster_tags.retain(|cluster, _| wanted.contains(cluster));
    seen.empty = empty(&all.found);
    seen.clusters = all.found;
    Ok(wanted)
}

async fn cluster_services(
    read: &Read,
    cluster: &ClusterName,
    selector: &Selector,
    seen: &mut Snapshot,
) -> Result<(), Problem> {
    let exact: Option<Vec<ServiceName>> =
        selector.exact_names().map(|names| names.into_iter().filter_map(|name| name.parse().ok()).collect());
    let listed = match &exact {
        Some(names) => read.services_named(cluster, names).await?,
        None => read.services(cluster).await?,
    };
    let mut services = BTreeMap::new();
    for mut service in listed.found {
        // The newest is a hint at why it does not come up; the others only take memory.
        service.events.truncate(1);
        if let Ok(name) = service.service_name.parse::<ServiceName>() {
            services.insert(ServiceId { cluster: cluster.clone(), service: name }, service);
        }
    }
    for failure in &listed.failures {
        let name = shared::names::short_name(&failure.arn);
        // Deleted between the list and the description: nobody asked for it by name.
        if exact.is_none() && failure.reason == "MISSING" {
            continue;
        }
        let code = if failure.reason == "MISSING" { Code::NotFound } else { Code::AwsRefused };
        let reason = format!("cluster {cluster} has no service {name} (AWS says {})", failure.reason);
        let what = UnreadThing::Service { cluster: cluster.clone(), name: name.to_owned() };
        seen.failed.push(Unread { what, code, reason });
    }
    unmatched(cluster, selector, &services, exact.is_some(), seen);
    seen.services.extend(
        services
            .into_iter()
            .filter(|(id, service)| {
                selector.takes_name(id.service.as_str()) && selector.takes_tags(&service.tags_by_key())
            })
            .map(|(id, service)| Seen { id, service, target: None, actions: Vec::new() }),
    );
    Ok(())
}

/// Names that do not exist fail; patterns that match nothing are worth a word.
fn unmatched(
    cluster: &ClusterName,
    selector: &Selector,
    services: &BTreeMap<ServiceId, Service>,
    all_exact: bool,
    seen: &mut Snapshot,
) {
    for pattern in selector.services.iter().flatten() {
        if all_exact || services.keys().any(|id| pattern.matches(id.service.as_str())) {
            continue;
        }
        if pattern.is_exact() {
            let reason = format!("cluster {cluster} has no service {pattern}");
            let what = UnreadThing::Service { cluster: cluster.clone(), name: pattern.to_string() };
            seen.failed.push(Unread { what, code: Code::NotFound, reason });
        } else {
            seen.unmatched.push(format!("service/{cluster}/{pattern}"));
        }
    }
}

async fn add_targets(read: &Read, ids: &[ServiceId], seen: &mut Snapshot) -> Result<(), Problem> {
    let targets = match ids.len() {
        0 => return Ok(()),
        few if few <= BY_ID => read.targets_of(ids).await?,
        _ => read.targets().await?,
    };
    let mut targets: BTreeMap<String, ScalableTarget> =
        targets.into_iter().map(|target| (target.resource_id.clone(), target)).collect();
    for seen in &mut seen.services {
        seen.target = targets.remove(&seen.id.to_string());
    }
    Ok(())
}

fn missing(id: &ServiceId) -> String {
    format!("cluster {} has no service {}", id.cluster, id.service)
}

/// What is looked at again before a batch of changes, in the same cluster.
#[derive(Debug, Default)]
pub(crate) struct Again {
    pub(crate) services: BTreeSet<ServiceId>,
    pub(crate) clusters: BTreeSet<ClusterName>,
    pub(crate) groups: BTreeSet<GroupId>,
    /// The tasks on the groups' instances, too.
    pub(crate) tasks: bool,
}

/// What a look again showed: of services, clusters and groups each, or why it could not be read.
#[derive(Debug)]
pub struct Fresh {
    /// The services and groups of a batch, with the tags of their clusters.
    pub seen: Snapshot,
    /// Why the services or the clusters could not be read again.
    pub services: Result<(), Problem>,
    /// Why the groups could not.
    pub groups: Result<(), Problem>,
}

/// Reads what a batch changes again, with the tags of its clusters. What is not read again is as `seen` has
/// it: scalable targets, the groups' clusters, the DAEMON services.
pub(crate) async fn again(read: &Read, clock: &Clock, which: &Again, seen: &Snapshot) -> Fresh {
    let (services, groups) = join(services_again(read, which, seen), groups::again(read, which, seen)).await;
    let (looked_at, empty) = (clock.now(), seen.empty.clone());
    let mut fresh = Snapshot { looked_at, empty, ..Snapshot::default() };
    let services = services.map(|(services, cluster_tags)| {
        fresh.services = services;
        fresh.cluster_tags = cluster_tags;
    });
    let groups = groups.map(|looked| {
        fresh.groups = looked.groups;
        (fresh.tasks, fresh.strangers) = if which.tasks {
            (looked.tasks, looked.strangers)
        } else {
            (seen.tasks.clone(), seen.strangers.clone())
        };
    });
    // A cluster's override is a group's, too.
    let groups = match &services {
        Err(problem) => Err(Problem::new(problem.code, problem.detail.clone())),
        Ok(()) => groups,
    };
    Fresh { seen: fresh, services, groups }
}

async fn services_again(
    read: &Read,
    which: &Again,
    seen: &Snapshot,
) -> Result<(Vec<Seen>, BTreeMap<ClusterName, Tags>), Problem> {
    let mut by_cluster: BTreeMap<ClusterName, Vec<ServiceName>> = BTreeMap::new();
    for id in &which.services {
        by_cluster.entry(id.cluster.clone()).or_default().push(id.service.clone());
    }
    let named = which.groups.iter().filter_map(|id| id.cluster.as_ref());
    let clusters: BTreeSet<&ClusterName> = by_cluster.keys().chain(&which.clusters).chain(named).collect();
    let clusters: Vec<ClusterName> = clusters.into_iter().cloned().collect();
    let services = stream::iter(by_cluster).map(|(cluster, names)| async move {
        let listed = read.services_named(&cluster, &names).await?;
        Ok::<_, Problem>((cluster, listed.found))
    });
    let clusters = async {
        if clusters.is_empty() { Ok(BTreeMap::new()) } else { cluster_tags_of(read, &clusters).await }
    };
    let (services, cluster_tags) =
        try_join(services.buffered(AT_ONCE).try_collect::<Vec<_>>(), clusters).await?;
    let before = |id: &ServiceId| seen.services.iter().find(|one| one.id == *id);
    let one = |cluster: &ClusterName, service: Service| {
        let id = ServiceId { cluster: cluster.clone(), service: service.service_name.parse().ok()? };
        let Seen { target, actions, .. } = before(&id)?.clone();
        Some(Seen { id, service, target, actions })
    };
    let services = services.into_iter();
    let services =
        services.flat_map(|(cluster, found)| found.into_iter().filter_map(move |it| one(&cluster, it)));
    Ok((services.collect(), cluster_tags))
}

/// The tags of these clusters, every one of which must be there.
async fn cluster_tags_of(
    read: &Read,
    clusters: &[ClusterName],
) -> Result<BTreeMap<ClusterName, Tags>, Problem> {
    all_tags_of(&read.clusters_named(clusters, ClusterDetail::default()).await?, clusters)
}

fn all_tags_of(
    listed: &Listed<Cluster>,
    clusters: &[ClusterName],
) -> Result<BTreeMap<ClusterName, Tags>, Problem> {
    let tags = tags_of(&listed.found);
    let Some(lacking) = clusters.iter().find(|cluster| !tags.contains_key(*cluster)) else { return Ok(tags) };
    let of = |failure: &&Failure| shared::names::short_name(&failure.arn) == lacking.as_str();
    let reason = listed.failures.iter().find(of).map_or("nothing of it", |failure| &failure.reason);
    Err(cluster_unread(lacking, reason))
}

/// Without its tags nobody knows what holds in a cluster: nothing in it is touched.
fn cluster_unread(cluster: &impl fmt::Display, reason: &str) -> Problem {
    let detail = format!("the tags of cluster {cluster} can't be read (DescribeClusters says {reason})");
    Problem::new(Code::AwsRefused, detail)
}
