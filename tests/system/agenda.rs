//! The agenda through the REST door: what it foretells is what reconcile then does.
//!
//! It plays in São Paulo, which is three hours behind UTC and keeps no summer time; 2026-11-24 is a
//! Tuesday.

use std::collections::BTreeMap;

use emulator::{Aws, GroupSeed, ServiceSeed, TargetSeed, World};
use jiff::{SignedDuration, Timestamp};
use local::{System, system::Setup};
use serde_json::{Value, json};

use crate::fixture::Fixture;

const OFFICE: &str = "Mon-Fri 08:00-20:00 America/Sao_Paulo";
const SCHEDULE: &str = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";

/// `2026-11-24 20:00` in São Paulo.
fn local(text: &str) -> Timestamp {
    format!("{}:00-03:00", text.replace(' ', "T")).parse().unwrap()
}

/// `prod` on Tuesday at 9, whose services follow the office's hours unless they say otherwise.
fn office(services: Vec<ServiceSeed>) -> World {
    let mut world = World::new(local("2026-11-24 09:00"));
    world.cluster("prod");
    world.cluster_tag("prod", "steward:schedule", OFFICE);
    for service in services {
        world.service("prod", service);
    }
    world
}

async fn on(world: World, environment: &[(&str, &str)]) -> Fixture {
    let aws = Aws::new(world);
    let setup =
        environment.iter().fold(Setup::embedded(&aws), |setup, (name, value)| setup.with(name, value));
    let system = System::start(setup).await.unwrap();
    Fixture { aws, system }
}

async fn agenda(fixture: &Fixture, query: &str) -> Value {
    let answer = fixture.get(&format!("/v1/clusters/prod/agenda{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// `2026-11-24T20:00:00-03:00 off users`, in the answer's order.
fn lines(agenda: &Value) -> Vec<String> {
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    let entries = agenda["agenda"].as_array().unwrap_or_else(|| panic!("no agenda: {agenda}"));
    entries
        .iter()
        .map(|entry| format!("{} {} {}", text(entry, "at"), text(entry, "to"), text(entry, "service")))
        .collect()
}

async fn tick(fixture: &Fixture, at: Timestamp) {
    fixture.aws.move_to(at);
    let event = json!({"action": "reconcile", "clusters": ["*"], "at": at.to_string(), "schedule": SCHEDULE});
    fixture.scale(event).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn transitions_come_in_order_with_sizes_before_and_after_a_stop() {
    let mut world = office(vec![
        ServiceSeed::new("users").desired(2),
        ServiceSeed::new("posts").desired(5).tag("steward:schedule", "Mon-Fri 10:00-19:00 America/Sao_Paulo"),
        ServiceSeed::new("alone").desired(1).tag("steward:schedule", "none"),
    ]);
    world.scalable_target("prod", "users", TargetSeed::new(1, 6));
    let fixture = on(world, &[]).await;
    tick(&fixture, local("2026-11-24 09:00")).await;
    fixture.aws.forget();
    let day = agenda(&fixture, "").await;
    assert_eq!(
        lines(&day),
        [
            "2026-11-24T10:00:00-03:00 on posts",
            "2026-11-24T19:00:00-03:00 off posts",
            "2026-11-24T20:00:00-03:00 off users",
            "2026-11-25T08:00:00-03:00 on users",
        ]
    );
    let users = json!({
        "at": "2026-11-24T20:00:00-03:00", "to": "off", "service": "users", "cause": "schedule",
        "size": {"count": 2, "min": 1, "suspended": "---"}, "wouldFail": null,
    });
    assert_eq!(day["agenda"][2], users);
    assert_eq!(day["agenda"][1]["size"], json!({"count": 5, "min": null, "suspended": null}));
    assert_eq!(day["failures"], json!([]));
    assert!(fixture.aws.writes().is_empty());

    tick(&fixture, local("2026-11-24 20:00")).await;
    assert_eq!(fixture.size("users"), (0, Some((0, [true; 3]))));
    let night = agenda(&fixture, "?hours=12").await;
    assert_eq!(lines(&night), ["2026-11-25T08:00:00-03:00 on users"]);
    assert_eq!(night["agenda"][0]["size"], users["size"], "it comes back with what it had");
    let queried = agenda(&fixture, "?hours=12&query=agenda[].[service,size.count]").await;
    assert_eq!(queried, json!([["users", 2]]));
}

#[tokio::test(start_paused = true)]
async fn what_the_agenda_foretells_is_what_reconcile_then_does() {
    let override_ = |state: &str, from, until| {
        let (from, until) = (local(from), local(until));
        format!("{state} from {from} until {until} by alice : a test")
    };
    let on_late = override_("on", "2026-11-27 09:00", "2026-11-27 22:00");
    let held = override_("hold", "2026-11-27 09:00", "2026-11-28 12:00");
    let off_by_day = override_("off", "2026-11-27 09:00", "2026-11-27 15:00");
    let seed = |name: &str, count| ServiceSeed::new(name).desired(count);
    let mut world = World::new(local("2026-11-27 08:30"));
    world.cluster("prod").cluster_tag("prod", "steward:schedule", OFFICE);
    for service in [
        seed("by-day", 2),
        seed("late", 3).tag("steward:override", &on_late),
        seed("held", 4).tag("steward:override", &held),
        seed("lunch", 5).tag("steward:override", &off_by_day),
        seed("lisbon", 6).tag("steward:schedule", "Fri-Mon 22:00-06:00 Europe/Lisbon"),
        seed("never", 7).tag("steward:schedule", "never"),
        seed("by-hand", 8).tag("steward:half", "stop-only"),
        seed("unsized", 0),
        seed("short", 9).short_arn(),
    ] {
        world.service("prod", service);
    }
    let environment =
        [("WAKE_LEAD", "PT30M"), ("SCHEDULES", r#"{"zone":"America/Sao_Paulo","holidays":["2026-12-01"]}"#)];
    let fixture = on(world, &environment).await;
    let mut now = local("2026-11-27 08:30");
    // The first look adopts what is there; the second acts on the overrides that have begun by then.
    for at in ["2026-11-27 08:30", "2026-11-27 09:00"] {
        now = local(at);
        tick(&fixture, now).await;
    }
    let names = ["by-day", "by-hand", "held", "late", "lisbon", "lunch", "never", "short", "unsized"];
    let counts = |fixture: &Fixture| names.map(|name| fixture.size(name).0);
    let mut before = counts(&fixture);
    let at_first: BTreeMap<&str, i64> = names.into_iter().zip(before).collect();
    let told = agenda(&fixture, "?hours=120").await;

    let mut done: Vec<(Timestamp, String, i64)> = Vec::new();
    let end = now + SignedDuration::from_hours(120);
    while now < end {
        now += SignedDuration::from_mins(30);
        tick(&fixture, now).await;
        let after = counts(&fixture);
        for ((name, before), after) in names.iter().zip(before).zip(after) {
            if before != after {
                done.push((now, (*name).to_owned(), after));
            }
        }
        before = after;
    }
    // What is so already changes nothing, and what would fail is not done.
    let mut counted = at_first;
    let mut foretold: Vec<(Timestamp, String, i64)> = Vec::new();
    for entry in told["agenda"].as_array().unwrap() {
        let name = entry["service"].as_str().unwrap();
        if !entry["wouldFail"].is_null() {
            continue;
        }
        let count = if entry["to"] == "on" { entry["size"]["count"].as_i64().unwrap() } else { 0 };
        if counted.insert(name, count) != Some(count) {
            foretold.push((entry["at"].as_str().unwrap().parse().unwrap(), name.to_owned(), count));
        }
    }
    assert_eq!(done, foretold, "{told}");
    assert!(done.len() > 15, "{done:?}");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_override_stands_in_place_of_the_transitions_until_then() {
    let fixture = on(office(vec![ServiceSeed::new("users").desired(2)]), &[]).await;
    tick(&fixture, local("2026-11-24 09:00")).await;
    let path = "/v1/clusters/prod/services/users/override";
    let body = json!({"state": "on", "until": local("2026-11-24 22:00").to_string(), "reason": "launch"});
    let put = fixture.rest("PUT", path, &body).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let told = agenda(&fixture, "").await;
    assert_eq!(lines(&told), ["2026-11-24T22:00:00-03:00 off users", "2026-11-25T08:00:00-03:00 on users"]);
    assert_eq!(told["agenda"][0]["cause"], "override");
    assert_eq!(told["agenda"][1]["cause"], "schedule");
}

#[tokio::test(start_paused = true)]
async fn holidays_names_and_the_lead_are_the_deployments() {
    let users = ServiceSeed::new("users").desired(2).tag("steward:schedule", "office");
    let catalog = r#"{"zone":"America/Sao_Paulo","schedules":{"office":"Mon-Fri 08:00-20:00"},"holidays":["2026-11-25"]}"#;
    let environment = [("SCHEDULES", catalog), ("WAKE_LEAD", "PT10M")];
    let fixture = on(office(vec![users]), &environment).await;
    assert_eq!(
        lines(&agenda(&fixture, "?hours=48").await),
        ["2026-11-24T20:00:00-03:00 off users", "2026-11-26T07:50:00-03:00 on users"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_clock_change_between_two_transitions_shows_in_their_offsets() {
    let users = ServiceSeed::new("users").tag("steward:schedule", "Mon-Sun 08:00-20:00 Europe/Berlin");
    let mut world = World::new("2026-10-24T12:00:00Z".parse().unwrap());
    world.cluster("prod").service("prod", users);
    let fixture = on(world, &[]).await;
    assert_eq!(
        lines(&agenda(&fixture, "").await),
        ["2026-10-24T20:00:00+02:00 off users", "2026-10-25T08:00:00+01:00 on users"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_would_fail_is_said_before_the_night() {
    let services = vec![
        ServiceSeed::new("bad").tag("steward:schedule", "Mon-Fri 08:00-25:00 UTC"),
        ServiceSeed::new("scribbled").tag("steward:record", "asleep"),
        ServiceSeed::new("short").desired(1).short_arn(),
        ServiceSeed::new("sized").desired(0).tag("steward:size", "n=4"),
        ServiceSeed::new("unsized").desired(0),
    ];
    let fixture = on(office(services), &[]).await;
    let told = agenda(&fixture, "").await;
    let codes: Vec<_> = told["agenda"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["service"].as_str().unwrap(), &entry["to"], &entry["wouldFail"]["code"]))
        .collect();
    let (on, off) = (&json!("on"), &json!("off"));
    let (null, short, size) = (&Value::Null, &json!("shortArn"), &json!("noSavedSize"));
    assert_eq!(
        codes,
        [
            ("short", off, short),
            ("sized", off, null),
            ("unsized", off, null),
            ("short", on, short),
            ("sized", on, null),
            ("unsized", on, size),
        ]
    );
    assert!(told["agenda"][5]["wouldFail"]["reason"].as_str().unwrap().contains("steward:size"), "{told}");
    let failures: Vec<_> =
        told["failures"].as_array().unwrap().iter().map(|failure| &failure["reason"]).collect();
    assert_eq!(failures, [&json!("scheduleUnreadable"), &json!("recordUnreadable")]);
    assert!(told["failures"][0]["detail"].as_str().unwrap().contains("25:00"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn it_looks_1_to_168_hours_ahead_in_a_cluster_that_there_is() {
    let fixture = on(office(vec![ServiceSeed::new("users").desired(2)]), &[]).await;
    for (query, entries) in [("", 2), ("?hours=1", 0), ("?hours=11", 1), ("?hours=168", 10)] {
        assert_eq!(lines(&agenda(&fixture, query).await).len(), entries, "{query}");
    }
    for query in ["?hours=0", "?hours=169", "?hours=-1", "?hours=1.5", "?hours=day", "?hours=", "?days=1"] {
        let answer = fixture.get(&format!("/v1/clusters/prod/agenda{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
    }
    let answer = fixture.get("/v1/clusters/prod/agenda?hours=169").await.json();
    assert!(answer["detail"].as_str().unwrap().contains("1 to 168 hours ahead"), "{answer}");
    assert_eq!(fixture.get("/v1/clusters/nowhere/agenda").await.status, 404);
    let direct = |event| fixture.system.invoke("describe-cluster", event);
    let told = direct(json!({"action": "agenda", "cluster": "prod", "hours": 11})).await.unwrap();
    assert_eq!(lines(&told), ["2026-11-24T20:00:00-03:00 off users"]);
    assert!(direct(json!({"action": "agenda", "cluster": "prod", "hours": "11"})).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_the_agenda_says_of_machines_is_what_reconcile_then_does() {
    let mut world = World::new(local("2026-11-24 09:00"));
    world.group(GroupSeed::new("prod").sizes(1, 2, 4).cluster("prod").tag("steward:schedule", OFFICE));
    world.group(GroupSeed::new("other").sizes(1, 1, 1).cluster("other").tag("steward:schedule", OFFICE));
    world.service("prod", ServiceSeed::new("api").desired(2).ec2().tag("steward:schedule", OFFICE));
    let fixture = on(world, &[]).await;
    tick(&fixture, local("2026-11-24 09:00")).await;
    let foretold = agenda(&fixture, "").await;
    let group = |entry: &Value| entry["autoScalingGroup"].as_str().map(str::to_owned);
    let entries = foretold["agenda"].as_array().unwrap();
    let names = entries.iter().map(|it| group(it).or_else(|| it["service"].as_str().map(str::to_owned)));
    assert_eq!(
        names.map(Option::unwrap).collect::<Vec<_>>(),
        ["api", "prod", "prod", "api"],
        "its own alone: {foretold}"
    );
    let size = json!({"count": 2, "min": 1, "suspended": "--"});
    assert_eq!((&entries[1]["size"], &entries[1]["wouldFail"]), (&size, &Value::Null));
    let desired = || fixture.aws.with(|world| world.group_view("prod")).unwrap().desired;
    for (entry, to) in [(&entries[1], 0), (&entries[2], 2)] {
        let at: Timestamp = entry["at"].as_str().unwrap().parse().unwrap();
        tick(&fixture, at - SignedDuration::from_mins(5)).await;
        assert_eq!(desired(), 2 - to, "not before {at}");
        tick(&fixture, at).await;
        tick(&fixture, at + SignedDuration::from_mins(5)).await;
        assert_eq!(desired(), to, "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_agenda_says_comes_back_is_what_the_start_brings_back_also_where_a_tag_says_the_scaling() {
    let users = ServiceSeed::new("users")
        .desired(0)
        .tag("steward:schedule", OFFICE)
        .tag("steward:record", "v1 off@2026-11-23T23:00:00Z n=3 by=schedule")
        .tag("steward:size", "n=2 min=1 susp=---");
    let mut world = World::new(local("2026-11-24 06:00"));
    world.cluster("prod").service("prod", users);
    world.scalable_target("prod", "users", TargetSeed::new(0, 6));
    let fixture = on(world, &[]).await;
    tick(&fixture, local("2026-11-24 06:00")).await;
    let foretold = agenda(&fixture, "").await;
    let morning = &foretold["agenda"][0];
    assert_eq!(
        (&morning["to"], &morning["size"]["count"], &morning["size"]["min"]),
        (&json!("on"), &json!(3), &json!(1))
    );
    tick(&fixture, local("2026-11-24 08:00")).await;
    assert_eq!(fixture.size("users"), (3, Some((1, [false; 3]))), "{foretold}");
}
