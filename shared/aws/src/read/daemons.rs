//! ECS daemons: one task on each instance of capacity providers, which no service owns.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListDaemons.html>

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use shared::ecs::revisions::Revision;
use shared::{Code, Problem};

use super::{AT_ONCE, Listed, PAGE, Read, chunks, listed, pages, thing};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const LIST: Operation = ("ecs:ListDaemons", Bucket::EcsServiceRead);
const DESCRIBE: Operation = ("ecs:DescribeDaemon", Bucket::EcsServiceRead);
const REVISIONS: Operation = ("ecs:DescribeDaemonRevisions", Bucket::EcsServiceRevisionRead);
const DEFINITION: Operation = ("ecs:DescribeDaemonTaskDefinition", Bucket::EcsTaskDefinitionRead);

/// The most that `DescribeDaemonRevisions` takes.
const TWENTY: usize = 20;

impl Read {
    /// The ARNs of a cluster's daemons.
    pub async fn daemon_arns(&self, cluster_arn: &str) -> Result<Vec<String>, Problem> {
        let pages = pages(move |token: Option<String>| async move {
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

    /// The ARNs of the revisions that a daemon runs now.
    pub async fn daemon_revision_arns(&self, daemon_arn: &str) -> Result<Vec<String>, Problem> {
        let answer = self
            .0
            .send(DESCRIBE, shared::names::short_name(daemon_arn), |watch| {
                self.0.aws.ecs.describe_daemon().daemon_arn(daemon_arn).customize().interceptor(watch).send()
            })
            .await?;
        let daemon = answer.daemon().ok_or_else(|| {
            Problem::new(Code::AwsFailed, format!("ecs:DescribeDaemon on {daemon_arn}: an empty answer"))
        })?;
        Ok(daemon.current_revisions().iter().filter_map(|it| it.arn().map(str::to_owned)).collect())
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
