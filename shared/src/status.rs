//! HTTP statuses: the only file that names one.
//!
//! Source: RFC 9110; 207 is RFC 4918's Multi-Status, used for a report whose items differ.

use crate::call::Answer;
use crate::problem::{Code, Problem};

/// The status of an answer: 200 done or nothing to do, 202 still under way, 207 some items
/// failed or were not attempted.
#[must_use]
pub fn of_answer(answer: &Answer) -> u16 {
    match answer {
        Answer::Report(report) if !report.ok => 207,
        Answer::Read(_) | Answer::Report(_) => 200,
        Answer::Accepted { .. } => 202,
    }
}

/// The status of a problem.
#[must_use]
pub fn of_problem(problem: &Problem) -> u16 {
    match problem.code {
        Code::BadRequest | Code::UnknownAction => 400,
        Code::OutsideScope | Code::NotConfigured | Code::NotSwitchedOn | Code::OverrideNotAllowed => 403,
        Code::NotFound | Code::UnknownRoute => 404,
        Code::NotAcceptable => 406,
        Code::TooLarge => 413,
        Code::BeyondMax
        | Code::AnswerTooLarge
        | Code::BadOverride
        | Code::NoSchedule
        | Code::Impossible
        | Code::UnknownContainer
        | Code::NotStarted
        | Code::IdempotencyConflict
        | Code::OutsideGroupBounds
        | Code::InvalidPolicy
        | Code::NoPolicy
        | Code::DryRunOnly => 422,
        Code::Throttled => 429,
        Code::Internal => 500,
        Code::AccessDenied | Code::AwsRefused | Code::AwsFailed => 502,
        Code::Unreachable | Code::OutOfTime | Code::UseTooLarge => 503,
        // What the state of the thing forbids, and what only ever stands in an item or warning.
        Code::Gone
        | Code::Daemon
        | Code::ExpressManaged
        | Code::Deploying
        | Code::Stale
        | Code::RecordUnreadable
        | Code::NoSavedSize
        | Code::SizeUnreadable
        | Code::ShortArn
        | Code::TooManyTags
        | Code::Raced
        | Code::OutsideBounds
        | Code::ManagedScaling
        | Code::ClusterUnknown
        | Code::WaitingForTasks
        | Code::NoInstances
        | Code::InstancesHeld
        | Code::Clamped
        | Code::TargetChanged
        | Code::TargetRemoved
        | Code::OrphanedSuspension
        | Code::ScheduledActions
        | Code::Held
        | Code::StopOnly
        | Code::ScheduleUnreadable
        | Code::OverrideUnreadable
        | Code::LateToWake
        | Code::AutoscalingSuspended
        | Code::NoCapacity
        | Code::TaskFailed
        | Code::StillRunning
        | Code::AlreadyStarted
        | Code::AlreadyStopped
        | Code::ServiceTask
        | Code::Protected
        | Code::NoMatch
        | Code::PlanChanged
        | Code::RoleNotExcluded
        | Code::SourceUnreadable
        | Code::SourceOff
        | Code::UnknownPinnedDigest
        | Code::IndexUnreadable
        | Code::InUse
        | Code::ArchivedInUse
        | Code::PulledRecently
        | Code::ProtectedTag
        | Code::BeingRestored
        | Code::ChangedSince
        | Code::ArchiveOff
        | Code::GuardTripped
        | Code::ReferencedByIndex
        | Code::SharedRepository
        | Code::ReplicatedRepository
        | Code::CachedRepository
        | Code::NativePolicyActive
        | Code::ListCut
        | Code::Partial => 409,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Item, Outcome, Report};

    #[test]
    fn a_failure_is_never_a_200() {
        for code in Code::ALL {
            let status = of_problem(&Problem::new(*code, "it failed"));
            assert!((400..600).contains(&status), "{code}: {status}");
        }
        let report =
            |outcome| Report::new("", false, vec![Item::<()>::new("x", outcome, None, "")], Vec::new());
        for (outcome, status) in [
            (Outcome::Changed, 200),
            (Outcome::Unchanged, 200),
            (Outcome::Skipped, 200),
            (Outcome::Failed, 207),
            (Outcome::NotAttempted, 207),
        ] {
            assert_eq!(of_answer(&Answer::Report(report(outcome))), status);
        }
    }
}
