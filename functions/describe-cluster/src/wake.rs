//! Which services sleep, or will, and whether each will wake: the bedtime check on what was seen.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use shared::autoscaling::Group;
use shared::call::{Finding, LARGEST_ANSWER, quoted_len};
use shared::ecs::{CapacityProvider, CapacityProviderStrategyItem, Cluster, Failure, Service};
use shared::events::{BusEvent, Sleeper as EventSleeper, WillNotWake, first};
use shared::groups::Link;
use shared::names::short_name;
use shared::record::Size;
use shared::report::Gauge;
use shared::schedule::{Moment, Zone};
use shared::settings::headline;
use shared::wake::{Because, CanWake, Capacity, Facts, Fate, Sleeper, Verdict, Waker, check};
use shared::{Code, Refusal};

use crate::ViewSettings;
use crate::agenda::{groups, services};
use crate::snapshot::Services;

/// Kept free for the fields around the list.
const ROOM: usize = 16 * 1024;
/// How many services a summary names.
const NAMED: usize = 5;

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

/// The machines of the account and region.
#[derive(Clone, Debug, Default)]
pub struct WakeMachines {
    /// The capacity providers.
    pub providers: Vec<CapacityProvider>,
    /// The groups, and where each belongs.
    pub groups: Vec<(Group, Link)>,
    /// The clusters, with their tags.
    pub clusters: Vec<Cluster>,
    /// The EC2 ids of the instances that are registered with each cluster that was looked at.
    pub instances: BTreeMap<String, Result<BTreeSet<String>, Refusal>>,
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

/// What a bedtime check found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WakeCheck")]
pub struct WakeCheck {
    /// One line that can be posted as it is.
    pub summary: String,
    /// How many sleep, or will.
    pub checked: usize,
    /// How many of them will not wake unless somebody mends something.
    pub at_risk: usize,
    /// How many could not be looked at whole.
    pub unknown: usize,
    /// Those that will not wake, then those that could not be looked at whole, then the others: each in the order of
    /// clusters and names.
    pub wake: Vec<WakeLine>,
    /// How many of the last are left out, because the answer would be larger than Lambda carries.
    #[serde(skip_serializing_if = "is_none")]
    pub left_out: usize,
    /// What AWS could not find, and clusters that could not be looked at.
    pub failures: Vec<Failure>,
}

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

/// Whether a service's tasks run on machines of its cluster.
#[must_use]
pub fn needs_machines(service: &Service) -> bool {
    let brings_its_own = |name: &str| name.starts_with("FARGATE") || name == "MANAGED_INSTANCES";
    let (strategy, launch_type) = launched_on(service);
    if strategy.is_empty() {
        !launch_type.is_some_and(brings_its_own)
    } else {
        !strategy.iter().any(|it| brings_its_own(&it.capacity_provider))
    }
}

/// The strategy and launch type of a service: its own, or its PRIMARY task set's, where another controller deploys it.
pub(crate) fn launched_on(service: &Service) -> (&[CapacityProviderStrategyItem], Option<&str>) {
    let own = (service.capacity_provider_strategy.as_slice(), service.launch_type.as_deref());
    match service.primary_task_set() {
        Some(set) if own.0.is_empty() && own.1.is_none() => {
            (set.capacity_provider_strategy.as_slice(), set.launch_type.as_deref())
        }
        _ => own,
    }
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

impl WakeMachines {
    fn tags_of(&self, link: &Link) -> shared::tags::Tags {
        let named =
            |cluster: &&Cluster| link.cluster.as_ref().is_some_and(|(name, _)| *name == cluster.cluster_name);
        self.clusters.iter().find(named).map(Cluster::tags_by_key).unwrap_or_default()
    }

    /// One of the providers that has machines by then is enough.
    fn of_providers<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
        missing: impl Fn(&(Group, Link)) -> Option<String>,
    ) -> Capacity {
        let mut reasons = Vec::new();
        for name in names {
            let provider =
                self.providers.iter().find(|it| it.name == name && it.status.as_deref() != Some("INACTIVE"));
            let Some(provider) = provider else {
                reasons.push(format!("capacity provider {name} is gone"));
                continue;
            };
            // Another kind of provider brings its machines by itself.
            if provider.auto_scaling_group_provider.is_none() {
                return Capacity::There;
            }
            match self.groups.iter().find(|(_, link)| link.capacity_provider.as_deref() == Some(name)) {
                None => reasons.push(format!("the group of capacity provider {name} is gone")),
                Some(group) => match missing(group) {
                    None => return Capacity::There,
                    Some(reason) => reasons.push(reason),
                },
            }
        }
        Capacity::Missing(format!(
            "none of its capacity providers has machines by then: {}",
            reasons.join("; ")
        ))
    }

    /// One group of the cluster that is awake by then is enough, or an instance that is there and in no group.
    fn of_cluster(&self, cluster: &str, missing: impl Fn(&(Group, Link)) -> Option<String>) -> Capacity {
        let is_here = |link: &Link| link.cluster.as_ref().is_some_and(|(name, _)| name == cluster);
        let (mut reasons, mut sized_by_ecs) = (Vec::new(), None);
        for group in self.groups.iter().filter(|(_, link)| is_here(link)) {
            let (Group { auto_scaling_group_name: name, desired_capacity, .. }, link) = group;
            match missing(group) {
                // ECS brings machines for tasks of the capacity provider alone.
                None if link.managed_scaling && *desired_capacity == 0 => sized_by_ecs = Some(name),
                None => return Capacity::There,
                Some(reason) => reasons.push(reason),
            }
        }
        let grouped = |id: &String| {
            self.groups.iter().any(|(group, _)| group.instances.iter().any(|it| it.instance_id == *id))
        };
        match self.instances.get(cluster) {
            Some(Err(refusal)) => Capacity::Unknown(refusal.clone()),
            Some(Ok(ids)) if ids.iter().any(|id| !grouped(id)) => Capacity::There,
            _ if sized_by_ecs.is_some() => {
                let name = sized_by_ecs.map_or("", |name| name);
                let reason = format!(
                    "group {name} is empty, and ECS brings it machines for tasks of its capacity provider alone, which \
                     the service does not use"
                );
                Capacity::Unknown(Refusal { code: Code::ManagedScaling, reason })
            }
            _ if reasons.is_empty() => Capacity::Missing(format!(
                "cluster {cluster} has no machine, and no group that would bring one: add some"
            )),
            _ => {
                Capacity::Missing(format!("cluster {cluster} has no machine by then: {}", reasons.join("; ")))
            }
        }
    }
}

impl WakeCheck {
    /// What was found, in one line and in order. `of` is the cluster that was asked for, if one was.
    #[must_use]
    pub fn new(
        mut lines: Vec<WakeLine>,
        failures: Vec<Failure>,
        of: Option<&str>,
        settings: &ViewSettings,
    ) -> Self {
        lines.sort_by(|a, b| {
            let key = |line: &WakeLine| {
                (std::cmp::Reverse(line.verdict.can_wake), line.cluster.clone(), line.service.clone())
            };
            key(a).cmp(&key(b))
        });
        let count = |can_wake| lines.iter().filter(|line| line.verdict.can_wake == can_wake).count();
        let (at_risk, unknown) = (count(CanWake::No), count(CanWake::Unknown));
        let summary = format!(
            "{}: {}",
            headline(&settings.label, of),
            summary(&lines, at_risk, unknown, failures.len())
        );
        Self { summary, checked: lines.len(), at_risk, unknown, wake: lines, left_out: 0, failures }
    }

    /// As much of it as Lambda carries: those that matter most come first.
    #[must_use]
    pub fn fitting(mut self) -> Self {
        let mut room = LARGEST_ANSWER.saturating_sub(ROOM + quoted_len(&json!(self.failures).to_string()));
        let fits = |line: &WakeLine| {
            let left = room.checked_sub(quoted_len(&json!(line).to_string()) + 1);
            room = left.unwrap_or(0);
            left.is_some()
        };
        let fitting = self.wake.iter().map(fits).take_while(|fits| *fits).count();
        self.left_out = self.wake.len() - fitting;
        self.wake.truncate(fitting);
        self
    }

    /// The answer, with what a schedule's run tells beside it.
    #[must_use]
    pub fn finding(self) -> Finding {
        Finding {
            told: self.told(),
            gauges: self.gauges(),
            events: self.events(),
            body: json!(self),
            summary: self.summary,
        }
    }

    /// Those that will not wake, and why, for the log.
    fn told(&self) -> Vec<(String, String)> {
        let at_risk = self.wake.iter().filter(|line| line.verdict.can_wake == CanWake::No);
        let told = |line: &WakeLine| {
            let reasons = line.verdict.because.iter().filter(|it| it.can_wake == CanWake::No);
            let reasons: Vec<&str> = reasons.map(|it| it.reason.as_str()).collect();
            (
                format!("service/{}/{}", line.cluster, line.service),
                format!("it will not wake: {}", reasons.join("; ")),
            )
        };
        at_risk.map(told).collect()
    }

    /// An event for each cluster that has some of those.
    fn events(&self) -> Vec<BusEvent> {
        let mut clusters: BTreeMap<&str, Vec<EventSleeper>> = BTreeMap::new();
        for line in self.wake.iter().filter(|line| line.verdict.can_wake == CanWake::No) {
            let because = line.verdict.because.iter().filter(|it| it.can_wake == CanWake::No);
            clusters.entry(&line.cluster).or_default().push(EventSleeper {
                service: line.service.clone(),
                at: line.at.clone(),
                because: because.cloned().collect(),
            });
        }
        let event = |(cluster, services): (&str, Vec<EventSleeper>)| {
            let (services, count) = first(services);
            BusEvent::WillNotWake(WillNotWake { cluster: cluster.to_owned(), services, count })
        };
        clusters.into_iter().map(event).collect()
    }

    /// What a scheduled run measures.
    fn gauges(&self) -> Vec<Gauge> {
        let value = f64::from(u32::try_from(self.at_risk).unwrap_or(u32::MAX));
        vec![Gauge { name: "AtRisk", value }]
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's own form")]
fn is_none(left_out: &usize) -> bool {
    *left_out == 0
}

fn summary(lines: &[WakeLine], at_risk: usize, unknown: usize, failures: usize) -> String {
    let services =
        |count: usize| if count == 1 { "1 service".to_owned() } else { format!("{count} services") };
    let mut parts = vec![format!("{} off or to go off", services(lines.len()))];
    if at_risk > 0 {
        let told = |line: &WakeLine| {
            let first = line.verdict.because.iter().find(|it| it.can_wake == CanWake::No);
            let code = first.map_or(Code::Stranded, |because: &Because| because.code);
            format!("{} {code}", line.service)
        };
        let mut named: Vec<String> = lines.iter().take(at_risk.min(NAMED)).map(told).collect();
        if at_risk > NAMED {
            named.push(format!("and {} more", at_risk - NAMED));
        }
        parts.push(format!("{at_risk} will not wake ({})", named.join(", ")));
    } else {
        parts.push("none of them is known not to wake".into());
    }
    if unknown > 0 {
        parts.push(format!("{unknown} not fully known"));
    }
    if failures > 0 {
        parts.push(format!("{failures} not looked at"));
    }
    parts.join(", ")
}
