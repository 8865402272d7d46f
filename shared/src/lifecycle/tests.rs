//! What the room promises, in tables; and against an oracle that is written differently.

mod aws_examples;
mod bad_policies;
mod deciding;
mod listed;
mod oracle;
mod relations;
mod speed;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

/// A digest out of a short name of hexadecimal digits.
fn digest(name: &str) -> Digest {
    format!("sha256:{name:0>64}").parse().unwrap_or_else(|fault| panic!("{fault}"))
}

/// An image of the standard class.
fn image(name: &str, tags: &[&str], pushed_days_ago: i64) -> Image {
    Image {
        digest: digest(name),
        tags: tags.iter().map(|tag| tag.parse().unwrap()).collect(),
        pushed_at: ago(pushed_days_ago),
        last_pulled_at: None,
        last_activated_at: None,
        last_archived_at: None,
        storage_class: StorageClass::Standard,
        media_type: None,
        children: Vec::new(),
        subject: None,
    }
}

fn index(name: &str, tags: &[&str], pushed_days_ago: i64, children: &[&str]) -> Image {
    Image {
        children: children.iter().map(|child| digest(child)).collect(),
        ..image(name, tags, pushed_days_ago)
    }
}

fn archived(image: Image, days_ago: i64) -> Image {
    Image { storage_class: StorageClass::Archive, last_archived_at: Some(ago(days_ago)), ..image }
}

fn referrer(name: &str, subject: &str) -> Image {
    Image { subject: Some(digest(subject)), ..image(name, &[], 0) }
}

fn policy(rules: &Value) -> Policy {
    Policy::parse(&json!({ "rules": rules })).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// `{"rulePriority":…}` out of the parts that differ.
fn rule(priority: u32, tagging: &Value, count: &str, number: u32) -> Value {
    let mut selection = tagging.as_object().unwrap().clone();
    selection.insert("countType".into(), count.into());
    selection.insert("countNumber".into(), number.into());
    if count != "imageCountMoreThan" {
        selection.insert("countUnit".into(), "days".into());
    }
    let action = match count {
        "sinceImagePulled" => json!({"type": "transition", "targetStorageClass": "archive"}),
        _ => json!({"type": "expire"}),
    };
    if count == "sinceImageTransitioned" {
        selection.insert("storageClass".into(), "archive".into());
    }
    json!({"rulePriority": priority, "selection": selection, "action": action})
}

fn transition(mut rule: Value) -> Value {
    rule["action"] = json!({"type": "transition", "targetStorageClass": "archive"});
    rule
}

fn prefix(entries: &[&str]) -> Value {
    json!({"tagStatus": "tagged", "tagPrefixList": entries})
}

fn pattern(entries: &[&str]) -> Value {
    json!({"tagStatus": "tagged", "tagPatternList": entries})
}

fn untagged() -> Value {
    json!({"tagStatus": "untagged"})
}

fn any_tag() -> Value {
    json!({"tagStatus": "any"})
}

/// What becomes of each: `expire 1`, `keep 1`, `keep -`.
fn outcomes(rules: &Value, images: &[Image]) -> Vec<String> {
    evaluate(&policy(rules), images, now())
        .iter()
        .map(|decision| {
            let verdict = serde_json::to_value(decision.verdict).unwrap();
            let rule = decision.rule.map_or("-".to_owned(), |rule| rule.to_string());
            format!("{} {rule}", verdict.as_str().unwrap())
        })
        .collect()
}

fn reasons(rules: &Value, images: &[Image]) -> Vec<String> {
    evaluate(&policy(rules), images, now()).into_iter().map(|decision| decision.reason).collect()
}
