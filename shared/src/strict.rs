//! JSON into types, with the place of the fault in the error.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::Problem;

/// Parses `fields` as `T`; `what` names the request in the error.
///
/// A field that is `null` is a fault: `{"services": null}` would be taken for all services, and whoever wrote it
/// meant some. What stands at the fault is told, but for what is told to containers (`overrides`): it may be a secret.
pub fn parse<T: DeserializeOwned>(what: &str, fields: Value) -> Result<T, Problem> {
    if let Some((name, _)) = fields.as_object().into_iter().flatten().find(|(_, value)| value.is_null()) {
        let name: String = name.chars().take(SHOWN).collect();
        let detail = format!("{what}: field {name:?} is null: give it a value, or leave it out");
        return Err(Problem::bad_request(detail));
    }
    serde_path_to_error::deserialize(fields).map_err(|fault| {
        let place = fault.path().to_string();
        let fault = plain(&fault.into_inner().to_string());
        let is_untold = place.split(['.', '[']).next() == Some(UNTOLD);
        let fault = if is_untold { without_value(&fault) } else { cut(&fault) };
        let place: String = place.chars().take(SHOWN).collect();
        let place = if place == "." { String::new() } else { format!("field {place:?}: ") };
        Problem::bad_request(format!("{what}: {place}{fault}"))
    })
}

/// So many characters of what a caller wrote are told.
const SHOWN: usize = 120;

/// A fault with the beginning of what stands there, and what is expected.
fn cut(fault: &str) -> String {
    let (said, expected) =
        fault.rsplit_once(", expected ").map_or((fault, None), |(said, it)| (said, Some(it)));
    // What is ours to say has its own bounds on what it repeats.
    let most = if expected.is_some() { SHOWN } else { 4 * SHOWN };
    let mut short: String = said.chars().take(most).collect();
    if short.len() < said.len() {
        short.push('…');
    }
    expected.map_or(short.clone(), |expected| format!("{short}, expected {expected}"))
}

/// The field whose values nobody is told, in answers and logs.
const UNTOLD: &str = "overrides";

/// A fault without what stands there: `invalid type: string, expected a list`.
fn without_value(fault: &str) -> String {
    let tells_it = ["invalid type: ", "invalid value: ", "unknown variant "];
    if tells_it.iter().any(|kind| fault.starts_with(kind))
        && let Some((said, expected)) = fault.rsplit_once(", expected ")
    {
        let kind = said.split(['"', '`']).next().unwrap_or_default().trim_end();
        return format!("{kind}, expected {expected}");
    }
    fault.to_owned()
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

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Request {
        #[expect(dead_code, reason = "only its reading is tried")]
        count: u32,
    }

    #[test]
    fn what_stands_at_a_fault_is_told_as_far_as_a_line_goes_and_what_is_expected_after_it() {
        let detail = |count: &str| parse::<Request>("scale", json!({ "count": count })).unwrap_err().detail;
        let short = detail("many");
        assert!(short.contains("\"many\"") && !short.contains('…'), "{short}");
        let long = detail(&"x".repeat(500));
        assert!(long.contains("xxx…, expected a whole number from 0") && long.len() < 250, "{long}");
        assert!(long.starts_with("scale: field \"count\": "), "{long}");
    }

    #[test]
    fn of_what_is_told_to_containers_the_kind_is_told_and_what_is_expected_and_never_the_value() {
        #[derive(Debug, Deserialize)]
        struct Launch {
            #[expect(dead_code, reason = "only its reading is tried")]
            overrides: Vec<Override>,
        }
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[expect(dead_code, reason = "only its reading is tried")]
        struct Override {
            cpu: u32,
        }
        for value in [json!([{"cpu": "CANARY"}]), json!("CANARY"), json!([{"cpu": -7.5}])] {
            let told = parse::<Launch>("run", json!({ "overrides": value })).unwrap_err().detail;
            assert!(told.contains("field \"overrides") && told.contains("invalid "), "{told}");
            assert!(told.contains(", expected a "), "{told}");
            assert!(!told.contains("CANARY") && !told.contains("7.5"), "{told}");
        }
    }
}
