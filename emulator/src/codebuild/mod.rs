//! AWS `CodeBuild`: build projects, as fixtures. Nothing is built.
//!
//! <https://docs.aws.amazon.com/codebuild/latest/APIReference/Welcome.html>
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod builders;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::builders::CANARY;
use crate::ecs::pages;
use crate::wire::{Operation, epoch, object, put, request};
use crate::world::World;

/// All build projects by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    projects: BTreeMap<String, Project>,
}

#[derive(Clone, Debug)]
struct Project {
    image: String,
    created_at: Timestamp,
    modified_at: Timestamp,
}

/// What `CodeBuild` can do here; anything else is an `UnknownOperationException`. No bucket: it publishes no rates.
///
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html>
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation {
        name: "ListProjects",
        write: false,
        group: None,
        run: |world, input| list_projects(world, request(input)?),
    },
    Operation {
        name: "BatchGetProjects",
        write: false,
        group: None,
        run: |world, input| batch_get_projects(world, request(input)?),
    },
];

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidInputException", message)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListProjects {
    sort_by: Option<String>,
    sort_order: Option<String>,
    next_token: Option<String>,
}

/// 100 names a page: by name and ascending, unless it is said.
///
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ListProjects.html>
fn list_projects(world: &mut World, input: ListProjects) -> Result<Value, ApiError> {
    let dated = |at: Timestamp, name: &str| format!("{:020} {name}", at.as_millisecond());
    let key: &dyn Fn(&str, &Project) -> String = match input.sort_by.as_deref() {
        None | Some("NAME") => &|name, _| name.to_owned(),
        Some("CREATED_TIME") => &|name, project| dated(project.created_at, name),
        Some("LAST_MODIFIED_TIME") => &|name, project| dated(project.modified_at, name),
        Some(other) => return Err(invalid(format!("Invalid sortBy: {other}"))),
    };
    let descending = match input.sort_order.as_deref() {
        None | Some("ASCENDING") => false,
        Some("DESCENDING") => true,
        Some(other) => return Err(invalid(format!("Invalid sortOrder: {other}"))),
    };
    let after = match input.next_token.as_deref() {
        None => String::new(),
        Some(token) => pages::key(token).ok_or_else(|| invalid("Invalid token."))?,
    };
    let items: BTreeMap<String, &String> =
        world.codebuild.projects.iter().map(|(name, project)| (key(name, project), name)).collect();
    let mut keys: Vec<String> = items.keys().cloned().collect();
    if descending {
        keys.reverse();
    }
    keys.retain(|k| after.is_empty() || if descending { *k < after } else { *k > after });
    let (keys, next) = pages::page(keys.into_iter(), None, 100)?;
    let names: Vec<&&String> = keys.iter().filter_map(|k| items.get(k)).collect();
    let mut answer = object(json!({"projects": names}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BatchGetProjects {
    names: Vec<String>,
}

/// By name or by ARN, up to 100.
///
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetProjects.html>
fn batch_get_projects(world: &mut World, input: BatchGetProjects) -> Result<Value, ApiError> {
    if !(1..=100).contains(&input.names.len()) {
        return Err(invalid("Invalid project names: between 1 and 100 must be given"));
    }
    let own = arn(world, "");
    let (mut projects, mut missing) = (Vec::new(), Vec::new());
    for given in &input.names {
        let name = given.strip_prefix(&own).unwrap_or(given);
        match world.codebuild.projects.get(name) {
            Some(project) => projects.push(project.view(world, name)),
            None => missing.push(given),
        }
    }
    Ok(json!({"projects": projects, "projectsNotFound": missing}))
}

fn arn(world: &World, name: &str) -> String {
    world.arn("codebuild", &format!("project/{name}"))
}

impl Project {
    /// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Project.html>
    fn view(&self, world: &World, name: &str) -> Value {
        // CodeBuild's own images are pulled with its credentials.
        let curated = self.image.starts_with("aws/codebuild/");
        json!({
            "name": name,
            "arn": arn(world, name),
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": self.image,
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": "TOKEN", "value": CANARY, "type": "PLAINTEXT"}],
                "privilegedMode": false,
                "imagePullCredentialsType": if curated { "CODEBUILD" } else { "SERVICE_ROLE" },
            },
            "serviceRole": format!("arn:{}:iam::{}:role/codebuild", world.partition, world.account),
            "created": epoch(self.created_at),
            "lastModified": epoch(self.modified_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::pages_of;

    fn world() -> World {
        let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
        for i in 0..120 {
            world.build_project(&format!("p-{i:03}"), "aws/codebuild/standard:7.0");
        }
        world
    }

    #[test]
    fn project_names_come_a_hundred_at_a_time_in_the_order_that_is_asked_for() {
        let mut world = world();
        world.advance_by(std::time::Duration::from_secs(1));
        world.build_project("a-new-one", "tool:1").build_project("p-050", "tool:2");
        let list = |world: &mut World, input: Value| pages_of(world, "codebuild", "ListProjects", &input);
        let (sizes, names) = list(&mut world, json!({}));
        assert_eq!((sizes.as_slice(), &names[0]), ([100, 21].as_slice(), &json!("a-new-one")));
        let (sizes, names) = list(&mut world, json!({"sortBy": "NAME", "sortOrder": "DESCENDING"}));
        assert_eq!(sizes, [100, 21]);
        assert_eq!((&names[0], &names[120]), (&json!("p-119"), &json!("a-new-one")));
        let (_, names) = list(&mut world, json!({"sortBy": "CREATED_TIME"}));
        assert_eq!((&names[50], &names[120]), (&json!("p-050"), &json!("a-new-one")));
        let (_, names) = list(&mut world, json!({"sortBy": "LAST_MODIFIED_TIME"}));
        assert_eq!((&names[119], &names[120]), (&json!("a-new-one"), &json!("p-050")));
        for wrong in [json!({"sortBy": "IMAGE"}), json!({"sortOrder": "UP"}), json!({"nextToken": "no"})] {
            let refused = world.call("codebuild", "ListProjects", wrong).unwrap_err();
            assert_eq!(refused.code, "InvalidInputException");
        }
    }

    #[test]
    fn projects_are_described_by_name_and_what_is_missing_is_named() {
        let mut world = world();
        world
            .build_project("tool", "123456789012.dkr.ecr.sa-east-1.amazonaws.com/tool:1")
            .remove_build_project("p-000");
        let get = |world: &mut World, names: Value| {
            world.call("codebuild", "BatchGetProjects", json!({"names": names}))
        };
        let arn = "arn:aws:codebuild:sa-east-1:123456789012:project/p-001";
        let answer = get(&mut world, json!(["tool", "p-000", arn])).unwrap();
        assert_eq!(answer["projectsNotFound"], json!(["p-000"]));
        let environment = &answer["projects"][0]["environment"];
        assert_eq!(environment["image"], "123456789012.dkr.ecr.sa-east-1.amazonaws.com/tool:1");
        assert_eq!(environment["environmentVariables"][0]["value"], CANARY);
        assert_eq!(answer["projects"][1]["arn"], arn);
        let many: Vec<String> = (0..101).map(|i| format!("p-{i:03}")).collect();
        for wrong in [json!([]), json!(many)] {
            assert_eq!(get(&mut world, wrong).unwrap_err().code, "InvalidInputException");
        }
    }
}
