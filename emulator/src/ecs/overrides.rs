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
    #[serde(rename = "ephemeralStorage")]
    _ephemeral_storage: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ContainerOverride {
    name: Option<String>,
    #[serde(rename = "command")]
    _command: Option<Vec<String>>,
    #[serde(rename = "environment")]
    _environment: Option<Vec<KeyValue>>,
    #[serde(rename = "environmentFiles")]
    _environment_files: Option<Vec<Value>>,
    #[serde(rename = "cpu")]
    _cpu: Option<i64>,
    #[serde(rename = "memory")]
    _memory: Option<i64>,
    #[serde(rename = "memoryReservation")]
    _memory_reservation: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeyValue {
    #[serde(rename = "name")]
    _name: Option<String>,
    #[serde(rename = "value")]
    _value: Option<String>,
}

/// Gives a task its overrides, if AWS takes them.
pub(super) fn apply(task: &mut Task, given: &Value) -> Result<(), ApiError> {
    let overrides: Overrides = request(given.clone())?;
    if given.to_string().chars().count() > MOST {
        return Err(invalid(format!("Container Overrides length must be at most {MOST}")));
    }
    for container in &overrides.container_overrides {
        let name = container.name.as_deref().unwrap_or_default();
        if !task.images.iter().any(|i| i.container == name) {
            return Err(invalid(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
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
