//! The reads, in AWS's own shapes; what is ours stands in a `steward` object beside.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::Refusal;
use shared::call::{LARGEST_ANSWER, Table, quoted_len};
use shared::ecr::ImageDetail;
use shared::image::{Digest, ImageIdentifier};
use shared::lifecycle::Decision;
use shared::names::Scope;

use crate::config::Config;
use crate::observe::{Registry, SeenRepository, Tagged};
use crate::plan::{Judged, left_alone, names};
use crate::used::InUse;

/// How lists are shown to people.
pub const TABLES: &[Table] = &[
    Table {
        list: "repositories",
        columns: &[
            ("repository", "/repositoryName"),
            ("tags", "/imageTagMutability"),
            ("policy", "/steward/policy"),
            ("may be pruned", "/steward/prunable"),
            ("left alone because", "/steward/reason"),
        ],
        links: &[("/repositoryName", "/v1/images?repository={/repositoryName}")],
    },
    Table {
        list: "imageDetails",
        columns: &[
            ("digest", "/imageDigest"),
            ("tags", "/imageTags"),
            ("pushed", "/imagePushedAt"),
            ("pulled", "/lastRecordedPullTime"),
            ("verdict", "/steward/verdict"),
            ("rule", "/steward/rule"),
            ("why", "/steward/reason"),
            ("used by", "/steward/usedBy"),
        ],
        links: &[],
    },
    Table {
        list: "images",
        columns: &[
            ("image", "/image"),
            ("digest", "/digest"),
            ("tags", "/tags"),
            ("verdict", "/verdict"),
            ("rule", "/rule"),
            ("why", "/reason"),
            ("used by", "/usedBy"),
        ],
        links: &[("/image", "/v1/images?repository={/repository}")],
    },
];

/// Kept free for the fields around lists.
const FIELDS: usize = 64 * 1024;

/// The room that an answer has for lists, in bytes.
pub(crate) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(LARGEST_ANSWER.saturating_sub(FIELDS))
    }
}

impl Room {
    /// Takes the room of an item, if there is so much. Once there is not, there is none.
    pub(crate) fn fits(&mut self, item: &Value) -> bool {
        let left = self.0.checked_sub(quoted_len(&item.to_string()) + 1);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// Which items of a list an answer has room for, at most so many.
fn fit(items: impl Iterator<Item = Value>, limit: usize) -> (Vec<Value>, bool) {
    let mut room = Room::default();
    let mut shown = Vec::new();
    for item in items {
        if shown.len() >= limit || !room.fits(&item) {
            return (shown, true);
        }
        shown.push(item);
    }
    (shown, false)
}

/// Every repository, and what steward would do about it.
#[must_use]
pub fn repositories(registry: &Registry, seen: &[SeenRepository], config: &Config) -> Value {
    let failures: Vec<Value> = seen
        .iter()
        .filter_map(|seen| {
            let Refusal { code, reason } = seen.failed.as_ref()?;
            Some(json!({ "arn": seen.repository.repository_arn, "reason": code, "detail": reason }))
        })
        .collect();
    let shown = seen.iter().map(|seen| {
        let name = &seen.repository.repository_name;
        let left = left_alone(registry, name).or_else(|| seen.left.clone());
        let left = left.filter(|_| !names(&config.repositories.0, name));
        let prunable = config.repositories.matches(name) && left.is_none() && seen.failed.is_none();
        let steward = json!({
            "policy": config.policies.of(name),
            "attachedPolicy": seen.attached,
            "prunable": prunable,
            "code": left.as_ref().map(|left| left.code),
            "reason": left.as_ref().map(|left| &left.reason),
        });
        with(json!(seen.repository), "steward", steward)
    });
    let (shown, cut) = fit(shown, registry.repositories.len());
    let body = json!({ "repositories": shown, "failures": failures });
    if cut { with(body, "steward", json!({ "cut": true })) } else { body }
}

/// The images of a repository, each with its verdict and why.
#[must_use]
pub fn images(
    details: &[ImageDetail],
    judged: &[Judged],
    in_use: &InUse,
    page: (usize, Option<&Digest>),
) -> Value {
    let judged: BTreeMap<&str, &Judged> =
        judged.iter().map(|one| (one.decision.digest.as_str(), one)).collect();
    let (limit, after) = page;
    let rest =
        details.iter().filter(|it| after.is_none_or(|after| it.image_digest.as_str() > after.as_str()));
    let shown = rest.map(|detail| {
        let Some(one) = judged.get(detail.image_digest.as_str()) else { return json!(detail) };
        let Decision { verdict, rule, reason, .. } = &one.decision;
        let code = one.held.map(|(_, code)| code);
        let steward = json!({
            "verdict": verdict, "rule": rule, "reason": reason, "code": code, "usedBy": one.used_by,
        });
        with(json!(detail), "steward", steward)
    });
    let (shown, more) = fit(shown, limit);
    let last = shown.last().and_then(|it| it.get("imageDigest")).cloned();
    let body = json!({ "imageDetails": shown, "failures": failures(in_use) });
    match last {
        Some(last) if more => with(body, "nextToken", last),
        _ => body,
    }
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    object
}

fn failures(in_use: &InUse) -> Vec<Value> {
    let failed = in_use.failed.iter();
    failed.map(|it| json!({ "source": it.source, "reason": it.code, "detail": it.reason })).collect()
}

/// What is in use, in the form in which another account takes it, and as much of it as an answer has room for.
#[must_use]
pub fn in_use(in_use: &InUse, scope: &Scope, tags: &Tagged, now: Timestamp) -> Value {
    let all = entries(in_use, scope, tags);
    let count = all.len();
    let (shown, _) = fit(all.into_iter(), usize::MAX);
    document(in_use, scope, &shown, count, now)
}

/// The same with every image, and how many there are.
#[must_use]
pub fn in_use_list(in_use: &InUse, scope: &Scope, tags: &Tagged, now: Timestamp) -> (Value, usize) {
    let all = entries(in_use, scope, tags);
    (document(in_use, scope, &all, all.len(), now), all.len())
}

fn entries(in_use: &InUse, scope: &Scope, tags: &Tagged) -> Vec<Value> {
    let mut images: BTreeMap<String, (Value, BTreeSet<&str>)> = BTreeMap::new();
    for it in &in_use.found.uses {
        let repository = it.image.repository.to_string();
        let own = it.image.is_within(scope);
        let digest = match it.image.identifier() {
            ImageIdentifier::Digest(digest) => Some(digest),
            ImageIdentifier::Tag(tag) if own => tags.get(&(repository.clone(), tag.to_owned())),
            ImageIdentifier::Tag(_) => None,
        };
        let text = it.image.to_string();
        let (_, by) = images.entry(text.clone()).or_insert_with(|| {
            (
                json!({ "image": text, "repository": repository, "tag": it.image.tag, "digest": digest }),
                BTreeSet::new(),
            )
        });
        by.insert(&it.by);
    }
    images.into_values().map(|(image, by)| with(image, "usedBy", json!(by))).collect()
}

/// The document with these of so many images.
fn document(in_use: &InUse, scope: &Scope, images: &[Value], count: usize, now: Timestamp) -> Value {
    let unknown: Vec<Value> = in_use
        .found
        .unknown
        .iter()
        .map(|it| json!({ "image": it.image.to_string(), "service": it.service, "reason": "unknownPinnedDigest" }))
        .collect();
    let unreadable = in_use.found.unreadable.iter();
    let unreadable: Vec<Value> =
        unreadable.map(|it| json!({ "image": it.text, "fault": it.fault })).collect();
    let complete = in_use.failed.is_empty() && images.len() == count;
    json!({
        "account": scope.account,
        "region": scope.region,
        "at": shared::record::whole_seconds(now),
        "complete": complete,
        "count": count,
        "images": images,
        "unknown": unknown,
        "unreadable": unreadable,
        "sourcesOff": in_use.off,
        "failures": failures(in_use),
    })
}
