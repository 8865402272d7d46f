//! Service deployments and service revisions: what ECS pinned when it deployed.

use std::cmp::Reverse;

use aws_sdk_ecs::types::{ServiceDeploymentBrief, ServiceDeploymentStatus};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use shared::Problem;
use shared::ecs::revisions::{Deployment, DeploymentBrief, Revision, SUCCESSFUL, UNFINISHED};

use super::{AT_ONCE, Listed, PAGE, Read, chunks, listed, pages, thing};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const LIST: Operation = ("ecs:ListServiceDeployments", Bucket::EcsServiceDeploymentRead);
const DESCRIBE: Operation = ("ecs:DescribeServiceDeployments", Bucket::EcsServiceDeploymentRead);
const REVISIONS: Operation = ("ecs:DescribeServiceRevisions", Bucket::EcsServiceRevisionRead);

/// The most that each of the two Describe calls takes.
const TWENTY: usize = 20;

impl Read {
    /// A service's deployments that are not over, and those of the last 90 days that went well, the newest
    /// first.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html>
    pub async fn deployments_of_service(
        &self,
        cluster: &str,
        service: &str,
    ) -> Result<Vec<DeploymentBrief>, Problem> {
        let statuses: Vec<ServiceDeploymentStatus> = UNFINISHED
            .iter()
            .chain([&SUCCESSFUL])
            .map(|status| ServiceDeploymentStatus::from(*status))
            .collect();
        let (statuses, thing) = (&statuses, &shared::names::short_name(service).to_owned());
        let pages = pages(LIST, move |token: Option<String>| async move {
            let answer = self
                .0
                .send(LIST, thing, |watch| {
                    let call = self.0.aws.ecs.list_service_deployments().cluster(cluster).service(service);
                    call.set_status(Some(statuses.clone()))
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok((answer.service_deployments.unwrap_or_default(), answer.next_token))
        });
        let mut all: Vec<_> = pages.try_concat().await?;
        all.sort_by_key(|it| Reverse(it.created_at().copied()));
        let brief = |it: ServiceDeploymentBrief| {
            Some(DeploymentBrief {
                went_well: it.status().map(ServiceDeploymentStatus::as_str) == Some(SUCCESSFUL),
                target: it.target_service_revision_arn,
                arn: it.service_deployment_arn?,
            })
        };
        Ok(all.into_iter().filter_map(brief).collect())
    }

    /// These service deployments.
    pub async fn service_deployments(&self, arns: &[String]) -> Result<Listed<Deployment>, Problem> {
        let calls = stream::iter(chunks(arns, TWENTY)).map(|batch: Vec<String>| async move {
            let answer = self
                .0
                .send(DESCRIBE, &thing(&batch), |watch| {
                    let call = self.0.aws.ecs.describe_service_deployments();
                    call.set_service_deployment_arns(Some(batch.clone()))
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok(Listed {
                found: answer.service_deployments().iter().map(convert::service_deployment).collect(),
                failures: answer.failures().iter().map(convert::failure).collect(),
            })
        });
        listed(calls.buffered(AT_ONCE), |deployment| deployment.arn.clone()).await
    }

    /// These service revisions.
    pub async fn service_revisions(&self, arns: &[String]) -> Result<Listed<Revision>, Problem> {
        let calls = stream::iter(chunks(arns, TWENTY)).map(|batch: Vec<String>| async move {
            let answer = self
                .0
                .send(REVISIONS, &thing(&batch), |watch| {
                    let call = self.0.aws.ecs.describe_service_revisions();
                    call.set_service_revision_arns(Some(batch.clone())).customize().interceptor(watch).send()
                })
                .await?;
            Ok(Listed {
                found: answer.service_revisions().iter().map(convert::service_revision).collect(),
                failures: answer.failures().iter().map(convert::failure).collect(),
            })
        });
        listed(calls.buffered(AT_ONCE), |revision| revision.arn.clone()).await
    }
}
