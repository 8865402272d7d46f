//! AWS's errors as problems: what was called, on what, and what to do.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use shared::{Code, Problem};

/// The problem of a call to `operation` (`ecs:UpdateService`) on `thing`.
pub(crate) fn problem<E>(operation: &str, thing: &str, error: SdkError<E, HttpResponse>) -> Problem
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let (code, detail) = match &error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let name = answer.err().code().unwrap_or("an error without a name");
            let message = answer.err().message().unwrap_or("no message");
            let code = code_of(name, message, status);
            let remedy = remedy(code, operation);
            (code, format!("{operation} on {thing}: AWS answered {name}: {message}{remedy}"))
        }
        SdkError::ResponseError(_) => {
            (Code::AwsFailed, format!("{operation} on {thing}: AWS's answer could not be read; try again"))
        }
        SdkError::ConstructionFailure(_) => {
            (Code::Internal, format!("{operation} on {thing}: the call could not be made"))
        }
        SdkError::DispatchFailure(failure) if failure.is_other() => (
            Code::Unreachable,
            format!(
                "{operation} on {thing}: the call could not be signed or sent; check credentials, region and endpoint"
            ),
        ),
        _ => (Code::Unreachable, format!("{operation} on {thing}: no answer from AWS; try again")),
    };
    Problem::new(code, detail).because(error)
}

fn code_of(name: &str, message: &str, status: u16) -> Code {
    match name {
        _ if name.contains("Throttling") || name.contains("TooManyRequests") => Code::Throttled,
        _ if name.contains("AccessDenied")
            || name.contains("UnrecognizedClient")
            || name.contains("Unauthorized") =>
        {
            Code::AccessDenied
        }
        "ClusterNotFoundException"
        | "ServiceNotFoundException"
        | "ObjectNotFoundException"
        | "RepositoryNotFoundException" => Code::NotFound,
        // ECS has no error of its own for a task definition that is not there.
        "ClientException" if message.starts_with("Unable to describe task definition") => Code::NotFound,
        // Nor for a task that it has forgotten.
        "InvalidParameterException" if message.contains("task was not found") => Code::NotFound,
        "ServiceNotActiveException" => Code::Gone,
        _ if status >= 500 => Code::AwsFailed,
        _ => Code::AwsRefused,
    }
}

fn remedy(code: Code, operation: &str) -> String {
    match code {
        Code::AccessDenied => format!(" (the function's role needs {operation} on it)"),
        Code::Throttled => {
            " (the account's calls are used up: try again later, or lower BUDGET_SHARE)".into()
        }
        _ => String::new(),
    }
}
