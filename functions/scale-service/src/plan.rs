//! From what was seen and what is asked to what will be done. Pure: no AWS, no clock, no log.
//!
//! ECS has no compare-and-swap on a service, so a concurrent stop and start may interleave. The
//! size survives all the same, because zero is never saved ([`shared::record::Size`] can't hold
//! it) and a size is only ever taken from a service that is on; the next run converges.

mod groups;
mod narrow;
mod overrides;
mod reconcile;
mod scale;
mod standing;
mod start;
mod stop;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::application_autoscaling::{ScalableTarget, Suspended};
use shared::autoscaling::{GroupSize, Suspended as Processes};
use shared::ecs::Service;
use shared::names::{ClusterName, ServiceId};
use shared::record::{By, Capacity, Record, Saved, Scaling, Size, State, whole_seconds};
use shared::report::{Item, Outcome, Warning};
use shared::schedule::{Override, Wanted};
use shared::select::NamePatterns;
use shared::settings::{Scheduling, TagKeys};
use shared::tags::{Tags, sized};
use shared::{Code, Plan, Refusal};

use crate::ask::{Ask, Target, Verb};
use crate::observe::{GroupId, Seen, Snapshot};
use standing::Standing;

pub use narrow::{narrow, narrow_groups};

/// One AWS call.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `TagResource` with the record.
    WriteRecord {
        /// On which service.
        service: ServiceId,
        /// The record's text as it was seen.
        before: Option<String>,
        /// The record to write.
        record: Record,
        /// It may only be written while the desired count is at least this.
        floor: u32,
    },
    /// `RegisterScalableTarget` with a min and the suspended flags.
    SetScalable {
        /// Of which service.
        service: ServiceId,
        /// As it was seen.
        before: (u32, Suspended),
        /// As it will be.
        after: (u32, Suspended),
    },
    /// `TagResource` with an override, on a service or a cluster.
    WriteOverride {
        /// `service/prod/users` or `cluster/prod`.
        resource: String,
        /// The tag's text as it was seen.
        before: Option<String>,
        /// The override to write.
        after: Override,
    },
    /// `UntagResource` of an override that is over.
    DropOverride {
        /// `service/prod/users` or `cluster/prod`.
        resource: String,
        /// The tag's text as it was seen.
        before: String,
    },
    /// `UpdateService` with a desired count.
    SetDesired {
        /// Of which service.
        service: ServiceId,
        /// As it was seen.
        before: i32,
        /// As it will be.
        after: u32,
    },
    /// `CreateOrUpdateTags` with a group's record.
    WriteGroupRecord {
        /// On which group.
        group: GroupId,
        /// The record's text as it was seen.
        before: Option<String>,
        /// The record to write.
        record: Record<Capacity>,
        /// It may only be written while the desired capacity is at least this.
        floor: u32,
    },
    /// `UpdateAutoScalingGroup` with sizes.
    SizeGroup {
        /// Of which group.
        group: GroupId,
        /// As they were seen.
        before: GroupSize,
        /// As they will be.
        after: GroupSize,
    },
    /// `SuspendProcesses`.
    Suspend {
        /// Of which group.
        group: GroupId,
        /// Which of them.
        processes: Processes,
    },
    /// `ResumeProcesses`.
    Resume {
        /// Of which group.
        group: GroupId,
        /// Which of them.
        processes: Processes,
    },
}

impl Step {
    /// The service whose size or record it changes.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceId> {
        match self {
            Self::WriteRecord { service, .. }
            | Self::SetScalable { service, .. }
            | Self::SetDesired { service, .. } => Some(service),
            _ => None,
        }
    }

    /// The group that it changes.
    #[must_use]
    pub fn group(&self) -> Option<&GroupId> {
        match self {
            Self::WriteGroupRecord { group, .. }
            | Self::SizeGroup { group, .. }
            | Self::Suspend { group, .. }
            | Self::Resume { group, .. } => Some(group),
            _ => None,
        }
    }
}

/// What the deployment allows.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The keys of our tags.
    pub tags: TagKeys,
    /// The greatest desired count that is ever set.
    pub max_desired: u32,
    /// What schedules mean.
    pub scheduling: Scheduling,
    /// How long after its transition a service that is not up is late.
    pub late_after: SignedDuration,
    /// The clusters in which schedules act; none where `MODE` is `observe`, or no reconcile comes.
    pub acts_in: NamePatterns,
}

/// The stages: an override is written before what it causes, machines come before the services and go
/// after them, a start's record is written after the world was read again, and what is over is cleaned
/// up last.
const OVERRIDE: usize = 0;
const GROUPS_UP: usize = 1;
const CHANGE: usize = 2;
pub(crate) const GROUPS_DOWN: usize = 3;
pub(crate) const CONFIRM: usize = 4;
const CLEAN: usize = 5;

/// The plan: an item for each service seen and each name that could not be.
#[must_use]
pub fn plan(seen: &Snapshot, ask: &Ask, rules: &Rules) -> Plan<Step> {
    if ask.verb == Verb::Reconcile {
        return reconcile::plan(seen, ask, rules);
    }
    let mut plan = Plan::default();
    for (resource, code, reason) in &seen.failed {
        plan.decided(Item::new(resource, Outcome::Failed, Some(*code), reason));
    }
    let of_group = |one| match ask.verb {
        Verb::ScaleGroup(sizes) => groups::scaled(one, seen, ask, rules, sizes),
        _ => groups::asked(one, seen, ask, rules),
    };
    let groups: Vec<Decision> = seen.groups.iter().map(of_group).collect();
    let up = groups::up(seen.groups.iter().zip(&groups));
    for one in &seen.services {
        let Decision { mut item, stages } = decide(one, seen, ask, rules);
        item.warnings.extend(without_machines(one, &item, seen, &up));
        plan.change(item, stages);
    }
    for Decision { item, stages } in groups {
        plan.change(item, stages);
    }
    plan
}

/// The groups whose tasks the plan looks at: machines do not go while any is left.
#[must_use]
pub fn need_tasks(seen: &Snapshot, ask: &Ask, rules: &Rules) -> Vec<GroupId> {
    if ask.verb != Verb::Reconcile {
        return Vec::new();
    }
    let (seen, _) = overrides::applied(seen, ask, rules);
    groups::need_tasks(&seen, ask, rules)
}

/// What is wanted, since when, until when, and why.
fn told(wanted: &Wanted) -> String {
    let since = wanted.since.as_ref().map(|since| format!(", since {since}")).unwrap_or_default();
    format!("{}{since}", wanted.why)
}

/// The services whose scalable targets the plan looks at. A reconcile with nothing due needs none.
#[must_use]
pub fn need_targets(seen: &Snapshot, ask: &Ask, rules: &Rules) -> Vec<ServiceId> {
    if ask.verb == Verb::Reconcile {
        return reconcile::need_targets(seen, ask, rules);
    }
    seen.services.iter().map(|one| one.id.clone()).collect()
}

/// An item and the steps that make it true, by stage.
struct Decision {
    item: Item,
    stages: Vec<(usize, Vec<Step>)>,
}

impl From<Item> for Decision {
    fn from(item: Item) -> Self {
        Self { item, stages: Vec::new() }
    }
}

/// In whose name a record is written, and for which instant.
#[derive(Clone, Debug)]
struct Cause {
    /// t: the transition, or the instant that the request was meant for.
    at: Timestamp,
    by: By,
    /// The hash of the schedule in force.
    sched: Option<String>,
}

/// A service with all that is asked of it, as the verbs' rules see it.
struct Case<'a> {
    id: &'a ServiceId,
    service: &'a Service,
    seen: &'a Seen,
    ask: &'a Ask,
    rules: &'a Rules,
    /// The record as text, and read.
    record_text: Option<String>,
    record: Option<Record>,
    cause: Cause,
    standing: Standing,
    /// Whether a stop waits for a deployment.
    waits: Waits,
}

/// Whether a stop waits for a deployment that is in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// It is left for a later run.
    Yes,
    /// It goes through, with a warning.
    No,
}

/// What no request can change, whoever asks.
fn out_of_reach(seen: &Seen, ask: &Ask) -> Option<Item> {
    let service = &seen.service;
    let left_alone = |code, reason: String| Some(Item::new(&seen.id, Outcome::Skipped, Some(code), reason));
    if !service.is_active() {
        return left_alone(
            Code::Gone,
            format!("it is {}: only an ACTIVE service can be changed", service.status),
        );
    }
    if service.is_daemon() {
        return left_alone(
            Code::Daemon,
            "a DAEMON service runs one task per instance: change the instances".into(),
        );
    }
    if service.is_express_managed() && !ask.force {
        return left_alone(
            Code::ExpressManaged,
            "ECS Express manages it: change the Express service, or send \"force\": true".into(),
        );
    }
    None
}

fn decide(seen: &Seen, snapshot: &Snapshot, ask: &Ask, rules: &Rules) -> Decision {
    if let Some(item) = out_of_reach(seen, ask) {
        return item.into();
    }
    let service = &seen.service;
    let (record_text, record) = match recorded(service.tags_by_key(), rules) {
        Ok(recorded) => recorded,
        Err(fault) => return failed(&seen.id, fault).into(),
    };
    let standing = Standing::of(seen, snapshot, ask, rules);
    let named = matches!(ask.target, Target::One(_)) && !ask.scheduled;
    let cause = Cause {
        at: whole_seconds(ask.at),
        by: By::Request,
        sched: standing.sched_for_requests(&seen.id.cluster, rules),
    };
    let waits = if named { Waits::No } else { Waits::Yes };
    let case = Case { id: &seen.id, service, seen, ask, rules, record_text, record, cause, standing, waits };
    let held = case.standing.hold(ask, rules);
    if let (Some(why), false) = (&held, named) {
        return case.item(Outcome::Skipped, Some(Code::Held), why.clone()).into();
    }
    if let (Some(fault), false) = (case.standing.unreadable_override(), named) {
        return case.item(Outcome::Failed, Some(fault.code), fault.reason.clone()).into();
    }
    let mut decision = match ask.verb {
        Verb::Start => start::decide(&case),
        Verb::Scale(count) => scale::decide(&case, count),
        Verb::Stop | Verb::Reconcile | Verb::ScaleGroup(_) => stop::decide(&case),
    };
    decision.item.warnings.extend(held.map(|why| Warning::new(Code::Held, why)));
    decision
}

/// It is started where nothing can run it: no instance is registered, and no group of its cluster is `up`.
fn without_machines(
    one: &Seen,
    item: &Item,
    seen: &Snapshot,
    up: &BTreeSet<&ClusterName>,
) -> Option<Warning> {
    let cluster = &one.id.cluster;
    let count = item.after.as_ref()?.get("desiredCount")?.as_i64()?;
    let starts = item.outcome == Outcome::Changed && count > i64::from(one.service.desired_count);
    let needs = one.service.launch_type.as_deref() == Some("EC2") && seen.empty.contains(cluster);
    (starts && needs && !up.contains(cluster)).then(|| {
        let detail = format!(
            "no instance is registered with cluster {cluster} now, and its tasks wait for one. If none is on its \
             way, scale its Auto Scaling group (PUT /v1/auto-scaling-groups/{{group}}/scale), or start the \
             whole cluster with \"capacity\": true"
        );
        Warning::new(Code::NoInstances, detail)
    })
}

/// A record as text, and read.
type Recorded<S> = (Option<String>, Option<Record<S>>);

fn recorded<S: Saved>(mut tags: Tags, rules: &Rules) -> Result<Recorded<S>, Refusal> {
    let record = shared::tags::recorded(&tags, &rules.tags)?;
    Ok((tags.remove(&rules.tags.record), record))
}

/// What fails for a reason that stands in its tags.
fn failed(resource: &impl ToString, Refusal { code, reason }: Refusal) -> Item {
    Item::new(resource, Outcome::Failed, Some(code), reason)
}

impl Case<'_> {
    fn count(&self) -> u32 {
        u32::try_from(self.service.desired_count).unwrap_or(0)
    }

    /// True when the request names this one service, rather than selecting it.
    fn is_named(&self) -> bool {
        matches!(self.ask.target, Target::One(_))
    }

    fn item(&self, outcome: Outcome, code: Option<Code>, reason: impl Into<String>) -> Item {
        let mut item = Item::new(self.id, outcome, code, reason);
        item.before = Some(self.shown());
        item
    }

    fn unchanged(&self, reason: impl Into<String>) -> Item {
        let mut item = self.item(Outcome::Unchanged, None, reason);
        item.after = item.before.clone();
        item
    }

    fn shown(&self) -> Value {
        let mut shown = json!({ "desiredCount": self.service.desired_count });
        if let (Some(target), Some(fields)) = (&self.seen.target, shown.as_object_mut()) {
            fields.insert("minCapacity".into(), target.min_capacity.into());
            fields.insert("suspended".into(), target.suspended.to_string().into());
        }
        shown
    }

    /// Why an event that comes so late does nothing, if it does.
    fn stale(&self) -> Option<Item> {
        let reason = self.ask.stale(self.record.as_ref().map(|record| record.at))?;
        Some(self.item(Outcome::Skipped, Some(Code::Stale), reason))
    }

    /// Why this service can't carry a record, if it can't.
    fn untaggable(&self) -> Option<Item> {
        let Refusal { code, reason } = self.service.untaggable(&self.rules.tags.record)?;
        Some(self.item(Outcome::Failed, Some(code), reason))
    }

    /// A target that sleeps with no record to say what it was: a person's doing, or a lost record.
    fn orphaned(&self) -> Option<Warning> {
        let asleep = self.seen.target.as_ref().is_some_and(ScalableTarget::is_asleep);
        let unsaid = self.record.as_ref().is_none_or(|record| record.size.scaling.is_none());
        (asleep && unsaid).then(|| {
            Warning::new(
                Code::OrphanedSuspension,
                "autoscaling sleeps (min 0, all activities suspended) and no record says what it was before",
            )
        })
    }

    /// What its autoscaling is set to; nothing where it is at 0 and sleeps with no record of ours to say
    /// what it was before.
    fn own_scaling(&self) -> Option<Scaling> {
        let target = self.seen.target.as_ref().filter(|target| self.count() > 0 || !target.is_asleep())?;
        Some(Scaling { min: target.min_capacity, suspended: target.suspended })
    }

    /// A record of what is done now, and why.
    fn record_of(&self, state: State, size: Size) -> Record {
        let Cause { at, by, sched } = self.cause.clone();
        Record { state, at, size, sched, by: Some(by) }
    }

    /// A verb's word, as a request's or as a transition's.
    fn because(&self, verb: &str) -> String {
        match self.cause.by {
            By::Request => format!("{verb} as asked"),
            _ => verb.to_owned(),
        }
    }

    fn write(&self, record: Record) -> Step {
        Step::WriteRecord { service: self.id.clone(), before: self.record_text.clone(), record, floor: 0 }
    }

    fn set_desired(&self, after: u32) -> Step {
        Step::SetDesired { service: self.id.clone(), before: self.service.desired_count, after }
    }

    /// The size that infrastructure-as-code put beside the record.
    fn tagged_size(&self) -> Result<Option<Size>, Refusal> {
        sized(&self.service.tags_by_key(), &self.rules.tags)
    }

    fn refused(&self, refusal: Refusal) -> Decision {
        self.item(Outcome::Failed, Some(refusal.code), refusal.reason).into()
    }
}
