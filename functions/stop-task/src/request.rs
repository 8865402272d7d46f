//! What stop-task can be asked.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use shared::fields::{STARTED_BY, WholeFamily};
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
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct One {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) task: TaskRef,
    /// Stop a service's own task, which its service replaces; `"protected"` also one that is protected.
    #[serde(default)]
    pub(crate) force: Force,
    /// So many seconds are waited for what stops.
    #[schemars(range(max = 900))]
    pub(crate) wait: Option<u32>,
}

/// The tasks of a family, or those that somebody started.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    {"required": ["family"], "properties": {"family": {"type": "string"}}},
    {"required": ["startedBy"], "properties": {"startedBy": {"type": "string"}}},
]))]
pub struct Many {
    pub(crate) cluster: Option<ClusterRef>,
    /// Of this family.
    #[schemars(with = "Option<WholeFamily>")]
    pub(crate) family: Option<TaskDefinitionRef>,
    /// Started by this.
    #[schemars(length(min = 1, max = STARTED_BY))]
    pub(crate) started_by: Option<String>,
    /// So many seconds are waited for what stops.
    #[schemars(range(max = 900))]
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

impl JsonSchema for Force {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Force".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": [false, true, "protected"] })
    }
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
