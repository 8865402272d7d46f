//! The whole system on one machine: the functions as they are in Lambda, the routes as they are
//! in the template, and an AWS to try them on.

pub mod aws;
pub mod cli;
pub mod demo;
pub mod gateway;
pub mod invoke;
pub mod openapi;
pub mod progress;
pub mod rehearse;
pub mod serve;
pub mod simulate;
pub mod system;
pub mod template;

mod machine;

pub use gateway::{Response, Sent};
pub use system::{Clock, Setup, System};
pub use template::Template;
