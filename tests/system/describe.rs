//! describe-cluster: so that one sees what one did.

use emulator::{Faults, ServiceSeed, World};
use serde_json::{Value, json};

use crate::stage::{Stage, evening, prod, prod_with};

#[tokio::test(start_paused = true)]
async fn a_query_written_for_the_aws_cli_gives_the_clusters_and_their_running_tasks() {
    let stage = Stage::on(World::demo()).await;
    let pairs = stage.get("/v1/clusters?query=clusters[*].[clusterName,runningTasksCount]").await;
    assert_eq!(pairs.status, 200, "{}", pairs.body);
    let from_aws = stage.aws.with(|world| {
        let named = json!({"clusters": ["ecs-api", "microservices"]});
        world.call("ecs", "DescribeClusters", named).unwrap()["clusters"].clone()
    });
    let expected: Vec<Value> = from_aws
        .as_array()
        .unwrap()
        .iter()
        .map(|c| json!([c["clusterName"], c["runningTasksCount"]]))
        .collect();
    assert_eq!(pairs.json(), Value::from(expected));
    assert_eq!(pairs.json()[1], json!(["microservices", 8]));
    let tasks = stage
        .get("/v1/clusters/microservices/tasks?service=users&query=tasks[*].{cpu:cpu,memoria:memory}")
        .await;
    assert_eq!(tasks.json().as_array().unwrap().len(), 2);
    assert!(tasks.json()[0]["memoria"].is_string(), "{}", tasks.body);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_answered_with_its_services_and_tasks_and_a_service_with_what_is_ours() {
    let stage = Stage::on(World::demo()).await;
    let cluster = stage.get("/v1/clusters/microservices").await.json();
    assert_eq!(cluster["clusters"][0]["clusterName"], "microservices");
    assert_eq!(cluster["services"].as_array().unwrap().len(), 3);
    assert_eq!(cluster["tasks"].as_array().unwrap().len(), 8);
    assert_eq!(cluster["failures"], json!([]));

    stage.rest("POST", "/v1/clusters/microservices/services/users/stop", &Value::Null).await;
    let service = stage.get("/v1/clusters/microservices/services/users").await.json();
    let steward = &service["services"][0]["steward"];
    assert_eq!(steward["state"], "off");
    assert_eq!(steward["record"]["size"]["count"], 2);
    assert_eq!(steward["scalableTarget"]["minCapacity"], 0);
    assert_eq!(steward["scalableTarget"]["suspended"]["dynamicScalingIn"], true);
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_containers_environment_or_secrets_is_ever_shown() {
    let stage = Stage::on(World::demo()).await;
    let canary = "CANARY";
    let definition = stage
        .aws
        .with(|world| world.call("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "users"})));
    assert!(definition.unwrap().to_string().contains(canary), "the canary is there to be found");
    for path in [
        "/v1/clusters",
        "/v1/clusters/microservices",
        "/v1/clusters/microservices/services",
        "/v1/clusters/microservices/services/users",
        "/v1/clusters/microservices/tasks",
    ] {
        let answer = stage.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains(canary), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn lists_are_complete_in_order_and_without_duplicates() {
    let mut world = prod_with(101);
    for n in 0..150 {
        world.cluster(&format!("c{n:03}"));
    }
    let stage = Stage::on(world).await;
    stage.aws.faults(Faults::new().on("ecs", "ListServices").times(1).truncated_page());
    for (path, query, expected) in [
        ("/v1/clusters/prod/services", "services[*].serviceName", 101),
        ("/v1/clusters", "clusters[*].clusterName", 151),
        ("/v1/clusters/prod/tasks", "tasks[*].taskArn", 202),
    ] {
        let names = stage.get(&format!("{path}?query={query}")).await.json();
        let names: Vec<&str> = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names.len(), expected, "{path}");
        assert!(names.is_sorted_by(|one, next| one < next), "{path}: in order, each once");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_is_a_404_that_names_it() {
    let stage = Stage::on(prod()).await;
    for (path, name) in [
        ("/v1/clusters/nowhere", "nowhere"),
        ("/v1/clusters/nowhere/services", "nowhere"),
        ("/v1/clusters/nowhere/services/users", "nowhere"),
        ("/v1/clusters/prod/services/nobody", "nobody"),
        ("/v1/clusters/prod/tasks/0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
        ("/v1/clusters/prod/tasks?service=nobody", "nobody"),
    ] {
        let answer = stage.get(path).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (404, &json!("notFound")),
            "{path}: {}",
            answer.body
        );
        assert!(answer.json()["detail"].as_str().unwrap().contains(name), "{}", answer.body);
    }
    assert_eq!(stage.get("/v1/nothing").await.status, 403, "as API Gateway answers what is no route");
}

#[tokio::test(start_paused = true)]
async fn inactive_and_draining_services_are_answered_when_named_and_never_listed() {
    let mut world = World::new(evening());
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("here"));
    world.service("prod", ServiceSeed::new("leaving").status("DRAINING"));
    world.service("prod", ServiceSeed::new("left").status("INACTIVE"));
    let stage = Stage::on(world).await;
    for (name, status) in [("leaving", "DRAINING"), ("left", "INACTIVE")] {
        let answer = stage.get(&format!("/v1/clusters/prod/services/{name}?query=services[0].status")).await;
        assert_eq!(answer.json(), status);
    }
    let listed = stage.get("/v1/clusters/prod/services?query=services[*].serviceName").await.json();
    assert!(!listed.to_string().contains("left"), "{listed}");
}
