//! A request that has been checked against everything that needs no look at AWS.

use std::time::Duration;

use shared::fields::{cluster_of, whole_family};
use shared::names::{ClusterName, ClusterRef, Family, TaskId};
use shared::plain::plain;
use shared::{Actor, Call, Problem, Via};

use crate::config::Config;
use crate::request::{Force, Request};

/// The longest `stoppedReason`, in the units that AWS counts: UTF-16's.
const REASON: usize = 255;
/// How much of it names who asked.
const ACTOR: usize = 80;

/// What is to be stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Where.
    pub cluster: ClusterName,
    /// Which tasks.
    pub tasks: Tasks,
    /// The caller's words.
    pub words: Option<String>,
    /// What each task keeps as its `stoppedReason`: those words, and who it was.
    pub reason: String,
    /// How long it is waited for them.
    pub wait: Option<Duration>,
    /// Nothing is stopped.
    pub dry_run: bool,
}

/// Which tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tasks {
    /// This one, in spite of what.
    One(TaskId, Force),
    /// All that fit both, where both are given.
    Many {
        /// Of this family.
        family: Option<Family>,
        /// Started by this.
        started_by: Option<String>,
    },
}

impl Ask {
    /// Checks a call.
    pub fn new(call: &Call<Request>, config: &Config) -> Result<Self, Problem> {
        let scope = &call.scope;
        let named = |cluster: &Option<ClusterRef>| cluster_of(cluster.as_ref(), None, scope);
        let (cluster, tasks, wait) = match &call.request {
            Request::One(fields) => {
                let cluster = named(&fields.cluster)?;
                let task = fields.task.within(scope, &cluster)?;
                (cluster, Tasks::One(task, fields.force), fields.wait)
            }
            Request::Many(fields) => {
                let family = fields.family.as_ref().map(|family| whole_family(family, scope));
                let started_by = fields.started_by.as_deref();
                if family.is_none() && started_by.is_none() {
                    let detail = "give family or startedBy: nothing stops all tasks of a cluster";
                    return Err(Problem::bad_request(detail));
                }
                let started_by = started_by.map(shared::fields::started_by).transpose()?;
                (
                    named(&fields.cluster)?,
                    Tasks::Many { family: family.transpose()?, started_by },
                    fields.wait,
                )
            }
        };
        Ok(Self {
            cluster,
            tasks,
            words: call.envelope.reason.clone(),
            reason: reason(call.envelope.reason.as_deref(), &call.actor),
            wait: patience(wait, call.via, config)?,
            dry_run: call.envelope.dry_run,
        })
    }
}

fn patience(wait: Option<u32>, via: Via, config: &Config) -> Result<Option<Duration>, Problem> {
    let most = match via {
        Via::Rest => Duration::try_from(config.wait_max.get()).unwrap_or_default(),
        // To the run's own deadline, which comes before.
        Via::Scheduled | Via::Direct => Duration::from_mins(15),
    };
    match wait {
        None | Some(0) => Ok(None),
        Some(seconds) if seconds <= 900 => Ok(Some(Duration::from_secs(seconds.into()).min(most))),
        Some(seconds) => Err(Problem::bad_request(format!("wait: 0 to 900 seconds, not {seconds}"))),
    }
}

/// The caller's words and the actor, cut where AWS would refuse, never inside a character.
fn reason(words: Option<&str>, actor: &Actor) -> String {
    let words = words.map(str::trim).filter(|words| !words.is_empty()).unwrap_or("stopped by ecs-steward");
    // What names somebody stands at the end of an ARN.
    let name = actor.as_str().rsplit_once(':').map_or(actor.as_str(), |(_, name)| name);
    let by = format!(" (by {})", cut(name, ACTOR));
    format!("{}{by}", cut(words, REASON - units(&by)))
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn cut(text: &str, longest: usize) -> String {
    let mut left = longest;
    let fits = |c: &char| {
        let fits = c.len_utf16() <= left;
        left = left.saturating_sub(c.len_utf16());
        fits
    };
    plain(text).chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_reaches_the_task_with_the_actor_cut_at_a_character() {
        let alice = Actor::new("arn:aws:iam::123456789012:user/alice");
        assert_eq!(reason(Some("stuck"), &alice), "stuck (by user/alice)");
        assert_eq!(reason(Some(" \n"), &alice), "stopped by ecs-steward (by user/alice)");
        assert_eq!(reason(Some("a\nb"), &alice), "a b (by user/alice)");
        for words in ["🦀".repeat(1_000), "x".repeat(1_000), format!("x{}", "🦀".repeat(1_000))] {
            let reason = reason(Some(&words), &alice);
            assert!((254..=255).contains(&units(&reason)), "{}", units(&reason));
            assert!(reason.ends_with("(by user/alice)"), "{reason}");
        }
        let long = Actor::new(&"a".repeat(1_000));
        assert!(units(&reason(Some(&"x".repeat(300)), &long)) <= 255);
    }
}
