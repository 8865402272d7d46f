//! describe-cluster: what an operator gets from `aws ecs list-*` and `describe-*`, in one call.
//!
//! It only reads, so its road is short: event, call, observe, answer.

pub mod agenda;
pub mod answer;
pub mod config;
pub mod observe;
pub mod request;

use jiff::Timestamp;
use serde_json::json;
use shared::{Answer, Call, Deadline, Meter, Problem, Route};
use shared_aws::Aws;
use shared_lambda::Function;

pub use config::Config;

use crate::agenda::Rules;
use crate::request::{Ask, Request};

/// The function.
#[derive(Debug)]
pub struct DescribeCluster {
    aws: Aws,
    config: Config,
    rules: Rules,
}

impl DescribeCluster {
    /// The function on this AWS.
    #[must_use]
    pub fn new(aws: Aws, config: Config) -> Self {
        let rules = Rules { tags: config.settings.tags.clone(), scheduling: config.scheduling.clone() };
        Self { aws, config, rules }
    }
}

impl Function for DescribeCluster {
    const NAME: &'static str = "describe-cluster";
    const ROUTES: &'static [Route] = request::ROUTES;
    type Request = Request;

    async fn answer(
        &self,
        call: Call<Request>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Answer, Problem> {
        let ask = Ask::new(&call)?;
        let seen = observe::observe(&self.aws.read(deadline), &ask).await?;
        Ok(Answer::Read(match &ask {
            Ask::Agenda(_, hours) => json!(agenda::agenda(&seen, *hours, &self.rules, now)),
            _ => answer::body(&seen, &self.config.settings.tags),
        }))
    }

    fn meter(&self) -> Meter {
        self.aws.meter()
    }
}
