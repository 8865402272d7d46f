//! The very binary that Lambda runs, under a Runtime API, with every file of `events/run-task/`.

use harness::binary::answers_every_file;
use harness::events::RUN_TASK;

const PATH: &str = env!("CARGO_BIN_EXE_run-task");

#[tokio::test]
async fn the_binary_answers_every_file_of_events() {
    let environment = [("RUN_FAMILIES", "*=*"), ("RUN_OVERRIDES", "*=*")];
    answers_every_file(PATH, "run-task", RUN_TASK, &environment).await;
}
