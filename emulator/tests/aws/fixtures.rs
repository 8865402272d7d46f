//! What else may point to an image: rules, schedules, functions and ECS daemons.

use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use emulator::{Aws, Faults, ImageSeed, World};
use serde_json::{Value, json};

use crate::sdk::ecs;

/// A client of this AWS that does not retry.
macro_rules! client {
    ($sdk:ident, $aws:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::v2026_01_12())
                .region($sdk::config::Region::new("sa-east-1"))
                .credentials_provider($sdk::config::Credentials::new(
                    "AKIDEXAMPLE",
                    "secret",
                    None,
                    None,
                    "test",
                ))
                .http_client($aws.http_client())
                .time_source($aws.time_source())
                .retry_config($sdk::config::retry::RetryConfig::disabled())
                .build(),
        )
    };
}

fn empty() -> World {
    World::new("2026-11-24T12:00:00Z".parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn rules_are_found_bus_by_bus_with_what_they_run() {
    let mut world = empty();
    for i in 0..120 {
        world.rule("default", &format!("rule-{i:03}"), Some("rate(1 day)"));
    }
    world
        .rule("jobs", "nightly", None)
        .ecs_target("jobs", "nightly", "prod", "report:3")
        .rule_target("jobs", "nightly", "arn:aws:sqs:sa-east-1:123456789012:queue")
        .disable_rule("jobs", "nightly");
    let aws = Aws::new(world);
    let events = client!(aws_sdk_eventbridge, aws);
    let buses = events.list_event_buses().send().await.unwrap();
    let names: Vec<&str> = buses.event_buses().iter().filter_map(|b| b.name()).collect();
    assert_eq!(names, ["default", "jobs"]);
    let first = events.list_rules().send().await.unwrap();
    assert_eq!(first.rules().len(), 100);
    assert_eq!(first.rules()[0].schedule_expression(), Some("rate(1 day)"));
    let rest = events.list_rules().set_next_token(first.next_token).send().await.unwrap();
    assert_eq!((rest.rules().len(), rest.next_token()), (20, None));

    let rules = events.list_rules().event_bus_name("jobs").send().await.unwrap();
    assert_eq!(rules.rules()[0].state().unwrap().as_str(), "DISABLED");
    assert_eq!(rules.rules()[0].arn(), Some("arn:aws:events:sa-east-1:123456789012:rule/jobs/nightly"));
    let targets = events.list_targets_by_rule().event_bus_name("jobs").rule("nightly").send().await.unwrap();
    let runs = targets.targets()[0].ecs_parameters().unwrap();
    assert_eq!(runs.task_definition_arn(), "arn:aws:ecs:sa-east-1:123456789012:task-definition/report:3");
    assert!(targets.targets()[1].ecs_parameters().is_none());

    let lost = events.list_targets_by_rule().rule("ghost").send().await.unwrap_err();
    assert!(lost.as_service_error().unwrap().is_resource_not_found_exception());
    let lost = events.list_rules().event_bus_name("ghost").send().await.unwrap_err();
    assert!(lost.as_service_error().unwrap().is_resource_not_found_exception());
    let many = events.list_rules().limit(101).send().await.unwrap_err();
    assert_eq!(many.code(), Some("ValidationException"));
    assert!(aws.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn eventbridge_is_throttled_at_fifty_a_second() {
    let aws = Aws::new(empty());
    let events = client!(aws_sdk_eventbridge, aws);
    for _ in 0..50 {
        events.list_rules().send().await.unwrap();
    }
    assert_eq!(events.list_rules().send().await.unwrap_err().code(), Some("ThrottlingException"));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_says_what_it_runs_when_it_is_described() {
    let mut world = empty();
    for i in 0..130 {
        world.schedule(
            "default",
            &format!("s-{i:03}"),
            "rate(1 day)",
            "arn:aws:lambda:sa-east-1:123456789012:function:f",
        );
    }
    world
        .ecs_schedule("jobs", "nightly", "cron(0 3 * * ? *)", "prod", "report")
        .disable_schedule("jobs", "nightly");
    let aws = Aws::new(world);
    let scheduler = client!(aws_sdk_scheduler, aws);
    let mut pages = scheduler.list_schedules().into_paginator().send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().schedules().len());
    }
    assert_eq!(sizes, [100, 31]);
    let jobs = scheduler.list_schedules().group_name("jobs").max_results(5).send().await.unwrap();
    let brief = &jobs.schedules()[0];
    assert_eq!((brief.name(), brief.group_name()), (Some("nightly"), Some("jobs")));
    assert_eq!(brief.state().unwrap().as_str(), "DISABLED");
    assert_eq!(brief.target().unwrap().arn(), "arn:aws:ecs:sa-east-1:123456789012:cluster/prod");
    let whole = scheduler.get_schedule().name("nightly").group_name("jobs").send().await.unwrap();
    assert_eq!(whole.schedule_expression(), Some("cron(0 3 * * ? *)"));
    assert_eq!(whole.creation_date().unwrap().secs(), aws.now().as_second());
    let runs = whole.target().unwrap().ecs_parameters().unwrap();
    assert_eq!(runs.task_definition_arn(), "arn:aws:ecs:sa-east-1:123456789012:task-definition/report");
    let other = scheduler.get_schedule().name("s-000").send().await.unwrap();
    assert!(other.target().unwrap().ecs_parameters().is_none());
    let lost = scheduler.get_schedule().name("nightly").send().await.unwrap_err();
    assert!(lost.as_service_error().unwrap().is_resource_not_found_exception());
    let many = scheduler.list_schedules().max_results(101).send().await.unwrap_err();
    assert!(many.as_service_error().unwrap().is_validation_exception());
}

/// Functions of images: `resize` has two published versions, each of another digest.
fn functions() -> World {
    let mut world = empty();
    world.image("resize", ImageSeed::new("v1")).image("resize", ImageSeed::new("v2"));
    let image = format!("{}/resize:live", world.registry());
    for tag in ["v1", "v2"] {
        let digest = world.digest("resize", tag).unwrap();
        world.move_tag("resize", "live", &digest).image_function("resize", &image).publish_version("resize");
    }
    world.zip_function("steward").function_alias("resize", "prod", 1);
    world
}

#[tokio::test(start_paused = true)]
async fn a_function_keeps_the_image_that_its_tag_meant_when_it_was_updated() {
    let world = functions();
    let [v1, v2] = ["v1", "v2"].map(|tag| world.digest("resize", tag).unwrap());
    let registry = world.registry();
    let aws = Aws::new(world);
    let lambda = client!(aws_sdk_lambda, aws);
    let resolved = async |name: &str, qualifier: Option<&str>| {
        let answer = lambda
            .get_function()
            .function_name(name)
            .set_qualifier(qualifier.map(str::to_owned))
            .send()
            .await;
        let code = answer.unwrap().code.unwrap();
        (code.image_uri, code.resolved_image_uri.unwrap_or_default())
    };
    let of = |digest: &str| format!("{registry}/resize@{digest}");
    assert_eq!(resolved("resize", None).await, (Some(format!("{registry}/resize:live")), of(&v2)));
    assert_eq!(resolved("resize", Some("1")).await.1, of(&v1));
    assert_eq!(resolved("resize", Some("2")).await.1, of(&v2));
    assert_eq!(resolved("resize", Some("prod")).await.1, of(&v1));
    assert_eq!(resolved("arn:aws:lambda:sa-east-1:123456789012:function:resize:1", None).await.1, of(&v1));
    assert_eq!(resolved("steward", None).await, (None, String::new()));
    for (name, qualifier) in [("ghost", None), ("resize", Some("3"))] {
        let lost = lambda
            .get_function()
            .function_name(name)
            .set_qualifier(qualifier.map(str::to_owned))
            .send()
            .await
            .unwrap_err();
        assert!(lost.as_service_error().unwrap().is_resource_not_found_exception());
    }
}

#[tokio::test(start_paused = true)]
async fn functions_are_listed_fifty_a_page_with_their_versions_if_asked() {
    let mut world = functions();
    for i in 0..100 {
        world.zip_function(&format!("f-{i:03}"));
    }
    let aws = Aws::new(world);
    let lambda = client!(aws_sdk_lambda, aws);
    let mut sizes = Vec::new();
    let mut pages = lambda.list_functions().max_items(1000).into_paginator().send();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().functions().len());
    }
    assert_eq!(sizes, [50, 50, 2]);
    let mut all = lambda
        .list_functions()
        .function_version(aws_sdk_lambda::types::FunctionVersion::All)
        .into_paginator()
        .items()
        .send();
    let mut images = Vec::new();
    while let Some(function) = all.next().await {
        let function = function.unwrap();
        if function.package_type().unwrap().as_str() == "Image" {
            images.push(function.version.unwrap());
        }
    }
    assert_eq!(images, ["$LATEST", "1", "2"]);
    let versions = lambda.list_versions_by_function().function_name("resize").send().await.unwrap();
    let arns: Vec<&str> = versions.versions().iter().filter_map(|v| v.function_arn()).collect();
    assert_eq!(arns.len(), 3);
    assert!(arns[0].ends_with(":resize:$LATEST") && arns[2].ends_with(":resize:2"));
    let aliases = lambda.list_aliases().function_name("resize").send().await.unwrap();
    assert_eq!(aliases.aliases()[0].function_version(), Some("1"));
    let none = lambda.list_functions().max_items(0).send().await.unwrap_err();
    assert!(none.as_service_error().unwrap().is_invalid_parameter_value_exception());
}

#[tokio::test(start_paused = true)]
async fn lambdas_lists_are_throttled_at_fifteen_a_second_and_functions_at_a_hundred() {
    let aws = Aws::new(functions());
    let lambda = client!(aws_sdk_lambda, aws);
    for _ in 0..15 {
        lambda.list_functions().send().await.unwrap();
    }
    let error = lambda.list_functions().send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 429);
    for _ in 0..100 {
        lambda.get_function().function_name("steward").send().await.unwrap();
    }
    assert!(lambda.get_function().function_name("steward").send().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_with_a_token_leads_to_what_it_left_out() {
    let mut world = functions();
    world
        .rule("default", "nightly", None)
        .ecs_target("default", "nightly", "prod", "report")
        .schedule("default", "nightly", "rate(1 day)", "arn:aws:sqs:sa-east-1:123456789012:queue")
        .ecs_daemon("default", "agent", "agent:1", true);
    let aws = Aws::new(world);
    aws.faults(
        Faults::new()
            .on("eventbridge", "*")
            .times(2)
            .truncated_page()
            .on("scheduler", "ListSchedules")
            .times(1)
            .truncated_page()
            .on("lambda", "ListFunctions")
            .times(1)
            .truncated_page()
            .on("ecs", "ListDaemons")
            .times(1)
            .truncated_page(),
    );
    let events = client!(aws_sdk_eventbridge, aws);
    let page = events.list_rules().send().await.unwrap();
    assert!(page.rules().is_empty());
    let page = events.list_rules().set_next_token(page.next_token).send().await.unwrap();
    assert!(page.rules().is_empty());
    assert_eq!(events.list_rules().set_next_token(page.next_token).send().await.unwrap().rules().len(), 1);

    let scheduler = client!(aws_sdk_scheduler, aws);
    let page = scheduler.list_schedules().send().await.unwrap();
    assert!(page.schedules().is_empty());
    let page = scheduler.list_schedules().set_next_token(page.next_token).send().await.unwrap();
    assert_eq!(page.schedules().len(), 1);

    let lambda = client!(aws_sdk_lambda, aws);
    let page = lambda.list_functions().send().await.unwrap();
    assert!(page.functions().is_empty());
    let page = lambda.list_functions().set_marker(page.next_marker).send().await.unwrap();
    assert_eq!(page.functions().len(), 2);

    let page = ecs(&aws).list_daemons().send().await.unwrap();
    assert!(page.daemon_summaries_list().is_empty());
    let page = ecs(&aws).list_daemons().set_next_token(page.next_token).send().await.unwrap();
    assert_eq!(page.daemon_summaries_list().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn faults_strike_lists_in_the_words_of_their_protocol() {
    let aws = Aws::new(functions());
    aws.faults(
        Faults::new()
            .on("lambda", "ListFunctions")
            .times(1)
            .access_denied()
            .on("lambda", "ListFunctions")
            .cut_body()
            .on("scheduler", "*")
            .throttle(),
    );
    let lambda = client!(aws_sdk_lambda, aws);
    let denied = lambda.list_functions().send().await.unwrap_err();
    assert_eq!(denied.code(), Some("AccessDeniedException"));
    assert_eq!(denied.raw_response().unwrap().status().as_u16(), 403);
    assert!(lambda.list_functions().send().await.is_err());
    let scheduler = client!(aws_sdk_scheduler, aws);
    let throttled = scheduler.list_schedules().send().await.unwrap_err();
    assert!(throttled.as_service_error().unwrap().is_throttling_exception());
}

#[tokio::test(start_paused = true)]
async fn a_daemons_current_revision_has_the_digest_of_its_image() {
    let mut world = empty();
    world.image("agent", ImageSeed::new("v1"));
    let image = format!("{}/agent:v1", world.registry());
    let digest = world.digest("agent", "v1");
    world
        .ecs_daemon("prod", "agent", &image, false)
        .ecs_daemon("prod", "agent", &image, true)
        .ecs_daemon("dev", "agent", &image, false);
    let aws = Aws::new(world);
    let ecs = ecs(&aws);
    let cluster = "arn:aws:ecs:sa-east-1:123456789012:cluster/prod";
    let daemons = ecs.list_daemons().cluster_arn(cluster).send().await.unwrap();
    assert_eq!(daemons.daemon_summaries_list().len(), 1);
    let arn = daemons.daemon_summaries_list()[0].daemon_arn().unwrap();
    let daemon = ecs.describe_daemon().daemon_arn(arn).send().await.unwrap().daemon.unwrap();
    assert_eq!(daemon.cluster_arn(), Some(cluster));
    let current = daemon.current_revisions()[0].arn().unwrap();
    let older = current.replace("/2", "/1");
    let ghost = current.replace("/2", "/3");
    let revisions = ecs.describe_daemon_revisions().set_daemon_revision_arns(Some(vec![
        current.to_owned(),
        older,
        ghost,
    ]));
    let revisions = revisions.send().await.unwrap();
    let image_of = |n: usize| &revisions.daemon_revisions()[n].container_images()[0];
    assert_eq!(image_of(0).image_digest(), digest.as_deref());
    assert_eq!((image_of(1).image_digest(), image_of(1).image()), (None, Some(image.as_str())));
    assert_eq!(revisions.failures()[0].reason(), Some("MISSING"));
    let definition = revisions.daemon_revisions()[0].daemon_task_definition_arn().unwrap();
    let definition =
        ecs.describe_daemon_task_definition().daemon_task_definition(definition).send().await.unwrap();
    let containers = definition.daemon_task_definition.unwrap().container_definitions.unwrap();
    assert_eq!(containers[0].image(), image);
    let lost = ecs.describe_daemon().daemon_arn(format!("{arn}-not")).send().await.unwrap_err();
    assert!(lost.as_service_error().unwrap().is_daemon_not_found_exception());
}

#[test]
fn unknown_fields_and_operations_are_refused() {
    let mut world = empty();
    let code = |world: &mut World, service: &str, operation: &str, input: Value| {
        world.call(service, operation, input).unwrap_err().code
    };
    for (service, operation) in [
        ("eventbridge", "ListRules"),
        ("scheduler", "ListSchedules"),
        ("lambda", "ListFunctions"),
        ("ecr", "DescribeRepositories"),
        ("ecs", "ListDaemons"),
    ] {
        assert_eq!(code(&mut world, service, operation, json!({"Colour": 1})), "SerializationException");
        assert_eq!(code(&mut world, service, "Dance", json!({})), "UnknownOperationException");
    }
}
