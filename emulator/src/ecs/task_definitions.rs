//! Task definitions.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::ecr::pulls;
use crate::ecs::arn;
use crate::ecs::clusters::valid_name;
use crate::ecs::errors::{client, invalid};
use crate::ecs::pages::{self, page, size};
use crate::ecs::state::{Image, TaskDefinition};
use crate::ecs::tags::{self, Tag};
use crate::wire::{epoch, put};
use crate::world::World;

/// What may be registered beside `family`, `containerDefinitions` and `tags`; it is kept and described as it is.
const KEPT: [&str; 14] = [
    "cpu",
    "memory",
    "networkMode",
    "requiresCompatibilities",
    "taskRoleArn",
    "executionRoleArn",
    "volumes",
    "placementConstraints",
    "runtimePlatform",
    "ephemeralStorage",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "enableFaultInjection",
];

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>
pub(crate) fn register_task_definition(
    world: &mut World,
    input: Map<String, Value>,
) -> Result<Value, ApiError> {
    let mut rest = input;
    let family = rest.shift_remove("family").and_then(|f| f.as_str().map(str::to_owned)).unwrap_or_default();
    if !valid_name(&family) {
        return Err(client("Family should not be null or empty, and must match ^[a-zA-Z0-9\\-_]{1,255}$."));
    }
    let mut containers = match rest.shift_remove("containerDefinitions") {
        Some(Value::Array(containers)) if !containers.is_empty() => containers,
        _ => return Err(client("Container definitions should not be null or empty.")),
    };
    for container in &mut containers {
        if let Some(container) = container.as_object_mut() {
            container.entry("essential").or_insert(Value::Bool(true));
        }
        let text = |key: &str| container.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("name").is_empty() || text("image").is_empty() {
            return Err(client("Container.name and Container.image should not be null or empty."));
        }
    }
    if containers.iter().all(|c| c.get("essential") == Some(&Value::Bool(false))) {
        return Err(client("Task definition must have at least one essential container."));
    }
    let given: Vec<Tag> = match rest.shift_remove("tags") {
        None => Vec::new(),
        Some(tags) => crate::wire::request(tags)?,
    };
    let tags = tags::checked(given)?;
    if let Some(other) = rest.keys().find(|k| !KEPT.contains(&k.as_str())) {
        return Err(ApiError::client("SerializationException", format!("unknown field `{other}`")));
    }
    if requires(&rest, "FARGATE") {
        if rest.get("networkMode").and_then(Value::as_str) != Some("awsvpc") {
            return Err(client("Fargate only supports network mode ‘awsvpc’."));
        }
        if rest.get("cpu").is_none() || rest.get("memory").is_none() {
            return Err(client("Fargate requires that 'cpu' and 'memory' be defined at the task level."));
        }
    }
    let definitions = world.ecs.task_definitions.entry(family.clone()).or_default();
    let revision = definitions.last().map_or(1, |d| d.revision + 1);
    let arn = format!(
        "arn:{}:ecs:{}:{}:task-definition/{family}:{revision}",
        world.partition, world.region, world.account
    );
    definitions.push(TaskDefinition {
        arn: arn.clone(),
        family,
        revision,
        active: true,
        registered_at: world.now,
        deregistered_at: None,
        containers,
        rest,
        tags,
    });
    answer(world, &arn, true)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeregisterTaskDefinition {
    task_definition: String,
}

/// Running tasks and services go on; nothing new starts from it.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html>
pub(crate) fn deregister_task_definition(
    world: &mut World,
    input: DeregisterTaskDefinition,
) -> Result<Value, ApiError> {
    let arn = find(world, &input.task_definition, false)?;
    let now = world.now;
    for definition in world.ecs.task_definitions.values_mut().flatten().filter(|d| d.arn == arn) {
        definition.active = false;
        definition.deregistered_at = Some(now);
    }
    answer(world, &arn, false)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeTaskDefinition {
    task_definition: String,
    #[serde(default)]
    include: Vec<String>,
}

/// A family names its latest ACTIVE revision; INACTIVE ones are described by revision.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html>
pub(crate) fn describe_task_definition(
    world: &mut World,
    input: DescribeTaskDefinition,
) -> Result<Value, ApiError> {
    if let Some(other) = input.include.iter().find(|i| *i != "TAGS") {
        return Err(invalid(format!("Invalid include: {other}")));
    }
    let arn = find(world, &input.task_definition, false)?;
    answer(world, &arn, !input.include.is_empty())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListTaskDefinitions {
    family_prefix: Option<String>,
    status: Option<String>,
    sort: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 100 a page; `ACTIVE` ones without `status`; `familyPrefix` is a whole family's name.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTaskDefinitions.html>
pub(crate) fn list_task_definitions(
    world: &mut World,
    input: ListTaskDefinitions,
) -> Result<Value, ApiError> {
    let size = size(input.max_results, 100, 100)?;
    let active = match input.status.as_deref() {
        None | Some("ACTIVE") => true,
        Some("INACTIVE") => false,
        Some(other) => return Err(invalid(format!("Invalid status: {other}"))),
    };
    let mut arns: Vec<&str> = world
        .ecs
        .task_definitions
        .iter()
        .filter(|(family, _)| input.family_prefix.as_ref().is_none_or(|prefix| *family == prefix))
        .flat_map(|(_, definitions)| definitions.iter().filter(|d| d.active == active))
        .map(|d| d.arn.as_str())
        .collect();
    match input.sort.as_deref() {
        None | Some("ASC") => {}
        Some("DESC") => arns.reverse(),
        Some(other) => return Err(invalid(format!("Invalid sort: {other}"))),
    }
    // Revisions are ordered as numbers and families as text: the token counts.
    let start: usize = match input.next_token.as_deref() {
        None => 0,
        Some(token) => match pages::key(token) {
            Some(first) if first.is_empty() => 0,
            Some(count) => count.parse().map_err(|_| invalid("Invalid token."))?,
            None => return Err(invalid("Invalid token.")),
        },
    };
    let items: Vec<&str> = arns.iter().skip(start).take(size).copied().collect();
    let end = start + items.len();
    let next = (end < arns.len()).then(|| pages::token(&end.to_string()));
    let mut answer = crate::wire::object(json!({"taskDefinitionArns": items}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListTaskDefinitionFamilies {
    family_prefix: Option<String>,
    status: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 100 a page; all families without `status`.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTaskDefinitionFamilies.html>
pub(crate) fn list_task_definition_families(
    world: &mut World,
    input: ListTaskDefinitionFamilies,
) -> Result<Value, ApiError> {
    let size = size(input.max_results, 100, 100)?;
    let fits = |definitions: &[TaskDefinition]| -> Result<bool, ApiError> {
        let active = definitions.iter().any(|d| d.active);
        match input.status.as_deref() {
            None | Some("ALL") => Ok(true),
            Some("ACTIVE") => Ok(active),
            Some("INACTIVE") => Ok(!active),
            Some(other) => Err(invalid(format!("Invalid status: {other}"))),
        }
    };
    let mut families = Vec::new();
    for (family, definitions) in &world.ecs.task_definitions {
        if fits(definitions)? && input.family_prefix.as_ref().is_none_or(|p| family.starts_with(p.as_str())) {
            families.push(family.clone());
        }
    }
    let (families, next) = page(families.into_iter(), input.next_token.as_deref(), size)?;
    let mut answer = crate::wire::object(json!({"families": families}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

/// The ARN of the task definition that a family, `family:revision` or an ARN names; an ACTIVE one if that is asked.
pub(crate) fn find(world: &World, given: &str, must_be_active: bool) -> Result<String, ApiError> {
    let name = if given.starts_with("arn:") {
        arn::resource(world, given)
            .and_then(|r| r.strip_prefix("task-definition/"))
            .ok_or_else(|| invalid(format!("Invalid identifier: {given}")))?
    } else {
        given
    };
    let (family, revision) = match name.split_once(':') {
        Some((family, revision)) => {
            let revision: u64 = revision
                .parse()
                .map_err(|_| invalid(format!("Invalid revision number. Number: {revision}")))?;
            (family, Some(revision))
        }
        None => (name, None),
    };
    let definitions = world.ecs.task_definitions.get(family).map(Vec::as_slice).unwrap_or_default();
    let found = match revision {
        Some(revision) => definitions.iter().find(|d| d.revision == revision),
        None => definitions.iter().rev().find(|d| d.active),
    };
    match found {
        None => Err(client("Unable to describe task definition.")),
        Some(d) if must_be_active && !d.active => Err(client("TaskDefinition is inactive")),
        Some(d) => Ok(d.arn.clone()),
    }
}

/// The images of a task definition, with the digests that they resolve to now; none where the container asks for no
/// consistency, or where there is no such image.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html#deployment-container-image-stability>
pub(crate) fn images(world: &World, arn: &str) -> Vec<Image> {
    let Some(definition) = world.ecs.task_definition(arn) else {
        return Vec::new();
    };
    let image = |container: &Value| {
        let text = |key: &str| container.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let image = text("image");
        let consistent = text("versionConsistency") != "disabled";
        let digest = if consistent { pulls::resolve(world, &image) } else { None };
        Image { container: text("name"), digest, image }
    };
    definition.containers.iter().map(image).collect()
}

/// Whether its tasks have a network of their own, and need to be told where.
pub(crate) fn has_its_own_network(definition: &TaskDefinition) -> bool {
    definition.rest.get("networkMode").is_some_and(|m| m == "awsvpc")
}

/// Whether a task definition was registered for this launch type.
pub(crate) fn requires(rest: &Map<String, Value>, launch_type: &str) -> bool {
    let list = rest.get("requiresCompatibilities").and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|l| l == launch_type))
}

fn answer(world: &World, arn: &str, with_tags: bool) -> Result<Value, ApiError> {
    let definition =
        world.ecs.task_definition(arn).ok_or_else(|| client("Unable to describe task definition."))?;
    let compatibilities =
        if requires(&definition.rest, "FARGATE") { json!(["EC2", "FARGATE"]) } else { json!(["EC2"]) };
    let mut view = Map::new();
    put(&mut view, "taskDefinitionArn", Some(arn));
    put(&mut view, "containerDefinitions", Some(definition.containers.clone()));
    put(&mut view, "family", Some(definition.family.as_str()));
    put(&mut view, "revision", Some(definition.revision));
    put(&mut view, "status", Some(if definition.active { "ACTIVE" } else { "INACTIVE" }));
    put(&mut view, "compatibilities", Some(compatibilities));
    put(&mut view, "registeredAt", Some(epoch(definition.registered_at)));
    put(&mut view, "deregisteredAt", definition.deregistered_at.map(epoch));
    view.extend(definition.rest.clone());
    let mut answer = Map::new();
    answer.insert("taskDefinition".to_owned(), view.into());
    if with_tags {
        answer.insert("tags".to_owned(), tags::view(&definition.tags));
    }
    Ok(answer.into())
}
