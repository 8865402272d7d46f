//! The instant after which nothing new is started.

use std::time::{Duration, Instant};

/// When a run must have ended. Made once, where the event comes in; whoever reads the clock
/// hands the instant in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline at this instant of the monotonic clock.
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// This deadline, or the other if that comes first.
    #[must_use]
    pub fn or_sooner(self, other: Instant) -> Self {
        Self(self.0.min(other))
    }

    /// What is left of it, zero when it has passed.
    #[must_use]
    pub fn left(self, now: Instant) -> Duration {
        self.0.saturating_duration_since(now)
    }
}
