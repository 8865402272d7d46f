//! From what was seen and what is asked to what will be done. Pure: no AWS, no clock, no log.
//!
//! ECS has no compare-and-swap on a service, so a concurrent stop and start may interleave. The
//! size survives all the same, because zero is never saved ([`shared::record::Size`] can't hold
//! it) and a size is only ever taken from a service that is on; the next run converges.

mod case;
mod directives;
mod groups;
mod narrow;
mod overrides;
mod reconcile;
mod services;
mod soon;
mod steps;
#[cfg(test)]
mod tests;

use jiff::SignedDuration;
use shared::application_autoscaling::Suspended;
use shared::names::ServiceId;
use shared::report::Outcome;
use shared::select::NamePatterns;
use shared::settings::{Scheduling, TagKeys};

use crate::ask::{Ask, Verb};
use crate::effect::Effect;
use crate::observe::{GroupId, Seen, Snapshot};

pub use narrow::narrow;
pub use overrides::{override_first, with_override};
pub(crate) use soon::events;
pub(crate) use steps::{GROUPS_DOWN, OVERRIDE};
pub use steps::{Step, Thing};

/// An item of scale-service's plans.
pub type Item = shared::report::Item<Effect>;
/// A plan of scale-service.
pub type Plan = shared::Plan<Step, Effect>;

/// What the deployment allows.
#[derive(Clone, Debug)]
pub struct PlanSettings {
    /// The keys of our tags.
    pub tags: TagKeys,
    /// The greatest desired count that is ever set.
    pub max_desired: u32,
    /// What schedules mean.
    pub scheduling: Scheduling,
    /// How long after its transition a service that is not up is late.
    pub late_after: SignedDuration,
    /// How long after its transition a stop waits for a deployment.
    pub deploying_wait: SignedDuration,
    /// The clusters in which schedules act; none where `MODE` is `observe`, or no reconcile comes.
    pub acts_in: NamePatterns,
}

/// An item, and the steps that make it true by stage.
struct PlannedItem {
    item: Item,
    stages: Vec<(usize, Vec<Step>)>,
}

impl From<Item> for PlannedItem {
    fn from(item: Item) -> Self {
        Self { item, stages: Vec::new() }
    }
}

/// The plan: an item for each service seen and each name that could not be.
#[must_use]
pub fn plan(seen: &Snapshot, ask: &Ask, settings: &PlanSettings) -> Plan {
    if ask.verb == Verb::Reconcile {
        return reconcile::plan(seen, ask, settings);
    }
    let mut plan = Plan::default();
    for unread in &seen.failed {
        plan.decided(unread.item());
    }
    let of_group = |one| match ask.verb {
        Verb::ScaleGroup(sizes) => groups::scaled(one, seen, ask, settings, sizes),
        _ => groups::asked(one, seen, ask, settings),
    };
    let groups: Vec<PlannedItem> = seen.groups.iter().map(of_group).collect();
    let up = groups::up(seen.groups.iter().zip(&groups));
    for one in &seen.services {
        let PlannedItem { mut item, stages } = services::asked(one, seen, ask, settings);
        item.warnings.extend(services::without_machines(one, &item, seen, &up));
        plan.change(item, stages);
    }
    for PlannedItem { item, stages } in groups {
        plan.change(item, stages);
    }
    plan
}

/// The groups whose tasks the plan looks at: machines do not go while any is left, and none of a cluster
/// that is not theirs.
#[must_use]
pub fn need_tasks(seen: &Snapshot, ask: &Ask, settings: &PlanSettings) -> Vec<GroupId> {
    match ask.verb {
        Verb::Reconcile => {}
        Verb::Stop => return seen.groups.iter().map(|one| one.id.clone()).collect(),
        Verb::Start | Verb::Scale(_) | Verb::ScaleGroup(_) => return Vec::new(),
    }
    groups::need_tasks(seen, ask, settings)
}

/// The services whose scalable targets the plan looks at. A reconcile with nothing due needs none.
#[must_use]
pub fn need_targets(seen: &Snapshot, ask: &Ask, settings: &PlanSettings) -> Vec<ServiceId> {
    if ask.verb == Verb::Reconcile {
        return reconcile::need_targets(seen, ask, settings);
    }
    seen.services.iter().map(|one| one.id.clone()).collect()
}

/// The services whose scheduled scaling actions the plan looks at: those that fall asleep, and those that
/// wake.
#[must_use]
pub fn need_actions(seen: &Snapshot, ask: &Ask, settings: &PlanSettings) -> Vec<ServiceId> {
    let turns = |one: &Seen| {
        let planned = match ask.verb {
            Verb::Reconcile => case::reconciled(one, seen, ask, settings)?,
            _ => services::asked(one, seen, ask, settings),
        };
        let mut steps = planned.stages.iter().flat_map(|(_, steps)| steps);
        let turned = |step: &Step| match step {
            Step::SetScalable { before, after, .. } => {
                before.1 == Suspended::ALL || after.1 == Suspended::ALL
            }
            _ => false,
        };
        steps.any(turned).then(|| one.id.clone())
    };
    seen.services.iter().filter(|one| one.target.is_some()).filter_map(turns).collect()
}

impl crate::observe::Unread {
    /// Its item in a plan.
    fn item(&self) -> Item {
        Item::new(&self.what, Outcome::Failed, Some(self.code), &self.reason)
    }
}
