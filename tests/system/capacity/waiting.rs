//! What happens to a group while it waits for its tasks.

use serde_json::{Value, json};

use super::{Story, as_by_day, asleep, job, local, office, run_job};
use crate::fixture::item;

/// By day, with a task that begins just before the evening and takes so many hours; then the evening's
/// first ticks.
async fn waits(hours: u64) -> Story {
    let mut world = office("2026-11-24 12:00");
    job(&mut world, hours);
    let story = Story::on(world).await;
    story.tick("2026-11-24 12:00").await;
    story.aws.move_to(local("2026-11-24 19:58"));
    run_job(&story);
    story.ticks("2026-11-24 20:00", "2026-11-24 20:10").await;
    assert_eq!((story.count(), story.size()), (0, as_by_day()));
    story
}

fn load(story: &Story, wanted: Option<i64>) {
    story.aws.with(|world| {
        world.group_load("machines", wanted);
    });
}

#[tokio::test(start_paused = true)]
async fn what_its_own_alarms_take_while_it_waits_for_tasks_comes_back_in_the_morning() {
    // Nothing needs two machines any more.
    for (hours, by_morning) in [(2, asleep()), (20, (1, 1, 4, Vec::new()))] {
        let story = waits(hours).await;
        assert!(
            story.record().starts_with("v1 stopping@2026-11-24T23:00:00Z n=2 min=1 susp=--"),
            "{}",
            story.record()
        );
        load(&story, Some(1));
        story.tick("2026-11-24 20:20").await;
        assert_eq!(story.size(), (1, 1, 4, Vec::new()), "its alarm has moved it");
        story.ticks("2026-11-24 20:25", "2026-11-25 07:55").await;
        assert_eq!(story.size(), by_morning, "{hours} hours");
        load(&story, None);
        story.tick("2026-11-25 08:00").await;
        story.becomes_whole().await;
        assert_eq!(story.size(), as_by_day(), "{hours} hours");
        assert!(story.record().starts_with("v1 on@2026-11-25T11:00:00Z n=2 min=1"), "{}", story.record());
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_writes_the_size_ahead_once_and_a_dry_run_not_at_all() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    story.aws.move_to(local("2026-11-24 20:00"));
    story.aws.forget();
    let dry = json!({"action": "reconcile", "clusters": ["*"], "dryRun": true});
    let told = story.system.invoke("scale-service", dry).await.unwrap();
    assert_eq!(item(&told, "machines")["code"], "waitingForTasks");
    assert!(story.writes().is_empty());
    story.tick("2026-11-24 20:00").await;
    let tags = |story: &Story| story.writes().iter().filter(|call| *call == "CreateOrUpdateTags").count();
    assert_eq!(tags(&story), 1);
    let story = waits(2).await;
    story.aws.forget();
    story.ticks("2026-11-24 20:15", "2026-11-24 21:50").await;
    assert_eq!((story.size(), tags(&story)), (as_by_day(), 0));
}

#[tokio::test(start_paused = true)]
async fn a_hold_and_an_override_reach_a_stop_that_waits_and_an_off_that_is_said_again_keeps_it() {
    let lease = |state: &str| json!({"state": state, "for": "PT1H"});
    // Held past the task's end; then it goes.
    let story = waits(1).await;
    assert_eq!(story.rest("PUT", "/clusters/ec2/override", lease("hold")).await.status, 200);
    story.ticks("2026-11-24 20:15", "2026-11-24 21:05").await;
    assert_eq!(story.size(), as_by_day());
    story.ticks("2026-11-24 21:10", "2026-11-24 21:25").await;
    assert_eq!(story.size(), asleep());

    // On for an hour, and off again at its end.
    let story = waits(1).await;
    assert_eq!(story.rest("PUT", "/clusters/ec2/override", lease("on")).await.status, 200);
    let record = story.record();
    assert!(record.starts_with("v1 starting@") && record.contains("n=2"), "{record}");
    story.ticks("2026-11-24 20:15", "2026-11-24 21:05").await;
    assert_eq!((story.count(), story.size()), (2, as_by_day()));
    story.ticks("2026-11-24 21:10", "2026-11-24 21:25").await;
    assert_eq!((story.count(), story.size()), (0, asleep()));
    story.tick("2026-11-25 08:00").await;
    story.becomes_whole().await;
    assert_eq!(story.size(), as_by_day());

    // Over a weekend, until Sunday.
    let story = waits(1).await;
    story.ticks("2026-11-24 21:00", "2026-11-24 21:10").await;
    story.tick("2026-11-27 08:00").await;
    story.aws.with(|world| {
        world.job("nightly", emulator::JobSeed::new().runs_for(std::time::Duration::from_hours(40)));
    });
    story.aws.move_to(local("2026-11-27 19:58"));
    run_job(&story);
    story.ticks("2026-11-27 20:00", "2026-11-27 20:10").await;
    load(&story, Some(1));
    story.tick("2026-11-28 20:00").await;
    assert!(story.record().starts_with("v1 stopping@2026-11-27T23:00:00Z n=2"), "{}", story.record());
    story.ticks("2026-11-29 12:00", "2026-11-29 12:05").await;
    assert_eq!(story.size(), asleep());
    load(&story, None);
    story.tick("2026-11-30 08:00").await;
    story.becomes_whole().await;
    assert_eq!(story.size(), as_by_day());
}

#[tokio::test(start_paused = true)]
async fn what_a_person_suspends_while_it_waits_is_not_resumed() {
    let story = waits(20).await;
    let suspend = json!({"AutoScalingGroupName": "machines", "ScalingProcesses": ["AlarmNotification"]});
    story.call("autoscaling", "SuspendProcesses", suspend);
    let report = story.tick("2026-11-25 08:00").await;
    assert_eq!(story.size(), (1, 2, 4, vec!["AlarmNotification".into()]));
    assert_eq!(item(&report, "machines")["warnings"][0]["code"], "targetChanged", "{report}");
    story.becomes_whole().await;
    assert_eq!(story.size(), (1, 2, 4, vec!["AlarmNotification".into()]), "nor once its start has ended");
}

#[tokio::test(start_paused = true)]
async fn a_late_stop_does_not_make_a_stop_that_waits_a_requests_own() {
    let story = waits(2).await;
    let record = story.record();
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/stop";
    let late = json!({"action": "stop", "cluster": "ec2", "capacity": true, "schedule": schedule,
        "at": local("2026-11-24 19:50").to_string()});
    story.system.invoke("scale-service", late).await.unwrap();
    assert_eq!(story.record(), record);
    // Asked for after the morning has passed, it is for what comes after it.
    story.aws.faults(emulator::Faults::new().on("autoscaling", "*").access_denied());
    story.tick("2026-11-25 08:00").await;
    story.aws.faults(emulator::Faults::new());
    story.aws.move_to(local("2026-11-25 08:03"));
    run_job(&story);
    assert_eq!(story.rest("POST", "/clusters/ec2/stop", json!({"capacity": true})).await.status, 202);
    assert!(story.record().starts_with("v1 stopping@2026-11-25T11:03:00Z n=2"), "{}", story.record());
    story.ticks("2026-11-25 08:05", "2026-11-25 10:10").await;
    assert_eq!(story.size(), asleep());
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_waits_is_taken_back_with_the_schedule_that_began_it() {
    // Another schedule that wants it on, an override, or none at all.
    for edit in [Some("always"), Some("Mon-Sun 00:00-24:00 UTC"), None] {
        let story = waits(2).await;
        story.tag_group("steward:schedule", edit);
        story.aws.forget();
        let report = story.tick("2026-11-24 20:15").await;
        let reason = item(&report, "machines")["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains("is taken back"), "{edit:?}: {reason}");
        let record = story.record();
        assert!(record.starts_with("v1 starting@2026-11-24T23:15:00Z n=2 min=1"), "{record}");
        story.ticks("2026-11-24 20:20", "2026-11-25 07:00").await;
        assert_eq!(story.size(), as_by_day(), "{edit:?}");
        let writes = story.writes();
        assert!(writes.iter().all(|call| call == "CreateOrUpdateTags"), "{edit:?}: {writes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_was_asked_for_while_one_waits_is_not_taken_back_with_the_schedule() {
    let story = waits(2).await;
    let accepted = story.rest("POST", "/clusters/ec2/stop", json!({"capacity": true})).await;
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    assert!(story.record().ends_with("by=request"), "{}", story.record());
    story.tag_group("steward:schedule", Some("always"));
    story.ticks("2026-11-24 20:15", "2026-11-24 22:10").await;
    assert_eq!(story.size(), asleep());
}

#[tokio::test(start_paused = true)]
async fn sizing_a_group_whose_stop_was_begun_says_that_it_goes_all_the_same() {
    let story = waits(2).await;
    let sized = story.rest("PUT", "/auto-scaling-groups/machines/scale", json!({"desiredCapacity": 3})).await;
    assert_eq!(sized.status, 200, "{}", sized.body);
    let report = sized.json();
    let warning = &item(&report, "machines")["warnings"][0];
    assert_eq!(warning["code"], "waitingForTasks", "{}", sized.body);
    assert!(warning["detail"].as_str().unwrap().contains("takes it to 0 all the same"), "{warning}");
    story.ticks("2026-11-24 20:15", "2026-11-24 22:10").await;
    assert_eq!(story.size(), asleep());
    story.tick("2026-11-25 08:00").await;
    story.becomes_whole().await;
    assert_eq!(story.size(), as_by_day(), "what people do inside an off period is temporary");
}

#[tokio::test(start_paused = true)]
async fn a_groups_policies_are_its_own_enforced_and_stop_only() {
    let night = |tag: (&'static str, &'static str)| async move {
        let story = Story::on(office("2026-11-24 12:00")).await;
        story.tag_group(tag.0, Some(tag.1));
        story.ticks("2026-11-24 12:00", "2026-11-24 12:05").await;
        story.ticks("2026-11-24 20:00", "2026-11-24 20:10").await;
        assert_eq!(story.size(), asleep());
        story
    };
    let raise = json!({"AutoScalingGroupName": "machines", "DesiredCapacity": 1});
    let story = night(("steward:drift", "enforce")).await;
    story.aws.move_to(local("2026-11-24 23:00"));
    story.call("autoscaling", "UpdateAutoScalingGroup", raise.clone());
    story.tick("2026-11-24 23:05").await;
    assert_eq!(story.size(), asleep(), "enforced");

    let story = night(("steward:half", "stop-only")).await;
    let morning = story.tick("2026-11-25 08:00").await;
    assert_eq!((&item(&morning, "machines")["code"], story.size()), (&json!("stopOnly"), asleep()));
    story.call("autoscaling", "UpdateAutoScalingGroup", raise);
    story.tick("2026-11-25 08:10").await;
    assert_eq!(story.size(), (1, 1, 4, Vec::<String>::new()), "its min and alarms are handed back");
    assert!(story.record().starts_with("v1 on@"), "{}", story.record());
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_schedule_is_taken_away_at_night_comes_back() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    story.ticks("2026-11-24 20:00", "2026-11-24 20:10").await;
    assert_eq!(story.size(), asleep());
    story.tag_group("steward:schedule", None);
    story.tick("2026-11-24 23:00").await;
    story.becomes_whole().await;
    assert_eq!(story.size(), as_by_day());
    assert!(!story.record().contains("sched="), "{}", story.record());
    story.aws.forget();
    story.ticks("2026-11-24 23:10", "2026-11-25 08:00").await;
    let writes: Vec<Value> = story.aws.writes().into_iter().map(|call| json!(call.service)).collect();
    assert!(writes.iter().all(|service| service != "autoscaling"), "{writes:?}");
}
