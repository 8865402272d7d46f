//! The bedtime check: an image that will be gone by the morning, told in the evening.

use std::io::Write;

use serde_json::{Value, json};

use super::DemoFault;
use super::day::{Day, summary, wrapped};
use super::look::list;
use super::pruning::shortened;
use super::system::{Delivery, DemoSystem};

/// The template's schedule for the check in the evening.
const CHECK: &str = "WakeCheckInTheEvening";
/// The service whose image the policy takes, in the repository of its name.
const TAKEN: &str = "posts";

impl<W: Write> Day<'_, W> {
    /// Somebody attaches a lifecycle policy, and means well.
    pub(super) fn a_policy_is_attached(&mut self) -> Result<(), DemoFault> {
        self.system.until(&self.before, 19, 30);
        self.printer
            .step(&self.system.now(), "Somebody tidies up: a lifecycle policy for the repository posts")?;
        let rule = json!({
            "rulePriority": 1,
            "description": "nothing older than 45 days",
            "selection": {
                "tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 45,
            },
            "action": {"type": "expire"},
        });
        let policy = json!({"rules": [rule]}).to_string();
        let input = json!({"repositoryName": TAKEN, "lifecyclePolicyText": policy});
        self.system.person_in("ecr", "PutLifecyclePolicy", input)?;
        self.printer.say(&format!("aws ecr put-lifecycle-policy --repository-name {TAKEN} …: {policy}"))?;
        Ok(self.printer.say("ECR runs such a policy by itself, with no regard to what is in use.")?)
    }

    /// The check says so in the evening. Where nobody reads it, the service does not come up.
    pub(super) async fn bedtime(&mut self) -> Result<(), DemoFault> {
        self.system.until(&self.before, 20, 15);
        self.printer.step(&self.system.now(), "The bedtime check: will what sleeps come back?")?;
        let check = self.check().await?;
        let wakes =
            |name: &str| line(&check, name).map(|line| line["canWake"].as_str().unwrap_or("-").to_owned());
        let because = line(&check, TAKEN).map(first_reason).unwrap_or_default();
        let mut wrong = Vec::new();
        for words in ["rule 1", "2026-11-25T03:00:00-03:00", "delete-lifecycle-policy"] {
            if !because.contains(words) {
                wrong.push(format!("nothing of {words}: {because}"));
            }
        }
        for (name, wanted) in [("users", "yes"), ("threads", "yes"), (TAKEN, "no")] {
            if wakes(name).as_deref() != Some(wanted) {
                wrong.push(format!("{name}: {:?}, and not {wanted}", wakes(name)));
            }
        }
        self.printer
            .told("posts will not wake: it says which rule, from when on, and what saves it", &wrong)?;
        let unread = self.system.elsewhere().await?;
        self.printer
            .say(&format!("Somebody reads it: aws ecr delete-lifecycle-policy --repository-name {TAKEN}"))?;
        self.system.person_in("ecr", "DeleteLifecyclePolicy", json!({"repositoryName": TAKEN}))?;
        let again = self.check().await?;
        let wrong = Vec::from_iter((summary_of(&again, "atRisk") != Some(0)).then(|| again.to_string()));
        self.printer.told("looked at again, all three will wake", &wrong)?;
        self.unread = Some(unread);
        Ok(())
    }

    /// What became of it where nobody read what the evening said.
    pub(super) async fn the_other_end(&mut self) -> Result<(), DemoFault> {
        let Some(mut unread) = self.unread.take() else { return Ok(()) };
        unread.until(&self.before, 22, 0);
        unread.tick().await?;
        unread.until(&self.before, 3, 0);
        // Older than so many days is a moment later.
        unread.until(&self.before, 3, 1);
        unread.run_lifecycle_policies();
        unread.until(&self.before, 8, 0);
        unread.tick().await?;
        unread.until(&self.before, 8, 5);
        let running = unread.running_tasks("microservices", TAKEN);
        let path = format!("/v1/clusters/microservices/tasks?service={TAKEN}&desiredStatus=STOPPED");
        let stopped = unread.get(&path).await?;
        let said = stopped.pointer("/tasks/0/stoppedReason").and_then(Value::as_str).unwrap_or_default();
        self.printer.say(&format!(
            "On a copy of this world nobody read the bedtime check, and ECR ran the policy at 03:00. There {running}\n\
             tasks of {TAKEN} run now. ECS says of one that it tried to start:\n{}",
            shortened(said)
        ))?;
        let here = self.system.running_tasks("microservices", TAKEN);
        let wrong = (running != 0 || here == 0).then(|| format!("{running} there, and {here} here"));
        Ok(self.printer.told("posts came back here, and did not come back there", &Vec::from_iter(wrong))?)
    }

    async fn check(&mut self) -> Result<Value, DemoFault> {
        let told = self.system.fire(CHECK).await?;
        self.printer.say(&format!("{CHECK} sends {}", told.event))?;
        self.printer.say(&format!("It answers: {}", summary(&told)))?;
        let Delivery { answer, .. } = told;
        let answer = answer.unwrap_or_default();
        let rows: Vec<Vec<String>> = list(&answer, "wake")
            .map(|line| {
                let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
                let because = first_reason(line);
                vec![text("service"), text("canWake"), text("at"), wrapped(&shortened(because))]
            })
            .collect();
        self.printer.table(&["service", "wakes", "at", "because"], &rows)?;
        Ok(answer)
    }
}

fn line<'c>(check: &'c Value, service: &str) -> Option<&'c Value> {
    list(check, "wake").find(|line| line["service"] == service)
}

/// The first of what there is to tell of a service.
fn first_reason(line: &Value) -> &str {
    line.pointer("/because/0/reason").and_then(Value::as_str).unwrap_or_default()
}

fn summary_of(check: &Value, field: &str) -> Option<u64> {
    check.get(field).and_then(Value::as_u64)
}

/// The system of the other São Paulo, until it is looked at.
pub(super) type Unread = Option<DemoSystem>;
