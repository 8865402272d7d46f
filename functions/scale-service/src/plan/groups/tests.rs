//! What must hold for every group there could be, on a model of AWS in a few lines.

use std::num::NonZeroU32;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use shared::autoscaling::{Group, Instance, SuspendedProcess, Tag};
use shared::names::{ClusterName, GroupName};
use shared::report::Outcome;
use shared::select::{NamePatterns, Selector};
use shared::settings::{Scheduling, TagKeys};
use shared::{Job, Problem};

use super::*;
use crate::ask::{Groups, Target};
use crate::effect::{Became, SavedCount};
use crate::observe::Fresh;
use crate::observe::GroupId;
use crate::plan::steps::GROUPS_DOWN;
use crate::plan::{Plan, narrow, plan};

const NOW: &str = "2026-11-24T23:00:00Z";
const OFFICE: &str = "Mon-Fri 08:00-20:00 UTC";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cluster() -> ClusterName {
    "prod".parse().unwrap()
}

fn name() -> GroupName {
    "machines".parse().unwrap()
}

fn settings() -> PlanSettings {
    PlanSettings {
        tags: TagKeys::default(),
        max_desired: 500,
        scheduling: Scheduling::default(),
        late_after: SignedDuration::from_mins(15),
        deploying_wait: SignedDuration::from_hours(2),
        acts_in: "*".parse().unwrap(),
    }
}

fn ask(verb: Verb, at: &str) -> Ask {
    Ask {
        verb,
        target: Target::Cluster(cluster(), Selector::default()),
        force: false,
        groups: if verb == Verb::Reconcile { Groups::Tagged } else { Groups::All },
        at: instant(at),
        now: instant(at),
        change: None,
        stale_before: None,
        scheduled: false,
        dry_run: false,
        observes: false,
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.into(), value: value.into(), propagate_at_launch: false }
}

fn group(sizes: (i32, i32, i32), asleep: Suspended, tags: Vec<Tag>) -> SeenGroup {
    let (min_size, desired_capacity, max_size) = sizes;
    let mut group = Group {
        auto_scaling_group_name: "machines".into(),
        min_size,
        desired_capacity,
        max_size,
        instances: vec![in_service()],
        tags,
        ..Group::default()
    };
    suspend(&mut group, asleep);
    let resource = "autoScalingGroup:1:autoScalingGroupName/machines".into();
    let id = GroupId { name: name(), resource, cluster: Some(cluster()) };
    SeenGroup { id, group, linked_by: Some(LinkedBy::Instances), managed: false, actions: Vec::new() }
}

fn in_service() -> Instance {
    Instance { lifecycle_state: "InService".into(), ..Instance::default() }
}

/// As AWS makes it, some minutes later.
fn with_its_instances(mut seen: SeenGroup) -> SeenGroup {
    let desired = usize::try_from(seen.group.desired_capacity).unwrap();
    seen.group.instances = vec![in_service(); desired];
    seen
}

fn suspend(group: &mut Group, processes: Suspended) {
    for name in processes.names() {
        group.suspended_processes.retain(|it| it.process_name != name);
        let process_name = name.to_owned();
        group.suspended_processes.push(SuspendedProcess { process_name, suspension_reason: String::new() });
    }
}

fn snapshot(seen: &SeenGroup, tasks: &[&str]) -> Snapshot {
    let tasks = tasks.iter().map(ToString::to_string).collect();
    Snapshot {
        groups: vec![seen.clone()],
        cluster_tags: [(cluster(), std::collections::BTreeMap::new())].into(),
        tasks: [(name(), Ok(tasks))].into(),
        ..Snapshot::default()
    }
}

fn planned(seen: &SeenGroup, ask: &Ask) -> Plan {
    plan(&snapshot(seen, &[]), ask, &settings())
}

/// AWS in a few lines: what each call does to a group.
fn apply(seen: &mut SeenGroup, step: &Step) {
    let group = &mut seen.group;
    match step {
        Step::WriteGroupRecord { record, .. } => {
            group.tags.retain(|tag| tag.key != "steward:record");
            group.tags.push(tag("steward:record", &record.to_string()));
        }
        Step::SizeGroup { after, .. } => {
            let number = |of: Option<u32>, live: i32| of.map_or(live, |of| i32::try_from(of).unwrap());
            group.min_size = number(after.min, group.min_size);
            group.max_size = number(after.max, group.max_size);
            group.desired_capacity = number(after.desired, group.desired_capacity);
            let within = group.min_size..=group.max_size;
            assert!(within.contains(&group.desired_capacity), "AWS refuses {after:?}");
        }
        Step::Suspend { processes, .. } => suspend(group, *processes),
        Step::Resume { processes, .. } => {
            assert_ne!(*processes, Suspended::default(), "AWS would resume them all");
            group.suspended_processes.retain(|it| !processes.names().contains(&it.process_name.as_str()));
        }
        other => panic!("not of a group: {other:?}"),
    }
}

fn perform(mut seen: SeenGroup, ask: &Ask, steps: usize) -> SeenGroup {
    let plan = planned(&seen, ask);
    for step in plan.steps().take(steps) {
        apply(&mut seen, step);
    }
    seen
}

/// After a few ticks: one may adopt what the next finishes. Instances come and go between them.
fn settled(seen: SeenGroup, ask: &Ask) -> SeenGroup {
    (0..5).fold(seen, |seen, _| with_its_instances(perform(seen, ask, usize::MAX)))
}

fn shape(seen: &SeenGroup) -> (i32, i32, i32, Suspended) {
    let group = &seen.group;
    (group.min_size, group.desired_capacity, group.max_size, group.suspended())
}

fn record(seen: &SeenGroup) -> Option<Record<Capacity>> {
    seen.group.tags_by_key().get("steward:record").map(|text| text.parse().unwrap())
}

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

/// Through a noon, an evening and a morning.
const NOON: &str = "2026-11-24T12:00:00Z";
const MORNING: &str = "2026-11-25T08:00:00Z";

fn after(seen: SeenGroup, at: &str) -> SeenGroup {
    settled(seen, &ask(Verb::Reconcile, at))
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

/// The one item of a plan, and the steps of it.
fn reason_and_steps(seen: &SeenGroup, ask: &Ask) -> (String, Vec<Step>) {
    let plan = planned(seen, ask);
    let [item] = plan.forecast() else { panic!("{} items", plan.forecast().len()) };
    (item.reason.clone(), plan.steps().cloned().collect())
}

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
