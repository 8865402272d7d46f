//! Tasks and task definitions.

use aws_sdk_ecs::types as sdk;
use shared::ecs;

use super::{instant, tags, text};

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
        capacity_provider_name: from.capacity_provider_name().map(str::to_owned),
        platform_version: from.platform_version().map(str::to_owned),
        container_instance_arn: from.container_instance_arn().map(str::to_owned),
        availability_zone: from.availability_zone().map(str::to_owned),
        health_status: health(from.health_status()),
        created_at: instant(from.created_at()),
        started_at: instant(from.started_at()),
        stopping_at: instant(from.stopping_at()),
        stopped_at: instant(from.stopped_at()),
        stop_code: from.stop_code().map(|code| code.as_str().to_owned()),
        stopped_reason: from.stopped_reason().map(str::to_owned),
        containers: from.containers().iter().map(container).collect(),
        tags: tags(from.tags()),
    }
}

/// UNKNOWN is what a container without a health check has: nothing to show.
fn health(from: Option<&sdk::HealthStatus>) -> Option<String> {
    from.map(sdk::HealthStatus::as_str).filter(|status| *status != "UNKNOWN").map(str::to_owned)
}

fn container(from: &sdk::Container) -> ecs::Container {
    ecs::Container {
        name: text(from.name()),
        image: from.image().map(str::to_owned),
        image_digest: from.image_digest().map(str::to_owned),
        last_status: text(from.last_status()),
        health_status: health(from.health_status()),
        exit_code: from.exit_code(),
        reason: from.reason().map(str::to_owned),
    }
}

pub(crate) fn task_definition(from: &sdk::TaskDefinition) -> ecs::TaskDefinition {
    let kinds = |from: &[sdk::Compatibility]| from.iter().map(|kind| kind.as_str().to_owned()).collect();
    ecs::TaskDefinition {
        task_definition_arn: text(from.task_definition_arn()),
        family: text(from.family()),
        revision: from.revision(),
        status: from.status().map(|status| status.as_str().to_owned()),
        network_mode: from.network_mode().map(|mode| mode.as_str().to_owned()),
        requires_compatibilities: kinds(from.requires_compatibilities()),
        compatibilities: kinds(from.compatibilities()),
        cpu: from.cpu().map(str::to_owned),
        memory: from.memory().map(str::to_owned),
        runtime_platform: from.runtime_platform().map(|platform| ecs::RuntimePlatform {
            cpu_architecture: platform.cpu_architecture().map(|kind| kind.as_str().to_owned()),
            operating_system_family: platform.operating_system_family().map(|kind| kind.as_str().to_owned()),
        }),
        task_role_arn: from.task_role_arn().map(str::to_owned),
        execution_role_arn: from.execution_role_arn().map(str::to_owned),
        container_definitions: from.container_definitions().iter().map(container_definition).collect(),
        registered_at: instant(from.registered_at()),
        registered_by: from.registered_by().map(str::to_owned),
        deregistered_at: instant(from.deregistered_at()),
        volumes_at_launch: from
            .volumes()
            .iter()
            .filter(|volume| volume.configured_at_launch() == Some(true))
            .map(|volume| text(volume.name()))
            .collect(),
        placement_constraints: from.placement_constraints().len(),
    }
}

fn container_definition(from: &sdk::ContainerDefinition) -> ecs::ContainerDefinition {
    ecs::ContainerDefinition {
        name: text(from.name()),
        image: text(from.image()),
        // A container is essential unless its definition says otherwise.
        essential: from.essential().unwrap_or(true),
        cpu: from.cpu(),
        memory: from.memory(),
        memory_reservation: from.memory_reservation(),
        port_mappings: from
            .port_mappings()
            .iter()
            .map(|port| ecs::PortMapping {
                container_port: port.container_port(),
                host_port: port.host_port(),
                protocol: port.protocol().map(|protocol| protocol.as_str().to_owned()),
                name: port.name().map(str::to_owned),
            })
            .collect(),
        version_consistency: from.version_consistency().map(|kind| kind.as_str().to_owned()),
    }
}
