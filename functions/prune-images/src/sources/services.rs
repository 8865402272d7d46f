//! Services, at whatever desired count: what they run, what they would start with, and what their
//! deployments may go back to.

use std::collections::BTreeSet;
use std::sync::Arc;

use shared::Problem;
use shared::ecs::Service;
use shared::ecs::revisions::Revision;
use shared::names::ClusterName;
use shared_aws::unless_gone;

use super::history::{self, Deployed, Kind};
use super::{Cluster, Reader, definitions, pinned, resource, whole};
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>, clusters: &[Cluster]) -> Result<Usage, Problem> {
    let mut services = Vec::new();
    for (_, cluster) in clusters {
        services.extend(unless_gone(services_of(reader, cluster).await)?);
    }
    let wanted = services.iter().flat_map(|service| {
        let by = resource(&service.service_arn);
        definitions_of(service).into_iter().map(move |definition| (definition, by.clone()))
    });
    let mut found = definitions(reader, wanted.collect::<Vec<_>>()).await?;
    let all: Vec<Deployed> = services.iter().map(deployed).collect();
    let revisions = history::revisions(Kind::Services, reader, all).await?;
    for (service, own) in services.iter().zip(&revisions) {
        found.extend(pinned(&service.service_arn, own));
        if is_unknown(service, own) {
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

async fn services_of(reader: &Reader<'_>, cluster: &ClusterName) -> Result<Vec<Service>, Problem> {
    let arns = reader.read.service_arns(cluster).await?;
    let described = reader.read.services_named(cluster, &arns).await?;
    whole("ecs:DescribeServices", arns.len(), &described)?;
    Ok(described.found)
}

/// The task definitions of a service, its deployments and its task sets.
fn definitions_of(service: &Service) -> BTreeSet<String> {
    let deployments = service.deployments.iter().map(|it| &it.task_definition);
    let sets = service.task_sets.iter().map(|it| &it.task_definition);
    let all = std::iter::once(&service.task_definition).chain(deployments).chain(sets);
    all.filter(|definition| !definition.is_empty()).cloned().collect()
}

fn deployed(service: &Service) -> Deployed {
    Deployed {
        cluster: service.cluster_arn.clone(),
        arn: service.service_arn.clone(),
        current: service.current_service_revisions.iter().map(|it| it.arn.clone()).collect(),
        deployment: None,
        by_ecs: service.is_deployed_by_ecs(),
        settled: settled(service),
    }
}

/// Each deployment has an id of its own, so that the same one, done and alone, means the same past.
fn settled(service: &Service) -> Option<String> {
    let [only] = service.deployments.as_slice() else { return None };
    let is_done = only.rollout_state.as_deref() == Some("COMPLETED");
    Some(only.id.clone()).filter(|id| is_done && !id.is_empty())
}

/// Whether what a service would start with can't be known: no revision of it can be described, or
/// not every current one.
fn is_unknown(service: &Service, revisions: &[Arc<Revision>]) -> bool {
    let described = |arn: &String| revisions.iter().any(|revision| revision.arn == *arn);
    let is_known =
        !revisions.is_empty() && service.current_service_revisions.iter().all(|it| described(&it.arn));
    service.is_deployed_by_ecs() && !is_known
}

#[cfg(test)]
mod tests {
    use shared::ecs::revisions::RevisionImage;
    use shared::ecs::{CurrentServiceRevision, DeploymentController};

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

    fn revision(arn: &str, digest: Option<&str>) -> Arc<Revision> {
        let image =
            RevisionImage { container: "app".into(), image: IMAGE.into(), digest: digest.map(str::to_owned) };
        Arc::new(Revision { arn: arn.into(), task_definition: None, images: vec![image] })
    }

    #[test]
    fn a_service_none_of_whose_revisions_can_be_described_is_unknown() {
        let (one, other) = (revision("r/1", None), revision("r/2", None));
        assert!(is_unknown(&service(&[]), &[]));
        assert!(is_unknown(&service(&["r/1"]), &[]));
        let both = [one.clone(), other];
        let first = std::slice::from_ref(&one);
        assert!(is_unknown(&service(&["r/1", "r/2"]), first), "what the second pinned nobody knows");
        assert!(!is_unknown(&service(&["r/1", "r/2"]), &both));
        assert!(!is_unknown(&service(&[]), &[one]), "a past deployment tells");
        let by_code_deploy = Service {
            deployment_controller: Some(DeploymentController { kind: "CODE_DEPLOY".into() }),
            ..service(&[])
        };
        assert!(!is_unknown(&by_code_deploy, &[]), "its tags are what it starts with");
    }

    #[test]
    fn a_pinned_digest_is_in_use_and_without_one_what_the_tag_points_to() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let (one, other) = (revision("r/1", Some(&digest)), revision("r/2", None));
        let found = pinned(&service(&["r/1"]).service_arn, &[one, other]);
        let images: Vec<String> = found.uses.iter().map(|it| it.image.to_string()).collect();
        assert_eq!(images, [format!("{IMAGE}@{digest}"), IMAGE.to_owned()]);
        assert_eq!(found.uses[0].by, "service/prod/users (revision 1)");
    }
}
