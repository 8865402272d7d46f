//! The year's random numbers: `splitmix64`, written out, so that a seed means the same year whatever
//! version of a library is built with.

use crate::model::Half;

/// A generator of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `from` to `to`, both possible.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = to.abs_diff(from).saturating_add(1);
        from.saturating_add(i64::try_from(self.next() % span).unwrap_or(0))
    }

    /// An index below `len`, and 0 where there is none.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.next()).unwrap_or(usize::MAX).checked_rem(len).unwrap_or(0)
    }

    /// True in so many of a hundred draws.
    pub(crate) fn percent(&mut self, share: i64) -> bool {
        self.between(1, 100) <= share
    }

    /// Which half of a schedule acts.
    pub(crate) fn half(&mut self) -> Half {
        match self.between(1, 100) {
            1..=12 => Half::StopOnly,
            13..=22 => Half::StartOnly,
            _ => Half::Both,
        }
    }

    /// How many tasks a service keeps while it is off: most keep none.
    pub(crate) fn night(&mut self) -> i64 {
        if self.percent(25) { self.between(1, 3) } else { 0 }
    }

    /// Three flags.
    pub(crate) fn flags(&mut self) -> [bool; 3] {
        [self.percent(30), self.percent(30), self.percent(30)]
    }
}
