//! What describe-cluster can be asked.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;
use shared::call::{Kind, Parameter};
use shared::names::{ClusterName, ClusterRef, NameFault, Scope, ServiceId, ServiceRef, TaskId, TaskRef};
use shared::{Call, Problem, Route, strict};

/// The REST routes.
pub const ROUTES: &[Route] = &[
    read("/v1/clusters", "listClusters", &[]),
    read("/v1/clusters/{cluster}", "describeCluster", &[]),
    read("/v1/clusters/{cluster}/services", "listServices", &[]),
    read("/v1/clusters/{cluster}/services/{service}", "describeService", &[]),
    read(
        "/v1/clusters/{cluster}/tasks",
        "listTasks",
        &[Parameter::Text("service"), Parameter::Text("desiredStatus")],
    ),
    read("/v1/clusters/{cluster}/tasks/{task}", "describeTask", &[]),
    read("/v1/clusters/{cluster}/agenda", "agenda", &[Parameter::Number("hours")]),
];

const fn read(path: &'static str, action: &'static str, query: &'static [Parameter]) -> Route {
    Route { method: "GET", path, action, kind: Kind::Read, query }
}

/// A request as it came, well-formed.
#[derive(Clone, Debug)]
pub enum Request {
    /// `{"action":"listClusters"}`
    Clusters(NoFields),
    /// `{"action":"describeCluster",…}`
    Cluster(ClusterFields),
    /// `{"action":"listServices",…}`
    Services(ClusterFields),
    /// `{"action":"describeService",…}`
    Service(ServiceFields),
    /// `{"action":"listTasks",…}`
    Tasks(TasksFields),
    /// `{"action":"describeTask",…}`
    Task(TaskFields),
    /// `{"action":"agenda",…}`
    Agenda(AgendaFields),
}

/// No fields at all; an unknown one is still an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

/// A cluster, `default` when a direct event names none.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterFields {
    cluster: Option<ClusterRef>,
}

/// A service of a cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceFields {
    cluster: Option<ClusterRef>,
    service: ServiceRef,
}

/// A cluster's tasks.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TasksFields {
    cluster: Option<ClusterRef>,
    service: Option<ServiceRef>,
    desired_status: Option<Desired>,
}

/// A task of a cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskFields {
    cluster: Option<ClusterRef>,
    task: TaskRef,
}

/// A cluster's coming transitions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgendaFields {
    cluster: Option<ClusterRef>,
    hours: Option<Hours>,
}

/// How far an agenda looks ahead: 1 to 168 hours, 24 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct Hours(u32);

impl Hours {
    /// A week.
    const MOST: u32 = 168;

    /// The same as a duration.
    #[must_use]
    pub fn get(self) -> SignedDuration {
        SignedDuration::from_hours(self.0.into())
    }
}

impl Default for Hours {
    fn default() -> Self {
        Self(24)
    }
}

impl TryFrom<u32> for Hours {
    type Error = String;

    fn try_from(hours: u32) -> Result<Self, String> {
        if (1..=Self::MOST).contains(&hours) {
            Ok(Self(hours))
        } else {
            Err(format!("an agenda looks 1 to {} hours ahead, not {hours}", Self::MOST))
        }
    }
}

/// The status that ECS wants tasks to have; a list holds tasks of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Desired {
    /// Running, or on the way there.
    Running,
    /// Stopped within about the last hour.
    Stopped,
}

impl Desired {
    fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

impl shared::call::Request for Request {
    fn kind(action: &str) -> Option<Kind> {
        ROUTES.iter().any(|route| route.action == action).then_some(Kind::Read)
    }

    fn parse(action: &str, fields: Value) -> Result<Self, Problem> {
        match action {
            "listClusters" => strict::parse(action, fields).map(Self::Clusters),
            "describeCluster" => strict::parse(action, fields).map(Self::Cluster),
            "listServices" => strict::parse(action, fields).map(Self::Services),
            "describeService" => strict::parse(action, fields).map(Self::Service),
            "listTasks" => strict::parse(action, fields).map(Self::Tasks),
            "agenda" => strict::parse(action, fields).map(Self::Agenda),
            _ => strict::parse(action, fields).map(Self::Task),
        }
    }
}

/// A request that has been checked: what is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Every cluster.
    Clusters,
    /// A cluster with its services and running tasks.
    Cluster(ClusterName),
    /// A cluster's services.
    Services(ClusterName),
    /// A service.
    Service(ServiceId),
    /// A cluster's tasks, or one service's, of a desired status.
    Tasks(ClusterName, Option<ServiceId>, &'static str),
    /// A task.
    Task(ClusterName, TaskId),
    /// A cluster's coming transitions.
    Agenda(ClusterName, Hours),
}

impl Ask {
    /// Checks a call against the scope.
    pub fn new(call: &Call<Request>) -> Result<Self, Problem> {
        let scope = &call.scope;
        Ok(match &call.request {
            Request::Clusters(NoFields {}) => Self::Clusters,
            Request::Cluster(fields) => Self::Cluster(cluster(fields.cluster.as_ref(), scope)?),
            Request::Services(fields) => Self::Services(cluster(fields.cluster.as_ref(), scope)?),
            Request::Service(fields) => {
                let cluster = cluster_of(fields.cluster.as_ref(), Some(&fields.service), scope)?;
                Self::Service(fields.service.within(scope, &cluster)?)
            }
            Request::Tasks(fields) => {
                let cluster = cluster_of(fields.cluster.as_ref(), fields.service.as_ref(), scope)?;
                let service =
                    fields.service.as_ref().map(|service| service.within(scope, &cluster)).transpose()?;
                Self::Tasks(cluster, service, fields.desired_status.unwrap_or(Desired::Running).as_str())
            }
            Request::Task(fields) => {
                let cluster = cluster(fields.cluster.as_ref(), scope)?;
                let task = fields.task.within(scope, &cluster)?;
                Self::Task(cluster, task)
            }
            Request::Agenda(fields) => {
                Self::Agenda(cluster(fields.cluster.as_ref(), scope)?, fields.hours.unwrap_or_default())
            }
        })
    }
}

/// The cluster that is named, else the one in the service's ARN, else AWS's `default`.
fn cluster_of(
    cluster: Option<&ClusterRef>,
    service: Option<&ServiceRef>,
    scope: &Scope,
) -> Result<ClusterName, NameFault> {
    match (cluster, service.and_then(ServiceRef::cluster)) {
        (None, Some(cluster)) => Ok(cluster),
        (named, _) => self::cluster(named, scope),
    }
}

fn cluster(named: Option<&ClusterRef>, scope: &Scope) -> Result<ClusterName, NameFault> {
    named.map_or_else(|| "default".parse(), |cluster| cluster.within(scope))
}
