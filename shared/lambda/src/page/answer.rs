//! An answer's body as the content of a page: lists as tables, one thing as its facts.

use std::collections::HashSet;

use maud::{Markup, html};
use serde_json::{Map, Number, Value};
use shared::call::Table;
use shared::names::short_name;
use shared::plain::plain;

use super::{Asked, Cell, facts, instant, link, state, table, week};

/// A list of more items is folded, unless it is the first.
const UNFOLDED: usize = 50;
/// A list of objects with more fields than these is no table.
const COLUMNS: usize = 7;

/// The content of a body, its lists by these tables.
pub(crate) fn of_body(body: &Value, tables: &[Table], asked: &Asked) -> Markup {
    let Some(fields) = body.as_object() else { return of_value(body, asked) };
    if let Some(week) = week::of_body(body, tables, asked) {
        return week;
    }
    let next = fields.get("nextToken").and_then(Value::as_str);
    let is_list = |value: &Value| value.is_array();
    let rest = fields.iter().filter(|(name, value)| !is_list(value) && *name != "nextToken");
    let rest: Map<String, Value> = rest.map(|(name, value)| (name.clone(), value.clone())).collect();
    // What could not be found is said only where there is something.
    let lists: Vec<(&String, &Vec<Value>)> = fields
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_array()?)))
        .filter(|(name, list)| *name != "failures" || !list.is_empty())
        .collect();
    let is_titled = lists.len() > 1;
    html! {
        (of_object(&rest, asked))
        @for (n, (name, list)) in lists.iter().enumerate() {
            @let by = tables.iter().find(|table| table.list == **name);
            @match (list.as_slice(), by) {
                ([Value::Object(one)], Some(by)) if n == 0 && asked.names_one() => { (one_thing(one, by, asked)) }
                _ => { (titled(name, list, by, asked, is_titled, n == 0)) }
            }
        }
        @if let Some(cursor) = next {
            p { a rel="next" href=(asked.next(cursor)) { "The next page" } }
        }
    }
}

/// The content of any value.
pub(crate) fn of_value(value: &Value, asked: &Asked) -> Markup {
    match value {
        Value::Object(fields) => of_object(fields, asked),
        Value::Array(list) => list_of(list, asked),
        scalar => html! { p { (self::value(scalar, asked)) } },
    }
}

/// A list under its name, folded where it is long.
fn titled(
    name: &str,
    list: &[Value],
    by: Option<&Table>,
    asked: &Asked,
    is_titled: bool,
    is_first: bool,
) -> Markup {
    let content = html! {
        @if name == "failures" { div.told { (list_of(list, asked)) } }
        @else if let Some(by) = by { (by_columns(list, by, asked)) }
        @else { (list_of(list, asked)) }
    };
    let heading = html! { (words(name)) " " span.count { (list.len()) } };
    html! {
        @if is_titled && !is_first && list.len() > UNFOLDED {
            details.fold { summary { (heading) } (content) }
        } @else {
            @if is_titled { h2 { (heading) } }
            (content)
        }
    }
}

fn by_columns(list: &[Value], by: &Table, asked: &Asked) -> Markup {
    // A column that says nothing of anything is left out.
    let says = |(_, pointer): &&(&str, &str)| {
        list.iter().any(|it| it.pointer(pointer).is_some_and(|it| !is_empty(it)))
    };
    let columns: Vec<&(&str, &str)> = by.columns.iter().filter(says).collect();
    let headings: Vec<String> = columns.iter().map(|(heading, _)| capitalised(heading)).collect();
    let mut headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    // From a list of clusters to their weeks.
    let week = by.links.iter().find_map(|(_, pattern)| asked.week_of(pattern));
    headings.extend(week.as_ref().map(|_| "Week"));
    let row = |item: &Value| {
        let week = week.as_ref().map(|pattern| match asked.leads(pattern, item) {
            Some(to) => Cell::of(html! { a href=(to) { "week" } }),
            None => Cell::text(""),
        });
        columns.iter().map(|(_, pointer)| column(item, pointer, by, asked)).chain(week).collect()
    };
    let rows: Vec<Vec<Cell>> = list.iter().map(row).collect();
    table(&headings, &rows)
}

/// What an item says at a pointer, and where that leads.
fn column(item: &Value, pointer: &str, by: &Table, asked: &Asked) -> Cell {
    let Some(value) = item.pointer(pointer) else { return Cell::text("") };
    let to = by.links.iter().find(|(of, _)| *of == pointer);
    let to = to.and_then(|(_, pattern)| asked.leads(pattern, item)).filter(|_| !value.is_null());
    match (value, to) {
        (Value::Number(number), None) => Cell::number(figure(number)),
        (Value::String(word), None) if is_state(pointer) => Cell::of(state(word)),
        (value, None) => Cell::of(short(value, asked)),
        (value, Some(to)) => Cell::of(html! { a href=(to) { (words_of(value)) } }),
    }
}

/// Whether a word there says how something is.
fn is_state(pointer: &str) -> bool {
    let last = pointer.rsplit('/').next().unwrap_or_default();
    matches!(
        last,
        "status" | "lastStatus" | "state" | "to" | "canWake" | "verdict" | "outcome" | "healthStatus"
    )
}

/// One thing: what its table shows of it, what else it has, and all of the rest folded.
fn one_thing(fields: &Map<String, Value>, by: &Table, asked: &Asked) -> Markup {
    let item = Value::Object(fields.clone());
    let fact = |(heading, pointer): &(&'static str, &'static str)| {
        item.pointer(pointer).filter(|value| !value.is_null())?;
        // What leads here is the heading.
        let to = by.links.iter().find(|(of, _)| of == pointer).and_then(|(_, to)| asked.leads(to, &item));
        let is_itself = to.is_some_and(|to| to == asked.to(&asked.path));
        (!is_itself).then(|| (capitalised(heading), column(&item, pointer, by, asked).into_what()))
    };
    let mut shown: Vec<(String, Markup)> = by.columns.iter().filter_map(fact).collect();
    let tops: HashSet<&str> =
        by.columns.iter().filter_map(|(_, pointer)| pointer.strip_prefix('/')).collect();
    let is_small = |value: &Value| match value {
        Value::Array(list) => !list.iter().any(is_nested),
        value => !value.is_object(),
    };
    let rest = fields.iter().filter(|(name, value)| is_small(value) && !tops.contains(name.as_str()));
    let rest: Map<String, Value> = rest
        .filter(|(_, value)| !is_empty(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    // What leads on, such as its task definition, stands above.
    let leads = |(name, value): (&String, &Value)| {
        let path = link::of_text(value.as_str()?).filter(|path| *path != asked.path)?;
        let name = words(name.strip_suffix("Arn").unwrap_or(name));
        let text = words_of(value);
        Some((name, html! { a href=(asked.to(&path)) { (text) } }))
    };
    shown.extend(rest.iter().filter_map(leads));
    let larger = || fields.iter().filter(|(_, value)| !is_small(value) && !is_empty(value));
    // What is ours says most.
    let is_ours = |(name, _): &(&String, &Value)| *name == "steward";
    html! {
        (facts(&shown))
        @for (name, value) in larger().filter(is_ours).chain(larger().filter(|it| !is_ours(it))) {
            h2 { (words(name)) }
            (deep_of(value, asked))
        }
        @if !rest.is_empty() {
            details.fold { summary { "All other fields" } (deep(&rest, asked)) }
        }
    }
}

/// Fields of an answer that are no lists: small ones as facts.
fn of_object(fields: &Map<String, Value>, asked: &Asked) -> Markup {
    let lead = fields.get("summary").and_then(Value::as_str);
    let small =
        fields.iter().filter(|(name, value)| !is_nested(value) && (lead.is_none() || *name != "summary"));
    let small: Vec<(String, Markup)> =
        small.map(|(name, it)| (words(name), named(name, it, asked))).collect();
    let larger = fields.iter().filter(|(_, value)| is_nested(value) && !is_empty(value));
    html! {
        @if let Some(lead) = lead { p { (plain(lead)) } }
        @if !small.is_empty() { (facts(&small)) }
        @for (name, value) in larger {
            h2 { (words(name)) }
            (deep_of(value, asked))
        }
    }
}

/// A list of objects as a table of their fields; of anything else, a line each.
pub(super) fn list_of(list: &[Value], asked: &Asked) -> Markup {
    if list.is_empty() || !list.iter().all(Value::is_object) {
        return html! {
            @if list.is_empty() { p.none { "None." } }
            @else if list.iter().all(Value::is_array) {
                @let rows: Vec<Vec<Cell>> = list.iter().map(|row| row.as_array().into_iter().flatten().map(|it| cell(it, asked)).collect()).collect();
                @let width = rows.iter().map(Vec::len).max().unwrap_or_default();
                (table(&vec![""; width], &rows))
            }
            @else { ul { @for it in list { li { (value(it, asked)) } } } }
        };
    }
    let mut names: Vec<&str> = Vec::new();
    let mut known = HashSet::new();
    let items = || list.iter().filter_map(Value::as_object);
    for (name, value) in items().flatten() {
        if !is_empty(value) && known.insert(name) {
            names.push(name);
        }
    }
    if names.len() > COLUMNS {
        return html! { @for item in items() { (deep(item, asked)) } };
    }
    let headings: Vec<String> = names.iter().map(|name| words(name)).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let cell_of = |item: &Map<String, Value>, name: &str| match item.get(name) {
        Some(Value::String(word)) if is_state(name) => Cell::of(state(word)),
        Some(value) => cell(value, asked),
        None => Cell::text(""),
    };
    let rows: Vec<Vec<Cell>> =
        items().map(|item| names.iter().map(|name| cell_of(item, name)).collect()).collect();
    table(&headings, &rows)
}

fn deep_of(value: &Value, asked: &Asked) -> Markup {
    match value {
        Value::Object(fields) => deep(fields, asked),
        Value::Array(list) => list_of(list, asked),
        scalar => self::value(scalar, asked),
    }
}

/// Every field that says something, whatever is in it.
fn deep(fields: &Map<String, Value>, asked: &Asked) -> Markup {
    html! {
        dl.deep {
            @for (name, value) in fields.iter().filter(|(_, value)| !is_empty(value)) {
                dt { (words(name)) }
                dd { (named(name, value, asked)) }
            }
        }
    }
}

fn named(name: &str, value: &Value, asked: &Asked) -> Markup {
    match value {
        Value::String(word) if is_state(name) => state(word),
        value => self::value(value, asked),
    }
}

fn cell(value: &Value, asked: &Asked) -> Cell {
    match value {
        Value::Number(number) => Cell::number(figure(number)),
        value => Cell::of(short(value, asked)),
    }
}

/// A value in a table: an ARN by what it ends with.
fn short(value: &Value, asked: &Asked) -> Markup {
    match value {
        Value::String(text) if text.starts_with("arn:") => linked(text, short_name(text), asked),
        Value::String(text) if text.chars().count() <= SHORT_NAME => unbroken(&plain(text)),
        Value::String(text) if is_digest(text) => {
            let short: String = text.chars().take(DIGEST).collect();
            html! { code.w title=(text) { (short) "…" } }
        }
        Value::Array(list) if list.iter().all(Value::is_string) => words_of(value),
        // A table in a table is read by nobody: as in a text, it is how many there are.
        Value::Array(list) if list.iter().any(is_nested) => {
            reasons(list).unwrap_or_else(|| html! { (list.len()) })
        }
        value => self::value(value, asked),
    }
}

/// So much of a digest is shown in a table: as many letters as Docker shows.
const DIGEST: usize = "sha256:".len() + 12;

fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The same without a link in it.
fn words_of(value: &Value) -> Markup {
    let word = |text: &str| plain(if text.starts_with("arn:") { short_name(text) } else { text });
    match value {
        Value::String(text) => unbroken(&word(text)),
        Value::Array(list) => html! {
            @for (n, text) in list.iter().filter_map(Value::as_str).enumerate() {
                @if n > 0 { ", " }
                (unbroken(&word(text)))
            }
        },
        other => html! { (plain(&other.to_string())) },
    }
}

/// A short name does not break where it has a hyphen: a column of them would.
fn unbroken(text: &str) -> Markup {
    html! { @if text.chars().count() <= SHORT_NAME { span.w { (text) } } @else { (text) } }
}

const SHORT_NAME: usize = 16;

/// A text that leads to its page, if it has one.
fn linked(text: &str, says: &str, asked: &Asked) -> Markup {
    html! {
        @if let Some(path) = link::of_text(text) { a href=(asked.to(&path)) { (plain(says)) } }
        @else { (plain(says)) }
    }
}

/// Any value, whole.
pub(super) fn value(value: &Value, asked: &Asked) -> Markup {
    match value {
        Value::Null => html! {},
        Value::Bool(is) => html! { (if *is { "yes" } else { "no" }) },
        Value::Number(number) => html! { (figure(number)) },
        Value::String(text) => instant(text).unwrap_or_else(|| linked(text, text, asked)),
        Value::Array(list) if list.iter().all(|it| !is_nested(it)) => {
            let texts = list.iter().map(|it| it.as_str().map_or_else(|| it.to_string(), plain));
            html! { (texts.collect::<Vec<_>>().join(", ")) }
        }
        Value::Array(list) => reasons(list).unwrap_or_else(|| list_of(list, asked)),
        Value::Object(fields) => deep(fields, asked),
    }
}

/// A number: a whole one without decimals.
fn figure(number: &Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Reasons in words, with what would help.
fn reasons(list: &[Value]) -> Option<Markup> {
    let text = |it: &Value, name: &str| it.get(name).and_then(Value::as_str).map(str::to_owned);
    let reasons: Vec<(String, &Value)> =
        list.iter().map(|it| Some((text(it, "reason")?, it))).collect::<Option<_>>()?;
    let actions = |it: &Value| {
        let actions = it.get("actions").and_then(Value::as_array).cloned().unwrap_or_default();
        let one = |it: &Value| {
            let body = it.get("body").cloned().unwrap_or_default();
            Some(action(&text(it, "method")?, &text(it, "path")?, &body))
        };
        actions.iter().filter_map(one).collect::<Vec<_>>()
    };
    Some(html! {
        ul {
            @for (reason, it) in reasons {
                li {
                    (plain(&reason))
                    @if let Some(code) = text(it, "code") { " " code.quiet { (plain(&code)) } }
                    @for action in actions(it) { br; (action) }
                }
            }
        }
    })
}

/// A request that would help. It is no link: a page changes nothing.
pub(super) fn action(method: &str, path: &str, body: &Value) -> Markup {
    let body = if body.is_null() { String::new() } else { format!(" {body}") };
    html! { code { (plain(&format!("{method} {path}{body}"))) } }
}

fn is_nested(value: &Value) -> bool {
    value.is_object()
        || value.as_array().is_some_and(|list| list.iter().any(|it| it.is_object() || it.is_array()))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A field's name in words: `desiredCount` is `Desired count`.
fn words(name: &str) -> String {
    match name {
        "steward" => return "What ecs-steward knows".to_owned(),
        "AutoScalingGroups" => return "Auto Scaling groups".to_owned(),
        "taskHours" => return "Task-hours".to_owned(),
        "vcpuHours" => return "vCPU-hours".to_owned(),
        "memoryGiBHours" => return "GiB-hours".to_owned(),
        _ => {}
    }
    let (mut text, mut follows_a_small_letter) = (String::new(), false);
    for c in plain(name).chars() {
        if c.is_ascii_uppercase() && follows_a_small_letter {
            text.extend([' ', c.to_ascii_lowercase()]);
        } else {
            text.push(c);
        }
        follows_a_small_letter = c.is_ascii_lowercase();
    }
    capitalised(&text)
}
