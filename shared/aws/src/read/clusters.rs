//! Clusters.

use aws_sdk_ecs::types::ClusterField;
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use shared::Problem;
use shared::ecs::Cluster;

use super::{AT_ONCE, HUNDRED, Listed, PAGE, Read, batches, chunks, listed, names, pages, thing};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const LIST: Operation = ("ecs:ListClusters", Bucket::EcsClusterRead);
const DESCRIBE: Operation = ("ecs:DescribeClusters", Bucket::EcsClusterRead);

/// What is read of a cluster beside its counts and its tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClusterDetail {
    /// Its tasks and services by launch type.
    pub statistics: bool,
}

impl Read {
    /// Every cluster, with its tags.
    pub async fn clusters(&self, detail: ClusterDetail) -> Result<Listed<Cluster>, Problem> {
        let batches =
            batches(self.cluster_pages(), HUNDRED).map_ok(|names| self.describe_clusters(names, detail));
        listed(batches.try_buffered(AT_ONCE), |cluster| cluster.cluster_name.clone()).await
    }

    /// The ARNs of every cluster.
    pub async fn cluster_arns(&self) -> Result<Vec<String>, Problem> {
        names(self.cluster_pages()).await
    }

    /// These clusters, by names or ARNs; one that does not exist is a failure.
    pub async fn clusters_named(
        &self,
        names: &[impl ToString + Sync],
        detail: ClusterDetail,
    ) -> Result<Listed<Cluster>, Problem> {
        let batches = chunks(names, HUNDRED);
        let calls = stream::iter(batches).map(|batch| self.describe_clusters(batch, detail));
        listed(calls.buffered(AT_ONCE), |cluster| cluster.cluster_name.clone()).await
    }

    fn cluster_pages(&self) -> impl Stream<Item = Result<Vec<String>, Problem>> {
        pages(LIST, move |token| async move {
            let answer = self
                .0
                .send(LIST, "the account", |watch| {
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
        })
    }

    async fn describe_clusters(
        &self,
        names: Vec<String>,
        detail: ClusterDetail,
    ) -> Result<Listed<Cluster>, Problem> {
        let fields =
            [ClusterField::Tags].into_iter().chain(detail.statistics.then_some(ClusterField::Statistics));
        let fields: Vec<_> = fields.collect();
        let answer = self
            .0
            .send(DESCRIBE, &thing(&names), |watch| {
                self.0
                    .aws
                    .ecs
                    .describe_clusters()
                    .set_clusters(Some(names.clone()))
                    .set_include(Some(fields.clone()))
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
}
