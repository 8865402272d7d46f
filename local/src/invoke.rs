//! `cargo local invoke`: one event through a function.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::Payload;
use shared_lambda::LambdaError;

use crate::system::{Clock, Setup, StartFault, System};

/// Why a file holds no event.
#[derive(Debug, thiserror::Error)]
pub enum EventFault {
    /// It can't be read.
    #[error("{}: it can't be read: {source}", .file.display())]
    Unreadable {
        /// The file, `-` for the standard input.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not JSON.
    #[error("{}: it is not JSON: {source}", .file.display())]
    NotJson {
        /// The file, `-` for the standard input.
        file: PathBuf,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
}

/// The event in a file, or on the standard input where the file is `-`.
pub fn event(file: &Path) -> Result<Payload, EventFault> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        io::stdin().read_to_end(&mut bytes).map(drop)
    } else {
        fs::read(file).map(|read| bytes = read)
    };
    read.map_err(|source| EventFault::Unreadable { file: file.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| EventFault::NotJson { file: file.to_owned(), source })
}

/// Sends one event to a function, and returns its answer or its Lambda error.
///
/// An embedded AWS goes on to the event's `at`, where it has one: an event is sent when it is due.
pub async fn invoke(
    setup: Setup,
    function: &str,
    event: Payload,
) -> Result<Result<Value, LambdaError>, StartFault> {
    if let Clock::Embedded(aws) = &setup.clock
        && let Some(at) =
            event.as_json().get("at").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok())
    {
        aws.move_to(at);
    }
    let system = System::start(setup).await?;
    Ok(system.invoke_as_lambda(function, event).await)
}

/// A Lambda error to be read by a person: its message is JSON in a text, and shown as JSON.
#[must_use]
pub fn shown(error: &LambdaError) -> Value {
    let message = serde_json::from_str(&error.error_message)
        .ok()
        .filter(Value::is_object)
        .unwrap_or_else(|| Value::from(error.error_message.as_str()));
    json!({ "errorType": error.error_type, "errorMessage": message })
}

#[cfg(test)]
mod tests {
    use emulator::{Aws, World};

    use super::*;

    async fn sent(function: &str, event: Value) -> Result<Value, Value> {
        let setup = Setup::embedded(&Aws::new(World::demo()));
        invoke(setup, function, event.into()).await.unwrap().map_err(|error| shown(&error))
    }

    #[tokio::test]
    async fn an_event_meets_the_world_at_its_own_instant() {
        let event = json!({
            "action": "stop", "clusters": ["micro*"],
            "at": "2026-11-24T20:00:00-03:00",
            "schedule": "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/stop",
        });
        let report = sent("scale-service", event).await.unwrap();
        assert_eq!(report["counts"]["changed"], 3, "{report}");
    }

    #[tokio::test]
    async fn an_error_shows_its_message_as_json() {
        let error = sent("scale-service", json!({"action": "stopp"})).await.unwrap_err();
        assert_eq!(error["errorType"], "unknownAction");
        assert_eq!(error["errorMessage"]["code"], "unknownAction");
    }

    #[tokio::test]
    async fn two_requests_to_run_a_task_without_a_key_start_two_whichever_process_sends_them() {
        let aws = Aws::new(World::demo());
        let event = json!({"action": "runTask", "cluster": "microservices", "taskDefinition": "threads",
            "like": "threads"});
        let mut arns = Vec::new();
        for _ in 0..2 {
            let answer =
                invoke(Setup::embedded(&aws), "run-task", event.clone().into()).await.unwrap().unwrap();
            assert_eq!(answer["started"].as_array().unwrap().len(), 1, "{answer}");
            arns.push(answer["started"][0]["taskArn"].clone());
        }
        assert_ne!(arns[0], arns[1]);
    }

    #[tokio::test]
    async fn a_field_that_stands_twice_in_an_event_is_a_400_and_nothing_is_done() {
        let text = r#"{"action":"scale","cluster":"microservices","service":"users","desiredCount":0,"dryRun":true,"dryRun":false}"#;
        let aws = Aws::new(World::demo());
        let event: Payload = serde_json::from_str(text).unwrap();
        let error = invoke(Setup::embedded(&aws), "scale-service", event).await.unwrap().unwrap_err();
        assert_eq!(error.error_type, "badRequest");
        assert!(error.error_message.contains("given twice"), "{error:?}");
        assert!(aws.writes().is_empty());
    }

    #[test]
    fn a_file_that_is_no_event_is_named() {
        let fault = event(Path::new("/nowhere/event.json")).unwrap_err().to_string();
        assert!(fault.starts_with("/nowhere/event.json: it can't be read: "), "{fault}");
        let fault =
            event(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).unwrap_err().to_string();
        assert!(fault.contains("Cargo.toml: it is not JSON: "), "{fault}");
    }
}
