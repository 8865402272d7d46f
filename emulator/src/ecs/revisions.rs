//! Service revisions: what a deployment pinned when it began.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::ecs::arn;
use crate::ecs::clusters::cluster_arn;
use crate::ecs::errors::invalid;
use crate::ecs::state::{Deployment, Image, Revision, ServiceDeployment};
use crate::ecs::task_definitions;
use crate::wire::{epoch, put};
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeServiceRevisions {
    service_revision_arns: Vec<String>,
}

/// At most 20; a revision's `containerImages` have the digest that was resolved when its deployment began.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html>
pub(crate) fn describe_service_revisions(
    world: &mut World,
    input: DescribeServiceRevisions,
) -> Result<Value, ApiError> {
    if !(1..=20).contains(&input.service_revision_arns.len()) {
        return Err(invalid("serviceRevisionArns must have between 1 and 20 elements."));
    }
    let mut found = Vec::new();
    let mut failures = Vec::new();
    for arn in input.service_revision_arns {
        match view(world, &arn) {
            Some(revision) => found.push(revision),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceRevisions": found, "failures": failures}))
}

/// Begins a deployment of this task definition: a new primary, with the revision and service deployment behind it.
pub(crate) fn begin(world: &mut World, cluster: &str, name: &str, task_definition: &str) {
    let now = world.now;
    let id = format!("ecs-svc/{}", world.ids.digits());
    let revision = world.ids.digits();
    let service_deployment = world.ids.hex();
    let images = task_definitions::images(world, task_definition);
    let Some(service) = world.ecs.service_mut(cluster, name) else {
        return;
    };
    let sources = service.deployments.iter().map(|d| d.revision.clone()).collect();
    for old in service.service_deployments.values_mut().filter(|d| d.finished_at.is_none()) {
        old.status = "STOPPED";
        old.finished_at = Some(now);
    }
    service.revisions.insert(
        revision.clone(),
        Revision { created_at: now, task_definition: task_definition.to_owned(), images },
    );
    service.service_deployments.insert(
        service_deployment.clone(),
        ServiceDeployment {
            created_at: now,
            finished_at: None,
            status: "IN_PROGRESS",
            target: revision.clone(),
            sources,
        },
    );
    let deployment = Deployment {
        id,
        task_definition: task_definition.to_owned(),
        created_at: now,
        updated_at: now,
        completed: false,
        stalled: false,
        failed_tasks: 0,
        revision,
        service_deployment,
    };
    service.deployments.insert(0, deployment);
    service.steady = false;
}

/// A deployment came to its end.
pub(crate) fn finished(world: &mut World, cluster: &str, name: &str, service_deployment: &str) {
    let now = world.now;
    let deployment =
        world.ecs.service_mut(cluster, name).and_then(|s| s.service_deployments.get_mut(service_deployment));
    if let Some(deployment) = deployment {
        deployment.status = "SUCCESSFUL";
        deployment.finished_at = Some(now);
    }
}

pub(crate) fn revision_arn(world: &World, cluster: &str, service: &str, revision: &str) -> String {
    world.arn("ecs", &format!("service-revision/{cluster}/{service}/{revision}"))
}

fn view(world: &World, given: &str) -> Option<Value> {
    let resource = arn::resource(world, given)?;
    let parts: Vec<&str> = resource.split('/').collect();
    let ["service-revision", cluster, name, id] = parts.as_slice() else {
        return None;
    };
    let service = world.ecs.service(cluster, name)?;
    let revision = service.revisions.get(*id)?;
    let image = |i: &Image| {
        let mut view = Map::new();
        put(&mut view, "containerName", Some(i.container.as_str()));
        put(&mut view, "imageDigest", i.digest.as_deref());
        put(&mut view, "image", Some(i.image.as_str()));
        Value::from(view)
    };
    let images: Value = revision.images.iter().map(image).collect();
    let mut view = Map::new();
    put(&mut view, "serviceRevisionArn", Some(given));
    put(&mut view, "serviceArn", Some(service.arn.as_str()));
    put(&mut view, "clusterArn", Some(cluster_arn(world, cluster)));
    put(&mut view, "taskDefinition", Some(revision.task_definition.as_str()));
    put(&mut view, "launchType", service.launch_type.as_deref());
    put(
        &mut view,
        "capacityProviderStrategy",
        service.capacity_provider_strategy.as_ref().map(|s| serde_json::json!(s)),
    );
    put(&mut view, "networkConfiguration", service.network.clone());
    put(&mut view, "containerImages", Some(images));
    put(&mut view, "guardDutyEnabled", Some(false));
    put(&mut view, "createdAt", Some(epoch(revision.created_at)));
    Some(view.into())
}
