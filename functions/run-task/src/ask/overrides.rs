//! What a request tells the containers, checked as far as that needs no look at their definition.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html> and
//! its neighbours.

use shared::run_task::{ContainerOverride, EnvironmentFile, Overrides, ResourceRequirement};
use shared::{Code, Problem};

use super::{first_twice, plain};
use crate::request::AskedOverrides;

/// The most characters of overrides, their JSON included.
///
/// Source: `overrides` in <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
const LENGTH: usize = 8_192;
/// The most environment files of a container.
const FILES: usize = 10;
/// The least memory of a container, in MiB, and the most CPU units.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
const LEAST_MEMORY: i32 = 4;
const MOST_CPU: i32 = 262_144;
/// The disk of a task on Fargate, in GiB.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html>
const STORAGE: std::ops::RangeInclusive<i32> = 21..=200;

/// The overrides as AWS takes them.
pub(super) fn checked(asked: &AskedOverrides) -> Result<Overrides, Problem> {
    if asked.task_role_arn.is_some() || asked.execution_role_arn.is_some() {
        let detail = "overrides: a task runs with the roles of its definition; taskRoleArn and \
                      executionRoleArn are never overridden";
        return Err(Problem::new(Code::OverrideNotAllowed, detail));
    }
    if asked.inference_accelerator_overrides.is_some() {
        return Err(impossible("inferenceAcceleratorOverrides: AWS no longer offers Elastic Inference"));
    }
    if let Some(name) = first_twice(asked.container_overrides.iter().map(|container| &container.name)) {
        return Err(malformed(&format!("the container {name:?} is given twice")));
    }
    asked.container_overrides.iter().try_for_each(container)?;
    if asked.cpu.as_deref().is_some_and(|cpu| !is_size(cpu, "vcpu")) {
        return Err(malformed("cpu: CPU units such as 1024, or vCPUs such as \"1 vCPU\""));
    }
    if asked.memory.as_deref().is_some_and(|memory| !is_size(memory, "gb")) {
        return Err(malformed("memory: MiB such as 2048, or GB such as \"2 GB\""));
    }
    if asked.ephemeral_storage.is_some_and(|storage| !STORAGE.contains(&storage.size_in_gib)) {
        return Err(malformed("ephemeralStorage.sizeInGiB: 21 to 200"));
    }
    let overrides = Overrides {
        container_overrides: asked.container_overrides.clone(),
        cpu: asked.cpu.clone(),
        memory: asked.memory.clone(),
        ephemeral_storage: asked.ephemeral_storage,
    };
    let length = serde_json::to_string(&overrides).map_or(0, |text| text.chars().count());
    if length > LENGTH {
        return Err(impossible(&format!("{length} characters of JSON, and ECS takes {LENGTH}")));
    }
    Ok(overrides)
}

/// Names are told, and never a value or a command.
fn container(asked: &ContainerOverride) -> Result<(), Problem> {
    if !plain(&asked.name, 255, "-_") {
        return Err(malformed("a container's name has 1 to 255 letters, digits, - and _"));
    }
    let name = &asked.name;
    if asked.environment.iter().any(|variable| variable.name.is_empty()) {
        return Err(malformed(&format!("environment of {name}: a variable needs a name")));
    }
    if let Some(twice) = first_twice(asked.environment.iter().map(|variable| &variable.name)) {
        return Err(malformed(&format!("environment of {name}: {twice:?} is given twice")));
    }
    if asked.environment_files.len() > FILES || !asked.environment_files.iter().all(is_file) {
        let detail = format!(
            "environmentFiles of {name}: up to {FILES} of the type s3, each the ARN of an object whose name \
             ends with .env"
        );
        return Err(malformed(&detail));
    }
    if asked.cpu.is_some_and(|cpu| !(0..=MOST_CPU).contains(&cpu)) {
        return Err(malformed(&format!("cpu of {name}: 0 to {MOST_CPU}")));
    }
    if [asked.memory, asked.memory_reservation].into_iter().flatten().any(|memory| memory < LEAST_MEMORY) {
        return Err(malformed(&format!("memory of {name}: at least {LEAST_MEMORY} MiB")));
    }
    if let (Some(hard), Some(soft)) = (asked.memory, asked.memory_reservation)
        && hard <= soft
    {
        return Err(impossible(&format!("memory of {name} must be above its memoryReservation")));
    }
    asked.resource_requirements.iter().try_for_each(|needed| resource(name, needed))
}

fn is_file(file: &EnvironmentFile) -> bool {
    let key = file.value.strip_prefix("arn:").and_then(|rest| rest.split_once(":s3:::"));
    let is_object =
        key.and_then(|(_, key)| key.split_once('/')).is_some_and(|(bucket, _)| !bucket.is_empty());
    file.kind == "s3" && is_object && file.value.strip_suffix(".env").is_some()
}

/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ResourceRequirement.html>
fn resource(name: &str, needed: &ResourceRequirement) -> Result<(), Problem> {
    let is_count = needed.value.parse::<u16>().is_ok_and(|count| count > 0);
    match needed.kind.as_str() {
        "GPU" if is_count || needed.value == "ALL" => Ok(()),
        "GPU" => Err(malformed(&format!("resourceRequirements of {name}: a number of GPUs, or ALL"))),
        "NeuronDevice" if needed.value == "ALL" => Ok(()),
        "NeuronDevice" => Err(malformed(&format!("resourceRequirements of {name}: Neuron devices are ALL"))),
        "InferenceAccelerator" => Err(impossible(&format!(
            "resourceRequirements of {name}: AWS no longer offers Elastic Inference"
        ))),
        _ => Err(malformed(&format!("resourceRequirements of {name}: the type is GPU or NeuronDevice"))),
    }
}

/// A number above 0: whole, or with a unit.
fn is_size(text: &str, unit: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    match lower.strip_suffix(unit) {
        None => lower.bytes().all(|b| b.is_ascii_digit()) && lower.parse::<u32>().is_ok_and(|n| n > 0),
        Some(number) => {
            let number = number.trim_end();
            let digits = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            digits && number.parse::<f64>().is_ok_and(|n| n > 0.0)
        }
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::bad_request(format!("overrides: {detail}"))
}

fn impossible(detail: &str) -> Problem {
    Problem::new(Code::Impossible, format!("overrides: {detail}"))
}
