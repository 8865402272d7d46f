//! Which services sleep, or will, and whether each will wake: the bedtime check on what was seen.

mod check;
pub mod machines;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use shared::autoscaling::Group;
use shared::ecs::Service;
use shared::groups::Link;
use shared::names::short_name;
use shared::record::Size;
use shared::schedule::{Moment, Zone};
use shared::wake::{Capacity, Facts, Fate, Sleeper, Verdict, Waker, check};
use shared::{Code, Refusal};

pub use check::WakeCheck;

use self::machines::{WakeMachines, launched_on, needs_machines};
use crate::ViewSettings;
use crate::agenda::{groups, services};
use crate::snapshot::Services;

/// What surrounds services that sleep, or will.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The statuses of task definitions by ARN, of those that were looked at.
    pub definitions: BTreeMap<String, Result<String, Refusal>>,
    /// What becomes of the images that each service starts with, by its ARN.
    pub images: BTreeMap<String, Result<Vec<(String, Fate)>, Refusal>>,
    /// The machines, where a service needs some.
    pub machines: Option<Result<WakeMachines, Refusal>>,
    /// Predictive scaling policies that scale, by the resource ids of services.
    pub predictive: Option<Result<BTreeMap<String, Vec<String>>, Refusal>>,
}

/// A service that sleeps, or will, and whether it will wake.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WakeLine {
    /// Its cluster.
    pub cluster: String,
    /// Its name.
    pub service: String,
    /// When it comes back, in its schedule's zone; `null` where people wake it, or nobody does.
    pub at: Option<Moment>,
    /// With how many tasks; `null` where that is not known, or its autoscaling says.
    pub count: Option<u32>,
    /// Whether it will wake, and what there is to tell.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What was found of services, by their ARNs.
pub type WakeLines = BTreeMap<String, WakeLine>;

/// Those of a cluster's services that sleep, or will.
#[must_use]
pub fn sleepers<'a>(seen: &'a Services, settings: &ViewSettings, now: Timestamp) -> Vec<Sleeper<'a>> {
    let of = |service: &'a Service| {
        services::sleeper(service, seen.target_of(service), &seen.cluster_tags, settings, now)
    };
    seen.services.iter().filter_map(of).collect()
}

/// When a service starts, as far as it is known: images and machines are looked at for then.
#[must_use]
pub fn starts_at(sleeper: &Sleeper<'_>, now: Timestamp) -> Timestamp {
    sleeper.waker.at().map_or(now, |at| at.at)
}

/// Whether each of these will wake.
#[must_use]
pub fn lines(
    sleepers: &[Sleeper<'_>],
    seen: &Surroundings,
    settings: &ViewSettings,
    now: Timestamp,
) -> WakeLines {
    let line = |sleeper: &Sleeper<'_>| {
        let arn = &sleeper.service.service_arn;
        let nothing =
            Refusal { code: Code::UnknownPinnedDigest, reason: "its images were not looked at".into() };
        let facts = Facts {
            sleeper,
            max_desired: settings.max_desired,
            longest_hold: settings.override_max,
            definition: seen.definitions.get(sleeper.service.starts_with()).cloned(),
            images: seen.images.get(arn).cloned().unwrap_or(Err(nothing)),
            capacity: seen.capacity(sleeper, settings, now),
            predictive: seen.predictive_of(sleeper),
        };
        let mut line = WakeLine {
            cluster: short_name(&sleeper.service.cluster_arn).to_owned(),
            service: sleeper.service.service_name.clone(),
            at: sleeper.waker.at().cloned(),
            count: sleeper.size.as_ref().ok().and_then(|Size { count, .. }| count.map(u32::from)),
            verdict: check(&facts),
        };
        if settings.read_only {
            // No request would be taken.
            line.verdict.because.iter_mut().for_each(|it| it.actions.clear());
        }
        (arn.clone(), line)
    };
    sleepers.iter().map(line).collect()
}

impl Surroundings {
    fn predictive_of(&self, sleeper: &Sleeper<'_>) -> Result<Vec<String>, Refusal> {
        let Some(target) = sleeper.target else { return Ok(Vec::new()) };
        match &self.predictive {
            None => Ok(Vec::new()),
            Some(Err(refusal)) => Err(refusal.clone()),
            Some(Ok(policies)) => Ok(policies.get(&target.resource_id).cloned().unwrap_or_default()),
        }
    }

    /// What carries a service when it starts.
    fn capacity(&self, sleeper: &Sleeper<'_>, settings: &ViewSettings, now: Timestamp) -> Capacity {
        let service = sleeper.service;
        // People start a service when they want it, and its machines with it.
        if !needs_machines(service) || sleeper.waker == Waker::People {
            return Capacity::There;
        }
        let machines = match &self.machines {
            Some(Ok(machines)) => machines,
            Some(Err(refusal)) => return Capacity::Unknown(refusal.clone()),
            None => return Capacity::There,
        };
        let at = sleeper.waker.at().cloned().unwrap_or_else(|| Zone::UTC.moment(now));
        let missing = |(group, link): &(Group, Link)| {
            let tags = machines.tags_of(link);
            groups::no_machines_at(group, link, &tags, settings, (now, &at))
        };
        let (strategy, _) = launched_on(service);
        if strategy.is_empty() {
            machines.of_cluster(short_name(&service.cluster_arn), missing)
        } else {
            let names = strategy.iter().map(|it| it.capacity_provider.as_str());
            machines.of_providers(names, missing)
        }
    }
}
