//! A rehearsal, for people: tables, and the summary as the last line.

use std::collections::BTreeMap;

use emulator::LeftOut;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use shared_lambda::table;

use super::report::{Rehearsal, Risk, Told, TurnTo};

/// So many names are listed; the JSON has all of them.
const NAMES: usize = 4;
/// A line of a table's last column is about so long.
const WIDTH: usize = 90;

/// All of it.
#[must_use]
pub fn render(rehearsal: &Rehearsal) -> String {
    let zone = TimeZone::get(&rehearsal.zone).unwrap_or(TimeZone::UTC);
    let clock = |at: Timestamp| at.to_zoned_datetime(zone.clone()).strftime("%a %d %b %H:%M").to_string();
    let mut parts = vec![format!(
        "{} in {}, from {} to {} ({})",
        or_nothing(&rehearsal.account),
        or_nothing(&rehearsal.region),
        clock(rehearsal.from),
        clock(rehearsal.until),
        rehearsal.zone
    )];
    parts.push(week(rehearsal, &clock));
    if !rehearsal.will_not_wake.is_empty() {
        let rows = rehearsal.will_not_wake.iter().map(risk).collect::<Vec<_>>();
        parts.push(titled("What will not wake", &["service", "wakes", "morning", "why"], &rows));
    }
    if !rehearsal.not_done.is_empty() {
        let rows = folded(&rehearsal.not_done, &clock);
        parts.push(titled("What is not done", &["what", "which", "when", "times", "why"], &rows));
    }
    if !rehearsal.warnings.is_empty() {
        let rows = folded(&rehearsal.warnings, &clock);
        parts.push(titled("What else the runs say", &["what", "which", "when", "times", "why"], &rows));
    }
    if !rehearsal.prunings.is_empty() {
        let rows: Vec<Vec<String>> =
            rehearsal.prunings.iter().map(|it| vec![clock(it.at), it.summary.clone()]).collect();
        parts.push(titled("The nightly pruning", &["when", "what it says"], &rows));
    }
    parts.push(titled("What it comes to", &["what", "how much"], &figures(rehearsal)));
    if !rehearsal.left_out.is_empty() {
        let rows = rehearsal.left_out.iter().map(left_out).collect::<Vec<_>>();
        parts.push(titled("What is not played", &["what of the account", "which"], &rows));
    }
    parts.push(rehearsal.summary.clone());
    parts.join("\n\n") + "\n"
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "an account" } else { text }
}

fn titled(title: &str, headings: &[&str], rows: &[Vec<String>]) -> String {
    format!("{title}\n\n{}", table::render(headings, rows))
}

/// What goes off and comes back, instant by instant.
fn week(rehearsal: &Rehearsal, clock: &impl Fn(Timestamp) -> String) -> String {
    let mut by_instant: BTreeMap<(Timestamp, TurnTo), Vec<String>> = BTreeMap::new();
    for course in &rehearsal.courses {
        for turn in &course.turns {
            let size = match turn.to {
                TurnTo::Off => turn.before,
                _ => turn.after,
            };
            let size = size.map(|it| format!(" {it}")).unwrap_or_default();
            let name = format!("{}{size}", short(&course.resource));
            by_instant.entry((turn.at, turn.to)).or_default().push(name);
        }
    }
    if by_instant.is_empty() {
        return nothing(rehearsal);
    }
    let rows: Vec<Vec<String>> = by_instant
        .into_iter()
        .map(|((at, to), names)| {
            vec![clock(at), said(to).to_owned(), names.len().to_string(), some_of(&names)]
        })
        .collect();
    titled("What goes off and comes back", &["when", "what", "how many", "which, with their sizes"], &rows)
}

/// What is said where no run turns anything off or on, and what to do for one that does.
pub(super) fn nothing(rehearsal: &Rehearsal) -> String {
    let none = "Nothing goes off, and nothing comes back.";
    if rehearsal.fleet.scheduled > 0 {
        return none.to_owned();
    }
    format!(
        "{none} No run touches any of the {} services: give them a schedule by their tags or their clusters', or all \
         of them one by --default-schedule; and --clusters says in which clusters schedules act.",
        rehearsal.fleet.services
    )
}

pub(super) fn said(to: TurnTo) -> &'static str {
    match to {
        TurnTo::Adopted => "adopted",
        TurnTo::Off => "off",
        TurnTo::Starting => "starting",
        TurnTo::On => "on again",
        TurnTo::NotWhole => "not whole",
        TurnTo::Changed => "changed",
    }
}

fn risk(of: &Risk) -> Vec<String> {
    let morning = of.morning.clone().unwrap_or_else(|| "-".to_owned());
    let why = wrapped(&format!("{}: {}", of.code, of.reason));
    vec![short(&of.resource).to_owned(), of.can_wake.clone(), morning, why]
}

/// What many say in the same words is one row.
fn folded(told: &[Told], clock: &impl Fn(Timestamp) -> String) -> Vec<Vec<String>> {
    let mut by_reason: Vec<((&str, &str), Vec<&Told>)> = Vec::new();
    for one in told {
        let key = (one.outcome.as_str(), one.code.as_str());
        match by_reason.iter_mut().find(|(known, all)| {
            *known == key && all.first().is_some_and(|it| it.reason == one.reason || all.len() >= NAMES)
        }) {
            Some((_, all)) => all.push(one),
            None => by_reason.push((key, vec![one])),
        }
    }
    let row = |((outcome, code), all): ((&str, &str), Vec<&Told>)| {
        let names: Vec<String> = all.iter().map(|it| short(&it.resource).to_owned()).collect();
        let first = all.iter().map(|it| it.first).min().unwrap_or_default();
        let last = all.iter().map(|it| it.last).max().unwrap_or_default();
        let when = if first == last { clock(first) } else { format!("{} to {}", clock(first), clock(last)) };
        let times: usize = all.iter().map(|it| it.times).sum();
        let reason = all.first().map(|it| it.reason.as_str()).unwrap_or_default();
        let what = if code.is_empty() { outcome.to_owned() } else { format!("{outcome} ({code})") };
        vec![what, some_of(&names), when, times.to_string(), wrapped(reason)]
    };
    by_reason.into_iter().map(row).collect()
}

fn figures(of: &Rehearsal) -> Vec<Vec<String>> {
    let row = |what: &str, how_much: String| vec![what.to_owned(), how_much];
    let savings = &of.savings;
    vec![
        row(
            "services, and those that a run changes",
            format!("{}, {}", of.fleet.services, of.fleet.scheduled),
        ),
        row("clusters, groups of machines", format!("{}, {}", of.fleet.clusters, of.fleet.groups)),
        row("task-hours not run", format!("{:.0} of {:.0}", savings.task_hours, savings.task_hours_without)),
        row(
            "vCPU-hours and GiB-hours not run",
            format!("{:.0}, {:.0}", savings.vcpu_hours, savings.memory_gib_hours),
        ),
        row("instance-hours not run", format!("{:.0}", savings.instance_hours)),
        row("runs of reconcile", format!("{}, {} of them quiet", of.runs.ticks, of.runs.quiet)),
        row(
            "AWS calls to look, and to change, of those that were fired",
            format!("{}, {}", of.runs.reads, of.runs.writes),
        ),
        row("calls that AWS throttles", of.runs.throttled.to_string()),
    ]
}

fn left_out(of: &LeftOut) -> Vec<String> {
    let names: Vec<String> = of.concerns.iter().map(|it| short(it).to_owned()).collect();
    let which = if names.is_empty() { "all".to_owned() } else { some_of(&names) };
    vec![wrapped(&of.what), which]
}

/// `prod/users` of `service/prod/users`; the rest as it is.
fn short(resource: &str) -> &str {
    resource.strip_prefix("service/").unwrap_or(resource)
}

fn some_of(names: &[String]) -> String {
    let some = names.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => some,
        more => format!("{some} and {more} more"),
    }
}

/// A text in lines of about the width.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}
