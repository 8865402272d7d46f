//! What prune-images can be asked: its routes, and a strict struct for each request.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::call::{Envelope, Kind, Parameter};
use shared::fields::LONGEST_PAGE;
use shared::image::{Digest, RepositoryName};
use shared::lifecycle::{Image, Policy};
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
    Route::mutation("PUT", "/v1/images/in-use", "writeInUse", |action, fields| {
        strict::parse::<NoFields>(action, fields).map(|_| Request::WriteInUse)
    }),
    Route {
        method: "POST",
        path: "/v1/lifecycle/evaluate",
        action: "evaluate",
        kind: Kind::Read,
        query: &[],
        parse: |action, fields| strict::parse(action, fields).map(Request::Evaluate),
    },
];

/// The action that deletes.
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
    /// `{"action":"writeInUse",…}`
    WriteInUse,
}

/// The fields of `prune`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PruneFields {
    /// In these repositories: names or patterns with `*`. Without it, all that the deployment allows.
    #[schemars(length(min = 1))]
    pub(crate) repositories: Option<Vec<ImagePattern>>,
    /// By this policy; the config's without it. In a dry run `"repository"` means each one's attached policy.
    #[schemars(with = "Option<AskedPolicy>")]
    pub(crate) policy: Option<Value>,
    /// The plan that was seen in a dry run; another one is not carried out.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub(crate) plan_id: Option<String>,
    /// Let images go to the archive where the policy says so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) archive: bool,
    /// At most so many of a repository in a run, the oldest first; it may only be less than the config's.
    pub(crate) max_delete: Option<usize>,
    /// At most so many percent of its images; it may only be less than the config's.
    pub(crate) max_delete_percent: Option<usize>,
    /// At least so many stay; it may only be more than the config's.
    pub(crate) keep_at_least: Option<usize>,
    /// Images with these tags stay, beside those of the config.
    pub(crate) protected_tags: Option<Vec<ImagePattern>>,
    /// Images that were pulled within so many days stay; it may only be more than the config's.
    pub(crate) keep_pulled_days: Option<u32>,
    /// Images that were pushed within so many hours stay; it may only be more than the config's.
    pub(crate) keep_pushed_hours: Option<u32>,
    /// What other accounts use: answers of their `GET /v1/images/in-use`.
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

/// The policy that a request to prune brings.
#[derive(JsonSchema)]
#[schemars(inline, untagged)]
#[expect(
    dead_code,
    reason = "its schema is what it is for: a policy is parsed apart, with every fault of it"
)]
enum AskedPolicy {
    /// One for all repositories.
    This(Policy),
    /// Each repository's own.
    #[schemars(rename = "repository")]
    Own(Own),
}

/// Each repository's own policy.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "its schema is what it is for")]
enum Own {
    #[schemars(rename = "repository")]
    Repository,
}

/// The fields of `evaluate`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluateFields {
    /// The policy.
    #[schemars(with = "Policy")]
    pub(crate) policy: Value,
    /// The images of a repository.
    pub(crate) images: Vec<Image>,
    #[schemars(with = "Option<shared::schema::Instant>")]
    /// The instant at which they are looked at; now without it.
    #[serde(default, deserialize_with = "shared::fields::instant")]
    pub(crate) at: Option<Timestamp>,
}

/// The fields of `listImages`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImagesFields {
    /// The repository.
    pub(crate) repository: RepositoryName,
    /// At most so many; as many as fit without it.
    #[schemars(range(min = 1, max = LONGEST_PAGE))]
    pub(crate) limit: Option<u32>,
    /// The last digest of the page before.
    pub(crate) cursor: Option<Digest>,
}

/// Nothing may be given.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoFields {}
