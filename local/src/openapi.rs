//! `openapi.json`: the API as OpenAPI 3.1, made from the Rust types and the template's routes.
//!
//! The checked-in file is what is served and what clients are made from. A test holds it against what is made
//! here, and another one against every answer that the tests of the whole system see.

mod examples;
mod operation;
mod schemas;

use std::collections::BTreeMap;

use describe_cluster::DescribeCluster;
use prune_images::PruneImages;
use run_task::RunTask;
use scale_service::ScaleService;
use serde_json::{Map, Value, json};
use shared::api::Operation;
use shared::call::{Kind, Parameter};
use shared_lambda::Function;
use stop_task::StopTask;

use crate::template::Template;
use schemas::Schemas;

/// The checked-in file.
pub const CHECKED_IN: &str = include_str!("../../openapi.json");

/// How to make the file anew.
pub const COMMAND: &str = "cargo local openapi > openapi.new && mv openapi.new openapi.json";

/// Where `cargo local serve` has it.
pub const PATH: &str = "/openapi.json";

/// The description, as the file holds it.
pub fn printed() -> Result<String, String> {
    Ok(format!("{:#}\n", document(&Template::read()?)?))
}

/// The checked-in description, of an API that is served at this URL.
pub(crate) fn served_at(url: &str) -> String {
    let mut document: Value = serde_json::from_str(CHECKED_IN).unwrap_or_default();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("servers".into(), json!([{ "url": url }]));
        // Nobody is asked who they are.
        fields.shift_remove("security");
    }
    document.to_string()
}

/// A route with all that is known of it.
struct Described {
    function: &'static str,
    method: &'static str,
    path: &'static str,
    action: &'static str,
    kind: Kind,
    query: &'static [Parameter],
    operation: &'static Operation,
    /// The operation's name: that of the action, or where it has several routes, of the route in the template.
    id: String,
}

impl Described {
    fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

fn document(template: &Template) -> Result<Value, String> {
    let mut routes = of::<DescribeCluster>(template)?;
    routes.extend(of::<ScaleService>(template)?);
    routes.extend(of::<RunTask>(template)?);
    routes.extend(of::<StopTask>(template)?);
    routes.extend(of::<PruneImages>(template)?);
    let mut schemas = Schemas::new(template);
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in &routes {
        let operation = operation::operation(route, &mut schemas, template)?;
        paths.entry(route.path).or_default().insert(route.method.to_lowercase(), operation);
    }
    let mut functions: Vec<&str> = routes.iter().map(|route| route.function).collect();
    functions.dedup();
    let mut document = json!({
        "openapi": "3.1.1",
        "info": {
            "title": "ecs-steward",
            "description": "Keeps Amazon ECS clusters and ECR registries tidy and cheap, and lets people and bots \
                            work them safely. Every request is signed (AWS Signature Version 4, service \
                            `execute-api`). What is left out of an answer's schema may be added to answers; \
                            a request's body takes what its schema names, and nothing else.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{
            "url": format!("https://{{api}}.execute-api.{{region}}.amazonaws.com/{}", template.stage),
            "description": "The output ApiUrl of the stack.",
            "variables": {
                "api": { "default": "abcdef1234", "description": "The API's id." },
                "region": { "default": "us-east-1", "description": "The stack's region." },
            },
        }],
        "security": [{ "sigv4": [] }],
        "tags": functions.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "securitySchemes": { "sigv4": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "awsSigv4",
                "description": "AWS Signature Version 4.",
            } },
            "responses": {},
            "schemas": {},
        },
    });
    operation::share_responses(&mut document);
    let parts = schemas::used(schemas.into_components()?, &document);
    if let Some(there) = document.pointer_mut("/components/schemas") {
        *there = parts.into();
    }
    Ok(document)
}

fn of<F: Function>(template: &Template) -> Result<Vec<Described>, String> {
    F::ROUTES
        .iter()
        .map(|route| {
            let same =
                |operation: &&Operation| operation.method == route.method && operation.path == route.path;
            let operation = F::OPERATIONS.iter().find(same).ok_or_else(|| {
                format!("functions/{}/src/api.rs says nothing of {} {}", F::NAME, route.method, route.path)
            })?;
            let in_template = template
                .routes
                .iter()
                .find(|it| it.method == route.method && it.path == route.path)
                .ok_or_else(|| format!("template.yaml has no route {} {}", route.method, route.path))?;
            let is_one = F::ROUTES.iter().filter(|it| it.action == route.action).count() == 1;
            let id = if is_one { route.action.to_owned() } else { uncapitalised(&in_template.name) };
            Ok(Described {
                function: F::NAME,
                method: route.method,
                path: route.path,
                action: route.action,
                kind: route.kind,
                query: route.query,
                operation,
                id,
            })
        })
        .collect()
}

fn uncapitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openapi_json_is_what_the_types_and_the_template_make_of_it() {
        let made = printed().unwrap();
        let differs = made.lines().zip(CHECKED_IN.lines()).position(|(made, there)| made != there);
        assert!(
            made == CHECKED_IN,
            "openapi.json is not up to date, from line {}: {COMMAND}",
            differs.unwrap_or_else(|| CHECKED_IN.lines().count().min(made.lines().count())) + 1
        );
    }

    #[test]
    fn every_operation_has_an_example_from_events() {
        let document: Value = serde_json::from_str(CHECKED_IN).unwrap();
        let mut ids = std::collections::BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let samples = operation["x-codeSamples"].as_array();
                assert!(
                    samples.is_some_and(|it| !it.is_empty()),
                    "{method} {path} has no example in events/"
                );
                assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{operation}");
            }
        }
    }
}
