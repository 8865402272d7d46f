//! The week as a picture: a row for each service and group, along the hours of the days.
//!
//! How high a bar is says what it is, so that it can be read without colours and on paper: on is full, a night size is
//! low, off is a line, and starting rises.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use serde_json::Value;
use shared::call::Table;
use shared::plain::plain;
use shared::schedule::Zone;

use super::answer::{list_of, value};
use super::{Asked, facts, instant, state};

/// The list by which a week is known, and its rows.
pub(super) const LIST: &str = "week";
/// More rows are put together by their schedules, and folded.
const UNFOLDED: usize = 30;
/// How high a row is drawn; its units stretch with the window.
const HEIGHT: i64 = 20;

/// A week: `None` where the body is none, as after a query.
pub(super) fn of_body(body: &Value, tables: &[Table], asked: &Asked) -> Option<Markup> {
    let lines = body.get(LIST)?.as_array()?;
    let days = body.get("days")?.as_array()?;
    let scale = Scale::of(days)?;
    let now = minute(body.get("now")?, &scale);
    let by = tables.iter().find(|table| table.list == LIST);
    let zone = body.get("zone").and_then(Value::as_str).and_then(|name| name.parse().ok());
    let scale = Scale { zone, ..scale };
    let rows: Vec<Line> = lines.iter().map(|line| Line::of(line, by, asked, &scale, now)).collect();
    let failures = body.get("failures").and_then(Value::as_array).filter(|list| !list.is_empty());
    let number = |pointer: &str| body.get(pointer).map(|it| value(it, asked)).unwrap_or_default();
    let count = |is: &dyn Fn(&&Line) -> bool| html! { (rows.iter().filter(is).count()) };
    let trouble: Vec<&Line> = rows.iter().filter(|row| row.fails()).collect();
    let figures = [
        ("Services and groups".to_owned(), count(&|_| true)),
        ("Off now".to_owned(), count(&|row| row.word == "off")),
        (
            "Will not wake".to_owned(),
            html! { span class=[(!trouble.is_empty()).then_some("s bad")] { (trouble.len()) } },
        ),
        ("Task-hours not run".to_owned(), number("taskHours")),
        ("vCPU-hours not run".to_owned(), number("vcpuHours")),
        ("GiB-hours not run".to_owned(), number("memoryGiBHours")),
        ("Zone".to_owned(), number("zone")),
        ("Now".to_owned(), number("now")),
    ];
    Some(html! {
        (facts(&figures))
        @if !trouble.is_empty() {
            div.told {
                p { strong { "Will not wake unless somebody mends it" } }
                ul { @for row in &trouble { li { (row.name()) ": " (row.why) } } }
            }
        }
        (legend())
        (definitions(days, &scale, now))
        div.week {
            div.hours aria-hidden="true" { span {} span {} (heading(days, &scale)) }
            @if rows.len() > UNFOLDED {
                ul.rows { (all_of(&rows, &scale)) }
                @for (schedule, rows) in by_schedule(&rows) {
                    @let fails = rows.iter().filter(|row| row.fails()).count();
                    details.fold {
                        summary {
                            (schedule.unwrap_or("No schedule")) " " span.count { (rows.len()) }
                            @if fails > 0 { " " span.s.bad { (fails) " will not wake" } }
                        }
                        ul.rows { @for row in rows { (row.drawn(&scale, false)) } }
                    }
                }
            } @else {
                ul.rows {
                    @if rows.len() > 1 { (all_of(&rows, &scale)) }
                    @for row in &rows { (row.drawn(&scale, true)) }
                }
            }
        }
        @if let Some(failures) = failures {
            h2 { "Failures" }
            div.told { (list_of(failures, asked)) }
        }
    })
}

/// From when to when is drawn, in minutes, and in which zone.
struct Scale {
    from: Timestamp,
    minutes: i64,
    zone: Option<Zone>,
}

impl Scale {
    fn of(days: &[Value]) -> Option<Self> {
        let at = |day: &Value, name: &str| day.get(name)?.as_str()?.parse::<Timestamp>().ok();
        let (from, until) = (at(days.first()?, "from")?, at(days.last()?, "until")?);
        let minutes = until.duration_since(from).as_mins();
        (minutes > 0).then_some(Self { from, minutes, zone: None })
    }

    fn at(&self, at: Timestamp) -> i64 {
        at.duration_since(self.from).as_mins().clamp(0, self.minutes)
    }

    /// An instant on the clocks of the week.
    fn shown(&self, text: &str) -> Markup {
        let moment = text.parse().ok().and_then(|at| Some(self.zone.as_ref()?.moment(at).to_string()));
        instant(moment.as_deref().unwrap_or(text)).unwrap_or_else(|| html! { (plain(text)) })
    }

    /// Where a minute stands, in percent of the width.
    fn percent(&self, minute: i64) -> String {
        let hundredths = minute.saturating_mul(10_000) / self.minutes;
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    }
}

fn minute(value: &Value, scale: &Scale) -> i64 {
    value.as_str().and_then(|text| text.parse().ok()).map_or(0, |at| scale.at(at))
}

/// A time in which a service or group is as it is.
struct Span {
    from: i64,
    until: i64,
    state: String,
    count: i64,
    wanted: Option<String>,
    /// In words.
    says: String,
}

impl Span {
    fn of(span: &Value, scale: &Scale) -> Option<Self> {
        let text = |name: &str| span.get(name).and_then(Value::as_str);
        let clock = |name: &str| {
            let at = jiff::fmt::temporal::Pieces::parse(text(name)?).ok()?;
            let time = at.time()?;
            Some(format!("{} {:02}:{:02}", at.date().strftime("%a"), time.hour(), time.minute()))
        };
        let (state, count) =
            (text("state")?.to_owned(), span.get("count").and_then(Value::as_i64).unwrap_or(0));
        let wanted = text("override").map(str::to_owned);
        let says = format!(
            "{state}{} {} to {}",
            match (&wanted, state.as_str()) {
                (Some(wanted), _) => format!(" (override: {wanted})"),
                (None, "off") if count > 0 => format!(" ({count})"),
                _ => String::new(),
            },
            clock("from")?,
            clock("until")?
        );
        let (from, until) = (minute(span.get("from")?, scale), minute(span.get("until")?, scale));
        Some(Self { from, until, state, count, wanted, says })
    }
}

/// A service or a group.
struct Line<'a> {
    name: String,
    to: Option<String>,
    is_group: bool,
    /// `steady`, `off`, …
    word: String,
    schedule: Option<&'a str>,
    /// What there is to say beside the picture.
    notes: Vec<Markup>,
    /// Why it will not wake; empty where it does.
    why: Markup,
    spans: Vec<Span>,
    /// The return that fails: where its bar begins.
    fails_at: Option<i64>,
    size: Option<i64>,
}

impl<'a> Line<'a> {
    fn of(line: &'a Value, by: Option<&Table>, asked: &Asked, scale: &Scale, now: i64) -> Self {
        let text = |pointer: &str| line.pointer(pointer).and_then(Value::as_str);
        let (pointer, is_group) =
            if line.get("service").is_some() { ("/service", false) } else { ("/autoScalingGroup", true) };
        let pattern = by.and_then(|by| by.links.iter().find(|(of, _)| *of == pointer));
        let spans = line.get("spans").and_then(Value::as_array).into_iter().flatten();
        let spans: Vec<Span> = spans.filter_map(|span| Span::of(span, scale)).collect();
        let would_fail = text("/wouldFail/reason").filter(|_| text("/next/to") == Some("on"));
        let fails = text("/canWake") == Some("no") || would_fail.is_some();
        // One that is on already does not come back.
        let returns =
            |before: &Span, span: &Span| before.state == "off" && span.state == "on" && span.from > now;
        let fails_at = spans.iter().zip(spans.iter().skip(1)).find(|(before, span)| returns(before, span));
        let fails_at = fails_at.map(|(_, span)| span.from);
        let because = line.get("because").filter(|it| it.as_array().is_some_and(|list| !list.is_empty()));
        let mut notes = Vec::new();
        if let Some(night) = line.get("night").and_then(Value::as_i64) {
            notes.push(html! { (night) " at night" });
        }
        if let Some(wanted) = text("/override/state") {
            let reason = text("/override/reason").unwrap_or_default();
            notes.push(html! {
                span.s.warn { "override: " (plain(wanted)) } " until "
                (scale.shown(text("/override/until").unwrap_or_default()))
                @if !reason.is_empty() { ", because: " (plain(reason)) }
            });
        }
        for fault in line.get("faults").and_then(Value::as_array).into_iter().flatten() {
            notes.push(html! { span.s.bad { "not acted on: " } (value(fault, asked)) });
        }
        if let Some(reason) = text("/wouldFail/reason").filter(|_| !fails) {
            notes.push(html! { span.s.bad { "would fail: " } (plain(reason)) });
        }
        if let Some(because) = because.filter(|_| !fails) {
            notes.push(
                html! { "wakes: " (state(text("/canWake").unwrap_or_default())) " " (value(because, asked)) },
            );
        }
        let why = html! {
            @if let Some(because) = because { (value(because, asked)) }
            @else if let Some(reason) = would_fail { (plain(reason)) }
        };
        Self {
            name: text(pointer).unwrap_or_default().to_owned(),
            to: pattern.and_then(|(_, pattern)| asked.leads(pattern, line)),
            is_group,
            word: text("/status").or(text("/state")).unwrap_or_default().to_owned(),
            schedule: text("/schedule"),
            notes,
            why,
            fails_at: fails.then(|| fails_at.unwrap_or(-1)),
            size: line.pointer("/size/count").and_then(Value::as_i64),
            spans,
        }
    }

    fn fails(&self) -> bool {
        self.fails_at.is_some()
    }

    fn name(&self) -> Markup {
        html! {
            @if let Some(to) = &self.to { a href=(to) { (plain(&self.name)) } }
            @else { (plain(&self.name)) }
        }
    }

    fn drawn(&self, scale: &Scale, with_schedule: bool) -> Markup {
        let unit = match (self.is_group, self.size) {
            (true, Some(1)) => "instance",
            (true, _) => "instances",
            (false, Some(1)) => "task",
            (false, _) => "tasks",
        };
        html! {
            li.row {
                div.who {
                    (self.name())
                    div.note {
                        @if self.is_group { "group, " }
                        @if let Some(size) = self.size { (size) " " (unit) } @else { "size unknown" }
                        @if with_schedule { ", " (plain(self.schedule.unwrap_or("no schedule"))) }
                    }
                }
                div { @if self.fails() { span.s.bad { "will not wake" } } @else { (state(&self.word)) } }
                (self.bar(scale))
                @if !self.notes.is_empty() {
                    ul.note.more { @for note in &self.notes { li { (note) } } }
                }
            }
        }
    }

    fn bar(&self, scale: &Scale) -> Markup {
        let mut paths: BTreeMap<&str, String> = BTreeMap::new();
        for span in &self.spans {
            let (x, width) = (span.from, span.until - span.from);
            let block = |top: i64, height: i64| format!("M{x} {top}h{width}v{height}h-{width}z");
            let (class, path) = match span.state.as_str() {
                "on" if self.fails_at == Some(span.from) => ("fails", block(2, 16)),
                "on" if self.schedule.is_none() => ("free", block(2, 16)),
                "on" => ("on", block(2, 16)),
                "off" if span.count > 0 => ("on", block(13, 5)),
                "off" => ("off", block(16, 2)),
                _ => ("on", format!("M{x} 18l{width}-16v16z")),
            };
            paths.entry(class).or_default().push_str(&path);
            match span.wanted.as_deref() {
                Some("hold") => paths.entry("hold").or_default().push_str(&block(0, HEIGHT)),
                Some(_) => paths.entry("over").or_default().push_str(&block(0, 3)),
                None => {}
            }
        }
        let says: Vec<&str> = self.spans.iter().map(|span| span.says.as_str()).collect();
        let label = format!(
            "{}: {}",
            plain(&self.name),
            if says.is_empty() { "not known".to_owned() } else { says.join("; ") }
        );
        html! { (picture(scale, &label, &paths)) }
    }
}

fn picture(scale: &Scale, label: &str, paths: &BTreeMap<&str, String>) -> Markup {
    // What lies over the others comes last.
    let order = ["off", "free", "on", "fails", "sum", "hold", "over"];
    html! {
        svg.bar viewBox=(format!("0 0 {} {HEIGHT}", scale.minutes)) preserveAspectRatio="none" role="img" aria-label=(label) {
            use href="#grid" {}
            @for class in order {
                @if let Some(path) = paths.get(class) { path class=(class) d=(path) {} }
            }
            use href="#now" {}
        }
    }
}

/// How many tasks all services together are to have, step by step.
fn all_of(rows: &[Line], scale: &Scale) -> Markup {
    let mut changes: BTreeMap<i64, i64> = BTreeMap::new();
    for span in rows.iter().filter(|row| !row.is_group).flat_map(|row| &row.spans) {
        *changes.entry(span.from).or_default() += span.count;
        *changes.entry(span.until).or_default() -= span.count;
    }
    let mut sum = 0;
    let steps: Vec<(i64, i64)> = changes
        .into_iter()
        .map(|(at, change)| {
            sum += change;
            (at, sum)
        })
        .collect();
    let most = steps.iter().map(|(_, sum)| *sum).max().unwrap_or(0);
    let mut path = format!("M{} {HEIGHT}", steps.first().map_or(0, |(at, _)| *at));
    for (at, sum) in &steps {
        let _ = write!(path, "H{at}V{}", HEIGHT - (HEIGHT - 2) * sum / most.max(1));
    }
    let _ = write!(path, "V{HEIGHT}z");
    html! {
        li.row.all {
            div.who { "All tasks" div.note { "at most " (most) } }
            div {}
            (picture(scale, &format!("All tasks together, at most {most}"), &BTreeMap::from([("sum", path)])))
        }
    }
}

/// The most common schedule first; what follows none comes last.
fn by_schedule<'r, 'a>(rows: &'r [Line<'a>]) -> Vec<(Option<&'a str>, Vec<&'r Line<'a>>)> {
    let mut groups: BTreeMap<Option<&str>, Vec<&Line>> = BTreeMap::new();
    for row in rows {
        groups.entry(row.schedule).or_default().push(row);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(schedule, rows)| (schedule.is_none(), std::cmp::Reverse(rows.len())));
    groups
}

/// The days and their hours, and where now is: drawn once, and used by each row.
fn definitions(days: &[Value], scale: &Scale, now: i64) -> Markup {
    let (mut hours, mut midnights) = (String::new(), String::new());
    for day in days {
        let from = day.get("from").map_or(0, |at| minute(at, scale));
        let until = day.get("until").map_or(0, |at| minute(at, scale));
        let _ = write!(midnights, "M{from} 0v{HEIGHT}");
        // Counted from the end, the hours are those of the clock also where it changes by night.
        for back in [6, 12, 18] {
            let _ = write!(hours, "M{} 0v{HEIGHT}", (until - back * 60).max(from));
        }
    }
    html! {
        svg.defs aria-hidden="true" width="0" height="0" {
            defs {
                g #grid { path d=(hours) {} path.midnight d=(midnights) {} }
                path #now d=(format!("M{now} 0v{HEIGHT}")) {}
            }
        }
    }
}

fn heading(days: &[Value], scale: &Scale) -> Markup {
    let day = |day: &Value| {
        let date: Date = day.get("date")?.as_str()?.parse().ok()?;
        let hours = day.get("hours").and_then(Value::as_f64).unwrap_or(24.0);
        let is_odd = (hours - 24.0).abs() > f64::EPSILON;
        Some((minute(day.get("from")?, scale), date, is_odd.then_some(hours)))
    };
    html! {
        svg.head {
            @for (at, date, odd) in days.iter().filter_map(day) {
                line x1=(scale.percent(at)) x2=(scale.percent(at)) y1="0" y2="100%" {}
                svg x=(scale.percent(at)) overflow="visible" {
                    text x="5" y="14" { (date.strftime("%a")) }
                    text.quiet x="5" y="30" { (date.strftime("%-d")) @if let Some(odd) = odd { " · " (odd) " h" } }
                }
            }
        }
    }
}

fn legend() -> Markup {
    let sample = |class: &str, path: &str, says: &str| {
        html! {
            li {
                svg.sample viewBox="0 0 24 20" aria-hidden="true" { path class=(class) d=(path) {} }
                (says)
            }
        }
    };
    html! {
        ul.legend aria-label="What is drawn" {
            (sample("on", "M0 2h24v16h-24z", "on"))
            (sample("off", "M0 16h24v2h-24z", "off"))
            (sample("on", "M0 13h24v5h-24z", "night size"))
            (sample("on", "M0 18l24-16v16z", "starting"))
            (sample("free", "M0 2h24v16h-24z", "on, no schedule"))
            (sample("over", "M0 0h24v3h-24z", "override"))
            (sample("hold", "M0 0h24v20h-24z", "hold"))
            (sample("fails", "M0 2h24v16h-24z", "will not wake"))
            (sample("now", "M12 0v20", "now"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_will_not_wake_is_marked_where_it_is_to_come_back_and_not_where_it_only_stays_on() {
        let day = |date: &str, next: &str| {
            let (from, until) = (format!("{date}T00:00:00Z"), format!("{next}T00:00:00Z"));
            json!({"date": date, "from": from, "until": until, "hours": 24.0})
        };
        let scale = Scale::of(&[day("2026-11-24", "2026-11-25"), day("2026-11-25", "2026-11-26")]).unwrap();
        let span = |from: &str, until: &str, state: &str| json!({"from": format!("2026-11-{from}:00:00Z"), "until": format!("2026-11-{until}:00:00Z"), "state": state, "count": 1});
        // On all day, under a hold for a part of it.
        let spans = [
            span("24T00", "24T06", "on"),
            span("24T06", "24T20", "on"),
            span("24T20", "25T08", "off"),
            span("25T08", "25T20", "on"),
        ];
        let line = json!({"service": "users", "canWake": "no", "spans": spans});
        let line = Line::of(&line, None, &Asked::default(), &scale, 5 * 60);
        assert_eq!(line.fails_at, Some(32 * 60));
    }
}
