//! REST: path, query and body become one request, and an answer becomes a response.

use std::collections::BTreeMap;

use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, header};
use maud::Markup;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};
use shared::call::{Finding, LARGEST_ANSWER, Parameter, Table, bounded_json, quoted_len};
use shared::report::{Report, Warning};
use shared::{Actor, Answer, Call, Code, Problem, Route, Via, status};

use crate::accept::Accept;
use crate::invocation::Invocation;
use crate::page::{self, Asked, Page};
use crate::query::Query;
use crate::{body, text};

/// What the plain names of a path hold beside letters and digits.
pub(crate) const PLAIN_SIGNS: &str = "-_";
/// What the name of an Auto Scaling group may hold beside them in a path.
pub const GROUP_SIGNS: &str = "-_. +=@,()";
/// The most bytes of a name in a path.
pub const LONGEST_NAME: usize = 255;

const TEXT: &str = "text/plain; charset=utf-8";

/// How a call's answer is shown.
pub(crate) struct Shown {
    accept: Accept,
    /// Whether a problem is a page.
    problem_as_page: bool,
    /// The expression whose value is the body.
    query: Option<Query>,
    /// The query's other parameters, but for the cursor: a link to the next page carries them.
    others: Vec<(String, String)>,
    asked: Asked,
}

impl Shown {
    /// As far as it is known before the request is read.
    pub(crate) fn of<R>(event: &ApiGatewayProxyRequest, routes: &[Route<R>]) -> Self {
        Self {
            accept: Accept::default(),
            problem_as_page: matches!(Accept::of(&event.headers, Accept::PROBLEM), Ok(Accept::Html)),
            query: None,
            others: Vec::new(),
            asked: Asked::of(event, routes),
        }
    }
}

/// The call of a REST proxy event, and in `shown` how its answer is shown.
pub(crate) fn call<R>(
    event: &ApiGatewayProxyRequest,
    routes: &[Route<R>],
    at: &Invocation,
    shown: &mut Shown,
) -> Result<Call<R>, Problem> {
    let route = find(event, routes)?;
    let offered = if route.kind.mutates() { Accept::CHANGE } else { Accept::READ };
    shown.accept = Accept::of(&event.headers, offered)?;
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
        mutates: route.kind.mutates(),
    };
    Ok(call)
}

fn find<'r, R>(event: &ApiGatewayProxyRequest, routes: &'r [Route<R>]) -> Result<&'r Route<R>, Problem> {
    let resource = event.resource.as_deref().unwrap_or_default();
    let method = event.http_method.as_str();
    routes.iter().find(|route| route.method == method && route.path == resource).ok_or_else(|| {
        let shown: String = format!("{method} {resource}").chars().take(200).collect();
        Problem::new(Code::UnknownRoute, format!("this function has no route {shown:?}"))
    })
}

/// Whether a path takes a name: letters, digits and these signs.
pub(crate) fn is_plain(text: &str, signs: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
        && !text.chars().all(|c| c == '.')
}

/// A path parameter, as it was sent: API Gateway hands it over as it stood in the URL, and that is what IAM was
/// asked about. So a plain name is taken as it is, and no `%` can lead around a policy that names the plain path.
///
/// The name of an Auto Scaling group may hold nearly anything: here dots, spaces and a few signs more. It is
/// decoded once, and its encoding must be the only one that there is. One with another sign is reached by direct
/// events.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html>
fn path_segment(name: &str, raw: &str) -> Result<String, Problem> {
    let fault = |says: &str| {
        let shown: String = raw.chars().take(80).collect();
        Problem::bad_request(format!("{{{name}}} in the path is {shown:?}: {says}"))
    };
    if name != "group" {
        let says = "a path takes plain names (letters, digits, - and _) as they are: no %, no ARNs";
        return if is_plain(raw, PLAIN_SIGNS) { Ok(raw.to_owned()) } else { Err(fault(says)) };
    }
    let says = "a group's name takes letters, digits, spaces and - _ . + = @ , ( ) in a path, and no ARNs";
    let text = percent_decode_str(raw).decode_utf8().map_err(|_| fault(says))?;
    if !is_plain(&text, GROUP_SIGNS) {
        return Err(fault(says));
    }
    let canonical = utf8_percent_encode(&text, ENCODED).to_string();
    if canonical != raw {
        return Err(fault(&format!("encoded it reads {canonical:?}, and only so")));
    }
    Ok(text.into_owned())
}

/// All but what needs no encoding anywhere in a URL.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path as a reference from another one: what stands before both, such as a stage, survives.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc3986#section-4.2>
pub(crate) fn reference(from: &str, to: &str) -> String {
    let (path, query) = to.find('?').map_or((to, ""), |at| to.split_at(at));
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = path.split('/').collect();
    let (above, below) = (from.len().saturating_sub(1), to.len().saturating_sub(1));
    let same =
        from.iter().take(above).zip(to.iter().take(below)).take_while(|(one, other)| one == other).count();
    let down = to.iter().skip(same).copied().collect::<Vec<_>>().join("/");
    let up = if above == same { "./".to_owned() } else { "../".repeat(above - same) };
    format!("{up}{down}{query}")
}

/// A text as it is sent, where Lambda carries it: it ends with a newline.
fn written(mut text: String) -> Option<String> {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    (quoted_len(&text) <= LARGEST_ANSWER).then_some(text)
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
        None if name == "dryRun" && route.kind.mutates() => Parameter::Flag("dryRun"),
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
        let (headers, text) = match answer {
            Answer::Read(body) | Answer::Finding(Finding { body, .. }) => {
                let next = body.get("nextToken").and_then(Value::as_str);
                let links = next.map(|cursor| (header::LINK, shown.next(cursor))).into_iter().collect();
                (links, shown.body(body, tables)?)
            }
            Answer::Report(report) => (Vec::new(), shown.report(report)?),
            Answer::Accepted { location, retry_after, report } => {
                let location = shown.asked.to(&location);
                let headers =
                    vec![(header::LOCATION, location), (header::RETRY_AFTER, retry_after.to_string())];
                (headers, shown.report(report)?)
            }
        };
        let kind = match shown.accept {
            Accept::Json => "application/json",
            Accept::Text => TEXT,
            Accept::Html => page::HTML,
        };
        Ok(respond(status, kind, headers, text))
    });
    done.unwrap_or_else(|problem| {
        let status = status::of_problem(&problem);
        let details = problem.details(request_id);
        if shown.problem_as_page {
            let text =
                shown.page(details.title.to_owned(), Vec::new(), page::of_problem(&details, &shown.asked));
            return respond(status, page::HTML, vec![], text);
        }
        respond(status, "application/problem+json", vec![], json!(details).to_string())
    })
}

impl Shown {
    /// What is read, or the query's value of it.
    fn body(&self, body: Value, tables: &[Table]) -> Result<String, Problem> {
        let too_large = || {
            let detail =
                "the answer is larger than Lambda carries: narrow it with query=, or page it with limit=";
            Problem::new(Code::AnswerTooLarge, detail)
        };
        if let Some(query) = &self.query {
            return self.queried(query, body);
        }
        let text = match self.accept {
            Accept::Json => bounded_json(&body, LARGEST_ANSWER),
            Accept::Text => text::of_body(&body, tables).and_then(written),
            Accept::Html => written(self.page(
                self.asked.title(),
                self.asked.tabs(),
                page::of_body(&body, tables, &self.asked),
            )),
        };
        text.ok_or_else(too_large)
    }

    /// A query's value of a body.
    fn queried(&self, query: &Query, body: Value) -> Result<String, Problem> {
        let json = query.json_of(body)?;
        match self.accept {
            Accept::Json => Ok(json),
            Accept::Text => {
                text::of_value(&json.parse().unwrap_or_default()).and_then(written).ok_or_else(|| {
                    let detail =
                        "the query's value is too large as a table: let it choose less, or take it as JSON";
                    Problem::new(Code::AnswerTooLarge, detail)
                })
            }
            Accept::Html => {
                let value = json.parse().unwrap_or_default();
                written(self.page(self.asked.title(), self.asked.tabs(), page::of_value(&value, &self.asked))).ok_or_else(|| {
                    let detail =
                        "the query's value is too large as a page: let it choose less, or take it as JSON";
                    Problem::new(Code::AnswerTooLarge, detail)
                })
            }
        }
    }

    /// The document of a content. A problem has no tabs: what it names may not be there.
    fn page(&self, title: String, tabs: Vec<page::Link>, body: Markup) -> String {
        let asked = &self.asked;
        page::document(&Page {
            title,
            window: asked.window(),
            request: asked.request(),
            commands: asked.commands(),
            trail: asked.trail(),
            tabs,
            places: asked.places(),
            body,
        })
    }

    /// What was done, or the query's value of it. A query that can't be answered is a warning: what was done stays
    /// done.
    fn report(&self, mut report: Report) -> Result<String, Problem> {
        if let Some(query) = &self.query {
            match self.queried(query, json!(report)) {
                Ok(text) => return Ok(text),
                Err(problem) => report.warnings.push(Warning::new(problem.code, problem.detail)),
            }
        }
        let fits = |report: &Report| match self.accept {
            Accept::Json => bounded_json(report, LARGEST_ANSWER),
            Accept::Text => text::of_report(&json!(report)).and_then(written),
            // Nothing that changes is offered as a page.
            Accept::Html => None,
        };
        report.fitting(fits).ok_or_else(|| Problem::new(Code::Internal, "the report can't be shown"))
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
    let guards = if kind == page::HTML { page::headers().to_vec() } else { Vec::new() };
    for (name, value) in guards {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_leads_from_the_path_that_was_asked_to_the_other() {
        for (from, to, reference_) in [
            ("/v1/clusters/prod/stop", "/v1/clusters/prod?include=capacity", "../prod?include=capacity"),
            ("/v1/clusters/prod/tasks", "/v1/clusters/prod/tasks/1", "./tasks/1"),
            ("/v1/clusters/prod/tasks/1/stop", "/v1/clusters/prod/tasks/1", "../1"),
            (
                "/v1/clusters/prod/services/users/stop",
                "/v1/auto-scaling-groups",
                "../../../../auto-scaling-groups",
            ),
        ] {
            assert_eq!(reference(from, to), reference_, "{from} to {to}");
        }
    }

    #[test]
    fn a_name_in_a_path_is_taken_as_it_was_sent() {
        for plain in ["prod", "a-b_C9"] {
            assert_eq!(path_segment("cluster", plain).unwrap(), plain);
        }
        for other in ["pr%6fd", "prod%2Fx", "prod%20", "a.b", "", "..", "arn:aws:ecs:x:1:cluster/prod", "é"]
        {
            assert!(path_segment("cluster", other).unwrap_err().detail.contains("no %"), "{other}");
        }
    }

    #[test]
    fn the_name_of_a_group_has_one_encoding() {
        for (raw, name) in [("web-1.a_b", "web-1.a_b"), ("web%20%28blue%29", "web (blue)"), ("a%2Bb", "a+b")]
        {
            assert_eq!(path_segment("group", raw).unwrap(), name);
        }
        for other in ["web%2d1", "w%65b", "web (blue)", "a+b", "a%2bb", "web%252e", "%2e%2e", "a%2Fb"] {
            assert!(path_segment("group", other).is_err(), "{other}");
        }
    }
}
