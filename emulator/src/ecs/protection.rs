//! Protection of tasks from scale-in and deployments.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html>

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecs::arn;
use crate::ecs::errors::invalid;
use crate::ecs::life;
use crate::ecs::state::Stage;
use crate::ecs::tasks::task_arn;
use crate::wire::{epoch, put};
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateTaskProtection {
    cluster: String,
    tasks: Vec<String>,
    protection_enabled: bool,
    expires_in_minutes: Option<i64>,
}

/// At most 10 tasks; for 1 to 2,880 minutes, 120 unless said. Only tasks of services can be protected.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateTaskProtection.html>
pub(crate) fn update_task_protection(
    world: &mut World,
    input: UpdateTaskProtection,
) -> Result<Value, ApiError> {
    let cluster = arn::cluster(world, Some(&input.cluster))?;
    if !(1..=10).contains(&input.tasks.len()) {
        return Err(invalid("Tasks must have between 1 and 10 elements."));
    }
    let minutes = input.expires_in_minutes.unwrap_or(120);
    if !(1..=2880).contains(&minutes) {
        return Err(invalid("expiresInMinutes must be between 1 and 2880."));
    }
    let until = world.after(SignedDuration::from_mins(minutes));
    let mut protected = Vec::new();
    let mut failures = Vec::new();
    for given in input.tasks {
        let id = arn::task_id(world, &cluster, &given)?;
        let arn = task_arn(world, &cluster, &id);
        let Some(task) = world.ecs.task_mut(&cluster, &id).filter(|t| t.stage < Stage::Stopped) else {
            failures.push(json!({"arn": arn, "reason": "TASK_NOT_VALID"}));
            continue;
        };
        let Some(service) = task.service.clone() else {
            failures.push(json!({"arn": arn, "reason": "TASK_NOT_VALID", "detail": "The task is not part of a service."}));
            continue;
        };
        task.protected_until = input.protection_enabled.then_some(until);
        life::touch(world, &cluster, &service);
        protected.push(view(world, &cluster, &id));
    }
    Ok(json!({"protectedTasks": protected, "failures": failures}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetTaskProtection {
    cluster: String,
    #[serde(default)]
    tasks: Vec<String>,
}

/// At most 100 tasks; those of the cluster's services when none is named.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_GetTaskProtection.html>
pub(crate) fn get_task_protection(world: &mut World, input: GetTaskProtection) -> Result<Value, ApiError> {
    let cluster = arn::cluster(world, Some(&input.cluster))?;
    if input.tasks.len() > 100 {
        return Err(invalid("Tasks cannot have more than 100 elements."));
    }
    let known = |id: &str| {
        let task = world.ecs.clusters.get(&cluster)?.tasks.get(id)?;
        (task.stage < Stage::Stopped).then_some(task)
    };
    let mut ids = Vec::new();
    for given in &input.tasks {
        ids.push(arn::task_id(world, &cluster, given)?);
    }
    if ids.is_empty() {
        let of_services = world.ecs.clusters.get(&cluster).into_iter().flat_map(|c| &c.tasks);
        ids = of_services
            .filter(|(_, t)| t.service.is_some() && t.stage < Stage::Stopped)
            .map(|(id, _)| id.clone())
            .collect();
    }
    let mut protected = Vec::new();
    let mut failures = Vec::new();
    for id in ids {
        match known(&id) {
            Some(task) if task.service.is_some() => protected.push(view(world, &cluster, &id)),
            _ => failures.push(json!({"arn": task_arn(world, &cluster, &id), "reason": "TASK_NOT_VALID"})),
        }
    }
    Ok(json!({"protectedTasks": protected, "failures": failures}))
}

fn view(world: &World, cluster: &str, id: &str) -> Value {
    let until = world
        .ecs
        .clusters
        .get(cluster)
        .and_then(|c| c.tasks.get(id))
        .filter(|t| t.is_protected(world.now))
        .and_then(|t| t.protected_until);
    let mut view = crate::wire::object(json!({
        "taskArn": task_arn(world, cluster, id),
        "protectionEnabled": until.is_some(),
    }));
    put(&mut view, "expirationDate", until.map(epoch));
    view.into()
}
