//! The nights of the year: the bedtime check, what happens to services after it or before it, and what comes up in the
//! morning.
//!
//! An evening is some hours before a schedule turns on. What sleeps by then, and is to come back, is looked at until its
//! own morning. To some of it something is done: before the evening's check, between that and the one before the first
//! morning, or after both. A service that people see to meanwhile is left out, because nobody can say what came of its
//! night. In the morning a person mends what was done.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::calendar::Plan;
use crate::causes::{Cause, Planted, Victim};
use crate::fleet::{Service, Tag, is_deploying, look};
use crate::model::{Half, Lease, Memory, Want};
use crate::random::Random;
use crate::year::Year;
use crate::{Options, SystemUnderTest};

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
/// So long after its schedule turned on a service is up.
const GRACE: i64 = 30 * MINUTE;
/// What was started later than so long before it is looked at had no fair start.
const FAIR: i64 = 20 * MINUTE;
/// So long before the first morning the check comes again.
const AGAIN: i64 = 30 * MINUTE;
/// The morning is no nearer and no further away.
const SPAN: (i64, i64) = (90 * MINUTE, 16 * HOUR);
/// How many of a hundred sleepers have something planted before the check, between the two, and after both.
const SHARES: (i64, i64, i64) = (25, 8, 3);
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

    /// Who has come up. What is lost again after that, as when a group's own alarms take its machines, is not the
    /// night's doing.
    pub(crate) fn note_who_is_up(&mut self, now: i64) {
        let Self { fleet, nights, aws, .. } = self;
        aws.with(|world| {
            for sleeper in nights.sleepers.iter_mut().filter(|it| it.at <= now) {
                let Some(service) = fleet.services.get(sleeper.n) else { continue };
                let running = world.running_count(fleet.cluster_of(service), &service.name);
                sleeper.up |= running >= sleeper.count;
            }
        });
    }

    /// Something is done to some of those that sleep.
    fn plant_among(&mut self, when: When, now: i64) {
        let share = match when {
            When::Evening => SHARES.0,
            When::Night => SHARES.1,
            When::Late => SHARES.2,
        };
        for place in 0..self.nights.sleepers.len() {
            let Some(sleeper) = self.nights.sleepers.get(place) else { continue };
            if sleeper.done.is_some() || sleeper.at <= now || !self.is_left_alone(sleeper) {
                continue;
            }
            let fitting: Vec<Cause> =
                Cause::ALL.into_iter().filter(|cause| self.fits(*cause, sleeper)).collect();
            let random = &mut self.nights.random;
            let chosen = if random.percent(share) { fitting.get(random.index(fitting.len())) } else { None };
            if let Some(cause) = chosen {
                self.plant(place, *cause, when, now);
            }
        }
    }

    fn is_left_alone(&self, sleeper: &Sleeper) -> bool {
        self.fleet.services.get(sleeper.n).is_some_and(|it| it.seen_to < sleeper.since)
    }

    /// Whether this can be done to it, and does what it says.
    fn fits(&self, cause: Cause, sleeper: &Sleeper) -> bool {
        let Some(service) = self.fleet.services.get(sleeper.n) else { return false };
        let cluster = self.fleet.clusters.get(service.cluster);
        let name = self.fleet.cluster_of(service);
        let target = self.aws.with(|world| look(world, name, &service.name).target);
        match cause {
            // It keeps its night size where it has one, and its target would have to be mended otherwise.
            Cause::MaxLowered => {
                service.night == 0 && target.is_some_and(|it| it.max >= sleeper.count && sleeper.count > 1)
            }
            Cause::MaxLoweredToItsSize => {
                service.night == 0 && target.is_some_and(|it| it.max >= sleeper.count)
            }
            Cause::RecordRemovedAndSizeTagged => service.night == 0 && target.is_none(),
            // At 0 with its autoscaling awake it would look like a queue's worker, whose size nobody has to know.
            Cause::RecordRemoved => {
                service.night == 0 && target.is_none_or(|target| target.flags == [true; 3])
            }
            Cause::RecordGarbled => service.night == 0,
            Cause::ScheduleRemoved => {
                matches!(service.tag, Tag::Plan(_)) && cluster.is_some_and(|it| it.plan.is_none())
            }
            Cause::MachinesSleepLonger | Cause::MachinesWakeWithIt => {
                self.other_hours(cause, service.cluster, sleeper.at).is_some()
            }
            _ => true,
        }
    }

    /// The machines of a cluster, and a plan by which they are off now, and are off or on when a service comes back.
    fn other_hours(&self, cause: Cause, cluster: usize, at: i64) -> Option<(usize, usize)> {
        let now = self.seconds();
        let machines = self.fleet.machines.iter().position(|it| it.cluster == cluster)?;
        let untouched = |sleeper: &Sleeper| sleeper.done.is_none() && self.is_left_alone(sleeper);
        let its =
            |sleeper: &&Sleeper| self.fleet.services.get(sleeper.n).is_some_and(|it| it.cluster == cluster);
        if !self.nights.sleepers.iter().filter(its).all(untouched) || self.cluster_lease(cluster).is_some() {
            return None;
        }
        let fits = |plan: &Plan| {
            let turns = turn(plan, now, true);
            let longer = cause == Cause::MachinesSleepLonger;
            !plan.at(now).on
                && if longer {
                    turns.is_none_or(|turns| turns > at + GRACE + HOUR)
                } else {
                    turns.is_some_and(|turns| turns <= at && plan.at(at + GRACE).on)
                }
        };
        let own = self.fleet.machines.get(machines)?.plan;
        let plan = self.fleet.plans.iter().enumerate().find(|(n, plan)| *n != own && fits(plan))?.0;
        Some((machines, plan))
    }

    fn plant(&mut self, place: usize, cause: Cause, when: When, now: i64) {
        let Some(sleeper) = self.nights.sleepers.get(place).cloned() else { return };
        let Sleeper { n, count, at, .. } = sleeper;
        let (Some((cluster, name)), Some(service)) = (self.names(n), self.fleet.services.get(n)) else {
            return;
        };
        let (index, tag, memory) = (service.cluster, service.tag, service.memory.clone());
        let of_age = match cause {
            Cause::ExpiresAfter => at + self.nights.random.between(60, 180) * MINUTE,
            _ => self.nights.random.between(now, at - MINUTE),
        };
        let machines = if cause.needs_machines() { self.other_hours(cause, index, at) } else { None };
        let hours = machines.and_then(|(group, plan)| {
            Some((self.fleet.machines.get(group)?, self.fleet.plans.get(plan)?.tag.clone()))
        });
        let machines = hours.as_ref().zip(machines).map(|((group, _), (n, plan))| (n, group.plan, plan));
        let victim = Victim {
            cluster: &cluster,
            service: &name,
            count,
            of_age: Timestamp::from_second(of_age).unwrap_or_default(),
            machines: hours.as_ref().map(|(group, text)| (group.name, text.as_str())),
        };
        let planted = self.aws.with(|world| cause.plant(world, victim));
        let done = Done { when, planted, tag, memory, machines };
        self.figures.nights.causes.entry(cause).or_default().planted += 1;
        let Self { fleet, nights, .. } = self;
        for other in &mut nights.sleepers {
            let beside = machines.is_some()
                && fleet.services.get(other.n).is_some_and(|service| service.cluster == index);
            // Machines carry all of their cluster.
            if other.n == n || beside {
                other.done = Some(done.clone());
            }
        }
        if let Some((group, _, plan)) = machines
            && let Some(group) = fleet.machines.get_mut(group)
        {
            group.plan = plan;
        }
        if let Some(service) = fleet.services.get_mut(n) {
            done.remembered(service, count);
        }
        // A run comes every five minutes; one that finds something is not left out.
        self.next_quiet = now;
    }

    /// What came of it, of those whose morning it is.
    fn morning(&mut self, now: i64) {
        self.note_who_is_up(now);
        let all = std::mem::take(&mut self.nights.sleepers);
        let (over, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.at + GRACE <= now);
        self.nights.sleepers = rest;
        for sleeper in &over {
            self.judge(sleeper, now);
        }
        for sleeper in &over {
            self.mend(sleeper);
        }
        if self.nights.sleepers.is_empty() {
            self.nights.steps.clear();
            self.choose_evening();
        }
    }

    fn judge(&mut self, sleeper: &Sleeper, now: i64) {
        let Some(service) = self.fleet.services.get(sleeper.n) else { return };
        let adopted = sleeper.done.as_ref().is_none_or(|done| {
            // The first run without a record only writes one, and the next transition acts: of a morning it comes
            // too late, unless another came before.
            done.planted.cause != Cause::RecordRemovedAndSizeTagged || sleeper.met
        });
        // An outage may have kept it down.
        let fair = adopted && sleeper.could_start.is_some_and(|at| at + FAIR <= now);
        let is_on = self.fleet.plans.get(sleeper.plan).is_some_and(|plan| plan.at(now).on);
        if service.seen_to >= sleeper.since || !fair || !is_on {
            self.figures.nights.void += 1;
            return;
        }
        let (path, cluster) = (self.fleet.path(service), self.fleet.cluster_of(service));
        let running = self.aws.with(|world| world.running_count(cluster, &service.name));
        let (when, cause) = sleeper.done.as_ref().map(|it| (it.when, it.planted.cause)).unzip();
        let Sleeper { told, again, count, up, .. } = sleeper;
        let nights = &mut self.figures.nights;
        nights.services += 1;
        let anyhow = *told || *again == Some(true);
        if *up {
            if anyhow {
                nights.told_and_up += 1;
                *nights.up.entry(cause).or_default() += 1;
            }
            return;
        }
        let after_both = when == Some(When::Late) || (when == Some(When::Night) && !sleeper.asked_again);
        if after_both && !anyhow {
            nights.late += 1;
            return;
        }
        // Of what was done between the two only the second could know.
        let was_told = if when == Some(When::Evening) || cause.is_none() { *told } else { anyhow };
        nights.down += 1;
        nights.told += u64::from(was_told);
        if when == Some(When::Night) {
            nights.by_night += 1;
        }
        match cause {
            None => nights.unplanted += 1,
            Some(cause) => {
                let tally = nights.causes.entry(cause).or_default();
                tally.down += 1;
                tally.told += u64::from(was_told);
            }
        }
        if !was_told || *again == Some(false) {
            let what = cause.map_or_else(|| "nothing that was planted".to_owned(), |it| it.to_string());
            let how = format!(
                "{running} of its {count} tasks run, by {what} ({when:?}); told in the evening: {told}, before the \
                 morning: {again:?}"
            );
            self.violation("what does not come up was told before", &path, &how);
        }
    }

    /// A person puts right what was done.
    fn mend(&mut self, sleeper: &Sleeper) {
        let (n, Some(done)) = (sleeper.n, &sleeper.done) else { return };
        let Some((cluster, name)) = self.names(n) else { return };
        let cause = done.planted.cause;
        if let Some((group, old, new)) = done.machines {
            // Once for all that they carry, and not where somebody else gave them other hours.
            let Some(group) = self.fleet.machines.get_mut(group).filter(|it| it.plan == new) else { return };
            group.plan = old;
        }
        if cause == Cause::ScheduleRemoved
            && self.fleet.services.get(n).is_some_and(|it| it.tag != Tag::Clusters)
        {
            return;
        }
        self.aws.with(|world| done.planted.mend(world));
        let scaling = done.memory.as_ref().and_then(|memory| memory.size.scaling);
        if let (Cause::RecordRemoved, Some((min, [a, b, c]))) = (cause, scaling)
            && self.aws.with(|world| world.target(&cluster, &name).is_some())
        {
            let input = json!({
                "ServiceNamespace": "ecs", "ResourceId": format!("service/{cluster}/{name}"),
                "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": min,
                "SuspendedState": {
                    "DynamicScalingInSuspended": a, "DynamicScalingOutSuspended": b,
                    "ScheduledScalingSuspended": c,
                },
            });
            self.cli("application-autoscaling", "RegisterScalableTarget", input);
        }
        if let Some(service) = self.fleet.services.get_mut(n) {
            done.forgotten(service);
        }
    }
}

impl Done {
    /// What the model knows of it.
    fn remembered(&self, service: &mut Service, count: i64) {
        match self.planted.cause {
            Cause::RecordRemoved => (service.memory, service.before) = (None, None),
            Cause::RecordRemovedAndSizeTagged => {
                (service.memory, service.before, service.tagged) = (None, None, Some(count));
            }
            Cause::RecordGarbled => {
                (service.memory, service.before, service.garbled) = (None, None, true);
            }
            Cause::MaxLowered | Cause::MaxLoweredToItsSize => service.before = None,
            Cause::ScheduleRemoved => service.tag = Tag::Clusters,
            _ => {}
        }
    }

    /// And that it is mended.
    fn forgotten(&self, service: &mut Service) {
        service.before = None;
        service.tagged = None;
        if std::mem::take(&mut service.garbled) {
            service.memory.clone_from(&self.memory);
        }
        if self.planted.cause == Cause::ScheduleRemoved {
            service.tag = self.tag;
        }
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
