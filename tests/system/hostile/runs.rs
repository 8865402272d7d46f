//! One run of an action in a process of its own, and what was told of it.

use std::time::Duration;

use emulator::Aws;
use jiff::SignedDuration;
use local::{Response, Sent, System};
use serde_json::{Value, json};
use shared_lambda::Limits;
use tokio::time::Instant;

use super::actions::Action;
use super::worlds::setup;
use crate::openapi;

/// How a request comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// A scheduled or direct event.
    Event,
    /// A request to the API.
    Rest,
}

/// What a run is given beside its request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Conditions {
    /// How far its clock is ahead of AWS's.
    pub(super) ahead: SignedDuration,
    /// How long it may take; what Lambda and API Gateway give it, if it does not say.
    pub(super) deadline: Option<Duration>,
}

/// What was told, and how long that took.
pub(super) struct Told {
    pub(super) carrier: Carrier,
    /// A report, a read, or a problem.
    pub(super) body: Value,
    /// The HTTP status; for an event 200 or 500.
    pub(super) status: u16,
    pub(super) took: Duration,
}

impl Told {
    /// All is well, it says.
    pub(super) fn is_success(&self) -> bool {
        matches!(self.status, 200 | 202)
    }

    /// The report, where there is a whole one.
    pub(super) fn items(&self) -> Option<&Vec<Value>> {
        self.body["items"].as_array().filter(|_| self.body["counts"].is_object())
    }
}

/// The most that Lambda gives a function, as the template and `local` have it.
pub(super) const LAMBDA: Duration = Duration::from_mins(15);

/// Sends an action to a process that has just begun.
pub(super) async fn run(aws: &Aws, action: &Action, carrier: Carrier, conditions: Conditions) -> Told {
    let mut setup = setup(aws).ahead(conditions.ahead);
    if let Some(most) = conditions.deadline {
        setup.limits = Limits { reserve: LAMBDA.saturating_sub(most), rest: most };
    }
    let system = System::start(setup).await.unwrap();
    send(&system, action, carrier).await
}

async fn send(system: &System, action: &Action, carrier: Carrier) -> Told {
    let begun = Instant::now();
    let (status, body) = match (carrier, &action.rest) {
        (Carrier::Rest, Some((method, path, body))) => {
            let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
            let sent = Sent { method: (*method).into(), path: path.clone(), headers: Vec::new(), body };
            let answer: Response = openapi::request(system, &sent).await;
            (answer.status, answer.json())
        }
        _ => match system.invoke(action.function, action.event.clone()).await {
            Ok(body) => (200, body),
            Err(problem) => {
                let told =
                    json!({"code": problem.code, "detail": problem.detail, "failures": problem.failures});
                (500, told)
            }
        },
    };
    Told { carrier, body, status, took: begun.elapsed() }
}
