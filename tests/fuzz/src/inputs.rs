//! Bytes as what a target reads: texts, lines and instants.

use jiff::Timestamp;
use shared::names::{ClusterName, Scope};

/// Bytes as a text; what is no UTF-8 becomes a sign that says so.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The first line, and what follows it.
pub(crate) fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// An instant that a line says, or the evening of the demo's day.
pub(crate) fn instant(line: &str) -> Timestamp {
    line.parse().unwrap_or_else(|_| evening())
}

/// 2026-11-24T23:00:00Z, for which the events in `events/` are written.
pub(crate) fn evening() -> Timestamp {
    "2026-11-24T23:00:00Z".parse().expect("it is an instant")
}

/// Whose function it is.
pub(crate) fn here() -> Scope {
    Scope { partition: "aws".into(), region: "sa-east-1".into(), account: "123456789012".into() }
}

/// The cluster that a path names.
pub(crate) fn prod() -> ClusterName {
    "prod".parse().expect("it is a name")
}
