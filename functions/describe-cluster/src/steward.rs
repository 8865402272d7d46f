//! What ecs-steward knows of a service: the `steward` object beside it.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use shared::Refusal;
use shared::application_autoscaling::ScalableTarget;
use shared::ecs::{Service, ServiceEvent};
use shared::names::short_name;
use shared::record::{By, Record, State};
use shared::schedule::{Moment, OnOff, Override, Tagged, Wanted, wanted};
use shared::wake::{Because, CanWake};

use crate::ViewSettings;
use crate::agenda::services;

/// What ecs-steward knows of a service.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OfService")]
pub struct Steward {
    /// `off` exactly when the desired count is 0.
    pub state: OnOff,
    /// How it is, in a word.
    pub status: Status,
    /// What made it on or off.
    pub why: Option<Why>,
    /// The schedule in force, printed; `null` where there is none.
    pub schedule: Option<String>,
    /// What is wanted now, since when, until when, and because of what.
    pub wanted: Option<Wanted>,
    /// How many tasks it keeps while it is off, where a tag says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub night: Option<u32>,
    /// The next change of it that is known to come, and to what: not the evening of what is off already. One of
    /// now or before is due, and waits for the next reconcile.
    pub next: Option<NextChange>,
    /// The override, its own or its cluster's: the live one, else one that has not begun.
    #[serde(rename = "override")]
    pub override_: Option<Override>,
    /// The record, read; `null` where there is none.
    #[schemars(with = "Option<ShownRecord<Record>>")]
    pub record: Option<Value>,
    /// What autoscaling may do; left out where it was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ScalableTarget>")]
    pub scalable_target: Option<Value>,
    /// Whether it will wake, where that was asked for and it is off or will be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_wake: Option<CanWake>,
    /// What there is to tell of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<Vec<Because>>,
    /// Tags that can't be read: nothing is done here until they are mended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// How a service is, in a word. The first line that fits:
///
/// | word | when |
/// |---|---|
/// | `waking` | its record says `starting`: it was started, and has not been seen whole since |
/// | `off` | the desired count is 0, and nothing runs or starts |
/// | `scaling` | the desired count is 0, and something still runs or starts |
/// | `steady` | one deployment, done, and as many tasks run as are desired |
/// | `degraded` | fewer tasks run than are desired, and ECS says that it cannot: the deployment has failed, tasks of it have failed to start, or its newest event says that it was unable to |
/// | `deploying` | a deployment is in progress, or there are two |
/// | `scaling` | tasks are on their way up or down, or ECS did something here within the last 5 minutes |
/// | `degraded` | fewer tasks run than are desired, and nothing happens |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// As it should be.
    Steady,
    /// Between two task definitions.
    Deploying,
    /// Between two counts.
    Scaling,
    /// Coming back.
    Waking,
    /// At zero.
    Off,
    /// Short of tasks.
    Degraded,
}

impl Status {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Deploying => "deploying",
            Self::Scaling => "scaling",
            Self::Waking => "waking",
            Self::Off => "off",
            Self::Degraded => "degraded",
        }
    }
}

/// What made a service on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// A transition of its schedule.
    Schedule,
    /// An override.
    Override,
    /// A request.
    Request,
    /// Somebody or something else: it differs from its record, or was adopted so.
    Person,
}

/// A record as it is shown.
#[derive(JsonSchema)]
#[schemars(inline, untagged)]
#[expect(dead_code, reason = "its schema is what it is for: a record is shown as JSON")]
pub(crate) enum ShownRecord<R> {
    /// Read.
    Read(R),
    /// What is wrong with its text.
    Unreadable {
        /// In words.
        unreadable: String,
    },
}

/// A transition that will change something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NextChange {
    /// When, in the schedule's zone.
    pub at: Moment,
    /// What.
    pub to: OnOff,
}

/// How long after its last event ECS may still be about something.
const ABOUT: SignedDuration = SignedDuration::from_mins(5);

impl Steward {
    /// What is known of a service with these tags; `targets` says whether targets were looked at.
    #[must_use]
    pub fn of(
        service: &Service,
        cluster_tags: &std::collections::BTreeMap<String, String>,
        target: Option<&ScalableTarget>,
        targets: bool,
        settings: &ViewSettings,
        now: Timestamp,
    ) -> Self {
        let tags = service.tags_by_key();
        let calendar = &settings.scheduling.calendar;
        let reading = settings.scheduling.reading_services(&settings.tags, short_name(&service.cluster_arn));
        let tagged = reading.read(&tags, Some(cluster_tags));
        let record = tags.get(&settings.tags.record).map(|text| text.parse::<Record>());
        let readable = record.as_ref().and_then(|record| record.as_ref().ok());
        let standing = tagged.standing().ok();
        let mut faults: Vec<String> = faults(&tagged).map(|fault| fault.reason.clone()).collect();
        if let Some(Err(fault)) = &record {
            faults.push(format!("its tag {} can't be read: {fault}", settings.tags.record));
        }
        Self {
            state: if service.desired_count == 0 { OnOff::Off } else { OnOff::On },
            status: status(service, readable, now),
            why: readable.map(|record| why(service, record)),
            schedule: tagged.schedule.as_ref().ok().and_then(Option::as_ref).map(ToString::to_string),
            night: tagged.night.clone().ok().filter(|night| *night > 0),
            wanted: standing.and_then(|standing| wanted(&standing, now, calendar)),
            next: services::next_change(service, target, cluster_tags, settings, now),
            override_: override_of(&tagged, now),
            record: record.map(|record| match record {
                Ok(record) => json!(record),
                Err(fault) => json!({ "unreadable": fault.to_string() }),
            }),
            scalable_target: targets.then(|| json!(target)),
            can_wake: None,
            because: None,
            faults,
        }
    }
}

/// The override that is shown: the live one, its own before its cluster's, else one that has not begun.
pub(crate) fn override_of(tagged: &Tagged, now: Timestamp) -> Option<Override> {
    let both = [&tagged.own, &tagged.clusters].into_iter().filter_map(|it| it.as_ref().ok()?.as_ref());
    let both: Vec<&Override> = both.filter(|it| !it.is_over(now)).collect();
    both.iter().find(|it| it.is_live(now)).or(both.first()).copied().cloned()
}

/// Every tag that can't be read.
pub(crate) fn faults(tagged: &Tagged) -> impl Iterator<Item = &Refusal> {
    [
        tagged.schedule.as_ref().err(),
        tagged.own.as_ref().err(),
        tagged.clusters.as_ref().err(),
        tagged.drift.as_ref().err(),
        tagged.half.as_ref().err(),
        tagged.night.as_ref().err(),
    ]
    .into_iter()
    .flatten()
}

fn why(service: &Service, record: &Record) -> Why {
    // Off, it may keep its night size.
    let kept = if record.state.is_on() { 0 } else { record.night };
    let is_on = i64::from(service.desired_count) > i64::from(kept);
    if is_on != record.state.is_on() {
        return Why::Person;
    }
    match record.by {
        Some(By::Schedule) => Why::Schedule,
        Some(By::Override) => Why::Override,
        Some(By::Request) => Why::Request,
        Some(By::Adoption) | None => Why::Person,
    }
}

/// How a service is: see [`Status`].
#[must_use]
pub fn status(service: &Service, record: Option<&Record>, now: Timestamp) -> Status {
    if record.is_some_and(|record| record.state == State::Starting) {
        return Status::Waking;
    }
    let (desired, running, pending) = (service.desired_count, service.running_count, service.pending_count);
    if desired == 0 {
        return if running + pending == 0 { Status::Off } else { Status::Scaling };
    }
    let short = running < desired;
    if running == desired && pending == 0 && !service.is_deploying() {
        return Status::Steady;
    }
    if short && is_stuck(service) {
        return Status::Degraded;
    }
    if service.is_deploying() {
        return Status::Deploying;
    }
    let since = |at: Timestamp| now.duration_since(at);
    let newest = newest(service).and_then(|event| event.created_at);
    if running + pending >= desired || newest.is_some_and(|at| since(at) < ABOUT) {
        return Status::Scaling;
    }
    Status::Degraded
}

/// ECS says that it can't bring up what is missing.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
fn is_stuck(service: &Service) -> bool {
    let primary = service.deployments.iter().find(|deployment| deployment.status == "PRIMARY");
    primary.is_some_and(|it| it.failed_tasks > 0 || it.rollout_state.as_deref() == Some("FAILED"))
        || newest(service).is_some_and(|event| event.message.contains("was unable to"))
}

fn newest(service: &Service) -> Option<&ServiceEvent> {
    service.events.iter().max_by_key(|event| event.created_at)
}

#[cfg(test)]
mod tests {
    use shared::ecs::Deployment;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn service(desired: i32, running: i32, pending: i32) -> Service {
        let primary = Deployment { status: "PRIMARY".into(), ..Deployment::default() };
        Service {
            desired_count: desired,
            running_count: running,
            pending_count: pending,
            deployments: vec![primary],
            ..Service::default()
        }
    }

    fn event(minutes_ago: i64, message: &str) -> ServiceEvent {
        let at = now() - SignedDuration::from_mins(minutes_ago);
        ServiceEvent { created_at: Some(at), message: message.into(), ..ServiceEvent::default() }
    }

    #[test]
    fn a_services_status_is_the_first_line_of_the_table_that_fits() {
        let with = |mut service: Service, change: fn(&mut Service)| {
            change(&mut service);
            service
        };
        let two = |s: &mut Service| s.deployments.push(Deployment::default());
        let failed = |s: &mut Service| s.deployments[0].failed_tasks = 3;
        let rolled = |s: &mut Service| s.deployments[0].rollout_state = Some("FAILED".into());
        let unable = |s: &mut Service| s.events.push(event(30, "(service users) was unable to place a task"));
        let busy = |s: &mut Service| s.events.push(event(4, "(service users) has started 2 tasks"));
        let quiet = |s: &mut Service| s.events.push(event(5, "(service users) has started 2 tasks"));
        let over = |s: &mut Service| {
            s.events.push(event(30, "(service users) was unable to place a task"));
            s.events.push(event(1, "(service users) has started 2 tasks"));
        };
        for (service, expected) in [
            (service(0, 0, 0), Status::Off),
            (service(0, 2, 0), Status::Scaling),
            (service(0, 0, 1), Status::Scaling),
            (service(3, 3, 0), Status::Steady),
            (with(service(3, 3, 0), failed), Status::Steady),
            (with(service(3, 3, 0), two), Status::Deploying),
            (with(service(3, 1, 2), two), Status::Deploying),
            (with(service(3, 1, 2), failed), Status::Degraded),
            (with(service(3, 1, 0), rolled), Status::Degraded),
            (with(service(3, 1, 0), unable), Status::Degraded),
            (with(service(3, 1, 0), over), Status::Scaling),
            (service(3, 1, 2), Status::Scaling),
            (service(3, 5, 0), Status::Scaling),
            (with(service(3, 1, 0), busy), Status::Scaling),
            (with(service(3, 1, 0), quiet), Status::Degraded),
            (service(3, 1, 0), Status::Degraded),
        ] {
            assert_eq!(status(&service, None, now()), expected, "{service:?}");
        }
    }

    #[test]
    fn a_service_is_waking_exactly_while_its_record_says_starting() {
        let of = |service: &Service, record: &str| status(service, Some(&record.parse().unwrap()), now());
        let (short, up) = (service(3, 1, 0), service(3, 3, 0));
        let starting = "v1 starting@2026-11-24T08:00:00Z n=3 by=schedule";
        assert_eq!((of(&short, starting), of(&up, starting)), (Status::Waking, Status::Waking));
        let on = "v1 on@2026-11-24T11:59:00Z n=3 by=schedule";
        assert_eq!((of(&short, on), of(&up, on)), (Status::Degraded, Status::Steady));
    }

    #[test]
    fn why_is_what_the_record_says_and_a_person_where_the_service_differs() {
        for (count, record, expected) in [
            (0, "v1 off@2026-11-24T00:00:00Z n=3 by=schedule", Why::Schedule),
            (0, "v1 stopping@2026-11-24T00:00:00Z n=3 by=request", Why::Request),
            (2, "v1 on@2026-11-24T00:00:00Z n=3 by=override", Why::Override),
            (2, "v1 starting@2026-11-24T00:00:00Z n=3 by=schedule", Why::Schedule),
            (2, "v1 off@2026-11-24T00:00:00Z n=3 by=schedule", Why::Person),
            (0, "v1 on@2026-11-24T00:00:00Z n=3 by=schedule", Why::Person),
            (2, "v1 on@2026-11-24T00:00:00Z n=3 by=adoption", Why::Person),
        ] {
            assert_eq!(why(&service(count, count, 0), &record.parse().unwrap()), expected, "{record}");
        }
    }
}
