//! The parts of a page: tables, facts, instants, states.

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use maud::{Markup, html};

use shared::plain::plain;

/// A cell of a table.
#[derive(Clone, Debug)]
pub struct Cell {
    what: Markup,
    is_number: bool,
}

impl Cell {
    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::of(html! { (plain(text)) })
    }

    /// A number, which stands to the right.
    #[must_use]
    pub fn number(number: impl std::fmt::Display) -> Self {
        Self { what: html! { (number.to_string()) }, is_number: true }
    }

    /// Anything.
    #[must_use]
    pub fn of(what: Markup) -> Self {
        Self { what, is_number: false }
    }

    pub(super) fn into_what(self) -> Markup {
        self.what
    }
}

/// A table of these rows under these headings. Where the window is narrow each row is a list of its cells.
#[must_use]
pub fn table(headings: &[&str], rows: &[Vec<Cell>]) -> Markup {
    if rows.is_empty() {
        return html! { p.none { "None." } };
    }
    let is_number = |column: usize| rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.is_number));
    html! {
        table.wide {
            @if headings.iter().any(|heading| !heading.is_empty()) {
                thead { tr {
                    @for (column, heading) in headings.iter().enumerate() {
                        th scope="col" class=[is_number(column).then_some("n")] { (plain(heading)) }
                    }
                } }
            }
            tbody {
                @for row in rows {
                    tr {
                        @for (column, cell) in row.iter().enumerate() {
                            td class=[cell.is_number.then_some("n")]
                                data-of=(plain(headings.get(column).copied().unwrap_or_default())) { (cell.what) }
                        }
                    }
                }
            }
        }
    }
}

/// A few figures and words, each under its name.
#[must_use]
pub fn facts(all: &[(String, Markup)]) -> Markup {
    html! {
        dl.facts { @for (name, what) in all { div { dt { (plain(name)) } dd { (what) } } } }
    }
}

/// A word that says how something is, in the colour of what it means.
#[must_use]
pub fn state(word: &str) -> Markup {
    let class = match word {
        "on" | "yes" | "steady" | "keep" | "kept" | "ACTIVE" | "RUNNING" | "changed" | "whole" => "s good",
        "waking" | "deploying" | "scaling" | "unknown" | "starting" | "stopping" | "hold" | "PENDING"
        | "PROVISIONING" | "DRAINING" | "skipped" | "notAttempted" => "s warn",
        "no" | "degraded" | "failed" | "expire" => "s bad",
        _ => "s quiet",
    };
    html! { span class=(class) { (plain(word)) } }
}

/// An instant: `Tue 2026-11-24 20:00 −03:00`. `None` for a text that is none.
#[must_use]
pub fn instant(text: &str) -> Option<Markup> {
    // Only what is printed so anyway: the parser reads other forms too, and a name may look like one.
    let is_one = text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T');
    let at: Timestamp = is_one.then(|| text.parse().ok())??;
    let offset = Pieces::parse(text).ok()?.to_numeric_offset()?;
    let there = offset.to_datetime(at);
    let day = there.strftime("%a %Y-%m-%d");
    let time = if there.second() == 0 { there.strftime("%H:%M") } else { there.strftime("%H:%M:%S") };
    let zone = if offset.seconds() == 0 {
        "UTC".to_owned()
    } else {
        let minutes = offset.seconds() / 60;
        let sign = if minutes < 0 { '−' } else { '+' };
        format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    };
    Some(html! { time datetime=(text) { span.w { (day) } " " span.w { (time) " " span.quiet { (zone) } } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_shown_on_the_clock_of_its_zone() {
        for (text, says) in [
            ("2026-11-24T20:00:00-03:00", "Tue 2026-11-24 20:00 −03:00"),
            ("2026-11-24T23:00:07Z", "Tue 2026-11-24 23:00:07 UTC"),
            ("2026-06-01T08:00:00.125+05:30", "Mon 2026-06-01 08:00 +05:30"),
        ] {
            let html = instant(text).unwrap().into_string();
            let words: String = html.split('<').filter_map(|it| it.split('>').nth(1)).collect();
            assert_eq!(words, says);
            assert!(html.contains(&format!("datetime=\"{text}\"")), "{html}");
        }
        for other in ["", "2026-11-24", "users", "2026-11-24T20:00:00-03:00<b>", "2026-11-24 20:00:00Z"] {
            assert!(instant(other).is_none(), "{other}");
        }
    }
}
