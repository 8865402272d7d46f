//! A rehearsal as a page: the same as the text, with every service.

use std::collections::BTreeMap;

use emulator::LeftOut;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use shared_lambda::page::{Cell, Page, document, facts, instant, state, table};

use super::report::{Course, Rehearsal, Told, TurnTo};

/// A list of more rows is folded.
const UNFOLDED: usize = 50;

/// The document.
#[must_use]
pub fn render(rehearsal: &Rehearsal) -> String {
    let zone = TimeZone::get(&rehearsal.zone).unwrap_or(TimeZone::UTC);
    document(&Page {
        title: "Rehearsal".to_owned(),
        window: "Rehearsal".to_owned(),
        request: "cargo local rehearse --html".to_owned(),
        commands: vec![("as JSON".to_owned(), "cargo local rehearse --json".to_owned())],
        trail: Vec::new(),
        tabs: Vec::new(),
        places: Vec::new(),
        body: body(rehearsal, &Clock(zone)),
    })
}

/// Tells times in the rehearsal's zone.
struct Clock(TimeZone);

impl Clock {
    fn cell(&self, at: Timestamp) -> Cell {
        let there = at.to_zoned_datetime(self.0.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        Cell::of(html! { @match instant(&there) { Some(shown) => { (shown) } None => { (there) } } })
    }
}

fn body(of: &Rehearsal, clock: &Clock) -> Markup {
    let savings = &of.savings;
    let figure = |name: &str, text: String| (name.to_owned(), html! { (text) });
    let figures = [
        figure("account", format!("{} {}", of.account, of.region)),
        figure(
            "services, and those that a run changes",
            format!("{}, {}", of.fleet.services, of.fleet.scheduled),
        ),
        figure(
            "task-hours not run",
            format!("{:.0} of {:.0}", savings.task_hours, savings.task_hours_without),
        ),
        figure("vCPU-hours not run", format!("{:.0}", savings.vcpu_hours)),
        figure("GiB-hours not run", format!("{:.0}", savings.memory_gib_hours)),
        figure("instance-hours not run", format!("{:.0}", savings.instance_hours)),
        figure("runs of reconcile", format!("{}, {} of them quiet", of.runs.ticks, of.runs.quiet)),
    ];
    html! {
        p { (of.summary) }
        @if of.courses.iter().all(|it| it.turns.is_empty()) { p { (super::text::nothing(of)) } }
        (facts(&figures))
        (part("What will not wake", &["service", "wakes", "morning", "code", "why"], &risks(of)))
        (part("What is not done", &TOLD, &told(&of.not_done, clock)))
        (part("What goes off and comes back", &["when", "what", "how many", "which"], &week(of, clock)))
        (part("Each service and group", &["name", "goes off", "is back", "hours not run", "at the end"], &courses(of)))
        (part("What else the runs say", &TOLD, &told(&of.warnings, clock)))
        (part("The nightly pruning", &["when", "what it says"], &prunings(of, clock)))
        (part("What of the account is not played", &["what", "which"], &left_out(of)))
    }
}

const TOLD: [&str; 6] = ["what", "code", "which", "first", "times", "why"];

/// A table under its heading, folded where it is long; nothing where there is nothing.
fn part(title: &str, headings: &[&str], rows: &[Vec<Cell>]) -> Markup {
    let heading = html! { (title) " " span.count { (rows.len()) } };
    let content = table(headings, rows);
    html! {
        @if rows.len() > UNFOLDED {
            details.fold { summary { (heading) } (content) }
        } @else if !rows.is_empty() {
            h2 { (heading) }
            (content)
        }
    }
}

fn risks(of: &Rehearsal) -> Vec<Vec<Cell>> {
    let row = |it: &super::report::Risk| {
        let morning = it.morning.as_deref().unwrap_or_default();
        let morning = instant(morning).map_or_else(|| Cell::text(morning), Cell::of);
        let wakes = Cell::of(state(&it.can_wake));
        vec![Cell::text(&it.resource), wakes, morning, Cell::text(&it.code), Cell::text(&it.reason)]
    };
    of.will_not_wake.iter().map(row).collect()
}

fn told(all: &[Told], clock: &Clock) -> Vec<Vec<Cell>> {
    let row = |it: &Told| {
        vec![
            Cell::of(state(&it.outcome)),
            Cell::text(&it.code),
            Cell::text(&it.resource),
            clock.cell(it.first),
            Cell::number(it.times),
            Cell::text(&it.reason),
        ]
    };
    all.iter().map(row).collect()
}

fn week(of: &Rehearsal, clock: &Clock) -> Vec<Vec<Cell>> {
    let mut by_instant: BTreeMap<(Timestamp, TurnTo), Vec<&str>> = BTreeMap::new();
    for course in &of.courses {
        for turn in &course.turns {
            by_instant.entry((turn.at, turn.to)).or_default().push(&course.resource);
        }
    }
    let row = |((at, to), names): ((Timestamp, TurnTo), Vec<&str>)| {
        let which = html! {
            @if names.len() > 5 { details { summary { (names.len()) " names" } (names.join(", ")) } }
            @else { (names.join(", ")) }
        };
        vec![
            clock.cell(at),
            Cell::of(state(super::text::said(to))),
            Cell::number(names.len()),
            Cell::of(which),
        ]
    };
    by_instant.into_iter().map(row).collect()
}

fn courses(of: &Rehearsal) -> Vec<Vec<Cell>> {
    let times = |course: &Course, to: TurnTo| course.turns.iter().filter(|turn| turn.to == to).count();
    let row = |it: &Course| {
        vec![
            Cell::text(&it.resource),
            Cell::number(times(it, TurnTo::Off)),
            Cell::number(times(it, TurnTo::On)),
            Cell::number(format!("{:.0}", it.hours_not_run)),
            Cell::text(&format!("{} wanted, {} run", it.end.desired, it.end.running)),
        ]
    };
    of.courses.iter().map(row).collect()
}

fn prunings(of: &Rehearsal, clock: &Clock) -> Vec<Vec<Cell>> {
    of.prunings.iter().map(|it| vec![clock.cell(it.at), Cell::text(&it.summary)]).collect()
}

fn left_out(of: &Rehearsal) -> Vec<Vec<Cell>> {
    let which = |it: &LeftOut| if it.concerns.is_empty() { "all".to_owned() } else { it.concerns.join(", ") };
    of.left_out.iter().map(|it| vec![Cell::text(&it.what), Cell::text(&which(it))]).collect()
}
