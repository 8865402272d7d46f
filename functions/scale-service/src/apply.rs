//! One step, one call.

use shared::perform::Narrowed;
use shared::plan::Job;
use shared::{Done, Executor, Problem};
use shared_aws::{Clock, Read, Write};

use crate::ask::Ask;
use crate::effect::Effect;
use crate::observe::{Again, Snapshot, again};
use crate::plan::{GROUPS_DOWN, OVERRIDE, PlanSettings, Step, Thing, narrow, with_override};

/// What performs scale-service's steps.
pub(crate) struct Apply<'a> {
    pub(crate) write: Write,
    pub(crate) read: Read,
    pub(crate) clock: Clock,
    /// What the plan was made from.
    pub(crate) seen: &'a Snapshot,
    pub(crate) ask: &'a Ask,
    pub(crate) settings: &'a PlanSettings,
}

impl Apply<'_> {
    async fn call(&self, step: &Step, write: &Write) -> Result<Done<Effect>, Problem> {
        match step {
            Step::WriteRecord { service, before, record, .. } => {
                let resource = service.to_string();
                write
                    .tag(&resource, &self.settings.tags.record, before.as_deref(), &record.to_string())
                    .await?;
            }
            Step::WriteOverride { resource, before, after } => {
                write
                    .tag(resource, &self.settings.tags.override_, before.as_deref(), &after.to_string())
                    .await?;
            }
            Step::DropOverride { resource, before } => {
                write.untag(resource, &self.settings.tags.override_, before).await?;
            }
            Step::SetScalable { service, before, after, max } => {
                write.set_scalable_target(service, *before, *after, *max).await?;
            }
            Step::SetDesired { service, before, after } => {
                write.set_desired_count(service, *before, *after).await?;
            }
            Step::WriteGroupRecord { group, before, record, .. } => {
                let (key, text) = (&self.settings.tags.record, record.to_string());
                write.tag_group(&group.name, key, before.as_deref(), &text).await?;
            }
            Step::SizeGroup { group, before, after } => {
                write.set_group_size(&group.name, *before, *after).await?;
            }
            Step::Suspend { group, processes } => {
                write.suspend_processes(&group.name, &processes.names()).await?;
            }
            Step::Resume { group, processes } => {
                write.resume_processes(&group.name, &processes.names()).await?;
            }
        }
        Ok(Done::default())
    }
}

impl Executor<Step, Effect> for Apply<'_> {
    async fn perform(&self, step: &Step) -> Result<Done<Effect>, Problem> {
        self.call(step, &self.write).await
    }

    async fn confirm(&self, step: &Step) -> Result<Done<Effect>, Problem> {
        self.call(step, &self.write.giving_way()).await
    }

    fn confirms(&self, step: &Step) -> bool {
        step.confirms()
    }

    fn undo(&self, step: &Step) -> Option<Step> {
        step.undo()
    }

    /// A look and a batch of changes are never further apart than ten services.
    const BATCH: usize = 10;

    fn lane(&self, job: &Job<Step>) -> String {
        let cluster = match job.steps.first().and_then(Step::thing) {
            Some(Thing::Service(id)) => Some(id.cluster),
            Some(Thing::Cluster(cluster)) => Some(cluster),
            Some(Thing::Group(id)) => id.cluster.clone(),
            None => None,
        };
        cluster.map(|cluster| cluster.to_string()).unwrap_or_default()
    }

    async fn narrow(&self, stage: usize, jobs: Vec<Job<Step>>) -> Narrowed<Step> {
        // An override is what somebody asks for now.
        if stage == OVERRIDE {
            return Narrowed::whole(jobs);
        }
        let mut which = Again { tasks: stage == GROUPS_DOWN, ..Again::default() };
        for thing in jobs.iter().filter_map(|job| job.steps.first()?.thing()) {
            match thing {
                Thing::Service(id) => _ = which.services.insert(id),
                Thing::Cluster(cluster) => _ = which.clusters.insert(cluster),
                Thing::Group(id) => _ = which.groups.insert(id.clone()),
            }
        }
        let mut fresh = again(&self.read, &self.clock, &which, self.seen).await;
        // A look may be older than what this run has written.
        with_override(&mut fresh.seen, self.seen.written.clone(), self.settings);
        narrow(stage, jobs, self.seen, &fresh, self.ask, self.settings)
    }
}
