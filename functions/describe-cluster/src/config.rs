//! The environment, in types.

use shared::env::{Env, EnvFaults};
use shared::settings::{Scheduling, Settings};

/// describe-cluster's config.
#[derive(Clone, Debug)]
pub struct Config {
    /// What all functions share.
    pub settings: Settings,
    /// What schedules mean here.
    pub scheduling: Scheduling,
}

impl Config {
    /// Reads it, and names every variable that is wrong.
    pub fn read(mut env: Env) -> Result<Self, EnvFaults> {
        let config = Self { settings: Settings::read(&mut env), scheduling: Scheduling::read(&mut env) };
        env.finish(config)
    }
}
