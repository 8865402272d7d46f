//! The very binary that Lambda runs, under a Runtime API, with every file of `events/stop-task/`.

use emulator::World;
use harness::binary::{Binary, machine_now};
use harness::events::{self, STOP_TASK};

const PATH: &str = env!("CARGO_BIN_EXE_stop-task");

#[tokio::test]
async fn the_binary_answers_every_file_of_events() {
    let known: Vec<&str> = {
        let mut known: Vec<&str> = STOP_TASK.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        known
    };
    assert_eq!(
        events::names("stop-task"),
        known,
        "each file has an expectation, and each expectation a file"
    );
    let environment = [("STOP_MAX", "10")];
    let mut binary = Binary::start(PATH, World::demo(), &environment).await;
    for (name, expected) in STOP_TASK {
        let event = events::read_at("stop-task", name, machine_now()).to_string();
        let answer = binary.invoke(event.as_bytes()).await;
        events::check(name, *expected, &answer);
    }
}
