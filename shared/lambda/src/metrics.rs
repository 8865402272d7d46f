//! Metrics in CloudWatch's embedded metric format: a line of JSON on standard output.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//!
//! Custom metrics are paid for one by one, so there are few, with the function's own
//! name as the only dimension; cluster, service and API are fields of the log. Duration is Lambda's own metric.

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::call::Finding;
use shared::report::Gauge;
use shared::{Meter, Report};

/// What one invocation counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    function: String,
    outcomes: Option<Outcomes>,
    gauges: Vec<Gauge>,
    aws: Meter,
    counts_calls: bool,
    events_lost: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcomes {
    changed: usize,
    /// Those that failed for another reason than a tag that can't be read.
    failed: usize,
}

impl Metrics {
    /// What an invocation of this function counts. Its calls of AWS are fields of the log in any case.
    pub(crate) fn of(function: &str, counts_calls: bool) -> Self {
        let (function, gauges) = (function.to_owned(), Vec::new());
        Self { function, outcomes: None, gauges, aws: Meter::default(), counts_calls, events_lost: 0 }
    }

    pub(crate) fn report(&mut self, report: &Report) {
        self.gauges.clone_from(&report.gauges);
        if !report.dry_run {
            let counts = report.counts;
            let failed = counts.failed.saturating_sub(report.faults);
            self.outcomes = Some(Outcomes { changed: counts.changed, failed });
        }
    }

    pub(crate) fn finding(&mut self, finding: &Finding) {
        self.gauges.clone_from(&finding.gauges);
    }

    pub(crate) fn aws(&mut self, meter: Meter) {
        self.aws = meter;
    }

    pub(crate) fn events_lost(&mut self, lost: usize) {
        self.events_lost = lost;
    }

    /// How often AWS was called.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.aws
    }

    /// The line for CloudWatch.
    #[must_use]
    pub fn line(&self, now: Timestamp) -> Value {
        let calls = [("AwsCalls", json!(self.aws.calls)), ("Throttles", json!(self.aws.throttles))];
        let mut values = Vec::new();
        if self.counts_calls {
            values.extend(calls.clone());
        }
        if let Some(outcomes) = self.outcomes {
            values.push(("Changed", json!(outcomes.changed)));
            values.push(("Failed", json!(outcomes.failed)));
        }
        if self.counts_calls && self.events_lost > 0 {
            values.push(("EventsLost", json!(self.events_lost)));
        }
        values.extend(self.gauges.iter().map(|gauge| (gauge.name, json!(gauge.value))));
        let definitions: Vec<_> =
            values.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
        let mut line = json!({
            "_aws": {
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [
                    {"Namespace": "ecs-steward", "Dimensions": [["Function"]], "Metrics": definitions}
                ]
            },
            "Function": self.function,
        });
        if let Some(fields) = line.as_object_mut() {
            fields.extend(calls.into_iter().chain(values).map(|(name, value)| (name.to_owned(), value)));
        }
        line
    }
}
