//! run-task: the answer tells the truth, and nothing is started twice or lost.

use std::collections::BTreeSet;
use std::time::Duration;

use emulator::{Aws, Call, Faults, GroupSeed, JobSeed, ProviderSeed, ServiceSeed, World};
use local::{Response, Sent, System, system::Setup};
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
    assert_eq!(asked, 1 + 1 + 2 * 2, "the one that ran, the two together, and each of them twice more");
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

/// `batch` with ten machines whose agents are all disconnected: nothing starts, and it may go well later.
fn unready() -> (World, impl Fn(&Aws, bool)) {
    let mut world = batch(10);
    let ids: Vec<String> =
        world.container_instances("batch").into_iter().map(|instance| instance.ec2_instance).collect();
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
        let (world, connect) = unready();
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
