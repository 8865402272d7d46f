//! What the room promises as a whole, in tables; and against an oracle that looks at every minute.

mod clock_changes;
mod deciding;
mod grammar;
mod oracle;
mod overrides;
mod walking;
mod wanting;

use jiff::Timestamp;

use super::*;

fn schedule(text: &str) -> Schedule {
    text.parse().unwrap_or_else(|fault| panic!("{fault}"))
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

fn zone(name: &str) -> Zone {
    name.parse().unwrap_or_else(|fault| panic!("{fault}"))
}

fn holidays(days: &[&str]) -> Calendar {
    Calendar { holidays: days.iter().map(|day| day.parse().unwrap()).collect(), ..Calendar::default() }
}

fn lead(minutes: i64) -> Calendar {
    Calendar { lead: SignedDuration::from_mins(minutes), ..Calendar::default() }
}

/// The first transitions after an instant, one a line: `2026-11-24T08:00:00+01:00 on`.
fn lines(text: &str, from: &str, count: usize, rules: &Calendar) -> Vec<String> {
    let schedule = schedule(text);
    schedule
        .transitions(instant(from), rules)
        .take(count)
        .map(|Transition { at, to }| format!("{at} {to}"))
        .collect()
}
