//! Scheduled actions: at their time they set a target's bounds, and the desired count moves into them.
//!
//! <https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scheduled-scaling.html>

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::application_autoscaling::pages::page;
use crate::application_autoscaling::targets::clamp;
use crate::application_autoscaling::{DIMENSION, Due, NAMESPACE, invalid, modelled, not_found, service_of};
use crate::cron::Schedule;
use crate::due;
use crate::wire::{epoch, from_epoch, put};
use crate::world::World;

#[derive(Clone, Debug)]
pub(super) struct ScheduledAction {
    name: String,
    resource: String,
    arn: String,
    text: String,
    schedule: Schedule,
    timezone: Option<String>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    min: Option<i64>,
    max: Option<i64>,
    created_at: Timestamp,
    /// Counts how often it was put: what was planned before is void.
    put: u64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Action {
    min_capacity: Option<i64>,
    max_capacity: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutScheduledAction {
    service_namespace: String,
    scheduled_action_name: String,
    resource_id: String,
    scalable_dimension: String,
    schedule: Option<String>,
    timezone: Option<String>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    scalable_target_action: Option<Action>,
}

/// Creates a scheduled action, or changes what is given of one.
///
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html>
pub(super) fn put_scheduled_action(world: &mut World, input: PutScheduledAction) -> Result<Value, ApiError> {
    modelled(&input.service_namespace, Some(&input.scalable_dimension))?;
    let resource = input.resource_id;
    service_of(&resource)?;
    if !world.application_autoscaling.targets.contains_key(&resource) {
        return Err(not_found(format!("No scalable target registered for resource id: {resource}")));
    }
    let key = (resource.clone(), input.scheduled_action_name.clone());
    let old = world.application_autoscaling.scheduled_actions.get(&key).cloned();
    let text = input
        .schedule
        .or_else(|| old.as_ref().map(|o| o.text.clone()))
        .ok_or_else(|| invalid("Schedule is required to create a scheduled action"))?;
    let timezone = input.timezone.or_else(|| old.as_ref().and_then(|o| o.timezone.clone()));
    let zone = match &timezone {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name).map_err(|_| invalid(format!("Unknown time zone: {name}")))?,
    };
    let time = |given: Option<f64>| match given {
        None => Ok(None),
        Some(seconds) => {
            from_epoch(seconds).map(Some).ok_or_else(|| invalid("StartTime and EndTime must be dates"))
        }
    };
    let start = time(input.start_time)?.or_else(|| old.as_ref().and_then(|o| o.start));
    let end = time(input.end_time)?.or_else(|| old.as_ref().and_then(|o| o.end));
    let schedule = Schedule::parse(&text, zone, start.unwrap_or(world.now)).map_err(invalid)?;
    let (min, max) = match (input.scalable_target_action, &old) {
        (Some(action), _) => (action.min_capacity, action.max_capacity),
        (None, Some(old)) => (old.min, old.max),
        (None, None) => return Err(invalid("ScalableTargetAction is required to create a scheduled action")),
    };
    match (min, max) {
        (None, None) => {
            return Err(invalid("ScalableTargetAction must have MinCapacity, MaxCapacity or both"));
        }
        (Some(min), Some(max)) if min > max => {
            return Err(invalid("Maximum capacity cannot be less than minimum capacity"));
        }
        _ if min.is_some_and(|n| n < 0) || max.is_some_and(|n| n < 0) => {
            return Err(invalid("Minimum and maximum capacity must be greater than or equal to 0"));
        }
        _ => {}
    }
    let (arn, created_at, put) = if let Some(old) = &old {
        (old.arn.clone(), old.created_at, old.put + 1)
    } else {
        let id = world.ids.hex();
        let name = format!("scheduledAction:{id}:resource/ecs/{resource}:scheduledActionName/{}", key.1);
        (world.arn("autoscaling", &name), world.now, 1)
    };
    let action = ScheduledAction {
        name: key.1.clone(),
        resource: resource.clone(),
        arn,
        text,
        schedule,
        timezone,
        start,
        end,
        min,
        max,
        created_at,
        put,
    };
    world.application_autoscaling.scheduled_actions.insert(key.clone(), action);
    plan(world, &key);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteScheduledAction {
    service_namespace: String,
    scheduled_action_name: String,
    resource_id: String,
    scalable_dimension: String,
}

/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeleteScheduledAction.html>
pub(super) fn delete_scheduled_action(
    world: &mut World,
    input: DeleteScheduledAction,
) -> Result<Value, ApiError> {
    modelled(&input.service_namespace, Some(&input.scalable_dimension))?;
    let key = (input.resource_id, input.scheduled_action_name);
    match world.application_autoscaling.scheduled_actions.remove(&key) {
        Some(_) => Ok(json!({})),
        None => Err(not_found(format!("No scheduled action found: {}", key.1))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeScheduledActions {
    service_namespace: String,
    resource_id: Option<String>,
    scalable_dimension: Option<String>,
    #[serde(default)]
    scheduled_action_names: Vec<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 50 a page.
///
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScheduledActions.html>
pub(super) fn describe_scheduled_actions(
    world: &mut World,
    input: DescribeScheduledActions,
) -> Result<Value, ApiError> {
    modelled(&input.service_namespace, input.scalable_dimension.as_deref())?;
    let fits = |a: &ScheduledAction| {
        input.resource_id.as_ref().is_none_or(|r| a.resource == *r)
            && (input.scheduled_action_names.is_empty() || input.scheduled_action_names.contains(&a.name))
    };
    let actions = world.application_autoscaling.scheduled_actions.iter().filter(|(_, a)| fits(a));
    let keyed = actions.map(|((resource, name), a)| (format!("{resource}\n{name}"), a));
    let (actions, next) = page(keyed, input.next_token.as_deref(), input.max_results)?;
    let mut answer = Map::new();
    answer.insert("ScheduledActions".to_owned(), actions.into_iter().map(view).collect());
    put(&mut answer, "NextToken", next);
    Ok(answer.into())
}

fn view(action: &ScheduledAction) -> Value {
    let mut bounds = Map::new();
    put(&mut bounds, "MinCapacity", action.min);
    put(&mut bounds, "MaxCapacity", action.max);
    let mut view = Map::new();
    put(&mut view, "ScheduledActionName", Some(action.name.as_str()));
    put(&mut view, "ScheduledActionARN", Some(action.arn.as_str()));
    put(&mut view, "ServiceNamespace", Some(NAMESPACE));
    put(&mut view, "Schedule", Some(action.text.as_str()));
    put(&mut view, "Timezone", action.timezone.as_deref());
    put(&mut view, "ResourceId", Some(action.resource.as_str()));
    put(&mut view, "ScalableDimension", Some(DIMENSION));
    put(&mut view, "StartTime", action.start.map(epoch));
    put(&mut view, "EndTime", action.end.map(epoch));
    view.insert("ScalableTargetAction".to_owned(), bounds.into());
    put(&mut view, "CreationTime", Some(epoch(action.created_at)));
    view.into()
}

/// Enters the action's next time into the agenda.
fn plan(world: &mut World, key: &(String, String)) {
    let Some(action) = world.application_autoscaling.scheduled_actions.get(key) else {
        return;
    };
    // The first instant that counts is the start itself.
    let after = match action.start.and_then(|s| s.checked_sub(jiff::SignedDuration::from_nanos(1)).ok()) {
        Some(start) => world.now.max(start),
        None => world.now,
    };
    let Some(at) = action.schedule.next(after).filter(|at| action.end.is_none_or(|end| *at <= end)) else {
        return;
    };
    let due = Due::Act { resource: key.0.clone(), name: key.1.clone(), put: action.put, at };
    world.agenda.enter(at, due::Due::ApplicationAutoScaling(due));
}

/// An action's time has come. Suspended, it does nothing, now or later.
pub(super) fn act(world: &mut World, resource: &str, name: &str, put: u64, _at: Timestamp) {
    let key = (resource.to_owned(), name.to_owned());
    let state = &mut world.application_autoscaling;
    let Some(action) = state.scheduled_actions.get(&key).filter(|a| a.put == put) else {
        return;
    };
    if let Some(target) = state.targets.get_mut(resource).filter(|t| !t.suspended.scheduled) {
        let min = action.min.unwrap_or(target.min);
        let max = action.max.unwrap_or(target.max);
        // Bounds that cross are a failed activity.
        if min <= max {
            target.min = min;
            target.max = max;
            clamp(world, resource);
        }
    }
    plan(world, &key);
}
