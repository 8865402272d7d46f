//! Container instances and capacity providers.

use aws_sdk_ecs::types as sdk;
use shared::ecs;

use super::{instant, tags, text};

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
