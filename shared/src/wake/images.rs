//! What becomes of an image until something starts with it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Because, CanWake, Sleeper};
use crate::image::{EcrImage, ImageIdentifier, ImageRef};
use crate::lifecycle::{Decision, Image, Policy, StorageClass, Verdict, evaluate, old_from};
use crate::names::Scope;
use crate::problem::{Code, Refusal};
use crate::schedule::Zone;

/// ECR acts on an image within so long of its meeting a rule.
///
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html>
const ACTS_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// What becomes of an image until a service starts with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is there by then.
    Stays,
    /// Its registry is another account's, another region's, or no ECR.
    Elsewhere,
    /// It could not be looked at.
    Unread(Refusal),
    /// There is no such repository.
    NoRepository,
    /// It is not there any more.
    Gone,
    /// It is not there, or a rule takes it, and its repository caches another registry.
    FetchedAgain,
    /// It is in the archive, from which nothing is pulled.
    Archived,
    /// A rule of the lifecycle policy that is attached to its repository takes it.
    Taken(Taking),
}

/// How a rule takes an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taking {
    /// Whether it is deleted, or goes to the archive.
    pub verdict: Verdict,
    /// The rule.
    pub rule: Option<u32>,
    /// When the image comes of age; `None` where it is met already.
    pub from: Option<Timestamp>,
    /// It has no tag, and an index may name it: then ECR leaves it.
    pub may_be_a_child: bool,
}

/// An image that something starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedImage {
    /// One of this account's and region's registry.
    Own(EcrImage),
    /// What is known of it without a look.
    Told(Fate),
}

/// What an image is for this account and region, as a task definition or a revision names it, with the digest that was
/// pinned, if one was.
#[must_use]
pub fn wanted_image(text: &str, digest: Option<&str>, scope: &Scope) -> WantedImage {
    let unread =
        |reason: String| WantedImage::Told(Fate::Unread(Refusal { code: Code::ImageElsewhere, reason }));
    match ImageRef::parse(text) {
        Ok(ImageRef::Ecr(mut image)) if image.is_within(scope) => {
            match digest.map(str::parse).transpose() {
                Ok(None) => {}
                Ok(pinned) => image.digest = pinned,
                Err(fault) => return unread(fault.to_string()),
            }
            WantedImage::Own(image)
        }
        Ok(_) => WantedImage::Told(Fate::Elsewhere),
        Err(fault) => unread(fault.to_string()),
    }
}

/// A repository as it was looked at.
#[derive(Clone, Debug, Default)]
pub struct RepositoryLook {
    /// All its images, without what indexes name.
    pub images: Vec<Image>,
    /// The lifecycle policy that is attached to it, if one is; or why it can't be read.
    pub attached: Option<Result<Policy, String>>,
}

/// What a repository's policy says of its images at each instant that was asked for.
pub type Decided = BTreeMap<Timestamp, Vec<Decision>>;

impl RepositoryLook {
    /// What becomes of an image until an instant. What the policy says at that instant is worked out once for all
    /// images, and kept in `decided`.
    #[must_use]
    pub fn fate(&self, of: &EcrImage, (now, until): (Timestamp, Timestamp), decided: &mut Decided) -> Fate {
        let meant = |image: &Image| match of.identifier() {
            ImageIdentifier::Digest(digest) => image.digest == *digest,
            ImageIdentifier::Tag(tag) => image.tags.iter().any(|it| it.as_str() == tag),
        };
        let Some((place, image)) = self.images.iter().enumerate().find(|(_, image)| meant(image)) else {
            return Fate::Gone;
        };
        if image.storage_class == StorageClass::Archive {
            return Fate::Archived;
        }
        let policy = match &self.attached {
            None => return Fate::Stays,
            Some(Ok(policy)) => policy,
            Some(Err(fault)) => {
                let repository = &of.repository;
                let reason = format!(
                    "the lifecycle policy attached to repository {repository} can't be read: {fault}"
                );
                return Fate::Unread(Refusal { code: Code::InvalidPolicy, reason });
            }
        };
        let decisions = decided.entry(until).or_insert_with(|| evaluate(policy, &self.images, until));
        match decisions.get(place) {
            Some(Decision { verdict, rule, .. }) if *verdict != Verdict::Keep => {
                let of_age = rule.and_then(|rule| old_from(policy, image, rule));
                let has_indexes = self.images.iter().any(Image::is_index);
                Fate::Taken(Taking {
                    verdict: *verdict,
                    rule: *rule,
                    from: of_age.filter(|from| *from > now),
                    may_be_a_child: image.tags.is_empty() && !image.is_index() && has_indexes,
                })
            }
            _ => Fate::Stays,
        }
    }
}

impl Fate {
    /// What there is to tell of it.
    pub(super) fn told(&self, image: &str, sleeper: &Sleeper<'_>) -> Option<Because> {
        let no = |reason| Some(Because::new(CanWake::No, Code::ImageGone, reason));
        match self {
            Self::Stays => None,
            Self::Elsewhere => {
                let reason = format!(
                    "image {image} is in another account, region or registry, which is not looked at"
                );
                Some(Because::new(CanWake::Unknown, Code::ImageElsewhere, reason))
            }
            Self::Unread(Refusal { code, reason }) => {
                Some(Because::new(CanWake::Unknown, *code, format!("image {image}: {reason}")))
            }
            Self::FetchedAgain => Some(Because::new(
                CanWake::Unknown,
                Code::ImageElsewhere,
                format!(
                    "image {image}: its repository caches another registry, from which it is fetched again"
                ),
            )),
            Self::NoRepository => no(format!(
                "the repository of image {image} does not exist: push the image again, or deploy another one"
            )),
            Self::Gone => no(format!("image {image} is gone: push it again, or deploy another one")),
            Self::Archived => {
                no(format!("image {image} is in the archive, from which nothing is pulled: restore it"))
            }
            Self::Taken(taking) => Some(taking.told(image, sleeper)),
        }
    }
}

impl Taking {
    fn told(&self, image: &str, sleeper: &Sleeper<'_>) -> Because {
        let rule = self.rule.map(|rule| format!("rule {rule} of ")).unwrap_or_default();
        let does = if self.verdict == Verdict::Archive { "archives" } else { "expires" };
        let zone = sleeper.waker.at().map_or(Zone::UTC, |at| at.zone.clone());
        let since =
            self.from.map_or_else(|| "already".into(), |from| format!("from {} on", zone.moment(from)));
        let repository = match ImageRef::parse(image) {
            Ok(ImageRef::Ecr(image)) => image.repository.to_string(),
            _ => String::new(),
        };
        let (hour, hours) = (sleeper.hour(), ACTS_WITHIN.as_hours());
        let mut reason = format!(
            "{rule}the lifecycle policy that is attached to repository {repository} {does} image {image} {since}, and \
             ECR acts within {hours} hours of that. The service would start with it{hour}. Detach the policy: aws ecr \
             delete-lifecycle-policy --repository-name {repository}"
        );
        let can_wake = if self.may_be_a_child {
            reason.push_str(". An image that an index names stays, and whether one does was not looked at");
            CanWake::Unknown
        } else {
            CanWake::No
        };
        Because { at: self.from, ..Because::new(can_wake, Code::ImageExpires, reason) }
    }
}
