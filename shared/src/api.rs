//! What the API's description (`openapi.json`) says of a route beside what the route itself says.
//!
//! Each function has these in its `api.rs`. They are apart from the routes because only `cargo local` reads
//! them: no function carries a schema.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::problem::Code;

/// Makes a type's schema; the generator says whether of what is read or of what is written.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What the API's description says of one route.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// `PUT`.
    pub method: &'static str,
    /// The route's path.
    pub path: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What else to know, in whole sentences; may be empty.
    pub description: &'static str,
    /// The fields of path, query and body together.
    pub fields: SchemaOf,
    /// Those of them that stand in events only: over this route they are a bad request, or say nothing.
    pub not_here: &'static [&'static str],
    /// The schemas of query parameters whose field says less, or another form.
    pub query: &'static [(&'static str, SchemaOf)],
    /// What it answers.
    pub answers: Answers,
    /// Whether it asks AWS anything.
    pub asks_aws: bool,
    /// The problems that it may answer beside those that every route of its kind has ([`codes`]).
    pub problems: &'static [&'static [Code]],
}

/// What a route answers where it does not answer a problem.
#[derive(Clone, Copy, Debug)]
pub enum Answers {
    /// A read's body.
    Body(SchemaOf),
    /// A report.
    Report {
        /// What its items were and are.
        effect: SchemaOf,
        /// What it tells beside, such as `planId`.
        more: Option<SchemaOf>,
        /// Items may have failed in it. Where a route names one thing, such a failure is a problem.
        may_be_partial: bool,
        /// It may answer before all is done.
        may_go_on: bool,
    },
}

impl Operation {
    /// A route that reads, with what it answers.
    #[must_use]
    pub const fn read<F: JsonSchema, A: JsonSchema>(path: &'static str, summary: &'static str) -> Self {
        Self {
            method: "GET",
            path,
            summary,
            description: "",
            fields: SchemaGenerator::subschema_for::<F>,
            not_here: &[],
            query: &[],
            answers: Answers::Body(SchemaGenerator::subschema_for::<A>),
            asks_aws: true,
            problems: &[],
        }
    }

    /// A route that changes something, with what its report's items were and are.
    #[must_use]
    pub const fn change<F: JsonSchema, E: JsonSchema>(
        method: &'static str,
        path: &'static str,
        summary: &'static str,
    ) -> Self {
        let answers = Answers::Report {
            effect: SchemaGenerator::subschema_for::<E>,
            more: None,
            may_be_partial: true,
            may_go_on: false,
        };
        Self { method, answers, ..Self::read::<F, ()>(path, summary) }
    }
}

/// The problems that a route may answer by what it is.
#[must_use]
pub fn codes(operation: &Operation) -> Vec<Code> {
    let Operation { path, answers, asks_aws, problems, .. } = operation;
    let mut codes = vec![Code::BadRequest, Code::NotAcceptable, Code::TooLarge, Code::Internal];
    match answers {
        Answers::Body(_) => codes.push(Code::AnswerTooLarge),
        Answers::Report { .. } => codes.push(Code::ReadOnly),
    }
    if *asks_aws {
        codes.extend(AWS);
        codes.push(Code::OutsideScope);
    }
    if *asks_aws && path.contains('{') {
        codes.push(Code::NotFound);
    }
    codes.extend(problems.iter().copied().flatten());
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// What may become of any call of AWS.
const AWS: [Code; 6] = [
    Code::Throttled,
    Code::AccessDenied,
    Code::AwsRefused,
    Code::AwsFailed,
    Code::Unreachable,
    Code::OutOfTime,
];
