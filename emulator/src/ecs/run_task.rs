//! Tasks that no service keeps.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecs::arn;
use crate::ecs::errors::invalid;
use crate::ecs::life;
use crate::ecs::state::{Stage, Task};
use crate::ecs::tags::{self, Tag};
use crate::ecs::task_definitions;
use crate::ecs::tasks::{self, task_arn};
use crate::wire::request;
use crate::world::World;

/// How long a client token is remembered at most; it is forgotten with its last task.
const TOKEN: SignedDuration = SignedDuration::from_hours(24);

/// What was run under a client token.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    at: Timestamp,
    input: Value,
    cluster: String,
    tasks: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RunTask {
    cluster: Option<String>,
    task_definition: String,
    count: Option<i64>,
    started_by: Option<String>,
    group: Option<String>,
    launch_type: Option<String>,
    capacity_provider_strategy: Option<Value>,
    #[serde(rename = "platformVersion")]
    _platform_version: Option<String>,
    network_configuration: Option<Value>,
    overrides: Option<Value>,
    #[serde(default)]
    tags: Vec<Tag>,
    client_token: Option<String>,
}

/// Starts up to 10 tasks. The same client token with the same parameters starts nothing and answers with what it
/// started before; with others it is a conflict.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>,
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>
pub(crate) fn run_task(world: &mut World, input: Value) -> Result<Value, ApiError> {
    let asked: RunTask = request(input.clone())?;
    let cluster = arn::cluster(world, asked.cluster.as_deref())?;
    if let Some(token) = &asked.client_token {
        if token.is_empty() || token.len() > 64 || !token.bytes().all(|b| (33..=126).contains(&b)) {
            return Err(invalid("clientToken must have 1 to 64 printable ASCII characters."));
        }
        if let Some(run) = remembered(world, token) {
            if run.input != input {
                let resource_ids = run.tasks.iter().map(|id| task_arn(world, &run.cluster, id)).collect();
                let message = "The clientToken was used before with other parameters.";
                let conflict = ApiError::client("ConflictException", message);
                return Err(ApiError { resource_ids, ..conflict });
            }
            let (cluster, tasks) = (run.cluster.clone(), run.tasks.clone());
            return Ok(answer(world, &cluster, &tasks));
        }
    }
    let count = asked.count.unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(invalid("Count must be between 1 and 10."));
    }
    let task = checked(world, &cluster, &asked)?;
    let mut ids = Vec::new();
    for _ in 0..count {
        let id = world.ids.hex();
        if let Some(c) = world.ecs.clusters.get_mut(&cluster) {
            c.tasks.insert(id.clone(), task.clone());
        }
        life::plan_move(world, &cluster, &id);
        ids.push(id);
    }
    let answer = answer(world, &cluster, &ids);
    if let Some(token) = asked.client_token {
        world.ecs.runs.insert(token, Run { at: world.now, input, cluster, tasks: ids });
    }
    Ok(answer)
}

/// What runs under a token that is still remembered: for 24 hours, or until its tasks are no longer described.
fn remembered<'a>(world: &'a World, token: &str) -> Option<&'a Run> {
    let run = world.ecs.runs.get(token)?;
    let described =
        |id: &String| world.ecs.clusters.get(&run.cluster).is_some_and(|c| c.tasks.contains_key(id));
    (world.now.duration_since(run.at) < TOKEN && run.tasks.iter().any(described)).then_some(run)
}

/// The task that a request would start, if AWS takes it.
fn checked(world: &World, cluster: &str, asked: &RunTask) -> Result<Task, ApiError> {
    let definition = task_definitions::find(world, &asked.task_definition, true)?;
    let definition =
        world.ecs.task_definition(&definition).ok_or_else(|| invalid("TaskDefinition not found."))?;
    let provider = asked
        .capacity_provider_strategy
        .as_ref()
        .and_then(|s| s.get(0)?.get("capacityProvider")?.as_str().map(str::to_owned));
    let launch_type = match (asked.launch_type.as_deref(), &provider) {
        (Some(_), Some(_)) => {
            return Err(invalid(
                "Specifying both a launch type and capacity provider strategy is not supported.",
            ));
        }
        (Some(known @ ("EC2" | "FARGATE" | "EXTERNAL")), None) => known,
        (Some(other), None) => return Err(invalid(format!("Invalid launchType: {other}"))),
        (None, Some(provider)) if provider.starts_with("FARGATE") => "FARGATE",
        (None, _) => "EC2",
    };
    if launch_type == "FARGATE" && !task_definitions::requires(&definition.rest, "FARGATE") {
        return Err(invalid("Task definition does not support launch_type FARGATE."));
    }
    let awsvpc = definition.rest.get("networkMode").is_some_and(|m| m == "awsvpc");
    match (awsvpc, &asked.network_configuration) {
        (true, None) => {
            return Err(invalid(
                "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
            ));
        }
        (false, Some(_)) => {
            return Err(invalid(
                "Network Configuration is not valid for the given networkMode of this task definition.",
            ));
        }
        _ => {}
    }
    if launch_type == "EC2" && world.ecs.clusters.get(cluster).is_some_and(|c| c.instances == 0) {
        return Err(invalid("No Container Instances were found in your cluster."));
    }
    if asked.started_by.as_ref().is_some_and(|s| s.chars().count() > 128) {
        return Err(invalid("startedBy must not be longer than 128 characters."));
    }
    let images = task_definitions::images(world, &definition.arn);
    let overridden = asked.overrides.iter().filter_map(|o| o.get("containerOverrides")?.as_array()).flatten();
    for name in overridden.filter_map(|c| c.get("name")?.as_str()) {
        if !images.iter().any(|i| i.container == name) {
            return Err(invalid(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
        }
    }
    let text = |key: &str| definition.rest.get(key).and_then(Value::as_str).map(str::to_owned);
    let tags = tags::checked(asked.tags.clone())?;
    Ok(Task {
        service: None,
        group: asked.group.clone().unwrap_or_else(|| format!("family:{}", definition.family)),
        started_by: asked.started_by.clone(),
        stage: if launch_type == "EC2" { Stage::Pending } else { Stage::Provisioning },
        launch_type: launch_type.to_owned(),
        capacity_provider: provider,
        task_definition: definition.arn.clone(),
        family: definition.family.clone(),
        cpu: text("cpu"),
        memory: text("memory"),
        images,
        overrides: asked.overrides.clone(),
        told_to_stop: false,
        stalled: false,
        fails: None,
        version: 1,
        created_at: world.now,
        started_at: None,
        stopping_at: None,
        stopped_at: None,
        stopped_reason: None,
        stop_code: None,
        exit_code: None,
        protected_until: None,
        tags,
    })
}

fn answer(world: &World, cluster: &str, ids: &[String]) -> Value {
    let known = |id: &String| world.ecs.clusters.get(cluster)?.tasks.get(id).map(|t| (id.clone(), t));
    let found = ids.iter().filter_map(known);
    let tasks: Vec<Value> = found.map(|(id, t)| tasks::view(world, cluster, &id, t, true)).collect();
    json!({"tasks": tasks, "failures": []})
}

impl World {
    /// A task's process ends by itself, with this exit code.
    pub fn finish_task(&mut self, cluster: &str, task: &str, exit_code: i64) -> &mut Self {
        let reason = "Essential container in task exited";
        life::tell_to_stop(self, cluster, task, "EssentialContainerExited", reason);
        if let Some(task) = self.ecs.task_mut(cluster, task) {
            task.exit_code = Some(exit_code);
        }
        self
    }
}
