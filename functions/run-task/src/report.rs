//! What a run did: what was asked, what was started, what was not and why.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use shared::report::{Item, Outcome, Report};
use shared::settings::Settings;
use shared::{Code, Problem};

use crate::ask::Ask;

/// How many tasks a summary names.
const NAMED: usize = 3;
/// How long AWS remembers a token at most.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// The report of these items.
pub(crate) fn report(items: Vec<Item>, ask: &Ask, settings: &Settings, now: Timestamp) -> Report {
    let summary = format!("{}: {}", settings.headline(Some(ask.cluster.as_str())), summary(&items, ask));
    let more = told(&items, ask, now);
    Report { more, ..Report::new(summary, ask.dry_run, items, Vec::new()) }
}

/// A task was started, in this run or before.
pub(crate) fn task_arn(item: &Item) -> Option<&str> {
    item.after.as_ref()?["taskArn"].as_str()
}

fn told(items: &[Item], ask: &Ask, now: Timestamp) -> Map<String, Value> {
    let started: Vec<&Value> =
        items.iter().filter(|item| task_arn(item).is_some()).filter_map(|item| item.after.as_ref()).collect();
    let failed: Vec<Value> = items
        .iter()
        .filter(|item| task_arn(item).is_none() && !matches!(item.outcome, Outcome::Changed))
        .map(|item| {
            let retryable = item.code.is_none_or(Code::is_retryable);
            json!({ "code": item.code, "reason": item.reason, "retryable": retryable })
        })
        .collect();
    let mut told = Map::new();
    told.insert("requested".into(), json!(ask.count));
    told.insert("started".into(), json!(started));
    told.insert("failed".into(), json!(failed));
    if ask.key.given && !ask.dry_run {
        let until = now.saturating_add(REMEMBERED).unwrap_or(now);
        told.insert("rememberedUntil".into(), json!(until));
    }
    told
}

fn summary(items: &[Item], ask: &Ask) -> String {
    let name = &ask.task_definition;
    if ask.dry_run {
        return format!("{} of {name} would be started", tasks(items.len()));
    }
    let started = items.iter().filter(|item| task_arn(item).is_some()).count();
    let before = items.iter().filter(|item| item.code == Some(Code::AlreadyStarted)).count();
    let mut parts = vec![format!("{started} of {} of {name} started", tasks(ask.count))];
    if before > 0 {
        parts.push(format!("{before} of them before, under the same key"));
    }
    let missing: Vec<&Item> = items.iter().filter(|item| task_arn(item).is_none()).collect();
    if let Some(first) = missing.first() {
        parts.push(format!("{} not: {}", missing.len(), first.reason));
    }
    let ended: Vec<String> = items
        .iter()
        .filter(|item| item.after.as_ref().is_some_and(|after| after.get("containers").is_some()))
        .take(NAMED)
        .map(|item| item.reason.clone())
        .collect();
    parts.extend((!ended.is_empty()).then(|| ended.join("; ")));
    parts.join(", ")
}

fn tasks(n: usize) -> String {
    if n == 1 { "1 task".into() } else { format!("{n} tasks") }
}

/// Nothing was started: that is the request's own failure.
pub(crate) fn nothing_started(report: &Report) -> Option<Problem> {
    if report.dry_run || report.items.iter().any(|item| task_arn(item).is_some()) {
        return None;
    }
    let item = report.items.iter().find(|item| item.code.is_some())?;
    let code = item.code.unwrap_or(Code::NotStarted);
    let mut problem = Problem::new(code, format!("no task was started: {}", item.reason));
    problem.failures = report.more.get("failed").and_then(Value::as_array).cloned().unwrap_or_default();
    Some(problem)
}
