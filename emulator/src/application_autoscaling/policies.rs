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
    configuration: Configuration,
    created_at: Timestamp,
}

#[derive(Clone, Debug)]
enum Configuration {
    TargetTracking(TargetTracking),
    /// Only kept and shown: nothing is forecast here.
    Predictive(Predictive),
}

impl Policy {
    fn scales_in(&self) -> bool {
        match &self.configuration {
            Configuration::TargetTracking(tracking) => tracking.disable_scale_in != Some(true),
            Configuration::Predictive(_) => true,
        }
    }

    fn follows_load(&self) -> bool {
        matches!(self.configuration, Configuration::TargetTracking(_))
    }
}

/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredictiveScalingPolicyConfiguration.html>
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Predictive {
    metric_specifications: Vec<Value>,
    mode: Option<String>,
    scheduling_buffer_time: Option<i64>,
    max_capacity_breach_behavior: Option<String>,
    max_capacity_buffer: Option<i64>,
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
    predictive_scaling_policy_configuration: Option<Predictive>,
}

/// Creates or replaces a policy of type `TargetTrackingScaling` or `PredictiveScaling`; others are refused.
///
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html>
pub(super) fn put_scaling_policy(world: &mut World, input: PutScalingPolicy) -> Result<Value, ApiError> {
    modelled(&input.service_namespace, Some(&input.scalable_dimension))?;
    let resource = input.resource_id;
    service_of(&resource)?;
    if !world.application_autoscaling.targets.contains_key(&resource) {
        return Err(not_found(format!("No scalable target registered for resource id: {resource}")));
    }
    let configuration = match input.policy_type.as_deref() {
        Some("TargetTrackingScaling") => {
            input.target_tracking_scaling_policy_configuration.map(Configuration::TargetTracking)
        }
        Some("PredictiveScaling") => {
            input.predictive_scaling_policy_configuration.map(Configuration::Predictive)
        }
        _ => {
            return Err(invalid(
                "The embedded AWS models policies of type TargetTrackingScaling and PredictiveScaling only",
            ));
        }
    };
    let Some(configuration) = configuration else {
        return Err(invalid("The configuration of the policy's type is required"));
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
    let (kind, name, configuration) = match &policy.configuration {
        Configuration::TargetTracking(given) => {
            ("TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration", tracking_view(given))
        }
        Configuration::Predictive(given) => {
            ("PredictiveScaling", "PredictiveScalingPolicyConfiguration", predictive_view(given))
        }
    };
    json!({
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        "ServiceNamespace": NAMESPACE,
        "ResourceId": policy.resource,
        "ScalableDimension": DIMENSION,
        "PolicyType": kind,
        name: configuration,
        "Alarms": [],
        "CreationTime": epoch(policy.created_at),
    })
}

fn predictive_view(given: &Predictive) -> Map<String, Value> {
    let mut configuration = Map::new();
    put(&mut configuration, "MetricSpecifications", Some(given.metric_specifications.clone()));
    put(&mut configuration, "Mode", Some(given.mode.as_deref().unwrap_or("ForecastOnly")));
    put(&mut configuration, "SchedulingBufferTime", given.scheduling_buffer_time);
    put(&mut configuration, "MaxCapacityBreachBehavior", given.max_capacity_breach_behavior.clone());
    put(&mut configuration, "MaxCapacityBuffer", given.max_capacity_buffer);
    configuration
}

fn tracking_view(given: &TargetTracking) -> Map<String, Value> {
    let mut configuration = Map::new();
    put(&mut configuration, "TargetValue", Some(given.target_value));
    put(&mut configuration, "PredefinedMetricSpecification", given.predefined_metric_specification.clone());
    put(&mut configuration, "CustomizedMetricSpecification", given.customized_metric_specification.clone());
    put(&mut configuration, "ScaleOutCooldown", given.scale_out_cooldown);
    put(&mut configuration, "ScaleInCooldown", given.scale_in_cooldown);
    put(&mut configuration, "DisableScaleIn", given.disable_scale_in);
    configuration
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
    let policies = state.policies.range(first..).take_while(|((r, _), _)| r == resource).map(|(_, p)| p);
    let mut policies = policies.filter(|p| p.follows_load()).peekable();
    policies.peek()?;
    let scales_in = policies.all(Policy::scales_in);
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
