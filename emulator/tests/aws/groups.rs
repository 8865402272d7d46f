//! EC2 Auto Scaling: groups.

use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use aws_sdk_autoscaling::types::Tag;
use emulator::{Aws, GroupSeed, World};
use serde_json::{Value, json};

use crate::protocols::groups;
use crate::world::prod;

fn many(n: usize) -> World {
    let mut world = prod();
    for i in 0..n {
        world.group(GroupSeed::new(&format!("group-{i:03}")).sizes(0, 1, 2));
    }
    world
}

fn call(world: &mut World, operation: &str, input: Value) -> Result<Value, String> {
    world.call("autoscaling", operation, input).map_err(|e| format!("{}: {}", e.code, e.message))
}

fn one(world: &mut World, name: &str) -> Value {
    let input = json!({"AutoScalingGroupNames": [name]});
    call(world, "DescribeAutoScalingGroups", input).unwrap()["AutoScalingGroups"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn the_sdk_pages_through_groups() {
    let aws = Aws::new(many(120));
    let client = groups(&aws);
    let mut sizes = Vec::new();
    let mut pages = client.describe_auto_scaling_groups().into_paginator().send();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().auto_scaling_groups().len());
    }
    assert_eq!(sizes, [50, 50, 20]);
    let page = client.describe_auto_scaling_groups().max_records(100).send().await.unwrap();
    assert_eq!(page.auto_scaling_groups().len(), 100);
    let refused = client.describe_auto_scaling_groups().max_records(101).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ValidationError"));
    let lost = client.describe_auto_scaling_groups().next_token("x").send().await.unwrap_err();
    assert!(lost.as_service_error().unwrap().is_invalid_next_token(), "{lost:?}");
    assert!(aws.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_sdk_scales_tags_and_suspends_a_group() {
    let aws = Aws::new(many(1));
    let client = groups(&aws);
    let name = "group-000";
    client
        .update_auto_scaling_group()
        .auto_scaling_group_name(name)
        .min_size(1)
        .max_size(5)
        .desired_capacity(3)
        .send()
        .await
        .unwrap();
    let tag = |value: Option<&str>| {
        Tag::builder()
            .resource_id(name)
            .resource_type("auto-scaling-group")
            .key("steward:record")
            .set_value(value.map(str::to_owned))
            .propagate_at_launch(false)
            .build()
    };
    client.create_or_update_tags().tags(tag(Some("<&>"))).send().await.unwrap_err();
    let record = "v1 off@2026-11-24T12:00:00Z n=3";
    client.create_or_update_tags().tags(tag(Some(record))).send().await.unwrap();
    client
        .suspend_processes()
        .auto_scaling_group_name(name)
        .scaling_processes("AlarmNotification")
        .scaling_processes("ScheduledActions")
        .send()
        .await
        .unwrap();
    let described = async || {
        client
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(name)
            .send()
            .await
            .unwrap()
            .auto_scaling_groups()[0]
            .clone()
    };
    let group = described().await;
    assert_eq!((group.min_size(), group.desired_capacity(), group.max_size()), (Some(1), Some(3), Some(5)));
    assert_eq!(group.tags()[0].value(), Some(record));
    assert_eq!(group.tags()[0].propagate_at_launch(), Some(false));
    let suspended: Vec<&str> = group.suspended_processes().iter().filter_map(|p| p.process_name()).collect();
    assert_eq!(suspended, ["AlarmNotification", "ScheduledActions"]);
    assert_eq!(
        group.suspended_processes()[0].suspension_reason(),
        Some("User suspended at 2026-11-24T12:00:00Z")
    );
    client
        .resume_processes()
        .auto_scaling_group_name(name)
        .scaling_processes("AlarmNotification")
        .send()
        .await
        .unwrap();
    client.delete_tags().tags(tag(None)).send().await.unwrap();
    let group = described().await;
    assert_eq!((group.tags().len(), group.suspended_processes().len()), (0, 1));
    assert_eq!(aws.writes().len(), 6);
}

#[test]
fn a_desired_capacity_outside_the_bounds_is_refused() {
    let mut world = many(1);
    let mut update = |sizes: Value| {
        let mut input = json!({"AutoScalingGroupName": "group-000"});
        input.as_object_mut().unwrap().extend(sizes.as_object().unwrap().clone());
        call(&mut world, "UpdateAutoScalingGroup", input)
    };
    assert_eq!(
        update(json!({"DesiredCapacity": 3})).unwrap_err(),
        "ValidationError: Desired capacity:3 must be between the specified min size:0 and max size:2"
    );
    assert!(update(json!({"MinSize": 3})).unwrap_err().contains("greater than or equal to min bound"));
    assert!(update(json!({"MinSize": -1})).is_err());
    assert!(update(json!({"LaunchTemplate": {}})).unwrap_err().contains("unknown field"));
    // Bounds alone take the desired capacity along.
    update(json!({"MinSize": 2})).unwrap();
    assert_eq!(one(&mut world, "group-000")["DesiredCapacity"], 2);
    let input = json!({"AutoScalingGroupName": "group-000", "MinSize": 0, "MaxSize": "1"});
    call(&mut world, "UpdateAutoScalingGroup", input).unwrap();
    assert_eq!(one(&mut world, "group-000")["DesiredCapacity"], 1);
    let set = |n: i64| json!({"AutoScalingGroupName": "group-000", "DesiredCapacity": n});
    assert_eq!(
        call(&mut world, "SetDesiredCapacity", set(2)).unwrap_err(),
        "ValidationError: New SetDesiredCapacity value 2 is above max value 1 for the AutoScalingGroup."
    );
    call(&mut world, "SetDesiredCapacity", set(0)).unwrap();
}

#[test]
fn what_is_not_there_or_not_known_is_refused() {
    let mut world = many(1);
    let ghost = json!({"AutoScalingGroupName": "ghost"});
    for operation in ["UpdateAutoScalingGroup", "SuspendProcesses", "ResumeProcesses"] {
        assert!(call(&mut world, operation, ghost.clone()).unwrap_err().contains("not found"), "{operation}");
    }
    let odd = json!({"AutoScalingGroupName": "group-000", "ScalingProcesses": ["Dance"]});
    assert!(call(&mut world, "SuspendProcesses", odd).unwrap_err().starts_with("ValidationError"));
    let tag = |id: &str, kind: &str, key: &str| json!({"Tags": [{"ResourceId": id, "ResourceType": kind, "Key": key, "Value": "x"}]});
    for wrong in [
        tag("ghost", "auto-scaling-group", "a"),
        tag("group-000", "instance", "a"),
        tag("group-000", "auto-scaling-group", "aws:a"),
    ] {
        assert!(call(&mut world, "CreateOrUpdateTags", wrong).is_err());
    }
    for i in 0..50 {
        let key = format!("k{i}");
        call(&mut world, "CreateOrUpdateTags", tag("group-000", "auto-scaling-group", &key)).unwrap();
    }
    let more = call(&mut world, "CreateOrUpdateTags", tag("group-000", "auto-scaling-group", "k50"));
    assert!(more.unwrap_err().starts_with("LimitExceeded"));
    assert!(call(&mut world, "DescribeAutoScalingGroups", json!({"AutoScalingGroupNames": ["ghost"]}))
        .unwrap()["AutoScalingGroups"]
        .as_array()
        .unwrap()
        .is_empty());
}

#[test]
fn groups_are_found_by_their_tags() {
    let mut world = many(2);
    world.group(GroupSeed::new("tagged").tag("steward:cluster", "prod"));
    let mut found = |filter: Value| {
        let answer = call(&mut world, "DescribeAutoScalingGroups", json!({"Filters": [filter]})).unwrap();
        answer["AutoScalingGroups"].as_array().unwrap().len()
    };
    assert_eq!(found(json!({"Name": "tag-key", "Values": ["steward:cluster"]})), 1);
    assert_eq!(found(json!({"Name": "tag:steward:cluster", "Values": ["prod", "dev"]})), 1);
    assert_eq!(found(json!({"Name": "tag-value", "Values": ["dev"]})), 0);
}

#[test]
fn a_warm_pool_is_described_where_there_is_one() {
    let mut world = many(1);
    world.group(GroupSeed::new("warm").warm_pool(2).suspended("Terminate").protected());
    let warm = one(&mut world, "warm");
    assert_eq!((&warm["WarmPoolConfiguration"]["MinSize"], &warm["WarmPoolSize"]), (&json!(2), &json!(2)));
    assert_eq!(warm["SuspendedProcesses"][0]["ProcessName"], "Terminate");
    assert_eq!(warm["Instances"][0]["ProtectedFromScaleIn"], true);
    assert_eq!(warm["NewInstancesProtectedFromScaleIn"], true);
    assert_eq!(one(&mut world, "group-000").get("WarmPoolConfiguration"), None);
}
