//! A request to prune, checked against the config. No look at AWS.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use shared::lifecycle::Policy;
use shared::problem::Action;
use shared::select::ImagePattern;
use shared::{Call, Code, Problem, Via};

use crate::config::Config;
use crate::plan::{Guards, is_plan_id, names};
use crate::policies::{self, Policies};
use crate::request::{PruneFields, Request};
use crate::sources::InUseDocument;

/// Clocks differ, but not by more than this.
pub(crate) const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// What `"policy"` says for each repository's own.
const OWN: &str = "repository";

/// Which policy holds.
#[derive(Clone, Debug)]
pub enum PolicySource {
    /// The request's or the config's.
    These(Policies),
    /// The one that is attached to each repository.
    Own,
}

impl PolicySource {
    /// The policy for a repository, whose attached one is this text.
    pub fn of(&self, repository: &str, attached: Option<&str>) -> Result<Option<Policy>, String> {
        match self {
            Self::These(policies) => Ok(policies.of(repository).cloned()),
            Self::Own => attached.map(str::parse).transpose().map_err(|faults: Vec<_>| {
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                format!("its attached policy can't be read: {}", faults.join(", "))
            }),
        }
    }
}

/// A request to prune that has been checked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Which repositories; all without it.
    pub repositories: Option<Vec<ImagePattern>>,
    /// By which policy.
    pub policies: PolicySource,
    /// The plan that was seen and is meant.
    pub plan_id: Option<String>,
    /// Whether archive verdicts are applied.
    pub archive: bool,
    /// What must not be exceeded.
    pub guards: Guards,
    /// What other accounts use.
    pub documents: Vec<InUseDocument>,
    /// Nothing is changed.
    pub dry_run: bool,
    /// It came from a schedule, and comes again.
    pub scheduled: bool,
    /// Where it came by HTTP, the same request as an event, which has more time.
    pub as_event: Option<Action>,
}

impl Ask {
    /// Checks the fields of a call.
    pub fn new(
        call: &Call<Request>,
        fields: &PruneFields,
        config: &Config,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        not_ahead(call, now)?;
        if fields.repositories.as_ref().is_some_and(Vec::is_empty) {
            return Err(Problem::bad_request(
                "\"repositories\" is empty: name at least one, or leave it out to mean all",
            ));
        }
        if fields.plan_id.as_deref().is_some_and(|id| !is_plan_id(id)) {
            let detail = "planId: 64 hexadecimal digits, as the answer of a dry run has them";
            return Err(Problem::bad_request(detail));
        }
        let dry_run = call.envelope.dry_run;
        let policies = match &fields.policy {
            None if config.policies == Policies::default() => {
                let detail =
                    "neither the request nor the config has a policy: send \"policy\", or set PRUNE_POLICY";
                return Err(Problem::new(Code::NoPolicy, detail));
            }
            None => PolicySource::These(config.policies.clone()),
            Some(Value::String(own)) if own == OWN && dry_run => PolicySource::Own,
            Some(Value::String(own)) if own == OWN => {
                let detail = "\"policy\":\"repository\" is for evaluating and dry runs: ECR runs an attached policy \
                              itself. Detach it, and send it as \"policy\"";
                return Err(Problem::new(Code::DryRunOnly, detail));
            }
            Some(policy) => PolicySource::These(Policies::one(policies::parse(policy)?)),
        };
        if !dry_run && config.repositories.0.is_empty() {
            let detail =
                "only what PRUNE_REPOSITORIES names is pruned, and that is empty: set it on the stack";
            return Err(Problem::new(Code::NotConfigured, detail));
        }
        Ok(Self {
            repositories: fields.repositories.clone(),
            policies,
            plan_id: fields.plan_id.clone(),
            archive: fields.archive,
            guards: config.guards.tightened(fields)?,
            documents: fields.in_use_from.clone().unwrap_or_default(),
            dry_run,
            scheduled: call.via == Via::Scheduled,
            as_event: (call.via == Via::Rest).then(|| fields.as_event(&call.envelope)),
        })
    }

    /// Whether a repository is meant.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        self.repositories.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(name)))
    }

    /// Whether the request names it, and not only a pattern that it matches.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        self.repositories.as_ref().is_some_and(|patterns| names(patterns, name))
    }
}

/// An event is meant for now, or for a while ago.
pub(crate) fn not_ahead(call: &Call<Request>, now: Timestamp) -> Result<(), Problem> {
    if call.envelope.at.is_some_and(|at| at.duration_since(now) > AHEAD) {
        return Err(Problem::bad_request("\"at\" is more than five minutes ahead"));
    }
    Ok(())
}
