//! What run-task can be asked.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use shared::ecs::AwsVpcConfiguration;
use shared::names::{ClusterRef, ServiceRef, TaskDefinitionRef};
use shared::run_task::{
    ContainerOverride, EphemeralStorage, PlacementConstraint, PlacementStrategy, PropagateTags,
    VolumeConfiguration,
};
use shared::{Route, strict};

/// The REST route.
pub const ROUTES: &[Route<Request>] =
    &[Route::mutation("POST", "/v1/clusters/{cluster}/tasks", "runTask", strict::parse)];

/// A request as it came, well-formed: `{"action":"runTask",…}`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    pub(crate) cluster: Option<ClusterRef>,
    /// What to run: a family, `family:revision`, or an ARN.
    pub(crate) task_definition: TaskDefinitionRef,
    /// How many; 1 without it.
    #[schemars(range(min = 1, max = crate::ask::MOST))]
    pub(crate) count: Option<u32>,
    /// The service whose network, launch type or strategy, and platform version are taken.
    pub(crate) like: Option<ServiceRef>,
    /// What the containers are told beside their definition.
    pub(crate) overrides: Option<AskedOverrides>,
    /// Subnets and security groups, where the network mode is `awsvpc`.
    pub(crate) network: Option<Network>,
    /// On what; not beside a strategy.
    pub(crate) launch_type: Option<LaunchType>,
    /// By which capacity providers.
    #[schemars(length(min = 1, max = 20))]
    pub(crate) capacity_provider_strategy: Option<Vec<StrategyItem>>,
    /// Fargate's platform version.
    pub(crate) platform_version: Option<String>,
    /// On which instances they may run.
    pub(crate) placement_constraints: Option<Vec<PlacementConstraint>>,
    /// How they are spread over instances.
    pub(crate) placement_strategy: Option<Vec<PlacementStrategy>>,
    /// The volume that the definition leaves to be configured.
    pub(crate) volume_configurations: Option<Vec<VolumeConfiguration>>,
    /// Whose tags they get.
    pub(crate) propagate_tags: Option<PropagateTags>,
    /// Whether one may run commands in them.
    pub(crate) enable_execute_command: Option<bool>,
    /// Tags of the tasks, beside those by which they are found again.
    pub(crate) tags: Option<Vec<Tag>>,
    /// Their group; their family without it.
    #[schemars(regex(pattern = "^[A-Za-z0-9_:./ -]{1,255}$"))]
    pub(crate) group: Option<String>,
    /// Who is said to have started them.
    #[schemars(length(min = 1, max = 128))]
    pub(crate) started_by: Option<String>,
    /// What makes two requests the same one: what was started under it is not started again.
    #[schemars(length(min = 1, max = 256))]
    pub(crate) idempotency_key: Option<String>,
    /// What to wait for.
    pub(crate) wait_until: Option<Until>,
    /// The containers whose exit is the verdict; the essential ones without it.
    pub(crate) verdict_of: Option<Vec<String>>,
    /// How long to wait at most.
    pub(crate) timeout_seconds: Option<u32>,
}

/// Overrides as AWS has them. The roles, and what AWS no longer offers, are read to be refused with a
/// reason.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskedOverrides {
    /// By container.
    #[serde(default)]
    pub(crate) container_overrides: Vec<ContainerOverride>,
    /// The whole task's CPU units.
    pub(crate) cpu: Option<String>,
    /// The whole task's memory, in MiB.
    pub(crate) memory: Option<String>,
    /// The space of its ephemeral volume.
    pub(crate) ephemeral_storage: Option<EphemeralStorage>,
    /// No longer offered by AWS: refused.
    pub(crate) inference_accelerator_overrides: Option<Value>,
    /// Never overridden: a task runs with the roles of its definition.
    pub(crate) task_role_arn: Option<Value>,
    /// Never overridden.
    pub(crate) execution_role_arn: Option<Value>,
}

/// The id of a subnet or security group.
const ID: &str = "^[A-Za-z0-9-]{1,64}$";

/// The network of tasks whose network mode is `awsvpc`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Network {
    /// Ids of subnets.
    #[schemars(length(min = 1, max = 16), inner(regex(pattern = ID)))]
    subnets: Vec<String>,
    /// Ids of security groups.
    #[serde(default)]
    #[schemars(length(max = 5), inner(regex(pattern = ID)))]
    security_groups: Vec<String>,
    /// Whether they get a public address.
    assign_public_ip: Option<PublicIp>,
}

/// Whether a task's network interface has a public address.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PublicIp {
    /// It has.
    Enabled,
    /// It has not.
    Disabled,
}

impl Network {
    /// As AWS has it.
    #[must_use]
    pub fn to_aws(&self) -> AwsVpcConfiguration {
        AwsVpcConfiguration {
            subnets: self.subnets.clone(),
            security_groups: self.security_groups.clone(),
            assign_public_ip: self.assign_public_ip.map(|assign| match assign {
                PublicIp::Enabled => "ENABLED".into(),
                PublicIp::Disabled => "DISABLED".into(),
            }),
        }
    }
}

/// On what tasks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LaunchType {
    /// The cluster's instances.
    Ec2,
    /// No instances.
    Fargate,
    /// Machines of one's own.
    External,
}

impl LaunchType {
    /// AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Fargate => "FARGATE",
            Self::External => "EXTERNAL",
        }
    }
}

/// A part of a capacity provider strategy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StrategyItem {
    /// Its name.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,255}$"))]
    pub(crate) capacity_provider: String,
    /// Its share of the tasks.
    #[serde(default)]
    #[schemars(range(max = 1_000))]
    pub(crate) weight: u32,
    /// How many tasks it has at least.
    #[serde(default)]
    #[schemars(range(max = 100_000))]
    pub(crate) base: u32,
}

/// A tag of the tasks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TaskTag")]
pub struct Tag {
    /// Its key.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: String,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Until {
    /// Every task runs, or has.
    Running,
    /// Every task has ended, and its verdict is known.
    Stopped,
}
