//! What a rehearsal says.

use emulator::LeftOut;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::play::Calls;

/// A rehearsal, from its first tick to its last.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rehearsal {
    /// One line.
    pub summary: String,
    /// The account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// The first tick.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// The last one.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// The zone in which the text tells times, and in which the daily schedules fire.
    pub zone: String,
    /// How many things there are.
    pub fleet: Fleet,
    /// What is not run.
    pub savings: Savings,
    /// What becomes of each service and Auto Scaling group that a run changes, in the order of their names.
    pub courses: Vec<Course>,
    /// What will not wake, or of which nobody knows.
    pub will_not_wake: Vec<Risk>,
    /// What is not done, and why: failures first.
    pub not_done: Vec<Told>,
    /// What else the runs say.
    pub warnings: Vec<Told>,
    /// What the nightly pruning says, each night; empty where none is played.
    pub prunings: Vec<Pruning>,
    /// What it took.
    pub runs: Runs,
    /// What of the account is not played.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub left_out: Vec<LeftOut>,
}

/// How many things there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fleet {
    /// ECS clusters.
    pub clusters: usize,
    /// Services.
    pub services: usize,
    /// Services that a run has changed, adopted or would change.
    pub scheduled: usize,
    /// Auto Scaling groups under clusters, or with a tag of ours.
    pub groups: usize,
}

/// What is not run: hours without ecs-steward, less those with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Savings {
    /// Hours of tasks that run without ecs-steward.
    pub task_hours_without: f64,
    /// Hours of tasks that are not run.
    pub task_hours: f64,
    /// Hours of a vCPU that they would have taken.
    pub vcpu_hours: f64,
    /// Hours of a GiB of memory.
    #[serde(rename = "memoryGiBHours")]
    pub memory_gib_hours: f64,
    /// Hours of an instance of an Auto Scaling group.
    pub instance_hours: f64,
}

/// What becomes of a service or group.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Course {
    /// `service/prod/users`, `autoScalingGroup/web`.
    pub resource: String,
    /// What the runs make of it, in their order.
    pub turns: Vec<Turn>,
    /// Hours of its tasks or instances that are not run.
    pub hours_not_run: f64,
    /// How it ends: its desired count or capacity, and what of it runs.
    pub end: End,
}

/// What a run makes of a service or group.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What.
    pub to: TurnTo,
    /// Its desired count or capacity before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// Its desired count or capacity after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// Why.
    pub reason: String,
}

/// What a run makes of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TurnTo {
    /// Its size is written down for the first time; nothing else changes.
    Adopted,
    /// It goes off, or to its night size.
    Off,
    /// It is started.
    Starting,
    /// It is whole again: all that was wanted runs.
    On,
    /// Its start is over, since it has taken too long, and not all that was wanted runs.
    NotWhole,
    /// Something else is written down.
    Changed,
}

/// How something ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// Its desired count or capacity.
    pub desired: i64,
    /// How many tasks or instances of it run.
    pub running: i64,
}

/// A service that will not wake, or of which nobody knows.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Risk {
    /// `service/prod/users`.
    pub resource: String,
    /// `no` or `unknown`.
    pub can_wake: String,
    /// The first morning that it concerns, as the check says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub morning: Option<String>,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub reason: String,
    /// When the check says so first.
    #[schemars(with = "String")]
    pub first: Timestamp,
    /// How often it does.
    pub times: usize,
}

/// Something that runs say, once or over and over.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// What it is of; a run's schedule where it is of the run.
    pub resource: String,
    /// `failed`, `notAttempted`, `skipped`, `warning`.
    pub outcome: String,
    /// Why, for programs.
    pub code: String,
    /// Why, for people, as it is said first.
    pub reason: String,
    /// When first.
    #[schemars(with = "String")]
    pub first: Timestamp,
    /// When last.
    #[schemars(with = "String")]
    pub last: Timestamp,
    /// How often.
    pub times: usize,
}

/// A night's pruning.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pruning {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What it says.
    pub summary: String,
}

/// What the runs took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Runs {
    /// Runs of reconcile.
    pub ticks: usize,
    /// Those of them that were fired: the others would have answered as the one before.
    pub fired: usize,
    /// Those that change nothing.
    pub quiet: usize,
    /// Calls of AWS that look, of all runs.
    pub reads: usize,
    /// Calls that change something.
    pub writes: usize,
    /// Calls that AWS throttles.
    pub throttled: usize,
}

impl Runs {
    pub(super) fn add(&mut self, calls: Calls) {
        self.reads += calls.reads;
        self.writes += calls.writes;
        self.throttled += calls.throttled;
    }
}
