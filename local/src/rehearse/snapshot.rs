//! What an account has of what the functions look at: read once, and nothing of it changed.
//!
//! All of it comes through a [`Read`], which has no call that changes anything.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde::Deserialize;
use shared::application_autoscaling::{ScalableTarget, ScalingPolicy, ScheduledAction};
use shared::autoscaling::Group;
use shared::ecr::ImageDetail;
use shared::ecs::revisions::RevisionImage;
use shared::ecs::{CapacityProvider, Cluster, ContainerInstance, Service, TaskDefinition};
use shared::groups::Link;
use shared::image::ImageRef;
use shared::names::{Arn, ClusterName, Scope};
use shared::settings::TagKeys;
use shared::{Code, Problem};
use shared_aws::{ClusterDetail, Manifests, Read, unless_gone};

/// Things of one kind that are read at once; the budgets set the pace.
const AT_ONCE: usize = 10;

/// An account's services in one region, with what they run on and start with.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// When it was read.
    pub at: Timestamp,
    /// Whose it is.
    pub scope: Option<Scope>,
    /// Its clusters.
    pub clusters: Vec<ClusterLook>,
    /// The scalable targets of all services.
    pub targets: Vec<ScalableTarget>,
    /// Their scaling policies.
    pub policies: Vec<ScalingPolicy>,
    /// Their scheduled actions.
    pub actions: Vec<ScheduledAction>,
    /// The Auto Scaling groups, each with where it belongs.
    pub groups: Vec<(Group, Link)>,
    /// The names of the groups' scheduled actions, by group.
    pub group_actions: BTreeMap<String, Vec<String>>,
    /// The capacity providers.
    pub providers: Vec<CapacityProvider>,
    /// The task definitions that services have, by ARN.
    pub definitions: BTreeMap<String, TaskDefinition>,
    /// The images that each service's deployment resolved, by the service's ARN; none where no revision tells.
    pub pinned: BTreeMap<String, Vec<RevisionImage>>,
    /// The repositories of this registry that those images are in.
    pub repositories: Vec<RepositoryLook>,
    /// What could not be read, in a sentence each, and what it concerns.
    pub unread: Vec<(String, Vec<String>)>,
}

/// A cluster and what is in it.
#[derive(Clone, Debug, Default)]
pub struct ClusterLook {
    /// The cluster, with its tags.
    pub cluster: Cluster,
    /// Its ACTIVE services, with their tags.
    pub services: Vec<Service>,
    /// Its container instances.
    pub instances: Vec<ContainerInstance>,
}

/// A repository as it was looked at.
#[derive(Clone, Debug, Default)]
pub struct RepositoryLook {
    /// Its name.
    pub name: String,
    /// Its images.
    pub images: Vec<ImageDetail>,
    /// Why they can't be read, if they can't.
    pub unread: Option<String>,
    /// The lifecycle policy that is attached to it.
    pub lifecycle_policy: Option<String>,
    /// The digests that its indexes name, by the index's digest; what is not there was not read.
    pub children: BTreeMap<String, Vec<String>>,
}

/// What is read beside what every rehearsal needs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Depth {
    /// The manifests of indexes too: to ECR that is a pull.
    pub manifests: bool,
}

/// Reads an account. `say` hears what is being read.
pub async fn read(
    read: &Read,
    at: Timestamp,
    keys: &TagKeys,
    depth: Depth,
    say: &(dyn Fn(String) + Sync),
) -> Result<Snapshot, Problem> {
    say("reading clusters".into());
    let clusters = read.clusters(ClusterDetail::default()).await?;
    let clusters: Vec<Cluster> = clusters.found.into_iter().filter(|it| it.status == "ACTIVE").collect();
    let scope = clusters.first().and_then(|it| it.cluster_arn.parse::<Arn>().ok()).map(|arn| arn.scope);
    let Some(scope) = scope else {
        return Err(Problem::new(Code::NotFound, "there is no ECS cluster in this account and region"));
    };
    let mut snapshot = Snapshot { at, scope: Some(scope.clone()), ..Snapshot::default() };
    let count: i32 = clusters.iter().map(|it| it.active_services_count).sum();
    say(format!("reading {count} services in {} clusters", clusters.len()));
    snapshot.clusters = stream::iter(clusters.clone())
        .map(|cluster| look(read, cluster))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    say("reading autoscaling".into());
    snapshot.targets = read.targets().await?;
    snapshot.policies =
        or_unread(read.scaling_policies(None).await, "scaling policies", &mut snapshot.unread);
    snapshot.actions =
        or_unread(read.scheduled_actions(None).await, "scheduled actions", &mut snapshot.unread);
    say("reading Auto Scaling groups".into());
    snapshot.providers =
        or_unread(read.capacity_providers().await, "capacity providers", &mut snapshot.unread);
    let groups = or_unread(read.groups(None).await, "Auto Scaling groups", &mut snapshot.unread);
    let (links, unlinked) = read.links_by(&snapshot.providers, &groups, &clusters, keys).await;
    if let Some(problem) = unlinked {
        snapshot.unread.push((could_not_be_read("some container instances", &problem), Vec::new()));
    }
    snapshot.groups = groups.into_iter().zip(links).collect();
    snapshot.group_actions =
        or_unread(read.group_actions(None).await, "scheduled actions of groups", &mut snapshot.unread);
    say("reading task definitions and what deployments pinned".into());
    definitions(read, &mut snapshot).await;
    pins(read, &mut snapshot).await;
    say("reading repositories".into());
    repositories(read, &scope, depth, &mut snapshot).await;
    Ok(snapshot)
}

async fn look(read: &Read, cluster: Cluster) -> Result<ClusterLook, Problem> {
    let malformed = |fault: shared::names::NameFault| Problem::new(Code::AwsFailed, fault.to_string());
    let name: ClusterName = cluster.cluster_name.parse().map_err(malformed)?;
    let services = read.services(&name).await?.found;
    let instances = match cluster.registered_container_instances_count {
        0 => Vec::new(),
        _ => read.container_instances(&name).await?.found,
    };
    Ok(ClusterLook { cluster, services, instances })
}

/// What was read; else nothing of it, which is written down.
fn or_unread<T: Default>(read: Result<T, Problem>, what: &str, unread: &mut Vec<(String, Vec<String>)>) -> T {
    read.unwrap_or_else(|problem| {
        unread.push((could_not_be_read(what, &problem), Vec::new()));
        T::default()
    })
}

fn could_not_be_read(what: &str, problem: &Problem) -> String {
    format!("{what} could not be read, and are taken for none: {}", problem.detail)
}

/// The task definitions of all services.
async fn definitions(read: &Read, snapshot: &mut Snapshot) {
    let mut by_definition: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (cluster, service) in snapshot.services() {
        let of = by_definition.entry(service.starts_with().to_owned()).or_default();
        of.push(resource(cluster, service));
    }
    let mut reads = stream::iter(by_definition)
        .map(|(arn, concerns)| async move {
            let answer = read.task_definition(&arn).await;
            (arn, concerns, answer)
        })
        .buffer_unordered(AT_ONCE);
    let (mut found, mut unread) = (BTreeMap::new(), Vec::new());
    while let Some((arn, concerns, answer)) = reads.next().await {
        match answer {
            Ok((definition, _)) => drop(found.insert(arn, definition)),
            Err(problem) => unread.push((
                format!("the task definition could not be read, and one of a container that can be pulled stands in for it: {}", problem.detail),
                concerns,
            )),
        }
    }
    drop(reads);
    snapshot.definitions = found;
    snapshot.unread.extend(unread);
}

/// What the deployments of services pinned, as their current revisions tell it, else the last one that went well.
async fn pins(read: &Read, snapshot: &mut Snapshot) {
    let by_ecs = || snapshot.services().filter(|(_, service)| service.is_deployed_by_ecs());
    let asked: Vec<(String, String)> = by_ecs()
        .filter(|(_, service)| service.current_service_revisions.is_empty())
        .map(|(_, service)| (service.cluster_arn.clone(), service.service_arn.clone()))
        .collect();
    let mut revision_of: BTreeMap<String, Vec<String>> = by_ecs()
        .map(|(_, service)| {
            let revisions = service.current_service_revisions.iter().map(|it| it.arn.clone()).collect();
            (service.service_arn.clone(), revisions)
        })
        .collect();
    let mut unread = None;
    let mut reads = stream::iter(asked)
        .map(|(cluster, arn)| async move {
            let briefs = unless_gone(read.deployments_of_service(&cluster, &arn).await);
            (arn, briefs)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((arn, briefs)) = reads.next().await {
        match briefs {
            Ok(briefs) => {
                let last = briefs.into_iter().find(|it| it.went_well).and_then(|it| it.target);
                revision_of.insert(arn, last.into_iter().collect());
            }
            Err(problem) => unread = Some(problem),
        }
    }
    drop(reads);
    let arns: BTreeSet<String> = revision_of.values().flatten().cloned().collect();
    let arns: Vec<String> = arns.into_iter().collect();
    let images = match read.service_revisions(&arns).await {
        Ok(listed) => listed.found.into_iter().map(|it| (it.arn, it.images)).collect::<BTreeMap<_, _>>(),
        Err(problem) => {
            unread = Some(problem);
            BTreeMap::new()
        }
    };
    for (service, revisions) in revision_of {
        let of: Vec<RevisionImage> =
            revisions.iter().filter_map(|arn| images.get(arn)).flatten().cloned().collect();
        if !of.is_empty() {
            snapshot.pinned.insert(service, of);
        }
    }
    if let Some(problem) = unread {
        let what = "what deployments pinned could not all be read, and is taken for what the tags mean now";
        snapshot.unread.push((format!("{what}: {}", problem.detail), Vec::new()));
    }
}

/// The repositories of this registry that something starts from.
async fn repositories(read: &Read, scope: &Scope, depth: Depth, snapshot: &mut Snapshot) {
    let named = snapshot.images();
    let own = named.iter().filter_map(|text| match ImageRef::parse(text) {
        Ok(ImageRef::Ecr(image)) if image.is_within(scope) => Some(image.repository.to_string()),
        _ => None,
    });
    let names: BTreeSet<String> = own.collect();
    let looks = stream::iter(names).map(|name| async move {
        let images = read.images(&name).await;
        match images {
            // A service that starts from it does not come up, in the world as in the account.
            Err(problem) if problem.code == Code::NotFound => None,
            Err(problem) => {
                Some(RepositoryLook { name, unread: Some(problem.detail), ..RepositoryLook::default() })
            }
            Ok(images) => {
                let attached = read.lifecycle_policy(&name).await;
                let children =
                    if depth.manifests { children(read, &name, &images).await } else { BTreeMap::new() };
                Some(RepositoryLook {
                    name,
                    images,
                    unread: None,
                    lifecycle_policy: attached.unwrap_or_default(),
                    children,
                })
            }
        }
    });
    let looks: Vec<Option<RepositoryLook>> = looks.buffered(AT_ONCE).collect().await;
    snapshot.repositories = looks.into_iter().flatten().collect();
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Child>,
}

#[derive(Deserialize)]
struct Child {
    digest: String,
}

/// What a repository's indexes name, as far as it can be read.
async fn children(read: &Read, repository: &str, images: &[ImageDetail]) -> BTreeMap<String, Vec<String>> {
    let indexes: Vec<String> =
        images.iter().filter(|it| is_index(it)).map(|it| it.image_digest.clone()).collect();
    let manifests: Manifests = read.manifests(repository, &indexes).await.unwrap_or_default();
    let named = manifests.into_iter().filter_map(|(digest, text)| {
        let index: Index = serde_json::from_str(&text.ok()?).ok()?;
        Some((digest, index.manifests.into_iter().map(|it| it.digest).collect()))
    });
    named.collect()
}

/// A manifest that names others.
pub(super) fn is_index(image: &ImageDetail) -> bool {
    let kind = image.image_manifest_media_type.as_deref().unwrap_or_default();
    kind.contains("image.index") || kind.contains("manifest.list")
}

/// `service/prod/users`.
pub(super) fn resource(cluster: &Cluster, service: &Service) -> String {
    format!("service/{}/{}", cluster.cluster_name, service.service_name)
}

impl Snapshot {
    /// All services, each with its cluster.
    pub(super) fn services(&self) -> impl Iterator<Item = (&Cluster, &Service)> {
        self.clusters.iter().flat_map(|look| look.services.iter().map(|service| (&look.cluster, service)))
    }

    /// The images that its task definitions and revisions name, as they name them.
    pub(super) fn images(&self) -> BTreeSet<String> {
        let defined = self.definitions.values().flat_map(|it| &it.container_definitions);
        let pinned = self.pinned.values().flatten().map(|it| it.image.clone());
        defined.map(|it| it.image.clone()).chain(pinned).collect()
    }
}
