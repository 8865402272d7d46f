//! Auto Scaling groups: which cluster and capacity provider each belongs to.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::autoscaling::Group;
use crate::ecs::{CapacityProvider, Cluster};
use crate::record::{Capacity, Record};
use crate::settings::TagKeys;

/// What links groups to clusters.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a> {
    /// The account's capacity providers.
    pub providers: &'a [CapacityProvider],
    /// The account's clusters.
    pub clusters: &'a [Cluster],
    /// The cluster of each EC2 instance that is registered with one.
    pub registered: &'a BTreeMap<String, String>,
    /// The keys of our tags.
    pub keys: &'a TagKeys,
}

/// Where a group belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The cluster whose tasks it carries, and what says so.
    pub cluster: Option<(String, LinkedBy)>,
    /// The capacity provider that it stands behind.
    pub capacity_provider: Option<String>,
    /// Whether ECS itself sets its size.
    pub managed_scaling: bool,
}

/// What says which cluster a group belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LinkedBy {
    /// Its tag `steward:cluster`.
    Tag,
    /// The one cluster that has its capacity provider.
    CapacityProvider,
    /// Its instances, all registered with one cluster.
    Instances,
    /// Its record: a group that sleeps has no instances.
    Record,
}

impl Links<'_> {
    /// Where a group belongs: its tag's cluster, else its capacity provider's, else its instances', else
    /// its record's.
    #[must_use]
    pub fn of(&self, group: &Group) -> Link {
        let provider = self.provider(group);
        let managed = provider.and_then(|it| {
            it.auto_scaling_group_provider.as_ref()?.managed_scaling.as_ref()?.status.as_deref()
        });
        Link {
            cluster: self.cluster(group, provider),
            capacity_provider: provider.map(|provider| provider.name.clone()),
            managed_scaling: managed == Some("ENABLED"),
        }
    }

    /// The capacity provider that a group stands behind.
    fn provider(&self, group: &Group) -> Option<&CapacityProvider> {
        // A deleted one stays INACTIVE for a while.
        let there = |provider: &&CapacityProvider| provider.status.as_deref() != Some("INACTIVE");
        self.providers.iter().filter(there).find(|provider| {
            let behind =
                provider.auto_scaling_group_provider.as_ref().map(|it| it.auto_scaling_group_arn.as_str());
            // A provider may name its group by ARN or by name.
            behind == Some(&group.auto_scaling_group_arn) || behind == Some(&group.auto_scaling_group_name)
        })
    }

    fn cluster(&self, group: &Group, provider: Option<&CapacityProvider>) -> Option<(String, LinkedBy)> {
        let tag = |key: &String| group.tags.iter().find(|tag| tag.key == *key).map(|tag| tag.value.clone());
        if let Some(cluster) = tag(&self.keys.cluster) {
            return Some((cluster, LinkedBy::Tag));
        }
        let of_provider = provider.and_then(|provider| {
            let having = |cluster: &&Cluster| cluster.capacity_providers.contains(&provider.name);
            only(self.clusters.iter().filter(having).map(|cluster| &cluster.cluster_name))
        });
        if let Some(cluster) = of_provider {
            return Some((cluster, LinkedBy::CapacityProvider));
        }
        let of_instances = only(group.instances.iter().filter_map(|i| self.registered.get(&i.instance_id)));
        if let Some(cluster) = of_instances {
            return Some((cluster, LinkedBy::Instances));
        }
        let record = tag(&self.keys.record)?.parse::<Record<Capacity>>().ok()?;
        Some((record.size.cluster?.to_string(), LinkedBy::Record))
    }
}

/// The one value that all are, if they are one.
fn only<'a>(mut names: impl Iterator<Item = &'a String>) -> Option<String> {
    let first = names.next()?;
    names.all(|name| name == first).then(|| first.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autoscaling::{Instance, Tag};
    use crate::ecs::{AutoScalingGroupProvider, ManagedScaling};

    const ARN: &str =
        "arn:aws:autoscaling:sa-east-1:123456789012:autoScalingGroup:1:autoScalingGroupName/web";
    const RECORD: (&str, &str) = ("steward:record", "v1 off@2026-11-23T23:00:00Z n=2 cluster=e");

    fn linked(tags: &[(&str, &str)], provided: &[&str], registered: &[(&str, &str)]) -> Link {
        let instance = |id: &(&str, &str)| Instance { instance_id: id.0.into(), ..Instance::default() };
        let tag = |(key, value): &(&str, &str)| Tag {
            key: (*key).into(),
            value: (*value).into(),
            propagate_at_launch: false,
        };
        let group = Group {
            auto_scaling_group_name: "web".into(),
            auto_scaling_group_arn: ARN.into(),
            instances: registered.iter().map(instance).collect(),
            tags: tags.iter().map(tag).collect(),
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
        let cluster = |name: &&str| Cluster {
            cluster_name: (*name).into(),
            capacity_providers: vec!["web-provider".into()],
            ..Cluster::default()
        };
        let clusters: Vec<Cluster> = provided.iter().map(cluster).collect();
        let registered = registered.iter().map(|(id, cluster)| ((*id).into(), (*cluster).into())).collect();
        let keys = TagKeys::default();
        Links { providers: &[provider], clusters: &clusters, registered: &registered, keys: &keys }.of(&group)
    }

    #[test]
    fn a_deleted_capacity_provider_says_nothing_of_a_group() {
        let group = Group { auto_scaling_group_arn: ARN.into(), ..Group::default() };
        let provider = |name: &str, status: &str, managed: &str| CapacityProvider {
            name: name.into(),
            status: Some(status.into()),
            auto_scaling_group_provider: Some(AutoScalingGroupProvider {
                auto_scaling_group_arn: ARN.into(),
                managed_scaling: Some(ManagedScaling { status: Some(managed.into()), target_capacity: None }),
                ..AutoScalingGroupProvider::default()
            }),
            ..CapacityProvider::default()
        };
        let (registered, keys) = (BTreeMap::new(), TagKeys::default());
        let link = |providers: &[CapacityProvider]| {
            Links { providers, clusters: &[], registered: &registered, keys: &keys }.of(&group)
        };
        let old = provider("a", "INACTIVE", "DISABLED");
        assert_eq!(link(std::slice::from_ref(&old)), Link::default());
        let now = link(&[old, provider("b", "ACTIVE", "ENABLED")]);
        assert_eq!((now.capacity_provider.as_deref(), now.managed_scaling), (Some("b"), true));
    }

    #[test]
    fn a_groups_cluster_is_its_tags_else_its_providers_else_its_instances_else_its_records() {
        let tag = ("steward:cluster", "a");
        for (tags, provided, registered, expected) in [
            (&[tag, RECORD][..], &["b"][..], &[("i-1", "c")][..], Some(("a", LinkedBy::Tag))),
            (&[RECORD], &["b"], &[("i-1", "c")], Some(("b", LinkedBy::CapacityProvider))),
            (&[RECORD], &["b", "d"], &[("i-1", "c"), ("i-2", "c")], Some(("c", LinkedBy::Instances))),
            (&[RECORD], &[], &[], Some(("e", LinkedBy::Record))),
            (&[], &[], &[("i-1", "c"), ("i-2", "d")], None),
            (&[], &[], &[], None),
        ] {
            let link = linked(tags, provided, registered);
            assert_eq!(link.cluster.as_ref().map(|(cluster, by)| (cluster.as_str(), *by)), expected);
            assert_eq!(link.capacity_provider.as_deref(), Some("web-provider"));
            assert!(link.managed_scaling);
        }
    }
}
