//! What scale-service can be asked: its routes, and a strict struct for each action.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::call::{Kind, Parser};
use shared::duration::IsoDuration;
use shared::names::{ClusterRef, GroupRef, ServiceRef};
use shared::schedule::{Calendar, Catalog, Preview, Resolved, preview};
use shared::select::NamePattern;
use shared::{Problem, Route, strict};

/// The REST routes, each with the parser of its action.
pub const ROUTES: &[Route<Request>] = &[
    Route::mutation("PUT", "/v1/clusters/{cluster}/services/{service}/scale", "scale", SCALE),
    Route::mutation("POST", "/v1/clusters/{cluster}/services/{service}/stop", "stop", STOP),
    Route::mutation("POST", "/v1/clusters/{cluster}/services/{service}/start", "start", START),
    Route::mutation("POST", "/v1/clusters/{cluster}/stop", "stop", STOP),
    Route::mutation("POST", "/v1/clusters/{cluster}/start", "start", START),
    Route::mutation("POST", "/v1/clusters/{cluster}/reconcile", "reconcile", RECONCILE),
    Route::mutation("PUT", "/v1/clusters/{cluster}/services/{service}/override", "putOverride", PUT_OVERRIDE),
    Route::mutation(
        "DELETE",
        "/v1/clusters/{cluster}/services/{service}/override",
        "deleteOverride",
        DELETE_OVERRIDE,
    ),
    Route::mutation("PUT", "/v1/clusters/{cluster}/override", "putOverride", PUT_OVERRIDE),
    Route::mutation("DELETE", "/v1/clusters/{cluster}/override", "deleteOverride", DELETE_OVERRIDE),
    Route::mutation("PUT", "/v1/auto-scaling-groups/{group}/scale", "scaleGroup", SCALE_GROUP),
    Route {
        method: "POST",
        path: "/v1/schedules/preview",
        action: "previewSchedule",
        kind: Kind::Read,
        query: &[],
        parse: |action, fields| strict::parse(action, fields).map(Request::Preview),
    },
];

const SCALE: Parser<Request> = |action, fields| act(action, fields, ServiceRequest::Scale);
const STOP: Parser<Request> = |action, fields| act(action, fields, ServiceRequest::Stop);
const START: Parser<Request> = |action, fields| act(action, fields, ServiceRequest::Start);
const RECONCILE: Parser<Request> = |action, fields| act(action, fields, ServiceRequest::Reconcile);
const PUT_OVERRIDE: Parser<Request> = |action, fields| act(action, fields, ServiceRequest::PutOverride);
const DELETE_OVERRIDE: Parser<Request> = |action, fields| act(action, fields, ServiceRequest::DeleteOverride);
const SCALE_GROUP: Parser<Request> = |action, fields| act(action, fields, ServiceRequest::ScaleGroup);

fn act<T: DeserializeOwned>(
    action: &str,
    fields: Value,
    request: fn(T) -> ServiceRequest,
) -> Result<Request, Problem> {
    strict::parse(action, fields).map(request).map(Box::new).map(Request::Act)
}

/// A request as it came, well-formed.
#[derive(Clone, Debug)]
pub enum Request {
    /// What looks at AWS, and changes it.
    Act(Box<ServiceRequest>),
    /// `{"action":"previewSchedule",…}`: it asks nothing of AWS.
    Preview(PreviewFields),
}

/// A request that looks at services or groups, and changes them.
#[derive(Clone, Debug)]
pub enum ServiceRequest {
    /// `{"action":"scale",…}`
    Scale(ScaleFields),
    /// `{"action":"stop",…}`
    Stop(SwitchFields),
    /// `{"action":"start",…}`
    Start(SwitchFields),
    /// `{"action":"reconcile",…}`
    Reconcile(ReconcileFields),
    /// `{"action":"putOverride",…}`
    PutOverride(PutOverrideFields),
    /// `{"action":"deleteOverride",…}`
    DeleteOverride(DeleteOverrideFields),
    /// `{"action":"scaleGroup",…}`
    ScaleGroup(ScaleGroupFields),
}

/// A service's name, a pattern of names, or an ARN.
const NAMES: &str = r"^([A-Za-z0-9_*-]{1,255}|arn:[^:]+:[^:]+:[^:]*:[^:]*:[\s\S]+)$";

/// The fields of `putOverride`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["until"], "properties": {"until": {"type": "string"}}},
    {"required": ["for"], "properties": {"for": {"type": "string"}}},
]))]
pub struct PutOverrideFields {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) service: Option<ServiceRef>,
    /// What it keeps a service at; `hold` leaves everything as it is.
    pub(crate) state: OverrideState,
    #[schemars(with = "Option<shared::schema::Instant>")]
    /// When it begins; now without it.
    #[serde(default, deserialize_with = "shared::fields::instant")]
    pub(crate) from: Option<Timestamp>,
    #[schemars(with = "Option<shared::schema::Instant>")]
    /// When it ends; this or `for`.
    #[serde(default, deserialize_with = "shared::fields::instant")]
    pub(crate) until: Option<Timestamp>,
    /// How long it holds; this or `until`.
    pub(crate) r#for: Option<IsoDuration>,
    /// Take the place of another, where one of the two has not begun.
    #[serde(default)]
    pub(crate) replace: bool,
}

/// The fields of `deleteOverride`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteOverrideFields {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) service: Option<ServiceRef>,
}

/// The fields of `previewSchedule`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewFields {
    /// A schedule such as `Mon-Fri 08:00-20:00 Europe/Berlin`, or the name of one.
    schedule: String,
    #[schemars(with = "Option<shared::schema::Instant>")]
    /// The instant to look at; now without it.
    #[serde(default, deserialize_with = "shared::fields::instant")]
    at: Option<Timestamp>,
    /// How many transitions to tell: 5 without it, and at most 100.
    count: Option<usize>,
}

/// What an override keeps a service at.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum OverrideState {
    On,
    Off,
    Hold,
}

/// The fields of `scale`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScaleFields {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) service: ServiceRef,
    /// The count; 0 is a stop.
    pub(crate) desired_count: u32,
    /// Go through what would be refused without it: services that ECS Express manages.
    #[serde(default)]
    pub(crate) force: bool,
}

/// The fields of `scaleGroup`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScaleGroupFields {
    pub(crate) group: GroupRef,
    /// How many instances.
    pub(crate) desired_capacity: u32,
    /// A new min.
    #[schemars(range(max = i32::MAX))]
    pub(crate) min_size: Option<u32>,
    /// A new max.
    #[schemars(range(max = i32::MAX))]
    pub(crate) max_size: Option<u32>,
    /// Go through what would be refused without it: services that ECS Express manages.
    #[serde(default)]
    pub(crate) force: bool,
}

/// The fields of `stop` and `start`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SwitchFields {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) clusters: Option<Vec<NamePattern>>,
    pub(crate) service: Option<ServiceRef>,
    /// These services: names, patterns with `*`, or ARNs. Without it, all of them.
    #[schemars(length(min = 1), inner(regex(pattern = NAMES)))]
    pub(crate) services: Option<Vec<String>>,
    /// Those with all of these tags.
    #[schemars(extend("minProperties" = 1))]
    pub(crate) tags: Option<BTreeMap<String, String>>,
    /// Go through what would be refused without it: services that ECS Express manages.
    #[serde(default)]
    pub(crate) force: bool,
    /// Its machines too.
    #[serde(default)]
    pub(crate) capacity: bool,
    /// How old `at` may be; `PT15M` without it.
    pub(crate) max_age: Option<IsoDuration>,
}

/// The fields of `reconcile`: the selectors, and nothing else.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconcileFields {
    pub(crate) cluster: Option<ClusterRef>,
    pub(crate) clusters: Option<Vec<NamePattern>>,
    /// These services: names, patterns with `*`, or ARNs. Without it, all of them.
    #[schemars(length(min = 1), inner(regex(pattern = NAMES)))]
    pub(crate) services: Option<Vec<String>>,
    /// Those with all of these tags.
    #[schemars(extend("minProperties" = 1))]
    pub(crate) tags: Option<BTreeMap<String, String>>,
}

/// Which services a request selects.
pub(crate) struct Selection<'a> {
    pub(crate) cluster: Option<&'a ClusterRef>,
    pub(crate) clusters: Option<&'a [NamePattern]>,
    pub(crate) services: Option<&'a [String]>,
    pub(crate) tags: Option<&'a BTreeMap<String, String>>,
}

impl ReconcileFields {
    pub(crate) fn selection(&self) -> Selection<'_> {
        let Self { cluster, clusters, services, tags } = self;
        Selection {
            cluster: cluster.as_ref(),
            clusters: clusters.as_deref(),
            services: services.as_deref(),
            tags: tags.as_ref(),
        }
    }
}

impl SwitchFields {
    pub(crate) fn selection(&self) -> Selection<'_> {
        let Self { cluster, clusters, services, tags, .. } = self;
        Selection {
            cluster: cluster.as_ref(),
            clusters: clusters.as_deref(),
            services: services.as_deref(),
            tags: tags.as_ref(),
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
