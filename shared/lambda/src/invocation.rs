//! One invocation, as Lambda tells of it.

use jiff::Timestamp;
use shared::names::{Arn, Scope};
use shared::{Code, Problem};
use tokio::time::Instant;

/// What Lambda says of one invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Lambda's request id.
    pub request_id: String,
    /// The ARN under which the function was invoked; it says account and region.
    pub function_arn: String,
    /// When Lambda would kill it.
    pub ends: Instant,
    /// The world's time.
    pub now: Timestamp,
}

impl Invocation {
    /// The account and region that the function runs in.
    pub(crate) fn scope(&self) -> Result<Scope, Problem> {
        self.function_arn
            .parse()
            .map(|arn: Arn| arn.scope)
            .map_err(|e| Problem::new(Code::Internal, "the function's own ARN can't be read").because(e))
    }

    /// The deployed function's own name, so that two stacks do not share a metric.
    pub(crate) fn function_name(&self) -> &str {
        self.function_arn.split(':').nth(6).unwrap_or_default()
    }
}
