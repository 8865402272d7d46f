//! The very binary that Lambda runs, under a Runtime API, with every file of `events/describe-cluster/`.

use harness::binary::answers_every_file;
use harness::events::DESCRIBE_CLUSTER;

const PATH: &str = env!("CARGO_BIN_EXE_describe-cluster");

#[tokio::test]
async fn the_binary_answers_every_file_of_events() {
    let environment = [("MODE", "act"), ("CLUSTERS", "*")];
    answers_every_file(PATH, "describe-cluster", DESCRIBE_CLUSTER, &environment).await;
}
