//! What a task was, and what stop-task makes of it. Callers see it as JSON.

use schemars::JsonSchema;
use serde::Serialize;
use shared::names::TaskId;

/// An item of stop-task's plans.
pub type Item = shared::report::Item<Effect>;

/// A task before or after a run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase")]
#[schemars(rename = "TaskStatus")]
pub enum Effect {
    /// As it was seen.
    Seen {
        /// Its id; `None` where its ARN can't be read.
        #[serde(skip)]
        id: Option<TaskId>,
        /// ECS's status of it.
        last_status: String,
    },
    /// Told to stop.
    Stopped {
        /// `STOPPED`: what ECS is to bring it to.
        desired_status: &'static str,
    },
}

/// The id of an item's task.
#[must_use]
pub fn task_id(item: &Item) -> Option<&TaskId> {
    let Some(Effect::Seen { id, .. }) = &item.before else { return None };
    id.as_ref()
}
