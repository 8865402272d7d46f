//! A thousand services go at the speed that AWS allows.
//!
//! The clock is tokio's, paused: its seconds are those that the budgets, the latency and the
//! embedded AWS's buckets make, the same on every machine.

use std::collections::BTreeMap;
use std::time::Duration;

use emulator::{Aws, Call, Faults, ServiceSeed, TargetSeed, World};
use local::{System, system::Setup};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::fixture::{Fixture, evening, prod_with};

/// 1,000 services of two tasks in 20 clusters, a tenth autoscaled.
fn thousand() -> World {
    let mut world = World::new(evening());
    for cluster in 0..20 {
        let cluster = format!("c{cluster:02}");
        world.cluster(&cluster);
        for service in 0..50 {
            let name = format!("s{service:02}");
            world.service(&cluster, ServiceSeed::new(&name).desired(2));
            if service % 10 == 0 {
                world.scalable_target(&cluster, &name, TargetSeed::new(1, 6));
            }
        }
    }
    world
}

fn by_operation(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts.entry(call.operation.clone()).or_insert(0) += 1;
    }
    counts
}

/// From the first call to the last change of a count.
fn until_the_last_change(calls: &[Call]) -> f64 {
    let last = calls.iter().rev().find(|call| call.operation == "UpdateService").unwrap();
    last.at.duration_since(calls[0].at).as_secs_f64()
}

fn throttled(calls: &[Call]) -> usize {
    calls.iter().filter(|call| call.outcome == Err("ThrottlingException".to_owned())).count()
}

async fn at_full_share(aws: &Aws) -> System {
    System::start(Setup::embedded(aws).with("BUDGET_SHARE", "1")).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_services_are_stopped_at_awss_own_pace_and_the_same_again_writes_nothing() {
    let aws = Aws::new(thousand());
    aws.latency(Some(Duration::from_millis(20)));
    let system = at_full_share(&aws).await;
    let stop = json!({"action": "stop", "clusters": ["*"]});

    let start = Instant::now();
    let report = system.invoke("scale-service", stop.clone()).await.unwrap();
    let wall = start.elapsed();
    let calls = aws.ledger();
    let counts = by_operation(&calls);
    println!(
        "stop: {} in {wall:.1?} (virtual), throttled {}, {counts:?}",
        report["summary"],
        throttled(&calls)
    );
    assert_eq!(report["counts"]["changed"], 1_000);
    let reads = ["ListClusters", "DescribeClusters", "ListServices", "DescribeServices"];
    // Before each batch of ten its services and its cluster are looked at again.
    assert_eq!(reads.map(|read| counts[read]), [1, 1 + 100, 20, 100 + 100], "122 reads, and the fresh looks");
    assert_eq!((counts["DescribeScalableTargets"], counts["DescribeScheduledActions"]), (2, 1));
    assert_eq!(
        ["TagResource", "UpdateService", "RegisterScalableTarget"].map(|w| counts[w]),
        [2_000, 1_000, 100]
    );
    // 2,000 tag writes at 10 a second after a burst of 20.
    let bound = Duration::from_secs(198);
    assert!(wall.as_secs_f64() / bound.as_secs_f64() <= 1.05, "{wall:?} against {bound:?}");
    // 1,000 counts at 5 a second after a burst of 50: no count waits for another's confirmation.
    let last = until_the_last_change(&calls);
    println!("the last is at 0 after {last:.1} s");
    assert!(last <= 190.0 * 1.02, "the last is at 0 after {last} s");
    assert_eq!(throttled(&calls), 0);

    aws.forget();
    aws.advance(Duration::from_mins(1));
    let start = Instant::now();
    let again = at_full_share(&aws).await.invoke("scale-service", stop).await.unwrap();
    let calls = aws.ledger();
    println!("again: {} in {:.1?} (virtual), {} calls", again["summary"], start.elapsed(), calls.len());
    assert_eq!(again["counts"]["unchanged"], 1_000);
    assert_eq!(calls.len(), 122 + 2, "the reads, and the scalable targets");
    assert!(aws.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn in_one_cluster_alone_no_count_waits_for_the_confirmations_of_the_batch_before_it() {
    let aws = Aws::new(prod_with(200));
    aws.latency(Some(Duration::from_millis(20)));
    let stop = json!({"action": "stop", "cluster": "prod"});
    let report = at_full_share(&aws).await.invoke("scale-service", stop).await.unwrap();
    assert_eq!(report["counts"]["changed"], 200);
    let calls = aws.ledger();
    // 200 counts at 5 a second after a burst of 50, and the look before them.
    let last = until_the_last_change(&calls);
    println!("the last is at 0 after {last:.1} s");
    assert!(last <= 31.5, "the last is at 0 after {last} s, where 30 s are the least");
    let all = calls.last().unwrap().at.duration_since(calls[0].at).as_secs_f64();
    // 400 tag writes at 10 a second after a burst of 20.
    assert!(all <= 38.0 * 1.05, "all is recorded after {all} s");
    assert_eq!(throttled(&calls), 0);
}

#[tokio::test(start_paused = true)]
async fn the_morning_of_a_thousand_services_comes_at_awss_own_pace_and_ends_at_the_next_tick() {
    let aws = Aws::new(thousand());
    let system = at_full_share(&aws).await;
    system.invoke("scale-service", json!({"action": "stop", "clusters": ["*"]})).await.unwrap();
    aws.advance(Duration::from_mins(10));
    aws.latency(Some(Duration::from_millis(20)));
    aws.forget();
    let start = Instant::now();
    let report = system.invoke("scale-service", json!({"action": "start", "clusters": ["*"]})).await.unwrap();
    let wall = start.elapsed();
    let counts = by_operation(&aws.ledger());
    println!("start: {} in {wall:.1?} (virtual), {counts:?}", report["summary"]);
    assert_eq!(report["counts"]["changed"], 1_000);
    let writes = ["UpdateService", "RegisterScalableTarget", "TagResource"].map(|w| counts[w]);
    assert_eq!(writes, [1_000, 100, 1_000], "a count, autoscaling, and a record that says starting");
    // 1,000 counts at 5 a second after a burst of 50.
    let bound = Duration::from_secs(190);
    assert!(wall.as_secs_f64() / bound.as_secs_f64() <= 1.05, "{wall:?} against {bound:?}");

    aws.advance(Duration::from_mins(5));
    aws.forget();
    let whole =
        system.invoke("scale-service", json!({"action": "reconcile", "clusters": ["*"]})).await.unwrap();
    let counts = by_operation(&aws.ledger());
    assert_eq!(whole["counts"]["changed"], 1_000, "{}", whole["summary"]);
    assert_eq!(["RegisterScalableTarget", "TagResource"].map(|w| counts[w]), [100, 1_000]);
    assert!(!counts.contains_key("UpdateService"), "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_services_come_back_with_one_denied_and_the_run_says_which() {
    let aws = Aws::new(thousand());
    let system = at_full_share(&aws).await;
    system.invoke("scale-service", json!({"action": "stop", "clusters": ["*"]})).await.unwrap();
    aws.advance(Duration::from_mins(10));
    aws.faults(
        Faults::new().on("ecs", "UpdateService").containing("\"c07\"").containing("s13").access_denied(),
    );
    let problem =
        system.invoke("scale-service", json!({"action": "start", "clusters": ["*"]})).await.unwrap_err();
    assert_eq!(problem.failures[0]["counts"]["changed"], 999, "{problem}");
    assert_eq!(problem.failures[1]["resource"], "service/c07/s13");
    assert_eq!(problem.failures.len(), 2);
    aws.faults(Faults::new());
    system.invoke("scale-service", json!({"action": "start", "clusters": ["*"]})).await.unwrap();
    aws.with(|world| {
        for cluster in 0..20 {
            for service in 0..50 {
                let (cluster, service) = (format!("c{cluster:02}"), format!("s{service:02}"));
                assert_eq!(world.desired_count(&cluster, &service), 2, "{cluster}/{service}");
            }
        }
    });
}

#[tokio::test(start_paused = true)]
async fn a_fleet_of_1001_in_one_cluster_is_seen_to_the_last_one() {
    let fixture = Fixture::on({
        let mut world = prod_with(1_000);
        world.service("prod", ServiceSeed::new("the-last-one").tag("team", "z"));
        world
    })
    .await;
    let report = fixture.scale(json!({"action": "stop", "cluster": "prod", "dryRun": true})).await.unwrap();
    assert_eq!(report["counts"]["changed"], 1_001);
    let last =
        fixture.scale(json!({"action": "stop", "cluster": "prod", "tags": {"team": "z"}})).await.unwrap();
    assert_eq!(last["items"].as_array().unwrap().len(), 1);
    assert_eq!(fixture.size("the-last-one").0, 0);
}

#[tokio::test(start_paused = true)]
async fn one_of_a_hundred_denied_over_rest_is_a_207() {
    let fixture = Fixture::on(prod_with(100)).await;
    fixture.aws.faults(Faults::new().on("ecs", "UpdateService").containing("s031").access_denied());
    let answer = fixture.rest("POST", "/v1/clusters/prod/stop", &Value::Null).await;
    assert_eq!(answer.status, 207);
    assert_eq!(
        answer.json()["counts"],
        json!({"changed": 99, "unchanged": 0, "skipped": 0, "failed": 1, "notAttempted": 0})
    );
}

#[tokio::test(start_paused = true)]
async fn a_throttle_halves_the_budget_for_the_run() {
    let pace = async |throttled: bool| {
        let fixture = Fixture::on(prod_with(120)).await;
        if throttled {
            fixture.aws.faults(Faults::new().on("ecs", "UpdateService").times(1).throttle());
        }
        let start = Instant::now();
        fixture.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
        start.elapsed().as_secs_f64()
    };
    let (full, halved) = (pace(false).await, pace(true).await);
    // The burst is spent at once either way; what is sustained goes at half the pace.
    let ratio = halved / full;
    assert!((1.5..3.0).contains(&ratio), "{full} s, and {halved} s after a throttle");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_slept_between_two_ticks_does_not_burst_twice() {
    let aws = Aws::new(prod_with(120));
    let system = at_full_share(&aws).await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    let stop = json!({"action": "stop", "cluster": "prod"});
    assert_eq!(system.invoke("scale-service", stop).await.unwrap()["counts"]["changed"], 120);
    assert_eq!(throttled(&aws.ledger()), 0);
}

#[tokio::test(start_paused = true)]
async fn two_mornings_at_once_are_one_and_neither_fails() {
    let office = "Mon-Fri 08:00-20:00 America/Sao_Paulo";
    let mut world = World::new("2026-11-24T15:00:00Z".parse().unwrap());
    world.cluster("prod").cluster_tag("prod", "steward:schedule", office);
    for n in 0..62 {
        world.service("prod", ServiceSeed::new(&format!("s{n:02}")).desired(2));
    }
    let aws = Aws::new(world);
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
    let tick = || json!({"action": "reconcile", "clusters": ["*"], "at": aws.now().to_string(), "schedule": schedule});
    let (one, other) = (at_full_share(&aws).await, at_full_share(&aws).await);
    for at in ["2026-11-24T15:00:00Z", "2026-11-24T23:00:00Z", "2026-11-24T23:05:00Z"] {
        aws.move_to(at.parse().unwrap());
        one.invoke("scale-service", tick()).await.unwrap();
    }
    aws.latency(Some(Duration::from_millis(20)));
    aws.move_to("2026-11-25T11:00:00Z".parse().unwrap());
    let (event, again) = (tick(), tick());
    let (first, second) =
        tokio::join!(one.invoke("scale-service", event), other.invoke("scale-service", again));
    for report in [first.unwrap(), second.unwrap()] {
        assert_eq!(
            (&report["ok"], &report["counts"]["failed"]),
            (&json!(true), &json!(0)),
            "{}",
            report["summary"]
        );
    }
    aws.with(|world| {
        for n in 0..62 {
            let service = format!("s{n:02}");
            assert_eq!(world.desired_count("prod", &service), 2);
            assert!(
                world.tags("prod", &service)["steward:record"]
                    .starts_with("v1 starting@2026-11-25T11:00:00Z")
            );
        }
    });
}

#[tokio::test(start_paused = true)]
async fn what_a_start_over_rest_has_raised_when_its_time_is_up_is_recorded_and_the_rest_is_untouched() {
    let fixture = Fixture::on(prod_with(400)).await;
    fixture.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
    fixture.aws.advance(Duration::from_mins(10));
    fixture.aws.latency(Some(Duration::from_millis(20)));
    let answer = fixture.rest("POST", "/v1/clusters/prod/start", &Value::Null).await;
    assert_eq!(answer.status, 207, "{}", &answer.body[..200]);
    let report = answer.json();
    let [changed, left] =
        ["changed", "notAttempted"].map(|outcome| report["counts"][outcome].as_u64().unwrap());
    assert!(changed > 100 && left > 100 && changed + left == 400, "{}", report["summary"]);
    let services = || (0..400).map(|n| format!("s{n:03}"));
    let raised = services().filter(|name| fixture.size(name).0 > 0).count();
    let recorded =
        services().filter(|name| fixture.record(name).unwrap().starts_with("v1 starting@")).count();
    // What was under way when the time was up is one batch.
    assert!(raised - recorded <= 10, "{raised} raised, {recorded} recorded");
    // The same request again goes on.
    fixture.aws.advance(Duration::from_mins(5));
    while fixture.rest("POST", "/v1/clusters/prod/start", &Value::Null).await.status == 207 {
        fixture.aws.advance(Duration::from_mins(1));
    }
    assert!(services().all(|name| fixture.size(&name).0 == 2));
}
