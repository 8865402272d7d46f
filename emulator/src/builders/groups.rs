//! Auto Scaling groups and capacity providers, in a few words.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::autoscaling::life;
use crate::autoscaling::{Group, Instance, Tag, WarmPool};
use crate::ecs::capacity_providers::CapacityProvider;
use crate::ecs::container_instances;
use crate::ecs::state::Tags;
use crate::world::World;

/// How long ago a seeded group was made.
const AGE: SignedDuration = SignedDuration::from_hours(60 * 24);

/// An Auto Scaling group to put into a world, with its instances in service.
///
/// Of one `t2.micro`, between 0 and 4, in no cluster, unless said otherwise.
#[derive(Clone, Debug)]
pub struct GroupSeed {
    name: String,
    min: i64,
    max: i64,
    desired: i64,
    instance_type: String,
    instance_resources: Option<(i64, i64)>,
    cluster: Option<String>,
    tags: Vec<(String, Tag)>,
    suspended: Vec<String>,
    protected: bool,
    warm_pool: Option<i64>,
}

impl GroupSeed {
    /// A group of one.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            min: 0,
            max: 4,
            desired: 1,
            instance_type: "t2.micro".to_owned(),
            instance_resources: None,
            cluster: None,
            tags: Vec::new(),
            suspended: Vec::new(),
            protected: false,
            warm_pool: None,
        }
    }

    /// Its bounds and its desired capacity.
    #[must_use]
    pub fn sizes(mut self, min: i64, desired: i64, max: i64) -> Self {
        (self.min, self.desired, self.max) = (min, desired, max);
        self
    }

    /// Its instance type: `t2.micro` has 1,024 CPU units and 983 MiB for tasks.
    #[must_use]
    pub fn instance_type(mut self, name: &str) -> Self {
        name.clone_into(&mut self.instance_type);
        self
    }

    /// What each of its instances has for tasks, whatever its type: CPU units and MiB.
    #[must_use]
    pub fn instance_resources(mut self, cpu: i64, memory: i64) -> Self {
        self.instance_resources = Some((cpu, memory));
        self
    }

    /// The ECS cluster that its instances register with.
    #[must_use]
    pub fn cluster(mut self, name: &str) -> Self {
        self.cluster = Some(name.to_owned());
        self
    }

    /// One of its tags, which instances do not get.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), Tag { value: value.to_owned(), propagated: false }));
        self
    }

    /// A process that is suspended, such as `Terminate`.
    #[must_use]
    pub fn suspended(mut self, process: &str) -> Self {
        self.suspended.push(process.to_owned());
        self
    }

    /// Its instances, old and new, are protected from scale-in.
    #[must_use]
    pub fn protected(mut self) -> Self {
        self.protected = true;
        self
    }

    /// With a warm pool of so many stopped instances at least. It is described, and does nothing.
    #[must_use]
    pub fn warm_pool(mut self, min: i64) -> Self {
        self.warm_pool = Some(min);
        self
    }
}

/// A capacity provider of an Auto Scaling group, to put into a world.
#[derive(Clone, Debug)]
pub struct ProviderSeed {
    name: String,
    clusters: Vec<String>,
    default: bool,
    provider: CapacityProvider,
}

impl ProviderSeed {
    /// A provider of that name for this group, without managed scaling, protection or draining.
    #[must_use]
    pub fn new(name: &str, group: &str) -> Self {
        let provider = CapacityProvider {
            group: group.to_owned(),
            managed_scaling: false,
            target_capacity: 100,
            managed_termination_protection: false,
            managed_draining: false,
            tags: Tags::new(),
        };
        Self { name: name.to_owned(), clusters: Vec::new(), default: false, provider }
    }

    /// ECS sets the group's size, so that this percentage of it is in use.
    #[must_use]
    pub fn managed_scaling(mut self, target_capacity: i64) -> Self {
        self.provider.managed_scaling = true;
        self.provider.target_capacity = target_capacity;
        self
    }

    /// Instances with tasks are protected from scale-in.
    #[must_use]
    pub fn managed_termination_protection(mut self) -> Self {
        self.provider.managed_termination_protection = true;
        self
    }

    /// Instances that are to go are drained first.
    #[must_use]
    pub fn managed_draining(mut self) -> Self {
        self.provider.managed_draining = true;
        self
    }

    /// A cluster that has it.
    #[must_use]
    pub fn cluster(mut self, name: &str) -> Self {
        self.clusters.push(name.to_owned());
        self
    }

    /// It is the default strategy of its clusters.
    #[must_use]
    pub fn default_strategy(mut self) -> Self {
        self.default = true;
        self
    }
}

impl World {
    /// Puts an Auto Scaling group there, as it is long after its creation: its instances are in service, and
    /// registered with its cluster, which is made if it is missing; one of that name is replaced.
    pub fn group(&mut self, seed: GroupSeed) -> &mut Self {
        if let Some(Group { cluster: Some(cluster), instances, .. }) =
            self.autoscaling.groups.remove(&seed.name)
        {
            for container in instances.into_values().filter_map(|i| i.container_instance) {
                container_instances::deregister(self, &cluster, &container);
            }
        }
        let hex = self.ids.hex();
        let id = crate::ids::uuid(&hex);
        let arn = format!("autoScalingGroup:{id}:autoScalingGroupName/{}", seed.name);
        let created_at = self.now.checked_sub(AGE).unwrap_or(self.now);
        let zones = vec![format!("{}a", self.region), format!("{}c", self.region)];
        let suspension = format!("User suspended at {created_at}");
        let warm_pool = seed
            .warm_pool
            .map(|min| WarmPool { min, instances: (0..min).map(|_| self.ids.instance()).collect() });
        let mut group = Group {
            arn: self.arn("autoscaling", &arn),
            min: seed.min,
            max: seed.max,
            desired: seed.desired,
            instance_type: seed.instance_type.clone(),
            instance_resources: seed.instance_resources,
            zones: zones.clone(),
            created_at,
            instances: BTreeMap::new(),
            suspended: seed.suspended.into_iter().map(|p| (p, suspension.clone())).collect(),
            tags: seed.tags.into_iter().collect(),
            new_instances_protected: seed.protected,
            default_cooldown: 300,
            warm_pool,
            hooks: BTreeMap::new(),
            scheduled_actions: BTreeMap::new(),
            activities: Vec::new(),
            cluster: seed.cluster.clone(),
            cause: String::new(),
            cannot_launch: None,
            load: None,
            attended: None,
            held: false,
        };
        let provider = self.provider_of(&seed.name);
        if let Some(cluster) = &seed.cluster {
            self.cluster(cluster);
        }
        let now = std::mem::replace(&mut self.now, created_at);
        for zone in zones.iter().cycle().take(usize::try_from(seed.desired).unwrap_or(0)) {
            let id = self.ids.instance();
            let container_instance = seed.cluster.as_ref().map(|cluster| {
                let made = container_instances::Made {
                    instance_type: &seed.instance_type,
                    resources: seed.instance_resources,
                    zone,
                };
                container_instances::register(self, cluster, &id, made, provider.clone())
            });
            let mut instance = Instance::in_service(zone, &seed.instance_type, seed.protected, created_at);
            instance.container_instance = container_instance;
            group.instances.insert(id, instance);
        }
        self.now = now;
        self.autoscaling.groups.insert(seed.name, group);
        self
    }

    /// Puts a capacity provider there. The instances that its group has, and those to come, are its.
    pub fn capacity_provider(&mut self, seed: ProviderSeed) -> &mut Self {
        let ProviderSeed { name: provider, clusters, default, provider: own } = seed;
        for name in &clusters {
            self.cluster(name);
            if let Some(c) = self.ecs.clusters.get_mut(name) {
                c.associate(&provider, default);
            }
        }
        let (group, managed) = (own.group.clone(), own.managed_scaling);
        self.ecs.capacity_providers.insert(provider.clone(), own);
        let Some(group) = self.autoscaling.groups.get_mut(&group) else {
            return self;
        };
        if managed {
            // ECS marks the groups that it scales.
            let mark = Tag { value: String::new(), propagated: true };
            group.tags.insert("AmazonECSManaged".to_owned(), mark);
        }
        let members: Vec<&String> =
            group.instances.values().filter_map(|i| i.container_instance.as_ref()).collect();
        let all = self.ecs.clusters.values_mut().flat_map(|c| &mut c.instances);
        for (_, instance) in all.filter(|(id, _)| members.contains(id)) {
            instance.capacity_provider = Some(provider.clone());
        }
        self
    }

    /// Says how many instances the load on a group asks for: its alarm follows it within a minute, unless
    /// `AlarmNotification` is suspended; none: there is no such alarm.
    pub fn group_load(&mut self, group: &str, wanted: Option<i64>) -> &mut Self {
        if let Some(g) = self.autoscaling.groups.get_mut(group) {
            g.load = wanted;
        }
        life::watch(self, group);
        self
    }

    /// EC2 starts no instances of a group from now on, for this reason (`We currently do not have sufficient t2.micro
    /// capacity …`); none: it does again.
    pub fn cannot_launch(&mut self, group: &str, reason: Option<&str>) -> &mut Self {
        if let Some(g) = self.autoscaling.groups.get_mut(group) {
            g.cannot_launch = reason.map(str::to_owned);
        }
        life::touch(self, group);
        self
    }

    /// EC2 loses an instance, with all that ran on it. Its group sees that within a minute.
    pub fn kill_instance(&mut self, id: &str) -> &mut Self {
        let groups = &self.autoscaling.groups;
        let group = groups.iter().find(|(_, g)| g.instances.contains_key(id)).map(|(name, _)| name.clone());
        if let Some(group) = group {
            life::lose(self, &group, id);
            return self;
        }
        let found = self.ecs.clusters.iter().find_map(|(cluster, c)| {
            let (container, _) = c.instances.iter().find(|(_, i)| i.ec2_instance == id)?;
            Some((cluster.clone(), container.clone()))
        });
        if let Some((cluster, container)) = found {
            container_instances::deregister(self, &cluster, &container);
        }
        self
    }

    /// Somebody deletes a group with all its instances, as `DeleteAutoScalingGroup` with `ForceDelete` does.
    pub fn remove_group(&mut self, group: &str) -> &mut Self {
        let instances =
            self.autoscaling.groups.remove(group).map(|group| group.instances).unwrap_or_default();
        for id in instances.keys() {
            self.kill_instance(id);
        }
        self
    }

    /// The capacity provider of a group, if it has one.
    pub(crate) fn provider_of(&self, group: &str) -> Option<String> {
        let providers = &self.ecs.capacity_providers;
        providers.iter().find(|(_, p)| p.group == group).map(|(name, _)| name.clone())
    }
}
