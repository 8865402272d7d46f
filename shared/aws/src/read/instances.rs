//! Container instances and capacity providers.

use aws_sdk_ecs::types::{CapacityProviderField, ContainerInstanceField};
use futures_util::stream::TryStreamExt as _;
use shared::Problem;
use shared::ecs::{CapacityProvider, ContainerInstance};
use shared::names::ClusterName;

use super::{AT_ONCE, HUNDRED, Listed, PAGE, Read, batches, listed, pages, thing};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const LIST: Operation = ("ecs:ListContainerInstances", Bucket::EcsTaskRead);
const DESCRIBE: Operation = ("ecs:DescribeContainerInstances", Bucket::EcsTaskRead);
const PROVIDERS: Operation = ("ecs:DescribeCapacityProviders", Bucket::EcsCapacityProviderRead);

/// The most that a page of `DescribeCapacityProviders` holds.
const PROVIDERS_PAGE: i32 = 10;

impl Read {
    /// A cluster's container instances, with their tags.
    pub async fn container_instances(
        &self,
        cluster: &ClusterName,
    ) -> Result<Listed<ContainerInstance>, Problem> {
        let pages = pages(LIST, move |token| async move {
            let answer = self
                .0
                .send(LIST, &format!("cluster/{cluster}"), |watch| {
                    self.0
                        .aws
                        .ecs
                        .list_container_instances()
                        .cluster(cluster.as_str())
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok((answer.container_instance_arns.unwrap_or_default(), answer.next_token))
        });
        let batches = batches(pages, HUNDRED).map_ok(|ids| self.describe_instances(cluster, ids));
        listed(batches.try_buffered(AT_ONCE), |instance| instance.container_instance_arn.clone()).await
    }

    async fn describe_instances(
        &self,
        cluster: &ClusterName,
        ids: Vec<String>,
    ) -> Result<Listed<ContainerInstance>, Problem> {
        let answer = self
            .0
            .send(DESCRIBE, &format!("cluster/{cluster}: {}", thing(&ids)), |watch| {
                self.0
                    .aws
                    .ecs
                    .describe_container_instances()
                    .cluster(cluster.as_str())
                    .set_container_instances(Some(ids.clone()))
                    .include(ContainerInstanceField::Tags)
                    .customize()
                    .interceptor(watch)
                    .send()
            })
            .await?;
        Ok(Listed {
            found: answer.container_instances().iter().map(convert::container_instance).collect(),
            failures: answer.failures().iter().map(convert::failure).collect(),
        })
    }

    /// Every capacity provider of the account and region, Fargate's two among them.
    pub async fn capacity_providers(&self) -> Result<Vec<CapacityProvider>, Problem> {
        let pages = pages(PROVIDERS, move |token| async move {
            let answer = self
                .0
                .send(PROVIDERS, "the account", |watch| {
                    self.0
                        .aws
                        .ecs
                        .describe_capacity_providers()
                        .include(CapacityProviderField::Tags)
                        .max_results(PROVIDERS_PAGE)
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            let found = answer.capacity_providers().iter().map(convert::capacity_provider).collect();
            Ok((found, answer.next_token))
        });
        let mut found: Vec<CapacityProvider> = pages.try_concat().await?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found.dedup_by(|a, b| a.capacity_provider_arn == b.capacity_provider_arn);
        Ok(found)
    }
}
