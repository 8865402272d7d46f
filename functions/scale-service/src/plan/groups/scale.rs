//! Scale: the sizes that are asked for, in one call.

use shared::Code;
use shared::autoscaling::GroupSize;
use shared::record::State;
use shared::report::{Outcome, Warning};

use super::GroupCase;
use crate::ask::GroupSizes;
use crate::effect::{Became, Effect, Sizes};
use crate::plan::steps::CHANGE;
use crate::plan::{PlannedItem, Step};

pub(super) fn planned(case: &GroupCase<'_>, sizes: GroupSizes) -> PlannedItem {
    let refused = |code, reason: String| PlannedItem::from(case.item(Outcome::Failed, Some(code), reason));
    if let Some(status) = &case.seen.group.status {
        let reason = format!("it is being deleted ({status})");
        return case.item(Outcome::Skipped, Some(Code::Gone), reason).into();
    }
    if case.seen.managed && !case.ask.force {
        let reason = "ECS sizes it, by its capacity provider's managed scaling, and would undo this: change the \
                      services, or send \"force\": true";
        return case.item(Outcome::Skipped, Some(Code::ManagedScaling), reason).into();
    }
    let GroupSizes { desired, min, max } = sizes;
    let (low, high) = (min.unwrap_or(case.min()), max.unwrap_or(case.max()));
    if low > high {
        return refused(Code::OutsideGroupBounds, format!("its min {low} would be above its max {high}"));
    }
    if desired < low || desired > high {
        let reason = format!(
            "desiredCapacity {desired} is outside its min {low} and max {high}: send \"minSize\" or \"maxSize\" \
             with it to move them"
        );
        return refused(Code::OutsideGroupBounds, reason);
    }
    let live = (case.min(), case.max(), case.count());
    if (low, high, desired) == live {
        return case.unchanged(format!("already at {desired}, between {low} and {high}")).into();
    }
    if let Some(item) = case.stale() {
        return item.into();
    }
    let reason = match case.count() {
        count if count == desired => format!("set between {low} and {high} as asked, and stays at {desired}"),
        count => format!("scaled from {count} to {desired}, between {low} and {high}, as asked"),
    };
    let mut item = case.item(Outcome::Changed, None, reason);
    let (min_after, max_after) = (Some(low), Some(high));
    let sizes = Sizes::Group { desired, min: min_after, max: max_after, suspended: None, instances: None };
    item.after = Some(Effect::became(Became::Scaled, sizes));
    match case.record.as_ref().map(|record| record.state) {
        Some(State::Off) => item.warnings.push(Warning::new(
            Code::AutoscalingSuspended,
            "it was stopped: only its sizes change, and its alarms and scheduled actions sleep until it is \
             started",
        )),
        Some(State::Stopping) => item.warnings.push(Warning::new(
            Code::WaitingForTasks,
            "its stop was begun, and takes it to 0 all the same once no task is left on its instances: start \
             its cluster with \"capacity\": true to take that back",
        )),
        Some(State::On | State::Starting) | None => {}
    }
    let step = Step::SizeGroup {
        group: case.seen.id.clone(),
        before: GroupSize { min: Some(live.0), max: Some(live.1), desired: Some(live.2) },
        after: GroupSize { min, max, desired: Some(desired) },
    };
    PlannedItem { item, stages: vec![(CHANGE, vec![step])] }
}
