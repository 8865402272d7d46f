//! What AWS says when it refuses.

use std::fmt;

use serde_json::{Value, json};

/// An error answer: its HTTP status, AWS's code (`ClusterNotFoundException`) and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status: 400 for the caller's faults, 500 for the server's.
    pub status: u16,
    /// AWS's error code, the `__type` of the body.
    pub code: String,
    /// AWS's words.
    pub message: String,
    /// The resources that a `ConflictException` names; else none.
    pub resource_ids: Vec<String>,
    /// The region of the bucket that a `PermanentRedirect` is about; else none.
    pub region: Option<String>,
}

impl ApiError {
    /// A fault of the caller: 400.
    pub(crate) fn client(code: &str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: code.to_owned(),
            message: message.into(),
            resource_ids: Vec::new(),
            region: None,
        }
    }

    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>
    pub(crate) fn throttled() -> Self {
        Self::client("ThrottlingException", "Rate exceeded")
    }

    /// What a JSON service answers to an operation that it does not have.
    pub(crate) fn unknown_operation(operation: &str) -> Self {
        Self::client("UnknownOperationException", format!("{operation} is not modelled by the embedded AWS"))
    }

    /// The body of the answer, as AWS JSON 1.1 has it.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({"__type": self.code, "message": self.message});
        if let (false, Some(body)) = (self.resource_ids.is_empty(), body.as_object_mut()) {
            body.insert("resourceIds".to_owned(), json!(self.resource_ids));
        }
        body
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.status, self.message)
    }
}

impl std::error::Error for ApiError {}
