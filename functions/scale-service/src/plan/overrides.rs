//! Overrides: written before what they cause, and removed once that is recorded.

use std::borrow::Cow;
use std::collections::BTreeSet;

use shared::names::ClusterName;
use shared::record::whole_seconds;
use shared::report::Outcome;
use shared::schedule::Override;
use shared::{Code, Refusal};

use super::case::{Case, Resource as _};
use super::directives::Directives;
use super::steps::{CLEAN, OVERRIDE};
use super::{Item, Plan, PlanSettings, PlannedItem, Step};
use crate::ask::Ask;
use crate::effect::Effect;
use crate::observe::{Seen, Snapshot, UnreadThing};

/// An override that a request sets or ends.
pub(super) struct Written {
    resource: String,
    before: Option<String>,
    after: Override,
    /// It is ended, not set.
    ends: bool,
}

impl Written {
    pub(super) fn step(&self) -> Step {
        let Self { resource, before, after, .. } = self;
        Step::WriteOverride { resource: resource.clone(), before: before.clone(), after: after.clone() }
    }

    /// The item of a cluster whose override it is.
    pub(super) fn item(&self) -> Item {
        let mut item = Item::new(&self.resource, Outcome::Changed, None, self.said());
        item.after = Some(said(self.said()));
        item
    }

    /// Puts it before whatever else is done to the service.
    pub(super) fn comes_first(&self, planned: &mut PlannedItem) {
        let item = &mut planned.item;
        if item.outcome == Outcome::Failed {
            return;
        }
        item.reason = format!("{}; {}", self.said(), item.reason);
        item.after.get_or_insert_default().override_ = Some(self.said());
        if item.outcome == Outcome::Unchanged {
            item.outcome = Outcome::Changed;
            item.code = None;
        }
        planned.stages.push((OVERRIDE, vec![self.step()]));
    }

    fn said(&self) -> String {
        let state = self.after.state();
        if self.ends {
            format!("override {state} ended")
        } else {
            format!("override {state} set until {}", whole_seconds(self.after.until()))
        }
    }
}

/// The world with the override already in it, and what is written to make it so.
pub(super) fn applied<'s>(
    seen: &'s Snapshot,
    ask: &Ask,
    settings: &PlanSettings,
) -> (Cow<'s, Snapshot>, Option<Written>) {
    let Some(change) = &ask.change else { return (Cow::Borrowed(seen), None) };
    let key = &settings.tags.override_;
    let mut applied = seen.clone();
    let (resource, before) = if let Some(id) = &change.service {
        let one = seen.services.iter().find(|one| one.id == *id);
        (id.to_string(), one.and_then(|one| one.service.tags_by_key().remove(key)))
    } else {
        let tags = seen.cluster_tags.get(&change.cluster);
        (format!("cluster/{}", change.cluster), tags.and_then(|tags| tags.get(key).cloned()))
    };
    let Some(after) = change.after(before.as_deref()) else { return (Cow::Borrowed(seen), None) };
    let text = after.to_string();
    if before.as_ref() == Some(&text) {
        return (Cow::Borrowed(seen), None);
    }
    if let Some(id) = &change.service {
        for one in applied.services.iter_mut().filter(|one| one.id == *id) {
            one.service.tags.retain(|tag| tag.key != *key);
            one.service.tags.push(shared::ecs::Tag { key: key.clone(), value: text.clone() });
        }
    } else {
        applied.cluster_tags.entry(change.cluster.clone()).or_default().insert(key.clone(), text);
    }
    let ends = change.set.is_none();
    (Cow::Owned(applied), Some(Written { resource, before, after, ends }))
}

/// Why an override can't be set on a service. It is ended by a reconcile, and that looks only at
/// what has a schedule.
pub(super) fn refused(
    one: &Seen,
    seen: &Snapshot,
    ask: &Ask,
    settings: &PlanSettings,
) -> Option<PlannedItem> {
    let change = ask.change.as_ref()?;
    change.service.as_ref()?;
    change.set.as_ref()?;
    let keys = &settings.tags;
    let Refusal { code, reason } = if let Ok(None) = one.directives(seen, ask, settings).tagged.schedule {
        let reason =
            format!("it follows no schedule: tag it {}, or stop and start it by request", keys.schedule);
        Refusal { code: Code::NoSchedule, reason }
    } else {
        one.service.untaggable(&keys.override_)?
    };
    Some(Item::new(&one.id, Outcome::Failed, Some(code), reason).into())
}

/// A service's override that is over goes once what it caused is recorded.
pub(super) fn clean_up(case: &Case<'_, Seen>, planned: &mut PlannedItem) {
    if planned.stages.is_empty() {
        planned.stages.extend(cleaning(case.seen, &case.directives, case.ask, case.settings));
    }
}

/// The same for a service that follows nothing any more: a schedule that it is given later would take
/// that end for a transition.
pub(super) fn left_behind(
    seen: &Seen,
    directives: &Directives,
    ask: &Ask,
    settings: &PlanSettings,
) -> Option<PlannedItem> {
    let stage = cleaning(seen, directives, ask, settings)?;
    Some(PlannedItem { item: removed(&seen.id), stages: vec![stage] })
}

fn said(text: String) -> Effect {
    Effect { override_: Some(text), ..Effect::default() }
}

fn removed(resource: &impl ToString) -> Item {
    let mut item = Item::new(resource, Outcome::Changed, None, "its override is over, and removed");
    item.after = Some(said("override removed, as it is over".into()));
    item
}

fn cleaning(
    seen: &Seen,
    directives: &Directives,
    ask: &Ask,
    settings: &PlanSettings,
) -> Option<(usize, Vec<Step>)> {
    let own = directives.tagged.own.as_ref().ok()?.as_ref()?;
    let before =
        seen.service.tags_by_key().remove(&settings.tags.override_).filter(|_| own.is_over(ask.now))?;
    Some((CLEAN, vec![Step::DropOverride { resource: seen.id.to_string(), before }]))
}

/// The clusters in which something is left to do, or might be: what could not be read, failed,
/// waits for a deployment or for tasks, is held, or is left to people to start.
#[derive(Default)]
pub(super) struct Pending {
    clusters: BTreeSet<ClusterName>,
    /// The groups could not be read: any cluster's may be left.
    all: bool,
}

impl Pending {
    pub(super) fn note(&mut self, cluster: &ClusterName, planned: &PlannedItem) {
        let PlannedItem { item, stages } = planned;
        let codes = [Code::Deploying, Code::Held, Code::StopOnly, Code::WaitingForTasks, Code::Waking];
        let waits = item.code.is_some_and(|code| codes.contains(&code));
        // That a service's own override goes keeps nothing waiting.
        let changes = stages.iter().any(|(stage, _)| *stage != CLEAN);
        if changes || waits || item.outcome == Outcome::Failed {
            self.clusters.insert(cluster.clone());
        }
    }

    /// Notes what could not be read at all.
    pub(super) fn note_unread(&mut self, what: &UnreadThing) {
        match what {
            UnreadThing::Groups => self.all = true,
            UnreadThing::Cluster(cluster) | UnreadThing::Service { cluster, .. } => {
                self.clusters.insert(cluster.clone());
            }
            UnreadThing::Group(_) => {}
        }
    }
}

/// Clusters' overrides that are over go once no service has anything left to do for them: only a
/// run that has looked at the whole cluster can know that.
pub(super) fn clean_clusters(
    plan: &mut Plan,
    seen: &Snapshot,
    pending: &Pending,
    ask: &Ask,
    settings: &PlanSettings,
) {
    if pending.all || !ask.is_of_whole_clusters() {
        return;
    }
    for cluster in seen.cluster_tags.keys().filter(|cluster| !pending.clusters.contains(*cluster)) {
        if let Some(PlannedItem { item, stages }) = cleaned(cluster, seen, ask, settings) {
            plan.change(item, stages);
        }
    }
}

/// A cluster's override goes, if it is over.
pub(super) fn cleaned(
    cluster: &ClusterName,
    seen: &Snapshot,
    ask: &Ask,
    settings: &PlanSettings,
) -> Option<PlannedItem> {
    let before = seen.cluster_tags.get(cluster)?.get(&settings.tags.override_)?.clone();
    let is_over = before.parse::<Override>().is_ok_and(|it| it.is_over(ask.now));
    let resource = format!("cluster/{cluster}");
    is_over.then(|| PlannedItem {
        item: removed(&resource),
        stages: vec![(CLEAN, vec![Step::DropOverride { resource, before }])],
    })
}
