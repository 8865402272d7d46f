//! What a night does to sizes: lost records, workers of queues, scheduled scaling actions.

use emulator::{ServiceSeed, TargetSeed, World};
use serde_json::{Value, json};

use super::{ASLEEP, DAY_SIZE, OFFICE, Story, local};
use crate::fixture::item;

#[tokio::test(start_paused = true)]
async fn a_service_parked_at_0_costs_one_alert_and_comes_up_with_its_size_tag() {
    let mut world = World::new(local("2026-11-24 09:00"));
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("users").desired(0).tag("steward:schedule", OFFICE));
    world.service(
        "prod",
        ServiceSeed::new("sized").desired(0).tag("steward:schedule", OFFICE).tag("steward:size", "n=4"),
    );
    let story = Story::on(world, &[]).await;
    let report = story.tick("2026-11-24 09:00").await;
    let told = item(&report, "users");
    assert_eq!((&told["outcome"], &told["code"]), (&json!("failed"), &json!("noSavedSize")), "{told}");
    let summary = report["summary"].as_str().unwrap();
    assert!(summary.contains("1 failed (users noSavedSize)"), "{summary}");
    assert!(story.record().starts_with("v1 on@2026-11-24T12:00:00Z "), "{}", story.record());
    assert!(story.record().ends_with("by=adoption") && !story.record().contains("n="), "{}", story.record());
    for at in ["2026-11-24 09:05", "2026-11-24 20:00", "2026-11-25 08:00", "2026-11-25 08:05"] {
        let report = story.tick(at).await;
        let quiet = item(&report, "users");
        assert_eq!((&quiet["outcome"], &quiet["code"]), (&json!("skipped"), &json!("noSavedSize")), "{at}");
    }
    assert_eq!(story.aws.with(|world| world.desired_count("prod", "sized")), 4);
}

#[tokio::test(start_paused = true)]
async fn a_queue_worker_with_nothing_to_do_at_20_sleeps_until_the_morning_whatever_comes_into_its_queue() {
    let mut world = World::new(local("2026-11-24 09:00"));
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("users").desired(0).tag("steward:schedule", OFFICE));
    world.scalable_target("prod", "users", TargetSeed::new(0, 9).tracking());
    let story = Story::on(world, &[]).await;
    let report = story.tick("2026-11-24 09:00").await;
    assert_eq!(item(&report, "users")["outcome"], "changed", "{report}");
    let evening = story.tick("2026-11-24 20:00").await;
    assert_eq!(item(&evening, "users")["outcome"], "changed", "{evening}");
    assert_eq!(story.size(), (0, Some((0, [true; 3]))));
    assert!(story.record().contains(" min=0 susp=--- "), "{}", story.record());
    // At 22:00 work comes into its queue.
    story.aws.move_to(local("2026-11-24 22:00"));
    story.aws.with(|world| {
        world.load("prod", "users", 5);
    });
    story.tick("2026-11-25 02:00").await;
    assert_eq!(story.size().0, 0, "its autoscaling sleeps");
    let morning = story.tick("2026-11-25 08:00").await;
    assert_eq!(
        (&morning["counts"]["changed"], &morning["counts"]["failed"]),
        (&json!(1), &json!(0)),
        "{morning}"
    );
    assert_eq!(story.size(), (0, Some((0, [false; 3]))));
    assert!(story.record().starts_with("v1 on@2026-11-25T11:00:00Z min=0 susp=---"), "{}", story.record());
    story.tick("2026-11-25 08:30").await;
    assert_eq!(story.size().0, 5, "and by day it says the count");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_removed_at_night_is_told_at_the_next_tick_and_not_in_the_morning() {
    let story = Story::tagged("2026-11-24 12:00").await;
    story.tick("2026-11-24 12:00").await;
    story.tick("2026-11-24 20:00").await;
    assert_eq!(story.size(), ASLEEP);
    story.untag("2026-11-25 02:00", "steward:record");
    let told = story.tick("2026-11-25 02:05").await;
    let lost = item(&told, "users");
    assert_eq!((&lost["outcome"], &lost["code"]), (&json!("failed"), &json!("noSavedSize")), "{told}");
    assert_eq!((&told["ok"], &lost["warnings"][0]["code"]), (&json!(false), &json!("orphanedSuspension")));
    let reason = lost["reason"].as_str().unwrap();
    for remedy in ["scale it to a count", "steward:size", "tag it steward:schedule with none", "aws logs"] {
        assert!(reason.contains(remedy), "{reason}");
    }
    let quiet = story.tick("2026-11-25 02:10").await;
    assert_eq!((&quiet["ok"], &item(&quiet, "users")["outcome"]), (&json!(true), &json!("skipped")));
    assert_eq!(item(&quiet, "users")["warnings"][0]["code"], "orphanedSuspension", "until it is mended");
    // A person raises it: our own sleep is not what it had, and the next night does not save it.
    story.by_hand("2026-11-25 07:00", 2);
    story.tick("2026-11-25 08:00").await;
    story.tick("2026-11-25 20:00").await;
    assert!(story.record().contains(" n=2 sched="), "{}", story.record());
    // Infrastructure-as-code says what it should have: that wins.
    let story = Story::tagged("2026-11-24 12:00").await;
    story.tag("2026-11-24 12:00", "steward:size", "n=3 min=2 susp=i--");
    story.tick("2026-11-24 12:00").await;
    story.tick("2026-11-24 20:00").await;
    story.untag("2026-11-25 02:00", "steward:record");
    story.by_hand("2026-11-25 02:01", 2);
    story.tick("2026-11-25 02:05").await;
    assert!(story.record().contains(" n=2 min=2 susp=i-- "), "{}", story.record());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_lost_at_night_comes_back_whole_from_the_size_tag() {
    let half = (3, ASLEEP.1);
    for (size, by_day, warned) in [("n=3 min=2 susp=i--", DAY_SIZE, ""), ("n=3", half, "orphanedSuspension")]
    {
        // Over a weekend, on which its off is said again.
        let story = Story::tagged("2026-11-27 12:00").await;
        story.tag("2026-11-27 12:00", "steward:size", size);
        story.tick("2026-11-27 12:00").await;
        story.tick("2026-11-27 20:00").await;
        assert_eq!(story.size(), ASLEEP);
        story.untag("2026-11-27 23:00", "steward:record");
        let report = story.tick("2026-11-27 23:05").await;
        assert_eq!(item(&report, "users")["warnings"][0]["code"], "orphanedSuspension", "{report}");
        story.tick("2026-11-28 20:00").await;
        assert!(story.record().starts_with("v1 off@2026-11-28T23:00:00Z n=3"), "{}", story.record());
        let report = story.tick("2026-11-30 08:00").await;
        assert_eq!(story.size(), by_day, "{size}: with its autoscaling, where the tag says it");
        let code = &item(&report, "users")["warnings"][0]["code"];
        assert_eq!(code.as_str().unwrap_or_default(), warned, "{report}");
    }
}

fn put_action(world: &mut World, name: &str, schedule: &str, bounds: &Value) {
    let action = json!({
        "ServiceNamespace": "ecs", "ResourceId": "service/prod/users",
        "ScalableDimension": "ecs:service:DesiredCount", "ScheduledActionName": name,
        "Schedule": schedule, "Timezone": "America/Sao_Paulo", "ScalableTargetAction": bounds,
    });
    world.call("application-autoscaling", "PutScheduledAction", action).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_scaling_action_that_came_due_at_night_is_made_up_for_at_the_start() {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("users").desired(4).tag("steward:schedule", OFFICE));
    world.scalable_target("prod", "users", TargetSeed::new(4, 6));
    put_action(&mut world, "day", "cron(0 7 * * ? *)", &json!({"MinCapacity": 4}));
    put_action(&mut world, "evening", "cron(0 19 * * ? *)", &json!({"MinCapacity": 1}));
    let story = Story::on(world, &[]).await;
    story.tick("2026-11-24 12:00").await;
    for day in ["2026-11-24", "2026-11-25", "2026-11-26"] {
        story.tick(&format!("{day} 19:30")).await;
        assert_eq!(story.size().1, Some((1, [false; 3])), "{day}: the evening's own");
        story.tick(&format!("{day} 20:00")).await;
        assert_eq!(story.size(), (0, Some((0, [true; 3]))));
        let next = format!("{}{}", &day[..8], day[8..].parse::<u32>().unwrap() + 1);
        let report = story.tick(&format!("{next} 08:00")).await;
        let warning = &item(&report, "users")["warnings"][0];
        assert_eq!(warning["code"], "scheduledActions", "{report}");
        let detail = warning["detail"].as_str().unwrap();
        assert!(detail.contains("day of ") && detail.ends_with("its min is 4 in place of 1"), "{detail}");
        story.tick(&format!("{next} 08:05")).await;
        assert_eq!(story.size(), (4, Some((4, [false; 3]))), "{next}: as if it had never slept");
    }
    // Over a weekend, on which its off is said again, Friday's evening and not only Sunday's counts.
    story.aws.with(|world| {
        put_action(world, "day", "cron(0 21 ? * FRI *)", &json!({"MinCapacity": 2, "MaxCapacity": 5}));
        put_action(world, "evening", "cron(0 19 * * ? 2020)", &json!({"MinCapacity": 1}));
    });
    for at in ["2026-11-27 20:00", "2026-11-28 20:00", "2026-11-29 20:00", "2026-11-30 08:00"] {
        story.tick(at).await;
    }
    let target = story.aws.with(|world| world.target("prod", "users")).unwrap();
    assert_eq!((target.min, target.max), (2, 5));
}

#[tokio::test(start_paused = true)]
async fn what_a_person_had_suspended_or_woke_is_not_made_up_for() {
    for wakes in [false, true] {
        let mut world = World::new(local("2026-11-24 12:00"));
        world.cluster("prod");
        world.service("prod", ServiceSeed::new("users").desired(4).tag("steward:schedule", OFFICE));
        world.scalable_target("prod", "users", TargetSeed::new(2, 6).suspended(false, false, !wakes));
        put_action(&mut world, "day", "cron(0 7 * * ? *)", &json!({"MinCapacity": 4}));
        let story = Story::on(world, &[]).await;
        story.tick("2026-11-24 12:00").await;
        story.tick("2026-11-24 20:00").await;
        if wakes {
            // After 07:00: the action was missed, and then everything but scale-in was woken.
            story.aws.move_to(local("2026-11-25 07:30"));
            let state = json!({"DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": true, "ScheduledScalingSuspended": false});
            let woken = json!({"ServiceNamespace": "ecs", "ResourceId": "service/prod/users",
                "ScalableDimension": "ecs:service:DesiredCount", "SuspendedState": state});
            story
                .aws
                .with(|world| world.call("application-autoscaling", "RegisterScalableTarget", woken))
                .unwrap();
        }
        story.tick("2026-11-25 08:00").await;
        story.tick("2026-11-25 08:05").await;
        assert_eq!(story.size().1.unwrap().0, 2, "woken {wakes}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_workers_scalable_target_that_is_removed_at_night_leaves_it_without_a_size_and_that_is_told() {
    let mut world = World::new(local("2026-11-24 09:00"));
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("users").desired(0).tag("steward:schedule", OFFICE));
    world.scalable_target("prod", "users", TargetSeed::new(0, 9).tracking());
    let story = Story::on(world, &[]).await;
    story.tick("2026-11-24 09:00").await;
    story.tick("2026-11-24 20:00").await;
    let record = story.record();
    let input = json!({"ServiceNamespace": "ecs", "ResourceId": "service/prod/users",
        "ScalableDimension": "ecs:service:DesiredCount"});
    story.aws.with(|world| world.call("application-autoscaling", "DeregisterScalableTarget", input)).unwrap();
    // It is foretold by night.
    let agenda = story.asks("2026-11-24 23:00", "GET", "/agenda", Value::Null).await;
    assert!(agenda.to_string().contains("noSavedSize"), "{agenda}");
    let morning = story.tick("2026-11-25 08:00").await;
    let users = item(&morning, "users");
    assert_eq!((&users["outcome"], &users["code"]), (&json!("failed"), &json!("noSavedSize")), "{morning}");
    assert_eq!(story.record(), record, "and the next tick says it again");
}

#[tokio::test(start_paused = true)]
async fn what_an_override_stops_at_noon_does_not_make_up_for_an_action_that_acted_in_the_morning() {
    let mut world = World::new(local("2026-11-24 09:00"));
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("users").desired(2).tag("steward:schedule", OFFICE));
    world.scalable_target("prod", "users", TargetSeed::new(2, 6));
    put_action(&mut world, "day", "cron(0 10 * * ? *)", &json!({"MinCapacity": 4}));
    let story = Story::on(world, &[]).await;
    story.tick("2026-11-24 09:00").await;
    story.tick("2026-11-24 10:05").await;
    assert_eq!(story.size().1, Some((4, [false; 3])), "it acted");
    // A person takes it back, and then it is off for an hour.
    let back = json!({"ServiceNamespace": "ecs", "ResourceId": "service/prod/users",
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 2});
    story.aws.with(|world| world.call("application-autoscaling", "RegisterScalableTarget", back)).unwrap();
    let off = json!({"state": "off", "for": "PT1H"});
    story.asks("2026-11-24 12:00", "PUT", "/services/users/override", off).await;
    assert_eq!(story.size(), ASLEEP);
    story.tick("2026-11-24 13:00").await;
    assert_eq!(story.size().1.unwrap().0, 2);
}

#[tokio::test(start_paused = true)]
async fn with_a_night_size_of_1_one_task_stays_whatever_comes_and_the_morning_is_as_it_was() {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod");
    world.cluster_tag("prod", "steward:night", "1");
    world.service("prod", ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE));
    world.scalable_target("prod", "users", TargetSeed::new(2, 6).tracking());
    let small = ServiceSeed::new("small").desired(1).tag("steward:schedule", OFFICE);
    world.service("prod", small);
    world.service(
        "prod",
        ServiceSeed::new("big").desired(5).tag("steward:schedule", OFFICE).tag("steward:night", "2"),
    );
    let story = Story::on(world, &[]).await;
    let adopted = story.tick("2026-11-24 12:00").await;
    assert_eq!(
        (&adopted["counts"]["changed"], &adopted["counts"]["failed"]),
        (&json!(3), &json!(0)),
        "{adopted}"
    );
    let count = |service: &str| story.aws.with(|world| world.desired_count("prod", service));
    let evening = story.tick("2026-11-24 20:00").await;
    let users = item(&evening, "users");
    assert_eq!(
        (&users["after"]["desiredCount"], &users["after"]["saved"]),
        (&json!(1), &json!(3)),
        "{users}"
    );
    assert!(users["reason"].as_str().unwrap().contains("its night size of 1; comes back with 3"), "{users}");
    assert_eq!(story.size(), (1, Some((1, [true; 3]))));
    assert!(story.record().contains(" n=3 min=2 susp=--- night=1 "), "{}", story.record());
    assert_eq!((count("small"), count("big")), (1, 2));
    // Its autoscaling sleeps, whatever the load.
    story.aws.move_to(local("2026-11-24 22:00"));
    story.aws.with(|world| {
        world.load("prod", "users", 5);
    });
    let quiet = story.tick("2026-11-24 23:00").await;
    assert_eq!(story.size().0, 1, "{quiet}");
    assert_eq!(quiet["counts"]["changed"], 0, "{quiet}");
    let shown = story.rest("2026-11-24 23:00", "GET", "/services/users", Value::Null).await.json();
    let steward = &shown["services"][0]["steward"];
    assert_eq!(
        (&steward["night"], &steward["why"], &steward["next"]["to"]),
        (&json!(1), &json!("schedule"), &json!("on"))
    );
    let morning = story.tick("2026-11-25 08:00").await;
    assert_eq!(morning["counts"]["failed"], 0, "{morning}");
    assert_eq!((story.size().0, count("small"), count("big")), (3, 1, 5));
    story.tick("2026-11-25 08:05").await;
    assert_eq!(story.size().1, Some((2, [false; 3])));
    assert!(!story.record().contains("night="), "{}", story.record());
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_the_night_size_by_night_is_seen_and_never_starts_anything() {
    let users =
        ServiceSeed::new("users").desired(4).tag("steward:schedule", OFFICE).tag("steward:night", "2");
    let story = Story::with("2026-11-24 12:00", &[], users).await;
    story.tick("2026-11-24 12:00").await;
    story.tick("2026-11-24 20:00").await;
    assert_eq!(story.count(), 2);
    for (at, night, count) in [
        ("2026-11-24 21:00", "3", 2),
        ("2026-11-24 22:00", "1", 1),
        ("2026-11-24 23:00", "0", 0),
        ("2026-11-25 00:00", "2", 0),
    ] {
        story.tag(at, "steward:night", night);
        let report = story.tick(at).await;
        assert_eq!((story.count(), &report["counts"]["failed"]), (count, &json!(0)), "{night}: {report}");
        assert_eq!(story.tick(at).await["counts"]["changed"], 0, "once: {night}");
        let said = if night == "0" { String::new() } else { format!(" night={night} ") };
        assert!(story.record().contains(&said), "{}", story.record());
    }
    story.tag("2026-11-25 01:00", "steward:night", "few");
    let report = story.tick("2026-11-25 01:00").await;
    assert_eq!(item(&report, "users")["code"], "scheduleUnreadable", "{report}");
    let stop = json!({"action": "stop", "cluster": "prod", "service": "users"});
    assert_eq!(
        story.system.invoke("scale-service", stop).await.unwrap_err().code.to_string(),
        "scheduleUnreadable"
    );
    story.untag("2026-11-25 02:00", "steward:night");
    story.tick("2026-11-25 02:00").await;
    story.tick("2026-11-25 08:00").await;
    assert_eq!(story.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_people_do_by_night_to_a_night_size_is_temporary_and_a_lost_record_is_told() {
    let users =
        ServiceSeed::new("users").desired(4).tag("steward:schedule", OFFICE).tag("steward:night", "1");
    let story = Story::with("2026-11-24 12:00", &[], users).await;
    story.tick("2026-11-24 12:00").await;
    story.tick("2026-11-24 20:00").await;
    story.by_hand("2026-11-24 21:00", 3);
    story.tick("2026-11-24 21:05").await;
    assert_eq!(story.count(), 3, "until the next transition");
    let stopped = story.asks("2026-11-24 22:00", "POST", "/services/users/stop", json!({})).await;
    assert_eq!((story.count(), &stopped["counts"]["changed"]), (1, &json!(1)), "{stopped}");
    story.tick("2026-11-25 08:00").await;
    assert_eq!(story.count(), 4);
    story.tick("2026-11-25 08:05").await;
    // By day somebody parks it at its night size: the evening does not take that for its size.
    story.by_hand("2026-11-25 12:00", 1);
    story.tick("2026-11-25 20:00").await;
    assert!(story.record().contains(" n=4 min=2 susp=i-- night=1 "), "{}", story.record());
    story.untag("2026-11-26 02:00", "steward:record");
    let told = story.tick("2026-11-26 02:05").await;
    let lost = item(&told, "users");
    assert_eq!((&lost["outcome"], &lost["code"]), (&json!("failed"), &json!("noSavedSize")), "{told}");
    let quiet = story.tick("2026-11-26 02:10").await;
    assert_eq!(item(&quiet, "users")["outcome"], "skipped", "{quiet}");
}
