//! Between two readings: which starts may be recorded as done.

use std::collections::BTreeMap;

use shared::Code;
use shared::names::ServiceId;
use shared::perform::{Narrowed, Taken};
use shared::plan::Job;
use shared::report::Outcome;

use super::Step;
use crate::observe::Fresh;

/// Takes away the records of services that somebody else changed meanwhile: whose count is below
/// what was set, or whose record is no longer the one that the start began from. Never adds.
#[must_use]
pub fn narrow(jobs: Vec<Job<Step>>, fresh: &BTreeMap<ServiceId, Fresh>) -> Narrowed<Step> {
    let mut narrowed = Narrowed { jobs: Vec::new(), taken: Vec::new() };
    for job in jobs {
        match job.steps.iter().find_map(|step| raced(step, fresh)) {
            None => narrowed.jobs.push(job),
            Some(reason) => {
                let taken = Taken { outcome: Outcome::Failed, code: Code::Raced, reason };
                narrowed.taken.extend(job.covers.iter().map(|id| (*id, taken.clone())));
            }
        }
    }
    narrowed
}

fn raced(step: &Step, fresh: &BTreeMap<ServiceId, Fresh>) -> Option<String> {
    let Step::WriteRecord { service, before, floor, .. } = step else { return None };
    let Some(now) = fresh.get(service) else {
        return Some("it is gone since it was started; look at it, and try again".into());
    };
    if now.record != *before {
        return Some("somebody else wrote its record while it was started; try again".into());
    }
    let below = i64::from(now.desired_count) < i64::from(*floor);
    below.then(|| {
        format!(
            "it was set to {floor} and is at {} again: somebody else changed it; try again",
            now.desired_count
        )
    })
}
