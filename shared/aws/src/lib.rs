//! The door to AWS: the only crate that names an AWS SDK.
//!
//! [`Aws`] is made once per process. [`Read`] and [`Write`] are made of it for one run, with the
//! run's deadline: `observe` gets a `Read`, only `apply` gets a `Write`, and a dry run never makes
//! one. Every call takes its budget first, has timeouts, and fails as a [`shared::Problem`] that
//! names the operation, the thing and the remedy.

mod budget;
mod clients;
mod clock;
mod connect;
mod convert;
mod definitions;
mod events;
mod faults;
mod read;
mod run;
mod wait;
mod watch;
mod write;

pub use clients::Access;
pub use clock::Clock;
pub use connect::{Aws, Endpoint};
pub use definitions::Definitions;
#[cfg(feature = "in-use")]
pub use read::{BuildProject, JobDefinition, Object};
pub use read::{
    ClusterDetail, EcsTarget, FunctionVersion, Listed, Manifests, Protection, Read, ScheduleTarget,
    TaskFilter, unless_gone,
};
pub use write::{Requester, Write, is_without_instances};
