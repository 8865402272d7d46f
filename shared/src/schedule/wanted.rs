//! What is wanted now, on or off, and since when: from overrides and schedule.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Calendar, Kind, Moment, OnOff, Override, Position, Schedule, Zone};

/// What an override or schedule wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Want {
    /// Running.
    On,
    /// At zero.
    Off,
    /// As it is: nothing is changed.
    Hold,
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Hold => "hold",
        })
    }
}

impl From<OnOff> for Want {
    fn from(state: OnOff) -> Self {
        match state {
            OnOff::On => Self::On,
            OnOff::Off => Self::Off,
        }
    }
}

/// What says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WantedBy {
    /// The schedule in force.
    Schedule,
    /// A live override.
    Override,
}

/// What stands on a service and on its cluster.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing<'a> {
    /// The service's own override, live or over.
    pub own: Option<&'a Override>,
    /// Its cluster's override, live or over.
    pub clusters: Option<&'a Override>,
    /// The schedule in force ([`super::Catalog::in_force`]); `None` where there is none.
    pub schedule: Option<&'a Schedule>,
}

/// What is wanted, since when, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Wanted {
    /// On, off, or as it is.
    pub state: Want,
    /// The instant it is wanted for, at or before now; `None` where it was never otherwise.
    pub since: Option<Moment>,
    /// The override's end, or the schedule's next transition.
    pub until: Option<Moment>,
    /// What says so.
    pub by: WantedBy,
    /// One line for people.
    pub why: String,
}

/// What is wanted of a service now; `None` where neither a schedule nor an override is in force.
///
/// A live override of the service decides, else its cluster's, else the schedule. A cluster's `on`
/// or `off` reaches only services with a schedule; its `hold` reaches all.
#[must_use]
pub fn wanted(standing: &Standing<'_>, now: Timestamp, rules: &Calendar) -> Option<Wanted> {
    let Standing { own, clusters, schedule } = *standing;
    let zone = schedule.map_or(&rules.zone, |schedule| schedule.zone(rules));
    let clusters = clusters.filter(|it| schedule.is_some() || it.state() == Want::Hold);
    if let Some(own) = own.filter(|it| it.is_live(now)) {
        return Some(by_override(own, Some(own.from()), zone));
    }
    let own_end = end(own, now);
    if let Some(clusters) = clusters.filter(|it| it.is_live(now)) {
        // The service's own override may have ended inside its cluster's, and hid it until then.
        return Some(by_override(clusters, own_end.max(Some(clusters.from())), zone));
    }
    let schedule = schedule?;
    let position = schedule.at(now, rules);
    let repeat = last_repeat(schedule, &position, now, rules);
    let ended = own_end.max(end(clusters, now)).map(|at| zone.moment(at));
    let since = [position.since.clone(), repeat, ended].into_iter().flatten().max_by_key(|since| since.at);
    let why = because(schedule, &position);
    Some(Wanted { state: position.state.into(), since, until: position.until, by: WantedBy::Schedule, why })
}

fn by_override(it: &Override, since: Option<Timestamp>, zone: &Zone) -> Wanted {
    let until = zone.moment(it.until());
    let what = if it.state() == Want::Hold { "held" } else { "override" };
    let state = if it.state() == Want::Hold { String::new() } else { format!(" {}", it.state()) };
    let reason = if it.reason().is_empty() { String::new() } else { format!(": {}", it.reason()) };
    Wanted {
        state: it.state(),
        since: since.map(|at| zone.moment(at)),
        why: format!("{what}{state} until {until} by {}{reason}", it.by()),
        until: Some(until),
        by: WantedBy::Override,
    }
}

/// The end of an `on` or `off` override that is over. What a `hold` held back, it left as it was.
fn end(it: Option<&Override>, now: Timestamp) -> Option<Timestamp> {
    it.filter(|it| it.is_over(now) && it.state() != Want::Hold).map(Override::until)
}

/// The last whole 24 h after the schedule went off, if one has passed.
fn last_repeat(schedule: &Schedule, off: &Position, now: Timestamp, rules: &Calendar) -> Option<Moment> {
    // `never` has its midnights; a day of 25 hours would put a repeat before the next.
    if !rules.repeat_off || off.state == OnOff::On || *schedule == Schedule::NEVER {
        return None;
    }
    let went_off = off.since.as_ref()?;
    let days = now.duration_since(went_off.at).as_hours() / 24;
    let at = went_off.at.checked_add(SignedDuration::from_hours(days.checked_mul(24)?)).ok()?;
    (days > 0).then(|| went_off.zone.moment(at))
}

fn because(schedule: &Schedule, position: &Position) -> String {
    let until = position.until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
    match (&schedule.0, position.state) {
        (Kind::Always, _) => "always on".into(),
        (Kind::Never, _) => "never on".into(),
        (_, OnOff::On) => format!("inside {schedule}{until}"),
        (_, OnOff::Off) => format!("outside {schedule}{until}"),
    }
}
