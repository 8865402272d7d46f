//! Auto Scaling groups: which cluster and capacity provider each belongs to.

use serde::Serialize;
use shared::autoscaling::Group;
use shared::ecs::CapacityProvider;
use shared::schedule::OnOff;

use crate::Rules;
use crate::observe::Snapshot;

/// What ecs-steward knows of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Steward {
    /// `off` exactly when the desired capacity is 0.
    pub state: OnOff,
    /// The cluster whose tasks it carries; `null` where nothing says so.
    pub cluster: Option<String>,
    /// What says so.
    pub cluster_by: Option<LinkedBy>,
    /// The capacity provider that it stands behind.
    pub capacity_provider: Option<String>,
    /// Whether ECS itself sets its size.
    pub managed_scaling: bool,
}

/// What says which cluster a group belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LinkedBy {
    /// Its tag `steward:cluster`.
    Tag,
    /// The one cluster that has its capacity provider.
    CapacityProvider,
    /// Its instances, all registered with one cluster.
    Instances,
}

impl Steward {
    /// What is known of a group.
    #[must_use]
    pub fn of(group: &Group, seen: &Snapshot, rules: &Rules) -> Self {
        let provider = provider_of(group, seen);
        let linked = cluster_of(group, provider, seen, rules);
        let managed = provider.and_then(|it| {
            it.auto_scaling_group_provider.as_ref()?.managed_scaling.as_ref()?.status.as_deref()
        });
        Self {
            state: if group.desired_capacity == 0 { OnOff::Off } else { OnOff::On },
            cluster: linked.as_ref().map(|(cluster, _)| cluster.clone()),
            cluster_by: linked.map(|(_, by)| by),
            capacity_provider: provider.map(|provider| provider.name.clone()),
            managed_scaling: managed == Some("ENABLED"),
        }
    }
}

/// The capacity provider that a group stands behind.
fn provider_of<'a>(group: &Group, seen: &'a Snapshot) -> Option<&'a CapacityProvider> {
    seen.providers.iter().flatten().find(|provider| {
        let behind =
            provider.auto_scaling_group_provider.as_ref().map(|it| it.auto_scaling_group_arn.as_str());
        // A provider may name its group by ARN or by name.
        behind == Some(&group.auto_scaling_group_arn) || behind == Some(&group.auto_scaling_group_name)
    })
}

/// Its tag's cluster, else its capacity provider's, else its instances'.
fn cluster_of(
    group: &Group,
    provider: Option<&CapacityProvider>,
    seen: &Snapshot,
    rules: &Rules,
) -> Option<(String, LinkedBy)> {
    let tagged = group.tags.iter().find(|tag| tag.key == rules.tags.cluster);
    if let Some(tag) = tagged {
        return Some((tag.value.clone(), LinkedBy::Tag));
    }
    let of_provider = provider.and_then(|provider| {
        let having = |cluster: &&shared::ecs::Cluster| cluster.capacity_providers.contains(&provider.name);
        only(seen.clusters.iter().flatten().filter(having).map(|cluster| &cluster.cluster_name))
    });
    if let Some(cluster) = of_provider {
        return Some((cluster, LinkedBy::CapacityProvider));
    }
    let of_instances = only(group.instances.iter().filter_map(|i| seen.registered.get(&i.instance_id)));
    of_instances.map(|cluster| (cluster, LinkedBy::Instances))
}

/// The one value that all are, if they are one.
fn only<'a>(mut names: impl Iterator<Item = &'a String>) -> Option<String> {
    let first = names.next()?;
    names.all(|name| name == first).then(|| first.clone())
}

#[cfg(test)]
mod tests {
    use shared::autoscaling::{Instance, Tag};
    use shared::ecs::{AutoScalingGroupProvider, Cluster, ManagedScaling};

    use super::*;

    const ARN: &str =
        "arn:aws:autoscaling:sa-east-1:123456789012:autoScalingGroup:1:autoScalingGroupName/web";

    fn linked(tag: Option<&str>, provided: &[&str], registered: &[(&str, &str)]) -> Steward {
        let instance = |id: &&(&str, &str)| Instance { instance_id: id.0.into(), ..Instance::default() };
        let group = Group {
            auto_scaling_group_name: "web".into(),
            auto_scaling_group_arn: ARN.into(),
            desired_capacity: 1,
            instances: registered.iter().map(|id| instance(&id)).collect(),
            tags: tag
                .map(|value| Tag {
                    key: "steward:cluster".into(),
                    value: value.into(),
                    propagate_at_launch: false,
                })
                .into_iter()
                .collect(),
            ..Group::default()
        };
        let behind = AutoScalingGroupProvider {
            auto_scaling_group_arn: ARN.into(),
            managed_scaling: Some(ManagedScaling {
                status: Some("ENABLED".into()),
                target_capacity: Some(100),
            }),
            ..AutoScalingGroupProvider::default()
        };
        let provider = CapacityProvider {
            name: "web-provider".into(),
            auto_scaling_group_provider: Some(behind),
            ..CapacityProvider::default()
        };
        let cluster = |name: &str| Cluster {
            cluster_name: name.into(),
            capacity_providers: vec!["web-provider".into()],
            ..Cluster::default()
        };
        let seen = Snapshot {
            clusters: Some(provided.iter().copied().map(cluster).collect()),
            providers: Some(vec![provider]),
            registered: registered.iter().map(|(id, cluster)| ((*id).into(), (*cluster).into())).collect(),
            ..Snapshot::default()
        };
        Steward::of(&group, &seen, &Rules::default())
    }

    #[test]
    fn a_groups_cluster_is_its_tags_else_its_providers_else_its_instances() {
        for (tag, provided, registered, expected) in [
            (Some("a"), &["b"][..], &[("i-1", "c")][..], Some(("a", LinkedBy::Tag))),
            (None, &["b"], &[("i-1", "c")], Some(("b", LinkedBy::CapacityProvider))),
            (None, &["b", "d"], &[("i-1", "c"), ("i-2", "c")], Some(("c", LinkedBy::Instances))),
            (None, &[], &[("i-1", "c"), ("i-2", "d")], None),
            (None, &[], &[], None),
        ] {
            let steward = linked(tag, provided, registered);
            let found = steward.cluster.as_deref().zip(steward.cluster_by);
            assert_eq!(found, expected);
            assert_eq!(steward.capacity_provider.as_deref(), Some("web-provider"));
            assert!(steward.managed_scaling);
        }
    }
}
