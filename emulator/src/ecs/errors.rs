//! ECS's refusals, in its own words where they are known.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>

use crate::api_error::ApiError;

pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

pub(crate) fn client(message: impl Into<String>) -> ApiError {
    ApiError::client("ClientException", message)
}

pub(crate) fn cluster_not_found() -> ApiError {
    ApiError::client("ClusterNotFoundException", "Cluster not found.")
}

pub(crate) fn service_not_found() -> ApiError {
    ApiError::client("ServiceNotFoundException", "Service not found.")
}

pub(crate) fn service_not_active() -> ApiError {
    ApiError::client("ServiceNotActiveException", "Service was not ACTIVE.")
}
