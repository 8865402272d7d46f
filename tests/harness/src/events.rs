//! The files of `events/`, and what each must be answered.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;

/// The answer that a file of `events/` must get in the demo world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A REST event: a response of this status, and the problem's code if it is one.
    Rest(u16, &'static str),
    /// A scheduled or direct event: an answer.
    Answer,
    /// A scheduled or direct event: a Lambda error of this type.
    Error(&'static str),
}

use Expected::{Answer, Error, Rest};

/// What each file of `events/scale-service/` must be answered.
pub const SCALE_SERVICE: &[(&str, Expected)] = &[
    ("rest-scale-to-zero", Rest(200, "")),
    ("rest-scale-to-three", Rest(200, "")),
    ("rest-scale-beyond-autoscaling", Rest(200, "")),
    ("rest-stop-service", Rest(200, "")),
    ("rest-start-service", Rest(200, "")),
    ("rest-stop-dry-run", Rest(200, "")),
    ("rest-stop-cluster", Rest(200, "")),
    ("rest-stop-cluster-by-tag", Rest(200, "")),
    ("rest-stop-cluster-unknown-name", Rest(207, "")),
    ("rest-start-cluster", Rest(200, "")),
    ("rest-start-summary", Rest(200, "")),
    ("rest-base64-body", Rest(200, "")),
    ("scheduled-stop", Answer),
    ("scheduled-start", Answer),
    ("scheduled-stop-one-cluster", Answer),
    ("scheduled-stop-too-late", Answer),
    ("direct-scale", Answer),
    ("direct-stop-by-arn", Answer),
    ("direct-start-service", Answer),
    ("direct-stop-clusters-dry-run", Answer),
    ("scheduled-reconcile", Answer),
    ("rest-reconcile-dry-run", Rest(200, "")),
    ("rest-put-override", Rest(200, "")),
    ("rest-put-cluster-override", Rest(200, "")),
    ("rest-delete-override", Rest(200, "")),
    ("rest-delete-cluster-override", Rest(200, "")),
    ("direct-put-override", Answer),
    ("rest-scale-group", Rest(200, "")),
    ("rest-scale-group-with-a-new-max", Rest(200, "")),
    ("rest-stop-cluster-with-machines", Rest(202, "")),
    ("rest-start-cluster-with-machines", Rest(200, "")),
    ("direct-scale-group", Answer),
    ("direct-stop-machines-dry-run", Answer),
    ("rest-preview", Rest(200, "")),
    ("bad-unknown-field", Rest(400, "badRequest")),
    ("bad-wrong-type", Rest(400, "badRequest")),
    ("bad-negative-count", Rest(400, "badRequest")),
    ("bad-fractional-count", Rest(400, "badRequest")),
    ("bad-huge-count", Rest(422, "beyondMax")),
    ("bad-endless-count", Rest(400, "badRequest")),
    ("bad-empty-body", Rest(400, "badRequest")),
    ("bad-not-json", Rest(400, "badRequest")),
    ("bad-body-is-a-list", Rest(400, "badRequest")),
    ("bad-field-twice-in-body", Rest(400, "badRequest")),
    ("bad-field-in-path-and-body", Rest(400, "badRequest")),
    ("bad-query-twice", Rest(400, "badRequest")),
    ("bad-query-unknown", Rest(400, "badRequest")),
    ("bad-query-not-a-flag", Rest(400, "badRequest")),
    ("bad-expression", Rest(400, "badRequest")),
    ("bad-not-utf8", Rest(400, "badRequest")),
    ("bad-not-base64", Rest(400, "badRequest")),
    ("bad-name-in-path", Rest(400, "badRequest")),
    ("bad-slash-in-path", Rest(400, "badRequest")),
    ("bad-dots-in-path", Rest(400, "badRequest")),
    ("bad-encoded-name", Rest(400, "badRequest")),
    ("bad-arn-in-path", Rest(400, "badRequest")),
    ("bad-other-cluster-in-body", Rest(403, "outsideScope")),
    ("bad-empty-selector", Rest(400, "badRequest")),
    ("bad-clusters-over-rest", Rest(400, "badRequest")),
    ("bad-schedule-over-rest", Rest(400, "badRequest")),
    ("bad-unknown-service", Rest(404, "notFound")),
    ("bad-unknown-cluster", Rest(404, "notFound")),
    ("bad-daemon", Rest(409, "daemon")),
    ("bad-group-outside-bounds", Rest(422, "outsideGroupBounds")),
    ("bad-group-min-above-max", Rest(422, "outsideGroupBounds")),
    ("bad-group-beyond-max", Rest(422, "beyondMax")),
    ("bad-unknown-group", Rest(404, "notFound")),
    ("bad-machines-of-some-services", Rest(400, "badRequest")),
    ("bad-direct-group-of-another-account", Error("outsideScope")),
    ("bad-preview", Rest(400, "badRequest")),
    ("bad-override-two-ends", Rest(422, "badOverride")),
    ("bad-override-past", Rest(422, "badOverride")),
    ("bad-override-too-long", Rest(422, "badOverride")),
    ("bad-override-no-end", Rest(400, "badRequest")),
    ("bad-override-no-schedule", Rest(422, "noSchedule")),
    ("bad-override-state", Rest(400, "badRequest")),
    ("bad-reconcile-force", Rest(400, "badRequest")),
    ("bad-route", Rest(404, "unknownRoute")),
    ("bad-direct-unknown-action", Error("unknownAction")),
    ("bad-direct-no-action", Error("badRequest")),
    ("bad-direct-mistyped-dry-run", Error("badRequest")),
    ("bad-direct-no-cluster", Error("badRequest")),
    ("bad-direct-other-account", Error("outsideScope")),
    ("bad-direct-other-region", Error("outsideScope")),
    ("bad-direct-far-ahead", Error("badRequest")),
    ("bad-direct-max-age", Error("badRequest")),
    ("bad-half-a-rest-event", Error("badRequest")),
    ("bad-not-an-object", Error("badRequest")),
];

/// What each file of `events/describe-cluster/` must be answered.
pub const DESCRIBE_CLUSTER: &[(&str, Expected)] = &[
    ("rest-list-clusters", Rest(200, "")),
    ("rest-clusters-and-their-tasks", Rest(200, "")),
    ("rest-describe-cluster", Rest(200, "")),
    ("rest-list-services", Rest(200, "")),
    ("rest-describe-service", Rest(200, "")),
    ("rest-list-tasks", Rest(200, "")),
    ("rest-tasks-of-a-service", Rest(200, "")),
    ("rest-stopped-tasks", Rest(200, "")),
    ("rest-agenda", Rest(200, "")),
    ("rest-agenda-of-a-week", Rest(200, "")),
    ("rest-savings", Rest(200, "")),
    ("rest-week", Rest(200, "")),
    ("rest-week-as-a-page", Rest(200, "")),
    ("rest-wake-check", Rest(200, "")),
    ("rest-agenda-with-wakes", Rest(200, "")),
    ("bad-at-in-a-wake-check", Rest(400, "badRequest")),
    ("rest-clusters-as-a-table", Rest(200, "")),
    ("rest-clusters-with-statistics", Rest(200, "")),
    ("rest-capacity", Rest(200, "")),
    ("rest-services-by-name", Rest(200, "")),
    ("rest-a-page-of-tasks", Rest(200, "")),
    ("rest-tasks-of-a-family", Rest(200, "")),
    ("rest-list-task-definitions", Rest(200, "")),
    ("rest-describe-task-definition", Rest(200, "")),
    ("rest-list-auto-scaling-groups", Rest(200, "")),
    ("rest-describe-auto-scaling-group", Rest(200, "")),
    ("direct-describe-task-definition", Answer),
    ("direct-list-clusters-by-name", Answer),
    ("bad-accept", Rest(406, "notAcceptable")),
    ("bad-cursor", Rest(400, "badRequest")),
    ("bad-limit", Rest(400, "badRequest")),
    ("bad-include", Rest(400, "badRequest")),
    ("bad-revision", Rest(400, "badRequest")),
    ("bad-unknown-task-definition", Rest(404, "notFound")),
    ("bad-group-in-path", Rest(400, "badRequest")),
    ("bad-unknown-group", Rest(404, "notFound")),
    ("direct-list-clusters", Answer),
    ("direct-describe-service-by-arn", Answer),
    ("direct-list-tasks", Answer),
    ("direct-agenda", Answer),
    ("direct-savings", Answer),
    ("direct-week", Answer),
    ("direct-wake-check", Answer),
    ("scheduled-wake-check", Answer),
    ("bad-expression", Rest(400, "badRequest")),
    ("bad-query-unknown", Rest(400, "badRequest")),
    ("bad-body", Rest(400, "badRequest")),
    ("bad-dry-run", Rest(400, "badRequest")),
    ("bad-status", Rest(400, "badRequest")),
    ("bad-hours", Rest(400, "badRequest")),
    ("bad-days", Rest(400, "badRequest")),
    ("bad-hours-not-a-number", Rest(400, "badRequest")),
    ("bad-other-cluster-in-query", Rest(403, "outsideScope")),
    ("bad-name-in-path", Rest(400, "badRequest")),
    ("bad-unknown-cluster", Rest(404, "notFound")),
    ("bad-unknown-service", Rest(404, "notFound")),
    ("bad-unknown-task", Rest(404, "notFound")),
    ("bad-direct-default-cluster", Error("notFound")),
    ("bad-direct-unknown-action", Error("unknownAction")),
];

/// What each file of `events/run-task/` must be answered.
pub const RUN_TASK: &[(&str, Expected)] = &[
    ("rest-run-like-a-service", Rest(200, "")),
    ("rest-run-with-a-key", Rest(200, "")),
    ("rest-run-with-overrides", Rest(200, "")),
    ("rest-run-with-placement", Rest(200, "")),
    ("rest-run-with-a-larger-task", Rest(200, "")),
    ("rest-dry-run", Rest(200, "")),
    ("direct-run-by-arn", Answer),
    ("nightly", Answer),
    ("bad-count-zero", Rest(400, "badRequest")),
    ("bad-count-too-many", Rest(400, "badRequest")),
    ("bad-unknown-field", Rest(400, "badRequest")),
    ("bad-no-network", Rest(422, "impossible")),
    ("bad-network", Rest(422, "impossible")),
    ("bad-unknown-container", Rest(422, "unknownContainer")),
    ("bad-both-launch-types", Rest(422, "impossible")),
    ("bad-role-override", Rest(403, "overrideNotAllowed")),
    ("bad-long-overrides", Rest(422, "impossible")),
    ("bad-placement-on-fargate", Rest(422, "impossible")),
    ("bad-volume", Rest(422, "impossible")),
    ("bad-volume-of-another-account", Rest(403, "outsideScope")),
    ("bad-verdict-of", Rest(400, "badRequest")),
    ("bad-verdict-of-unknown-container", Rest(422, "unknownContainer")),
    ("bad-environment-file", Rest(400, "badRequest")),
    ("bad-propagate-tags", Rest(400, "badRequest")),
    ("bad-unknown-task-definition", Rest(404, "notFound")),
    ("bad-unknown-cluster", Rest(404, "notFound")),
    ("bad-other-account", Rest(403, "outsideScope")),
    ("bad-direct-unknown-action", Error("unknownAction")),
];

/// What each file of `events/stop-task/` must be answered.
pub const STOP_TASK: &[(&str, Expected)] = &[
    ("rest-stop-by-family", Rest(200, "")),
    ("rest-stop-by-starter-dry-run", Rest(200, "")),
    ("direct-stop-by-starter", Answer),
    ("bad-unknown-task", Rest(404, "notFound")),
    ("bad-force", Rest(400, "badRequest")),
    ("bad-wait", Rest(400, "badRequest")),
    ("bad-unknown-field", Rest(400, "badRequest")),
    ("bad-all-of-a-cluster", Rest(400, "badRequest")),
    ("bad-force-in-bulk", Rest(400, "badRequest")),
    ("bad-family-with-revision", Rest(400, "badRequest")),
    ("bad-arn-in-path", Rest(400, "badRequest")),
    ("bad-direct-unknown-task", Error("notFound")),
    ("bad-direct-other-cluster", Error("outsideScope")),
];

/// What each file of `events/prune-images/` must be answered.
pub const PRUNE_IMAGES: &[(&str, Expected)] = &[
    ("rest-list-repositories", Rest(200, "")),
    ("rest-repository-names", Rest(200, "")),
    ("rest-list-images", Rest(200, "")),
    ("rest-list-images-page", Rest(200, "")),
    ("rest-list-in-use", Rest(200, "")),
    ("rest-write-in-use", Rest(200, "")),
    ("rest-prune-dry-run", Rest(200, "")),
    ("rest-prune-request-policy", Rest(200, "")),
    ("rest-prune", Rest(200, "")),
    ("rest-prune-own-policy", Rest(200, "")),
    ("rest-evaluate", Rest(200, "")),
    ("scheduled-prune", Answer),
    ("scheduled-write-in-use", Answer),
    ("direct-prune-dry-run", Answer),
    ("direct-prune-tightened", Answer),
    ("direct-prune-in-use-from", Answer),
    ("direct-list-repositories", Answer),
    ("direct-list-images", Answer),
    ("direct-list-in-use", Answer),
    ("direct-write-in-use", Answer),
    ("direct-evaluate", Answer),
    ("bad-invalid-policy", Rest(422, "invalidPolicy")),
    ("bad-policy-is-a-word", Rest(422, "invalidPolicy")),
    ("bad-own-policy-applied", Rest(422, "dryRunOnly")),
    ("bad-looser-guard", Rest(422, "beyondMax")),
    ("bad-plan-changed", Rest(409, "planChanged")),
    ("bad-empty-repositories", Rest(400, "badRequest")),
    ("bad-repository-arn", Rest(400, "badRequest")),
    ("bad-unknown-field", Rest(400, "badRequest")),
    ("bad-in-use-from", Rest(400, "badRequest")),
    ("bad-prune-not-json", Rest(400, "badRequest")),
    ("bad-list-images-no-repository", Rest(400, "badRequest")),
    ("bad-list-images-bad-name", Rest(400, "badRequest")),
    ("bad-list-images-unknown", Rest(404, "notFound")),
    ("bad-list-images-cursor", Rest(400, "badRequest")),
    ("bad-list-images-limit", Rest(400, "badRequest")),
    ("bad-evaluate-invalid-policy", Rest(422, "invalidPolicy")),
    ("bad-evaluate-impossible-images", Rest(400, "badRequest")),
    ("bad-evaluate-no-images", Rest(400, "badRequest")),
    ("bad-evaluate-dry-run", Rest(400, "badRequest")),
    ("bad-direct-unknown-action", Error("unknownAction")),
    ("bad-direct-mistyped-dry-run", Error("badRequest")),
    ("bad-direct-list-with-fields", Error("badRequest")),
    ("bad-direct-far-ahead", Error("badRequest")),
];

/// The instant that the files' `at` is written for.
pub const WRITTEN_FOR: &str = "2026-11-24T23:00:00Z";

/// The names of a function's files, so that none goes without an expectation.
#[must_use]
pub fn names(function: &str) -> BTreeSet<String> {
    let folder = folder(function);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// An event, as its file says.
#[must_use]
pub fn read(function: &str, name: &str) -> Value {
    let file = folder(function).join(format!("{name}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// An event that is meant for `now`; one whose name says that it comes late or from ahead keeps
/// its distance from [`WRITTEN_FOR`].
#[must_use]
pub fn read_at(function: &str, name: &str, now: Timestamp) -> Value {
    let mut event = read(function, name);
    if let Some(at) = event.get("at").and_then(Value::as_str) {
        let written_for: Timestamp = WRITTEN_FOR.parse().unwrap();
        let at: Timestamp = at.parse().unwrap();
        let keeps_distance = name.contains("late") || name.contains("ahead");
        let moved = if keeps_distance { now + at.duration_since(written_for) } else { now };
        event["at"] = moved.to_string().into();
    }
    event
}

/// The event with what real requests carry and nobody may see: each secret says `CANARY`. One that is no REST event is
/// as it was.
#[must_use]
pub fn with_secrets(mut event: Value) -> Value {
    if event.get("requestContext").is_none_or(|context| !context.is_object()) {
        return event;
    }
    let signature =
        "AWS4-HMAC-SHA256 Credential=CANARY/20261124/sa-east-1/execute-api/aws4_request, Signature=CANARY";
    for (header, secret) in [
        ("Authorization", signature),
        ("X-Amz-Security-Token", "CANARY-token"),
        ("Cookie", "session=CANARY"),
        ("X-Api-Key", "CANARY-key"),
    ] {
        for (headers, value) in
            [("headers", Value::from(secret)), ("multiValueHeaders", Value::from(vec![secret]))]
        {
            if event[headers].is_object() {
                event[headers][header] = value;
            }
        }
    }
    event["requestContext"]["identity"]["apiKey"] = "CANARY-key".into();
    event["requestContext"]["identity"]["accessKey"] = "CANARY-key".into();
    event["stageVariables"] = serde_json::json!({ "token": "CANARY" });
    event
}

fn folder(function: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../events", function].iter().collect()
}

/// Fails unless the answer is what the file's event must get.
pub fn check(name: &str, expected: Expected, answer: &Result<Value, Value>) {
    match (expected, answer) {
        // A table or a page for people.
        (Rest(status, ""), Ok(response))
            if ["text/plain; charset=utf-8", "text/html; charset=utf-8"]
                .iter()
                .any(|kind| response["multiValueHeaders"]["content-type"][0] == *kind) =>
        {
            assert_eq!(response["statusCode"], status, "{name}: {response}");
            assert!(response["body"].as_str().is_some_and(|text| text.lines().count() > 1), "{name}");
        }
        (Rest(status, code), Ok(response)) => {
            let body: Value = serde_json::from_str(response["body"].as_str().unwrap_or_default())
                .unwrap_or_else(|e| panic!("{name}: the body is no JSON ({e}): {response}"));
            assert_eq!(response["statusCode"], status, "{name}: {body}");
            assert_eq!(body.get("code").and_then(Value::as_str).unwrap_or_default(), code, "{name}: {body}");
            let kind = if code.is_empty() { "application/json" } else { "application/problem+json" };
            assert_eq!(response["multiValueHeaders"]["content-type"][0], kind, "{name}");
            if !code.is_empty() {
                for field in ["type", "title", "status", "detail", "retryable", "requestId"] {
                    assert!(body.get(field).is_some(), "{name}: the problem has no {field}: {body}");
                }
            }
        }
        (Answer, Ok(answer)) => assert!(answer.get("statusCode").is_none(), "{name}: {answer}"),
        (Error(code), Err(error)) => {
            assert_eq!(error["errorType"], code, "{name}: {error}");
            let message = error["errorMessage"].as_str().unwrap_or_default();
            let problem: Value =
                serde_json::from_str(message).unwrap_or_else(|e| panic!("{name}: {e}: {message}"));
            assert_eq!(problem["code"], code, "{name}");
        }
        _ => panic!("{name}: wanted {expected:?}, got {answer:?}"),
    }
}
