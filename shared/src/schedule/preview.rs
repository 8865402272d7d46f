//! A preview: the way to test a schedule before it counts.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Calendar, Moment, OnOff, Position, Schedule, Transition};

/// The most transitions in a preview.
pub const PREVIEW_MAX: usize = 100;

/// What a schedule says of an instant, and what comes after. Times are shown in the schedule's
/// zones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Preview {
    /// The schedule as printed: complete with its zones.
    #[schemars(with = "String")]
    pub schedule: Schedule,
    /// The instant.
    pub at: Moment,
    /// On or off then.
    pub state: OnOff,
    /// The last transition; null where there is none.
    pub since: Option<Moment>,
    /// The next transition; null where there is none.
    pub until: Option<Moment>,
    /// The transitions after the instant.
    pub transitions: Vec<Transition>,
}

/// A preview with up to `count` transitions, [`PREVIEW_MAX`] at most.
#[must_use]
pub fn preview(schedule: &Schedule, at: Timestamp, count: usize, rules: &Calendar) -> Preview {
    let Position { state, since, until } = schedule.at(at, rules);
    Preview {
        at: schedule.zone(rules).moment(at),
        state,
        since,
        until,
        transitions: schedule.transitions(at, rules).take(count.min(PREVIEW_MAX)).collect(),
        schedule: schedule.clone(),
    }
}
