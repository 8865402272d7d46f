//! The very binary that Lambda runs, under a Runtime API, with every file of `events/prune-images/`.

use emulator::World;
use harness::binary::{Binary, answers_every_file, machine_now};
use harness::events::{self, PRUNE_IMAGES};
use serde_json::Value;

const PATH: &str = env!("CARGO_BIN_EXE_prune-images");

const POLICY: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"tagged","tagPrefixList":["dev"],"countType":"imageCountMoreThan","countNumber":2},"action":{"type":"expire"}}]}"#;

#[tokio::test]
async fn the_binary_answers_every_file_of_events() {
    let environment =
        [("PRUNE_REPOSITORIES", "*"), ("PRUNE_POLICY", POLICY), ("IN_USE_TO", "s3://images-in-use/nightly/")];
    answers_every_file(PATH, "prune-images", PRUNE_IMAGES, &environment).await;
}

#[tokio::test]
async fn a_new_deployment_deletes_nothing_whatever_it_is_sent() {
    let mut binary = Binary::start(PATH, World::demo(), &[("PRUNE_POLICY", POLICY)]).await;
    let event = events::read_at("prune-images", "scheduled-prune", machine_now()).to_string();
    let refused = binary.invoke(event.as_bytes()).await.unwrap_err();
    assert_eq!(refused["errorType"], "notConfigured");
    assert!(binary.aws().writes().is_empty());
}

#[tokio::test]
async fn a_bad_environment_stops_the_start_with_every_name_and_what_is_expected() {
    let environment = [
        ("PRUNE_POLICY", r#"{"team/*":{"rules":[]}}"#),
        ("PRUNE_REPOSITORIES", "team:x"),
        ("MAX_DELETE_PERCENT", "101"),
        ("SOURCES_OFF", "tasks,services,everything"),
        ("IN_USE_FROM", "[{}]"),
        ("IN_USE_TO", "s3://lists/images"),
        ("IN_USE_REGIONS", "us-east-1,Frankfurt"),
        ("ROLE_ARN", "steward"),
    ];
    let (failed, said) = Binary::start(PATH, World::demo(), &environment).await.refuses_to_start().await;
    assert!(failed);
    for words in [
        "PRUNE_POLICY must be lifecycle policies as JSON",
        "team/*: policy: rules: empty",
        "PRUNE_REPOSITORIES must be names or patterns",
        "MAX_DELETE_PERCENT must be a whole number from 1 to 100",
        "SOURCES_OFF must be names of sources",
        "everything",
        "IN_USE_FROM must be a place in S3",
        "IN_USE_TO must be a place in S3, s3://bucket/prefix/",
        "does not end with a slash",
        "IN_USE_REGIONS must be regions",
        "Frankfurt",
        "ROLE_ARN must be the ARN of a role",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test]
async fn each_deletion_is_a_line_of_audit_that_names_what_is_gone() {
    let environment = [("PRUNE_REPOSITORIES", "users"), ("PRUNE_POLICY", POLICY), ("LOG_LEVEL", "info")];
    let mut binary = Binary::start(PATH, World::demo(), &environment).await;
    let event = events::read("prune-images", "rest-prune");
    binary.invoke(event.to_string().as_bytes()).await.unwrap();
    let lines = binary.lines_of_an_invocation().await;
    let audit: Vec<&Value> = lines.iter().filter(|line| line["target"] == "audit").collect();
    assert_eq!(audit.len(), 1, "{audit:?}");
    assert_eq!(audit[0]["operation"], "ecr:BatchDeleteImage");
    assert_eq!(audit[0]["resource"], "repository/users");
    assert_eq!(audit[0]["actor"], "arn:aws:sts::123456789012:assumed-role/chat-bot/chat-bot");
    assert_eq!(audit[0]["reason"], "after the release");
    assert!(audit[0]["before"].as_str().unwrap().contains("sha256:"), "{}", audit[0]);
}
