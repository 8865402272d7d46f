//! A client-side budget per API bucket.
//!
//! The buckets are the whole account's, and others deploy at 08:00 too: a share of AWS's rates is
//! taken, and a throttle halves that bucket's for the run.
//!
//! Source of the rates: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>

use std::time::Duration;

use leaky_bucket::RateLimiter;
use tokio::sync::Mutex;
use tokio::time::sleep;

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

/// Who of those that wait for the same bucket is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// In the order in which they came.
    InOrder,
    /// After those, but for one at a time.
    Last,
}

/// One limiter per bucket, on tokio's clock.
#[derive(Debug)]
pub(crate) struct Budgets(Vec<(Bucket, Budget)>);

#[derive(Debug)]
struct Budget {
    limiter: RateLimiter,
    /// Who waits for a token. The limiter's own line begins each interval when it wakes, and so loses what it woke too
    /// late, an eighth of the rate on a busy machine; asked anew it counts all the time that has passed.
    line: Mutex<()>,
    /// Of those whose turn is last only one stands in the line, and the others wait here.
    last: Mutex<()>,
}

impl Budget {
    async fn take(&self, tokens: usize, turn: Turn) {
        let _last = match turn {
            Turn::InOrder => None,
            Turn::Last => Some(self.last.lock().await),
        };
        let _line = self.line.lock().await;
        while !self.limiter.try_acquire(tokens) {
            sleep(self.limiter.interval()).await;
        }
    }
}

impl Budgets {
    /// The share of each bucket that is ours, above 0 and at most 1.
    pub(crate) fn new(share: f64) -> Self {
        let budget = |bucket| Budget {
            limiter: limiter(bucket, share),
            line: Mutex::default(),
            last: Mutex::default(),
        };
        Self(Bucket::ALL.iter().map(|bucket| (*bucket, budget(*bucket))).collect())
    }

    /// Waits until one more call fits; one that AWS has throttled pays double.
    pub(crate) async fn take(&self, bucket: Bucket, halved: bool, turn: Turn) {
        if let Some((_, budget)) = self.0.iter().find(|(known, _)| *known == bucket) {
            budget.take(if halved { 2 } else { 1 }, turn).await;
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::time::{Instant, advance};

    use super::*;

    const WRITE: Bucket = Bucket::EcsServiceWrite;

    /// Takes what can be had at once.
    fn taken_now(budgets: &Budgets) -> usize {
        let take = || budgets.take(WRITE, false, Turn::InOrder).now_or_never();
        std::iter::from_fn(take).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_loses_nothing_where_whoever_waits_is_woken_late() {
        let budgets = Budgets::new(1.0);
        assert_eq!(taken_now(&budgets), 49);
        let mut taken = 0;
        let mut waiting = Box::pin(budgets.take(WRITE, false, Turn::InOrder));
        for _ in 0..100 {
            // A token is there every 200 ms.
            advance(Duration::from_millis(230)).await;
            while waiting.as_mut().now_or_never().is_some() {
                taken += 1;
                waiting = Box::pin(budgets.take(WRITE, false, Turn::InOrder));
            }
        }
        assert!((113..=115).contains(&taken), "{taken} in 23 s at 5 a second");
    }

    #[tokio::test(start_paused = true)]
    async fn whose_turn_is_last_waits_for_the_others_but_for_one() {
        let budgets = Budgets::new(1.0);
        taken_now(&budgets);
        let order = std::sync::Mutex::new(String::new());
        let take = async |turn: Turn, name: char| {
            budgets.take(WRITE, false, turn).await;
            order.lock().unwrap().push(name);
        };
        let begun = Instant::now();
        let last = futures_util::future::join_all((0..3).map(|_| take(Turn::Last, 'l')));
        let others = futures_util::future::join_all((0..5).map(|_| take(Turn::InOrder, 'o')));
        futures_util::future::join(last, others).await;
        assert_eq!(*order.lock().unwrap(), "loooooll");
        assert!(begun.elapsed() <= Duration::from_millis(8 * 200 + 1), "{:?}", begun.elapsed());
    }
}
