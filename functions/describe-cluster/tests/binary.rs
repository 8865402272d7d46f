//! The very binary that Lambda runs, under a Runtime API, with every file of `events/describe-cluster/`.

use emulator::World;
use harness::binary::{Binary, machine_now};
use harness::events::{self, DESCRIBE_CLUSTER};

const PATH: &str = env!("CARGO_BIN_EXE_describe-cluster");

#[tokio::test]
async fn the_binary_answers_every_file_of_events() {
    let known: Vec<&str> = {
        let mut known: Vec<&str> = DESCRIBE_CLUSTER.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        known
    };
    assert_eq!(
        events::names("describe-cluster"),
        known,
        "each file has an expectation, and each expectation a file"
    );
    let environment = [("MODE", "act"), ("CLUSTERS", "*")];
    let mut binary = Binary::start(PATH, World::demo(), &environment).await;
    for (name, expected) in DESCRIBE_CLUSTER {
        let event = events::read_at("describe-cluster", name, machine_now()).to_string();
        let answer = binary.invoke(event.as_bytes()).await;
        events::check(name, *expected, &answer);
    }
}
