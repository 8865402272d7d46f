//! What others say of what they use: other accounts, EKS, machines of one's own. A document comes with a request, or
//! lies in S3, where its owner writes it every night.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::Problem;
use shared::names::Scope;
use shared::s3::ObjectLocation;
use shared_aws::{Object, unless_gone};

use super::{AT_ONCE, Reader, unreadable};
use crate::used::{UnreadableReference, Usage};

/// What is in use in an account and region, as `GET /v1/images/in-use` answers it there. It may hold
/// more, which does not matter here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InUseDocument {
    /// Whose it is.
    pub account: String,
    /// Where.
    pub region: String,
    /// When it was made. One that is older than a day is none.
    #[serde(default, deserialize_with = "shared::fields::instant", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shared::schema::Instant")]
    pub at: Option<Timestamp>,
    /// Whether every source was read whole, and everything stands here.
    pub complete: bool,
    /// The images.
    pub images: Vec<InUseEntry>,
    /// Images of services of which no revision tells: nothing is deleted where they may be.
    #[serde(default)]
    pub unknown: Vec<UnknownEntry>,
    /// References that can't be read: where they may mean anything, nothing is deleted.
    #[serde(default)]
    pub unreadable: Vec<UnreadableEntry>,
    /// The sources that it was made without.
    #[serde(default, rename = "sourcesOff")]
    pub sources_off: Vec<String>,
}

/// An image in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InUseEntry {
    /// Its reference, host and all.
    pub image: String,
    /// The digest that it means, where that is known.
    #[serde(default)]
    pub digest: Option<String>,
    /// What needs it.
    #[serde(default)]
    pub used_by: Vec<String>,
}

/// An image of a service of which no revision tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnknownEntry {
    /// Its reference, host and all.
    pub image: String,
    /// What needs it.
    pub service: String,
}

/// A reference that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadableEntry {
    /// As it stands there.
    pub image: String,
    /// What is wrong with it.
    pub fault: String,
}

/// So old a list may be at the most.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Clocks differ, but not by more than this.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Where the list of an account and region lies under a prefix.
#[must_use]
pub fn place_of(scope: &Scope, under: &ObjectLocation) -> ObjectLocation {
    let key = format!("{}{}-{}.json", under.key, scope.account, scope.region);
    ObjectLocation { bucket: under.bucket.clone(), key }
}

/// Reads all that lies under `IN_USE_FROM`, but what this function wrote itself: its own look is a newer one.
pub(super) async fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let Some(under) = &reader.config.in_use_from.0 else { return Ok(Usage::default()) };
    let own = place_of(reader.scope, under);
    let mut objects = reader.read.objects(under).await?;
    // A console makes an empty object for a folder.
    objects.retain(|object| !object.at.key.ends_with('/') && object.at != own);
    if objects.is_empty() {
        let fault = "nobody has written a list of images in use there: mend IN_USE_FROM, or empty it";
        return Err(unreadable(under, &fault));
    }
    let mut documents = stream::iter(objects)
        .map(|object| async move { unless_gone(document(reader, &object).await.map(Some)) })
        .buffer_unordered(AT_ONCE);
    let mut found = Usage::default();
    while let Some(document) = documents.next().await {
        if let Some(document) = document? {
            found.extend(told(&document, reader.now)?);
        }
    }
    Ok(found)
}

async fn document(reader: &Reader<'_>, object: &Object) -> Result<Arc<InUseDocument>, Problem> {
    if let Some(document) = reader.cache.document(object) {
        return Ok(document);
    }
    let text = reader.read.object(&object.at).await?;
    let document: InUseDocument = serde_json::from_str(&text)
        .map_err(|fault| unreadable(&object.at, &format!("it is no list of images in use ({fault})")))?;
    if document.at.is_none() {
        return Err(unreadable(
            &object.at,
            &"its list of images in use does not say when it was made (\"at\")",
        ));
    }
    let document = Arc::new(document);
    reader.cache.keep_document(object, &document);
    Ok(document)
}

/// What a document says is in use; an error where it is too old, or not whole.
pub(super) fn told(document: &InUseDocument, now: Timestamp) -> Result<Usage, Problem> {
    let InUseDocument { account, region, at, complete, images, unknown, unreadable: references, sources_off } =
        document;
    let from = format!("account {account} in {region}");
    if let Some(at) = at {
        let age = now.duration_since(*at);
        if age > A_DAY {
            let fault =
                format!("its list of images in use is of {at}, and more than a day old: make a new one");
            return Err(unreadable(&from, &fault));
        }
        if age < -AHEAD {
            let fault = format!("its list of images in use is of {at}, which is to come: mend its clock");
            return Err(unreadable(&from, &fault));
        }
    }
    if !complete {
        return Err(unreadable(&from, &"its list of images in use is not complete"));
    }
    if !sources_off.is_empty() {
        let off = sources_off.join(", ");
        return Err(unreadable(&from, &format!("its list of images in use was made without {off}")));
    }
    let mut found = Usage::default();
    for entry in images {
        let by = format!("{from}: {}", entry.used_by.join(", "));
        found.add(&entry.image, entry.digest.as_deref(), &by);
    }
    for entry in unknown {
        found.add_unknown(&entry.image, &format!("{from}: {}", entry.service));
    }
    found.unreadable.extend(references.iter().map(|UnreadableEntry { image, fault }| UnreadableReference {
        text: image.clone(),
        fault: format!("{from}: {fault}"),
    }));
    Ok(found)
}
