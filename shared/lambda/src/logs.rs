//! Logs: a line of JSON for each event, on standard output, where Lambda picks it up.

use std::fmt::Write as _;
use std::io;

use shared::plain::is_misleading;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What the lines of ecs-steward's own crates are of, and its audit. All others are those of the crates below.
const OURS: [&str; 7] =
    ["audit", "describe_cluster", "prune_images", "run_task", "scale_service", "shared", "stop_task"];

/// Starts logging at this level and above; a second start is ignored.
pub fn start(level: LevelFilter) {
    let _ = lines(level, io::stdout).try_init();
}

/// What writes the lines of this level and above.
///
/// Fields are JSON strings, so a newline in an input can't forge a line; nor can other signs mislead who reads it, which
/// JSON leaves as they are. The crates below are heard from `warn` on
/// alone, whatever the level: the Lambda runtime shows whole events at `trace`, with their headers, and the SDK what it
/// sends and gets, which has the environment and the command of containers.
pub fn lines<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let others = level.min(LevelFilter::WARN);
    let heard = Targets::new().with_default(others).with_targets(OURS.map(|target| (target, level)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        // Lambda stamps each line itself.
        .without_time()
        .with_writer(Plain(writer));
    tracing_subscriber::registry().with(heard).with(lines)
}

/// What writes lines of JSON with each misleading character escaped: they stand in strings alone.
struct Plain<W>(W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for Plain<W> {
    type Writer = Plain<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        Plain(self.0.make_writer())
    }
}

impl<W: io::Write> io::Write for Plain<W> {
    /// Whole lines: that is what the formatter writes.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let is_escaped = |c: char| is_misleading(c) && c != '\n';
        match std::str::from_utf8(line) {
            Ok(text) if text.contains(is_escaped) => {
                let mut escaped = String::with_capacity(text.len() + 16);
                for c in text.chars() {
                    if is_escaped(c) {
                        // Writing into a text does not fail.
                        let _ = write!(escaped, "\\u{:04x}", u32::from(c));
                    } else {
                        escaped.push(c);
                    }
                }
                self.0.write_all(escaped.as_bytes())?;
            }
            _ => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
