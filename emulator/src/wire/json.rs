//! AWS JSON 1.0 and 1.1: the operation in the header `x-amz-target`, JSON in the body.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::wire::Written;

/// A body as JSON: an empty one is an empty object.
pub(crate) fn body(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|e| ApiError::client("SerializationException", e.to_string()))
}

/// The content type of the answer: the version that was asked in.
pub(super) fn content_type(asked: Option<&str>) -> &'static str {
    match asked {
        Some("application/x-amz-json-1.0") => "application/x-amz-json-1.0",
        _ => "application/x-amz-json-1.1",
    }
}

pub(super) fn write(content_type: &str, result: &Result<Value, ApiError>) -> Written {
    let (status, body) = match result {
        Ok(value) => (200, value.to_string()),
        Err(error) => (error.status, error.body().to_string()),
    };
    let headers = vec![("content-type", content_type.to_owned())];
    Written { status, headers, body: body.into_bytes() }
}
