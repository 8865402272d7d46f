//! The functions as they are deployed: their binaries, started by a Runtime API.

use std::path::{Path, PathBuf};
use std::time::Duration;

use emulator::Aws;
use harness::binary::Binary;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::case::{Size, Work};
use crate::process::Used;

/// The functions' names, in the order of their names.
pub const FUNCTIONS: [&str; 5] =
    ["describe-cluster", "prune-images", "run-task", "scale-service", "stop-task"];
/// What Lambda gives at the most.
pub const TIMEOUT: Duration = Duration::from_mins(15);

/// Where the binaries are, and which share of AWS's published rates is theirs.
#[derive(Clone, Debug)]
pub struct Functions {
    /// A folder such as `target/release`.
    pub folder: PathBuf,
    /// `BUDGET_SHARE`.
    pub share: f64,
}

impl Functions {
    /// The binary of a function.
    #[must_use]
    pub fn path(&self, function: &str) -> PathBuf {
        self.folder.join(function)
    }

    /// A function as a new process on this AWS.
    pub async fn start(&self, function: &str, aws: &Aws) -> Binary {
        let share = self.share.to_string();
        let environment = [
            ("MODE", "act"),
            ("CLUSTERS", "*"),
            ("BUDGET_SHARE", share.as_str()),
            ("PRUNE_REPOSITORIES", "*"),
            ("RUN_FAMILIES", "*=*"),
            ("ROLE_ARN", "arn:aws:iam::123456789012:role/steward"),
        ];
        let path = self.path(function);
        let path = path.to_str().expect("the folder's name is text");
        assert!(Path::new(path).exists(), "there is no {path}: build the functions first");
        Binary::start_on(path, aws.clone(), &environment, TIMEOUT).await
    }

    /// Does this work with a new process, from its start to its answer.
    pub async fn work(&self, work: Work, size: Size, aws: &Aws) -> (Duration, Used) {
        let (function, event) = work.event(size);
        let begun = Instant::now();
        let mut binary = self.start(function, aws).await;
        let answer = binary.invoke(event.to_string().as_bytes()).await;
        let wall = begun.elapsed();
        if let Err(error) = answer {
            panic!("{function}: {error:#}");
        }
        (wall, binary.id().map(Used::of).unwrap_or_default())
    }
}

/// An event of each function that reads little.
#[must_use]
pub fn small_event(function: &str) -> Value {
    match function {
        "describe-cluster" => json!({"action": "listClusters"}),
        "prune-images" => json!({"action": "listRepositories"}),
        "run-task" => {
            json!({"action": "runTask", "cluster": "c000", "taskDefinition": "app", "like": "s00000", "dryRun": true})
        }
        "stop-task" => json!({"action": "stopTasks", "cluster": "c000", "family": "none", "dryRun": true}),
        _ => json!({"action": "stop", "cluster": "c000", "service": "s00000", "dryRun": true}),
    }
}
