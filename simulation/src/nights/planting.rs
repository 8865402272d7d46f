//! What is done to services while they are off.

use jiff::Timestamp;

use super::{Done, GRACE, HOUR, MINUTE, Sleeper, When, turn};
use crate::SystemUnderTest;
use crate::calendar::Plan;
use crate::causes::{Cause, Victim};
use crate::fleet::{Service, Tag, look};
use crate::year::Year;

/// How many of a hundred sleepers have something planted before the check, between the two, and after both.
const SHARES: (i64, i64, i64) = (25, 8, 3);

impl<S: SystemUnderTest> Year<S> {
    /// Something is done to some of those that sleep.
    pub(super) fn plant_among(&mut self, when: When, now: i64) {
        let share = match when {
            When::Evening => SHARES.0,
            When::Night => SHARES.1,
            When::Late => SHARES.2,
        };
        for place in 0..self.nights.sleepers.len() {
            let Some(sleeper) = self.nights.sleepers.get(place) else { continue };
            if sleeper.done.is_some() || sleeper.at <= now || !self.is_left_alone(sleeper) {
                continue;
            }
            let fitting: Vec<Cause> =
                Cause::ALL.into_iter().filter(|cause| self.fits(*cause, sleeper)).collect();
            let random = &mut self.nights.random;
            let chosen = if random.percent(share) { fitting.get(random.index(fitting.len())) } else { None };
            if let Some(cause) = chosen {
                self.plant(place, *cause, when, now);
            }
        }
    }

    fn is_left_alone(&self, sleeper: &Sleeper) -> bool {
        self.fleet.services.get(sleeper.n).is_some_and(|it| it.seen_to < sleeper.since)
    }

    /// Whether this can be done to it, and does what it says.
    fn fits(&self, cause: Cause, sleeper: &Sleeper) -> bool {
        let Some(service) = self.fleet.services.get(sleeper.n) else { return false };
        let cluster = self.fleet.clusters.get(service.cluster);
        let name = self.fleet.cluster_of(service);
        let target = self.aws.with(|world| look(world, name, &service.name).target);
        match cause {
            // It keeps its night size where it has one, and its target would have to be mended otherwise.
            Cause::MaxLowered => {
                service.night == 0 && target.is_some_and(|it| it.max >= sleeper.count && sleeper.count > 1)
            }
            Cause::MaxLoweredToItsSize => {
                service.night == 0 && target.is_some_and(|it| it.max >= sleeper.count)
            }
            Cause::RecordRemovedAndSizeTagged => service.night == 0 && target.is_none(),
            // At 0 with its autoscaling awake it would look like a queue's worker, whose size nobody has to know.
            Cause::RecordRemoved => {
                service.night == 0 && target.is_none_or(|target| target.flags == [true; 3])
            }
            Cause::RecordGarbled => service.night == 0,
            Cause::ScheduleRemoved => {
                matches!(service.tag, Tag::Plan(_)) && cluster.is_some_and(|it| it.plan.is_none())
            }
            Cause::MachinesSleepLonger | Cause::MachinesWakeWithIt => {
                self.other_hours(cause, service.cluster, sleeper.at).is_some()
            }
            _ => true,
        }
    }

    /// The machines of a cluster, and a plan by which they are off now, and are off or on when a service comes back.
    fn other_hours(&self, cause: Cause, cluster: usize, at: i64) -> Option<(usize, usize)> {
        let now = self.seconds();
        let machines = self.fleet.machines.iter().position(|it| it.cluster == cluster)?;
        let untouched = |sleeper: &Sleeper| sleeper.done.is_none() && self.is_left_alone(sleeper);
        let its =
            |sleeper: &&Sleeper| self.fleet.services.get(sleeper.n).is_some_and(|it| it.cluster == cluster);
        if !self.nights.sleepers.iter().filter(its).all(untouched) || self.cluster_lease(cluster).is_some() {
            return None;
        }
        let fits = |plan: &Plan| {
            let turns = turn(plan, now, true);
            let longer = cause == Cause::MachinesSleepLonger;
            !plan.at(now).on
                && if longer {
                    turns.is_none_or(|turns| turns > at + GRACE + HOUR)
                } else {
                    turns.is_some_and(|turns| turns <= at && plan.at(at + GRACE).on)
                }
        };
        let own = self.fleet.machines.get(machines)?.plan;
        let plan = self.fleet.plans.iter().enumerate().find(|(n, plan)| *n != own && fits(plan))?.0;
        Some((machines, plan))
    }

    fn plant(&mut self, place: usize, cause: Cause, when: When, now: i64) {
        let Some(sleeper) = self.nights.sleepers.get(place).cloned() else { return };
        let Sleeper { n, count, at, .. } = sleeper;
        let (Some((cluster, name)), Some(service)) = (self.names(n), self.fleet.services.get(n)) else {
            return;
        };
        let (index, tag, memory) = (service.cluster, service.tag, service.memory.clone());
        let of_age = match cause {
            Cause::ExpiresAfter => at + self.nights.random.between(60, 180) * MINUTE,
            _ => self.nights.random.between(now, at - MINUTE),
        };
        let machines = if cause.needs_machines() { self.other_hours(cause, index, at) } else { None };
        let hours = machines.and_then(|(group, plan)| {
            Some((self.fleet.machines.get(group)?, self.fleet.plans.get(plan)?.tag.clone()))
        });
        let machines = hours.as_ref().zip(machines).map(|((group, _), (n, plan))| (n, group.plan, plan));
        let victim = Victim {
            cluster: &cluster,
            service: &name,
            count,
            of_age: Timestamp::from_second(of_age).unwrap_or_default(),
            machines: hours.as_ref().map(|(group, text)| (group.name, text.as_str())),
        };
        let planted = self.aws.with(|world| cause.plant(world, victim));
        let done = Done { when, planted, tag, memory, machines };
        self.figures.nights.causes.entry(cause).or_default().planted += 1;
        let Self { fleet, nights, .. } = self;
        for other in &mut nights.sleepers {
            let beside = machines.is_some()
                && fleet.services.get(other.n).is_some_and(|service| service.cluster == index);
            // Machines carry all of their cluster.
            if other.n == n || beside {
                other.done = Some(done.clone());
            }
        }
        if let Some((group, _, plan)) = machines
            && let Some(group) = fleet.machines.get_mut(group)
        {
            group.plan = plan;
        }
        if let Some(service) = fleet.services.get_mut(n) {
            done.remembered(service, count);
        }
        // A run comes every five minutes; one that finds something is not left out.
        self.next_quiet = now;
    }
}

impl Done {
    /// What the model knows of it.
    fn remembered(&self, service: &mut Service, count: i64) {
        match self.planted.cause {
            Cause::RecordRemoved => (service.memory, service.before) = (None, None),
            Cause::RecordRemovedAndSizeTagged => {
                (service.memory, service.before, service.tagged) = (None, None, Some(count));
            }
            Cause::RecordGarbled => {
                (service.memory, service.before, service.garbled) = (None, None, true);
            }
            Cause::MaxLowered | Cause::MaxLoweredToItsSize => service.before = None,
            Cause::ScheduleRemoved => service.tag = Tag::Clusters,
            _ => {}
        }
    }

    /// And that it is mended.
    pub(super) fn forgotten(&self, service: &mut Service) {
        service.before = None;
        service.tagged = None;
        if std::mem::take(&mut service.garbled) {
            service.memory.clone_from(&self.memory);
        }
        if self.planted.cause == Cause::ScheduleRemoved {
            service.tag = self.tag;
        }
    }
}
