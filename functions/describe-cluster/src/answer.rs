//! What was seen, in AWS's own shapes; what is ours stands in a `steward` object beside it.

use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::application_autoscaling::ScalableTarget;
use shared::ecs::Service;
use shared::record::Record;
use shared::settings::TagKeys;

use crate::observe::Snapshot;

/// The body of an answer.
#[must_use]
pub fn body(seen: &Snapshot, tags: &TagKeys) -> Value {
    let mut body = Map::new();
    if let Some(clusters) = &seen.clusters {
        body.insert("clusters".into(), json!(clusters));
    }
    if let Some(services) = &seen.services {
        let shown: Vec<_> = services.iter().map(|service| shown(service, seen, tags)).collect();
        body.insert("services".into(), json!(shown));
    }
    if let Some(tasks) = &seen.tasks {
        body.insert("tasks".into(), json!(tasks));
    }
    body.insert("failures".into(), json!(seen.failures));
    Value::Object(body)
}

/// A service with what is ours beside it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    service: &'a Service,
    steward: Steward<'a>,
}

/// What ecs-steward knows of a service.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Steward<'a> {
    /// `off` exactly when the desired count is 0.
    state: &'static str,
    /// The record, read; `null` when it was never stopped.
    record: Option<Value>,
    /// What autoscaling may do.
    scalable_target: Option<&'a ScalableTarget>,
}

fn shown<'a>(service: &'a Service, seen: &'a Snapshot, tags: &TagKeys) -> Shown<'a> {
    let record =
        service.tags.iter().find(|tag| tag.key == tags.record).map(|tag| match tag.value.parse::<Record>() {
            Ok(record) => json!(record),
            Err(fault) => json!({ "unreadable": fault.to_string() }),
        });
    let state = if service.desired_count == 0 { "off" } else { "on" };
    Shown { service, steward: Steward { state, record, scalable_target: seen.target_of(service) } }
}
