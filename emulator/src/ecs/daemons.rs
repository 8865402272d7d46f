//! Daemons of capacity providers (not services with the strategy DAEMON), as fixtures: nothing of them runs.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListDaemons.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::ecr::pulls;
use crate::ecs::arn;
use crate::ecs::clusters::cluster_arn;
use crate::ecs::errors::{client, cluster_not_found, invalid};
use crate::ecs::pages::{page, size};
use crate::ecs::state::Image;
use crate::wire::{epoch, object, put};
use crate::world::World;

const SUCCESSFUL: &str = "SUCCESSFUL";

/// By `cluster/name`.
pub(crate) type Daemons = BTreeMap<String, Daemon>;

#[derive(Clone, Debug)]
pub(crate) struct Daemon {
    created_at: Timestamp,
    /// The newest last; that one is current, unless none is.
    revisions: Vec<Revision>,
    /// No instance has it: then no revision is current.
    is_idle: bool,
}

#[derive(Clone, Debug)]
struct Revision {
    created_at: Timestamp,
    image: Image,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListDaemons {
    cluster_arn: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// Those of one cluster, of `default` unless it is said; at most 100 a page.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListDaemons.html>
pub(crate) fn list_daemons(world: &mut World, input: ListDaemons) -> Result<Value, ApiError> {
    let size = size(input.max_results, 100, 100)?;
    let cluster = arn::cluster(world, input.cluster_arn.as_deref())?;
    let of_cluster = |key: &&String| key.split_once('/').is_some_and(|(c, _)| c == cluster);
    let keys = world.ecs.daemons.keys().filter(of_cluster).cloned();
    let (keys, next) = page(keys, input.next_token.as_deref(), size)?;
    let brief = |key: &String| {
        let daemon = world.ecs.daemons.get(key)?;
        Some(json!({
            "daemonArn": world.arn("ecs", &format!("daemon/{key}")),
            "status": "ACTIVE",
            "createdAt": epoch(daemon.created_at),
            "updatedAt": epoch(daemon.created_at),
        }))
    };
    let briefs: Vec<Value> = keys.iter().filter_map(brief).collect();
    let mut answer = object(json!({"daemonSummariesList": briefs}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeDaemon {
    daemon_arn: String,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeDaemon.html>
pub(crate) fn describe_daemon(world: &mut World, input: DescribeDaemon) -> Result<Value, ApiError> {
    let key = arn::resource(world, &input.daemon_arn)
        .and_then(|r| r.strip_prefix("daemon/"))
        .ok_or_else(|| invalid(format!("Invalid identifier: {}", input.daemon_arn)))?;
    let (cluster, _) = key.split_once('/').ok_or_else(cluster_not_found)?;
    let daemon = world
        .ecs
        .daemons
        .get(key)
        .ok_or_else(|| ApiError::client("DaemonNotFoundException", "Daemon not found."))?;
    let current = (!daemon.is_idle).then(|| {
        json!({
            "arn": revision_arn(world, key, daemon.revisions.len()),
            "capacityProviders": [],
            "totalRunningCount": 0,
            "totalWithoutDaemonCount": 0,
        })
    });
    let current: Vec<Value> = current.into_iter().collect();
    Ok(json!({"daemon": {
        "daemonArn": input.daemon_arn,
        "clusterArn": cluster_arn(world, cluster),
        "status": "ACTIVE",
        "currentRevisions": current,
        "deploymentArn": deployment_arn(world, key, daemon.revisions.len()),
        "createdAt": epoch(daemon.created_at),
        "updatedAt": epoch(daemon.created_at),
    }}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListDaemonDeployments {
    daemon_arn: String,
    #[serde(default)]
    status: Vec<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// One for each revision, all of them successful; at most 100 a page, and 20 without `maxResults`.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListDaemonDeployments.html>
pub(crate) fn list_daemon_deployments(
    world: &mut World,
    input: ListDaemonDeployments,
) -> Result<Value, ApiError> {
    let size = size(input.max_results, 20, 100)?;
    let key = arn::resource(world, &input.daemon_arn)
        .and_then(|r| r.strip_prefix("daemon/"))
        .ok_or_else(|| invalid(format!("Invalid identifier: {}", input.daemon_arn)))?;
    let daemon = world
        .ecs
        .daemons
        .get(key)
        .ok_or_else(|| ApiError::client("DaemonNotFoundException", "Daemon not found."))?;
    let wanted = input.status.is_empty() || input.status.iter().any(|status| status == SUCCESSFUL);
    let numbers = (1..=daemon.revisions.len()).rev().filter(|_| wanted).map(|n| n.to_string());
    let (numbers, next) = page(numbers, input.next_token.as_deref(), size)?;
    let brief = |number: &String| {
        let number: usize = number.parse().ok()?;
        let revision = daemon.revisions.get(number.checked_sub(1)?)?;
        Some(json!({
            "daemonDeploymentArn": deployment_arn(world, key, number),
            "daemonArn": input.daemon_arn,
            "status": SUCCESSFUL,
            "targetDaemonRevisionArn": revision_arn(world, key, number),
            "createdAt": epoch(revision.created_at),
        }))
    };
    let briefs: Vec<Value> = numbers.iter().filter_map(brief).collect();
    let mut answer = object(json!({"daemonDeployments": briefs}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeDaemonDeployments {
    daemon_deployment_arns: Vec<String>,
}

/// At most 20.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeDaemonDeployments.html>
pub(crate) fn describe_daemon_deployments(
    world: &mut World,
    input: DescribeDaemonDeployments,
) -> Result<Value, ApiError> {
    if !(1..=20).contains(&input.daemon_deployment_arns.len()) {
        return Err(invalid("daemonDeploymentArns must have between 1 and 20 elements."));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in input.daemon_deployment_arns {
        match deployment(world, &arn) {
            Some(deployment) => found.push(deployment),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"daemonDeployments": found, "failures": failures}))
}

/// What it took the place of is the revision before.
fn deployment(world: &World, given: &str) -> Option<Value> {
    let place = arn::resource(world, given)?.strip_prefix("daemon-deployment/")?;
    let (key, number) = place.rsplit_once('/')?;
    let number: usize = number.parse().ok()?;
    let revision = world.ecs.daemons.get(key)?.revisions.get(number.checked_sub(1)?)?;
    let of = |number: usize| json!({"arn": revision_arn(world, key, number)});
    let sources: Vec<Value> = (number > 1).then(|| of(number - 1)).into_iter().collect();
    Some(json!({
        "daemonDeploymentArn": given,
        "status": SUCCESSFUL,
        "targetDaemonRevision": of(number),
        "sourceDaemonRevisions": sources,
        "createdAt": epoch(revision.created_at),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeDaemonRevisions {
    daemon_revision_arns: Vec<String>,
}

/// At most 20.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeDaemonRevisions.html>
pub(crate) fn describe_daemon_revisions(
    world: &mut World,
    input: DescribeDaemonRevisions,
) -> Result<Value, ApiError> {
    if !(1..=20).contains(&input.daemon_revision_arns.len()) {
        return Err(invalid("daemonRevisionArns must have between 1 and 20 elements."));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in input.daemon_revision_arns {
        match revision(world, &arn) {
            Some(revision) => found.push(revision),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"daemonRevisions": found, "failures": failures}))
}

fn revision(world: &World, given: &str) -> Option<Value> {
    let place = arn::resource(world, given)?.strip_prefix("daemon-revision/")?;
    let (key, number) = place.rsplit_once('/')?;
    let (cluster, name) = key.split_once('/')?;
    let number: usize = number.parse().ok()?;
    let revision = world.ecs.daemons.get(key)?.revisions.get(number.checked_sub(1)?)?;
    let mut image = Map::new();
    put(&mut image, "containerName", Some(revision.image.container.as_str()));
    put(&mut image, "imageDigest", revision.image.digest.as_deref());
    put(&mut image, "image", Some(revision.image.image.as_str()));
    Some(json!({
        "daemonRevisionArn": given,
        "clusterArn": cluster_arn(world, cluster),
        "daemonArn": world.arn("ecs", &format!("daemon/{key}")),
        "daemonTaskDefinitionArn": definition_arn(world, name, number),
        "createdAt": epoch(revision.created_at),
        "containerImages": [image],
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeDaemonTaskDefinition {
    daemon_task_definition: String,
}

/// By ARN only.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeDaemonTaskDefinition.html>
pub(crate) fn describe_daemon_task_definition(
    world: &mut World,
    input: DescribeDaemonTaskDefinition,
) -> Result<Value, ApiError> {
    let given = &input.daemon_task_definition;
    let found = world.ecs.daemons.iter().find_map(|(key, daemon)| {
        let (_, family) = key.split_once('/')?;
        let mut numbered = (1..).zip(&daemon.revisions);
        numbered.find(|(n, _)| definition_arn(world, family, *n) == *given).map(|(n, r)| (family, n, r))
    });
    let (family, number, revision) =
        found.ok_or_else(|| client("Unable to describe daemon task definition."))?;
    Ok(json!({"daemonTaskDefinition": {
        "daemonTaskDefinitionArn": given,
        "family": family,
        "revision": number,
        "containerDefinitions": [{"name": revision.image.container, "image": revision.image.image, "cpu": 0}],
        "status": "ACTIVE",
        "registeredAt": epoch(revision.created_at),
    }}))
}

fn revision_arn(world: &World, key: &str, number: usize) -> String {
    world.arn("ecs", &format!("daemon-revision/{key}/{number}"))
}

fn deployment_arn(world: &World, key: &str, number: usize) -> String {
    world.arn("ecs", &format!("daemon-deployment/{key}/{number}"))
}

fn definition_arn(world: &World, family: &str, number: usize) -> String {
    world.arn("ecs", &format!("daemon-task-definition/{family}:{number}"))
}

impl World {
    /// Puts a daemon on a cluster, with one container of this image, or deploys the image as its next revision. A tag is
    /// resolved now; not resolved at all where `resolved` is false.
    pub fn ecs_daemon(&mut self, cluster: &str, name: &str, image: &str, resolved: bool) -> &mut Self {
        self.cluster(cluster);
        let created_at = self.now;
        let digest = if resolved { pulls::resolve(self, image) } else { None };
        let image = Image { container: name.to_owned(), image: image.to_owned(), digest };
        let daemon = self.ecs.daemons.entry(format!("{cluster}/{name}"));
        let daemon = daemon.or_insert_with(|| Daemon { created_at, revisions: Vec::new(), is_idle: false });
        daemon.revisions.push(Revision { created_at, image });
        self
    }

    /// No instance of a daemon's capacity providers is there: it has no current revision.
    pub fn idle_daemon(&mut self, cluster: &str, name: &str) -> &mut Self {
        if let Some(daemon) = self.ecs.daemons.get_mut(&format!("{cluster}/{name}")) {
            daemon.is_idle = true;
        }
        self
    }
}
