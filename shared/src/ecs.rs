//! ECS's things as `describe-*` answers them, in AWS's own field names.
//!
//! What has no field here is never shown: these types are the allow-list of every answer. They
//! hold no container's environment, secrets, command or log options.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Types.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// A cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    pub tags: Vec<Tag>,
}

/// A tag, in ECS's spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    pub task_definition: String,
    pub scheduling_strategy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_management_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_controller: Option<DeploymentController>,
    pub deployments: Vec<Deployment>,
    pub task_sets: Vec<TaskSet>,
    pub events: Vec<ServiceEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    pub tags: Vec<Tag>,
}

impl Service {
    /// The tags by key.
    #[must_use]
    pub fn tags_by_key(&self) -> BTreeMap<String, String> {
        self.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
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

    /// A rolling deployment that goes on, a native blue/green one, or a second task set.
    #[must_use]
    pub fn is_deploying(&self) -> bool {
        self.deployments.len() > 1
            || self.task_sets.len() > 1
            || self.deployments.iter().any(|d| d.rollout_state.as_deref() == Some("IN_PROGRESS"))
    }
}

/// Who deploys a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct DeploymentController {
    #[serde(rename = "type")]
    pub kind: String,
}

/// A deployment of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// A task set of a service whose deployments somebody else controls.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct TaskSet {
    pub id: String,
    pub status: String,
    pub task_definition: String,
    pub running_count: i32,
    pub pending_count: i32,
}

/// One of a service's last hundred events.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct ServiceEvent {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    pub message: String,
}

/// A task.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_reason: Option<String>,
    pub containers: Vec<Container>,
    pub tags: Vec<Tag>,
}

/// A container of a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    pub exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Something that a Describe call could not find, from its `failures[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Failure {
    pub arn: String,
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
