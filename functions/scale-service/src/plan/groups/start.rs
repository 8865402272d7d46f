//! Start: min and desired together, then its scheduled actions wake, then the record, which says
//! `starting`. Its alarms wake once its instances are in service; at once where no reconcile comes.

use shared::autoscaling::{GroupSize, Suspended};
use shared::record::{Bounds, Capacity, Record, State};
use shared::report::{Outcome, Warning};
use shared::{Code, Refusal};

use super::GroupCase;
use crate::effect::{Became, Effect, Sizes};
use crate::plan::case::{Count, Resource as _};
use crate::plan::steps::GROUPS_UP;
use crate::plan::{PlannedItem, Step};

/// A start by request: of what was stopped here.
pub(super) fn planned(case: &GroupCase<'_>) -> PlannedItem {
    if case.is_finished_by_request() {
        return case.finished();
    }
    if !case.is_off() {
        let reason = match (&case.record, case.count()) {
            (_, 0) => "at 0, but not stopped by ecs-steward: scale it to a size".into(),
            (Some(Record { state: State::Starting, at, .. }), _) => {
                let (there, _) = case.seen.there();
                format!("starting since {at}: {there}")
            }
            (Some(record), _) => format!("on since {}", record.at),
            (None, _) => "on, and never stopped by ecs-steward".into(),
        };
        return case.unchanged(reason).into();
    }
    case.stale().map_or_else(|| case.start(Count::Saved), Into::into)
}

/// Brings a group back with its alarms and scheduled actions.
pub(super) fn back_to(case: &GroupCase<'_>, size: &Capacity, count: Count) -> PlannedItem {
    let mut warnings = Vec::new();
    warnings.extend(case.orphaned().filter(|_| size.bounds.is_none()));
    let asleep = case.seen.group.suspended();
    let min = min_to_set(case, size, &mut warnings);
    let at_once = count == Count::AsItIs || !case.is_finished_later();
    let wakes = wakes(case, size, &mut warnings);
    let alarms = wakes.alarm_notification && at_once;
    let wakes = Suspended { alarm_notification: alarms, ..wakes };
    let set = match count {
        Count::AsItIs | Count::Exactly(_) => case.count().max(min).min(case.max()),
        Count::Saved => match count_to_set(case, size, min, &mut warnings) {
            // A start never lowers a running group.
            Ok(count) => count.max(case.count()),
            Err(refusal) => return case.refused(refusal),
        },
    };
    let group = || case.seen.id.clone();
    let mut text = case.record_text.clone();
    let mut steps = Vec::new();
    // A stop that was cut off has put it to sleep. Half woken it would look as if somebody had suspended its
    // alarms while it waited.
    let cut_off = case.record.as_ref().is_some_and(|record| record.state == State::Stopping)
        && asleep == Suspended::ALL;
    if !case.is_off() || cut_off {
        let ahead = case.off_ahead(size.clone());
        text = Some(ahead.to_string());
        steps.push(case.write(ahead));
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
    let state = if at_once { State::On } else { State::Starting };
    steps.push(case.seen.write(text, case.record_of(state, with_what_was_changed(case, size))));
    let was = match &case.record {
        Some(Record { state: State::Stopping, at, .. }) if case.count() > 0 => {
            format!("its stop, begun at {at}, is taken back")
        }
        Some(record) if !record.state.is_on() => format!("off since {}", record.at),
        _ => "at 0".to_owned(),
    };
    let reason = match case.count() {
        live if live == set => format!("{was}; already at {live}"),
        _ => format!("{was}; started with {set}"),
    };
    let mut item = case.item(Outcome::Changed, None, reason);
    let left = asleep.beyond(wakes);
    let (min, suspended) = (Some(min), Some(left));
    let sizes = Sizes::Group { desired: set, min, max: None, suspended, instances: None };
    let became = if at_once { Became::On } else { Became::Starting };
    item.after = Some(Effect::became(became, sizes));
    item.warnings = warnings;
    PlannedItem { item, stages: vec![(GROUPS_UP, steps)] }
}

/// These processes, while its alarms sleep on.
fn without_alarms(saved: Suspended) -> Suspended {
    Suspended { alarm_notification: true, ..saved }
}

/// Wakes the alarms that slept until its instances are in service. What sleeps altogether was left so by a
/// stop that came between.
pub(super) fn finish(case: &GroupCase<'_>, size: &Capacity) -> Option<Step> {
    let (saved, asleep) = (size.bounds?.suspended, case.seen.group.suspended());
    let processes = asleep.beyond(saved);
    let ours = asleep == without_alarms(saved) || asleep == Suspended::ALL;
    (ours && processes != Suspended::default())
        .then(|| Step::Resume { group: case.seen.id.clone(), processes })
}

/// What has slept since the stop; what somebody changed since wins.
fn wakes(case: &GroupCase<'_>, size: &Capacity, warnings: &mut Vec<Warning>) -> Suspended {
    let Some(Bounds { suspended: saved, .. }) = size.bounds else { return Suspended::default() };
    let asleep = case.seen.group.suspended();
    if is_ours(case, saved) {
        return asleep.beyond(saved);
    }
    if asleep != saved {
        let detail =
            format!("what sleeps of it was set to {asleep} while it was off, and stays (saved: {saved})");
        warnings.push(Warning::new(Code::TargetChanged, detail));
    }
    Suspended::default()
}

/// It sleeps as a stop leaves it; or all but the alarms are awake, as a start leaves it that was cut off. What
/// waits for its tasks is awake, and who suspends its alarms then is somebody else.
fn is_ours(case: &GroupCase<'_>, saved: Suspended) -> bool {
    let asleep = case.seen.group.suspended();
    let off = case.record.as_ref().is_some_and(|record| record.state == State::Off);
    asleep == Suspended::ALL || (off && asleep == without_alarms(saved))
}

/// The size with what somebody suspended or resumed meanwhile: the end of the start keeps it.
fn with_what_was_changed(case: &GroupCase<'_>, size: &Capacity) -> Capacity {
    let suspended = case.seen.group.suspended();
    let bounds = size
        .bounds
        .map(|saved| if is_ours(case, saved.suspended) { saved } else { Bounds { suspended, ..saved } });
    Capacity { bounds, ..size.clone() }
}

/// The saved min; what somebody changed since wins.
fn min_to_set(case: &GroupCase<'_>, size: &Capacity, warnings: &mut Vec<Warning>) -> u32 {
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
    case: &GroupCase<'_>,
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
