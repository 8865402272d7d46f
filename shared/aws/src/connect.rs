//! Clients, budgets and counters: made once per process.

use std::sync::Arc;
use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use shared::{Deadline, Meter};

use crate::clients::{Access, Clients, Options};
use crate::read::Read;
use crate::run::Run;
use crate::watch::Counters;
use crate::write::{Requester, Write};

/// Where AWS is.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// As the environment and the ordinary credentials chain say.
    Environment,
    /// At this URL, with made-up credentials: an emulator.
    Url(String),
    /// In this process: a connector, its clock and its region.
    InProcess {
        /// Answers the SDK's HTTP requests.
        http: SharedHttpClient,
        /// What the SDK signs with.
        time: SharedTimeSource,
        /// The emulated region.
        region: String,
    },
}

/// AWS as this process sees it.
#[derive(Clone, Debug)]
pub struct Aws(Arc<Clients>);

impl Aws {
    /// Clients for an endpoint; `budget_share` of AWS's published rates is spent.
    pub async fn connect(endpoint: Endpoint, budget_share: f64, access: Access) -> Self {
        let is_emulated = !matches!(endpoint, Endpoint::Environment);
        // Boxed: the credentials chain makes this future a large one.
        let config = Box::pin(config(endpoint)).await;
        let options = Options { budget_share, access, is_emulated };
        Self(Arc::new(Clients::new(config, options, Counters::default())))
    }

    /// The same account in another region: with budgets of its own, and the same counters.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        Self(Arc::new(self.0.in_region(region)))
    }

    /// One run.
    pub(crate) fn run(&self, deadline: Deadline) -> Run {
        Run::new(Arc::clone(&self.0), deadline)
    }

    /// What one run reads with.
    #[must_use]
    pub fn read(&self, deadline: Deadline) -> Read {
        Read::new(self.run(deadline))
    }

    /// What one run writes with, on behalf of `requester`.
    #[must_use]
    pub fn write(&self, deadline: Deadline, requester: Requester) -> Write {
        Write::new(self.run(deadline), requester, self.0.access)
    }

    /// Calls made so far, retries included.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.0.counters.meter()
    }
}

async fn config(endpoint: Endpoint) -> SdkConfig {
    // CloudTrail shows the name with each call.
    let name = AppName::new("ecs-steward").ok();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(2))
                .operation_attempt_timeout(Duration::from_secs(5))
                .operation_timeout(Duration::from_secs(20))
                .build(),
        );
    if let Some(name) = name {
        loader = loader.app_name(name);
    }
    let made_up = Credentials::new("local", "local", None, None, "local");
    match endpoint {
        Endpoint::Environment => loader.load().await,
        Endpoint::Url(url) => {
            let region =
                aws_config::meta::region::RegionProviderChain::default_provider().or_else("sa-east-1");
            loader.endpoint_url(url).region(region).credentials_provider(made_up).load().await
        }
        Endpoint::InProcess { http, time, region } => {
            loader
                .http_client(http)
                .time_source(time)
                .region(Region::new(region))
                .credentials_provider(made_up)
                .load()
                .await
        }
    }
}
