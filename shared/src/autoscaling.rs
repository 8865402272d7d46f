//! EC2 Auto Scaling's words, in its own spelling: groups and their instances.
//!
//! Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html>

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// An Auto Scaling group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Group {
    pub auto_scaling_group_name: String,
    #[serde(rename = "AutoScalingGroupARN")]
    pub auto_scaling_group_arn: String,
    pub min_size: i32,
    pub max_size: i32,
    pub desired_capacity: i32,
    pub availability_zones: Vec<String>,
    pub instances: Vec<Instance>,
    pub suspended_processes: Vec<SuspendedProcess>,
    pub new_instances_protected_from_scale_in: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_pool_size: Option<i32>,
    /// Only while the group is being deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Instant>")]
    pub created_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// Which of the two processes that may wake a group sleep: its alarms, and its scheduled actions.
///
/// Written as two letters in the record, a dash for each that is awake: `a` and `s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SuspendedProcesses")]
pub struct Suspended {
    /// `AlarmNotification`.
    pub alarm_notification: bool,
    /// `ScheduledActions`.
    pub scheduled_actions: bool,
}

impl Suspended {
    /// Both asleep.
    pub const ALL: Self = Self { alarm_notification: true, scheduled_actions: true };

    /// AWS's names of those that sleep.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let flags =
            [(self.alarm_notification, "AlarmNotification"), (self.scheduled_actions, "ScheduledActions")];
        flags.into_iter().filter(|(asleep, _)| *asleep).map(|(_, name)| name).collect()
    }

    /// Those that sleep here and not in `other`.
    #[must_use]
    pub fn beyond(self, other: Self) -> Self {
        Self {
            alarm_notification: self.alarm_notification && !other.alarm_notification,
            scheduled_actions: self.scheduled_actions && !other.scheduled_actions,
        }
    }
}

impl fmt::Display for Suspended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, flag) in [('a', self.alarm_notification), ('s', self.scheduled_actions)] {
            write!(f, "{}", if flag { letter } else { '-' })?;
        }
        Ok(())
    }
}

/// A group's bounds and desired capacity; what is `None` is not touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupSize {
    /// `MinSize`.
    pub min: Option<u32>,
    /// `MaxSize`.
    pub max: Option<u32>,
    /// `DesiredCapacity`.
    pub desired: Option<u32>,
}

impl fmt::Display for GroupSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [("min", self.min), ("max", self.max), ("desired", self.desired)];
        let words = words.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?)));
        f.write_str(&words.collect::<Vec<_>>().join(" "))
    }
}

impl Group {
    /// Whether a process of it sleeps.
    #[must_use]
    pub fn is_suspended(&self, process: &str) -> bool {
        self.suspended_processes.iter().any(|it| it.process_name == process)
    }

    /// Which of the processes that may wake it sleep.
    #[must_use]
    pub fn suspended(&self) -> Suspended {
        Suspended {
            alarm_notification: self.is_suspended("AlarmNotification"),
            scheduled_actions: self.is_suspended("ScheduledActions"),
        }
    }

    /// As a stop leaves it: nothing can wake it.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.min_size == 0 && self.suspended() == Suspended::ALL
    }

    /// What its instances that are in service come to, in the unit of its desired capacity: an instance that has a weight
    /// counts as much.
    ///
    /// Source: <https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-instance-weighting.html>
    #[must_use]
    pub fn units_in_service(&self) -> u32 {
        let weight = |it: &Instance| it.weighted_capacity.as_ref().and_then(|weight| weight.parse().ok());
        let in_service = self.instances.iter().filter(|it| it.lifecycle_state == "InService");
        in_service.map(|it| weight(it).unwrap_or(1)).sum()
    }

    /// The tags by key.
    #[must_use]
    pub fn tags_by_key(&self) -> BTreeMap<String, String> {
        self.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
    }
}

/// An instance of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Instance {
    pub instance_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    pub availability_zone: String,
    pub lifecycle_state: String,
    pub health_status: String,
    pub protected_from_scale_in: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weighted_capacity: Option<String>,
}

/// A process of a group that sleeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct SuspendedProcess {
    pub process_name: String,
    pub suspension_reason: String,
}

/// A tag, in EC2 Auto Scaling's spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
#[schemars(rename = "GroupTag")]
pub struct Tag {
    pub key: String,
    pub value: String,
    pub propagate_at_launch: bool,
}
