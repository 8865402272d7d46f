//! The handle: one world on tokio's clock, with its rates, faults and ledger.

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
#[derive(Clone, Debug)]
pub struct Aws {
    inner: Arc<Mutex<Inner>>,
    /// Who calls through this handle, as the ledger says it.
    caller: &'static str,
}

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
        Self::of(Inner {
            clock: Clock::starting_at(world.now()),
            world,
            ledger: Vec::new(),
            calls: 0,
            faults: Faults::new(),
            buckets: Buckets::published(),
            latency: None,
            jitter: 0.0,
            arrivals: 0,
            kill: None,
        })
    }

    /// The date.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.lock().clock.now()
    }

    /// Moves the date forward to `t`, and lets happen what is due; a date in the past changes nothing.
    pub fn move_to(&self, t: Timestamp) {
        let mut inner = self.lock();
        inner.clock.move_to(t);
        inner.catch_up();
    }

    /// Moves the date forward, and lets happen what is due.
    pub fn advance(&self, d: Duration) {
        let mut inner = self.lock();
        inner.clock.advance(d);
        inner.catch_up();
    }

    /// Looks at the world or changes it, after it has reached the date.
    pub fn with<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        let mut inner = self.lock();
        inner.catch_up();
        f(&mut inner.world)
    }

    /// An independent copy: the same world, date, bucket levels and latency; an empty ledger, no faults, no kill.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut inner = self.lock();
        inner.catch_up();
        Self::of(Inner {
            world: inner.world.clone(),
            clock: inner.clock.clone(),
            ledger: Vec::new(),
            calls: 0,
            faults: Faults::new(),
            buckets: inner.buckets.clone(),
            latency: inner.latency,
            jitter: inner.jitter,
            arrivals: 0,
            kill: None,
        })
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
        let latency = self.lock().next_latency().map(|d| d / 2);
        if let Some(half) = latency {
            tokio::time::sleep(half).await;
        }
        let reply = self.lock().take(&asked, self.caller);
        let Some(reply) = reply else {
            return pending().await;
        };
        if let Some(half) = latency {
            tokio::time::sleep(half).await;
        }
        reply
    }

    fn of(inner: Inner) -> Self {
        Self { inner: Arc::new(Mutex::new(inner)), caller: "" }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A test that panicked inside `with` must not hide its message behind a poisoned lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
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
        let effect = self.faults.strike(&asked.service, &asked.operation, &call.input, call.at);

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

        let result = match (&effect, known, input) {
            (Effect::Error(error), _, _) => Err(error.clone()),
            (_, Err(error), _) | (_, _, Err(error)) => Err(error),
            (_, Ok(known), Ok(_)) if !self.buckets.take(known.group, call.at) => Err(ApiError::throttled()),
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
    if *effect == Effect::TruncatedPage {
        result = result.map(|page| asked.without_items(page, input));
    }
    if *effect == Effect::AllMissing {
        result = result.map(without_finds);
    }
    // A request id has the form of a UUID.
    let request_id = format!("{:08x}-0000-4000-8000-{:012x}", number >> 48, number & 0xffff_ffff_ffff);
    let mut written = asked.write(&result, &request_id);
    let cut = *effect == Effect::CutBody;
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
