//! Tags of groups.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html>

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::autoscaling::state::{self, Group};
use crate::autoscaling::{group, group_mut, invalid};
use crate::ecs::tags::allowed;
use crate::wire::loose;
use crate::world::World;

const GROUP: &str = "auto-scaling-group";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateOrUpdateTags {
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Tag {
    resource_id: String,
    resource_type: String,
    key: String,
    value: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    propagate_at_launch: Option<bool>,
}

/// Each tag names its group; all or none are written. A group has at most 50.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateOrUpdateTags.html>
pub(super) fn create_or_update_tags(world: &mut World, input: CreateOrUpdateTags) -> Result<Value, ApiError> {
    let mut fork = world.autoscaling.clone();
    for tag in input.tags {
        let key = tag.key;
        let value = tag.value.unwrap_or_default();
        checked(world, &tag.resource_id, &tag.resource_type)?;
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("Tag keys starting with 'aws:' are reserved for internal use"));
        }
        let lengths = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if !lengths || !allowed(&key) || !allowed(&value) {
            return Err(invalid(format!("The tag {key:?} has a length or characters that are not allowed")));
        }
        if let Some(group) = fork.groups.get_mut(&tag.resource_id) {
            let propagated = tag.propagate_at_launch.unwrap_or(false);
            group.tags.insert(key, state::Tag { value, propagated });
            if group.tags.keys().filter(|k| !k.starts_with("aws:")).count() > 50 {
                let message = "The maximum number of tags for an Auto Scaling group is 50";
                return Err(ApiError::client("LimitExceeded", message));
            }
        }
    }
    world.autoscaling = fork;
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteTags {
    tags: Vec<Tag>,
}

/// A key that is not there is no error.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteTags.html>
pub(super) fn delete_tags(world: &mut World, input: DeleteTags) -> Result<Value, ApiError> {
    for tag in &input.tags {
        checked(world, &tag.resource_id, &tag.resource_type)?;
    }
    for tag in input.tags {
        let tags = &mut group_mut(world, &tag.resource_id)?.tags;
        // With a value, only the tag of that value goes.
        if tag.value.is_none_or(|v| tags.get(&tag.key).is_some_and(|t| t.value == v)) {
            tags.remove(&tag.key);
        }
    }
    Ok(Value::Null)
}

fn checked(world: &World, id: &str, kind: &str) -> Result<(), ApiError> {
    if kind != GROUP {
        return Err(invalid(format!("Resource type {kind} is not valid, it must be {GROUP}")));
    }
    group(world, id).map(drop)
}

pub(super) fn view(name: &str, group: &Group) -> Value {
    let view = |(key, tag): (&String, &state::Tag)| {
        json!({
            "ResourceId": name,
            "ResourceType": GROUP,
            "Key": key,
            "Value": tag.value,
            "PropagateAtLaunch": tag.propagated,
        })
    };
    group.tags.iter().map(view).collect()
}
