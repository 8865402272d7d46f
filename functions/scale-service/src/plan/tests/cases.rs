//! What becomes of one service, case by case.

use super::*;

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
