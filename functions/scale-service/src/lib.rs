//! scale-service: ECS services go to zero and come back as they were.
//!
//! The laws of stop and start are kept in [`plan`]; everything else carries them out.

pub mod api;
pub mod ask;
pub mod config;
pub mod observe;
pub mod plan;
pub mod request;

mod apply;
mod effect;
mod report;

use jiff::Timestamp;
use serde_json::json;
use shared::api::Operation;
use shared::events::BusEvent;
use shared::report::Outcome;
use shared::select::NamePatterns;
use shared::settings::{Mode, Scheduling};
use shared::{Answer, Call, Deadline, Meter, Problem, Route, perform};
use shared_aws::{Aws, Clock, Definitions, Read, Requester};
use shared_lambda::Function;
use tokio::time::Instant;

pub use config::Config;

use crate::apply::Apply;
use crate::ask::{Ask, Verb};
use crate::effect::Written;
use crate::observe::Snapshot;
use crate::plan::{Item, Plan, PlanSettings};
use crate::report::Asleep;
use crate::request::Request;

/// Jobs that are under way at once; the budget of each API bucket sets the pace.
const AT_ONCE: usize = 64;
/// So many task definitions are read in a run at the most: a fleet that sleeps is known after a few ticks.
const NEW_DEFINITIONS: usize = 100;

/// The function.
#[derive(Debug)]
pub struct ScaleService {
    aws: Aws,
    config: Config,
    plan_settings: PlanSettings,
    definitions: Definitions,
}

impl ScaleService {
    /// The function on this AWS.
    #[must_use]
    pub fn new(aws: Aws, config: Config) -> Self {
        let plan_settings = PlanSettings {
            tags: config.settings.tags.clone(),
            max_desired: config.settings.max_desired,
            scheduling: config.scheduling.clone(),
            late_after: config.late_after.get(),
            deploying_wait: config.deploying_wait.get(),
            acts_in: match config.settings.mode {
                Mode::Act if config.settings.reconciles => config.scheduling.reach.clone(),
                Mode::Act | Mode::Observe | Mode::ReadOnly => NamePatterns::default(),
            },
        };
        Self { aws, config, plan_settings, definitions: Definitions::default() }
    }
}

impl Function for ScaleService {
    const NAME: &'static str = "scale-service";
    const ROUTES: &'static [Route<Request>] = request::ROUTES;
    const OPERATIONS: &'static [Operation] = api::OPERATIONS;
    type Request = Request;

    async fn answer(
        &self,
        call: Call<Request>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Answer, Problem> {
        let (request, call) = call.split();
        let request = match request {
            Request::Act(request) => request,
            Request::Preview(fields) => {
                let Scheduling { catalog, calendar, .. } = &self.plan_settings.scheduling;
                return Ok(Answer::Read(json!(fields.answer(catalog, calendar, now)?)));
            }
        };
        let clock = Clock::start(now);
        let ask = Ask::new(&request, &call, &self.config, now)?;
        let deadline = match ask.ends_before_the_next_tick(now) {
            Some(left) => deadline.or_sooner((Instant::now() + left).into_std()),
            None => deadline,
        };
        let run = Run { function: self, ask: &ask, call: &call, deadline, clock };
        let written = match run.override_first().await? {
            Opened::Ended(answer) => return Ok(*answer),
            Opened::GoesOn(written) => written,
        };
        let seen = match run.look(written.clone()).await {
            Ok(seen) => seen,
            // A change that was made is never answered as an error.
            Err(problem) => match written.filter(|_| !ask.dry_run) {
                Some(written) => {
                    return Ok(run.report(vec![written.alone(&problem)], &Snapshot::default(), None));
                }
                None => return Err(problem),
            },
        };
        let plan = plan::plan(&seen, &ask, &self.plan_settings);
        let mut items = run.carry_out(plan, &seen).await;
        if let Some(written) = &seen.written {
            written.comes_first(&mut items);
        }
        let asleep = run.asleep(&seen).await;
        run.answer(items, &seen, asleep)
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

/// One request on its way.
struct Run<'a> {
    function: &'a ScaleService,
    ask: &'a Ask,
    call: &'a Call<()>,
    deadline: Deadline,
    clock: Clock,
}

/// What the override of a request leaves to do.
enum Opened {
    /// Nothing: a hold is done with its tag, and so is what has not begun.
    Ended(Box<Answer>),
    /// What it causes, if there is one.
    GoesOn(Option<Written>),
}

impl Run<'_> {
    /// Sets or ends the override, before anything else is read.
    async fn override_first(&self) -> Result<Opened, Problem> {
        let Some(change) = &self.ask.change else { return Ok(Opened::GoesOn(None)) };
        let place = observe::observe_place(&self.read(), change).await?;
        let settings = &self.function.plan_settings;
        let Some((plan, written)) = plan::override_first(&place, self.ask, settings)? else {
            return Ok(Opened::GoesOn(None));
        };
        let items = self.carry_out(plan, &place).await;
        let done = items.iter().all(|item| item.outcome == Outcome::Changed);
        if done && written.acts_now {
            return Ok(Opened::GoesOn(Some(written)));
        }
        self.answer(items, &place, None).map(|answer| Opened::Ended(Box::new(answer)))
    }

    async fn look(&self, written: Option<Written>) -> Result<Snapshot, Problem> {
        let (read, ask, settings) = (self.read(), self.ask, &self.function.plan_settings);
        let mut seen =
            observe::observe(&read, &self.clock, ask, &self.function.config.scheduling.reach).await?;
        plan::with_override(&mut seen, written, settings);
        let scaled = plan::need_targets(&seen, ask, settings);
        observe::observe_targets(&read, &scaled, ask, &mut seen).await?;
        observe::observe_actions(&read, &plan::need_actions(&seen, ask, settings), &mut seen).await;
        observe::observe_groups(&read, &self.clock, ask, &settings.tags, &mut seen).await?;
        observe::observe_tasks(&read, &plan::need_tasks(&seen, ask, settings), &mut seen).await;
        Ok(seen)
    }

    /// The plan, performed; or in a dry run what it says.
    async fn carry_out(&self, plan: Plan, seen: &Snapshot) -> Vec<Item> {
        if self.ask.dry_run {
            return plan.into_parts().0;
        }
        let write = self.function.aws.write(self.deadline, Requester::of(self.call));
        let time_left = || write.time_left();
        let settings = &self.function.plan_settings;
        let (read, clock) = (self.read(), self.clock);
        let executor = Apply { write: write.clone(), read, clock, seen, ask: self.ask, settings };
        perform(plan, &executor, AT_ONCE, &time_left).await
    }

    /// What sleeps, as a scheduled reconcile measures it.
    async fn asleep(&self, seen: &Snapshot) -> Option<Asleep> {
        if self.ask.verb != Verb::Reconcile || !self.ask.scheduled {
            return None;
        }
        let (keys, definitions) = (&self.function.plan_settings.tags, &self.function.definitions);
        let arns = Asleep::services(seen, keys).map(|(arn, _)| arn).collect();
        definitions.read(&self.read(), arns, NEW_DEFINITIONS).await;
        Some(Asleep::of(seen, keys, definitions))
    }

    fn answer(&self, items: Vec<Item>, seen: &Snapshot, asleep: Option<Asleep>) -> Result<Answer, Problem> {
        let under_way = !self.ask.dry_run && report::is_under_way(&items);
        // What was written stays written, whatever became of the rest.
        let single = self.ask.is_of_one() && seen.written.is_none();
        match self.report(items, seen, asleep) {
            Answer::Report(report) if under_way && report.ok && report.partial().is_none() => {
                let location = report::location(self.ask);
                Ok(Answer::Accepted { location, retry_after: ask::NEXT_TICK, report })
            }
            Answer::Report(report) if single => Ok(Answer::Report(report.single(report::REFUSALS)?)),
            answer => Ok(answer),
        }
    }

    fn report(&self, items: Vec<Item>, seen: &Snapshot, asleep: Option<Asleep>) -> Answer {
        let ScaleService { config, plan_settings, .. } = self.function;
        let before = Some(config.notify_before.get()).filter(|before| !before.is_zero());
        let events = plan::events(seen, &items, self.ask, plan_settings, before);
        Answer::Report(report::report(items, seen, self.ask, &config.settings, asleep, events))
    }

    fn read(&self) -> Read {
        self.function.aws.read(self.deadline)
    }
}
