//! The images that a policy is evaluated on.

use std::collections::{HashMap, HashSet};
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde::{Deserialize, Serialize};

use super::StorageClass;
use crate::ecr::ImageDetail;
use crate::image::{Digest, ImageFault, Tag};

/// ECR's quota: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>.
const TAGS: usize = 1_000;
/// More than a manifest of 4 MiB, which registries take, can name.
const CHILDREN: usize = 50_000;
const MEDIA_TYPE: usize = 255;

/// An image of a repository, as ECR's `DescribeImages` knows it, with what its manifest says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Image {
    /// Its digest.
    pub digest: Digest,
    /// Its tags, at most 1,000; empty if it is untagged.
    #[serde(deserialize_with = "at_most::<Tag, TAGS, _>")]
    #[schemars(with = "Vec<Tag>", length(max = TAGS), extend("uniqueItems" = true))]
    pub tags: Vec<Tag>,
    /// When it was pushed.
    #[schemars(with = "crate::schema::Instant")]
    pub pushed_at: Timestamp,
    /// When it was last pulled, as far as ECR recorded it (at least once in 24 h).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub last_pulled_at: Option<Timestamp>,
    /// When it was last restored from the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub last_activated_at: Option<Timestamp>,
    /// When it last went to the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub last_archived_at: Option<Timestamp>,
    /// Where it is stored.
    #[serde(default)]
    pub storage_class: StorageClass,
    /// The media type of its manifest, at most 255 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "media_type")]
    #[schemars(with = "Option<String>", length(max = MEDIA_TYPE))]
    pub media_type: Option<String>,
    /// What its manifest names, if it is an index; at most 50,000.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "at_most::<Digest, CHILDREN, _>"
    )]
    #[schemars(with = "Vec<Digest>", length(max = CHILDREN))]
    pub children: Vec<Digest>,
    /// The image that it refers to, by its manifest's `subject`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Digest>,
}

fn at_most<'de, T, const MOST: usize, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    let list = Vec::<T>::deserialize(deserializer)?;
    if list.len() > MOST {
        return Err(D::Error::custom(format!("{} entries; at most {MOST} are possible", list.len())));
    }
    Ok(list)
}

fn media_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    match &text {
        Some(long) if long.len() > MEDIA_TYPE => {
            Err(D::Error::custom(format!("longer than {MEDIA_TYPE} bytes, which no media type is")))
        }
        _ => Ok(text),
    }
}

impl TryFrom<&ImageDetail> for Image {
    type Error = String;

    /// An image as `DescribeImages` tells it: without its children, which only its manifest names.
    fn try_from(detail: &ImageDetail) -> Result<Self, String> {
        let text = |fault: ImageFault| fault.to_string();
        let archived = detail.image_status.as_deref() == Some("ARCHIVED");
        Ok(Self {
            digest: detail.image_digest.parse().map_err(text)?,
            tags: detail.image_tags.iter().map(|tag| tag.parse()).collect::<Result<_, _>>().map_err(text)?,
            pushed_at: detail.image_pushed_at.ok_or("the answer does not say when it was pushed")?,
            last_pulled_at: detail.last_recorded_pull_time,
            last_activated_at: detail.last_activated_at,
            last_archived_at: detail.last_archived_at,
            storage_class: if archived { StorageClass::Archive } else { StorageClass::Standard },
            media_type: detail.image_manifest_media_type.clone(),
            children: Vec::new(),
            subject: detail
                .subject_manifest_digest
                .as_ref()
                .map(|it| it.parse())
                .transpose()
                .map_err(text)?,
        })
    }
}

impl Image {
    /// Whether its media type is that of an index (a manifest list), whose children only its
    /// manifest tells.
    #[must_use]
    pub fn is_index(&self) -> bool {
        matches!(
            self.media_type.as_deref(),
            Some(
                "application/vnd.oci.image.index.v1+json"
                    | "application/vnd.docker.distribution.manifest.list.v2+json"
            )
        )
    }

    /// The image that it is a signature, attestation or SBOM of, or that it lists those of: by its manifest,
    /// else by cosign's tags or OCI's, if it has no others and they agree.
    ///
    /// <https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery>,
    /// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema>
    #[must_use]
    pub fn refers_to(&self) -> Option<Digest> {
        if let Some(subject) = &self.subject {
            return Some(subject.clone());
        }
        // A list of referrers is an index.
        let lists = self.is_index() || !self.children.is_empty();
        let of = |tag| cosign_subject(tag).or_else(|| listed_subject(tag).filter(|_| lists));
        let mut subjects = self.tags.iter().map(of);
        let first = subjects.next().flatten()?;
        subjects.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// What takes the place of the push time wherever images are ordered or old: a restored image
    /// counts from its restoration.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.last_activated_at.unwrap_or(self.pushed_at)
    }
}

fn cosign_subject(tag: &Tag) -> Option<Digest> {
    let rest = tag.as_str().strip_prefix("sha256-")?;
    let (hex, kind) = rest.split_once('.')?;
    matches!(kind, "sig" | "att" | "sbom").then(|| format!("sha256:{hex}").parse().ok()).flatten()
}

fn listed_subject(tag: &Tag) -> Option<Digest> {
    let hex = tag.as_str().strip_prefix("sha256-")?;
    format!("sha256:{hex}").parse().ok()
}

/// What no repository can hold, and which image says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImagesFault {
    /// Which image, counted from 1.
    pub image: usize,
    /// The field.
    pub field: &'static str,
    /// What is wrong there.
    pub fault: String,
}

impl fmt::Display for ImagesFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "image {}: {}: {}", self.image, self.field, self.fault)
    }
}

impl std::error::Error for ImagesFault {}

/// What of a list no repository can hold: a digest that stands twice, a tag on two images, an image
/// that is its own child or subject. Every such fault, in the order of the list.
#[must_use]
pub fn check(images: &[Image]) -> Vec<ImagesFault> {
    let mut faults = Vec::new();
    let mut digests = HashMap::new();
    let mut tags = HashMap::new();
    for (number, image) in (1..).zip(images) {
        let mut fault = |field, fault| faults.push(ImagesFault { image: number, field, fault });
        if let Some(first) = digests.insert(&image.digest, number) {
            fault("digest", format!("{} is image {first}'s too; a repository has it once", image.digest));
        }
        let own: HashSet<&Tag> = image.tags.iter().collect();
        if own.len() < image.tags.len() {
            fault("tags", "a tag stands twice".into());
        }
        for tag in &image.tags {
            if let Some(first) = tags.insert(tag, number).filter(|first| *first != number) {
                fault(
                    "tags",
                    format!("{:?} is image {first}'s too; a tag points to one image", tag.as_str()),
                );
            }
        }
        if image.children.contains(&image.digest) {
            fault("children", "it names itself".into());
        }
        if image.subject.as_ref() == Some(&image.digest) {
            fault("subject", "it names itself".into());
        }
    }
    faults
}
