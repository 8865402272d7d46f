//! Tasks that no service keeps.

use emulator::{ServiceSeed, World};
use serde_json::{Value, json};

use crate::world::{pass, prod, texts};

fn run(world: &mut World, extra: &Value) -> Result<Value, String> {
    let mut input = json!({
        "cluster": "prod",
        "taskDefinition": "users",
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    world.call("ecs", "RunTask", input).map_err(|e| e.code)
}

fn arns(answer: &Value) -> Vec<String> {
    answer["tasks"].as_array().unwrap().iter().map(|t| t["taskArn"].as_str().unwrap().to_owned()).collect()
}

fn one(world: &mut World, arn: &str) -> Value {
    world.call("ecs", "DescribeTasks", json!({"cluster": "prod", "tasks": [arn]})).unwrap()["tasks"][0]
        .clone()
}

#[test]
fn tasks_start_run_and_end_with_their_exit_code() {
    let mut world = prod();
    let started = run(&mut world, &json!({"count": 3, "startedBy": "bot"})).unwrap();
    let arns = arns(&started);
    assert_eq!(arns.len(), 3);
    assert_eq!(started["tasks"][0]["lastStatus"], "PROVISIONING");
    assert_eq!(started["tasks"][0]["group"], "family:users");
    pass(&mut world, 30);
    assert_eq!(one(&mut world, &arns[0])["lastStatus"], "RUNNING");
    let listed = world.call("ecs", "ListTasks", json!({"cluster": "prod", "startedBy": "bot"})).unwrap();
    assert_eq!(texts(&listed["taskArns"]).len(), 3);
    world.finish_task("prod", arns[0].rsplit('/').next().unwrap(), 3);
    pass(&mut world, 30);
    let ended = one(&mut world, &arns[0]);
    assert_eq!(ended["stopCode"], "EssentialContainerExited");
    assert_eq!(ended["containers"][0]["exitCode"], 3);
    world.call("ecs", "StopTask", json!({"cluster": "prod", "task": arns[1]})).unwrap();
    pass(&mut world, 60);
    assert_eq!(one(&mut world, &arns[1])["lastStatus"], "STOPPED");
    assert_eq!(world.running_count("prod", "users"), 2);
}

#[test]
fn a_client_token_starts_a_task_once() {
    let mut world = prod();
    let first = run(&mut world, &json!({"clientToken": "night-1", "count": 2})).unwrap();
    pass(&mut world, 3600);
    let again = run(&mut world, &json!({"clientToken": "night-1", "count": 2})).unwrap();
    assert_eq!(arns(&again), arns(&first));
    let mut other = json!({
        "cluster": "prod",
        "taskDefinition": "users",
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        "clientToken": "night-1",
        "count": 3,
    });
    let conflict = world.call("ecs", "RunTask", other.take()).unwrap_err();
    assert_eq!((conflict.code.as_str(), conflict.resource_ids), ("ConflictException", arns(&first)));
    pass(&mut world, 23 * 3600);
    let fresh = run(&mut world, &json!({"clientToken": "night-1", "count": 3})).unwrap();
    assert_eq!(arns(&fresh).len(), 3);
}

#[test]
fn a_token_is_forgotten_an_hour_after_its_task_ended() {
    let mut world = prod();
    let first = run(&mut world, &json!({"clientToken": "t"})).unwrap();
    pass(&mut world, 60);
    world.finish_task("prod", arns(&first)[0].rsplit('/').next().unwrap(), 0);
    pass(&mut world, 1800);
    assert_eq!(arns(&run(&mut world, &json!({"clientToken": "t"})).unwrap()), arns(&first));
    pass(&mut world, 3600);
    assert_ne!(arns(&run(&mut world, &json!({"clientToken": "t"})).unwrap()), arns(&first));
}

#[test]
fn what_cannot_run_is_refused() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("api").ec2());
    let refused = Err("InvalidParameterException".to_owned());
    assert_eq!(run(&mut world, &json!({"count": 11})), refused);
    assert_eq!(run(&mut world, &json!({"networkConfiguration": null})), refused);
    assert_eq!(run(&mut world, &json!({"taskDefinition": "api"})), refused);
    let strategy = json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]});
    assert_eq!(run(&mut world, &strategy), refused);
    let unknown = json!({"overrides": {"containerOverrides": [{"name": "ghost", "command": ["x"]}]}});
    assert_eq!(run(&mut world, &unknown), refused);
    let no_instances = json!({"cluster": "prod", "taskDefinition": "api"});
    assert_eq!(world.call("ecs", "RunTask", no_instances).unwrap_err().code, "InvalidParameterException");
    assert_eq!(run(&mut world, &json!({"taskDefinition": "ghost"})), Err("ClientException".to_owned()));
}

#[test]
fn a_service_may_have_a_capacity_provider_in_place_of_a_launch_type() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("spot").capacity_provider("FARGATE_SPOT"));
    let services = json!({"cluster": "prod", "services": ["spot"]});
    let service = world.call("ecs", "DescribeServices", services).unwrap()["services"][0].clone();
    assert_eq!(service.get("launchType"), None);
    assert_eq!(service["capacityProviderStrategy"][0]["capacityProvider"], "FARGATE_SPOT");
    let arn = world.tasks("prod", "spot")[0].arn.clone();
    assert_eq!(one(&mut world, &arn)["capacityProviderName"], "FARGATE_SPOT");
}

#[test]
fn what_a_run_takes_besides_is_checked_and_a_field_that_is_not_known_is_refused() {
    let mut world = prod();
    let definition = json!({"family": "load", "networkMode": "bridge",
        "volumes": [{"name": "scratch", "configuredAtLaunch": true}],
        "containerDefinitions": [{"name": "load", "image": "load:1", "memory": 64}]});
    world.call("ecs", "RegisterTaskDefinition", definition).unwrap();
    let refused = || Err("InvalidParameterException".to_owned());
    for wrong in [
        json!({"placementConstraints": [{"type": "distinctInstance"}]}),
        json!({"placementStrategy": [{"type": "random"}]}),
        json!({"volumeConfigurations": [{"name": "scratch", "managedEBSVolume": {"roleArn": "arn:aws:iam::1:role/x", "sizeInGiB": 1}}]}),
        json!({"enableExecuteCommand": true}),
        json!({"propagateTags": "SERVICE"}),
        json!({"overrides": {"ephemeralStorage": {"sizeInGiB": 20}}}),
        json!({"overrides": {"containerOverrides": [{"name": "users", "resourceRequirements": [{"type": "GPU", "value": "1"}]}]}}),
        json!({"overrides": {"containerOverrides": [{"name": "users", "environmentFiles": [{"type": "s3", "value": "x.txt"}]}]}}),
        json!({"overrides": {"containerOverrides": [{"name": "users", "memory": 8, "memoryReservation": 8}]}}),
    ] {
        assert_eq!(run(&mut world, &wrong), refused(), "{wrong}");
    }
    for unknown in
        [json!({"referenceId": "x"}), json!({"placementStrategy": [{"type": "random", "weight": 1}]})]
    {
        assert_eq!(run(&mut world, &unknown), Err("SerializationException".to_owned()), "{unknown}");
    }
    let on_instances = json!({"launchType": "EC2", "networkConfiguration": null, "taskDefinition": "load"});
    assert_eq!(run(&mut world, &on_instances), refused(), "its volume is left to the launch");
    let larger =
        json!({"overrides": {"cpu": "1 vCPU", "memory": "2 GB", "ephemeralStorage": {"sizeInGiB": 200}}});
    assert_eq!(arns(&run(&mut world, &larger).unwrap()).len(), 1);
}

#[test]
fn a_token_that_started_nothing_is_free_unless_the_world_remembers_it() {
    for remembered in [false, true] {
        let mut world = prod();
        world.fargate_capacity(Some(0));
        if remembered {
            world.refusals_remembered();
        }
        let token = json!({"clientToken": "t"});
        assert!(arns(&run(&mut world, &token).unwrap()).is_empty());
        world.fargate_capacity(None);
        assert_eq!(arns(&run(&mut world, &token).unwrap()).is_empty(), remembered);
    }
}
