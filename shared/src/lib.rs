//! The words that every function of ecs-steward speaks.
//!
//! Names, calls, problems, plans, reports, records: plain data and pure functions. No AWS
//! SDK, no tokio, no clock and no environment; whoever needs one of those passes it in.
//!
//! The road is `event -> call -> observe -> plan -> apply -> report`, and its words stand in
//! [`call`], [`plan`], [`mod@perform`] and [`report`].

pub mod api;
pub mod application_autoscaling;
pub mod autoscaling;
pub mod call;
pub mod deadline;
pub mod duration;
pub mod ecr;
pub mod ecs;
pub mod env;
pub mod events;
pub mod fields;
pub mod groups;
pub mod image;
pub mod lifecycle;
pub mod meter;
pub mod names;
pub mod payload;
pub mod perform;
pub mod plain;
pub mod plan;
pub mod problem;
pub mod record;
pub mod report;
pub mod run_task;
pub mod s3;
pub mod schedule;
pub mod schema;
pub mod select;
pub mod settings;
pub mod status;
pub mod strict;
pub mod tags;
pub mod wake;

pub use call::{Actor, Answer, Call, Route, Via};
pub use deadline::Deadline;
pub use meter::Meter;
pub use payload::Payload;
pub use perform::{Done, Executor, Made, perform};
pub use plan::{ItemId, Job, Plan};
pub use problem::{Code, Problem, Refusal};
pub use record::Record;
pub use report::{Item, Outcome, Report, Warning};
