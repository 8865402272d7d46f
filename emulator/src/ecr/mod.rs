//! Amazon ECR: repositories, their images, and what the registry is told to do with them.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html>
//!
//! Lifecycle policies are kept and not run.
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod builders;
mod deletion;
mod errors;
mod images;
mod lifecycle;
mod manifests;
mod policies;
pub(crate) mod pulls;
mod referrers;
mod registry;
mod repositories;
mod seed;
mod state;
mod storage_class;
mod views;

pub use builders::ImageSeed;
pub use seed::{ImageEntry, RepositoryEntry};
pub(crate) use state::State;
pub use views::ImageView;

use crate::buckets::Group;
use crate::wire::{Operation, request};

macro_rules! operation {
    ($name:literal, $access:ident, $group:expr, $function:path) => {
        Operation {
            name: $name,
            write: operation!($access),
            group: $group,
            run: |world, input| $function(world, request(input)?),
        }
    };
    (reads) => {
        false
    };
    (writes) => {
        true
    };
}

/// What ECR can do here; anything else is an `UnknownOperationException`. Rates are published for what pushes and pulls
/// need, and for nothing else: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>.
pub(crate) static OPERATIONS: &[Operation] = &[
    operation!("DescribeRepositories", reads, None, repositories::describe_repositories),
    operation!("DescribeImages", reads, None, images::describe_images),
    operation!("ListImages", reads, None, images::list_images),
    operation!("BatchGetImage", reads, Some(Group::ImagePull), manifests::batch_get_image),
    operation!("PutImage", writes, Some(Group::ImagePush), manifests::put_image),
    operation!("BatchDeleteImage", writes, None, deletion::batch_delete_image),
    operation!("ListImageReferrers", reads, None, referrers::list_image_referrers),
    operation!("UpdateImageStorageClass", writes, None, storage_class::update_image_storage_class),
    operation!("GetLifecyclePolicy", reads, None, policies::get_lifecycle_policy),
    operation!("PutLifecyclePolicy", writes, None, policies::put_lifecycle_policy),
    operation!("DeleteLifecyclePolicy", writes, None, policies::delete_lifecycle_policy),
    operation!("GetRepositoryPolicy", reads, None, policies::get_repository_policy),
    operation!("GetRegistryPolicy", reads, None, policies::get_registry_policy),
    operation!("DescribeRegistry", reads, None, registry::describe_registry),
    operation!("DescribePullThroughCacheRules", reads, None, registry::describe_pull_through_cache_rules),
    operation!("ListPullTimeUpdateExclusions", reads, None, registry::list_pull_time_update_exclusions),
    operation!(
        "RegisterPullTimeUpdateExclusion",
        writes,
        None,
        registry::register_pull_time_update_exclusion
    ),
    operation!(
        "DeregisterPullTimeUpdateExclusion",
        writes,
        None,
        registry::deregister_pull_time_update_exclusion
    ),
];
