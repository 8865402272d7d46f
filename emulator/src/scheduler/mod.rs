//! Amazon EventBridge Scheduler: schedules, as fixtures. None fires.
//!
//! <https://docs.aws.amazon.com/scheduler/latest/APIReference/Welcome.html>
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod builders;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecs::pages::{page, size};
use crate::wire::{Operation, Route, epoch, loose, object, put, request};
use crate::world::World;

/// All schedules, by `group/name`.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    schedules: BTreeMap<String, Schedule>,
}

#[derive(Clone, Debug)]
struct Schedule {
    expression: String,
    enabled: bool,
    created_at: Timestamp,
    /// As it is described.
    target: Value,
}

pub(crate) static ROUTES: &[Route] = &[
    Route { method: "GET", path: "/schedules", operation: "ListSchedules" },
    Route { method: "GET", path: "/schedules/{Name}", operation: "GetSchedule" },
];

/// What Scheduler can do here; anything else is not found. No bucket: its rates are higher than anybody here calls.
///
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/scheduler-quotas.html>
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation {
        name: "ListSchedules",
        write: false,
        group: None,
        run: |world, input| list_schedules(world, request(input)?),
    },
    Operation {
        name: "GetSchedule",
        write: false,
        group: None,
        run: |world, input| get_schedule(world, request(input)?),
    },
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListSchedules {
    /// Not `GroupName`, as in the SDKs.
    schedule_group: Option<String>,
    name_prefix: Option<String>,
    state: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 100 a page, and 100 without `MaxResults`; of all groups, unless one is named. A list does not say what an
/// ECS target runs.
///
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html>
fn list_schedules(world: &mut World, input: ListSchedules) -> Result<Value, ApiError> {
    let validation = |e: ApiError| ApiError { code: "ValidationException".to_owned(), ..e };
    let size = size(input.max_results, 100, 100).map_err(validation)?;
    let fits = |key: &str, schedule: &Schedule| {
        let (group, name) = key.split_once('/').unwrap_or_default();
        input.schedule_group.as_ref().is_none_or(|g| g == group)
            && input.name_prefix.as_ref().is_none_or(|p| name.starts_with(p.as_str()))
            && input.state.as_ref().is_none_or(|s| s == schedule.state())
    };
    let all = &world.scheduler.schedules;
    let keys = all.iter().filter(|(key, s)| fits(key, s)).map(|(key, _)| key.clone());
    let (keys, next) = page(keys, input.next_token.as_deref(), size).map_err(validation)?;
    let brief = |key: &String| {
        let schedule = all.get(key)?;
        let mut view = schedule.head(world, key);
        view.insert("Target".to_owned(), json!({"Arn": schedule.target.get("Arn")}));
        Some(Value::from(view))
    };
    let schedules: Vec<Value> = keys.iter().filter_map(brief).collect();
    let mut answer = object(json!({"Schedules": schedules}));
    put(&mut answer, "NextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetSchedule {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "groupName")]
    group_name: Option<String>,
}

/// Of the group `default`, unless another is named.
///
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html>
fn get_schedule(world: &mut World, input: GetSchedule) -> Result<Value, ApiError> {
    let key = format!("{}/{}", input.group_name.as_deref().unwrap_or("default"), input.name);
    let schedule = world.scheduler.schedules.get(&key).ok_or_else(|| {
        let message = format!("Schedule {} does not exist.", input.name);
        ApiError { status: 404, ..ApiError::client("ResourceNotFoundException", message) }
    })?;
    let mut view = schedule.head(world, &key);
    put(&mut view, "ScheduleExpression", Some(schedule.expression.as_str()));
    put(&mut view, "ScheduleExpressionTimezone", Some("UTC"));
    put(&mut view, "FlexibleTimeWindow", Some(json!({"Mode": "OFF"})));
    put(&mut view, "Target", Some(schedule.target.clone()));
    Ok(view.into())
}

impl Schedule {
    fn state(&self) -> &'static str {
        if self.enabled { "ENABLED" } else { "DISABLED" }
    }

    /// What the list and the description share.
    fn head(&self, world: &World, key: &str) -> serde_json::Map<String, Value> {
        let (group, name) = key.split_once('/').unwrap_or_default();
        object(json!({
            "Arn": world.arn("scheduler", &format!("schedule/{key}")),
            "Name": name,
            "GroupName": group,
            "State": self.state(),
            "CreationDate": epoch(self.created_at),
            "LastModificationDate": epoch(self.created_at),
        }))
    }
}
