//! How the containers of a family's tasks end.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::Value;

use crate::due;
use crate::ecs::life::{self, Due};
use crate::ecs::state::{Exit, TaskDefinition};
use crate::world::World;

/// What the tasks of a family do, whoever starts them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    /// They end this long after they came up; none: they run until they are stopped.
    pub(crate) runs_for: Option<SignedDuration>,
    pub(crate) exits: BTreeMap<String, Exit>,
    /// They never come up, for this reason.
    pub(crate) never_starts: Option<String>,
}

/// What a container that was told to end says: 128 and SIGTERM.
pub(crate) const TERMINATED: i64 = 143;

fn essential(definition: &TaskDefinition) -> impl Iterator<Item = &str> {
    let essential = |c: &&Value| c.get("essential").and_then(Value::as_bool).unwrap_or(true);
    definition.containers.iter().filter(essential).filter_map(|c| c.get("name")?.as_str())
}

/// A task came up: its end is planned, and sidecars that end by themselves have ended.
pub(crate) fn came_up(world: &mut World, cluster: &str, id: &str) {
    let Some(task) = world.ecs.clusters.get(cluster).and_then(|c| c.tasks.get(id)) else {
        return;
    };
    let Some(job) = world.ecs.jobs.get(&task.family).cloned() else {
        return;
    };
    let Some(definition) = world.ecs.task_definition(&task.task_definition) else {
        return;
    };
    let essential: Vec<&str> = essential(definition).collect();
    let mut exits = job.exits;
    exits.retain(|name, _| !essential.contains(&name.as_str()));
    if let Some(task) = world.ecs.task_mut(cluster, id) {
        task.exits = exits;
    }
    if let Some(runs_for) = job.runs_for {
        let due = Due::End { cluster: cluster.to_owned(), task: id.to_owned() };
        let at = world.after(runs_for);
        world.agenda.enter(at, due::Due::Ecs(due));
    }
}

/// The essential containers of a task end by themselves. Those of which nothing is said end well, or are told to end
/// with one that is named.
pub(crate) fn end(world: &mut World, cluster: &str, id: &str) {
    let Some(task) = world.ecs.clusters.get(cluster).and_then(|c| c.tasks.get(id)) else {
        return;
    };
    if task.told_to_stop {
        return;
    }
    let service = task.service.clone();
    let said = world.ecs.jobs.get(&task.family).map(|j| j.exits.clone()).unwrap_or_default();
    let Some(definition) = world.ecs.task_definition(&task.task_definition) else {
        return;
    };
    let names: Vec<String> = essential(definition).map(str::to_owned).collect();
    let other = if names.iter().any(|n| said.contains_key(n)) { TERMINATED } else { 0 };
    life::tell_to_stop(world, cluster, id, "EssentialContainerExited", "Essential container in task exited");
    if let Some(task) = world.ecs.task_mut(cluster, id) {
        for name in names {
            let exit = said.get(&name).cloned().unwrap_or(Exit { code: Some(other), reason: None });
            task.exits.insert(name, exit);
        }
    }
    if let Some(service) = service {
        life::touch(world, cluster, &service);
    }
}
