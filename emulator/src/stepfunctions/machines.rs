//! State machines, and what was published of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecs::pages;
use crate::stepfunctions::{Machine, Version};
use crate::wire::{epoch, object, put};
use crate::world::World;

fn validation(error: ApiError) -> ApiError {
    ApiError { code: "ValidationException".to_owned(), ..error }
}

/// One page of a list: at most 1,000, and 100 when it is not said or 0.
fn listed(
    list: &str,
    items: &BTreeMap<String, Value>,
    token: Option<&str>,
    max_results: Option<i64>,
) -> Result<Value, ApiError> {
    let size = pages::size(max_results.filter(|n| *n != 0), 100, 1_000).map_err(validation)?;
    let invalid = |e: ApiError| ApiError { code: "InvalidToken".to_owned(), ..e };
    let (keys, next) = pages::page(items.keys().cloned(), token, size).map_err(invalid)?;
    let page: Vec<&Value> = keys.iter().filter_map(|k| items.get(k)).collect();
    let mut answer = object(json!({list: page}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListStateMachines {
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// The definition is not among what is listed.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachines.html>
pub(crate) fn list_state_machines(world: &mut World, input: ListStateMachines) -> Result<Value, ApiError> {
    let item = |(name, machine): (&String, &Machine)| {
        let view = json!({
            "stateMachineArn": arn(world, name),
            "name": name,
            "type": "STANDARD",
            "creationDate": epoch(machine.latest.created_at),
        });
        (name.clone(), view)
    };
    let items = world.stepfunctions.machines.iter().map(item).collect();
    listed("stateMachines", &items, input.next_token.as_deref(), input.max_results)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeStateMachine {
    state_machine_arn: String,
    included_data: Option<String>,
}

/// What it is now, or one of its versions. With `METADATA_ONLY` the definition is `{}`.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html>
pub(crate) fn describe_state_machine(
    world: &mut World,
    input: DescribeStateMachine,
) -> Result<Value, ApiError> {
    let whole = match input.included_data.as_deref() {
        None | Some("ALL_DATA") => true,
        Some("METADATA_ONLY") => false,
        Some(other) => {
            let message = format!("Invalid includedData: {other}");
            return Err(ApiError::client("ValidationException", message));
        }
    };
    let (name, machine, version) = find(world, &input.state_machine_arn)?;
    let version = match version {
        None => &machine.latest,
        Some(version) => version.ok_or_else(|| missing(&input.state_machine_arn))?,
    };
    Ok(json!({
        "stateMachineArn": input.state_machine_arn,
        "name": name,
        "status": "ACTIVE",
        "definition": if whole { version.definition.as_str() } else { "{}" },
        "roleArn": format!("arn:{}:iam::{}:role/{name}", world.partition, world.account),
        "type": "STANDARD",
        "creationDate": epoch(version.created_at),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListStateMachineVersions {
    state_machine_arn: String,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// The newest first.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineVersions.html>
pub(crate) fn list_state_machine_versions(
    world: &mut World,
    input: ListStateMachineVersions,
) -> Result<Value, ApiError> {
    let (name, machine, version) = find(world, &input.state_machine_arn)?;
    if version.is_some() {
        return Err(invalid_arn(&input.state_machine_arn));
    }
    let item = |(number, version): (&u64, &Version)| {
        let view = json!({
            "stateMachineVersionArn": format!("{}:{number}", arn(world, name)),
            "creationDate": epoch(version.created_at),
        });
        // Pages ascend.
        (format!("{:020}", u64::MAX - number), view)
    };
    let items = machine.versions.iter().map(item).collect();
    listed("stateMachineVersions", &items, input.next_token.as_deref(), input.max_results)
}

fn arn(world: &World, name: &str) -> String {
    world.arn("states", &format!("stateMachine:{name}"))
}

fn invalid_arn(given: &str) -> ApiError {
    ApiError::client("InvalidArn", format!("Invalid Arn: '{given}'"))
}

fn missing(given: &str) -> ApiError {
    ApiError::client("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{given}'"))
}

/// What an ARN names: the machine, and the version that may stand behind it, if that is there.
type Found<'a> = (&'a str, &'a Machine, Option<Option<&'a Version>>);

fn find<'a>(world: &'a World, given: &str) -> Result<Found<'a>, ApiError> {
    // `arn:aws:states:region:account:stateMachine:name`, and perhaps a version.
    if !given.starts_with("arn:") || given.split(':').count() < 7 {
        return Err(invalid_arn(given));
    }
    let own = given.strip_prefix(&arn(world, "")).ok_or_else(|| missing(given))?;
    let (name, version) = own.split_once(':').map_or((own, None), |(name, version)| (name, Some(version)));
    let found = world.stepfunctions.machines.get_key_value(name).ok_or_else(|| missing(given))?;
    let version = version.map(|v| v.parse().ok().and_then(|n: u64| found.1.versions.get(&n)));
    Ok((found.0, found.1, version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::pages_of;

    const REPORT: &str = "arn:aws:states:sa-east-1:123456789012:stateMachine:report";

    fn world() -> World {
        let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
        world.state_machine("report", json!({"StartAt": "One"})).publish_state_machine("report");
        world.state_machine("report", json!({"StartAt": "Two"})).publish_state_machine("report");
        world.state_machine("report", json!({"StartAt": "Three"}));
        world
    }

    fn describe(world: &mut World, input: Value) -> Result<Value, String> {
        world.call("stepfunctions", "DescribeStateMachine", input).map_err(|e| e.code)
    }

    #[test]
    fn state_machines_come_a_hundred_at_a_time_unless_asked_for_up_to_a_thousand() {
        let mut world = world();
        for i in 0..1_100 {
            world.state_machine(&format!("sm-{i:04}"), json!({}));
        }
        let list = |world: &mut World, input: Value| {
            let (sizes, machines) = pages_of(world, "stepfunctions", "ListStateMachines", &input);
            assert_eq!(machines.len(), 1_101);
            sizes
        };
        assert_eq!(list(&mut world, json!({}))[..2], [100, 100]);
        assert_eq!(list(&mut world, json!({"maxResults": 0})).len(), 12);
        assert_eq!(list(&mut world, json!({"maxResults": 1000})), [1_000, 101]);
        let mut refused =
            |input: Value| world.call("stepfunctions", "ListStateMachines", input).unwrap_err().code;
        assert_eq!(refused(json!({"maxResults": 1001})), "ValidationException");
        assert_eq!(refused(json!({"nextToken": "no"})), "InvalidToken");
    }

    #[test]
    fn a_version_keeps_the_definition_that_it_was_published_with() {
        let mut world = world();
        let definition = |world: &mut World, arn: &str| {
            describe(world, json!({"stateMachineArn": arn})).map(|m| m["definition"].clone())
        };
        assert_eq!(definition(&mut world, REPORT), Ok(json!(r#"{"StartAt":"Three"}"#)));
        assert_eq!(definition(&mut world, &format!("{REPORT}:1")), Ok(json!(r#"{"StartAt":"One"}"#)));
        assert_eq!(definition(&mut world, &format!("{REPORT}:2")), Ok(json!(r#"{"StartAt":"Two"}"#)));
        let brief = json!({"stateMachineArn": REPORT, "includedData": "METADATA_ONLY"});
        assert_eq!(describe(&mut world, brief).unwrap()["definition"], "{}");
        let missing = Err("StateMachineDoesNotExist".to_owned());
        for arn in [format!("{REPORT}:3"), format!("{REPORT}:PROD"), REPORT.replace("sa-east", "us-east")] {
            assert_eq!(definition(&mut world, &arn), missing, "{arn}");
        }
        assert_eq!(definition(&mut world, "report"), Err("InvalidArn".to_owned()));
        world.remove_state_machine("report");
        assert_eq!(definition(&mut world, REPORT), missing);
    }

    #[test]
    fn versions_are_listed_the_newest_first() {
        let mut world = world();
        for _ in 0..10 {
            world.publish_state_machine("report");
        }
        let input = json!({"stateMachineArn": REPORT, "maxResults": 5});
        let (sizes, versions) = pages_of(&mut world, "stepfunctions", "ListStateMachineVersions", &input);
        assert_eq!(sizes, [5, 5, 2]);
        assert_eq!(versions[0]["stateMachineVersionArn"], format!("{REPORT}:12"));
        assert_eq!(versions[11]["stateMachineVersionArn"], format!("{REPORT}:1"));
    }
}
