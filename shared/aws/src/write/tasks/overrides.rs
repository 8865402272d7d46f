//! What a run tells the containers, in the SDK's words.

use aws_sdk_ecs::types as sdk;
use shared::Problem;
use shared::run_task::{ContainerOverride, Overrides};

pub(super) fn to_sdk(from: &Overrides) -> sdk::TaskOverride {
    let storage = |from: shared::run_task::EphemeralStorage| {
        sdk::EphemeralStorage::builder().size_in_gib(from.size_in_gib).build()
    };
    sdk::TaskOverride::builder()
        .set_container_overrides(Some(from.container_overrides.iter().map(container).collect()))
        .set_cpu(from.cpu.clone())
        .set_memory(from.memory.clone())
        .set_ephemeral_storage(from.ephemeral_storage.map(storage))
        .build()
}

fn container(from: &ContainerOverride) -> sdk::ContainerOverride {
    let environment = from
        .environment
        .iter()
        .map(|variable| sdk::KeyValuePair::builder().name(&variable.name).value(&variable.value).build());
    // Both are checked to be there, which is all that can fail.
    let files = from.environment_files.iter().filter_map(|file| {
        let kind = sdk::EnvironmentFileType::from(file.kind.as_str());
        sdk::EnvironmentFile::builder().r#type(kind).value(&file.value).build().ok()
    });
    let resources = from.resource_requirements.iter().filter_map(|needed| {
        let kind = sdk::ResourceType::from(needed.kind.as_str());
        sdk::ResourceRequirement::builder().r#type(kind).value(&needed.value).build().ok()
    });
    sdk::ContainerOverride::builder()
        .name(&from.name)
        .set_command(from.command.clone())
        .set_environment((!from.environment.is_empty()).then(|| environment.collect()))
        .set_environment_files((!from.environment_files.is_empty()).then(|| files.collect()))
        .set_cpu(from.cpu)
        .set_memory(from.memory)
        .set_memory_reservation(from.memory_reservation)
        .set_resource_requirements((!from.resource_requirements.is_empty()).then(|| resources.collect()))
        .build()
}

/// What AWS says goes on behind this.
const ANSWERED: &str = ": AWS answered ";
/// No secret is shorter, in bytes: to take out each `1` and `on` would leave no sense in what AWS says.
const SHORTEST: usize = 4;

/// A problem of a call with these overrides, without what they tell the containers: AWS may repeat it.
pub(super) fn untold(mut problem: Problem, overrides: Option<&Overrides>) -> Problem {
    let Some(overrides) = overrides else { return problem };
    let of_container = |container: &ContainerOverride| {
        let values = container.environment.iter().map(|variable| variable.value.clone());
        values.chain(container.command.clone().unwrap_or_default()).collect::<Vec<_>>()
    };
    let mut secrets: Vec<String> = overrides.container_overrides.iter().flat_map(of_container).collect();
    secrets.retain(|secret| secret.len() >= SHORTEST);
    // One may be a part of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let without = |text: &str| secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "…"));
    if let Some((ours, aws)) = problem.detail.split_once(ANSWERED) {
        problem.detail = format!("{ours}{ANSWERED}{}", without(aws));
    }
    if problem.source.is_some() {
        problem.source = Some(without(&problem.causes()).into());
    }
    problem
}
