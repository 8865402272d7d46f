//! What people are told of a scheduled reconcile: what goes off soon, which overrides end soon, what is late, and what
//! will not come back. Each of it is told at one tick, and not at every one that finds it so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::Code;
use shared::events::{AtRisk, BusEvent, GoingOffSoon, LateToWake, OverrideEndsSoon, Told, first, is_reached};
use shared::problem::Action;
use shared::record::{Record, State};
use shared::report::Outcome;
use shared::schedule::{Half, Moment, Override, Want, Wanted, Zone};

use super::case::Resource as _;
use super::directives::Directives;
use super::{Item, PlanSettings};
use crate::ask::{Ask, Verb};
use crate::observe::{Seen, Snapshot};

/// How much longer a request that is offered keeps something.
const LONGER: SignedDuration = SignedDuration::from_hours(2);

/// What there is to tell of a scheduled reconcile that acts; nothing of any other run.
pub(crate) fn events(
    seen: &Snapshot,
    items: &[Item],
    ask: &Ask,
    settings: &PlanSettings,
    notify_before: Option<SignedDuration>,
) -> Vec<BusEvent> {
    if ask.verb != Verb::Reconcile || !ask.scheduled || ask.dry_run || ask.change.is_some() {
        return Vec::new();
    }
    let ahead = notify_before.into_iter().flat_map(|before| ahead(seen, ask, settings, before));
    ahead.chain(late(seen, items, ask, settings)).chain(at_risk(seen, items, settings)).collect()
}

/// What goes off so long after this tick, a cluster and instant at a time; and what overrides end then.
fn ahead(seen: &Snapshot, ask: &Ask, settings: &PlanSettings, before: SignedDuration) -> Vec<BusEvent> {
    let mut off: BTreeMap<(String, Timestamp), (Moment, Vec<String>)> = BTreeMap::new();
    let mut ends: BTreeMap<String, Override> = BTreeMap::new();
    for one in &seen.services {
        let directives = one.directives(seen, ask, settings);
        ends.extend(ending_then(one, &directives, ask, before));
        if let Some(at) = off_then(one, &directives, ask, settings, before) {
            let entry = off.entry((one.id.cluster.to_string(), at.at)).or_insert_with(|| (at, Vec::new()));
            entry.1.push(one.id.service.to_string());
        }
    }
    let off = off.into_iter().map(|((cluster, _), (at, services))| going_off(cluster, at, services));
    off.chain(ends.into_iter().map(|(resource, override_)| ending(resource, override_))).collect()
}

/// The overrides of a service and of its cluster that end so long after this tick.
fn ending_then(
    one: &Seen,
    directives: &Directives,
    ask: &Ask,
    before: SignedDuration,
) -> Vec<(String, Override)> {
    // One that is shorter is told as it begins.
    let ends_then = |it: &&Override| {
        let told = it.until().checked_sub(before).map(|told| told.max(it.from()));
        it.is_live(ask.at) && told.is_ok_and(|told| is_reached(told, ask.at))
    };
    let (cluster, tagged) = (&one.id.cluster, &directives.tagged);
    let service = format!("service/{cluster}/{}", one.id.service);
    let found = [(service, &tagged.own), (format!("cluster/{cluster}"), &tagged.clusters)];
    let live = found.into_iter().filter_map(|(resource, found)| {
        let found = found.as_ref().ok()?.as_ref().filter(ends_then)?;
        Some((resource, found.clone()))
    });
    live.collect()
}

/// When a service that is up goes off, if that is so long after this tick.
fn off_then(
    one: &Seen,
    directives: &Directives,
    ask: &Ask,
    settings: &PlanSettings,
    before: SignedDuration,
) -> Option<Moment> {
    let tagged = &directives.tagged;
    let is_up = i64::from(one.service.desired_count) > i64::from(directives.night());
    let stops = tagged.half.as_ref().is_ok_and(|half| *half != Half::StartOnly);
    if !is_up || !stops || one.out_of_reach(ask).is_some() {
        return None;
    }
    let Some(Wanted { state: Want::On, until, .. }) = directives.readable() else { return None };
    // The schedule's next transition, the end of an override, and the start of one that has not begun.
    let begins = [&tagged.own, &tagged.clusters].into_iter().filter_map(|it| it.as_ref().ok()?.as_ref());
    let begins = begins.map(Override::from).filter(|from| *from > ask.at);
    let is_then = |at: &Timestamp| at.checked_sub(before).is_ok_and(|told| is_reached(told, ask.at));
    let at = until.as_ref().map(|until| until.at).into_iter().chain(begins).filter(is_then).min()?;
    let then = tagged.wanted(at, &settings.scheduling.calendar).ok()??;
    let zone = until.as_ref().map_or(Zone::UTC, |until| until.zone.clone());
    (then.state == Want::Off).then(|| zone.moment(at))
}

fn going_off(cluster: String, at: Moment, services: Vec<String>) -> BusEvent {
    let until = at.at.saturating_add(LONGER).unwrap_or(at.at);
    let body = json!({"state": "on", "until": until, "reason": "kept on"});
    let (services, count) = first(services);
    // A cluster's override would start those too that are to stay off.
    let keep = |service: &String| {
        let path = format!("/v1/clusters/{cluster}/services/{service}/override");
        Action { method: "PUT", path, body: body.clone() }
    };
    let keep_on = services.iter().map(keep).collect();
    BusEvent::GoingOffSoon(GoingOffSoon { cluster, at, services, count, keep_on })
}

fn ending(resource: String, override_: Override) -> BusEvent {
    let place = match resource.split('/').collect::<Vec<_>>().as_slice() {
        [_, cluster, service] => format!("/v1/clusters/{cluster}/services/{service}"),
        [_, cluster] => format!("/v1/clusters/{cluster}"),
        _ => String::new(),
    };
    let until = override_.until().saturating_add(LONGER).unwrap_or(override_.until());
    let body = json!({"state": override_.state(), "until": until, "reason": override_.reason()});
    let extend = Action { method: "PUT", path: format!("{place}/override"), body };
    BusEvent::OverrideEndsSoon(OverrideEndsSoon { resource, override_, extend })
}

/// What has been starting for so long since the tick before.
fn late(seen: &Snapshot, items: &[Item], ask: &Ask, settings: &PlanSettings) -> Option<BusEvent> {
    let begun = |one: &Seen| -> Option<Timestamp> {
        let record: Record = one.tags().get(&settings.tags.record)?.parse().ok()?;
        (record.state == State::Starting).then_some(record.at)
    };
    let is_news = |one: &&Seen| {
        let late_from = begun(one).and_then(|at| at.checked_add(settings.late_after).ok());
        late_from.is_some_and(|from| is_reached(from, ask.at))
    };
    let told = |one: &Seen| {
        let item = items.iter().find(|item| item.resource == one.id.to_string())?;
        let warning = item.warnings.iter().find(|warning| warning.code == Code::LateToWake)?;
        Some(Told { resource: item.resource.clone(), code: warning.code, reason: warning.detail.clone() })
    };
    let (services, count) = first(seen.services.iter().filter(is_news).filter_map(told).collect());
    (count > 0).then_some(BusEvent::LateToWake(LateToWake { services, count }))
}

/// What has lost its record, and with it its size: the tick that finds it so gives it another one.
fn at_risk(seen: &Snapshot, items: &[Item], settings: &PlanSettings) -> Option<BusEvent> {
    let without = |one: &&Seen| !one.tags().contains_key(&settings.tags.record);
    let without: BTreeSet<String> =
        seen.services.iter().filter(without).map(|one| one.id.to_string()).collect();
    let lost = items.iter().filter(|it| it.outcome == Outcome::Failed && it.code == Some(Code::NoSavedSize));
    let lost = lost.filter(|item| without.contains(&item.resource));
    let told = lost.map(|item| Told {
        resource: item.resource.clone(),
        code: Code::NoSavedSize,
        reason: item.reason.clone(),
    });
    let (services, count) = first(told.collect());
    (count > 0).then_some(BusEvent::AtRisk(AtRisk { services, count }))
}
