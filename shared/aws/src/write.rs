//! Changing AWS: one method, one call, one line of audit.

mod groups;
mod images;
#[cfg(feature = "in-use")]
mod objects;
mod tasks;

pub use tasks::is_without_instances;

use std::error::Error;
use std::future::Future;

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace, SuspendedState};
use aws_sdk_ecs::types::Tag;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use shared::application_autoscaling::Suspended;
use shared::names::{Arn, Scope, ServiceId};
use shared::{Actor, Call, Code, Problem};

use crate::budget::Bucket;
use crate::clients::Access;
use crate::run::{Operation, Run};
use crate::watch::Watch;

const UPDATE_SERVICE: Operation = ("ecs:UpdateService", Bucket::EcsServiceWrite);
const TAG_RESOURCE: Operation = ("ecs:TagResource", Bucket::EcsTag);
const UNTAG_RESOURCE: Operation = ("ecs:UntagResource", Bucket::EcsTag);
const REGISTER_TARGET: Operation = ("application-autoscaling:RegisterScalableTarget", Bucket::ScalingWrite);

/// Who is behind a change, for the audit.
#[derive(Clone, Debug)]
pub struct Requester {
    /// Who asked.
    pub actor: Actor,
    /// On whose behalf, as the actor claims.
    pub on_behalf_of: Option<String>,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// Lambda's request id.
    pub request_id: String,
    /// The account and region that are changed.
    pub scope: Scope,
}

impl Requester {
    /// Who is behind a call.
    #[must_use]
    pub fn of<R>(call: &Call<R>) -> Self {
        let Call { actor, envelope, request_id, scope, .. } = call;
        Self {
            actor: actor.clone(),
            on_behalf_of: envelope.on_behalf_of.clone(),
            reason: envelope.reason.clone(),
            request_id: request_id.clone(),
            scope: scope.clone(),
        }
    }
}

/// What a run writes with.
#[derive(Clone, Debug)]
pub struct Write {
    run: Run,
    requester: Requester,
    access: Access,
}

impl Write {
    pub(crate) fn new(run: Run, requester: Requester, access: Access) -> Self {
        Self { run, requester, access }
    }

    /// False once the deadline has passed: nothing new is begun then.
    #[must_use]
    pub fn time_left(&self) -> bool {
        !self.run.left().is_zero()
    }

    /// The same, for what nothing waits for: of the budgets, others take theirs first.
    #[must_use]
    pub fn giving_way(&self) -> Self {
        Self { run: self.run.giving_way(), ..self.clone() }
    }

    /// Sets a service's desired count and nothing else, so that no deployment begins.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>
    pub async fn set_desired_count(
        &self,
        service: &ServiceId,
        before: i32,
        after: u32,
    ) -> Result<(), Problem> {
        let thing = service.to_string();
        let count = i32::try_from(after).unwrap_or(i32::MAX);
        self.change(UPDATE_SERVICE, &thing, &before.to_string(), &after.to_string(), |watch| {
            self.run
                .aws
                .ecs
                .update_service()
                .cluster(service.cluster.as_str())
                .service(service.service.as_str())
                .desired_count(count)
                .customize()
                .interceptor(watch)
                .send()
        })
        .await
    }

    /// Sets one tag of a service, whose ARN must have the long form, or of a cluster: `resource` is
    /// `service/prod/users` or `cluster/prod`.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html>
    pub async fn tag(
        &self,
        resource: &str,
        key: &str,
        before: Option<&str>,
        after: &str,
    ) -> Result<(), Problem> {
        let arn = self.arn(resource);
        let (was, will) = (format!("{key}={}", before.unwrap_or_default()), format!("{key}={after}"));
        self.change(TAG_RESOURCE, resource, &was, &will, |watch| {
            self.run
                .aws
                .ecs
                .tag_resource()
                .resource_arn(&arn)
                .tags(Tag::builder().key(key).value(after).build())
                .customize()
                .interceptor(watch)
                .send()
        })
        .await
    }

    /// Removes one tag of a service or cluster.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UntagResource.html>
    pub async fn untag(&self, resource: &str, key: &str, before: &str) -> Result<(), Problem> {
        let arn = self.arn(resource);
        self.change(UNTAG_RESOURCE, resource, &format!("{key}={before}"), "", |watch| {
            let call = self.run.aws.ecs.untag_resource().resource_arn(&arn).tag_keys(key);
            call.customize().interceptor(watch).send()
        })
        .await
    }

    fn arn(&self, resource: &str) -> String {
        let scope = self.requester.scope.clone();
        Arn { scope, service: "ecs".into(), resource: resource.to_owned() }.to_string()
    }

    /// Sets a scalable target's min and suspended flags, and its max where one is given. AWS moves the
    /// service's desired count into min..max at once, suspended or not.
    ///
    /// Source: <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html>
    pub async fn set_scalable_target(
        &self,
        service: &ServiceId,
        before: (u32, Suspended),
        after: (u32, Suspended),
        max: Option<u32>,
    ) -> Result<(), Problem> {
        let thing = service.to_string();
        let (min, suspended) = after;
        let state = SuspendedState::builder()
            .dynamic_scaling_in_suspended(suspended.dynamic_scaling_in)
            .dynamic_scaling_out_suspended(suspended.dynamic_scaling_out)
            .scheduled_scaling_suspended(suspended.scheduled_scaling)
            .build();
        let min = i32::try_from(min).unwrap_or(i32::MAX);
        let max = max.map(|max| i32::try_from(max).unwrap_or(i32::MAX));
        let words = |(min, suspended): (u32, Suspended)| format!("min={min} susp={suspended}");
        let after = max.map_or_else(|| words(after), |max| format!("{} max={max}", words(after)));
        self.change(REGISTER_TARGET, &thing, &words(before), &after, |watch| {
            self.run
                .aws
                .scaling
                .register_scalable_target()
                .service_namespace(ServiceNamespace::Ecs)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .resource_id(&thing)
                .min_capacity(min)
                .set_max_capacity(max)
                .suspended_state(state.clone())
                .customize()
                .interceptor(watch)
                .send()
        })
        .await
    }

    /// A change that answers nothing, with its line of audit however it ends.
    async fn change<O, E, F>(
        &self,
        operation: Operation,
        thing: &str,
        before: &str,
        after: &str,
        send: impl Fn(Watch) -> F,
    ) -> Result<(), Problem>
    where
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        self.allowed(operation, thing)?;
        let answer = self.run.send(operation, thing, send).await;
        self.audit(operation, thing, before, after, answer.as_ref().err());
        answer.map(drop)
    }

    fn allowed(&self, (operation, _): Operation, thing: &str) -> Result<(), Problem> {
        match self.access {
            Access::Full => Ok(()),
            Access::ReadOnly => Err(Problem::new(
                Code::NotSwitchedOn,
                format!(
                    "{operation} on {thing}: this process may only read; allow changes where it was started"
                ),
            )),
        }
    }

    fn audit(
        &self,
        (operation, _): Operation,
        resource: &str,
        before: &str,
        after: &str,
        problem: Option<&Problem>,
    ) {
        let Requester { actor, on_behalf_of, reason, request_id, .. } = &self.requester;
        tracing::info!(
            target: "audit",
            actor = %actor,
            claimedOnBehalfOf = on_behalf_of.as_deref(),
            reason = reason.as_deref(),
            requestId = %request_id,
            operation,
            resource,
            before,
            after,
            outcome = problem.map_or("done", |problem| problem.code.as_str()),
            "{operation} on {resource}"
        );
    }
}
