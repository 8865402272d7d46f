//! What the schedules of the year mean, reckoned in the plainest way: every opening of every window
//! written down beforehand. It shares no line with the code that it is compared with.

use jiff::civil::{Date, DateTime, date};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

/// The zone of what names none.
pub(crate) const DEFAULT_ZONE: &str = "Europe/Berlin";
/// Dates that are days off everywhere.
pub(crate) const HOLIDAYS: [&str; 8] = [
    "2026-01-01",
    "2026-04-03",
    "2026-05-01",
    "2026-06-04",
    "2026-09-07",
    "2026-10-03",
    "2026-12-25",
    "2026-12-26",
];
/// The name in the catalog of the first plan.
pub(crate) const NAMED: (&str, &str) = ("office-hours", "Mon-Fri 08:00-20:00");

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "UTC",
    "Pacific/Auckland",
    "America/Santiago",
];
const HOUR: i64 = 3600;

/// Days (first, last; they may wrap), start and end in minutes of the day.
type Shape = &'static [(usize, usize, i64, i64)];
const SHAPES: [Shape; 9] = [
    &[(0, 4, 8 * 60, 20 * 60)],
    &[(0, 4, 9 * 60, 12 * 60 + 30), (0, 4, 13 * 60 + 30, 18 * 60)],
    &[(0, 4, 20 * 60, 8 * 60)],
    &[(4, 0, 10 * 60, 16 * 60)],
    &[(0, 6, 22 * 60, 2 * 60 + 30)],
    &[(0, 3, 7 * 60 + 15, 24 * 60), (4, 4, 7 * 60 + 15, 15 * 60)],
    &[(5, 6, 2 * 60, 3 * 60), (5, 6, 2 * 60 + 30, 11 * 60 + 5)],
    &[(6, 6, 90, 23 * 60), (2, 2, 0, 24 * 60), (3, 3, 0, 4 * 60)],
    &[(0, 0, 6 * 60, 19 * 60)],
];

#[derive(Clone, Debug)]
enum Kind {
    Always,
    /// With the midnights that count as its transitions.
    Never(Vec<i64>),
    /// Its openings in order, those that touch joined.
    Windows(Vec<(i64, i64)>),
}

/// A schedule: its text, and what it means.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The tag's value.
    pub(crate) tag: String,
    kind: Kind,
}

/// What a plan wants, and since when it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) on: bool,
    pub(crate) since: Option<i64>,
    /// It is never on, and has midnights in place of transitions.
    pub(crate) never: bool,
}

/// All plans of the year.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans = vec![windows(NAMED.0, SHAPES.first().copied().unwrap_or_default(), DEFAULT_ZONE)];
    for (n, shape) in SHAPES.iter().enumerate() {
        // Two zones for each shape, and each zone more than once.
        for zone in [n, n * 3 + 1].iter().filter_map(|z| ZONES.get(z % ZONES.len())) {
            // What the catalog names would have the same hash.
            if n != 0 || *zone != DEFAULT_ZONE {
                plans.push(windows(&text(shape, zone), shape, zone));
            }
        }
    }
    plans.push(Plan { tag: "always".into(), kind: Kind::Always });
    let midnights =
        days().filter_map(|day| instant(day.at(0, 0, 0, 0), &zone(DEFAULT_ZONE), false)).collect();
    plans.push(Plan { tag: "never".into(), kind: Kind::Never(midnights) });
    plans
}

impl Plan {
    pub(crate) fn at(&self, now: i64) -> Position {
        match &self.kind {
            Kind::Always => Position { on: true, since: None, never: false },
            Kind::Never(midnights) => {
                let since = midnights.iter().copied().take_while(|at| *at <= now).last();
                Position { on: false, since, never: true }
            }
            Kind::Windows(open) => {
                let next = open.partition_point(|(from, _)| *from <= now);
                let last = next.checked_sub(1).and_then(|n| open.get(n)).copied();
                let on = last.is_some_and(|(_, to)| now < to);
                let since = last.map(|(from, to)| if on { from } else { to });
                Position { on, since, never: false }
            }
        }
    }

    /// The next instant at which it changes.
    pub(crate) fn next(&self, now: i64) -> Option<i64> {
        match &self.kind {
            Kind::Always => None,
            Kind::Never(midnights) => midnights.iter().copied().find(|at| *at > now),
            Kind::Windows(open) => {
                let n = open.partition_point(|(_, to)| *to <= now);
                open.get(n).map(|(from, to)| if *from > now { *from } else { *to })
            }
        }
    }
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// A little more than the year on both sides.
fn days() -> impl Iterator<Item = Date> {
    date(2025, 11, 1).series(1.day()).take(900)
}

fn text(shape: Shape, zone: &str) -> String {
    let day = |n: &usize| DAYS.get(*n).copied().unwrap_or_default();
    let time = |minutes: &i64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let window = |(first, last, start, end): &(usize, usize, i64, i64)| {
        let days = if first == last { day(first).into() } else { format!("{}-{}", day(first), day(last)) };
        format!("{days} {}-{}", time(start), time(end))
    };
    let windows: Vec<String> = shape.iter().map(window).collect();
    format!("{} {zone}", windows.join(" + "))
}

fn windows(tag: &str, shape: Shape, name: &str) -> Plan {
    let zone = zone(name);
    let mut open = Vec::new();
    for day in days().filter(|day| !HOLIDAYS.contains(&day.to_string().as_str())) {
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        for (first, last, start, end) in shape {
            let within = if first <= last {
                (*first..=*last).contains(&weekday)
            } else {
                weekday >= *first || weekday <= *last
            };
            let midnight = day.at(0, 0, 0, 0);
            let over = if end <= start { end + 24 * 60 } else { *end };
            let edge = |minutes: i64, is_end| instant(midnight + minutes.minutes(), &zone, is_end);
            if let (true, Some(from), Some(to)) = (within, edge(*start, false), edge(over, true))
                && from < to
            {
                open.push((from, to));
            }
        }
    }
    open.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in open {
        match joined.last_mut().filter(|last| last.1 >= from) {
            Some(last) => last.1 = last.1.max(to),
            None => joined.push((from, to)),
        }
    }
    Plan { tag: tag.into(), kind: Kind::Windows(joined) }
}

/// A local time as an instant: after a gap, and of two the earlier for a start, the later for an end.
fn instant(local: DateTime, zone: &TimeZone, is_end: bool) -> Option<i64> {
    let by = |offset: Offset| offset.to_timestamp(local).ok();
    let at = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => by(offset)?,
        AmbiguousOffset::Gap { after, .. } => zone.following(by(after)?).next()?.timestamp(),
        AmbiguousOffset::Fold { before, after } => by(if is_end { after } else { before })?,
    };
    Some(at.as_second())
}

/// The last whole day's repetition of an off period, if one has passed.
pub(crate) fn repeated(position: Position, now: i64) -> Option<i64> {
    let since = position.since.filter(|_| !position.on && !position.never)?;
    let days = (now - since) / (24 * HOUR);
    (days > 0).then_some(since + days * 24 * HOUR)
}

/// An instant as RFC 3339 text.
pub(crate) fn rfc3339(at: i64) -> String {
    Timestamp::from_second(at).map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn a_window_over_the_clock_changes_of_berlin() {
        let night = windows("", &[(0, 6, 22 * 60, 2 * 60 + 30)], "Europe/Berlin");
        // The end does not exist on the last Sunday of March, and exists twice on that of October.
        assert_eq!(night.next(at("2026-03-28T23:00:00Z")), Some(at("2026-03-29T01:00:00Z")));
        assert_eq!(night.next(at("2026-10-24T23:00:00Z")), Some(at("2026-10-25T01:30:00Z")));
        assert!(night.at(at("2026-10-25T01:29:59Z")).on);
        assert!(!night.at(at("2026-10-25T01:30:00Z")).on);
    }

    #[test]
    fn no_two_plans_have_the_same_text() {
        let mut tags: Vec<String> = plans().into_iter().map(|plan| plan.tag).collect();
        let all = tags.len();
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), all);
    }
}
