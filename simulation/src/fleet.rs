//! The clusters and services of the year, as people know them.

use std::collections::BTreeSet;

use emulator::{Aws, ServiceSeed, TargetSeed, World};
use serde_json::{Value, json};

use crate::calendar::{DEFAULT_ZONE, HOLIDAYS, NAMED, Plan};
use crate::causes;
use crate::machines::{self, Machines};
use crate::model::{By, Half, Lease, Live, Memory, Target};
use crate::random::Random;

/// The tag `steward:schedule` of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// None: its cluster's counts.
    Clusters,
    /// `none`.
    OptOut,
    /// A text that is no schedule.
    Bad,
    /// This plan.
    Plan(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) plan: Option<usize>,
    pub(crate) lease: Option<Lease>,
}

#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// Its cluster's index.
    pub(crate) cluster: usize,
    pub(crate) name: String,
    pub(crate) tag: Tag,
    pub(crate) enforce: bool,
    pub(crate) half: Half,
    /// How many tasks it keeps while it is off.
    pub(crate) night: i64,
    /// A scheduled action that sets a min each day: at which second of the day, in UTC.
    pub(crate) action: Option<(i64, i64)>,
    pub(crate) lease: Option<Lease>,
    /// What the model remembers of it.
    pub(crate) memory: Option<Memory>,
    /// The counts that it had while it was on.
    pub(crate) had: BTreeSet<i64>,
    /// As it was before it was stopped, while nobody touches it.
    pub(crate) before: Option<Live>,
    /// When people last did something to it, or to what surrounds it.
    pub(crate) seen_to: i64,
    /// Its tasks cannot start, for a reason that nothing shows beforehand.
    pub(crate) hindered: bool,
    /// Its record is nonsense.
    pub(crate) garbled: bool,
    /// The count that its tag `steward:size` says.
    pub(crate) tagged: Option<i64>,
}

/// All of it.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    pub(crate) plans: Vec<Plan>,
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) services: Vec<Service>,
    pub(crate) machines: Vec<Machines>,
}

/// The tags' keys.
pub(crate) const SCHEDULE: &str = "steward:schedule";
pub(crate) const OVERRIDE: &str = "steward:override";
pub(crate) const RECORD: &str = "steward:record";
pub(crate) const NIGHT: &str = "steward:night";
/// The cluster in which about half of the services are, and most of them turn at the same instant: more than
/// go in one batch.
const LARGE: usize = 0;
/// How many schedules there are.
const PLANS: usize = 12;
/// What stands in a tag that no schedule can be read from.
pub(crate) const NONSENSE: &str = "Mon-Fry 08:00-20:00";

/// The environment's `SCHEDULES`.
pub(crate) fn catalog() -> String {
    let schedules = json!({ NAMED.0: NAMED.1 });
    json!({"zone": DEFAULT_ZONE, "schedules": schedules, "holidays": HOLIDAYS}).to_string()
}

impl Fleet {
    pub(crate) fn new(all: Vec<Plan>, services: usize, random: &mut Random, world: &mut World) -> Self {
        // A dozen of them, `always` and `never` among it; more instants would only take longer.
        let mut plans = all;
        while plans.len() > PLANS {
            let chosen = random.index(plans.len() - 3) + 1;
            plans.remove(chosen);
        }
        let mut fleet = Self { plans, clusters: Vec::new(), services: Vec::new(), machines: Vec::new() };
        for (n, name) in ["dev", "staging", "prod", "batch"].into_iter().enumerate() {
            world.cluster(name);
            // One cluster's services follow it, one's follow only their own tags, and so on. The large one's
            // has transitions: the last two plans are `always` and `never`.
            let some = fleet.plans.len().saturating_sub(if n == LARGE { 2 } else { 0 });
            let plan = (n % 2 == 0).then(|| random.index(some));
            if let Some(plan) = plan.and_then(|plan| fleet.plans.get(plan)) {
                world.cluster_tag(name, SCHEDULE, &plan.tag);
            }
            fleet.clusters.push(Cluster { name: name.into(), plan, lease: None });
        }
        for name in machines::CLUSTERS {
            world.cluster(name);
            let (index, plan) = (fleet.clusters.len(), random.index(fleet.plans.len()));
            // Services and machines begin with the same schedule.
            if let Some(plan) = fleet.plans.get(plan) {
                world.cluster_tag(name, SCHEDULE, &plan.tag);
            }
            fleet.clusters.push(Cluster { name: name.into(), plan: Some(plan), lease: None });
            fleet.machinery(index, plan, name, random, world);
        }
        for _ in 0..services {
            fleet.add(random, world);
        }
        fleet
    }

    /// A new service, running.
    pub(crate) fn add(&mut self, random: &mut Random, world: &mut World) {
        let index = if random.percent(35) { LARGE } else { random.index(self.clusters.len()) };
        let Some(cluster) = self.clusters.get(index) else { return };
        let name = format!("s{:03}", self.services.len());
        let on_machines = self.machines.iter().any(|it| it.cluster == index);
        let tag = match random.between(1, 20) {
            _ if on_machines => Tag::Clusters,
            1 => Tag::OptOut,
            2..=6 => Tag::Clusters,
            7..=14 if index == LARGE => Tag::Clusters,
            _ => Tag::Plan(random.index(self.plans.len())),
        };
        let (enforce, half) = (random.percent(20), random.half());
        // On machines they would keep those up all night.
        let night = if on_machines { 0 } else { random.night() };
        // A queue's worker, that its autoscaling has taken to 0.
        let worker = !on_machines && random.percent(12);
        let count = if worker { 0 } else { random.between(1, 6) };
        let mut seed = ServiceSeed::new(&name).desired(count);
        if on_machines {
            seed = seed.ec2().size(8, 8);
        }
        if let Some(text) = self.text(tag) {
            seed = seed.tag(SCHEDULE, &text);
        }
        if enforce {
            seed = seed.tag("steward:drift", "enforce");
        }
        if let Some(half) = half.text() {
            seed = seed.tag("steward:half", half);
        }
        if night > 0 {
            seed = seed.tag(NIGHT, &night.to_string());
        }
        causes::stock(world, &name);
        world.service(&cluster.name, seed);
        let mut action = None;
        if worker {
            world.scalable_target(&cluster.name, &name, TargetSeed::new(0, 8));
        } else if random.percent(34) {
            let (min, [a, b, c]) = (random.between(0, 3), random.flags());
            world.scalable_target(&cluster.name, &name, TargetSeed::new(min, 8).suspended(a, b, c));
            if random.percent(40) {
                let (hour, minute, min) =
                    (random.between(0, 23), random.between(0, 59), random.between(0, 4));
                put_action(world, &cluster.name, &name, (hour, minute), min);
                action = Some((hour * 3600 + minute * 60, min));
            }
        }
        self.services.push(Service {
            cluster: index,
            name,
            tag,
            enforce,
            half,
            night,
            action,
            lease: None,
            memory: None,
            had: BTreeSet::new(),
            before: None,
            seen_to: 0,
            hindered: false,
            garbled: false,
            tagged: None,
        });
    }

    /// The tag's text, if it is there.
    pub(crate) fn text(&self, tag: Tag) -> Option<String> {
        match tag {
            Tag::Clusters => None,
            Tag::OptOut => Some("none".into()),
            Tag::Bad => Some(NONSENSE.into()),
            Tag::Plan(plan) => self.plans.get(plan).map(|plan| plan.tag.clone()),
        }
    }

    pub(crate) fn cluster_of(&self, service: &Service) -> &str {
        self.clusters.get(service.cluster).map_or("", |cluster| &cluster.name)
    }

    /// The plan in force.
    pub(crate) fn plan_of(&self, service: &Service) -> Result<Option<usize>, ()> {
        match service.tag {
            Tag::Clusters => Ok(self.clusters.get(service.cluster).and_then(|cluster| cluster.plan)),
            Tag::OptOut => Ok(None),
            Tag::Bad => Err(()),
            Tag::Plan(plan) => Ok(Some(plan)),
        }
    }

    pub(crate) fn path(&self, service: &Service) -> String {
        format!("service/{}/{}", self.cluster_of(service), service.name)
    }
}

/// A person's scheduled action, which sets a min at this time of each day.
fn put_action(world: &mut World, cluster: &str, service: &str, (hour, minute): (i64, i64), min: i64) {
    let input = json!({
        "ServiceNamespace": "ecs", "ResourceId": format!("service/{cluster}/{service}"),
        "ScalableDimension": "ecs:service:DesiredCount", "ScheduledActionName": "daily",
        "Schedule": format!("cron({minute} {hour} * * ? *)"), "ScalableTargetAction": {"MinCapacity": min},
    });
    drop(world.call("application-autoscaling", "PutScheduledAction", input));
}

impl Service {
    /// The min that its action would have set since it went to sleep, if it came due.
    pub(crate) fn missed(&self, plan: Option<&Plan>, now: i64) -> Option<i64> {
        let (at, min) = self.action?;
        let last = (now - at).div_euclid(DAY) * DAY + at;
        (last > slept_since(self.memory.as_ref()?, plan, now)).then_some(min)
    }
}

/// When its off period began: what is off is said again each day, and its memory's instant with it.
/// What an override stopped slept from then on, unless the plan has said it again since.
fn slept_since(memory: &Memory, plan: Option<&Plan>, now: i64) -> i64 {
    let Some(plan) = plan else { return memory.at };
    let there = plan.at(now);
    let said_again = memory.by == By::Plan || plan.at(memory.at).since == Some(memory.at);
    let off = match there.since {
        Some(since) if there.on && since > memory.at => plan.at(since - 1),
        _ if there.on => return memory.at,
        _ => there,
    };
    off.since.filter(|_| said_again).map_or(memory.at, |since| since.min(memory.at))
}

const DAY: i64 = 24 * 3600;

/// A service as AWS has it now.
pub(crate) fn look(world: &World, cluster: &str, service: &str) -> Live {
    let target = world.target(cluster, service).map(|t| Target {
        min: t.min,
        max: t.max,
        flags: [t.dynamic_in_suspended, t.dynamic_out_suspended, t.scheduled_suspended],
    });
    Live { count: world.desired_count(cluster, service), target }
}

/// Whether a deployment goes on there.
pub(crate) fn is_deploying(world: &mut World, cluster: &str, service: &str) -> bool {
    let input = json!({"cluster": cluster, "services": [service]});
    let Ok(answer) = world.call("ecs", "DescribeServices", input) else { return false };
    let deployments = answer.pointer("/services/0/deployments").and_then(Value::as_array);
    let rolls = |one: &Value| one.get("rolloutState").and_then(Value::as_str) == Some("IN_PROGRESS");
    deployments.is_some_and(|all| all.len() > 1 || all.iter().any(rolls))
}

/// Whether all of its tasks run, of the one deployment that there is.
pub(crate) fn is_whole(world: &mut World, cluster: &str, service: &str) -> bool {
    let input = json!({"cluster": cluster, "services": [service]});
    let Ok(answer) = world.call("ecs", "DescribeServices", input) else { return false };
    let count =
        |key: &str| answer.pointer(&format!("/services/0/{key}")).and_then(Value::as_i64).unwrap_or(0);
    let (desired, running) = (count("desiredCount"), count("runningCount"));
    desired > 0 && running >= desired && !is_deploying(world, cluster, service)
}

/// All that a run leaves behind: counts, targets, tags, of the services and then of the machines. Not what
/// it cleaned away: an override that is over may go a run sooner or later.
pub(crate) fn end(aws: &Aws, fleet: &Fleet) -> Vec<(String, String)> {
    let one = |world: &World, service: &Service| {
        let cluster = fleet.cluster_of(service);
        let live = look(world, cluster, &service.name);
        let mut tags = world.tags(cluster, &service.name);
        tags.remove(OVERRIDE);
        (fleet.path(service), format!("{live:?} {tags:?}"))
    };
    aws.with(|world| {
        let services = fleet.services.iter().map(|service| one(world, service));
        services.chain(machines::end(world, fleet)).collect()
    })
}
