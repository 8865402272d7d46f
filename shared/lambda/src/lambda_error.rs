//! A problem as Lambda shows it to whoever invoked the function.

use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::json;
use shared::Problem;

/// The error of a scheduled or direct invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LambdaError {
    /// The problem's code.
    pub error_type: String,
    /// The problem as JSON.
    pub error_message: String,
}

impl LambdaError {
    /// The error that this problem is.
    #[must_use]
    pub fn new(problem: &Problem, request_id: &str) -> Self {
        Self {
            error_type: problem.code.to_string(),
            error_message: json!(problem.details(request_id)).to_string(),
        }
    }
}

impl From<LambdaError> for Diagnostic {
    fn from(error: LambdaError) -> Self {
        Self { error_type: error.error_type, error_message: error.error_message }
    }
}
