//! EC2 capacity through the real handlers: the machines sleep too, after the tasks and before the
//! morning's services.
//!
//! The stories play in São Paulo, three hours behind UTC. 2026-11-24 is a Tuesday.

mod asked;
mod kill;
mod mishaps;
mod night;
mod scale;
mod waiting;

use emulator::{Aws, GroupSeed, GroupView, JobSeed, ServiceSeed, World};
use jiff::Timestamp;
use local::{Response, Sent, System, system::Setup};
use serde_json::{Value, json};

use crate::openapi;

pub(crate) const OFFICE: &str = "Mon-Fri 08:00-20:00 America/Sao_Paulo";

/// `2026-11-24 20:00` in São Paulo.
pub(crate) fn local(text: &str) -> Timestamp {
    format!("{}:00-03:00", text.replace(' ', "T")).parse().unwrap()
}

/// The cluster `ec2` at an instant: the group `machines` (1 to 4, two `t2.micro`), `api` with two
/// tasks that fill them, and the DAEMON `agent`. Schedules are tagged as given.
pub(crate) fn ec2(at: &str, group: GroupSeed, api: ServiceSeed) -> World {
    let mut world = World::new(local(at));
    world.group(group);
    world.service("ec2", api.ec2().size(512, 500));
    world.service("ec2", ServiceSeed::new("agent").daemon().size(64, 64));
    world
}

pub(crate) fn machines() -> GroupSeed {
    GroupSeed::new("machines").sizes(1, 2, 4).cluster("ec2")
}

pub(crate) fn api() -> ServiceSeed {
    ServiceSeed::new("api").desired(2)
}

/// Both follow the same office hours.
pub(crate) fn office(at: &str) -> World {
    ec2(at, machines().tag("steward:schedule", OFFICE), api().tag("steward:schedule", OFFICE))
}

/// The family `nightly`, whose tasks end by themselves after so many hours.
pub(crate) fn job(world: &mut World, hours: u64) {
    let input = json!({
        "family": "nightly", "requiresCompatibilities": ["EC2"], "networkMode": "bridge",
        "containerDefinitions": [{"name": "nightly", "image": "nightly", "cpu": 64, "memory": 64, "essential": true}],
    });
    world.call("ecs", "RegisterTaskDefinition", input).unwrap();
    world.job("nightly", JobSeed::new().runs_for(std::time::Duration::from_hours(hours)));
}

/// Somebody runs one.
pub(crate) fn run_job(story: &Story) {
    let run = json!({"cluster": "ec2", "taskDefinition": "nightly", "launchType": "EC2"});
    let task = story.call("ecs", "RunTask", run);
    assert_eq!(task["tasks"].as_array().unwrap().len(), 1, "{task}");
}

/// A story: a world, a system that lives through it, and a clock in São Paulo's time.
pub(crate) struct Story {
    pub aws: Aws,
    pub system: System,
}

impl Story {
    pub(crate) async fn on(world: World) -> Self {
        Self::at(Aws::new(world), &[]).await
    }

    pub(crate) async fn at(aws: Aws, environment: &[(&str, &str)]) -> Self {
        let setup =
            environment.iter().fold(Setup::embedded(&aws), |setup, (name, value)| setup.with(name, value));
        let system = System::start(setup).await.unwrap();
        Self { aws, system }
    }

    /// The clock moves, and reconcile runs.
    pub(crate) async fn tick(&self, at: &str) -> Value {
        self.aws.move_to(local(at));
        self.system.invoke("scale-service", tick(&self.aws)).await.unwrap()
    }

    /// Minutes later its instances are in service, and another tick looks at it again.
    pub(crate) async fn becomes_whole(&self) {
        self.aws.advance(std::time::Duration::from_mins(5));
        self.system.invoke("scale-service", tick(&self.aws)).await.unwrap();
    }

    /// A tick every five minutes, from and to.
    pub(crate) async fn ticks(&self, from: &str, to: &str) {
        let (mut at, to) = (local(from), local(to));
        while at <= to {
            self.aws.move_to(at);
            self.system.invoke("scale-service", tick(&self.aws)).await.unwrap();
            at += jiff::SignedDuration::from_mins(5);
        }
    }

    pub(crate) async fn rest(&self, method: &str, path: &str, body: Value) -> Response {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let path = format!("/v1{path}");
        openapi::request(&self.system, &Sent { method: method.into(), path, headers: Vec::new(), body }).await
    }

    pub(crate) fn group(&self) -> GroupView {
        self.aws.with(|world| world.group_view("machines")).unwrap()
    }

    /// Min, desired, max, and what sleeps.
    pub(crate) fn size(&self) -> (i64, i64, i64, Vec<String>) {
        let group = self.group();
        (group.min, group.desired, group.max, group.suspended)
    }

    pub(crate) fn record(&self) -> String {
        self.group().tags.remove("steward:record").unwrap_or_default()
    }

    pub(crate) fn count(&self) -> i64 {
        self.aws.with(|world| world.desired_count("ec2", "api"))
    }

    pub(crate) fn running(&self) -> i64 {
        self.aws.with(|world| world.running_count("ec2", "api"))
    }

    /// A person sets a tag of the group `machines`, or takes it away.
    pub(crate) fn tag_group(&self, key: &str, value: Option<&str>) {
        let mut tag = json!({"ResourceId": "machines", "ResourceType": "auto-scaling-group", "Key": key});
        if let Some(value) = value {
            tag["Value"] = json!(value);
            tag["PropagateAtLaunch"] = json!(false);
        }
        let operation = if value.is_some() { "CreateOrUpdateTags" } else { "DeleteTags" };
        self.call("autoscaling", operation, json!({ "Tags": [tag] }));
    }

    pub(crate) fn writes(&self) -> Vec<String> {
        self.aws.writes().into_iter().map(|call| call.operation).collect()
    }

    pub(crate) fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        self.aws.with(|world| world.call(service, operation, input)).unwrap()
    }
}

pub(crate) fn tick(aws: &Aws) -> Value {
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
    json!({"action": "reconcile", "clusters": ["*"], "at": aws.now().to_string(), "schedule": schedule})
}

pub(crate) fn as_by_day() -> (i64, i64, i64, Vec<String>) {
    (1, 2, 4, Vec::new())
}

pub(crate) fn asleep() -> (i64, i64, i64, Vec<String>) {
    (0, 0, 4, vec!["AlarmNotification".into(), "ScheduledActions".into()])
}
