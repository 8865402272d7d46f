//! Application Auto Scaling, for ECS services.
//!
//! <https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html>
//!
//! AWS publishes no request rates for these operations, so no bucket limits them.
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod pages;
mod policies;
mod scheduled_actions;
pub(crate) mod targets;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::api_error::ApiError;
use crate::wire::{Operation, request};
use crate::world::World;
use policies::Policy;
use scheduled_actions::ScheduledAction;
use targets::Target;

/// What Application Auto Scaling knows, by resource id (`service/prod/users`) and then by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) targets: BTreeMap<String, Target>,
    policies: BTreeMap<(String, String), Policy>,
    scheduled_actions: BTreeMap<(String, String), ScheduledAction>,
    /// How many tasks the load on a service asks for, as its owner says.
    loads: BTreeMap<String, i64>,
    /// The services whose policies are about to look.
    evaluating: BTreeSet<String>,
}

/// What is due in Application Auto Scaling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A service's policies look at its load.
    Evaluate { resource: String },
    /// A scheduled action's time has come, if it is still the one that was put then.
    Act { resource: String, name: String, put: u64, at: Timestamp },
}

/// Lets one thing happen that is due now.
pub(crate) fn happen(world: &mut World, due: Due) {
    match due {
        Due::Evaluate { resource } => policies::evaluate(world, &resource),
        Due::Act { resource, name, put, at } => scheduled_actions::act(world, &resource, &name, put, at),
    }
}

pub(crate) use policies::{set_load, watch};

macro_rules! operation {
    ($name:literal, $access:ident, $function:path) => {
        Operation {
            name: $name,
            write: operation!($access),
            group: None,
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

/// What Application Auto Scaling can do here; anything else is an `UnknownOperationException`.
pub(crate) static OPERATIONS: &[Operation] = &[
    operation!("RegisterScalableTarget", writes, targets::register_scalable_target),
    operation!("DeregisterScalableTarget", writes, targets::deregister_scalable_target),
    operation!("DescribeScalableTargets", reads, targets::describe_scalable_targets),
    operation!("ListTagsForResource", reads, targets::list_tags_for_resource),
    operation!("PutScalingPolicy", writes, policies::put_scaling_policy),
    operation!("DeleteScalingPolicy", writes, policies::delete_scaling_policy),
    operation!("DescribeScalingPolicies", reads, policies::describe_scaling_policies),
    operation!("PutScheduledAction", writes, scheduled_actions::put_scheduled_action),
    operation!("DeleteScheduledAction", writes, scheduled_actions::delete_scheduled_action),
    operation!("DescribeScheduledActions", reads, scheduled_actions::describe_scheduled_actions),
];

/// The namespace and the dimension that are modelled.
pub(crate) const NAMESPACE: &str = "ecs";
pub(crate) const DIMENSION: &str = "ecs:service:DesiredCount";

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationException", message)
}

fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::client("ObjectNotFoundException", message)
}

/// Refuses namespaces and dimensions that are not modelled.
fn modelled(namespace: &str, dimension: Option<&str>) -> Result<(), ApiError> {
    if namespace != NAMESPACE {
        return Err(invalid(format!("Unsupported service namespace: {namespace}")));
    }
    match dimension {
        Some(other) if other != DIMENSION => Err(invalid(format!("Unsupported scalable dimension: {other}"))),
        _ => Ok(()),
    }
}

/// The cluster and the service of a resource id.
fn service_of(resource: &str) -> Result<(&str, &str), ApiError> {
    resource
        .strip_prefix("service/")
        .and_then(|r| r.split_once('/'))
        .filter(|(cluster, service)| !cluster.is_empty() && !service.is_empty() && !service.contains('/'))
        .ok_or_else(|| invalid(format!("Unsupported resource id: {resource}")))
}
