//! Which ticks can say nothing new.
//!
//! A week has 2,016 ticks, and at all but a hundred of them nothing happens. Such a tick is not fired where it must
//! answer as the one before did: that one answered as its own predecessor and wrote nothing, nothing has happened in
//! the world since, no start or stop is under way, and what is wanted of each service and group is the same, since the
//! same instant and until the same instant. What is wanted is worked out by the code that reconcile does it with.

use std::collections::{BTreeMap, BTreeSet};

use emulator::{Seed, World};
use jiff::Timestamp;
use scale_service::Config;
use shared::record::{Capacity, Record, Saved, Size, State};
use shared::schedule::{Tagged, Wanted};

/// What a fleet's ticks depend on beside the world.
pub(super) struct Still<'s> {
    config: Config,
    seed: &'s Seed,
    /// The last answer, and whether it was given twice without a change.
    last: String,
    twice: bool,
    /// What stands on the services and groups, once it is worked out, and what it wanted then.
    wanted: Option<Vec<(Tagged, Option<Wanted>)>>,
    /// When something was next to happen in the world.
    due_next: Option<Timestamp>,
}

impl<'s> Still<'s> {
    pub(super) fn new(config: Config, seed: &'s Seed) -> Self {
        Self { config, seed, last: String::new(), twice: false, wanted: None, due_next: None }
    }

    /// A tick was fired, and answered this.
    pub(super) fn answered(&mut self, at: Timestamp, answer: String, wrote: bool, world: &World) {
        // A stop that waits for a deployment does not wait for ever.
        self.twice = !wrote && answer == self.last && !answer.contains("\"deploying\"");
        self.last = answer;
        self.due_next = world.due_next();
        self.wanted = if self.twice { self.settled(at, world) } else { None };
    }

    /// Whether the tick at this instant must answer as the last one that was fired.
    pub(super) fn is_at(&self, at: Timestamp) -> bool {
        let same = |(tagged, before): &(Tagged, Option<Wanted>)| {
            tagged.wanted(at, &self.config.scheduling.calendar).ok().flatten() == *before
        };
        let Some(wanted) = &self.wanted else { return false };
        self.due_next.is_none_or(|due| due > at) && wanted.iter().all(same)
    }

    /// What is wanted, where nothing is under way.
    fn settled(&self, at: Timestamp, world: &World) -> Option<Vec<(Tagged, Option<Wanted>)>> {
        let keys = &self.config.settings.tags;
        let mut standing = BTreeSet::new();
        for cluster in &self.seed.clusters {
            let of_cluster = world.cluster_tags(&cluster.name);
            for service in &cluster.services {
                let own = world.tags(&cluster.name, &service.name);
                if is_under_way::<Size>(&own, &keys.record) {
                    return None;
                }
                standing.insert((own, of_cluster.clone(), Some(cluster.name.clone())));
            }
        }
        for group in &self.seed.auto_scaling_groups {
            let own = world.group_view(&group.name).map(|it| it.tags).unwrap_or_default();
            if is_under_way::<Capacity>(&own, &keys.record) {
                return None;
            }
            let of_cluster = group.cluster.as_ref().map(|it| world.cluster_tags(it)).unwrap_or_default();
            standing.insert((own, of_cluster, None));
        }
        let mut all: Vec<(Tagged, Option<Wanted>)> = Vec::new();
        for (own, of_cluster, cluster) in standing {
            let reading = match &cluster {
                Some(cluster) => self.config.scheduling.reading_services(keys, cluster),
                None => self.config.scheduling.reading(keys),
            };
            let tagged = reading.read(&own, Some(&of_cluster));
            if !all.iter().any(|(known, _)| *known == tagged) {
                let wanted = tagged.wanted(at, &self.config.scheduling.calendar).ok().flatten();
                all.push((tagged, wanted));
            }
        }
        Some(all)
    }
}

fn is_under_way<S: Saved>(tags: &BTreeMap<String, String>, key: &str) -> bool {
    let record = tags.get(key).and_then(|it| it.parse::<Record<S>>().ok());
    record.is_some_and(|it| matches!(it.state, State::Starting | State::Stopping))
}

#[cfg(test)]
mod tests {
    use shared::env::Env;

    use super::*;

    #[test]
    fn a_tick_is_fired_once_something_was_due_in_the_world() {
        let at = |time: &str| format!("2026-11-24T{time}:00Z").parse::<Timestamp>().unwrap();
        let seed = Seed::from_json(r#"{"now": "2026-11-24T08:00:00Z"}"#).unwrap();
        let config = Config::read(Env::new(Vec::<(String, String)>::new())).unwrap();
        let mut still = Still::new(config, &seed);
        let world = World::new(at("08:00"));
        still.answered(at("08:00"), "nothing is due".to_owned(), false, &world);
        assert!(!still.is_at(at("08:05")), "it has answered so once");
        still.answered(at("08:05"), "nothing is due".to_owned(), false, &world);
        assert!(still.is_at(at("08:10")));
        // Such as a scheduled scaling action: by the time of a tick it is over.
        still.due_next = Some(at("09:00"));
        assert!(still.is_at(at("08:55")) && !still.is_at(at("09:00")) && !still.is_at(at("09:05")));
    }
}
