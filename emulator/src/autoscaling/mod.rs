//! EC2 Auto Scaling: groups of instances.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/Welcome.html>
//!
//! AWS publishes no request rates for these operations, so no bucket limits them.
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod activities;
mod groups;
mod hooks;
mod instances;
pub(crate) mod life;
mod processes;
mod scheduled_actions;
mod state;
mod tags;

pub(crate) use groups::group_arn;
pub(crate) use life::Due;
pub(crate) use state::{Group, Instance, State, Tag, WarmPool};

use crate::api_error::ApiError;
use crate::ecs::pages::{key, token};
use crate::wire::{Operation, request};
use crate::world::World;

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

/// What EC2 Auto Scaling can do here; anything else is an `InvalidAction`.
pub(crate) static OPERATIONS: &[Operation] = &[
    operation!("DescribeAutoScalingGroups", reads, groups::describe_auto_scaling_groups),
    operation!("UpdateAutoScalingGroup", writes, groups::update_auto_scaling_group),
    operation!("SetDesiredCapacity", writes, groups::set_desired_capacity),
    operation!("CreateOrUpdateTags", writes, tags::create_or_update_tags),
    operation!("DeleteTags", writes, tags::delete_tags),
    operation!("SuspendProcesses", writes, processes::suspend_processes),
    operation!("ResumeProcesses", writes, processes::resume_processes),
    operation!("DescribeScalingActivities", reads, activities::describe_scaling_activities),
    operation!("PutLifecycleHook", writes, hooks::put_lifecycle_hook),
    operation!("DescribeLifecycleHooks", reads, hooks::describe_lifecycle_hooks),
    operation!("CompleteLifecycleAction", writes, hooks::complete_lifecycle_action),
    operation!("PutScheduledUpdateGroupAction", writes, scheduled_actions::put_scheduled_update_group_action),
    operation!("DeleteScheduledAction", writes, scheduled_actions::delete_scheduled_action),
    operation!("DescribeScheduledActions", reads, scheduled_actions::describe_scheduled_actions),
    operation!("SetInstanceProtection", writes, instances::set_instance_protection),
    operation!("TerminateInstanceInAutoScalingGroup", writes, instances::terminate_instance),
    operation!("DescribeWarmPool", reads, instances::describe_warm_pool),
];

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}

fn not_found(name: &str) -> ApiError {
    invalid(format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"))
}

/// The group of that name.
fn group<'a>(world: &'a World, name: &str) -> Result<&'a Group, ApiError> {
    world.autoscaling.groups.get(name).ok_or_else(|| not_found(name))
}

fn group_mut<'a>(world: &'a mut World, name: &str) -> Result<&'a mut Group, ApiError> {
    world.autoscaling.groups.get_mut(name).ok_or_else(|| not_found(name))
}

/// How many records a page may have.
fn size(asked: Option<i64>, default: usize, most: usize) -> Result<usize, ApiError> {
    match asked {
        None => Ok(default),
        Some(n) => usize::try_from(n).ok().filter(|n| (1..=most).contains(n)).ok_or_else(|| {
            invalid(format!(
                "1 validation error detected: Value '{n}' at 'maxRecords' failed to satisfy constraint: \
                 Member must have value between 1 and {most}"
            ))
        }),
    }
}

/// One page of items in ascending order of their keys, and the token of the next.
fn page<T>(
    items: impl Iterator<Item = (String, T)>,
    next_token: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let after = match next_token {
        None => String::new(),
        Some(token) => key(token).ok_or_else(|| {
            ApiError::client("InvalidNextToken", format!("The token '{token}' is invalid."))
        })?,
    };
    let mut items = items.skip_while(|(key, _)| *key <= after);
    let mut last = String::new();
    let mut page = Vec::new();
    for (key, item) in items.by_ref().take(size) {
        last = key;
        page.push(item);
    }
    let next = items.next().map(|_| token(&last));
    Ok((page, next))
}
