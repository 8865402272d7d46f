//! What EC2 Auto Scaling knows.
#![allow(clippy::struct_field_names, reason = "the names are AWS's")]
#![expect(dead_code, reason = "instances are on their way")]

use std::collections::BTreeMap;

use jiff::Timestamp;

/// All groups, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) groups: BTreeMap<String, Group>,
}

/// One Auto Scaling group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) arn: String,
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) desired: i64,
    pub(crate) instance_type: String,
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
    /// The ECS cluster that its instances register with, by their user data.
    pub(crate) cluster: Option<String>,
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
    pub(crate) max_prepared: Option<i64>,
    pub(crate) pool_state: String,
    pub(crate) size: i64,
}

/// One EC2 instance of a group.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) lifecycle: Lifecycle,
    pub(crate) healthy: bool,
    pub(crate) zone: String,
    pub(crate) instance_type: String,
    pub(crate) protected: bool,
    pub(crate) launched_at: Timestamp,
    /// Its container instance, once it has registered.
    pub(crate) container_instance: Option<String>,
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    InService,
}

impl Lifecycle {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InService => "InService",
        }
    }
}
