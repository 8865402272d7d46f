//! Request rates: one token bucket per group of operations, as AWS publishes them.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>
//!
//! Application Auto Scaling publishes none
//! (<https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html>), so its
//! operations draw from no bucket. Neither do those of EventBridge Pipes and `CodeBuild`, for the same reason.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The operations that share one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    ClusterModify,
    ClusterRead,
    CapacityProviderRead,
    TaskDefinitionModify,
    TaskDefinitionRead,
    ServiceModify,
    ServiceRead,
    ServiceDeploymentRead,
    ServiceRevisionRead,
    /// AWS calls it "cluster resource modify": container instances too.
    TaskModify,
    /// AWS calls it "cluster resource read": container instances too.
    TaskRead,
    TaskProtection,
    TagModify,
    TagRead,
    /// ECR's `BatchGetImage`.
    ImagePull,
    /// ECR's `PutImage`.
    ImagePush,
    /// All of EventBridge but `PutEvents`.
    EventBridge,
    /// Lambda's `GetFunction`.
    LambdaGetFunction,
    /// The rest of Lambda's control plane.
    LambdaControl,
    /// Step Functions' `DescribeStateMachine`.
    StateMachineDescribe,
    /// Step Functions' `ListStateMachines`.
    StateMachineList,
    /// Step Functions' `ListStateMachineVersions`.
    StateMachineVersions,
    /// All of AWS Batch.
    Batch,
}

impl Group {
    /// Burst (the bucket's size) and sustained rate (tokens a second).
    fn published(self) -> (f64, f64) {
        match self {
            Self::ClusterModify | Self::TaskDefinitionModify => (20.0, 1.0),
            Self::ClusterRead
            | Self::CapacityProviderRead
            | Self::TaskDefinitionRead
            | Self::ServiceDeploymentRead
            | Self::ServiceRevisionRead
            | Self::TagRead => (50.0, 20.0),
            Self::ServiceModify => (50.0, 5.0),
            Self::ServiceRead | Self::TaskRead => (100.0, 20.0),
            Self::TaskModify => (100.0, 40.0),
            Self::TaskProtection => (200.0, 80.0),
            Self::TagModify => (20.0, 10.0),
            // ECR publishes one rate for each operation: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>.
            Self::ImagePull => (2000.0, 2000.0),
            Self::ImagePush => (10.0, 10.0),
            // <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
            // <https://repost.aws/knowledge-center/aws-batch-requests-error>
            Self::EventBridge | Self::Batch => (50.0, 50.0),
            // <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>
            Self::LambdaGetFunction => (100.0, 100.0),
            Self::LambdaControl => (15.0, 15.0),
            // <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
            Self::StateMachineDescribe => (200.0, 20.0),
            Self::StateMachineList => (100.0, 5.0),
            Self::StateMachineVersions => (100.0, 1.0),
        }
    }
}

/// The rates at which calls are let through, and how full each bucket is.
#[derive(Clone, Debug)]
pub struct Buckets {
    /// None: no limit.
    factor: Option<f64>,
    levels: BTreeMap<Group, Level>,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    tokens: f64,
    at: Timestamp,
}

impl Buckets {
    /// The rates that AWS publishes for every account and region; all buckets full.
    #[must_use]
    pub fn published() -> Self {
        Self { factor: Some(1.0), levels: BTreeMap::new() }
    }

    /// Nothing is ever throttled.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { factor: None, levels: BTreeMap::new() }
    }

    /// Bursts and sustained rates times this; a bucket holds at least one token.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Self {
        self.factor = self.factor.map(|f| f * factor);
        self
    }

    /// Takes a token at this date; false when there is none. Buckets refill continuously.
    pub(crate) fn take(&mut self, group: Option<Group>, now: Timestamp) -> bool {
        let (Some(factor), Some(group)) = (self.factor, group) else {
            return true;
        };
        let (burst, rate) = group.published();
        let burst = (burst * factor).max(1.0);
        let level = self.levels.entry(group).or_insert(Level { tokens: burst, at: now });
        let elapsed = now.duration_since(level.at).as_secs_f64().max(0.0);
        level.tokens = (level.tokens + elapsed * rate * factor).min(burst);
        level.at = now;
        // A hair less than a token is one: sums of fractions never reach it exactly.
        if level.tokens + 1e-9 < 1.0 {
            return false;
        }
        level.tokens -= 1.0;
        true
    }
}

impl Default for Buckets {
    fn default() -> Self {
        Self::published()
    }
}
