//! `maxDelete`: so many images of a repository go in a run, the oldest first, and the rest in the next.

use std::collections::BTreeSet;

use shared::image::Digest;
use shared::lifecycle::Image;

use super::stages::before;

/// Those of the images that are to go which this run leaves to the next.
///
/// An image goes with the indexes that name it and with its subject, or after them.
pub(super) fn left_for_later<'a>(
    images: &'a [Image],
    going: &BTreeSet<&'a Digest>,
    most: usize,
) -> BTreeSet<&'a Digest> {
    if going.len() <= most {
        return BTreeSet::new();
    }
    let before = before(images, going);
    let mut oldest: Vec<&Image> = images.iter().filter(|image| going.contains(&image.digest)).collect();
    oldest.sort_by_key(|image| (image.since(), &image.digest));
    let mut taken = BTreeSet::new();
    for image in oldest {
        let mut with = BTreeSet::new();
        let mut open = vec![&image.digest];
        while let Some(digest) = open.pop() {
            if !taken.contains(digest) && with.insert(digest) {
                open.extend(before.get(digest).into_iter().flatten());
            }
        }
        if taken.len() + with.len() <= most {
            taken.extend(with);
        }
    }
    going.difference(&taken).copied().collect()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use serde_json::{Value, json};

    use super::*;

    fn digest(n: i64) -> Digest {
        format!("sha256:{n:064x}").parse().unwrap()
    }

    /// The first is the oldest.
    fn image(n: i64, children: &[i64], subject: Option<i64>) -> Image {
        let children: Vec<Digest> = children.iter().map(|child| digest(*child)).collect();
        let pushed: Timestamp = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(n);
        let mut value: Value =
            json!({"digest": digest(n), "tags": [], "pushedAt": pushed, "children": children});
        if let Some(subject) = subject {
            value["subject"] = json!(digest(subject));
        }
        serde_json::from_value(value).unwrap()
    }

    fn going(images: &[Image], most: usize) -> Vec<i64> {
        let all: BTreeSet<&Digest> = images.iter().map(|image| &image.digest).collect();
        let later = left_for_later(images, &all, most);
        (1..20).filter(|n| all.contains(&digest(*n)) && !later.contains(&digest(*n))).collect()
    }

    #[test]
    fn the_oldest_go_first_and_none_before_what_names_it() {
        let plain: Vec<Image> = (1..=5).map(|n| image(n, &[], None)).collect();
        assert_eq!(going(&plain, 3), [1, 2, 3]);
        assert_eq!(going(&plain, 9), [1, 2, 3, 4, 5]);
        // 1 and 2 are of index 3, and 5 signs 4.
        let named = [
            image(1, &[], None),
            image(2, &[], None),
            image(3, &[1, 2], None),
            image(4, &[], None),
            image(5, &[], Some(4)),
        ];
        assert_eq!(going(&named, 1), [3], "an index alone can always go");
        assert_eq!(going(&named, 2), [1, 3]);
        assert_eq!(going(&named, 4), [1, 2, 3, 4]);
    }
}
