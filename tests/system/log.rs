//! The functions' log, as Lambda would get it, of one test alone.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

/// What was written since it began to listen. It hears this thread, and so this test.
pub(crate) struct Log {
    written: Written,
    _listens: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Listens with what writes the log in Lambda.
    pub(crate) fn at(level: LevelFilter) -> Self {
        let written = Written::default();
        let writer = written.clone();
        let lines = shared_lambda::logs::lines(level, move || writer.clone());
        Self { written, _listens: tracing::subscriber::set_default(lines) }
    }

    /// What was written since the last look.
    pub(crate) fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.written.0.lock().unwrap())).unwrap()
    }

    /// The same, line by line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = self.take();
        assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
        let lines =
            text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
        lines.collect()
    }
}
