//! The handle: one world on tokio's clock, with its rates, faults and ledger.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;

use crate::api_error::ApiError;
use crate::buckets::Buckets;
use crate::clock::Clock;
use crate::faults::{Effect, Faults, without_finds};
use crate::ids::mix;
use crate::ledger::Call;
use crate::wire::{self, Asked, Written};
use crate::world::World;

/// A running AWS, shared by its clones.
///
/// Its date starts at the world's and follows tokio's clock: paused in tests, real behind the HTTP door. Every call
/// first lets happen what is due by then.
///
/// It may have worlds of other regions beside it ([`add_region`](Aws::add_region)).
#[derive(Clone, Debug)]
pub struct Aws {
    inner: Arc<Mutex<Inner>>,
    /// By name, this one too: all handles of one account share them.
    regions: Arc<Mutex<Regions>>,
    /// Who calls through this handle, as the ledger says it.
    caller: &'static str,
}

type Regions = BTreeMap<String, Arc<Mutex<Inner>>>;

#[derive(Debug)]
struct Inner {
    world: World,
    clock: Clock,
    ledger: Vec<Call>,
    calls: u64,
    faults: Faults,
    buckets: Buckets,
    latency: Option<Duration>,
    /// How much the latency varies, as a share of it.
    jitter: f64,
    arrivals: u64,
    kill: Option<Kill>,
}

#[derive(Debug)]
struct Kill {
    /// Calls still to let through.
    left: usize,
    when: Moment,
    /// The call was reached: nothing gets through until the owner has seen it.
    struck: bool,
    notify: Arc<Notify>,
}

/// When a killed call dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the world takes it.
    Before,
    /// After the world took it, before the answer.
    After,
}

/// What a client gets; a hang gets nothing and is not one.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer {
        written: Written,
        /// The body ends before its announced length.
        cut: bool,
    },
    Reset,
}

impl Aws {
    /// Starts the world's clock at the world's date, with AWS's published rates.
    #[must_use]
    pub fn new(world: World) -> Self {
        let region = world.region().to_owned();
        let inner = Arc::new(Mutex::new(Inner::new(Clock::starting_at(world.now()), world)));
        let regions = BTreeMap::from([(region, Arc::clone(&inner))]);
        Self { inner, regions: Arc::new(Mutex::new(regions)), caller: "" }
    }

    /// Puts a world of another region of the account beside this one, at this one's date, and returns its handle.
    ///
    /// Every call that is signed for that region goes there, whichever handle's client makes it; a call that is signed
    /// for a region without a world stays where it was made. The handle has a ledger, faults, rates, a latency and kills
    /// of its own; the date is one for all. A region that has a world already gets this one in its place, except for
    /// the handles that are held of it.
    ///
    /// ```
    /// use emulator::{Aws, World};
    ///
    /// let now = "2026-11-24T12:00:00Z".parse()?;
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
    /// let aws = Aws::new(World::new(now));
    /// let virginia = aws.add_region(World::in_region(now, "us-east-1"));
    /// aws.advance(std::time::Duration::from_secs(60));
    /// assert_eq!(virginia.now(), aws.now());
    /// # });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(
        clippy::must_use_candidate,
        clippy::return_self_not_must_use,
        reason = "the region is there, whoever holds its handle"
    )]
    pub fn add_region(&self, world: World) -> Self {
        let region = world.region().to_owned();
        let mut inner = Inner::new(self.lock().clock.clone(), world);
        inner.catch_up();
        let inner = Arc::new(Mutex::new(inner));
        lock(&self.regions).insert(region, Arc::clone(&inner));
        Self { inner, regions: Arc::clone(&self.regions), caller: self.caller }
    }

    /// The handle of a region that has a world: this one's, or one that was put beside it.
    #[must_use]
    pub fn region(&self, name: &str) -> Option<Self> {
        let inner = lock(&self.regions).get(name).map(Arc::clone)?;
        Some(Self { inner, ..self.clone() })
    }

    /// The date.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.lock().clock.now()
    }

    /// Moves the date forward to `t`, and lets happen what is due, in all regions; a date in the past changes nothing.
    pub fn move_to(&self, t: Timestamp) {
        self.move_all(|clock| clock.move_to(t));
    }

    /// Moves the date forward, and lets happen what is due, in all regions.
    pub fn advance(&self, d: Duration) {
        self.move_all(|clock| clock.advance(d));
    }

    /// Looks at the world or changes it, after it has reached the date.
    pub fn with<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        let mut inner = self.lock();
        inner.catch_up();
        f(&mut inner.world)
    }

    /// An independent copy of this and of the other regions: the same worlds, date, bucket levels and latency; an empty
    /// ledger, no faults, no kill.
    #[must_use]
    pub fn fork(&self) -> Self {
        let inner = Arc::new(Mutex::new(self.lock().fork()));
        let copy = |(name, region): (&String, &Arc<Mutex<Inner>>)| {
            let own = Arc::ptr_eq(region, &self.inner);
            let copy = if own { Arc::clone(&inner) } else { Arc::new(Mutex::new(lock(region).fork())) };
            (name.clone(), copy)
        };
        let regions: Regions = lock(&self.regions).iter().map(copy).collect();
        Self { inner, regions: Arc::new(Mutex::new(regions)), caller: "" }
    }

    /// The same AWS, for somebody whose calls the ledger tells from others'.
    #[must_use]
    pub fn called_by(&self, caller: &'static str) -> Self {
        Self { caller, ..self.clone() }
    }

    /// All calls since the start or the last [`forget`](Aws::forget), in the order of their arrival.
    #[must_use]
    pub fn ledger(&self) -> Vec<Call> {
        self.lock().ledger.clone()
    }

    /// Empties the ledger.
    pub fn forget(&self) {
        self.lock().ledger.clear();
    }

    /// The calls of the ledger whose operation changes something, refused ones too.
    #[must_use]
    pub fn writes(&self) -> Vec<Call> {
        self.lock().ledger.iter().filter(|c| c.write).cloned().collect()
    }

    /// Replaces the script of faults; its time spans start now.
    pub fn faults(&self, mut script: Faults) {
        let mut inner = self.lock();
        script.install(inner.clock.now());
        inner.faults = script;
    }

    /// Kills the caller at the `k`-th call from now on, counted from 0: that call never answers, and no later one is
    /// let through, until [`Killed::wait`] has returned (or `Killed` is dropped). In a `select!` with the handler, the
    /// handler's future is dropped there: the death of the process.
    #[must_use = "dropping it disarms the kill"]
    pub fn kill_at(&self, k: usize, when: Moment) -> Killed {
        let notify = Arc::new(Notify::new());
        self.lock().kill = Some(Kill { left: k, when, struck: false, notify: Arc::clone(&notify) });
        Killed { aws: self.clone(), notify }
    }

    /// How long each call takes, half of it before the world takes the call; none by default.
    pub fn latency(&self, d: Option<Duration>) {
        self.lock().latency = d;
    }

    /// Lets the latency vary by up to this share (0 to 1) of it, up or down, the same way in every run.
    pub fn jitter(&self, share: f64) {
        self.lock().jitter = share.clamp(0.0, 1.0);
    }

    /// Replaces the rates; all buckets are full then.
    pub fn buckets(&self, b: Buckets) {
        self.lock().buckets = b;
    }

    /// One call as it arrives at a door.
    pub(crate) async fn exchange(&self, request: &wire::Request<'_>) -> Reply {
        let asked = wire::read(request);
        // Only a region with a world of its own takes its calls: a client may be configured for any other.
        let signed_for = request.scope().and_then(|scope| self.region(scope.region));
        let there = signed_for.as_ref().unwrap_or(self);
        let latency = there.lock().next_latency().map(|d| d / 2);
        if let Some(half) = latency {
            tokio::time::sleep(half).await;
        }
        let reply = there.lock().take(&asked, there.caller);
        let Some(reply) = reply else {
            return pending().await;
        };
        if let Some(half) = latency {
            tokio::time::sleep(half).await;
        }
        reply
    }

    fn move_all(&self, by: impl Fn(&mut Clock)) {
        let mut all: Vec<_> = lock(&self.regions).values().map(Arc::clone).collect();
        // A world whose place another one took is no region any more, and has a date all the same.
        if !all.iter().any(|inner| Arc::ptr_eq(inner, &self.inner)) {
            all.push(Arc::clone(&self.inner));
        }
        for inner in all {
            let mut inner = lock(&inner);
            by(&mut inner.clock);
            inner.catch_up();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that panicked inside `with` must not hide its message behind a poisoned lock.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn new(clock: Clock, world: World) -> Self {
        Self {
            world,
            clock,
            ledger: Vec::new(),
            calls: 0,
            faults: Faults::new(),
            buckets: Buckets::published(),
            latency: None,
            jitter: 0.0,
            arrivals: 0,
            kill: None,
        }
    }

    /// The same world, date, bucket levels and latency, and nothing else.
    fn fork(&mut self) -> Self {
        self.catch_up();
        Self {
            buckets: self.buckets.clone(),
            latency: self.latency,
            jitter: self.jitter,
            ..Self::new(self.clock.clone(), self.world.clone())
        }
    }

    fn next_latency(&mut self) -> Option<Duration> {
        self.arrivals += 1;
        let draw = u32::try_from(mix(self.arrivals) >> 32).unwrap_or(u32::MAX);
        let sway = (f64::from(draw) / f64::from(u32::MAX) * 2.0 - 1.0) * self.jitter;
        self.latency.map(|d| d.mul_f64(1.0 + sway))
    }

    fn catch_up(&mut self) {
        self.world.advance_to(self.clock.now());
    }

    /// One call: kill, fault, rates, world, in that order. None: it never answers.
    fn take(&mut self, asked: &Asked, caller: &'static str) -> Option<Reply> {
        if self.kill.as_ref().is_some_and(|k| k.struck) {
            // The caller is dead: what it still had in flight does not arrive.
            return None;
        }
        self.catch_up();
        let number = self.calls;
        self.calls += 1;
        let input = asked.input.clone();
        let known = wire::operation(&asked.service, &asked.operation);
        let mut call = Call {
            number,
            caller,
            at: self.world.now(),
            service: asked.service.clone(),
            operation: asked.operation.clone(),
            input: input.as_ref().ok().cloned().unwrap_or_default(),
            outcome: Ok(()),
            write: known.as_ref().is_ok_and(|o| o.write),
            committed: false,
        };
        let dies = self.kill.as_mut().and_then(Kill::count);
        let mut effect = self.faults.strike(&asked.service, &asked.operation, &call.input, call.at);

        let lost = match (dies, &effect) {
            (Some(Moment::Before), _) => Some(("Killed", None)),
            (_, Effect::Hang) => Some(("Hang", None)),
            (_, Effect::ResetBefore) => Some(("ConnectionReset", Some(Reply::Reset))),
            _ => None,
        };
        if let Some((outcome, reply)) = lost {
            call.outcome = Err(outcome.to_owned());
            self.ledger.push(call);
            return reply;
        }

        if let Effect::Meanwhile(change) = &effect {
            change.make(&mut self.world);
        }
        let result = match (&mut effect, known, input) {
            (Effect::Error(error), _, _) => Err(error.clone()),
            (_, Err(error), _) | (_, _, Err(error)) => Err(error),
            (_, Ok(known), Ok(_)) if !self.buckets.take(known.group, call.at) => Err(ApiError::throttled()),
            (Effect::Stale(before), Ok(known), Ok(input)) if !known.write => (known.run)(before, input),
            (_, Ok(known), Ok(input)) => (known.run)(&mut self.world, input),
        };
        let result = result.map_err(|e| asked.in_its_words(e));
        call.committed = result.is_ok();
        call.outcome = result.as_ref().map(|_| ()).map_err(|e| e.code.clone());
        let reply = match (dies, &effect) {
            (Some(Moment::After), _) => {
                call.outcome = Err("Killed".to_owned());
                None
            }
            (_, Effect::ResetAfter) => {
                call.outcome = Err("ConnectionReset".to_owned());
                Some(Reply::Reset)
            }
            (_, Effect::CutBody) => {
                call.outcome = Err("CutBody".to_owned());
                Some(answer(number, &effect, asked, &call.input, result))
            }
            _ => Some(answer(number, &effect, asked, &call.input, result)),
        };
        self.ledger.push(call);
        reply
    }
}

impl Kill {
    /// Counts a call; if it is the one, says when it dies.
    fn count(&mut self) -> Option<Moment> {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            return None;
        }
        self.struck = true;
        self.notify.notify_one();
        Some(self.when)
    }
}

fn answer(
    number: u64,
    effect: &Effect,
    asked: &Asked,
    input: &Value,
    mut result: Result<Value, ApiError>,
) -> Reply {
    result = match effect {
        Effect::TruncatedPage => result.map(|page| asked.without_items(page, input)),
        Effect::RoundAndRound => result.map(|page| asked.leading_to_itself(page, input)),
        Effect::OneMissing => result.map(|answer| without_finds(answer, 1)),
        Effect::AllMissing => result.map(|answer| without_finds(answer, usize::MAX)),
        _ => result,
    };
    // A request id has the form of a UUID.
    let request_id = format!("{:08x}-0000-4000-8000-{:012x}", number >> 48, number & 0xffff_ffff_ffff);
    let mut written = asked.write(&result, &request_id);
    let cut = matches!(effect, Effect::CutBody);
    if cut {
        written.body.truncate(written.body.len() / 2);
    }
    Reply::Answer { written, cut }
}

/// A kill that is armed; see [`Aws::kill_at`].
#[derive(Debug)]
pub struct Killed {
    aws: Aws,
    notify: Arc<Notify>,
}

impl Killed {
    /// Returns when the call has been reached; from then on calls are let through again.
    pub async fn wait(&self) {
        self.notify.notified().await;
        self.disarm();
    }

    fn disarm(&self) {
        let mut inner = self.aws.lock();
        if inner.kill.as_ref().is_some_and(|k| Arc::ptr_eq(&k.notify, &self.notify)) {
            inner.kill = None;
        }
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.disarm();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn world(region: &str, cluster: &str) -> World {
        let mut world = World::in_region("2026-11-24T12:00:00Z".parse().unwrap(), region);
        world.cluster(cluster);
        world
    }

    fn two() -> (Aws, Aws) {
        let aws = Aws::new(world("sa-east-1", "home"));
        let virginia = aws.add_region(world("us-east-1", "abroad"));
        (aws, virginia)
    }

    /// The clusters that a call which is signed for this region finds; its status, when it is refused.
    async fn clusters(aws: &Aws, region: Option<&str>) -> Result<Value, u16> {
        let signed = region
            .map(|r| format!("AWS4-HMAC-SHA256 Credential=AKID/20261124/{r}/ecs/aws4_request, Signature=00"));
        let request = wire::Request {
            method: "POST",
            path: "/",
            target: Some("AmazonEC2ContainerServiceV20141113.ListClusters"),
            authorization: signed.as_deref(),
            ..wire::Request::default()
        };
        let Reply::Answer { written, .. } = aws.exchange(&request).await else {
            panic!("no answer");
        };
        let body: Value = serde_json::from_slice(&written.body).unwrap();
        if written.status == 200 { Ok(body["clusterArns"].clone()) } else { Err(written.status) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_goes_to_the_region_that_it_is_signed_for_if_that_has_a_world() {
        let (aws, virginia) = two();
        let home = Ok(json!(["arn:aws:ecs:sa-east-1:123456789012:cluster/home"]));
        let abroad = Ok(json!(["arn:aws:ecs:us-east-1:123456789012:cluster/abroad"]));
        assert_eq!(clusters(&aws, Some("us-east-1")).await, abroad);
        assert_eq!((aws.ledger().len(), virginia.ledger().len()), (0, 1));
        for region in [None, Some("sa-east-1"), Some("eu-west-1")] {
            assert_eq!(clusters(&aws, region).await, home, "{region:?}");
        }
        assert_eq!(clusters(&virginia, Some("sa-east-1")).await, home);
        assert_eq!(clusters(&virginia, Some("eu-west-1")).await, abroad);
        let names: Vec<Option<String>> = ["sa-east-1", "us-east-1", "eu-west-1"]
            .map(|name| virginia.region(name).map(|aws| aws.with(|w| w.region().to_owned())))
            .to_vec();
        assert_eq!(names, [Some("sa-east-1".to_owned()), Some("us-east-1".to_owned()), None]);
    }

    #[tokio::test(start_paused = true)]
    async fn regions_have_their_own_faults_and_rates_and_one_date() {
        let (aws, virginia) = two();
        aws.faults(Faults::new().anywhere().throttle());
        assert_eq!(clusters(&aws, None).await, Err(400));
        assert!(clusters(&aws, Some("us-east-1")).await.is_ok());
        virginia.faults(Faults::new().anywhere().server_error());
        assert_eq!(clusters(&aws, Some("us-east-1")).await, Err(500));

        aws.advance(Duration::from_hours(1));
        assert_eq!(virginia.now(), aws.now());
        virginia.move_to("2026-11-25T12:00:00Z".parse().unwrap());
        assert_eq!(virginia.now(), aws.now());
        let late = aws.add_region(world("eu-west-1", "late"));
        assert_eq!(late.with(|w| w.now()), aws.now());
    }

    #[tokio::test(start_paused = true)]
    async fn a_fork_has_regions_of_its_own() {
        let (aws, virginia) = two();
        let fork = aws.fork();
        fork.advance(Duration::from_mins(1));
        fork.region("us-east-1").unwrap().with(|w| {
            w.cluster("another");
        });
        assert_eq!(clusters(&fork, Some("us-east-1")).await.unwrap().as_array().unwrap().len(), 2);
        assert_eq!(clusters(&fork, None).await.unwrap().as_array().unwrap().len(), 1);
        assert_eq!(fork.ledger().len(), 1);
        assert_eq!(clusters(&aws, Some("us-east-1")).await.unwrap().as_array().unwrap().len(), 1);
        assert!(aws.ledger().is_empty() && virginia.now() < fork.now());
        let abroad = virginia.fork();
        assert_eq!(abroad.with(|w| w.region().to_owned()), "us-east-1");
    }
}
