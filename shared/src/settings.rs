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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_taken_within_its_bounds_and_refused_beyond_them() {
        let long = |length: usize| "b".repeat(length);
        for (name, value, taken) in [
            ("LABEL", long(64), true),
            ("LABEL", long(65), false),
            ("MODE", "act".to_owned(), true),
            ("MODE", "sleep".to_owned(), false),
            ("RECONCILE", "no".to_owned(), false),
            ("EVENT_BUS", "arn:aws:events:sa-east-1:123456789012:event-bus/a.b_c-d".to_owned(), true),
            ("EVENT_BUS", long(1_600), true),
            ("EVENT_BUS", long(1_601), false),
            ("EVENT_BUS", "my bus".to_owned(), false),
            ("TAG_PREFIX", long(32), true),
            ("TAG_PREFIX", long(33), false),
            ("TAG_PREFIX", "team-a_1".to_owned(), true),
            ("TAG_PREFIX", "team:a".to_owned(), false),
            ("TAG_PREFIX", "AWS".to_owned(), false),
            ("MAX_DESIRED", "0".to_owned(), false),
            ("MAX_DESIRED", "1".to_owned(), true),
            ("MAX_DESIRED", "5000".to_owned(), true),
            ("MAX_DESIRED", "5001".to_owned(), false),
            ("BUDGET_SHARE", "0".to_owned(), false),
            ("BUDGET_SHARE", "0.01".to_owned(), true),
            ("BUDGET_SHARE", "1".to_owned(), true),
            ("BUDGET_SHARE", "1.01".to_owned(), false),
        ] {
            let mut env = Env::new([(name.to_owned(), value.clone())]);
            let settings = Settings::read(&mut env);
            let read = env.finish(settings);
            assert_eq!(read.is_ok(), taken, "{name}={value}");
            if let Err(fault) = read {
                assert!(fault.to_string().contains(name), "{fault}");
            }
        }
    }

    #[test]
    fn waits_and_overrides_have_their_defaults_and_a_wait_its_bound() {
        let set = |value: &str| Env::new([("WAIT_MAX".to_owned(), value.to_owned())]);
        let read = |value: &str| {
            let mut env = set(value);
            let wait = wait_max(&mut env);
            env.finish(wait.get().as_secs())
        };
        assert_eq!((read(""), read("PT25S"), read("PT26S").is_err()), (Ok(20), Ok(25), true));
        let lead = |value: &str| {
            let mut env = Env::new([("WAKE_LEAD".to_owned(), value.to_owned())]);
            let scheduling = Scheduling::read(&mut env);
            env.finish(scheduling.calendar.lead.as_mins())
        };
        assert_eq!((lead(""), lead("PT12H"), lead("PT12H1M").is_err()), (Ok(0), Ok(720), true));
        let week = override_max(&mut Env::new([]));
        assert_eq!(week.get().as_hours(), 7 * 24);
    }

    #[test]
    fn reconcile_is_idle_where_it_only_observes_or_is_switched_off_and_says_what_to_set() {
        let idle = |mode: &str, reconciles: &str| {
            let set = [("MODE", mode), ("RECONCILE", reconciles)].map(|(k, v)| (k.to_owned(), v.to_owned()));
            Settings::read(&mut Env::new(set)).reconcile_is_idle()
        };
        for (mode, reconciles, remedy) in [
            ("act", "true", None),
            ("act", "false", Some("set RECONCILE to true")),
            ("observe", "true", Some("set MODE to act")),
            ("readonly", "true", Some("set MODE to act")),
        ] {
            let told = idle(mode, reconciles);
            assert_eq!(told.is_some(), remedy.is_some(), "{mode} {reconciles}: {told:?}");
            assert!(told.unwrap_or_default().ends_with(remedy.unwrap_or_default()), "{told:?}");
        }
    }

    #[test]
    fn a_summary_begins_with_the_label_and_the_cluster_that_is_meant() {
        let labelled = |label: &str| {
            let mut env = Env::new([("LABEL".to_owned(), label.to_owned())]);
            let settings = Settings::read(&mut env);
            [settings.headline(Some("prod")), settings.headline(None)]
        };
        assert_eq!(labelled("team-a"), ["team-a/prod", "team-a"]);
        assert_eq!(labelled(""), ["prod", "all clusters"]);
    }

    #[test]
    fn every_key_of_ours_begins_with_the_prefix() {
        let keys: TagKeys = "team-a".parse().unwrap();
        assert_eq!((keys.prefix(), keys.of("size").as_str()), ("team-a", keys.size.as_str()));
        assert_eq!(keys.record, "team-a:record");
    }
}
