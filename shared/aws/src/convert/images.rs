//! Repositories and images.

use aws_sdk_ecr::types as ecr_sdk;
use shared::ecr;

use super::{instant, text};

pub(crate) fn repository(from: &ecr_sdk::Repository) -> ecr::Repository {
    ecr::Repository {
        repository_arn: text(from.repository_arn()),
        registry_id: text(from.registry_id()),
        repository_name: text(from.repository_name()),
        repository_uri: text(from.repository_uri()),
        created_at: instant(from.created_at()),
        image_tag_mutability: from.image_tag_mutability().map(|kind| kind.as_str().to_owned()),
    }
}

pub(crate) fn image_detail(from: &ecr_sdk::ImageDetail) -> ecr::ImageDetail {
    ecr::ImageDetail {
        registry_id: text(from.registry_id()),
        repository_name: text(from.repository_name()),
        image_digest: text(from.image_digest()),
        image_tags: from.image_tags().to_vec(),
        image_size_in_bytes: from.image_size_in_bytes(),
        image_pushed_at: instant(from.image_pushed_at()),
        image_manifest_media_type: from.image_manifest_media_type().map(str::to_owned),
        artifact_media_type: from.artifact_media_type().map(str::to_owned),
        last_recorded_pull_time: instant(from.last_recorded_pull_time()),
        subject_manifest_digest: from.subject_manifest_digest().map(str::to_owned),
        image_status: from.image_status().map(|status| status.as_str().to_owned()),
        last_archived_at: instant(from.last_archived_at()),
        last_activated_at: instant(from.last_activated_at()),
    }
}
