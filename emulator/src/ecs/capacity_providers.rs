//! Capacity providers: where tasks run when a strategy says so in place of a launch type.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html>

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::due;
use crate::ecs::arn;
use crate::ecs::container_instances;
use crate::ecs::errors::invalid;
use crate::ecs::life::Due;
use crate::ecs::pages::{page, size};
use crate::ecs::state::{Cluster, Stage, Tags, Task};
use crate::ecs::tags;
use crate::wire::{object, put};
use crate::world::World;

/// A provider of an account's own: the instances of an Auto Scaling group.
#[derive(Clone, Debug)]
pub(crate) struct CapacityProvider {
    /// The group's name.
    pub(crate) group: String,
    /// ECS sets the size of the group.
    pub(crate) managed_scaling: bool,
    /// Percent of the group's instances that are to be in use.
    pub(crate) target_capacity: i64,
    pub(crate) managed_termination_protection: bool,
    pub(crate) managed_draining: bool,
    pub(crate) tags: Tags,
}

/// One provider's share of a strategy.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Share {
    pub(crate) capacity_provider: String,
    #[serde(default)]
    pub(crate) weight: i64,
    #[serde(default)]
    pub(crate) base: i64,
}

/// The providers that AWS brings along.
const FARGATE: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

pub(crate) fn is_fargate(provider: &str) -> bool {
    FARGATE.contains(&provider)
}

/// Refuses a strategy that AWS would not take: at most 20 providers, all of the cluster and of one kind, one base,
/// not all without weight.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html>
pub(crate) fn checked(cluster: &Cluster, strategy: &[Share]) -> Result<(), ApiError> {
    if !(1..=20).contains(&strategy.len()) {
        return Err(invalid("A capacity provider strategy must have between 1 and 20 capacity providers."));
    }
    if strategy.iter().any(|s| !cluster.capacity_providers.contains(&s.capacity_provider)) {
        return Err(invalid(
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated \
             with the cluster. Associate the capacity provider with the cluster or specify a valid capacity \
             provider and try again.",
        ));
    }
    let fargate = strategy.iter().filter(|s| is_fargate(&s.capacity_provider)).count();
    if fargate > 0 && fargate < strategy.len() {
        return Err(invalid(
            "The specified capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling \
             groups and Fargate capacity providers. Specify one or the other and try again.",
        ));
    }
    if strategy.iter().any(|s| !(0..=1000).contains(&s.weight) || !(0..=100_000).contains(&s.base)) {
        return Err(invalid("A weight must be between 0 and 1000, and a base between 0 and 100000."));
    }
    if strategy.iter().filter(|s| s.base > 0).count() > 1 {
        return Err(invalid(
            "Only one capacity provider in a capacity provider strategy can have a base defined.",
        ));
    }
    if strategy.len() > 1 && strategy.iter().all(|s| s.weight == 0) {
        return Err(invalid(
            "The specified capacity provider strategy must contain at least one capacity provider with a weight \
             greater than 0.",
        ));
    }
    Ok(())
}

/// The provider of the next task, where each has so many already: first the base, then by weight.
pub(crate) fn next(strategy: &[Share], has: impl Fn(&str) -> i64) -> Option<&str> {
    if let [only] = strategy {
        return Some(&only.capacity_provider);
    }
    let below = strategy.iter().find(|s| has(&s.capacity_provider) < s.base);
    let lightest = || {
        let share = |s: &Share| (has(&s.capacity_provider) - s.base + 1, s.weight);
        let weighed = strategy.iter().filter(|s| s.weight > 0);
        weighed.reduce(|best, other| {
            let ((a, of_a), (b, of_b)) = (share(best), share(other));
            // a / of_a > b / of_b, without fractions.
            if a * of_b > b * of_a { other } else { best }
        })
    };
    below.or_else(lightest).map(|s| s.capacity_provider.as_str())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeCapacityProviders {
    capacity_providers: Option<Vec<String>>,
    #[serde(default)]
    include: Vec<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 100 by name or ARN; without names all, 10 a page.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeCapacityProviders.html>
pub(crate) fn describe_capacity_providers(
    world: &mut World,
    input: DescribeCapacityProviders,
) -> Result<Value, ApiError> {
    let size = size(input.max_results, 10, 10)?;
    if let Some(other) = input.include.iter().find(|i| *i != "TAGS") {
        return Err(invalid(format!("Invalid include: {other}")));
    }
    let mut failures = Vec::new();
    let (names, next) = match input.capacity_providers.filter(|p| !p.is_empty()) {
        None => {
            let own = world.ecs.capacity_providers.keys().map(String::as_str);
            let mut all: Vec<String> = own.chain(FARGATE).map(str::to_owned).collect();
            all.sort();
            page(all.into_iter(), input.next_token.as_deref(), size)?
        }
        Some(asked) if asked.len() > 100 => {
            return Err(invalid("Capacity providers cannot have more than 100 elements."));
        }
        Some(asked) => {
            let mut names = Vec::new();
            for given in asked {
                let name = arn::capacity_provider_name(world, &given)?;
                if is_fargate(&name) || world.ecs.capacity_providers.contains_key(&name) {
                    names.push(name);
                } else {
                    failures.push(json!({"arn": provider_arn(world, &name), "reason": "MISSING"}));
                }
            }
            (names, None)
        }
    };
    let views: Vec<Value> = names.iter().map(|name| view(world, name, !input.include.is_empty())).collect();
    let mut answer = object(json!({"capacityProviders": views, "failures": failures}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

fn provider_arn(world: &World, name: &str) -> String {
    world.arn("ecs", &format!("capacity-provider/{name}"))
}

fn view(world: &World, name: &str, with_tags: bool) -> Value {
    let own = world.ecs.capacity_providers.get(name);
    let enabled = |yes: bool| if yes { "ENABLED" } else { "DISABLED" };
    let mut view = Map::new();
    put(&mut view, "capacityProviderArn", Some(provider_arn(world, name)));
    put(&mut view, "name", Some(name));
    put(&mut view, "status", Some("ACTIVE"));
    if let Some(own) = own {
        let provider = json!({
            "autoScalingGroupArn": crate::autoscaling::group_arn(world, &own.group),
            "managedScaling": {
                "status": enabled(own.managed_scaling),
                "targetCapacity": own.target_capacity,
                "minimumScalingStepSize": 1,
                "maximumScalingStepSize": 10_000,
                "instanceWarmupPeriod": 300,
            },
            "managedTerminationProtection": enabled(own.managed_termination_protection),
            "managedDraining": enabled(own.managed_draining),
        });
        view.insert("autoScalingGroupProvider".to_owned(), provider);
    }
    let tags = own.filter(|_| with_tags).map_or_else(|| json!([]), |own| tags::view(&own.tags));
    view.insert("tags".to_owned(), tags);
    view.into()
}

/// How long ECS takes to let a group grow, and to let it shrink.
const OUT: SignedDuration = SignedDuration::from_secs(60);
const IN: SignedDuration = SignedDuration::from_mins(15);

/// Whether anything but a DAEMON's task is on an instance.
pub(crate) fn is_busy(c: &Cluster, instance: &str) -> bool {
    let of_a_daemon = |t: &Task| t.service.as_ref().and_then(|s| c.services.get(s)).is_some_and(|s| s.daemon);
    let live = c.tasks.values().filter(|t| t.stage < Stage::Stopped);
    live.filter(|t| t.container_instance.as_deref() == Some(instance)).any(|t| !of_a_daemon(t))
}

/// Something changed that managed scaling looks at: the providers that would move their groups' sizes do so, unless
/// things change again.
pub(crate) fn watch(world: &mut World) {
    let managed = world.ecs.capacity_providers.iter().filter(|(_, p)| p.managed_scaling);
    for name in managed.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
        let grows = match next_size(world, &name) {
            Some((_, from, to)) => to > from,
            None => continue,
        };
        if world.ecs.scaling.insert((name.clone(), grows)) {
            let at = world.after(if grows { OUT } else { IN });
            world.agenda.enter(at, due::Due::Ecs(Due::Scale { provider: name, grows }));
        }
    }
}

/// The look of a provider at its group, planned when it was about to grow or to shrink.
pub(crate) fn scale(world: &mut World, provider: &str, grows: bool) {
    world.ecs.scaling.remove(&(provider.to_owned(), grows));
    if let Some((group, from, to)) = next_size(world, provider)
        && grows == (to > from)
    {
        let cause = format!(
            "a monitor alarm TargetTracking-{group} in state ALARM triggered policy ECSManagedAutoScalingPolicy-{provider}"
        );
        crate::autoscaling::life::set_desired(world, &group, to, &cause);
    }
    watch(world);
}

/// The group of a provider, its desired capacity, and the one that ECS would set: the instances in use and those that
/// waiting tasks need, at the target's percentage. None where nothing is to be changed, or alarms are suspended.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html>
fn next_size(world: &World, provider: &str) -> Option<(String, i64, i64)> {
    let own = world.ecs.capacity_providers.get(provider)?;
    let group = world.autoscaling.groups.get(&own.group)?;
    if !group.runs("AlarmNotification") {
        return None;
    }
    let of_it = |p: &Option<String>| p.as_deref() == Some(provider);
    let mut needed = 0;
    for c in world.ecs.clusters.values() {
        let registered = c.instances.iter().filter(|(_, i)| of_it(&i.capacity_provider));
        needed += registered.filter(|(id, _)| is_busy(c, id)).count();
        let waiting =
            c.tasks.values().filter(|t| t.waiting && !t.told_to_stop && of_it(&t.capacity_provider));
        needed += instances_for(waiting, container_instances::resources(&group.instance_type));
    }
    let needed = i64::try_from(needed).unwrap_or(i64::MAX);
    let percent = own.target_capacity.clamp(1, 100);
    let to = (needed.saturating_mul(100) + percent - 1) / percent;
    let to = to.clamp(group.min, group.max);
    (to != group.desired).then(|| (own.group.clone(), group.desired, to))
}

/// How many empty instances these tasks fill, one after the other. What fits on none asks for none.
fn instances_for<'a>(tasks: impl Iterator<Item = &'a Task>, (cpu, memory): (i64, i64)) -> usize {
    let mut left: Vec<(i64, i64)> = Vec::new();
    for needs in tasks.map(|t| &t.needs).filter(|n| n.cpu <= cpu && n.memory <= memory) {
        match left.iter_mut().find(|(c, m)| needs.cpu <= *c && needs.memory <= *m) {
            Some((c, m)) => {
                *c -= needs.cpu;
                *m -= needs.memory;
            }
            None => left.push((cpu - needs.cpu, memory - needs.memory)),
        }
    }
    left.len()
}
