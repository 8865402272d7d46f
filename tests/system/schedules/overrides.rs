//! Overrides, over evenings and days, of services and of clusters.

use emulator::{ServiceSeed, World};
use serde_json::{Value, json};

use super::{ASLEEP, DAY_SIZE, OFFICE, OVERRIDE, Story, local};
use crate::fixture::item;

#[tokio::test(start_paused = true)]
async fn an_override_on_from_19_to_22_over_an_evening() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    let put = json!({"state": "on", "until": "2026-11-25T01:00:00Z", "reason": "release 4.2"});
    let report = story.asks("2026-11-24 19:00", "PUT", OVERRIDE, put).await;
    assert_eq!(report["items"][0]["outcome"], "changed", "{report}");
    assert_eq!(
        story.tag_of("steward:override").unwrap(),
        "on from 2026-11-24T22:00:00Z until 2026-11-25T01:00:00Z by arn:aws:iam::123456789012:user/local : release 4.2"
    );
    story.tick("2026-11-24 20:00").await;
    assert_eq!(story.size(), DAY_SIZE);
    story.tick("2026-11-24 21:55").await;
    assert_eq!(story.size(), DAY_SIZE);
    story.tick("2026-11-24 22:00").await;
    assert_eq!(story.size(), ASLEEP, "a lease that ends by itself");
    story.tick("2026-11-24 22:05").await;
    assert_eq!(story.tag_of("steward:override"), None, "removed once what it caused is recorded");
    story.aws.forget();
    story.tick("2026-11-24 22:10").await;
    assert!(story.aws.writes().is_empty());
    story.tick("2026-11-25 08:00").await;
    assert_eq!(story.size(), DAY_SIZE);
}

#[tokio::test(start_paused = true)]
async fn a_summary_says_which_override_was_set_or_ended_and_what_else_became_of_it() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    let lease = |state: &str| json!({"state": state, "for": "PT1H"});
    for (at, method, path, body, says) in [
        (
            "2026-11-24 10:00",
            "PUT",
            OVERRIDE,
            lease("hold"),
            "override hold set until 2026-11-24T14:00:00Z (users)",
        ),
        ("2026-11-24 10:05", "DELETE", OVERRIDE, Value::Null, "override hold ended (users)"),
        (
            "2026-11-24 10:10",
            "PUT",
            OVERRIDE,
            lease("off"),
            "override off set until 2026-11-24T14:10:00Z (users), 1 service off (users 3 saved)",
        ),
        (
            "2026-11-24 10:15",
            "DELETE",
            OVERRIDE,
            Value::Null,
            "override off ended (users), 1 service starting (users 3)",
        ),
        (
            "2026-11-24 10:20",
            "PUT",
            "/override",
            lease("hold"),
            "override hold set until 2026-11-24T14:20:00Z (the cluster)",
        ),
        (
            "2026-11-24 10:25",
            "DELETE",
            "/override",
            Value::Null,
            "override hold ended (the cluster), 1 service on (users 3)",
        ),
    ] {
        let report = story.asks(at, method, path, body).await;
        assert_eq!(report["summary"], format!("prod: {says}"));
    }
    let cleaned = story.tick("2026-11-24 10:30").await;
    let summary = cleaned["summary"].as_str().unwrap();
    assert!(summary.contains("override removed, as it is over (cluster/prod)"), "{summary}");
}

#[tokio::test(start_paused = true)]
async fn an_off_whose_place_a_hold_took_is_undone_once_the_hold_is_over() {
    for (method, at, body) in [
        ("PUT", "2026-11-24 10:05", json!({"state": "hold", "for": "PT1H"})),
        ("DELETE", "2026-11-24 10:30", Value::Null),
    ] {
        let story = Story::tagged("2026-11-24 09:00").await;
        story.tick("2026-11-24 09:00").await;
        story.asks("2026-11-24 10:00", "PUT", OVERRIDE, json!({"state": "off", "for": "PT3H"})).await;
        story.asks("2026-11-24 10:05", "PUT", OVERRIDE, json!({"state": "hold", "for": "PT1H"})).await;
        story.tick("2026-11-24 10:10").await;
        assert_eq!(story.size(), ASLEEP, "held as it is");
        story.asks(at.max("2026-11-24 10:15"), method, OVERRIDE, body).await;
        story.tick("2026-11-24 11:20").await;
        assert_eq!(story.size(), DAY_SIZE, "{method}");
        story.aws.forget();
        story.tick("2026-11-24 11:30").await;
        story.tick("2026-11-24 11:35").await;
        assert_eq!(story.tag_of("steward:override"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_override_off_from_12_to_15_by_day_deleted_early() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.asks("2026-11-24 12:00", "PUT", OVERRIDE, json!({"state": "off", "for": "PT3H"})).await;
    assert_eq!(story.size(), ASLEEP, "applied at once");
    story.tick("2026-11-24 12:05").await;
    assert_eq!(story.size(), ASLEEP);
    story.asks("2026-11-24 13:00", "DELETE", OVERRIDE, Value::Null).await;
    assert_eq!(story.size(), DAY_SIZE, "and so is its end");
    story.tick("2026-11-24 13:05").await;
    story.tick("2026-11-24 13:10").await;
    assert_eq!(story.tag_of("steward:override"), None);
    story.tick("2026-11-24 20:00").await;
    assert_eq!(story.size(), ASLEEP);
}

#[tokio::test(start_paused = true)]
async fn hold_from_19_to_21_over_the_evening_and_over_an_earlier_stop_by_request() {
    let hold = || json!({"state": "hold", "for": "PT2H", "reason": "incident"});
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.asks("2026-11-24 19:00", "PUT", OVERRIDE, hold()).await;
    let held = story.tick("2026-11-24 20:00").await;
    assert_eq!(
        (&item(&held, "users")["outcome"], &item(&held, "users")["code"]),
        (&json!("unchanged"), &json!("held"))
    );
    assert_eq!(story.size(), DAY_SIZE);
    let fleet = story.asks("2026-11-24 20:05", "POST", "/stop", Value::Null).await;
    assert_eq!(item(&fleet, "users")["code"], "held", "a fleet's stop is skipped");
    story.tick("2026-11-24 21:00").await;
    assert_eq!(story.size(), ASLEEP, "the transition that it held back");

    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.asks("2026-11-24 18:00", "POST", "/services/users/stop", Value::Null).await;
    story.asks("2026-11-24 19:00", "PUT", OVERRIDE, hold()).await;
    story.tick("2026-11-24 20:00").await;
    story.tick("2026-11-24 21:00").await;
    assert_eq!(story.size(), ASLEEP, "the end of a hold wakes nothing");
    let named = story.asks("2026-11-24 21:05", "PUT", OVERRIDE, hold()).await;
    assert_eq!(named["counts"]["failed"], 0);
    let started = story.asks("2026-11-24 21:10", "POST", "/services/users/start", Value::Null).await;
    assert_eq!(
        started["items"][0]["warnings"][0]["code"], "held",
        "who names the service goes through, warned"
    );
    assert_eq!(story.size(), DAY_SIZE);
}

#[tokio::test(start_paused = true)]
async fn a_clusters_hold_and_override_reach_its_scheduled_services() {
    let mut world = World::new(local("2026-11-24 09:00"));
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE));
    world.service("prod", ServiceSeed::new("loose").desired(2));
    let story = Story::on(world, &[]).await;
    story.tick("2026-11-24 09:00").await;
    story.asks("2026-11-24 12:00", "PUT", "/override", json!({"state": "off", "for": "PT1H"})).await;
    assert_eq!(story.count(), 0);
    assert_eq!(
        story.aws.with(|world| world.desired_count("prod", "loose")),
        2,
        "what has no schedule is not reached"
    );
    story.tick("2026-11-24 13:00").await;
    assert_eq!(story.count(), 3);
    story.tick("2026-11-24 13:05").await;
    story.tick("2026-11-24 13:10").await;
    let tags = json!({"clusters": ["prod"], "include": ["TAGS"]});
    let cluster = story.aws.with(|world| world.call("ecs", "DescribeClusters", tags)).unwrap();
    assert!(!cluster.to_string().contains("steward:override"), "{cluster}");
}

#[tokio::test(start_paused = true)]
async fn an_override_that_nothing_would_end_is_refused() {
    let put = || json!({"state": "on", "for": "PT2H"});
    let users = || ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE);
    for (environment, tagged, body, status, code) in [
        (("MODE", "observe"), true, put(), 403, "notSwitchedOn"),
        (("CLUSTERS", "dev-*"), true, put(), 403, "notSwitchedOn"),
        (("MODE", "act"), false, put(), 422, "noSchedule"),
        (("MODE", "act"), true, json!({"state": "on", "for": "P8D"}), 422, "badOverride"),
        (("MODE", "act"), true, json!({"state": "on", "until": "2026-11-23T00:00:00Z"}), 422, "badOverride"),
        (
            ("MODE", "act"),
            true,
            json!({"state": "on", "for": "PT1H", "until": "2026-11-24T18:00:00Z"}),
            422,
            "badOverride",
        ),
        (("MODE", "act"), true, json!({"state": "on"}), 400, "badRequest"),
        (("MODE", "act"), true, json!({"state": "asleep", "for": "PT1H"}), 400, "badRequest"),
    ] {
        let users = if tagged { users() } else { ServiceSeed::new("users").desired(3) };
        let story = Story::with("2026-11-24 09:00", &[environment], users).await;
        let answer = story.rest("2026-11-24 12:00", "PUT", OVERRIDE, body).await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{}", answer.body);
        assert!(story.aws.writes().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn scale_to_n_at_night_changes_only_the_count_and_offers_an_override() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.tick("2026-11-24 20:00").await;
    let report =
        story.asks("2026-11-24 21:00", "PUT", "/services/users/scale", json!({"desiredCount": 2})).await;
    let warnings = report["items"][0]["warnings"].to_string();
    assert!(warnings.contains("autoscalingSuspended") && warnings.contains("/override"), "{warnings}");
    assert_eq!(story.size(), (2, Some((0, [true; 3]))));
    story.tick("2026-11-25 08:00").await;
    assert_eq!(story.size(), DAY_SIZE, "and the record kept its size");
}

#[tokio::test(start_paused = true)]
async fn an_override_put_before_the_first_tick_acts_at_once() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.asks("2026-11-24 12:00", "PUT", OVERRIDE, json!({"state": "off", "for": "PT1H"})).await;
    assert_eq!(story.size(), ASLEEP);
    story.tick("2026-11-24 13:00").await;
    assert_eq!(story.size(), DAY_SIZE);
    story.tick("2026-11-24 20:00").await;
    assert_eq!(story.size(), ASLEEP);
}

#[tokio::test(start_paused = true)]
async fn an_override_on_put_before_the_first_tick_ends_like_any_other() {
    let story = Story::tagged("2026-11-24 19:00").await;
    story.asks("2026-11-24 19:00", "PUT", OVERRIDE, json!({"state": "on", "for": "PT2H"})).await;
    story.tick("2026-11-24 20:00").await;
    assert_eq!(story.size(), DAY_SIZE);
    story.tick("2026-11-24 21:00").await;
    assert_eq!(story.size(), ASLEEP);
}

#[tokio::test(start_paused = true)]
async fn only_a_look_at_the_whole_cluster_removes_its_override() {
    let mut world = World::new(local("2026-11-24 09:00"));
    for cluster in ["prod", "other"] {
        world.cluster(cluster);
    }
    world.service("prod", ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE));
    // What is skipped or fails elsewhere does not keep an override here.
    world.service("other", ServiceSeed::new("bad").tag("steward:schedule", "whenever"));
    let story = Story::on(world, &[]).await;
    story.tick("2026-11-24 09:00").await;
    story.asks("2026-11-24 12:00", "PUT", "/override", json!({"state": "off", "for": "PT1H"})).await;
    story.aws.move_to(local("2026-11-24 13:00"));
    for partial in [
        json!({"action": "reconcile", "clusters": ["oth*"]}),
        json!({"action": "reconcile", "cluster": "prod", "services": ["web-*"]}),
    ] {
        story.system.invoke("scale-service", partial).await.unwrap();
    }
    story.tick("2026-11-24 13:05").await;
    assert_eq!(story.count(), 3, "its end was not forgotten");
    story.tick("2026-11-24 13:10").await;
    let cleaned = story.tick("2026-11-24 13:15").await;
    let summary = cleaned["summary"].as_str().unwrap();
    assert!(summary.contains("override removed, as it is over (cluster/prod)"), "{summary}");
}

#[tokio::test(start_paused = true)]
async fn an_override_that_ended_while_no_schedule_was_followed_is_no_transition_of_a_later_one() {
    for path in [OVERRIDE, "/override"] {
        let story = Story::tagged("2026-11-24 09:00").await;
        story.tick("2026-11-24 09:00").await;
        story.asks("2026-11-24 10:00", "PUT", path, json!({"state": "on", "for": "PT2H"})).await;
        story.tag("2026-11-24 11:00", "steward:schedule", "none");
        for at in ["2026-11-24 12:00", "2026-11-24 12:05"] {
            story.tick(at).await;
        }
        assert_eq!(story.tag_of("steward:override"), None, "{path}");
        story.by_hand("2026-11-24 13:00", 0);
        story.tag("2026-11-24 14:00", "steward:schedule", "always");
        story.tick("2026-11-24 14:00").await;
        assert_eq!(story.count(), 0, "{path}: what people did stays");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_keeps_fleets_away_even_from_what_has_a_bad_schedule_and_an_unreadable_one_does_too() {
    let hold = "hold from 2026-11-24T12:00:00Z until 2026-11-24T18:00:00Z by ana : incident";
    for (text, outcome, code) in
        [(hold, "skipped", "held"), ("hold until I say", "failed", "overrideUnreadable")]
    {
        let users = ServiceSeed::new("users").desired(3).tag("steward:schedule", "whenever");
        let story = Story::with("2026-11-24 12:00", &[], users.tag("steward:override", text)).await;
        let fleet = story.rest("2026-11-24 12:00", "POST", "/stop", Value::Null).await.json();
        let users = item(&fleet, "users");
        assert_eq!((&users["outcome"], &users["code"]), (&json!(outcome), &json!(code)), "{users}");
        assert_eq!(story.size(), DAY_SIZE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clusters_override_that_ends_under_a_services_hold_is_not_forgotten() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.asks("2026-11-24 12:00", "PUT", "/override", json!({"state": "off", "for": "PT3H"})).await;
    story.asks("2026-11-24 14:00", "PUT", OVERRIDE, json!({"state": "hold", "for": "PT2H"})).await;
    for at in ["2026-11-24 15:00", "2026-11-24 15:30"] {
        story.tick(at).await;
        assert_eq!(story.size(), ASLEEP, "{at}: held");
    }
    story.tick("2026-11-24 16:00").await;
    assert_eq!(story.size(), DAY_SIZE);
}

#[tokio::test(start_paused = true)]
async fn an_override_on_what_a_request_had_recorded_before_its_schedule_ends_like_any_other() {
    let story = Story::begins("2026-11-24 17:00").await;
    story.asks("2026-11-24 17:00", "POST", "/services/users/stop", Value::Null).await;
    story.asks("2026-11-24 17:05", "POST", "/services/users/start", Value::Null).await;
    story.tag("2026-11-24 18:59", "steward:schedule", OFFICE);
    story.asks("2026-11-24 19:00", "PUT", OVERRIDE, json!({"state": "on", "for": "PT2H"})).await;
    story.tick("2026-11-24 20:00").await;
    assert_eq!(story.size(), DAY_SIZE);
    story.tick("2026-11-24 21:00").await;
    assert_eq!(story.size(), ASLEEP);
}

#[tokio::test(start_paused = true)]
async fn an_override_needs_a_service_that_can_carry_a_tag() {
    let full =
        (0..49).fold(ServiceSeed::new("users").desired(3), |seed, n| seed.tag(&format!("tag{n}"), "x"));
    for (users, code) in [
        (ServiceSeed::new("users").desired(3).short_arn(), "shortArn"),
        (full.tag("steward:schedule", OFFICE), "tooManyTags"),
    ] {
        let mut world = World::new(local("2026-11-24 09:00"));
        world.cluster("prod").cluster_tag("prod", "steward:schedule", OFFICE);
        world.service("prod", users);
        let story = Story::on(world, &[]).await;
        let put = json!({"state": "on", "for": "PT1H"});
        let answer = story.rest("2026-11-24 12:00", "PUT", OVERRIDE, put).await;
        assert_eq!((answer.status, &answer.json()["code"]), (409, &json!(code)), "{}", answer.body);
        assert!(story.aws.writes().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_tag_forbids_in_a_reason_reaches_no_tag() {
    let story = Story::tagged("2026-11-24 09:00").await;
    let put = json!({"state": "on", "for": "PT1H", "reason": "night\n{\"actor\":\"nobody\"}"});
    story.asks("2026-11-24 12:00", "PUT", OVERRIDE, put).await;
    let tag = story.tag_of("steward:override").unwrap();
    assert!(tag.ends_with(" : night___actor_:_nobody__"), "{tag}");
}

#[tokio::test(start_paused = true)]
async fn a_clusters_override_that_could_not_be_written_causes_nothing() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.aws.move_to(local("2026-11-24 12:00"));
    story.aws.forget();
    let denied = emulator::Faults::new().on("ecs", "TagResource").containing("cluster/prod").access_denied();
    story.aws.faults(denied);
    let put = json!({"action": "putOverride", "cluster": "prod", "state": "off", "for": "PT1H"});
    let problem = story.system.invoke("scale-service", put).await.unwrap_err();
    assert_eq!(problem.code, shared::Code::Partial);
    assert_eq!(story.size(), DAY_SIZE);
    assert_eq!(story.aws.writes().len(), 1, "the one that was denied");
}

#[tokio::test(start_paused = true)]
async fn of_a_stop_and_an_override_in_one_second_the_one_that_was_asked_for_later_wins() {
    let on = || json!({"state": "on", "for": "PT2H"});
    let story = Story::tagged("2026-11-24 12:00").await;
    story.tick("2026-11-24 12:00").await;
    story.asks("2026-11-24 12:30", "POST", "/services/users/stop", Value::Null).await;
    assert_eq!(story.size(), ASLEEP);
    let report = story.asks("2026-11-24 12:30", "PUT", OVERRIDE, on()).await;
    assert_eq!(story.size(), DAY_SIZE, "the override came after the stop: {report}");
    story.asks("2026-11-24 12:30", "POST", "/services/users/stop", Value::Null).await;
    story.tick("2026-11-24 12:35").await;
    assert_eq!(story.size(), ASLEEP, "and this stop after the override");
    story.asks("2026-11-24 12:40", "PUT", OVERRIDE, on()).await;
    story.asks("2026-11-24 12:40", "PUT", OVERRIDE, json!({"state": "off", "for": "PT2H"})).await;
    assert_eq!(story.size(), ASLEEP, "of two overrides the second: {}", story.record());
    story.tick("2026-11-24 12:45").await;
    assert_eq!(story.size(), ASLEEP);
}

fn five_thousand() -> World {
    let mut world = World::new(local("2026-11-24 19:00"));
    world.cluster("prod").cluster_tag("prod", "steward:schedule", OFFICE);
    for n in 0..5_000 {
        world.service("prod", ServiceSeed::new(&format!("s{n:04}")).desired(1));
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_one_look_and_one_tag_however_large_its_cluster_is() {
    let story = Story::on(five_thousand(), &[]).await;
    story.aws.latency(Some(std::time::Duration::from_millis(20)));
    for (path, reads) in [("/override", 1), ("/services/s0042/override", 2)] {
        story.aws.forget();
        let report =
            story.asks("2026-11-24 19:00", "PUT", path, json!({"state": "hold", "for": "PT2H"})).await;
        assert_eq!((&report["counts"]["changed"], report["items"].as_array().unwrap().len()), (&json!(1), 1));
        let reason = report["items"][0]["reason"].as_str().unwrap();
        assert!(reason.contains("may still finish the ten services that it has begun"), "{reason}");
        assert_eq!((story.aws.ledger().len(), story.aws.writes().len()), (reads + 1, 1), "{path}");
    }
    let dry =
        json!({"action": "putOverride", "cluster": "prod", "state": "hold", "for": "PT1H", "dryRun": true});
    story.aws.forget();
    let dry = story.system.invoke("scale-service", dry).await.unwrap();
    assert_eq!((&dry["counts"]["changed"], story.aws.ledger().len()), (&json!(1), 1), "{dry}");
}

#[tokio::test(start_paused = true)]
async fn an_override_that_is_set_is_told_as_set_though_the_time_is_up_for_what_it_causes() {
    let story = Story::on(five_thousand(), &[]).await;
    story.tick("2026-11-24 19:00").await;
    // A call takes so long that the services can't even be listed in time.
    story.aws.latency(Some(std::time::Duration::from_secs(4)));
    story.aws.forget();
    let answer =
        story.rest("2026-11-24 19:10", "PUT", "/override", json!({"state": "off", "for": "PT1H"})).await;
    assert_eq!(answer.status, 207, "{}", answer.body);
    let report = answer.json();
    let item = &report["items"][0];
    assert_eq!(
        (&item["outcome"], &item["resource"]),
        (&json!("notAttempted"), &json!("cluster/prod")),
        "{item}"
    );
    assert!(item["reason"].as_str().unwrap().contains("the next tick of reconcile does it"), "{item}");
    assert_eq!(story.aws.writes().len(), 1, "the tag");
    story.aws.latency(None);
    story.tick("2026-11-24 19:15").await;
    assert_eq!(story.aws.with(|world| world.desired_count("prod", "s0000")), 0, "and it does");
}

#[tokio::test(start_paused = true)]
async fn saturdays_release_can_be_said_on_thursday_and_is_not_replaced_by_accident() {
    let story = Story::tagged("2026-11-26 09:00").await;
    story.tick("2026-11-26 09:00").await;
    let saturday =
        || json!({"state": "on", "from": "2026-11-28T10:00:00-03:00", "for": "PT4H", "reason": "release"});
    let put = story.asks("2026-11-26 12:00", "PUT", OVERRIDE, saturday()).await;
    assert_eq!(
        put["summary"],
        "prod: override on set from 2026-11-28T13:00:00Z until 2026-11-28T17:00:00Z (users)"
    );
    let hold = || json!({"state": "hold", "for": "PT1H"});
    let refused = story.rest("2026-11-26 13:00", "PUT", OVERRIDE, hold()).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("overrideAhead")), "{}", refused.body);
    assert!(refused.body.contains("replace"), "{}", refused.body);
    for (at, count) in [
        ("2026-11-26 20:00", 0),
        ("2026-11-27 08:00", 3),
        ("2026-11-27 20:00", 0),
        ("2026-11-28 09:55", 0),
        ("2026-11-28 10:00", 3),
        ("2026-11-28 14:00", 0),
    ] {
        story.tick(at).await;
        assert_eq!(story.count(), count, "{at}");
    }
    story.tick("2026-11-28 14:05").await;
    assert_eq!(story.tag_of("steward:override"), None);

    // Replaced on purpose, and taken away before it begins.
    let sunday = || json!({"state": "on", "from": "2026-11-29T10:00:00-03:00", "for": "PT4H"});
    story.asks("2026-11-28 15:00", "PUT", OVERRIDE, sunday()).await;
    let mut other = sunday();
    (other["from"], other["replace"]) = (json!("2026-11-29T12:00:00-03:00"), json!(true));
    story.asks("2026-11-28 15:05", "PUT", OVERRIDE, other).await;
    let gone = story.asks("2026-11-28 15:10", "DELETE", OVERRIDE, Value::Null).await;
    assert!(gone["summary"].as_str().unwrap().contains("had not begun, removed"), "{gone}");
    assert_eq!(story.tag_of("steward:override"), None);
    story.tick("2026-11-29 12:00").await;
    assert_eq!(story.count(), 0, "and it leaves nothing behind");

    for (body, code) in [
        (json!({"state": "on", "from": "2026-11-20T10:00:00Z", "for": "PT4H"}), "badOverride"),
        (json!({"state": "on", "from": "2027-11-28T10:00:00Z", "for": "PT4H"}), "badOverride"),
        (
            json!({"state": "on", "from": "2026-11-30T10:00:00Z", "until": "2026-11-30T09:00:00Z"}),
            "badOverride",
        ),
    ] {
        let refused = story.rest("2026-11-29 13:00", "PUT", OVERRIDE, body.clone()).await;
        assert_eq!((refused.status, &refused.json()["code"]), (422, &json!(code)), "{body}");
    }
}

/// Sixty services of one task each, adopted at noon.
async fn sixty() -> Story {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod").cluster_tag("prod", "steward:schedule", OFFICE);
    for n in 0..60 {
        world.service("prod", ServiceSeed::new(&format!("s{n:02}")).desired(1));
    }
    let story = Story::on(world, &[]).await;
    story.tick("2026-11-24 12:00").await;
    story
}

/// How many of them are at 0.
fn off(story: &Story) -> usize {
    story.aws.with(|world| (0..60).filter(|n| world.desired_count("prod", &format!("s{n:02}")) == 0).count())
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_was_answered_200_stops_what_a_running_tick_had_not_begun() {
    for state in ["hold", "on"] {
        let story = sixty().await;
        story.aws.move_to(local("2026-11-24 20:00"));
        story.aws.latency(Some(std::time::Duration::from_millis(20)));
        let other = local::System::start(local::system::Setup::embedded(&story.aws)).await.unwrap();
        let put = async {
            tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
            let put = json!({"action": "putOverride", "cluster": "prod", "state": state, "for": "PT2H"});
            other.invoke("scale-service", put).await.unwrap();
            off(&story)
        };
        let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
        let tick = json!({"action": "reconcile", "clusters": ["*"], "at": story.aws.now().to_string(), "schedule": schedule});
        let (report, off_then) = tokio::join!(story.system.invoke("scale-service", tick), put);
        let report = report.unwrap();
        let off_now = off(&story);
        assert!(
            off_now <= off_then + 10 && off_now < 60,
            "{state}: {off_then}, then {off_now}: {}",
            report["summary"]
        );
        let left =
            report["items"].as_array().unwrap().iter().filter(|item| item["code"] == "changedMeanwhile");
        assert!(left.count() >= 30, "{state}: {}", report["summary"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_override_that_is_put_after_a_run_began_and_before_it_looked_holds_for_that_run() {
    for (state, ends_at, code) in [("hold", 1, "held"), ("on", 1, ""), ("off", 0, "")] {
        let story = sixty().await;
        story.aws.move_to(local("2026-11-24 20:00"));
        story.aws.latency(Some(std::time::Duration::from_millis(20)));
        let other = local::System::start(local::system::Setup::embedded(&story.aws)).await.unwrap();
        let put = async {
            // The run has its instant, and has read nothing but the clusters' names.
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            let put = json!({"action": "putOverride", "cluster": "prod", "service": "s05", "state": state, "for": "PT2H"});
            other.invoke("scale-service", put).await.unwrap()
        };
        let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
        let tick = json!({"action": "reconcile", "clusters": ["*"], "at": story.aws.now().to_string(), "schedule": schedule});
        let (report, put) = tokio::join!(story.system.invoke("scale-service", tick), put);
        let report = report.unwrap();
        let items = report["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["resource"] == "service/prod/s05");
        let desired = story.aws.with(|world| world.desired_count("prod", "s05"));
        assert_eq!(desired, ends_at, "{state}: {item:?}; {put}");
        if let Some(item) = item.filter(|_| !code.is_empty()) {
            assert_eq!(item["code"], code, "{item}");
        }
        assert_eq!(off(&story), 59 + usize::from(ends_at == 0), "{state}: {}", report["summary"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_is_put_while_an_off_is_carried_out_stays_and_stops_the_rest() {
    let story = sixty().await;
    story.aws.latency(Some(std::time::Duration::from_millis(20)));
    let other = local::System::start(local::system::Setup::embedded(&story.aws)).await.unwrap();
    let hold = async {
        tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
        let put = json!({"action": "putOverride", "cluster": "prod", "state": "hold", "for": "PT2H"});
        other.invoke("scale-service", put).await.unwrap();
        off(&story)
    };
    let put = json!({"action": "putOverride", "cluster": "prod", "state": "off", "for": "PT1H"});
    let (report, off_then) = tokio::join!(story.system.invoke("scale-service", put), hold);
    let off_now = off(&story);
    assert!(
        off_now > 0 && off_now <= off_then + 10 && off_now < 60,
        "{off_then}, then {off_now}: {report:?}"
    );
    let arn = json!({"resourceArn": "arn:aws:ecs:sa-east-1:123456789012:cluster/prod"});
    let tags = story.aws.with(|world| world.call("ecs", "ListTagsForResource", arn)).unwrap();
    assert!(tags.to_string().contains("\"hold from"), "{tags}");
}

#[tokio::test(start_paused = true)]
async fn an_override_is_told_as_set_also_where_what_it_causes_fails() {
    let story = Story::tagged("2026-11-24 09:00").await;
    story.tick("2026-11-24 09:00").await;
    story.aws.faults(emulator::Faults::new().on("ecs", "UpdateService").access_denied());
    let answer =
        story.rest("2026-11-24 12:00", "PUT", OVERRIDE, json!({"state": "off", "for": "PT1H"})).await;
    assert_eq!(answer.status, 207, "{}", answer.body);
    let report = answer.json();
    let users = &report["items"][0];
    assert_eq!((&users["outcome"], &users["code"]), (&json!("failed"), &json!("accessDenied")), "{report}");
    let said = "override off set until 2026-11-24T16:00:00Z";
    assert_eq!(users["after"]["override"], said, "{report}");
    assert!(users["reason"].as_str().unwrap().starts_with(said), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_override_that_begins_later_does_not_end_one_that_is_in_force_by_accident() {
    let story = Story::tagged("2026-11-26 09:00").await;
    story.tick("2026-11-26 09:00").await;
    story.asks("2026-11-26 12:00", "PUT", OVERRIDE, json!({"state": "hold", "for": "PT4H"})).await;
    let hold = story.tag_of("steward:override");
    let mut saturday = json!({"state": "on", "from": "2026-11-28T10:00:00-03:00", "for": "PT4H"});
    let refused = story.rest("2026-11-26 13:00", "PUT", OVERRIDE, saturday.clone()).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("overrideAhead")), "{}", refused.body);
    assert!(refused.body.contains("in force until 2026-11-26T19:00:00Z"), "{}", refused.body);
    assert_eq!(story.tag_of("steward:override"), hold);
    saturday["replace"] = true.into();
    story.asks("2026-11-26 13:05", "PUT", OVERRIDE, saturday).await;
    assert!(story.tag_of("steward:override").unwrap().starts_with("on"));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_of_an_override_says_also_what_it_would_cause_and_writes_nothing() {
    let mut world = World::new(local("2026-11-24 09:00"));
    for name in ["orders", "users"] {
        world.service("prod", ServiceSeed::new(name).desired(3).tag("steward:schedule", OFFICE));
    }
    let story = Story::on(world, &[]).await;
    story.tick("2026-11-24 09:00").await;
    let dry = |place: &str| format!("{place}?dryRun=true");
    let off = json!({"state": "off", "for": "PT1H"});
    for (place, method, body, says) in [
        (
            OVERRIDE,
            "PUT",
            off.clone(),
            "prod: override off would be set until 2026-11-24T16:00:00Z (users), 1 service would be off (users 3 saved)",
        ),
        (
            "/override",
            "PUT",
            off.clone(),
            "prod: override off would be set until 2026-11-24T16:00:00Z (the cluster), 2 services would be off (orders 3, users 3 saved)",
        ),
    ] {
        story.aws.forget();
        let report = story.asks("2026-11-24 12:00", method, &dry(place), body).await;
        assert_eq!(report["summary"], says, "{report}");
        assert!(story.aws.writes().is_empty());
    }
    story.asks("2026-11-24 12:00", "PUT", OVERRIDE, off).await;
    story.aws.forget();
    let report = story.asks("2026-11-24 12:10", "DELETE", &dry(OVERRIDE), Value::Null).await;
    assert_eq!(
        report["summary"], "prod: override off would end (users), 1 service would be starting (users 3)",
        "{report}"
    );
    assert!(story.aws.writes().is_empty());
}
