//! What holds of every service, killed at any step.

use proptest::prelude::*;

use super::*;

fn flags() -> impl Strategy<Value = Suspended> {
    any::<[bool; 3]>().prop_map(|[i, o, s]| Suspended {
        dynamic_scaling_in: i,
        dynamic_scaling_out: o,
        scheduled_scaling: s,
    })
}

fn targets() -> impl Strategy<Value = Option<ScalableTarget>> {
    prop::option::of((0..4_u32, 0..6_u32, flags()).prop_map(|(min, more, suspended)| ScalableTarget {
        resource_id: "service/prod/users".into(),
        min_capacity: min,
        max_capacity: min + more,
        suspended,
    }))
}

fn records() -> impl Strategy<Value = Option<Record>> {
    let size = (prop::option::of(1..9_u32), prop::option::of((0..4_u32, flags())));
    let state = prop::sample::select(vec![State::On, State::Stopping, State::Off, State::Starting]);
    let night = prop_oneof![3 => Just(0_u32), 1 => 1..4_u32];
    prop::option::of((state, size, night).prop_map(|(state, (count, scaling), night)| Record {
        state,
        at: instant("2026-11-23T23:00:00Z"),
        size: Size {
            count: count.and_then(NonZeroU32::new),
            scaling: scaling.map(|(min, suspended)| Scaling { min, suspended }),
        },
        night: if state.is_on() { 0 } else { night },
        sched: None,
        by: Some(By::Request),
    }))
}

/// Any service at all, whatever people and crashes have made of it.
fn any_service() -> impl Strategy<Value = Seen> {
    let tagged =
        prop::option::of(prop::sample::select(vec!["n=3", "n=2 min=1 susp=---", "min=1 susp=i--", "many"]));
    let night = prop::option::weighted(0.3, prop::sample::select(vec!["0", "1", "2", "3", "few"]));
    (0..9_u32, targets(), records(), tagged, night).prop_map(|(count, target, record, tagged, night)| {
        let mut tags = Vec::new();
        tags.extend(record.map(|record| ("steward:record", record.to_string())));
        tags.extend(tagged.map(|text| ("steward:size", text.to_owned())));
        tags.extend(night.map(|text| ("steward:night", text.to_owned())));
        service(count, target, &tags)
    })
}

/// A service that runs within its bounds.
fn service_on() -> impl Strategy<Value = Seen> {
    (targets(), 0..9_u32).prop_map(|(target, extra)| {
        let (min, max) = target.as_ref().map_or((1, 9), |t| (t.min_capacity.max(1), t.max_capacity.max(1)));
        let mut target = target;
        if let Some(target) = &mut target {
            target.max_capacity = max;
        }
        service((min + extra).min(max), target, &[])
    })
}

/// Any service at all, with any tags at all that schedules look at.
fn any_scheduled_service() -> impl Strategy<Value = Seen> {
    let schedules =
        ["always", "never", "Mon-Fri 08:00-20:00 UTC", "Mon-Sun 22:00-23:30 UTC", "none", "whenever"];
    let overrides = [
        "on from 2026-11-24T20:00:00Z until 2026-11-25T02:00:00Z by ana",
        "off from 2026-11-24T20:00:00Z until 2026-11-25T02:00:00Z by ana",
        "hold from 2026-11-24T20:00:00Z until 2026-11-25T02:00:00Z by ana",
        "on from 2026-11-24T20:00:00Z until 2026-11-24T22:30:00Z by ana",
        "off from 2026-11-24T20:00:00Z until 2026-11-24T22:30:00Z by ana",
        "until tomorrow",
    ];
    let tag = |key: &'static str, values: Vec<&'static str>| {
        prop::option::of(prop::sample::select(values)).prop_map(move |value| value.map(|value| (key, value)))
    };
    (
        any_service(),
        tag("steward:schedule", schedules.to_vec()),
        tag("steward:override", overrides.to_vec()),
        tag("steward:drift", vec!["once", "enforce"]),
        tag("steward:half", vec!["both", "stop-only", "start-only"]),
    )
        .prop_map(|(mut seen, schedule, standing, drift, half)| {
            for (key, value) in [schedule, standing, drift, half].into_iter().flatten() {
                seen.service.tags.push(ecs::Tag { key: key.into(), value: value.into() });
            }
            seen
        })
}

fn verbs() -> impl Strategy<Value = Verb> {
    prop_oneof![Just(Verb::Stop), Just(Verb::Start), (1..9_u32).prop_map(Verb::Scale)]
}

proptest! {
    #[test]
    fn every_prefix_of_a_plan_replans_to_the_same_end(seen in any_service(), verb in verbs()) {
        let ask = ask(verb);
        let steps = planned(&seen, &ask).steps().count();
        let end = performed(seen.clone(), &ask);
        for killed_after in 0..steps {
            let half = perform(seen.clone(), &ask, killed_after);
            prop_assert_eq!(&performed(half, &ask), &end, "killed after {} of {} steps", killed_after, steps);
        }
    }

    #[test]
    fn every_prefix_of_a_reconcile_replans_to_the_same_end(seen in any_scheduled_service()) {
        let ask = ask(Verb::Reconcile);
        let steps = planned(&seen, &ask).steps().count();
        let end = settled(seen.clone(), &ask);
        prop_assert!(planned(&end, &ask).is_empty());
        for killed_after in 0..steps {
            let half = perform(seen.clone(), &ask, killed_after);
            let end_of_half = settled(half, &ask);
            prop_assert_eq!(tags(&end_of_half), tags(&end), "killed after {} of {} steps", killed_after, steps);
            prop_assert_eq!(shape(&end_of_half), shape(&end));
        }
    }

    #[test]
    fn a_reconcile_looks_at_a_target_wherever_it_matters(seen in any_scheduled_service()) {
        let ask = ask(Verb::Reconcile);
        let blind = Seen { target: None, ..seen.clone() };
        let snapshot = Snapshot { services: vec![blind.clone()], ..Snapshot::default() };
        if need_targets(&snapshot, &ask, &settings()).is_empty() {
            prop_assert_eq!(planned(&seen, &ask).steps().count(), planned(&blind, &ask).steps().count());
        }
    }

    #[test]
    fn what_is_done_costs_nothing_to_do_again(seen in any_service(), verb in verbs()) {
        let ask = ask(verb);
        let end = performed(seen, &ask);
        prop_assert!(planned(&end, &ask).is_empty());
    }

    #[test]
    fn a_service_comes_back_as_it_was(seen in service_on()) {
        let off = performed(seen.clone(), &ask(Verb::Stop));
        prop_assert_eq!(off.service.desired_count, 0);
        prop_assert!(off.target.as_ref().is_none_or(|target| target.is_asleep_at(0)));
        let on = started(off);
        prop_assert_eq!(shape(&on), shape(&seen));
        prop_assert!(tags(&on)["steward:record"].starts_with("v1 on@"));
    }

    #[test]
    fn with_a_night_size_off_is_so_many_tasks_never_more_and_it_comes_back_as_it_was(
        seen in service_on(), night in 1..9_u32, raised in 0..9_u32,
    ) {
        let mut seen = seen;
        // What a person put to sleep altogether looks like our own sleep.
        if let Some(target) = seen.target.as_mut().filter(|target| target.is_asleep_at(night)) {
            target.suspended = Suspended::default();
        }
        seen.service.tags.push(ecs::Tag { key: "steward:night".into(), value: night.to_string() });
        let off = performed(seen.clone(), &ask(Verb::Stop));
        let left = seen.service.desired_count.min(i32::try_from(night).unwrap());
        prop_assert_eq!(off.service.desired_count, left);
        if let (Some(target), Some(own)) = (&off.target, &seen.target) {
            prop_assert_eq!(target.suspended, Suspended::ALL);
            prop_assert_eq!(target.min_capacity, own.min_capacity.min(night));
        }
        let said = format!(" night={night}");
        prop_assert!(tags(&off)["steward:record"].contains(&said));
        // What people do inside an off period is temporary, whether it is more or less than the night size.
        let raised = seen.target.as_ref().map_or(raised, |target| raised.min(target.max_capacity));
        let mut by_night = off.clone();
        by_night.service.desired_count = i32::try_from(raised).unwrap();
        let stopped_again = performed(by_night, &ask(Verb::Stop));
        prop_assert!(stopped_again.service.desired_count <= i32::try_from(raised.min(night)).unwrap());
        for off in [off, stopped_again] {
            // A start never lowers what runs.
            let there = off.service.desired_count.max(seen.service.desired_count);
            let on = started(off);
            prop_assert_eq!((on.service.desired_count, &on.target), (there, &seen.target));
            prop_assert!(!tags(&on)["steward:record"].contains("night="));
        }
    }

    #[test]
    fn scale_in_sleeps_on_until_a_started_service_is_whole(seen in service_on()) {
        let off = performed(seen.clone(), &ask(Verb::Stop));
        let starting = performed(off.clone(), &ask(Verb::Start));
        prop_assert!(tags(&starting)["steward:record"].starts_with("v1 starting@"));
        if let (Some(target), Some(before)) = (&starting.target, &seen.target) {
            let flags = Suspended { dynamic_scaling_in: true, ..before.suspended };
            prop_assert_eq!((target.min_capacity, target.suspended), (before.min_capacity, flags));
        }
        // Nothing of it runs yet.
        prop_assert!(planned(&starting, &ask(Verb::Reconcile)).is_empty());
        // Where no reconcile comes, everything is handed back at once.
        let alone = PlanSettings { acts_in: NamePatterns::default(), ..settings() };
        let snapshot = Snapshot { services: vec![off.clone()], ..Snapshot::default() };
        let mut on = off;
        for step in plan(&snapshot, &ask(Verb::Start), &alone).steps() {
            apply(&mut on, step);
        }
        prop_assert_eq!(shape(&on), shape(&seen));
        prop_assert!(tags(&on)["steward:record"].starts_with("v1 on@"));
    }

    #[test]
    fn what_people_do_inside_an_off_period_is_temporary(seen in service_on(), raised in 1..9_u32) {
        let mut night = performed(seen.clone(), &ask(Verb::Stop));
        night.service.desired_count = i32::try_from(raised).unwrap();
        let off = performed(night, &ask(Verb::Stop));
        prop_assert_eq!(off.service.desired_count, 0);
        prop_assert_eq!(shape(&started(off)), shape(&seen));
    }

    #[test]
    fn a_start_never_lowers_a_running_service(seen in any_service()) {
        for step in planned(&seen, &ask(Verb::Start)).steps() {
            if let Step::SetDesired { before, after, .. } = step {
                prop_assert!(i64::from(*after) > i64::from(*before));
            }
        }
    }

    #[test]
    fn the_record_is_written_before_anything_is_changed_by_a_stop(seen in any_service()) {
        let plan = planned(&seen, &ask(Verb::Stop));
        let first_change = plan.steps().position(|step| !matches!(step, Step::WriteRecord { .. }));
        let before = seen.service.tags_by_key().get("steward:record").and_then(|t| t.parse::<Record>().ok());
        let begun = before.is_some_and(|record| record.state == State::Stopping);
        prop_assert!(begun || first_change.is_none_or(|place| place > 0));
    }

    #[test]
    fn two_tag_writes_a_stop_and_one_a_start_no_more(seen in service_on()) {
        let writes = |seen: &Seen, verb| {
            planned(seen, &ask(verb)).steps().filter(|step| matches!(step, Step::WriteRecord { .. })).count()
        };
        prop_assert_eq!(writes(&seen, Verb::Stop), 2);
        let off = performed(seen, &ask(Verb::Stop));
        prop_assert_eq!(writes(&off, Verb::Start), 1);
    }
}
