//! Waiting for what was started: until it runs, or until it has ended and its verdict is known.

use jiff::Timestamp;
use shared::ecs::{Task, TaskDefinition};
use shared::names::{TaskId, short_name};
use shared::report::{Outcome, Warning};
use shared::settings::Settings;
use shared::{Answer, Code, Problem};
use shared_aws::Read;

use crate::ask::Ask;
use crate::effect::Item;
use crate::report::{report, task_arn};
use crate::request::Until;
use crate::verdict::{Verdict, verdict};

/// The answer once every started task is as the request wants it, or the time is up.
pub(crate) async fn wait(
    read: &Read,
    mut items: Vec<Item>,
    definition: &TaskDefinition,
    ask: &Ask,
    settings: &Settings,
    now: Timestamp,
) -> Result<Answer, Problem> {
    let Some((until, patience)) = ask.wait else {
        return Ok(Answer::Report(report(items, ask, settings, now)));
    };
    let id = |item: &Item| short_name(task_arn(item)?).parse::<TaskId>().ok();
    let ids: Vec<TaskId> = items.iter().filter_map(id).collect();
    let is_there = |task: &Task| match until {
        Until::Running => task.started_at.is_some() || task.last_status == "STOPPED",
        Until::Stopped => task.last_status == "STOPPED",
    };
    let seen = read.tasks_once(&ask.cluster, &ids, patience, is_there).await;
    let mut waiting = false;
    for item in &mut items {
        let Some(arn) = task_arn(item) else { continue };
        match seen.iter().find(|task| task.task_arn == arn) {
            Some(task) => {
                waiting |= !is_there(task);
                judge(item, task, definition, ask, until);
            }
            None => waiting = true,
        }
    }
    let report = report(items, ask, settings, now);
    if !waiting {
        return Ok(Answer::Report(report));
    }
    if report.ok {
        Ok(Answer::tasks_under_way(&ask.cluster, &ids, report))
    } else {
        Ok(Answer::Report(report))
    }
}

fn judge(item: &mut Item, task: &Task, definition: &TaskDefinition, ask: &Ask, until: Until) {
    let short = short_name(&task.task_arn);
    item.after = item.after.take().map(|started| started.watched(task));
    match verdict(task, definition, &ask.verdict_of) {
        Verdict::Running if until == Until::Stopped || task.started_at.is_none() => {
            item.reason = format!("{short} is {}", task.last_status);
        }
        Verdict::Running => item.reason = format!("{short} is running"),
        Verdict::Done { how, reasons } => {
            let although = match reasons.as_slice() {
                [] => String::new(),
                reasons => format!(", although {}", reasons.join(", ")),
            };
            item.reason = format!("{short}: {how}{although}");
            let warning = |reason| Warning::new(Code::ContainerReason, reason);
            item.warnings.extend(reasons.into_iter().map(warning));
        }
        Verdict::Failed(why) => {
            item.outcome = Outcome::Failed;
            item.code = Some(Code::TaskFailed);
            item.reason = format!("{short}: {why}");
        }
    }
}
