//! What a run did, in one line that can be posted as it is.

use serde_json::Value;
use shared::report::{Item, Outcome, Report, Warning};
use shared::settings::Settings;
use shared::{Code, names};

use crate::ask::{Ask, Target, Verb};

/// How many services a summary names.
const NAMED: usize = 5;

/// The report of these items.
pub(crate) fn report(items: Vec<Item>, unmatched: &[String], ask: &Ask, settings: &Settings) -> Report {
    let warnings =
        unmatched.iter().map(|pattern| Warning::new(Code::NoMatch, format!("{pattern} matches nothing")));
    let warnings = warnings.collect();
    let where_to = match &ask.target {
        Target::One(id) => Some(id.cluster.to_string()),
        Target::Cluster(cluster, _) => Some(cluster.to_string()),
        Target::Group(name) => Some(name.to_string()),
        Target::Clusters(patterns, _) => {
            let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
            (!patterns.iter().any(|pattern| pattern == "*")).then(|| patterns.join(", "))
        }
    };
    let summary = format!("{}: {}", settings.headline(where_to.as_deref()), summary(&items, ask));
    let report = Report::new(summary, ask.dry_run, items, warnings);
    // A metric of failed items has the alarm, and the next tick goes on.
    Report { recurs: ask.verb == Verb::Reconcile && ask.change.is_none(), ..report }
}

/// Where to look for what reconcile finishes, if it has something to finish and all else is done.
pub(crate) fn under_way(report: &Report, ask: &Ask) -> Option<String> {
    let stopping = |item: &Item| item.after.as_ref().is_some_and(|after| after.get("stopping").is_some());
    if report.dry_run || !report.ok || report.partial().is_some() || !report.items.iter().any(stopping) {
        return None;
    }
    Some(match &ask.target {
        Target::Cluster(cluster, _) => format!("/v1/clusters/{cluster}?include=capacity"),
        _ => "/v1/auto-scaling-groups".into(),
    })
}

fn summary(items: &[Item], ask: &Ask) -> String {
    let of = |outcome| items.iter().filter(move |item| item.outcome == outcome).collect::<Vec<_>>();
    let changed = of(Outcome::Changed);
    let (groups, others): (Vec<&Item>, Vec<&Item>) = changed.iter().partition(|item| is_a_group(item));
    let would = if ask.dry_run { "would be " } else { "" };
    let mut parts = Vec::new();
    if ask.verb == Verb::Reconcile {
        parts.extend(overridden(&others, ask));
        parts.extend(reconciled(&others, would));
    } else if !others.is_empty() {
        let (state, detail) = match ask.verb {
            Verb::Stop => ("off", named(&others, |item| number(item.after.as_ref(), "saved"), " saved")),
            Verb::Start => ("on", named(&others, |item| number(item.after.as_ref(), "desiredCount"), "")),
            _ => ("scaled", named(&others, |item| Some(scaled(item, "desiredCount")), "")),
        };
        parts.push(format!("{} {would}{state}{detail}", counted(&others)));
    }
    parts.extend(of_groups(&groups, would));
    for (outcome, words) in [
        (Outcome::Unchanged, "unchanged"),
        (Outcome::Skipped, "skipped"),
        (Outcome::Failed, "failed"),
        (Outcome::NotAttempted, "not attempted"),
    ] {
        let mut items = of(outcome);
        // Those are told at the end.
        items.retain(|item| !waits_for_tasks(item));
        if items.is_empty() {
            continue;
        }
        let detail = match outcome {
            Outcome::Unchanged => String::new(),
            _ => named(&items, |item| item.code.map(|code| code.to_string()), ""),
        };
        let count = if parts.is_empty() { counted(&items) } else { items.len().to_string() };
        parts.push(format!("{count} {words}{detail}"));
    }
    let outside = items.iter().filter(|item| runs_outside_its_schedule(item)).count();
    if outside > 0 {
        parts.push(format!("{outside} on outside their schedule"));
    }
    let waiting: Vec<&Item> = items.iter().filter(|item| waits_for_tasks(item)).collect();
    if !waiting.is_empty() {
        parts.push(format!("{} waiting for tasks{}", counted(&waiting), named(&waiting, |_| None, "")));
    }
    match (parts.is_empty(), ask.verb) {
        (true, Verb::Reconcile) => "no service follows a schedule".into(),
        (true, _) => "no service matches".into(),
        (false, _) => parts.join(", "),
    }
}

/// What a reconcile changed, by what became of it.
fn reconciled(changed: &[&Item], would: &str) -> Vec<String> {
    let count = |of: &Option<Value>| number(of.as_ref(), "desiredCount");
    let kind = |item: &Item| match item {
        _ if field(item, "adopted").is_some() => "adopted",
        _ if field(item, "override").is_some() && count(&item.before) == count(&item.after) => "as it was",
        _ if field(item, "desiredCount").is_some_and(|count| count == 0) => "off",
        _ => "on",
    };
    let mut parts = Vec::new();
    for state in ["off", "on", "adopted"] {
        let those: Vec<&Item> = changed.iter().copied().filter(|item| kind(item) == state).collect();
        if !those.is_empty() {
            let (count, tail) = if state == "off" { ("saved", " saved") } else { ("desiredCount", "") };
            let detail = named(&those, |item| number(item.after.as_ref(), count), tail);
            parts.push(format!("{} {would}{state}{detail}", counted(&those)));
        }
    }
    parts
}

/// Overrides that were set, ended or removed, and of what.
fn overridden(changed: &[&Item], ask: &Ask) -> Vec<String> {
    let fleet = matches!(ask.target, Target::Clusters(..));
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for item in changed {
        let Some(said) = field(item, "override").and_then(|said| said.as_str().map(str::to_owned)) else {
            continue;
        };
        let of = match item.resource.split_once('/') {
            Some(("cluster", _)) if fleet => &item.resource,
            Some(("cluster", _)) => "the cluster",
            _ => names::short_name(&item.resource),
        };
        match told.iter_mut().find(|(known, _)| *known == said) {
            Some((_, names)) => names.push(of),
            None => told.push((said, vec![of])),
        }
    }
    told.into_iter().map(|(said, names)| format!("{said} ({})", names.join(", "))).collect()
}

fn runs_outside_its_schedule(item: &Item) -> bool {
    let after = item.after.as_ref();
    let wanted = after.and_then(|after| after.get("wanted")).and_then(Value::as_str);
    let count = after.and_then(|after| after.get("desiredCount").or_else(|| after.get("desiredCapacity")));
    let is_on = count.and_then(Value::as_i64) > Some(0);
    item.outcome == Outcome::Unchanged && wanted == Some("off") && is_on && !waits_for_tasks(item)
}

/// What became of the groups that were changed.
fn of_groups(changed: &[&Item], would: &str) -> Vec<String> {
    let kind = |item: &Item| match item {
        _ if field(item, "adopted").is_some() => "adopted",
        _ if field(item, "stopping").is_some() => "stopping",
        _ if field(item, "maxSize").is_some() => "scaled",
        _ if field(item, "desiredCapacity").is_some_and(|count| count == 0) => "off",
        _ => "on",
    };
    let mut parts = Vec::new();
    for state in ["stopping", "off", "on", "scaled", "adopted"] {
        let those: Vec<&Item> = changed.iter().copied().filter(|item| kind(item) == state).collect();
        if those.is_empty() {
            continue;
        }
        let after = |item: &Item, field| number(item.after.as_ref(), field);
        let detail = match state {
            "scaled" => named(&those, |item| Some(scaled(item, "desiredCapacity")), ""),
            "stopping" | "off" => named(&those, |item| after(item, "saved"), " saved"),
            _ => named(&those, |item| after(item, "desiredCapacity"), ""),
        };
        parts.push(format!("{} {would}{state}{detail}", counted(&those)));
    }
    parts
}

fn field(item: &Item, name: &str) -> Option<Value> {
    item.after.as_ref().and_then(|after| after.get(name)).cloned()
}

fn is_a_group(item: &Item) -> bool {
    item.resource.contains("autoScalingGroupName/")
}

fn waits_for_tasks(item: &Item) -> bool {
    item.outcome == Outcome::Unchanged && item.code == Some(Code::WaitingForTasks)
}

/// `3 services`, `1 group`, `3 services and 1 group`.
fn counted(items: &[&Item]) -> String {
    let groups = items.iter().filter(|item| is_a_group(item)).count();
    let words = |count: usize, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {one}s")),
    };
    let words = [words(items.len() - groups, "service"), words(groups, "group")];
    words.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

fn named(items: &[&Item], detail: impl Fn(&Item) -> Option<String>, tail: &str) -> String {
    let mut names: Vec<String> = items
        .iter()
        .take(NAMED)
        .map(|item| {
            let name = names::short_name(&item.resource);
            detail(item).map_or_else(|| name.to_owned(), |detail| format!("{name} {detail}"))
        })
        .collect();
    if items.len() > NAMED {
        names.push(format!("and {} more", items.len() - NAMED));
    }
    format!(" ({}{tail})", names.join(", "))
}

fn number(of: Option<&Value>, field: &str) -> Option<String> {
    of?.get(field)?.as_i64().map(|n| n.to_string())
}

fn scaled(item: &Item, field: &str) -> String {
    let count = |of: &Option<Value>, field: &str| number(of.as_ref(), field).unwrap_or_default();
    let (before, after) = (count(&item.before, field), count(&item.after, field));
    let bounds = |of| format!("{} and {}", count(of, "minSize"), count(of, "maxSize"));
    match bounds(&item.after) {
        now if before == after && now != " and " => format!("{after}, between {now}"),
        _ => format!("{before} to {after}"),
    }
}
