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

/// By `cluster/name`.
pub(crate) type Daemons = BTreeMap<String, Daemon>;

#[derive(Clone, Debug)]
pub(crate) struct Daemon {
    created_at: Timestamp,
    /// The newest last; that one is current.
    revisions: Vec<Revision>,
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
    let current = json!({
        "arn": revision_arn(world, key, daemon.revisions.len()),
        "capacityProviders": [],
        "totalRunningCount": 0,
        "totalWithoutDaemonCount": 0,
    });
    Ok(json!({"daemon": {
        "daemonArn": input.daemon_arn,
        "clusterArn": cluster_arn(world, cluster),
        "status": "ACTIVE",
        "currentRevisions": [current],
        "createdAt": epoch(daemon.created_at),
        "updatedAt": epoch(daemon.created_at),
    }}))
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
        let daemon = daemon.or_insert_with(|| Daemon { created_at, revisions: Vec::new() });
        daemon.revisions.push(Revision { created_at, image });
        self
    }
}
