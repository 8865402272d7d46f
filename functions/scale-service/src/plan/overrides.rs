//! Overrides: written before what they cause, and removed once that is recorded.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::json;
use shared::names::ClusterName;
use shared::record::whole_seconds;
use shared::report::{Item, Outcome};
use shared::schedule::Override;
use shared::{Code, Plan, Refusal};

use super::standing::Standing;
use super::{CLEAN, Case, Decision, OVERRIDE, Rules, Step};
use crate::ask::Ask;
use crate::observe::{GROUPS, Seen, Snapshot};

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
        item.after = Some(json!({ "override": self.said() }));
        item
    }

    /// Puts it before whatever else is done to the service.
    pub(super) fn comes_first(&self, decision: &mut Decision) {
        let item = &mut decision.item;
        if item.outcome == Outcome::Failed {
            return;
        }
        item.reason = format!("{}; {}", self.said(), item.reason);
        if let Some(after) = item.after.get_or_insert_with(|| json!({})).as_object_mut() {
            after.insert("override".into(), self.said().into());
        }
        if item.outcome == Outcome::Unchanged {
            item.outcome = Outcome::Changed;
            item.code = None;
        }
        decision.stages.push((OVERRIDE, vec![self.step()]));
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
    rules: &Rules,
) -> (Cow<'s, Snapshot>, Option<Written>) {
    let Some(change) = &ask.change else { return (Cow::Borrowed(seen), None) };
    let key = &rules.tags.override_;
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
pub(super) fn refused(one: &Seen, seen: &Snapshot, ask: &Ask, rules: &Rules) -> Option<Decision> {
    let change = ask.change.as_ref()?;
    change.service.as_ref()?;
    change.set.as_ref()?;
    let keys = &rules.tags;
    let Refusal { code, reason } = if let Ok(None) = Standing::of(one, seen, ask, rules).tagged.schedule {
        let reason =
            format!("it follows no schedule: tag it {}, or stop and start it by request", keys.schedule);
        Refusal { code: Code::NoSchedule, reason }
    } else {
        one.service.untaggable(&keys.override_)?
    };
    Some(Item::new(&one.id, Outcome::Failed, Some(code), reason).into())
}

/// A service's override that is over goes once what it caused is recorded.
pub(super) fn clean_up(case: &Case<'_>, decision: &mut Decision) {
    if decision.stages.is_empty() {
        decision.stages.extend(cleaning(case.seen, &case.standing, case.ask, case.rules));
    }
}

/// The same for a service that follows nothing any more: a schedule that it is given later would take
/// that end for a transition.
pub(super) fn left_behind(seen: &Seen, standing: &Standing, ask: &Ask, rules: &Rules) -> Option<Decision> {
    let stage = cleaning(seen, standing, ask, rules)?;
    Some(Decision { item: removed(&seen.id), stages: vec![stage] })
}

fn removed(resource: &impl ToString) -> Item {
    let mut item = Item::new(resource, Outcome::Changed, None, "its override is over, and removed");
    item.after = Some(json!({ "override": "override removed, as it is over" }));
    item
}

fn cleaning(seen: &Seen, standing: &Standing, ask: &Ask, rules: &Rules) -> Option<(usize, Vec<Step>)> {
    let own = standing.tagged.own.as_ref().ok()?.as_ref()?;
    let before = seen.service.tags_by_key().remove(&rules.tags.override_).filter(|_| own.is_over(ask.now))?;
    Some((CLEAN, vec![Step::DropOverride { resource: seen.id.to_string(), before }]))
}

/// The clusters in which something is left to do, or might be: what could not be read, failed,
/// waits for a deployment or for tasks, is held, or is left to people to start.
#[derive(Default)]
pub(super) struct Pending {
    clusters: BTreeSet<String>,
    /// The groups could not be read: any cluster's may be left.
    all: bool,
}

impl Pending {
    pub(super) fn note(&mut self, cluster: &ClusterName, decision: &Decision) {
        let Decision { item, stages } = decision;
        let codes = [Code::Deploying, Code::Held, Code::StopOnly, Code::WaitingForTasks];
        let waits = item.code.is_some_and(|code| codes.contains(&code));
        // That a service's own override goes keeps nothing waiting.
        let changes = stages.iter().any(|(stage, _)| *stage != CLEAN);
        if changes || waits || item.outcome == Outcome::Failed {
            self.clusters.insert(cluster.to_string());
        }
    }

    /// Notes what could not be read at all.
    pub(super) fn note_unread(&mut self, item: &Item) {
        self.all |= item.resource == GROUPS;
        self.clusters.extend(item.resource.split('/').nth(1).map(str::to_owned));
    }
}

/// Clusters' overrides that are over go once no service has anything left to do for them: only a
/// run that has looked at the whole cluster can know that.
pub(super) fn clean_clusters(
    plan: &mut Plan<Step>,
    seen: &Snapshot,
    pending: &Pending,
    ask: &Ask,
    rules: &Rules,
) {
    if pending.all || !ask.is_of_whole_clusters() {
        return;
    }
    for (cluster, tags) in &seen.cluster_tags {
        if pending.clusters.contains(cluster.as_str()) {
            continue;
        }
        let Some(text) = tags.get(&rules.tags.override_) else { continue };
        if text.parse::<Override>().is_ok_and(|it| it.is_over(ask.now)) {
            let resource = format!("cluster/{cluster}");
            plan.change(
                removed(&resource),
                [(CLEAN, vec![Step::DropOverride { resource, before: text.clone() }])],
            );
        }
    }
}
