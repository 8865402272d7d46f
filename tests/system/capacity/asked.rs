//! A whole EC2 cluster, stopped and started by request with its machines.

use emulator::{Aws, ProviderSeed, TargetSeed};
use serde_json::{Value, json};

use super::{OFFICE, Story, api, as_by_day, asleep, ec2, local, machines, office};
use crate::fixture::item;

const STOP: &str = "/clusters/ec2/stop";
const START: &str = "/clusters/ec2/start";

fn with_machines() -> Value {
    json!({"capacity": true})
}

#[tokio::test(start_paused = true)]
async fn a_stop_with_machines_is_accepted_and_reconcile_finishes_it_scheduled_or_not() {
    let story = Story::on(ec2("2026-11-24 12:02", machines(), api())).await;
    let accepted = story.rest("POST", STOP, with_machines()).await;
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    let header = |name: &str| {
        accepted
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.clone())
    };
    assert_eq!(header("location").as_deref(), Some("../ec2?include=capacity"));
    assert_eq!(header("retry-after").as_deref(), Some("300"));
    let summary = accepted.json()["summary"].as_str().unwrap().to_owned();
    assert!(
        summary.contains("1 service off (api 2 saved), 1 group stopping (machines 2 saved)"),
        "{summary}"
    );
    assert_eq!((story.count(), story.size()), (0, as_by_day()), "machines wait for the tasks");
    assert!(story.record().starts_with("v1 stopping@2026-11-24T15:02:00Z n=2 min=1"), "{}", story.record());

    story.aws.forget();
    let again = story.rest("POST", STOP, with_machines()).await;
    assert_eq!(again.status, 202, "{}", again.body);
    assert!(story.writes().is_empty(), "the same request again writes nothing");

    story.tick("2026-11-24 12:05").await;
    assert_eq!(story.size(), asleep());
    assert!(story.record().starts_with("v1 off@2026-11-24T15:02:00Z n=2 min=1"), "{}", story.record());
    assert!(story.record().ends_with("by=request"), "{}", story.record());
    story.aws.forget();
    story.ticks("2026-11-24 12:10", "2026-11-25 12:00").await;
    assert!(story.writes().is_empty(), "nothing wakes what was stopped by request");
    let done = story.rest("POST", STOP, with_machines()).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(story.writes().is_empty());

    let back = story.rest("POST", START, with_machines()).await;
    assert_eq!(back.status, 200, "{}", back.body);
    story.becomes_whole().await;
    assert_eq!((story.count(), story.size()), (2, as_by_day()));
}

#[tokio::test(start_paused = true)]
async fn a_start_takes_back_a_stop_that_has_not_come_to_the_machines() {
    let story = Story::on(ec2("2026-11-24 12:02", machines(), api())).await;
    assert_eq!(story.rest("POST", STOP, with_machines()).await.status, 202);
    assert_eq!(story.rest("POST", START, with_machines()).await.status, 200);
    assert!(story.record().starts_with("v1 starting@"), "{}", story.record());
    story.ticks("2026-11-24 12:05", "2026-11-24 13:00").await;
    assert_eq!((story.count(), story.size()), (2, as_by_day()));
}

#[tokio::test(start_paused = true)]
async fn without_being_asked_a_stop_leaves_the_machines() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    let report = story.rest("POST", STOP, Value::Null).await;
    assert_eq!(report.status, 200, "{}", report.body);
    assert!(!report.body.contains("autoScalingGroup"));
    story.ticks("2026-11-24 12:05", "2026-11-24 13:00").await;
    assert_eq!((story.count(), story.size()), (0, as_by_day()));
}

#[tokio::test(start_paused = true)]
async fn a_stop_with_machines_is_a_403_where_no_reconcile_would_finish_it() {
    for environment in [[("MODE", "observe")], [("CLUSTERS", "dev-*")], [("RECONCILE", "false")]] {
        let aws = Aws::new(ec2("2026-11-24 12:00", machines(), api()));
        let story = Story::at(aws, &environment).await;
        let refused = story.rest("POST", STOP, with_machines()).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (403, &json!("notSwitchedOn")),
            "{environment:?}"
        );
        assert!(story.writes().is_empty());
        assert_eq!(story.rest("POST", START, with_machines()).await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn machines_go_with_a_whole_cluster_only() {
    let story = Story::on(ec2("2026-11-24 12:00", machines(), api())).await;
    for (path, body) in [
        (STOP, json!({"capacity": true, "services": ["api"]})),
        ("/clusters/ec2/services/api/stop", with_machines()),
        ("/clusters/ec2/reconcile", with_machines()),
    ] {
        let refused = story.rest("POST", path, body).await;
        assert_eq!(refused.status, 400, "{path}: {}", refused.body);
    }
    assert!(story.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn machines_that_ecs_sizes_are_left_to_it_unless_forced() {
    let mut world = ec2("2026-11-24 12:00", machines(), api());
    world.capacity_provider(ProviderSeed::new("provider", "machines").managed_scaling(100).cluster("ec2"));
    let story = Story::on(world).await;
    let left = story.rest("POST", STOP, with_machines()).await;
    assert_eq!(left.status, 200, "{}", left.body);
    assert_eq!(item(&left.json(), "machines")["code"], "managedScaling");
    assert_eq!(story.record(), "");
    let forced = story.rest("POST", STOP, json!({"capacity": true, "force": true})).await;
    assert_eq!(forced.status, 202, "{}", forced.body);
    story.ticks("2026-11-24 12:05", "2026-11-24 12:10").await;
    assert_eq!(story.size().1, 0);
    assert_eq!(story.rest("POST", START, with_machines()).await.status, 200);
    story.becomes_whole().await;
    assert_eq!(story.size(), as_by_day());
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_morning_takes_back_what_was_stopped_by_request() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    story.aws.move_to(local("2026-11-24 15:00"));
    assert_eq!(story.rest("POST", STOP, with_machines()).await.status, 202);
    story.ticks("2026-11-24 15:05", "2026-11-24 15:10").await;
    assert_eq!(story.size(), asleep());
    story.ticks("2026-11-24 20:00", "2026-11-24 20:05").await;
    story.tick("2026-11-25 08:00").await;
    story.becomes_whole().await;
    assert_eq!((story.count(), story.size()), (2, as_by_day()));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_of_a_stop_with_machines_writes_nothing() {
    let group = machines().tag("steward:schedule", OFFICE);
    let story = Story::on(ec2("2026-11-24 12:00", group, api())).await;
    let dry = story.rest("POST", STOP, json!({"capacity": true, "dryRun": true})).await;
    assert_eq!((dry.status, &dry.json()["counts"]["changed"]), (200, &json!(2)), "{}", dry.body);
    assert!(story.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn where_no_reconcile_comes_no_schedule_wants_a_service_off() {
    let mut world = office("2026-11-24 12:00");
    world.scalable_target("ec2", "api", TargetSeed::new(1, 4));
    let story = Story::on(world).await;
    story.tick("2026-11-24 12:00").await;
    story.tick("2026-11-24 20:00").await;
    let scale = json!({"desiredCount": 1});
    for (reconciles, on) in [("true", false), ("false", true)] {
        let fork = Story::at(story.aws.fork(), &[("RECONCILE", reconciles)]).await;
        let scaled = fork.rest("PUT", "/clusters/ec2/services/api/scale", scale.clone()).await;
        assert_eq!(scaled.status, 200, "{}", scaled.body);
        assert_eq!(scaled.body.contains("autoscalingSuspended"), !on, "{}", scaled.body);
        let record = fork.aws.with(|world| world.tags("ec2", "api"))["steward:record"].clone();
        assert_eq!((record.starts_with("v1 on@"), record.contains("sched=")), (on, !on), "{record}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_with_machines_promises_only_what_reconcile_will_do() {
    // Its tag names a cluster with which none of its instances is registered.
    let mut world = ec2("2026-11-24 12:00", machines().tag("steward:cluster", "other"), api());
    world.cluster("other");
    let story = Story::on(world).await;
    let answer = story.rest("POST", "/clusters/other/stop", with_machines()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let report = answer.json();
    let left = item(&report, "machines");
    assert_eq!((&left["outcome"], &left["code"]), (&json!("unchanged"), &json!("clusterUnknown")), "{left}");
    assert_eq!(story.record(), "", "nothing is written that no tick would finish");
}

#[tokio::test(start_paused = true)]
async fn a_groups_own_scheduled_actions_that_sleep_with_it_are_named() {
    let mut world = ec2("2026-11-24 12:02", machines(), api());
    let action = json!({
        "AutoScalingGroupName": "machines", "ScheduledActionName": "night-batch", "Recurrence": "0 2 * * *",
        "MinSize": 1, "DesiredCapacity": 1,
    });
    world.call("autoscaling", "PutScheduledUpdateGroupAction", action).unwrap();
    let story = Story::on(world).await;
    let asked = story.rest("POST", STOP, with_machines()).await.json();
    let told = |report: &Value| {
        let warnings = item(report, "machines")["warnings"].clone();
        assert_eq!(warnings[0]["code"], "scheduledActions", "{report}");
        assert!(warnings[0]["detail"].as_str().unwrap().ends_with("night-batch"), "{warnings}");
    };
    told(&asked);
    story.aws.move_to(local("2026-11-24 12:05"));
    told(&story.system.invoke("scale-service", crate::capacity::tick(&story.aws)).await.unwrap());
    // What is read for a warning alone and can't be read costs the warning.
    let story = Story::on(ec2("2026-11-24 12:02", machines(), api())).await;
    story.aws.faults(emulator::Faults::new().on("autoscaling", "DescribeScheduledActions").access_denied());
    let answer = story.rest("POST", STOP, with_machines()).await;
    assert_eq!((answer.status, &answer.json()["warnings"][0]["code"]), (202, &json!("accessDenied")));
}

#[tokio::test(start_paused = true)]
async fn a_group_that_has_just_been_started_is_stopped_again_before_its_instances_are_registered() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    for minute in ["20:00", "20:05", "20:10"] {
        story.tick(&format!("2026-11-24 {minute}")).await;
    }
    assert!(story.record().starts_with("v1 off@"), "{}", story.record());
    story.tick("2026-11-25 08:00").await;
    assert!(story.record().starts_with("v1 starting@"), "{}", story.record());
    story.aws.advance(std::time::Duration::from_secs(20));
    let off = json!({"state": "off", "for": "PT2H"});
    let answer = story.rest("PUT", "/clusters/ec2/override", off).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let group = item(&answer.json(), "machines").clone();
    assert_eq!((&group["outcome"], &group["code"]), (&json!("changed"), &json!(null)), "{group}");
    assert!(story.record().starts_with("v1 off@"), "{}", story.record());
}
