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
pub mod snapshot;
pub mod steward;

use jiff::Timestamp;
use shared::api::Operation;
use shared::call::Table;
use shared::settings::{Scheduling, TagKeys};
use shared::{Answer, Call, Deadline, Meter, Problem, Route};
use shared_aws::Aws;
use shared_lambda::Function;

pub use config::Config;

use crate::ask::Ask;
use crate::request::Request;

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
}

impl DescribeCluster {
    /// The function on this AWS.
    #[must_use]
    pub fn new(aws: Aws, config: Config) -> Self {
        let Config { settings, scheduling } = config;
        Self {
            aws,
            settings: ViewSettings { tags: settings.tags, scheduling, max_desired: settings.max_desired },
        }
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
        let seen = observe::observe(&self.aws.read(deadline), &ask, &self.settings.tags).await?;
        Ok(Answer::Read(answer::body(&seen, &ask, &self.settings, now)))
    }

    fn meter(&self) -> Meter {
        self.aws.meter()
    }
}
