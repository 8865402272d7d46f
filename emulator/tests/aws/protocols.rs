//! The same calls in other protocols than JSON by target.

use aws_sdk_autoscaling::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region};
use emulator::{Aws, Faults, GroupSeed};

use crate::world::prod;

/// A client of this AWS that does not retry.
pub(crate) fn groups(aws: &Aws) -> aws_sdk_autoscaling::Client {
    let config = aws_sdk_autoscaling::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("sa-east-1"))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"))
        .http_client(aws.http_client())
        .time_source(aws.time_source())
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_autoscaling::Client::from_conf(config)
}

#[tokio::test(start_paused = true)]
async fn what_is_not_modelled_is_refused_in_xml() {
    let aws = Aws::new(prod());
    let refused = groups(&aws).describe_account_limits().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidAction"));
    assert!(refused.message().unwrap().contains("autoscaling:DescribeAccountLimits"), "{refused:?}");
    assert!(aws_sdk_autoscaling::operation::RequestId::request_id(&refused).is_some());
    let call = &aws.ledger()[0];
    assert_eq!((call.service.as_str(), call.operation.as_str()), ("autoscaling", "DescribeAccountLimits"));
}

#[tokio::test(start_paused = true)]
async fn faults_speak_the_language_of_the_call() {
    let aws = Aws::new(prod());
    let groups = groups(&aws);
    let call = async || groups.describe_auto_scaling_groups().send().await.unwrap_err();
    aws.faults(Faults::new().on("autoscaling", "*").throttle());
    assert_eq!(call().await.code(), Some("Throttling"));
    assert_eq!(aws.ledger()[0].outcome, Err("Throttling".to_owned()));
    aws.faults(Faults::new().anywhere().access_denied());
    let denied = call().await;
    assert_eq!(denied.code(), Some("AccessDenied"));
    assert_eq!(denied.raw_response().unwrap().status().as_u16(), 403);
    aws.faults(Faults::new().anywhere().server_error());
    assert_eq!(call().await.raw_response().unwrap().status().as_u16(), 500);
    aws.faults(Faults::new().anywhere().cut_body());
    assert!(matches!(call().await, SdkError::ResponseError(_) | SdkError::ServiceError(_)));
    aws.faults(Faults::new().anywhere().times(1).truncated_page());
    aws.with(|w| {
        w.group(GroupSeed::new("a"));
    });
    let page = groups.describe_auto_scaling_groups().send().await.unwrap();
    assert!(page.auto_scaling_groups().is_empty());
    let next = groups.describe_auto_scaling_groups().set_next_token(page.next_token).send().await.unwrap();
    assert_eq!(next.auto_scaling_groups().len(), 1);
    aws.faults(Faults::new().anywhere().reset_before_commit());
    assert!(matches!(call().await, SdkError::DispatchFailure(_)));
}
