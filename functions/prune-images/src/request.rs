//! What prune-images can be asked: its routes, and a strict struct for each request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::call::{Envelope, Kind, Parameter};
use shared::image::{Digest, RepositoryName};
use shared::lifecycle::Image;
use shared::problem::Action;
use shared::select::ImagePattern;
use shared::{Route, strict};

use crate::sources::InUseDocument;

use Parameter::{Number, Text};

/// The REST routes, each with the parser of its action.
pub const ROUTES: &[Route<Request>] = &[
    Route::read("/v1/repositories", "listRepositories", &[], |action, fields| {
        strict::parse::<NoFields>(action, fields).map(|_| Request::Repositories)
    }),
    Route::read(
        "/v1/images",
        "listImages",
        &[Text("repository"), Number("limit"), Text("cursor")],
        |action, fields| strict::parse(action, fields).map(Request::Images),
    ),
    Route::read("/v1/images/in-use", "listInUse", &[], |action, fields| {
        strict::parse::<NoFields>(action, fields).map(|_| Request::InUse)
    }),
    Route {
        method: "POST",
        path: "/v1/images/prune",
        action: PRUNE,
        // What is deleted is gone: it is said out loud.
        kind: Kind::DryUnlessTold,
        query: &[],
        parse: |action, fields| strict::parse(action, fields).map(Box::new).map(Request::Prune),
    },
    Route {
        method: "POST",
        path: "/v1/lifecycle/evaluate",
        action: "evaluate",
        kind: Kind::Read,
        query: &[],
        parse: |action, fields| strict::parse(action, fields).map(Request::Evaluate),
    },
];

/// The one action that changes anything.
pub const PRUNE: &str = "prune";

/// A request as it came, well-formed.
#[derive(Clone, Debug)]
pub enum Request {
    /// `{"action":"prune",…}`
    Prune(Box<PruneFields>),
    /// `{"action":"evaluate",…}`
    Evaluate(EvaluateFields),
    /// `{"action":"listRepositories"}`
    Repositories,
    /// `{"action":"listImages",…}`
    Images(ImagesFields),
    /// `{"action":"listInUse"}`
    InUse,
}

/// The fields of `prune`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PruneFields {
    pub(crate) repositories: Option<Vec<ImagePattern>>,
    pub(crate) policy: Option<Value>,
    pub(crate) plan_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) archive: bool,
    pub(crate) max_delete: Option<usize>,
    pub(crate) max_delete_percent: Option<usize>,
    pub(crate) keep_at_least: Option<usize>,
    pub(crate) protected_tags: Option<Vec<ImagePattern>>,
    pub(crate) keep_pulled_days: Option<u32>,
    pub(crate) in_use_from: Option<Vec<InUseDocument>>,
}

impl PruneFields {
    /// The same request as a direct event, ready to be sent.
    #[must_use]
    pub(crate) fn as_event(&self, envelope: &Envelope) -> Action {
        let Envelope { dry_run, reason, on_behalf_of, .. } = envelope;
        let mut body = json!({
            "action": PRUNE, "dryRun": dry_run, "reason": reason, "onBehalfOf": on_behalf_of,
        });
        if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), json!(self)) {
            body.extend(fields);
            body.retain(|_, value| !value.is_null());
        }
        Action { method: "INVOKE", path: "function:prune-images".into(), body }
    }
}

/// The fields of `evaluate`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateFields {
    pub(crate) policy: Value,
    pub(crate) images: Vec<Image>,
    pub(crate) at: Option<Timestamp>,
}

/// The fields of `listImages`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagesFields {
    pub(crate) repository: RepositoryName,
    pub(crate) limit: Option<u32>,
    /// The last digest of the page before.
    pub(crate) cursor: Option<Digest>,
}

/// Nothing may be given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFields {}
