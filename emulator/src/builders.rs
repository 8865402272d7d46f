//! Worlds in a few words.

mod groups;
mod jobs;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::application_autoscaling;
use crate::ecs::capacity_providers::Share;
use crate::ecs::container_instances;
use crate::ecs::life;
use crate::ecs::revisions;
use crate::ecs::state::{Cluster, ServiceStatus};
use crate::ecs::task_definitions;
use crate::world::World;

pub use groups::{GroupSeed, ProviderSeed};
pub use jobs::JobSeed;

/// What stands in the environment and the secrets of every container made here: it must never reach an answer.
pub(crate) const CANARY: &str = "CANARY-do-not-show";

/// How long ago a seeded service was made.
const AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A service to put into a world, already steady: its tasks run.
///
/// On Fargate, of one task, with a task definition family of its own name (registered with it where it is missing),
/// unless said otherwise.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of its own")]
pub struct ServiceSeed {
    name: String,
    desired: i64,
    tags: Vec<(String, String)>,
    daemon: bool,
    launch_type: String,
    /// In place of a launch type, if there is one.
    strategy: Vec<Share>,
    short_arn: bool,
    express: bool,
    status: ServiceStatus,
    deploying: bool,
    controller: String,
    task_definition: Option<String>,
    image: Option<String>,
    cannot_start: Option<String>,
    /// CPU units and MiB.
    size: (i64, i64),
}

impl ServiceSeed {
    /// A Fargate service of one task.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            desired: 1,
            tags: Vec::new(),
            daemon: false,
            launch_type: "FARGATE".to_owned(),
            strategy: Vec::new(),
            short_arn: false,
            express: false,
            status: ServiceStatus::Active,
            deploying: false,
            controller: "ECS".to_owned(),
            task_definition: None,
            image: None,
            cannot_start: None,
            size: (256, 512),
        }
    }

    /// Its desired count.
    #[must_use]
    pub fn desired(mut self, n: i64) -> Self {
        self.desired = n;
        self
    }

    /// One of its tags.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }

    /// One task on each container instance, on EC2.
    #[must_use]
    pub fn daemon(mut self) -> Self {
        self.daemon = true;
        self.ec2()
    }

    /// On the cluster's container instances.
    #[must_use]
    pub fn ec2(mut self) -> Self {
        "EC2".clone_into(&mut self.launch_type);
        self
    }

    /// With a capacity provider strategy of one (`FARGATE_SPOT`) in place of a launch type.
    #[must_use]
    pub fn capacity_provider(mut self, name: &str) -> Self {
        self.strategy = vec![Share { capacity_provider: name.to_owned(), weight: 1, base: 0 }];
        self
    }

    /// One more share of its capacity provider strategy.
    pub(crate) fn share(mut self, share: Share) -> Self {
        self.strategy.push(share);
        self
    }

    /// Its ARN has the form of before 2018, without the cluster: it cannot be tagged.
    #[must_use]
    pub fn short_arn(mut self) -> Self {
        self.short_arn = true;
        self
    }

    /// Managed by ECS Express: `resourceManagementType` is `ECS`.
    #[must_use]
    pub fn express(mut self) -> Self {
        self.express = true;
        self
    }

    /// `ACTIVE`, `DRAINING` or `INACTIVE`; anything else is taken for `ACTIVE`.
    #[must_use]
    pub fn status(mut self, status: &str) -> Self {
        self.status = match status {
            "DRAINING" => ServiceStatus::Draining,
            "INACTIVE" => ServiceStatus::Inactive,
            _ => ServiceStatus::Active,
        };
        self
    }

    /// A deployment is in progress, and stays so until [`World::finish_deployment`] or until nothing is wanted: the
    /// new primary's tasks are `PENDING`, the old deployment's run. With a controller of its own, a second task set.
    #[must_use]
    pub fn deploying(mut self) -> Self {
        self.deploying = true;
        self
    }

    /// Its deployment controller: `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    #[must_use]
    pub fn controller(mut self, controller: &str) -> Self {
        controller.clone_into(&mut self.controller);
        self
    }

    /// Its task definition: a family or `family:revision`.
    #[must_use]
    pub fn task_definition(mut self, task_definition: &str) -> Self {
        self.task_definition = Some(task_definition.to_owned());
        self
    }

    /// The image of the task definition that is registered for it.
    #[must_use]
    pub fn image(mut self, image: &str) -> Self {
        self.image = Some(image.to_owned());
        self
    }

    /// CPU units and MiB of the task definition that is registered for it: 256 and 512 unless said.
    #[must_use]
    pub fn size(mut self, cpu: i64, memory: i64) -> Self {
        self.size = (cpu, memory);
        self
    }

    /// Its tasks fail at start from now on, for this reason (`CannotPullContainerError: …`); it has none.
    #[must_use]
    pub fn cannot_start(mut self, reason: &str) -> Self {
        self.cannot_start = Some(reason.to_owned());
        self
    }
}

/// A scalable target to put into a world.
#[derive(Clone, Copy, Debug)]
pub struct TargetSeed {
    min: i64,
    max: i64,
    suspended: (bool, bool, bool),
    tracking: bool,
}

impl TargetSeed {
    /// Nothing suspended, no policy.
    #[must_use]
    pub fn new(min: i64, max: i64) -> Self {
        Self { min, max, suspended: (false, false, false), tracking: false }
    }

    /// `DynamicScalingInSuspended`, `DynamicScalingOutSuspended`, `ScheduledScalingSuspended`.
    #[must_use]
    pub fn suspended(mut self, dynamic_in: bool, dynamic_out: bool, scheduled: bool) -> Self {
        self.suspended = (dynamic_in, dynamic_out, scheduled);
        self
    }

    /// With a target-tracking policy, which follows [`World::load`].
    #[must_use]
    pub fn tracking(mut self) -> Self {
        self.tracking = true;
        self
    }
}

impl World {
    /// Puts a cluster there, if there is none of that name.
    pub fn cluster(&mut self, name: &str) -> &mut Self {
        self.ecs.clusters.entry(name.to_owned()).or_insert_with(Cluster::empty);
        self
    }

    /// Sets one tag of a cluster.
    pub fn cluster_tag(&mut self, cluster: &str, key: &str, value: &str) -> &mut Self {
        self.cluster(cluster);
        if let Some(c) = self.ecs.clusters.get_mut(cluster) {
            c.tags.insert(key.to_owned(), value.to_owned());
        }
        self
    }

    /// Sets the number of a cluster's container instances that belong to no Auto Scaling group; its services follow.
    /// They have room for whatever comes: 16 vCPU and 62 GiB.
    pub fn instances(&mut self, cluster: &str, n: i64) -> &mut Self {
        self.cluster(cluster);
        let Some(c) = self.ecs.clusters.get(cluster) else {
            return self;
        };
        let of_groups = |id: &String| {
            let groups = self.autoscaling.groups.values();
            groups.flat_map(|g| g.instances.values()).any(|i| i.container_instance.as_ref() == Some(id))
        };
        let loose: Vec<String> = c.instances.keys().filter(|id| !of_groups(id)).cloned().collect();
        let wanted = usize::try_from(n).unwrap_or(0);
        for id in loose.iter().skip(wanted) {
            container_instances::deregister(self, cluster, id);
        }
        for _ in loose.len()..wanted {
            let id = self.ids.instance();
            let zone = format!("{}a", self.region);
            let made =
                container_instances::Made { instance_type: "m5.4xlarge", resources: None, zone: &zone };
            container_instances::register(self, cluster, &id, made, None);
        }
        self
    }

    /// Puts a service there, as it is long after its creation: steady, with its tasks running. The cluster is made if
    /// it is missing; one of that name is replaced.
    pub fn service(&mut self, cluster: &str, seed: ServiceSeed) -> &mut Self {
        self.cluster(cluster);
        // It is not new: it has been there for as long as anybody looks back.
        let now = self.now;
        self.now = now.checked_sub(AGE).unwrap_or(now);
        self.raise(cluster, &seed);
        self.now = now;
        let name = seed.name;
        if seed.deploying {
            self.begin_deployment(cluster, &name);
        }
        if let Some(service) = self.ecs.service_mut(cluster, &name) {
            service.cannot_start = seed.cannot_start;
            service.status = seed.status;
        }
        match seed.status {
            ServiceStatus::Active => {}
            ServiceStatus::Draining => life::touch(self, cluster, &name),
            ServiceStatus::Inactive => life::vanish(self, cluster, &name),
        }
        self
    }

    /// Makes the service of a seed, with its tasks running.
    fn raise(&mut self, cluster: &str, seed: &ServiceSeed) {
        let name = seed.name.clone();
        let family = seed.task_definition.clone().unwrap_or_else(|| name.clone());
        let fargate = seed.launch_type == "FARGATE";
        if let Some(c) = self.ecs.clusters.get_mut(cluster) {
            for share in &seed.strategy {
                c.associate(&share.capacity_provider, false);
            }
        }
        if !self.ecs.task_definitions.contains_key(family.split(':').next().unwrap_or_default()) {
            let image = seed.image.clone().unwrap_or_else(|| {
                format!("{}.dkr.ecr.{}.amazonaws.com/{family}:prod-1", self.account, self.region)
            });
            let input = task_definition(&family, &image, fargate, seed.size);
            if self.call("ecs", "RegisterTaskDefinition", input).is_err() {
                return;
            }
        }
        if let Some(c) = self.ecs.clusters.get_mut(cluster) {
            c.services.remove(&name);
            c.tasks.retain(|_, t| t.service.as_ref() != Some(&name));
        }
        let mut input = json!({
            "cluster": cluster,
            "serviceName": name,
            "taskDefinition": family,
            "deploymentController": {"type": seed.controller},
        });
        if let Some(input) = input.as_object_mut() {
            if seed.daemon {
                input.insert("schedulingStrategy".to_owned(), json!("DAEMON"));
            } else {
                input.insert("desiredCount".to_owned(), json!(seed.desired));
            }
            if seed.strategy.is_empty() {
                input.insert("launchType".to_owned(), json!(seed.launch_type));
            } else {
                input.insert("capacityProviderStrategy".to_owned(), json!(seed.strategy));
            }
            let own_network = task_definitions::find(self, &family, true)
                .ok()
                .and_then(|arn| self.ecs.task_definition(&arn))
                .is_some_and(task_definitions::has_its_own_network);
            if own_network || fargate {
                input.insert("networkConfiguration".to_owned(), network());
            }
        }
        if self.call("ecs", "CreateService", input).is_err() {
            return;
        }
        if let Some(service) = self.ecs.service_mut(cluster, &name) {
            // A seed may hold what the API would refuse, such as an `aws:` tag.
            service.tags = seed.tags.iter().cloned().collect();
            service.managed_by_ecs = seed.express;
            // Nothing is on the way: what is planned at this date does not concern it any more.
            service.attended = None;
        }
        life::at_once(self, cluster, &name);
        if seed.short_arn {
            let short = self.arn("ecs", &format!("service/{name}"));
            if let Some(service) = self.ecs.service_mut(cluster, &name) {
                service.arn = short;
            }
        }
    }

    /// Says what a service's deployment resolved: a digest for each of these containers, or none.
    pub(crate) fn pin(&mut self, cluster: &str, service: &str, digests: &BTreeMap<String, Option<String>>) {
        let revisions =
            self.ecs.service_mut(cluster, service).into_iter().flat_map(|s| s.revisions.values_mut());
        for image in revisions.flat_map(|revision| &mut revision.images) {
            if let Some(digest) = digests.get(&image.container) {
                image.digest.clone_from(digest);
            }
        }
    }

    /// Begins a deployment that does not come to its end by itself; see [`ServiceSeed::deploying`].
    pub fn begin_deployment(&mut self, cluster: &str, service: &str) -> &mut Self {
        let definition = self.ecs.service(cluster, service).map(|s| s.task_definition().to_owned());
        if let Some(definition) = definition {
            revisions::begin(self, cluster, service, &definition);
            if let Some(s) = self.ecs.service_mut(cluster, service)
                && let Some(primary) = s.deployments.first_mut()
            {
                primary.stalled = true;
            }
            let n = life::wanted(self, cluster, service);
            for _ in 0..n {
                // What finds no room is started by the scheduler later.
                drop(life::start_task(self, cluster, service));
            }
        }
        self
    }

    /// Lets a deployment that was held go on to its end.
    pub fn finish_deployment(&mut self, cluster: &str, service: &str) -> &mut Self {
        life::release(self, cluster, service);
        self
    }

    /// Puts a scalable target on a service.
    ///
    /// As `RegisterScalableTarget` does, it moves the desired count into its bounds.
    pub fn scalable_target(&mut self, cluster: &str, service: &str, seed: TargetSeed) -> &mut Self {
        let resource = format!("service/{cluster}/{service}");
        let (dynamic_in, dynamic_out, scheduled) = seed.suspended;
        let input = json!({
            "ServiceNamespace": "ecs",
            "ResourceId": resource,
            "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": seed.min,
            "MaxCapacity": seed.max,
            "SuspendedState": {
                "DynamicScalingInSuspended": dynamic_in,
                "DynamicScalingOutSuspended": dynamic_out,
                "ScheduledScalingSuspended": scheduled,
            },
        });
        if self.call("application-autoscaling", "RegisterScalableTarget", input).is_ok() && seed.tracking {
            let policy = json!({
                "PolicyName": format!("{service}-cpu"),
                "ServiceNamespace": "ecs",
                "ResourceId": resource,
                "ScalableDimension": "ecs:service:DesiredCount",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 60.0,
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": "ECSServiceAverageCPUUtilization",
                    },
                },
            });
            // The target is there: this cannot be refused.
            drop(self.call("application-autoscaling", "PutScalingPolicy", policy));
        }
        self
    }

    /// Says how many tasks the load on a service asks for: its target-tracking policies follow it, once a minute.
    pub fn load(&mut self, cluster: &str, service: &str, wanted: i64) -> &mut Self {
        application_autoscaling::set_load(self, &format!("service/{cluster}/{service}"), Some(wanted));
        self
    }

    /// There is no load to follow any more: policies do nothing.
    pub fn no_load(&mut self, cluster: &str, service: &str) -> &mut Self {
        application_autoscaling::set_load(self, &format!("service/{cluster}/{service}"), None);
        self
    }

    /// A service's tasks fail at start from now on, for this reason; none: they come up again.
    pub fn cannot_start(&mut self, cluster: &str, service: &str, reason: Option<&str>) -> &mut Self {
        if let Some(s) = self.ecs.service_mut(cluster, service) {
            s.cannot_start = reason.map(str::to_owned);
        }
        life::touch(self, cluster, service);
        self
    }

    /// At 0 a service shows no current revision: AWS does not say whether it does.
    pub fn unlisted_revisions(&mut self, cluster: &str, service: &str) -> &mut Self {
        if let Some(s) = self.ecs.service_mut(cluster, service) {
            s.unlisted_revisions = true;
        }
        self
    }

    /// Lists (`ListServices`, `ListTasks`) show what was so this long ago; none by default. Descriptions do not lag.
    pub fn list_lag(&mut self, lag: Duration) -> &mut Self {
        self.list_lag = SignedDuration::try_from(lag).unwrap_or(SignedDuration::MAX);
        self
    }
}

fn network() -> Value {
    json!({"awsvpcConfiguration": {
        "subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"],
        "securityGroups": ["sg-0a1b2c3d4e5f60718"],
        "assignPublicIp": "DISABLED",
    }})
}

/// What a rule or a schedule hands over to the tasks that it runs, as JSON.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/tasks-scheduled-eventbridge-scheduler.html>
pub(crate) fn handed_over() -> String {
    let environment = json!([{"name": "TOKEN", "value": CANARY}]);
    json!({"containerOverrides": [{"name": "app", "command": [CANARY], "environment": environment}]})
        .to_string()
}

/// A task definition with an environment and secrets, which are nobody's business.
pub(crate) fn task_definition(family: &str, image: &str, fargate: bool, (cpu, memory): (i64, i64)) -> Value {
    let mut definition = json!({
        "family": family,
        "containerDefinitions": [{
            "name": family,
            "image": image,
            "essential": true,
            "command": ["serve", format!("--token={CANARY}")],
            "environment": [{"name": "DATABASE_URL", "value": format!("postgres://app:{CANARY}@db/app")}],
            "secrets": [{"name": "API_KEY", "valueFrom": format!("arn:aws:ssm:sa-east-1:123456789012:parameter/{CANARY}")}],
        }],
        "cpu": cpu.to_string(),
        "memory": memory.to_string(),
        "networkMode": if fargate { "awsvpc" } else { "bridge" },
        "requiresCompatibilities": [if fargate { "FARGATE" } else { "EC2" }],
    });
    if let (true, Some(definition)) = (fargate, definition.as_object_mut()) {
        definition.insert(
            "executionRoleArn".to_owned(),
            json!("arn:aws:iam::123456789012:role/ecsTaskExecutionRole"),
        );
    }
    definition
}
