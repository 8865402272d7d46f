//! The door to Lambda: event to call, answer to response.
//!
//! The only crate that names `lambda_runtime` and `lambda_http`. A function implements
//! [`Function`]; [`run()`] serves it in Lambda, and [`Handler`] serves it anywhere else with the
//! same code.

mod accept;
mod body;
mod direct;
mod event;
mod fields;
mod function;
mod handler;
mod invocation;
mod lambda_error;
pub mod logs;
mod metrics;
pub mod page;
mod query;
mod rest;
mod run;
pub mod table;
mod text;

pub use function::Function;
pub use handler::{Handler, Limits};
pub use invocation::Invocation;
pub use lambda_error::LambdaError;
pub use metrics::Metrics;
pub use query::Query;
pub use rest::{GROUP_SIGNS, LONGEST_NAME};
pub use run::{run, start};
