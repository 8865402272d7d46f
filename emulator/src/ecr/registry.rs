//! The registry's settings: replication, pull-through caches, and whose pulls are not recorded.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::ecr::errors::invalid;
use crate::ecs::pages::{page, size};
use crate::wire::{epoch, object, put};
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeRegistry {}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRegistry.html>
#[expect(clippy::unnecessary_wraps, reason = "every operation has one form")]
pub(crate) fn describe_registry(world: &mut World, _: DescribeRegistry) -> Result<Value, ApiError> {
    Ok(json!({"registryId": world.account, "replicationConfiguration": {"rules": world.ecr.replication}}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribePullThroughCacheRules {
    registry_id: Option<String>,
    ecr_repository_prefixes: Option<Vec<String>>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 1,000 a page, and 100 without `maxResults`; those that are named must exist.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribePullThroughCacheRules.html>
pub(crate) fn describe_pull_through_cache_rules(
    world: &mut World,
    input: DescribePullThroughCacheRules,
) -> Result<Value, ApiError> {
    let size = size(input.max_results, 100, 1000)?;
    let rules = &world.ecr.pull_through_cache;
    if input.registry_id.is_some_and(|id| id != world.account) {
        return Err(invalid("The registry is not this account's."));
    }
    let mut next = None;
    let prefixes = if let Some(prefixes) = input.ecr_repository_prefixes {
        prefixes
    } else {
        let (prefixes, token) = page(rules.keys().cloned(), input.next_token.as_deref(), size)?;
        next = token;
        prefixes
    };
    let mut found = Vec::new();
    for prefix in prefixes {
        let rule = rules.get(&prefix).ok_or_else(|| {
            let message = format!("The pull through cache rule with prefix '{prefix}' does not exist");
            ApiError::client("PullThroughCacheRuleNotFoundException", message)
        })?;
        let mut view = Map::new();
        put(&mut view, "ecrRepositoryPrefix", Some(prefix));
        put(&mut view, "upstreamRegistryUrl", Some(rule.upstream.as_str()));
        put(&mut view, "createdAt", Some(epoch(rule.created_at)));
        put(&mut view, "registryId", Some(world.account.as_str()));
        found.push(Value::from(view));
    }
    let mut answer = object(json!({"pullThroughCacheRules": found}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListPullTimeUpdateExclusions {
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 1,000 a page, and 100 without `maxResults`.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListPullTimeUpdateExclusions.html>
pub(crate) fn list_pull_time_update_exclusions(
    world: &mut World,
    input: ListPullTimeUpdateExclusions,
) -> Result<Value, ApiError> {
    let size = size(input.max_results, 100, 1000)?;
    let (arns, next) = page(world.ecr.exclusions.iter().cloned(), input.next_token.as_deref(), size)?;
    let mut answer = object(json!({"pullTimeUpdateExclusions": arns}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PullTimeUpdateExclusion {
    principal_arn: String,
}

/// At most 100.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html>
pub(crate) fn register_pull_time_update_exclusion(
    world: &mut World,
    input: PullTimeUpdateExclusion,
) -> Result<Value, ApiError> {
    let arn = input.principal_arn;
    let known = arn.contains(":iam::") && (arn.contains(":role/") || arn.contains(":user/"));
    if !known || arn.len() > 200 {
        return Err(ApiError::client("ValidationException", format!("Invalid principalArn: {arn}")));
    }
    if world.ecr.exclusions.contains(&arn) {
        let message = format!("The exclusion for {arn} already exists");
        return Err(ApiError::client("ExclusionAlreadyExistsException", message));
    }
    if world.ecr.exclusions.len() >= 100 {
        let message = "The limit of 100 pull time update exclusions is reached";
        return Err(ApiError::client("LimitExceededException", message));
    }
    world.ecr.exclusions.insert(arn.clone());
    Ok(json!({"principalArn": arn, "createdAt": epoch(world.now)}))
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeregisterPullTimeUpdateExclusion.html>
pub(crate) fn deregister_pull_time_update_exclusion(
    world: &mut World,
    input: PullTimeUpdateExclusion,
) -> Result<Value, ApiError> {
    let arn = input.principal_arn;
    if !world.ecr.exclusions.remove(&arn) {
        let message = format!("The exclusion for {arn} does not exist");
        return Err(ApiError::client("ExclusionNotFoundException", message));
    }
    Ok(json!({"principalArn": arn}))
}
