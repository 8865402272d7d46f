//! Tags, their limits, and the ARNs that cannot have any.

use emulator::{ServiceSeed, World};
use serde_json::{Value, json};

use crate::world::prod;

const USERS: &str = "arn:aws:ecs:sa-east-1:123456789012:service/prod/users";

fn tag(world: &mut World, arn: &str, key: &str, value: &str) -> Result<Value, String> {
    let input = json!({"resourceArn": arn, "tags": [{"key": key, "value": value}]});
    world.call("ecs", "TagResource", input).map_err(|e| e.code)
}

fn refused() -> Result<Value, String> {
    Err("InvalidParameterException".to_owned())
}

#[test]
fn a_tag_is_written_replaced_and_removed() {
    let mut world = prod();
    tag(&mut world, USERS, "steward:record", "v1 off@2026-11-23T23:00:00Z n=3 min=2 susp=---").unwrap();
    tag(&mut world, USERS, "steward:record", "v1 on@2026-11-24T11:00:00Z").unwrap();
    assert_eq!(world.tags("prod", "users")["steward:record"], "v1 on@2026-11-24T11:00:00Z");
    let listed = world.call("ecs", "ListTagsForResource", json!({"resourceArn": USERS})).unwrap();
    assert_eq!(listed["tags"][0]["key"], "steward:record");
    let services = json!({"cluster": "prod", "services": ["users"]});
    let untold = world.call("ecs", "DescribeServices", services).unwrap();
    assert_eq!(untold["services"][0].get("tags"), None);
    let input = json!({"resourceArn": USERS, "tagKeys": ["steward:record", "never-there"]});
    world.call("ecs", "UntagResource", input).unwrap();
    assert!(world.tags("prod", "users").is_empty());
}

#[test]
fn the_fifty_first_tag_is_refused_and_a_change_of_one_is_not() {
    let mut world = prod();
    for n in 0..50 {
        tag(&mut world, USERS, &format!("key-{n}"), "").unwrap();
    }
    assert_eq!(tag(&mut world, USERS, "one-more", ""), refused());
    tag(&mut world, USERS, "key-7", "changed").unwrap();
    assert_eq!(world.tags("prod", "users").len(), 50);
}

#[test]
fn tags_have_aws_lengths_and_characters() {
    let mut world = prod();
    tag(&mut world, USERS, "k", &"v".repeat(256)).unwrap();
    tag(&mut world, USERS, &"k".repeat(128), "São Paulo + - = . _ : / @ 9").unwrap();
    assert_eq!(tag(&mut world, USERS, "k", &"v".repeat(257)), refused());
    assert_eq!(tag(&mut world, USERS, &"k".repeat(129), "v"), refused());
    assert_eq!(tag(&mut world, USERS, "", "v"), refused());
    assert_eq!(tag(&mut world, USERS, "aws:mine", "v"), refused());
    for wrong in ["a,b", "a;b", "a(b)", "a!", "{}"] {
        assert_eq!(tag(&mut world, USERS, "k", wrong), refused(), "{wrong}");
    }
}

#[test]
fn a_service_with_a_short_arn_has_no_tags() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("old").short_arn());
    let services = json!({"cluster": "prod", "services": ["old"]});
    let described = world.call("ecs", "DescribeServices", services).unwrap();
    let short = "arn:aws:ecs:sa-east-1:123456789012:service/old";
    assert_eq!(described["services"][0]["serviceArn"], short);
    assert_eq!(tag(&mut world, short, "k", "v"), refused());
    assert_eq!(tag(&mut world, "arn:aws:ecs:sa-east-1:123456789012:service/prod/old", "k", "v"), refused());
    let update = json!({"cluster": "prod", "service": short, "desiredCount": 3});
    world.call("ecs", "UpdateService", update).unwrap();
    assert_eq!(world.desired_count("prod", "old"), 3);
}

#[test]
fn clusters_tasks_and_task_definitions_are_tagged_too() {
    let mut world = prod();
    let task = world.tasks("prod", "users").remove(0).arn;
    for arn in [
        "arn:aws:ecs:sa-east-1:123456789012:cluster/prod",
        "arn:aws:ecs:sa-east-1:123456789012:task-definition/users:1",
        &task,
    ] {
        tag(&mut world, arn, "k", "v").unwrap();
        let listed = world.call("ecs", "ListTagsForResource", json!({"resourceArn": arn})).unwrap();
        assert_eq!(listed["tags"], json!([{"key": "k", "value": "v"}]), "{arn}");
    }
    let clusters = json!({"clusters": ["prod"], "include": ["TAGS"]});
    let described = world.call("ecs", "DescribeClusters", clusters).unwrap();
    assert_eq!(described["clusters"][0]["tags"][0]["value"], "v");
    let ghost = tag(&mut world, "arn:aws:ecs:sa-east-1:123456789012:service/prod/ghost", "k", "v");
    assert_eq!(ghost, Err("ResourceNotFoundException".to_owned()));
    let ghost = json!({"resourceArn": "arn:aws:ecs:sa-east-1:123456789012:service/prod/ghost"});
    let listed = world.call("ecs", "ListTagsForResource", ghost).unwrap_err();
    assert_eq!(listed.code, "InvalidParameterException");
}
