//! What became of each thing, in a form that a bot can post and a program can read.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::events::BusEvent;
use crate::problem::{Code, Problem};

/// What became of one item. Every item gets exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was changed, or in a dry run would be.
    Changed,
    /// It is as it should be.
    Unchanged,
    /// It was left alone on purpose.
    Skipped,
    /// It could not be done.
    Failed,
    /// The deadline came first; the same request again goes on.
    NotAttempted,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::NotAttempted => "notAttempted",
        })
    }
}

/// Something the reader should know that changes no outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Warning {
    /// The kind.
    pub code: Code,
    /// One sentence.
    pub detail: String,
}

impl Warning {
    /// A warning.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// One thing and what became of it.
///
/// `E` is the function's own type for what a thing was and is: its effect. It is what plans and
/// summaries look at. A [`Report`] holds it as JSON, and nothing is decided from that.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Item")]
pub struct Item<E = Value> {
    /// The ARN's resource part: `service/prod/users`.
    pub resource: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, for programs; `null` where the outcome says it all.
    pub code: Option<Code>,
    /// Why, for people.
    pub reason: String,
    /// What it was, where known.
    pub before: Option<E>,
    /// What it is now, or in a dry run would be.
    pub after: Option<E>,
    /// What else to know.
    pub warnings: Vec<Warning>,
}

impl<E> Item<E> {
    /// An item with neither sizes nor warnings yet.
    #[must_use]
    pub fn new(
        resource: &(impl ToString + ?Sized),
        outcome: Outcome,
        code: Option<Code>,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            resource: resource.to_string(),
            outcome,
            code,
            reason: reason.into(),
            before: None,
            after: None,
            warnings: Vec::new(),
        }
    }

    /// The item of something that failed before it could be looked at.
    #[must_use]
    pub fn failed(resource: &(impl ToString + ?Sized), problem: &Problem) -> Self {
        Self::new(resource, Outcome::Failed, Some(problem.code), problem.detail.clone())
    }

    /// The same, under the name that AWS has given it, as it is now.
    pub fn came_to_be(&mut self, resource: String, after: E) {
        self.resource = resource;
        self.after = Some(after);
    }

    /// A new outcome, with its reason; what it would have become no longer holds.
    pub fn becomes(&mut self, outcome: Outcome, code: Code, reason: impl Into<String>) {
        self.outcome = outcome;
        self.code = Some(code);
        self.reason = reason.into();
        self.after = None;
    }
}

impl<E: Serialize> Item<E> {
    /// The item with its effect as JSON, as callers see it.
    #[must_use]
    pub fn rendered(self) -> Item {
        let render = |effect: Option<E>| effect.and_then(|effect| serde_json::to_value(effect).ok());
        let Self { resource, outcome, code, reason, before, after, warnings } = self;
        Item { resource, outcome, code, reason, before: render(before), after: render(after), warnings }
    }
}

/// How many items had each outcome; they add up to the number of items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// See [`Outcome::Changed`].
    pub changed: usize,
    /// See [`Outcome::Unchanged`].
    pub unchanged: usize,
    /// See [`Outcome::Skipped`].
    pub skipped: usize,
    /// See [`Outcome::Failed`].
    pub failed: usize,
    /// See [`Outcome::NotAttempted`].
    pub not_attempted: usize,
}

impl Counts {
    /// Counts an item of this outcome.
    pub fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Changed => &mut self.changed,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Failed => &mut self.failed,
            Outcome::NotAttempted => &mut self.not_attempted,
        } += 1;
    }

    fn of<E>(items: &[Item<E>]) -> Self {
        let mut counts = Self::default();
        for item in items {
            counts.add(item.outcome);
        }
        counts
    }
}

/// The answer of every mutation.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the answer's own fields")]
pub struct Report {
    /// One line that can be posted as it is.
    pub summary: String,
    /// Complete, and nothing failed.
    pub ok: bool,
    /// Everything was attempted.
    pub complete: bool,
    /// Nothing was changed; the items say what would be.
    pub dry_run: bool,
    /// The items by outcome.
    pub counts: Counts,
    /// Every item, in the order of the plan.
    pub items: Vec<Item>,
    /// What concerns the request as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// What this kind of request tells beside: `started`, `planId`.
    #[serde(flatten)]
    pub more: Map<String, Value>,
    /// The next run comes by itself and goes on: what is unfinished is then no error of an event.
    #[serde(skip)]
    pub recurs: bool,
    /// How many of the failed items failed for a tag that can't be read. A metric tells them apart, so that one
    /// bad tag does not hold the alarm that real failures need.
    #[serde(skip)]
    pub faults: usize,
    /// What this kind of run measures: written as metrics, in a dry run too.
    #[serde(skip)]
    pub gauges: Vec<Gauge>,
    /// What people would want to know of it, beside that it ran. None in a dry run.
    #[serde(skip)]
    pub events: Vec<BusEvent>,
    /// Items that are skipped for one of these codes are still to be done: an event's retry does them.
    #[serde(skip)]
    pub deferred: &'static [Code],
}

/// A figure of a run, as a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gauge {
    /// The metric's name.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
}

/// How many unfinished items a `partial` error names: asynchronous events carry little.
pub const PARTIAL_ITEMS: usize = 100;

impl Report {
    /// A report of these items.
    #[must_use]
    pub fn new<E: Serialize>(
        summary: impl Into<String>,
        dry_run: bool,
        items: Vec<Item<E>>,
        warnings: Vec<Warning>,
    ) -> Self {
        let counts = Counts::of(&items);
        Self::counted(summary, dry_run, counts, items.into_iter().map(Item::rendered).collect(), warnings)
    }

    /// A report of more items than it lists.
    #[must_use]
    pub fn counted(
        summary: impl Into<String>,
        dry_run: bool,
        counts: Counts,
        items: Vec<Item>,
        warnings: Vec<Warning>,
    ) -> Self {
        let complete = counts.not_attempted == 0;
        Self {
            summary: summary.into(),
            ok: complete && counts.failed == 0,
            complete,
            dry_run,
            counts,
            items,
            warnings,
            more: Map::new(),
            recurs: false,
            faults: 0,
            gauges: Vec::new(),
            events: Vec::new(),
            deferred: &[],
        }
    }

    /// The report of a request that names one thing: a refusal or failure of it is the request's
    /// own, with its own status. `refusals` are the codes for which a skipped item is one.
    pub fn single(self, refusals: &[Code]) -> Result<Self, Problem> {
        let [item] = self.items.as_slice() else { return Ok(self) };
        let refused = match item.outcome {
            Outcome::Failed | Outcome::NotAttempted => true,
            Outcome::Skipped => item.code.is_some_and(|code| refusals.contains(&code)),
            Outcome::Changed | Outcome::Unchanged => false,
        };
        match item.code {
            Some(code) if refused => Err(Problem::new(code, format!("{}: {}", item.resource, item.reason))),
            _ => Ok(self),
        }
    }

    /// What `show` makes of the report, with as many of its items as it has room for. A change that was made is
    /// never answered as an error, so the summary and the counts are shown whatever happens.
    #[must_use]
    pub fn fitting<T>(mut self, show: impl Fn(&Self) -> Option<T>) -> Option<T> {
        let (all, mut known) = (self.items.len(), self.warnings.len());
        loop {
            if let Some(shown) = show(&self) {
                return Some(shown);
            }
            self.warnings.truncate(known);
            if self.items.is_empty() {
                if known == 0 && self.more.is_empty() {
                    return None;
                }
                known = 0;
                self.warnings.clear();
                self.more.clear();
            }
            self.items.truncate(self.items.len() / 2);
            let detail =
                format!("an answer has no room for more: {} of {all} items are listed", self.items.len());
            self.warnings.push(Warning::new(Code::ListCut, detail));
        }
    }

    /// The problem that an event's caller must see when not everything was done, so that
    /// retries, destinations and alarms notice: what failed, was not attempted, or was deferred.
    #[must_use]
    pub fn partial(&self) -> Option<Problem> {
        let failed = |item: &&Item| matches!(item.outcome, Outcome::Failed | Outcome::NotAttempted);
        let deferred = |item: &&Item| {
            item.outcome == Outcome::Skipped && item.code.is_some_and(|code| self.deferred.contains(&code))
        };
        // Not every item need be listed.
        let unfinished =
            self.counts.failed + self.counts.not_attempted + self.items.iter().filter(deferred).count();
        if self.dry_run || self.recurs || unfinished == 0 {
            return None;
        }
        let mut problem = Problem::new(Code::Partial, self.summary.clone());
        problem.failures.push(json!({ "counts": self.counts, "unfinished": unfinished }));
        let listed = self.items.iter().filter(|item| failed(item) || deferred(item)).take(PARTIAL_ITEMS);
        problem.failures.extend(listed.filter_map(|item| serde_json::to_value(item).ok()));
        Some(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, outcome: Outcome, code: Option<Code>) -> Item {
        Item::new(name, outcome, code, "because")
    }

    fn report(outcomes: &[(Outcome, Option<Code>)]) -> Report {
        let items =
            outcomes.iter().enumerate().map(|(n, (o, c))| item(&format!("service/prod/s{n}"), *o, *c));
        Report::new("prod: something", false, items.collect(), Vec::new())
    }

    #[test]
    fn the_counts_add_up_and_a_partial_success_is_never_a_success() {
        let report = report(&[
            (Outcome::Changed, None),
            (Outcome::Unchanged, None),
            (Outcome::Skipped, Some(Code::Daemon)),
            (Outcome::Failed, Some(Code::AccessDenied)),
            (Outcome::NotAttempted, Some(Code::OutOfTime)),
        ]);
        let Counts { changed, unchanged, skipped, failed, not_attempted } = report.counts;
        assert_eq!(changed + unchanged + skipped + failed + not_attempted, report.items.len());
        assert!(!report.ok && !report.complete);
        let partial = report.partial().unwrap();
        assert_eq!(
            (partial.code, partial.failures.len()),
            (Code::Partial, 3),
            "counts, and two unfinished items"
        );
    }

    #[test]
    fn a_report_that_is_too_large_is_shown_with_fewer_items_and_says_so() {
        let mut report = report(&[(Outcome::Changed, None); 1_000]);
        report.warnings.push(Warning::new(Code::NoMatch, "x* matches nothing"));
        let shown = |most: usize| {
            report.clone().fitting(|report| Some(json!(report)).filter(|it| it.to_string().len() <= most))
        };
        let whole = shown(usize::MAX).unwrap();
        assert_eq!((whole["items"].as_array().unwrap().len(), &whole["warnings"][1]), (1_000, &Value::Null));
        let cut = shown(20_000).unwrap();
        assert_eq!((cut["items"].as_array().unwrap().len(), &cut["counts"]["changed"]), (125, &json!(1_000)));
        assert_eq!(cut["warnings"][0]["code"], "noMatch");
        assert_eq!(
            cut["warnings"][1]["detail"],
            "an answer has no room for more: 125 of 1000 items are listed"
        );
        let without_items = shown(400).unwrap().to_string().len();
        let shortest = shown(without_items - 1).unwrap();
        assert_eq!(shortest["warnings"].as_array().unwrap().len(), 1, "that something is left out is said");
        assert_eq!(shown(10), None);
    }

    #[test]
    fn a_failure_that_is_not_listed_is_a_failure_all_the_same() {
        let counts = Counts { changed: 9, failed: 1, ..Counts::default() };
        let report = Report::counted("9 done", false, counts, Vec::new(), Vec::new());
        assert!(!report.ok && report.complete);
        assert_eq!(report.partial().unwrap().failures, [json!({ "counts": counts, "unfinished": 1 })]);
    }

    #[test]
    fn what_a_dry_run_would_fail_at_and_what_a_schedule_tries_again_anyway_is_no_error() {
        let failed = || report(&[(Outcome::Failed, Some(Code::AccessDenied))]);
        assert!(failed().partial().is_some());
        assert!(Report { dry_run: true, ..failed() }.partial().is_none());
        assert!(Report { recurs: true, ..failed() }.partial().is_none());
    }

    #[test]
    fn a_partial_error_names_a_hundred_items_and_no_more() {
        let report = report(&[(Outcome::Failed, Some(Code::AccessDenied)); 150]);
        assert_eq!(report.partial().unwrap().failures.len(), 101);
    }

    #[test]
    fn what_is_done_or_left_alone_on_purpose_is_no_error_but_a_deferred_stop_is() {
        assert!(
            report(&[(Outcome::Changed, None), (Outcome::Skipped, Some(Code::Stale))]).partial().is_none()
        );
        let deploying = report(&[(Outcome::Skipped, Some(Code::Deploying))]);
        assert!(Report { deferred: &[Code::Deploying], ..deploying }.partial().is_some());
    }

    #[test]
    fn a_request_that_names_one_thing_fails_as_that_thing_does() {
        let refused = |outcome, code| {
            report(&[(outcome, Some(code))]).single(&[Code::Daemon]).map_err(|problem| problem.code)
        };
        assert_eq!(refused(Outcome::Failed, Code::ShortArn).unwrap_err(), Code::ShortArn);
        assert_eq!(refused(Outcome::Skipped, Code::Daemon).unwrap_err(), Code::Daemon);
        assert_eq!(refused(Outcome::NotAttempted, Code::OutOfTime).unwrap_err(), Code::OutOfTime);
        assert!(refused(Outcome::Skipped, Code::Stale).is_ok());
    }
}
