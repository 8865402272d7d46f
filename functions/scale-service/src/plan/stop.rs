//! Stop: the size into the record, autoscaling to sleep, the service to zero.

use serde_json::json;
use shared::Code;
use shared::application_autoscaling::{ScalableTarget, Suspended};
use shared::record::{By, Record, Scaling, Size, State};
use shared::report::{Outcome, Warning};

use super::{CHANGE, Case, Decision, Step, Waits};

pub(super) fn decide(case: &Case<'_>) -> Decision {
    if let Some(record) = case.record.as_ref().filter(|record| record.state == State::Off)
        && is_off(case)
    {
        return already_off(case, record);
    }
    if let Some(item) = case.stale().or_else(|| case.untaggable()) {
        return item.into();
    }
    let finishing = case.record.as_ref().is_some_and(|record| record.state == State::Stopping);
    let deploying = case.service.is_deploying() && case.count() > 0;
    // A stop that was begun is finished, whatever goes on in between.
    if deploying && !finishing && case.waits == Waits::Yes {
        let reason = "a deployment is in progress: a later run stops it";
        return case.item(Outcome::Skipped, Some(Code::Deploying), reason).into();
    }
    let size = size(case);
    let mut steps = Vec::new();
    // Ahead of every change: a size is written down before it is gone.
    if !finishing || case.record.as_ref().is_some_and(|record| record.size != size) {
        steps.push(case.write(case.record_of(State::Stopping, size)));
    }
    // Before the count, or autoscaling would raise it again.
    if let Some(target) = case.seen.target.as_ref().filter(|target| !target.is_asleep()) {
        steps.push(Step::SetScalable {
            service: case.id.clone(),
            before: (target.min_capacity, target.suspended),
            after: (0, Suspended::ALL),
        });
    }
    if case.count() > 0 {
        steps.push(case.set_desired(0));
    }
    steps.push(case.write(case.record_of(State::Off, size)));

    let mut item = case.item(Outcome::Changed, None, reason(case, finishing, size));
    item.after = Some(after(case, size));
    item.warnings.extend(case.orphaned());
    if deploying {
        item.warnings.push(Warning::new(Code::Deploying, "a deployment was in progress when it was stopped"));
    }
    item.warnings.extend(asleep_with_it(case));
    if size.count.is_none() && !matches!(case.tagged_size(), Ok(Some(_))) {
        item.warnings.push(Warning::new(
            Code::NoSavedSize,
            format!(
                "it was never seen above 0, so nothing says what to start it with: tag it {} (\"n=3\")",
                case.rules.tags.size
            ),
        ));
    }
    Decision { item, stages: vec![(CHANGE, steps)] }
}

/// A person's scheduled scaling actions do not wake a stopped service: the person should know.
fn asleep_with_it(case: &Case<'_>) -> Option<Warning> {
    let due = case.seen.actions.iter().filter(|action| action.may_come_due_after(case.cause.at));
    let names: Vec<&str> = due.map(|action| action.scheduled_action_name.as_str()).collect();
    (!names.is_empty()).then(|| {
        let names = names.join(", ");
        Warning::new(
            Code::ScheduledActions,
            format!("these scheduled scaling actions do not act while it is off: {names}"),
        )
    })
}

fn is_off(case: &Case<'_>) -> bool {
    case.count() == 0 && case.seen.target.as_ref().is_none_or(ScalableTarget::is_asleep)
}

/// Nothing to do, and the record stays byte for byte; only that it was asked for is noted.
fn already_off(case: &Case<'_>, record: &Record) -> Decision {
    let since = format!("already off since {}", record.at);
    let passed = case.standing.since().filter(|since| *since > record.at);
    if record.by == Some(By::Request) && passed.is_none() {
        let mut item = case.unchanged(since);
        item.after = Some(after(case, record.size));
        return item.into();
    }
    if let Some(item) = case.stale() {
        return item.into();
    }
    let mut item = case.item(Outcome::Changed, None, format!("{since}; noted that it was asked for"));
    item.after = Some(after(case, record.size));
    // A transition lies between: for it, this stop is new.
    let at = passed.map_or(record.at, |_| case.cause.at);
    let noted = Record { by: Some(By::Request), at, ..record.clone() };
    Decision { item, stages: vec![(CHANGE, vec![case.write(noted)])] }
}

/// The size to come back to.
///
/// It is taken only from a service that is on: what people do inside an off period is temporary,
/// and a stop that was begun has already written it down.
fn size(case: &Case<'_>) -> Size {
    let live = case.seen.target.as_ref().map(|t| Scaling { min: t.min_capacity, suspended: t.suspended });
    let awake = live.filter(|_| case.seen.target.as_ref().is_some_and(|target| !target.is_asleep()));
    match &case.record {
        None => Size { count: case.count().try_into().ok(), scaling: case.own_scaling() },
        Some(Record { state: State::On, size, by, .. }) => {
            // What was adopted at 0, after its record was lost, has what its tag says.
            let own = if *by == Some(By::Adoption) { case.own_scaling().or(size.scaling) } else { live };
            // A queue worker that autoscaling took to 0 keeps the count it last had.
            Size { count: case.count().try_into().ok().or(size.count), scaling: own }
        }
        // A target that was made while the service slept must not lose its bounds either.
        Some(Record { size, .. }) => Size { count: size.count, scaling: size.scaling.or(awake) },
    }
}

fn reason(case: &Case<'_>, finishing: bool, size: Size) -> String {
    let back = size.count.map_or_else(String::new, |count| format!("; comes back with {count}"));
    if finishing {
        return format!("the stop that was begun is finished{back}");
    }
    match &case.record {
        Some(Record { state: State::Off, at, .. }) => {
            format!("off since {at}, and raised since then: stopped again{back}")
        }
        _ => format!("{}{back}", case.because("stopped")),
    }
}

fn after(case: &Case<'_>, size: Size) -> serde_json::Value {
    let mut after = json!({ "desiredCount": 0, "saved": size.count });
    if let Some(fields) = after.as_object_mut() {
        if case.seen.target.is_some() {
            fields.insert("minCapacity".into(), 0.into());
            fields.insert("suspended".into(), Suspended::ALL.to_string().into());
        }
        // ECS ends them in its own time; protected ones keep running until their protection ends.
        if case.service.running_count > 0 {
            fields.insert("draining".into(), case.service.running_count.into());
        }
    }
    after
}
