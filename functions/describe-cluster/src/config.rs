//! The environment, in types.

use shared::duration::IsoDuration;
use shared::env::{Env, EnvFaults};
use shared::schedule::{Catalog, Drift, Half};
use shared::settings::Settings;

/// describe-cluster's config. What it shares with scale-service is read from the same variables,
/// so that the agenda foretells what reconcile does.
#[derive(Clone, Debug)]
pub struct Config {
    /// What all functions share.
    pub settings: Settings,
    /// `SCHEDULES`: named schedules, holidays and the default zone, as JSON; none by default.
    pub schedules: Catalog,
    /// `WAKE_LEAD`: how much earlier services go on, so that they are up in time; none by default.
    pub wake_lead: IsoDuration,
    /// `REPEAT_OFF`: whether an off period longer than a day is renewed every 24 h; true by default.
    pub repeat_off: bool,
    /// `DRIFT`: `once` or `enforce`, where no tag says; `once` by default.
    pub drift: Drift,
    /// `HALF`: `both` or `stop-only`, where no tag says; `both` by default.
    pub half: Half,
}

impl Config {
    /// Reads it, and names every variable that is wrong.
    pub fn read(mut env: Env) -> Result<Self, EnvFaults> {
        let config = Self {
            settings: Settings::read(&mut env),
            schedules: env.or("SCHEDULES", Catalog::default(), "named schedules as JSON", |_| true),
            wake_lead: env.or("WAKE_LEAD", IsoDuration::from_mins(0), "a duration up to PT12H", |lead| {
                *lead <= IsoDuration::from_mins(12 * 60)
            }),
            repeat_off: env.or("REPEAT_OFF", true, "true or false", |_| true),
            drift: env.or("DRIFT", Drift::Once, "once or enforce", |_| true),
            half: env.or("HALF", Half::Both, "both or stop-only", |_| true),
        };
        env.finish(config)
    }
}
