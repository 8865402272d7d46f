//! Auto Scaling groups.

use aws_sdk_autoscaling::types as groups_sdk;
use shared::autoscaling;

use super::{instant, text};

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
