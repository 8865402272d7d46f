//! The scoreboard.

use super::look::Look;
use super::system::Calls;

/// What has been counted.
#[derive(Debug, Default)]
pub(super) struct Score {
    /// How many services were back as they were in each morning, of how many.
    mornings: Vec<(usize, usize)>,
    ticks: usize,
    /// Ticks that changed nothing.
    quiet: usize,
    requests: usize,
    calls: Calls,
    /// Images that were deleted, and that were left.
    images: (u64, u64),
}

impl Score {
    /// Counts a tick of reconcile, and what it cost.
    pub(super) fn tick(&mut self, calls: Calls) {
        self.ticks += 1;
        self.quiet += usize::from(calls.writes == 0);
        self.cost(calls);
    }

    /// Counts a request of a person or a bot, and what it cost.
    pub(super) fn request(&mut self, calls: Calls) {
        self.requests += 1;
        self.cost(calls);
    }

    /// Counts what a pruning took and left.
    pub(super) fn pruned(&mut self, deleted: u64, kept: u64) {
        self.images = (deleted, kept);
    }

    fn cost(&mut self, calls: Calls) {
        self.calls.reads += calls.reads;
        self.calls.writes += calls.writes;
    }

    /// Counts the services that are back as they were.
    pub(super) fn returned(&mut self, before: &Look, after: &Look) {
        let other = before.wrong_in(after, |was, is| is.difference(was)).len();
        self.mornings.push((before.services.len() - other, before.services.len()));
    }

    /// The scoreboard's rows, of so many task-seconds planned and run.
    pub(super) fn rows(&self, planned: i64, run: i64, throttled: usize) -> Vec<Vec<String>> {
        let back = self.mornings.iter().map(|(back, all)| format!("{back} of {all}"));
        let back = back.collect::<Vec<_>>().join(", ");
        let saved = planned - run;
        let share = if planned > 0 { saved * 100 / planned } else { 0 };
        let row = |what: &str, how_much: String| vec![what.to_owned(), how_much];
        vec![
            row("services back as they were, each working morning", back),
            row("task-hours not run", format!("{} of {} ({share} %)", hours(saved), hours(planned))),
            row(
                "ticks of reconcile that were fired",
                format!("{}, {} of them quiet", self.ticks, self.quiet),
            ),
            row("images deleted, and kept", format!("{}, {}", self.images.0, self.images.1)),
            row("requests of people and bots", self.requests.to_string()),
            row("AWS calls that these made to look", self.calls.reads.to_string()),
            row("AWS calls that these made to change", self.calls.writes.to_string()),
            row("calls that AWS throttled", throttled.to_string()),
        ]
    }
}

/// Full hours, to the nearest.
pub(super) fn hours(seconds: i64) -> i64 {
    (seconds + HOUR / 2) / HOUR
}

const HOUR: i64 = 60 * 60;
