//! Which cluster each Auto Scaling group belongs to.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};
use shared::Problem;
use shared::autoscaling::Group;
use shared::ecs::{CapacityProvider, Cluster};
use shared::groups::{Link, LinkedBy, Links};
use shared::names::ClusterName;
use shared::settings::TagKeys;

use super::{AT_ONCE, Read};

impl Read {
    /// Where each of these groups belongs, in their order. `clusters` are those of the account that it
    /// may be. Instances are looked up only where nothing better says whose a group is; what of them could
    /// not be read is beside the links, and a group that has instances and no link may be any cluster's
    /// then.
    pub async fn links(
        &self,
        groups: &[Group],
        clusters: &[Cluster],
        keys: &TagKeys,
    ) -> Result<(Vec<Link>, Option<Problem>), Problem> {
        let providers = self.capacity_providers().await?;
        Ok(self.links_by(&providers, groups, clusters, keys).await)
    }

    /// The same, where the capacity providers are known.
    pub async fn links_by(
        &self,
        providers: &[CapacityProvider],
        groups: &[Group],
        clusters: &[Cluster],
        keys: &TagKeys,
    ) -> (Vec<Link>, Option<Problem>) {
        let nothing = BTreeMap::new();
        let links = Links { providers, clusters, registered: &nothing, keys };
        let unclear = |group: &Group| {
            let by = links.of(group).cluster.map(|(_, by)| by);
            !group.instances.is_empty() && matches!(by, None | Some(LinkedBy::Record))
        };
        let (registered, unread) = if groups.iter().any(unclear) {
            self.registered(clusters).await
        } else {
            (BTreeMap::new(), None)
        };
        let links = Links { registered: &registered, ..links };
        (groups.iter().map(|group| links.of(group)).collect(), unread)
    }

    /// The cluster of each EC2 instance that is registered with one of these, and the first thing that
    /// could not be read: one cluster's failure does not hide the others.
    async fn registered(&self, clusters: &[Cluster]) -> (BTreeMap<String, String>, Option<Problem>) {
        let with_instances = clusters.iter().filter(|it| it.registered_container_instances_count > 0);
        let names: Vec<ClusterName> = with_instances.filter_map(|it| it.cluster_name.parse().ok()).collect();
        let mut reads = stream::iter(names)
            .map(|cluster| async move {
                let listed = self.container_instances(&cluster).await;
                (cluster, listed)
            })
            .buffered(AT_ONCE);
        let (mut registered, mut unread) = (BTreeMap::new(), None);
        while let Some((cluster, listed)) = reads.next().await {
            match listed {
                Ok(listed) => {
                    let ids = listed.found.into_iter().filter_map(|instance| instance.ec2_instance_id);
                    registered.extend(ids.map(|id| (id, cluster.to_string())));
                }
                Err(problem) => unread = unread.or(Some(problem)),
            }
        }
        (registered, unread)
    }
}
