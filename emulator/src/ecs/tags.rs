//! Tags of clusters, services, tasks and task definitions.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html>

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecs::arn;
use crate::ecs::errors::{cluster_not_found, invalid};
use crate::ecs::state::Tags;
use crate::world::World;

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

/// Adds tags, or replaces their values; a resource has at most 50.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html>
pub(crate) fn tag_resource(world: &mut World, input: TagResource) -> Result<Value, ApiError> {
    let tags = of_resource(world, &input.resource_arn)?;
    let mut wanted = tags.clone();
    wanted.extend(checked(input.tags)?);
    limited(&wanted)?;
    *tags = wanted;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

/// A key that is not there is no error.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UntagResource.html>
pub(crate) fn untag_resource(world: &mut World, input: UntagResource) -> Result<Value, ApiError> {
    let tags = of_resource(world, &input.resource_arn)?;
    for key in &input.tag_keys {
        tags.remove(key);
    }
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListTagsForResource {
    resource_arn: String,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTagsForResource.html>
pub(crate) fn list_tags_for_resource(
    world: &mut World,
    input: ListTagsForResource,
) -> Result<Value, ApiError> {
    // Of the three, this operation alone has no error of its own for a resource that is not there.
    let tags = of_resource(world, &input.resource_arn).map_err(|error| match error.code.as_str() {
        "ResourceNotFoundException" => invalid(error.message),
        _ => error,
    })?;
    Ok(json!({"tags": view(tags)}))
}

pub(crate) fn none() -> Tags {
    Tags::new()
}

pub(crate) fn view(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// Tags as a request gives them, if AWS takes them: keys of 1 to 128 characters not beginning with `aws:`, values of
/// at most 256, of letters, digits, spaces and `+ - = . _ : / @`, and no key twice.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>
pub(crate) fn checked(given: Vec<Tag>) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for Tag { key, value } in given {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("Tag keys starting with 'aws:' are reserved for system use."));
        }
        if !(1..=128).contains(&key.chars().count()) || !allowed(&key) {
            return Err(invalid(format!(
                "Some tags contain invalid characters or lengths. Invalid tag key: {key}"
            )));
        }
        if value.chars().count() > 256 || !allowed(&value) {
            return Err(invalid(format!(
                "Some tags contain invalid characters or lengths. Invalid value of tag: {key}"
            )));
        }
        if tags.insert(key, value).is_some() {
            return Err(invalid("Duplicate tag keys found. Please note that tag keys are case sensitive."));
        }
    }
    limited(&tags)?;
    Ok(tags)
}

pub(crate) fn limited(tags: &Tags) -> Result<(), ApiError> {
    // System tags (`aws:`) do not count against the limit.
    if tags.keys().filter(|k| !k.starts_with("aws:")).count() > 50 {
        return Err(invalid("The maximum number of tags for a resource is 50."));
    }
    Ok(())
}

/// Letters, numbers and separators, as Unicode has them, and a few signs. A mark, such as an accent that stands by
/// itself, is neither.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>
pub(crate) fn allowed(text: &str) -> bool {
    use unicode_general_category::GeneralCategory as Is;
    text.chars().all(|c| {
        "+-=._:/@".contains(c)
            || matches!(
                unicode_general_category::get_general_category(c),
                Is::UppercaseLetter
                    | Is::LowercaseLetter
                    | Is::TitlecaseLetter
                    | Is::ModifierLetter
                    | Is::OtherLetter
                    | Is::DecimalNumber
                    | Is::LetterNumber
                    | Is::OtherNumber
                    | Is::SpaceSeparator
                    | Is::LineSeparator
                    | Is::ParagraphSeparator
            )
    })
}

/// The tags of the resource of that ARN, which must have the long form where there are two.
fn of_resource<'a>(world: &'a mut World, arn: &str) -> Result<&'a mut Tags, ApiError> {
    let unknown = || {
        let message = format!("The specified resource could not be found: {arn}");
        ApiError::client("ResourceNotFoundException", message)
    };
    let resource = arn::resource(world, arn).ok_or_else(|| invalid(format!("Invalid ARN: {arn}")))?;
    let parts: Vec<&str> = resource.split('/').collect();
    match parts.as_slice() {
        ["cluster", name] => {
            let cluster =
                world.ecs.clusters.get_mut(*name).filter(|c| c.active).ok_or_else(cluster_not_found)?;
            Ok(&mut cluster.tags)
        }
        ["service" | "task", _] => Err(invalid("Long arn format must be used for tagging operations")),
        ["service", cluster, name] => {
            let cluster =
                world.ecs.clusters.get_mut(*cluster).filter(|c| c.active).ok_or_else(cluster_not_found)?;
            let service = cluster.services.get_mut(*name).ok_or_else(unknown)?;
            if service.arn != arn {
                return Err(invalid(
                    "The specified service does not have the longArn format. \
                     Only services created after opting in will have the new format.",
                ));
            }
            Ok(&mut service.tags)
        }
        ["task", cluster, id] => {
            let cluster =
                world.ecs.clusters.get_mut(*cluster).filter(|c| c.active).ok_or_else(cluster_not_found)?;
            cluster.tasks.get_mut(*id).map(|t| &mut t.tags).ok_or_else(unknown)
        }
        ["task-definition", name] => {
            let (family, revision) = name.rsplit_once(':').ok_or_else(unknown)?;
            let definitions = world.ecs.task_definitions.get_mut(family).ok_or_else(unknown)?;
            let definition = definitions.iter_mut().find(|d| d.revision.to_string() == revision);
            definition.map(|d| &mut d.tags).ok_or_else(unknown)
        }
        _ => Err(unknown()),
    }
}
