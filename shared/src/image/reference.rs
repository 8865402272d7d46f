//! A reference to an image, as task definitions, functions and rules hold it.
//!
//! The forms of ECR's hosts:
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html> and, for FIPS and the
//! other partitions, `ecrPattern` of
//! <https://github.com/awslabs/amazon-ecr-credential-helper/blob/main/ecr-login/api/client.go>:
//!
//! ```text
//! ACCOUNT.dkr.ecr.REGION.amazonaws.com         and .amazonaws.com.cn, .amazonaws.eu
//! ACCOUNT.dkr.ecr-fips.REGION.amazonaws.com
//! ACCOUNT.dkr-ecr.REGION.on.aws                IPv4 and IPv6; and .on.amazonwebservices.com.cn
//! ACCOUNT.dkr-ecr-fips.REGION.on.aws
//! ```

use std::fmt;
use std::str::FromStr;

use super::{Digest, ImageFault, RepositoryName, Tag};
use crate::names::Scope;

/// The ends of ECR's hosts, after the region, in all partitions.
const DOMAINS: [&str; 9] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "on.aws",
    "on.amazonwebservices.com.cn",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];

/// The longest reference that is read, in bytes. ECS takes 255 characters.
const LONGEST: usize = 2_048;

/// What a text names. Prints as the text that it was read from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImageRef {
    /// An image of a private ECR registry, of this or another account and region.
    Ecr(EcrImage),
    /// An image of another registry: Docker Hub, `public.ecr.aws`, quay.io, and so on; the text.
    Elsewhere(String),
}

/// A reference to an image of a private ECR registry. Prints as the text that it was read from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EcrImage {
    /// The host as it was written, with its port if it had one.
    host: String,
    /// Twelve digits.
    pub account: String,
    /// `sa-east-1`.
    pub region: String,
    /// The repository.
    pub repository: RepositoryName,
    /// The tag that was written.
    pub tag: Option<Tag>,
    /// The digest that was written.
    pub digest: Option<Digest>,
}

/// Which image of its repository a reference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageIdentifier<'a> {
    /// This very one.
    Digest(&'a Digest),
    /// The one that the tag points to now.
    Tag(&'a str),
}

impl EcrImage {
    /// Which image it means: with a digest that one, whatever the tag; without both, `latest`.
    #[must_use]
    pub fn identifier(&self) -> ImageIdentifier<'_> {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => ImageIdentifier::Digest(digest),
            (None, Some(tag)) => ImageIdentifier::Tag(tag.as_str()),
            (None, None) => ImageIdentifier::Tag("latest"),
        }
    }

    /// Whether the registry is that of an account and region.
    #[must_use]
    pub fn is_within(&self, scope: &Scope) -> bool {
        self.account == scope.account && self.region == scope.region
    }
}

impl fmt::Display for EcrImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecr(image) => image.fmt(f),
            Self::Elsewhere(text) => f.write_str(text),
        }
    }
}

impl ImageRef {
    /// Reads a reference. What looks like an ECR host and can't be read is a fault, so that nobody
    /// takes it for an image of elsewhere; so is an empty text, and one over 2,048 bytes.
    pub fn parse(text: &str) -> Result<Self, ImageFault> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(ImageFault::new(text, "an image reference (1 to 2,048 bytes)"));
        }
        if looks_like_ecr(text) { ecr(text).map(Self::Ecr) } else { Ok(Self::Elsewhere(text.to_owned())) }
    }

    /// The image, if it lies in the registry of an account and region.
    #[must_use]
    pub fn within(&self, scope: &Scope) -> Option<&EcrImage> {
        match self {
            Self::Ecr(image) if image.is_within(scope) => Some(image),
            _ => None,
        }
    }
}

/// What a text that can't be read as a reference may mean for the registry of an account and region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Affected {
    /// Nothing: it names another's registry.
    Elsewhere,
    /// Any image of this repository.
    Repository(RepositoryName),
    /// Any image at all.
    Registry,
}

impl Affected {
    /// What `text`, of which [`ImageRef::parse`] says that it can't be read, may mean for the registry of
    /// `scope`. What nowhere has its account does not mean it.
    #[must_use]
    pub fn of(text: &str, scope: &Scope) -> Self {
        if !text.contains(&scope.account) {
            return Self::Elsewhere;
        }
        let text = text.trim();
        let text = text.split_once("://").map_or(text, |(_, rest)| rest).trim_start_matches('/');
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        let host = host.split('@').next_back().unwrap_or_default().trim_end_matches('.');
        match registry(host) {
            Some((account, region)) if account != scope.account || region != scope.region => Self::Elsewhere,
            Some(_) => {
                let name = path.split([':', '@']).next().unwrap_or_default();
                name.parse().map_or(Self::Registry, Self::Repository)
            }
            None => Self::Registry,
        }
    }
}

impl FromStr for ImageRef {
    type Err = ImageFault;

    fn from_str(text: &str) -> Result<Self, ImageFault> {
        Self::parse(text)
    }
}

/// Whether the part that may be a host is ECR's, or meant to be. Wide on purpose, but not so wide that a load
/// balancer's name would be one.
fn looks_like_ecr(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    // Behind a scheme, and before what only looks like the end of one.
    let behind = text.split_once("://").map(|(_, rest)| rest.trim_start_matches('/'));
    begins_like_ecr(text.trim_start_matches('/')) || behind.is_some_and(begins_like_ecr)
}

fn begins_like_ecr(text: &str) -> bool {
    let first = text.split('/').next().unwrap_or_default();
    let host = first.split([':', '@']).next().unwrap_or_default().trim_end_matches('.');
    let is_aws = DOMAINS.iter().any(|domain| host.strip_suffix(domain).is_some_and(|it| it.ends_with('.')));
    let is_account = host.split('.').next().is_some_and(is_account);
    first.contains("dkr.ecr") || first.contains("dkr-ecr") || (is_aws && (host.contains("ecr") || is_account))
}

fn ecr(text: &str) -> Result<EcrImage, ImageFault> {
    let fault = || {
        ImageFault::new(
            text,
            "a reference to an image in ECR (such as 123456789012.dkr.ecr.sa-east-1.amazonaws.com/team/app:tag, or @sha256:… with 64 lowercase hexadecimal digits)",
        )
    };
    let (host, path) = text.split_once('/').ok_or_else(fault)?;
    let (account, region) = registry(host).ok_or_else(fault)?;
    let (name, digest) = match path.split_once('@') {
        Some((name, digest)) => (name, Some(digest.parse().map_err(|_| fault())?)),
        None => (path, None),
    };
    let (repository, tag) = match name.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag.parse().map_err(|_| fault())?)),
        None => (name, None),
    };
    let repository = repository.parse().map_err(|_| fault())?;
    Ok(EcrImage { host: host.to_owned(), account, region, repository, tag, digest })
}

/// Account and region of a host with or without a port, in any case.
fn registry(host: &str) -> Option<(String, String)> {
    let host = host.to_ascii_lowercase();
    let name = match host.split_once(':') {
        Some((name, port)) => {
            let is_port =
                port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|p| p > 0);
            is_port.then_some(name)?
        }
        None => host.as_str(),
    };
    let (account, rest) = name.split_once('.')?;
    let rest = ["dkr.ecr.", "dkr.ecr-fips.", "dkr-ecr.", "dkr-ecr-fips."]
        .iter()
        .find_map(|kind| rest.strip_prefix(kind))?;
    let (region, domain) = rest.split_once('.')?;
    let is_region = region.starts_with(|c: char| c.is_ascii_lowercase())
        && region.ends_with(|c: char| c.is_ascii_digit())
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (is_account(account) && is_region && DOMAINS.contains(&domain))
        .then(|| (account.to_owned(), region.to_owned()))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}
