//! Rules in a few words.

use std::collections::BTreeMap;

use serde_json::json;

use crate::builders::handed_over;
use crate::eventbridge::{Bus, EventView, Rule};
use crate::world::World;

impl World {
    /// Puts an event bus there; `default` is there always.
    pub fn event_bus(&mut self, name: &str) -> &mut Self {
        self.eventbridge.buses.entry(name.to_owned()).or_default();
        self
    }

    /// The events that were put since these were last taken.
    pub fn take_events(&mut self) -> Vec<EventView> {
        std::mem::take(&mut self.eventbridge.put)
    }

    /// Events of this detail type are refused from now on, one by one.
    pub fn refuse_events(&mut self, detail_type: &str) -> &mut Self {
        self.eventbridge.refused.insert(detail_type.to_owned());
        self
    }

    /// Puts an enabled rule on a bus (`default`), without a target: on this schedule (`rate(1 day)`), or for events. One
    /// that is there already is enabled and keeps its targets.
    pub fn rule(&mut self, bus: &str, name: &str, schedule: Option<&str>) -> &mut Self {
        let rule = self.open_rule(bus, name);
        rule.enabled = true;
        rule.schedule = schedule.map(str::to_owned);
        self
    }

    /// Disables a rule.
    pub fn disable_rule(&mut self, bus: &str, name: &str) -> &mut Self {
        self.open_rule(bus, name).enabled = false;
        self
    }

    /// Lets a rule run a task definition (a family, `family:revision` or an ARN) on a cluster.
    pub fn ecs_target(&mut self, bus: &str, rule: &str, cluster: &str, task_definition: &str) -> &mut Self {
        let target = json!({
            "Arn": self.arn("ecs", &format!("cluster/{cluster}")),
            "RoleArn": format!("arn:{}:iam::{}:role/ecsEventsRole", self.partition, self.account),
            "EcsParameters": {
                "TaskDefinitionArn": self.task_definition_arn(task_definition),
                "TaskCount": 1,
                "LaunchType": "FARGATE",
                "EnableECSManagedTags": false,
                "EnableExecuteCommand": false,
            },
            "Input": handed_over(),
        });
        self.add_target(bus, rule, target)
    }

    /// Lets a rule go to anything else.
    pub fn rule_target(&mut self, bus: &str, rule: &str, arn: &str) -> &mut Self {
        self.add_target(bus, rule, json!({"Arn": arn}))
    }

    fn add_target(&mut self, bus: &str, rule: &str, mut target: serde_json::Value) -> &mut Self {
        let targets = &mut self.open_rule(bus, rule).targets;
        let id = format!("target-{:03}", targets.len());
        if let Some(target) = target.as_object_mut() {
            target.insert("Id".to_owned(), json!(id));
        }
        targets.insert(id, target);
        self
    }

    fn open_rule(&mut self, bus: &str, name: &str) -> &mut Rule {
        let bus: &mut Bus = self.eventbridge.buses.entry(bus.to_owned()).or_default();
        let rule = || Rule { enabled: true, schedule: None, targets: BTreeMap::new() };
        bus.rules.entry(name.to_owned()).or_insert_with(rule)
    }

    /// An ARN as it is, a family or `family:revision` as the ARN of a task definition, which may have no revision.
    pub(crate) fn task_definition_arn(&self, given: &str) -> String {
        if given.starts_with("arn:") {
            return given.to_owned();
        }
        self.arn("ecs", &format!("task-definition/{given}"))
    }
}
