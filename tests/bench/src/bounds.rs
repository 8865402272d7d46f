//! The least that AWS lets anybody take, from its batch sizes and its published rates.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>

use std::time::Duration;

/// A bucket of AWS's: how many calls at once, and how many a second from then on.
#[derive(Clone, Copy, Debug)]
pub struct Rate(pub u32, pub u32);

/// `UpdateService`.
pub const SERVICE_WRITE: Rate = Rate(50, 5);
/// `ListServices`, `DescribeServices`.
pub const SERVICE_READ: Rate = Rate(100, 20);
/// `TagResource`.
pub const TAG: Rate = Rate(20, 10);
/// `DescribeTaskDefinition`.
pub const DEFINITION_READ: Rate = Rate(50, 20);
/// `DescribeServiceRevisions`.
pub const REVISION_READ: Rate = Rate(50, 20);

impl Rate {
    /// How long so many calls take at the least.
    #[must_use]
    pub fn time(self, calls: usize) -> Duration {
        let Self(burst, rate) = self;
        let waiting = calls.saturating_sub(burst as usize);
        Duration::from_secs_f64(f64::from(u32::try_from(waiting).unwrap()) / f64::from(rate))
    }

    /// The same bucket in an account that has more or less of it.
    #[must_use]
    pub fn scaled(self, calls: usize, factor: f64) -> Duration {
        let Self(burst, rate) = self;
        let waiting = (f64::from(u32::try_from(calls).unwrap()) - f64::from(burst) * factor).max(0.0);
        Duration::from_secs_f64(waiting / (f64::from(rate) * factor))
    }
}

/// How many calls so many things take, so many to a call.
#[must_use]
pub fn batches(things: usize, to_a_call: usize) -> usize {
    things.div_ceil(to_a_call)
}

/// The calls that show services with their tags, for so many in each of so many clusters: the clusters' names a page
/// of 100, their descriptions 100 to a call, the services' names a page of 100, their descriptions 10 to a call.
#[must_use]
pub fn look(clusters: usize, each: usize) -> usize {
    let of_clusters = 2 * batches(clusters, 100);
    of_clusters + clusters * (batches(each, 100).max(1) + batches(each, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_those_of_the_design() {
        assert_eq!(SERVICE_WRITE.time(1_000), Duration::from_secs(190));
        assert_eq!(SERVICE_WRITE.time(40), Duration::ZERO);
        assert_eq!(TAG.time(2_000), Duration::from_secs(198));
        assert_eq!(SERVICE_WRITE.scaled(1_000, 0.5), Duration::from_secs(390));
        assert_eq!(look(20, 50), 122);
        assert_eq!(look(1, 1_000), 112);
    }
}
