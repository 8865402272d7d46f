//! The embedded AWS: a small simulator of Amazon ECS, of what scales it, and of what may name its images.
//!
//! - [`World`] is the state: a `Clone` value, synchronous, with the date it has reached. Services start,
//!   replace and drain tasks over time; autoscaling policies and scheduled actions act on them.
//! - [`Aws`] is a handle to one world that runs on tokio's clock, with the published API rates, a script of
//!   faults and a ledger of every call. SDK clients reach it in process ([`Aws::http_client`]) or over HTTP
//!   ([`serve`]). Worlds of other regions may stand beside it ([`Aws::add_region`]).
//!
//! ECS, Application Auto Scaling, EC2 Auto Scaling and ECR change by themselves as time passes. S3 keeps objects that
//! are text. EventBridge with its Scheduler and its Pipes, Lambda, Step Functions, Batch and `CodeBuild` are fixtures:
//! they are described, and nothing of theirs runs.
//!
//! ```
//! use emulator::{ServiceSeed, World};
//! use serde_json::json;
//!
//! let mut world = World::new("2026-11-24T12:00:00Z".parse()?);
//! world.cluster("prod").service("prod", ServiceSeed::new("users").desired(2));
//! world.call("ecs", "UpdateService", json!({"cluster": "prod", "service": "users", "desiredCount": 0}))?;
//! world.advance_by(std::time::Duration::from_secs(60));
//! assert_eq!(world.running_count("prod", "users"), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What AWS does not document, and is assumed here
//!
//! - How long a task takes: 17 to 26 s from its creation to `RUNNING`, 11 to 28 s from the order to stop to
//!   `STOPPED`, a little different for each task and always the same for the same world.
//! - The service scheduler looks at a service two seconds after something happened to it.
//! - `runningCount` counts tasks whose last status is `RUNNING`, also those that were told to stop a moment ago.
//! - `INACTIVE` services are described for an hour, as stopped tasks are.
//! - A replacement does not wait until the task before it is `STOPPED`; a service is steady when that is gone.
//! - A policy acts within a minute of the change that makes it act, at any count, also at 0: the load is what its
//!   owner says, as with a queue's length. (With a CPU metric AWS has no data at 0 tasks, and would not act.)
//! - In `SuspendedState`, a flag that is not given is its default, false, once the object is given.
//! - Codes of errors are AWS's; their messages are where they were found, and in AWS's manner elsewhere.
//! - Application Auto Scaling, EC2 Auto Scaling, Pipes and `CodeBuild` publish no request rates: no bucket throttles
//!   their calls. S3's are not modelled.
//! - A task takes the instance with the fewest tasks, of those that have room for it.
//! - ECR refreshes a recorded pull no more often than every 24 hours (it says: at least so often). Images in the archive
//!   are described when they are named, cannot be read (`ImageInaccessible`), and take 20 minutes to come back; an image
//!   that an index names does not go there before the index.
//! - A deployment resolves its images' digests when it begins; a task pulls them when it leaves `PENDING`, and of an
//!   index also the first image that it names. Seeded tasks have pulled nothing.
//! - Digests are of the right form and the same for the same content, but no SHA-256; S3's entity tags are no MD5.
//! - Lists of pipes have 100 items where the request does not say how many, those of `CodeBuild` projects go by name.
//! - The versions of a state machine that is not there are refused as its description is (`StateMachineDoesNotExist`).
//! - Of S3's requests, what a header asks for (a range, a condition, a copy) is not seen.
//! - The calls for ECS daemons draw from the buckets of the same calls for services.
//! - `RunTask` has one failure for each task without room; they name the instances one after the other
//!   ([`World::failure_per_instance`] for one for each instance). Under a client token it repeats them.
//! - A group's instance is in service after 30 s, and registers with its cluster 60 to 69 s after its launch; it ends in
//!   30 s, what ran on it is told to stop at once with the code `TerminationNotice`. Health checks take a minute.
//! - A scale-in ends the oldest instance in the zone with the most.
//! - Managed scaling lets a group grow a minute after a task had to wait, to the instances in use and those that the
//!   waiting tasks fill, and shrink a quarter of an hour after less are in use.

mod api_error;
mod application_autoscaling;
mod autoscaling;
mod aws;
mod batch;
mod buckets;
mod builders;
mod clock;
mod codebuild;
mod cron;
mod demo;
mod doors;
mod due;
mod ecr;
mod ecs;
mod eventbridge;
mod faults;
mod ids;
mod lambda;
mod ledger;
mod pipes;
mod s3;
mod scheduler;
mod seed;
mod stepfunctions;
mod views;
mod wire;
mod world;

pub use api_error::ApiError;
pub use aws::{Aws, Killed, Moment};
pub use buckets::Buckets;
pub use builders::{GroupSeed, JobSeed, ProviderSeed, ServiceSeed, TargetSeed};
pub use doors::http::serve;
pub use ecr::{ImageEntry, ImageSeed, ImageView, RepositoryEntry};
pub use eventbridge::EventView;
pub use faults::{FaultRule, Faults};
pub use ledger::Call;
pub use seed::{
    ActionEntry, ClusterEntry, ContainerEntry, GroupEntry, JobEntry, LaunchType, LeftOut, ProviderEntry,
    ScalingEntry, Seed, SeedError, ServiceEntry, ShareEntry, SuspendedEntry, TaskDefinitionEntry,
};
pub use views::{GroupView, InstanceView, TargetView, TaskView};
pub use world::World;
