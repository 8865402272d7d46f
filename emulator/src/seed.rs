//! A world from a JSON file, or from the value that such a file holds.

mod entries;

use std::fmt;

use serde_json::{Value, json};

use crate::builders::{GroupSeed, JobSeed, ProviderSeed, ServiceSeed, TargetSeed};
use crate::ecs::capacity_providers::Share;
use crate::ecs::state::{Tags, TaskDefinition};
use crate::world::World;

pub(crate) use entries::is_false;
pub use entries::{
    ActionEntry, ClusterEntry, ContainerEntry, GroupEntry, JobEntry, LaunchType, LeftOut, ProviderEntry,
    ScalingEntry, Seed, ServiceEntry, ShareEntry, SuspendedEntry, TaskDefinitionEntry,
};

/// What is wrong with a seed, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedError {
    /// The place, such as `clusters[0].services[2].scaling.min`.
    pub at: String,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

impl std::error::Error for SeedError {}

impl SeedError {
    fn at(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into() }
    }
}

impl World {
    /// A world as a JSON file describes it; the error names the place of the fault.
    ///
    /// ```
    /// let world = emulator::World::from_json(r#"{
    ///     "now": "2026-11-24T09:00:00-03:00",
    ///     "clusters": [{"name": "prod", "services": [
    ///         {"name": "users", "desiredCount": 2, "scaling": {"min": 1, "max": 6, "load": 2}}
    ///     ]}]
    /// }"#)?;
    /// assert_eq!(world.running_count("prod", "users"), 2);
    /// # Ok::<(), emulator::SeedError>(())
    /// ```
    pub fn from_json(seed: &str) -> Result<Self, SeedError> {
        Self::from_seed(&Seed::from_json(seed)?)
    }

    /// A world as a seed describes it; the error names the place of the first fault.
    pub fn from_seed(seed: &Seed) -> Result<Self, SeedError> {
        let (world, faults) = Self::as_far_as_possible(seed);
        faults.into_iter().next().map_or(Ok(world), Err)
    }

    /// A world as a seed describes it, without what of it can't be made, and why that can't be.
    #[must_use]
    pub fn as_far_as_possible(seed: &Seed) -> (Self, Vec<SeedError>) {
        let mut world = Self::new(seed.now);
        let mut faults = Vec::new();
        let text = |given: &Option<String>, else_: &str| given.clone().unwrap_or_else(|| else_.to_owned());
        world.account = text(&seed.account, &world.account);
        world.region = text(&seed.region, &world.region);
        world.partition = text(&seed.partition, &world.partition);
        // Before the services, which pin the digests of their images.
        for (n, repository) in seed.repositories.iter().enumerate() {
            if let Err((at, message)) = repository.plant(&mut world) {
                faults.push(SeedError::at(format!("repositories[{n}]{at}"), message));
            }
        }
        for (n, definition) in seed.task_definitions.iter().enumerate() {
            if let Err(message) = definition.plant(&mut world) {
                faults.push(SeedError::at(format!("taskDefinitions[{n}]"), message));
            }
        }
        for (n, group) in seed.auto_scaling_groups.iter().enumerate() {
            if !(0..=group.max_size).contains(&group.min_size)
                || !(group.min_size..=group.max_size).contains(&group.desired_capacity)
            {
                let message = "the sizes must ascend: 0, min, desired, max";
                faults.push(SeedError::at(format!("autoScalingGroups[{n}]"), message));
                continue;
            }
            world.group(group.seed());
        }
        for provider in &seed.capacity_providers {
            world.capacity_provider(provider.seed(&seed.clusters));
        }
        for (n, cluster) in seed.clusters.iter().enumerate() {
            cluster.plant(&mut world, &format!("clusters[{n}]"), &mut faults);
        }
        // A service may have a definition of which no other could be made now.
        for entry in seed.task_definitions.iter().filter(|it| it.inactive) {
            let revisions = world.ecs.task_definitions.get_mut(&entry.family);
            for it in revisions.into_iter().flatten().filter(|it| it.revision == entry.revision) {
                (it.active, it.deregistered_at) = (false, Some(it.registered_at));
            }
        }
        for bucket in &seed.buckets {
            world.bucket(bucket);
        }
        for (n, job) in seed.jobs.iter().enumerate() {
            world.job(&job.family, job.seed());
            if !world.ecs.task_definitions.contains_key(&job.family) {
                let message = format!("{:?} is no name of a family", job.family);
                faults.push(SeedError::at(format!("jobs[{n}].family"), message));
            }
        }
        (world, faults)
    }
}

impl Seed {
    /// A seed as a JSON file holds it; the error names the place of the fault.
    pub fn from_json(text: &str) -> Result<Self, SeedError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let seed = serde_path_to_error::deserialize(&mut reader)
            .map_err(|e| SeedError::at(e.path().to_string(), e.inner().to_string()))?;
        reader.end().map_err(|e| SeedError::at("the end", e.to_string()))?;
        Ok(seed)
    }
}

impl TaskDefinitionEntry {
    fn plant(&self, world: &mut World) -> Result<(), String> {
        let Self { family, revision, .. } = self;
        if !crate::ecs::clusters::valid_name(family) {
            return Err(format!("{family:?} is no name of a family"));
        }
        if self.containers.is_empty() {
            return Err(format!("{family}:{revision} has no container"));
        }
        let container = |it: &ContainerEntry| {
            let mut view = crate::wire::object(json!({
                "name": it.name, "image": it.image, "essential": !it.inessential,
            }));
            crate::wire::put(&mut view, "cpu", it.cpu);
            crate::wire::put(&mut view, "memory", it.memory);
            crate::wire::put(&mut view, "memoryReservation", it.memory_reservation);
            crate::wire::put(&mut view, "versionConsistency", it.inconsistent.then_some("disabled"));
            let ports = it.host_ports.iter().map(|port| json!({"containerPort": port, "hostPort": port}));
            let ports: Vec<Value> = ports.collect();
            crate::wire::put(&mut view, "portMappings", (!ports.is_empty()).then_some(ports));
            Value::from(view)
        };
        let mut rest = serde_json::Map::new();
        crate::wire::put(&mut rest, "cpu", self.cpu.as_deref());
        crate::wire::put(&mut rest, "memory", self.memory.as_deref());
        crate::wire::put(&mut rest, "networkMode", self.network_mode.as_deref());
        let kinds = &self.requires_compatibilities;
        crate::wire::put(&mut rest, "requiresCompatibilities", (!kinds.is_empty()).then(|| kinds.clone()));
        let definition = TaskDefinition {
            arn: world.arn("ecs", &format!("task-definition/{family}:{revision}")),
            family: family.clone(),
            revision: *revision,
            active: true,
            registered_at: world.now,
            deregistered_at: None,
            containers: self.containers.iter().map(container).collect(),
            rest,
            tags: Tags::new(),
        };
        let revisions = world.ecs.task_definitions.entry(family.clone()).or_default();
        match revisions.binary_search_by_key(revision, |it| it.revision) {
            Ok(_) => Err(format!("{family}:{revision} is there already")),
            Err(place) => {
                revisions.insert(place, definition);
                Ok(())
            }
        }
    }
}

impl ClusterEntry {
    fn plant(&self, world: &mut World, at: &str, faults: &mut Vec<SeedError>) {
        if !crate::ecs::clusters::valid_name(&self.name) {
            faults.push(SeedError::at(at, format!("{:?} is no name of a cluster", self.name)));
            return;
        }
        world.cluster(&self.name).instances(&self.name, self.instances);
        if let Some(cluster) = world.ecs.clusters.get_mut(&self.name) {
            for provider in &self.capacity_providers {
                cluster.associate(provider, false);
            }
        }
        for (key, value) in &self.tags {
            world.cluster_tag(&self.name, key, value);
        }
        for (n, service) in self.services.iter().enumerate() {
            if let Err(fault) = service.plant(world, &self.name, &format!("{at}.services[{n}]")) {
                faults.push(fault);
            }
        }
    }
}

impl ServiceEntry {
    fn plant(&self, world: &mut World, cluster: &str, at: &str) -> Result<(), SeedError> {
        let wrong = |place: &str, message: String| SeedError::at(format!("{at}{place}"), message);
        let name = &self.name;
        if self.daemon {
            if self.desired_count.is_some() {
                return Err(wrong(".desiredCount", "a DAEMON service has none".to_owned()));
            }
            if self.launch_type == Some(LaunchType::Fargate) {
                return Err(wrong(".launchType", "a DAEMON service runs on EC2".to_owned()));
            }
        }
        world.service(cluster, self.seed());
        if world.ecs.service(cluster, name).is_none() {
            return Err(wrong(
                "",
                format!("{name:?} cannot be made: its name, count or task definition is refused"),
            ));
        }
        if let Some(pinned) = &self.pinned {
            world.pin(cluster, name, pinned);
        }
        let Some(scaling) = &self.scaling else {
            return Ok(());
        };
        scaling.plant(world, cluster, name).map_err(|(place, message)| wrong(&place, message))
    }

    fn seed(&self) -> ServiceSeed {
        let mut seed = ServiceSeed::new(&self.name);
        if self.daemon {
            seed = seed.daemon();
        }
        if self.launch_type == Some(LaunchType::Ec2) {
            seed = seed.ec2();
        }
        seed = seed.desired(self.desired_count.unwrap_or(1));
        for (key, value) in &self.tags {
            seed = seed.tag(key, value);
        }
        for share in &self.capacity_provider_strategy {
            seed = seed.share(Share {
                capacity_provider: share.capacity_provider.clone(),
                weight: share.weight,
                base: share.base,
            });
        }
        if let Some(controller) = &self.deployment_controller {
            seed = seed.controller(controller);
        }
        if let Some(definition) = &self.task_definition {
            seed = seed.task_definition(definition);
        }
        if let Some(image) = &self.image {
            seed = seed.image(image);
        }
        if let Some((cpu, memory)) = self.size {
            seed = seed.size(cpu, memory);
        }
        if let Some(reason) = &self.cannot_start {
            seed = seed.cannot_start(reason);
        }
        if self.short_arn {
            seed = seed.short_arn();
        }
        if self.express {
            seed = seed.express();
        }
        if self.deploying {
            seed = seed.deploying();
        }
        seed
    }
}

impl ScalingEntry {
    fn plant(&self, world: &mut World, cluster: &str, service: &str) -> Result<(), (String, String)> {
        let wrong = |place: &str, message: String| (format!(".scaling{place}"), message);
        let mut target = TargetSeed::new(self.min, self.max).suspended(
            self.suspended.dynamic_in,
            self.suspended.dynamic_out,
            self.suspended.scheduled,
        );
        if self.load.is_some() {
            target = target.tracking();
        }
        world.scalable_target(cluster, service, target);
        if world.target(cluster, service).is_none() {
            return Err(wrong("", "the bounds are refused".to_owned()));
        }
        if let Some(load) = self.load {
            world.load(cluster, service, load);
        }
        for (n, name) in self.predictive_policies.iter().enumerate() {
            let policy = json!({
                "PolicyName": name,
                "ServiceNamespace": "ecs",
                "ResourceId": format!("service/{cluster}/{service}"),
                "ScalableDimension": "ecs:service:DesiredCount",
                "PolicyType": "PredictiveScaling",
                "PredictiveScalingPolicyConfiguration": {
                    "Mode": "ForecastAndScale",
                    "MetricSpecifications": [{
                        "TargetValue": 60.0,
                        "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPUUtilization"},
                    }],
                },
            });
            world
                .call("application-autoscaling", "PutScalingPolicy", policy)
                .map_err(|e| wrong(&format!(".predictivePolicies[{n}]"), e.message))?;
        }
        for (n, action) in self.scheduled_actions.iter().enumerate() {
            world
                .call("application-autoscaling", "PutScheduledAction", action.input(cluster, service))
                .map_err(|e| wrong(&format!(".scheduledActions[{n}]"), e.message))?;
        }
        Ok(())
    }
}

impl ProviderEntry {
    fn seed(&self, clusters: &[ClusterEntry]) -> ProviderSeed {
        let mut seed = ProviderSeed::new(&self.name, &self.group);
        if let Some(target) = self.managed_scaling {
            seed = seed.managed_scaling(target);
        }
        if self.managed_termination_protection {
            seed = seed.managed_termination_protection();
        }
        let having = clusters.iter().filter(|it| it.capacity_providers.contains(&self.name));
        having.fold(seed, |seed, cluster| seed.cluster(&cluster.name))
    }
}

impl JobEntry {
    fn seed(&self) -> JobSeed {
        let mut seed = JobSeed::new();
        if let Some(seconds) = self.seconds {
            seed = seed.runs_for(std::time::Duration::from_secs(seconds));
        }
        if let Some(reason) = &self.never_starts {
            seed = seed.never_starts(reason);
        }
        for name in &self.sidecars {
            seed = seed.sidecar(name);
        }
        self.exit_codes.iter().fold(seed, |seed, (container, code)| seed.exit(container, *code))
    }
}

impl GroupEntry {
    fn seed(&self) -> GroupSeed {
        let mut seed = GroupSeed::new(&self.name).sizes(self.min_size, self.desired_capacity, self.max_size);
        if let Some(name) = &self.instance_type {
            seed = seed.instance_type(name);
        }
        if let Some(name) = &self.cluster {
            seed = seed.cluster(name);
        }
        if let Some((cpu, memory)) = self.instance_resources {
            seed = seed.instance_resources(cpu, memory);
        }
        if self.protected {
            seed = seed.protected();
        }
        for process in &self.suspended {
            seed = seed.suspended(process);
        }
        self.tags.iter().fold(seed, |seed, (key, value)| seed.tag(key, value))
    }
}

impl ActionEntry {
    fn input(&self, cluster: &str, service: &str) -> Value {
        let mut bounds = serde_json::Map::new();
        crate::wire::put(&mut bounds, "MinCapacity", self.min);
        crate::wire::put(&mut bounds, "MaxCapacity", self.max);
        let mut input = crate::wire::object(json!({
            "ServiceNamespace": "ecs",
            "ScheduledActionName": self.name,
            "ResourceId": format!("service/{cluster}/{service}"),
            "ScalableDimension": "ecs:service:DesiredCount",
            "Schedule": self.schedule,
            "ScalableTargetAction": bounds,
        }));
        crate::wire::put(&mut input, "Timezone", self.timezone.as_deref());
        crate::wire::put(&mut input, "StartTime", self.start.map(crate::wire::epoch));
        crate::wire::put(&mut input, "EndTime", self.end.map(crate::wire::epoch));
        input.into()
    }
}
