//! What scale-service can be asked, and the checks that need no look at AWS.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use shared::call::{Envelope, Kind};
use shared::duration::IsoDuration;
use shared::names::{ClusterName, ClusterRef, Scope, ServiceId, ServiceRef};
use shared::select::{NamePattern, Selector};
use shared::{Call, Code, Problem, Route, Via, strict};

use crate::config::{Config, Mode};

/// The REST routes.
pub const ROUTES: &[Route] = &[
    mutation("PUT", "/v1/clusters/{cluster}/services/{service}/scale", "scale"),
    mutation("POST", "/v1/clusters/{cluster}/services/{service}/stop", "stop"),
    mutation("POST", "/v1/clusters/{cluster}/services/{service}/start", "start"),
    mutation("POST", "/v1/clusters/{cluster}/stop", "stop"),
    mutation("POST", "/v1/clusters/{cluster}/start", "start"),
];

const fn mutation(method: &'static str, path: &'static str, action: &'static str) -> Route {
    Route { method, path, action, kind: Kind::Mutation, query: &[] }
}

/// A late event does harm: yesterday's stop must not turn today off.
const MAX_AGE: IsoDuration = IsoDuration::from_mins(15);
/// Clocks differ, but not by more than this.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// A request as it came, well-formed.
#[derive(Clone, Debug)]
pub enum Request {
    /// `{"action":"scale",…}`
    Scale(ScaleFields),
    /// `{"action":"stop",…}`
    Stop(SwitchFields),
    /// `{"action":"start",…}`
    Start(SwitchFields),
}

/// The fields of `scale`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScaleFields {
    cluster: Option<ClusterRef>,
    service: ServiceRef,
    desired_count: u32,
    #[serde(default)]
    force: bool,
}

/// The fields of `stop` and `start`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SwitchFields {
    cluster: Option<ClusterRef>,
    clusters: Option<Vec<NamePattern>>,
    service: Option<ServiceRef>,
    services: Option<Vec<String>>,
    tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    force: bool,
    max_age: Option<IsoDuration>,
}

impl shared::call::Request for Request {
    fn kind(action: &str) -> Option<Kind> {
        matches!(action, "scale" | "stop" | "start").then_some(Kind::Mutation)
    }

    fn parse(action: &str, fields: Value) -> Result<Self, Problem> {
        match action {
            "scale" => strict::parse(action, fields).map(Self::Scale),
            "stop" => strict::parse(action, fields).map(Self::Stop),
            _ => strict::parse(action, fields).map(Self::Start),
        }
    }
}

/// What is to become of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// To zero, remembering the size.
    Stop,
    /// Back to the size.
    Start,
    /// To this count, which is above zero.
    Scale(u32),
}

/// Which services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one that the request names.
    One(ServiceId),
    /// Those of a cluster that the selector takes.
    Cluster(ClusterName, Selector),
    /// Those of every cluster that matches one of the patterns.
    Clusters(Vec<NamePattern>, Selector),
}

/// A request that has been checked: what the planner is asked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What is to become of the services.
    pub verb: Verb,
    /// Which ones.
    pub target: Target,
    /// Go through what would be refused without it.
    pub force: bool,
    /// t: the instant that the event was meant for, else the run's start.
    pub at: Timestamp,
    /// Older than this, an event is stale. `None` when the request carries no instant.
    pub stale_before: Option<Timestamp>,
    /// It came from a schedule.
    pub scheduled: bool,
    /// Nothing is changed.
    pub dry_run: bool,
}

impl Ask {
    /// Checks a call against its own time, the scope and the config.
    pub fn new(call: &Call<Request>, config: &Config, now: Timestamp) -> Result<Self, Problem> {
        let Envelope { at, dry_run, .. } = &call.envelope;
        let scheduled = call.via == Via::Scheduled;
        if at.is_some_and(|at| at.duration_since(now) > AHEAD) {
            return Err(Problem::bad_request("\"at\" is more than five minutes ahead"));
        }
        let (verb, target, force, max_age) = match &call.request {
            Request::Scale(fields) => {
                let target = Target::One(one(&fields.service, fields.cluster.as_ref(), &call.scope)?);
                (scale(fields.desired_count, config)?, target, fields.force, None)
            }
            Request::Stop(fields) => (Verb::Stop, fields.target(call, config)?, fields.force, fields.max_age),
            Request::Start(fields) => {
                (Verb::Start, fields.target(call, config)?, fields.force, fields.max_age)
            }
        };
        Ok(Self {
            verb,
            target,
            force,
            at: at.unwrap_or(now),
            stale_before: at.map(|_| now - max_age.unwrap_or(MAX_AGE).get()),
            scheduled,
            dry_run: *dry_run || (scheduled && config.mode == Mode::Observe),
        })
    }
}

fn scale(desired_count: u32, config: &Config) -> Result<Verb, Problem> {
    match desired_count {
        0 => Ok(Verb::Stop),
        count if count > config.max_desired => Err(Problem::new(
            Code::BeyondMax,
            format!(
                "desiredCount {count} is beyond {}, the most that MAX_DESIRED allows here",
                config.max_desired
            ),
        )),
        count => Ok(Verb::Scale(count)),
    }
}

fn one(service: &ServiceRef, cluster: Option<&ClusterRef>, scope: &Scope) -> Result<ServiceId, Problem> {
    let cluster = match cluster {
        Some(cluster) => cluster.within(scope)?,
        None => service
            .cluster()
            .ok_or_else(|| Problem::bad_request("name the \"cluster\", or give the service's long ARN"))?,
    };
    Ok(service.within(scope, &cluster)?)
}

impl SwitchFields {
    fn target(&self, call: &Call<Request>, config: &Config) -> Result<Target, Problem> {
        let scope = &call.scope;
        if let Some(service) = &self.service {
            if self.clusters.is_some() || self.services.is_some() || self.tags.is_some() {
                return Err(Problem::bad_request(
                    "\"service\" names one: \"clusters\", \"services\" and \"tags\" select",
                ));
            }
            return Ok(Target::One(one(service, self.cluster.as_ref(), scope)?));
        }
        match (&self.cluster, &self.clusters) {
            (Some(_), Some(_)) => Err(Problem::bad_request("either \"cluster\" or \"clusters\", not both")),
            (None, None) => Err(Problem::bad_request("name a \"cluster\", or \"clusters\" by patterns")),
            (Some(cluster), None) => {
                let cluster = cluster.within(scope)?;
                let selector = self.selector(scope, Some(&cluster))?;
                Ok(Target::Cluster(cluster, selector))
            }
            (None, Some(patterns)) => {
                if patterns.is_empty() {
                    return Err(Problem::bad_request("\"clusters\" is empty: name at least one, or \"*\""));
                }
                if config.clusters.is_empty() {
                    return Err(Problem::new(
                        Code::NotConfigured,
                        "\"clusters\" reaches only what CLUSTERS names, and that is empty: set it on the stack",
                    ));
                }
                Ok(Target::Clusters(patterns.clone(), self.selector(scope, None)?))
            }
        }
    }

    /// The selector. Services may be named by ARN where the request names their cluster.
    fn selector(&self, scope: &Scope, cluster: Option<&ClusterName>) -> Result<Selector, Problem> {
        let pattern = |text: &String| -> Result<NamePattern, Problem> {
            let name = if text.starts_with("arn:") {
                let cluster = cluster
                    .ok_or_else(|| Problem::bad_request("an ARN in \"services\" needs one \"cluster\""))?;
                ServiceRef::try_from(text.clone())?.within(scope, cluster)?.service.to_string()
            } else {
                text.clone()
            };
            NamePattern::try_from(name)
                .map_err(|fault| Problem::bad_request(format!("\"services\": {fault}")))
        };
        let services =
            self.services.as_ref().map(|all| all.iter().map(pattern).collect::<Result<Vec<_>, _>>());
        Selector::new(services.transpose()?, self.tags.clone()).map_err(Problem::bad_request)
    }
}
