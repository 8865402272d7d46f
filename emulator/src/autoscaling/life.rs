//! How a group starts, replaces and ends its instances over time.
//!
//! A group looks at its instances shortly after anything happened to it. A new instance is in service after half a
//! minute, and its agent registers it with the cluster half a minute later.
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html>

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::autoscaling::activities;
use crate::autoscaling::scheduled_actions;
use crate::autoscaling::state::{Group, Instance, Lifecycle};
use crate::due;
use crate::ecs::capacity_providers;
use crate::ecs::container_instances;
use crate::ids;
use crate::wire::iso;
use crate::world::World;

/// What is due in EC2 Auto Scaling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A group looks at its instances.
    Attend { group: String },
    /// An instance goes on, if nothing changed it since.
    Step { group: String, instance: String, step: u64 },
    /// An instance's agent registers with the cluster.
    Register { group: String, instance: String },
    /// A scheduled action's time has come, if it is still the one that was put then.
    Act { group: String, name: String, put: u64 },
    /// A group's alarm looks at its load.
    Evaluate { group: String },
}

/// How long a group takes to look at its instances.
const ATTENTION: SignedDuration = SignedDuration::from_secs(5);
/// How long EC2's health checks take to see that an instance is gone.
const HEALTH_CHECK: SignedDuration = SignedDuration::from_secs(60);
/// How long a group waits after EC2 did not start an instance.
const RETRY: SignedDuration = SignedDuration::from_mins(2);
/// How long an instance takes to start, and to end.
const START: SignedDuration = SignedDuration::from_secs(30);
const END: SignedDuration = SignedDuration::from_secs(30);
/// How long after its launch an instance's agent registers, at least.
const REGISTRATION: i64 = 60;
/// How often ECS looks whether an instance that drains is empty.
const DRAINING: SignedDuration = SignedDuration::from_secs(15);
/// How long an instance drains at most.
const DRAINING_AT_MOST: SignedDuration = SignedDuration::from_hours(48);
/// How long alarms take to see a change.
const PERIOD: SignedDuration = SignedDuration::from_secs(60);

/// Lets one thing happen that is due now.
pub(crate) fn happen(world: &mut World, due: Due) {
    match due {
        Due::Attend { group } => attend(world, &group),
        Due::Step { group, instance, step } => {
            let planned = |i: &Instance| i.step == step;
            if instance_of(world, &group, &instance).is_some_and(|i| planned(i)) {
                go_on(world, &group, &instance);
            }
        }
        Due::Register { group, instance } => register(world, &group, &instance),
        Due::Act { group, name, put } => scheduled_actions::act(world, &group, &name, put),
        Due::Evaluate { group } => evaluate(world, &group),
    }
}

fn instance_of<'a>(world: &'a mut World, group: &str, id: &str) -> Option<&'a mut Instance> {
    world.autoscaling.groups.get_mut(group)?.instances.get_mut(id)
}

fn enter(world: &mut World, wait: SignedDuration, due: Due) {
    let at = world.after(wait);
    world.agenda.enter(at, due::Due::AutoScaling(due));
}

/// Something happened to this group: it will look at its instances.
pub(crate) fn touch(world: &mut World, group: &str) {
    touch_in(world, group, ATTENTION);
}

fn touch_in(world: &mut World, name: &str, wait: SignedDuration) {
    let at = world.after(wait);
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    if group.attended.is_none_or(|planned| at < planned) {
        group.attended = Some(at);
        enter(world, wait, Due::Attend { group: name.to_owned() });
    }
}

/// Sets the desired capacity for a cause such as `a user request …`; instances and alarms follow.
pub(crate) fn set_desired(world: &mut World, name: &str, desired: i64, cause: &str) {
    let now = iso(world.now);
    if let Some(group) = world.autoscaling.groups.get_mut(name)
        && group.desired != desired
    {
        let change = format!("changing the desired capacity from {} to {desired}", group.desired);
        group.cause = format!("At {} {cause} {change}.", now.as_str().unwrap_or_default());
        group.desired = desired;
        group.held = false;
    }
    touch(world, name);
    watch(world, name);
    capacity_providers::watch(world);
}

/// The group looks at its instances and does what is to be done now.
fn attend(world: &mut World, name: &str) {
    let now = world.now;
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    if group.attended != Some(now) {
        // An earlier look took the place of this one.
        return;
    }
    group.attended = None;
    if group.runs("HealthCheck") {
        for instance in group.instances.values_mut().filter(|i| i.dead) {
            instance.healthy = false;
        }
    }
    let counting = |i: &Instance| i.lifecycle.counts();
    if group.runs("ReplaceUnhealthy") && group.runs("Terminate") {
        let ill = group.instances.iter().filter(|(_, i)| !i.healthy && counting(i));
        for id in ill.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            let cause = "an instance was taken out of service in response to an EC2 health check indicating it has \
                         been terminated or stopped.";
            terminate(world, name, &id, cause);
        }
    }
    let Some(group) = world.autoscaling.groups.get(name) else {
        return;
    };
    let has = i64::try_from(group.instances.values().filter(|i| counting(i)).count()).unwrap_or(i64::MAX);
    if let Some(reason) = group.cannot_launch.clone().filter(|_| has < group.desired && group.runs("Launch"))
    {
        let said =
            format!("Launching a new EC2 instance.  Status Reason: {reason} Launching EC2 instance failed.");
        let cause = group.cause.clone();
        activities::failed(world, name, &said, &cause);
        touch_in(world, name, RETRY);
    } else if has < group.desired && group.runs("Launch") {
        for n in has..group.desired {
            launch(world, name, n);
        }
    } else if has > group.desired && group.runs("Terminate") {
        shrink(world, name, has);
    }
}

/// Ends instances until as many are left as desired, as far as they may be ended.
fn shrink(world: &mut World, name: &str, has: i64) {
    let Some(group) = world.autoscaling.groups.get(name) else {
        return;
    };
    let desired = group.desired;
    let cause = group.cause.clone();
    for n in (desired..has).rev() {
        let Some(id) = next_to_go(world, name) else {
            if world.autoscaling.groups.get_mut(name).is_some_and(|g| !std::mem::replace(&mut g.held, true)) {
                let said = "Could not scale to desired capacity because all remaining instances are protected from \
                            scale in.";
                activities::failed(world, name, said, &cause);
            }
            return;
        };
        let why = format!(
            "an instance was taken out of service in response to a difference between desired and actual capacity, \
             shrinking the capacity from {} to {n}.",
            n + 1
        );
        terminate(world, name, &id, &why);
    }
}

/// The instance that a scale-in ends first: in the zone with the most, the oldest. A protected one never.
///
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html>
fn next_to_go(world: &World, name: &str) -> Option<String> {
    let group = world.autoscaling.groups.get(name)?;
    let live = || group.instances.iter().filter(|(_, i)| i.lifecycle.counts());
    let mut zones: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, instance) in live() {
        *zones.entry(&instance.zone).or_default() += 1;
    }
    let free = live().filter(|(_, i)| !is_protected(world, name, i));
    let first = |(id, i): &(&String, &Instance)| {
        let crowd = zones.get(i.zone.as_str()).copied().unwrap_or(0);
        (std::cmp::Reverse(crowd), i.launched_at, (*id).clone())
    };
    free.min_by_key(first).map(|(id, _)| id.clone())
}

/// Whether a scale-in passes an instance by. Under managed termination protection ECS decides: it holds those with
/// tasks that are not of a DAEMON service.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-termination-protection.html>
pub(super) fn is_protected(world: &World, group: &str, instance: &Instance) -> bool {
    let provider = world.provider_of(group).and_then(|p| world.ecs.capacity_providers.get(&p));
    if provider.is_some_and(|p| p.managed_scaling && p.managed_termination_protection) {
        let cluster = world.autoscaling.groups.get(group).and_then(|g| g.cluster.as_deref());
        return is_busy(world, cluster, instance);
    }
    instance.protected
}

fn is_busy(world: &World, cluster: Option<&str>, instance: &Instance) -> bool {
    let c = cluster.and_then(|c| world.ecs.clusters.get(c));
    let id = instance.container_instance.as_deref();
    c.zip(id).is_some_and(|(c, id)| capacity_providers::is_busy(c, id))
}

/// Starts an instance, where there are so many.
fn launch(world: &mut World, name: &str, has: i64) {
    let id = world.ids.instance();
    let now = world.now;
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    let in_zone = |zone: &&String| group.instances.values().filter(|i| i.zone == **zone).count();
    let zone = group.zones.iter().min_by_key(in_zone).cloned().unwrap_or_default();
    let protected = group.new_instances_protected;
    let mut instance = Instance::in_service(&zone, &group.instance_type, protected, now);
    instance.lifecycle = Lifecycle::Pending;
    group.instances.insert(id.clone(), instance);
    let cause = format!(
        "{} At {} an instance was started in response to a difference between desired and actual capacity, \
         increasing the capacity from {has} to {}.",
        group.cause,
        iso(now).as_str().unwrap_or_default(),
        has + 1
    );
    activities::begun(world, name, &id, "Launching a new EC2 instance", cause.trim());
    enter(world, START, Due::Step { group: name.to_owned(), instance: id.clone(), step: 0 });
    let jitter = i64::try_from(ids::mix(ids::hash(&id)) % 10).unwrap_or(0);
    let wait = SignedDuration::from_secs(REGISTRATION + jitter);
    enter(world, wait, Due::Register { group: name.to_owned(), instance: id });
}

/// Ends an instance: it drains and waits for its hook first, where there are such.
pub(super) fn terminate(world: &mut World, name: &str, id: &str, why: &str) {
    let now = world.now;
    let Some(group) = world.autoscaling.groups.get(name) else {
        return;
    };
    let cause = group.cause.clone();
    let heartbeat = group.hooks.values().find(|h| !h.launching).map(|h| h.heartbeat);
    let provider = world.provider_of(name).and_then(|p| world.ecs.capacity_providers.get(&p));
    let drains = provider.is_some_and(|p| p.managed_draining);
    let cluster = group.cluster.clone();
    let Some(instance) = instance_of(world, name, id).filter(|i| i.lifecycle.counts()) else {
        return;
    };
    let dead = instance.dead;
    instance.lifecycle = if dead { Lifecycle::Terminating } else { Lifecycle::TerminatingWait };
    instance.waits_until = heartbeat.and_then(|h| now.checked_add(h).ok());
    instance.drains_until = now.checked_add(DRAINING_AT_MOST).ok().filter(|_| drains);
    instance.step += 1;
    let container_instance = instance.container_instance.clone();
    let why = format!("{cause} At {} {why}", iso(now).as_str().unwrap_or_default());
    activities::begun(world, name, id, "Terminating EC2 instance", why.trim());
    if let (true, Some(cluster), Some(container)) = (drains, cluster, container_instance) {
        container_instances::drain(world, &cluster, &container, true);
    }
    if dead {
        shut_down(world, name, id);
    } else {
        leave(world, name, id);
    }
}

/// An instance that waits to end: it ends once it has drained and its hook has passed.
fn leave(world: &mut World, name: &str, id: &str) {
    let now = world.now;
    let Some(group) = world.autoscaling.groups.get(name) else {
        return;
    };
    let Some(instance) = group.instances.get(id) else {
        return;
    };
    let drains = instance.drains_until.is_some_and(|until| until > now);
    let wait = if drains && is_busy(world, group.cluster.as_deref(), instance) {
        Some(DRAINING)
    } else {
        instance.waits_until.map(|until| until.duration_since(now)).filter(SignedDuration::is_positive)
    };
    match wait {
        Some(wait) => {
            let step = instance.step;
            enter(world, wait, Due::Step { group: name.to_owned(), instance: id.to_owned(), step });
        }
        None => shut_down(world, name, id),
    }
}

/// EC2 ends the instance; what ran on it is gone.
fn shut_down(world: &mut World, name: &str, id: &str) {
    let cluster = world.autoscaling.groups.get(name).and_then(|g| g.cluster.clone());
    let Some(instance) = instance_of(world, name, id) else {
        return;
    };
    instance.lifecycle = Lifecycle::Terminating;
    instance.step += 1;
    let step = instance.step;
    let container_instance = instance.container_instance.take();
    if let (Some(cluster), Some(container)) = (cluster, container_instance) {
        container_instances::deregister(world, &cluster, &container);
    }
    enter(world, END, Due::Step { group: name.to_owned(), instance: id.to_owned(), step });
}

/// Takes an instance to its next stage.
fn go_on(world: &mut World, name: &str, id: &str) {
    let now = world.now;
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    let hook = group.hooks.values().find(|h| h.launching).cloned();
    let Some(instance) = group.instances.get_mut(id) else {
        return;
    };
    instance.step += 1;
    let step = instance.step;
    match (instance.lifecycle, hook) {
        (Lifecycle::Pending, Some(hook)) => {
            instance.lifecycle = Lifecycle::PendingWait;
            instance.waits_until = now.checked_add(hook.heartbeat).ok();
            enter(world, hook.heartbeat, Due::Step { group: name.to_owned(), instance: id.to_owned(), step });
        }
        (Lifecycle::PendingWait, Some(hook)) if !hook.continues => {
            instance.waits_until = None;
            abandon(world, name, id);
        }
        (Lifecycle::Pending | Lifecycle::PendingWait, _) => serve(world, name, id),
        (Lifecycle::TerminatingWait, _) => leave(world, name, id),
        (Lifecycle::Terminating, _) => {
            group.instances.remove(id);
            activities::ended(world, name, id);
            touch(world, name);
        }
        (Lifecycle::InService, _) => {}
    }
}

/// A new instance is in service.
fn serve(world: &mut World, name: &str, id: &str) {
    if let Some(instance) = instance_of(world, name, id) {
        instance.lifecycle = Lifecycle::InService;
        instance.waits_until = None;
    }
    activities::ended(world, name, id);
    touch(world, name);
}

/// A launch is given up by its hook: another instance takes its place.
fn abandon(world: &mut World, name: &str, id: &str) {
    terminate(
        world,
        name,
        id,
        "an instance was taken out of service in response to an abandoned lifecycle action.",
    );
    touch(world, name);
}

/// A lifecycle action is completed: the instance goes on at once.
pub(super) fn complete(world: &mut World, name: &str, id: &str, continues: bool) {
    let Some(instance) = instance_of(world, name, id) else {
        return;
    };
    instance.waits_until = None;
    instance.step += 1;
    match (instance.lifecycle, continues) {
        (Lifecycle::PendingWait, true) => serve(world, name, id),
        (Lifecycle::PendingWait, false) => abandon(world, name, id),
        (Lifecycle::TerminatingWait, _) => leave(world, name, id),
        _ => {}
    }
}

/// The agent of an instance comes up.
fn register(world: &mut World, name: &str, id: &str) {
    let Some(group) = world.autoscaling.groups.get(name) else {
        return;
    };
    let Some(cluster) = group.cluster.clone() else {
        return;
    };
    let ready = |i: &&Instance| i.lifecycle.counts() && !i.dead && i.container_instance.is_none();
    let Some(instance) = group.instances.get(id).filter(ready) else {
        return;
    };
    if !world.ecs.clusters.get(&cluster).is_some_and(|c| c.active) {
        return;
    }
    let (kind, zone) = (instance.instance_type.clone(), instance.zone.clone());
    let resources = group.instance_resources;
    let provider = world.provider_of(name);
    let made = container_instances::Made { instance_type: &kind, resources, zone: &zone };
    let container = container_instances::register(world, &cluster, id, made, provider);
    if let Some(instance) = instance_of(world, name, id) {
        instance.container_instance = Some(container);
    }
}

/// The load on a group changed, or what its alarm looks at: if it makes the alarm move the size, it does within a
/// minute, unless `AlarmNotification` is suspended.
pub(crate) fn watch(world: &mut World, name: &str) {
    let moves = world.autoscaling.groups.get(name).is_some_and(|g| asked(g).is_some());
    if moves && world.autoscaling.evaluating.insert(name.to_owned()) {
        enter(world, PERIOD, Due::Evaluate { group: name.to_owned() });
    }
}

/// The size to which the alarm would move a group now, if it would move it.
fn asked(group: &Group) -> Option<i64> {
    let wanted = group.load?.clamp(group.min, group.max);
    (group.runs("AlarmNotification") && wanted != group.desired).then_some(wanted)
}

fn evaluate(world: &mut World, name: &str) {
    world.autoscaling.evaluating.remove(name);
    if let Some(wanted) = world.autoscaling.groups.get(name).and_then(asked) {
        let cause =
            format!("a monitor alarm TargetTracking-{name} in state ALARM triggered policy {name}-load");
        set_desired(world, name, wanted, &cause);
    }
}

/// EC2 loses an instance; the group's health checks see it within a minute.
pub(crate) fn lose(world: &mut World, name: &str, id: &str) {
    let cluster = world.autoscaling.groups.get(name).and_then(|g| g.cluster.clone());
    let Some(instance) = instance_of(world, name, id) else {
        return;
    };
    instance.dead = true;
    let container_instance = instance.container_instance.take();
    if let (Some(cluster), Some(container)) = (cluster, container_instance) {
        container_instances::deregister(world, &cluster, &container);
    }
    touch_in(world, name, HEALTH_CHECK);
}
