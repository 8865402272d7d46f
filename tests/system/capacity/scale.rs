//! A group's sizes by request.

use emulator::{GroupSeed, ProviderSeed};
use serde_json::json;

use super::{Story, api, ec2, machines};

const SCALE: &str = "/auto-scaling-groups/machines/scale";

#[tokio::test(start_paused = true)]
async fn a_size_beyond_the_groups_max_is_a_422_that_names_the_bounds_and_with_a_new_max_one_call() {
    let group = GroupSeed::new("ecs-api").sizes(1, 2, 2).cluster("ec2");
    let story = Story::on(ec2("2026-11-24 12:00", group, api())).await;
    let path = "/auto-scaling-groups/ecs-api/scale";
    let refused = story.rest("PUT", path, json!({"desiredCapacity": 3})).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (422, &json!("outsideGroupBounds")),
        "{}",
        refused.body
    );
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("min 1 and max 2") && detail.contains("maxSize"), "{detail}");
    assert!(story.writes().is_empty());

    let done = story.rest("PUT", path, json!({"desiredCapacity": 3, "maxSize": 3})).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(done.json()["summary"], "ecs-api: 1 group scaled (ecs-api 2 to 3)");
    assert_eq!(story.writes(), ["UpdateAutoScalingGroup"]);
    let group = story.aws.with(|world| world.group_view("ecs-api")).unwrap();
    assert_eq!((group.min, group.desired, group.max), (1, 3, 3));
    story.aws.forget();
    let again = story.rest("PUT", path, json!({"desiredCapacity": 3, "maxSize": 3})).await;
    assert_eq!(again.json()["counts"]["unchanged"], 1, "{}", again.body);
    assert!(story.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_min_above_the_max_and_a_size_below_the_min_are_refused_and_a_dry_run_writes_nothing() {
    let story = Story::on(ec2("2026-11-24 12:00", machines(), api())).await;
    for body in [
        json!({"desiredCapacity": 0}),
        json!({"desiredCapacity": 2, "minSize": 3}),
        json!({"desiredCapacity": 2, "minSize": 3, "maxSize": 2}),
    ] {
        let refused = story.rest("PUT", SCALE, body.clone()).await;
        assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("outsideGroupBounds")), "{body}");
    }
    let dry = story.rest("PUT", SCALE, json!({"desiredCapacity": 0, "minSize": 0, "dryRun": true})).await;
    assert_eq!((dry.status, &dry.json()["counts"]["changed"]), (200, &json!(1)), "{}", dry.body);
    assert!(story.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_group_that_ecs_sizes_is_a_409_unless_forced() {
    let mut world = ec2("2026-11-24 12:00", machines(), api());
    world.capacity_provider(ProviderSeed::new("provider", "machines").managed_scaling(100).cluster("ec2"));
    let story = Story::on(world).await;
    let refused = story.rest("PUT", SCALE, json!({"desiredCapacity": 3})).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (409, &json!("managedScaling")),
        "{}",
        refused.body
    );
    assert!(story.writes().is_empty());
    let forced = story.rest("PUT", SCALE, json!({"desiredCapacity": 3, "force": true})).await;
    assert_eq!(forced.status, 200, "{}", forced.body);
    assert_eq!(story.writes(), ["UpdateAutoScalingGroup"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_not_there_is_a_404_and_one_with_a_slash_is_reached_by_events_only() {
    let mut world = ec2("2026-11-24 12:00", machines(), api());
    world.group(GroupSeed::new("team/blue").sizes(0, 1, 2));
    let story = Story::on(world).await;
    let absent = story.rest("PUT", "/auto-scaling-groups/none/scale", json!({"desiredCapacity": 1})).await;
    assert_eq!((absent.status, &absent.json()["code"]), (404, &json!("notFound")));
    let slash =
        story.rest("PUT", "/auto-scaling-groups/team%2Fblue/scale", json!({"desiredCapacity": 2})).await;
    assert_eq!(slash.status, 400, "{}", slash.body);
    let event = json!({"action": "scaleGroup", "group": "team/blue", "desiredCapacity": 2});
    story.system.invoke("scale-service", event).await.unwrap();
    assert_eq!(story.aws.with(|world| world.group_view("team/blue")).unwrap().desired, 2);
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_tag_names_a_cluster_that_is_gone_is_scaled_all_the_same() {
    let group = machines().tag("steward:cluster", "gone");
    let story = Story::on(ec2("2026-11-24 12:00", group, api())).await;
    let done = story.rest("PUT", SCALE, json!({"desiredCapacity": 3})).await;
    assert_eq!((done.status, &done.json()["counts"]["changed"]), (200, &json!(1)), "{}", done.body);
}
