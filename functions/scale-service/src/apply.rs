//! One step, one call.

use shared::perform::{Narrowed, Taken};
use shared::plan::Job;
use shared::report::Outcome;
use shared::{Done, Hands, Problem};
use shared_aws::{Read, Write};

use crate::observe::again;
use crate::plan::{Step, narrow};

/// The hands that perform scale-service's steps.
pub(crate) struct Apply<'a> {
    pub(crate) write: Write,
    pub(crate) read: Read,
    pub(crate) record_key: &'a str,
}

impl Hands<Step> for Apply<'_> {
    async fn perform(&self, step: &Step) -> Result<Done, Problem> {
        match step {
            Step::WriteRecord { service, before, record, .. } => {
                self.write
                    .tag_service(service, self.record_key, before.as_deref(), &record.to_string())
                    .await?;
            }
            Step::SetScalable { service, before, after } => {
                self.write.set_scalable_target(service, *before, *after).await?;
            }
            Step::SetDesired { service, before, after } => {
                self.write.set_desired_count(service, *before, *after).await?;
            }
        }
        Ok(Done::default())
    }

    async fn narrow(&self, stage: usize, jobs: Vec<Job<Step>>) -> Narrowed<Step> {
        if stage == 0 {
            return Narrowed::whole(jobs);
        }
        let ids: Vec<_> = jobs.iter().flat_map(|job| &job.steps).map(|step| step.service().clone()).collect();
        match again(&self.read, &ids, self.record_key).await {
            Ok(fresh) => narrow(jobs, &fresh),
            Err(problem) => {
                let reason = format!("it was started, but could not be looked at again: {}", problem.detail);
                Narrowed::nothing(&jobs, &Taken { outcome: Outcome::Failed, code: problem.code, reason })
            }
        }
    }
}
