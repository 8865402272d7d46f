//! A run's clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Tells the time within a run: from the instant that its event came in, on the clock that `tokio` sleeps on.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Timestamp,
    begun: Instant,
}

impl Clock {
    /// A clock that says `now`, now.
    #[must_use]
    pub fn start(now: Timestamp) -> Self {
        Self { start: now, begun: Instant::now() }
    }

    /// What it says by now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(passed).unwrap_or(self.start)
    }

    /// How long the run has been under way.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}
