//! What `openapi.json` says of these routes.

use schemars::{Schema, SchemaGenerator, json_schema};
use shared::Code;
use shared::api::{Answers, Operation};
use shared::ecr::{ImageDetail, Repository};
use shared::lifecycle::{Decision, Policy, Verdict};

use crate::effect::{Effect, WrittenList};
use crate::plan::Judged;
use crate::request::{EvaluateFields, ImagesFields, NoFields, PruneFields};

/// One for each route.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        description: "Each with its policy, and whether it may be pruned.",
        answers: Answers::Body(repositories),
        ..Operation::read::<NoFields, ()>("/v1/repositories", "List repositories")
    },
    Operation {
        description: "Each with why it is kept, or would go.",
        answers: Answers::Body(images),
        problems: &[&[Code::NotFound, Code::RoleNotExcluded]],
        ..Operation::read::<ImagesFields, ()>("/v1/images", "List the images of a repository")
    },
    Operation {
        description: "In the form in which another account takes it (`inUseFrom`).",
        answers: Answers::Body(in_use),
        ..Operation::read::<NoFields, ()>("/v1/images/in-use", "List images that are in use")
    },
    Operation {
        method: "POST",
        description: "By lifecycle rules, and never what is in use. It is a dry run unless it says \
                      `\"dryRun\": false`.",
        answers: Answers::Report {
            effect: SchemaGenerator::subschema_for::<Effect>,
            more: Some(plan),
            may_be_partial: true,
            may_go_on: false,
        },
        problems: &[&[
            Code::NotFound,
            Code::BeyondMax,
            Code::InvalidPolicy,
            Code::NoPolicy,
            Code::DryRunOnly,
            Code::NotConfigured,
            Code::PlanChanged,
            Code::RoleNotExcluded,
            Code::UseTooLarge,
        ]],
        ..Operation::change::<PruneFields, Effect>("POST", "/v1/images/prune", "Prune images")
    },
    Operation {
        description: "To S3, under `IN_USE_TO`, where other accounts read it (`IN_USE_FROM`). A list that would not be \
                      complete is not written.",
        answers: Answers::Report {
            effect: SchemaGenerator::subschema_for::<WrittenList>,
            more: None,
            may_be_partial: false,
            may_go_on: false,
        },
        problems: &[&[Code::NotConfigured, Code::SourceUnreadable, Code::SourceOff, Code::UseTooLarge]],
        ..Operation::change::<NoFields, WrittenList>(
            "PUT",
            "/v1/images/in-use",
            "Write the list of images that are in use",
        )
    },
    Operation {
        method: "POST",
        description: "With no registry at all.",
        asks_aws: false,
        answers: Answers::Body(evaluated),
        problems: &[&[Code::InvalidPolicy]],
        ..Operation::read::<EvaluateFields, ()>("/v1/lifecycle/evaluate", "Try a policy on a list of images")
    },
];

fn repositories(generator: &mut SchemaGenerator) -> Schema {
    let repository = generator.subschema_for::<Repository>();
    let policy = generator.subschema_for::<Option<Policy>>();
    let code = generator.subschema_for::<Option<Code>>();
    let failed = generator.subschema_for::<Code>();
    json_schema!({
        "type": "object",
        "properties": {
            "repositories": { "type": "array", "items": { "allOf": [repository, {
                "type": "object",
                "properties": { "steward": {
                    "type": "object",
                    "properties": {
                        "policy": policy,
                        "attachedPolicy": { "type": ["string", "null"] },
                        "prunable": { "type": "boolean" },
                        "code": code,
                        "reason": { "type": ["string", "null"] },
                    },
                    "required": ["policy", "attachedPolicy", "prunable", "code", "reason"],
                } },
                "required": ["steward"],
            }] } },
            "failures": { "type": "array", "items": {
                "type": "object",
                "properties": { "arn": { "type": "string" }, "reason": failed, "detail": { "type": "string" } },
                "required": ["arn", "reason", "detail"],
            } },
            "steward": {
                "type": "object",
                "properties": { "cut": { "const": true } },
                "description": "Where the list is longer than an answer can be.",
            },
        },
        "required": ["repositories", "failures"],
    })
}

fn images(generator: &mut SchemaGenerator) -> Schema {
    let detail = generator.subschema_for::<ImageDetail>();
    let judged = judged(generator);
    let failures = failures(generator);
    json_schema!({
        "type": "object",
        "properties": {
            "imageDetails": { "type": "array", "items": { "allOf": [detail, {
                "type": "object",
                "properties": { "steward": judged },
            }] } },
            "failures": failures,
            "nextToken": { "type": "string", "description": "Where the list goes on: the next `cursor`." },
        },
        "required": ["imageDetails", "failures"],
    })
}

/// What becomes of an image, and why.
fn judged(generator: &mut SchemaGenerator) -> Schema {
    let verdict = generator.subschema_for::<Verdict>();
    let code = generator.subschema_for::<Option<Code>>();
    json_schema!({
        "type": "object",
        "properties": {
            "verdict": verdict,
            "rule": { "type": ["integer", "null"] },
            "reason": { "type": "string" },
            "code": code,
            "usedBy": { "type": "array", "items": { "type": "string" } },
        },
        "required": ["verdict", "rule", "reason"],
    })
}

/// Sources of what is in use that could not be read.
fn failures(generator: &mut SchemaGenerator) -> Schema {
    let code = generator.subschema_for::<Code>();
    json_schema!({ "type": "array", "items": {
        "type": "object",
        "properties": { "source": { "type": "string" }, "reason": code, "detail": { "type": "string" } },
        "required": ["source", "reason", "detail"],
    } })
}

fn in_use(generator: &mut SchemaGenerator) -> Schema {
    let failures = failures(generator);
    json_schema!({
        "type": "object",
        "properties": {
            "account": { "type": "string" },
            "region": { "type": "string" },
            "at": { "type": "string", "format": "date-time", "description": "When it was made." },
            "complete": {
                "type": "boolean",
                "description": "Whether every source was read whole, and everything stands here.",
            },
            "count": { "type": "integer" },
            "images": { "type": "array", "items": {
                "type": "object",
                "properties": {
                    "image": { "type": "string", "description": "Its reference, host and all." },
                    "repository": { "type": "string" },
                    "tag": { "type": ["string", "null"] },
                    "digest": { "type": ["string", "null"] },
                    "usedBy": { "type": "array", "items": { "type": "string" } },
                },
                "required": ["image", "repository", "tag", "digest", "usedBy"],
            } },
            "unknown": {
                "type": "array",
                "description": "What a service runs, and no revision of it tells.",
                "items": {
                    "type": "object",
                    "properties": {
                        "image": { "type": "string" },
                        "service": { "type": "string" },
                        "reason": { "const": Code::UnknownPinnedDigest },
                    },
                    "required": ["image", "service", "reason"],
                },
            },
            "unreadable": {
                "type": "array",
                "description": "References that can't be read: where they may mean anything, nothing is deleted.",
                "items": {
                    "type": "object",
                    "properties": { "image": { "type": "string" }, "fault": { "type": "string" } },
                    "required": ["image", "fault"],
                },
            },
            "sourcesOff": { "type": "array", "items": { "type": "string" } },
            "failures": failures,
        },
        "required": [
            "account", "region", "at", "complete", "count", "images", "unknown", "unreadable", "sourcesOff",
            "failures",
        ],
    })
}

fn plan(generator: &mut SchemaGenerator) -> Schema {
    let judged = generator.subschema_for::<Vec<Judged>>();
    json_schema!({
        "type": "object",
        "properties": {
            "planId": { "type": "string", "description": "The plan's own name: with it, no other plan is carried out." },
            "images": judged,
        },
    })
}

fn evaluated(generator: &mut SchemaGenerator) -> Schema {
    let decision = generator.subschema_for::<Decision>();
    json_schema!({
        "type": "object",
        "properties": { "summary": { "type": "string" }, "images": { "type": "array", "items": decision } },
        "required": ["summary", "images"],
    })
}
