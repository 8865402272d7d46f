//! The bedtime check: whether a service that sleeps, or will, comes back as it was. It is asked while somebody is
//! still awake to mend what is wrong.
//!
//! Pure: all that was seen is an argument. Each line of this table is a function of `ROWS`:
//!
//! | told | makes of it | row |
//! |---|---|---|
//! | no size is known, or its record can't be read | `no` | `no_size` |
//! | reconcile does not act here, and would have to wake it | `no` | `nobody_wakes_it` |
//! | its size is above its scalable target's max, or `MAX_DESIRED` | `no` | `too_large` |
//! | its task definition is gone | `no` | `task_definition` |
//! | its task definition is INACTIVE: ECS scales the service all the same | `yes` | `task_definition` |
//! | an image is gone, or in the archive | `no` | `image` |
//! | an attached lifecycle rule takes an image before it starts | `no` | `image` |
//! | an image is in another account, region or registry | `unknown` | `image` |
//! | its machines stay asleep, or its capacity provider has none to come | `no` | `machines` |
//! | a predictive scaling policy may start tasks while it sleeps | `yes` | `may_wake_early` |
//! | somebody set it to 0, and it will come back | `yes` | `parked_by_hand` |
//! | something of this could not be read | `unknown` | each |
//!
//! What is not looked at: secrets, roles, subnets, security groups, target groups, quotas, room on machines.

mod images;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::application_autoscaling::ScalableTarget;
use crate::duration::IsoDuration;
use crate::ecs::Service;
use crate::names::short_name;
use crate::problem::{Action, Code, Refusal};
use crate::record::Size;
use crate::schedule::Moment;

pub use images::{Decided, Fate, RepositoryLook, Taking, WantedImage, wanted_image};

/// Whether a service will wake as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CanWake {
    /// As far as was looked.
    Yes,
    /// Something could not be looked at.
    Unknown,
    /// Not unless somebody mends it.
    No,
}

/// What there is to tell of a service's waking.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WakeReason")]
pub struct Because {
    /// What this alone makes of it.
    pub can_wake: CanWake,
    /// The kind.
    pub code: Code,
    /// What, from when on, and what would mend it.
    pub reason: String,
    /// From when on, where it begins at an instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub at: Option<Timestamp>,
    /// What mends it, as requests that can be sent as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
}

/// What was found of a service.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WakeVerdict")]
pub struct Verdict {
    /// The worst of what `because` says; `yes` where it says nothing.
    pub can_wake: CanWake,
    /// What there is to tell.
    pub because: Vec<Because>,
}

/// Who wakes a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waker {
    /// Reconcile, at this instant.
    Reconcile(Moment),
    /// People, when they want it: a person stopped it, or its schedule only stops.
    People,
    /// Nobody: reconcile would, and does not act here, for this reason.
    Nobody(String),
}

impl Waker {
    /// When, where that is known.
    #[must_use]
    pub fn at(&self) -> Option<&Moment> {
        match self {
            Self::Reconcile(at) => Some(at),
            Self::People | Self::Nobody(_) => None,
        }
    }
}

/// What carries a service's tasks when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// Fargate, or machines that are there by then or come when they are wanted.
    There,
    /// No machine will be there, for this reason.
    Missing(String),
    /// Nobody knows, for this reason.
    Unknown(Refusal),
}

/// A service that sleeps, or will.
#[derive(Clone, Debug, PartialEq)]
pub struct Sleeper<'a> {
    /// The service.
    pub service: &'a Service,
    /// Its scalable target.
    pub target: Option<&'a ScalableTarget>,
    /// With what it comes back, or why nobody knows.
    pub size: Result<Size, Refusal>,
    /// Who wakes it.
    pub waker: Waker,
    /// It is at 0, and its record says that it is on.
    pub parked: bool,
}

/// All that decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts<'a> {
    /// The service.
    pub sleeper: &'a Sleeper<'a>,
    /// `MAX_DESIRED`.
    pub max_desired: u32,
    /// `OVERRIDE_MAX`.
    pub longest_hold: IsoDuration,
    /// The status of its task definition, in AWS's word; `None` where it was not looked at.
    pub definition: Option<Result<String, Refusal>>,
    /// What becomes of each image that it starts with, as a reference names it.
    pub images: Result<Vec<(String, Fate)>, Refusal>,
    /// What carries it.
    pub capacity: Capacity,
    /// The names of its predictive scaling policies that scale.
    pub predictive: Result<Vec<String>, Refusal>,
}

type Row = fn(&Facts<'_>) -> Vec<Because>;

const ROWS: [Row; 8] =
    [no_size, nobody_wakes_it, too_large, task_definition, image, machines, may_wake_early, parked_by_hand];

/// Whether a service will wake, and what there is to tell of it.
#[must_use]
pub fn check(facts: &Facts<'_>) -> Verdict {
    let because: Vec<Because> = ROWS.iter().flat_map(|row| row(facts)).collect();
    let can_wake = because.iter().map(|it| it.can_wake).max().unwrap_or(CanWake::Yes);
    Verdict { can_wake, because }
}

impl Because {
    fn new(can_wake: CanWake, code: Code, reason: impl Into<String>) -> Self {
        Self { can_wake, code, reason: reason.into(), at: None, actions: Vec::new() }
    }

    fn no(code: Code, reason: impl Into<String>) -> Vec<Self> {
        vec![Self::new(CanWake::No, code, reason)]
    }

    /// What could not be read is never a yes.
    fn unread(Refusal { code, reason }: &Refusal) -> Vec<Self> {
        vec![Self::new(CanWake::Unknown, *code, reason.clone())]
    }
}

impl Sleeper<'_> {
    fn path(&self) -> String {
        let cluster = short_name(&self.service.cluster_arn);
        format!("/v1/clusters/{cluster}/services/{}", self.service.service_name)
    }

    /// ` at 2026-11-25T08:00:00-03:00`, where it is known when it wakes.
    fn hour(&self) -> String {
        self.waker.at().map(|at| format!(" at {at}")).unwrap_or_default()
    }
}

fn no_size(facts: &Facts<'_>) -> Vec<Because> {
    match &facts.sleeper.size {
        Ok(_) => Vec::new(),
        Err(Refusal { code, reason }) => Because::no(*code, reason.clone()),
    }
}

fn nobody_wakes_it(facts: &Facts<'_>) -> Vec<Because> {
    let Waker::Nobody(why) = &facts.sleeper.waker else { return Vec::new() };
    let reason = format!("ecs-steward put it to sleep, and nothing wakes it: {why}. Or start it by request");
    let path = format!("{}/start", facts.sleeper.path());
    let start = Action { method: "POST", path, body: json!({}) };
    vec![Because { actions: vec![start], ..Because::new(CanWake::No, Code::Stranded, reason) }]
}

fn too_large(facts: &Facts<'_>) -> Vec<Because> {
    let Ok(Size { count: Some(count), .. }) = &facts.sleeper.size else { return Vec::new() };
    let count = count.get();
    let max = facts.sleeper.target.map_or(u32::MAX, |target| target.max_capacity);
    if count > max {
        let reason = format!(
            "it had {count} tasks, and its scalable target's max is {max}: it comes back with no more. Raise the max"
        );
        return Because::no(Code::OutsideBounds, reason);
    }
    let most = facts.max_desired;
    if count > most {
        let reason = format!(
            "it had {count} tasks, and MAX_DESIRED is {most}: it comes back with no more. Raise MAX_DESIRED on the \
             stack"
        );
        return Because::no(Code::BeyondMax, reason);
    }
    Vec::new()
}

/// A service that names an INACTIVE task definition "can still scale up or down by modifying the service's desired
/// count":
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html>.
fn task_definition(facts: &Facts<'_>) -> Vec<Because> {
    let name = short_name(facts.sleeper.service.starts_with());
    match &facts.definition {
        None => Vec::new(),
        Some(Ok(status)) if status == "ACTIVE" => Vec::new(),
        Some(Ok(status)) => {
            let reason = format!(
                "its task definition {name} is {status}: ECS scales the service all the same, but deploys nothing \
                 with it any more. Deploy one that is ACTIVE"
            );
            vec![Because::new(CanWake::Yes, Code::TaskDefinitionInactive, reason)]
        }
        Some(Err(refusal)) if refusal.code == Code::NotFound => {
            let reason = format!("its task definition {name} is gone: deploy another one");
            Because::no(Code::TaskDefinitionGone, reason)
        }
        Some(Err(refusal)) => Because::unread(refusal),
    }
}

fn image(facts: &Facts<'_>) -> Vec<Because> {
    let images = match &facts.images {
        Ok(images) => images,
        Err(refusal) => return Because::unread(refusal),
    };
    let told = |(image, fate): &(String, Fate)| fate.told(image, facts.sleeper);
    let mut because: Vec<Because> = images.iter().filter_map(told).collect();
    because.dedup();
    because
}

fn machines(facts: &Facts<'_>) -> Vec<Because> {
    match &facts.capacity {
        Capacity::There => Vec::new(),
        Capacity::Missing(reason) => Because::no(Code::MachinesAsleep, reason.clone()),
        Capacity::Unknown(refusal) => Because::unread(refusal),
    }
}

/// Suspending a target's activities is documented for target tracking and step scaling, and for scheduled actions;
/// of predictive policies it says nothing:
/// <https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-suspend-resume-scaling.html>.
fn may_wake_early(facts: &Facts<'_>) -> Vec<Because> {
    match &facts.predictive {
        Ok(policies) if policies.is_empty() || facts.sleeper.target.is_none() => Vec::new(),
        Ok(policies) => {
            let reason = format!(
                "its predictive scaling policy {} may start tasks while it sleeps: set its mode to ForecastOnly",
                policies.join(", ")
            );
            vec![Because::new(CanWake::Yes, Code::PredictiveScaling, reason)]
        }
        Err(refusal) => Because::unread(refusal),
    }
}

fn parked_by_hand(facts: &Facts<'_>) -> Vec<Because> {
    let sleeper = facts.sleeper;
    let (true, Some(at)) = (sleeper.parked, sleeper.waker.at()) else { return Vec::new() };
    let reason = format!(
        "somebody set it to 0, and its schedule brings it back{}. A hold keeps it as it is while it lasts; without \
         a schedule nothing brings it back",
        sleeper.hour()
    );
    let path = format!("{}/override", sleeper.path());
    let body =
        json!({"state": "hold", "for": facts.longest_hold.get().to_string(), "reason": "parked by hand"});
    let hold = Action { method: "PUT", path, body };
    let told = Because::new(CanWake::Yes, Code::ParkedByHand, reason);
    vec![Because { at: Some(at.at), actions: vec![hold], ..told }]
}
