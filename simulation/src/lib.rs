//! A year of many services on an embedded AWS, from a seed, held against a model of its own: an
//! oracle for `cargo local simulate` and the tests.
//!
//! It steps from event to event: the transitions of the services' schedules, the ends of overrides,
//! random quiet ticks, and whatever people do in between, with outages, faults and kills. After each
//! tick, `model` says what every service ought to be, and what is not so is a violation. Two of the
//! clusters have machines of their own, which sleep too.
//!
//! Of an evening the bedtime check is asked which services will not wake, and to some of them something is done that
//! keeps them from it ([`causes`]), or that only looks so. What is down in the morning was told before, or that is a
//! violation, too.
//!
//! The system that is held against it is an argument, [`SystemUnderTest`], and this crate depends on
//! the embedded AWS alone. So Cargo keeps the oracle from sharing code with what it judges, and
//! `local`, which knows all functions, can depend on it without a circle. `local` implements the trait
//! for its `System`, through the same handlers as in Lambda.

mod calendar;
pub mod causes;
mod compare;
mod fleet;
mod leases;
mod looks;
mod machines;
mod midway;
mod model;
mod nights;
mod people;
mod random;
mod refusals;
mod reports;
mod year;

use std::fmt;

use emulator::Aws;
use serde_json::Value;

pub use crate::nights::figures::{NightFigures, Tally};

/// What is simulated: the functions on an embedded AWS.
pub trait SystemUnderTest: Sized {
    /// Why it does not start.
    type Fault;

    /// Starts it on this AWS, with these variables of the environment.
    fn start(aws: &Aws, environment: &[(&str, &str)]) -> impl Future<Output = Result<Self, Self::Fault>>;

    /// Sends an event to a function, for its report. The error is the text of what a run ended with.
    fn invoke(&self, function: &str, event: Value) -> impl Future<Output = Result<Value, String>>;

    /// Sends a request to the REST API; a refusal changes nothing, which is what is looked at.
    fn request(&self, method: &str, path: &str, body: Vec<u8>) -> impl Future<Output = ()>;
}

/// Which year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many days of it.
    pub days: u32,
    /// What all chance comes from.
    pub seed: u64,
    /// How many services there are at its beginning.
    pub services: usize,
    /// On how many of a hundred evenings the bedtime check is asked, and something is done to what sleeps.
    pub nights: u8,
}

/// What happened, and what was not as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Days that passed.
    pub days: u32,
    /// Runs of reconcile that ended well.
    pub ticks: u64,
    /// Calls to AWS, of all runs.
    pub calls: u64,
    /// Those that change something.
    pub writes: u64,
    /// Services that went off or on.
    pub transitions: u64,
    /// Groups of machines that went off or on.
    pub machines: u64,
    /// Ticks at which one waited for its tasks.
    pub waits: u64,
    /// Those that came back untouched, and were compared with what they were before.
    pub comebacks: u64,
    /// Runs that were killed.
    pub kills: u64,
    /// Those after which the next clean run was compared with one that was never killed.
    pub recoveries: u64,
    /// Runs on which something was wrong with AWS.
    pub faults: u64,
    /// Runs that came twice at once.
    pub twins: u64,
    /// Overrides that were put in the middle of a run.
    pub midway: u64,
    /// Records that somebody removed.
    pub lost: u64,
    /// Those of which a run said that nothing says their size.
    pub told: u64,
    /// Starts that something came across before they were whole.
    pub hurried: u64,
    /// Stops that AWS refused, after which autoscaling was as before.
    pub refused: u64,
    /// Spans of time without ticks.
    pub outages: u64,
    /// What people did.
    pub people: u64,
    /// Overrides that were put or ended, among it.
    pub overrides: u64,
    /// Those that were put or ended in the very instant of another.
    pub at_once: u64,
    /// What came of the nights.
    pub nights: NightFigures,
    /// What was not as it should be: which service, when, what was expected, and the seed.
    pub violations: Vec<String>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { days, ticks, calls, writes, transitions, comebacks, .. } = self;
        let Self { machines, waits, .. } = self;
        let Self { kills, recoveries, faults, outages, people, overrides, violations, .. } = self;
        let Self { twins, midway, lost, told, hurried, refused, at_once, nights, .. } = self;
        writeln!(f, "{days} days, {ticks} ticks, {calls} calls, {writes} of them writes")?;
        writeln!(
            f,
            "{transitions} transitions, and {machines} of machines; {comebacks} compared with the size before"
        )?;
        writeln!(f, "{waits} ticks at which machines waited for tasks")?;
        writeln!(
            f,
            "{kills} kills ({recoveries} compared with a run that was not), {faults} runs with faults, {outages} outages"
        )?;
        writeln!(f, "{twins} runs came twice, and in {midway} an override was put meanwhile")?;
        writeln!(
            f,
            "{people} people's changes, {overrides} of them overrides, {lost} of them records that were removed"
        )?;
        writeln!(
            f,
            "{told} services were told to have no size, {hurried} starts come across, {refused} stops refused, {at_once} overrides in one instant"
        )?;
        if nights.checks > 0 {
            writeln!(f, "{nights}")?;
        }
        write!(f, "{} violations", violations.len())
    }
}

/// Lives through the year. `progress` hears of each day, with the violations so far.
///
/// On a paused clock (`tokio::time::pause`) what waits costs nothing.
pub async fn run<S: SystemUnderTest>(
    options: Options,
    mut progress: impl FnMut(u32, usize),
) -> Result<Figures, S::Fault> {
    // The SDK draws the pauses between its attempts here: they are the seed's, too.
    fastrand::seed(options.seed);
    let mut year = Box::new(Box::pin(year::Year::<S>::begin(options)).await?);
    while let Some(day) = Box::pin(year.step()).await? {
        progress(day, year.violations());
    }
    Ok(year.end())
}
