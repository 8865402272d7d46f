//! From what was seen and what is asked to what will be done. Pure: no AWS, no clock, no log.
//!
//! ECS has no compare-and-swap on a service, so a concurrent stop and start may interleave. The
//! size survives all the same, because zero is never saved ([`shared::record::Size`] can't hold
//! it) and a size is only ever taken from a service that is on; the next run converges.

mod narrow;
mod scale;
mod start;
mod stop;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::application_autoscaling::{ScalableTarget, Suspended};
use shared::ecs::Service;
use shared::names::{ServiceId, is_long_service_arn};
use shared::record::{By, Record, RecordFault, Size, State, whole_seconds};
use shared::report::{Item, Outcome, Warning};
use shared::settings::TagKeys;
use shared::{Code, Plan};

use crate::observe::{Seen, Snapshot};
use crate::request::{Ask, Target, Verb};

pub use narrow::narrow;

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
    /// `UpdateService` with a desired count.
    SetDesired {
        /// Of which service.
        service: ServiceId,
        /// As it was seen.
        before: i32,
        /// As it will be.
        after: u32,
    },
}

impl Step {
    /// The service that it changes.
    #[must_use]
    pub fn service(&self) -> &ServiceId {
        match self {
            Self::WriteRecord { service, .. }
            | Self::SetScalable { service, .. }
            | Self::SetDesired { service, .. } => service,
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
}

/// The stage in which a start's records are written, after the world was read again.
const CONFIRM: usize = 1;
/// The most user tags that an ECS resource carries; `aws:` tags do not count.
const TAGS: usize = 50;

/// The plan: an item for each service seen and each name that could not be.
#[must_use]
pub fn plan(seen: &Snapshot, ask: &Ask, rules: &Rules) -> Plan<Step> {
    let mut plan = Plan::default();
    for (resource, code, reason) in &seen.failed {
        plan.decided(Item::new(resource, Outcome::Failed, Some(*code), reason));
    }
    for seen in &seen.services {
        let Decision { item, stages } = decide(seen, ask, rules);
        plan.change(item, stages);
    }
    plan
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

/// Why a service can't be changed as asked.
struct Refusal {
    code: Code,
    reason: String,
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
}

fn decide(seen: &Seen, ask: &Ask, rules: &Rules) -> Decision {
    let service = &seen.service;
    let left_alone = |code, reason: String| Item::new(&seen.id, Outcome::Skipped, Some(code), reason).into();
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
    let record_text = service.tags_by_key().remove(&rules.tags.record);
    let record = match record_text.as_deref().map(str::parse).transpose() {
        Ok(record) => record,
        Err(fault) => return unreadable(seen, &rules.tags.record, &fault).into(),
    };
    let cause = Cause { at: whole_seconds(ask.at), by: By::Request, sched: None };
    let case = Case { id: &seen.id, service, seen, ask, rules, record_text, record, cause };
    match ask.verb {
        Verb::Stop => stop::decide(&case),
        Verb::Start => start::decide(&case),
        Verb::Scale(count) => scale::decide(&case, count),
    }
}

fn unreadable(seen: &Seen, key: &str, fault: &RecordFault) -> Item {
    let reason = format!("its tag {key} can't be read: {fault}. Mend the tag, or remove it to begin anew");
    Item::new(&seen.id, Outcome::Failed, Some(Code::RecordUnreadable), reason)
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
        let limit = self.ask.stale_before?;
        let at = self.ask.at;
        let reason = if at < limit {
            format!("the event was meant for {at} and comes too late")
        } else if self.record.as_ref().is_some_and(|record| at < record.at) {
            format!("the event was meant for {at}, and something newer was done since")
        } else {
            return None;
        };
        Some(self.item(Outcome::Skipped, Some(Code::Stale), reason))
    }

    /// Why this service can't carry a record, if it can't.
    fn untaggable(&self) -> Option<Item> {
        let key = &self.rules.tags.record;
        let (code, reason) = if !is_long_service_arn(&self.service.service_arn) {
            let reason = "its ARN has the short form, which can't carry tags: migrate it to the long form \
                          (see ECS's account setting serviceLongArnFormat)";
            (Code::ShortArn, reason.to_owned())
        } else if self.record_text.is_none() && self.user_tags() >= TAGS {
            (Code::TooManyTags, format!("all {TAGS} of its tags are taken, and the record {key} needs one"))
        } else {
            return None;
        };
        Some(self.item(Outcome::Failed, Some(code), reason))
    }

    fn user_tags(&self) -> usize {
        self.service.tags.iter().filter(|tag| !tag.key.starts_with("aws:")).count()
    }

    /// A target that sleeps with no record to say why: a person's doing, or a lost record.
    fn orphaned(&self) -> Option<Warning> {
        let asleep = self.seen.target.as_ref().is_some_and(ScalableTarget::is_asleep);
        (asleep && self.record.is_none()).then(|| {
            Warning::new(
                Code::OrphanedSuspension,
                "autoscaling sleeps (min 0, all activities suspended) and no record says what it was before",
            )
        })
    }

    /// A record of what is done now, and why.
    fn record_of(&self, state: State, size: Size) -> Record {
        let Cause { at, by, sched } = self.cause.clone();
        Record { state, at, size, sched, by: Some(by) }
    }

    fn write(&self, record: Record) -> Step {
        Step::WriteRecord { service: self.id.clone(), before: self.record_text.clone(), record, floor: 0 }
    }

    fn set_desired(&self, after: u32) -> Step {
        Step::SetDesired { service: self.id.clone(), before: self.service.desired_count, after }
    }

    /// The size that infrastructure-as-code put beside the record.
    fn tagged_size(&self) -> Result<Option<Size>, Refusal> {
        let key = &self.rules.tags.size;
        let Some(text) = self.service.tags_by_key().remove(key) else { return Ok(None) };
        Size::from_tag(&text).map(Some).map_err(|fault| Refusal {
            code: Code::SizeUnreadable,
            reason: format!("its tag {key} can't be read: {fault}"),
        })
    }

    fn refused(&self, refusal: Refusal) -> Decision {
        self.item(Outcome::Failed, Some(refusal.code), refusal.reason).into()
    }
}
