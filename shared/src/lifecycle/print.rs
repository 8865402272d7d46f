//! A policy back into ECR's JSON.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{Policy, Rule, RuleAction, RuleCount, StorageClass, Tagging};

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}

impl Policy {
    /// ECR's JSON, with its rules in ascending priority and without what goes without saying.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "rules": self.rules.iter().map(rule).collect::<Vec<_>>() })
    }
}

fn rule(rule: &Rule) -> Value {
    let mut fields = Map::new();
    fields.insert("rulePriority".into(), rule.priority.into());
    if let Some(description) = &rule.description {
        fields.insert("description".into(), description.as_str().into());
    }
    fields.insert("selection".into(), selection(rule));
    let action = match rule.action {
        RuleAction::Expire => json!({ "type": "expire" }),
        RuleAction::Archive => json!({ "type": "transition", "targetStorageClass": "archive" }),
    };
    fields.insert("action".into(), action);
    Value::Object(fields)
}

fn selection(rule: &Rule) -> Value {
    let mut fields = Map::new();
    let (status, list) = match &rule.tagging {
        Tagging::Prefixes(prefixes) => ("tagged", Some(("tagPrefixList", prefixes))),
        Tagging::Patterns(patterns) => ("tagged", Some(("tagPatternList", patterns))),
        Tagging::Untagged => ("untagged", None),
        Tagging::Any => ("any", None),
    };
    fields.insert("tagStatus".into(), status.into());
    if let Some((name, entries)) = list {
        fields.insert(name.into(), entries.as_slice().into());
    }
    if rule.storage_class() == StorageClass::Archive {
        fields.insert("storageClass".into(), "archive".into());
    }
    fields.insert("countType".into(), rule.count.name().into());
    if rule.count.days().is_some() {
        fields.insert("countUnit".into(), "days".into());
    }
    fields.insert("countNumber".into(), rule.count.number().into());
    Value::Object(fields)
}

impl RuleCount {
    /// Its `countType`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ImageCountMoreThan(_) => "imageCountMoreThan",
            Self::SinceImagePushed(_) => "sinceImagePushed",
            Self::SinceImagePulled(_) => "sinceImagePulled",
            Self::SinceImageTransitioned(_) => "sinceImageTransitioned",
        }
    }

    /// Its `countNumber`: images, or days of 24 h.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::ImageCountMoreThan(number)
            | Self::SinceImagePushed(number)
            | Self::SinceImagePulled(number)
            | Self::SinceImageTransitioned(number) => number,
        }
    }

    /// The days, where it counts those.
    #[must_use]
    pub fn days(self) -> Option<u32> {
        match self {
            Self::ImageCountMoreThan(_) => None,
            _ => Some(self.number()),
        }
    }
}
