//! Who wakes what sleeps, and when.

use super::*;

/// Who wakes a service, and when: `-` where it does not sleep, nor will.
fn waker(service: &Service, target: Option<&ScalableTarget>, now: &str, settings: &ViewSettings) -> String {
    match services::sleeper(service, target, &Tags::new(), settings, local(now)).map(|it| it.waker) {
        None => "-".into(),
        Some(Waker::Reconcile(at)) => at.to_string(),
        Some(Waker::People) => "people".into(),
        Some(Waker::Nobody(_)) => "nobody".into(),
    }
}

#[test]
fn what_sleeps_comes_back_at_the_hour_of_the_tick_that_starts_it() {
    let check = |what: &str, now: &str, count: i32, tags: &[(&str, &str)], expected: &str| {
        assert_eq!(waker(&users(count, tags), None, now, &settings()), expected, "{what}");
    };
    check("by day", MORNING, 3, &[("record", ON)], WEDNESDAY);
    check("by night", NIGHT, 0, &[("record", STOPPED)], WEDNESDAY);
    check("raised at night", NIGHT, 1, &[("record", STOPPED)], WEDNESDAY);
    check("before the tick that stops it", "2026-11-24 20:01", 3, &[("record", ON)], WEDNESDAY);
    check("always on", MORNING, 3, &[("schedule", "always"), ("record", ON)], "-");
    let hold = override_("hold", "21:00", "23:00");
    check("a hold that changes nothing", NIGHT, 0, &[("override", &hold), ("record", STOPPED)], WEDNESDAY);
    let off = for_nine_weeks("off");
    let stopped = "v1 off@2026-11-24T12:00:00Z n=3 sched=SCHED by=override";
    let monday = "2027-01-25T09:00:00-03:00";
    check("a long off", MORNING, 0, &[("override", &off), ("record", stopped)], monday);

    let stop_only = ("half", "stop-only");
    check("stop-only by day", MORNING, 3, &[stop_only, ("record", ON)], "people");
    check("stop-only by night", NIGHT, 0, &[stop_only, ("record", STOPPED)], "people");
    check("started by people, until tonight", MORNING, 3, &[stop_only, ("record", OFF)], "people");
    let edited = "v1 off@2026-11-23T23:00:00Z n=3 sched=01234567 by=schedule";
    let handed_back = [stop_only, ("schedule", "always"), ("record", edited)];
    check("started by people, for good", MORNING, 3, &handed_back, "-");
    check("left to people, for good", MORNING, 0, &handed_back, "people");
    let on = for_nine_weeks("on");
    check("kept for longer than a week", MORNING, 3, &[stop_only, ("override", &on), ("record", ON)], "-");

    let at_ten = "2026-11-24T10:00:00-03:00";
    let hold = override_("hold", "07:30", "10:00");
    let held = [("override", hold.as_str()), ("record", OFF)];
    check("held over its hour, seen before that", "2026-11-24 07:40", 0, &held, at_ten);
    check("held over its hour, seen after that", "2026-11-24 09:30", 0, &held, at_ten);

    // Nothing says its size: it fails at the hour at which it would come back, once.
    check("no size, held until ten", "2026-11-24 09:30", 0, &[("override", &hold)], at_ten);
    check("no size, by day", MORNING, 0, &[], "2026-11-24T08:00:00-03:00");
    check("no size, by night", NIGHT, 0, &[], "people");
}

#[test]
fn what_no_schedule_is_for_is_woken_where_a_schedule_had_stopped_it() {
    let check = |count: i32, record: &str, [acting, idle]: [&str; 2]| {
        let service = service("users", count, &[("record", record)]);
        let observing = ViewSettings { idle: Some("MODE is observe"), ..settings() };
        let told = [settings(), observing].map(|settings| waker(&service, None, MORNING, &settings));
        assert_eq!(told, [acting, idle], "{record}");
    };
    let next_tick = "2026-11-24T12:00:00+00:00";
    check(0, "v1 off@2026-11-23T23:00:00Z n=3 sched=01234567 by=schedule", [next_tick, "nobody"]);
    check(0, "v1 off@2026-11-23T23:00:00Z n=3 by=override", [next_tick, "nobody"]);
    check(0, "v1 off@2026-11-23T23:00:00Z n=3 by=request", ["people", "people"]);
    check(0, "v1 on@2026-11-23T23:00:00Z n=3 by=request", ["-", "-"]);
    check(0, "v1 of", ["people", "people"]);
    check(1, "v1 of", ["-", "-"]);
}

#[test]
fn where_reconcile_does_not_act_only_what_sleeps_already_is_told_and_a_persons_stop_waits_for_people() {
    let observing = ViewSettings { idle: Some("MODE is observe"), ..settings() };
    let told = |count, record: &str| waker(&users(count, &[("record", record)]), None, NIGHT, &observing);
    assert_eq!(told(3, ON), "-");
    assert_eq!(told(0, STOPPED), "nobody");
    assert_eq!(told(0, &STOPPED.replace("by=schedule", "by=request")), "people");
}

#[test]
fn what_cannot_be_read_sleeps_where_nothing_can_raise_it() {
    let awake = Suspended::default();
    for (count, target, expected) in [
        (0, None, "people"),
        (0, Some(target(0, awake)), "people"),
        (0, Some(target(1, awake)), "-"),
        (1, None, "-"),
        (1, Some(target(0, awake)), "-"),
    ] {
        for tag in [("record", "v1 of"), ("drift", "away")] {
            let told = waker(&users(count, &[tag]), target.as_ref(), MORNING, &settings());
            assert_eq!(told, expected, "{count} {target:?} {tag:?}");
        }
    }
    // What keeps one task at night sleeps with it.
    let kept = users(1, &[("night", "1"), ("record", "v1 of")]);
    assert_eq!(waker(&kept, None, MORNING, &settings()), "people");
    let mut daemon = users(0, &[("record", "v1 of")]);
    daemon.scheduling_strategy = "DAEMON".into();
    assert_eq!(waker(&daemon, None, MORNING, &settings()), "-", "nobody puts it to sleep");
}

#[test]
fn what_is_at_0_though_its_record_says_on_was_parked_by_hand_unless_its_autoscaling_took_it_there() {
    let awake = Suspended::default();
    for (what, count, record, target, parked) in [
        ("by hand", 0, ON, None, true),
        ("by hand, with its autoscaling", 0, ON, Some(target(0, Suspended::ALL)), true),
        ("a queue's worker", 0, ON, Some(target(0, awake)), false),
        ("it runs", 3, ON, None, false),
        ("it sleeps", 0, OFF, None, false),
    ] {
        let service = users(count, &[("record", record)]);
        let sleeper = services::sleeper(&service, target.as_ref(), &Tags::new(), &settings(), local(MORNING));
        assert_eq!(sleeper.unwrap().parked, parked, "{what}");
    }
}
