//! AWS Batch: job definitions, as fixtures. No job runs.
//!
//! <https://docs.aws.amazon.com/batch/latest/APIReference/Welcome.html>
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod builders;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::buckets::Group;
use crate::ecs::pages::{page, size};
use crate::wire::{Operation, Route, object, put, request};
use crate::world::World;

/// All job definitions by name, each by revision.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    definitions: BTreeMap<String, BTreeMap<u64, Definition>>,
}

#[derive(Clone, Debug)]
struct Definition {
    active: bool,
    /// What it is registered with, as it is described.
    properties: Map<String, Value>,
}

pub(crate) static ROUTES: &[Route] =
    &[Route { method: "POST", path: "/v1/describejobdefinitions", operation: "DescribeJobDefinitions" }];

/// What Batch can do here; anything else is not found.
pub(crate) static OPERATIONS: &[Operation] = &[Operation {
    name: "DescribeJobDefinitions",
    write: false,
    group: Some(Group::Batch),
    run: |world, input| describe_job_definitions(world, request(input)?),
}];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeJobDefinitions {
    #[serde(default)]
    job_definitions: Vec<String>,
    job_definition_name: Option<String>,
    status: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// All revisions, the `INACTIVE` ones too; or those of a name, of a status, or up to 100 that are named by ARN or
/// `name:revision`. At most 100 a page, and 100 without `maxResults`. What is not there is not in the answer.
///
/// <https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobDefinitions.html>
fn describe_job_definitions(world: &mut World, input: DescribeJobDefinitions) -> Result<Value, ApiError> {
    let client = |e: ApiError| ApiError { code: "ClientException".to_owned(), ..e };
    let size = size(input.max_results, 100, 100).map_err(client)?;
    let named = &input.job_definitions;
    if named.len() > 100 {
        return Err(ApiError::client("ClientException", "At most 100 job definitions may be named."));
    }
    if !named.is_empty() && (input.job_definition_name.is_some() || input.status.is_some()) {
        let message = "jobDefinitions can't be used with other parameters.";
        return Err(ApiError::client("ClientException", message));
    }
    let mut found = BTreeMap::new();
    for (name, revisions) in &world.batch.definitions {
        for (revision, definition) in revisions {
            let short = format!("{name}:{revision}");
            let arn = world.arn("batch", &format!("job-definition/{short}"));
            let fits = (named.is_empty() || named.contains(&short) || named.contains(&arn))
                && input.job_definition_name.as_ref().is_none_or(|n| n == name)
                && input.status.as_ref().is_none_or(|s| s == definition.status());
            if fits {
                found.insert(format!("{name}:{revision:020}"), definition.view(name, &arn, *revision));
            }
        }
    }
    let (keys, next) = page(found.keys().cloned(), input.next_token.as_deref(), size).map_err(client)?;
    let views: Vec<&Value> = keys.iter().filter_map(|k| found.get(k)).collect();
    let mut answer = object(json!({"jobDefinitions": views}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

impl Definition {
    fn status(&self) -> &'static str {
        if self.active { "ACTIVE" } else { "INACTIVE" }
    }

    /// <https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDefinition.html>
    fn view(&self, name: &str, arn: &str, revision: u64) -> Value {
        let mut view = object(json!({"type": "container"}));
        view.extend(self.properties.clone());
        put(&mut view, "jobDefinitionName", Some(name));
        put(&mut view, "jobDefinitionArn", Some(arn));
        put(&mut view, "revision", Some(revision));
        put(&mut view, "status", Some(self.status()));
        view.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::pages_of;

    fn world() -> World {
        let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
        for tag in 1..=12 {
            let image = format!("123456789012.dkr.ecr.sa-east-1.amazonaws.com/report:{tag}");
            let properties = json!({"type": "container", "containerProperties": {"image": image}});
            world.job_definition("report", properties);
        }
        world.job_definition("other", json!({"type": "multinode"})).deregister_job_definition("report", 1);
        world
    }

    fn revisions(world: &mut World, input: Value) -> Result<Vec<String>, String> {
        let answer = world.call("batch", "DescribeJobDefinitions", input).map_err(|e| e.code)?;
        let short = |d: &Value| format!("{}:{}", d["jobDefinitionName"].as_str().unwrap(), d["revision"]);
        Ok(answer["jobDefinitions"].as_array().unwrap().iter().map(short).collect())
    }

    #[test]
    fn job_definitions_are_described_a_page_at_a_time() {
        let mut world = world();
        let (sizes, all) = pages_of(&mut world, "batch", "DescribeJobDefinitions", &json!({"maxResults": 6}));
        assert_eq!(sizes, [6, 6, 1]);
        assert_eq!((&all[0]["type"], &all[1]["status"]), (&json!("multinode"), &json!("INACTIVE")));
        assert_eq!(
            all[12]["jobDefinitionArn"],
            "arn:aws:batch:sa-east-1:123456789012:job-definition/report:12"
        );
        assert!(all[12]["containerProperties"]["image"].as_str().unwrap().ends_with("/report:12"));
        for wrong in [json!({"maxResults": 101}), json!({"maxResults": 0}), json!({"nextToken": "no"})] {
            assert_eq!(revisions(&mut world, wrong), Err("ClientException".to_owned()));
        }
    }

    #[test]
    fn job_definitions_are_found_by_name_status_and_revision() {
        let mut world = world();
        let mut found = |input: Value| revisions(&mut world, input);
        let active = found(json!({"jobDefinitionName": "report", "status": "ACTIVE"})).unwrap();
        assert_eq!((active.len(), active[0].as_str()), (11, "report:2"));
        assert_eq!(found(json!({"status": "INACTIVE"})).unwrap(), ["report:1"]);
        let arn = "arn:aws:batch:sa-east-1:123456789012:job-definition/report:4";
        assert_eq!(
            found(json!({"jobDefinitions": [arn, "other:1", "ghost:1"]})).unwrap(),
            ["other:1", "report:4"]
        );
        assert_eq!(
            found(json!({"jobDefinitions": [arn], "status": "ACTIVE"})),
            Err("ClientException".to_owned())
        );
    }
}
