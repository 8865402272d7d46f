//! What reconcile will do with a service or a group as it is, instant by instant.
//!
//! Something can only become due at the schedule's transitions, at the starts and ends of overrides,
//! and when an off is said again. So those instants are gone through in order, and at each the table
//! of "Reconcile" ([`decide`]) is asked, as a tick would ask it.

use std::collections::BTreeSet;
use std::iter::successors;

use jiff::{SignedDuration, Timestamp};
use shared::Refusal;
use shared::record::{By, Record, Saved, State};
use shared::schedule::{
    Calendar, Drift, Due, Facts, Half, Moment, OnOff, Override, Position, Schedule, Standing, Tagged, Want,
    Wanted, WantedBy, decide, wanted,
};

use crate::ViewSettings;
use crate::steward::NextChange;
use crate::week::SpanState;

/// So many days ahead is looked for a change, one reach after the other: most are found in the first.
const REACHES: [i64; 3] = [8, 64, 800];

/// A coming transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coming {
    pub(super) at: Moment,
    pub(super) to: OnOff,
    pub(super) cause: WantedBy,
    /// It does not find it so already.
    pub(super) changes: bool,
}

/// A time in which something is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CourseSpan {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) state: SpanState,
    /// How many tasks or instances it is to have.
    pub(crate) count: u32,
    /// What a live override wants then.
    pub(crate) override_: Option<Want>,
}

/// When something comes back from being off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Return {
    /// Then.
    At(Moment),
    /// It is off, or will be, and no schedule brings it back.
    Never,
    /// It is on, and stays so.
    NeverOff,
}

/// What it follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course<'a> {
    pub(super) standing: Standing<'a>,
    pub(super) schedule: &'a Schedule,
    pub(super) drift: Drift,
    pub(super) half: Half,
    /// How many tasks a service keeps while it is off; a group keeps none.
    pub(super) night: u32,
    pub(super) calendar: &'a Calendar,
}

/// A service or a group as a tick finds it, and as it leaves it for the next.
#[derive(Clone, Debug)]
pub(super) struct Standpoint<S> {
    pub(super) record: Option<Record<S>>,
    pub(super) count: u32,
    /// Something scales it, awake or asleep.
    pub(super) scaled: bool,
    /// Nothing can wake it.
    pub(super) asleep: bool,
    /// At 0, and its autoscaling takes it up from there.
    pub(super) idle: bool,
    /// What it has while it is on.
    pub(super) size: S,
    /// The count of that; `None` where nothing says it.
    pub(super) saved: Option<u32>,
}

impl<S> Standpoint<S> {
    fn is_up(&self, night: u32) -> bool {
        self.count > night || !self.asleep || self.idle
    }

    /// How many tasks fewer it has, because it is off, than it has while it is on.
    fn sleeps(&self) -> u32 {
        let is_off = self.record.as_ref().is_some_and(|record| !record.state.is_on());
        self.saved.filter(|_| is_off).unwrap_or(0).saturating_sub(self.count)
    }

    /// The time that those together are not run in a span that it is so.
    fn not_run(&self, span: SignedDuration) -> SignedDuration {
        span.saturating_mul(i32::try_from(self.sleeps()).unwrap_or(i32::MAX))
    }
}

impl<'a> Course<'a> {
    /// What these tags say; `None` where no schedule is in force.
    pub(super) fn of(tagged: &'a Tagged, settings: &'a ViewSettings) -> Result<Option<Self>, Refusal> {
        let standing = tagged.standing().map_err(Refusal::clone)?;
        let Some(schedule) = standing.schedule else { return Ok(None) };
        let drift = *tagged.drift.as_ref().map_err(Refusal::clone)?;
        let half = *tagged.half.as_ref().map_err(Refusal::clone)?;
        let night = *tagged.night.as_ref().map_err(Refusal::clone)?;
        Ok(Some(Self { standing, schedule, drift, half, night, calendar: &settings.scheduling.calendar }))
    }

    /// What is due after `now` and up to `until`, in order.
    pub(super) fn coming<S: Saved>(
        &self,
        mut it: Standpoint<S>,
        now: Timestamp,
        until: Timestamp,
    ) -> Vec<Coming> {
        self.settle(&mut it, now);
        self.instants(now, until).into_iter().filter_map(|at| self.step(&mut it, at)).collect()
    }

    /// The time that its tasks together are not run between `now` and `until`, beside what it runs by day.
    pub(super) fn not_run<S: Saved>(
        &self,
        mut it: Standpoint<S>,
        now: Timestamp,
        until: Timestamp,
    ) -> SignedDuration {
        self.settle(&mut it, now);
        let (mut from, mut time) = (now, SignedDuration::ZERO);
        for at in self.instants(now, until) {
            time = time.saturating_add(it.not_run(at.duration_since(from)));
            self.tick(&mut it, at);
            from = at;
        }
        time.saturating_add(it.not_run(until.duration_since(from)))
    }

    /// What it is when, from `from` to `until`. Of what was before `now` only the time since its record is known, and
    /// only where it still is what the record says.
    pub(super) fn spans<S: Saved>(
        &self,
        mut it: Standpoint<S>,
        (from, now, until): (Timestamp, Timestamp, Timestamp),
    ) -> Vec<CourseSpan> {
        let mut spans = Vec::new();
        let was = it.record.as_ref().map(|record| (record.state, record.at.max(from)));
        if let Some((state, since)) = was.filter(|(state, _)| state.is_on() == it.is_up(self.night)) {
            let state = match state {
                State::Starting => SpanState::Starting,
                State::On => SpanState::On,
                State::Off | State::Stopping => SpanState::Off,
            };
            spans.push(CourseSpan {
                from: since,
                until: now,
                state,
                count: it.count,
                override_: self.overrides_at(since),
            });
        }
        self.settle(&mut it, now);
        let mut at = now;
        let starts = self.instants(now, until);
        for next in starts.into_iter().chain([until]) {
            let state = if it.is_up(self.night) { SpanState::On } else { SpanState::Off };
            spans.push(CourseSpan {
                from: at,
                until: next,
                state,
                count: it.count,
                override_: self.overrides_at(at),
            });
            self.tick(&mut it, next);
            at = next;
        }
        spans.retain(|span| span.from < span.until);
        // What goes on as it was is one.
        spans.dedup_by(|later, earlier| {
            let goes_on = (later.state, later.count, later.override_)
                == (earlier.state, earlier.count, earlier.override_)
                && earlier.until == later.from;
            if goes_on {
                earlier.until = later.until;
            }
            goes_on
        });
        spans
    }

    /// What a live override wants at an instant.
    fn overrides_at(&self, at: Timestamp) -> Option<Want> {
        let wanted = wanted(&self.standing, at, self.calendar)?;
        (wanted.by == WantedBy::Override).then_some(wanted.state)
    }

    /// The next change of it; one that is due already, and waits for the next reconcile, is of now or of an
    /// instant before it.
    pub(super) fn next_change<S: Saved>(&self, mut it: Standpoint<S>, now: Timestamp) -> Option<NextChange> {
        if let Some(due) = self.settle(&mut it, now) {
            return Some(due);
        }
        let mut from = now;
        for days in REACHES {
            let until = now.saturating_add(SignedDuration::from_hours(24 * days)).ok()?;
            for at in self.instants(from, until) {
                if let Some(Coming { at, to, .. }) = self.step(&mut it, at).filter(|it| it.changes) {
                    return Some(NextChange { at, to });
                }
            }
            from = until;
        }
        None
    }

    /// When it comes back from being off, be it off now or the next time that it will be. What is off by its record and
    /// was raised since comes back when its size does.
    pub(super) fn wakes<S: Saved>(&self, mut it: Standpoint<S>, now: Timestamp) -> Return {
        let is_recorded_off =
            |it: &Standpoint<S>| it.record.as_ref().is_some_and(|record| !record.state.is_on());
        let mut is_off = !it.is_up(self.night) || is_recorded_off(&it);
        // What is due already is done by two ticks.
        for at in [now; 2] {
            if let Some(at) = self.comes_back(&mut it, &mut is_off, (now, at)) {
                return Return::At(at);
            }
        }
        // What only stops is started by people: the next week says whether it stops.
        let reaches = if self.half == Half::StopOnly { REACHES.get(..1) } else { REACHES.get(..) };
        let mut from = now;
        for days in reaches.unwrap_or_default() {
            let Ok(until) = now.saturating_add(SignedDuration::from_hours(24 * days)) else { break };
            for at in self.instants(from, until) {
                if let Some(at) = self.comes_back(&mut it, &mut is_off, (now, at)) {
                    return Return::At(at);
                }
            }
            from = until;
        }
        if is_off { Return::Never } else { Return::NeverOff }
    }

    /// The instant for which a tick brings it back from being off, if it does; `is_off` is what it leaves.
    fn comes_back<S: Saved>(
        &self,
        it: &mut Standpoint<S>,
        is_off: &mut bool,
        (now, at): (Timestamp, Timestamp),
    ) -> Option<Moment> {
        let (due, wanted) = self.tick(it, at)?;
        let comes_back = match due {
            Due::MakeOn { .. } | Due::StartUnscheduled { .. } => true,
            // Nothing says its size: it fails, at the hour at which it would come back.
            Due::AdoptWithoutSize { .. } => wanted.state == Want::On,
            _ => false,
        };
        if comes_back && *is_off {
            let moment = || self.schedule.zone(self.calendar).moment(at);
            // What is due already was so from its hour on; what a hold keeps comes back when that ends.
            let since = wanted.since.filter(|since| at == now || since.at == at);
            return Some(since.unwrap_or_else(moment));
        }
        match due {
            Due::MakeOff { .. } | Due::FinishStop => *is_off = true,
            Due::HandBack { .. } => *is_off = false,
            _ => {}
        }
        None
    }

    /// Whether it is up at an instant, if nobody interferes.
    pub(super) fn is_up_at<S: Saved>(&self, mut it: Standpoint<S>, now: Timestamp, at: Timestamp) -> bool {
        self.settle(&mut it, now);
        for instant in self.instants(now, at) {
            self.tick(&mut it, instant);
        }
        it.is_up(self.night)
    }

    /// What is due already is done by the next tick, or by the one after it: a stop that was begun is finished
    /// first, and what has no record is adopted. The first change of that.
    fn settle<S: Saved>(&self, it: &mut Standpoint<S>, now: Timestamp) -> Option<NextChange> {
        let mut first = None;
        for _ in 0..2 {
            let was_up = it.is_up(self.night);
            let decided = self.tick(it, now);
            if let Some((_, wanted)) = decided.filter(|_| first.is_none() && it.is_up(self.night) != was_up) {
                let to = if was_up { OnOff::Off } else { OnOff::On };
                let at = wanted.since.unwrap_or_else(|| self.schedule.zone(self.calendar).moment(now));
                first = Some(NextChange { at, to });
            }
        }
        first
    }

    fn step<S: Saved>(&self, it: &mut Standpoint<S>, at: Timestamp) -> Option<Coming> {
        let was_up = it.is_up(self.night);
        let (due, wanted) = self.tick(it, at)?;
        let changes = it.is_up(self.night) != was_up;
        self.entry(at, due, wanted, changes)
    }

    /// What becomes of it at an instant: the table is asked, and obeyed.
    fn tick<S: Saved>(&self, it: &mut Standpoint<S>, at: Timestamp) -> Option<(Due, Wanted)> {
        let wanted = wanted(&self.standing, at, self.calendar)?;
        let sched = self.schedule.hash();
        let due = decide(&Facts {
            record: Ok(it.record.as_ref()),
            wanted: Ok(Some(&wanted)),
            sched: Some(&sched),
            drift: self.drift,
            half: self.half,
            count: it.count,
            night: self.night,
            scaled: it.scaled,
            asleep: it.asleep,
            idle: it.idle,
            // What starts is foretold as whole at once.
            whole: true,
            size_tag: it.saved.is_some(),
            now: at,
        });
        let size = it.size.clone();
        let recorded = |state: State, at, by| {
            let night = if state.is_on() { 0 } else { self.night };
            Some(Record { state, at, size: size.clone(), night, sched: Some(sched.clone()), by: Some(by) })
        };
        match due {
            Due::Adopt { state, at } => it.record = recorded(state, at, By::Adoption),
            Due::MakeOn { at } | Due::StartUnscheduled { at } => {
                it.record = recorded(State::On, at, By::Schedule);
                // Where no size is known, the start fails; what comes after it is foretold as if it
                // had been mended.
                it.idle = it.saved.is_none() && it.size.is_worker();
                let least = it.saved.unwrap_or(u32::from(!it.idle));
                it.count = least.max(it.count);
                it.asleep = !it.scaled;
            }
            Due::FinishStart => {
                it.record = it.record.take().map(|record| Record { state: State::On, ..record });
            }
            Due::HandBack { at } => it.record = recorded(State::On, at, By::Schedule),
            Due::MakeOff { at } => {
                it.record = recorded(State::Off, at, By::Schedule);
                (it.count, it.asleep, it.idle) = (it.count.min(self.night), true, false);
            }
            Due::FinishStop => {
                let night = self.night;
                it.record = it.record.take().map(|record| Record { state: State::Off, night, ..record });
                (it.count, it.asleep, it.idle) = (it.count.min(night), true, false);
            }
            Due::Renew { at } => it.record = it.record.take().map(|record| Record { at, ..record }),
            Due::AdoptWithoutSize { at } => it.record = recorded(State::On, at, By::Adoption),
            Due::Unreadable | Due::Held | Due::Waking | Due::Withheld { .. } | Due::Nothing => {}
        }
        Some((due, wanted))
    }

    /// The transition that this is, if it is one.
    fn entry(&self, at: Timestamp, due: Due, wanted: Wanted, changes: bool) -> Option<Coming> {
        let is_edge = self.overrides().any(|it| it.from() == at || it.until() == at);
        let turns = self.schedule.at(at, self.calendar).since.is_some_and(|since| since.at == at);
        let to = match wanted.state {
            Want::On => OnOff::On,
            Want::Off => OnOff::Off,
            Want::Hold => return None,
        };
        let since = wanted.since.filter(|since| since.at == at);
        // An off that is said again, the ends of overrides, and what a hold did not hold back, matter only if
        // they change something.
        let begins = self.overrides().any(|it| it.from() == at);
        let is_news = since.is_some() && (begins || (turns && *self.schedule != Schedule::NEVER));
        let acts = match due {
            Due::MakeOn { .. } | Due::MakeOff { .. } => is_news || changes,
            Due::Renew { .. } | Due::AdoptWithoutSize { .. } => is_news,
            _ => false,
        };
        if !acts {
            return None;
        }
        Some(Coming {
            at: since.unwrap_or_else(|| self.schedule.zone(self.calendar).moment(at)),
            to,
            cause: if is_edge && !turns { WantedBy::Override } else { wanted.by },
            changes,
        })
    }

    fn overrides(&self) -> impl Iterator<Item = &Override> {
        [self.standing.own, self.standing.clusters].into_iter().flatten()
    }

    fn instants(&self, now: Timestamp, until: Timestamp) -> BTreeSet<Timestamp> {
        let transitions = self.schedule.transitions(now, self.calendar).map(|transition| transition.at.at);
        self.overrides()
            .flat_map(|it| [it.from(), it.until()])
            .chain(transitions.take_while(|at| *at <= until))
            .chain(self.said_again(now).take_while(|at| *at <= until))
            .filter(|at| now < *at && *at <= until)
            .collect()
    }

    /// The instants at which the off that the schedule is in may be said again. (A later one finds
    /// nothing that runs.)
    fn said_again(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let Position { state, since, .. } = self.schedule.at(now, self.calendar);
        let off = since.filter(|_| state == OnOff::Off).map(|since| since.at);
        successors(off, |last| {
            let next = if *self.schedule == Schedule::NEVER {
                // Midnights are 23 to 25 hours apart.
                let inside = last.checked_add(SignedDuration::from_hours(36)).ok()?;
                self.schedule.at(inside, self.calendar).since?.at
            } else {
                last.checked_add(SignedDuration::from_hours(24)).ok()?
            };
            (next > *last).then_some(next)
        })
    }
}
