//! Stops of groups, case by case.

use super::*;

/// What a group is called here, the group, the hour, what is changed of it, and what is said of that.
type Keeping<'a> = (&'a str, SeenGroup, &'a str, &'a dyn Fn(&mut Group), Option<&'a str>);

#[test]
fn what_keeps_instances_from_going_and_coming_is_told() {
    type Spoil = fn(&mut Group);
    let process =
        |name: &str| SuspendedProcess { process_name: name.into(), suspension_reason: String::new() };
    let sched = OFFICE.parse::<shared::schedule::Schedule>().unwrap().hash();
    let of = |state: &str, desired| {
        let record = format!("v1 {state} n=2 min=0 susp=-- sched={sched} by=schedule");
        let tags = vec![tag("steward:schedule", OFFICE), tag("steward:record", &record)];
        let asleep = if desired == 0 { Suspended::ALL } else { Suspended::default() };
        group((0, desired, 4), asleep, tags)
    };
    let (on, off) = ("on@2026-11-24T08:00:00Z", "off@2026-11-24T20:00:00Z");
    let protected: Spoil = |group| group.instances[0].protected_from_scale_in = true;
    let hooked: Spoil = |group| group.instances[0].lifecycle_state = "Terminating:Wait".into();
    let standby: Spoil = |group| group.instances[0].lifecycle_state = "Standby".into();
    let warm = |size| move |group: &mut Group| group.warm_pool_size = Some(size);
    let suspended =
        |name: &'static str| move |group: &mut Group| group.suspended_processes.push(process(name));
    let terminate = suspended("Terminate");
    let empty = |group: &mut Group| {
        terminate(group);
        group.instances.clear();
    };
    let cases: [Keeping<'_>; 14] = [
        ("as it is", of(on, 2), NOW, &|_| (), None),
        ("protected", of(on, 2), NOW, &protected, Some("1 of its instances are protected from scale-in")),
        ("terminate", of(on, 2), NOW, &terminate, Some("its process Terminate is suspended")),
        ("terminate, and none is there", of(on, 2), NOW, &empty, None),
        ("hooked", of(on, 2), NOW, &hooked, Some("1 of its instances wait for a lifecycle hook")),
        ("standby", of(on, 2), NOW, &standby, Some("1 of its instances are in standby")),
        ("warm", of(on, 2), NOW, &warm(3), Some("its warm pool of 3 stays")),
        ("not warm", of(on, 2), NOW, &warm(0), None),
        ("off, and not gone", of(off, 0), NOW, &protected, Some("1 of its instances are protected")),
        // People raised it, and it does not go.
        ("raised", of(off, 2), NOW, &protected, None),
        ("on", of(on, 2), NOON, &protected, None),
        ("launch", of(off, 0), MORNING, &suspended("Launch"), Some("its process Launch is suspended")),
        ("launch, which it does not need", of(on, 2), NOW, &suspended("Launch"), None),
        ("no launch", of(off, 0), MORNING, &|_| (), None),
    ];
    for (name, mut seen, at, spoil, says) in cases {
        spoil(&mut seen.group);
        let plan = planned(&seen, &ask(Verb::Reconcile, at));
        let held = plan.forecast()[0].warnings.iter().find(|warning| warning.code == Code::InstancesHeld);
        let detail = held.map(|warning| warning.detail.as_str());
        assert_eq!(detail.is_some(), says.is_some(), "{name}: {detail:?}");
        assert!(detail.unwrap_or_default().starts_with(says.unwrap_or_default()), "{name}: {detail:?}");
    }
}

#[test]
fn a_stop_that_is_asked_for_is_written_down_once_and_says_what_comes_back() {
    let of = |desired, record: Option<&str>| {
        let record = record.map(|record| tag("steward:record", &format!("v1 {record}")));
        let asleep = if desired == 0 { Suspended::ALL } else { Suspended::default() };
        group((0, desired, 4), asleep, record.into_iter().collect())
    };
    let off = "off@2026-11-23T23:00:00Z n=3 min=0 susp=--";
    let saved = |count: u32| Some(SavedCount(NonZeroU32::new(count)));
    let (changed, unchanged) = ((Outcome::Changed, None), (Outcome::Unchanged, None));
    for (desired, record, outcome, says, (count, became, saved), steps) in [
        (
            2,
            None,
            changed,
            "stops as asked, once no task is left on its instances",
            (2, Became::Stopping, saved(2)),
            1,
        ),
        (
            0,
            Some(format!("{off} by=request")),
            unchanged,
            "already off since 2026-11-23T23:00:00Z",
            (0, Became::AsItIs, None),
            0,
        ),
        (
            0,
            Some(format!("{off} by=schedule")),
            changed,
            "already off since 2026-11-23T23:00:00Z; noted that it was asked for",
            (0, Became::Off, saved(3)),
            1,
        ),
        // Raised since then.
        (
            2,
            Some(format!("{off} by=request")),
            changed,
            "stops as asked, once no task is left on its instances",
            (2, Became::Stopping, saved(3)),
            1,
        ),
        (
            2,
            Some("stopping@2026-11-23T23:00:00Z n=2 min=0 susp=-- by=request".to_owned()),
            (Outcome::Unchanged, Some(Code::WaitingForTasks)),
            "its stop began at 2026-11-23T23:00:00Z, and reconcile finishes it",
            (2, Became::Stopping, None),
            0,
        ),
    ] {
        let plan = planned(&of(desired, record.as_deref()), &ask(Verb::Stop, NOW));
        let [item] = plan.forecast() else { panic!("{} items", plan.forecast().len()) };
        assert_eq!(((item.outcome, item.code), item.reason.as_str()), (outcome, says));
        let (before, after) = (item.before.clone().unwrap(), item.after.clone().unwrap());
        let sizes = |effect: &Effect| (effect.desired(), effect.became, effect.saved);
        assert_eq!(sizes(&before), (Some(i64::from(desired)), Became::AsItIs, None), "{says}");
        assert_eq!(sizes(&after), (Some(count), became, saved), "{says}");
        assert_eq!(plan.steps().count(), steps, "{says}");
    }
}

#[test]
fn a_group_waits_for_its_tasks_names_some_and_writes_its_size_ahead() {
    let sched = OFFICE.parse::<shared::schedule::Schedule>().unwrap().hash();
    let of = |state: &str, sizes| {
        let record = format!("v1 {state} sched={sched} by=schedule");
        group(
            sizes,
            Suspended::default(),
            vec![tag("steward:schedule", OFFICE), tag("steward:record", &record)],
        )
    };
    let on = of("on@2026-11-24T08:00:00Z n=2 min=1 susp=--", (1, 2, 4));
    let begun = of("stopping@2026-11-24T20:00:00Z n=2 min=1 susp=-- cluster=prod", (1, 2, 4));
    let waiting = (Outcome::Unchanged, Code::WaitingForTasks);
    let some = |tasks: &[&str]| Ok(tasks.iter().map(ToString::to_string).collect());
    let ahead = Some("v1 stopping@2026-11-24T20:00:00Z n=2 min=1 susp=--");
    for (seen, tasks, outcome, says, written) in [
        (&on, some(&["a"]), waiting, "1 task still runs on its instances: a", ahead),
        (&on, some(&["a", "b"]), waiting, "2 tasks still run on its instances: a, b", ahead),
        (&on, some(&["a", "b", "c"]), waiting, "3 tasks still run on its instances: a, b, c", ahead),
        (
            &on,
            some(&["a", "b", "c", "d"]),
            waiting,
            "4 tasks still run on its instances: a, b, c, and 1 more",
            ahead,
        ),
        (&begun, some(&["a"]), waiting, "1 task still runs on its instances: a", None),
        (
            &on,
            Err((Code::Throttled, "throttled".to_owned())),
            (Outcome::Failed, Code::Throttled),
            "what runs on its instances can't be read: throttled",
            None,
        ),
    ] {
        let seen = Snapshot { tasks: [(name(), tasks)].into(), ..snapshot(seen, &[]) };
        let plan = plan(&seen, &ask(Verb::Reconcile, NOW), &settings());
        let item = &plan.forecast()[0];
        assert_eq!((item.outcome, item.code), (outcome.0, Some(outcome.1)), "{says}");
        assert_eq!(item.reason.split("; ").next(), Some(says));
        let steps: Vec<&Step> = plan.steps().collect();
        match (steps.as_slice(), written) {
            ([], None) => {}
            ([Step::WriteGroupRecord { record, .. }], Some(text)) => {
                assert!(record.to_string().starts_with(text), "{record}");
            }
            (steps, _) => panic!("{says}: {steps:?}"),
        }
    }
    let goes = planned(&on, &ask(Verb::Reconcile, NOW));
    let after = goes.forecast()[0].after.clone().unwrap();
    assert_eq!((after.became, after.saved), (Became::Off, Some(SavedCount(NonZeroU32::new(2)))));
    let undone: Vec<Step> = goes.steps().filter_map(Step::undo).collect();
    let resume = Step::Resume { group: on.id.clone(), processes: Suspended::ALL };
    assert_eq!(undone, [resume], "a group whose stop is refused keeps its alarms");
    // At 0 it has no task to wait for, and no size to change.
    let empty = of("on@2026-11-24T08:00:00Z n=2 min=0 susp=--", (0, 0, 4));
    let enforced = [empty.group.tags.clone(), vec![tag("steward:drift", "enforce")]].concat();
    let empty = SeenGroup { group: Group { tags: enforced, ..empty.group.clone() }, ..empty };
    let plan = planned(&empty, &ask(Verb::Reconcile, NOW));
    assert!(!plan.is_empty() && !plan.steps().any(|step| matches!(step, Step::SizeGroup { .. })));
}

#[test]
fn its_own_scheduled_actions_that_sleep_with_a_group_are_named() {
    let actions = vec!["morning".to_owned(), "night-batch".to_owned()];
    let scheduled = Suspended { scheduled_actions: true, ..Suspended::default() };
    for (asleep, actions, names) in [
        (Suspended::default(), actions.clone(), Some("morning, night-batch")),
        (scheduled, actions, None),
        (Suspended::default(), Vec::new(), None),
    ] {
        let on = SeenGroup { actions, ..group((1, 2, 4), asleep, vec![tag("steward:schedule", OFFICE)]) };
        let adopted = perform(on.clone(), &ask(Verb::Reconcile, NOON), usize::MAX);
        for plan in [planned(&adopted, &ask(Verb::Reconcile, NOW)), planned(&on, &ask(Verb::Stop, NOON))] {
            let told = plan.forecast()[0].warnings.iter().find(|it| it.code == Code::ScheduledActions);
            let named = told.and_then(|it| {
                it.detail.strip_prefix("these scheduled actions do not act while it is off: ")
            });
            assert_eq!(named, names);
        }
    }
}

#[test]
fn tasks_are_looked_at_where_a_group_is_to_go() {
    let adopted = after(group((1, 2, 4), Suspended::default(), vec![tag("steward:schedule", OFFICE)]), NOON);
    for (verb, at, is_looked_at) in [
        (Verb::Reconcile, NOW, true),
        (Verb::Reconcile, NOON, false),
        (Verb::Stop, NOON, true),
        (Verb::Start, NOON, false),
    ] {
        let looked_at = crate::plan::need_tasks(&snapshot(&adopted, &[]), &ask(verb, at), &settings());
        assert_eq!(looked_at, Vec::from_iter(is_looked_at.then(|| adopted.id.clone())), "{verb:?} at {at}");
    }
}
