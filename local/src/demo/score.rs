//! The scoreboard.

use super::look::Look;
use super::stage::Delivery;

/// What has been counted.
#[derive(Debug, Default)]
pub(super) struct Score {
    returned: (usize, usize),
    events: usize,
    reads: usize,
    writes: usize,
}

impl Score {
    /// Counts what an event cost.
    pub(super) fn events(&mut self, delivery: &Delivery) {
        self.events += 1;
        self.reads += delivery.reads;
        self.writes += delivery.writes;
    }

    /// Counts the services that are back as they were.
    pub(super) fn returned(&mut self, before: &Look, after: &Look) {
        let other = before.wrong_in(after, |was, is| is.difference(was)).len();
        self.returned = (before.services.len() - other, before.services.len());
    }

    /// The scoreboard's rows, of so many task-seconds planned and run.
    pub(super) fn rows(&self, planned: i64, run: i64, throttled: usize) -> Vec<Vec<String>> {
        let (back, all) = self.returned;
        let hours = |seconds: i64| (seconds + HOUR / 2) / HOUR;
        let saved = planned - run;
        let share = if planned > 0 { saved * 100 / planned } else { 0 };
        let row = |what: &str, how_much: String| vec![what.to_owned(), how_much];
        vec![
            row("services back as they were", format!("{back} of {all}")),
            row("task-hours not run", format!("{} of {} ({share} %)", hours(saved), hours(planned))),
            row("events to scale-service", self.events.to_string()),
            row("AWS calls they made to look", self.reads.to_string()),
            row("AWS calls they made to change", self.writes.to_string()),
            row("calls that AWS throttled", throttled.to_string()),
        ]
    }
}

const HOUR: i64 = 60 * 60;
