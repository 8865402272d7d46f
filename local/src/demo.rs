//! `cargo local demo`: days and nights of a small company's clusters, told as they happen.
//!
//! `day` holds the story, act by act; it only calls what the other rooms offer. Every look and
//! every event goes through the same handlers as in Lambda; only people, load and time reach the
//! embedded AWS directly.

mod bedtime;
mod day;
mod look;
mod machines;
mod printer;
mod pruning;
mod requests;
mod score;
mod system;

use std::io::{self, Write};

use clap::ValueEnum;

use crate::system::StartFault;
use day::Day;

/// What a person does at night that breaks the story, though the product does as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sabotage {
    /// Removes the record of `posts`: in the morning nothing says that it was stopped, nor its size
    LoseRecord,
    /// Raises `posts` to 1 task: it does not stay off, though it comes back with its day's size
    WakeAtNight,
}

/// What became of the story's promises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Those that held.
    pub kept: Vec<String>,
    /// Those that did not.
    pub broken: Vec<String>,
}

/// Why the story could not be told to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoFault {
    /// The system did not start.
    #[error(transparent)]
    Start(#[from] StartFault),
    /// The template lacks a schedule of the story.
    #[error("template.yaml: {0}")]
    Schedule(String),
    /// A request was answered otherwise than with 200.
    #[error("{method} {path} was answered with {status}: {body}")]
    Request {
        /// The method.
        method: String,
        /// What was asked for.
        path: String,
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
    /// A person's doing was refused by the embedded AWS.
    #[error("the embedded AWS refused what a person does: {0}")]
    Person(String),
    /// The story can't be written.
    #[error("the output can't be written: {0}")]
    Output(#[from] io::Error),
}

/// Tells the day, and says what became of its promises.
pub async fn run(out: &mut impl Write, sabotage: Option<Sabotage>) -> Result<Outcome, DemoFault> {
    let mut day = Day::begin(out).await?;
    day.morning().await?;
    day.adoption().await?;
    day.a_task_is_stopped().await?;
    day.an_override().await?;
    day.a_policy_is_attached()?;
    day.evening().await?;
    day.bedtime().await?;
    day.the_override_ends().await?;
    day.sabotage(sabotage)?;
    day.night().await?;
    day.a_record_is_removed().await?;
    day.pruning().await?;
    day.next_morning().await?;
    day.the_other_end().await?;
    day.load_by_day().await?;
    day.requests().await?;
    day.a_holiday().await?;
    day.machines().await?;
    day.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(sabotage: Option<Sabotage>) -> (String, Outcome) {
        let mut out = Vec::new();
        let outcome = run(&mut out, sabotage).await.unwrap();
        (String::from_utf8(out).unwrap(), outcome)
    }

    #[tokio::test(start_paused = true)]
    async fn every_promise_of_the_day_holds() {
        let (text, outcome) = told(None).await;
        assert_eq!(outcome.broken, Vec::<String>::new(), "{text}");
        assert!(outcome.kept.len() >= 45, "{text}");
        assert!(
            text.contains("ticks of reconcile that were fired                28, 12 of them quiet"),
            "{text}"
        );
        assert!(text.contains("each working morning  5 of 5, 5 of 5, 5 of 5"), "{text}");
        assert!(!text.contains('✗'), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_readme_shows_is_what_the_demo_prints_in_that_order() {
        let (text, _) = told(None).await;
        let readme = include_str!("../../README.md");
        let (_, rest) = readme.split_once("An excerpt of what the demo prints").unwrap();
        let (_, rest) = rest.split_once("```text\n").unwrap();
        let (excerpt, _) = rest.split_once("```").unwrap();
        let mut printed = text.lines().map(str::trim_end);
        let shown: Vec<&str> = excerpt.lines().map(str::trim_end).filter(|line| *line != "[…]").collect();
        assert!(shown.len() > 20, "{excerpt}");
        for line in shown {
            assert!(printed.any(|one| one == line), "the demo does not print {line:?} there: {text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_record_breaks_the_morning() {
        let (text, outcome) = told(Some(Sabotage::LoseRecord)).await;
        assert!(!outcome.broken.is_empty(), "{text}");
        assert!(text.contains("✗ "), "{text}");
        assert!(text.contains("microservices/posts: desired count 0, where it was 5"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_is_raised_at_night_does_not_stay_off_but_comes_back_at_its_size() {
        let (text, outcome) = told(Some(Sabotage::WakeAtNight)).await;
        assert!(!outcome.broken.is_empty(), "{text}");
        assert!(outcome.kept.iter().any(|promise| promise.starts_with("each is as it was")), "{text}");
    }
}
