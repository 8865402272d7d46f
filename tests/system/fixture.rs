//! A world and the system on it.

use emulator::{Aws, Moment, ServiceSeed, TargetSeed, World};
use jiff::Timestamp;
use local::{Response, Sent, System, system::Setup};
use serde_json::Value;
use shared::Problem;

use crate::openapi;

/// The evening of the demo's day.
pub(crate) const EVENING: &str = "2026-11-24T23:00:00Z";

/// A system on an embedded AWS, and the AWS to look at and meddle with.
pub(crate) struct Fixture {
    pub aws: Aws,
    pub system: System,
}

pub(crate) fn evening() -> Timestamp {
    EVENING.parse().unwrap()
}

/// An empty world at the evening, with the cluster `prod`.
pub(crate) fn prod() -> World {
    let mut world = World::new(evening());
    world.cluster("prod");
    world
}

/// `prod` with `users` (3 tasks, autoscaled from 2 to 6, scale-in suspended by its owner).
pub(crate) fn prod_with_users() -> World {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("users").desired(3));
    world.scalable_target("prod", "users", TargetSeed::new(2, 6).suspended(true, false, false));
    world
}

/// `prod` with this many services of two tasks each, `s000` and on.
pub(crate) fn prod_with(services: usize) -> World {
    let mut world = prod();
    for n in 0..services {
        world.service("prod", ServiceSeed::new(&format!("s{n:03}")).desired(2));
    }
    world
}

impl Fixture {
    pub(crate) async fn on(world: World) -> Self {
        Self::at(Aws::new(world)).await
    }

    pub(crate) async fn at(aws: Aws) -> Self {
        let system = System::start(Setup::embedded(&aws)).await.unwrap();
        Self { aws, system }
    }

    /// Sends a direct or scheduled event to scale-service.
    pub(crate) async fn scale(&self, event: Value) -> Result<Value, Problem> {
        self.system.invoke("scale-service", event).await
    }

    /// Minutes later, when what was started has come up, a tick of reconcile looks at it again.
    pub(crate) async fn becomes_whole(&self) {
        self.aws.advance(std::time::Duration::from_mins(5));
        self.scale(serde_json::json!({"action": "reconcile", "clusters": ["*"]})).await.unwrap();
    }

    /// Sends a REST request.
    pub(crate) async fn rest(&self, method: &str, path: &str, body: &Value) -> Response {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let sent = Sent { method: method.into(), path: path.into(), headers: Vec::new(), body };
        openapi::request(&self.system, &sent).await
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.rest("GET", path, &Value::Null).await
    }

    /// What matters of a service: its count, its target's min and flags.
    pub(crate) fn size(&self, service: &str) -> (i64, Option<(i64, [bool; 3])>) {
        self.aws.with(|world| size_in(world, service))
    }

    pub(crate) fn record(&self, service: &str) -> Option<String> {
        self.aws.with(|world| world.tags("prod", service).remove("steward:record"))
    }

    /// The mutating operations since the ledger was last emptied.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.aws.writes().into_iter().map(|call| call.operation).collect()
    }
}

/// Runs on forks of a world and dies at each of its calls, before and after AWS took it. `then` gets each fork,
/// and where that was. Returns how many calls the run makes.
pub(crate) async fn killed_at_every_call<T: std::fmt::Debug>(
    aws: &Aws,
    run: impl AsyncFn(Aws) -> T,
    then: impl AsyncFn(Aws, &str),
) -> usize {
    let clean = aws.fork();
    clean.forget();
    run(clean.clone()).await;
    let calls = clean.ledger().len();
    for k in 0..calls {
        for moment in [Moment::Before, Moment::After] {
            let fork = aws.fork();
            fork.forget();
            let killed = fork.kill_at(k, moment);
            tokio::select! {
                biased;
                () = killed.wait() => {}
                done = run(fork.clone()) => panic!("call {k} of {calls} was not reached: {done:?}"),
            }
            drop(killed);
            then(fork, &format!("killed at call {k} of {calls} ({moment:?})")).await;
        }
    }
    calls
}

pub(crate) fn size_in(world: &World, service: &str) -> (i64, Option<(i64, [bool; 3])>) {
    let target = world.target("prod", service).map(|target| {
        (target.min, [target.dynamic_in_suspended, target.dynamic_out_suspended, target.scheduled_suspended])
    });
    (world.desired_count("prod", service), target)
}

/// The outcome and code of the item whose resource ends so.
pub(crate) fn item<'r>(report: &'r Value, service: &str) -> &'r Value {
    let items = report["items"].as_array().unwrap_or_else(|| panic!("no report: {report}"));
    let ends = format!("/{service}");
    items
        .iter()
        .find(|item| item["resource"].as_str().unwrap().ends_with(&ends))
        .unwrap_or_else(|| panic!("no item of {service}: {report}"))
}
