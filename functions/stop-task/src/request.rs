//! What stop-task can be asked.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use shared::names::{ClusterRef, TaskDefinitionRef, TaskRef};
use shared::{Route, strict};

/// The REST routes.
pub const ROUTES: &[Route<Request>] = &[
    Route::mutation("POST", "/v1/clusters/{cluster}/tasks/{task}/stop", "stopTask", |action, fields| {
        strict::parse(action, fields).map(Request::One)
    }),
    Route::mutation("POST", "/v1/clusters/{cluster}/tasks/stop", "stopTasks", |action, fields| {
        strict::parse(action, fields).map(Request::Many)
    }),
];

/// A request as it came, well-formed.
#[derive(Clone, Debug)]
pub enum Request {
    /// `{"action":"stopTask",…}`
    One(One),
    /// `{"action":"stopTasks",…}`
    Many(Many),
}

/// One task.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct One {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) task: TaskRef,
    #[serde(default)]
    pub(crate) force: Force,
    pub(crate) wait: Option<u32>,
}

/// The tasks of a family, or those that somebody started.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Many {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) family: Option<TaskDefinitionRef>,
    pub(crate) started_by: Option<String>,
    pub(crate) wait: Option<u32>,
}

/// What is stopped in spite of what speaks against it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Force {
    /// Nothing: `false`.
    #[default]
    No,
    /// A service's task, which its service replaces: `true`.
    ServiceTask,
    /// Also one that is protected: `"protected"`.
    Protected,
}

impl<'de> Deserialize<'de> for Force {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::Bool(false) => Ok(Self::No),
            Value::Bool(true) => Ok(Self::ServiceTask),
            Value::String(text) if text == "protected" => Ok(Self::Protected),
            _ => Err(serde::de::Error::custom("expected true, false or \"protected\"")),
        }
    }
}
