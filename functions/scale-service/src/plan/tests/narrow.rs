//! What a fresh look leaves of a plan.

use shared::perform::Narrowed;

use super::*;
use crate::observe::Fresh;

fn again(seen: Option<Seen>, cluster: &[(&str, &str)]) -> Fresh {
    let tags = cluster.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let seen = Snapshot {
        services: seen.into_iter().collect(),
        cluster_tags: [(id().cluster, tags)].into(),
        ..Snapshot::default()
    };
    Fresh { seen, services: Ok(()), groups: Ok(()) }
}

/// What a plan for `seen` leaves of itself after a fresh look.
fn narrowed(seen: &Seen, ask: &Ask, fresh: &Fresh) -> Narrowed<Step> {
    let (_, stages) = planned(seen, ask).into_parts();
    let (stage, jobs) = stages.into_iter().enumerate().find(|(_, jobs)| !jobs.is_empty()).unwrap();
    let cluster_tags = [(id().cluster, std::collections::BTreeMap::new())].into();
    let before = Snapshot { services: vec![seen.clone()], cluster_tags, ..Snapshot::default() };
    narrow(stage, jobs, &before, fresh, ask, &settings())
}

fn taken(seen: &Seen, ask: &Ask, fresh: &Fresh) -> Option<(Outcome, Code)> {
    let Narrowed { jobs, taken } = narrowed(seen, ask, fresh);
    assert_eq!(jobs.len() + taken.len(), 1);
    taken.first().map(|(_, taken)| (taken.outcome, taken.code))
}

fn evening() -> (Seen, Ask) {
    let sched = "Mon-Fri 08:00-20:00 UTC".parse::<shared::schedule::Schedule>().unwrap().hash();
    let record = format!("v1 on@2026-11-24T08:00:00Z n=2 sched={sched} by=schedule");
    let tags = [("steward:schedule", "Mon-Fri 08:00-20:00 UTC".to_owned()), ("steward:record", record)];
    (service(2, None, &tags), ask(Verb::Reconcile))
}

fn tagged(mut seen: Seen, key: &str, value: &str) -> Seen {
    seen.service.tags.retain(|tag| tag.key != key);
    seen.service.tags.push(ecs::Tag { key: key.into(), value: value.into() });
    seen
}

// Put after the run has begun, which is at 23:00.
const HOLD: &str = "hold from 2026-11-24T23:00:02Z until 2026-11-25T02:00:00Z by ana";
const ON: &str = "on from 2026-11-24T22:59:00Z until 2026-11-25T02:00:00Z by ana";

#[test]
fn nothing_is_switched_on_an_old_look() {
    let (seen, ask) = evening();
    let meanwhile = Some((Outcome::Unchanged, Code::ChangedMeanwhile));
    assert_eq!(taken(&seen, &ask, &again(Some(seen.clone()), &[])), None);
    for text in [HOLD, ON] {
        let its_own = tagged(seen.clone(), "steward:override", text);
        assert_eq!(taken(&seen, &ask, &again(Some(its_own), &[])), meanwhile, "{text}");
        let clusters = again(Some(seen.clone()), &[("steward:override", text)]);
        assert_eq!(taken(&seen, &ask, &clusters), meanwhile, "its cluster's {text}");
    }
    let mut scaled = seen.clone();
    scaled.service.desired_count = 3;
    assert_eq!(taken(&seen, &ask, &again(Some(scaled), &[])), meanwhile, "a size is never old");
    assert_eq!(taken(&seen, &ask, &again(None, &[])), meanwhile, "gone");
    let mut deploying = seen.clone();
    let primary = ecs::Deployment { status: "PRIMARY".into(), ..ecs::Deployment::default() };
    deploying.service.deployments = vec![primary.clone(), primary];
    let since = Ask { now: instant("2026-11-24T20:01:00Z"), ..ask.clone() };
    assert_eq!(taken(&seen, &since, &again(Some(deploying), &[])), meanwhile);
}

#[test]
fn what_a_request_finds_changed_is_failed_and_may_be_asked_again() {
    let seen = service(2, None, &[]);
    let stop = ask(Verb::Stop);
    assert_eq!(taken(&seen, &stop, &again(Some(seen.clone()), &[])), None);
    let mut scaled = seen.clone();
    scaled.service.desired_count = 3;
    assert_eq!(taken(&seen, &stop, &again(Some(scaled), &[])), Some((Outcome::Failed, Code::Raced)));
    let unread = Problem::new(Code::Throttled, "throttled");
    let unread = Fresh { services: Err(unread), ..again(Some(seen.clone()), &[]) };
    assert_eq!(taken(&seen, &stop, &unread), Some((Outcome::Failed, Code::Throttled)));
}

#[test]
fn what_a_twin_of_this_run_did_for_the_same_instant_is_success_and_not_a_race() {
    let off = service(0, None, &record(OFF));
    for (verb, t) in [(Verb::Start, "starting"), (Verb::Start, "on"), (Verb::Stop, "stopping")] {
        let seen = if verb == Verb::Start { off.clone() } else { service(5, None, &[]) };
        let text = format!("v1 {t}@{T} n=5 min=2 susp=--- by=request");
        let twins = tagged(seen.clone(), "steward:record", &text);
        let unchanged = Some((Outcome::Unchanged, Code::ChangedMeanwhile));
        assert_eq!(taken(&seen, &ask(verb), &again(Some(twins), &[])), unchanged, "{text}");
    }
    // For another instant, or the other way round.
    let seen = service(5, None, &[]);
    for text in ["v1 stopping@2026-11-24T22:00:00Z n=5", &format!("v1 on@{T} n=5")] {
        let others = tagged(seen.clone(), "steward:record", text);
        let raced = Some((Outcome::Failed, Code::Raced));
        assert_eq!(taken(&seen, &ask(Verb::Stop), &again(Some(others), &[])), raced, "{text}");
    }
}

#[test]
fn a_tick_tells_what_a_twin_did_from_a_hold_that_began_meanwhile() {
    let (seen, ask) = evening();
    let said = |seen: &Seen, fresh: &Fresh| narrowed(seen, &ask, fresh).taken[0].1.reason.clone();
    let done = said(&seen, &again(Some(performed(seen.clone(), &ask)), &[]));
    assert!(done.starts_with("another run did the same meanwhile: off"), "{done}");
    let held = tagged(seen, "steward:override", HOLD);
    let mut fresh = again(Some(held.clone()), &[]);
    fresh.seen.looked_at = instant("2026-11-24T23:00:03Z");
    let left = said(&held, &fresh);
    assert!(
        left.starts_with("it changed since this run looked at it, and the next decides: left as it is"),
        "{left}"
    );
}

#[test]
fn an_override_that_was_put_anew_is_not_removed_as_the_one_that_was_over() {
    let (seen, ask) = evening();
    let over = "hold from 2026-11-24T12:00:00Z until 2026-11-24T13:00:00Z by ana";
    let off = performed(seen, &ask);
    let seen = tagged(off, "steward:override", over);
    assert_eq!(taken(&seen, &ask, &again(Some(seen.clone()), &[])), None);
    let anew = tagged(seen.clone(), "steward:override", HOLD);
    let meanwhile = Some((Outcome::Unchanged, Code::ChangedMeanwhile));
    assert_eq!(taken(&seen, &ask, &again(Some(anew), &[])), meanwhile);
}
