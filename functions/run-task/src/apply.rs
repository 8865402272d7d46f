//! One step, one call.

use std::sync::OnceLock;

use shared::ecs::Task;
use shared::perform::{Narrowed, Taken};
use shared::plan::Job;
use shared::report::Outcome;
use shared::{Code, Done, Executor, Problem};
use shared_aws::{Write, is_without_instances};

use crate::effect::StartedTask;
use crate::plan::{REST, Step, settle};

/// What performs run-task's steps.
pub(crate) struct Apply<'a> {
    write: Write,
    /// What was started before, under the same key.
    before: &'a [Task],
    /// Why AWS refused a call that it would refuse every other as well.
    refused: OnceLock<(Code, String)>,
}

impl<'a> Apply<'a> {
    pub(crate) fn new(write: Write, before: &'a [Task]) -> Self {
        Self { write, before, refused: OnceLock::new() }
    }
}

impl Executor<Step, StartedTask> for Apply<'_> {
    async fn perform(&self, step: &Step) -> Result<Done<StartedTask>, Problem> {
        let started = self.write.run_task(&step.call).await;
        if let Err(problem) = &started
            && (problem.code == Code::IdempotencyConflict || is_without_instances(problem))
        {
            self.refused.get_or_init(|| (problem.code, problem.detail.clone()));
        }
        Ok(settle(step, &started?, self.before))
    }

    /// Another request's key starts nothing, in no chunk; and where a cluster has no instance at all, to
    /// ask once is enough.
    async fn narrow(&self, stage: usize, jobs: Vec<Job<Step>>) -> Narrowed<Step> {
        match self.refused.get().filter(|_| stage == REST) {
            None => Narrowed::whole(jobs),
            Some((code, reason)) => {
                let (outcome, code) = (Outcome::NotAttempted, *code);
                Narrowed::nothing(&jobs, &Taken { outcome, code, reason: reason.clone() })
            }
        }
    }
}
