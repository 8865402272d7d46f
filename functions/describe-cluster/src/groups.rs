//! Auto Scaling groups, as the answer shows them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use shared::autoscaling::Group;
use shared::groups::{LinkedBy, Links};
use shared::record::{Capacity, Record, RecordFault};
use shared::schedule::{OnOff, Override};

use crate::ViewSettings;
use crate::agenda::groups;
use crate::snapshot::Machines;
use crate::steward::{NextChange, ShownRecord, faults, override_of};

/// What ecs-steward knows of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OfGroup")]
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
    /// Its own schedule, printed: a cluster's is its services'.
    pub schedule: Option<String>,
    /// The next change of it that is known to come, and to what. One of now or before is due, and waits for the
    /// next reconcile.
    pub next: Option<NextChange>,
    /// The override, its own or its cluster's: the live one, else one that has not begun.
    #[serde(rename = "override")]
    pub override_: Option<Override>,
    /// Its record, read; `null` where there is none.
    #[schemars(with = "Option<ShownRecord<Record<Capacity>>>")]
    pub record: Option<Value>,
    /// Tags that can't be read: nothing is done here until they are mended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

impl Steward {
    /// What is known of a group.
    #[must_use]
    pub fn of(group: &Group, seen: &Machines, settings: &ViewSettings, now: Timestamp) -> Self {
        let links = Links {
            providers: &seen.providers,
            clusters: &seen.clusters,
            registered: &seen.registered,
            keys: &settings.tags,
        };
        let link = links.of(group);
        let tags = group.tags_by_key();
        let of_cluster = link.cluster.as_ref().and_then(|(name, _)| {
            let mut tags = links.clusters.iter().find(|cluster| cluster.cluster_name == *name)?.tags_by_key();
            tags.remove(&settings.tags.schedule);
            Some(tags)
        });
        let tagged = settings.scheduling.reading(&settings.tags).read(&tags, of_cluster.as_ref());
        let record = tags.get(&settings.tags.record).map(|text| text.parse::<Record<Capacity>>());
        let unreadable =
            |fault: &RecordFault| format!("its tag {} can't be read: {fault}", settings.tags.record);
        let faults = faults(&tagged).map(|fault| fault.reason.clone());
        let faults = faults.chain(record.as_ref().and_then(|it| it.as_ref().err()).map(unreadable)).collect();
        Self {
            schedule: tagged.schedule.as_ref().ok().and_then(Option::as_ref).map(ToString::to_string),
            next: groups::next_change(
                group,
                link.managed_scaling,
                &of_cluster.unwrap_or_default(),
                settings,
                now,
            ),
            override_: override_of(&tagged, now),
            record: record.map(|record| match record {
                Ok(record) => json!(record),
                Err(fault) => json!({ "unreadable": fault.to_string() }),
            }),
            faults,
            state: if group.desired_capacity == 0 { OnOff::Off } else { OnOff::On },
            cluster_by: link.cluster.as_ref().map(|(_, by)| *by),
            cluster: link.cluster.map(|(cluster, _)| cluster),
            capacity_provider: link.capacity_provider,
            managed_scaling: link.managed_scaling,
        }
    }
}
