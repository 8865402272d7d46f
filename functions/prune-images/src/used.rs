//! What is in use, as the sources tell it.

use std::collections::{BTreeMap, BTreeSet};

use shared::image::{Affected, Digest, EcrImage, ImageIdentifier, ImageRef, Tag};
use shared::names::Scope;
use shared::{Code, Refusal};

/// An image that something needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Which one.
    pub image: EcrImage,
    /// What needs it: `service/prod/users (its revision 123)`.
    pub by: String,
}

/// A service whose images no revision tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Where they may be.
    pub image: EcrImage,
    /// `service/prod/users`.
    pub service: String,
}

/// A reference to an image that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableReference {
    /// As it was written.
    pub text: String,
    /// What is wrong with it, and where it stands.
    pub fault: String,
}

/// What one source has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The images in use.
    pub uses: Vec<Use>,
    /// What it knows that it does not know.
    pub unknown: Vec<Unknown>,
    /// References that can't be read.
    pub unreadable: Vec<UnreadableReference>,
    /// What works out which task definition it runs only while it runs: `stateMachine:nightly`.
    pub dynamic: Vec<String>,
}

impl Usage {
    /// Adds the image that a text names, with the digest that it was resolved to if that is known.
    /// Other registries than ECR's are no concern of ours; a text that looks like ECR's and can't
    /// be read is noted, because nobody knows which image it protects.
    pub fn add(&mut self, image: &str, digest: Option<&str>, by: &str) {
        if let Some(image) = self.ecr(image, digest, by) {
            self.uses.push(Use { image, by: by.to_owned() });
        }
    }

    /// Notes that nobody can tell which image this is for a service.
    pub fn add_unknown(&mut self, image: &str, service: &str) {
        // One that is written with its digest is known.
        if let Some(image) = self.ecr(image, None, service).filter(|image| image.digest.is_none()) {
            self.unknown.push(Unknown { image, service: service.to_owned() });
        }
    }

    fn ecr(&mut self, text: &str, digest: Option<&str>, by: &str) -> Option<EcrImage> {
        let image = ImageRef::parse(text).and_then(|image| match image {
            ImageRef::Elsewhere(_) => Ok(None),
            ImageRef::Ecr(mut image) => {
                if let Some(digest) = digest {
                    image.digest = Some(digest.parse()?);
                }
                Ok(Some(image))
            }
        });
        image.unwrap_or_else(|fault| {
            let fault = format!("{by}: {fault}: mend the reference, or remove what names it");
            self.unreadable.push(UnreadableReference { text: text.to_owned(), fault });
            None
        })
    }

    /// Takes over what another one has found.
    pub fn extend(&mut self, other: Self) {
        self.uses.extend(other.uses);
        self.unknown.extend(other.unknown);
        self.unreadable.extend(other.unreadable);
        self.dynamic.extend(other.dynamic);
    }
}

/// A source that could not be read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFailure {
    /// Its name.
    pub source: &'static str,
    /// The kind.
    pub code: Code,
    /// What went wrong.
    pub reason: String,
}

/// What is in use, from all sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InUse {
    /// What they found.
    pub found: Usage,
    /// Those that could not be read whole.
    pub failed: Vec<SourceFailure>,
    /// Those that are switched off.
    pub off: Vec<&'static str>,
    /// The other regions that were asked.
    pub regions: Vec<String>,
}

impl InUse {
    /// The same, and each thing says that it is of this region.
    #[must_use]
    pub fn said_of(mut self, region: &str) -> Self {
        let say = |text: &mut String| *text = format!("{region}: {text}");
        self.found.uses.iter_mut().for_each(|it| say(&mut it.by));
        self.found.unknown.iter_mut().for_each(|it| say(&mut it.service));
        self.found.unreadable.iter_mut().for_each(|it| say(&mut it.fault));
        self.found.dynamic.iter_mut().for_each(say);
        self.failed.iter_mut().for_each(|it| say(&mut it.reason));
        self
    }

    /// The registries whose images are those of `scope` too: its own, and the same account's in the regions that were
    /// asked, where replicas are.
    fn registries(&self, scope: &Scope) -> Vec<Scope> {
        let replicas = self.regions.iter().map(|region| Scope { region: region.clone(), ..scope.clone() });
        std::iter::once(scope.clone()).chain(replicas).collect()
    }

    /// Why nothing may be deleted, if nothing may.
    #[must_use]
    pub fn blocked(&self, scope: &Scope) -> Option<String> {
        let failed = self.failed.iter().map(|it| format!("{} ({})", it.source, it.reason));
        let registries = self.registries(scope);
        let anywhere =
            self.found.unreadable.iter().filter(|it| affected(&it.text, &registries) == Affected::Registry);
        let failed: Vec<String> = failed.chain(anywhere.map(|it| it.fault.clone())).collect();
        (!failed.is_empty()).then(|| {
            format!("nothing is deleted, because what is in use is not fully known: {}", failed.join("; "))
        })
    }

    /// What is in use of this account's and region's repositories, by their names.
    #[must_use]
    pub fn by_repository(&self, scope: &Scope) -> BTreeMap<String, UsedHere> {
        let registries = self.registries(scope);
        let is_here = |image: &EcrImage| registries.iter().any(|registry| image.is_within(registry));
        let mut all: BTreeMap<String, UsedHere> = BTreeMap::new();
        for it in self.found.uses.iter().filter(|it| is_here(&it.image)) {
            let here = all.entry(it.image.repository.to_string()).or_default();
            match it.image.identifier() {
                ImageIdentifier::Digest(digest) => {
                    here.digests.entry(digest.clone()).or_default().insert(it.by.clone())
                }
                ImageIdentifier::Tag(tag) => {
                    here.tags.entry(tag.to_owned()).or_default().insert(it.by.clone())
                }
            };
        }
        for it in self.found.unknown.iter().filter(|it| is_here(&it.image)) {
            all.entry(it.image.repository.to_string()).or_default().unknown.insert(it.service.clone());
        }
        for it in &self.found.unreadable {
            if let Affected::Repository(name) = affected(&it.text, &registries) {
                all.entry(name.to_string()).or_default().unreadable.insert(it.fault.clone());
            }
        }
        all
    }
}

/// The most that a text which can't be read may mean for one of these registries.
fn affected(text: &str, registries: &[Scope]) -> Affected {
    let each = registries.iter().map(|registry| Affected::of(text, registry));
    each.max().unwrap_or(Affected::Elsewhere)
}

/// What is in use of one repository, and by what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsedHere {
    /// Very images.
    pub digests: BTreeMap<Digest, BTreeSet<String>>,
    /// What tags point to.
    pub tags: BTreeMap<String, BTreeSet<String>>,
    /// Services of whose images here nothing is known.
    pub unknown: BTreeSet<String>,
    /// What is wrong with references that name it.
    pub unreadable: BTreeSet<String>,
}

impl UsedHere {
    /// Why nothing of it may be deleted, if nothing may.
    #[must_use]
    pub fn blocked(&self) -> Option<Refusal> {
        if let Some(fault) = self.unreadable.first() {
            let reason = format!("nothing of this repository is deleted, because {fault}");
            return Some(Refusal { code: Code::SourceUnreadable, reason });
        }
        (!self.unknown.is_empty()).then(|| {
            let services = self.unknown.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let reason = format!(
                "nothing of this repository is deleted, because no revision tells which image {services} would \
                 start with; a forced deployment (aws ecs update-service --force-new-deployment) pins it"
            );
            Refusal { code: Code::UnknownPinnedDigest, reason }
        })
    }

    /// What needs an image with this digest and these tags.
    #[must_use]
    pub fn by(&self, digest: &Digest, tags: &[Tag]) -> BTreeSet<String> {
        let by_digest = self.digests.get(digest).into_iter().flatten();
        let by_tag = tags.iter().filter_map(|tag| self.tags.get(tag.as_str())).flatten();
        by_digest.chain(by_tag).cloned().collect()
    }
}
