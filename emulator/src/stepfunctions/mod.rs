//! AWS Step Functions: state machines and their versions, as fixtures. None runs.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html>
#![allow(
    clippy::needless_pass_by_value,
    reason = "every operation has one form: it takes the world and its request"
)]

mod builders;
mod machines;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::buckets::Group;
use crate::wire::{Operation, request};

/// All state machines by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    machines: BTreeMap<String, Machine>,
}

#[derive(Clone, Debug)]
struct Machine {
    /// What it is without a version; made with the machine.
    latest: Version,
    /// The published ones.
    versions: BTreeMap<u64, Version>,
}

#[derive(Clone, Debug)]
struct Version {
    created_at: Timestamp,
    /// JSON, as text.
    definition: String,
}

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

/// What Step Functions can do here; anything else is an `UnknownOperationException`.
pub(crate) static OPERATIONS: &[Operation] = &[
    reads!("ListStateMachines", StateMachineList, machines::list_state_machines),
    reads!("DescribeStateMachine", StateMachineDescribe, machines::describe_state_machine),
    reads!("ListStateMachineVersions", StateMachineVersions, machines::list_state_machine_versions),
];
