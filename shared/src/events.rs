//! What people would want to know, as EventBridge events: a detail of its own for each kind, and in each a message that
//! chat channels show as it is.
//!
//! A detail's fields are a promise; `cargo local schemas` writes the JSON Schema of each into `schemas/`. The message
//! (`detail.chat`) is a custom notification of Amazon Q Developer in chat applications:
//! <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::plain::plain;
use crate::problem::{Action, Code};
use crate::report::{Counts, Item, Outcome, Report};
use crate::schedule::{Moment, Override};
use crate::wake::Because;

/// What says where events come from.
pub const SOURCE: &str = "ecs-steward";
/// At most so many things stand in an event one by one: EventBridge takes 256 KB, and nobody reads more.
const LISTED: usize = 50;
/// And so many in its message.
const SHOWN: usize = 10;
/// The most characters of a message: chat applications cut longer ones.
const LONGEST: usize = 3_000;

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum BusEvent {
    /// A run changed something, or failed to.
    RunFinished(RunFinished),
    /// Services of a cluster go off soon.
    GoingOffSoon(GoingOffSoon),
    /// Services of a cluster that will not wake.
    WillNotWake(WillNotWake),
    /// Services that were started and are not up in time.
    LateToWake(LateToWake),
    /// Services that will not come back by themselves, as a reconcile has found.
    AtRisk(AtRisk),
    /// An override ends soon.
    OverrideEndsSoon(OverrideEndsSoon),
    /// Images were deleted or archived.
    ImagesPruned(ImagesPruned),
}

/// A run changed something, or failed to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunFinished {
    /// The function.
    pub function: String,
    /// Who asked: an IAM ARN, a schedule's ARN, or `direct invocation`.
    pub actor: String,
    /// The run's id, as its audit lines have it.
    pub request_id: String,
    /// One line.
    pub summary: String,
    /// Complete, and nothing failed.
    pub ok: bool,
    /// All items, by outcome.
    pub counts: Counts,
    /// Those that changed, failed or were not attempted, at most 50.
    pub items: Vec<Item>,
}

/// Services of a cluster go off soon.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoingOffSoon {
    /// The cluster.
    pub cluster: String,
    /// When, in the schedule's zone.
    pub at: Moment,
    /// The services, at most 50.
    pub services: Vec<String>,
    /// How many they are.
    pub count: usize,
    /// For each of the services a request that keeps it on for two hours more.
    pub keep_on: Vec<Action>,
}

/// Services of a cluster that will not wake.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WillNotWake {
    /// The cluster.
    pub cluster: String,
    /// The services and why, at most 50.
    pub services: Vec<Sleeper>,
    /// How many they are.
    pub count: usize,
}

/// A service that will not wake.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WillNotWakeService")]
pub struct Sleeper {
    /// The service.
    pub service: String,
    /// When it should come back; `null` where nothing brings it back.
    pub at: Option<Moment>,
    /// Why it will not.
    pub because: Vec<Because>,
}

/// Services that were started and are not up in time.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LateToWake {
    /// The services, at most 50.
    pub services: Vec<Told>,
    /// How many they are.
    pub count: usize,
}

/// Services that will not come back by themselves, as a reconcile has found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AtRisk {
    /// The services, at most 50.
    pub services: Vec<Told>,
    /// How many they are.
    pub count: usize,
}

/// A thing, and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EventItem")]
pub struct Told {
    /// The ARN's resource part: `service/prod/users`.
    pub resource: String,
    /// The kind.
    pub code: Code,
    /// What is so, and what mends it.
    pub reason: String,
}

/// An override ends soon.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverrideEndsSoon {
    /// `service/prod/users` or `cluster/prod`.
    pub resource: String,
    /// The override.
    #[serde(rename = "override")]
    pub override_: Override,
    /// A request that makes it two hours longer.
    pub extend: Action,
}

/// Images were deleted or archived.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImagesPruned {
    /// One line.
    pub summary: String,
    /// All images, by outcome.
    pub counts: Counts,
    /// How many were deleted, by repository.
    pub deleted: BTreeMap<String, usize>,
    /// How many went to the archive, by repository.
    pub archived: BTreeMap<String, usize>,
}

/// A custom notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Chat {
    /// `1.0`.
    pub version: &'static str,
    /// `custom`.
    pub source: &'static str,
    /// What is shown.
    pub content: ChatContent,
    /// What buttons take their variables from.
    pub metadata: ChatMetadata,
}

/// What a custom notification shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatContent {
    /// `client-markdown`.
    pub text_type: &'static str,
    /// One line.
    pub title: String,
    /// The message.
    pub description: String,
    /// What may be done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next_steps: Vec<String>,
}

/// What stands beside a custom notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatMetadata {
    /// The same for what belongs together: a channel may show it as a thread.
    pub thread_id: String,
    /// One line.
    pub summary: String,
    /// The event's detail type.
    pub event_type: &'static str,
    /// Names for a button's command: `cluster` and `service`, each where exactly one is meant.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub additional_context: Map<String, Value>,
}

/// All kinds, by their detail types, with the schema of each one's detail.
#[must_use]
pub fn schemas() -> Vec<(&'static str, Schema)> {
    let mut all = vec![
        ("Run Finished", schema::<RunFinished>()),
        ("Going Off Soon", schema::<GoingOffSoon>()),
        ("Will Not Wake", schema::<WillNotWake>()),
        ("Late To Wake", schema::<LateToWake>()),
        ("At Risk", schema::<AtRisk>()),
        ("Override Ends Soon", schema::<OverrideEndsSoon>()),
        ("Images Pruned", schema::<ImagesPruned>()),
    ];
    for (name, schema) in &mut all {
        schema.insert("title".to_owned(), (*name).into());
    }
    all
}

fn schema<T: JsonSchema>() -> Schema {
    SchemaSettings::default().for_serialize().into_generator().into_root_schema_for::<Detail<T>>()
}

/// What EventBridge carries.
#[derive(Serialize, JsonSchema)]
struct Detail<T> {
    #[serde(flatten)]
    of: T,
    /// The message, as chat channels show it.
    chat: Chat,
}

impl BusEvent {
    /// `Run Finished`.
    #[must_use]
    pub fn detail_type(&self) -> &'static str {
        match self {
            Self::RunFinished(_) => "Run Finished",
            Self::GoingOffSoon(_) => "Going Off Soon",
            Self::WillNotWake(_) => "Will Not Wake",
            Self::LateToWake(_) => "Late To Wake",
            Self::AtRisk(_) => "At Risk",
            Self::OverrideEndsSoon(_) => "Override Ends Soon",
            Self::ImagesPruned(_) => "Images Pruned",
        }
    }

    /// The detail, with its message.
    #[must_use]
    pub fn detail(&self) -> Value {
        json!(Detail { of: self, chat: self.chat() })
    }

    /// What a run changed, or failed to change; `None` where it did neither.
    #[must_use]
    pub fn of_run(report: &Report, function: &str, actor: &str, request_id: &str) -> Option<Self> {
        let Counts { changed, failed, not_attempted, .. } = report.counts;
        if report.dry_run || changed + failed + not_attempted == 0 {
            return None;
        }
        let news = |item: &&Item| !matches!(item.outcome, Outcome::Unchanged | Outcome::Skipped);
        Some(Self::RunFinished(RunFinished {
            function: function.to_owned(),
            actor: actor.to_owned(),
            request_id: request_id.to_owned(),
            summary: report.summary.clone(),
            ok: report.ok,
            counts: report.counts,
            items: report.items.iter().filter(news).take(LISTED).cloned().collect(),
        }))
    }

    /// The message.
    #[must_use]
    pub fn chat(&self) -> Chat {
        let Words { title, lines, next_steps, thread, context } = self.words();
        // Tags and AWS's reasons are in it: what ends a line in one of them must not begin another.
        let title = plain(&title);
        let mut description = lines.iter().map(|line| plain(line)).collect::<Vec<_>>().join("\n");
        if let Some((end, _)) = description.char_indices().nth(LONGEST) {
            description.truncate(end);
            description.push('…');
        }
        let context = context.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
        Chat {
            version: "1.0",
            source: "custom",
            metadata: ChatMetadata {
                thread_id: thread,
                summary: title.clone(),
                event_type: self.detail_type(),
                additional_context: context,
            },
            content: ChatContent { text_type: "client-markdown", title, description, next_steps },
        }
    }

    fn words(&self) -> Words {
        match self {
            Self::RunFinished(run) => {
                let mark = if run.ok { "" } else { "Not all was done: " };
                let failed = run.items.iter().filter(|item| item.outcome != Outcome::Changed);
                let failed = failed.map(|item| format!("{}: {}", item.resource, item.reason));
                Words::new(format!("{mark}{}", run.summary), format!("run {}", run.request_id))
                    .lines(failed)
                    .line(format!("By {}", run.actor))
            }
            Self::GoingOffSoon(soon) => {
                let GoingOffSoon { cluster, at, services, count, .. } = soon;
                let title =
                    format!("{cluster}: {} off at {at}", things(*count, "service goes", "services go"));
                Words::new(title, format!("off {cluster} {at}"))
                    .line(listed(services, *count))
                    .step("Keep them on for two hours more")
                    .context("cluster", cluster)
                    .context("service", only(services).map_or("", String::as_str))
            }
            Self::WillNotWake(will) => {
                let WillNotWake { cluster, services, count } = will;
                let title =
                    format!("{cluster}: {} not wake", things(*count, "service will", "services will"));
                let reasons = services.iter().map(|it| {
                    let reasons: Vec<&str> = it.because.iter().map(|it| it.reason.as_str()).collect();
                    format!("*{}*: {}", it.service, reasons.join("; "))
                });
                Words::new(title, format!("wake {cluster}"))
                    .lines(reasons)
                    .context("cluster", cluster)
                    .context("service", only(services).map_or("", |it| &it.service))
            }
            Self::LateToWake(LateToWake { services, count }) => {
                let title = things(*count, "service is late to wake", "services are late to wake");
                Words::of(title, "late", services)
            }
            Self::AtRisk(AtRisk { services, count }) => {
                let title = things(*count, "service comes", "services come") + " back by nobody";
                Words::of(title, "at risk", services)
            }
            Self::OverrideEndsSoon(OverrideEndsSoon { resource, override_, .. }) => {
                let title =
                    format!("{resource}: its override {} ends at {}", override_.state(), override_.until());
                let (cluster, service) = place(resource);
                Words::new(title, format!("override {resource}"))
                    .line(override_.to_string())
                    .step("Make it two hours longer")
                    .context("cluster", cluster)
                    .context("service", service)
            }
            Self::ImagesPruned(ImagesPruned { summary, deleted, archived, .. }) => {
                let lines = |of: &BTreeMap<String, usize>, did: &str| {
                    of.iter().map(|(name, count)| format!("*{name}*: {count} {did}")).collect::<Vec<_>>()
                };
                let lines = lines(deleted, "deleted").into_iter().chain(lines(archived, "archived"));
                Words::new(summary.clone(), "images".into()).lines(lines)
            }
        }
    }
}

/// What a message says.
struct Words {
    title: String,
    lines: Vec<String>,
    next_steps: Vec<String>,
    thread: String,
    context: Vec<(&'static str, String)>,
}

impl Words {
    fn new(title: String, thread: String) -> Self {
        Self { title, lines: Vec::new(), next_steps: Vec::new(), thread, context: Vec::new() }
    }

    /// Of services that something is said of: a button would act on the one, or in the one cluster, that is meant.
    fn of(title: String, thread: &str, services: &[Told]) -> Self {
        let clusters: BTreeSet<&str> = services.iter().map(|it| place(&it.resource).0).collect();
        // What is listed may be less than what is meant.
        let listed_all = services.len() < LISTED;
        let cluster =
            clusters.first().filter(|_| listed_all && clusters.len() == 1).copied().unwrap_or_default();
        let service = only(services).map_or("", |it| place(&it.resource).1);
        Self::new(title, thread.to_owned())
            .lines(services.iter().map(|it| format!("*{}*: {}", it.resource, it.reason)))
            .context("cluster", cluster)
            .context("service", service)
    }

    fn line(mut self, line: String) -> Self {
        self.lines.push(line);
        self
    }

    fn lines(mut self, lines: impl Iterator<Item = String>) -> Self {
        self.lines.extend(lines.take(SHOWN));
        self
    }

    fn step(mut self, step: &str) -> Self {
        self.next_steps.push(step.to_owned());
        self
    }

    fn context(mut self, key: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.context.push((key, value.to_owned()));
        }
        self
    }
}

/// The one thing that is meant, if it is one.
fn only<T>(things: &[T]) -> Option<&T> {
    things.first().filter(|_| things.len() == 1)
}

/// Cluster and service of `service/prod/users` or `cluster/prod`; empty where there is none.
fn place(resource: &str) -> (&str, &str) {
    let mut parts = resource.split('/');
    let kind = parts.next().unwrap_or_default();
    let cluster = parts.next().unwrap_or_default();
    let service = if kind == "service" { parts.next().unwrap_or_default() } else { "" };
    (cluster, service)
}

fn things(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn listed(names: &[String], count: usize) -> String {
    let mut shown: Vec<String> = names.iter().take(SHOWN).cloned().collect();
    if count > shown.len() {
        shown.push(format!("and {} more", count - shown.len()));
    }
    shown.join(", ")
}

/// The first of these, as many as stand in an event one by one.
#[must_use]
pub fn first<T>(mut all: Vec<T>) -> (Vec<T>, usize) {
    let count = all.len();
    all.truncate(LISTED);
    (all, count)
}

/// Whether an instant was reached since the tick before this one: then it is told now, and only now. Ticks are five
/// minutes apart.
#[must_use]
pub fn is_reached(at: Timestamp, now: Timestamp) -> bool {
    let since = now.duration_since(at);
    !since.is_negative() && since < TICK
}

/// From one tick to the next.
const TICK: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_cluster_and_the_service_where_exactly_one_is_meant() {
        let told = |resources: &[&str]| {
            let of = |resource: &&str| Told {
                resource: (*resource).to_owned(),
                code: Code::LateToWake,
                reason: "late".to_owned(),
            };
            let services: Vec<Told> = resources.iter().map(of).collect();
            let count = services.len();
            let chat = BusEvent::LateToWake(LateToWake { services, count }).chat();
            Value::Object(chat.metadata.additional_context)
        };
        let one = told(&["service/prod/users"]);
        assert_eq!(one, json!({"cluster": "prod", "service": "users"}));
        assert_eq!(told(&["service/prod/users", "service/prod/threads"]), json!({"cluster": "prod"}));
        assert_eq!(told(&["service/prod/users", "service/dev/users"]), json!({}));
        let many = vec!["service/prod/users"; LISTED];
        assert_eq!(told(&many), json!({}), "there may be more than stand in it");
    }

    #[test]
    fn a_run_is_told_where_it_changed_or_failed_at_something_and_its_message_lists_what_failed() {
        let run = |outcomes: &[Outcome], dry_run: bool| {
            let of = |(n, outcome): (usize, &Outcome)| {
                Item::<Value>::new(&format!("service/prod/s{n}"), *outcome, None, format!("reason {n}"))
            };
            let items = outcomes.iter().enumerate().map(of).collect();
            let report = Report::new("prod: something", dry_run, items, Vec::new());
            BusEvent::of_run(&report, "scale-service", "a bot", "id")
        };
        let (changed, failed, left) = (Outcome::Changed, Outcome::Failed, Outcome::NotAttempted);
        for of_one in [changed, failed, left] {
            assert!(run(&[of_one], false).is_some(), "{of_one}");
            assert!(run(&[of_one], true).is_none(), "a dry run, {of_one}");
        }
        assert!(run(&[changed, failed, left], false).is_some());
        assert!(run(&[Outcome::Unchanged, Outcome::Skipped], false).is_none());
        let told = run(&[changed, Outcome::Unchanged, failed, left], false).unwrap();
        let BusEvent::RunFinished(finished) = &told else { panic!("{told:?}") };
        let named: Vec<&str> = finished.items.iter().map(|item| item.resource.as_str()).collect();
        assert_eq!(named, ["service/prod/s0", "service/prod/s2", "service/prod/s3"]);
        let message = told.chat().content.description;
        assert!(message.contains("service/prod/s2: reason 2") && message.contains("reason 3"), "{message}");
        assert!(!message.contains("reason 0"), "{message}");
    }

    #[test]
    fn a_message_says_how_many_are_meant() {
        let soon = |count: usize| {
            BusEvent::GoingOffSoon(GoingOffSoon {
                cluster: "prod".to_owned(),
                at: crate::schedule::Zone::UTC.moment("2026-11-24T23:00:00Z".parse().unwrap()),
                services: vec!["users".to_owned()],
                count,
                keep_on: Vec::new(),
            })
        };
        let said = |event: &BusEvent| event.chat().content.title;
        assert_eq!(said(&soon(1)), "prod: 1 service goes off at 2026-11-24T23:00:00+00:00");
        assert_eq!(said(&soon(3)), "prod: 3 services go off at 2026-11-24T23:00:00+00:00");
        assert!(soon(3).chat().content.description.contains("users, and 2 more"));
        assert!(!soon(1).chat().content.description.contains("more"));
        let late = |count: usize| BusEvent::LateToWake(LateToWake { services: Vec::new(), count });
        assert_eq!(said(&late(1)), "1 service is late to wake");
        assert_eq!(said(&late(2)), "2 services are late to wake");
    }
}
