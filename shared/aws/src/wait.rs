//! Waiting for tasks, on tokio's clock and never beyond the run's deadline.

use std::time::Duration;

use shared::Problem;
use shared::ecs::Task;
use shared::names::{ClusterName, TaskId};
use tokio::time::{Instant, sleep};

use crate::read::Read;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

impl Read {
    /// Looks at these tasks until each is as `done` wants it or the time is up, and gives the last
    /// that was seen of each, in the order of their ARNs. One that AWS does not find is waited for:
    /// right after its start it may be missing for a moment.
    pub async fn tasks_once(
        &self,
        cluster: &ClusterName,
        ids: &[TaskId],
        patience: Duration,
        done: impl Fn(&Task) -> bool,
    ) -> Result<Vec<Task>, Problem> {
        let begun = Instant::now();
        loop {
            let seen = self.tasks_named(cluster, ids, false).await?.found;
            let left = patience.saturating_sub(begun.elapsed()).min(self.left());
            if (seen.len() == ids.len() && seen.iter().all(&done)) || left < PAUSE {
                return Ok(seen);
            }
            sleep(PAUSE).await;
        }
    }
}
