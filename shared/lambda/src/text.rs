//! An answer as text for people: lists as tables.

use std::collections::HashSet;

use serde_json::{Map, Value};
use shared::call::{LARGEST_ANSWER, Table};
use shared::names::short_name;
use shared::plain::plain;

use crate::table::render;

/// The text of a body, its lists by these tables. `None` where it would be larger than Lambda carries.
pub(crate) fn of_body(body: &Value, tables: &[Table]) -> Option<String> {
    let Some(fields) = body.as_object() else { return of_value(body) };
    let lists: Vec<(&str, &Vec<Value>)> =
        fields.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_array()?))).collect();
    // What could not be found is said only where there is something.
    let shown = |(name, list): &&(&str, &Vec<Value>)| *name != "failures" || !list.is_empty();
    let titled = lists.iter().filter(shown).count() > 1;
    let mut parts: Vec<String> = lists
        .iter()
        .filter(shown)
        .map(|(name, list)| {
            let table = match tables.iter().find(|table| table.list == *name) {
                Some(table) => by_columns(list, table),
                None => of_list(list),
            }?;
            Some(if titled { format!("{name} ({})\n{table}", list.len()) } else { table })
        })
        .collect::<Option<_>>()?;
    let rest: Map<String, Value> =
        fields.iter().filter(|(_, v)| !v.is_array()).map(|(k, v)| (k.clone(), v.clone())).collect();
    match rest.iter().next() {
        Some((_, one)) if rest.len() == 1 && one.is_object() => parts.insert(0, of_value(one)?),
        Some(_) => parts.push(of_value(&Value::Object(rest))?),
        None => {}
    }
    Some(parts.join("\n\n"))
}

/// The text of a report: its summary, its plan's id, a line for each item, and what there is to know of
/// them. `None` where it would be larger than Lambda carries.
pub(crate) fn of_report(report: &Value) -> Option<String> {
    let text = |of: &Value, field: &str| of.get(field).map_or_else(String::new, cell);
    let list = |of: &Value, field: &str| of.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let items = list(report, "items");
    let mut lines = vec![text(report, "summary")];
    lines.extend(report.get("planId").map(|id| format!("planId {}", cell(id))));
    lines.extend(list(report, "warnings").iter().map(|warning| format!("! {}", text(warning, "detail"))));
    let row = |item: &Value| {
        let code = item.get("code").filter(|code| !code.is_null());
        let code = code.map(|code| format!(" ({})", cell(code))).unwrap_or_default();
        vec![text(item, "resource"), text(item, "outcome") + &code, text(item, "reason")]
    };
    if !items.is_empty() {
        lines.push(table(&["resource", "outcome", "reason"], &items.iter().map(row).collect::<Vec<_>>())?);
    }
    for item in &items {
        let resource = text(item, "resource");
        let warned = list(item, "warnings");
        lines.extend(warned.iter().map(|it| format!("! {}: {}", short_name(&resource), text(it, "detail"))));
    }
    Some(lines.join("\n"))
}

/// A table, unless it would be larger than Lambda carries: one long cell makes every row as wide.
fn table(headings: &[&str], rows: &[Vec<String>]) -> Option<String> {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    let size = widths.iter().sum::<usize>().saturating_mul(rows.len());
    (size <= 4 * LARGEST_ANSWER).then(|| render(headings, rows))
}

fn by_columns(list: &[Value], shown: &Table) -> Option<String> {
    let headings: Vec<&str> = shown.columns.iter().map(|(heading, _)| *heading).collect();
    let rows: Vec<Vec<String>> = list
        .iter()
        .map(|item| {
            shown.columns.iter().map(|(_, pointer)| item.pointer(pointer).map_or(String::new(), cell))
        })
        .map(Iterator::collect)
        .collect();
    table(&headings, &rows)
}

/// The text of any value. `None` where it would be larger than Lambda carries.
pub(crate) fn of_value(value: &Value) -> Option<String> {
    match value {
        Value::Array(list) => of_list(list),
        Value::Object(fields) => {
            let rows: Vec<Vec<String>> =
                fields.iter().map(|(name, value)| vec![plain(name), cell(value)]).collect();
            table(&[], &rows)
        }
        scalar => Some(cell(scalar)),
    }
}

/// A list of objects by their fields, a list of lists by their places, anything else a line each.
fn of_list(list: &[Value]) -> Option<String> {
    if !list.is_empty() && list.iter().all(Value::is_object) {
        let mut names: Vec<&str> = Vec::new();
        let mut known = HashSet::new();
        for name in list.iter().filter_map(Value::as_object).flat_map(Map::keys) {
            if known.insert(name) {
                names.push(name);
            }
        }
        if names.len().saturating_mul(list.len()) > LARGEST_ANSWER {
            return None;
        }
        let row =
            |item: &Value| names.iter().map(|name| item.get(name).map_or(String::new(), cell)).collect();
        return table(&names, &list.iter().map(row).collect::<Vec<_>>());
    }
    let row = |item: &Value| match item {
        Value::Array(cells) => cells.iter().map(cell).collect(),
        other => vec![cell(other)],
    };
    table(&[], &list.iter().map(row).collect::<Vec<_>>())
}

/// A value in a cell: an ARN by what it ends with, nothing for null.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with("arn:") => plain(short_name(text)),
        Value::String(text) => plain(text),
        Value::Array(list) if list.iter().all(|item| !item.is_object() && !item.is_array()) => {
            list.iter().map(cell).collect::<Vec<_>>().join(" ")
        }
        Value::Array(list) => list.len().to_string(),
        other => plain(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TABLES: &[Table] = &[Table {
        list: "clusters",
        columns: &[("cluster", "/clusterName"), ("running", "/runningTasksCount")],
        links: &[],
    }];

    fn lines(text: &str) -> Vec<Vec<&str>> {
        text.lines().map(|line| line.split_whitespace().collect()).collect()
    }

    #[test]
    fn a_list_is_a_table_of_its_columns_and_failures_are_told_only_where_there_are_some() {
        let clusters = json!([{"clusterName": "prod", "runningTasksCount": 3, "status": "ACTIVE"}]);
        let text = of_body(&json!({"clusters": clusters, "failures": []}), TABLES).unwrap();
        assert_eq!(lines(&text), [["CLUSTER", "RUNNING"], ["prod", "3"]]);
        let failures = json!([{"arn": "arn:aws:ecs:sa-east-1:1:cluster/gone", "reason": "MISSING"}]);
        let text = of_body(&json!({"clusters": clusters, "failures": failures}), TABLES).unwrap();
        assert!(text.starts_with("clusters (1)\n") && text.contains("failures (1)"), "{text}");
        assert!(text.lines().last().unwrap().contains("gone"), "{text}");
    }

    #[test]
    fn a_querys_value_is_a_table_of_what_it_holds() {
        assert_eq!(lines(&of_value(&json!([["a", 1], ["b", null]])).unwrap()), [vec!["a", "1"], vec!["b"]]);
        let objects = json!([{"cpu": "256"}, {"cpu": "512", "memory": "1024"}]);
        let text = of_value(&objects).unwrap();
        assert_eq!(lines(&text), [vec!["CPU", "MEMORY"], vec!["256"], vec!["512", "1024"]]);
        assert_eq!(of_value(&json!("ACTIVE")).unwrap(), "ACTIVE");
        assert_eq!(of_value(&json!([])).unwrap(), "");
    }

    #[test]
    fn a_report_is_its_summary_its_plan_its_items_and_what_there_is_to_know_of_them() {
        let warnings = json!([{"code": "noInstances", "detail": "no instance is registered"}]);
        let report = json!({
            "summary": "prod: 1 service on (api 2)", "planId": "1e45", "counts": {"changed": 1},
            "items": [
                {"resource": "service/prod/api", "outcome": "changed", "code": null, "reason": "started", "warnings": warnings},
                {"resource": "service/prod/web", "outcome": "failed", "code": "raced", "reason": "gone", "warnings": []},
            ],
            "warnings": [{"code": "noMatch", "detail": "service/prod/x* matches nothing"}],
        });
        let text = of_report(&report).unwrap();
        assert_eq!(
            text.lines().map(str::trim).collect::<Vec<_>>(),
            [
                "prod: 1 service on (api 2)",
                "planId 1e45",
                "! service/prod/x* matches nothing",
                "RESOURCE          OUTCOME         REASON",
                "service/prod/api  changed         started",
                "service/prod/web  failed (raced)  gone",
                "! api: no instance is registered",
            ]
        );
    }

    #[test]
    fn a_line_break_in_a_name_is_no_row() {
        let text = of_body(&json!({"clusters": [{"clusterName": "a\nb"}]}), TABLES).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn a_table_that_one_long_cell_would_make_too_large_is_none() {
        let mut rows: Vec<Value> = (0..10_000).map(|n| json!([n, "x"])).collect();
        assert!(of_value(&json!(rows)).is_some());
        rows.push(json!([0, "x".repeat(10_000)]));
        assert_eq!(of_value(&json!(rows)), None);
        let sparse: Vec<Value> = (0..3_000).map(|n| json!({ n.to_string(): 1 })).collect();
        assert_eq!(of_value(&json!(sparse)), None);
    }
}
