//! What is due for one service: the table of "Reconcile", line by line.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use super::{Want, Wanted, WantedBy};
use crate::record::sizing::Level;
use crate::record::{By, Record, Saved, Size, State, whole_millis, whole_seconds};

/// What is done about a service that differs from what is wanted (the tag `steward:drift`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Drift {
    /// Once a transition; what people do after it stays.
    #[default]
    Once,
    /// At every tick.
    Enforce,
}

impl FromStr for Drift {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "once" => Ok(Self::Once),
            "enforce" => Ok(Self::Enforce),
            _ => Err(format!("{text:?} is neither once nor enforce")),
        }
    }
}

/// Which half of a schedule acts (the tag `steward:half`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Half {
    /// It stops and starts.
    #[default]
    Both,
    /// It stops; people start.
    StopOnly,
    /// It starts; people stop.
    StartOnly,
}

impl FromStr for Half {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "both" => Ok(Self::Both),
            "stop-only" => Ok(Self::StopOnly),
            "start-only" => Ok(Self::StartOnly),
            _ => Err(format!("{text:?} is none of both, stop-only and start-only")),
        }
    }
}

/// A record, schedule or override that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// All that decides: of a service, or of an Auto Scaling group.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what is seen, fact by fact")]
pub struct Facts<'a, S = Size> {
    /// The record; `None` where there is none.
    pub record: Result<Option<&'a Record<S>>, Unreadable>,
    /// What is wanted; `None` where neither a schedule nor an override is in force.
    pub wanted: Result<Option<&'a Wanted>, Unreadable>,
    /// The hash of the schedule in force; `None` where there is none.
    pub sched: Option<&'a str>,
    /// The policy.
    pub drift: Drift,
    /// The half that acts.
    pub half: Half,
    /// The live desired count.
    pub count: u32,
    /// How many tasks it keeps while it is off: 0, unless a tag says its night size.
    pub night: u32,
    /// Something scales it, awake or asleep.
    pub scaled: bool,
    /// Nothing can wake it: it has no scalable target, or one whose min is at most its night size, with all flags
    /// true.
    pub asleep: bool,
    /// It is a queue's worker with nothing to do: at 0, and its autoscaling is awake with a min of 0.
    pub idle: bool,
    /// As many tasks run as are desired, more than none, and no deployment is in progress; of a group, its
    /// instances are in service.
    pub whole: bool,
    /// It has a readable `steward:size`.
    pub size_tag: bool,
    /// The run's start.
    pub now: Timestamp,
}

/// What is to be done. Each `at` is the t of the record to write, in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// `failed`, nothing changed.
    Unreadable,
    /// `unchanged` (`held`).
    Held,
    /// Finish the stop, keeping t and `by`.
    FinishStop,
    /// Start what schedule or override had stopped, with `sched` empty: none is in force any more.
    StartUnscheduled {
        /// Now.
        at: Timestamp,
    },
    /// Write the first record, `by=adoption`, and change nothing else.
    Adopt {
        /// On; or what a record that is there says.
        state: State,
        /// Now.
        at: Timestamp,
    },
    /// The same without a count, and `failed` (`noSavedSize`) this once: it is at 0, and nothing says what
    /// size it had.
    AdoptWithoutSize {
        /// Now.
        at: Timestamp,
    },
    /// `unchanged` (`waking`): started, and not yet whole.
    Waking,
    /// It is whole, or [`WAKING_AT_MOST`] has passed: hand scale-in back, and write `on`, keeping t.
    FinishStart,
    /// A start.
    MakeOn {
        /// The transition, or now.
        at: Timestamp,
    },
    /// A stop.
    MakeOff {
        /// The transition, or now.
        at: Timestamp,
    },
    /// It is so already: renew the record's t alone.
    Renew {
        /// The transition.
        at: Timestamp,
    },
    /// The start that `stop-only` leaves to people, or the stop that `start-only` does.
    Withheld {
        /// Which half of the schedule acts.
        half: Half,
    },
    /// People started it under `stop-only`: hand its target back, and mark it on.
    HandBack {
        /// The transition, or now.
        at: Timestamp,
    },
    /// Nothing, and no write: what people did stays.
    Nothing,
}

/// So long after t a start is over, whatever the service looks like.
pub const WAKING_AT_MOST: SignedDuration = SignedDuration::from_hours(2);

/// What is due: the first line of the table that fits.
#[must_use]
pub fn decide<S: Saved>(facts: &Facts<'_, S>) -> Due {
    let now = whole_millis(facts.now);
    // The record or the schedule cannot be read: failed, nothing changed.
    let (Ok(record), Ok(wanted)) = (facts.record, facts.wanted) else {
        return Due::Unreadable;
    };
    // A hold is live: unchanged (held).
    if wanted.is_some_and(|wanted| wanted.state == Want::Hold) {
        return Due::Held;
    }
    // An instant is newer than none: no record is older than every transition.
    let since = wanted.and_then(|wanted| wanted.since.as_ref()).map(|since| since.at);
    // Of two with one instant the one that was asked for later wins. A request that comes after an override
    // has a later t, so an override that the record contradicts at its own t came after the record.
    let contradicts = |wanted: &Wanted, record: &Record<S>| {
        let by_override = wanted.by == WantedBy::Override && since == Some(record.at);
        by_override && record.state.is_on() != (wanted.state == Want::On)
    };
    let is_newer = since > record.map(|record| record.at)
        || wanted.zip(record).is_some_and(|(wanted, record)| contradicts(wanted, record));
    // The record is stopping@t, and not (wanted on and since > t): finish the stop. A group may wait for
    // its tasks for hours, so one that a schedule began is also taken back with that schedule.
    if let Some(record) = record.filter(|record| record.state == State::Stopping) {
        let taken_back = match wanted {
            Some(wanted) if wanted.state == Want::On => {
                is_newer
                    || record.by == Some(By::Override)
                    || (record.sched.is_some() && facts.is_edited(record))
            }
            Some(_) => false,
            None => is_off_by_steward(record),
        };
        if !taken_back {
            return Due::FinishStop;
        }
    }
    // The record is starting@t, and not (wanted off and since > t): whole, or two hours past t: hand
    // scale-in back; else unchanged (waking).
    if let Some(record) = record.filter(|record| record.state == State::Starting) {
        // In whole seconds: the tick that comes two hours later is that of two hours.
        let waking_for = now.duration_since(whole_seconds(record.at));
        let is_over = facts.whole || waking_for >= WAKING_AT_MOST;
        match wanted {
            Some(wanted) if wanted.state == Want::Off && is_newer => {}
            _ if is_over => return Due::FinishStart,
            _ => return Due::Waking,
        }
    }
    // No schedule and no override is in force: what is off by schedule or override is started;
    // else nothing.
    let Some(wanted) = wanted else {
        return if record.is_some_and(is_off_by_steward) {
            Due::StartUnscheduled { at: now }
        } else {
            Due::Nothing
        };
    };
    // No record, or one with an empty sched: adoption. Not while an override is live: who
    // puts one wants it to act, and one alone would leave the sched empty to be adopted again.
    let by_schedule = wanted.by == WantedBy::Schedule;
    if by_schedule && facts.sched.is_some() && record.is_none_or(|record| record.sched.is_none()) {
        return match record {
            None if facts.level().may_be_ours(wanted.state == Want::Off)
                && !facts.size_tag
                && !facts.idle =>
            {
                Due::AdoptWithoutSize { at: now }
            }
            None => Due::Adopt { state: State::On, at: now },
            Some(record) => Due::Adopt { state: record.state, at: now },
        };
    }
    // What was adopted without a size has nothing to stop, and nothing to start it with. That was told when
    // it was adopted.
    if by_schedule && record.is_some_and(|record| facts.is_without_size(record)) {
        return since.filter(|_| is_newer).map_or(Due::Nothing, |at| Due::Renew { at });
    }
    // Since > t: make it as wanted, t = since; if it is so already, renew t alone.
    if let Some(since) = since.filter(|_| is_newer) {
        return match record {
            // By an override, before the schedule was ever adopted.
            Some(record) if facts.is_already(Some(record), wanted.state) && facts.is_new_to(record) => {
                Due::Adopt { state: record.state, at: since }
            }
            Some(_) if facts.is_already(record, wanted.state) => Due::Renew { at: since },
            // So that the override's end finds what it was.
            None if facts.is_already(record, wanted.state) && facts.sched.is_some() => {
                Due::Adopt { state: State::On, at: since }
            }
            None if facts.is_already(record, wanted.state) => Due::Nothing,
            _ => facts.make(record, wanted, since),
        };
    }
    // Sched differs, by is not request, and wanted is not what the record says: the schedule was
    // edited: make it as wanted, t = now.
    if let Some(record) = record
        && facts.is_edited(record)
        && record.state.is_on() != (wanted.state == Want::On)
    {
        return facts.make(Some(record), wanted, now);
    }
    // So was its night size: the same.
    if let Some(record) = record
        && !record.state.is_on()
        && wanted.state == Want::Off
        && record.night != facts.night
    {
        return facts.make(Some(record), wanted, now);
    }
    // What an override did, and none wants any more: one that took its place has hidden its end.
    if let Some(record) = record
        && record.by == Some(By::Override)
        && record.state.is_on() != (wanted.state == Want::On)
    {
        return facts.make(Some(record), wanted, now);
    }
    // The policy is enforce, and what is differs from what is wanted: make it as wanted, t = now.
    if facts.drift == Drift::Enforce && facts.differs(record, wanted.state) {
        return facts.make(record, wanted, now);
    }
    // Otherwise: nothing, and no write: what people did stays.
    Due::Nothing
}

fn is_off_by_steward<S>(record: &Record<S>) -> bool {
    !record.state.is_on() && matches!(record.by, Some(By::Schedule | By::Override))
}

/// No record means on, and a stop that began counts as off.
fn says_on<S>(record: Option<&Record<S>>) -> bool {
    record.is_none_or(|record| record.state.is_on())
}

impl<S: Saved> Facts<'_, S> {
    /// The schedule is another by now than the one for which that was done.
    fn is_edited(&self, record: &Record<S>) -> bool {
        record.sched.as_deref() != self.sched && record.by != Some(By::Request)
    }

    /// A schedule is in force, and the record knows of none.
    fn is_new_to(&self, record: &Record<S>) -> bool {
        self.sched.is_some() && record.sched.is_none()
    }

    /// Its record says on, and it is at 0: no record and no tag says with what it was.
    fn is_without_size(&self, record: &Record<S>) -> bool {
        let unsaid = record.size.count().is_none() && !self.size_tag;
        record.state == State::On && unsaid && self.level().is_down() && !self.idle
    }

    fn level(&self) -> Level {
        Level { count: self.count, night: self.night, scaled: self.scaled, asleep: self.asleep }
    }

    /// The record says so, and so it is.
    fn is_already(&self, record: Option<&Record<S>>, want: Want) -> bool {
        match want {
            Want::On => says_on(record) && (self.count > 0 || self.idle),
            Want::Off => !says_on(record) && self.level().is_at_rest(),
            Want::Hold => true,
        }
    }

    /// What is differs from what is wanted. A count of 0 that nothing can wake is off, whatever the
    /// record says; a service is on again once its autoscaling is.
    fn differs(&self, record: Option<&Record<S>>, want: Want) -> bool {
        match want {
            Want::On => !self.is_already(record, want),
            Want::Off => !self.level().is_at_rest(),
            Want::Hold => false,
        }
    }

    /// A stop or a start, unless the half of the schedule that it belongs to is left to people.
    fn make(&self, record: Option<&Record<S>>, wanted: &Wanted, at: Timestamp) -> Due {
        let half = if wanted.by == WantedBy::Schedule { self.half } else { Half::Both };
        match (wanted.state, half) {
            (Want::Off, Half::StartOnly) => Due::Withheld { half },
            (Want::Off, _) => Due::MakeOff { at },
            (Want::On, Half::StopOnly)
                if self.count == 0 || (self.level().is_at_rest() && !says_on(record)) =>
            {
                Due::Withheld { half }
            }
            (Want::On, Half::StopOnly) if !says_on(record) => Due::HandBack { at },
            (Want::On, _) => Due::MakeOn { at },
            (Want::Hold, _) => Due::Held,
        }
    }
}
