//! Services, with their deployments and events.

use aws_sdk_ecs::types as sdk;
use shared::ecs;

use super::{instant, network, strategy, tags, text};

/// With so many of its events.
pub(crate) fn service(from: &sdk::Service, events: usize) -> ecs::Service {
    ecs::Service {
        service_arn: text(from.service_arn()),
        service_name: text(from.service_name()),
        cluster_arn: text(from.cluster_arn()),
        status: text(from.status()),
        desired_count: from.desired_count(),
        running_count: from.running_count(),
        pending_count: from.pending_count(),
        launch_type: from.launch_type().map(|kind| kind.as_str().to_owned()),
        capacity_provider_strategy: strategy(from.capacity_provider_strategy()),
        platform_version: from.platform_version().map(str::to_owned),
        network_configuration: network(from.network_configuration()),
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
        current_service_revisions: from
            .current_service_revisions()
            .iter()
            .map(|revision| ecs::CurrentServiceRevision {
                arn: text(revision.arn()),
                requested_task_count: revision.requested_task_count(),
                running_task_count: revision.running_task_count(),
                pending_task_count: revision.pending_task_count(),
            })
            .collect(),
        events: newest(from.events(), events),
        created_at: instant(from.created_at()),
        tags: tags(from.tags()),
        features: features(from),
    }
}

fn features(from: &sdk::Service) -> ecs::ServiceFeatures {
    let deployments = from.deployments();
    let connected = |it: &sdk::Deployment| {
        it.service_connect_configuration().is_some_and(sdk::ServiceConnectConfiguration::enabled)
    };
    ecs::ServiceFeatures {
        deployment_strategy: from
            .deployment_configuration()
            .and_then(sdk::DeploymentConfiguration::strategy)
            .map(|strategy| strategy.as_str().to_owned()),
        service_connect: deployments.iter().any(connected),
        vpc_lattice: deployments.iter().any(|it| !it.vpc_lattice_configurations().is_empty()),
        managed_volumes: deployments.iter().any(|it| !it.volume_configurations().is_empty()),
    }
}

/// So many of them, the newest first.
fn newest(events: &[sdk::ServiceEvent], most: usize) -> Vec<ecs::ServiceEvent> {
    let mut events: Vec<&sdk::ServiceEvent> = events.iter().collect();
    events.sort_by_key(|event| std::cmp::Reverse(instant(event.created_at())));
    events.into_iter().take(most).map(event).collect()
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
        launch_type: from.launch_type().map(|kind| kind.as_str().to_owned()),
        capacity_provider_strategy: strategy(from.capacity_provider_strategy()),
        platform_version: from.platform_version().map(str::to_owned),
        network_configuration: network(from.network_configuration()),
    }
}

fn task_set(from: &sdk::TaskSet) -> ecs::TaskSet {
    ecs::TaskSet {
        id: text(from.id()),
        status: text(from.status()),
        task_definition: text(from.task_definition()),
        running_count: from.running_count(),
        pending_count: from.pending_count(),
        launch_type: from.launch_type().map(|kind| kind.as_str().to_owned()),
        capacity_provider_strategy: strategy(from.capacity_provider_strategy()),
        platform_version: from.platform_version().map(str::to_owned),
        network_configuration: network(from.network_configuration()),
    }
}

fn event(from: &sdk::ServiceEvent) -> ecs::ServiceEvent {
    ecs::ServiceEvent {
        id: text(from.id()),
        created_at: instant(from.created_at()),
        message: text(from.message()),
    }
}
