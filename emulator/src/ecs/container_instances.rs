//! Container instances: the EC2 instances of a cluster.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::ecs::arn;
use crate::ecs::errors::invalid;
use crate::ecs::life;
use crate::ecs::pages::{page, size};
use crate::ecs::placement::{self, Used};
use crate::ecs::state::{Cluster, Stage, Tags};
use crate::ecs::tags;
use crate::wire::{epoch, object, put};
use crate::world::World;

/// One registered instance.
#[derive(Clone, Debug)]
pub(crate) struct ContainerInstance {
    pub(crate) ec2_instance: String,
    /// `DRAINING`: gets no tasks, and loses those of services. Else `ACTIVE`.
    pub(crate) draining: bool,
    pub(crate) agent_connected: bool,
    pub(crate) cpu: i64,
    pub(crate) memory: i64,
    pub(crate) capacity_provider: Option<String>,
    /// Names, with values where they have one.
    pub(crate) attributes: BTreeMap<String, Option<String>>,
    pub(crate) registered_at: Timestamp,
    pub(crate) tags: Tags,
}

/// The ports that the agent and its neighbours take for themselves.
const RESERVED_PORTS: [&str; 5] = ["22", "2375", "2376", "51678", "51679"];

/// What every instance with a current agent can do.
const CAPABILITIES: [&str; 6] = [
    "com.amazonaws.ecs.capability.docker-remote-api.1.44",
    "com.amazonaws.ecs.capability.ecr-auth",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "com.amazonaws.ecs.capability.task-iam-role",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.task-eni",
];

/// CPU units and MiB that the agent registers on an instance of this type.
pub(crate) fn resources(instance_type: &str) -> (i64, i64) {
    match instance_type {
        "t2.micro" => (1024, 983),
        "t3.micro" => (2048, 944),
        "t3.small" => (2048, 1927),
        "t3.medium" => (2048, 3885),
        "m5.large" => (2048, 7764),
        "m5.xlarge" => (4096, 15_728),
        _ => (16_384, 63_350),
    }
}

/// What an instance is made of.
#[derive(Clone, Copy)]
pub(crate) struct Made<'a> {
    pub(crate) instance_type: &'a str,
    /// CPU units and MiB for tasks, where they are not those of its type.
    pub(crate) resources: Option<(i64, i64)>,
    pub(crate) zone: &'a str,
}

/// Registers an instance, as its agent does when it comes up. Its id.
pub(crate) fn register(
    world: &mut World,
    cluster: &str,
    ec2_instance: &str,
    made: Made<'_>,
    capacity_provider: Option<String>,
) -> String {
    let Made { instance_type, zone, .. } = made;
    let id = world.ids.hex();
    let (cpu, memory) = made.resources.unwrap_or_else(|| resources(instance_type));
    let mut attributes: BTreeMap<String, Option<String>> =
        CAPABILITIES.iter().map(|name| ((*name).to_owned(), None)).collect();
    for (name, value) in [
        ("ecs.availability-zone", zone),
        ("ecs.cpu-architecture", "x86_64"),
        ("ecs.instance-type", instance_type),
        ("ecs.os-type", "linux"),
    ] {
        attributes.insert(name.to_owned(), Some(value.to_owned()));
    }
    let instance = ContainerInstance {
        ec2_instance: ec2_instance.to_owned(),
        draining: false,
        agent_connected: true,
        cpu,
        memory,
        capacity_provider,
        attributes,
        registered_at: world.now,
        tags: Tags::new(),
    };
    if let Some(c) = world.ecs.clusters.get_mut(cluster) {
        c.instances.insert(id.clone(), instance);
    }
    life::instances_changed(world, cluster);
    id
}

/// An instance is gone, and what ran on it.
pub(crate) fn deregister(world: &mut World, cluster: &str, id: &str) {
    let Some(c) = world.ecs.clusters.get_mut(cluster) else {
        return;
    };
    let Some(instance) = c.instances.remove(id) else {
        return;
    };
    let on_it = |t: &crate::ecs::state::Task| t.container_instance.as_deref() == Some(id);
    let tasks: Vec<String> = c.tasks.iter().filter(|(_, t)| on_it(t)).map(|(id, _)| id.clone()).collect();
    let reason = format!("Host EC2 (instance {}) terminated.", instance.ec2_instance);
    for task in tasks {
        life::tell_to_stop(world, cluster, &task, "TerminationNotice", &reason);
    }
    life::instances_changed(world, cluster);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListContainerInstances {
    cluster: Option<String>,
    filter: Option<String>,
    status: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 100 a page, and 100 without `maxResults`; of any status unless said. Filters are not modelled.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListContainerInstances.html>
pub(crate) fn list_container_instances(
    world: &mut World,
    input: ListContainerInstances,
) -> Result<Value, ApiError> {
    let size = size(input.max_results, 100, 100)?;
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    if input.filter.is_some() {
        return Err(invalid("The embedded AWS does not model filters of container instances."));
    }
    let draining = match input.status.as_deref() {
        None => None,
        Some("ACTIVE") => Some(Some(false)),
        Some("DRAINING") => Some(Some(true)),
        // Statuses that no instance has here.
        Some("REGISTERING" | "DEREGISTERING" | "REGISTRATION_FAILED") => Some(None),
        Some(other) => return Err(invalid(format!("Invalid status: {other}"))),
    };
    let instances = world.ecs.clusters.get(&cluster).into_iter().flat_map(|c| &c.instances);
    let fits = |i: &ContainerInstance| draining.is_none_or(|asked| asked == Some(i.draining));
    let ids = instances.filter(|(_, i)| fits(i)).map(|(id, _)| id.clone());
    let (ids, next) = page(ids, input.next_token.as_deref(), size)?;
    let arns: Vec<String> = ids.iter().map(|id| instance_arn(world, &cluster, id)).collect();
    let mut answer = object(json!({"containerInstanceArns": arns}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeContainerInstances {
    cluster: Option<String>,
    container_instances: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

/// At most 100.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeContainerInstances.html>
pub(crate) fn describe_container_instances(
    world: &mut World,
    input: DescribeContainerInstances,
) -> Result<Value, ApiError> {
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    if input.container_instances.is_empty() {
        return Err(invalid("Container instances cannot be empty."));
    }
    if input.container_instances.len() > 100 {
        return Err(invalid("Container instances cannot have more than 100 elements."));
    }
    let known = ["TAGS", "CONTAINER_INSTANCE_HEALTH"];
    if let Some(other) = input.include.iter().find(|i| !known.contains(&i.as_str())) {
        return Err(invalid(format!("Invalid include: {other}")));
    }
    answer(world, &cluster, &input.container_instances, &input.include)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateContainerInstancesState {
    cluster: Option<String>,
    container_instances: Vec<String>,
    status: String,
}

/// `ACTIVE` or `DRAINING`, for at most 10.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateContainerInstancesState.html>
pub(crate) fn update_container_instances_state(
    world: &mut World,
    input: UpdateContainerInstancesState,
) -> Result<Value, ApiError> {
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    if !(1..=10).contains(&input.container_instances.len()) {
        return Err(invalid("Container instances must have between 1 and 10 elements."));
    }
    let draining = match input.status.as_str() {
        "ACTIVE" => false,
        "DRAINING" => true,
        _ => return Err(invalid("Container instance status should be one of [ACTIVE, DRAINING]")),
    };
    for given in &input.container_instances {
        let id = arn::container_instance_id(world, &cluster, given)?;
        drain(world, &cluster, &id, draining);
    }
    answer(world, &cluster, &input.container_instances, &[])
}

/// Sets an instance's status; services move their tasks.
pub(crate) fn drain(world: &mut World, cluster: &str, id: &str, draining: bool) {
    let instance = world.ecs.clusters.get_mut(cluster).and_then(|c| c.instances.get_mut(id));
    if let Some(instance) = instance {
        instance.draining = draining;
        life::instances_changed(world, cluster);
    }
}

pub(crate) fn instance_arn(world: &World, cluster: &str, id: &str) -> String {
    world.arn("ecs", &format!("container-instance/{cluster}/{id}"))
}

fn answer(world: &World, cluster: &str, given: &[String], include: &[String]) -> Result<Value, ApiError> {
    let mut instances = Vec::new();
    let mut failures = Vec::new();
    let Some(c) = world.ecs.clusters.get(cluster) else {
        return Ok(Value::Null);
    };
    let used = placement::used(c);
    for given in given {
        let id = arn::container_instance_id(world, cluster, given)?;
        match c.instances.get(&id) {
            Some(instance) => {
                let used = used.get(id.as_str()).cloned().unwrap_or_default();
                instances.push(view(world, cluster, c, &id, instance, &used, include));
            }
            None => {
                failures.push(json!({"arn": instance_arn(world, cluster, &id), "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"containerInstances": instances, "failures": failures}))
}

fn view(
    world: &World,
    cluster: &str,
    c: &Cluster,
    id: &str,
    instance: &ContainerInstance,
    used: &Used,
    include: &[String],
) -> Value {
    let includes = |what: &str| include.iter().any(|i| i == what);
    let tasks = c.tasks.values().filter(|t| t.container_instance.as_deref() == Some(id));
    let (running, pending) = tasks.fold((0, 0), |(running, pending), t| match t.stage {
        Stage::Running => (running + 1, pending),
        Stage::Pending | Stage::Activating => (running, pending + 1),
        _ => (running, pending),
    });
    let number = |name: &str, value: i64| json!({"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value});
    let resources = |cpu: i64, memory: i64, ports: &[i64]| {
        let mut set: Vec<String> = RESERVED_PORTS.iter().map(|p| (*p).to_owned()).collect();
        set.extend(ports.iter().map(i64::to_string));
        let ports = json!({
            "name": "PORTS",
            "type": "STRINGSET",
            "doubleValue": 0.0,
            "longValue": 0,
            "integerValue": 0,
            "stringSetValue": set,
        });
        json!([number("CPU", cpu), number("MEMORY", memory), ports])
    };
    let attribute = |(name, value): (&String, &Option<String>)| {
        let mut attribute = Map::new();
        put(&mut attribute, "name", Some(name.as_str()));
        put(&mut attribute, "value", value.as_deref());
        Value::from(attribute)
    };
    let mut view = Map::new();
    put(&mut view, "containerInstanceArn", Some(instance_arn(world, cluster, id)));
    put(&mut view, "ec2InstanceId", Some(instance.ec2_instance.as_str()));
    put(&mut view, "capacityProviderName", instance.capacity_provider.as_deref());
    put(&mut view, "version", Some(1));
    view.insert(
        "versionInfo".to_owned(),
        json!({"agentVersion": "1.98.0", "agentHash": "a1b2c3d4", "dockerVersion": "DockerVersion: 25.0.8"}),
    );
    let left = (instance.cpu - used.cpu, instance.memory - used.memory);
    put(&mut view, "remainingResources", Some(resources(left.0, left.1, &used.ports)));
    put(&mut view, "registeredResources", Some(resources(instance.cpu, instance.memory, &[])));
    put(&mut view, "status", Some(if instance.draining { "DRAINING" } else { "ACTIVE" }));
    put(&mut view, "agentConnected", Some(instance.agent_connected));
    put(&mut view, "runningTasksCount", Some(running));
    put(&mut view, "pendingTasksCount", Some(pending));
    put(&mut view, "attributes", Some(instance.attributes.iter().map(attribute).collect::<Value>()));
    put(&mut view, "registeredAt", Some(epoch(instance.registered_at)));
    view.insert("attachments".to_owned(), json!([]));
    if includes("CONTAINER_INSTANCE_HEALTH") {
        let status = if instance.agent_connected { "OK" } else { "INSUFFICIENT_DATA" };
        let detail = json!({"type": "CONTAINER_RUNTIME", "status": status});
        put(&mut view, "healthStatus", Some(json!({"overallStatus": status, "details": [detail]})));
    }
    view.insert("tags".to_owned(), if includes("TAGS") { tags::view(&instance.tags) } else { json!([]) });
    view.into()
}
