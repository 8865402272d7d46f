//! What a run took, by the ledger of the embedded AWS.

use std::time::Duration;

use emulator::{Aws, Call};
use jiff::Timestamp;

use crate::process::Used;

/// What one run took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Calls that reached AWS.
    pub calls: usize,
    /// Those of them that change something, refused ones too.
    pub writes: usize,
    /// Those that AWS throttled.
    pub throttles: usize,
    /// Services, or repositories, that are not as they should be.
    pub wrong: usize,
    /// From the start of the run to its end.
    pub wall: Duration,
    /// From the start of the run to the last change of a service's count.
    pub last_change: Option<Duration>,
    /// What the process took.
    pub used: Used,
}

/// Whether AWS refused a call because there were too many.
fn is_throttled(call: &Call) -> bool {
    call.outcome.as_ref().is_err_and(|code| code.contains("Throttling") || code.contains("TooManyRequests"))
}

impl Figures {
    /// By the ledger since it was last emptied, for a run that began at this date of its world.
    #[must_use]
    pub fn of(aws: &Aws, began: Timestamp) -> Self {
        let calls = aws.ledger();
        let changed = |call: &&Call| call.operation == "UpdateService" && call.committed;
        let last = calls.iter().rev().find(changed);
        Self {
            calls: calls.len(),
            writes: calls.iter().filter(|call| call.write).count(),
            throttles: calls.iter().filter(|call| is_throttled(call)).count(),
            last_change: last.map(|call| since(began, call.at)),
            ..Self::default()
        }
    }

    /// Of each figure the median of several runs.
    #[must_use]
    pub fn median(runs: &[Self]) -> Self {
        Self {
            calls: median(runs.iter().map(|run| run.calls)),
            writes: median(runs.iter().map(|run| run.writes)),
            throttles: median(runs.iter().map(|run| run.throttles)),
            wrong: median(runs.iter().map(|run| run.wrong)),
            wall: median(runs.iter().map(|run| run.wall)),
            last_change: median(runs.iter().map(|run| run.last_change)),
            used: Used {
                cpu: median(runs.iter().map(|run| Hundredths::of(run.used.cpu))).seconds(),
                peak_kib: median(runs.iter().map(|run| run.used.peak_kib)),
            },
        }
    }
}

/// From one date to a later one.
#[must_use]
pub fn since(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// Seconds that can be put in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Hundredths(Duration);

impl Hundredths {
    fn of(seconds: f64) -> Self {
        Self(Duration::from_secs_f64(seconds))
    }

    fn seconds(self) -> f64 {
        self.0.as_secs_f64()
    }
}

/// The middle one of these; the lower of the two in the middle. Nothing where there are none.
#[must_use]
pub fn median<T: Ord + Default>(all: impl Iterator<Item = T>) -> T {
    let mut all: Vec<T> = all.collect();
    all.sort_unstable();
    let middle = all.len().saturating_sub(1) / 2;
    all.into_iter().nth(middle).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_one() {
        assert_eq!(median([5, 1, 9].into_iter()), 5);
        assert_eq!(median([4, 1, 2, 3].into_iter()), 2);
        assert_eq!(median(Vec::<u8>::new().into_iter()), 0);
    }
}
