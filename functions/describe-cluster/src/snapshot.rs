//! What was seen, by what was asked for.

use std::collections::BTreeMap;

use shared::application_autoscaling::ScalableTarget;
use shared::autoscaling::Group;
use shared::ecs::{
    CapacityProvider, Cluster, ContainerInstance, Failure, Service, Tag, Task, TaskDefinition,
};
use shared::groups::Link;
use shared::names::{Arn, ClusterName, ServiceId, short_name};

use crate::request::Hours;

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// What was looked at.
    pub look: Look,
    /// What AWS could not find.
    pub failures: Vec<Failure>,
    /// The key of the last item of this page, if others follow.
    pub more: Option<String>,
}

/// A look at the world, by what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// Clusters, with their tags.
    Clusters(Vec<Cluster>),
    /// A cluster with what is in it.
    Cluster(Box<WholeCluster>),
    /// Services of a cluster.
    Services(Services),
    /// The services of every cluster.
    Fleet(Vec<Services>),
    /// What an agenda is made from.
    Agenda(AgendaLook),
    /// Tasks.
    Tasks(Vec<Task>),
    /// ARNs of task definitions.
    TaskDefinitions(Vec<String>),
    /// A task definition, with its tags.
    TaskDefinition(Box<TaskDefinition>, Vec<Tag>),
    /// Auto Scaling groups.
    Groups(Machines),
}

/// Services of a cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Services {
    /// The services, with their tags.
    pub services: Vec<Service>,
    /// Their scalable targets by resource id, where they were looked at.
    pub targets: Option<BTreeMap<String, ScalableTarget>>,
    /// The tags of their cluster.
    pub cluster_tags: BTreeMap<String, String>,
}

/// What an agenda is made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgendaLook {
    /// The services of the cluster.
    pub services: Services,
    /// The groups of the cluster that have a schedule, in the order of their names.
    pub groups: Vec<(Group, Link)>,
    /// How far to look.
    pub hours: Hours,
}

/// A cluster with its services and running tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeCluster {
    /// The cluster.
    pub cluster: Cluster,
    /// Its services.
    pub services: Services,
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// Its instances, and the groups of the account, where they were asked for.
    pub capacity: Option<(Vec<ContainerInstance>, Machines)>,
}

/// Auto Scaling groups, and what says whose they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machines {
    /// The groups, with their tags.
    pub groups: Vec<Group>,
    /// The account's capacity providers.
    pub providers: Vec<CapacityProvider>,
    /// The clusters that they may belong to.
    pub clusters: Vec<Cluster>,
    /// The cluster of each EC2 instance that is registered with one.
    pub registered: BTreeMap<String, String>,
}

impl Machines {
    pub(crate) fn register(&mut self, cluster: &ClusterName, instances: &[ContainerInstance]) {
        let ids = instances.iter().filter_map(|instance| instance.ec2_instance_id.clone());
        self.registered.extend(ids.map(|id| (id, cluster.to_string())));
    }
}

impl Look {
    /// The services that were looked at, cluster by cluster.
    #[must_use]
    pub fn services(&self) -> Vec<&Services> {
        match self {
            Self::Services(services) => vec![services],
            Self::Fleet(fleet) => fleet.iter().collect(),
            Self::Cluster(whole) => vec![&whole.services],
            Self::Agenda(look) => vec![&look.services],
            Self::Clusters(_)
            | Self::Tasks(_)
            | Self::TaskDefinitions(_)
            | Self::TaskDefinition(..)
            | Self::Groups(_) => Vec::new(),
        }
    }
}

impl Services {
    /// A service's scalable target, if it has one.
    #[must_use]
    pub fn target_of(&self, service: &Service) -> Option<&ScalableTarget> {
        self.targets.as_ref()?.get(&id_of(service)?.to_string())
    }
}

/// The cluster and name of a service.
pub(crate) fn id_of(service: &Service) -> Option<ServiceId> {
    let cluster: Arn = service.cluster_arn.parse().ok()?;
    Some(ServiceId {
        cluster: short_name(&cluster.resource).parse().ok()?,
        service: service.service_name.parse().ok()?,
    })
}
