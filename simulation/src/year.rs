//! The year itself: when what happens, and how a run goes wrong.

use emulator::{Aws, Faults, Moment, World};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::calendar::{plans, rfc3339};
use crate::compare::{UNKNOWN, whole};
use crate::fleet::{Fleet, Service, catalog, end, is_deploying, is_whole, look};
use crate::looks;
use crate::machines::SeenMachines;
use crate::model::{ENFORCE, Expected, Facts, Lease, Live, MAX_DESIRED, WHOLE, wanted};
use crate::nights::Nights;
use crate::random::Random;
use crate::{Figures, Options, SystemUnderTest};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Reconcile comes every five minutes, on the clock.
const TICK: i64 = 300;
/// 2026-01-01T00:00:00Z.
const BEGIN: i64 = 1_767_225_600;
/// More would say nothing new.
const ENOUGH: usize = 40;

/// A year under way.
#[derive(Debug)]
pub(crate) struct Year<S> {
    pub(crate) options: Options,
    pub(crate) random: Random,
    pub(crate) aws: Aws,
    pub(crate) system: S,
    pub(crate) fleet: Fleet,
    pub(crate) figures: Figures,
    /// Until then no tick comes.
    pub(crate) down_until: i64,
    next_person: i64,
    pub(crate) next_quiet: i64,
    /// The groups as they were before runs that something disturbed.
    machines_before: Option<Vec<SeenMachines>>,
    pub(crate) nights: Nights,
}

/// A service before a tick, and what it ought to be after it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) live: Live,
    pub(crate) expected: Expected,
    /// A second run soon after would find nothing more to do.
    pub(crate) settles: bool,
}

/// What a run leaves behind, path by path.
type Left = Vec<(String, String)>;

/// The system on this AWS, in a process of its own.
pub(crate) async fn start<S: SystemUnderTest>(aws: &Aws) -> Result<S, S::Fault> {
    let (schedules, most) = (catalog(), MAX_DESIRED.to_string());
    S::start(aws, &[("SCHEDULES", &schedules), ("MAX_DESIRED", &most)]).await
}

impl<S: SystemUnderTest> Year<S> {
    pub(crate) async fn begin(options: Options) -> Result<Self, S::Fault> {
        let mut random = Random::new(options.seed);
        let mut world = World::new(Timestamp::from_second(BEGIN).unwrap_or_default());
        let fleet = Fleet::new(plans(), options.services, &mut random, &mut world);
        let aws = Aws::new(world);
        let system = start(&aws).await?;
        let mut year = Self {
            options,
            random,
            aws,
            system,
            fleet,
            figures: Figures::default(),
            down_until: 0,
            next_person: BEGIN + HOUR,
            next_quiet: BEGIN,
            machines_before: None,
            nights: Nights::new(options),
        };
        year.note_sizes();
        year.choose_evening();
        Ok(year)
    }

    pub(crate) fn violations(&self) -> usize {
        self.figures.violations.len()
    }

    pub(crate) fn end(mut self) -> Figures {
        self.figures.days = u32::try_from((self.seconds() - BEGIN) / DAY).unwrap_or(0);
        self.figures
    }

    /// The next thing that happens, and on which day; nothing when the year is over.
    pub(crate) async fn step(&mut self) -> Result<Option<u32>, S::Fault> {
        let now = self.seconds();
        if now >= BEGIN + i64::from(self.options.days) * DAY || self.violations() >= ENOUGH {
            return Ok(None);
        }
        let tick = self.next_tick(now);
        if let Some(at) = self.nights.next().filter(|at| *at <= tick && *at <= self.next_person) {
            self.move_to(at.max(whole(self.aws.now())));
            self.night().await;
        } else if self.next_person < tick {
            // On the clock, however long the last run took.
            self.move_to(self.next_person.max(whole(self.aws.now())));
            self.people().await;
            // A dozen a day for fifty services.
            let pause = 200 * HOUR / i64::try_from(self.options.services.max(1)).unwrap_or(1);
            self.next_person = self.seconds() + self.random.between(1, pause / 60) * 60;
        } else {
            self.move_to(tick);
            self.tick().await?;
            // One time in four somebody comes before what was started is whole.
            if self.starting().next().is_some() && self.random.percent(25) {
                let soon = self.seconds() + self.random.between(10, TICK - 10);
                self.next_person = self.next_person.min(soon);
            }
            if tick >= self.next_quiet {
                self.next_quiet = tick + self.random.between(1, 96) * TICK;
            }
            // At once again: what is done is done.
            if self.random.percent(10) {
                self.clean_tick(self.seconds(), None).await;
            }
        }
        Ok(u32::try_from((self.seconds() - BEGIN) / DAY).ok())
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.aws.now().as_second()
    }

    pub(crate) fn move_to(&self, at: i64) {
        if let Ok(at) = Timestamp::from_second(at) {
            self.aws.move_to(at);
        }
    }

    /// The first tick after the next transition, end of an override, or outage.
    fn next_tick(&self, now: i64) -> i64 {
        let plans = self.fleet.plans.iter().filter_map(|plan| plan.next(now));
        let own = self.fleet.services.iter().filter_map(|service| service.lease);
        let clusters = self.fleet.clusters.iter().filter_map(|cluster| cluster.lease);
        let ends = own.chain(clusters).map(|lease| lease.until).filter(|until| *until > now);
        // Machines that wait for their tasks are looked at again within the hour.
        let soon = self.waits_for_tasks(now).then_some(now + 9 * TICK);
        let starting = self.is_starting().then_some(now + TICK);
        let due = plans.chain(soon).chain(starting).chain(ends).chain([self.next_quiet]).min().unwrap_or(now);
        (due.max(now + 1).max(self.down_until) + TICK - 1) / TICK * TICK
    }

    /// What the model knows of a service under its own override and its cluster's.
    pub(crate) fn facts<'f>(
        &'f self,
        world: &mut World,
        service: &'f Service,
        (own, clusters): (Option<Lease>, Option<Lease>),
        now: i64,
    ) -> Facts<'f> {
        let cluster = self.fleet.cluster_of(service);
        let live = look(world, cluster, &service.name);
        let plan = self.fleet.plan_of(service);
        let calendar = plan.ok().flatten().and_then(|plan| self.fleet.plans.get(plan));
        Facts {
            memory: service.memory.as_ref(),
            garbled: service.garbled,
            tagged: service.tagged,
            live,
            deploying: live.count > 0 && is_deploying(world, cluster, &service.name),
            whole: is_whole(world, cluster, &service.name),
            elastic: true,
            missed: service.missed(calendar, now),
            plan,
            wanted: wanted(own, clusters, calendar, now),
            enforce: service.enforce,
            half: service.half,
            night: service.night,
            now,
        }
    }

    pub(crate) fn cluster_lease(&self, cluster: usize) -> Option<Lease> {
        self.fleet.clusters.get(cluster)?.lease
    }

    /// Each service as it is, and as it ought to be after a tick at this instant.
    pub(crate) fn observe(&self, now: i64) -> Vec<Seen> {
        let one = |world: &mut World, service: &Service| {
            let leases = (service.lease, self.cluster_lease(service.cluster));
            let facts = self.facts(world, service, leases, now);
            let live = facts.live;
            let expected = facts.expected();
            // A deployment may have ended by then.
            let memory = expected.memory.as_ref();
            let again = Facts { memory, live: expected.live, deploying: false, ..facts }.expected();
            // A start by `enforce` that was cut off is finished for the last transition's instant.
            let starts = expected.memory.as_ref().is_some_and(|memory| memory.starting);
            let other = expected.rule == ENFORCE && starts;
            // What the end of a start brings up to its min is not whole to a run that comes right after.
            let grows = expected.rule == WHOLE && expected.live.count > live.count;
            let settles = again.live == expected.live && again.memory == expected.memory && !other && !grows;
            Seen { live, expected, settles }
        };
        self.aws.with(|world| self.fleet.services.iter().map(|service| one(world, service)).collect())
    }

    async fn tick(&mut self) -> Result<(), S::Fault> {
        let from = self.seconds();
        // What alarms made of it since.
        self.note_sizes();
        // What goes wrong where something is due is worth more.
        let due = self.observe(from).iter().any(|seen| seen.expected.live != seen.live);
        match self.random.between(-7, if due { 50 } else { 100 }) {
            -7..=-4 => self.twins().await?,
            -3..=0 => self.overridden_midway().await?,
            1..=8 => {
                let seen = self.observe(from);
                let machines = self.observe_machines(from);
                let settles = seen.iter().map(|seen| seen.settles);
                let settles: Vec<bool> = settles.chain(machines.iter().map(|seen| seen.settles)).collect();
                self.machines_before = Some(machines);
                let expected = self.killed().await?;
                self.clean_tick(from, Some(seen)).await;
                self.recovered(&expected, &settles, from);
            }
            9..=15 => {
                let seen = self.observe(from);
                self.machines_before = Some(self.observe_machines(from));
                self.faulty().await;
                // The next run comes on the clock, however long AWS's retries took.
                let now = self.seconds();
                self.move_to((now + TICK - 1) / TICK * TICK);
                self.clean_tick(from, Some(seen)).await;
            }
            _ => self.clean_tick(from, None).await,
        }
        Ok(())
    }

    pub(crate) fn event(&self) -> Value {
        let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
        let at = rfc3339(self.seconds());
        json!({"action": "reconcile", "clusters": ["*"], "at": at, "schedule": schedule})
    }

    /// Counts the calls since the ledger was emptied, and holds their order against the rule.
    pub(crate) fn count_calls(&mut self) {
        let calls = self.aws.ledger();
        for (law, path, how) in looks::faults(&calls) {
            self.violation(law, &path, &how);
        }
        self.figures.calls += u64::try_from(calls.len()).unwrap_or(0);
        self.figures.writes += u64::try_from(calls.iter().filter(|call| call.write).count()).unwrap_or(0);
    }

    /// A run that nothing disturbs, after others since `from` that something did: then `seen` is from
    /// before those.
    async fn clean_tick(&mut self, from: i64, seen: Option<Vec<Seen>>) {
        let now = self.seconds();
        let disturbed = seen.is_some();
        let seen = match seen {
            None => self.observe(now),
            // What is due may be another thing by now; that is only known of what is the same at both.
            Some(seen) => self.still_due(seen, from, now),
        };
        let machines = match self.machines_before.take() {
            None => self.observe_machines(now),
            Some(machines) => self.machines_still_due(machines, from, now),
        };
        self.aws.forget();
        let report = self.run_well().await;
        let writes = self.aws.writes();
        let all: Vec<usize> = (0..self.fleet.services.len()).collect();
        if !disturbed {
            self.told(&seen, &report);
        }
        let quiet = !disturbed && self.is_quiet(&seen) && self.machines_are_quiet(&machines);
        self.compare(&seen, &all, from);
        self.compare_machines(&machines, from, None);
        self.forget_overrides(quiet, now);
        // An override that is over may still be cleaned away.
        let beyond = writes.into_iter().find(|call| call.operation != "UntagResource");
        if let Some(call) = beyond.filter(|_| quiet) {
            let what = format!("nothing was due, and it made {} {}", call.operation, call.input);
            self.violation("what is done costs no write", "reconcile", &what);
        }
        self.note_sizes();
    }

    /// A run that nothing disturbs, and its report.
    pub(crate) async fn run_well(&mut self) -> Value {
        let from = self.seconds();
        self.note_who_is_up(from);
        let report = self.system.invoke("scale-service", self.event()).await.unwrap_or_else(|problem| {
            self.violation("a clean run ends well", "reconcile", &format!("it failed: {problem}"));
            Value::Null
        });
        self.figures.ticks += 1;
        self.count_calls();
        self.nights.came_a_run(from);
        report
    }

    /// An event that comes twice at once: the end is that of one.
    async fn twins(&mut self) -> Result<(), S::Fault> {
        self.figures.twins += 1;
        let from = self.seconds();
        let (mut seen, mut machines) = (self.observe(from), self.observe_machines(from));
        // What the one starts the other may find whole, and what the one ends may leave more to the other.
        let starts = |expected: &Expected| expected.memory.as_ref().is_some_and(|memory| memory.starting);
        let services = seen.iter_mut().map(|seen| (&mut seen.expected, seen.settles));
        let groups = machines.iter_mut().map(|seen| (&mut seen.expected, seen.settles));
        for (expected, settles) in services.chain(groups) {
            if starts(expected) || !settles {
                expected.rule = UNKNOWN;
            }
        }
        let other = start::<S>(&self.aws.called_by("the twin")).await?;
        self.aws.forget();
        self.aws.latency(Some(std::time::Duration::from_millis(20)));
        let event = self.event();
        let (one, two) = tokio::join!(
            self.system.invoke("scale-service", event.clone()),
            other.invoke("scale-service", event)
        );
        self.aws.latency(None);
        for problem in [one, two].into_iter().filter_map(Result::err) {
            self.violation("a run that comes twice ends well", "reconcile", &problem);
        }
        self.count_calls();
        let all: Vec<usize> = (0..self.fleet.services.len()).collect();
        self.compare(&seen, &all, from);
        self.compare_machines(&machines, from, None);
        self.forget_overrides(false, from);
        self.note_sizes();
        Ok(())
    }

    /// A run that dies at a call, before or after AWS took it, once or twice; with what a run that
    /// does not die leaves behind.
    async fn killed(&mut self) -> Result<Left, S::Fault> {
        let fork = self.aws.fork();
        drop(start::<S>(&fork).await?.invoke("scale-service", self.event()).await);
        let ledger = fork.ledger();
        let writes: Vec<usize> =
            ledger.iter().enumerate().filter(|(_, call)| call.write).map(|(k, _)| k).collect();
        let expected = end(&fork, &self.fleet);
        for _ in 0..self.random.between(1, 2) {
            let k = match writes.get(self.random.index(writes.len())) {
                Some(k) if self.random.percent(80) => *k,
                _ => self.random.index(ledger.len()),
            };
            let moment = if self.random.percent(50) { Moment::Before } else { Moment::After };
            self.aws.forget();
            let killed = self.aws.kill_at(k, moment);
            let event = self.event();
            tokio::select! {
                biased;
                () = killed.wait() => self.figures.kills += 1,
                // The second run of two has less to do, and may not get so far.
                _ = self.system.invoke("scale-service", event) => {}
            }
            drop(killed);
            self.count_calls();
            // The process is gone; a new one starts.
            self.system = start(&self.aws).await?;
        }
        Ok(expected)
    }

    /// A run on an AWS of which a part of the calls goes wrong.
    async fn faulty(&mut self) {
        self.figures.faults += 1;
        let (share, salt) = (self.random.between(5, 40), self.random.between(0, i64::MAX - 1).unsigned_abs());
        let share = f64::from(u8::try_from(share).unwrap_or(10)) / 100.0;
        let (refused, everywhere) = (self.random.percent(30), self.random.percent(50));
        let rule =
            if everywhere { Faults::new().anywhere() } else { Faults::new().on("ecs", "UpdateService") };
        let rule = rule.fraction(if everywhere { share } else { share * 2.0 }, salt);
        let before = self.targets();
        let script = match self.random.between(1, 6) {
            _ if refused => Faults::new().on("ecs", "UpdateService").access_denied(),
            1 => rule.throttle(),
            2 => rule.server_error(),
            3 => rule.reset_before_commit(),
            4 => rule.reset_after_commit(),
            5 => rule.access_denied(),
            _ => rule.hang(),
        };
        self.aws.forget();
        self.aws.faults(script);
        drop(self.system.invoke("scale-service", self.event()).await);
        self.aws.faults(Faults::new());
        self.given_back(&before);
        self.count_calls();
    }
}
