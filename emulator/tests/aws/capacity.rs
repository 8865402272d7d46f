//! Container instances, capacity providers and where tasks find room.

use aws_sdk_ecs::types::{ClusterField, ContainerInstanceField};
use emulator::{Aws, GroupSeed, ProviderSeed, ServiceSeed, World};
use serde_json::{Value, json};

use crate::protocols::groups;
use crate::sdk::ecs;
use crate::world::{pass, prod, texts};

/// A cluster `box` on a group `box` of so many t2.micro.
fn boxes(n: i64) -> World {
    let mut world = prod();
    world.group(GroupSeed::new("box").sizes(0, n, 10).cluster("box"));
    world
}

fn call(world: &mut World, operation: &str, input: Value) -> Value {
    world.call("ecs", operation, input).unwrap()
}

fn instances(world: &mut World, cluster: &str) -> Vec<Value> {
    let listed = call(world, "ListContainerInstances", json!({"cluster": cluster}));
    let input = json!({"cluster": cluster, "containerInstances": listed["containerInstanceArns"]});
    call(world, "DescribeContainerInstances", input)["containerInstances"].as_array().unwrap().clone()
}

/// The amount of a resource.
fn amount(resources: &Value, name: &str) -> i64 {
    let resources = resources.as_array().unwrap();
    resources.iter().find(|r| r["name"] == name).unwrap()["integerValue"].as_i64().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_the_instances_of_the_demo() {
    let aws = Aws::new(World::demo());
    let ecs = ecs(&aws);
    let listed = ecs.list_container_instances().cluster("ecs-api").send().await.unwrap();
    let described = ecs
        .describe_container_instances()
        .cluster("ecs-api")
        .set_container_instances(listed.container_instance_arns)
        .include(ContainerInstanceField::Tags)
        .include(ContainerInstanceField::ContainerInstanceHealth)
        .send()
        .await
        .unwrap();
    let instances = described.container_instances();
    assert_eq!(instances.len(), 2);
    let running: i32 = instances.iter().map(aws_sdk_ecs::types::ContainerInstance::running_tasks_count).sum();
    assert_eq!(running, 3);
    assert!(instances.iter().all(|i| i.agent_connected() && i.status() == Some("ACTIVE")));
    assert!(instances[0].ec2_instance_id().unwrap().starts_with("i-"));
    assert_eq!(instances[0].health_status().unwrap().overall_status().unwrap().as_str(), "OK");

    let group = groups(&aws)
        .describe_auto_scaling_groups()
        .auto_scaling_group_names("ecs-api")
        .send()
        .await
        .unwrap()
        .auto_scaling_groups()[0]
        .clone();
    assert_eq!((group.min_size(), group.desired_capacity(), group.max_size()), (Some(1), Some(2), Some(4)));
    let ids: Vec<&str> = group.instances().iter().filter_map(|i| i.instance_id()).collect();
    assert!(instances.iter().all(|i| ids.contains(&i.ec2_instance_id().unwrap())));
    assert_eq!(group.instances()[0].lifecycle_state().unwrap().as_str(), "InService");
    assert_eq!(group.instances()[0].instance_type(), Some("t2.micro"));
    assert!(group.created_time().unwrap().secs() < aws.now().as_second());

    let cluster = ecs
        .describe_clusters()
        .clusters("ecs-api")
        .include(ClusterField::Statistics)
        .send()
        .await
        .unwrap()
        .clusters()[0]
        .clone();
    assert_eq!(cluster.registered_container_instances_count(), 2);
    let statistics: Vec<(&str, &str)> =
        cluster.statistics().iter().map(|s| (s.name().unwrap(), s.value().unwrap())).collect();
    assert!(statistics.contains(&("runningEC2TasksCount", "3")), "{statistics:?}");
    assert!(statistics.contains(&("activeEC2ServiceCount", "2")), "{statistics:?}");
}

#[test]
fn a_task_takes_its_size_of_its_instance() {
    let mut world = boxes(1);
    world.service("box", ServiceSeed::new("api").ec2());
    let instance = instances(&mut world, "box").remove(0);
    assert_eq!(amount(&instance["registeredResources"], "CPU"), 1024);
    assert_eq!(amount(&instance["registeredResources"], "MEMORY"), 983);
    assert_eq!(amount(&instance["remainingResources"], "CPU"), 768);
    assert_eq!(amount(&instance["remainingResources"], "MEMORY"), 471);
    let task = world.tasks("box", "api")[0].arn.clone();
    let task = call(&mut world, "DescribeTasks", json!({"cluster": "box", "tasks": [task]}));
    assert_eq!(task["tasks"][0]["containerInstanceArn"], instance["containerInstanceArn"]);
    let on_it = json!({"cluster": "box", "containerInstance": instance["containerInstanceArn"]});
    assert_eq!(texts(&call(&mut world, "ListTasks", on_it)["taskArns"]).len(), 1);
}

#[test]
fn what_does_not_fit_waits_and_says_so_until_there_is_room() {
    let mut world = boxes(1);
    world
        .service("box", ServiceSeed::new("api").ec2())
        .service("box", ServiceSeed::new("web").ec2().desired(0));
    let set = |world: &mut World, service: &str, n: i64| {
        let input = json!({"cluster": "box", "service": service, "desiredCount": n});
        call(world, "UpdateService", input);
        pass(world, 120);
    };
    set(&mut world, "web", 1);
    assert_eq!(world.running_count("box", "web"), 0);
    let event = world.events("box", "web")[0].clone();
    assert!(
        event.starts_with(
            "(service web) was unable to place a task because no container instance met all of its requirements. \
             The closest matching (container-instance "
        ) && event.contains("has insufficient memory available"),
        "{event}"
    );
    set(&mut world, "web", 2);
    let told = world.events("box", "web").iter().filter(|e| e.contains("unable to place")).count();
    assert_eq!(told, 1, "the same trouble is told once");
    set(&mut world, "api", 0);
    assert_eq!(world.running_count("box", "web"), 1);
}

#[test]
fn tasks_spread_over_the_instances() {
    let mut world = boxes(3);
    world.service("box", ServiceSeed::new("agent").daemon().size(64, 128));
    world.service("box", ServiceSeed::new("api").ec2().desired(3).size(128, 256));
    for instance in instances(&mut world, "box") {
        assert_eq!(instance["runningTasksCount"], 2);
        assert_eq!(amount(&instance["remainingResources"], "MEMORY"), 983 - 128 - 256);
    }
}

#[test]
fn a_port_of_the_host_is_taken_once() {
    let mut world = boxes(1);
    let definition = json!({
        "family": "proxy",
        "networkMode": "bridge",
        "containerDefinitions": [{
            "name": "proxy", "image": "proxy:1", "cpu": 10, "memory": 64,
            "portMappings": [{"containerPort": 80, "hostPort": 80}],
        }],
    });
    call(&mut world, "RegisterTaskDefinition", definition);
    world.service("box", ServiceSeed::new("proxy").ec2().desired(2));
    assert_eq!(world.running_count("box", "proxy"), 1);
    let ports = instances(&mut world, "box")[0]["remainingResources"][2]["stringSetValue"].clone();
    assert!(texts(&ports).contains(&"80"), "{ports}");
}

#[test]
fn a_draining_instance_loses_the_tasks_of_services_and_gets_none() {
    let mut world = boxes(2);
    world.service("box", ServiceSeed::new("api").ec2().desired(2).size(128, 256));
    world.service("box", ServiceSeed::new("agent").daemon().size(64, 128));
    let first = instances(&mut world, "box")[0]["containerInstanceArn"].clone();
    let drain = json!({"cluster": "box", "containerInstances": [first], "status": "DRAINING"});
    let answer = call(&mut world, "UpdateContainerInstancesState", drain);
    assert_eq!(answer["containerInstances"][0]["status"], "DRAINING");
    pass(&mut world, 180);
    let counts: Vec<Value> =
        instances(&mut world, "box").into_iter().map(|i| i["runningTasksCount"].clone()).collect();
    assert_eq!(counts, [json!(0), json!(3)]);
    assert_eq!((world.running_count("box", "api"), world.running_count("box", "agent")), (2, 1));
    let of = |world: &mut World, status: &str| {
        let input = json!({"cluster": "box", "status": status});
        call(world, "ListContainerInstances", input)["containerInstanceArns"].as_array().unwrap().len()
    };
    assert_eq!(
        (of(&mut world, "ACTIVE"), of(&mut world, "DRAINING"), of(&mut world, "REGISTERING")),
        (1, 1, 0)
    );
}

#[test]
fn instances_come_a_hundred_at_a_time_and_are_described_a_hundred_at_a_time() {
    let mut world = prod();
    world.instances("prod", 120);
    let first = call(&mut world, "ListContainerInstances", json!({"cluster": "prod"}));
    let input = json!({"cluster": "prod", "nextToken": first["nextToken"]});
    let second = call(&mut world, "ListContainerInstances", input);
    let mut arns = texts(&first["containerInstanceArns"]);
    assert_eq!(arns.len(), 100);
    arns.extend(texts(&second["containerInstanceArns"]));
    assert_eq!((arns.len(), second.get("nextToken")), (120, None));
    let describe = |world: &mut World, arns: &[&str]| {
        let input = json!({"cluster": "prod", "containerInstances": arns});
        world.call("ecs", "DescribeContainerInstances", input)
    };
    assert_eq!(describe(&mut world, &arns[..101]).unwrap_err().code, "InvalidParameterException");
    let ghost = "arn:aws:ecs:sa-east-1:123456789012:container-instance/prod/ghost";
    let answer = describe(&mut world, &[arns[0], ghost]).unwrap();
    assert_eq!(answer["containerInstances"].as_array().unwrap().len(), 1);
    assert_eq!(answer["failures"], json!([{"arn": ghost, "reason": "MISSING"}]));
    let filtered = json!({"cluster": "prod", "filter": "agentConnected==true"});
    let refused = world.call("ecs", "ListContainerInstances", filtered).unwrap_err();
    assert_eq!(refused.code, "InvalidParameterException");
}

#[test]
fn capacity_providers_are_described_by_name_or_arn_or_all() {
    let mut world = boxes(1);
    world.capacity_provider(
        ProviderSeed::new("spare", "box").managed_scaling(80).managed_termination_protection().cluster("box"),
    );
    let all = call(&mut world, "DescribeCapacityProviders", json!({}));
    let names: Vec<&Value> =
        all["capacityProviders"].as_array().unwrap().iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["FARGATE", "FARGATE_SPOT", "spare"]);
    let arn = all["capacityProviders"][2]["capacityProviderArn"].clone();
    let input = json!({"capacityProviders": [arn, "FARGATE", "ghost"]});
    let named = call(&mut world, "DescribeCapacityProviders", input);
    let own = &named["capacityProviders"][0]["autoScalingGroupProvider"];
    assert_eq!(own["managedScaling"]["status"], "ENABLED");
    assert_eq!(own["managedScaling"]["targetCapacity"], 80);
    assert_eq!(own["managedTerminationProtection"], "ENABLED");
    assert!(own["autoScalingGroupArn"].as_str().unwrap().ends_with(":autoScalingGroupName/box"));
    assert_eq!(named["failures"][0]["reason"], "MISSING");
    assert_eq!(instances(&mut world, "box")[0]["capacityProviderName"], "spare");
    let cluster = call(&mut world, "DescribeClusters", json!({"clusters": ["box"]}));
    assert_eq!(cluster["clusters"][0]["capacityProviders"], json!(["spare"]));
}

#[test]
fn a_cluster_may_have_a_default_strategy() {
    let mut world = boxes(1);
    world.capacity_provider(ProviderSeed::new("spare", "box").cluster("box").default_strategy());
    let small =
        json!({"family": "tool", "containerDefinitions": [{"name": "t", "image": "t", "memory": 64}]});
    call(&mut world, "RegisterTaskDefinition", small);
    let create =
        json!({"cluster": "box", "serviceName": "tool", "taskDefinition": "tool", "desiredCount": 1});
    let made = call(&mut world, "CreateService", create);
    let strategy = json!([{"capacityProvider": "spare", "weight": 1, "base": 0}]);
    assert_eq!(made["service"]["capacityProviderStrategy"], strategy);
    assert_eq!(made["service"].get("launchType"), None);
    pass(&mut world, 60);
    let arn = world.tasks("box", "tool")[0].arn.clone();
    let task =
        call(&mut world, "DescribeTasks", json!({"cluster": "box", "tasks": [arn]}))["tasks"][0].clone();
    assert_eq!((&task["launchType"], &task["capacityProviderName"]), (&json!("EC2"), &json!("spare")));
}
