//! What the schedules of the coming days will not run.

use std::time::Duration;

use emulator::{ServiceSeed, TargetSeed, World};
use jiff::SignedDuration;
use local::Sent;
use serde_json::{Value, json};

use crate::fixture::{Fixture, evening};
use crate::openapi;

/// Twelve hours a day, five days a week: off for 108 hours of a week.
const OFFICE: &str = "Mon-Fri 08:00-20:00 America/Sao_Paulo";

/// `users` with four tasks of half a vCPU and one GiB, at 19:00 on a Tuesday.
fn users(seed: impl FnOnce(ServiceSeed) -> ServiceSeed) -> World {
    let mut world = World::new(evening() - SignedDuration::from_hours(1));
    world.cluster("prod");
    world.service("prod", seed(ServiceSeed::new("users").desired(4).size(512, 1_024)));
    world
}

/// At 20:00, and adopted by then: what is first seen at night is left as it is until the morning.
async fn adopted(world: World) -> Fixture {
    let fixture = Fixture::on(world).await;
    fixture.scale(json!({"action": "reconcile", "cluster": "prod"})).await.unwrap();
    fixture.aws.move_to(evening());
    fixture
}

fn scheduled(seed: ServiceSeed) -> ServiceSeed {
    seed.tag("steward:schedule", OFFICE)
}

async fn savings(fixture: &Fixture, days: u32) -> Value {
    let answer = fixture.get(&format!("/v1/clusters/prod/savings?days={days}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn hours(of: &Value) -> (f64, f64, f64) {
    let hours = |name: &str| of[name].as_f64().unwrap_or_else(|| panic!("no {name}: {of}"));
    (hours("taskHours"), hours("vcpuHours"), hours("memoryGiBHours"))
}

#[tokio::test(start_paused = true)]
async fn a_week_of_office_hours_saves_108_hours_of_each_task_whether_the_service_is_up_or_asleep() {
    let fixture = adopted(users(scheduled)).await;
    let by_day = savings(&fixture, 7).await;
    assert_eq!(hours(&by_day), (432.0, 216.0, 432.0), "{by_day}");
    assert_eq!(by_day["savings"][0]["service"], "users");
    assert_eq!(by_day["savings"][0]["isKnown"], true);
    assert_eq!(
        (&by_day["from"], &by_day["until"]),
        (&json!(evening()), &json!(evening() + SignedDuration::from_hours(168)))
    );
    for _ in 0..2 {
        fixture.scale(json!({"action": "reconcile", "cluster": "prod"})).await.unwrap();
    }
    assert_eq!(fixture.size("users").0, 0);
    assert_eq!(hours(&savings(&fixture, 7).await), (432.0, 216.0, 432.0));
    // Without days it is a week.
    assert_eq!(hours(&fixture.get("/v1/clusters/prod/savings").await.json()), (432.0, 216.0, 432.0));
}

#[tokio::test(start_paused = true)]
async fn what_stays_at_night_is_not_saved_and_neither_is_what_an_override_keeps_on() {
    let fixture = adopted(users(|seed| scheduled(seed).tag("steward:night", "1"))).await;
    assert_eq!(hours(&savings(&fixture, 7).await), (324.0, 162.0, 324.0));
    let fixture = adopted(users(scheduled)).await;
    let on =
        json!({"action": "putOverride", "cluster": "prod", "service": "users", "state": "on", "for": "PT2H"});
    fixture.scale(on).await.unwrap();
    assert_eq!(hours(&savings(&fixture, 7).await), (424.0, 212.0, 424.0));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_follows_no_schedule_saves_nothing_and_one_whose_tags_cannot_be_read_is_said() {
    let mut world = users(|seed| seed);
    world.service("prod", ServiceSeed::new("odd").desired(2).tag("steward:schedule", "whenever"));
    let fixture = Fixture::on(world).await;
    let found = savings(&fixture, 7).await;
    assert_eq!((hours(&found), &found["savings"]), ((0.0, 0.0, 0.0), &json!([])), "{found}");
    let failures = found["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1, "{found}");
    assert!(failures[0]["arn"].as_str().unwrap().ends_with("/odd"), "{found}");
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_that_cannot_be_read_costs_its_vcpus_and_not_the_answer() {
    let fixture = adopted(users(scheduled)).await;
    fixture.aws.faults(emulator::Faults::new().on("ecs", "DescribeTaskDefinition").access_denied());
    let found = savings(&fixture, 7).await;
    assert_eq!(hours(&found), (432.0, 0.0, 0.0));
    assert_eq!(found["savings"][0]["isKnown"], false);
    fixture.aws.faults(emulator::Faults::new());
    assert_eq!(hours(&savings(&fixture, 7).await), (432.0, 216.0, 432.0), "it is tried again");
    fixture.aws.forget();
    savings(&fixture, 7).await;
    let read =
        fixture.aws.ledger().into_iter().filter(|call| call.operation == "DescribeTaskDefinition").count();
    assert_eq!(read, 0, "and read once");
}

#[tokio::test(start_paused = true)]
async fn what_is_foretold_is_what_reconcile_then_does_not_run() {
    let mut world = users(|seed| scheduled(seed).tag("steward:night", "1"));
    world.service("prod", scheduled(ServiceSeed::new("scaled").desired(3)));
    world.scalable_target("prod", "scaled", TargetSeed::new(2, 6));
    world.service(
        "prod",
        ServiceSeed::new("weekend")
            .desired(2)
            .tag("steward:schedule", "Sat,Sun 10:00-16:00 America/Sao_Paulo"),
    );
    world.service("prod", ServiceSeed::new("always").desired(5));
    let by_day = [("users", 4), ("scaled", 3), ("weekend", 2), ("always", 5)];
    let fixture = adopted(world).await;
    let foretold = savings(&fixture, 6).await;
    let mut saved = 0;
    for _ in 0..6 * 24 * 2 {
        // What is due is done by two ticks.
        for _ in 0..2 {
            fixture.scale(json!({"action": "reconcile", "cluster": "prod"})).await.unwrap();
        }
        saved += by_day.iter().map(|(name, count)| count - fixture.size(name).0).sum::<i64>();
        fixture.aws.advance(Duration::from_mins(30));
    }
    let half_hours = (hours(&foretold).0 * 2.0).round();
    assert_eq!(format!("{half_hours}"), saved.to_string(), "{foretold}");
}

#[tokio::test(start_paused = true)]
async fn a_table_shows_them_to_people() {
    let fixture = adopted(users(scheduled)).await;
    let sent = Sent {
        method: "GET".to_owned(),
        path: "/v1/clusters/prod/savings".to_owned(),
        headers: vec![("accept".to_owned(), "text/plain".to_owned())],
        body: Vec::new(),
    };
    let answer = openapi::request(&fixture.system, &sent).await.body;
    for words in ["SERVICE", "TASK HOURS", "users", "432"] {
        assert!(answer.contains(words), "{words}: {answer}");
    }
}
