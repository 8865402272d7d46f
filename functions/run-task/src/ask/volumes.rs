//! The volume that a request configures, checked as far as that needs no look at the definition.
//!
//! Source:
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskManagedEBSVolumeConfiguration.html>

use std::ops::RangeInclusive;

use shared::names::{Arn, NameFault, Scope};
use shared::run_task::{EbsVolume, TagSpecification, VolumeConfiguration};
use shared::settings::TagKeys;
use shared::tags::is_allowed_in_values;
use shared::{Code, Problem};

use super::{TAGS, is_reserved, plain};

/// MiB/s of `gp3`, and at which a snapshot is read.
const THROUGHPUT: RangeInclusive<i32> = 125..=1_000;
const INITIALIZATION: RangeInclusive<i32> = 100..=300;
/// Tags that ECS itself puts on its volumes.
const OF_ECS: [&str; 2] = ["AmazonECSCreated", "AmazonECSManaged"];

/// At most one: a definition leaves no more to the launch.
pub(super) fn checked(
    asked: Option<&[VolumeConfiguration]>,
    scope: &Scope,
    own: &TagKeys,
) -> Result<Vec<VolumeConfiguration>, Problem> {
    let Some(asked) = asked else { return Ok(Vec::new()) };
    let [one] = asked else {
        return Err(malformed("one, as a definition leaves no more than one volume to the launch"));
    };
    if !plain(&one.name, 255, "-_") {
        return Err(malformed("a volume's name has 1 to 255 letters, digits, - and _"));
    }
    let volume = &one.managed_ebs_volume;
    of_this_account(volume, scope)?;
    sizes(volume)?;
    if volume.filesystem_type.as_deref().is_some_and(|kind| !["ext3", "ext4", "xfs", "ntfs"].contains(&kind))
    {
        return Err(malformed("filesystemType: ext3, ext4, xfs or ntfs"));
    }
    volume.tag_specifications.iter().try_for_each(|tags| tag_specification(tags, own))?;
    Ok(vec![one.clone()])
}

fn of_this_account(volume: &EbsVolume, scope: &Scope) -> Result<(), Problem> {
    let outside =
        |arn: &str| Problem::from(NameFault::OutsideScope { arn: arn.to_owned(), scope: scope.to_string() });
    let role: Arn = volume.role_arn.parse()?;
    if role.service != "iam" || !role.resource.starts_with("role/") {
        return Err(malformed(
            "roleArn: the ARN of the infrastructure role, with which ECS makes the volume",
        ));
    }
    if role.scope.account != scope.account || role.scope.partition != scope.partition {
        return Err(outside(&volume.role_arn));
    }
    match &volume.kms_key_id {
        None => Ok(()),
        Some(key) if key.starts_with("arn:") => {
            let arn: Arn = key.parse()?;
            if arn.service == "kms" && arn.scope == *scope { Ok(()) } else { Err(outside(key)) }
        }
        Some(key) if plain(key, 256, "-_/:") => Ok(()),
        Some(_) => Err(malformed("kmsKeyId: a key's id, alias or ARN")),
    }
}

/// What goes together, by type.
fn sizes(volume: &EbsVolume) -> Result<(), Problem> {
    let kind = volume.volume_type.as_deref().unwrap_or("gp3");
    let (size, iops): (RangeInclusive<i32>, Option<RangeInclusive<i32>>) = match kind {
        "gp2" => (1..=16_384, None),
        "gp3" => (1..=16_384, Some(3_000..=16_000)),
        "io1" => (4..=16_384, Some(100..=64_000)),
        "io2" => (4..=16_384, Some(100..=256_000)),
        "st1" | "sc1" => (125..=16_384, None),
        "standard" => (1..=1_024, None),
        _ => return Err(malformed("volumeType: gp2, gp3, io1, io2, st1, sc1 or standard")),
    };
    let (least, most) = (size.start(), size.end());
    match (volume.size_in_gib, &volume.snapshot_id) {
        (None, None) => return Err(impossible("a volume has a sizeInGiB, or a snapshotId, or both")),
        (Some(given), _) if !size.contains(&given) => {
            return Err(impossible(&format!("sizeInGiB of {kind}: {least} to {most}")));
        }
        _ => {}
    }
    if volume.snapshot_id.as_deref().is_some_and(|id| !plain(id, 64, "-")) {
        return Err(malformed("snapshotId: such as snap-0123456789abcdef0"));
    }
    match (volume.iops, iops) {
        (Some(_), None) => return Err(impossible(&format!("iops: {kind} takes none"))),
        (Some(given), Some(range)) if !range.contains(&given) => {
            return Err(impossible(&format!("iops of {kind}: {} to {}", range.start(), range.end())));
        }
        (None, Some(_)) if kind.starts_with("io") => {
            return Err(impossible(&format!("iops: {kind} needs them")));
        }
        _ => {}
    }
    if volume.throughput.is_some_and(|given| kind != "gp3" || !THROUGHPUT.contains(&given)) {
        return Err(impossible("throughput: 125 to 1000, and of gp3 alone"));
    }
    let rate = volume.volume_initialization_rate;
    if rate.is_some_and(|given| volume.snapshot_id.is_none() || !INITIALIZATION.contains(&given)) {
        return Err(impossible("volumeInitializationRate: 100 to 300, and with a snapshotId alone"));
    }
    Ok(())
}

/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EBSTagSpecification.html>
fn tag_specification(asked: &TagSpecification, own: &TagKeys) -> Result<(), Problem> {
    if asked.resource_type != "volume" {
        return Err(malformed("tagSpecifications: the resourceType is volume"));
    }
    let known =
        |text: &str, longest| text.chars().count() <= longest && text.chars().all(is_allowed_in_values);
    for tag in &asked.tags {
        if is_reserved(&tag.key, own) || OF_ECS.contains(&tag.key.as_str()) {
            return Err(malformed(&format!("tagSpecifications: {:?} is not the caller's to set", tag.key)));
        }
        if tag.key.is_empty() || !known(&tag.key, 128) || !known(&tag.value, 256) {
            return Err(malformed(
                "tagSpecifications: a key has 1 to 128, a value up to 256 letters, digits, spaces and + - = . _ : / @",
            ));
        }
    }
    if asked.tags.len() > TAGS {
        return Err(malformed("tagSpecifications: at most 50 tags"));
    }
    Ok(())
}

fn malformed(detail: &str) -> Problem {
    Problem::bad_request(format!("volumeConfigurations: {detail}"))
}

fn impossible(detail: &str) -> Problem {
    Problem::new(Code::Impossible, format!("volumeConfigurations: {detail}"))
}
