//! What the schemas of our words are made of: patterns that say what is really checked.
//!
//! A word says its own schema where it says its own rule, in its derive. Here stand the parts that several of
//! them share.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// An instant as requests and answers write it: the schema of every [`jiff::Timestamp`].
#[derive(Debug)]
pub struct Instant;

impl JsonSchema for Instant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A plain name's letters, as in a pattern.
pub const PLAIN: &str = "[A-Za-z0-9_-]";

/// The pattern of texts that are wholly of such letters, from `least` to `most` of them.
#[must_use]
pub fn only(letters: &str, least: usize, most: usize) -> String {
    format!("^{letters}{{{least},{most}}}$")
}

/// The pattern of what names a thing: its name, or any ARN. Whose ARN it is, is checked against the scope.
#[must_use]
pub fn name_or_arn(name: &str) -> String {
    // Neither partition nor service nor resource is empty; a region or account may be.
    format!("^({name}|arn:[^:]+:[^:]+:[^:]*:[^:]*:[\\s\\S]+)$")
}
