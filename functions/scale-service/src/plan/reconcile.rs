//! Reconcile: services follow their schedules and overrides, level-triggered.
//!
//! What is due is [`shared::schedule::decide`]'s to say, line by line of the table; here it becomes
//! steps, with the same stop and start that requests use.

use jiff::SignedDuration;
use serde_json::json;
use shared::application_autoscaling::ScalableTarget;
use shared::names::ServiceId;
use shared::record::{By, Record, Size, State};
use shared::report::{Item, Outcome, Warning};
use shared::schedule::{Due, Want};
use shared::tags::{no_saved_size, sized};
use shared::{Code, ItemId, Job, Plan, Refusal};

use super::overrides::Pending;
use super::standing::{Live, Standing};
use super::start::Count;
use super::{CHANGE, Case, Decision, OVERRIDE, Rules, Step, Waits};
use super::{failed, groups, out_of_reach, overrides, recorded, start, stop, without_machines};
use crate::ask::Ask;
use crate::observe::{Seen, SeenGroup, Snapshot};

/// A deployment is waited for this long after the transition; then the stop goes through.
const PATIENCE: SignedDuration = SignedDuration::from_hours(2);

pub(super) fn plan(seen: &Snapshot, ask: &Ask, rules: &Rules) -> Plan<Step> {
    let mut plan = Plan::default();
    let mut pending = Pending::default();
    for (resource, code, reason) in &seen.failed {
        let item = Item::new(resource, Outcome::Failed, Some(*code), reason);
        pending.note_unread(&item);
        plan.decided(item);
    }
    let (seen, written) = overrides::applied(seen, ask, rules);
    let clusters = written.as_ref().filter(|_| ask.is_of_a_cluster());
    // All that a cluster's override causes falls with it: what went off without one would stay off.
    let mut covers: Vec<ItemId> = clusters.map(|written| plan.decided(written.item())).into_iter().collect();
    let of_group = |one| Some((one, groups::reconciled(one, &seen, ask, rules)?));
    let groups: Vec<(&SeenGroup, Decision)> = seen.groups.iter().filter_map(of_group).collect();
    let up = groups::up(groups.iter().map(|(one, decision)| (*one, decision)));
    for one in &seen.services {
        let refused = overrides::refused(one, &seen, ask, rules);
        let Some(mut decision) = refused.or_else(|| decide(one, &seen, ask, rules)) else { continue };
        let waits = without_machines(one, &decision.item, &seen, &up);
        decision.item.warnings.extend(waits);
        if let Some(written) = written.as_ref().filter(|_| !ask.is_of_a_cluster()) {
            written.comes_first(&mut decision);
        }
        pending.note(&one.id.cluster, &decision);
        let changes = !decision.stages.is_empty();
        let id = plan.change(decision.item, decision.stages);
        covers.extend((clusters.is_some() && changes).then_some(id));
    }
    for (one, decision) in groups {
        if let Some(cluster) = &one.id.cluster {
            pending.note(cluster, &decision);
        }
        let changes = !decision.stages.is_empty();
        let id = plan.change(decision.item, decision.stages);
        covers.extend((clusters.is_some() && changes).then_some(id));
    }
    if let Some(written) = clusters {
        plan.job(OVERRIDE, Job { covers, steps: vec![written.step()] });
    }
    if written.is_none() {
        overrides::clean_clusters(&mut plan, &seen, &pending, ask, rules);
    }
    plan
}

/// The services whose scalable targets matter for what is due.
pub(super) fn need_targets(seen: &Snapshot, ask: &Ask, rules: &Rules) -> Vec<ServiceId> {
    let (seen, _) = overrides::applied(seen, ask, rules);
    let needy = seen.services.iter().filter(|one| needs_target(one, &seen, ask, rules));
    needy.map(|one| one.id.clone()).collect()
}

fn needs_target(seen: &Seen, snapshot: &Snapshot, ask: &Ask, rules: &Rules) -> bool {
    if out_of_reach(seen, ask).is_some() {
        return false;
    }
    let Ok((_, record)) = recorded::<Size>(seen.service.tags_by_key(), rules) else { return false };
    let standing = Standing::of(seen, snapshot, ask, rules);
    let enforced =
        standing.tagged.drift.as_ref().is_ok_and(|drift| *drift == shared::schedule::Drift::Enforce)
            && standing.tagged.schedule.as_ref().is_ok_and(Option::is_some);
    let nothing = matches!(
        standing.due(record.as_ref(), live(seen, rules), ask.now),
        Due::Unreadable | Due::Held | Due::Nothing | Due::AdoptWithoutSize | Due::Withheld
    );
    enforced || !nothing
}

fn live(seen: &Seen, rules: &Rules) -> Live {
    let tagged = sized::<Size>(&seen.service.tags_by_key(), &rules.tags);
    Live {
        count: u32::try_from(seen.service.desired_count).unwrap_or(0),
        asleep: seen.target.as_ref().is_none_or(ScalableTarget::is_asleep),
        size_tag: tagged.is_ok_and(|size| size.is_some_and(|size| size.count.is_some())),
    }
}

/// What becomes of one service; `None` for one that follows nothing and never did.
fn decide(seen: &Seen, snapshot: &Snapshot, ask: &Ask, rules: &Rules) -> Option<Decision> {
    let standing = Standing::of(seen, snapshot, ask, rules);
    let follows = !matches!(&standing.wanted, Ok(None));
    if let Some(item) = out_of_reach(seen, ask) {
        return follows.then(|| item.into());
    }
    let (record_text, record) = match recorded(seen.service.tags_by_key(), rules) {
        Ok(recorded) => recorded,
        Err(fault) => return follows.then(|| failed(&seen.id, fault).into()),
    };
    let due = standing.due(record.as_ref(), live(seen, rules), ask.now);
    if !follows && due == Due::Nothing {
        return overrides::left_behind(seen, &standing, ask, rules);
    }
    let waits = match standing.since() {
        Some(since) if ask.now.duration_since(since) >= PATIENCE => Waits::No,
        _ => Waits::Yes,
    };
    let cause = standing.cause(due, record.as_ref(), ask.now);
    let case = Case {
        id: &seen.id,
        service: &seen.service,
        seen,
        ask,
        rules,
        record_text,
        record,
        cause,
        standing,
        waits,
    };
    let mut decision = carry_out(&case, due);
    decision.item.warnings.extend(late_to_wake(&case, due));
    case.standing.tell(&mut decision.item, || case.shown());
    if due == Due::Nothing {
        overrides::clean_up(&case, &mut decision);
    }
    Some(decision)
}

fn carry_out(case: &Case<'_>, due: Due) -> Decision {
    match due {
        Due::Unreadable => failed(case.id, case.standing.fault()).into(),
        Due::Held => case.item(Outcome::Unchanged, Some(Code::Held), "left as it is").into(),
        Due::FinishStop | Due::MakeOff { .. } => stop::decide(case),
        Due::StartUnscheduled { .. } | Due::MakeOn { .. } => on(case),
        Due::Adopt { state, at } => adopted(case, state, at),
        Due::AdoptWithoutSize => {
            let Refusal { code, reason } = no_saved_size::<Size>(&case.rules.tags);
            case.item(Outcome::Skipped, Some(code), format!("it is at 0, and {reason}")).into()
        }
        Due::Renew { at } => renewed(case, at),
        Due::Withheld => case.item(Outcome::Unchanged, Some(Code::StopOnly), "people start it").into(),
        Due::HandBack { .. } => match start::saved(case) {
            Err(refusal) => case.refused(refusal),
            Ok(size) => start::back_to(case, size, Count::AsItIs),
        },
        Due::Nothing => case.unchanged(as_it_is(case)).into(),
    }
}

fn on(case: &Case<'_>) -> Decision {
    if let Some(item) = case.untaggable() {
        return item.into();
    }
    match start::saved(case) {
        Err(refusal) => case.refused(refusal),
        Ok(size) => start::back_to(case, size, Count::Saved),
    }
}

/// The first record, so that the next transition finds it: nothing else is changed.
fn adopted(case: &Case<'_>, state: State, at: jiff::Timestamp) -> Decision {
    if let Some(item) = case.untaggable() {
        return item.into();
    }
    let size = case.record.as_ref().map_or_else(|| size_at_first_sight(case), |record| record.size);
    let record = Record { state, at, size, sched: case.cause.sched.clone(), by: Some(By::Adoption) };
    let mut item = case.item(Outcome::Changed, None, "adopted as it is: the next transition acts");
    item.after = Some(json!({ "desiredCount": case.service.desired_count, "adopted": true }));
    item.warnings.extend(case.orphaned());
    Decision { item, stages: vec![(CHANGE, vec![case.write(record)])] }
}

/// What a service has that was never looked at before.
fn size_at_first_sight(case: &Case<'_>) -> Size {
    let tagged = case.tagged_size().ok().flatten().unwrap_or_default();
    Size {
        count: case.count().try_into().ok().or(tagged.count),
        scaling: case.own_scaling().or(tagged.scaling),
    }
}

/// It is as the transition wants it: t alone is renewed.
fn renewed(case: &Case<'_>, at: jiff::Timestamp) -> Decision {
    let item = case.unchanged(as_it_is(case));
    match case.record.clone() {
        Some(record) => {
            let renewed = Record { at, ..record };
            Decision { item, stages: vec![(CHANGE, vec![case.write(renewed)])] }
        }
        None => item.into(),
    }
}

fn as_it_is(case: &Case<'_>) -> String {
    match case.count() {
        0 => "off".into(),
        count => format!("on with {count}"),
    }
}

/// Wanted on, and still not all up some time after the transition.
fn late_to_wake(case: &Case<'_>, due: Due) -> Option<Warning> {
    let wanted = case.standing.readable()?;
    let since = wanted.since.as_ref()?.at;
    let late = wanted.state == Want::On
        && due == Due::Nothing
        && case.service.running_count < case.service.desired_count
        && case.ask.now.duration_since(since) >= case.rules.late_after;
    late.then(|| {
        let event = case.service.events.first().map_or("none", |event| event.message.as_str());
        let detail = format!(
            "{} of {} tasks run, and it should have been on since {since}; ECS's last event: {event}",
            case.service.running_count, case.service.desired_count
        );
        Warning::new(Code::LateToWake, detail)
    })
}
