//! Tasks that no service keeps.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecs::arn;
use crate::ecs::capacity_providers::{self, Share, is_fargate};
use crate::ecs::container_instances::{ContainerInstance, instance_arn};
use crate::ecs::errors::{cluster_not_found, invalid};
use crate::ecs::launch_options::{self, PlacementConstraint, PlacementStrategy, VolumeConfiguration};
use crate::ecs::life;
use crate::ecs::overrides;
use crate::ecs::placement::{NO_CAPACITY, NoRoom, Obstacle, find_room, none_there};
use crate::ecs::state::{Cluster, Task};
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
    failures: Vec<Value>,
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
    capacity_provider_strategy: Option<Vec<Share>>,
    platform_version: Option<String>,
    propagate_tags: Option<String>,
    #[serde(rename = "enableECSManagedTags")]
    _enable_ecs_managed_tags: Option<bool>,
    enable_execute_command: Option<bool>,
    #[serde(default)]
    placement_constraints: Vec<PlacementConstraint>,
    #[serde(default)]
    placement_strategy: Vec<PlacementStrategy>,
    #[serde(default)]
    volume_configurations: Vec<VolumeConfiguration>,
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
            return Ok(answer(world, &run.cluster, &run.tasks, &run.failures));
        }
    }
    let count = asked.count.unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(invalid("Count must be between 1 and 10."));
    }
    let (task, strategy) = checked(world, &cluster, &asked)?;
    let (ids, failures) = start(world, &cluster, count, &task, &strategy);
    let answer = answer(world, &cluster, &ids, &failures);
    if let Some(token) = asked.client_token {
        world.ecs.runs.insert(token, Run { at: world.now, input, cluster, tasks: ids, failures });
    }
    Ok(answer)
}

/// Starts so many of this task: their ids, and a failure for each that found no room.
fn start(
    world: &mut World,
    cluster: &str,
    count: i64,
    task: &Task,
    strategy: &[Share],
) -> (Vec<String>, Vec<Value>) {
    let mut ids: Vec<String> = Vec::new();
    let mut failures = Vec::new();
    let mut on_providers: BTreeMap<String, i64> = BTreeMap::new();
    for _ in 0..count {
        let mut task = task.clone();
        let has = |provider: &str| on_providers.get(provider).copied().unwrap_or(0);
        task.capacity_provider = capacity_providers::next(strategy, has).map(str::to_owned);
        if let Err(no_room) = find_room(world, cluster, &mut task, |_| true) {
            match no_room {
                NoRoom::Instances { obstacles, .. } if world.ecs.failure_per_instance => {
                    failures = obstacles.iter().map(|o| on_instance(world, cluster, o)).collect();
                }
                _ => failures.push(failure(world, cluster, &no_room, failures.len())),
            }
            continue;
        }
        if let Some(provider) = &task.capacity_provider {
            *on_providers.entry(provider.clone()).or_default() += 1;
        }
        let id = world.ids.hex();
        if let Some(c) = world.ecs.clusters.get_mut(cluster) {
            c.tasks.insert(id.clone(), task);
        }
        life::plan_move(world, cluster, &id);
        ids.push(id);
    }
    capacity_providers::watch(world);
    (ids, failures)
}

/// The failure of the `n`-th task without room: it names one of the instances after the other.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
fn failure(world: &World, cluster: &str, no_room: &NoRoom, n: usize) -> Value {
    match no_room {
        NoRoom::Instances { obstacles, .. } => match obstacles.get(n % obstacles.len().max(1)) {
            Some(obstacle) => on_instance(world, cluster, obstacle),
            None => json!({"reason": "RESOURCE:MEMORY"}),
        },
        NoRoom::Fargate | NoRoom::Gone => json!({"reason": NO_CAPACITY}),
    }
}

fn on_instance(world: &World, cluster: &str, (id, obstacle): &(String, Obstacle)) -> Value {
    json!({"arn": instance_arn(world, cluster, id), "reason": obstacle.reason()})
}

/// What runs under a token that is still remembered: for 24 hours, or until its tasks are no longer described.
///
/// A token belongs to the tasks that it started: a conflict names those "already associated with the clientToken".
/// One that started none is free, unless the world says otherwise.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html#API_RunTask_Errors>
fn remembered<'a>(world: &'a World, token: &str) -> Option<&'a Run> {
    let run = world.ecs.runs.get(token)?;
    let described =
        |id: &String| world.ecs.clusters.get(&run.cluster).is_some_and(|c| c.tasks.contains_key(id));
    let is_refusal = run.tasks.is_empty() && world.ecs.refusals_remembered;
    let stands = is_refusal || run.tasks.iter().any(described);
    (world.now.duration_since(run.at) < TOKEN && stands).then_some(run)
}

/// The task that a request would start and the strategy for it, if AWS takes them.
fn checked(world: &World, cluster: &str, asked: &RunTask) -> Result<(Task, Vec<Share>), ApiError> {
    let definition = task_definitions::find(world, &asked.task_definition, true)?;
    let definition =
        world.ecs.task_definition(&definition).ok_or_else(|| invalid("TaskDefinition not found."))?;
    let c = world.ecs.clusters.get(cluster).ok_or_else(cluster_not_found)?;
    let mut strategy = asked.capacity_provider_strategy.clone().unwrap_or_default();
    if asked.launch_type.is_some() && !strategy.is_empty() {
        return Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ));
    }
    if asked.launch_type.is_none() && strategy.is_empty() {
        strategy.clone_from(&c.default_strategy);
    }
    if !strategy.is_empty() {
        capacity_providers::checked(c, &strategy)?;
    }
    let launch_type = match (asked.launch_type.as_deref(), strategy.first()) {
        (Some(known @ ("EC2" | "FARGATE" | "EXTERNAL")), _) => known,
        (Some(other), _) => return Err(invalid(format!("Invalid launchType: {other}"))),
        (None, Some(share)) if is_fargate(&share.capacity_provider) => "FARGATE",
        (None, _) => "EC2",
    };
    if launch_type == "EC2" && asked.platform_version.is_some() {
        return Err(invalid("The platform version must be null when specifying an EC2 launch type."));
    }
    let fargate = launch_type == "FARGATE";
    launch_options::placement(&asked.placement_constraints, &asked.placement_strategy, definition, fargate)?;
    launch_options::volumes(&asked.volume_configurations, definition, fargate)?;
    if asked.enable_execute_command == Some(true) && !definition.rest.contains_key("taskRoleArn") {
        return Err(invalid(
            "A valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again.",
        ));
    }
    if fargate && !task_definitions::requires(&definition.rest, "FARGATE") {
        return Err(invalid("Task definition does not support launch_type FARGATE."));
    }
    match (task_definitions::has_its_own_network(definition), &asked.network_configuration) {
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
    none_to_place_on(world, c, launch_type, &strategy)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
    if asked.started_by.as_ref().is_some_and(|s| s.chars().count() > 128 || !s.chars().all(plain)) {
        return Err(invalid(
            "startedBy must have up to 128 letters, numbers, hyphens, forward slashes and underscores.",
        ));
    }
    if asked.group.as_ref().is_some_and(|g| g.is_empty() || g.chars().count() > 255) {
        return Err(invalid("group must have between 1 and 255 characters."));
    }
    let mut tags = match asked.propagate_tags.as_deref() {
        None | Some("NONE") => tags::none(),
        Some("TASK_DEFINITION") => definition.tags.clone(),
        Some(other) => return Err(invalid(format!("Invalid propagateTags for a task: {other}"))),
    };
    tags.extend(tags::checked(asked.tags.clone())?);
    tags::limited(&tags)?;
    let images = task_definitions::images(world, &definition.arn);
    let mut task = Task {
        started_by: asked.started_by.clone(),
        launch_type: launch_type.to_owned(),
        tags,
        execute_command: asked.enable_execute_command == Some(true),
        ..Task::new(definition, images, world.now)
    };
    if let Some(group) = &asked.group {
        task.group.clone_from(group);
    }
    if let Some(given) = &asked.overrides {
        overrides::apply(&mut task, given)?;
    }
    Ok((task, strategy))
}

/// Refuses what has not one instance to run on, and none to come.
fn none_to_place_on(
    world: &World,
    c: &Cluster,
    launch_type: &str,
    strategy: &[Share],
) -> Result<(), ApiError> {
    let grows =
        |s: &Share| world.ecs.capacity_providers.get(&s.capacity_provider).is_some_and(|p| p.managed_scaling);
    let among = |i: &ContainerInstance| {
        let of = |s: &Share| i.capacity_provider.as_ref() == Some(&s.capacity_provider);
        strategy.is_empty() || strategy.iter().any(of)
    };
    if launch_type == "EC2" && !strategy.iter().any(grows) && !c.instances.values().any(among) {
        return Err(invalid(none_there(!strategy.is_empty())));
    }
    Ok(())
}

fn answer(world: &World, cluster: &str, ids: &[String], failures: &[Value]) -> Value {
    let known = |id: &String| world.ecs.clusters.get(cluster)?.tasks.get(id).map(|t| (id.clone(), t));
    let found = ids.iter().filter_map(known);
    let tasks: Vec<Value> = found.map(|(id, t)| tasks::view(world, cluster, &id, t, true)).collect();
    json!({"tasks": tasks, "failures": failures})
}
