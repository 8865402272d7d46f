//! Evenings and mornings of groups that follow a schedule.

use emulator::{Faults, GroupSeed, ProviderSeed, ServiceSeed};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{OFFICE, Story, api, as_by_day, asleep, ec2, job, local, machines, office, run_job};
use crate::fixture::item;

/// The machines' item of a report.
fn of_machines(report: &Value) -> &Value {
    item(report, "machines")
}

fn scheduled() -> GroupSeed {
    machines().tag("steward:schedule", OFFICE)
}

async fn evening(story: &Story) {
    story.ticks("2026-11-24 19:50", "2026-11-24 20:15").await;
}

#[tokio::test(start_paused = true)]
async fn services_go_down_then_the_machines_and_in_the_morning_the_machines_come_first() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    let adopted = story.tick("2026-11-24 12:00").await;
    assert_eq!(story.size(), as_by_day(), "adopted as it is");
    assert!(story.record().contains("on@") && story.record().contains("n=2 min=1 susp=-- cluster=ec2"));
    assert!(adopted["summary"].as_str().unwrap().contains("1 group adopted"), "{}", adopted["summary"]);

    let down = story.tick("2026-11-24 20:00").await;
    assert_eq!((story.count(), story.size()), (0, as_by_day()));
    assert_eq!(of_machines(&down)["code"], "waitingForTasks", "{down}");
    assert_eq!(of_machines(&down)["outcome"], "unchanged");
    // Its tasks are told to stop, and run on until their containers have ended.
    story.aws.move_to(local("2026-11-24 20:00") + SignedDuration::from_secs(4));
    let running = story.call("ecs", "ListTasks", json!({"cluster": "ec2", "serviceName": "api"}));
    assert_eq!(running["taskArns"], json!([]));
    let soon = story.system.invoke("scale-service", super::tick(&story.aws)).await.unwrap();
    assert_eq!((&of_machines(&soon)["code"], story.size()), (&json!("waitingForTasks"), as_by_day()));
    story.aws.forget();
    let gone = story.tick("2026-11-24 20:05").await;
    assert_eq!(story.size(), asleep());
    // Its size was written down at 20:00, when it began to wait.
    assert_eq!(story.writes(), ["SuspendProcesses", "UpdateAutoScalingGroup", "CreateOrUpdateTags"]);
    assert!(gone["summary"].as_str().unwrap().contains("1 group off (machines 2 saved)"), "{gone}");
    assert!(
        story.record().starts_with("v1 off@2026-11-24T23:00:00Z n=2 min=1 susp=--"),
        "{}",
        story.record()
    );
    story.aws.forget();
    story.ticks("2026-11-24 20:10", "2026-11-25 07:55").await;
    assert!(story.writes().is_empty(), "what is done costs no write");
    assert!(story.group().instances.is_empty());

    story.aws.forget();
    story.tick("2026-11-25 08:00").await;
    let writes = story.writes();
    let place = |operation: &str| writes.iter().position(|it| it == operation).unwrap();
    assert!(place("UpdateAutoScalingGroup") < place("ResumeProcesses"), "{writes:?}");
    assert!(place("ResumeProcesses") < place("UpdateService"), "machines first: {writes:?}");
    let alarms = || vec!["AlarmNotification".to_owned()];
    assert_eq!(story.size(), (1, 2, 4, alarms()), "its alarms sleep until its instances are in service");
    let record = story.record();
    assert!(record.starts_with("v1 starting@2026-11-25T11:00:00Z n=2 min=1"), "{record}");
    // An instance is there for tasks about 70 s after its launch.
    story.aws.move_to(local("2026-11-25 08:00") + SignedDuration::from_secs(150));
    assert_eq!((story.count(), story.running()), (2, 2));
    story.aws.forget();
    story.tick("2026-11-25 08:05").await;
    assert_eq!(story.size(), as_by_day());
    let mut writes = story.writes();
    writes.sort();
    assert_eq!(writes, ["CreateOrUpdateTags", "ResumeProcesses", "TagResource"], "both starts have ended");
    story.aws.forget();
    story.tick("2026-11-25 08:10").await;
    assert!(story.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_standalone_task_keeps_the_machines_for_two_hours_and_they_go_at_the_tick_after_its_end() {
    let mut world = office("2026-11-24 12:00");
    job(&mut world, 2);
    let story = Story::on(world).await;
    story.tick("2026-11-24 12:00").await;
    story.aws.move_to(local("2026-11-24 19:58"));
    run_job(&story);

    evening(&story).await;
    assert_eq!((story.count(), story.running()), (0, 0));
    for at in ["2026-11-24 20:20", "2026-11-24 21:00", "2026-11-24 21:55"] {
        story.aws.forget();
        let report = story.tick(at).await;
        let waits = of_machines(&report);
        assert_eq!((&waits["outcome"], &waits["code"]), (&json!("unchanged"), &json!("waitingForTasks")));
        let reason = waits["reason"].as_str().unwrap();
        assert!(reason.contains("1 task still runs") && reason.contains("family:nightly"), "{reason}");
        let summary = report["summary"].as_str().unwrap();
        assert!(summary.contains("1 group waiting for tasks (machines)"), "{summary}");
        assert!(!summary.contains("group unchanged"), "told once: {summary}");
        assert_eq!(story.size(), as_by_day(), "{at}");
        assert!(story.writes().is_empty(), "waiting costs no write");
    }
    story.tick("2026-11-24 22:05").await;
    assert_eq!(story.size(), asleep(), "the tick after its end");
}

#[tokio::test(start_paused = true)]
async fn machines_go_whatever_runs_on_another_groups_in_the_same_cluster() {
    let mut world = office("2026-11-24 12:00");
    world.group(GroupSeed::new("always").sizes(1, 1, 1).cluster("ec2"));
    // So large that it finds room only where `api` is not.
    world.service("ec2", ServiceSeed::new("solo").desired(1).ec2().size(900, 400));
    let story = Story::on(world).await;
    story.tick("2026-11-24 12:00").await;
    evening(&story).await;
    assert_eq!(story.size(), asleep());
    assert_eq!(story.aws.with(|world| world.running_count("ec2", "solo")), 1);

    // In the morning there is room on them too, and what runs there keeps them.
    story.tick("2026-11-25 08:00").await;
    story.aws.move_to(local("2026-11-25 08:04"));
    let two = json!({"cluster": "ec2", "service": "solo", "desiredCount": 2});
    story.call("ecs", "UpdateService", json!({"cluster": "ec2", "service": "api", "desiredCount": 1}));
    story.call("ecs", "UpdateService", two);
    story.ticks("2026-11-25 19:50", "2026-11-25 20:15").await;
    assert_eq!(story.aws.with(|world| world.running_count("ec2", "solo")), 2);
    let waits = story.tick("2026-11-25 20:20").await;
    let reason = of_machines(&waits)["reason"].as_str().unwrap();
    assert!(reason.contains("1 task still runs on its instances") && reason.contains("solo"), "{reason}");
    assert_eq!(story.size(), as_by_day());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_begins_between_two_readings_keeps_the_machines() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    story.tick("2026-11-24 20:00").await;
    story.aws.move_to(local("2026-11-24 20:05"));
    story.aws.forget();
    story.aws.latency(Some(std::time::Duration::from_secs(1)));
    // Once its tasks have been read, and before they are read again.
    let raise = async {
        let looked = || story.aws.ledger().iter().filter(|call| call.operation == "ListTasks").count();
        while looked() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let run = json!({"cluster": "ec2", "taskDefinition": "api", "launchType": "EC2"});
        story.call("ecs", "RunTask", run);
    };
    let (report, ()) = tokio::join!(story.system.invoke("scale-service", super::tick(&story.aws)), raise);
    let report = report.unwrap();
    assert_eq!(of_machines(&report)["code"], "waitingForTasks", "{report}");
    assert_eq!(of_machines(&report)["outcome"], "unchanged");
    let looked = story.aws.ledger().iter().filter(|call| call.operation == "ListTasks").count();
    assert_eq!((looked, story.writes()), (4, Vec::new()), "read again, and left");
}

#[tokio::test(start_paused = true)]
async fn what_slept_already_sleeps_on_and_the_size_of_the_day_comes_back() {
    let group = scheduled().sizes(0, 3, 4).suspended("ScheduledActions").suspended("AZRebalance");
    let story = Story::on(ec2("2026-11-24 12:00", group, api().tag("steward:schedule", OFFICE))).await;
    let by_day = story.size();
    story.tick("2026-11-24 12:00").await;
    evening(&story).await;
    assert_eq!(story.size().1, 0);
    assert!(story.record().contains("n=3 min=0 susp=-s"), "{}", story.record());
    story.tick("2026-11-25 08:00").await;
    story.becomes_whole().await;
    assert_eq!(story.size(), by_day);
}

#[tokio::test(start_paused = true)]
async fn the_groups_own_alarms_and_scheduled_actions_sleep_with_it() {
    let mut world = office("2026-11-24 12:00");
    let action = json!({
        "AutoScalingGroupName": "machines", "ScheduledActionName": "night", "Recurrence": "0 2 * * *",
        "MinSize": 1, "DesiredCapacity": 1,
    });
    world.call("autoscaling", "PutScheduledUpdateGroupAction", action).unwrap();
    let story = Story::on(world).await;
    story.tick("2026-11-24 12:00").await;
    evening(&story).await;
    story.aws.with(|world| {
        world.group_load("machines", Some(3));
    });
    story.ticks("2026-11-24 20:20", "2026-11-25 07:55").await;
    assert_eq!(story.size(), asleep());
    story.tick("2026-11-25 08:00").await;
    story.tick("2026-11-25 08:05").await;
    story.tick("2026-11-25 08:10").await;
    assert_eq!(story.size().1, 3, "by day its alarm moves it again");
}

#[tokio::test(start_paused = true)]
async fn what_people_do_at_night_is_temporary_and_zero_is_never_saved() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    evening(&story).await;
    story.aws.move_to(local("2026-11-24 23:00"));
    let raise = json!({"AutoScalingGroupName": "machines", "DesiredCapacity": 1});
    story.call("autoscaling", "UpdateAutoScalingGroup", raise);
    story.ticks("2026-11-24 23:05", "2026-11-25 07:55").await;
    assert_eq!(story.size().1, 1, "what people did stays");
    let raised = story.tick("2026-11-25 07:55").await;
    assert!(raised["summary"].as_str().unwrap().contains("1 on outside their schedule"), "{raised}");
    story.tick("2026-11-25 08:00").await;
    story.becomes_whole().await;
    assert_eq!(story.size(), as_by_day());
    // To zero by hand at noon: the evening's record keeps the size it last had.
    let zero = json!({"AutoScalingGroupName": "machines", "MinSize": 0, "DesiredCapacity": 0});
    story.aws.move_to(local("2026-11-25 12:00"));
    story.call("autoscaling", "UpdateAutoScalingGroup", zero);
    story.ticks("2026-11-25 20:00", "2026-11-25 20:15").await;
    assert!(story.record().contains("off@2026-11-25T23:00:00Z n=2 min=0"), "{}", story.record());
    story.tick("2026-11-26 08:00").await;
    assert_eq!(story.size().1, 2);
}

#[tokio::test(start_paused = true)]
async fn a_group_under_managed_scaling_is_left_to_ecs() {
    let mut world = office("2026-11-24 12:00");
    world.capacity_provider(ProviderSeed::new("provider", "machines").managed_scaling(100).cluster("ec2"));
    let story = Story::on(world).await;
    let report = story.tick("2026-11-24 12:00").await;
    assert_eq!(of_machines(&report)["code"], "managedScaling");
    evening(&story).await;
    let writes = story.aws.writes();
    assert!(writes.iter().all(|call| call.service != "autoscaling"), "{writes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_cluster_is_unknown_is_never_stopped() {
    let mut world = office("2026-11-24 12:00");
    world.group(GroupSeed::new("lonely").tag("steward:schedule", OFFICE));
    world.group(GroupSeed::new("misled").tag("steward:schedule", OFFICE).tag("steward:cluster", "nowhere"));
    let story = Story::on(world).await;
    story.tick("2026-11-24 12:00").await;
    evening(&story).await;
    let report = story.tick("2026-11-24 21:00").await;
    for name in ["lonely", "misled"] {
        let item = item(&report, name);
        assert_eq!((&item["outcome"], &item["code"]), (&json!("unchanged"), &json!("clusterUnknown")));
        assert_eq!(story.aws.with(|world| world.group_view(name)).unwrap().desired, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_groups_tag_names_its_cluster_and_its_record_keeps_it_while_it_is_empty() {
    // Linked by nothing but its instances: asleep it has none.
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    evening(&story).await;
    assert!(story.aws.with(|world| world.container_instances("ec2")).is_empty());
    assert!(story.record().contains("cluster=ec2"));
    story.tick("2026-11-25 08:00").await;
    story.becomes_whole().await;
    assert_eq!(story.size(), as_by_day());
}

#[tokio::test(start_paused = true)]
async fn instances_that_are_held_are_told_and_left() {
    for (group, says) in [
        (scheduled().protected(), "2 of its instances are protected"),
        (scheduled().suspended("Terminate"), "Terminate is suspended"),
        (scheduled().warm_pool(2), "warm pool of 2 stays"),
    ] {
        let story = Story::on(ec2("2026-11-24 12:00", group, api().tag("steward:schedule", OFFICE))).await;
        story.tick("2026-11-24 12:00").await;
        story.tick("2026-11-24 20:00").await;
        let report = story.tick("2026-11-24 20:05").await;
        let warning = &of_machines(&report)["warnings"][0];
        assert_eq!(warning["code"], "instancesHeld", "{says}: {report}");
        assert!(warning["detail"].as_str().unwrap().contains(says), "{warning}");
        assert_eq!(story.size().1, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lifecycle_hook_is_respected_and_told() {
    let mut world = office("2026-11-24 12:00");
    let hook = json!({
        "AutoScalingGroupName": "machines", "LifecycleHookName": "drain", "HeartbeatTimeout": 1800,
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
    });
    world.call("autoscaling", "PutLifecycleHook", hook).unwrap();
    let story = Story::on(world).await;
    story.tick("2026-11-24 12:00").await;
    evening(&story).await;
    let report = story.tick("2026-11-24 20:20").await;
    let warning = &of_machines(&report)["warnings"][0];
    assert!(warning["detail"].as_str().unwrap().contains("wait for a lifecycle hook"), "{report}");
    assert_eq!(story.group().instances.len(), 2);
    story.tick("2026-11-24 21:00").await;
    assert!(story.group().instances.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_clusters_hold_and_its_override_reach_its_machines() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    story.aws.move_to(local("2026-11-24 19:00"));
    let hold = json!({"state": "hold", "for": "PT2H"});
    assert_eq!(story.rest("PUT", "/clusters/ec2/override", hold).await.status, 200);
    let held = story.tick("2026-11-24 20:00").await;
    assert_eq!((&of_machines(&held)["code"], story.size()), (&json!("held"), as_by_day()));
    story.ticks("2026-11-24 21:00", "2026-11-24 21:10").await;
    assert_eq!((story.count(), story.size()), (0, asleep()));
    let on = json!({"state": "on", "for": "PT1H"});
    story.aws.move_to(local("2026-11-24 22:00"));
    assert_eq!(story.rest("PUT", "/clusters/ec2/override", on).await.status, 200);
    story.becomes_whole().await;
    assert_eq!((story.count(), story.size()), (2, as_by_day()), "machines and services");
    story.ticks("2026-11-24 23:00", "2026-11-24 23:10").await;
    assert_eq!((story.count(), story.size()), (0, asleep()));
}

#[tokio::test(start_paused = true)]
async fn a_bad_schedule_or_record_of_a_group_fails_alone() {
    for (key, value, code) in [
        ("steward:schedule", "Mon 8-9", "scheduleUnreadable"),
        ("steward:record", "v1 asleep", "recordUnreadable"),
    ] {
        let group = machines().tag("steward:schedule", OFFICE).tag(key, value);
        let story = Story::on(ec2("2026-11-24 12:00", group, api().tag("steward:schedule", OFFICE))).await;
        story.tick("2026-11-24 12:00").await;
        let report = story.tick("2026-11-24 20:00").await;
        assert_eq!(
            (&of_machines(&report)["outcome"], &of_machines(&report)["code"]),
            (&json!("failed"), &json!(code))
        );
        assert_eq!((story.count(), story.size()), (0, as_by_day()));
    }
}

#[tokio::test(start_paused = true)]
async fn groups_that_cannot_be_read_do_not_stop_the_services() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    story.aws.faults(Faults::new().on("autoscaling", "DescribeAutoScalingGroups").access_denied());
    let report = story.tick("2026-11-24 20:00").await;
    assert_eq!(story.count(), 0);
    assert_eq!(report["counts"]["failed"], 1, "{report}");
    assert!(report["items"].to_string().contains("auto-scaling-groups"));
}

#[tokio::test(start_paused = true)]
async fn tagging_a_group_at_night_switches_nothing() {
    let story = Story::on(ec2("2026-11-24 22:00", machines(), ServiceSeed::new("api").desired(0))).await;
    story.tag_group("steward:schedule", Some(OFFICE));
    story.ticks("2026-11-24 22:05", "2026-11-25 07:00").await;
    assert_eq!(story.size(), as_by_day());
    story.ticks("2026-11-25 20:00", "2026-11-25 20:05").await;
    assert_eq!(story.size(), asleep());
    assert!(story.group().tags.contains_key("steward:record"));
    let described = story.call("autoscaling", "DescribeAutoScalingGroups", json!({}));
    let tags = described["AutoScalingGroups"][0]["Tags"].as_array().unwrap().clone();
    assert!(tags.iter().all(|tag| tag["PropagateAtLaunch"] == false), "{tags:?}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_started_while_its_machines_sleep_says_that_its_tasks_wait_for_them() {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    evening(&story).await;
    assert_eq!(story.size(), asleep());
    let warned = |report: &Value| {
        let warnings = item(report, "api")["warnings"].as_array().unwrap().clone();
        warnings.iter().any(|warning| warning["code"] == "noInstances")
    };
    let service = "/clusters/ec2/services/api";
    let lease = json!({"state": "on", "for": "PT1H"});
    for (method, path, body) in [
        ("POST", format!("{service}/start"), Value::Null),
        ("PUT", format!("{service}/scale"), json!({"desiredCount": 1})),
        ("PUT", format!("{service}/override"), lease.clone()),
        ("POST", "/clusters/ec2/start".into(), Value::Null),
    ] {
        let fork = Story::at(story.aws.fork(), &[]).await;
        let report = fork.rest(method, &path, body).await;
        assert_eq!(report.status, 200, "{}", report.body);
        assert!(warned(&report.json()), "{method} {path}: {}", report.body);
        fork.aws.advance(std::time::Duration::from_mins(10));
        assert_eq!(fork.running(), 0, "{method} {path}");
    }
    // Where the machines come as well there is nothing to say.
    for (path, body) in
        [("/clusters/ec2/start", json!({"capacity": true})), ("/clusters/ec2/override", lease)]
    {
        let fork = Story::at(story.aws.fork(), &[]).await;
        let report = fork.rest(if path.ends_with("start") { "POST" } else { "PUT" }, path, body).await;
        assert_eq!(report.status, 200, "{}", report.body);
        assert!(!warned(&report.json()), "{path}: {}", report.body);
        fork.aws.advance(std::time::Duration::from_mins(10));
        assert_eq!(fork.running(), 2, "{path}");
    }
    let morning = story.tick("2026-11-25 08:00").await;
    assert_eq!(item(&morning, "api")["outcome"], "changed");
    assert!(!warned(&morning), "{morning}");
}
