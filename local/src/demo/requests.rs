//! What operators do by day: tasks are run and stopped, and a service's task is not.

use std::io::Write;

use serde_json::{Value, json};
use shared::names::short_name;

use super::DemoFault;
use super::day::Day;
use super::look::list;

const TASKS: &str = "/v1/clusters/microservices/tasks";
/// A task takes a minute to come up or to end.
const MINUTE: (i8, i8) = (8, 42);

impl<W: Write> Day<'_, W> {
    /// A task is run three times, one of them is stopped, and a service's task is not.
    pub(super) async fn requests(&mut self) -> Result<(), DemoFault> {
        self.system.until(&self.before, 8, 40);
        self.printer.step(&self.system.now(), "Somebody needs three tasks of users, for a migration")?;
        let body = json!({"taskDefinition": "users", "like": "users", "count": 3,
            "idempotencyKey": "migration-4.2", "startedBy": "ana"});
        self.printer.say(&format!("POST {TASKS}\n{body}"))?;
        let (status, ran) = self.send("POST", TASKS, &body).await;
        self.printer.say(&format!("It answers {status}: {}\n", text(&ran, "summary")))?;
        let tasks: Vec<String> = list(&ran, "started").map(|task| text(task, "taskArn")).collect();
        let wrong = (tasks.len() != 3).then(|| ran.to_string());
        self.printer.told("three were started, in the service's own network", &Vec::from_iter(wrong))?;
        let (status, again) = self.send("POST", TASKS, &body).await;
        self.printer.say(&format!("Sent again, it answers {status}: {}", text(&again, "summary")))?;
        let same: Vec<String> = list(&again, "started").map(|task| text(task, "taskArn")).collect();
        let wrong = (same != tasks).then(|| again.to_string());
        self.printer.told("the same key starts no fourth", &Vec::from_iter(wrong))?;

        self.system.until(&self.before, MINUTE.0, MINUTE.1);
        let shown = self.system.text(&format!("{TASKS}?startedBy=ana")).await?;
        self.printer.step(&self.system.now(), &format!("GET {TASKS}?startedBy=ana, as a table"))?;
        self.printer.say(&format!("\n{shown}\n"))?;
        self.one_is_stopped(&tasks).await?;
        self.a_services_task_is_not().await?;
        // What is left of them must not count as the services' own.
        let rest = json!({"startedBy": "ana", "reason": "the migration is done"});
        let (status, done) = self.send("POST", &format!("{TASKS}/stop"), &rest).await;
        self.printer
            .say(&format!("The others, by who started them: {status}, {}", text(&done, "summary")))?;
        let wrong = (changed(&done) != 2).then(|| done.to_string());
        self.printer.told("the other two are stopped", &Vec::from_iter(wrong))?;
        Ok(())
    }

    async fn one_is_stopped(&mut self, tasks: &[String]) -> Result<(), DemoFault> {
        let first = tasks.first().map(|arn| short_name(arn)).unwrap_or_default();
        let path = format!("{TASKS}/{first}/stop");
        let (status, stopped) = self.send("POST", &path, &json!({"reason": "one too many"})).await;
        self.printer.step(&self.system.now(), "One of them was too many")?;
        self.printer.say(&format!("POST {path}\nIt answers {status}: {}", text(&stopped, "summary")))?;
        let wrong = (changed(&stopped) != 1).then(|| stopped.to_string());
        Ok(self.printer.told("it is stopped, with the reason on it", &Vec::from_iter(wrong))?)
    }

    async fn a_services_task_is_not(&mut self) -> Result<(), DemoFault> {
        let of_users = self.system.get(&format!("{TASKS}?service=users")).await?;
        let task = list(&of_users, "tasks").next().map(|task| text(task, "taskArn")).unwrap_or_default();
        let path = format!("{TASKS}/{}/stop", short_name(&task));
        let (status, refused) = self.send("POST", &path, &json!({})).await;
        self.printer.step(&self.system.now(), "And a task of the service users itself?")?;
        self.printer.say(&format!("POST {path}\nIt answers {status}: {}", text(&refused, "detail")))?;
        let action = refused.get("actions").and_then(|actions| actions.get(0)).cloned().unwrap_or_default();
        self.printer.say(&format!("actions[0]: {action}"))?;
        let ready = action.get("path").and_then(Value::as_str)
            == Some("/v1/clusters/microservices/services/users/stop");
        let wrong = (status != 409 || !ready).then(|| refused.to_string());
        Ok(self
            .printer
            .told("it is refused, with the request that would do instead", &Vec::from_iter(wrong))?)
    }
}

fn text(of: &Value, field: &str) -> String {
    of.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn changed(report: &Value) -> u64 {
    report.pointer("/counts/changed").and_then(Value::as_u64).unwrap_or_default()
}
