//! Stop: the size into the record, autoscaling to sleep, the service to zero.

use shared::Code;
use shared::application_autoscaling::Suspended;
use shared::record::{Size, State};
use shared::report::{Outcome, Warning};

use super::ServiceCase;
use crate::effect::{Became, Effect, SavedCount, Sizes};
use crate::plan::steps::CHANGE;
use crate::plan::{PlannedItem, Step};

pub(super) fn planned(case: &ServiceCase<'_>) -> PlannedItem {
    if let Some(record) = case.record.as_ref().filter(|record| record.state == State::Off)
        && case.is_at_rest()
    {
        let since = format!("already off since {}", record.at);
        let after = Some(after(case, record.size));
        let mut noted = case.item(Outcome::Changed, None, format!("{since}; noted that it was asked for"));
        noted.after.clone_from(&after);
        let mut as_it_is = case.unchanged(since);
        as_it_is.after = after;
        return case.note_request(as_it_is, noted);
    }
    if let Some(item) = case.stale().or_else(|| case.untaggable()) {
        return item.into();
    }
    let finishing = case.record.as_ref().is_some_and(|record| record.state == State::Stopping);
    let deploying = case.seen.service.is_deploying() && case.count() > 0;
    // A stop that was begun is finished, whatever goes on in between.
    if deploying && !finishing && case.waits_for_deployments() {
        let reason = "a deployment is in progress: a later run stops it";
        return case.item(Outcome::Skipped, Some(Code::Deploying), reason).into();
    }
    let size = case.to_save();
    let mut steps = Vec::new();
    // Ahead of every change: a size is written down before it is gone.
    if !finishing || case.record.as_ref().is_some_and(|record| record.size != size) {
        steps.push(case.write(case.record_of(State::Stopping, size)));
    }
    // Before the count, or autoscaling would raise it again.
    if let Some(target) = case.seen.target.as_ref().filter(|target| !target.is_asleep()) {
        steps.push(Step::SetScalable {
            service: case.seen.id.clone(),
            before: (target.min_capacity, target.suspended),
            after: (0, Suspended::ALL),
            max: None,
        });
    }
    if case.count() > 0 {
        steps.push(case.set_desired(0));
    }
    steps.push(case.write(case.record_of(State::Off, size)));

    let mut item = case.item(Outcome::Changed, None, case.stop_reason(&size));
    item.after = Some(after(case, size));
    item.warnings.extend(case.orphaned());
    if deploying {
        let detail = "a deployment is in progress, and at 0 it completes without a task: what starts next is its new \
                      revision alone, which was never seen healthy";
        item.warnings.push(Warning::new(Code::Deploying, detail));
    }
    item.warnings.extend(asleep_with_it(case));
    item.warnings.extend(case.without_a_size(&size));
    PlannedItem { item, stages: vec![(CHANGE, steps)] }
}

/// A person's scheduled scaling actions do not wake a stopped service: the person should know.
fn asleep_with_it(case: &ServiceCase<'_>) -> Option<Warning> {
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

fn after(case: &ServiceCase<'_>, size: Size) -> Effect {
    let scaling = case.seen.target.as_ref().map(|_| (0, Suspended::ALL));
    // ECS ends them in its own time; protected ones keep running until their protection ends.
    let draining = Some(case.seen.service.running_count).filter(|running| *running > 0);
    let off = Effect::became(Became::Off, Sizes::Service { desired: 0, scaling });
    Effect { saved: Some(SavedCount(size.count)), draining, ..off }
}
