//! What a run did: what was asked, what was started, what was not and why.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use shared::report::{Item, Outcome, Report};
use shared::settings::Settings;
use shared::{Code, Problem};

use crate::ask::Ask;
use crate::plan::{REMEMBERED, is_unknown};

/// How many tasks a summary names.
const NAMED: usize = 3;
/// How long AWS remembers a token after its task has ended, and describes that task.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>
const AFTER_THE_END: SignedDuration = SignedDuration::from_hours(1);

/// The report of these items.
pub(crate) fn report(mut items: Vec<Item>, ask: &Ask, settings: &Settings, now: Timestamp) -> Report {
    for item in items.iter_mut().filter(|item| is_lost(item, ask)) {
        item.reason = format!(
            "no answer came, and it may have been started: look for tasks that were started by {} before it \
             is asked for again",
            ask.started_by
        );
    }
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
            let retryable = item.code.is_none_or(Code::is_retryable) && !is_lost(item, ask);
            json!({ "code": item.code, "reason": item.reason, "retryable": retryable })
        })
        .collect();
    let mut told = Map::new();
    told.insert("requested".into(), json!(ask.count));
    told.insert("started".into(), json!(started));
    told.insert("failed".into(), json!(failed));
    if ask.key.given && !ask.dry_run {
        told.insert("rememberedUntil".into(), json!(remembered_until(items, now)));
    }
    told
}

/// Until when the same key finds what it started, at the most.
fn remembered_until(items: &[Item], now: Timestamp) -> Timestamp {
    let after = |item: &Item, field: &str, how_long| -> Option<Timestamp> {
        let at: Timestamp = item.after.as_ref()?[field].as_str()?.parse().ok()?;
        at.saturating_add(how_long).ok()
    };
    let started = items.iter().filter_map(|item| after(item, "createdAt", REMEMBERED));
    let ended = items.iter().filter_map(|item| after(item, "stoppedAt", AFTER_THE_END));
    // Of a task that has ended AWS may not say when.
    let is_over = |item: &Item| item.after.as_ref().is_some_and(|after| after["lastStatus"] == "STOPPED");
    let most = if items.iter().any(is_over) { AFTER_THE_END } else { REMEMBERED };
    started.chain(ended).chain(now.saturating_add(most)).min().unwrap_or(now)
}

/// Nobody knows whether it was started, and no repeat would find out: a request without a key is
/// another each time.
fn is_lost(item: &Item, ask: &Ask) -> bool {
    is_unknown(item.code) && !ask.key.given
}

fn summary(items: &[Item], ask: &Ask) -> String {
    let name = &ask.task_definition;
    let before = items.iter().filter(|item| item.code == Some(Code::AlreadyStarted)).count();
    if ask.dry_run {
        let would = format!("{} of {name} would be started", tasks(items.len() - before));
        let there = (before > 0).then(|| format!(", {before} were before, under the same key"));
        return would + &there.unwrap_or_default();
    }
    let started = items.iter().filter(|item| task_arn(item).is_some()).count();
    let mut parts = vec![format!("{started} of {} of {name} started", tasks(ask.count))];
    if before > 0 {
        parts.push(format!("{before} of them before, under the same key"));
    }
    let missing = items.iter().filter(|item| task_arn(item).is_none());
    let (unknown, not): (Vec<&Item>, Vec<&Item>) = missing.partition(|item| is_unknown(item.code));
    for (those, word) in [(not, "not"), (unknown, "not known")] {
        parts.extend(those.first().map(|first| format!("{} {word}: {}", those.len(), first.reason)));
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
pub(crate) fn nothing_started(report: &Report, ask: &Ask) -> Option<Problem> {
    if report.dry_run || report.items.iter().any(|item| task_arn(item).is_some()) {
        return None;
    }
    let unknown = report.items.iter().find(|item| is_unknown(item.code));
    let item = unknown.or_else(|| report.items.iter().find(|item| item.code.is_some()))?;
    let code = item.code.unwrap_or(Code::NotStarted);
    let mut problem = if is_lost(item, ask) {
        let detail = format!(
            "it is not known whether a task was started: {}. Give an idempotencyKey: under one a repeat \
             starts only what is missing",
            item.reason
        );
        Problem { retryable: false, ..Problem::new(code, detail) }
    } else if unknown.is_some() {
        let detail = format!("it is not known whether a task was started: {}", item.reason);
        Problem::new(code, format!("{detail}. The same request under the same key finds out"))
    } else {
        Problem::new(code, format!("no task was started: {}", item.reason))
    };
    problem.failures = report.more.get("failed").and_then(Value::as_array).cloned().unwrap_or_default();
    Some(problem)
}
