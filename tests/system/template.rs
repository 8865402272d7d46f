//! What is deployed is what is tested: routes, schedules and roles of the template.

use std::collections::BTreeSet;
use std::time::Duration;

use describe_cluster::DescribeCluster;
use emulator::{Aws, GroupSeed, ImageSeed, JobSeed, ServiceSeed, TargetSeed, World};
use jiff::SignedDuration;
use local::Template;
use prune_images::PruneImages;
use run_task::RunTask;
use scale_service::ScaleService;
use serde_json::{Value, json};
use shared_lambda::Function;
use stop_task::StopTask;

use crate::fixture::{Fixture, evening, prod_with};
use crate::prune;

/// A function's name with the method and path of each of its routes.
fn of<F: Function>() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    F::ROUTES.iter().map(|route| (F::NAME, route.method, route.path))
}

#[test]
fn the_templates_routes_are_the_functions_routes() {
    let template = Template::read().unwrap();
    let deployed: BTreeSet<_> =
        template.routes.iter().map(|r| (r.function.as_str(), r.method.as_str(), r.path.as_str())).collect();
    let built: BTreeSet<_> = of::<ScaleService>()
        .chain(of::<DescribeCluster>())
        .chain(of::<RunTask>())
        .chain(of::<StopTask>())
        .chain(of::<PruneImages>())
        .collect();
    assert_eq!(deployed, built);
}

#[tokio::test(start_paused = true)]
async fn what_the_templates_schedules_send_is_understood() {
    let template = Template::read().unwrap();
    let actions = template.schedules.iter().map(|schedule| schedule.name.as_str());
    assert_eq!(
        actions.collect::<Vec<_>>(),
        [
            "Reconcile",
            "WakeCheckInTheEvening",
            "WakeCheckBeforeTheMorning",
            "NightlyJob",
            "NightlyPrune",
            "NightlyInUse"
        ]
    );
    let mut world = prod_with_a_schedule(0);
    world
        .cluster("default")
        .service("default", ServiceSeed::new("nightly-job").desired(0).tag("steward:size", "n=1"));
    world.job("nightly-job", JobSeed::new().runs_for(Duration::from_secs(30)));
    world.bucket("lists");
    let fixture = Fixture::with(&Aws::new(world), &[("IN_USE_TO", "s3://lists/")]).await;
    fixture.aws.with(|world| {
        for n in 1..=3 {
            world.image("threads", ImageSeed::new(&format!("dev-{n}")).pushed_at(prune::days_ago(60 - n)));
        }
    });
    for schedule in &template.schedules {
        let arn = format!("arn:aws:scheduler:sa-east-1:123456789012:schedule/default/{}", schedule.name);
        let event = schedule.event(evening(), &arn).unwrap();
        let report = fixture.system.invoke(&schedule.function, event).await.unwrap();
        if schedule.function == "describe-cluster" {
            assert_eq!(report["checked"], 1, "{}: {report}", schedule.name);
        } else {
            assert!(report["counts"]["changed"].as_u64() >= Some(1), "{}: {report}", schedule.name);
        }
    }
}

/// `users` follows a schedule, and these many others do not.
fn prod_with_a_schedule(others: usize) -> World {
    let mut world = prod_with(others);
    let users = ServiceSeed::new("users").desired(3);
    world.service("prod", users.tag("steward:schedule", "Mon-Fri 08:00-20:00 America/Sao_Paulo"));
    world.scalable_target("prod", "users", TargetSeed::new(2, 6));
    world
}

/// The same with machines, on which no task runs.
fn prod_with_machines(mut world: World) -> World {
    world.group(GroupSeed::new("machines").cluster("prod"));
    world
}

const VPC: &str = "Lambda makes network interfaces in SubnetIds under the function's role";

/// What a role needs beside the calls that its function makes, and why.
const BESIDE: &[(&str, &str)] = &[
    ("ec2:AssignPrivateIpAddresses", VPC),
    ("ec2:CreateNetworkInterface", VPC),
    ("ec2:DeleteNetworkInterface", VPC),
    ("ec2:DescribeNetworkInterfaces", VPC),
    ("ec2:DescribeSubnets", VPC),
    ("ec2:UnassignPrivateIpAddresses", VPC),
    ("ecs:TagResource", "RunTask with tags needs it"),
    ("events:PutEvents", "events go out where EVENT_BUS says so: tests/system/events.rs"),
    ("iam:PassRole", "RunTask with a task or execution role needs it"),
    ("kms:Decrypt", "Lambda reads an environment that KmsKey encrypts under the function's role"),
    ("logs:CreateLogStream", "Lambda writes the logs under the function's role"),
    ("logs:PutLogEvents", "Lambda writes the logs under the function's role"),
    ("sqs:SendMessage", "Lambda reports failed events under the function's role"),
    ("xray:PutTelemetryRecords", "tracing is on"),
    ("xray:PutTraceSegments", "tracing is on"),
];

fn allowed(role: &str) -> BTreeSet<String> {
    let template: Value = serde_saphyr::from_str(include_str!("../../template.yaml")).unwrap();
    let resources = template["Resources"].as_object().unwrap();
    let of_its_own = resources[role]["Properties"]["Policies"].as_array().unwrap().iter();
    let beside = resources.values().filter(|it| it["Type"] == "AWS::IAM::Policy");
    let beside = beside.map(|it| &it["Properties"]).filter(|it| it["Roles"][0] == role);
    let statements =
        of_its_own.chain(beside).flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap());
    // One that a condition adds is the second part of its `!If`.
    let statements = statements.map(|statement| statement.get(1).unwrap_or(statement));
    let allow = statements.filter(|statement| statement["Effect"] == "Allow");
    allow
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(all) => all.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
            one => vec![one.as_str().unwrap().to_owned()],
        })
        .collect()
}

fn needed(fixture: &Fixture) -> BTreeSet<String> {
    // IAM has older names, and for this list of S3 another one.
    let iam = |service: &str, operation: &str| match (service, operation) {
        ("eventbridge", _) => format!("events:{operation}"),
        ("stepfunctions", _) => format!("states:{operation}"),
        ("s3", "ListObjectsV2") => "s3:ListBucket".to_owned(),
        _ => format!("{service}:{operation}"),
    };
    let called = fixture.aws.ledger().into_iter().map(|call| iam(&call.service, &call.operation));
    called.collect()
}

fn assert_least(role: &str, needed: &BTreeSet<String>) {
    let allowed = allowed(role);
    let missing: Vec<_> = needed.difference(&allowed).collect();
    assert!(missing.is_empty(), "{role} does not allow {missing:?}, which the function calls");
    let spare: Vec<_> = allowed
        .difference(needed)
        .filter(|action| !BESIDE.iter().any(|(beside, _)| beside == action))
        .collect();
    assert!(spare.is_empty(), "{role} allows {spare:?}, which the function never calls");
}

#[tokio::test(start_paused = true)]
async fn the_role_of_scale_service_allows_what_it_calls_and_no_more() {
    let fixture = Fixture::on(prod_with_machines(prod_with_a_schedule(12))).await;
    for action in ["stop", "start"] {
        fixture.scale(json!({"action": action, "clusters": ["*"]})).await.unwrap();
        fixture.scale(json!({"action": action, "cluster": "prod", "service": "users"})).await.unwrap();
    }
    let hold = json!({"action": "putOverride", "cluster": "prod", "state": "hold", "for": "PT1H"});
    fixture.scale(hold).await.unwrap();
    fixture.aws.move_to(evening() + SignedDuration::from_hours(2));
    for _ in 0..2 {
        fixture.scale(json!({"action": "reconcile", "clusters": ["*"]})).await.unwrap();
    }
    let scale = json!({"action": "scaleGroup", "group": "machines", "desiredCapacity": 2});
    fixture.scale(scale).await.unwrap();
    for action in ["stop", "reconcile", "start"] {
        let mut event = json!({"action": action, "cluster": "prod"});
        if action != "reconcile" {
            event["capacity"] = true.into();
        }
        fixture.scale(event).await.unwrap();
        if action == "stop" {
            // A scheduled run measures what sleeps.
            let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
            let at = fixture.aws.now().to_string();
            let tick = json!({"action": "reconcile", "clusters": ["*"], "at": at, "schedule": schedule});
            fixture.scale(tick).await.unwrap();
        }
    }
    assert_least("ScaleServiceRole", &needed(&fixture));
}

#[tokio::test(start_paused = true)]
async fn the_role_of_describe_cluster_allows_what_it_calls_and_no_more() {
    let fixture = Fixture::on(World::demo()).await;
    let task = fixture.aws.with(|world| world.tasks("microservices", "users")[0].id.clone());
    let cluster = "/v1/clusters/microservices";
    for path in [
        "/v1/clusters?include=statistics",
        "/v1/clusters/ecs-api?include=capacity,statistics,tags",
        &format!("{cluster}/services"),
        &format!("{cluster}/services/users"),
        &format!("{cluster}/tasks?include=tags"),
        &format!("{cluster}/tasks/{task}"),
        &format!("{cluster}/agenda"),
        "/v1/task-definitions",
        "/v1/task-definitions/users/1",
        "/v1/auto-scaling-groups",
        "/v1/auto-scaling-groups/ecs-api",
    ] {
        let answer = fixture.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    assert!(fixture.aws.writes().is_empty());
    let mut needed_by_reads = needed(&fixture);
    // The bedtime check of what sleeps, of which one service shows no revision.
    for _ in 0..2 {
        fixture.scale(json!({"action": "reconcile", "clusters": ["*"]})).await.unwrap();
        fixture.aws.move_to(evening());
    }
    fixture.aws.with(|world| {
        world.unlisted_revisions("microservices", "users");
        // What is lost may be a cache's.
        world.remove_image("posts", &ImageSeed::new("prod-1").digest("posts"));
    });
    fixture.aws.forget();
    fixture.system.invoke("describe-cluster", json!({"action": "wakeCheck"})).await.unwrap();
    needed_by_reads.extend(needed(&fixture));
    assert_least("DescribeClusterRole", &needed_by_reads);
}

#[tokio::test(start_paused = true)]
async fn the_roles_of_run_task_and_stop_task_allow_what_they_call_and_no_more() {
    let fixture = Fixture::on(World::demo()).await;
    let tasks = "/v1/clusters/microservices/tasks";
    let run =
        json!({"taskDefinition": "users", "like": "users", "idempotencyKey": "once", "waitUntil": "running"});
    let ran = fixture.rest("POST", tasks, &run).await;
    assert_eq!(ran.status, 200, "{}", ran.body);
    assert_least("RunTaskRole", &needed(&fixture));

    fixture.aws.forget();
    let task = fixture.aws.with(|world| world.tasks("microservices", "users")[0].id.clone());
    let forced = fixture.rest("POST", &format!("{tasks}/{task}/stop"), &json!({"force": true})).await;
    assert_eq!(forced.status, 200, "{}", forced.body);
    let many = fixture.rest("POST", &format!("{tasks}/stop"), &json!({"family": "users"})).await;
    assert_eq!(many.status, 200, "{}", many.body);
    assert_least("StopTaskRole", &needed(&fixture));
}

#[test]
fn run_task_may_pass_roles_to_tasks_and_to_ecs_each_of_its_own_parameter() {
    let template: Value = serde_saphyr::from_str(include_str!("../../template.yaml")).unwrap();
    let statements =
        template["Resources"]["RunTaskRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
            .clone();
    let statements = statements.as_array().unwrap().iter().map(|it| it.get(1).unwrap_or(it));
    let passing = statements.filter(|statement| statement["Action"] == "iam:PassRole");
    let told: Vec<(&str, &str)> = passing
        .map(|it| {
            let service = &it["Condition"]["StringEquals"]["iam:PassedToService"];
            (it["Resource"].as_str().unwrap(), service.as_str().unwrap())
        })
        .collect();
    let expected =
        [("RunPassRoleArns", "ecs-tasks.amazonaws.com"), ("RunVolumeRoleArns", "ecs.amazonaws.com")];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn the_role_of_prune_images_allows_what_it_calls_and_no_more() {
    let variables = [("IN_USE_FROM", "s3://lists/images/"), ("IN_USE_TO", "s3://lists/images/")];
    let fixture = Fixture::with(&Aws::new(prune::faults::world()), &variables).await;
    fixture.prune(json!({"action": "writeInUse"})).await.unwrap();
    fixture.aws.with(|world| {
        let v5 = world.digest("users", "v5").unwrap();
        world.index("users", ImageSeed::new("multi").pushed_at(evening()), &[v5]);
    });
    let mut told = prune::apply(&prune::any_more_than(5));
    fixture.prune(told.clone()).await.unwrap();
    told["policy"] = json!({"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 1},
        "action": {"type": "transition", "targetStorageClass": "archive"},
    }]});
    told["archive"] = json!(true);
    fixture.prune(told).await.unwrap();
    for path in ["/v1/repositories", "/v1/images?repository=users", "/v1/images/in-use"] {
        assert_eq!(fixture.get(path).await.status, 200, "{path}");
    }
    assert_least("PruneImagesRole", &needed(&fixture));
}
