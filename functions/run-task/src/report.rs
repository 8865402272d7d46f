//! What a run did: what was asked, what was started, what was not and why.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use shared::report::{Outcome, Report};
use shared::settings::Settings;
use shared::{Code, Problem};

use crate::ask::Ask;
use crate::effect::{Item, StartedTask};
use crate::plan::{REMEMBERED, is_unknown};

/// How many tasks a summary names.
const NAMED: usize = 3;
/// How long AWS remembers a token after its task has ended, and describes that task.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>
const AFTER_THE_END: SignedDuration = SignedDuration::from_hours(1);

/// The report of these items.
pub(crate) fn report(mut items: Vec<Item>, ask: &Ask, settings: &Settings, now: Timestamp) -> Report {
    lost(&mut items, ask);
    let summary = format!("{}: {}", settings.headline(Some(ask.cluster.as_str())), summary(&items, ask));
    let more = told(&items, ask, now);
    Report { more, ..Report::new(summary, ask.dry_run, items, Vec::new()) }
}

/// Says of tasks that nobody knows of how to find out.
pub(crate) fn lost(items: &mut [Item], ask: &Ask) {
    for item in items.iter_mut().filter(|item| is_lost(item, ask)) {
        item.reason = format!(
            "no answer came, and it may have been started: look for tasks that were started by {} before it \
             is asked for again",
            ask.started_by
        );
    }
}

/// A task was started, in this run or before.
pub(crate) fn task_arn(item: &Item) -> Option<&str> {
    Some(&item.after.as_ref()?.task_arn)
}

fn told(items: &[Item], ask: &Ask, now: Timestamp) -> Map<String, Value> {
    let started: Vec<&StartedTask> = items.iter().filter_map(|item| item.after.as_ref()).collect();
    let mut told = Map::new();
    told.insert("requested".into(), json!(ask.count));
    told.insert("started".into(), json!(started));
    told.insert("failed".into(), json!(failed(items, ask)));
    if ask.key.given && !ask.dry_run {
        told.insert("rememberedUntil".into(), json!(remembered_until(items, now)));
    }
    told
}

fn failed(items: &[Item], ask: &Ask) -> Vec<Value> {
    items
        .iter()
        .filter(|item| task_arn(item).is_none() && !matches!(item.outcome, Outcome::Changed))
        .map(|item| {
            let retryable = item.code.is_none_or(Code::is_retryable) && !is_lost(item, ask);
            json!({ "code": item.code, "reason": item.reason, "retryable": retryable })
        })
        .collect()
}

/// Until when the same key finds what it started, at the most.
fn remembered_until(items: &[Item], now: Timestamp) -> Timestamp {
    let tasks = || items.iter().filter_map(|item| item.after.as_ref());
    let started = tasks().filter_map(|task| task.created_at?.saturating_add(REMEMBERED).ok());
    let ended = tasks().filter_map(|task| task.stopped_at?.saturating_add(AFTER_THE_END).ok());
    // Of a task that has ended AWS may not say when.
    let is_over = tasks().any(|task| task.last_status == "STOPPED");
    let most = if is_over { AFTER_THE_END } else { REMEMBERED };
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
        .filter(|item| item.after.as_ref().is_some_and(|task| task.watched.is_some()))
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
pub(crate) fn nothing_started(items: &[Item], ask: &Ask) -> Option<Problem> {
    if items.iter().any(|item| task_arn(item).is_some()) {
        return None;
    }
    let unknown = items.iter().find(|item| is_unknown(item.code));
    let item = unknown.or_else(|| items.iter().find(|item| item.code.is_some()))?;
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
    problem.failures = failed(items, ask);
    Some(problem)
}
