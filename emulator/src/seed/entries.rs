//! The words of a seed: what a world's file may say. No field holds an environment value, a secret or a command.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ecr::RepositoryEntry;

/// A world, as its file describes it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seed {
    /// The date at which it begins.
    pub now: Timestamp,
    /// 12 digits; `123456789012` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// `sa-east-1` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// `aws` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Revisions of task definitions; what a service names and is not among them is made for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub task_definitions: Vec<TaskDefinitionEntry>,
    /// ECS's clusters, with their services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<ClusterEntry>,
    /// EC2 Auto Scaling groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auto_scaling_groups: Vec<GroupEntry>,
    /// The account's own capacity providers, each of a group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_providers: Vec<ProviderEntry>,
    /// ECR's repositories, with their images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<RepositoryEntry>,
    /// What tasks of a family do that no service owns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobEntry>,
    /// Names of empty buckets of S3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<String>,
    /// What the account that this world was made of has, and this world has not. It changes nothing: it is for whoever
    /// reads what was played here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

impl Seed {
    /// An empty account.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            account: None,
            region: None,
            partition: None,
            task_definitions: Vec::new(),
            clusters: Vec::new(),
            auto_scaling_groups: Vec::new(),
            capacity_providers: Vec::new(),
            repositories: Vec::new(),
            jobs: Vec::new(),
            buckets: Vec::new(),
            left_out: Vec::new(),
        }
    }
}

/// Something that an account has, and a world that was made of it has not.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeftOut {
    /// What it is, and what is done in its place: a sentence.
    pub what: String,
    /// What has it: `service/prod/users`, `autoScalingGroup/web`; empty where it concerns all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<String>,
}

/// A revision of a task definition.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskDefinitionEntry {
    /// Its family.
    pub family: String,
    /// 1 and on.
    pub revision: u64,
    /// Deregistered: services that have it go on, and nothing new is made with it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub inactive: bool,
    /// CPU units of a task, where the task has a size of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// MiB of a task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// `awsvpc`, `bridge`, `host`, `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_mode: Option<String>,
    /// `EC2`, `FARGATE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires_compatibilities: Vec<String>,
    /// At least one.
    pub containers: Vec<ContainerEntry>,
}

/// A container of a task definition.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerEntry {
    /// Its name.
    pub name: String,
    /// Its image, as it is named there.
    pub image: String,
    /// The task goes on without it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub inessential: bool,
    /// CPU units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<i64>,
    /// MiB, of which more is taken from nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<i64>,
    /// MiB that are set aside for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<i64>,
    /// The ports of the host that it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_ports: Vec<i64>,
    /// Deployments do not resolve its image to a digest: `versionConsistency` is `disabled`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub inconsistent: bool,
}

/// What tasks of a family do.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobEntry {
    /// The family.
    pub family: String,
    /// How long it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// How its containers exit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exit_codes: BTreeMap<String, i64>,
    /// Why it never starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never_starts: Option<String>,
    /// Containers beside the one that does the work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sidecars: Vec<String>,
}

/// An EC2 Auto Scaling group.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupEntry {
    /// Its name.
    pub name: String,
    /// `MinSize`.
    pub min_size: i64,
    /// `DesiredCapacity`.
    pub desired_capacity: i64,
    /// `MaxSize`.
    pub max_size: i64,
    /// `t2.micro` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// CPU units and MiB that each of its instances has for tasks, where its type does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_resources: Option<(i64, i64)>,
    /// The ECS cluster that its instances register with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Its tags; instances do not get them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The processes that are suspended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended: Vec<String>,
    /// Its instances, old and new, are protected from scale-in.
    #[serde(default, skip_serializing_if = "is_false")]
    pub protected: bool,
}

/// A capacity provider of a group.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderEntry {
    /// Its name.
    pub name: String,
    /// The group's name.
    pub group: String,
    /// ECS sets the group's size, so that this percentage of it is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_scaling: Option<i64>,
    /// Instances with tasks are protected from scale-in.
    #[serde(default, skip_serializing_if = "is_false")]
    pub managed_termination_protection: bool,
}

/// A cluster.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterEntry {
    /// Its name.
    pub name: String,
    /// Its container instances that belong to no Auto Scaling group.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub instances: i64,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The capacity providers that it has, `FARGATE` and `FARGATE_SPOT` among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_providers: Vec<String>,
    /// Its services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceEntry>,
}

/// A service. It is steady: its tasks run.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub struct ServiceEntry {
    /// Its name.
    pub name: String,
    /// 1 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired_count: Option<i64>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// One task on each container instance.
    #[serde(default, skip_serializing_if = "is_false")]
    pub daemon: bool,
    /// `FARGATE` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<LaunchType>,
    /// A strategy in place of a launch type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_provider_strategy: Vec<ShareEntry>,
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`; `ECS` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_controller: Option<String>,
    /// A family or `family:revision`; the family of its own name unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// The image of the task definition that is made for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// CPU units and MiB of the task definition that is made for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<(i64, i64)>,
    /// The digests that its deployment resolved, by container; `null` for one that it did not. Where this is not said,
    /// they are what its images' tags mean now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<BTreeMap<String, Option<String>>>,
    /// Its ARN has the form of before 2018: it cannot be tagged.
    #[serde(default, skip_serializing_if = "is_false")]
    pub short_arn: bool,
    /// ECS Express manages it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub express: bool,
    /// A deployment is in progress, and stays so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deploying: bool,
    /// Why its tasks fail at start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cannot_start: Option<String>,
    /// Its scalable target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling: Option<ScalingEntry>,
}

/// One provider's share of a strategy.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShareEntry {
    /// Its name.
    pub capacity_provider: String,
    /// Its part of the tasks.
    #[serde(default)]
    pub weight: i64,
    /// How many tasks go there first.
    #[serde(default)]
    pub base: i64,
}

/// Where the tasks of a service run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum LaunchType {
    /// On the cluster's container instances.
    #[serde(rename = "EC2")]
    Ec2,
    /// On Fargate.
    #[serde(rename = "FARGATE")]
    Fargate,
}

/// A scalable target, with what acts on it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingEntry {
    /// The least desired count.
    pub min: i64,
    /// The greatest.
    pub max: i64,
    /// What sleeps.
    #[serde(default)]
    pub suspended: SuspendedEntry,
    /// How many tasks the load asks for; with it comes a target-tracking policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<i64>,
    /// The names of predictive policies that scale: they are described, and do nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predictive_policies: Vec<String>,
    /// Scheduled actions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scheduled_actions: Vec<ActionEntry>,
}

/// The three flags of a scalable target's `SuspendedState`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SuspendedEntry {
    /// `DynamicScalingInSuspended`.
    pub dynamic_in: bool,
    /// `DynamicScalingOutSuspended`.
    pub dynamic_out: bool,
    /// `ScheduledScalingSuspended`.
    pub scheduled: bool,
}

/// A scheduled action of a scalable target.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActionEntry {
    /// Its name.
    pub name: String,
    /// `cron(…)`, `rate(…)` or `at(…)`.
    pub schedule: String,
    /// `UTC` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The min that it sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The max that it sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// When it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over so")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over so")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}
