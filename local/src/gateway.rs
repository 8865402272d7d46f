//! What API Gateway does between a client and a function: it finds the route, makes the REST
//! proxy event, and sends the function's response on.
//!
//! Like API Gateway it hands path parameters over as they stood in the URL, still encoded, and
//! query parameters decoded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::template::{Template, TemplateRoute};

/// The largest body that API Gateway takes. What a function takes is less, and its own answer.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
pub const LARGEST_BODY: usize = 10 * 1024 * 1024;

/// A request as a client sends it.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// `PUT`.
    pub method: String,
    /// The path and query as they stand in the URL: `/v1/clusters?query=…`.
    pub path: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A response as a client gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// 200.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Response {
    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The function's response to a REST proxy event, as API Gateway sends it on.
    pub(crate) fn from_proxy(response: &Value) -> Self {
        let headers =
            response["multiValueHeaders"].as_object().into_iter().flatten().flat_map(|(name, values)| {
                let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
                values.map(|value| (name.clone(), value.to_owned()))
            });
        Self {
            status: response["statusCode"].as_u64().and_then(|n| u16::try_from(n).ok()).unwrap_or(502),
            headers: headers.collect(),
            body: response["body"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// What API Gateway answers when no route fits; the template's `GatewayResponses` say the same.
    pub(crate) fn no_such_route(sent: &Sent) -> Self {
        let path = sent.path.split('?').next().unwrap_or_default();
        let detail = format!("{} {path}: no route of the API fits", sent.method);
        Self::refusal(403, "Not signed, or no such route", "notSignedOrNoSuchRoute", &detail)
    }

    /// What API Gateway answers to a body beyond [`LARGEST_BODY`].
    pub(crate) fn too_large() -> Self {
        let detail = "the body is larger than 10 MB, the most that API Gateway takes";
        Self::refusal(413, "The request is too large", "tooLarge", detail)
    }

    /// What `cargo local serve` answers to another site's page that is open in the same browser: such a page may send
    /// requests to this machine, with this machine's credentials behind them. `loopback` is whether nobody else is to
    /// reach it, so that any name but this machine's own leads here by a trick
    /// (DNS rebinding).
    pub(crate) fn of_elsewhere(host: Option<&str>, origin: Option<&str>, loopback: bool) -> Option<Self> {
        let host = host.unwrap_or_default();
        let own = origin.is_none_or(|origin| origin.split_once("://").is_some_and(|(_, from)| from == host));
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        let here = name.is_empty()
            || name == "localhost"
            || name.ends_with(".localhost")
            || name.parse::<std::net::IpAddr>().is_ok();
        if own && (here || !loopback) {
            return None;
        }
        let detail = "a page of another site can't send requests here: open this address itself, or leave out the \
                      headers host and origin";
        Some(Self::refusal(403, "From another site", "crossOrigin", detail))
    }

    fn refusal(status: u16, title: &str, code: &str, detail: &str) -> Self {
        let body = json!({
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "code": code,
            "retryable": false,
            "requestId": crate::system::next_id(),
        });
        let headers = vec![("content-type".to_owned(), "application/problem+json".to_owned())];
        Self { status, headers, body: body.to_string() }
    }
}

/// The route that fits, and the path's parameters.
pub(crate) fn find<'t>(
    template: &'t Template,
    sent: &Sent,
) -> Option<(&'t TemplateRoute, Map<String, Value>)> {
    let path = sent.path.split('?').next().unwrap_or_default();
    template
        .routes
        .iter()
        .filter(|route| route.method == sent.method)
        .find_map(|route| parameters(&route.path, path).map(|parameters| (route, parameters)))
}

fn parameters(pattern: &str, path: &str) -> Option<Map<String, Value>> {
    let mut parameters = Map::new();
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(parameters),
            (Some(wanted), Some(given)) => {
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(_) if given.is_empty() => return None,
                    Some(name) => drop(parameters.insert(name.to_owned(), given.into())),
                    None if wanted == given => {}
                    None => return None,
                }
            }
            _ => return None,
        }
    }
}

/// The REST proxy event of a request to a route.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>
pub(crate) fn event(
    route: &TemplateRoute,
    parameters: Map<String, Value>,
    sent: &Sent,
    account: &str,
    request_id: &str,
) -> Value {
    let (path, query) = sent.path.split_once('?').unwrap_or((&sent.path, ""));
    let mut all = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let values = all.entry(decoded(name)).or_insert_with(|| json!([]));
        if let Some(values) = values.as_array_mut() {
            values.push(decoded(value).into());
        }
    }
    let once: Map<String, Value> =
        all.iter().map(|(name, values)| (name.clone(), values[0].clone())).collect();
    let headers: Map<String, Value> =
        sent.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let (body, base64) = match String::from_utf8(sent.body.clone()) {
        Ok(text) if text.is_empty() => (Value::Null, false),
        Ok(text) => (text.into(), false),
        Err(_) => (STANDARD.encode(&sent.body).into(), true),
    };
    json!({
        "resource": route.path,
        "path": path,
        "httpMethod": sent.method,
        "headers": headers,
        "multiValueHeaders": null,
        "queryStringParameters": if once.is_empty() { Value::Null } else { once.into() },
        "multiValueQueryStringParameters": if all.is_empty() { Value::Null } else { all.into() },
        "pathParameters": if parameters.is_empty() { Value::Null } else { parameters.into() },
        "stageVariables": null,
        "requestContext": {
            "accountId": account,
            "apiId": "local",
            "httpMethod": sent.method,
            "identity": {
                "userArn": format!("arn:aws:iam::{account}:user/local"),
                "sourceIp": "127.0.0.1",
            },
            "path": path,
            "protocol": "HTTP/1.1",
            "requestId": request_id,
            "resourceId": "local",
            "resourcePath": route.path,
            "stage": "local",
        },
        "body": body,
        "isBase64Encoded": base64,
    })
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(method: &str, path: &str) -> Sent {
        Sent { method: method.into(), path: path.into(), ..Sent::default() }
    }

    #[test]
    fn a_route_fits_segment_by_segment_and_keeps_its_parameters_encoded() {
        let template = Template::read().unwrap();
        let found = |method: &str, path: &str| {
            find(&template, &sent(method, path))
                .map(|(route, found)| (route.path.clone(), Value::Object(found)))
        };
        let (path, parameters) = found("POST", "/v1/clusters/a%2Fb/services/users/stop?dryRun=true").unwrap();
        assert_eq!(path, "/v1/clusters/{cluster}/services/{service}/stop");
        assert_eq!(parameters, json!({"cluster": "a%2Fb", "service": "users"}));
        assert_eq!(found("GET", "/v1/clusters").unwrap().1, json!({}));
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/v1/clusters/"),
            ("GET", "/v1/clusters//services"),
            ("DELETE", "/v1/clusters"),
            ("GET", "/v1/clusters/a/services/b/c"),
        ] {
            assert_eq!(found(method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn query_parameters_are_decoded_and_all_of_them_kept() {
        let template = Template::read().unwrap();
        let sent = sent("GET", "/v1/clusters?query=clusters%5B*%5D.a+b&x=1&x=2&flag");
        let (route, parameters) = find(&template, &sent).unwrap();
        let event = event(route, parameters, &sent, "123456789012", "r-1");
        let query = &event["multiValueQueryStringParameters"];
        assert_eq!(query, &json!({"query": ["clusters[*].a b"], "x": ["1", "2"], "flag": [""]}));
        assert_eq!(event["pathParameters"], Value::Null);
    }

    #[test]
    fn another_sites_page_is_refused_and_this_machine_is_not() {
        let refused = |host, origin, loopback| Response::of_elsewhere(host, origin, loopback).is_some();
        for (host, origin) in [
            (None, None),
            (Some("127.0.0.1:9000"), None),
            (Some("[::1]:9000"), None),
            (Some("localhost:9000"), Some("http://localhost:9000")),
            (Some("127.0.0.1:9000"), Some("http://127.0.0.1:9000")),
        ] {
            assert!(!refused(host, origin, true), "{host:?} {origin:?}");
        }
        for (host, origin) in [
            (Some("127.0.0.1:9000"), Some("http://evil.example")),
            (Some("127.0.0.1:9000"), Some("http://127.0.0.1:8000")),
            (Some("127.0.0.1:9000"), Some("null")),
            (Some("evil.example:9000"), None),
            (Some("evil.example:9000"), Some("http://evil.example:9000")),
        ] {
            assert!(refused(host, origin, true), "{host:?} {origin:?}");
        }
        assert!(!refused(Some("build.example:9000"), None, false), "others are to reach it");
        assert!(refused(Some("build.example:9000"), Some("http://evil.example"), false));
    }

    #[test]
    fn a_body_that_is_no_text_goes_as_base64() {
        let template = Template::read().unwrap();
        let sent = Sent { body: vec![0xff, 0xfe], ..sent("POST", "/v1/clusters/prod/stop") };
        let (route, parameters) = find(&template, &sent).unwrap();
        let event = event(route, parameters, &sent, "123456789012", "r-1");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("//4="), &json!(true)));
    }
}
