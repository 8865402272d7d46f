//! JSON into types, with the place of the fault in the error.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::Problem;

/// Parses `fields` as `T`; `what` names the request in the error.
pub fn parse<T: DeserializeOwned>(what: &str, fields: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(fields).map_err(|fault| {
        let place = fault.path().to_string();
        let place = if place == "." { String::new() } else { format!("field {place:?}: ") };
        Problem::bad_request(format!("{what}: {place}{}", fault.into_inner()))
    })
}
