//! Nothing that a caller, a tag or AWS says looks like something else: a line of the log, a row of a table, a cursor or
//! a plan that this system gave.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator::{Aws, GroupSeed, ServiceSeed, World};
use harness::events;
use local::{Sent, System, system::Setup};
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;

use crate::fixture::{Fixture, evening, prod_with_users};
use crate::log::Log;
use crate::openapi;

/// A line break of each kind with what could be the next line, a terminal's codes that wipe out the line above, marks
/// that turn the direction of writing, and a zero byte.
const FORGED: &str = "night\n{\"level\":\"INFO\",\"target\":\"audit\",\"actor\":\"nobody\"}\r\n\u{1b}[1A\u{1b}[2K\u{85}\u{2028}forged \u{2029}forged\u{202e}\u{2066}\u{200f}\u{0}";

/// Characters that a terminal or a viewer may take for anything but themselves.
fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}')
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

fn assert_plain(what: &str, text: &str) {
    let place = text.find(|c| is_misleading(c) && c != '\n');
    assert!(
        place.is_none(),
        "{what} has {:?} at {place:?}: {text:?}",
        &text[place.unwrap_or_default()..].chars().next()
    );
}

/// The audit's lines, where each line of the log is one object that says where it comes from and nothing in it misleads.
fn audited(what: &str, log: &Log) -> usize {
    let text = log.take();
    assert!(text.is_empty() || text.ends_with('\n'), "{what}");
    assert_plain(what, &text);
    let mut audited = 0;
    for line in text.lines() {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|fault| panic!("{what}: {fault}: {line}"));
        for field in ["level", "target", "message"] {
            assert!(line[field].is_string(), "{what}: {field}: {line}");
        }
        assert_ne!(line["actor"], "nobody", "{what}: {line}");
        audited += usize::from(line["target"] == "audit");
    }
    audited
}

/// The text of an answer for people has no line but those that are of it.
fn assert_answers_plainly(what: &str, answer: &Value) {
    let kind = answer["multiValueHeaders"]["content-type"][0].as_str().unwrap_or_default();
    if kind.starts_with("text/plain") {
        let text = answer["body"].as_str().unwrap();
        assert_plain(what, text);
        let begins = |line: &str| line.trim_start().starts_with("{\"level\"") || line.starts_with("forged");
        assert!(!text.lines().any(begins), "{what}: {text}");
    }
}

/// An event's messages for people.
fn assert_tells_plainly(what: &str, aws: &Aws) {
    for event in aws.with(World::take_events) {
        let content = &event.detail["chat"]["content"];
        assert_plain(what, content["title"].as_str().unwrap());
        assert!(!content["title"].as_str().unwrap().contains('\n'), "{what}: {content}");
        assert_plain(what, content["description"].as_str().unwrap());
        let lines = content["description"].as_str().unwrap().lines();
        assert!(!lines.into_iter().any(|line| line.starts_with("{\"level\"")), "{what}: {content}");
    }
}

async fn started(aws: &Aws) -> System {
    Box::pin(System::start(Setup::embedded(aws).with("EVENT_BUS", "default"))).await.unwrap()
}

/// The places of all texts in a value, as JSON pointers.
fn texts(of: &Value, at: &str, found: &mut Vec<String>) {
    match of {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, value)| texts(value, &format!("{at}/{n}"), found));
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                texts(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}

/// The same event with `FORGED` behind one of its texts, for each of them; a REST event's body is read for its texts too.
fn forgeries(event: &Value) -> Vec<(String, Value)> {
    let is_rest = event.get("httpMethod").is_some();
    let body: Option<Value> = event["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
    let forge = |mut value: Value, place: &str| {
        let text = value.pointer_mut(place).unwrap();
        *text = format!("{}{FORGED}", text.as_str().unwrap()).into();
        value
    };
    let mut places = Vec::new();
    texts(event, "", &mut places);
    // The rest is API Gateway's own, and no function reads it.
    let is_read = |place: &&String| {
        let read =
            ["/pathParameters", "/multiValueQuery", "/queryString", "/body", "/resource", "/headers/Accept"];
        !is_rest
            || read.iter().any(|begins| place.starts_with(begins))
            || ["/requestContext/identity/userArn", "/requestContext/requestId"].contains(&place.as_str())
    };
    let mut forged: Vec<(String, Value)> =
        places.iter().filter(is_read).map(|place| (place.clone(), forge(event.clone(), place))).collect();
    if let Some(body) = body {
        let mut places = Vec::new();
        texts(&body, "", &mut places);
        for place in places {
            let mut event = event.clone();
            event["body"] = forge(body.clone(), &place).to_string().into();
            forged.push((format!("/body{place}"), event));
        }
    }
    forged
}

/// Events that go well, of each action one or more.
const GOOD: [(&str, &[&str]); 5] = [
    (
        "scale-service",
        &[
            "rest-stop-service",
            "rest-put-override",
            "scheduled-stop",
            "scheduled-reconcile",
            "direct-put-override",
            "direct-scale",
            "direct-scale-group",
            "rest-preview",
        ],
    ),
    (
        "describe-cluster",
        &[
            "rest-clusters-as-a-table",
            "rest-list-tasks",
            "rest-agenda",
            "direct-wake-check",
            "rest-describe-service",
        ],
    ),
    ("run-task", &["rest-run-with-a-key", "rest-run-with-overrides", "direct-run-by-arn"]),
    ("stop-task", &["rest-stop-by-family", "direct-stop-by-starter"]),
    ("prune-images", &["rest-prune", "scheduled-prune", "rest-list-images"]),
];

#[tokio::test(start_paused = true)]
async fn no_text_of_a_caller_forges_a_line_of_the_log_or_of_an_answer() {
    let log = Log::at(LevelFilter::TRACE);
    let mut world = World::demo();
    world.advance_to(evening());
    let base = Aws::new(world.clone());
    let mut tried = 0;
    for (function, names) in GOOD {
        for name in names {
            let mut event = events::read_at(function, name, evening());
            if event["headers"].is_object() {
                event["headers"]["Accept"] = "text/plain".into();
                event["multiValueHeaders"]["Accept"] = json!(["text/plain"]);
            } else {
                // What every mutation takes.
                for field in ["reason", "onBehalfOf"] {
                    if function != "describe-cluster" && event.get(field).is_none() {
                        event[field] = "night".into();
                    }
                }
            }
            let aws = base.fork();
            let system = started(&aws).await;
            for (place, event) in forgeries(&event) {
                let what = format!("{function}/{name}{place}");
                aws.with(|now| *now = world.clone());
                aws.forget();
                let answer = system.invoke_as_lambda(function, event.into()).await;
                let writes = aws.writes().iter().filter(|call| call.operation != "PutEvents").count();
                assert_eq!(audited(&what, &log), writes, "{what}: {answer:?}");
                if let Ok(answer) = answer {
                    assert_answers_plainly(&what, &answer);
                }
                assert_tells_plainly(&what, &aws);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

/// What AWS lets stand in a tag goes beyond what is plain, a group's tag most of all.
fn world_of_forged_tags() -> World {
    let mut world = World::new(evening());
    world.cluster("prod");
    let office = "Mon-Fri 08:00-20:00 UTC";
    for (n, key) in ["schedule", "record", "override", "size", "drift", "half", "night"].iter().enumerate() {
        for (m, value) in
            [FORGED.to_owned(), format!("{office}{FORGED}"), format!("v1 {FORGED}")].iter().enumerate()
        {
            let seed = ServiceSeed::new(&format!("s{n}-{m}")).desired(2);
            let seed = if *key == "schedule" { seed } else { seed.tag("steward:schedule", office) };
            world.service("prod", seed.tag(&format!("steward:{key}"), value));
        }
    }
    let lasting =
        format!("on from 2026-11-24T20:00:00Z until 2026-11-24T23:20:00Z by alice{FORGED} : why{FORGED}");
    world.service("prod", ServiceSeed::new("kept").desired(2).tag("steward:override", &lasting));
    let late =
        ServiceSeed::new("late").desired(0).cannot_start(&format!("CannotPullContainerError: {FORGED}"));
    let late = late
        .tag("steward:schedule", "always")
        .tag("steward:record", "v1 starting@2026-11-24T21:00:00Z n=2 by=schedule");
    world.service("prod", late);
    world
        .call("ecs", "UpdateService", json!({"cluster": "prod", "service": "late", "desiredCount": 2}))
        .unwrap();
    for (n, key) in ["schedule", "record", "override", "size"].iter().enumerate() {
        let group = GroupSeed::new(&format!("g{n}")).sizes(0, 1, 2).cluster("prod");
        world.group(group.tag(&format!("steward:{key}"), FORGED).tag("steward:cluster", "prod"));
    }
    world
}

#[tokio::test(start_paused = true)]
async fn no_tag_forges_a_line_of_the_log_of_a_table_or_of_a_message() {
    let log = Log::at(LevelFilter::TRACE);
    let aws = Aws::new(world_of_forged_tags());
    let system = started(&aws).await;
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/ours";
    for round in 0..3 {
        for (function, action) in [("scale-service", "reconcile"), ("describe-cluster", "wakeCheck")] {
            aws.forget();
            let mut event =
                json!({"action": action, "clusters": ["*"], "at": aws.now(), "schedule": schedule});
            if function == "describe-cluster" {
                event.as_object_mut().unwrap().remove("clusters");
            }
            let answer = system.invoke_as_lambda(function, event.into()).await;
            let what = format!("{action} {round}: {answer:?}");
            let writes = aws.writes().iter().filter(|call| call.operation != "PutEvents").count();
            assert_eq!(audited(&what, &log), writes, "{what}");
            assert_tells_plainly(&what, &aws);
        }
        aws.advance(std::time::Duration::from_mins(5));
    }
    for path in [
        "/v1/clusters?include=tags",
        "/v1/clusters/prod?include=tags,capacity",
        "/v1/clusters/prod/services?include=tags",
        "/v1/clusters/prod/services/s0-0?include=tags,wake",
        "/v1/clusters/prod/agenda",
        "/v1/clusters/prod/tasks?include=tags",
        "/v1/auto-scaling-groups?include=tags",
        "/v1/clusters/prod/services?include=tags&query=services%5B%5D.tags",
    ] {
        let headers = vec![("accept".to_owned(), "text/plain".to_owned())];
        let sent = Sent { method: "GET".into(), path: path.into(), headers, body: Vec::new() };
        let answer = openapi::request(&system, &sent).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_plain(path, &answer.body);
        let begins = |line: &str| line.trim_start().starts_with("{\"level\"") || line.starts_with("forged");
        assert!(!answer.body.lines().any(begins), "{path}: {}", answer.body);
        audited(path, &log);
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_was_made_up_is_refused_and_nothing_is_deleted() {
    let mut world = World::demo();
    world.advance_to(evening());
    let aws = Aws::new(world);
    let fixture = Fixture::at(aws).await;
    let ask = |id: &str, dry: bool| json!({"repositories": ["users"], "planId": id, "dryRun": dry});
    let hex = "0123456789abcdef".repeat(4);
    for (id, status) in [
        (hex.as_str(), 409),
        (&"0".repeat(64), 409),
        ("", 400),
        ("*", 400),
        (&hex.to_uppercase(), 400),
        (&hex[1..], 400),
        (&format!("{hex} "), 400),
        (&format!("{hex}\n"), 400),
        (FORGED, 400),
        (&"a".repeat(200_000), 400),
    ] {
        for dry in [false, true] {
            let answer = fixture.rest("POST", "/v1/images/prune", &ask(id, dry)).await;
            assert_eq!(answer.status, status, "{id:.80?} {dry}: {:.300}", answer.body);
            assert!(answer.body.len() < 2_000, "{id:.80?}: {} bytes", answer.body.len());
            assert_eq!(fixture.writes(), [""; 0], "{id:.80?}");
            if status == 400 {
                assert!(fixture.aws.ledger().is_empty(), "{id:.80?} was refused before any call");
            }
            fixture.aws.forget();
        }
    }
}

/// The lists that have cursors: the field of the answer, and that of an item's name.
const LISTS: [(&str, &str, &str); 5] = [
    ("/v1/clusters", "clusters", "clusterName"),
    ("/v1/clusters/prod/services", "services", "serviceName"),
    ("/v1/clusters/prod/tasks", "tasks", "taskArn"),
    ("/v1/task-definitions", "taskDefinitionArns", ""),
    ("/v1/auto-scaling-groups", "AutoScalingGroups", "AutoScalingGroupName"),
];

#[tokio::test(start_paused = true)]
async fn a_cursor_that_was_made_up_reaches_nothing_that_its_list_would_not_show() {
    let mut world = prod_with_users();
    world.service("prod", ServiceSeed::new("posts"));
    world.cluster("staging").service("staging", ServiceSeed::new("hidden").desired(2));
    world.group(GroupSeed::new("g1").sizes(0, 1, 2)).group(GroupSeed::new("g2").sizes(0, 1, 2));
    let fixture = Fixture::on(world).await;
    let named = |body: &Value, list: &str, name: &str| -> Vec<String> {
        let items = body[list].as_array().unwrap_or_else(|| panic!("no {list}: {body}"));
        items.iter().map(|item| item[name].as_str().or(item.as_str()).unwrap().to_owned()).collect()
    };
    // A list is known by what a cursor of its own says.
    let decoded = |cursor: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    for (path, list, name) in LISTS {
        let all = named(&fixture.get(path).await.json(), list, name);
        let page = fixture.get(&format!("{path}?limit=1")).await.json();
        let own = page["nextToken"].as_str().unwrap_or_else(|| panic!("{path} has a second page: {page}"));
        let of_list = decoded(own).split('\n').nth(1).unwrap().to_owned();
        for after in [
            "",
            "\u{0}",
            " ",
            "../staging",
            "hidden",
            "zzzz",
            "\u{10ffff}",
            "arn:aws:ecs:sa-east-1:123456789012:",
        ] {
            let cursor = URL_SAFE_NO_PAD.encode(format!("v1\n{of_list}\n{after}"));
            let answer = fixture.get(&format!("{path}?cursor={cursor}")).await;
            if answer.status == 400 {
                continue;
            }
            assert_eq!(answer.status, 200, "{path} {after:?}: {}", answer.body);
            let found = named(&answer.json(), list, name);
            assert!(found.iter().all(|name| all.contains(name)), "{path} {after:?}: {found:?} of {all:?}");
        }
        fixture.aws.forget();
        for made_up in [
            format!("v1\n{of_list} \n"),
            format!("v1\n{}\n", of_list.replace("prod", "staging") + "x"),
            format!("v2\n{of_list}\n"),
            format!("v1\n{of_list}"),
            format!("v1\n{of_list}\na\nb"),
            "v1\nservices of staging\n".to_owned(),
            "v1\ntasks of staging\n".to_owned(),
            "v1\n\n".to_owned(),
            FORGED.to_owned(),
        ] {
            let cursor = URL_SAFE_NO_PAD.encode(&made_up);
            let answer = fixture.get(&format!("{path}?cursor={cursor}")).await;
            assert_eq!(answer.status, 400, "{path} {made_up:?}: {}", answer.body);
        }
        assert!(fixture.aws.ledger().is_empty(), "{path}: no AWS call was made");
    }
}
