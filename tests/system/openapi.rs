//! `openapi.json` tells the truth: every answer that these tests see over REST is one that it foretells.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use emulator::World;
use local::{Response, Sent, System, openapi};
use proptest::prelude::*;
use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::duration::IsoDuration;
use shared::image::{Digest, RepositoryName, Tag};
use shared::names::{ClusterName, Family, ServiceRef, TaskDefinitionRef, TaskId};
use shared::select::{ImagePattern, NamePattern};

use crate::fixture::Fixture;
use crate::schema::Validator;

static API: LazyLock<Api> = LazyLock::new(|| Api {
    document: serde_json::from_str(openapi::CHECKED_IN).unwrap(),
    validators: Mutex::default(),
});

struct Api {
    document: Value,
    /// By where their schema stands: to make one takes longer than to use it.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Api {
    fn validator(&self, place: &str, schema: &Value) -> Arc<Validator> {
        let mut known = self.validators.lock().unwrap();
        let made = known.entry(place.to_owned()).or_insert_with(|| {
            let whole = json!({ "components": self.document["components"], "allOf": [schema] });
            Arc::new(Validator::of(&whole))
        });
        Arc::clone(made)
    }

    /// What follows a reference, where there is one.
    fn at<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(to) => self.document.pointer(to.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }
}

/// Sends a request, and holds the answer against the description.
pub(crate) async fn request(system: &System, sent: &Sent) -> Response {
    let response = system.request(sent).await;
    let (path, query) = sent.path.split_once('?').unwrap_or((&sent.path, ""));
    let routes = API.document["paths"].as_object().unwrap().keys();
    let fits = |route: &&String| {
        let (wanted, given) = (route.split('/'), path.split('/'));
        wanted.clone().count() == given.clone().count()
            && wanted.zip(given).all(|(wanted, given)| wanted == given || wanted.starts_with('{'))
    };
    let of_method =
        |route: &&String| API.document["paths"][route.as_str()].get(sent.method.to_lowercase()).is_some();
    if let Some(route) = routes.filter(fits).find(of_method) {
        let queried = query.split('&').any(|pair| pair.starts_with("query="));
        let kind = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let kind = kind.map(|(_, value)| value.as_str()).unwrap_or_default();
        assert_foretold(&sent.method, route, response.status, kind, &response.body, queried);
    } else {
        assert_eq!(response.json()["code"], "notSignedOrNoSuchRoute", "{sent:?}");
    }
    response
}

/// Fails unless the description of a route has an answer of this status and type, whose schema the body keeps.
/// What a query makes of it is the caller's own.
pub(crate) fn assert_foretold(method: &str, route: &str, status: u16, kind: &str, body: &str, queried: bool) {
    let operation = &API.document["paths"][route][method.to_lowercase()];
    let response = API.at(&operation["responses"][status.to_string()]);
    assert!(response.is_object(), "{method} {route}: {status} is not in openapi.json: {body}");
    let kind = kind.split(';').next().unwrap();
    let content = &response["content"][kind];
    assert!(content.is_object(), "{method} {route}: {status} as {kind} is not in openapi.json: {body}");
    if kind == "text/html" || kind == "text/plain" || (queried && kind == "application/json") {
        return;
    }
    let body: Value = serde_json::from_str(body).unwrap();
    let validator = API.validator(&format!("{method} {route} {status} {kind}"), &content["schema"]);
    if let Some(fault) = validator.fault(&body) {
        panic!("{method} {route}: {status} is not as openapi.json says: {fault}: {body}");
    }
}

fn operations() -> impl Iterator<Item = (&'static String, &'static String, &'static Value)> {
    let paths = API.document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(route, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, operation)| (method, route, operation))
    })
}

#[test]
fn every_example_is_as_its_schema_says() {
    let mut held = 0;
    let mut hold = |place: String, schema: &Value, value: &Value| {
        let fault = API.validator(&place, schema).fault(value);
        assert_eq!(fault, None, "{place}: {value}");
        held += 1;
    };
    for (method, route, operation) in operations() {
        let content = &operation["requestBody"]["content"]["application/json"];
        for (name, example) in content["examples"].as_object().into_iter().flatten() {
            hold(format!("{method} {route} body {name}"), &content["schema"], &example["value"]);
        }
        for parameter in operation["parameters"].as_array().unwrap() {
            let name = &parameter["name"];
            for (example, value) in parameter["examples"].as_object().into_iter().flatten() {
                hold(format!("{method} {route} {name} {example}"), &parameter["schema"], &value["value"]);
            }
            if let Some(example) = parameter.get("example") {
                hold(format!("{method} {route} {name}"), &parameter["schema"], example);
            }
        }
    }
    assert!(held > 60, "{held}");
}

/// A pattern that lets through what is refused, or refuses what is taken, sends people astray.
fn assert_agrees<T: JsonSchema + DeserializeOwned>(text: &str) {
    let schema = schema_for!(T).to_value();
    let validator = Validator::of(&schema);
    let value = json!(text);
    let taken = serde_json::from_value::<T>(value.clone()).is_ok();
    assert_eq!(validator.fault(&value).is_none(), taken, "{text:?} as {}: taken: {taken}", T::schema_name());
}

fn assert_all_agree(text: &str) {
    assert_agrees::<ClusterName>(text);
    assert_agrees::<TaskId>(text);
    assert_agrees::<Family>(text);
    assert_agrees::<ServiceRef>(text);
    assert_agrees::<TaskDefinitionRef>(text);
    assert_agrees::<NamePattern>(text);
    assert_agrees::<ImagePattern>(text);
    assert_agrees::<Digest>(text);
    assert_agrees::<Tag>(text);
    assert_agrees::<RepositoryName>(text);
    assert_agrees::<IsoDuration>(text);
}

#[test]
fn what_the_schema_of_a_word_says_is_what_is_checked() {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let long = |length: usize| "a".repeat(length);
    for text in [
        "",
        " ",
        "a",
        "A-b_9",
        "a.b",
        "a/b",
        "a*b",
        "é",
        "a b",
        "a\n",
        "\n",
        ".",
        "-",
        "_",
        "team/app",
        "a//b",
        "a/",
        "users:7",
        "users:0",
        "users:007",
        "users:",
        "users:4294967295",
        "a:b",
        "arn:aws:ecs:sa-east-1:1:service/prod/users",
        "arn:",
        "arn:aws",
        "arn:aws:ecs:::x",
        "arn:::::x",
        "arn:aws:ecs:a:b:",
        "arn:aws:ecs:a:b:c:d\ne",
        "PT15M",
        "P1D",
        "P1W",
        "P1DT1H",
        "P",
        "PT",
        "P1",
        "P1M",
        "P1Y",
        "-P1D",
        "+P1D",
        "PT-5M",
        "PT1.5S",
        "PT1,5S",
        "PT1H1S",
        "P1D1W",
        "P1DT",
        "pt15m",
        "PT15m",
        "PT1.5H",
        "PT1.5M",
        "PT0S",
        "P0D",
        "P1D ",
        " P1D",
        "PT1.1234567891S",
        "sha256:",
        &digest,
        &digest.to_uppercase(),
        &digest[1..],
        &long(64),
        &long(65),
        &long(128),
        &long(129),
        &long(255),
        &long(256),
        &long(257),
    ] {
        assert_all_agree(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_the_schema_of_any_word_says_is_what_is_checked(
        text in prop_oneof![
            "[a-zA-Z0-9._/*:-]{0,8}",
            "P([0-9]{1,3}[WDYMHS.,]){0,2}(T([0-9]{1,3}[HMSD.,]){0,3})?",
            "arn:[a-z:]{0,12}/?[a-z]{0,3}",
            "[ -~]{0,8}",
        ],
    ) {
        assert_all_agree(&text);
    }
}

#[tokio::test(start_paused = true)]
async fn an_override_of_a_cluster_that_is_not_there_is_a_404() {
    let fixture = Fixture::on(World::demo()).await;
    let path = "/v1/clusters/nowhere/override";
    for (method, body) in [("PUT", json!({"state": "hold", "for": "PT1H"})), ("DELETE", Value::Null)] {
        let answer = fixture.rest(method, path, &body).await;
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("notFound")), "{}", answer.body);
    }
}
