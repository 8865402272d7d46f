//! What `openapi.json` says of these routes.

use schemars::SchemaGenerator;
use shared::Code;
use shared::api::{Answers, Operation};

use crate::effect::Effect;
use crate::request::{Many, One};

/// One for each route.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        description: "A service's own task, which its service would replace, is stopped with `force` only.",
        answers: Answers::Report {
            effect: SchemaGenerator::subschema_for::<Effect>,
            more: None,
            may_be_partial: false,
            may_go_on: true,
        },
        problems: &[&[Code::ServiceTask, Code::Protected]],
        ..Operation::change::<One, Effect>("POST", "/v1/clusters/{cluster}/tasks/{task}/stop", "Stop a task")
    },
    Operation {
        description: "Those of a family, or those that somebody started; a service's own are left.",
        answers: Answers::Report {
            effect: SchemaGenerator::subschema_for::<Effect>,
            more: None,
            may_be_partial: true,
            may_go_on: true,
        },
        problems: &[&[Code::BeyondMax]],
        ..Operation::change::<Many, Effect>("POST", "/v1/clusters/{cluster}/tasks/stop", "Stop tasks")
    },
];
