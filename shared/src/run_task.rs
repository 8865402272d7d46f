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

/// What is told to the containers of a task beside their definition. The roles of a task are never
/// among it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
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
    /// CPU units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<i32>,
    /// The hard limit of its memory, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    /// The soft limit of its memory, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<i32>,
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
