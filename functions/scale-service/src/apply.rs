//! One step, one call.

use shared::perform::{Narrowed, Taken};
use shared::plan::Job;
use shared::report::Outcome;
use shared::settings::TagKeys;
use shared::{Done, Hands, Problem};
use shared_aws::{Read, Write};

use crate::observe::again;
use crate::plan::{CONFIRM, Step, narrow};

/// The hands that perform scale-service's steps.
pub(crate) struct Apply<'a> {
    pub(crate) write: Write,
    pub(crate) read: Read,
    pub(crate) tags: &'a TagKeys,
}

impl Hands<Step> for Apply<'_> {
    async fn perform(&self, step: &Step) -> Result<Done, Problem> {
        match step {
            Step::WriteRecord { service, before, record, .. } => {
                let resource = service.to_string();
                self.write.tag(&resource, &self.tags.record, before.as_deref(), &record.to_string()).await?;
            }
            Step::WriteOverride { resource, before, after } => {
                self.write.tag(resource, &self.tags.override_, before.as_deref(), &after.to_string()).await?;
            }
            Step::DropOverride { resource, before } => {
                self.write.untag(resource, &self.tags.override_, before).await?;
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
        if stage != CONFIRM {
            return Narrowed::whole(jobs);
        }
        let ids: Vec<_> =
            jobs.iter().flat_map(|job| &job.steps).filter_map(|step| step.service().cloned()).collect();
        match again(&self.read, &ids, &self.tags.record).await {
            Ok(fresh) => narrow(jobs, &fresh),
            Err(problem) => {
                let reason = format!("it was started, but could not be looked at again: {}", problem.detail);
                Narrowed::nothing(&jobs, &Taken { outcome: Outcome::Failed, code: problem.code, reason })
            }
        }
    }
}
