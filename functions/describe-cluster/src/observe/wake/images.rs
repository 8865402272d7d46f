//! The images that services start with, and what becomes of them until then.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use shared::ecs::Service;
use shared::ecs::revisions::RevisionImage;
use shared::image::EcrImage;
use shared::lifecycle::{Image, Policy, PolicyFault};
use shared::wake::{Decided, Fate, RepositoryLook, Sleeper, WantedImage, wanted_image};
use shared::{Code, Refusal};
use shared_aws::{Listed, Read, unless_gone};

use super::{AT_ONCE, Reader};
use crate::wake::starts_at;

/// An image that a service starts with, as a text and as what it is here.
type Wanted = Vec<(String, WantedImage)>;

/// What becomes of the images that each service starts with, by its ARN.
pub(super) async fn images(
    reader: Reader<'_>,
    sleepers: &[Sleeper<'_>],
) -> BTreeMap<String, Result<Vec<(String, Fate)>, Refusal>> {
    let pinned = pinned(reader, sleepers).await;
    let of = |image: &RevisionImage| {
        let digest = image.digest.as_deref();
        let text = match digest {
            Some(digest) if !image.image.contains('@') => format!("{}@{digest}", image.image),
            _ => image.image.clone(),
        };
        (text, wanted_image(&image.image, digest, reader.scope))
    };
    let wanted: BTreeMap<String, Result<Wanted, Refusal>> = pinned
        .into_iter()
        .map(|(arn, images)| (arn, images.map(|images| images.iter().map(of).collect())))
        .collect();
    let until: BTreeMap<&str, Timestamp> =
        sleepers.iter().map(|it| (it.service.service_arn.as_str(), starts_at(it, reader.now))).collect();
    let mut asked: BTreeMap<String, BTreeSet<(EcrImage, Timestamp)>> = BTreeMap::new();
    for (arn, images) in &wanted {
        let until = until.get(arn.as_str()).copied().unwrap_or(reader.now);
        for (_, image) in images.iter().flatten() {
            if let WantedImage::Own(image) = image {
                asked.entry(image.repository.to_string()).or_default().insert((image.clone(), until));
            }
        }
    }
    let mut fates = fates(reader, asked).await;
    cached(reader.read, &mut fates).await;
    let fate = |image: WantedImage, until: Timestamp| match image {
        WantedImage::Told(fate) => fate,
        WantedImage::Own(image) => fates.get(&(image, until)).cloned().unwrap_or(Fate::Gone),
    };
    let with_fates = |(arn, images): (String, Result<Wanted, Refusal>)| {
        let until = until.get(arn.as_str()).copied().unwrap_or(reader.now);
        let fates = images.map(|it| it.into_iter().map(|(text, image)| (text, fate(image, until))).collect());
        (arn, fates)
    };
    wanted.into_iter().map(with_fates).collect()
}

/// What becomes of each of these images, repository by repository: so many of them are in memory at once.
async fn fates(
    reader: Reader<'_>,
    asked: BTreeMap<String, BTreeSet<(EcrImage, Timestamp)>>,
) -> BTreeMap<(EcrImage, Timestamp), Fate> {
    let looks = stream::iter(asked).map(|(name, images)| async move {
        let look = repository(reader.read, &name).await;
        let mut decided = Decided::new();
        let fate = |(image, until): (EcrImage, Timestamp)| {
            let fate = match &look {
                Ok(look) => look.fate(&image, (reader.now, until), &mut decided),
                Err(Refusal { code: Code::NotFound, .. }) => Fate::NoRepository,
                Err(refusal) => Fate::Unread(refusal.clone()),
            };
            ((image, until), fate)
        };
        images.into_iter().map(fate).collect::<Vec<_>>()
    });
    looks.buffer_unordered(AT_ONCE).map(stream::iter).flatten().collect().await
}

/// What a cache of another registry has lost is fetched again when something pulls it.
///
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html>
async fn cached(read: &Read, fates: &mut BTreeMap<(EcrImage, Timestamp), Fate>) {
    let is_lost = |fate: &Fate| matches!(fate, Fate::Gone | Fate::NoRepository | Fate::Taken(_));
    if !fates.values().any(is_lost) {
        return;
    }
    // Where that can't be read, what is lost is lost.
    let prefixes = read.pull_through_caches().await.unwrap_or_default();
    for ((image, _), fate) in fates.iter_mut().filter(|(_, fate)| is_lost(fate)) {
        let name = image.repository.to_string();
        let is_cache = |prefix: &String| prefix == "ROOT" || name.starts_with(&format!("{prefix}/"));
        if prefixes.iter().any(is_cache) {
            *fate = Fate::FetchedAgain;
        }
    }
}

async fn repository(read: &Read, name: &str) -> Result<RepositoryLook, Refusal> {
    let (details, attached) = join(read.images(name), read.lifecycle_policy(name)).await;
    let details = details.map_err(Refusal::from)?;
    let attached = attached.map_err(Refusal::from)?;
    let images = details.iter().map(Image::try_from).collect::<Result<_, _>>();
    let images = images.map_err(|fault: String| Refusal { code: Code::AwsFailed, reason: fault })?;
    let faults =
        |faults: Vec<PolicyFault>| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let attached = attached.map(|text| text.parse::<Policy>().map_err(faults));
    Ok(RepositoryLook { images, attached })
}

/// The images that each service starts with, by its ARN: as its revisions pinned them, else as its task definition
/// names them.
async fn pinned(
    reader: Reader<'_>,
    sleepers: &[Sleeper<'_>],
) -> BTreeMap<String, Result<Vec<RevisionImage>, Refusal>> {
    let (by_ecs, by_others): (Vec<&Service>, Vec<&Service>) =
        sleepers.iter().map(|it| it.service).partition(|it| it.is_deployed_by_ecs());
    let mut all = BTreeMap::new();
    for service in by_others {
        let images = reader.definitions.images(reader.read, service.starts_with()).await;
        all.insert(service.service_arn.clone(), images.map_err(Refusal::from));
    }
    let revisions = revisions(reader.read, by_ecs).await;
    let arns: BTreeSet<String> = revisions.values().flatten().flatten().cloned().collect();
    let arns: Vec<String> = arns.into_iter().collect();
    let described = reader.read.service_revisions(&arns).await.map_err(Refusal::from);
    let described = described.map(|Listed { found, .. }| {
        found.into_iter().map(|it| (it.arn.clone(), it.images)).collect::<BTreeMap<_, _>>()
    });
    let images = |revisions: Vec<String>| {
        let described = described.as_ref().map_err(Refusal::clone)?;
        let images: Option<Vec<_>> = revisions.iter().map(|it| described.get(it).cloned()).collect();
        images.filter(|it| !it.is_empty()).map(|it| it.concat()).ok_or_else(unknown_revision)
    };
    all.extend(revisions.into_iter().map(|(arn, revisions)| (arn, revisions.and_then(images))));
    all
}

/// The revisions that each service starts with, by its ARN: those that it has, else what its last deployment that went
/// well made.
async fn revisions(read: &Read, services: Vec<&Service>) -> BTreeMap<String, Result<Vec<String>, Refusal>> {
    let (mut all, mut past) = (BTreeMap::new(), Vec::new());
    for service in services {
        let current: Vec<String> =
            service.current_service_revisions.iter().map(|it| it.arn.clone()).collect();
        if current.is_empty() {
            past.push((service.cluster_arn.clone(), service.service_arn.clone()));
        } else {
            all.insert(service.service_arn.clone(), Ok(current));
        }
    }
    let mut calls = stream::iter(past)
        .map(|(cluster, arn)| async move {
            let briefs = unless_gone(read.deployments_of_service(&cluster, &arn).await);
            (arn, briefs)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((arn, briefs)) = calls.next().await {
        let last = briefs.map_err(Refusal::from).and_then(|briefs| {
            let last = briefs.into_iter().find(|it| it.went_well).and_then(|it| it.target);
            last.map(|revision| vec![revision]).ok_or_else(unknown_revision)
        });
        all.insert(arn, last);
    }
    all
}

fn unknown_revision() -> Refusal {
    let reason = "no revision tells which images it starts with; a forced deployment (aws ecs update-service \
                  --force-new-deployment) pins them";
    Refusal { code: Code::UnknownPinnedDigest, reason: reason.into() }
}
