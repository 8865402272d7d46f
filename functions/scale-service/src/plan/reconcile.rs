//! Reconcile: services follow their schedules and overrides, level-triggered.
//!
//! What is due is [`shared::schedule::decide`]'s to say, line by line of the table; in
//! [`super::case`] it becomes steps, with the same stop and start that requests use.

use shared::Code;
use shared::names::ServiceId;
use shared::record::Size;
use shared::report::Warning;
use shared::schedule::{Drift, Due, Half};

use super::case::{Resource as _, reconciled, recorded};
use super::overrides::Pending;
use super::{Plan, PlanSettings, PlannedItem, groups, overrides, services};
use crate::ask::Ask;
use crate::observe::{Seen, SeenGroup, Snapshot};

pub(super) fn plan(seen: &Snapshot, ask: &Ask, settings: &PlanSettings) -> Plan {
    let mut plan = Plan::default();
    let mut pending = Pending::default();
    for unread in &seen.failed {
        pending.note_unread(&unread.what);
        plan.decided(unread.item());
    }
    let of_group = |one| Some((one, reconciled(one, seen, ask, settings)?));
    let groups: Vec<(&SeenGroup, PlannedItem)> = seen.groups.iter().filter_map(of_group).collect();
    let of_service = |one| Some((one, reconciled(one, seen, ask, settings)?));
    let services: Vec<(&Seen, PlannedItem)> = seen.services.iter().filter_map(of_service).collect();
    if let Some(written) = seen.written.as_ref().filter(|written| written.is_of_a_cluster()) {
        let mut item = written.item(None);
        if services.is_empty() && groups.is_empty() {
            let detail =
                "nothing here follows a schedule, so it reaches nothing: tag the services or the cluster";
            item.warnings.push(Warning::new(Code::NoSchedule, detail));
        }
        plan.decided(item);
    }
    let up = groups::up(groups.iter().map(|(one, planned)| (*one, planned)));
    for (one, mut planned) in services {
        let waits = services::without_machines(one, &planned.item, seen, &up);
        planned.item.warnings.extend(waits);
        pending.note(&one.id.cluster, &planned);
        plan.change(planned.item, planned.stages);
    }
    for (one, planned) in groups {
        if let Some(cluster) = &one.id.cluster {
            pending.note(cluster, &planned);
        }
        plan.change(planned.item, planned.stages);
    }
    if seen.written.is_none() {
        overrides::clean_clusters(&mut plan, seen, &pending, ask, settings);
    }
    plan
}

/// The services whose scalable targets matter for what is due.
pub(super) fn need_targets(seen: &Snapshot, ask: &Ask, settings: &PlanSettings) -> Vec<ServiceId> {
    let needy = seen.services.iter().filter(|one| needs_target(one, seen, ask, settings));
    needy.map(|one| one.id.clone()).collect()
}

fn needs_target(seen: &Seen, snapshot: &Snapshot, ask: &Ask, settings: &PlanSettings) -> bool {
    if seen.out_of_reach(ask).is_some() {
        return false;
    }
    let Ok((_, record)) = recorded::<Size>(seen.tags(), &settings.tags) else { return false };
    let directives = seen.directives(snapshot, ask, settings);
    let enforced = directives.tagged.drift.as_ref().is_ok_and(|drift| *drift == Drift::Enforce)
        && directives.tagged.schedule.as_ref().is_ok_and(Option::is_some);
    let nothing = match directives.due(seen, record.as_ref(), ask, settings) {
        Due::Unreadable | Due::Held | Due::Nothing | Due::Waking => true,
        // People may have started what runs its night size by waking its autoscaling alone.
        Due::Withheld { half } => half != Half::StopOnly || seen.service.desired_count == 0,
        _ => false,
    };
    // Its autoscaling may sleep, and nobody would know.
    let unsaid = record.is_some_and(|record| record.size.count.is_none());
    enforced || unsaid || !nothing
}
