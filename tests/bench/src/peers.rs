//! What people use: small scripts and tools of others, each a process of its own on the same AWS.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use crate::case::Work;
use crate::process::Used;

/// A way to do it that is not ours.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name.
    pub name: &'static str,
    /// What it does at all.
    pub does: &'static [Work],
    /// In how many hundredths of the size it works: what takes a process for each call is spared the rest.
    pub percent: usize,
    /// How it is started: a script of `tests/bench/peers/`, and what comes before and behind the verb.
    script: &'static str,
    before: Option<PathBuf>,
    behind: Option<&'static str>,
}

const FLEETS: &[Work] = &[Work::Stop, Work::Start];
const LOOPS: &[Work] = &[Work::Stop, Work::Start, Work::Describe, Work::Prune];

fn peer(name: &'static str, script: &'static str, does: &'static [Work]) -> Peer {
    Peer { name, does, percent: 100, script, before: None, behind: None }
}

/// Those that come from a package registry.
#[must_use]
pub fn installed() -> Vec<Peer> {
    let loops = "boto3_loop.py";
    vec![
        peer("boto3, serial", loops, LOOPS),
        Peer { behind: Some("10"), ..peer("boto3, 10 threads", loops, LOOPS) },
        peer("boto3, tag and restore", "tag_and_restore.py", FLEETS),
        Peer { percent: 5, ..peer("AWS CLI", "aws_cli.sh", &[Work::Stop, Work::Start, Work::Describe]) },
        peer("cloud-custodian", "custodian.py", FLEETS),
    ]
}

/// One whose code is in a folder of the caller's.
///
/// # Errors
///
/// If no peer of that name is known.
pub fn of_folder(name: &str, folder: &Path) -> Result<Peer, String> {
    let known = match name {
        "diodonfrost" => peer("diodonfrost", "diodonfrost.py", FLEETS),
        "ecr-cleanup-lambda" => peer("ecr-cleanup-lambda", "ecr_cleanup_lambda.py", &[Work::Prune]),
        _ => return Err(format!("{name:?} is neither diodonfrost nor ecr-cleanup-lambda")),
    };
    Ok(Peer { before: Some(folder.to_owned()), ..known })
}

/// Where the scripts and the tools of peers are.
#[derive(Clone, Debug)]
pub struct Tools {
    /// `tests/bench/peers`.
    pub scripts: PathBuf,
    /// What `tests/bench/peers/install` has made.
    pub environment: PathBuf,
}

/// What `measured.py` prints.
#[derive(Deserialize)]
struct Measured {
    status: i32,
    /// Seconds.
    wall: f64,
    #[serde(flatten)]
    used: Used,
}

impl Tools {
    /// The command that lets a peer do this on the AWS at this URL.
    #[must_use]
    pub fn command(&self, peer: &Peer, verb: &str, url: &str) -> Command {
        let bin = self.environment.join("bin");
        let python = bin.join("python");
        let mut command = Command::new(&python);
        command.arg(self.scripts.join("measured.py"));
        let script = self.scripts.join(peer.script);
        if script.extension().is_some_and(|it| it == "py") {
            command.arg(&python);
        }
        command.arg(script).args(&peer.before).arg(verb).args(peer.behind);
        command
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()))
            .env("HOME", &self.environment)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_ENDPOINT_URL", url)
            .env("AWS_DEFAULT_REGION", "sa-east-1")
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .kill_on_drop(true);
        command
    }

    /// Lets a peer do this, from the start of its process to its end. It may end with an error: what it left undone is
    /// seen in the world.
    pub async fn work(&self, peer: &Peer, work: Work, url: &str) -> (Duration, Used) {
        self.measured(peer, work.verb(), url).await
    }

    /// The same for any verb of its script.
    pub async fn measured(&self, peer: &Peer, verb: &str, url: &str) -> (Duration, Used) {
        let output = self.command(peer, verb, url).output().await.expect("the peers are installed");
        let text = String::from_utf8_lossy(&output.stdout);
        let measured: Measured = serde_json::from_str(text.trim()).unwrap_or_else(|fault| {
            panic!("{}: {fault}: {text}{}", peer.name, String::from_utf8_lossy(&output.stderr))
        });
        if measured.status != 0 {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or_default();
            eprintln!("{} ended with status {}: {last}", peer.name, measured.status);
        }
        (Duration::from_secs_f64(measured.wall), measured.used)
    }
}
