//! Groups: their size and their instances.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::autoscaling::state::{Group, Instance};
use crate::autoscaling::{group, group_mut, invalid, life, page, size, tags};
use crate::wire::{iso, loose, put};
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeAutoScalingGroups {
    #[serde(default)]
    auto_scaling_group_names: Vec<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default, deserialize_with = "loose")]
    include_instances: Option<bool>,
    #[serde(default, deserialize_with = "loose")]
    max_records: Option<i64>,
    next_token: Option<String>,
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Filter.html>
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    name: String,
    #[serde(default)]
    values: Vec<String>,
}

impl Filter {
    fn fits(&self, group: &Group) -> Result<bool, ApiError> {
        let asked = |text: &String| self.values.contains(text);
        Ok(match self.name.as_str() {
            "tag-key" => group.tags.keys().any(asked),
            "tag-value" => group.tags.values().any(|t| asked(&t.value)),
            name => match name.strip_prefix("tag:") {
                Some(key) => group.tags.get(key).is_some_and(|t| asked(&t.value)),
                None => return Err(invalid(format!("Filter name {name} is invalid"))),
            },
        })
    }
}

/// At most 100 a page, and 50 without `MaxRecords`; not more names than that. Names without a group are left out.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html>
pub(super) fn describe_auto_scaling_groups(
    world: &mut World,
    input: DescribeAutoScalingGroups,
) -> Result<Value, ApiError> {
    let size = size(input.max_records, 50, 100)?;
    let names = &input.auto_scaling_group_names;
    if names.len() > size {
        return Err(invalid(format!("The number of group names must not be greater than {size}")));
    }
    let mut fit = Vec::new();
    for (name, group) in &world.autoscaling.groups {
        let mut fits = names.is_empty() || names.contains(name);
        for filter in &input.filters {
            fits = fits && filter.fits(group)?;
        }
        if fits {
            fit.push((name.clone(), (name, group)));
        }
    }
    let (groups, next) = page(fit.into_iter(), input.next_token.as_deref(), size)?;
    let with_instances = input.include_instances.unwrap_or(true);
    let groups: Vec<Value> = groups.iter().map(|(n, g)| view(world, n, g, with_instances)).collect();
    let mut answer = Map::new();
    answer.insert("AutoScalingGroups".to_owned(), groups.into());
    put(&mut answer, "NextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateAutoScalingGroup {
    auto_scaling_group_name: String,
    #[serde(default, deserialize_with = "loose")]
    min_size: Option<i64>,
    #[serde(default, deserialize_with = "loose")]
    max_size: Option<i64>,
    #[serde(default, deserialize_with = "loose")]
    desired_capacity: Option<i64>,
    #[serde(default, deserialize_with = "loose")]
    default_cooldown: Option<i64>,
    #[serde(default, deserialize_with = "loose")]
    new_instances_protected_from_scale_in: Option<bool>,
}

/// New bounds without a new desired capacity take it along; one outside the bounds is refused.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html>
pub(super) fn update_auto_scaling_group(
    world: &mut World,
    input: UpdateAutoScalingGroup,
) -> Result<Value, ApiError> {
    let name = input.auto_scaling_group_name;
    let group = group_mut(world, &name)?;
    let min = input.min_size.unwrap_or(group.min);
    let max = input.max_size.unwrap_or(group.max);
    if min < 0 || max < 0 {
        return Err(invalid("MinSize and MaxSize must be 0 or greater"));
    }
    if min > max {
        return Err(invalid(format!("Max bound, {max}, must be greater than or equal to min bound, {min}")));
    }
    let desired = input.desired_capacity.unwrap_or_else(|| group.desired.clamp(min, max));
    if !(min..=max).contains(&desired) {
        return Err(invalid(format!(
            "Desired capacity:{desired} must be between the specified min size:{min} and max size:{max}"
        )));
    }
    group.min = min;
    group.max = max;
    group.default_cooldown = input.default_cooldown.unwrap_or(group.default_cooldown);
    group.new_instances_protected =
        input.new_instances_protected_from_scale_in.unwrap_or(group.new_instances_protected);
    let cause = format!(
        "a user request update of AutoScalingGroup constraints to min: {min}, max: {max}, desired: {desired}"
    );
    life::set_desired(world, &name, desired, &cause);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SetDesiredCapacity {
    auto_scaling_group_name: String,
    #[serde(default, deserialize_with = "loose")]
    desired_capacity: Option<i64>,
    #[serde(default, deserialize_with = "loose", rename = "HonorCooldown")]
    _honor_cooldown: Option<bool>,
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetDesiredCapacity.html>
pub(super) fn set_desired_capacity(world: &mut World, input: SetDesiredCapacity) -> Result<Value, ApiError> {
    let group = group_mut(world, &input.auto_scaling_group_name)?;
    let desired = input.desired_capacity.ok_or_else(|| invalid("DesiredCapacity is required"))?;
    let refused = |how: &str, bound: i64| {
        invalid(format!(
            "New SetDesiredCapacity value {desired} is {how} value {bound} for the AutoScalingGroup."
        ))
    };
    if desired > group.max {
        return Err(refused("above max", group.max));
    }
    if desired < group.min {
        return Err(refused("below min", group.min));
    }
    let name = input.auto_scaling_group_name;
    life::set_desired(world, &name, desired, "a user request explicitly set group desired capacity,");
    Ok(Value::Null)
}

/// The ARN of a group, which has an id in it.
pub(crate) fn group_arn(world: &World, name: &str) -> String {
    group(world, name).map_or_else(
        |_| world.arn("autoscaling", &format!("autoScalingGroup::autoScalingGroupName/{name}")),
        |g| g.arn.clone(),
    )
}

fn view(world: &World, name: &str, group: &Group, with_instances: bool) -> Value {
    let instances: Vec<Value> = group
        .instances
        .iter()
        .filter(|_| with_instances)
        .map(|(id, i)| instance(world, name, id, i))
        .collect();
    let suspended: Vec<Value> = group
        .suspended
        .iter()
        .map(|(process, reason)| json!({"ProcessName": process, "SuspensionReason": reason}))
        .collect();
    let mut view = Map::new();
    put(&mut view, "AutoScalingGroupName", Some(name));
    put(&mut view, "AutoScalingGroupARN", Some(group.arn.as_str()));
    put(&mut view, "LaunchTemplate", Some(launch_template(name)));
    put(&mut view, "MinSize", Some(group.min));
    put(&mut view, "MaxSize", Some(group.max));
    put(&mut view, "DesiredCapacity", Some(group.desired));
    put(&mut view, "DefaultCooldown", Some(group.default_cooldown));
    put(&mut view, "AvailabilityZones", Some(group.zones.clone()));
    put(&mut view, "LoadBalancerNames", Some(json!([])));
    put(&mut view, "TargetGroupARNs", Some(json!([])));
    put(&mut view, "HealthCheckType", Some("EC2"));
    put(&mut view, "HealthCheckGracePeriod", Some(300));
    put(&mut view, "Instances", Some(instances));
    put(&mut view, "CreatedTime", Some(iso(group.created_at)));
    put(&mut view, "SuspendedProcesses", Some(suspended));
    put(&mut view, "VPCZoneIdentifier", Some("subnet-0a1b2c3d4e5f60718,subnet-1a1b2c3d4e5f60718"));
    put(&mut view, "EnabledMetrics", Some(json!([])));
    put(&mut view, "Tags", Some(tags::view(name, group)));
    put(&mut view, "TerminationPolicies", Some(json!(["Default"])));
    put(&mut view, "NewInstancesProtectedFromScaleIn", Some(group.new_instances_protected));
    let role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    let role = format!("arn:{}:iam::{}:{role}", world.partition, world.account);
    put(&mut view, "ServiceLinkedRoleARN", Some(role));
    put(&mut view, "CapacityRebalance", Some(false));
    if let Some(pool) = &group.warm_pool {
        view.insert("WarmPoolConfiguration".to_owned(), pool.view());
        put(&mut view, "WarmPoolSize", Some(pool.instances.len()));
    }
    view.into()
}

fn launch_template(group: &str) -> Value {
    json!({"LaunchTemplateId": "lt-0a1b2c3d4e5f60718", "LaunchTemplateName": group, "Version": "1"})
}

fn instance(world: &World, group: &str, id: &str, instance: &Instance) -> Value {
    json!({
        "InstanceId": id,
        "InstanceType": instance.instance_type,
        "AvailabilityZone": instance.zone,
        "LifecycleState": instance.lifecycle.name(),
        "HealthStatus": if instance.healthy { "Healthy" } else { "Unhealthy" },
        "LaunchTemplate": launch_template(group),
        "ProtectedFromScaleIn": life::is_protected(world, group, instance),
    })
}
