//! Registries: repositories, images, manifests, and the policies on them.

use std::collections::BTreeMap;

use aws_sdk_ecr::error::SdkError;
use aws_sdk_ecr::operation::get_lifecycle_policy::GetLifecyclePolicyError;
use aws_sdk_ecr::operation::get_registry_policy::GetRegistryPolicyError;
use aws_sdk_ecr::operation::get_repository_policy::GetRepositoryPolicyError;
use aws_sdk_ecr::types::{
    DescribeImagesFilter, ImageIdentifier, ImageStatusFilter, ReplicationConfiguration,
};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use shared::Problem;
use shared::ecr::{ImageDetail, ReplicationRule, Repository};

use super::{AT_ONCE, HUNDRED, Read, chunks, pages};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const REPOSITORIES: Operation = ("ecr:DescribeRepositories", Bucket::EcrRead);
const IMAGES: Operation = ("ecr:DescribeImages", Bucket::EcrRead);
const MANIFESTS: Operation = ("ecr:BatchGetImage", Bucket::EcrPull);
const LIFECYCLE: Operation = ("ecr:GetLifecyclePolicy", Bucket::EcrRead);
const POLICY: Operation = ("ecr:GetRepositoryPolicy", Bucket::EcrRead);
const REGISTRY_POLICY: Operation = ("ecr:GetRegistryPolicy", Bucket::EcrRead);
const REGISTRY: Operation = ("ecr:DescribeRegistry", Bucket::EcrRead);
const CACHES: Operation = ("ecr:DescribePullThroughCacheRules", Bucket::EcrRead);
const EXCLUSIONS: Operation = ("ecr:ListPullTimeUpdateExclusions", Bucket::EcrRead);

/// The most that a page of ECR's lists holds.
const THOUSAND: i32 = 1_000;
/// What is read of manifests: indexes, whose children nothing else tells.
const INDEXES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];

/// Manifests by digest: the text, or why it can't be read.
pub type Manifests = BTreeMap<String, Result<String, String>>;

impl Read {
    /// Every repository of the registry.
    pub async fn repositories(&self) -> Result<Vec<Repository>, Problem> {
        let pages = pages(REPOSITORIES, |token: Option<String>| async move {
            let answer = self
                .0
                .send(REPOSITORIES, "the registry", |watch| {
                    let call = self.0.aws.ecr.describe_repositories().max_results(THOUSAND);
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            Ok((answer.repositories().iter().map(convert::repository).collect(), answer.next_token))
        });
        let mut all: Vec<Repository> = pages.try_concat().await?;
        all.sort_by(|a, b| a.repository_name.cmp(&b.repository_name));
        all.dedup_by(|a, b| a.repository_name == b.repository_name);
        Ok(all)
    }

    /// Every image of a repository, those in the archive too: an index there is a parent as well.
    ///
    /// Source: `imageStatus` in
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImagesFilter.html>
    pub async fn images(&self, repository: &str) -> Result<Vec<ImageDetail>, Problem> {
        let filter = DescribeImagesFilter::builder().image_status(ImageStatusFilter::Any).build();
        let (filter, thing) = (&filter, &format!("repository/{repository}"));
        let pages = pages(IMAGES, move |token: Option<String>| async move {
            let answer = self
                .0
                .send(IMAGES, thing, |watch| {
                    let call = self.0.aws.ecr.describe_images().repository_name(repository);
                    call.filter(filter.clone())
                        .max_results(THOUSAND)
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok((answer.image_details().iter().map(convert::image_detail).collect(), answer.next_token))
        });
        let mut all: Vec<ImageDetail> = pages.try_concat().await?;
        all.sort_by(|a, b| a.image_digest.cmp(&b.image_digest));
        all.dedup_by(|a, b| a.image_digest == b.image_digest);
        Ok(all)
    }

    /// The manifests of these indexes. To ECR that is a pull, and moves their pull times.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html>
    pub async fn manifests(&self, repository: &str, digests: &[String]) -> Result<Manifests, Problem> {
        let calls =
            stream::iter(chunks(digests, HUNDRED)).map(|batch| self.manifest_batch(repository, batch));
        let mut calls = calls.buffered(AT_ONCE);
        let mut all = Manifests::new();
        while let Some(batch) = calls.next().await {
            all.extend(batch?);
        }
        // What AWS does not speak of at all has not been read.
        for digest in digests {
            all.entry(digest.clone()).or_insert_with(|| Err("AWS's answer does not hold it".into()));
        }
        Ok(all)
    }

    async fn manifest_batch(&self, repository: &str, batch: Vec<String>) -> Result<Manifests, Problem> {
        let ids: Vec<ImageIdentifier> =
            batch.iter().map(|digest| ImageIdentifier::builder().image_digest(digest).build()).collect();
        let answer = self
            .0
            .send(MANIFESTS, &format!("repository/{repository}"), |watch| {
                let call = self.0.aws.ecr.batch_get_image().repository_name(repository);
                call.set_image_ids(Some(ids.clone()))
                    .set_accepted_media_types(Some(INDEXES.iter().map(ToString::to_string).collect()))
                    .customize()
                    .interceptor(watch)
                    .send()
            })
            .await?;
        let read = answer.images().iter().filter_map(|image| {
            let digest = image.image_id()?.image_digest()?.to_owned();
            Some((digest, Ok(image.image_manifest()?.to_owned())))
        });
        let failed = answer.failures().iter().filter_map(|failure| {
            let digest = failure.image_id()?.image_digest()?.to_owned();
            let code = failure.failure_code().map_or("no code", |code| code.as_str());
            Some((digest, Err(format!("{code}: {}", failure.failure_reason().unwrap_or("no reason")))))
        });
        Ok(read.chain(failed).collect())
    }

    /// The text of the lifecycle policy that is attached to a repository, which ECR itself runs.
    pub async fn lifecycle_policy(&self, repository: &str) -> Result<Option<String>, Problem> {
        let thing = format!("repository/{repository}");
        let answer = self
            .0
            .send(LIFECYCLE, &thing, |watch| async move {
                let call = self.0.aws.ecr.get_lifecycle_policy().repository_name(repository);
                match call.customize().interceptor(watch).send().await {
                    Err(SdkError::ServiceError(answer))
                        if matches!(
                            answer.err(),
                            GetLifecyclePolicyError::LifecyclePolicyNotFoundException(_)
                        ) =>
                    {
                        Ok(None)
                    }
                    other => other.map(|answer| answer.lifecycle_policy_text),
                }
            })
            .await?;
        Ok(answer)
    }

    /// The text of a repository's policy: who else may pull.
    pub async fn repository_policy(&self, repository: &str) -> Result<Option<String>, Problem> {
        let thing = format!("repository/{repository}");
        let answer = self
            .0
            .send(POLICY, &thing, |watch| async move {
                let call = self.0.aws.ecr.get_repository_policy().repository_name(repository);
                match call.customize().interceptor(watch).send().await {
                    Err(SdkError::ServiceError(answer))
                        if matches!(
                            answer.err(),
                            GetRepositoryPolicyError::RepositoryPolicyNotFoundException(_)
                        ) =>
                    {
                        Ok(None)
                    }
                    other => other.map(|answer| answer.policy_text),
                }
            })
            .await?;
        Ok(answer)
    }

    /// The text of the registry's policy: who else may pull, of any repository.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>
    pub async fn registry_policy(&self) -> Result<Option<String>, Problem> {
        let answer = self
            .0
            .send(REGISTRY_POLICY, "the registry", |watch| async move {
                let call = self.0.aws.ecr.get_registry_policy();
                match call.customize().interceptor(watch).send().await {
                    Err(SdkError::ServiceError(answer))
                        if matches!(
                            answer.err(),
                            GetRegistryPolicyError::RegistryPolicyNotFoundException(_)
                        ) =>
                    {
                        Ok(None)
                    }
                    other => other.map(|answer| answer.policy_text),
                }
            })
            .await?;
        Ok(answer)
    }

    /// The registry's replication rules.
    pub async fn replication(&self) -> Result<Vec<ReplicationRule>, Problem> {
        let answer = self
            .0
            .send(REGISTRY, "the registry", |watch| {
                self.0.aws.ecr.describe_registry().customize().interceptor(watch).send()
            })
            .await?;
        let rules =
            answer.replication_configuration().map(ReplicationConfiguration::rules).unwrap_or_default();
        let prefixes = |rule: &aws_sdk_ecr::types::ReplicationRule| {
            rule.repository_filters().iter().map(|filter| filter.filter().to_owned()).collect()
        };
        Ok(rules.iter().map(|rule| ReplicationRule { prefixes: prefixes(rule) }).collect())
    }

    /// The prefixes of repositories that cache an upstream registry.
    pub async fn pull_through_caches(&self) -> Result<Vec<String>, Problem> {
        let pages = pages(CACHES, |token: Option<String>| async move {
            let answer = self
                .0
                .send(CACHES, "the registry", |watch| {
                    let call = self.0.aws.ecr.describe_pull_through_cache_rules().max_results(THOUSAND);
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            let rules = answer.pull_through_cache_rules().iter();
            let prefixes = rules.filter_map(|rule| rule.ecr_repository_prefix().map(str::to_owned));
            Ok((prefixes.collect::<Vec<_>>(), answer.next_token.clone()))
        });
        pages.try_concat().await
    }

    /// The ARNs of those whose pulls ECR does not record.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-time-update-exclusions.html>
    pub async fn pull_time_exclusions(&self) -> Result<Vec<String>, Problem> {
        let pages = pages(EXCLUSIONS, |token: Option<String>| async move {
            let answer = self
                .0
                .send(EXCLUSIONS, "the registry", |watch| {
                    let call = self.0.aws.ecr.list_pull_time_update_exclusions();
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            Ok((answer.pull_time_update_exclusions().to_vec(), answer.next_token))
        });
        pages.try_concat().await
    }
}
