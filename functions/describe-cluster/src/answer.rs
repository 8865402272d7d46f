//! What was seen, in AWS's own shapes; what is ours stands in a `steward` object beside it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::autoscaling::Group;
use shared::call::{LARGEST_ANSWER, Table, quoted_len};
use shared::ecs::{Cluster, Service, Task};
use shared::names::short_name;

use crate::Rules;
use crate::ask::{Ask, Include, What};
use crate::cursor::Cursor;
use crate::groups;
use crate::observe::{Snapshot, revision_key};
use crate::steward::Steward;

/// How lists are shown to people.
pub const TABLES: &[Table] = &[
    Table {
        list: "clusters",
        columns: &[
            ("cluster", "/clusterName"),
            ("status", "/status"),
            ("services", "/activeServicesCount"),
            ("running", "/runningTasksCount"),
            ("pending", "/pendingTasksCount"),
            ("instances", "/registeredContainerInstancesCount"),
            ("schedule", "/steward/schedule"),
        ],
    },
    Table {
        list: "services",
        columns: &[
            ("service", "/serviceName"),
            ("status", "/steward/status"),
            ("desired", "/desiredCount"),
            ("running", "/runningCount"),
            ("pending", "/pendingCount"),
            ("why", "/steward/why"),
            ("next", "/steward/next/to"),
            ("at", "/steward/next/at"),
        ],
    },
    Table {
        list: "tasks",
        columns: &[
            ("task", "/taskArn"),
            ("group", "/group"),
            ("status", "/lastStatus"),
            ("cpu", "/cpu"),
            ("memory", "/memory"),
            ("definition", "/taskDefinitionArn"),
            ("started", "/startedAt"),
            ("stopped because", "/stoppedReason"),
        ],
    },
    Table {
        list: "containerInstances",
        columns: &[
            ("instance", "/ec2InstanceId"),
            ("status", "/status"),
            ("connected", "/agentConnected"),
            ("running", "/runningTasksCount"),
            ("pending", "/pendingTasksCount"),
        ],
    },
    Table {
        list: "capacityProviders",
        columns: &[
            ("provider", "/name"),
            ("group", "/autoScalingGroupProvider/autoScalingGroupArn"),
            ("managed scaling", "/autoScalingGroupProvider/managedScaling/status"),
        ],
    },
    Table {
        list: "AutoScalingGroups",
        columns: &[
            ("group", "/AutoScalingGroupName"),
            ("desired", "/DesiredCapacity"),
            ("min", "/MinSize"),
            ("max", "/MaxSize"),
            ("instances", "/Instances"),
            ("cluster", "/steward/cluster"),
            ("provider", "/steward/capacityProvider"),
            ("next", "/steward/next/to"),
            ("at", "/steward/next/at"),
        ],
    },
    Table {
        list: "agenda",
        columns: &[
            ("at", "/at"),
            ("to", "/to"),
            ("service", "/service"),
            ("group", "/autoScalingGroup"),
            ("count", "/size/count"),
            ("cause", "/cause"),
            ("would fail", "/wouldFail/reason"),
        ],
    },
];

/// The most events of a service in a list; one that is named shows all that ECS keeps.
const EVENTS: usize = 3;

/// The body of an answer: what fits into it, and where it goes on.
#[must_use]
pub fn body(seen: &Snapshot, ask: &Ask, rules: &Rules, now: Timestamp) -> Value {
    let show = Show { seen, ask, rules, now };
    let mut lists: Vec<List> = Vec::new();
    let mut body = Map::new();
    if !matches!(ask.what, What::Groups | What::Group(_)) {
        lists.extend(seen.clusters.as_ref().map(|all| show.clusters(all)));
    }
    lists.extend(seen.services.as_ref().map(|all| show.services(all)));
    if let Some((definition, tags)) = &seen.task_definition {
        body.insert("taskDefinition".into(), json!(definition));
        if ask.include.tags {
            body.insert("tags".into(), json!(tags));
        }
    }
    if let Some(arns) = &seen.task_definition_arns {
        lists.push(List::paged("taskDefinitionArns", arns, |arn| (revision_key(arn), json!(arn))));
    }
    lists.extend(seen.instances.as_ref().map(|all| show.instances(all)));
    if matches!(ask.what, What::Cluster(_)) {
        lists.extend(seen.providers.as_ref().map(|all| show.providers(all)));
    }
    lists.extend(seen.groups.as_ref().map(|all| show.groups(all)));
    // Last, because there are most of them: what does not fit goes on here.
    lists.extend(seen.tasks.as_ref().map(|all| show.tasks(all)));
    let failures = json!(seen.failures);
    let room = LARGEST_ANSWER.saturating_sub(quoted_len(&failures.to_string()) + ROOM);
    let more = fit(lists, room, &mut body).or(seen.more.clone());
    body.insert("failures".into(), failures);
    if let Some(after) = more {
        body.insert("nextToken".into(), Cursor::new(&ask.what.list(), &after).print().into());
    }
    Value::Object(body)
}

/// Kept free for the fields around the lists.
const ROOM: usize = 16 * 1024;

/// A list of an answer: each item with the key after which the list goes on, if it does.
struct List {
    name: &'static str,
    items: Vec<(Option<String>, Value)>,
}

impl List {
    /// A list that is paged.
    fn paged<T>(name: &'static str, all: &[T], show: impl Fn(&T) -> (String, Value)) -> Self {
        let shown = |item: &T| {
            let (key, value) = show(item);
            (Some(key), value)
        };
        Self { name, items: all.iter().map(shown).collect() }
    }

    /// A list that stands in an answer whole.
    fn whole<T>(name: &'static str, all: &[T], show: impl Fn(&T) -> Value) -> Self {
        Self { name, items: all.iter().map(|item| (None, show(item))).collect() }
    }
}

/// Puts the lists into the body as far as there is room; the key to go on after, if not all fit.
fn fit(lists: Vec<List>, mut room: usize, body: &mut Map<String, Value>) -> Option<String> {
    let (mut cut, mut last) = (None, None);
    for List { name, items } in lists {
        let mut shown = Vec::with_capacity(items.len());
        for (key, value) in items {
            let len = quoted_len(&value.to_string()) + 1;
            match key {
                Some(_) if cut.is_some() => continue,
                Some(key) if len > room => {
                    // One that fits no page at all is passed over: the others would wait for ever.
                    cut = Some(last.take().unwrap_or(key));
                    continue;
                }
                Some(key) => last = Some(key),
                None => {}
            }
            room = room.saturating_sub(len);
            shown.push(value);
        }
        body.insert(name.into(), Value::Array(shown));
    }
    cut
}

struct Show<'a> {
    seen: &'a Snapshot,
    ask: &'a Ask,
    rules: &'a Rules,
    now: Timestamp,
}

/// A thing with what is ours beside it.
#[derive(Serialize)]
struct Beside<T, S> {
    #[serde(flatten)]
    thing: T,
    steward: S,
}

/// What ecs-steward knows of a cluster.
#[derive(Serialize)]
struct OfCluster {
    schedule: Option<String>,
    #[serde(rename = "override")]
    override_: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<String>,
    /// How many of its services are in each status, where they were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    services: Option<BTreeMap<&'static str, usize>>,
    /// How many of its tasks are in each status, where they were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<BTreeMap<String, usize>>,
}

impl Show<'_> {
    /// The keys of a whole cluster's answer say in which of its two long lists it goes on.
    fn prefix(&self, prefix: &'static str) -> &'static str {
        if matches!(self.ask.what, What::Cluster(_)) { prefix } else { "" }
    }

    fn clusters(&self, all: &[Cluster]) -> List {
        let show = |cluster: &Cluster| {
            let thing = Cluster { tags: self.tags(&cluster.tags), ..cluster.clone() };
            json!(Beside { thing, steward: self.of_cluster(cluster) })
        };
        match self.ask.what {
            What::Clusters(_) => List::paged("clusters", all, |it| (it.cluster_name.clone(), show(it))),
            _ => List::whole("clusters", all, show),
        }
    }

    fn of_cluster(&self, cluster: &Cluster) -> OfCluster {
        let whole = matches!(self.ask.what, What::Cluster(_)) && self.ask.page.is_whole();
        let tags = cluster.tags_by_key();
        let tagged = self.rules.scheduling.reading(&self.rules.tags).read(&BTreeMap::new(), Some(&tags));
        let faults = [tagged.schedule.as_ref().err(), tagged.clusters.as_ref().err()];
        let live = tagged.clusters.as_ref().ok().and_then(Option::as_ref).filter(|it| it.is_live(self.now));
        OfCluster {
            schedule: tagged.schedule.as_ref().ok().and_then(Option::as_ref).map(ToString::to_string),
            override_: live.map(|it| json!(it)),
            faults: faults.into_iter().flatten().map(|fault| fault.reason.clone()).collect(),
            services: self.seen.services.as_ref().filter(|_| whole).map(|services| {
                counted(services.iter().map(|service| self.steward(service).status.as_str()))
            }),
            tasks: self
                .seen
                .tasks
                .as_ref()
                .filter(|_| whole)
                .map(|tasks| counted(tasks.iter().map(|task| task.last_status.clone()))),
        }
    }

    fn services(&self, all: &[Service]) -> List {
        let prefix = self.prefix("s:");
        List::paged("services", all, |service| {
            let mut thing = service.clone();
            thing.tags = self.tags(&service.tags);
            if !matches!(self.ask.what, What::Service(_)) {
                thing.events.sort_by_key(|event| std::cmp::Reverse(event.created_at));
                thing.events.truncate(EVENTS);
            }
            let shown = json!(Beside { thing, steward: self.steward(service) });
            (format!("{prefix}{}", service.service_name), shown)
        })
    }

    fn steward(&self, service: &Service) -> Steward {
        let (target, looked) = (self.seen.target_of(service), self.seen.targets.is_some());
        Steward::of(service, &self.seen.cluster_tags, target, looked, self.rules, self.now)
    }

    fn tasks(&self, all: &[Task]) -> List {
        let prefix = self.prefix("t:");
        List::paged("tasks", all, |task| (format!("{prefix}{}", short_name(&task.task_arn)), json!(task)))
    }

    fn instances(&self, all: &[shared::ecs::ContainerInstance]) -> List {
        List::whole("containerInstances", all, |instance| {
            let tags = self.tags(&instance.tags);
            json!(shared::ecs::ContainerInstance { tags, ..instance.clone() })
        })
    }

    /// The capacity providers of the cluster.
    fn providers(&self, all: &[shared::ecs::CapacityProvider]) -> List {
        let of = |provider: &&shared::ecs::CapacityProvider| {
            self.seen.clusters.iter().flatten().any(|c| c.capacity_providers.contains(&provider.name))
        };
        let own: Vec<_> = all.iter().filter(of).collect();
        List::whole("capacityProviders", &own, |provider| {
            let tags = self.tags(&provider.tags);
            json!(shared::ecs::CapacityProvider { tags, ..(*provider).clone() })
        })
    }

    /// The groups; of a cluster, its own.
    fn groups(&self, all: &[Group]) -> List {
        let shown =
            all.iter().map(|group| (group, groups::Steward::of(group, self.seen, self.rules, self.now)));
        let own: Vec<_> = match &self.ask.what {
            What::Cluster(cluster) => {
                shown.filter(|(_, it)| it.cluster.as_deref() == Some(cluster.as_str())).collect()
            }
            _ => shown.collect(),
        };
        let show = |(group, steward): &(&Group, groups::Steward)| {
            let thing = Group { tags: self.tags(&group.tags), ..(*group).clone() };
            json!(Beside { thing, steward })
        };
        match self.ask.what {
            What::Cluster(_) => List::whole("AutoScalingGroups", &own, show),
            _ => {
                List::paged("AutoScalingGroups", &own, |it| (it.0.auto_scaling_group_name.clone(), show(it)))
            }
        }
    }

    /// Tags where they are asked for; what is ours in them is in `steward` anyway.
    fn tags<T: Clone>(&self, tags: &[T]) -> Vec<T> {
        let Include { tags: wanted, .. } = self.ask.include;
        if wanted { tags.to_vec() } else { Vec::new() }
    }
}

fn counted<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    keys.fold(BTreeMap::new(), |mut counts, key| {
        *counts.entry(key).or_default() += 1;
        counts
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(name: &'static str, items: usize) -> List {
        let item = |n| (Some(format!("{name} {n:03}")), json!("x".repeat(96)));
        List { name, items: (0..items).map(item).collect() }
    }

    #[test]
    fn what_does_not_fit_goes_on_after_the_last_that_did() {
        let fitted = |room| {
            let mut body = Map::new();
            let more = fit(vec![list("services", 10), list("tasks", 10)], room, &mut body);
            (body["services"].as_array().unwrap().len(), body["tasks"].as_array().unwrap().len(), more)
        };
        assert_eq!(fitted(usize::MAX), (10, 10, None));
        // An item takes 96 letters, two quotes that are quoted once more, and a comma.
        assert_eq!(fitted(101 * 13), (10, 3, Some("tasks 002".into())));
        assert_eq!(fitted(101 * 10), (10, 0, Some("services 009".into())), "no task is lost between the two");
        assert_eq!(fitted(101 * 4), (4, 0, Some("services 003".into())));
        assert_eq!(fitted(0), (0, 0, Some("services 000".into())));
    }
}
