//! What people do to single instances, and the warm pool.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::autoscaling::{activities, group, group_mut, invalid, life, size};
use crate::wire::{loose, put};
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SetInstanceProtection {
    instance_ids: Vec<String>,
    auto_scaling_group_name: String,
    #[serde(default, deserialize_with = "loose")]
    protected_from_scale_in: Option<bool>,
}

/// At most 50.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceProtection.html>
pub(super) fn set_instance_protection(
    world: &mut World,
    input: SetInstanceProtection,
) -> Result<Value, ApiError> {
    let name = input.auto_scaling_group_name;
    let group = group_mut(world, &name)?;
    let protected =
        input.protected_from_scale_in.ok_or_else(|| invalid("ProtectedFromScaleIn is required"))?;
    if !(1..=50).contains(&input.instance_ids.len()) {
        return Err(invalid("Between 1 and 50 instance ids must be specified"));
    }
    if let Some(other) = input.instance_ids.iter().find(|id| !group.instances.contains_key(*id)) {
        return Err(invalid(format!("The instance {other} is not part of Auto Scaling group {name}.")));
    }
    for (_, instance) in group.instances.iter_mut().filter(|(id, _)| input.instance_ids.contains(id)) {
        instance.protected = protected;
    }
    group.held = false;
    life::touch(world, &name);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TerminateInstance {
    instance_id: String,
    #[serde(default, deserialize_with = "loose")]
    should_decrement_desired_capacity: Option<bool>,
}

/// Whether protected or not; another takes its place unless the desired capacity goes down with it.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html>
pub(super) fn terminate_instance(world: &mut World, input: TerminateInstance) -> Result<Value, ApiError> {
    let id = input.instance_id;
    let decrement = input
        .should_decrement_desired_capacity
        .ok_or_else(|| invalid("ShouldDecrementDesiredCapacity is required"))?;
    let of = |(_, g): &(&String, &crate::autoscaling::Group)| g.instances.contains_key(&id);
    let Some((name, group)) = world.autoscaling.groups.iter().find(of) else {
        return Err(invalid(format!(
            "Instance Id not found - No managed instance found for instance ID: {id}"
        )));
    };
    let name = name.clone();
    if decrement && group.desired <= group.min {
        return Err(invalid(format!(
            "Currently, desiredSize equals minSize ({}). Terminating instance without replacement will violate \
             group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's \
             min size.",
            group.min
        )));
    }
    if decrement {
        group_mut(world, &name)?.desired -= 1;
    }
    life::terminate(world, &name, &id, "instance was taken out of service in response to a user request.");
    life::touch(world, &name);
    let activity = activities::last(world, &name, &id);
    Ok(json!({"Activity": activity}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeWarmPool {
    auto_scaling_group_name: String,
    #[serde(default, deserialize_with = "loose")]
    max_records: Option<i64>,
    #[serde(rename = "NextToken")]
    _next_token: Option<String>,
}

/// At most 50 instances: pages are not modelled.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeWarmPool.html>
pub(super) fn describe_warm_pool(world: &mut World, input: DescribeWarmPool) -> Result<Value, ApiError> {
    size(input.max_records, 50, 50)?;
    let group = group(world, &input.auto_scaling_group_name)?;
    let mut answer = Map::new();
    let mut instances = Vec::new();
    if let Some(pool) = &group.warm_pool {
        answer.insert("WarmPoolConfiguration".to_owned(), pool.view());
        for (id, zone) in pool.instances.iter().zip(group.zones.iter().cycle()) {
            instances.push(json!({
                "InstanceId": id,
                "InstanceType": group.instance_type,
                "AvailabilityZone": zone,
                "LifecycleState": "Warmed:Stopped",
                "HealthStatus": "Healthy",
            }));
        }
    }
    put(&mut answer, "Instances", Some(instances));
    Ok(answer.into())
}

impl crate::autoscaling::WarmPool {
    pub(super) fn view(&self) -> Value {
        json!({"MinSize": self.min, "PoolState": "Stopped"})
    }
}
