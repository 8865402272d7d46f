//! References to images.

use shared::image::{Affected, ImageIdentifier, ImageRef};

use crate::inputs::{here, text};

/// The hosts of our own registry.
const OURS: [&str; 3] = [
    "123456789012.dkr.ecr.sa-east-1.amazonaws.com",
    "123456789012.dkr.ecr-fips.sa-east-1.amazonaws.com",
    "123456789012.dkr-ecr.sa-east-1.on.aws",
];

/// A reference prints as it was written. What names our registry is ours, or is known as what can't be read: it is
/// never taken for another's.
pub(crate) fn references(bytes: &[u8]) {
    let text = text(bytes);
    let lower = text.trim().to_ascii_lowercase();
    let host = lower.split_once('/').map_or("", |(host, _)| host);
    let names_ours = OURS.contains(&host.split_once(':').map_or(host, |(name, _)| name));
    match ImageRef::parse(&text) {
        Ok(ImageRef::Elsewhere(kept)) => {
            assert_eq!(kept, text);
            assert!(!names_ours, "{text:?} is of our registry");
        }
        Ok(ImageRef::Ecr(image)) => {
            assert_eq!(image.to_string(), text);
            // Whatever the domain behind the region is: to keep too much does no harm.
            assert!(!names_ours || image.is_within(&here()), "{text:?}");
            assert!(!image.is_within(&here()) || lower.starts_with("123456789012.dkr"), "{text:?}");
            match image.identifier() {
                ImageIdentifier::Digest(digest) => assert!(text.ends_with(digest.as_str()), "{text:?}"),
                ImageIdentifier::Tag(tag) => assert!(!tag.is_empty() && !text.contains('@'), "{text:?}"),
            }
        }
        Err(_) => {
            let affected = Affected::of(&text, &here());
            assert!(!names_ours || affected != Affected::Elsewhere, "{text:?} may be of our registry");
        }
    }
}
