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
        && record.night == case.live.night
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
    let left = left(case);
    let deploying = case.seen.service.is_deploying() && case.count() > left;
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
    let awake = min_left(case).zip(case.seen.target.as_ref());
    let awake = awake.filter(|(min, it)| (it.min_capacity, it.suspended) != (*min, Suspended::ALL));
    if let Some((min, target)) = awake {
        steps.push(Step::SetScalable {
            service: case.seen.id.clone(),
            before: (target.min_capacity, target.suspended),
            after: (min, Suspended::ALL),
            max: None,
        });
    }
    if case.count() > left {
        steps.push(case.set_desired(left));
    }
    steps.push(case.write(case.record_of(State::Off, size)));

    let mut item = case.item(Outcome::Changed, None, case.stop_reason(&size));
    item.after = Some(after(case, size));
    if left == case.count() && left > 0 && awake.is_none() {
        item.reason = format!(
            "it keeps its {left}, which are no more than its night size of {}; noted as off",
            case.live.night
        );
        item.after = item.after.map(|after| Effect { became: Became::Kept, ..after });
    }
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

/// How many tasks it is left with: its night size, and never more than it has. AWS moves the count below its
/// target's max as soon as that is registered.
fn left(case: &ServiceCase<'_>) -> u32 {
    let most = case.seen.target.as_ref().map_or(u32::MAX, |target| target.max_capacity);
    case.count().min(case.live.night).min(most)
}

/// The min that its target is left with: no greater than its own and its night size, nor than its count, which AWS
/// would raise to it.
fn min_left(case: &ServiceCase<'_>) -> Option<u32> {
    let target = case.seen.target.as_ref()?;
    Some(target.min_capacity.min(case.live.night).min(case.count()))
}

fn after(case: &ServiceCase<'_>, size: Size) -> Effect {
    let scaling = min_left(case).map(|min| (min, Suspended::ALL));
    let desired = i32::try_from(left(case)).unwrap_or(i32::MAX);
    // ECS ends them in its own time; protected ones keep running until their protection ends.
    let draining = Some(case.seen.service.running_count - desired).filter(|draining| *draining > 0);
    let off = Effect::became(Became::Off, Sizes::Service { desired, scaling });
    Effect { saved: Some(SavedCount(size.count)), draining, ..off }
}
