//! ECR's refusals, in its own words where they are known.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html>

use crate::api_error::ApiError;
use crate::ecr::state::ImageId;

pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

pub(crate) fn repository_not_found(name: &str, registry: &str) -> ApiError {
    ApiError::client(
        "RepositoryNotFoundException",
        format!("The repository with name '{name}' does not exist in the registry with id '{registry}'"),
    )
}

pub(crate) fn image_not_found(id: &ImageId, repository: &str, registry: &str) -> ApiError {
    let part = |p: &Option<String>| p.clone().unwrap_or_else(|| "null".to_owned());
    ApiError::client(
        "ImageNotFoundException",
        format!(
            "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with \
             name '{repository}' in the registry with id '{registry}'",
            part(&id.image_digest),
            part(&id.image_tag)
        ),
    )
}
