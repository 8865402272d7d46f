//! The record of all calls.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// One call that reached the doors.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Counts all calls of this handle, from 0; forgetting does not start it again.
    pub number: u64,
    /// Whose handle it came through ([`Aws::called_by`](crate::Aws::called_by)).
    #[serde(skip_serializing_if = "str::is_empty")]
    pub caller: &'static str,
    /// The world's date when it arrived.
    pub at: Timestamp,
    /// Its name, as [`World::call`](crate::World::call) takes it.
    pub service: String,
    /// AWS's name of the operation.
    pub operation: String,
    /// The request's body; null when it was not JSON.
    pub input: Value,
    /// What the caller was told, or would have been: the error's code otherwise. A call that never got an answer has
    /// `Hang`, `Killed` or `ConnectionReset`, and one whose answer broke off has `CutBody`.
    #[serde(serialize_with = "in_a_word")]
    pub outcome: Result<(), String>,
    /// Whether the operation changes anything.
    pub write: bool,
    /// Whether the world took it: true also for a reset or a kill after the commit.
    pub committed: bool,
}

fn in_a_word<S: serde::Serializer>(outcome: &Result<(), String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(outcome.as_ref().map_or_else(String::as_str, |()| "ok"))
}
