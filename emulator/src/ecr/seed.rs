//! Repositories from a JSON file.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::ecr::builders::ImageSeed;
use crate::ecr::state::is_tag;
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RepositoryEntry {
    name: String,
    #[serde(default)]
    images: Vec<ImageEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ImageEntry {
    /// Its tag, unless it has others or none: the name by which entries below it refer to it.
    name: String,
    tags: Option<Vec<String>>,
    pushed_at: Option<Timestamp>,
    pulled_at: Option<Timestamp>,
    archived_at: Option<Timestamp>,
    size_in_bytes: Option<i64>,
    /// The names of what it has for each platform: it is an index then.
    children: Option<Vec<String>>,
    /// The name of the image of which it is cosign's signature: its tag is made of that one's digest.
    signs: Option<String>,
    /// The name of the image to which it refers.
    subject: Option<String>,
    artifact_type: Option<String>,
}

impl RepositoryEntry {
    /// Puts the repository into the world; what is wrong, and in which image, if something is.
    pub(crate) fn plant(self, world: &mut World) -> Result<(), (String, String)> {
        world.repository(&self.name);
        let mut digests = BTreeMap::new();
        for (n, entry) in self.images.into_iter().enumerate() {
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
        self,
        world: &mut World,
        repository: &str,
        digests: &BTreeMap<String, String>,
    ) -> Result<String, String> {
        let known = |name: &String| {
            digests.get(name).cloned().ok_or_else(|| format!("there is no image {name:?} above"))
        };
        let tags = match (&self.signs, self.tags) {
            (Some(signed), _) => vec![format!("{}.sig", known(signed)?.replace(':', "-"))],
            (None, tags) => tags.unwrap_or_else(|| vec![self.name.clone()]),
        };
        if let Some(wrong) = tags.iter().find(|t| !is_tag(t)) {
            return Err(format!("{wrong:?} is no tag"));
        }
        let mut seed = tags.iter().fold(ImageSeed::untagged(&self.name), |seed, tag| seed.tag(tag));
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
            seed = seed.subject(&known(subject)?, artifact_type);
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
        new.ok_or_else(|| format!("{:?} is there already", self.name))
    }
}
