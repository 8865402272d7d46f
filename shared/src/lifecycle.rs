//! ECR's lifecycle policies, evaluated here: which images of a repository a policy would expire or
//! archive, which it keeps, and why. Pure: the images and the instant are arguments.
//!
//! What is implemented is what these pages say:
//!
//! - [How lifecycle policies work](https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules)
//! - [Lifecycle policy properties](https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html)
//! - [Examples of lifecycle policies](https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html)
//! - [Archiving an image](https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html)
//!
//! The road through this room: a policy's JSON -> [`Policy`], with the images ([`Image`]) ->
//! [`evaluate`] -> a [`Decision`] for each. Use by tasks and services, guards, and what changes
//! meanwhile are not known here.
//!
//! # Assumptions
//!
//! What the pages leave open, and what is assumed here:
//!
//! - Of images pushed at the same instant an index counts as newer than what it names, since a registry takes
//!   that first; of others the one whose digest sorts first.
//! - The children of an index count in count rules like any image.
//! - A referrer whose subject is among the images takes no part in the rules, is claimed by none
//!   and takes no place in a count: it follows its subject. So "keep 2" keeps two images, signed or
//!   not. One whose subject is not there is expired, by no rule.
//! - An image is a signature, attestation or SBOM of cosign's if it has tags and all of them are
//!   `sha256-HEX.sig`, `.att` or `.sbom` of one digest. So it is with the index that OCI's referrers tag
//!   schema keeps under `sha256-HEX`.
//! - "Deleted or archived first": a child is expired only if every index that names it is expired
//!   by the same policy at the same time, and archived only if every such index is expired,
//!   archived or already in the archive. An index that is not among the images is gone. ECR may
//!   expire a child in the archive once its index is there as well; here it waits for the index.
//! - Indexes, and subjects, cannot name one another in a circle, because a digest cannot be known
//!   before it is made. If a list says so all the same, indexes go together or not at all, and
//!   referrers in a circle stay.
//! - An image in the archive whose `lastArchivedAt` is not known is not expired.
//! - A digest that stands twice in the list is kept.
//! - A day is 24 hours, and "older than" is strict, to the nanosecond.
//! - Sets of prefixes must differ, whatever their order; two rules may share a single prefix, and
//!   nothing is asked of patterns, because the pages speak of prefixes alone.
//! - Numbers end at 2,147,483,647, the largest that the API's answers hold; an entry of a list has 1
//!   to 255 characters, none of them a control character. The longest text of a policy matters
//!   only where one is to be attached.

mod evaluate;
mod faults;
mod images;
mod parse;
mod print;
mod reasons;
mod relations;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::image::{Digest, Tag};

pub use evaluate::{evaluate, old_from};
pub use faults::PolicyFault;
pub use images::{Image, ImagesFault, check};

/// A lifecycle policy that ECR would take. Serializes, and prints, as ECR's JSON, with its rules in
/// ascending priority; a printed one parses back the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Ascending by priority; at least one.
    rules: Vec<Rule>,
}

/// One rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    priority: u32,
    description: Option<String>,
    tagging: Tagging,
    count: RuleCount,
    action: RuleAction,
}

/// Which images a rule looks at, by their tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tagging {
    /// Those of whose tags at least one begins with each of these.
    Prefixes(Vec<String>),
    /// Those of whose tags at least one matches each of these, in which `*` stands for any run of
    /// characters; anchored at both ends, and `?` is a letter.
    Patterns(Vec<String>),
    /// Those without tags.
    Untagged,
    /// All.
    Any,
}

/// Which of its images a rule acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleCount {
    /// All but so many of the newest.
    ImageCountMoreThan(u32),
    /// Pushed (or restored) more than so many days ago.
    SinceImagePushed(u32),
    /// Not pulled for more than so many days. Only archives.
    SinceImagePulled(u32),
    /// Archived more than so many days ago. Only expires, and only in the archive.
    SinceImageTransitioned(u32),
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// It deletes.
    Expire,
    /// It moves to the archive.
    Archive,
}

/// Where an image is stored. Archived images can't be pulled until they are restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StorageClass {
    /// ECR's ordinary storage.
    #[default]
    Standard,
    /// ECR's archive.
    Archive,
}

/// What becomes of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is deleted.
    Expire,
    /// It moves to the archive.
    Archive,
    /// It stays as it is.
    Keep,
}

/// What a policy says of an image. Serializes as in the answer of `evaluate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Decision {
    /// The image.
    pub digest: Digest,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// What becomes of it.
    pub verdict: Verdict,
    /// The priority of the rule that claims it, which acts on it unless it is kept; of a referrer,
    /// its subject's.
    pub rule: Option<u32>,
    /// Why, in words.
    pub reason: String,
}

impl Policy {
    /// The rules, in ascending priority: 1 before 2.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether a rule asks when images were pulled: then nothing may have moved their pull times
    /// that is not a use.
    #[must_use]
    pub fn asks_for_pull_times(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.count, RuleCount::SinceImagePulled(_)))
    }
}

impl Rule {
    /// Its `rulePriority`, from 1; the lower acts first.
    #[must_use]
    pub fn priority(&self) -> u32 {
        self.priority
    }

    /// Which images it looks at.
    #[must_use]
    pub fn tagging(&self) -> &Tagging {
        &self.tagging
    }

    /// Which of those it acts on.
    #[must_use]
    pub fn count(&self) -> RuleCount {
        self.count
    }

    /// What it does with them.
    #[must_use]
    pub fn action(&self) -> RuleAction {
        self.action
    }

    /// Where the images are that it looks at.
    #[must_use]
    pub fn storage_class(&self) -> StorageClass {
        match self.count {
            RuleCount::SinceImageTransitioned(_) => StorageClass::Archive,
            _ => StorageClass::Standard,
        }
    }
}

impl From<RuleAction> for Verdict {
    fn from(action: RuleAction) -> Self {
        match action {
            RuleAction::Expire => Self::Expire,
            RuleAction::Archive => Self::Archive,
        }
    }
}
