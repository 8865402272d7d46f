//! The steps of a plan, and the stages in which they are performed.

use shared::application_autoscaling::Suspended;
use shared::autoscaling::{GroupSize, Suspended as Processes};
use shared::names::{ClusterName, ServiceId};
use shared::record::{Capacity, Record, State};
use shared::schedule::Override;

use crate::observe::GroupId;

/// One AWS call.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `TagResource` with the record.
    WriteRecord {
        /// On which service.
        service: ServiceId,
        /// The record's text as it was seen.
        before: Option<String>,
        /// The record to write.
        record: Record,
    },
    /// `RegisterScalableTarget` with a min and the suspended flags.
    SetScalable {
        /// Of which service.
        service: ServiceId,
        /// As it was seen.
        before: (u32, Suspended),
        /// As it will be.
        after: (u32, Suspended),
        /// A new max.
        max: Option<u32>,
    },
    /// `TagResource` with an override, on a service or a cluster.
    WriteOverride {
        /// `service/prod/users` or `cluster/prod`.
        resource: String,
        /// The tag's text as it was seen.
        before: Option<String>,
        /// The override to write.
        after: Override,
    },
    /// `UntagResource` of an override that is over.
    DropOverride {
        /// `service/prod/users` or `cluster/prod`.
        resource: String,
        /// The tag's text as it was seen.
        before: String,
    },
    /// `UpdateService` with a desired count.
    SetDesired {
        /// Of which service.
        service: ServiceId,
        /// As it was seen.
        before: i32,
        /// As it will be.
        after: u32,
    },
    /// `CreateOrUpdateTags` with a group's record.
    WriteGroupRecord {
        /// On which group.
        group: GroupId,
        /// The record's text as it was seen.
        before: Option<String>,
        /// The record to write.
        record: Record<Capacity>,
    },
    /// `UpdateAutoScalingGroup` with sizes.
    SizeGroup {
        /// Of which group.
        group: GroupId,
        /// As they were seen.
        before: GroupSize,
        /// As they will be.
        after: GroupSize,
    },
    /// `SuspendProcesses`.
    Suspend {
        /// Of which group.
        group: GroupId,
        /// Which of them.
        processes: Processes,
    },
    /// `ResumeProcesses`.
    Resume {
        /// Of which group.
        group: GroupId,
        /// Which of them.
        processes: Processes,
    },
}

/// What a step changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing<'a> {
    /// A service.
    Service(ServiceId),
    /// A cluster, by its override.
    Cluster(ClusterName),
    /// An Auto Scaling group.
    Group(&'a GroupId),
}

impl Step {
    /// What it changes; `None` for a resource that is none of ours.
    #[must_use]
    pub fn thing(&self) -> Option<Thing<'_>> {
        Some(match self {
            Self::WriteRecord { service, .. }
            | Self::SetScalable { service, .. }
            | Self::SetDesired { service, .. } => Thing::Service(service.clone()),
            Self::WriteOverride { resource, .. } | Self::DropOverride { resource, .. } => {
                match resource.strip_prefix("cluster/") {
                    Some(cluster) => Thing::Cluster(cluster.parse().ok()?),
                    None => Thing::Service(ServiceId::from_resource(resource)?),
                }
            }
            Self::WriteGroupRecord { group, .. }
            | Self::SizeGroup { group, .. }
            | Self::Suspend { group, .. }
            | Self::Resume { group, .. } => Thing::Group(group),
        })
    }

    /// It writes down what was done. In a job with changes it comes last, and lets the writes that stand ahead of
    /// others' changes go first: a change waits for those, and nothing waits for it.
    #[must_use]
    pub fn confirms(&self) -> bool {
        matches!(self, Self::WriteRecord { record, .. } if record.state != State::Stopping)
    }

    /// What takes it back where a later step of its job is refused: a service that can't be stopped must
    /// not run on without its autoscaling, nor a group without its alarms.
    #[must_use]
    pub fn undo(&self) -> Option<Self> {
        match self {
            Self::SetScalable { service, before, after: after @ (_, Suspended::ALL), .. } => {
                Some(Self::SetScalable {
                    service: service.clone(),
                    before: *after,
                    after: *before,
                    max: None,
                })
            }
            Self::Suspend { group, processes } => {
                Some(Self::Resume { group: group.clone(), processes: *processes })
            }
            _ => None,
        }
    }
}

/// The stages: an override is written before what it causes, machines come before the services and go
/// after them, and what is over is cleaned up last.
pub(crate) const OVERRIDE: usize = 0;
pub(super) const GROUPS_UP: usize = 1;
pub(super) const CHANGE: usize = 2;
pub(crate) const GROUPS_DOWN: usize = 3;
pub(super) const CLEAN: usize = 4;
