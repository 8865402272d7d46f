//! What stands on a service and its cluster: schedule, overrides, policies; and what follows.

use jiff::Timestamp;
use shared::Code;
use shared::schedule::{Drift, Half, Override, Schedule, Standing as Tags, Want, Wanted, wanted};

use super::{Case, Rules};
use crate::observe::{Seen, Snapshot};
use crate::request::Ask;

/// Why the tags can't be followed: a code, and what to mend.
#[derive(Clone, Debug)]
pub(super) struct TagFault {
    pub(super) code: Code,
    pub(super) reason: String,
}

/// What was read of a service's and its cluster's tags.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// The schedule in force.
    pub(super) schedule: Result<Option<Schedule>, TagFault>,
    /// The service's own override, live or over.
    pub(super) own: Result<Option<Override>, TagFault>,
    /// What is wanted now.
    pub(super) wanted: Result<Option<Wanted>, TagFault>,
    /// What is done about drift.
    pub(super) drift: Result<Drift, TagFault>,
    /// Which half of the schedule acts.
    pub(super) half: Result<Half, TagFault>,
}

impl Standing {
    pub(super) fn of(seen: &Seen, snapshot: &Snapshot, ask: &Ask, rules: &Rules) -> Self {
        let keys = &rules.tags;
        let own_tags = seen.service.tags_by_key();
        let cluster_tags = snapshot.cluster_tags.get(&seen.id.cluster);
        let own = |key: &str| own_tags.get(key).map(String::as_str);
        let clusters = |key: &str| cluster_tags.and_then(|tags| tags.get(key)).map(String::as_str);
        let schedule =
            rules.catalog.in_force(own(&keys.schedule), clusters(&keys.schedule)).map_err(|fault| TagFault {
                code: Code::ScheduleUnreadable,
                reason: format!("its schedule can't be read: {fault}"),
            });
        let read_override = |text: Option<&str>, whose: &str| {
            text.map(str::parse::<Override>).transpose().map_err(|fault| TagFault {
                code: Code::OverrideUnreadable,
                reason: format!(
                    "{whose} tag {} can't be read: {fault}. Mend the tag, or remove it",
                    keys.override_
                ),
            })
        };
        let own_override = read_override(own(&keys.override_), "its");
        let cluster_override = read_override(clusters(&keys.override_), "its cluster's");
        let wanted = match (&schedule, &own_override, &cluster_override) {
            (Err(fault), _, _) | (_, Err(fault), _) | (_, _, Err(fault)) => Err(fault.clone()),
            (Ok(schedule), Ok(own), Ok(clusters)) => {
                let tags =
                    Tags { own: own.as_ref(), clusters: clusters.as_ref(), schedule: schedule.as_ref() };
                Ok(wanted(&tags, ask.now, &rules.calendar))
            }
        };
        let policy = |key: &str| own(key).or_else(|| clusters(key));
        Self {
            schedule,
            own: own_override,
            wanted,
            drift: read_policy(policy(&keys.drift), &keys.drift, rules.drift),
            half: read_policy(policy(&keys.half), &keys.half, rules.half),
        }
    }

    /// The hash of the schedule in force.
    pub(super) fn sched(&self) -> Option<String> {
        self.schedule.as_ref().ok()?.as_ref().map(Schedule::hash)
    }

    /// The same for a record that a request writes: empty where schedules do not act.
    pub(super) fn sched_for_requests(&self, seen: &Seen, rules: &Rules) -> Option<String> {
        rules.acts_in.matches(seen.id.cluster.as_str()).then(|| self.sched()).flatten()
    }

    /// Why nothing is changed here, if a hold is live.
    pub(super) fn hold(&self) -> Option<String> {
        let wanted = self.wanted.as_ref().ok()?.as_ref()?;
        (wanted.state == Want::Hold).then(|| wanted.why.clone())
    }

    /// The instant since which things are wanted as they are.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.wanted.as_ref().ok()?.as_ref()?.since.as_ref().map(|since| since.at)
    }

    /// Why it should be off now, where schedules act and say so.
    pub(super) fn wants_off_now(&self, case: &Case<'_>) -> Option<String> {
        let wanted = self.wanted.as_ref().ok()?.as_ref()?;
        let acts = case.rules.acts_in.matches(case.id.cluster.as_str());
        (acts && wanted.state == Want::Off).then(|| wanted.why.clone())
    }
}

fn read_policy<T: std::str::FromStr<Err = String>>(
    text: Option<&str>,
    key: &str,
    default: T,
) -> Result<T, TagFault> {
    text.map_or(Ok(default), |text| {
        text.parse().map_err(|fault| TagFault {
            code: Code::ScheduleUnreadable,
            reason: format!("the tag {key} can't be read: {fault}"),
        })
    })
}
