//! Scalable targets and scheduled actions of services.

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use shared::Problem;
use shared::application_autoscaling::{ScalableTarget, ScalingPolicy, ScheduledAction};
use shared::names::ServiceId;

use super::{AT_ONCE, Read, chunks, pages, thing};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const DESCRIBE_TARGETS: Operation = ("application-autoscaling:DescribeScalableTargets", Bucket::ScalingRead);
const DESCRIBE_ACTIONS: Operation = ("application-autoscaling:DescribeScheduledActions", Bucket::ScalingRead);

const DESCRIBE_POLICIES: Operation = ("application-autoscaling:DescribeScalingPolicies", Bucket::ScalingRead);

/// The most that `DescribeScalableTargets` takes and that a page of it holds.
const TARGETS: usize = 50;

impl Read {
    /// The scalable targets of these services' desired counts.
    pub async fn targets_of(&self, services: &[ServiceId]) -> Result<Vec<ScalableTarget>, Problem> {
        let batches = chunks(services, TARGETS);
        let calls = stream::iter(batches).map(|batch: Vec<String>| async move {
            // A page may be cut short even when ids are named: follow its token.
            pages(DESCRIBE_TARGETS, |token| self.describe_targets(Some(batch.clone()), token))
                .try_concat()
                .await
        });
        calls.buffered(AT_ONCE).try_concat().await
    }

    /// The scalable targets of all services in the account and region.
    pub async fn targets(&self) -> Result<Vec<ScalableTarget>, Problem> {
        pages(DESCRIBE_TARGETS, |token| self.describe_targets(None, token)).try_concat().await
    }

    async fn describe_targets(
        &self,
        ids: Option<Vec<String>>,
        token: Option<String>,
    ) -> Result<(Vec<ScalableTarget>, Option<String>), Problem> {
        let thing = ids.as_deref().map_or_else(|| "all services".into(), thing);
        let answer = self
            .0
            .send(DESCRIBE_TARGETS, &thing, |watch| {
                self.0
                    .aws
                    .scaling
                    .describe_scalable_targets()
                    .service_namespace(ServiceNamespace::Ecs)
                    .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                    .set_resource_ids(ids.clone())
                    .set_next_token(token.clone())
                    .customize()
                    .interceptor(watch)
                    .send()
            })
            .await?;
        Ok((answer.scalable_targets().iter().map(convert::scalable_target).collect(), answer.next_token))
    }

    /// The predictive scaling policies that scale, and do not only forecast, on this service, or on all services of
    /// the account and region: each with the resource id of its service.
    pub async fn predictive_policies(
        &self,
        service: Option<&ServiceId>,
    ) -> Result<Vec<(String, String)>, Problem> {
        let all = self.scaling_policies(service).await?.into_iter();
        let scaling = all.filter(|it| it.scales_by_forecast);
        Ok(scaling.map(|it| (it.resource_id, it.policy_name)).collect())
    }

    /// The scaling policies on this service, or on all services of the account and region.
    pub async fn scaling_policies(&self, service: Option<&ServiceId>) -> Result<Vec<ScalingPolicy>, Problem> {
        let id = service.map(ToString::to_string);
        let thing = id.clone().unwrap_or_else(|| "all services".into());
        let (id, thing) = (&id, &thing);
        let pages = pages(DESCRIBE_POLICIES, move |token| async move {
            let answer = self
                .0
                .send(DESCRIBE_POLICIES, thing, |watch| {
                    self.0
                        .aws
                        .scaling
                        .describe_scaling_policies()
                        .service_namespace(ServiceNamespace::Ecs)
                        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                        .set_resource_id(id.clone())
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok((answer.scaling_policies().iter().map(convert::scaling_policy).collect(), answer.next_token))
        });
        pages.try_concat().await
    }

    /// The scheduled scaling actions on this service, or on all services of the account and region.
    pub async fn scheduled_actions(
        &self,
        service: Option<&ServiceId>,
    ) -> Result<Vec<ScheduledAction>, Problem> {
        let id = service.map(ToString::to_string);
        let thing = id.clone().unwrap_or_else(|| "all services".into());
        let (id, thing) = (&id, &thing);
        let pages = pages(DESCRIBE_ACTIONS, move |token| async move {
            let answer = self
                .0
                .send(DESCRIBE_ACTIONS, thing, |watch| {
                    self.0
                        .aws
                        .scaling
                        .describe_scheduled_actions()
                        .service_namespace(ServiceNamespace::Ecs)
                        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                        .set_resource_id(id.clone())
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok((
                answer.scheduled_actions().iter().map(convert::scheduled_action).collect(),
                answer.next_token,
            ))
        });
        pages.try_concat().await
    }
}
