//! What run-task can be asked.

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
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) task_definition: TaskDefinitionRef,
    pub(crate) count: Option<u32>,
    pub(crate) like: Option<ServiceRef>,
    pub(crate) overrides: Option<AskedOverrides>,
    pub(crate) network: Option<Network>,
    pub(crate) launch_type: Option<LaunchType>,
    pub(crate) capacity_provider_strategy: Option<Vec<StrategyItem>>,
    pub(crate) platform_version: Option<String>,
    pub(crate) placement_constraints: Option<Vec<PlacementConstraint>>,
    pub(crate) placement_strategy: Option<Vec<PlacementStrategy>>,
    pub(crate) volume_configurations: Option<Vec<VolumeConfiguration>>,
    pub(crate) propagate_tags: Option<PropagateTags>,
    pub(crate) enable_execute_command: Option<bool>,
    pub(crate) tags: Option<Vec<Tag>>,
    pub(crate) group: Option<String>,
    pub(crate) started_by: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) wait_until: Option<Until>,
    pub(crate) verdict_of: Option<Vec<String>>,
    pub(crate) timeout_seconds: Option<u32>,
}

/// Overrides as AWS has them. The roles, and what AWS no longer offers, are read to be refused with a
/// reason.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskedOverrides {
    #[serde(default)]
    pub(crate) container_overrides: Vec<ContainerOverride>,
    pub(crate) cpu: Option<String>,
    pub(crate) memory: Option<String>,
    pub(crate) ephemeral_storage: Option<EphemeralStorage>,
    pub(crate) inference_accelerator_overrides: Option<Value>,
    pub(crate) task_role_arn: Option<Value>,
    pub(crate) execution_role_arn: Option<Value>,
}

/// The network of tasks whose network mode is `awsvpc`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Network {
    subnets: Vec<String>,
    #[serde(default)]
    security_groups: Vec<String>,
    assign_public_ip: Option<PublicIp>,
}

/// Whether a task's network interface has a public address.
#[derive(Clone, Copy, Debug, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StrategyItem {
    pub(crate) capacity_provider: String,
    #[serde(default)]
    pub(crate) weight: u32,
    #[serde(default)]
    pub(crate) base: u32,
}

/// A tag of the tasks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Until {
    /// Every task runs, or has.
    Running,
    /// Every task has ended, and its verdict is known.
    Stopped,
}
