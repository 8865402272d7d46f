//! What `openapi.json` says of these routes.

use schemars::{Schema, SchemaGenerator, json_schema};
use shared::Code;
use shared::api::{Answers, Operation};
use shared::schema::Instant;

use crate::effect::StartedTask;
use crate::request::Request;

/// One for each route.
pub const OPERATIONS: &[Operation] = &[Operation {
    description: "Under an `idempotencyKey` the same request again starts only what is missing.",
    answers: Answers::Report {
        effect: SchemaGenerator::subschema_for::<StartedTask>,
        more: Some(more),
        may_be_partial: true,
        may_go_on: true,
    },
    problems: &[&[
        Code::NotConfigured,
        Code::OverrideNotAllowed,
        Code::Impossible,
        Code::UnknownContainer,
        Code::IdempotencyConflict,
        Code::NoCapacity,
        Code::NotStarted,
    ]],
    ..Operation::change::<Request, StartedTask>("POST", "/v1/clusters/{cluster}/tasks", "Run tasks")
}];

fn more(generator: &mut SchemaGenerator) -> Schema {
    let task = generator.subschema_for::<StartedTask>();
    let code = generator.subschema_for::<Option<Code>>();
    let until = generator.subschema_for::<Instant>();
    json_schema!({
        "type": "object",
        "properties": {
            "requested": { "type": "integer" },
            "started": { "type": "array", "items": task },
            "failed": { "type": "array", "items": {
                "type": "object",
                "properties": { "code": code, "reason": { "type": "string" }, "retryable": { "type": "boolean" } },
                "required": ["code", "reason", "retryable"],
            } },
            "rememberedUntil": until,
        },
    })
}
