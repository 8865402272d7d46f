//! What every function reads from its environment.

use std::str::FromStr;

use crate::duration::IsoDuration;
use crate::env::Env;
use crate::schedule::{Calendar, Catalog, Drift, Half, Reading, Resolved, Schedule};
use crate::select::NamePatterns;

/// Whether schedules act, and whether anything does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Scheduled events are dry runs: what a new deployment does until somebody has read what it
    /// would do.
    Observe,
    /// Scheduled events act.
    Act,
    /// Nothing acts, whoever asks for it.
    ReadOnly,
}

impl FromStr for Mode {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "observe" => Ok(Self::Observe),
            "act" => Ok(Self::Act),
            "readonly" => Ok(Self::ReadOnly),
            _ => Err("none of them"),
        }
    }
}

/// Settings that all functions of a stack share.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What summaries begin with: three accounts all have a `prod`. `LABEL`, empty by default.
    pub label: String,
    /// `MODE`, `observe` by default.
    pub mode: Mode,
    /// `RECONCILE`: whether a schedule sends `reconcile`, `true` by default. Nothing is left to it where
    /// none comes.
    pub reconciles: bool,
    /// The EventBridge bus that events go to, by name or ARN. `EVENT_BUS`, empty for none, which is the default.
    pub event_bus: String,
    /// The tags that are ours. `TAG_PREFIX`, `steward` by default.
    pub tags: TagKeys,
    /// The greatest desired count that is ever set, and the greatest desired capacity that can be asked
    /// for. `MAX_DESIRED`, 500 by default. Whoever may tag a service chooses the size it comes back with,
    /// and this bounds it; a group has a max of its own.
    pub max_desired: u32,
    /// The share of AWS's published rates that is spent. `BUDGET_SHARE`, 0.8 by default.
    pub budget_share: f64,
}

impl Settings {
    /// Reads them.
    pub fn read(env: &mut Env) -> Self {
        Self {
            label: env
                .or("LABEL", String::new(), "at most 64 characters", |label| label.chars().count() <= 64),
            mode: env.or("MODE", Mode::Observe, "observe, act or readonly", |_| true),
            reconciles: env.or("RECONCILE", true, "true or false", |_| true),
            event_bus: env.or(
                "EVENT_BUS",
                String::new(),
                "the name or ARN of an event bus",
                |bus: &String| {
                    bus.len() <= 1_600
                        && bus.chars().all(|c| c.is_ascii_alphanumeric() || "/._:-".contains(c))
                },
            ),
            tags: env.or("TAG_PREFIX", TagKeys::default(), "1 to 32 letters, digits, - and _", |_| true),
            max_desired: env
                .or("MAX_DESIRED", 500, "a whole number from 1 to 5000", |max| (1..=5_000).contains(max)),
            budget_share: env
                .or("BUDGET_SHARE", 0.8, "above 0 and at most 1", |share| *share > 0.0 && *share <= 1.0),
        }
    }

    /// Why reconcile changes nothing here, and what to set; `None` where it does.
    #[must_use]
    pub fn reconcile_is_idle(&self) -> Option<&'static str> {
        match self.mode {
            Mode::Observe | Mode::ReadOnly => Some("which only observes here: set MODE to act"),
            Mode::Act if !self.reconciles => Some("which is switched off here: set RECONCILE to true"),
            Mode::Act => None,
        }
    }

    /// How a summary begins: `dev-eu/prod`, or `dev-eu`, or `prod`.
    #[must_use]
    pub fn headline(&self, cluster: Option<&str>) -> String {
        headline(&self.label, cluster)
    }
}

/// `OVERRIDE_MAX`: the longest override, `P7D` by default.
pub fn override_max(env: &mut Env) -> IsoDuration {
    env.or("OVERRIDE_MAX", IsoDuration::from_mins(7 * 24 * 60), "a duration like P7D", |_| true)
}

/// How a summary begins, where the label is this.
#[must_use]
pub fn headline(label: &str, cluster: Option<&str>) -> String {
    match (label, cluster) {
        ("", Some(cluster)) => cluster.to_owned(),
        ("", None) => "all clusters".into(),
        (label, Some(cluster)) => format!("{label}/{cluster}"),
        (label, None) => label.to_owned(),
    }
}

/// `WAIT_MAX`: how long an API call waits for tasks at most, `PT20S` by default. API Gateway gives up
/// after 29 s.
pub fn wait_max(env: &mut Env) -> IsoDuration {
    let most = IsoDuration::from_secs(25);
    env.or("WAIT_MAX", IsoDuration::from_secs(20), "a duration up to PT25S", |wait| *wait <= most)
}

/// What schedules mean in this deployment. Whoever foretells what a reconcile does reads the same.
#[derive(Clone, Debug, Default)]
pub struct Scheduling {
    /// `SCHEDULES`: named schedules, holidays and the default zone, as JSON; none by default.
    pub catalog: Catalog,
    /// The holidays and the zone again, with `WAKE_LEAD` (how much earlier services go on; none by
    /// default) and `REPEAT_OFF` (whether an off period longer than a day is renewed every 24 h;
    /// true by default).
    pub calendar: Calendar,
    /// `DRIFT`: `once` or `enforce`, where no tag says; `once` by default.
    pub drift: Drift,
    /// `HALF`: `both`, `stop-only` or `start-only`, where no tag says; `both` by default.
    pub half: Half,
    /// `DEFAULT_SCHEDULE`: what services follow to which no tag gives a schedule; none by default. Only those
    /// in `reach`.
    pub default: Option<Schedule>,
    /// `CLUSTERS`: where schedules reach, as patterns; nowhere by default.
    pub reach: NamePatterns,
}

impl Scheduling {
    /// Reads them.
    pub fn read(env: &mut Env) -> Self {
        let catalog = env.or("SCHEDULES", Catalog::default(), "named schedules as JSON", |_| true);
        let lead = env.or("WAKE_LEAD", IsoDuration::from_mins(0), "a duration up to PT12H", |lead| {
            *lead <= IsoDuration::from_mins(12 * 60)
        });
        let repeat_off = env.or("REPEAT_OFF", true, "true or false", |_| true);
        let expected = "a schedule, or the name of one from SCHEDULES";
        let default: String = env.or("DEFAULT_SCHEDULE", String::new(), expected, |text: &String| {
            text.is_empty() || catalog.resolve(text).is_ok()
        });
        let default = match catalog.resolve(&default) {
            Ok(Resolved::Follow(schedule)) => Some(schedule),
            Ok(Resolved::OptOut) | Err(_) => None,
        };
        let names = "cluster names or patterns, comma-separated";
        Self {
            default,
            reach: env.or("CLUSTERS", NamePatterns::default(), names, |_| true),
            calendar: catalog.calendar(lead.get(), repeat_off),
            catalog,
            drift: env.or("DRIFT", Drift::Once, "once or enforce", |_| true),
            half: env.or("HALF", Half::Both, "both, stop-only or start-only", |_| true),
        }
    }

    /// How tags are read.
    #[must_use]
    pub fn reading<'a>(&'a self, keys: &'a TagKeys) -> Reading<'a> {
        Reading { keys, catalog: &self.catalog, drift: self.drift, half: self.half, default: None }
    }

    /// The same of this cluster's services, which have a schedule by default where schedules reach.
    #[must_use]
    pub fn reading_services<'a>(&'a self, keys: &'a TagKeys, cluster: &str) -> Reading<'a> {
        let default = self.default.as_ref().filter(|_| self.reach.matches(cluster));
        Reading { default, ..self.reading(keys) }
    }
}

/// The keys of our tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagKeys {
    prefix: String,
    /// `steward:record`.
    pub record: String,
    /// `steward:size`, which infrastructure-as-code may own.
    pub size: String,
    /// `steward:schedule`, on a service or its cluster.
    pub schedule: String,
    /// `steward:override`, on a service or its cluster.
    pub override_: String,
    /// `steward:drift`, on a service or its cluster.
    pub drift: String,
    /// `steward:half`, on a service or its cluster.
    pub half: String,
    /// `steward:night`, on a service or its cluster: how many tasks a service keeps while it is off.
    pub night: String,
    /// `steward:cluster`, on an Auto Scaling group: the cluster whose tasks it carries.
    pub cluster: String,
}

impl Default for TagKeys {
    fn default() -> Self {
        Self::with_prefix("steward")
    }
}

impl TagKeys {
    /// What stands before the colon of each.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A key of ours by the name after the colon.
    #[must_use]
    pub fn of(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    fn with_prefix(prefix: &str) -> Self {
        let key = |name: &str| format!("{prefix}:{name}");
        Self {
            prefix: prefix.to_owned(),
            record: key("record"),
            size: key("size"),
            schedule: key("schedule"),
            override_: key("override"),
            drift: key("drift"),
            half: key("half"),
            night: key("night"),
            cluster: key("cluster"),
        }
    }
}

impl FromStr for TagKeys {
    type Err = &'static str;

    fn from_str(prefix: &str) -> Result<Self, Self::Err> {
        let plain = prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !plain || !(1..=32).contains(&prefix.len()) {
            return Err("another character, or too long");
        }
        // AWS keeps `aws:` to itself, in any case of its letters.
        if prefix.eq_ignore_ascii_case("aws") {
            return Err("aws: is AWS's own");
        }
        Ok(Self::with_prefix(prefix))
    }
}
