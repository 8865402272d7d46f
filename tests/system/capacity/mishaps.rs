//! What goes wrong around machines, and loses nothing.

use std::time::Duration;

use emulator::{Aws, Faults, GroupSeed, ServiceSeed, World};
use serde_json::{Value, json};

use super::{OFFICE, Story, api, as_by_day, asleep, ec2, local, machines, office};
use crate::fixture::item;

fn scheduled() -> GroupSeed {
    machines().tag("steward:schedule", OFFICE)
}

/// Its evening is over, and it sleeps.
async fn night(story: Story) -> Story {
    story.tick("2026-11-24 12:00").await;
    story.ticks("2026-11-24 20:00", "2026-11-24 20:10").await;
    assert_eq!(story.size(), asleep());
    story
}

/// Why it failed: what was read was denied.
fn told(report: &Value, name: &str) -> String {
    let item = item(report, name);
    assert_eq!((&item["outcome"], &item["code"]), (&json!("failed"), &json!("accessDenied")), "{item}");
    item["reason"].as_str().unwrap().to_owned()
}

fn warnings(report: &Value, name: &str) -> Vec<String> {
    let warnings = item(report, name)["warnings"].as_array().unwrap();
    warnings.iter().map(|warning| warning["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_sleeping_group_whose_cluster_is_gone_is_started_all_the_same() {
    let story = night(Story::on(office("2026-11-24 12:00")).await).await;
    story.tag_group("steward:cluster", Some("nowhere"));
    let report = story.tick("2026-11-25 07:55").await;
    assert_eq!(item(&report, "machines")["code"], "clusterUnknown");
    story.tick("2026-11-25 08:00").await;
    story.becomes_whole().await;
    assert_eq!(story.size(), as_by_day());
    assert!(story.record().contains("on@") && story.record().contains("cluster=ec2"), "{}", story.record());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_lost_at_night_comes_back_whole_from_the_size_tag() {
    let half = (0, 2, 4, asleep().3);
    for (size, by_day, warned) in
        [("n=2 min=1 susp=--", as_by_day(), &[][..]), ("n=2", half, &["orphanedSuspension"])]
    {
        let tagged = scheduled().tag("steward:cluster", "ec2").tag("steward:size", size);
        let story = Story::on(ec2("2026-11-27 12:00", tagged, api().tag("steward:schedule", OFFICE))).await;
        story.tick("2026-11-27 12:00").await;
        story.ticks("2026-11-27 20:00", "2026-11-27 20:10").await;
        story.tag_group("steward:record", None);
        let report = story.tick("2026-11-27 23:00").await;
        assert_eq!(warnings(&report, "machines"), ["orphanedSuspension"]);
        // Over a weekend, on which its off is said again.
        story.tick("2026-11-28 20:00").await;
        assert!(story.record().starts_with("v1 off@2026-11-28T23:00:00Z n=2"), "{}", story.record());
        let report = story.tick("2026-11-30 08:00").await;
        story.becomes_whole().await;
        assert_eq!(story.size(), by_day, "{size}: with its min and alarms, where the tag says them");
        assert_eq!(warnings(&report, "machines"), warned);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_tagged_with_a_cluster_that_its_instances_are_not_in_is_left() {
    let mut world = ec2(
        "2026-11-24 12:00",
        scheduled().tag("steward:cluster", "other"),
        api().tag("steward:schedule", "always"),
    );
    world.cluster("other");
    let story = Story::on(world).await;
    story.tick("2026-11-24 12:00").await;
    story.ticks("2026-11-24 20:00", "2026-11-24 20:10").await;
    let report = story.tick("2026-11-24 20:15").await;
    let left = item(&report, "machines");
    assert_eq!((&left["outcome"], &left["code"]), (&json!("unchanged"), &json!("clusterUnknown")));
    let reason = left["reason"].as_str().unwrap();
    assert!(reason.contains("steward:cluster says other") && reason.contains("mend the tag"), "{reason}");
    assert_eq!((story.size(), story.running()), (as_by_day(), 2), "its tasks run on");
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_record_names_a_cluster_that_its_instances_have_left_is_left() {
    // Its instances are in `ec2`, which can't be read; its record says `other`.
    let mut world = office("2026-11-24 12:00");
    world.cluster("other");
    let story = Story::on(world).await;
    story.tick("2026-11-24 12:00").await;
    story.tag_group("steward:record", Some(&story.record().replace("cluster=ec2", "cluster=other")));
    story.aws.faults(Faults::new().on("ecs", "ListContainerInstances").containing("ec2").access_denied());
    story.aws.move_to(local("2026-11-24 19:59"));
    let always = json!({"resourceArn": "arn:aws:ecs:sa-east-1:123456789012:service/ec2/api",
        "tags": [{"key": "steward:schedule", "value": "always"}]});
    story.call("ecs", "TagResource", always);
    story.ticks("2026-11-24 20:00", "2026-11-24 20:10").await;
    let report = story.tick("2026-11-24 20:15").await;
    let left = item(&report, "machines");
    assert_eq!((&left["outcome"], &left["code"]), (&json!("unchanged"), &json!("clusterUnknown")), "{left}");
    assert_eq!((story.size(), story.running()), (as_by_day(), 2), "its tasks run on");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_cannot_be_read_keeps_only_the_groups_that_could_be_its() {
    let mut world = ec2(
        "2026-11-24 12:00",
        scheduled().tag("steward:cluster", "ec2"),
        api().tag("steward:schedule", OFFICE),
    );
    world.group(GroupSeed::new("loose").sizes(0, 1, 1).cluster("broken").tag("steward:schedule", OFFICE));
    let story = Story::on(world).await;
    story.tick("2026-11-24 12:00").await;
    let denied = Faults::new().on("ecs", "ListContainerInstances").containing("broken").access_denied();
    story.aws.faults(denied);
    story.ticks("2026-11-24 20:00", "2026-11-24 20:05").await;
    let report = story.tick("2026-11-24 20:10").await;
    assert_eq!(story.size(), asleep(), "{report}");
    assert!(told(&report, "loose").contains("what runs on its instances can't be read"), "{report}");
    // Without the record that its noon has left, nothing says whose it is.
    story.call(
        "autoscaling",
        "DeleteTags",
        json!({"Tags": [{"ResourceId": "loose", "ResourceType": "auto-scaling-group", "Key": "steward:record"}]}),
    );
    let report = story.tick("2026-11-25 08:00").await;
    assert!(
        told(&report, "loose").contains("which cluster its instances belong to can't be read"),
        "{report}"
    );
    assert_eq!((story.count(), story.size().1), (2, 2), "{report}");
}

#[tokio::test(start_paused = true)]
async fn groups_that_cannot_be_looked_at_again_do_not_fail_the_services() {
    let story = night(Story::on(office("2026-11-24 12:00")).await).await;
    // The first look of the run is well, the second is not.
    story
        .aws
        .faults(Faults::new().on("autoscaling", "DescribeAutoScalingGroups").calls(1..9).access_denied());
    let report = story.tick("2026-11-25 08:00").await;
    assert_eq!(item(&report, "api")["outcome"], "changed", "{report}");
    let record = story.aws.with(|world| world.tags("ec2", "api"))["steward:record"].clone();
    assert!(record.starts_with("v1 starting@"), "{record}");
    assert!(told(&report, "machines").contains("could not be looked at again"), "{report}");
    story.aws.faults(Faults::new());
    story.tick("2026-11-25 08:05").await;
    story.becomes_whole().await;
    assert_eq!(story.size(), as_by_day());
    assert!(story.record().starts_with("v1 on@2026-11-25T11:00:00Z"), "{}", story.record());
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_cannot_be_looked_at_again_fails_its_own_services_alone() {
    let mut world = office("2026-11-24 12:00");
    world.service("web", ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE));
    let story = night(Story::on(world).await).await;
    story.aws.faults(
        Faults::new().on("ecs", "DescribeServices").containing(r#""web""#).calls(1..9).access_denied(),
    );
    let report = story.tick("2026-11-25 08:00").await;
    assert_eq!(item(&report, "api")["outcome"], "changed", "{report}");
    assert_eq!(item(&report, "machines")["outcome"], "changed", "{report}");
    assert_eq!(item(&report, "users")["outcome"], "failed", "{report}");
    assert_eq!(report["counts"]["failed"], 1);
}

#[tokio::test(start_paused = true)]
async fn groups_that_cannot_be_read_in_the_morning_come_at_the_next_tick() {
    let story = night(Story::on(office("2026-11-24 12:00")).await).await;
    story.aws.faults(Faults::new().on("autoscaling", "DescribeAutoScalingGroups").access_denied());
    let report = story.tick("2026-11-25 08:00").await;
    assert_eq!((story.count(), story.size()), (2, asleep()), "{report}");
    assert_eq!(report["counts"]["failed"], 1);
    story.aws.faults(Faults::new());
    story.tick("2026-11-25 08:05").await;
    story.becomes_whole().await;
    assert_eq!((story.size(), story.running()), (as_by_day(), 2));
}

#[tokio::test(start_paused = true)]
async fn a_group_that_somebody_takes_down_while_it_starts_is_late_to_wake() {
    let story = night(Story::on(office("2026-11-24 12:00")).await).await;
    story.tick("2026-11-25 08:00").await;
    let zero = json!({"AutoScalingGroupName": "machines", "MinSize": 0, "DesiredCapacity": 0});
    story.call("autoscaling", "UpdateAutoScalingGroup", zero);
    let waking = story.tick("2026-11-25 08:05").await;
    assert_eq!(item(&waking, "machines")["code"], "waking", "{waking}");
    let late = story.tick("2026-11-25 08:15").await;
    assert_eq!(item(&late, "machines")["warnings"][0]["code"], "lateToWake", "{late}");
    story.tick("2026-11-25 10:00").await;
    assert_eq!(story.size(), (0, 0, 4, Vec::new()), "handed back after two hours, and left");
    story.ticks("2026-11-25 20:00", "2026-11-25 20:05").await;
    assert!(story.record().contains(" n=2 "), "{}", story.record());
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_replaced_at_noon_is_not_late_to_wake_and_one_that_cannot_come_is() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    let victim = story.group().instances[0].0.clone();
    story.aws.with(|world| {
        world.kill_instance(&victim);
    });
    for _ in 0..30 {
        story.aws.advance(Duration::from_secs(10));
        let report = story.system.invoke("scale-service", super::tick(&story.aws)).await.unwrap();
        assert_eq!(warnings(&report, "machines"), [""; 0], "{report}");
    }
    story.ticks("2026-11-24 20:00", "2026-11-24 20:10").await;
    story.aws.with(|world| {
        world.cannot_launch("machines", Some("We currently do not have sufficient t2.micro capacity"));
    });
    story.tick("2026-11-25 08:00").await;
    let report = story.tick("2026-11-25 08:10").await;
    assert_eq!(warnings(&report, "machines"), [""; 0], "{report}");
    let report = story.tick("2026-11-25 08:15").await;
    assert_eq!(warnings(&report, "machines"), ["lateToWake"], "{report}");
}

#[tokio::test(start_paused = true)]
async fn sizing_a_group_under_a_hold_warns_and_by_schedule_is_skipped() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    let hold = json!({"state": "hold", "for": "PT2H"});
    assert_eq!(story.rest("PUT", "/clusters/ec2/override", hold).await.status, 200);
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/size";
    let event = json!({"action": "scaleGroup", "group": "machines", "desiredCapacity": 3,
        "at": story.aws.now().to_string(), "schedule": schedule});
    let skipped = story.system.invoke("scale-service", event).await.unwrap();
    assert_eq!(
        (&item(&skipped, "machines")["outcome"], &item(&skipped, "machines")["code"]),
        (&json!("skipped"), &json!("held"))
    );
    assert_eq!(story.size(), as_by_day());
    let sized = story.rest("PUT", "/auto-scaling-groups/machines/scale", json!({"desiredCapacity": 3})).await;
    assert_eq!(sized.status, 200, "{}", sized.body);
    assert_eq!(warnings(&sized.json(), "machines"), ["held"]);
    assert_eq!(story.size().1, 3);
}

#[tokio::test(start_paused = true)]
async fn a_remedy_names_the_tags_as_they_are_configured() {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("ec2");
    world.group(GroupSeed::new("machines").sizes(1, 0, 4).tag("ours:schedule", "never"));
    let story = Story::at(Aws::new(world), &[("TAG_PREFIX", "ours")]).await;
    let report = story.tick("2026-11-24 12:00").await;
    let reason = item(&report, "machines")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("tag it ours:cluster") && !reason.contains("steward:"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_stop_is_refused_keeps_its_alarms_and_goes_at_the_next_tick() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    story.tick("2026-11-24 20:00").await;
    story.aws.faults(Faults::new().on("autoscaling", "UpdateAutoScalingGroup").access_denied());
    story.ticks("2026-11-24 20:05", "2026-11-24 20:10").await;
    assert_eq!(story.size(), as_by_day(), "it does not run on without its alarms");
    assert!(story.writes().iter().any(|call| call == "SuspendProcesses"), "{:?}", story.writes());
    story.aws.faults(Faults::new());
    story.tick("2026-11-24 20:15").await;
    assert_eq!(story.size(), asleep());
}
