//! The SDK's types into ours. What is not copied here is never shown.

use aws_sdk_applicationautoscaling::types as scaling_sdk;
use aws_sdk_ecs::types as sdk;
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use shared::application_autoscaling::{ScalableTarget, ScheduledAction, Suspended};
use shared::ecs;

fn text(from: Option<&str>) -> String {
    from.unwrap_or_default().to_owned()
}

fn instant(from: Option<&DateTime>) -> Option<Timestamp> {
    let from = from?;
    Timestamp::new(from.secs(), i32::try_from(from.subsec_nanos()).ok()?).ok()
}

fn tags(from: &[sdk::Tag]) -> Vec<ecs::Tag> {
    from.iter().map(|tag| ecs::Tag { key: text(tag.key()), value: text(tag.value()) }).collect()
}

pub(crate) fn cluster(from: &sdk::Cluster) -> ecs::Cluster {
    ecs::Cluster {
        cluster_arn: text(from.cluster_arn()),
        cluster_name: text(from.cluster_name()),
        status: text(from.status()),
        registered_container_instances_count: from.registered_container_instances_count(),
        running_tasks_count: from.running_tasks_count(),
        pending_tasks_count: from.pending_tasks_count(),
        active_services_count: from.active_services_count(),
        capacity_providers: from.capacity_providers().to_vec(),
        tags: tags(from.tags()),
    }
}

pub(crate) fn service(from: &sdk::Service) -> ecs::Service {
    ecs::Service {
        service_arn: text(from.service_arn()),
        service_name: text(from.service_name()),
        cluster_arn: text(from.cluster_arn()),
        status: text(from.status()),
        desired_count: from.desired_count(),
        running_count: from.running_count(),
        pending_count: from.pending_count(),
        launch_type: from.launch_type().map(|kind| kind.as_str().to_owned()),
        platform_version: from.platform_version().map(str::to_owned),
        task_definition: text(from.task_definition()),
        scheduling_strategy: from
            .scheduling_strategy()
            .map_or("REPLICA", sdk::SchedulingStrategy::as_str)
            .to_owned(),
        resource_management_type: from.resource_management_type().map(|kind| kind.as_str().to_owned()),
        deployment_controller: from
            .deployment_controller()
            .map(|controller| ecs::DeploymentController { kind: controller.r#type().as_str().to_owned() }),
        deployments: from.deployments().iter().map(deployment).collect(),
        task_sets: from.task_sets().iter().map(task_set).collect(),
        events: from.events().iter().map(event).collect(),
        created_at: instant(from.created_at()),
        tags: tags(from.tags()),
    }
}

fn deployment(from: &sdk::Deployment) -> ecs::Deployment {
    ecs::Deployment {
        id: text(from.id()),
        status: text(from.status()),
        task_definition: text(from.task_definition()),
        desired_count: from.desired_count(),
        running_count: from.running_count(),
        pending_count: from.pending_count(),
        failed_tasks: from.failed_tasks(),
        rollout_state: from.rollout_state().map(|state| state.as_str().to_owned()),
        rollout_state_reason: from.rollout_state_reason().map(str::to_owned),
        created_at: instant(from.created_at()),
        updated_at: instant(from.updated_at()),
    }
}

fn task_set(from: &sdk::TaskSet) -> ecs::TaskSet {
    ecs::TaskSet {
        id: text(from.id()),
        status: text(from.status()),
        task_definition: text(from.task_definition()),
        running_count: from.running_count(),
        pending_count: from.pending_count(),
    }
}

fn event(from: &sdk::ServiceEvent) -> ecs::ServiceEvent {
    ecs::ServiceEvent {
        id: text(from.id()),
        created_at: instant(from.created_at()),
        message: text(from.message()),
    }
}

pub(crate) fn task(from: &sdk::Task) -> ecs::Task {
    ecs::Task {
        task_arn: text(from.task_arn()),
        cluster_arn: text(from.cluster_arn()),
        task_definition_arn: text(from.task_definition_arn()),
        group: text(from.group()),
        started_by: from.started_by().map(str::to_owned),
        last_status: text(from.last_status()),
        desired_status: text(from.desired_status()),
        cpu: from.cpu().map(str::to_owned),
        memory: from.memory().map(str::to_owned),
        launch_type: from.launch_type().map(|kind| kind.as_str().to_owned()),
        created_at: instant(from.created_at()),
        started_at: instant(from.started_at()),
        stopped_at: instant(from.stopped_at()),
        stop_code: from.stop_code().map(|code| code.as_str().to_owned()),
        stopped_reason: from.stopped_reason().map(str::to_owned),
        containers: from.containers().iter().map(container).collect(),
        tags: tags(from.tags()),
    }
}

fn container(from: &sdk::Container) -> ecs::Container {
    ecs::Container {
        name: text(from.name()),
        image: from.image().map(str::to_owned),
        image_digest: from.image_digest().map(str::to_owned),
        last_status: text(from.last_status()),
        exit_code: from.exit_code(),
        reason: from.reason().map(str::to_owned),
    }
}

pub(crate) fn failure(from: &sdk::Failure) -> ecs::Failure {
    ecs::Failure {
        arn: text(from.arn()),
        reason: text(from.reason()),
        detail: from.detail().map(str::to_owned),
    }
}

pub(crate) fn scalable_target(from: &scaling_sdk::ScalableTarget) -> ScalableTarget {
    let flag = |of: fn(&scaling_sdk::SuspendedState) -> Option<bool>| {
        from.suspended_state().and_then(of) == Some(true)
    };
    ScalableTarget {
        resource_id: from.resource_id().to_owned(),
        min_capacity: u32::try_from(from.min_capacity()).unwrap_or(0),
        max_capacity: u32::try_from(from.max_capacity()).unwrap_or(0),
        suspended: Suspended {
            dynamic_scaling_in: flag(scaling_sdk::SuspendedState::dynamic_scaling_in_suspended),
            dynamic_scaling_out: flag(scaling_sdk::SuspendedState::dynamic_scaling_out_suspended),
            scheduled_scaling: flag(scaling_sdk::SuspendedState::scheduled_scaling_suspended),
        },
    }
}

pub(crate) fn scheduled_action(from: &scaling_sdk::ScheduledAction) -> ScheduledAction {
    ScheduledAction {
        resource_id: from.resource_id().to_owned(),
        scheduled_action_name: from.scheduled_action_name().to_owned(),
        schedule: from.schedule().to_owned(),
        timezone: from.timezone().map(str::to_owned),
        end_time: instant(from.end_time()),
    }
}
