//! What an image was, and what becomes of it. Callers see it as JSON.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use shared::image::Tag;
use shared::lifecycle::Verdict;

/// An item of prune-images' plans.
pub type Item = shared::report::Item<Effect>;

/// An image before or after a run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase")]
#[schemars(rename = "PrunedImage")]
pub enum Effect {
    /// As it was seen.
    Seen {
        /// The repository that it is in.
        #[serde(skip)]
        repository: String,
        /// Its tags.
        tags: Vec<Tag>,
        /// When it was pushed.
        #[schemars(with = "shared::schema::Instant")]
        pushed_at: Timestamp,
    },
    /// Deleted or archived.
    Pruned {
        /// Which of these.
        verdict: Verdict,
        /// The rule that claims it.
        rule: Option<u32>,
    },
}

/// A list of images in use, as it was written to S3.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WrittenList {
    /// How many images it has.
    pub images: usize,
    /// When it was made.
    #[schemars(with = "shared::schema::Instant")]
    pub at: Timestamp,
}

/// The repository that an item's image is in; `None` where the item is a repository itself.
#[must_use]
pub fn repository(item: &Item) -> Option<&str> {
    let Some(Effect::Seen { repository, .. }) = &item.before else { return None };
    Some(repository)
}
