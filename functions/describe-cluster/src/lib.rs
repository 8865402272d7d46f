//! describe-cluster: what an operator gets from `aws ecs list-*` and `describe-*`, in one call.
//!
//! It only reads, so its road is short: event, call, observe, answer.

pub mod agenda;
pub mod answer;
pub mod api;
pub mod ask;
pub mod config;
pub mod cursor;
pub mod groups;
pub mod observe;
pub mod request;
pub mod savings;
pub mod snapshot;
pub mod steward;
pub mod wake;
pub mod week;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;
use shared::api::Operation;
use shared::call::Table;
use shared::duration::IsoDuration;
use shared::ecs::Failure;
use shared::events::BusEvent;
use shared::names::ClusterName;
use shared::settings::{Mode, Scheduling, Settings, TagKeys};
use shared::wake::Sleeper as Sleeping;
use shared::{Answer, Call, Deadline, Meter, Problem, Route, Via};
use shared_aws::{Aws, Definitions, Read};
use shared_lambda::Function;

pub use config::Config;

use crate::ask::{Ask, What};
use crate::observe::wake::{Reader, surroundings};
use crate::request::Request;
use crate::savings::{Savings, Sleeper};
use crate::snapshot::{Look, Services};
use crate::wake::{WakeCheck, WakeLines};

/// What the deployment says of tags and schedules.
#[derive(Clone, Debug, Default)]
pub struct ViewSettings {
    /// The keys of our tags.
    pub tags: TagKeys,
    /// What schedules mean.
    pub scheduling: Scheduling,
    /// The greatest desired count that a start sets.
    pub max_desired: u32,
    /// Why reconcile changes nothing here, if it does not.
    pub idle: Option<&'static str>,
    /// How summaries begin.
    pub label: String,
    /// Nothing is changed here, whoever asks.
    pub read_only: bool,
    /// The longest override.
    pub override_max: IsoDuration,
}

impl ViewSettings {
    /// Why reconcile changes nothing in this cluster, and what to set.
    pub(crate) fn reconcile_is_idle_in(&self, cluster: &str) -> Option<String> {
        match self.idle {
            Some(why) => Some(format!("that is done by reconcile, {why}")),
            None if self.scheduling.reach.matches(cluster) => None,
            None => Some(format!(
                "that is done by reconcile, which reaches only what CLUSTERS names: add {cluster} to it"
            )),
        }
    }
}

/// The function.
#[derive(Debug)]
pub struct DescribeCluster {
    aws: Aws,
    settings: ViewSettings,
    event_bus: String,
    definitions: Definitions,
}

impl DescribeCluster {
    /// The function on this AWS.
    #[must_use]
    pub fn new(aws: Aws, config: Config) -> Self {
        let Config { settings, scheduling, override_max } = config;
        let read_only = settings.mode == Mode::ReadOnly;
        let idle = settings.reconcile_is_idle();
        let Settings { tags, max_desired, label, event_bus, .. } = settings;
        Self {
            aws,
            settings: ViewSettings { tags, scheduling, max_desired, idle, label, read_only, override_max },
            event_bus,
            definitions: Definitions::default(),
        }
    }
}

impl DescribeCluster {
    /// What is off is known before it is read what that takes: no other task definition matters.
    async fn savings(
        &self,
        read: &Read,
        seen: &Services,
        mut failures: Vec<Failure>,
        between: (Timestamp, Timestamp),
    ) -> Savings {
        let (sleepers, unread) = savings::sleepers(seen, &self.settings, between);
        failures.extend(unread);
        let wanted: BTreeSet<&str> = sleepers.iter().map(Sleeper::definition).collect();
        self.definitions.read(read, wanted.clone(), usize::MAX).await;
        let takes = wanted.into_iter().filter_map(|arn| Some((arn, self.definitions.of(arn)?))).collect();
        savings::savings(&sleepers, &takes, between, failures)
    }
}

impl DescribeCluster {
    /// Whether what sleeps, or will, wakes: of the services that were looked at.
    async fn wake(&self, read: &Read, look: &Look, call: &Call<Request>, now: Timestamp) -> WakeLines {
        let services = look.services();
        let sleepers = services.into_iter().flat_map(|it| wake::sleepers(it, &self.settings, now));
        let sleepers: Vec<Sleeping<'_>> = sleepers.collect();
        let reader = Reader {
            read,
            definitions: &self.definitions,
            most_definitions: if call.via == Via::Rest { DEFINITIONS_OVER_REST } else { usize::MAX },
            scope: &call.scope,
            keys: &self.settings.tags,
            now,
        };
        let surroundings = surroundings(reader, &sleepers).await;
        wake::lines(&sleepers, &surroundings, &self.settings, now)
    }
}

/// A call over REST has half a minute, and definitions are read at 20 a second at most.
const DEFINITIONS_OVER_REST: usize = 100;

impl Function for DescribeCluster {
    const NAME: &'static str = "describe-cluster";
    const ROUTES: &'static [Route<Request>] = request::ROUTES;
    const OPERATIONS: &'static [Operation] = api::OPERATIONS;
    const TABLES: &'static [Table] = answer::TABLES;
    type Request = Request;

    async fn answer(
        &self,
        call: Call<Request>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Answer, Problem> {
        let ask = Ask::new(&call)?;
        let read = self.aws.read(deadline);
        let seen = observe::observe(&read, &ask, &self.settings.tags).await?;
        match (&ask.what, &seen.look) {
            (What::Savings(_, days), Look::Services(services)) => {
                let until = now.saturating_add(days.get()).unwrap_or(Timestamp::MAX);
                Ok(Answer::Read(json!(
                    self.savings(&read, services, seen.failures.clone(), (now, until)).await
                )))
            }
            (What::Week(cluster), Look::Agenda(look)) => {
                let days = week::days(look, &self.settings, now);
                let until = days.last().map_or(now, |day| day.until.at);
                let wake = Box::pin(self.wake(&read, &seen.look, &call, now)).await;
                let savings = self.savings(&read, &look.services, seen.failures.clone(), (now, until)).await;
                let week = week::week(cluster.as_str(), look, days, &wake, savings, &self.settings, now);
                Ok(Answer::Read(json!(week)))
            }
            (What::Wake(cluster), look) => {
                let lines = Box::pin(self.wake(&read, look, &call, now)).await;
                let of = cluster.as_ref().map(ClusterName::as_str);
                let check =
                    WakeCheck::new(lines.into_values().collect(), seen.failures.clone(), of, &self.settings);
                Ok(Answer::Finding(check.fitting().finding()))
            }
            (_, look) => {
                let wake = if ask.include.wake {
                    Box::pin(self.wake(&read, look, &call, now)).await
                } else {
                    WakeLines::new()
                };
                Ok(Answer::Read(answer::body(&seen, &ask, &wake, &self.settings, now)))
            }
        }
    }

    async fn publish(&self, events: &[BusEvent], deadline: Deadline) -> usize {
        self.aws.publish(&self.event_bus, events, deadline).await
    }

    fn meter(&self) -> Meter {
        self.aws.meter()
    }
}
