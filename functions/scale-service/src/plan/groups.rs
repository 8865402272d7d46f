//! Auto Scaling groups: the machines sleep too, by the same laws as services.
//!
//! A group goes after its tasks: while one that is none of a DAEMON service's is on its instances, it
//! waits for a later run. It comes before the services.

mod scale;
mod start;
mod stop;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Display;

use shared::autoscaling::Suspended;
use shared::groups::LinkedBy;
use shared::names::ClusterName;
use shared::record::sizing::Live;
use shared::record::{Bounds, By, Capacity, Record, State, whole_millis};
use shared::report::{Outcome, Warning};
use shared::schedule::Due;
use shared::tags::{Tags, no_room};
use shared::{Code, Refusal};

use super::case::{Case, Cause, Count, Resource, failed, recorded};
use super::directives::Directives;
use super::steps::GROUPS_UP;
use super::{Item, PlanSettings, PlannedItem, Step};
use crate::ask::{Ask, GroupSizes, Verb};
use crate::effect::{Effect, Sizes};
use crate::observe::{GroupId, SeenGroup, Snapshot, Tasks};

/// A longer name of a cluster does not fit into the record.
const LONGEST: usize = 150;

/// A group with all that is asked of it.
type GroupCase<'a> = Case<'a, SeenGroup>;

impl Resource for SeenGroup {
    type Size = Capacity;
    const ORPHANED: &'static str =
        "its alarms and scheduled actions sleep, and no record says what they were before";
    const SIZE_EXAMPLE: &'static str = r#""n=2""#;
    const STARTS_IN: usize = GROUPS_UP;

    fn id(&self) -> &impl Display {
        &self.id
    }

    fn audit_pattern(&self) -> String {
        format!("\"autoscaling:CreateOrUpdateTags\" \"{}\"", self.id.name)
    }

    fn cluster(&self) -> Option<&ClusterName> {
        self.id.cluster.as_ref()
    }

    fn tags(&self) -> Tags {
        self.group.tags_by_key()
    }

    /// With its cluster, since an empty group is linked to nothing.
    fn live(&self, _: u32, _: &PlanSettings) -> Live<Capacity> {
        let bounds = Bounds { min: number(self.group.min_size), suspended: self.group.suspended() };
        let cluster = self.id.cluster.clone().filter(|name| name.as_str().len() <= LONGEST);
        let count = number(self.group.desired_capacity).try_into().ok();
        Live {
            size: Capacity { count, bounds: Some(bounds), cluster },
            asleep: self.group.is_asleep(),
            night: 0,
            most: number(self.group.max_size),
        }
    }

    fn shown(&self) -> Effect {
        Effect::of(Sizes::Group {
            desired: number(self.group.desired_capacity),
            min: Some(number(self.group.min_size)),
            max: Some(number(self.group.max_size)),
            suspended: Some(self.group.suspended()),
            instances: Some(self.group.instances.len()),
        })
    }

    fn count_shown(&self) -> Effect {
        Effect::of(Sizes::of_group(number(self.group.desired_capacity)))
    }

    /// Its schedule is its own: a cluster's is its services'.
    fn directives(&self, snapshot: &Snapshot, ask: &Ask, settings: &PlanSettings) -> Directives {
        let cluster = self.id.cluster.as_ref().and_then(|cluster| snapshot.cluster_tags.get(cluster));
        let cluster = cluster.cloned().map(|mut tags| {
            tags.remove(&settings.tags.schedule);
            tags
        });
        let reading = settings.scheduling.reading(&settings.tags);
        Directives::read(&reading, &self.tags(), cluster.as_ref(), snapshot.looked_at, ask, settings)
    }

    fn untaggable(&self, key: &str) -> Option<Refusal> {
        no_room(&self.tags(), key)
    }

    fn out_of_reach(&self, _ask: &Ask) -> Option<Item> {
        None
    }

    fn left_alone(
        &self,
        record: Option<&Record<Capacity>>,
        due: Due,
        settings: &PlanSettings,
    ) -> Option<Item> {
        let told_to = record.is_some_and(|record| record.state != State::On);
        // Whose it is matters to what runs there: it comes back all the same.
        let starts = matches!(
            due,
            Due::MakeOn { .. }
                | Due::StartUnscheduled { .. }
                | Due::HandBack { .. }
                | Due::Waking
                | Due::FinishStart
        );
        let unknown = || cluster_unknown(self, &settings.tags.cluster).filter(|_| !starts);
        out_of_reach(self, told_to).or_else(unknown)
    }

    /// Its instances are in service.
    fn is_whole(&self) -> bool {
        let desired = number(self.group.desired_capacity);
        desired > 0 && self.group.units_in_service() >= desired
    }

    fn write(&self, before: Option<String>, record: Record<Capacity>) -> Step {
        Step::WriteGroupRecord { group: self.id.clone(), before, record }
    }

    fn stop(case: &GroupCase<'_>) -> PlannedItem {
        stop::planned(case)
    }

    fn start(case: &GroupCase<'_>, size: Capacity, count: Count) -> PlannedItem {
        start::back_to(case, &size, count)
    }

    fn finish(case: &GroupCase<'_>, size: &Capacity) -> Vec<Step> {
        start::finish(case, size).into_iter().collect()
    }

    fn there(&self) -> (String, String) {
        let (there, desired) = (self.group.units_in_service(), number(self.group.desired_capacity));
        let told = format!("{there} of its desired capacity of {desired} are in service");
        (told, "its scaling activities say why".to_owned())
    }

    fn held_back(case: &GroupCase<'_>, due: Due) -> Option<Warning> {
        held_back(case, due)
    }
}

/// What becomes of a group whose cluster is stopped or started with its machines.
pub(super) fn asked(
    seen: &SeenGroup,
    snapshot: &Snapshot,
    ask: &Ask,
    settings: &PlanSettings,
) -> PlannedItem {
    let (record_text, record) = match recorded::<Capacity>(seen.tags(), &settings.tags) {
        Ok(recorded) => recorded,
        Err(fault) => return failed(&seen.id, fault).into(),
    };
    let told_to = ask.force || record.as_ref().is_some_and(|record| record.state != State::On);
    let unknown = || cluster_unknown(seen, &settings.tags.cluster);
    if let Some(item) = out_of_reach(seen, told_to).or_else(unknown) {
        return item.into();
    }
    let directives = seen.directives(snapshot, ask, settings);
    let cluster = seen.id.cluster.as_ref();
    let sched = cluster.and_then(|cluster| directives.sched_for_requests(cluster, settings));
    let cause = Cause { at: directives.after_override(ask.at), by: By::Request, sched };
    let case = Case::new(seen, snapshot, ask, settings, (record_text, record), cause, directives);
    if let Some(item) = case.barred() {
        return item.into();
    }
    if ask.verb == Verb::Stop { stop::begun(&case) } else { start::planned(&case) }
}

/// What becomes of a group whose sizes are asked for.
pub(super) fn scaled(
    seen: &SeenGroup,
    snapshot: &Snapshot,
    ask: &Ask,
    settings: &PlanSettings,
    sizes: GroupSizes,
) -> PlannedItem {
    // A record that can't be read is no reason: nothing is written there.
    let recorded = recorded(seen.tags(), &settings.tags).unwrap_or_default();
    let cause = Cause { at: whole_millis(ask.at), by: By::Request, sched: None };
    let directives = seen.directives(snapshot, ask, settings);
    let case = Case::new(seen, snapshot, ask, settings, recorded, cause, directives);
    if let Some(item) = case.barred().filter(|_| ask.scheduled) {
        return item.into();
    }
    let mut planned = scale::planned(&case, sizes);
    planned.item.warnings.extend(case.hold_warning());
    planned
}

/// The clusters that have machines, or get them in this run.
pub(super) fn up<'s>(
    groups: impl Iterator<Item = (&'s SeenGroup, &'s PlannedItem)>,
) -> BTreeSet<&'s ClusterName> {
    let is_up = |(seen, planned): &(&SeenGroup, &PlannedItem)| {
        let after = planned.item.after.as_ref().and_then(Effect::desired);
        after.unwrap_or(seen.group.desired_capacity.into()) > 0
    };
    groups.filter(is_up).filter_map(|(seen, _)| seen.id.cluster.as_ref()).collect()
}

/// The groups that go once no task is on them.
pub(super) fn need_tasks(seen: &Snapshot, ask: &Ask, settings: &PlanSettings) -> Vec<GroupId> {
    let goes = |one: &&SeenGroup| {
        let directives = one.directives(seen, ask, settings);
        let Ok((_, record)) = recorded::<Capacity>(one.tags(), &settings.tags) else { return false };
        let due = directives.due(*one, record.as_ref(), ask, settings);
        matches!(due, Due::MakeOff { .. } | Due::FinishStop)
    };
    seen.groups.iter().filter(goes).map(|one| one.id.clone()).collect()
}

/// Why nothing is done to a group, unless it was told to.
fn out_of_reach(seen: &SeenGroup, told_to: bool) -> Option<Item> {
    let item = |outcome, code, reason: String| Some(Item::new(&seen.id, outcome, Some(code), reason));
    if let Some(status) = &seen.group.status {
        return item(Outcome::Skipped, Code::Gone, format!("it is being deleted ({status})"));
    }
    if seen.managed && !told_to {
        let reason = "ECS sizes it, by its capacity provider's managed scaling";
        return item(Outcome::Skipped, Code::ManagedScaling, reason.into());
    }
    None
}

/// Why it is not known whose tasks a group carries, if it is not.
fn cluster_unknown(seen: &SeenGroup, key: &str) -> Option<Item> {
    let unknown =
        |reason: String| Some(Item::new(&seen.id, Outcome::Unchanged, Some(Code::ClusterUnknown), reason));
    match &seen.id.cluster {
        None => unknown(format!("nothing says which cluster's tasks it carries: tag it {key}")),
        Some(cluster) if cluster.as_str().len() > LONGEST && seen.linked_by == Some(LinkedBy::Instances) => {
            unknown(format!(
                "its cluster's name is too long for its record, and an empty group is linked to nothing: tag \
                 it {key}"
            ))
        }
        Some(_) => None,
    }
}

fn number(of: i32) -> u32 {
    u32::try_from(of).unwrap_or(0)
}

/// What keeps a group's instances from going, or from coming: people's doing, which stays.
fn held_back(case: &GroupCase<'_>, due: Due) -> Option<Warning> {
    let group = &case.seen.group;
    let goes = matches!(due, Due::MakeOff { .. } | Due::FinishStop);
    let off = case.record.as_ref().is_some_and(|record| record.state == State::Off) && case.count() == 0;
    let mut why = Vec::new();
    if goes || off {
        let those = |held: &dyn Fn(&shared::autoscaling::Instance) -> bool| {
            group.instances.iter().filter(|it| held(it)).count()
        };
        let protected = those(&|it| it.protected_from_scale_in);
        if protected > 0 {
            why.push(format!("{protected} of its instances are protected from scale-in, and stay"));
        }
        if !group.instances.is_empty() && group.is_suspended("Terminate") {
            why.push("its process Terminate is suspended, so its instances stay".into());
        }
        let hooked = those(&|it| it.lifecycle_state == "Terminating:Wait");
        if hooked > 0 {
            why.push(format!("{hooked} of its instances wait for a lifecycle hook before they end"));
        }
        let standby = those(&|it| it.lifecycle_state == "Standby");
        if standby > 0 {
            why.push(format!("{standby} of its instances are in standby, and stay"));
        }
        if let Some(warm @ 1..) = group.warm_pool_size {
            why.push(format!("its warm pool of {warm} stays, and AWS fills it up as the group empties"));
        }
    }
    let comes = matches!(due, Due::MakeOn { .. } | Due::StartUnscheduled { .. });
    if comes && group.is_suspended("Launch") {
        why.push("its process Launch is suspended, so no instance comes".into());
    }
    (!why.is_empty()).then(|| Warning::new(Code::InstancesHeld, why.join("; ")))
}

impl GroupCase<'_> {
    fn min(&self) -> u32 {
        number(self.seen.group.min_size)
    }

    fn max(&self) -> u32 {
        number(self.seen.group.max_size)
    }

    /// The tasks on its instances, where they were looked at.
    fn tasks(&self) -> Option<&Tasks> {
        self.snapshot.tasks.get(&self.seen.id.name)
    }

    /// Its tag or its record names a cluster with which none of its instances is registered.
    fn is_misled(&self) -> bool {
        let said = matches!(self.seen.linked_by, Some(LinkedBy::Tag | LinkedBy::Record));
        said && !self.is_registering() && self.snapshot.strangers.contains(&self.seen.id.name)
    }

    /// It was started for the cluster for which it was stopped: its instances register within minutes, and nothing runs
    /// on them until then.
    fn is_registering(&self) -> bool {
        let starting = self.record.as_ref().filter(|record| record.state == State::Starting);
        starting.is_some_and(|it| it.size.cluster.is_some() && it.size.cluster == self.seen.id.cluster)
    }

    fn suspend(&self) -> Option<Step> {
        let processes = Suspended::ALL.beyond(self.seen.group.suspended());
        let group = self.seen.id.clone();
        (processes != Suspended::default()).then_some(Step::Suspend { group, processes })
    }
}
