//! One step, one call.

use shared::names::ClusterName;
use shared::{Code, Done, Executor, Problem};
use shared_aws::Write;

use crate::effect::Effect;
use crate::plan::Step;

/// What performs stop-task's steps.
pub(crate) struct Apply<'a> {
    pub(crate) write: Write,
    pub(crate) cluster: &'a ClusterName,
    pub(crate) reason: &'a str,
}

impl Executor<Step, Effect> for Apply<'_> {
    async fn perform(&self, step: &Step) -> Result<Done<Effect>, Problem> {
        match self.write.stop_task(self.cluster, &step.task, &step.before, self.reason).await {
            // It ended by itself, and was forgotten, since it was looked at.
            Err(problem) if problem.code == Code::NotFound => Ok(Done::default()),
            answer => answer.map(|()| Done::default()),
        }
    }
}
