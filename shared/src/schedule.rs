//! The schedule language, and what follows from it: when a service should be on, what is wanted
//! now, and what is due. Pure: the instant is an argument.
//!
//! ```text
//! schedule  = "always" | "never" | window *( " + " window )
//! window    = days SP HH:MM "-" HH:MM [SP zone]
//! days      = day ["-" day]              ; Mon Tue Wed Thu Fri Sat Sun; ranges may wrap (Fri-Mon)
//! zone      = an IANA name
//! ```
//!
//! `Mon-Fri 08:00-12:00 + Mon-Fri 13:00-18:00 Europe/Berlin` is both parts in Berlin. Windows are
//! half-open, an end before its start belongs to the next day, and the day is the one a window
//! starts on.
//!
//! The road through this room: a tag's value -> [`Catalog`] -> [`Schedule`], with the overrides
//! ([`Override`]) -> [`wanted()`] -> [`decide()`].

mod catalog;
mod decide;
mod override_tag;
mod preview;
mod tags;
#[cfg(test)]
mod tests;
mod text;
mod transitions;
mod wanted;
mod windows;
mod zone;

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::{Date, time};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

pub use catalog::{Catalog, CatalogFault, Resolved};
pub use decide::{Drift, Due, Facts, Half, Unreadable, WAKING_AT_MOST, decide};
pub use override_tag::{Override, OverrideFault};
pub use preview::{PREVIEW_MAX, Preview, preview};
pub use tags::{Reading, Tagged};
pub use text::ScheduleFault;
pub use transitions::{REACH, Transition, Transitions};
pub use wanted::{Standing, Want, Wanted, WantedBy, wanted};
pub use zone::{Moment, Zone, ZoneFault};

use transitions::{next_change, since};
use windows::Window;

/// When a service should be on. Prints as its text, complete with every zone, and a printed one
/// parses back the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Always,
    Never,
    /// On in each of them; at least one.
    Windows(Vec<Window>),
}

/// The two states of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnOff {
    /// Running.
    On,
    /// At zero.
    Off,
}

impl fmt::Display for OnOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
        })
    }
}

/// What the deployment adds to every schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Days off, in each window's own zone: what would start on one does not open.
    pub holidays: BTreeSet<Date>,
    /// How much earlier services go on (`WAKE_LEAD`). A gap not longer than this is no gap. Below
    /// zero counts as zero, over a week as a week, and parts of a second are left out.
    pub lead: SignedDuration,
    /// Whose midnights `never` counts, and whose clock times are shown in where a schedule has none.
    pub zone: Zone,
    /// Whether an off period longer than a day is renewed every 24 h (`REPEAT_OFF`).
    pub repeat_off: bool,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { holidays: BTreeSet::new(), lead: SignedDuration::ZERO, zone: Zone::UTC, repeat_off: true }
    }
}

impl Calendar {
    fn lead(&self) -> SignedDuration {
        // Instants in a record have whole seconds: a finer one would look newer at every tick. And
        // after a week every window comes again: more would find nothing else, only later.
        SignedDuration::from_secs(self.lead.as_secs().clamp(0, 7 * 24 * 60 * 60))
    }
}

/// What a schedule says of an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// On or off.
    pub state: OnOff,
    /// The last transition, at or before the instant; `None` for `always`, and where nothing
    /// changed within [`REACH`]. For `never`, the last midnight of [`Calendar::zone`].
    pub since: Option<Moment>,
    /// The next transition, after the instant; `None` for `always` and `never`, and where nothing
    /// changes within [`REACH`].
    pub until: Option<Moment>,
}

impl Schedule {
    /// `always`.
    pub const ALWAYS: Self = Self(Kind::Always);
    /// `never`.
    pub const NEVER: Self = Self(Kind::Never);

    /// On or off at an instant, and between which transitions: `since <= at < until`.
    #[must_use]
    pub fn at(&self, at: Timestamp, rules: &Calendar) -> Position {
        match &self.0 {
            Kind::Always => Position { state: OnOff::On, since: None, until: None },
            Kind::Never => {
                Position { state: OnOff::Off, since: midnight_before(at, &rules.zone), until: None }
            }
            Kind::Windows(windows) => {
                let (state, until) = next_change(windows, at, rules);
                Position { state, since: since(windows, at, state, rules), until }
            }
        }
    }

    /// The transitions after an instant, ascending, on and off in turn. It ends where nothing
    /// changes within [`REACH`] of the one before; there are none for `always` and `never`.
    #[must_use]
    pub fn transitions<'a>(&'a self, from: Timestamp, rules: &'a Calendar) -> Transitions<'a> {
        match &self.0 {
            Kind::Always | Kind::Never => Transitions::none(rules),
            Kind::Windows(windows) => Transitions::of(windows, from, rules),
        }
    }

    /// A short hash of the printed text, for the record's `sched`: 8 hexadecimal digits that stay
    /// the same from build to build.
    #[must_use]
    pub fn hash(&self) -> String {
        let fnv_1a = self
            .to_string()
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        format!("{fnv_1a:08x}")
    }

    /// The zone that its times are shown in: its first window's, else the deployment's.
    #[must_use]
    pub fn zone<'a>(&'a self, rules: &'a Calendar) -> &'a Zone {
        match &self.0 {
            Kind::Windows(windows) => windows.first().map_or(&rules.zone, |window| &window.zone),
            Kind::Always | Kind::Never => &rules.zone,
        }
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The last midnight at or before an instant; where a clock change skips it, the day's first
/// instant.
fn midnight_before(at: Timestamp, zone: &Zone) -> Option<Moment> {
    let today = zone.civil(at).date();
    // A clock set back across midnight shows yesterday's date after today's midnight.
    [today.tomorrow().ok(), Some(today), today.yesterday().ok()]
        .into_iter()
        .flatten()
        .filter_map(|date| zone.first(date.to_datetime(time(0, 0, 0, 0))))
        .find(|midnight| *midnight <= at)
        .map(|midnight| zone.moment(midnight))
}
