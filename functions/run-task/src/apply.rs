//! One step, one call.

use shared::ecs::Task;
use shared::{Done, Hands, Problem};
use shared_aws::Write;

use crate::plan::{Step, settle};

/// The hands that perform run-task's steps.
pub(crate) struct Apply<'a> {
    pub(crate) write: Write,
    /// What was started before, under the same key.
    pub(crate) before: &'a [Task],
}

impl Hands<Step> for Apply<'_> {
    async fn perform(&self, step: &Step) -> Result<Done, Problem> {
        let started = self.write.run_task(&step.call).await?;
        Ok(settle(step, &started, self.before))
    }
}
