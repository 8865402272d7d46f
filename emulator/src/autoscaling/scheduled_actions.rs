//! Scheduled actions of groups.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html>

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::autoscaling::life::{self, Due};
use crate::autoscaling::{group, group_mut, invalid, page, size};
use crate::cron::Schedule;
use crate::due;
use crate::ids;
use crate::wire::{iso, loose, put};
use crate::world::World;

#[derive(Clone, Debug)]
pub(crate) struct ScheduledAction {
    arn: String,
    /// None: once, at its start.
    recurrence: Option<(String, Schedule)>,
    zone: Option<String>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    min: Option<i64>,
    max: Option<i64>,
    desired: Option<i64>,
    /// Counts how often it was put: what was planned before is void.
    put: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutScheduledUpdateGroupAction {
    auto_scaling_group_name: String,
    scheduled_action_name: String,
    start_time: Option<Timestamp>,
    end_time: Option<Timestamp>,
    recurrence: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    min_size: Option<i64>,
    #[serde(default, deserialize_with = "loose")]
    max_size: Option<i64>,
    #[serde(default, deserialize_with = "loose")]
    desired_capacity: Option<i64>,
    time_zone: Option<String>,
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScheduledUpdateGroupAction.html>
pub(super) fn put_scheduled_update_group_action(
    world: &mut World,
    input: PutScheduledUpdateGroupAction,
) -> Result<Value, ApiError> {
    let group_name = input.auto_scaling_group_name;
    let name = input.scheduled_action_name;
    let old = group(world, &group_name)?.scheduled_actions.get(&name).map(|a| (a.arn.clone(), a.put));
    if input.min_size.is_none() && input.max_size.is_none() && input.desired_capacity.is_none() {
        return Err(invalid("At least one of MinSize, MaxSize and DesiredCapacity must be specified"));
    }
    let zone = match &input.time_zone {
        None => TimeZone::UTC,
        Some(zone) => TimeZone::get(zone).map_err(|_| invalid(format!("Unknown time zone: {zone}")))?,
    };
    let recurrence = match input.recurrence {
        None => None,
        Some(text) => {
            let schedule = Schedule::unix(&text, zone)
                .ok_or_else(|| invalid(format!("Given recurrence string:{text} is invalid")))?;
            Some((text, schedule))
        }
    };
    if recurrence.is_none() && input.start_time.is_none_or(|start| start < world.now) {
        return Err(invalid("Given start time is in the past"));
    }
    let (arn, put) = old.unwrap_or_else(|| {
        let hex = world.ids.hex();
        let id = ids::uuid(&hex);
        let resource = format!(
            "scheduledUpdateGroupAction:{id}:autoScalingGroupName/{group_name}:scheduledActionName/{name}"
        );
        (world.arn("autoscaling", &resource), 0)
    });
    let action = ScheduledAction {
        arn,
        recurrence,
        zone: input.time_zone,
        start: input.start_time,
        end: input.end_time,
        min: input.min_size,
        max: input.max_size,
        desired: input.desired_capacity,
        put: put + 1,
    };
    group_mut(world, &group_name)?.scheduled_actions.insert(name.clone(), action);
    plan(world, &group_name, &name);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteScheduledAction {
    auto_scaling_group_name: String,
    scheduled_action_name: String,
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteScheduledAction.html>
pub(super) fn delete_scheduled_action(
    world: &mut World,
    input: DeleteScheduledAction,
) -> Result<Value, ApiError> {
    let group = group_mut(world, &input.auto_scaling_group_name)?;
    match group.scheduled_actions.remove(&input.scheduled_action_name) {
        Some(_) => Ok(Value::Null),
        None => Err(invalid(format!("Scheduled action name not found - {}", input.scheduled_action_name))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeScheduledActions {
    auto_scaling_group_name: Option<String>,
    #[serde(default)]
    scheduled_action_names: Vec<String>,
    #[serde(default, deserialize_with = "loose")]
    max_records: Option<i64>,
    next_token: Option<String>,
}

/// At most 100 a page, and 50 without `MaxRecords`. What happened once is gone.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScheduledActions.html>
pub(super) fn describe_scheduled_actions(
    world: &mut World,
    input: DescribeScheduledActions,
) -> Result<Value, ApiError> {
    let size = size(input.max_records, 50, 100)?;
    let of = |name: &String| input.auto_scaling_group_name.as_ref().is_none_or(|n| n == name);
    let asked = |name: &String| {
        input.scheduled_action_names.is_empty() || input.scheduled_action_names.contains(name)
    };
    let mut found = Vec::new();
    for (group_name, group) in world.autoscaling.groups.iter().filter(|(name, _)| of(name)) {
        for (name, action) in group.scheduled_actions.iter().filter(|(name, _)| asked(name)) {
            found.push((format!("{group_name}\n{name}"), view(world, group_name, name, action)));
        }
    }
    let (found, next) = page(found.into_iter(), input.next_token.as_deref(), size)?;
    let mut answer = Map::new();
    answer.insert("ScheduledUpdateGroupActions".to_owned(), found.into());
    put(&mut answer, "NextToken", next);
    Ok(answer.into())
}

fn view(world: &World, group: &str, name: &str, action: &ScheduledAction) -> Value {
    let next = next(action, world.now).or(action.start);
    let mut view = Map::new();
    put(&mut view, "AutoScalingGroupName", Some(group));
    put(&mut view, "ScheduledActionName", Some(name));
    put(&mut view, "ScheduledActionARN", Some(action.arn.as_str()));
    put(&mut view, "Time", next.map(iso));
    put(&mut view, "StartTime", next.map(iso));
    put(&mut view, "EndTime", action.end.map(iso));
    put(&mut view, "Recurrence", action.recurrence.as_ref().map(|(text, _)| text.as_str()));
    put(&mut view, "MinSize", action.min);
    put(&mut view, "MaxSize", action.max);
    put(&mut view, "DesiredCapacity", action.desired);
    put(&mut view, "TimeZone", action.zone.as_deref());
    view.into()
}

/// When an action acts next, after this instant.
fn next(action: &ScheduledAction, after: Timestamp) -> Option<Timestamp> {
    let at = match (&action.recurrence, action.start) {
        (None, start) => start.filter(|start| *start > after),
        (Some((_, schedule)), Some(start)) if start > after => {
            // The first instant that counts is the start itself.
            schedule.next(start.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(start))
        }
        (Some((_, schedule)), _) => schedule.next(after),
    };
    at.filter(|at| action.end.is_none_or(|end| *at <= end))
}

/// Enters the action's next time into the agenda.
fn plan(world: &mut World, group_name: &str, name: &str) {
    let action = group(world, group_name).ok().and_then(|g| g.scheduled_actions.get(name));
    if let Some((at, put)) = action.and_then(|a| Some((next(a, world.now)?, a.put))) {
        let due = Due::Act { group: group_name.to_owned(), name: name.to_owned(), put };
        world.agenda.enter(at, due::Due::AutoScaling(due));
    }
}

/// An action's time has come. Suspended, it does nothing, now or later.
pub(super) fn act(world: &mut World, group_name: &str, name: &str, put: u64) {
    let Ok(group) = group_mut(world, group_name) else {
        return;
    };
    let Some(action) = group.scheduled_actions.get(name).filter(|a| a.put == put).cloned() else {
        return;
    };
    let min = action.min.unwrap_or(group.min);
    let max = action.max.unwrap_or(group.max);
    // Bounds that cross are a failed action.
    if group.runs("ScheduledActions") && min <= max {
        let desired = action.desired.unwrap_or(group.desired).clamp(min, max);
        (group.min, group.max) = (min, max);
        let cause = format!(
            "a scheduled action update of AutoScalingGroup constraints to min: {min}, max: {max}, desired: {desired}"
        );
        life::set_desired(world, group_name, desired, &cause);
    }
    if action.recurrence.is_some() {
        plan(world, group_name, name);
    } else if let Ok(group) = group_mut(world, group_name) {
        group.scheduled_actions.remove(name);
    }
}
