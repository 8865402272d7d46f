//! Pages and batches are as large as AWS's, and no larger.

use emulator::{ServiceSeed, World};
use serde_json::{Value, json};

use crate::world::{pass, prod, texts};

fn many(n: usize) -> World {
    let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
    for i in 0..n {
        world.service("prod", ServiceSeed::new(&format!("svc-{i:03}")).desired(0));
    }
    world
}

/// All pages of a list: how long each is, and the items together.
fn pages(
    world: &mut World,
    service: &str,
    operation: &str,
    input: &Value,
    list: &str,
    token: &str,
) -> (Vec<usize>, Vec<Value>) {
    let mut input = input.clone();
    let (mut sizes, mut items) = (Vec::new(), Vec::new());
    loop {
        let page = world.call(service, operation, input.clone()).unwrap();
        let found = page[list].as_array().unwrap();
        sizes.push(found.len());
        items.extend(found.clone());
        match page.get(token) {
            Some(next) => input[token] = next.clone(),
            None => return (sizes, items),
        }
    }
}

#[test]
fn services_are_listed_ten_a_page_unless_asked_for_up_to_a_hundred() {
    let mut world = many(101);
    let list = |world: &mut World, input: Value| {
        pages(world, "ecs", "ListServices", &input, "serviceArns", "nextToken")
    };
    let (sizes, all) = list(&mut world, json!({"cluster": "prod"}));
    assert_eq!(sizes, [[10; 10].as_slice(), &[1]].concat());
    assert_eq!(all.len(), 101);
    let (sizes, same) = list(&mut world, json!({"cluster": "prod", "maxResults": 100}));
    assert_eq!(sizes, [100, 1]);
    assert_eq!(same, all);
    let refused =
        world.call("ecs", "ListServices", json!({"cluster": "prod", "maxResults": 101})).unwrap_err();
    assert_eq!(refused.code, "InvalidParameterException");
    let refused =
        world.call("ecs", "ListServices", json!({"cluster": "prod", "nextToken": "no"})).unwrap_err();
    assert_eq!(refused.code, "InvalidParameterException");
}

#[test]
fn a_token_goes_on_where_it_was_when_services_come_and_go() {
    let mut world = many(30);
    let first = world.call("ecs", "ListServices", json!({"cluster": "prod"})).unwrap();
    let input = json!({"cluster": "prod", "service": "svc-009"});
    world.call("ecs", "DeleteService", input).unwrap();
    world.service("prod", ServiceSeed::new("svc-000a").desired(0));
    let second = world
        .call("ecs", "ListServices", json!({"cluster": "prod", "nextToken": first["nextToken"]}))
        .unwrap();
    assert!(texts(&second["serviceArns"])[0].ends_with("/svc-010"));
}

#[test]
fn eleven_services_are_too_many_to_describe() {
    let mut world = many(11);
    let names: Vec<String> = (0..11).map(|i| format!("svc-{i:03}")).collect();
    let input = |names: &[String]| json!({"cluster": "prod", "services": names});
    let refused = world.call("ecs", "DescribeServices", input(&names)).unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (400, "InvalidParameterException"));
    let ten = world.call("ecs", "DescribeServices", input(&names[..10])).unwrap();
    assert_eq!(ten["services"].as_array().unwrap().len(), 10);
}

#[test]
fn a_missing_service_is_a_failure_and_a_missing_cluster_an_error() {
    let mut world = prod();
    let answer = world
        .call("ecs", "DescribeServices", json!({"cluster": "prod", "services": ["users", "ghost"]}))
        .unwrap();
    assert_eq!(answer["services"].as_array().unwrap().len(), 1);
    let failure =
        json!([{"arn": "arn:aws:ecs:sa-east-1:123456789012:service/prod/ghost", "reason": "MISSING"}]);
    assert_eq!(answer["failures"], failure);
    let refused = world
        .call("ecs", "DescribeServices", json!({"cluster": "nowhere", "services": ["users"]}))
        .unwrap_err();
    assert_eq!(refused.code, "ClusterNotFoundException");
    let clusters = world.call("ecs", "DescribeClusters", json!({"clusters": ["prod", "nowhere"]})).unwrap();
    assert_eq!(clusters["clusters"][0]["runningTasksCount"], 2);
    assert_eq!(clusters["failures"][0]["reason"], "MISSING");
}

#[test]
fn services_are_named_by_arn_too_but_not_by_one_of_another_cluster() {
    let mut world = prod();
    world.service("dev", ServiceSeed::new("users"));
    let describe = |world: &mut World, arn: &str| {
        world.call("ecs", "DescribeServices", json!({"cluster": "prod", "services": [arn]}))
    };
    let own = describe(&mut world, "arn:aws:ecs:sa-east-1:123456789012:service/prod/users").unwrap();
    assert_eq!(own["services"][0]["desiredCount"], 2);
    let other = describe(&mut world, "arn:aws:ecs:sa-east-1:123456789012:service/dev/users").unwrap_err();
    assert_eq!(other.code, "InvalidParameterException");
    let abroad = describe(&mut world, "arn:aws:ecs:us-east-1:123456789012:service/prod/users").unwrap_err();
    assert_eq!(abroad.code, "InvalidParameterException");
}

#[test]
fn lists_filter_as_asked() {
    let mut world = prod();
    world.instances("prod", 3).service("prod", ServiceSeed::new("agent").daemon());
    world.service("prod", ServiceSeed::new("shop").express());
    let list = |world: &mut World, key: &str, value: &str| {
        let answer = world.call("ecs", "ListServices", json!({"cluster": "prod", key: value})).unwrap();
        texts(&answer["serviceArns"])
            .iter()
            .map(|a| a.rsplit('/').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(list(&mut world, "schedulingStrategy", "DAEMON"), ["agent"]);
    assert_eq!(list(&mut world, "launchType", "FARGATE"), ["shop", "users"]);
    assert_eq!(list(&mut world, "resourceManagementType", "ECS"), ["shop"]);
    let tasks = |world: &mut World, mut input: Value| {
        input["cluster"] = json!("prod");
        world.call("ecs", "ListTasks", input).map(|a| a["taskArns"].as_array().unwrap().len())
    };
    assert_eq!(tasks(&mut world, json!({})), Ok(6));
    assert_eq!(tasks(&mut world, json!({"serviceName": "users"})), Ok(2));
    assert_eq!(tasks(&mut world, json!({"family": "agent"})), Ok(3));
    assert_eq!(tasks(&mut world, json!({"launchType": "EC2"})), Ok(3));
    assert_eq!(tasks(&mut world, json!({"desiredStatus": "STOPPED"})), Ok(0));
    let described =
        world.call("ecs", "DescribeServices", json!({"cluster": "prod", "services": ["users"]})).unwrap();
    let deployment = &described["services"][0]["deployments"][0]["id"];
    assert_eq!(tasks(&mut world, json!({"startedBy": deployment})), Ok(2));
    let both = tasks(&mut world, json!({"startedBy": deployment, "family": "users"})).unwrap_err();
    assert_eq!(both.code, "InvalidParameterException");
    let unknown = tasks(&mut world, json!({"serviceName": "ghost"})).unwrap_err();
    assert_eq!(unknown.code, "ServiceNotFoundException");
}

#[test]
fn tasks_come_a_hundred_at_a_time() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("big").desired(150));
    let input = json!({"cluster": "prod", "serviceName": "big"});
    let (sizes, arns) = pages(&mut world, "ecs", "ListTasks", &input, "taskArns", "nextToken");
    assert_eq!(sizes, [100, 50]);
    let all = world.call("ecs", "DescribeTasks", json!({"cluster": "prod", "tasks": arns[..100]})).unwrap();
    assert_eq!(all["tasks"].as_array().unwrap().len(), 100);
    let refused =
        world.call("ecs", "DescribeTasks", json!({"cluster": "prod", "tasks": arns[..101]})).unwrap_err();
    assert_eq!(refused.code, "InvalidParameterException");
}

#[test]
fn scalable_targets_come_fifty_at_a_time() {
    let mut world = many(51);
    for i in 0..51 {
        world.scalable_target("prod", &format!("svc-{i:03}"), emulator::TargetSeed::new(0, 3));
    }
    let input = json!({"ServiceNamespace": "ecs"});
    let (sizes, targets) = pages(
        &mut world,
        "application-autoscaling",
        "DescribeScalableTargets",
        &input,
        "ScalableTargets",
        "NextToken",
    );
    assert_eq!(sizes, [50, 1]);
    let ids: Vec<&Value> = targets.iter().map(|t| &t["ResourceId"]).collect();
    let ask = |world: &mut World, ids: &[&Value]| {
        let input = json!({"ServiceNamespace": "ecs", "ResourceIds": ids});
        world.call("application-autoscaling", "DescribeScalableTargets", input)
    };
    assert_eq!(ask(&mut world, &ids).unwrap_err().code, "ValidationException");
    assert_eq!(ask(&mut world, &ids[1..]).unwrap()["ScalableTargets"].as_array().unwrap().len(), 50);
}

#[test]
fn task_definitions_are_listed_by_family_and_status() {
    let mut world = prod();
    let users = world.call("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "users"})).unwrap();
    let mut next = users["taskDefinition"].clone();
    next.as_object_mut().unwrap().retain(|k, _| {
        ["family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities"]
            .contains(&k.as_str())
    });
    for revision in 2..=12 {
        let made = world.call("ecs", "RegisterTaskDefinition", next.clone()).unwrap();
        assert_eq!(made["taskDefinition"]["revision"], revision);
    }
    world.call("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": "users:12"})).unwrap();
    let input = json!({"familyPrefix": "users", "sort": "DESC", "maxResults": 4});
    let (sizes, arns) =
        pages(&mut world, "ecs", "ListTaskDefinitions", &input, "taskDefinitionArns", "nextToken");
    assert_eq!(sizes, [4, 4, 3]);
    assert!(arns[0].as_str().unwrap().ends_with(":11"));
    let latest = world.call("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "users"})).unwrap();
    assert_eq!(latest["taskDefinition"]["revision"], 11);
    let gone = world.call("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "users:12"})).unwrap();
    assert_eq!(gone["taskDefinition"]["status"], "INACTIVE");
    let families = world.call("ecs", "ListTaskDefinitionFamilies", json!({"status": "ACTIVE"})).unwrap();
    assert_eq!(families["families"], json!(["users"]));
}

#[test]
fn a_list_that_lags_shows_what_was_so() {
    let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
    world
        .cluster("prod")
        .service("dev", ServiceSeed::new("users"))
        .list_lag(std::time::Duration::from_secs(10));
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    let create = json!({"cluster": "prod", "serviceName": "fresh", "taskDefinition": "users", "networkConfiguration": network});
    world.call("ecs", "CreateService", create).unwrap();
    let count = |world: &mut World| {
        let answer = world.call("ecs", "ListServices", json!({"cluster": "prod"})).unwrap();
        answer["serviceArns"].as_array().unwrap().len()
    };
    assert_eq!(count(&mut world), 0);
    pass(&mut world, 10);
    assert_eq!(count(&mut world), 1);
}
