//! Reconcile: services follow their schedules and overrides, level-triggered.
//!
//! What is due is [`shared::schedule::decide`]'s to say, line by line of the table; here it becomes
//! steps, with the same stop and start that requests use.

use jiff::SignedDuration;
use serde_json::json;
use shared::application_autoscaling::ScalableTarget;
use shared::names::ServiceId;
use shared::record::{By, Record, Scaling, Size, State, whole_seconds};
use shared::report::{Item, Outcome, Warning};
use shared::schedule::{Due, Facts, Unreadable, Want, Wanted, WantedBy};
use shared::{Code, ItemId, Job, Plan};

use super::overrides::Pending;
use super::standing::Standing;
use super::start::Count;
use super::{CHANGE, Case, Cause, Decision, OVERRIDE, Rules, Step, Waits};
use super::{groups, out_of_reach, overrides, recorded, start, stop, told, unreadable};
use crate::ask::Ask;
use crate::observe::{Seen, Snapshot};

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
    for one in &seen.services {
        let refused = overrides::refused(one, &seen, ask, rules);
        let Some(mut decision) = refused.or_else(|| decide(one, &seen, ask, rules)) else { continue };
        if let Some(written) = written.as_ref().filter(|_| !ask.is_of_a_cluster()) {
            written.comes_first(&mut decision);
        }
        pending.note(&one.id.cluster, &decision);
        let changes = !decision.stages.is_empty();
        let id = plan.change(decision.item, decision.stages);
        covers.extend((clusters.is_some() && changes).then_some(id));
    }
    for one in &seen.groups {
        let Some(decision) = groups::reconciled(one, &seen, ask, rules) else { continue };
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
    let Ok((_, record)) = recorded(&seen.service, rules) else { return false };
    let standing = Standing::of(seen, snapshot, ask, rules);
    let enforced =
        standing.tagged.drift.as_ref().is_ok_and(|drift| *drift == shared::schedule::Drift::Enforce)
            && standing.tagged.schedule.as_ref().is_ok_and(Option::is_some);
    let nothing = matches!(
        what_is_due(seen, &standing, record.as_ref(), ask, rules),
        Due::Unreadable | Due::Held | Due::Nothing | Due::AdoptWithoutSize | Due::Withheld
    );
    enforced || !nothing
}

fn what_is_due(seen: &Seen, standing: &Standing, record: Option<&Record>, ask: &Ask, rules: &Rules) -> Due {
    let sched = standing.tagged.sched();
    let (Ok(drift), Ok(half)) = (&standing.tagged.drift, &standing.tagged.half) else {
        return Due::Unreadable;
    };
    let size_tag = seen.service.tags_by_key().remove(&rules.tags.size);
    shared::schedule::decide(&Facts {
        record: Ok(record),
        wanted: standing.wanted.as_ref().map(Option::as_ref).map_err(|_| Unreadable),
        sched: sched.as_deref(),
        drift: *drift,
        half: *half,
        count: u32::try_from(seen.service.desired_count).unwrap_or(0),
        asleep: seen.target.as_ref().is_none_or(ScalableTarget::is_asleep),
        size_tag: size_tag.is_some_and(|text| Size::from_tag(&text).is_ok_and(|size| size.count.is_some())),
        now: ask.now,
    })
}

/// What becomes of one service; `None` for one that follows nothing and never did.
fn decide(seen: &Seen, snapshot: &Snapshot, ask: &Ask, rules: &Rules) -> Option<Decision> {
    let standing = Standing::of(seen, snapshot, ask, rules);
    let follows = !matches!(&standing.wanted, Ok(None));
    if let Some(item) = out_of_reach(seen, ask) {
        return follows.then(|| item.into());
    }
    let (record_text, record) = match recorded(&seen.service, rules) {
        Ok(recorded) => recorded,
        Err(fault) => return follows.then(|| unreadable(seen, &rules.tags.record, &fault).into()),
    };
    let due = what_is_due(seen, &standing, record.as_ref(), ask, rules);
    if !follows && due == Due::Nothing {
        return overrides::left_behind(seen, &standing, ask, rules);
    }
    let wanted = standing.wanted.as_ref().ok().and_then(Option::as_ref).cloned();
    let by = match wanted.as_ref().map(|wanted| wanted.by) {
        Some(WantedBy::Override) => By::Override,
        Some(WantedBy::Schedule) | None => By::Schedule,
    };
    let since = wanted.as_ref().and_then(|wanted| wanted.since.as_ref()).map(|since| since.at);
    let waits = match since {
        Some(since) if ask.now.duration_since(since) >= PATIENCE => Waits::No,
        _ => Waits::Yes,
    };
    let cause = Cause { at: whole_seconds(ask.now), by, sched: standing.tagged.sched() };
    let mut case = Case {
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
    let mut decision = carry_out(&mut case, due);
    if let Some(wanted) = &wanted {
        decision.item.warnings.extend(late_to_wake(&case, wanted, due));
        decision.item.reason = format!("{}; {}", decision.item.reason, told(wanted));
        let after = decision.item.after.get_or_insert_with(|| case.shown());
        if let Some(fields) = after.as_object_mut() {
            fields.insert("wanted".into(), json!(wanted.state));
        }
    }
    if due == Due::Nothing {
        overrides::clean_up(&case, &mut decision);
    }
    Some(decision)
}

fn carry_out(case: &mut Case<'_>, due: Due) -> Decision {
    match due {
        Due::Unreadable => fault(case),
        Due::Held => case.item(Outcome::Unchanged, Some(Code::Held), "left as it is").into(),
        Due::FinishStop => {
            // With the t, the cause and the schedule that it was begun with.
            if let Some(Record { at, by, sched, .. }) = case.record.clone() {
                case.cause = Cause { at, by: by.unwrap_or(By::Request), sched };
            }
            stop::decide(case)
        }
        Due::StartUnscheduled { at } => {
            case.cause = Cause { at, by: By::Schedule, sched: None };
            on(case)
        }
        Due::Adopt { state, at } => adopted(case, state, at),
        Due::AdoptWithoutSize => {
            let reason = format!(
                "it is at 0, and nothing says what size it has: scale it to a count, or tag it {} (\"n=3\")",
                case.rules.tags.size
            );
            case.item(Outcome::Skipped, Some(Code::NoSavedSize), reason).into()
        }
        Due::MakeOn { at } => {
            case.cause.at = at;
            on(case)
        }
        Due::MakeOff { at } => {
            case.cause.at = at;
            stop::decide(case)
        }
        Due::Renew { at } => renewed(case, at),
        Due::Withheld => case.item(Outcome::Unchanged, Some(Code::StopOnly), "people start it").into(),
        Due::HandBack { at } => {
            case.cause.at = at;
            match start::saved(case) {
                Err(refusal) => case.refused(refusal),
                Ok(size) => start::back_to(case, size, Count::AsItIs),
            }
        }
        Due::Nothing => case.unchanged(as_it_is(case)).into(),
    }
}

fn fault(case: &Case<'_>) -> Decision {
    let fault = case.standing.fault();
    case.item(Outcome::Failed, Some(fault.code), fault.reason).into()
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
    Decision { item, stages: vec![(CHANGE, vec![case.write(record)])] }
}

/// What a service has that was never looked at before.
fn size_at_first_sight(case: &Case<'_>) -> Size {
    let target = case.seen.target.as_ref();
    let live = target.map(|target| Scaling { min: target.min_capacity, suspended: target.suspended });
    let tagged = case.tagged_size().ok().flatten().unwrap_or_default();
    Size { count: case.count().try_into().ok().or(tagged.count), scaling: live.or(tagged.scaling) }
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
fn late_to_wake(case: &Case<'_>, wanted: &Wanted, due: Due) -> Option<Warning> {
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
