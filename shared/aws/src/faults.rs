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
            let remedy = remedy(code, operation, thing, message);
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
        _ if name.contains("Throttling") || name.contains("TooManyRequests") || name == "SlowDown" => {
            Code::Throttled
        }
        _ if name.contains("AccessDenied")
            || name.contains("UnrecognizedClient")
            || name.contains("Unauthorized") =>
        {
            Code::AccessDenied
        }
        "ClusterNotFoundException"
        | "ServiceNotFoundException"
        | "ObjectNotFoundException"
        | "DaemonNotFoundException"
        | "ResourceNotFoundException"
        | "RepositoryNotFoundException"
        | "NotFoundException"
        | "StateMachineDoesNotExist"
        | "NoSuchKey" => Code::NotFound,
        // ECS has no error of its own for a task definition that is not there.
        "ClientException" if message.starts_with("Unable to describe task definition") => Code::NotFound,
        // Nor for a task that it has forgotten.
        "InvalidParameterException" if message.contains("task was not found") => Code::NotFound,
        "ServiceNotActiveException" => Code::Gone,
        _ if status >= 500 => Code::AwsFailed,
        _ => Code::AwsRefused,
    }
}

/// What a denial is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Denied<'a> {
    /// The action that the role may not: `iam:PassRole`, where the call was another.
    pub(crate) action: &'a str,
    /// On what.
    pub(crate) resource: Option<&'a str>,
    /// By a policy that says so, and not for want of one that allows it.
    pub(crate) explicitly: bool,
}

/// The permission that AWS's text names, if it names one.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
pub(crate) fn denied(message: &str) -> Option<Denied<'_>> {
    let word_after = |mark: &str| {
        let (_, rest) = message.split_once(mark)?;
        rest.split_whitespace().next().map(|word| word.trim_end_matches('.'))
    };
    let action = word_after("is not authorized to perform: ").filter(|action| action.contains(':'))?;
    let explicitly = message.contains("explicit deny");
    Some(Denied { action, resource: word_after("on resource: "), explicitly })
}

fn remedy(code: Code, operation: &str, thing: &str, message: &str) -> String {
    match code {
        Code::AccessDenied => match denied(message) {
            Some(denied) if denied.explicitly => {
                " (a policy denies it explicitly, which nothing in the function's role outweighs)".into()
            }
            Some(Denied { action, resource, .. }) => {
                format!(" (the function's role needs {action} on {})", resource.unwrap_or(thing))
            }
            None => format!(" (the function's role needs {operation} on it)"),
        },
        Code::Throttled => {
            " (the account's calls are used up: try again later, or lower BUDGET_SHARE)".into()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_permission_that_is_needed_is_the_one_that_awss_text_names() {
        let text = "User: arn:aws:sts::123456789012:assumed-role/r/f is not authorized to perform: iam:PassRole on \
                    resource: arn:aws:iam::123456789012:role/migrate because no identity-based policy allows the \
                    iam:PassRole action";
        let role = "arn:aws:iam::123456789012:role/migrate";
        let told = Denied { action: "iam:PassRole", resource: Some(role), explicitly: false };
        assert_eq!(denied(text), Some(told));
        let remedy = |message: &str| remedy(Code::AccessDenied, "ecs:RunTask", "cluster/prod", message);
        assert_eq!(remedy(text), format!(" (the function's role needs iam:PassRole on {role})"));
        assert_eq!(remedy("Access denied."), " (the function's role needs ecs:RunTask on it)");
        let explicit = format!("{text} with an explicit deny in a service control policy");
        assert!(remedy(&explicit).contains("denies it explicitly"));
    }
}
