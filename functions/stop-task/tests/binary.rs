//! The very binary that Lambda runs, under a Runtime API, with every file of `events/stop-task/`.

use harness::binary::answers_every_file;
use harness::events::STOP_TASK;

const PATH: &str = env!("CARGO_BIN_EXE_stop-task");

#[tokio::test]
async fn the_binary_answers_every_file_of_events() {
    let environment = [("STOP_MAX", "10")];
    answers_every_file(PATH, "stop-task", STOP_TASK, &environment).await;
}
