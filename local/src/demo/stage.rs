//! The world of the story, the system on it, and the hands that move time, load and people.

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
pub(super) struct Stage {
    aws: Aws,
    system: System,
    zone: TimeZone,
    /// Task-seconds run since the start.
    run: i64,
}

/// An event that reached a function, and what became of it.
pub(super) struct Delivery {
    pub(super) function: String,
    pub(super) event: Value,
    pub(super) answer: Result<Value, Problem>,
    pub(super) reads: usize,
    pub(super) writes: usize,
}

impl Stage {
    pub(super) async fn new() -> Result<Self, DemoFault> {
        let aws = Aws::new(World::demo());
        let system = System::start(Setup::embedded(&aws)).await?;
        let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
        Ok(Self { aws, system, zone, run: 0 })
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
            services.push((name.to_owned(), self.get(&format!("/v1/clusters/{name}/services")).await?));
        }
        Ok(Look::of(&clusters, &services))
    }

    /// One GET through the API.
    pub(super) async fn get(&self, path: &str) -> Result<Value, DemoFault> {
        let sent = Sent { method: "GET".into(), path: path.into(), ..Sent::default() };
        let response = self.system.request(&sent).await;
        match response.status {
            200 => Ok(response.json()),
            status => Err(DemoFault::Look { path: path.into(), status, body: response.body }),
        }
    }

    /// A schedule of the template fires, now.
    pub(super) async fn fire(&self, schedule: &str) -> Result<Delivery, DemoFault> {
        let (function, event) = self.event(schedule)?;
        Ok(self.send(&function, event).await)
    }

    /// What a schedule of the template sends now, and to which function.
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

    /// A schedule of the template fires, and the function's process is killed right after AWS has
    /// done its `k`-th change: what was under way there never comes to an end.
    pub(super) async fn fire_and_kill(
        &mut self,
        schedule: &str,
        k: usize,
    ) -> Result<(String, Value), DemoFault> {
        let (function, event) = self.event(schedule)?;
        // A rehearsal on a copy of the world says which call that is.
        let rehearsal = self.aws.fork();
        let rehearsed = System::start(Setup::embedded(&rehearsal)).await?;
        let _ = rehearsed.invoke(&function, event.clone()).await;
        let calls = rehearsal.ledger();
        let place =
            calls.iter().enumerate().filter(|(_, call)| call.write).nth(k).map_or(0, |(place, _)| place);
        let killed = self.aws.kill_at(place, Moment::After);
        tokio::select! {
            () = killed.wait() => {}
            done = self.system.invoke(&function, event.clone()) => {
                return Err(DemoFault::Schedule(format!("the function was to be killed, and ended first: {done:?}")));
            }
        }
        drop(killed);
        // Lambda starts another process for the next event.
        self.system = System::start(Setup::embedded(&self.aws)).await?;
        Ok((function, event))
    }

    /// An event reaches a function.
    pub(super) async fn send(&self, function: &str, event: Value) -> Delivery {
        let (calls, writes) = (self.aws.ledger().len(), self.aws.writes().len());
        let answer = self.system.invoke(function, event.clone()).await;
        let calls = self.aws.ledger().len() - calls;
        let writes = self.aws.writes().len() - writes;
        Delivery { function: function.to_owned(), event, answer, reads: calls - writes, writes }
    }

    /// How many calls AWS has throttled.
    pub(super) fn throttled(&self) -> usize {
        let throttled = |code: &String| code.starts_with("Throttl");
        self.aws.ledger().iter().filter(|call| call.outcome.as_ref().is_err_and(throttled)).count()
    }

    /// A person does something with the AWS CLI.
    pub(super) fn person(&self, operation: &str, input: Value) -> Result<Value, DemoFault> {
        let done = self.aws.with(|world| world.call("ecs", operation, input));
        done.map_err(|fault| DemoFault::Person(format!("{operation}: {}", fault.message)))
    }

    /// The load on a service asks for this many tasks.
    pub(super) fn load(&self, cluster: &str, service: &str, tasks: i64) {
        self.aws.with(|world| {
            world.load(cluster, service, tasks);
        });
    }
}
