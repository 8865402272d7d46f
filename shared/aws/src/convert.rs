//! The SDK's types into ours, in the files of [`crate::read`]. What is not copied here is never shown.

mod autoscaling;
mod clusters;
mod images;
mod instances;
mod revisions;
mod scaling;
mod services;
mod tasks;

use aws_sdk_ecs::types as sdk;
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use shared::ecs;

pub(crate) use autoscaling::group;
pub(crate) use clusters::cluster;
pub(crate) use images::{image_detail, repository};
pub(crate) use instances::{capacity_provider, container_instance};
pub(crate) use revisions::{daemon_deployment, daemon_revision, service_deployment, service_revision};
pub(crate) use scaling::{scalable_target, scaling_policy, scheduled_action};
pub(crate) use services::service;
pub(crate) use tasks::{task, task_definition};

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

pub(crate) fn failure(from: &sdk::Failure) -> ecs::Failure {
    ecs::Failure {
        arn: text(from.arn()),
        reason: text(from.reason()),
        detail: from.detail().map(str::to_owned),
    }
}
