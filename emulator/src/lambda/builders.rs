//! Functions in a few words.

use std::collections::BTreeMap;

use crate::ecr::pulls;
use crate::lambda::{Code, Function, Version};
use crate::world::World;

impl World {
    /// Puts a function there that is a zip, or makes one of what is there; its published versions stay.
    pub fn zip_function(&mut self, name: &str) -> &mut Self {
        self.update_code(name, Code::Zip)
    }

    /// Puts a function there that is a container image, or gives it another one; its published versions stay. A tag is
    /// resolved now, as Lambda does it.
    pub fn image_function(&mut self, name: &str, image: &str) -> &mut Self {
        let digest = pulls::resolve(self, image).unwrap_or_default();
        let path = image.split('@').next().unwrap_or_default();
        // A colon behind the last slash begins a tag, one before it a port.
        let at = path.rfind('/').map_or(0, |slash| slash + 1);
        let end = path.get(at..).and_then(|last| last.find(':')).map_or(path.len(), |colon| at + colon);
        let resolved = format!("{}@{digest}", path.get(..end).unwrap_or_default());
        self.update_code(name, Code::Image { uri: image.to_owned(), resolved })
    }

    fn update_code(&mut self, name: &str, code: Code) -> &mut Self {
        let latest = Version { modified_at: self.now, code };
        let new = || Function { latest: latest.clone(), versions: BTreeMap::new(), aliases: BTreeMap::new() };
        self.lambda.functions.entry(name.to_owned()).or_insert_with(new).latest = latest.clone();
        self
    }

    /// Publishes what a function is now as its next version: 1, 2, …
    pub fn publish_version(&mut self, name: &str) -> &mut Self {
        if let Some(function) = self.lambda.functions.get_mut(name) {
            let next = function.versions.last_key_value().map_or(1, |(last, _)| last + 1);
            function.versions.insert(next, function.latest.clone());
        }
        self
    }

    /// Lets an alias point to a version of a function.
    pub fn function_alias(&mut self, name: &str, alias: &str, version: u64) -> &mut Self {
        if let Some(function) = self.lambda.functions.get_mut(name) {
            function.aliases.insert(alias.to_owned(), version.to_string());
        }
        self
    }
}
