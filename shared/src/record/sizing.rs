//! The law of size: what a stop saves, and what a start brings back.
//!
//! It is the same for services and for Auto Scaling groups. Plans act by it, and whatever foretells
//! them (the agenda) asks it too, so that the two cannot differ.

use std::num::NonZeroU32;

use super::{By, Record, Saved, State};

/// What is seen of the size of a service or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live<S> {
    /// Its size as it is; without a count where it is at 0.
    pub size: S,
    /// Nothing can wake it: it has no scaling, or its scaling is as a stop leaves it.
    pub asleep: bool,
    /// How many a stop leaves: its night size.
    pub night: u32,
    /// The greatest count that a start sets: its scalable target's max, `MAX_DESIRED`, a group's max.
    pub most: u32,
}

/// How many there are, beside how many a stop leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The desired count or capacity.
    pub count: u32,
    /// How many a stop leaves: its night size.
    pub night: u32,
    /// Something scales it, awake or asleep.
    pub scaled: bool,
    /// Nothing can wake it: it has no scaling, or its scaling is as a stop leaves it.
    pub asleep: bool,
}

impl Level {
    /// As a stop leaves it: no more than its night size, and nothing can wake it.
    #[must_use]
    pub fn is_at_rest(self) -> bool {
        self.count <= self.night && self.asleep
    }

    /// At 0, or as a stop leaves it.
    #[must_use]
    pub fn is_down(self) -> bool {
        self.count == 0 || self.is_at_rest()
    }

    /// A stop of ours may have left it so, whose record is lost: that is never a size. A few tasks that nothing
    /// scales are just a small service, unless it is wanted off.
    #[must_use]
    pub fn may_be_ours(self, is_wanted_off: bool) -> bool {
        self.count == 0 || (self.is_at_rest() && (self.scaled || is_wanted_off))
    }
}

impl<S: Saved> Live<S> {
    /// How many there are, beside how many a stop leaves.
    #[must_use]
    pub fn level(&self) -> Level {
        Level {
            count: self.size.count().map_or(0, u32::from),
            night: self.night,
            scaled: self.size.bounds().is_some(),
            asleep: self.asleep,
        }
    }

    /// Its scaling where that is somebody's choice. What sleeps may have been put to sleep by us.
    fn awake(&self) -> Option<S::Bounds> {
        self.size.bounds().filter(|_| !self.asleep)
    }

    /// The size as it is seen at first: our own sleep is never taken for a size.
    #[must_use]
    pub fn at_first_sight(&self) -> S {
        self.size.clone().with(self.size.count().filter(|_| !self.level().may_be_ours(false)), self.awake())
    }

    /// Its count, unless a stop may have left it: no more than its night size, where it had more.
    fn chosen(&self, recorded: Option<NonZeroU32>) -> Option<NonZeroU32> {
        let had_more = recorded.is_some_and(|count| u32::from(count) > self.night);
        self.size.count().filter(|count| u32::from(*count) > self.night || !had_more)
    }
}

/// The size that a stop writes down.
///
/// It is taken only from what is on: what people do inside an off period is temporary, and a stop
/// that was begun has written it down already.
#[must_use]
pub fn to_save<S: Saved>(record: Option<&Record<S>>, live: &Live<S>) -> S {
    let (count, bounds) = match record {
        None => return live.at_first_sight(),
        Some(Record { state: State::On, size, by, .. }) => {
            // Our own sleep is never a size: of what was adopted after its record was lost, and of what a
            // concurrent run has just put to sleep.
            let is_ours = live.asleep && (*by == Some(By::Adoption) || live.level().may_be_ours(false));
            let own = live.size.bounds().and_then(|now| if is_ours { size.bounds() } else { Some(now) });
            // A queue worker that autoscaling took to 0 keeps the count it last had, and so does what a
            // start had to bring within its bounds: they may be raised again.
            let clamped = live.size.count().map(u32::from) == Some(live.most)
                && size.count().is_some_and(|count| u32::from(count) > live.most);
            let count = live.chosen(size.count()).filter(|_| !clamped).or(size.count());
            (count, own)
        }
        // A target that was made while the service slept must not lose its bounds either.
        Some(Record { size, .. }) => (size.count(), size.bounds().or(live.awake())),
    };
    live.size.clone().with(count, bounds)
}

/// The size that a start brings back: the record's, else the one that the tag `steward:size` says.
/// Without a count nothing says what to start it with.
#[must_use]
pub fn to_restore<S: Saved>(record: Option<&Record<S>>, live: &Live<S>, tagged: Option<&S>) -> S {
    let off = record.is_some_and(|record| record.state != State::On);
    let recorded = record.map(|record| &record.size);
    // Where we did not put the scaling to sleep, it is as it should be, unless it sleeps.
    let bounds = if off { recorded.and_then(S::bounds) } else { live.awake() };
    let size = live.size.clone().with(recorded.and_then(S::count), bounds);
    let size = recorded.map_or_else(|| size.clone(), |recorded| size.clone().with_what_is_recorded(recorded));
    match tagged {
        Some(tagged) => size.or(tagged),
        None => size,
    }
}

/// The size with which it will be seen at its next start: what is saved before that, brought back.
#[must_use]
pub fn comes_back_with<S: Saved>(record: Option<&Record<S>>, live: &Live<S>, tagged: Option<&S>) -> S {
    match record {
        Some(record) if record.state == State::Off => to_restore(Some(record), live, tagged),
        _ => {
            let saved = to_save(record, live);
            tagged.map_or_else(|| saved.clone(), |tagged| saved.clone().or(tagged))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application_autoscaling::Suspended;
    use crate::record::{Scaling, Size};

    fn size(text: &str) -> Size {
        if text.is_empty() { Size::default() } else { text.parse().unwrap() }
    }

    fn live(text: &str) -> Live<Size> {
        let size = size(text);
        let asleep = size.scaling.is_none_or(|it| it.min == 0 && it.suspended == Suspended::ALL);
        Live { size, asleep, night: 0, most: 5 }
    }

    fn record(text: &str) -> Option<Record> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    #[test]
    fn a_size_is_saved_only_from_what_is_on_and_our_own_sleep_is_never_a_size() {
        for (of_record, live_size, saved) in [
            ("", "n=3 min=2 susp=---", "n=3 min=2 susp=---"),
            ("", "min=0 susp=ios", ""),
            ("", "n=2 min=0 susp=ios", "n=2"),
            ("v1 on@2026-11-23T08:00:00Z n=2 min=1 susp=---", "n=2 min=0 susp=ios", "n=2 min=0 susp=ios"),
            ("v1 on@2026-11-23T08:00:00Z n=2 min=1 susp=---", "min=0 susp=ios", "n=2 min=1 susp=---"),
            ("v1 on@2026-11-23T08:00:00Z n=2 min=1 susp=---", "n=2", "n=2"),
            (
                "v1 on@2026-11-23T08:00:00Z n=2 min=1 susp=--- by=adoption",
                "n=3 min=0 susp=ios",
                "n=3 min=1 susp=---",
            ),
            ("v1 on@2026-11-23T08:00:00Z by=adoption", "n=3 min=0 susp=ios", "n=3"),
            (
                "v1 starting@2026-11-23T08:00:00Z n=5 min=2 susp=---",
                "n=2 min=2 susp=i--",
                "n=5 min=2 susp=---",
            ),
            ("", "min=0 susp=---", "min=0 susp=---"),
            ("v1 on@2026-11-23T08:00:00Z n=3", "n=5", "n=5"),
            ("v1 on@2026-11-23T08:00:00Z n=8", "n=5", "n=8"),
            ("v1 on@2026-11-23T08:00:00Z n=8", "n=4", "n=4"),
            ("v1 on@2026-11-23T08:00:00Z n=3 min=1 susp=---", "min=2 susp=i--", "n=3 min=2 susp=i--"),
            (
                "v1 on@2026-11-23T08:00:00Z n=3 min=1 susp=--- by=adoption",
                "min=0 susp=ios",
                "n=3 min=1 susp=---",
            ),
            ("v1 off@2026-11-23T20:00:00Z n=5 min=1 susp=---", "n=1 min=3 susp=---", "n=5 min=1 susp=---"),
            ("v1 off@2026-11-23T20:00:00Z n=5", "n=1 min=3 susp=---", "n=5 min=3 susp=---"),
            ("v1 stopping@2026-11-23T20:00:00Z n=5", "min=0 susp=ios", "n=5"),
        ] {
            let record = record(of_record);
            assert_eq!(
                to_save(record.as_ref(), &live(live_size)),
                size(saved),
                "{of_record:?} {live_size:?}"
            );
        }
    }

    #[test]
    fn a_count_of_no_more_than_the_night_size_is_saved_only_where_it_never_was_more() {
        for (recorded, now, saved) in [
            ("n=5", "n=2 min=0 susp=ios", "n=5"),
            ("n=5", "n=1 min=0 susp=ios", "n=5"),
            ("n=5", "n=3 min=0 susp=ios", "n=3"),
            ("n=2", "n=1 min=0 susp=ios", "n=1"),
            ("n=1", "n=2 min=0 susp=ios", "n=2"),
        ] {
            let record = record(&format!("v1 on@2026-11-23T08:00:00Z {recorded} min=1 susp=---"));
            let live = Live { night: 2, ..live(now) };
            assert_eq!(to_save(record.as_ref(), &live).count, size(saved).count, "{recorded}, now {now}");
        }
    }

    #[test]
    fn what_comes_back_is_the_records_else_what_the_tag_says() {
        for (of_record, live_size, tagged, restored) in [
            ("v1 off@2026-11-23T20:00:00Z n=5 min=1 susp=-o-", "min=0 susp=ios", "n=3", "n=5 min=1 susp=-o-"),
            ("v1 off@2026-11-23T20:00:00Z", "min=0 susp=ios", "n=3 min=2 susp=---", "n=3 min=2 susp=---"),
            ("v1 off@2026-11-23T20:00:00Z n=5", "min=0 susp=---", "n=3 min=1 susp=---", "n=5 min=1 susp=---"),
            ("v1 on@2026-11-23T08:00:00Z n=5 min=4 susp=---", "min=0 susp=---", "", "n=5 min=0 susp=---"),
            ("", "min=0 susp=ios", "n=3 min=1 susp=---", "n=3 min=1 susp=---"),
            ("", "", "", ""),
        ] {
            let (record, tagged) = (record(of_record), size(tagged));
            let size_now = to_restore(record.as_ref(), &live(live_size), Some(&tagged));
            assert_eq!(size_now, size(restored), "{of_record:?} {live_size:?} {tagged}");
        }
    }

    #[test]
    fn what_is_foretold_is_what_a_stop_and_the_start_after_it_bring_back() {
        let scaling = |min| Some(Scaling { min, suspended: Suspended::default() });
        let asleep = || live("min=0 susp=ios");
        for of_record in
            ["", "v1 on@2026-11-23T08:00:00Z n=3", "v1 stopping@2026-11-23T20:00:00Z n=3 min=1 susp=---"]
        {
            for (count, min) in [(0, 0), (0, 2), (4, 0), (4, 2)] {
                for tagged in [None, Some(Size { count: 7.try_into().ok(), scaling: scaling(9) })] {
                    let (record, size) =
                        (record(of_record), Size { count: u32::try_into(count).ok(), scaling: scaling(min) });
                    let now = Live { size, asleep: false, night: 0, most: 500 };
                    let saved = to_save(record.as_ref(), &now);
                    let off = Record {
                        size: saved,
                        ..super::tests::record("v1 off@2026-11-23T20:00:00Z").unwrap()
                    };
                    let back = to_restore(Some(&off), &asleep(), tagged.as_ref());
                    assert_eq!(
                        comes_back_with(record.as_ref(), &now, tagged.as_ref()),
                        back,
                        "{of_record:?} {now:?}"
                    );
                }
            }
        }
    }
}
