//! What was asked: where a page is, what is beside it, and how to get the same in other forms.

use std::collections::BTreeMap;

use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequest;
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use shared::Route;

use super::{Link, link};
use crate::rest::{ENCODED, reference};

/// A request as its page shows it.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// The path, below the stage, as it was sent.
    pub(crate) path: String,
    /// The route's pattern.
    pub(crate) resource: String,
    /// What the path says, as it was sent.
    pub(crate) names: BTreeMap<String, String>,
    /// The query's parameters.
    pub(crate) query: Vec<(String, String)>,
    /// The paths of the function's routes that are GETs.
    pages: Vec<&'static str>,
    /// What stands before the path in a URL; `None` where the request does not say.
    before: Option<String>,
    /// The region of the one who signed it.
    signed_in: Option<String>,
}

/// Where to go from every page.
const PLACES: [(&str, &str); 5] = [
    ("Clusters", "/v1/clusters"),
    ("Auto Scaling groups", "/v1/auto-scaling-groups"),
    ("Task definitions", "/v1/task-definitions"),
    ("Repositories", "/v1/repositories"),
    ("Images in use", "/v1/images/in-use"),
];

/// The images of a repository: the one list whose thing is named in the query.
const IMAGES: &str = "/v1/images";

impl Asked {
    pub(crate) fn of<R>(event: &ApiGatewayProxyRequest, routes: &[Route<R>]) -> Self {
        let resource = event.resource.clone().unwrap_or_default();
        let mut path = resource.clone();
        for (name, value) in &event.path_parameters {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let once = event.multi_value_query_string_parameters.is_empty();
        let query =
            if once { &event.query_string_parameters } else { &event.multi_value_query_string_parameters };
        let query = query.iter();
        let mut query: Vec<(String, String)> =
            query.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        query.sort();
        Self {
            method: event.http_method.to_string(),
            names: event.path_parameters.clone().into_iter().collect(),
            query,
            pages: routes.iter().filter(|route| route.method == "GET").map(|route| route.path).collect(),
            before: before(event, &path),
            signed_in: signed_in(event),
            resource,
            path,
        }
    }

    /// A reference to a path of this API.
    pub(crate) fn to(&self, path: &str) -> String {
        reference(&self.path, path)
    }

    /// A reference to what a pattern says of an item.
    pub(crate) fn leads(&self, pattern: &str, item: &Value) -> Option<String> {
        Some(self.to(&link::filled(pattern, item, &self.names)?))
    }

    /// The pattern of the week of what a pattern leads to, where that has one.
    pub(crate) fn week_of(&self, pattern: &str) -> Option<String> {
        let week = format!("{pattern}/week");
        // The names in braces are others: of an item there, of a path here.
        let bare = |pattern: &str| {
            pattern
                .split('{')
                .map(|it| it.split_once('}').map_or(it, |it| it.1).to_owned())
                .collect::<Vec<_>>()
        };
        self.pages.iter().any(|page| bare(page) == bare(&week)).then_some(week)
    }

    /// The same request with another cursor.
    pub(crate) fn next(&self, cursor: &str) -> String {
        let mut query: Vec<_> = self.query.iter().filter(|(name, _)| name != "cursor").cloned().collect();
        query.push(("cursor".to_owned(), cursor.to_owned()));
        printed(&query)
    }

    /// Whether the path names one thing.
    pub(crate) fn names_one(&self) -> bool {
        self.resource.ends_with('}')
    }

    /// `GET /v1/clusters?include=tags`.
    pub(crate) fn request(&self) -> String {
        format!("{} {}{}", self.method, self.path, printed(&self.query))
    }

    /// What the page is of: the last name of the path, and without one its last word.
    pub(crate) fn title(&self) -> String {
        if self.resource.ends_with("}/{revision}") {
            return self
                .names
                .get("family")
                .into_iter()
                .chain(self.names.get("revision"))
                .cloned()
                .collect::<Vec<_>>()
                .join(":");
        }
        let mut trail = self.trail();
        let is_view = !self.tabs().is_empty() && !self.names_one();
        if is_view {
            trail.pop();
        }
        trail.pop().map_or_else(|| "ecs-steward".to_owned(), |link| link.name)
    }

    /// The title of the window: the innermost first.
    pub(crate) fn window(&self) -> String {
        let names: Vec<String> = self.trail().into_iter().rev().map(|link| link.name).collect();
        names.join(" · ")
    }

    /// The way here, each step a page where there is one.
    pub(crate) fn trail(&self) -> Vec<Link> {
        if let Some((_, repository)) =
            self.query.iter().find(|(name, _)| self.resource == IMAGES && name == "repository")
        {
            let all = Link { name: "Repositories".to_owned(), to: Some(self.to("/v1/repositories")) };
            return vec![all, Link { name: repository.clone(), to: None }];
        }
        let patterns: Vec<&str> = self.resource.split('/').collect();
        let segments: Vec<&str> = self.path.split('/').collect();
        let step = |n: usize| {
            let (pattern, segment) = (patterns.get(..=n)?.join("/"), *segments.get(n)?);
            let is_name = patterns.get(n)?.starts_with('{');
            let name = if is_name { decoded(segment) } else { titled(segment) };
            let is_page =
                self.pages.contains(&pattern.as_str()) && pattern != IMAGES && n + 1 < segments.len();
            let to = is_page.then(|| self.to(&segments.get(..=n).unwrap_or_default().join("/")));
            Some(Link { name, to })
        };
        // Before the second slash stands the version.
        (2..segments.len()).filter_map(step).collect()
    }

    /// What else there is of the thing that the path names first: `/v1/clusters/{cluster}/…`.
    pub(crate) fn tabs(&self) -> Vec<Link> {
        let Some((thing, _)) = self.resource.split_once('}') else { return Vec::new() };
        let thing = format!("{thing}}}");
        if !self.pages.contains(&thing.as_str()) {
            return Vec::new();
        }
        let below = |page: &&&str| {
            let below = page.strip_prefix(&thing).and_then(|rest| rest.strip_prefix('/'));
            **page == thing || below.is_some_and(|rest| !rest.contains('/'))
        };
        let tab = |page: &&'static str| {
            let last = page.rsplit('/').next().unwrap_or_default();
            let name = if *page == thing { "Overview".to_owned() } else { titled(last) };
            let path = link::filled(page, &Value::Null, &self.names)?;
            Some(Link { name, to: (**page != self.resource).then(|| self.to(&path)) })
        };
        let tabs: Vec<Link> = self.pages.iter().filter(below).filter_map(tab).collect();
        if tabs.len() > 1 { tabs } else { Vec::new() }
    }

    /// Where else to go, on every page.
    pub(crate) fn places(&self) -> Vec<Link> {
        let place = |(name, path): (&str, &str)| Link {
            name: name.to_owned(),
            to: (path != self.path).then(|| self.to(path)),
        };
        PLACES.into_iter().map(place).collect()
    }

    /// How to get the same as JSON, as text, and as this page.
    pub(crate) fn commands(&self) -> Vec<(String, String)> {
        let before = self.before.as_deref();
        // It is pasted into a shell, where a quote in a path that was refused must not end the argument.
        let path = self.path.replace('\'', "%27");
        let url = match before {
            Some(before) => format!("'{before}{path}{}'", printed(&self.query)),
            None => format!("\"$API\"'{path}{}'", printed(&self.query)),
        };
        let signed = self.signed_in.as_ref().map_or_else(String::new, |region| {
            format!(
                " --aws-sigv4 'aws:amz:{region}:execute-api' --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \
                 -H \"x-amz-security-token: $AWS_SESSION_TOKEN\""
            )
        });
        let body = match self.method.as_str() {
            "GET" => String::new(),
            method => format!(" -X {method} -d @request.json"),
        };
        let with = |form: &str, rest: &str| (form.to_owned(), format!("curl{signed} {url}{body}{rest}"));
        vec![
            with("As JSON", ""),
            with("As a table", " -H 'accept: text/plain'"),
            with("As this page", " -H 'accept: text/html' -o page.html"),
        ]
    }
}

fn printed(query: &[(String, String)]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let pairs = query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// `auto-scaling-groups` as a heading.
fn titled(segment: &str) -> String {
    match segment {
        "auto-scaling-groups" => return "Auto Scaling groups".to_owned(),
        "in-use" => return "Images in use".to_owned(),
        _ => {}
    }
    let text = segment.replace('-', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What stands before the path in a URL: scheme, host, and the stage or whatever a domain maps it to.
fn before(event: &ApiGatewayProxyRequest, path: &str) -> Option<String> {
    let header = |name| event.headers.get(name).and_then(|value| value.to_str().ok());
    // It stands in a command that people paste: nothing but a host's name and port.
    let is_host = |text: &&str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c))
    };
    let host = header("host").filter(is_host)?;
    let scheme = if header("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    let stage = event.request_context.path.as_deref()?.strip_suffix(path)?;
    let is_plain = stage.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c));
    is_plain.then(|| format!("{scheme}://{host}{stage}"))
}

/// The region in the scope of a signature.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html>
fn signed_in(event: &ApiGatewayProxyRequest) -> Option<String> {
    let header = event.headers.get("authorization")?.to_str().ok()?;
    let scope = header.strip_prefix("AWS4-HMAC-SHA256")?.split_once("Credential=")?.1.split(',').next()?;
    let region = scope.split('/').nth(2)?;
    let is_region = region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_region.then(|| region.to_owned())
}
