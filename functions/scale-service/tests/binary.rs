//! The very binary that Lambda runs, under a Runtime API, with every file of `events/scale-service/`.

use emulator::{ServiceSeed, World};
use harness::binary::{Binary, answers_every_file, machine_now};
use harness::events::{self, SCALE_SERVICE};
use jiff::SignedDuration;
use serde_json::{Value, json};

const PATH: &str = env!("CARGO_BIN_EXE_scale-service");

#[tokio::test]
async fn the_binary_answers_every_file_of_events() {
    let environment = [("MODE", "act"), ("CLUSTERS", "*")];
    answers_every_file(PATH, "scale-service", SCALE_SERVICE, &environment).await;
}

#[tokio::test]
async fn what_is_no_json_at_all_is_a_lambda_error_and_the_binary_lives_on() {
    let mut binary = Binary::start(PATH, World::demo(), &[]).await;
    for bytes in [&b"{\"action\":"[..], b"", b"\xff\xfe", b"nonsense"] {
        assert!(binary.invoke(bytes).await.is_err());
    }
    let event = r#"{"action":"stop","cluster":"microservices","service":"users","dryRun":true}"#;
    assert_eq!(binary.invoke(event.as_bytes()).await.unwrap()["dryRun"], true);
    assert!(binary.aws().writes().is_empty());
}

#[tokio::test]
async fn a_new_deployment_only_observes_what_its_schedules_would_do() {
    let mut binary = Binary::start(PATH, World::demo(), &[("CLUSTERS", "*")]).await;
    let event = events::read_at("scale-service", "scheduled-stop", machine_now()).to_string();
    let report = binary.invoke(event.as_bytes()).await.unwrap();
    assert_eq!(report["dryRun"], true);
    assert!(binary.aws().writes().is_empty());
}

#[tokio::test]
async fn a_bad_environment_stops_the_start_with_every_name_and_what_is_expected() {
    let schedules = r#"{"schedules":{"office":"Mon-Fri 08:00-25:00 UTC"}}"#;
    let environment =
        [("MODE", "perhaps"), ("MAX_DESIRED", "many"), ("BUDGET_SHARE", "2"), ("SCHEDULES", schedules)];
    let (failed, said) = Binary::start(PATH, World::demo(), &environment).await.refuses_to_start().await;
    assert!(failed);
    for words in [
        "MODE must be observe, act or readonly",
        "MAX_DESIRED must be a whole number",
        "BUDGET_SHARE must be above 0",
        "schedules: office:",
        "at character 15",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[tokio::test]
async fn each_change_is_a_line_of_audit_that_no_input_can_forge() {
    let mut binary = Binary::start(PATH, World::demo(), &[("LOG_LEVEL", "info")]).await;
    let mut event = events::read("scale-service", "rest-stop-service");
    let forged = "night\n{\"target\":\"audit\",\"actor\":\"nobody\"}\r\n";
    event["body"] = serde_json::json!({ "reason": forged, "onBehalfOf": forged }).to_string().into();
    binary.invoke(event.to_string().as_bytes()).await.unwrap();
    let lines = binary.lines_of_an_invocation().await;
    let audit: Vec<&Value> = lines.iter().filter(|line| line["target"] == "audit").collect();
    let operations: Vec<&str> = audit.iter().map(|line| line["operation"].as_str().unwrap()).collect();
    let [tag, scaling, service] =
        ["ecs:TagResource", "application-autoscaling:RegisterScalableTarget", "ecs:UpdateService"];
    assert_eq!(operations, [tag, scaling, service, tag]);
    for line in audit {
        assert_eq!(line["actor"], "arn:aws:sts::123456789012:assumed-role/chat-bot/chat-bot");
        assert_eq!(line["claimedOnBehalfOf"], forged);
        assert_eq!(line["resource"], "service/microservices/users");
        assert_eq!(line["outcome"], "done");
        // Lambda's id, and API Gateway's, by which access log and problem are joined to it.
        assert_eq!(line["span"]["requestId"], line["requestId"], "{line}");
        assert_eq!(line["span"]["apiRequestId"], event["requestContext"]["requestId"], "{line}");
        for field in ["reason", "requestId", "before", "after"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
    }
    let metrics = lines.iter().find(|line| line.get("_aws").is_some()).unwrap();
    assert_eq!(
        (&metrics["Changed"], &metrics["Failed"], &metrics["Throttles"]),
        (&1.into(), &0.into(), &0.into())
    );
    assert_eq!(metrics["Function"], "ecs-steward-under-test");
    assert_eq!(metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"], "ecs-steward");
}

#[tokio::test]
async fn what_only_observes_logs_an_item_again_only_when_it_says_something_else() {
    let environment = [("LOG_LEVEL", "info"), ("MODE", "observe"), ("CLUSTERS", "*")];
    let mut binary = Binary::start(PATH, World::demo(), &environment).await;
    for _ in 0..2 {
        let event = events::read_at("scale-service", "scheduled-reconcile", machine_now()).to_string();
        binary.invoke(event.as_bytes()).await.unwrap();
    }
    let of_metrics = |line: &&Value| line.get("_aws").is_some();
    let mut lines = binary.lines_of_an_invocation().await;
    while lines.iter().filter(of_metrics).count() < 2 {
        tokio::task::yield_now().await;
        lines = binary.lines_of_an_invocation().await;
    }
    assert!(lines.iter().filter(of_metrics).all(|metrics| metrics["Reconciled"] == 1.0), "{lines:?}");
    let items: Vec<&Value> = lines.iter().filter(|line| line["outcome"].is_string()).collect();
    assert!(items.iter().all(|line| line["dryRun"] == true), "{items:?}");
    let mut resources: Vec<&str> = items.iter().filter_map(|line| line["resource"].as_str()).collect();
    resources.sort_unstable();
    let microservices = ["posts", "threads", "users"].map(|name| format!("service/microservices/{name}"));
    assert_eq!(resources, microservices, "each of them once, in two runs");
    let summaries = lines.iter().filter(|line| line["counts"].is_string() && line["dryRun"] == true);
    assert_eq!(summaries.count(), 2);
}

#[tokio::test]
async fn a_schedules_run_logs_which_service_is_late_to_wake() {
    let now = machine_now();
    let mut world = World::new(now);
    let record = format!("v1 starting@{} n=2 by=schedule", now - SignedDuration::from_mins(40));
    let late = ServiceSeed::new("users").desired(0).cannot_start("CannotPullContainerError: gone");
    let late = late.tag("steward:schedule", "always").tag("steward:record", &record);
    world.cluster("prod").service("prod", late);
    let started = json!({"cluster": "prod", "service": "users", "desiredCount": 2});
    world.call("ecs", "UpdateService", started).unwrap();
    let environment = [("LOG_LEVEL", "info"), ("MODE", "act"), ("CLUSTERS", "*")];
    let mut binary = Binary::start(PATH, world, &environment).await;
    let event = events::read_at("scale-service", "scheduled-reconcile", now).to_string();
    let report = binary.invoke(event.as_bytes()).await.unwrap();
    assert_eq!(report["items"][0]["warnings"][0]["code"], "lateToWake", "{report}");
    let lines = binary.lines_of_an_invocation().await;
    let late = lines.iter().find(|line| line["code"] == "lateToWake");
    let late = late.unwrap_or_else(|| panic!("{lines:?}"));
    assert_eq!((&late["level"], &late["resource"]), (&json!("WARN"), &json!("service/prod/users")), "{late}");
    assert!(late["message"].as_str().unwrap().starts_with("0 of 2 tasks run"), "{late}");
}
