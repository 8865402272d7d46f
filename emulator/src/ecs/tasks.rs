//! Tasks.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::ecs::arn;
use crate::ecs::clusters::cluster_arn;
use crate::ecs::container_instances::instance_arn;
use crate::ecs::errors::{invalid, service_not_found};
use crate::ecs::life;
use crate::ecs::pages::{page, size};
use crate::ecs::state::{ServiceStatus, Stage, Task};
use crate::ecs::tags;
use crate::wire::{epoch, object, put};
use crate::world::World;

const LAUNCH_TYPES: [&str; 4] = ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListTasks {
    cluster: Option<String>,
    service_name: Option<String>,
    family: Option<String>,
    started_by: Option<String>,
    desired_status: Option<String>,
    container_instance: Option<String>,
    launch_type: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 100 a page, and 100 without `maxResults`; by desired status, `RUNNING` unless said. `startedBy` must be
/// the only filter.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html>
pub(crate) fn list_tasks(world: &mut World, input: ListTasks) -> Result<Value, ApiError> {
    let size = size(input.max_results, 100, 100)?;
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    let others = [
        &input.service_name,
        &input.family,
        &input.desired_status,
        &input.launch_type,
        &input.container_instance,
    ];
    if input.started_by.is_some() && others.iter().any(|f| f.is_some()) {
        return Err(invalid("startedBy cannot be combined with other filters."));
    }
    let stopped = match input.desired_status.as_deref() {
        None | Some("RUNNING") => Some(false),
        Some("STOPPED") => Some(true),
        // A valid filter that never has a result: ECS sets no task's desired status to PENDING.
        Some("PENDING") => None,
        Some(other) => return Err(invalid(format!("Invalid desiredStatus: {other}"))),
    };
    let service = match &input.service_name {
        None => None,
        Some(given) => {
            let name = arn::service_name(world, &cluster, given)?;
            if world.ecs.service(&cluster, &name).is_none_or(|s| s.status == ServiceStatus::Inactive) {
                return Err(service_not_found());
            }
            Some(name)
        }
    };
    let instance = match &input.container_instance {
        None => None,
        Some(given) => {
            let id = arn::container_instance_id(world, &cluster, given)?;
            if world.ecs.clusters.get(&cluster).is_none_or(|c| !c.instances.contains_key(&id)) {
                return Err(invalid("The specified container instance was not found in the cluster."));
            }
            Some(id)
        }
    };
    if let Some(other) = input.launch_type.as_ref().filter(|l| !LAUNCH_TYPES.contains(&l.as_str())) {
        return Err(invalid(format!("Invalid launchType: {other}")));
    }
    let lag = world.list_lag;
    let fits = |t: &Task| {
        // A list that lags shows neither what is too new nor the newest orders to stop.
        let seen = |at: jiff::Timestamp| world.now.duration_since(at) >= lag;
        let told_to_stop = t.told_to_stop && t.stopping_at.is_none_or(seen);
        stopped == Some(told_to_stop)
            && seen(t.created_at)
            && service.as_ref().is_none_or(|s| t.service.as_ref() == Some(s))
            && instance.as_ref().is_none_or(|i| t.container_instance.as_ref() == Some(i))
            && input.family.as_ref().is_none_or(|f| t.family == *f)
            && input.started_by.as_ref().is_none_or(|s| t.started_by.as_ref() == Some(s))
            && input.launch_type.as_ref().is_none_or(|l| t.launch_type == *l)
    };
    let tasks = world.ecs.clusters.get(&cluster).into_iter().flat_map(|c| &c.tasks);
    let ids = tasks.filter(|(_, t)| fits(t)).map(|(id, _)| id.clone());
    let (ids, next) = page(ids, input.next_token.as_deref(), size)?;
    let arns: Vec<String> = ids.iter().map(|id| task_arn(world, &cluster, id)).collect();
    let mut answer = object(json!({"taskArns": arns}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeTasks {
    cluster: Option<String>,
    tasks: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

/// At most 100; stopped tasks for an hour.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html>
pub(crate) fn describe_tasks(world: &mut World, input: DescribeTasks) -> Result<Value, ApiError> {
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    if input.tasks.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    if input.tasks.len() > 100 {
        return Err(invalid("Tasks cannot have more than 100 elements."));
    }
    if let Some(other) = input.include.iter().find(|i| *i != "TAGS") {
        return Err(invalid(format!("Invalid include: {other}")));
    }
    let mut tasks = Vec::new();
    let mut failures = Vec::new();
    for given in &input.tasks {
        let id = arn::task_id(world, &cluster, given)?;
        // A task that was started a moment ago may not be seen yet.
        let seen = |t: &&Task| world.now.duration_since(t.created_at) >= world.ecs.tasks_lag;
        match world.ecs.clusters.get(&cluster).and_then(|c| c.tasks.get(&id)).filter(seen) {
            Some(task) => tasks.push(view(world, &cluster, &id, task, !input.include.is_empty())),
            None => failures.push(json!({"arn": task_arn(world, &cluster, &id), "reason": "MISSING"})),
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StopTask {
    cluster: Option<String>,
    task: String,
    reason: Option<String>,
}

/// The reason has at most 255 characters. A task that is stopped already is described as it is.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html>
pub(crate) fn stop_task(world: &mut World, input: StopTask) -> Result<Value, ApiError> {
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    if input.reason.as_ref().is_some_and(|r| r.chars().count() > 255) {
        return Err(invalid("Reason must not be longer than 255 characters."));
    }
    let id = arn::task_id(world, &cluster, &input.task)?;
    let task =
        world.ecs.task_mut(&cluster, &id).ok_or_else(|| invalid("The referenced task was not found."))?;
    let service = task.service.clone();
    if !task.told_to_stop {
        let reason = input.reason.unwrap_or_else(|| "Task stopped by user".to_owned());
        life::tell_to_stop(world, &cluster, &id, "UserInitiated", &reason);
        // "Any tags associated with the task will be deleted."
        // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
        if let Some(task) = world.ecs.task_mut(&cluster, &id) {
            task.tags.clear();
        }
        if let Some(service) = service {
            if let Some(s) = world.ecs.service_mut(&cluster, &service) {
                s.steady = false;
            }
            life::touch(world, &cluster, &service);
        }
    }
    let task = world.ecs.clusters.get(&cluster).and_then(|c| c.tasks.get(&id));
    Ok(json!({"task": task.map(|t| view(world, &cluster, &id, t, false))}))
}

pub(crate) fn task_arn(world: &World, cluster: &str, id: &str) -> String {
    world.arn("ecs", &format!("task/{cluster}/{id}"))
}

pub(crate) fn view(world: &World, cluster: &str, id: &str, task: &Task, with_tags: bool) -> Value {
    let arn = task_arn(world, cluster, id);
    let container_status = match task.stage {
        Stage::Provisioning | Stage::Pending | Stage::Activating => "PENDING",
        Stage::Running | Stage::Deactivating => "RUNNING",
        Stage::Stopping | Stage::Deprovisioning | Stage::Stopped => "STOPPED",
    };
    let container = |(n, image): (usize, &crate::ecs::state::Image)| {
        let mut view = Map::new();
        put(&mut view, "containerArn", Some(world.arn("ecs", &format!("container/{cluster}/{id}/{n:012x}"))));
        put(&mut view, "taskArn", Some(arn.as_str()));
        put(&mut view, "name", Some(image.container.as_str()));
        put(&mut view, "image", Some(image.image.as_str()));
        // The digest is known when the image was pulled.
        put(&mut view, "imageDigest", image.digest.as_deref().filter(|_| task.stage >= Stage::Activating));
        let exit = task.exits.get(&image.container);
        let code = match exit {
            Some(exit) => exit.code,
            None => task.exit_code.filter(|_| task.stage >= Stage::Deprovisioning),
        };
        put(&mut view, "lastStatus", Some(if exit.is_some() { "STOPPED" } else { container_status }));
        put(&mut view, "exitCode", code);
        let failed = task.stopped_reason.as_deref().filter(|_| task.stop_code == Some("TaskFailedToStart"));
        put(&mut view, "reason", exit.and_then(|e| e.reason.as_deref()).or(failed));
        view.insert("networkInterfaces".to_owned(), json!([]));
        put(&mut view, "healthStatus", Some("UNKNOWN"));
        Value::from(view)
    };
    let containers: Vec<Value> = task.images.iter().enumerate().map(container).collect();
    let mut view = Map::new();
    put(&mut view, "taskArn", Some(arn.as_str()));
    put(&mut view, "clusterArn", Some(cluster_arn(world, cluster)));
    let instance = task.container_instance.as_ref().map(|i| instance_arn(world, cluster, i));
    put(&mut view, "containerInstanceArn", instance);
    put(&mut view, "taskDefinitionArn", Some(task.task_definition.as_str()));
    put(&mut view, "lastStatus", Some(task.stage.name()));
    put(&mut view, "desiredStatus", Some(if task.told_to_stop { "STOPPED" } else { "RUNNING" }));
    put(&mut view, "group", Some(task.group.as_str()));
    put(&mut view, "startedBy", task.started_by.as_deref());
    put(&mut view, "launchType", Some(task.launch_type.as_str()));
    put(&mut view, "capacityProviderName", task.capacity_provider.as_deref());
    put(&mut view, "cpu", task.cpu.as_deref());
    put(&mut view, "memory", task.memory.as_deref());
    put(&mut view, "containers", Some(containers));
    put(&mut view, "createdAt", Some(epoch(task.created_at)));
    put(&mut view, "startedAt", task.started_at.map(epoch));
    put(&mut view, "stoppingAt", task.stopping_at.map(epoch));
    put(&mut view, "stoppedAt", task.stopped_at.map(epoch));
    put(&mut view, "stoppedReason", task.stopped_reason.as_deref());
    put(&mut view, "stopCode", task.stop_code);
    put(&mut view, "version", Some(task.version));
    put(&mut view, "enableExecuteCommand", Some(task.execute_command));
    view.insert("attachments".to_owned(), json!([]));
    let overrides = task.overrides.clone().unwrap_or_else(|| json!({"containerOverrides": []}));
    view.insert("overrides".to_owned(), overrides);
    view.insert("tags".to_owned(), if with_tags { tags::view(&task.tags) } else { json!([]) });
    view.into()
}
