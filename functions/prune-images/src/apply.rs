//! One step, one call.

use std::collections::BTreeSet;

use shared::perform::{Narrowed, Taken};
use shared::plan::Job;
use shared::report::Outcome;
use shared::{Code, Done, Executor, Problem};
use shared_aws::{Clock, Write};

use crate::effect::Effect;
use crate::observe;
use crate::plan::{Fresh, Guards, PlannedImage, Step, narrow};
use crate::sources::Reader;

/// What performs prune-images' steps.
pub(crate) struct Apply<'a> {
    pub(crate) write: Write,
    pub(crate) reader: Reader<'a>,
    pub(crate) guards: &'a Guards,
    pub(crate) clock: Clock,
}

impl Executor<Step, Effect> for Apply<'_> {
    async fn perform(&self, step: &Step) -> Result<Done<Effect>, Problem> {
        match step {
            Step::Delete { repository, images } => {
                let digests: Vec<String> = images.iter().map(|image| image.digest.to_string()).collect();
                let refused = self.write.delete_images(repository, &digests).await?;
                let mut done = Done::default();
                for image in images {
                    if let Some((code, reason)) = refused.get(image.digest.as_str()) {
                        settle(&mut done, image, code, reason);
                    }
                }
                Ok(done)
            }
            Step::Archive { repository, image } => {
                self.write.archive_image(repository, image.digest.as_str()).await?;
                Ok(Done::default())
            }
        }
    }

    /// What is in use, and what the images are, is read again before each stage.
    async fn narrow(&self, _stage: usize, jobs: Vec<Job<Step>>) -> Narrowed<Step> {
        let names: BTreeSet<String> =
            jobs.iter().flat_map(|job| &job.steps).map(|step| step.repository().to_owned()).collect();
        let images = observe::images_of(self.reader, names).await;
        // Last, so that it is as fresh as it can be.
        let in_use = self.reader.in_use().await;
        let used = in_use.by_repository(self.reader.scope);
        let now = self.clock.now();
        let scope = self.reader.scope.clone();
        narrow(jobs, &Fresh { in_use, used, scope, images, now }, self.guards)
    }
}

/// What AWS says of an image that it did not delete.
fn settle(done: &mut Done<Effect>, image: &PlannedImage, code: &str, reason: &str) {
    let left = |outcome, code, reason: String| Taken { outcome, code, reason };
    match code {
        "ImageNotFound" => {
            let taken = left(Outcome::Unchanged, Code::NotFound, "it is gone already".into());
            done.left.push((image.item, taken));
        }
        "ImageReferencedByManifestList" => {
            let why = format!("an index that names it is still there; the next run goes on ({reason})");
            done.left.push((image.item, left(Outcome::NotAttempted, Code::ReferencedByIndex, why)));
        }
        _ => {
            let detail = format!("ecr:BatchDeleteImage on {}: {code}: {reason}", image.digest);
            done.refused.push((image.item, Problem::new(Code::AwsRefused, detail)));
        }
    }
}
