//! What task definitions say: read once per process, since they never change, but for their status.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use shared::Problem;
use shared::ecs::Resources;
use shared::ecs::revisions::RevisionImage;

use crate::read::Read;

/// Definitions that are read at once; the budget sets the pace.
const AT_ONCE: usize = 10;
/// A status is read anew after so long.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// Task definitions by ARN.
#[derive(Debug, Default)]
pub struct Definitions(Mutex<BTreeMap<String, Known>>);

#[derive(Clone, Debug)]
struct Known {
    takes: Resources,
    images: Vec<RevisionImage>,
    status: String,
    /// When its status was read, where that matters to somebody.
    read_at: Option<Timestamp>,
}

impl Known {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.read_at.is_some_and(|read_at| now.duration_since(read_at).abs() < FRESH)
    }
}

impl Definitions {
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a task of a definition takes, if that is known.
    #[must_use]
    pub fn of(&self, arn: &str) -> Option<Resources> {
        self.known().get(arn).map(|it| it.takes)
    }

    /// Reads those of these that are not known, at most so many. What can't be read stays unknown, and is tried
    /// again the next time.
    pub async fn read(&self, read: &Read, arns: BTreeSet<&str>, most: usize) {
        let new = arns.into_iter().filter(|arn| self.of(arn).is_none()).take(most);
        let new: Vec<String> = new.map(str::to_owned).collect();
        let mut reads = stream::iter(new)
            .map(|arn| async move { self.read_one(read, &arn, None).await })
            .buffer_unordered(AT_ONCE);
        while reads.next().await.is_some() {}
    }

    /// The statuses of these, in AWS's word, as they were within the last hour; at most so many are read. Those that
    /// are neither known nor read are left out.
    pub async fn statuses(
        &self,
        read: &Read,
        arns: BTreeSet<&str>,
        now: Timestamp,
        most: usize,
    ) -> BTreeMap<String, Result<String, Problem>> {
        let fresh = |arn: &str| {
            let known = self.known();
            let known = known.get(arn).filter(|it| it.is_fresh(now))?;
            Some(known.status.clone())
        };
        let (mut all, mut new) = (BTreeMap::new(), Vec::new());
        for arn in arns {
            match fresh(arn) {
                Some(status) => drop(all.insert(arn.to_owned(), Ok(status))),
                None => new.push(arn.to_owned()),
            }
        }
        new.truncate(most);
        let mut reads = stream::iter(new)
            .map(|arn| async move {
                let known = self.read_one(read, &arn, Some(now)).await;
                (arn, known.map(|known| known.status))
            })
            .buffer_unordered(AT_ONCE);
        while let Some((arn, status)) = reads.next().await {
            all.insert(arn, status);
        }
        all
    }

    /// The images that a definition names. Nothing pins their digests.
    pub async fn images(&self, read: &Read, arn: &str) -> Result<Vec<RevisionImage>, Problem> {
        let known = self.known().get(arn).cloned();
        match known {
            Some(known) => Ok(known.images),
            None => self.read_one(read, arn, None).await.map(|known| known.images),
        }
    }

    async fn read_one(&self, read: &Read, arn: &str, read_at: Option<Timestamp>) -> Result<Known, Problem> {
        let (definition, _) = read.task_definition(arn).await?;
        let image = |it: &shared::ecs::ContainerDefinition| RevisionImage {
            container: it.name.clone(),
            image: it.image.clone(),
            digest: None,
        };
        let known = Known {
            takes: definition.resources(),
            images: definition.container_definitions.iter().map(image).collect(),
            status: definition.status.clone().unwrap_or_default(),
            read_at,
        };
        self.known().insert(arn.to_owned(), known.clone());
        Ok(known)
    }
}
