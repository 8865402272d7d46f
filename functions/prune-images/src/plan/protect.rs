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

/// The images that stay: in use, being restored, with a protected tag, or pulled recently; with what
/// they hold. An index keeps its children, and an image what refers to it.
#[must_use]
pub fn protect(seen: &Images, used: &UsedHere, guards: &Guards, now: Timestamp) -> BTreeMap<Digest, Refusal> {
    let mut kept = BTreeMap::new();
    let mut open = VecDeque::new();
    for image in &seen.images {
        if let Some(why) = own(image, seen, used, guards, now) {
            kept.insert(image.digest.clone(), why);
            open.push_back(&image.digest);
        }
    }
    let images = by_digest(&seen.images);
    let mut referrers: BTreeMap<Digest, Vec<&Digest>> = BTreeMap::new();
    for image in &seen.images {
        if let Some(subject) = image.refers_to() {
            referrers.entry(subject).or_default().push(&image.digest);
        }
    }
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
    let days = SignedDuration::from_hours(24 * i64::from(guards.keep_pulled_days));
    let pulled = image.last_pulled_at.filter(|at| now.duration_since(*at) < days)?;
    kept(
        Code::PulledRecently,
        format!("it was pulled {pulled}, less than {} days ago", guards.keep_pulled_days),
    )
}
