//! AWS's clients, with what all runs of a process share: the budgets and the counters.

use crate::budget::Budgets;
use crate::watch::Counters;

/// Whether a process may change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Every write is refused before it is sent.
    ReadOnly,
    /// Writes go out.
    Full,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) autoscaling: aws_sdk_autoscaling::Client,
    pub(crate) ecr: aws_sdk_ecr::Client,
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) eventbridge: aws_sdk_eventbridge::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) scheduler: aws_sdk_scheduler::Client,
    pub(crate) scaling: aws_sdk_applicationautoscaling::Client,
    pub(crate) budgets: Budgets,
    pub(crate) counters: Counters,
    pub(crate) access: Access,
}
