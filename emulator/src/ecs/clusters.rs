//! Clusters.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecs::arn;
use crate::ecs::capacity_providers::{self, Share, is_fargate};
use crate::ecs::errors::invalid;
use crate::ecs::pages::{page, size};
use crate::ecs::state::{Cluster, ServiceStatus, Stage};
use crate::ecs::tags::{self, Tag};
use crate::wire::object;
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateCluster {
    cluster_name: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    capacity_providers: Vec<String>,
    #[serde(default)]
    default_capacity_provider_strategy: Vec<Share>,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html>
pub(crate) fn create_cluster(world: &mut World, input: CreateCluster) -> Result<Value, ApiError> {
    let name = input.cluster_name.unwrap_or_else(|| "default".to_owned());
    if !valid_name(&name) {
        return Err(invalid("Cluster name must match ^[a-zA-Z0-9\\-_]{1,255}$."));
    }
    let tags = tags::checked(input.tags)?;
    if !world.ecs.clusters.get(&name).is_some_and(|c| c.active) {
        let cluster = Cluster {
            tags,
            capacity_providers: input.capacity_providers,
            default_strategy: input.default_capacity_provider_strategy,
            ..Cluster::empty()
        };
        let unknown = |p: &&String| !is_fargate(p) && !world.ecs.capacity_providers.contains_key(*p);
        if let Some(unknown) = cluster.capacity_providers.iter().find(unknown) {
            return Err(invalid(format!("The specified capacity provider was not found: {unknown}")));
        }
        if !cluster.default_strategy.is_empty() {
            capacity_providers::checked(&cluster, &cluster.default_strategy)?;
        }
        world.ecs.clusters.insert(name.clone(), cluster);
    }
    Ok(json!({"cluster": view(world, &name, &["TAGS".to_owned()])}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeleteCluster {
    cluster: String,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html>
pub(crate) fn delete_cluster(world: &mut World, input: DeleteCluster) -> Result<Value, ApiError> {
    let name = arn::cluster(world, Some(&input.cluster))?;
    if let Some(cluster) = world.ecs.clusters.get_mut(&name) {
        if cluster.services.values().any(|s| s.status == ServiceStatus::Active) {
            let message = "The Cluster cannot be deleted while Services are active.";
            return Err(ApiError::client("ClusterContainsServicesException", message));
        }
        if !cluster.instances.is_empty() {
            let message = "The Cluster cannot be deleted while Container Instances are active or draining.";
            return Err(ApiError::client("ClusterContainsContainerInstancesException", message));
        }
        if cluster.tasks.values().any(|t| t.stage < Stage::Stopped) {
            let message = "The Cluster cannot be deleted while Tasks are active.";
            return Err(ApiError::client("ClusterContainsTasksException", message));
        }
        cluster.active = false;
    }
    Ok(json!({"cluster": view(world, &name, &[])}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListClusters {
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 100 a page, and 100 without `maxResults`.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListClusters.html>
pub(crate) fn list_clusters(world: &mut World, input: ListClusters) -> Result<Value, ApiError> {
    let size = size(input.max_results, 100, 100)?;
    let names = world.ecs.clusters.iter().filter(|(_, c)| c.active).map(|(name, _)| name.clone());
    let (names, next) = page(names, input.next_token.as_deref(), size)?;
    let arns: Vec<String> = names.iter().map(|n| cluster_arn(world, n)).collect();
    let mut answer = object(json!({"clusterArns": arns}));
    crate::wire::put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeClusters {
    clusters: Option<Vec<String>>,
    #[serde(default)]
    include: Vec<String>,
}

/// At most 100 clusters; `default` when none is named.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeClusters.html>
pub(crate) fn describe_clusters(world: &mut World, input: DescribeClusters) -> Result<Value, ApiError> {
    let asked = input.clusters.filter(|c| !c.is_empty()).unwrap_or_else(|| vec!["default".to_owned()]);
    if asked.len() > 100 {
        return Err(invalid("Clusters cannot have more than 100 elements."));
    }
    let known = ["ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "STATISTICS", "TAGS"];
    if let Some(other) = input.include.iter().find(|i| !known.contains(&i.as_str())) {
        return Err(invalid(format!("Invalid include: {other}")));
    }
    let mut clusters = Vec::new();
    let mut failures = Vec::new();
    for given in asked {
        let name = arn::cluster_name(world, Some(&given))?;
        if world.ecs.clusters.contains_key(&name) {
            clusters.push(view(world, &name, &input.include));
        } else {
            failures.push(json!({"arn": cluster_arn(world, &name), "reason": "MISSING"}));
        }
    }
    Ok(json!({"clusters": clusters, "failures": failures}))
}

impl Cluster {
    /// Gives it a capacity provider.
    pub(crate) fn associate(&mut self, provider: &str, as_default: bool) {
        if !self.capacity_providers.iter().any(|p| p == provider) {
            self.capacity_providers.push(provider.to_owned());
        }
        if as_default {
            self.default_strategy =
                vec![Share { capacity_provider: provider.to_owned(), weight: 1, base: 0 }];
        }
    }

    /// An ACTIVE cluster with nothing in it.
    pub(crate) fn empty() -> Self {
        Self {
            active: true,
            tags: tags::none(),
            instances: std::collections::BTreeMap::new(),
            capacity_providers: Vec::new(),
            default_strategy: Vec::new(),
            services: std::collections::BTreeMap::new(),
            tasks: std::collections::BTreeMap::new(),
        }
    }
}

pub(crate) fn cluster_arn(world: &World, name: &str) -> String {
    world.arn("ecs", &format!("cluster/{name}"))
}

/// Letters, digits, hyphens and underscores, at most 255: clusters, services and families.
pub(crate) fn valid_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn view(world: &World, name: &str, include: &[String]) -> Value {
    let Some(cluster) = world.ecs.clusters.get(name) else {
        return Value::Null;
    };
    let includes = |what: &str| include.iter().any(|i| i == what);
    let count = |up: bool, launch_type: Option<&str>| {
        let fits = |t: &&crate::ecs::state::Task| {
            launch_type.is_none_or(|l| t.launch_type == l)
                && if up { t.stage == Stage::Running } else { t.stage < Stage::Running }
        };
        cluster.tasks.values().filter(fits).count()
    };
    let services = |status: ServiceStatus, launch_type: Option<&str>| {
        let fits = |s: &&crate::ecs::state::Service| {
            s.status == status && launch_type.is_none_or(|l| s.runs_on() == l)
        };
        cluster.services.values().filter(fits).count()
    };
    let statistics = if includes("STATISTICS") {
        let pair = |name: &str, value: usize| json!({"name": name, "value": value.to_string()});
        vec![
            pair("runningEC2TasksCount", count(true, Some("EC2"))),
            pair("runningFargateTasksCount", count(true, Some("FARGATE"))),
            pair("pendingEC2TasksCount", count(false, Some("EC2"))),
            pair("pendingFargateTasksCount", count(false, Some("FARGATE"))),
            pair("activeEC2ServiceCount", services(ServiceStatus::Active, Some("EC2"))),
            pair("activeFargateServiceCount", services(ServiceStatus::Active, Some("FARGATE"))),
            pair("drainingEC2ServiceCount", services(ServiceStatus::Draining, Some("EC2"))),
            pair("drainingFargateServiceCount", services(ServiceStatus::Draining, Some("FARGATE"))),
        ]
    } else {
        Vec::new()
    };
    let settings = if includes("SETTINGS") {
        json!([{"name": "containerInsights", "value": "disabled"}])
    } else {
        json!([])
    };
    json!({
        "clusterArn": cluster_arn(world, name),
        "clusterName": name,
        "status": if cluster.active { "ACTIVE" } else { "INACTIVE" },
        "registeredContainerInstancesCount": cluster.instances.len(),
        "runningTasksCount": count(true, None),
        "pendingTasksCount": count(false, None),
        "activeServicesCount": services(ServiceStatus::Active, None),
        "statistics": statistics,
        "tags": if includes("TAGS") { tags::view(&cluster.tags) } else { json!([]) },
        "settings": settings,
        "capacityProviders": cluster.capacity_providers,
        "defaultCapacityProviderStrategy": cluster.default_strategy,
    })
}
