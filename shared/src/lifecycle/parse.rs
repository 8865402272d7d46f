//! A policy's JSON into a [`Policy`], or every fault in it.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::faults::{PolicyFault, shown};
use super::{Policy, Rule, RuleAction, RuleCount, StorageClass, Tagging};
use crate::payload::Payload;

/// ECR's quota: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>.
const RULES: usize = 50;
/// The largest number that the API's answers hold.
const LARGEST: u32 = i32::MAX.unsigned_abs();
/// The fewest days in the archive after which a rule may expire:
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html>.
const ARCHIVED_DAYS: u32 = 90;
const STARS: usize = 4;
const ENTRY: usize = 255;

const POLICY_FIELDS: [&str; 1] = ["rules"];
const RULE_FIELDS: [&str; 4] = ["rulePriority", "description", "selection", "action"];
const SELECTION_FIELDS: [&str; 7] =
    ["tagStatus", "tagPrefixList", "tagPatternList", "storageClass", "countType", "countUnit", "countNumber"];
const ACTION_FIELDS: [&str; 2] = ["type", "targetStorageClass"];

impl JsonSchema for Policy {
    fn schema_name() -> Cow<'static, str> {
        "Policy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let texts = json_schema!({ "type": "array", "minItems": 1, "items": { "type": "string", "maxLength": ENTRY } });
        json_schema!({
            "description": "A lifecycle policy as ECR writes them. What of it ECR would not take is a 422.",
            "type": "object",
            "properties": { "rules": { "type": "array", "minItems": 1, "maxItems": RULES, "items": {
                "type": "object",
                "properties": {
                    "rulePriority": { "type": "integer", "minimum": 1, "maximum": LARGEST },
                    "description": { "type": "string" },
                    "selection": {
                        "type": "object",
                        "properties": {
                            "tagStatus": { "enum": ["tagged", "untagged", "any"] },
                            "tagPrefixList": texts,
                            "tagPatternList": texts,
                            "storageClass": { "enum": ["standard", "archive"] },
                            "countType": { "enum": [
                                "imageCountMoreThan", "sinceImagePushed", "sinceImagePulled",
                                "sinceImageTransitioned",
                            ] },
                            "countUnit": { "enum": ["days"] },
                            "countNumber": { "type": "integer", "minimum": 1, "maximum": LARGEST },
                        },
                        "required": ["tagStatus", "countType", "countNumber"],
                        "additionalProperties": false,
                    },
                    "action": {
                        "type": "object",
                        "properties": {
                            "type": { "enum": ["expire", "transition"] },
                            "targetStorageClass": { "enum": ["archive"] },
                        },
                        "required": ["type"],
                        "additionalProperties": false,
                    },
                },
                "required": ["rulePriority", "selection", "action"],
                "additionalProperties": false,
            } } },
            "required": ["rules"],
            "additionalProperties": false,
        })
    }
}

impl FromStr for Policy {
    type Err = Vec<PolicyFault>;

    /// Reads a policy's text. A field that stands twice is a fault.
    fn from_str(text: &str) -> Result<Self, Vec<PolicyFault>> {
        let payload: Payload = serde_json::from_str(text).map_err(|fault| {
            vec![of_policy("", format!("not JSON: {fault}; it reads like {{\"rules\":[…]}}"))]
        })?;
        let policy = payload.unique().map_err(|problem| vec![of_policy("", problem.detail)])?;
        Self::parse(&policy)
    }
}

impl Policy {
    /// Reads a policy, or names every fault in it, in the order of the rules. Fields that ECR does
    /// not know are faults, and so are `null`s.
    pub fn parse(policy: &Value) -> Result<Self, Vec<PolicyFault>> {
        let Some(fields) = policy.as_object() else {
            return Err(vec![of_policy(
                "",
                format!("{} is not an object like {{\"rules\":[…]}}", shown(policy)),
            )]);
        };
        let mut faults = Vec::new();
        for name in unknown(fields, &POLICY_FIELDS) {
            faults.push(of_policy(&name, "unknown; a policy has rules alone".into()));
        }
        let rules = match fields.get("rules") {
            Some(Value::Array(rules)) if rules.is_empty() => {
                faults.push(of_policy("rules", format!("empty; write 1 to {RULES} rules")));
                return Err(faults);
            }
            Some(Value::Array(rules)) => rules,
            Some(other) => {
                faults.push(of_policy("rules", format!("{} is not a list of rules", shown(other))));
                return Err(faults);
            }
            None => {
                faults.push(of_policy("rules", format!("missing; write a list of 1 to {RULES} rules")));
                return Err(faults);
            }
        };
        if rules.len() > RULES {
            faults.push(of_policy("rules", format!("{} rules; ECR takes at most {RULES}", rules.len())));
        }
        let drafts: Vec<Draft> = (1..).zip(rules).map(|(number, rule)| Draft::read(number, rule)).collect();
        let among = among(&drafts);
        let mut rules = Vec::new();
        for (draft, mut among) in drafts.into_iter().zip(among) {
            let Draft { rule, faults: mut own, .. } = draft;
            rules.extend(rule);
            faults.append(&mut own);
            faults.append(&mut among);
        }
        if faults.is_empty() {
            rules.sort_by_key(|rule| rule.priority);
            Ok(Self { rules })
        } else {
            Err(faults)
        }
    }
}

fn of_policy(field: &str, fault: String) -> PolicyFault {
    PolicyFault { rule: None, rule_priority: None, field: field.to_owned(), fault }
}

fn unknown(fields: &Map<String, Value>, known: &[&str]) -> Vec<String> {
    fields
        .keys()
        .filter(|name| !known.contains(&name.as_str()))
        .map(|name| name.chars().take(60).collect())
        .collect()
}

/// What could be read of a rule: whole where nothing is wrong with it, and else at least the parts
/// that other rules are held against.
#[derive(Default)]
struct Draft {
    number: usize,
    priority: Option<u32>,
    status: Option<Status>,
    class: Option<StorageClass>,
    prefixes: Option<BTreeSet<String>>,
    rule: Option<Rule>,
    faults: Vec<PolicyFault>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Tagged,
    Untagged,
    Any,
}

/// The fields of a `countType` that go with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Images,
    Pushed,
    Pulled,
    Archived,
}

impl Kind {
    const ALL: [(&'static str, Self); 4] = [
        ("imageCountMoreThan", Self::Images),
        ("sinceImagePushed", Self::Pushed),
        ("sinceImagePulled", Self::Pulled),
        ("sinceImageTransitioned", Self::Archived),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    fn count(self, number: u32) -> RuleCount {
        match self {
            Self::Images => RuleCount::ImageCountMoreThan(number),
            Self::Pushed => RuleCount::SinceImagePushed(number),
            Self::Pulled => RuleCount::SinceImagePulled(number),
            Self::Archived => RuleCount::SinceImageTransitioned(number),
        }
    }
}

impl Draft {
    fn read(number: usize, rule: &Value) -> Self {
        let mut draft = Self { number, ..Self::default() };
        let Some(fields) = rule.as_object() else {
            draft.fault("", format!("{} is not an object; a rule has {}", shown(rule), list(&RULE_FIELDS)));
            return draft;
        };
        // First of all, because every fault names it.
        draft.priority = fields.get("rulePriority").and_then(integer);
        for name in unknown(fields, &RULE_FIELDS) {
            draft.fault(&name, format!("unknown; a rule has {}", list(&RULE_FIELDS)));
        }
        let right = "write an integer from 1, another for each rule";
        let priority = draft.number(fields, "rulePriority", "rulePriority", 1, right);
        let description = draft.text(fields, "description", "description");
        let selection = draft.object(fields, "selection", &SELECTION_FIELDS);
        let action = draft.object(fields, "action", &ACTION_FIELDS);
        let kind = selection.and_then(|selection| draft.kind(selection));
        let tagging = selection.and_then(|selection| draft.tagging(selection));
        let count = selection.and_then(|selection| draft.count(selection, kind));
        let action = action.and_then(|action| draft.action(action, kind));
        if draft.faults.is_empty()
            && let (Some(priority), Some(tagging), Some(count), Some(action)) =
                (priority, tagging, count, action)
        {
            draft.rule = Some(Rule { priority, description, tagging, count, action });
        }
        draft
    }

    fn fault(&mut self, field: &str, fault: impl Into<String>) {
        let at = PolicyFault {
            rule: Some(self.number),
            rule_priority: self.priority,
            field: field.to_owned(),
            fault: fault.into(),
        };
        self.faults.push(at);
    }

    fn object<'a>(
        &mut self,
        fields: &'a Map<String, Value>,
        name: &str,
        known: &[&str],
    ) -> Option<&'a Map<String, Value>> {
        match fields.get(name) {
            Some(Value::Object(object)) => {
                for unknown in unknown(object, known) {
                    let fault = format!("unknown; {name} has {}", list(known));
                    self.fault(&format!("{name}.{unknown}"), fault);
                }
                Some(object)
            }
            Some(other) => {
                self.fault(name, format!("{} is not an object; it has {}", shown(other), list(known)));
                None
            }
            None => {
                self.fault(name, format!("missing; write an object with {}", list(known)));
                None
            }
        }
    }

    fn number(
        &mut self,
        fields: &Map<String, Value>,
        name: &str,
        place: &str,
        least: u32,
        right: &str,
    ) -> Option<u32> {
        let Some(value) = fields.get(name) else {
            self.fault(place, format!("missing; {right}"));
            return None;
        };
        let number = integer(value).filter(|number| *number >= least);
        if number.is_none() {
            let fault = if value.as_f64().is_some_and(|large| large > f64::from(LARGEST)) {
                format!("{} is too large; it ends at {LARGEST}", shown(value))
            } else {
                format!("{} is wrong; {right}", shown(value))
            };
            self.fault(place, fault);
        }
        number
    }

    fn text(&mut self, fields: &Map<String, Value>, name: &str, place: &str) -> Option<String> {
        match fields.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => {
                self.fault(place, format!("{} is not a text", shown(other)));
                None
            }
        }
    }

    /// One of a few words.
    fn word<T: Copy>(
        &mut self,
        fields: &Map<String, Value>,
        name: &str,
        place: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let Some(value) = fields.get(name) else {
            self.fault(place, format!("missing; write {}", one_of(&names)));
            return None;
        };
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word)).map(|(_, found)| *found);
        if found.is_none() {
            self.fault(place, format!("{} is unknown; write {}", shown(value), one_of(&names)));
        }
        found
    }

    fn kind(&mut self, selection: &Map<String, Value>) -> Option<Kind> {
        self.word(selection, "countType", "selection.countType", &Kind::ALL)
    }

    fn tagging(&mut self, selection: &Map<String, Value>) -> Option<Tagging> {
        let statuses = [("tagged", Status::Tagged), ("untagged", Status::Untagged), ("any", Status::Any)];
        let status = self.word(selection, "tagStatus", "selection.tagStatus", &statuses);
        self.status = status;
        let prefixes = self.entries(selection, "tagPrefixList");
        let patterns = self.entries(selection, "tagPatternList");
        let (has_prefixes, has_patterns) =
            (selection.contains_key("tagPrefixList"), selection.contains_key("tagPatternList"));
        match status? {
            Status::Tagged => {
                if has_prefixes && has_patterns {
                    self.fault(
                        "selection",
                        "it has both tagPrefixList and tagPatternList; write one of them",
                    );
                    return None;
                }
                if !has_prefixes && !has_patterns {
                    self.fault(
                        "selection",
                        "it has neither tagPrefixList nor tagPatternList; tagStatus \"tagged\" needs one of them",
                    );
                    return None;
                }
                self.prefixes = prefixes.as_ref().map(|prefixes| prefixes.iter().cloned().collect());
                prefixes.map(Tagging::Prefixes).or(patterns.map(Tagging::Patterns))
            }
            other => {
                let (status, tagging) = if other == Status::Any {
                    ("any", Tagging::Any)
                } else {
                    ("untagged", Tagging::Untagged)
                };
                for (name, has) in [("tagPrefixList", has_prefixes), ("tagPatternList", has_patterns)] {
                    if has {
                        let fault = format!("only with tagStatus \"tagged\"; leave it out of \"{status}\"");
                        self.fault(&format!("selection.{name}"), fault);
                    }
                }
                Some(tagging)
            }
        }
    }

    /// The entries of a list of prefixes or patterns.
    fn entries(&mut self, selection: &Map<String, Value>, name: &str) -> Option<Vec<String>> {
        let place = format!("selection.{name}");
        let example = if name == "tagPatternList" { "[\"prod*\"]" } else { "[\"prod\"]" };
        let entries = match selection.get(name)? {
            Value::Array(entries) if entries.is_empty() => {
                self.fault(&place, format!("empty; write at least one entry, such as {example}"));
                return None;
            }
            Value::Array(entries) => entries,
            other => {
                self.fault(&place, format!("{} is not a list of texts such as {example}", shown(other)));
                return None;
            }
        };
        let mut texts = Vec::new();
        for (number, entry) in entries.iter().enumerate() {
            let place = format!("{place}[{number}]");
            let Some(text) = entry.as_str() else {
                self.fault(&place, format!("{} is not a text such as \"prod\"", shown(entry)));
                continue;
            };
            if text.is_empty() {
                self.fault(&place, "empty; write at least one character");
            } else if text.chars().count() > ENTRY {
                self.fault(&place, format!("longer than {ENTRY} characters; a tag has at most 128"));
            } else if text.chars().any(char::is_control) {
                self.fault(&place, format!("{} has a control character, which no tag has", shown(entry)));
            } else if name == "tagPatternList" && text.matches('*').count() > STARS {
                let stars = text.matches('*').count();
                self.fault(
                    &place,
                    format!("{} has {stars} \"*\"; at most {STARS} are allowed", shown(entry)),
                );
            } else {
                texts.push(text.to_owned());
            }
        }
        (texts.len() == entries.len()).then_some(texts)
    }

    fn count(&mut self, selection: &Map<String, Value>, kind: Option<Kind>) -> Option<RuleCount> {
        let classes = [("standard", StorageClass::Standard), ("archive", StorageClass::Archive)];
        let place = "selection.storageClass";
        if selection.contains_key("storageClass") {
            self.class = self.word(selection, "storageClass", place, &classes);
        } else if kind != Some(Kind::Archived) {
            self.class = Some(StorageClass::Standard);
        } else {
            self.fault(place, "missing; sinceImageTransitioned needs \"archive\"");
        }
        match (kind, self.class) {
            (Some(Kind::Archived), Some(StorageClass::Standard)) => {
                self.fault(place, "\"standard\" is wrong; sinceImageTransitioned needs \"archive\"");
            }
            (Some(kind), Some(StorageClass::Archive)) if kind != Kind::Archived => {
                let fault = format!(
                    "\"archive\" is only with sinceImageTransitioned; with {} write \"standard\", or leave it out",
                    kind.name()
                );
                self.fault(place, fault);
            }
            _ => {}
        }
        self.unit(selection, kind);
        let (least, right) = match kind {
            Some(Kind::Archived) => (
                ARCHIVED_DAYS,
                format!(
                    "write an integer from {ARCHIVED_DAYS}: images stay in the archive for 90 days at least"
                ),
            ),
            Some(Kind::Images) => (1, "write an integer from 1: how many images are kept".to_owned()),
            Some(_) => (1, "write an integer from 1: the days".to_owned()),
            None => (1, "write an integer from 1".to_owned()),
        };
        let number = self.number(selection, "countNumber", "selection.countNumber", least, &right);
        Some(kind?.count(number?))
    }

    fn unit(&mut self, selection: &Map<String, Value>, kind: Option<Kind>) {
        let place = "selection.countUnit";
        match (selection.get("countUnit"), kind) {
            (Some(_), Some(Kind::Images)) => {
                self.fault(place, "only with the since types; leave it out of imageCountMoreThan");
            }
            (Some(unit), _) if unit.as_str() != Some("days") => {
                self.fault(place, format!("{} is unknown; write \"days\"", shown(unit)));
            }
            (None, Some(kind)) if kind != Kind::Images => {
                self.fault(place, format!("missing; {} needs \"days\"", kind.name()));
            }
            _ => {}
        }
    }

    fn action(&mut self, action: &Map<String, Value>, kind: Option<Kind>) -> Option<RuleAction> {
        let types = [("expire", RuleAction::Expire), ("transition", RuleAction::Archive)];
        let found = self.word(action, "type", "action.type", &types)?;
        let target = action.get("targetStorageClass");
        let place = "action.targetStorageClass";
        match (found, target) {
            (RuleAction::Expire, Some(_)) => {
                self.fault(place, "only with type \"transition\"; leave it out of \"expire\"");
            }
            (RuleAction::Archive, None) => {
                self.fault(place, "missing; type \"transition\" needs \"archive\"");
            }
            (RuleAction::Archive, Some(target)) if target.as_str() != Some("archive") => {
                self.fault(place, format!("{} is unknown; write \"archive\"", shown(target)));
            }
            _ => {}
        }
        match (kind, found) {
            (Some(Kind::Pulled), RuleAction::Expire) => self.fault(
                "action.type",
                "\"expire\" is wrong; sinceImagePulled only goes with \"transition\" (and a rule with sinceImageTransitioned then expires)",
            ),
            (Some(Kind::Archived), RuleAction::Archive) => self.fault(
                "action.type",
                "\"transition\" is wrong; sinceImageTransitioned only goes with \"expire\"",
            ),
            _ => {}
        }
        Some(found)
    }
}

/// What is wrong between the rules, for each of them.
fn among(drafts: &[Draft]) -> Vec<Vec<PolicyFault>> {
    let mut priorities = HashMap::new();
    let mut untagged = HashMap::new();
    let mut prefixes = HashMap::new();
    // The rule that comes last of each storage class.
    let mut last: HashMap<StorageClass, (u32, usize)> = HashMap::new();
    for draft in drafts {
        if let (Some(class), Some(priority)) = (draft.class, draft.priority) {
            let here = (priority, draft.number);
            last.entry(class).and_modify(|last| *last = here.max(*last)).or_insert(here);
        }
    }
    let mut all = Vec::new();
    for draft in drafts {
        let mut found = Vec::new();
        let mut fault = |field: &str, fault: String| {
            found.push(PolicyFault {
                rule: Some(draft.number),
                rule_priority: draft.priority,
                field: field.to_owned(),
                fault,
            });
        };
        if let Some(priority) = draft.priority {
            let first = *priorities.entry(priority).or_insert(draft.number);
            if first != draft.number {
                fault("rulePriority", format!("rule {first} has {priority} too; give each rule its own"));
            }
        }
        if let Some(class) = draft.class {
            let stored = if class == StorageClass::Archive { "archive" } else { "standard" };
            if draft.status == Some(Status::Untagged) {
                let first = *untagged.entry(class).or_insert(draft.number);
                if first != draft.number {
                    fault(
                        "selection.tagStatus",
                        format!(
                            "rule {first} is for untagged images of {stored} storage too; only one rule may be"
                        ),
                    );
                }
            }
            if let Some(set) = &draft.prefixes {
                let first = *prefixes.entry((class, set)).or_insert(draft.number);
                if first != draft.number {
                    fault(
                        "selection.tagPrefixList",
                        format!(
                            "rule {first} has the same prefixes for {stored} storage; each set may stand once"
                        ),
                    );
                }
            }
            if draft.status == Some(Status::Any)
                && let Some(priority) = draft.priority
                && let Some((highest, number)) = last.get(&class)
                && *highest > priority
            {
                fault(
                    "selection.tagStatus",
                    format!(
                        "\"any\" must come last of {stored} storage, but rule {number} has rulePriority {highest}; give this one a higher one"
                    ),
                );
            }
        }
        all.push(found);
    }
    all
}

/// An integer that a rule can hold, 1 and up.
fn integer(value: &Value) -> Option<u32> {
    value
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| (1..=LARGEST).contains(number))
}

fn list(names: &[&str]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        names => names.join(", "),
    }
}

fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        quoted => quoted.join(", "),
    }
}
