//! Scale to a count above zero. (Scaling to zero is a stop.)

use serde_json::json;
use shared::Code;
use shared::report::{Outcome, Warning};

use super::{CHANGE, Case, Decision, start};

pub(super) fn decide(case: &Case<'_>, count: u32) -> Decision {
    let mut decision = match case.standing.wants_off_now(case) {
        Some(why) if start::is_off(case) => only_the_count(case, count, &why),
        _ if start::is_off(case) => turned_on(case, count),
        _ => resized(case, count),
    };
    decision.item.warnings.extend(outside_bounds(case, count));
    decision
}

/// Off by the record: it comes back with its autoscaling, at the count that was asked for.
fn turned_on(case: &Case<'_>, count: u32) -> Decision {
    if let Some(item) = case.stale().or_else(|| case.untaggable()) {
        return item.into();
    }
    let size = case.record.as_ref().map(|record| record.size).unwrap_or_default();
    start::back_to(case, size, start::Count::Exactly(count))
}

/// Off, and a schedule or override wants it off now: the record keeps its size, and autoscaling
/// sleeps on, until something wants it on.
fn only_the_count(case: &Case<'_>, count: u32, why: &str) -> Decision {
    let mut decision = resized(case, count);
    decision.item.warnings.push(Warning::new(
        Code::AutoscalingSuspended,
        format!(
            "{why}: only the count changes, and autoscaling sleeps on. To have it on with its autoscaling, \
             PUT /v1/clusters/{}/services/{}/override {{\"state\":\"on\",\"for\":\"PT2H\"}}",
            case.id.cluster, case.id.service
        ),
    ));
    decision
}

/// On: the count and nothing else. The next stop saves it.
fn resized(case: &Case<'_>, count: u32) -> Decision {
    if case.count() == count {
        return case.unchanged(format!("already at {count}")).into();
    }
    let mut item =
        case.item(Outcome::Changed, None, format!("scaled from {} to {count} as asked", case.count()));
    item.after = Some(json!({ "desiredCount": count }));
    item.warnings.extend(case.orphaned());
    Decision { item, stages: vec![(CHANGE, vec![case.set_desired(count)])] }
}

fn outside_bounds(case: &Case<'_>, count: u32) -> Option<Warning> {
    let target = case.seen.target.as_ref()?;
    let (min, max) = (target.min_capacity, target.max_capacity);
    (count < min || count > max).then(|| {
        Warning::new(
            Code::OutsideBounds,
            format!("{count} is outside its scalable target's {min} to {max}: autoscaling may pull it back"),
        )
    })
}
