//! Killed at every call, before and after its commit: the next run converges to the same end, and
//! the size is never lost.

use emulator::{Aws, ServiceSeed, TargetSeed, World};
use local::{System, system::Setup};
use serde_json::{Value, json};

use crate::fixture::{Fixture, killed_at_every_call, prod, size_in};

/// `plain` has no target, `scaled` has one, `kept` has one and a night size, and `worker` is a queue worker that autoscaling took
/// to 0.
fn world() -> World {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("plain").desired(2));
    world.service("prod", ServiceSeed::new("scaled").desired(3));
    world.scalable_target("prod", "scaled", TargetSeed::new(2, 6).suspended(false, true, false));
    world.service("prod", ServiceSeed::new("kept").desired(4).tag("steward:night", "1"));
    world.scalable_target("prod", "kept", TargetSeed::new(2, 6));
    let on = "v1 on@2026-11-24T11:00:00Z n=4 min=0 susp=--- by=request";
    world.service("prod", ServiceSeed::new("worker").desired(0).tag("steward:record", on));
    world.scalable_target("prod", "worker", TargetSeed::new(0, 9));
    world
}

const SERVICES: [&str; 4] = ["plain", "scaled", "kept", "worker"];

/// All that a run leaves behind: counts, targets, records.
fn end(aws: &Aws) -> Vec<Value> {
    aws.with(|world| {
        SERVICES
            .map(|service| json!([service, size_in(world, service), world.tags("prod", service)]))
            .to_vec()
    })
}

/// Killed anywhere, the same event once more ends the same, in a new process.
async fn kill_everywhere(aws: &Aws, event: Value) -> usize {
    let run = async |aws: Aws| Fixture::at(aws).await.scale(event.clone()).await;
    let clean = aws.fork();
    run(clean.clone()).await.unwrap();
    let expected = end(&clean);
    killed_at_every_call(aws, run, async |fork, killed| {
        run(fork.clone()).await.unwrap_or_else(|fault| panic!("{killed}: {fault}"));
        assert_eq!(end(&fork), expected, "{killed}");
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_a_stop_the_next_one_ends_the_same() {
    let aws = Aws::new(world());
    let calls =
        kill_everywhere(&aws, json!({"action": "stop", "cluster": "prod", "at": crate::fixture::EVENING}))
            .await;
    assert!(calls >= 3 + 3 + 4 + 3, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_a_start_the_next_one_ends_the_same() {
    let aws = Aws::new(world());
    Fixture::at(aws.clone()).await.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
    let calls =
        kill_everywhere(&aws, json!({"action": "start", "cluster": "prod", "at": crate::fixture::EVENING}))
            .await;
    assert!(calls >= 3 + 2 + 3 + 3, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_the_end_of_a_start_the_next_tick_ends_the_same() {
    let aws = Aws::new(world());
    let fixture = Fixture::at(aws.clone()).await;
    for action in ["stop", "start"] {
        fixture.scale(json!({"action": action, "cluster": "prod"})).await.unwrap();
    }
    aws.advance(std::time::Duration::from_mins(5));
    let before = end(&aws);
    // Two records, and one of them with scale-in.
    let calls = kill_everywhere(&aws, json!({"action": "reconcile", "cluster": "prod"})).await;
    assert!(calls >= 4 + 2 + 4, "{calls} calls");
    fixture.scale(json!({"action": "reconcile", "cluster": "prod"})).await.unwrap();
    assert_ne!(end(&aws), before);
    assert_eq!(aws.with(|world| size_in(world, "scaled")), (3, Some((2, [false, true, false]))));
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_a_scale_that_wakes_a_service_the_next_one_ends_the_same() {
    let aws = Aws::new(world());
    Fixture::at(aws.clone()).await.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
    let scale = json!({"action": "scale", "cluster": "prod", "service": "scaled", "desiredCount": 5, "at": crate::fixture::EVENING});
    kill_everywhere(&aws, scale).await;
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_a_start_of_a_worker_at_zero_the_next_one_ends_the_same() {
    let start =
        json!({"action": "start", "cluster": "prod", "service": "worker", "at": crate::fixture::EVENING});
    kill_everywhere(&Aws::new(world()), start).await;
}

/// Overrides go on one service and on its cluster, and turn it on or off, or hold it. Of a hold only the tag
/// is to be there; what `on` and `off` cause may be the next tick's to finish.
#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_an_override_the_same_again_and_a_tick_end_the_same() {
    let office = "Mon-Fri 08:00-20:00 America/Sao_Paulo";
    for (state, whole_cluster) in
        [("off", false), ("off", true), ("on", false), ("on", true), ("hold", false), ("hold", true)]
    {
        let mut world = World::new("2026-11-24T15:00:00Z".parse().unwrap());
        world.cluster("prod");
        world.service("prod", ServiceSeed::new("plain").desired(2).tag("steward:schedule", office));
        world.service("prod", ServiceSeed::new("scaled").desired(3).tag("steward:schedule", office));
        world.scalable_target("prod", "scaled", TargetSeed::new(2, 6).suspended(false, true, false));
        world.service("prod", ServiceSeed::new("worker").desired(0).tag("steward:schedule", office));
        world.scalable_target("prod", "worker", TargetSeed::new(0, 9));
        let aws = Aws::new(world);
        let fixture = Fixture::at(aws.clone()).await;
        let reconcile = || json!({"action": "reconcile", "cluster": "prod"});
        fixture.scale(reconcile()).await.unwrap();
        if state == "on" {
            aws.move_to(crate::fixture::EVENING.parse().unwrap());
            fixture.scale(reconcile()).await.unwrap();
        }
        aws.advance(std::time::Duration::from_mins(10));
        let mut put = json!({"action": "putOverride", "cluster": "prod", "state": state, "until": "2026-11-25T02:00:00Z",
            "from": aws.now().to_string()});
        if !whole_cluster {
            put["service"] = "scaled".into();
        }
        let ended = async |fork: &Aws| {
            let fixture = Fixture::at(fork.clone()).await;
            for _ in 0..3 {
                fork.advance(std::time::Duration::from_mins(5));
                fixture.scale(reconcile()).await.unwrap();
            }
            end(fork)
        };
        let run = async |aws: Aws| Fixture::at(aws).await.scale(put.clone()).await;
        let clean = aws.fork();
        run(clean.clone()).await.unwrap();
        let expected = ended(&clean).await;
        killed_at_every_call(&aws, run, async |fork, killed| {
            run(fork.clone()).await.unwrap();
            assert_eq!(ended(&fork).await, expected, "{state}, {killed}");
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn duplicate_stops_at_once_end_in_the_same_state_as_one() {
    let aws = Aws::new(world());
    let (one, other) = (Fixture::at(aws.clone()).await, Fixture::at(aws.clone()).await);
    let stop = json!({"action": "stop", "cluster": "prod", "at": crate::fixture::EVENING});
    let single = Aws::new(world());
    Fixture::at(single.clone()).await.scale(stop.clone()).await.unwrap();
    let (first, second) = tokio::join!(one.scale(stop.clone()), other.scale(stop));
    first.unwrap();
    second.unwrap();
    assert_eq!(end(&aws), end(&single));
}

#[tokio::test(start_paused = true)]
async fn of_a_concurrent_stop_and_start_the_size_survives_and_the_next_run_converges() {
    let aws = Aws::new(world());
    let before = aws.with(|world| size_in(world, "scaled"));
    let (one, other) = (Fixture::at(aws.clone()).await, Fixture::at(aws.clone()).await);
    aws.latency(Some(std::time::Duration::from_millis(20)));
    for _ in 0..5 {
        let stop = json!({"action": "stop", "cluster": "prod"});
        let start = json!({"action": "start", "cluster": "prod"});
        let _ = tokio::join!(one.scale(stop.clone()), other.scale(start.clone()));
        one.scale(stop).await.unwrap();
        assert_eq!(aws.with(|world| size_in(world, "scaled")), (0, Some((0, [true; 3]))));
        one.scale(start).await.unwrap();
        one.becomes_whole().await;
        assert_eq!(aws.with(|world| size_in(world, "scaled")), before);
    }
}

/// A start that was cut off has woken all but scale-in: that is no change of somebody's. And where no reconcile
/// ends it any more, the same request again does.
#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_a_start_the_same_again_hands_everything_back_where_nothing_reconciles() {
    let aws = Aws::new(world());
    Fixture::at(aws.clone()).await.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
    let start = json!({"action": "start", "cluster": "prod", "service": "scaled"});
    let run = async |aws: Aws| Fixture::at(aws).await.scale(start.clone()).await;
    killed_at_every_call(&aws, run, async |fork, killed| {
        for mode in ["act", "observe"] {
            let aws = fork.fork();
            let system = System::start(Setup::embedded(&aws).with("MODE", mode)).await.unwrap();
            let report = system.invoke("scale-service", start.clone()).await.unwrap();
            let warned = report["items"][0]["warnings"].as_array().unwrap();
            assert!(warned.iter().all(|it| it["code"] != "targetChanged"), "{mode}, {killed}: {report}");
            let scale_in_sleeps = mode == "act";
            let size = aws.with(|world| size_in(world, "scaled"));
            assert_eq!(size, (3, Some((2, [scale_in_sleeps, true, false]))), "{mode}, {killed}");
        }
    })
    .await;
}

/// What is on and was taken to 0 by somebody is started by name: begun means due, whatever its schedule's last
/// transition was.
#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_a_start_of_what_somebody_took_to_0_the_next_tick_finishes_what_was_begun() {
    let office = "Mon-Fri 08:00-20:00 America/Sao_Paulo";
    let mut world = World::new("2026-11-24T10:55:00Z".parse().unwrap());
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("scaled").desired(3).tag("steward:schedule", office));
    world.scalable_target("prod", "scaled", TargetSeed::new(0, 6));
    let aws = Aws::new(world);
    let fixture = Fixture::at(aws.clone()).await;
    for at in ["2026-11-24T10:55:00Z", "2026-11-24T11:00:00Z", "2026-11-24T11:05:00Z"] {
        aws.move_to(at.parse().unwrap());
        fixture.scale(json!({"action": "reconcile", "cluster": "prod"})).await.unwrap();
    }
    let by_hand = json!({"cluster": "prod", "service": "scaled", "desiredCount": 0});
    aws.with(|world| world.call("ecs", "UpdateService", by_hand)).unwrap();
    aws.move_to("2026-11-24T14:00:00Z".parse().unwrap());
    let start = json!({"action": "start", "cluster": "prod", "service": "scaled"});
    let run = async |aws: Aws| Fixture::at(aws).await.scale(start.clone()).await;
    let record = fixture.record("scaled");
    let begun = std::cell::Cell::new(0);
    killed_at_every_call(&aws, run, async |fork, killed| {
        let fixture = Fixture::at(fork).await;
        let is_begun = fixture.record("scaled") != record;
        fixture.becomes_whole().await;
        fixture.becomes_whole().await;
        begun.set(begun.get() + i32::from(is_begun));
        let count = if is_begun { 3 } else { 0 };
        assert_eq!(fixture.size("scaled"), (count, Some((0, [false; 3]))), "{killed}");
    })
    .await;
    assert!(begun.get() > 2, "{begun:?}");
}
