//! A service or a group with all that is asked of it: the laws are the same for both.
//!
//! What differs stands in [`Resource`]: how it is seen, and the steps of its stop and start.

use std::fmt::Display;

use jiff::Timestamp;
use shared::names::ClusterName;
use shared::record::sizing::{self, Live};
use shared::record::{By, Record, Saved, State, whole_seconds};
use shared::report::{Outcome, Warning};
use shared::schedule::{Due, Half};
use shared::settings::TagKeys;
use shared::tags::{Tags, no_saved_size, sized};
use shared::{Code, Refusal};

use super::directives::{A_MOMENT, Directives};
use super::steps::CHANGE;
use super::{Item, PlanSettings, PlannedItem, Step};
use crate::ask::{Ask, Verb};
use crate::effect::{Became, Effect};
use crate::observe::Snapshot;

/// What has a size and a record: an ECS service or an Auto Scaling group.
pub(super) trait Resource: Sized {
    /// What its record remembers.
    type Size: Saved;
    /// Its autoscaling sleeps, and no record says what it was before.
    const ORPHANED: &'static str;
    /// What the tag `steward:size` may say at the least.
    const SIZE_EXAMPLE: &'static str;

    /// The stage in which it is started, and its start ended.
    const STARTS_IN: usize;

    fn id(&self) -> &impl Display;
    /// What finds the writes of its record in the audit: a filter pattern of CloudWatch Logs.
    fn audit_pattern(&self) -> String;
    /// The cluster that it belongs to, where that is known.
    fn cluster(&self) -> Option<&ClusterName>;
    fn tags(&self) -> Tags;
    /// Its size as it is, where so many are kept by night.
    fn live(&self, night: u32, settings: &PlanSettings) -> Live<Self::Size>;
    /// Its size as callers see it.
    fn shown(&self) -> Effect;
    /// The same, of its count alone.
    fn count_shown(&self) -> Effect;
    /// What its tags and its cluster's say.
    fn directives(&self, snapshot: &Snapshot, ask: &Ask, settings: &PlanSettings) -> Directives;
    /// Why it can't carry a tag, if it can't.
    fn untaggable(&self, key: &str) -> Option<Refusal>;
    /// What no request and no schedule changes, whatever its record says.
    fn out_of_reach(&self, ask: &Ask) -> Option<Item>;
    /// What a reconcile leaves alone, by what its record says and what is due.
    fn left_alone(
        &self,
        record: Option<&Record<Self::Size>>,
        due: Due,
        settings: &PlanSettings,
    ) -> Option<Item>;
    /// A reconcile changes it, where schedules act.
    fn is_reconciled(&self) -> bool {
        true
    }
    /// At 0, and its autoscaling, which is awake, takes it up from there.
    fn is_idle(&self) -> bool {
        false
    }
    /// All of it runs, and nothing of it is being replaced.
    fn is_whole(&self) -> bool;
    /// The step that writes its record.
    fn write(&self, before: Option<String>, record: Record<Self::Size>) -> Step;
    /// The steps of a stop that a transition wants, or that was begun.
    fn stop(case: &Case<'_, Self>) -> PlannedItem;
    /// The steps of a start to this size.
    fn start(case: &Case<'_, Self>, size: Self::Size, count: Count) -> PlannedItem;
    /// The steps, before its record is written, that end a start: what was left asleep until it is whole is
    /// as this size says again.
    fn finish(case: &Case<'_, Self>, size: &Self::Size) -> Vec<Step>;
    /// How much of it is there; and where to look for the reason if that is not all.
    fn there(&self) -> (String, String);
    /// What keeps it from doing what is due: people's doing.
    fn held_back(_case: &Case<'_, Self>, _due: Due) -> Option<Warning> {
        None
    }
    /// An override of its own that is over is removed once nothing else is left to do.
    fn clean_up(_case: &Case<'_, Self>, _planned: &mut PlannedItem) {}
    /// The same where it follows nothing any more.
    fn left_behind(_seen: &Self, _: &Directives, _: &Ask, _: &PlanSettings) -> Option<PlannedItem> {
        None
    }
}

/// What a service or group that comes back has as its desired count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// The saved one, brought within what is allowed; a live one is never lowered.
    Saved,
    /// This one, as it was asked for.
    Exactly(u32),
    /// The live one.
    AsItIs,
}

/// In whose name a record is written, and for which instant.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    /// t: the transition, or the instant that the request was meant for.
    pub(super) at: Timestamp,
    pub(super) by: By,
    /// The hash of the schedule in force.
    pub(super) sched: Option<String>,
}

/// A record as text, and read.
pub(super) type Recorded<S> = (Option<String>, Option<Record<S>>);

pub(super) fn recorded<S: Saved>(mut tags: Tags, keys: &TagKeys) -> Result<Recorded<S>, Refusal> {
    let record = shared::tags::recorded(&tags, keys)?;
    Ok((tags.remove(&keys.record), record))
}

/// What fails for a reason that stands in its tags.
pub(super) fn failed(resource: &impl Display, Refusal { code, reason }: Refusal) -> Item {
    Item::new(resource, Outcome::Failed, Some(code), reason)
}

/// One service or group, as the rules of stop, start and scale see it.
pub(super) struct Case<'a, T: Resource> {
    pub(super) seen: &'a T,
    pub(super) snapshot: &'a Snapshot,
    pub(super) ask: &'a Ask,
    pub(super) settings: &'a PlanSettings,
    pub(super) live: Live<T::Size>,
    /// The record as text, and read.
    pub(super) record_text: Option<String>,
    pub(super) record: Option<Record<T::Size>>,
    pub(super) cause: Cause,
    pub(super) directives: Directives,
}

/// What becomes of one that follows a schedule, or whose stop was begun; `None` for one that follows
/// nothing and never did.
pub(super) fn reconciled<T: Resource>(
    seen: &T,
    snapshot: &Snapshot,
    ask: &Ask,
    settings: &PlanSettings,
) -> Option<PlannedItem> {
    let directives = seen.directives(snapshot, ask, settings);
    let follows = !matches!(&directives.wanted, Ok(None));
    if let Some(item) = seen.out_of_reach(ask) {
        return follows.then(|| item.into());
    }
    let (record_text, record) = match recorded(seen.tags(), &settings.tags) {
        Ok(recorded) => recorded,
        Err(fault) => return follows.then(|| failed(seen.id(), fault).into()),
    };
    let due = directives.due(seen, record.as_ref(), ask, settings);
    if !follows && due == Due::Nothing {
        return T::left_behind(seen, &directives, ask, settings);
    }
    if let Some(item) = seen.left_alone(record.as_ref(), due, settings) {
        return Some(item.into());
    }
    let cause = directives.cause(due, record.as_ref(), ask.now);
    let case = Case::new(seen, snapshot, ask, settings, (record_text, record), cause, directives);
    let mut planned = case.carry_out(due);
    planned.item.warnings.extend(T::held_back(&case, due));
    planned.item.warnings.extend(case.late_to_wake(due));
    if matches!(due, Due::Nothing | Due::Renew { .. } | Due::AdoptWithoutSize { .. }) {
        planned.item.warnings.extend(case.orphaned());
    }
    planned.item.warnings.extend(case.stranded());
    case.directives.tell(&mut planned.item, || seen.shown());
    if due == Due::Nothing {
        T::clean_up(&case, &mut planned);
    }
    Some(planned)
}

impl<'a, T: Resource> Case<'a, T> {
    pub(super) fn new(
        seen: &'a T,
        snapshot: &'a Snapshot,
        ask: &'a Ask,
        settings: &'a PlanSettings,
        (record_text, record): Recorded<T::Size>,
        cause: Cause,
        directives: Directives,
    ) -> Self {
        let live = seen.live(directives.night(), settings);
        Self { seen, snapshot, ask, settings, live, record_text, record, cause, directives }
    }

    fn carry_out(&self, due: Due) -> PlannedItem {
        match due {
            Due::Unreadable => failed(self.seen.id(), self.directives.fault()).into(),
            Due::Held => self.item(Outcome::Unchanged, Some(Code::Held), "left as it is").into(),
            Due::FinishStop | Due::MakeOff { .. } => T::stop(self),
            Due::StartUnscheduled { .. } | Due::MakeOn { .. } => self.start(Count::Saved),
            Due::HandBack { .. } => self.start(Count::AsItIs),
            Due::Adopt { state, at } => self.adopted(state, at),
            Due::AdoptWithoutSize { at } => self.adopted_without_size(at),
            Due::Waking => self.waking().into(),
            Due::FinishStart => self.finished(),
            Due::Renew { at } => self.renewed(at),
            Due::Withheld { half: Half::StartOnly } => {
                self.item(Outcome::Unchanged, Some(Code::StartOnly), "people stop it").into()
            }
            Due::Withheld { .. } => {
                self.item(Outcome::Unchanged, Some(Code::StopOnly), "people start it").into()
            }
            Due::Nothing => self.left(),
        }
    }

    /// A start to the size that its record or its tag says, or why there is none.
    pub(super) fn start(&self, count: Count) -> PlannedItem {
        if let Some(item) = self.untaggable() {
            return item.into();
        }
        match self.to_restore() {
            Err(refusal) => self.refused(refusal),
            // The count of a queue's worker is its autoscaling's to say.
            Ok(size) if size.count().is_none() && count == Count::Saved => {
                T::start(self, size, Count::AsItIs)
            }
            Ok(size) => T::start(self, size, count),
        }
    }

    /// A reconcile looks at it again, and ends its start once it is whole.
    pub(super) fn is_finished_later(&self) -> bool {
        let acts = |cluster: &ClusterName| self.settings.acts_in.matches(cluster.as_str());
        let is_reconciled = || self.seen.is_reconciled() && self.seen.cluster().is_some_and(acts);
        self.ask.verb == Verb::Reconcile || is_reconciled()
    }

    /// It is starting, and no reconcile ends that: a start by request does.
    pub(super) fn is_finished_by_request(&self) -> bool {
        let starting = self.record.as_ref().is_some_and(|record| record.state == State::Starting);
        starting && self.count() > 0 && !self.is_finished_later()
    }

    fn waking(&self) -> Item {
        let since = self.record.as_ref().map(|record| record.at).unwrap_or_default();
        let (there, _) = self.seen.there();
        let mut item =
            self.item(Outcome::Unchanged, Some(Code::Waking), format!("starting since {since}: {there}"));
        item.after = item.before.clone();
        item
    }

    /// The end of a start: what slept until it was whole wakes.
    pub(super) fn finished(&self) -> PlannedItem {
        let Some(record) = &self.record else { return self.unchanged(self.as_it_is()).into() };
        let (there, hint) = self.seen.there();
        let mut steps = T::finish(self, &record.size);
        steps.push(self.write(Record { state: State::On, ..record.clone() }));
        let mut item = self.item(Outcome::Changed, None, format!("up: {there}"));
        item.after = Some(Effect { became: Became::On, ..self.seen.count_shown() });
        if !self.seen.is_whole() {
            item.reason = format!("taken as up: {there}");
            let detail = format!(
                "{there}, and it has been starting since {}: its autoscaling is handed back all the same; {hint}",
                record.at
            );
            item.warnings.push(Warning::new(Code::LateToWake, detail));
        }
        PlannedItem { item, stages: vec![(T::STARTS_IN, steps)] }
    }

    /// Nothing is due. What was adopted without a size stays told, without an alarm.
    fn left(&self) -> PlannedItem {
        let unsaid =
            self.record.as_ref().is_some_and(|it| it.size.count().is_none() && !self.is_worker(&it.size));
        if !self.live.level().is_down() || !unsaid || !matches!(self.tagged_size(), Ok(None)) {
            return self.unchanged(self.as_it_is()).into();
        }
        let Refusal { code, reason } = no_saved_size::<T::Size>(&self.settings.tags);
        self.item(Outcome::Skipped, Some(code), format!("it is at {}, and {reason}", self.count())).into()
    }

    /// The first record of what has no size to come back to. That is told now, and not in the morning.
    fn adopted_without_size(&self, at: Timestamp) -> PlannedItem {
        if let Some(item) = self.untaggable() {
            return item.into();
        }
        let TagKeys { record: record_key, schedule, .. } = &self.settings.tags;
        let Refusal { code, reason } = no_saved_size::<T::Size>(&self.settings.tags);
        let size = self.live.at_first_sight();
        let size = size.clone().with(None, size.bounds());
        let record = self.adoption(State::On, at, size);
        let item = self.item(
            Outcome::Failed,
            Some(code),
            format!(
                "it is at {} without a record: somebody removed its tag {record_key}, or it was never on. So \
                 {reason}. If it is to stay so, tag it {schedule} with none. The function's log has what its \
                 record last said: aws logs filter-log-events --log-group-name LOG_GROUP --filter-pattern \
                 '{}'",
                self.count(),
                self.seen.audit_pattern(),
            ),
        );
        PlannedItem { item, stages: vec![(CHANGE, vec![self.write(record)])] }
    }

    fn to_restore(&self) -> Result<T::Size, Refusal> {
        let tagged = self.tagged_size();
        let of_tag = tagged.as_ref().ok().and_then(Option::as_ref);
        let size = sizing::to_restore(self.record.as_ref(), &self.live, of_tag);
        match size.count() {
            Some(_) => Ok(size),
            None if self.is_worker(&size) => Ok(size),
            None => tagged.and(Err(no_saved_size::<T::Size>(&self.settings.tags))),
        }
    }

    /// Its count is its autoscaling's to say, as long as it has one.
    fn is_worker(&self, size: &T::Size) -> bool {
        size.is_worker() && self.live.size.bounds().is_some()
    }

    pub(super) fn to_save(&self) -> T::Size {
        sizing::to_save(self.record.as_ref(), &self.live)
    }

    fn adoption(&self, state: State, at: Timestamp, size: T::Size) -> Record<T::Size> {
        let night = self.record.as_ref().map_or(0, |record| record.night);
        Record { state, at, size, night, sched: self.cause.sched.clone(), by: Some(By::Adoption) }
    }

    /// The first record, so that the next transition finds it: nothing else is changed.
    fn adopted(&self, state: State, at: Timestamp) -> PlannedItem {
        if let Some(item) = self.untaggable() {
            return item.into();
        }
        let at_first_sight = || {
            let tagged = self.tagged_size().ok().flatten();
            let seen = self.live.at_first_sight();
            tagged.map_or_else(|| seen.clone(), |tagged| seen.clone().or(&tagged))
        };
        let size = self.record.as_ref().map_or_else(at_first_sight, |record| record.size.clone());
        let record = self.adoption(state, at, size);
        let mut item = self.item(Outcome::Changed, None, "adopted as it is: the next transition acts");
        item.after = Some(Effect { became: Became::Adopted, ..self.seen.count_shown() });
        item.warnings.extend(self.orphaned());
        PlannedItem { item, stages: vec![(CHANGE, vec![self.write(record)])] }
    }

    /// It is as the transition wants it: t alone is renewed.
    fn renewed(&self, at: Timestamp) -> PlannedItem {
        let PlannedItem { item, .. } = self.left();
        match self.record.clone() {
            Some(record) => {
                let renewed = Record { at, ..record };
                PlannedItem { item, stages: vec![(CHANGE, vec![self.write(renewed)])] }
            }
            None => item.into(),
        }
    }

    /// Its record says off already, and it was asked for: that alone is noted. Otherwise the record stays
    /// byte for byte.
    pub(super) fn note_request(&self, as_it_is: Item, noted: Item) -> PlannedItem {
        let Some(record) = &self.record else { return as_it_is.into() };
        let passed = self.directives.since().filter(|since| *since > record.at);
        if record.by == Some(By::Request) && passed.is_none() {
            return as_it_is.into();
        }
        if let Some(item) = self.stale() {
            return item.into();
        }
        // A transition lies between: for it, this stop is new.
        let at = passed.map_or(record.at, |_| self.cause.at);
        let record = Record { by: Some(By::Request), at, ..record.clone() };
        PlannedItem { item: noted, stages: vec![(CHANGE, vec![self.write(record)])] }
    }

    fn as_it_is(&self) -> String {
        match self.count() {
            0 => "off".into(),
            count if self.is_off() && self.is_at_rest() => format!("off, with its night size of {count}"),
            count => format!("on with {count}"),
        }
    }

    /// We put it to sleep, and where reconcile only observes nothing wakes it.
    fn stranded(&self) -> Option<Warning> {
        let record = self.record.as_ref().filter(|_| self.ask.observes)?;
        let ours = !record.state.is_on() && matches!(record.by, Some(By::Schedule | By::Override));
        ours.then(|| {
            let detail = format!(
                "ecs-steward put it to sleep at {}, and only observes here: nothing wakes it until MODE is act. \
                 Start it by request, or set MODE",
                record.at
            );
            Warning::new(Code::Stranded, detail)
        })
    }

    /// Started, and still not all there some time after that.
    fn late_to_wake(&self, due: Due) -> Option<Warning> {
        let since = self.record.as_ref()?.at;
        let waking_for = self.ask.now.duration_since(whole_seconds(since));
        let late = due == Due::Waking && waking_for >= self.settings.late_after;
        late.then(|| {
            let (there, hint) = self.seen.there();
            Warning::new(Code::LateToWake, format!("{there}, and it has been starting since {since}; {hint}"))
        })
    }

    pub(super) fn count(&self) -> u32 {
        self.live.size.count().map_or(0, u32::from)
    }

    /// True when the record says that it was stopped, or is being stopped.
    pub(super) fn is_off(&self) -> bool {
        self.record.as_ref().is_some_and(|record| !record.state.is_on())
    }

    /// True when it is as a stop leaves it.
    pub(super) fn is_at_rest(&self) -> bool {
        self.live.level().is_at_rest()
    }

    pub(super) fn item(&self, outcome: Outcome, code: Option<Code>, reason: impl Into<String>) -> Item {
        let mut item = Item::new(self.seen.id(), outcome, code, reason);
        item.before = Some(self.seen.shown());
        item
    }

    pub(super) fn unchanged(&self, reason: impl Into<String>) -> Item {
        let mut item = self.item(Outcome::Unchanged, None, reason);
        item.after = item.before.clone();
        item
    }

    pub(super) fn refused(&self, Refusal { code, reason }: Refusal) -> PlannedItem {
        self.item(Outcome::Failed, Some(code), reason).into()
    }

    /// Why a request that does not name it changes nothing: a hold, or an override that might be one.
    pub(super) fn barred(&self) -> Option<Item> {
        let held = self.directives.hold(self.settings);
        let held = held.map(|why| self.item(Outcome::Skipped, Some(Code::Held), why));
        let unreadable = || {
            let fault = self.directives.unreadable_override()?;
            Some(self.item(Outcome::Failed, Some(fault.code), fault.reason.clone()))
        };
        held.or_else(unreadable)
    }

    /// The same hold, for a request that goes through it.
    pub(super) fn hold_warning(&self) -> Option<Warning> {
        self.directives.hold(self.settings).map(|why| Warning::new(Code::Held, why))
    }

    /// Why an event that comes so late does nothing, if it does.
    pub(super) fn stale(&self) -> Option<Item> {
        let reason = self.ask.stale(self.record.as_ref().map(|record| record.at))?;
        Some(self.item(Outcome::Skipped, Some(Code::Stale), reason))
    }

    /// Why it can't carry a record, if it can't.
    pub(super) fn untaggable(&self) -> Option<Item> {
        let Refusal { code, reason } = self.seen.untaggable(&self.settings.tags.record)?;
        Some(self.item(Outcome::Failed, Some(code), reason))
    }

    /// It sleeps with no record to say what it was: a person's doing, or a lost record.
    pub(super) fn orphaned(&self) -> Option<Warning> {
        let unsaid = |record: &Record<T::Size>| {
            let adopted = record.state == State::On && record.by == Some(By::Adoption);
            record.size.bounds().is_none() || adopted
        };
        let unsaid = self.record.as_ref().is_none_or(unsaid);
        let orphaned = self.live.size.bounds().is_some() && self.live.asleep && unsaid;
        orphaned.then(|| Warning::new(Code::OrphanedSuspension, T::ORPHANED))
    }

    /// Nothing says what to start it with, once it is stopped.
    pub(super) fn without_a_size(&self, size: &T::Size) -> Option<Warning> {
        let unsaid = size.count().is_none() && !self.is_worker(size);
        let nothing = unsaid && !matches!(self.tagged_size(), Ok(Some(_)));
        nothing.then(|| {
            let (key, example) = (&self.settings.tags.size, T::SIZE_EXAMPLE);
            let detail = format!(
                "it was never seen above 0, so nothing says what to start it with: tag it {key} ({example})"
            );
            Warning::new(Code::NoSavedSize, detail)
        })
    }

    /// The size that infrastructure-as-code put beside the record.
    fn tagged_size(&self) -> Result<Option<T::Size>, Refusal> {
        sized(&self.seen.tags(), &self.settings.tags)
    }

    /// A record of what is done now, and why.
    pub(super) fn record_of(&self, state: State, size: T::Size) -> Record<T::Size> {
        let Cause { at, by, sched } = self.cause.clone();
        let night = if state.is_on() { 0 } else { self.live.night };
        Record { state, at, size, night, sched, by: Some(by) }
    }

    /// A record that says off, older than what it is started for: what is begun now is due until it is
    /// done.
    pub(super) fn off_ahead(&self, size: T::Size) -> Record<T::Size> {
        let before = |at: Timestamp| at.saturating_sub(A_MOMENT).unwrap_or(at);
        let ahead = match &self.record {
            // It was on by then, so that the instant is that of a start.
            Some(record) if record.state.is_on() => {
                let since = self.directives.since().map_or(record.at, |since| since.min(record.at));
                Record { at: before(since), ..record.clone() }
            }
            Some(record) => record.clone(),
            None => Record { at: before(self.cause.at), ..self.record_of(State::Off, size.clone()) },
        };
        Record { state: State::Off, size, ..ahead }
    }

    pub(super) fn write(&self, record: Record<T::Size>) -> Step {
        self.seen.write(self.record_text.clone(), record)
    }

    /// A verb's word, as a request's or as a transition's.
    pub(super) fn because(&self, verb: &str) -> String {
        match self.cause.by {
            By::Request => format!("{verb} as asked"),
            _ => verb.to_owned(),
        }
    }

    /// Why a stop was made, for people.
    pub(super) fn stop_reason(&self, size: &T::Size) -> String {
        let back = size.count().map_or_else(String::new, |count| format!("; comes back with {count}"));
        let kept = self.count().min(self.live.night);
        let back = if kept > 0 { format!(", but for its night size of {kept}{back}") } else { back };
        match &self.record {
            Some(Record { state: State::Stopping, .. }) => {
                format!("the stop that was begun is finished{back}")
            }
            Some(Record { state: State::Off, at, .. }) => {
                format!("off since {at}, and raised since then: stopped again{back}")
            }
            _ => format!("{}{back}", self.because("stopped")),
        }
    }
}
