//! Reading AWS: complete lists, batched to the API's maximum, a page described while the next
//! is listed.

mod autoscaling;
mod clusters;
mod daemons;
mod events;
mod functions;
mod images;
#[cfg(feature = "in-use")]
mod in_use;
mod instances;
mod links;
mod revisions;
mod scaling;
mod services;
mod task_definitions;
mod tasks;

use futures_util::stream::{self, Stream, TryStreamExt as _};
use shared::ecs::Failure;
use shared::{Code, Deadline, Problem};

use crate::run::{Operation, Run};

pub use clusters::ClusterDetail;
pub use events::{EcsTarget, ScheduleTarget};
pub use functions::FunctionVersion;
pub use images::Manifests;
#[cfg(feature = "in-use")]
pub(crate) use in_use::where_the_bucket_is;
#[cfg(feature = "in-use")]
pub use in_use::{BuildProject, JobDefinition, Object};
pub use tasks::{Protection, TaskFilter};

/// Describe batches that are under way at once; the budget sets the pace.
const AT_ONCE: usize = 10;
/// The most that most Describe calls take, and that a page of a list holds.
const HUNDRED: usize = 100;
const PAGE: i32 = 100;

/// What was found, and what AWS said it could not find.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<T> {
    /// In the order of their names or ids.
    pub found: Vec<T>,
    /// The Describe calls' `failures[]`.
    pub failures: Vec<Failure>,
}

/// The eyes of a run.
#[derive(Clone, Debug)]
pub struct Read(Run);

impl Read {
    pub(crate) fn new(run: Run) -> Self {
        Self(run)
    }

    /// The run's deadline.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.0.deadline()
    }

    /// What is left until the run's deadline.
    #[must_use]
    pub fn left(&self) -> std::time::Duration {
        self.0.left()
    }
}

/// What was asked for, or nothing where AWS has no such thing any more: what is gone between a list and its
/// description needs nothing.
pub fn unless_gone<T: Default>(answer: Result<T, Problem>) -> Result<T, Problem> {
    match answer {
        Err(problem) if problem.code == Code::NotFound => Ok(T::default()),
        answer => answer,
    }
}

/// Names or ids as text, in batches of at most `size`.
fn chunks(names: &[impl ToString], size: usize) -> Vec<Vec<String>> {
    names.chunks(size).map(|batch| batch.iter().map(ToString::to_string).collect()).collect()
}

/// So often a list may lead to the same page. AWS's own SDKs stop at once; a page may also be empty because AWS looks on,
/// and then it leads to itself.
const SAME_PAGE: usize = 3;

/// All pages of a list, each asked for with the token of the one before. A page may be empty and
/// still have a token: only its absence ends the list. One that leads round and round is an error: what it holds is
/// never known whole.
fn pages<T, F>(
    (operation, _): Operation,
    page: impl Fn(Option<String>) -> F,
) -> impl Stream<Item = Result<Vec<T>, Problem>>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), Problem>>,
{
    enum Next {
        Page(Option<String>),
        End,
    }
    stream::try_unfold((Next::Page(None), Vec::new(), page), move |(next, mut led_to, page)| async move {
        let Next::Page(token) = next else { return Ok(None) };
        let (items, token) = page(token).await?;
        let Some(token) = token else { return Ok(Some((items, (Next::End, led_to, page)))) };
        if led_to.iter().filter(|before| **before == token).count() >= SAME_PAGE {
            let detail =
                format!("{operation}: the list leads back to the same page again and again; try again");
            return Err(Problem::new(Code::AwsFailed, detail));
        }
        led_to.push(token.clone());
        Ok(Some((items, (Next::Page(Some(token)), led_to, page))))
    })
}

/// All names or ARNs of a list, in order and once.
async fn names(pages: impl Stream<Item = Result<Vec<String>, Problem>>) -> Result<Vec<String>, Problem> {
    let mut names: Vec<String> = pages.try_concat().await?;
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// The pages' items in batches of at most `size`.
fn batches(
    pages: impl Stream<Item = Result<Vec<String>, Problem>>,
    size: usize,
) -> impl Stream<Item = Result<Vec<String>, Problem>> {
    pages
        .map_ok(move |page| {
            let batches: Vec<_> = page.chunks(size).map(|batch| Ok(batch.to_vec())).collect();
            stream::iter(batches)
        })
        .try_flatten()
}

/// Everything found, in order and once: pages of a list that changes meanwhile may overlap.
async fn listed<T, K: Ord>(
    answers: impl Stream<Item = Result<Listed<T>, Problem>>,
    key: impl Fn(&T) -> K,
) -> Result<Listed<T>, Problem> {
    let mut all = Listed { found: Vec::new(), failures: Vec::new() };
    let mut answers = std::pin::pin!(answers);
    while let Some(answer) = answers.try_next().await? {
        all.found.extend(answer.found);
        all.failures.extend(answer.failures);
    }
    all.found.sort_by_key(&key);
    all.found.dedup_by_key(|item| key(item));
    Ok(all)
}

/// What a batch is about, in a few words.
fn thing(names: &[String]) -> String {
    match names {
        [one] => shared::names::short_name(one).to_owned(),
        [first, rest @ ..] => format!("{} and {} more", shared::names::short_name(first), rest.len()),
        [] => "nothing".into(),
    }
}
