//! What `RunTask` takes besides: placement and volumes, checked. No instance is chosen by them: nothing here asks for it.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>

use serde::Deserialize;
use serde_json::Value;

use crate::api_error::ApiError;
use crate::ecs::errors::invalid;
use crate::ecs::state::TaskDefinition;
use crate::ecs::tags::Tag;

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementConstraint.html>
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlacementConstraint {
    r#type: String,
    expression: Option<String>,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementStrategy.html>
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlacementStrategy {
    r#type: String,
    field: Option<String>,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskVolumeConfiguration.html>
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VolumeConfiguration {
    name: String,
    #[serde(rename = "managedEBSVolume")]
    managed_ebs_volume: Option<EbsVolume>,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskManagedEBSVolumeConfiguration.html>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EbsVolume {
    role_arn: String,
    volume_type: Option<String>,
    #[serde(rename = "sizeInGiB")]
    size_in_gib: Option<i64>,
    snapshot_id: Option<String>,
    volume_initialization_rate: Option<i64>,
    iops: Option<i64>,
    throughput: Option<i64>,
    #[serde(rename = "encrypted")]
    _encrypted: Option<bool>,
    #[serde(rename = "kmsKeyId")]
    _kms_key_id: Option<String>,
    filesystem_type: Option<String>,
    #[serde(rename = "terminationPolicy")]
    _termination_policy: Option<TerminationPolicy>,
    #[serde(default)]
    tag_specifications: Vec<TagSpecification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TerminationPolicy {
    #[serde(rename = "deleteOnTermination")]
    _delete_on_termination: bool,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EBSTagSpecification.html>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TagSpecification {
    resource_type: String,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(rename = "propagateTags")]
    _propagate_tags: Option<String>,
}

/// At most 10 constraints with those of the definition, at most 5 rules, and neither on Fargate.
pub(crate) fn placement(
    constraints: &[PlacementConstraint],
    strategy: &[PlacementStrategy],
    definition: &TaskDefinition,
    fargate: bool,
) -> Result<(), ApiError> {
    if fargate && !constraints.is_empty() {
        return Err(invalid("Placement constraints are not supported with FARGATE launch type."));
    }
    if fargate && !strategy.is_empty() {
        return Err(invalid("Placement strategies are not supported with FARGATE launch type."));
    }
    let own = definition.rest.get("placementConstraints").and_then(Value::as_array).map_or(0, Vec::len);
    if constraints.len() + own > 10 {
        return Err(invalid("Placement constraints can have at most 10 elements."));
    }
    for constraint in constraints {
        match (constraint.r#type.as_str(), &constraint.expression) {
            ("distinctInstance", None) => {}
            ("memberOf", Some(text)) if (1..=2000).contains(&text.chars().count()) => {}
            (other, _) => return Err(invalid(format!("Invalid placement constraint: {other}"))),
        }
    }
    if strategy.len() > 5 {
        return Err(invalid("Placement strategy can have at most 5 elements."));
    }
    for rule in strategy {
        let attribute =
            |field: &str| field == "instanceId" || field == "host" || field.starts_with("attribute:");
        match (rule.r#type.as_str(), rule.field.as_deref()) {
            ("random", None) => {}
            ("spread", Some(field)) if attribute(field) => {}
            ("binpack", Some(field)) if ["cpu", "memory"].contains(&field.to_ascii_lowercase().as_str()) => {}
            (other, _) => return Err(invalid(format!("Invalid placement strategy: {other}"))),
        }
    }
    Ok(())
}

/// A volume that the definition leaves to the launch is configured, and no other; there is one at most.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/configure-ebs-volume.html>
pub(crate) fn volumes(
    given: &[VolumeConfiguration],
    definition: &TaskDefinition,
    fargate: bool,
) -> Result<(), ApiError> {
    if given.len() > 1 {
        return Err(invalid("volumeConfigurations can have at most 1 element."));
    }
    let all = definition.rest.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let at_launch = all.filter(|v| v.get("configuredAtLaunch") == Some(&Value::Bool(true)));
    let left: Vec<&str> = at_launch.filter_map(|v| v.get("name")?.as_str()).collect();
    if given.iter().any(|v| !left.contains(&v.name.as_str())) {
        return Err(invalid(
            "The volume configuration does not match a volume that is configured at launch.",
        ));
    }
    if left.iter().any(|name| !given.iter().any(|v| v.name == *name)) {
        return Err(invalid("A volume that is configured at launch needs a volume configuration."));
    }
    for volume in given {
        let volume = volume
            .managed_ebs_volume
            .as_ref()
            .ok_or_else(|| invalid("A volume configuration needs a managedEBSVolume."))?;
        ebs(volume, fargate)?;
    }
    Ok(())
}

fn ebs(volume: &EbsVolume, fargate: bool) -> Result<(), ApiError> {
    if !volume.role_arn.contains(":role/") {
        return Err(invalid("Invalid roleArn."));
    }
    let kind = volume.volume_type.as_deref().unwrap_or("gp3");
    let (size, iops) = match kind {
        "gp2" => (1..=16_384, None),
        "gp3" => (1..=16_384, Some(3_000..=16_000)),
        "io1" => (4..=16_384, Some(100..=64_000)),
        "io2" => (4..=16_384, Some(100..=256_000)),
        "st1" | "sc1" => (125..=16_384, None),
        "standard" if !fargate => (1..=1_024, None),
        other => return Err(invalid(format!("Invalid volumeType: {other}"))),
    };
    let sized = match volume.size_in_gib {
        Some(given) => size.contains(&given),
        None => volume.snapshot_id.is_some(),
    };
    let fast = match (volume.iops, iops) {
        (Some(given), Some(range)) => range.contains(&given),
        (Some(_), None) => false,
        (None, _) => !kind.starts_with("io"),
    };
    if !sized || !fast {
        return Err(invalid(format!("Invalid size or iops of a {kind} volume.")));
    }
    if volume.throughput.is_some_and(|given| kind != "gp3" || !(125..=1_000).contains(&given)) {
        return Err(invalid("Invalid throughput."));
    }
    if volume.volume_initialization_rate.is_some() && volume.snapshot_id.is_none() {
        return Err(invalid("volumeInitializationRate needs a snapshotId."));
    }
    if volume.filesystem_type.as_deref().is_some_and(|f| !["ext3", "ext4", "xfs", "ntfs"].contains(&f)) {
        return Err(invalid("Invalid filesystemType."));
    }
    for tags in &volume.tag_specifications {
        if tags.resource_type != "volume" {
            return Err(invalid("Invalid resourceType."));
        }
        crate::ecs::tags::checked(tags.tags.clone())?;
    }
    Ok(())
}
