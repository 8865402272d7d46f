//! The ECS targets of EventBridge's rules.

use shared::Problem;

use super::{Look, definitions};
use crate::used::Found;

pub(super) async fn read(look: &Look<'_>) -> Result<Found, Problem> {
    let targets = look.read.rule_targets().await?;
    definitions(look, targets.into_iter().map(|target| (target.task_definition, target.of))).await
}
