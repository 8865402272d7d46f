//! The loop that Lambda drives.

use std::time::Duration;

use jiff::Timestamp;
use lambda_runtime::{Context, Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use shared::env::Env;
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::level_filters::LevelFilter;

use crate::function::Function;
use crate::handler::Handler;
use crate::invocation::Invocation;
use crate::lambda_error::LambdaError;
use crate::logs;
use shared::Payload;

/// Starts a function's process: logs, and the environment to read its config from.
///
/// `LOG_LEVEL` is `info` unless it says `error`, `warn`, `debug` or `trace`.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "here, and only here, a function reads its environment")]
pub fn start() -> Env {
    let mut env = Env::new(std::env::vars());
    let level = env.or("LOG_LEVEL", LevelFilter::INFO, "error, warn, info, debug or trace", |_| true);
    logs::start(level);
    env
}

/// Serves a function until Lambda ends the process.
pub async fn run<F: Function>(function: F) -> Result<(), Error> {
    let handler = Handler::new(function);
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Payload>| async move {
        let at = invocation(&event.context);
        // API Gateway's own id, by which its access log and the caller's problem are found.
        let span = tracing::info_span!(
            "invocation",
            requestId = %at.request_id,
            apiRequestId = tracing::field::Empty,
            function = F::NAME
        );
        let (answer, metrics) = handler.handle(event.payload, &at).instrument(span).await;
        emit(&metrics.line(at.now));
        answer.map_err(|problem| Diagnostic::from(LambdaError::new(&problem, &at.request_id)))
    }))
    .await
}

#[expect(clippy::disallowed_methods, reason = "here, and only here, a function reads the clock")]
fn invocation(context: &Context) -> Invocation {
    let now = Timestamp::now();
    let ends = i64::try_from(context.deadline).unwrap_or(i64::MAX);
    let left = u64::try_from(ends.saturating_sub(now.as_millisecond())).unwrap_or(0);
    Invocation {
        request_id: context.request_id.clone(),
        function_arn: context.invoked_function_arn.clone(),
        ends: Instant::now() + Duration::from_millis(left),
        now,
    }
}

#[expect(clippy::print_stdout, reason = "CloudWatch takes embedded metrics from standard output, unwrapped")]
fn emit(line: &Value) {
    println!("{line}");
}
