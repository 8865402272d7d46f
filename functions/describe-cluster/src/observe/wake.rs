//! What the bedtime check looks at around services that sleep, or will: their task definitions, the images that they
//! start with, the machines that carry them, and what may wake them early.
//!
//! What can't be read is kept as such, beside the rest: it makes an `unknown`, never a failed answer.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join4, try_join};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use shared::application_autoscaling::ScalableTarget;
use shared::ecs::revisions::RevisionImage;
use shared::ecs::{Failure, Service};
use shared::image::EcrImage;
use shared::lifecycle::{Image, Policy, PolicyFault};
use shared::names::{ClusterName, Scope, short_name};
use shared::settings::TagKeys;
use shared::wake::{Decided, Fate, RepositoryLook, Sleeper, WantedImage, wanted_image};
use shared::{Code, Problem, Refusal};
use shared_aws::{ClusterDetail, Definitions, Listed, Read, unless_gone};

use crate::snapshot::{Services, id_of};
use crate::wake::{Surroundings, WakeMachines, launched_on, needs_machines, starts_at};

/// Things of a kind that are read at once; the budget sets the pace.
const AT_ONCE: usize = 10;

/// What everything is read with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) read: &'a Read,
    /// What the process knows of task definitions.
    pub(crate) definitions: &'a Definitions,
    /// At most so many task definitions that it does not know are read: a look over REST has half a minute.
    pub(crate) most_definitions: usize,
    pub(crate) scope: &'a Scope,
    pub(crate) keys: &'a TagKeys,
    pub(crate) now: Timestamp,
}

/// The services of every cluster of the region, and what could not be looked at.
pub(crate) async fn fleet(read: &Read) -> Result<(Vec<Services>, Vec<Failure>), Problem> {
    let (clusters, targets) = try_join(read.clusters(ClusterDetail::default()), read.targets()).await?;
    let targets: BTreeMap<String, ScalableTarget> =
        targets.into_iter().map(|target| (target.resource_id.clone(), target)).collect();
    let targets = &targets;
    let mut looks = stream::iter(clusters.found)
        .map(|cluster| async move {
            let services = match cluster.cluster_name.parse::<ClusterName>() {
                Ok(name) => read.services(&name).await.map_err(Refusal::from),
                Err(fault) => Err(Refusal { code: Code::BadRequest, reason: fault.to_string() }),
            };
            (cluster, services)
        })
        .buffered(AT_ONCE);
    let (mut all, mut failures) = (Vec::new(), clusters.failures);
    while let Some((cluster, services)) = looks.next().await {
        match services {
            Ok(Listed { found, failures: unread }) => {
                let cluster_tags = cluster.tags_by_key();
                let prefix = format!("service/{}/", cluster.cluster_name);
                let own = targets.iter().filter(|(id, _)| id.starts_with(&prefix));
                let targets = Some(own.map(|(id, target)| (id.clone(), target.clone())).collect());
                all.push(Services { services: found, targets, cluster_tags });
                failures.extend(unread);
            }
            Err(Refusal { code, reason }) => {
                failures.push(Failure {
                    arn: cluster.cluster_arn,
                    reason: code.to_string(),
                    detail: Some(reason),
                });
            }
        }
    }
    Ok((all, failures))
}

/// What surrounds these services.
pub(crate) async fn surroundings(reader: Reader<'_>, sleepers: &[Sleeper<'_>]) -> Surroundings {
    let (definitions, images, machines, predictive) = join4(
        definitions(reader, sleepers),
        images(reader, sleepers),
        machines(reader, sleepers),
        predictive(reader, sleepers),
    )
    .await;
    Surroundings { definitions, images, machines, predictive }
}

async fn definitions(
    reader: Reader<'_>,
    sleepers: &[Sleeper<'_>],
) -> BTreeMap<String, Result<String, Refusal>> {
    let arns: BTreeSet<&str> = sleepers.iter().map(|it| it.service.starts_with()).collect();
    let statuses = reader.definitions.statuses(reader.read, arns, reader.now, reader.most_definitions).await;
    statuses.into_iter().map(|(arn, status)| (arn, status.map_err(Refusal::from))).collect()
}

/// An image that a service starts with, as a text and as what it is here.
type Wanted = Vec<(String, WantedImage)>;

/// What becomes of the images that each service starts with, by its ARN.
async fn images(
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

/// The machines, if one of these services needs some.
async fn machines(reader: Reader<'_>, sleepers: &[Sleeper<'_>]) -> Option<Result<WakeMachines, Refusal>> {
    let services: Vec<&Service> =
        sleepers.iter().map(|it| it.service).filter(|it| needs_machines(it)).collect();
    if services.is_empty() {
        return None;
    }
    let loose = services.iter().filter(|it| launched_on(it).0.is_empty());
    let names: BTreeSet<ClusterName> =
        loose.filter_map(|it| short_name(&it.cluster_arn).parse().ok()).collect();
    Some(look_at_machines(reader, names).await.map_err(Refusal::from))
}

async fn look_at_machines(reader: Reader<'_>, names: BTreeSet<ClusterName>) -> Result<WakeMachines, Problem> {
    let Reader { read, keys, .. } = reader;
    let (groups, providers) = try_join(read.groups(None), read.capacity_providers()).await?;
    let clusters = read.clusters(ClusterDetail::default()).await?.found;
    let (links, unread) = read.links_by(&providers, &groups, &clusters, keys).await;
    if let Some(problem) = unread {
        return Err(problem);
    }
    let instances = stream::iter(names).map(|name| async move {
        let listed = read.container_instances(&name).await.map_err(Refusal::from);
        let active = listed.map(|listed| {
            let there = listed.found.into_iter().filter(|it| it.status == "ACTIVE");
            // One that is no EC2 instance is known by its own ARN.
            there.map(|it| it.ec2_instance_id.unwrap_or(it.container_instance_arn)).collect()
        });
        (name.to_string(), active)
    });
    let instances = instances.buffer_unordered(AT_ONCE).collect().await;
    Ok(WakeMachines { providers, groups: groups.into_iter().zip(links).collect(), clusters, instances })
}

/// The predictive scaling policies, if one of these services is scaled.
async fn predictive(
    reader: Reader<'_>,
    sleepers: &[Sleeper<'_>],
) -> Option<Result<BTreeMap<String, Vec<String>>, Refusal>> {
    let mut scaled = sleepers.iter().filter(|it| it.target.is_some());
    let first = scaled.next()?;
    let only = if scaled.next().is_none() { id_of(first.service) } else { None };
    let policies = reader.read.predictive_policies(only.as_ref()).await.map_err(Refusal::from);
    Some(policies.map(|policies| {
        let mut by_service: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (resource, name) in policies {
            by_service.entry(resource).or_default().push(name);
        }
        by_service
    }))
}
