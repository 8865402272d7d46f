//! The environment, in types.

use std::str::FromStr;

use shared::duration::IsoDuration;
use shared::env::{Env, EnvFaults};
use shared::names::{ClusterName, Family};
use shared::select::NamePattern;
use shared::settings::{Settings, wait_max};

/// run-task's config.
#[derive(Clone, Debug)]
pub struct Config {
    /// What all functions share.
    pub settings: Settings,
    /// `RUN_FAMILIES`: which families may run in which clusters; none by default. To run a family
    /// is to use its task role.
    pub families: Allowed,
    /// `RUN_OVERRIDES`: of which of them environment, command, CPU, memory, disk and devices may be
    /// overridden; of none by default.
    pub overrides: Allowed,
    /// `WAIT_MAX`: how long an API call waits for tasks, `PT20S` by default.
    pub wait_max: IsoDuration,
}

impl Config {
    /// Reads it, and names every variable that is wrong.
    pub fn read(mut env: Env) -> Result<Self, EnvFaults> {
        let expected = "pairs of cluster=family, names or patterns, comma-separated";
        let config = Self {
            settings: Settings::read(&mut env),
            families: env.or("RUN_FAMILIES", Allowed::default(), expected, |_| true),
            overrides: env.or("RUN_OVERRIDES", Allowed::default(), expected, |_| true),
            wait_max: wait_max(&mut env),
        };
        env.finish(config)
    }
}

/// Families in clusters, as pairs of patterns: `prod=migrate,staging=*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed(Vec<(NamePattern, NamePattern)>);

impl Allowed {
    /// Whether there is any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a family is allowed in a cluster.
    #[must_use]
    pub fn allows(&self, cluster: &ClusterName, family: &Family) -> bool {
        self.0.iter().any(|(c, f)| c.matches(cluster.as_str()) && f.matches(family.as_str()))
    }
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pair = |pair: &str| {
            let (cluster, family) =
                pair.trim().split_once('=').ok_or_else(|| format!("{pair:?} has no = in it"))?;
            Ok((cluster.trim().parse()?, family.trim().parse()?))
        };
        text.split(',').map(pair).collect::<Result<_, String>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_allowed_by_cluster_and_none_by_default() {
        let allowed: Allowed = "prod=migrate, staging=*,dev-*=batch-*".parse().unwrap();
        for (cluster, family, expected) in [
            ("prod", "migrate", true),
            ("prod", "users", false),
            ("staging", "users", true),
            ("dev-1", "batch-x", true),
            ("dev-1", "migrate", false),
        ] {
            assert_eq!(
                allowed.allows(&cluster.parse().unwrap(), &family.parse().unwrap()),
                expected,
                "{cluster} {family}"
            );
        }
        assert!(!Allowed::default().allows(&"prod".parse().unwrap(), &"migrate".parse().unwrap()));
        for text in ["prod", "prod=", "=x", "prod=a b", "prod=migrate,,"] {
            assert!(text.parse::<Allowed>().is_err(), "{text}");
        }
    }
}
