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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn digest(n: u32) -> Digest {
        format!("sha256:{n:064x}").parse().unwrap()
    }

    fn image(n: u32, children: &[u32], subject: Option<u32>) -> Image {
        let children: Vec<Digest> = children.iter().map(|child| digest(*child)).collect();
        let mut value: Value = json!({"digest": digest(n), "tags": [], "pushedAt": "2026-01-01T00:00:00Z", "children": children});
        if let Some(subject) = subject {
            value["subject"] = json!(digest(subject));
        }
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn indexes_go_before_their_children_and_subjects_before_what_refers_to_them() {
        // An index of two, a signature of it and one of a child, and an SBOM of that signature.
        let images = [
            image(1, &[2, 3], None),
            image(2, &[], None),
            image(3, &[], None),
            image(4, &[], Some(1)),
            image(5, &[], Some(3)),
            image(6, &[], Some(5)),
            image(7, &[], Some(99)),
        ];
        let of = |going: &[u32]| -> Vec<Option<usize>> {
            let digests: Vec<Digest> = going.iter().map(|n| digest(*n)).collect();
            let stages = stages(&images, &digests.iter().collect::<Vec<_>>());
            (1..=7).map(|n| stages.get(&digest(n)).copied()).collect()
        };
        let all = of(&[1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(all, [0, 1, 1, 1, 2, 3, 0].map(Some));
        // What stays holds nothing back.
        assert_eq!(of(&[2, 5, 6])[1..6], [Some(0), None, None, Some(0), Some(1)]);
    }

    #[test]
    fn a_chain_is_followed_to_its_end_whichever_way_its_digests_are_sorted() {
        for names in [[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3]] {
            let [outer, index, child, signature] = names;
            let images = [
                image(outer, &[index], None),
                image(index, &[child], None),
                image(child, &[], None),
                image(signature, &[], Some(child)),
            ];
            let digests = names.map(digest);
            let stages = stages(&images, &digests.iter().collect::<Vec<_>>());
            assert_eq!(names.map(|n| stages[&digest(n)]), [0, 1, 2, 3], "{names:?}");
        }
    }
}
