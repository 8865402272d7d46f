//! What scale-service can be asked: its routes, and a strict struct for each action.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use shared::call::Kind;
use shared::duration::IsoDuration;
use shared::names::{ClusterRef, GroupRef, ServiceRef};
use shared::schedule::{Catalog, Preview, Resolved, Rules as Calendar, preview};
use shared::select::NamePattern;
use shared::{Problem, Route, strict};

/// The REST routes.
pub const ROUTES: &[Route] = &[
    mutation("PUT", "/v1/clusters/{cluster}/services/{service}/scale", "scale"),
    mutation("POST", "/v1/clusters/{cluster}/services/{service}/stop", "stop"),
    mutation("POST", "/v1/clusters/{cluster}/services/{service}/start", "start"),
    mutation("POST", "/v1/clusters/{cluster}/stop", "stop"),
    mutation("POST", "/v1/clusters/{cluster}/start", "start"),
    mutation("POST", "/v1/clusters/{cluster}/reconcile", "reconcile"),
    mutation("PUT", "/v1/clusters/{cluster}/services/{service}/override", "putOverride"),
    mutation("DELETE", "/v1/clusters/{cluster}/services/{service}/override", "deleteOverride"),
    mutation("PUT", "/v1/clusters/{cluster}/override", "putOverride"),
    mutation("DELETE", "/v1/clusters/{cluster}/override", "deleteOverride"),
    mutation("PUT", "/v1/auto-scaling-groups/{group}/scale", "scaleGroup"),
    Route {
        method: "POST",
        path: "/v1/schedules/preview",
        action: "previewSchedule",
        kind: Kind::Read,
        query: &[],
    },
];

const fn mutation(method: &'static str, path: &'static str, action: &'static str) -> Route {
    Route { method, path, action, kind: Kind::Mutation, query: &[] }
}

/// A request as it came, well-formed.
#[derive(Clone, Debug)]
pub enum Request {
    /// `{"action":"scale",…}`
    Scale(ScaleFields),
    /// `{"action":"stop",…}`
    Stop(SwitchFields),
    /// `{"action":"start",…}`
    Start(SwitchFields),
    /// `{"action":"reconcile",…}`
    Reconcile(SwitchFields),
    /// `{"action":"putOverride",…}`
    PutOverride(PutOverrideFields),
    /// `{"action":"deleteOverride",…}`
    DeleteOverride(DeleteOverrideFields),
    /// `{"action":"scaleGroup",…}`
    ScaleGroup(ScaleGroupFields),
    /// `{"action":"previewSchedule",…}`
    Preview(PreviewFields),
}

/// The fields of `putOverride`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutOverrideFields {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) service: Option<ServiceRef>,
    pub(crate) state: OverrideState,
    pub(crate) until: Option<Timestamp>,
    pub(crate) r#for: Option<IsoDuration>,
}

/// The fields of `deleteOverride`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteOverrideFields {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) service: Option<ServiceRef>,
}

/// The fields of `previewSchedule`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviewFields {
    schedule: String,
    at: Option<Timestamp>,
    count: Option<usize>,
}

/// What an override keeps a service at.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OverrideState {
    On,
    Off,
    Hold,
}

/// The fields of `scale`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScaleFields {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) service: ServiceRef,
    pub(crate) desired_count: u32,
    #[serde(default)]
    pub(crate) force: bool,
}

/// The fields of `scaleGroup`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScaleGroupFields {
    pub(crate) group: GroupRef,
    pub(crate) desired_capacity: u32,
    pub(crate) min_size: Option<u32>,
    pub(crate) max_size: Option<u32>,
    #[serde(default)]
    pub(crate) force: bool,
}

/// The fields of `stop` and `start`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SwitchFields {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) clusters: Option<Vec<NamePattern>>,
    pub(crate) service: Option<ServiceRef>,
    pub(crate) services: Option<Vec<String>>,
    pub(crate) tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) force: bool,
    #[serde(default)]
    pub(crate) capacity: bool,
    pub(crate) max_age: Option<IsoDuration>,
}

impl shared::call::Request for Request {
    fn kind(action: &str) -> Option<Kind> {
        ROUTES.iter().find(|route| route.action == action).map(|route| route.kind)
    }

    fn parse(action: &str, fields: Value) -> Result<Self, Problem> {
        match action {
            "scale" => strict::parse(action, fields).map(Self::Scale),
            "stop" => strict::parse(action, fields).map(Self::Stop),
            "start" => strict::parse(action, fields).map(Self::Start),
            "reconcile" => strict::parse(action, fields).map(Self::Reconcile),
            "putOverride" => strict::parse(action, fields).map(Self::PutOverride),
            "deleteOverride" => strict::parse(action, fields).map(Self::DeleteOverride),
            "scaleGroup" => strict::parse(action, fields).map(Self::ScaleGroup),
            _ => strict::parse(action, fields).map(Self::Preview),
        }
    }
}

impl PreviewFields {
    /// What the schedule says, with the config's names, holidays and lead.
    pub fn answer(&self, catalog: &Catalog, rules: &Calendar, now: Timestamp) -> Result<Preview, Problem> {
        match catalog.resolve(&self.schedule) {
            Ok(Resolved::Follow(schedule)) => {
                Ok(preview(&schedule, self.at.unwrap_or(now), self.count.unwrap_or(5), rules))
            }
            Ok(Resolved::OptOut) => {
                Err(Problem::bad_request("\"none\" is no schedule: it opts out of the cluster's"))
            }
            Err(fault) => Err(Problem::bad_request(format!("schedule: {fault}"))),
        }
    }
}
