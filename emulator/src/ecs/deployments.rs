//! Service deployments.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html>

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::ecs::arn;
use crate::ecs::clusters::cluster_arn;
use crate::ecs::errors::{invalid, service_not_found};
use crate::ecs::pages::{page, size};
use crate::ecs::revisions::revision_arn;
use crate::ecs::services::counts;
use crate::ecs::state::{Service, ServiceDeployment};
use crate::wire::{epoch, object, put};
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListServiceDeployments {
    service: String,
    cluster: Option<String>,
    #[serde(default)]
    status: Vec<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 100 a page, and 20 without `maxResults`.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html>
pub(crate) fn list_service_deployments(
    world: &mut World,
    input: ListServiceDeployments,
) -> Result<Value, ApiError> {
    let size = size(input.max_results, 20, 100)?;
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    let name = arn::service_name(world, &cluster, &input.service)?;
    let service = world.ecs.service(&cluster, &name).ok_or_else(service_not_found)?;
    let by_ecs = !service.uses_task_sets();
    let fits = |d: &ServiceDeployment| {
        by_ecs && (input.status.is_empty() || input.status.iter().any(|s| s == d.status))
    };
    let ids = service.service_deployments.iter().filter(|(_, d)| fits(d)).map(|(id, _)| id.clone());
    let (ids, next) = page(ids, input.next_token.as_deref(), size)?;
    let brief = |id: &String| {
        let deployment = service.service_deployments.get(id)?;
        let mut view = head(world, &cluster, &name, service, id, deployment);
        view.insert(
            "targetServiceRevisionArn".to_owned(),
            revision_arn(world, &cluster, &name, &deployment.target).into(),
        );
        Some(Value::from(view))
    };
    let briefs: Vec<Value> = ids.iter().filter_map(brief).collect();
    let mut answer = object(json!({"serviceDeployments": briefs}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeServiceDeployments {
    service_deployment_arns: Vec<String>,
}

/// At most 20.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html>
pub(crate) fn describe_service_deployments(
    world: &mut World,
    input: DescribeServiceDeployments,
) -> Result<Value, ApiError> {
    if !(1..=20).contains(&input.service_deployment_arns.len()) {
        return Err(invalid("serviceDeploymentArns must have between 1 and 20 elements."));
    }
    let mut found = Vec::new();
    let mut failures = Vec::new();
    for arn in input.service_deployment_arns {
        match view(world, &arn) {
            Some(deployment) => found.push(deployment),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceDeployments": found, "failures": failures}))
}

pub(crate) fn deployment_arn(world: &World, cluster: &str, service: &str, id: &str) -> String {
    world.arn("ecs", &format!("service-deployment/{cluster}/{service}/{id}"))
}

/// What the list and the description share.
fn head(
    world: &World,
    cluster: &str,
    name: &str,
    service: &Service,
    id: &str,
    deployment: &ServiceDeployment,
) -> Map<String, Value> {
    let mut view = Map::new();
    put(&mut view, "serviceDeploymentArn", Some(deployment_arn(world, cluster, name, id)));
    put(&mut view, "serviceArn", Some(service.arn.as_str()));
    put(&mut view, "clusterArn", Some(cluster_arn(world, cluster)));
    put(&mut view, "createdAt", Some(epoch(deployment.created_at)));
    put(&mut view, "startedAt", Some(epoch(deployment.created_at)));
    put(&mut view, "finishedAt", deployment.finished_at.map(epoch));
    put(&mut view, "status", Some(deployment.status));
    view
}

fn view(world: &World, given: &str) -> Option<Value> {
    let resource = arn::resource(world, given)?;
    let parts: Vec<&str> = resource.split('/').collect();
    let ["service-deployment", cluster, name, id] = parts.as_slice() else {
        return None;
    };
    let c = world.ecs.clusters.get(*cluster)?;
    let service = c.services.get(*name)?;
    let deployment = service.service_deployments.get(*id)?;
    let summary = |revision: &str| {
        let by = service.deployments.iter().find(|d| d.revision == revision);
        let (running, pending) = by.map_or((0, 0), |d| counts(c, service, Some(&d.id)));
        json!({
            "arn": revision_arn(world, cluster, name, revision),
            "requestedTaskCount": service.desired,
            "runningTaskCount": running,
            "pendingTaskCount": pending,
        })
    };
    let mut view = head(world, cluster, name, service, id, deployment);
    put(&mut view, "updatedAt", Some(epoch(deployment.finished_at.unwrap_or(deployment.created_at))));
    put(
        &mut view,
        "sourceServiceRevisions",
        Some(deployment.sources.iter().map(|r| summary(r)).collect::<Value>()),
    );
    put(&mut view, "targetServiceRevision", Some(summary(&deployment.target)));
    Some(view.into())
}
