//! A call of `RunTask`, whole: under one token it must be the same every time.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ecs::{AwsVpcConfiguration, CapacityProviderStrategyItem, Failure, Tag, Task};
use crate::names::{ClusterName, TaskDefinitionName};

/// What is asked of `RunTask`.
#[derive(Clone, Debug, PartialEq)]
pub struct RunTask {
    /// Where.
    pub cluster: ClusterName,
    /// Of what.
    pub task_definition: TaskDefinitionName,
    /// How many, 1 to 10.
    pub count: u32,
    /// Under which token, at most 64 characters.
    pub token: String,
    /// On what, and in which network.
    pub launch: Launch,
    /// What else AWS takes with it.
    pub options: Options,
    /// What is told to the containers beside their definition.
    pub overrides: Option<Overrides>,
    /// The tasks' tags.
    pub tags: Vec<Tag>,
    /// Their group, instead of their family.
    pub group: Option<String>,
    /// Who started them, at most 128 characters.
    pub started_by: String,
}

/// On what tasks run, and in which network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Launch {
    /// EC2, FARGATE or EXTERNAL; not beside a strategy.
    pub launch_type: Option<String>,
    /// Capacity providers; empty means the cluster's default.
    pub strategy: Vec<CapacityProviderStrategyItem>,
    /// Fargate's platform version.
    pub platform_version: Option<String>,
    /// Subnets and security groups, for the network mode `awsvpc` alone.
    pub network: Option<AwsVpcConfiguration>,
}

/// What a run may ask for besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Which instances may take the tasks; not on Fargate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Which of those instances take them; not on Fargate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub placement_strategy: Vec<PlacementStrategy>,
    /// The volume that the task definition leaves to the launch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volume_configurations: Vec<VolumeConfiguration>,
    /// From where the tasks get tags besides their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagate_tags: Option<PropagateTags>,
    /// Whether a shell may be opened in the containers (`aws ecs execute-command`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_execute_command: Option<bool>,
}

/// Which instances may take a task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementConstraint {
    /// By what.
    #[serde(rename = "type")]
    pub kind: PlacementConstraintType,
    /// In the cluster query language; with `memberOf` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// By what instances are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PlacementConstraintType {
    /// Each task of a group on another instance.
    DistinctInstance,
    /// On instances that an expression fits.
    MemberOf,
}

/// Which of the instances that may take a task does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementStrategy {
    /// How.
    #[serde(rename = "type")]
    pub kind: PlacementStrategyType,
    /// Over what, or by what; not with `random`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// How instances are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PlacementStrategyType {
    /// Any.
    Random,
    /// Evenly over a field.
    Spread,
    /// The one with the least left.
    Binpack,
}

/// From where the tasks get tags. AWS takes `SERVICE` for a service's tasks only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PropagateTags {
    /// From their definition.
    TaskDefinition,
    /// From nowhere.
    None,
}

/// A volume that the task definition leaves to the launch.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskVolumeConfiguration.html>
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeConfiguration {
    /// Its name in the definition.
    pub name: String,
    /// An EBS volume that ECS makes for each task.
    #[serde(rename = "managedEBSVolume")]
    pub managed_ebs_volume: EbsVolume,
}

/// An EBS volume that ECS makes for each task.
///
/// Source:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskManagedEBSVolumeConfiguration.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EbsVolume {
    /// The role with which ECS makes it: the infrastructure role.
    pub role_arn: String,
    /// `gp3`, `gp2`, `io1`, `io2`, `st1`, `sc1` or `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_type: Option<String>,
    /// Its size; it may be left out where there is a snapshot.
    #[serde(rename = "sizeInGiB", skip_serializing_if = "Option::is_none")]
    pub size_in_gib: Option<i32>,
    /// What it is made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<String>,
    /// At how many MiB/s it is filled from the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_initialization_rate: Option<i32>,
    /// I/O operations per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iops: Option<i32>,
    /// MiB/s, of `gp3` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput: Option<i32>,
    /// Whether it is encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// With which key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// `ext3`, `ext4`, `xfs` or `ntfs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filesystem_type: Option<String>,
    /// What becomes of it when its task ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination_policy: Option<TerminationPolicy>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tag_specifications: Vec<TagSpecification>,
}

/// What becomes of a volume when its task ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TerminationPolicy {
    /// It is deleted.
    pub delete_on_termination: bool,
}

/// Tags of a volume.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TagSpecification {
    /// `volume`.
    pub resource_type: String,
    /// Keys and values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<VolumeTag>,
}

/// A tag of a volume.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeTag {
    /// Its key.
    pub key: String,
    /// Its value.
    #[serde(default)]
    pub value: String,
}

/// What is told to the containers of a task beside their definition. The roles of a task are never
/// among it.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Overrides {
    /// By container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub container_overrides: Vec<ContainerOverride>,
    /// The whole task's CPU units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// The whole task's memory, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// The whole task's disk, on Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage: Option<EphemeralStorage>,
}

/// A task's disk on Fargate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EphemeralStorage {
    /// In GiB, 21 to 200.
    #[serde(rename = "sizeInGiB")]
    pub size_in_gib: i32,
}

/// What is told to one container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerOverride {
    /// Its name in the task definition.
    pub name: String,
    /// Instead of the definition's command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Beside the definition's environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<Variable>,
    /// Files of variables in S3, instead of the definition's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment_files: Vec<EnvironmentFile>,
    /// CPU units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<i32>,
    /// The hard limit of its memory, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    /// The soft limit of its memory, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<i32>,
    /// GPUs and the like, instead of the definition's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_requirements: Vec<ResourceRequirement>,
}

/// A file of environment variables.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentFile {
    /// `s3`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The ARN of an object in S3, whose name ends with `.env`.
    pub value: String,
}

/// A device that a container needs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceRequirement {
    /// `GPU` or `NeuronDevice`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How many, or `ALL`.
    pub value: String,
}

/// A variable of a container's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, which is never shown again.
    pub value: String,
}

/// What AWS answered, with 200: what it started, and why not the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Started {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// One for each task that is missing, or one for each instance without room: AWS does not say.
    pub failures: Vec<Failure>,
}
