//! The very binary that Lambda runs, under a Runtime API, with every file of `events/run-task/`.

use emulator::World;
use harness::binary::{Binary, machine_now};
use harness::events::{self, RUN_TASK};

const PATH: &str = env!("CARGO_BIN_EXE_run-task");

#[tokio::test]
async fn the_binary_answers_every_file_of_events() {
    let known: Vec<&str> = {
        let mut known: Vec<&str> = RUN_TASK.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        known
    };
    assert_eq!(events::names("run-task"), known, "each file has an expectation, and each expectation a file");
    let environment = [("RUN_FAMILIES", "*=*"), ("RUN_OVERRIDES", "*=*")];
    let mut binary = Binary::start(PATH, World::demo(), &environment).await;
    for (name, expected) in RUN_TASK {
        let event = events::read_at("run-task", name, machine_now()).to_string();
        let answer = binary.invoke(event.as_bytes()).await;
        events::check(name, *expected, &answer);
    }
}
