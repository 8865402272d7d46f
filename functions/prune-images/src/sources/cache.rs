//! What can't change any more, kept for the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::image::Digest;
use shared::{Code, Problem};
use shared_aws::{FunctionVersion, Read};

/// Task definitions by ARN, manifests by digest, published versions of functions by name.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    definitions: HashMap<String, Arc<Vec<String>>>,
    children: HashMap<String, Arc<Vec<Digest>>>,
    functions: HashMap<FunctionVersion, String>,
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

    /// The children of an index, if its manifest has been read.
    pub(crate) fn children(&self, digest: &str) -> Option<Arc<Vec<Digest>>> {
        self.entries().children.get(digest).cloned()
    }

    /// Keeps the children of an index.
    pub(crate) fn keep_children(&self, digest: &str, children: Vec<Digest>) {
        self.entries().children.insert(digest.to_owned(), Arc::new(children));
    }
}
