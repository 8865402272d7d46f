//! scale-service: ECS services go to zero and come back as they were.
//!
//! The laws of stop and start are kept in [`plan`]; everything else carries them out.

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
use shared::select::NamePatterns;
use shared::settings::Scheduling;
use shared::{Answer, Call, Deadline, Meter, Problem, Route, perform};
use shared_aws::{Aws, Requester};
use shared_lambda::Function;
use tokio::time::Instant;

pub use config::{Config, Mode};

use crate::apply::Apply;
use crate::ask::Ask;
use crate::plan::PlanSettings;
use crate::request::Request;

/// Jobs that are under way at once; the budget of each API bucket sets the pace.
const AT_ONCE: usize = 64;

/// The function.
#[derive(Debug)]
pub struct ScaleService {
    aws: Aws,
    config: Config,
    plan_settings: PlanSettings,
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
            acts_in: match config.mode {
                Mode::Act if config.reconciles => config.clusters.clone(),
                Mode::Act | Mode::Observe => NamePatterns::default(),
            },
        };
        Self { aws, config, plan_settings }
    }
}

impl Function for ScaleService {
    const NAME: &'static str = "scale-service";
    const ROUTES: &'static [Route<Request>] = request::ROUTES;
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
        let ask = Ask::new(&request, &call, &self.config, now)?;
        let deadline = match ask.ends_before_the_next_tick(now) {
            Some(left) => deadline.or_sooner((Instant::now() + left).into_std()),
            None => deadline,
        };
        let read = self.aws.read(deadline);
        let mut seen = observe::observe(&read, &ask, &self.config.clusters).await?;
        let scaled = plan::need_targets(&seen, &ask, &self.plan_settings);
        observe::observe_scaling(&read, &scaled, &ask, &mut seen).await?;
        observe::observe_groups(&read, &ask, &self.plan_settings.tags, &mut seen).await?;
        observe::observe_tasks(&read, &plan::need_tasks(&seen, &ask, &self.plan_settings), &mut seen).await;
        let plan = plan::plan(&seen, &ask, &self.plan_settings);
        let items = if ask.dry_run {
            plan.forecast().to_vec()
        } else {
            let write = self.aws.write(deadline, Requester::of(&call));
            let time_left = || write.time_left();
            let settings = &self.plan_settings;
            let executor = Apply { write: write.clone(), read, seen: &seen, ask: &ask, settings };
            perform(plan, &executor, AT_ONCE, &time_left).await
        };
        let under_way = !ask.dry_run && report::is_under_way(&items);
        let report = report::report(items, &seen, &ask, &self.config.settings);
        if under_way && report.ok && report.partial().is_none() {
            let location = report::location(&ask);
            return Ok(Answer::Accepted { location, retry_after: ask::NEXT_TICK, body: json!(report) });
        }
        Ok(Answer::Report(if ask.is_of_one() { report.single(report::REFUSALS)? } else { report }))
    }

    fn meter(&self) -> Meter {
        self.aws.meter()
    }
}
