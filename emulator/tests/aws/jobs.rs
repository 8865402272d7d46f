//! Tasks that are run: where they find room, how they end, how they are stopped.

use std::time::Duration;

use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{AwsVpcConfiguration, LaunchType, NetworkConfiguration};
use emulator::{Aws, GroupSeed, JobSeed, ProviderSeed, ServiceSeed, World};
use serde_json::{Value, json};

use crate::sdk::ecs;
use crate::world::{pass, prod};

/// The world `prod`, and a cluster `box` on a group of so many t2.micro with a family `tool` of 200 CPU and 400 MiB.
fn boxes(n: i64) -> World {
    let mut world = prod();
    world.group(GroupSeed::new("box").sizes(0, n, 10).cluster("box"));
    let tool = json!({
        "family": "tool",
        "containerDefinitions": [{"name": "tool", "image": "tool:1", "cpu": 200, "memory": 400}],
    });
    world.call("ecs", "RegisterTaskDefinition", tool).unwrap();
    world
}

fn run(world: &mut World, cluster: &str, family: &str, more: &Value) -> Result<Value, String> {
    let mut input = json!({"cluster": cluster, "taskDefinition": family});
    if cluster == "prod" {
        input["launchType"] = json!("FARGATE");
        input["networkConfiguration"] = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    }
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.call("ecs", "RunTask", input).map_err(|e| format!("{}: {}", e.code, e.message))
}

fn arn(answer: &Value) -> String {
    answer["tasks"][0]["taskArn"].as_str().unwrap().to_owned()
}

fn task(world: &mut World, cluster: &str, arn: &str) -> Value {
    let input = json!({"cluster": cluster, "tasks": [arn]});
    world.call("ecs", "DescribeTasks", input).unwrap()["tasks"][0].clone()
}

/// The end of a task of this job, with the container `migrate` and the sidecar `logs`.
fn ended(seed: JobSeed) -> Value {
    let mut world = prod();
    world.job("migrate", seed.sidecar("logs"));
    let arn = arn(&run(&mut world, "prod", "migrate", &json!({})).unwrap());
    pass(&mut world, 120);
    task(&mut world, "prod", &arn)
}

/// Name, status, exit code and reason of each container.
fn containers(task: &Value) -> Vec<Value> {
    let containers = task["containers"].as_array().unwrap();
    containers.iter().map(|c| json!([c["name"], c["lastStatus"], c["exitCode"], c["reason"]])).collect()
}

#[test]
fn a_job_ends_by_itself_with_its_exit_codes() {
    let minute = Duration::from_mins(1);
    let well = ended(JobSeed::new().runs_for(minute));
    assert_eq!(
        (&well["lastStatus"], &well["stopCode"]),
        (&json!("STOPPED"), &json!("EssentialContainerExited"))
    );
    assert_eq!(well["stoppedReason"], "Essential container in task exited");
    assert_eq!(
        containers(&well),
        [json!(["migrate", "STOPPED", 0, null]), json!(["logs", "STOPPED", 143, null])]
    );
    let badly = ended(JobSeed::new().runs_for(minute).exit("migrate", 3));
    assert_eq!(containers(&badly)[0], json!(["migrate", "STOPPED", 3, null]));
    let memory = ended(JobSeed::new().runs_for(minute).out_of_memory("migrate"));
    let reason = "OutOfMemoryError: Container killed due to memory usage";
    assert_eq!(containers(&memory)[0], json!(["migrate", "STOPPED", 137, reason]));
}

#[test]
fn a_sidecar_that_fails_does_not_end_its_task() {
    let seed = JobSeed::new().exit("logs", 1);
    let task = ended(seed);
    assert_eq!(task["lastStatus"], "RUNNING");
    assert_eq!(
        containers(&task),
        [json!(["migrate", "RUNNING", null, null]), json!(["logs", "STOPPED", 1, null])]
    );
    let task = ended(JobSeed::new().exit("logs", 1).runs_for(Duration::from_secs(30)));
    assert_eq!(
        containers(&task),
        [json!(["migrate", "STOPPED", 0, null]), json!(["logs", "STOPPED", 1, null])]
    );
    let mut world = prod();
    world.job("migrate", JobSeed::new().sidecar("logs"));
    let definition =
        world.call("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "migrate"})).unwrap();
    let containers = &definition["taskDefinition"]["containerDefinitions"];
    assert_eq!((&containers[0]["essential"], &containers[1]["essential"]), (&json!(true), &json!(false)));
}

#[test]
fn a_task_that_never_starts_has_no_exit_code() {
    let reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s)";
    let task = ended(JobSeed::new().never_starts(reason));
    assert_eq!((&task["stopCode"], &task["stoppedReason"]), (&json!("TaskFailedToStart"), &json!(reason)));
    assert_eq!(task.get("startedAt"), None);
    assert_eq!(containers(&task)[0], json!(["migrate", "STOPPED", null, reason]));
}

#[test]
fn tasks_that_find_no_room_are_failures_beside_those_that_do() {
    let mut world = boxes(1);
    let answer = run(&mut world, "box", "tool", &json!({"count": 4})).unwrap();
    assert_eq!(answer["tasks"].as_array().unwrap().len(), 2);
    let instance = world.container_instances("box")[0].clone();
    let arn = format!("arn:aws:ecs:sa-east-1:123456789012:container-instance/box/{}", instance.id);
    let failure = json!({"arn": arn, "reason": "RESOURCE:MEMORY"});
    assert_eq!(answer["failures"], json!([failure, failure]));
    assert_eq!(instance.tasks.len(), 2);
    let wide = json!({"overrides": {"cpu": "1 vCPU", "memory": "64"}});
    assert_eq!(run(&mut world, "box", "tool", &wide).unwrap()["failures"][0]["reason"], "RESOURCE:CPU");

    world.agent_connected("box", &instance.ec2_instance, false);
    let answer = run(&mut world, "box", "tool", &json!({})).unwrap();
    assert_eq!(answer["failures"][0]["reason"], "AGENT");
    let mut world = boxes(1);
    world.without_attribute("box", "ecs.capability.task-eni");
    let network = json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}});
    let answer = run(&mut world, "box", "users", &network).unwrap();
    assert_eq!(answer["failures"][0]["reason"], "ATTRIBUTE");
    let mut world = boxes(0);
    assert_eq!(
        run(&mut world, "box", "tool", &json!({})).unwrap_err(),
        "InvalidParameterException: No Container Instances were found in your cluster."
    );
}

#[test]
fn a_port_that_is_taken_is_a_failure() {
    let mut world = boxes(1);
    let proxy = json!({
        "family": "proxy",
        "networkMode": "host",
        "containerDefinitions": [
            {"name": "p", "image": "p:1", "memory": 64, "portMappings": [{"containerPort": 80}]},
        ],
    });
    world.call("ecs", "RegisterTaskDefinition", proxy).unwrap();
    let answer = run(&mut world, "box", "proxy", &json!({"count": 2})).unwrap();
    assert_eq!(answer["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(answer["failures"][0]["reason"], "RESOURCE:PORTS");
}

#[test]
fn fargate_may_have_no_capacity() {
    let mut world = prod();
    world.fargate_capacity(Some(2));
    let answer = run(&mut world, "prod", "users", &json!({"count": 3})).unwrap();
    assert_eq!(answer["tasks"].as_array().unwrap().len(), 2);
    let reason =
        "Capacity is unavailable at this time. Please try again later or in a different availability zone";
    assert_eq!(answer["failures"], json!([{"reason": reason}]));
    let input = json!({"cluster": "prod", "service": "users", "desiredCount": 3});
    world.call("ecs", "UpdateService", input).unwrap();
    pass(&mut world, 120);
    assert_eq!(world.running_count("prod", "users"), 2);
    assert!(world.events("prod", "users")[0].contains(reason));
    world.fargate_capacity(None);
    pass(&mut world, 120);
    assert_eq!(world.running_count("prod", "users"), 3);
}

#[test]
fn a_strategy_spreads_tasks_by_base_and_weight() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("a").capacity_provider("FARGATE_SPOT").desired(0));
    world.service("prod", ServiceSeed::new("b").capacity_provider("FARGATE").desired(0));
    let run = |world: &mut World, strategy: Value| {
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
        let input = json!({
            "cluster": "prod", "taskDefinition": "users", "count": 8,
            "networkConfiguration": network, "capacityProviderStrategy": strategy,
        });
        world.call("ecs", "RunTask", input).map_err(|e| e.message)
    };
    let strategy = json!([
        {"capacityProvider": "FARGATE", "base": 2, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 2},
    ]);
    let answer = run(&mut world, strategy).unwrap();
    let tasks = answer["tasks"].as_array().unwrap();
    let spot = tasks.iter().filter(|t| t["capacityProviderName"] == "FARGATE_SPOT").count();
    assert_eq!((tasks.len(), spot), (8, 4));
    let ghost = run(&mut world, json!([{"capacityProvider": "ghost", "weight": 1}])).unwrap_err();
    assert!(ghost.contains("not associated with the cluster"), "{ghost}");
    let both = run(
        &mut world,
        json!([{"capacityProvider": "FARGATE", "weight": 0},
        {"capacityProvider": "FARGATE_SPOT", "weight": 0}]),
    );
    assert!(both.unwrap_err().contains("weight"));
}

#[test]
fn a_provider_without_managed_scaling_has_failures_and_one_with_it_lets_tasks_wait() {
    let strategy = json!({"count": 3, "capacityProviderStrategy": [{"capacityProvider": "own"}]});
    let mut world = boxes(1);
    world.capacity_provider(ProviderSeed::new("own", "box").cluster("box"));
    let answer = run(&mut world, "box", "tool", &strategy).unwrap();
    assert_eq!(answer["tasks"].as_array().unwrap().len(), 2);
    assert_eq!(answer["failures"][0]["reason"], "RESOURCE:MEMORY");

    let mut world = boxes(1);
    world.capacity_provider(ProviderSeed::new("own", "box").managed_scaling(100).cluster("box"));
    let answer = run(&mut world, "box", "tool", &strategy).unwrap();
    assert_eq!(answer["tasks"].as_array().unwrap().len(), 3);
    assert_eq!(answer["failures"], json!([]));
    let waiting = answer["tasks"][2].clone();
    assert_eq!(waiting["lastStatus"], "PROVISIONING");
    assert_eq!(waiting.get("containerInstanceArn"), None);
    let waiting = waiting["taskArn"].as_str().unwrap();
    let first = arn(&answer);
    let stop = json!({"cluster": "box", "task": first});
    world.call("ecs", "StopTask", stop).unwrap();
    pass(&mut world, 120);
    let placed = task(&mut world, "box", waiting);
    assert_eq!(placed["lastStatus"], "RUNNING");
    assert!(placed["containerInstanceArn"].is_string());
}

#[test]
fn what_aws_does_not_take_is_refused() {
    let mut world = boxes(1);
    let mut refused = |more: Value| {
        let refused = run(&mut world, "prod", "users", &more).unwrap_err();
        assert!(refused.starts_with("InvalidParameterException"), "{refused}");
        refused
    };
    refused(json!({"count": 0}));
    refused(json!({"startedBy": "x".repeat(129)}));
    refused(json!({"startedBy": "somebody@example.org"}));
    refused(json!({"group": "g".repeat(256)}));
    refused(json!({"clientToken": "t".repeat(65)}));
    refused(json!({"propagateTags": "SERVICE"}));
    let ghost = refused(json!({"overrides": {"containerOverrides": [{"name": "ghost"}]}}));
    assert!(ghost.ends_with("Override for container named ghost is not a container in the TaskDefinition."));
    let long = json!({"name": "users", "command": ["x".repeat(8192)]});
    assert!(refused(json!({"overrides": {"containerOverrides": [long]}})).contains("at most 8192"));
    let odd = json!({"overrides": {"containerOverrides": [{"name": "users", "image": "evil"}]}});
    assert!(run(&mut world, "prod", "users", &odd).unwrap_err().starts_with("SerializationException"));
    let ec2 = json!({"launchType": "EC2", "platformVersion": "LATEST"});
    assert!(run(&mut world, "box", "tool", &ec2).unwrap_err().contains("platform version must be null"));
}

#[test]
fn overrides_and_tags_are_described() {
    let mut world = prod();
    let overrides = json!({
        "containerOverrides": [{"name": "users", "command": ["migrate"], "environment": [{"name": "A", "value": "1"}]}],
        "cpu": "512", "memory": "1024", "taskRoleArn": "arn:aws:iam::123456789012:role/other",
    });
    let more = json!({
        "overrides": overrides, "group": "night", "startedBy": "bot/ana_1",
        "tags": [{"key": "actor", "value": "ana"}], "platformVersion": "LATEST",
    });
    let arn = arn(&run(&mut world, "prod", "users", &more).unwrap());
    let input = json!({"cluster": "prod", "tasks": [arn], "include": ["TAGS"]});
    let task = world.call("ecs", "DescribeTasks", input).unwrap()["tasks"][0].clone();
    assert_eq!((&task["overrides"], &task["group"]), (&overrides, &json!("night")));
    assert_eq!((&task["cpu"], &task["memory"]), (&json!("512"), &json!("1024")));
    assert_eq!(task["tags"], json!([{"key": "actor", "value": "ana"}]));
}

#[test]
fn a_fresh_task_may_be_missing_for_a_moment() {
    let mut world = prod();
    world.tasks_lag(Duration::from_secs(2));
    let arn = arn(&run(&mut world, "prod", "users", &json!({})).unwrap());
    let input = json!({"cluster": "prod", "tasks": [arn]});
    let answer = world.call("ecs", "DescribeTasks", input.clone()).unwrap();
    assert_eq!(answer["failures"], json!([{"arn": arn, "reason": "MISSING"}]));
    pass(&mut world, 2);
    assert_eq!(world.call("ecs", "DescribeTasks", input).unwrap()["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_protected_task_is_stopped_when_it_is_named() {
    let mut world = prod();
    let id = world.tasks("prod", "users")[0].id.clone();
    let protect = json!({"cluster": "prod", "tasks": [id], "protectionEnabled": true});
    world.call("ecs", "UpdateTaskProtection", protect).unwrap();
    let reason = "é".repeat(255);
    let stop = json!({"cluster": "prod", "task": id, "reason": reason});
    let answer = world.call("ecs", "StopTask", stop).unwrap();
    assert_eq!(answer["task"]["stopCode"], "UserInitiated");
    assert_eq!(answer["task"]["stoppedReason"], reason.as_str());
    let long = json!({"cluster": "prod", "task": id, "reason": "x".repeat(256)});
    assert_eq!(world.call("ecs", "StopTask", long).unwrap_err().code, "InvalidParameterException");
    pass(&mut world, 120);
    assert_eq!(world.running_count("prod", "users"), 2);

    let own = arn(&run(&mut world, "prod", "users", &json!({})).unwrap());
    let protect = json!({"cluster": "prod", "tasks": [own], "protectionEnabled": true});
    let answer = world.call("ecs", "UpdateTaskProtection", protect).unwrap();
    assert_eq!(answer["failures"][0]["reason"], "TASK_NOT_VALID");
}

#[test]
fn a_service_whose_tasks_end_starts_others() {
    let mut world = prod();
    world.job("users", JobSeed::new().runs_for(Duration::from_mins(5)).exit("users", 1));
    let input = json!({"cluster": "prod", "service": "users", "desiredCount": 3});
    world.call("ecs", "UpdateService", input).unwrap();
    pass(&mut world, 60);
    let before = world.tasks("prod", "users");
    pass(&mut world, 600);
    let after = world.tasks("prod", "users");
    assert!(after.iter().filter(|t| before.contains(t)).count() < 3);
    assert!(after.len() >= 3);
}

#[tokio::test(start_paused = true)]
async fn the_sdk_runs_a_task_once_under_a_token() {
    let aws = Aws::new(prod());
    aws.with(|w| {
        w.job("migrate", JobSeed::new().runs_for(Duration::from_secs(20)));
    });
    let client = ecs(&aws);
    let subnets = AwsVpcConfiguration::builder().subnets("subnet-1").build().unwrap();
    let network = NetworkConfiguration::builder().awsvpc_configuration(subnets).build();
    let run = |count: i32| {
        let client = client.clone();
        let network = network.clone();
        async move {
            let call = client.run_task().cluster("prod").task_definition("migrate").count(count);
            call.launch_type(LaunchType::Fargate)
                .network_configuration(network)
                .client_token("night-1")
                .send()
                .await
        }
    };
    let first = run(2).await.unwrap();
    let again = run(2).await.unwrap();
    let arns = |answer: &aws_sdk_ecs::operation::run_task::RunTaskOutput| {
        answer.tasks().iter().filter_map(|t| t.task_arn().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(arns(&first), arns(&again));
    let other = run(3).await.unwrap_err();
    assert_eq!(other.code(), Some("ConflictException"));
    let aws_sdk_ecs::operation::run_task::RunTaskError::ConflictException(conflict) =
        other.into_service_error()
    else {
        panic!("another error");
    };
    assert_eq!(conflict.resource_ids(), arns(&first));
    tokio::time::sleep(Duration::from_mins(2)).await;
    let tasks = client.describe_tasks().cluster("prod").set_tasks(Some(arns(&first))).send().await.unwrap();
    assert_eq!(tasks.tasks()[0].containers()[0].exit_code(), Some(0));
    assert_eq!(tasks.tasks()[0].stop_code().unwrap().as_str(), "EssentialContainerExited");
}

#[test]
fn failures_may_be_as_many_as_the_instances() {
    let mut world = boxes(3);
    world.failure_per_instance();
    let answer = run(&mut world, "box", "tool", &json!({"count": 10})).unwrap();
    let count = |key: &str| answer[key].as_array().unwrap().len();
    assert_eq!((count("tasks"), count("failures")), (6, 3));
}
