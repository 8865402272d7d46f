//! The schedules that the config names, its holidays, and its default zone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::text::ScheduleFault;
use super::windows::DAYS;
use super::{Calendar, Schedule, Zone, ZoneFault};

/// What `SCHEDULES` holds, every part of it optional:
///
/// ```json
/// {
///   "zone": "America/Sao_Paulo",
///   "schedules": {"office-hours": "Mon-Fri 08:00-20:00"},
///   "holidays": ["2026-12-25"]
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    zone: Option<Zone>,
    schedules: BTreeMap<String, Schedule>,
    holidays: BTreeSet<Date>,
}

/// What a tag's value means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// `none`: it follows no schedule, its cluster's neither.
    OptOut,
    /// It follows this one.
    Follow(Schedule),
}

/// Why a text is not a catalog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogFault {
    /// Not the JSON that it should be; with line and column.
    #[error(
        "{0}; it reads like {{\"zone\":\"Europe/Berlin\",\"schedules\":{{\"office-hours\":\"Mon-Fri 08:00-20:00\"}},\"holidays\":[\"2026-12-25\"]}}"
    )]
    Json(String),
    /// The default zone.
    #[error("zone: {0}")]
    Zone(ZoneFault),
    /// A day that is none.
    #[error("holidays: {0:?} is not a date like 2026-12-25")]
    Holiday(String),
    /// A name that can't be one.
    #[error("schedules: {name:?} can't be a name: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A schedule.
    #[error("schedules: {name}: {fault}")]
    Schedule {
        /// Its name.
        name: String,
        /// What is wrong with it.
        fault: ScheduleFault,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    zone: Option<String>,
    #[serde(default)]
    schedules: Pairs,
    #[serde(default)]
    holidays: Vec<String>,
}

/// An object's fields in order; a name that stands twice is a fault, where a map would take the
/// last.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of names and schedules")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs: Vec<(String, String)> = Vec::new();
                while let Some((name, text)) = map.next_entry::<String, String>()? {
                    if pairs.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format!("the schedule {name:?} stands twice")));
                    }
                    pairs.push((name, text));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl FromStr for Catalog {
    type Err = CatalogFault;

    fn from_str(text: &str) -> Result<Self, CatalogFault> {
        let written: Written =
            serde_json::from_str(text).map_err(|fault| CatalogFault::Json(fault.to_string()))?;
        let zone = written.zone.map(|name| name.parse()).transpose().map_err(CatalogFault::Zone)?;
        let holidays = written.holidays.into_iter().map(holiday).collect::<Result<_, _>>()?;
        let mut schedules = BTreeMap::new();
        for (name, text) in written.schedules.0 {
            if let Err(why) = check_name(&name) {
                return Err(CatalogFault::Name { name, why });
            }
            match Schedule::parse(&text, zone.as_ref()) {
                Ok(schedule) => schedules.insert(name, schedule),
                Err(fault) => return Err(CatalogFault::Schedule { name, fault }),
            };
        }
        Ok(Self { zone, schedules, holidays })
    }
}

fn holiday(text: String) -> Result<Date, CatalogFault> {
    // jiff reads more forms than this one, a date with a time among them.
    text.parse::<Date>().ok().filter(|date| date.to_string() == text).ok_or(CatalogFault::Holiday(text))
}

/// The words that say something else in a tag's value.
fn is_word(name: &str) -> bool {
    ["always", "never", "none"].iter().any(|word| word.eq_ignore_ascii_case(name))
        || name.split('-').all(|part| DAYS.iter().any(|(day, _)| day.eq_ignore_ascii_case(part)))
}

fn check_name(name: &str) -> Result<(), &'static str> {
    if is_word(name) {
        return Err("it is a word of the language");
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        Ok(())
    } else {
        Err("a name is 1 to 64 letters, digits, -, _ and .")
    }
}

impl Catalog {
    /// The default zone, where one is set.
    #[must_use]
    pub fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }

    /// What a tag's value means: `none`, the name of a schedule, or a schedule.
    pub fn resolve(&self, value: &str) -> Result<Resolved, ScheduleFault> {
        let word = value.trim_matches(' ');
        if word == "none" {
            return Ok(Resolved::OptOut);
        }
        if let Some(schedule) = self.schedules.get(word) {
            return Ok(Resolved::Follow(schedule.clone()));
        }
        if check_name(word).is_ok() {
            let known = match self.schedules.keys().map(String::as_str).collect::<Vec<_>>() {
                names if names.is_empty() => "the config names none".to_owned(),
                names => format!("the config names {}: write one of those", names.join(", ")),
            };
            return Err(ScheduleFault {
                text: value.to_owned(),
                at: value.chars().take_while(|c| *c == ' ').count(),
                fault: format!(
                    "{word:?} names no schedule ({known}): write always, never, none, or windows such as Mon-Fri 08:00-20:00 Europe/Berlin"
                ),
            });
        }
        Schedule::parse(value, self.zone.as_ref()).map(Resolved::Follow)
    }

    /// The schedule in force on a service: that of its own tag, else that of its cluster's; `None`
    /// where neither has one, or the one that decides says `none`. A cluster's bad tag is a fault
    /// only of the services that would follow it.
    pub fn in_force(
        &self,
        own: Option<&str>,
        clusters: Option<&str>,
    ) -> Result<Option<Schedule>, ScheduleFault> {
        own.or(clusters).map_or(Ok(None), |value| {
            self.resolve(value).map(|resolved| match resolved {
                Resolved::OptOut => None,
                Resolved::Follow(schedule) => Some(schedule),
            })
        })
    }

    /// Its part of the calendar, beside what the deployment sets elsewhere.
    #[must_use]
    pub fn calendar(&self, lead: SignedDuration, repeat_off: bool) -> Calendar {
        let zone = self.zone.clone().unwrap_or(Zone::UTC);
        Calendar { holidays: self.holidays.clone(), lead, zone, repeat_off }
    }

    /// The named schedules, in order of their names.
    pub fn schedules(&self) -> impl Iterator<Item = (&str, &Schedule)> {
        self.schedules.iter().map(|(name, schedule)| (name.as_str(), schedule))
    }
}
