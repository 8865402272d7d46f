//! The world's date follows tokio's clock, plus an offset that its owner moves.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A date that goes on by itself (or stands still while tokio's clock is paused) and can be moved forward.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    origin: Timestamp,
    started: Instant,
    offset: SignedDuration,
}

impl Clock {
    pub(crate) fn starting_at(origin: Timestamp) -> Self {
        Self { origin, started: Instant::now(), offset: SignedDuration::ZERO }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX);
        self.origin.checked_add(elapsed).and_then(|t| t.checked_add(self.offset)).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn move_to(&mut self, to: Timestamp) {
        let ahead = to.duration_since(self.now());
        if ahead.is_positive() {
            self.offset = self.offset.saturating_add(ahead);
        }
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.offset = self.offset.saturating_add(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX));
    }
}
