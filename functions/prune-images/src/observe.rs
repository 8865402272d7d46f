//! A look at the registry: repositories, their images, and what indexes name.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{try_join, try_join3};
use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;
use shared::ecr::{ImageDetail, ReplicationRule, Repository};
use shared::image::Digest;
use shared::lifecycle::{Image, StorageClass};
use shared::{Code, Problem, Refusal};
use shared_aws::Read;

use crate::sources::Cache;

/// Repositories that are read at once; the budget sets the pace.
const AT_ONCE: usize = 20;

/// A repository as it was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What AWS says of it.
    pub repository: Repository,
    /// Why it is left alone.
    pub left: Option<Refusal>,
    /// Why it could not be looked at.
    pub failed: Option<Refusal>,
    /// The lifecycle policy that is attached to it.
    pub attached: Option<String>,
    /// Its images.
    pub images: Images,
}

/// The images of a repository.
#[derive(Clone, Debug, Default)]
pub struct Images {
    /// As AWS has them.
    pub details: Vec<ImageDetail>,
    /// As policies are evaluated on them, in the same order, with their children.
    pub images: Vec<Image>,
    /// Those that are being restored from the archive.
    pub restoring: BTreeSet<Digest>,
    /// The index whose manifest could not be read, and why: then nobody knows what is a child.
    pub unreadable: Option<String>,
    /// Whether a manifest was read, which ECR takes for a pull.
    pub pulled: bool,
}

/// What of the registry concerns repositories.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// All repositories.
    pub repositories: Vec<Repository>,
    replication: Vec<ReplicationRule>,
    caches: Vec<String>,
}

/// The repositories, and which of them are copied or copies.
pub async fn registry(read: &Read) -> Result<Registry, Problem> {
    let (repositories, replication, caches) =
        try_join3(read.repositories(), read.replication(), read.pull_through_caches()).await?;
    Ok(Registry { repositories, replication, caches })
}

impl Registry {
    /// Why a repository is left alone unless it is named, as far as the registry says.
    #[must_use]
    pub fn left(&self, name: &str) -> Option<Refusal> {
        let cached = |prefix: &&String| {
            prefix.as_str() == "ROOT"
                || name.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        if let Some(prefix) = self.caches.iter().find(cached) {
            let reason = format!("it caches an upstream registry (rule {prefix}): name it to prune it");
            return Some(Refusal { code: Code::CachedRepository, reason });
        }
        let copied = self.replication.iter().any(|rule| rule.copies(name));
        copied.then(|| {
            let reason = "it is replicated, and what uses the copies is not seen here: name it to prune it";
            Refusal { code: Code::ReplicatedRepository, reason: reason.into() }
        })
    }
}

/// What is to be seen of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The request names it.
    pub named: bool,
    /// Read its images.
    pub images: bool,
}

/// Looks at repositories, a number of them at once; the failure of one is its own.
pub async fn repositories(
    read: &Read,
    cache: &Cache,
    account: &str,
    wanted: Vec<(Repository, Option<Refusal>, Wanted)>,
) -> Vec<Seen> {
    stream::iter(wanted)
        .map(|(repository, left, wanted)| one(read, cache, account, repository, left, wanted))
        .buffered(AT_ONCE)
        .collect()
        .await
}

async fn one(
    read: &Read,
    cache: &Cache,
    account: &str,
    repository: Repository,
    left: Option<Refusal>,
    wanted: Wanted,
) -> Seen {
    let mut seen = Seen { repository, left, ..Seen::default() };
    if seen.left.is_some() {
        return seen;
    }
    let name = seen.repository.repository_name.clone();
    let policies = try_join(read.repository_policy(&name), read.lifecycle_policy(&name)).await;
    let looked = match policies {
        Err(problem) => Err(problem),
        Ok((policy, attached)) => {
            seen.attached = attached;
            if !wanted.named && policy.as_deref().is_some_and(|text| lets_others_in(text, account)) {
                let reason =
                    "its policy lets another account in, whose use is not seen here: name it to prune it";
                seen.left = Some(Refusal { code: Code::SharedRepository, reason: reason.into() });
            }
            if seen.left.is_none() && wanted.images {
                images(read, cache, &name).await.map(Some)
            } else {
                Ok(None)
            }
        }
    };
    match looked {
        Ok(Some(images)) => seen.images = images,
        Ok(None) => {}
        Err(problem) => seen.failed = Some(Refusal { code: problem.code, reason: problem.detail }),
    }
    seen
}

/// The images of each of these repositories, or why they can't be read.
pub async fn images_of(
    read: &Read,
    cache: &Cache,
    names: BTreeSet<String>,
) -> BTreeMap<String, Result<Images, Refusal>> {
    stream::iter(names)
        .map(|name| async move {
            let images = images(read, cache, &name).await;
            (name, images.map_err(|problem| Refusal { code: problem.code, reason: problem.detail }))
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// The images of a repository, and then what its indexes name: reading a manifest is a pull to ECR,
/// so the pull times come first.
pub async fn images(read: &Read, cache: &Cache, repository: &str) -> Result<Images, Problem> {
    let details = read.images(repository).await?;
    let mut seen = Images::default();
    for detail in &details {
        let image = image_of(detail).map_err(|fault| {
            let thing = format!("repository/{repository}@{}", detail.image_digest);
            Problem::new(Code::AwsFailed, format!("ecr:DescribeImages on {thing}: {fault}"))
        })?;
        if detail.image_status.as_deref() == Some("ACTIVATING") {
            seen.restoring.insert(image.digest.clone());
        }
        seen.images.push(image);
    }
    seen.details = details;
    let unread: Vec<String> = seen
        .images
        .iter()
        .filter(|image| image.is_index() && cache.children(image.digest.as_str()).is_none())
        .map(|image| image.digest.to_string())
        .collect();
    if !unread.is_empty() {
        seen.pulled = true;
        for (digest, manifest) in read.manifests(repository, &unread).await? {
            match manifest.and_then(|text| children(&text)) {
                Ok(children) => cache.keep_children(&digest, children),
                Err(fault) => seen.unreadable = Some(format!("index {digest} can't be read: {fault}")),
            }
        }
    }
    for image in seen.images.iter_mut().filter(|image| image.is_index()) {
        if let Some(children) = cache.children(image.digest.as_str()) {
            image.children = children.to_vec();
        }
    }
    Ok(seen)
}

fn image_of(detail: &ImageDetail) -> Result<Image, String> {
    let text = |fault: shared::image::ImageFault| fault.to_string();
    let archived = detail.image_status.as_deref() == Some("ARCHIVED");
    Ok(Image {
        digest: detail.image_digest.parse().map_err(text)?,
        tags: detail.image_tags.iter().map(|tag| tag.parse()).collect::<Result<_, _>>().map_err(text)?,
        pushed_at: detail.image_pushed_at.ok_or("the answer does not say when it was pushed")?,
        last_pulled_at: detail.last_recorded_pull_time,
        last_activated_at: detail.last_activated_at,
        last_archived_at: detail.last_archived_at,
        storage_class: if archived { StorageClass::Archive } else { StorageClass::Standard },
        media_type: detail.image_manifest_media_type.clone(),
        children: Vec::new(),
        subject: detail.subject_manifest_digest.as_ref().map(|it| it.parse()).transpose().map_err(text)?,
    })
}

/// What an index names.
fn children(manifest: &str) -> Result<Vec<Digest>, String> {
    let manifest: Value = serde_json::from_str(manifest).map_err(|fault| fault.to_string())?;
    let list = manifest.get("manifests").and_then(Value::as_array).ok_or("it names no manifests")?;
    let digest = |child: &Value| {
        let digest = child.get("digest").and_then(Value::as_str).ok_or("a manifest without a digest")?;
        digest.parse().map_err(|fault: shared::image::ImageFault| fault.to_string())
    };
    list.iter().map(digest).collect()
}

/// Whether a repository's policy allows anything to another account. What can't be read, or says
/// who is not meant, might.
fn lets_others_in(policy: &str, account: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return true };
    let all = listed(policy.get("Statement"));
    all.iter().filter(|it| it.get("Effect").and_then(Value::as_str) != Some("Deny")).any(|statement| {
        match statement.get("Principal") {
            Some(Value::Object(kinds)) => kinds.iter().any(|(kind, whom)| {
                let ours = |whom: &Value| {
                    whom.as_str().is_some_and(|whom| {
                        whom == account || whom.split(':').nth(4).is_some_and(|of| of == account)
                    })
                };
                match kind.as_str() {
                    // Lambda pulls for functions, which are a source of what is in use.
                    "Service" => false,
                    "AWS" => !listed(Some(whom)).iter().all(ours),
                    _ => true,
                }
            }),
            _ => true,
        }
    })
}

fn listed(value: Option<&Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

/// The images by digest.
#[must_use]
pub fn by_digest(images: &[Image]) -> BTreeMap<&Digest, &Image> {
    images.iter().map(|image| (&image.digest, image)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_that_lets_another_account_in_makes_a_repository_shared() {
        let own = json!({"AWS": "arn:aws:iam::123456789012:root"});
        let lets = |principal: Value, effect: &str| {
            let policy =
                json!({"Statement": [{"Effect": effect, "Principal": principal, "Action": "ecr:*"}]});
            lets_others_in(&policy.to_string(), "123456789012")
        };
        assert!(!lets(own.clone(), "Allow"));
        assert!(!lets(json!({"AWS": ["123456789012"]}), "Allow"));
        assert!(!lets(json!({"Service": "lambda.amazonaws.com"}), "Allow"));
        assert!(!lets(json!("*"), "Deny"));
        for other in [
            json!("*"),
            json!({"AWS": "*"}),
            json!({"AWS": ["123456789012", "arn:aws:iam::999999999999:root"]}),
            json!({"AWS": "AROAEXAMPLE"}),
            json!({"Federated": "x"}),
            Value::Null,
        ] {
            assert!(lets(other.clone(), "Allow"), "{other}");
        }
        assert!(lets_others_in("nonsense", "123456789012"));
        assert!(!lets_others_in(
            r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"}}}"#,
            "123456789012"
        ));
    }

    #[test]
    fn what_lies_below_a_caches_prefix_is_a_cache_and_nothing_that_only_begins_so() {
        let registry = Registry {
            caches: vec!["docker-hub".into()],
            replication: vec![ReplicationRule { prefixes: vec!["team/".into()] }],
            ..Registry::default()
        };
        let code = |name| registry.left(name).map(|left| left.code);
        assert_eq!(code("docker-hub/library/nginx"), Some(Code::CachedRepository));
        assert_eq!(code("docker-hubs/x"), None);
        assert_eq!(code("team/users"), Some(Code::ReplicatedRepository));
        assert_eq!(code("users"), None);
    }
}
