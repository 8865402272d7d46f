//! EC2 Auto Scaling's words, in its own spelling: groups and their instances.
//!
//! Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// An Auto Scaling group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    pub created_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

impl Group {
    /// The tags by key.
    #[must_use]
    pub fn tags_by_key(&self) -> BTreeMap<String, String> {
        self.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
    }
}

/// An instance of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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
}

/// A process of a group that sleeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct SuspendedProcess {
    pub process_name: String,
    pub suspension_reason: String,
}

/// A tag, in EC2 Auto Scaling's spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "AWS's own fields, documented there")]
pub struct Tag {
    pub key: String,
    pub value: String,
    pub propagate_at_launch: bool,
}
