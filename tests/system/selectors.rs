//! Which services a request means.

use emulator::{Aws, Faults, ServiceSeed, World};
use local::{System, system::Setup};
use serde_json::{Value, json};
use shared::Code;

use crate::fixture::{Fixture, evening, item, prod, prod_with};

fn fleet() -> World {
    let mut world = prod();
    for (name, team) in [("users", "a"), ("api-one", "a"), ("api-two", "b"), ("posts", "b")] {
        world.service("prod", ServiceSeed::new(name).tag("team", team));
    }
    world
}

fn changed(report: &Value) -> Vec<String> {
    let items = report["items"].as_array().unwrap().iter().filter(|item| item["outcome"] == "changed");
    items.map(|item| item["resource"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn names_are_ored_tags_are_anded_and_both_are_anded() {
    for (selector, expected) in [
        (json!({}), &["api-one", "api-two", "posts", "users"][..]),
        (json!({"services": ["users", "api-*"]}), &["api-one", "api-two", "users"]),
        (json!({"tags": {"team": "b"}}), &["api-two", "posts"]),
        (json!({"services": ["api-*"], "tags": {"team": "b"}}), &["api-two"]),
        (json!({"services": ["users"]}), &["users"]),
        (json!({"services": ["arn:aws:ecs:sa-east-1:123456789012:service/prod/users"]}), &["users"]),
    ] {
        let fixture = Fixture::on(fleet()).await;
        let answer = fixture.rest("POST", "/v1/clusters/prod/stop", &selector).await;
        assert_eq!(answer.status, 200, "{selector}: {}", answer.body);
        assert_eq!(changed(&answer.json()), expected, "{selector}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exact_name_that_does_not_exist_fails_and_a_glob_that_matches_nothing_warns() {
    let fixture = Fixture::on(fleet()).await;
    for body in [json!({"services": ["users", "nobody"]}), json!({"services": ["users*", "nobody"]})] {
        let answer = fixture.rest("POST", "/v1/clusters/prod/stop", &body).await;
        assert_eq!(answer.status, 207, "{}", answer.body);
        let report = answer.json();
        assert_eq!(item(&report, "nobody")["code"], "notFound");
        assert_ne!(item(&report, "users")["outcome"], "failed");
    }
    let answer = fixture.rest("POST", "/v1/clusters/prod/stop", &json!({"services": ["web-*"]})).await;
    assert_eq!((answer.status, &answer.json()["warnings"][0]["code"]), (200, &json!("noMatch")));
    assert_eq!(answer.json()["summary"], "prod: no service matches");
}

#[tokio::test(start_paused = true)]
async fn fleets_of_11_and_101_services_are_stopped_to_the_last_one() {
    for services in [11, 101] {
        let fixture = Fixture::on(prod_with(services)).await;
        let report = fixture.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
        assert_eq!(report["counts"]["changed"], services, "{}", report["summary"]);
        let last = format!("s{:03}", services - 1);
        assert_eq!(fixture.size(&last).0, 0);
        let described =
            fixture.aws.ledger().into_iter().filter(|call| call.operation == "DescribeServices").count();
        assert_eq!(described, 2 * services.div_ceil(10), "in batches of ten, each looked at again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_comes_back_empty_with_a_token_is_not_the_end() {
    let fixture = Fixture::on(prod_with(101)).await;
    fixture.aws.faults(Faults::new().on("ecs", "ListServices").times(1).truncated_page());
    let report = fixture.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
    assert_eq!(report["counts"]["changed"], 101, "{}", report["summary"]);
}

#[tokio::test(start_paused = true)]
async fn clusters_are_reached_by_events_only_and_only_those_that_the_config_names() {
    let mut world = World::new(evening());
    for cluster in ["prod", "dev-one", "dev-two"] {
        world.cluster(cluster);
        world.service(cluster, ServiceSeed::new("users"));
    }
    let aws = Aws::new(world);
    let system = |clusters: &'static str| {
        let setup = Setup::embedded(&aws).with("CLUSTERS", clusters);
        async { System::start(setup).await.unwrap() }
    };
    let stop = json!({"action": "stop", "clusters": ["*"], "dryRun": true});
    let report = system("dev-*").await.invoke("scale-service", stop.clone()).await.unwrap();
    let resources: Vec<_> =
        report["items"].as_array().unwrap().iter().map(|item| &item["resource"]).collect();
    assert_eq!(resources, ["service/dev-one/users", "service/dev-two/users"]);
    assert_eq!(report["summary"], "all clusters: 2 services would be off (users 1, users 1 saved)");

    let none = Setup::embedded(&aws);
    let none = Setup { environment: vec![("CLUSTERS".into(), String::new())], ..none };
    let problem = System::start(none).await.unwrap().invoke("scale-service", stop).await.unwrap_err();
    assert_eq!(problem.code, Code::NotConfigured);
}

#[tokio::test(start_paused = true)]
async fn a_fleets_event_that_names_a_service_fails_it_only_if_no_cluster_has_it() {
    let mut world = World::new(evening());
    for (cluster, service) in [("prod", "users"), ("staging", "users"), ("tools", "wiki")] {
        world.cluster(cluster).service(cluster, ServiceSeed::new(service).desired(1));
    }
    let fixture = Fixture::on(world).await;
    let report =
        fixture.scale(json!({"action": "stop", "clusters": ["*"], "services": ["users"]})).await.unwrap();
    assert_eq!((&report["ok"], &report["counts"]["changed"]), (&json!(true), &json!(2)), "{report}");
    let report =
        fixture.scale(json!({"action": "start", "clusters": ["*"], "services": ["wi*"]})).await.unwrap();
    assert_eq!(report["warnings"], Value::Null, "one cluster has such a service: {report}");
    let nowhere = json!({"action": "stop", "clusters": ["*"], "services": ["nobody"]});
    let problem = fixture.scale(nowhere).await.unwrap_err();
    assert!(problem.to_string().contains("failed"), "{problem}");
}
