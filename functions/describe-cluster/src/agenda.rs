//! The agenda: what will go on or off, when, with which size, and what of it would fail.
//!
//! It foretells what scale-service's reconcile does with the fleet as it is now, and says nothing
//! of what people do until then. Pure: no AWS, no clock.

mod coming;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use shared::application_autoscaling::ScalableTarget;
use shared::ecs::{Failure, Service};
use shared::record::{Record, Scaling, Size, State};
use shared::schedule::{Moment, OnOff, WantedBy};
use shared::settings::TagKeys;
use shared::tags::{recorded, sized};
use shared::{Code, Refusal};

use crate::Rules;
use crate::observe::Snapshot;
use crate::request::Hours;
use coming::{Course, Standpoint};

/// The coming transitions of a cluster's services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Agenda {
    /// In order of their instants, then of the services' names.
    pub agenda: Vec<Entry>,
    /// What AWS could not find, and services whose tags can't be read: nothing happens to those.
    pub failures: Vec<Failure>,
}

/// A coming transition of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When, in the schedule's zone.
    pub at: Moment,
    /// To what.
    pub to: OnOff,
    /// Of which service.
    pub service: String,
    /// Its schedule, or an override that begins or ends.
    pub cause: WantedBy,
    /// What it has while it is on: it goes off from it, and comes back with it.
    pub size: Shown,
    /// Why it would fail if nothing is mended until then.
    pub would_fail: Option<Refusal>,
}

/// A size as an answer shows it: each part `null` where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The desired count.
    pub count: Option<u32>,
    /// The scalable target's min.
    pub min: Option<u32>,
    /// Its suspended flags, as in the record: `---`.
    pub suspended: Option<String>,
}

impl From<Size> for Shown {
    fn from(size: Size) -> Self {
        Self {
            count: size.count.map(u32::from),
            min: size.scaling.map(|scaling| scaling.min),
            suspended: size.scaling.map(|scaling| scaling.suspended.to_string()),
        }
    }
}

/// What comes within so many hours of `now`.
#[must_use]
pub fn agenda(seen: &Snapshot, hours: Hours, rules: &Rules, now: Timestamp) -> Agenda {
    let until = now.saturating_add(hours.get()).unwrap_or(Timestamp::MAX);
    let tags = seen.clusters.iter().flatten().flat_map(|cluster| &cluster.tags);
    let cluster_tags = tags.map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    let mut services: Vec<&Service> = seen.services.iter().flatten().collect();
    services.sort_by(|a, b| a.service_name.cmp(&b.service_name));
    let mut agenda = Agenda { agenda: Vec::new(), failures: seen.failures.clone() };
    for service in services.into_iter().filter(|service| is_within_reach(service)) {
        match entries(service, seen.target_of(service), &cluster_tags, rules, now, until) {
            Ok(entries) => agenda.agenda.extend(entries),
            Err(Refusal { code, reason }) => agenda.failures.push(Failure {
                arn: service.service_arn.clone(),
                reason: code.to_string(),
                detail: Some(reason),
            }),
        }
    }
    // Stable: services stay in the order of their names.
    agenda.agenda.sort_by_key(|entry| entry.at.at);
    agenda
}

/// Whether a reconcile changes it at all.
fn is_within_reach(service: &Service) -> bool {
    service.is_active() && !service.is_daemon() && !service.is_express_managed()
}

/// One service's coming transitions; none if it follows no schedule.
fn entries(
    service: &Service,
    target: Option<&ScalableTarget>,
    cluster_tags: &BTreeMap<String, String>,
    rules: &Rules,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    let keys = &rules.tags;
    let reading = rules.scheduling.reading(keys);
    let tags = service.tags_by_key();
    let tagged = reading.read(&tags, Some(cluster_tags));
    let standing = tagged.standing().map_err(Refusal::clone)?;
    let Some(schedule) = standing.schedule else { return Ok(Vec::new()) };
    let record: Option<Record> = recorded(&tags, keys)?;
    let drift = *tagged.drift.as_ref().map_err(Refusal::clone)?;
    let half = *tagged.half.as_ref().map_err(Refusal::clone)?;
    let case = Case { service, target, tags: &tags, record: record.as_ref(), keys };
    let size = case.size();
    let course = Course { standing, schedule, drift, half, calendar: &rules.scheduling.calendar };
    let standpoint = Standpoint {
        record: record.clone(),
        count: case.count(),
        asleep: target.is_none_or(ScalableTarget::is_asleep),
        size,
    };
    let entry = |coming: coming::Coming| Entry {
        service: service.service_name.clone(),
        size: size.into(),
        would_fail: service.untaggable(&keys.record).or_else(|| match coming.to {
            OnOff::On => case.unstartable(size),
            OnOff::Off => None,
        }),
        at: coming.at,
        to: coming.to,
        cause: coming.cause,
    };
    Ok(course.coming(standpoint, now, until).into_iter().map(entry).collect())
}

/// A service as it is, with what a transition needs of it.
struct Case<'a> {
    service: &'a Service,
    target: Option<&'a ScalableTarget>,
    tags: &'a BTreeMap<String, String>,
    record: Option<&'a Record>,
    keys: &'a TagKeys,
}

impl Case<'_> {
    fn count(&self) -> u32 {
        u32::try_from(self.service.desired_count).unwrap_or(0)
    }

    /// The size that the next stop saves and the next start puts back: what a service that is on
    /// has, and what the record of one that is off says; else what infrastructure-as-code tagged.
    fn size(&self) -> Size {
        let tagged: Size = sized(self.tags, self.keys).ok().flatten().unwrap_or_default();
        let scaling =
            |target: &ScalableTarget| Scaling { min: target.min_capacity, suspended: target.suspended };
        let size = match self.record {
            // What people do inside an off period is temporary.
            Some(Record { state: State::Off | State::Stopping, size, .. }) => {
                let awake = self.target.filter(|target| !target.is_asleep()).map(scaling);
                Size { count: size.count, scaling: size.scaling.or(awake) }
            }
            record => Size {
                count: self.count().try_into().ok().or_else(|| record.and_then(|record| record.size.count)),
                scaling: self.target.map(scaling),
            },
        };
        Size { count: size.count.or(tagged.count), scaling: size.scaling.or(tagged.scaling) }
    }

    /// Why it can't come back with this size.
    fn unstartable(&self, size: Size) -> Option<Refusal> {
        if size.count.is_none() {
            return Some(sized::<Size>(self.tags, self.keys).err().unwrap_or_else(|| Refusal {
                code: Code::NoSavedSize,
                reason: format!(
                    "nothing says what size it had: scale it to a count, or tag it {} (\"n=3\", or \"n=3 min=2 susp=---\")",
                    self.keys.size
                ),
            }));
        }
        self.target.filter(|target| target.max_capacity == 0).map(|_| Refusal {
            code: Code::OutsideBounds,
            reason: "the scalable target's max is 0: raise it".into(),
        })
    }
}
