//! Scheduled scaling actions, and what sleeps through them.

use super::*;

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
