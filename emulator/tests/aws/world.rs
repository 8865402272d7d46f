//! The demo world, seeds, and the value that a world is.

use std::time::Duration;

use emulator::{ServiceSeed, World};
use serde_json::{Value, json};

/// A small world with a cluster `prod`, and a service `users` of two tasks.
pub(crate) fn prod() -> World {
    let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
    world.cluster("prod").service("prod", ServiceSeed::new("users").desired(2));
    world
}

/// Lets this many seconds pass.
pub(crate) fn pass(world: &mut World, seconds: u64) {
    world.advance_by(Duration::from_secs(seconds));
}

/// The strings of an answer's list.
pub(crate) fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

#[test]
fn the_demo_world_is_up() {
    let world = World::demo();
    assert_eq!(world.now().to_string(), "2026-11-24T12:00:00Z");
    assert_eq!(world.running_count("microservices", "users"), 2);
    assert_eq!(world.running_count("microservices", "threads"), 1);
    assert_eq!(world.running_count("microservices", "posts"), 5);
    assert_eq!(world.running_count("ecs-api", "api-monolitica"), 1);
    assert_eq!(world.running_count("ecs-api", "node-agent"), 2);
    let target = world.target("microservices", "users").unwrap();
    assert_eq!((target.min, target.max, target.scheduled_suspended), (1, 6, false));
    for service in ["users", "threads", "posts"] {
        let schedule = &world.tags("microservices", service)["steward:schedule"];
        assert_eq!(schedule, "Mon-Fri 08:00-20:00 America/Sao_Paulo");
    }
}

#[test]
fn the_demo_world_stays_as_it_is_when_nobody_touches_it() {
    let mut world = World::demo();
    let before: Vec<_> = world.tasks("microservices", "posts");
    pass(&mut world, 24 * 3600);
    assert_eq!(world.tasks("microservices", "posts"), before);
    assert_eq!(world.desired_count("microservices", "users"), 2);
}

#[test]
fn the_demo_task_definitions_hold_something_that_must_not_be_shown() {
    let mut world = World::demo();
    let answer = world.call("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "users"})).unwrap();
    let container = &answer["taskDefinition"]["containerDefinitions"][0];
    assert!(container["environment"].to_string().contains("CANARY-do-not-show"));
    assert!(container["secrets"].to_string().contains("CANARY-do-not-show"));
    let services = json!({"cluster": "microservices", "services": ["users"]});
    let described = world.call("ecs", "DescribeServices", services).unwrap();
    assert!(!described.to_string().contains("CANARY"));
}

#[test]
fn the_same_calls_make_the_same_world() {
    let end = || {
        let mut world = World::demo();
        let input = json!({"cluster": "microservices", "service": "posts", "desiredCount": 7});
        world.call("ecs", "UpdateService", input).unwrap();
        pass(&mut world, 300);
        let services = json!({"cluster": "microservices", "services": ["posts"]});
        (world.tasks("microservices", "posts"), world.call("ecs", "DescribeServices", services).unwrap())
    };
    assert_eq!(end(), end());
}

#[test]
fn small_steps_and_one_big_step_end_in_the_same_world() {
    let changed = || {
        let mut world = World::demo();
        for (service, count) in [("users", 0), ("posts", 3)] {
            let input = json!({"cluster": "microservices", "service": service, "desiredCount": count});
            world.call("ecs", "UpdateService", input).unwrap();
        }
        world
    };
    let (mut small, mut big) = (changed(), changed());
    for _ in 0..600 {
        pass(&mut small, 1);
    }
    pass(&mut big, 600);
    for service in ["users", "posts"] {
        assert_eq!(small.tasks("microservices", service), big.tasks("microservices", service));
        assert_eq!(small.events("microservices", service), big.events("microservices", service));
    }
}

#[test]
fn a_clone_is_another_world() {
    let world = prod();
    let mut other = world.clone();
    let input = json!({"cluster": "prod", "service": "users", "desiredCount": 0});
    other.call("ecs", "UpdateService", input).unwrap();
    pass(&mut other, 60);
    assert_eq!(world.running_count("prod", "users"), 2);
    assert_eq!(other.running_count("prod", "users"), 0);
}

#[test]
fn a_world_does_not_go_back() {
    let mut world = prod();
    let now = world.now();
    world.advance_to("2020-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(world.now(), now);
}

#[test]
fn a_faulty_seed_names_the_place() {
    let fault = |seed: &str| World::from_json(seed).unwrap_err();
    let unknown = fault(r#"{"now": "2026-11-24T12:00:00Z", "clusters": [{"name": "a", "servces": []}]}"#);
    assert_eq!(unknown.at, "clusters[0].servces");
    let mistyped = fault(
        r#"{"now": "2026-11-24T12:00:00Z",
            "clusters": [{"name": "a", "services": [{"name": "b", "desiredCount": "two"}]}]}"#,
    );
    assert_eq!(mistyped.at, "clusters[0].services[0].desiredCount");
    let bounds = fault(
        r#"{"now": "2026-11-24T12:00:00Z",
            "clusters": [{"name": "a", "services": [{"name": "b", "scaling": {"min": 3, "max": 1}}]}]}"#,
    );
    assert_eq!(bounds.at, "clusters[0].services[0].scaling");
    let daemon = fault(
        r#"{"now": "2026-11-24T12:00:00Z",
            "clusters": [{"name": "a", "services": [{"name": "b", "daemon": true, "desiredCount": 1}]}]}"#,
    );
    assert_eq!(daemon.at, "clusters[0].services[0].desiredCount");
    let schedule = fault(
        r#"{"now": "2026-11-24T12:00:00Z", "clusters": [{"name": "a", "services": [{"name": "b",
            "scaling": {"min": 0, "max": 1, "scheduledActions": [{"name": "c", "schedule": "cron(x)", "min": 1}]}}]}]}"#,
    );
    assert_eq!(schedule.at, "clusters[0].services[0].scaling.scheduledActions[0]");
}
