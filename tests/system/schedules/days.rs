//! Days, nights and weekends by schedule, and what people do in them.

use emulator::{ServiceSeed, TargetSeed, World};
use serde_json::{Value, json};

use super::{ASLEEP, DAY_SIZE, OFFICE, Story, local};
use crate::fixture::item;

#[tokio::test(start_paused = true)]
async fn a_day_a_night_and_a_weekend_by_schedule() {
    let story = Story::tagged("2026-11-24 09:00").await;
    let adopted = story.tick("2026-11-24 09:00").await;
    assert_eq!(item(&adopted, "users")["after"]["adopted"], true, "{adopted}");
    assert!(
        story.record().starts_with("v1 on@2026-11-24T12:00:00Z n=3 min=2 susp=i-- sched="),
        "{}",
        story.record()
    );
    for (at, size) in [
        ("2026-11-24 19:55", DAY_SIZE),
        ("2026-11-24 20:00", ASLEEP),
        ("2026-11-25 07:55", ASLEEP),
        ("2026-11-25 08:00", DAY_SIZE),
        ("2026-11-27 20:00", ASLEEP),
        ("2026-11-28 12:00", ASLEEP),
        ("2026-11-29 23:55", ASLEEP),
        ("2026-11-30 08:00", DAY_SIZE),
    ] {
        story.tick(at).await;
        assert_eq!(story.size(), size, "{at}: {}", story.record());
        story.aws.forget();
        story.tick(at).await;
        assert!(story.aws.writes().is_empty(), "{at}: the same tick again writes nothing");
    }
    let report = story.tick("2026-11-30 08:05").await;
    let reason = item(&report, "users")["reason"].as_str().unwrap();
    for words in [
        "inside Mon-Fri 08:00-20:00 America/Sao_Paulo",
        "until 2026-11-30T20:00:00-03:00",
        "since 2026-11-30T08:00:00-03:00",
    ] {
        assert!(reason.contains(words), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn tagged_at_noon_untagged_at_23_tagged_again() {
    let story = Story::begins("2026-11-24 11:00").await;
    let nothing = story.tick("2026-11-24 11:00").await;
    assert_eq!(nothing["items"], json!([]), "what has no schedule is not touched, nor told of");
    story.tag("2026-11-24 12:00", "steward:schedule", "Mon-Fri 14:00-20:00 America/Sao_Paulo");
    story.tick("2026-11-24 12:00").await;
    assert_eq!(story.size(), DAY_SIZE, "wanted off at noon, and left on until the next transition");
    story.tick("2026-11-24 14:00").await;
    assert_eq!(story.size(), DAY_SIZE);
    story.tick("2026-11-24 20:00").await;
    assert_eq!(story.size(), ASLEEP);
    story.untag("2026-11-24 23:00", "steward:schedule");
    story.tick("2026-11-24 23:00").await;
    assert_eq!(story.size(), DAY_SIZE, "what is off by schedule is started when no schedule is in force");
    assert!(!story.record().contains("sched="), "{}", story.record());
    story.tick("2026-11-24 23:05").await;
    story.tag("2026-11-24 23:30", "steward:schedule", OFFICE);
    story.tick("2026-11-24 23:30").await;
    assert_eq!(story.size(), DAY_SIZE, "adopted as it is");
    story.tick("2026-11-25 20:00").await;
    assert_eq!(story.size(), ASLEEP);
}

#[tokio::test(start_paused = true)]
async fn created_at_22_it_runs_until_the_next_evening() {
    let story = Story::tagged("2026-11-24 22:00").await;
    story.tick("2026-11-24 22:00").await;
    assert_eq!(story.size(), DAY_SIZE);
    let report = story.tick("2026-11-24 22:05").await;
    assert!(
        report["summary"].as_str().unwrap().contains("1 on outside their schedule"),
        "{}",
        report["summary"]
    );
    story.tick("2026-11-25 08:00").await;
    assert_eq!(story.size(), DAY_SIZE);
    story.tick("2026-11-25 20:00").await;
    assert_eq!(story.size(), ASLEEP);
}

#[tokio::test(start_paused = true)]
async fn a_stop_by_request_at_noon_with_the_evening_and_morning_after_it() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.asks("2026-11-24 12:00", "POST", "/services/users/stop", Value::Null).await;
    story.tick("2026-11-24 12:05").await;
    assert_eq!(story.size(), ASLEEP, "what was asked for stays");
    story.tick("2026-11-24 20:00").await;
    assert_eq!(story.size(), ASLEEP);
    assert!(
        story.record().starts_with("v1 off@2026-11-24T23:00:00Z n=3 "),
        "t alone is renewed: {}",
        story.record()
    );
    story.tick("2026-11-25 08:00").await;
    assert_eq!(story.size(), DAY_SIZE);
}

#[tokio::test(start_paused = true)]
async fn a_stop_by_request_that_was_killed_halfway_is_finished_by_the_next_tick() {
    for k in 0..4 {
        let story = Story::tagged("2026-11-24 09:00").await;
        story.tick("2026-11-24 09:00").await;
        // The service, its cluster, its target and its scheduled actions; the first two again.
        let reads = 6;
        let killed = story.aws.kill_at(reads + k, emulator::Moment::After);
        tokio::select! {
            () = killed.wait() => {}
            _ = story.rest("2026-11-24 12:00", "POST", "/services/users/stop", Value::Null) => panic!("not killed at {k}"),
        }
        drop(killed);
        story.tick("2026-11-24 12:05").await;
        assert_eq!(story.size(), ASLEEP, "killed after write {k}");
        assert!(story.record().contains(" by=request"), "{}", story.record());
        story.tick("2026-11-25 08:00").await;
        assert_eq!(story.size(), DAY_SIZE);
    }
}

#[tokio::test(start_paused = true)]
async fn to_0_by_hand_at_noon_stays_so_until_the_morning() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.by_hand("2026-11-24 12:00", 0);
    story.tick("2026-11-24 12:05").await;
    assert_eq!(story.count(), 0, "what people did stays");
    story.tick("2026-11-24 20:00").await;
    assert_eq!(story.size(), ASLEEP);
    story.tick("2026-11-25 08:00").await;
    assert_eq!(story.size(), DAY_SIZE, "with the size that adoption saw");
}

#[tokio::test(start_paused = true)]
async fn raised_on_friday_at_21_and_again_on_saturday_at_21_a_pipeline_does_not_buy_a_weekend() {
    let story = Story::tagged("2026-11-27 09:00").await;
    story.tick("2026-11-27 09:00").await;
    story.tick("2026-11-27 20:00").await;
    story.by_hand("2026-11-27 21:00", 1);
    story.tick("2026-11-27 21:05").await;
    assert_eq!(story.count(), 1, "until the next transition, or a day after the last");
    story.tick("2026-11-28 20:00").await;
    assert_eq!(story.size(), ASLEEP, "24 h after the evening");
    story.by_hand("2026-11-28 21:00", 1);
    story.tick("2026-11-29 19:55").await;
    assert_eq!(story.count(), 1);
    story.tick("2026-11-29 20:00").await;
    assert_eq!(story.size(), ASLEEP);
    story.tick("2026-11-30 08:00").await;
    assert_eq!(story.size(), DAY_SIZE);
}

#[tokio::test(start_paused = true)]
async fn steward_down_from_19_to_09_and_from_07_to_21() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.tick("2026-11-25 09:00").await;
    assert_eq!(story.size(), DAY_SIZE, "a night missed whole needs nothing");
    story.tick("2026-11-25 20:00").await;
    assert_eq!(story.size(), ASLEEP);
    story.tick("2026-11-26 21:00").await;
    assert_eq!(story.size(), ASLEEP, "a day missed whole needs nothing either");
    story.tick("2026-11-27 11:00").await;
    assert_eq!(story.size(), DAY_SIZE, "a missed transition is made good at the next tick");
}

#[tokio::test(start_paused = true)]
async fn a_lead_of_ten_minutes_with_a_stop_at_0755() {
    let users = ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE);
    let story = Story::with("2026-11-24 09:00", &[("WAKE_LEAD", "PT10M")], users).await;
    story.tick("2026-11-24 09:00").await;
    story.tick("2026-11-24 20:00").await;
    story.tick("2026-11-25 07:50").await;
    assert_eq!(story.size(), DAY_SIZE, "up on time");
    story.asks("2026-11-25 07:55", "POST", "/services/users/stop", Value::Null).await;
    for at in ["2026-11-25 08:00", "2026-11-25 12:00"] {
        story.tick(at).await;
        assert_eq!(story.size(), ASLEEP, "{at}: asked for after the transition, it stays");
    }
}

#[tokio::test(start_paused = true)]
async fn the_schedule_edited_at_22_to_always_and_its_morning_moved() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.tick("2026-11-24 20:00").await;
    story.tag("2026-11-24 22:00", "steward:schedule", "always");
    story.tick("2026-11-24 22:00").await;
    assert_eq!(story.size(), DAY_SIZE);
    story.tick("2026-11-25 20:00").await;
    assert_eq!(story.size(), DAY_SIZE);

    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.tick("2026-11-24 20:00").await;
    story.tag("2026-11-24 22:00", "steward:schedule", "Mon-Fri 06:00-20:00 America/Sao_Paulo");
    story.tick("2026-11-24 22:05").await;
    assert_eq!(story.size(), ASLEEP);
    story.tick("2026-11-25 06:00").await;
    assert_eq!(story.size(), DAY_SIZE);
}

#[tokio::test(start_paused = true)]
async fn never_and_a_person_each_day() {
    let users = ServiceSeed::new("users").desired(3).tag("steward:schedule", "never");
    let story =
        Story::with("2026-11-24 09:00", &[("SCHEDULES", r#"{"zone":"America/Sao_Paulo"}"#)], users).await;
    story.tick("2026-11-24 09:00").await;
    assert_eq!(story.size(), DAY_SIZE, "adopted as it is");
    story.tick("2026-11-25 00:00").await;
    assert_eq!(story.size(), ASLEEP, "each midnight is its transition");
    story.by_hand("2026-11-25 09:00", 2);
    story.tick("2026-11-25 18:00").await;
    assert_eq!(story.count(), 2);
    story.tick("2026-11-26 00:00").await;
    assert_eq!(story.size(), ASLEEP);
}

#[tokio::test(start_paused = true)]
async fn stop_only_with_a_person_each_morning() {
    let users =
        ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE).tag("steward:half", "stop-only");
    let story = Story::with("2026-11-24 09:00", &[], users).await;
    story.tick("2026-11-24 09:00").await;
    story.tick("2026-11-24 20:00").await;
    story.tick("2026-11-25 08:00").await;
    assert_eq!(story.size(), ASLEEP, "its starts are people's");
    story.by_hand("2026-11-25 08:30", 1);
    story.tick("2026-11-25 08:35").await;
    assert_eq!(
        story.size(),
        (2, Some((2, [true, false, false]))),
        "its target is handed back, whose min is 2"
    );
    assert!(story.record().starts_with("v1 on@"), "{}", story.record());
    story.tick("2026-11-25 20:00").await;
    assert_eq!(story.size(), ASLEEP);
}

#[tokio::test(start_paused = true)]
async fn stop_only_with_a_person_who_wakes_the_autoscaling_of_a_night_size() {
    let users = ServiceSeed::new("users")
        .desired(3)
        .tag("steward:schedule", OFFICE)
        .tag("steward:half", "stop-only")
        .tag("steward:night", "2");
    let story = Story::with("2026-11-24 09:00", &[], users).await;
    story.tick("2026-11-24 09:00").await;
    story.tick("2026-11-24 20:00").await;
    story.tick("2026-11-25 08:00").await;
    assert_eq!(story.size(), (2, Some((2, [true; 3]))), "its starts are people's");
    story.aws.move_to(local("2026-11-25 08:30"));
    let woken = json!({
        "ServiceNamespace": "ecs", "ResourceId": "service/prod/users", "ScalableDimension": "ecs:service:DesiredCount",
        "SuspendedState": {"DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false},
    });
    story.aws.with(|world| world.call("application-autoscaling", "RegisterScalableTarget", woken)).unwrap();
    let tick = story.tick("2026-11-25 08:35").await;
    assert!(story.record().starts_with("v1 on@"), "{}, {tick}", story.record());
    assert_eq!(story.size(), (2, Some((2, [true, false, false]))), "its count is theirs");
    story.tick("2026-11-25 20:00").await;
    assert_eq!(story.size(), (2, Some((2, [true; 3]))));
}

#[tokio::test(start_paused = true)]
async fn enforce_with_a_person_at_noon_and_at_night() {
    let users =
        ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE).tag("steward:drift", "enforce");
    let story = Story::with("2026-11-24 09:00", &[], users).await;
    story.tick("2026-11-24 09:00").await;
    story.by_hand("2026-11-24 12:00", 0);
    story.tick("2026-11-24 12:05").await;
    assert_eq!(story.size(), DAY_SIZE);
    story.tick("2026-11-24 20:00").await;
    story.by_hand("2026-11-24 23:00", 2);
    story.tick("2026-11-24 23:05").await;
    assert_eq!(story.size(), ASLEEP);
    story.tick("2026-11-25 08:00").await;
    assert_eq!(story.size(), DAY_SIZE);
}

#[tokio::test(start_paused = true)]
async fn a_bad_schedule_fails_with_its_place_is_not_touched_and_does_not_stop_the_others() {
    let mut world = World::new(local("2026-11-24 09:00"));
    world.cluster("prod");
    world.service(
        "prod",
        ServiceSeed::new("bad").desired(2).tag("steward:schedule", "Mon-Fri 08:00-25:00 UTC"),
    );
    world.service(
        "prod",
        ServiceSeed::new("scribbled")
            .desired(2)
            .tag("steward:schedule", OFFICE)
            .tag("steward:record", "asleep"),
    );
    world.service("prod", ServiceSeed::new("users").desired(2).tag("steward:schedule", OFFICE));
    let story = Story::on(world, &[]).await;
    story.tick("2026-11-24 09:00").await;
    let report = story.tick("2026-11-24 20:00").await;
    let bad = item(&report, "bad");
    assert_eq!((&bad["outcome"], &bad["code"]), (&json!("failed"), &json!("scheduleUnreadable")), "{bad}");
    assert!(bad["reason"].as_str().unwrap().contains("character"), "{bad}");
    assert_eq!(item(&report, "scribbled")["code"], "recordUnreadable");
    assert_eq!(story.count(), 0);
    assert_eq!(
        story
            .aws
            .with(|world| (world.desired_count("prod", "bad"), world.desired_count("prod", "scribbled"))),
        (2, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn four_hundred_tagged_at_noon_none_is_stopped_at_noon_all_at_the_next_transition() {
    let mut world = World::new(local("2026-11-24 12:00"));
    for cluster in ["one", "two"] {
        world.cluster(cluster);
        for n in 0..200 {
            let name = format!("s{n:03}");
            world.service(
                cluster,
                ServiceSeed::new(&name).tag("steward:schedule", "Mon-Fri 14:00-20:00 America/Sao_Paulo"),
            );
        }
    }
    let story = Story::on(world, &[]).await;
    let noon = story.tick("2026-11-24 12:00").await;
    assert_eq!(noon["counts"]["changed"], 400, "adopted");
    let running = |world: &mut World| {
        let all = ["one", "two"].into_iter().flat_map(|c| (0..200).map(move |n| (c, format!("s{n:03}"))));
        all.filter(|(cluster, name)| world.desired_count(cluster, name) > 0).count()
    };
    assert_eq!(story.aws.with(running), 400);
    story.tick("2026-11-24 14:00").await;
    assert_eq!(story.aws.with(running), 400);
    let evening = story.tick("2026-11-24 20:00").await;
    assert_eq!(story.aws.with(running), 0, "{}", evening["summary"]);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_tick_over_a_thousand_services_makes_123_calls_and_no_write() {
    let mut world = World::new(local("2026-11-24 12:00"));
    for cluster in 0..20 {
        let cluster = format!("c{cluster:02}");
        world.cluster(&cluster);
        world.cluster_tag(&cluster, "steward:schedule", OFFICE);
        for n in 0..50 {
            let name = format!("s{n:02}");
            world.service(&cluster, ServiceSeed::new(&name).desired(2));
            if n % 10 == 0 {
                world.scalable_target(&cluster, &name, TargetSeed::new(1, 6));
            }
        }
    }
    let story = Story::on(world, &[]).await;
    let adopted = story.tick("2026-11-24 12:00").await;
    assert_eq!(adopted["counts"]["changed"], 1_000);
    story.aws.forget();
    let quiet = story.tick("2026-11-24 13:00").await;
    assert_eq!(quiet["counts"]["unchanged"], 1_000, "{}", quiet["summary"]);
    assert!(story.aws.writes().is_empty());
    assert_eq!(story.aws.ledger().len(), 123, "one of them for the groups");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_of_a_reconcile_takes_an_instant() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.aws.forget();
    let body = json!({"dryRun": true, "at": "2026-11-24T23:00:00Z"});
    let report = story.asks("2026-11-24 12:00", "POST", "/reconcile", body).await;
    assert_eq!(item(&report, "users")["after"]["desiredCount"], 0, "{report}");
    assert!(story.aws.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deployment_defers_the_evening_for_two_hours_and_no_longer() {
    let users = ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE).deploying();
    let story = Story::with("2026-11-24 09:00", &[], users).await;
    story.tick("2026-11-24 09:00").await;
    let report = story.tick("2026-11-24 20:00").await;
    assert_eq!(item(&report, "users")["code"], "deploying", "{report}");
    story.tick("2026-11-24 21:55").await;
    assert_eq!(story.count(), 3);
    let report = story.tick("2026-11-24 22:00").await;
    assert_eq!(item(&report, "users")["warnings"][0]["code"], "deploying", "{report}");
    assert_eq!(story.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_holiday_is_a_day_off_and_a_named_schedule_comes_from_the_config() {
    let catalog = r#"{"zone":"America/Sao_Paulo","schedules":{"office-hours":"Mon-Fri 08:00-20:00"},"holidays":["2026-11-25"]}"#;
    let users = ServiceSeed::new("users").desired(3).tag("steward:schedule", "office-hours");
    let story = Story::with("2026-11-24 09:00", &[("SCHEDULES", catalog)], users).await;
    story.tick("2026-11-24 09:00").await;
    for (at, size) in [
        ("2026-11-24 20:00", ASLEEP),
        ("2026-11-25 08:00", ASLEEP),
        ("2026-11-25 12:00", ASLEEP),
        ("2026-11-26 08:00", DAY_SIZE),
    ] {
        story.tick(at).await;
        assert_eq!(story.size(), size, "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_up_a_quarter_of_an_hour_after_its_morning_is_late_to_wake() {
    let mut world = World::new(local("2026-11-24 09:00"));
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE));
    let story = Story::on(world, &[]).await;
    story.tick("2026-11-24 09:00").await;
    story.tick("2026-11-24 20:00").await;
    story.aws.with(|world| {
        world.cannot_start("prod", "users", Some("CannotPullContainerError: not found"));
    });
    story.tick("2026-11-25 08:00").await;
    let early = story.tick("2026-11-25 08:10").await;
    assert_eq!(item(&early, "users")["warnings"], json!([]), "{early}");
    let late = story.tick("2026-11-25 08:15").await;
    assert_eq!(item(&late, "users")["warnings"][0]["code"], "lateToWake", "{late}");
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_runs_long_ends_itself_half_a_minute_before_the_next() {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod");
    world.cluster_tag("prod", "steward:schedule", OFFICE);
    world.service("prod", ServiceSeed::new("users"));
    for n in 0..1_500 {
        world.service("prod", ServiceSeed::new(&format!("s{n:04}")));
    }
    let story = Story::on(world, &[]).await;
    story.tick("2026-11-24 12:00").await;
    for at in ["2026-11-24 12:05", "2026-11-24 12:10"] {
        story.tick(at).await;
    }
    let begun = local("2026-11-24 20:00");
    let report = story.tick("2026-11-24 20:00").await;
    let took = story.aws.now().duration_since(begun).as_secs();
    assert!((265..=285).contains(&took), "{took} s");
    assert_eq!(report["complete"], false);
    for at in ["2026-11-24 20:05", "2026-11-24 20:10"] {
        story.tick(at).await;
    }
    assert_eq!(story.count(), 0);
    assert_eq!(story.tick("2026-11-24 20:15").await["counts"]["unchanged"], 1_501);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_a_deployment_as_long_as_it_is_told_to_and_says_what_it_does_to_one() {
    for (wait, waits_at, goes_at) in [
        ("PT2H", "2026-11-24 21:55", "2026-11-24 22:00"),
        ("PT0S", "2026-11-24 19:55", "2026-11-24 20:00"),
        ("P1D", "2026-11-25 07:55", ""),
    ] {
        let users = ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE).deploying();
        let story = Story::with("2026-11-24 12:00", &[("DEPLOYING_WAIT", wait)], users).await;
        story.tick("2026-11-24 12:00").await;
        story.tick(waits_at).await;
        assert_eq!(story.size(), DAY_SIZE, "{wait}: at {waits_at}");
        if goes_at.is_empty() {
            continue;
        }
        let report = story.tick(goes_at).await;
        assert_eq!(story.size(), ASLEEP, "{wait}: at {goes_at}");
        let warning = &item(&report, "users")["warnings"][0];
        assert_eq!(warning["code"], "deploying", "{report}");
        assert!(warning["detail"].as_str().unwrap().contains("new revision alone"), "{warning}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_whose_tags_cannot_be_read_is_one_failed_item_and_nothing_in_it_is_touched() {
    let story = Story::tagged("2026-11-24 12:00").await;
    story.tick("2026-11-24 12:00").await;
    story.tick("2026-11-24 20:00").await;
    story.aws.faults(emulator::Faults::new().on("ecs", "DescribeClusters").access_denied());
    story.aws.forget();
    let one = json!({"action": "reconcile", "cluster": "prod"});
    story.aws.move_to(local("2026-11-25 08:00"));
    let problem = story.system.invoke("scale-service", one.clone()).await.unwrap_err();
    assert_eq!(problem.code, shared::Code::AccessDenied);
    assert_eq!((story.size(), story.aws.writes().len()), (ASLEEP, 0));
    // It is in the list, and AWS says that it is missing.
    story.aws.faults(emulator::Faults::new().on("ecs", "DescribeClusters").all_missing());
    let problem = story.system.invoke("scale-service", one).await.unwrap_err();
    assert!(problem.to_string().contains("the tags of cluster prod can't be read"), "{problem}");
    assert_eq!((story.size(), story.aws.writes().len()), (ASLEEP, 0));
}
