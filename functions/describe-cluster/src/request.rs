//! What describe-cluster can be asked.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use shared::call::{Kind, Parameter};
use shared::fields::{LONGEST_PAGE, STARTED_BY, WholeFamily};
use shared::names::{ClusterRef, GroupRef, ServiceRef, TaskDefinitionRef, TaskRef};
use shared::{Route, strict};

use Parameter::{Number, Text};

/// The REST routes.
pub const ROUTES: &[Route<Request>] = &[
    Route::read(
        "/v1/clusters",
        "listClusters",
        &[Text("clusters"), INCLUDE, LIMIT, CURSOR],
        |action, fields| strict::parse(action, fields).map(Request::Clusters),
    ),
    Route::read("/v1/clusters/{cluster}", "describeCluster", &[INCLUDE, CURSOR], |action, fields| {
        strict::parse(action, fields).map(Request::Cluster)
    }),
    Route::read(
        "/v1/clusters/{cluster}/services",
        "listServices",
        &[Text("services"), INCLUDE, LIMIT, CURSOR],
        |action, fields| strict::parse(action, fields).map(Request::Services),
    ),
    Route::read(
        "/v1/clusters/{cluster}/services/{service}",
        "describeService",
        &[INCLUDE],
        |action, fields| strict::parse(action, fields).map(Request::Service),
    ),
    Route::read(
        "/v1/clusters/{cluster}/tasks",
        "listTasks",
        &[
            Text("service"),
            Text("family"),
            Text("startedBy"),
            Text("desiredStatus"),
            Text("tasks"),
            INCLUDE,
            LIMIT,
            CURSOR,
        ],
        |action, fields| strict::parse(action, fields).map(Box::new).map(Request::Tasks),
    ),
    Route::read("/v1/clusters/{cluster}/tasks/{task}", "describeTask", &[INCLUDE], |action, fields| {
        strict::parse(action, fields).map(Request::Task)
    }),
    Route::read("/v1/clusters/{cluster}/week", "week", &[], |action, fields| {
        strict::parse(action, fields).map(Request::Week)
    }),
    Route::read("/v1/clusters/{cluster}/agenda", "agenda", &[Number("hours"), INCLUDE], |action, fields| {
        strict::parse(action, fields).map(Request::Agenda)
    }),
    Route::read("/v1/clusters/{cluster}/savings", "savings", &[Number("days")], |action, fields| {
        strict::parse(action, fields).map(Request::Savings)
    }),
    Route {
        kind: Kind::Check,
        ..Route::read("/v1/clusters/{cluster}/wake", "wakeCheck", &[], |action, fields| {
            strict::parse(action, fields).map(Request::Wake)
        })
    },
    Route::read(
        "/v1/task-definitions",
        "listTaskDefinitions",
        &[Text("family"), Text("status"), LIMIT, CURSOR],
        |action, fields| strict::parse(action, fields).map(Request::TaskDefinitions),
    ),
    Route::read(
        "/v1/task-definitions/{family}/{revision}",
        "describeTaskDefinition",
        &[INCLUDE],
        |action, fields| strict::parse(action, fields).map(Request::TaskDefinition),
    ),
    Route::read(
        "/v1/auto-scaling-groups",
        "listAutoScalingGroups",
        &[INCLUDE, LIMIT, CURSOR],
        |action, fields| strict::parse(action, fields).map(Request::Groups),
    ),
    Route::read(
        "/v1/auto-scaling-groups/{group}",
        "describeAutoScalingGroup",
        &[INCLUDE],
        |action, fields| strict::parse(action, fields).map(Request::Group),
    ),
];

const INCLUDE: Parameter = Text("include");
const LIMIT: Parameter = Number("limit");
const CURSOR: Parameter = Text("cursor");

/// A request as it came, well-formed.
#[derive(Clone, Debug)]
pub enum Request {
    /// `{"action":"listClusters"}`
    Clusters(ClustersFields),
    /// `{"action":"describeCluster",…}`
    Cluster(ClusterFields),
    /// `{"action":"listServices",…}`
    Services(ServicesFields),
    /// `{"action":"describeService",…}`
    Service(ServiceFields),
    /// `{"action":"listTasks",…}`
    Tasks(Box<TasksFields>),
    /// `{"action":"describeTask",…}`
    Task(TaskFields),
    /// `{"action":"agenda",…}`
    Agenda(AgendaFields),
    /// `{"action":"week",…}`
    Week(WeekFields),
    /// `{"action":"savings",…}`
    Savings(SavingsFields),
    /// `{"action":"wakeCheck",…}`
    Wake(WakeFields),
    /// `{"action":"listTaskDefinitions",…}`
    TaskDefinitions(TaskDefinitionsFields),
    /// `{"action":"describeTaskDefinition",…}`
    TaskDefinition(TaskDefinitionFields),
    /// `{"action":"listAutoScalingGroups",…}`
    Groups(GroupsFields),
    /// `{"action":"describeAutoScalingGroup",…}`
    Group(GroupFields),
}

/// Words as a query writes them (`a,b`), or as JSON does (`["a","b"]`).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(untagged, expecting = "expected words with commas between them, or a list of words")]
pub enum Words {
    /// With commas.
    Joined(String),
    /// A list.
    Listed(Vec<String>),
}

impl Words {
    /// The words one by one.
    #[must_use]
    pub fn split(&self) -> Vec<&str> {
        match self {
            Self::Joined(text) => text.split(',').map(str::trim).collect(),
            Self::Listed(words) => words.iter().map(String::as_str).collect(),
        }
    }
}

/// Every cluster, or some by name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClustersFields {
    /// These, by name or ARN, with commas between: 1 to 100.
    pub(crate) clusters: Option<Words>,
    /// What is shown beside, with commas between.
    pub(crate) include: Option<Words>,
    /// At most so many; all of them without it, in as many pages as they need.
    #[schemars(range(min = 1, max = LONGEST_PAGE))]
    pub(crate) limit: Option<u32>,
    /// Where the list goes on: the `nextToken` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A cluster, `default` when a direct event names none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterFields {
    pub(crate) cluster: Option<ClusterRef>,
    /// What is shown beside, with commas between.
    pub(crate) include: Option<Words>,
    /// Where the list goes on: the `nextToken` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A cluster's services, or some by name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServicesFields {
    pub(crate) cluster: Option<ClusterRef>,
    /// These, by name or ARN, with commas between: 1 to 100.
    pub(crate) services: Option<Words>,
    /// What is shown beside, with commas between.
    pub(crate) include: Option<Words>,
    /// At most so many; all of them without it, in as many pages as they need.
    #[schemars(range(min = 1, max = LONGEST_PAGE))]
    pub(crate) limit: Option<u32>,
    /// Where the list goes on: the `nextToken` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A service of a cluster.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceFields {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) service: ServiceRef,
    /// What is shown beside, with commas between.
    pub(crate) include: Option<Words>,
}

/// A cluster's tasks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TasksFields {
    pub(crate) cluster: Option<ClusterRef>,
    /// Of this service.
    pub(crate) service: Option<ServiceRef>,
    /// Of this family.
    #[schemars(with = "Option<WholeFamily>")]
    pub(crate) family: Option<TaskDefinitionRef>,
    /// Started by this.
    #[schemars(length(min = 1, max = STARTED_BY))]
    pub(crate) started_by: Option<String>,
    /// Those that are to run, which is what is meant without it, or those that are to stop.
    pub(crate) desired_status: Option<Desired>,
    /// These, by id or ARN, with commas between: 1 to 100. It goes with no filter.
    pub(crate) tasks: Option<Words>,
    /// What is shown beside, with commas between.
    pub(crate) include: Option<Words>,
    /// At most so many; all of them without it, in as many pages as they need.
    #[schemars(range(min = 1, max = LONGEST_PAGE))]
    pub(crate) limit: Option<u32>,
    /// Where the list goes on: the `nextToken` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A task of a cluster.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskFields {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) task: TaskRef,
    /// What is shown beside, with commas between.
    pub(crate) include: Option<Words>,
}

/// A cluster's coming transitions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgendaFields {
    pub(crate) cluster: Option<ClusterRef>,
    /// How far to look ahead.
    pub(crate) hours: Option<Hours>,
    /// What is shown beside.
    pub(crate) include: Option<Words>,
}

/// A cluster's coming days.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeekFields {
    pub(crate) cluster: Option<ClusterRef>,
}

/// What a cluster's schedules will not run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SavingsFields {
    pub(crate) cluster: Option<ClusterRef>,
    /// How far to look ahead.
    pub(crate) days: Option<Days>,
}

/// A cluster whose services are to be checked; all of the region's when a direct event names none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WakeFields {
    pub(crate) cluster: Option<ClusterRef>,
}

/// Task definitions of one family or of all.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskDefinitionsFields {
    /// Of this family.
    #[schemars(with = "Option<WholeFamily>")]
    pub(crate) family: Option<TaskDefinitionRef>,
    /// Those of this status; `ACTIVE` without it.
    pub(crate) status: Option<DefinitionStatus>,
    /// At most so many; all of them without it, in as many pages as they need.
    #[schemars(range(min = 1, max = LONGEST_PAGE))]
    pub(crate) limit: Option<u32>,
    /// Where the list goes on: the `nextToken` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A task definition; its latest ACTIVE revision when a direct event names none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskDefinitionFields {
    pub(crate) family: TaskDefinitionRef,
    pub(crate) revision: Option<Revision>,
    /// What is shown beside, with commas between.
    pub(crate) include: Option<Words>,
}

/// Every Auto Scaling group.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupsFields {
    /// What is shown beside, with commas between.
    pub(crate) include: Option<Words>,
    /// At most so many; all of them without it, in as many pages as they need.
    #[schemars(range(min = 1, max = LONGEST_PAGE))]
    pub(crate) limit: Option<u32>,
    /// Where the list goes on: the `nextToken` of the page before.
    pub(crate) cursor: Option<String>,
}

/// An Auto Scaling group.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupFields {
    pub(crate) group: GroupRef,
    /// What is shown beside, with commas between.
    pub(crate) include: Option<Words>,
}

/// A revision: a number in JSON, a text in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(inline, extend("type" = "string", "pattern" = "^0*[1-9][0-9]{0,9}$"))]
pub struct Revision(pub(crate) u32);

impl TryFrom<Value> for Revision {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let text = value.as_str().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let number = text.and_then(|text| text.parse().ok()).or_else(|| value.as_u64());
        number
            .and_then(|n| u32::try_from(n).ok())
            .filter(|n| *n > 0)
            .map(Self)
            .ok_or_else(|| "a revision is a whole number from 1".to_owned())
    }
}

/// How far an agenda looks ahead: 1 to 168 hours, 24 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "u32")]
#[schemars(inline, extend("minimum" = 1, "maximum" = Self::MOST, "default" = 24))]
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

/// How far savings look ahead: 1 to 31 days, 7 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "u32")]
#[schemars(inline, extend("minimum" = 1, "maximum" = Self::MOST, "default" = 7))]
pub struct Days(u32);

impl Days {
    /// A month.
    const MOST: u32 = 31;

    /// The same as a duration, of 24 hours each.
    #[must_use]
    pub fn get(self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.0))
    }
}

impl Default for Days {
    fn default() -> Self {
        Self(7)
    }
}

impl TryFrom<u32> for Days {
    type Error = String;

    fn try_from(days: u32) -> Result<Self, String> {
        if (1..=Self::MOST).contains(&days) {
            Ok(Self(days))
        } else {
            Err(format!("savings look 1 to {} days ahead, not {days}", Self::MOST))
        }
    }
}

/// The status that ECS wants tasks to have; a list holds tasks of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub enum Desired {
    /// Running, or on the way there.
    Running,
    /// Stopped within about the last hour.
    Stopped,
}

/// The status of task definitions; a list holds those of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(inline)]
pub enum DefinitionStatus {
    /// Tasks can be run of it.
    #[default]
    Active,
    /// Deregistered.
    Inactive,
    /// Being deleted.
    DeleteInProgress,
}

impl DefinitionStatus {
    /// AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
        }
    }
}
