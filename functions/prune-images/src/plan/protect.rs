//! Which images stay whatever the policy says, and why.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use shared::image::Digest;
use shared::lifecycle::Image;
use shared::{Code, Refusal};

use super::Guards;
use crate::observe::Images;
use crate::used::UsedHere;

/// How many users a reason names.
const NAMED: usize = 3;

/// The images that stay: in use, being restored, with a protected tag, or pushed or pulled recently; with
/// what they hold. An index keeps its children, and an image what refers to it. What is in use by its digest,
/// or was pulled, keeps the indexes that name it, too: it was reached through one of them.
#[must_use]
pub fn protect(seen: &Images, used: &UsedHere, guards: &Guards, now: Timestamp) -> BTreeMap<Digest, Refusal> {
    let images = by_digest(&seen.images);
    let mut referrers: BTreeMap<Digest, Vec<&Digest>> = BTreeMap::new();
    let mut indexes: BTreeMap<&Digest, Vec<&Digest>> = BTreeMap::new();
    for image in &seen.images {
        if let Some(subject) = image.refers_to() {
            referrers.entry(subject).or_default().push(&image.digest);
        }
        for child in &image.children {
            indexes.entry(child).or_default().push(&image.digest);
        }
    }
    let mut kept: BTreeMap<Digest, Refusal> = BTreeMap::new();
    // Upwards first: what is kept for what it names keeps the rest of that as well.
    let mut open = VecDeque::new();
    for image in &seen.images {
        if let Some(why) = own(image, seen, used, guards, now) {
            if why.code == Code::PulledRecently || used.digests.contains_key(&image.digest) {
                open.push_back(&image.digest);
            }
            kept.insert(image.digest.clone(), why);
        }
    }
    while let Some(digest) = open.pop_front() {
        let Some(Refusal { code, .. }) = kept.get(digest).cloned() else { continue };
        for index in indexes.get(digest).into_iter().flatten().filter(|it| **it != digest) {
            if !kept.contains_key(*index) {
                kept.insert(
                    (*index).clone(),
                    Refusal { code, reason: format!("it names {digest}, which stays") },
                );
                open.push_back(index);
            }
        }
    }
    let mut open: VecDeque<&Digest> =
        seen.images.iter().map(|image| &image.digest).filter(|digest| kept.contains_key(*digest)).collect();
    while let Some(digest) = open.pop_front() {
        let Some(Refusal { code, .. }) = kept.get(digest).cloned() else { continue };
        let children = images.get(digest).map(|image| image.children.as_slice()).unwrap_or_default();
        let held = children.iter().map(|child| (child, format!("index {digest} that names it stays")));
        let following = referrers.get(digest).into_iter().flatten();
        let held = held.chain(following.map(|it| (*it, format!("its subject {digest} stays"))));
        for (held, reason) in held {
            let Some((held, _)) = images.get_key_value(held) else { continue };
            if !kept.contains_key(*held) {
                kept.insert((*held).clone(), Refusal { code, reason });
                open.push_back(held);
            }
        }
    }
    kept
}

/// The images by digest.
pub(super) fn by_digest(images: &[Image]) -> BTreeMap<&Digest, &Image> {
    images.iter().map(|image| (&image.digest, image)).collect()
}

/// Why an image stays for its own sake.
fn own(image: &Image, seen: &Images, used: &UsedHere, guards: &Guards, now: Timestamp) -> Option<Refusal> {
    let kept = |code, reason| Some(Refusal { code, reason });
    let by = used.by(&image.digest, &image.tags);
    if !by.is_empty() {
        let named: Vec<&str> = by.iter().take(NAMED).map(String::as_str).collect();
        let more = if by.len() > NAMED { format!(" and {} more", by.len() - NAMED) } else { String::new() };
        return kept(Code::InUse, format!("in use by {}{more}", named.join(", ")));
    }
    if seen.restoring.contains(&image.digest) {
        return kept(Code::BeingRestored, "it is being restored from the archive".into());
    }
    if let Some(tag) = image.tags.iter().find(|tag| guards.protected_tags.matches(tag.as_str())) {
        return kept(Code::ProtectedTag, format!("its tag {tag} is protected"));
    }
    let Guards { keep_pulled_days, keep_pushed_hours, .. } = guards;
    let days = SignedDuration::from_hours(24 * i64::from(*keep_pulled_days));
    if let Some(pulled) = image.last_pulled_at.filter(|at| now.duration_since(*at) < days) {
        let reason = format!("it was pulled {pulled}, less than {keep_pulled_days} days ago");
        return kept(Code::PulledRecently, reason);
    }
    let pushed = image.pushed_at;
    if now.duration_since(pushed) < SignedDuration::from_hours(i64::from(*keep_pushed_hours)) {
        let reason = format!("it was pushed {pushed}, less than {keep_pushed_hours} hours ago");
        return kept(Code::PushedRecently, reason);
    }
    // A registry takes what an index names before the index.
    let (_, index) = seen.archived_unread.as_ref().filter(|(at, _)| pushed <= *at)?;
    let reason = format!("index {index} may name it, and can't be read: it is in the archive");
    kept(Code::ReferencedByIndex, reason)
}
