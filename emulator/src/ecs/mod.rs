//! Amazon ECS: clusters, task definitions, services and their tasks.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html>
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod arn;
pub(crate) mod capacity_providers;
pub(crate) mod clusters;
pub(crate) mod container_instances;
mod daemons;
mod deployments;
mod errors;
pub(crate) mod jobs;
mod launch_options;
pub(crate) mod life;
mod overrides;
pub(crate) mod pages;
pub(crate) mod placement;
mod protection;
pub(crate) mod revisions;
pub(crate) mod run_task;
pub(crate) mod services;
pub(crate) mod state;
pub(crate) mod tags;
pub(crate) mod task_definitions;
pub(crate) mod tasks;

pub(crate) use state::State;

use crate::buckets::Group;
use crate::wire::{Operation, request};

macro_rules! operation {
    ($name:literal, $access:ident, $group:ident, $function:path) => {
        Operation {
            name: $name,
            write: operation!($access),
            group: Some(Group::$group),
            run: |world, input| $function(world, request(input)?),
        }
    };
    (reads) => {
        false
    };
    (writes) => {
        true
    };
}

/// What ECS can do here; anything else is an `UnknownOperationException`.
pub(crate) static OPERATIONS: &[Operation] = &[
    operation!("CreateCluster", writes, ClusterModify, clusters::create_cluster),
    operation!("DeleteCluster", writes, ClusterModify, clusters::delete_cluster),
    operation!("DescribeClusters", reads, ClusterRead, clusters::describe_clusters),
    operation!("ListClusters", reads, ClusterRead, clusters::list_clusters),
    operation!(
        "DescribeCapacityProviders",
        reads,
        CapacityProviderRead,
        capacity_providers::describe_capacity_providers
    ),
    operation!("ListContainerInstances", reads, TaskRead, container_instances::list_container_instances),
    operation!(
        "DescribeContainerInstances",
        reads,
        TaskRead,
        container_instances::describe_container_instances
    ),
    operation!(
        "UpdateContainerInstancesState",
        writes,
        TaskModify,
        container_instances::update_container_instances_state
    ),
    operation!(
        "RegisterTaskDefinition",
        writes,
        TaskDefinitionModify,
        task_definitions::register_task_definition
    ),
    operation!(
        "DeregisterTaskDefinition",
        writes,
        TaskDefinitionModify,
        task_definitions::deregister_task_definition
    ),
    operation!(
        "DescribeTaskDefinition",
        reads,
        TaskDefinitionRead,
        task_definitions::describe_task_definition
    ),
    operation!("ListTaskDefinitions", reads, TaskDefinitionRead, task_definitions::list_task_definitions),
    operation!(
        "ListTaskDefinitionFamilies",
        reads,
        TaskDefinitionRead,
        task_definitions::list_task_definition_families
    ),
    operation!("CreateService", writes, ServiceModify, services::create_service),
    operation!("UpdateService", writes, ServiceModify, services::update_service),
    operation!("DeleteService", writes, ServiceModify, services::delete_service),
    operation!("DescribeServices", reads, ServiceRead, services::describe_services),
    operation!("ListServices", reads, ServiceRead, services::list_services),
    operation!(
        "DescribeServiceDeployments",
        reads,
        ServiceDeploymentRead,
        deployments::describe_service_deployments
    ),
    operation!("ListServiceDeployments", reads, ServiceDeploymentRead, deployments::list_service_deployments),
    operation!("DescribeServiceRevisions", reads, ServiceRevisionRead, revisions::describe_service_revisions),
    operation!("ListDaemons", reads, ServiceRead, daemons::list_daemons),
    operation!("DescribeDaemon", reads, ServiceRead, daemons::describe_daemon),
    operation!("ListDaemonDeployments", reads, ServiceDeploymentRead, daemons::list_daemon_deployments),
    operation!(
        "DescribeDaemonDeployments",
        reads,
        ServiceDeploymentRead,
        daemons::describe_daemon_deployments
    ),
    operation!("DescribeDaemonRevisions", reads, ServiceRevisionRead, daemons::describe_daemon_revisions),
    operation!(
        "DescribeDaemonTaskDefinition",
        reads,
        TaskDefinitionRead,
        daemons::describe_daemon_task_definition
    ),
    operation!("ListTasks", reads, TaskRead, tasks::list_tasks),
    operation!("DescribeTasks", reads, TaskRead, tasks::describe_tasks),
    operation!("RunTask", writes, TaskModify, run_task::run_task),
    operation!("StopTask", writes, TaskModify, tasks::stop_task),
    operation!("GetTaskProtection", reads, TaskProtection, protection::get_task_protection),
    operation!("UpdateTaskProtection", writes, TaskProtection, protection::update_task_protection),
    operation!("TagResource", writes, TagModify, tags::tag_resource),
    operation!("UntagResource", writes, TagModify, tags::untag_resource),
    operation!("ListTagsForResource", reads, TagRead, tags::list_tags_for_resource),
];
