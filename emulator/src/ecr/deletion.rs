//! Images go.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecr::errors::invalid;
use crate::ecr::manifests::failure;
use crate::ecr::state::{ImageId, Repository};
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BatchDeleteImage {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Vec<ImageId>,
}

/// At most 100. A digest takes the image with all its tags; a tag is taken from its image, and the last one takes the
/// image with it. What an index names stays as long as the index.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html>
pub(crate) fn batch_delete_image(world: &mut World, input: BatchDeleteImage) -> Result<Value, ApiError> {
    let repository = world.repository_of_mut(input.registry_id.as_deref(), &input.repository_name)?;
    if !(1..=100).contains(&input.image_ids.len()) {
        return Err(invalid("imageIds must have between 1 and 100 elements."));
    }
    let mut parents: BTreeMap<String, usize> = BTreeMap::new();
    for child in repository.images.values().flat_map(|i| &i.manifest.children) {
        *parents.entry(child.clone()).or_default() += 1;
    }
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for id in input.image_ids {
        match delete(repository, &id, &mut parents) {
            Ok(ids) => deleted.extend(ids.iter().map(ImageId::view)),
            Err((code, reason)) => failures.push(failure(&id, &code, &reason)),
        }
    }
    Ok(json!({"imageIds": deleted, "failures": failures}))
}

/// What is gone with one id, or why nothing is.
fn delete(
    repository: &mut Repository,
    id: &ImageId,
    parents: &mut BTreeMap<String, usize>,
) -> Result<Vec<ImageId>, (String, String)> {
    let (digest, image) = repository.find(id).map_err(|(c, r)| (c.to_owned(), r.to_owned()))?;
    let digest = digest.to_owned();
    if let Some(code) = repository.failures.get(&digest) {
        return Err((code.clone(), "The image cannot be deleted".to_owned()));
    }
    if let Some(tag) = &id.image_tag
        && image.tags.len() > 1
    {
        repository.unpoint(tag);
        return Ok(vec![ImageId::of(&digest, Some(tag))]);
    }
    if parents.get(&digest).is_some_and(|n| *n > 0) {
        let reason = format!("Requested image referenced by manifest list: [{digest}]");
        return Err(("ImageReferencedByManifestList".to_owned(), reason));
    }
    let Some(image) = repository.images.remove(&digest) else {
        return Ok(Vec::new());
    };
    for child in &image.manifest.children {
        parents.entry(child.clone()).and_modify(|n| *n = n.saturating_sub(1));
    }
    for tag in &image.tags {
        repository.tags.remove(tag);
    }
    if image.tags.is_empty() {
        return Ok(vec![ImageId::of(&digest, None)]);
    }
    Ok(image.tags.iter().map(|tag| ImageId::of(&digest, Some(tag))).collect())
}
