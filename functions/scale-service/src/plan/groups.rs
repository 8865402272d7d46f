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

use serde_json::{Value, json};
use shared::autoscaling::{Group, Suspended};
use shared::groups::LinkedBy;
use shared::names::ClusterName;
use shared::record::{Bounds, By, Capacity, Record, State, whole_seconds};
use shared::report::{Item, Outcome, Warning};
use shared::schedule::{Due, Want};
use shared::tags::{no_room, no_saved_size, sized};
use shared::{Code, Refusal};

use super::standing::{Live, Standing};
use super::{CHANGE, Cause, Decision, Recorded, Rules, Step, failed, recorded};
use crate::ask::{Ask, GroupSizes, Verb};
use crate::observe::{GroupId, SeenGroup, Snapshot, Tasks};
use start::Count;

pub(super) use stop::waiting_for;

/// A longer name of a cluster does not fit into the record.
const LONGEST: usize = 150;

/// A group with all that is asked of it.
struct Case<'a> {
    seen: &'a SeenGroup,
    group: &'a Group,
    ask: &'a Ask,
    rules: &'a Rules,
    /// The tasks on its instances, where they were looked at.
    tasks: Option<&'a Tasks>,
    /// Its tag or its record names a cluster with which none of its instances is registered.
    misled: bool,
    record_text: Option<String>,
    record: Option<Record<Capacity>>,
    cause: Cause,
    standing: Standing,
}

/// What becomes of a group that follows a schedule, or whose stop was begun; `None` for one that
/// follows nothing and never did.
pub(super) fn reconciled(
    seen: &SeenGroup,
    snapshot: &Snapshot,
    ask: &Ask,
    rules: &Rules,
) -> Option<Decision> {
    let standing = standing(seen, snapshot, ask, rules);
    let follows = !matches!(&standing.wanted, Ok(None));
    let (record_text, record) = match recorded(seen.group.tags_by_key(), rules) {
        Ok(recorded) => recorded,
        Err(fault) => return follows.then(|| failed(&seen.id, fault).into()),
    };
    let due = standing.due(record.as_ref(), live(seen, rules), ask.now);
    if !follows && due == Due::Nothing {
        return None;
    }
    let told_to = record.as_ref().is_some_and(|record| record.state != State::On);
    // Whose it is matters to what runs there: it comes back all the same.
    let starts = matches!(due, Due::MakeOn { .. } | Due::StartUnscheduled { .. } | Due::HandBack { .. });
    let unknown = || cluster_unknown(seen).filter(|_| !starts);
    if let Some(item) = out_of_reach(seen, told_to).or_else(unknown) {
        return Some(item.into());
    }
    let cause = standing.cause(due, record.as_ref(), ask.now);
    let case = Case::new(seen, snapshot, ask, rules, (record_text, record), cause, standing);
    let mut decision = carry_out(&case, due);
    decision.item.warnings.extend(held_back(&case, due));
    decision.item.warnings.extend(late_to_wake(&case, due));
    case.standing.tell(&mut decision.item, || case.shown());
    Some(decision)
}

/// What becomes of a group whose cluster is stopped or started with its machines.
pub(super) fn asked(seen: &SeenGroup, snapshot: &Snapshot, ask: &Ask, rules: &Rules) -> Decision {
    let (record_text, record) = match recorded(seen.group.tags_by_key(), rules) {
        Ok(recorded) => recorded,
        Err(fault) => return failed(&seen.id, fault).into(),
    };
    let told_to = ask.force || record.as_ref().is_some_and(|record| record.state != State::On);
    if let Some(item) = out_of_reach(seen, told_to).or_else(|| cluster_unknown(seen)) {
        return item.into();
    }
    let standing = standing(seen, snapshot, ask, rules);
    let sched = seen.id.cluster.as_ref().and_then(|cluster| standing.sched_for_requests(cluster, rules));
    let cause = Cause { at: whole_seconds(ask.at), by: By::Request, sched };
    let case = Case::new(seen, snapshot, ask, rules, (record_text, record), cause, standing);
    if let Some(why) = case.standing.hold(ask, rules) {
        return case.item(Outcome::Skipped, Some(Code::Held), why).into();
    }
    if let Some(fault) = case.standing.unreadable_override() {
        return case.item(Outcome::Failed, Some(fault.code), fault.reason.clone()).into();
    }
    if ask.verb == Verb::Stop { stop::begin(&case) } else { start::decide(&case) }
}

/// What becomes of a group whose sizes are asked for.
pub(super) fn scaled(
    seen: &SeenGroup,
    snapshot: &Snapshot,
    ask: &Ask,
    rules: &Rules,
    sizes: GroupSizes,
) -> Decision {
    // A record that can't be read is no reason: nothing is written there.
    let (record_text, record) = recorded(seen.group.tags_by_key(), rules).unwrap_or_default();
    let cause = Cause { at: whole_seconds(ask.at), by: By::Request, sched: None };
    let standing = standing(seen, snapshot, ask, rules);
    let case = Case::new(seen, snapshot, ask, rules, (record_text, record), cause, standing);
    let held = case.standing.hold(ask, rules);
    if let (Some(why), true) = (&held, ask.scheduled) {
        return case.item(Outcome::Skipped, Some(Code::Held), why.clone()).into();
    }
    if let (Some(fault), true) = (case.standing.unreadable_override(), ask.scheduled) {
        return case.item(Outcome::Failed, Some(fault.code), fault.reason.clone()).into();
    }
    let mut decision = scale::decide(&case, sizes);
    decision.item.warnings.extend(held.map(|why| Warning::new(Code::Held, why)));
    decision
}

/// The clusters that have machines, or get them in this run.
pub(super) fn up<'s>(
    groups: impl Iterator<Item = (&'s SeenGroup, &'s Decision)>,
) -> BTreeSet<&'s ClusterName> {
    let is_up = |(seen, decision): &(&SeenGroup, &Decision)| {
        let after = decision.item.after.as_ref().and_then(|after| after.get("desiredCapacity")?.as_i64());
        after.unwrap_or(seen.group.desired_capacity.into()) > 0
    };
    groups.filter(is_up).filter_map(|(seen, _)| seen.id.cluster.as_ref()).collect()
}

/// The groups that go once no task is on them.
pub(super) fn need_tasks(seen: &Snapshot, ask: &Ask, rules: &Rules) -> Vec<GroupId> {
    let goes = |one: &&SeenGroup| {
        let standing = standing(one, seen, ask, rules);
        let Ok((_, record)) = recorded::<Capacity>(one.group.tags_by_key(), rules) else { return false };
        let due = standing.due(record.as_ref(), live(one, rules), ask.now);
        matches!(due, Due::MakeOff { .. } | Due::FinishStop)
    };
    seen.groups.iter().filter(goes).map(|one| one.id.clone()).collect()
}

/// What stands on a group and its cluster. Its schedule is its own: a cluster's is its services'.
fn standing(seen: &SeenGroup, snapshot: &Snapshot, ask: &Ask, rules: &Rules) -> Standing {
    let cluster = seen.id.cluster.as_ref().and_then(|cluster| snapshot.cluster_tags.get(cluster)).cloned();
    let cluster = cluster.map(|mut tags| {
        tags.remove(&rules.tags.schedule);
        tags
    });
    Standing::read(&seen.group.tags_by_key(), cluster.as_ref(), ask, rules)
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
fn cluster_unknown(seen: &SeenGroup) -> Option<Item> {
    let unknown =
        |reason: String| Some(Item::new(&seen.id, Outcome::Unchanged, Some(Code::ClusterUnknown), reason));
    match &seen.id.cluster {
        None => unknown("nothing says which cluster's tasks it carries: tag it steward:cluster".into()),
        Some(cluster) if cluster.as_str().len() > LONGEST && seen.linked_by == Some(LinkedBy::Instances) => {
            let reason = "its cluster's name is too long for its record, and an empty group is linked to \
                          nothing: tag it steward:cluster";
            unknown(reason.into())
        }
        Some(_) => None,
    }
}

fn live(seen: &SeenGroup, rules: &Rules) -> Live {
    let tagged = sized::<Capacity>(&seen.group.tags_by_key(), &rules.tags);
    Live {
        count: count(seen.group.desired_capacity),
        asleep: seen.group.is_asleep(),
        size_tag: tagged.is_ok_and(|size| size.is_some_and(|size| size.count.is_some())),
    }
}

fn count(of: i32) -> u32 {
    u32::try_from(of).unwrap_or(0)
}

fn carry_out(case: &Case<'_>, due: Due) -> Decision {
    match due {
        Due::Unreadable => failed(&case.seen.id, case.standing.fault()).into(),
        Due::Held => case.item(Outcome::Unchanged, Some(Code::Held), "left as it is").into(),
        Due::FinishStop | Due::MakeOff { .. } => stop::decide(case),
        Due::StartUnscheduled { .. } | Due::MakeOn { .. } => start::saved_or_refused(case, Count::Saved),
        Due::Adopt { state, at } => adopted(case, state, at),
        Due::AdoptWithoutSize => {
            let Refusal { code, reason } = no_saved_size::<Capacity>(&case.rules.tags);
            case.item(Outcome::Skipped, Some(code), format!("it is at 0, and {reason}")).into()
        }
        Due::Renew { at } => renewed(case, at),
        Due::Withheld => case.item(Outcome::Unchanged, Some(Code::StopOnly), "people start it").into(),
        Due::HandBack { .. } => start::saved_or_refused(case, Count::AsItIs),
        Due::Nothing => case.unchanged(case.as_it_is()).into(),
    }
}

/// The first record, so that the next transition finds it: nothing else is changed.
fn adopted(case: &Case<'_>, state: State, at: jiff::Timestamp) -> Decision {
    if let Some(item) = case.untaggable() {
        return item.into();
    }
    let size = case.record.as_ref().map_or_else(
        || {
            let (live, tagged) = (case.live_size(), case.tagged_size().ok().flatten().unwrap_or_default());
            Capacity {
                count: live.count.or(tagged.count),
                bounds: case.own_bounds().or(tagged.bounds),
                ..live
            }
        },
        |record| record.size.clone(),
    );
    let record = Record { state, at, size, sched: case.cause.sched.clone(), by: Some(By::Adoption) };
    let mut item = case.item(Outcome::Changed, None, "adopted as it is: the next transition acts");
    item.after = Some(json!({ "desiredCapacity": case.count(), "adopted": true }));
    item.warnings.extend(case.orphaned());
    Decision { item, stages: vec![(CHANGE, vec![case.write(record, 0)])] }
}

/// It is as the transition wants it: t alone is renewed.
fn renewed(case: &Case<'_>, at: jiff::Timestamp) -> Decision {
    let item = case.unchanged(case.as_it_is());
    match case.record.clone() {
        Some(record) => {
            let renewed = Record { at, ..record };
            Decision { item, stages: vec![(CHANGE, vec![case.write(renewed, 0)])] }
        }
        None => item.into(),
    }
}

/// What keeps a group's instances from going, or from coming: people's doing, which stays.
fn held_back(case: &Case<'_>, due: Due) -> Option<Warning> {
    let group = case.group;
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

/// Wanted on, and its instances are still not all there some time after the transition. One that is
/// replaced or added just now is there: what counts is whether they come.
fn late_to_wake(case: &Case<'_>, due: Due) -> Option<Warning> {
    let wanted = case.standing.readable()?;
    let since = wanted.since.as_ref()?.at;
    let there = case.group.units();
    let late = wanted.state == Want::On
        && due == Due::Nothing
        && there < case.count()
        && case.ask.now.duration_since(since) >= case.rules.late_after;
    late.then(|| {
        let detail = format!(
            "{there} of its desired capacity of {} are there, and it should have been on since {since}; its \
             scaling activities say why",
            case.count()
        );
        Warning::new(Code::LateToWake, detail)
    })
}

impl<'a> Case<'a> {
    fn new(
        seen: &'a SeenGroup,
        snapshot: &'a Snapshot,
        ask: &'a Ask,
        rules: &'a Rules,
        (record_text, record): Recorded<Capacity>,
        cause: Cause,
        standing: Standing,
    ) -> Self {
        let tasks = snapshot.tasks.get(&seen.id.name);
        let said = matches!(seen.linked_by, Some(LinkedBy::Tag | LinkedBy::Record));
        let misled = said && snapshot.strangers.contains(&seen.id.name);
        Self { seen, group: &seen.group, ask, rules, tasks, misled, record_text, record, cause, standing }
    }
}

impl Case<'_> {
    fn count(&self) -> u32 {
        count(self.group.desired_capacity)
    }

    fn min(&self) -> u32 {
        count(self.group.min_size)
    }

    fn max(&self) -> u32 {
        count(self.group.max_size)
    }

    fn is_off(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.state != State::On)
    }

    fn item(&self, outcome: Outcome, code: Option<Code>, reason: impl Into<String>) -> Item {
        let mut item = Item::new(&self.seen.id, outcome, code, reason);
        item.before = Some(self.shown());
        item
    }

    fn unchanged(&self, reason: impl Into<String>) -> Item {
        let mut item = self.item(Outcome::Unchanged, None, reason);
        item.after = item.before.clone();
        item
    }

    fn refused(&self, refusal: Refusal) -> Decision {
        self.item(Outcome::Failed, Some(refusal.code), refusal.reason).into()
    }

    fn shown(&self) -> Value {
        json!({
            "desiredCapacity": self.count(),
            "minSize": self.min(),
            "maxSize": self.max(),
            "suspended": self.group.suspended().to_string(),
            "instances": self.group.instances.len(),
        })
    }

    fn as_it_is(&self) -> String {
        match self.count() {
            0 => "off".into(),
            count => format!("on with {count}"),
        }
    }

    /// Why an event that comes so late does nothing, if it does.
    fn stale(&self) -> Option<Item> {
        let reason = self.ask.stale(self.record.as_ref().map(|record| record.at))?;
        Some(self.item(Outcome::Skipped, Some(Code::Stale), reason))
    }

    /// Why this group can't carry a record, if it can't.
    fn untaggable(&self) -> Option<Item> {
        let Refusal { code, reason } = no_room(&self.group.tags_by_key(), &self.rules.tags.record)?;
        Some(self.item(Outcome::Failed, Some(code), reason))
    }

    /// Its size as it is, with its cluster.
    fn live_size(&self) -> Capacity {
        let bounds = Bounds { min: self.min(), suspended: self.group.suspended() };
        let cluster = self.seen.id.cluster.clone().filter(|name| name.as_str().len() <= LONGEST);
        Capacity { count: self.count().try_into().ok(), bounds: Some(bounds), cluster }
    }

    /// Its bounds as they are; nothing where it is at 0 and sleeps with no record of ours to say what they
    /// were before.
    fn own_bounds(&self) -> Option<Bounds> {
        self.live_size().bounds.filter(|_| self.count() > 0 || !self.group.is_asleep())
    }

    /// The size that infrastructure-as-code put beside the record.
    fn tagged_size(&self) -> Result<Option<Capacity>, Refusal> {
        sized(&self.group.tags_by_key(), &self.rules.tags)
    }

    /// It sleeps with no record to say what it was: a person's doing, or a lost record.
    fn orphaned(&self) -> Option<Warning> {
        let unsaid = self.record.as_ref().is_none_or(|record| record.size.bounds.is_none());
        (self.group.is_asleep() && unsaid).then(|| {
            Warning::new(
                Code::OrphanedSuspension,
                "its alarms and scheduled actions sleep, and no record says what they were before",
            )
        })
    }

    /// A record of what is done now, and why.
    fn record_of(&self, state: State, size: Capacity) -> Record<Capacity> {
        let Cause { at, by, sched } = self.cause.clone();
        Record { state, at, size, sched, by: Some(by) }
    }

    fn write(&self, record: Record<Capacity>, floor: u32) -> Step {
        let before = self.record_text.clone();
        Step::WriteGroupRecord { group: self.seen.id.clone(), before, record, floor }
    }

    fn suspend(&self) -> Option<Step> {
        let processes = Suspended::ALL.beyond(self.group.suspended());
        (processes != Suspended::default()).then(|| Step::Suspend { group: self.seen.id.clone(), processes })
    }
}
