//! ECS daemons: one task on each instance of capacity providers, which no service owns.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListDaemons.html>

use std::cmp::Reverse;

use aws_sdk_ecs::types::{DaemonDeploymentStatus, DaemonDeploymentSummary};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use shared::ecs::Daemon;
use shared::ecs::revisions::{Deployment, DeploymentBrief, Revision};
use shared::{Code, Problem};

use super::{AT_ONCE, Listed, PAGE, Read, chunks, listed, pages, thing};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const LIST: Operation = ("ecs:ListDaemons", Bucket::EcsServiceRead);
const DESCRIBE: Operation = ("ecs:DescribeDaemon", Bucket::EcsServiceRead);
const REVISIONS: Operation = ("ecs:DescribeDaemonRevisions", Bucket::EcsServiceRevisionRead);
const DEPLOYMENTS: Operation = ("ecs:ListDaemonDeployments", Bucket::EcsServiceDeploymentRead);
const DEPLOYMENT: Operation = ("ecs:DescribeDaemonDeployments", Bucket::EcsServiceDeploymentRead);
const DEFINITION: Operation = ("ecs:DescribeDaemonTaskDefinition", Bucket::EcsTaskDefinitionRead);

/// The most that `DescribeDaemonRevisions` and `DescribeDaemonDeployments` take.
const TWENTY: usize = 20;
/// What a daemon's deployment is called that is not over.
const UNFINISHED: [DaemonDeploymentStatus; 4] = [
    DaemonDeploymentStatus::Pending,
    DaemonDeploymentStatus::InProgress,
    DaemonDeploymentStatus::StopRequested,
    DaemonDeploymentStatus::RollbackInProgress,
];

impl Read {
    /// The ARNs of a cluster's daemons.
    pub async fn daemon_arns(&self, cluster_arn: &str) -> Result<Vec<String>, Problem> {
        let pages = pages(LIST, move |token: Option<String>| async move {
            let answer = self
                .0
                .send(LIST, shared::names::short_name(cluster_arn), |watch| {
                    let call = self.0.aws.ecs.list_daemons().cluster_arn(cluster_arn).max_results(PAGE);
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            let arns = answer.daemon_summaries_list().iter().filter_map(|it| it.daemon_arn.clone());
            Ok((arns.collect::<Vec<_>>(), answer.next_token.clone()))
        });
        pages.try_concat().await
    }

    /// A daemon, with the revisions that it runs now.
    pub async fn daemon(&self, daemon_arn: &str) -> Result<Option<Daemon>, Problem> {
        let answer = self
            .0
            .send(DESCRIBE, shared::names::short_name(daemon_arn), |watch| {
                self.0.aws.ecs.describe_daemon().daemon_arn(daemon_arn).customize().interceptor(watch).send()
            })
            .await?;
        let daemon = answer.daemon().ok_or_else(|| {
            Problem::new(Code::AwsFailed, format!("ecs:DescribeDaemon on {daemon_arn}: an empty answer"))
        })?;
        Ok(Some(Daemon {
            arn: daemon_arn.to_owned(),
            status: daemon.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            current_revisions: daemon
                .current_revisions()
                .iter()
                .filter_map(|it| it.arn().map(str::to_owned))
                .collect(),
            deployment: daemon.deployment_arn().map(str::to_owned),
        }))
    }

    /// A daemon's deployments that are not over, and those that went well, the newest first.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListDaemonDeployments.html>
    pub async fn deployments_of_daemon(&self, daemon_arn: &str) -> Result<Vec<DeploymentBrief>, Problem> {
        let statuses: Vec<DaemonDeploymentStatus> =
            UNFINISHED.into_iter().chain([DaemonDeploymentStatus::Successful]).collect();
        let statuses = &statuses;
        let pages = pages(DEPLOYMENTS, move |token: Option<String>| async move {
            let answer = self
                .0
                .send(DEPLOYMENTS, shared::names::short_name(daemon_arn), |watch| {
                    let call = self.0.aws.ecs.list_daemon_deployments().daemon_arn(daemon_arn);
                    let call = call.set_status(Some(statuses.clone())).max_results(PAGE);
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            Ok((answer.daemon_deployments.unwrap_or_default(), answer.next_token))
        });
        let mut all: Vec<_> = pages.try_concat().await?;
        all.sort_by_key(|it| Reverse(it.created_at().copied()));
        let brief = |it: DaemonDeploymentSummary| {
            Some(DeploymentBrief {
                went_well: it.status() == Some(&DaemonDeploymentStatus::Successful),
                target: it.target_daemon_revision_arn,
                arn: it.daemon_deployment_arn?,
            })
        };
        Ok(all.into_iter().filter_map(brief).collect())
    }

    /// These deployments of daemons.
    pub async fn daemon_deployments(&self, arns: &[String]) -> Result<Listed<Deployment>, Problem> {
        let calls = stream::iter(chunks(arns, TWENTY)).map(|batch: Vec<String>| async move {
            let answer = self
                .0
                .send(DEPLOYMENT, &thing(&batch), |watch| {
                    let call = self.0.aws.ecs.describe_daemon_deployments();
                    call.set_daemon_deployment_arns(Some(batch.clone())).customize().interceptor(watch).send()
                })
                .await?;
            Ok(Listed {
                found: answer.daemon_deployments().iter().map(convert::daemon_deployment).collect(),
                failures: answer.failures().iter().map(convert::failure).collect(),
            })
        });
        listed(calls.buffered(AT_ONCE), |deployment| deployment.arn.clone()).await
    }

    /// These daemon revisions.
    pub async fn daemon_revisions(&self, arns: &[String]) -> Result<Listed<Revision>, Problem> {
        let calls = stream::iter(chunks(arns, TWENTY)).map(|batch: Vec<String>| async move {
            let answer = self
                .0
                .send(REVISIONS, &thing(&batch), |watch| {
                    let call = self.0.aws.ecs.describe_daemon_revisions();
                    call.set_daemon_revision_arns(Some(batch.clone())).customize().interceptor(watch).send()
                })
                .await?;
            Ok(Listed {
                found: answer.daemon_revisions().iter().map(convert::daemon_revision).collect(),
                failures: answer.failures().iter().map(convert::failure).collect(),
            })
        });
        listed(calls.buffered(AT_ONCE), |revision| revision.arn.clone()).await
    }

    /// The images that a daemon's task definition names.
    pub async fn daemon_definition_images(&self, arn: &str) -> Result<Vec<String>, Problem> {
        let answer = self
            .0
            .send(DEFINITION, shared::names::short_name(arn), |watch| {
                let call = self.0.aws.ecs.describe_daemon_task_definition().daemon_task_definition(arn);
                call.customize().interceptor(watch).send()
            })
            .await?;
        let definition = answer.daemon_task_definition().ok_or_else(|| {
            Problem::new(
                Code::AwsFailed,
                format!("ecs:DescribeDaemonTaskDefinition on {arn}: an empty answer"),
            )
        })?;
        Ok(definition.container_definitions().iter().map(|it| it.image().to_owned()).collect())
    }
}
