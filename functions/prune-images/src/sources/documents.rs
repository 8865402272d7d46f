//! What others say of what they use: other accounts, EKS, machines of one's own. A document comes with a request, or
//! lies in S3, where its owner writes it every night.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::Problem;
use shared::image::Digest;
use shared::names::Scope;
use shared::s3::ObjectLocation;
use shared_aws::{Object, unless_gone};

use super::regions::is_region;
use super::{AT_ONCE, Reader, Source, unreadable};
use crate::ask::AHEAD;
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

impl InUseDocument {
    /// Reads the text of an object. Some editors begin one with a mark of its byte order.
    ///
    /// # Errors
    ///
    /// What is wrong with it as JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text.trim_start_matches('\u{feff}'))
    }
}

/// So old a list may be at the most.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Where the list of an account and region lies under a prefix.
#[must_use]
pub fn place_of(scope: &Scope, under: &ObjectLocation) -> ObjectLocation {
    let key = format!("{}{}-{}.json", under.key, scope.account, scope.region);
    ObjectLocation { bucket: under.bucket.clone(), key }
}

/// Reads all that lies under `IN_USE_FROM`, but what this function writes itself: its own look is a newer one.
pub(super) async fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let Some(under) = &reader.config.in_use_from.0 else { return Ok(Usage::default()) };
    let objects = objects(reader, under).await?;
    if objects.is_empty() {
        let fault = "nobody else has written a list of images in use there: mend IN_USE_FROM, or empty it";
        return Err(unreadable(under, &fault));
    }
    let mut lists = stream::iter(objects)
        .map(|object| async move {
            let list = unless_gone(document(reader, &object).await.map(Some));
            (object, list)
        })
        .buffer_unordered(AT_ONCE);
    let (mut found, mut faults, mut gone) = (Usage::default(), Vec::new(), Vec::new());
    while let Some((object, list)) = lists.next().await {
        match list {
            Ok(Some(list)) => match told(&list, Some(&object.at), reader.now) {
                Ok(usage) => found.extend(usage),
                Err(fault) => faults.push(fault),
            },
            Ok(None) => gone.push(object.at),
            Err(fault) => faults.push(fault),
        }
    }
    if !gone.is_empty() {
        // One that was removed needs nothing; one that is listed and can't be had, such as by an odd key, may.
        let listed: BTreeSet<ObjectLocation> =
            self::objects(reader, under).await?.into_iter().map(|object| object.at).collect();
        let lost = gone.iter().filter(|at| listed.contains(at));
        faults.extend(lost.map(|at| unreadable(at, &"it is listed there, and can't be read: remove it")));
    }
    all_of(faults).map_or(Ok(found), Err)
}

/// All that may be a list. A console makes an empty object for a folder.
async fn objects(reader: &Reader<'_>, under: &ObjectLocation) -> Result<Vec<Object>, Problem> {
    let own = reader.config.in_use_to.0.as_ref().map(|to| place_of(reader.scope, to));
    let mut objects = reader.read.objects(under).await?;
    objects.retain(|object| {
        let is_folder = object.at.key.ends_with('/') && object.size == 0;
        !is_folder && Some(&object.at) != own.as_ref()
    });
    Ok(objects)
}

/// So many faults are said at once.
const SAID: usize = 5;

/// All faults in one, each with its list.
fn all_of(mut faults: Vec<Problem>) -> Option<Problem> {
    faults.sort_by(|a, b| a.detail.cmp(&b.detail));
    let code = faults.first()?.code;
    let said: Vec<&str> = faults.iter().take(SAID).map(|fault| fault.detail.as_str()).collect();
    let more = faults.len().saturating_sub(SAID);
    let more = if more > 0 { format!("; and {more} lists more") } else { String::new() };
    Some(Problem::new(code, format!("{}{more}", said.join("; "))))
}

async fn document(reader: &Reader<'_>, object: &Object) -> Result<Arc<InUseDocument>, Problem> {
    if let Some(document) = reader.cache.document(object) {
        return Ok(document);
    }
    let document = InUseDocument::parse(&reader.read.object(&object.at).await?).map_err(|fault| {
        let fault = format!("it is no list of images in use ({fault}): write it anew, or remove it");
        unreadable(&object.at, &fault)
    })?;
    if document.at.is_none() {
        let fault = "its list of images in use does not say when it was made: write it with \"at\"";
        return Err(unreadable(&object.at, &fault));
    }
    let document = Arc::new(document);
    reader.cache.keep_document(object, &document);
    Ok(document)
}

/// What a document says is in use; an error where it is too old, not whole, or no account's. `lies` is where.
pub fn told(
    document: &InUseDocument,
    lies: Option<&ObjectLocation>,
    now: Timestamp,
) -> Result<Usage, Problem> {
    let InUseDocument { account, region, at, complete, images, unknown, unreadable: references, sources_off } =
        document;
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) || !is_region(region) {
        let fault =
            "its list of images in use is of no account and region of AWS: mend \"account\" and \"region\"";
        return Err(lies.map_or_else(|| unreadable(&"inUseFrom", &fault), |lies| unreadable(lies, &fault)));
    }
    let from = format!("account {account} in {region}");
    let refused = |fault: &str| {
        let whose = lies.map_or_else(|| from.clone(), |lies| format!("{lies} ({from})"));
        unreadable(&whose, &format!("its list of images in use {fault}"))
    };
    if lies.is_some_and(|lies| is_named_for_another(lies, account, region)) {
        return Err(refused(
            "is not of the account and region that its name says: nobody writes for another",
        ));
    }
    if let Some(at) = at {
        let age = now.duration_since(*at);
        if age > A_DAY {
            return Err(refused(&format!("is of {at}, and more than a day old: make a new one")));
        }
        if age < -AHEAD {
            return Err(refused(&format!("is of {at}, which is to come: mend its clock")));
        }
    }
    if !complete {
        return Err(refused("is not complete: mend what its \"failures\" say, and make a new one"));
    }
    // What others have written is in no list.
    let off: Vec<&str> =
        sources_off.iter().map(String::as_str).filter(|name| *name != Source::Documents.name()).collect();
    if !off.is_empty() {
        let off = cut(&off.join(", "));
        return Err(refused(&format!("was made without {off}: empty its SOURCES_OFF, and make a new one")));
    }
    let mut found = Usage::default();
    for entry in images {
        let image = entry.image.trim_start();
        if image.is_empty() || image.starts_with('@') || image.parse::<Digest>().is_ok() {
            let image = cut(&entry.image);
            return Err(refused(&format!(
                "has an image without a name ({image:?}): write REGISTRY/NAME:TAG"
            )));
        }
        let by: Vec<String> = entry.used_by.iter().take(NAMED).map(|by| cut(by)).collect();
        let by = if by.is_empty() { from.clone() } else { format!("{from}: {}", by.join(", ")) };
        found.add(&entry.image, entry.digest.as_deref(), &by);
    }
    for entry in unknown {
        found.add_unknown(&entry.image, &format!("{from}: {}", cut(&entry.service)));
    }
    found.unreadable.extend(references.iter().map(|UnreadableEntry { image, fault }| UnreadableReference {
        text: image.clone(),
        fault: format!("{from}: {}", cut(fault)),
    }));
    Ok(found)
}

/// How many users of an image are told on.
const NAMED: usize = 3;
/// The longest text of a list that a report shows, in characters.
const SHOWN: usize = 300;

fn cut(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// Whether an object is named as the list of an account and region is, and this is another's.
fn is_named_for_another(lies: &ObjectLocation, account: &str, region: &str) -> bool {
    let (_, name) = lies.key.rsplit_once('/').unwrap_or(("", &lies.key));
    let named = name.strip_suffix(".json").and_then(|name| name.split_at_checked(12));
    named.is_some_and(|(of, rest)| {
        let is_account = of.bytes().all(|b| b.is_ascii_digit());
        let in_region = rest.strip_prefix('-').filter(|region| is_region(region));
        is_account && (of != account || in_region.is_some_and(|named| named != region))
    })
}
