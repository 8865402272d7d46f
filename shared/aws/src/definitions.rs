//! What a task of a definition takes: read once per process, since a task definition never changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures_util::stream::{self, StreamExt as _};
use shared::ecs::Resources;

use crate::read::Read;

/// Definitions that are read at once; the budget sets the pace.
const AT_ONCE: usize = 10;

/// Task definitions by ARN.
#[derive(Debug, Default)]
pub struct Definitions(Mutex<BTreeMap<String, Resources>>);

impl Definitions {
    /// What is known of a definition.
    #[must_use]
    pub fn of(&self, arn: &str) -> Option<Resources> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(arn).copied()
    }

    /// Reads those of these that are not known, at most so many. What can't be read stays unknown, and is tried
    /// again the next time.
    pub async fn read(&self, read: &Read, arns: BTreeSet<&str>, most: usize) {
        let new = arns.into_iter().filter(|arn| self.of(arn).is_none()).take(most);
        let new: Vec<String> = new.map(str::to_owned).collect();
        let reads = stream::iter(new).map(|arn| async move {
            let definition = read.task_definition(&arn).await;
            (arn, definition)
        });
        let mut reads = reads.buffer_unordered(AT_ONCE);
        while let Some((arn, definition)) = reads.next().await {
            let Ok((definition, _)) = definition else { continue };
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(arn, definition.resources());
        }
    }
}
