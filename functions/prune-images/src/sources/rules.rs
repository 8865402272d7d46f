//! The ECS targets of EventBridge's rules.

use futures_util::future::BoxFuture;
use shared::Problem;

use super::{Look, Source, definitions};
use crate::used::Found;

pub(super) struct Rules;

impl Source for Rules {
    fn name(&self) -> &'static str {
        "rules"
    }

    fn read<'a>(&'a self, look: &'a Look<'a>) -> BoxFuture<'a, Result<Found, Problem>> {
        Box::pin(async move {
            let targets = look.read.rule_targets().await?;
            definitions(look, targets.into_iter().map(|target| (target.task_definition, target.of))).await
        })
    }
}
