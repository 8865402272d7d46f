//! What becomes of one service, case by case.

use super::*;

fn only(plan: &Plan) -> &Item {
    let [item] = plan.forecast() else { panic!("{} items", plan.forecast().len()) };
    item
}

fn warned(item: &Item) -> Vec<Code> {
    item.warnings.iter().map(|warning| warning.code).collect()
}

fn target(min: u32, max: u32, suspended: Suspended) -> ScalableTarget {
    ScalableTarget {
        resource_id: "service/prod/users".into(),
        min_capacity: min,
        max_capacity: max,
        suspended,
    }
}

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
fn what_somebody_changed_while_it_was_off_wins_with_a_warning() {
    let off = |target| service(0, target, &record(OFF));
    let asleep = Suspended::ALL;
    let own = Suspended { scheduled_scaling: true, ..Suspended::default() };
    for (name, seen, shape_after, codes) in [
        ("untouched", off(Some(target(0, 6, asleep))), (5, Some(target(2, 6, Suspended::default()))), vec![]),
        (
            "a min was set",
            off(Some(target(3, 6, asleep))),
            (5, Some(target(3, 6, Suspended::default()))),
            vec![Code::TargetChanged],
        ),
        (
            "flags were set",
            off(Some(target(0, 6, own))),
            (5, Some(target(2, 6, own))),
            vec![Code::TargetChanged],
        ),
        ("the target was removed", off(None), (5, None), vec![Code::TargetRemoved]),
        (
            "the max was lowered",
            off(Some(target(0, 3, asleep))),
            (3, Some(target(2, 3, Suspended::default()))),
            vec![Code::Clamped],
        ),
        (
            "the max was lowered below the min",
            off(Some(target(0, 1, asleep))),
            (1, Some(target(1, 1, Suspended::default()))),
            vec![Code::Clamped, Code::Clamped],
        ),
    ] {
        let plan = planned(&seen, &ask(Verb::Start));
        assert_eq!(warned(only(&plan)), codes, "{name}");
        assert_eq!(shape(&started(seen)), shape_after, "{name}");
    }
}

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
fn a_queue_worker_that_autoscaling_took_to_0_is_put_to_sleep_and_keeps_its_size() {
    let on = "v1 on@2026-11-23T08:00:00Z n=3 min=0 susp=--- by=request";
    let worker = service(0, Some(target(0, 9, Suspended::default())), &record(on));
    let off = performed(worker.clone(), &ask(Verb::Stop));
    assert!(off.target.as_ref().unwrap().is_asleep_at(0));
    assert_eq!(shape(&started(off)), (3, Some(target(0, 9, Suspended::default()))));
    // Named at 0, it is started although its record says on; selected, it is left alone.
    assert_eq!(performed(worker.clone(), &ask(Verb::Start)).service.desired_count, 3);
    let fleet = Target::Cluster(id().cluster, shared::select::Selector::default());
    assert!(planned(&worker, &Ask { target: fleet, ..ask(Verb::Start) }).is_empty());
}

#[test]
fn scale_to_n_after_a_stop_leaves_autoscaling_as_it_was_before_the_stop() {
    let own = Suspended { dynamic_scaling_in: true, ..Suspended::default() };
    let seen = service(3, Some(target(2, 6, own)), &[]);
    let off = performed(seen, &ask(Verb::Stop));
    let on = with_its_tasks(performed(off, &ask(Verb::Scale(4))));
    let on = performed(on, &ask(Verb::Reconcile));
    assert_eq!(shape(&on), (4, Some(target(2, 6, own))));
}

#[test]
fn scale_while_on_sets_the_count_and_nothing_else() {
    let seen = service(2, Some(target(1, 6, Suspended::default())), &[]);
    let plan = planned(&seen, &ask(Verb::Scale(8)));
    assert!(plan.steps().all(|step| matches!(step, Step::SetDesired { after: 8, .. })));
    assert_eq!(plan.steps().count(), 1);
    assert_eq!(warned(only(&plan)), [Code::OutsideBounds]);
}

#[test]
fn a_late_event_that_would_change_something_is_stale() {
    let late = Ask { stale_before: Some(instant("2026-11-24T23:20:00Z")), ..ask(Verb::Stop) };
    let on = service(2, None, &[]);
    assert_eq!(only(&planned(&on, &late)).code, Some(Code::Stale));
    // Older than what was done since.
    let newer = "v1 on@2026-11-24T23:00:01Z n=2 by=request";
    let in_time = Ask { stale_before: Some(instant("2026-11-24T22:50:00Z")), ..ask(Verb::Stop) };
    assert_eq!(only(&planned(&service(2, None, &record(newer)), &in_time)).code, Some(Code::Stale));
    // A retry with the same instant goes on.
    let begun = "v1 stopping@2026-11-24T23:00:00Z n=2 by=request";
    assert!(!planned(&service(2, None, &record(begun)), &in_time).is_empty());
    // What would change nothing is not stale, but done.
    let off = service(0, None, &record("v1 off@2026-11-24T23:00:00Z n=2 by=request"));
    assert_eq!(only(&planned(&off, &late)).outcome, Outcome::Unchanged);
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
fn sleeping_autoscaling_without_a_record_is_a_warning() {
    let seen = service(2, Some(target(0, 6, Suspended::ALL)), &[]);
    assert_eq!(warned(only(&planned(&seen, &ask(Verb::Stop)))), [Code::OrphanedSuspension]);
}

#[test]
fn a_queue_worker_that_was_never_seen_above_0_sleeps_and_wakes_without_a_count() {
    let on = || vec![("steward:schedule", "Mon-Fri 08:00-20:00 UTC".to_owned())];
    let worker = service(0, Some(target(0, 9, Suspended::default())), &on());
    let reconcile = |at: &str| Ask { at: instant(at), now: instant(at), ..ask(Verb::Reconcile) };
    let adopted = performed(worker.clone(), &reconcile("2026-11-24T12:00:00Z"));
    let sched = "Mon-Fri 08:00-20:00 UTC".parse::<shared::schedule::Schedule>().unwrap().hash();
    let record = |seen: &Seen| tags(seen)["steward:record"].clone();
    let text = |state: &str, by: &str| format!("v1 {state} min=0 susp=--- sched={sched} by={by}");
    assert_eq!(record(&adopted), text("on@2026-11-24T12:00:00Z", "adoption"));
    let off = performed(adopted, &reconcile("2026-11-24T20:01:00Z"));
    assert!(off.target.as_ref().unwrap().is_asleep_at(0));
    assert_eq!(record(&off), text("off@2026-11-24T20:00:00Z", "schedule"));
    let plan = planned(&off, &reconcile("2026-11-25T08:00:00Z"));
    assert_eq!((only(&plan).outcome, warned(only(&plan))), (Outcome::Changed, vec![]));
    let back = performed(off, &reconcile("2026-11-25T08:00:00Z"));
    assert_eq!(shape(&back), shape(&worker));
    assert_eq!(record(&back), text("on@2026-11-25T08:00:00Z", "schedule"));
}

#[test]
fn a_lost_record_is_told_once_at_once_and_our_own_sleep_is_never_taken_for_a_size() {
    let schedule = || ("steward:schedule", "Mon-Fri 08:00-20:00 UTC".to_owned());
    let asleep = Some(target(0, 9, Suspended::ALL));
    let lost = service(0, asleep.clone(), &[schedule()]);
    let at = |at: &str| Ask { at: instant(at), now: instant(at), ..ask(Verb::Reconcile) };
    let night = at("2026-11-25T02:05:00Z");
    let told = planned(&lost, &night);
    assert_eq!((only(&told).outcome, only(&told).code), (Outcome::Failed, Some(Code::NoSavedSize)));
    assert_eq!(warned(only(&told)), [Code::OrphanedSuspension]);
    for remedy in ["steward:size", "none", "aws logs filter-log-events"] {
        assert!(only(&told).reason.contains(remedy), "{}", only(&told).reason);
    }
    let adopted = performed(lost, &night);
    // Then it is quiet, through a morning and an evening.
    for (instant, steps) in
        [("2026-11-25T02:10:00Z", 0), ("2026-11-25T08:00:00Z", 1), ("2026-11-25T20:00:00Z", 1)]
    {
        let plan = planned(&adopted, &at(instant));
        assert_eq!((only(&plan).outcome, only(&plan).code), (Outcome::Skipped, Some(Code::NoSavedSize)));
        assert_eq!((warned(only(&plan)), plan.steps().count()), (vec![Code::OrphanedSuspension], steps));
    }
    // A person raises it: what it had is still not known, and our own sleep is not it.
    let mut raised = adopted;
    raised.service.desired_count = 2;
    let off = performed(raised, &at("2026-11-25T20:00:00Z"));
    let record: Record = tags(&off)["steward:record"].parse().unwrap();
    assert_eq!((record.size.count.map(u32::from), record.size.scaling), (Some(2), None));

    let mut raised = service(2, asleep, &[schedule(), ("steward:size", "n=3 min=1 susp=---".into())]);
    raised = performed(raised, &night);
    let record: Record = tags(&raised)["steward:record"].parse().unwrap();
    assert_eq!(record.size, "n=2 min=1 susp=---".parse().unwrap());
    let plan = planned(&raised, &at("2026-11-25T02:10:00Z"));
    assert_eq!(warned(only(&plan)), [Code::OrphanedSuspension], "until it is mended");
    let off = performed(raised, &at("2026-11-25T20:00:00Z"));
    let back = performed(off, &at("2026-11-26T08:00:00Z"));
    let without_scale_in = Suspended { dynamic_scaling_in: true, ..Suspended::default() };
    assert_eq!(shape(&back), (2, Some(target(1, 9, without_scale_in))));
}

#[test]
fn late_to_wake_is_what_starts_for_long_and_never_what_was_whole_once() {
    let schedule = ("steward:schedule", "Mon-Fri 08:00-20:00 UTC".to_owned());
    let with = |record: &str, running: i32| {
        let record = record.to_owned() + " n=2 sched=%s by=schedule";
        let sched = "Mon-Fri 08:00-20:00 UTC".parse::<shared::schedule::Schedule>().unwrap().hash();
        let tags = [schedule.clone(), ("steward:record", record.replace("%s", &sched))];
        let mut seen = service(2, None, &tags);
        seen.service.running_count = running;
        seen
    };
    let at = |at: &str| Ask { at: instant(at), now: instant(at), ..ask(Verb::Reconcile) };
    let starting = with("v1 starting@2026-11-25T08:00:00Z", 1);
    let warned_at = |seen: &Seen, time: &str| warned(only(&planned(seen, &at(time))));
    assert_eq!(warned_at(&starting, "2026-11-25T08:10:00Z"), []);
    assert_eq!(warned_at(&starting, "2026-11-25T08:15:00Z"), [Code::LateToWake]);
    let over = planned(&starting, &at("2026-11-25T10:00:00Z"));
    assert_eq!((only(&over).outcome, warned(only(&over))), (Outcome::Changed, vec![Code::LateToWake]));
    assert!(tags(&performed(starting, &at("2026-11-25T10:00:00Z")))["steward:record"].starts_with("v1 on@"));
    // Scaled out at 15:00, it is nobody's alarm.
    assert_eq!(warned_at(&with("v1 on@2026-11-25T08:00:00Z", 1), "2026-11-25T15:00:00Z"), []);
}
