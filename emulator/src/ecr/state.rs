//! What ECR knows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::ecr::errors::repository_not_found;
use crate::wire::put;
use crate::world::World;

/// All repositories by name, and the registry's settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Shared between the forks of a world until one of them changes it.
    pub(crate) repositories: BTreeMap<String, Arc<Repository>>,
    /// The replication rules, as `DescribeRegistry` shows them.
    pub(crate) replication: Vec<Value>,
    /// By the prefix of the repositories that they fill.
    pub(crate) pull_through_cache: BTreeMap<String, CacheRule>,
    /// The principals whose pulls are not recorded.
    pub(crate) exclusions: BTreeSet<String>,
    /// Who may do what, as text; nothing enforces it here.
    pub(crate) registry_policy: Option<String>,
    /// The role by which everybody calls here, if it was said.
    pub(crate) caller: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct CacheRule {
    pub(crate) upstream: String,
    pub(crate) created_at: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct Repository {
    pub(crate) created_at: Timestamp,
    /// Tags that exist do not move.
    pub(crate) immutable: bool,
    pub(crate) policy: Option<String>,
    pub(crate) lifecycle_policy: Option<String>,
    /// By digest.
    pub(crate) images: BTreeMap<String, Image>,
    /// From a tag to a digest.
    pub(crate) tags: BTreeMap<String, String>,
    /// Images that can be neither read nor deleted, with the code of the failure.
    pub(crate) failures: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) size: i64,
    pub(crate) pushed_at: Timestamp,
    pub(crate) pulled_at: Option<Timestamp>,
    pub(crate) archived: bool,
    pub(crate) archived_at: Option<Timestamp>,
    /// In the future while it is being restored.
    pub(crate) activated_at: Option<Timestamp>,
}

/// A manifest, with what ECR reads from it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) text: String,
    pub(crate) media_type: String,
    /// `artifactType`, or the media type of the config.
    pub(crate) artifact_type: Option<String>,
    /// What its config and layers have together.
    pub(crate) size: i64,
    /// The digests that an index names.
    pub(crate) children: Vec<String>,
    pub(crate) subject: Option<String>,
    pub(crate) annotations: Option<Value>,
}

/// How requests and answers name an image: by digest, by tag, or both.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ImageId {
    pub(crate) image_digest: Option<String>,
    pub(crate) image_tag: Option<String>,
}

impl ImageId {
    pub(crate) fn of(digest: &str, tag: Option<&str>) -> Self {
        Self { image_digest: Some(digest.to_owned()), image_tag: tag.map(str::to_owned) }
    }

    pub(crate) fn view(&self) -> Value {
        let mut view = Map::new();
        put(&mut view, "imageDigest", self.image_digest.as_deref());
        put(&mut view, "imageTag", self.image_tag.as_deref());
        view.into()
    }
}

impl Image {
    pub(crate) fn new(manifest: Arc<Manifest>, size: i64, pushed_at: Timestamp) -> Self {
        Self {
            manifest,
            tags: BTreeSet::new(),
            size,
            pushed_at,
            pulled_at: None,
            archived: false,
            archived_at: None,
            activated_at: None,
        }
    }

    /// `ACTIVE`, `ARCHIVED`, or `ACTIVATING` while it comes back.
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        if self.archived {
            "ARCHIVED"
        } else if self.activated_at.is_some_and(|at| at > now) {
            "ACTIVATING"
        } else {
            "ACTIVE"
        }
    }
}

impl Repository {
    pub(crate) fn new(created_at: Timestamp) -> Self {
        Self {
            created_at,
            immutable: false,
            policy: None,
            lifecycle_policy: None,
            images: BTreeMap::new(),
            tags: BTreeMap::new(),
            failures: BTreeMap::new(),
        }
    }

    /// The image that this names, with its digest; a failure's code and reason otherwise.
    ///
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html>
    pub(crate) fn find(&self, id: &ImageId) -> Result<(&str, &Image), (&'static str, &'static str)> {
        const MISSING: (&str, &str) = ("ImageNotFound", "Requested image not found");
        let digest = match (&id.image_digest, &id.image_tag) {
            (None, None) => {
                return Err((
                    "MissingDigestAndTag",
                    "Invalid request parameters: both tag and digest cannot be null",
                ));
            }
            (Some(digest), _) if !is_digest(digest) => {
                return Err((
                    "InvalidImageDigest",
                    "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
                ));
            }
            (_, Some(tag)) if !is_tag(tag) => {
                return Err((
                    "InvalidImageTag",
                    "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'",
                ));
            }
            (Some(digest), None) => digest,
            (None, Some(tag)) => self.tags.get(tag).ok_or(MISSING)?,
            (Some(digest), Some(tag)) => match self.tags.get(tag) {
                Some(of_tag) if of_tag == digest => digest,
                Some(_) => {
                    return Err((
                        "ImageTagDoesNotMatchDigest",
                        "The image tag does not match the image digest",
                    ));
                }
                None => return Err(MISSING),
            },
        };
        self.images.get_key_value(digest).map(|(digest, image)| (digest.as_str(), image)).ok_or(MISSING)
    }

    /// Lets a tag point to an image, and to no other.
    pub(crate) fn point(&mut self, tag: &str, digest: &str) {
        self.unpoint(tag);
        if let Some(image) = self.images.get_mut(digest) {
            image.tags.insert(tag.to_owned());
            self.tags.insert(tag.to_owned(), digest.to_owned());
        }
    }

    /// Takes a tag away.
    pub(crate) fn unpoint(&mut self, tag: &str) {
        if let Some(image) = self.tags.remove(tag).and_then(|digest| self.images.get_mut(&digest)) {
            image.tags.remove(tag);
        }
    }
}

/// `sha256:` and 64 hexadecimal digits.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Letters, digits, `_`, `.` and `-`, at most 128, beginning with none of the last two.
pub(crate) fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

impl World {
    /// The repository of this registry that a request means.
    pub(crate) fn repository_of(&self, registry: Option<&str>, name: &str) -> Result<&Repository, ApiError> {
        let registry = registry.unwrap_or(&self.account);
        let found = self.ecr.repositories.get(name).filter(|_| registry == self.account);
        found.map(Arc::as_ref).ok_or_else(|| repository_not_found(name, registry))
    }

    /// The same, to change it.
    pub(crate) fn repository_of_mut(
        &mut self,
        registry: Option<&str>,
        name: &str,
    ) -> Result<&mut Repository, ApiError> {
        let account = self.account.clone();
        let registry = registry.unwrap_or(&account);
        let found = self.ecr.repositories.get_mut(name).filter(|_| registry == account);
        found.map(Arc::make_mut).ok_or_else(|| repository_not_found(name, registry))
    }
}
