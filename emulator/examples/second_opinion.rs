//! Serves the world that `.ci/second_opinion_test` compares with another emulator's, and prints its address.
//!
//! It holds what the embedded AWS has no operation to make: groups, capacity providers, repositories, and all that
//! EventBridge, Lambda, Step Functions, Batch and `CodeBuild` describe. The script makes the same there, and makes the
//! rest in both by the same calls.

use emulator::{Aws, Buckets, GroupSeed, ImageSeed, ProviderSeed, World};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let aws = Aws::new(world("2026-11-24T12:00:00Z".parse()?));
    // Rates are held against AWS's numbers by the tests of this crate; here nothing is to be throttled.
    aws.buckets(Buckets::unlimited());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    emulator::serve(aws, listener).await?;
    Ok(())
}

fn world(now: Timestamp) -> World {
    let mut world = World::new(now);
    let topic = "arn:aws:sns:sa-east-1:123456789012:topic";
    let image = "123456789012.dkr.ecr.sa-east-1.amazonaws.com/web:v1";
    world
        .group(GroupSeed::new("machines").sizes(1, 2, 4).cluster("machines").tag("team", "blue"))
        .group(GroupSeed::new("idle").sizes(0, 0, 2))
        .capacity_provider(
            ProviderSeed::new("own-machines", "machines").managed_scaling(100).cluster("machines"),
        )
        .repository("empty")
        .repository("fixed")
        .immutable_tags("fixed")
        .image("web", ImageSeed::new("v1"))
        .bucket("reports")
        .event_bus("orders")
        .rule("default", "nightly", Some("rate(1 day)"))
        .ecs_target("default", "nightly", "prod", "web:1")
        .rule("default", "on-push", None)
        .disable_rule("default", "on-push")
        .rule_target("default", "on-push", topic)
        .rule("orders", "on-order", None)
        .schedule("default", "hello", "rate(1 day)", "arn:aws:lambda:sa-east-1:123456789012:function:zipped")
        .ecs_schedule("nightly", "report", "cron(0 3 * * ? *)", "prod", "web:1")
        .disable_schedule("nightly", "report")
        .zip_function("zipped")
        .image_function("imaged", image)
        .publish_version("imaged")
        .function_alias("imaged", "live", 1)
        .pipe("to-topic", topic)
        .ecs_pipe("to-tasks", "prod", "web:1")
        .stop_pipe("to-topic")
        .state_machine("flow", json!({"StartAt": "One", "States": {"One": {"Type": "Succeed"}}}))
        .publish_state_machine("flow")
        .build_project("build", "aws/codebuild/standard:7.0")
        .build_project("own", image)
        .repository_policy("web", &policy(&json!(["ecr:BatchGetImage"]), None))
        .registry_policy(&policy(
            &json!(["ecr:ReplicateImage"]),
            Some("arn:aws:ecr:sa-east-1:123456789012:repository/*"),
        ))
        .replicated("web", "123456789012", "us-east-1")
        .pull_through_cache("mirror", "public.ecr.aws")
        .ecs_daemon("machines", "agent", image, true);
    let job =
        json!({"type": "container", "containerProperties": {"image": image, "vcpus": 1, "memory": 512}});
    world.job_definition("job", job.clone()).job_definition("job", job).deregister_job_definition("job", 1);
    world
}

/// What lets another account in; a repository's policy has no resource.
fn policy(actions: &Value, resource: Option<&str>) -> Value {
    let other = json!({"AWS": "arn:aws:iam::210987654321:root"});
    let mut statement = json!({"Sid": "other", "Effect": "Allow", "Principal": other, "Action": actions});
    if let (Some(resource), Some(statement)) = (resource, statement.as_object_mut()) {
        statement.insert("Resource".to_owned(), resource.into());
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}
