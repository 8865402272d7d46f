//! Application Auto Scaling moves desired counts, unless it is suspended.

use emulator::{ServiceSeed, TargetSeed, World};
use serde_json::{Value, json};

use crate::world::{pass, prod};

const AAS: &str = "application-autoscaling";

fn register(world: &mut World, service: &str, extra: &Value) -> Result<Value, String> {
    let mut input = json!({
        "ServiceNamespace": "ecs",
        "ResourceId": format!("service/prod/{service}"),
        "ScalableDimension": "ecs:service:DesiredCount",
    });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    world.call(AAS, "RegisterScalableTarget", input).map_err(|e| e.code)
}

fn schedule(
    world: &mut World,
    expression: &str,
    zone: Option<&str>,
    action: &Value,
) -> Result<Value, String> {
    let mut input = json!({
        "ServiceNamespace": "ecs",
        "ScheduledActionName": "planned",
        "ResourceId": "service/prod/users",
        "ScalableDimension": "ecs:service:DesiredCount",
        "Schedule": expression,
        "ScalableTargetAction": action,
    });
    if let Some(zone) = zone {
        input["Timezone"] = json!(zone);
    }
    world.call(AAS, "PutScheduledAction", input).map_err(|e| e.code)
}

fn asleep(world: &mut World, service: &str) {
    let all = json!({"MinCapacity": 0, "SuspendedState": {
        "DynamicScalingInSuspended": true,
        "DynamicScalingOutSuspended": true,
        "ScheduledScalingSuspended": true,
    }});
    register(world, service, &all).unwrap();
}

#[test]
fn registering_moves_the_count_into_the_bounds_at_once_even_when_suspended() {
    let mut world = prod();
    let suspended = json!({"MinCapacity": 4, "MaxCapacity": 6, "SuspendedState": {
        "DynamicScalingInSuspended": true,
        "DynamicScalingOutSuspended": true,
        "ScheduledScalingSuspended": true,
    }});
    register(&mut world, "users", &suspended).unwrap();
    assert_eq!(world.desired_count("prod", "users"), 4);
    register(&mut world, "users", &json!({"MinCapacity": 0, "MaxCapacity": 1})).unwrap();
    assert_eq!(world.desired_count("prod", "users"), 1);
}

#[test]
fn only_what_is_given_changes() {
    let mut world = prod();
    world.scalable_target("prod", "users", TargetSeed::new(1, 6).suspended(true, false, false));
    register(&mut world, "users", &json!({"MinCapacity": 2})).unwrap();
    let target = world.target("prod", "users").unwrap();
    assert_eq!((target.min, target.max, target.dynamic_in_suspended), (2, 6, true));
    register(&mut world, "users", &json!({"SuspendedState": {"ScheduledScalingSuspended": true}})).unwrap();
    let target = world.target("prod", "users").unwrap();
    assert_eq!((target.min, target.max), (2, 6));
    assert!(target.scheduled_suspended);
}

#[test]
fn bounds_that_cross_and_services_that_cannot_scale_are_refused() {
    let mut world = prod();
    world.instances("prod", 1).service("prod", ServiceSeed::new("agent").daemon());
    let refused = Err("ValidationException".to_owned());
    let bounds = json!({"MinCapacity": 3, "MaxCapacity": 2});
    assert_eq!(register(&mut world, "users", &bounds), refused);
    assert_eq!(register(&mut world, "users", &json!({"MinCapacity": 3})), refused);
    assert_eq!(register(&mut world, "users", &json!({"MinCapacity": -1, "MaxCapacity": 2})), refused);
    assert_eq!(register(&mut world, "agent", &json!({"MinCapacity": 0, "MaxCapacity": 2})), refused);
    assert_eq!(register(&mut world, "ghost", &json!({"MinCapacity": 0, "MaxCapacity": 2})), refused);
    let no_namespace = world.call(AAS, "DescribeScalableTargets", json!({})).unwrap_err();
    assert_eq!(no_namespace.code, "SerializationException");
    assert_eq!(world.target("prod", "users"), None);
}

#[test]
fn a_policy_follows_the_load_within_the_bounds() {
    let mut world = prod();
    world.scalable_target("prod", "users", TargetSeed::new(1, 6).tracking()).load("prod", "users", 9);
    pass(&mut world, 61);
    assert_eq!(world.desired_count("prod", "users"), 6);
    world.load("prod", "users", 0);
    pass(&mut world, 61);
    assert_eq!(world.desired_count("prod", "users"), 1);
    register(&mut world, "users", &json!({"MinCapacity": 0})).unwrap();
    pass(&mut world, 61);
    assert_eq!(world.desired_count("prod", "users"), 0);
    world.load("prod", "users", 2);
    pass(&mut world, 61);
    assert_eq!(world.desired_count("prod", "users"), 2);
}

#[test]
fn a_suspended_policy_lets_the_service_sleep() {
    let mut world = prod();
    world.scalable_target("prod", "users", TargetSeed::new(1, 6).tracking()).load("prod", "users", 4);
    asleep(&mut world, "users");
    let stop = json!({"cluster": "prod", "service": "users", "desiredCount": 0});
    world.call("ecs", "UpdateService", stop).unwrap();
    pass(&mut world, 12 * 3600);
    assert_eq!(world.desired_count("prod", "users"), 0);
    let in_only = json!({"SuspendedState": {"DynamicScalingInSuspended": true}});
    register(&mut world, "users", &in_only).unwrap();
    pass(&mut world, 61);
    assert_eq!(world.desired_count("prod", "users"), 4);
    world.load("prod", "users", 1);
    pass(&mut world, 61);
    assert_eq!(world.desired_count("prod", "users"), 4);
}

#[test]
fn without_suspension_a_policy_wakes_a_stopped_service() {
    let mut world = prod();
    world.scalable_target("prod", "users", TargetSeed::new(1, 6).tracking()).load("prod", "users", 2);
    let stop = json!({"cluster": "prod", "service": "users", "desiredCount": 0});
    world.call("ecs", "UpdateService", stop).unwrap();
    pass(&mut world, 61);
    assert_eq!(world.desired_count("prod", "users"), 2);
}

#[test]
fn a_scheduled_action_sets_the_bounds_at_its_time() {
    let mut world = prod();
    world.scalable_target("prod", "users", TargetSeed::new(1, 6));
    schedule(&mut world, "at(2026-11-24T10:00:00)", Some("America/Sao_Paulo"), &json!({"MinCapacity": 5}))
        .unwrap();
    pass(&mut world, 3599);
    assert_eq!(world.desired_count("prod", "users"), 2);
    pass(&mut world, 1);
    assert_eq!(world.desired_count("prod", "users"), 5);
    assert_eq!(world.target("prod", "users").unwrap().min, 5);
}

#[test]
fn a_suspended_scheduled_action_does_nothing_then_or_later() {
    let mut world = prod();
    world.scalable_target("prod", "users", TargetSeed::new(1, 6));
    schedule(&mut world, "cron(0 13 * * ? *)", None, &json!({"MinCapacity": 5, "MaxCapacity": 6})).unwrap();
    asleep(&mut world, "users");
    pass(&mut world, 2 * 3600);
    assert_eq!(world.target("prod", "users").unwrap().min, 0);
    register(&mut world, "users", &json!({"SuspendedState": {}})).unwrap();
    pass(&mut world, 3600);
    assert_eq!(world.desired_count("prod", "users"), 2);
    pass(&mut world, 22 * 3600);
    assert_eq!(world.desired_count("prod", "users"), 5);
}

#[test]
fn cron_follows_the_zone_through_its_changes_of_the_clock() {
    let mut world = World::new("2026-03-27T12:00:00Z".parse().unwrap());
    world.service("prod", ServiceSeed::new("users").desired(2));
    world.scalable_target("prod", "users", TargetSeed::new(0, 9));
    let weekdays = "cron(30 7 ? * MON-FRI *)";
    schedule(&mut world, weekdays, Some("Europe/Berlin"), &json!({"MinCapacity": 3})).unwrap();
    // Friday's is past; Monday is the first in summer time: 07:30 is 05:30 in UTC.
    world.advance_to("2026-03-30T05:29:59Z".parse().unwrap());
    assert_eq!(world.desired_count("prod", "users"), 2);
    world.advance_to("2026-03-30T05:30:00Z".parse().unwrap());
    assert_eq!(world.desired_count("prod", "users"), 3);
}

#[test]
fn a_rate_repeats_from_its_start() {
    let mut world = prod();
    world.scalable_target("prod", "users", TargetSeed::new(1, 6));
    schedule(&mut world, "rate(2 hours)", None, &json!({"MinCapacity": 4})).unwrap();
    pass(&mut world, 2 * 3600);
    assert_eq!(world.desired_count("prod", "users"), 4);
    register(&mut world, "users", &json!({"MinCapacity": 1, "MaxCapacity": 2})).unwrap();
    pass(&mut world, 2 * 3600);
    // A minimum above the maximum is a failed activity.
    assert_eq!(world.target("prod", "users").unwrap().min, 1);
}

#[test]
fn scheduled_actions_are_described_replaced_and_deleted() {
    let mut world = prod();
    world.scalable_target("prod", "users", TargetSeed::new(1, 6));
    schedule(&mut world, "cron(0 13 * * ? *)", None, &json!({"MinCapacity": 5})).unwrap();
    schedule(&mut world, "cron(0 23 * * ? *)", Some("Europe/Berlin"), &json!({"MaxCapacity": 1})).unwrap();
    let of = json!({"ServiceNamespace": "ecs", "ResourceId": "service/prod/users"});
    let actions = world.call(AAS, "DescribeScheduledActions", of.clone()).unwrap();
    assert_eq!(actions["ScheduledActions"].as_array().unwrap().len(), 1);
    assert_eq!(actions["ScheduledActions"][0]["Schedule"], "cron(0 23 * * ? *)");
    assert_eq!(actions["ScheduledActions"][0]["ScalableTargetAction"], json!({"MaxCapacity": 1}));
    pass(&mut world, 2 * 3600);
    assert_eq!(world.desired_count("prod", "users"), 2);
    let mut delete = of.clone();
    delete["ScheduledActionName"] = json!("planned");
    delete["ScalableDimension"] = json!("ecs:service:DesiredCount");
    world.call(AAS, "DeleteScheduledAction", delete.clone()).unwrap();
    assert_eq!(world.call(AAS, "DeleteScheduledAction", delete).unwrap_err().code, "ObjectNotFoundException");
    for wrong in ["cron(0 25 * * ? *)", "cron(0 8 * * ?)", "rate(0 hours)", "at(tomorrow)", "daily"] {
        assert_eq!(
            schedule(&mut world, wrong, None, &json!({"MinCapacity": 1})).unwrap_err(),
            "ValidationException"
        );
    }
}

#[test]
fn deregistering_takes_policies_and_actions_with_it() {
    let mut world = prod();
    world.scalable_target("prod", "users", TargetSeed::new(1, 6).tracking()).load("prod", "users", 6);
    let of = json!({
        "ServiceNamespace": "ecs",
        "ResourceId": "service/prod/users",
        "ScalableDimension": "ecs:service:DesiredCount",
    });
    let policies = world.call(AAS, "DescribeScalingPolicies", json!({"ServiceNamespace": "ecs"})).unwrap();
    assert_eq!(policies["ScalingPolicies"][0]["PolicyType"], "TargetTrackingScaling");
    world.call(AAS, "DeregisterScalableTarget", of.clone()).unwrap();
    pass(&mut world, 300);
    assert_eq!(world.desired_count("prod", "users"), 2);
    assert_eq!(world.call(AAS, "DeregisterScalableTarget", of).unwrap_err().code, "ObjectNotFoundException");
    let policies = world.call(AAS, "DescribeScalingPolicies", json!({"ServiceNamespace": "ecs"})).unwrap();
    assert_eq!(policies["ScalingPolicies"], json!([]));
}
