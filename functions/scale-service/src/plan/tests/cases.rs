//! What becomes of one service, case by case.

use shared::application_autoscaling::ScheduledAction;
use shared::schedule::{Schedule, Want};

use super::*;
use crate::effect::Became;

const OFFICE: &str = "Mon-Fri 08:00-20:00 UTC";

/// One that follows the office's hours, with a record of them and more tags.
fn office(count: u32, target: Option<ScalableTarget>, state: &str, more: &[(&'static str, &str)]) -> Seen {
    let hash = OFFICE.parse::<Schedule>().unwrap().hash();
    let (state, by) = state.split_once(" by=").unwrap_or((state, "schedule"));
    let mut tags = record(&format!("v1 {state} sched={hash} by={by}"));
    tags.push(("steward:schedule", OFFICE.to_owned()));
    tags.extend(more.iter().map(|(key, value)| (*key, (*value).to_owned())));
    service(count, target, &tags)
}

/// A verb at an instant.
fn at(verb: Verb, time: &str) -> Ask {
    Ask { at: instant(time), now: instant(time), ..ask(verb) }
}

/// It names none of its services.
fn of_fleet(ask: Ask) -> Ask {
    let fleet = Target::Cluster(id().cluster, shared::select::Selector::default());
    Ask { target: fleet, ..ask }
}

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
            "the max was lowered to the min",
            off(Some(target(0, 2, asleep))),
            (2, Some(target(2, 2, Suspended::default()))),
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
    let plan = planned(&worker, &reconcile("2026-11-24T12:00:00Z"));
    assert_eq!(only(&plan).after.as_ref().map(|after| after.became), Some(Became::Adopted));
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
    let pattern = "'\"ecs:TagResource\" \"service/prod/users\"'";
    for remedy in ["steward:size", "none", "aws logs filter-log-events", pattern] {
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
    let detail = &only(&over).warnings[0].detail;
    assert!(detail.starts_with("1 of 2 tasks run") && detail.ends_with("ECS's last event: none"), "{detail}");
    assert_eq!((only(&over).outcome, warned(only(&over))), (Outcome::Changed, vec![Code::LateToWake]));
    assert!(tags(&performed(starting, &at("2026-11-25T10:00:00Z")))["steward:record"].starts_with("v1 on@"));
    // Scaled out at 15:00, it is nobody's alarm.
    assert_eq!(warned_at(&with("v1 on@2026-11-25T08:00:00Z", 1), "2026-11-25T15:00:00Z"), []);
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
fn a_tick_with_nothing_due_says_what_is_there_and_what_is_wanted() {
    let awake = || Some(target(0, 9, Suspended::default()));
    let (noon, night) = ("2026-11-24T12:00:00Z", "2026-11-24T23:00:00Z");
    let (on, off) = ("on@2026-11-24T08:00:00Z", "off@2026-11-24T20:00:00Z");
    let (n, unsaid) = (" n=3", "");
    let of_two = [("steward:night", "2")];
    let unknown = Some(Code::NoSavedSize);
    for (time, seen, says, code) in [
        (night, office(0, None, &format!("{off}{n}"), &[]), "off", None),
        (
            night,
            office(2, None, &format!("{off}{n} night=2"), &of_two),
            "off, with its night size of 2",
            None,
        ),
        (
            night,
            office(1, None, &format!("{off}{n} night=2"), &of_two),
            "off, with its night size of 1",
            None,
        ),
        // People raised it, and that stays.
        (night, office(2, None, &format!("{off}{n}"), &[]), "on with 2", None),
        (noon, office(2, None, &format!("{on}{n}"), &of_two), "on with 2", None),
        (noon, office(2, None, &format!("{on}{unsaid}"), &[]), "on with 2", None),
        // People took it to 0, and it comes back with what its record says, or its tag, or its autoscaling.
        (noon, office(0, None, &format!("{on}{n}"), &[]), "off", None),
        (noon, office(0, awake(), &format!("{on} min=0 susp=---"), &[]), "off", None),
        (noon, office(0, None, &format!("{on}{unsaid}"), &[]), "it is at 0, and ", unknown),
        (night, office(0, None, &format!("{off}{unsaid}"), &[]), "it is at 0, and ", unknown),
        (night, office(0, None, &format!("{off}{unsaid}"), &[("steward:size", "n=2")]), "off", None),
    ] {
        let plan = planned(&seen, &at(Verb::Reconcile, time));
        let (reason, wanted) = only(&plan).reason.rsplit_once("; ").unwrap();
        let is_said = if code.is_some() { reason.starts_with(says) } else { reason == says };
        assert!(is_said, "{says}: {reason}");
        assert_eq!(only(&plan).code, code, "{reason}");
        let (why, want) = if time == noon {
            (
                "inside Mon-Fri 08:00-20:00 UTC until 2026-11-24T20:00:00+00:00, since 2026-11-24T08:00:00+00:00",
                Want::On,
            )
        } else {
            (
                "outside Mon-Fri 08:00-20:00 UTC until 2026-11-25T08:00:00+00:00, since 2026-11-24T20:00:00+00:00",
                Want::Off,
            )
        };
        assert_eq!((wanted, only(&plan).after.as_ref().unwrap().wanted), (why, Some(want)));
        assert!(plan.is_empty(), "{says}");
    }
}

#[test]
fn what_ecs_steward_put_to_sleep_is_stranded_where_it_only_observes_and_nothing_else_is() {
    let stranded = vec![Code::Stranded];
    for (state, codes) in [
        ("off@2026-11-24T20:00:00Z n=3 by=schedule", &stranded),
        ("off@2026-11-24T20:00:00Z n=3 by=override", &stranded),
        ("off@2026-11-24T20:00:00Z n=3 by=request", &vec![]),
        ("off@2026-11-24T20:00:00Z n=3 by=adoption", &vec![]),
        ("on@2026-11-24T20:00:00Z n=3 by=schedule", &vec![]),
    ] {
        let seen = office(0, None, state, &[]);
        let acting = ask(Verb::Reconcile);
        let observing = Ask { observes: true, ..acting.clone() };
        assert_eq!(warned(only(&planned(&seen, &observing))), *codes, "{state}");
        assert_eq!(warned(only(&planned(&seen, &acting))), [], "{state}");
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

/// The min and the max, and the count, that a start sets; and whether it says that an action sets them.
type Started = (Option<(u32, Option<u32>)>, Option<u32>, bool);

/// What a start sets where an action sets 4 to 9 when it is due.
fn made_up(state: &str, flags: Suspended, ask: &Ask, due: &str) -> Started {
    let mut seen = office(0, Some(target(0, 6, flags)), state, &[]);
    let (min_capacity, max_capacity) = (Some(4), Some(9));
    let action =
        ScheduledAction { min_capacity, max_capacity, schedule: due.into(), ..ScheduledAction::default() };
    seen.actions = vec![action];
    let plan = planned(&seen, ask);
    let bounds = plan.steps().find_map(|step| match step {
        Step::SetScalable { after: (min, _), max, .. } => Some((*min, *max)),
        _ => None,
    });
    let count = plan.steps().find_map(|step| match step {
        Step::SetDesired { after, .. } => Some(*after),
        _ => None,
    });
    (bounds, count, warned(only(&plan)).contains(&Code::ScheduledActions))
}

#[test]
fn a_scaling_action_is_made_up_for_where_it_came_due_while_its_service_slept_and_only_there() {
    let reconcile = |time| at(Verb::Reconcile, time);
    let start = |time| at(Verb::Start, time);
    let (morning, monday) = (reconcile("2026-11-25T08:00:00Z"), reconcile("2026-11-30T08:00:00Z"));
    let (night, noon) = (start("2026-11-24T23:00:00Z"), start("2026-11-24T13:00:00Z"));
    let later = start("2026-11-25T09:00:00Z");
    let (seven, nine, ten) = ("cron(0 7 * * ? *)", "cron(0 21 * * ? *)", "cron(0 10 * * ? *)");
    let (seven_at_night, friday) = ("cron(0 19 * * ? *)", "cron(0 21 ? * FRI *)");
    for (name, since, by, ask, due, is_made_up) in [
        ("in the morning", "24T20", "schedule", &morning, seven, true),
        ("by a request", "24T20", "schedule", &night, nine, true),
        ("before it slept", "24T20", "schedule", &morning, seven_at_night, false),
        // Stopped once more, by its drift: it has slept since the evening.
        ("again", "24T22", "schedule", &morning, nine, true),
        ("again, by night", "24T22", "schedule", &night, nine, true),
        // Stopped by people, it has not.
        ("by people", "24T22", "request", &night, nine, false),
        ("by people, over night", "24T22", "request", &morning, nine, false),
        ("at noon", "24T12", "schedule", &noon, ten, false),
        ("this very morning", "25T08", "schedule", &later, seven, false),
        // Over a weekend, on which its off was said again.
        ("on Friday", "28T20", "schedule", &monday, friday, true),
        ("on Friday, by people", "27T20", "request", &monday, friday, true),
        ("on Friday, by people, and said again", "28T20", "request", &monday, friday, true),
        ("by people on Saturday", "28T19", "request", &monday, friday, false),
    ] {
        let state = format!("off@2026-11-{since}:00:00Z n=8 min=2 susp=--- by={by}");
        let set =
            if is_made_up { (Some((4, Some(9))), Some(8), true) } else { (Some((2, None)), Some(6), false) };
        assert_eq!(made_up(&state, Suspended::ALL, ask, due), set, "{name}");
    }
    // Not where people had suspended them before, or have woken them since.
    let woken = Suspended { scheduled_scaling: false, ..Suspended::ALL };
    for (saved, flags) in [("--s", Suspended::ALL), ("---", woken)] {
        let state = format!("off@2026-11-24T20:00:00Z n=8 min=2 susp={saved}");
        let set = (Some((2, None)), Some(6), false);
        assert_eq!(made_up(&state, flags, &morning, seven), set, "{saved}, {flags}");
    }
}

#[test]
fn scheduled_actions_are_looked_at_where_scaling_falls_asleep_or_wakes() {
    let (awake, asleep) = (Suspended::default(), Suspended::ALL);
    let half = Suspended { dynamic_scaling_in: true, ..awake };
    let on = "on@2026-11-24T08:00:00Z n=3 min=2 susp=---";
    let off = "off@2026-11-24T20:00:00Z n=3 min=2 susp=---";
    let whole = |mut seen: Seen| {
        seen.service.running_count = seen.service.desired_count;
        seen
    };
    let starting = "starting@2026-11-25T08:00:00Z n=3 min=2 susp=---";
    let (noon, morning) = ("2026-11-24T12:00:00Z", "2026-11-25T08:00:00Z");
    for (name, seen, ask, is_looked_at) in [
        ("stopped", office(3, Some(target(2, 6, awake)), on, &[]), at(Verb::Stop, noon), true),
        ("in the evening", office(3, Some(target(2, 6, awake)), on, &[]), at(Verb::Reconcile, T), true),
        ("started", office(0, Some(target(0, 6, asleep)), off, &[]), at(Verb::Start, T), true),
        (
            "in the morning",
            office(0, Some(target(0, 6, asleep)), off, &[]),
            at(Verb::Reconcile, morning),
            true,
        ),
        (
            "up",
            whole(office(3, Some(target(2, 6, half)), starting, &[])),
            at(Verb::Reconcile, morning),
            false,
        ),
        ("scaled", office(3, Some(target(2, 6, awake)), on, &[]), at(Verb::Scale(4), noon), false),
        ("at noon", office(3, Some(target(2, 6, awake)), on, &[]), at(Verb::Reconcile, noon), false),
        ("without a target", office(3, None, on, &[]), at(Verb::Stop, noon), false),
    ] {
        let snapshot = Snapshot { services: vec![seen], ..Snapshot::default() };
        let looked_at = need_actions(&snapshot, &ask, &settings());
        assert_eq!(looked_at, Vec::from_iter(is_looked_at.then(id)), "{name}");
    }
}

#[test]
fn a_hold_and_an_override_that_cannot_be_read_keep_a_fleets_run_from_a_service_and_warn_who_names_it() {
    let hold = "hold from 2026-11-24T20:00:00Z until 2026-11-25T02:00:00Z by ana";
    let over = "hold from 2026-11-24T20:00:00Z until 2026-11-24T22:00:00Z by ana";
    for (text, kept, warnings) in [
        (hold, Some((Outcome::Skipped, Code::Held)), vec![Code::Held]),
        ("until tomorrow", Some((Outcome::Failed, Code::OverrideUnreadable)), vec![]),
        (over, None, vec![]),
    ] {
        for verb in [Verb::Stop, Verb::Start] {
            let seen = if verb == Verb::Stop {
                service(2, None, &[])
            } else {
                service(0, None, &record("v1 off@2026-11-23T23:00:00Z n=5 by=request"))
            };
            let mut seen = seen;
            seen.service.tags.push(ecs::Tag { key: "steward:override".into(), value: text.into() });
            for ask in [of_fleet(ask(verb)), Ask { scheduled: true, ..ask(verb) }] {
                let plan = planned(&seen, &ask);
                assert_eq!(plan.is_empty(), kept.is_some(), "{text}");
                if let Some((outcome, code)) = kept {
                    assert_eq!((only(&plan).outcome, only(&plan).code), (outcome, Some(code)), "{text}");
                }
            }
            let named = planned(&seen, &ask(verb));
            assert_eq!((warned(only(&named)), named.is_empty()), (warnings.clone(), false), "{text}");
        }
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
fn what_is_begun_at_0_is_written_down_as_off_before_its_transition() {
    let enforced = [("steward:drift", "enforce")];
    let noon = "2026-11-24T12:00:00Z";
    let sized = service(0, None, &[("steward:size", "n=4".to_owned())]);
    for (seen, verb, ahead) in [
        (sized, Verb::Start, Some("off@2026-11-24T11:59:59.999Z n=4")),
        (
            office(0, None, "on@2026-11-24T08:00:00Z n=3", &[]),
            Verb::Start,
            Some("off@2026-11-24T07:59:59.999Z n=3"),
        ),
        // What its record does not say comes from its tag.
        (
            office(0, None, "on@2026-11-24T08:00:00Z", &[("steward:size", "n=4")]),
            Verb::Start,
            Some("off@2026-11-24T07:59:59.999Z n=4"),
        ),
        // Its transition is older than its record.
        (
            office(0, None, "on@2026-11-24T10:00:00Z n=3", &[]),
            Verb::Start,
            Some("off@2026-11-24T07:59:59.999Z n=3"),
        ),
        (
            office(0, None, "on@2026-11-24T08:00:00Z n=3", &enforced),
            Verb::Reconcile,
            Some("off@2026-11-24T07:59:59.999Z n=3"),
        ),
        (office(0, None, "off@2026-11-23T20:00:00Z n=3", &[]), Verb::Reconcile, None),
        (office(0, None, "off@2026-11-23T20:00:00Z n=3", &[]), Verb::Start, None),
    ] {
        let plan = planned(&seen, &at(verb, noon));
        let first = match plan.steps().next() {
            Some(Step::WriteRecord { record, .. }) => Some(record.to_string()),
            _ => None,
        };
        let said =
            first.as_deref().map(|text| text.split([' ']).skip(1).take(2).collect::<Vec<_>>().join(" "));
        assert_eq!(said.as_deref(), ahead, "{first:?}");
    }
}

#[test]
fn a_scale_is_the_count_alone_and_says_where_autoscaling_may_pull_it_back() {
    let bounds = || Some(target(2, 6, Suspended::default()));
    for (count, codes) in
        [(1, vec![Code::OutsideBounds]), (2, vec![]), (6, vec![]), (7, vec![Code::OutsideBounds])]
    {
        let plan = planned(&service(3, bounds(), &[]), &ask(Verb::Scale(count)));
        assert_eq!((warned(only(&plan)), plan.steps().count()), (codes, 1), "{count}");
    }
    // By night, when its schedule wants it off.
    let off = office(0, None, "off@2026-11-24T20:00:00Z n=3", &[]);
    let plan = planned(&off, &ask(Verb::Scale(4)));
    assert_eq!((warned(only(&plan)), plan.steps().count()), (vec![Code::AutoscalingSuspended], 1));
    let started = office(3, None, "on@2026-11-24T22:00:00Z n=3 by=request", &[]);
    let plan = planned(&started, &ask(Verb::Scale(4)));
    assert_eq!((warned(only(&plan)), plan.steps().count()), (vec![], 1), "its autoscaling is awake");
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
fn sleep_that_a_record_accounts_for_is_nobodys_warning() {
    let orphaned = vec![Code::OrphanedSuspension];
    for (text, codes) in [
        ("on@2026-11-23T23:00:00Z n=2 by=request", &orphaned),
        ("on@2026-11-23T23:00:00Z n=2 min=0 susp=--- by=adoption", &orphaned),
        ("on@2026-11-23T23:00:00Z n=2 min=0 susp=--- by=request", &vec![]),
        ("off@2026-11-23T23:00:00Z n=2 min=0 susp=--- by=adoption", &vec![]),
    ] {
        let seen = service(2, Some(target(0, 6, Suspended::ALL)), &record(&format!("v1 {text}")));
        assert_eq!(warned(only(&planned(&seen, &ask(Verb::Stop)))), *codes, "{text}");
    }
}

#[test]
fn a_tick_reads_a_target_only_where_it_matters_to_what_is_due() {
    let (on, off) = ("on@2026-11-24T08:00:00Z n=3", "off@2026-11-24T20:00:00Z n=3");
    let (noon, evening, morning) = ("2026-11-24T12:00:00Z", "2026-11-24T20:00:00Z", "2026-11-25T08:00:00Z");
    let hold = "hold from 2026-11-24T10:00:00Z until 2026-11-25T10:00:00Z by ana";
    let (stop_only, start_only) = (("steward:half", "stop-only"), ("steward:half", "start-only"));
    let night = format!("{off} night=1");
    for (name, seen, time, is_read) in [
        ("a quiet noon", office(3, None, on, &[]), noon, false),
        ("its drift is enforced", office(3, None, on, &[("steward:drift", "enforce")]), noon, true),
        ("no size is known", office(3, None, "on@2026-11-24T08:00:00Z", &[]), noon, true),
        ("evening", office(3, None, on, &[]), evening, true),
        ("morning", office(0, None, off, &[]), morning, true),
        ("held", office(3, None, on, &[("steward:override", hold)]), evening, false),
        ("people start it", office(0, None, off, &[stop_only]), morning, false),
        ("people may have", office(1, None, &night, &[stop_only, ("steward:night", "1")]), morning, true),
        ("people stop it", office(3, None, on, &[start_only]), evening, false),
    ] {
        let snapshot = Snapshot { services: vec![seen], ..Snapshot::default() };
        let read = need_targets(&snapshot, &at(Verb::Reconcile, time), &settings());
        assert_eq!(read, Vec::from_iter(is_read.then(id)), "{name}");
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
