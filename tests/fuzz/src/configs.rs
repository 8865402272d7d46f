//! The functions' environments.

use std::collections::BTreeMap;

use shared::env::{Env, EnvFaults};

use crate::inputs::text;

/// Each line is `NAME=VALUE`. What is started with is within its bounds, and what is refused is named.
pub(crate) fn configs(bytes: &[u8]) {
    let text = text(bytes);
    let variables: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let env = || Env::new(variables.clone());
    let named = |fault: &EnvFaults| {
        let is_named =
            |line: &String| variables.keys().any(|name| line.starts_with(&format!("{name} must be ")));
        assert!(!fault.0.is_empty() && fault.0.iter().all(is_named), "{fault} of {variables:?}");
    };
    match scale_service::Config::read(env()) {
        Ok(config) => {
            let settings = &config.settings;
            assert!((1..=5_000).contains(&settings.max_desired), "{settings:?}");
            assert!(settings.budget_share > 0.0 && settings.budget_share <= 1.0, "{settings:?}");
            assert!(settings.label.chars().count() <= 64, "{settings:?}");
            assert!(!settings.tags.prefix().eq_ignore_ascii_case("aws"), "{settings:?}");
        }
        Err(fault) => named(&fault),
    }
    match prune_images::Config::read(env()) {
        Ok(config) => {
            assert!((1..=100).contains(&config.guards.max_delete_percent) && config.guards.max_delete > 0);
            let ends_with_a_slash = |place: &prune_images::config::Place| {
                place.0.as_ref().is_none_or(|place| place.key.is_empty() || place.key.ends_with('/'))
            };
            assert!(ends_with_a_slash(&config.in_use_from) && ends_with_a_slash(&config.in_use_to));
        }
        Err(fault) => named(&fault),
    }
    for fault in [
        describe_cluster::Config::read(env()).err(),
        run_task::Config::read(env()).err(),
        stop_task::Config::read(env()).err(),
    ] {
        fault.iter().for_each(named);
    }
}
