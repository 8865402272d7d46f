//! What a process takes, as Linux tells it.

use std::fs;
use std::path::Path;

use serde::Deserialize;

/// Memory and processor of a process.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Used {
    /// Seconds of CPU.
    pub cpu: f64,
    /// The most memory that it held, in KiB.
    pub peak_kib: u64,
}

/// Linux counts CPU in hundredths of a second for every program.
const TICKS: f64 = 100.0;

impl Used {
    /// Of a process that lives; nothing where it can't be read.
    #[must_use]
    pub fn of(process: u32) -> Self {
        let folder = Path::new("/proc").join(process.to_string());
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        let (status, stat) = (read("status"), read("stat"));
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
        // The name, in brackets, may hold spaces; behind it, the times are the 12th and 13th fields.
        let times = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        Self {
            cpu: times.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS,
            peak_kib: peak.and_then(|kib| kib.parse().ok()).unwrap_or_default(),
        }
    }
}
