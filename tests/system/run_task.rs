//! run-task: the answer tells the truth, and nothing is started twice or lost.

mod keys;
mod options;
mod verdicts;

use std::collections::BTreeSet;
use std::time::Duration;

use emulator::{Aws, Faults, GroupSeed, ProviderSeed, ServiceSeed, World};
use local::{Response, Sent, System, system::Setup};
use serde_json::{Value, json};

use crate::fixture::{Fixture, evening};
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
