//! What EventBridge runs on ECS: the targets of rules and of schedules.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use shared::Problem;

use super::{AT_ONCE, PAGE, Read, pages, unless_gone};
use crate::budget::Bucket;
use crate::run::Operation;

const BUSES: Operation = ("events:ListEventBuses", Bucket::EventBridgeRead);
const RULES: Operation = ("events:ListRules", Bucket::EventBridgeRead);
const TARGETS: Operation = ("events:ListTargetsByRule", Bucket::EventBridgeRead);
const SCHEDULES: Operation = ("scheduler:ListSchedules", Bucket::SchedulerRead);
const SCHEDULE: Operation = ("scheduler:GetSchedule", Bucket::SchedulerRead);

/// A task definition that a rule runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcsTarget {
    /// `rule/default/nightly`.
    pub of: String,
    /// An ARN, perhaps without a revision: then the latest ACTIVE one.
    pub task_definition: String,
}

/// What a schedule does on ECS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleTarget {
    /// `schedule/default/nightly`.
    pub of: String,
    /// A cluster's ARN, or that of a call: `arn:aws:scheduler:::aws-sdk:ecs:runTask`.
    pub arn: String,
    /// What a target that is a cluster runs.
    pub task_definition: Option<String>,
    /// What a call is given, as JSON.
    pub input: String,
}

impl Read {
    /// The ECS targets of all rules on all buses, of disabled ones too: somebody may enable them.
    pub async fn rule_targets(&self) -> Result<Vec<EcsTarget>, Problem> {
        let buses: Vec<String> = pages(BUSES, |token: Option<String>| async move {
            let answer = self
                .0
                .send(BUSES, "the account", |watch| {
                    let call = self.0.aws.eventbridge.list_event_buses().limit(PAGE);
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            let names = answer.event_buses().iter().filter_map(|bus| bus.name().map(str::to_owned));
            Ok((names.collect::<Vec<_>>(), answer.next_token.clone()))
        })
        .try_concat()
        .await?;
        let rules = stream::iter(buses).map(|bus| async move {
            let rules = unless_gone(self.rules(&bus).await)?;
            Ok::<_, Problem>(rules.into_iter().map(move |rule| (bus.clone(), rule)).collect::<Vec<_>>())
        });
        let rules: Vec<(String, String)> = rules.buffered(AT_ONCE).try_concat().await?;
        let targets = stream::iter(rules)
            .map(|(bus, rule)| async move { unless_gone(self.targets_of_rule(&bus, &rule).await) });
        targets.buffered(AT_ONCE).try_concat().await
    }

    async fn rules(&self, bus: &str) -> Result<Vec<String>, Problem> {
        let pages = pages(RULES, move |token: Option<String>| async move {
            let answer = self
                .0
                .send(RULES, &format!("event-bus/{bus}"), |watch| {
                    let call = self.0.aws.eventbridge.list_rules().event_bus_name(bus).limit(PAGE);
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            let names = answer.rules().iter().filter_map(|rule| rule.name().map(str::to_owned));
            Ok((names.collect::<Vec<_>>(), answer.next_token.clone()))
        });
        pages.try_concat().await
    }

    async fn targets_of_rule(&self, bus: &str, rule: &str) -> Result<Vec<EcsTarget>, Problem> {
        let thing = &format!("rule/{bus}/{rule}");
        let pages = pages(TARGETS, move |token: Option<String>| async move {
            let answer = self
                .0
                .send(TARGETS, thing, |watch| {
                    let call = self.0.aws.eventbridge.list_targets_by_rule().event_bus_name(bus).rule(rule);
                    call.limit(PAGE).set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            let targets = answer.targets().iter().filter_map(|target| {
                let task_definition = target.ecs_parameters()?.task_definition_arn().to_owned();
                Some(EcsTarget { of: thing.clone(), task_definition })
            });
            Ok((targets.collect::<Vec<_>>(), answer.next_token.clone()))
        });
        pages.try_concat().await
    }

    /// The targets of all schedules that go to ECS: a cluster, or a call of its API. A list does not say
    /// what they run, so each is read.
    pub async fn schedule_targets(&self) -> Result<Vec<ScheduleTarget>, Problem> {
        let to_ecs: Vec<(String, String)> = pages(SCHEDULES, |token: Option<String>| async move {
            let answer = self
                .0
                .send(SCHEDULES, "the account", |watch| {
                    let call = self.0.aws.scheduler.list_schedules().max_results(PAGE);
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            let named = answer.schedules().iter().filter(|schedule| {
                // One without a target is no schedule that AWS documents: it is read, to be sure.
                schedule.target().is_none_or(|target| target.arn().contains(":ecs:"))
            });
            let named = named.filter_map(|it| Some((it.group_name()?.to_owned(), it.name()?.to_owned())));
            Ok((named.collect::<Vec<_>>(), answer.next_token.clone()))
        })
        .try_concat()
        .await?;
        let calls = stream::iter(to_ecs)
            .map(|(group, name)| async move { unless_gone(self.target_of_schedule(&group, &name).await) });
        calls.buffered(AT_ONCE).try_concat().await
    }

    async fn target_of_schedule(&self, group: &str, name: &str) -> Result<Vec<ScheduleTarget>, Problem> {
        let thing = format!("schedule/{group}/{name}");
        let answer = self
            .0
            .send(SCHEDULE, &thing, |watch| {
                let call = self.0.aws.scheduler.get_schedule().group_name(group).name(name);
                call.customize().interceptor(watch).send()
            })
            .await?;
        let target = answer.target().map(|target| ScheduleTarget {
            of: thing.clone(),
            arn: target.arn().to_owned(),
            task_definition: target.ecs_parameters().map(|it| it.task_definition_arn().to_owned()),
            input: target.input().unwrap_or_default().to_owned(),
        });
        Ok(Vec::from_iter(target))
    }
}
