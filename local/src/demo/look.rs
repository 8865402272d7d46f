//! What the API shows of the world, and how two looks compare.

use serde_json::Value;

/// A look at all services.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) services: Vec<ServiceRow>,
}

/// A service, as `GET /v1/clusters/{cluster}/services` shows it.
#[derive(Clone, Debug)]
pub(super) struct ServiceRow {
    pub(super) cluster: String,
    pub(super) name: String,
    /// One task on each instance: never off.
    pub(super) daemon: bool,
    pub(super) desired: i64,
    pub(super) running: i64,
    pending: i64,
    pub(super) scaling: Option<Scaling>,
    /// The tag that says when it is on.
    pub(super) schedule: Option<String>,
    /// The tag that goes before the schedule for a while.
    pub(super) exception: Option<String>,
    /// The tag in which it is kept what was last done and how large the service was.
    pub(super) record: Option<String>,
}

/// What autoscaling may do with a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scaling {
    pub(super) min: i64,
    max: i64,
    /// Scale-in, scale-out, scheduled.
    suspended: [bool; 3],
}

impl Look {
    /// A look, of each cluster's services as they were answered.
    pub(super) fn of(services: &[(String, Value)]) -> Self {
        Self {
            services: services
                .iter()
                .flat_map(|(cluster, body)| list(body, "services").map(|one| ServiceRow::of(cluster, one)))
                .collect(),
        }
    }

    pub(super) fn service(&self, cluster: &str, name: &str) -> Option<&ServiceRow> {
        self.services.iter().find(|service| service.cluster == cluster && service.name == name)
    }

    pub(super) fn service_table(&self) -> (Vec<&'static str>, Vec<Vec<String>>) {
        let rows = self.services.iter().map(|s| {
            let counts = [s.desired, s.running, s.pending].map(|n| n.to_string());
            let scaling = match s.scaling {
                None if s.daemon => "none: a DAEMON, one task on each instance".to_owned(),
                None => "none".to_owned(),
                Some(scaling) => scaling.to_string(),
            };
            [vec![s.path()], counts.to_vec(), vec![scaling]].concat()
        });
        (vec!["service", "desired", "running", "pending", "autoscaling"], rows.collect())
    }

    /// What is wrong at a later look: with services that are gone, and with the others as `check`
    /// says of each as it was and as it is.
    pub(super) fn wrong_in(
        &self,
        later: &Self,
        check: impl Fn(&ServiceRow, &ServiceRow) -> Option<String>,
    ) -> Vec<String> {
        let wrong = self.services.iter().filter_map(|was| match later.service(&was.cluster, &was.name) {
            Some(is) => check(was, is).map(|wrong| format!("{}: {wrong}", was.path())),
            None => Some(format!("{}: it is gone", was.path())),
        });
        wrong.collect()
    }

    /// The services that follow a schedule.
    pub(super) fn scheduled(&self) -> impl Iterator<Item = &ServiceRow> {
        self.services.iter().filter(|service| service.schedule.is_some())
    }

    /// The records of the services that follow a schedule.
    pub(super) fn record_table(&self) -> (Vec<&'static str>, Vec<Vec<String>>) {
        let rows = self
            .scheduled()
            .map(|s| vec![s.path(), s.desired.to_string(), s.record.clone().unwrap_or_default()]);
        (vec!["service", "desired", "its record"], rows.collect())
    }
}

impl ServiceRow {
    fn of(cluster: &str, one: &Value) -> Self {
        let target = one.pointer("/steward/scalableTarget").unwrap_or(&Value::Null);
        let tag = |key: &str| list(one, "tags").find(|tag| tag["key"] == key).map(|tag| text(&tag["value"]));
        let flag = |name: &str| {
            target.pointer(&format!("/suspended/{name}")).and_then(Value::as_bool).unwrap_or_default()
        };
        Self {
            cluster: cluster.to_owned(),
            name: text(&one["serviceName"]),
            daemon: one["schedulingStrategy"] == "DAEMON",
            desired: number(&one["desiredCount"]),
            running: number(&one["runningCount"]),
            pending: number(&one["pendingCount"]),
            scaling: target.is_object().then(|| Scaling {
                min: number(&target["minCapacity"]),
                max: number(&target["maxCapacity"]),
                suspended: ["dynamicScalingIn", "dynamicScalingOut", "scheduledScaling"].map(flag),
            }),
            schedule: tag(SCHEDULE),
            exception: tag(OVERRIDE),
            record: tag(RECORD),
        }
    }

    /// `microservices/users`.
    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.cluster, self.name)
    }

    /// What is wrong where it does not run as many tasks as it wants.
    pub(super) fn incomplete(&self) -> Option<String> {
        let wrong = self.running != self.desired || self.pending != 0;
        wrong.then(|| format!("{} of {} tasks run", self.running, self.desired))
    }

    /// What is wrong where it is not off.
    pub(super) fn not_off(&self) -> Option<String> {
        let up = (self.desired, self.running) != (0, 0);
        up.then(|| format!("desired count {}, {} running", self.desired, self.running))
    }

    /// What is wrong where something was done to it.
    pub(super) fn touched(&self, was: &Self) -> Option<String> {
        let recorded = self.record.as_ref().map(|record| format!("it has a record, {record:?}"));
        self.difference(was).or_else(|| self.incomplete()).or(recorded)
    }

    /// What is wrong where autoscaling could wake it.
    pub(super) fn awake(&self) -> Option<String> {
        self.scaling.filter(|scaling| !scaling.is_asleep()).map(|scaling| format!("autoscaling {scaling}"))
    }

    /// What is wrong where it is not as it was, and its record does not say what it was.
    pub(super) fn size_lost(&self, was: &Self) -> Option<String> {
        self.difference(was)?;
        let record = self.record.as_deref().unwrap_or_default();
        let count = format!(" n={}", was.desired);
        let min = was.scaling.map(|scaling| format!(" min={}", scaling.min)).unwrap_or_default();
        let kept = record.contains(&count) && record.contains(&min);
        (!kept).then(|| format!("its record is {record:?}, without{count}{min}"))
    }

    /// How it differs from what it was: in desired count, or autoscaling's min, max and flags.
    pub(super) fn difference(&self, was: &Self) -> Option<String> {
        if self.desired != was.desired {
            return Some(format!("desired count {}, where it was {}", self.desired, was.desired));
        }
        let shown =
            |scaling: Option<Scaling>| scaling.map_or_else(|| "none".to_owned(), |one| one.to_string());
        (self.scaling != was.scaling)
            .then(|| format!("autoscaling {}, where it was {}", shown(self.scaling), shown(was.scaling)))
    }
}

/// The schedule's tag.
pub(super) const SCHEDULE: &str = "steward:schedule";
/// The override's tag.
pub(super) const OVERRIDE: &str = "steward:override";
/// The record's tag.
pub(super) const RECORD: &str = "steward:record";

impl Scaling {
    /// Nothing wakes the service.
    pub(super) fn is_asleep(&self) -> bool {
        self.min == 0 && self.suspended == [true; 3]
    }
}

impl std::fmt::Display for Scaling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}, ", self.min, self.max)?;
        match self.suspended {
            [false, false, false] => f.write_str("awake"),
            [true, true, true] => f.write_str("asleep"),
            [inward, outward, scheduled] => {
                let names = [(inward, "in"), (outward, "out"), (scheduled, "scheduled")];
                let names: Vec<&str> =
                    names.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect();
                write!(f, "suspended: {}", names.join(", "))
            }
        }
    }
}

/// What a list of the answer holds.
pub(super) fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}
