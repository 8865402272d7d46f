//! AWS JSON 1.1: from the `x-amz-target` header to a function, from a body to a typed request.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::buckets::Group;
use crate::world::World;

/// The content type of requests and answers.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// One operation of a service: what its room offers to the doors.
#[derive(Debug)]
pub(crate) struct Operation {
    /// AWS's name: `UpdateService`.
    pub(crate) name: &'static str,
    /// Whether it changes anything.
    pub(crate) write: bool,
    /// The token bucket that it draws from; none when AWS publishes none.
    pub(crate) group: Option<Group>,
    pub(crate) run: fn(&mut World, Value) -> Result<Value, ApiError>,
}

/// A service, as the embedded AWS offers it.
struct Service {
    /// The name that the SDKs and the CLI give it: `ecs`.
    name: &'static str,
    /// What stands before the dot in `x-amz-target`.
    target: &'static str,
    operations: &'static [Operation],
}

static SERVICES: [Service; 2] = [
    Service { name: "ecs", target: "AmazonEC2ContainerServiceV20141113", operations: crate::ecs::OPERATIONS },
    Service {
        name: "application-autoscaling",
        target: "AnyScaleFrontendService",
        operations: crate::application_autoscaling::OPERATIONS,
    },
];

/// The service and the operation that an `x-amz-target` header names; an unknown service keeps its prefix.
pub(crate) fn target(header: &str) -> (&str, &str) {
    let (prefix, operation) = header.split_once('.').unwrap_or(("", header));
    let service = SERVICES.iter().find(|s| s.target == prefix).map_or(prefix, |s| s.name);
    (service, operation)
}

/// The operation of that name, if it is modelled.
pub(crate) fn operation(service: &str, name: &str) -> Result<&'static Operation, ApiError> {
    SERVICES
        .iter()
        .find(|s| s.name == service)
        .and_then(|s| s.operations.iter().find(|o| o.name == name))
        .ok_or_else(|| ApiError::unknown_operation(&format!("{service}:{name}")))
}

/// A body as JSON: an empty one is an empty object.
pub(crate) fn json_body(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|e| ApiError::client("SerializationException", e.to_string()))
}

/// A request as its type has it. Unknown fields are refused: what is not modelled must not pass unseen.
pub(crate) fn request<T: DeserializeOwned>(input: Value) -> Result<T, ApiError> {
    let input = if input.is_null() { json!({}) } else { input };
    serde_path_to_error::deserialize(input)
        .map_err(|e| ApiError::client("SerializationException", format!("{}: {}", e.path(), e.inner())))
}

/// A time as JSON 1.1 writes it: seconds since the epoch, with a fraction.
pub(crate) fn epoch(at: Timestamp) -> Value {
    let millis = jiff::SignedDuration::from_millis(at.as_millisecond());
    json!(millis.as_secs_f64())
}

/// A time as a request gives it: seconds since the epoch.
pub(crate) fn from_epoch(seconds: f64) -> Option<Timestamp> {
    let since = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}

/// Adds a field only where there is something to say, as AWS does.
pub(crate) fn put(object: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}

/// The JSON object inside a `json!({..})`.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
