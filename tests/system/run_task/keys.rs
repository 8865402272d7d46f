//! Under one key nothing is started twice, and nothing that was started is lost.

use std::collections::BTreeSet;
use std::time::Duration;

use emulator::{Aws, Call, Faults, JobSeed, World};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{batch, run, started, tasks_of};
use crate::fixture::{Fixture, killed_at_every_call};

#[tokio::test(start_paused = true)]
async fn a_later_chunk_that_throws_loses_nothing_that_was_started() {
    let fixture = Fixture::on(World::demo()).await;
    fixture.aws.faults(Faults::new().on("ecs", "RunTask").calls(1..u64::MAX).access_denied());
    let body = json!({"taskDefinition": "users", "like": "users", "count": 25, "idempotencyKey": "k"});
    let before = tasks_of(&fixture.aws, "microservices", "users");
    let answer = run(&fixture, "microservices", body.clone()).await;
    assert_eq!(answer.status, 207, "{}", answer.body);
    let now = tasks_of(&fixture.aws, "microservices", "users");
    assert_eq!(started(&answer.json()), now.difference(&before).cloned().collect(), "what runs is named");
    assert_eq!(started(&answer.json()).len(), 10);
    fixture.aws.faults(Faults::new());
    assert_eq!(started(&run(&fixture, "microservices", body).await.json()).len(), 25);
    assert_eq!(tasks_of(&fixture.aws, "microservices", "users").len(), before.len() + 25);
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_call_the_same_key_ends_with_25_and_never_more() {
    for world in [World::demo(), batch(13)] {
        let demo = world.service_names("microservices").len() == 3;
        let (cluster, body) = if demo {
            (
                "microservices",
                json!({"taskDefinition": "users", "like": "users", "count": 25, "idempotencyKey": "k"}),
            )
        } else {
            (
                "batch",
                json!({"taskDefinition": "job", "launchType": "EC2", "count": 25, "idempotencyKey": "k"}),
            )
        };
        let aws = Aws::new(world);
        let family = body["taskDefinition"].as_str().unwrap().to_owned();
        let before = tasks_of(&aws, cluster, &family).len();
        let once = async |aws: Aws| run(&Fixture::at(aws).await, cluster, body.clone()).await;
        let calls = killed_at_every_call(&aws, &once, async |fork, killed| {
            if !demo {
                fork.with(|world| {
                    let grow = json!({"AutoScalingGroupName": "batch", "DesiredCapacity": 40});
                    world.call("autoscaling", "UpdateAutoScalingGroup", grow).unwrap();
                });
                fork.advance(Duration::from_mins(5));
            }
            let answer = once(fork.clone()).await;
            assert_eq!(started(&answer.json()).len(), 25, "{killed}: {}", answer.body);
            assert_eq!(tasks_of(&fork, cluster, &family).len() - before, 25, "{killed}");
        })
        .await;
        assert!(calls > 3, "{calls}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_key_with_another_request_is_a_422_that_names_what_it_started() {
    let fixture = Fixture::on(World::demo()).await;
    let body = |family: &str| json!({"taskDefinition": family, "like": "users", "idempotencyKey": "k"});
    let first = run(&fixture, "microservices", body("users")).await.json();
    let arn = first["started"][0]["taskArn"].as_str().unwrap().to_owned();
    let other = run(&fixture, "microservices", body("threads")).await;
    assert_eq!((other.status, &other.json()["code"]), (422, &json!("idempotencyConflict")), "{}", other.body);
    assert!(other.json()["detail"].as_str().unwrap().contains(&arn), "{}", other.body);
}

/// `batch` with twelve machines whose agents are all disconnected: nothing starts, and it may go well later.
fn unready() -> (World, impl Fn(&Aws, bool)) {
    unready_but(0)
}

/// The same, and so many of the agents are connected.
fn unready_but(connected: usize) -> (World, impl Fn(&Aws, bool)) {
    let mut world = batch(12);
    let ids: Vec<String> = world
        .container_instances("batch")
        .into_iter()
        .skip(connected)
        .map(|instance| instance.ec2_instance)
        .collect();
    for id in &ids {
        world.agent_connected("batch", id, false);
    }
    let connect = move |aws: &Aws, connected: bool| {
        for id in &ids {
            aws.with(|world| {
                world.agent_connected("batch", id, connected);
            });
        }
    };
    (world, connect)
}

fn ten(count: u32) -> Value {
    json!({"taskDefinition": "job", "launchType": "EC2", "count": count, "idempotencyKey": "k"})
}

#[tokio::test(start_paused = true)]
async fn a_call_that_got_no_answer_is_made_again_as_it_was_and_no_other_in_its_place() {
    for commits in [true, false] {
        // The chunk starts one, and the others are asked for alone.
        let (world, connect) = unready_but(1);
        let fixture = Fixture::on(world).await;
        let lost = Faults::new().on("ecs", "RunTask").containing(r#""steward:slot","value":"4""#);
        fixture.aws.faults(if commits { lost.reset_after_commit() } else { lost.server_error() });
        let ready = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            connect(&fixture.aws, true);
        };
        let (answer, ()) = tokio::join!(run(&fixture, "batch", ten(10)), ready);
        let told = answer.json();
        // What was started is found by its tags, though no answer came.
        let (status, count) = if commits { (200, 10) } else { (207, 9) };
        assert_eq!((answer.status, started(&told).len()), (status, count), "{}", answer.body);
        assert_eq!(tasks_of(&fixture.aws, "batch", "job").len(), count);
        assert_eq!(told["counts"]["unchanged"], 0, "this run started all of them: {}", answer.body);
        let of_slot = |call: &Call| {
            call.operation == "RunTask"
                && call.input["tags"].to_string().contains(r#""steward:slot","value":"4""#)
        };
        let tokens: Vec<Value> = fixture
            .aws
            .ledger()
            .into_iter()
            .filter(of_slot)
            .map(|call| call.input["clientToken"].clone())
            .collect();
        assert!(!tokens.is_empty() && tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
        fixture.aws.faults(Faults::new());
        let again = run(&fixture, "batch", ten(10)).await;
        assert_eq!((again.status, started(&again.json()).len()), (200, 10), "{}", again.body);
        assert_eq!(tasks_of(&fixture.aws, "batch", "job").len(), 10, "commits: {commits}");
    }
}

#[tokio::test(start_paused = true)]
async fn runs_under_one_key_that_overlap_start_no_more_than_its_count() {
    for count in [1, 4] {
        for (second, ready) in
            [(0, 2), (0, 7), (1, 2), (2, 7), (3, 1), (3, 4), (4, 9), (5, 8), (6, 3), (8, 12)]
        {
            let (world, connect) = unready();
            let fixture = Fixture::on(world).await;
            let after = async |seconds: u64| {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                run(&fixture, "batch", ten(count)).await
            };
            let opens = async {
                tokio::time::sleep(Duration::from_secs(ready)).await;
                connect(&fixture.aws, true);
            };
            tokio::join!(after(0), after(second), opens);
            let whole = run(&fixture, "batch", ten(count)).await;
            let tasks = tasks_of(&fixture.aws, "batch", "job").len();
            let wanted = usize::try_from(count).unwrap();
            assert_eq!(
                (started(&whole.json()).len(), tasks),
                (wanted, wanted),
                "{count}, the second after {second} s, room after {ready} s: {}",
                whole.body
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_request_under_a_key_that_came_up_short_starts_nothing_in_no_chunk() {
    // The whole chunk starts none, and AWS forgets its token; each task is started alone.
    let (world, connect) = unready();
    let fixture = Fixture::on(world).await;
    let ready = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        connect(&fixture.aws, true);
    };
    let (short, ()) = tokio::join!(run(&fixture, "batch", ten(5)), ready);
    assert_eq!((short.status, started(&short.json()).len()), (200, 5), "{}", short.body);
    let tasks = tasks_of(&fixture.aws, "batch", "job").len();
    fixture.aws.forget();
    let mut grouped = ten(5);
    grouped["group"] = json!("other");
    for other in [ten(6), ten(25), grouped] {
        let refused = run(&fixture, "batch", other.clone()).await;
        assert_eq!(fixture.writes(), [""; 0], "found out before the call");
        let problem = refused.json();
        assert_eq!((refused.status, &problem["code"]), (422, &json!("idempotencyConflict")), "{other}");
        for arn in started(&short.json()) {
            assert!(problem["detail"].as_str().unwrap().contains(&arn), "{}", refused.body);
        }
    }
    assert_eq!(tasks_of(&fixture.aws, "batch", "job").len(), tasks);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_that_only_aws_knows_of_keeps_every_other_chunk_from_being_asked_for() {
    let mut world = World::demo();
    world.tasks_lag(Duration::from_hours(1));
    let fixture = Fixture::on(world).await;
    let body = |count: u32| json!({"taskDefinition": "users", "like": "users", "count": count, "idempotencyKey": "k"});
    assert_eq!(run(&fixture, "microservices", body(5)).await.status, 200);
    fixture.aws.forget();
    let refused = run(&fixture, "microservices", body(25)).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (422, &json!("idempotencyConflict")),
        "{}",
        refused.body
    );
    assert_eq!(fixture.writes(), ["RunTask"], "the first chunk alone");
}

#[tokio::test(start_paused = true)]
async fn where_another_request_takes_the_key_during_a_pause_its_tasks_are_not_told_as_this_ones() {
    let (world, connect) = unready();
    let fixture = Fixture::on(world).await;
    let mut grouped = ten(2);
    grouped["group"] = json!("other");
    let others = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        connect(&fixture.aws, true);
        run(&fixture, "batch", grouped).await
    };
    let (ours, theirs) = tokio::join!(run(&fixture, "batch", ten(2)), others);
    assert_eq!((theirs.status, started(&theirs.json()).len()), (200, 2), "{}", theirs.body);
    assert_eq!((ours.status, &ours.json()["code"]), (422, &json!("idempotencyConflict")), "{}", ours.body);
    assert_eq!(tasks_of(&fixture.aws, "batch", "job").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_chunk_of_which_no_answer_came_is_told_apart_from_one_that_was_not_started() {
    let fixture = Fixture::on(World::demo()).await;
    let body = json!({"taskDefinition": "users", "like": "users", "count": 20});
    let second = Faults::new().on("ecs", "RunTask").containing(r#""steward:chunk","value":"1""#);
    fixture.aws.faults(second.reset_after_commit());
    let lost = run(&fixture, "microservices", body).await;
    let report = lost.json();
    assert_eq!((lost.status, started(&report).len()), (207, 10), "{}", lost.body);
    let summary = report["summary"].as_str().unwrap();
    assert!(summary.contains("10 of 20 tasks of users started, 10 not known:"), "{summary}");
    for failed in report["failed"].as_array().unwrap() {
        assert_eq!(failed["retryable"], false);
        let reason = failed["reason"].as_str().unwrap();
        assert!(reason.contains("it may have been started") && !reason.contains("try again"), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_under_a_used_key_starts_only_what_is_missing() {
    let fixture = Fixture::on(World::demo()).await;
    let mut body = json!({"taskDefinition": "users", "like": "users", "count": 3, "idempotencyKey": "k"});
    assert_eq!(run(&fixture, "microservices", body.clone()).await.status, 200);
    body["dryRun"] = json!(true);
    let dry = run(&fixture, "microservices", body).await.json();
    assert_eq!(
        dry["summary"],
        "microservices: 0 tasks of users would be started, 3 were before, under the same key"
    );
    assert_eq!(dry["counts"]["unchanged"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_without_an_instance_is_not_asked_for_each_of_a_hundred_tasks() {
    let fixture = Fixture::on(batch(0)).await;
    let body = json!({"taskDefinition": "job", "count": 100, "launchType": "EC2"});
    let asleep = run(&fixture, "batch", body).await;
    assert_eq!((asleep.status, &asleep.json()["code"]), (409, &json!("noCapacity")), "{}", asleep.body);
    let asked = fixture.aws.ledger().iter().filter(|call| call.operation == "RunTask").count();
    assert_eq!(asked, 3, "once each time");
}

#[tokio::test(start_paused = true)]
async fn a_day_later_only_what_has_ended_is_started_again() {
    let fixture = Fixture::on(World::demo()).await;
    let body = json!({"taskDefinition": "users", "like": "users", "count": 2, "idempotencyKey": "k"});
    let first = run(&fixture, "microservices", body.clone()).await.json();
    let one = started(&first).first().unwrap().clone();
    fixture
        .aws
        .with(|world| world.call("ecs", "StopTask", json!({"cluster": "microservices", "task": one})))
        .unwrap();
    fixture.aws.advance(Duration::from_hours(25));
    let later = run(&fixture, "microservices", body).await;
    assert_eq!(later.json()["counts"]["unchanged"], 1, "{}", later.body);
    assert_eq!(later.json()["counts"]["changed"], 1, "one is missing, and one is started: {}", later.body);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_knows_what_was_started_the_answer_does_not_say_that_none_was() {
    let fixture = Fixture::on(World::demo()).await;
    let before = tasks_of(&fixture.aws, "microservices", "users").len();
    fixture.aws.faults(Faults::new().on("ecs", "RunTask").reset_after_commit());
    let body = json!({"taskDefinition": "users", "like": "users"});
    let lost = run(&fixture, "microservices", body.clone()).await;
    let problem = lost.json();
    assert_eq!((lost.status, &problem["retryable"]), (503, &json!(false)), "{}", lost.body);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("it is not known whether a task was started"), "{detail}");
    assert!(detail.contains("started by") && detail.contains("idempotencyKey"), "{detail}");
    assert_eq!(tasks_of(&fixture.aws, "microservices", "users").len(), before + 1);

    // Under a key the next run finds out, also where ECS's lists do not show it yet.
    let lag = |lag| {
        fixture.aws.with(|world| {
            world.tasks_lag(lag);
        });
    };
    lag(Duration::from_hours(1));
    let mut keyed = body;
    keyed["idempotencyKey"] = json!("k");
    let lost = run(&fixture, "microservices", keyed.clone()).await.json();
    assert_eq!(lost["retryable"], true, "{lost}");
    assert!(
        lost["detail"].as_str().unwrap().contains("it is not known whether a task was started"),
        "{lost}"
    );
    fixture.aws.faults(Faults::new());
    assert_eq!(started(&run(&fixture, "microservices", keyed).await.json()).len(), 1);
    lag(Duration::ZERO);
    assert_eq!(tasks_of(&fixture.aws, "microservices", "users").len(), before + 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_remembered_an_hour_after_the_end_and_a_day_at_the_most() {
    let mut world = World::demo();
    world.job("nightly", JobSeed::new().runs_for(Duration::from_secs(30)));
    let fixture = Fixture::on(world).await;
    let until =
        |report: &Value| report["rememberedUntil"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let ended = json!({"action": "runTask", "cluster": "microservices", "taskDefinition": "nightly", "like": "users",
        "waitUntil": "stopped", "timeoutSeconds": 600, "idempotencyKey": "k"});
    let report = fixture.system.invoke("run-task", ended).await.unwrap();
    let hour = until(&report).duration_since(fixture.aws.now());
    assert!((3_500..=3_600).contains(&hour.as_secs()), "{hour}: {report}");

    let body = json!({"taskDefinition": "users", "like": "users", "idempotencyKey": "k2"});
    let first = run(&fixture, "microservices", body.clone()).await.json();
    fixture.aws.advance(Duration::from_hours(3));
    let again = run(&fixture, "microservices", body.clone()).await.json();
    assert_eq!(
        until(&again).duration_since(until(&first)).as_secs().abs(),
        0,
        "a repeat does not prolong it"
    );

    // What still runs is seen, though AWS has forgotten its token.
    fixture.aws.advance(Duration::from_hours(22));
    let day_later = run(&fixture, "microservices", body).await.json();
    assert_eq!((started(&day_later), &day_later["counts"]["unchanged"]), (started(&first), &json!(1)));
}

/// Stops every task of the family `job` in `batch`, as a person would.
fn stop_all(aws: &Aws) {
    for arn in tasks_of(aws, "batch", "job") {
        let stop = json!({"cluster": "batch", "task": arn, "reason": "not now"});
        aws.with(|world| world.call("ecs", "StopTask", stop)).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_somebody_stopped_is_not_started_again_under_its_key_and_the_answer_says_so() {
    // Whether or not ECS's lists show it already: the token knows it.
    for lag in [Duration::ZERO, Duration::from_mins(30)] {
        let (mut world, connect) = unready();
        world.list_lag(lag);
        let fixture = Fixture::on(world).await;
        let ready = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            connect(&fixture.aws, true);
        };
        let (first, ()) = tokio::join!(run(&fixture, "batch", ten(3)), ready);
        let first = started(&first.json());
        assert_eq!(first.len(), 3);
        stop_all(&fixture.aws);
        fixture.aws.advance(Duration::from_mins(2));
        let again = run(&fixture, "batch", ten(3)).await;
        assert_eq!(
            (again.status, started(&again.json())),
            (200, first.clone()),
            "lag {lag:?}: {}",
            again.body
        );
        fixture.aws.with(|world| {
            world.list_lag(Duration::ZERO);
        });
        stop_all(&fixture.aws);
        let again = run(&fixture, "batch", ten(3)).await.json();
        assert_eq!(tasks_of(&fixture.aws, "batch", "job"), first, "nothing was started again");
        assert_eq!(again["counts"]["unchanged"], 3, "{again}");
        for item in again["items"].as_array().unwrap() {
            assert_eq!(item["warnings"][0]["code"], "alreadyStopped", "{item}");
            let detail = item["warnings"][0]["detail"].as_str().unwrap();
            assert!(detail.contains("not now") && detail.contains("another key"), "{detail}");
        }
    }
}

/// Two runs under one key, and room that comes between.
#[derive(Clone, Debug)]
struct Overlap {
    count: u32,
    /// So many tasks find room from the start.
    at_first: usize,
    /// When the second run begins, and when there is room for all, in milliseconds.
    second: u64,
    ready: u64,
    /// How long a call takes, more or less, and how long ECS's lists lag.
    latency: u64,
    lag: u64,
    /// AWS remembers the token of a call that started nothing.
    remembered: bool,
    /// The seed of what goes wrong with a third of the calls: no answer, done or not; or throttled.
    faults: Option<(u64, usize)>,
}

/// How many tasks there are after both, and after another run that nothing goes wrong with.
async fn overlap(it: &Overlap) -> (usize, usize) {
    let (mut world, connect) = unready_but(it.at_first);
    world.list_lag(Duration::from_millis(it.lag));
    if it.remembered {
        world.refusals_remembered();
    }
    let fixture = Fixture::on(world).await;
    fixture.aws.latency(Some(Duration::from_millis(it.latency)));
    fixture.aws.jitter(0.8);
    if let Some((seed, kind)) = it.faults {
        let some = Faults::new().on("ecs", "RunTask").fraction(0.3, seed);
        fixture.aws.faults(match kind {
            0 => some.reset_after_commit(),
            1 => some.reset_before_commit(),
            _ => some.throttle(),
        });
    }
    let after = async |millis: u64| {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        run(&fixture, "batch", ten(it.count)).await
    };
    let opens = async {
        tokio::time::sleep(Duration::from_millis(it.ready)).await;
        connect(&fixture.aws, true);
    };
    tokio::join!(after(0), after(it.second), opens);
    let overlapped = tasks_of_now(&fixture.aws);
    fixture.aws.faults(Faults::new());
    run(&fixture, "batch", ten(it.count)).await;
    (overlapped, tasks_of_now(&fixture.aws))
}

prop_compose! {
    fn overlaps()(
        count in 1_u32..=12,
        at_first in 0_usize..4,
        second in 0_u64..12_000,
        ready in 0_u64..20_000,
        latency in 50_u64..1_500,
        lag in prop_oneof![Just(0_u64), 0_u64..10_000],
        remembered in any::<bool>(),
        faults in proptest::option::of((any::<u64>(), 0_usize..3)),
    ) -> Overlap {
        Overlap { count, at_first, second, ready, latency, lag, remembered, faults }
    }
}

/// A REST request without a key is another each time, so no other run can have its tokens.
#[tokio::test(start_paused = true)]
async fn without_a_key_what_aws_refused_is_asked_for_under_another_token_and_finds_room_that_came_since() {
    for remembered in [false, true] {
        let (mut world, connect) = unready();
        if remembered {
            world.refusals_remembered();
        }
        let fixture = Fixture::on(world).await;
        let ready = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            connect(&fixture.aws, true);
        };
        let mut body = ten(3);
        body.as_object_mut().unwrap().remove("idempotencyKey");
        let (answer, ()) = tokio::join!(run(&fixture, "batch", body), ready);
        assert_eq!((answer.status, started(&answer.json()).len()), (200, 3), "{remembered}: {}", answer.body);
        let tokens: BTreeSet<String> =
            fixture.aws.writes().iter().map(|call| call.input["clientToken"].to_string()).collect();
        assert_eq!(tokens.len(), 2, "{tokens:?}");
        assert_eq!(tasks_of(&fixture.aws, "batch", "job").len(), 3);
    }
}

/// The tasks of the family `job` in `batch`, whatever the lists show.
fn tasks_of_now(aws: &Aws) -> usize {
    let fork = aws.fork();
    fork.with(|world| {
        world.list_lag(Duration::ZERO);
    });
    tasks_of(&fork, "batch", "job").len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_runs_under_one_key_never_start_more_than_its_count_however_their_looks_and_calls_fall(it in overlaps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (overlapped, after) = runtime.block_on(overlap(&it));
        let most = usize::try_from(it.count).unwrap();
        prop_assert!(overlapped <= most, "{overlapped} of {most} where they overlap");
        prop_assert!(after <= most, "{after} of {most} after another run");
        prop_assert!(it.remembered || after == most, "{after} of {most}: there was room");
    }
}
