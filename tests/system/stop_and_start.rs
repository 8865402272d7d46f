//! Services go to zero and come back as they were: the laws of stop and start, each through the
//! real handler on the embedded AWS.
//!
//! | law | test |
//! |---|---|
//! | the record is written before anything is changed; two tag writes a stop and one a start | `a_stop_writes_the_record_puts_autoscaling_to_sleep_stops_and_writes_the_record` |
//! | killed after any call, the next run converges and the size is never lost | `kill::killed_at_every_call_of_…` |
//! | a stop found `stopping` is finished, even if a person touched the service in between | `a_stop_that_was_begun_is_finished_even_if_a_person_touched_the_service` |
//! | zero is never saved as a size | `zero_is_never_saved_as_a_size` |
//! | stopping what is already off changes nothing, byte for byte | `the_same_request_again_changes_nothing_and_writes_nothing` |
//! | scale-in sleeps until a started service is whole | `scale_in_sleeps_until_a_started_service_is_whole_and_where_no_reconcile_comes_wakes_at_once` |
//! | a start never lowers a running service | `a_start_never_lowers_a_running_service` |
//! | a size is saved only from a service that is on | `what_people_do_inside_an_off_period_is_temporary` |
//! | size changes made while it is on are what the next stop saves | `what_is_changed_while_it_is_on_is_what_the_next_stop_saves` |
//! | stop, then scale to n, leaves autoscaling as it was before the stop | `scale_to_a_count_wakes_a_stopped_service_with_its_autoscaling` |
//! | off with no saved size: `steward:size`, else `noSavedSize`; never a guess | `off_with_no_saved_size_uses_the_size_tag_else_fails` |
//! | a sleeping target with no record warns `orphanedSuspension` | `autoscaling_that_sleeps_without_a_record_is_warned_of` |
//! | the person's own flags come back, and so does a min of 0 | `the_persons_own_flags_and_a_min_of_zero_come_back` |
//! | what somebody changed since wins, with a warning | `what_somebody_changed_while_it_was_off_wins_with_a_warning` |
//! | a person's scheduled scaling actions do not wake it, and are named | `the_tasks_of_a_stopped_service_go_and_neither_load_nor_schedule_wakes_it` |
//! | duplicate events end in the same state as one | `kill::duplicate_stops_at_once_end_in_the_same_state_as_one` |
//! | late ones are stale | `yesterdays_late_stop_does_not_turn_today_off` |
//! | of a concurrent stop and start the size survives and the next run converges | `kill::of_a_concurrent_stop_and_start_…` |
//! | one service's failure does not stop the others; `AccessDenied` is not retried | `faults::one_services_failure_does_not_stop_the_others`, `fleet::a_thousand_services_come_back_with_one_denied_…` |
//! | protected or draining tasks are reported, not forced | `draining_tasks_are_reported_and_not_forced` |
//! | a short ARN, 50 tags: a typed failure before any change | `what_cannot_be_changed_is_skipped_in_a_fleet_and_refused_by_name` |
//! | no mutation in a dry run | `a_dry_run_says_what_would_happen_and_writes_nothing` |

use std::time::Duration;

use emulator::{ServiceSeed, TargetSeed};
use serde_json::{Value, json};
use shared::Code;

use crate::fixture::{EVENING, Fixture, item, prod, prod_with_users};

/// A person with the AWS CLI.
fn by_hand(fixture: &Fixture, service: &str, operation: &str, input: Value) {
    fixture.aws.with(|world| world.call(service, operation, input)).unwrap();
}

fn count(service: &str, desired: u32) -> Value {
    json!({"cluster": "prod", "service": service, "desiredCount": desired})
}

fn target(service: &str, mut fields: Value) -> Value {
    fields["ServiceNamespace"] = "ecs".into();
    fields["ResourceId"] = format!("service/prod/{service}").into();
    fields["ScalableDimension"] = "ecs:service:DesiredCount".into();
    fields
}

async fn all(fixture: &Fixture, action: &str) -> Value {
    fixture.scale(json!({"action": action, "cluster": "prod"})).await.unwrap()
}

const USERS: &str = "/v1/clusters/prod/services/users";

#[tokio::test(start_paused = true)]
async fn a_service_scaled_to_zero_over_rest_comes_back_with_its_size_min_and_flags() {
    let fixture = Fixture::on(prod_with_users()).await;
    let before = fixture.size("users");
    assert_eq!(before, (3, Some((2, [true, false, false]))));

    let off = fixture.rest("PUT", &format!("{USERS}/scale"), &json!({"desiredCount": 0})).await;
    assert_eq!(off.status, 200, "{}", off.body);
    assert_eq!(off.json()["summary"], "prod: 1 service off (users 3 saved)");
    assert_eq!(fixture.size("users"), (0, Some((0, [true, true, true]))));
    assert_eq!(fixture.record("users").unwrap(), format!("v1 off@{EVENING} n=3 min=2 susp=i-- by=request"));

    let on = fixture.rest("POST", &format!("{USERS}/start"), &Value::Null).await;
    assert_eq!(on.status, 200, "{}", on.body);
    assert_eq!(
        on.json()["items"][0]["after"],
        json!({"desiredCount": 3, "minCapacity": 2, "suspended": "i--", "starting": true})
    );
    assert_eq!(on.json()["summary"], "prod: 1 service starting (users 3)");
    assert_eq!(
        fixture.record("users").unwrap(),
        format!("v1 starting@{EVENING} n=3 min=2 susp=i-- by=request")
    );
    fixture.becomes_whole().await;
    assert_eq!(fixture.size("users"), before);
    assert_eq!(fixture.record("users").unwrap(), format!("v1 on@{EVENING} n=3 min=2 susp=i-- by=request"));
}

#[tokio::test(start_paused = true)]
async fn a_stop_writes_the_record_puts_autoscaling_to_sleep_stops_and_writes_the_record() {
    let fixture = Fixture::on(prod_with_users()).await;
    fixture.scale(json!({"action": "stop", "cluster": "prod", "service": "users"})).await.unwrap();
    assert_eq!(fixture.writes(), ["TagResource", "RegisterScalableTarget", "UpdateService", "TagResource"]);
    let update = fixture.aws.writes().into_iter().find(|call| call.operation == "UpdateService").unwrap();
    assert_eq!(
        update.input,
        json!({"cluster": "prod", "service": "users", "desiredCount": 0}),
        "no deployment begins"
    );

    fixture.aws.forget();
    fixture.scale(json!({"action": "start", "cluster": "prod", "service": "users"})).await.unwrap();
    assert_eq!(fixture.writes(), ["UpdateService", "RegisterScalableTarget", "TagResource"]);
}

#[tokio::test(start_paused = true)]
async fn the_tasks_of_a_stopped_service_go_and_neither_load_nor_schedule_wakes_it() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("users").desired(2));
    world.scalable_target("prod", "users", TargetSeed::new(1, 6).tracking());
    world.load("prod", "users", 5);
    let action = json!({
        "ServiceNamespace": "ecs", "ResourceId": "service/prod/users",
        "ScalableDimension": "ecs:service:DesiredCount", "ScheduledActionName": "night-batch",
        "Schedule": "at(2026-11-25T02:00:00)", "ScalableTargetAction": {"MinCapacity": 4},
    });
    world.call("application-autoscaling", "PutScheduledAction", action).unwrap();
    let fixture = Fixture::on(world).await;
    let report = fixture.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
    let warning = &item(&report, "users")["warnings"][0];
    assert_eq!(warning["code"], "scheduledActions");
    assert!(warning["detail"].as_str().unwrap().contains("night-batch"), "{warning}");
    fixture.aws.advance(Duration::from_hours(8));
    assert_eq!(fixture.aws.with(|world| world.running_count("prod", "users")), 0);
    assert_eq!(fixture.size("users").0, 0);

    fixture.scale(json!({"action": "start", "cluster": "prod"})).await.unwrap();
    fixture.becomes_whole().await;
    fixture.aws.advance(Duration::from_mins(30));
    assert_eq!(fixture.aws.with(|world| world.running_count("prod", "users")), 5, "load counts again");
}

#[tokio::test(start_paused = true)]
async fn the_same_request_again_changes_nothing_and_writes_nothing() {
    let fixture = Fixture::on(prod_with_users()).await;
    for (action, state) in [("stop", "already off"), ("start", "starting since")] {
        let event = json!({"action": action, "cluster": "prod"});
        fixture.scale(event.clone()).await.unwrap();
        let record = fixture.record("users");
        fixture.aws.advance(Duration::from_mins(1));
        fixture.aws.forget();
        let again = fixture.scale(event).await.unwrap();
        assert_eq!(again["counts"]["unchanged"], 1, "{again}");
        assert!(item(&again, "users")["reason"].as_str().unwrap().contains(state), "{again}");
        assert_eq!(fixture.writes(), [""; 0]);
        assert_eq!(fixture.record("users"), record, "byte for byte");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_would_happen_and_writes_nothing() {
    let fixture = Fixture::on(prod_with_users()).await;
    for action in ["stop", "start"] {
        let event = json!({"action": action, "cluster": "prod"});
        let mut dry = event.clone();
        dry["dryRun"] = true.into();
        fixture.aws.forget();
        let forecast = fixture.scale(dry).await.unwrap();
        assert_eq!(fixture.writes(), [""; 0]);
        assert_eq!(forecast["dryRun"], true);
        let done = fixture.scale(event).await.unwrap();
        assert_eq!(forecast["items"], done["items"]);
        assert_eq!(forecast["counts"], done["counts"]);
    }
    let query = fixture.rest("POST", &format!("{USERS}/stop?dryRun=true"), &Value::Null).await;
    assert_eq!(query.json()["dryRun"], true);
}

#[tokio::test(start_paused = true)]
async fn what_people_do_inside_an_off_period_is_temporary() {
    let fixture = Fixture::on(prod_with_users()).await;
    let before = fixture.size("users");
    let stop = json!({"action": "stop", "cluster": "prod"});
    fixture.scale(stop.clone()).await.unwrap();
    fixture.aws.advance(Duration::from_hours(1));
    let by_hand = json!({"cluster": "prod", "service": "users", "desiredCount": 1});
    fixture.aws.with(|world| world.call("ecs", "UpdateService", by_hand)).unwrap();
    let again = fixture.scale(stop).await.unwrap();
    assert_eq!(item(&again, "users")["outcome"], "changed");
    fixture.scale(json!({"action": "start", "cluster": "prod"})).await.unwrap();
    assert_eq!(fixture.size("users"), before);
}

#[tokio::test(start_paused = true)]
async fn scale_to_a_count_wakes_a_stopped_service_with_its_autoscaling() {
    let fixture = Fixture::on(prod_with_users()).await;
    fixture.scale(json!({"action": "stop", "cluster": "prod", "service": "users"})).await.unwrap();
    let scale = json!({"action": "scale", "cluster": "prod", "service": "users", "desiredCount": 4});
    fixture.scale(scale).await.unwrap();
    assert_eq!(fixture.size("users"), (4, Some((2, [true, false, false]))));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_changed_is_skipped_in_a_fleet_and_refused_by_name() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("agent").desired(1).ec2().daemon());
    world.service("prod", ServiceSeed::new("express").express());
    world.service("prod", ServiceSeed::new("old").short_arn());
    world.service("prod", ServiceSeed::new("leaving").status("DRAINING"));
    world.service("prod", ServiceSeed::new("busy").desired(2).deploying());
    let mut full = ServiceSeed::new("full");
    for n in 0..50 {
        full = full.tag(&format!("tag{n}"), "x");
    }
    world.service("prod", full);
    world.service("prod", ServiceSeed::new("scribbled").tag("steward:record", "off since yesterday"));
    world.service("prod", ServiceSeed::new("newer").tag("steward:record", "v2 off@2026-11-24T23:00:00Z"));
    let fixture = Fixture::on(world).await;

    let fleet = fixture.rest("POST", "/v1/clusters/prod/stop", &Value::Null).await;
    assert_eq!(fleet.status, 207, "{}", fleet.body);
    let fleet = fleet.json();
    for (service, outcome, code) in [
        ("agent", "skipped", "daemon"),
        ("express", "skipped", "expressManaged"),
        ("busy", "skipped", "deploying"),
        ("old", "failed", "shortArn"),
        ("full", "failed", "tooManyTags"),
        ("scribbled", "failed", "recordUnreadable"),
        ("newer", "failed", "recordUnreadable"),
    ] {
        let item = item(&fleet, service);
        assert_eq!((&item["outcome"], &item["code"]), (&json!(outcome), &json!(code)), "{service}: {item}");
    }
    assert_eq!(fixture.writes(), [""; 0]);

    for (service, status, code) in [
        ("agent", 409, "daemon"),
        ("express", 409, "expressManaged"),
        ("leaving", 409, "gone"),
        ("old", 409, "shortArn"),
        ("full", 409, "tooManyTags"),
        ("scribbled", 409, "recordUnreadable"),
        ("newer", 409, "recordUnreadable"),
        ("nobody", 404, "notFound"),
    ] {
        let path = format!("/v1/clusters/prod/services/{service}/stop");
        let refused = fixture.rest("POST", &path, &Value::Null).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (status, &json!(code)),
            "{service}: {}",
            refused.body
        );
        assert!(refused.json()["detail"].as_str().unwrap().contains(service));
        assert_eq!(fixture.writes(), [""; 0]);
    }
    let named = fixture.rest("POST", "/v1/clusters/prod/services/busy/stop", &Value::Null).await;
    assert_eq!((named.status, &named.json()["items"][0]["warnings"][0]["code"]), (200, &json!("deploying")));
    let forced =
        fixture.rest("POST", "/v1/clusters/prod/services/express/stop", &json!({"force": true})).await;
    assert_eq!(forced.status, 200, "{}", forced.body);
}

#[tokio::test(start_paused = true)]
async fn a_deferred_stop_counts_as_partial_from_an_event_so_that_its_retry_comes() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("busy").desired(2).deploying());
    let fixture = Fixture::on(world).await;
    let stop = json!({"action": "stop", "cluster": "prod"});
    let problem = fixture.scale(stop.clone()).await.unwrap_err();
    assert_eq!((problem.code, problem.retryable), (Code::Partial, true));
    fixture.aws.with(|world| {
        world.finish_deployment("prod", "busy");
    });
    fixture.aws.advance(Duration::from_mins(10));
    fixture.scale(stop).await.unwrap();
    assert_eq!(fixture.size("busy").0, 0);
}

#[tokio::test(start_paused = true)]
async fn draining_tasks_are_reported_and_not_forced() {
    let fixture = Fixture::on(prod_with_users()).await;
    let stop = json!({"action": "stop", "cluster": "prod", "service": "users"});
    let report = fixture.scale(stop.clone()).await.unwrap();
    assert_eq!(item(&report, "users")["after"]["draining"], 3);
    let again = fixture.scale(stop).await.unwrap();
    assert_eq!(item(&again, "users")["after"]["draining"], 3, "{again}");
    assert!(!fixture.writes().contains(&"StopTask".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn scale_in_sleeps_until_a_started_service_is_whole_and_where_no_reconcile_comes_wakes_at_once() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("users").desired(5));
    world.scalable_target("prod", "users", TargetSeed::new(1, 9).tracking());
    let fixture = Fixture::on(world).await;
    all(&fixture, "stop").await;
    fixture.aws.advance(Duration::from_mins(10));
    // Its alarms have slept on an empty service, and would take it to its min before anybody is there.
    fixture.aws.with(|world| {
        world.load("prod", "users", 1);
    });
    all(&fixture, "start").await;
    assert_eq!(fixture.size("users"), (5, Some((1, [true, false, false]))));
    fixture.aws.advance(Duration::from_secs(1));
    fixture.scale(json!({"action": "reconcile", "clusters": ["*"]})).await.unwrap();
    assert!(fixture.record("users").unwrap().starts_with("v1 starting@"), "{:?}", fixture.record("users"));
    fixture.aws.advance(Duration::from_mins(4));
    assert_eq!(fixture.size("users").0, 5, "nothing pulls it down while it comes up");
    fixture.becomes_whole().await;
    assert_eq!(fixture.size("users").1, Some((1, [false; 3])));
    assert!(fixture.record("users").unwrap().starts_with("v1 on@"), "{:?}", fixture.record("users"));

    for alone in [("MODE", "observe"), ("CLUSTERS", "dev-*"), ("RECONCILE", "false")] {
        let aws = emulator::Aws::new(prod_with_users());
        let setup = local::system::Setup::embedded(&aws).with(alone.0, alone.1);
        let system = local::System::start(setup).await.unwrap();
        let fixture = Fixture { aws, system };
        all(&fixture, "stop").await;
        let report = all(&fixture, "start").await;
        assert_eq!(report["summary"], "prod: 1 service on (users 3)");
        assert_eq!(fixture.size("users"), (3, Some((2, [true, false, false]))), "{alone:?}");
        assert!(fixture.record("users").unwrap().starts_with("v1 on@"), "{alone:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn yesterdays_late_stop_does_not_turn_today_off() {
    let fixture = Fixture::on(prod_with_users()).await;
    let event = |at: &str| json!({"action": "stop", "cluster": "prod", "at": at, "schedule": "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/stop"});
    let late = fixture.scale(event("2026-11-24T22:44:59Z")).await.unwrap();
    assert_eq!(item(&late, "users")["code"], "stale");
    let mut patient = event("2026-11-24T22:44:59Z");
    patient["maxAge"] = "PT1H".into();
    assert_eq!(item(&fixture.scale(patient).await.unwrap(), "users")["outcome"], "changed");
    // Done since: a start meant for 23:00, and a stop meant for before it.
    fixture.scale(json!({"action": "start", "cluster": "prod"})).await.unwrap();
    let older = fixture.scale(event("2026-11-24T22:59:00Z")).await.unwrap();
    assert_eq!(item(&older, "users")["code"], "stale");
    assert_eq!(fixture.size("users").0, 3);
    let ahead = fixture.scale(event("2026-11-24T23:06:00Z")).await.unwrap_err();
    assert_eq!(ahead.code, Code::BadRequest);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_was_begun_is_finished_even_if_a_person_touched_the_service() {
    let mut world = prod();
    let begun = "v1 stopping@2026-11-24T22:59:00Z n=3 min=2 susp=--- by=request";
    world.service("prod", ServiceSeed::new("users").desired(1).tag("steward:record", begun).deploying());
    world.scalable_target("prod", "users", TargetSeed::new(1, 6));
    let fixture = Fixture::on(world).await;
    let report = all(&fixture, "stop").await;
    assert!(
        item(&report, "users")["reason"].as_str().unwrap().contains("the stop that was begun is finished")
    );
    assert_eq!(fixture.size("users"), (0, Some((0, [true; 3]))));
    all(&fixture, "start").await;
    fixture.aws.with(|world| {
        world.finish_deployment("prod", "users");
    });
    fixture.becomes_whole().await;
    assert_eq!(fixture.size("users"), (3, Some((2, [false; 3]))));
}

#[tokio::test(start_paused = true)]
async fn zero_is_never_saved_as_a_size() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("idle").desired(0));
    let fixture = Fixture::on(world).await;
    let report = all(&fixture, "stop").await;
    assert_eq!(item(&report, "idle")["warnings"][0]["code"], "noSavedSize", "{report}");
    let record = fixture.record("idle").unwrap();
    assert!(!record.contains("n="), "{record}");
    // Raised by hand and stopped while on: that is a size.
    let scale = json!({"action": "scale", "cluster": "prod", "service": "idle", "desiredCount": 2});
    fixture.scale(scale).await.unwrap();
    all(&fixture, "stop").await;
    assert!(fixture.record("idle").unwrap().contains(" n=2 "));
}

#[tokio::test(start_paused = true)]
async fn a_start_never_lowers_a_running_service() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("users").desired(3));
    world.scalable_target("prod", "users", TargetSeed::new(2, 20));
    world.service("prod", ServiceSeed::new("plain").desired(2));
    let fixture = Fixture::on(world).await;
    all(&fixture, "stop").await;
    for service in ["users", "plain"] {
        by_hand(&fixture, "ecs", "UpdateService", count(service, 10));
    }
    let report = all(&fixture, "start").await;
    for service in ["users", "plain"] {
        assert_eq!(fixture.size(service).0, 10);
        assert!(item(&report, service)["reason"].as_str().unwrap().contains("that stays"), "{report}");
    }
    assert_eq!(fixture.size("users").1, Some((2, [true, false, false])));
    fixture.becomes_whole().await;
    assert_eq!(fixture.size("users").1, Some((2, [false; 3])));
    all(&fixture, "stop").await;
    assert!(fixture.record("users").unwrap().contains(" n=10 "), "what is on is what is saved");
}

#[tokio::test(start_paused = true)]
async fn what_is_changed_while_it_is_on_is_what_the_next_stop_saves() {
    let fixture = Fixture::on(prod_with_users()).await;
    all(&fixture, "stop").await;
    all(&fixture, "start").await;
    fixture.becomes_whole().await;
    by_hand(&fixture, "ecs", "UpdateService", count("users", 5));
    let target = target(
        "users",
        json!({"MinCapacity": 4, "SuspendedState": {
            "DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": true, "ScheduledScalingSuspended": false,
        }}),
    );
    by_hand(&fixture, "application-autoscaling", "RegisterScalableTarget", target);
    let before = fixture.size("users");
    all(&fixture, "stop").await;
    all(&fixture, "start").await;
    fixture.becomes_whole().await;
    assert_eq!(fixture.size("users"), before);
    assert_eq!(before, (5, Some((4, [false, true, false]))));
}

#[tokio::test(start_paused = true)]
async fn off_with_no_saved_size_uses_the_size_tag_else_fails() {
    let off = "v1 off@2026-11-24T22:00:00Z by=request";
    let mut world = prod();
    world.service("prod", ServiceSeed::new("lost").desired(0).tag("steward:record", off));
    let tagged = ServiceSeed::new("tagged").desired(0).tag("steward:record", off);
    world.service("prod", tagged.tag("steward:size", "n=3 min=2 susp=---"));
    world.scalable_target("prod", "tagged", TargetSeed::new(0, 6).suspended(true, true, true));
    let fixture = Fixture::on(world).await;
    let fleet = fixture.rest("POST", "/v1/clusters/prod/start", &Value::Null).await;
    assert_eq!(fleet.status, 207, "{}", fleet.body);
    let lost = &item(&fleet.json(), "lost").clone();
    assert_eq!((&lost["outcome"], &lost["code"]), (&json!("failed"), &json!("noSavedSize")));
    assert!(lost["reason"].as_str().unwrap().contains("steward:size"), "{lost}");
    assert_eq!(fixture.size("lost").0, 0);
    fixture.becomes_whole().await;
    assert_eq!(fixture.size("tagged"), (3, Some((2, [false; 3]))));
}

#[tokio::test(start_paused = true)]
async fn autoscaling_that_sleeps_without_a_record_is_warned_of() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("users").desired(2));
    world.scalable_target("prod", "users", TargetSeed::new(0, 6).suspended(true, true, true));
    let fixture = Fixture::on(world).await;
    let scale =
        json!({"action": "scale", "cluster": "prod", "service": "users", "desiredCount": 3, "dryRun": true});
    for event in [scale, json!({"action": "stop", "cluster": "prod", "dryRun": true})] {
        let report = fixture.scale(event).await.unwrap();
        assert_eq!(item(&report, "users")["warnings"][0]["code"], "orphanedSuspension", "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_persons_own_flags_and_a_min_of_zero_come_back() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("zero").desired(2));
    world.scalable_target("prod", "zero", TargetSeed::new(0, 6).suspended(false, false, true));
    let fixture = Fixture::on(world).await;
    let before = fixture.size("zero");
    all(&fixture, "stop").await;
    assert_eq!(fixture.size("zero"), (0, Some((0, [true; 3]))));
    all(&fixture, "start").await;
    fixture.becomes_whole().await;
    assert_eq!(fixture.size("zero"), before);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changed_while_it_was_off_wins_with_a_warning() {
    let fixture = Fixture::on(prod_with_users()).await;
    all(&fixture, "stop").await;
    let changed = target("users", json!({"MinCapacity": 1}));
    by_hand(&fixture, "application-autoscaling", "RegisterScalableTarget", changed);
    let report = all(&fixture, "start").await;
    assert_eq!(item(&report, "users")["warnings"][0]["code"], "targetChanged", "{report}");
    assert_eq!(fixture.size("users"), (3, Some((1, [true, false, false]))));

    all(&fixture, "stop").await;
    by_hand(&fixture, "application-autoscaling", "DeregisterScalableTarget", target("users", json!({})));
    let report = all(&fixture, "start").await;
    assert_eq!(item(&report, "users")["warnings"][0]["code"], "targetRemoved", "{report}");
    assert_eq!(fixture.size("users"), (3, None));
}

#[tokio::test(start_paused = true)]
async fn max_desired_and_a_lower_max_bound_what_is_started_and_never_shrink_what_is_saved() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("plain").desired(5));
    world.service("prod", ServiceSeed::new("scaled").desired(5));
    world.scalable_target("prod", "scaled", TargetSeed::new(1, 5));
    let aws = emulator::Aws::new(world);
    let (stop, start) =
        (json!({"action": "stop", "cluster": "prod"}), json!({"action": "start", "cluster": "prod"}));
    let on = |most: &'static str| {
        let setup = local::system::Setup::embedded(&aws).with("MAX_DESIRED", most);
        async move { local::System::start(setup).await.unwrap() }
    };
    let count = |service: &str| aws.with(|world| world.desired_count("prod", service));
    let bounded = on("4").await;
    for _ in 0..3 {
        bounded.invoke("scale-service", stop.clone()).await.unwrap();
        bounded.invoke("scale-service", start.clone()).await.unwrap();
        assert_eq!((count("plain"), count("scaled")), (4, 4));
    }
    bounded.invoke("scale-service", stop.clone()).await.unwrap();
    let open = on("10").await;
    open.invoke("scale-service", start.clone()).await.unwrap();
    assert_eq!((count("plain"), count("scaled")), (5, 5), "what is allowed again comes back");
}

#[tokio::test(start_paused = true)]
async fn what_ecs_express_manages_and_force_starts_is_handed_back_at_once_since_no_reconcile_looks_at_it() {
    let mut world = prod();
    world.service("prod", ServiceSeed::new("users").desired(3).express());
    world.scalable_target("prod", "users", TargetSeed::new(2, 6));
    let fixture = Fixture::on(world).await;
    for action in ["stop", "start"] {
        let event = json!({"action": action, "cluster": "prod", "service": "users", "force": true});
        let report = fixture.scale(event).await.unwrap();
        assert_eq!(report["counts"]["changed"], 1, "{report}");
    }
    assert_eq!(fixture.size("users"), (3, Some((2, [false; 3]))));
    assert!(fixture.record("users").unwrap().starts_with("v1 on@"), "{:?}", fixture.record("users"));
}
