//! The agenda: what will go on or off, when, with which size, and what of it would fail.
//!
//! It foretells what scale-service's reconcile does with the fleet as it is now, and says nothing
//! of what people do until then. Pure: no AWS, no clock.

mod coming;
pub(crate) mod groups;
pub(crate) mod services;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use shared::Refusal;
use shared::ecs::{Failure, Service};
use shared::record::{Capacity, Size};
use shared::schedule::{Moment, OnOff, WantedBy};
use shared::wake::CanWake;

use crate::ViewSettings;
use crate::snapshot::AgendaLook;
use crate::wake::WakeLines;

pub(crate) use coming::CourseSpan;

/// What something that follows a schedule is, from one instant to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foretold {
    /// The schedule, printed; `None` where it follows none.
    pub(crate) schedule: Option<String>,
    /// What it has while it is on.
    pub(crate) size: Shown,
    /// What it is when.
    pub(crate) spans: Vec<CourseSpan>,
}

/// The coming transitions of a cluster's services, and of the Auto Scaling groups that carry them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Agenda {
    /// In order of their instants; at one, as they are done: groups come before services and go after
    /// them, and each kind is in the order of its names.
    pub agenda: Vec<Entry>,
    /// What AWS could not find, and what has tags that can't be read: nothing happens to those.
    pub failures: Vec<Failure>,
}

/// A coming transition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AgendaEntry")]
pub struct Entry {
    /// When, in the schedule's zone.
    pub at: Moment,
    /// To what.
    pub to: OnOff,
    /// Of what.
    #[serde(flatten)]
    pub of: Of,
    /// Its schedule, or an override that begins or ends.
    pub cause: WantedBy,
    /// What it has while it is on: it goes off from it, and comes back with it.
    pub size: Shown,
    /// Why it would fail if nothing is mended until then.
    pub would_fail: Option<Refusal>,
    /// Whether it will wake, on the next line of a service that brings it back, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_wake: Option<CanWake>,
}

/// What goes on or off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Of {
    /// A service, by its name.
    Service(String),
    /// A group, by its name.
    AutoScalingGroup(String),
}

/// A size as an answer shows it: each part `null` where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "AgendaSize")]
pub struct Shown {
    /// The desired count, or a group's desired capacity.
    pub count: Option<u32>,
    /// The scalable target's min, or the group's.
    pub min: Option<u32>,
    /// What is suspended of its scaling, as in the record: `---`.
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

impl From<Capacity> for Shown {
    fn from(size: Capacity) -> Self {
        Self {
            count: size.count.map(u32::from),
            min: size.bounds.map(|bounds| bounds.min),
            suspended: size.bounds.map(|bounds| bounds.suspended.to_string()),
        }
    }
}

/// What comes within so many hours of `now`. `failures` is what AWS could not find.
#[must_use]
pub fn agenda(
    seen: &AgendaLook,
    failures: &[Failure],
    wake: &WakeLines,
    settings: &ViewSettings,
    now: Timestamp,
) -> Agenda {
    let until = now.saturating_add(seen.hours.get()).unwrap_or(Timestamp::MAX);
    let tags = &seen.services.cluster_tags;
    let mut agenda = Agenda { agenda: Vec::new(), failures: failures.to_vec() };
    let mut services: Vec<&Service> = seen.services.services.iter().collect();
    services.sort_by(|a, b| a.service_name.cmp(&b.service_name));
    for service in services {
        let mut entries =
            services::entries(service, seen.services.target_of(service), tags, settings, now, until);
        let next = entries.iter_mut().flatten().find(|entry| entry.to == OnOff::On);
        if let (Some(next), Some(line)) = (next, wake.get(&service.service_arn)) {
            next.can_wake = Some(line.verdict.can_wake);
        }
        agenda.add(&service.service_arn, entries);
    }
    for (group, link) in &seen.groups {
        agenda.add(&group.auto_scaling_group_arn, groups::entries(group, link, tags, settings, now, until));
    }
    // Stable: each kind stays in the order of its names.
    agenda.agenda.sort_by_key(|entry| {
        let is_group = matches!(entry.of, Of::AutoScalingGroup(_));
        (entry.at.at, is_group == (entry.to == OnOff::Off))
    });
    agenda
}

impl Agenda {
    fn add(&mut self, arn: &str, entries: Result<Vec<Entry>, Refusal>) {
        match entries {
            Ok(entries) => self.agenda.extend(entries),
            Err(Refusal { code, reason }) => self.failures.push(Failure {
                arn: arn.to_owned(),
                reason: code.to_string(),
                detail: Some(reason),
            }),
        }
    }
}
