//! Stop: when no task is left, the size into the record, alarms and scheduled actions to sleep, the
//! group to zero.

use serde_json::json;
use shared::Code;
use shared::autoscaling::{GroupSize, Suspended};
use shared::groups::LinkedBy;
use shared::record::{By, Capacity, Record, State};
use shared::report::{Item, Outcome, Warning};

use super::Case;
use crate::plan::{CHANGE, Decision, GROUPS_DOWN, Step};

/// How many tasks a reason names.
const NAMED: usize = 3;

/// A stop by request: it is written down, and reconcile finishes it.
pub(super) fn begin(case: &Case<'_>) -> Decision {
    match &case.record {
        Some(record) if record.state == State::Off && is_off(case) => return already_off(case, record),
        Some(record) if record.state == State::Stopping => return already_begun(case, record),
        _ => {}
    }
    if let Some(item) = case.stale().or_else(|| case.untaggable()) {
        return item.into();
    }
    let size = size(case);
    let reason = "stops as asked, once no task is left on its instances";
    let mut item = case.item(Outcome::Changed, None, reason);
    item.after = Some(json!({ "desiredCapacity": case.count(), "stopping": true, "saved": size.count }));
    item.warnings.extend(case.orphaned());
    item.warnings.extend(without_a_size(case, &size));
    let record = case.record_of(State::Stopping, size);
    Decision { item, stages: vec![(CHANGE, vec![case.write(record, 0)])] }
}

/// A stop that a transition wants, or that was begun.
pub(super) fn decide(case: &Case<'_>) -> Decision {
    if let Some(item) = misled(case).or_else(|| case.untaggable()) {
        return item.into();
    }
    let finishing = case.record.as_ref().is_some_and(|record| record.state == State::Stopping);
    let size = size(case);
    // Ahead of every change: a size is written down before it is gone.
    let new = !finishing || case.record.as_ref().is_some_and(|record| record.size != size);
    let ahead = new.then(|| case.write(case.record_of(State::Stopping, size.clone()), 0));
    if let Some(item) = waits(case) {
        // Now, since its own alarms may take its size before its last task has ended.
        let ahead = ahead.filter(|_| item.outcome != Outcome::Failed);
        return Decision { item, stages: ahead.map(|step| (CHANGE, vec![step])).into_iter().collect() };
    }
    let mut steps = Vec::from_iter(ahead);
    // Before the size, or an alarm would raise it again.
    steps.extend(case.suspend());
    if case.count() > 0 || case.min() > 0 {
        steps.push(Step::SizeGroup {
            group: case.seen.id.clone(),
            before: GroupSize { min: Some(case.min()), max: None, desired: Some(case.count()) },
            after: GroupSize { min: Some(0), max: None, desired: Some(0) },
        });
    }
    steps.push(case.write(case.record_of(State::Off, size.clone()), 0));

    let back = size.count.map_or_else(String::new, |count| format!("; comes back with {count}"));
    let reason = match &case.record {
        _ if finishing => format!("the stop that was begun is finished{back}"),
        Some(Record { state: State::Off, at, .. }) => {
            format!("off since {at}, and raised since then: stopped again{back}")
        }
        _ => format!("stopped{back}"),
    };
    let mut item = case.item(Outcome::Changed, None, reason);
    item.after = Some(json!({
        "desiredCapacity": 0,
        "minSize": 0,
        "suspended": Suspended::ALL.to_string(),
        "saved": size.count,
    }));
    item.warnings.extend(case.orphaned());
    item.warnings.extend(without_a_size(case, &size));
    Decision { item, stages: vec![(GROUPS_DOWN, steps)] }
}

/// Whose tasks its instances run is not known then.
fn misled(case: &Case<'_>) -> Option<Item> {
    let (cluster, keys) = (case.seen.id.cluster.as_ref()?, &case.rules.tags);
    (case.misled && case.count() > 0).then(|| {
        let tag = if case.seen.linked_by == Some(LinkedBy::Tag) { &keys.cluster } else { &keys.record };
        let reason = format!(
            "its tag {tag} says {cluster}, and none of its instances is registered there: mend the tag {}",
            keys.cluster
        );
        case.item(Outcome::Unchanged, Some(Code::ClusterUnknown), reason)
    })
}

/// Machines with tasks are not stopped under them. One that is at zero has none to wait for.
fn waits(case: &Case<'_>) -> Option<Item> {
    if case.count() == 0 {
        return None;
    }
    let tasks = match case.tasks {
        Some(Ok(tasks)) if tasks.is_empty() => return None,
        Some(Ok(tasks)) => tasks,
        Some(Err((code, reason))) => {
            let reason = format!("what runs on its instances can't be read: {reason}");
            return Some(case.item(Outcome::Failed, Some(*code), reason));
        }
        None => {
            let reason = "what runs on its instances was not looked at";
            return Some(case.item(Outcome::Failed, Some(Code::Internal), reason));
        }
    };
    Some(case.item(Outcome::Unchanged, Some(Code::WaitingForTasks), waiting_for(tasks)))
}

/// What a group waits for, in a line.
pub(in crate::plan) fn waiting_for(tasks: &[String]) -> String {
    let count = tasks.len();
    let mut named: Vec<String> = tasks.iter().take(NAMED).cloned().collect();
    if count > NAMED {
        named.push(format!("and {} more", count - NAMED));
    }
    let (tasks, run) = if count == 1 { ("task", "runs") } else { ("tasks", "run") };
    format!("{count} {tasks} still {run} on its instances: {}", named.join(", "))
}

/// Reconcile finishes it; only that it was asked for is noted, or its schedule might take it back.
fn already_begun(case: &Case<'_>, record: &Record<Capacity>) -> Decision {
    let reason = format!("its stop began at {}, and reconcile finishes it", record.at);
    let mut item = case.item(Outcome::Unchanged, Some(Code::WaitingForTasks), reason);
    item.after = Some(json!({ "desiredCapacity": case.count(), "stopping": true }));
    let passed = case.standing.since().filter(|since| *since > record.at);
    if record.by == Some(By::Request) && passed.is_none() {
        return item.into();
    }
    if let Some(item) = case.stale() {
        return item.into();
    }
    // A transition lies between: for it, this stop is new.
    let at = passed.map_or(record.at, |_| case.cause.at);
    let noted = Record { by: Some(By::Request), at, ..record.clone() };
    Decision { item, stages: vec![(CHANGE, vec![case.write(noted, 0)])] }
}

fn is_off(case: &Case<'_>) -> bool {
    case.count() == 0 && case.group.is_asleep()
}

/// Nothing to do, and the record stays byte for byte; only that it was asked for is noted.
fn already_off(case: &Case<'_>, record: &Record<Capacity>) -> Decision {
    let since = format!("already off since {}", record.at);
    let passed = case.standing.since().filter(|since| *since > record.at);
    if record.by == Some(By::Request) && passed.is_none() {
        return case.unchanged(since).into();
    }
    if let Some(item) = case.stale() {
        return item.into();
    }
    let mut item = case.item(Outcome::Changed, None, format!("{since}; noted that it was asked for"));
    item.after = Some(json!({ "desiredCapacity": 0, "saved": record.size.count }));
    // A transition lies between: for it, this stop is new.
    let at = passed.map_or(record.at, |_| case.cause.at);
    let noted = Record { by: Some(By::Request), at, ..record.clone() };
    Decision { item, stages: vec![(CHANGE, vec![case.write(noted, 0)])] }
}

/// The size to come back to, taken only from a group that is on. Its cluster is always the one that it
/// has now.
fn size(case: &Case<'_>) -> Capacity {
    let live = case.live_size();
    match &case.record {
        None => Capacity { bounds: case.own_bounds(), ..live },
        Some(Record { state: State::On, size, by, .. }) => {
            let own = if *by == Some(By::Adoption) { case.own_bounds().or(size.bounds) } else { live.bounds };
            Capacity { count: live.count.or(size.count), bounds: own, cluster: live.cluster }
        }
        Some(Record { size, .. }) => {
            let awake = live.bounds.filter(|_| !case.group.is_asleep());
            Capacity { count: size.count, bounds: size.bounds.or(awake), cluster: live.cluster }
        }
    }
}

fn without_a_size(case: &Case<'_>, size: &Capacity) -> Option<Warning> {
    let nothing = size.count.is_none() && !matches!(case.tagged_size(), Ok(Some(_)));
    nothing.then(|| {
        let key = &case.rules.tags.size;
        Warning::new(
            Code::NoSavedSize,
            format!(
                "it was never seen above 0, so nothing says what to start it with: tag it {key} (\"n=2\")"
            ),
        )
    })
}
