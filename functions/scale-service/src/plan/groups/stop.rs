//! Stop: when no task is left, the size into the record, alarms and scheduled actions to sleep, the
//! group to zero.

use shared::Code;
use shared::autoscaling::{GroupSize, Suspended};
use shared::groups::LinkedBy;
use shared::record::{Capacity, Record, State};
use shared::report::{Outcome, Warning};

use super::GroupCase;
use crate::effect::{Became, Effect, SavedCount, Sizes};
use crate::plan::case::Resource as _;
use crate::plan::steps::{CHANGE, GROUPS_DOWN};
use crate::plan::{Item, PlannedItem, Step};

/// How many tasks a reason names.
const NAMED: usize = 3;

/// A stop by request: it is written down, and reconcile finishes it.
pub(super) fn begun(case: &GroupCase<'_>) -> PlannedItem {
    match &case.record {
        Some(record) if record.state == State::Off && case.is_at_rest() => return already_off(case, record),
        Some(record) if record.state == State::Stopping => return already_begun(case, record),
        _ => {}
    }
    if let Some(item) = case.stale().or_else(|| misled(case)).or_else(|| case.untaggable()) {
        return item.into();
    }
    let size = case.to_save();
    let reason = "stops as asked, once no task is left on its instances";
    let mut item = case.item(Outcome::Changed, None, reason);
    item.after = Some(Effect { saved: Some(SavedCount(size.count)), ..stopping(case) });
    item.warnings.extend(case.orphaned());
    item.warnings.extend(case.without_a_size(&size));
    item.warnings.extend(asleep_with_it(case));
    let record = case.record_of(State::Stopping, size);
    PlannedItem { item, stages: vec![(CHANGE, vec![case.write(record)])] }
}

fn stopping(case: &GroupCase<'_>) -> Effect {
    Effect { became: Became::Stopping, ..case.seen.count_shown() }
}

/// A stop that a transition wants, or that was begun.
pub(super) fn planned(case: &GroupCase<'_>) -> PlannedItem {
    if let Some(item) = misled(case).or_else(|| case.untaggable()) {
        return item.into();
    }
    let finishing = case.record.as_ref().is_some_and(|record| record.state == State::Stopping);
    let size = case.to_save();
    // Ahead of every change: a size is written down before it is gone.
    let new = !finishing || case.record.as_ref().is_some_and(|record| record.size != size);
    let ahead = new.then(|| case.write(case.record_of(State::Stopping, size.clone())));
    if let Some(item) = waits(case) {
        // Now, since its own alarms may take its size before its last task has ended.
        let ahead = ahead.filter(|_| item.outcome != Outcome::Failed);
        return PlannedItem { item, stages: ahead.map(|step| (CHANGE, vec![step])).into_iter().collect() };
    }
    let mut steps = Vec::from_iter(ahead);
    // Before the size, or an alarm would raise it again.
    steps.extend(case.suspend());
    // Its min is never above that.
    if case.count() > 0 {
        steps.push(Step::SizeGroup {
            group: case.seen.id.clone(),
            before: GroupSize { min: Some(case.min()), max: None, desired: Some(case.count()) },
            after: GroupSize { min: Some(0), max: None, desired: Some(0) },
        });
    }
    steps.push(case.write(case.record_of(State::Off, size.clone())));

    let reason = case.stop_reason(&size);
    let mut item = case.item(Outcome::Changed, None, reason);
    let (min, suspended) = (Some(0), Some(Suspended::ALL));
    let sizes = Sizes::Group { desired: 0, min, max: None, suspended, instances: None };
    item.after = Some(Effect { saved: Some(SavedCount(size.count)), ..Effect::became(Became::Off, sizes) });
    item.warnings.extend(case.orphaned());
    item.warnings.extend(case.without_a_size(&size));
    item.warnings.extend(asleep_with_it(case));
    PlannedItem { item, stages: vec![(GROUPS_DOWN, steps)] }
}

/// A person's scheduled actions do not wake a stopped group: the person should know.
fn asleep_with_it(case: &GroupCase<'_>) -> Option<Warning> {
    let awake = !case.seen.group.suspended().scheduled_actions;
    let names = case.seen.actions.join(", ");
    (awake && !names.is_empty()).then(|| {
        let detail = format!("these scheduled actions do not act while it is off: {names}");
        Warning::new(Code::ScheduledActions, detail)
    })
}

/// Whose tasks its instances run is not known then.
fn misled(case: &GroupCase<'_>) -> Option<Item> {
    let (cluster, keys) = (case.seen.id.cluster.as_ref()?, &case.settings.tags);
    (case.is_misled() && case.count() > 0).then(|| {
        let tag = if case.seen.linked_by == Some(LinkedBy::Tag) { &keys.cluster } else { &keys.record };
        let reason = format!(
            "its tag {tag} says {cluster}, and none of its instances is registered there: mend the tag {}",
            keys.cluster
        );
        case.item(Outcome::Unchanged, Some(Code::ClusterUnknown), reason)
    })
}

/// Machines with tasks are not stopped under them. One that is at zero has none to wait for.
fn waits(case: &GroupCase<'_>) -> Option<Item> {
    if case.count() == 0 {
        return None;
    }
    let tasks = match case.tasks() {
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
fn waiting_for(tasks: &[String]) -> String {
    let count = tasks.len();
    let mut named: Vec<String> = tasks.iter().take(NAMED).cloned().collect();
    if count > NAMED {
        named.push(format!("and {} more", count - NAMED));
    }
    let (tasks, run) = if count == 1 { ("task", "runs") } else { ("tasks", "run") };
    format!("{count} {tasks} still {run} on its instances: {}", named.join(", "))
}

/// Reconcile finishes it; only that it was asked for is noted, or its schedule might take it back.
fn already_begun(case: &GroupCase<'_>, record: &Record<Capacity>) -> PlannedItem {
    let reason = format!("its stop began at {}, and reconcile finishes it", record.at);
    let mut item = case.item(Outcome::Unchanged, Some(Code::WaitingForTasks), reason);
    item.after = Some(stopping(case));
    case.note_request(item.clone(), item)
}

/// Nothing to do; only that it was asked for is noted.
fn already_off(case: &GroupCase<'_>, record: &Record<Capacity>) -> PlannedItem {
    let since = format!("already off since {}", record.at);
    let mut noted = case.item(Outcome::Changed, None, format!("{since}; noted that it was asked for"));
    let off = Effect::became(Became::Off, Sizes::of_group(0));
    noted.after = Some(Effect { saved: Some(SavedCount(record.size.count)), ..off });
    case.note_request(case.unchanged(since), noted)
}
