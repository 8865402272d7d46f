//! What refers to an image: signatures, SBOMs, attestations.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::ecr::errors::invalid;
use crate::ecs::pages::{page, size};
use crate::wire::{object, put};
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Subject {
    image_digest: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    artifact_types: Option<Vec<String>>,
    artifact_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListImageReferrers {
    registry_id: Option<String>,
    repository_name: String,
    subject_id: Subject,
    filter: Option<Filter>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 50 a page, and 20 without `maxResults`; only ACTIVE ones unless another status is asked for. Those that
/// only a tag names (cosign's) are not among them.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html>
pub(crate) fn list_image_referrers(world: &mut World, input: ListImageReferrers) -> Result<Value, ApiError> {
    let size = size(input.max_results, 20, 50)?;
    let filter = input.filter.unwrap_or_default();
    let status = filter.artifact_status.as_deref().unwrap_or("ACTIVE");
    if !["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"].contains(&status) {
        return Err(invalid("Invalid artifactStatus."));
    }
    let repository = world.repository_of(input.registry_id.as_deref(), &input.repository_name)?;
    let refers = repository.images.iter().filter(|(_, image)| {
        let manifest = &image.manifest;
        manifest.subject.as_ref() == Some(&input.subject_id.image_digest)
            && (status == "ANY" || status == image.status(world.now))
            && filter
                .artifact_types
                .as_ref()
                .is_none_or(|types| manifest.artifact_type.as_ref().is_some_and(|t| types.contains(t)))
    });
    let digests = refers.map(|(digest, _)| digest.clone());
    let (digests, next) = page(digests, input.next_token.as_deref(), size)?;
    let view = |digest: &String| {
        let image = repository.images.get(digest)?;
        let mut view = Map::new();
        put(&mut view, "digest", Some(digest.as_str()));
        put(&mut view, "mediaType", Some(image.manifest.media_type.as_str()));
        put(&mut view, "artifactType", image.manifest.artifact_type.as_deref());
        put(&mut view, "size", Some(image.size));
        put(&mut view, "annotations", image.manifest.annotations.clone());
        put(&mut view, "artifactStatus", Some(image.status(world.now)));
        Some(Value::from(view))
    };
    let referrers: Vec<Value> = digests.iter().filter_map(view).collect();
    let mut answer = object(json!({"referrers": referrers}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}
