//! The world of the story, the system on it, and what moves time, load and people.

use std::collections::BTreeMap;
use std::time::Duration;

use emulator::{Aws, Moment, World};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _, ZonedDateTime, civil};
use serde_json::Value;
use shared::Problem;

use super::DemoFault;
use super::look::{Look, list};
use crate::gateway::Sent;
use crate::system::{Setup, System};

/// The zone of the demo's world.
const ZONE: &str = "America/Sao_Paulo";

/// The world of the story and the system on it.
pub(super) struct DemoSystem {
    aws: Aws,
    system: System,
    /// `SCHEDULES` of the stack, once somebody has set it.
    catalog: Option<String>,
    zone: TimeZone,
    /// Task-seconds run since the start.
    run: i64,
}

/// An event or a request that reached a function, and what became of it.
pub(super) struct Delivery {
    pub(super) event: Value,
    pub(super) answer: Result<Value, Problem>,
    pub(super) calls: Calls,
}

/// An event whose function was killed.
pub(super) struct Killed {
    pub(super) event: Value,
    pub(super) calls: Calls,
}

/// How many calls AWS got.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Calls {
    pub(super) reads: usize,
    pub(super) writes: usize,
}

/// The template's schedule that the story lives by.
const RECONCILE: &str = "Reconcile";

impl DemoSystem {
    pub(super) async fn new() -> Result<Self, DemoFault> {
        let aws = Aws::new(World::demo());
        let system = Box::pin(System::start(Setup::embedded(&aws))).await?;
        let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
        Ok(Self { aws, system, catalog: None, zone, run: 0 })
    }

    /// The functions on this AWS, as the stack has set them up.
    async fn deployed(&self, aws: &Aws) -> Result<System, DemoFault> {
        let setup = Setup::embedded(aws);
        let setup = match &self.catalog {
            Some(catalog) => setup.with("SCHEDULES", catalog),
            None => setup,
        };
        Ok(Box::pin(System::start(setup)).await?)
    }

    /// Somebody updates the stack with these named schedules and holidays.
    pub(super) async fn deploy(&mut self, catalog: &Value) -> Result<(), DemoFault> {
        self.catalog = Some(catalog.to_string());
        self.system = self.deployed(&self.aws).await?;
        Ok(())
    }

    pub(super) fn now(&self) -> ZonedDateTime {
        self.aws.now().to_zoned_datetime(self.zone.clone())
    }

    /// Lets time pass until the next time that clocks show this, and counts the tasks that run.
    pub(super) fn until(&mut self, look: &Look, hour: i8, minute: i8) {
        let now = self.now();
        let clock = civil::time(hour, minute, 0, 0);
        let today = now.with().time(clock).build().unwrap_or_else(|_| now.clone());
        let end = if today > now { today } else { today.saturating_add(1.day()) };
        while self.now() < end {
            let left = end.duration_since(&self.now());
            let step = left.min(SignedDuration::from_mins(1));
            self.run += self.running(look) * step.as_secs();
            self.aws.advance(Duration::try_from(step).unwrap_or_default());
        }
    }

    fn running(&self, look: &Look) -> i64 {
        self.aws.with(|world| look.services.iter().map(|s| world.running_count(&s.cluster, &s.name)).sum())
    }

    /// Task-seconds run since the start.
    pub(super) fn task_seconds(&self) -> i64 {
        self.run
    }

    /// A look at everything, through the API.
    pub(super) async fn look(&self) -> Result<Look, DemoFault> {
        let clusters = self.get("/v1/clusters").await?;
        let mut services = Vec::new();
        for cluster in list(&clusters, "clusters") {
            let name = cluster.get("clusterName").and_then(Value::as_str).unwrap_or_default();
            services.push((
                name.to_owned(),
                self.get(&format!("/v1/clusters/{name}/services?include=tags")).await?,
            ));
        }
        Ok(Look::of(&services))
    }

    /// One GET through the API.
    pub(super) async fn get(&self, path: &str) -> Result<Value, DemoFault> {
        self.ask("GET", path, &Value::Null).await
    }

    /// One request through the API.
    pub(super) async fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, DemoFault> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let sent = Sent { method: method.into(), path: path.into(), body, ..Sent::default() };
        let response = Box::pin(self.system.request(&sent)).await;
        match response.status {
            200 => Ok(response.json()),
            status => Err(DemoFault::Request {
                method: method.into(),
                path: path.into(),
                status,
                body: response.body,
            }),
        }
    }

    /// One request through the API, whatever its answer.
    pub(super) async fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value, Calls) {
        let before = self.calls();
        let body = body.to_string().into_bytes();
        let sent = Sent { method: method.into(), path: path.into(), body, ..Sent::default() };
        let response = Box::pin(self.system.request(&sent)).await;
        (response.status, response.json(), self.calls() - before)
    }

    /// One GET through the API, as the table that people get.
    pub(super) async fn text(&self, path: &str) -> Result<String, DemoFault> {
        let headers = vec![("Accept".to_owned(), "text/plain".to_owned())];
        let sent = Sent { method: "GET".into(), path: path.into(), headers, ..Sent::default() };
        let response = Box::pin(self.system.request(&sent)).await;
        match response.status {
            200 => Ok(response.body),
            status => {
                let (method, path) = ("GET".into(), path.into());
                Err(DemoFault::Request { method, path, status, body: response.body })
            }
        }
    }

    /// One PUT through the API, with the report that it answers.
    pub(super) async fn put(&self, path: &str, body: Value) -> Result<Delivery, DemoFault> {
        let before = self.calls();
        let answer = Ok(self.ask("PUT", path, &body).await?);
        Ok(Delivery { event: body, answer, calls: self.calls() - before })
    }

    /// The template's schedule for reconcile fires, now.
    pub(super) async fn tick(&self) -> Result<Delivery, DemoFault> {
        self.fire(RECONCILE).await
    }

    /// A schedule of the template fires, now.
    pub(super) async fn fire(&self, schedule: &str) -> Result<Delivery, DemoFault> {
        let (function, event) = self.event(schedule)?;
        let before = self.calls();
        let answer = Box::pin(self.system.invoke(&function, event.clone())).await;
        Ok(Delivery { event, answer, calls: self.calls() - before })
    }

    /// What a schedule sends now, and to which function.
    fn event(&self, schedule: &str) -> Result<(String, Value), DemoFault> {
        let known = &self.system.template().schedules;
        let found = known.iter().find(|one| one.name == schedule);
        let found = found.ok_or_else(|| DemoFault::Schedule(format!("it has no schedule {schedule}")))?;
        let arn = format!("arn:aws:scheduler:sa-east-1:123456789012:schedule/default/{schedule}");
        // Scheduler's instants are whole seconds.
        let at = shared::record::whole_seconds(self.aws.now());
        let event = found.event(at, &arn).map_err(DemoFault::Schedule)?;
        Ok((found.function.clone(), event))
    }

    /// That schedule fires, and the function's process is killed right after AWS has done its
    /// `k`-th change: what was under way there never comes to an end.
    pub(super) async fn tick_and_kill(&mut self, k: usize) -> Result<Killed, DemoFault> {
        let (function, event) = self.event(RECONCILE)?;
        // A rehearsal on a copy of the world says which call that is.
        let rehearsal = self.aws.fork();
        let rehearsed = self.deployed(&rehearsal).await?;
        let _ = Box::pin(rehearsed.invoke(&function, event.clone())).await;
        drop(rehearsed);
        let calls = rehearsal.ledger();
        let mut changes = calls.iter().enumerate().filter(|(_, call)| call.write);
        let Some((place, _)) = changes.nth(k.saturating_sub(1)) else {
            return Err(DemoFault::Schedule(format!("{RECONCILE} makes fewer than {k} changes")));
        };
        let before = self.calls();
        let killed = self.aws.kill_at(place, Moment::After);
        tokio::select! {
            () = killed.wait() => {}
            done = Box::pin(self.system.invoke(&function, event.clone())) => {
                return Err(DemoFault::Schedule(format!("the function was to be killed, and ended first: {done:?}")));
            }
        }
        drop(killed);
        // Lambda starts another process for the next event.
        self.system = self.deployed(&self.aws).await?;
        Ok(Killed { event, calls: self.calls() - before })
    }

    /// How many calls AWS has got so far.
    fn calls(&self) -> Calls {
        let writes = self.aws.writes().len();
        Calls { reads: self.aws.ledger().len() - writes, writes }
    }

    /// How many calls AWS has throttled.
    pub(super) fn throttled(&self) -> usize {
        let throttled = |code: &String| code.starts_with("Throttl");
        self.aws.ledger().iter().filter(|call| call.outcome.as_ref().is_err_and(throttled)).count()
    }

    /// The same, on a copy of the world, where things may go another way.
    pub(super) async fn elsewhere(&self) -> Result<Self, DemoFault> {
        let aws = self.aws.fork();
        let system = self.deployed(&aws).await?;
        Ok(Self { aws, system, catalog: self.catalog.clone(), zone: self.zone.clone(), run: 0 })
    }

    /// ECR runs the lifecycle policies that are attached to repositories.
    pub(super) fn run_lifecycle_policies(&self) {
        self.aws.with(|world| {
            world.run_lifecycle_policies();
        });
    }

    /// How many tasks of a service run.
    pub(super) fn running_tasks(&self, cluster: &str, service: &str) -> i64 {
        self.aws.with(|world| world.running_count(cluster, service))
    }

    /// A person does something with the AWS CLI.
    pub(super) fn person(&self, operation: &str, input: Value) -> Result<Value, DemoFault> {
        self.person_in("ecs", operation, input)
    }

    /// The same in another service of AWS.
    pub(super) fn person_in(&self, service: &str, operation: &str, input: Value) -> Result<Value, DemoFault> {
        let done = self.aws.with(|world| world.call(service, operation, input));
        done.map_err(|fault| DemoFault::Person(format!("{operation}: {}", fault.message)))
    }

    /// A person tags an Auto Scaling group.
    pub(super) fn tag_group(&self, group: &str, key: &str, value: &str) -> Result<(), DemoFault> {
        let tag = serde_json::json!({"ResourceId": group, "ResourceType": "auto-scaling-group",
            "Key": key, "Value": value, "PropagateAtLaunch": false});
        let input = serde_json::json!({ "Tags": [tag] });
        let done = self.aws.with(|world| world.call("autoscaling", "CreateOrUpdateTags", input));
        done.map(drop).map_err(|fault| DemoFault::Person(format!("CreateOrUpdateTags: {}", fault.message)))
    }

    /// A machine fails.
    pub(super) fn kill_instance(&self, id: &str) {
        self.aws.with(|world| {
            world.kill_instance(id);
        });
    }

    /// How many images each repository has.
    pub(super) fn images(&self) -> BTreeMap<String, usize> {
        let repositories = ["api-monolitica", "node-agent", "posts", "threads", "users"];
        self.aws.with(|world| {
            repositories.map(|name| (name.to_owned(), world.images(name).len())).into_iter().collect()
        })
    }

    /// The load on a service asks for this many tasks.
    pub(super) fn load(&self, cluster: &str, service: &str, tasks: i64) {
        self.aws.with(|world| {
            world.load(cluster, service, tasks);
        });
    }
}

impl std::ops::Sub for Calls {
    type Output = Self;
    fn sub(self, before: Self) -> Self {
        Self { reads: self.reads - before.reads, writes: self.writes - before.writes }
    }
}
