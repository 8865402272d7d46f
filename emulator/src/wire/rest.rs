//! REST-JSON: the operation by method and path, parameters in path, query and body.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::wire::{Request, Written, query};

/// One operation's place: `GET`, `/2015-03-31/functions/{FunctionName}`, `GetFunction`.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) operation: &'static str,
}

/// The operation of a request, and the parameters of its path and its query, as text.
pub(super) fn find(
    routes: &'static [Route],
    request: &Request<'_>,
) -> Option<(&'static str, Map<String, Value>)> {
    let (path, query) = request.path.split_once('?').unwrap_or((request.path, ""));
    let mut parameters: Map<String, Value> = query::pairs(query).map(|(k, v)| (k, v.into())).collect();
    let (route, of_path) = routes
        .iter()
        .filter(|r| r.method == request.method)
        .find_map(|r| matched(r.path, path).map(|found| (r, found)))?;
    parameters.extend(of_path);
    Some((route.operation, parameters))
}

/// The parameters of a path that fits a pattern. A slash at the end means nothing.
fn matched(pattern: &str, path: &str) -> Option<Map<String, Value>> {
    let mut parameters = Map::new();
    let mut given = path.trim_matches('/').split('/');
    for part in pattern.trim_matches('/').split('/') {
        let segment = given.next()?;
        match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => {
                let value = percent_decode_str(segment).decode_utf8_lossy().into_owned();
                parameters.insert(name.to_owned(), value.into());
            }
            None if part == segment => {}
            _ => return None,
        }
    }
    given.next().is_none().then_some(parameters)
}

/// One input: the body's fields, and the parameters beside them.
pub(super) fn merged(body: Value, parameters: Map<String, Value>) -> Value {
    match body {
        Value::Object(mut fields) => {
            fields.extend(parameters);
            fields.into()
        }
        other => other,
    }
}

/// Faults that all services share have other statuses here.
pub(super) fn in_its_words(mut error: ApiError) -> ApiError {
    error.status = match error.code.as_str() {
        "ThrottlingException" => 429,
        "AccessDeniedException" => 403,
        "UnknownOperationException" => 404,
        _ => error.status,
    };
    error
}

pub(super) fn write(result: &Result<Value, ApiError>) -> Written {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    let (status, body) = match result {
        Ok(value) => (200, value.to_string()),
        Err(error) => {
            headers.push(("x-amzn-errortype", error.code.clone()));
            (error.status, json!({"message": error.message, "Message": error.message}).to_string())
        }
    };
    Written { status, headers, body: body.into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ROUTES: [Route; 2] = [
        Route { method: "GET", path: "/2015-03-31/functions", operation: "ListFunctions" },
        Route { method: "GET", path: "/2015-03-31/functions/{FunctionName}", operation: "GetFunction" },
    ];

    fn found(method: &str, path: &str) -> Option<(&'static str, Value)> {
        let request = Request { method, path, ..Request::default() };
        find(&ROUTES, &request).map(|(o, parameters)| (o, parameters.into()))
    }

    #[test]
    fn a_route_is_found_by_method_and_path() {
        assert_eq!(
            found("GET", "/2015-03-31/functions/?MaxItems=3&Marker=a%2Bb"),
            Some(("ListFunctions", json!({"MaxItems": "3", "Marker": "a+b"})))
        );
        assert_eq!(
            found("GET", "/2015-03-31/functions/arn%3Aaws%3Ax?Qualifier=1"),
            Some(("GetFunction", json!({"Qualifier": "1", "FunctionName": "arn:aws:x"})))
        );
        assert_eq!(found("POST", "/2015-03-31/functions"), None);
        assert_eq!(found("GET", "/2015-03-31/functions/a/b"), None);
        assert_eq!(found("GET", "/2015-03-31"), None);
    }

    #[test]
    fn an_error_has_its_code_in_a_header() {
        let error = in_its_words(ApiError::throttled());
        let written = write(&Err(error));
        assert_eq!(written.status, 429);
        assert!(written.headers.contains(&("x-amzn-errortype", "ThrottlingException".to_owned())));
        assert_eq!(
            merged(
                json!({"a": 1}),
                found("GET", "/2015-03-31/functions/f").unwrap().1.as_object().unwrap().clone()
            ),
            json!({"a": 1, "FunctionName": "f"})
        );
    }
}
