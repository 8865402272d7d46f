//! A world of what was read: the account's services and what they run on, as the embedded AWS has such things.
//!
//! Pure. What of the account the embedded AWS has no such thing for is written down with whom it concerns, and never
//! guessed. Names, sizes and ecs-steward's own tags go into the world; nothing else that people wrote does.

use std::collections::{BTreeMap, BTreeSet};

use emulator::{
    ActionEntry, ClusterEntry, ContainerEntry, GroupEntry, ImageEntry, LaunchType, LeftOut, ProviderEntry,
    RepositoryEntry, ScalingEntry, Seed, ServiceEntry, ShareEntry, SuspendedEntry, TaskDefinitionEntry,
    World,
};
use shared::application_autoscaling::{ScalableTarget, ScheduledAction};
use shared::autoscaling::Group;
use shared::ecr::ImageDetail;
use shared::ecs::{CapacityProvider, CapacityProviderStrategyItem, Cluster, ContainerDefinition, Service};
use shared::ecs::{PortMapping, TaskDefinition};
use shared::groups::Link;
use shared::image::{ImageIdentifier, ImageRef};
use shared::names::{is_long_service_arn, short_name};
use shared::record::Record;
use shared::settings::TagKeys;

use super::snapshot::{ClusterLook, RepositoryLook, Snapshot, is_index, resource};

/// AWS takes so many tags on a service: the number of a service's others matters where it comes near.
const MANY_TAGS: usize = 45;

/// The image of a task definition that could not be read: nobody can look whether it is there.
const UNREAD: &str = "unread.invalid/unread";

/// The seed of a world that is like the account, and what it lacks.
#[must_use]
pub fn seed(snapshot: &Snapshot, keys: &TagKeys) -> Seed {
    let mut lacks = Lacks::default();
    for (what, concerns) in &snapshot.unread {
        lacks.all(what, concerns.iter().cloned());
    }
    let repositories = snapshot.repositories.iter().map(|it| repository(it, snapshot, &mut lacks)).collect();
    let making = Making { snapshot, keys };
    let clusters: Vec<ClusterEntry> =
        snapshot.clusters.iter().map(|look| making.cluster(look, &mut lacks)).collect();
    let groups = making.groups(&mut lacks);
    let there: BTreeSet<&str> = groups.iter().map(|it| it.name.as_str()).collect();
    let providers = snapshot.providers.iter().filter_map(|it| provider(it, &there)).collect();
    let definitions = making.definitions();
    let scope = snapshot.scope.as_ref();
    Seed {
        account: scope.map(|it| it.account.clone()),
        region: scope.map(|it| it.region.clone()),
        partition: scope.map(|it| it.partition.clone()),
        task_definitions: definitions,
        clusters,
        auto_scaling_groups: groups,
        capacity_providers: providers,
        repositories,
        left_out: lacks.told(),
        ..Seed::new(snapshot.at)
    }
}

/// The world of a seed. What of it can't be made is left out, and said.
#[must_use]
pub fn world(seed: &mut Seed) -> World {
    let (world, faults) = World::as_far_as_possible(seed);
    let mut lacks = Lacks::default();
    for fault in &faults {
        lacks.all(&format!("can't be made in the embedded AWS, and is left out: {fault}"), []);
    }
    for cluster in &seed.clusters {
        for service in cluster.services.iter().filter(|it| !it.daemon && it.cannot_start.is_none()) {
            let (wanted, runs) = (
                world.desired_count(&cluster.name, &service.name),
                world.running_count(&cluster.name, &service.name),
            );
            if runs < wanted && !service.deploying {
                let what = "not all of its tasks find room on the machines as they are here";
                lacks.one(what, format!("service/{}/{}", cluster.name, service.name));
            }
        }
    }
    let known: BTreeSet<LeftOut> = seed.left_out.iter().cloned().collect();
    seed.left_out.extend(lacks.told().into_iter().filter(|it| !known.contains(it)));
    world
}

/// What the world lacks, and whom that concerns.
#[derive(Default)]
struct Lacks(BTreeMap<String, BTreeSet<String>>);

impl Lacks {
    fn one(&mut self, what: &str, concerns: impl Into<String>) {
        self.all(what, [concerns.into()]);
    }

    fn all(&mut self, what: &str, concerns: impl IntoIterator<Item = String>) {
        self.0.entry(what.to_owned()).or_default().extend(concerns);
    }

    fn told(self) -> Vec<LeftOut> {
        let told = |(what, concerns): (String, BTreeSet<String>)| LeftOut {
            what,
            concerns: concerns.into_iter().collect(),
        };
        self.0.into_iter().map(told).collect()
    }
}

/// What the making of a world looks at.
struct Making<'a> {
    snapshot: &'a Snapshot,
    keys: &'a TagKeys,
}

impl Making<'_> {
    /// Our own tags; of the others only how many there are, where AWS's limit is near.
    fn tags(&self, tags: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let all = tags.len();
        let ours = format!("{}:", self.keys.prefix());
        let mut kept: BTreeMap<String, String> =
            tags.into_iter().filter(|(key, _)| key.starts_with(&ours)).collect();
        if all >= MANY_TAGS {
            let others = all - kept.len();
            kept.extend((0..others).map(|n| (format!("another-tag-{n:02}"), String::new())));
        }
        kept
    }

    fn cluster(&self, look: &ClusterLook, lacks: &mut Lacks) -> ClusterEntry {
        let cluster = &look.cluster;
        let of_groups: BTreeSet<&str> = self.instances_of_groups();
        let is_loose = |id: &str| !of_groups.contains(id);
        let loose = look.instances.iter().filter(|it| it.ec2_instance_id.as_deref().is_none_or(is_loose));
        let mut instances = i64::try_from(loose.count()).unwrap_or(i64::MAX);
        let runs = look.services.iter().any(|it| it.running_count > 0 && needs_machines(it));
        if look.instances.is_empty() && runs {
            instances = 1;
            let what = "tasks run on EC2 where no container instance can be seen: a machine with room for them stands in";
            lacks.one(what, format!("cluster/{}", cluster.cluster_name));
        }
        let owned: i32 = look.services.iter().map(|it| it.running_count + it.pending_count).sum();
        let standalone = cluster.running_tasks_count + cluster.pending_tasks_count - owned;
        if standalone > 0 {
            let what = "tasks run that no service owns: they are not played, and would keep machines up as long as they run";
            lacks.one(what, format!("cluster/{}", cluster.cluster_name));
        }
        ClusterEntry {
            name: cluster.cluster_name.clone(),
            instances,
            tags: self.tags(cluster.tags_by_key()),
            capacity_providers: cluster.capacity_providers.clone(),
            services: look.services.iter().map(|it| self.service(cluster, it, lacks)).collect(),
        }
    }

    fn instances_of_groups(&self) -> BTreeSet<&str> {
        let groups = self.snapshot.groups.iter().flat_map(|(group, _)| &group.instances);
        groups.map(|it| it.instance_id.as_str()).collect()
    }

    fn service(&self, cluster: &Cluster, service: &Service, lacks: &mut Lacks) -> ServiceEntry {
        let name = resource(cluster, service);
        self.told_of(&name, service, lacks);
        let primary = service.primary_task_set();
        let (launch_type, strategy) = match primary {
            Some(set) if service.launch_type.is_none() && service.capacity_provider_strategy.is_empty() => {
                (&set.launch_type, &set.capacity_provider_strategy)
            }
            _ => (&service.launch_type, &service.capacity_provider_strategy),
        };
        let (launch_type, strategy) = self.runs_on(launch_type.as_deref(), strategy, &name, lacks);
        let tags = service.tags_by_key();
        let record = tags.get(&self.keys.record).and_then(|it| it.parse::<Record>().ok());
        let recorded = record.and_then(|it| it.size.count).map(|it| i64::from(it.get()));
        let on = if service.desired_count > 0 { Some(i64::from(service.desired_count)) } else { recorded };
        let pinned = self.snapshot.pinned.get(&service.service_arn);
        ServiceEntry {
            name: service.service_name.clone(),
            desired_count: (!service.is_daemon()).then(|| service.desired_count.into()),
            tags: self.tags(tags),
            daemon: service.is_daemon(),
            launch_type,
            capacity_provider_strategy: strategy,
            deployment_controller: service
                .deployment_controller
                .as_ref()
                .map(|it| it.kind.clone())
                .filter(|it| it != "ECS"),
            task_definition: Some(self.definition_of(service)),
            image: Some(UNREAD.to_owned()).filter(|_| !self.is_defined(service)),
            pinned: pinned.map(|it| it.iter().map(|it| (it.container.clone(), it.digest.clone())).collect()),
            short_arn: !is_long_service_arn(&service.service_arn),
            express: service.is_express_managed(),
            scaling: self.scaling(&name, on, lacks),
            ..ServiceEntry::default()
        }
    }

    /// What of a service is not played.
    fn told_of(&self, name: &str, service: &Service, lacks: &mut Lacks) {
        let features = &service.features;
        if let Some(strategy) = features.deployment_strategy.as_deref().filter(|it| *it != "ROLLING") {
            lacks.one(&format!("{strategy} deployments are not played: a start here is a rolling one"), name);
        }
        for (has, what) in [
            (features.service_connect, "Service Connect is not played"),
            (features.vpc_lattice, "VPC Lattice is not played"),
            (features.managed_volumes, "EBS volumes that ECS makes for tasks are not played"),
            (
                service.is_deploying(),
                "a deployment is in progress: it is taken for finished, with the new task definition",
            ),
            (
                !service.is_deploying()
                    && !service.is_daemon()
                    && service.running_count < service.desired_count,
                "fewer tasks run than are wanted: here all of them come up",
            ),
        ] {
            if has {
                lacks.one(what, name);
            }
        }
        if let Some(by) = service.deployment_controller.as_ref().filter(|it| it.kind != "ECS") {
            lacks.one(&format!("its deployments by {} are not played", by.kind), name);
        }
        if self.is_defined(service)
            && service.is_deployed_by_ecs()
            && !self.snapshot.pinned.contains_key(&service.service_arn)
        {
            let what = "no revision tells which images its deployment resolved: they are taken for what the tags mean now";
            lacks.one(what, name);
        }
    }

    /// Where its tasks run here.
    fn runs_on(
        &self,
        launch_type: Option<&str>,
        strategy: &[CapacityProviderStrategyItem],
        name: &str,
        lacks: &mut Lacks,
    ) -> (Option<LaunchType>, Vec<ShareEntry>) {
        let has_room = "here they find room at once, as on Fargate";
        if let Some(other) = strategy.iter().find(|it| !self.is_of_a_group(&it.capacity_provider)) {
            let what = format!(
                "tasks run on ECS Managed Instances (capacity provider {}): {has_room}",
                other.capacity_provider
            );
            lacks.one(&what, name);
            return (Some(LaunchType::Fargate), Vec::new());
        }
        if !strategy.is_empty() {
            let share = |it: &CapacityProviderStrategyItem| ShareEntry {
                capacity_provider: it.capacity_provider.clone(),
                weight: it.weight.into(),
                base: it.base.into(),
            };
            return (None, strategy.iter().map(share).collect());
        }
        match launch_type {
            Some("FARGATE") => (Some(LaunchType::Fargate), Vec::new()),
            None | Some("EC2") => (Some(LaunchType::Ec2), Vec::new()),
            Some(other) => {
                lacks.one(&format!("tasks run with launch type {other}: {has_room}"), name);
                (Some(LaunchType::Fargate), Vec::new())
            }
        }
    }

    /// Fargate's providers, and those of Auto Scaling groups, are known here.
    fn is_of_a_group(&self, provider: &str) -> bool {
        let known = self.snapshot.providers.iter().find(|it| it.name == provider);
        provider.starts_with("FARGATE") || known.is_none_or(|it| it.auto_scaling_group_provider.is_some())
    }

    fn is_defined(&self, service: &Service) -> bool {
        self.snapshot.definitions.contains_key(service.starts_with())
    }

    /// `family:revision`, where it was read; else a name of its own, with which one is made.
    fn definition_of(&self, service: &Service) -> String {
        match self.snapshot.definitions.get(service.starts_with()) {
            Some(known) => format!("{}:{}", known.family, known.revision),
            None => service.service_name.clone(),
        }
    }

    fn scaling(&self, name: &str, on: Option<i64>, lacks: &mut Lacks) -> Option<ScalingEntry> {
        let ScalableTarget { min_capacity, max_capacity, suspended, .. } =
            self.snapshot.targets.iter().find(|it| it.resource_id == name)?;
        let policies: Vec<_> = self.snapshot.policies.iter().filter(|it| it.resource_id == name).collect();
        let predictive: Vec<String> =
            policies.iter().filter(|it| it.scales_by_forecast).map(|it| it.policy_name.clone()).collect();
        if !predictive.is_empty() {
            let what = "predictive scaling policies are not played: they may raise or wake it when their forecast says so";
            lacks.one(what, name);
        }
        let follows_load = policies.iter().any(|it| it.policy_type != "PredictiveScaling");
        let actions = self.snapshot.actions.iter().filter(|it| it.resource_id == name);
        Some(ScalingEntry {
            min: i64::from(*min_capacity),
            max: i64::from(*max_capacity),
            suspended: SuspendedEntry {
                dynamic_in: suspended.dynamic_scaling_in,
                dynamic_out: suspended.dynamic_scaling_out,
                scheduled: suspended.scheduled_scaling,
            },
            load: on.filter(|_| follows_load),
            predictive_policies: predictive,
            scheduled_actions: actions
                .filter(|it| it.may_come_due_after(self.snapshot.at))
                .filter(|it| it.min_capacity.is_some() || it.max_capacity.is_some())
                .map(action)
                .collect(),
        })
    }

    /// The groups that carry tasks of a cluster, and those that carry a tag of ours.
    fn groups(&self, lacks: &mut Lacks) -> Vec<GroupEntry> {
        let ours = format!("{}:", self.keys.prefix());
        let matters = |(group, link): &&(Group, Link)| {
            link.cluster.is_some()
                || link.capacity_provider.is_some()
                || group.tags.iter().any(|it| it.key.starts_with(&ours))
        };
        let there = self.snapshot.groups.iter().filter(|(group, _)| group.status.is_none());
        there.filter(matters).map(|(group, link)| self.group(group, link, lacks)).collect()
    }

    fn group(&self, group: &Group, link: &Link, lacks: &mut Lacks) -> GroupEntry {
        let name = format!("autoScalingGroup/{}", group.auto_scaling_group_name);
        if let Some(actions) = self.snapshot.group_actions.get(&group.auto_scaling_group_name) {
            let what = format!("scheduled actions of a group are not played: {}", actions.join(", "));
            lacks.one(&what, name.as_str());
        }
        for (has, what) in [
            (
                group.instances.iter().any(|it| it.weighted_capacity.is_some()),
                "its instances have weights: here each counts as one",
            ),
            (group.warm_pool_size.is_some_and(|n| n > 0), "its warm pool is not played"),
        ] {
            if has {
                lacks.one(what, name.as_str());
            }
        }
        let types: BTreeSet<&str> =
            group.instances.iter().filter_map(|it| it.instance_type.as_deref()).collect();
        let resources = self.resources_of(group);
        if types.len() > 1 {
            let what = format!(
                "its instances are of several types ({}): here all are as the smallest",
                types.iter().copied().collect::<Vec<_>>().join(", ")
            );
            lacks.one(&what, name.as_str());
        }
        if resources.is_none() && link.cluster.is_some() {
            let what =
                "it has no instance whose size could be seen: here each has 16 vCPU and 62 GiB for tasks";
            lacks.one(what, name.as_str());
        }
        GroupEntry {
            name: group.auto_scaling_group_name.clone(),
            min_size: group.min_size.into(),
            desired_capacity: group.desired_capacity.into(),
            max_size: group.max_size.into(),
            instance_type: types.first().map(|it| (*it).to_owned()),
            instance_resources: Some(resources.unwrap_or((16_384, 63_350))),
            cluster: link.cluster.as_ref().map(|(cluster, _)| cluster.clone()),
            tags: self.tags(group.tags_by_key()),
            suspended: group.suspended_processes.iter().map(|it| it.process_name.clone()).collect(),
            protected: group.new_instances_protected_from_scale_in,
        }
    }

    /// CPU units and MiB that the smallest of its instances has for tasks.
    fn resources_of(&self, group: &Group) -> Option<(i64, i64)> {
        let ids: BTreeSet<&str> = group.instances.iter().map(|it| it.instance_id.as_str()).collect();
        let all = self.snapshot.clusters.iter().flat_map(|look| &look.instances);
        let members = all.filter(|it| it.ec2_instance_id.as_deref().is_some_and(|id| ids.contains(id)));
        let sizes = members.filter_map(|it| {
            let of = |name: &str| {
                it.registered_resources.iter().find(|it| it.name == name)?.integer_value.map(i64::from)
            };
            Some((of("CPU")?, of("MEMORY")?))
        });
        sizes.min()
    }

    fn definitions(&self) -> Vec<TaskDefinitionEntry> {
        let mut all: Vec<TaskDefinitionEntry> = self.snapshot.definitions.values().map(definition).collect();
        all.sort_by(|a, b| (&a.family, a.revision).cmp(&(&b.family, b.revision)));
        all.dedup_by(|a, b| (&a.family, a.revision) == (&b.family, b.revision));
        all
    }
}

fn needs_machines(service: &Service) -> bool {
    service.launch_type.as_deref() == Some("EC2")
}

fn definition(from: &TaskDefinition) -> TaskDefinitionEntry {
    let host = from.network_mode.as_deref() == Some("host");
    let port = |it: &PortMapping| {
        let port = if host { it.container_port } else { it.host_port };
        port.filter(|port| *port > 0).map(i64::from)
    };
    let container = |it: &ContainerDefinition| ContainerEntry {
        name: it.name.clone(),
        image: it.image.clone(),
        inessential: !it.essential,
        cpu: (it.cpu > 0).then(|| it.cpu.into()),
        memory: it.memory.map(i64::from),
        memory_reservation: it.memory_reservation.map(i64::from),
        host_ports: it.port_mappings.iter().filter_map(port).collect(),
        inconsistent: it.version_consistency.as_deref() == Some("disabled"),
    };
    TaskDefinitionEntry {
        family: from.family.clone(),
        revision: u64::try_from(from.revision).unwrap_or(1),
        inactive: from.status.as_deref().is_some_and(|it| it != "ACTIVE"),
        cpu: from.cpu.clone(),
        memory: from.memory.clone(),
        network_mode: from.network_mode.clone(),
        requires_compatibilities: from.requires_compatibilities.clone(),
        containers: from.container_definitions.iter().map(container).collect(),
    }
}

fn action(from: &ScheduledAction) -> ActionEntry {
    // A rate counts from its start, else from when it was made.
    let counts_from = from.creation_time.filter(|_| from.schedule.starts_with("rate"));
    ActionEntry {
        name: from.scheduled_action_name.clone(),
        schedule: from.schedule.clone(),
        timezone: from.timezone.clone(),
        min: from.min_capacity.map(i64::from),
        max: from.max_capacity.map(i64::from),
        start: from.start_time.or(counts_from),
        end: from.end_time,
    }
}

fn provider(from: &CapacityProvider, groups: &BTreeSet<&str>) -> Option<ProviderEntry> {
    let of = from.auto_scaling_group_provider.as_ref()?;
    let group = of.auto_scaling_group_arn.rsplit("autoScalingGroupName/").next()?;
    let managed = of.managed_scaling.as_ref().filter(|it| it.status.as_deref() == Some("ENABLED"));
    (groups.contains(group) && from.status.as_deref() != Some("INACTIVE")).then(|| ProviderEntry {
        name: short_name(&from.name).to_owned(),
        group: group.to_owned(),
        managed_scaling: managed.map(|it| it.target_capacity.unwrap_or(100).into()),
        managed_termination_protection: of.managed_termination_protection.as_deref() == Some("ENABLED"),
    })
}

fn repository(look: &RepositoryLook, snapshot: &Snapshot, lacks: &mut Lacks) -> RepositoryEntry {
    let name = format!("repository/{}", look.name);
    if let Some(why) = &look.unread {
        let what = format!(
            "its images could not be read, and those that services start with are taken for there: {why}"
        );
        lacks.one(&what, name.as_str());
        let images = wanted_of(&look.name, snapshot);
        return RepositoryEntry { name: look.name.clone(), lifecycle_policy: None, images };
    }
    let lifecycle_policy = look.lifecycle_policy.as_ref().and_then(|it| serde_json::from_str(it).ok());
    if lifecycle_policy.is_some() {
        let what =
            "a lifecycle policy is attached: the bedtime check says what it takes, and nothing is taken here";
        lacks.one(what, name.as_str());
    }
    // An index comes after what it names, and a referrer after its subject.
    let depth = |it: &ImageDetail| {
        (it.subject_manifest_digest.is_some(), is_index(it), it.image_pushed_at, it.image_digest.clone())
    };
    let mut images: Vec<&ImageDetail> = look.images.iter().collect();
    images.sort_by_key(|it| depth(it));
    let there: BTreeSet<&str> = images.iter().map(|it| it.image_digest.as_str()).collect();
    let image = |it: &&ImageDetail| {
        let known = look.children.get(&it.image_digest);
        let children = is_index(it).then(|| {
            let named = known.into_iter().flatten().filter(|it| there.contains(it.as_str()));
            named.cloned().collect::<Vec<_>>()
        });
        ImageEntry {
            name: it.image_digest.clone(),
            digest: Some(it.image_digest.clone()),
            tags: Some(it.image_tags.clone()),
            pushed_at: it.image_pushed_at,
            pulled_at: it.last_recorded_pull_time,
            archived_at: it.last_archived_at.filter(|_| it.image_status.as_deref() == Some("ARCHIVED")),
            size_in_bytes: it.image_size_in_bytes,
            unreadable: is_index(it) && known.is_none(),
            children,
            subject: it.subject_manifest_digest.clone(),
            ..ImageEntry::default()
        }
    };
    RepositoryEntry { name: look.name.clone(), lifecycle_policy, images: images.iter().map(image).collect() }
}

/// The images of a repository that something starts with.
fn wanted_of(repository: &str, snapshot: &Snapshot) -> Vec<ImageEntry> {
    let mut entries = BTreeMap::new();
    let own = |text: &str| match ImageRef::parse(text) {
        Ok(ImageRef::Ecr(image)) if image.repository.to_string() == repository => Some(image),
        _ => None,
    };
    for image in snapshot.images().iter().filter_map(|it| own(it)) {
        let entry = match image.identifier() {
            ImageIdentifier::Tag(tag) => ImageEntry { name: tag.to_owned(), ..ImageEntry::default() },
            ImageIdentifier::Digest(digest) => known_by_digest(digest.as_str()),
        };
        entries.insert(entry.name.clone(), entry);
    }
    for pinned in snapshot.pinned.values().flatten() {
        if let (Some(digest), Some(_)) = (&pinned.digest, own(&pinned.image)) {
            entries.insert(digest.clone(), known_by_digest(digest));
        }
    }
    entries.into_values().collect()
}

fn known_by_digest(digest: &str) -> ImageEntry {
    ImageEntry {
        name: digest.to_owned(),
        digest: Some(digest.to_owned()),
        tags: Some(Vec::new()),
        ..ImageEntry::default()
    }
}
