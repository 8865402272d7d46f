//! Days, nights and weekends by schedule, and what people do in them.

use emulator::{Aws, GroupSeed, ServiceSeed, TargetSeed, World};
use local::{System, system::Setup};
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
async fn observe_for_a_week_then_act_at_noon() {
    let users = ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE);
    let story = Story::with("2026-11-23 09:00", &[("MODE", "observe")], users).await;
    for day in 23..=29 {
        for hour in ["08:00", "14:00", "20:00"] {
            let report = story.tick(&format!("2026-11-{day} {hour}")).await;
            assert_eq!(report["dryRun"], true);
        }
    }
    assert!(story.aws.writes().is_empty());
    let acting = Story { system: System::start(Setup::embedded(&story.aws)).await.unwrap(), aws: story.aws };
    acting.tick("2026-11-30 12:00").await;
    assert_eq!(acting.size(), DAY_SIZE, "adopted, and nothing else");
    acting.tick("2026-11-30 20:00").await;
    assert_eq!(acting.size(), ASLEEP);
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
async fn reconcile_reaches_only_what_clusters_names() {
    let users = ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE);
    let story = Story::with("2026-11-24 09:00", &[("CLUSTERS", "dev-*")], users).await;
    let answer = story.rest("2026-11-24 12:00", "POST", "/reconcile", Value::Null).await;
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("notConfigured")));
    assert_eq!(story.tick("2026-11-24 12:00").await["items"], json!([]));
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
async fn in_mode_observe_every_event_of_a_schedule_is_a_dry_run_and_a_persons_request_is_not() {
    let mut world = World::new(local("2026-11-24 09:00"));
    world.cluster("prod").service("prod", ServiceSeed::new("users").desired(3));
    world.group(GroupSeed::new("machines").sizes(1, 2, 4).cluster("prod"));
    let story = Story::on(world, &[("MODE", "observe")]).await;
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/ours";
    for event in [
        json!({"action": "scale", "cluster": "prod", "service": "users", "desiredCount": 1}),
        json!({"action": "scaleGroup", "group": "machines", "desiredCapacity": 3}),
        json!({"action": "stop", "cluster": "prod"}),
        json!({"action": "start", "cluster": "prod", "service": "users"}),
        json!({"action": "reconcile", "clusters": ["*"]}),
    ] {
        let mut scheduled = event.clone();
        scheduled["at"] = json!(story.aws.now().to_string());
        scheduled["schedule"] = json!(schedule);
        let report = story.system.invoke("scale-service", scheduled).await.unwrap();
        assert_eq!(report["dryRun"], true, "{event}: {report}");
        assert!(story.aws.writes().is_empty(), "{event}");
    }
    let asked = json!({"action": "scale", "cluster": "prod", "service": "users", "desiredCount": 1});
    story.system.invoke("scale-service", asked).await.unwrap();
    assert_eq!(story.count(), 1);
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

#[tokio::test(start_paused = true)]
async fn a_scheduled_reconcile_measures_what_sleeps_what_is_at_risk_and_that_it_ran() {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod");
    world.service(
        "prod",
        ServiceSeed::new("users").desired(3).size(512, 1024).tag("steward:schedule", OFFICE),
    );
    world.service("prod", ServiceSeed::new("bad").desired(1).tag("steward:schedule", "whenever"));
    let aws = Aws::new(world);
    let system = |mode: &'static str| {
        let setup = Setup::embedded(&aws).with("MODE", mode);
        async { System::start(setup).await.unwrap() }
    };
    let act = system("act").await;
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
    let measure = async |system: &System, at: &str| {
        aws.move_to(local(at));
        let event = json!({"action": "reconcile", "clusters": ["*"], "at": aws.now().to_string(), "schedule": schedule});
        let (report, metrics) = system.invoke_measured("scale-service", event).await;
        (report.unwrap(), metrics.unwrap())
    };
    let figures = |metrics: &Value, names: &[&str]| -> Vec<Option<f64>> {
        names.iter().map(|name| metrics[*name].as_f64()).collect()
    };
    let asleep = ["AsleepTasks", "AsleepVcpu", "AsleepMemoryGiB"];
    let (_, day) = measure(&act, "2026-11-24 12:00").await;
    assert_eq!(
        figures(&day, &["Reconciled", "Failed", "Faults", "AtRisk", "LateToWake"]),
        [1.0, 0.0, 1.0, 0.0, 0.0].map(Some)
    );
    assert_eq!(figures(&day, &asleep), [0.0; 3].map(Some));
    measure(&act, "2026-11-24 20:00").await;
    let (_, night) = measure(&act, "2026-11-24 20:05").await;
    assert_eq!(figures(&night, &asleep), [3.0, 1.5, 3.0].map(Some));
    // A definition is read once.
    aws.forget();
    measure(&act, "2026-11-24 20:10").await;
    assert!(aws.ledger().iter().all(|call| call.operation != "DescribeTaskDefinition"));

    // Nobody is stranded in silence: where it only observes, what sleeps stays asleep.
    for mode in ["observe", "readonly"] {
        let only_looks = system(mode).await;
        aws.forget();
        let (report, metrics) = measure(&only_looks, "2026-11-25 08:00").await;
        assert_eq!(figures(&metrics, &["Reconciled", "AtRisk"]), [1.0, 1.0].map(Some), "{mode}");
        assert_eq!((&metrics["Changed"], aws.writes().len()), (&Value::Null, 0));
        let users = item(&report, "users");
        assert!(users["warnings"].as_array().unwrap().iter().any(|it| it["code"] == "stranded"), "{users}");
        let summary = report["summary"].as_str().unwrap();
        assert!(summary.contains("1 asleep that nothing wakes here (users)"), "{summary}");
    }
    // A request's own run measures no schedule.
    let by_hand = json!({"action": "reconcile", "cluster": "prod"});
    let (_, metrics) = act.invoke_measured("scale-service", by_hand).await;
    assert_eq!(figures(&metrics.unwrap(), &["Reconciled", "AsleepTasks"]), [None, None]);
}

#[tokio::test(start_paused = true)]
async fn in_readonly_every_change_on_every_carrier_is_refused_and_every_dry_run_answered() {
    let story = Story::on(World::demo(), &[("MODE", "readonly")]).await;
    for (method, path, body) in [
        ("POST", "/v1/clusters/microservices/services/users/stop", json!({})),
        ("PUT", "/v1/clusters/microservices/override", json!({"state": "hold", "for": "PT1H"})),
        ("POST", "/v1/clusters/microservices/reconcile", json!({})),
        ("PUT", "/v1/auto-scaling-groups/ecs-api/scale", json!({"desiredCapacity": 1})),
        ("POST", "/v1/clusters/microservices/tasks", json!({"taskDefinition": "users", "like": "users"})),
        ("POST", "/v1/clusters/microservices/tasks/stop", json!({"family": "users"})),
        ("POST", "/v1/images/prune", json!({"repositories": ["users"], "dryRun": false})),
    ] {
        let sent = |body: &Value| local::Sent {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
        };
        let refused = story.system.request(&sent(&body)).await;
        assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("readOnly")), "{method} {path}");
        let mut dry = body.clone();
        dry["dryRun"] = true.into();
        let told = story.system.request(&sent(&dry)).await;
        assert!(
            told.status == 200 || told.json()["code"] == "notSwitchedOn",
            "{method} {path}: {}",
            told.body
        );
    }
    let direct = json!({"action": "stop", "cluster": "microservices", "service": "users"});
    let refused = story.system.invoke("scale-service", direct).await.unwrap_err();
    assert_eq!(refused.code, shared::Code::ReadOnly);
    assert_eq!(
        story
            .system
            .request(&local::Sent {
                method: "GET".into(),
                path: "/v1/clusters".into(),
                headers: Vec::new(),
                body: Vec::new()
            })
            .await
            .status,
        200
    );
    assert!(story.aws.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_default_schedule_is_that_of_every_service_in_reach_to_which_no_tag_gives_one() {
    let mut world = World::new(local("2026-11-24 12:00"));
    for cluster in ["prod", "tools"] {
        world.cluster(cluster);
        world.service(cluster, ServiceSeed::new("users").desired(3));
    }
    world.service("prod", ServiceSeed::new("always").desired(2).tag("steward:schedule", "always"));
    world.service("prod", ServiceSeed::new("free").desired(2).tag("steward:schedule", "none"));
    world.service("prod", ServiceSeed::new("busy").desired(2).deploying());
    world.service("prod", ServiceSeed::new("parked").desired(0));
    world.service("prod", ServiceSeed::new("agent").desired(1).ec2().daemon());
    world.cluster("quiet").cluster_tag("quiet", "steward:schedule", "none");
    world.service("quiet", ServiceSeed::new("users").desired(1));
    let environment = [("DEFAULT_SCHEDULE", OFFICE), ("CLUSTERS", "prod,quiet")];
    let story = Story::on(world, &environment).await;
    let count = |cluster: &str, service: &str| story.aws.with(|world| world.desired_count(cluster, service));
    let noon = story.tick("2026-11-24 12:00").await;
    assert_eq!(item(&noon, "parked")["code"], "noSavedSize", "told at noon, once: {noon}");
    assert_eq!(count("prod", "users"), 3, "adopted, and nothing stops at noon");
    for at in ["2026-11-24 20:00", "2026-11-24 20:05", "2026-11-24 21:55"] {
        let report = story.tick(at).await;
        let counts = ["users", "always", "free", "busy", "parked"].map(|it| count("prod", it));
        assert_eq!(counts, [0, 2, 2, 2, 0], "{at}");
        assert_eq!(item(&report, "agent")["code"], "daemon");
        assert_eq!(item(&report, "busy")["code"], "deploying", "it is waited for at every tick");
        assert_eq!(report["ok"], true, "and a parked service is no error of every evening: {report}");
    }
    assert_eq!((count("quiet", "users"), count("tools", "users")), (1, 3), "opted out, and out of reach");
    story.tick("2026-11-24 22:00").await;
    assert_eq!(count("prod", "busy"), 0, "for two hours");
    let morning = story.tick("2026-11-25 08:00").await;
    assert_eq!((&morning["ok"], count("prod", "users")), (&json!(true), 3), "{morning}");
    let shown = story.rest("2026-11-25 08:01", "GET", "/services/users", Value::Null).await.json();
    assert_eq!(shown["services"][0]["steward"]["schedule"], OFFICE, "{shown}");
    let bad = Setup::embedded(&story.aws).with("DEFAULT_SCHEDULE", "Mon-Fry 8-20");
    let fault = System::start(bad).await.err().unwrap().to_string();
    assert!(fault.contains("DEFAULT_SCHEDULE must be a schedule"), "{fault}");
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
async fn what_people_look_at_is_no_figure_of_the_deployment_and_observe_has_no_lost_records() {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("parked").desired(0).tag("steward:schedule", OFFICE));
    let story = Story::on(world, &[("MODE", "observe")]).await;
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
    let tick = json!({"action": "reconcile", "clusters": ["*"], "at": story.aws.now().to_string(), "schedule": schedule});
    for _ in 0..2 {
        let (report, metrics) = story.system.invoke_measured("scale-service", tick.clone()).await;
        assert_eq!(item(&report.unwrap(), "parked")["code"], "noSavedSize");
        // It writes nothing down, so that it would say so for ever.
        assert_eq!(metrics.unwrap()["AtRisk"], 0.0);
    }
    for dry in [true, false] {
        let by_hand = json!({"action": "reconcile", "cluster": "prod", "dryRun": dry});
        let (_, metrics) = story.system.invoke_measured("scale-service", by_hand).await;
        let metrics = metrics.unwrap_or_default();
        for figure in ["AtRisk", "Faults", "LateToWake", "Reconciled"] {
            assert_eq!(metrics[figure], Value::Null, "{figure}");
        }
    }
}
