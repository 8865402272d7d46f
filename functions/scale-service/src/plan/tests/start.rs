//! Starts of services, case by case.

use super::*;

#[test]
fn off_with_no_saved_size_uses_the_size_tag_else_fails_and_never_guesses() {
    let off = "v1 off@2026-11-23T23:00:00Z by=request";
    let none = planned(&service(0, None, &record(off)), &ask(Verb::Start));
    assert!(none.is_empty());
    assert_eq!((only(&none).outcome, only(&none).code), (Outcome::Failed, Some(Code::NoSavedSize)));

    let mut tags = record(off);
    tags.push(("steward:size", "n=4 min=2 susp=-o-".into()));
    let seen = service(0, Some(target(0, 9, Suspended::ALL)), &tags);
    let on = started(seen);
    let flags = Suspended { dynamic_scaling_out: true, ..Suspended::default() };
    assert_eq!(shape(&on), (4, Some(target(2, 9, flags))));

    let mut tags = record(off);
    tags.push(("steward:size", "plenty".into()));
    let bad = planned(&service(0, None, &tags), &ask(Verb::Start));
    assert_eq!(only(&bad).code, Some(Code::SizeUnreadable));
}

#[test]
fn a_tagged_size_is_bounded_because_whoever_may_tag_may_choose_it() {
    let seen = service(0, None, &[("steward:size", "n=4000".into())]);
    let plan = planned(&seen, &ask(Verb::Start));
    assert_eq!(warned(only(&plan)), [Code::Clamped]);
    assert_eq!(performed(seen, &ask(Verb::Start)).service.desired_count, 500);
}

#[test]
fn what_a_start_leaves_as_it_is_says_why() {
    let of_fleet = of_fleet(ask(Verb::Start));
    let awake = || Some(target(0, 9, Suspended::default()));
    let (on, starting) = ("v1 on@2026-11-23T23:00:00Z n=2", "v1 starting@2026-11-23T23:00:00Z n=2");
    let by_hand = "at 0, but not stopped by ecs-steward: name this one service to start it";
    for (seen, says) in [
        (service(0, None, &[]), by_hand),
        (service(0, None, &record(on)), by_hand),
        (service(0, Some(target(1, 9, Suspended::default())), &record(on)), by_hand),
        (service(0, awake(), &[]), "at 0 by its autoscaling, which is awake"),
        (service(0, awake(), &record(on)), "at 0 by its autoscaling, which is awake"),
        (service(2, None, &[]), "on, and never stopped by ecs-steward"),
        (service(2, None, &record(on)), "on since 2026-11-23T23:00:00Z"),
        (service(2, None, &record(starting)), "starting since 2026-11-23T23:00:00Z: 0 of 2 tasks run"),
    ] {
        let plan = planned(&seen, &of_fleet);
        assert_eq!((only(&plan).outcome, only(&plan).reason.as_str()), (Outcome::Unchanged, says));
        assert!(plan.is_empty(), "{says}");
    }
}

#[test]
fn a_start_says_what_the_service_was_and_what_it_comes_back_with() {
    let off = || record("v1 off@2026-11-23T23:00:00Z n=3 by=request");
    let on = || record("v1 on@2026-11-23T23:00:00Z n=3 by=request");
    let since = "off since 2026-11-23T23:00:00Z";
    for (seen, says) in [
        (service(0, None, &off()), format!("{since}; started as asked with 3")),
        (service(2, None, &off()), format!("{since}; started as asked with 3")),
        (service(3, None, &off()), format!("{since}; already at 3")),
        (service(4, None, &off()), format!("{since}, raised to 4 since then, and that stays")),
        (service(0, None, &on()), "at 0; started as asked with 3".to_owned()),
        (service(0, Some(target(0, 2, Suspended::ALL)), &off()), format!("{since}; started as asked with 2")),
    ] {
        assert_eq!(only(&planned(&seen, &ask(Verb::Start))).reason, says);
    }
}

#[test]
fn where_no_reconcile_comes_a_start_ends_the_start_that_was_begun_and_nothing_else() {
    let alone = PlanSettings { acts_in: NamePatterns::default(), ..settings() };
    let (off, on) = ("off@2026-11-23T23:00:00Z", "on@2026-11-23T23:00:00Z");
    let starting = "starting@2026-11-23T23:00:00Z";
    for (count, state, says, after) in [
        (2, starting, "taken as up: 0 of 2 tasks run", Some((2, "on@2026-11-23T23:00:00Z"))),
        // What somebody has taken to 0 is started anew.
        (
            0,
            starting,
            "starting since 2026-11-23T23:00:00Z; started as asked with 3",
            Some((3, "on@2026-11-24T23:00:00Z")),
        ),
        (
            2,
            off,
            "off since 2026-11-23T23:00:00Z; started as asked with 3",
            Some((3, "on@2026-11-24T23:00:00Z")),
        ),
        (2, on, "on since 2026-11-23T23:00:00Z", None),
    ] {
        let mut seen = service(count, None, &record(&format!("v1 {state} n=3 by=request")));
        let snapshot = Snapshot { services: vec![seen.clone()], ..Snapshot::default() };
        let plan = plan(&snapshot, &ask(Verb::Start), &alone);
        assert_eq!(only(&plan).reason, says);
        assert_eq!(plan.is_empty(), after.is_none(), "{says}");
        plan.steps().for_each(|step| apply(&mut seen, step));
        if let Some((count, state)) = after {
            let text = format!("v1 {state} n=3 by=request");
            assert_eq!((seen.service.desired_count, &tags(&seen)["steward:record"]), (count, &text));
        }
        // Where one comes, it ends what was begun.
        let seen = service(count, None, &record(&format!("v1 {state} n=3 by=request")));
        let is_left = planned(&seen, &ask(Verb::Start)).is_empty();
        assert_eq!(is_left, count > 0 && state != off, "{says}");
    }
}

#[test]
fn a_start_is_over_once_tasks_run_and_all_of_them() {
    let primary = ecs::Deployment { status: "PRIMARY".into(), ..ecs::Deployment::default() };
    for (name, desired, running, deploying, is_over) in [
        ("whole", 2, 2, false, true),
        ("more than that", 2, 3, false, true),
        ("not all", 2, 1, false, false),
        ("being replaced", 2, 2, true, false),
        ("taken to 0", 0, 0, false, false),
    ] {
        let mut seen = office(desired, None, "starting@2026-11-25T08:00:00Z n=2", &[]);
        seen.service.running_count = running;
        seen.service.deployments = if deploying { vec![primary.clone(), primary.clone()] } else { vec![] };
        let plan = planned(&seen, &at(Verb::Reconcile, "2026-11-25T08:05:00Z"));
        let code = (!is_over).then_some(Code::Waking);
        assert_eq!((only(&plan).code, plan.is_empty()), (code, !is_over), "{name}");
        let (became, count) = (if is_over { Became::On } else { Became::AsItIs }, Some(i64::from(desired)));
        let after = only(&plan).after.clone().unwrap();
        assert_eq!((after.became, after.desired()), (became, count), "{name}");
    }
}

#[test]
fn what_was_raised_above_the_targets_max_is_moved_to_it_as_the_target_wakes_and_that_is_told() {
    for (count, after, codes) in
        [(9, 6, vec![Code::OutsideBounds]), (6, 6, vec![]), (5, 5, vec![]), (0, 5, vec![])]
    {
        let seen = service(count, Some(target(0, 6, Suspended::ALL)), &record(OFF));
        let plan = planned(&seen, &ask(Verb::Start));
        let desired = only(&plan).after.as_ref().and_then(crate::effect::Effect::desired);
        assert_eq!((desired, warned(only(&plan))), (Some(after), codes), "{count}");
        assert_eq!(Some(performed(seen, &ask(Verb::Start)).service.desired_count.into()), desired, "{count}");
    }
}
