//! run-task: what an operator does with `aws ecs run-task`, with an answer that tells the truth.
//!
//! AWS answers 200 with `failures[]`, ten tasks a call at most, and forgets. Here a request is so many
//! slots, and each is started once.

pub mod api;
pub mod ask;
pub mod config;
pub mod effect;
pub mod launch;
pub mod observe;
pub mod plan;
pub mod request;
pub mod verdict;

mod apply;
mod report;
mod wait;

use std::time::Duration;

use jiff::Timestamp;
use shared::api::Operation;
use shared::events::BusEvent;
use shared::settings::Mode;
use shared::{Answer, Call, Deadline, Meter, Problem, Route, perform};
use shared_aws::{Aws, Clock, Requester};
use shared_lambda::Function;
use tokio::time::sleep;

pub use config::Config;

use crate::apply::Apply;
use crate::ask::{Ask, Keys};
use crate::plan::Slots;
use crate::request::Request;

/// Calls that are under way at once; the budget sets the pace.
const AT_ONCE: usize = 10;
/// How often what came up short is asked for again, where that may help.
const ATTEMPTS: i64 = 2;
/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(5);

/// The function.
#[derive(Debug)]
pub struct RunTask {
    aws: Aws,
    config: Config,
    keys: Keys,
}

impl RunTask {
    /// The function on this AWS.
    #[must_use]
    pub fn new(aws: Aws, config: Config) -> Self {
        let keys = Keys::of(&config.settings);
        Self { aws, config, keys }
    }
}

impl Function for RunTask {
    const NAME: &'static str = "run-task";
    const ROUTES: &'static [Route<Request>] = request::ROUTES;
    const COUNTS_CALLS: bool = false;
    const OPERATIONS: &'static [Operation] = api::OPERATIONS;
    type Request = Request;

    async fn answer(
        &self,
        call: Call<Request>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Answer, Problem> {
        let clock = Clock::start(now);
        let ask = Ask::new(&call, &self.config)?;
        let read = self.aws.read(deadline);
        let seen = observe::observe(&read, &ask, &self.keys).await?;
        let launch = launch::launch(&seen, &ask, &self.config.settings.tags)?;
        let base = plan::base(&ask, launch, &seen.definition, &self.keys);
        if let Some(problem) = plan::conflict(&seen.before, &base, &self.keys) {
            return Err(problem);
        }
        let mut slots = Slots::new(&ask, &seen.before, &self.keys, now);
        let first = plan::plan(&mut slots, &base, &ask, &self.keys);
        if ask.dry_run {
            let items = first.forecast().to_vec();
            return Ok(Answer::Report(report::report(items, &ask, &self.config.settings, now)));
        }
        let write = self.aws.write(deadline, Requester::of(&call));
        let time_left = || write.time_left();
        let executor = || Apply::new(write.clone(), &seen.before);
        slots = slots.after(perform(first, &executor(), AT_ONCE, &time_left).await);
        for _ in 0..ATTEMPTS {
            if !slots.may_go_on() || read.left() < PAUSE * 2 || !self.patient(&ask, &clock) {
                break;
            }
            sleep(PAUSE).await;
            // Another run under the key may have gone on meanwhile: what it started is found by its tags.
            let Ok(there) = observe::before(&read, &ask, &self.keys).await else { break };
            match plan::conflict(&there, &base, &self.keys) {
                Some(problem) if !slots.any_started() => return Err(problem),
                Some(_) => break,
                None => slots.find(&there, &ask, &self.keys, clock.now()),
            }
            let again = plan::plan(&mut slots, &base, &ask, &self.keys);
            slots = slots.after(perform(again, &executor(), AT_ONCE, &time_left).await);
        }
        let mut items = plan::recognised(slots.into_items(), &seen.before);
        report::lost(&mut items, &ask);
        if let Some(problem) = report::nothing_started(&items, &ask) {
            return Err(problem);
        }
        wait::wait(&read, items, &seen.definition, &ask, &self.config.settings, now).await
    }

    async fn publish(&self, events: &[BusEvent], deadline: Deadline) -> usize {
        self.aws.publish(&self.config.settings.event_bus, events, deadline).await
    }

    fn is_read_only(&self) -> bool {
        self.config.settings.mode == Mode::ReadOnly
    }

    fn meter(&self) -> Meter {
        self.aws.meter()
    }
}

impl RunTask {
    /// A request that waits for its tasks has the time to ask again; another gets its answer soon.
    fn patient(&self, ask: &Ask, clock: &Clock) -> bool {
        let most = Duration::try_from(self.config.wait_max.get()).unwrap_or_default();
        ask.wait.is_some() || clock.elapsed() + PAUSE <= most
    }
}
