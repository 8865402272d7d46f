//! Start: min and desired together, then what the stop put to sleep wakes, and the record when both are
//! seen to hold.

use jiff::SignedDuration;
use serde_json::json;
use shared::autoscaling::{GroupSize, Suspended};
use shared::record::{Bounds, Capacity, Record, State};
use shared::report::Warning;
use shared::tags::no_saved_size;
use shared::{Code, Refusal};

use super::Case;
use crate::plan::{CONFIRM, Decision, GROUPS_UP, Step};

/// What a group that comes back has as its desired capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// The saved one, brought within what is allowed; a live one is never lowered.
    Saved,
    /// The live one.
    AsItIs,
}

/// A start by request: of what was stopped here.
pub(super) fn decide(case: &Case<'_>) -> Decision {
    if !case.is_off() {
        let reason = match (&case.record, case.count()) {
            (_, 0) => "at 0, but not stopped by ecs-steward: scale it to a size".into(),
            (Some(record), _) => format!("on since {}", record.at),
            (None, _) => "on, and never stopped by ecs-steward".into(),
        };
        return case.unchanged(reason).into();
    }
    case.stale().map_or_else(|| saved_or_refused(case, Count::Saved), Into::into)
}

pub(super) fn saved_or_refused(case: &Case<'_>, count: Count) -> Decision {
    if let Some(item) = case.untaggable() {
        return item.into();
    }
    match saved(case) {
        Err(refusal) => case.refused(refusal),
        Ok(size) => back_to(case, &size, count),
    }
}

/// The size to come back to: the record's, else the one that infrastructure-as-code tagged.
fn saved(case: &Case<'_>) -> Result<Capacity, Refusal> {
    let recorded = case.record.as_ref().map(|record| record.size.clone()).unwrap_or_default();
    let live = case.live_size();
    let awake = live.bounds.filter(|_| !case.group.is_asleep());
    let cluster = live.cluster.or(recorded.cluster);
    let tagged = case.tagged_size();
    let of_tag = tagged.as_ref().ok().and_then(|size| size.as_ref()?.bounds);
    // Where we did not put it to sleep, it is as it should be, unless it sleeps.
    let bounds = if case.is_off() { recorded.bounds } else { awake }.or(of_tag);
    if recorded.count.is_some() {
        return Ok(Capacity { count: recorded.count, bounds, cluster });
    }
    match tagged?.and_then(|size| size.count) {
        Some(count) => Ok(Capacity { count: Some(count), bounds, cluster }),
        None => Err(no_saved_size::<Capacity>(&case.rules.tags)),
    }
}

/// Brings a group back with its alarms and scheduled actions.
fn back_to(case: &Case<'_>, size: &Capacity, count: Count) -> Decision {
    let mut warnings = Vec::new();
    warnings.extend(case.orphaned().filter(|_| size.bounds.is_none()));
    let asleep = case.group.suspended();
    let min = min_to_set(case, size, &mut warnings);
    let wakes = wakes(case, size, &mut warnings);
    let set = match count {
        Count::AsItIs => case.count().max(min).min(case.max()),
        Count::Saved => match count_to_set(case, size, min, &mut warnings) {
            // A start never lowers a running group.
            Ok(count) => count.max(case.count()),
            Err(refusal) => return case.refused(refusal),
        },
    };
    let group = || case.seen.id.clone();
    let mut text = case.record_text.clone();
    let mut steps = Vec::new();
    if !case.is_off() {
        let ahead = off_ahead(case, size.clone());
        text = Some(ahead.to_string());
        steps.push(case.write(ahead, 0));
    }
    // Together: a min above the desired capacity is refused.
    if (case.min(), case.count()) != (min, set) {
        steps.push(Step::SizeGroup {
            group: group(),
            before: GroupSize { min: Some(case.min()), max: None, desired: Some(case.count()) },
            after: GroupSize { min: Some(min), max: None, desired: Some(set) },
        });
    }
    if wakes != Suspended::default() {
        steps.push(Step::Resume { group: group(), processes: wakes });
    }
    let on = case.record_of(State::On, size.clone());
    let confirm = Step::WriteGroupRecord { group: group(), before: text, record: on, floor: set };
    let was = match &case.record {
        Some(Record { state: State::Stopping, at, .. }) if case.count() > 0 => {
            format!("its stop, begun at {at}, is taken back")
        }
        Some(record) if record.state != State::On => format!("off since {}", record.at),
        _ => "at 0".to_owned(),
    };
    let reason = match case.count() {
        live if live == set => format!("{was}; already at {live}"),
        _ => format!("{was}; started with {set}"),
    };
    let mut item = case.item(shared::Outcome::Changed, None, reason);
    let left = asleep.beyond(wakes);
    item.after = Some(json!({ "desiredCapacity": set, "minSize": min, "suspended": left.to_string() }));
    item.warnings = warnings;
    Decision { item, stages: vec![(GROUPS_UP, steps), (CONFIRM, vec![confirm])] }
}

/// A record that says off, older than what it is started for: what is begun now is due until it is done.
fn off_ahead(case: &Case<'_>, size: Capacity) -> Record<Capacity> {
    if let Some(record) = &case.record {
        return Record { state: State::Off, size, ..record.clone() };
    }
    let before = case.cause.at.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(case.cause.at);
    Record { at: before, ..case.record_of(State::Off, size) }
}

/// What has slept since the stop; what somebody changed since wins.
fn wakes(case: &Case<'_>, size: &Capacity, warnings: &mut Vec<Warning>) -> Suspended {
    let Some(Bounds { suspended: saved, .. }) = size.bounds else { return Suspended::default() };
    let asleep = case.group.suspended();
    if asleep == Suspended::ALL {
        return asleep.beyond(saved);
    }
    if asleep != saved {
        let detail =
            format!("what sleeps of it was set to {asleep} while it was off, and stays (saved: {saved})");
        warnings.push(Warning::new(Code::TargetChanged, detail));
    }
    Suspended::default()
}

/// The saved min; what somebody changed since wins.
fn min_to_set(case: &Case<'_>, size: &Capacity, warnings: &mut Vec<Warning>) -> u32 {
    let Some(Bounds { min: saved, .. }) = size.bounds else { return case.min() };
    let (live, max) = (case.min(), case.max());
    if live != 0 && live != saved {
        warnings.push(Warning::new(
            Code::TargetChanged,
            format!("its min was set to {live} while it was off, and stays (saved: {saved})"),
        ));
        return live;
    }
    if saved > max {
        warnings.push(Warning::new(
            Code::Clamped,
            format!("the saved min {saved} is above its max {max}: that it is"),
        ));
    }
    saved.min(max)
}

/// The saved capacity, brought within the group's bounds: whoever may tag it can't move its max.
fn count_to_set(
    case: &Case<'_>,
    size: &Capacity,
    min: u32,
    warnings: &mut Vec<Warning>,
) -> Result<u32, Refusal> {
    let saved = size.count.map_or(0, u32::from);
    let mut count = saved;
    for (to, why) in [(count.max(min), "below its min"), (count.max(min).min(case.max()), "above its max")] {
        if to != count {
            let detail = format!("the saved capacity {saved} is {why} {to}: {to} it is");
            warnings.push(Warning::new(Code::Clamped, detail));
            count = to;
        }
    }
    if count == 0 {
        let reason = "its max is 0: raise it, then start the group";
        return Err(Refusal { code: Code::OutsideGroupBounds, reason: reason.into() });
    }
    Ok(count)
}
