//! The environment, in types.

use shared::duration::IsoDuration;
use shared::env::{Env, EnvFaults};
use shared::settings::{Settings, wait_max};

/// stop-task's config.
#[derive(Clone, Debug)]
pub struct Config {
    /// What all functions share.
    pub settings: Settings,
    /// `STOP_MAX`: the most tasks that one request stops, 50 by default.
    pub stop_max: usize,
    /// `WAIT_MAX`: how long an API call waits for tasks, `PT20S` by default.
    pub wait_max: IsoDuration,
}

impl Config {
    /// Reads it, and names every variable that is wrong.
    pub fn read(mut env: Env) -> Result<Self, EnvFaults> {
        let config = Self {
            settings: Settings::read(&mut env),
            stop_max: env
                .or("STOP_MAX", 50, "a whole number from 1 to 1000", |most| (1..=1_000).contains(most)),
            wait_max: wait_max(&mut env),
        };
        env.finish(config)
    }
}
