//! A weekend in which the machines sleep too.

use std::io::Write;

use serde_json::{Value, json};

use super::DemoFault;
use super::day::{Day, summary};
use super::look::{SCHEDULE, list};

const GROUP: &str = "/v1/auto-scaling-groups/ecs-api";
const OFFICE: &str = "Mon-Fri 08:00-20:00 America/Sao_Paulo";

impl<W: Write> Day<'_, W> {
    /// An instance fails by day; in the evening the machines go after the tasks, and on Monday come
    /// before them.
    pub(super) async fn machines(&mut self) -> Result<(), DemoFault> {
        self.system.until(&self.before, 10, 0);
        self.printer
            .step(&self.system.now(), "Friday: the two machines of ecs-api get the schedule as well")?;
        self.printer.say(&format!(
            "{SCHEDULE}={OFFICE}, on the Auto Scaling group ecs-api and on its service api-monolitica."
        ))?;
        let arn = "arn:aws:ecs:sa-east-1:123456789012:service/ecs-api/api-monolitica";
        self.system.person(
            "TagResource",
            json!({"resourceArn": arn, "tags": [{"key": SCHEDULE, "value": OFFICE}]}),
        )?;
        self.system.tag_group("ecs-api", SCHEDULE, OFFICE)?;
        let adopted = self.tick().await?;
        self.printer.say(&format!("The next tick answers: {}", summary(&adopted)))?;
        let (desired, up) = self.size().await?;
        self.printer.told("they are adopted, and run on", &wrong((desired, up), (2, 2)))?;

        self.system.until(&self.before, 11, 0);
        self.printer.step(&self.system.now(), "One of the two machines dies")?;
        let group = self.system.get(GROUP).await?;
        let victim = group.pointer("/AutoScalingGroups/0/Instances/0/InstanceId").and_then(Value::as_str);
        let victim = victim.unwrap_or_default().to_owned();
        self.system.kill_instance(&victim);
        self.system.until(&self.before, 11, 10);
        let (desired, up) = self.size().await?;
        let group = self.system.get(GROUP).await?;
        let back = list(&group, "AutoScalingGroups").any(|group| group.to_string().contains(&victim));
        let mut faults = wrong((desired, up), (2, 2));
        faults.extend(back.then(|| format!("{victim} is still there")));
        self.printer.told(
            "ten minutes later there is another in its place: killing machines saves nothing",
            &faults,
        )?;

        self.system.until(&self.before, 20, 0);
        self.printer.step(&self.system.now(), "The evening before the weekend")?;
        let evening = self.tick().await?;
        self.printer.say(&format!("It answers: {}", summary(&evening)))?;
        let (desired, _) = self.size().await?;
        let waits = evening.answer.as_ref().is_ok_and(|report| {
            list(report, "items").any(|item| item.get("code") == Some(&json!("waitingForTasks")))
        });
        let faults = (desired != 2 || !waits).then(|| format!("desired {desired}, waits: {waits}"));
        self.printer
            .told("the services go first: the machines wait for their last task", &Vec::from_iter(faults))?;
        self.system.until(&self.before, 20, 5);
        let after = self.tick().await?;
        self.printer.say(&format!("Five minutes later: {}", summary(&after)))?;
        self.system.until(&self.before, 20, 15);
        let (desired, up) = self.size().await?;
        self.printer
            .told("then they are gone as well: no instance is left", &wrong((desired, up), (0, 0)))?;

        for _ in 0..3 {
            self.system.until(&self.before, 8, 0);
        }
        self.printer.step(&self.system.now(), "Monday morning")?;
        let morning = self.tick().await?;
        self.printer.say(&format!("It answers: {}", summary(&morning)))?;
        self.system.until(&self.before, 8, 5);
        let next = self.tick().await?;
        self.printer.say(&format!("Five minutes later: {}", summary(&next)))?;
        self.system.until(&self.before, 8, 10);
        let look = self.system.look().await?;
        let (desired, up) = self.size().await?;
        self.printer.told("both machines are back", &wrong((desired, up), (2, 2)))?;
        let other = self.before.wrong_in(&look, |was, is| is.difference(was).or_else(|| is.incomplete()));
        self.printer.told("and all five services are as they were on Tuesday", &other)?;
        self.score.returned(&self.before, &look);
        Ok(())
    }

    /// The group's desired capacity, and its instances that are in service.
    async fn size(&self) -> Result<(i64, usize), DemoFault> {
        let body = self.system.get(GROUP).await?;
        let group = list(&body, "AutoScalingGroups").next().cloned().unwrap_or_default();
        let desired = group.get("DesiredCapacity").and_then(Value::as_i64).unwrap_or(-1);
        let in_service =
            list(&group, "Instances").filter(|i| i.get("LifecycleState") == Some(&json!("InService")));
        Ok((desired, in_service.count()))
    }
}

fn wrong(is: (i64, usize), wanted: (i64, usize)) -> Vec<String> {
    Vec::from_iter((is != wanted).then(|| {
        format!("desired capacity {}, {} in service, and not {} and {}", is.0, is.1, wanted.0, wanted.1)
    }))
}
