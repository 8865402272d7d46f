//! What ECS knows.
#![allow(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "the names are AWS's, and a flag here is a fact of its own, not a state in disguise"
)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::ecs::capacity_providers::{CapacityProvider, Share, is_fargate};
use crate::ecs::container_instances::ContainerInstance;
use crate::ecs::daemons::Daemons;
use crate::ecs::jobs::Job;
use crate::ecs::placement::Needs;
use crate::ecs::run_task::Run;

/// Keys and values; AWS lists them in no particular order, here by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// All clusters by name, all task definitions by family (revision 1 first).
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) clusters: BTreeMap<String, Cluster>,
    pub(crate) task_definitions: BTreeMap<String, Vec<TaskDefinition>>,
    /// The account's own, by name.
    pub(crate) capacity_providers: BTreeMap<String, CapacityProvider>,
    /// What the tasks of a family do, by family.
    pub(crate) jobs: BTreeMap<String, Job>,
    /// `DescribeTasks` does not see tasks that are younger.
    pub(crate) tasks_lag: SignedDuration,
    /// The capacity providers that are about to let their group grow (true) or shrink.
    pub(crate) scaling: BTreeSet<(String, bool)>,
    /// `RunTask` names every instance that does not take its tasks.
    pub(crate) failure_per_instance: bool,
    /// How many more tasks find room on Fargate; none: as many as one likes.
    pub(crate) fargate_room: Option<u64>,
    /// A client token that started nothing is remembered as well.
    pub(crate) refusals_remembered: bool,
    /// What was run, by client token.
    pub(crate) runs: BTreeMap<String, Run>,
    pub(crate) daemons: Daemons,
}

#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    /// `ACTIVE` or `INACTIVE`.
    pub(crate) active: bool,
    pub(crate) tags: Tags,
    /// Registered container instances, by id.
    pub(crate) instances: BTreeMap<String, ContainerInstance>,
    pub(crate) capacity_providers: Vec<String>,
    pub(crate) default_strategy: Vec<Share>,
    pub(crate) services: BTreeMap<String, Service>,
    /// By id; stopped ones for an hour.
    pub(crate) tasks: BTreeMap<String, Task>,
}

/// One revision of a family.
#[derive(Clone, Debug)]
pub(crate) struct TaskDefinition {
    pub(crate) arn: String,
    pub(crate) family: String,
    pub(crate) revision: u64,
    pub(crate) active: bool,
    pub(crate) registered_at: Timestamp,
    pub(crate) deregistered_at: Option<Timestamp>,
    pub(crate) containers: Vec<Value>,
    /// What else was registered: `cpu`, `memory`, `networkMode`, …
    pub(crate) rest: Map<String, Value>,
    pub(crate) tags: Tags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceStatus {
    Active,
    Draining,
    Inactive,
}

impl ServiceStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) arn: String,
    pub(crate) status: ServiceStatus,
    pub(crate) desired: i64,
    pub(crate) daemon: bool,
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    pub(crate) controller: String,
    /// `EC2` or `FARGATE`; none with a capacity provider strategy.
    pub(crate) launch_type: Option<String>,
    pub(crate) capacity_provider_strategy: Option<Vec<Share>>,
    pub(crate) network: Option<Value>,
    /// `CUSTOMER`, or `ECS` for ECS Express.
    pub(crate) managed_by_ecs: bool,
    pub(crate) propagate_tags: String,
    /// Percent of the desired count that may run during a deployment.
    pub(crate) maximum_percent: i64,
    /// Percent of the desired count that must run during a deployment.
    pub(crate) minimum_healthy_percent: i64,
    /// The primary first.
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) service_deployments: BTreeMap<String, ServiceDeployment>,
    pub(crate) revisions: BTreeMap<String, Revision>,
    /// Newest first.
    pub(crate) events: Vec<Event>,
    pub(crate) created_at: Timestamp,
    pub(crate) tags: Tags,
    /// Its tasks that are not yet `STOPPED`.
    pub(crate) tasks: BTreeSet<String>,
    /// Why its tasks fail at start, if they do.
    pub(crate) cannot_start: Option<String>,
    /// At 0 it shows no current revision.
    pub(crate) unlisted_revisions: bool,
    /// When the scheduler looks at it next.
    pub(crate) attended: Option<Timestamp>,
    /// Its last event says that it is steady.
    pub(crate) steady: bool,
    /// The last event said that there is no room for its tasks.
    pub(crate) unplaced: bool,
}

impl Service {
    /// The task definition that it is to run.
    pub(crate) fn task_definition(&self) -> &str {
        self.deployments.first().map_or("", |d| d.task_definition.as_str())
    }

    /// The launch type of its tasks.
    pub(crate) fn runs_on(&self) -> &str {
        let first = self.capacity_provider_strategy.as_ref().and_then(|s| s.first());
        match (&self.launch_type, first) {
            (Some(launch_type), _) => launch_type,
            (None, Some(share)) if !is_fargate(&share.capacity_provider) => "EC2",
            (None, _) => "FARGATE",
        }
    }

    pub(crate) fn on_ec2(&self) -> bool {
        self.runs_on() == "EC2"
    }

    pub(crate) fn uses_task_sets(&self) -> bool {
        self.controller != "ECS"
    }
}

/// A deployment, or a task set where the controller is not ECS.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    /// `ecs-svc/` and 19 digits.
    pub(crate) id: String,
    pub(crate) task_definition: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) completed: bool,
    /// Its tasks stay `PENDING`: a rollout that goes on until its owner ends it.
    pub(crate) stalled: bool,
    pub(crate) failed_tasks: i64,
    /// The key of its [`Revision`].
    pub(crate) revision: String,
    /// The key of its [`ServiceDeployment`].
    pub(crate) service_deployment: String,
}

#[derive(Clone, Debug)]
pub(crate) struct ServiceDeployment {
    pub(crate) created_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
    /// `IN_PROGRESS`, `SUCCESSFUL`, `STOPPED`.
    pub(crate) status: &'static str,
    pub(crate) target: String,
    pub(crate) sources: Vec<String>,
}

/// What a deployment pinned when it began.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) created_at: Timestamp,
    pub(crate) task_definition: String,
    pub(crate) images: Vec<Image>,
}

#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) container: String,
    pub(crate) image: String,
    /// None: nothing was resolved, and each task pulls what the reference means then.
    pub(crate) digest: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) message: String,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Stage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// How a container ended.
#[derive(Clone, Debug)]
pub(crate) struct Exit {
    pub(crate) code: Option<i64>,
    pub(crate) reason: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) service: Option<String>,
    pub(crate) group: String,
    /// A service's task has its deployment's id.
    pub(crate) started_by: Option<String>,
    pub(crate) launch_type: String,
    pub(crate) capacity_provider: Option<String>,
    /// The instance that it runs on.
    pub(crate) container_instance: Option<String>,
    pub(crate) needs: Needs,
    /// Waits, `PROVISIONING`, until its capacity provider has an instance for it.
    pub(crate) waiting: bool,
    pub(crate) task_definition: String,
    pub(crate) family: String,
    pub(crate) cpu: Option<String>,
    pub(crate) memory: Option<String>,
    pub(crate) images: Vec<Image>,
    pub(crate) overrides: Option<Value>,
    pub(crate) stage: Stage,
    pub(crate) told_to_stop: bool,
    /// Stays `PENDING`.
    pub(crate) stalled: bool,
    /// Fails where others come up, with this reason.
    pub(crate) fails: Option<String>,
    /// Counts its changes; AWS calls it `version`.
    pub(crate) version: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) stopping_at: Option<Timestamp>,
    pub(crate) stopped_at: Option<Timestamp>,
    pub(crate) stopped_reason: Option<String>,
    pub(crate) stop_code: Option<&'static str>,
    /// Containers that have ended by themselves, by name.
    pub(crate) exits: BTreeMap<String, Exit>,
    /// What the others said when they ended.
    pub(crate) exit_code: Option<i64>,
    pub(crate) protected_until: Option<Timestamp>,
    /// A shell may be opened in its containers.
    pub(crate) execute_command: bool,
    pub(crate) tags: Tags,
}

impl Task {
    /// A task of this definition, not yet anywhere, that starts on Fargate.
    pub(crate) fn new(definition: &TaskDefinition, images: Vec<Image>, now: Timestamp) -> Self {
        let text = |key: &str| definition.rest.get(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            service: None,
            group: format!("family:{}", definition.family),
            started_by: None,
            launch_type: "FARGATE".to_owned(),
            capacity_provider: None,
            container_instance: None,
            needs: Needs::of(definition),
            waiting: false,
            task_definition: definition.arn.clone(),
            family: definition.family.clone(),
            cpu: text("cpu"),
            memory: text("memory"),
            images,
            overrides: None,
            stage: Stage::Provisioning,
            told_to_stop: false,
            stalled: false,
            fails: None,
            version: 1,
            created_at: now,
            started_at: None,
            stopping_at: None,
            stopped_at: None,
            stopped_reason: None,
            stop_code: None,
            exits: BTreeMap::new(),
            exit_code: None,
            protected_until: None,
            execute_command: false,
            tags: Tags::new(),
        }
    }

    /// Runs and is not told to stop.
    pub(crate) fn is_up(&self) -> bool {
        self.stage == Stage::Running && !self.told_to_stop
    }

    pub(crate) fn is_protected(&self, now: Timestamp) -> bool {
        self.protected_until.is_some_and(|until| until > now)
    }
}

impl State {
    pub(crate) fn service(&self, cluster: &str, service: &str) -> Option<&Service> {
        self.clusters.get(cluster)?.services.get(service)
    }

    pub(crate) fn service_mut(&mut self, cluster: &str, service: &str) -> Option<&mut Service> {
        self.clusters.get_mut(cluster)?.services.get_mut(service)
    }

    pub(crate) fn task_mut(&mut self, cluster: &str, task: &str) -> Option<&mut Task> {
        self.clusters.get_mut(cluster)?.tasks.get_mut(task)
    }

    /// The task definition of that ARN.
    pub(crate) fn task_definition(&self, arn: &str) -> Option<&TaskDefinition> {
        let (_, name) = arn.rsplit_once('/')?;
        let (family, revision) = name.rsplit_once(':')?;
        let revision: u64 = revision.parse().ok()?;
        self.task_definitions.get(family)?.iter().find(|d| d.revision == revision)
    }
}
