//! What can't be known is not deleted: each call of each source, throttled, denied, cut off.

use std::collections::BTreeMap;

use emulator::{Aws, Faults, ServiceSeed, World};
use serde_json::{Value, json};

use super::sources::run_task;
use super::{HOST, any_more_than, apply, report, tags, ten};
use crate::fixture::{Fixture, evening};

/// Every call that a source makes, and the sources that it fails.
const CALLS: [(&str, &str, &[&str]); 18] = [
    ("ecs", "ListClusters", &["tasks", "services", "daemons"]),
    ("ecs", "ListTasks", &["tasks"]),
    ("ecs", "DescribeTasks", &["tasks"]),
    ("ecs", "ListServices", &["services"]),
    ("ecs", "DescribeServices", &["services"]),
    ("ecs", "ListServiceDeployments", &["services"]),
    ("ecs", "DescribeServiceDeployments", &["services"]),
    ("ecs", "DescribeServiceRevisions", &["services"]),
    ("ecs", "ListTaskDefinitions", &["families"]),
    ("ecs", "DescribeTaskDefinition", &["services", "families"]),
    ("ecs", "ListDaemons", &["daemons"]),
    ("ecs", "DescribeDaemon", &["daemons"]),
    ("ecs", "DescribeDaemonRevisions", &["daemons"]),
    ("eventbridge", "ListRules", &["rules"]),
    ("eventbridge", "ListTargetsByRule", &["rules"]),
    ("scheduler", "ListSchedules", &["schedules"]),
    ("scheduler", "GetSchedule", &["schedules"]),
    ("lambda", "GetFunction", &["functions"]),
];
const MORE: [(&str, &str, &[&str]); 15] = [
    ("ecs", "ListDaemonDeployments", &["daemons"]),
    ("ecs", "DescribeDaemonDeployments", &["daemons"]),
    ("ecs", "DescribeDaemonTaskDefinition", &["daemons"]),
    ("eventbridge", "ListEventBuses", &["rules"]),
    ("lambda", "ListFunctions", &["functions"]),
    ("pipes", "ListPipes", &["pipes"]),
    ("pipes", "DescribePipe", &["pipes"]),
    ("stepfunctions", "ListStateMachines", &["stateMachines"]),
    ("stepfunctions", "ListStateMachineVersions", &["stateMachines"]),
    ("stepfunctions", "DescribeStateMachine", &["stateMachines"]),
    ("batch", "DescribeJobDefinitions", &["jobDefinitions"]),
    ("codebuild", "ListProjects", &["buildProjects"]),
    ("codebuild", "BatchGetProjects", &["buildProjects"]),
    ("s3", "ListObjectsV2", &["documents"]),
    ("s3", "GetObject", &["documents"]),
];

fn calls() -> impl Iterator<Item = (&'static str, &'static str, &'static [&'static str])> {
    CALLS.into_iter().chain(MORE)
}

/// Each source needs an image of `users`, and half of them would expire.
pub(crate) fn world() -> World {
    let mut world = ten();
    let users = |tag: &str| format!("{HOST}/users:{tag}");
    world.service("prod", ServiceSeed::new("api").image(&users("v1")));
    world.ecs_daemon("prod", "agent", &users("v2"), true);
    world.service("prod", ServiceSeed::new("job").image(&users("v3")).desired(0).status("INACTIVE"));
    world.ecs_target("default", "nightly", "prod", "job");
    world.ecs_schedule("default", "weekly", "rate(7 days)", "prod", "job");
    world.image_function("function", &users("v4"));
    world.ecs_pipe("orders", "prod", "job");
    world.state_machine("nightly", run_task("job"));
    world.publish_state_machine("nightly");
    world.job_definition("etl", json!({"type": "container", "containerProperties": {"image": users("v4")}}));
    world.build_project("deploy", &users("v4"));
    let told = json!({"account": "999999999999", "region": "sa-east-1", "at": evening(), "complete": true,
        "images": [{"image": users("v4"), "usedBy": ["service/prod/theirs"]}]});
    world.bucket("lists");
    world.object("lists", "images/999999999999-sa-east-1.json", &told.to_string());
    world
}

const IN_USE: [&str; 4] = ["v1", "v2", "v3", "v4"];

/// No guard by time, and what others have written.
const VARIABLES: [(&str, &str); 2] = [("KEEP_PULLED_DAYS", "0"), ("IN_USE_FROM", "s3://lists/images/")];

fn assert_says(report: &Value, sources: &[&str], what: &str) {
    let text = report.to_string();
    assert!(text.contains("sourceUnreadable"), "{what}: {report}");
    for source in sources {
        let named = format!("{source} (");
        assert!(text.contains(&named), "{what}: {source} is not named: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_throttled_denied_or_cut_off_means_no_deletion_and_the_report_says_which_and_why() {
    let aws = Aws::new(world());
    for (service, operation, sources) in calls() {
        let rule = || Faults::new().on(service, operation);
        let faults = [
            ("throttle", rule().throttle(), "throttled the call|Throttl|TooManyRequests|SlowDown"),
            ("denied", rule().access_denied(), "AccessDenied"),
            ("cut off", rule().cut_body(), "could not be read"),
            ("failing", rule().server_error(), "Service Unavailable"),
        ];
        for (kind, faults, words) in faults {
            let what = format!("{kind} {operation}");
            let fork = aws.fork();
            let fixture = Fixture::with(&fork, &VARIABLES).await;
            fork.faults(faults);
            let report = report(fixture.prune(apply(&any_more_than(5))).await);
            assert_eq!(report["code"], "partial", "{what}: {report}");
            assert_eq!(tags(&fork, "users").len(), 10, "{what}");
            assert!(fixture.writes().is_empty(), "{what}: {:?}", fixture.writes());
            assert_says(&report, sources, &what);
            // IAM names this one otherwise, and so does the report.
            let named = if operation == "ListObjectsV2" { "ListBucket" } else { operation };
            assert!(report.to_string().contains(named), "{what}: the call is not named: {report}");
            assert!(words.split('|').any(|word| report.to_string().contains(word)), "{what}: why? {report}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_calls_ecs_and_does_not_say_of_what_means_no_deletion() {
    let mut world = world();
    world.schedule("default", "monthly", "rate(30 days)", "arn:aws:scheduler:::aws-sdk:ecs:runTask");
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &[("KEEP_PULLED_DAYS", "0")]).await;
    let report = report(fixture.prune(apply(&any_more_than(5))).await);
    assert_eq!(tags(&aws, "users").len(), 10);
    assert_says(&report, &["schedules"], "a call without an input");
    assert!(report.to_string().contains("schedule/default/monthly"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_list_of_another_account_that_was_made_without_a_source_is_not_complete() {
    let aws = Aws::new(world());
    let fixture = Fixture::with(&aws, &[("KEEP_PULLED_DAYS", "0")]).await;
    let mut asked = apply(&any_more_than(5));
    asked["inUseFrom"] = json!([{"account": "999999999999", "region": "eu-west-1", "complete": true, "images": [],
        "sourcesOff": ["services"]}]);
    let report = report(fixture.prune(asked).await);
    assert_eq!(tags(&aws, "users").len(), 10);
    assert_says(&report, &["lists"], "without services");
    assert!(report.to_string().contains("made without services"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_with_a_token_is_not_the_end_of_any_source() {
    let aws = Aws::new(world());
    for (service, operation, _) in calls() {
        let fork = aws.fork();
        let fixture = Fixture::with(&fork, &VARIABLES).await;
        fork.faults(Faults::new().on(service, operation).times(2).truncated_page());
        let report = report(fixture.prune(apply(&any_more_than(5))).await);
        if operation.starts_with("List") || operation == "DescribeJobDefinitions" {
            let changed = &report["counts"]["changed"];
            assert_eq!(*changed, json!(1), "{operation}: only v5 is in nobody's use: {report}");
        }
        for tag in IN_USE {
            assert!(tags(&fork, "users").contains(&tag.to_owned()), "{operation}: {tag} is gone");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_only_at_the_second_look_means_no_deletion_either() {
    let aws = Aws::new(world());
    let dry = Fixture::with(&aws.fork(), &VARIABLES).await;
    let mut event = apply(&any_more_than(5));
    event["dryRun"] = json!(true);
    dry.prune(event).await.unwrap();
    let mut first: BTreeMap<String, u64> = BTreeMap::new();
    for call in dry.aws.ledger() {
        *first.entry(call.operation).or_default() += 1;
    }
    for (service, operation, sources) in calls() {
        // What can't change any more is not read twice, nor is the past of what was not deployed since.
        let kept = [
            "DescribeTaskDefinition",
            "ListServiceDeployments",
            "DescribeServiceDeployments",
            "DescribeServiceRevisions",
            "DescribeDaemonRevisions",
            "ListStateMachineVersions",
            "GetObject",
        ];
        if kept.contains(&operation) {
            continue;
        }
        let fork = aws.fork();
        let fixture = Fixture::with(&fork, &VARIABLES).await;
        let seen = first[operation];
        fork.faults(Faults::new().on(service, operation).calls(seen..u64::MAX).access_denied());
        let report = report(fixture.prune(apply(&any_more_than(5))).await);
        assert_eq!(tags(&fork, "users").len(), 10, "{operation}: {report}");
        assert!(fixture.writes().is_empty(), "{operation}");
        assert_says(&report, sources, operation);
    }
}

#[tokio::test(start_paused = true)]
async fn use_that_is_not_read_in_two_thirds_of_the_time_is_a_503_that_names_the_source_and_a_ready_event() {
    let aws = Aws::new(world());
    let fixture = Fixture::at(aws.clone()).await;
    aws.faults(Faults::new().on("lambda", "ListFunctions").throttle());
    let body = json!({"policy": any_more_than(5), "dryRun": false, "repositories": ["users"], "maxDelete": 9,
        "protectedTags": ["prod*"], "reason": "after the release", "onBehalfOf": "ana"});
    let answer = fixture.rest("POST", "/v1/images/prune", &body).await;
    let problem = answer.json();
    assert_eq!((answer.status, &problem["code"]), (503, &json!("useTooLarge")), "{}", answer.body);
    assert!(problem["detail"].as_str().unwrap().contains("functions"), "{problem}");
    assert_eq!(fixture.writes(), [""; 0]);
    let event = problem["actions"][0]["body"].clone();
    let mut whole = body.clone();
    whole["action"] = json!("prune");
    assert_eq!(event, whole, "who it is for and why go along");
    aws.faults(Faults::new());
    fixture.prune(event).await.unwrap();
    assert!(!fixture.writes().is_empty(), "it can be sent as it is");
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_cannot_be_read_fails_alone() {
    for operation in ["DescribeImages", "GetRepositoryPolicy", "GetLifecyclePolicy"] {
        let mut world = world();
        for n in 1..=4 {
            world.image(
                "threads",
                emulator::ImageSeed::new(&format!("t{n}")).pushed_at(super::days_ago(90 - n)),
            );
        }
        let fixture = Fixture::with(&Aws::new(world), &[("KEEP_PULLED_DAYS", "0")]).await;
        fixture.aws.faults(Faults::new().on("ecr", operation).containing("\"users\"").access_denied());
        let report = report(fixture.prune(apply(&any_more_than(2))).await);
        assert_eq!(tags(&fixture.aws, "users").len(), 10, "{operation}");
        assert_eq!(tags(&fixture.aws, "threads").len(), 2, "{operation}: {report}");
        assert_eq!(report["failures"][1]["resource"], "repository/users");
        assert_eq!(report["failures"][1]["code"], "accessDenied");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_between_a_list_and_its_description_needs_nothing_and_blocks_nothing() {
    let aws = Aws::new(world());
    for (service, operation, code) in [
        ("ecs", "ListTasks", "ClusterNotFoundException"),
        ("ecs", "ListServices", "ClusterNotFoundException"),
        ("ecs", "DescribeServices", "ClusterNotFoundException"),
        ("ecs", "ListServiceDeployments", "ServiceNotFoundException"),
        ("ecs", "ListDaemons", "ClusterNotFoundException"),
        ("ecs", "DescribeDaemon", "DaemonNotFoundException"),
        ("ecs", "ListDaemonDeployments", "DaemonNotFoundException"),
        ("eventbridge", "ListRules", "ResourceNotFoundException"),
        ("eventbridge", "ListTargetsByRule", "ResourceNotFoundException"),
        ("scheduler", "GetSchedule", "ResourceNotFoundException"),
        ("lambda", "GetFunction", "ResourceNotFoundException"),
        ("pipes", "DescribePipe", "NotFoundException"),
        ("stepfunctions", "DescribeStateMachine", "StateMachineDoesNotExist"),
        ("stepfunctions", "ListStateMachineVersions", "StateMachineDoesNotExist"),
    ] {
        let fork = aws.fork();
        let fixture = Fixture::with(&fork, &VARIABLES).await;
        fork.faults(Faults::new().on(service, operation).error(400, code, "it was there a moment ago"));
        let report = report(fixture.prune(apply(&any_more_than(5))).await);
        assert_eq!(report["ok"], true, "{operation}: {report}");
        assert!(!tags(&fork, "users").contains(&"v5".to_owned()), "{operation}: {report}");
    }
    // A repository that nobody named, and one that somebody did.
    let fork = aws.fork();
    let fixture = Fixture::with(&fork, &VARIABLES).await;
    let gone = || Faults::new().on("ecr", "DescribeImages").error(400, "RepositoryNotFoundException", "gone");
    fork.faults(gone());
    let all = fixture.prune(apply(&any_more_than(5))).await.unwrap();
    assert_eq!((&all["ok"], all["items"].as_array().unwrap().len()), (&json!(true), 0), "{all}");
    let mut named = apply(&any_more_than(5));
    named["repositories"] = json!(["users"]);
    let named = report(fixture.prune(named).await);
    assert!(named.to_string().contains("notFound"), "{named}");
}
