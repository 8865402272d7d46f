//! The fields of a request, whichever carrier brought them.

use serde_json::{Map, Value};
use shared::call::{Envelope, Kind};
use shared::{Problem, Route, strict};

/// An action's own request, and the envelope that every mutation takes.
pub(crate) fn parse<R>(route: &Route<R>, mut fields: Map<String, Value>) -> Result<(R, Envelope), Problem> {
    let mut envelope = Map::new();
    for name in route.kind.envelope() {
        if let Some(value) = fields.remove(*name) {
            envelope.insert((*name).to_owned(), value);
        }
    }
    if route.kind == Kind::DryUnlessTold {
        envelope.entry("dryRun").or_insert(Value::Bool(true));
    }
    if route.kind.mutates()
        && let Some((given, meant)) = misspelt(&fields)
    {
        let detail = format!("{}: field {given:?} is unknown: write {meant:?}", route.action);
        return Err(Problem::bad_request(detail));
    }
    let request = (route.parse)(route.action, Value::Object(fields))?;
    Ok((request, strict::parse(route.action, Value::Object(envelope))?))
}

/// A field that is the envelope's but for its case: the request's own fields are no help to whoever wrote it.
fn misspelt(fields: &Map<String, Value>) -> Option<(&str, &'static str)> {
    fields.keys().find_map(|given| {
        let meant = Envelope::FIELDS.iter().find(|name| name.eq_ignore_ascii_case(given))?;
        Some((given.as_str(), *meant))
    })
}
