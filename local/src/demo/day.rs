//! The story, act by act.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value, json};

use super::look::{Look, RECORD, list};
use super::score::Score;
use super::stage::{Delivery, Stage};
use super::teller::Teller;
use super::{DemoFault, Outcome, Sabotage};

/// The evening's stop is killed after so many of its changes.
const KILLED_AFTER: usize = 6;

/// The day as far as it has been told.
pub(super) struct Day<'w, W> {
    stage: Stage,
    tell: Teller<'w, W>,
    /// How everything was in the first morning.
    before: Look,
    /// The evening's stop.
    stop: Option<(String, Value)>,
    score: Score,
}

impl<'w, W: Write> Day<'w, W> {
    pub(super) async fn begin(out: &'w mut W) -> Result<Self, DemoFault> {
        let stage = Stage::new().await?;
        let before = stage.look().await?;
        Ok(Self { stage, tell: Teller::new(out), before, stop: None, score: Score::default() })
    }

    /// The look.
    pub(super) async fn morning(&mut self) -> Result<(), DemoFault> {
        let now = self.stage.now();
        self.tell.title(&format!(
            "\
A day and a night of ecs-steward, from {}. Times are those of São Paulo.

It happens on an embedded AWS in this process: no account is touched, and the hours pass in a
moment. What looks and what acts is the code that runs in Lambda, reached as Lambda and API
Gateway reach it. A ✓ is a promise that was checked.",
            now.strftime("%A, %d %B %Y"),
        ))?;
        self.tell.step(&now, "What there is")?;
        self.tell.say("Two ECS clusters, everything up: GET /v1/clusters, and …/services of each.")?;
        let look = self.stage.look().await?;
        self.cluster_table(&look)?;
        self.service_table(&look)?;
        self.tell.told(
            "every service runs as many tasks as it wants",
            &self.before.wrong_in(&look, |_, is| is.incomplete()),
        )?;
        Ok(())
    }

    /// A task of a service cannot simply be stopped.
    pub(super) async fn a_task_is_stopped(&mut self) -> Result<(), DemoFault> {
        self.stage.until(&self.before, 11, 30);
        self.tell.step(&self.stage.now(), "Somebody stops a task of users")?;
        let before = self.tasks_of_users().await?;
        let Some((victim, _)) = before.first().cloned() else {
            return Ok(self
                .tell
                .told("users has a task that can be stopped", &["it has none".to_owned()])?);
        };
        let input = json!({"cluster": "microservices", "task": victim, "reason": "tired of it"});
        self.stage.person("StopTask", input)?;
        self.stage.until(&self.before, 11, 32);
        let after = self.tasks_of_users().await?;
        let status = |tasks: &[(String, String)], id: &str| {
            let found = tasks.iter().find(|(task, _)| task == id);
            found.map_or_else(|| "-".to_owned(), |(_, status)| status.clone())
        };
        let ids: BTreeSet<&String> = before.iter().chain(&after).map(|(id, _)| id).collect();
        let rows: Vec<_> =
            ids.into_iter().map(|id| vec![id.clone(), status(&before, id), status(&after, id)]).collect();
        self.tell.table(&["task of users", "11:30", "11:32"], &rows)?;
        let mut wrong = Vec::new();
        if after.len() != before.len() || after.iter().any(|(_, status)| status != "RUNNING") {
            wrong.push(format!("{} tasks, where it had {}", after.len(), before.len()));
        }
        if after.iter().any(|(id, _)| *id == victim) {
            wrong.push(format!("task {victim} is still there"));
        }
        self.tell.told("ECS starts another in its place", &wrong)?;
        self.tell.say(
            "So stopping tasks switches nothing off. The service itself must want none, and autoscaling\n\
             must not want them back.",
        )?;
        Ok(())
    }

    /// The stop, and what it leaves.
    pub(super) async fn evening(&mut self) -> Result<(), DemoFault> {
        self.stage.until(&self.before, 20, 0);
        self.tell.step(&self.stage.now(), "The evening: the schedule sends its stop to scale-service")?;
        let (function, event) = self.stage.fire_and_kill("ScheduledStop", KILLED_AFTER).await?;
        self.tell.say(&event.to_string())?;
        self.tell.say(&format!(
            "Halfway through, right after its change number {}, the machine under it fails: no answer, no\n\
             goodbye.",
            KILLED_AFTER + 1
        ))?;
        let look = self.stage.look().await?;
        let rows = look
            .sleepers()
            .map(|s| vec![s.path(), s.desired.to_string(), s.record.clone().unwrap_or_default()]);
        self.tell.table(&["service", "desired", "its record"], &rows.collect::<Vec<_>>())?;
        let lost = self.before.wrong_in(&look, |was, is| is.size_lost(was));
        self.tell.told("no size is lost: it was written down before anything was changed", &lost)?;

        self.stage.until(&self.before, 20, 1);
        self.tell.step(&self.stage.now(), "Lambda delivers the same event again")?;
        let stop = self.stage.send(&function, event).await;
        self.report(&stop)?;
        let wrong = self.other_outcomes(&stop, &["changed", "unchanged"]);
        self.tell
            .told("what was begun is finished; only node-agent stays, which follows its instances", &wrong)?;
        self.score.events(&stop);
        self.stop = Some((stop.function, stop.event));

        self.stage.until(&self.before, 20, 5);
        self.tell.step(&self.stage.now(), "The tasks have ended")?;
        let look = self.stage.look().await?;
        self.service_table(&look)?;
        let wrong = self.before.wrong_in(&look, |was, is| {
            if was.daemon { is.difference(was).or_else(|| is.incomplete()) } else { is.not_off() }
        });
        self.tell.told("no task runs but the daemon's, and those all do", &wrong)?;
        let awake = self.before.wrong_in(&look, |_, is| is.awake());
        self.tell.told("autoscaling sleeps: its min is 0 and all its activities are suspended", &awake)?;
        self.tell.say(&format!(
            "What a service had is kept on itself, as the tag {RECORD}: its desired count n, and of its\n\
             autoscaling the min and which activities a person had suspended (--- is none). Records\n\
             have UTC: 23:00Z is 20:00 in São Paulo."
        ))?;
        let records = look.sleepers().map(|s| vec![s.path(), s.record.clone().unwrap_or_default()]);
        self.tell.table(&["service", "its record"], &records.collect::<Vec<_>>())?;
        Ok(())
    }

    /// Load comes, and nothing follows it.
    pub(super) fn load_at_night(&mut self) -> Result<(), DemoFault> {
        self.stage.until(&self.before, 22, 0);
        self.stage.load("microservices", "users", 6);
        self.tell.step(&self.stage.now(), "Late visitors: the load on users would want 6 tasks")?;
        self.tell.say("By day autoscaling would go to 6 within minutes.")?;
        Ok(())
    }

    /// What breaks the story, if that is wanted.
    pub(super) fn sabotage(&mut self, sabotage: Option<Sabotage>) -> Result<(), DemoFault> {
        let Some(sabotage) = sabotage else { return Ok(()) };
        self.stage.until(&self.before, 1, 30);
        let now = self.stage.now();
        match sabotage {
            Sabotage::LoseRecord => {
                let arn = "arn:aws:ecs:sa-east-1:123456789012:service/microservices/posts";
                self.stage.person("UntagResource", json!({"resourceArn": arn, "tagKeys": [RECORD]}))?;
                self.tell.step(&now, "Sabotage: somebody removes the record of posts")?;
            }
            Sabotage::WakeAtNight => {
                let input = json!({"cluster": "microservices", "service": "posts", "desiredCount": 1});
                self.stage.person("UpdateService", input)?;
                self.tell.step(&now, "Sabotage: somebody raises posts to 1 task")?;
            }
        }
        Ok(())
    }

    /// A stopped service stays stopped, and a repeated stop costs nothing.
    pub(super) async fn the_same_event_again(&mut self) -> Result<(), DemoFault> {
        self.stage.until(&self.before, 2, 0);
        self.tell.step(
            &self.stage.now(),
            "The night: still that load, and the evening's stop is delivered again",
        )?;
        let look = self.stage.look().await?;
        self.service_table(&look)?;
        let up = self.before.wrong_in(&look, |_, is| is.not_off());
        self.tell.told("what was stopped stays stopped", &up)?;
        if let Some((function, event)) = self.stop.clone() {
            let again = self.stage.send(&function, event).await;
            self.report(&again)?;
            let wrong = self.other_outcomes(&again, &["unchanged"]);
            self.tell.told("a stop of what is off finds nothing to do", &wrong)?;
            let wrote = (again.writes > 0).then(|| format!("{} calls that change something", again.writes));
            self.tell.told("and changes nothing: not one write reaches AWS", &Vec::from_iter(wrote))?;
            self.score.events(&again);
        }
        self.stage.until(&self.before, 6, 0);
        self.stage.load("microservices", "users", 2);
        self.tell.step(&self.stage.now(), "The late visitors are gone: the load would want 2 tasks")?;
        Ok(())
    }

    /// The start, and whether all is as it was.
    pub(super) async fn next_morning(&mut self) -> Result<(), DemoFault> {
        self.stage.until(&self.before, 8, 0);
        self.tell.step(&self.stage.now(), "The morning: the schedule sends its start")?;
        let start = self.stage.fire("ScheduledStart").await?;
        self.report(&start)?;
        let wrong = self.other_outcomes(&start, &["changed"]);
        self.tell.told("all of them go on again", &wrong)?;
        self.score.events(&start);

        self.stage.until(&self.before, 8, 5);
        self.tell.step(&self.stage.now(), "Five minutes later")?;
        let look = self.stage.look().await?;
        self.service_table(&look)?;
        let wrong = self.before.wrong_in(&look, |was, is| is.difference(was));
        self.tell
            .told("each is as it was: desired count, autoscaling's min, max and suspended flags", &wrong)?;
        self.tell.told(
            "and runs as many tasks as it wants",
            &self.before.wrong_in(&look, |_, is| is.incomplete()),
        )?;
        self.score.returned(&self.before, &look);
        Ok(())
    }

    /// Autoscaling is really awake.
    pub(super) async fn load_by_day(&mut self) -> Result<(), DemoFault> {
        self.stage.until(&self.before, 8, 30);
        self.stage.load("microservices", "users", 4);
        self.tell.step(&self.stage.now(), "By day, the load on users wants 4 tasks")?;
        self.stage.until(&self.before, 8, 35);
        let look = self.stage.look().await?;
        let wrong = self.before.wrong_in(&look, |_, is| match is.name.as_str() {
            "users" if is.desired != 4 => Some(format!("desired count {}", is.desired)),
            _ => is.incomplete(),
        });
        self.tell.told("autoscaling follows it again: users has 4", &wrong)?;
        Ok(())
    }

    /// The scoreboard.
    pub(super) fn end(mut self) -> Result<Outcome, DemoFault> {
        self.stage.until(&self.before, 9, 0);
        self.tell.step(&self.stage.now(), "The scoreboard of 24 hours")?;
        let throttled = self.stage.throttled();
        let planned = self.before.services.iter().map(|s| s.running).sum::<i64>() * 24 * 60 * 60;
        let rows = self.score.rows(planned, self.stage.task_seconds(), throttled);
        self.tell.table(&["what", "how much"], &rows)?;
        let wrong = (throttled > 0).then(|| format!("{throttled} calls"));
        self.tell
            .told("AWS throttled nothing: calls keep below its published rates", &Vec::from_iter(wrong))?;
        Ok(self.tell.end()?)
    }

    fn cluster_table(&mut self, look: &Look) -> Result<(), DemoFault> {
        let (headings, rows) = look.cluster_table();
        Ok(self.tell.table(&headings, &rows)?)
    }

    fn service_table(&mut self, look: &Look) -> Result<(), DemoFault> {
        let (headings, rows) = look.service_table();
        Ok(self.tell.table(&headings, &rows)?)
    }

    /// What a function answered, as it says it itself.
    fn report(&mut self, delivery: &Delivery) -> Result<(), DemoFault> {
        let report = match &delivery.answer {
            Ok(report) => report,
            Err(problem) => {
                return Ok(self.tell.say(&format!("Lambda error {}: {}", problem.code, problem.detail))?);
            }
        };
        self.tell.say(&format!("It answers: {}", report["summary"].as_str().unwrap_or_default()))?;
        let count = |of: &Value| of["desiredCount"].as_i64().map(|n| n.to_string());
        let rows = list(report, "items").map(|item| {
            let text = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
            let desired = match (count(&item["before"]), count(&item["after"])) {
                (Some(before), Some(after)) if before != after => format!("{before} -> {after}"),
                (Some(before), Some(_)) => before,
                _ => "-".to_owned(),
            };
            vec![text("resource"), text("outcome"), desired, text("reason")]
        });
        Ok(self.tell.table(&["item", "outcome", "desired", "reason"], &rows.collect::<Vec<_>>())?)
    }

    /// The items of services that can sleep, where their outcome is not this one; a daemon's is `skipped`.
    fn other_outcomes(&self, delivery: &Delivery, wanted: &[&str]) -> Vec<String> {
        let report = match &delivery.answer {
            Ok(report) => report,
            Err(problem) => return vec![format!("Lambda error {}: {}", problem.code, problem.detail)],
        };
        let found = |resource: &str| {
            let item = list(report, "items").find(|item| item["resource"] == resource);
            item.and_then(|item| item["outcome"].as_str()).unwrap_or("not in the report")
        };
        let wrong = self.before.services.iter().filter_map(|service| {
            let wanted = if service.daemon { &["skipped"] } else { wanted };
            let outcome = found(&format!("service/{}", service.path()));
            let wrong = !wanted.contains(&outcome);
            wrong.then(|| format!("{}: {outcome}, not {}", service.path(), wanted.join(" or ")))
        });
        wrong.collect()
    }

    /// The tasks of users that shall run: their ids and last status.
    async fn tasks_of_users(&self) -> Result<Vec<(String, String)>, DemoFault> {
        let body = self.stage.get("/v1/clusters/microservices/tasks?service=users").await?;
        let text =
            |one: &Value, field: &str| one.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let task = |one: &Value| {
            let arn = text(one, "taskArn");
            (shared::names::short_name(&arn).to_owned(), text(one, "lastStatus"))
        };
        Ok(list(&body, "tasks").map(task).collect())
    }
}
