//! AWS's options: they go to AWS as they were asked, and are checked before a task is run.

use emulator::{Faults, World};
use serde_json::{Value, json};

use super::{batch, pass_role, run, started};
use crate::fixture::Fixture;

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
