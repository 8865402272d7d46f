//! Start: the count first, then autoscaling, then the record, which says `starting`.
//!
//! There is no write ahead: until the end the record still says off and holds the size. Where it
//! does not (a service at 0 that we never stopped, started by name), such a record is written
//! first, so that a crash in the middle is finished by the next run like any other.
//!
//! Scale-in sleeps on until a reconcile has seen the service whole: its alarms have slept on an empty
//! service, and would pull it to its min before anybody is there. Where no reconcile comes, everything
//! is handed back at once.

use shared::application_autoscaling::{Missed, ScalableTarget, Suspended, missed};
use shared::record::{Record, Scaling, Size, State};
use shared::report::{Outcome, Warning};
use shared::{Code, Refusal};

use super::ServiceCase;
use crate::ask::Target;
use crate::effect::{Became, Effect, Sizes};
use crate::plan::case::{Count, Resource as _};
use crate::plan::steps::CHANGE;
use crate::plan::{PlannedItem, Step};

pub(super) fn planned(case: &ServiceCase<'_>) -> PlannedItem {
    if case.is_finished_by_request() {
        return case.finished();
    }
    let may_be_raised = case.count() == 0 && matches!(case.ask.target, Target::One(_));
    // Its autoscaling, which is awake, says its count.
    let on_its_own = case.seen.is_idle() && case.record.as_ref().is_none_or(|it| it.size.count.is_none());
    if !case.is_off() && (!may_be_raised || on_its_own) {
        return case.unchanged(left_as_it_is(case)).into();
    }
    if let Some(item) = case.stale() {
        return item.into();
    }
    case.start(Count::Saved)
}

fn left_as_it_is(case: &ServiceCase<'_>) -> String {
    match (&case.record, case.count()) {
        (Some(Record { state: State::Starting, at, .. }), 1..) => {
            let (there, _) = case.seen.there();
            format!("starting since {at}: {there}")
        }
        (Some(record), 1..) => format!("on since {}", record.at),
        (None, 1..) => "on, and never stopped by ecs-steward".into(),
        (_, 0) if case.seen.is_idle() => "at 0 by its autoscaling, which is awake".into(),
        (_, 0) => "at 0, but not stopped by ecs-steward: name this one service to start it".into(),
    }
}

/// Brings a service back with its autoscaling.
pub(super) fn back_to(case: &ServiceCase<'_>, size: Size, count: Count) -> PlannedItem {
    let mut warnings = Vec::new();
    warnings.extend(case.orphaned().filter(|_| size.scaling.is_none()));
    let made_up = size.scaling.map(|saved| made_up(case, saved, &mut warnings)).unwrap_or_default();
    let target = case.seen.target.as_ref().map(|target| ScalableTarget {
        max_capacity: made_up.max.unwrap_or(target.max_capacity),
        ..target.clone()
    });
    let target = target.as_ref();
    // What people started is handed back as it is, and a queue's worker has nothing to wait for.
    let at_once = count == Count::AsItIs || !case.is_finished_later();
    let night = case.record.as_ref().map_or(0, |record| record.night);
    let back = size.scaling.and_then(|saved| restored(saved, made_up.min, target, night, &mut warnings));
    // What somebody woke meanwhile stays awake. A start that was cut off has woken all but scale-in.
    let as_left = |now: Suspended| {
        now == Suspended::ALL || size.scaling.is_some_and(|saved| now == without_scale_in(saved.suspended))
    };
    let sleeps = !at_once && target.is_some_and(|target| as_left(target.suspended));
    let restored = back.map(|(min, flags)| (min, if sleeps { without_scale_in(flags) } else { flags }));
    let set = match count {
        Count::Exactly(count) => count,
        Count::AsItIs => case.count(),
        Count::Saved => match count_to_set(case, size, back, target, &mut warnings) {
            Ok(count) => count,
            Err(refusal) => return case.refused(refusal),
        },
    };
    // A start never lowers a running service; a count that was asked for is set as it is.
    let wanted = if count == Count::Saved { set.max(case.count()) } else { set };
    let wake = restored.zip(target).and_then(|(after, target)| {
        let before = (target.min_capacity, target.suspended);
        let max =
            made_up.max.filter(|max| case.seen.target.as_ref().is_some_and(|it| it.max_capacity != *max));
        let changes = before != after || max.is_some();
        changes.then(|| Step::SetScalable { service: case.seen.id.clone(), before, after, max })
    });
    // Waking the target moves the count into its bounds at once.
    let bounded = |count: u32| match (&wake, target) {
        (Some(Step::SetScalable { after: (min, _), .. }), Some(target)) => {
            count.min(target.max_capacity).max(*min)
        }
        _ => count,
    };
    let mut text = case.record_text.clone();
    let mut steps = Vec::new();
    if !case.is_off() {
        let ahead = case.off_ahead(size);
        text = Some(ahead.to_string());
        steps.push(case.write(ahead));
    }
    // A count that was asked for comes after the target, or its bounds would undo it.
    let reached = if matches!(count, Count::Exactly(_)) {
        let moved = bounded(case.count());
        steps.extend(wake);
        steps.extend((moved != wanted).then(|| case.set_desired(wanted)));
        wanted
    } else {
        let reached = bounded(wanted);
        steps.extend((case.count() != wanted).then(|| case.set_desired(wanted)));
        steps.extend(wake);
        if reached < wanted {
            warnings.push(Warning::new(
                Code::OutsideBounds,
                format!("{wanted} is above its scalable target's max: AWS moves it to {reached}"),
            ));
        }
        reached
    };
    // A worker's count is its autoscaling's to say, also where people raised it by night.
    let last = match count {
        Count::Exactly(count) => count.try_into().ok(),
        Count::Saved | Count::AsItIs => size.count,
    };
    let state = if at_once { State::On } else { State::Starting };
    let record = case.record_of(state, Size { count: last, scaling: size.scaling });
    steps.push(case.seen.write(text, record));
    let mut item = case.item(Outcome::Changed, None, reason(case, reached, set));
    let scaling = target.map(|it| restored.unwrap_or((it.min_capacity, it.suspended)));
    let desired = i32::try_from(reached).unwrap_or(i32::MAX);
    let became = if at_once { Became::On } else { Became::Starting };
    item.after = Some(Effect::became(became, Sizes::Service { desired, scaling }));
    item.warnings = warnings;
    PlannedItem { item, stages: vec![(CHANGE, steps)] }
}

/// These flags, while scale-in sleeps on.
fn without_scale_in(flags: Suspended) -> Suspended {
    Suspended { dynamic_scaling_in: true, ..flags }
}

/// Hands scale-in back, if the target is still as the start left it. One that sleeps altogether was left so
/// by a stop that came between.
pub(super) fn finish(case: &ServiceCase<'_>, size: Size) -> Option<Step> {
    let (saved, target) = (size.scaling?, case.seen.target.as_ref()?);
    let before = (target.min_capacity, target.suspended);
    let after = if case.live.asleep {
        restored(saved, None, Some(target), case.live.night, &mut Vec::new())?
    } else if target.suspended == without_scale_in(saved.suspended) {
        (target.min_capacity, saved.suspended)
    } else {
        before
    };
    (before != after).then(|| Step::SetScalable { service: case.seen.id.clone(), before, after, max: None })
}

/// What the scheduled actions that came due while it slept would have set. Where somebody woke them
/// meanwhile, or had them suspended before, there is nothing to make up for.
fn made_up(case: &ServiceCase<'_>, saved: Scaling, warnings: &mut Vec<Warning>) -> Missed {
    let slept = case.seen.target.as_ref().is_some_and(|target| target.suspended == Suspended::ALL);
    let Some(record) = case.record.as_ref().filter(|record| slept && !record.state.is_on()) else {
        return Missed::default();
    };
    if saved.suspended.scheduled_scaling {
        return Missed::default();
    }
    let since = case.directives.slept_since(record, case.ask.now, &case.settings.scheduling.calendar);
    let mut missed = missed(&case.seen.actions, since, case.ask.now);
    missed.min = missed.min.filter(|min| *min != saved.min);
    let live = case.seen.target.as_ref().map_or(0, |target| target.max_capacity);
    missed.max = missed.max.filter(|max| *max != live);
    let bounds: Vec<String> = [("min", missed.min, saved.min), ("max", missed.max, live)]
        .into_iter()
        .filter_map(|(word, bound, was)| Some(format!("its {word} is {} in place of {was}", bound?)))
        .collect();
    if !bounds.is_empty() {
        let by = missed.by.join(", ");
        let detail =
            format!("scheduled scaling actions came due while it was off ({by}): {}", bounds.join(", "));
        warnings.push(Warning::new(Code::ScheduledActions, detail));
    }
    missed
}

/// The saved count, brought within what is allowed now.
fn count_to_set(
    case: &ServiceCase<'_>,
    size: Size,
    restored: Option<(u32, Suspended)>,
    target: Option<&ScalableTarget>,
    warnings: &mut Vec<Warning>,
) -> Result<u32, Refusal> {
    let saved = size.count.map_or(0, u32::from);
    let mut count = saved;
    let mut clamped = |count: &mut u32, to: u32, why: &str| {
        if *count != to {
            warnings.push(Warning::new(
                Code::Clamped,
                format!("the saved count {saved} is {why} {to}: {to} it is"),
            ));
            *count = to;
        }
    };
    if let Some(target) = target {
        let floor = restored.map_or(0, |(min, _)| min);
        let to = count.max(floor);
        clamped(&mut count, to, "below the saved min");
        let to = count.min(target.max_capacity);
        clamped(&mut count, to, "above the scalable target's max");
    }
    let to = count.min(case.settings.max_desired);
    clamped(&mut count, to, "above MAX_DESIRED,");
    if count == 0 {
        let reason = "the scalable target's max is 0: raise it, then start the service";
        return Err(Refusal { code: Code::OutsideBounds, reason: reason.into() });
    }
    Ok(count)
}

/// The min and flags to put back: only what is still as the stop left it, which kept `night` tasks. What somebody changed
/// since wins, with a warning.
fn restored(
    saved: Scaling,
    missed: Option<u32>,
    target: Option<&ScalableTarget>,
    night: u32,
    warnings: &mut Vec<Warning>,
) -> Option<(u32, Suspended)> {
    let Some(live) = target else {
        warnings.push(Warning::new(
            Code::TargetRemoved,
            "its scalable target was removed while it was off: it comes back without autoscaling",
        ));
        return None;
    };
    let mut min = missed.unwrap_or(saved.min);
    if live.min_capacity > saved.min.min(night) && live.min_capacity != saved.min {
        warnings.push(Warning::new(
            Code::TargetChanged,
            format!(
                "its min was set to {} while it was off, and stays (saved: {})",
                live.min_capacity, saved.min
            ),
        ));
        min = live.min_capacity;
    }
    if min > live.max_capacity {
        warnings.push(Warning::new(
            Code::Clamped,
            format!(
                "the saved min {min} is above the scalable target's max {}: that it is",
                live.max_capacity
            ),
        ));
        min = live.max_capacity;
    }
    let mut suspended = saved.suspended;
    let ours = [Suspended::ALL, saved.suspended, without_scale_in(saved.suspended)];
    if !ours.contains(&live.suspended) {
        warnings.push(Warning::new(
            Code::TargetChanged,
            format!(
                "its suspended flags were set to {} while it was off, and stay (saved: {})",
                live.suspended, saved.suspended
            ),
        ));
        suspended = live.suspended;
    }
    Some((min, suspended))
}

fn reason(case: &ServiceCase<'_>, reached: u32, set: u32) -> String {
    let was = match &case.record {
        Some(record) if record.state == State::Starting => format!("starting since {}", record.at),
        Some(record) if !record.state.is_on() => format!("off since {}", record.at),
        _ => "at 0".to_owned(),
    };
    match case.count() {
        live if live == reached && reached > set => {
            format!("{was}, raised to {live} since then, and that stays")
        }
        live if live == reached => format!("{was}; already at {live}"),
        _ => format!("{was}; {} with {reached}", case.because("started")),
    }
}
