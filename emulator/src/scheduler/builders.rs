//! Schedules in a few words.

use serde_json::{Value, json};

use crate::builders::handed_over;
use crate::scheduler::Schedule;
use crate::world::World;

impl World {
    /// Puts an enabled schedule (`rate(1 day)`) of a group (`default`) there that goes to anything but ECS.
    pub fn schedule(&mut self, group: &str, name: &str, expression: &str, target_arn: &str) -> &mut Self {
        let target = json!({"Arn": target_arn, "RoleArn": self.scheduler_role()});
        self.put_schedule(group, name, expression, target)
    }

    /// Puts an enabled schedule there that runs a task definition (a family, `family:revision` or an ARN) on a cluster.
    pub fn ecs_schedule(
        &mut self,
        group: &str,
        name: &str,
        expression: &str,
        cluster: &str,
        task_definition: &str,
    ) -> &mut Self {
        let target = json!({
            "Arn": self.arn("ecs", &format!("cluster/{cluster}")),
            "RoleArn": self.scheduler_role(),
            "EcsParameters": {
                "TaskDefinitionArn": self.task_definition_arn(task_definition),
                "TaskCount": 1,
                "LaunchType": "FARGATE",
            },
            "Input": handed_over(),
        });
        self.put_schedule(group, name, expression, target)
    }

    /// Disables a schedule.
    pub fn disable_schedule(&mut self, group: &str, name: &str) -> &mut Self {
        if let Some(schedule) = self.scheduler.schedules.get_mut(&format!("{group}/{name}")) {
            schedule.enabled = false;
        }
        self
    }

    fn scheduler_role(&self) -> String {
        format!("arn:{}:iam::{}:role/scheduler", self.partition, self.account)
    }

    fn put_schedule(&mut self, group: &str, name: &str, expression: &str, target: Value) -> &mut Self {
        let schedule =
            Schedule { expression: expression.to_owned(), enabled: true, created_at: self.now, target };
        self.scheduler.schedules.insert(format!("{group}/{name}"), schedule);
        self
    }
}
