//! One step, one call.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use shared::names::ClusterName;
use shared::perform::Narrowed;
use shared::plan::Job;
use shared::settings::TagKeys;
use shared::{Done, Executor, Problem};
use shared_aws::{Read, Write};

use crate::effect::Effect;
use crate::observe::{GroupId, again, groups_again, tasks_again};
use crate::plan::{CONFIRM, GROUPS_DOWN, Step, narrow, narrow_groups};

/// What performs scale-service's steps.
pub(crate) struct Apply<'a> {
    pub(crate) write: Write,
    pub(crate) read: Read,
    pub(crate) tags: &'a TagKeys,
    /// The DAEMON services of each cluster.
    pub(crate) daemons: BTreeMap<ClusterName, BTreeSet<String>>,
}

impl Executor<Step, Effect> for Apply<'_> {
    async fn perform(&self, step: &Step) -> Result<Done<Effect>, Problem> {
        match step {
            Step::WriteRecord { service, before, record, .. } => {
                let resource = service.to_string();
                self.write.tag(&resource, &self.tags.record, before.as_deref(), &record.to_string()).await?;
            }
            Step::WriteOverride { resource, before, after } => {
                self.write.tag(resource, &self.tags.override_, before.as_deref(), &after.to_string()).await?;
            }
            Step::DropOverride { resource, before } => {
                self.write.untag(resource, &self.tags.override_, before).await?;
            }
            Step::SetScalable { service, before, after } => {
                self.write.set_scalable_target(service, *before, *after).await?;
            }
            Step::SetDesired { service, before, after } => {
                self.write.set_desired_count(service, *before, *after).await?;
            }
            Step::WriteGroupRecord { group, before, record, .. } => {
                let (key, text) = (&self.tags.record, record.to_string());
                self.write.tag_group(&group.name, key, before.as_deref(), &text).await?;
            }
            Step::SizeGroup { group, before, after } => {
                self.write.set_group_size(&group.name, *before, *after).await?;
            }
            Step::Suspend { group, processes } => {
                self.write.suspend_processes(&group.name, &processes.names()).await?;
            }
            Step::Resume { group, processes } => {
                self.write.resume_processes(&group.name, &processes.names()).await?;
            }
        }
        Ok(Done::default())
    }

    fn undo(&self, step: &Step) -> Option<Step> {
        step.undo()
    }

    async fn narrow(&self, stage: usize, jobs: Vec<Job<Step>>) -> Narrowed<Step> {
        match stage {
            CONFIRM => self.confirmed(jobs).await,
            GROUPS_DOWN => {
                let groups = jobs.iter().flat_map(|job| &job.steps).filter_map(Step::group);
                let groups: BTreeSet<GroupId> = groups.cloned().collect();
                let groups: Vec<GroupId> = groups.into_iter().collect();
                narrow_groups(jobs, &tasks_again(&self.read, &groups, &self.daemons).await)
            }
            _ => Narrowed::whole(jobs),
        }
    }
}

impl Apply<'_> {
    /// The starts that hold, seen a second time.
    async fn confirmed(&self, jobs: Vec<Job<Step>>) -> Narrowed<Step> {
        let steps = || jobs.iter().flat_map(|job| &job.steps);
        let ids: Vec<_> = steps().filter_map(|step| step.service().cloned()).collect();
        let names: Vec<_> = steps().filter_map(|step| Some(step.group()?.name.clone())).collect();
        let key = &self.tags.record;
        let ((services, unread), groups) =
            join(again(&self.read, &ids, key), groups_again(&self.read, &names, key)).await;
        narrow(jobs, &services, &unread, &groups)
    }
}
