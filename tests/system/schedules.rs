//! Schedules, overrides and reconcile, told tick by tick on the embedded AWS through the real
//! handler.
//!
//! The stories play in São Paulo, which is three hours behind UTC and keeps no summer time. Their
//! services follow `Mon-Fri 08:00-20:00`; 2026-11-24 is a Tuesday.

mod days;
mod deployment;
mod next;
mod overrides;
mod sizes;

use emulator::{Aws, ServiceSeed, TargetSeed, World};
use jiff::Timestamp;
use local::{Response, Sent, System, system::Setup};
use serde_json::{Value, json};
use shared::Problem;

use crate::fixture::size_in;
use crate::openapi;

const OFFICE: &str = "Mon-Fri 08:00-20:00 America/Sao_Paulo";

/// A story: a world, a system that lives through it, and a clock in São Paulo's time.
struct Story {
    aws: Aws,
    system: System,
}

/// `2026-11-24 20:00` in São Paulo.
fn local(text: &str) -> Timestamp {
    format!("{}:00-03:00", text.replace(' ', "T")).parse().unwrap()
}

impl Story {
    /// It begins at this time with `users` (3 tasks, autoscaled from 2 to 6), not yet tagged.
    async fn begins(at: &str) -> Self {
        Self::with(at, &[], ServiceSeed::new("users").desired(3)).await
    }

    async fn tagged(at: &str) -> Self {
        Self::with(at, &[], ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE)).await
    }

    async fn with(at: &str, environment: &[(&str, &str)], users: ServiceSeed) -> Self {
        let mut world = World::new(local(at));
        world.cluster("prod");
        world.service("prod", users);
        world.scalable_target("prod", "users", TargetSeed::new(2, 6).suspended(true, false, false));
        Self::on(world, environment).await
    }

    async fn on(world: World, environment: &[(&str, &str)]) -> Self {
        let aws = Aws::new(world);
        let setup =
            environment.iter().fold(Setup::embedded(&aws), |setup, (name, value)| setup.with(name, value));
        let system = System::start(setup).await.unwrap();
        Self { aws, system }
    }

    /// The clock moves, and reconcile runs.
    async fn tick(&self, at: &str) -> Value {
        self.try_tick(at).await.unwrap()
    }

    async fn try_tick(&self, at: &str) -> Result<Value, Problem> {
        self.aws.move_to(local(at));
        let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
        let event = json!({"action": "reconcile", "clusters": ["*"], "at": self.aws.now().to_string(), "schedule": schedule});
        self.system.invoke("scale-service", event).await
    }

    async fn rest(&self, at: &str, method: &str, path: &str, body: Value) -> Response {
        self.aws.move_to(local(at));
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let path = format!("/v1/clusters/prod{path}");
        openapi::request(&self.system, &Sent { method: method.into(), path, headers: Vec::new(), body }).await
    }

    /// A request that goes well.
    async fn asks(&self, at: &str, method: &str, path: &str, body: Value) -> Value {
        let answer = self.rest(at, method, path, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        answer.json()
    }

    fn tag(&self, at: &str, key: &str, value: &str) {
        self.aws.move_to(local(at));
        let input = json!({"resourceArn": ARN, "tags": [{"key": key, "value": value}]});
        self.aws.with(|world| world.call("ecs", "TagResource", input)).unwrap();
    }

    fn untag(&self, at: &str, key: &str) {
        self.aws.move_to(local(at));
        let input = json!({"resourceArn": ARN, "tagKeys": [key]});
        self.aws.with(|world| world.call("ecs", "UntagResource", input)).unwrap();
    }

    /// A person sets the desired count.
    fn by_hand(&self, at: &str, count: u32) {
        self.aws.move_to(local(at));
        let input = json!({"cluster": "prod", "service": "users", "desiredCount": count});
        self.aws.with(|world| world.call("ecs", "UpdateService", input)).unwrap();
    }

    fn count(&self) -> i64 {
        self.size().0
    }

    fn size(&self) -> (i64, Option<(i64, [bool; 3])>) {
        self.aws.with(|world| size_in(world, "users"))
    }

    fn tag_of(&self, key: &str) -> Option<String> {
        self.aws.with(|world| world.tags("prod", "users").remove(key))
    }

    fn record(&self) -> String {
        self.tag_of("steward:record").unwrap_or_default()
    }
}

const ARN: &str = "arn:aws:ecs:sa-east-1:123456789012:service/prod/users";
const OVERRIDE: &str = "/services/users/override";
const DAY_SIZE: (i64, Option<(i64, [bool; 3])>) = (3, Some((2, [true, false, false])));
const ASLEEP: (i64, Option<(i64, [bool; 3])>) = (0, Some((0, [true; 3])));
