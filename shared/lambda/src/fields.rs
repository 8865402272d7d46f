//! The fields of a request, whichever carrier brought them.

use serde_json::{Map, Value};
use shared::call::{Envelope, Kind};
use shared::{Problem, Route, strict};

/// An action's own request, and the envelope that every mutation takes.
pub(crate) fn parse<R>(route: &Route<R>, mut fields: Map<String, Value>) -> Result<(R, Envelope), Problem> {
    let mut envelope = Map::new();
    if route.kind != Kind::Read {
        for name in Envelope::FIELDS {
            if let Some(value) = fields.remove(*name) {
                envelope.insert((*name).to_owned(), value);
            }
        }
    }
    if route.kind == Kind::DryUnlessTold {
        envelope.entry("dryRun").or_insert(Value::Bool(true));
    }
    let request = (route.parse)(route.action, Value::Object(fields)).map_err(|mut problem| {
        if route.kind != Kind::Read && problem.detail.contains("unknown field") {
            problem.detail += "; and every change takes `dryRun`, `reason`, `onBehalfOf`, `at`";
        }
        problem
    })?;
    Ok((request, strict::parse(route.action, Value::Object(envelope))?))
}
