//! The story, act by act.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use jiff::ZonedDateTime;
use serde_json::{Value, json};

use super::bedtime::Unread;
use super::look::{Look, OVERRIDE, RECORD, SCHEDULE, ServiceRow, list};
use super::printer::Printer;
use super::score::{Score, hours};
use super::system::{Delivery, DemoSystem};
use super::{DemoFault, Outcome, Sabotage};

/// The evening's tick is killed after so many of its changes.
const KILLED_AFTER: usize = 4;

/// The service that gets an override.
const RELEASED: &str = "posts";
/// The service whose record somebody removes.
const FORGOTTEN: &str = "threads";

/// The day as far as it has been told.
pub(super) struct Day<'w, W> {
    pub(super) system: DemoSystem,
    pub(super) printer: Printer<'w, W>,
    /// How everything was in the first morning.
    pub(super) before: Look,
    /// The images of each repository, in the first morning.
    pub(super) started_with: BTreeMap<String, usize>,
    began: ZonedDateTime,
    pub(super) score: Score,
    pub(super) unread: Unread,
}

impl<'w, W: Write> Day<'w, W> {
    pub(super) async fn begin(out: &'w mut W) -> Result<Self, DemoFault> {
        let system = DemoSystem::new().await?;
        let (before, began) = (system.look().await?, system.now());
        let started_with = system.images();
        Ok(Self {
            system,
            printer: Printer::new(out),
            before,
            started_with,
            began,
            score: Score::default(),
            unread: None,
        })
    }

    /// The look.
    pub(super) async fn morning(&mut self) -> Result<(), DemoFault> {
        let now = self.system.now();
        self.printer.title(&format!(
            "\
Six days of ecs-steward, from {}. Times are those of São Paulo.

It happens on an embedded AWS in this process: no account is touched, and the hours pass in a
moment. What looks and what acts is the code that runs in Lambda, reached as Lambda and API
Gateway reach it. A ✓ is a promise that was checked.

The schedule Reconcile of the template fires every five minutes. Here it fires at the ticks that
matter, and at a few where nothing is due.",
            now.strftime("%A, %d %B %Y"),
        ))?;
        self.printer.step(&now, "What there is")?;
        self.printer.say("Two ECS clusters, everything up: GET /v1/clusters with Accept: text/plain.")?;
        let clusters = self.system.text("/v1/clusters").await?;
        self.printer.say(&format!("\n{clusters}"))?;
        let look = self.system.look().await?;
        self.service_table(&look)?;
        self.printer.told(
            "every service runs as many tasks as it wants",
            &self.before.wrong_in(&look, |_, is| is.incomplete()),
        )?;
        self.printer.say(&format!("Three of them say in a tag when they are on, {SCHEDULE}:"))?;
        let schedule = |s: &ServiceRow| s.schedule.clone().unwrap_or_else(|| "none".to_owned());
        let rows: Vec<_> = look.services.iter().map(|s| vec![s.path(), schedule(s)]).collect();
        self.printer.table(&["service", "its schedule"], &rows)?;
        self.printer
            .say("The other two have no schedule, so nobody will touch them: not the DAEMON either.")?;
        Ok(())
    }

    /// What has a schedule is adopted, and nothing is stopped by that.
    pub(super) async fn adoption(&mut self) -> Result<(), DemoFault> {
        self.printer
            .step(&self.system.now(), "The first tick: the schedule sends its reconcile to scale-service")?;
        let first = self.tick().await?;
        self.printer.say(&first.event.to_string())?;
        self.report(&first)?;
        let wrong = self.other_outcomes(&first, |_| "changed");
        self.printer.told("it adopts those three, and does not look at the others", &wrong)?;
        let look = self.system.look().await?;
        self.records(&look)?;
        let wrong = self.before.wrong_in(&look, |was, is| is.difference(was).or_else(|| is.incomplete()));
        self.printer.told("only the records are new: each runs on as it was", &wrong)?;
        self.printer.say("A record keeps what was last done, and the size. Whoever tags a service stops nothing by that, at\n\
             no hour: only the next change of its schedule acts.")?;
        self.quiet(&[(9, 5), (9, 10)]).await?;
        Ok(())
    }

    /// A task of a service cannot simply be stopped.
    pub(super) async fn a_task_is_stopped(&mut self) -> Result<(), DemoFault> {
        self.system.until(&self.before, 11, 30);
        self.printer.step(&self.system.now(), "Somebody stops a task of users")?;
        let before = self.tasks_of_users().await?;
        let Some((victim, _)) = before.first().cloned() else {
            return Ok(self
                .printer
                .told("users has a task that can be stopped", &["it has none".to_owned()])?);
        };
        let input = json!({"cluster": "microservices", "task": victim, "reason": "tired of it"});
        self.system.person("StopTask", input)?;
        self.system.until(&self.before, 11, 32);
        let after = self.tasks_of_users().await?;
        let status = |tasks: &[(String, String)], id: &str| {
            let found = tasks.iter().find(|(task, _)| task == id);
            found.map_or_else(|| "-".to_owned(), |(_, status)| status.clone())
        };
        let ids: BTreeSet<&String> = before.iter().chain(&after).map(|(id, _)| id).collect();
        let rows: Vec<_> =
            ids.into_iter().map(|id| vec![id.clone(), status(&before, id), status(&after, id)]).collect();
        self.printer.table(&["task of users", "11:30", "11:32"], &rows)?;
        let mut wrong = Vec::new();
        if after.len() != before.len() || after.iter().any(|(_, status)| status != "RUNNING") {
            wrong.push(format!("{} tasks, where it had {}", after.len(), before.len()));
        }
        if after.iter().any(|(id, _)| *id == victim) {
            wrong.push(format!("task {victim} is still there"));
        }
        self.printer.told("ECS starts another in its place", &wrong)?;
        self.printer.say(
            "So stopping tasks switches nothing off. The service itself must want none, and autoscaling\n\
             must not want them back.",
        )?;
        Ok(())
    }

    /// A release needs one service longer than its schedule allows.
    pub(super) async fn an_override(&mut self) -> Result<(), DemoFault> {
        self.quiet(&[(12, 0), (15, 0), (18, 55)]).await?;
        self.system.until(&self.before, 19, 0);
        self.printer.step(&self.system.now(), "A release: posts is to stay on until 22:00")?;
        let path = format!("/v1/clusters/microservices/services/{RELEASED}/override");
        let body = json!({"state": "on", "until": "2026-11-24T22:00:00-03:00", "reason": "release 4.2"});
        self.printer.say(&format!("PUT {path}\n{body}"))?;
        let put = self.system.put(&path, body).await?;
        self.score.request(put.calls);
        self.report(&put)?;
        let look = self.system.look().await?;
        let tag = look.scheduled().find(|s| s.name == RELEASED).and_then(|s| s.exception.clone());
        let wrong = tag.is_none().then(|| format!("{RELEASED} has no tag {OVERRIDE}"));
        self.printer
            .say(&format!("Its tag {OVERRIDE}, which has UTC, where 22:00 in São Paulo is 01:00Z:"))?;
        self.printer.say(&format!("{}\n", tag.unwrap_or_default()))?;
        self.printer.told("the override is on the service itself, with its end", &Vec::from_iter(wrong))?;
        let wrong = self.before.wrong_in(&look, |was, is| is.difference(was).or_else(|| is.incomplete()));
        self.printer.told("and its tasks run on as before", &wrong)?;
        Ok(())
    }

    /// The evening's tick, and what it leaves.
    pub(super) async fn evening(&mut self) -> Result<(), DemoFault> {
        self.quiet(&[(19, 55)]).await?;
        self.system.until(&self.before, 20, 0);
        self.printer.step(&self.system.now(), "The evening: users and threads are to go off")?;
        let killed = self.system.tick_and_kill(KILLED_AFTER).await?;
        self.score.tick(killed.calls);
        self.printer.say(&killed.event.to_string())?;
        self.printer.say(&format!(
            "Halfway through, right after its change number {}, the machine under it fails: no answer, no\n\
             goodbye.",
            killed.calls.writes
        ))?;
        let look = self.system.look().await?;
        self.records(&look)?;
        let lost = self.before.wrong_in(&look, |was, is| is.size_lost(was));
        self.printer.told("no size is lost: it was written down before anything was changed", &lost)?;

        self.system.until(&self.before, 20, 5);
        self.printer.step(&self.system.now(), "The next tick")?;
        let next = self.tick().await?;
        self.report(&next)?;
        let off = |s: &ServiceRow| if s.name == RELEASED { "unchanged" } else { "changed or unchanged" };
        let wrong = self.other_outcomes(&next, off);
        self.printer.told("what was begun is finished; posts stays, by its override", &wrong)?;

        self.system.until(&self.before, 20, 10);
        self.printer.step(&self.system.now(), "The tasks have ended")?;
        let look = self.system.look().await?;
        self.service_table(&look)?;
        let wrong = self.before.wrong_in(&look, |_, is| match is.name.as_str() {
            "users" | "threads" => is.not_off(),
            _ => None,
        });
        self.printer.told("of users and threads no task runs", &wrong)?;
        let wrong = self.before.wrong_in(&look, |was, is| match is.name.as_str() {
            RELEASED => is.difference(was).or_else(|| is.incomplete()),
            _ => None,
        });
        self.printer.told("posts runs as by day", &wrong)?;
        let awake = self.before.wrong_in(&look, |_, is| is.awake());
        self.printer.told("autoscaling sleeps: its min is 0 and all its activities are suspended", &awake)?;
        self.untouched(&look)?;
        self.printer.say(&format!(
            "What a service had is kept on itself, as the tag {RECORD}: its desired count n, and of its\n\
             autoscaling the min and which activities a person had suspended (--- is none). Records\n\
             have UTC: 23:00Z is 20:00 in São Paulo."
        ))?;
        self.records(&look)
    }

    /// Load comes, and nothing follows it. The override ends by itself.
    pub(super) async fn the_override_ends(&mut self) -> Result<(), DemoFault> {
        self.quiet(&[(20, 20), (21, 55)]).await?;
        self.system.until(&self.before, 22, 0);
        self.system.load("microservices", "users", 6);
        self.printer.step(
            &self.system.now(),
            "The override ends by itself; late visitors: the load on users would want 6 tasks",
        )?;
        self.printer.say("By day autoscaling would go to 6 within minutes.")?;
        let end = self.tick().await?;
        self.report(&end)?;
        let wrong = self.other_outcomes(&end, |s| if s.name == RELEASED { "changed" } else { "unchanged" });
        self.printer.told("nobody has to remember it: this tick takes posts off", &wrong)?;
        self.system.until(&self.before, 22, 5);
        self.printer.step(&self.system.now(), "Five minutes later")?;
        let after = self.tick().await?;
        self.printer.say(&format!("It answers: {}", summary(&after)))?;
        let look = self.system.look().await?;
        let left = self.before.wrong_in(&look, |_, is| is.exception.clone());
        self.printer.told("the override's tag is cleaned up", &left)?;
        let up = self.up(&look);
        self.printer.told("all three are off", &up)?;
        Ok(())
    }

    /// What breaks the story, if that is wanted.
    pub(super) fn sabotage(&mut self, sabotage: Option<Sabotage>) -> Result<(), DemoFault> {
        let Some(sabotage) = sabotage else { return Ok(()) };
        self.system.until(&self.before, 1, 30);
        let now = self.system.now();
        match sabotage {
            Sabotage::LoseRecord => {
                let arn = "arn:aws:ecs:sa-east-1:123456789012:service/microservices/posts";
                self.system.person("UntagResource", json!({"resourceArn": arn, "tagKeys": [RECORD]}))?;
                self.printer.step(&now, "Sabotage: somebody removes the record of posts")?;
            }
            Sabotage::WakeAtNight => {
                let input = json!({"cluster": "microservices", "service": "posts", "desiredCount": 1});
                self.system.person("UpdateService", input)?;
                self.printer.step(&now, "Sabotage: somebody raises posts to 1 task")?;
            }
        }
        Ok(())
    }

    /// A stopped service stays stopped, and a tick where nothing is due costs nothing.
    pub(super) async fn night(&mut self) -> Result<(), DemoFault> {
        self.system.until(&self.before, 2, 0);
        self.printer.step(&self.system.now(), "The night: still that load, and a tick like any other")?;
        let look = self.system.look().await?;
        self.service_table(&look)?;
        self.printer.told("what is off stays off, whatever the load", &self.up(&look))?;
        self.untouched(&look)?;
        let tick = self.tick().await?;
        self.printer.say(&format!("It answers: {}", summary(&tick)))?;
        let wrong = self.other_outcomes(&tick, |_| "unchanged");
        self.printer.told("the tick finds nothing to do", &wrong)?;
        self.printer.told("and changes nothing: not one write reaches AWS", &wrote(&tick))?;
        Ok(())
    }

    /// Infrastructure-as-code removes a tag that it does not know. Nobody has to wait for the morning to
    /// hear of it.
    pub(super) async fn a_record_is_removed(&mut self) -> Result<(), DemoFault> {
        self.system.until(&self.before, 3, 2);
        self.printer.step(&self.system.now(), "Somebody's Terraform removes a tag that it does not know")?;
        let look = self.system.look().await?;
        let record = look.scheduled().find(|s| s.name == FORGOTTEN).and_then(|s| s.record.clone());
        let record = record.unwrap_or_default();
        let arn = format!("arn:aws:ecs:sa-east-1:123456789012:service/microservices/{FORGOTTEN}");
        self.system.person("UntagResource", json!({"resourceArn": arn, "tagKeys": [RECORD]}))?;
        self.printer
            .say(&format!("It is {RECORD} of {FORGOTTEN}: without it nobody knows what {FORGOTTEN} had."))?;
        self.system.until(&self.before, 3, 5);
        let told = self.tick().await?;
        self.report(&told)?;
        let wrong = self.other_outcomes(&told, |s| if s.name == FORGOTTEN { "failed" } else { "unchanged" });
        self.printer.told("it is told at the next tick, and not in the morning", &wrong)?;
        self.printer.say("Somebody writes the record anew, from the log:")?;
        let tags = json!([{"key": RECORD, "value": record}]);
        self.printer.say(&format!("aws ecs tag-resource --resource-arn {arn} --tags '{tags}'\n"))?;
        self.system.person("TagResource", json!({"resourceArn": arn, "tags": tags}))?;
        self.system.until(&self.before, 3, 10);
        let mended = self.tick().await?;
        self.printer.say(&format!("It answers: {}", summary(&mended)))?;
        let wrong = self.other_outcomes(&mended, |_| "unchanged");
        self.printer.told("and it is mended before anybody comes to work", &wrong)?;
        self.system.until(&self.before, 6, 0);
        self.system.load("microservices", "users", 2);
        self.printer.step(&self.system.now(), "The late visitors are gone: the load would want 2 tasks")?;
        Ok(())
    }

    /// The morning's tick, and whether all is as it was.
    pub(super) async fn next_morning(&mut self) -> Result<(), DemoFault> {
        self.quiet(&[(7, 55)]).await?;
        self.system.until(&self.before, 8, 0);
        self.printer.step(&self.system.now(), "The morning")?;
        let start = self.tick().await?;
        self.report(&start)?;
        let wrong = self.other_outcomes(&start, |_| "changed");
        self.printer.told("all three go on again", &wrong)?;
        let look = self.system.look().await?;
        self.records(&look)?;
        self.printer.say(
            "While a service is starting, autoscaling may add tasks but take none away: its alarms have slept\n\
             on an empty service.",
        )?;

        self.system.until(&self.before, 8, 5);
        self.printer.step(&self.system.now(), "Five minutes later")?;
        let whole = self.tick().await?;
        self.printer.say(&format!("It answers: {}", summary(&whole)))?;
        let wrong = self.other_outcomes(&whole, |_| "changed");
        self.printer.told("all three are whole, and autoscaling may take tasks away again", &wrong)?;
        let look = self.system.look().await?;
        self.service_table(&look)?;
        let wrong = self.before.wrong_in(&look, |was, is| is.difference(was));
        self.printer
            .told("each is as it was: desired count, autoscaling's min, max and suspended flags", &wrong)?;
        self.printer.told(
            "and runs as many tasks as it wants",
            &self.before.wrong_in(&look, |_, is| is.incomplete()),
        )?;
        self.untouched(&look)?;
        self.score.returned(&self.before, &look);
        Ok(())
    }

    /// Autoscaling is really awake.
    pub(super) async fn load_by_day(&mut self) -> Result<(), DemoFault> {
        self.system.until(&self.before, 8, 30);
        self.system.load("microservices", "users", 4);
        self.printer.step(&self.system.now(), "By day, the load on users wants 4 tasks")?;
        self.system.until(&self.before, 8, 35);
        let look = self.system.look().await?;
        let wrong = self.before.wrong_in(&look, |_, is| match is.name.as_str() {
            "users" if is.desired != 4 => Some(format!("desired count {}", is.desired)),
            _ => is.incomplete(),
        });
        self.printer.told("autoscaling follows it again: users has 4", &wrong)?;
        Ok(())
    }

    /// On a holiday the services stay off.
    pub(super) async fn a_holiday(&mut self) -> Result<(), DemoFault> {
        self.system.until(&self.before, 9, 0);
        self.system.load("microservices", "users", 2);
        self.printer.step(&self.system.now(), "Tomorrow is a holiday, and the stack is told so")?;
        let catalog = json!({"zone": "America/Sao_Paulo", "holidays": ["2026-11-26"]});
        self.printer.say(&format!("SCHEDULES={catalog}"))?;
        self.system.deploy(&catalog).await?;
        let schedule = self.before.scheduled().find_map(|s| s.schedule.clone()).unwrap_or_default();
        let path = "/v1/schedules/preview";
        self.printer.say(&format!("What {schedule} means now: POST {path}"))?;
        let preview = self.system.ask("POST", path, &json!({"schedule": schedule, "count": 3})).await?;
        let rows: Vec<_> = list(&preview, "transitions")
            .map(|one| ["at", "to"].map(|field| one[field].as_str().unwrap_or_default().to_owned()).to_vec())
            .collect();
        self.printer.table(&["at", "to"], &rows)?;
        let thursday = rows.iter().flatten().filter(|text| text.starts_with("2026-11-26"));
        let none = rows.is_empty().then(|| "no transition at all".to_owned());
        let wrong: Vec<_> = thursday.cloned().chain(none).collect();
        self.printer.told("nothing goes on that Thursday", &wrong)?;

        self.system.until(&self.before, 20, 0);
        self.printer.step(&self.system.now(), "The evening")?;
        let off = self.tick().await?;
        self.printer.say(&format!("It answers: {}", summary(&off)))?;
        let wrong = self.other_outcomes(&off, |_| "changed");
        self.printer.told("all three go off", &wrong)?;

        self.system.until(&self.before, 8, 0);
        self.printer.step(&self.system.now(), "The holiday's morning")?;
        let holiday = self.tick().await?;
        self.printer.say(&format!("It answers: {}", summary(&holiday)))?;
        self.system.until(&self.before, 8, 5);
        let look = self.system.look().await?;
        let wrong = [self.other_outcomes(&holiday, |_| "unchanged or skipped"), self.up(&look)].concat();
        self.printer.told("it is Thursday, and they stay off", &wrong)?;

        self.system.until(&self.before, 7, 55);
        self.system.until(&self.before, 8, 0);
        self.printer.step(&self.system.now(), "The morning after it")?;
        let on = self.tick().await?;
        self.printer.say(&format!("It answers: {}", summary(&on)))?;
        self.system.until(&self.before, 8, 5);
        let whole = self.tick().await?;
        self.printer.say(&format!("Five minutes later: {}", summary(&whole)))?;
        let look = self.system.look().await?;
        let other = self.before.wrong_in(&look, |was, is| is.difference(was).or_else(|| is.incomplete()));
        let wrong = [self.other_outcomes(&on, |_| "changed"), other].concat();
        self.printer.told("on Friday everything is as it was on Tuesday", &wrong)?;
        self.untouched(&look)?;
        self.score.returned(&self.before, &look);
        Ok(())
    }

    /// The scoreboard.
    pub(super) fn end(mut self) -> Result<Outcome, DemoFault> {
        self.system.until(&self.before, 9, 0);
        let now = self.system.now();
        let seconds = now.duration_since(&self.began).as_secs();
        self.printer.step(&now, &format!("The scoreboard of {} hours", hours(seconds)))?;
        let throttled = self.system.throttled();
        let running = self.before.services.iter().map(|s| s.running).sum::<i64>();
        let rows = self.score.rows(running * seconds, self.system.task_seconds(), throttled);
        self.printer.table(&["what", "how much"], &rows)?;
        self.printer.say(&format!(
            "Task-hours are counted against Tuesday morning's {running} tasks, day and night."
        ))?;
        let wrong = (throttled > 0).then(|| format!("{throttled} calls"));
        self.printer
            .told("AWS throttled nothing: calls keep below its published rates", &Vec::from_iter(wrong))?;
        Ok(self.printer.end()?)
    }

    /// The schedule fires, and it is counted.
    pub(super) async fn tick(&mut self) -> Result<Delivery, DemoFault> {
        let tick = self.system.tick().await?;
        self.score.tick(tick.calls);
        Ok(tick)
    }

    /// One request of a person or a bot, whatever its answer, and it is counted.
    pub(super) async fn send(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, answer, calls) = self.system.send(method, path, body).await;
        self.score.request(calls);
        (status, answer)
    }

    /// Ticks at these times of the clock, where nothing is due.
    async fn quiet(&mut self, times: &[(i8, i8)]) -> Result<(), DemoFault> {
        let mut wrong = Vec::new();
        for (hour, minute) in times {
            self.system.until(&self.before, *hour, *minute);
            let tick = self.tick().await?;
            let found = [self.other_outcomes(&tick, |_| "unchanged or skipped"), wrote(&tick)].concat();
            wrong.extend(found.into_iter().map(|wrong| format!("{hour:02}:{minute:02}: {wrong}")));
        }
        let names: Vec<_> = times.iter().map(|(hour, minute)| format!("{hour:02}:{minute:02}")).collect();
        let names = names.join(", ");
        let what =
            if times.len() == 1 { "A tick, when nothing is due" } else { "Ticks, when nothing is due" };
        self.printer.step(&self.system.now(), &format!("{what}: {names}"))?;
        Ok(self.printer.told(&format!("nothing is changed at {names}: not one write reaches AWS"), &wrong)?)
    }

    /// The services with a schedule that are not off.
    fn up(&self, look: &Look) -> Vec<String> {
        self.before.wrong_in(look, |was, is| was.schedule.as_ref().and_then(|_| is.not_off()))
    }

    /// What has no schedule is let alone.
    fn untouched(&mut self, look: &Look) -> Result<(), DemoFault> {
        let wrong = self.before.wrong_in(look, |was, is| match was.schedule {
            Some(_) => None,
            None => is.touched(was),
        });
        Ok(self.printer.told("api-monolitica and node-agent, without a schedule, are untouched", &wrong)?)
    }

    fn records(&mut self, look: &Look) -> Result<(), DemoFault> {
        let (headings, rows) = look.record_table();
        Ok(self.printer.table(&headings, &rows)?)
    }

    fn service_table(&mut self, look: &Look) -> Result<(), DemoFault> {
        let (headings, rows) = look.service_table();
        Ok(self.printer.table(&headings, &rows)?)
    }

    /// What a function answered, as it says it itself.
    fn report(&mut self, delivery: &Delivery) -> Result<(), DemoFault> {
        let report = match &delivery.answer {
            Ok(report) => report,
            Err(problem) => {
                return Ok(self
                    .printer
                    .say(&format!("Lambda error {}: {}", problem.code, problem.detail))?);
            }
        };
        self.printer.say(&format!("It answers: {}", report["summary"].as_str().unwrap_or_default()))?;
        let count = |of: &Value| of["desiredCount"].as_i64().map(|n| n.to_string());
        let rows = list(report, "items").map(|item| {
            let text = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
            let desired = match (count(&item["before"]), count(&item["after"])) {
                (Some(before), Some(after)) if before != after => format!("{before} -> {after}"),
                (Some(before), Some(_)) => before,
                _ => "-".to_owned(),
            };
            vec![text("resource"), text("outcome"), desired, wrapped(&text("reason"))]
        });
        Ok(self.printer.table(&["item", "outcome", "desired", "reason"], &rows.collect::<Vec<_>>())?)
    }

    /// The items whose outcome is not this one, or one of these; what has no schedule has no item.
    fn other_outcomes(
        &self,
        delivery: &Delivery,
        wanted: impl Fn(&ServiceRow) -> &'static str,
    ) -> Vec<String> {
        let report = match &delivery.answer {
            Ok(report) => report,
            Err(problem) => return vec![format!("Lambda error {}: {}", problem.code, problem.detail)],
        };
        let found = |resource: &str| {
            let item = list(report, "items").find(|item| item["resource"] == resource);
            item.and_then(|item| item["outcome"].as_str()).unwrap_or(ABSENT)
        };
        let wrong = self.before.services.iter().filter_map(|service| {
            let wanted = if service.schedule.is_some() { wanted(service) } else { ABSENT };
            let outcome = found(&format!("service/{}", service.path()));
            let wrong = !wanted.split(" or ").any(|wanted| wanted == outcome);
            wrong.then(|| format!("{}: {outcome}, and not {wanted}", service.path()))
        });
        wrong.collect()
    }

    /// The tasks of users that shall run: their ids and last status.
    async fn tasks_of_users(&self) -> Result<Vec<(String, String)>, DemoFault> {
        let body = self.system.get("/v1/clusters/microservices/tasks?service=users").await?;
        let text =
            |one: &Value, field: &str| one.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let task = |one: &Value| {
            let arn = text(one, "taskArn");
            (shared::names::short_name(&arn).to_owned(), text(one, "lastStatus"))
        };
        Ok(list(&body, "tasks").map(task).collect())
    }
}

const ABSENT: &str = "absent from the report";

/// The one line that a function says.
pub(super) fn summary(delivery: &Delivery) -> String {
    match &delivery.answer {
        Ok(report) => report["summary"].as_str().unwrap_or_default().to_owned(),
        Err(problem) => format!("Lambda error {}: {}", problem.code, problem.detail),
    }
}

/// What is wrong where a delivery should have changed nothing.
fn wrote(delivery: &Delivery) -> Vec<String> {
    let writes = delivery.calls.writes;
    Vec::from_iter((writes > 0).then(|| format!("{writes} calls that change something")))
}

/// A reason in lines that a table has room for.
pub(super) fn wrapped(reason: &str) -> String {
    let mut lines = String::new();
    for part in reason.replace(", since ", "; since ").split("; ") {
        let mut room = 0;
        for word in part.split(' ') {
            let length = word.chars().count() + 1;
            match room {
                0 if lines.is_empty() => {}
                left if left < length => lines.push('\n'),
                _ => lines.push(' '),
            }
            room = if room < length { WIDTH } else { room } - length.min(WIDTH);
            lines.push_str(word);
        }
    }
    lines
}

/// The longest line of a reason, where its words allow it.
const WIDTH: usize = 50;
