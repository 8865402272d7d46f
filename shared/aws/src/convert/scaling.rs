//! Scalable targets and scheduled scaling actions.

use aws_sdk_applicationautoscaling::types as scaling_sdk;
use shared::application_autoscaling::{ScalableTarget, ScalingPolicy, ScheduledAction, Suspended};

use super::instant;

pub(crate) fn scalable_target(from: &scaling_sdk::ScalableTarget) -> ScalableTarget {
    let flag = |of: fn(&scaling_sdk::SuspendedState) -> Option<bool>| {
        from.suspended_state().and_then(of) == Some(true)
    };
    ScalableTarget {
        resource_id: from.resource_id().to_owned(),
        min_capacity: u32::try_from(from.min_capacity()).unwrap_or(0),
        max_capacity: u32::try_from(from.max_capacity()).unwrap_or(0),
        suspended: Suspended {
            dynamic_scaling_in: flag(scaling_sdk::SuspendedState::dynamic_scaling_in_suspended),
            dynamic_scaling_out: flag(scaling_sdk::SuspendedState::dynamic_scaling_out_suspended),
            scheduled_scaling: flag(scaling_sdk::SuspendedState::scheduled_scaling_suspended),
        },
    }
}

pub(crate) fn scheduled_action(from: &scaling_sdk::ScheduledAction) -> ScheduledAction {
    let sets = from.scalable_target_action();
    let bound = |of: Option<i32>| of.and_then(|of| u32::try_from(of).ok());
    ScheduledAction {
        resource_id: from.resource_id().to_owned(),
        scheduled_action_name: from.scheduled_action_name().to_owned(),
        schedule: from.schedule().to_owned(),
        timezone: from.timezone().map(str::to_owned),
        start_time: instant(from.start_time()),
        end_time: instant(from.end_time()),
        creation_time: instant(Some(from.creation_time())),
        min_capacity: bound(sets.and_then(scaling_sdk::ScalableTargetAction::min_capacity)),
        max_capacity: bound(sets.and_then(scaling_sdk::ScalableTargetAction::max_capacity)),
    }
}

pub(crate) fn scaling_policy(from: &scaling_sdk::ScalingPolicy) -> ScalingPolicy {
    let predictive = from.predictive_scaling_policy_configuration();
    let mode = predictive.and_then(scaling_sdk::PredictiveScalingPolicyConfiguration::mode);
    ScalingPolicy {
        resource_id: from.resource_id().to_owned(),
        policy_name: from.policy_name().to_owned(),
        policy_type: from.policy_type().as_str().to_owned(),
        scales_by_forecast: mode == Some(&scaling_sdk::PredictiveScalingMode::ForecastAndScale),
    }
}
