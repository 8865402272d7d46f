//! What a run may set in place of its task definition.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html>

use serde::Deserialize;
use serde_json::Value;

use crate::api_error::ApiError;
use crate::ecs::errors::invalid;
use crate::ecs::placement::{cpu_units, mebibytes};
use crate::ecs::state::Task;
use crate::wire::request;

/// The whole, with its JSON, must not be longer than this.
const MOST: usize = 8192;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are AWS's")]
struct Overrides {
    #[serde(default)]
    container_overrides: Vec<ContainerOverride>,
    cpu: Option<String>,
    memory: Option<String>,
    #[serde(rename = "taskRoleArn")]
    _task_role_arn: Option<String>,
    #[serde(rename = "executionRoleArn")]
    _execution_role_arn: Option<String>,
    ephemeral_storage: Option<EphemeralStorage>,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html>
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EphemeralStorage {
    #[serde(rename = "sizeInGiB")]
    size_in_gib: i64,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ContainerOverride {
    name: Option<String>,
    #[serde(rename = "command")]
    _command: Option<Vec<String>>,
    #[serde(rename = "environment")]
    _environment: Option<Vec<KeyValue>>,
    #[serde(default)]
    environment_files: Vec<EnvironmentFile>,
    #[serde(rename = "cpu")]
    _cpu: Option<i64>,
    memory: Option<i64>,
    memory_reservation: Option<i64>,
    #[serde(default)]
    resource_requirements: Vec<ResourceRequirement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeyValue {
    #[serde(rename = "name")]
    _name: Option<String>,
    #[serde(rename = "value")]
    _value: Option<String>,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EnvironmentFile.html>
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvironmentFile {
    value: String,
    r#type: String,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ResourceRequirement.html>
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceRequirement {
    value: String,
    r#type: String,
}

/// Gives a task its overrides, if AWS takes them.
pub(super) fn apply(task: &mut Task, given: &Value) -> Result<(), ApiError> {
    let overrides: Overrides = request(given.clone())?;
    if given.to_string().chars().count() > MOST {
        return Err(invalid(format!("Container Overrides length must be at most {MOST}")));
    }
    let fargate = task.launch_type == "FARGATE";
    for container in &overrides.container_overrides {
        let name = container.name.as_deref().unwrap_or_default();
        if !task.images.iter().any(|i| i.container == name) {
            return Err(invalid(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
        }
        checked(container, fargate)?;
    }
    if let Some(storage) = overrides.ephemeral_storage {
        if !fargate {
            return Err(invalid("Ephemeral storage is only supported for tasks hosted on Fargate."));
        }
        if !(21..=200).contains(&storage.size_in_gib) {
            return Err(invalid("Ephemeral storage must be between 21 and 200 GiB."));
        }
    }
    if let Some(cpu) = overrides.cpu {
        task.needs.cpu =
            cpu_units(&cpu).ok_or_else(|| invalid(format!("Invalid 'cpu' setting for task: {cpu}")))?;
        task.cpu = Some(cpu);
    }
    if let Some(memory) = overrides.memory {
        task.needs.memory = mebibytes(&memory)
            .ok_or_else(|| invalid(format!("Invalid 'memory' setting for task: {memory}")))?;
        task.memory = Some(memory);
    }
    task.overrides = Some(given.clone());
    Ok(())
}

fn checked(container: &ContainerOverride, fargate: bool) -> Result<(), ApiError> {
    if container.environment_files.len() > 10 {
        return Err(invalid("A container can have at most 10 environment files."));
    }
    if container.environment_files.iter().any(|f| f.r#type != "s3" || f.value.strip_suffix(".env").is_none())
    {
        return Err(invalid("An environment file must be an object in S3 with the extension .env."));
    }
    if let (Some(hard), Some(soft)) = (container.memory, container.memory_reservation)
        && hard <= soft
    {
        return Err(invalid("Invalid setting for container. Memory must be greater than memoryReservation."));
    }
    if fargate && !container.resource_requirements.is_empty() {
        return Err(invalid("Resource requirements are not supported with FARGATE launch type."));
    }
    for needed in &container.resource_requirements {
        let is_count = needed.value.parse::<u32>().is_ok_and(|n| n > 0);
        match needed.r#type.as_str() {
            "GPU" if is_count || needed.value == "ALL" => {}
            "NeuronDevice" if needed.value == "ALL" => {}
            other => return Err(invalid(format!("Invalid resource requirement: {other} {}", needed.value))),
        }
    }
    Ok(())
}
