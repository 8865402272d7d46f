//! In which order images go: an index before its children, and an image before what refers to it.
//!
//! ECR refuses to delete a child before its index. An image without its signature would be refused where
//! signatures are verified; a signature without its image expires in the next run.

use std::collections::{BTreeMap, BTreeSet};

use shared::image::Digest;
use shared::lifecycle::Image;

/// What must be gone before each of the images that go: the indexes that name it, and its subject.
pub(super) fn before<'a>(
    images: &'a [Image],
    going: &BTreeSet<&'a Digest>,
) -> BTreeMap<&'a Digest, Vec<&'a Digest>> {
    let mut before: BTreeMap<&Digest, Vec<&Digest>> = BTreeMap::new();
    for image in images.iter().filter(|image| going.contains(&image.digest)) {
        for child in image.children.iter().filter(|child| going.contains(child)) {
            before.entry(child).or_default().push(&image.digest);
        }
        let subject = image.refers_to().and_then(|subject| going.get(&subject).copied());
        if let Some(subject) = subject.filter(|subject| **subject != image.digest) {
            before.entry(&image.digest).or_default().push(subject);
        }
    }
    before
}

/// The stage of each of these images.
pub(super) fn stages(images: &[Image], going: &[&Digest]) -> BTreeMap<Digest, usize> {
    let going: BTreeSet<&Digest> = going.iter().copied().collect();
    let before = before(images, &going);
    let mut stages: BTreeMap<Digest, usize> = going.iter().map(|digest| ((*digest).clone(), 0)).collect();
    // As often as a chain of them can be long; a circle, which no digests can make, ends it too.
    for _ in 0..before.len().min(MOST) {
        let mut moved = false;
        for (digest, first) in &before {
            let least = first.iter().filter_map(|it| stages.get(*it)).max().map_or(0, |stage| stage + 1);
            if let Some(stage) = stages.get_mut(*digest).filter(|stage| **stage < least) {
                *stage = least;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    stages
}

/// The longest chain of indexes and referrers that is told apart; what comes behind waits for the
/// next run, because ECR refuses it.
const MOST: usize = 16;
