//! What the runs of a rehearsal say, condensed while it is played: a week of a thousand services is gigabytes of reports.

use std::borrow::Cow;
use std::collections::BTreeMap;

use emulator::{Seed, ServiceEntry, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use shared::Problem;
use shared::ecs::Resources;
use shared::record::{Capacity, Record};
use shared::settings::TagKeys;

use super::play::{Calls, Heard};
use super::report::{Course, End, Fleet, Pruning, Rehearsal, Risk, Runs, Savings, Told, Turn, TurnTo};

/// Of what, with which outcome, for which code.
type Key = (String, String, String);

/// What has been heard so far.
#[derive(Debug)]
pub struct Chronicle {
    watched: BTreeMap<String, Watched>,
    turns: BTreeMap<String, Vec<Turn>>,
    risks: BTreeMap<(String, String), Risk>,
    told: BTreeMap<Key, Told>,
    /// What the last reconcile has told.
    last_told: Vec<Key>,
    prunings: Vec<Pruning>,
    runs: Runs,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// A service or group that is counted at every tick.
#[derive(Debug)]
struct Watched {
    of: Of,
    /// What a task takes.
    takes: Resources,
    /// What it is to have when it is on, where it is off at the beginning: without ecs-steward nothing wakes it.
    recorded: i64,
    end: End,
    /// Seconds of its tasks or instances that run or are wanted with ecs-steward, and that run without it.
    seconds: (i64, i64),
}

#[derive(Debug)]
enum Of {
    Service { cluster: String, name: String },
    Group(String),
}

impl Of {
    fn running(&self, world: &World) -> i64 {
        match self {
            Self::Service { cluster, name } => world.running_count(cluster, name).max(0),
            Self::Group(name) => {
                let group = world.group_view(name);
                group.map_or(0, |it| i64::try_from(it.instances.len()).unwrap_or(i64::MAX))
            }
        }
    }

    fn desired(&self, world: &World) -> i64 {
        match self {
            Self::Service { cluster, name } => world.desired_count(cluster, name).max(0),
            Self::Group(name) => world.group_view(name).map_or(0, |it| it.desired),
        }
    }
}

impl Chronicle {
    /// Nothing has been heard yet of what is in this seed.
    #[must_use]
    pub fn of(seed: &Seed, keys: &TagKeys) -> Self {
        let mut watched = BTreeMap::new();
        for cluster in &seed.clusters {
            for service in cluster.services.iter().filter(|it| !it.daemon) {
                let of = Of::Service { cluster: cluster.name.clone(), name: service.name.clone() };
                let record = service.tags.get(&keys.record).and_then(|it| it.parse::<Record>().ok());
                let asleep = record.filter(|it| !it.state.is_on()).and_then(|it| it.size.count);
                let one = Watched::new(of, takes(seed, service), asleep.map_or(0, |n| n.get().into()));
                watched.insert(format!("service/{}/{}", cluster.name, service.name), one);
            }
        }
        for group in &seed.auto_scaling_groups {
            let record = group.tags.get(&keys.record).and_then(|it| it.parse::<Record<Capacity>>().ok());
            let asleep = record.filter(|it| !it.state.is_on()).and_then(|it| it.size.count);
            let of = Of::Group(group.name.clone());
            let one = Watched::new(of, Resources::default(), asleep.map_or(0, |n| n.get().into()));
            watched.insert(format!("autoScalingGroup/{}", group.name), one);
        }
        Self {
            watched,
            turns: BTreeMap::new(),
            risks: BTreeMap::new(),
            told: BTreeMap::new(),
            last_told: Vec::new(),
            prunings: Vec::new(),
            runs: Runs::default(),
            first: None,
            last: None,
        }
    }

    /// Hears what is played.
    pub fn hear(&mut self, heard: &Heard<'_>) {
        match heard {
            Heard::Tick { at, world, without, .. } => self.tick(*at, world, without),
            Heard::Same => self.same(),
            Heard::Answer { at, schedule, answer, calls } => self.answer(*at, schedule, answer, *calls),
        }
    }

    fn tick(&mut self, at: Timestamp, world: &World, without: &World) {
        let since = self.last.map_or(SignedDuration::ZERO, |last| at.duration_since(last)).as_secs();
        for one in self.watched.values_mut() {
            let (running, desired) = (one.of.running(world), one.of.desired(world));
            // What is wanted and does not come up is no saving.
            one.seconds.0 += running.max(desired) * since;
            one.seconds.1 += one.of.running(without).max(one.recorded) * since;
            one.end = End { desired, running };
        }
        self.first = self.first.or(Some(at));
        self.last = Some(at);
    }

    /// Reconcile says the same again.
    fn same(&mut self) {
        self.runs.ticks += 1;
        self.runs.quiet += 1;
        let Some(at) = self.last else { return };
        for key in &self.last_told {
            if let Some(told) = self.told.get_mut(key) {
                (told.last, told.times) = (at, told.times + 1);
            }
        }
    }

    fn answer(&mut self, at: Timestamp, schedule: &str, answer: &Result<Value, Problem>, calls: Calls) {
        self.runs.add(calls);
        if schedule == "Reconcile" {
            self.runs.ticks += 1;
            self.runs.fired += 1;
            self.runs.quiet += usize::from(calls.writes == 0);
            self.last_told.clear();
        }
        let answer = match answer {
            Ok(answer) => answer,
            Err(problem) => {
                self.tell(at, schedule, "failed", problem.code.as_str(), &problem.detail);
                return;
            }
        };
        let list = |name: &str| answer.get(name).and_then(Value::as_array).into_iter().flatten();
        if schedule == "NightlyPrune" {
            self.prunings.push(Pruning { at, summary: text(answer, "summary").to_owned() });
        }
        for line in list("wake") {
            self.risk(at, line);
        }
        for item in list("items") {
            self.item(at, schedule, item);
        }
    }

    fn item(&mut self, at: Timestamp, schedule: &str, item: &Value) {
        let (resource, outcome) = (named(text(item, "resource")), text(item, "outcome"));
        let resource = resource.as_ref();
        let (code, reason) = (text(item, "code"), text(item, "reason"));
        match outcome {
            "failed" | "notAttempted" | "skipped" => {
                self.tell(at, resource, outcome, code, reason);
                self.repeats(schedule, resource, outcome, code);
            }
            "changed" if schedule == "Reconcile" => {
                let mut turn = turn(at, item, reason);
                let end = self.watched.get(resource).map(|it| it.end).unwrap_or_default();
                if turn.to == TurnTo::On && end.running < end.desired {
                    turn.to = TurnTo::NotWhole;
                }
                self.turns.entry(resource.to_owned()).or_default().push(turn);
            }
            _ => {}
        }
        for warning in item.get("warnings").and_then(Value::as_array).into_iter().flatten() {
            let code = text(warning, "code");
            self.tell(at, resource, "warning", code, text(warning, "detail"));
            self.repeats(schedule, resource, "warning", code);
        }
    }

    fn repeats(&mut self, schedule: &str, resource: &str, outcome: &str, code: &str) {
        if schedule == "Reconcile" {
            self.last_told.push((resource.to_owned(), outcome.to_owned(), code.to_owned()));
        }
    }

    fn tell(&mut self, at: Timestamp, resource: &str, outcome: &str, code: &str, reason: &str) {
        let key = (resource.to_owned(), outcome.to_owned(), code.to_owned());
        let told = self.told.entry(key).or_insert_with(|| Told {
            resource: resource.to_owned(),
            outcome: outcome.to_owned(),
            code: code.to_owned(),
            reason: reason.to_owned(),
            first: at,
            last: at,
            times: 0,
        });
        told.last = at;
        told.times += 1;
    }

    /// A line of the bedtime check.
    fn risk(&mut self, at: Timestamp, line: &Value) {
        let can_wake = text(line, "canWake");
        if can_wake == "yes" {
            return;
        }
        let resource = format!("service/{}/{}", text(line, "cluster"), text(line, "service"));
        for because in line.get("because").and_then(Value::as_array).into_iter().flatten() {
            let (code, reason) = (text(because, "code"), text(because, "reason"));
            let risk = self.risks.entry((resource.clone(), code.to_owned())).or_insert_with(|| Risk {
                resource: resource.clone(),
                can_wake: can_wake.to_owned(),
                morning: line.get("at").and_then(Value::as_str).map(str::to_owned),
                code: code.to_owned(),
                reason: reason.to_owned(),
                first: at,
                times: 0,
            });
            risk.times += 1;
        }
    }

    /// What it comes to.
    #[must_use]
    pub fn end(self, seed: &Seed, zone: &str) -> Rehearsal {
        let hours = |seconds: i64| f64::from(i32::try_from(seconds / 36).unwrap_or(i32::MAX)) / 100.0;
        let mut savings = Savings::default();
        for one in self.watched.values() {
            let (with, without) = one.seconds;
            let not_run = hours(without - with);
            match one.of {
                Of::Service { .. } => {
                    savings.task_hours_without += hours(without);
                    savings.task_hours += not_run;
                    savings.vcpu_hours += not_run * one.takes.vcpu;
                    savings.memory_gib_hours += not_run * one.takes.memory;
                }
                Of::Group(_) => savings.instance_hours += not_run,
            }
        }
        let watched = &self.watched;
        let courses: Vec<Course> = self
            .turns
            .into_iter()
            .map(|(resource, turns)| {
                let one = watched.get(&resource);
                let not_run = one.map_or(0.0, |it| hours(it.seconds.1 - it.seconds.0));
                let end = one.map(|it| it.end).unwrap_or_default();
                Course { resource, turns, hours_not_run: not_run, end }
            })
            .collect();
        let (warnings, mut not_done): (Vec<Told>, Vec<Told>) =
            self.told.into_values().partition(|it| it.outcome == "warning");
        not_done.sort_by(|a, b| (&a.outcome, &a.resource).cmp(&(&b.outcome, &b.resource)));
        let fleet = Fleet {
            clusters: seed.clusters.len(),
            services: seed.clusters.iter().map(|it| it.services.len()).sum(),
            scheduled: courses.iter().filter(|it| it.resource.starts_with("service/")).count(),
            groups: seed.auto_scaling_groups.len(),
        };
        let mut will_not_wake: Vec<Risk> = self.risks.into_values().collect();
        will_not_wake
            .sort_by(|a, b| (&a.can_wake, &a.resource, &a.code).cmp(&(&b.can_wake, &b.resource, &b.code)));
        let from = self.first.unwrap_or(seed.now);
        let mut rehearsal = Rehearsal {
            summary: String::new(),
            account: seed.account.clone().unwrap_or_default(),
            region: seed.region.clone().unwrap_or_default(),
            from,
            until: self.last.unwrap_or(from),
            zone: zone.to_owned(),
            fleet,
            savings,
            courses,
            will_not_wake,
            not_done,
            warnings,
            prunings: self.prunings,
            runs: self.runs,
            left_out: seed.left_out.clone(),
        };
        rehearsal.summary = summary(&rehearsal);
        rehearsal
    }
}

impl Watched {
    fn new(of: Of, takes: Resources, recorded: i64) -> Self {
        Self { of, takes, recorded, end: End::default(), seconds: (0, 0) }
    }
}

/// One line of it all.
fn summary(of: &Rehearsal) -> String {
    let days = of.until.duration_since(of.from).as_hours() / 24;
    let has = |course: &&Course, to: TurnTo| course.turns.iter().any(|turn| turn.to == to);
    let services = || of.courses.iter().filter(|it| it.resource.starts_with("service/"));
    let off = services().filter(|it| has(it, TurnTo::Off)).count();
    let back = services().filter(|it| has(it, TurnTo::Off) && has(it, TurnTo::On)).count();
    let no =
        distinct(of.will_not_wake.iter().filter(|it| it.can_wake == "no").map(|it| it.resource.as_str()));
    let failed =
        distinct(of.not_done.iter().filter(|it| it.outcome == "failed").map(|it| it.resource.as_str()));
    let share = if of.savings.task_hours_without > 0.0 {
        of.savings.task_hours * 100.0 / of.savings.task_hours_without
    } else {
        0.0
    };
    format!(
        "{days} day{} of {} services: {off} go off, {back} of them come back; {no} will not wake, {failed} fail; \
         {:.0} task-hours of {:.0} not run ({share:.0} %)",
        if days == 1 { "" } else { "s" },
        of.fleet.services,
        of.savings.task_hours,
        of.savings.task_hours_without
    )
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.collect::<std::collections::BTreeSet<_>>().len()
}

fn turn(at: Timestamp, item: &Value, reason: &str) -> Turn {
    let size = |side: &str| {
        let side = item.get(side)?;
        side.get("desiredCount").or_else(|| side.get("desiredCapacity"))?.as_i64()
    };
    let says = |word: &str| item.pointer(&format!("/after/{word}")).and_then(Value::as_bool) == Some(true);
    let wanted = item.pointer("/after/wanted").and_then(Value::as_str);
    let (before, after) = (size("before"), size("after"));
    let to = if says("adopted") {
        TurnTo::Adopted
    } else if says("starting") {
        TurnTo::Starting
    } else if after < before || item.pointer("/after/saved").is_some() {
        TurnTo::Off
    } else if wanted == Some("on") {
        TurnTo::On
    } else {
        TurnTo::Changed
    };
    Turn { at, to, before, after, reason: reason.to_owned() }
}

/// A group's id is made anew with each world, and says nothing.
fn named(resource: &str) -> Cow<'_, str> {
    match resource.split_once("autoScalingGroupName/") {
        Some((_, group)) => Cow::Owned(format!("autoScalingGroup/{group}")),
        None => Cow::Borrowed(resource),
    }
}

/// What a task of a service takes, by its task definition.
fn takes(seed: &Seed, service: &ServiceEntry) -> Resources {
    let number = |text: &Option<String>| text.as_ref().and_then(|it| it.parse::<f64>().ok());
    let whole = |number: i64| f64::from(i32::try_from(number).unwrap_or(i32::MAX));
    let named = service.task_definition.as_deref().unwrap_or(&service.name);
    let of = seed.task_definitions.iter().find(|it| format!("{}:{}", it.family, it.revision) == named);
    let Some(of) = of else {
        let (cpu, memory) = service.size.unwrap_or((256, 512));
        return Resources { vcpu: whole(cpu) / 1024.0, memory: whole(memory) / 1024.0 };
    };
    let cpu = of.containers.iter().map(|it| whole(it.cpu.unwrap_or(0))).sum();
    let reserved =
        of.containers.iter().map(|it| whole(it.memory_reservation.or(it.memory).unwrap_or(0))).sum();
    Resources {
        vcpu: number(&of.cpu).unwrap_or(cpu) / 1024.0,
        memory: number(&of.memory).unwrap_or(reserved) / 1024.0,
    }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
