//! Which calls start the tasks that are missing. Pure.
//!
//! A request's tasks are slots, ten to a chunk. A chunk is asked for whole, under a token of its own,
//! until that token has started something: AWS then answers the same tasks, and starts no more under
//! it. What they leave empty is asked for slot by slot, one task a call, under a token of the slot.
//!
//! **Every token may start its tasks once, and no two tokens the same task.** A token is a hash of
//! cluster, key and place alone, so all runs under a key send the same, whenever they looked and
//! whatever they saw; and no run asks for a slot alone before the chunk's token is bound. So runs that
//! overlap never start more than the request's count, as long as AWS remembers the tokens. What ECS's
//! lists show is only needed once it does not.
//!
//! A token that started nothing is taken for free: AWS binds it to tasks, its conflict names those
//! "already associated with the clientToken", and it lives as long as they do. Should AWS remember a
//! refusal after all, a repeat under the key would hear it again for a day; it would start nothing too
//! much. Where no other run can have the key, a refused call is made again under another token.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>

mod slots;
#[cfg(test)]
mod tests;

use serde_json::json;
use shared::ecs::{Failure, Tag, Task, TaskDefinition};
use shared::names::{Arn, TaskDefinitionName, short_name};
use shared::plan::Job;
use shared::report::{Outcome, Warning};
use shared::run_task::{Launch, RunTask, Started};
use shared::{Code, Done, ItemId, Made, Plan, Problem};

use crate::ask::{Ask, CHUNK, Keys, hex};
use crate::effect::{Item, StartedTask};

use slots::Next;
pub(crate) use slots::REMEMBERED;
pub use slots::Slots;

/// The first call's stage, and the others': what goes for all of them shows at the first.
const FIRST: usize = 0;
pub(crate) const REST: usize = 1;

/// The stop code of a task that was stopped by a call of `StopTask`.
///
/// Source: `stopCode` in <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>
const BY_SOMEBODY: &str = "UserInitiated";

/// One call of `RunTask`.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The call.
    pub call: RunTask,
    /// The items of its tasks, in order.
    pub slots: Vec<ItemId>,
}

/// What all calls of a request have in common; the count and the token are each call's own.
///
/// The definition is the revision that was looked at, so that all tasks of a request are of one. The
/// tag of the run holds a hash of all of it: the same key with another request is found out by the
/// tasks that run, where AWS's own tokens do not tell.
#[must_use]
pub fn base(ask: &Ask, launch: Launch, definition: &TaskDefinition, keys: &Keys) -> RunTask {
    let revision = u32::try_from(definition.revision).ok().filter(|revision| *revision > 0);
    let family = ask.task_definition.family.clone();
    let task_definition = TaskDefinitionName { family, revision };
    let request = json!({
        "cluster": ask.cluster.as_str(),
        "taskDefinition": task_definition.to_string(),
        "count": ask.count,
        "launch": launch,
        "options": ask.options,
        "overrides": ask.overrides,
        "tags": ask.tags,
        "group": ask.group,
        "startedBy": ask.started_by,
    });
    let request: String = hex(&request.to_string()).chars().take(16).collect();
    let mut tags = ask.tags.clone();
    tags.push(Tag { key: keys.run.clone(), value: format!("{}.{request}", ask.key.hash) });
    RunTask {
        cluster: ask.cluster.clone(),
        task_definition,
        count: 0,
        token: String::new(),
        launch,
        options: ask.options.clone(),
        overrides: ask.overrides.clone(),
        tags,
        group: ask.group.clone(),
        started_by: ask.started_by.clone(),
    }
}

/// Why this is another request than the one whose tasks run under the key, if it is.
#[must_use]
pub fn conflict(before: &[Task], base: &RunTask, keys: &Keys) -> Option<Problem> {
    let run = |tags: &[Tag]| tags.iter().find(|tag| tag.key == keys.run).map(|tag| tag.value.clone());
    let ours = run(&base.tags);
    // What has lost its tags says nothing of its request.
    let is_others = |task: &&Task| run(&task.tags).is_some_and(|run| Some(run) != ours);
    let others: Vec<&str> = before.iter().filter(is_others).map(|task| task.task_arn.as_str()).collect();
    (!others.is_empty()).then(|| {
        let detail = format!(
            "under this key another request has started {}: use another key, or send the same request",
            others.join(", ")
        );
        Problem::new(Code::IdempotencyConflict, detail)
    })
}

/// The calls for the slots that are empty, one item a slot, in order.
#[must_use]
pub fn plan(slots: &mut Slots, base: &RunTask, ask: &Ask, keys: &Keys) -> Plan<Step, StartedTask> {
    let mut plan = Plan::default();
    let mut stage = FIRST;
    for (chunk, slots) in slots.chunks() {
        let mut covers = Vec::new();
        for (place, slot) in slots.iter().enumerate() {
            if let Some(item) = slot.item.as_ref().filter(|_| !slot.may_go_on()) {
                plan.decided(item.clone());
                continue;
            }
            let id = plan.decided(to_start(ask));
            if slot.next == Next::Whole {
                covers.push((id, slot.refused));
                continue;
            }
            let number = chunk * CHUNK + place;
            let token = token(ask, &format!("slot {number}"), slot.refused);
            let call = call(base, 1, token, (&keys.slot, number));
            plan.job(stage, Job { covers: vec![id], steps: vec![Step { call, slots: vec![id] }] });
            stage = REST;
        }
        if let Some(refused) = covers.iter().map(|(_, refused)| *refused).max() {
            let ids: Vec<ItemId> = covers.into_iter().map(|(id, _)| id).collect();
            let token = token(ask, &format!("chunk {chunk}"), refused);
            // The same count each time: what is there already is among what the token started.
            let call = call(base, slots.len(), token, (&keys.chunk, chunk));
            plan.job(stage, Job { covers: ids.clone(), steps: vec![Step { call, slots: ids }] });
            stage = REST;
        }
    }
    plan
}

/// The token of a call for this place. Where no other run can have the key, a call that AWS refused is
/// another call when it is made again: AWS may remember a token's refusal as well.
fn token(ask: &Ask, place: &str, refused: u32) -> String {
    if refused == 0 || ask.key.may_repeat {
        ask.key.token(place)
    } else {
        ask.key.token(&format!("{place} after {refused}"))
    }
}

fn call(base: &RunTask, count: usize, token: String, place: (&str, usize)) -> RunTask {
    let mut tags = base.tags.clone();
    tags.push(Tag { key: place.0.to_owned(), value: place.1.to_string() });
    RunTask { count: u32::try_from(count).unwrap_or(1), token, tags, ..base.clone() }
}

/// No answer says what became of the call.
#[must_use]
pub(crate) fn is_unknown(code: Option<Code>) -> bool {
    matches!(code, Some(Code::AwsFailed | Code::Unreachable | Code::OutOfTime))
}

/// What a call's answer means for its slots: tasks fill them in order, the rest are refused.
#[must_use]
pub fn settle(step: &Step, started: &Started, before: &[Task]) -> Done<StartedTask> {
    let known = |task: &Task| before.iter().any(|old| old.task_arn == task.task_arn);
    let mut tasks: Vec<&Task> = started.tasks.iter().collect();
    tasks.sort_by(|a, b| a.task_arn.cmp(&b.task_arn));
    let mut done = Done::default();
    for (place, id) in step.slots.iter().enumerate() {
        if let Some(task) = tasks.get(place) {
            let after = StartedTask::of(task, known(task));
            done.made.push((*id, Made { resource: resource(&task.task_arn), after }));
        } else {
            let problem = refusal(&started.failures, place - tasks.len(), !tasks.is_empty());
            done.refused.push((*id, problem));
        }
    }
    done
}

/// Why a task was not started. Whether AWS gives one failure for each task or one for each instance
/// is not documented: a task's own is taken where there is one, and it may go well later if any of
/// them may.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
fn refusal(failures: &[Failure], place: usize, others: bool) -> Problem {
    let Some(failure) = failures.get(place).or(failures.last()) else {
        // What it started of the same it may start later; of a call that it answers again it may leave
        // the failures out.
        let code = if others { Code::NoCapacity } else { Code::NotStarted };
        return Problem::new(code, "AWS did not start it, and did not say why");
    };
    let later = |failure: &Failure| {
        let reason = failure.reason.as_str();
        reason.starts_with("RESOURCE:")
            || reason == "AGENT"
            || reason.to_ascii_lowercase().contains("capacity")
    };
    let detail = failure.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
    let on = match short_name(&failure.arn) {
        "" => String::new(),
        arn => format!(" (on {arn})"),
    };
    let text = format!("AWS did not start it: {}{detail}{on}", failure.reason);
    let code = if failures.iter().any(later) { Code::NoCapacity } else { Code::NotStarted };
    Problem::new(code, text)
}

/// The items as they are reported: what AWS had started before is not changed.
#[must_use]
pub fn recognised(items: Vec<Item>, before: &[Task]) -> Vec<Item> {
    let recognise = |item: Item| match item.after.as_ref().filter(|after| after.started_before) {
        Some(after) if item.outcome == Outcome::Changed => {
            let is_it = |task: &&Task| task.task_arn == after.task_arn;
            before.iter().find(is_it).map_or(item.clone(), started_before)
        }
        _ => item,
    };
    items.into_iter().map(recognise).collect()
}

fn to_start(ask: &Ask) -> Item {
    let reason = format!("a task of {}", ask.task_definition);
    Item::new(&format!("task/{}", ask.cluster), Outcome::Changed, None, reason)
}

fn started_before(task: &Task) -> Item {
    let reason = "started before, under the same key";
    let mut item =
        Item::new(&resource(&task.task_arn), Outcome::Unchanged, Some(Code::AlreadyStarted), reason);
    item.after = Some(StartedTask::of(task, true));
    if task.stop_code.as_deref() == Some(BY_SOMEBODY) {
        let because = task.stopped_reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let detail = format!(
            "somebody stopped it since{because}. Under the same key it is not started again: use another key"
        );
        item.warnings.push(Warning::new(Code::AlreadyStopped, detail));
    }
    item
}

/// A task of a call that no answer came to.
fn found_again(task: &Task) -> Item {
    let reason = "started: no answer came, and its tags tell it";
    let mut item = Item::new(&resource(&task.task_arn), Outcome::Changed, None, reason);
    item.after = Some(StartedTask::of(task, false));
    item
}

fn resource(arn: &str) -> String {
    arn.parse::<Arn>().map_or_else(|_| arn.to_owned(), |arn| arn.resource)
}
