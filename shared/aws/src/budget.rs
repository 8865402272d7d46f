//! A client-side budget per API bucket.
//!
//! The buckets are the whole account's, and others deploy at 08:00 too: a share of AWS's rates is
//! taken, and a throttle halves that bucket's for the run.
//!
//! Source of the rates: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>

use std::time::Duration;

use leaky_bucket::RateLimiter;

/// A group of API operations that share one of the account's buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bucket {
    /// `ListClusters`, `DescribeClusters`.
    EcsClusterRead,
    /// `ListServices`, `DescribeServices`.
    EcsServiceRead,
    /// `UpdateService`.
    EcsServiceWrite,
    /// `TagResource`, `UntagResource`.
    EcsTag,
    /// `ListTasks`, `DescribeTasks`, and the same of container instances.
    EcsTaskRead,
    /// `RunTask`, `StopTask`.
    EcsTaskWrite,
    /// `GetTaskProtection`.
    EcsTaskProtection,
    /// `ListTaskDefinitions`, `DescribeTaskDefinition`.
    EcsTaskDefinitionRead,
    /// `DescribeCapacityProviders`.
    EcsCapacityProviderRead,
    /// `ListServiceDeployments`, `DescribeServiceDeployments`.
    EcsServiceDeploymentRead,
    /// `DescribeServiceRevisions`, and the same of daemons.
    EcsServiceRevisionRead,
    /// ECR's Describe and Get calls.
    EcrRead,
    /// `BatchGetImage`.
    EcrPull,
    /// `BatchDeleteImage`, `UpdateImageStorageClass`.
    EcrWrite,
    /// EventBridge's lists.
    EventBridgeRead,
    /// `PutEvents`.
    EventBridgeWrite,
    /// EventBridge Scheduler's lists.
    SchedulerRead,
    /// Lambda's lists.
    LambdaRead,
    /// `GetFunction`.
    LambdaGetFunction,
    /// EventBridge Pipes' List and Describe calls.
    PipesRead,
    /// `ListStateMachines`.
    StatesList,
    /// `ListStateMachineVersions`.
    StatesVersions,
    /// `DescribeStateMachine`.
    StatesDescribe,
    /// `DescribeJobDefinitions`.
    BatchRead,
    /// `ListProjects`, `BatchGetProjects`.
    CodeBuildRead,
    /// S3's calls.
    S3,
    /// EC2 Auto Scaling's Describe calls.
    AutoScalingRead,
    /// EC2 Auto Scaling's other calls.
    AutoScalingWrite,
    /// Application Auto Scaling's Describe calls.
    ScalingRead,
    /// `RegisterScalableTarget`.
    ScalingWrite,
}

impl Bucket {
    const ALL: &[Self] = &[
        Self::EcsClusterRead,
        Self::EcsServiceRead,
        Self::EcsServiceWrite,
        Self::EcsTag,
        Self::EcsTaskRead,
        Self::EcsTaskWrite,
        Self::EcsTaskProtection,
        Self::EcsTaskDefinitionRead,
        Self::EcsCapacityProviderRead,
        Self::EcsServiceDeploymentRead,
        Self::EcsServiceRevisionRead,
        Self::EcrRead,
        Self::EcrPull,
        Self::EcrWrite,
        Self::EventBridgeRead,
        Self::EventBridgeWrite,
        Self::SchedulerRead,
        Self::LambdaRead,
        Self::LambdaGetFunction,
        Self::PipesRead,
        Self::StatesList,
        Self::StatesVersions,
        Self::StatesDescribe,
        Self::BatchRead,
        Self::CodeBuildRead,
        Self::S3,
        Self::AutoScalingRead,
        Self::AutoScalingWrite,
        Self::ScalingRead,
        Self::ScalingWrite,
    ];

    /// Burst, and sustained calls a second.
    ///
    /// AWS publishes no rates for Application Auto Scaling, EC2 Auto Scaling, EventBridge Pipes and CodeBuild's reads;
    /// these are a careful guess, and a throttle corrects it.
    fn rate(self) -> (u32, u32) {
        match self {
            Self::EcsClusterRead
            | Self::EcsTaskDefinitionRead
            | Self::EcsCapacityProviderRead
            | Self::EcsServiceDeploymentRead
            | Self::EcsServiceRevisionRead => (50, 20),
            // ECR publishes a rate for pulls (2,000 a second, more than is needed) and pushes only:
            // <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>. The other two are a guess.
            Self::EcrPull => (500, 500),
            Self::EcrRead => (100, 50),
            // <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
            // <https://repost.aws/knowledge-center/aws-batch-requests-error>
            // <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>: 400 in the smallest regions.
            Self::EventBridgeWrite => (400, 400),
            Self::EventBridgeRead | Self::SchedulerRead | Self::EcrWrite | Self::BatchRead => (50, 50),
            // <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
            Self::StatesList => (100, 5),
            Self::StatesVersions => (100, 1),
            Self::StatesDescribe => (200, 20),
            // <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>
            Self::LambdaRead => (15, 15),
            // S3 takes many more: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>
            Self::LambdaGetFunction | Self::S3 => (100, 100),
            Self::EcsServiceRead | Self::EcsTaskRead => (100, 20),
            Self::EcsServiceWrite => (50, 5),
            Self::EcsTaskWrite => (100, 40),
            Self::EcsTaskProtection => (200, 80),
            Self::EcsTag
            | Self::PipesRead
            | Self::CodeBuildRead
            | Self::AutoScalingRead
            | Self::AutoScalingWrite
            | Self::ScalingRead
            | Self::ScalingWrite => (20, 10),
        }
    }
}

/// One limiter per bucket, on tokio's clock.
#[derive(Debug)]
pub(crate) struct Budgets(Vec<(Bucket, RateLimiter)>);

impl Budgets {
    /// The share of each bucket that is ours, above 0 and at most 1.
    pub(crate) fn new(share: f64) -> Self {
        Self(Bucket::ALL.iter().map(|bucket| (*bucket, limiter(*bucket, share))).collect())
    }

    /// Waits until one more call fits; one that AWS has throttled pays double.
    pub(crate) async fn take(&self, bucket: Bucket, halved: bool) {
        if let Some((_, limiter)) = self.0.iter().find(|(known, _)| *known == bucket) {
            limiter.acquire(if halved { 2 } else { 1 }).await;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a small whole number"
)]
fn limiter(bucket: Bucket, share: f64) -> RateLimiter {
    let (burst, rate) = bucket.rate();
    // One less than the share: the limiter refills at the beginning of an interval, up to one token
    // ahead of AWS. At least two, so that a throttled bucket can pay double.
    let burst = ((f64::from(burst) * share) as usize).saturating_sub(1).max(2);
    let interval = Duration::from_secs_f64(1.0 / (f64::from(rate) * share));
    RateLimiter::builder().max(burst).initial(burst).refill(1).interval(interval).fair(true).build()
}
