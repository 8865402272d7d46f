//! Overrides of the year: where they stand, whom they reach, and when their tags go.

use serde_json::{Value, json};

use crate::SystemUnderTest;
use crate::fleet::OVERRIDE;
use crate::machines::Machines;
use crate::model::{Expected, Lease, SETTLED, Want};
use crate::year::Year;

/// What an override stands on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OverridePlace {
    Service(usize),
    Cluster(usize),
}

impl OverridePlace {
    /// Whether an override that stands here reaches a group.
    fn has(self, it: &Machines) -> bool {
        matches!(self, Self::Cluster(n) if it.cluster == n)
    }
}

impl<S: SystemUnderTest> Year<S> {
    /// The services that an override reaches.
    pub(crate) fn reached(&self, place: OverridePlace) -> Vec<usize> {
        match place {
            OverridePlace::Service(n) => vec![n],
            OverridePlace::Cluster(index) => (0..self.fleet.services.len())
                .filter(|n| self.fleet.services.get(*n).is_some_and(|one| one.cluster == index))
                .collect(),
        }
    }

    pub(crate) fn leased(&self, place: OverridePlace) -> Option<Lease> {
        match place {
            OverridePlace::Service(n) => self.fleet.services.get(n)?.lease,
            OverridePlace::Cluster(n) => self.fleet.clusters.get(n)?.lease,
        }
    }

    pub(crate) fn set_lease(&mut self, place: OverridePlace, lease: Option<Lease>) {
        if let Some(lease) = lease {
            let reached = self.reached(place);
            self.seen_to(&self.nights.disturbed(&reached, lease));
        }
        match place {
            OverridePlace::Service(n) => {
                if let Some(service) = self.fleet.services.get_mut(n) {
                    service.lease = lease;
                }
            }
            OverridePlace::Cluster(n) => {
                if let Some(cluster) = self.fleet.clusters.get_mut(n) {
                    cluster.lease = lease;
                }
            }
        }
    }

    pub(crate) fn override_path(&self, place: OverridePlace) -> String {
        match place {
            OverridePlace::Service(n) => {
                let (cluster, service) = self.names(n).unwrap_or_default();
                format!("/v1/clusters/{cluster}/services/{service}/override")
            }
            OverridePlace::Cluster(n) => {
                let name = self.fleet.clusters.get(n).map(|cluster| cluster.name.clone());
                format!("/v1/clusters/{}/override", name.unwrap_or_default())
            }
        }
    }

    /// The override's tag as it stands.
    pub(crate) fn override_text(&self, place: OverridePlace) -> Option<String> {
        match place {
            OverridePlace::Service(n) => {
                let (cluster, service) = self.names(n)?;
                self.aws.with(|world| world.tags(&cluster, &service).remove(OVERRIDE))
            }
            OverridePlace::Cluster(n) => {
                let input = json!({"clusters": [self.fleet.clusters.get(n)?.name], "include": ["TAGS"]});
                let answer = self.aws.with(|world| world.call("ecs", "DescribeClusters", input)).ok()?;
                let tags = answer.pointer("/clusters/0/tags")?.as_array()?;
                let tag = tags.iter().find(|tag| tag.get("key").and_then(Value::as_str) == Some(OVERRIDE))?;
                tag.get("value")?.as_str().map(str::to_owned)
            }
        }
    }

    /// The tag of an override that is over stays until what it caused is recorded. Then it goes,
    /// and with it the model forgets that end: nothing that comes later can know of it. `now` is the run's
    /// start, which is what it went by.
    pub(crate) fn forget_overrides(&mut self, quiet: bool, now: i64) {
        let services = (0..self.fleet.services.len()).map(OverridePlace::Service);
        let clusters = (0..self.fleet.clusters.len()).map(OverridePlace::Cluster);
        for place in services.chain(clusters).collect::<Vec<_>>() {
            if self.leased(place).is_none_or(|lease| lease.until > now) {
                continue;
            }
            let path = self.override_path(place);
            let gone = self.override_text(place).is_none();
            if gone {
                for what in self.waiting_for_its_end(place, now) {
                    self.violation("an override goes once what it caused is recorded", &path, &what);
                }
                self.set_lease(place, None);
            } else if quiet && self.is_settled(place, now) {
                self.violation("an override that is over goes", &path, "nothing waits for its end");
            }
        }
    }

    /// Who would be dealt with otherwise if the override were forgotten: now, or when a hold ends.
    fn waiting_for_its_end(&self, place: OverridePlace, now: i64) -> Vec<String> {
        let difference = |path: String, with: &Expected, without: &Expected| {
            let same = (with.rule, with.live, &with.memory) == (without.rule, without.live, &without.memory);
            (!same).then(|| format!("{path} waits for it: {}, and without it {}", with.rule, without.rule))
        };
        let no_hold = |lease: Option<Lease>| lease.filter(|it| it.want != Want::Hold);
        let mut waiting = Vec::new();
        for n in self.reached(place) {
            let Some(service) = self.fleet.services.get(n) else { continue };
            let path = self.fleet.path(service);
            if self.fleet.plan_of(service).is_err() {
                waiting.push(format!("{path} may wait for it: its schedule can't be read"));
                continue;
            }
            let (own, clusters) = (no_hold(service.lease), no_hold(self.cluster_lease(service.cluster)));
            let without = match place {
                OverridePlace::Service(_) => (None, clusters),
                OverridePlace::Cluster(_) => (own, None),
            };
            self.aws.with(|world| {
                let with = self.facts(world, service, (own, clusters), now).expected();
                let without = self.facts(world, service, without, now).expected();
                waiting.extend(difference(path, &with, &without));
            });
        }
        for it in self.fleet.machines.iter().filter(|it| place.has(it)) {
            self.aws.with(|world| {
                let lease = no_hold(self.cluster_lease(it.cluster));
                let with = self.machine_facts(world, it, lease, now).expected();
                let without = self.machine_facts(world, it, None, now).expected();
                waiting.extend(difference(it.path(), &with, &without));
            });
        }
        waiting
    }

    /// Whether nothing at all is left to do for whom it reaches.
    fn is_settled(&self, place: OverridePlace, now: i64) -> bool {
        let (services, machines) = (self.observe(now), self.observe_machines(now));
        let reached = self.reached(place);
        let services = reached.iter().filter_map(|n| services.get(*n)).map(|seen| &seen.expected);
        let machines = self.fleet.machines.iter().zip(&machines).filter(|(it, _)| place.has(it));
        services.chain(machines.map(|(_, seen)| &seen.expected)).all(|it| SETTLED.contains(&it.rule))
    }
}
