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

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;
use shared::api::Operation;
use shared::call::Table;
use shared::ecs::Failure;
use shared::settings::{Scheduling, TagKeys};
use shared::{Answer, Call, Deadline, Meter, Problem, Route};
use shared_aws::{Aws, Definitions, Read};
use shared_lambda::Function;

pub use config::Config;

use crate::ask::{Ask, What};
use crate::request::Request;
use crate::savings::{Savings, Sleeper};
use crate::snapshot::{Look, Services};

/// What the deployment says of tags and schedules.
#[derive(Clone, Debug, Default)]
pub struct ViewSettings {
    /// The keys of our tags.
    pub tags: TagKeys,
    /// What schedules mean.
    pub scheduling: Scheduling,
    /// The greatest desired count that a start sets.
    pub max_desired: u32,
}

/// The function.
#[derive(Debug)]
pub struct DescribeCluster {
    aws: Aws,
    settings: ViewSettings,
    definitions: Definitions,
}

impl DescribeCluster {
    /// The function on this AWS.
    #[must_use]
    pub fn new(aws: Aws, config: Config) -> Self {
        let Config { settings, scheduling } = config;
        Self {
            aws,
            settings: ViewSettings { tags: settings.tags, scheduling, max_desired: settings.max_desired },
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
            _ => Ok(Answer::Read(answer::body(&seen, &ask, &self.settings, now))),
        }
    }

    fn meter(&self) -> Meter {
        self.aws.meter()
    }
}
