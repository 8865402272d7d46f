//! Starts of groups, case by case.

use super::*;

#[test]
fn a_start_says_what_the_group_was_and_is_begun_by_a_record_that_says_off() {
    let sched = OFFICE.parse::<shared::schedule::Schedule>().unwrap().hash();
    let of = |sizes, asleep, state: &str| {
        let record = format!("v1 {state} n=3 min=1 susp=-- sched={sched} by=schedule");
        let own = [("steward:schedule", OFFICE), ("steward:drift", "enforce"), ("steward:record", &record)];
        group(sizes, asleep, own.iter().map(|(key, value)| tag(key, value)).collect())
    };
    let awake = Suspended::default();
    let (on, off) = ("on@2026-11-24T08:00:00Z", "off@2026-11-24T20:00:00Z");
    let stopping = "stopping@2026-11-24T20:00:00Z";
    let morning = ask(Verb::Reconcile, MORNING);
    let request = ask(Verb::Start, NOW);
    for (seen, ask, says, ahead) in [
        (
            of((0, 0, 4), Suspended::ALL, off),
            &morning,
            "off since 2026-11-24T20:00:00Z; started with 3",
            None,
        ),
        (
            of((0, 0, 4), Suspended::ALL, off),
            &request,
            "off since 2026-11-24T20:00:00Z; started with 3",
            None,
        ),
        (of((0, 3, 4), Suspended::ALL, off), &request, "off since 2026-11-24T20:00:00Z; already at 3", None),
        // Its record says on: a crash in the middle would pass for a start that was done.
        (of((0, 0, 4), awake, on), &morning, "at 0; started with 3", Some("2026-11-24T07:59:59.999Z")),
        // A stop that was cut off, before its size was 0 and after.
        (
            of((1, 3, 4), Suspended::ALL, stopping),
            &request,
            "its stop, begun at 2026-11-24T20:00:00Z, is taken back; already at 3",
            Some("2026-11-24T20:00:00Z"),
        ),
        (
            of((0, 0, 4), Suspended::ALL, stopping),
            &request,
            "off since 2026-11-24T20:00:00Z; started with 3",
            Some("2026-11-24T20:00:00Z"),
        ),
        // One that waits for its tasks, and has not been touched.
        (
            of((1, 3, 4), awake, stopping),
            &request,
            "its stop, begun at 2026-11-24T20:00:00Z, is taken back; already at 3",
            None,
        ),
    ] {
        let (reason, steps) = reason_and_steps(&seen, ask);
        let (own, _) = reason.split_once("; inside").unwrap_or((&reason, ""));
        assert_eq!(own, says);
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else { panic!("{says}: no steps") };
        let begun = match first {
            Step::WriteGroupRecord { record, .. } if record.state == State::Off => {
                Some(record.at.to_string())
            }
            _ => None,
        };
        assert_eq!(begun.as_deref(), ahead, "{says}: {first:?}");
        let is_starting =
            matches!(last, Step::WriteGroupRecord { record, .. } if record.state == State::Starting);
        assert!(is_starting, "{says}: {last:?}");
    }
}

#[test]
fn what_a_start_leaves_as_it_is_says_why() {
    let of = |desired, record: Option<&str>| {
        let record = record.map(|record| tag("steward:record", &format!("v1 {record} n=2 by=request")));
        group((0, desired, 4), Suspended::default(), record.into_iter().collect())
    };
    let (on, starting) = ("on@2026-11-23T23:00:00Z", "starting@2026-11-23T23:00:00Z");
    for (seen, says) in [
        (of(0, None), "at 0, but not stopped by ecs-steward: scale it to a size"),
        (of(0, Some(on)), "at 0, but not stopped by ecs-steward: scale it to a size"),
        (of(2, None), "on, and never stopped by ecs-steward"),
        (of(2, Some(on)), "on since 2026-11-23T23:00:00Z"),
        (
            of(2, Some(starting)),
            "starting since 2026-11-23T23:00:00Z: 1 of its desired capacity of 2 are in service",
        ),
    ] {
        let (reason, steps) = reason_and_steps(&seen, &ask(Verb::Start, NOW));
        assert_eq!((reason.as_str(), steps.len()), (says, 0));
    }
}

#[test]
fn the_end_of_a_start_wakes_what_the_start_left_asleep_and_nothing_that_somebody_suspended() {
    let sched = OFFICE.parse::<shared::schedule::Schedule>().unwrap().hash();
    let (alarms, scheduled) = (
        Suspended { alarm_notification: true, ..Suspended::default() },
        Suspended { scheduled_actions: true, ..Suspended::default() },
    );
    for (saved, asleep, left) in [
        ("--", alarms, Suspended::default()),
        ("--", Suspended::ALL, Suspended::default()),
        ("--", scheduled, scheduled),
        ("--", Suspended::default(), Suspended::default()),
        ("-s", Suspended::ALL, scheduled),
        ("-s", alarms, alarms),
        ("a-", alarms, alarms),
        ("a-", Suspended::ALL, alarms),
    ] {
        let record =
            format!("v1 starting@2026-11-25T08:00:00Z n=2 min=1 susp={saved} sched={sched} by=schedule");
        let tags = vec![tag("steward:schedule", OFFICE), tag("steward:record", &record)];
        let seen = with_its_instances(group((1, 2, 4), asleep, tags));
        let plan = planned(&seen, &ask(Verb::Reconcile, "2026-11-25T08:05:00Z"));
        assert!(plan.forecast()[0].reason.starts_with("up: 2 of its desired capacity of 2 are in service"));
        assert_eq!(plan.forecast()[0].after.as_ref().and_then(Effect::desired), Some(2));
        let up = perform(seen, &ask(Verb::Reconcile, "2026-11-25T08:05:00Z"), usize::MAX);
        assert_eq!(shape(&up), (1, 2, 4, left), "{saved}, {asleep}");
        assert!(up.group.tags_by_key()["steward:record"].starts_with("v1 on@2026-11-25T08:00:00Z"));
    }
}

#[test]
fn a_service_is_said_to_want_machines_where_none_is_there_and_none_comes() {
    let started = |launch_type: &str, desired_count| {
        let service = shared::ecs::Service {
            service_arn: "arn:aws:ecs:sa-east-1:123456789012:service/prod/users".into(),
            service_name: "users".into(),
            status: "ACTIVE".into(),
            scheduling_strategy: "REPLICA".into(),
            launch_type: Some(launch_type.into()),
            desired_count,
            tags: vec![shared::ecs::Tag {
                key: "steward:record".into(),
                value: "v1 off@2026-11-23T23:00:00Z n=2 by=request".into(),
            }],
            ..shared::ecs::Service::default()
        };
        let id = shared::names::ServiceId::from_resource("service/prod/users").unwrap();
        crate::observe::Seen { id, service, target: None, actions: Vec::new() }
    };
    let of = |desired, record: Option<&str>| {
        let record = record.map(|record| tag("steward:record", record));
        let asleep = if desired == 0 { Suspended::ALL } else { Suspended::default() };
        group((0, desired, 4), asleep, record.into_iter().collect())
    };
    let off = Some("v1 off@2026-11-23T23:00:00Z n=2 min=0 susp=-- by=request");
    for (launch_type, count, machines, empty, is_told) in [
        ("EC2", 0, of(0, None), true, true),
        ("EC2", 2, of(0, None), true, false),
        ("EC2", 0, of(0, None), false, false),
        ("FARGATE", 0, of(0, None), true, false),
        ("EC2", 0, of(2, None), true, false),
        ("EC2", 0, of(0, off), true, false),
    ] {
        let mut seen = snapshot(&machines, &[]);
        seen.services = vec![started(launch_type, count)];
        seen.empty = empty.then(cluster).into_iter().collect();
        let plan = plan(&seen, &ask(Verb::Start, NOW), &settings());
        let item = &plan.forecast()[0];
        let told = item.warnings.iter().any(|warning| warning.code == Code::NoInstances);
        assert_eq!(
            (item.outcome, told),
            (Outcome::Changed, is_told),
            "{launch_type}, {empty}: {:?}",
            machines.group
        );
    }
}

#[test]
fn where_no_reconcile_comes_a_group_is_started_with_its_alarms_at_once() {
    let off = "v1 off@2026-11-23T23:00:00Z n=2 min=1 susp=-- by=request";
    let seen = group((0, 0, 4), Suspended::ALL, vec![tag("steward:record", off)]);
    for (acts_in, state, asleep) in [
        (NamePatterns::default(), State::On, Suspended::default()),
        (
            "*".parse().unwrap(),
            State::Starting,
            Suspended { alarm_notification: true, ..Suspended::default() },
        ),
    ] {
        let settings = PlanSettings { acts_in, ..settings() };
        let plan = plan(&snapshot(&seen, &[]), &ask(Verb::Start, NOW), &settings);
        let mut started = seen.clone();
        plan.steps().for_each(|step| apply(&mut started, step));
        assert_eq!((shape(&started), record(&started).unwrap().state), ((1, 2, 4, asleep), state));
    }
}
