//! Repositories.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecr::errors::{invalid, repository_not_found};
use crate::ecs::pages::{page, size};
use crate::wire::{epoch, object, put};
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeRepositories {
    registry_id: Option<String>,
    repository_names: Option<Vec<String>>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 1,000 a page, and 100 without `maxResults`; up to 100 by name, not paged, of which each must exist.
///
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html>
pub(crate) fn describe_repositories(
    world: &mut World,
    input: DescribeRepositories,
) -> Result<Value, ApiError> {
    let size = size(input.max_results, 100, 1000)?;
    let registry = input.registry_id.unwrap_or_else(|| world.account.clone());
    let mut next = None;
    let names = match input.repository_names {
        Some(names) => {
            if input.max_results.is_some() || input.next_token.is_some() {
                return Err(invalid("maxResults and nextToken cannot be used with repositoryNames."));
            }
            if !(1..=100).contains(&names.len()) {
                return Err(invalid("repositoryNames must have between 1 and 100 elements."));
            }
            names
        }
        None if registry == world.account => {
            let names = world.ecr.repositories.keys().cloned();
            let (names, token) = page(names, input.next_token.as_deref(), size)?;
            next = token;
            names
        }
        None => Vec::new(),
    };
    let mut repositories = Vec::new();
    for name in names {
        let view = if registry == world.account { view(world, &name) } else { None };
        repositories.push(view.ok_or_else(|| repository_not_found(&name, &registry))?);
    }
    let mut answer = object(json!({"repositories": repositories}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

fn view(world: &World, name: &str) -> Option<Value> {
    let repository = world.ecr.repositories.get(name)?;
    Some(json!({
        "repositoryArn": world.arn("ecr", &format!("repository/{name}")),
        "registryId": world.account,
        "repositoryName": name,
        "repositoryUri": format!("{}/{name}", world.registry()),
        "createdAt": epoch(repository.created_at),
        "imageTagMutability": if repository.immutable { "IMMUTABLE" } else { "MUTABLE" },
        "imageScanningConfiguration": {"scanOnPush": false},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }))
}
