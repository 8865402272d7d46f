//! Scaling activities: what a group did to its instances, and why.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-verify-scaling-activity.html>

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::autoscaling::{group, page, size};
use crate::ids;
use crate::wire::{iso, loose, put};
use crate::world::World;

/// How many activities a group remembers.
const REMEMBERED: usize = 200;

#[derive(Clone, Debug)]
pub(crate) struct Activity {
    id: String,
    instance: Option<String>,
    description: String,
    cause: String,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    failed: bool,
}

/// Something begins with an instance.
pub(super) fn begun(world: &mut World, group: &str, instance: &str, what: &str, cause: &str) {
    add(world, group, Some(instance), format!("{what}: {instance}"), cause, false);
}

/// Something could not be done.
pub(super) fn failed(world: &mut World, group: &str, what: &str, cause: &str) {
    add(world, group, None, what.to_owned(), cause, true);
}

fn add(
    world: &mut World,
    group: &str,
    instance: Option<&str>,
    description: String,
    cause: &str,
    failed: bool,
) {
    let hex = world.ids.hex();
    let now = world.now;
    let activity = Activity {
        id: ids::uuid(&hex),
        instance: instance.map(str::to_owned),
        description,
        cause: cause.to_owned(),
        started_at: now,
        ended_at: failed.then_some(now),
        failed,
    };
    if let Some(group) = world.autoscaling.groups.get_mut(group) {
        group.activities.push(activity);
        let surplus = group.activities.len().saturating_sub(REMEMBERED);
        group.activities.drain(..surplus);
    }
}

/// What began with an instance has come to its end.
pub(super) fn ended(world: &mut World, group: &str, instance: &str) {
    let now = world.now;
    let activities = world.autoscaling.groups.get_mut(group).into_iter().flat_map(|g| &mut g.activities);
    for activity in activities.filter(|a| a.instance.as_deref() == Some(instance) && a.ended_at.is_none()) {
        activity.ended_at = Some(now);
    }
}

/// What the group did last to an instance.
pub(super) fn last(world: &World, name: &str, instance: &str) -> Option<Value> {
    let group = world.autoscaling.groups.get(name)?;
    let activity = group.activities.iter().rev().find(|a| a.instance.as_deref() == Some(instance))?;
    Some(view(name, &group.arn, activity))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeScalingActivities {
    #[serde(default)]
    activity_ids: Vec<String>,
    auto_scaling_group_name: Option<String>,
    #[serde(default, deserialize_with = "loose", rename = "IncludeDeletedGroups")]
    _include_deleted_groups: Option<bool>,
    #[serde(default, deserialize_with = "loose")]
    max_records: Option<i64>,
    next_token: Option<String>,
}

/// The newest first; at most 100 a page, and 100 without `MaxRecords`. A group remembers its last 200.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html>
pub(super) fn describe_scaling_activities(
    world: &mut World,
    input: DescribeScalingActivities,
) -> Result<Value, ApiError> {
    let size = size(input.max_records, 100, 100)?;
    if let Some(name) = &input.auto_scaling_group_name {
        group(world, name)?;
    }
    let mut found = Vec::new();
    let of = |name: &String| input.auto_scaling_group_name.as_ref().is_none_or(|n| n == name);
    for (name, group) in world.autoscaling.groups.iter().filter(|(name, _)| of(name)) {
        let asked = |a: &&Activity| input.activity_ids.is_empty() || input.activity_ids.contains(&a.id);
        for activity in group.activities.iter().filter(asked) {
            // Ascending keys that begin with the newest.
            let age = i64::MAX - activity.started_at.as_millisecond();
            found.push((format!("{age:020} {}", activity.id), (name, group.arn.as_str(), activity)));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (found, next) = page(found.into_iter(), input.next_token.as_deref(), size)?;
    let activities: Vec<Value> = found.into_iter().map(|(name, arn, a)| view(name, arn, a)).collect();
    let mut answer = Map::new();
    answer.insert("Activities".to_owned(), activities.into());
    put(&mut answer, "NextToken", next);
    Ok(answer.into())
}

fn view(group: &str, arn: &str, activity: &Activity) -> Value {
    let status = match (activity.failed, activity.ended_at) {
        (true, _) => "Failed",
        (false, Some(_)) => "Successful",
        (false, None) => "InProgress",
    };
    let mut view = Map::new();
    put(&mut view, "ActivityId", Some(activity.id.as_str()));
    put(&mut view, "AutoScalingGroupName", Some(group));
    put(&mut view, "Description", Some(activity.description.as_str()));
    put(&mut view, "Cause", Some(activity.cause.as_str()));
    put(&mut view, "StartTime", Some(iso(activity.started_at)));
    put(&mut view, "EndTime", activity.ended_at.map(iso));
    put(&mut view, "StatusCode", Some(status));
    put(&mut view, "Progress", Some(if activity.ended_at.is_some() { 100 } else { 50 }));
    put(&mut view, "Details", Some(json!({}).to_string()));
    put(&mut view, "AutoScalingGroupARN", Some(arn));
    view.into()
}
