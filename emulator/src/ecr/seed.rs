//! Repositories from a JSON file.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ecr::builders::ImageSeed;
use crate::ecr::state::{is_digest, is_tag};
use crate::seed::is_false;
use crate::world::World;

/// A repository of the registry.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RepositoryEntry {
    /// Its name.
    pub name: String,
    /// The lifecycle policy that is attached to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_policy: Option<Value>,
    /// Its images: what others refer to comes before them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageEntry>,
}

/// An image of a repository.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageEntry {
    /// Its tag, unless it has others or none: the name by which entries below it refer to it.
    pub name: String,
    /// Its tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Its digest, where it is not to be made of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Now unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_at: Option<Timestamp>,
    /// Never unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pulled_at: Option<Timestamp>,
    /// In the archive since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
    /// 50 MB unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_in_bytes: Option<i64>,
    /// The names of what it has for each platform: it is an index then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<String>>,
    /// Its manifest can't be read: of an index nobody knows what it has.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unreadable: bool,
    /// The name of the image of which it is cosign's signature: its tag is made of that one's digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signs: Option<String>,
    /// The name of the image to which it refers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What it is, where it refers to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

impl RepositoryEntry {
    /// Puts the repository into the world; what is wrong, and in which image, if something is.
    pub(crate) fn plant(&self, world: &mut World) -> Result<(), (String, String)> {
        world.repository(&self.name);
        if let Some(policy) = &self.lifecycle_policy {
            world.lifecycle_policy(&self.name, policy);
        }
        let mut digests = BTreeMap::new();
        for (n, entry) in self.images.iter().enumerate() {
            let name = entry.name.clone();
            let digest =
                entry.plant(world, &self.name, &digests).map_err(|e| (format!(".images[{n}]"), e))?;
            digests.insert(name, digest);
        }
        Ok(())
    }
}

impl ImageEntry {
    fn plant(
        &self,
        world: &mut World,
        repository: &str,
        digests: &BTreeMap<String, String>,
    ) -> Result<String, String> {
        let known = |name: &String| {
            digests.get(name).cloned().ok_or_else(|| format!("there is no image {name:?} above"))
        };
        let tags = match (&self.signs, &self.tags) {
            (Some(signed), _) => vec![format!("{}.sig", known(signed)?.replace(':', "-"))],
            (None, tags) => tags.clone().unwrap_or_else(|| vec![self.name.clone()]),
        };
        if let Some(wrong) = tags.iter().find(|t| !is_tag(t)) {
            return Err(format!("{wrong:?} is no tag"));
        }
        let mut seed = tags.iter().fold(ImageSeed::untagged(&self.name), |seed, tag| seed.tag(tag));
        if let Some(digest) = &self.digest {
            if !is_digest(digest) {
                return Err(format!("{digest:?} is no digest"));
            }
            seed = seed.known_as(digest);
        }
        seed = seed.pushed_at(self.pushed_at.unwrap_or(world.now));
        if let Some(at) = self.pulled_at {
            seed = seed.pulled_at(at);
        }
        if let Some(at) = self.archived_at {
            seed = seed.archived_at(at);
        }
        if let Some(bytes) = self.size_in_bytes {
            seed = seed.size(bytes);
        }
        if let Some(subject) = &self.subject {
            let artifact_type = self.artifact_type.as_deref().unwrap_or("application/spdx+json");
            // What is a digest may be gone: a referrer outlives its subject.
            let digest = if is_digest(subject) { subject.clone() } else { known(subject)? };
            seed = seed.subject(&digest, artifact_type);
        }
        let before: Vec<String> = world.images(repository).into_iter().map(|i| i.digest).collect();
        match &self.children {
            Some(children) => {
                let children: Vec<String> = children.iter().map(known).collect::<Result<_, _>>()?;
                world.index(repository, seed, &children);
            }
            None => {
                world.image(repository, seed);
            }
        }
        let new = world.images(repository).into_iter().map(|i| i.digest).find(|d| !before.contains(d));
        let new = new.ok_or_else(|| format!("{:?} is there already", self.name))?;
        if self.unreadable {
            world.image_failure(repository, &new, Some("ImageInaccessible"));
        }
        Ok(new)
    }
}
