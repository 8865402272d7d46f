//! Amazon EventBridge Pipes: pipes, as fixtures. Nothing goes through them.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/Welcome.html>
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod builders;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::builders::CANARY;
use crate::ecs::pages::{page, size};
use crate::wire::{Operation, Route, epoch, loose, object, put, request};
use crate::world::World;

/// All pipes by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pipes: BTreeMap<String, Pipe>,
}

#[derive(Clone, Debug)]
struct Pipe {
    running: bool,
    created_at: Timestamp,
    modified_at: Timestamp,
    /// The ARN of a queue.
    source: String,
    /// The ARN of a cluster, or of anything else.
    target: String,
    /// What it runs, if its target is a cluster.
    task_definition: Option<String>,
}

pub(crate) static ROUTES: &[Route] = &[
    Route { method: "GET", path: "/v1/pipes", operation: "ListPipes" },
    Route { method: "GET", path: "/v1/pipes/{Name}", operation: "DescribePipe" },
];

/// What Pipes can do here; anything else is not found. No bucket: it publishes no rates.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html#eb-pipes-limits>
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation {
        name: "ListPipes",
        write: false,
        group: None,
        run: |world, input| list_pipes(world, request(input)?),
    },
    Operation {
        name: "DescribePipe",
        write: false,
        group: None,
        run: |world, input| describe_pipe(world, request(input)?),
    },
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListPipes {
    name_prefix: Option<String>,
    desired_state: Option<String>,
    current_state: Option<String>,
    source_prefix: Option<String>,
    target_prefix: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    limit: Option<i64>,
    next_token: Option<String>,
}

/// At most 100 a page, and 100 without `Limit`. A list does not say what an ECS target runs.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_ListPipes.html>
fn list_pipes(world: &mut World, input: ListPipes) -> Result<Value, ApiError> {
    let validation = |e: ApiError| ApiError { code: "ValidationException".to_owned(), ..e };
    let size = size(input.limit, 100, 100).map_err(validation)?;
    let begins =
        |text: &str, prefix: &Option<String>| prefix.as_ref().is_none_or(|p| text.starts_with(p.as_str()));
    let is = |pipe: &Pipe, state: &Option<String>| state.as_ref().is_none_or(|s| s == pipe.state());
    let all = &world.pipes.pipes;
    let fitting = all.iter().filter(|(name, pipe)| {
        begins(name, &input.name_prefix)
            && begins(&pipe.source, &input.source_prefix)
            && begins(&pipe.target, &input.target_prefix)
            && is(pipe, &input.desired_state)
            && is(pipe, &input.current_state)
    });
    let names = fitting.map(|(name, _)| name.clone());
    let (names, next) = page(names, input.next_token.as_deref(), size).map_err(validation)?;
    let pipes: Vec<Value> =
        names.iter().filter_map(|name| Some(all.get(name)?.head(world, name).into())).collect();
    let mut answer = object(json!({"Pipes": pipes}));
    put(&mut answer, "NextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribePipe {
    name: String,
}

/// <https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html>
fn describe_pipe(world: &mut World, input: DescribePipe) -> Result<Value, ApiError> {
    let pipe = world.pipes.pipes.get(&input.name).ok_or_else(|| {
        let message = format!("Pipe {} does not exist.", input.name);
        ApiError { status: 404, ..ApiError::client("NotFoundException", message) }
    })?;
    let mut view = pipe.head(world, &input.name);
    let role = format!("arn:{}:iam::{}:role/pipes", world.partition, world.account);
    put(&mut view, "RoleArn", Some(role));
    let runs = pipe.task_definition.as_ref();
    let parameters = runs.map(|arn| {
        let environment = json!([{"name": "TOKEN", "value": CANARY}]);
        let overrides =
            json!({"ContainerOverrides": [{"Name": "app", "Command": [CANARY], "Environment": environment}]});
        json!({"EcsTaskParameters": {"TaskDefinitionArn": arn, "TaskCount": 1, "Overrides": overrides}})
    });
    put(&mut view, "TargetParameters", parameters);
    Ok(view.into())
}

impl Pipe {
    /// What is wanted and what is so: no pipe here is on the way from one to the other.
    fn state(&self) -> &'static str {
        if self.running { "RUNNING" } else { "STOPPED" }
    }

    /// What the list and the description share.
    fn head(&self, world: &World, name: &str) -> Map<String, Value> {
        object(json!({
            "Arn": world.arn("pipes", &format!("pipe/{name}")),
            "Name": name,
            "CurrentState": self.state(),
            "DesiredState": self.state(),
            "CreationTime": epoch(self.created_at),
            "LastModifiedTime": epoch(self.modified_at),
            "Source": self.source,
            "Target": self.target,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::pages_of;

    fn world() -> World {
        let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
        for i in 0..120 {
            let topic = "arn:aws:sns:sa-east-1:123456789012:topic";
            world.pipe(&format!("pipe-{i:03}"), topic);
        }
        world.ecs_pipe("runs", "prod", "report:3").stop_pipe("runs");
        world
    }

    #[test]
    fn pipes_come_a_hundred_at_a_time() {
        let mut world = world();
        let (sizes, pipes) = pages_of(&mut world, "pipes", "ListPipes", &json!({}));
        assert_eq!(sizes, [100, 21]);
        assert_eq!(pipes[120]["Target"], "arn:aws:ecs:sa-east-1:123456789012:cluster/prod");
        assert_eq!(pipes[120].get("TargetParameters"), None);
        for wrong in [json!({"Limit": 101}), json!({"Limit": "0"}), json!({"NextToken": "no"})] {
            assert_eq!(world.call("pipes", "ListPipes", wrong).unwrap_err().code, "ValidationException");
        }
    }

    #[test]
    fn pipes_are_filtered_as_asked() {
        let mut world = world();
        let mut count = |input: Value| {
            world.call("pipes", "ListPipes", input).unwrap()["Pipes"].as_array().unwrap().len()
        };
        assert_eq!(count(json!({"NamePrefix": "pipe-00"})), 10);
        assert_eq!(count(json!({"CurrentState": "STOPPED"})), 1);
        assert_eq!(count(json!({"DesiredState": "STOPPED", "NamePrefix": "pipe"})), 0);
        assert_eq!(count(json!({"TargetPrefix": "arn:aws:ecs:"})), 1);
        assert_eq!(count(json!({"SourcePrefix": "arn:aws:sqs:", "Limit": "7"})), 7);
        assert_eq!(count(json!({"SourcePrefix": "arn:aws:kinesis:"})), 0);
    }

    #[test]
    fn a_pipe_says_what_it_runs_when_it_is_described() {
        let mut world = world();
        let runs = world.call("pipes", "DescribePipe", json!({"Name": "runs"})).unwrap();
        let definition = "arn:aws:ecs:sa-east-1:123456789012:task-definition/report:3";
        let parameters = &runs["TargetParameters"]["EcsTaskParameters"];
        assert_eq!(
            (&parameters["TaskDefinitionArn"], &parameters["TaskCount"]),
            (&json!(definition), &json!(1))
        );
        assert!(parameters["Overrides"].to_string().contains(CANARY), "{parameters}");
        assert_eq!((&runs["CurrentState"], &runs["DesiredState"]), (&json!("STOPPED"), &json!("STOPPED")));
        let other = world.call("pipes", "DescribePipe", json!({"Name": "pipe-000"})).unwrap();
        assert_eq!(other.get("TargetParameters"), None);
        world.remove_pipe("runs");
        let lost = world.call("pipes", "DescribePipe", json!({"Name": "runs"})).unwrap_err();
        assert_eq!((lost.status, lost.code.as_str()), (404, "NotFoundException"));
    }
}
