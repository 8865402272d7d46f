//! What stands on a service and its cluster, as the verbs' rules look at it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::Code;
use shared::names::ClusterName;
use shared::schedule::{TagFault, Tagged, Want, Wanted, wanted};

use super::{Case, Rules};
use crate::ask::Ask;
use crate::observe::{Seen, Snapshot};

type Tags = BTreeMap<String, String>;

/// The tags of a service and of its cluster, read, and what follows from them now.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) tagged: Tagged,
    pub(super) wanted: Result<Option<Wanted>, TagFault>,
}

impl Standing {
    pub(super) fn of(seen: &Seen, snapshot: &Snapshot, ask: &Ask, rules: &Rules) -> Self {
        let cluster = snapshot.cluster_tags.get(&seen.id.cluster);
        Self::read(&seen.service.tags_by_key(), cluster, ask, rules)
    }

    /// From a thing's own tags, and its cluster's where they are known.
    pub(super) fn read(own: &Tags, cluster: Option<&Tags>, ask: &Ask, rules: &Rules) -> Self {
        let tagged = rules.scheduling.reading(&rules.tags).read(own, cluster);
        let wanted = tagged.wanted(ask.now, &rules.scheduling.calendar);
        Self { tagged, wanted }
    }

    /// The first thing that can't be read.
    pub(super) fn fault(&self) -> TagFault {
        let Self { tagged, wanted } = self;
        let faults = [wanted.as_ref().err(), tagged.drift.as_ref().err(), tagged.half.as_ref().err()];
        faults.into_iter().flatten().next().cloned().unwrap_or_else(|| TagFault {
            code: Code::ScheduleUnreadable,
            reason: "its tags can't be read".into(),
        })
    }

    /// What is wanted, if that can be read and anything is.
    fn readable(&self) -> Option<&Wanted> {
        self.wanted.as_ref().ok()?.as_ref()
    }

    /// The hash of the schedule in force, for a record that a request writes: empty where schedules
    /// do not act.
    pub(super) fn sched_for_requests(&self, cluster: &ClusterName, rules: &Rules) -> Option<String> {
        rules.acts_in.matches(cluster.as_str()).then(|| self.tagged.sched()).flatten()
    }

    /// Why nothing is changed here, if a hold is live: also where the schedule can't be read.
    pub(super) fn hold(&self, ask: &Ask, rules: &Rules) -> Option<String> {
        let Tagged { own, clusters, .. } = &self.tagged;
        let (own, clusters) = (own.as_ref().ok()?.as_ref(), clusters.as_ref().ok()?.as_ref());
        let overrides = shared::schedule::Standing { own, clusters, schedule: None };
        let wanted = wanted(&overrides, ask.now, &rules.scheduling.calendar)?;
        (wanted.state == Want::Hold).then_some(wanted.why)
    }

    /// An override that can't be read might be a hold.
    pub(super) fn unreadable_override(&self) -> Option<&TagFault> {
        let Tagged { own, clusters, .. } = &self.tagged;
        own.as_ref().err().or(clusters.as_ref().err())
    }

    /// The instant since which things are wanted as they are.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.readable()?.since.as_ref().map(|since| since.at)
    }

    /// Why it should be off now, where schedules act and say so.
    pub(super) fn wants_off_now(&self, case: &Case<'_>) -> Option<String> {
        let acts = case.rules.acts_in.matches(case.id.cluster.as_str());
        let wanted = self.readable().filter(|wanted| acts && wanted.state == Want::Off);
        wanted.map(|wanted| wanted.why.clone())
    }
}
