//! Services, at whatever desired count: what they run, what they would start with, and what their
//! deployments may go back to.
//!
//! ECS pins the digests that a deployment resolved in a service revision, so a service at zero comes
//! back with an image whose tag may have moved on long ago:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html>.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _};
use shared::Problem;
use shared::ecs::Service;
use shared::ecs::revisions::Revision;

use super::{AT_ONCE, Cluster, Reader, definitions, resource, whole};
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>, clusters: &[Cluster]) -> Result<Usage, Problem> {
    let mut services = Vec::new();
    for (_, cluster) in clusters {
        let arns = reader.read.service_arns(cluster).await?;
        let described = reader.read.services_named(cluster, &arns).await?;
        whole("ecs:DescribeServices", arns.len(), &described)?;
        services.extend(described.found);
    }
    let wanted = services.iter().flat_map(|service| {
        let by = resource(&service.service_arn);
        definitions_of(service).into_iter().map(move |definition| (definition, by.clone()))
    });
    let mut found = definitions(reader, wanted.collect::<Vec<_>>()).await?;
    let revisions = revisions_of(reader, &services).await?;
    let all: BTreeSet<&String> = revisions.values().flatten().collect();
    let arns: Vec<String> = all.into_iter().cloned().collect();
    let described = reader.read.service_revisions(&arns).await?;
    whole("ecs:DescribeServiceRevisions", arns.len(), &described)?;
    let described: BTreeMap<&str, &Revision> =
        described.found.iter().map(|revision| (revision.arn.as_str(), revision)).collect();
    for service in &services {
        let arns = revisions.get(&service.service_arn);
        let own: Vec<&Revision> =
            arns.into_iter().flatten().filter_map(|arn| described.get(arn.as_str()).copied()).collect();
        found.extend(pinned(service, &own));
        if is_unknown(service, &own) {
            for definition in definitions_of(service) {
                let images = reader.cache.task_definition(reader.read, &definition).await?;
                for image in images.iter() {
                    found.add_unknown(image, &resource(&service.service_arn));
                }
            }
        }
    }
    Ok(found)
}

/// The task definitions of a service, its deployments and its task sets.
fn definitions_of(service: &Service) -> BTreeSet<String> {
    let deployments = service.deployments.iter().map(|it| &it.task_definition);
    let sets = service.task_sets.iter().map(|it| &it.task_definition);
    let all = std::iter::once(&service.task_definition).chain(deployments).chain(sets);
    all.filter(|definition| !definition.is_empty()).cloned().collect()
}

/// The revisions of each service by its ARN: the current ones, and those of its deployments that
/// still matter.
async fn revisions_of(
    reader: &Reader<'_>,
    services: &[Service],
) -> Result<BTreeMap<String, BTreeSet<String>>, Problem> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut deployments: BTreeMap<String, String> = BTreeMap::new();
    for service in services {
        let current = service.current_service_revisions.iter().map(|it| it.arn.clone());
        all.entry(service.service_arn.clone()).or_default().extend(current);
    }
    // Where somebody else deploys there are no service deployments.
    let by_ecs =
        services.iter().filter(|it| it.deployment_controller.as_ref().is_none_or(|by| by.kind == "ECS"));
    let names: Vec<(String, String)> =
        by_ecs.map(|it| (it.cluster_arn.clone(), it.service_arn.clone())).collect();
    let mut calls = stream::iter(names)
        .map(|(cluster, service)| async move {
            let arns = reader.read.live_deployment_arns(&cluster, &service).await?;
            Ok::<_, Problem>((service, arns))
        })
        .buffer_unordered(AT_ONCE);
    while let Some(answer) = calls.next().await {
        let (service, arns) = answer?;
        deployments.extend(arns.into_iter().map(|arn| (arn, service.clone())));
    }
    let arns: Vec<String> = deployments.keys().cloned().collect();
    let described = reader.read.service_deployments(&arns).await?;
    whole("ecs:DescribeServiceDeployments", arns.len(), &described)?;
    for deployment in described.found {
        if let Some(service) = deployments.get(&deployment.arn) {
            all.entry(service.clone()).or_default().extend(deployment.revisions);
        }
    }
    Ok(all)
}

/// What the revisions pinned. Where one has no digest (not resolved yet, or version consistency is
/// off), its next task pulls what the tag points to then.
fn pinned(service: &Service, revisions: &[&Revision]) -> Usage {
    let mut found = Usage::default();
    for revision in revisions {
        let name = revision.arn.rsplit('/').next().unwrap_or_default();
        let by = format!("{} (revision {name})", resource(&service.service_arn));
        for image in &revision.images {
            found.add(&image.image, image.digest.as_deref(), &by);
        }
    }
    found
}

/// Whether what a service would start with can't be known: no revision of it can be described, or
/// not every current one.
fn is_unknown(service: &Service, revisions: &[&Revision]) -> bool {
    let described = |arn: &String| revisions.iter().any(|revision| revision.arn == *arn);
    revisions.is_empty() || !service.current_service_revisions.iter().all(|it| described(&it.arn))
}

#[cfg(test)]
mod tests {
    use shared::ecs::CurrentServiceRevision;
    use shared::ecs::revisions::RevisionImage;

    use super::*;

    const IMAGE: &str = "123456789012.dkr.ecr.sa-east-1.amazonaws.com/users:prod-1";

    fn service(current: &[&str]) -> Service {
        let revision = |arn: &&str| CurrentServiceRevision {
            arn: (*arn).to_owned(),
            ..CurrentServiceRevision::default()
        };
        Service {
            service_arn: "arn:aws:ecs:sa-east-1:123456789012:service/prod/users".into(),
            current_service_revisions: current.iter().map(revision).collect(),
            ..Service::default()
        }
    }

    fn revision(arn: &str, digest: Option<&str>) -> Revision {
        let image =
            RevisionImage { container: "app".into(), image: IMAGE.into(), digest: digest.map(str::to_owned) };
        Revision { arn: arn.into(), task_definition: None, images: vec![image] }
    }

    #[test]
    fn a_service_none_of_whose_revisions_can_be_described_is_unknown() {
        let (one, other) = (revision("r/1", None), revision("r/2", None));
        assert!(is_unknown(&service(&[]), &[]));
        assert!(is_unknown(&service(&["r/1"]), &[]));
        assert!(is_unknown(&service(&["r/1", "r/2"]), &[&one]), "what the second pinned nobody knows");
        assert!(!is_unknown(&service(&["r/1", "r/2"]), &[&one, &other]));
        assert!(!is_unknown(&service(&[]), &[&one]), "a past deployment tells");
    }

    #[test]
    fn a_pinned_digest_is_in_use_and_without_one_what_the_tag_points_to() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let (one, other) = (revision("r/1", Some(&digest)), revision("r/2", None));
        let found = pinned(&service(&["r/1"]), &[&one, &other]);
        let images: Vec<String> = found.uses.iter().map(|it| it.image.to_string()).collect();
        assert_eq!(images, [format!("{IMAGE}@{digest}"), IMAGE.to_owned()]);
        assert_eq!(found.uses[0].by, "service/prod/users (revision 1)");
    }
}
