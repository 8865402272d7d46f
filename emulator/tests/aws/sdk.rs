//! The in-process door: AWS's own SDK reads what the embedded AWS answers.

use std::time::Duration;

use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{ServiceField, TaskField};
use emulator::{Aws, ServiceSeed, TargetSeed, World};

use crate::world::prod;

/// A client of this AWS that does not retry.
pub(crate) fn ecs(aws: &Aws) -> aws_sdk_ecs::Client {
    let config = aws_sdk_ecs::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("sa-east-1"))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"))
        .http_client(aws.http_client())
        .time_source(aws.time_source())
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_ecs::Client::from_conf(config)
}

fn autoscaling(aws: &Aws) -> aws_sdk_applicationautoscaling::Client {
    let config = aws_sdk_applicationautoscaling::Config::builder()
        .behavior_version(aws_sdk_applicationautoscaling::config::BehaviorVersion::v2026_01_12())
        .region(aws_sdk_applicationautoscaling::config::Region::new("sa-east-1"))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"))
        .http_client(aws.http_client())
        .time_source(aws.time_source())
        .build();
    aws_sdk_applicationautoscaling::Client::from_conf(config)
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_services_and_tasks() {
    let aws = Aws::new(prod());
    let ecs = ecs(&aws);
    let services = ecs
        .describe_services()
        .cluster("prod")
        .services("users")
        .include(ServiceField::Tags)
        .send()
        .await
        .unwrap();
    let service = &services.services()[0];
    assert_eq!((service.desired_count(), service.running_count()), (2, 2));
    assert_eq!(service.deployments()[0].rollout_state().unwrap().as_str(), "COMPLETED");
    assert_eq!(service.resource_management_type().unwrap().as_str(), "CUSTOMER");
    assert_eq!(service.created_at().unwrap().secs(), aws.now().as_second() - 30 * 24 * 3600);

    let arns = ecs.list_tasks().cluster("prod").service_name("users").send().await.unwrap();
    let tasks = ecs
        .describe_tasks()
        .cluster("prod")
        .set_tasks(arns.task_arns)
        .include(TaskField::Tags)
        .send()
        .await
        .unwrap();
    assert_eq!(tasks.tasks().len(), 2);
    assert_eq!(tasks.tasks()[0].group(), Some("service:users"));
    assert!(tasks.tasks()[0].containers()[0].image_digest().unwrap().starts_with("sha256:"));
    let operations: Vec<String> = aws.ledger().into_iter().map(|c| c.operation).collect();
    assert_eq!(operations, ["DescribeServices", "ListTasks", "DescribeTasks"]);
    assert!(aws.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_sdk_knows_the_errors() {
    let aws = Aws::new(prod());
    let ecs = ecs(&aws);
    let lost = ecs.describe_services().cluster("nowhere").services("users").send().await.unwrap_err();
    assert!(lost.as_service_error().unwrap().is_cluster_not_found_exception());
    let many = ecs
        .describe_services()
        .cluster("prod")
        .set_services(Some(vec!["x".to_owned(); 11]))
        .send()
        .await
        .unwrap_err();
    assert!(many.as_service_error().unwrap().is_invalid_parameter_exception());
    let ghost =
        ecs.update_service().cluster("prod").service("ghost").desired_count(1).send().await.unwrap_err();
    assert!(ghost.as_service_error().unwrap().is_service_not_found_exception());
    assert_eq!(ghost.as_service_error().unwrap().message(), Some("Service not found."));
    assert_eq!(aws.ledger()[2].outcome, Err("ServiceNotFoundException".to_owned()));
    let target = autoscaling(&aws)
        .register_scalable_target()
        .service_namespace("ecs".into())
        .resource_id("service/prod/ghost")
        .scalable_dimension("ecs:service:DesiredCount".into())
        .min_capacity(1)
        .max_capacity(2)
        .send()
        .await
        .unwrap_err();
    assert!(target.as_service_error().unwrap().is_validation_exception());
}

#[tokio::test(start_paused = true)]
async fn the_sdk_pages_and_scales() {
    let mut world = World::demo();
    for i in 0..120 {
        let name = format!("svc-{i:03}");
        world.service("prod", ServiceSeed::new(&name).desired(1));
        world.scalable_target("prod", &name, TargetSeed::new(0, 3));
    }
    let aws = Aws::new(world);
    let mut pages = ecs(&aws).list_services().cluster("prod").into_paginator().send();
    let mut services = 0;
    while let Some(page) = pages.next().await {
        services += page.unwrap().service_arns().len();
    }
    assert_eq!((services, aws.ledger().len()), (120, 12));

    let autoscaling = autoscaling(&aws);
    let mut pages = autoscaling
        .describe_scalable_targets()
        .service_namespace("ecs".into())
        .into_paginator()
        .items()
        .send();
    let mut targets = 0;
    while let Some(target) = pages.next().await {
        assert!(target.unwrap().suspended_state().is_some());
        targets += 1;
    }
    assert_eq!(targets, 121);

    ecs(&aws).update_service().cluster("prod").service("svc-007").desired_count(0).send().await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(aws.with(|w| w.running_count("prod", "svc-007")), 0);
    assert_eq!(aws.writes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_date_follows_tokio_and_can_be_moved() {
    let aws = Aws::new(prod());
    let start = aws.now();
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert_eq!(aws.now().duration_since(start).as_secs(), 90);
    aws.advance(Duration::from_secs(10));
    assert_eq!(aws.now().duration_since(start).as_secs(), 100);
    aws.move_to("2026-11-25T12:00:00Z".parse().unwrap());
    assert_eq!(aws.with(|w| w.now()).to_string(), "2026-11-25T12:00:00Z");
    aws.move_to(start);
    assert_eq!(aws.now().to_string(), "2026-11-25T12:00:00Z");
}
