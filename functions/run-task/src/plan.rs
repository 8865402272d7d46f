//! Which calls start the tasks that are missing. Pure.
//!
//! A request's tasks are slots, ten to a chunk. A chunk is first asked for whole, under a token of
//! its own: asked again, AWS answers what it started then, so a run that died loses nothing. What the
//! answer leaves empty is asked for slot by slot, one task a call. Each such call has a token of its
//! slot and its attempt, because AWS may remember a token's failure as well; attempts are numbered
//! by the clock. A call that no answer came to is made again as it was, and no other in its place.
//!
//! A token that started nothing may be forgotten, so tokens alone do not keep runs at once apart:
//! what is running under the key is read again before each attempt. What another run starts between
//! that reading and the call, and what ECS's lists do not show yet, is left to chance.

mod slots;

use serde_json::json;
use shared::ecs::{Failure, Tag, Task, TaskDefinition};
use shared::names::{Arn, TaskDefinitionName, short_name};
use shared::plan::Job;
use shared::report::Outcome;
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
    let others: Vec<&str> =
        before.iter().filter(|task| run(&task.tags) != ours).map(|task| task.task_arn.as_str()).collect();
    (!others.is_empty()).then(|| {
        let detail = format!(
            "under this key another request has started {}: use another key, or send the same request",
            others.join(", ")
        );
        Problem::new(Code::IdempotencyConflict, detail)
    })
}

/// The calls for the slots that are empty, one item a slot, in order. `attempt` numbers those that are
/// made anew.
#[must_use]
pub fn plan(
    slots: &mut Slots,
    base: &RunTask,
    ask: &Ask,
    keys: &Keys,
    attempt: i64,
) -> Plan<Step, StartedTask> {
    let mut plan = Plan::default();
    let mut stage = FIRST;
    for (chunk, slots) in slots.chunks() {
        if slots.iter().any(|slot| slot.next == Next::Whole) {
            let ids: Vec<ItemId> = slots.iter().map(|_| plan.decided(to_start(ask))).collect();
            let token = ask.key.token(&format!("chunk {chunk}"));
            let call = call(base, ids.len(), token, (&keys.chunk, chunk));
            plan.job(stage, Job { covers: ids.clone(), steps: vec![Step { call, slots: ids }] });
            stage = REST;
            continue;
        }
        for (place, slot) in slots.iter_mut().enumerate() {
            let number = chunk * CHUNK + place;
            if let Some(item) = slot.item.as_ref().filter(|_| !slot.may_go_on()) {
                plan.decided(item.clone());
                continue;
            }
            let id = plan.decided(to_start(ask));
            let token = match &slot.next {
                Next::Again(token) => token.clone(),
                _ => ask.key.token(&format!("slot {number} attempt {attempt}")),
            };
            slot.next = Next::Again(token.clone());
            let call = call(base, 1, token, (&keys.slot, number));
            plan.job(stage, Job { covers: vec![id], steps: vec![Step { call, slots: vec![id] }] });
            stage = REST;
        }
    }
    plan
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
        match tasks.get(place) {
            Some(task) => {
                let after = StartedTask::of(task, known(task));
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
        let before = item.after.as_ref().is_some_and(|after| after.started_before);
        if before && item.outcome == Outcome::Changed {
            item.outcome = Outcome::Unchanged;
            item.code = Some(Code::AlreadyStarted);
            item.reason = "started before, under the same key".into();
        }
    }
    items
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
