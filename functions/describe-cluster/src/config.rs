//! The environment, in types.

use shared::duration::IsoDuration;
use shared::env::{Env, EnvFaults};
use shared::settings::{Scheduling, Settings, override_max};

/// describe-cluster's config.
#[derive(Clone, Debug)]
pub struct Config {
    /// What all functions share.
    pub settings: Settings,
    /// What schedules mean here.
    pub scheduling: Scheduling,
    /// `OVERRIDE_MAX`: the longest override, `P7D` by default.
    pub override_max: IsoDuration,
}

impl Config {
    /// Reads it, and names every variable that is wrong.
    pub fn read(mut env: Env) -> Result<Self, EnvFaults> {
        let config = Self {
            settings: Settings::read(&mut env),
            scheduling: Scheduling::read(&mut env),
            override_max: override_max(&mut env),
        };
        env.finish(config)
    }
}
