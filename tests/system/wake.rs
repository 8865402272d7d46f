//! The bedtime check: for each line of its table something that is told, and its twin that is not.
//!
//! It plays in São Paulo: 2026-11-24 is a Tuesday, and the office is open from 8 to 20.

mod nights;

use emulator::{Aws, Faults, GroupSeed, ImageSeed, ProviderSeed, ServiceSeed, TargetSeed, World};
use jiff::{SignedDuration, Timestamp};
use local::{Sent, System, system::Setup};
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::openapi;

const OFFICE: &str = "Mon-Fri 08:00-20:00 America/Sao_Paulo";
const SCHEDULE: &str = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/wake-check";
const MORNING: &str = "2026-11-25T08:00:00-03:00";

fn local(text: &str) -> Timestamp {
    format!("{}:00-03:00", text.replace(' ', "T")).parse().unwrap()
}

/// At noon, with the cluster `prod` and a repository with an image of last week for `users`.
fn noon() -> World {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod").repository("users").image("users", users_image());
    world
}

fn users_image() -> ImageSeed {
    ImageSeed::new("prod-1").pushed_at(local("2026-11-17 12:00"))
}

fn users() -> ServiceSeed {
    ServiceSeed::new("users").desired(2).tag("steward:schedule", OFFICE)
}

async fn start(aws: Aws, environment: &[(&str, &str)]) -> Fixture {
    let setup =
        environment.iter().fold(Setup::embedded(&aws), |setup, (name, value)| setup.with(name, value));
    Fixture { system: Box::pin(System::start(setup)).await.unwrap(), aws }
}

/// The same AWS, and a system that was told otherwise.
async fn told(fixture: &Fixture, environment: &[(&str, &str)]) -> Fixture {
    start(fixture.aws.clone(), environment).await
}

async fn reconcile(fixture: &Fixture) {
    let event =
        json!({"action": "reconcile", "clusters": ["*"], "at": fixture.aws.now(), "schedule": SCHEDULE});
    // What is failed there is no concern here.
    drop(fixture.scale(event).await);
}

/// Adopted by day, asleep since 20:00; it is 20:10.
async fn at_night(world: World) -> Fixture {
    let fixture = by_day(world).await;
    for minute in ["2026-11-24 20:00", "2026-11-24 20:05"] {
        fixture.aws.move_to(local(minute));
        reconcile(&fixture).await;
    }
    fixture.aws.move_to(local("2026-11-24 20:10"));
    fixture
}

async fn by_day(world: World) -> Fixture {
    let fixture = start(Aws::new(world), &[]).await;
    reconcile(&fixture).await;
    fixture
}

async fn checked(fixture: &Fixture) -> Value {
    let answer = fixture.get("/v1/clusters/prod/wake").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// `no imageGone, yes parkedByHand` of a service.
async fn line(fixture: &Fixture, service: &str) -> (String, Value) {
    let check = checked(fixture).await;
    let lines = check["wake"].as_array().unwrap();
    let line = lines.iter().find(|line| line["service"] == service);
    let line = line.unwrap_or_else(|| panic!("nothing of {service}: {check}")).clone();
    let because = line["because"].as_array().unwrap().iter();
    let codes: Vec<String> = because
        .map(|it| format!("{} {}", it["canWake"].as_str().unwrap(), it["code"].as_str().unwrap()))
        .collect();
    let text = if codes.is_empty() { line["canWake"].as_str().unwrap().to_owned() } else { codes.join(", ") };
    (text, line)
}

async fn verdict(fixture: &Fixture) -> String {
    line(fixture, "users").await.0
}

fn call(fixture: &Fixture, service: &str, operation: &str, input: Value) -> Value {
    fixture.aws.with(|world| world.call(service, operation, input)).unwrap()
}

fn arn(name: &str) -> String {
    format!("arn:aws:ecs:sa-east-1:123456789012:service/prod/{name}")
}

#[tokio::test(start_paused = true)]
async fn what_sleeps_and_what_will_sleep_is_checked_and_nothing_else() {
    let mut world = noon();
    world.service("prod", users()).service("prod", ServiceSeed::new("always").desired(1));
    let fixture = by_day(world).await;
    let day = checked(&fixture).await;
    assert_eq!(
        (&day["checked"], &day["atRisk"], &day["unknown"]),
        (&json!(1), &json!(0), &json!(0)),
        "{day}"
    );
    assert_eq!(day["wake"][0]["at"], MORNING, "the morning after the evening that comes");
    assert_eq!((&day["wake"][0]["count"], &day["wake"][0]["canWake"]), (&json!(2), &json!("yes")));
    assert_eq!(day["summary"], "prod: 1 service off or to go off, none of them is known not to wake");
    for _ in 0..2 {
        fixture.aws.move_to(local("2026-11-24 20:00"));
        reconcile(&fixture).await;
    }
    let night = checked(&fixture).await;
    assert_eq!(night["wake"], day["wake"], "{night}");
    assert!(fixture.aws.with(|world| world.desired_count("prod", "users")) == 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_record_means_no_size_unless_a_tag_says_it() {
    let mut world = noon();
    world.service("prod", users());
    let fixture = at_night(world).await;
    assert_eq!(verdict(&fixture).await, "yes");
    let lose = json!({"resourceArn": arn("users"), "tagKeys": ["steward:record"]});
    call(&fixture, "ecs", "UntagResource", lose);
    let (text, line) = line(&fixture, "users").await;
    assert_eq!(text, "no noSavedSize");
    assert_eq!((&line["canWake"], &line["count"]), (&json!("no"), &Value::Null));
    let size = json!({"resourceArn": arn("users"), "tags": [{"key": "steward:size", "value": "n=2"}]});
    call(&fixture, "ecs", "TagResource", size);
    assert_eq!(verdict(&fixture).await, "yes");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_is_told_of_what_is_off_and_not_of_what_is_up() {
    let mut world = noon();
    world.service("prod", users()).service("prod", ServiceSeed::new("up").tag("steward:schedule", OFFICE));
    let fixture = at_night(world).await;
    for name in ["users", "up"] {
        let tags = json!({"resourceArn": arn(name), "tags": [{"key": "steward:record", "value": "v1 of"}]});
        call(&fixture, "ecs", "TagResource", tags);
    }
    call(&fixture, "ecs", "UpdateService", json!({"cluster": "prod", "service": "up", "desiredCount": 1}));
    assert_eq!(verdict(&fixture).await, "no recordUnreadable");
    assert_eq!(checked(&fixture).await["checked"], 1, "nothing is done about what is up, so it stays so");
}

#[tokio::test(start_paused = true)]
async fn what_reconcile_may_not_wake_is_told_with_a_request_that_wakes_it() {
    let mut world = noon();
    world.service("prod", users());
    let fixture = at_night(world).await;
    for environment in
        [("MODE", "observe"), ("MODE", "readonly"), ("RECONCILE", "false"), ("CLUSTERS", "dev-*")]
    {
        let (text, line) = line(&told(&fixture, &[environment]).await, "users").await;
        assert_eq!(text, "no stranded", "{environment:?}");
        assert_eq!(line["at"], Value::Null);
        let action = &line["because"][0]["actions"][0];
        let start = json!({"method": "POST", "path": "/v1/clusters/prod/services/users/start", "body": {}});
        // Where nothing is changed, no request is offered.
        assert_eq!(*action, if environment.1 == "readonly" { Value::Null } else { start });
    }
    let unscheduled = json!({"resourceArn": arn("users"), "tagKeys": ["steward:schedule"]});
    call(&fixture, "ecs", "UntagResource", unscheduled);
    assert_eq!(verdict(&fixture).await, "yes", "the next tick wakes what a schedule had stopped");
    let (text, _) = line(&told(&fixture, &[("MODE", "observe")]).await, "users").await;
    assert_eq!(text, "no stranded");
    // And the request that is offered wakes it.
    let start = fixture.rest("POST", "/v1/clusters/prod/services/users/start", &json!({})).await;
    assert_eq!(start.status, 200, "{}", start.body);
    assert_eq!(fixture.size("users").0, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_on_where_reconcile_does_not_act_never_sleeps_and_is_not_told() {
    let mut world = noon();
    world.service("prod", users());
    let fixture = by_day(world).await;
    for environment in [("MODE", "observe"), ("CLUSTERS", "dev-*")] {
        assert_eq!(checked(&told(&fixture, &[environment]).await).await["checked"], 0, "{environment:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_person_stopped_waits_for_people() {
    let mut world = noon();
    world.service("prod", ServiceSeed::new("users").desired(2));
    let fixture = by_day(world).await;
    let stop = fixture.rest("POST", "/v1/clusters/prod/services/users/stop", &json!({})).await;
    assert_eq!(stop.status, 200, "{}", stop.body);
    let observing = told(&fixture, &[("MODE", "observe")]).await;
    for it in [&fixture, &observing] {
        let (text, line) = line(it, "users").await;
        assert_eq!((text.as_str(), &line["at"]), ("yes", &Value::Null));
    }
}

#[tokio::test(start_paused = true)]
async fn a_size_above_the_targets_max_or_max_desired_is_told_and_one_that_fits_is_not() {
    let mut world = noon();
    world.service("prod", users());
    world.scalable_target("prod", "users", TargetSeed::new(1, 6));
    let fixture = at_night(world).await;
    let to = |max: i64| {
        let target = json!({
            "ServiceNamespace": "ecs", "ResourceId": "service/prod/users",
            "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 0, "MaxCapacity": max,
        });
        call(&fixture, "application-autoscaling", "RegisterScalableTarget", target);
    };
    for (max, told) in [(2, "yes"), (1, "no outsideBounds"), (0, "no outsideBounds")] {
        to(max);
        assert_eq!(verdict(&fixture).await, told, "max {max}");
    }
    to(6);
    let small = told(&fixture, &[("MAX_DESIRED", "1")]).await;
    assert_eq!(verdict(&small).await, "no beyondMax");
    assert_eq!(verdict(&told(&fixture, &[("MAX_DESIRED", "2")]).await).await, "yes");
}

#[tokio::test(start_paused = true)]
async fn an_inactive_task_definition_is_told_and_keeps_nothing_asleep_and_another_revision_is_not_its_own() {
    let mut world = noon();
    world.service("prod", users());
    let again = emulator_definition("users");
    world.call("ecs", "RegisterTaskDefinition", again).unwrap();
    let fixture = at_night(world).await;
    call(&fixture, "ecs", "DeregisterTaskDefinition", json!({"taskDefinition": "users:2"}));
    assert_eq!(verdict(&fixture).await, "yes");
    call(&fixture, "ecs", "DeregisterTaskDefinition", json!({"taskDefinition": "users:1"}));
    // What the process knows of it is an hour old at most.
    fixture.aws.advance(std::time::Duration::from_hours(1));
    let (text, line) = line(&fixture, "users").await;
    assert_eq!(text, "yes taskDefinitionInactive");
    assert_eq!(line["canWake"], "yes");
    fixture.aws.move_to(local("2026-11-25 08:00"));
    reconcile(&fixture).await;
    assert_eq!(fixture.size("users").0, 2, "ECS scales it all the same");
}

fn emulator_definition(family: &str) -> Value {
    let image = format!("123456789012.dkr.ecr.sa-east-1.amazonaws.com/{family}:prod-2");
    json!({
        "family": family, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256",
        "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole",
        "containerDefinitions": [{"name": family, "image": image, "essential": true}],
    })
}

#[tokio::test(start_paused = true)]
async fn the_image_that_the_revision_pins_is_gone_and_its_tag_elsewhere_does_not_matter() {
    let mut world = noon();
    world.service("prod", users());
    let fixture = at_night(world).await;
    let digest = users_image().digest("users");
    fixture.aws.with(|world| {
        world.image("users", ImageSeed::untagged("newer"));
        world.move_tag("users", "prod-1", &ImageSeed::untagged("newer").digest("users"));
    });
    assert_eq!(verdict(&fixture).await, "yes", "its tag moved on, and what it pinned is there");
    fixture.aws.with(|world| {
        world.remove_image("users", &digest);
    });
    let (text, line) = line(&fixture, "users").await;
    assert_eq!(text, "no imageGone", "what its tag points to now is not what it starts with");
    let reason = line["because"][0]["reason"].as_str().unwrap();
    assert!(reason.contains(&digest) && reason.contains("push it again"), "{reason}");
    fixture.aws.move_to(local("2026-11-25 08:00"));
    reconcile(&fixture).await;
    fixture.aws.advance(std::time::Duration::from_mins(10));
    assert_eq!(fixture.aws.with(|world| world.running_count("prod", "users")), 0, "and so it is");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_shows_no_revision_starts_with_what_its_last_deployment_made() {
    let mut world = noon();
    world.service("prod", users()).unlisted_revisions("prod", "users");
    let fixture = at_night(world).await;
    assert_eq!(verdict(&fixture).await, "yes");
    let digest = users_image().digest("users");
    fixture.aws.with(|world| {
        world.remove_image("users", &digest);
    });
    assert_eq!(verdict(&fixture).await, "no imageGone");
    let unread = Faults::new().on("ecs", "ListServiceDeployments").access_denied();
    fixture.aws.faults(unread);
    assert_eq!(verdict(&fixture).await, "unknown accessDenied");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_pinned_the_tag_counts() {
    let mut world = noon();
    world.service("prod", users().controller("CODE_DEPLOY"));
    let fixture = at_night(world).await;
    let digest = users_image().digest("users");
    assert_eq!(verdict(&fixture).await, "yes");
    fixture.aws.with(|world| {
        world.image("users", ImageSeed::untagged("newer"));
        world.move_tag("users", "prod-1", &ImageSeed::untagged("newer").digest("users"));
        world.remove_image("users", &digest);
    });
    assert_eq!(verdict(&fixture).await, "yes", "it starts with what the tag points to");
    fixture.aws.with(|world| {
        world.remove_tag("users", "prod-1");
    });
    assert_eq!(verdict(&fixture).await, "no imageGone");
}

#[tokio::test(start_paused = true)]
async fn an_image_in_the_archive_and_a_repository_that_is_gone_are_told() {
    let mut world = noon();
    world.service("prod", users());
    world.service("prod", ServiceSeed::new("posts").tag("steward:schedule", OFFICE));
    let fixture = at_night(world).await;
    let digest = users_image().digest("users");
    fixture.aws.with(|world| {
        world.archive("users", &digest);
    });
    let (text, archived) = line(&fixture, "users").await;
    assert_eq!(text, "no imageGone");
    assert!(archived["because"][0]["reason"].as_str().unwrap().contains("archive"), "{archived}");
    let (text, nowhere) = line(&fixture, "posts").await;
    assert_eq!(text, "no imageGone");
    assert!(nowhere["because"][0]["reason"].as_str().unwrap().contains("does not exist"), "{nowhere}");
}

/// Expires images of more than seven days.
fn a_week() -> Value {
    json!({"rules": [{
        "rulePriority": 1,
        "selection": {
            "tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7,
        },
        "action": {"type": "expire"},
    }]})
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_expires_the_image_an_hour_before_the_start_is_told_and_one_an_hour_after_is_not() {
    for (pushed, told) in [("2026-11-18 07:00", "no imageExpires"), ("2026-11-18 09:00", "yes")] {
        let mut world = World::new(local("2026-11-24 12:00"));
        let image = ImageSeed::new("prod-1").pushed_at(local(pushed));
        world.cluster("prod").repository("users").image("users", image);
        world.lifecycle_policy("users", &a_week());
        world.service("prod", users());
        let fixture = at_night(world).await;
        let (text, line) = line(&fixture, "users").await;
        assert_eq!(text, told, "pushed {pushed}");
        if told != "yes" {
            let because = &line["because"][0];
            assert_eq!(because["at"], "2026-11-25T10:00:00Z");
            let reason = because["reason"].as_str().unwrap();
            for words in
                ["rule 1 of the lifecycle policy", "repository users", MORNING, "delete-lifecycle-policy"]
            {
                assert!(reason.contains(words), "{words}: {reason}");
            }
        }
        let detached = call(&fixture, "ecr", "DeleteLifecyclePolicy", json!({"repositoryName": "users"}));
        assert_eq!(detached["repositoryName"], "users");
        assert_eq!(verdict(&fixture).await, "yes", "the request that is told saves it");
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_of_another_account_or_registry_is_unknown_and_never_a_yes() {
    for image in [
        "210987654321.dkr.ecr.sa-east-1.amazonaws.com/users:1",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/users:1",
        "public.ecr.aws/nginx/nginx:stable",
    ] {
        let mut world = noon();
        world.service("prod", users().image(image));
        let fixture = at_night(world).await;
        let (text, line) = line(&fixture, "users").await;
        assert_eq!(text, "unknown imageElsewhere", "{image}");
        assert_eq!(line["canWake"], "unknown");
    }
}

#[tokio::test(start_paused = true)]
async fn machines_that_sleep_longer_than_the_service_are_told_and_those_that_wake_with_it_are_not() {
    for (hours, told) in [
        ("Mon-Fri 09:00-19:00 America/Sao_Paulo", "no machinesAsleep"),
        ("Mon-Fri 08:00-20:00 America/Sao_Paulo", "yes"),
        ("Mon-Fri 07:30-20:30 America/Sao_Paulo", "yes"),
    ] {
        let mut world = noon();
        let machines = GroupSeed::new("machines").sizes(0, 2, 4).instance_type("m5.xlarge").cluster("prod");
        world.group(machines.tag("steward:schedule", hours).tag("steward:cluster", "prod"));
        world.service("prod", users().ec2());
        let fixture = at_night(world).await;
        let (text, line) = line(&fixture, "users").await;
        assert_eq!(text, told, "{hours}: {line}");
        // A machine that nobody puts to sleep is enough.
        fixture.aws.with(|world| {
            world.instances("prod", 1);
        });
        assert_eq!(verdict(&fixture).await, "yes", "{hours}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_capacity_provider_that_has_none_to_come_is_told_and_one_that_ecs_scales_is_not() {
    for (max, told) in [(4, "yes"), (0, "no machinesAsleep")] {
        let mut world = noon();
        world.group(GroupSeed::new("machines").sizes(0, 1, 4).instance_type("m5.xlarge").cluster("prod"));
        world.capacity_provider(ProviderSeed::new("own", "machines").cluster("prod").managed_scaling(100));
        world.service("prod", users().ec2().capacity_provider("own"));
        let fixture = at_night(world).await;
        let sizes =
            json!({"AutoScalingGroupName": "machines", "MinSize": 0, "MaxSize": max, "DesiredCapacity": 0});
        call(&fixture, "autoscaling", "UpdateAutoScalingGroup", sizes);
        let (text, line) = line(&fixture, "users").await;
        assert_eq!(text, told, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn predictive_scaling_that_scales_is_told_and_one_that_only_forecasts_is_not() {
    for (mode, told) in [("ForecastOnly", "yes"), ("ForecastAndScale", "yes predictiveScaling")] {
        let mut world = noon();
        world.service("prod", users());
        world.scalable_target("prod", "users", TargetSeed::new(1, 6).tracking());
        let policy = json!({
            "PolicyName": "forecast", "ServiceNamespace": "ecs", "ResourceId": "service/prod/users",
            "ScalableDimension": "ecs:service:DesiredCount", "PolicyType": "PredictiveScaling",
            "PredictiveScalingPolicyConfiguration": {
                "Mode": mode,
                "MetricSpecifications": [{"TargetValue": 60.0, "PredefinedMetricPairSpecification": {
                    "PredefinedMetricType": "ECSServiceCPUUtilization",
                }}],
            },
        });
        world.call("application-autoscaling", "PutScalingPolicy", policy).unwrap();
        let fixture = at_night(world).await;
        let (text, line) = line(&fixture, "users").await;
        assert_eq!((text.as_str(), &line["canWake"]), (told, &json!("yes")), "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_set_to_0_by_hand_is_told_with_a_hold_that_keeps_it_so() {
    let mut world = noon();
    world.service("prod", users());
    let fixture = by_day(world).await;
    fixture.aws.move_to(local("2026-11-24 15:00"));
    call(&fixture, "ecs", "UpdateService", json!({"cluster": "prod", "service": "users", "desiredCount": 0}));
    reconcile(&fixture).await;
    let (text, line) = line(&fixture, "users").await;
    assert_eq!((text.as_str(), &line["canWake"]), ("yes parkedByHand", &json!("yes")));
    assert_eq!(line["because"][0]["at"], "2026-11-25T11:00:00Z");
    let action = &line["because"][0]["actions"][0];
    let (method, path) = (action["method"].as_str().unwrap(), action["path"].as_str().unwrap());
    let held = fixture.rest(method, path, &action["body"]).await;
    assert_eq!(held.status, 200, "{}", held.body);
    for at in ["2026-11-24 20:00", "2026-11-25 08:00", "2026-11-25 08:05"] {
        fixture.aws.move_to(local(at));
        reconcile(&fixture).await;
    }
    assert_eq!(fixture.size("users").0, 0);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_cannot_be_read_is_unknown_and_never_yes() {
    for (service, operation) in [
        ("ecs", "DescribeServiceRevisions"),
        ("ecr", "DescribeImages"),
        ("ecr", "GetLifecyclePolicy"),
        ("ecs", "DescribeTaskDefinition"),
        ("application-autoscaling", "DescribeScalingPolicies"),
        ("autoscaling", "DescribeAutoScalingGroups"),
        ("ecs", "ListContainerInstances"),
    ] {
        let mut world = noon();
        world.instances("prod", 1);
        world.service("prod", users().ec2());
        world.scalable_target("prod", "users", TargetSeed::new(1, 6));
        let fixture = at_night(world).await;
        fixture.aws.faults(Faults::new().on(service, operation).access_denied());
        let (text, line) = line(&fixture, "users").await;
        assert_eq!(
            (text.as_str(), &line["canWake"]),
            ("unknown accessDenied", &json!("unknown")),
            "{operation}"
        );
        fixture.aws.faults(Faults::new());
        assert_eq!(verdict(&fixture).await, "yes", "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_raised_at_night_comes_back_the_next_morning_and_not_the_one_after() {
    let mut world = noon();
    world.service("prod", users().desired(3));
    let fixture = at_night(world).await;
    call(&fixture, "ecs", "UpdateService", json!({"cluster": "prod", "service": "users", "desiredCount": 1}));
    assert_eq!(line(&fixture, "users").await.1["at"], MORNING);
    for at in ["2026-11-25 08:00", "2026-11-25 08:05"] {
        fixture.aws.move_to(local(at));
        reconcile(&fixture).await;
    }
    assert_eq!(fixture.size("users").0, 3);
}

#[tokio::test(start_paused = true)]
async fn what_people_start_is_told_nothing_of_machines_that_sleep_now() {
    let mut world = noon();
    let machines = GroupSeed::new("machines").sizes(0, 2, 4).instance_type("m5.xlarge").cluster("prod");
    world.group(machines.tag("steward:schedule", OFFICE).tag("steward:cluster", "prod"));
    world.service("prod", users().ec2().tag("steward:half", "stop-only"));
    let fixture = at_night(world).await;
    let (text, line) = line(&fixture, "users").await;
    assert_eq!((text.as_str(), &line["at"]), ("yes", &Value::Null), "{line}");
}

#[tokio::test(start_paused = true)]
async fn an_empty_group_that_ecs_scales_for_its_capacity_provider_is_no_yes_for_others() {
    let mut world = noon();
    world.group(GroupSeed::new("machines").sizes(0, 1, 4).instance_type("m5.xlarge").cluster("prod"));
    world.capacity_provider(ProviderSeed::new("own", "machines").cluster("prod").managed_scaling(100));
    world.service("prod", users().ec2());
    let fixture = at_night(world).await;
    let sizes = json!({"AutoScalingGroupName": "machines", "MinSize": 0, "MaxSize": 4, "DesiredCapacity": 0});
    call(&fixture, "autoscaling", "UpdateAutoScalingGroup", sizes);
    assert_eq!(verdict(&fixture).await, "unknown managedScaling");
}

#[tokio::test(start_paused = true)]
async fn a_lost_image_of_a_cache_of_another_registry_is_fetched_again() {
    let mut world = noon();
    world.pull_through_cache("docker-hub", "registry-1.docker.io");
    let image = "123456789012.dkr.ecr.sa-east-1.amazonaws.com/docker-hub/library/nginx:1";
    world.service("prod", users().image(image));
    let fixture = at_night(world).await;
    assert_eq!(verdict(&fixture).await, "unknown imageElsewhere");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_is_told_of_what_is_at_its_night_size_too() {
    let mut world = noon();
    world.service("prod", users().tag("steward:night", "1"));
    let fixture = at_night(world).await;
    assert_eq!(fixture.size("users").0, 1);
    let tags = json!({"resourceArn": arn("users"), "tags": [{"key": "steward:record", "value": "v1 of"}]});
    call(&fixture, "ecs", "TagResource", tags);
    assert_eq!(verdict(&fixture).await, "no recordUnreadable");
}

#[tokio::test(start_paused = true)]
async fn what_a_person_stopped_is_not_stranded_where_reconcile_does_not_act() {
    let mut world = noon();
    world.service("prod", users());
    let fixture = start(Aws::new(world), &[("MODE", "observe")]).await;
    let stop = fixture.rest("POST", "/v1/clusters/prod/services/users/stop", &json!({})).await;
    assert_eq!(stop.status, 200, "{}", stop.body);
    assert_eq!(verdict(&fixture).await, "yes");
}

/// Three clusters, of which `dev` has a service whose image is gone, and `lab` may not be looked at.
async fn region() -> Fixture {
    let mut world = noon();
    world.service("prod", users());
    world.repository("posts").image("posts", ImageSeed::new("prod-1"));
    world.service("dev", ServiceSeed::new("posts").tag("steward:schedule", OFFICE));
    world.service("lab", ServiceSeed::new("x").tag("steward:schedule", OFFICE));
    let fixture = at_night(world).await;
    fixture.aws.with(|world| {
        let digest = ImageSeed::new("prod-1").digest("posts");
        world.remove_image("posts", &digest);
    });
    fixture.aws.faults(Faults::new().on("ecs", "ListServices").containing("lab").access_denied());
    fixture
}

#[tokio::test(start_paused = true)]
async fn the_nightly_run_looks_at_every_cluster_and_says_in_the_log_and_a_figure_what_is_at_risk() {
    let fixture = told(&region().await, &[("CLUSTERS", "prod")]).await;
    let event = json!({"action": "wakeCheck", "at": fixture.aws.now(), "schedule": SCHEDULE});
    let (answer, metrics) = fixture.system.invoke_measured("describe-cluster", event).await;
    let (answer, metrics) = (answer.unwrap(), metrics.unwrap());
    assert_eq!(metrics["AtRisk"], 1.0, "{metrics}");
    let lines: Vec<_> =
        answer["wake"].as_array().unwrap().iter().map(|it| (&it["cluster"], &it["canWake"])).collect();
    assert_eq!(
        lines,
        [(&json!("dev"), &json!("no")), (&json!("prod"), &json!("yes"))],
        "whatever CLUSTERS says"
    );
    // It sleeps where reconcile does not reach, and its image is gone.
    let codes: Vec<_> =
        answer["wake"][0]["because"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
    assert_eq!(codes, [&json!("stranded"), &json!("imageGone")]);
    assert!(answer["failures"][0]["arn"].as_str().unwrap().ends_with("cluster/lab"), "{answer}");
    assert_eq!(
        answer["summary"],
        "all clusters: 2 services off or to go off, 1 will not wake (posts stranded), 1 not looked at"
    );
    // What a person asks measures nothing.
    let (_, metrics) =
        fixture.system.invoke_measured("describe-cluster", json!({"action": "wakeCheck"})).await;
    assert_eq!(metrics.unwrap()["AtRisk"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_a_list_a_service_and_the_agenda_say_it_where_it_is_asked_for() {
    let mut world = noon();
    world.service("prod", users()).service("prod", ServiceSeed::new("always").desired(1));
    let fixture = at_night(world).await;
    for path in ["/v1/clusters/prod", "/v1/clusters/prod/services", "/v1/clusters/prod/services/users"] {
        let plain = fixture.get(path).await.json();
        let users = |body: &Value| body["services"].as_array().unwrap().last().unwrap()["steward"].clone();
        assert_eq!(users(&plain)["canWake"], Value::Null, "{path}");
        let answer = fixture.get(&format!("{path}?include=wake")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let with = answer.json();
        assert_eq!(
            (&users(&with)["canWake"], &users(&with)["because"]),
            (&json!("yes"), &json!([])),
            "{path}"
        );
        assert_eq!(
            with["services"][0]["steward"]["canWake"],
            if path.ends_with("users") { json!("yes") } else { Value::Null }
        );
    }
    let agenda = fixture.get("/v1/clusters/prod/agenda?hours=48&include=wake").await.json();
    let marks: Vec<_> = agenda["agenda"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["to"].as_str().unwrap(), it["canWake"].clone()))
        .collect();
    assert_eq!(
        marks,
        [("on", json!("yes")), ("off", Value::Null), ("on", Value::Null), ("off", Value::Null)],
        "only the next morning is looked at"
    );
}

#[tokio::test(start_paused = true)]
async fn a_table_shows_it_to_people() {
    let fixture = region().await;
    let sent = Sent {
        method: "GET".to_owned(),
        path: "/v1/clusters/dev/wake".to_owned(),
        headers: vec![("accept".to_owned(), "text/plain".to_owned())],
        body: Vec::new(),
    };
    let answer = openapi::request(&fixture.system, &sent).await.body;
    for words in ["WAKES", "posts", "no", "1 will not wake (posts imageGone)"] {
        assert!(answer.contains(words), "{words}: {answer}");
    }
}

/// A thousand services in 20 clusters, whose images are in 100 repositories with a policy each.
fn a_thousand() -> World {
    let mut world = World::new(local("2026-11-24 12:00"));
    for n in 0..100 {
        let name = format!("app{n:02}");
        world.repository(&name).image(&name, ImageSeed::new("prod-1"));
        world.lifecycle_policy(&name, &a_week());
    }
    for cluster in 0..20 {
        for n in 0..50 {
            let name = format!("s{n:02}");
            let repository = (cluster * 50 + n) % 100;
            let image = format!("123456789012.dkr.ecr.sa-east-1.amazonaws.com/app{repository:02}:prod-1");
            let family = format!("app{repository:02}");
            let seed = ServiceSeed::new(&name).desired(2).task_definition(&family).image(&image);
            world.service(&format!("c{cluster:02}"), seed.tag("steward:schedule", OFFICE));
        }
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_thousand_services_cost_a_read_for_each_repository_and_definition_and_not_for_each_service() {
    let fixture = start(Aws::new(a_thousand()), &[]).await;
    reconcile(&fixture).await;
    fixture.aws.forget();
    fixture.aws.latency(Some(std::time::Duration::from_millis(20)));
    let began = tokio::time::Instant::now();
    let answer = fixture.system.invoke("describe-cluster", json!({"action": "wakeCheck"})).await.unwrap();
    let took = began.elapsed();
    assert_eq!(
        (&answer["checked"], &answer["atRisk"], &answer["unknown"]),
        (&json!(1000), &json!(0), &json!(0)),
        "{}",
        answer["summary"]
    );
    let mut calls = std::collections::BTreeMap::<String, usize>::new();
    for call in fixture.aws.ledger() {
        *calls.entry(call.operation).or_default() += 1;
    }
    let expected = [
        ("DescribeClusters", 1),
        ("DescribeImages", 100),
        ("DescribeScalableTargets", 1),
        ("DescribeServiceRevisions", 50),
        ("DescribeServices", 100),
        ("DescribeTaskDefinition", 100),
        ("GetLifecyclePolicy", 100),
        ("ListClusters", 1),
        ("ListServices", 20),
    ];
    let expected = expected.map(|(operation, count)| (operation.to_owned(), count)).into();
    assert_eq!(calls, expected, "in {took:?}");
    println!("{} calls in {took:?} of virtual time", calls.values().sum::<usize>());
    // The function's timeout is ten minutes.
    assert!(SignedDuration::try_from(took).unwrap() < SignedDuration::from_secs(600));
}
