//! Case d: the start of each function, its first and its later invocations, its memory and its size.

use std::process::Stdio;
use std::time::Duration;

use emulator::Aws;
use harness::binary::{aws_url, machine_now};
use tokio::process::Command;
use tokio::time::Instant;

use crate::figures::median;
use crate::ours::{FUNCTIONS, Functions, small_event};
use crate::peers::{Tools, installed};
use crate::process::Used;
use crate::table::markdown;
use crate::worlds::Fleet;

/// Later invocations of one process.
const LATER: usize = 20;

/// A table of the starts of all functions, and of a handler in Python.
pub async fn table(functions: &Functions, tools: Option<&Tools>, runs: usize) -> String {
    let mut rows = Vec::new();
    for function in FUNCTIONS {
        let (mut polls, mut firsts, mut later, mut peaks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..runs.max(3) {
            // Without latency: what is measured is the function.
            let aws = Aws::new(Fleet::of(10).world(machine_now(), None));
            let mut binary = functions.start(function, &aws).await;
            polls.push(binary.first_poll().await);
            let event = small_event(function).to_string();
            for n in 0..=LATER {
                let begun = Instant::now();
                let answer = binary.invoke(event.as_bytes()).await;
                assert!(answer.is_ok(), "{function}: {answer:?}");
                if n == 0 { firsts.push(begun.elapsed()) } else { later.push(begun.elapsed()) }
            }
            peaks.push(binary.id().map(Used::of).unwrap_or_default().peak_kib);
        }
        let size = std::fs::metadata(functions.path(function)).map_or(0, |file| file.len());
        let packed = packed(functions, function).await;
        rows.push(vec![
            function.to_owned(),
            millis(median(polls.into_iter())),
            millis(median(firsts.into_iter())),
            millis(median(later.into_iter())),
            format!("{:.1}", f64::from(u32::try_from(median(peaks.into_iter())).unwrap()) / 1024.0),
            megabytes(size),
            packed.map_or_else(|| "–".into(), megabytes),
        ]);
    }
    if let Some(tools) = tools {
        rows.push(python(tools, runs).await);
    }
    let headings = [
        "function",
        "start to first poll, ms",
        "first invocation, ms",
        "later ones, ms",
        "peak, MiB",
        "binary, MB",
        "zip, MB",
    ];
    markdown(&headings, &rows)
}

/// What a process of boto3 takes to make a client and one call: what a handler in Python does before its first answer.
async fn python(tools: &Tools, runs: usize) -> Vec<String> {
    let aws = Aws::new(Fleet::of(10).world(machine_now(), None));
    let url = aws_url(aws).await;
    let (mut walls, mut peaks) = (Vec::new(), Vec::new());
    let peer = &installed()[0];
    for _ in 0..runs.max(3) {
        let (wall, used) = tools.measured(peer, "init", &url).await;
        walls.push(wall);
        peaks.push(used.peak_kib);
    }
    let whole = "boto3, start to the end of one call".to_owned();
    let peak = f64::from(u32::try_from(median(peaks.into_iter())).unwrap()) / 1024.0;
    let (wall, none) = (millis(median(walls.into_iter())), || "–".to_owned());
    vec![whole, wall, none(), none(), format!("{peak:.1}"), none(), none()]
}

/// The size of a binary as a zip has it.
async fn packed(functions: &Functions, function: &str) -> Option<u64> {
    let mut gzip = Command::new("gzip");
    gzip.arg("-9c").arg(functions.path(function)).stderr(Stdio::null());
    let output = gzip.output().await.ok().filter(|output| output.status.success())?;
    u64::try_from(output.stdout.len()).ok()
}

fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1_000.0)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", f64::from(u32::try_from(bytes / 1_000).unwrap()) / 1_000.0)
}
