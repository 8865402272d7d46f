//! Which lifecycle policy holds for which repository.

use std::str::FromStr;

use serde_json::Value;
use shared::lifecycle::{Policy, PolicyFault};
use shared::select::ImagePattern;
use shared::{Code, Payload, Problem};

/// The config's policies: `PRUNE_POLICY` is one for all repositories (`{"rules":[…]}`), or an
/// object of patterns and policies (`{"team/*":{"rules":[…]}}`), of which the first in the text
/// that matches a repository holds for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies(Vec<(ImagePattern, Policy)>);

impl Policies {
    /// One for all.
    #[must_use]
    pub fn one(policy: Policy) -> Self {
        Self(vec![(ImagePattern::all(), policy)])
    }

    /// The policy for a repository.
    #[must_use]
    pub fn of(&self, repository: &str) -> Option<&Policy> {
        self.0.iter().find(|(pattern, _)| pattern.matches(repository)).map(|(_, policy)| policy)
    }
}

impl FromStr for Policies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let payload: Payload = serde_json::from_str(text).map_err(|fault| format!("not JSON: {fault}"))?;
        let value = payload.unique().map_err(|problem| problem.detail)?;
        let fields = value.as_object().ok_or("not an object")?;
        if fields.contains_key("rules") {
            return Policy::parse(&value).map(Self::one).map_err(|faults| listed(&faults));
        }
        let policy = |(pattern, policy): (&String, &Value)| {
            let pattern: ImagePattern = pattern.parse()?;
            let policy = Policy::parse(policy).map_err(|faults| format!("{pattern}: {}", listed(&faults)))?;
            Ok((pattern, policy))
        };
        fields.iter().map(policy).collect::<Result<_, String>>().map(Self)
    }
}

fn listed(faults: &[PolicyFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The policy of a request, or a problem that lists every fault.
pub fn parse(policy: &Value) -> Result<Policy, Problem> {
    Policy::parse(policy).map_err(|faults| {
        let count = faults.len();
        let detail = match faults.first() {
            Some(first) if count == 1 => format!("the policy has a fault: {first}"),
            Some(first) => format!("the policy has {count} faults, the first: {first}"),
            None => "the policy is invalid".into(),
        };
        let mut problem = Problem::new(Code::InvalidPolicy, detail);
        problem.failures = faults.iter().filter_map(|fault| serde_json::to_value(fault).ok()).collect();
        problem
    })
}
