//! Lifecycle policies and repository policies: kept as text, and not enforced. Lifecycle policies run when the owner of
//! the world says so.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecr::errors::invalid;
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OfRepository {
    registry_id: Option<String>,
    repository_name: String,
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetLifecyclePolicy.html>
pub(crate) fn get_lifecycle_policy(world: &mut World, input: OfRepository) -> Result<Value, ApiError> {
    let repository = world.repository_of(input.registry_id.as_deref(), &input.repository_name)?;
    let text = repository.lifecycle_policy.clone().ok_or_else(|| no_lifecycle_policy(world, &input))?;
    Ok(lifecycle(world, &input.repository_name, &text))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PutLifecyclePolicy {
    registry_id: Option<String>,
    repository_name: String,
    lifecycle_policy_text: String,
}

/// The rules are not validated: only that there are some.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html>
pub(crate) fn put_lifecycle_policy(world: &mut World, input: PutLifecyclePolicy) -> Result<Value, ApiError> {
    let json: Option<Value> = serde_json::from_str(&input.lifecycle_policy_text).ok();
    if json.as_ref().and_then(|j| j.get("rules")?.as_array()).is_none_or(Vec::is_empty) {
        return Err(invalid("Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint"));
    }
    let text = input.lifecycle_policy_text;
    let repository = world.repository_of_mut(input.registry_id.as_deref(), &input.repository_name)?;
    repository.lifecycle_policy = Some(text.clone());
    let account = &world.account;
    Ok(json!({"registryId": account, "repositoryName": input.repository_name, "lifecyclePolicyText": text}))
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteLifecyclePolicy.html>
pub(crate) fn delete_lifecycle_policy(world: &mut World, input: OfRepository) -> Result<Value, ApiError> {
    let repository = world.repository_of_mut(input.registry_id.as_deref(), &input.repository_name)?;
    let text = repository.lifecycle_policy.take().ok_or_else(|| no_lifecycle_policy(world, &input))?;
    Ok(lifecycle(world, &input.repository_name, &text))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetRegistryPolicy {}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetRegistryPolicy.html>
pub(crate) fn get_registry_policy(world: &mut World, _: GetRegistryPolicy) -> Result<Value, ApiError> {
    let account = &world.account;
    let text = world.ecr.registry_policy.as_ref().ok_or_else(|| {
        ApiError::client(
            "RegistryPolicyNotFoundException",
            format!("Registry policy does not exist in the registry with id '{account}'"),
        )
    })?;
    Ok(json!({"registryId": account, "policyText": text}))
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetRepositoryPolicy.html>
pub(crate) fn get_repository_policy(world: &mut World, input: OfRepository) -> Result<Value, ApiError> {
    let repository = world.repository_of(input.registry_id.as_deref(), &input.repository_name)?;
    let (account, name) = (&world.account, &input.repository_name);
    let text = repository.policy.as_ref().ok_or_else(|| {
        ApiError::client(
            "RepositoryPolicyNotFoundException",
            format!("Repository policy does not exist for the repository with name '{name}' in the registry with id '{account}'"),
        )
    })?;
    Ok(json!({"registryId": account, "repositoryName": name, "policyText": text}))
}

fn lifecycle(world: &World, name: &str, text: &str) -> Value {
    json!({"registryId": world.account, "repositoryName": name, "lifecyclePolicyText": text})
}

fn no_lifecycle_policy(world: &World, input: &OfRepository) -> ApiError {
    let (account, name) = (&world.account, &input.repository_name);
    ApiError::client(
        "LifecyclePolicyNotFoundException",
        format!(
            "Lifecycle policy does not exist for the repository with name '{name}' in the registry with id '{account}'"
        ),
    )
}
