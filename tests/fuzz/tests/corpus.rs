//! Every input that is kept, and some changes of each, on every target.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::Path;

use fuzz::{Mutations, TARGETS, Target};

/// Where the changes begin. Another one tries others: `.ci/fuzz` tries them for as long as one likes.
const SEED: u64 = 21;
/// All corpora together are no larger, in bytes.
const LARGEST: usize = 400_000;

fn holds(target: Target, input: &[u8]) -> bool {
    let held = catch_unwind(|| (target.run)(input)).is_ok();
    if !held {
        eprintln!("{}: {:?}", target.name, String::from_utf8_lossy(input));
    }
    held
}

fn holds_on_what_is_kept_and_on_changes_of_it(targets: impl Iterator<Item = Target>) {
    for target in targets {
        let kept = fuzz::corpus(target);
        assert!(!kept.is_empty(), "{} has a corpus", target.name);
        for (file, input) in &kept {
            assert!(holds(target, input), "{}: {}", target.name, file.display());
        }
        let (words, events) = (fuzz::dictionary(target), fuzz::events(target));
        let inputs = kept.iter().chain(&events).map(|(_, input)| input.as_slice()).collect();
        for (n, input) in Mutations::new(SEED, inputs, &words).take(target.tries).enumerate() {
            assert!(holds(target, &input), "{}: change {n} of seed {SEED}", target.name);
        }
    }
}

#[test]
fn every_parser_holds_on_its_corpus_and_on_changes_of_it() {
    holds_on_what_is_kept_and_on_changes_of_it(TARGETS.iter().copied().filter(|it| it.dictionary != "doors"));
}

#[test]
fn every_door_holds_on_its_corpus_and_on_changes_of_it() {
    holds_on_what_is_kept_and_on_changes_of_it(TARGETS.iter().copied().filter(|it| it.dictionary == "doors"));
}

#[test]
fn what_is_kept_is_small_and_each_corpus_has_its_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folders = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let targets: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    for name in folders {
        assert!(targets.contains(name.as_str()), "{name} is no target");
    }
    let all: usize =
        TARGETS.iter().flat_map(|target| fuzz::corpus(*target)).map(|(_, input)| input.len()).sum();
    assert!(all <= LARGEST, "{all} bytes");
}
