//! What a bedtime check found: its answer, and what a schedule's run tells.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use shared::Code;
use shared::call::{Finding, LARGEST_ANSWER, quoted_len};
use shared::ecs::Failure;
use shared::events::{BusEvent, Sleeper as EventSleeper, WillNotWake, first};
use shared::report::Gauge;
use shared::settings::headline;
use shared::wake::{Because, CanWake};

use super::WakeLine;
use crate::ViewSettings;

/// Kept free for the fields around the list.
const ROOM: usize = 16 * 1024;
/// How many services a summary names.
const NAMED: usize = 5;

/// What a bedtime check found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WakeCheck")]
pub struct WakeCheck {
    /// One line that can be posted as it is.
    pub summary: String,
    /// How many sleep, or will.
    pub checked: usize,
    /// How many of them will not wake unless somebody mends something.
    pub at_risk: usize,
    /// How many could not be looked at whole.
    pub unknown: usize,
    /// Those that will not wake, then those that could not be looked at whole, then the others: each in the order of
    /// clusters and names.
    pub wake: Vec<WakeLine>,
    /// How many of the last are left out, because the answer would be larger than Lambda carries.
    #[serde(skip_serializing_if = "is_none")]
    pub left_out: usize,
    /// What AWS could not find, and clusters that could not be looked at.
    pub failures: Vec<Failure>,
}

impl WakeCheck {
    /// What was found, in one line and in order. `of` is the cluster that was asked for, if one was.
    #[must_use]
    pub fn new(
        mut lines: Vec<WakeLine>,
        failures: Vec<Failure>,
        of: Option<&str>,
        settings: &ViewSettings,
    ) -> Self {
        lines.sort_by(|a, b| {
            let key = |line: &WakeLine| {
                (std::cmp::Reverse(line.verdict.can_wake), line.cluster.clone(), line.service.clone())
            };
            key(a).cmp(&key(b))
        });
        let count = |can_wake| lines.iter().filter(|line| line.verdict.can_wake == can_wake).count();
        let (at_risk, unknown) = (count(CanWake::No), count(CanWake::Unknown));
        let summary = format!(
            "{}: {}",
            headline(&settings.label, of),
            summary(&lines, at_risk, unknown, failures.len())
        );
        Self { summary, checked: lines.len(), at_risk, unknown, wake: lines, left_out: 0, failures }
    }

    /// As much of it as Lambda carries: those that matter most come first.
    #[must_use]
    pub fn fitting(mut self) -> Self {
        let mut room = LARGEST_ANSWER.saturating_sub(ROOM + quoted_len(&json!(self.failures).to_string()));
        let fits = |line: &WakeLine| {
            let left = room.checked_sub(quoted_len(&json!(line).to_string()) + 1);
            room = left.unwrap_or(0);
            left.is_some()
        };
        let fitting = self.wake.iter().map(fits).take_while(|fits| *fits).count();
        self.left_out = self.wake.len() - fitting;
        self.wake.truncate(fitting);
        self
    }

    /// The answer, with what a schedule's run tells beside it.
    #[must_use]
    pub fn finding(self) -> Finding {
        Finding {
            told: self.told(),
            gauges: self.gauges(),
            events: self.events(),
            body: json!(self),
            summary: self.summary,
        }
    }

    /// Those that will not wake, and why, for the log.
    fn told(&self) -> Vec<(String, String)> {
        let at_risk = self.wake.iter().filter(|line| line.verdict.can_wake == CanWake::No);
        let told = |line: &WakeLine| {
            let reasons = line.verdict.because.iter().filter(|it| it.can_wake == CanWake::No);
            let reasons: Vec<&str> = reasons.map(|it| it.reason.as_str()).collect();
            (
                format!("service/{}/{}", line.cluster, line.service),
                format!("it will not wake: {}", reasons.join("; ")),
            )
        };
        at_risk.map(told).collect()
    }

    /// An event for each cluster that has some of those.
    fn events(&self) -> Vec<BusEvent> {
        let mut clusters: BTreeMap<&str, Vec<EventSleeper>> = BTreeMap::new();
        for line in self.wake.iter().filter(|line| line.verdict.can_wake == CanWake::No) {
            let because = line.verdict.because.iter().filter(|it| it.can_wake == CanWake::No);
            clusters.entry(&line.cluster).or_default().push(EventSleeper {
                service: line.service.clone(),
                at: line.at.clone(),
                because: because.cloned().collect(),
            });
        }
        let event = |(cluster, services): (&str, Vec<EventSleeper>)| {
            let (services, count) = first(services);
            BusEvent::WillNotWake(WillNotWake { cluster: cluster.to_owned(), services, count })
        };
        clusters.into_iter().map(event).collect()
    }

    /// What a scheduled run measures.
    fn gauges(&self) -> Vec<Gauge> {
        let value = f64::from(u32::try_from(self.at_risk).unwrap_or(u32::MAX));
        vec![Gauge { name: "AtRisk", value }]
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's own form")]
fn is_none(left_out: &usize) -> bool {
    *left_out == 0
}

fn summary(lines: &[WakeLine], at_risk: usize, unknown: usize, failures: usize) -> String {
    let services =
        |count: usize| if count == 1 { "1 service".to_owned() } else { format!("{count} services") };
    let mut parts = vec![format!("{} off or to go off", services(lines.len()))];
    if at_risk > 0 {
        let told = |line: &WakeLine| {
            let first = line.verdict.because.iter().find(|it| it.can_wake == CanWake::No);
            let code = first.map_or(Code::Stranded, |because: &Because| because.code);
            format!("{} {code}", line.service)
        };
        let mut named: Vec<String> = lines.iter().take(at_risk.min(NAMED)).map(told).collect();
        if at_risk > NAMED {
            named.push(format!("and {} more", at_risk - NAMED));
        }
        parts.push(format!("{at_risk} will not wake ({})", named.join(", ")));
    } else {
        parts.push("none of them is known not to wake".into());
    }
    if unknown > 0 {
        parts.push(format!("{unknown} not fully known"));
    }
    if failures > 0 {
        parts.push(format!("{failures} not looked at"));
    }
    parts.join(", ")
}
