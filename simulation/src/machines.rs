//! The EC2 clusters of the year: a group of machines in each, that sleeps after its tasks.
//!
//! A group is to the model what a service is: a size, bounds, and two processes that may sleep. What is
//! its own: it waits for tasks.

use std::collections::BTreeSet;

use emulator::{GroupSeed, JobSeed, ServiceSeed, World};
use serde_json::json;

use crate::SystemUnderTest;
use crate::compare::{UNKNOWN, is_as_remembered, record, shown};
use crate::fleet::{Fleet, RECORD, SCHEDULE};
use crate::leases::OverridePlace;
use crate::model::{Expected, Facts, Half, Lease, Live, Memory, Target, WHOLE, wanted};
use crate::random::Random;
use crate::year::Year;

/// The names of the clusters whose tasks run on machines of their own.
pub(crate) const CLUSTERS: [&str; 2] = ["iron", "steel"];
const DAEMON: &str = "agent";
/// Families whose tasks end by themselves, after so many hours.
const JOBS: [(&str, u64); 2] = [("short", 1), ("long", 5)];

/// A cluster's group.
#[derive(Clone, Debug)]
pub(crate) struct Machines {
    /// Its cluster's index.
    pub(crate) cluster: usize,
    /// Its own name, and its cluster's.
    pub(crate) name: &'static str,
    pub(crate) plan: usize,
    pub(crate) memory: Option<Memory>,
    /// The sizes that it had while it was on.
    had: BTreeSet<i64>,
    /// As it was before it was stopped, while nobody touches it.
    before: Option<Live>,
}

impl Machines {
    pub(crate) fn path(&self) -> String {
        format!("autoScalingGroupName/{}", self.name)
    }
}

/// A group before a tick, and what it ought to be after it.
#[derive(Clone, Debug)]
pub(crate) struct SeenMachines {
    live: Live,
    pub(crate) expected: Expected,
    /// The tasks on its machines.
    tasks: usize,
    /// They keep it.
    busy: bool,
    /// A second run soon after would find nothing more to do.
    pub(crate) settles: bool,
}

impl Fleet {
    /// The group of a cluster, before its services.
    pub(crate) fn machinery(
        &mut self,
        cluster: usize,
        plan: usize,
        name: &'static str,
        random: &mut Random,
        world: &mut World,
    ) {
        let (min, [alarms, actions, _]) = (random.between(0, 2), random.flags());
        let mut group = GroupSeed::new(name).cluster(name).sizes(min, min + random.between(1, 2), 5);
        if let Some(plan) = self.plans.get(plan) {
            group = group.tag(SCHEDULE, &plan.tag);
        }
        for (asleep, process) in [(alarms, "AlarmNotification"), (actions, "ScheduledActions")] {
            if asleep {
                group = group.suspended(process);
            }
        }
        world.group(group);
        world.service(name, ServiceSeed::new(DAEMON).daemon().size(8, 8));
        for (family, hours) in JOBS {
            let container =
                json!({"name": family, "image": family, "cpu": 8, "memory": 8, "essential": true});
            let input = json!({
                "family": family, "requiresCompatibilities": ["EC2"], "networkMode": "bridge",
                "containerDefinitions": [container],
            });
            drop(world.call("ecs", "RegisterTaskDefinition", input));
            world.job(family, JobSeed::new().runs_for(std::time::Duration::from_hours(hours)));
        }
        let (memory, had, before) = (None, BTreeSet::new(), None);
        self.machines.push(Machines { cluster, name, plan, memory, had, before });
    }
}

/// A group as AWS has it now. The model's third flag has no part in it.
fn look(world: &World, name: &str) -> Live {
    let Some(group) = world.group_view(name) else { return Live { count: 0, target: None } };
    let asleep = |process: &str| group.suspended.iter().any(|it| it == process);
    let flags = [asleep("AlarmNotification"), asleep("ScheduledActions"), true];
    Live { count: group.desired, target: Some(Target { min: group.min, max: group.max, flags }) }
}

/// Whether its instances are in service.
fn is_whole(world: &World, name: &str) -> bool {
    world.group_view(name).is_some_and(|group| {
        let there = group.instances.iter().filter(|(_, state)| *state == "InService").count();
        group.desired > 0 && i64::try_from(there).is_ok_and(|there| there >= group.desired)
    })
}

/// The tasks on a cluster's machines, beside the DAEMON's.
fn tasks(world: &World, name: &str) -> usize {
    let daemons: BTreeSet<String> = world.tasks(name, DAEMON).into_iter().map(|task| task.id).collect();
    let instances = world.container_instances(name);
    instances.iter().flat_map(|instance| &instance.tasks).filter(|id| !daemons.contains(*id)).count()
}

fn text(world: &World, name: &str) -> Option<String> {
    world.group_view(name)?.tags.remove(RECORD)
}

/// What a run leaves of them.
pub(crate) fn end(world: &World, fleet: &Fleet) -> Vec<(String, String)> {
    let one = |it: &Machines| (it.path(), format!("{:?} {:?}", look(world, it.name), text(world, it.name)));
    fleet.machines.iter().map(one).collect()
}

impl<S: SystemUnderTest> Year<S> {
    /// What the model knows of a group under its cluster's override.
    pub(crate) fn machine_facts<'f>(
        &'f self,
        world: &World,
        it: &'f Machines,
        lease: Option<Lease>,
        now: i64,
    ) -> Facts<'f> {
        Facts {
            memory: it.memory.as_ref(),
            garbled: false,
            tagged: None,
            live: look(world, it.name),
            deploying: false,
            whole: is_whole(world, it.name),
            elastic: false,
            missed: None,
            plan: Ok(Some(it.plan)),
            wanted: wanted(None, lease, self.fleet.plans.get(it.plan), now),
            enforce: false,
            half: Half::Both,
            night: 0,
            now,
        }
    }

    /// Each group as it is, and as it ought to be after a tick at this instant.
    pub(crate) fn observe_machines(&self, now: i64) -> Vec<SeenMachines> {
        let one = |world: &World, it: &Machines| {
            let facts = self.machine_facts(world, it, self.cluster_lease(it.cluster), now);
            let live = facts.live;
            let mut expected = facts.expected();
            let tasks = tasks(world, it.name);
            let busy = live.count > 0 && expected.live.count == 0 && tasks > 0;
            if busy {
                // Its size is remembered at once: its alarms may take it before the tasks have ended.
                let memory = expected.memory.map(|memory| Memory { begun: true, ..memory });
                expected = Expected { rule: "machines wait for tasks", live, memory, ..expected };
            }
            let again = Facts { memory: expected.memory.as_ref(), live: expected.live, ..facts }.expected();
            let settles = busy || (again.live == expected.live && again.memory == expected.memory);
            SeenMachines { live, expected, tasks, busy, settles }
        };
        self.aws.with(|world| self.fleet.machines.iter().map(|it| one(world, it)).collect())
    }

    /// The same, of a disturbed run: what waited may have gone meanwhile, what is wanted may have changed,
    /// and a second run may do more than the first.
    pub(crate) fn machines_still_due(
        &self,
        seen: Vec<SeenMachines>,
        from: i64,
        now: i64,
    ) -> Vec<SeenMachines> {
        let later = self.observe_machines(now);
        let one = |(mut seen, later): (SeenMachines, SeenMachines)| {
            let starting = seen.expected.memory.as_ref().is_some_and(|memory| memory.starting);
            let other = seen.busy
                || later.busy
                || starting
                || !later.settles
                || later.expected.rule != seen.expected.rule;
            if (from != now && other) || !seen.settles {
                seen.expected.rule = UNKNOWN;
            }
            seen
        };
        seen.into_iter().zip(later).map(one).collect()
    }

    pub(crate) fn machines_are_quiet(&self, seen: &[SeenMachines]) -> bool {
        let quiet = |(it, seen): (&Machines, &SeenMachines)| {
            seen.expected.live == seen.live && seen.expected.memory == it.memory
        };
        self.fleet.machines.iter().zip(seen).all(quiet)
    }

    /// The sizes that groups have while they are on: what may be saved of them.
    pub(crate) fn note_machines(&mut self) {
        let Self { fleet, aws, .. } = self;
        aws.with(|world| {
            for it in &mut fleet.machines {
                let count = look(world, it.name).count;
                if count > 0 && it.memory.as_ref().is_none_or(|memory| memory.on) {
                    it.had.insert(count);
                }
            }
        });
    }

    /// After a run at this instant or later: is every group as it ought to be?
    /// Of one cluster's alone, where only that was looked at.
    pub(crate) fn compare_machines(&mut self, seen: &[SeenMachines], from: i64, only: Option<usize>) {
        let now = self.seconds();
        let mut faults = Vec::new();
        for (it, seen) in self.fleet.machines.iter_mut().zip(seen) {
            if only.is_some_and(|cluster| cluster != it.cluster) {
                continue;
            }
            let (live, text, left) =
                self.aws.with(|world| (look(world, it.name), text(world, it.name), tasks(world, it.name)));
            let (path, expected) = (it.path(), &seen.expected);
            // Its alarms, which wake then, may act at once.
            let live = if expected.rule == WHOLE { Live { count: seen.live.count, ..live } } else { live };
            let found = text.as_deref().and_then(record);
            if text.is_some() && found.is_none() {
                faults.push((expected.rule, path.clone(), format!("its record can't be read: {text:?}")));
            }
            // Tasks may end, or come, while it runs.
            let unsure = expected.rule == UNKNOWN || (seen.tasks > 0) != (left > 0);
            let span = expected.at_now.then_some(from..=now + 1);
            let as_it_ought =
                live == expected.live && is_as_remembered(found.as_ref(), expected.memory.as_ref(), span);
            if !unsure && !as_it_ought {
                let what = format!(
                    "expected {} and {:?}, found {} and {text:?}; it was {} with {:?}",
                    shown(&expected.live),
                    expected.memory,
                    shown(&live),
                    shown(&seen.live),
                    it.memory
                );
                faults.push((expected.rule, path.clone(), what));
            }
            let size = found.as_ref().and_then(|found| found.size.count);
            if let Some(size) = size.filter(|size| !it.had.contains(size)) {
                let what = format!("{size} is saved, which it never had while it was on");
                faults.push(("a size is saved only from a group that is on", path.clone(), what));
            }
            let was_on = it.memory.as_ref().is_none_or(|memory| memory.on);
            let is_on = found.as_ref().is_none_or(|found| found.on);
            let is_up = is_on && !found.as_ref().is_some_and(|found| found.starting);
            let back = it.before.filter(|_| is_up && live.count > 0);
            if let Some(before) = back {
                self.figures.comebacks += 1;
                // Its alarms may have acted on it already, where it was started by a run before or its start ended in
                // one of several. With what it was started is compared by what that run ought to do.
                let unsure =
                    expected.rule == UNKNOWN || it.memory.as_ref().is_some_and(|memory| memory.starting);
                let live = if unsure { Live { count: before.count, ..live } } else { live };
                if live != before {
                    let what = format!("expected {}, found {}", shown(&before), shown(&live));
                    faults.push(("it comes back as it was", path, what));
                }
            }
            // What it comes back to is what it had when its stop was begun.
            let starting = it.memory.as_ref().is_some_and(|memory| memory.starting);
            if was_on && !starting && !is_on && seen.live.count > 0 {
                it.before = Some(seen.live);
            } else if is_up {
                it.before = None;
            }
            if was_on != is_on {
                self.figures.machines += 1;
            }
            if seen.busy {
                self.figures.waits += 1;
            }
            it.memory = match (found, &expected.memory) {
                (Some(found), Some(expected)) => Some(Memory { plan: expected.plan, ..found }),
                (found, _) => found,
            };
        }
        for (law, path, what) in faults {
            self.violation(law, &path, &what);
        }
    }

    /// Whether something was started, and is looked at until it is whole.
    pub(crate) fn is_starting(&self) -> bool {
        let services = self.fleet.services.iter().map(|service| service.memory.as_ref());
        let mut all = services.chain(self.fleet.machines.iter().map(|it| it.memory.as_ref()));
        all.any(|memory| memory.is_some_and(|memory| memory.starting))
    }

    /// Whether a group waits for its tasks: it is looked at again soon.
    pub(crate) fn waits_for_tasks(&self, now: i64) -> bool {
        self.observe_machines(now).iter().any(|seen| seen.busy)
    }

    /// What people do to machines: they size them, run tasks on them, put load on them, lose one, or edit
    /// the schedule.
    pub(crate) fn at_the_machines(&mut self) {
        let n = self.random.index(self.fleet.machines.len());
        let Some((name, cluster)) = self.fleet.machines.get(n).map(|it| (it.name, it.cluster)) else {
            return;
        };
        self.seen_to(&self.reached(OverridePlace::Cluster(cluster)));
        match self.random.between(1, 10) {
            1..=3 => {
                let family = JOBS.get(self.random.index(JOBS.len())).map_or("", |(family, _)| family);
                let input = json!({"cluster": name, "taskDefinition": family, "launchType": "EC2"});
                self.cli("ecs", "RunTask", input);
            }
            4..=5 => {
                let wanted = self.random.percent(60).then(|| self.random.between(0, 5));
                self.aws.with(|world| {
                    world.group_load(name, wanted);
                });
            }
            6..=7 => {
                let size = self.random.between(0, 5);
                let input = json!({"AutoScalingGroupName": name, "DesiredCapacity": size});
                self.cli("autoscaling", "UpdateAutoScalingGroup", input);
                self.touched_machines(n);
            }
            8 => {
                let ids = self.aws.with(|world| world.group_view(name)).map(|group| group.instances);
                let ids = ids.unwrap_or_default();
                if let Some((id, _)) = ids.get(self.random.index(ids.len())) {
                    self.aws.with(|world| {
                        world.kill_instance(id);
                    });
                }
            }
            9 => self.schedule_with_machines(n),
            _ => {
                let plan = self.random.index(self.fleet.plans.len());
                self.edit_machines(n, plan);
            }
        }
    }

    pub(crate) fn edit_machines(&mut self, n: usize, plan: usize) {
        let Some(it) = self.fleet.machines.get_mut(n) else { return };
        it.plan = plan;
        let (name, text) = (it.name, self.fleet.plans.get(plan).map(|plan| plan.tag.clone()));
        let tag = json!({
            "ResourceId": name, "ResourceType": "auto-scaling-group", "Key": SCHEDULE,
            "Value": text, "PropagateAtLaunch": false,
        });
        self.cli("autoscaling", "CreateOrUpdateTags", json!({ "Tags": [tag] }));
    }

    fn touched_machines(&mut self, n: usize) {
        if let Some(it) = self.fleet.machines.get_mut(n) {
            it.before = None;
        }
    }
}
