//! Services.

use aws_sdk_ecs::types::ServiceField;
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use shared::Problem;
use shared::ecs::Service;
use shared::names::ClusterName;

use super::{AT_ONCE, Listed, PAGE, Read, batches, chunks, listed, names, pages, thing};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const LIST: Operation = ("ecs:ListServices", Bucket::EcsServiceRead);
const DESCRIBE: Operation = ("ecs:DescribeServices", Bucket::EcsServiceRead);

/// The events of each service in a list.
const NEWEST: usize = 3;
/// The most that `DescribeServices` takes.
const SERVICES: usize = 10;

impl Read {
    /// Every ACTIVE service of a cluster, with its tags and its newest events: AWS sends a hundred of each,
    /// and of thousands of services that is most of the memory. Lists hold no others.
    pub async fn services(&self, cluster: &ClusterName) -> Result<Listed<Service>, Problem> {
        let batches = batches(self.service_pages(cluster), SERVICES)
            .map_ok(|names| self.describe_services(cluster, names, NEWEST));
        listed(batches.try_buffered(AT_ONCE), |service| service.service_name.clone()).await
    }

    /// The ARNs of every ACTIVE service of a cluster.
    pub async fn service_arns(&self, cluster: &ClusterName) -> Result<Vec<String>, Problem> {
        names(self.service_pages(cluster)).await
    }

    /// These services of a cluster, by names or ARNs, whatever their status; one that does not
    /// exist is a failure.
    pub async fn services_named(
        &self,
        cluster: &ClusterName,
        names: &[impl ToString + Sync],
    ) -> Result<Listed<Service>, Problem> {
        let batches = chunks(names, SERVICES);
        let calls = stream::iter(batches).map(|batch| self.describe_services(cluster, batch, usize::MAX));
        listed(calls.buffered(AT_ONCE), |service| service.service_name.clone()).await
    }

    fn service_pages(&self, cluster: &ClusterName) -> impl Stream<Item = Result<Vec<String>, Problem>> {
        pages(LIST, move |token| async move {
            let answer = self
                .0
                .send(LIST, &format!("cluster/{cluster}"), |watch| {
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
        })
    }

    async fn describe_services(
        &self,
        cluster: &ClusterName,
        names: Vec<String>,
        events: usize,
    ) -> Result<Listed<Service>, Problem> {
        let answer = self
            .0
            .send(DESCRIBE, &format!("cluster/{cluster}: {}", thing(&names)), |watch| {
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
            found: answer.services().iter().map(|service| convert::service(service, events)).collect(),
            failures: answer.failures().iter().map(convert::failure).collect(),
        })
    }
}
