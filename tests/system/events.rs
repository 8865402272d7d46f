//! Events on EventBridge: each kind is told once, in its schema, and what fails there fails nothing else.

use std::fs;
use std::path::Path;

use emulator::{Aws, EventView, Faults, ImageSeed, ServiceSeed, World};
use jiff::{SignedDuration, Timestamp};
use local::{System, cli::schema_file, system::Setup};
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::schema::Validator;

const OFFICE: &str = "Mon-Fri 08:00-20:00 America/Sao_Paulo";
const SCHEDULE: &str = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/ours";

fn local(text: &str) -> Timestamp {
    format!("{}:00-03:00", text.replace(' ', "T")).parse().unwrap()
}

fn noon() -> World {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod").repository("users").image("users", ImageSeed::new("prod-1"));
    world.service("prod", ServiceSeed::new("users").desired(2).tag("steward:schedule", OFFICE));
    world
}

async fn on(world: World, environment: &[(&str, &str)]) -> Fixture {
    let aws = Aws::new(world);
    let setup = Setup::embedded(&aws).with("EVENT_BUS", "default");
    let setup = environment.iter().fold(setup, |setup, (name, value)| setup.with(name, value));
    Fixture { system: Box::pin(System::start(setup)).await.unwrap(), aws }
}

fn scheduled(fixture: &Fixture, action: &str) -> Value {
    json!({"action": action, "at": fixture.aws.now(), "schedule": SCHEDULE})
}

async fn tick(fixture: &Fixture, at: &str) {
    fixture.aws.move_to(local(at));
    let mut event = scheduled(fixture, "reconcile");
    event["clusters"] = json!(["*"]);
    // What fails there is told too.
    drop(fixture.scale(event).await);
}

/// The events since the last look, each in its schema.
fn told(fixture: &Fixture) -> Vec<EventView> {
    let events = fixture.aws.with(World::take_events);
    for event in &events {
        assert_eq!((event.source.as_str(), event.bus.as_str()), ("ecs-steward", "default"));
        assert_is_in_its_schema(&event.detail_type, &event.detail);
        let title = event.detail["chat"]["content"]["title"].as_str().unwrap();
        println!("{}: {title}\n{}\n", event.detail_type, event.detail["chat"]["content"]["description"]);
        assert!(!title.is_empty() && title.chars().count() < 250, "{title}");
    }
    events
}

fn kinds(events: &[EventView]) -> Vec<&str> {
    events.iter().map(|event| event.detail_type.as_str()).collect()
}

fn schemas() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas")
}

fn assert_is_in_its_schema(kind: &str, detail: &Value) {
    let text = fs::read_to_string(schemas().join(schema_file(kind))).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let fault = Validator::of(&schema).fault(detail);
    assert_eq!(fault, None, "{kind}: {detail}");
}

#[test]
fn the_schemas_that_are_checked_in_are_what_the_types_make_of_them() {
    let made = shared::events::schemas();
    for (kind, schema) in &made {
        let text = serde_json::to_string_pretty(schema).unwrap() + "\n";
        let there = fs::read_to_string(schemas().join(schema_file(kind))).unwrap_or_default();
        assert!(text == there, "{kind} is not up to date: cargo local schemas schemas");
    }
    assert_eq!(fs::read_dir(schemas()).unwrap().count(), made.len());
}

#[tokio::test(start_paused = true)]
async fn a_day_tells_what_was_changed_and_what_goes_off_soon_and_a_quiet_tick_nothing() {
    let fixture = on(noon(), &[]).await;
    tick(&fixture, "2026-11-24 12:00").await;
    let adopted = told(&fixture);
    assert_eq!(kinds(&adopted), ["Run Finished"]);
    assert_eq!(adopted[0].detail["summary"], "all clusters: 1 service adopted (users 2)");
    assert_eq!(adopted[0].detail["actor"], SCHEDULE);
    for quiet in ["2026-11-24 12:05", "2026-11-24 19:20", "2026-11-24 19:25"] {
        tick(&fixture, quiet).await;
        assert_eq!(kinds(&told(&fixture)), [""; 0], "{quiet}");
    }
    tick(&fixture, "2026-11-24 19:30").await;
    let soon = told(&fixture);
    assert_eq!(kinds(&soon), ["Going Off Soon"]);
    let detail = &soon[0].detail;
    assert_eq!(
        (&detail["cluster"], &detail["at"], &detail["services"]),
        (&json!("prod"), &json!("2026-11-24T20:00:00-03:00"), &json!(["users"]))
    );
    // What a button takes its variables from.
    let context = &detail["chat"]["metadata"]["additionalContext"];
    assert_eq!(*context, json!({"cluster": "prod", "service": "users"}));
    tick(&fixture, "2026-11-24 19:35").await;
    assert_eq!(kinds(&told(&fixture)), [""; 0], "it is told once");
    // The request that it offers keeps them on.
    let keep = &detail["keepOn"][0];
    let kept =
        fixture.rest(keep["method"].as_str().unwrap(), keep["path"].as_str().unwrap(), &keep["body"]).await;
    assert_eq!(kept.status, 200, "{}", kept.body);
    assert_eq!(kinds(&told(&fixture)), ["Run Finished"]);
    tick(&fixture, "2026-11-24 20:00").await;
    assert_eq!((fixture.size("users").0, told(&fixture).len()), (2, 0));
    tick(&fixture, "2026-11-24 21:30").await;
    let ends = told(&fixture);
    assert_eq!(kinds(&ends), ["Going Off Soon", "Override Ends Soon"]);
    let extend = &ends[1].detail["extend"];
    assert_eq!(extend["body"]["until"], "2026-11-25T03:00:00Z");
    tick(&fixture, "2026-11-24 22:00").await;
    let off = told(&fixture);
    assert_eq!(kinds(&off), ["Run Finished"]);
    assert_eq!(off[0].detail["counts"]["changed"], 1);
    assert_eq!(fixture.size("users").0, 0);
}

#[tokio::test(start_paused = true)]
async fn what_goes_off_is_told_of_services_that_a_reconcile_stops_and_the_offer_starts_no_other() {
    let mut world = noon();
    world.cluster_tag("prod", "steward:schedule", OFFICE).instances("prod", 1);
    world.service("prod", ServiceSeed::new("agent").daemon());
    world.service("prod", ServiceSeed::new("posts").desired(1));
    let early = "Mon-Fri 06:00-09:00 America/Sao_Paulo";
    world.service("prod", ServiceSeed::new("early").desired(0).tag("steward:schedule", early));
    let off = "off from 2026-11-24T18:00:00Z until 2026-11-24T19:00:00Z by alice : a test";
    world.service("prod", ServiceSeed::new("release").tag("steward:override", off));
    let fixture = on(world, &[]).await;
    tick(&fixture, "2026-11-24 12:00").await;
    told(&fixture);
    tick(&fixture, "2026-11-24 14:30").await;
    let by_override = told(&fixture);
    assert_eq!(kinds(&by_override), ["Going Off Soon"]);
    assert_eq!(by_override[0].detail["services"], json!(["release"]));
    for at in ["2026-11-24 15:00", "2026-11-24 16:00", "2026-11-24 16:05"] {
        tick(&fixture, at).await;
        told(&fixture);
    }
    tick(&fixture, "2026-11-24 19:30").await;
    let soon = told(&fixture);
    assert_eq!(soon[0].detail["services"], json!(["posts", "release", "users"]));
    for keep in soon[0].detail["keepOn"].as_array().unwrap() {
        let kept = fixture.rest("PUT", keep["path"].as_str().unwrap(), &keep["body"]).await;
        assert_eq!(kept.status, 200, "{}", kept.body);
    }
    tick(&fixture, "2026-11-24 20:00").await;
    assert_eq!(["users", "posts", "early"].map(|name| fixture.size(name).0), [2, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_fails_at_every_tick_is_told_once() {
    let mut world = noon();
    world.service("prod", ServiceSeed::new("odd").tag("steward:schedule", "whenever"));
    // It has a record, and nothing says its size.
    let off = "v1 off@2026-11-23T23:00:00Z by=request";
    let lost = ServiceSeed::new("lost").desired(0).tag("steward:schedule", OFFICE);
    world.service("prod", lost.tag("steward:record", off));
    let fixture = on(world, &[]).await;
    tick(&fixture, "2026-11-24 12:00").await;
    assert_eq!(kinds(&told(&fixture)), ["Run Finished"]);
    for at in ["2026-11-24 12:05", "2026-11-24 12:10", "2026-11-24 12:15"] {
        tick(&fixture, at).await;
        assert_eq!(kinds(&told(&fixture)), [""; 0], "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_late_is_told_once_until_it_is_whole() {
    let fixture = on(noon(), &[]).await;
    for at in ["2026-11-24 12:00", "2026-11-24 20:00", "2026-11-24 20:05"] {
        tick(&fixture, at).await;
    }
    fixture.aws.with(|world| {
        world.cannot_start("prod", "users", Some("CannotPullContainerError: gone"));
    });
    tick(&fixture, "2026-11-25 08:00").await;
    told(&fixture);
    let mut all = Vec::new();
    for minute in (5..60).step_by(5) {
        tick(&fixture, &format!("2026-11-25 08:{minute:02}")).await;
        all.extend(told(&fixture));
    }
    assert_eq!(kinds(&all), ["Late To Wake"]);
    let late = &all[0].detail["services"][0];
    assert_eq!((&late["resource"], &late["code"]), (&json!("service/prod/users"), &json!("lateToWake")));
}

#[tokio::test(start_paused = true)]
async fn what_lost_its_record_is_told_once_and_what_will_not_wake_by_the_bedtime_check() {
    let fixture = on(noon(), &[]).await;
    for at in ["2026-11-24 12:00", "2026-11-24 20:00", "2026-11-24 20:05"] {
        tick(&fixture, at).await;
    }
    told(&fixture);
    fixture.aws.with(|world| {
        let arn = "arn:aws:ecs:sa-east-1:123456789012:service/prod/users";
        world
            .call("ecs", "UntagResource", json!({"resourceArn": arn, "tagKeys": ["steward:record"]}))
            .unwrap();
        world.remove_image("users", &ImageSeed::new("prod-1").digest("users"));
    });
    tick(&fixture, "2026-11-24 20:10").await;
    assert_eq!(kinds(&told(&fixture)), ["Run Finished", "At Risk"]);
    tick(&fixture, "2026-11-24 20:15").await;
    assert_eq!(kinds(&told(&fixture)), [""; 0]);
    fixture.system.invoke("describe-cluster", scheduled(&fixture, "wakeCheck")).await.unwrap();
    let check = told(&fixture);
    assert_eq!(kinds(&check), ["Will Not Wake"]);
    let codes: Vec<_> =
        check[0].detail["services"][0]["because"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
    assert_eq!(codes, [&json!("noSavedSize"), &json!("imageGone")]);
    // A person who looks is told by the answer.
    fixture.system.invoke("describe-cluster", json!({"action": "wakeCheck"})).await.unwrap();
    assert_eq!(told(&fixture).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pruning_tells_how_many_images_went_of_which_repository() {
    let mut world = noon();
    for n in 0..5 {
        let pushed = world.now() - SignedDuration::from_hours(2_000 + n);
        world.image("old", ImageSeed::new(&format!("v{n}")).pushed_at(pushed));
    }
    let fixture = on(world, &[("PRUNE_REPOSITORIES", "*")]).await;
    let policy = json!({"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2},
        "action": {"type": "expire"},
    }]});
    for dry in [true, false] {
        let event = json!({"action": "prune", "repositories": ["old"], "policy": policy, "dryRun": dry});
        fixture.system.invoke("prune-images", event).await.unwrap();
        let events = told(&fixture);
        if dry {
            assert_eq!(events.len(), 0, "none in a dry run");
        } else {
            assert_eq!(kinds(&events), ["Run Finished", "Images Pruned"]);
            assert_eq!(events[1].detail["deleted"], json!({"old": 3}));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_and_a_deployment_that_only_observes_tell_nothing() {
    let fixture = on(noon(), &[("MODE", "observe")]).await;
    for at in ["2026-11-24 12:00", "2026-11-24 19:30", "2026-11-24 20:00"] {
        tick(&fixture, at).await;
    }
    let stop = json!({"action": "stop", "cluster": "prod", "dryRun": true});
    fixture.scale(stop).await.unwrap();
    assert_eq!(told(&fixture).len(), 0);
    let nowhere = on(noon(), &[("EVENT_BUS", "")]).await;
    nowhere.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
    assert!(nowhere.aws.ledger().iter().all(|call| call.operation != "PutEvents"));
}

#[tokio::test(start_paused = true)]
async fn an_invocation_counts_its_own_calls_and_throttles_and_not_those_of_the_ones_before_it() {
    let fixture = on(noon(), &[]).await;
    let stop = json!({"action": "stop", "cluster": "prod", "dryRun": true});
    for throttled in [0, 2, 0] {
        fixture.aws.forget();
        fixture.aws.faults(Faults::new().on("ecs", "ListServices").times(throttled).throttle());
        let (answer, metrics) = fixture.system.invoke_measured("scale-service", stop.clone()).await;
        let (answer, metrics) = (answer.unwrap(), metrics.unwrap());
        assert_eq!(answer["ok"], true, "{answer}");
        assert_eq!(metrics["Throttles"], throttled, "{metrics}");
        assert_eq!(metrics["AwsCalls"], fixture.aws.ledger().len(), "{metrics}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_arrive_is_counted_and_fails_no_run() {
    let fixture = on(noon(), &[]).await;
    let run = async |event: Value| {
        let (answer, metrics) = fixture.system.invoke_measured("scale-service", event).await;
        (answer.unwrap()["ok"].clone(), metrics.unwrap()["EventsLost"].clone())
    };
    let stop = json!({"action": "stop", "cluster": "prod"});
    let start = json!({"action": "start", "cluster": "prod"});
    assert_eq!(run(stop.clone()).await, (json!(true), Value::Null));
    fixture.aws.with(|world| {
        world.refuse_events("Run Finished");
    });
    assert_eq!(run(start.clone()).await, (json!(true), json!(1)), "one that is refused");
    fixture.aws.faults(Faults::new().on("eventbridge", "PutEvents").access_denied());
    assert_eq!(run(stop).await, (json!(true), json!(1)), "a call that is denied");
    fixture.aws.faults(Faults::new().on("eventbridge", "PutEvents").hang());
    assert_eq!(run(start).await, (json!(true), json!(1)), "and one that is never answered");
}
