//! The nights of the year: the bedtime check, what happens to services after it or before it, and what comes up in the
//! morning.
//!
//! An evening is some hours before a schedule turns on. What sleeps by then, and is to come back, is looked at until its
//! own morning. To some of it something is done: before the evening's check, between that and the one before the first
//! morning, or after both. A service that people see to meanwhile is left out, because nobody can say what came of its
//! night. In the morning a person mends what was done.

pub(crate) mod figures;
mod mornings;
mod planting;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::calendar::Plan;
use crate::causes::Planted;
use crate::fleet::{Tag, is_deploying, look};
use crate::model::{Half, Lease, Memory, Want};
use crate::random::Random;
use crate::year::Year;
use crate::{Options, SystemUnderTest};

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
/// So long after its schedule turned on a service is up.
const GRACE: i64 = 30 * MINUTE;
/// So long before the first morning the check comes again.
const AGAIN: i64 = 30 * MINUTE;
/// The morning is no nearer and no further away.
const SPAN: (i64, i64) = (90 * MINUTE, 16 * HOUR);
/// Its own numbers: a year without nights is the same whatever happens here.
const SALT: u64 = 0x6e69_6768_7473;

/// What happens in a night, in the order in which it does at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// ECR runs the policies that are attached.
    Expire,
    Morning,
    Evening,
    AtNight,
    Again,
    Late,
}

/// A service that is off, and is to come back.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what is seen, fact by fact")]
struct Sleeper {
    /// Its index.
    n: usize,
    /// Its schedule.
    plan: usize,
    /// With how many tasks it is to come back.
    count: i64,
    /// When it was first looked at, and when it comes back.
    since: i64,
    at: i64,
    /// The evening's check said that it does not, and the one before the morning.
    told: bool,
    /// Nothing where it was not looked at then, as it was not off any more.
    again: Option<bool>,
    /// The second one came in time.
    asked_again: bool,
    /// What was done to it.
    done: Option<Done>,
    /// A run came between that and its morning.
    met: bool,
    /// Since when a run that nothing disturbed could have started it.
    could_start: Option<i64>,
    /// It was seen with all of its tasks since it was to come back.
    up: bool,
}

/// Before or after which check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Evening,
    Night,
    Late,
}

/// What was done to a service, and what the model has to remember of it.
#[derive(Clone, Debug)]
struct Done {
    when: When,
    planted: Planted,
    tag: Tag,
    memory: Option<Memory>,
    /// Which group has other hours: the plan that it had, and the one that it got.
    machines: Option<(usize, usize, usize)>,
}

/// The night under way, and what is to happen in it.
#[derive(Debug)]
pub(crate) struct Nights {
    random: Random,
    /// How many of a hundred evenings have a check.
    share: i64,
    steps: BTreeSet<(i64, Step)>,
    sleepers: Vec<Sleeper>,
}

impl Nights {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            random: Random::new(options.seed ^ SALT),
            share: options.nights.into(),
            steps: BTreeSet::new(),
            sleepers: Vec::new(),
        }
    }

    /// When something happens next.
    pub(crate) fn next(&self) -> Option<i64> {
        self.steps.first().map(|(at, _)| *at)
    }

    /// A run that nothing disturbed began then, and has ended.
    pub(crate) fn came_a_run(&mut self, at: i64) {
        for sleeper in &mut self.sleepers {
            if at < sleeper.at {
                sleeper.met |= sleeper.done.is_some();
            } else {
                sleeper.could_start.get_or_insert(at);
            }
        }
    }

    /// Those of these whose night an override changes: one that keeps them off is over before their morning.
    pub(crate) fn disturbed(&self, which: &[usize], lease: Lease) -> Vec<usize> {
        let sleeps_on = |n: &usize| {
            let mut its = self.sleepers.iter().filter(|it| it.n == *n);
            its.any(|it| lease.want != Want::On && lease.until < it.at)
        };
        which.iter().copied().filter(|n| !sleeps_on(n)).collect()
    }
}

impl<S: SystemUnderTest> Year<S> {
    /// What is due of the night.
    pub(crate) async fn night(&mut self) {
        let now = self.seconds();
        let Some((_, step)) = self.nights.steps.pop_first() else { return };
        match step {
            Step::Evening => self.evening(now).await,
            Step::AtNight => self.plant_among(When::Night, now),
            Step::Again => self.again(now).await,
            Step::Late => self.plant_among(When::Late, now),
            Step::Expire => self.aws.with(|world| {
                world.run_lifecycle_policies();
            }),
            Step::Morning => self.morning(now),
        }
        self.note_sizes();
    }

    /// Some hours before a morning of one of the schedules that are followed, and a while after they went off.
    pub(crate) fn choose_evening(&mut self) {
        let mut from = self.seconds();
        if self.nights.share == 0 || self.fleet.services.is_empty() {
            return;
        }
        while !self.nights.random.percent(self.nights.share) {
            from += 24 * HOUR;
        }
        let some = (0..8).filter_map(|_| {
            let n = self.nights.random.index(self.fleet.services.len());
            let service = self.fleet.services.get(n)?;
            let plan = self.fleet.plans.get(self.fleet.plan_of(service).ok()??)?;
            evening(plan, from, &mut self.nights.random)
        });
        // Where none of them turns, it is tried again.
        let at = some.min().unwrap_or(from + 6 * HOUR);
        self.nights.steps.insert((at, Step::Evening));
    }

    /// What sleeps is found, something is planted, and the check is asked.
    async fn evening(&mut self, now: i64) {
        self.nights.sleepers = (0..self.fleet.services.len()).filter_map(|n| self.sleeper(n, now)).collect();
        let Some(first) = self.nights.sleepers.iter().map(|it| it.at).min() else {
            self.choose_evening();
            return;
        };
        for at in self.nights.sleepers.iter().map(|it| it.at).collect::<BTreeSet<_>>() {
            self.nights.steps.insert((at - 1, Step::Expire));
            self.nights.steps.insert((at + GRACE, Step::Morning));
        }
        let again = first - AGAIN;
        let night = self.nights.random.between(now + MINUTE, again - MINUTE);
        let late = self.nights.random.between(again + MINUTE, first - 2 * MINUTE);
        self.nights.steps.extend([(night, Step::AtNight), (again, Step::Again), (late, Step::Late)]);
        self.plant_among(When::Evening, now);
        let told = self.checked().await;
        let mut unseen = Vec::new();
        for sleeper in &mut self.nights.sleepers {
            let Some(service) = self.fleet.services.get(sleeper.n) else { continue };
            let path = self.fleet.path(service);
            match told.iter().find(|(name, _)| *name == path) {
                Some((_, told)) => sleeper.told = *told,
                None => unseen.push(path),
            }
        }
        for path in unseen {
            self.violation("what sleeps is looked at", &path, "the bedtime check says nothing of it");
        }
    }

    /// Half an hour before the first morning.
    async fn again(&mut self, now: i64) {
        let told = self.checked().await;
        for sleeper in self.nights.sleepers.iter_mut().filter(|it| it.at > now) {
            let Some(service) = self.fleet.services.get(sleeper.n) else { continue };
            let path = self.fleet.path(service);
            sleeper.asked_again = true;
            sleeper.again = told.iter().find(|(name, _)| *name == path).map(|(_, told)| *told);
        }
    }

    /// A bedtime check of all clusters: each service that it speaks of, and whether it says that it will not wake.
    async fn checked(&mut self) -> Vec<(String, bool)> {
        self.aws.forget();
        let answer = self.system.invoke("describe-cluster", json!({"action": "wakeCheck"})).await;
        let answer = answer.unwrap_or_else(|problem| {
            self.violation("a bedtime check ends well", "wakeCheck", &problem);
            Value::Null
        });
        let calls = self.aws.ledger();
        self.figures.nights.checks += 1;
        self.figures.nights.calls += u64::try_from(calls.len()).unwrap_or(0);
        if let Some(call) = calls.iter().find(|call| call.write) {
            self.violation("a bedtime check changes nothing", "wakeCheck", &call.operation);
        }
        let text = |line: &Value, key: &str| line.get(key).and_then(Value::as_str).map(str::to_owned);
        let one = |line: &Value| {
            let path = format!("service/{}/{}", text(line, "cluster")?, text(line, "service")?);
            Some((path, text(line, "canWake")? == "no"))
        };
        answer.get("wake").and_then(Value::as_array).into_iter().flatten().filter_map(one).collect()
    }

    /// A service that a schedule brings back in its morning, if it is off and nothing else is on its way.
    fn sleeper(&self, n: usize, now: i64) -> Option<Sleeper> {
        let service = self.fleet.services.get(n)?;
        let memory = service.memory.as_ref().filter(|memory| !memory.on && !memory.begun)?;
        let plan = self.fleet.plan_of(service).ok()??;
        let comes_back = service.half != Half::StopOnly && !service.hindered && memory.plan == Some(plan);
        let at = turn(self.fleet.plans.get(plan)?, now, true)?;
        let count = memory.size.count?;
        // An override is over before the morning, and does not start it.
        let over = |lease: Lease| lease.until < at && (lease.want != Want::On || !lease.is_live(now));
        let leases = [service.lease, self.cluster_lease(service.cluster)];
        let plain = leases.into_iter().flatten().all(over);
        let cluster = self.fleet.cluster_of(service);
        let rests = self.aws.with(|world| {
            let there = look(world, cluster, &service.name).count;
            there <= service.night && there < count && !is_deploying(world, cluster, &service.name)
        });
        let in_time = (SPAN.0..=SPAN.1).contains(&(at - now));
        let fits = plain && comes_back && rests && in_time;
        fits.then_some(Sleeper {
            n,
            plan,
            count,
            since: now,
            at,
            told: false,
            again: None,
            asked_again: false,
            done: None,
            met: false,
            could_start: None,
            up: false,
        })
    }
}

/// A while after a schedule went off, some hours before it turns on.
fn evening(plan: &Plan, from: i64, random: &mut Random) -> Option<i64> {
    let off = if plan.at(from).on { turn(plan, from, false)? } else { from };
    let morning = turn(plan, off, true)?;
    let (soon, before) = (random.between(15, 45) * MINUTE, random.between(7 * 60, 13 * 60) * MINUTE);
    Some((off + soon).max(morning - before))
}

/// When a schedule turns on next, or off.
fn turn(plan: &Plan, from: i64, on: bool) -> Option<i64> {
    let first = plan.next(from)?;
    [Some(first), plan.next(first)].into_iter().flatten().find(|at| plan.at(*at).on == on)
}
