//! Between two readings: which starts may be recorded as done, and which machines may go.

use std::collections::BTreeMap;

use shared::names::{ClusterName, GroupName, ServiceId};
use shared::perform::{Narrowed, Taken};
use shared::plan::Job;
use shared::report::Outcome;
use shared::{Code, Problem};

use super::Step;
use super::groups::waiting_for;
use crate::observe::{Fresh, FreshGroup, Tasks};

/// Takes away the records of services and groups that somebody else changed meanwhile: whose size is
/// below what was set, or whose record is no longer the one that the start began from; and of those that
/// could not be read again, which are no others' failure. Never adds.
#[must_use]
pub fn narrow(
    jobs: Vec<Job<Step>>,
    fresh: &BTreeMap<ServiceId, Fresh>,
    unread: &BTreeMap<ClusterName, Problem>,
    groups: &Result<BTreeMap<GroupName, FreshGroup>, Problem>,
) -> Narrowed<Step> {
    let none = BTreeMap::new();
    let taken = |step: &Step| {
        let unread = match step {
            Step::WriteRecord { service, .. } => unread.get(&service.cluster),
            Step::WriteGroupRecord { .. } => groups.as_ref().err(),
            _ => None,
        };
        let (code, reason) = match unread {
            Some(problem) => {
                let reason = format!("it was started, but could not be looked at again: {}", problem.detail);
                (problem.code, reason)
            }
            None => (Code::Raced, raced(step, fresh, groups.as_ref().unwrap_or(&none))?),
        };
        Some(Taken { outcome: Outcome::Failed, code, reason })
    };
    without(jobs, |job| job.steps.iter().find_map(taken))
}

/// Takes away the groups whose instances have tasks by now.
#[must_use]
pub fn narrow_groups(jobs: Vec<Job<Step>>, tasks: &BTreeMap<GroupName, Tasks>) -> Narrowed<Step> {
    let waits = |job: &Job<Step>| {
        // One that has no machines has nothing to wait for.
        let sized = job.steps.iter().any(|step| {
            matches!(step, Step::SizeGroup { before, .. } if before.desired.is_some_and(|desired| desired > 0))
        });
        let name = job.steps.iter().find_map(|step| Some(&step.group()?.name));
        let taken = match name.and_then(|name| tasks.get(name)) {
            _ if !sized => return None,
            Some(Ok(tasks)) if tasks.is_empty() => return None,
            Some(Ok(tasks)) => (Outcome::Unchanged, Code::WaitingForTasks, waiting_for(tasks)),
            Some(Err((code, reason))) => (Outcome::Failed, *code, reason.clone()),
            None => (
                Outcome::Failed,
                Code::Internal,
                "the tasks on its instances were not looked at again".into(),
            ),
        };
        let (outcome, code, reason) = taken;
        Some(Taken { outcome, code, reason })
    };
    without(jobs, waits)
}

fn without(jobs: Vec<Job<Step>>, taken: impl Fn(&Job<Step>) -> Option<Taken>) -> Narrowed<Step> {
    let mut narrowed = Narrowed { jobs: Vec::new(), taken: Vec::new() };
    for job in jobs {
        match taken(&job) {
            None => narrowed.jobs.push(job),
            Some(taken) => narrowed.taken.extend(job.covers.iter().map(|id| (*id, taken.clone()))),
        }
    }
    narrowed
}

fn raced(
    step: &Step,
    fresh: &BTreeMap<ServiceId, Fresh>,
    groups: &BTreeMap<GroupName, FreshGroup>,
) -> Option<String> {
    let (now, before, floor) = match step {
        Step::WriteRecord { service, before, floor, .. } => {
            (fresh.get(service).map(|now| (now.desired_count, &now.record)), before, *floor)
        }
        Step::WriteGroupRecord { group, before, floor, .. } => {
            (groups.get(&group.name).map(|now| (now.desired, &now.record)), before, *floor)
        }
        _ => return None,
    };
    let Some((count, record)) = now else {
        return Some("it is gone since it was started; look at it, and try again".into());
    };
    if record != before {
        return Some("somebody else wrote its record while it was started; try again".into());
    }
    let below = i64::from(count) < i64::from(floor);
    below.then(|| {
        format!("it was set to {floor} and is at {count} again: somebody else changed it; try again")
    })
}
