//! Scale to a count above zero. (Scaling to zero is a stop.)

use shared::Code;
use shared::report::{Outcome, Warning};

use super::{ServiceCase, start};
use crate::effect::{Became, Effect, Sizes};
use crate::plan::PlannedItem;
use crate::plan::case::Count;
use crate::plan::steps::CHANGE;

pub(super) fn planned(case: &ServiceCase<'_>, count: u32) -> PlannedItem {
    let mut planned = match case.directives.wants_off_now(&case.seen.id.cluster, case.settings) {
        Some(why) if case.is_off() => only_the_count(case, count, &why),
        _ if case.is_off() => turned_on(case, count),
        _ => resized(case, count),
    };
    planned.item.warnings.extend(outside_bounds(case, count));
    planned
}

/// Off by the record: it comes back with its autoscaling, at the count that was asked for.
fn turned_on(case: &ServiceCase<'_>, count: u32) -> PlannedItem {
    if let Some(item) = case.stale().or_else(|| case.untaggable()) {
        return item.into();
    }
    let size = case.record.as_ref().map(|record| record.size).unwrap_or_default();
    start::back_to(case, size, Count::Exactly(count))
}

/// Off, and a schedule or override wants it off now: the record keeps its size, and autoscaling
/// sleeps on, until something wants it on.
fn only_the_count(case: &ServiceCase<'_>, count: u32, why: &str) -> PlannedItem {
    let mut planned = resized(case, count);
    planned.item.warnings.push(Warning::new(
        Code::AutoscalingSuspended,
        format!(
            "{why}: only the count changes, and autoscaling sleeps on. To have it on with its autoscaling, \
             PUT /v1/clusters/{}/services/{}/override {{\"state\":\"on\",\"for\":\"PT2H\"}}",
            case.seen.id.cluster, case.seen.id.service
        ),
    ));
    planned
}

/// On: the count and nothing else. The next stop saves it.
fn resized(case: &ServiceCase<'_>, count: u32) -> PlannedItem {
    if case.count() == count {
        return case.unchanged(format!("already at {count}")).into();
    }
    let mut item =
        case.item(Outcome::Changed, None, format!("scaled from {} to {count} as asked", case.count()));
    let desired = i32::try_from(count).unwrap_or(i32::MAX);
    item.after = Some(Effect::became(Became::Scaled, Sizes::Service { desired, scaling: None }));
    item.warnings.extend(case.orphaned());
    PlannedItem { item, stages: vec![(CHANGE, vec![case.set_desired(count)])] }
}

fn outside_bounds(case: &ServiceCase<'_>, count: u32) -> Option<Warning> {
    let target = case.seen.target.as_ref()?;
    let (min, max) = (target.min_capacity, target.max_capacity);
    (count < min || count > max).then(|| {
        Warning::new(
            Code::OutsideBounds,
            format!("{count} is outside its scalable target's {min} to {max}: autoscaling may pull it back"),
        )
    })
}
