//! The volumes that a run configures, in the SDK's words.

use aws_sdk_ecs::types as sdk;
use shared::run_task::{EbsVolume, Options, TagSpecification, VolumeConfiguration};

/// What a builder can fail for, a field that must be there, is there.
pub(super) fn to_sdk(options: &Options) -> Option<Vec<sdk::TaskVolumeConfiguration>> {
    let all = options.volume_configurations.iter().filter_map(|from: &VolumeConfiguration| {
        let volume = ebs(&from.managed_ebs_volume)?;
        sdk::TaskVolumeConfiguration::builder().name(&from.name).managed_ebs_volume(volume).build().ok()
    });
    (!options.volume_configurations.is_empty()).then(|| all.collect())
}

fn ebs(from: &EbsVolume) -> Option<sdk::TaskManagedEbsVolumeConfiguration> {
    let ends = from.termination_policy.and_then(|policy| {
        sdk::TaskManagedEbsVolumeTerminationPolicy::builder()
            .delete_on_termination(policy.delete_on_termination)
            .build()
            .ok()
    });
    let tags: Vec<_> = from.tag_specifications.iter().filter_map(tags).collect();
    sdk::TaskManagedEbsVolumeConfiguration::builder()
        .role_arn(&from.role_arn)
        .set_volume_type(from.volume_type.clone())
        .set_size_in_gib(from.size_in_gib)
        .set_snapshot_id(from.snapshot_id.clone())
        .set_volume_initialization_rate(from.volume_initialization_rate)
        .set_iops(from.iops)
        .set_throughput(from.throughput)
        .set_encrypted(from.encrypted)
        .set_kms_key_id(from.kms_key_id.clone())
        .set_filesystem_type(from.filesystem_type.as_deref().map(sdk::TaskFilesystemType::from))
        .set_termination_policy(ends)
        .set_tag_specifications((!tags.is_empty()).then_some(tags))
        .build()
        .ok()
}

fn tags(from: &TagSpecification) -> Option<sdk::EbsTagSpecification> {
    let tags = from.tags.iter().map(|tag| sdk::Tag::builder().key(&tag.key).value(&tag.value).build());
    sdk::EbsTagSpecification::builder()
        .resource_type(sdk::EbsResourceType::from(from.resource_type.as_str()))
        .set_tags((!from.tags.is_empty()).then(|| tags.collect()))
        .build()
        .ok()
}
