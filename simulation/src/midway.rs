//! An override that is put while a run is under way.
//!
//! Who comes first is nobody's to say, service by service. So each service that the override reaches may end
//! as if it had come before that run's turn, or after it; and at the next run as what follows from either.

use std::time::Duration;

use serde_json::json;

use crate::SystemUnderTest;
use crate::compare::{is_as_remembered, record, shown, whole};
use crate::fleet::{RECORD, look};
use crate::leases::OverridePlace;
use crate::model::{Expected, Facts, Lease, Live, Memory};
use crate::year::{Seen, Year, start};

const HOUR: i64 = 3600;
const TICK: i64 = 300;

/// A service as it may be.
#[derive(Clone, Debug, PartialEq)]
struct State {
    live: Live,
    memory: Option<Memory>,
}

impl<S: SystemUnderTest> Year<S> {
    /// A run, an override in the middle of it, and the next run.
    pub(crate) async fn overridden_midway(&mut self) -> Result<(), S::Fault> {
        self.figures.midway += 1;
        let from = self.seconds();
        let (seen, machines) = (self.observe(from), self.observe_machines(from));
        let place = self.a_place(&seen);
        let reached = self.reached(place);
        let others: Vec<usize> = (0..self.fleet.services.len()).filter(|n| !reached.contains(n)).collect();
        let before = self.states(&reached);
        let first = self.follow(&reached, before.clone(), from);

        let other = start::<S>(&self.aws.called_by("somebody else")).await?;
        self.aws.forget();
        let (want, word, hours) = self.draw_lease();
        // Before the next look at it, or while the batches go out.
        let calls =
            if self.random.percent(60) { self.random.between(0, 6) } else { self.random.between(0, 60) };
        let latency = Duration::from_millis(self.random.between(20, 200).unsigned_abs());
        let wait = latency * u32::try_from(calls).unwrap_or_default();
        let (path, old, text) = (self.override_path(place), self.leased(place), self.override_text(place));
        let body = json!({"state": word, "for": format!("PT{hours}H"), "reason": "midway"}).to_string();
        self.aws.latency(Some(latency));
        let (event, aws) = (self.event(), self.aws.clone());
        let put = async {
            tokio::time::sleep(wait).await;
            let at = aws.now();
            other.request("PUT", &path, body.into_bytes()).await;
            at
        };
        let (ended, put) = tokio::join!(self.system.invoke("scale-service", event), put);
        self.aws.latency(None);
        if let Err(problem) = ended {
            self.violation("a run in which an override is put ends well", "reconcile", &problem);
        }
        self.count_calls();
        self.compare(&seen, &others, from);
        self.compare_machines(&machines, from, None);
        if self.override_text(place) == text {
            // Refused, as for what follows no schedule.
            self.set_lease(place, old);
            self.compare(&seen, &reached, from);
            return Ok(());
        }
        // Its end is a whole second.
        let at = whole(put);
        self.set_lease(place, Some(Lease { want, from: at, until: put.as_second() + hours * HOUR }));

        let Self { fleet, .. } = self;
        for (n, first) in reached.iter().zip(&first) {
            // It may have been on in between.
            let on = first.iter().filter(|it| it.live.count > 0 && it.memory.as_ref().is_some_and(|m| m.on));
            if let Some(service) = fleet.services.get_mut(*n) {
                service.had.extend(on.map(|it| it.live.count));
            }
        }
        // Before that run's turn or after it, then by the override, and then by the next run.
        let mut states = merged(before, first);
        states = merged(states.clone(), self.follow(&reached, states, at));
        let next = (self.seconds() / TICK + 1) * TICK;
        self.move_to(next);
        let (seen, machines) = (self.observe(next), self.observe_machines(next));
        let ends = self.follow(&reached, states, next);
        self.aws.forget();
        drop(self.run_well().await);
        self.compare(&seen, &others, next);
        self.compare_machines(&machines, next, None);
        for (n, ends) in reached.iter().zip(&ends) {
            self.is_one_of(*n, ends, from..=self.seconds() + 1);
        }
        self.forget_overrides(false, next);
        self.note_sizes();
        Ok(())
    }

    /// A service, or a cluster without machines of its own; of those for which something is due, if any is.
    fn a_place(&mut self, seen: &[Seen]) -> OverridePlace {
        let services = self.fleet.services.iter().zip(seen).enumerate();
        let due = services.filter(|(_, (service, seen))| {
            seen.expected.live != seen.live || seen.expected.memory != service.memory
        });
        let due: Vec<usize> = due.map(|(n, _)| n).collect();
        let any = self.random.index(self.fleet.services.len());
        let n = due.get(self.random.index(due.len())).copied().unwrap_or(any);
        let cluster = self.fleet.services.get(n).map_or(0, |service| service.cluster);
        let machines = self.fleet.machines.iter().any(|it| it.cluster == cluster);
        if machines || self.random.percent(50) {
            OverridePlace::Service(n)
        } else {
            OverridePlace::Cluster(cluster)
        }
    }

    fn states(&self, which: &[usize]) -> Vec<Vec<State>> {
        let one = |n: &usize| {
            let Some(service) = self.fleet.services.get(*n) else { return Vec::new() };
            let cluster = self.fleet.cluster_of(service);
            let live = self.aws.with(|world| look(world, cluster, &service.name));
            vec![State { live, memory: service.memory.clone() }]
        };
        which.iter().map(one).collect()
    }

    /// What a run at this instant makes of each of these, whether it is whole by then or not, and whether it is
    /// deployed or not.
    fn follow(&self, which: &[usize], states: Vec<Vec<State>>, now: i64) -> Vec<Vec<State>> {
        let one = |(n, states): (&usize, Vec<State>)| {
            let Some(service) = self.fleet.services.get(*n) else { return states };
            let leases = (service.lease, self.cluster_lease(service.cluster));
            let mut ends: Vec<State> = Vec::new();
            for State { live, memory } in states {
                let facts = self.aws.with(|world| Facts {
                    live,
                    memory: None,
                    ..self.facts(world, service, leases, now)
                });
                for (whole, deploying) in [(true, false), (false, false), (true, true), (false, true)] {
                    let memory = memory.as_ref();
                    let Expected { live, memory, .. } =
                        Facts { memory, deploying, whole, ..facts }.expected();
                    let end = State { live, memory };
                    if !ends.contains(&end) {
                        ends.push(end);
                    }
                }
            }
            ends
        };
        which.iter().zip(states).map(one).collect()
    }

    /// Whether a service is as one of these; the model remembers it so.
    fn is_one_of(&mut self, n: usize, ends: &[State], span: std::ops::RangeInclusive<i64>) {
        let Some(service) = self.fleet.services.get(n) else { return };
        let (path, cluster) = (self.fleet.path(service), self.fleet.cluster_of(service).to_owned());
        let name = service.name.clone();
        let (live, text) =
            self.aws.with(|world| (look(world, &cluster, &name), world.tags(&cluster, &name).remove(RECORD)));
        let found = text.as_deref().and_then(record);
        let same = |end: &&State| {
            end.live == live && is_as_remembered(found.as_ref(), end.memory.as_ref(), Some(span.clone()))
        };
        let end = ends.iter().find(same);
        if end.is_none() {
            let ends: Vec<String> =
                ends.iter().map(|end| format!("{} with {:?}", shown(&end.live), end.memory)).collect();
            let what = format!("found {} with {text:?}, and not one of {ends:?}", shown(&live));
            self.violation("an override in the middle of a run", &path, &what);
        }
        let remembered = end.and_then(|end| end.memory.clone());
        if let Some(service) = self.fleet.services.get_mut(n) {
            service.before = None;
            service.memory = match (found, remembered) {
                (Some(found), Some(end)) => Some(Memory { plan: end.plan, ..found }),
                (found, _) => found,
            };
        }
    }
}

/// Of each service, what it may be by the one or the other.
fn merged(one: Vec<Vec<State>>, other: Vec<Vec<State>>) -> Vec<Vec<State>> {
    let of = |(mut one, other): (Vec<State>, Vec<State>)| {
        for state in other {
            if !one.contains(&state) {
                one.push(state);
            }
        }
        one
    };
    one.into_iter().zip(other).map(of).collect()
}
