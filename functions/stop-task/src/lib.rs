//! stop-task: what an operator does with `aws ecs stop-task`, without a surprise.
//!
//! A service replaces a task of its own that is stopped: so such a task is only stopped on purpose.

pub mod api;
pub mod ask;
pub mod config;
pub mod effect;
pub mod observe;
pub mod plan;
pub mod request;

mod apply;
mod report;

use jiff::Timestamp;
use shared::api::Operation;
use shared::events::BusEvent;
use shared::names::TaskId;
use shared::report::{Outcome, Report};
use shared::settings::Mode;
use shared::{Answer, Call, Code, Deadline, Meter, Problem, Route, perform};
use shared_aws::{Aws, Read, Requester};
use shared_lambda::Function;

pub use config::Config;

use crate::apply::Apply;
use crate::ask::{Ask, Tasks};
use crate::effect::{Item, task_id};
use crate::request::Request;

/// Calls that are under way at once; the budget sets the pace.
const AT_ONCE: usize = 10;

/// The function.
#[derive(Debug)]
pub struct StopTask {
    aws: Aws,
    config: Config,
}

impl StopTask {
    /// The function on this AWS.
    #[must_use]
    pub fn new(aws: Aws, config: Config) -> Self {
        Self { aws, config }
    }
}

impl Function for StopTask {
    const NAME: &'static str = "stop-task";
    const ROUTES: &'static [Route<Request>] = request::ROUTES;
    const COUNTS_CALLS: bool = false;
    const OPERATIONS: &'static [Operation] = api::OPERATIONS;
    type Request = Request;

    async fn answer(
        &self,
        call: Call<Request>,
        _now: Timestamp,
        deadline: Deadline,
    ) -> Result<Answer, Problem> {
        let ask = Ask::new(&call, &self.config)?;
        let read = self.aws.read(deadline);
        let seen = observe::observe(&read, &ask).await?;
        let plan = plan::plan(&seen, &ask, self.config.stop_max)?;
        let items = if ask.dry_run {
            plan.forecast().to_vec()
        } else {
            let write = self.aws.write(deadline, Requester::of(&call));
            let time_left = || write.time_left();
            let executor = Apply { write: write.clone(), cluster: &ask.cluster, reason: &ask.reason };
            perform(plan, &executor, AT_ONCE, &time_left).await
        };
        // Whoever told them to.
        let stops =
            |item: &&Item| item.outcome == Outcome::Changed || item.code == Some(Code::AlreadyStopped);
        let stopping: Vec<TaskId> = items.iter().filter(stops).filter_map(task_id).cloned().collect();
        let report = report::report(items, &ask, &self.config.settings);
        let report = if matches!(ask.tasks, Tasks::One(..)) {
            report.single(&[]).map_err(|problem| {
                let instead = plan::instead(&seen, &ask).filter(|_| problem.code == Code::ServiceTask);
                instead.into_iter().fold(problem, Problem::offering)
            })?
        } else {
            report
        };
        wait(&read, report, &stopping, &ask).await
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

/// The answer once every task that stops has, or the time is up.
async fn wait(read: &Read, report: Report, ids: &[TaskId], ask: &Ask) -> Result<Answer, Problem> {
    let Some(patience) = ask.wait.filter(|_| !ask.dry_run) else { return Ok(Answer::Report(report)) };
    let stopped = |task: &shared::ecs::Task| task.last_status == "STOPPED";
    let seen = read.tasks_once(&ask.cluster, ids, patience, stopped).await;
    if (seen.len() == ids.len() && seen.iter().all(stopped)) || !report.ok {
        return Ok(Answer::Report(report));
    }
    Ok(Answer::tasks_under_way(&ask.cluster, ids, report))
}
