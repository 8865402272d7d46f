//! The environment, in types.

use std::str::FromStr;

use shared::env::{Env, EnvFaults};
use shared::s3::ObjectLocation;
use shared::select::ImagePatterns;
use shared::settings::Settings;

use crate::plan::Guards;
use crate::policies::Policies;
use crate::sources::{References, Regions, Source};

/// Sources that are not asked: their names, comma-separated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourcesOff(pub Vec<Source>);

impl FromStr for SourcesOff {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// A place in S3 for many objects, or none. It ends with a slash, so that `nightly` is not `nightly-old` as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place(pub Option<ObjectLocation>);

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place: ObjectLocation = text.parse()?;
        if !place.key.is_empty() && !place.key.ends_with('/') {
            return Err(format!("{text:?} does not end with a slash"));
        }
        if place.key.contains(['*', ',']) {
            return Err(format!("{text:?} is no single place: write it without * and commas"));
        }
        Ok(Self(Some(place)))
    }
}

/// prune-images' config.
#[derive(Clone, Debug)]
pub struct Config {
    /// What all functions share.
    pub settings: Settings,
    /// `PRUNE_POLICY`: see [`Policies`]; none by default.
    pub policies: Policies,
    /// `PRUNE_REPOSITORIES`: what may be pruned, as patterns; none by default.
    pub repositories: ImagePatterns,
    /// `MAX_DELETE`, `MAX_DELETE_PERCENT`, `KEEP_AT_LEAST`, `PROTECTED_TAGS`, `KEEP_PULLED_DAYS`,
    /// `KEEP_PUSHED_HOURS`.
    pub guards: Guards,
    /// `IN_USE_REVISIONS`: how many of a family's latest active revisions are in use, and how many different
    /// sets of images of a service's past deployments, 3 by default.
    pub in_use_revisions: usize,
    /// `IN_USE`: what is in use besides.
    pub in_use: References,
    /// `IN_USE_FROM`: where others write what they use; nowhere by default.
    pub in_use_from: Place,
    /// `IN_USE_TO`: where this function writes what is in use here; nowhere by default.
    pub in_use_to: Place,
    /// `IN_USE_REGIONS`: where else images of this account are in use; none by default.
    pub in_use_regions: Regions,
    /// `SOURCES_OFF`: none by default.
    pub sources_off: SourcesOff,
    /// `ROLE_ARN`: the role that the function runs under, which the registry may know as one whose
    /// pulls are not recorded.
    pub role_arn: String,
}

impl Config {
    /// Reads it, and names every variable that is wrong.
    pub fn read(mut env: Env) -> Result<Self, EnvFaults> {
        let known =
            format!("names of sources, comma-separated: {}", Source::ALL.map(Source::name).join(", "));
        let patterns = "names or patterns, comma-separated";
        let place = "a place in S3, s3://bucket/prefix/";
        let config = Self {
            settings: Settings::read(&mut env),
            policies: env.or("PRUNE_POLICY", Policies::default(), "lifecycle policies as JSON", |_| true),
            repositories: env.or("PRUNE_REPOSITORIES", ImagePatterns::default(), patterns, |_| true),
            guards: Guards {
                max_delete: env.or("MAX_DELETE", 1_000, "a whole number from 1", |max| *max > 0),
                max_delete_percent: env
                    .or("MAX_DELETE_PERCENT", 80, "a whole number from 1 to 100", |n| (1..=100).contains(n)),
                keep_at_least: env.or("KEEP_AT_LEAST", 1, "a whole number", |_| true),
                protected_tags: env.or("PROTECTED_TAGS", ImagePatterns::default(), patterns, |_| true),
                keep_pulled_days: env
                    .or("KEEP_PULLED_DAYS", 30, "a whole number up to 3650", |days| *days <= 3_650),
                keep_pushed_hours: env
                    .or("KEEP_PUSHED_HOURS", 72, "a whole number up to 87600", |hours| *hours <= 87_600),
            },
            in_use_revisions: env
                .or("IN_USE_REVISIONS", 3, "a whole number from 1 to 100", |n| (1..=100).contains(n)),
            in_use: env.or("IN_USE", References::default(), "images, comma-separated", |_| true),
            in_use_from: env.or("IN_USE_FROM", Place::default(), place, |_| true),
            in_use_to: env.or("IN_USE_TO", Place::default(), place, |_| true),
            in_use_regions: env
                .or("IN_USE_REGIONS", Regions::default(), "regions, comma-separated", |_| true),
            sources_off: env.or("SOURCES_OFF", SourcesOff::default(), &known, |_| true),
            role_arn: env.or("ROLE_ARN", String::new(), "the ARN of a role", |arn| arn.starts_with("arn:")),
        };
        env.finish(config)
    }
}
