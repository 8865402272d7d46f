//! A task that was started: what an item of run-task becomes. Callers see it as JSON.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use shared::ecs::Task;

/// An item of run-task's plans.
pub type Item = shared::report::Item<StartedTask>;

/// A task that was started, in this run or before.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartedTask {
    /// Its ARN.
    pub task_arn: String,
    /// Its status when it was looked at last.
    pub last_status: String,
    /// When ECS created it.
    #[schemars(with = "Option<shared::schema::Instant>")]
    pub created_at: Option<Timestamp>,
    /// When it ended.
    #[schemars(with = "Option<shared::schema::Instant>")]
    pub stopped_at: Option<Timestamp>,
    /// It was started by an earlier run, under the same key.
    pub started_before: bool,
    /// How it goes, where the request waits for it.
    #[serde(flatten)]
    pub watched: Option<Watched>,
}

/// How a task goes, or how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Watched {
    stop_code: Option<String>,
    stopped_reason: Option<String>,
    containers: Vec<ContainerEnd>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ContainerEnd {
    name: String,
    exit_code: Option<i32>,
    reason: Option<String>,
}

impl StartedTask {
    /// The task as `RunTask` or a look at it shows it.
    #[must_use]
    pub fn of(task: &Task, started_before: bool) -> Self {
        Self {
            task_arn: task.task_arn.clone(),
            last_status: task.last_status.clone(),
            created_at: task.created_at,
            stopped_at: task.stopped_at,
            started_before,
            watched: None,
        }
    }

    /// The same, with how it goes.
    #[must_use]
    pub fn watched(self, task: &Task) -> Self {
        let exit = |container: &shared::ecs::Container| ContainerEnd {
            name: container.name.clone(),
            exit_code: container.exit_code,
            reason: container.reason.clone(),
        };
        let watched = Watched {
            stop_code: task.stop_code.clone(),
            stopped_reason: task.stopped_reason.clone(),
            containers: task.containers.iter().map(exit).collect(),
        };
        Self { watched: Some(watched), ..Self::of(task, self.started_before) }
    }
}
