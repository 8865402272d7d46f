//! Pages: every read for who asks for HTML, well-formed, linked, and text whatever the fleet says.

mod html;

use std::collections::{BTreeSet, VecDeque};

use emulator::{Aws, World};
use local::{Response, Sent, System, system::Setup};
use serde_json::json;

use self::html::Html;
use crate::fixture::{Fixture, prod_with};
use crate::openapi;

/// Names, tags, reasons and events that a page must show as the text that they are.
const HOSTILE: &str = include_str!("../../emulator/worlds/hostile.json");

async fn sent(system: &System, method: &str, path: &str, accept: &str, body: &str) -> Response {
    let headers =
        vec![("accept".to_owned(), accept.to_owned()), ("host".to_owned(), "steward.test".to_owned())];
    let (method, path) = (method.to_owned(), path.to_owned());
    openapi::request(system, &Sent { method, path, headers, body: body.as_bytes().to_vec() }).await
}

async fn page(system: &System, path: &str) -> (Response, Html) {
    let response = sent(system, "GET", path, "text/html", "").await;
    assert_eq!(
        header(&response, "content-type"),
        Some("text/html; charset=utf-8"),
        "{path}: {}",
        response.body
    );
    let html = Html::read(&response.body).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    (response, html)
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let found = response.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// Where a reference of a page leads.
fn resolved(from: &str, to: &str) -> String {
    let from = from.split('?').next().unwrap();
    if to.starts_with('?') {
        return format!("{from}{to}");
    }
    let (path, query) = to.find('?').map_or((to, ""), |at| to.split_at(at));
    let mut at: Vec<&str> = from.split('/').collect();
    at.pop();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => drop(at.pop().unwrap_or_else(|| panic!("{to} leads out of {from}"))),
            name => at.push(name),
        }
    }
    format!("{}{query}", at.join("/"))
}

/// Goes through all that the links lead to, from the fleet on, and holds each page against what every page is.
async fn walked(system: &System) -> BTreeSet<String> {
    let mut seen = BTreeSet::from(["/v1/clusters".to_owned()]);
    let mut next: VecDeque<String> = seen.iter().cloned().collect();
    while let Some(path) = next.pop_front() {
        let (response, html) = page(system, &path).await;
        // A task definition may name a repository that is not there.
        let expected = if path.starts_with("/v1/images?") { [200, 404] } else { [200, 200] };
        assert!(expected.contains(&response.status), "{path}: {}", html.text);
        assert_self_contained(&path, &response, &html);
        for to in html.links() {
            let to = resolved(&path, to);
            assert!(to.starts_with("/v1/"), "{path} leads to {to}");
            if seen.insert(to.clone()) {
                next.push_back(to);
            }
        }
    }
    seen
}

/// A page holds nothing that runs, loads, sends or changes anything.
fn assert_self_contained(path: &str, response: &Response, html: &Html) {
    let policy =
        header(response, "content-security-policy").unwrap_or_else(|| panic!("{path} has no policy"));
    for directive in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(directive), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
    assert_eq!(header(response, "x-content-type-options"), Some("nosniff"), "{path}");
    assert_eq!(header(response, "referrer-policy"), Some("no-referrer"), "{path}");
    for (name, attributes) in &html.elements {
        let is_known = [
            "html", "head", "meta", "title", "link", "style", "body", "a", "header", "span", "nav", "label",
            "kbd", "input", "main", "h1", "h2", "p", "footer", "dl", "dt", "dd", "code", "script", "ul",
            "li", "div", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "time", "strong",
            "br", "svg", "defs", "g", "path", "use", "text", "line",
        ]
        .contains(&name.as_str());
        assert!(is_known, "{path} has an element {name:?}");
        for (attribute, value) in attributes {
            assert!(
                !attribute.starts_with("on") && attribute != "style",
                "{path}: {name} {attribute}={value}"
            );
            assert!(
                !["src", "action", "formaction", "srcdoc"].contains(&attribute.as_str()),
                "{path}: {attribute}"
            );
            if attribute == "href" {
                let is_relative = ["./", "../", "?", "#"].iter().any(|begin| value.starts_with(begin));
                assert!(
                    is_relative || (name == "link" && value == "data:,"),
                    "{path}: {name} leads to {value}"
                );
            }
        }
    }
    for only in ["script", "style", "h1", "main"] {
        assert_eq!(html.elements.iter().filter(|(name, _)| name == only).count(), 1, "{path}: {only}");
    }
}

async fn hostile() -> Fixture {
    Fixture::on(World::from_json(HOSTILE).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn the_links_of_the_pages_lead_through_the_whole_fleet_and_each_to_a_page() {
    let fixture = Fixture::on(World::demo()).await;
    let seen = walked(&fixture.system).await;
    for path in [
        "/v1/clusters/ecs-api",
        "/v1/clusters/microservices/week",
        "/v1/clusters/microservices/services/users",
        "/v1/clusters/microservices/agenda",
        "/v1/clusters/microservices/wake",
        "/v1/clusters/microservices/savings",
        "/v1/auto-scaling-groups/ecs-api",
        "/v1/task-definitions/users/1",
        "/v1/images?repository=users",
    ] {
        assert!(seen.contains(path), "nothing leads to {path}: {seen:?}");
    }
    assert!(seen.iter().any(|path| path.contains("/tasks/")), "{seen:?}");
    assert_eq!(fixture.writes(), Vec::<String>::new(), "pages change nothing");
}

#[tokio::test(start_paused = true)]
async fn what_a_hostile_fleet_says_is_text_on_every_page() {
    let fixture = hostile().await;
    let seen = walked(&fixture.system).await;
    assert!(seen.len() > 40, "{seen:?}");
    let long = "users-".repeat(43)[..255].to_owned();
    assert!(seen.contains(&format!("/v1/clusters/prod/services/{long}")), "{seen:?}");
    // Shown, and not merely left out.
    let (_, week) = page(&fixture.system, "/v1/clusters/prod/week").await;
    for text in ["<script>canary()</script> 🚀 &amp; {{7*7}}", "\"><img src=x onerror=canary()>", "]]>"] {
        assert!(week.text.contains(text), "{text}: {}", week.text);
    }
    let (_, tags) = page(&fixture.system, "/v1/clusters/prod?include=tags").await;
    assert!(tags.text.contains("</style><script>canary()</script>"), "{}", tags.text);
}

#[tokio::test(start_paused = true)]
async fn a_stage_in_the_path_survives_every_link() {
    // The reference is resolved by the browser against `/live/v1/…`; here, against the path alone, it must never
    // climb above `/v1`.
    let fixture = Fixture::on(World::demo()).await;
    for path in ["/v1/clusters", "/v1/clusters/microservices/services/users", "/v1/images?repository=users"] {
        let (_, html) = page(&fixture.system, path).await;
        for to in html.links() {
            assert!(!to.starts_with('/'), "{path}: {to}");
            let below_a_stage = resolved(&format!("/live{path}"), to);
            assert!(below_a_stage.starts_with("/live/v1/"), "{path}: {to} is {below_a_stage}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_says_which_request_it_is_and_how_to_get_the_same_in_other_forms() {
    let fixture = Fixture::on(World::demo()).await;
    let (_, html) = page(&fixture.system, "/v1/clusters/microservices/agenda?hours=48&include=wake").await;
    let url = "http://steward.test/v1/clusters/microservices/agenda?hours=48&include=wake";
    for text in [
        "GET /v1/clusters/microservices/agenda?hours=48&include=wake".to_owned(),
        format!("curl '{url}'"),
        format!("curl '{url}' -H 'accept: text/plain'"),
    ] {
        assert!(html.text.contains(&text), "{text}: {}", html.text);
    }
    // A host that is none is not put into a command that people paste.
    let headers = [("accept", "text/html"), ("host", "x';rm -rf /;'")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let sent = Sent { method: "GET".into(), path: "/v1/clusters".into(), headers, body: Vec::new() };
    let answer = openapi::request(&fixture.system, &sent).await;
    let html = Html::read(&answer.body).unwrap();
    assert!(
        !html.text.contains("rm -rf") && html.text.contains("curl \"$API\"'/v1/clusters'"),
        "{}",
        html.text
    );
}

#[tokio::test(start_paused = true)]
async fn a_problem_is_a_page_for_who_asks_for_one_and_json_for_the_others() {
    let fixture = hostile().await;
    for (method, path, status, code) in [
        ("GET", "/v1/clusters/nowhere", 404, "notFound"),
        ("GET", "/v1/clusters/pr%6fd", 400, "badRequest"),
        ("GET", "/v1/clusters?%3Cscript%3E=1", 400, "badRequest"),
        ("GET", "/v1/clusters?query=%3Cscript%3Ecanary()", 400, "badRequest"),
        ("GET", "/v1/clusters/prod/agenda?hours=999", 400, "badRequest"),
        ("POST", "/v1/clusters/prod/stop", 406, "notAcceptable"),
    ] {
        let answer = sent(&fixture.system, method, path, "text/html", "").await;
        let html = Html::read(&answer.body).unwrap_or_else(|fault| panic!("{path}: {fault}"));
        assert_eq!(answer.status, status, "{path}: {}", html.text);
        assert_self_contained(path, &answer, &html);
        assert!(html.text.contains(code), "{path}: {}", html.text);
        if method == "GET" {
            let json = sent(&fixture.system, method, path, "application/json", "").await;
            assert_eq!(header(&json, "content-type"), Some("application/problem+json"), "{path}");
            assert_eq!((json.status, &json.json()["code"]), (status, &json!(code)), "{path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_changes_something_is_never_a_page_and_a_browser_that_asks_is_refused_before_any_call() {
    let fixture = Fixture::on(World::demo()).await;
    let stop = "/v1/clusters/microservices/services/users/stop";
    let refused = sent(&fixture.system, "POST", stop, "text/html", "").await;
    assert_eq!(refused.status, 406);
    assert!(fixture.aws.ledger().is_empty(), "{:?}", fixture.aws.ledger());
    // What a browser sends takes JSON as well.
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    let stopped = sent(&fixture.system, "POST", stop, browser, "").await;
    assert_eq!((stopped.status, header(&stopped, "content-type")), (200, Some("application/json")));
}

#[tokio::test(start_paused = true)]
async fn a_preview_and_an_evaluation_are_pages_too() {
    let fixture = hostile().await;
    let preview = json!({"schedule": "Mon-Fri 08:00-20:00 Europe/Berlin", "count": 3}).to_string();
    let policy = json!({"rules": [{"rulePriority": 1, "description": "<script>canary()</script>", "selection": {
        "tagStatus": "tagged", "tagPrefixList": ["dev"], "countType": "imageCountMoreThan", "countNumber": 1},
        "action": {"type": "expire"}}]});
    let image = |n: u32, tag: &str| json!({"digest": format!("sha256:{n:064x}"), "tags": [tag], "pushedAt": format!("2026-10-0{n}T10:12:00-03:00")});
    let images = [image(1, "dev-1"), image(2, "dev-2")];
    let evaluate = json!({"policy": policy, "images": images}).to_string();
    for (path, body, says) in
        [("/v1/schedules/preview", preview, "Europe/Berlin"), ("/v1/lifecycle/evaluate", evaluate, "dev-1")]
    {
        let answer = sent(&fixture.system, "POST", path, "text/html", &body).await;
        let html = Html::read(&answer.body).unwrap_or_else(|fault| panic!("{path}: {fault}"));
        assert_eq!(answer.status, 200, "{path}: {}", html.text);
        assert_self_contained(path, &answer, &html);
        assert!(html.text.contains(says), "{path}: {}", html.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_querys_value_is_a_page_and_a_list_goes_on_by_a_link() {
    let fixture = Fixture::on(prod_with(5)).await;
    let query = "services%5B*%5D.%7Bname:serviceName,n:desiredCount%7D";
    let (_, html) = page(&fixture.system, &format!("/v1/clusters/prod/services?query={query}")).await;
    assert!(html.text.contains("s003"), "{}", html.text);
    let mut path = "/v1/clusters/prod/services?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let (_, html) = page(&fixture.system, &path).await;
        seen.extend((0..5).filter(|n| html.text.contains(&format!("s00{n}"))));
        let next = html.elements.iter().find(|(_, it)| it.contains(&("rel".into(), "next".into())));
        let Some((_, attributes)) = next else { break };
        let (_, to) = attributes.iter().find(|(name, _)| name == "href").unwrap();
        path = resolved(&path, to);
    }
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn the_pages_of_a_thousand_services_are_small_enough_to_be_read() {
    let mut world = prod_with(1_000);
    world.cluster_tag("prod", "steward:schedule", "Mon-Fri 08:00-20:00 America/Sao_Paulo");
    let system = System::start(Setup::embedded(&Aws::new(world))).await.unwrap();
    for path in ["/v1/clusters/prod", "/v1/clusters/prod/services", "/v1/clusters/prod/week"] {
        let (response, html) = page(&system, path).await;
        assert_eq!(response.status, 200);
        println!("{path}: {} bytes", response.body.len());
        assert!(response.body.len() < 3_000_000, "{path}: {}", response.body.len());
        // Folded where there are many.
        let folds = html.elements.iter().filter(|(name, _)| name == "details").count();
        assert!(folds > 0 || path.ends_with("services"), "{path}");
    }
}
