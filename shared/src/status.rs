//! HTTP statuses: the only file that names one.
//!
//! Source: RFC 9110; 207 is RFC 4918's Multi-Status, used for a report whose items differ.

use crate::call::Answer;
use crate::problem::{Code, Problem, StatusKind};

/// Done, or nothing to do.
pub const DONE: u16 = 200;
/// Begun, and still under way.
pub const UNDER_WAY: u16 = 202;
/// Some items failed or were not attempted.
pub const PARTIAL: u16 = 207;

/// The status of an answer: 200 done or nothing to do, 202 still under way, 207 some items
/// failed or were not attempted.
#[must_use]
pub fn of_answer(answer: &Answer) -> u16 {
    match answer {
        Answer::Report(report) if !report.ok => PARTIAL,
        Answer::Read(_) | Answer::Finding(_) | Answer::Report(_) => DONE,
        Answer::Accepted { .. } => UNDER_WAY,
    }
}

/// The status of a problem.
#[must_use]
pub fn of_problem(problem: &Problem) -> u16 {
    of_code(problem.code)
}

/// The status of a problem with this code.
#[must_use]
pub fn of_code(code: Code) -> u16 {
    match code.status() {
        StatusKind::BadRequest => 400,
        StatusKind::Forbidden => 403,
        StatusKind::NotFound => 404,
        StatusKind::NotAcceptable => 406,
        StatusKind::Conflict => 409,
        StatusKind::ContentTooLarge => 413,
        StatusKind::Unprocessable => 422,
        StatusKind::TooManyRequests => 429,
        StatusKind::InternalError => 500,
        StatusKind::BadGateway => 502,
        StatusKind::Unavailable => 503,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;
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
