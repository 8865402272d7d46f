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
        plan.forecast()[0].warnings.iter().any(|warning| warning.code == Code::LateToWake)
    };
    assert!(!late(&["4", "4"]), "two instances of four units are eight");
    assert!(late(&["4"]));
    // In MiB it is more than any count that MAX_DESIRED has in mind.
    let off = "v1 off@2026-11-23T20:00:00Z n=32768 min=0 susp=-- sched=SCHED by=schedule";
    let seen = group((0, 0, 65_536), Suspended::ALL, tags(off));
    let back = perform(seen, &ask(Verb::Reconcile, day), usize::MAX);
    let alarms = Suspended { alarm_notification: true, ..Suspended::default() };
    assert_eq!(shape(&back), (0, 32_768, 65_536, alarms), "its alarms sleep until its instances are there");
}

#[test]
fn instances_in_standby_stay_and_that_is_told() {
    let seen = group((1, 2, 4), Suspended::default(), vec![tag("steward:schedule", OFFICE)]);
    let mut adopted = after(seen, NOON);
    adopted.group.instances[0].lifecycle_state = "Standby".into();
    let plan = planned(&adopted, &ask(Verb::Reconcile, NOW));
    let [warning] = plan.forecast()[0].warnings.as_slice() else { panic!("{:?}", plan.forecast()) };
    assert_eq!(warning.code, Code::InstancesHeld);
    assert!(warning.detail.contains("1 of its instances are in standby"), "{}", warning.detail);
}

#[test]
fn a_cluster_that_does_not_fit_into_the_record_is_left_out_where_something_else_names_it() {
    let long = "c".repeat(200);
    let mut seen = group((1, 2, 4), Suspended::default(), vec![tag("steward:schedule", OFFICE)]);
    seen.id.cluster = Some(long.parse().unwrap());
    let asked = |seen: &SeenGroup| asked(seen, &snapshot(seen, &[]), &ask(Verb::Stop, NOW), &settings());
    assert_eq!(asked(&seen).item.code, Some(Code::ClusterUnknown), "its instances will be gone");
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
