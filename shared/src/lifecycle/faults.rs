//! What is wrong with a policy, and where.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// What is wrong with a policy, and where. Prints like
/// `rule 2 (rulePriority 5): selection.countUnit: missing; write "days"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyFault {
    /// Which rule, counted from 1 in the order of the text; `None` for the policy as a whole.
    pub rule: Option<usize>,
    /// That rule's `rulePriority`, where it can be read.
    pub rule_priority: Option<u32>,
    /// The field, such as `selection.countUnit`; empty for the thing as a whole.
    pub field: String,
    /// What is wrong there, and what would be right.
    pub fault: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.rule, self.rule_priority) {
            (None, _) => f.write_str("policy: ")?,
            (Some(rule), None) => write!(f, "rule {rule}: ")?,
            (Some(rule), Some(priority)) => write!(f, "rule {rule} (rulePriority {priority}): ")?,
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.fault)
    }
}

impl std::error::Error for PolicyFault {}

/// A value as it is shown in a fault: JSON, cut to 60 characters.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
