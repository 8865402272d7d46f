//! Where a task finds room on a cluster's container instances.
//!
//! The instance with the fewest tasks is taken, of those that have what the task needs.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html>

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ecs::container_instances::ContainerInstance;
use crate::ecs::state::{Cluster, Stage, Task, TaskDefinition};
use crate::world::World;

/// What a task takes of its instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    pub(crate) cpu: i64,
    pub(crate) memory: i64,
    /// Ports of the host.
    pub(crate) ports: Vec<i64>,
    /// Attributes that the instance must have.
    pub(crate) attributes: Vec<&'static str>,
}

/// What the tasks of an instance take, and how many they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Used {
    pub(crate) cpu: i64,
    pub(crate) memory: i64,
    pub(crate) ports: Vec<i64>,
    pub(crate) tasks: usize,
}

/// Why an instance does not take a task.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    Agent,
    Attribute,
    Ports,
    Cpu,
    Memory,
}

impl Obstacle {
    /// As a failure of `RunTask` says it.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Agent => "AGENT",
            Self::Attribute => "ATTRIBUTE",
            Self::Ports => "RESOURCE:PORTS",
            Self::Cpu => "RESOURCE:CPU",
            Self::Memory => "RESOURCE:MEMORY",
        }
    }

    /// As a service's event says it.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Agent => "has the agent disconnected",
            Self::Attribute => "is missing an attribute required by your task",
            Self::Ports => "is already using a port required by your task",
            Self::Cpu => "has insufficient CPU units available",
            Self::Memory => "has insufficient memory available",
        }
    }
}

impl Needs {
    /// What tasks of this definition take. The size of the task counts; without one, the sum of its containers.
    pub(crate) fn of(definition: &TaskDefinition) -> Self {
        let text = |key: &str| definition.rest.get(key).and_then(Value::as_str);
        let sum = |of: fn(&Value) -> i64| definition.containers.iter().map(of).sum::<i64>();
        let host = text("networkMode") == Some("host");
        let awsvpc = text("networkMode") == Some("awsvpc");
        let port = |mapping: &Value| {
            let number = |key: &str| mapping.get(key).and_then(Value::as_i64).filter(|p| *p > 0);
            if host { number("containerPort") } else { number("hostPort") }
        };
        let mappings =
            definition.containers.iter().filter_map(|c| c.get("portMappings")?.as_array()).flatten();
        let mut attributes = Vec::new();
        if awsvpc {
            attributes.push("ecs.capability.task-eni");
        }
        if definition.rest.contains_key("taskRoleArn") {
            attributes.push("com.amazonaws.ecs.capability.task-iam-role");
        }
        Self {
            cpu: text("cpu").and_then(cpu_units).unwrap_or_else(|| sum(|c| number(c, "cpu").unwrap_or(0))),
            memory: text("memory").and_then(mebibytes).unwrap_or_else(|| {
                sum(|c| number(c, "memoryReservation").or_else(|| number(c, "memory")).unwrap_or(0))
            }),
            // In a task's own network no port of the host is taken.
            ports: if awsvpc { Vec::new() } else { mappings.filter_map(port).collect() },
            attributes,
        }
    }
}

fn number(container: &Value, key: &str) -> Option<i64> {
    container.get(key).and_then(Value::as_i64)
}

/// `256`, `1 vCPU`.
pub(crate) fn cpu_units(text: &str) -> Option<i64> {
    scaled(text, "vcpu", 1024.0)
}

/// `512`, `1 GB`.
pub(crate) fn mebibytes(text: &str) -> Option<i64> {
    scaled(text, "gb", 1024.0)
}

fn scaled(text: &str, unit: &str, factor: f64) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    match text.strip_suffix(unit) {
        None => text.parse().ok(),
        Some(number) => {
            let number: f64 = number.trim().parse().ok()?;
            // Sizes are small: nothing is lost.
            #[expect(clippy::cast_possible_truncation, reason = "a size of at most a few thousand")]
            Some((number * factor).round() as i64)
        }
    }
}

/// What is taken on each instance.
pub(crate) fn used(cluster: &Cluster) -> BTreeMap<&str, Used> {
    let mut all: BTreeMap<&str, Used> = BTreeMap::new();
    for task in cluster.tasks.values().filter(|t| t.stage < Stage::Stopped) {
        if let Some(instance) = &task.container_instance {
            let used = all.entry(instance).or_default();
            used.cpu += task.needs.cpu;
            used.memory += task.needs.memory;
            used.ports.extend(&task.needs.ports);
            used.tasks += 1;
        }
    }
    all
}

/// The instance that takes such a task, of those that are eligible; else what stands in the way on each.
fn place(
    cluster: &Cluster,
    needs: &Needs,
    eligible: impl Fn(&str, &ContainerInstance) -> bool,
) -> Result<String, Vec<(String, Obstacle)>> {
    let used = used(cluster);
    let none = Used::default();
    let mut best: Option<(usize, &String)> = None;
    let mut obstacles = Vec::new();
    for (id, instance) in cluster.instances.iter().filter(|(id, i)| !i.draining && eligible(id, i)) {
        let used = used.get(id.as_str()).unwrap_or(&none);
        match obstacle(instance, used, needs) {
            Some(obstacle) => obstacles.push((id.clone(), obstacle)),
            None if best.is_none_or(|(tasks, _)| used.tasks < tasks) => best = Some((used.tasks, id)),
            None => {}
        }
    }
    best.map(|(_, id)| id.clone()).ok_or(obstacles)
}

fn obstacle(instance: &ContainerInstance, used: &Used, needs: &Needs) -> Option<Obstacle> {
    if !instance.agent_connected {
        return Some(Obstacle::Agent);
    }
    if needs.attributes.iter().any(|a| !instance.attributes.contains_key(*a)) {
        return Some(Obstacle::Attribute);
    }
    if needs.ports.iter().any(|p| used.ports.contains(p)) {
        return Some(Obstacle::Ports);
    }
    if used.cpu + needs.cpu > instance.cpu {
        return Some(Obstacle::Cpu);
    }
    (used.memory + needs.memory > instance.memory).then_some(Obstacle::Memory)
}

/// Why a task found no room.
#[derive(Debug)]
pub(crate) enum NoRoom {
    /// On no container instance, with what stands in the way on each that could have taken it.
    Instances { of_provider: bool, obstacles: Vec<(String, Obstacle)> },
    /// On Fargate.
    Fargate,
    /// There is no such service any more.
    Gone,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
pub(crate) const NO_CAPACITY: &str =
    "Capacity is unavailable at this time. Please try again later or in a different availability zone";

impl NoRoom {
    /// As a service's event says it.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Fargate => format!("was unable to place a task. Reason: {NO_CAPACITY}."),
            Self::Gone => "was unable to place a task.".to_owned(),
            Self::Instances { of_provider, obstacles } => {
                let why = match obstacles.first() {
                    Some((id, obstacle)) => format!(
                        "The closest matching (container-instance {id}) {}. For more information, see the \
                         Troubleshooting section of the Amazon ECS Developer Guide.",
                        obstacle.told()
                    ),
                    None => format!("Reason: {}", none_there(*of_provider)),
                };
                format!(
                    "was unable to place a task because no container instance met all of its requirements. {why}"
                )
            }
        }
    }
}

/// What ECS says where there is not one instance.
pub(crate) fn none_there(of_provider: bool) -> String {
    let place = if of_provider { "capacity provider" } else { "cluster" };
    format!("No Container Instances were found in your {place}.")
}

/// Gives a new task its place: on Fargate, on one of the instances that are eligible, or in the queue of a capacity
/// provider that will grow for it.
pub(crate) fn find_room(
    world: &mut World,
    cluster: &str,
    task: &mut Task,
    eligible: impl Fn(&str) -> bool,
) -> Result<(), NoRoom> {
    if task.launch_type != "EC2" {
        task.stage = Stage::Provisioning;
        if let Some(room) = &mut world.ecs.fargate_room {
            *room = room.checked_sub(1).ok_or(NoRoom::Fargate)?;
        }
        return Ok(());
    }
    let c = world.ecs.clusters.get(cluster).ok_or(NoRoom::Gone)?;
    let provider = task.capacity_provider.clone();
    let of_provider = |i: &Option<String>| provider.is_none() || *i == provider;
    let placed = place(c, &task.needs, |id, i| of_provider(&i.capacity_provider) && eligible(id));
    match placed {
        Ok(id) => {
            task.container_instance = Some(id);
            task.stage = Stage::Pending;
            task.waiting = false;
            Ok(())
        }
        Err(obstacles) => {
            let own = provider.as_ref().and_then(|p| world.ecs.capacity_providers.get(p));
            if !own.is_some_and(|p| p.managed_scaling) {
                return Err(NoRoom::Instances { of_provider: provider.is_some(), obstacles });
            }
            task.stage = Stage::Provisioning;
            task.waiting = true;
            Ok(())
        }
    }
}
