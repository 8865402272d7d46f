//! What the nights come to.

use std::collections::BTreeMap;
use std::fmt;

use crate::causes::Cause;

/// What came of one cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often it was planted.
    pub planted: u64,
    /// Services that did not come up as they were.
    pub down: u64,
    /// Those of which a check had said so.
    pub told: u64,
}

/// What the bedtime checks said, and what came up in the mornings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NightFigures {
    /// Bedtime checks.
    pub checks: u64,
    /// Their calls to AWS.
    pub calls: u64,
    /// Services that slept, one by one and night by night, with nothing but what was planted in their way.
    pub services: u64,
    /// Those with which people had to do meanwhile, or that no run could start: nothing is said of them.
    pub void: u64,
    /// Services that did not come up as they were.
    pub down: u64,
    /// Those of which the check after it was planted had said so.
    pub told: u64,
    /// Those to which it was done between the evening's check and the one before the morning.
    pub by_night: u64,
    /// Those to which nothing had been planted.
    pub unplanted: u64,
    /// Those to which it was done after both checks: they are counted nowhere else.
    pub late: u64,
    /// Services of which a check had said that they would not come up, and that did.
    pub told_and_up: u64,
    /// What had been done to those.
    pub up: BTreeMap<Option<Cause>, u64>,
    /// What was planted, and what came of it.
    pub causes: BTreeMap<Cause, Tally>,
}

impl fmt::Display for NightFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            checks, calls, services, void, down, told, by_night, unplanted, late, told_and_up, ..
        } = self;
        let percent = |of: u64, all: u64| (of * 100).checked_div(all).unwrap_or(100);
        let (recall, precision) = (percent(*told, *down), percent(*told, told + told_and_up));
        writeln!(
            f,
            "nights: {down} services down, {told} told (recall {recall} %), {told_and_up} told that came up (precision {precision} %)"
        )?;
        writeln!(
            f,
            "{services} services and nights, {void} left out (people saw to them, or no run came); {checks} bedtime checks with {calls} calls"
        )?;
        writeln!(
            f,
            "of those down {by_night} were hit between the two checks, and {unplanted} by nothing that was planted; {late} more were hit after both"
        )?;
        let listed = |harmless: bool| {
            let some = self.causes.iter().filter(|(cause, _)| cause.is_harmless() == harmless);
            let one = |(cause, tally): (&Cause, &Tally)| {
                let Tally { planted, down, told } = tally;
                let up =
                    self.up.get(&Some(*cause)).map_or_else(String::new, |up| format!(", {up} told and up"));
                format!("{cause} {planted} ({down} down, {told} told{up})")
            };
            let all: Vec<String> = some.map(one).collect();
            if all.is_empty() { "none".to_owned() } else { all.join(", ") }
        };
        writeln!(f, "planted: {}", listed(false))?;
        write!(f, "harmless twins: {}", listed(true))
    }
}
