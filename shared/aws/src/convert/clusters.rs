//! Clusters.

use aws_sdk_ecs::types as sdk;
use shared::ecs;

use super::{strategy, tags, text};

pub(crate) fn cluster(from: &sdk::Cluster) -> ecs::Cluster {
    ecs::Cluster {
        cluster_arn: text(from.cluster_arn()),
        cluster_name: text(from.cluster_name()),
        status: text(from.status()),
        registered_container_instances_count: from.registered_container_instances_count(),
        running_tasks_count: from.running_tasks_count(),
        pending_tasks_count: from.pending_tasks_count(),
        active_services_count: from.active_services_count(),
        capacity_providers: from.capacity_providers().to_vec(),
        default_capacity_provider_strategy: strategy(from.default_capacity_provider_strategy()),
        statistics: from
            .statistics()
            .iter()
            .map(|pair| ecs::Statistic { name: text(pair.name()), value: text(pair.value()) })
            .collect(),
        tags: tags(from.tags()),
    }
}
