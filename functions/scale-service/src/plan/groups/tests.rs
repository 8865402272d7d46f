//! What must hold for every group there could be, on a model of AWS in a few lines.

mod cases;
mod laws;
mod start;
mod stop;

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

/// Through a noon, an evening and a morning.
const NOON: &str = "2026-11-24T12:00:00Z";
const MORNING: &str = "2026-11-25T08:00:00Z";

fn after(seen: SeenGroup, at: &str) -> SeenGroup {
    settled(seen, &ask(Verb::Reconcile, at))
}

/// The one item of a plan, and the steps of it.
fn reason_and_steps(seen: &SeenGroup, ask: &Ask) -> (String, Vec<Step>) {
    let plan = planned(seen, ask);
    let [item] = plan.forecast() else { panic!("{} items", plan.forecast().len()) };
    (item.reason.clone(), plan.steps().cloned().collect())
}
