//! A window: on certain days, from one time of the clock to another, in a zone.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};

use super::{Calendar, Moment, Zone};

/// The days of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Days {
    /// A day of each week, or a range of days that may wrap (`Fri-Mon`).
    Weekly {
        /// The first.
        first: Weekday,
        /// The last; the first again where it is one day.
        last: Weekday,
    },
    /// A day of each month (`first-Sat`).
    Monthly {
        /// Which of them.
        nth: Nth,
        /// The day of the week.
        day: Weekday,
    },
}

/// Which of a month's Saturdays, say. There is no fifth: most months have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Nth {
    /// The first, second, third or fourth: 0 to 3.
    FromStart(i8),
    /// The last.
    Last,
}

/// The days of a month as they are written.
pub(super) const NTHS: [(&str, Nth); 5] = [
    ("first", Nth::FromStart(0)),
    ("second", Nth::FromStart(1)),
    ("third", Nth::FromStart(2)),
    ("fourth", Nth::FromStart(3)),
    ("last", Nth::Last),
];

impl Nth {
    fn contains(self, date: Date) -> bool {
        match self {
            Self::FromStart(n) => (date.day() - 1) / 7 == n,
            Self::Last => date.day() + 7 > date.days_in_month(),
        }
    }
}

/// The days as they are written.
pub(super) const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

fn name(day: Weekday) -> &'static str {
    DAYS.into_iter().find(|(_, known)| *known == day).map_or("", |(name, _)| name)
}

impl Days {
    fn contains(self, date: Date) -> bool {
        let weekday = date.weekday();
        match self {
            Self::Weekly { first, last } => first.until(weekday) <= first.until(last),
            Self::Monthly { nth, day } => weekday == day && nth.contains(date),
        }
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weekly { first, last } if first == last => f.write_str(name(*first)),
            Self::Weekly { first, last } => write!(f, "{}-{}", name(*first), name(*last)),
            Self::Monthly { nth, day } => {
                let nth = NTHS.into_iter().find(|(_, known)| known == nth).map_or("", |(text, _)| text);
                write!(f, "{nth}-{}", name(*day))
            }
        }
    }
}

/// A time of the clock in minutes, from 00:00 to 24:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Clock(u16);

impl Clock {
    /// The day's end.
    pub(super) const MIDNIGHT_AFTER: Self = Self(24 * 60);

    /// `None` beyond 24:00.
    pub(super) fn new(hour: u16, minute: u16) -> Option<Self> {
        let clock = Self(hour.checked_mul(60)?.checked_add(minute)?);
        (minute < 60 && clock <= Self::MIDNIGHT_AFTER).then_some(clock)
    }

    fn on(self, date: Date) -> Option<DateTime> {
        if self == Self::MIDNIGHT_AFTER {
            return Some(date.tomorrow().ok()?.at(0, 0, 0, 0));
        }
        let (hour, minute) = (i8::try_from(self.0 / 60).ok()?, i8::try_from(self.0 % 60).ok()?);
        Some(date.at(hour, minute, 0, 0))
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A window. Its start and end differ, and an end before the start belongs to the next day.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Window {
    /// The days that it starts on.
    pub(super) days: Days,
    /// On from then; before 24:00.
    pub(super) start: Clock,
    /// Off from then.
    pub(super) end: Clock,
    /// Whose clock and calendar.
    pub(super) zone: Zone,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}-{}", self.days, self.start, self.end)
    }
}

/// A window on one day, as instants, with the lead already taken off its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'a> {
    pub(super) start: Edge<'a>,
    pub(super) end: Edge<'a>,
}

/// Where an opening begins or ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge<'a> {
    pub(super) at: Timestamp,
    pub(super) zone: &'a Zone,
}

impl Edge<'_> {
    pub(super) fn moment(self) -> Moment {
        self.zone.moment(self.at)
    }
}

impl Window {
    /// Its opening on a day; `None` if the day is not one of its own, is a holiday, or has no such
    /// time at all because a clock change skips it.
    pub(super) fn opening(&self, date: Date, rules: &Calendar) -> Option<Opening<'_>> {
        if !self.days.contains(date) || rules.holidays.contains(&date) {
            return None;
        }
        let end_date = if self.end < self.start { date.tomorrow().ok()? } else { date };
        let start = self.zone.first(self.start.on(date)?)?;
        let end = self.zone.last(self.end.on(end_date)?)?;
        // Before the lead: what does not open needs none.
        (start < end).then(|| Opening {
            start: Edge { at: start.saturating_sub(rules.lead()).unwrap_or(start), zone: &self.zone },
            end: Edge { at: end, zone: &self.zone },
        })
    }
}
