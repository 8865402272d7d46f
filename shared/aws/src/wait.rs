//! Waiting for tasks, on tokio's clock and never beyond the run's deadline.

use std::time::Duration;

use shared::ecs::Task;
use shared::names::{ClusterName, TaskId};
use tokio::time::{Instant, sleep};

use crate::read::Read;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

impl Read {
    /// Looks at these tasks until each is as `done` wants it or the time is up, and gives the last
    /// that was seen of each, in the order of their ARNs. One that AWS does not find is waited for:
    /// right after its start it may be missing for a moment. So is a look that fails: what is waited
    /// for has begun, and a fault of a look must not make it unsaid.
    pub async fn tasks_once(
        &self,
        cluster: &ClusterName,
        ids: &[TaskId],
        patience: Duration,
        done: impl Fn(&Task) -> bool,
    ) -> Vec<Task> {
        let begun = Instant::now();
        let mut seen = Vec::new();
        loop {
            match self.tasks_named(cluster, ids, false).await {
                Ok(listed) => seen = listed.found,
                Err(problem) => tracing::warn!(code = %problem.code, "{}", problem.detail),
            }
            let left = patience.saturating_sub(begun.elapsed()).min(self.left());
            if (seen.len() == ids.len() && seen.iter().all(&done)) || left < PAUSE {
                return seen;
            }
            sleep(PAUSE).await;
        }
    }
}
