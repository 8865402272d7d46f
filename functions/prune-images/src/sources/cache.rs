//! What can't change any more, kept for the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use shared::ecs::revisions::Revision;
use shared::image::Digest;
use shared::s3::ObjectLocation;
use shared::{Code, Problem};
use shared_aws::{FunctionVersion, Object, Read};

use super::documents::InUseDocument;
use super::history::Past;
use super::state_machines::Runs;

/// Task definitions by ARN, manifests by digest, published versions of functions by name, revisions with all
/// their digests by ARN, the past of what has not been deployed since, published versions of state machines by ARN,
/// and documents by their entity tags.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    definitions: HashMap<String, Arc<Vec<String>>>,
    children: HashMap<String, Arc<Vec<Digest>>>,
    functions: HashMap<FunctionVersion, String>,
    revisions: HashMap<String, Arc<Revision>>,
    pasts: HashMap<String, (String, Past)>,
    state_machines: HashMap<String, Arc<Runs>>,
    versions: HashMap<String, (Timestamp, Arc<Vec<String>>)>,
    documents: HashMap<ObjectLocation, (String, Arc<InUseDocument>)>,
}

impl Cache {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The images that a task definition names; none if there is no such one any more: nothing can
    /// be started of it.
    pub(crate) async fn task_definition(&self, read: &Read, name: &str) -> Result<Arc<Vec<String>>, Problem> {
        if let Some(images) = self.entries().definitions.get(name) {
            return Ok(Arc::clone(images));
        }
        let definition = match read.task_definition(name).await {
            Ok((definition, _)) => definition,
            Err(problem) if problem.code == Code::NotFound => return Ok(Arc::default()),
            Err(problem) => return Err(problem),
        };
        let images: Vec<String> =
            definition.container_definitions.into_iter().map(|container| container.image).collect();
        let images = Arc::new(images);
        // Without its revision a name means another one tomorrow, so the ARN of the answer is kept.
        self.entries().definitions.insert(definition.task_definition_arn, Arc::clone(&images));
        Ok(images)
    }

    /// The image of a function's version.
    pub(crate) async fn function(&self, read: &Read, of: &FunctionVersion) -> Result<String, Problem> {
        if let Some(image) = self.entries().functions.get(of) {
            return Ok(image.clone());
        }
        let image = read.image_of_function(of).await?;
        if of.is_published() {
            self.entries().functions.insert(of.clone(), image.clone());
        }
        Ok(image)
    }

    /// What a published version of a state machine runs, if it has been read.
    pub(crate) fn version(&self, arn: &str) -> Option<Arc<Runs>> {
        self.entries().state_machines.get(arn).cloned()
    }

    /// Keeps it.
    pub(crate) fn keep_version(&self, arn: &str, runs: &Arc<Runs>) {
        self.entries().state_machines.insert(arn.to_owned(), Arc::clone(runs));
    }

    /// The published versions of a state machine, if this run has listed them: one that is published meanwhile is
    /// what the state machine was when this run looked at it, or is now.
    pub(crate) fn versions(&self, machine: &str, run: Timestamp) -> Option<Arc<Vec<String>>> {
        let entries = self.entries();
        entries.versions.get(machine).filter(|(listed, _)| *listed == run).map(|(_, arns)| Arc::clone(arns))
    }

    /// Keeps them for this run.
    pub(crate) fn keep_versions(&self, machine: &str, run: Timestamp, arns: &Arc<Vec<String>>) {
        self.entries().versions.insert(machine.to_owned(), (run, Arc::clone(arns)));
    }

    /// A document of S3, if it has been read and is the same still.
    pub(crate) fn document(&self, object: &Object) -> Option<Arc<InUseDocument>> {
        let entries = self.entries();
        let known = entries.documents.get(&object.at).filter(|(e_tag, _)| *e_tag == object.e_tag);
        known.filter(|_| !object.e_tag.is_empty()).map(|(_, document)| Arc::clone(document))
    }

    /// Keeps it.
    pub(crate) fn keep_document(&self, object: &Object, document: &Arc<InUseDocument>) {
        self.entries().documents.insert(object.at.clone(), (object.e_tag.clone(), Arc::clone(document)));
    }

    /// A revision that has been read.
    pub(crate) fn revision(&self, arn: &str) -> Option<Arc<Revision>> {
        self.entries().revisions.get(arn).cloned()
    }

    /// Keeps a revision, unless a digest of it may still be resolved.
    pub(crate) fn keep_revision(&self, revision: &Arc<Revision>) {
        if revision.images.iter().all(|image| image.digest.is_some()) {
            self.entries().revisions.insert(revision.arn.clone(), Arc::clone(revision));
        }
    }

    /// The past of a service or daemon, as it was read when its present was this.
    pub(crate) fn past(&self, arn: &str, present: &str) -> Option<Past> {
        self.entries().pasts.get(arn).filter(|(then, _)| then == present).map(|(_, past)| past.clone())
    }

    /// Keeps it.
    pub(crate) fn keep_past(&self, arn: &str, present: &str, past: &Past) {
        self.entries().pasts.insert(arn.to_owned(), (present.to_owned(), past.clone()));
    }

    /// The children of an index, if its manifest has been read.
    pub(crate) fn children(&self, digest: &str) -> Option<Arc<Vec<Digest>>> {
        self.entries().children.get(digest).cloned()
    }

    /// Keeps the children of an index.
    pub(crate) fn keep_children(&self, digest: &str, children: Vec<Digest>) {
        self.entries().children.insert(digest.to_owned(), Arc::new(children));
    }
}
