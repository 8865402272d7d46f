//! Scheduled and direct events: the request is the event itself.

use serde_json::{Map, Value, json};
use shared::call::Kind;
use shared::problem::Problem;
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
        Problem::new(Code::UnknownAction, format!("{shown:?} is no action of this function"))
    })?;
    let (request, envelope) = parse(route, fields)?;
    let (via, actor) = match &envelope.schedule {
        Some(schedule) => (Via::Scheduled, Actor::new(schedule)),
        // Lambda tells a function nothing of who invoked it; CloudTrail does.
        None => (Via::Direct, Actor::new("direct invocation")),
    };
    let (request_id, scope) = (at.request_id.clone(), at.scope()?);
    let mutates = route.kind != Kind::Read;
    Ok(Call { request, via, actor, envelope, request_id, scope, mutates })
}

/// The answer as the caller of Lambda's Invoke sees it. What was left undone is an error, so that
/// retries, destinations and alarms notice.
pub(crate) fn answer(answer: Answer) -> Result<Value, Problem> {
    match answer {
        Answer::Read(body) => Ok(body),
        Answer::Accepted { location, retry_after, body } => {
            Ok(json!({ "accepted": body, "location": location, "retryAfter": retry_after }))
        }
        Answer::Report(report) => match report.partial() {
            Some(problem) => Err(problem),
            None => serde_json::to_value(report)
                .map_err(|e| Problem::new(Code::Internal, "the report is no JSON").because(e)),
        },
    }
}
