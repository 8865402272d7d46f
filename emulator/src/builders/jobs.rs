//! What the tasks of a family do, in a few words.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;

use crate::ecs::jobs::Job;
use crate::ecs::life;
use crate::ecs::state::Exit;
use crate::world::World;

/// What every task of a family does from now on: how long it runs, and how its containers end.
///
/// It runs until it is stopped, unless said otherwise.
#[derive(Clone, Debug, Default)]
pub struct JobSeed {
    job: Job,
    sidecars: Vec<String>,
}

impl JobSeed {
    /// A task that runs until it is stopped.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// It ends so long after it came up: its essential containers with 0, unless one is named with another end.
    #[must_use]
    pub fn runs_for(mut self, span: Duration) -> Self {
        self.job.runs_for = Some(SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX));
        self
    }

    /// This container ends with this code: an essential one when the task ends, another as soon as the task is up.
    #[must_use]
    pub fn exit(mut self, container: &str, code: i64) -> Self {
        self.job.exits.insert(container.to_owned(), Exit { code: Some(code), reason: None });
        self
    }

    /// As [`exit`](JobSeed::exit), with a reason: what ECS tells of a container besides its code.
    #[must_use]
    pub fn exit_because(mut self, container: &str, code: i64, reason: &str) -> Self {
        let exit = Exit { code: Some(code), reason: Some(reason.to_owned()) };
        self.job.exits.insert(container.to_owned(), exit);
        self
    }

    /// This container ends, and nobody ever hears with what code.
    #[must_use]
    pub fn without_exit_code(mut self, container: &str) -> Self {
        self.job.exits.insert(container.to_owned(), Exit { code: None, reason: None });
        self
    }

    /// As [`exit`](JobSeed::exit), for want of memory: 137, with the reason `OutOfMemoryError`.
    #[must_use]
    pub fn out_of_memory(self, container: &str) -> Self {
        self.exit_because(container, 137, "OutOfMemoryError: Container killed due to memory usage")
    }

    /// It never comes up, for this reason (`CannotPullContainerError: …`).
    #[must_use]
    pub fn never_starts(mut self, reason: &str) -> Self {
        self.job.never_starts = Some(reason.to_owned());
        self
    }

    /// A non-essential container beside the main one, where the family is registered with this.
    #[must_use]
    pub fn sidecar(mut self, name: &str) -> Self {
        self.sidecars.push(name.to_owned());
        self
    }
}

impl World {
    /// Says what the tasks of a family do from now on. A family that is missing is registered, for Fargate, with a
    /// container of its name.
    pub fn job(&mut self, family: &str, seed: JobSeed) -> &mut Self {
        if !self.ecs.task_definitions.contains_key(family) {
            let image =
                |name: &str| format!("{}.dkr.ecr.{}.amazonaws.com/{name}:prod-1", self.account, self.region);
            let mut definition = super::task_definition(family, &image(family), true, (256, 512));
            let containers = definition.get_mut("containerDefinitions").and_then(|c| c.as_array_mut());
            if let Some(containers) = containers {
                let sidecar = |name: &String| json!({"name": name, "image": image(name), "essential": false});
                containers.extend(seed.sidecars.iter().map(sidecar));
            }
            // A name that AWS would refuse leaves the world as it is.
            drop(self.call("ecs", "RegisterTaskDefinition", definition));
        }
        self.ecs.jobs.insert(family.to_owned(), seed.job);
        self
    }

    /// How many more tasks find room on Fargate; none: as many as one likes. Beyond it, `RunTask` has a failure for
    /// each task, and services wait.
    pub fn fargate_capacity(&mut self, more: Option<u64>) -> &mut Self {
        self.ecs.fargate_room = more;
        self
    }

    /// `RunTask` has a failure for each instance that does not take its tasks, in place of one for each task: nobody
    /// should count on either.
    pub fn failure_per_instance(&mut self) -> &mut Self {
        self.ecs.failure_per_instance = true;
        self
    }

    /// A client token whose call started nothing is remembered for a day, and answers the same refusal again: AWS says
    /// of neither that it is so.
    pub fn refusals_remembered(&mut self) -> &mut Self {
        self.ecs.refusals_remembered = true;
        self
    }

    /// `DescribeTasks` answers `MISSING` for tasks that are younger than this; none by default.
    pub fn tasks_lag(&mut self, lag: Duration) -> &mut Self {
        self.ecs.tasks_lag = SignedDuration::try_from(lag).unwrap_or(SignedDuration::MAX);
        self
    }

    /// The agent of a container instance loses its connection, or has it again: a disconnected one gets no task.
    /// `instance` is the id of the EC2 instance.
    pub fn agent_connected(&mut self, cluster: &str, instance: &str, connected: bool) -> &mut Self {
        let instances = self.ecs.clusters.get_mut(cluster).into_iter().flat_map(|c| c.instances.values_mut());
        for found in instances.filter(|i| i.ec2_instance == instance) {
            found.agent_connected = connected;
        }
        life::instances_changed(self, cluster);
        self
    }

    /// A cluster's container instances lose an attribute, such as `ecs.capability.task-eni`.
    pub fn without_attribute(&mut self, cluster: &str, attribute: &str) -> &mut Self {
        for instance in self.ecs.clusters.get_mut(cluster).into_iter().flat_map(|c| c.instances.values_mut())
        {
            instance.attributes.remove(attribute);
        }
        self
    }

    /// A task's process ends by itself, with this exit code.
    pub fn finish_task(&mut self, cluster: &str, task: &str, exit_code: i64) -> &mut Self {
        let reason = "Essential container in task exited";
        life::tell_to_stop(self, cluster, task, "EssentialContainerExited", reason);
        if let Some(task) = self.ecs.task_mut(cluster, task) {
            task.exit_code = Some(exit_code);
        }
        self
    }
}
