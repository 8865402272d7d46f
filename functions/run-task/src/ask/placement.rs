//! Where the tasks may be placed, checked as far as that needs no look at where they run.

use shared::Problem;
use shared::run_task::{
    PlacementConstraint, PlacementConstraintType, PlacementStrategy, PlacementStrategyType,
};

/// The most constraints of a task, those of its definition among them.
///
/// Source: `placementConstraints` in
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
pub(crate) const CONSTRAINTS: usize = 10;
/// The most rules of a strategy.
const RULES: usize = 5;
/// The longest expression.
const EXPRESSION: usize = 2_000;
/// The longest field.
const FIELD: usize = 255;

/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementConstraint.html>
pub(super) fn constraints(
    asked: Option<&[PlacementConstraint]>,
) -> Result<Vec<PlacementConstraint>, Problem> {
    let Some(asked) = asked else { return Ok(Vec::new()) };
    let fault = |detail: &str| Err(Problem::bad_request(format!("placementConstraints: {detail}")));
    if !(1..=CONSTRAINTS).contains(&asked.len()) {
        return fault("1 to 10 of them");
    }
    for constraint in asked {
        match (constraint.kind, constraint.expression.as_deref()) {
            (PlacementConstraintType::DistinctInstance, None) => {}
            (PlacementConstraintType::DistinctInstance, Some(_)) => {
                return fault("distinctInstance has no expression");
            }
            (PlacementConstraintType::MemberOf, Some(text))
                if (1..=EXPRESSION).contains(&text.chars().count()) => {}
            (PlacementConstraintType::MemberOf, _) => {
                return fault("memberOf needs an expression of 1 to 2000 characters");
            }
        }
    }
    Ok(asked.to_vec())
}

/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementStrategy.html>
pub(super) fn strategy(asked: Option<&[PlacementStrategy]>) -> Result<Vec<PlacementStrategy>, Problem> {
    let Some(asked) = asked else { return Ok(Vec::new()) };
    let fault = |detail: &str| Err(Problem::bad_request(format!("placementStrategy: {detail}")));
    if !(1..=RULES).contains(&asked.len()) {
        return fault("1 to 5 rules");
    }
    for rule in asked {
        let attribute = |field: &str| field.strip_prefix("attribute:").is_some_and(|name| !name.is_empty());
        match (rule.kind, rule.field.as_deref()) {
            (PlacementStrategyType::Random, None)
            | (PlacementStrategyType::Binpack, Some("cpu" | "memory" | "CPU" | "MEMORY"))
            | (PlacementStrategyType::Spread, Some("instanceId" | "host")) => {}
            (PlacementStrategyType::Spread, Some(field)) if attribute(field) && field.len() <= FIELD => {}
            (PlacementStrategyType::Random, Some(_)) => return fault("random has no field"),
            (PlacementStrategyType::Binpack, _) => return fault("binpack has the field cpu or memory"),
            (PlacementStrategyType::Spread, _) => {
                return fault("spread has the field instanceId, host or attribute:NAME");
            }
        }
    }
    Ok(asked.to_vec())
}
