//! What the schedules of the coming days will not run: task-, vCPU- and GiB-hours of a cluster's services.
//!
//! It is foretold from records, schedules and task definitions alone, as the agenda is: what people and autoscaling do
//! until then is not known. Pure: no AWS, no clock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use shared::Refusal;
use shared::ecs::{Failure, Resources};
use shared::record::whole_seconds;

use crate::ViewSettings;
use crate::agenda::services::not_run;
use crate::snapshot::Services;

/// What is not run within some days.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Savings {
    /// From when.
    #[schemars(with = "shared::schema::Instant")]
    pub from: Timestamp,
    /// Until when.
    #[schemars(with = "shared::schema::Instant")]
    pub until: Timestamp,
    /// Of all services together.
    #[serde(flatten)]
    pub all: ResourceHours,
    /// Of each that is off for a while, in the order of their names.
    pub savings: Vec<ServiceSavings>,
    /// What AWS could not find, and services whose tags can't be read: they are in no sum.
    pub failures: Vec<Failure>,
}

/// What a service does not run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SavedHours")]
pub struct ServiceSavings {
    /// The service.
    pub service: String,
    /// What is in the sums of all services.
    #[serde(flatten)]
    pub hours: ResourceHours,
    /// Whether its task definition could be read: without it vCPU- and GiB-hours are 0.
    pub is_known: bool,
}

/// Hours of tasks, and of what they take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct ResourceHours {
    /// Hours of a task.
    pub task_hours: f64,
    /// Hours of a vCPU.
    pub vcpu_hours: f64,
    /// Hours of a GiB of memory.
    #[serde(rename = "memoryGiBHours")]
    pub memory_gib_hours: f64,
}

/// A service that is off for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Sleeper {
    service: String,
    definition: String,
    task_hours: f64,
}

/// The services that are off for a while between these instants, and what can't be read.
#[must_use]
pub fn sleepers(
    seen: &Services,
    settings: &ViewSettings,
    between: (Timestamp, Timestamp),
) -> (Vec<Sleeper>, Vec<Failure>) {
    let (mut sleepers, mut failures) = (Vec::new(), Vec::new());
    for service in &seen.services {
        match not_run(service, seen.target_of(service), &seen.cluster_tags, settings, between) {
            Ok(time) => {
                let task_hours = time.as_secs_f64() / 3_600.0;
                if task_hours > 0.0 {
                    let (service, definition) =
                        (service.service_name.clone(), service.task_definition.clone());
                    sleepers.push(Sleeper { service, definition, task_hours });
                }
            }
            Err(Refusal { code, reason }) => failures.push(Failure {
                arn: service.service_arn.clone(),
                reason: code.to_string(),
                detail: Some(reason),
            }),
        }
    }
    sleepers.sort_by(|a, b| a.service.cmp(&b.service));
    (sleepers, failures)
}

impl Sleeper {
    /// Its task definition.
    #[must_use]
    pub fn definition(&self) -> &str {
        &self.definition
    }
}

/// The sums, with what a task of each definition takes.
#[must_use]
pub fn savings(
    sleepers: &[Sleeper],
    takes: &BTreeMap<&str, Resources>,
    (from, until): (Timestamp, Timestamp),
    failures: Vec<Failure>,
) -> Savings {
    let saved = sleepers.iter().map(|Sleeper { service, definition, task_hours }| {
        let known = takes.get(definition.as_str());
        let Resources { vcpu, memory } = known.copied().unwrap_or_default();
        let hours = ResourceHours {
            task_hours: *task_hours,
            vcpu_hours: task_hours * vcpu,
            memory_gib_hours: task_hours * memory,
        };
        ServiceSavings { service: service.clone(), hours, is_known: known.is_some() }
    });
    let saved: Vec<ServiceSavings> = saved.collect();
    let all = saved.iter().fold(ResourceHours::default(), |sum, one| ResourceHours {
        task_hours: sum.task_hours + one.hours.task_hours,
        vcpu_hours: sum.vcpu_hours + one.hours.vcpu_hours,
        memory_gib_hours: sum.memory_gib_hours + one.hours.memory_gib_hours,
    });
    let savings = saved.into_iter().map(|one| ServiceSavings { hours: one.hours.rounded(), ..one }).collect();
    let (from, until) = (whole_seconds(from), whole_seconds(until));
    Savings { from, until, all: all.rounded(), savings, failures }
}

impl ResourceHours {
    /// To hundredths: nobody pays for less.
    fn rounded(self) -> Self {
        let round = |hours: f64| (hours * 100.0).round() / 100.0;
        let Self { task_hours, vcpu_hours, memory_gib_hours } = self;
        Self {
            task_hours: round(task_hours),
            vcpu_hours: round(vcpu_hours),
            memory_gib_hours: round(memory_gib_hours),
        }
    }
}
