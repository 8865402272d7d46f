//! Images: their digests, tags and repositories, and the references that name them.
//!
//! A reference in a task definition is a text. Whether it names an image of an ECR registry
//! decides whether that image may be deleted, so a text that looks like ECR's and can't be read is
//! a fault, never "somewhere else".

mod reference;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use reference::{Affected, EcrImage, ImageIdentifier, ImageRef};

/// What is wrong with a text that should name an image or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct ImageFault {
    /// The text as it came, cut to 300 characters.
    pub text: String,
    /// What would be right.
    pub expected: &'static str,
}

impl ImageFault {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(300).collect(), expected }
    }
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:path, $pattern:expr, $length:expr, $expected:literal) => {
        $(#[$doc])*
        ///
        /// Cheap to clone.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(inline, extend("pattern" = $pattern, "minLength" = $length.0, "maxLength" = $length.1))]
        pub struct $name(Arc<str>);

        impl $name {
            /// As AWS writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ImageFault;

            fn from_str(text: &str) -> Result<Self, ImageFault> {
                if $check(text) { Ok(Self(text.into())) } else { Err(ImageFault::new(text, $expected)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = ImageFault;

            fn try_from(text: String) -> Result<Self, ImageFault> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text!(
    /// The digest of an image's manifest: `sha256:` and 64 lowercase hexadecimal digits, the only
    /// form that ECR has. A letter in upper case is a fault: compared as a text, it would name
    /// nothing.
    ///
    /// <https://github.com/opencontainers/image-spec/blob/main/descriptor.md#sha-256>
    Digest, is_digest, "^sha256:[0-9a-f]{64}$", (71, 71), "a digest (sha256: and 64 lowercase hexadecimal digits)"
);
checked_text!(
    /// A tag of an image: 1 to 128 letters, digits, `_`, `.` and `-`, neither `.` nor `-` first.
    ///
    /// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>
    Tag, is_tag, "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", (1, 128), "a tag (1 to 128 letters, digits, _, . and -, neither . nor - first)"
);
checked_text!(
    /// The name of an ECR repository, such as `team/app`: 2 to 256 characters, in parts between
    /// slashes that begin and end with a lowercase letter or digit, with `.`, `_` and `-` inside.
    /// ECR refuses two of these in a row; here they pass, because to read a name that can't exist
    /// does no harm.
    ///
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>
    RepositoryName, is_repository, REPOSITORY, (2, 256), "a repository name (2 to 256 characters such as team/app: lowercase letters and digits, with ., _ and - inside, in parts between slashes)"
);

const REPOSITORY: &str = "^[a-z0-9]([a-z0-9._-]*[a-z0-9])?(/[a-z0-9]([a-z0-9._-]*[a-z0-9])?)*$";

impl Digest {
    /// The 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or_default()
    }
}

impl Tag {
    /// What a reference without tag and digest means.
    #[must_use]
    pub fn latest() -> Self {
        Self("latest".into())
    }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

fn is_tag(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 128
        && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_repository(text: &str) -> bool {
    let is_end = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        is_end(bytes.first())
            && is_end(bytes.last())
            && bytes
                .iter()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
    };
    (2..=256).contains(&text.len()) && text.split('/').all(is_part)
}
