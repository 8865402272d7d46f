//! A look at the registry: repositories, their images, and what indexes name.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;

use futures_util::future::{join, try_join, try_join4};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde_json::Value;
use shared::ecr::{ImageDetail, ReplicationRule, Repository};
use shared::image::{Digest, ImageIdentifier};
use shared::lifecycle::{Image, Policy, StorageClass};
use shared::{Code, Problem, Refusal};
use shared_aws::Read;

use crate::ask::Ask;
use crate::plan;
use crate::sources::Reader;
use crate::used::{InUse, SourceFailure};

/// Repositories that are read at once; the budget sets the pace.
const AT_ONCE: usize = 20;

/// A repository as it was seen.
#[derive(Clone, Debug, Default)]
pub struct SeenRepository {
    /// What AWS says of it.
    pub repository: Repository,
    /// The request names it, and means it whoever shares it.
    pub named: bool,
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
    /// As policies are evaluated on them, with their children.
    pub images: Vec<Image>,
    /// Those that are being restored from the archive.
    pub restoring: BTreeSet<Digest>,
    /// The index whose manifest could not be read, and why: then nobody knows what is a child.
    pub unreadable: Option<String>,
    /// The last pushed of the indexes in the archive whose manifests were never read, and when that was: what
    /// was pushed by then may be a child.
    pub archived_unread: Option<(Timestamp, Digest)>,
    /// Whether a manifest was read, which ECR takes for a pull.
    pub pulled: bool,
}

/// What of the registry concerns repositories.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// All repositories.
    pub repositories: Vec<Repository>,
    /// What is copied to elsewhere.
    pub replication: Vec<ReplicationRule>,
    /// The prefixes of what is copied from elsewhere.
    pub caches: Vec<String>,
    /// Its policy, which may let others pull.
    pub policy: Option<String>,
}

/// The repositories, and which of them are copied or copies.
async fn registry(read: &Read) -> Result<Registry, Problem> {
    let (repositories, replication, caches, policy) = try_join4(
        read.repositories(),
        read.replication(),
        read.pull_through_caches(),
        read.registry_policy(),
    )
    .await?;
    Ok(Registry { repositories, replication, caches, policy })
}

/// What a request to prune is planned on, but for the images.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// What of the registry concerns repositories.
    pub registry: Registry,
    /// The repositories that the request means.
    pub repositories: Vec<SeenRepository>,
    /// What is in use.
    pub in_use: InUse,
}

/// Reads what a request to prune needs; what is in use sooner than the rest.
pub async fn observe(reader: Reader<'_>, sooner: &Read, ask: &Ask) -> Result<Snapshot, Problem> {
    let looked = async {
        let registry = registry(reader.read).await?;
        let meant = plan::meant(&registry, ask, &reader.config.repositories);
        let repositories = look_into(reader, &registry, meant).await;
        Ok::<_, Problem>((registry, repositories))
    };
    let (looked, in_use) = join(looked, Reader { read: sooner, ..reader }.in_use()).await;
    let (registry, repositories) = looked?;
    Ok(Snapshot { registry, repositories, in_use })
}

/// Reads every repository of the registry, without its images.
pub async fn all(reader: Reader<'_>) -> Result<(Registry, Vec<SeenRepository>), Problem> {
    let registry = registry(reader.read).await?;
    let all = registry.repositories.iter().cloned();
    let all = all.map(|repository| SeenRepository { repository, ..SeenRepository::default() }).collect();
    let seen = look_into(reader, &registry, all).await;
    Ok((registry, seen))
}

/// Looks into those repositories that are not left alone, a number of them at once. The failure of one is its
/// own.
async fn look_into(reader: Reader<'_>, registry: &Registry, all: Vec<SeenRepository>) -> Vec<SeenRepository> {
    stream::iter(all)
        .map(|mut seen| async move {
            if seen.left.is_none()
                && let Err(problem) = look_into_one(reader, registry, &mut seen).await
            {
                seen.failed = Some(problem.into());
            }
            seen
        })
        .buffered(AT_ONCE)
        .filter(|seen| ready(!is_gone(seen)))
        .collect()
        .await
}

/// It was deleted since it was listed, and nobody asked for it by name.
fn is_gone(seen: &SeenRepository) -> bool {
    !seen.named && seen.failed.as_ref().is_some_and(|failed| failed.code == Code::NotFound)
}

async fn look_into_one(
    reader: Reader<'_>,
    registry: &Registry,
    seen: &mut SeenRepository,
) -> Result<(), Problem> {
    let Reader { read, scope, .. } = reader;
    let name = &seen.repository.repository_name;
    let (policy, attached) = try_join(read.repository_policy(name), read.lifecycle_policy(name)).await?;
    seen.attached = attached;
    let shared = plan::left_as_shared(policy.as_deref(), registry, &seen.repository, scope);
    seen.left = shared.filter(|_| !seen.named);
    Ok(())
}

/// These repositories with their images, where they are looked into and there is a policy for them.
pub async fn with_images(
    reader: Reader<'_>,
    repositories: &[(SeenRepository, Option<Policy>)],
) -> Vec<(SeenRepository, Option<Policy>)> {
    stream::iter(repositories.to_vec())
        .map(|(mut seen, policy)| async move {
            if seen.left.is_none() && seen.failed.is_none() && policy.is_some() {
                match images(reader, &seen.repository.repository_name).await {
                    Ok(images) => seen.images = images,
                    Err(problem) => seen.failed = Some(problem.into()),
                }
            }
            (seen, policy)
        })
        .buffered(AT_ONCE)
        .filter(|(seen, _)| ready(!is_gone(seen)))
        .collect()
        .await
}

/// The images of each of these repositories, or why they can't be read.
pub async fn images_of(
    reader: Reader<'_>,
    names: BTreeSet<String>,
) -> BTreeMap<String, Result<Images, Refusal>> {
    stream::iter(names)
        .map(|name| async move {
            let images = images(reader, &name).await;
            (name, images.map_err(Refusal::from))
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// The images of a repository, and then what its indexes name.
async fn images(reader: Reader<'_>, repository: &str) -> Result<Images, Problem> {
    detailed(reader, repository).await.map(|(_, images)| images)
}

/// The same, and in the same order all that AWS says of them. Reading a manifest is a pull to ECR, so the pull times
/// come first.
pub async fn detailed(reader: Reader<'_>, repository: &str) -> Result<(Vec<ImageDetail>, Images), Problem> {
    let Reader { read, cache, .. } = reader;
    let details = read.images(repository).await?;
    let mut seen = Images::default();
    for detail in &details {
        let image = Image::try_from(detail).map_err(|fault: String| {
            let thing = format!("repository/{repository}@{}", detail.image_digest);
            Problem::new(Code::AwsFailed, format!("ecr:DescribeImages on {thing}: {fault}"))
        })?;
        if detail.image_status.as_deref() == Some("ACTIVATING") {
            seen.restoring.insert(image.digest.clone());
        }
        seen.images.push(image);
    }
    if let Some(image) = seen.images.iter().find(|image| image.media_type.is_none()) {
        let why = "AWS does not say what kind of manifest it is, and it may be an index";
        seen.unreadable = Some(format!("image {} can't be read: {why}", image.digest));
    }
    // The archive gives nothing to read, nor does what is on its way back.
    let (unread, archived): (Vec<&Image>, Vec<&Image>) = seen
        .images
        .iter()
        .filter(|image| image.is_index() && cache.children(image.digest.as_str()).is_none())
        .partition(|image| {
            image.storage_class == StorageClass::Standard && !seen.restoring.contains(&image.digest)
        });
    let unread: Vec<String> = unread.iter().map(|image| image.digest.to_string()).collect();
    seen.archived_unread = archived.iter().map(|image| (image.pushed_at, image.digest.clone())).max();
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
    Ok((details, seen))
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

/// Whether the registry excludes a role, so that ECR does not record its pulls. Without a role nobody knows.
pub async fn is_excluded(read: &Read, role: &str) -> Result<bool, Problem> {
    Ok(!role.is_empty() && read.pull_time_exclusions().await?.iter().any(|it| it == role))
}

/// What tags point to, by repository and tag.
pub type Tagged = BTreeMap<(String, String), Digest>;

/// What the tags in use of this account's and region's repositories point to, and the repositories of which that
/// can't be read. The tags of one that is not there have no digest.
pub async fn tags_in_use(reader: Reader<'_>, in_use: &InUse) -> (Tagged, Vec<SourceFailure>) {
    let own = in_use.found.uses.iter().map(|it| &it.image).filter(|image| image.is_within(reader.scope));
    let names: BTreeSet<String> = own
        .filter(|image| matches!(image.identifier(), ImageIdentifier::Tag(_)))
        .map(|image| image.repository.to_string())
        .collect();
    let (mut tags, mut failed) = (BTreeMap::new(), Vec::new());
    let read = |name: String| async move {
        let details = reader.read.images(&name).await;
        (name, details)
    };
    let mut all = stream::iter(names).map(read).buffer_unordered(AT_ONCE);
    while let Some((name, details)) = all.next().await {
        let details = match details {
            Ok(details) => details,
            Err(problem) if problem.code == Code::NotFound => continue,
            Err(problem) => {
                let reason = format!("what the tags of {name} point to: {}", problem.detail);
                failed.push(SourceFailure { source: "tags", code: problem.code, reason });
                continue;
            }
        };
        for detail in details {
            let Ok(digest) = detail.image_digest.parse::<Digest>() else { continue };
            let own = detail.image_tags.into_iter().map(|tag| ((name.clone(), tag), digest.clone()));
            tags.extend(own);
        }
    }
    (tags, failed)
}
