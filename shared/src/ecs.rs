//! ECS's things as `describe-*` answers them, in AWS's own field names.
//!
//! What has no field here is never shown: these types are the allow-list of every answer. They
//! hold no container's environment, secrets, command or log options.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Types.html>

pub mod revisions;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::names::is_long_service_arn;
use crate::problem::{Code, Refusal};
use crate::tags;

/// A cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Cluster {
    pub cluster_arn: String,
    pub cluster_name: String,
    pub status: String,
    pub registered_container_instances_count: i32,
    pub running_tasks_count: i32,
    pub pending_tasks_count: i32,
    pub active_services_count: i32,
    pub capacity_providers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statistics: Vec<Statistic>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

impl Cluster {
    /// The tags by key.
    #[must_use]
    pub fn tags_by_key(&self) -> BTreeMap<String, String> {
        by_key(&self.tags)
    }
}

fn by_key(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// A count of a cluster's tasks or services by launch type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Statistic {
    pub name: String,
    pub value: String,
}

/// A part of a capacity provider strategy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct CapacityProviderStrategyItem {
    pub capacity_provider: String,
    pub weight: i32,
    pub base: i32,
}

/// The network of tasks whose network mode is `awsvpc`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct NetworkConfiguration {
    pub awsvpc_configuration: AwsVpcConfiguration,
}

/// Where such a task's network interface stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct AwsVpcConfiguration {
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign_public_ip: Option<String>,
}

/// A tag, in ECS's spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Service {
    pub service_arn: String,
    pub service_name: String,
    pub cluster_arn: String,
    pub status: String,
    pub desired_count: i32,
    pub running_count: i32,
    pub pending_count: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    pub task_definition: String,
    pub scheduling_strategy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_management_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_controller: Option<DeploymentController>,
    pub deployments: Vec<Deployment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub task_sets: Vec<TaskSet>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub current_service_revisions: Vec<CurrentServiceRevision>,
    pub events: Vec<ServiceEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<NetworkConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    #[serde(skip)]
    #[schemars(skip)]
    pub features: ServiceFeatures,
}

/// What a service has that no answer shows: whoever makes a likeness of it says what the likeness lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceFeatures {
    /// `ROLLING`, `BLUE_GREEN`, `LINEAR` or `CANARY`, where it is said.
    ///
    /// Source: `strategy` in
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>
    pub deployment_strategy: Option<String>,
    /// A deployment of it has Service Connect switched on.
    pub service_connect: bool,
    /// It is a target of VPC Lattice.
    pub vpc_lattice: bool,
    /// Its tasks get EBS volumes that ECS makes for them.
    pub managed_volumes: bool,
}

impl Service {
    /// The tags by key.
    #[must_use]
    pub fn tags_by_key(&self) -> BTreeMap<String, String> {
        by_key(&self.tags)
    }

    /// Why it can't carry this tag of ours, if it can't.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids>
    #[must_use]
    pub fn untaggable(&self, key: &str) -> Option<Refusal> {
        if is_long_service_arn(&self.service_arn) {
            return tags::no_room(&self.tags_by_key(), key);
        }
        let reason = "its ARN has the short form, which can't carry tags: migrate it to the long form (see \
                      ECS's account setting serviceLongArnFormat)";
        Some(Refusal { code: Code::ShortArn, reason: reason.into() })
    }

    /// One task per container instance, whose number its desired count follows.
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        self.scheduling_strategy == "DAEMON"
    }

    /// Neither DRAINING nor INACTIVE.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == "ACTIVE"
    }

    /// Owned by ECS Express, which manages its count.
    ///
    /// Source: `resourceManagementType` in
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>
    #[must_use]
    pub fn is_express_managed(&self) -> bool {
        self.resource_management_type.as_deref() == Some("ECS")
    }

    /// Whether ECS deploys it. Another controller's services have neither service deployments nor revisions: nothing is
    /// pinned.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html>
    #[must_use]
    pub fn is_deployed_by_ecs(&self) -> bool {
        self.deployment_controller.as_ref().is_none_or(|by| by.kind == "ECS")
    }

    /// The task set that serves, where another controller deploys it.
    #[must_use]
    pub fn primary_task_set(&self) -> Option<&TaskSet> {
        self.task_sets.iter().find(|set| set.status == "PRIMARY")
    }

    /// The task definition that it starts tasks of: its own, else its PRIMARY task set's.
    #[must_use]
    pub fn starts_with(&self) -> &str {
        match self.primary_task_set() {
            Some(primary) if self.task_definition.is_empty() => &primary.task_definition,
            _ => &self.task_definition,
        }
    }

    /// A rolling deployment that goes on, a native blue/green one, or a second task set.
    #[must_use]
    pub fn is_deploying(&self) -> bool {
        self.deployments.len() > 1
            || self.task_sets.len() > 1
            || self.deployments.iter().any(|d| d.rollout_state.as_deref() == Some("IN_PROGRESS"))
    }
}

/// Who deploys a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct DeploymentController {
    #[serde(rename = "type")]
    pub kind: String,
}

/// A deployment of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Deployment {
    pub id: String,
    pub status: String,
    pub task_definition: String,
    pub desired_count: i32,
    pub running_count: i32,
    pub pending_count: i32,
    pub failed_tasks: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_state_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub updated_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<NetworkConfiguration>,
}

/// A task set of a service whose deployments somebody else controls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct TaskSet {
    pub id: String,
    pub status: String,
    pub task_definition: String,
    pub running_count: i32,
    pub pending_count: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<NetworkConfiguration>,
}

/// A revision of a service that has tasks, or is to have some.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct CurrentServiceRevision {
    pub arn: String,
    pub requested_task_count: i32,
    pub running_task_count: i32,
    pub pending_task_count: i32,
}

/// One of a service's last hundred events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct ServiceEvent {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub created_at: Option<Timestamp>,
    pub message: String,
}

/// A task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Task {
    pub task_arn: String,
    pub cluster_arn: String,
    pub task_definition_arn: String,
    pub group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
    pub last_status: String,
    pub desired_status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_provider_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_instance_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub stopping_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub stopped_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_reason: Option<String>,
    pub containers: Vec<Container>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// A container of a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Container {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
    pub last_status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A revision of a task definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct TaskDefinition {
    pub task_definition_arn: String,
    pub family: String,
    pub revision: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_mode: Option<String>,
    pub requires_compatibilities: Vec<String>,
    pub compatibilities: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_platform: Option<RuntimePlatform>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_role_arn: Option<String>,
    pub container_definitions: Vec<ContainerDefinition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub registered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub deregistered_at: Option<Timestamp>,
    /// The names of the volumes that are left to the launch. Volumes are not shown.
    #[serde(skip)]
    pub volumes_at_launch: Vec<String>,
    /// How many placement constraints it has of its own.
    #[serde(skip)]
    pub placement_constraints: usize,
}

/// What a task takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Resources {
    /// In vCPUs.
    pub vcpu: f64,
    /// In GiB.
    pub memory: f64,
}

impl TaskDefinition {
    /// What the task says, else what its containers do: on EC2 a task need not say it. CPU is in units of which
    /// 1,024 are a vCPU, memory in MiB.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html>
    #[must_use]
    pub fn resources(&self) -> Resources {
        let said = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
        let containers = &self.container_definitions;
        let cpu = said(&self.cpu).unwrap_or_else(|| containers.iter().map(|it| f64::from(it.cpu)).sum());
        let reserved = |it: &ContainerDefinition| it.memory_reservation.or(it.memory).unwrap_or(0);
        let memory =
            said(&self.memory).unwrap_or_else(|| containers.iter().map(|it| f64::from(reserved(it))).sum());
        Resources { vcpu: cpu / 1024.0, memory: memory / 1024.0 }
    }
}

/// What a task definition's containers run on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct RuntimePlatform {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_architecture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operating_system_family: Option<String>,
}

/// A container of a task definition: without what it is told, and what it is given to know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct ContainerDefinition {
    pub name: String,
    pub image: String,
    pub essential: bool,
    pub cpu: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<i32>,
    pub port_mappings: Vec<PortMapping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_consistency: Option<String>,
}

/// A port of a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct PortMapping {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_port: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_port: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An EC2 instance that is registered with a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct ContainerInstance {
    pub container_instance_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ec2_instance_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_provider_name: Option<String>,
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    pub agent_connected: bool,
    pub running_tasks_count: i32,
    pub pending_tasks_count: i32,
    pub registered_resources: Vec<Resource>,
    pub remaining_resources: Vec<Resource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub registered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// What an instance has, or has left: CPU units, MiB of memory, ports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Resource {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integer_value: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub string_set_value: Option<Vec<String>>,
}

/// Where a cluster's tasks may be placed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct CapacityProvider {
    pub name: String,
    pub capacity_provider_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_scaling_group_provider: Option<AutoScalingGroupProvider>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// The Auto Scaling group behind a capacity provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct AutoScalingGroupProvider {
    pub auto_scaling_group_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_scaling: Option<ManagedScaling>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_termination_protection: Option<String>,
}

/// Whether ECS itself sets the size of a capacity provider's group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct ManagedScaling {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_capacity: Option<i32>,
}

/// Something that a Describe call could not find, from its `failures[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Failure {
    pub arn: String,
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A daemon of capacity providers: one task on each of their instances, which no service owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Daemon {
    /// Its ARN.
    pub arn: String,
    /// `ACTIVE` or `DELETE_IN_PROGRESS`.
    pub status: String,
    /// The ARNs of the revisions that it runs now.
    pub current_revisions: Vec<String>,
    /// The ARN of its deployment.
    pub deployment: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_deploying_while_a_second_deployment_or_task_set_stands_beside_the_first() {
        for (rollouts, task_sets, is_deploying) in [
            (&[][..], 0, false),
            (&["COMPLETED"], 0, false),
            (&["IN_PROGRESS"], 0, true),
            (&["COMPLETED", "COMPLETED"], 0, true),
            (&[], 1, false),
            (&[], 2, true),
        ] {
            let deployment = |rollout: &&str| Deployment {
                rollout_state: Some((*rollout).to_owned()),
                ..Deployment::default()
            };
            let service = Service {
                deployments: rollouts.iter().map(deployment).collect(),
                task_sets: vec![TaskSet::default(); task_sets],
                ..Service::default()
            };
            assert_eq!(service.is_deploying(), is_deploying, "{rollouts:?}, {task_sets} task sets");
        }
    }

    #[test]
    fn a_service_starts_with_its_own_task_definition_else_with_its_primary_task_sets() {
        let set = |status: &str, task_definition: &str| TaskSet {
            status: status.to_owned(),
            task_definition: task_definition.to_owned(),
            ..TaskSet::default()
        };
        let sets = vec![set("ACTIVE", "app:1"), set("PRIMARY", "app:2")];
        for (own, task_sets, starts_with) in [
            ("app:3", Vec::new(), "app:3"),
            ("app:3", sets.clone(), "app:3"),
            ("", sets, "app:2"),
            ("", vec![set("ACTIVE", "app:1")], ""),
        ] {
            let service = Service { task_definition: own.to_owned(), task_sets, ..Service::default() };
            assert_eq!(service.starts_with(), starts_with, "{service:?}");
        }
    }
}
