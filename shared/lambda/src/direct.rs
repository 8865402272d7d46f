//! Scheduled and direct events: the request is the event itself.

use serde_json::{Map, Value, json};
use shared::call::{Finding, LARGEST_ANSWER, bounded_json};
use shared::problem::Problem;
use shared::report::Report;
use shared::{Actor, Answer, Call, Code, Route, Via};

use crate::fields::parse;
use crate::invocation::Invocation;

/// The call of an action and its fields.
pub(crate) fn call<R>(
    mut fields: Map<String, Value>,
    routes: &[Route<R>],
    at: &Invocation,
) -> Result<Call<R>, Problem> {
    let action = match fields.remove("action") {
        Some(Value::String(action)) => action,
        Some(_) => return Err(Problem::bad_request("\"action\" is not a text")),
        None => return Err(Problem::bad_request("the event names no \"action\"")),
    };
    let route = routes.iter().find(|route| route.action == action).ok_or_else(|| {
        let shown: String = action.chars().take(80).collect();
        let known: Vec<&str> = routes.iter().map(|route| route.action).collect();
        let detail = format!("{shown:?} is no action of this function: it has {}", known.join(", "));
        Problem::new(Code::UnknownAction, detail)
    })?;
    let (request, envelope) = parse(route, fields)?;
    let (via, actor) = match &envelope.schedule {
        Some(schedule) => (Via::Scheduled, Actor::new(schedule)),
        // Lambda tells a function nothing of who invoked it; CloudTrail does.
        None => (Via::Direct, Actor::new("direct invocation")),
    };
    let (request_id, scope) = (at.request_id.clone(), at.scope()?);
    let mutates = route.kind.mutates();
    Ok(Call { request, via, actor, envelope, request_id, scope, mutates })
}

/// A report as JSON, as far as Lambda carries it.
fn shown(report: Report) -> Result<Value, Problem> {
    let fits = |report: &Report| bounded_json(report, LARGEST_ANSWER).and_then(|text| text.parse().ok());
    report.fitting(fits).ok_or_else(|| Problem::new(Code::Internal, "the report is no JSON"))
}

/// The answer as the caller of Lambda's Invoke sees it. What was left undone is an error, so that
/// retries, destinations and alarms notice.
pub(crate) fn answer(answer: Answer) -> Result<Value, Problem> {
    match answer {
        Answer::Read(body) | Answer::Finding(Finding { body, .. }) => Ok(body),
        Answer::Accepted { location, retry_after, report } => shown(report)
            .map(|report| json!({ "accepted": report, "location": location, "retryAfter": retry_after })),
        Answer::Report(report) => match report.partial() {
            Some(problem) => Err(problem),
            None => shown(report),
        },
    }
}

#[cfg(test)]
mod tests {
    use shared::Outcome;
    use shared::report::Item;

    use super::*;

    #[test]
    fn a_change_that_was_made_is_answered_also_where_its_report_is_larger_than_lambda_carries() {
        let items: Vec<Item> = (0..60_000)
            .map(|n| Item::new(&format!("service/prod/s{n}"), Outcome::Changed, None, "outside the schedule"))
            .collect();
        let report = Report::new("60000 services off", false, items, Vec::new());
        let shown = answer(Answer::Report(report)).unwrap();
        assert_eq!(
            (&shown["counts"]["changed"], &shown["warnings"][0]["code"]),
            (&json!(60_000), &json!("listCut"))
        );
        assert!(shown["items"].as_array().unwrap().len() >= 10_000);
    }
}
