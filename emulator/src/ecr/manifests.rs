//! Manifests: read, which is a pull, and put, which is a push.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::ecr::errors::invalid;
use crate::ecr::pulls;
use crate::ecr::state::{Image, ImageId, Manifest, is_tag};
use crate::ids;
use crate::wire::put;
use crate::world::World;

pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const OCI_IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BatchGetImage {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Vec<ImageId>,
    accepted_media_types: Option<Vec<String>>,
}

/// At most 100. Reading a manifest is a pull, and moves the image's pull time; archived images cannot be read.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html>,
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-time-update-exclusions.html>
pub(crate) fn batch_get_image(world: &mut World, input: BatchGetImage) -> Result<Value, ApiError> {
    let repository = world.repository_of(input.registry_id.as_deref(), &input.repository_name)?;
    if !(1..=100).contains(&input.image_ids.len()) {
        return Err(invalid("imageIds must have between 1 and 100 elements."));
    }
    let accepted = |media_type: &str| {
        input.accepted_media_types.as_ref().is_none_or(|types| types.iter().any(|t| t == media_type))
    };
    let (mut images, mut failures, mut pulled) = (Vec::new(), Vec::new(), Vec::new());
    for id in &input.image_ids {
        let (digest, image) = match repository.find(id) {
            Ok(found) => found,
            Err((code, reason)) => {
                failures.push(failure(id, code, reason));
                continue;
            }
        };
        if let Some(code) = repository.failures.get(digest) {
            failures.push(failure(id, code, "The image cannot be read"));
        } else if image.status(world.now) != "ACTIVE" {
            failures.push(failure(id, "ImageInaccessible", "The image is archived or being restored"));
        } else if !accepted(&image.manifest.media_type) {
            failures.push(failure(id, "ImageNotFound", "No image of an accepted media type found"));
        } else {
            let id = ImageId::of(digest, id.image_tag.as_deref());
            images.push(view(world, &input.repository_name, &id, &image.manifest));
            pulled.push(digest.to_owned());
        }
    }
    let caller = world.caller();
    for digest in pulled {
        pulls::record(world, &input.repository_name, &digest, Some(&caller));
    }
    Ok(json!({"images": images, "failures": failures}))
}

pub(super) fn failure(id: &ImageId, code: &str, reason: &str) -> Value {
    json!({"imageId": id.view(), "failureCode": code, "failureReason": reason})
}

fn view(world: &World, repository: &str, id: &ImageId, manifest: &Manifest) -> Value {
    let mut view = Map::new();
    put(&mut view, "registryId", Some(world.account.as_str()));
    put(&mut view, "repositoryName", Some(repository));
    put(&mut view, "imageId", Some(id.view()));
    put(&mut view, "imageManifest", Some(manifest.text.as_str()));
    put(&mut view, "imageManifestMediaType", Some(manifest.media_type.as_str()));
    view.into()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PutImage {
    registry_id: Option<String>,
    repository_name: String,
    image_manifest: String,
    image_manifest_media_type: Option<String>,
    image_tag: Option<String>,
    image_digest: Option<String>,
}

/// The tag moves from the image that had it, unless tags are immutable here. What an index names must be there; layers
/// are not looked for. A push of an archived image restores it.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html>
pub(crate) fn put_image(world: &mut World, input: PutImage) -> Result<Value, ApiError> {
    let (now, name) = (world.now, &input.repository_name);
    let manifest = read(&input.image_manifest, input.image_manifest_media_type.as_deref())
        .ok_or_else(|| invalid("Invalid parameter at 'imageManifest': it is no manifest of a known type."))?;
    let digest = ids::digest(&manifest.text);
    if input.image_digest.is_some_and(|given| given != digest) {
        let message = "The specified image digest does not match the digest that Amazon ECR calculated.";
        return Err(ApiError::client("ImageDigestDoesNotMatchException", message));
    }
    if let Some(tag) = input.image_tag.as_ref().filter(|t| !is_tag(t)) {
        return Err(invalid(format!("Invalid parameter at 'imageTag': {tag}")));
    }
    let repository = world.repository_of_mut(input.registry_id.as_deref(), name)?;
    if let Some(child) = manifest.children.iter().find(|c| !repository.images.contains_key(*c)) {
        let message = format!("Images with digests '[{child}]' required for pushing image do not exist");
        return Err(ApiError::client("ReferencedImagesNotFoundException", message));
    }
    let known = repository.images.get(&digest).filter(|i| !i.archived);
    let of_tag = input.image_tag.as_ref().and_then(|tag| repository.tags.get(tag));
    if known.is_some() && input.image_tag.as_ref().is_none_or(|_| of_tag == Some(&digest)) {
        let message = format!("Image with digest '{digest}' and tag already exists in the repository");
        return Err(ApiError::client("ImageAlreadyExistsException", message));
    }
    if repository.immutable && of_tag.is_some_and(|of_tag| *of_tag != digest) {
        let message = "The image tag already exists in the repository and cannot be overwritten because the \
                       repository is immutable.";
        return Err(ApiError::client("ImageTagAlreadyExistsException", message));
    }
    let manifest = Arc::new(manifest);
    let largest = |c: &String| repository.images.get(c).map(|i| i.size);
    let size = manifest.children.iter().filter_map(largest).max().unwrap_or(manifest.size);
    let image = repository
        .images
        .entry(digest.clone())
        .or_insert_with(|| Image::new(Arc::clone(&manifest), size, now));
    if std::mem::take(&mut image.archived) {
        image.activated_at = Some(now);
    }
    if let Some(tag) = &input.image_tag {
        repository.point(tag, &digest);
    }
    let id = ImageId::of(&digest, input.image_tag.as_deref());
    Ok(json!({"image": view(world, name, &id, &manifest)}))
}

/// What stands in a manifest; none when it is none.
pub(crate) fn read(text: &str, media_type: Option<&str>) -> Option<Manifest> {
    let json: Value = serde_json::from_str(text).ok()?;
    let text_at = |place: &str| json.pointer(place).and_then(Value::as_str).map(str::to_owned);
    let media_type = media_type.map(str::to_owned).or_else(|| text_at("/mediaType"))?;
    let list = |key: &str| json.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let digest = |v: &Value| v.get("digest").and_then(Value::as_str).map(str::to_owned);
    let bytes = |v: &Value| v.get("size").and_then(Value::as_i64).unwrap_or_default();
    let config = json.get("config");
    let children = list("manifests");
    if config.is_none() && json.get("manifests").is_none() {
        return None;
    }
    Some(Manifest {
        text: text.to_owned(),
        media_type,
        artifact_type: text_at("/artifactType").or_else(|| text_at("/config/mediaType")),
        size: config.map(bytes).unwrap_or_default() + list("layers").iter().map(bytes).sum::<i64>(),
        children: children.iter().filter_map(digest).collect(),
        subject: json.get("subject").and_then(digest),
        annotations: json.get("annotations").cloned(),
    })
}
