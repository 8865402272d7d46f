//! The steps of a plan, and the stages in which they are performed.

use shared::application_autoscaling::Suspended;
use shared::autoscaling::{GroupSize, Suspended as Processes};
use shared::names::ServiceId;
use shared::record::{Capacity, Record};
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
        /// It may only be written while the desired count is at least this.
        floor: u32,
    },
    /// `RegisterScalableTarget` with a min and the suspended flags.
    SetScalable {
        /// Of which service.
        service: ServiceId,
        /// As it was seen.
        before: (u32, Suspended),
        /// As it will be.
        after: (u32, Suspended),
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
        /// It may only be written while the desired capacity is at least this.
        floor: u32,
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

impl Step {
    /// The service whose size or record it changes.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceId> {
        match self {
            Self::WriteRecord { service, .. }
            | Self::SetScalable { service, .. }
            | Self::SetDesired { service, .. } => Some(service),
            _ => None,
        }
    }

    /// What takes it back where a later step of its job is refused: a service that can't be stopped must
    /// not run on without its autoscaling, nor a group without its alarms.
    #[must_use]
    pub fn undo(&self) -> Option<Self> {
        match self {
            Self::SetScalable { service, before, after: after @ (0, Suspended::ALL) } => {
                Some(Self::SetScalable { service: service.clone(), before: *after, after: *before })
            }
            Self::Suspend { group, processes } => {
                Some(Self::Resume { group: group.clone(), processes: *processes })
            }
            _ => None,
        }
    }

    /// The group that it changes.
    #[must_use]
    pub fn group(&self) -> Option<&GroupId> {
        match self {
            Self::WriteGroupRecord { group, .. }
            | Self::SizeGroup { group, .. }
            | Self::Suspend { group, .. }
            | Self::Resume { group, .. } => Some(group),
            _ => None,
        }
    }
}

/// The stages: an override is written before what it causes, machines come before the services and go
/// after them, a start's record is written after the world was read again, and what is over is cleaned
/// up last.
pub(super) const OVERRIDE: usize = 0;
pub(super) const GROUPS_UP: usize = 1;
pub(super) const CHANGE: usize = 2;
pub(crate) const GROUPS_DOWN: usize = 3;
pub(crate) const CONFIRM: usize = 4;
pub(super) const CLEAN: usize = 5;
