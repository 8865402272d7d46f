//! Whether our own pulls lead a policy astray: reading a manifest is a pull to ECR, but for a role that the
//! registry excludes.

use shared::lifecycle::Policy;
use shared::report::Warning;
use shared::{Code, Problem};

use super::Guards;
use crate::observe::SeenRepository;

/// Whether one of these policies asks for pull times that our own pulls would move. That is asked before any
/// manifest is read.
#[must_use]
pub fn rules_ask_for_pull_times<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> bool {
    policies.into_iter().any(Policy::asks_for_pull_times)
}

/// Whether `keepPulledDays` asks for pull times that our own pulls have moved.
#[must_use]
pub fn guard_asks_for_pull_times(repositories: &[(SeenRepository, Option<Policy>)], guards: &Guards) -> bool {
    guards.keep_pulled_days > 0 && repositories.iter().any(|(seen, _)| seen.images.pulled)
}

/// A rule must not be led astray by the pulls of this role.
#[must_use]
pub fn rule_led_astray(role: &str) -> Problem {
    let role = named(role);
    let what = format!(
        "a rule counts sinceImagePulled, and the pulls of {role} are recorded, which reads manifests"
    );
    Problem::new(Code::RoleNotExcluded, format!("{what}: {}", remedy(role)))
}

/// `keepPulledDays` keeps what this role has pulled.
#[must_use]
pub fn guard_led_astray(role: &str) -> Warning {
    let role = named(role);
    let what = format!(
        "the manifests of indexes were read, which ECR records as pulls by {role}, so keepPulledDays keeps those \
         indexes"
    );
    Warning::new(Code::RoleNotExcluded, format!("{what}: {}", remedy(role)))
}

fn named(role: &str) -> &str {
    if role.is_empty() { "the function's role (ROLE_ARN is not set)" } else { role }
}

fn remedy(role: &str) -> String {
    format!("register it: aws ecr register-pull-time-update-exclusion --principal-arn {role}")
}
