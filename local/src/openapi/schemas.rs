//! The schemas of requests and answers, and their parts under one roof.

use std::collections::BTreeSet;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};
use shared::api::SchemaOf;
use shared::call::Envelope;
use shared::names::{ClusterName, Family, ServiceName, TaskId};
use shared::problem::ProblemDetails;
use shared::report::Report;
use shared_lambda::{GROUP_SIGNS, LONGEST_NAME};

use crate::template::Template;

/// Where the parts stand in the document.
const PARTS: &str = "#/components/schemas/";

/// What makes schemas, of what is read and of what is written.
pub(super) struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
    own: Map<String, Value>,
}

impl Schemas {
    pub(super) fn new(template: &Template) -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        let mut schemas = Self {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().into_generator(),
            own: Map::new(),
        };
        schemas.written.subschema_for::<Report>();
        schemas.written.subschema_for::<ProblemDetails>();
        schemas.name("GatewayProblem", gateway_problem(template));
        schemas
    }

    /// The fields of a request: an object's schema, not a reference to it.
    pub(super) fn fields(&mut self, of: SchemaOf) -> Value {
        let mut schema = of(&mut self.read).to_value();
        bound(&mut schema);
        let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix(PARTS))
        else {
            return schema;
        };
        // A request's own struct is no part of others: each route shows its own share of it.
        let mut fields = self.read.definitions_mut().shift_remove(name).unwrap_or_default();
        bound(&mut fields);
        fields
    }

    /// What every change takes beside its own fields.
    pub(super) fn envelope(&mut self) -> Value {
        let mut envelope = self.fields(SchemaGenerator::subschema_for::<Envelope>);
        if let Some(fields) = envelope.get_mut("properties").and_then(Value::as_object_mut) {
            // It stands in scheduled events only.
            fields.shift_remove("schedule");
        }
        envelope
    }

    /// What is written.
    pub(super) fn written(&mut self, of: SchemaOf) -> Value {
        of(&mut self.written).to_value()
    }

    /// What a path's parameter may be.
    pub(super) fn path_parameter(&mut self, name: &str, fields: &Value) -> Value {
        match name {
            "cluster" => self.read.subschema_for::<ClusterName>().to_value(),
            "service" => self.read.subschema_for::<ServiceName>().to_value(),
            "task" => self.read.subschema_for::<TaskId>().to_value(),
            "family" => self.read.subschema_for::<Family>().to_value(),
            "group" => json!({
                "description": "The name of an Auto Scaling group, percent-encoded but for letters, digits and \
                                `- . _ ~`. Others are reached by direct events.",
                "type": "string",
                "pattern": not_dots_alone(),
                "minLength": 1,
                "maxLength": LONGEST_NAME,
            }),
            _ => {
                fields.pointer(&format!("/properties/{name}")).cloned().map(without_null).unwrap_or_default()
            }
        }
    }

    /// Gives a schema a name, and refers to it.
    pub(super) fn name(&mut self, name: &str, schema: Value) -> Value {
        if schema.get("$ref").is_some() {
            return schema;
        }
        self.own.insert(name.to_owned(), schema);
        json!({ "$ref": format!("{PARTS}{name}") })
    }

    /// The same by a name that several things have who look alike, or by its own name where it does not.
    pub(super) fn name_alike(&mut self, name: &str, own: &str, schema: Value) -> Value {
        let is_another = self.own.get(name).is_some_and(|there| *there != schema);
        self.name(if is_another { own } else { name }, schema)
    }

    /// All named parts, in the order of their names.
    pub(super) fn into_components(mut self) -> Result<Map<String, Value>, String> {
        let mut all = std::mem::take(&mut self.own);
        let mut read = self.read.take_definitions(true);
        read.values_mut().for_each(bound);
        for definitions in [read, self.written.take_definitions(true)] {
            for (name, schema) in definitions {
                if all.get(&name).is_some_and(|there| *there != schema) {
                    return Err(format!(
                        "two schemas have the name {name}: rename one (#[schemars(rename = …)])"
                    ));
                }
                all.insert(name, schema);
            }
        }
        all.sort_keys();
        all.values_mut().for_each(tidy);
        Ok(all)
    }
}

/// The name of a group in a path: not `.` or `..`, nor longer runs of dots. Without a look ahead, which not every
/// validator knows.
fn not_dots_alone() -> String {
    let (all, others) = (in_brackets(GROUP_SIGNS), in_brackets(&GROUP_SIGNS.replace('.', "")));
    format!("^[.]*[A-Za-z0-9{others}][A-Za-z0-9{all}]*$")
}

/// In a class of a regular expression the dash stands last, and nothing else of ours needs an escape there.
fn in_brackets(signs: &str) -> String {
    let others: String = signs.chars().filter(|sign| *sign != '-').collect();
    format!("{others}-")
}

/// What API Gateway answers by itself.
fn gateway_problem(template: &Template) -> Value {
    let mut codes: Vec<&str> = template.refusals.iter().map(|it| it.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    json!({
        "description": "A problem that API Gateway answers by itself, in the form of the functions' own.",
        "type": "object",
        "properties": {
            "type": { "const": "about:blank" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "type": "string", "enum": codes },
            "retryable": { "type": "boolean" },
            "requestId": { "type": "string" },
        },
        "required": ["type", "title", "status", "detail", "code", "retryable", "requestId"],
    })
}

/// A number is as wide as Rust's, and no wider: what is beyond it is a bad request.
fn bound(schema: &mut Value) {
    let Value::Object(fields) = schema else {
        if let Value::Array(values) = schema {
            values.iter_mut().for_each(bound);
        }
        return;
    };
    let bounds = match fields.get("format").and_then(Value::as_str) {
        Some("uint32") => Some((0, i64::from(u32::MAX))),
        Some("int32") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        _ => None,
    };
    if let Some((least, most)) = bounds {
        fields.entry("minimum").or_insert_with(|| least.into());
        fields.entry("maximum").or_insert_with(|| most.into());
    }
    fields.values_mut().for_each(bound);
}

/// Keeps the parts that the rest of the document refers to, and what they refer to.
pub(super) fn used(parts: Map<String, Value>, document: &Value) -> Map<String, Value> {
    fn references(of: &Value, found: &mut Vec<String>) {
        match of {
            Value::Object(fields) => {
                if let Some(name) =
                    fields.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix(PARTS))
                {
                    found.push(name.to_owned());
                }
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut left = Vec::new();
    references(document, &mut left);
    let mut used = BTreeSet::new();
    while let Some(name) = left.pop() {
        if let Some(part) = parts.get(&name)
            && used.insert(name)
        {
            references(part, &mut left);
        }
    }
    parts.into_iter().filter(|(name, _)| used.contains(name)).collect()
}

/// A parameter is there or not; it is never null.
pub(super) fn without_null(mut schema: Value) -> Value {
    if let Some(any) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        any.retain(|it| it.get("type").is_none_or(|kind| kind != "null"));
        if let [one] = any.as_slice() {
            let one = one.clone();
            if let Some(fields) = schema.as_object_mut() {
                fields.shift_remove("anyOf");
                for (name, value) in one.as_object().cloned().unwrap_or_default() {
                    fields.entry(name).or_insert(value);
                }
            }
        }
    }
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [one] = kinds.as_slice() {
            let one = one.clone();
            if let Some(fields) = schema.as_object_mut() {
                fields.insert("type".into(), one);
            }
        }
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.retain(|word| !word.is_null());
    }
    schema
}

/// Takes away what is said twice: a field that may be null has no default of null.
pub(super) fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("default").is_some_and(Value::is_null) {
                fields.shift_remove("default");
            }
            // A name of the type; a field of this name has an object here.
            if fields.get("title").is_some_and(Value::is_string) {
                fields.shift_remove("title");
            }
            for (_, value) in fields.iter_mut() {
                tidy(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(tidy),
        _ => {}
    }
}
