//! run-task: the answer tells the truth, and nothing is started twice or lost.

use std::collections::BTreeSet;
use std::time::Duration;

use emulator::{Aws, Call, Faults, GroupSeed, JobSeed, ProviderSeed, ServiceSeed, World};
use local::{Response, Sent, System, system::Setup};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{Fixture, evening, killed_at_every_call};
use crate::openapi;

const TASKS: &str = "/v1/clusters/microservices/tasks";

/// Tasks of this family that have not been forgotten.
fn tasks_of(fixture: &Aws, cluster: &str, family: &str) -> BTreeSet<String> {
    fixture.with(|world| {
        let mut found = BTreeSet::new();
        for status in ["RUNNING", "STOPPED"] {
            let mut token = Value::Null;
            loop {
                let asked = json!({"cluster": cluster, "family": family, "desiredStatus": status, "nextToken": token});
                let page = world.call("ecs", "ListTasks", asked).unwrap();
                found.extend(page["taskArns"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()));
                token = page["nextToken"].clone();
                if token.is_null() {
                    break;
                }
            }
        }
        found
    })
}

fn started(report: &Value) -> BTreeSet<String> {
    let list = report["started"].as_array().unwrap_or_else(|| panic!("no report: {report}"));
    list.iter().map(|task| task["taskArn"].as_str().unwrap().to_owned()).collect()
}

/// A cluster `batch` on EC2 with room for this many tasks of the family `job`.
fn batch(room: i64) -> World {
    let mut world = World::new(evening());
    world.cluster("batch");
    // A t2.micro has 1024 CPU units and 983 MiB: one task each.
    world.group(GroupSeed::new("batch").sizes(0, room, 40).cluster("batch"));
    world.service("batch", ServiceSeed::new("job").desired(0).ec2().size(1024, 512));
    world
}

async fn run(fixture: &Fixture, cluster: &str, body: Value) -> Response {
    fixture.rest("POST", &format!("/v1/clusters/{cluster}/tasks"), &body).await
}

#[tokio::test(start_paused = true)]
async fn like_a_service_starts_three_with_the_services_network_and_the_same_key_starts_none_and_answers_the_same()
 {
    let fixture = Fixture::on(World::demo()).await;
    let body = json!({"taskDefinition": "users", "like": "users", "count": 3});
    let first = run(&fixture, "microservices", body.clone()).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let report = first.json();
    assert_eq!((&report["requested"], started(&report).len(), &report["failed"]), (&json!(3), 3, &json!([])));
    assert!(
        report["summary"].as_str().unwrap().contains("3 of 3 tasks of users started"),
        "{}",
        report["summary"]
    );
    let call = fixture.aws.writes().into_iter().find(|call| call.operation == "RunTask").unwrap();
    let service = fixture.aws.with(|world| {
        let asked = json!({"cluster": "microservices", "services": ["users"]});
        world.call("ecs", "DescribeServices", asked).unwrap()["services"][0].clone()
    });
    assert_eq!(
        call.input["networkConfiguration"]["awsvpcConfiguration"]["subnets"],
        service["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
    );

    let mut keyed = body;
    keyed["idempotencyKey"] = json!("deploy-42");
    let one = run(&fixture, "microservices", keyed.clone()).await.json();
    let before = tasks_of(&fixture.aws, "microservices", "users");
    let two = run(&fixture, "microservices", keyed).await;
    assert_eq!(two.status, 200, "{}", two.body);
    assert_eq!(started(&two.json()), started(&one));
    assert_eq!(two.json()["counts"]["unchanged"], 3);
    assert_eq!(tasks_of(&fixture.aws, "microservices", "users"), before, "none was started");
    assert!(one["rememberedUntil"].is_string() && report["rememberedUntil"].is_null());
}

#[tokio::test(start_paused = true)]
async fn with_room_for_13_of_25_thirteen_are_named_and_a_repeat_with_the_key_goes_on_to_25_and_never_beyond()
{
    let fixture = Fixture::on(batch(13)).await;
    let body = json!({"taskDefinition": "job", "count": 25, "launchType": "EC2", "idempotencyKey": "k"});
    let short = run(&fixture, "batch", body.clone()).await;
    assert_eq!(short.status, 207, "{}", short.body);
    let report = short.json();
    assert_eq!(started(&report).len(), 13);
    let failed = report["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 12);
    assert!(failed.iter().all(|it| it["retryable"] == true && it["code"] == "noCapacity"), "{failed:?}");
    assert!(failed[0]["reason"].as_str().unwrap().contains("RESOURCE:"), "{failed:?}");
    assert_eq!(report["counts"]["changed"], 13);

    fixture.aws.with(|world| {
        let grow = json!({"AutoScalingGroupName": "batch", "DesiredCapacity": 40});
        world.call("autoscaling", "UpdateAutoScalingGroup", grow).unwrap();
    });
    fixture.aws.advance(Duration::from_mins(5));
    let rest = run(&fixture, "batch", body.clone()).await;
    assert_eq!(rest.status, 200, "{}", rest.body);
    assert_eq!(started(&rest.json()).len(), 25);
    assert_eq!(rest.json()["counts"]["unchanged"], 13);
    for _ in 0..2 {
        assert_eq!(started(&run(&fixture, "batch", body.clone()).await.json()).len(), 25);
        fixture.aws.advance(Duration::from_mins(1));
    }
    assert_eq!(tasks_of(&fixture.aws, "batch", "job").len(), 25);
}

#[tokio::test(start_paused = true)]
async fn through_a_managed_scaling_provider_all_25_are_provisioning() {
    let mut world = batch(0);
    world.capacity_provider(
        ProviderSeed::new("batch-provider", "batch").managed_scaling(100).cluster("batch"),
    );
    let fixture = Fixture::on(world).await;
    let strategy = json!([{"capacityProvider": "batch-provider", "weight": 1}]);
    let body = json!({"taskDefinition": "job", "count": 25, "capacityProviderStrategy": strategy});
    let answer = run(&fixture, "batch", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let statuses = answer.json()["started"].clone();
    let all = statuses.as_array().unwrap();
    assert_eq!(all.len(), 25);
    assert!(all.iter().all(|task| task["lastStatus"] == "PROVISIONING"), "{statuses}");
}

#[tokio::test(start_paused = true)]
async fn where_none_is_started_it_is_a_409_for_capacity_and_a_422_for_what_would_never_do() {
    let none = Fixture::on(batch(0)).await;
    let body = json!({"taskDefinition": "job", "count": 2, "launchType": "EC2"});
    let asleep = run(&none, "batch", body.clone()).await;
    let problem = asleep.json();
    assert_eq!((asleep.status, &problem["code"]), (409, &json!("noCapacity")), "no machine: {}", asleep.body);
    let fixture = Fixture::on(batch(1)).await;
    let first = run(&fixture, "batch", json!({"taskDefinition": "job", "launchType": "EC2"})).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let full = run(&fixture, "batch", body).await;
    assert_eq!(
        (full.status, &full.json()["code"], &full.json()["retryable"]),
        (409, &json!("noCapacity"), &json!(true))
    );
    assert_eq!(full.json()["failures"].as_array().unwrap().len(), 2, "{}", full.body);
    let asked = fixture.aws.writes().iter().filter(|call| call.operation == "RunTask").count();
    assert_eq!(asked, 1 + 3, "the one that ran, and the two together: once and twice more");
    let mut world = World::demo();
    world.fargate_capacity(Some(0));
    let fixture = Fixture::on(world).await;
    let full = run(&fixture, "microservices", json!({"taskDefinition": "users", "like": "users"})).await;
    assert_eq!((full.status, &full.json()["code"]), (409, &json!("noCapacity")), "{}", full.body);
}

/// The reason that AWS gives, whether it may go well later, and how often it is asked.
#[tokio::test(start_paused = true)]
async fn only_what_may_go_well_later_is_asked_for_again_never_attribute() {
    for (what, status, code, calls) in [("agent", 409, "noCapacity", 3), ("attribute", 422, "notStarted", 1)]
    {
        let mut world = batch(0);
        world.instances("batch", 1);
        let instance = world.container_instances("batch")[0].ec2_instance.clone();
        let mut body = json!({"taskDefinition": "job", "launchType": "EC2"});
        if what == "agent" {
            world.agent_connected("batch", &instance, false);
        } else {
            world.without_attribute("batch", "ecs.capability.task-eni");
            let definition = json!({"family": "job", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
                "containerDefinitions": [{"name": "job", "image": "job:1"}]});
            world.call("ecs", "RegisterTaskDefinition", definition).unwrap();
            body["network"] = json!({"subnets": ["subnet-1"]});
        }
        let fixture = Fixture::on(world).await;
        let refused = run(&fixture, "batch", body).await;
        let problem = refused.json();
        assert_eq!((refused.status, &problem["code"]), (status, &json!(code)), "{what}: {}", refused.body);
        assert_eq!(problem["retryable"], status == 409, "{what}");
        assert!(problem["detail"].as_str().unwrap().to_lowercase().contains(what), "{}", refused.body);
        assert_eq!(fixture.writes().len(), calls, "{what}");
    }
}

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

/// A job of `nightly` on the demo's Fargate cluster that ends so.
async fn nightly(job: JobSeed) -> (Response, Fixture) {
    let mut world = World::demo();
    world.job("nightly", job);
    let fixture = Fixture::on(world).await;
    let body = json!({"action": "runTask", "cluster": "microservices", "taskDefinition": "nightly", "like": "users",
        "waitUntil": "stopped", "timeoutSeconds": 600});
    let answer = fixture.system.invoke("run-task", body).await;
    let text = match answer {
        Ok(report) => Response { status: 200, headers: Vec::new(), body: report.to_string() },
        Err(problem) => Response {
            status: 500,
            headers: Vec::new(),
            body: format!("{} {}", problem.code, problem.detail),
        },
    };
    (text, fixture)
}

#[tokio::test(start_paused = true)]
async fn each_end_of_a_job_has_its_verdict_and_the_reason_in_the_summary() {
    let soon = || JobSeed::new().runs_for(Duration::from_secs(30));
    let app = "nightly";
    for (job, done, says) in [
        (soon().exit(app, 0), true, "exit 0"),
        (soon().exit(app, 3), false, "exited with 3"),
        (
            soon().sidecar("log-router").exit("log-router", 1).exit(app, 0),
            true,
            "not essential: log-router exited with 1",
        ),
        (
            soon().never_starts("CannotPullContainerError: pull image manifest has been retried"),
            false,
            "it never started: CannotPullContainerError",
        ),
        (soon().out_of_memory(app), false, "OutOfMemoryError"),
    ] {
        let (answer, _stage) = nightly(job).await;
        assert_eq!(answer.status == 200, done, "{says}: {}", answer.body);
        assert!(answer.body.contains(says), "{says}: {}", answer.body);
        if !done {
            assert!(answer.body.starts_with("partial "), "{}", answer.body);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_a_202_that_says_where_to_look_and_missing_right_after_the_start_is_not_gone() {
    let mut world = World::demo();
    world.tasks_lag(Duration::from_secs(4));
    let fixture = Fixture::on(world).await;
    let body =
        json!({"taskDefinition": "users", "like": "users", "waitUntil": "running", "timeoutSeconds": 2});
    let soon = run(&fixture, "microservices", body.clone()).await;
    assert_eq!(soon.status, 202, "{}", soon.body);
    let header =
        |name: &str| soon.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).unwrap().1.clone();
    assert_eq!(header("retry-after"), "5");
    let id = soon.json()["started"][0]["taskArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(header("location"), format!("./tasks/{id}"), "relative, so that a stage in the path survives");
    let patient = json!({"action": "runTask", "cluster": "microservices", "taskDefinition": "users", "like": "users",
        "waitUntil": "running"});
    let report = fixture.system.invoke("run-task", patient).await.unwrap();
    assert_eq!(report["started"][0]["lastStatus"], "RUNNING", "{report}");
}

#[tokio::test(start_paused = true)]
async fn what_may_not_run_is_refused_before_any_call() {
    let aws = Aws::new(World::demo());
    let system = System::start(
        Setup::embedded(&aws)
            .with("RUN_FAMILIES", "microservices=users,ecs-*=*")
            .with("RUN_OVERRIDES", "ecs-api=*"),
    )
    .await
    .unwrap();
    let send = async |cluster: &str, body: &Value| {
        let sent = Sent {
            method: "POST".into(),
            path: format!("/v1/clusters/{cluster}/tasks"),
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
        };
        openapi::request(&system, &sent).await
    };
    let users = |more: Value| {
        let mut body = json!({"taskDefinition": "users", "like": "users"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let overriding = |overrides: Value| json!({"taskDefinition": "api-monolitica", "overrides": overrides});
    let container = |more: Value| {
        let mut container = json!({"name": "api-monolitica"});
        container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        overriding(json!({"containerOverrides": [container]}))
    };
    let long = container(json!({"environment": [{"name": "X", "value": "x".repeat(8_192)}]}));
    for (cluster, body, status, code) in [
        ("microservices", json!({"taskDefinition": "threads", "like": "users"}), 403, "notConfigured"),
        ("staging", users(json!({})), 403, "notConfigured"),
        ("microservices", users(json!({"count": 0})), 400, "badRequest"),
        ("microservices", users(json!({"count": 101})), 400, "badRequest"),
        ("microservices", users(json!({"count": -1})), 400, "badRequest"),
        ("microservices", users(json!({"overrides": {"containerOverrides": []}})), 403, "overrideNotAllowed"),
        (
            "ecs-api",
            overriding(json!({"taskRoleArn": "arn:aws:iam::123456789012:role/admin"})),
            403,
            "overrideNotAllowed",
        ),
        (
            "ecs-api",
            overriding(json!({"executionRoleArn": "arn:aws:iam::123456789012:role/admin"})),
            403,
            "overrideNotAllowed",
        ),
        ("ecs-api", overriding(json!({"ephemeralStorage": {}})), 400, "badRequest"),
        ("ecs-api", long, 422, "impossible"),
        (
            "microservices",
            users(
                json!({"launchType": "FARGATE", "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}),
            ),
            422,
            "impossible",
        ),
        ("microservices", users(json!({"launchType": "FARFETCHED"})), 400, "badRequest"),
        ("microservices", users(json!({"capacityProviderStrategy": []})), 400, "badRequest"),
        (
            "microservices",
            users(json!({"tags": [{"key": "steward:record", "value": "x"}]})),
            400,
            "badRequest",
        ),
        ("microservices", users(json!({"tags": [{"key": "aws:x", "value": "x"}]})), 400, "badRequest"),
        ("microservices", users(json!({"startedBy": "alice & bob"})), 400, "badRequest"),
        ("microservices", users(json!({"group": "service:users"})), 400, "badRequest"),
        ("microservices", users(json!({"idempotencyKey": ""})), 400, "badRequest"),
        ("microservices", users(json!({"timeoutSeconds": 5})), 400, "badRequest"),
        ("microservices", users(json!({"waitUntil": "gone"})), 400, "badRequest"),
        ("microservices", users(json!({"network": {"subnets": []}})), 400, "badRequest"),
        ("microservices", json!({"taskDefinition": "users:0"}), 400, "badRequest"),
        (
            "microservices",
            json!({"taskDefinition": "arn:aws:ecs:sa-east-1:999999999999:task-definition/users:1"}),
            403,
            "outsideScope",
        ),
    ] {
        let answer = send(cluster, &body).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{body}: {}",
            answer.body
        );
    }
    assert!(aws.ledger().is_empty(), "no AWS call was made");
    let nothing = System::start(Setup::embedded(&aws).with("RUN_FAMILIES", "")).await.unwrap();
    let sent = Sent {
        method: "POST".into(),
        path: TASKS.into(),
        headers: Vec::new(),
        body: users(json!({})).to_string().into_bytes(),
    };
    let answer = nothing.request(&sent).await;
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("notConfigured")));
}

#[tokio::test(start_paused = true)]
async fn what_aws_would_refuse_is_refused_after_a_look_and_before_the_call() {
    let fixture = Fixture::on(World::demo()).await;
    let network = json!({"subnets": ["subnet-1"]});
    for (cluster, body, status, code, says) in [
        (
            "microservices",
            json!({"taskDefinition": "users", "launchType": "FARGATE"}),
            422,
            "impossible",
            "needs a network",
        ),
        (
            "ecs-api",
            json!({"taskDefinition": "api-monolitica", "network": network}),
            422,
            "impossible",
            "takes no network",
        ),
        (
            "ecs-api",
            json!({"taskDefinition": "api-monolitica", "launchType": "FARGATE"}),
            422,
            "impossible",
            "launch type FARGATE",
        ),
        (
            "microservices",
            json!({"taskDefinition": "users", "like": "users", "overrides": {"containerOverrides": [{"name": "nobody"}]}}),
            422,
            "unknownContainer",
            "nobody",
        ),
        ("microservices", json!({"taskDefinition": "users", "like": "nobody"}), 404, "notFound", "nobody"),
        (
            "microservices",
            json!({"taskDefinition": "users:99", "like": "users"}),
            404,
            "notFound",
            "users:99",
        ),
        ("nowhere", json!({"taskDefinition": "api-monolitica"}), 404, "notFound", "nowhere"),
    ] {
        let answer = run(&fixture, cluster, body.clone()).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{body}: {}",
            answer.body
        );
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{says}: {}", answer.body);
    }
    assert_eq!(fixture.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn tasks_carry_who_asked_and_the_dry_run_starts_nothing() {
    let fixture = Fixture::on(World::demo()).await;
    let body = json!({"taskDefinition": "users", "like": "users", "onBehalfOf": "alice", "tags": [{"key": "team", "value": "identity"}]});
    let dry = fixture.rest("POST", &format!("{TASKS}?dryRun=true"), &body).await.json();
    assert_eq!((&dry["dryRun"], &dry["counts"]["changed"]), (&json!(true), &json!(1)));
    assert!(fixture.aws.writes().is_empty());
    run(&fixture, "microservices", body).await;
    let call = fixture.aws.writes().pop().unwrap();
    let tags: Vec<(&str, &str)> = call.input["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["key"].as_str().unwrap(), t["value"].as_str().unwrap()))
        .collect();
    assert!(
        tags.contains(&("team", "identity")) && tags.contains(&("steward:onBehalfOf", "alice")),
        "{tags:?}"
    );
    assert!(
        tags.iter().any(|(key, value)| *key == "steward:request" && value.starts_with("local-")),
        "{tags:?}"
    );
    assert!(call.input["startedBy"].as_str().unwrap().len() <= 128);
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

/// A task of the demo's service `users`, of the family `nightly`, that ends so, waited for.
async fn waited(job: JobSeed, more: Value) -> Result<Value, String> {
    let mut world = World::demo();
    world.job("nightly", job);
    let fixture = Fixture::on(world).await;
    let mut body = json!({"action": "runTask", "cluster": "microservices", "taskDefinition": "nightly", "like": "users",
        "waitUntil": "stopped", "timeoutSeconds": 600});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fixture.system.invoke("run-task", body).await.map_err(|problem| problem.to_string())
}

#[tokio::test(start_paused = true)]
async fn an_exit_of_0_with_a_reason_is_a_success_that_carries_the_reason_as_a_warning() {
    let job = JobSeed::new().runs_for(Duration::from_secs(30));
    let reason = "OutOfMemoryError: Container killed due to memory usage";
    let report = waited(job.clone().exit_because("nightly", 0, reason), json!({})).await.unwrap();
    let item = &report["items"][0];
    assert_eq!((&report["ok"], &item["outcome"]), (&json!(true), &json!("changed")), "{report}");
    assert_eq!(item["warnings"][0]["code"], "containerReason", "{item}");
    assert!(item["warnings"][0]["detail"].as_str().unwrap().contains(reason), "{item}");
    assert!(report["summary"].as_str().unwrap().contains("OutOfMemoryError"), "{}", report["summary"]);

    let plain = waited(job.clone(), json!({})).await.unwrap();
    assert_eq!(plain["items"][0]["warnings"], json!([]), "{plain}");
    let silent = waited(job.without_exit_code("nightly"), json!({})).await.unwrap_err();
    assert!(silent.contains("nightly has no exit code"), "{silent}");
}

/// What IAM says when a role must not be passed.
fn pass_role(resource: &str, because: &str) -> String {
    format!(
        "User: arn:aws:sts::123456789012:assumed-role/run-task/run-task is not authorized to perform: iam:PassRole on \
         resource: {resource} because {because}"
    )
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_is_told_with_awss_own_text_and_the_parameter_that_gives_the_permission_it_names() {
    let because = "no identity-based policy allows the iam:PassRole action";
    let passing = pass_role("arn:aws:iam::123456789012:role/users", because);
    let running = "User: arn:aws:sts::123456789012:assumed-role/run-task/run-task is not authorized to perform: \
                   ecs:RunTask on resource: arn:aws:ecs:sa-east-1:123456789012:task-definition/users:1 because no \
                   identity-based policy allows the ecs:RunTask action";
    let tagging = "User: arn:aws:sts::123456789012:assumed-role/run-task/run-task is not authorized to perform: \
                   ecs:TagResource on resource: arn:aws:ecs:sa-east-1:123456789012:task/microservices/* because no \
                   identity-based policy allows the ecs:TagResource action";
    let denied = pass_role(
        "arn:aws:iam::123456789012:role/users",
        "an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1",
    );
    for (text, says, not) in [
        (passing.as_str(), "RunPassRoleArns", "RunTaskDefinitionArns"),
        (running, "RunTaskDefinitionArns", "RunPassRoleArns"),
        (tagging, "needs ecs:TagResource", "needs ecs:RunTask"),
        (denied.as_str(), "denies it explicitly", "RunPassRoleArns"),
    ] {
        let fixture = Fixture::on(World::demo()).await;
        fixture.aws.faults(Faults::new().on("ecs", "RunTask").error(400, "AccessDeniedException", text));
        let answer =
            run(&fixture, "microservices", json!({"taskDefinition": "users", "like": "users"})).await;
        let problem = answer.json();
        assert_eq!((answer.status, &problem["code"]), (502, &json!("accessDenied")), "{}", answer.body);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(text), "AWS's own text: {detail}");
        assert!(detail.contains(says) && !detail.contains(not), "{says}, and not {not}: {detail}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_verdict_is_that_of_the_containers_that_are_named() {
    let job = || {
        let job = JobSeed::new().runs_for(Duration::from_secs(30)).sidecar("log-router");
        job.exit("log-router", 0).exit("nightly", 137)
    };
    let of = |names: &[&str]| json!({"verdictOf": names});
    let report = waited(job(), of(&["log-router"])).await.unwrap();
    let summary = report["summary"].as_str().unwrap();
    assert!(summary.contains("exit 0 (not in verdictOf: nightly exited with 137)"), "{summary}");
    for bad in [json!({}), of(&["nightly"]), of(&["nightly", "log-router"])] {
        let failed = waited(job(), bad.clone()).await.unwrap_err();
        assert!(failed.contains("nightly exited with 137"), "{bad}: {failed}");
    }
    let unknown = waited(job(), of(&["nobody"])).await.unwrap_err();
    assert!(
        unknown.starts_with("unknownContainer: verdictOf") && unknown.contains("nightly, log-router"),
        "{unknown}"
    );
    for bad in
        [of(&[]), of(&["a", "a"]), of(&["a b"]), json!({"verdictOf": ["nightly"], "waitUntil": "running"})]
    {
        let refused = waited(job(), bad.clone()).await.unwrap_err();
        assert!(refused.starts_with("badRequest: verdictOf"), "{bad}: {refused}");
    }
}

/// What nobody may read again.
const HUSH: &str = "c4nary-f00d";

const INFRASTRUCTURE: &str = "arn:aws:iam::123456789012:role/ecsInfrastructureRole";

/// `batch` with a family `load` that leaves its volume `scratch` to the launch, with a task role and tags.
fn loading() -> World {
    let mut world = batch(3);
    let definition = json!({"family": "load", "networkMode": "bridge", "taskRoleArn": "arn:aws:iam::123456789012:role/load",
        "containerDefinitions": [{"name": "load", "image": "load:1", "cpu": 128, "memory": 128}],
        "volumes": [{"name": "scratch", "configuredAtLaunch": true}, {"name": "tmp"}],
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:ecs.os-type == linux"}],
        "tags": [{"key": "cost", "value": "42"}]});
    world.call("ecs", "RegisterTaskDefinition", definition).unwrap();
    world
}

fn with(mut body: Value, more: &Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn scratch(more: &Value) -> Value {
    let volume = with(json!({"roleArn": INFRASTRUCTURE, "sizeInGiB": 100}), more);
    json!({"volumeConfigurations": [{"name": "scratch", "managedEBSVolume": volume}]})
}

#[tokio::test(start_paused = true)]
async fn every_option_goes_to_aws_as_it_was_asked_and_no_answer_shows_a_value_or_a_command() {
    let fixture = Fixture::on(loading()).await;
    let options = json!({
        "group": "night", "startedBy": "deploy-4-2",
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:zone == a"}, {"type": "distinctInstance"}],
        "placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "binpack", "field": "memory"}, {"type": "random"}],
        "volumeConfigurations": [{"name": "scratch", "managedEBSVolume": {
            "roleArn": INFRASTRUCTURE, "volumeType": "gp3", "sizeInGiB": 100, "snapshotId": "snap-0123", "iops": 3000,
            "volumeInitializationRate": 200, "throughput": 250, "encrypted": true, "kmsKeyId": "alias/ebs", "filesystemType": "ext4",
            "terminationPolicy": {"deleteOnTermination": true},
            "tagSpecifications": [{"resourceType": "volume", "tags": [{"key": "team", "value": "data"}]}]}}],
        "propagateTags": "TASK_DEFINITION", "enableExecuteCommand": true,
        "overrides": {"cpu": "512", "memory": "0.5 GB", "containerOverrides": [{
            "name": "load", "command": ["load", HUSH], "cpu": 256, "memory": 256, "memoryReservation": 128,
            "environment": [{"name": "TOKEN", "value": HUSH}],
            "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::acme-config/load.env"}],
            "resourceRequirements": [{"type": "GPU", "value": "1"}]}]},
    });
    let body = with(json!({"taskDefinition": "load", "launchType": "EC2", "idempotencyKey": "k"}), &options);
    let first = run(&fixture, "batch", body.clone()).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let call = fixture.aws.writes().pop().unwrap();
    for (field, asked) in options.as_object().unwrap() {
        assert_eq!(call.input[field], *asked, "{field}");
    }
    let again = run(&fixture, "batch", body.clone()).await;
    assert_eq!(started(&again.json()), started(&first.json()));

    let mut other = body.clone();
    other["placementStrategy"] = json!([{"type": "random"}]);
    let conflict = run(&fixture, "batch", other).await;
    assert_eq!(conflict.json()["code"], "idempotencyConflict", "the options are part of the request");
    let unknown = json!({"overrides": {"containerOverrides": [{"name": "nobody", "command": [HUSH]}]}});
    let unknown = run(&fixture, "batch", with(body, &unknown)).await;
    assert_eq!(unknown.json()["code"], "unknownContainer");
    for answer in [first, again, conflict, unknown] {
        assert!(!answer.body.contains(HUSH), "{}", answer.body);
    }

    let denied = pass_role(INFRASTRUCTURE, "no identity-based policy allows the iam:PassRole action");
    fixture.aws.faults(Faults::new().on("ecs", "RunTask").error(400, "AccessDeniedException", &denied));
    let body = with(json!({"taskDefinition": "load", "launchType": "EC2"}), &scratch(&json!({})));
    let refused = run(&fixture, "batch", body).await.json();
    assert!(refused["detail"].as_str().unwrap().contains("RunVolumeRoleArns"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn on_fargate_a_task_may_be_larger_and_have_a_disk_and_a_platform_version_of_its_own() {
    let fixture = Fixture::on(World::demo()).await;
    let overrides = json!({"cpu": "1 vCPU", "memory": "2 GB", "ephemeralStorage": {"sizeInGiB": 50}});
    let body = json!({"taskDefinition": "users", "like": "users", "platformVersion": "1.4.0", "overrides": overrides});
    let answer = run(&fixture, "microservices", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let input = fixture.aws.writes().pop().unwrap().input;
    assert_eq!(
        (&input["platformVersion"], &input["overrides"]["ephemeralStorage"]),
        (&json!("1.4.0"), &overrides["ephemeralStorage"])
    );
    assert_eq!(
        (&input["overrides"]["cpu"], &input["overrides"]["memory"]),
        (&overrides["cpu"], &overrides["memory"])
    );
}

#[tokio::test(start_paused = true)]
async fn an_option_that_is_malformed_is_refused_before_any_call_and_the_answer_names_it() {
    let fixture = Fixture::on(loading()).await;
    let container =
        |more: Value| json!({"overrides": {"containerOverrides": [with(json!({"name": "load"}), &more)]}});
    let constraints = |all: Value| json!({"placementConstraints": all});
    let strategy = |all: Value| json!({"placementStrategy": all});
    let file = |value: &str| container(json!({"environmentFiles": [{"type": "s3", "value": value}]}));
    let device = |kind: &str, value: &str| {
        container(json!({"resourceRequirements": [{"type": kind, "value": value}]}))
    };
    let two = json!({"name": "scratch", "managedEBSVolume": {"roleArn": INFRASTRUCTURE, "sizeInGiB": 1}});
    for (more, status, says) in [
        (json!({"platformVersion": "newest"}), 400, "platformVersion"),
        (json!({"propagateTags": "SERVICE"}), 400, "propagateTags"),
        (json!({"enableExecuteCommand": "yes"}), 400, "enableExecuteCommand"),
        (constraints(json!([])), 400, "placementConstraints"),
        (constraints(json!([{"type": "memberOf"}])), 400, "memberOf needs"),
        (constraints(json!([{"type": "memberOf", "expression": "x".repeat(2_001)}])), 400, "memberOf needs"),
        (constraints(json!([{"type": "distinctInstance", "expression": "x"}])), 400, "no expression"),
        (constraints(json!([{"type": "elsewhere"}])), 400, "placementConstraints"),
        (constraints(json!(vec![json!({"type": "distinctInstance"}); 11])), 400, "1 to 10"),
        (strategy(json!([{"type": "spread"}])), 400, "spread has"),
        (strategy(json!([{"type": "spread", "field": "cpu"}])), 400, "spread has"),
        (strategy(json!([{"type": "binpack", "field": "disk"}])), 400, "binpack has"),
        (strategy(json!([{"type": "random", "field": "host"}])), 400, "random has"),
        (strategy(json!(vec![json!({"type": "random"}); 6])), 400, "1 to 5"),
        (json!({"volumeConfigurations": []}), 400, "volumeConfigurations"),
        (json!({"volumeConfigurations": [two, two]}), 400, "no more than one"),
        (scratch(&json!({"volumeType": "fast"})), 400, "volumeType"),
        (scratch(&json!({"filesystemType": "btrfs"})), 400, "filesystemType"),
        (scratch(&json!({"roleArn": "ecsInfrastructureRole"})), 400, "ARN"),
        (scratch(&json!({"roleArn": "arn:aws:iam::123456789012:user/ops"})), 400, "roleArn"),
        (scratch(&json!({"roleArn": "arn:aws:iam::999999999999:role/x"})), 403, "outside"),
        (scratch(&json!({"kmsKeyId": "arn:aws:kms:sa-east-1:999999999999:key/x"})), 403, "outside"),
        (scratch(&json!({"tagSpecifications": [{"resourceType": "snapshot"}]})), 400, "resourceType"),
        (
            scratch(
                &json!({"tagSpecifications": [{"resourceType": "volume", "tags": [{"key": "steward:record", "value": "x"}]}]}),
            ),
            400,
            "steward:record",
        ),
        (scratch(&json!({"sizeInGiB": null})), 422, "sizeInGiB, or a snapshotId"),
        (scratch(&json!({"sizeInGiB": 16_385})), 422, "1 to 16384"),
        (scratch(&json!({"volumeType": "st1"})), 422, "125 to 16384"),
        (scratch(&json!({"volumeType": "io2"})), 422, "io2 needs"),
        (scratch(&json!({"volumeType": "gp2", "iops": 3_000})), 422, "gp2 takes none"),
        (scratch(&json!({"iops": 100})), 422, "3000 to 16000"),
        (scratch(&json!({"volumeType": "gp2", "throughput": 125})), 422, "throughput"),
        (scratch(&json!({"volumeInitializationRate": 100})), 422, "with a snapshotId"),
        (json!({"overrides": {"cpu": "much"}}), 400, "cpu"),
        (json!({"overrides": {"memory": "0"}}), 400, "memory"),
        (json!({"overrides": {"ephemeralStorage": {"sizeInGiB": 20}}}), 400, "21 to 200"),
        (json!({"overrides": {"inferenceAcceleratorOverrides": []}}), 422, "no longer offers"),
        (json!({"overrides": {"containerOverrides": [{"name": "a"}, {"name": "a"}]}}), 400, "given twice"),
        (container(json!({"cpu": -1})), 400, "cpu of load"),
        (container(json!({"memory": 3})), 400, "memory of load"),
        (container(json!({"memory": 64, "memoryReservation": 64})), 422, "above its memoryReservation"),
        (container(json!({"environment": [{"name": "", "value": HUSH}]})), 400, "needs a name"),
        (
            container(json!({"environment": [{"name": "A", "value": HUSH}, {"name": "A", "value": "2"}]})),
            400,
            "\"A\" is given twice",
        ),
        (file("arn:aws:s3:::acme-config/load.txt"), 400, "environmentFiles of load"),
        (file("s3://acme-config/load.env"), 400, "environmentFiles of load"),
        (device("GPU", "none"), 400, "GPUs"),
        (device("NeuronDevice", "1"), 400, "Neuron"),
        (device("InferenceAccelerator", "device1"), 422, "no longer offers"),
        (device("TPU", "1"), 400, "GPU or NeuronDevice"),
    ] {
        let body = with(json!({"taskDefinition": "load", "launchType": "EC2"}), &more);
        let answer = run(&fixture, "batch", body).await;
        assert_eq!(answer.status, status, "{more}: {}", answer.body);
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{says}: {}", answer.body);
        assert!(!answer.body.contains(HUSH), "{}", answer.body);
    }
    assert!(fixture.aws.ledger().is_empty(), "no AWS call was made");
}

#[tokio::test(start_paused = true)]
async fn an_option_that_does_not_fit_the_definition_or_the_place_is_refused_before_a_task_is_run() {
    let mut world = loading();
    let tagged = |family: &str, tags: Value| {
        json!({"family": family, "networkMode": "bridge", "tags": tags,
            "containerDefinitions": [{"name": family, "image": "x:1", "memory": 128}]})
    };
    let many: Vec<Value> = (0..49).map(|n| json!({"key": format!("k{n}"), "value": ""})).collect();
    for definition in [
        tagged("ours", json!([{"key": "steward:run", "value": "x"}])),
        tagged("many", json!(many)),
        json!({"family": "small", "networkMode": "awsvpc", "cpu": "256", "memory": "512", "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": [{"name": "small", "image": "x:1"}]}),
    ] {
        world.call("ecs", "RegisterTaskDefinition", definition).unwrap();
    }
    let fixture = Fixture::on(world).await;
    let load = |more: &Value| with(json!({"taskDefinition": "load", "launchType": "EC2"}), more);
    let small = |more: Value| {
        let network = json!({"subnets": ["subnet-1"]});
        with(json!({"taskDefinition": "small", "launchType": "FARGATE", "network": network}), &more)
    };
    let gpu = json!([{"name": "small", "resourceRequirements": [{"type": "GPU", "value": "1"}]}]);
    let ten = json!(vec![json!({"type": "distinctInstance"}); 10]);
    for (body, says) in [
        (
            small(json!({"placementConstraints": [{"type": "distinctInstance"}]})),
            "placementConstraints: not on Fargate",
        ),
        (small(json!({"placementStrategy": [{"type": "random"}]})), "placementStrategy: not on Fargate"),
        (small(json!({"overrides": {"containerOverrides": gpu}})), "resourceRequirements: not on Fargate"),
        (small(json!({"enableExecuteCommand": true})), "no task role"),
        (small(scratch(&json!({}))), "leaves no volume \"scratch\""),
        (load(&json!({})), "leaves its volume \"scratch\" to the launch"),
        (
            load(
                &json!({"volumeConfigurations": [{"name": "tmp", "managedEBSVolume": {"roleArn": INFRASTRUCTURE, "sizeInGiB": 1}}]}),
            ),
            "it leaves scratch",
        ),
        (
            load(&with(scratch(&json!({})), &json!({"platformVersion": "LATEST"}))),
            "platformVersion: on Fargate alone",
        ),
        (
            load(&with(scratch(&json!({})), &json!({"overrides": {"ephemeralStorage": {"sizeInGiB": 50}}}))),
            "ephemeralStorage: on Fargate alone",
        ),
        (load(&with(scratch(&json!({})), &json!({"placementConstraints": ten}))), "11 with those of load"),
        (json!({"taskDefinition": "ours", "propagateTags": "TASK_DEFINITION"}), "steward:run"),
        (json!({"taskDefinition": "many", "propagateTags": "TASK_DEFINITION"}), "ECS takes 50"),
    ] {
        let answer = run(&fixture, "batch", body.clone()).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (422, &json!("impossible")),
            "{body}: {}",
            answer.body
        );
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{says}: {}", answer.body);
    }
    assert_eq!(fixture.writes(), [""; 0]);
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
