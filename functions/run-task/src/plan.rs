//! Which calls start the tasks that are missing. Pure.
//!
//! A request's tasks are slots, ten to a chunk. A chunk is first asked for whole, under a token of
//! its own: asked again, AWS answers what it started then, so a run that died loses nothing. What the
//! answer leaves empty is asked for slot by slot, one task a call. Each such call has a token of its
//! slot and its attempt, because AWS may remember a token's failure as well; attempts are numbered
//! by the clock, so that two runs at once have the same.

use serde_json::json;
use shared::ecs::{Failure, Tag, Task};
use shared::names::{Arn, short_name};
use shared::plan::Job;
use shared::report::{Item, Outcome};
use shared::run_task::{Launch, RunTask, Started};
use shared::{Code, Done, ItemId, Made, Plan, Problem};

use crate::ask::{Ask, CHUNK, Keys};
use crate::observe::Snapshot;

/// One call of `RunTask`.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The call.
    pub call: RunTask,
    /// The items of its tasks, in order.
    pub slots: Vec<ItemId>,
}

/// What is known of each slot; `None` where nothing was asked yet.
pub type Slots = Vec<Option<Item>>;

/// What tasks that were started before, under the same key, fill.
///
/// A task with the tag of a slot fills it. That such a task is there says that its chunk was asked for
/// and came up short, so the chunk is not asked for again: AWS forgets a token that started nothing.
#[must_use]
pub fn slots(seen: &Snapshot, ask: &Ask, keys: &Keys) -> Slots {
    let mut slots: Slots = vec![None; ask.count];
    let slot_of = |task: &Task| -> Option<usize> {
        task.tags.iter().find(|tag| tag.key == keys.slot).and_then(|tag| tag.value.parse().ok())
    };
    let short: Vec<usize> = seen.before.iter().filter_map(slot_of).collect();
    for task in &seen.before {
        if let Some(slot) = slot_of(task).and_then(|slot| slots.get_mut(slot)) {
            *slot = Some(started_before(task));
        }
    }
    let chunks: Vec<usize> = (0..ask.count.div_ceil(CHUNK)).collect();
    for chunk in chunks.into_iter().filter(|chunk| short.iter().any(|slot| slot / CHUNK == *chunk)) {
        let whole = |task: &&Task| slot_of(task).is_none() && chunk_of(task, keys) == Some(chunk);
        let mut tasks = seen.before.iter().filter(whole);
        for slot in slots.iter_mut().skip(chunk * CHUNK).take(CHUNK) {
            if slot.is_none() {
                *slot = Some(match tasks.next() {
                    Some(task) => started_before(task),
                    None => open(ask, &no_room("it was not started before")),
                });
            }
        }
    }
    slots
}

/// The chunk whose call started a task.
fn chunk_of(task: &Task, keys: &Keys) -> Option<usize> {
    task.tags.iter().find(|tag| tag.key == keys.chunk).and_then(|tag| tag.value.parse().ok())
}

/// The calls for the slots that are empty.
#[must_use]
pub fn plan(slots: &Slots, launch: &Launch, ask: &Ask, keys: &Keys, attempt: i64) -> Plan<Step> {
    let mut plan = Plan::default();
    for (chunk, slots) in slots.chunks(CHUNK).enumerate() {
        let first = chunk * CHUNK;
        // Nothing was asked yet, or no answer came: the same call under the same token.
        if slots.iter().any(|slot| slot.as_ref().is_none_or(|item| unanswered(item.code))) {
            let ids: Vec<ItemId> = slots.iter().map(|_| plan.decided(to_start(ask))).collect();
            let token = ask.key.token(&format!("chunk {chunk}"));
            let call = call(launch, ask, ids.len(), token, (&keys.chunk, chunk));
            plan.job(0, Job { covers: ids.clone(), steps: vec![Step { call, slots: ids }] });
            continue;
        }
        for (place, item) in slots.iter().flatten().enumerate() {
            let slot = first + place;
            if item.outcome != Outcome::Failed || !item.code.is_some_and(Code::is_retryable) {
                plan.decided(item.clone());
                continue;
            }
            let id = plan.decided(to_start(ask));
            let token = ask.key.token(&format!("slot {slot} attempt {attempt}"));
            let call = call(launch, ask, 1, token, (&keys.slot, slot));
            plan.job(0, Job { covers: vec![id], steps: vec![Step { call, slots: vec![id] }] });
        }
    }
    plan
}

fn call(launch: &Launch, ask: &Ask, count: usize, token: String, place: (&str, usize)) -> RunTask {
    let mut tags = ask.tags.clone();
    tags.push(Tag { key: place.0.to_owned(), value: place.1.to_string() });
    RunTask {
        cluster: ask.cluster.clone(),
        task_definition: ask.task_definition.clone(),
        count: u32::try_from(count).unwrap_or(1),
        token,
        launch: launch.clone(),
        overrides: ask.overrides.clone(),
        tags,
        group: ask.group.clone(),
        started_by: ask.started_by.clone(),
    }
}

/// No answer says what became of the call.
fn unanswered(code: Option<Code>) -> bool {
    matches!(code, Some(Code::Throttled | Code::AwsFailed | Code::Unreachable | Code::OutOfTime))
}

/// Whether asking again may help.
#[must_use]
pub fn may_go_on(slots: &Slots) -> bool {
    slots
        .iter()
        .flatten()
        .any(|item| item.outcome == Outcome::Failed && item.code.is_some_and(Code::is_retryable))
}

/// What a call's answer means for its slots: tasks fill them in order, the rest are refused.
#[must_use]
pub fn settle(step: &Step, started: &Started, before: &[Task]) -> Done {
    let known = |task: &Task| before.iter().any(|old| old.task_arn == task.task_arn);
    let mut tasks: Vec<&Task> = started.tasks.iter().collect();
    tasks.sort_by(|a, b| a.task_arn.cmp(&b.task_arn));
    let mut done = Done::default();
    for (place, id) in step.slots.iter().enumerate() {
        match tasks.get(place) {
            Some(task) => {
                let after = json!({
                    "taskArn": task.task_arn,
                    "lastStatus": task.last_status,
                    "startedBefore": known(task),
                });
                done.made.push((*id, Made { resource: resource(&task.task_arn), after }));
            }
            None => done.refused.push((*id, refusal(&started.failures, place - tasks.len()))),
        }
    }
    done
}

/// Why a task was not started. Whether AWS gives one failure for each task or one for each instance
/// is not documented: a task's own is taken where there is one, and it may go well later if any of
/// them may.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
fn refusal(failures: &[Failure], place: usize) -> Problem {
    let Some(failure) = failures.get(place).or(failures.last()) else {
        return Problem::new(Code::NotStarted, "AWS did not start it, and did not say why");
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
pub fn recognised(mut items: Vec<Item>) -> Vec<Item> {
    for item in &mut items {
        let before = item.after.as_ref().is_some_and(|after| after["startedBefore"] == true);
        if before && item.outcome == Outcome::Changed {
            item.outcome = Outcome::Unchanged;
            item.code = Some(Code::AlreadyStarted);
            item.reason = "started before, under the same key".into();
        }
    }
    items
}

fn no_room(text: &str) -> Problem {
    Problem::new(Code::NoCapacity, text)
}

fn open(ask: &Ask, problem: &Problem) -> Item {
    Item::failed(&format!("task/{}", ask.cluster), problem)
}

fn to_start(ask: &Ask) -> Item {
    let reason = format!("a task of {}", ask.task_definition);
    Item::new(&format!("task/{}", ask.cluster), Outcome::Changed, None, reason)
}

fn started_before(task: &Task) -> Item {
    let mut item = Item::new(
        &resource(&task.task_arn),
        Outcome::Unchanged,
        Some(Code::AlreadyStarted),
        "started before, under the same key",
    );
    item.after =
        Some(json!({ "taskArn": task.task_arn, "lastStatus": task.last_status, "startedBefore": true }));
    item
}

fn resource(arn: &str) -> String {
    arn.parse::<Arn>().map_or_else(|_| arn.to_owned(), |arn| arn.resource)
}
