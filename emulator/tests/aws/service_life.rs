//! Services start, replace, drain and deploy over time.

use emulator::{ServiceSeed, World};
use serde_json::{Value, json};

use crate::world::{pass, prod};

fn set(world: &mut World, service: &str, desired: i64) {
    let input = json!({"cluster": "prod", "service": service, "desiredCount": desired});
    world.call("ecs", "UpdateService", input).unwrap();
}

fn described(world: &mut World, service: &str) -> Value {
    let input = json!({"cluster": "prod", "services": [service]});
    world.call("ecs", "DescribeServices", input).unwrap()["services"][0].clone()
}

fn ids(world: &World, service: &str) -> Vec<String> {
    world.tasks("prod", service).into_iter().map(|t| t.id).collect()
}

#[test]
fn a_raised_service_grows_within_half_a_minute() {
    let mut world = prod();
    set(&mut world, "users", 4);
    let service = described(&mut world, "users");
    assert_eq!((&service["desiredCount"], &service["runningCount"]), (&json!(4), &json!(2)));
    pass(&mut world, 5);
    assert_eq!(described(&mut world, "users")["pendingCount"], 2);
    assert_eq!(world.running_count("prod", "users"), 2);
    pass(&mut world, 30);
    let service = described(&mut world, "users");
    assert_eq!((&service["runningCount"], &service["pendingCount"]), (&json!(4), &json!(0)));
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
    assert_eq!(world.events("prod", "users")[0], "(service users) has reached a steady state.");
    assert!(world.events("prod", "users")[1].starts_with("(service users) has started 2 tasks: (task "));
}

#[test]
fn a_service_at_zero_drains_and_stays_there() {
    let mut world = prod();
    set(&mut world, "users", 0);
    pass(&mut world, 3);
    let tasks = world.tasks("prod", "users");
    assert!(tasks.iter().all(|t| t.desired_status == "STOPPED"));
    pass(&mut world, 30);
    assert_eq!(world.running_count("prod", "users"), 0);
    assert!(world.tasks("prod", "users").is_empty());
    pass(&mut world, 24 * 3600);
    assert!(world.tasks("prod", "users").is_empty());
}

#[test]
fn a_stopped_task_of_a_service_is_replaced() {
    let mut world = prod();
    let before = ids(&world, "users");
    let input = json!({"cluster": "prod", "task": before[0], "reason": "looked tired"});
    let answer = world.call("ecs", "StopTask", input).unwrap();
    assert_eq!(answer["task"]["desiredStatus"], "STOPPED");
    pass(&mut world, 45);
    let after = ids(&world, "users");
    assert_eq!(world.running_count("prod", "users"), 2);
    assert!(after.contains(&before[1]) && !after.contains(&before[0]));

    let tasks = json!({"cluster": "prod", "tasks": [before[0]]});
    let stopped = world.call("ecs", "DescribeTasks", tasks.clone()).unwrap()["tasks"][0].clone();
    assert_eq!(stopped["lastStatus"], "STOPPED");
    assert_eq!(stopped["stoppedReason"], "looked tired");
    assert_eq!(stopped["stopCode"], "UserInitiated");
    assert!(stopped["containers"][0]["exitCode"].is_i64());
    let listed = json!({"cluster": "prod", "desiredStatus": "STOPPED"});
    assert_eq!(world.call("ecs", "ListTasks", listed).unwrap()["taskArns"].as_array().unwrap().len(), 1);
    pass(&mut world, 3600);
    let gone = world.call("ecs", "DescribeTasks", tasks).unwrap();
    assert_eq!(gone["failures"][0]["reason"], "MISSING");
}

#[test]
fn a_task_goes_through_its_stages_in_order() {
    let mut world = prod();
    set(&mut world, "users", 3);
    pass(&mut world, 2);
    let id = ids(&world, "users").into_iter().find(|id| status(&world, id) == "PROVISIONING").unwrap();
    let mut seen = vec!["PROVISIONING"];
    let mut watch = |world: &mut World, seconds: u64| {
        for _ in 0..seconds {
            pass(world, 1);
            let now = status(world, &id);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
    };
    watch(&mut world, 40);
    world.call("ecs", "StopTask", json!({"cluster": "prod", "task": id})).unwrap();
    watch(&mut world, 40);
    assert_eq!(
        seen,
        [
            "PROVISIONING",
            "PENDING",
            "ACTIVATING",
            "RUNNING",
            "DEACTIVATING",
            "STOPPING",
            "DEPROVISIONING",
            "GONE"
        ]
    );
}

fn status(world: &World, id: &str) -> &'static str {
    world.tasks("prod", "users").iter().find(|t| t.id == id).map_or("GONE", |t| t.last_status)
}

#[test]
fn a_forced_deployment_replaces_every_task_and_never_falls_below_the_count() {
    let mut world = prod();
    let before = ids(&world, "users");
    let old = described(&mut world, "users")["deployments"][0]["id"].clone();
    let input = json!({"cluster": "prod", "service": "users", "forceNewDeployment": true});
    let answer = world.call("ecs", "UpdateService", input).unwrap();
    let deployments = &answer["service"]["deployments"];
    assert_eq!((&deployments[0]["status"], &deployments[1]["status"]), (&json!("PRIMARY"), &json!("ACTIVE")));
    assert_eq!(deployments[0]["rolloutState"], "IN_PROGRESS");
    assert_eq!(deployments[1]["id"], old);
    for _ in 0..120 {
        pass(&mut world, 1);
        assert!(world.running_count("prod", "users") >= 2);
    }
    let after = ids(&world, "users");
    assert!(after.len() == 2 && after.iter().all(|id| !before.contains(id)));
    let service = described(&mut world, "users");
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
    assert_ne!(service["deployments"][0]["id"], old);
    assert!(world.events("prod", "users")[1].ends_with("deployment completed."));
}

#[test]
fn a_deployment_pins_the_digest_of_its_images() {
    let mut world = prod();
    let service = described(&mut world, "users");
    let arn = service["currentServiceRevisions"][0]["arn"].clone();
    let revisions =
        world.call("ecs", "DescribeServiceRevisions", json!({"serviceRevisionArns": [arn]})).unwrap();
    let image = &revisions["serviceRevisions"][0]["containerImages"][0];
    let digest = image["imageDigest"].as_str().unwrap();
    assert!(digest.starts_with("sha256:") && digest.len() == 71);
    let task = ids(&world, "users").remove(0);
    let tasks = world.call("ecs", "DescribeTasks", json!({"cluster": "prod", "tasks": [task]})).unwrap();
    assert_eq!(tasks["tasks"][0]["containers"][0]["imageDigest"], digest);

    let listed =
        world.call("ecs", "ListServiceDeployments", json!({"cluster": "prod", "service": "users"})).unwrap();
    assert_eq!(listed["serviceDeployments"][0]["status"], "SUCCESSFUL");
    let arn = &service["currentServiceDeployment"];
    let deployments =
        world.call("ecs", "DescribeServiceDeployments", json!({"serviceDeploymentArns": [arn]})).unwrap();
    let target = &deployments["serviceDeployments"][0]["targetServiceRevision"]["arn"];
    assert_eq!(*target, service["currentServiceRevisions"][0]["arn"]);
}

#[test]
fn a_held_deployment_stays_in_progress_until_it_is_let_go() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("posts").desired(3).deploying());
    pass(&mut world, 600);
    let service = described(&mut world, "posts");
    assert_eq!(service["deployments"].as_array().unwrap().len(), 2);
    assert_eq!(service["deployments"][0]["pendingCount"], 3);
    assert_eq!(service["deployments"][1]["runningCount"], 3);
    world.finish_deployment("prod", "posts");
    pass(&mut world, 120);
    let service = described(&mut world, "posts");
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(service["runningCount"], 3);
}

#[test]
fn a_held_deployment_ends_when_nothing_is_wanted() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("posts").desired(3).deploying());
    set(&mut world, "posts", 0);
    pass(&mut world, 60);
    let service = described(&mut world, "posts");
    assert_eq!((&service["runningCount"], &service["pendingCount"]), (&json!(0), &json!(0)));
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    set(&mut world, "posts", 3);
    pass(&mut world, 60);
    assert_eq!(world.running_count("prod", "posts"), 3);
}

#[test]
fn an_external_controller_has_task_sets_instead_of_deployments() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("blue").desired(2).controller("EXTERNAL").deploying());
    let service = described(&mut world, "blue");
    assert_eq!(service["deployments"], json!([]));
    assert_eq!(service["taskSets"].as_array().unwrap().len(), 2);
    assert_eq!(service["deploymentController"]["type"], "EXTERNAL");
    set(&mut world, "blue", 0);
    pass(&mut world, 60);
    assert_eq!(world.running_count("prod", "blue"), 0);
}

#[test]
fn a_daemon_service_follows_the_instances() {
    let mut world = prod();
    world.instances("prod", 2).service("prod", ServiceSeed::new("agent").daemon());
    assert_eq!(world.running_count("prod", "agent"), 2);
    world.instances("prod", 3);
    pass(&mut world, 60);
    assert_eq!(world.running_count("prod", "agent"), 3);
    world.instances("prod", 0);
    pass(&mut world, 60);
    assert_eq!(world.running_count("prod", "agent"), 0);
    assert_eq!(described(&mut world, "agent")["schedulingStrategy"], "DAEMON");
}

#[test]
fn without_instances_a_task_on_ec2_has_no_place() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("api").ec2().desired(0));
    set(&mut world, "api", 1);
    pass(&mut world, 300);
    assert_eq!(world.running_count("prod", "api"), 0);
    assert!(world.events("prod", "api")[0].contains("was unable to place a task"));
    world.instances("prod", 1);
    pass(&mut world, 60);
    assert_eq!(world.running_count("prod", "api"), 1);
}

#[test]
fn a_protected_task_outlives_a_stop_until_its_protection_ends() {
    let mut world = prod();
    let id = ids(&world, "users").remove(0);
    let protect =
        json!({"cluster": "prod", "tasks": [id], "protectionEnabled": true, "expiresInMinutes": 30});
    let answer = world.call("ecs", "UpdateTaskProtection", protect).unwrap();
    assert_eq!(answer["protectedTasks"][0]["protectionEnabled"], true);
    set(&mut world, "users", 0);
    pass(&mut world, 600);
    assert_eq!(ids(&world, "users"), std::slice::from_ref(&id));
    let asked = world.call("ecs", "GetTaskProtection", json!({"cluster": "prod", "tasks": [id]})).unwrap();
    assert!(asked["protectedTasks"][0]["expirationDate"].is_f64());
    pass(&mut world, 1800);
    assert!(world.tasks("prod", "users").is_empty());
}

#[test]
fn a_raise_is_not_kept_waiting_by_a_protection_that_ends_later() {
    let mut world = prod();
    let id = ids(&world, "users").remove(0);
    let protect = json!({"cluster": "prod", "tasks": [id], "protectionEnabled": true});
    world.call("ecs", "UpdateTaskProtection", protect).unwrap();
    set(&mut world, "users", 0);
    pass(&mut world, 60);
    set(&mut world, "users", 5);
    pass(&mut world, 60);
    assert_eq!(world.running_count("prod", "users"), 5);
}

#[test]
fn a_service_whose_tasks_cannot_start_says_so_and_recovers() {
    let mut world = prod();
    set(&mut world, "users", 0);
    pass(&mut world, 60);
    world.cannot_start("prod", "users", Some("CannotPullContainerError: image not found"));
    set(&mut world, "users", 2);
    pass(&mut world, 900);
    assert_eq!(world.running_count("prod", "users"), 0);
    assert!(world.events("prod", "users").iter().any(|e| e.contains("unable to consistently start tasks")));
    assert!(described(&mut world, "users")["deployments"][0]["failedTasks"].as_i64().unwrap() > 0);
    world.cannot_start("prod", "users", None);
    pass(&mut world, 120);
    assert_eq!(world.running_count("prod", "users"), 2);
}
