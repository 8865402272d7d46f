//! What an item is, or becomes: the type that plans and summaries look at. Callers see it as JSON.

use std::borrow::Cow;
use std::num::NonZeroU32;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::{Serialize, SerializeMap, Serializer};
use shared::application_autoscaling::Suspended;
use shared::autoscaling::Suspended as Processes;
use shared::schedule::{Override, Want};

/// A service's or group's state before or after a run, or what became of an override.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Its size, in AWS's words; `None` for a cluster.
    pub sizes: Option<Sizes>,
    /// What the run makes of it.
    pub became: Became,
    /// The count that its record remembers, where that is told.
    pub saved: Option<SavedCount>,
    /// Tasks that ECS ends in its own time.
    pub draining: Option<i32>,
    /// What schedules and overrides want.
    pub wanted: Option<Want>,
    /// What became of its override, in a few words.
    pub override_: Option<String>,
}

/// The count that a record remembers; `null` where nothing says one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SavedCount(pub Option<NonZeroU32>);

/// What a run makes of a service or group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Became {
    /// It stays as it is.
    #[default]
    AsItIs,
    /// Stopped.
    Off,
    /// Off by its record, with all the tasks that it had: they are no more than its night size.
    Kept,
    /// Started, and not yet whole.
    Starting,
    /// Started, or its start has ended.
    On,
    /// Set to another size.
    Scaled,
    /// It has its first record.
    Adopted,
    /// Its stop is written down, and a reconcile finishes it.
    Stopping,
}

/// A size, in AWS's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// A service's.
    Service {
        /// `desiredCount`.
        desired: i32,
        /// The scalable target's `minCapacity` and suspended flags, where they are told.
        scaling: Option<(u32, Suspended)>,
    },
    /// An Auto Scaling group's; each of its parts where it is told.
    Group {
        /// `desiredCapacity`.
        desired: u32,
        /// `minSize`.
        min: Option<u32>,
        /// `maxSize`.
        max: Option<u32>,
        /// The processes that sleep.
        suspended: Option<Processes>,
        /// How many instances it has.
        instances: Option<usize>,
    },
}

impl Sizes {
    /// A group's desired capacity alone.
    #[must_use]
    pub fn of_group(desired: u32) -> Self {
        Self::Group { desired, min: None, max: None, suspended: None, instances: None }
    }

    /// The desired count or capacity.
    #[must_use]
    pub fn desired(self) -> i64 {
        match self {
            Self::Service { desired, .. } => desired.into(),
            Self::Group { desired, .. } => desired.into(),
        }
    }
}

/// What a request does to an override, before anything else.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// `service/prod/users` or `cluster/prod`.
    pub(crate) resource: String,
    /// Its tag's text before.
    pub(crate) before: Option<String>,
    /// What its tag says then; `None` where it is taken away before it began.
    pub(crate) after: Option<Override>,
    /// What is said of it.
    pub(crate) said: String,
    /// It changes what is wanted now, so that a reconcile has something to do.
    pub(crate) acts_now: bool,
}

impl Effect {
    /// This size, as it is.
    #[must_use]
    pub fn of(sizes: Sizes) -> Self {
        Self { sizes: Some(sizes), ..Self::default() }
    }

    /// This size, by what the run makes of it.
    #[must_use]
    pub fn became(became: Became, sizes: Sizes) -> Self {
        Self { became, ..Self::of(sizes) }
    }

    /// The desired count or capacity, where there is one.
    #[must_use]
    pub fn desired(&self) -> Option<i64> {
        self.sizes.map(Sizes::desired)
    }
}

impl JsonSchema for Effect {
    fn schema_name() -> Cow<'static, str> {
        "ServiceOrGroup".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let wanted = generator.subschema_for::<Want>();
        json_schema!({
            "description": "A service or Auto Scaling group, in AWS's words, and what the run makes of it.",
            "type": "object",
            "properties": {
                "desiredCount": { "type": "integer" },
                "minCapacity": { "type": "integer", "description": "Of its scalable target." },
                "suspended": { "type": "string", "description": "What sleeps of its scaling." },
                "desiredCapacity": { "type": "integer" },
                "minSize": { "type": "integer" },
                "maxSize": { "type": "integer" },
                "instances": { "type": "integer" },
                "adopted": { "const": true },
                "stopping": { "const": true },
                "starting": { "const": true },
                "saved": { "type": ["integer", "null"], "description": "The count that its record remembers." },
                "draining": { "type": "integer", "description": "Tasks that ECS ends in its own time." },
                "wanted": wanted,
                "override": { "type": "string", "description": "What became of its override." },
            },
            "additionalProperties": false,
        })
    }
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.sizes {
            Some(Sizes::Service { desired, scaling }) => {
                map.serialize_entry("desiredCount", &desired)?;
                if let Some((min, suspended)) = scaling {
                    map.serialize_entry("minCapacity", &min)?;
                    map.serialize_entry("suspended", &suspended.to_string())?;
                }
            }
            Some(Sizes::Group { desired, min, max, suspended, instances }) => {
                map.serialize_entry("desiredCapacity", &desired)?;
                for (name, size) in [("minSize", min), ("maxSize", max)] {
                    if let Some(size) = size {
                        map.serialize_entry(name, &size)?;
                    }
                }
                if let Some(suspended) = suspended {
                    map.serialize_entry("suspended", &suspended.to_string())?;
                }
                if let Some(instances) = instances {
                    map.serialize_entry("instances", &instances)?;
                }
            }
            None => {}
        }
        match self.became {
            Became::Adopted => map.serialize_entry("adopted", &true)?,
            Became::Stopping => map.serialize_entry("stopping", &true)?,
            Became::Starting => map.serialize_entry("starting", &true)?,
            Became::AsItIs | Became::Off | Became::Kept | Became::On | Became::Scaled => {}
        }
        if let Some(saved) = self.saved {
            map.serialize_entry("saved", &saved)?;
        }
        if let Some(draining) = self.draining {
            map.serialize_entry("draining", &draining)?;
        }
        if let Some(wanted) = self.wanted {
            map.serialize_entry("wanted", &wanted)?;
        }
        if let Some(said) = &self.override_ {
            map.serialize_entry("override", said)?;
        }
        map.end()
    }
}
