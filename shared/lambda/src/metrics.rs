//! Metrics in CloudWatch's embedded metric format: a line of JSON on standard output.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//!
//! Custom metrics are paid for one by one, so there are few, with the function's own
//! name as the only dimension; cluster, service and API are fields of the log. Duration is Lambda's own metric.

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{Code, Item, Meter, Report};

/// What one invocation counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    function: String,
    outcomes: Option<Outcomes>,
    aws: Meter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcomes {
    changed: usize,
    failed: usize,
    not_attempted: usize,
    /// Services that are wanted on and not up in time; counted by what recurs.
    late_to_wake: Option<usize>,
}

impl Metrics {
    pub(crate) fn of(function: &str) -> Self {
        Self { function: function.to_owned(), outcomes: None, aws: Meter::default() }
    }

    pub(crate) fn report(&mut self, report: &Report) {
        if !report.dry_run {
            let counts = report.counts;
            let late = |item: &&Item| item.warnings.iter().any(|warning| warning.code == Code::LateToWake);
            let late_to_wake = report.recurs.then(|| report.items.iter().filter(late).count());
            self.outcomes = Some(Outcomes {
                changed: counts.changed,
                failed: counts.failed,
                not_attempted: counts.not_attempted,
                late_to_wake,
            });
        }
    }

    pub(crate) fn aws(&mut self, meter: Meter) {
        self.aws = meter;
    }

    /// How often AWS was called.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.aws
    }

    /// The line for CloudWatch.
    #[must_use]
    pub fn line(&self, now: Timestamp) -> Value {
        let mut values = vec![("AwsCalls", json!(self.aws.calls)), ("Throttles", json!(self.aws.throttles))];
        if let Some(outcomes) = self.outcomes {
            values.push(("Changed", json!(outcomes.changed)));
            values.push(("Failed", json!(outcomes.failed)));
            values.push(("NotAttempted", json!(outcomes.not_attempted)));
            values.extend(outcomes.late_to_wake.map(|late| ("LateToWake", json!(late))));
        }
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
            fields.extend(values.into_iter().map(|(name, value)| (name.to_owned(), value)));
        }
        line
    }
}
