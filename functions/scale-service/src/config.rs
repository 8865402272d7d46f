//! The environment, in types.

use shared::duration::IsoDuration;
use shared::env::{Env, EnvFaults};
use shared::settings::{Scheduling, Settings, override_max};

/// scale-service's config.
#[derive(Clone, Debug)]
pub struct Config {
    /// What all functions share.
    pub settings: Settings,
    /// What schedules mean here.
    pub scheduling: Scheduling,
    /// `LATE_AFTER`: how long after its transition a service that is not up is late, `PT15M` by
    /// default.
    pub late_after: IsoDuration,
    /// `DEPLOYING_WAIT`: how long after its transition a stop waits for a deployment, `PT2H` by default.
    pub deploying_wait: IsoDuration,
    /// `NOTIFY_BEFORE`: how long before services go off, and overrides end, that is told, `PT30M` by default; `PT0S`
    /// for never.
    pub notify_before: IsoDuration,
    /// `OVERRIDE_MAX`: the longest override, `P7D` by default.
    pub override_max: IsoDuration,
}

impl Config {
    /// Reads it, and names every variable that is wrong.
    pub fn read(mut env: Env) -> Result<Self, EnvFaults> {
        let config = Self {
            settings: Settings::read(&mut env),
            scheduling: Scheduling::read(&mut env),
            late_after: env.or("LATE_AFTER", IsoDuration::from_mins(15), "a duration like PT15M", |_| true),
            deploying_wait: env.or(
                "DEPLOYING_WAIT",
                IsoDuration::from_mins(120),
                "a duration up to P1D",
                |wait| *wait <= IsoDuration::from_mins(24 * 60),
            ),
            notify_before: env.or(
                "NOTIFY_BEFORE",
                IsoDuration::from_mins(30),
                "a duration up to PT12H",
                |it| *it <= IsoDuration::from_mins(12 * 60),
            ),
            override_max: override_max(&mut env),
        };
        env.finish(config)
    }
}
