//! Time zones by their IANA names, from the database that is compiled in (the Lambda image has
//! none), and instants as their clocks show them.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter::successors;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use crate::schema::Instant;

/// A zone with an IANA name. Two are the same if their names are.
#[derive(Clone)]
pub struct Zone(TimeZone);

/// Not the name of a zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ZoneFault {
    /// What was written.
    pub name: String,
    /// What was surely meant, in the right spelling.
    pub near: Option<String>,
}

impl fmt::Display for ZoneFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let near = self.near.as_deref().unwrap_or("an IANA name such as Europe/Berlin");
        write!(f, "{:?} is not a time zone: write {near}", self.name)
    }
}

impl Zone {
    /// `UTC`.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// An instant as this zone's clocks show it.
    #[must_use]
    pub fn moment(&self, at: Timestamp) -> Moment {
        Moment { at, zone: self.clone() }
    }

    /// So many days on this zone's clocks, from the one in which an instant lies: each with its first instant, and the
    /// first of the next. One in which the clocks change has 23 or 25 hours; one that they skip whole is left out.
    #[must_use]
    pub fn days(&self, at: Timestamp, count: usize) -> Vec<(Date, Timestamp, Timestamp)> {
        let dates = successors(Some(self.civil(at).date()), |date| date.tomorrow().ok());
        let day = |date: Date| {
            let from = self.first(date.to_datetime(time(0, 0, 0, 0)))?;
            let until = self.first(date.tomorrow().ok()?.to_datetime(time(0, 0, 0, 0)))?;
            (from < until).then_some((date, from, until))
        };
        // One more, where one of them is left out.
        dates.take(count + 1).filter_map(day).take(count).collect()
    }

    /// What this zone's clocks show at an instant.
    pub(super) fn civil(&self, at: Timestamp) -> DateTime {
        self.0.to_datetime(at)
    }

    /// When the clocks first show `civil`, or the first instant after the gap that skips it.
    /// `None` beyond the calendar's ends.
    pub(super) fn first(&self, civil: DateTime) -> Option<Timestamp> {
        let found = self.0.to_ambiguous_timestamp(civil);
        match found.offset() {
            AmbiguousOffset::Gap { after, .. } => self.after_gap(found.earlier().ok()?, after),
            _ => found.earlier().ok(),
        }
    }

    /// When the clocks last show `civil`, or the first instant after the gap that skips it.
    pub(super) fn last(&self, civil: DateTime) -> Option<Timestamp> {
        let found = self.0.to_ambiguous_timestamp(civil);
        match found.offset() {
            AmbiguousOffset::Gap { after, .. } => self.after_gap(found.earlier().ok()?, after),
            _ => found.later().ok(),
        }
    }

    /// `before` is the skipped time read on the clock after the gap, which lies before the gap.
    fn after_gap(&self, before: Timestamp, after: Offset) -> Option<Timestamp> {
        // Transitions that leave the offset alone (another abbreviation) may come first.
        self.0
            .following(before)
            .take(4)
            .find(|change| change.offset() == after)
            .map(|change| change.timestamp())
    }
}

impl FromStr for Zone {
    type Err = ZoneFault;

    fn from_str(name: &str) -> Result<Self, ZoneFault> {
        let zones = TimeZoneDatabase::bundled();
        // jiff reads names in any case of letters. Here a zone has one spelling, or two equal
        // schedules would print differently. `Factory` stands for "not set".
        let found = zones.get(name).ok().filter(|zone| zone.iana_name() == Some(name) && name != "Factory");
        found.map(Self).ok_or_else(|| {
            // The same in another case of letters; else a city alone, if there is only one of that name.
            let known = |meant: &dyn Fn(&str) -> bool| {
                let mut known = zones
                    .available()
                    .map(|known| known.to_string())
                    .filter(|known| is_sure(known) && meant(known));
                known.next().filter(|_| known.next().is_none())
            };
            let near = known(&|known| known.eq_ignore_ascii_case(name)).or_else(|| {
                known(&|known| {
                    let city = known.rsplit('/').next().filter(|_| !known.starts_with("Etc/"));
                    city.is_some_and(|city| city.eq_ignore_ascii_case(name))
                })
            });
            ZoneFault { name: name.to_owned(), near }
        })
    }
}

/// Whether a name may be offered for another spelling of it. Short ones may not: who writes `est` means New
/// York, which `EST` does not, because it knows no summer time.
fn is_sure(known: &str) -> bool {
    known == "UTC"
        || known.contains('/')
        || (known.len() > 4 && known.chars().all(char::is_alphabetic) && known != "Factory")
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// An instant and the zone that it is shown in. Prints and serialises as RFC 3339 with that
/// zone's offset: `2026-11-24T08:00:00+01:00`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// The instant.
    pub at: Timestamp,
    /// The zone.
    pub zone: Zone,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.zone.0.to_offset(self.at);
        // RFC 3339 has no offset with seconds, which the time before standard time had.
        let offset = if offset.seconds() % 60 == 0 { offset } else { Offset::UTC };
        self.at.display_with_offset(offset).fmt(f)
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Instant::json_schema(generator)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
