//! Amazon S3: buckets, and objects that are text.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod builders;
mod objects;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::wire::{Operation, Route, request};

/// All buckets by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Clone, Debug, Default)]
struct Bucket {
    /// Where it is, if that is not here.
    region: Option<String>,
    /// By key, in the order in which they are listed.
    objects: BTreeMap<String, Object>,
}

#[derive(Clone, Debug)]
struct Object {
    body: String,
    modified_at: Timestamp,
}

pub(crate) static ROUTES: &[Route] = &[
    Route { method: "GET", path: "/{Bucket}?list-type=2", operation: "ListObjectsV2" },
    Route { method: "GET", path: "/{Bucket}/{Key+}", operation: "GetObject" },
    Route { method: "PUT", path: "/{Bucket}/{Key+}", operation: "PutObject" },
];

/// What S3 can do here; anything else is `NotImplemented`. No bucket of tokens: its rates, for each prefix, are higher
/// than anybody here calls.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation {
        name: "ListObjectsV2",
        write: false,
        group: None,
        run: |world, input| objects::list_objects(world, request(input)?),
    },
    Operation {
        name: "GetObject",
        write: false,
        group: None,
        run: |world, input| objects::get_object(world, request(input)?),
    },
    Operation {
        name: "PutObject",
        write: true,
        group: None,
        run: |world, input| objects::put_object(world, request(input)?),
    },
];
