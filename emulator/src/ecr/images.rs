//! Lists and descriptions of images.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::ecr::errors::{image_not_found, invalid};
use crate::ecr::state::{Image, ImageId};
use crate::ecs::pages::{page, size};
use crate::wire::{epoch, object, put};
use crate::world::World;

/// What both lists are filtered by.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    tag_status: Option<String>,
    image_status: Option<String>,
}

impl Filter {
    /// Both words are known.
    fn checked(self) -> Result<Self, ApiError> {
        let known = |given: &Option<String>, words: &[&str]| {
            given.as_deref().is_none_or(|given| words.contains(&given))
        };
        if !known(&self.tag_status, &["TAGGED", "UNTAGGED", "ANY"]) {
            return Err(invalid("Invalid tagStatus."));
        }
        if !known(&self.image_status, &["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"]) {
            return Err(invalid("Invalid imageStatus."));
        }
        Ok(self)
    }

    /// Only ACTIVE images, unless a status is asked for or the images are named.
    fn takes(&self, image: &Image, now: Timestamp, named: bool) -> bool {
        let status = match self.image_status.as_deref() {
            None if named => "ANY",
            None => "ACTIVE",
            Some(status) => status,
        };
        (status == "ANY" || status == image.status(now)) && self.takes_tags(!image.tags.is_empty())
    }

    fn takes_tags(&self, tagged: bool) -> bool {
        match self.tag_status.as_deref() {
            Some("TAGGED") => tagged,
            Some("UNTAGGED") => !tagged,
            _ => true,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeImages {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Option<Vec<ImageId>>,
    filter: Option<Filter>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 1,000 a page, and 100 without `maxResults`; up to 100 by id, not paged, of which each must exist. Archived
/// images are hidden unless they are asked for.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html>
pub(crate) fn describe_images(world: &mut World, input: DescribeImages) -> Result<Value, ApiError> {
    let size = size(input.max_results, 100, 1000)?;
    let filter = input.filter.unwrap_or_default().checked()?;
    let name = &input.repository_name;
    let repository = world.repository_of(input.registry_id.as_deref(), name)?;
    let mut next = None;
    let digests = if let Some(ids) = input.image_ids {
        if input.max_results.is_some() || input.next_token.is_some() {
            return Err(invalid("maxResults and nextToken cannot be used with imageIds."));
        }
        if !(1..=100).contains(&ids.len()) {
            return Err(invalid("imageIds must have between 1 and 100 elements."));
        }
        let mut digests = Vec::new();
        for id in ids {
            let (digest, image) = repository.find(&id).map_err(|(code, reason)| match code {
                "ImageNotFound" | "ImageTagDoesNotMatchDigest" => image_not_found(&id, name, &world.account),
                _ => invalid(reason),
            })?;
            if filter.takes(image, world.now, true) && !digests.iter().any(|d| d == digest) {
                digests.push(digest.to_owned());
            }
        }
        digests
    } else {
        let images = repository.images.iter().filter(|(_, i)| filter.takes(i, world.now, false));
        let digests = images.map(|(digest, _)| digest.clone());
        let (digests, token) = page(digests, input.next_token.as_deref(), size)?;
        next = token;
        digests
    };
    let details: Vec<Value> = digests
        .iter()
        .filter_map(|digest| Some(detail(world, name, digest, repository.images.get(digest)?)))
        .collect();
    let mut answer = object(json!({"imageDetails": details}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html>
fn detail(world: &World, repository: &str, digest: &str, image: &Image) -> Value {
    let mut view = Map::new();
    put(&mut view, "registryId", Some(world.account.as_str()));
    put(&mut view, "repositoryName", Some(repository));
    put(&mut view, "imageDigest", Some(digest));
    let tags: Vec<&String> = image.tags.iter().collect();
    put(&mut view, "imageTags", (!tags.is_empty()).then(|| json!(tags)));
    put(&mut view, "imageSizeInBytes", Some(image.size));
    put(&mut view, "imagePushedAt", Some(epoch(image.pushed_at)));
    let media_type = Some(image.manifest.media_type.as_str()).filter(|text| !text.is_empty());
    put(&mut view, "imageManifestMediaType", media_type);
    put(&mut view, "artifactMediaType", image.manifest.artifact_type.as_deref());
    put(&mut view, "lastRecordedPullTime", image.pulled_at.map(epoch));
    put(&mut view, "subjectManifestDigest", image.manifest.subject.as_deref());
    put(&mut view, "imageStatus", Some(image.status(world.now)));
    put(&mut view, "lastArchivedAt", image.archived_at.map(epoch));
    put(&mut view, "lastActivatedAt", image.activated_at.filter(|at| *at <= world.now).map(epoch));
    view.into()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListImages {
    registry_id: Option<String>,
    repository_name: String,
    filter: Option<Filter>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 1,000 a page, and 100 without `maxResults`; an image once for each of its tags.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImages.html>
pub(crate) fn list_images(world: &mut World, input: ListImages) -> Result<Value, ApiError> {
    let size = size(input.max_results, 100, 1000)?;
    let filter = input.filter.unwrap_or_default().checked()?;
    let repository = world.repository_of(input.registry_id.as_deref(), &input.repository_name)?;
    let images = repository.images.iter().filter(|(_, i)| filter.takes(i, world.now, false));
    // A tag has no `@`, so digest and tag make one key in the order of both.
    let keys = images.flat_map(|(digest, image)| {
        let untagged = image.tags.is_empty().then(|| format!("{digest}@"));
        untagged.into_iter().chain(image.tags.iter().map(move |tag| format!("{digest}@{tag}")))
    });
    let (keys, next) = page(keys, input.next_token.as_deref(), size)?;
    let ids: Vec<Value> = keys
        .iter()
        .filter_map(|key| key.split_once('@'))
        .map(|(digest, tag)| ImageId::of(digest, Some(tag).filter(|t| !t.is_empty())).view())
        .collect();
    let mut answer = object(json!({"imageIds": ids}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}
