//! How calls, time and memory grow with size: the functions in this process, on a clock that stands still while
//! nothing waits for it. So its seconds are those that AWS's rates and the calls' latency make, on any machine.

use std::time::Duration;

use emulator::{Aws, World};
use jiff::{SignedDuration, Timestamp};
use local::System;
use peak_alloc::PeakAlloc;
use serde_json::{Value, json};

use crate::bounds::{DEFINITION_READ, SERVICE_READ, SERVICE_WRITE, TAG, batches, look};
use crate::contest::LATENCY;
use crate::figures::{Figures, since};
use crate::worlds::{self, Fleet, OFFICE, adopted, in_process, on_a_paused_clock, tick};

/// A tick begins so long after the one before, and ends so long before the next.
const TICK: Duration = Duration::from_mins(5);
const RESERVE: Duration = Duration::from_secs(30);

/// What is run at each size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// A tick of reconcile with nothing due.
    Quiet,
    /// The ticks of an evening: all services go to 0.
    Evening,
    /// The ticks of a morning: they come back.
    Morning,
    /// The bedtime check.
    WakeCheck,
    /// A cluster is described, each service with five tasks.
    Describe,
    /// Repositories of a thousand images are halved.
    Prune,
}

/// What a scene took in one size, and the least that it takes.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Which scene.
    pub scene: Scene,
    /// Services; in [`Scene::Prune`], repositories.
    pub size: usize,
    /// Clusters.
    pub clusters: usize,
    /// Runs until nothing was left to do.
    pub runs: usize,
    /// Calls of all runs, and the least.
    pub calls: (usize, usize),
    /// Until the last change of a count or, where there is none, the end; and the least.
    pub done: (Duration, Duration),
    /// The most bytes that a run held, with the ledger of the embedded AWS, which holds each call of that run.
    pub peak: usize,
    /// Calls that AWS throttled.
    pub throttles: usize,
}

const NOON: &str = "2026-11-24T12:00:00Z";
const EVENING: &str = "2026-11-24T20:00:00Z";
const MORNING: &str = "2026-11-25T08:00:00Z";

impl Scene {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quiet => "a quiet tick",
            Self::Evening => "an evening",
            Self::Morning => "a morning",
            Self::WakeCheck => "the bedtime check",
            Self::Describe => "describing a cluster",
            Self::Prune => "halving repositories",
        }
    }

    /// Plays it in this size. Where `counter` is this process's allocator, it counts bytes.
    pub async fn play(self, size: usize, clusters: usize, counter: PeakAlloc) -> Point {
        let world = self.world(size, clusters).await;
        on_a_paused_clock(async move || self.on(world, size, clusters, counter).await).await
    }

    async fn world(self, size: usize, clusters: usize) -> World {
        let noon: Timestamp = NOON.parse().unwrap();
        let fleet = || Fleet { services: size, clusters, autoscaled: 10 };
        match self {
            Self::Quiet | Self::Evening | Self::Morning => settled(fleet().world(noon, Some(OFFICE))).await,
            Self::WakeCheck => adopted(worlds::sleepers(noon, size, 100.min(size))).await,
            Self::Describe => worlds::one_cluster(noon, size),
            Self::Prune => worlds::registry(noon, size, 1_000),
        }
    }

    async fn on(self, world: World, size: usize, clusters: usize, counter: PeakAlloc) -> Point {
        let aws = Aws::new(world);
        aws.latency(Some(LATENCY));
        let system = in_process(&aws).await;
        let mut point = Point {
            scene: self,
            size,
            clusters,
            runs: 0,
            calls: (0, 0),
            done: (Duration::ZERO, Duration::ZERO),
            peak: 0,
            throttles: 0,
        };
        let mut stage = Stage { aws: &aws, system: &system, counter, point: &mut point };
        match self {
            Self::Quiet => stage.quiet().await,
            Self::Evening => stage.ticks_from(EVENING).await,
            Self::Morning => {
                // The night before is not looked at.
                stage.ticks_from(EVENING).await;
                stage.forget();
                stage.ticks_from(MORNING).await;
            }
            Self::WakeCheck => {
                aws.move_to("2026-11-24T21:00:00Z".parse().unwrap());
                stage.once("describe-cluster", json!({"action": "wakeCheck"})).await;
            }
            Self::Describe => {
                let event = json!({"action": "describeCluster", "cluster": "prod"});
                stage.once("describe-cluster", event).await;
            }
            Self::Prune => stage.once("prune-images", worlds::prune_to(500)).await,
        }
        let (calls, done) = self.least(size, clusters, point.runs);
        point.calls.1 = calls;
        point.done.1 = done;
        point
    }

    /// The least calls in so many runs, and the least time.
    fn least(self, size: usize, clusters: usize, runs: usize) -> (usize, Duration) {
        let each = size.div_ceil(clusters);
        let of_services = clusters * (batches(each, 100) + batches(each, 10));
        // With the Auto Scaling groups.
        let tick = look(clusters, each) + 1;
        let autoscaled = size.div_ceil(10);
        // In so many runs nothing is made off or on.
        let changes = |tags: usize, quiet: usize| {
            // Each batch of ten is looked at again, and so is its cluster.
            let again = 2 * clusters * batches(each, 10);
            // Scalable targets, their scheduled actions and, once asleep, task definitions.
            let due = batches(autoscaled, 50) + 2;
            size + autoscaled + tags * size + again + runs * tick + runs.saturating_sub(quiet) * due
        };
        match self {
            Self::Quiet => (tick, SERVICE_READ.time(of_services)),
            Self::Evening => (changes(2, 1), SERVICE_WRITE.time(size).max(TAG.time(size))),
            // At the end, scale-in is handed back, and the record says on.
            Self::Morning => {
                (changes(2, 2) + autoscaled + 2 * clusters * batches(each, 10), SERVICE_WRITE.time(size))
            }
            Self::WakeCheck => {
                let repositories = 100.min(size);
                let clusters = 20.min(size);
                let looks = look(clusters, size.div_ceil(clusters));
                let done = SERVICE_READ.time(looks - 2).max(DEFINITION_READ.time(repositories));
                (looks + 3 * repositories + batches(size, 20) + 1, done)
            }
            Self::Describe => {
                let reads = batches(size, 100) + batches(size, 10);
                let of_tasks = 2 * batches(5 * size, 100);
                (reads + of_tasks + 1, SERVICE_READ.time(reads).max(SERVICE_READ.time(of_tasks)))
            }
            // ECR publishes no rates for what is called here.
            Self::Prune => (1 + size * (2 + 5), Duration::ZERO),
        }
    }
}

/// A world in which each service has its first record, after as many ticks as that takes.
async fn settled(world: World) -> World {
    on_a_paused_clock(async move || {
        let aws = Aws::new(world);
        // Nothing of this is looked at: records are written as fast as the budgets allow.
        loop {
            let report = in_process(&aws).await.invoke("scale-service", tick(aws.now())).await.unwrap();
            if report["counts"]["changed"] == 0 {
                break;
            }
            aws.forget();
        }
        aws.with(|world| world.clone())
    })
    .await
}

struct Stage<'a> {
    aws: &'a Aws,
    system: &'a System,
    counter: PeakAlloc,
    point: &'a mut Point,
}

impl Stage<'_> {
    fn forget(&mut self) {
        (self.point.runs, self.point.calls.0, self.point.peak) = (0, 0, 0);
    }

    async fn quiet(&mut self) {
        let second = self.aws.now().as_second();
        let mark = Timestamp::from_second(second - second.rem_euclid(300) + 300).unwrap();
        self.wait_until(mark).await;
        self.once("scale-service", tick(mark)).await;
    }

    /// On the paused clock, so that the budgets fill up meanwhile as they do in a night.
    async fn wait_until(&self, at: Timestamp) {
        tokio::time::sleep(since(self.aws.now(), at)).await;
    }

    /// One run, from now to its end.
    async fn once(&mut self, function: &str, event: Value) {
        let (figures, _) = self.run(function, event).await;
        self.point.done.0 = figures.wall;
    }

    async fn run(&mut self, function: &str, event: Value) -> (Figures, Option<Value>) {
        self.aws.forget();
        let before = self.counter.current_usage();
        self.counter.reset_peak_usage();
        let began = self.aws.now();
        let answer = self.system.invoke(function, event).await;
        let wall = since(began, self.aws.now());
        let peak = self.counter.peak_usage().saturating_sub(before);
        let figures = Figures { wall, ..Figures::of(self.aws, began) };
        let point = &mut *self.point;
        point.runs += 1;
        point.calls.0 += figures.calls;
        point.throttles += figures.throttles;
        point.peak = point.peak.max(peak);
        (figures, answer.ok())
    }

    /// Ticks every five minutes from this instant, until one changes nothing.
    async fn ticks_from(&mut self, first: &str) {
        let first: Timestamp = first.parse().unwrap();
        let mut at = first;
        loop {
            self.wait_until(at).await;
            let (figures, report) = self.run("scale-service", tick(at)).await;
            if let Some(last) = figures.last_change {
                self.point.done.0 = since(first, at) + last;
            }
            let counts = report.as_ref().map(|report| report["counts"].clone()).unwrap_or_default();
            let busy = ["changed", "notAttempted", "failed"].iter().any(|outcome| counts[*outcome] != 0);
            if !busy {
                break;
            }
            assert!(figures.wall + RESERVE <= TICK + Duration::from_secs(2), "a tick of {:?}", figures.wall);
            at += SignedDuration::try_from(TICK).unwrap();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static COUNTER: PeakAlloc = PeakAlloc;

    #[tokio::test]
    async fn each_scene_in_small_makes_the_least_calls_and_is_never_throttled() {
        for (scene, size, clusters) in [
            (Scene::Quiet, 10, 1),
            (Scene::Evening, 10, 1),
            (Scene::Morning, 10, 1),
            (Scene::Quiet, 40, 20),
            (Scene::WakeCheck, 10, 10),
            (Scene::Describe, 10, 1),
        ] {
            let point = scene.play(size, clusters, COUNTER).await;
            assert_eq!(point.calls.0, point.calls.1, "{point:?}");
            assert_eq!(point.throttles, 0, "{point:?}");
        }
    }

    #[tokio::test]
    async fn an_evening_and_a_morning_of_a_hundred_keep_the_pace_of_awss_quota() {
        for scene in [Scene::Evening, Scene::Morning] {
            let point = scene.play(100, 1, COUNTER).await;
            let (done, least) = point.done;
            assert_eq!(least, Duration::from_secs(10));
            assert!(done < least.mul_f64(1.1), "{point:?}");
            assert_eq!(point.throttles, 0, "{point:?}");
        }
    }
}
