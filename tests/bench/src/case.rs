//! The cases, each with its bound.

use std::time::Duration;

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::bounds::{DEFINITION_READ, REVISION_READ, Rate, SERVICE_READ, SERVICE_WRITE, TAG, batches, look};
use crate::worlds::{self, Fleet};

/// A case of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Case {
    /// 1,000 services in 20 clusters are stopped, a tenth of them autoscaled
    A,
    /// The same again
    A0,
    /// They are started
    A1,
    /// A cluster of 1,000 services and 5,000 tasks is described
    B,
    /// 100 repositories of 1,000 images are halved
    C,
    /// The start of a function
    D,
    /// The bedtime check over 1,000 services and 100 repositories
    E,
}

/// What is asked for in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Every service goes to 0.
    Stop,
    /// Every service comes back.
    Start,
    /// One cluster is described.
    Describe,
    /// Images are deleted.
    Prune,
    /// What sleeps is looked at.
    WakeCheck,
}

impl Work {
    /// As the scripts of peers take it.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Describe => "describe",
            Self::Prune => "prune",
            Self::WakeCheck => "wake-check",
        }
    }

    /// Which function of ours does it, and by what event.
    #[must_use]
    pub fn event(self, size: Size) -> (&'static str, Value) {
        match self {
            Self::Stop => ("scale-service", json!({"action": "stop", "clusters": ["*"]})),
            Self::Start => ("scale-service", json!({"action": "start", "clusters": ["*"]})),
            Self::Describe => ("describe-cluster", json!({"action": "describeCluster", "cluster": "prod"})),
            Self::Prune => ("prune-images", worlds::prune_to(size.images() / 2)),
            Self::WakeCheck => ("describe-cluster", json!({"action": "wakeCheck"})),
        }
    }
}

/// How large the worlds are, in hundredths of the benchmark's own.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub usize);

impl Size {
    /// 1,000 services.
    #[must_use]
    pub fn services(self) -> usize {
        (1_000 * self.0 / 100).max(10)
    }

    /// In 20 clusters.
    #[must_use]
    pub fn fleet(self) -> Fleet {
        Fleet::of(self.services())
    }

    /// 100 repositories.
    #[must_use]
    pub fn repositories(self) -> usize {
        self.0.max(2)
    }

    /// Of 1,000 images each.
    #[must_use]
    pub fn images(self) -> usize {
        (1_000 * self.0 / 100).max(20)
    }
}

/// The least that a case takes.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Calls, where they can be counted without knowing how it is done.
    pub calls: Option<usize>,
    /// Until it is done: in a and a1, until the last count is changed.
    pub done: Duration,
    /// Until all of it is recorded, where that is more.
    pub recorded: Duration,
}

impl Case {
    /// The least that AWS's batch sizes and rates, so many times the published ones, allow.
    #[must_use]
    pub fn bound(self, size: Size, rates: f64) -> Bound {
        let services = size.services();
        let time = |rate: Rate, calls: usize| rate.scaled(calls, rates);
        let alone = |calls, done| Bound { calls, done, recorded: done };
        let Fleet { clusters, autoscaled, .. } = size.fleet();
        match self {
            Self::A => {
                Bound { calls: None, done: time(SERVICE_WRITE, services), recorded: time(TAG, 2 * services) }
            }
            Self::A0 => {
                let looks = look(clusters, services / clusters);
                let targets = batches(services / autoscaled, 50);
                alone(Some(looks + targets), time(SERVICE_READ, looks - 2))
            }
            Self::A1 => alone(None, time(SERVICE_WRITE, services)),
            Self::B => {
                let of_services = batches(services, 100) + batches(services, 10);
                let of_tasks = 2 * batches(5 * services, 100);
                alone(Some(of_services + of_tasks + 1), time(SERVICE_READ, of_services))
            }
            Self::C => {
                let (repositories, images) = (size.repositories(), size.images());
                let deletions = repositories * batches(images / 2, 100);
                alone(Some(1 + 2 * repositories * batches(images, 1_000) + deletions), Duration::ZERO)
            }
            Self::D => alone(None, Duration::ZERO),
            Self::E => {
                let (definitions, of_services) = (size.repositories(), look(clusters, services / clusters));
                let revisions = batches(services, 20);
                // An image and a policy of each repository, a page of scalable targets.
                let calls = of_services + definitions + revisions + 2 * size.repositories() + 1;
                let done = [
                    time(SERVICE_READ, of_services - 2),
                    time(DEFINITION_READ, definitions),
                    time(REVISION_READ, revisions),
                ];
                alone(Some(calls), done.into_iter().max().unwrap_or_default())
            }
        }
    }

    /// Its letter.
    #[must_use]
    pub fn letter(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_at_full_size_are_those_of_the_design() {
        let bound = |case: Case| case.bound(Size(100), 1.0);
        let seconds = |case: Case| (bound(case).done.as_secs_f64(), bound(case).recorded.as_secs_f64());
        assert_eq!(seconds(Case::A), (190.0, 198.0));
        assert_eq!(seconds(Case::A1), (190.0, 190.0));
        assert_eq!((bound(Case::A0).calls, seconds(Case::A0).0), (Some(124), 1.0));
        assert_eq!((bound(Case::B).calls, seconds(Case::B).0), (Some(211), 0.5));
        assert_eq!(bound(Case::C).calls, Some(701));
        assert_eq!((bound(Case::E).calls, seconds(Case::E).0), (Some(473), 2.5));
    }
}
