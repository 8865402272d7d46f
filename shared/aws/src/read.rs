//! Reading AWS: complete lists, batched to the API's maximum, a page described while the next
//! is listed.

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use aws_sdk_ecs::types::{ClusterField, DesiredStatus, ServiceField, TaskField};
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use shared::Problem;
use shared::application_autoscaling::{ScalableTarget, ScheduledAction};
use shared::ecs::{Cluster, Failure, Service, Task};
use shared::names::{ClusterName, ServiceId, ServiceName, TaskId};

use crate::budget::Bucket;
use crate::convert;
use crate::run::{Operation, Run};

const LIST_CLUSTERS: Operation = ("ecs:ListClusters", Bucket::EcsClusterRead);
const DESCRIBE_CLUSTERS: Operation = ("ecs:DescribeClusters", Bucket::EcsClusterRead);
const LIST_SERVICES: Operation = ("ecs:ListServices", Bucket::EcsServiceRead);
const DESCRIBE_SERVICES: Operation = ("ecs:DescribeServices", Bucket::EcsServiceRead);
const LIST_TASKS: Operation = ("ecs:ListTasks", Bucket::EcsTaskRead);
const DESCRIBE_TASKS: Operation = ("ecs:DescribeTasks", Bucket::EcsTaskRead);
const DESCRIBE_TARGETS: Operation = ("application-autoscaling:DescribeScalableTargets", Bucket::ScalingRead);
const DESCRIBE_ACTIONS: Operation = ("application-autoscaling:DescribeScheduledActions", Bucket::ScalingRead);

/// Describe batches that are under way at once; the budget sets the pace.
const AT_ONCE: usize = 10;
/// The most that `DescribeServices` takes.
const SERVICES: usize = 10;
/// The most that `DescribeTasks` and `DescribeClusters` take, and that a page of a list holds.
const HUNDRED: usize = 100;
const PAGE: i32 = 100;
/// The most that `DescribeScalableTargets` takes and that a page of it holds.
const TARGETS: usize = 50;

/// What was found, and what AWS said it could not find.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<T> {
    /// In the order of their names or ids.
    pub found: Vec<T>,
    /// The Describe calls' `failures[]`.
    pub failures: Vec<Failure>,
}

/// The eyes of a run.
#[derive(Clone, Debug)]
pub struct Read(Run);

impl Read {
    pub(crate) fn new(run: Run) -> Self {
        Self(run)
    }

    /// Every cluster, with its tags.
    pub async fn clusters(&self) -> Result<Listed<Cluster>, Problem> {
        let pages = pages(move |token| async move {
            let answer = self
                .0
                .send(LIST_CLUSTERS, "the account", |watch| {
                    self.0
                        .aws
                        .ecs
                        .list_clusters()
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok((answer.cluster_arns.unwrap_or_default(), answer.next_token))
        });
        let batches = batches(pages, HUNDRED).map_ok(|names| self.describe_clusters(names));
        listed(batches.try_buffered(AT_ONCE), |cluster| cluster.cluster_name.clone()).await
    }

    /// These clusters; one that does not exist is a failure.
    pub async fn clusters_named(&self, names: &[ClusterName]) -> Result<Listed<Cluster>, Problem> {
        let batches = chunks(names, HUNDRED);
        let calls = stream::iter(batches).map(|batch| self.describe_clusters(batch));
        listed(calls.buffered(AT_ONCE), |cluster| cluster.cluster_name.clone()).await
    }

    async fn describe_clusters(&self, names: Vec<String>) -> Result<Listed<Cluster>, Problem> {
        let answer = self
            .0
            .send(DESCRIBE_CLUSTERS, &thing(&names), |watch| {
                self.0
                    .aws
                    .ecs
                    .describe_clusters()
                    .set_clusters(Some(names.clone()))
                    .include(ClusterField::Tags)
                    .customize()
                    .interceptor(watch)
                    .send()
            })
            .await?;
        Ok(Listed {
            found: answer.clusters().iter().map(convert::cluster).collect(),
            failures: answer.failures().iter().map(convert::failure).collect(),
        })
    }

    /// Every ACTIVE service of a cluster, with its tags. Lists hold no others.
    pub async fn services(&self, cluster: &ClusterName) -> Result<Listed<Service>, Problem> {
        let pages = pages(move |token| async move {
            let answer = self
                .0
                .send(LIST_SERVICES, &format!("cluster/{cluster}"), |watch| {
                    self.0
                        .aws
                        .ecs
                        .list_services()
                        .cluster(cluster.as_str())
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok((answer.service_arns.unwrap_or_default(), answer.next_token))
        });
        let batches = batches(pages, SERVICES).map_ok(|names| self.describe_services(cluster, names));
        listed(batches.try_buffered(AT_ONCE), |service| service.service_name.clone()).await
    }

    /// These services of a cluster, whatever their status; one that does not exist is a failure.
    pub async fn services_named(
        &self,
        cluster: &ClusterName,
        names: &[ServiceName],
    ) -> Result<Listed<Service>, Problem> {
        let batches = chunks(names, SERVICES);
        let calls = stream::iter(batches).map(|batch| self.describe_services(cluster, batch));
        listed(calls.buffered(AT_ONCE), |service| service.service_name.clone()).await
    }

    async fn describe_services(
        &self,
        cluster: &ClusterName,
        names: Vec<String>,
    ) -> Result<Listed<Service>, Problem> {
        let answer = self
            .0
            .send(DESCRIBE_SERVICES, &format!("cluster/{cluster}: {}", thing(&names)), |watch| {
                self.0
                    .aws
                    .ecs
                    .describe_services()
                    .cluster(cluster.as_str())
                    .set_services(Some(names.clone()))
                    .include(ServiceField::Tags)
                    .customize()
                    .interceptor(watch)
                    .send()
            })
            .await?;
        Ok(Listed {
            found: answer.services().iter().map(convert::service).collect(),
            failures: answer.failures().iter().map(convert::failure).collect(),
        })
    }

    /// The scalable targets of these services' desired counts.
    pub async fn targets_of(&self, services: &[ServiceId]) -> Result<Vec<ScalableTarget>, Problem> {
        let batches = chunks(services, TARGETS);
        let calls = stream::iter(batches).map(|batch: Vec<String>| async move {
            // A page may be cut short even when ids are named: follow its token.
            pages(|token| self.describe_targets(Some(batch.clone()), token)).try_concat().await
        });
        calls.buffered(AT_ONCE).try_concat().await
    }

    /// The scalable targets of all services in the account and region.
    pub async fn targets(&self) -> Result<Vec<ScalableTarget>, Problem> {
        pages(|token| self.describe_targets(None, token)).try_concat().await
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

    /// The scheduled scaling actions on this service, or on all services of the account and region.
    pub async fn scheduled_actions(
        &self,
        service: Option<&ServiceId>,
    ) -> Result<Vec<ScheduledAction>, Problem> {
        let id = service.map(ToString::to_string);
        let thing = id.clone().unwrap_or_else(|| "all services".into());
        let (id, thing) = (&id, &thing);
        let pages = pages(move |token| async move {
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

    /// A cluster's tasks, of one service or of all, whose desired status is this.
    pub async fn tasks(
        &self,
        cluster: &ClusterName,
        service: Option<&ServiceName>,
        desired: &str,
    ) -> Result<Listed<Task>, Problem> {
        let thing = match service {
            Some(service) => format!("service/{cluster}/{service}"),
            None => format!("cluster/{cluster}"),
        };
        let thing = &thing;
        let pages = pages(move |token| async move {
            let answer = self
                .0
                .send(LIST_TASKS, thing, |watch| {
                    self.0
                        .aws
                        .ecs
                        .list_tasks()
                        .cluster(cluster.as_str())
                        .set_service_name(service.map(ToString::to_string))
                        .desired_status(DesiredStatus::from(desired))
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok((answer.task_arns.unwrap_or_default(), answer.next_token))
        });
        let batches = batches(pages, HUNDRED).map_ok(|ids| self.describe_tasks(cluster, ids));
        listed(batches.try_buffered(AT_ONCE), |task| task.task_arn.clone()).await
    }

    /// These tasks of a cluster; one that does not exist is a failure.
    pub async fn tasks_named(&self, cluster: &ClusterName, ids: &[TaskId]) -> Result<Listed<Task>, Problem> {
        let batches = chunks(ids, HUNDRED);
        let calls = stream::iter(batches).map(|batch| self.describe_tasks(cluster, batch));
        listed(calls.buffered(AT_ONCE), |task| task.task_arn.clone()).await
    }

    async fn describe_tasks(&self, cluster: &ClusterName, ids: Vec<String>) -> Result<Listed<Task>, Problem> {
        let answer = self
            .0
            .send(DESCRIBE_TASKS, &format!("cluster/{cluster}: {}", thing(&ids)), |watch| {
                self.0
                    .aws
                    .ecs
                    .describe_tasks()
                    .cluster(cluster.as_str())
                    .set_tasks(Some(ids.clone()))
                    .include(TaskField::Tags)
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
}

/// Names or ids as text, in batches of at most `size`.
fn chunks(names: &[impl ToString], size: usize) -> Vec<Vec<String>> {
    names.chunks(size).map(|batch| batch.iter().map(ToString::to_string).collect()).collect()
}

/// All pages of a list, each asked for with the token of the one before. A page may be empty and
/// still have a token: only its absence ends the list.
fn pages<T, F>(page: impl Fn(Option<String>) -> F) -> impl Stream<Item = Result<Vec<T>, Problem>>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), Problem>>,
{
    enum Next {
        Page(Option<String>),
        End,
    }
    stream::try_unfold((Next::Page(None), page), |(next, page)| async move {
        let Next::Page(token) = next else { return Ok(None) };
        let (items, token) = page(token).await?;
        let next = token.map_or(Next::End, |token| Next::Page(Some(token)));
        Ok(Some((items, (next, page))))
    })
}

/// The pages' items in batches of at most `size`.
fn batches(
    pages: impl Stream<Item = Result<Vec<String>, Problem>>,
    size: usize,
) -> impl Stream<Item = Result<Vec<String>, Problem>> {
    pages
        .map_ok(move |page| {
            let batches: Vec<_> = page.chunks(size).map(|batch| Ok(batch.to_vec())).collect();
            stream::iter(batches)
        })
        .try_flatten()
}

/// Everything found, in order and once: pages of a list that changes meanwhile may overlap.
async fn listed<T, K: Ord>(
    answers: impl Stream<Item = Result<Listed<T>, Problem>>,
    key: impl Fn(&T) -> K,
) -> Result<Listed<T>, Problem> {
    let mut all = Listed { found: Vec::new(), failures: Vec::new() };
    let mut answers = std::pin::pin!(answers);
    while let Some(answer) = answers.try_next().await? {
        all.found.extend(answer.found);
        all.failures.extend(answer.failures);
    }
    all.found.sort_by_key(&key);
    all.found.dedup_by_key(|item| key(item));
    Ok(all)
}

/// What a batch is about, in a few words.
fn thing(names: &[String]) -> String {
    match names {
        [one] => shared::names::short_name(one).to_owned(),
        [first, rest @ ..] => format!("{} and {} more", shared::names::short_name(first), rest.len()),
        [] => "nothing".into(),
    }
}
