//! JSON into types, with the place of the fault in the error.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::Problem;

/// Parses `fields` as `T`; `what` names the request in the error.
///
/// A field that is `null` is a fault: `{"services": null}` would be taken for all services, and whoever wrote it
/// meant some.
pub fn parse<T: DeserializeOwned>(what: &str, fields: Value) -> Result<T, Problem> {
    if let Some((name, _)) = fields.as_object().into_iter().flatten().find(|(_, value)| value.is_null()) {
        let detail = format!("{what}: field {name:?} is null: give it a value, or leave it out");
        return Err(Problem::bad_request(detail));
    }
    serde_path_to_error::deserialize(fields).map_err(|fault| {
        let place = fault.path().to_string();
        let place = if place == "." { String::new() } else { format!("field {place:?}: ") };
        Problem::bad_request(format!("{what}: {place}{}", plain(&fault.into_inner().to_string())))
    })
}

/// serde's words for kinds of values, as JSON has them.
fn plain(fault: &str) -> String {
    const WORDS: [(&str, &str); 9] = [
        ("invalid type: map", "invalid type: an object"),
        ("invalid type: sequence", "invalid type: a list"),
        ("expected a sequence", "expected a list"),
        ("expected a map", "expected an object"),
        ("expected string or map", "expected a text or an object"),
        ("expected u32", "expected a whole number from 0"),
        ("expected u64", "expected a whole number from 0"),
        ("expected usize", "expected a whole number from 0"),
        ("expected i32", "expected a whole number"),
    ];
    let fault = WORDS.iter().fold(fault.to_owned(), |fault, (word, plain)| fault.replace(word, plain));
    match fault.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected an object"),
        None => fault,
    }
}
