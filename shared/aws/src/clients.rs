//! AWS's clients of one region, with what all runs of a process share: the budgets and the counters.

use aws_config::{Region, SdkConfig};

use crate::budget::Budgets;
use crate::watch::Counters;

/// Whether a process may change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Every write is refused before it is sent.
    ReadOnly,
    /// Writes go out.
    Full,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) autoscaling: aws_sdk_autoscaling::Client,
    pub(crate) ecr: aws_sdk_ecr::Client,
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) eventbridge: aws_sdk_eventbridge::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) scheduler: aws_sdk_scheduler::Client,
    pub(crate) scaling: aws_sdk_applicationautoscaling::Client,
    #[cfg(feature = "in-use")]
    pub(crate) in_use: InUseClients,
    pub(crate) budgets: Budgets,
    pub(crate) counters: Counters,
    pub(crate) access: Access,
    /// What they were made of, for other regions.
    config: SdkConfig,
    options: Options,
}

/// How the clients are, beside AWS's own settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// The share of AWS's published rates that is spent.
    pub(crate) budget_share: f64,
    pub(crate) access: Access,
    /// An emulator knows buckets by the path, and not by the host's name.
    #[cfg_attr(not(feature = "in-use"), expect(dead_code, reason = "only S3's client asks for it"))]
    pub(crate) is_emulated: bool,
}

impl Clients {
    pub(crate) fn new(config: SdkConfig, options: Options, counters: Counters) -> Self {
        Self {
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            ecr: aws_sdk_ecr::Client::new(&config),
            ecs: aws_sdk_ecs::Client::new(&config),
            eventbridge: aws_sdk_eventbridge::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            scheduler: aws_sdk_scheduler::Client::new(&config),
            scaling: aws_sdk_applicationautoscaling::Client::new(&config),
            #[cfg(feature = "in-use")]
            in_use: InUseClients::new(&config, options),
            budgets: Budgets::new(options.budget_share),
            counters,
            access: options.access,
            config,
            options,
        }
    }

    /// The same in another region, whose rates are its own.
    pub(crate) fn in_region(&self, region: &str) -> Self {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        Self::new(config, self.options, self.counters.clone())
    }
}

/// The clients of what only prune-images asks.
#[cfg(feature = "in-use")]
#[derive(Debug)]
pub(crate) struct InUseClients {
    pub(crate) batch: aws_sdk_batch::Client,
    pub(crate) codebuild: aws_sdk_codebuild::Client,
    pub(crate) pipes: aws_sdk_pipes::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) states: aws_sdk_sfn::Client,
}

#[cfg(feature = "in-use")]
impl InUseClients {
    fn new(config: &SdkConfig, options: Options) -> Self {
        use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation};
        // TLS guards what is a few kilobytes of JSON.
        let s3 = Builder::from(config)
            .force_path_style(options.is_emulated)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        Self {
            batch: aws_sdk_batch::Client::new(config),
            codebuild: aws_sdk_codebuild::Client::new(config),
            pipes: aws_sdk_pipes::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            states: aws_sdk_sfn::Client::new(config),
        }
    }
}
