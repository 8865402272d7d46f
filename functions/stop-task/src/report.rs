//! What a run did, in one line that can be posted as it is.

use shared::names::TaskId;
use shared::report::{Outcome, Report};
use shared::settings::Settings;

use crate::ask::{Ask, Tasks};
use crate::effect::{Item, task_id};

/// How many tasks a summary names.
const NAMED: usize = 3;

/// The report of these items.
pub(crate) fn report(items: Vec<Item>, ask: &Ask, settings: &Settings) -> Report {
    let summary = format!("{}: {}", settings.headline(Some(ask.cluster.as_str())), summary(&items, ask));
    Report::new(summary, ask.dry_run, items, Vec::new())
}

fn summary(items: &[Item], ask: &Ask) -> String {
    let would = if ask.dry_run { "would be " } else { "" };
    let mut parts = Vec::new();
    for (outcome, words) in [
        (Outcome::Changed, format!("{would}stopped")),
        (Outcome::Unchanged, "already stopped".into()),
        (Outcome::Skipped, "skipped: services keep them".into()),
        (Outcome::Failed, "failed".into()),
        (Outcome::NotAttempted, "not attempted".into()),
    ] {
        let of: Vec<&Item> = items.iter().filter(|item| item.outcome == outcome).collect();
        if of.is_empty() {
            continue;
        }
        let named = of.iter().take(NAMED);
        let names: Vec<&str> =
            named.map(|item| task_id(item).map_or(item.resource.as_str(), TaskId::as_str)).collect();
        let rest = of.len().saturating_sub(NAMED);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let count = if of.len() == 1 { "1 task".into() } else { format!("{} tasks", of.len()) };
        parts.push(format!("{count} {words} ({}{more})", names.join(", ")));
    }
    if parts.is_empty() {
        let what = match &ask.tasks {
            Tasks::One(task, _) => task.to_string(),
            Tasks::Many { family: Some(family), .. } => format!("family {family}"),
            Tasks::Many { started_by, .. } => {
                format!("startedBy {}", started_by.as_deref().unwrap_or_default())
            }
        };
        return format!("no task of {what} is running");
    }
    parts.join(", ")
}
