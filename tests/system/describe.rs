//! describe-cluster: so that one sees what one did.

use std::time::Duration;

use emulator::{Aws, Faults, GroupSeed, ProviderSeed, ServiceSeed, TargetSeed, World};
use local::{Response, Sent, System, system::Setup};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::fixture::{Fixture, evening, prod, prod_with};
use crate::openapi;

#[tokio::test(start_paused = true)]
async fn a_query_written_for_the_aws_cli_gives_the_clusters_and_their_running_tasks() {
    let fixture = Fixture::on(World::demo()).await;
    let pairs = fixture.get("/v1/clusters?query=clusters[*].[clusterName,runningTasksCount]").await;
    assert_eq!(pairs.status, 200, "{}", pairs.body);
    let from_aws = fixture.aws.with(|world| {
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
    let tasks = fixture
        .get("/v1/clusters/microservices/tasks?service=users&query=tasks[*].{cpu:cpu,memoria:memory}")
        .await;
    assert_eq!(tasks.json().as_array().unwrap().len(), 2);
    assert!(tasks.json()[0]["memoria"].is_string(), "{}", tasks.body);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_answered_with_its_services_and_tasks_and_a_service_with_what_is_ours() {
    let fixture = Fixture::on(World::demo()).await;
    let cluster = fixture.get("/v1/clusters/microservices").await.json();
    assert_eq!(cluster["clusters"][0]["clusterName"], "microservices");
    assert_eq!(cluster["services"].as_array().unwrap().len(), 3);
    assert_eq!(cluster["tasks"].as_array().unwrap().len(), 8);
    assert_eq!(cluster["failures"], json!([]));

    fixture.rest("POST", "/v1/clusters/microservices/services/users/stop", &Value::Null).await;
    let service = fixture.get("/v1/clusters/microservices/services/users").await.json();
    let steward = &service["services"][0]["steward"];
    assert_eq!(steward["state"], "off");
    assert_eq!(steward["record"]["size"]["count"], 2);
    assert_eq!(steward["scalableTarget"]["minCapacity"], 0);
    assert_eq!(steward["scalableTarget"]["suspended"]["dynamicScalingIn"], true);
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_containers_environment_or_secrets_is_ever_shown() {
    let fixture = Fixture::on(World::demo()).await;
    let canary = "CANARY";
    let definition = fixture
        .aws
        .with(|world| world.call("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "users"})));
    assert!(definition.unwrap().to_string().contains(canary), "the canary is there to be found");
    let task = fixture.aws.with(|world| world.tasks("microservices", "users")[0].id.clone());
    for path in [
        "/v1/clusters?include=statistics,tags",
        "/v1/clusters/microservices?include=statistics,tags,capacity",
        "/v1/clusters/ecs-api?include=statistics,tags,capacity",
        "/v1/clusters/microservices/services?include=tags",
        "/v1/clusters/microservices/services/users?include=tags",
        "/v1/clusters/microservices/tasks?include=tags",
        &format!("/v1/clusters/microservices/tasks/{task}?include=tags"),
        "/v1/clusters/microservices/agenda",
        "/v1/task-definitions",
        "/v1/task-definitions/users/1?include=tags",
        "/v1/auto-scaling-groups?include=tags",
        "/v1/auto-scaling-groups/ecs-api?include=tags",
    ] {
        let answer = fixture.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains(canary), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn lists_are_complete_in_order_and_without_duplicates() {
    let mut world = prod_with(101);
    for n in 0..250 {
        world.cluster(&format!("c{n:03}"));
    }
    let fixture = Fixture::on(world).await;
    fixture.aws.faults(Faults::new().on("ecs", "ListServices").times(1).truncated_page());
    for (path, query, expected) in [
        ("/v1/clusters/prod/services", "services[*].serviceName", 101),
        ("/v1/clusters", "clusters[*].clusterName", 251),
        ("/v1/clusters/prod/tasks", "tasks[*].taskArn", 202),
    ] {
        let names = fixture.get(&format!("{path}?query={query}")).await.json();
        let names: Vec<&str> = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names.len(), expected, "{path}");
        assert!(names.is_sorted_by(|one, next| one < next), "{path}: in order, each once");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_is_a_404_that_names_it() {
    let fixture = Fixture::on(prod()).await;
    for (path, name) in [
        ("/v1/clusters/nowhere", "nowhere"),
        ("/v1/clusters/nowhere/services", "nowhere"),
        ("/v1/clusters/nowhere/services/users", "nowhere"),
        ("/v1/clusters/prod/services/nobody", "nobody"),
        ("/v1/clusters/prod/tasks/0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
        ("/v1/clusters/prod/tasks?service=nobody", "nobody"),
    ] {
        let answer = fixture.get(path).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (404, &json!("notFound")),
            "{path}: {}",
            answer.body
        );
        assert!(answer.json()["detail"].as_str().unwrap().contains(name), "{}", answer.body);
    }
    assert_eq!(fixture.get("/v1/nothing").await.status, 403, "as API Gateway answers what is no route");
}

#[tokio::test(start_paused = true)]
async fn inactive_and_draining_services_are_answered_when_named_and_never_listed() {
    let mut world = World::new(evening());
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("here"));
    world.service("prod", ServiceSeed::new("leaving").status("DRAINING"));
    world.service("prod", ServiceSeed::new("left").status("INACTIVE"));
    let fixture = Fixture::on(world).await;
    for (name, status) in [("leaving", "DRAINING"), ("left", "INACTIVE")] {
        let answer =
            fixture.get(&format!("/v1/clusters/prod/services/{name}?query=services[0].status")).await;
        assert_eq!(answer.json(), status);
    }
    let listed = fixture.get("/v1/clusters/prod/services?query=services[*].serviceName").await.json();
    assert!(!listed.to_string().contains("left"), "{listed}");
}

async fn accepting(fixture: &Fixture, path: &str, accept: &str) -> Response {
    let headers = vec![("Accept".to_owned(), accept.to_owned())];
    let sent = Sent { method: "GET".into(), path: path.into(), headers, body: Vec::new() };
    openapi::request(&fixture.system, &sent).await
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let found = response.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

#[tokio::test(start_paused = true)]
async fn text_plain_is_a_table_json_the_default_and_what_is_not_offered_a_406_before_any_call() {
    let fixture = Fixture::on(World::demo()).await;
    let table = accepting(&fixture, "/v1/clusters", "text/plain").await;
    assert_eq!(header(&table, "content-type"), Some("text/plain; charset=utf-8"));
    let rows: Vec<Vec<&str>> = table.body.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..4], ["CLUSTER", "STATUS", "SERVICES", "RUNNING"], "{}", table.body);
    assert_eq!(rows[2][..4], ["microservices", "ACTIVE", "3", "8"], "{}", table.body);
    let services = accepting(&fixture, "/v1/clusters/microservices/services", "text/plain").await;
    assert!(services.body.contains("users") && services.body.contains("steady"), "{}", services.body);
    let queried = "/v1/clusters?query=clusters[*].[clusterName,runningTasksCount]";
    let queried = accepting(&fixture, queried, "text/plain").await;
    assert!(queried.body.lines().any(|line| line.split_whitespace().eq(["microservices", "8"])));
    for accept in ["*/*", "application/json", "image/png, */*;q=0.1"] {
        let answer = accepting(&fixture, "/v1/clusters", accept).await;
        assert_eq!(header(&answer, "content-type"), Some("application/json"), "{accept}");
    }
    fixture.aws.forget();
    let refused = accepting(&fixture, "/v1/clusters", "image/png").await;
    assert_eq!((refused.status, &refused.json()["code"]), (406, &json!("notAcceptable")));
    assert!(fixture.aws.ledger().is_empty());
}

#[tokio::test(start_paused = true)]
async fn several_unknown_among_known_are_failures_and_nothing_but_unknown_is_a_404() {
    let fixture = Fixture::on(prod_with(2)).await;
    let task = fixture.aws.with(|world| world.tasks("prod", "s000")[0].id.clone());
    let gone = "0123456789abcdef0123456789abcdef";
    for (path, list, found) in [
        ("/v1/clusters?clusters=prod,nowhere".to_owned(), "clusters", 1),
        ("/v1/clusters/prod/services?services=s000,nobody,s001".to_owned(), "services", 2),
        (format!("/v1/clusters/prod/tasks?tasks={task},{gone}"), "tasks", 1),
    ] {
        let answer = fixture.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_eq!(answer.json()[list].as_array().unwrap().len(), found, "{path}");
        let failures = answer.json()["failures"].clone();
        assert_eq!(failures.as_array().unwrap().len(), 1, "{path}: {failures}");
        assert_eq!(failures[0]["reason"], "MISSING");
    }
    for (path, names) in [
        ("/v1/clusters?clusters=nowhere,neither".to_owned(), "neither, nowhere"),
        ("/v1/clusters/prod/services?services=nobody".to_owned(), "nobody"),
        (format!("/v1/clusters/prod/tasks?tasks={gone}"), gone),
    ] {
        let answer = fixture.get(&path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(names), "{}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_in_pages_is_complete_in_order_and_without_duplicates_while_others_come_and_go() {
    let fixture = Fixture::on(prod_with(23)).await;
    for (list, name, expected) in
        [("tasks", "taskArn", 46), ("task-definitions", "", 23_usize), ("services", "serviceName", 23)]
    {
        let path = if list == "task-definitions" {
            "/v1/task-definitions"
        } else {
            &format!("/v1/clusters/prod/{list}")
        };
        let key = if list == "task-definitions" { "taskDefinitionArns" } else { list };
        let (mut names, mut next, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = fixture.get(&format!("{path}?limit=10{next}")).await;
            assert_eq!(page.status, 200, "{}", page.body);
            let body = page.json();
            let items = body[key].as_array().unwrap();
            assert!(items.len() <= 10);
            names.extend(items.iter().map(|item| item[name].as_str().or(item.as_str()).unwrap().to_owned()));
            pages += 1;
            if list == "services" && pages == 1 {
                fixture.aws.with(|world| {
                    world.service("prod", ServiceSeed::new("a-new-one"));
                    let gone = json!({"cluster": "prod", "service": "s003", "force": true});
                    world.call("ecs", "DeleteService", gone).unwrap();
                });
            }
            let link = header(&page, "link").map(str::to_owned);
            let Some(cursor) = body["nextToken"].as_str() else {
                assert_eq!(link, None);
                break;
            };
            assert_eq!(
                link.unwrap(),
                format!("<?limit=10&cursor={cursor}>; rel=\"next\"").replace('-', "%2D").replace('_', "%5F")
            );
            next = format!("&cursor={cursor}");
        }
        assert_eq!((names.len(), pages), (expected, expected.div_ceil(10)), "{list}: {names:?}");
        assert!(names.is_sorted_by(|one, next| one < next) || list == "task-definitions", "{names:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_to_the_next_page_survives_a_query_and_carries_it() {
    let fixture = Fixture::on(prod_with(3)).await;
    let path = "/v1/clusters/prod/services?limit=2&query=services[*].serviceName";
    let page = fixture.get(path).await;
    assert_eq!(page.json(), json!(["s000", "s001"]));
    let link = header(&page, "link").unwrap().to_owned();
    let reference = link.strip_prefix('<').and_then(|rest| rest.split_once('>')).unwrap().0;
    let rest = fixture.get(&format!("/v1/clusters/prod/services{reference}")).await;
    assert_eq!(rest.json(), json!(["s002"]));
    assert_eq!(header(&rest, "link"), None);
}

#[tokio::test(start_paused = true)]
async fn a_broken_cursor_or_another_lists_is_a_400_before_any_call() {
    let mut world = prod_with(3);
    world.cluster("staging");
    let fixture = Fixture::on(world).await;
    let page = fixture.get("/v1/clusters/prod/services?limit=1").await.json();
    let cursor = page["nextToken"].as_str().unwrap();
    fixture.aws.forget();
    for path in [
        "/v1/clusters/prod/services?cursor=broken".to_owned(),
        "/v1/clusters/prod/services?cursor=".to_owned(),
        format!("/v1/clusters/prod/services?cursor={cursor}x"),
        format!("/v1/clusters/prod/tasks?cursor={cursor}"),
        format!("/v1/clusters/staging/services?cursor={cursor}"),
        format!("/v1/clusters?cursor={cursor}"),
        "/v1/clusters/prod/services?limit=0".to_owned(),
        "/v1/clusters/prod/services?limit=1001".to_owned(),
        "/v1/clusters/prod/services?limit=-1".to_owned(),
        "/v1/clusters/prod/services?services=s000&limit=1".to_owned(),
        "/v1/clusters/prod/services?include=secrets".to_owned(),
        "/v1/clusters/prod/services?include=statistics".to_owned(),
        "/v1/clusters/prod/tasks?tasks=a&family=users".to_owned(),
        "/v1/clusters/prod/tasks?family=users:3".to_owned(),
        "/v1/task-definitions/users/0".to_owned(),
        "/v1/task-definitions/users/latest".to_owned(),
    ] {
        let answer = fixture.get(&path).await;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("badRequest")), "{path}");
    }
    assert!(fixture.aws.ledger().is_empty());
}

#[tokio::test(start_paused = true)]
async fn tasks_are_found_by_service_family_starter_and_status_in_any_combination() {
    let fixture = Fixture::on(World::demo()).await;
    let run = |by: &str, family: &str| {
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
        fixture.aws.with(|world| {
            let asked = json!({"cluster": "microservices", "taskDefinition": family, "launchType": "FARGATE",
                "startedBy": by, "networkConfiguration": network});
            world.call("ecs", "RunTask", asked).unwrap()["tasks"][0]["taskArn"].as_str().unwrap().to_owned()
        })
    };
    let (alice, bob, stopped) = (run("alice", "users"), run("bob", "users"), run("alice", "threads"));
    fixture.aws.with(|world| {
        world.call("ecs", "StopTask", json!({"cluster": "microservices", "task": stopped})).unwrap()
    });
    let found = async |query: &str| {
        let path = format!("/v1/clusters/microservices/tasks?{query}&query=tasks[*].taskArn");
        let answer = fixture.get(&path).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        let arns = answer.json().as_array().unwrap().clone();
        arns.iter().map(|arn| arn.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("startedBy=alice").await, [alice.as_str()]);
    assert_eq!(found("startedBy=alice&desiredStatus=RUNNING").await, [alice.as_str()]);
    assert_eq!(found("startedBy=alice&desiredStatus=STOPPED").await, [stopped.as_str()]);
    assert_eq!(found("startedBy=bob&family=users").await, [bob.as_str()]);
    assert_eq!(found("startedBy=bob&family=threads").await, [""; 0]);
    assert_eq!(found("service=users").await.len(), 2);
    assert_eq!(found("family=users").await.len(), 4);
    assert_eq!(found("family=users&limit=3").await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_is_shown_by_revision_without_what_its_containers_are_told() {
    let fixture = Fixture::on(World::demo()).await;
    let listed = fixture.get("/v1/task-definitions?family=users").await.json();
    assert!(
        listed["taskDefinitionArns"][0].as_str().unwrap().ends_with("task-definition/users:1"),
        "{listed}"
    );
    let one = fixture.get("/v1/task-definitions/users/1").await;
    let definition = &one.json()["taskDefinition"];
    assert_eq!((&definition["family"], &definition["revision"]), (&json!("users"), &json!(1)));
    let container = &definition["containerDefinitions"][0];
    assert!(container["image"].is_string() && container["essential"] == true, "{container}");
    assert!(!one.body.contains("CANARY"), "{}", one.body);
    let gone = fixture.get("/v1/task-definitions/users/99").await;
    assert_eq!(gone.status, 404);
    assert!(gone.json()["detail"].as_str().unwrap().contains("users:99"), "{}", gone.body);
    let direct = json!({"action": "describeTaskDefinition", "family": "users"});
    let latest = fixture.system.invoke("describe-cluster", direct).await.unwrap();
    assert_eq!(latest["taskDefinition"]["revision"], 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_ours_says_schedule_next_transition_override_and_why() {
    let mut world = prod();
    world.cluster_tag("prod", "steward:schedule", "Mon-Fri 08:00-20:00 America/Sao_Paulo");
    world.service("prod", ServiceSeed::new("users").desired(2));
    world.service("prod", ServiceSeed::new("bad").desired(1).tag("steward:schedule", "Mon 8-9"));
    let fixture = Fixture::on(world).await;
    let steward = async |name: &str| {
        let path = format!("/v1/clusters/prod/services/{name}?query=services[0].steward");
        fixture.get(&path).await.json()
    };
    let before = steward("users").await;
    assert_eq!(
        (&before["state"], &before["status"], &before["why"]),
        (&json!("on"), &json!("steady"), &Value::Null)
    );
    assert_eq!(before["schedule"], "Mon-Fri 08:00-20:00 America/Sao_Paulo");
    // Nobody has stopped it, so the morning changes nothing.
    assert_eq!(before["next"], json!({"at": "2026-11-25T20:00:00-03:00", "to": "off"}));
    let body = json!({"state": "on", "for": "PT2H", "reason": "a late deploy"});
    fixture.rest("PUT", "/v1/clusters/prod/services/users/override", &body).await;
    let held = steward("users").await;
    assert_eq!(
        (&held["override"]["state"], &held["override"]["reason"]),
        (&json!("on"), &json!("a late deploy"))
    );
    assert_eq!(held["next"], json!({"at": "2026-11-24T22:00:00-03:00", "to": "off"}));
    fixture.rest("POST", "/v1/clusters/prod/services/users/stop", &Value::Null).await;
    fixture.aws.advance(Duration::from_mins(2));
    let off = steward("users").await;
    assert_eq!(
        (&off["state"], &off["status"], &off["why"]),
        (&json!("off"), &json!("off"), &json!("request"))
    );
    assert_eq!(off["next"], json!({"at": "2026-11-25T08:00:00-03:00", "to": "on"}), "not the override's end");
    fixture.aws.with(|world| {
        let raise = json!({"cluster": "prod", "service": "users", "desiredCount": 1});
        world.call("ecs", "UpdateService", raise).unwrap()
    });
    assert_eq!(steward("users").await["why"], "person");
    assert!(steward("bad").await["faults"][0].as_str().unwrap().contains("Mon 8-9"));
    let cluster = fixture.get("/v1/clusters/prod?query=clusters[0].steward").await.json();
    assert_eq!(cluster["schedule"], "Mon-Fri 08:00-20:00 America/Sao_Paulo");
    assert_eq!(cluster["services"]["steady"], 1, "{cluster}");
}

#[tokio::test(start_paused = true)]
async fn tags_are_shown_where_they_are_asked_for() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("users").tag("team", "identity"));
    let fixture = Fixture::on(world).await;
    let tags = async |query: &str| {
        let path = format!("/v1/clusters/prod/services/users?{query}&query=services[0].tags");
        fixture.get(&path).await.json()
    };
    assert_eq!(tags("include=tags").await, json!([{"key": "team", "value": "identity"}]));
    assert_eq!(tags("").await, Value::Null);
}

/// The limit that Lambda has for an answer, with its body quoted in it.
const SIX_MB: usize = 6 * 1024 * 1024;

#[tokio::test(start_paused = true)]
async fn a_thousand_services_and_five_thousand_tasks_are_one_cluster_in_211_calls() {
    let mut world = prod();
    for n in 0..1_000 {
        let mut seed = ServiceSeed::new(&format!("s{n:03}")).desired(5);
        if n % 2 == 0 {
            seed = seed.tag("steward:schedule", "Mon-Fri 08:00-20:00 America/Sao_Paulo");
        }
        world.service("prod", seed);
        if n % 10 == 0 {
            world.scalable_target("prod", &format!("s{n:03}"), TargetSeed::new(1, 6));
        }
    }
    let aws = Aws::new(world);
    aws.latency(Some(Duration::from_millis(20)));
    let system = System::start(Setup::embedded(&aws).with("BUDGET_SHARE", "1")).await.unwrap();
    let get = async |path: &str| {
        let sent = Sent { method: "GET".into(), path: path.into(), headers: Vec::new(), body: Vec::new() };
        openapi::request(&system, &sent).await
    };
    let start = Instant::now();
    let mut page = get("/v1/clusters/prod").await;
    let wall = start.elapsed();
    let calls = aws.ledger();
    let throttled = calls.iter().filter(|call| call.outcome.is_err()).count();
    let first = (page.body.len(), serde_json::to_string(&page.body).unwrap().len());
    println!(
        "one cluster: {} calls in {wall:.2?} (virtual), throttled {throttled}; {} bytes, {} quoted",
        calls.len(),
        first.0,
        first.1
    );
    assert_eq!(calls.len(), 211);
    assert!(wall <= Duration::from_millis(1_500), "{wall:?}");
    let (mut services, mut tasks, mut pages) = (Vec::new(), Vec::new(), 1);
    loop {
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(serde_json::to_string(&page.body).unwrap().len() < SIX_MB, "{} bytes", page.body.len());
        let body = page.json();
        let names = |list: &str, field: &str| {
            let items = body[list].as_array().unwrap().clone();
            items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        services.extend(names("services", "serviceName"));
        tasks.extend(names("tasks", "taskArn"));
        let Some(cursor) = body["nextToken"].as_str() else { break };
        page = get(&format!("/v1/clusters/prod?cursor={cursor}")).await;
        pages += 1;
    }
    println!("in {pages} pages: {} services, {} tasks", services.len(), tasks.len());
    assert_eq!((services.len(), tasks.len()), (1_000, 5_000));
    assert!(services.is_sorted_by(|one, next| one < next) && tasks.is_sorted_by(|one, next| one < next));
}

#[tokio::test(start_paused = true)]
async fn capacity_shows_a_clusters_instances_providers_and_groups_and_no_others() {
    let mut world = World::demo();
    world.group(GroupSeed::new("elsewhere").sizes(0, 1, 2));
    world.group(GroupSeed::new("spot").sizes(0, 0, 2));
    world.capacity_provider(
        ProviderSeed::new("spot-provider", "spot").managed_scaling(100).cluster("ecs-api"),
    );
    let fixture = Fixture::on(world).await;
    let body = fixture.get("/v1/clusters/ecs-api?include=capacity,statistics").await.json();
    assert_eq!(body["containerInstances"].as_array().unwrap().len(), 2, "{body}");
    assert!(body["containerInstances"][0]["ec2InstanceId"].as_str().unwrap().starts_with("i-"));
    assert_eq!(body["capacityProviders"][0]["name"], "spot-provider");
    let groups: Vec<_> = body["AutoScalingGroups"].as_array().unwrap().iter().collect();
    let names: Vec<_> = groups.iter().map(|group| group["AutoScalingGroupName"].as_str().unwrap()).collect();
    assert_eq!(names, ["ecs-api", "spot"]);
    assert_eq!(groups[0]["steward"]["clusterBy"], "instances");
    assert_eq!(
        (&groups[1]["steward"]["clusterBy"], &groups[1]["steward"]["managedScaling"]),
        (&json!("capacityProvider"), &json!(true))
    );
    let from_aws = fixture.aws.with(|world| {
        let asked = json!({"clusters": ["ecs-api"], "include": ["STATISTICS"]});
        world.call("ecs", "DescribeClusters", asked).unwrap()["clusters"][0]["statistics"].clone()
    });
    assert_eq!(body["clusters"][0]["statistics"], from_aws);
    let plain = fixture.get("/v1/clusters/ecs-api").await.json();
    assert_eq!(
        (&plain["containerInstances"], &plain["clusters"][0]["statistics"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test(start_paused = true)]
async fn auto_scaling_groups_are_listed_in_awss_own_shape_and_one_is_found_by_its_name() {
    let mut world = World::demo();
    for n in 0..120 {
        world.group(GroupSeed::new(&format!("g {n:03}")).sizes(0, 0, 1).tag("team", "web"));
    }
    let fixture = Fixture::on(world).await;
    let names =
        fixture.get("/v1/auto-scaling-groups?query=AutoScalingGroups[*].AutoScalingGroupName").await.json();
    assert_eq!(names.as_array().unwrap().len(), 121);
    let one = fixture.get("/v1/auto-scaling-groups/ecs-api").await.json();
    let group = &one["AutoScalingGroups"][0];
    assert_eq!(
        (&group["MinSize"], &group["DesiredCapacity"], &group["MaxSize"]),
        (&json!(1), &json!(2), &json!(4))
    );
    assert_eq!((&group["steward"]["state"], &group["steward"]["cluster"]), (&json!("on"), &json!("ecs-api")));
    fixture.aws.with(|world| {
        let tag = |key: &str, value: &str| {
            json!({"ResourceId": "ecs-api", "ResourceType": "auto-scaling-group", "Key": key, "Value": value,
                "PropagateAtLaunch": false})
        };
        let record =
            tag("steward:record", "v1 on@2026-11-24T11:00:00Z n=2 min=1 susp=-- cluster=ecs-api by=schedule");
        let schedule = tag("steward:schedule", "Mon-Fri 08:00-20:00 America/Sao_Paulo");
        world.call("autoscaling", "CreateOrUpdateTags", json!({"Tags": [record, schedule]})).unwrap();
    });
    let steward =
        fixture.get("/v1/auto-scaling-groups/ecs-api").await.json()["AutoScalingGroups"][0]["steward"]
            .clone();
    assert_eq!(steward["schedule"], "Mon-Fri 08:00-20:00 America/Sao_Paulo");
    assert_eq!(steward["next"], json!({"at": "2026-11-24T20:00:00-03:00", "to": "off"}));
    assert_eq!(steward["record"]["state"], "on", "{steward}");
    let spaced = fixture.get("/v1/auto-scaling-groups/g%20007?include=tags").await.json();
    assert_eq!(spaced["AutoScalingGroups"][0]["Tags"][0]["Value"], "web", "{spaced}");
    let direct = json!({"action": "describeAutoScalingGroup", "group": group["AutoScalingGroupARN"]});
    let by_arn = fixture.system.invoke("describe-cluster", direct).await.unwrap();
    assert_eq!(by_arn["AutoScalingGroups"][0]["AutoScalingGroupName"], "ecs-api");
    let gone = fixture.get("/v1/auto-scaling-groups/nothing").await;
    assert_eq!(gone.status, 404);
    assert!(gone.json()["detail"].as_str().unwrap().contains("nothing"));
    for path in ["a%2Fb", "..", "%2E%2E", "a%3Ab", "arn%3Aaws%3Aautoscaling"] {
        let refused = fixture.get(&format!("/v1/auto-scaling-groups/{path}")).await;
        assert_eq!(refused.status, 400, "{path}: {}", refused.body);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_1001_tasks_whose_pages_come_empty_with_a_token_is_complete() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("many").desired(1_001));
    let fixture = Fixture::on(world).await;
    fixture.aws.faults(Faults::new().on("ecs", "ListTasks").times(3).truncated_page());
    let tasks = fixture.get("/v1/clusters/prod/tasks?query=tasks[*].taskArn").await.json();
    let arns: Vec<_> = tasks.as_array().unwrap().iter().map(|arn| arn.as_str().unwrap()).collect();
    assert_eq!(arns.len(), 1_001);
    assert!(arns.is_sorted_by(|one, next| one < next));
}
