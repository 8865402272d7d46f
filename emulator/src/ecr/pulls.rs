//! Pulls, and what ECS knows of this registry: which digest a reference means, and whether it can be pulled.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::ecr::state::{ImageId, Repository};
use crate::ids;
use crate::world::World;

/// A recorded pull stands for this long: ECR refreshes it at least once every 24 hours, and here no more often.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html>
const REFRESH: SignedDuration = SignedDuration::from_hours(24);

/// An image was pulled by this principal.
pub(crate) fn record(world: &mut World, repository: &str, digest: &str, by: Option<&str>) {
    if by.is_some_and(|by| world.ecr.exclusions.contains(by)) {
        return;
    }
    let now = world.now;
    let image = |r: &Repository| r.images.get(digest).map(|i| i.pulled_at);
    let Some(repository) = world.ecr.repositories.get_mut(repository) else {
        return;
    };
    // A repository that forks share is not copied for nothing.
    let fresh = |at: jiff::Timestamp| now.duration_since(at) < REFRESH;
    if image(repository).is_none_or(|pulled_at| pulled_at.is_some_and(fresh)) {
        return;
    }
    if let Some(image) = Arc::make_mut(repository).images.get_mut(digest) {
        image.pulled_at = Some(now);
    }
}

/// A reference into a repository that this registry has: `users:dev-1`, `users@sha256:…`, `users:dev-1@sha256:…`.
struct Reference<'a> {
    repository: &'a str,
    id: ImageId,
}

/// The registry has many names: over IPv4 or both, with FIPS or not, in China.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html>
fn is_ours(world: &World, host: &str) -> bool {
    let rest = host.strip_prefix(&world.account).and_then(|h| h.strip_prefix(".dkr"));
    let (old, new) = (["amazonaws.com", "amazonaws.com.cn"], ["on.aws", "on.amazonwebservices.com.cn"]);
    [(".ecr", old), (".ecr-fips", old), ("-ecr", new), ("-ecr-fips", new)].iter().any(
        |(service, suffixes)| {
            let place = rest.and_then(|r| r.strip_prefix(service)?.strip_prefix('.'));
            let suffix = place.and_then(|p| p.strip_prefix(&world.region)?.strip_prefix('.'));
            suffix.is_some_and(|s| suffixes.contains(&s))
        },
    )
}

/// None: it is somebody else's, or there is no such repository.
fn reference<'a>(world: &World, image: &'a str) -> Option<Reference<'a>> {
    let (host, path) = image.split_once('/')?;
    if !is_ours(world, host) {
        return None;
    }
    let (name, digest) = path.split_once('@').map_or((path, None), |(name, digest)| (name, Some(digest)));
    let (repository, tag) = name.split_once(':').unwrap_or((name, "latest"));
    world.ecr.repositories.get(repository)?;
    let id = match digest {
        Some(digest) => ImageId::of(digest, None),
        None => ImageId { image_digest: None, image_tag: Some(tag.to_owned()) },
    };
    Some(Reference { repository, id })
}

/// The digest that an image reference means now: its tag's, where this registry has the repository; one made of the
/// text, where it has not. None: the repository has no such image.
pub(crate) fn resolve(world: &World, image: &str) -> Option<String> {
    let Some(Reference { repository, id }) = reference(world, image) else {
        return Some(ids::image_digest(image));
    };
    let found = world.ecr.repositories.get(repository)?.find(&id);
    found.ok().map(|(digest, _)| digest.to_owned())
}

/// A task pulls its images; it fails to start if one cannot be pulled.
pub(crate) fn by_task(world: &mut World, cluster: &str, id: &str) {
    let Some(task) = world.ecs.clusters.get(cluster).and_then(|c| c.tasks.get(id)) else {
        return;
    };
    let mut images = task.images.clone();
    let definition = world.ecs.task_definition(&task.task_definition);
    let role = definition.and_then(|d| d.rest.get("executionRoleArn")?.as_str().map(str::to_owned));
    let mut fails = None;
    for image in &mut images {
        match pull(world, &image.image, image.digest.as_deref(), role.as_deref()) {
            Ok(digest) => image.digest = Some(digest),
            Err(reason) => fails = Some(reason),
        }
    }
    if let Some(task) = world.ecs.task_mut(cluster, id) {
        task.images = images;
        task.fails = task.fails.take().or(fails);
    }
}

/// An image is pulled, by the digest that it was pinned to if it was: the digest that it got, or why it cannot start.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>
fn pull(world: &mut World, image: &str, pinned: Option<&str>, by: Option<&str>) -> Result<String, String> {
    let Some(Reference { repository, id }) = reference(world, image) else {
        return Ok(pinned.map_or_else(|| ids::image_digest(image), str::to_owned));
    };
    let id = pinned.map_or(id, |digest| ImageId::of(digest, None));
    let found = world.ecr.repositories.get(repository).and_then(|r| {
        let (digest, image) = r.find(&id).ok()?;
        // Of an index, a task pulls the image for its platform: here the first.
        let child = image.manifest.children.first().cloned();
        (image.status(world.now) == "ACTIVE").then(|| (digest.to_owned(), child))
    });
    let Some((digest, child)) = found else {
        let place = image.split(['@']).next().unwrap_or_default();
        let what = pinned.map_or_else(|| image.to_owned(), |digest| format!("{place}@{digest}"));
        return Err(format!(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {what}: \
             {what}: not found"
        ));
    };
    for digest in std::iter::once(&digest).chain(&child) {
        record(world, repository, digest, by);
    }
    Ok(digest)
}
