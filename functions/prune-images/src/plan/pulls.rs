//! Whether our own pulls lead a policy astray: reading a manifest is a pull to ECR, but for a role that the
//! registry excludes.

use shared::lifecycle::Policy;
use shared::report::Warning;
use shared::{Code, Problem};

use super::Guards;
use crate::observe::SeenRepository;

/// What asks when images were pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullTimes {
    /// A rule, which may delete by them.
    Rule,
    /// `keepPulledDays`, of indexes whose manifests were read.
    Guard,
}

impl PullTimes {
    /// Whether one of these policies asks for pull times that our own pulls would move. That is asked before
    /// any manifest is read.
    #[must_use]
    pub fn of_rules<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Option<Self> {
        policies.into_iter().any(Policy::asks_for_pull_times).then_some(Self::Rule)
    }

    /// Whether a guard asks for pull times that our own pulls have moved.
    #[must_use]
    pub fn of_guard(repositories: &[(SeenRepository, Option<Policy>)], guards: &Guards) -> Option<Self> {
        let moved = guards.keep_pulled_days > 0 && repositories.iter().any(|(seen, _)| seen.images.pulled);
        moved.then_some(Self::Guard)
    }

    /// What it means that the pulls of this role are recorded: a rule must not be led astray.
    pub fn recorded(self, role: &str) -> Result<Warning, Problem> {
        let role = if role.is_empty() { "the function's role (ROLE_ARN is not set)" } else { role };
        let what = match self {
            Self::Rule => format!(
                "a rule counts sinceImagePulled, and the pulls of {role} are recorded, which reads manifests"
            ),
            Self::Guard => format!(
                "the manifests of indexes were read, which ECR records as pulls by {role}, so keepPulledDays keeps \
                 those indexes"
            ),
        };
        let detail = format!(
            "{what}: register it: aws ecr register-pull-time-update-exclusion --principal-arn {role}"
        );
        match self {
            Self::Rule => Err(Problem::new(Code::RoleNotExcluded, detail)),
            Self::Guard => Ok(Warning::new(Code::RoleNotExcluded, detail)),
        }
    }
}
