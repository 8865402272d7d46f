//! The only loop that changes AWS. It makes no choices: those are in the plan.

use std::future::{Future, ready};

use futures_util::stream::{self, StreamExt};

use crate::plan::{ItemId, Job, Plan};
use crate::problem::{Code, Problem};
use crate::report::{Item, Outcome};

/// What a step did that went through.
#[derive(Debug, Default)]
pub struct Done {
    /// Items of the job that AWS refused in an answer of 200 (its `failures[]`).
    pub refused: Vec<(ItemId, Problem)>,
}

/// Why an item's job was taken away between two readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// What becomes of the item.
    pub outcome: Outcome,
    /// Why, for programs.
    pub code: Code,
    /// Why, for people.
    pub reason: String,
}

/// The jobs of a stage that remain after the world was read again, and what was taken away.
#[derive(Clone, Debug, PartialEq)]
pub struct Narrowed<S> {
    /// A subset of the jobs that went in.
    pub jobs: Vec<Job<S>>,
    /// The items of the others.
    pub taken: Vec<(ItemId, Taken)>,
}

impl<S> Narrowed<S> {
    /// Everything remains.
    #[must_use]
    pub fn whole(jobs: Vec<Job<S>>) -> Self {
        Self { jobs, taken: Vec::new() }
    }

    /// Nothing remains, each item for the same reason.
    #[must_use]
    pub fn nothing(jobs: &[Job<S>], taken: &Taken) -> Self {
        let taken = jobs.iter().flat_map(|job| &job.covers).map(|id| (*id, taken.clone())).collect();
        Self { jobs: Vec::new(), taken }
    }
}

/// What performs a step: one AWS call.
pub trait Hands<S>: Sync {
    /// Makes the call.
    fn perform(&self, step: &S) -> impl Future<Output = Result<Done, Problem>> + Send;

    /// Reads the world again before a stage and takes away what no longer holds. It never adds.
    fn narrow(&self, _stage: usize, jobs: Vec<Job<S>>) -> impl Future<Output = Narrowed<S>> + Send
    where
        S: Send,
    {
        ready(Narrowed::whole(jobs))
    }
}

/// How a job ended.
enum End {
    Done(Done),
    Failed(Problem),
    OutOfTime,
}

/// Performs a plan: stage after stage, at most `at_once` jobs of a stage concurrently and begun
/// in their order, each item's failure its own, nothing begun once `time_left` says no.
///
/// Returns the plan's items with what became of them. An item whose job did not go through
/// loses its jobs in later stages.
pub async fn perform<S: Send + Sync>(
    plan: Plan<S>,
    hands: &impl Hands<S>,
    at_once: usize,
    time_left: &(impl Fn() -> bool + Sync),
) -> Vec<Item> {
    let (mut items, stages) = plan.into_parts();
    for (number, mut jobs) in stages.into_iter().enumerate() {
        jobs.retain(|job| job.covers.iter().any(|id| stands(&items, *id)));
        if jobs.is_empty() {
            continue;
        }
        let jobs = if time_left() {
            let Narrowed { jobs, taken } = hands.narrow(number, jobs).await;
            for (id, Taken { outcome, code, reason }) in taken {
                set(&mut items, id, outcome, code, reason);
            }
            jobs
        } else {
            jobs
        };
        let mut ends = stream::iter(jobs)
            .map(|job| async move {
                let end = run(&job.steps, hands, time_left).await;
                (job.covers, end)
            })
            .buffer_unordered(at_once.max(1));
        while let Some((covers, end)) = ends.next().await {
            settle(&mut items, &covers, end);
        }
    }
    items
}

async fn run<S: Sync>(steps: &[S], hands: &impl Hands<S>, time_left: &(impl Fn() -> bool + Sync)) -> End {
    let mut all = Done::default();
    for step in steps {
        if !time_left() {
            return End::OutOfTime;
        }
        match hands.perform(step).await {
            Ok(done) => all.refused.extend(done.refused),
            // The call waited for its budget, or for AWS, until the deadline.
            Err(problem) if problem.code == Code::OutOfTime => return End::OutOfTime,
            Err(problem) => return End::Failed(problem),
        }
    }
    End::Done(all)
}

fn settle(items: &mut [Item], covers: &[ItemId], end: End) {
    match end {
        End::Done(done) => {
            for (id, problem) in done.refused {
                set(items, id, Outcome::Failed, problem.code, problem.detail);
            }
        }
        End::Failed(problem) => {
            for id in covers {
                set(items, *id, Outcome::Failed, problem.code, problem.detail.clone());
            }
        }
        End::OutOfTime => {
            let reason = "the time was up before this was finished; the same request again goes on";
            for id in covers {
                set(items, *id, Outcome::NotAttempted, Code::OutOfTime, reason.to_owned());
            }
        }
    }
}

fn stands(items: &[Item], id: ItemId) -> bool {
    items.get(id.index()).is_some_and(|item| !matches!(item.outcome, Outcome::Failed | Outcome::NotAttempted))
}

fn set(items: &mut [Item], id: ItemId, outcome: Outcome, code: Code, reason: String) {
    if let Some(item) = items.get_mut(id.index()) {
        item.becomes(outcome, code, reason);
    }
}
