//! Short questions about images, for assertions.

use jiff::Timestamp;

use crate::ecr::state::Image;
use crate::world::World;

/// An image as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageView {
    /// `sha256:…`
    pub digest: String,
    /// In order; none when it is untagged.
    pub tags: Vec<String>,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// When its last pull was recorded.
    pub pulled_at: Option<Timestamp>,
    /// `ACTIVE`, `ARCHIVED` or `ACTIVATING`.
    pub status: &'static str,
    /// The digests that it names, if it is an index.
    pub children: Vec<String>,
    /// What it refers to, if it is a referrer.
    pub subject: Option<String>,
}

impl World {
    /// A repository's images, archived ones too, in the order of their push; none where there is no such repository.
    #[must_use]
    pub fn images(&self, repository: &str) -> Vec<ImageView> {
        let view = |(digest, image): (&String, &Image)| ImageView {
            digest: digest.clone(),
            tags: image.tags.iter().cloned().collect(),
            pushed_at: image.pushed_at,
            pulled_at: image.pulled_at,
            status: image.status(self.now),
            children: image.manifest.children.clone(),
            subject: image.manifest.subject.clone(),
        };
        let repository = self.ecr.repositories.get(repository);
        let mut images: Vec<ImageView> = repository.into_iter().flat_map(|r| &r.images).map(view).collect();
        images.sort_by(|a, b| (a.pushed_at, &a.digest).cmp(&(b.pushed_at, &b.digest)));
        images
    }

    /// The tags of a repository, in order.
    #[must_use]
    pub fn image_tags(&self, repository: &str) -> Vec<String> {
        self.ecr.repositories.get(repository).map(|r| r.tags.keys().cloned().collect()).unwrap_or_default()
    }

    /// The digest that a tag points to.
    #[must_use]
    pub fn digest(&self, repository: &str, tag: &str) -> Option<String> {
        self.ecr.repositories.get(repository)?.tags.get(tag).cloned()
    }

    /// The registry's host: `123456789012.dkr.ecr.sa-east-1.amazonaws.com`.
    #[must_use]
    pub fn registry(&self) -> String {
        let suffix = if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("{}.dkr.ecr.{}.{suffix}", self.account, self.region)
    }
}
