//! Between two readings: what may still go.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shared::image::Digest;
use shared::lifecycle::{Image, StorageClass};
use shared::names::Scope;
use shared::perform::{Narrowed, Taken};
use shared::plan::Job;
use shared::report::Outcome;
use shared::{Code, Refusal};

use super::guards::Losses;
use super::protect::by_digest;
use super::{Guards, PlannedImage, Step, protect};
use crate::observe::Images;
use crate::used::{InUse, UsedHere};

/// The world as it is just before images go.
pub struct Fresh {
    /// What is in use now.
    pub in_use: InUse,
    /// The same by repository.
    pub used: BTreeMap<String, UsedHere>,
    /// Whose registry it is.
    pub scope: Scope,
    /// The images of each repository, or why they could not be read again.
    pub images: BTreeMap<String, Result<Images, Refusal>>,
    /// When it was read.
    pub now: Timestamp,
}

/// The images that could be pulled when a run first looked, by repository.
pub type FirstLook = BTreeMap<String, BTreeSet<Digest>>;

/// Takes away the images that changed since, or that something needs now, and all of a repository that would lose
/// more than the guards allow with what is gone already. Never adds.
#[must_use]
pub fn narrow(jobs: Vec<Job<Step>>, fresh: &Fresh, guards: &Guards, first: &FirstLook) -> Narrowed<Step> {
    if fresh.in_use.failed.iter().any(|failure| failure.code == Code::OutOfTime) {
        return Narrowed::nothing(&jobs, &Taken::out_of_time());
    }
    if let Some(reason) = fresh.in_use.blocked(&fresh.scope) {
        let taken = Taken { outcome: Outcome::Failed, code: Code::SourceUnreadable, reason };
        return Narrowed::nothing(&jobs, &taken);
    }
    let none = UsedHere::default();
    let repositories: BTreeMap<&str, RepositoryNow<'_>> = fresh
        .images
        .iter()
        .map(|(name, images)| {
            let used = fresh.used.get(name).unwrap_or(&none);
            (name.as_str(), RepositoryNow::of(images, used, guards, fresh.now))
        })
        .collect();
    let mut narrowed = Narrowed { jobs: Vec::new(), taken: Vec::new() };
    for Job { steps, .. } in jobs {
        let mut left = Job { covers: Vec::new(), steps: Vec::new() };
        for step in steps {
            let again = repositories.get(step.repository());
            let archive = matches!(step, Step::Archive { .. });
            let (going, taken): (Vec<_>, Vec<_>) = step
                .images()
                .iter()
                .map(|target| {
                    (target, again.map_or_else(|| Some(unread()), |again| again.why_not(target, archive)))
                })
                .partition(|(_, why)| why.is_none());
            narrowed.taken.extend(taken.into_iter().filter_map(|(target, why)| Some((target.item, why?))));
            let going: Vec<PlannedImage> = going.into_iter().map(|(target, _)| target.clone()).collect();
            if going.is_empty() {
                continue;
            }
            left.covers.extend(going.iter().map(|target| target.item));
            left.steps.push(match step {
                Step::Delete { repository, .. } => Step::Delete { repository, images: going },
                Step::Archive { repository, .. } => Step::Archive { repository, images: going },
            });
        }
        if !left.steps.is_empty() {
            narrowed.jobs.push(left);
        }
    }
    guarded(narrowed, fresh, guards, first)
}

/// The guards again: whatever has gone since the first look, whoever took it, counts as gone.
fn guarded(narrowed: Narrowed<Step>, fresh: &Fresh, guards: &Guards, first: &FirstLook) -> Narrowed<Step> {
    let mut going: BTreeMap<String, (BTreeSet<&Digest>, BTreeSet<&Digest>)> = BTreeMap::new();
    for step in narrowed.jobs.iter().flat_map(|job| &job.steps) {
        let (expired, archived) = going.entry(step.repository().to_owned()).or_default();
        let of = if matches!(step, Step::Archive { .. }) { archived } else { expired };
        of.extend(step.images().iter().map(|image| &image.digest));
    }
    let tripped = |(name, (expired, archived)): (&String, &(BTreeSet<&Digest>, BTreeSet<&Digest>))| {
        let Some(Ok(seen)) = fresh.images.get(name) else { return None };
        let (images, none) = (by_digest(&seen.images), BTreeSet::new());
        let before = first.get(name).unwrap_or(&none);
        let is_there = |digest: &Digest| {
            images.get(digest).is_some_and(|image| image.storage_class == StorageClass::Standard)
        };
        let gone = before.iter().filter(|digest| !images.contains_key(digest)).count();
        let away = before.iter().filter(|digest| images.contains_key(digest) && !is_there(digest)).count();
        let losses = Losses {
            images: before.len().max(seen.images.iter().filter(|image| is_there(&image.digest)).count()),
            expired: gone + expired.iter().filter(|digest| is_there(digest)).count(),
            archived: away + archived.len(),
        };
        guards.tripped(losses).map(|reason| (name.clone(), reason))
    };
    let tripped: BTreeMap<String, String> = going.iter().filter_map(tripped).collect();
    let mut left = Narrowed { jobs: Vec::new(), taken: narrowed.taken };
    for job in narrowed.jobs {
        let of = job.steps.first().and_then(|step| tripped.get(step.repository()));
        match of {
            None => left.jobs.push(job),
            Some(reason) => {
                let reason = format!("{reason}, with what is gone since this run first looked");
                let taken = Taken { outcome: Outcome::Failed, code: Code::GuardTripped, reason };
                left.taken.extend(job.covers.iter().map(|id| (*id, taken.clone())));
            }
        }
    }
    left
}

fn unread() -> Taken {
    let reason = "its repository was not looked at again".to_owned();
    Taken { outcome: Outcome::Failed, code: Code::Internal, reason }
}

/// A repository as it is now.
enum RepositoryNow<'a> {
    /// It could not be read.
    Failed(Taken),
    /// What is there, what stays of it, and which index still names what.
    Seen {
        images: BTreeMap<&'a Digest, &'a Image>,
        kept: BTreeMap<Digest, Refusal>,
        /// By an index that is there, in the archive or not.
        named: BTreeMap<&'a Digest, &'a Digest>,
        /// By one that is not in the archive.
        named_in_use: BTreeMap<&'a Digest, &'a Digest>,
    },
}

impl<'a> RepositoryNow<'a> {
    fn of(images: &'a Result<Images, Refusal>, used: &UsedHere, guards: &Guards, now: Timestamp) -> Self {
        let failed = |code, reason| Self::Failed(Taken { outcome: Outcome::Failed, code, reason });
        let seen = match images {
            Err(Refusal { code: Code::OutOfTime, .. }) => return Self::Failed(Taken::out_of_time()),
            Err(Refusal { code, reason }) => {
                return failed(*code, format!("it could not be looked at again: {reason}"));
            }
            Ok(seen) => seen,
        };
        if let Some(fault) = &seen.unreadable {
            return failed(
                Code::IndexUnreadable,
                format!("nothing of this repository is deleted, because {fault}"),
            );
        }
        if let Some(Refusal { code, reason }) = used.blocked() {
            return failed(code, reason);
        }
        let named = |archived: bool| {
            let indexes = seen.images.iter().filter(move |image| {
                image.is_index() && (archived || image.storage_class == StorageClass::Standard)
            });
            indexes.flat_map(|index| index.children.iter().map(|child| (child, &index.digest))).collect()
        };
        Self::Seen {
            images: by_digest(&seen.images),
            kept: protect(seen, used, guards, now),
            named: named(true),
            named_in_use: named(false),
        }
    }

    /// Why an image may not go any more.
    fn why_not(&self, target: &PlannedImage, archive: bool) -> Option<Taken> {
        let (images, kept, named) = match self {
            Self::Failed(taken) => return Some(taken.clone()),
            Self::Seen { images, kept, named_in_use, .. } if archive => (images, kept, named_in_use),
            Self::Seen { images, kept, named, .. } => (images, kept, named),
        };
        let left = |outcome, code, reason: &str| Some(Taken { outcome, code, reason: reason.to_owned() });
        let Some(image) = images.get(&target.digest) else {
            return left(Outcome::Unchanged, Code::NotFound, "it is gone already");
        };
        let mut tags = image.tags.clone();
        tags.sort();
        if tags != target.tags || image.since() != target.since {
            let reason = "it was pushed, tagged or restored since it was looked at; the next run looks again";
            return left(Outcome::Skipped, Code::ChangedSince, reason);
        }
        if let Some(kept) = kept.get(&target.digest) {
            return left(
                Outcome::Skipped,
                kept.code,
                &format!("kept: {} since it was looked at", kept.reason),
            );
        }
        let index = named.get(&target.digest)?;
        let reason = format!("index {index} that names it is there; a run after that goes on");
        left(Outcome::Skipped, Code::ReferencedByIndex, &reason)
    }
}
