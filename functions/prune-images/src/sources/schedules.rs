//! The ECS targets of EventBridge Scheduler's schedules.

use futures_util::future::BoxFuture;
use shared::Problem;

use super::{Look, Source, definitions};
use crate::used::Found;

pub(super) struct Schedules;

impl Source for Schedules {
    fn name(&self) -> &'static str {
        "schedules"
    }

    fn read<'a>(&'a self, look: &'a Look<'a>) -> BoxFuture<'a, Result<Found, Problem>> {
        Box::pin(async move {
            let targets = look.read.schedule_targets().await?;
            definitions(look, targets.into_iter().map(|target| (target.task_definition, target.of))).await
        })
    }
}
