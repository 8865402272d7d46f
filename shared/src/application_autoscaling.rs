//! Application Auto Scaling's words for an ECS service: its scalable target.
//!
//! Source: <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalableTarget.html>

mod scheduled_actions;

use schemars::JsonSchema;
use serde::Serialize;

pub use scheduled_actions::{Missed, ScheduledAction, missed};

/// Which of a target's activities sleep.
///
/// Written as three letters in the record, a dash for each that is awake: `i` scale-in by
/// policies, `o` scale-out by policies, `s` scheduled actions. `---` is all awake, `ios` all
/// asleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Suspended {
    /// `DynamicScalingInSuspended`.
    pub dynamic_scaling_in: bool,
    /// `DynamicScalingOutSuspended`.
    pub dynamic_scaling_out: bool,
    /// `ScheduledScalingSuspended`.
    pub scheduled_scaling: bool,
}

impl Suspended {
    /// All three asleep.
    pub const ALL: Self =
        Self { dynamic_scaling_in: true, dynamic_scaling_out: true, scheduled_scaling: true };
}

/// A service's scalable target: the bounds that autoscaling keeps its desired count in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScalableTarget {
    /// `service/prod/users`.
    pub resource_id: String,
    /// The least desired count.
    pub min_capacity: u32,
    /// The greatest desired count.
    pub max_capacity: u32,
    /// What sleeps.
    pub suspended: Suspended,
}

/// A policy that scales a service, as far as it matters whether it can be foretold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScalingPolicy {
    /// `service/prod/users`.
    pub resource_id: String,
    /// Its name.
    pub policy_name: String,
    /// AWS's word: `TargetTrackingScaling`, `StepScaling`, `PredictiveScaling`.
    pub policy_type: String,
    /// It is a predictive one that scales, and does not only forecast.
    ///
    /// Source: `Mode` in
    /// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredictiveScalingPolicyConfiguration.html>
    pub scales_by_forecast: bool,
}

impl ScalableTarget {
    /// As a stop leaves it that leaves at most so many tasks: nothing can wake the service.
    #[must_use]
    pub fn is_asleep_at(&self, night: u32) -> bool {
        self.min_capacity <= night && self.suspended == Suspended::ALL
    }
}
