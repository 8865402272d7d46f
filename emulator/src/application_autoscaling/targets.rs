//! Scalable targets: the bounds of a service's desired count, and what may move it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::application_autoscaling::pages::page;
use crate::application_autoscaling::{DIMENSION, NAMESPACE, invalid, modelled, not_found, service_of, watch};
use crate::ecs::services::set_desired;
use crate::ecs::state::ServiceStatus;
use crate::wire::{epoch, put};
use crate::world::World;

#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) resource: String,
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) suspended: Suspended,
    pub(crate) role: String,
    pub(crate) arn: String,
    pub(crate) created_at: Timestamp,
    pub(crate) tags: BTreeMap<String, String>,
}

/// What is suspended. <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_SuspendedState.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suspended {
    pub(crate) dynamic_in: bool,
    pub(crate) dynamic_out: bool,
    pub(crate) scheduled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are AWS's")]
struct SuspendedState {
    dynamic_scaling_in_suspended: Option<bool>,
    dynamic_scaling_out_suspended: Option<bool>,
    scheduled_scaling_suspended: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RegisterScalableTarget {
    service_namespace: String,
    resource_id: String,
    scalable_dimension: String,
    min_capacity: Option<i64>,
    max_capacity: Option<i64>,
    #[serde(rename = "RoleARN")]
    role_arn: Option<String>,
    suspended_state: Option<SuspendedState>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// Creates a target, or changes what is given of one. The desired count of an ACTIVE service moves into min..max at
/// once, whatever is suspended: "If the specified resource is not active in the target service, this operation does
/// not change the resource's current capacity. Otherwise, it changes the resource's current capacity to a value that
/// is inside of this range."
///
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html>
pub(super) fn register_scalable_target(
    world: &mut World,
    input: RegisterScalableTarget,
) -> Result<Value, ApiError> {
    modelled(&input.service_namespace, Some(&input.scalable_dimension))?;
    let resource = input.resource_id;
    let (cluster, name) = service_of(&resource)?;
    let service = world
        .ecs
        .service(cluster, name)
        .filter(|s| s.status != ServiceStatus::Inactive)
        .ok_or_else(|| invalid(format!("ECS service doesn't exist: {resource}")))?;
    if service.daemon {
        return Err(invalid(format!(
            "ECS service with the DAEMON scheduling strategy cannot be scaled: {resource}"
        )));
    }
    let old = world.application_autoscaling.targets.get(&resource);
    let required = || invalid("MinCapacity and MaxCapacity are required to register a new scalable target");
    let min = input.min_capacity.or_else(|| old.map(|t| t.min)).ok_or_else(required)?;
    let max = input.max_capacity.or_else(|| old.map(|t| t.max)).ok_or_else(required)?;
    if min < 0 || max < 0 {
        return Err(invalid("Minimum and maximum capacity must be greater than or equal to 0"));
    }
    if min > max {
        return Err(invalid("Maximum capacity cannot be less than minimum capacity"));
    }
    let mut suspended = old.map_or_else(Suspended::default, |t| t.suspended);
    if let Some(state) = input.suspended_state {
        // An attribute that is not given is false, its default, once the object is given.
        suspended = Suspended {
            dynamic_in: state.dynamic_scaling_in_suspended.unwrap_or(false),
            dynamic_out: state.dynamic_scaling_out_suspended.unwrap_or(false),
            scheduled: state.scheduled_scaling_suspended.unwrap_or(false),
        };
    }
    let created = old.is_none();
    if created {
        let id: String = world.ids.hex().chars().take(24).collect();
        let target = Target {
            resource: resource.clone(),
            min,
            max,
            suspended,
            role: format!(
                "arn:{}:iam::{}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/\
                 AWSServiceRoleForApplicationAutoScaling_ECSService",
                world.partition, world.account
            ),
            arn: world.arn("application-autoscaling", &format!("scalable-target/0ec5{id}")),
            created_at: world.now,
            tags: input.tags,
        };
        world.application_autoscaling.targets.insert(resource.clone(), target);
    } else if !input.tags.is_empty() {
        return Err(invalid("Tags can only be given when a scalable target is created; use TagResource"));
    }
    let arn = match world.application_autoscaling.targets.get_mut(&resource) {
        None => String::new(),
        Some(target) => {
            target.min = min;
            target.max = max;
            target.suspended = suspended;
            if let Some(role) = input.role_arn {
                target.role = role;
            }
            target.arn.clone()
        }
    };
    clamp(world, &resource);
    Ok(json!({"ScalableTargetARN": arn}))
}

/// Moves the desired count of an ACTIVE service into its target's bounds.
pub(super) fn clamp(world: &mut World, resource: &str) {
    let (Ok((cluster, name)), Some(target)) =
        (service_of(resource), world.application_autoscaling.targets.get(resource))
    else {
        return;
    };
    let active = world.ecs.service(cluster, name).filter(|s| s.status == ServiceStatus::Active);
    if let Some(desired) = active.map(|s| s.desired.clamp(target.min, target.max)) {
        set_desired(world, cluster, name, desired);
    }
    watch(world, resource);
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeregisterScalableTarget {
    service_namespace: String,
    resource_id: String,
    scalable_dimension: String,
}

/// Its policies and scheduled actions go with it.
///
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html>
pub(super) fn deregister_scalable_target(
    world: &mut World,
    input: DeregisterScalableTarget,
) -> Result<Value, ApiError> {
    modelled(&input.service_namespace, Some(&input.scalable_dimension))?;
    let state = &mut world.application_autoscaling;
    if state.targets.remove(&input.resource_id).is_none() {
        return Err(not_found(format!("No scalable target found for resource id: {}", input.resource_id)));
    }
    state.policies.retain(|(resource, _), _| *resource != input.resource_id);
    state.scheduled_actions.retain(|(resource, _), _| *resource != input.resource_id);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeScalableTargets {
    service_namespace: String,
    #[serde(default)]
    resource_ids: Vec<String>,
    scalable_dimension: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 50 a page and 50 resource ids; ids without a target are left out.
///
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html>
pub(super) fn describe_scalable_targets(
    world: &mut World,
    input: DescribeScalableTargets,
) -> Result<Value, ApiError> {
    modelled(&input.service_namespace, input.scalable_dimension.as_deref())?;
    if input.resource_ids.len() > 50 {
        return Err(invalid("ResourceIds cannot have more than 50 elements"));
    }
    let targets = world.application_autoscaling.targets.iter();
    let asked = targets.filter(|(id, _)| input.resource_ids.is_empty() || input.resource_ids.contains(id));
    let (targets, next) =
        page(asked.map(|(id, t)| (id.clone(), t)), input.next_token.as_deref(), input.max_results)?;
    let mut answer = Map::new();
    answer.insert("ScalableTargets".to_owned(), targets.into_iter().map(view).collect());
    put(&mut answer, "NextToken", next);
    Ok(answer.into())
}

fn view(target: &Target) -> Value {
    json!({
        "ServiceNamespace": NAMESPACE,
        "ResourceId": target.resource,
        "ScalableDimension": DIMENSION,
        "MinCapacity": target.min,
        "MaxCapacity": target.max,
        "RoleARN": target.role,
        "CreationTime": epoch(target.created_at),
        "SuspendedState": {
            "DynamicScalingInSuspended": target.suspended.dynamic_in,
            "DynamicScalingOutSuspended": target.suspended.dynamic_out,
            "ScheduledScalingSuspended": target.suspended.scheduled,
        },
        "ScalableTargetARN": target.arn,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListTagsForResource {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
}

/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ListTagsForResource.html>
pub(super) fn list_tags_for_resource(
    world: &mut World,
    input: ListTagsForResource,
) -> Result<Value, ApiError> {
    let target = world.application_autoscaling.targets.values().find(|t| t.arn == input.resource_arn);
    let target = target.ok_or_else(|| {
        ApiError::client(
            "ResourceNotFoundException",
            format!("No scalable target found: {}", input.resource_arn),
        )
    })?;
    Ok(json!({"Tags": target.tags}))
}
