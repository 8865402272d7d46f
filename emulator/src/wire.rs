//! AWS's protocols: from an HTTP request to a function, from a body to a typed request, and back.
//!
//! A service speaks one of four: [`json`] by the header `x-amz-target`, [`query`] with forms and XML, [`rest`] by
//! method and path, [`rest_xml`] as S3 does it. An operation knows nothing of them: it takes JSON and gives JSON.

mod json;
mod query;
mod rest;
mod rest_xml;
mod scope;

use std::fmt;

use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::buckets::Group;
use crate::world::World;

pub(crate) use json::body as json_body;
pub(crate) use rest::Route;
pub(crate) use scope::Scope;

/// One operation of a service: what its room offers to the doors.
#[derive(Debug)]
pub(crate) struct Operation {
    /// AWS's name: `UpdateService`.
    pub(crate) name: &'static str,
    /// Whether it changes anything.
    pub(crate) write: bool,
    /// The token bucket that it draws from; none when AWS publishes none.
    pub(crate) group: Option<Group>,
    pub(crate) run: fn(&mut World, Value) -> Result<Value, ApiError>,
}

/// A service, as the embedded AWS offers it.
struct Service {
    /// The name that the SDKs and the CLI give it: `ecs`.
    name: &'static str,
    protocol: Protocol,
    /// Where a list's token stands in the request, and in the answer.
    token: (&'static str, &'static str),
    operations: &'static [Operation],
}

/// What a service speaks.
#[derive(Clone, Copy, Debug)]
enum Protocol {
    /// JSON 1.0 and 1.1, with what stands before the dot in `x-amz-target`.
    Json(&'static str),
    /// Forms and XML, with the `Version` by which the service is known, and its namespace.
    Query { version: &'static str, namespace: &'static str },
    /// JSON by method and path.
    Rest(&'static [rest::Route]),
    /// XML by method and path, for requests that are signed for the service; with its namespace.
    RestXml { routes: &'static [rest::Route], namespace: &'static str },
}

static SERVICES: &[Service] = &[
    Service {
        name: "ecs",
        protocol: Protocol::Json("AmazonEC2ContainerServiceV20141113"),
        token: ("nextToken", "nextToken"),
        operations: crate::ecs::OPERATIONS,
    },
    Service {
        name: "application-autoscaling",
        protocol: Protocol::Json("AnyScaleFrontendService"),
        token: ("NextToken", "NextToken"),
        operations: crate::application_autoscaling::OPERATIONS,
    },
    Service {
        name: "autoscaling",
        protocol: Protocol::Query {
            version: "2011-01-01",
            namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
        },
        token: ("NextToken", "NextToken"),
        operations: crate::autoscaling::OPERATIONS,
    },
    Service {
        name: "ecr",
        protocol: Protocol::Json("AmazonEC2ContainerRegistry_V20150921"),
        token: ("nextToken", "nextToken"),
        operations: crate::ecr::OPERATIONS,
    },
    Service {
        name: "eventbridge",
        protocol: Protocol::Json("AWSEvents"),
        token: ("NextToken", "NextToken"),
        operations: crate::eventbridge::OPERATIONS,
    },
    Service {
        name: "scheduler",
        protocol: Protocol::Rest(crate::scheduler::ROUTES),
        token: ("NextToken", "NextToken"),
        operations: crate::scheduler::OPERATIONS,
    },
    Service {
        name: "lambda",
        protocol: Protocol::Rest(crate::lambda::ROUTES),
        token: ("Marker", "NextMarker"),
        operations: crate::lambda::OPERATIONS,
    },
    Service {
        name: "pipes",
        protocol: Protocol::Rest(crate::pipes::ROUTES),
        token: ("NextToken", "NextToken"),
        operations: crate::pipes::OPERATIONS,
    },
    Service {
        name: "stepfunctions",
        protocol: Protocol::Json("AWSStepFunctions"),
        token: ("nextToken", "nextToken"),
        operations: crate::stepfunctions::OPERATIONS,
    },
    Service {
        name: "batch",
        protocol: Protocol::Rest(crate::batch::ROUTES),
        token: ("nextToken", "nextToken"),
        operations: crate::batch::OPERATIONS,
    },
    Service {
        name: "codebuild",
        protocol: Protocol::Json("CodeBuild_20161006"),
        token: ("nextToken", "nextToken"),
        operations: crate::codebuild::OPERATIONS,
    },
    Service {
        name: "s3",
        protocol: Protocol::RestXml {
            routes: crate::s3::ROUTES,
            namespace: "http://s3.amazonaws.com/doc/2006-03-01/",
        },
        token: ("ContinuationToken", "NextContinuationToken"),
        operations: crate::s3::OPERATIONS,
    },
];

/// An HTTP request, as a door hands it in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// The path, and the query if there is one.
    pub(crate) path: &'a str,
    /// The header `x-amz-target`.
    pub(crate) target: Option<&'a str>,
    /// The header `content-type`.
    pub(crate) content_type: Option<&'a str>,
    /// The header `content-encoding`.
    pub(crate) content_encoding: Option<&'a str>,
    /// The header `authorization`.
    pub(crate) authorization: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

impl<'a> Request<'a> {
    /// What it is signed for; none when it is not signed.
    pub(crate) fn scope(&self) -> Option<Scope<'a>> {
        self.authorization.and_then(Scope::read)
    }
}

/// What a request asks for, and in what language.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) input: Result<Value, ApiError>,
    dialect: Dialect,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug)]
enum Dialect {
    Json(&'static str),
    Xml(&'static str),
    Rest,
    RestXml(&'static str),
}

/// An answer as it goes over the wire.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// Reads a request. One that no service knows keeps what it said of itself.
pub(crate) fn read(request: &Request<'_>) -> Asked {
    // First of all: an object may be of any content type, and its path like any other.
    if let Some(asked) = read_xml(request) {
        return asked;
    }
    if let Some(target) = request.target {
        let (prefix, operation) = target.split_once('.').unwrap_or(("", target));
        let known = |s: &&Service| matches!(s.protocol, Protocol::Json(p) if p == prefix);
        return Asked {
            service: SERVICES.iter().find(known).map_or(prefix, |s| s.name).to_owned(),
            operation: operation.to_owned(),
            input: json::body(request.body),
            dialect: Dialect::Json(json::content_type(request.content_type)),
        };
    }
    if query::is_form(request.content_type) {
        let form = query::Form::read(request.body);
        let found = SERVICES.iter().find_map(|s| match s.protocol {
            Protocol::Query { version, namespace } if version == form.version => Some((s.name, namespace)),
            _ => None,
        });
        let (service, namespace) = found.unwrap_or_default();
        return Asked {
            service: service.to_owned(),
            operation: form.action,
            input: form.input,
            dialect: Dialect::Xml(namespace),
        };
    }
    let found = SERVICES.iter().find_map(|s| match s.protocol {
        Protocol::Rest(routes) => rest::find(routes, request).map(|(o, parameters)| (s.name, o, parameters)),
        _ => None,
    });
    match found {
        Some((service, operation, parameters)) => Asked {
            service: service.to_owned(),
            operation: operation.to_owned(),
            input: json::body(request.body).map(|body| rest::merged(body, parameters)),
            dialect: Dialect::Rest,
        },
        None => Asked {
            service: String::new(),
            operation: format!("{} {}", request.method, request.path),
            input: json::body(request.body),
            dialect: Dialect::Json(json::content_type(request.content_type)),
        },
    }
}

/// A request that is signed for a service whose protocol is REST-XML: nothing else tells it from other paths.
fn read_xml(request: &Request<'_>) -> Option<Asked> {
    let signed_for = request.scope()?.service;
    let (service, routes, namespace) = SERVICES.iter().find_map(|s| match s.protocol {
        Protocol::RestXml { routes, namespace } if s.name == signed_for => Some((s.name, routes, namespace)),
        _ => None,
    })?;
    let found = rest_xml::find(routes, request).map(|(operation, input)| (operation.to_owned(), input));
    let (operation, input) =
        found.unwrap_or_else(|| (format!("{} {}", request.method, request.path), Ok(json!({}))));
    Some(Asked { service: service.to_owned(), operation, input, dialect: Dialect::RestXml(namespace) })
}

impl Asked {
    /// An error in the words of this protocol: some errors that all services share have a name of their own in each.
    pub(crate) fn in_its_words(&self, error: ApiError) -> ApiError {
        match self.dialect {
            Dialect::Json(_) => error,
            Dialect::Xml(_) => query::in_its_words(error),
            Dialect::Rest => rest::in_its_words(error),
            Dialect::RestXml(_) => rest_xml::in_its_words(error),
        }
    }

    /// The answer to this.
    pub(crate) fn write(&self, result: &Result<Value, ApiError>, request_id: &str) -> Written {
        let mut written = match (self.dialect, result) {
            (Dialect::Json(content_type), _) => json::write(content_type, result),
            (Dialect::Rest, _) => rest::write(result),
            (Dialect::Xml(namespace), Ok(answer)) => {
                query::write(namespace, &self.operation, answer, request_id)
            }
            (Dialect::Xml(namespace), Err(error)) => query::write_error(namespace, error, request_id),
            (Dialect::RestXml(namespace), Ok(answer)) => rest_xml::write(namespace, answer),
            (Dialect::RestXml(_), Err(error)) => rest_xml::write_error(error, request_id),
        };
        written.headers.push(("x-amzn-requestid", request_id.to_owned()));
        written
    }

    /// The same list without its items, and with a token that leads to them.
    pub(crate) fn without_items(&self, mut page: Value, input: &Value) -> Value {
        let items = page.as_object_mut().and_then(|object| object.values_mut().find_map(Value::as_array_mut));
        match items {
            Some(items) => items.clear(),
            None => return page,
        }
        let mut page = self.leading_to_itself(page, input);
        if let Some(count) = page.get_mut("KeyCount") {
            *count = json!(0);
        }
        page
    }

    /// The same list with a token that leads to it again.
    pub(crate) fn leading_to_itself(&self, mut page: Value, input: &Value) -> Value {
        let service = SERVICES.iter().find(|s| s.name == self.service);
        let (asked, answered) = service.map_or(("nextToken", "nextToken"), |s| s.token);
        let Some(object) = page.as_object_mut() else {
            return page;
        };
        if !object.values().any(Value::is_array) {
            return page;
        }
        let again = input.get(asked).cloned().unwrap_or_else(|| Value::from(crate::ecs::pages::token("")));
        object.insert(answered.to_owned(), again);
        // Where a list says by itself that there is more.
        if let Some(more) = object.get_mut("IsTruncated") {
            *more = json!(true);
        }
        page
    }
}

/// The operation of that name, if it is modelled.
pub(crate) fn operation(service: &str, name: &str) -> Result<&'static Operation, ApiError> {
    SERVICES
        .iter()
        .find(|s| s.name == service)
        .and_then(|s| s.operations.iter().find(|o| o.name == name))
        .ok_or_else(|| {
            let whole = format!("{service}:{name}");
            ApiError::unknown_operation(whole.strip_prefix(':').unwrap_or(&whole))
        })
}

/// A request as its type has it. Unknown fields are refused: what is not modelled must not pass unseen.
pub(crate) fn request<T: DeserializeOwned>(input: Value) -> Result<T, ApiError> {
    let input = if input.is_null() { json!({}) } else { input };
    serde_path_to_error::deserialize(input)
        .map_err(|e| ApiError::client("SerializationException", format!("{}: {}", e.path(), e.inner())))
}

/// A number or a flag, which forms, paths and queries carry as text: for `deserialize_with`, beside `default`.
pub(crate) fn loose<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + std::str::FromStr,
    T::Err: fmt::Display,
{
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => text.parse().map(Some).map_err(D::Error::custom),
        other => serde_json::from_value(other).map(Some).map_err(D::Error::custom),
    }
}

/// A time as JSON 1.1 writes it: seconds since the epoch, with a fraction.
pub(crate) fn epoch(at: Timestamp) -> Value {
    let millis = jiff::SignedDuration::from_millis(at.as_millisecond());
    json!(millis.as_secs_f64())
}

/// A time as a request gives it: seconds since the epoch.
pub(crate) fn from_epoch(seconds: f64) -> Option<Timestamp> {
    let since = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}

/// A time as XML has it: ISO 8601, to the millisecond.
pub(crate) fn iso(at: Timestamp) -> Value {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at).to_string().into()
}

/// Adds a field only where there is something to say, as AWS does.
pub(crate) fn put(object: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}

/// The JSON object inside a `json!({..})`.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// All pages of a list: how long each is, and the items together. The tokens stand where the service has them.
#[cfg(test)]
pub(crate) fn pages_of(
    world: &mut World,
    service: &str,
    operation: &str,
    input: &Value,
) -> (Vec<usize>, Vec<Value>) {
    let (asked, answered) = SERVICES.iter().find(|s| s.name == service).unwrap().token;
    let mut input = input.clone();
    let (mut sizes, mut items) = (Vec::new(), Vec::new());
    loop {
        let page = world.call(service, operation, input.clone()).unwrap();
        let found = page.as_object().unwrap().values().find_map(Value::as_array).unwrap();
        sizes.push(found.len());
        items.extend(found.clone());
        match page.get(answered) {
            Some(next) => input[asked] = next.clone(),
            None => return (sizes, items),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_items_leads_to_them_in_every_list() {
        let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
        world
            .pipe("p", "arn:aws:sqs:sa-east-1:123456789012:queue")
            .state_machine("m", json!({}))
            .publish_state_machine("m")
            .job_definition("j", json!({}))
            .build_project("b", "tool:1")
            .object("bucket", "key", "x");
        let machine = json!({"stateMachineArn": "arn:aws:states:sa-east-1:123456789012:stateMachine:m"});
        let lists = [
            ("pipes", "ListPipes", json!({})),
            ("stepfunctions", "ListStateMachines", json!({})),
            ("stepfunctions", "ListStateMachineVersions", machine),
            ("batch", "DescribeJobDefinitions", json!({})),
            ("codebuild", "ListProjects", json!({})),
            ("codebuild", "ListProjects", json!({"sortOrder": "DESCENDING"})),
            ("s3", "ListObjectsV2", json!({"Bucket": "bucket"})),
        ];
        let items =
            |page: &Value| page.as_object().unwrap().values().find_map(Value::as_array).cloned().unwrap();
        for (service, operation, mut input) in lists {
            let asked = Asked {
                service: service.to_owned(),
                operation: operation.to_owned(),
                input: Ok(input.clone()),
                dialect: Dialect::Rest,
            };
            let whole = world.call(service, operation, input.clone()).unwrap();
            let empty = asked.without_items(whole.clone(), &input);
            assert!(items(&empty).is_empty(), "{operation}");
            let (in_request, in_answer) = SERVICES.iter().find(|s| s.name == service).unwrap().token;
            input[in_request] = empty[in_answer].clone();
            let again = world.call(service, operation, input).unwrap();
            assert_eq!((items(&again).len(), items(&again)), (1, items(&whole)), "{operation}");
        }
    }
}
