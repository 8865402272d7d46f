//! Whether a service has machines to run on when it starts.

use std::collections::{BTreeMap, BTreeSet};

use shared::autoscaling::Group;
use shared::ecs::{CapacityProvider, CapacityProviderStrategyItem, Cluster, Service};
use shared::groups::Link;
use shared::wake::Capacity;
use shared::{Code, Refusal};

/// The machines of the account and region.
#[derive(Clone, Debug, Default)]
pub struct WakeMachines {
    /// The capacity providers.
    pub providers: Vec<CapacityProvider>,
    /// The groups, and where each belongs.
    pub groups: Vec<(Group, Link)>,
    /// The clusters, with their tags.
    pub clusters: Vec<Cluster>,
    /// The EC2 ids of the instances that are registered with each cluster that was looked at.
    pub instances: BTreeMap<String, Result<BTreeSet<String>, Refusal>>,
}

/// Whether a service's tasks run on machines of its cluster.
#[must_use]
pub fn needs_machines(service: &Service) -> bool {
    let brings_its_own = |name: &str| name.starts_with("FARGATE") || name == "MANAGED_INSTANCES";
    let (strategy, launch_type) = launched_on(service);
    if strategy.is_empty() {
        !launch_type.is_some_and(brings_its_own)
    } else {
        !strategy.iter().any(|it| brings_its_own(&it.capacity_provider))
    }
}

/// The strategy and launch type of a service: its own, or its PRIMARY task set's, where another controller deploys it.
pub(crate) fn launched_on(service: &Service) -> (&[CapacityProviderStrategyItem], Option<&str>) {
    let own = (service.capacity_provider_strategy.as_slice(), service.launch_type.as_deref());
    match service.primary_task_set() {
        Some(set) if own.0.is_empty() && own.1.is_none() => {
            (set.capacity_provider_strategy.as_slice(), set.launch_type.as_deref())
        }
        _ => own,
    }
}

impl WakeMachines {
    pub(super) fn tags_of(&self, link: &Link) -> shared::tags::Tags {
        let named =
            |cluster: &&Cluster| link.cluster.as_ref().is_some_and(|(name, _)| *name == cluster.cluster_name);
        self.clusters.iter().find(named).map(Cluster::tags_by_key).unwrap_or_default()
    }

    /// One of the providers that has machines by then is enough.
    pub(super) fn of_providers<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
        missing: impl Fn(&(Group, Link)) -> Option<String>,
    ) -> Capacity {
        let mut reasons = Vec::new();
        for name in names {
            let provider =
                self.providers.iter().find(|it| it.name == name && it.status.as_deref() != Some("INACTIVE"));
            let Some(provider) = provider else {
                reasons.push(format!("capacity provider {name} is gone"));
                continue;
            };
            // Another kind of provider brings its machines by itself.
            if provider.auto_scaling_group_provider.is_none() {
                return Capacity::There;
            }
            match self.groups.iter().find(|(_, link)| link.capacity_provider.as_deref() == Some(name)) {
                None => reasons.push(format!("the group of capacity provider {name} is gone")),
                Some(group) => match missing(group) {
                    None => return Capacity::There,
                    Some(reason) => reasons.push(reason),
                },
            }
        }
        Capacity::Missing(format!(
            "none of its capacity providers has machines by then: {}",
            reasons.join("; ")
        ))
    }

    /// One group of the cluster that is awake by then is enough, or an instance that is there and in no group.
    pub(super) fn of_cluster(
        &self,
        cluster: &str,
        missing: impl Fn(&(Group, Link)) -> Option<String>,
    ) -> Capacity {
        let is_here = |link: &Link| link.cluster.as_ref().is_some_and(|(name, _)| name == cluster);
        let (mut reasons, mut sized_by_ecs) = (Vec::new(), None);
        for group in self.groups.iter().filter(|(_, link)| is_here(link)) {
            let (Group { auto_scaling_group_name: name, desired_capacity, .. }, link) = group;
            match missing(group) {
                // ECS brings machines for tasks of the capacity provider alone.
                None if link.managed_scaling && *desired_capacity == 0 => sized_by_ecs = Some(name),
                None => return Capacity::There,
                Some(reason) => reasons.push(reason),
            }
        }
        let grouped = |id: &String| {
            self.groups.iter().any(|(group, _)| group.instances.iter().any(|it| it.instance_id == *id))
        };
        match self.instances.get(cluster) {
            Some(Err(refusal)) => Capacity::Unknown(refusal.clone()),
            Some(Ok(ids)) if ids.iter().any(|id| !grouped(id)) => Capacity::There,
            _ if sized_by_ecs.is_some() => {
                let name = sized_by_ecs.map_or("", |name| name);
                let reason = format!(
                    "group {name} is empty, and ECS brings it machines for tasks of its capacity provider alone, which \
                     the service does not use"
                );
                Capacity::Unknown(Refusal { code: Code::ManagedScaling, reason })
            }
            _ if reasons.is_empty() => Capacity::Missing(format!(
                "cluster {cluster} has no machine, and no group that would bring one: add some"
            )),
            _ => {
                Capacity::Missing(format!("cluster {cluster} has no machine by then: {}", reasons.join("; ")))
            }
        }
    }
}
