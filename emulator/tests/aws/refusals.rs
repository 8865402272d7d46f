//! What AWS refuses, and with which code.

use emulator::{ServiceSeed, World};
use serde_json::{Value, json};

use crate::world::{pass, prod};

fn code(world: &mut World, operation: &str, input: Value) -> String {
    world.call("ecs", operation, input).unwrap_err().code
}

#[test]
fn an_operation_that_is_not_modelled_says_so() {
    let mut world = prod();
    assert_eq!(code(&mut world, "CreateCapacityProvider", json!({})), "UnknownOperationException");
    let refused = world.call("s3", "ListBuckets", json!({})).unwrap_err();
    assert_eq!(refused.code, "UnknownOperationException");
}

#[test]
fn a_field_that_is_not_modelled_is_refused() {
    let mut world = prod();
    let refused = world.call("ecs", "ListServices", json!({"cluster": "prod", "maxresults": 3})).unwrap_err();
    assert_eq!(refused.code, "SerializationException");
    assert!(refused.message.contains("maxresults"), "{refused}");
}

#[test]
fn only_an_active_service_is_updated() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("leaving").desired(2).status("DRAINING"));
    world.service("prod", ServiceSeed::new("gone").status("INACTIVE"));
    world.instances("prod", 1).service("prod", ServiceSeed::new("agent").daemon());
    let update = |service: &str| json!({"cluster": "prod", "service": service, "desiredCount": 1});
    assert_eq!(code(&mut world, "UpdateService", update("leaving")), "ServiceNotActiveException");
    assert_eq!(code(&mut world, "UpdateService", update("gone")), "ServiceNotActiveException");
    assert_eq!(code(&mut world, "UpdateService", update("ghost")), "ServiceNotFoundException");
    assert_eq!(code(&mut world, "UpdateService", update("agent")), "InvalidParameterException");
    let nowhere = json!({"cluster": "nowhere", "service": "users", "desiredCount": 1});
    assert_eq!(code(&mut world, "UpdateService", nowhere), "ClusterNotFoundException");
    for count in [-1, 5001] {
        let input = json!({"cluster": "prod", "service": "users", "desiredCount": count});
        assert_eq!(code(&mut world, "UpdateService", input), "InvalidParameterException");
    }
    assert_eq!(world.desired_count("prod", "users"), 2);
}

#[test]
fn a_service_above_zero_is_deleted_only_by_force_and_is_forgotten_after_a_while() {
    let mut world = prod();
    let delete = json!({"cluster": "prod", "service": "users"});
    assert_eq!(code(&mut world, "DeleteService", delete), "InvalidParameterException");
    let forced = json!({"cluster": "prod", "service": "users", "force": true});
    let answer = world.call("ecs", "DeleteService", forced).unwrap();
    assert_eq!(answer["service"]["status"], "DRAINING");
    pass(&mut world, 60);
    assert_eq!(world.status("prod", "users"), Some("INACTIVE"));
    let listed = world.call("ecs", "ListServices", json!({"cluster": "prod"})).unwrap();
    assert_eq!(listed["serviceArns"], json!([]));
    pass(&mut world, 3600);
    let described =
        world.call("ecs", "DescribeServices", json!({"cluster": "prod", "services": ["users"]})).unwrap();
    assert_eq!(described["failures"][0]["reason"], "MISSING");
}

#[test]
fn a_reason_to_stop_has_at_most_255_characters() {
    let mut world = prod();
    let task = world.tasks("prod", "users").remove(0);
    let stop = |reason: String| json!({"cluster": "prod", "task": task.id, "reason": reason});
    assert_eq!(code(&mut world, "StopTask", stop("é".repeat(256))), "InvalidParameterException");
    world.call("ecs", "StopTask", stop("é".repeat(255))).unwrap();
    let unknown = json!({"cluster": "prod", "task": "0".repeat(32)});
    assert_eq!(code(&mut world, "StopTask", unknown), "InvalidParameterException");
}

#[test]
fn a_new_service_needs_what_aws_needs() {
    let mut world = prod();
    let create = |extra: Value| {
        let mut input = json!({"cluster": "prod", "serviceName": "fresh", "taskDefinition": "users"});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    let invalid = "InvalidParameterException";
    assert_eq!(code(&mut world, "CreateService", create(json!({"serviceName": "users"}))), invalid);
    assert_eq!(code(&mut world, "CreateService", create(json!({"serviceName": "a b"}))), invalid);
    assert_eq!(code(&mut world, "CreateService", create(json!({"launchType": "FARGATE"}))), invalid);
    let daemon = json!({"schedulingStrategy": "DAEMON", "desiredCount": 1});
    assert_eq!(code(&mut world, "CreateService", create(daemon)), invalid);
    assert_eq!(
        code(&mut world, "CreateService", create(json!({"taskDefinition": "ghost"}))),
        "ClientException"
    );
}

#[test]
fn at_most_twenty_service_revisions_are_described() {
    let mut world = prod();
    let arns: Vec<String> = (0..21)
        .map(|n| format!("arn:aws:ecs:sa-east-1:123456789012:service-revision/prod/users/{n}"))
        .collect();
    let input = json!({"serviceRevisionArns": arns});
    assert_eq!(code(&mut world, "DescribeServiceRevisions", input), "InvalidParameterException");
    let answer =
        world.call("ecs", "DescribeServiceRevisions", json!({"serviceRevisionArns": arns[..20]})).unwrap();
    assert_eq!(answer["failures"].as_array().unwrap().len(), 20);
}
