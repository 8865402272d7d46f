//! Running and stopping tasks.

mod overrides;
mod placement;
mod volumes;

use std::error::Error;

use aws_sdk_ecs::operation::run_task::RunTaskError;
use aws_sdk_ecs::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use shared::names::{ClusterName, TaskId};
use shared::run_task::{Launch, Options, PropagateTags, RunTask, Started, VolumeConfiguration};
use shared::{Code, Problem};

use super::Write;
use crate::budget::Bucket;
use crate::convert;
use crate::faults::{Denied, denied};
use crate::run::Operation;

const RUN_TASK: Operation = ("ecs:RunTask", Bucket::EcsTaskWrite);
const STOP_TASK: Operation = ("ecs:StopTask", Bucket::EcsTaskWrite);

impl Write {
    /// Runs up to ten tasks. The same call under the same token starts nothing more, and answers
    /// what it had started; another call under it is [`Code::IdempotencyConflict`], which names the
    /// tasks that it had started.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>
    pub async fn run_task(&self, asked: &RunTask) -> Result<Started, Problem> {
        let RunTask { cluster, task_definition, count, token, launch, options, .. } = asked;
        let thing = format!("task-definition/{task_definition} in cluster/{cluster}");
        self.allowed(RUN_TASK, &thing)?;
        let answer = self
            .run
            .send(RUN_TASK, &thing, |watch| {
                self.run
                    .aws
                    .ecs
                    .run_task()
                    .cluster(cluster.as_str())
                    .task_definition(task_definition.to_string())
                    .count(i32::try_from(*count).unwrap_or(1))
                    .client_token(token)
                    .set_launch_type(launch.launch_type.as_deref().map(sdk::LaunchType::from))
                    .set_capacity_provider_strategy(strategy(launch))
                    .set_platform_version(launch.platform_version.clone())
                    .set_network_configuration(network(launch))
                    .set_overrides(asked.overrides.as_ref().map(overrides::to_sdk))
                    .set_placement_constraints(placement::constraints(options))
                    .set_placement_strategy(placement::strategy(options))
                    .set_volume_configurations(volumes::to_sdk(options))
                    .set_propagate_tags(options.propagate_tags.map(propagate))
                    .set_enable_execute_command(options.enable_execute_command)
                    .set_tags(Some(tags(asked)))
                    .set_group(asked.group.clone())
                    .started_by(&asked.started_by)
                    .customize()
                    .interceptor(watch)
                    .send()
            })
            .await
            .map_err(|problem| overrides::untold(refined(problem, options), asked.overrides.as_ref()));
        let after = answer.as_ref().map_or_else(
            |_| String::new(),
            |answer| {
                let arns = answer.tasks().iter().filter_map(sdk::Task::task_arn);
                format!("{} of {count}: {}", answer.tasks().len(), arns.collect::<Vec<_>>().join(" "))
            },
        );
        self.audit(RUN_TASK, &thing, &format!("token={token}"), &after, answer.as_ref().err());
        let answer = answer?;
        Ok(Started {
            tasks: answer.tasks().iter().map(convert::task).collect(),
            failures: answer.failures().iter().map(convert::failure).collect(),
        })
    }

    /// Tells a task to stop: `SIGTERM`, and after its stop timeout `SIGKILL`.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html>
    pub async fn stop_task(
        &self,
        cluster: &ClusterName,
        task: &TaskId,
        before: &str,
        reason: &str,
    ) -> Result<(), Problem> {
        let thing = format!("task/{cluster}/{task}");
        self.change(STOP_TASK, &thing, before, "STOPPED", |watch| {
            let call = self.run.aws.ecs.stop_task().cluster(cluster.as_str()).task(task.as_str());
            call.reason(reason).customize().interceptor(watch).send()
        })
        .await
    }
}

/// AWS's words for a cluster without an instance.
const NO_INSTANCES: &str = "No Container Instances were found";

/// True when the cluster has no instance at all, so that any other call would be refused as well.
#[must_use]
pub fn is_without_instances(problem: &Problem) -> bool {
    problem.code == Code::NoCapacity && problem.detail.contains(NO_INSTANCES)
}

/// What AWS refused of a call of `RunTask`, by what can be done about it.
fn refined(mut problem: Problem, options: &Options) -> Problem {
    let Some(source) = problem.source.as_deref().and_then(|source| {
        (source as &(dyn Error + 'static)).downcast_ref::<SdkError<RunTaskError, HttpResponse>>()
    }) else {
        return problem;
    };
    let Some(error) = source.as_service_error() else { return problem };
    let message = error.message().unwrap_or_default();
    if problem.code == Code::AccessDenied
        && let Some(parameter) = denied(message).and_then(|denied| parameter(denied, options))
    {
        problem.detail = format!("{}: add that ARN to the deployment's {parameter}", problem.detail);
        return problem;
    }
    let code = match error {
        RunTaskError::ConflictException(conflict) => {
            let started = conflict.resource_ids().join(", ");
            let says = "; under this key another request has started";
            problem.detail =
                format!("{}{says} {started}: use another key, or send the same request", problem.detail);
            Code::IdempotencyConflict
        }
        // Fargate has no failure for it, and neither has a cluster whose machines sleep.
        _ if message.contains("Capacity is unavailable") || message.contains(NO_INSTANCES) => {
            Code::NoCapacity
        }
        RunTaskError::InvalidParameterException(_)
        | RunTaskError::ClientException(_)
        | RunTaskError::UnsupportedFeatureException(_)
        | RunTaskError::PlatformUnknownException(_)
        | RunTaskError::PlatformTaskDefinitionIncompatibilityException(_)
            if problem.code == Code::AwsRefused =>
        {
            Code::Impossible
        }
        _ => return problem,
    };
    problem.code = code;
    problem.retryable = code.is_retryable();
    problem
}

/// The parameter of the template that gives the permission.
fn parameter(denied: Denied<'_>, options: &Options) -> Option<&'static str> {
    let of_volume =
        |volume: &VolumeConfiguration| denied.resource == Some(volume.managed_ebs_volume.role_arn.as_str());
    match denied.action {
        _ if denied.explicitly => None,
        // It goes to ECS itself, not to the tasks.
        "iam:PassRole" if options.volume_configurations.iter().any(of_volume) => Some("RunVolumeRoleArns"),
        "iam:PassRole" => Some("RunPassRoleArns"),
        "ecs:RunTask" => Some("RunTaskDefinitionArns"),
        _ => None,
    }
}

fn strategy(launch: &Launch) -> Option<Vec<sdk::CapacityProviderStrategyItem>> {
    let item = |item: &shared::ecs::CapacityProviderStrategyItem| {
        sdk::CapacityProviderStrategyItem::builder()
            .capacity_provider(&item.capacity_provider)
            .weight(item.weight)
            .base(item.base)
            .build()
            .ok()
    };
    (!launch.strategy.is_empty()).then(|| launch.strategy.iter().filter_map(item).collect())
}

fn network(launch: &Launch) -> Option<sdk::NetworkConfiguration> {
    let network = launch.network.as_ref()?;
    let vpc = sdk::AwsVpcConfiguration::builder()
        .set_subnets(Some(network.subnets.clone()))
        .set_security_groups(Some(network.security_groups.clone()))
        .set_assign_public_ip(network.assign_public_ip.as_deref().map(sdk::AssignPublicIp::from))
        .build()
        .ok()?;
    Some(sdk::NetworkConfiguration::builder().awsvpc_configuration(vpc).build())
}

fn propagate(from: PropagateTags) -> sdk::PropagateTags {
    match from {
        PropagateTags::TaskDefinition => sdk::PropagateTags::TaskDefinition,
        PropagateTags::None => sdk::PropagateTags::None,
    }
}

fn tags(asked: &RunTask) -> Vec<sdk::Tag> {
    asked.tags.iter().map(|tag| sdk::Tag::builder().key(&tag.key).value(&tag.value).build()).collect()
}
