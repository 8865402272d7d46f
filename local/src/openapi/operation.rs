//! One operation: what it takes and what it answers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shared::Code;
use shared::api::{Answers, codes};
use shared::call::{Kind, Parameter};
use shared::status;

use super::examples::Example;
use super::schemas::{Schemas, tidy, without_null};
use super::{Described, capitalised};
use crate::template::Template;

/// What OpenAPI says of a route.
pub(super) fn operation(
    route: &Described,
    schemas: &mut Schemas,
    template: &Template,
) -> Result<Value, String> {
    let fields = schemas.fields(route.operation.fields);
    let examples = Example::of(route)?;
    let mut operation = json!({
        "operationId": route.id,
        "tags": [route.function],
        "summary": route.operation.summary,
        "description": description(route),
        "parameters": parameters(route, &fields, schemas, &examples),
    });
    if let Some(body) = body(route, &fields, schemas, &examples) {
        put(&mut operation, "requestBody", body);
    }
    put(&mut operation, "responses", responses(route, schemas, template));
    let samples = examples.iter().map(|example| {
        json!({ "lang": "shell", "label": format!("{}.json", example.name), "source": example.curl() })
    });
    put(&mut operation, "x-codeSamples", samples.collect());
    Ok(operation)
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

fn description(route: &Described) -> String {
    let own = route.operation.description;
    let space = if own.is_empty() { "" } else { " " };
    format!("{own}{space}Events name it `\"action\": \"{}\"`.", route.action)
}

fn parameters(route: &Described, fields: &Value, schemas: &mut Schemas, examples: &[Example]) -> Value {
    let mut all = Vec::new();
    for name in route.path_parameters() {
        let mut schema = schemas.path_parameter(name, fields);
        tidy(&mut schema);
        let mut parameter = json!({ "name": name, "in": "path", "required": true, "schema": schema });
        if let Some(value) = examples.iter().find_map(|it| it.path(name)) {
            put(&mut parameter, "example", decoded(value).into());
        }
        all.push(parameter);
    }
    for known in route.query {
        all.push(query_parameter(route, *known, fields, schemas, examples));
    }
    if route.kind.mutates() {
        let schema = json!({ "type": "boolean" });
        let says = "Say what would happen, and change nothing. Here or in the body, not in both.";
        all.push(of_query("dryRun", says, false, &schema, examples));
    }
    let schema = json!({ "type": "string", "minLength": 1, "maxLength": 1_000 });
    let says = "A JMESPath expression, as in the AWS CLI's `--query`: the body is then its value.";
    all.push(of_query("query", says, false, &schema, examples));
    all.into()
}

fn query_parameter(
    route: &Described,
    known: Parameter,
    fields: &Value,
    schemas: &mut Schemas,
    examples: &[Example],
) -> Value {
    let name = known.name();
    let field = fields.pointer(&format!("/properties/{name}")).cloned().map(without_null).unwrap_or_default();
    let says = field.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let own = route.operation.query.iter().find(|(own, _)| *own == name);
    let mut schema = own.map_or(field, |(_, of)| schemas.fields(*of));
    tidy(&mut schema);
    if let Some(fields) = schema.as_object_mut() {
        fields.shift_remove("description");
        // How wide Rust's number is, says its maximum.
        if known == Parameter::Number(name) {
            fields.shift_remove("format");
        }
    }
    let is_required =
        fields["required"].as_array().is_some_and(|required| required.iter().any(|it| it == name));
    of_query(name, &says, is_required, &schema, examples)
}

fn of_query(name: &str, says: &str, is_required: bool, schema: &Value, examples: &[Example]) -> Value {
    let kind = schema.get("type").and_then(Value::as_str);
    let is_text = !matches!(kind, Some("integer" | "boolean"));
    let mut parameter = json!({ "name": name, "in": "query", "description": says, "schema": schema });
    if is_required {
        put(&mut parameter, "required", true.into());
    }
    let value = |text: &str| {
        let parsed = serde_json::from_str(text).ok().filter(|_| !is_text);
        parsed.unwrap_or_else(|| Value::from(text))
    };
    let shown: Map<String, Value> = examples
        .iter()
        .filter_map(|it| Some((it.name.clone(), json!({ "value": value(it.query(name)?) }))))
        .collect();
    if !shown.is_empty() {
        put(&mut parameter, "examples", shown.into());
    }
    parameter
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn body(route: &Described, fields: &Value, schemas: &mut Schemas, examples: &[Example]) -> Option<Value> {
    if route.method == "GET" {
        return None;
    }
    let elsewhere = |name: &str| {
        route.path_parameters().any(|it| it == name)
            || route.operation.not_here.contains(&name)
            || route.query.iter().any(|it| it.name() == name)
    };
    let mut all = fields.clone();
    // A request without fields of its own has an envelope all the same.
    if all.get("properties").is_none() {
        put(&mut all, "properties", json!({}));
    }
    if let Some(properties) = all.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !elsewhere(name));
        properties.values_mut().for_each(|field| *field = without_null(field.take()));
        if route.kind.mutates() {
            let mut envelope = schemas.envelope();
            let fields = envelope.get_mut("properties").and_then(Value::as_object_mut);
            fields.into_iter().flatten().for_each(|(_, field)| *field = without_null(field.take()));
            properties
                .extend(envelope.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
            if let Some(dry_run) = properties.get_mut("dryRun") {
                put(dry_run, "default", (route.kind == Kind::DryUnlessTold).into());
            }
        }
    }
    let mut is_required = false;
    if let Some(required) = all.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| !name.as_str().is_some_and(elsewhere));
        is_required = !required.is_empty();
    }
    if let Some(object) = all.as_object_mut() {
        object.shift_remove("description");
        if !is_required {
            object.shift_remove("required");
        }
    }
    tidy(&mut all);
    let schema = schemas.name(&format!("{}Request", capitalised(&route.id)), all);
    let mut content = json!({ "schema": schema });
    let shown: Map<String, Value> =
        examples.iter().filter_map(|it| Some((it.name.clone(), json!({ "value": it.body()? })))).collect();
    if !shown.is_empty() {
        put(&mut content, "examples", shown.into());
    }
    let mut body = json!({ "content": { "application/json": content } });
    if is_required {
        put(&mut body, "required", true.into());
    }
    Some(body)
}

fn responses(route: &Described, schemas: &mut Schemas, template: &Template) -> Value {
    let mut all: BTreeMap<String, Value> = BTreeMap::new();
    let mut answers = |status: u16, says: &str, schema: &Value, headers: Value| {
        let mut response = json!({ "description": says });
        if headers.as_object().is_some_and(|it| !it.is_empty()) {
            put(&mut response, "headers", headers);
        }
        let text = json!({ "schema": { "type": "string", "description": "A table for people." } });
        let mut content = json!({ "application/json": { "schema": schema }, "text/plain": text });
        if !route.kind.mutates() {
            put(&mut content, "text/html", page());
        }
        put(&mut response, "content", content);
        all.insert(status.to_string(), response);
    };
    match route.operation.answers {
        Answers::Body(of) => {
            let body = schemas.written(of);
            let schema = schemas.name(&format!("{}Answer", capitalised(&route.id)), body);
            let is_paged = route.query.iter().any(|it| it.name() == "cursor");
            let link = json!({ "Link": { "description": "`rel=\"next\"`: where the list goes on.", "schema": { "type": "string" } } });
            answers(status::DONE, "What was asked.", &schema, if is_paged { link } else { json!({}) });
        }
        Answers::Report { effect, more, may_be_partial, may_go_on } => {
            let schema = report(route, effect, more, schemas);
            answers(status::DONE, "All done, or nothing to do.", &schema, json!({}));
            if may_go_on {
                let headers = json!({
                    "Location": {
                        "description": "Where to look, relative to this request's path.",
                        "schema": { "type": "string" },
                    },
                    "Retry-After": { "description": "When, in seconds.", "schema": { "type": "integer" } },
                });
                answers(status::UNDER_WAY, "Begun, and still under way.", &schema, headers);
            }
            if may_be_partial {
                let says = "Some items failed or were not attempted: the same request again goes on.";
                answers(status::PARTIAL, says, &schema, json!({}));
            }
        }
    }
    for (status, response) in problems(route, template) {
        all.insert(status, response);
    }
    json!(all)
}

/// What answers who asks for HTML.
fn page() -> Value {
    json!({ "schema": { "type": "string", "description": "A page for people: one document, whole in itself." } })
}

/// A report whose items' effects are known.
fn report(
    route: &Described,
    effect: shared::api::SchemaOf,
    more: Option<shared::api::SchemaOf>,
    schemas: &mut Schemas,
) -> Value {
    let effect = schemas.written(effect);
    let effect = json!({ "anyOf": [effect, { "type": "null" }] });
    let item = json!({ "properties": { "before": effect, "after": effect } });
    let mut parts = vec![
        json!({ "$ref": "#/components/schemas/Report" }),
        json!({ "properties": { "items": { "items": item } } }),
    ];
    parts.extend(more.map(|more| schemas.written(more)));
    let name: String = route.function.split('-').map(capitalised).collect();
    let own = format!("{}Report", capitalised(&route.id));
    schemas.name_alike(&format!("{name}Report"), &own, json!({ "allOf": parts }))
}

/// The problems by their status: the function's own, and the gateway's.
fn problems(route: &Described, template: &Template) -> BTreeMap<String, Value> {
    let mut own: BTreeMap<u64, Vec<Code>> = BTreeMap::new();
    for code in codes(route.operation) {
        own.entry(status::of_code(code).into()).or_default().push(code);
    }
    let mut gateways: BTreeMap<u64, BTreeMap<&str, &str>> = BTreeMap::new();
    for refusal in &template.refusals {
        gateways.entry(refusal.status).or_default().insert(&refusal.code, &refusal.title);
    }
    let mut statuses: Vec<u64> = own.keys().chain(gateways.keys()).copied().collect();
    statuses.sort_unstable();
    statuses.dedup();
    let response = |status: u64| {
        let (own, gateways) = (own.get(&status), gateways.get(&status));
        let mut lines = Vec::new();
        let mut kinds = Vec::new();
        if let Some(codes) = own {
            lines.extend(codes.iter().map(|code| format!("- `{code}`: {}", code.title())));
            kinds.push(json!({ "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "properties": { "status": { "const": status }, "code": { "enum": codes } } },
            ] }));
        }
        if let Some(codes) = gateways {
            lines.extend(codes.iter().map(|(code, title)| format!("- `{code}` (API Gateway): {title}")));
            let codes: Vec<&&str> = codes.keys().collect();
            kinds.push(json!({ "allOf": [
                { "$ref": "#/components/schemas/GatewayProblem" },
                { "properties": { "status": { "const": status }, "code": { "enum": codes } } },
            ] }));
        }
        let schema = match kinds.as_slice() {
            [one] => one.clone(),
            _ => json!({ "anyOf": kinds }),
        };
        let says = lines.join("\n");
        let mut content = json!({ "application/problem+json": { "schema": schema } });
        // API Gateway's own are never pages.
        if own.is_some() {
            put(&mut content, "text/html", page());
        }
        json!({ "description": says, "content": content })
    };
    statuses.into_iter().map(|status| (status.to_string(), response(status))).collect()
}

/// Puts the responses that most operations have in common into one place each.
pub(super) fn share_responses(document: &mut Value) {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let each = |document: &mut Value, with: &mut dyn FnMut(&str, &mut Value)| {
        let paths = document.get_mut("paths").and_then(Value::as_object_mut);
        let operations = paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
        for operation in operations.flat_map(Map::values_mut) {
            let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
            for (status, response) in responses.into_iter().flatten() {
                if response.pointer("/content/application~1problem+json").is_some() {
                    with(status, response);
                }
            }
        }
    };
    each(document, &mut |status, response| {
        *counts.entry((status.to_owned(), response.to_string())).or_default() += 1;
    });
    let mut shared: BTreeMap<String, Value> = BTreeMap::new();
    each(document, &mut |status, response| {
        let of = |text: String| counts.get(&(status.to_owned(), text)).copied().unwrap_or(0);
        let most = counts.iter().filter(|((of, _), _)| of == status).map(|(_, count)| *count).max();
        let count = of(response.to_string());
        let name = format!("Problem{status}");
        let is_the_one = shared.get(&name).is_none_or(|there| there == response);
        if count > 1 && Some(count) == most && is_the_one {
            shared.insert(name.clone(), response.clone());
            *response = json!({ "$ref": format!("#/components/responses/{name}") });
        }
    });
    if let Some(responses) = document.pointer_mut("/components/responses") {
        *responses = json!(shared);
    }
}
