//! A fresh look before each batch: what no longer holds is taken away.
//!
//! Minutes lie between a large run's look and its last change. So each batch is planned again from what is
//! there by then. A job whose steps are the same goes on; any other is taken away, and nothing is added.

use shared::names::{ClusterName, ServiceId};
use shared::perform::{Narrowed, Taken};
use shared::plan::Job;
use shared::record::{Record, Saved};
use shared::report::Outcome;
use shared::{Code, Problem};

use super::case::reconciled;
use super::steps::Thing;
use super::{Item, PlanSettings, PlannedItem, Step, groups, overrides, services};
use crate::ask::{Ask, Verb};
use crate::observe::{Fresh, Snapshot};

/// The jobs of a stage that still hold.
#[must_use]
pub fn narrow(
    stage: usize,
    jobs: Vec<Job<Step>>,
    before: &Snapshot,
    fresh: &Fresh,
    ask: &Ask,
    settings: &PlanSettings,
) -> Narrowed<Step> {
    let look = Look { stage, before, seen: &fresh.seen, fresh, ask, settings };
    let mut narrowed = Narrowed { jobs: Vec::new(), taken: Vec::new() };
    for job in jobs {
        match look.taken(&job) {
            None => narrowed.jobs.push(job),
            Some(taken) => narrowed.taken.extend(job.covers.iter().map(|id| (*id, taken.clone()))),
        }
    }
    narrowed
}

struct Look<'a> {
    stage: usize,
    /// What the plan was made from.
    before: &'a Snapshot,
    seen: &'a Snapshot,
    fresh: &'a Fresh,
    ask: &'a Ask,
    settings: &'a PlanSettings,
}

impl Look<'_> {
    /// Why a job does not go on, if it does not.
    fn taken(&self, job: &Job<Step>) -> Option<Taken> {
        let thing = job.steps.first().and_then(Step::thing)?;
        let unread = match thing {
            Thing::Service(_) | Thing::Cluster(_) => &self.fresh.services,
            Thing::Group(_) => &self.fresh.groups,
        };
        if let Err(Problem { code, detail, .. }) = unread {
            let detail = format!("it could not be looked at again before it was changed: {detail}");
            return Some(Problem::new(*code, detail).into());
        }
        // It may begin after the instant for which this run plans.
        if self.overrides(&thing, self.seen) != self.overrides(&thing, self.before) {
            return Some(self.changed(job, "an override was set or ended", None));
        }
        let Some(planned) = self.planned(&thing) else {
            return Some(self.changed(job, "it is gone, or follows no schedule any more", None));
        };
        let again = planned.stages.iter().find(|(stage, _)| *stage == self.stage);
        if again.is_some_and(|(_, steps)| *steps == job.steps) {
            return None;
        }
        Some(self.otherwise(job, &planned.item))
    }

    /// The overrides that reach it: its own and its cluster's.
    fn overrides<'s>(&self, thing: &Thing<'_>, seen: &'s Snapshot) -> [Option<&'s str>; 2] {
        let key = &self.settings.tags.override_;
        let of_cluster = |cluster: &ClusterName| seen.cluster_tags.get(cluster)?.get(key).map(String::as_str);
        let own = |id: &ServiceId| {
            let service = &seen.services.iter().find(|one| one.id == *id)?.service;
            service.tags.iter().find(|tag| tag.key == *key).map(|tag| tag.value.as_str())
        };
        match thing {
            Thing::Service(id) => [own(id), of_cluster(&id.cluster)],
            Thing::Group(id) => [None, id.cluster.as_ref().and_then(of_cluster)],
            Thing::Cluster(cluster) => [None, of_cluster(cluster)],
        }
    }

    /// What is planned for it now.
    fn planned(&self, thing: &Thing<'_>) -> Option<PlannedItem> {
        let Self { seen, ask, settings, .. } = *self;
        match thing {
            Thing::Service(id) => {
                let one = seen.services.iter().find(|one| one.id == *id)?;
                if ask.verb == Verb::Reconcile {
                    reconciled(one, seen, ask, settings)
                } else {
                    Some(services::asked(one, seen, ask, settings))
                }
            }
            Thing::Group(id) => {
                let one = seen.groups.iter().find(|one| one.id == **id)?;
                match ask.verb {
                    Verb::Reconcile => reconciled(one, seen, ask, settings),
                    Verb::ScaleGroup(sizes) => Some(groups::scaled(one, seen, ask, settings, sizes)),
                    _ => Some(groups::asked(one, seen, ask, settings)),
                }
            }
            Thing::Cluster(cluster) => overrides::cleaned(cluster, seen, ask, settings),
        }
    }

    fn otherwise(&self, job: &Job<Step>, item: &Item) -> Taken {
        // Its own reason to wait, or to fail, is the better one.
        let own = item.outcome == Outcome::Failed || item.code == Some(Code::WaitingForTasks);
        match item.code.filter(|_| own) {
            Some(code) => Taken { outcome: item.outcome, code, reason: item.reason.clone() },
            None => self.changed(job, &item.reason, Some(item)),
        }
    }

    /// It is another by now. The next reconcile decides anew; who asked by request may ask again.
    fn changed(&self, job: &Job<Step>, now: &str, item: Option<&Item>) -> Taken {
        let unchanged = |reason| Taken { outcome: Outcome::Unchanged, code: Code::ChangedMeanwhile, reason };
        let done =
            item.is_some_and(|item| item.outcome == Outcome::Unchanged && item.code != Some(Code::Held));
        if done || self.is_a_twins(job) {
            return unchanged(format!("another run did the same meanwhile: {now}"));
        }
        if self.ask.verb == Verb::Reconcile {
            return unchanged(format!("it changed since this run looked at it, and the next decides: {now}"));
        }
        let reason = format!("somebody else changed it since this run looked at it; try again: {now}");
        Taken { outcome: Outcome::Failed, code: Code::Raced, reason }
    }

    /// Events come twice: its record says already what this job would write, for the same instant.
    fn is_a_twins(&self, job: &Job<Step>) -> bool {
        let key = &self.settings.tags.record;
        let Some(last) = job.steps.last() else { return false };
        match last {
            Step::WriteRecord { service, record, .. } => {
                let there = self.seen.services.iter().find(|one| one.id == *service);
                is_same(record, there.and_then(|one| one.service.tags_by_key().remove(key)))
            }
            Step::WriteGroupRecord { group, record, .. } => {
                let there = self.seen.groups.iter().find(|one| one.id == *group);
                is_same(record, there.and_then(|one| one.group.tags_by_key().remove(key)))
            }
            _ => false,
        }
    }
}

fn is_same<S: Saved>(record: &Record<S>, there: Option<String>) -> bool {
    let there = there.and_then(|text| text.parse::<Record<S>>().ok());
    there.is_some_and(|there| there.at == record.at && there.state.is_on() == record.state.is_on())
}
