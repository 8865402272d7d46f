//! Whether what a request asks for besides fits where its tasks run, and their definition.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>

use shared::Problem;
use shared::ecs::CapacityProviderStrategyItem;
use shared::run_task::{Launch, PropagateTags};
use shared::settings::TagKeys;

use super::impossible;
use crate::ask::{Ask, CONSTRAINTS, TAGS, is_reserved};
use crate::observe::Snapshot;

/// Why AWS would refuse a launch for what goes with it.
pub(super) fn fits(seen: &Snapshot, ask: &Ask, launch: &Launch, own: &TagKeys) -> Result<(), Problem> {
    if on_fargate(seen, launch) {
        fits_fargate(ask)?;
    } else {
        fits_instances(ask)?;
    }
    volumes(seen, ask)?;
    tags(seen, ask, own)?;
    let definition = &seen.definition;
    let name = &ask.task_definition;
    let constraints = ask.options.placement_constraints.len() + definition.placement_constraints;
    if constraints > CONSTRAINTS {
        let detail =
            format!("placementConstraints: {constraints} with those of {name}, and ECS takes {CONSTRAINTS}");
        return Err(impossible(detail));
    }
    if ask.options.enable_execute_command == Some(true) && definition.task_role_arn.is_none() {
        let detail =
            format!("enableExecuteCommand: {name} has no task role, without which no shell is opened");
        return Err(impossible(detail));
    }
    Ok(())
}

/// Where the tasks run: as the launch says, or else as the cluster does by default, or else on EC2.
pub(super) fn on_fargate(seen: &Snapshot, launch: &Launch) -> bool {
    let of_fargate = |it: &CapacityProviderStrategyItem| it.capacity_provider.starts_with("FARGATE");
    match &launch.launch_type {
        Some(kind) => kind == "FARGATE",
        None if launch.strategy.is_empty() => seen.default_strategy.iter().any(of_fargate),
        None => launch.strategy.iter().any(of_fargate),
    }
}

fn fits_fargate(ask: &Ask) -> Result<(), Problem> {
    let options = &ask.options;
    let refused = |what: &str| Err(impossible(format!("{what}: not on Fargate")));
    if !options.placement_constraints.is_empty() {
        return refused("placementConstraints");
    }
    if !options.placement_strategy.is_empty() {
        return refused("placementStrategy");
    }
    let containers = || ask.overrides.iter().flat_map(|it| &it.container_overrides);
    if containers().any(|container| !container.resource_requirements.is_empty()) {
        return refused("overrides: resourceRequirements");
    }
    let magnetic = |kind: &Option<String>| kind.as_deref() == Some("standard");
    if options.volume_configurations.iter().any(|it| magnetic(&it.managed_ebs_volume.volume_type)) {
        return refused("volumeConfigurations: the volumeType standard");
    }
    Ok(())
}

fn fits_instances(ask: &Ask) -> Result<(), Problem> {
    let refused = |what: &str| Err(impossible(format!("{what}: on Fargate alone")));
    if ask.platform_version.is_some() {
        return refused("platformVersion");
    }
    if ask.overrides.as_ref().is_some_and(|it| it.ephemeral_storage.is_some()) {
        return refused("overrides: ephemeralStorage");
    }
    Ok(())
}

/// The volume that the definition leaves to the launch is the one that is configured.
fn volumes(seen: &Snapshot, ask: &Ask) -> Result<(), Problem> {
    let name = &ask.task_definition;
    let left = &seen.definition.volumes_at_launch;
    let given = &ask.options.volume_configurations;
    if let Some(other) = given.iter().find(|it| !left.contains(&it.name)) {
        let has = if left.is_empty() { "none".to_owned() } else { left.join(", ") };
        let detail = format!(
            "volumeConfigurations: {name} leaves no volume {:?} to the launch (configuredAtLaunch); it leaves {has}",
            other.name
        );
        return Err(impossible(detail));
    }
    match left.iter().find(|volume| !given.iter().any(|it| it.name == **volume)) {
        None => Ok(()),
        Some(missing) => Err(impossible(format!(
            "{name} leaves its volume {missing:?} to the launch: give it in \"volumeConfigurations\""
        ))),
    }
}

/// Tags of the definition are copied only where none is ours, or AWS's.
fn tags(seen: &Snapshot, ask: &Ask, own: &TagKeys) -> Result<(), Problem> {
    if ask.options.propagate_tags != Some(PropagateTags::TaskDefinition) {
        return Ok(());
    }
    let name = &ask.task_definition;
    let copied = || seen.definition_tags.iter().filter(|tag| !ask.tags.iter().any(|own| own.key == tag.key));
    if let Some(tag) = copied().find(|tag| is_reserved(&tag.key, own)) {
        let detail = format!("propagateTags: {name} has the tag {:?}, which no task may be given", tag.key);
        return Err(impossible(detail));
    }
    // Two more: of the run, and of the slot.
    let all = copied().count() + ask.tags.len() + 2;
    if all > TAGS {
        return Err(impossible(format!("propagateTags: {all} tags with ours, and ECS takes {TAGS}")));
    }
    Ok(())
}
