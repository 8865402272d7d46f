//! What comes up in the morning, and what a person mends.

use serde_json::json;

use super::{GRACE, MINUTE, Sleeper, When};
use crate::SystemUnderTest;
use crate::causes::Cause;
use crate::fleet::Tag;
use crate::year::Year;

/// What was started later than so long before it is looked at had no fair start.
const FAIR: i64 = 20 * MINUTE;

impl<S: SystemUnderTest> Year<S> {
    /// Who has come up. What is lost again after that, as when a group's own alarms take its machines, is not the
    /// night's doing.
    pub(crate) fn note_who_is_up(&mut self, now: i64) {
        let Self { fleet, nights, aws, .. } = self;
        aws.with(|world| {
            for sleeper in nights.sleepers.iter_mut().filter(|it| it.at <= now) {
                let Some(service) = fleet.services.get(sleeper.n) else { continue };
                let running = world.running_count(fleet.cluster_of(service), &service.name);
                sleeper.up |= running >= sleeper.count;
            }
        });
    }

    /// What came of it, of those whose morning it is.
    pub(super) fn morning(&mut self, now: i64) {
        self.note_who_is_up(now);
        let all = std::mem::take(&mut self.nights.sleepers);
        let (over, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.at + GRACE <= now);
        self.nights.sleepers = rest;
        for sleeper in &over {
            self.judge(sleeper, now);
        }
        for sleeper in &over {
            self.mend(sleeper);
        }
        if self.nights.sleepers.is_empty() {
            self.nights.steps.clear();
            self.choose_evening();
        }
    }

    fn judge(&mut self, sleeper: &Sleeper, now: i64) {
        let Some(service) = self.fleet.services.get(sleeper.n) else { return };
        let adopted = sleeper.done.as_ref().is_none_or(|done| {
            // The first run without a record only writes one, and the next transition acts: of a morning it comes
            // too late, unless another came before.
            done.planted.cause != Cause::RecordRemovedAndSizeTagged || sleeper.met
        });
        // An outage may have kept it down.
        let fair = adopted && sleeper.could_start.is_some_and(|at| at + FAIR <= now);
        let is_on = self.fleet.plans.get(sleeper.plan).is_some_and(|plan| plan.at(now).on);
        if service.seen_to >= sleeper.since || !fair || !is_on {
            self.figures.nights.void += 1;
            return;
        }
        let (path, cluster) = (self.fleet.path(service), self.fleet.cluster_of(service));
        let running = self.aws.with(|world| world.running_count(cluster, &service.name));
        let (when, cause) = sleeper.done.as_ref().map(|it| (it.when, it.planted.cause)).unzip();
        let Sleeper { told, again, count, up, .. } = sleeper;
        let nights = &mut self.figures.nights;
        nights.services += 1;
        let anyhow = *told || *again == Some(true);
        if *up {
            if anyhow {
                nights.told_and_up += 1;
                *nights.up.entry(cause).or_default() += 1;
            }
            return;
        }
        let after_both = when == Some(When::Late) || (when == Some(When::Night) && !sleeper.asked_again);
        if after_both && !anyhow {
            nights.late += 1;
            return;
        }
        // Of what was done between the two only the second could know.
        let was_told = if when == Some(When::Evening) || cause.is_none() { *told } else { anyhow };
        nights.down += 1;
        nights.told += u64::from(was_told);
        if when == Some(When::Night) {
            nights.by_night += 1;
        }
        match cause {
            None => nights.unplanted += 1,
            Some(cause) => {
                let tally = nights.causes.entry(cause).or_default();
                tally.down += 1;
                tally.told += u64::from(was_told);
            }
        }
        if !was_told || *again == Some(false) {
            let what = cause.map_or_else(|| "nothing that was planted".to_owned(), |it| it.to_string());
            let how = format!(
                "{running} of its {count} tasks run, by {what} ({when:?}); told in the evening: {told}, before the \
                 morning: {again:?}"
            );
            self.violation("what does not come up was told before", &path, &how);
        }
    }

    /// A person puts right what was done.
    fn mend(&mut self, sleeper: &Sleeper) {
        let (n, Some(done)) = (sleeper.n, &sleeper.done) else { return };
        let Some((cluster, name)) = self.names(n) else { return };
        let cause = done.planted.cause;
        if let Some((group, old, new)) = done.machines {
            // Once for all that they carry, and not where somebody else gave them other hours.
            let Some(group) = self.fleet.machines.get_mut(group).filter(|it| it.plan == new) else { return };
            group.plan = old;
        }
        if cause == Cause::ScheduleRemoved
            && self.fleet.services.get(n).is_some_and(|it| it.tag != Tag::Clusters)
        {
            return;
        }
        self.aws.with(|world| done.planted.mend(world));
        let scaling = done.memory.as_ref().and_then(|memory| memory.size.scaling);
        if let (Cause::RecordRemoved, Some((min, [a, b, c]))) = (cause, scaling)
            && self.aws.with(|world| world.target(&cluster, &name).is_some())
        {
            let input = json!({
                "ServiceNamespace": "ecs", "ResourceId": format!("service/{cluster}/{name}"),
                "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": min,
                "SuspendedState": {
                    "DynamicScalingInSuspended": a, "DynamicScalingOutSuspended": b,
                    "ScheduledScalingSuspended": c,
                },
            });
            self.cli("application-autoscaling", "RegisterScalableTarget", input);
        }
        if let Some(service) = self.fleet.services.get_mut(n) {
            done.forgotten(service);
        }
    }
}
