//! Stops of services, case by case.

use super::*;

#[test]
fn what_cannot_be_stopped_says_why_and_gets_no_step() {
    type Spoil = fn(&mut Seen);
    let cases: &[(Spoil, Outcome, Code)] = &[
        (|seen| seen.service.status = "DRAINING".into(), Outcome::Skipped, Code::Gone),
        (|seen| seen.service.status = "INACTIVE".into(), Outcome::Skipped, Code::Gone),
        (|seen| seen.service.scheduling_strategy = "DAEMON".into(), Outcome::Skipped, Code::Daemon),
        (
            |seen| seen.service.resource_management_type = Some("ECS".into()),
            Outcome::Skipped,
            Code::ExpressManaged,
        ),
        (
            |seen| seen.service.service_arn = "arn:aws:ecs:sa-east-1:123456789012:service/users".into(),
            Outcome::Failed,
            Code::ShortArn,
        ),
        (
            |seen| {
                seen.service.tags =
                    (0..50).map(|n| ecs::Tag { key: format!("tag{n}"), value: String::new() }).collect();
            },
            Outcome::Failed,
            Code::TooManyTags,
        ),
        (
            |seen| {
                seen.service.tags = vec![ecs::Tag { key: "steward:record".into(), value: "v2 off".into() }];
            },
            Outcome::Failed,
            Code::RecordUnreadable,
        ),
    ];
    for (spoil, outcome, code) in cases {
        let mut seen = service(2, None, &[]);
        spoil(&mut seen);
        let plan = planned(&seen, &ask(Verb::Stop));
        assert!(plan.is_empty(), "{code}");
        assert_eq!((only(&plan).outcome, only(&plan).code), (*outcome, Some(*code)));
    }
}

#[test]
fn fifty_tags_of_which_one_is_the_record_or_awss_own_are_no_obstacle() {
    let tags = |own: &str| (0..49).map(|n| format!("tag{n}")).chain([own.to_owned()]).collect::<Vec<_>>();
    for own in ["steward:record", "aws:cloudformation:stack-name"] {
        let mut seen = service(2, None, &[]);
        let value = |key: &str| if key == "steward:record" { OFF.to_owned() } else { String::new() };
        seen.service.tags = tags(own).into_iter().map(|key| ecs::Tag { value: value(&key), key }).collect();
        assert!(!planned(&seen, &ask(Verb::Stop)).is_empty(), "{own}");
    }
}

#[test]
fn a_deployment_defers_a_fleets_stop_and_warns_the_one_who_names_the_service() {
    let mut seen = service(2, None, &[]);
    seen.service.deployments = vec![
        ecs::Deployment {
            status: "PRIMARY".into(),
            rollout_state: Some("IN_PROGRESS".into()),
            ..Default::default()
        },
        ecs::Deployment {
            status: "ACTIVE".into(),
            rollout_state: Some("COMPLETED".into()),
            ..Default::default()
        },
    ];
    let named = planned(&seen, &ask(Verb::Stop));
    assert_eq!((only(&named).outcome, warned(only(&named))), (Outcome::Changed, vec![Code::Deploying]));

    let fleet = Target::Cluster(id().cluster, shared::select::Selector::default());
    for ask in [Ask { target: fleet, ..ask(Verb::Stop) }, Ask { scheduled: true, ..ask(Verb::Stop) }] {
        let plan = planned(&seen, &ask);
        assert!(plan.is_empty());
        assert_eq!((only(&plan).outcome, only(&plan).code), (Outcome::Skipped, Some(Code::Deploying)));
    }
    let off = performed(seen.clone(), &ask(Verb::Stop));
    assert!(!planned(&off, &ask(Verb::Start)).is_empty(), "a start never waits");
}

#[test]
fn stopping_what_is_off_leaves_the_record_byte_for_byte_and_notes_who_asked() {
    let seen = service(0, None, &record("v1 off@2026-11-23T23:00:00Z n=5 by=request"));
    assert!(planned(&seen, &ask(Verb::Stop)).is_empty());
    let by_schedule = service(0, None, &record("v1 off@2026-11-23T23:00:00Z n=5 sched=5f2c1a9e by=schedule"));
    let noted = performed(by_schedule, &ask(Verb::Stop));
    assert_eq!(
        noted.service.tags_by_key()["steward:record"],
        "v1 off@2026-11-23T23:00:00Z n=5 sched=5f2c1a9e by=request"
    );
}

#[test]
fn a_stop_of_what_is_off_is_new_only_where_a_transition_has_passed_since() {
    let record = |seen: &Seen| tags(seen)["steward:record"].clone();
    for (before, after) in [
        ("off@2026-11-24T19:00:00Z n=3 by=request", "off@2026-11-24T23:00:00Z n=3 by=request"),
        ("off@2026-11-24T19:00:00Z n=3 by=schedule", "off@2026-11-24T23:00:00Z n=3 by=request"),
        ("off@2026-11-24T20:00:00Z n=3 by=request", "off@2026-11-24T20:00:00Z n=3 by=request"),
        ("off@2026-11-24T20:00:00Z n=3 by=schedule", "off@2026-11-24T20:00:00Z n=3 by=request"),
        ("off@2026-11-24T21:00:00Z n=3 by=request", "off@2026-11-24T21:00:00Z n=3 by=request"),
        ("off@2026-11-24T21:00:00Z n=3 by=override", "off@2026-11-24T21:00:00Z n=3 by=request"),
    ] {
        let seen = office(0, None, before, &[]);
        let expected = record(&office(0, None, after, &[]));
        assert_eq!(planned(&seen, &ask(Verb::Stop)).is_empty(), before == after, "{before}");
        assert_eq!(record(&performed(seen, &ask(Verb::Stop))), expected, "{before}");
    }
}

#[test]
fn a_stop_warns_where_nothing_says_what_to_start_it_with() {
    let worker = Some(target(0, 9, Suspended::default()));
    let nothing = vec![Code::NoSavedSize];
    for (name, seen, codes) in [
        ("never seen above 0", service(0, None, &[]), &nothing),
        ("a tag without a size", service(0, None, &[("steward:size", "many".into())]), &nothing),
        ("a tag says it", service(0, None, &[("steward:size", "n=2".into())]), &vec![]),
        ("its record says it", service(0, None, &record("v1 on@2026-11-23T23:00:00Z n=2")), &vec![]),
        ("its autoscaling says it", service(0, worker, &[]), &vec![]),
        ("it is on", service(2, None, &[]), &vec![]),
    ] {
        assert_eq!(warned(only(&planned(&seen, &ask(Verb::Stop)))), *codes, "{name}");
    }
}

#[test]
fn a_stop_says_what_is_left_and_what_comes_back() {
    let awake = || Some(target(1, 6, Suspended::default()));
    let night = || vec![("steward:night", "2".to_owned())];
    let (off, stopping) =
        ("v1 off@2026-11-23T23:00:00Z n=3 by=request", "v1 stopping@2026-11-23T23:00:00Z n=3");
    for (seen, says, became, (count, draining)) in [
        (service(3, None, &[]), "stopped as asked; comes back with 3", Became::Off, (0, Some(3))),
        (
            service(3, None, &night()),
            "stopped as asked, but for its night size of 2; comes back with 3",
            Became::Off,
            (2, Some(1)),
        ),
        (
            service(2, None, &night()),
            "it keeps its 2, which are no more than its night size of 2; noted as off",
            Became::Kept,
            (2, None),
        ),
        // Its autoscaling falls asleep.
        (
            service(2, awake(), &night()),
            "stopped as asked, but for its night size of 2; comes back with 2",
            Became::Off,
            (2, None),
        ),
        (service(0, None, &night()), "stopped as asked", Became::Off, (0, None)),
        (
            service(2, None, &record(off)),
            "off since 2026-11-23T23:00:00Z, and raised since then: stopped again; comes back with 3",
            Became::Off,
            (0, Some(2)),
        ),
        (
            service(3, None, &record(stopping)),
            "the stop that was begun is finished; comes back with 3",
            Became::Off,
            (0, Some(3)),
        ),
    ] {
        let seen = with_its_tasks(seen);
        let plan = planned(&seen, &ask(Verb::Stop));
        let item = only(&plan);
        assert_eq!(item.reason, says);
        let (before, after) = (item.before.clone().unwrap(), item.after.clone().unwrap());
        assert_eq!(before.desired(), Some(seen.service.desired_count.into()), "{says}");
        assert_eq!(
            (after.desired(), after.became, after.draining),
            (Some(count), became, draining),
            "{says}"
        );
        let sets = plan.steps().filter(|step| matches!(step, Step::SetDesired { .. })).count();
        assert_eq!(sets, usize::from(before.desired() != after.desired()), "{says}");
    }
    let on = office(3, None, "on@2026-11-24T08:00:00Z n=3", &[]);
    let off = tags(&performed(on.clone(), &ask(Verb::Stop)))["steward:record"].clone();
    let expected =
        tags(&office(0, None, "off@2026-11-24T23:00:00Z n=3 by=request", &[]))["steward:record"].clone();
    assert_eq!(off, expected, "with the schedule that it follows");
    assert!(only(&planned(&on, &ask(Verb::Reconcile))).reason.starts_with("stopped; comes back with 3; "));
}

#[test]
fn what_is_at_0_already_waits_for_no_deployment() {
    let primary = ecs::Deployment { status: "PRIMARY".into(), ..ecs::Deployment::default() };
    for (count, code) in [(0, None), (2, Some(Code::Deploying))] {
        let mut seen = service(count, None, &record("v1 on@2026-11-23T23:00:00Z n=2 by=request"));
        seen.service.deployments = vec![primary.clone(), primary.clone()];
        let fleets = planned(&seen, &of_fleet(ask(Verb::Stop)));
        assert_eq!((only(&fleets).code, fleets.is_empty()), (code, code.is_some()), "{count}");
        let named = planned(&seen, &ask(Verb::Stop));
        assert_eq!(warned(only(&named)), Vec::from_iter(code), "{count}");
    }
}

#[test]
fn a_stop_names_the_scheduled_actions_that_sleep_with_a_service() {
    for (schedule, codes) in [
        ("cron(0 7 * * ? *)", vec![Code::ScheduledActions]),
        ("at(2026-11-25T07:00:00)", vec![Code::ScheduledActions]),
        ("at(2026-11-24T07:00:00)", vec![]),
    ] {
        let mut seen = service(2, Some(target(1, 6, Suspended::default())), &[]);
        let action = ScheduledAction { scheduled_action_name: "more".into(), ..ScheduledAction::default() };
        seen.actions = vec![ScheduledAction { schedule: schedule.into(), ..action }];
        assert_eq!(warned(only(&planned(&seen, &ask(Verb::Stop)))), codes, "{schedule}");
    }
}

#[test]
fn what_is_written_last_confirms_and_what_put_to_sleep_is_taken_back_where_a_stop_is_refused() {
    let seen = service(5, Some(target(2, 6, Suspended::default())), &[]);
    let steps = |seen: &Seen, verb| planned(seen, &ask(verb)).steps().cloned().collect::<Vec<_>>();
    let confirms = |steps: &[Step]| steps.iter().map(Step::confirms).collect::<Vec<_>>();
    let stop = steps(&seen, Verb::Stop);
    assert_eq!(confirms(&stop), [false, false, false, true]);
    let undo: Vec<Step> = stop.iter().filter_map(Step::undo).collect();
    let (before, after) = ((0, Suspended::ALL), (2, Suspended::default()));
    assert_eq!(undo, [Step::SetScalable { service: id(), before, after, max: None }]);
    let start = steps(&performed(seen, &ask(Verb::Stop)), Verb::Start);
    assert_eq!(confirms(&start), [false, false, true]);
    assert_eq!(start.iter().filter_map(Step::undo).count(), 0);
}
