//! A look at the world, complete: all pages, all batches, what AWS could not find beside it.

use std::collections::BTreeMap;

use futures_util::future::try_join;
use shared::application_autoscaling::ScalableTarget;
use shared::ecs::{Cluster, Failure, Service, Task};
use shared::names::{Arn, ClusterName, ServiceId, short_name};
use shared::{Code, Problem};
use shared_aws::Read;

use crate::request::Ask;

/// What was seen; what was not asked for is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Clusters, with their tags.
    pub clusters: Option<Vec<Cluster>>,
    /// Services, with their tags.
    pub services: Option<Vec<Service>>,
    /// Tasks, with their tags.
    pub tasks: Option<Vec<Task>>,
    /// Scalable targets by resource id.
    pub targets: BTreeMap<String, ScalableTarget>,
    /// What AWS could not find.
    pub failures: Vec<Failure>,
}

impl Snapshot {
    /// A service's scalable target, if it has one.
    #[must_use]
    pub fn target_of(&self, service: &Service) -> Option<&ScalableTarget> {
        let cluster: Arn = service.cluster_arn.parse().ok()?;
        let id = ServiceId {
            cluster: short_name(&cluster.resource).parse().ok()?,
            service: service.service_name.parse().ok()?,
        };
        self.targets.get(&id.to_string())
    }
}

/// Reads what is asked.
pub async fn observe(read: &Read, ask: &Ask) -> Result<Snapshot, Problem> {
    let mut seen = Snapshot::default();
    match ask {
        Ask::Clusters => {
            let listed = read.clusters().await?;
            seen.clusters = Some(listed.found);
            seen.failures = listed.failures;
        }
        Ask::Cluster(cluster) => {
            let ((listed, services), tasks) = try_join(
                try_join(read.clusters_named(std::slice::from_ref(cluster)), read.services(cluster)),
                read.tasks(cluster, None, "RUNNING"),
            )
            .await?;
            if listed.found.is_empty() {
                return Err(no_cluster(cluster));
            }
            seen.clusters = Some(listed.found);
            seen.failures = [services.failures, tasks.failures].concat();
            seen.services = Some(services.found);
            seen.tasks = Some(tasks.found);
        }
        Ask::Services(cluster) => {
            let listed = read.services(cluster).await?;
            seen.services = Some(listed.found);
            seen.failures = listed.failures;
        }
        Ask::Service(id) => {
            let listed = read.services_named(&id.cluster, std::slice::from_ref(&id.service)).await?;
            if listed.found.is_empty() {
                let detail = format!("cluster {} has no service {}", id.cluster, id.service);
                return Err(not_found(detail, &listed.failures));
            }
            seen.services = Some(listed.found);
        }
        Ask::Tasks(cluster, service, desired) => {
            let listed = read.tasks(cluster, service.as_ref().map(|id| &id.service), desired).await?;
            seen.tasks = Some(listed.found);
            seen.failures = listed.failures;
        }
        Ask::Task(cluster, task) => {
            let listed = read.tasks_named(cluster, std::slice::from_ref(task)).await?;
            if listed.found.is_empty() {
                let detail = format!(
                    "cluster {cluster} has no task {task}; ECS forgets a stopped task after about an hour"
                );
                return Err(not_found(detail, &listed.failures));
            }
            seen.tasks = Some(listed.found);
        }
        Ask::Agenda(cluster, _) => {
            let (listed, services) =
                try_join(read.clusters_named(std::slice::from_ref(cluster)), read.services(cluster)).await?;
            if listed.found.is_empty() {
                return Err(no_cluster(cluster));
            }
            seen.clusters = Some(listed.found);
            seen.services = Some(services.found);
            seen.failures = services.failures;
        }
    }
    add_targets(read, ask, &mut seen).await?;
    Ok(seen)
}

/// Scalable targets are asked for by id up to here; beyond it, the whole list has fewer pages.
const BY_ID: usize = 50;

async fn add_targets(read: &Read, ask: &Ask, seen: &mut Snapshot) -> Result<(), Problem> {
    let cluster = match ask {
        Ask::Cluster(cluster) | Ask::Services(cluster) | Ask::Agenda(cluster, _) => cluster,
        Ask::Service(id) => &id.cluster,
        Ask::Clusters | Ask::Tasks(..) | Ask::Task(..) => return Ok(()),
    };
    let id = |service: &Service| {
        Some(ServiceId { cluster: cluster.clone(), service: service.service_name.parse().ok()? })
    };
    let ids: Vec<ServiceId> = seen.services.iter().flatten().filter_map(id).collect();
    let targets = match ids.len() {
        0 => return Ok(()),
        few if few <= BY_ID => read.targets_of(&ids).await?,
        _ => read.targets().await?,
    };
    seen.targets = targets.into_iter().map(|target| (target.resource_id.clone(), target)).collect();
    Ok(())
}

fn no_cluster(cluster: &ClusterName) -> Problem {
    not_found(format!("there is no cluster {cluster} in this account and region"), &[])
}

fn not_found(detail: String, failures: &[Failure]) -> Problem {
    let mut problem = Problem::new(Code::NotFound, detail);
    problem.failures = failures.iter().filter_map(|failure| serde_json::to_value(failure).ok()).collect();
    problem
}
