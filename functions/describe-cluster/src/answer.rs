//! What was seen, in AWS's own shapes; what is ours stands in a `steward` object beside it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::autoscaling::Group;
use shared::call::{LARGEST_ANSWER, Table, quoted_len};
use shared::ecs::{CapacityProvider, Cluster, ContainerInstance, Service, Task};
use shared::names::short_name;
use shared::schedule::Override;

use crate::ViewSettings;
use crate::agenda::agenda;
use crate::ask::{Ask, Include, What};
use crate::cursor::Cursor;
use crate::groups;
use crate::observe::revision_key;
use crate::snapshot::{Look, Machines, Services, Snapshot, WholeCluster};
use crate::steward::{Steward, override_of};
use crate::wake::WakeLines;

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
        links: &[("/clusterName", "/v1/clusters/{/clusterName}")],
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
            ("wakes", "/steward/canWake"),
        ],
        links: &[("/serviceName", "/v1/clusters/{/clusterArn}/services/{/serviceName}")],
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
        links: &[
            ("/taskArn", "/v1/clusters/{/clusterArn}/tasks/{/taskArn}"),
            ("/taskDefinitionArn", "/v1/task-definitions/{/taskDefinitionArn}"),
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
        links: &[],
    },
    Table {
        list: "capacityProviders",
        columns: &[
            ("provider", "/name"),
            ("group", "/autoScalingGroupProvider/autoScalingGroupArn"),
            ("managed scaling", "/autoScalingGroupProvider/managedScaling/status"),
        ],
        links: &[(
            "/autoScalingGroupProvider/autoScalingGroupArn",
            "/v1/auto-scaling-groups/{/autoScalingGroupProvider/autoScalingGroupArn}",
        )],
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
        links: &[
            ("/AutoScalingGroupName", "/v1/auto-scaling-groups/{/AutoScalingGroupName}"),
            ("/steward/cluster", "/v1/clusters/{/steward/cluster}"),
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
            ("wakes", "/canWake"),
        ],
        links: &[
            ("/service", "/v1/clusters/{cluster}/services/{/service}"),
            ("/autoScalingGroup", "/v1/auto-scaling-groups/{/autoScalingGroup}"),
        ],
    },
    Table {
        list: "week",
        columns: &[
            ("service", "/service"),
            ("group", "/autoScalingGroup"),
            ("state", "/state"),
            ("count", "/size/count"),
            ("schedule", "/schedule"),
            ("next", "/next/to"),
            ("at", "/next/at"),
            ("wakes", "/canWake"),
            ("task hours", "/saved/taskHours"),
        ],
        links: &[
            ("/service", "/v1/clusters/{cluster}/services/{/service}"),
            ("/autoScalingGroup", "/v1/auto-scaling-groups/{/autoScalingGroup}"),
        ],
    },
    Table {
        list: "wake",
        columns: &[
            ("cluster", "/cluster"),
            ("service", "/service"),
            ("wakes", "/canWake"),
            ("at", "/at"),
            ("count", "/count"),
            ("because", "/because"),
        ],
        links: &[("/service", "/v1/clusters/{/cluster}/services/{/service}")],
    },
    Table {
        list: "savings",
        columns: &[
            ("service", "/service"),
            ("task hours", "/taskHours"),
            ("vCPU hours", "/vcpuHours"),
            ("GiB hours", "/memoryGiBHours"),
        ],
        links: &[("/service", "/v1/clusters/{cluster}/services/{/service}")],
    },
];

/// The most events of a service in a list; one that is named shows all that ECS keeps.
const EVENTS: usize = 3;

/// The body of an answer: what fits into it, and where it goes on.
#[must_use]
pub fn body(seen: &Snapshot, ask: &Ask, wake: &WakeLines, settings: &ViewSettings, now: Timestamp) -> Value {
    let show = Show { include: ask.include, wake, settings, now };
    let mut body = Map::new();
    let lists = match &seen.look {
        Look::Agenda(look) => return json!(agenda(look, &seen.failures, wake, settings, now)),
        Look::Clusters(all) => {
            vec![List::paged("clusters", all, |it| (it.cluster_name.clone(), show.cluster(it, None)))]
        }
        // A bedtime check has an answer of its own.
        Look::Fleet(_) => Vec::new(),
        Look::Cluster(whole) => show.whole_cluster(whole, ask.page.is_whole()),
        Look::Services(services) => {
            let events = if matches!(ask.what, What::Service(_)) { None } else { Some(EVENTS) };
            vec![show.services(services, "", events)]
        }
        Look::Tasks(all) => vec![tasks(all, "")],
        Look::TaskDefinitions(arns) => {
            vec![List::paged("taskDefinitionArns", arns, |arn| (revision_key(arn), json!(arn)))]
        }
        Look::TaskDefinition(definition, tags) => {
            body.insert("taskDefinition".into(), json!(definition));
            if ask.include.tags {
                body.insert("tags".into(), json!(tags));
            }
            Vec::new()
        }
        Look::Groups(machines) => {
            let name = |group: &Group| group.auto_scaling_group_name.clone();
            let shown = |group: &Group| {
                (name(group), show.group(group, &groups::Steward::of(group, machines, settings, now)))
            };
            vec![List::paged("AutoScalingGroups", &machines.groups, shown)]
        }
    };
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
    include: Include,
    wake: &'a WakeLines,
    settings: &'a ViewSettings,
    now: Timestamp,
}

/// A thing with what is ours beside it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}")]
pub(crate) struct Beside<T, S> {
    #[serde(flatten)]
    thing: T,
    /// What ecs-steward knows of it.
    steward: S,
}

/// What ecs-steward knows of a cluster.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OfCluster {
    /// Its schedule, printed; `null` where there is none.
    schedule: Option<String>,
    /// Its override: live, or not begun.
    #[serde(rename = "override")]
    override_: Option<Override>,
    /// Tags that can't be read.
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
    /// A cluster with what is in it. The keys of its two long lists say in which of them it goes on.
    fn whole_cluster(&self, whole: &WholeCluster, is_first: bool) -> Vec<List> {
        let WholeCluster { cluster, services, tasks: all, capacity } = whole;
        let clusters = List::whole("clusters", std::slice::from_ref(cluster), |it| {
            self.cluster(it, is_first.then_some(whole))
        });
        let mut lists = vec![clusters, self.services(services, "s:", Some(EVENTS))];
        if let Some((instances, machines)) = capacity {
            lists.push(List::whole("containerInstances", instances, |instance| {
                json!(ContainerInstance { tags: self.tags(&instance.tags), ..instance.clone() })
            }));
            lists.push(self.providers(cluster, machines));
            lists.push(self.own_groups(cluster, machines));
        }
        // Last, because there are most of them: what does not fit goes on here.
        lists.push(tasks(all, "t:"));
        lists
    }

    /// A cluster, with how many of each there are in it, where that was looked at.
    fn cluster(&self, cluster: &Cluster, whole: Option<&WholeCluster>) -> Value {
        let tags = cluster.tags_by_key();
        let tagged = self
            .settings
            .scheduling
            .reading_services(&self.settings.tags, &cluster.cluster_name)
            .read(&BTreeMap::new(), Some(&tags));
        let faults = [tagged.schedule.as_ref().err(), tagged.clusters.as_ref().err()];
        let services = |whole: &WholeCluster| {
            let seen = &whole.services;
            counted(seen.services.iter().map(|service| self.steward(service, seen).status.as_str()))
        };
        let steward = OfCluster {
            schedule: tagged.schedule.as_ref().ok().and_then(Option::as_ref).map(ToString::to_string),
            override_: override_of(&tagged, self.now),
            faults: faults.into_iter().flatten().map(|fault| fault.reason.clone()).collect(),
            services: whole.map(services),
            tasks: whole.map(|whole| counted(whole.tasks.iter().map(|task| task.last_status.clone()))),
        };
        json!(Beside { thing: Cluster { tags: self.tags(&cluster.tags), ..cluster.clone() }, steward })
    }

    /// Services, with at most so many events each.
    fn services(&self, seen: &Services, prefix: &str, events: Option<usize>) -> List {
        List::paged("services", &seen.services, |service| {
            let mut thing = service.clone();
            thing.tags = self.tags(&service.tags);
            if let Some(most) = events {
                thing.events.sort_by_key(|event| std::cmp::Reverse(event.created_at));
                thing.events.truncate(most);
            }
            let shown = json!(Beside { thing, steward: self.steward(service, seen) });
            (format!("{prefix}{}", service.service_name), shown)
        })
    }

    fn steward(&self, service: &Service, seen: &Services) -> Steward {
        let (target, looked) = (seen.target_of(service), seen.targets.is_some());
        let verdict = self.wake.get(&service.service_arn).map(|line| line.verdict.clone());
        let (can_wake, because) = verdict.map(|it| (it.can_wake, it.because)).unzip();
        let steward = Steward::of(service, &seen.cluster_tags, target, looked, self.settings, self.now);
        Steward { can_wake, because, ..steward }
    }

    /// The capacity providers of the cluster.
    fn providers(&self, cluster: &Cluster, machines: &Machines) -> List {
        let of = |provider: &&CapacityProvider| cluster.capacity_providers.contains(&provider.name);
        let own: Vec<_> = machines.providers.iter().filter(of).collect();
        List::whole("capacityProviders", &own, |provider| {
            json!(CapacityProvider { tags: self.tags(&provider.tags), ..(*provider).clone() })
        })
    }

    /// The groups of the cluster.
    fn own_groups(&self, cluster: &Cluster, machines: &Machines) -> List {
        let known = |group| (group, groups::Steward::of(group, machines, self.settings, self.now));
        let own: Vec<_> = machines
            .groups
            .iter()
            .map(known)
            .filter(|(_, steward)| steward.cluster.as_ref() == Some(&cluster.cluster_name))
            .collect();
        List::whole("AutoScalingGroups", &own, |(group, steward)| self.group(group, steward))
    }

    fn group(&self, group: &Group, steward: &groups::Steward) -> Value {
        json!(Beside { thing: Group { tags: self.tags(&group.tags), ..group.clone() }, steward })
    }

    /// Tags where they are asked for; what is ours in them is in `steward` anyway.
    fn tags<T: Clone>(&self, tags: &[T]) -> Vec<T> {
        if self.include.tags { tags.to_vec() } else { Vec::new() }
    }
}

fn tasks(all: &[Task], prefix: &str) -> List {
    List::paged("tasks", all, |task| (format!("{prefix}{}", short_name(&task.task_arn)), json!(task)))
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
