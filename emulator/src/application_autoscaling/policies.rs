//! Scaling policies: within a minute they move the desired count to what the load asks for.
//!
//! The metric and its alarms are not modelled: the owner of the world says how many tasks the load on a service asks
//! for ([`World::load`]), and a target-tracking policy of that service follows it within min..max, as far as it is
//! not suspended. <https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html>

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::application_autoscaling::pages::page;
use crate::application_autoscaling::{DIMENSION, Due, NAMESPACE, invalid, modelled, not_found, service_of};
use crate::due;
use crate::ecs::services::set_desired;
use crate::ecs::state::ServiceStatus;
use crate::wire::{epoch, put};
use crate::world::World;

/// How long policies take to see a change: CloudWatch's period for ECS.
const PERIOD: SignedDuration = SignedDuration::from_secs(60);

#[derive(Clone, Debug)]
pub(super) struct Policy {
    name: String,
    resource: String,
    arn: String,
    configuration: TargetTracking,
    created_at: Timestamp,
}

/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html>
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TargetTracking {
    target_value: f64,
    predefined_metric_specification: Option<Value>,
    customized_metric_specification: Option<Value>,
    scale_out_cooldown: Option<i64>,
    scale_in_cooldown: Option<i64>,
    disable_scale_in: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutScalingPolicy {
    policy_name: String,
    service_namespace: String,
    resource_id: String,
    scalable_dimension: String,
    policy_type: Option<String>,
    target_tracking_scaling_policy_configuration: Option<TargetTracking>,
}

/// Creates or replaces a policy of type `TargetTrackingScaling`; other types are refused.
///
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html>
pub(super) fn put_scaling_policy(world: &mut World, input: PutScalingPolicy) -> Result<Value, ApiError> {
    modelled(&input.service_namespace, Some(&input.scalable_dimension))?;
    let resource = input.resource_id;
    service_of(&resource)?;
    if !world.application_autoscaling.targets.contains_key(&resource) {
        return Err(not_found(format!("No scalable target registered for resource id: {resource}")));
    }
    if input.policy_type.as_deref() != Some("TargetTrackingScaling") {
        return Err(invalid("The embedded AWS models policies of type TargetTrackingScaling only"));
    }
    let Some(configuration) = input.target_tracking_scaling_policy_configuration else {
        return Err(invalid("TargetTrackingScalingPolicyConfiguration is required"));
    };
    let key = (resource.clone(), input.policy_name.clone());
    let old = world.application_autoscaling.policies.get(&key).map(|p| (p.arn.clone(), p.created_at));
    let (arn, created_at) = if let Some(old) = old {
        old
    } else {
        let id = world.ids.hex();
        let name = format!("scalingPolicy:{id}:resource/ecs/{resource}:policyName/{}", input.policy_name);
        (world.arn("autoscaling", &name), world.now)
    };
    let policy = Policy {
        name: input.policy_name,
        resource: resource.clone(),
        arn: arn.clone(),
        configuration,
        created_at,
    };
    world.application_autoscaling.policies.insert(key, policy);
    watch(world, &resource);
    Ok(json!({"PolicyARN": arn, "Alarms": []}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteScalingPolicy {
    policy_name: String,
    service_namespace: String,
    resource_id: String,
    scalable_dimension: String,
}

/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeleteScalingPolicy.html>
pub(super) fn delete_scaling_policy(
    world: &mut World,
    input: DeleteScalingPolicy,
) -> Result<Value, ApiError> {
    modelled(&input.service_namespace, Some(&input.scalable_dimension))?;
    let key = (input.resource_id, input.policy_name);
    match world.application_autoscaling.policies.remove(&key) {
        Some(_) => Ok(json!({})),
        None => Err(not_found(format!("No scaling policy found: {}", key.1))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeScalingPolicies {
    service_namespace: String,
    resource_id: Option<String>,
    scalable_dimension: Option<String>,
    #[serde(default)]
    policy_names: Vec<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 50 a page.
///
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingPolicies.html>
pub(super) fn describe_scaling_policies(
    world: &mut World,
    input: DescribeScalingPolicies,
) -> Result<Value, ApiError> {
    modelled(&input.service_namespace, input.scalable_dimension.as_deref())?;
    let fits = |p: &Policy| {
        input.resource_id.as_ref().is_none_or(|r| p.resource == *r)
            && (input.policy_names.is_empty() || input.policy_names.contains(&p.name))
    };
    let policies = world.application_autoscaling.policies.iter().filter(|(_, p)| fits(p));
    let keyed = policies.map(|((resource, name), p)| (format!("{resource}\n{name}"), p));
    let (policies, next) = page(keyed, input.next_token.as_deref(), input.max_results)?;
    let mut answer = Map::new();
    answer.insert("ScalingPolicies".to_owned(), policies.into_iter().map(view).collect());
    put(&mut answer, "NextToken", next);
    Ok(answer.into())
}

fn view(policy: &Policy) -> Value {
    let given = &policy.configuration;
    let mut configuration = Map::new();
    put(&mut configuration, "TargetValue", Some(given.target_value));
    put(&mut configuration, "PredefinedMetricSpecification", given.predefined_metric_specification.clone());
    put(&mut configuration, "CustomizedMetricSpecification", given.customized_metric_specification.clone());
    put(&mut configuration, "ScaleOutCooldown", given.scale_out_cooldown);
    put(&mut configuration, "ScaleInCooldown", given.scale_in_cooldown);
    put(&mut configuration, "DisableScaleIn", given.disable_scale_in);
    json!({
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        "ServiceNamespace": NAMESPACE,
        "ResourceId": policy.resource,
        "ScalableDimension": DIMENSION,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": configuration,
        "Alarms": [],
        "CreationTime": epoch(policy.created_at),
    })
}

/// The owner says what the load asks for; none: no data, and policies do nothing.
pub(crate) fn set_load(world: &mut World, resource: &str, wanted: Option<i64>) {
    let loads = &mut world.application_autoscaling.loads;
    match wanted {
        Some(n) => loads.insert(resource.to_owned(), n),
        None => loads.remove(resource),
    };
    watch(world, resource);
}

/// Something changed that policies look at: if it makes them move the count, they do within a minute.
pub(crate) fn watch(world: &mut World, resource: &str) {
    if next_count(world, resource).is_none()
        || !world.application_autoscaling.evaluating.insert(resource.to_owned())
    {
        return;
    }
    let at = world.after(PERIOD);
    let due = Due::Evaluate { resource: resource.to_owned() };
    world.agenda.enter(at, due::Due::ApplicationAutoScaling(due));
}

/// The look of a service's policies.
pub(super) fn evaluate(world: &mut World, resource: &str) {
    world.application_autoscaling.evaluating.remove(resource);
    if let (Some(wanted), Ok((cluster, name))) = (next_count(world, resource), service_of(resource)) {
        set_desired(world, cluster, name, wanted);
    }
}

/// The count to which policies would move a service now, if they would move it.
fn next_count(world: &World, resource: &str) -> Option<i64> {
    let state = &world.application_autoscaling;
    let load = *state.loads.get(resource)?;
    let target = state.targets.get(resource)?;
    let first = (resource.to_owned(), String::new());
    let mut policies =
        state.policies.range(first..).take_while(|((r, _), _)| r == resource).map(|(_, p)| p).peekable();
    policies.peek()?;
    let scales_in = policies.all(|p| p.configuration.disable_scale_in != Some(true));
    let (cluster, name) = service_of(resource).ok()?;
    let service = world.ecs.service(cluster, name).filter(|s| s.status == ServiceStatus::Active)?;
    let wanted = load.clamp(target.min, target.max);
    let moves = match wanted.cmp(&service.desired) {
        Ordering::Greater => !target.suspended.dynamic_out,
        Ordering::Less => scales_in && !target.suspended.dynamic_in,
        Ordering::Equal => false,
    };
    moves.then_some(wanted)
}
