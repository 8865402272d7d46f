//! Tasks.

use aws_sdk_ecs::types::{DesiredStatus, TaskField};
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use shared::Problem;
use shared::ecs::Task;
use shared::names::{ClusterName, ServiceName, TaskId};

use super::{AT_ONCE, HUNDRED, Listed, PAGE, Read, batches, chunks, listed, names, pages, thing};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const LIST: Operation = ("ecs:ListTasks", Bucket::EcsTaskRead);
const DESCRIBE: Operation = ("ecs:DescribeTasks", Bucket::EcsTaskRead);
const PROTECTION: Operation = ("ecs:GetTaskProtection", Bucket::EcsTaskProtection);

/// Which tasks of a cluster, as `ListTasks` can tell them apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Of this service.
    pub service: Option<ServiceName>,
    /// Of this family of task definitions.
    pub family: Option<String>,
    /// Started by this. AWS takes it alone: beside another filter, or with `STOPPED`, it is for the
    /// caller to sort out.
    pub started_by: Option<String>,
    /// Tasks that are to stop, or have, instead of those that are to run.
    pub stopped: bool,
}

/// A service's task must not be stopped by its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// Until then.
    pub until: Option<Timestamp>,
}

impl Read {
    /// A cluster's tasks, with their tags if they are wanted.
    pub async fn tasks(
        &self,
        cluster: &ClusterName,
        filter: &TaskFilter,
        tags: bool,
    ) -> Result<Listed<Task>, Problem> {
        let batches = batches(self.task_pages(cluster, filter), HUNDRED)
            .map_ok(|ids| self.describe_tasks(cluster, ids, tags));
        listed(batches.try_buffered(AT_ONCE), |task| task.task_arn.clone()).await
    }

    /// The ARNs of a cluster's tasks.
    pub async fn task_arns(
        &self,
        cluster: &ClusterName,
        filter: &TaskFilter,
    ) -> Result<Vec<String>, Problem> {
        names(self.task_pages(cluster, filter)).await
    }

    /// These tasks of a cluster, by ids or ARNs; one that does not exist is a failure.
    pub async fn tasks_named(
        &self,
        cluster: &ClusterName,
        ids: &[impl ToString + Sync],
        tags: bool,
    ) -> Result<Listed<Task>, Problem> {
        let batches = chunks(ids, HUNDRED);
        let calls = stream::iter(batches).map(|batch| self.describe_tasks(cluster, batch, tags));
        listed(calls.buffered(AT_ONCE), |task| task.task_arn.clone()).await
    }

    fn task_pages(
        &self,
        cluster: &ClusterName,
        filter: &TaskFilter,
    ) -> impl Stream<Item = Result<Vec<String>, Problem>> {
        pages(LIST, move |token| async move {
            let thing = match &filter.service {
                Some(service) => format!("service/{cluster}/{service}"),
                None => format!("cluster/{cluster}"),
            };
            // Left out where it is AWS's default: `startedBy` stands alone.
            let desired = filter.stopped.then_some(DesiredStatus::Stopped);
            let answer = self
                .0
                .send(LIST, &thing, |watch| {
                    self.0
                        .aws
                        .ecs
                        .list_tasks()
                        .cluster(cluster.as_str())
                        .set_service_name(filter.service.as_ref().map(ToString::to_string))
                        .set_family(filter.family.clone())
                        .set_started_by(filter.started_by.clone())
                        .set_desired_status(desired.clone())
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok((answer.task_arns.unwrap_or_default(), answer.next_token))
        })
    }

    async fn describe_tasks(
        &self,
        cluster: &ClusterName,
        ids: Vec<String>,
        tags: bool,
    ) -> Result<Listed<Task>, Problem> {
        let answer = self
            .0
            .send(DESCRIBE, &format!("cluster/{cluster}: {}", thing(&ids)), |watch| {
                self.0
                    .aws
                    .ecs
                    .describe_tasks()
                    .cluster(cluster.as_str())
                    .set_tasks(Some(ids.clone()))
                    .set_include(tags.then(|| vec![TaskField::Tags]))
                    .customize()
                    .interceptor(watch)
                    .send()
            })
            .await?;
        Ok(Listed {
            found: answer.tasks().iter().map(convert::task).collect(),
            failures: answer.failures().iter().map(convert::failure).collect(),
        })
    }

    /// Until when a service's task is protected from being stopped, if it is.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_GetTaskProtection.html>
    pub async fn protected_until(
        &self,
        cluster: &ClusterName,
        task: &TaskId,
    ) -> Result<Option<Protection>, Problem> {
        let answer = self
            .0
            .send(PROTECTION, &format!("task/{cluster}/{task}"), |watch| {
                let call = self.0.aws.ecs.get_task_protection().cluster(cluster.as_str());
                call.tasks(task.as_str()).customize().interceptor(watch).send()
            })
            .await?;
        let found = answer.protected_tasks().iter().find(|found| found.protection_enabled());
        Ok(found.map(|found| Protection { until: convert::instant(found.expiration_date()) }))
    }
}
