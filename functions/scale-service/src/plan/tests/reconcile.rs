//! What a tick does and says, case by case.

use super::*;

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
