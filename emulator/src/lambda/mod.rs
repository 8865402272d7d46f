//! AWS Lambda: functions, versions and aliases, as fixtures. None runs.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/welcome.html>
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod builders;
mod functions;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::buckets::Group;
use crate::wire::{Operation, Route, request};

/// All functions by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    functions: BTreeMap<String, Function>,
}

#[derive(Clone, Debug)]
struct Function {
    latest: Version,
    /// The published ones.
    versions: BTreeMap<u64, Version>,
    /// From a name to a version.
    aliases: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
struct Version {
    modified_at: Timestamp,
    code: Code,
}

#[derive(Clone, Debug)]
enum Code {
    Zip,
    /// A reference, and what it meant when the code was updated.
    Image {
        uri: String,
        resolved: String,
    },
}

pub(crate) static ROUTES: &[Route] = &[
    Route { method: "GET", path: "/2015-03-31/functions", operation: "ListFunctions" },
    Route { method: "GET", path: "/2015-03-31/functions/{FunctionName}", operation: "GetFunction" },
    Route {
        method: "GET",
        path: "/2015-03-31/functions/{FunctionName}/versions",
        operation: "ListVersionsByFunction",
    },
    Route { method: "GET", path: "/2015-03-31/functions/{FunctionName}/aliases", operation: "ListAliases" },
];

macro_rules! reads {
    ($name:literal, $group:ident, $function:path) => {
        Operation {
            name: $name,
            write: false,
            group: Some(Group::$group),
            run: |world, input| $function(world, request(input)?),
        }
    };
}

/// What Lambda can do here; anything else is not found.
pub(crate) static OPERATIONS: &[Operation] = &[
    reads!("ListFunctions", LambdaControl, functions::list_functions),
    reads!("ListVersionsByFunction", LambdaControl, functions::list_versions_by_function),
    reads!("ListAliases", LambdaControl, functions::list_aliases),
    reads!("GetFunction", LambdaGetFunction, functions::get_function),
];
