//! How often AWS was called, for the metrics.

use std::ops::Sub;

/// Calls made to AWS so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// Attempts, retries included.
    pub calls: u64,
    /// Attempts that AWS throttled.
    pub throttles: u64,
}

impl Sub for Meter {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(before.calls),
            throttles: self.throttles.saturating_sub(before.throttles),
        }
    }
}
