//! The SDK's types into ours. What is not copied here is never shown.

use aws_sdk_applicationautoscaling::types as scaling_sdk;
use aws_sdk_autoscaling::types as groups_sdk;
use aws_sdk_ecr::types as ecr_sdk;
use aws_sdk_ecs::types as sdk;
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use shared::application_autoscaling::{ScalableTarget, ScheduledAction, Suspended};
use shared::ecs::revisions;
use shared::{autoscaling, ecr, ecs};

fn text(from: Option<&str>) -> String {
    from.unwrap_or_default().to_owned()
}

/// AWS says milliseconds, in a JSON number whose last digits are noise.
pub(crate) fn instant(from: Option<&DateTime>) -> Option<Timestamp> {
    let from = from?;
    let millis = i64::from(from.subsec_nanos().saturating_add(500_000) / 1_000_000);
    Timestamp::from_millisecond(from.secs().checked_mul(1_000)?.checked_add(millis)?).ok()
}

pub(crate) fn tags(from: &[sdk::Tag]) -> Vec<ecs::Tag> {
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
        default_capacity_provider_strategy: strategy(from.default_capacity_provider_strategy()),
        statistics: from
            .statistics()
            .iter()
            .map(|pair| ecs::Statistic { name: text(pair.name()), value: text(pair.value()) })
            .collect(),
        tags: tags(from.tags()),
    }
}

fn strategy(from: &[sdk::CapacityProviderStrategyItem]) -> Vec<ecs::CapacityProviderStrategyItem> {
    let item = |item: &sdk::CapacityProviderStrategyItem| ecs::CapacityProviderStrategyItem {
        capacity_provider: item.capacity_provider().to_owned(),
        weight: item.weight(),
        base: item.base(),
    };
    from.iter().map(item).collect()
}

fn network(from: Option<&sdk::NetworkConfiguration>) -> Option<ecs::NetworkConfiguration> {
    let from = from?.awsvpc_configuration()?;
    Some(ecs::NetworkConfiguration {
        awsvpc_configuration: ecs::AwsVpcConfiguration {
            subnets: from.subnets().to_vec(),
            security_groups: from.security_groups().to_vec(),
            assign_public_ip: from.assign_public_ip().map(|assign| assign.as_str().to_owned()),
        },
    })
}

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

pub(crate) fn container_instance(from: &sdk::ContainerInstance) -> ecs::ContainerInstance {
    ecs::ContainerInstance {
        container_instance_arn: text(from.container_instance_arn()),
        ec2_instance_id: from.ec2_instance_id().map(str::to_owned),
        capacity_provider_name: from.capacity_provider_name().map(str::to_owned),
        status: text(from.status()),
        status_reason: from.status_reason().map(str::to_owned),
        agent_connected: from.agent_connected(),
        running_tasks_count: from.running_tasks_count(),
        pending_tasks_count: from.pending_tasks_count(),
        registered_resources: from.registered_resources().iter().map(resource).collect(),
        remaining_resources: from.remaining_resources().iter().map(resource).collect(),
        registered_at: instant(from.registered_at()),
        tags: tags(from.tags()),
    }
}

fn resource(from: &sdk::Resource) -> ecs::Resource {
    let ports = from.string_set_value();
    ecs::Resource {
        name: text(from.name()),
        integer_value: (from.r#type() == Some("INTEGER")).then(|| from.integer_value()),
        string_set_value: (!ports.is_empty()).then(|| ports.to_vec()),
    }
}

pub(crate) fn capacity_provider(from: &sdk::CapacityProvider) -> ecs::CapacityProvider {
    ecs::CapacityProvider {
        name: text(from.name()),
        capacity_provider_arn: text(from.capacity_provider_arn()),
        status: from.status().map(|status| status.as_str().to_owned()),
        auto_scaling_group_provider: from.auto_scaling_group_provider().map(|provider| {
            ecs::AutoScalingGroupProvider {
                auto_scaling_group_arn: provider.auto_scaling_group_arn().to_owned(),
                managed_scaling: provider.managed_scaling().map(|scaling| ecs::ManagedScaling {
                    status: scaling.status().map(|status| status.as_str().to_owned()),
                    target_capacity: scaling.target_capacity(),
                }),
                managed_termination_protection: provider
                    .managed_termination_protection()
                    .map(|protection| protection.as_str().to_owned()),
            }
        }),
        tags: tags(from.tags()),
    }
}

pub(crate) fn group(from: &groups_sdk::AutoScalingGroup) -> autoscaling::Group {
    autoscaling::Group {
        auto_scaling_group_name: text(from.auto_scaling_group_name()),
        auto_scaling_group_arn: text(from.auto_scaling_group_arn()),
        min_size: from.min_size().unwrap_or(0),
        max_size: from.max_size().unwrap_or(0),
        desired_capacity: from.desired_capacity().unwrap_or(0),
        availability_zones: from.availability_zones().to_vec(),
        instances: from.instances().iter().map(instance).collect(),
        suspended_processes: from
            .suspended_processes()
            .iter()
            .map(|process| autoscaling::SuspendedProcess {
                process_name: text(process.process_name()),
                suspension_reason: text(process.suspension_reason()),
            })
            .collect(),
        new_instances_protected_from_scale_in: from.new_instances_protected_from_scale_in() == Some(true),
        warm_pool_size: from.warm_pool_size(),
        status: from.status().map(str::to_owned),
        created_time: instant(from.created_time()),
        tags: from
            .tags()
            .iter()
            .map(|tag| autoscaling::Tag {
                key: text(tag.key()),
                value: text(tag.value()),
                propagate_at_launch: tag.propagate_at_launch() == Some(true),
            })
            .collect(),
    }
}

fn instance(from: &groups_sdk::Instance) -> autoscaling::Instance {
    autoscaling::Instance {
        instance_id: text(from.instance_id()),
        instance_type: from.instance_type().map(str::to_owned),
        availability_zone: text(from.availability_zone()),
        lifecycle_state: text(from.lifecycle_state().map(groups_sdk::LifecycleState::as_str)),
        health_status: text(from.health_status()),
        protected_from_scale_in: from.protected_from_scale_in() == Some(true),
        weighted_capacity: from.weighted_capacity().map(str::to_owned),
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
    let sets = from.scalable_target_action();
    let bound = |of: Option<i32>| of.and_then(|of| u32::try_from(of).ok());
    ScheduledAction {
        resource_id: from.resource_id().to_owned(),
        scheduled_action_name: from.scheduled_action_name().to_owned(),
        schedule: from.schedule().to_owned(),
        timezone: from.timezone().map(str::to_owned),
        start_time: instant(from.start_time()),
        end_time: instant(from.end_time()),
        creation_time: instant(Some(from.creation_time())),
        min_capacity: bound(sets.and_then(scaling_sdk::ScalableTargetAction::min_capacity)),
        max_capacity: bound(sets.and_then(scaling_sdk::ScalableTargetAction::max_capacity)),
    }
}

pub(crate) fn service_revision(from: &sdk::ServiceRevision) -> revisions::Revision {
    let image = |image: &sdk::ContainerImage| revisions::RevisionImage {
        container: text(image.container_name()),
        image: text(image.image()),
        digest: image.image_digest().map(str::to_owned),
    };
    revisions::Revision {
        arn: text(from.service_revision_arn()),
        task_definition: from.task_definition().map(str::to_owned),
        images: from.container_images().iter().map(image).collect(),
    }
}

pub(crate) fn daemon_revision(from: &sdk::DaemonRevision) -> revisions::Revision {
    let image = |image: &sdk::DaemonContainerImage| revisions::RevisionImage {
        container: text(image.container_name()),
        image: text(image.image()),
        digest: image.image_digest().map(str::to_owned),
    };
    revisions::Revision {
        arn: text(from.daemon_revision_arn()),
        task_definition: from.daemon_task_definition_arn().map(str::to_owned),
        images: from.container_images().iter().map(image).collect(),
    }
}

pub(crate) fn service_deployment(from: &sdk::ServiceDeployment) -> revisions::ServiceDeployment {
    let sources = from.source_service_revisions().iter().chain(from.target_service_revision());
    let back = from.rollback().and_then(sdk::Rollback::service_revision_arn);
    revisions::ServiceDeployment {
        arn: text(from.service_deployment_arn()),
        status: text(from.status().map(sdk::ServiceDeploymentStatus::as_str)),
        created_at: instant(from.created_at()),
        revisions: sources
            .filter_map(sdk::ServiceRevisionSummary::arn)
            .chain(back)
            .map(str::to_owned)
            .collect(),
    }
}

pub(crate) fn repository(from: &ecr_sdk::Repository) -> ecr::Repository {
    ecr::Repository {
        repository_arn: text(from.repository_arn()),
        registry_id: text(from.registry_id()),
        repository_name: text(from.repository_name()),
        repository_uri: text(from.repository_uri()),
        created_at: instant(from.created_at()),
        image_tag_mutability: from.image_tag_mutability().map(|kind| kind.as_str().to_owned()),
    }
}

pub(crate) fn image_detail(from: &ecr_sdk::ImageDetail) -> ecr::ImageDetail {
    ecr::ImageDetail {
        registry_id: text(from.registry_id()),
        repository_name: text(from.repository_name()),
        image_digest: text(from.image_digest()),
        image_tags: from.image_tags().to_vec(),
        image_size_in_bytes: from.image_size_in_bytes(),
        image_pushed_at: instant(from.image_pushed_at()),
        image_manifest_media_type: from.image_manifest_media_type().map(str::to_owned),
        artifact_media_type: from.artifact_media_type().map(str::to_owned),
        last_recorded_pull_time: instant(from.last_recorded_pull_time()),
        subject_manifest_digest: from.subject_manifest_digest().map(str::to_owned),
        image_status: from.image_status().map(|status| status.as_str().to_owned()),
        last_archived_at: instant(from.last_archived_at()),
        last_activated_at: instant(from.last_activated_at()),
    }
}
