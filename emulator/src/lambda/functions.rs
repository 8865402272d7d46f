//! Functions, their versions and aliases.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::builders::CANARY;
use crate::ecs::pages;
use crate::lambda::{Code, Function, Version};
use crate::wire::{loose, object, put};
use crate::world::World;

const LATEST: &str = "$LATEST";

fn invalid(error: ApiError) -> ApiError {
    ApiError { code: "InvalidParameterValueException".to_owned(), ..error }
}

fn not_found(world: &World, what: &str) -> ApiError {
    let message = format!("Function not found: {}", world.arn("lambda", &format!("function:{what}")));
    ApiError { status: 404, ..ApiError::client("ResourceNotFoundException", message) }
}

/// One page of a list: 50 items at most, however many are asked for.
fn listed(
    list: &str,
    items: &BTreeMap<String, Value>,
    marker: Option<&str>,
    max_items: Option<i64>,
) -> Result<Value, ApiError> {
    let size = pages::size(max_items, 50, 10_000).map_err(invalid)?.min(50);
    let (keys, next) = pages::page(items.keys().cloned(), marker, size).map_err(invalid)?;
    let page: Vec<&Value> = keys.iter().filter_map(|k| items.get(k)).collect();
    let mut answer = object(json!({list: page}));
    put(&mut answer, "NextMarker", next);
    Ok(answer.into())
}

/// The place of a version in a list: `$LATEST` is the first of its function.
fn key(name: &str, version: Option<u64>) -> String {
    format!("{name}:{:020}", version.unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListFunctions {
    function_version: Option<String>,
    marker: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    max_items: Option<i64>,
}

/// The unpublished version of each function; with `FunctionVersion=ALL` the published ones too. The image is not among
/// what is listed.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>
pub(crate) fn list_functions(world: &mut World, input: ListFunctions) -> Result<Value, ApiError> {
    let all = match input.function_version.as_deref() {
        None => false,
        Some("ALL") => true,
        Some(other) => {
            let message = format!("Invalid FunctionVersion: {other}");
            return Err(ApiError::client("InvalidParameterValueException", message));
        }
    };
    let mut items = BTreeMap::new();
    for (name, function) in &world.lambda.functions {
        if all {
            items.extend(versions(world, name, function));
        } else {
            let unqualified = configuration(world, name, &function.latest, LATEST, None);
            items.insert(key(name, None), unqualified);
        }
    }
    listed("Functions", &items, input.marker.as_deref(), input.max_items)
}

/// All versions of a function, with qualified ARNs.
fn versions(world: &World, name: &str, function: &Function) -> BTreeMap<String, Value> {
    let latest = configuration(world, name, &function.latest, LATEST, Some(LATEST));
    let published = function.versions.iter().map(|(number, version)| {
        let text = number.to_string();
        (key(name, Some(*number)), configuration(world, name, version, &text, Some(&text)))
    });
    std::iter::once((key(name, None), latest)).chain(published).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListVersionsByFunction {
    function_name: String,
    marker: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    max_items: Option<i64>,
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html>
pub(crate) fn list_versions_by_function(
    world: &mut World,
    input: ListVersionsByFunction,
) -> Result<Value, ApiError> {
    let (name, function, _) = find(world, &input.function_name)?;
    listed("Versions", &versions(world, name, function), input.marker.as_deref(), input.max_items)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListAliases {
    function_name: String,
    function_version: Option<String>,
    marker: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    max_items: Option<i64>,
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html>
pub(crate) fn list_aliases(world: &mut World, input: ListAliases) -> Result<Value, ApiError> {
    let (name, function, _) = find(world, &input.function_name)?;
    let of_version = |version: &String| input.function_version.as_ref().is_none_or(|v| v == version);
    let aliases = function.aliases.iter().filter(|(_, version)| of_version(version));
    let items = aliases.map(|(alias, version)| {
        let arn = world.arn("lambda", &format!("function:{name}:{alias}"));
        (
            alias.clone(),
            json!({"AliasArn": arn, "Name": alias, "FunctionVersion": version, "Description": ""}),
        )
    });
    listed("Aliases", &items.collect(), input.marker.as_deref(), input.max_items)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetFunction {
    function_name: String,
    qualifier: Option<String>,
}

/// With the image that the code was made of, as it was named and as it was resolved then.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html>
pub(crate) fn get_function(world: &mut World, input: GetFunction) -> Result<Value, ApiError> {
    let (name, function, of_name) = find(world, &input.function_name)?;
    let qualifier = input.qualifier.as_deref().or(of_name);
    let number = match qualifier {
        None | Some(LATEST) => LATEST,
        Some(qualifier) => function.aliases.get(qualifier).map_or(qualifier, String::as_str),
    };
    let version = if number == LATEST {
        Some(&function.latest)
    } else {
        number.parse().ok().and_then(|n: u64| function.versions.get(&n))
    };
    let missing = || not_found(world, &format!("{name}:{}", qualifier.unwrap_or(LATEST)));
    let version = version.ok_or_else(missing)?;
    let code = match &version.code {
        Code::Zip => json!({
            "RepositoryType": "S3",
            "Location": format!("https://awslambda-{}-tasks.s3.amazonaws.com/snapshots/{name}", world.region),
        }),
        Code::Image { uri, resolved } => {
            json!({"RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": resolved})
        }
    };
    Ok(json!({"Configuration": configuration(world, name, version, number, qualifier), "Code": code}))
}

/// A function by its name, its whole or partial ARN, with the qualifier that may stand behind it.
fn find<'a, 'b>(
    world: &'a World,
    given: &'b str,
) -> Result<(&'a str, &'a Function, Option<&'b str>), ApiError> {
    let own = world.arn("lambda", "function:");
    let partial = format!("{}:function:", world.account);
    let rest = given.strip_prefix(&own).or_else(|| given.strip_prefix(&partial)).unwrap_or(given);
    let (name, qualifier) = rest.split_once(':').map_or((rest, None), |(name, q)| (name, Some(q)));
    let found = world.lambda.functions.get_key_value(name);
    found.map(|(name, function)| (name.as_str(), function, qualifier)).ok_or_else(|| not_found(world, rest))
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>
fn configuration(
    world: &World,
    name: &str,
    version: &Version,
    number: &str,
    qualifier: Option<&str>,
) -> Value {
    let qualified = qualifier.map_or_else(|| name.to_owned(), |qualifier| format!("{name}:{qualifier}"));
    let mut view = Map::new();
    put(&mut view, "FunctionName", Some(name));
    put(&mut view, "FunctionArn", Some(world.arn("lambda", &format!("function:{qualified}"))));
    put(&mut view, "Role", Some(format!("arn:{}:iam::{}:role/{name}", world.partition, world.account)));
    put(&mut view, "CodeSize", Some(0));
    put(&mut view, "Timeout", Some(30));
    put(&mut view, "MemorySize", Some(128));
    let modified = version.modified_at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
    put(&mut view, "LastModified", Some(modified));
    put(&mut view, "Version", Some(number));
    put(&mut view, "Environment", Some(json!({"Variables": {"TOKEN": CANARY}})));
    match version.code {
        Code::Zip => {
            put(&mut view, "PackageType", Some("Zip"));
            put(&mut view, "Runtime", Some("provided.al2023"));
            put(&mut view, "Handler", Some("bootstrap"));
        }
        Code::Image { .. } => put(&mut view, "PackageType", Some("Image")),
    }
    view.into()
}
