//! What the tags of a service or group and of its cluster direct: schedule, overrides and policies.

use jiff::{SignedDuration, Timestamp};
use shared::names::ClusterName;
use shared::record::{By, Record, Saved as _, whole_millis};
use shared::schedule::{
    Calendar, Due, Facts, OnOff, Override, Reading, Schedule, Standing, Tagged, Unreadable, Want, Wanted,
    WantedBy, wanted,
};
use shared::tags::{Tags, sized};
use shared::{Code, Refusal};

use super::case::{Cause, Resource};
use super::{Item, PlanSettings};
use crate::ask::Ask;
use crate::effect::Effect;

/// The smallest difference of two instants in our tags.
pub(super) const A_MOMENT: SignedDuration = SignedDuration::from_millis(1);

/// The tags of a service and of its cluster, read, and what follows from them now.
#[derive(Clone, Debug)]
pub(super) struct Directives {
    pub(super) tagged: Tagged,
    /// The instant for which that is so.
    at: Timestamp,
    pub(super) wanted: Result<Option<Wanted>, Refusal>,
}

impl Directives {
    /// From a thing's own tags, and its cluster's where they are known.
    pub(super) fn read(
        reading: &Reading<'_>,
        own: &Tags,
        cluster: Option<&Tags>,
        looked_at: Timestamp,
        ask: &Ask,
        settings: &PlanSettings,
    ) -> Self {
        let tagged = reading.read(own, cluster);
        let at = instant(&tagged, looked_at, ask);
        let wanted = tagged.wanted(at, &settings.scheduling.calendar);
        Self { tagged, at, wanted }
    }

    /// What is due for a service or group, by the table of "Reconcile".
    pub(super) fn due<T: Resource>(
        &self,
        seen: &T,
        record: Option<&Record<T::Size>>,
        ask: &Ask,
        settings: &PlanSettings,
    ) -> Due {
        let sched = self.tagged.sched();
        let (Ok(drift), Ok(half), Ok(_)) = (&self.tagged.drift, &self.tagged.half, &self.tagged.night) else {
            return Due::Unreadable;
        };
        let live = seen.live(self.night(), settings);
        let size_tag = sized::<T::Size>(&seen.tags(), &settings.tags);
        shared::schedule::decide(&Facts {
            record: Ok(record),
            wanted: self.wanted.as_ref().map(Option::as_ref).map_err(|_| Unreadable),
            sched: sched.as_deref(),
            drift: *drift,
            half: *half,
            count: live.size.count().map_or(0, u32::from),
            night: live.night,
            scaled: live.size.bounds().is_some(),
            asleep: live.asleep,
            idle: seen.is_idle(),
            whole: seen.is_whole(),
            size_tag: size_tag.is_ok_and(|size| size.is_some_and(|size| size.count().is_some())),
            now: ask.now,
        })
    }

    /// How many tasks are kept while it is off.
    pub(super) fn night(&self) -> u32 {
        self.tagged.night.clone().unwrap_or_default()
    }

    /// In whose name that is done, and for which instant.
    pub(super) fn cause<S>(&self, due: Due, record: Option<&Record<S>>, now: Timestamp) -> Cause {
        let by = match self.readable().map(|wanted| wanted.by) {
            Some(WantedBy::Override) => By::Override,
            Some(WantedBy::Schedule) | None => By::Schedule,
        };
        let own = Cause { at: whole_millis(now), by, sched: self.tagged.sched() };
        match (due, record) {
            // With the t, the cause and the schedule that it was begun with.
            (Due::FinishStop, Some(Record { at, by, sched, .. })) => {
                Cause { at: *at, by: by.unwrap_or(By::Request), sched: sched.clone() }
            }
            (Due::MakeOn { at } | Due::MakeOff { at } | Due::HandBack { at }, _) => Cause { at, ..own },
            _ => own,
        }
    }

    /// Says on an item what is wanted, since when, and why.
    pub(super) fn tell(&self, item: &mut Item, as_it_is: impl FnOnce() -> Effect) {
        let Some(wanted) = self.readable() else { return };
        let since = wanted.since.as_ref().map(|since| format!(", since {since}")).unwrap_or_default();
        item.reason = format!("{}; {}{since}", item.reason, wanted.why);
        item.after.get_or_insert_with(as_it_is).wanted = Some(wanted.state);
    }

    /// The first thing that can't be read.
    pub(super) fn fault(&self) -> Refusal {
        let Self { tagged, wanted, .. } = self;
        let Tagged { drift, half, night, .. } = tagged;
        let faults = [wanted.as_ref().err(), drift.as_ref().err(), half.as_ref().err(), night.as_ref().err()];
        faults.into_iter().flatten().next().cloned().unwrap_or_else(|| Refusal {
            code: Code::ScheduleUnreadable,
            reason: "its tags can't be read".into(),
        })
    }

    /// What is wanted, if that can be read and anything is.
    pub(super) fn readable(&self) -> Option<&Wanted> {
        self.wanted.as_ref().ok()?.as_ref()
    }

    /// The hash of the schedule in force, for a record that a request writes: empty where schedules
    /// do not act.
    pub(super) fn sched_for_requests(
        &self,
        cluster: &ClusterName,
        settings: &PlanSettings,
    ) -> Option<String> {
        settings.acts_in.matches(cluster.as_str()).then(|| self.tagged.sched()).flatten()
    }

    /// Why nothing is changed here, if a hold is live: also where the schedule can't be read.
    pub(super) fn hold(&self, settings: &PlanSettings) -> Option<String> {
        let Tagged { own, clusters, .. } = &self.tagged;
        let (own, clusters) = (own.as_ref().ok()?.as_ref(), clusters.as_ref().ok()?.as_ref());
        let overrides = Standing { own, clusters, schedule: None };
        let wanted = wanted(&overrides, self.at, &settings.scheduling.calendar)?;
        (wanted.state == Want::Hold).then_some(wanted.why)
    }

    /// An override that can't be read might be a hold.
    pub(super) fn unreadable_override(&self) -> Option<&Refusal> {
        let Tagged { own, clusters, .. } = &self.tagged;
        own.as_ref().err().or(clusters.as_ref().err())
    }

    /// Since when it sleeps. Its record's t may be a later one: each day, and each evening that finds it off,
    /// renews it to the instant of a transition.
    pub(super) fn slept_since<S>(
        &self,
        record: &Record<S>,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Timestamp {
        let of_schedule = |schedule: &Schedule| {
            // What people stopped is renewed for each instant at which its schedule wants it off.
            let alone = Standing { schedule: Some(schedule), ..Standing::default() };
            let is_renewed = wanted(&alone, record.at, calendar).is_some_and(|it| {
                it.state == Want::Off && it.since.is_some_and(|since| since.at == record.at)
            });
            if record.by != Some(By::Schedule) && !is_renewed {
                return None;
            }
            let there = schedule.at(now, calendar);
            if there.state == OnOff::Off {
                return there.since;
            }
            // It has just turned on. What fell asleep after that did not sleep before.
            let since = there.since.filter(|since| since.at > record.at)?;
            schedule.at(since.at.saturating_sub(A_MOMENT).ok()?, calendar).since
        };
        let schedule = self.tagged.schedule.as_ref().ok().and_then(Option::as_ref);
        schedule.and_then(of_schedule).map_or(record.at, |since| since.at.min(record.at))
    }

    /// The instant since which things are wanted as they are.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.readable()?.since.as_ref().map(|since| since.at)
    }

    /// The t of a request that was meant for `at`: later than an override that was there before it.
    pub(super) fn after_override(&self, at: Timestamp) -> Timestamp {
        let at = whole_millis(at);
        let tie = self.readable().filter(|it| it.by == WantedBy::Override).and_then(|_| self.since());
        let later = tie.filter(|since| *since == at).and_then(|at| at.checked_add(A_MOMENT).ok());
        later.unwrap_or(at)
    }

    /// Why it should be off now, where schedules act and say so.
    pub(super) fn wants_off_now(&self, cluster: &ClusterName, settings: &PlanSettings) -> Option<String> {
        let acts = settings.acts_in.matches(cluster.as_str());
        let wanted = self.readable().filter(|wanted| acts && wanted.state == Want::Off);
        wanted.map(|wanted| wanted.why.clone())
    }
}

/// The instant for which a run plans: that of its event, unless an override has begun since, by the time that
/// the run looked. Then it is the start of that override, so that no run acts against what it can see.
fn instant(tagged: &Tagged, looked_at: Timestamp, ask: &Ask) -> Timestamp {
    let overrides = [&tagged.own, &tagged.clusters].into_iter().filter_map(|it| it.as_ref().ok()?.as_ref());
    let begun = overrides.filter(|it| it.is_live(looked_at)).map(Override::from);
    begun.fold(ask.now, Timestamp::max)
}
