//! Short questions about the world, for assertions.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ecs::container_instances::ContainerInstance;
use crate::ecs::state::Stage;
use crate::world::World;

/// A scalable target as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetView {
    /// `MinCapacity`.
    pub min: i64,
    /// `MaxCapacity`.
    pub max: i64,
    /// `DynamicScalingInSuspended`.
    pub dynamic_in_suspended: bool,
    /// `DynamicScalingOutSuspended`.
    pub dynamic_out_suspended: bool,
    /// `ScheduledScalingSuspended`.
    pub scheduled_suspended: bool,
}

/// A task as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The whole ARN.
    pub arn: String,
    /// `PENDING`, `RUNNING`, …
    pub last_status: &'static str,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: &'static str,
    /// Why it was stopped.
    pub stopped_reason: Option<String>,
    /// When it was started.
    pub created_at: Timestamp,
    /// Until when it is protected from scale-in, if it is.
    pub protected_until: Option<Timestamp>,
}

/// A container instance as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceView {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The id of its EC2 instance: `i-…`.
    pub ec2_instance: String,
    /// `ACTIVE` or `DRAINING`.
    pub status: &'static str,
    /// The ids of its tasks that are not yet `STOPPED`.
    pub tasks: Vec<String>,
}

/// An Auto Scaling group as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// `MinSize`.
    pub min: i64,
    /// `DesiredCapacity`.
    pub desired: i64,
    /// `MaxSize`.
    pub max: i64,
    /// The ids of its instances, each with its `LifecycleState`.
    pub instances: Vec<(String, &'static str)>,
    /// Its suspended processes.
    pub suspended: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl World {
    /// An Auto Scaling group.
    #[must_use]
    pub fn group_view(&self, name: &str) -> Option<GroupView> {
        let group = self.autoscaling.groups.get(name)?;
        Some(GroupView {
            min: group.min,
            desired: group.desired,
            max: group.max,
            instances: group.instances.iter().map(|(id, i)| (id.clone(), i.lifecycle.name())).collect(),
            suspended: group.suspended.keys().cloned().collect(),
            tags: group.tags.iter().map(|(key, tag)| (key.clone(), tag.value.clone())).collect(),
        })
    }

    /// A cluster's container instances.
    #[must_use]
    pub fn container_instances(&self, cluster: &str) -> Vec<InstanceView> {
        let Some(c) = self.ecs.clusters.get(cluster) else {
            return Vec::new();
        };
        let on = |id: &String| {
            let live = c.tasks.iter().filter(|(_, t)| t.stage < Stage::Stopped);
            live.filter(|(_, t)| t.container_instance.as_ref() == Some(id))
                .map(|(id, _)| id.clone())
                .collect()
        };
        let view = |(id, instance): (&String, &ContainerInstance)| InstanceView {
            id: id.clone(),
            ec2_instance: instance.ec2_instance.clone(),
            status: if instance.draining { "DRAINING" } else { "ACTIVE" },
            tasks: on(id),
        };
        c.instances.iter().map(view).collect()
    }

    /// A service's desired count; the number of instances for a DAEMON service; -1 where there is none such.
    #[must_use]
    pub fn desired_count(&self, cluster: &str, service: &str) -> i64 {
        match self.ecs.service(cluster, service) {
            Some(_) => crate::ecs::life::wanted(self, cluster, service),
            None => -1,
        }
    }

    /// How many of a service's tasks run; -1 where there is no such service.
    #[must_use]
    pub fn running_count(&self, cluster: &str, service: &str) -> i64 {
        let counts = self.ecs.clusters.get(cluster).and_then(|c| {
            let service = c.services.get(service)?;
            Some(crate::ecs::services::counts(c, service, None))
        });
        counts.map_or(-1, |(running, _)| running)
    }

    /// A service's tags; none where there is no such service.
    #[must_use]
    pub fn tags(&self, cluster: &str, service: &str) -> BTreeMap<String, String> {
        self.ecs.service(cluster, service).map(|s| s.tags.clone()).unwrap_or_default()
    }

    /// A cluster's tags; none where there is no such cluster.
    #[must_use]
    pub fn cluster_tags(&self, cluster: &str) -> BTreeMap<String, String> {
        self.ecs.clusters.get(cluster).map(|c| c.tags.clone()).unwrap_or_default()
    }

    /// A service's status: `ACTIVE`, `DRAINING`, `INACTIVE`; none where there is no such service.
    #[must_use]
    pub fn status(&self, cluster: &str, service: &str) -> Option<&'static str> {
        self.ecs.service(cluster, service).map(|s| s.status.name())
    }

    /// A service's scalable target.
    #[must_use]
    pub fn target(&self, cluster: &str, service: &str) -> Option<TargetView> {
        let target = self.application_autoscaling.targets.get(&format!("service/{cluster}/{service}"))?;
        Some(TargetView {
            min: target.min,
            max: target.max,
            dynamic_in_suspended: target.suspended.dynamic_in,
            dynamic_out_suspended: target.suspended.dynamic_out,
            scheduled_suspended: target.suspended.scheduled,
        })
    }

    /// A service's tasks that are not yet `STOPPED`, the oldest first.
    #[must_use]
    pub fn tasks(&self, cluster: &str, service: &str) -> Vec<TaskView> {
        let Some(c) = self.ecs.clusters.get(cluster) else {
            return Vec::new();
        };
        let ids = c.services.get(service).into_iter().flat_map(|s| &s.tasks);
        let mut tasks: Vec<TaskView> = ids
            .filter_map(|id| {
                let task = c.tasks.get(id)?;
                Some(TaskView {
                    id: id.clone(),
                    arn: crate::ecs::tasks::task_arn(self, cluster, id),
                    last_status: task.stage.name(),
                    desired_status: if task.told_to_stop { "STOPPED" } else { "RUNNING" },
                    stopped_reason: task.stopped_reason.clone(),
                    created_at: task.created_at,
                    protected_until: task.protected_until,
                })
            })
            .collect();
        tasks.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        tasks
    }

    /// What a service said, the newest first.
    #[must_use]
    pub fn events(&self, cluster: &str, service: &str) -> Vec<String> {
        let service = self.ecs.service(cluster, service);
        service.into_iter().flat_map(|s| &s.events).map(|e| e.message.clone()).collect()
    }

    /// The names of a cluster's services, whatever their status.
    #[must_use]
    pub fn service_names(&self, cluster: &str) -> Vec<String> {
        self.ecs.clusters.get(cluster).map(|c| c.services.keys().cloned().collect()).unwrap_or_default()
    }
}
