//! Images go to the archive, and come back.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecr::errors::{image_not_found, invalid};
use crate::ecr::state::ImageId;
use crate::world::World;

/// How long an image takes to come back from the archive.
const RESTORE: SignedDuration = SignedDuration::from_mins(20);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateImageStorageClass {
    registry_id: Option<String>,
    repository_name: String,
    image_id: ImageId,
    target_storage_class: String,
}

/// To the archive at once; back within minutes. What an index names does not go before the index.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateImageStorageClass.html>
pub(crate) fn update_image_storage_class(
    world: &mut World,
    input: UpdateImageStorageClass,
) -> Result<Value, ApiError> {
    let (now, account, name) = (world.now, world.account.clone(), &input.repository_name);
    let back = world.after(RESTORE);
    let repository = world.repository_of_mut(input.registry_id.as_deref(), name)?;
    let (digest, image) = repository.find(&input.image_id).map_err(|(code, reason)| match code {
        "ImageNotFound" | "ImageTagDoesNotMatchDigest" => image_not_found(&input.image_id, name, &account),
        _ => invalid(reason),
    })?;
    let digest = digest.to_owned();
    let archived = match input.target_storage_class.as_str() {
        "ARCHIVE" => true,
        "STANDARD" => false,
        other => {
            return Err(ApiError::client(
                "ValidationException",
                format!("Invalid targetStorageClass: {other}"),
            ));
        }
    };
    let unsupported =
        |message: &str| ApiError::client("ImageStorageClassUpdateNotSupportedException", message);
    if archived {
        if image.status(now) == "ACTIVATING" {
            return Err(unsupported("The image is being restored."));
        }
        let names = |i: &crate::ecr::state::Image| !i.archived && i.manifest.children.contains(&digest);
        if repository.images.values().any(names) {
            return Err(unsupported("The image is referenced by a manifest list that is not archived."));
        }
    }
    let mut status = "";
    if let Some(image) = repository.images.get_mut(&digest) {
        if image.archived != archived {
            image.archived = archived;
            let at: Timestamp = if archived { now } else { back };
            *(if archived { &mut image.archived_at } else { &mut image.activated_at }) = Some(at);
        }
        status = image.status(now);
    }
    let id = ImageId::of(&digest, input.image_id.image_tag.as_deref());
    Ok(json!({"registryId": account, "repositoryName": name, "imageId": id.view(), "imageStatus": status}))
}
