//! Logs: a line of JSON for each event, on standard output, where Lambda picks it up.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging at this level and above; a second start is ignored.
///
/// Fields are JSON strings, so a newline in an input can't forge a line.
pub fn start(level: LevelFilter) {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(io::stdout);
    // Lambda stamps each line itself, and the crates below speak only of what went wrong.
    let lines = lines.without_time();
    let _ = tracing_subscriber::registry().with(level).with(lines).try_init();
}
