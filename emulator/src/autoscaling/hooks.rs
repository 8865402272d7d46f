//! Lifecycle hooks: an instance waits when it comes or goes, until somebody says so or time is up.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html>

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::autoscaling::{group, group_mut, invalid, life};
use crate::wire::loose;
use crate::world::World;

#[derive(Clone, Debug)]
pub(crate) struct Hook {
    /// At the launch; else at the end.
    pub(crate) launching: bool,
    pub(crate) heartbeat: SignedDuration,
    /// What happens when time is up: `CONTINUE`, else `ABANDON`.
    pub(crate) continues: bool,
}

/// ECS's own, on the groups whose instances it drains.
const DRAINING: &str = "ecs-managed-draining-termination-hook";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutLifecycleHook {
    lifecycle_hook_name: String,
    auto_scaling_group_name: String,
    lifecycle_transition: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    heartbeat_timeout: Option<i64>,
    default_result: Option<String>,
}

/// An hour and `ABANDON` unless said.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html>
pub(super) fn put_lifecycle_hook(world: &mut World, input: PutLifecycleHook) -> Result<Value, ApiError> {
    let group = group_mut(world, &input.auto_scaling_group_name)?;
    let launching = match input.lifecycle_transition.as_deref() {
        Some("autoscaling:EC2_INSTANCE_LAUNCHING") => true,
        Some("autoscaling:EC2_INSTANCE_TERMINATING") => false,
        _ => return Err(invalid("Lifecycle transition must be specified, and of an instance")),
    };
    let seconds = input.heartbeat_timeout.unwrap_or(3600);
    if !(30..=7200).contains(&seconds) {
        return Err(invalid("Heartbeat timeout must be between 30 and 7200 seconds"));
    }
    let continues = match input.default_result.as_deref() {
        None | Some("ABANDON") => false,
        Some("CONTINUE") => true,
        Some(other) => return Err(invalid(format!("Default result {other} is not valid"))),
    };
    let hook = Hook { launching, heartbeat: SignedDuration::from_secs(seconds), continues };
    group.hooks.insert(input.lifecycle_hook_name, hook);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeLifecycleHooks {
    auto_scaling_group_name: String,
    #[serde(default)]
    lifecycle_hook_names: Vec<String>,
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLifecycleHooks.html>
pub(super) fn describe_lifecycle_hooks(
    world: &mut World,
    input: DescribeLifecycleHooks,
) -> Result<Value, ApiError> {
    let name = input.auto_scaling_group_name;
    let mut hooks = group(world, &name)?.hooks.clone();
    let provider = world.provider_of(&name).and_then(|p| world.ecs.capacity_providers.get(&p));
    if provider.is_some_and(|p| p.managed_draining) {
        let own = Hook { launching: false, heartbeat: SignedDuration::from_secs(3600), continues: true };
        hooks.insert(DRAINING.to_owned(), own);
    }
    let asked =
        |hook: &String| input.lifecycle_hook_names.is_empty() || input.lifecycle_hook_names.contains(hook);
    let view = |(hook, h): (&String, &Hook)| {
        let transition = if h.launching { "LAUNCHING" } else { "TERMINATING" };
        json!({
            "LifecycleHookName": hook,
            "AutoScalingGroupName": name,
            "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{transition}"),
            "HeartbeatTimeout": h.heartbeat.as_secs(),
            "GlobalTimeout": h.heartbeat.as_secs().saturating_mul(100).min(172_800),
            "DefaultResult": if h.continues { "CONTINUE" } else { "ABANDON" },
        })
    };
    let hooks: Value = hooks.iter().filter(|(hook, _)| asked(hook)).map(view).collect();
    Ok(json!({"LifecycleHooks": hooks}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CompleteLifecycleAction {
    lifecycle_hook_name: String,
    auto_scaling_group_name: String,
    lifecycle_action_result: String,
    instance_id: Option<String>,
}

/// By the instance; tokens are not modelled.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html>
pub(super) fn complete_lifecycle_action(
    world: &mut World,
    input: CompleteLifecycleAction,
) -> Result<Value, ApiError> {
    let name = input.auto_scaling_group_name;
    let group = group(world, &name)?;
    let id = input.instance_id.unwrap_or_default();
    let waits = group.instances.get(&id).is_some_and(|i| i.waits_until.is_some());
    if !waits || !group.hooks.contains_key(&input.lifecycle_hook_name) {
        return Err(invalid(format!("No active Lifecycle Action found with instance ID {id}")));
    }
    life::complete(world, &name, &id, input.lifecycle_action_result == "CONTINUE");
    Ok(json!({}))
}
