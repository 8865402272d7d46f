//! The ECS targets of EventBridge Pipes.

use shared::Problem;

use super::{Reader, definitions};
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let targets = reader.read.pipe_targets().await?;
    definitions(reader, targets.into_iter().map(|target| (target.task_definition, target.of))).await
}
