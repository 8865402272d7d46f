//! One run's way of calling AWS: the budget first, then the call, within the deadline.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use shared::{Code, Deadline, Problem};
use tokio::time::{Instant, sleep, timeout};

use crate::budget::{Bucket, Turn};
use crate::clients::Clients;
use crate::faults::problem;
use crate::watch::{Throttled, Watch};

/// A call that is under way at the deadline may take this much of the reserve that the answer
/// has behind it.
const GRACE: Duration = Duration::from_secs(1);

/// How long a call is tried anew, each time with the SDK's own attempts, while AWS throttles.
/// A throttled call has done nothing, so it may always be sent again.
const PATIENCE: Duration = Duration::from_secs(20);
/// The pause before the next of those rounds, beside the SDK's own: it may have none left.
const PAUSE: Duration = Duration::from_millis(500);

/// An operation's name as IAM writes it, and its bucket.
pub(crate) type Operation = (&'static str, Bucket);

/// AWS, seen from one run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) aws: Arc<Clients>,
    /// The buckets in which AWS has throttled this run.
    throttled: Throttled,
    deadline: Deadline,
    turn: Turn,
}

impl Run {
    pub(crate) fn new(aws: Arc<Clients>, deadline: Deadline) -> Self {
        Self { aws, throttled: Throttled::default(), deadline, turn: Turn::InOrder }
    }

    /// The same run, for calls that nothing waits for.
    pub(crate) fn giving_way(&self) -> Self {
        Self { turn: Turn::Last, ..self.clone() }
    }

    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// What is left until the deadline.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.left(Instant::now().into_std())
    }

    /// Makes a call: `send` is asked for a fresh one on each round, watched by what it is given.
    pub(crate) async fn send<O, E, F>(
        &self,
        (operation, bucket): Operation,
        thing: &str,
        send: impl Fn(Watch) -> F,
    ) -> Result<O, Problem>
    where
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let out_of_time = || {
            Problem::new(
                Code::OutOfTime,
                format!("{operation} on {thing}: the time was up; the same request again goes on"),
            )
        };
        let mut since = None;
        loop {
            let left = self.left();
            if left.is_zero() {
                return Err(out_of_time());
            }
            let halved = self.throttled.contains(bucket);
            let taken = timeout(left, self.aws.budgets.take(bucket, halved, self.turn)).await;
            taken.map_err(|_| out_of_time())?;
            let watch = Watch::new(&self.aws.counters, &self.throttled, bucket);
            let answer = timeout(self.left() + GRACE, send(watch)).await.map_err(|_| out_of_time())?;
            let problem = match answer {
                Ok(output) => return Ok(output),
                Err(error) => problem(operation, thing, error),
            };
            // The wait for its own turn is none for AWS.
            let since = *since.get_or_insert_with(Instant::now);
            if problem.code != Code::Throttled || since.elapsed() >= PATIENCE {
                return Err(problem);
            }
            sleep(PAUSE.min(self.left())).await;
        }
    }
}
