//! ECS services: what of them can be changed, and what becomes of one that a request names or selects.

mod scale;
mod start;
mod stop;

use std::collections::BTreeSet;
use std::fmt::Display;

use shared::application_autoscaling::ScalableTarget;
use shared::ecs::Service;
use shared::names::ClusterName;
use shared::record::sizing::Live;
use shared::record::{By, Record, Scaling, Size};
use shared::report::{Outcome, Warning};
use shared::schedule::Due;
use shared::tags::Tags;
use shared::{Code, Refusal};

use super::case::{Case, Cause, Count, Resource, failed, recorded};
use super::directives::Directives;
use super::{Item, PlanSettings, PlannedItem, Step, overrides};
use crate::ask::{Ask, Target, Verb};
use crate::effect::{Effect, Sizes};
use crate::observe::{Seen, Snapshot};
use crate::plan::steps::CHANGE;

/// A service with all that is asked of it.
type ServiceCase<'a> = Case<'a, Seen>;

impl Resource for Seen {
    type Size = Size;
    const ORPHANED: &'static str =
        "autoscaling sleeps (all activities suspended) and no record says what it was before";
    const SIZE_EXAMPLE: &'static str = r#""n=3""#;
    const STARTS_IN: usize = CHANGE;

    fn id(&self) -> &impl Display {
        &self.id
    }

    fn audit_pattern(&self) -> String {
        format!("\"ecs:TagResource\" \"{}\"", self.id)
    }

    fn cluster(&self) -> Option<&ClusterName> {
        Some(&self.id.cluster)
    }

    fn tags(&self) -> Tags {
        self.service.tags_by_key()
    }

    fn live(&self, night: u32, settings: &PlanSettings) -> Live<Size> {
        let scaling = |it: &ScalableTarget| Scaling { min: it.min_capacity, suspended: it.suspended };
        let count = u32::try_from(self.service.desired_count).unwrap_or(0).try_into().ok();
        Live {
            size: Size { count, scaling: self.target.as_ref().map(scaling) },
            asleep: self.target.as_ref().is_none_or(|target| target.is_asleep_at(night)),
            night,
            most: self.target.as_ref().map_or(u32::MAX, |it| it.max_capacity).min(settings.max_desired),
        }
    }

    fn shown(&self) -> Effect {
        let scaling = self.target.as_ref().map(|target| (target.min_capacity, target.suspended));
        Effect::of(Sizes::Service { desired: self.service.desired_count, scaling })
    }

    fn count_shown(&self) -> Effect {
        Effect::of(Sizes::Service { desired: self.service.desired_count, scaling: None })
    }

    fn directives(&self, snapshot: &Snapshot, ask: &Ask, settings: &PlanSettings) -> Directives {
        let cluster = snapshot.cluster_tags.get(&self.id.cluster);
        let reading = settings.scheduling.reading_services(&settings.tags, self.id.cluster.as_str());
        Directives::read(&reading, &self.tags(), cluster, snapshot.looked_at, ask, settings)
    }

    fn untaggable(&self, key: &str) -> Option<Refusal> {
        self.service.untaggable(key)
    }

    fn out_of_reach(&self, ask: &Ask) -> Option<Item> {
        let service = &self.service;
        let (code, reason) = if !service.is_active() {
            (Code::Gone, format!("it is {}: only an ACTIVE service can be changed", service.status))
        } else if service.is_daemon() {
            let reason = "a DAEMON service runs one task per instance: change the instances";
            (Code::Daemon, reason.into())
        } else if service.is_express_managed() && !ask.force {
            let reason = "ECS Express manages it: change the Express service, or send \"force\": true";
            (Code::ExpressManaged, reason.into())
        } else {
            return None;
        };
        Some(Item::new(&self.id, Outcome::Skipped, Some(code), reason))
    }

    fn left_alone(&self, _: Option<&Record>, _: Due, _: &PlanSettings) -> Option<Item> {
        None
    }

    /// What ECS Express manages is changed by request alone.
    fn is_reconciled(&self) -> bool {
        !self.service.is_express_managed()
    }

    fn is_idle(&self) -> bool {
        let awake = |target: &ScalableTarget| target.min_capacity == 0 && !target.is_asleep_at(0);
        self.service.desired_count == 0 && self.target.as_ref().is_some_and(awake)
    }

    fn is_whole(&self) -> bool {
        let Service { desired_count, running_count, .. } = self.service;
        desired_count > 0 && running_count >= desired_count && !self.service.is_deploying()
    }

    fn write(&self, before: Option<String>, record: Record) -> Step {
        Step::WriteRecord { service: self.id.clone(), before, record }
    }

    fn stop(case: &ServiceCase<'_>) -> PlannedItem {
        stop::planned(case)
    }

    fn start(case: &ServiceCase<'_>, size: Size, count: Count) -> PlannedItem {
        start::back_to(case, size, count)
    }

    fn finish(case: &ServiceCase<'_>, size: &Size) -> Vec<Step> {
        start::finish(case, *size).into_iter().collect()
    }

    fn there(&self) -> (String, String) {
        let (running, desired) = (self.service.running_count, self.service.desired_count);
        let deploying = if self.service.is_deploying() { ", and a deployment is in progress" } else { "" };
        let event = self.service.events.first().map_or("none", |event| event.message.as_str());
        (format!("{running} of {desired} tasks run{deploying}"), format!("ECS's last event: {event}"))
    }

    fn clean_up(case: &ServiceCase<'_>, planned: &mut PlannedItem) {
        overrides::clean_up(case, planned);
    }

    fn left_behind(
        seen: &Self,
        directives: &Directives,
        ask: &Ask,
        settings: &PlanSettings,
    ) -> Option<PlannedItem> {
        overrides::left_behind(seen, directives, ask, settings)
    }
}

/// What becomes of a service that is stopped, started or scaled by request.
pub(super) fn asked(seen: &Seen, snapshot: &Snapshot, ask: &Ask, settings: &PlanSettings) -> PlannedItem {
    if let Some(item) = seen.out_of_reach(ask) {
        return item.into();
    }
    let recorded = match recorded(seen.tags(), &settings.tags) {
        Ok(recorded) => recorded,
        Err(fault) => return failed(&seen.id, fault).into(),
    };
    let directives = seen.directives(snapshot, ask, settings);
    let cause = Cause {
        at: directives.after_override(ask.at),
        by: By::Request,
        sched: directives.sched_for_requests(&seen.id.cluster, settings),
    };
    let case = Case::new(seen, snapshot, ask, settings, recorded, cause, directives);
    if let Some(item) = case.barred().filter(|_| !names_it(ask)) {
        return item.into();
    }
    let mut planned = match ask.verb {
        Verb::Start => start::planned(&case),
        Verb::Scale(count) => scale::planned(&case, count),
        Verb::Stop | Verb::Reconcile | Verb::ScaleGroup(_) => match &case.directives.tagged.night {
            Err(fault) => failed(&seen.id, fault.clone()).into(),
            Ok(_) => stop::planned(&case),
        },
    };
    planned.item.warnings.extend(case.hold_warning());
    planned
}

/// Somebody names this one service, now: what would keep a fleet's run from it is then a warning.
fn names_it(ask: &Ask) -> bool {
    matches!(ask.target, Target::One(_)) && !ask.scheduled
}

/// It is started where nothing can run it: no instance is registered, and no group of its cluster is `up`.
pub(super) fn without_machines(
    one: &Seen,
    item: &Item,
    seen: &Snapshot,
    up: &BTreeSet<&ClusterName>,
) -> Option<Warning> {
    let cluster = &one.id.cluster;
    let count = item.after.as_ref()?.desired()?;
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

impl ServiceCase<'_> {
    /// Whether a stop waits for a deployment that is in progress.
    fn waits_for_deployments(&self) -> bool {
        if self.ask.verb != Verb::Reconcile {
            return !names_it(self.ask);
        }
        let waited = |since| self.ask.now.duration_since(since) >= self.settings.deploying_wait;
        !self.directives.since().is_some_and(waited)
    }

    fn set_desired(&self, after: u32) -> Step {
        Step::SetDesired { service: self.seen.id.clone(), before: self.seen.service.desired_count, after }
    }
}
