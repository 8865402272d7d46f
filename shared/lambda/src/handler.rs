//! One event through a function, whoever sent it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use shared::events::BusEvent;
use shared::{Answer, Code, Deadline, Item, Outcome, Problem, Report, Via};
use tokio::time::Instant;
use tracing::Span;

use crate::event::{Event, tell_apart};
use crate::function::Function;
use crate::invocation::Invocation;
use crate::metrics::Metrics;
use crate::rest::Shown;
use crate::{direct, rest};
use shared::Payload;

/// How long a run may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Kept free before Lambda's end, for the answer.
    pub reserve: Duration,
    /// The most that a REST call may take: API Gateway gives up after 29 s.
    pub rest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { reserve: Duration::from_secs(2), rest: Duration::from_secs(27) }
    }
}

/// A function and how long its runs may take.
#[derive(Debug)]
pub struct Handler<F> {
    function: F,
    limits: Limits,
    /// What the dry runs of a schedule have said of each thing.
    said: Mutex<HashMap<String, u64>>,
}

impl<F: Function> Handler<F> {
    /// The handler of a function, with the limits that hold in Lambda.
    pub fn new(function: F) -> Self {
        Self { function, limits: Limits::default(), said: Mutex::default() }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Answers one event. A REST event always gets a response; a scheduled or direct one gets its
    /// answer, or a problem, which is a Lambda error.
    pub async fn handle(&self, event: Payload, at: &Invocation) -> (Result<Value, Problem>, Metrics) {
        let before = self.function.meter();
        let mut metrics = Metrics::of(at.function_name(), F::COUNTS_CALLS);
        let result = match tell_apart(event) {
            Err(problem) => Err(problem),
            Ok(Event::Direct(fields)) => match direct::call(fields, F::ROUTES, at) {
                Err(problem) => Err(problem),
                Ok(call) => self.answer(call, at, &mut metrics).await.and_then(direct::answer),
            },
            Ok(Event::Rest(event)) => {
                let api_request_id = event.request_context.request_id.as_deref();
                Span::current().record("apiRequestId", api_request_id);
                let mut shown = Shown::of(&event, F::ROUTES);
                let answer = match rest::call(&event, F::ROUTES, at, &mut shown) {
                    Err(problem) => Err(problem),
                    Ok(call) => self.answer(call, at, &mut metrics).await,
                };
                if let Err(problem) = &answer {
                    log_problem(problem);
                }
                let request_id = api_request_id.unwrap_or(&at.request_id);
                let response = rest::response(answer, &shown, F::TABLES, request_id);
                Ok(json!(response))
            }
        };
        if let Err(problem) = &result {
            log_problem(problem);
        }
        metrics.aws(self.function.meter() - before);
        (result, metrics)
    }

    async fn answer(
        &self,
        mut call: shared::Call<F::Request>,
        at: &Invocation,
        metrics: &mut Metrics,
    ) -> Result<Answer, Problem> {
        let ends = at.ends.checked_sub(self.limits.reserve).unwrap_or(at.ends);
        let ends = match call.via {
            Via::Rest => ends.min(Instant::now() + self.limits.rest),
            Via::Scheduled | Via::Direct => ends,
        };
        let via = call.via;
        tracing::info!(actor = %call.actor, ?via, "called");
        if self.function.is_read_only() && call.mutates && !call.envelope.dry_run {
            if via != Via::Scheduled {
                let detail = "MODE is readonly here: nothing is changed, whoever asks. A dry run is answered";
                return Err(Problem::new(Code::ReadOnly, detail));
            }
            call.envelope.dry_run = true;
        }
        let (actor, request_id) = (call.actor.clone(), call.request_id.clone());
        let deadline = Deadline::at(ends.into_std());
        // Boxed: a function's whole road is one future, too large to be passed about.
        let answer = Box::pin(self.function.answer(call, at.now, deadline)).await?;
        let events = self.events(&answer, via, actor.as_str(), &request_id);
        if !events.is_empty() {
            metrics.events_lost(Box::pin(self.function.publish(&events, deadline)).await);
        }
        if let Answer::Accepted { location, .. } = &answer {
            tracing::info!(location, "accepted, and still under way");
        }
        if let Answer::Finding(finding) = &answer {
            tracing::info!("{}", finding.summary);
            if via == Via::Scheduled {
                for (resource, told) in &finding.told {
                    tracing::warn!(resource, "{told}");
                }
                metrics.finding(finding);
            }
        }
        if let Answer::Report(report) = &answer {
            let dry = report.dry_run;
            tracing::info!(counts = %json!(report.counts), dryRun = dry, "{}", report.summary);
            // The answer to a schedule goes nowhere: the log is where one reads what it would do.
            if via == Via::Scheduled {
                for item in report.items.iter().filter(|item| item.outcome != Outcome::Unchanged) {
                    if !dry || self.is_news(item) {
                        let (resource, outcome) = (&item.resource, item.outcome);
                        tracing::info!(resource, %outcome, dryRun = dry, "{}", item.reason);
                    }
                }
                self.log_warnings(report);
            }
            metrics.report(report);
        }
        Ok(answer)
    }

    /// What people would want to know of an answer: that something was changed, and what the function itself tells.
    /// What a run that recurs fails at each time is told once, as far as the process remembers.
    fn events(&self, answer: &Answer, via: Via, actor: &str, request_id: &str) -> Vec<BusEvent> {
        let report = match answer {
            Answer::Finding(finding) if via == Via::Scheduled => return finding.events.clone(),
            // Who asked has the answer.
            Answer::Read(_) | Answer::Finding(_) => return Vec::new(),
            Answer::Report(report) | Answer::Accepted { report, .. } => report,
        };
        let failed = report.items.iter().filter(|item| item.outcome == Outcome::Failed);
        // Each is noted, also behind the first that is news.
        let fails_anew = failed.filter(|item| self.is_news(item)).count() > 0;
        let is_news = !report.recurs || report.counts.changed > 0 || fails_anew;
        let run = BusEvent::of_run(report, F::NAME, actor, request_id).filter(|_| is_news);
        run.into_iter().chain(report.events.iter().cloned()).collect()
    }

    /// A line for each warning: also what is left as it is may be late to wake.
    fn log_warnings(&self, report: &Report) {
        for item in &report.items {
            for warning in &item.warnings {
                let (resource, code) = (&item.resource, warning.code);
                if self.is_new(format!("{resource} {code}"), &warning.detail) {
                    tracing::warn!(resource, %code, dryRun = report.dry_run, "{}", warning.detail);
                }
            }
        }
    }

    /// Whether a run says something else of a thing than the last one did.
    fn is_news(&self, item: &Item) -> bool {
        self.is_new(item.resource.clone(), (item.outcome, item.code, &item.reason))
    }

    /// Whether this is something else than what was said of it last: what recurs every five minutes would tell the same
    /// each time.
    fn is_new(&self, of: String, said: impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        said.hash(&mut hasher);
        let said = hasher.finish();
        let mut known = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(of, said) != Some(said)
    }
}

/// Of so many things it is remembered what was said.
const REMEMBERED: usize = 20_000;

fn log_problem(problem: &Problem) {
    tracing::warn!(code = %problem.code, causes = problem.causes(), "{}", problem.detail);
}
