//! What is fuzzed: functions of bytes, each of which panics where something does not hold.
//!
//! `.ci/fuzz TARGET` runs one with libFuzzer for as long as one likes, and `tests/corpus.rs` runs all of them in the gate,
//! on what was kept (`corpus/TARGET/`) and on some changes of it.

mod clocks;
mod configs;
mod doors;
mod images;
mod inputs;
mod json;
mod kept;
mod lists;
mod mutations;
mod names;
mod policies;
mod queries;
mod schedules;
mod tags;

pub use kept::{corpus, dictionary, events};
pub use mutations::Mutations;

/// Something that takes bytes from outside.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// The dictionary that goes with it: words that random bytes would not come upon.
    pub dictionary: &'static str,
    /// Runs it on one input; panics where something does not hold.
    pub run: fn(&[u8]),
    /// On how many changes of its corpus the gate tries it.
    pub tries: usize,
}

const fn of_text(name: &'static str, dictionary: &'static str, run: fn(&[u8])) -> Target {
    Target { name, dictionary, run, tries: 2_000 }
}

const fn door(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, dictionary: "doors", run, tries: 40 }
}

/// All targets.
pub const TARGETS: &[Target] = &[
    of_text("records", "tags", tags::records),
    of_text("overrides", "tags", tags::overrides),
    of_text("made-overrides", "tags", tags::made_overrides),
    of_text("schedules", "schedules", schedules::schedules),
    of_text("catalogs", "schedules", schedules::catalogs),
    of_text("durations", "schedules", clocks::durations),
    of_text("policies", "policies", policies::policies),
    of_text("evaluations", "policies", policies::evaluations),
    of_text("references", "images", images::references),
    of_text("in-use-lists", "images", lists::in_use_lists),
    of_text("names", "names", names::names),
    of_text("patterns", "names", names::patterns),
    of_text("cursors", "names", names::cursors),
    of_text("json", "doors", json::strict_json),
    of_text("configs", "configs", configs::configs),
    of_text("queries", "queries", queries::queries),
    door("scale-service", doors::scale_service),
    door("describe-cluster", doors::describe_cluster),
    door("run-task", doors::run_task),
    door("stop-task", doors::stop_task),
    door("prune-images", doors::prune_images),
    door("requests", doors::requests),
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|target| target.name == name).copied()
}
