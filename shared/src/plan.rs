//! A plan is data: every choice is in it before anything is changed.
//!
//! It holds the items, each already with the outcome of a perfect run and its reason, and
//! stages of jobs. Printed, it is the dry run; performed (see [`crate::perform()`]), it is the run.

use serde_json::Value;

use crate::report::{Item, Outcome};

/// An item's place in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(usize);

impl ItemId {
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// Ordered steps that stand or fall together, for one item or a batch of them. A step is one
/// AWS call.
#[derive(Clone, Debug, PartialEq)]
pub struct Job<S> {
    /// The items it is for.
    pub covers: Vec<ItemId>,
    /// What is done, in this order.
    pub steps: Vec<S>,
}

/// Items and the stages of jobs that make them so. A stage is a barrier: all of its jobs end
/// before one of the next begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<S, E = Value> {
    items: Vec<Item<E>>,
    stages: Vec<Vec<Job<S>>>,
}

impl<S, E> Default for Plan<S, E> {
    fn default() -> Self {
        Self { items: Vec::new(), stages: Vec::new() }
    }
}

impl<S, E> Plan<S, E> {
    /// An item that needs no call: unchanged, skipped or failed.
    pub fn decided(&mut self, item: Item<E>) -> ItemId {
        self.items.push(item);
        ItemId(self.items.len() - 1)
    }

    /// An item with a job of its own in each of these stages; an empty list of steps is no job.
    /// With no steps at all there is nothing to change, and a `changed` item becomes `unchanged`.
    pub fn change(&mut self, mut item: Item<E>, steps: impl IntoIterator<Item = (usize, Vec<S>)>) -> ItemId {
        let jobs: Vec<_> = steps.into_iter().filter(|(_, steps)| !steps.is_empty()).collect();
        if jobs.is_empty() && item.outcome == Outcome::Changed {
            item.outcome = Outcome::Unchanged;
        }
        let id = self.decided(item);
        for (stage, steps) in jobs {
            self.job(stage, Job { covers: vec![id], steps });
        }
        id
    }

    /// A job for items that are already in the plan.
    pub fn job(&mut self, stage: usize, job: Job<S>) {
        if self.stages.len() <= stage {
            self.stages.resize_with(stage + 1, Vec::new);
        }
        if let Some(jobs) = self.stages.get_mut(stage) {
            jobs.push(job);
        }
    }

    /// True when performing it would make no call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stages.iter().all(Vec::is_empty)
    }

    /// What a perfect run would report: the dry run.
    #[must_use]
    pub fn forecast(&self) -> &[Item<E>] {
        &self.items
    }

    /// The steps in the order of stages and jobs, for tests and for printing.
    pub fn steps(&self) -> impl Iterator<Item = &S> {
        self.stages.iter().flatten().flat_map(|job| &job.steps)
    }

    /// The items and the stages.
    #[must_use]
    pub fn into_parts(self) -> (Vec<Item<E>>, Vec<Vec<Job<S>>>) {
        (self.items, self.stages)
    }
}
