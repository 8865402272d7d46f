//! REST: path, query and body become one request, and an answer becomes a response.

use std::collections::BTreeMap;

use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};
use shared::call::{Kind, LARGEST_ANSWER, Parameter, Table, quoted_len};
use shared::{Actor, Answer, Call, Code, Problem, Route, Via, status};

use crate::accept::Accept;
use crate::invocation::Invocation;
use crate::query::Query;
use crate::{body, text};

const TEXT: &str = "text/plain; charset=utf-8";

/// How a call's answer is shown.
#[derive(Default)]
pub(crate) struct Shown {
    accept: Accept,
    /// The expression whose value is the body.
    query: Option<Query>,
    /// The query's other parameters, but for the cursor: a link to the next page carries them.
    others: Vec<(String, String)>,
}

/// The call of a REST proxy event, and how its answer is shown.
pub(crate) fn call<R>(
    event: &ApiGatewayProxyRequest,
    routes: &[Route<R>],
    at: &Invocation,
) -> Result<(Call<R>, Shown), Problem> {
    let route = find(event, routes)?;
    let mut shown = Shown { accept: Accept::of(&event.headers)?, ..Shown::default() };
    let mut fields = Fields::default();
    for (name, value) in &event.path_parameters {
        fields.add(name, Value::String(path_segment(name, value)?))?;
    }
    for (name, value) in query_parameters(event)? {
        if name == "query" {
            shown.query = Some(Query::new(&value)?);
        } else {
            fields.add(&name, parameter(route, &name, &value)?)?;
        }
        if name != "cursor" {
            shown.others.push((name, value));
        }
    }
    let body = body::fields(event.body.as_deref(), event.is_base64_encoded)?;
    if route.method == "GET" && !body.is_empty() {
        return Err(Problem::bad_request("a GET takes no body: put the fields in the query"));
    }
    for (name, value) in body {
        fields.add(&name, value)?;
    }
    let (request, envelope) = crate::fields::parse(route, fields.0)?;
    if envelope.schedule.is_some() {
        return Err(Problem::bad_request("\"schedule\" stands in scheduled events only"));
    }
    let call = Call {
        request,
        via: Via::Rest,
        actor: actor(event),
        envelope,
        request_id: at.request_id.clone(),
        scope: at.scope()?,
        mutates: route.kind != Kind::Read,
    };
    Ok((call, shown))
}

fn find<'r, R>(event: &ApiGatewayProxyRequest, routes: &'r [Route<R>]) -> Result<&'r Route<R>, Problem> {
    let resource = event.resource.as_deref().unwrap_or_default();
    let method = event.http_method.as_str();
    routes.iter().find(|route| route.method == method && route.path == resource).ok_or_else(|| {
        let shown: String = format!("{method} {resource}").chars().take(200).collect();
        Problem::new(Code::UnknownRoute, format!("this function has no route {shown:?}"))
    })
}

/// A path parameter, decoded once: API Gateway hands it over as it stood in the URL. Only plain
/// names pass, so that neither an ARN nor an encoded slash nor a dot segment reaches around what
/// IAM was told of the path.
///
/// The name of an Auto Scaling group may hold nearly anything: here dots, spaces and a few signs
/// more. One with another sign is reached by direct events.
fn path_segment(name: &str, raw: &str) -> Result<String, Problem> {
    let (signs, says) = match name {
        "group" => ("-_. +=@,()", "letters, digits, spaces and - _ . + = @ , ( )"),
        _ => ("-_", "letters, digits, - and _"),
    };
    let fault = || {
        let shown: String = raw.chars().take(80).collect();
        Problem::bad_request(format!(
            "{{{name}}} in the path is {shown:?}: a path takes plain names ({says}), no ARNs"
        ))
    };
    let text = percent_decode_str(raw).decode_utf8().map_err(|_| fault())?;
    let plain = (1..=255).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
        && !text.chars().all(|c| c == '.');
    if plain { Ok(text.into_owned()) } else { Err(fault()) }
}

/// The query's parameters, each of which may stand once.
fn query_parameters(event: &ApiGatewayProxyRequest) -> Result<BTreeMap<String, String>, Problem> {
    let all = if event.multi_value_query_string_parameters.is_empty() {
        &event.query_string_parameters
    } else {
        &event.multi_value_query_string_parameters
    };
    let mut once = BTreeMap::new();
    for (name, value) in all.iter() {
        if once.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(given_twice(name));
        }
    }
    Ok(once)
}

fn parameter<R>(route: &Route<R>, name: &str, text: &str) -> Result<Value, Problem> {
    let known = route.query.iter().copied().find(|known| known.name() == name);
    let known = match known {
        None if name == "dryRun" && route.kind != Kind::Read => Parameter::Flag("dryRun"),
        None => {
            let shown: String = name.chars().take(80).collect();
            return Err(Problem::bad_request(format!("this route takes no query parameter {shown:?}")));
        }
        Some(known) => known,
    };
    let fault = |expected| Problem::bad_request(format!("query parameter {name:?} must be {expected}"));
    match known {
        Parameter::Text(_) => Ok(Value::String(text.to_owned())),
        Parameter::Flag(_) => text.parse().map(Value::Bool).map_err(|_| fault("true or false")),
        Parameter::Number(_) => text.parse::<u32>().map(Value::from).map_err(|_| fault("a whole number")),
    }
}

/// Fields of path, query and body, each given once.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn add(&mut self, name: &str, value: Value) -> Result<(), Problem> {
        if name == "action" {
            return Err(Problem::bad_request(
                "\"action\" stands in direct events only: here the path says it",
            ));
        }
        match self.0.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(given_twice(name)),
        }
    }
}

fn given_twice(name: &str) -> Problem {
    let shown: String = name.chars().take(80).collect();
    Problem::bad_request(format!("field {shown:?} is given twice (path, query, body): give it once"))
}

/// Who API Gateway says it is: an IAM ARN, a Cognito subject, or a Lambda authorizer's principal.
fn actor(event: &ApiGatewayProxyRequest) -> Actor {
    let context = &event.request_context;
    let fields = &context.authorizer.fields;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let who = context
        .identity
        .user_arn
        .clone()
        .or_else(|| text(fields.get("claims").and_then(|claims| claims.get("sub"))))
        .or_else(|| text(fields.get("principalId")))
        .unwrap_or_else(|| "unknown caller".into());
    Actor::new(&who)
}

/// The response that API Gateway sends on.
pub(crate) fn response(
    answer: Result<Answer, Problem>,
    shown: &Shown,
    tables: &[Table],
    request_id: &str,
) -> ApiGatewayProxyResponse {
    let done = answer.and_then(|answer| {
        let status = status::of_answer(&answer);
        let (kind, headers, text) = shown.text(answer, tables)?;
        if quoted_len(&text) > LARGEST_ANSWER {
            let detail = format!(
                "the answer has {} bytes, more than Lambda carries: narrow it with query=, or page it with limit=",
                text.len()
            );
            return Err(Problem::new(Code::AnswerTooLarge, detail));
        }
        Ok(respond(status, kind, headers, text))
    });
    done.unwrap_or_else(|problem| {
        let text = problem_body(&problem, request_id).to_string();
        respond(status::of_problem(&problem), "application/problem+json", vec![], text)
    })
}

/// An answer's content type, the headers beside it, and its text.
type Written = (&'static str, Vec<(HeaderName, String)>, String);

impl Shown {
    fn text(&self, answer: Answer, tables: &[Table]) -> Result<Written, Problem> {
        let mut headers = Vec::new();
        let body = match answer {
            Answer::Read(body) => {
                let next = body.get("nextToken").and_then(Value::as_str);
                headers.extend(next.map(|cursor| (header::LINK, self.next(cursor))));
                body
            }
            Answer::Report(report) if self.accept == Accept::Text && self.query.is_none() => {
                return Ok((TEXT, headers, text::of_report(&json!(report))));
            }
            Answer::Report(report) => json!(report),
            Answer::Accepted { location, retry_after, body } => {
                headers.push((header::LOCATION, location));
                headers.push((header::RETRY_AFTER, retry_after.to_string()));
                if self.accept == Accept::Text && self.query.is_none() {
                    return Ok((TEXT, headers, text::of_report(&body)));
                }
                body
            }
        };
        let body = match &self.query {
            Some(query) => query.of(body)?,
            None => body,
        };
        Ok(match self.accept {
            Accept::Json => ("application/json", headers, body.to_string()),
            Accept::Text => (TEXT, headers, text::of_body(&body, tables, self.query.is_some())),
        })
    }

    /// The link to the next page: the same path, by a reference that holds the query only.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc8288>
    fn next(&self, cursor: &str) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let others = self.others.iter().map(|(name, value)| format!("{}={}&", encoded(name), encoded(value)));
        format!("<?{}cursor={}>; rel=\"next\"", others.collect::<String>(), encoded(cursor))
    }
}

fn respond(
    status: u16,
    kind: &'static str,
    extra: Vec<(HeaderName, String)>,
    text: String,
) -> ApiGatewayProxyResponse {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in extra {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = i64::from(status);
    response.multi_value_headers = headers;
    response.body = Some(Body::Text(text));
    response
}

/// A problem as RFC 9457 writes it, with our code, and ready requests where they help.
pub(crate) fn problem_body(problem: &Problem, request_id: &str) -> Value {
    let mut body = json!({
        "type": format!("urn:ecs-steward:problem:{}", problem.code),
        "title": problem.code.title(),
        "status": status::of_problem(problem),
        "detail": problem.detail,
        "code": problem.code,
        "retryable": problem.retryable,
        "requestId": request_id,
    });
    if let Some(fields) = body.as_object_mut() {
        if !problem.actions.is_empty() {
            fields.insert("actions".into(), json!(problem.actions));
        }
        if !problem.failures.is_empty() {
            fields.insert("failures".into(), json!(problem.failures));
        }
    }
    body
}
