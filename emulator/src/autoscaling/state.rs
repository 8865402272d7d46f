//! What EC2 Auto Scaling knows.
#![allow(clippy::struct_field_names, reason = "the names are AWS's")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::autoscaling::activities::Activity;
use crate::autoscaling::hooks::Hook;
use crate::autoscaling::scheduled_actions::ScheduledAction;

/// All groups, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) groups: BTreeMap<String, Group>,
    /// The groups whose alarm is about to look.
    pub(crate) evaluating: BTreeSet<String>,
}

/// One Auto Scaling group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) arn: String,
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) desired: i64,
    /// What changed the desired capacity last, in AWS's words.
    pub(crate) cause: String,
    pub(crate) instance_type: String,
    /// CPU units and MiB that its instances have for tasks, where their type does not say it.
    pub(crate) instance_resources: Option<(i64, i64)>,
    pub(crate) zones: Vec<String>,
    pub(crate) created_at: Timestamp,
    /// By id; a terminated one is gone.
    pub(crate) instances: BTreeMap<String, Instance>,
    /// Suspended processes, with the reason that AWS gives.
    pub(crate) suspended: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, Tag>,
    pub(crate) new_instances_protected: bool,
    pub(crate) default_cooldown: i64,
    pub(crate) warm_pool: Option<WarmPool>,
    /// By name.
    pub(crate) hooks: BTreeMap<String, Hook>,
    /// By name.
    pub(crate) scheduled_actions: BTreeMap<String, ScheduledAction>,
    /// The oldest first.
    pub(crate) activities: Vec<Activity>,
    /// The ECS cluster that its instances register with, by their user data.
    pub(crate) cluster: Option<String>,
    /// Why EC2 does not start its instances, if it does not.
    pub(crate) cannot_launch: Option<String>,
    /// How many instances its load asks for, as its owner says.
    pub(crate) load: Option<i64>,
    /// When it looks at its instances next.
    pub(crate) attended: Option<Timestamp>,
    /// It has said that it cannot become smaller.
    pub(crate) held: bool,
}

impl Group {
    pub(crate) fn runs(&self, process: &str) -> bool {
        !self.suspended.contains_key(process)
    }
}

/// A tag's value, and whether instances get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) value: String,
    pub(crate) propagated: bool,
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_WarmPoolConfiguration.html>
#[derive(Clone, Debug)]
pub(crate) struct WarmPool {
    pub(crate) min: i64,
    /// Its instances, all stopped.
    pub(crate) instances: Vec<String>,
}

/// One EC2 instance of a group.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) lifecycle: Lifecycle,
    /// Counts its steps: what was planned before is void.
    pub(crate) step: u64,
    /// EC2 has it no more, whether or not the group knows.
    pub(crate) dead: bool,
    pub(crate) healthy: bool,
    pub(crate) zone: String,
    pub(crate) instance_type: String,
    pub(crate) protected: bool,
    pub(crate) launched_at: Timestamp,
    /// Its container instance, once it has registered.
    pub(crate) container_instance: Option<String>,
    /// A lifecycle hook lets it wait until then.
    pub(crate) waits_until: Option<Timestamp>,
    /// ECS drains it, and lets it wait until then at most.
    pub(crate) drains_until: Option<Timestamp>,
}

impl Instance {
    /// In service since it was launched.
    pub(crate) fn in_service(zone: &str, instance_type: &str, protected: bool, now: Timestamp) -> Self {
        Self {
            lifecycle: Lifecycle::InService,
            step: 0,
            dead: false,
            healthy: true,
            zone: zone.to_owned(),
            instance_type: instance_type.to_owned(),
            protected,
            launched_at: now,
            container_instance: None,
            waits_until: None,
            drains_until: None,
        }
    }
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    Pending,
    PendingWait,
    InService,
    Terminating,
    TerminatingWait,
}

impl Lifecycle {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::PendingWait => "Pending:Wait",
            Self::InService => "InService",
            Self::Terminating => "Terminating",
            Self::TerminatingWait => "Terminating:Wait",
        }
    }

    /// It counts as capacity.
    pub(crate) fn counts(self) -> bool {
        matches!(self, Self::Pending | Self::PendingWait | Self::InService)
    }
}
