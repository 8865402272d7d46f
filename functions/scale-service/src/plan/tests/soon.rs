//! What a tick tells people ahead of time, and of what went wrong.

use shared::events::BusEvent;

use super::*;
use crate::plan::events;

/// Half an hour before the office's evening.
const SOON: &str = "2026-11-24T19:30:00Z";

fn tick(time: &str) -> Ask {
    Ask { scheduled: true, ..at(Verb::Reconcile, time) }
}

/// One that follows the office's hours and has no record yet, with more tags.
fn unrecorded(count: u32, more: &[(&'static str, &str)]) -> Seen {
    let mut tags = vec![("steward:schedule", OFFICE.to_owned())];
    tags.extend(more.iter().map(|(key, value)| (*key, (*value).to_owned())));
    service(count, None, &tags)
}

/// The events of one tick, each with what it is of.
fn told(seen: &Seen, ask: &Ask, before: SignedDuration) -> Vec<String> {
    let snapshot = Snapshot { services: vec![seen.clone()], ..Snapshot::default() };
    let (items, _) = plan(&snapshot, ask, &settings()).into_parts();
    let said = |event: BusEvent| match event {
        BusEvent::GoingOffSoon(it) => format!("{} off at {}", it.services.join(" "), it.at.at),
        BusEvent::OverrideEndsSoon(it) => format!("{} ends at {}", it.resource, it.override_.until()),
        BusEvent::LateToWake(it) => format!("{} late", it.services[0].resource),
        BusEvent::AtRisk(it) => format!("{} at risk", it.services[0].resource),
        other => panic!("{other:?}"),
    };
    events(&snapshot, &items, ask, &settings(), Some(before)).into_iter().map(said).collect()
}

#[test]
fn going_off_soon_is_what_is_up_and_is_stopped_by_then() {
    let half_an_hour = SignedDuration::from_mins(30);
    let users = vec!["users off at 2026-11-24T20:00:00Z"];
    let sched = OFFICE.parse::<Schedule>().unwrap().hash();
    let by_hand = format!("v1 on@2026-11-24T08:00:00Z n=2 sched={sched} by=schedule");
    let off = "off from 2026-11-24T19:45:00Z until 2026-11-24T19:50:00Z by ana";
    let later = "on from 2026-11-24T18:00:00Z until 2026-11-24T23:00:00Z by ana";
    let over = "on from 2026-11-24T18:00:00Z until 2026-11-24T19:00:00Z by ana";
    for (name, seen, at, events) in [
        ("up", unrecorded(2, &[]), SOON, &users),
        ("up, told a tick late", unrecorded(2, &[]), "2026-11-24T19:34:59Z", &users),
        ("too early", unrecorded(2, &[]), "2026-11-24T19:29:59Z", &vec![]),
        ("told before", unrecorded(2, &[]), "2026-11-24T19:35:00Z", &vec![]),
        ("at 0", unrecorded(0, &[("steward:record", &by_hand)]), SOON, &vec![]),
        ("no more than its night size", unrecorded(2, &[("steward:night", "2")]), SOON, &vec![]),
        ("more than its night size", unrecorded(3, &[("steward:night", "2")]), SOON, &users),
        ("stopped by people", unrecorded(2, &[("steward:half", "start-only")]), SOON, &vec![]),
        ("started by people", unrecorded(2, &[("steward:half", "stop-only")]), SOON, &users),
        ("an override ends later", unrecorded(2, &[("steward:override", later)]), SOON, &vec![]),
        ("an override has ended", unrecorded(2, &[("steward:override", over)]), SOON, &users),
        (
            "an override begins",
            unrecorded(2, &[("steward:override", off)]),
            "2026-11-24T19:15:00Z",
            &vec!["users off at 2026-11-24T19:45:00Z"],
        ),
    ] {
        assert_eq!(told(&seen, &tick(at), half_an_hour), *events, "{name}");
    }
    let mut daemon = unrecorded(2, &[]);
    daemon.service.scheduling_strategy = "DAEMON".into();
    assert_eq!(told(&daemon, &tick(SOON), half_an_hour), [""; 0]);
    // An override that begins with this very tick is no start that is ahead.
    let on = "on from 2026-11-24T22:00:00Z until 2026-11-24T22:03:00Z by ana";
    let kept_on = unrecorded(2, &[("steward:override", on)]);
    let three_minutes = SignedDuration::from_mins(3);
    let ends = ["users off at 2026-11-24T22:03:00Z", "service/prod/users ends at 2026-11-24T22:03:00Z"];
    assert_eq!(told(&kept_on, &tick("2026-11-24T22:00:00Z"), three_minutes), ends);
}

#[test]
fn nothing_is_told_ahead_by_any_run_but_a_scheduled_reconcile_that_acts() {
    let half_an_hour = SignedDuration::from_mins(30);
    let seen = unrecorded(2, &[]);
    let tick = tick(SOON);
    assert_eq!(told(&seen, &tick, half_an_hour).len(), 1);
    for ask in [
        Ask { scheduled: false, ..tick.clone() },
        Ask { dry_run: true, ..tick.clone() },
        Ask { verb: Verb::Start, ..tick.clone() },
    ] {
        assert_eq!(told(&seen, &ask, half_an_hour), [""; 0], "{ask:?}");
    }
}

#[test]
fn what_has_lost_its_record_is_told_at_risk_by_the_tick_that_finds_it_so_and_what_keeps_it_is_not() {
    let before = SignedDuration::from_mins(30);
    let asleep =
        Some(ScalableTarget { suspended: Suspended::ALL, max_capacity: 9, ..ScalableTarget::default() });
    let night = tick("2026-11-25T02:05:00Z");
    let lost = Seen { target: asleep, ..unrecorded(0, &[]) };
    assert_eq!(told(&lost, &night, before), ["service/prod/users at risk"]);
    let adopted = performed(lost, &night);
    assert_eq!(told(&adopted, &tick("2026-11-25T02:10:00Z"), before), [""; 0]);
    let sched = OFFICE.parse::<Schedule>().unwrap().hash();
    // What fails for another reason has lost nothing.
    let unreadable = unrecorded(0, &[("steward:drift", "now and then")]);
    assert_eq!(told(&unreadable, &night, before), [""; 0]);
    // What its record does not say fails at the start, and that is no lost record.
    let unsaid = format!("v1 off@2026-11-24T20:00:00Z sched={sched} by=schedule");
    let morning = tick("2026-11-25T08:00:00Z");
    assert_eq!(told(&unrecorded(0, &[("steward:record", &unsaid)]), &morning, before), [""; 0]);
}

#[test]
fn what_is_late_to_wake_is_told_once_as_it_becomes_late() {
    let before = SignedDuration::from_mins(30);
    let sched = OFFICE.parse::<Schedule>().unwrap().hash();
    let record = format!("v1 starting@2026-11-25T08:00:00Z n=2 sched={sched} by=schedule");
    let starting = unrecorded(2, &[("steward:record", &record)]);
    let late = vec!["service/prod/users late"];
    for (seen, at, events) in [
        (starting.clone(), "2026-11-25T08:10:00Z", &vec![]),
        (starting.clone(), "2026-11-25T08:15:00Z", &late),
        (starting.clone(), "2026-11-25T08:20:00Z", &vec![]),
        (with_its_tasks(starting), "2026-11-25T08:15:00Z", &vec![]),
    ] {
        assert_eq!(told(&seen, &tick(at), before), *events, "{at}");
    }
}

#[test]
fn an_override_that_ends_soon_is_told_with_the_request_that_makes_it_longer() {
    let on = "on from 2026-11-24T18:00:00Z until 2026-11-24T20:00:00Z by ana";
    let tags = [("steward:override".to_owned(), on.to_owned())].into();
    let own = Snapshot { services: vec![unrecorded(2, &[("steward:override", on)])], ..Snapshot::default() };
    let clusters = Snapshot {
        services: vec![unrecorded(2, &[])],
        cluster_tags: [(id().cluster, tags)].into(),
        ..Snapshot::default()
    };
    for (seen, resource, path) in [
        (own, "service/prod/users", "/v1/clusters/prod/services/users/override"),
        (clusters, "cluster/prod", "/v1/clusters/prod/override"),
    ] {
        let events = events(&seen, &[], &tick(SOON), &settings(), Some(SignedDuration::from_mins(30)));
        let ends: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                BusEvent::OverrideEndsSoon(it) => Some((it.resource.as_str(), it.extend.path.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(ends, [(resource, path)]);
    }
}
