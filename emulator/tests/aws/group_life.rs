//! Groups start, replace and end their instances over time, and ECS follows.

use std::time::Duration;

use emulator::{Aws, GroupSeed, JobSeed, ProviderSeed, ServiceSeed, World};
use serde_json::{Value, json};

use crate::protocols::groups;
use crate::world::{pass, prod};

/// A cluster `box` on a group `box`, with a DAEMON `agent` and a service `api` of one small task.
fn boxes(n: i64) -> World {
    let mut world = prod();
    world
        .group(GroupSeed::new("box").sizes(0, n, 10).cluster("box"))
        .service("box", ServiceSeed::new("agent").daemon().size(64, 128))
        .service("box", ServiceSeed::new("api").ec2().size(128, 256));
    world
}

fn call(world: &mut World, operation: &str, input: Value) -> Value {
    world.call("autoscaling", operation, input).unwrap()
}

fn scale(world: &mut World, min: i64, desired: i64) {
    let input = json!({"AutoScalingGroupName": "box", "MinSize": min, "DesiredCapacity": desired});
    call(world, "UpdateAutoScalingGroup", input);
}

fn suspend(world: &mut World, processes: &[&str]) {
    let input = json!({"AutoScalingGroupName": "box", "ScalingProcesses": processes});
    call(world, "SuspendProcesses", input);
}

/// The lifecycle states of the group's instances.
fn states(world: &World) -> Vec<&'static str> {
    world.group_view("box").unwrap().instances.iter().map(|(_, state)| *state).collect()
}

fn ids(world: &World) -> Vec<String> {
    world.group_view("box").unwrap().instances.into_iter().map(|(id, _)| id).collect()
}

/// The newest activities: what, status and cause.
fn activities(world: &mut World) -> Vec<(String, String, String)> {
    let input = json!({"AutoScalingGroupName": "box"});
    let answer = call(world, "DescribeScalingActivities", input);
    let text = |a: &Value, key: &str| a[key].as_str().unwrap().to_owned();
    let activities = answer["Activities"].as_array().unwrap();
    activities.iter().map(|a| (text(a, "Description"), text(a, "StatusCode"), text(a, "Cause"))).collect()
}

#[test]
fn a_group_grows_and_its_instances_register_with_the_cluster() {
    let mut world = boxes(1);
    scale(&mut world, 0, 3);
    pass(&mut world, 10);
    assert_eq!(states(&world).iter().filter(|s| **s == "Pending").count(), 2);
    pass(&mut world, 30);
    assert_eq!(states(&world), ["InService"; 3]);
    assert_eq!(world.container_instances("box").len(), 1);
    pass(&mut world, 120);
    assert_eq!(world.container_instances("box").len(), 3);
    assert_eq!(world.running_count("box", "agent"), 3);
    let (what, status, cause) = activities(&mut world).remove(0);
    assert!(what.starts_with("Launching a new EC2 instance: i-"), "{what}");
    assert_eq!(status, "Successful");
    let request = "At 2026-11-24T12:00:00Z a user request update of AutoScalingGroup constraints to min: 0, max: 10, \
                   desired: 3 changing the desired capacity from 1 to 3.";
    assert!(cause.starts_with(request), "{cause}");
}

#[test]
fn a_second_group_of_a_cluster_leaves_its_services_attended() {
    let mut world = boxes(1);
    world.group(GroupSeed::new("other").sizes(1, 1, 1).cluster("box"));
    pass(&mut world, 60);
    assert_eq!(world.running_count("box", "agent"), 2, "a DAEMON is on each");
    let input = json!({"cluster": "box", "service": "api", "desiredCount": 0});
    world.call("ecs", "UpdateService", input).unwrap();
    pass(&mut world, 120);
    assert_eq!(world.running_count("box", "api"), 0);
}

#[test]
fn a_group_at_zero_has_no_instances_and_comes_back() {
    let mut world = boxes(2);
    scale(&mut world, 0, 0);
    pass(&mut world, 10);
    assert_eq!(states(&world), ["Terminating"; 2]);
    assert!(world.container_instances("box").is_empty());
    pass(&mut world, 300);
    assert!(ids(&world).is_empty());
    assert_eq!((world.running_count("box", "agent"), world.running_count("box", "api")), (0, 0));
    assert!(world.events("box", "api")[0].contains("No Container Instances were found in your cluster."));
    scale(&mut world, 1, 2);
    pass(&mut world, 180);
    assert_eq!((world.running_count("box", "agent"), world.running_count("box", "api")), (2, 1));
}

#[test]
fn what_ran_on_an_instance_that_ended_says_so() {
    let mut world = boxes(1);
    let arn = world.tasks("box", "api")[0].arn.clone();
    scale(&mut world, 0, 0);
    pass(&mut world, 120);
    let input = json!({"cluster": "box", "tasks": [arn]});
    let task = world.call("ecs", "DescribeTasks", input).unwrap()["tasks"][0].clone();
    assert!(task["stoppedReason"].as_str().unwrap().starts_with("Host EC2 (instance i-"), "{task}");
}

#[test]
fn protected_instances_stay_until_they_are_let_go() {
    let mut world = boxes(2);
    let all = ids(&world);
    let protect = |world: &mut World, ids: &[String], protected: bool| {
        let input =
            json!({"AutoScalingGroupName": "box", "InstanceIds": ids, "ProtectedFromScaleIn": protected});
        call(world, "SetInstanceProtection", input);
    };
    protect(&mut world, &all[..1], true);
    scale(&mut world, 0, 0);
    pass(&mut world, 600);
    assert_eq!(ids(&world), all[..1]);
    let (what, status, _) =
        activities(&mut world).into_iter().find(|(what, ..)| what.starts_with("Could not scale")).unwrap();
    assert!(what.ends_with("all remaining instances are protected from scale in."), "{what}");
    assert_eq!(status, "Failed");
    protect(&mut world, &all[..1], false);
    pass(&mut world, 60);
    assert!(ids(&world).is_empty());
}

#[test]
fn suspended_processes_hold_a_group_as_it_is() {
    let mut world = boxes(2);
    suspend(&mut world, &["Terminate", "Launch"]);
    scale(&mut world, 0, 0);
    pass(&mut world, 600);
    assert_eq!(ids(&world).len(), 2);
    scale(&mut world, 0, 5);
    pass(&mut world, 600);
    assert_eq!(ids(&world).len(), 2);
    call(&mut world, "ResumeProcesses", json!({"AutoScalingGroupName": "box"}));
    pass(&mut world, 60);
    assert_eq!(ids(&world).len(), 5);
}

#[test]
fn a_killed_instance_is_replaced() {
    let mut world = boxes(2);
    let before = ids(&world);
    world.kill_instance(&before[0]);
    assert_eq!(world.container_instances("box").len(), 1);
    pass(&mut world, 10);
    assert_eq!(states(&world), ["InService"; 2], "nobody has looked yet");
    pass(&mut world, 300);
    let after = ids(&world);
    assert_eq!(after.len(), 2);
    assert!(!after.contains(&before[0]) && after.contains(&before[1]));
    assert_eq!((world.running_count("box", "agent"), world.running_count("box", "api")), (2, 1));
    let all = activities(&mut world);
    assert!(all.iter().any(|(.., cause)| cause.contains("EC2 health check")), "{all:?}");

    suspend(&mut world, &["ReplaceUnhealthy"]);
    world.kill_instance(&after[0]);
    pass(&mut world, 300);
    let described = call(&mut world, "DescribeAutoScalingGroups", json!({}))["AutoScalingGroups"][0].clone();
    assert!(described["Instances"].to_string().contains("Unhealthy"));
    assert!(ids(&world).contains(&after[0]));
}

#[test]
fn an_instance_is_ended_by_name_with_or_without_a_replacement() {
    let mut world = boxes(2);
    let first = ids(&world)[0].clone();
    let end =
        |id: &str, decrement: bool| json!({"InstanceId": id, "ShouldDecrementDesiredCapacity": decrement});
    call(&mut world, "TerminateInstanceInAutoScalingGroup", end(&first, true));
    pass(&mut world, 300);
    assert_eq!((ids(&world).len(), world.group_view("box").unwrap().desired), (1, 1));
    let last = ids(&world)[0].clone();
    call(&mut world, "TerminateInstanceInAutoScalingGroup", end(&last, false));
    pass(&mut world, 300);
    assert_eq!(ids(&world).len(), 1);
    assert_ne!(ids(&world)[0], last);
}

#[test]
fn an_instance_waits_for_its_hook() {
    let mut world = boxes(1);
    let hook = |name: &str, transition: &str, result: &str| {
        json!({
            "AutoScalingGroupName": "box", "LifecycleHookName": name, "HeartbeatTimeout": 300,
            "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{transition}"), "DefaultResult": result,
        })
    };
    call(&mut world, "PutLifecycleHook", hook("in", "LAUNCHING", "CONTINUE"));
    call(&mut world, "PutLifecycleHook", hook("out", "TERMINATING", "CONTINUE"));
    let hooks = call(&mut world, "DescribeLifecycleHooks", json!({"AutoScalingGroupName": "box"}));
    assert_eq!(hooks["LifecycleHooks"].as_array().unwrap().len(), 2);
    scale(&mut world, 0, 2);
    pass(&mut world, 60);
    assert!(states(&world).contains(&"Pending:Wait"));
    pass(&mut world, 300);
    assert_eq!(states(&world), ["InService"; 2]);
    scale(&mut world, 0, 0);
    pass(&mut world, 60);
    assert_eq!(states(&world), ["Terminating:Wait"; 2]);
    assert_eq!(world.container_instances("box").len(), 2, "it runs on while it waits");
    let id = ids(&world)[0].clone();
    let complete = json!({
        "AutoScalingGroupName": "box", "LifecycleHookName": "out", "InstanceId": id, "LifecycleActionResult": "CONTINUE",
    });
    call(&mut world, "CompleteLifecycleAction", complete.clone());
    pass(&mut world, 60);
    assert_eq!(states(&world), ["Terminating:Wait"]);
    assert!(world.call("autoscaling", "CompleteLifecycleAction", complete).is_err());
    pass(&mut world, 300);
    assert!(ids(&world).is_empty());
}

#[test]
fn a_scheduled_action_acts_unless_it_is_suspended() {
    let mut world = boxes(2);
    let put = json!({
        "AutoScalingGroupName": "box", "ScheduledActionName": "morning", "Recurrence": "0 8 * * 1-5",
        "TimeZone": "America/Sao_Paulo", "MinSize": 3, "DesiredCapacity": 3,
    });
    call(&mut world, "PutScheduledUpdateGroupAction", put);
    let once = json!({
        "AutoScalingGroupName": "box", "ScheduledActionName": "once", "StartTime": "2026-11-25T02:00:00Z",
        "DesiredCapacity": 5,
    });
    call(&mut world, "PutScheduledUpdateGroupAction", once);
    let listed = call(&mut world, "DescribeScheduledActions", json!({"AutoScalingGroupName": "box"}));
    let actions = listed["ScheduledUpdateGroupActions"].as_array().unwrap();
    assert_eq!(actions.len(), 2);
    assert_eq!(actions[0]["StartTime"], "2026-11-25T11:00:00Z");
    world.advance_to("2026-11-25T02:10:00Z".parse().unwrap());
    assert_eq!(ids(&world).len(), 5);
    let listed = call(&mut world, "DescribeScheduledActions", json!({}));
    assert_eq!(
        listed["ScheduledUpdateGroupActions"].as_array().unwrap().len(),
        1,
        "it has acted, and is gone"
    );
    scale(&mut world, 0, 0);
    suspend(&mut world, &["ScheduledActions"]);
    world.advance_to("2026-11-25T12:00:00Z".parse().unwrap());
    assert_eq!(ids(&world).len(), 0);
    call(&mut world, "ResumeProcesses", json!({"AutoScalingGroupName": "box"}));
    world.advance_to("2026-11-26T12:00:00Z".parse().unwrap());
    let view = world.group_view("box").unwrap();
    assert_eq!((view.min, view.desired, view.instances.len()), (3, 3, 3));
    let wrong = json!({
        "AutoScalingGroupName": "box", "ScheduledActionName": "x", "Recurrence": "0 8 * *", "MinSize": 1,
    });
    assert!(world.call("autoscaling", "PutScheduledUpdateGroupAction", wrong).is_err());
}

#[test]
fn an_alarm_follows_the_load_unless_it_is_suspended() {
    let mut world = boxes(2);
    world.group_load("box", Some(4));
    pass(&mut world, 300);
    assert_eq!(ids(&world).len(), 4);
    suspend(&mut world, &["AlarmNotification"]);
    scale(&mut world, 0, 0);
    pass(&mut world, 3600);
    assert!(ids(&world).is_empty());
    let resume = json!({"AutoScalingGroupName": "box", "ScalingProcesses": ["AlarmNotification"]});
    call(&mut world, "ResumeProcesses", resume);
    pass(&mut world, 300);
    assert_eq!(ids(&world).len(), 4);
}

/// A cluster `box` whose group is sized by ECS.
fn managed(provider: ProviderSeed) -> World {
    let mut world = prod();
    world.group(GroupSeed::new("box").sizes(0, 1, 5).cluster("box"));
    world.capacity_provider(provider.managed_scaling(100).cluster("box").default_strategy());
    world.service("box", ServiceSeed::new("agent").daemon().size(64, 128));
    let tool = json!({
        "family": "tool", "containerDefinitions": [{"name": "tool", "image": "tool:1", "memory": 400}],
    });
    world.call("ecs", "RegisterTaskDefinition", tool).unwrap();
    world
}

#[test]
fn managed_scaling_lets_a_group_grow_for_tasks_that_wait_and_shrink_when_they_are_gone() {
    let mut world = managed(ProviderSeed::new("own", "box").managed_termination_protection());
    world.job("tool", JobSeed::new().runs_for(Duration::from_mins(10)));
    let run = json!({"cluster": "box", "taskDefinition": "tool", "count": 7});
    let answer = world.call("ecs", "RunTask", run).unwrap();
    assert_eq!((answer["tasks"].as_array().unwrap().len(), &answer["failures"]), (7, &json!([])));
    let waiting = |world: &mut World| {
        let input = json!({"cluster": "box", "tasks": answer["tasks"].as_array().unwrap().iter()
            .map(|t| t["taskArn"].clone()).collect::<Vec<_>>()});
        let answer = world.call("ecs", "DescribeTasks", input).unwrap();
        answer["tasks"].as_array().unwrap().iter().filter(|t| t["lastStatus"] == "PROVISIONING").count()
    };
    assert_eq!(waiting(&mut world), 5);
    pass(&mut world, 300);
    assert_eq!((waiting(&mut world), ids(&world).len()), (0, 4));
    let described = call(&mut world, "DescribeAutoScalingGroups", json!({}))["AutoScalingGroups"][0].clone();
    assert!(described["Instances"].to_string().contains("\"ProtectedFromScaleIn\":true"));
    assert_eq!(described["Tags"][0]["Key"], "AmazonECSManaged");
    pass(&mut world, 900);
    assert_eq!(ids(&world).len(), 4, "ECS waits a quarter of an hour");
    pass(&mut world, 900);
    assert!(ids(&world).is_empty());
}

#[test]
fn managed_scaling_stops_at_the_groups_bounds() {
    let mut world = managed(ProviderSeed::new("own", "box"));
    let run = json!({"cluster": "box", "taskDefinition": "tool", "count": 10});
    for _ in 0..2 {
        world.call("ecs", "RunTask", run.clone()).unwrap();
    }
    pass(&mut world, 900);
    assert_eq!(ids(&world).len(), 5);
}

#[test]
fn a_group_that_ecs_drains_gives_its_tasks_time_to_move() {
    let mut world = prod();
    world.group(GroupSeed::new("box").sizes(0, 2, 5).cluster("box"));
    world.capacity_provider(ProviderSeed::new("own", "box").managed_draining().cluster("box"));
    world.service("box", ServiceSeed::new("api").ec2().desired(2).size(128, 256));
    let hooks = call(&mut world, "DescribeLifecycleHooks", json!({"AutoScalingGroupName": "box"}));
    assert_eq!(hooks["LifecycleHooks"][0]["LifecycleHookName"], "ecs-managed-draining-termination-hook");
    scale(&mut world, 0, 1);
    for _ in 0..60 {
        pass(&mut world, 5);
        assert!(world.running_count("box", "api") >= 2, "it never has fewer than two");
    }
    assert_eq!(ids(&world).len(), 1);
    assert_eq!(world.running_count("box", "api"), 2);
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_activities_hooks_actions_and_warm_pools() {
    let mut world = boxes(1);
    world.group(GroupSeed::new("warm").warm_pool(2));
    let aws = Aws::new(world);
    let client = groups(&aws);
    client
        .set_desired_capacity()
        .auto_scaling_group_name("box")
        .desired_capacity(3)
        .honor_cooldown(false)
        .send()
        .await
        .unwrap();
    client
        .put_scheduled_update_group_action()
        .auto_scaling_group_name("box")
        .scheduled_action_name("night")
        .start_time(aws_sdk_ecs::primitives::DateTime::from_secs(aws.now().as_second() + 3600))
        .min_size(0)
        .desired_capacity(0)
        .send()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    let activities = client
        .describe_scaling_activities()
        .auto_scaling_group_name("box")
        .max_records(1)
        .send()
        .await
        .unwrap();
    let activity = &activities.activities()[0];
    assert_eq!(activity.status_code().unwrap().as_str(), "Successful");
    assert!(activity.cause().unwrap().contains("a user request explicitly set group desired capacity"));
    let more = client
        .describe_scaling_activities()
        .auto_scaling_group_name("box")
        .set_next_token(activities.next_token.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(more.activities().len(), 1);
    let actions = client.describe_scheduled_actions().auto_scaling_group_name("box").send().await.unwrap();
    assert_eq!(actions.scheduled_update_group_actions()[0].desired_capacity(), Some(0));
    let hooks = client.describe_lifecycle_hooks().auto_scaling_group_name("box").send().await.unwrap();
    assert!(hooks.lifecycle_hooks().is_empty());
    let pool = client.describe_warm_pool().auto_scaling_group_name("warm").send().await.unwrap();
    assert_eq!(pool.warm_pool_configuration().unwrap().min_size(), Some(2));
    assert_eq!(pool.instances()[0].lifecycle_state().unwrap().as_str(), "Warmed:Stopped");
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert!(aws.with(|w| w.group_view("box").unwrap().instances.is_empty()));
}

#[test]
fn a_group_that_nobody_touches_stays_as_it_is() {
    let mut world = World::demo();
    let (group, instances) = (world.group_view("ecs-api"), world.container_instances("ecs-api"));
    pass(&mut world, 7 * 24 * 3600);
    assert_eq!((world.group_view("ecs-api"), world.container_instances("ecs-api")), (group, instances));
}

#[test]
fn small_steps_and_one_big_step_end_with_the_same_instances() {
    let changed = || {
        let mut world = boxes(3);
        scale(&mut world, 0, 1);
        let first = ids(&world)[0].clone();
        world.kill_instance(&first).group_load("box", Some(2));
        world
    };
    let (mut small, mut big) = (changed(), changed());
    for _ in 0..600 {
        pass(&mut small, 1);
    }
    pass(&mut big, 600);
    assert_eq!(small.group_view("box"), big.group_view("box"));
    assert_eq!(small.container_instances("box"), big.container_instances("box"));
    assert_eq!(activities(&mut small), activities(&mut big));
}

#[test]
fn a_group_that_ec2_gives_nothing_tries_again() {
    let mut world = boxes(1);
    world.cannot_launch("box", Some("We currently do not have sufficient t2.micro capacity in sa-east-1a."));
    scale(&mut world, 0, 2);
    pass(&mut world, 300);
    assert_eq!(ids(&world).len(), 1);
    let (what, status, _) = activities(&mut world).remove(0);
    assert!(what.ends_with("in sa-east-1a. Launching EC2 instance failed."), "{what}");
    assert_eq!(status, "Failed");
    world.cannot_launch("box", None);
    pass(&mut world, 60);
    assert_eq!(ids(&world).len(), 2);
}

/// A number below `n`: the same for the same step.
fn draw(step: &mut u64, n: u64) -> u64 {
    *step = step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*step >> 33) % n
}

/// Somebody does something to the cluster `box`.
fn something(world: &mut World, random: &mut u64) {
    let n = i64::try_from(draw(random, 6)).unwrap();
    match draw(random, 8) {
        0 => scale(world, 0, n),
        1 => drop(world.call(
            "ecs",
            "UpdateService",
            json!({"cluster": "box", "service": "api", "desiredCount": n}),
        )),
        2 => drop(world.call(
            "ecs",
            "RunTask",
            json!({"cluster": "box", "taskDefinition": "tool", "count": n + 1}),
        )),
        3 => {
            if let Some(id) = ids(world).first() {
                world.kill_instance(&id.clone());
            }
        }
        4 => {
            world.group_load("box", (n > 2).then_some(n));
        }
        5 => {
            if let Some(instance) = world.container_instances("box").first() {
                let status = if n > 2 { "DRAINING" } else { "ACTIVE" };
                let input = json!({"cluster": "box", "containerInstances": [instance.id], "status": status});
                world.call("ecs", "UpdateContainerInstancesState", input).unwrap();
            }
        }
        6 => {
            let task = json!({"cluster": "box", "serviceName": "api"});
            let listed = world.call("ecs", "ListTasks", task).unwrap();
            if let Some(task) = listed["taskArns"].as_array().unwrap().first() {
                world.call("ecs", "StopTask", json!({"cluster": "box", "task": task})).unwrap();
            }
        }
        _ => drop(world.call(
            "ecs",
            "UpdateService",
            json!({"cluster": "box", "service": "api", "forceNewDeployment": true}),
        )),
    }
}

/// No instance has given more than it has.
fn nothing_is_overbooked(world: &mut World) {
    let ids: Vec<String> = world.container_instances("box").into_iter().map(|i| i.id).collect();
    if ids.is_empty() {
        return;
    }
    let input = json!({"cluster": "box", "containerInstances": ids});
    let answer = world.call("ecs", "DescribeContainerInstances", input).unwrap();
    for instance in answer["containerInstances"].as_array().unwrap() {
        for resource in &instance["remainingResources"].as_array().unwrap()[..2] {
            assert!(resource["integerValue"].as_i64().unwrap() >= 0, "{resource}");
        }
    }
}

#[test]
fn whatever_happens_no_instance_is_overbooked_and_all_comes_to_rest() {
    for seed in 0..24 {
        let mut random = seed;
        let managed = seed % 3 == 1;
        let mut world = boxes(3);
        let provider = ProviderSeed::new("own", "box").cluster("box").managed_draining();
        if managed {
            world.capacity_provider(provider.managed_scaling(100).default_strategy());
        } else if seed % 3 == 2 {
            world.capacity_provider(provider);
        }
        world.job("tool", JobSeed::new().runs_for(Duration::from_mins(7)));
        let tool = json!({
            "family": "tool", "containerDefinitions": [{"name": "tool", "image": "tool:1", "memory": 400}],
        });
        world.call("ecs", "RegisterTaskDefinition", tool).unwrap();
        for _ in 0..60 {
            something(&mut world, &mut random);
            pass(&mut world, draw(&mut random, 120));
            nothing_is_overbooked(&mut world);
        }
        world.group_load("box", None);
        pass(&mut world, 2 * 3600);
        let view = world.group_view("box").unwrap();
        let in_service = view.instances.iter().filter(|(_, state)| *state == "InService").count();
        assert_eq!(
            (i64::try_from(in_service).unwrap(), view.instances.len()),
            (view.desired, in_service),
            "seed {seed}"
        );
        let instances = world.container_instances("box");
        assert_eq!(instances.len(), in_service, "seed {seed}: all have registered");
        let active = instances.iter().filter(|i| i.status == "ACTIVE").count();
        assert_eq!(world.running_count("box", "agent"), i64::try_from(active).unwrap(), "seed {seed}");
        let api = world.running_count("box", "api");
        let wanted = world.desired_count("box", "api");
        assert!(
            api == wanted || world.events("box", "api")[0].contains("unable to place"),
            "seed {seed}: {api} of {wanted}"
        );
        nothing_is_overbooked(&mut world);
    }
}
