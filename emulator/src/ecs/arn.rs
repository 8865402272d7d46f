//! Names and ARNs, as requests give them.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids>

use crate::api_error::ApiError;
use crate::ecs::errors::{cluster_not_found, invalid};
use crate::world::World;

/// The resource part of an ECS ARN (`service/prod/users`); none when it is no ARN of this account and region.
pub(crate) fn resource<'a>(world: &World, arn: &'a str) -> Option<&'a str> {
    arn.strip_prefix(&world.arn("ecs", ""))
}

/// The name of an ACTIVE cluster, from its name, its ARN or nothing (`default`).
pub(crate) fn cluster(world: &World, given: Option<&str>) -> Result<String, ApiError> {
    let name = cluster_name(world, given)?;
    if world.ecs.clusters.get(&name).is_some_and(|c| c.active) { Ok(name) } else { Err(cluster_not_found()) }
}

/// The name of a cluster that may not exist.
pub(crate) fn cluster_name(world: &World, given: Option<&str>) -> Result<String, ApiError> {
    let given = given.unwrap_or("default");
    if !given.starts_with("arn:") {
        return Ok(given.to_owned());
    }
    resource(world, given)
        .and_then(|r| r.strip_prefix("cluster/"))
        .map(str::to_owned)
        .ok_or_else(|| invalid(format!("Invalid identifier: {given}")))
}

/// The name of a service of this cluster, from its name or its ARN in the long or the short form.
pub(crate) fn service_name(world: &World, cluster: &str, given: &str) -> Result<String, ApiError> {
    of_cluster(world, cluster, "service", given)
}

/// The id of a task of this cluster, from its id or its ARN in the long or the short form.
pub(crate) fn task_id(world: &World, cluster: &str, given: &str) -> Result<String, ApiError> {
    of_cluster(world, cluster, "task", given)
}

/// The id of a container instance of this cluster, from its id or its ARN in the long or the short form.
pub(crate) fn container_instance_id(world: &World, cluster: &str, given: &str) -> Result<String, ApiError> {
    of_cluster(world, cluster, "container-instance", given)
}

/// The name of a capacity provider that may not exist, from its name or its ARN.
pub(crate) fn capacity_provider_name(world: &World, given: &str) -> Result<String, ApiError> {
    if !given.starts_with("arn:") {
        return Ok(given.to_owned());
    }
    resource(world, given)
        .and_then(|r| r.strip_prefix("capacity-provider/"))
        .map(str::to_owned)
        .ok_or_else(|| invalid(format!("Invalid identifier: {given}")))
}

fn of_cluster(world: &World, cluster: &str, kind: &str, given: &str) -> Result<String, ApiError> {
    if !given.starts_with("arn:") {
        return Ok(given.to_owned());
    }
    let rest = resource(world, given)
        .and_then(|r| r.strip_prefix(kind)?.strip_prefix('/'))
        .ok_or_else(|| invalid(format!("Invalid identifier: {given}")))?;
    match rest.split_once('/') {
        None => Ok(rest.to_owned()),
        Some((of, name)) if of == cluster => Ok(name.to_owned()),
        Some((of, _)) => Err(invalid(format!("Identifier is for cluster {of}. Your cluster is {cluster}"))),
    }
}
