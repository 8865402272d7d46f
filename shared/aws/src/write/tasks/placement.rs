//! Where a run's tasks may be placed, in the SDK's words.

use aws_sdk_ecs::types as sdk;
use shared::run_task::{Options, PlacementConstraintType, PlacementStrategyType};

pub(super) fn constraints(options: &Options) -> Option<Vec<sdk::PlacementConstraint>> {
    let all = options.placement_constraints.iter().map(|from| {
        let kind = match from.kind {
            PlacementConstraintType::DistinctInstance => sdk::PlacementConstraintType::DistinctInstance,
            PlacementConstraintType::MemberOf => sdk::PlacementConstraintType::MemberOf,
        };
        sdk::PlacementConstraint::builder().r#type(kind).set_expression(from.expression.clone()).build()
    });
    (!options.placement_constraints.is_empty()).then(|| all.collect())
}

pub(super) fn strategy(options: &Options) -> Option<Vec<sdk::PlacementStrategy>> {
    let all = options.placement_strategy.iter().map(|from| {
        let kind = match from.kind {
            PlacementStrategyType::Random => sdk::PlacementStrategyType::Random,
            PlacementStrategyType::Spread => sdk::PlacementStrategyType::Spread,
            PlacementStrategyType::Binpack => sdk::PlacementStrategyType::Binpack,
        };
        sdk::PlacementStrategy::builder().r#type(kind).set_field(from.field.clone()).build()
    });
    (!options.placement_strategy.is_empty()).then(|| all.collect())
}
