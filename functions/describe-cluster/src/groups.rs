//! Auto Scaling groups, as the answer shows them.

use serde::Serialize;
use shared::autoscaling::Group;
use shared::groups::{LinkedBy, Links};
use shared::schedule::OnOff;

use crate::Rules;
use crate::observe::Snapshot;

/// What ecs-steward knows of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Steward {
    /// `off` exactly when the desired capacity is 0.
    pub state: OnOff,
    /// The cluster whose tasks it carries; `null` where nothing says so.
    pub cluster: Option<String>,
    /// What says so.
    pub cluster_by: Option<LinkedBy>,
    /// The capacity provider that it stands behind.
    pub capacity_provider: Option<String>,
    /// Whether ECS itself sets its size.
    pub managed_scaling: bool,
}

impl Steward {
    /// What is known of a group.
    #[must_use]
    pub fn of(group: &Group, seen: &Snapshot, rules: &Rules) -> Self {
        let links = Links {
            providers: seen.providers.as_deref().unwrap_or_default(),
            clusters: seen.clusters.as_deref().unwrap_or_default(),
            registered: &seen.registered,
            keys: &rules.tags,
        };
        let link = links.of(group);
        Self {
            state: if group.desired_capacity == 0 { OnOff::Off } else { OnOff::On },
            cluster_by: link.cluster.as_ref().map(|(_, by)| *by),
            cluster: link.cluster.map(|(cluster, _)| cluster),
            capacity_provider: link.capacity_provider,
            managed_scaling: link.managed_scaling,
        }
    }
}
