//! Amazon EventBridge: buses, rules and targets, as fixtures, and the events that were put. No rule fires.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html>
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod builders;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::buckets::Group;
use crate::ecs::pages;
use crate::wire::{Operation, object, put, request};
use crate::world::World;

/// The bus that every account has.
const DEFAULT: &str = "default";

/// All event buses by name; the default one is there also when nothing was put on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    buses: BTreeMap<String, Bus>,
    put: Vec<EventView>,
    /// Detail types that are not taken.
    refused: BTreeSet<String>,
}

/// An event that was put on a bus.
#[derive(Clone, Debug, PartialEq)]
pub struct EventView {
    /// The bus.
    pub bus: String,
    /// Where it comes from.
    pub source: String,
    /// Its kind.
    pub detail_type: String,
    /// What it says.
    pub detail: Value,
}

#[derive(Clone, Debug, Default)]
struct Bus {
    rules: BTreeMap<String, Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    enabled: bool,
    /// None: it waits for events.
    schedule: Option<String>,
    /// As they are listed, by id.
    targets: BTreeMap<String, Value>,
}

macro_rules! reads {
    ($name:literal, $function:path) => {
        Operation {
            name: $name,
            write: false,
            group: Some(Group::EventBridge),
            run: |world, input| $function(world, request(input)?),
        }
    };
}

/// What EventBridge can do here; anything else is an `UnknownOperationException`.
pub(crate) static OPERATIONS: &[Operation] = &[
    reads!("ListEventBuses", list_event_buses),
    reads!("ListRules", list_rules),
    reads!("ListTargetsByRule", list_targets_by_rule),
    Operation {
        name: "PutEvents",
        write: true,
        group: Some(Group::EventBridge),
        run: |world, input| put_events(world, request(input)?),
    },
];

fn validation(error: ApiError) -> ApiError {
    ApiError { code: "ValidationException".to_owned(), ..error }
}

/// One page of these names: at most 100, and 100 without `Limit`.
fn page(
    names: impl Iterator<Item = String>,
    token: Option<&str>,
    limit: Option<i64>,
) -> Result<(Vec<String>, Option<String>), ApiError> {
    let size = pages::size(limit, 100, 100).map_err(validation)?;
    pages::page(names, token, size).map_err(validation)
}

fn listed(list: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut answer = object(json!({list: items}));
    put(&mut answer, "NextToken", next);
    answer.into()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Entry {
    event_bus_name: Option<String>,
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
}

/// At most ten entries, and 256 KB together; each is taken or refused by itself.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
fn put_events(world: &mut World, input: PutEvents) -> Result<Value, ApiError> {
    if !(1..=10).contains(&input.entries.len()) {
        return Err(ApiError::client("ValidationException", "Member must have length between 1 and 10"));
    }
    let size = |entry: &Entry| {
        let parts = [&entry.source, &entry.detail_type, &entry.detail];
        parts.into_iter().flatten().map(String::len).sum::<usize>()
    };
    if input.entries.iter().map(size).sum::<usize>() > 256 * 1024 {
        return Err(ApiError::client(
            "ValidationException",
            "Total size of the entries in the request is over the limit.",
        ));
    }
    let (mut entries, mut failed) = (Vec::new(), 0);
    for entry in input.entries {
        match event(world, entry) {
            Ok(event) => {
                world.eventbridge.put.push(event);
                entries.push(json!({"EventId": world.ids.hex()}));
            }
            Err((code, message)) => {
                failed += 1;
                entries.push(json!({"ErrorCode": code, "ErrorMessage": message}));
            }
        }
    }
    Ok(json!({"FailedEntryCount": failed, "Entries": entries}))
}

fn event(world: &World, entry: Entry) -> Result<EventView, (&'static str, &'static str)> {
    let name = bus(world, entry.event_bus_name.as_deref());
    let bus = name.map_err(|_| ("InvalidArgument", "The event bus does not exist."))?.to_owned();
    let needed = |of: Option<String>| of.filter(|text| !text.is_empty());
    let missing = ("InvalidArgument", "Parameter Source, DetailType and Detail are required.");
    let source = needed(entry.source).ok_or(missing)?;
    let detail_type = needed(entry.detail_type).ok_or(missing)?;
    let detail: Option<Value> = needed(entry.detail).and_then(|text| serde_json::from_str(&text).ok());
    let detail = detail.filter(Value::is_object).ok_or(("MalformedDetail", "Detail is malformed."))?;
    if world.eventbridge.refused.contains(&detail_type) {
        return Err(("ThrottlingException", "Rate exceeded"));
    }
    Ok(EventView { bus, source, detail_type, detail })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListEventBuses {
    name_prefix: Option<String>,
    limit: Option<i64>,
    next_token: Option<String>,
}

/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListEventBuses.html>
fn list_event_buses(world: &mut World, input: ListEventBuses) -> Result<Value, ApiError> {
    let mut names: Vec<String> = world.eventbridge.buses.keys().cloned().collect();
    if !world.eventbridge.buses.contains_key(DEFAULT) {
        names.push(DEFAULT.to_owned());
        names.sort();
    }
    names.retain(|n| input.name_prefix.as_ref().is_none_or(|p| n.starts_with(p.as_str())));
    let (names, next) = page(names.into_iter(), input.next_token.as_deref(), input.limit)?;
    let view =
        |name: &String| json!({"Name": name, "Arn": world.arn("events", &format!("event-bus/{name}"))});
    Ok(listed("EventBuses", names.iter().map(view).collect(), next))
}

/// The bus that a name, an ARN or nothing names.
fn bus<'a>(world: &World, given: Option<&'a str>) -> Result<&'a str, ApiError> {
    let given = given.unwrap_or(DEFAULT);
    let name = given.rsplit_once("event-bus/").map_or(given, |(_, name)| name);
    let own = !given.starts_with("arn:") || given == world.arn("events", &format!("event-bus/{name}"));
    if own && (name == DEFAULT || world.eventbridge.buses.contains_key(name)) {
        return Ok(name);
    }
    let message = format!("Event bus {name} does not exist.");
    Err(ApiError::client("ResourceNotFoundException", message))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListRules {
    name_prefix: Option<String>,
    event_bus_name: Option<String>,
    limit: Option<i64>,
    next_token: Option<String>,
}

/// Those of one bus, of the default one unless it is said.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html>
fn list_rules(world: &mut World, input: ListRules) -> Result<Value, ApiError> {
    let bus = bus(world, input.event_bus_name.as_deref())?;
    let rules = world.eventbridge.buses.get(bus).map(|b| &b.rules);
    let names = rules.into_iter().flat_map(BTreeMap::keys).cloned();
    let names = names.filter(|n| input.name_prefix.as_ref().is_none_or(|p| n.starts_with(p.as_str())));
    let (names, next) = page(names, input.next_token.as_deref(), input.limit)?;
    let view = |name: &String| {
        let rule = rules?.get(name)?;
        let place = if bus == DEFAULT { name.clone() } else { format!("{bus}/{name}") };
        let mut view = Map::new();
        put(&mut view, "Name", Some(name.as_str()));
        put(&mut view, "Arn", Some(world.arn("events", &format!("rule/{place}"))));
        put(&mut view, "State", Some(if rule.enabled { "ENABLED" } else { "DISABLED" }));
        put(&mut view, "ScheduleExpression", rule.schedule.as_deref());
        put(&mut view, "EventPattern", rule.schedule.is_none().then_some(r#"{"source":["app"]}"#));
        put(&mut view, "EventBusName", Some(bus));
        Some(Value::from(view))
    };
    Ok(listed("Rules", names.iter().filter_map(view).collect(), next))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListTargetsByRule {
    rule: String,
    event_bus_name: Option<String>,
    limit: Option<i64>,
    next_token: Option<String>,
}

/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTargetsByRule.html>
fn list_targets_by_rule(world: &mut World, input: ListTargetsByRule) -> Result<Value, ApiError> {
    let bus = bus(world, input.event_bus_name.as_deref())?;
    let rule = world.eventbridge.buses.get(bus).and_then(|b| b.rules.get(&input.rule)).ok_or_else(|| {
        let message = format!("Rule {} does not exist on EventBus {bus}.", input.rule);
        ApiError::client("ResourceNotFoundException", message)
    })?;
    let (ids, next) = page(rule.targets.keys().cloned(), input.next_token.as_deref(), input.limit)?;
    let targets = ids.iter().filter_map(|id| rule.targets.get(id).cloned()).collect();
    Ok(listed("Targets", targets, next))
}
