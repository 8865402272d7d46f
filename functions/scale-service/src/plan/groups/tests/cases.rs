//! What becomes of one group, case by case.

use super::*;

#[test]
fn what_somebody_changed_while_it_was_off_wins_and_only_what_was_put_to_sleep_wakes() {
    let off = "v1 off@2026-11-23T20:00:00Z n=3 min=2 susp=-s sched=5f2c1a9e by=schedule";
    let tags = || vec![tag("steward:schedule", OFFICE), tag("steward:record", off)];
    let after_of = |seen: SeenGroup| {
        let started = perform(seen, &ask(Verb::Start, MORNING), usize::MAX);
        shape(&after(with_its_instances(started), MORNING))
    };
    let slept = Suspended { alarm_notification: false, scheduled_actions: true };
    assert_eq!(after_of(group((0, 0, 4), Suspended::ALL, tags())), (2, 3, 4, slept));
    assert_eq!(after_of(group((1, 1, 4), Suspended::ALL, tags())), (1, 3, 4, slept), "its min");
    assert_eq!(after_of(group((0, 4, 4), Suspended::ALL, tags())), (2, 4, 4, slept), "raised");
    assert_eq!(after_of(group((0, 0, 2), Suspended::ALL, tags())), (2, 2, 2, slept), "its max");
    let woken = Suspended::default();
    assert_eq!(after_of(group((0, 0, 4), woken, tags())), (2, 3, 4, woken), "resumed by somebody");
    let changed = |sizes, asleep| {
        let plan = planned(&group(sizes, asleep, tags()), &ask(Verb::Start, MORNING));
        plan.forecast()[0].warnings.iter().map(|warning| warning.code).collect::<Vec<_>>()
    };
    assert_eq!(changed((0, 0, 4), Suspended::ALL), []);
    assert_eq!(changed((1, 1, 4), Suspended::ALL), [Code::TargetChanged]);
    assert_eq!(changed((0, 0, 2), Suspended::ALL), [Code::Clamped], "its count alone: its min fits");
    assert_eq!(changed((0, 0, 1), Suspended::ALL), [Code::Clamped, Code::Clamped]);
    assert_eq!(changed((0, 0, 4), woken), [Code::TargetChanged]);
}

#[test]
fn a_weighted_group_is_up_when_its_units_are_and_comes_back_with_all_of_them() {
    let day = "2026-11-24T09:00:00Z";
    let on = "v1 starting@2026-11-24T08:00:00Z n=8 min=0 susp=-- sched=SCHED by=schedule";
    let sched = "Mon-Fri 08:00-20:00 UTC".parse::<shared::schedule::Schedule>().unwrap().hash();
    let tags = |record: &str| {
        vec![tag("steward:schedule", OFFICE), tag("steward:record", &record.replace("SCHED", &sched))]
    };
    let late = |weights: &[&str]| {
        let mut seen = group((0, 8, 16), Suspended::default(), tags(on));
        let instance = |weight: &&str| Instance { weighted_capacity: Some((*weight).into()), ..in_service() };
        seen.group.instances = weights.iter().map(instance).collect();
        let plan = planned(&seen, &ask(Verb::Reconcile, day));
        let late = plan.forecast()[0].warnings.iter().find(|warning| warning.code == Code::LateToWake);
        late.map(|warning| warning.detail.clone())
    };
    assert_eq!(late(&["4", "4"]), None, "two instances of four units are eight");
    let detail = late(&["4"]).unwrap();
    assert!(detail.starts_with("4 of its desired capacity of 8 are in service"), "{detail}");
    assert!(detail.ends_with("its scaling activities say why"), "{detail}");
    // In MiB it is more than any count that MAX_DESIRED has in mind.
    let off = "v1 off@2026-11-23T20:00:00Z n=32768 min=0 susp=-- sched=SCHED by=schedule";
    let seen = group((0, 0, 65_536), Suspended::ALL, tags(off));
    let back = perform(seen, &ask(Verb::Reconcile, day), usize::MAX);
    let alarms = Suspended { alarm_notification: true, ..Suspended::default() };
    assert_eq!(shape(&back), (0, 32_768, 65_536, alarms), "its alarms sleep until its instances are there");
}

#[test]
fn a_cluster_that_does_not_fit_into_the_record_is_left_out_where_something_else_names_it() {
    let long = "c".repeat(200);
    let mut seen = group((1, 2, 4), Suspended::default(), vec![tag("steward:schedule", OFFICE)]);
    seen.id.cluster = Some(long.parse().unwrap());
    let asked = |seen: &SeenGroup| asked(seen, &snapshot(seen, &[]), &ask(Verb::Stop, NOW), &settings());
    assert_eq!(asked(&seen).item.code, Some(Code::ClusterUnknown), "its instances will be gone");
    let fits = SeenGroup {
        id: GroupId { cluster: Some("c".repeat(150).parse().unwrap()), ..seen.id.clone() },
        ..seen.clone()
    };
    assert_eq!(asked(&fits).item.code, None);
    seen.linked_by = Some(LinkedBy::Tag);
    let PlannedItem { stages, .. } = asked(&seen);
    let [(_, steps)] = stages.as_slice() else { panic!("{} stages", stages.len()) };
    let [Step::WriteGroupRecord { record, .. }] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(record.size.cluster, None);
    assert!(record.to_string().len() <= 256);
}

#[test]
fn nothing_is_done_where_schedules_do_not_reach() {
    let seen = group((1, 2, 4), Suspended::default(), Vec::new());
    assert!(planned(&seen, &ask(Verb::Reconcile, NOW)).forecast().is_empty());
    let settings = PlanSettings { acts_in: NamePatterns::default(), ..settings() };
    let tagged = group((1, 2, 4), Suspended::default(), vec![tag("steward:schedule", OFFICE)]);
    let decision = asked(&tagged, &snapshot(&tagged, &[]), &ask(Verb::Stop, NOW), &settings);
    let [(_, steps)] = decision.stages.as_slice() else { panic!() };
    let [Step::WriteGroupRecord { record, .. }] = steps.as_slice() else { panic!() };
    assert_eq!(record.sched, None, "switching schedules on later begins with an adoption");
}

#[test]
fn a_group_is_said_to_be_scaled_only_where_its_capacity_moves() {
    let seen = group((1, 2, 4), Suspended::default(), Vec::new());
    for (desired, min, max, says) in [
        (2, Some(0), Some(6), "set between 0 and 6 as asked, and stays at 2"),
        (3, None, None, "scaled from 2 to 3, between 1 and 4, as asked"),
        (4, None, None, "scaled from 2 to 4, between 1 and 4, as asked"),
        (1, None, None, "scaled from 2 to 1, between 1 and 4, as asked"),
        (2, None, None, "already at 2, between 1 and 4"),
        (2, Some(1), Some(4), "already at 2, between 1 and 4"),
        (2, Some(2), Some(2), "set between 2 and 2 as asked, and stays at 2"),
        (2, Some(3), Some(2), "its min 3 would be above its max 2"),
    ] {
        let sizes = GroupSizes { desired, min, max };
        let scaled =
            scaled(&seen, &snapshot(&seen, &[]), &ask(Verb::ScaleGroup(sizes), NOW), &settings(), sizes);
        assert_eq!(scaled.item.reason, says);
    }
}

#[test]
fn what_ecs_sizes_is_left_to_it_unless_it_was_told_to_go() {
    let of = |desired, record: Option<&str>| {
        let record =
            record.map(|record| tag("steward:record", &format!("v1 {record} n=2 min=0 susp=-- by=request")));
        let asleep = if desired == 0 { Suspended::ALL } else { Suspended::default() };
        SeenGroup { managed: true, ..group((0, desired, 4), asleep, record.into_iter().collect()) }
    };
    let off = "off@2026-11-23T23:00:00Z";
    for (verb, desired, record, force, left) in [
        (Verb::Stop, 2, None, false, true),
        (Verb::Stop, 2, None, true, false),
        (Verb::Stop, 2, Some("on@2026-11-23T23:00:00Z"), false, true),
        (Verb::Start, 0, Some(off), false, false),
        (Verb::Start, 0, Some(off), true, false),
    ] {
        let plan = planned(&of(desired, record), &Ask { force, ..ask(verb, NOW) });
        let item = &plan.forecast()[0];
        let expected =
            if left { (Outcome::Skipped, Some(Code::ManagedScaling)) } else { (Outcome::Changed, None) };
        assert_eq!((item.outcome, item.code), expected, "{verb:?} of {record:?}, force {force}");
    }
}

#[test]
fn a_hold_of_its_cluster_keeps_a_run_from_a_group() {
    let hold = "hold from 2026-11-24T20:00:00Z until 2026-11-25T02:00:00Z by ana";
    for (text, kept) in [
        (hold, Some((Outcome::Skipped, Code::Held))),
        ("until tomorrow", Some((Outcome::Failed, Code::OverrideUnreadable))),
        ("hold from 2026-11-24T20:00:00Z until 2026-11-24T22:00:00Z by ana", None),
    ] {
        let seen = group((1, 2, 4), Suspended::default(), Vec::new());
        let tags = [("steward:override".to_owned(), text.to_owned())].into();
        let seen = Snapshot { cluster_tags: [(cluster(), tags)].into(), ..snapshot(&seen, &[]) };
        let plan = plan(&seen, &ask(Verb::Stop, NOW), &settings());
        let item = &plan.forecast()[0];
        let expected = kept.map_or((Outcome::Changed, None), |(outcome, code)| (outcome, Some(code)));
        assert_eq!((item.outcome, item.code), expected, "{text}");
        assert_eq!(plan.is_empty(), kept.is_some(), "{text}");
    }
}

#[test]
fn a_group_whose_record_is_lost_is_told_with_where_to_look_for_it_and_one_that_is_full_of_tags_too() {
    let lost = group((0, 0, 4), Suspended::ALL, vec![tag("steward:schedule", OFFICE)]);
    let plan = planned(&lost, &ask(Verb::Reconcile, NOW));
    let item = &plan.forecast()[0];
    assert_eq!((item.outcome, item.code), (Outcome::Failed, Some(Code::NoSavedSize)));
    let pattern = "'\"autoscaling:CreateOrUpdateTags\" \"machines\"'";
    assert!(item.reason.contains(pattern), "{}", item.reason);
    let full = (0..50).map(|n| tag(&format!("tag{n}"), "")).collect();
    let plan = planned(&group((1, 2, 4), Suspended::default(), full), &ask(Verb::Stop, NOW));
    assert_eq!((plan.forecast()[0].code, plan.is_empty()), (Some(Code::TooManyTags), true));
}

#[test]
fn a_schedule_leaves_what_ecs_sizes_and_brings_back_what_it_had_stopped() {
    let sched = OFFICE.parse::<shared::schedule::Schedule>().unwrap().hash();
    let of = |sizes, asleep, state: &str| {
        let record = format!("v1 {state} n=2 min=0 susp=-- sched={sched} by=schedule");
        let tags = vec![tag("steward:schedule", OFFICE), tag("steward:record", &record)];
        group(sizes, asleep, tags)
    };
    let on = of((0, 2, 4), Suspended::default(), "on@2026-11-24T08:00:00Z");
    let off = of((0, 0, 4), Suspended::ALL, "off@2026-11-24T20:00:00Z");
    for (seen, at, code) in [(on, NOW, Some(Code::ManagedScaling)), (off, MORNING, None)] {
        let plan = planned(&SeenGroup { managed: true, ..seen }, &ask(Verb::Reconcile, at));
        assert_eq!((plan.forecast()[0].code, plan.is_empty()), (code, code.is_some()), "{at}");
    }
    // Taken to 0 while it starts, it is not up.
    let starting = of((0, 0, 4), Suspended::default(), "starting@2026-11-25T08:00:00Z");
    let plan = planned(&starting, &ask(Verb::Reconcile, "2026-11-25T08:05:00Z"));
    assert_eq!((plan.forecast()[0].code, plan.is_empty()), (Some(Code::Waking), true));
}

#[test]
fn a_group_that_is_said_to_be_of_a_cluster_with_none_of_its_instances_is_left() {
    let of = |desired, cluster: &str| {
        let record = format!("v1 starting@2026-11-23T23:00:00Z n=2 min=0 susp=--{cluster} by=request");
        group((0, desired, 4), Suspended::default(), vec![tag("steward:record", &record)])
    };
    let strange = || [name()].into();
    let (by_tag, by_record) = (Some(LinkedBy::Tag), Some(LinkedBy::Record));
    for (why, seen, linked_by, strangers, is_left) in [
        ("its tag", group((0, 2, 4), Suspended::default(), Vec::new()), by_tag, strange(), true),
        ("its record", of(2, " cluster=other"), by_record, strange(), true),
        ("no cluster was known", of(2, ""), by_tag, strange(), true),
        // Its instances register within minutes.
        ("it starts there", of(2, " cluster=prod"), by_record, strange(), false),
        ("none is there", group((0, 0, 4), Suspended::default(), Vec::new()), by_tag, strange(), false),
        ("they say so", of(2, " cluster=other"), Some(LinkedBy::Instances), strange(), false),
        ("they are there", of(2, " cluster=other"), by_record, BTreeSet::new(), false),
    ] {
        let seen = Snapshot { strangers, ..snapshot(&SeenGroup { linked_by, ..seen }, &[]) };
        let plan = plan(&seen, &ask(Verb::Stop, NOW), &settings());
        let code = is_left.then_some(Code::ClusterUnknown);
        assert_eq!((plan.forecast()[0].code, plan.is_empty()), (code, is_left), "{why}");
    }
}

#[test]
fn what_a_twin_did_to_a_group_is_told_as_its_doing() {
    let adopted = after(group((1, 2, 4), Suspended::default(), vec![tag("steward:schedule", OFFICE)]), NOON);
    let ask = ask(Verb::Reconcile, NOW);
    let (_, stages) = planned(&adopted, &ask).into_parts();
    let jobs: Vec<Job<Step>> = stages.into_iter().flatten().collect();
    let other = GroupId { name: "others".parse().unwrap(), resource: "others".into(), cluster: None };
    let other = SeenGroup { id: other, ..group((1, 2, 4), Suspended::default(), Vec::new()) };
    let mut scaled = adopted.clone();
    scaled.group.desired_capacity = 3;
    // The twin has written its record, and no more.
    let begun = perform(adopted.clone(), &ask, 1);
    for (there, says) in [
        (begun, "another run did the same meanwhile: "),
        (scaled, "it changed since this run looked at it, and the next decides: "),
    ] {
        let seen = Snapshot { groups: vec![other.clone(), there.clone()], ..snapshot(&there, &[]) };
        let fresh = Fresh { seen, services: Ok(()), groups: Ok(()) };
        let narrowed = narrow(GROUPS_DOWN, jobs.clone(), &snapshot(&adopted, &[]), &fresh, &ask, &settings());
        let (_, taken) = &narrowed.taken[0];
        assert_eq!((taken.outcome, taken.code), (Outcome::Unchanged, Code::ChangedMeanwhile));
        assert!(taken.reason.starts_with(says), "{}", taken.reason);
    }
}
