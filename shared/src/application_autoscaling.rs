//! Application Auto Scaling's words for an ECS service: its scalable target.
//!
//! Source: <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalableTarget.html>

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;

/// Which of a target's activities sleep.
///
/// Written as three letters in the record, a dash for each that is awake: `i` scale-in by
/// policies, `o` scale-out by policies, `s` scheduled actions. `---` is all awake, `ios` all
/// asleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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

impl ScalableTarget {
    /// As a stop leaves it: nothing can wake the service.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.min_capacity == 0 && self.suspended == Suspended::ALL
    }
}

/// A person's scheduled scaling action on a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledAction {
    /// `service/prod/users`.
    pub resource_id: String,
    /// Its name.
    pub scheduled_action_name: String,
    /// `at(…)`, `cron(…)` or `rate(…)`.
    pub schedule: String,
    /// The zone of the expression.
    pub timezone: Option<String>,
    /// It ends then.
    pub end_time: Option<Timestamp>,
}

impl ScheduledAction {
    /// Whether it can come due after `now`: everything that recurs and has not ended, and what is
    /// still ahead. An expression that can't be read counts as one that can.
    #[must_use]
    pub fn may_come_due_after(&self, now: Timestamp) -> bool {
        if self.end_time.is_some_and(|end| end <= now) {
            return false;
        }
        self.once().is_none_or(|at| at > now)
    }

    /// The instant of an `at(2026-11-25T02:00:00)`, whose zone is UTC unless another is given.
    fn once(&self) -> Option<Timestamp> {
        let at: DateTime = self.schedule.strip_prefix("at(")?.strip_suffix(')')?.parse().ok()?;
        let zone = TimeZone::get(self.timezone.as_deref().unwrap_or("UTC")).ok()?;
        zone.to_timestamp(at).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_recurs_or_lies_ahead_may_come_due_and_what_is_over_may_not() {
        let now = "2026-11-25T01:00:00Z".parse().unwrap();
        let action = |schedule: &str, zone: Option<&str>, end: Option<&str>| ScheduledAction {
            schedule: schedule.into(),
            timezone: zone.map(str::to_owned),
            end_time: end.map(|end| end.parse().unwrap()),
            ..ScheduledAction::default()
        };
        for (action, due) in [
            (action("cron(0 2 * * ? *)", None, None), true),
            (action("rate(1 hour)", None, Some("2026-11-26T00:00:00Z")), true),
            (action("rate(1 hour)", None, Some("2026-11-25T00:00:00Z")), false),
            (action("at(2026-11-25T02:00:00)", None, None), true),
            (action("at(2026-11-25T00:59:59)", None, None), false),
            (action("at(2026-11-24T22:30:00)", Some("America/Sao_Paulo"), None), true),
            (action("at(2026-11-25T02:00:00)", Some("Europe/Berlin"), None), false),
            (action("at(some day)", None, None), true),
        ] {
            assert_eq!(action.may_come_due_after(now), due, "{action:?}");
        }
    }
}
