//! What holds of every group, killed at any step.

use super::*;

fn flags() -> impl Strategy<Value = Suspended> {
    any::<[bool; 2]>().prop_map(|[alarm_notification, scheduled_actions]| Suspended {
        alarm_notification,
        scheduled_actions,
    })
}

fn sizes() -> impl Strategy<Value = (i32, i32, i32)> {
    (0..4_i32, 0..4_i32, 0..4_i32).prop_map(|(min, more, most)| (min, min + more, min + more + most))
}

fn records() -> impl Strategy<Value = Option<Record<Capacity>>> {
    let state = prop::sample::select(vec![State::On, State::Stopping, State::Off, State::Starting]);
    let by = prop::sample::select(vec![By::Schedule, By::Request, By::Adoption]);
    let size = (prop::option::of(1..9_u32), prop::option::of((0..4_u32, flags())));
    prop::option::of((state, size, by, prop::option::of(Just("5f2c1a9e"))).prop_map(
        |(state, (count, bounds), by, sched)| Record {
            state,
            at: instant("2026-11-23T23:00:00Z"),
            size: Capacity {
                count: count.and_then(NonZeroU32::new),
                bounds: bounds.map(|(min, suspended)| Bounds { min, suspended }),
                cluster: Some(cluster()),
            },
            night: 0,
            sched: sched.map(str::to_owned),
            by: Some(by),
        },
    ))
}

/// Any group at all, whatever people and crashes have made of it.
fn any_group() -> impl Strategy<Value = SeenGroup> {
    let some = |values: Vec<&'static str>| prop::option::of(prop::sample::select(values));
    (
        sizes(),
        flags(),
        records(),
        some(vec![OFFICE, "always", "never", "none", "whenever"]),
        some(vec!["n=3", "n=2 min=1 susp=--", "many"]),
        some(vec!["once", "enforce"]),
        some(vec!["both", "stop-only", "start-only"]),
    )
        .prop_map(|(sizes, asleep, record, schedule, size, drift, half)| {
            let mut tags: Vec<Tag> =
                record.map(|record| tag("steward:record", &record.to_string())).into_iter().collect();
            let more = [
                ("steward:schedule", schedule),
                ("steward:size", size),
                ("steward:drift", drift),
                ("steward:half", half),
            ];
            tags.extend(more.iter().filter_map(|(key, value)| Some(tag(key, (*value)?))));
            group(sizes, asleep, tags)
        })
}

/// A group that is on, and was never touched.
fn group_on() -> impl Strategy<Value = SeenGroup> {
    (0..3_i32, 1..4_i32, 0..4_i32, flags()).prop_map(|(min, more, most, asleep)| {
        let sizes = (min, min + more, min + more + most);
        group(sizes, asleep, vec![tag("steward:schedule", OFFICE)])
    })
}

proptest! {
    #[test]
    fn every_prefix_of_a_reconcile_replans_to_the_same_end(seen in any_group(), morning in any::<bool>()) {
        let ask = ask(Verb::Reconcile, if morning { MORNING } else { NOW });
        let steps = planned(&seen, &ask).steps().count();
        let end = settled(seen.clone(), &ask);
        prop_assert!(planned(&end, &ask).is_empty());
        for killed_after in 0..steps {
            let half = settled(perform(seen.clone(), &ask, killed_after), &ask);
            prop_assert_eq!(shape(&half), shape(&end), "killed after {} of {} steps", killed_after, steps);
            prop_assert_eq!(record(&half), record(&end));
        }
    }

    #[test]
    fn every_prefix_of_a_stop_or_start_with_machines_replans_to_the_same_end(
        seen in any_group(),
        stop in any::<bool>(),
    ) {
        let ask = ask(if stop { Verb::Stop } else { Verb::Start }, NOW);
        let steps = planned(&seen, &ask).steps().count();
        let end = perform(seen.clone(), &ask, usize::MAX);
        prop_assert!(planned(&end, &ask).is_empty());
        for killed_after in 0..steps {
            let half = perform(seen.clone(), &ask, killed_after);
            let end_of_half = perform(half, &ask, usize::MAX);
            prop_assert_eq!(shape(&end_of_half), shape(&end));
            prop_assert_eq!(record(&end_of_half), record(&end));
        }
    }

    #[test]
    fn a_group_comes_back_as_it_was(seen in group_on()) {
        let off = after(after(seen.clone(), NOON), NOW);
        prop_assert_eq!(off.group.desired_capacity, 0);
        prop_assert!(off.group.is_asleep());
        prop_assert_eq!(off.group.max_size, seen.group.max_size, "the max is never touched");
        let on = after(off, MORNING);
        prop_assert_eq!(shape(&on), shape(&seen));
    }

    #[test]
    fn what_people_do_inside_an_off_period_is_temporary(seen in group_on(), raised in 1..4_i32) {
        let mut night = after(after(seen.clone(), NOON), NOW);
        night.group.desired_capacity = raised.min(night.group.max_size);
        let again = after(night, "2026-11-25T00:00:00Z");
        let off = perform(again, &ask(Verb::Stop, "2026-11-25T01:00:00Z"), usize::MAX);
        let on = after(after(off, "2026-11-25T01:05:00Z"), MORNING);
        prop_assert_eq!(shape(&on), shape(&seen));
    }

    #[test]
    fn a_start_never_lowers_a_running_group(seen in any_group()) {
        let day = planned(&seen, &ask(Verb::Reconcile, MORNING));
        let asked = planned(&seen, &ask(Verb::Start, NOW));
        for step in day.steps().chain(asked.steps()) {
            if let Step::SizeGroup { before, after, .. } = step
                && after.desired != Some(0)
            {
                prop_assert!(after.desired >= before.desired);
            }
        }
    }

    #[test]
    fn the_record_is_written_before_anything_is_changed(seen in any_group(), at in prop::sample::select(vec![NOW, MORNING])) {
        let plan = planned(&seen, &ask(Verb::Reconcile, at));
        let off = record(&seen).is_some_and(|record| record.state != State::On);
        let first = plan.steps().next();
        let is_the_record = first.is_none_or(|step| matches!(step, Step::WriteGroupRecord { .. }));
        prop_assert!(off || is_the_record);
    }

    #[test]
    fn two_tag_writes_a_stop_and_one_a_start_no_more(seen in group_on()) {
        let writes = |seen: &SeenGroup, at| {
            let plan = planned(seen, &ask(Verb::Reconcile, at));
            plan.steps().filter(|step| matches!(step, Step::WriteGroupRecord { .. })).count()
        };
        let adopted = after(seen, NOON);
        prop_assert_eq!(writes(&adopted, NOW), 2);
        prop_assert_eq!(writes(&after(adopted, NOW), MORNING), 1);
    }

    #[test]
    fn no_group_goes_while_a_task_is_left(seen in any_group(), at in prop::sample::select(vec![NOW, MORNING])) {
        let ask = ask(Verb::Reconcile, at);
        let plan = plan(&snapshot(&seen, &["1 of family:job"]), &ask, &settings());
        for step in plan.steps() {
            if let Step::SizeGroup { before, after, .. } = step {
                prop_assert!(after.desired != Some(0) || before.desired == Some(0));
            }
        }
    }

    #[test]
    fn a_task_that_came_meanwhile_takes_the_whole_stop_away(seen in group_on()) {
        let adopted = after(seen, NOON);
        let (_, stages) = planned(&adopted, &ask(Verb::Reconcile, NOW)).into_parts();
        let jobs: Vec<Job<Step>> = stages.into_iter().flatten().collect();
        prop_assert_eq!(jobs.len(), 1);
        let ask = ask(Verb::Reconcile, NOW);
        let narrowed = |tasks: Tasks| {
            let seen = Snapshot { tasks: [(name(), tasks)].into(), ..snapshot(&adopted, &[]) };
            narrow(GROUPS_DOWN, jobs.clone(), &snapshot(&adopted, &[]), &Fresh { seen, services: Ok(()), groups: Ok(()) }, &ask, &settings())
        };
        let came = narrowed(Ok(vec!["1 of family:job".to_owned()]));
        prop_assert!(came.jobs.is_empty());
        prop_assert_eq!((came.taken[0].1.outcome, came.taken[0].1.code), (Outcome::Unchanged, Code::WaitingForTasks));
        let unread = narrowed(Err((Code::Throttled, "throttled".to_owned())));
        prop_assert_eq!(unread.taken[0].1.outcome, Outcome::Failed);
        prop_assert_eq!(narrowed(Ok(Vec::new())).jobs, jobs.clone());
        let gone = Fresh { seen: Snapshot::default(), services: Ok(()), groups: Err(Problem::new(Code::Throttled, "x")) };
        prop_assert!(narrow(GROUPS_DOWN, jobs.clone(), &snapshot(&adopted, &[]), &gone, &ask, &settings()).jobs.is_empty());
    }
}
