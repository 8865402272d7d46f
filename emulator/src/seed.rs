//! A world from a JSON file.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::builders::{GroupSeed, JobSeed, ServiceSeed, TargetSeed};
use crate::ecr::RepositoryEntry;
use crate::world::World;

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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Seed {
    now: Timestamp,
    account: Option<String>,
    region: Option<String>,
    partition: Option<String>,
    #[serde(default)]
    clusters: Vec<ClusterEntry>,
    #[serde(default)]
    auto_scaling_groups: Vec<GroupEntry>,
    #[serde(default)]
    repositories: Vec<RepositoryEntry>,
    #[serde(default)]
    jobs: Vec<JobEntry>,
    /// Names of empty buckets of S3.
    #[serde(default)]
    buckets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JobEntry {
    family: String,
    /// How long it runs.
    seconds: Option<u64>,
    #[serde(default)]
    exit_codes: BTreeMap<String, i64>,
    never_starts: Option<String>,
    #[serde(default)]
    sidecars: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupEntry {
    name: String,
    min_size: i64,
    desired_capacity: i64,
    max_size: i64,
    instance_type: Option<String>,
    cluster: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClusterEntry {
    name: String,
    #[serde(default)]
    instances: i64,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    services: Vec<ServiceEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
struct ServiceEntry {
    name: String,
    desired_count: Option<i64>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    daemon: bool,
    launch_type: Option<LaunchType>,
    task_definition: Option<String>,
    image: Option<String>,
    /// CPU units and MiB of its task definition.
    size: Option<(i64, i64)>,
    #[serde(default)]
    short_arn: bool,
    #[serde(default)]
    express: bool,
    #[serde(default)]
    deploying: bool,
    cannot_start: Option<String>,
    scaling: Option<Scaling>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
enum LaunchType {
    #[serde(rename = "EC2")]
    Ec2,
    #[serde(rename = "FARGATE")]
    Fargate,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Scaling {
    min: i64,
    max: i64,
    #[serde(default)]
    suspended: Suspended,
    /// How many tasks the load asks for; with it comes a target-tracking policy.
    load: Option<i64>,
    #[serde(default)]
    scheduled_actions: Vec<ActionEntry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Suspended {
    dynamic_in: bool,
    dynamic_out: bool,
    scheduled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ActionEntry {
    name: String,
    schedule: String,
    timezone: Option<String>,
    min: Option<i64>,
    max: Option<i64>,
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
        let mut reader = serde_json::Deserializer::from_str(seed);
        let seed: Seed = serde_path_to_error::deserialize(&mut reader)
            .map_err(|e| SeedError { at: e.path().to_string(), message: e.inner().to_string() })?;
        reader.end().map_err(|e| SeedError { at: "the end".to_owned(), message: e.to_string() })?;
        let mut world = Self::new(seed.now);
        world.account = seed.account.unwrap_or(world.account);
        world.region = seed.region.unwrap_or(world.region);
        world.partition = seed.partition.unwrap_or(world.partition);
        // Before the services, which pin the digests of their images.
        for (n, repository) in seed.repositories.into_iter().enumerate() {
            repository
                .plant(&mut world)
                .map_err(|(at, message)| SeedError { at: format!("repositories[{n}]{at}"), message })?;
        }
        for (n, group) in seed.auto_scaling_groups.into_iter().enumerate() {
            if !(0..=group.max_size).contains(&group.min_size)
                || !(group.min_size..=group.max_size).contains(&group.desired_capacity)
            {
                let message = "the sizes must ascend: 0, min, desired, max".to_owned();
                return Err(SeedError { at: format!("autoScalingGroups[{n}]"), message });
            }
            world.group(group.seed());
        }
        for (n, cluster) in seed.clusters.into_iter().enumerate() {
            let at = format!("clusters[{n}]");
            if !crate::ecs::clusters::valid_name(&cluster.name) {
                return Err(SeedError { at, message: format!("{:?} is no name of a cluster", cluster.name) });
            }
            world.cluster(&cluster.name).instances(&cluster.name, cluster.instances);
            for (key, value) in &cluster.tags {
                world.cluster_tag(&cluster.name, key, value);
            }
            for (n, service) in cluster.services.into_iter().enumerate() {
                let at = format!("{at}.services[{n}]");
                world.plant(&cluster.name, service, &at)?;
            }
        }
        for bucket in &seed.buckets {
            world.bucket(bucket);
        }
        for (n, job) in seed.jobs.into_iter().enumerate() {
            let family = job.family.clone();
            world.job(&family, job.seed());
            if !world.ecs.task_definitions.contains_key(&family) {
                let message = format!("{family:?} is no name of a family");
                return Err(SeedError { at: format!("jobs[{n}].family"), message });
            }
        }
        Ok(world)
    }

    fn plant(&mut self, cluster: &str, entry: ServiceEntry, at: &str) -> Result<(), SeedError> {
        let wrong = |place: &str, message: String| SeedError { at: format!("{at}{place}"), message };
        let name = entry.name;
        let mut seed = ServiceSeed::new(&name);
        if entry.daemon {
            if entry.desired_count.is_some() {
                return Err(wrong(".desiredCount", "a DAEMON service has none".to_owned()));
            }
            if entry.launch_type == Some(LaunchType::Fargate) {
                return Err(wrong(".launchType", "a DAEMON service runs on EC2".to_owned()));
            }
            seed = seed.daemon();
        }
        if entry.launch_type == Some(LaunchType::Ec2) {
            seed = seed.ec2();
        }
        seed = seed.desired(entry.desired_count.unwrap_or(1));
        for (key, value) in &entry.tags {
            seed = seed.tag(key, value);
        }
        if let Some(definition) = &entry.task_definition {
            seed = seed.task_definition(definition);
        }
        if let Some(image) = &entry.image {
            seed = seed.image(image);
        }
        if let Some((cpu, memory)) = entry.size {
            seed = seed.size(cpu, memory);
        }
        if let Some(reason) = &entry.cannot_start {
            seed = seed.cannot_start(reason);
        }
        if entry.short_arn {
            seed = seed.short_arn();
        }
        if entry.express {
            seed = seed.express();
        }
        if entry.deploying {
            seed = seed.deploying();
        }
        self.service(cluster, seed);
        if self.ecs.service(cluster, &name).is_none() {
            return Err(wrong(
                "",
                format!("{name:?} cannot be made: its name, count or task definition is refused"),
            ));
        }
        let Some(scaling) = entry.scaling else {
            return Ok(());
        };
        let mut target = TargetSeed::new(scaling.min, scaling.max).suspended(
            scaling.suspended.dynamic_in,
            scaling.suspended.dynamic_out,
            scaling.suspended.scheduled,
        );
        if scaling.load.is_some() {
            target = target.tracking();
        }
        self.scalable_target(cluster, &name, target);
        if self.target(cluster, &name).is_none() {
            return Err(wrong(".scaling", "the bounds are refused".to_owned()));
        }
        if let Some(load) = scaling.load {
            self.load(cluster, &name, load);
        }
        for (n, action) in scaling.scheduled_actions.into_iter().enumerate() {
            let at = format!(".scaling.scheduledActions[{n}]");
            let input = action.input(cluster, &name);
            self.call("application-autoscaling", "PutScheduledAction", input)
                .map_err(|e| wrong(&at, e.message))?;
        }
        Ok(())
    }
}

impl JobEntry {
    fn seed(self) -> JobSeed {
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
    fn seed(self) -> GroupSeed {
        let mut seed = GroupSeed::new(&self.name).sizes(self.min_size, self.desired_capacity, self.max_size);
        if let Some(name) = &self.instance_type {
            seed = seed.instance_type(name);
        }
        if let Some(name) = &self.cluster {
            seed = seed.cluster(name);
        }
        self.tags.iter().fold(seed, |seed, (key, value)| seed.tag(key, value))
    }
}

impl ActionEntry {
    fn input(self, cluster: &str, service: &str) -> Value {
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
        crate::wire::put(&mut input, "Timezone", self.timezone);
        input.into()
    }
}
