//! A request that has been checked: what is to be looked at.

use shared::fields::{self, cluster_of, started_by, whole_family};
use shared::names::{
    ClusterName, ClusterRef, Family, GroupName, NameFault, Scope, ServiceId, ServiceName, ServiceRef,
    TaskDefinitionName, TaskId, TaskRef,
};
use shared::{Call, Problem};

use crate::cursor::Cursor;
use crate::request::{Days, DefinitionStatus, Desired, Hours, Request, TasksFields, Words};

/// The most things that may be named one by one, as in AWS's own Describe calls.
const NAMED: usize = 100;

/// What is to be looked at, and what is shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What.
    pub what: What,
    /// What is shown beside it.
    pub include: Include,
    /// Which part of a list.
    pub page: Page,
}

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Every cluster, or these.
    Clusters(Option<Vec<ClusterName>>),
    /// A cluster with its services and running tasks.
    Cluster(ClusterName),
    /// A cluster's services, or these.
    Services(ClusterName, Option<Vec<ServiceName>>),
    /// A service.
    Service(ServiceId),
    /// A cluster's tasks.
    Tasks(ClusterName, TaskAsk),
    /// These tasks of a cluster.
    TasksNamed(ClusterName, Vec<TaskId>),
    /// A task.
    Task(ClusterName, TaskId),
    /// A cluster's coming transitions.
    Agenda(ClusterName, Hours),
    /// A cluster's coming days.
    Week(ClusterName),
    /// What a cluster's schedules will not run.
    Savings(ClusterName, Days),
    /// Whether what sleeps will wake: in a cluster, or in all of the region.
    Wake(Option<ClusterName>),
    /// The task definitions of a family or of all, with this status.
    TaskDefinitions(Option<Family>, DefinitionStatus),
    /// A task definition.
    TaskDefinition(TaskDefinitionName),
    /// Every Auto Scaling group.
    Groups,
    /// An Auto Scaling group.
    Group(GroupName),
}

/// Which tasks; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskAsk {
    /// Of this service.
    pub service: Option<ServiceName>,
    /// Of this family.
    pub family: Option<Family>,
    /// Started by this.
    pub started_by: Option<String>,
    /// Those that are to stop, or have.
    pub stopped: bool,
}

/// What `include=` adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of its own")]
pub struct Include {
    /// A cluster's tasks and services by launch type.
    pub statistics: bool,
    /// Tags, as AWS has them.
    pub tags: bool,
    /// A cluster's instances, capacity providers and groups, and its services' scalable targets.
    pub capacity: bool,
    /// Whether services that sleep, or will, wake.
    pub wake: bool,
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most so many.
    pub limit: Option<usize>,
    /// What comes after this.
    pub after: Option<Cursor>,
}

impl Page {
    /// Whether it is the whole list.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

impl What {
    /// The name of its list, to which its cursors belong.
    #[must_use]
    pub fn list(&self) -> String {
        match self {
            Self::Clusters(_) => "clusters".into(),
            Self::Cluster(cluster) => format!("cluster {cluster}"),
            Self::Services(cluster, _) => format!("services of {cluster}"),
            Self::Tasks(cluster, _) => format!("tasks of {cluster}"),
            Self::TaskDefinitions(..) => "task definitions".into(),
            Self::Groups => "auto scaling groups".into(),
            Self::Service(_)
            | Self::TasksNamed(..)
            | Self::Task(..)
            | Self::Agenda(..)
            | Self::Week(_)
            | Self::Savings(..)
            | Self::Wake(_)
            | Self::TaskDefinition(_)
            | Self::Group(_) => "one".into(),
        }
    }

    /// What `include=` may say of it.
    fn includes(&self) -> &'static [&'static str] {
        match self {
            Self::Clusters(_) => &["statistics", "tags"],
            Self::Cluster(_) => &["statistics", "tags", "capacity", "wake"],
            Self::Service(_) | Self::Services(..) => &["tags", "wake"],
            Self::Agenda(..) => &["wake"],
            _ => &["tags"],
        }
    }
}

impl Ask {
    /// Checks a call: names against the scope, words against what is known.
    pub fn new(call: &Call<Request>) -> Result<Self, Problem> {
        let scope = &call.scope;
        let of = |cluster: &Option<ClusterRef>| cluster_of(cluster.as_ref(), None, scope);
        match &call.request {
            Request::Clusters(fields) => {
                let names = named("clusters", fields.clusters.as_ref(), |name| {
                    ClusterRef::try_from(name.to_owned())?.within(scope)
                })?;
                Self::of(What::Clusters(names), fields.include.as_ref(), fields.limit, fields.cursor.as_ref())
            }
            Request::Cluster(fields) => {
                let what = What::Cluster(of(&fields.cluster)?);
                Self::of(what, fields.include.as_ref(), None, fields.cursor.as_ref())
            }
            Request::Services(fields) => {
                let cluster = of(&fields.cluster)?;
                let names = named("services", fields.services.as_ref(), |name| {
                    Ok(ServiceRef::try_from(name.to_owned())?.within(scope, &cluster)?.service)
                })?;
                let what = What::Services(cluster, names);
                Self::of(what, fields.include.as_ref(), fields.limit, fields.cursor.as_ref())
            }
            Request::Service(fields) => {
                let cluster = cluster_of(fields.cluster.as_ref(), Some(&fields.service), scope)?;
                let what = What::Service(fields.service.within(scope, &cluster)?);
                Self::of(what, fields.include.as_ref(), None, None)
            }
            Request::Tasks(fields) => {
                Self::of(tasks(fields, scope)?, fields.include.as_ref(), fields.limit, fields.cursor.as_ref())
            }
            Request::Task(fields) => {
                let cluster = of(&fields.cluster)?;
                let task = fields.task.within(scope, &cluster)?;
                Self::of(What::Task(cluster, task), fields.include.as_ref(), None, None)
            }
            Request::Agenda(fields) => {
                let what = What::Agenda(of(&fields.cluster)?, fields.hours.unwrap_or_default());
                Self::of(what, fields.include.as_ref(), None, None)
            }
            Request::Week(fields) => Self::of(What::Week(of(&fields.cluster)?), None, None, None),
            Request::Savings(fields) => {
                let what = What::Savings(of(&fields.cluster)?, fields.days.unwrap_or_default());
                Self::of(what, None, None, None)
            }
            Request::Wake(fields) => {
                let cluster = fields.cluster.as_ref().map(|cluster| cluster.within(scope)).transpose()?;
                Self::of(What::Wake(cluster), None, None, None)
            }
            Request::TaskDefinitions(fields) => {
                let family = fields.family.as_ref().map(|family| whole_family(family, scope)).transpose()?;
                let what = What::TaskDefinitions(family, fields.status.unwrap_or_default());
                Self::of(what, None, fields.limit, fields.cursor.as_ref())
            }
            Request::TaskDefinition(fields) => {
                let mut name = fields.family.within(scope)?;
                match (name.revision, fields.revision) {
                    (Some(_), Some(_)) => {
                        return Err(Problem::bad_request("the revision is given twice: give it once"));
                    }
                    (None, Some(revision)) => name.revision = Some(revision.0),
                    _ => {}
                }
                Self::of(What::TaskDefinition(name), fields.include.as_ref(), None, None)
            }
            Request::Groups(fields) => {
                Self::of(What::Groups, fields.include.as_ref(), fields.limit, fields.cursor.as_ref())
            }
            Request::Group(fields) => {
                Self::of(What::Group(fields.group.within(scope)?), fields.include.as_ref(), None, None)
            }
        }
    }

    fn of(
        what: What,
        include: Option<&Words>,
        limit: Option<u32>,
        cursor: Option<&String>,
    ) -> Result<Self, Problem> {
        let is_named =
            matches!(what, What::Clusters(Some(_)) | What::Services(_, Some(_)) | What::TasksNamed(..));
        if is_named && (limit.is_some() || cursor.is_some()) {
            return Err(Problem::bad_request("limit and cursor page a list: they do not go with names"));
        }
        let limit = fields::limit(limit)?;
        let after = cursor.map(|text| Cursor::of(&what.list(), text)).transpose()?;
        let include = included(include, what.includes())?;
        Ok(Self { what, include, page: Page { limit, after } })
    }
}

fn included(words: Option<&Words>, known: &[&str]) -> Result<Include, Problem> {
    let mut include = Include::default();
    for word in words.iter().flat_map(|words| words.split()) {
        match word {
            "statistics" if known.contains(&word) => include.statistics = true,
            "tags" if known.contains(&word) => include.tags = true,
            "capacity" if known.contains(&word) => include.capacity = true,
            "wake" if known.contains(&word) => include.wake = true,
            _ => {
                let shown: String = word.chars().take(80).collect();
                let detail = format!("include: {shown:?} is none of {} here", known.join(", "));
                return Err(Problem::bad_request(detail));
            }
        }
    }
    Ok(include)
}

/// Things named one by one, each once, in the order of their names.
fn named<T: Ord>(
    field: &str,
    words: Option<&Words>,
    read: impl Fn(&str) -> Result<T, NameFault>,
) -> Result<Option<Vec<T>>, Problem> {
    let Some(words) = words else { return Ok(None) };
    let mut names: Vec<T> = words.split().into_iter().map(read).collect::<Result<_, _>>()?;
    names.sort_unstable();
    names.dedup();
    if (1..=NAMED).contains(&names.len()) {
        Ok(Some(names))
    } else {
        Err(Problem::bad_request(format!("{field}: 1 to {NAMED} names, not {}", names.len())))
    }
}

fn tasks(fields: &TasksFields, scope: &Scope) -> Result<What, Problem> {
    let cluster = cluster_of(fields.cluster.as_ref(), fields.service.as_ref(), scope)?;
    let ids = named("tasks", fields.tasks.as_ref(), |id| {
        TaskRef::try_from(id.to_owned())?.within(scope, &cluster)
    })?;
    let service = fields.service.as_ref().map(|service| service.within(scope, &cluster)).transpose()?;
    let family = fields.family.as_ref().map(|family| whole_family(family, scope)).transpose()?;
    let started_by = fields.started_by.as_deref().map(started_by).transpose()?;
    if let Some(ids) = ids {
        let filtered =
            service.is_some() || family.is_some() || started_by.is_some() || fields.desired_status.is_some();
        return if filtered {
            Err(Problem::bad_request("tasks names them one by one: it does not go with a filter"))
        } else {
            Ok(What::TasksNamed(cluster, ids))
        };
    }
    let ask = TaskAsk {
        service: service.map(|id| id.service),
        family,
        started_by,
        stopped: fields.desired_status == Some(Desired::Stopped),
    };
    Ok(What::Tasks(cluster, ask))
}
