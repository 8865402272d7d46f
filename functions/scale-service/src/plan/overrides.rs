//! Overrides: written before anything else is read, and removed once what they caused is recorded.

use std::collections::BTreeSet;
use std::fmt::Display;

use shared::ecs::Tag;
use shared::names::ClusterName;
use shared::record::{whole_millis, whole_seconds};
use shared::report::Outcome;
use shared::schedule::{Override, Want};
use shared::settings::TagKeys;
use shared::{Code, Problem, Refusal};

use super::case::{Case, Resource as _};
use super::directives::Directives;
use super::steps::{CLEAN, OVERRIDE};
use super::{Item, Plan, PlanSettings, PlannedItem, Step};
use crate::ask::Ask;
use crate::effect::{Effect, Written};
use crate::observe::{Seen, Snapshot, UnreadThing};

/// What becomes of the override of a request, by a look at its service or its cluster alone: an incident
/// switch must work at once, however large the cluster is. `None` where there is none to end.
///
/// # Errors
///
/// The service follows no schedule, or can't carry the tag; or one that has not begun would be replaced.
pub fn override_first(
    place: &Snapshot,
    ask: &Ask,
    settings: &PlanSettings,
) -> Result<Option<(Plan, Written)>, Problem> {
    let Some(change) = &ask.change else { return Ok(None) };
    let one = place.services.first();
    let key = &settings.tags.override_;
    let (resource, before) = if let Some(id) = &change.service {
        (id.to_string(), one.and_then(|one| one.service.tags_by_key().remove(key)))
    } else {
        let tags = place.cluster_tags.get(&change.cluster);
        (format!("cluster/{}", change.cluster), tags.and_then(|tags| tags.get(key).cloned()))
    };
    let refused = |Refusal { code, reason }| Err(Problem::new(code, format!("{resource}: {reason}")));
    if let Some(refusal) =
        one.filter(|_| change.set.is_some()).and_then(|one| refusal(one, place, ask, settings))
    {
        return refused(refusal);
    }
    let there = before.as_deref().and_then(|text| text.parse::<Override>().ok());
    let there_yet = there.as_ref().filter(|there| !there.is_over(change.now));
    let ahead = there_yet.filter(|there| there.from() > change.now);
    let written = match (&change.set, &there, ahead) {
        (Some(_), _, Some(ahead)) if !change.replace => {
            let when = format!("begins at {}", whole_seconds(ahead.from()));
            return refused(would_be_lost(ahead.state(), &when));
        }
        // A place for one: that one would end now, and not when this begins.
        (Some(set), Some(live), None)
            if there_yet.is_some() && set.from() > whole_millis(change.now) && !change.replace =>
        {
            let when = format!("is in force until {}", whole_seconds(live.until()));
            return refused(would_be_lost(live.state(), &when));
        }
        (Some(set), _, _) => Written::set(resource, before, set, ask),
        (None, _, Some(ahead)) => {
            let removed = if ask.dry_run { "would be removed" } else { "removed" };
            let said = format!("override {}, which had not begun, {removed}", ahead.state());
            Written { resource, before, after: None, said, acts_now: false }
        }
        (None, Some(there), None) => {
            let after = there.clone().ended(change.now);
            if before.as_ref() == Some(&after.to_string()) {
                return Ok(None);
            }
            let ended = if ask.dry_run { "would end" } else { "ended" };
            let said = format!("override {} {ended}", after.state());
            Written { resource, before, after: Some(after), said, acts_now: true }
        }
        (None, None, None) => return Ok(None),
    };
    let mut plan = Plan::default();
    plan.change(written.item(one), [(OVERRIDE, vec![written.step()])]);
    Ok(Some((plan, written)))
}

/// There is a place for one, and one of the two begins later.
fn would_be_lost(state: Want, when: &str) -> Refusal {
    let reason = format!(
        "it has an override {state} that {when}: send \"replace\": true to put this one in its place, or DELETE \
         it first"
    );
    Refusal { code: Code::OverrideAhead, reason }
}

impl Written {
    fn set(resource: String, before: Option<String>, set: &Override, ask: &Ask) -> Self {
        let ahead = set.from() > whole_millis(ask.now);
        let from = if ahead { format!(" from {}", whole_seconds(set.from())) } else { String::new() };
        let verb = if ask.dry_run { "would be set" } else { "set" };
        let mut said = format!("override {} {verb}{from} until {}", set.state(), whole_seconds(set.until()));
        let hold = set.state() == Want::Hold;
        if hold && !ahead {
            said += "; a run in progress may still finish the ten services that it has begun";
        }
        Self { resource, before, after: Some(set.clone()), said, acts_now: !ahead && !hold }
    }

    fn step(&self) -> Step {
        let Self { resource, before, after, .. } = self;
        let (resource, before) = (resource.clone(), before.clone());
        match after {
            Some(after) => Step::WriteOverride { resource, before, after: after.clone() },
            None => Step::DropOverride { resource, before: before.unwrap_or_default() },
        }
    }

    /// The item of the service or the cluster whose override it is.
    pub(super) fn item(&self, one: Option<&Seen>) -> Item {
        let mut item = Item::new(&self.resource, Outcome::Changed, None, &self.said);
        item.before = one.map(Seen::shown);
        let shown = item.before.clone().unwrap_or_default();
        item.after = Some(Effect { override_: Some(self.in_short()), ..shown });
        item
    }

    /// What it causes was not begun.
    pub(crate) fn alone(&self, problem: &Problem) -> Item {
        let mut item = self.item(None);
        item.reason = format!(
            "{}; what it causes was not begun, and the next tick of reconcile does it: {}",
            self.said, problem.detail
        );
        (item.outcome, item.code) = (Outcome::NotAttempted, Some(problem.code));
        item
    }

    /// Says it on the item of its service, before whatever became of that.
    pub(crate) fn comes_first(&self, items: &mut [Item]) {
        let own = |item: &&mut Item| !self.is_of_a_cluster() && item.resource == self.resource;
        for item in items.iter_mut().filter(own) {
            item.reason = format!("{}; {}", self.said, item.reason);
            item.after.get_or_insert_default().override_ = Some(self.in_short());
            if item.outcome == Outcome::Unchanged {
                (item.outcome, item.code) = (Outcome::Changed, None);
            }
        }
    }

    fn in_short(&self) -> String {
        self.said.split(';').next().unwrap_or_default().to_owned()
    }

    pub(super) fn is_of_a_cluster(&self) -> bool {
        self.resource.starts_with("cluster/")
    }

    pub(super) fn is_of(&self, resource: &impl Display) -> bool {
        self.resource == resource.to_string()
    }

    /// Puts it into a snapshot that was read before it was written. What somebody has put in its place since
    /// then stays.
    pub(super) fn put_into(&self, seen: &mut Snapshot, keys: &TagKeys) {
        let text = self.after.as_ref().map(ToString::to_string);
        let key = &keys.override_;
        if let Some(cluster) = self.resource.strip_prefix("cluster/") {
            for (_, tags) in seen.cluster_tags.iter_mut().filter(|(name, _)| name.as_str() == cluster) {
                if tags.get(key) == self.before.as_ref() {
                    tags.remove(key);
                    tags.extend(text.clone().map(|text| (key.clone(), text)));
                }
            }
            return;
        }
        for one in seen.services.iter_mut().filter(|one| self.is_of(&one.id)) {
            let tags = &mut one.service.tags;
            if tags.iter().find(|tag| tag.key == *key).map(|tag| &tag.value) == self.before.as_ref() {
                tags.retain(|tag| tag.key != *key);
                tags.extend(text.clone().map(|value| Tag { key: key.clone(), value }));
            }
        }
    }
}

/// The world with a request's override in it, as the rest of the run plans it.
pub fn with_override(seen: &mut Snapshot, written: Option<Written>, settings: &PlanSettings) {
    if let Some(written) = written {
        written.put_into(seen, &settings.tags);
        seen.written = Some(written);
    }
}

/// Why an override can't be set on a service. It is ended by a reconcile, and that looks only at
/// what has a schedule.
fn refusal(one: &Seen, place: &Snapshot, ask: &Ask, settings: &PlanSettings) -> Option<Refusal> {
    let keys = &settings.tags;
    if let Some(Item { code: Some(code), reason, .. }) = one.out_of_reach(ask) {
        return Some(Refusal { code, reason });
    }
    if let Ok(None) = one.directives(place, ask, settings).tagged.schedule {
        let reason =
            format!("it follows no schedule: tag it {}, or stop and start it by request", keys.schedule);
        return Some(Refusal { code: Code::NoSchedule, reason });
    }
    one.untaggable(&keys.override_)
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
        let codes = [
            Code::Deploying,
            Code::Held,
            Code::StopOnly,
            Code::StartOnly,
            Code::WaitingForTasks,
            Code::Waking,
        ];
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
