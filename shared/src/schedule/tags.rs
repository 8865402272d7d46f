//! What the tags of a service and of its cluster say, read: schedule, overrides and policies.
//!
//! A schedule and a policy are the service's own, else its cluster's. What can't be read is kept as
//! a fault beside the rest, because a service with a bad tag is left alone and the others are not.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;

use super::{Calendar, Catalog, Drift, Half, Override, Schedule, Standing, Wanted, wanted};
use crate::problem::{Code, Refusal};
use crate::settings::TagKeys;

/// How tags are read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// The keys of our tags.
    pub keys: &'a TagKeys,
    /// The schedules that a tag may name.
    pub catalog: &'a Catalog,
    /// What is done about drift, where no tag says.
    pub drift: Drift,
    /// Which half of a schedule acts, where no tag says.
    pub half: Half,
    /// The schedule, where no tag says.
    pub default: Option<&'a Schedule>,
}

/// What was read of a service's and its cluster's tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// The schedule in force; `None` where there is none, or `none` opts out.
    pub schedule: Result<Option<Schedule>, Refusal>,
    /// The service's own override, live or over.
    pub own: Result<Option<Override>, Refusal>,
    /// Its cluster's override, live or over.
    pub clusters: Result<Option<Override>, Refusal>,
    /// What is done about drift.
    pub drift: Result<Drift, Refusal>,
    /// Which half of the schedule acts.
    pub half: Result<Half, Refusal>,
    /// How many tasks a service keeps while it is off.
    pub night: Result<u32, Refusal>,
}

impl Reading<'_> {
    /// Reads the tags of a service, and those of its cluster where they are known.
    #[must_use]
    pub fn read(
        &self,
        service: &BTreeMap<String, String>,
        cluster: Option<&BTreeMap<String, String>>,
    ) -> Tagged {
        let keys = self.keys;
        let own = |key: &str| service.get(key).map(String::as_str);
        let clusters = |key: &str| cluster.and_then(|tags| tags.get(key)).map(String::as_str);
        let schedule = match own(&keys.schedule).or_else(|| clusters(&keys.schedule)) {
            None => Ok(self.default.cloned()),
            said => self.catalog.in_force(said, None),
        };
        let policy = |key: &str| own(key).or_else(|| clusters(key));
        Tagged {
            schedule: schedule.map_err(|fault| Refusal {
                code: Code::ScheduleUnreadable,
                reason: format!("its schedule can't be read: {fault}"),
            }),
            own: read_override(own(&keys.override_), "its", &keys.override_),
            clusters: read_override(clusters(&keys.override_), "its cluster's", &keys.override_),
            drift: read_policy(policy(&keys.drift), &keys.drift, self.drift),
            half: read_policy(policy(&keys.half), &keys.half, self.half),
            night: read_policy(policy(&keys.night), &keys.night, Night(0)).map(|Night(count)| count),
        }
    }
}

impl Tagged {
    /// What stands on the service and its cluster, or the first fault that keeps it from being
    /// followed.
    pub fn standing(&self) -> Result<Standing<'_>, &Refusal> {
        Ok(Standing {
            schedule: self.schedule.as_ref()?.as_ref(),
            own: self.own.as_ref()?.as_ref(),
            clusters: self.clusters.as_ref()?.as_ref(),
        })
    }

    /// What is wanted at an instant; `None` where neither a schedule nor an override is in force.
    pub fn wanted(&self, now: Timestamp, rules: &Calendar) -> Result<Option<Wanted>, Refusal> {
        self.standing().map(|standing| wanted(&standing, now, rules)).map_err(Refusal::clone)
    }

    /// The hash of the schedule in force.
    #[must_use]
    pub fn sched(&self) -> Option<String> {
        self.schedule.as_ref().ok()?.as_ref().map(Schedule::hash)
    }
}

/// A night size, as its tag says it.
struct Night(u32);

impl FromStr for Night {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_count = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let count = text.parse().ok().filter(|_| is_count);
        count.map(Self).ok_or_else(|| format!("{text:?} is not a count of tasks from 0 to 9999"))
    }
}

fn read_override(text: Option<&str>, whose: &str, key: &str) -> Result<Option<Override>, Refusal> {
    text.map(str::parse).transpose().map_err(|fault| Refusal {
        code: Code::OverrideUnreadable,
        reason: format!("{whose} tag {key} can't be read: {fault}. Mend the tag, or remove it"),
    })
}

fn read_policy<T: FromStr<Err = String>>(text: Option<&str>, key: &str, default: T) -> Result<T, Refusal> {
    text.map_or(Ok(default), |text| {
        text.parse().map_err(|fault| Refusal {
            code: Code::ScheduleUnreadable,
            reason: format!("the tag {key} can't be read: {fault}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| (format!("steward:{key}"), (*value).to_owned())).collect()
    }

    fn read(own: &[(&str, &str)], clusters: &[(&str, &str)]) -> Tagged {
        let (keys, catalog) = (TagKeys::default(), Catalog::default());
        let default = None;
        let reading =
            Reading { keys: &keys, catalog: &catalog, drift: Drift::Once, half: Half::Both, default };
        reading.read(&tags(own), Some(&tags(clusters)))
    }

    #[test]
    fn a_services_own_schedule_and_policies_win_over_its_clusters() {
        let clusters = [("schedule", "always"), ("drift", "enforce"), ("half", "stop-only")];
        let read_with = |own| read(own, &clusters);
        let inherits = read_with(&[]);
        assert_eq!(inherits.schedule, Ok(Some(Schedule::ALWAYS)));
        assert_eq!((inherits.drift, inherits.half), (Ok(Drift::Enforce), Ok(Half::StopOnly)));
        let own = read_with(&[("schedule", "never"), ("drift", "once"), ("half", "both")]);
        assert_eq!(own.schedule, Ok(Some(Schedule::NEVER)));
        assert_eq!((own.drift, own.half), (Ok(Drift::Once), Ok(Half::Both)));
        assert_eq!(read_with(&[("schedule", "none")]).schedule, Ok(None));
    }

    #[test]
    fn what_cannot_be_read_is_a_fault_that_names_whose_tag_it_is() {
        for (own, clusters, code, says) in [
            (("schedule", "Mon 8-9"), ("drift", "once"), Code::ScheduleUnreadable, "its schedule"),
            (("override", "on"), ("drift", "once"), Code::OverrideUnreadable, "its tag steward:override"),
            (
                ("drift", "once"),
                ("override", "on"),
                Code::OverrideUnreadable,
                "its cluster's tag steward:override",
            ),
        ] {
            let fault =
                read(&[own], &[clusters]).wanted(Timestamp::UNIX_EPOCH, &Calendar::default()).unwrap_err();
            assert_eq!(fault.code, code);
            assert!(fault.reason.starts_with(says), "{}", fault.reason);
        }
        let fault = read(&[("half", "whole")], &[]).half.unwrap_err();
        assert!(fault.reason.contains("the tag steward:half can't be read"), "{}", fault.reason);
    }
}
