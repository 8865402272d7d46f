//! One step, one call; and a look at the world before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::image::Digest;
use shared::lifecycle::{Image, Policy};
use shared::perform::{Narrowed, Taken};
use shared::plan::Job;
use shared::report::Outcome;
use shared::{Code, Done, Executor, ItemId, Problem, Refusal};
use shared_aws::{Clock, Write};

use crate::effect::{Effect, WrittenList};
use crate::observe::{self, Images, SeenRepository};
use crate::plan::{FirstLook, Fresh, Guards, PlannedImage, Step, WriteList, first_look, narrow};
use crate::sources::Reader;
use crate::used::UsedHere;

/// So long after a look nothing goes on it.
const FRESH: Duration = Duration::from_mins(1);
/// So often it is looked again while tags move; then nothing goes.
const READINGS: usize = 3;

/// What performs prune-images' steps.
pub(crate) struct Apply<'a> {
    write: Write,
    reader: Reader<'a>,
    guards: &'a Guards,
    clock: Clock,
    first: FirstLook,
    /// The tags as they were last seen, by repository.
    tags: Mutex<BTreeMap<String, Tags>>,
    /// When it was last looked, in milliseconds since the run began.
    looked: AtomicU64,
}

impl<'a> Apply<'a> {
    /// For the repositories of a slice, as they were first seen.
    pub(crate) fn new(
        write: Write,
        reader: Reader<'a>,
        guards: &'a Guards,
        clock: Clock,
        seen: &[(SeenRepository, Option<Policy>)],
    ) -> Self {
        let name = |seen: &SeenRepository| seen.repository.repository_name.clone();
        let known = seen.iter().map(|(seen, _)| (name(seen), tags(&seen.images))).collect();
        let (first, looked) = (first_look(seen), AtomicU64::new(0));
        Self { write, reader, guards, clock, first, tags: Mutex::new(known), looked }
    }

    /// What a step may still do, and what was taken away from it: a look may be too old by its turn.
    async fn still(&self, step: Step) -> (Option<Step>, Vec<(ItemId, Taken)>) {
        let looked = Duration::from_millis(self.looked.load(Ordering::Relaxed));
        if self.clock.elapsed().saturating_sub(looked) <= FRESH {
            return (Some(step), Vec::new());
        }
        let covers = step.images().iter().map(|image| image.item).collect();
        let Narrowed { jobs, taken } = self.look(vec![Job { covers, steps: vec![step] }]).await;
        (jobs.into_iter().flat_map(|job| job.steps).next(), taken)
    }

    /// Reads use, and then the images, which takes less time. What is in use by a tag is known only if the tag did
    /// not move meanwhile: then both are read again.
    async fn look(&self, jobs: Vec<Job<Step>>) -> Narrowed<Step> {
        let names: BTreeSet<String> =
            jobs.iter().flat_map(|job| &job.steps).map(|step| step.repository().to_owned()).collect();
        for _ in 0..READINGS {
            let in_use = self.reader.in_use().await;
            let used = in_use.by_repository(self.reader.scope);
            let images = observe::images_of(self.reader, names.clone()).await;
            if self.have_moved(&images, &used) {
                continue;
            }
            let looked = self.clock.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
            self.looked.store(looked, Ordering::Relaxed);
            let (scope, now) = (self.reader.scope.clone(), self.clock.now());
            return narrow(jobs, &Fresh { in_use, used, scope, images, now }, self.guards, &self.first);
        }
        let reason = "its tags move while it is looked at; the next run looks again".to_owned();
        let taken = Taken { outcome: Outcome::NotAttempted, code: Code::ChangedSince, reason };
        Narrowed::nothing(&jobs, &taken)
    }

    /// Whether a tag by which something is in use points elsewhere than at the look before.
    fn have_moved(
        &self,
        images: &BTreeMap<String, Result<Images, Refusal>>,
        used: &BTreeMap<String, UsedHere>,
    ) -> bool {
        let mut known = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        let mut moved = false;
        for (name, images) in images {
            let Ok(images) = images else { continue };
            let now = tags(images);
            let before = known.insert(name.clone(), now.clone()).unwrap_or_default();
            let in_use = used.get(name).into_iter().flat_map(|used| used.tags.keys());
            moved |= in_use.into_iter().any(|tag| before.get(tag) != now.get(tag));
        }
        moved
    }

    async fn delete(&self, repository: &str, images: &[PlannedImage]) -> Result<Done<Effect>, Problem> {
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

    /// One after the other, since a call archives one: by its turn the look may be too old.
    async fn archive(&self, repository: &str, images: &[PlannedImage]) -> Done<Effect> {
        let mut done = Done::default();
        for image in images {
            let (repository, images) = (repository.to_owned(), vec![image.clone()]);
            let (step, taken) = self.still(Step::Archive { repository, images }).await;
            done.left.extend(taken);
            let Some(step) = step else { continue };
            let archived = self.write.archive_image(step.repository(), image.digest.as_str()).await;
            done.refused.extend(archived.err().map(|problem| (image.item, problem)));
        }
        done
    }
}

/// What each tag of a repository points to.
type Tags = BTreeMap<String, Digest>;

fn tags(images: &Images) -> Tags {
    let tags = |image: &Image| {
        image.tags.iter().map(|tag| (tag.to_string(), image.digest.clone())).collect::<Vec<_>>()
    };
    images.images.iter().flat_map(tags).collect()
}

impl Executor<Step, Effect> for Apply<'_> {
    /// A look and a deletion are never further apart than ten calls.
    const BATCH: usize = 10;

    async fn perform(&self, step: &Step) -> Result<Done<Effect>, Problem> {
        match step {
            Step::Archive { repository, images } => Ok(self.archive(repository, images).await),
            Step::Delete { .. } => {
                let (step, taken) = self.still(step.clone()).await;
                let mut done = match &step {
                    Some(step) => self.delete(step.repository(), step.images()).await?,
                    None => Done::default(),
                };
                done.left.extend(taken);
                Ok(done)
            }
        }
    }

    /// What is in use, and what the images are, is read again before each batch.
    async fn narrow(&self, _stage: usize, jobs: Vec<Job<Step>>) -> Narrowed<Step> {
        self.look(jobs).await
    }
}

/// What writes the list of what is in use.
pub(crate) struct ApplyList(pub(crate) Write);

impl Executor<WriteList, WrittenList> for ApplyList {
    async fn perform(&self, WriteList { at, json }: &WriteList) -> Result<Done<WrittenList>, Problem> {
        self.0.put_object(at, json).await.map(|()| Done::default())
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
