//! Lists of images in use, as others write them to S3.

use prune_images::sources::{InUseDocument, told};
use shared::s3::ObjectLocation;

use crate::inputs::{evening, first_line, instant, text};

/// The first line is the list's place, the second the instant, and the rest the list.
///
/// A list that is read is written as one that is read the same. One that is taken is whole and of today, and all that
/// it names is in use, unknown, unreadable or another registry's: nothing falls out.
pub(crate) fn in_use_lists(bytes: &[u8]) {
    let text = text(bytes);
    let (place, rest) = first_line(&text);
    let (now, list) = first_line(rest);
    let lies: Option<ObjectLocation> = place.parse().ok();
    let now = if now.is_empty() { evening() } else { instant(now) };
    let Ok(document) = InUseDocument::parse(list) else { return };
    let written = serde_json::to_string(&document).expect("it is JSON");
    assert_eq!(InUseDocument::parse(&written).ok().as_ref(), Some(&document), "{written}");
    match told(&document, lies.as_ref(), now) {
        Ok(usage) => {
            assert!(document.complete);
            let is_elsewhere = |image: &str| {
                matches!(shared::image::ImageRef::parse(image), Ok(shared::image::ImageRef::Elsewhere(_)))
            };
            let named = document.images.iter().filter(|entry| !is_elsewhere(&entry.image)).count();
            let kept = usage.uses.len() + usage.unreadable.len();
            assert!(kept >= named + document.unreadable.len(), "{usage:?} of {document:?}");
        }
        Err(problem) => assert!(!problem.detail.is_empty() && problem.detail.len() < 8_000, "{problem:?}"),
    }
}
