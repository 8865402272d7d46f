//! The week: every service and group of a cluster, and what each is in the coming days, hour by hour.
//!
//! It puts together what the agenda, the bedtime check and the savings say of the same fleet, so that one answer is
//! enough for a picture. Like them it is foretold: what people and autoscaling do until then is not known. Pure: no
//! AWS, no clock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use shared::Refusal;
use shared::autoscaling::Group;
use shared::ecs::{Failure, Service};
use shared::groups::Link;
use shared::schedule::{Moment, OnOff, Override, Want, Zone};
use shared::wake::{Because, CanWake};

use crate::ViewSettings;
use crate::agenda::{Entry, Foretold, Of, Shown, groups, services};
use crate::savings::{ResourceHours, Savings};
use crate::snapshot::AgendaLook;
use crate::steward::{NextChange, Status, Steward, override_of};
use crate::wake::WakeLines;

/// So many days are shown, today with them.
const DAYS: usize = 7;

/// A cluster's coming days.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Week {
    /// The cluster.
    pub cluster: String,
    /// The zone of its days: the deployment's, else the one that most of the cluster's schedules have, else UTC.
    pub zone: String,
    /// When it was looked at.
    pub now: Moment,
    /// What is not run from now until the last day ends, of all services together.
    #[serde(flatten)]
    pub saved: ResourceHours,
    /// The days, today first.
    pub days: Vec<Day>,
    /// Services first, then groups, each kind in the order of its names.
    pub week: Vec<Line>,
    /// What AWS could not find, and what has tags that can't be read: nothing happens to those.
    pub failures: Vec<Failure>,
}

/// A day on the clocks of the zone.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "WeekDay")]
pub struct Day {
    /// Its date: `2026-11-24`.
    pub date: String,
    /// When it begins.
    pub from: Moment,
    /// When it ends, and the next begins.
    pub until: Moment,
    /// How long it is: 23 or 25 hours where the clocks change.
    pub hours: f64,
}

/// A service or a group.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WeekLine")]
pub struct Line {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// `off` exactly when the desired count or capacity is 0.
    pub state: OnOff,
    /// How a service is, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The schedule that it follows, printed; `null` where it follows none.
    pub schedule: Option<String>,
    /// What it has while it is on: it goes off from it, and comes back with it.
    pub size: Shown,
    /// How many tasks it keeps while it is off, where a tag says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub night: Option<u32>,
    /// The override, its own or its cluster's: the live one, else one that has not begun.
    #[serde(rename = "override")]
    pub override_: Option<Override>,
    /// The next change of it that is known to come, and to what.
    pub next: Option<NextChange>,
    /// Why its next change would fail if nothing is mended until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_fail: Option<Refusal>,
    /// Whether a service that is off, or will be, wakes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_wake: Option<CanWake>,
    /// What there is to tell of that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Because>,
    /// What a service does not run from now until the last day ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved: Option<ResourceHours>,
    /// Tags that can't be read: nothing is done here until they are mended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// What it is when, in order. Of what was before now only the time since its record is known.
    pub spans: Vec<Span>,
}

/// A time in which a service or a group is as it is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "WeekSpan")]
pub struct Span {
    /// From when.
    pub from: Moment,
    /// Until when.
    pub until: Moment,
    /// What it is. Of one with a night size, `off` is that size.
    pub state: SpanState,
    /// How many tasks or instances it is to have.
    pub count: u32,
    /// What a live override wants then: it decides in place of the schedule.
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    pub override_: Option<Want>,
}

/// What something is for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "WeekState")]
pub enum SpanState {
    /// At its size.
    On,
    /// At none, or at its night size.
    Off,
    /// It was started, and has not been seen whole since.
    Starting,
}

/// The days of the week that begins today, on the clocks of the zone.
#[must_use]
pub fn days(seen: &AgendaLook, settings: &ViewSettings, now: Timestamp) -> Vec<Day> {
    let zone = zone(seen, settings);
    let day = |(date, from, until): (jiff::civil::Date, Timestamp, Timestamp)| Day {
        date: date.to_string(),
        hours: until.duration_since(from).as_secs_f64() / 3_600.0,
        from: zone.moment(from),
        until: zone.moment(until),
    };
    zone.days(now, DAYS).into_iter().map(day).collect()
}

/// The deployment's zone, else the one that most of the schedules have, else UTC.
fn zone(seen: &AgendaLook, settings: &ViewSettings) -> Zone {
    if let Some(zone) = settings.scheduling.catalog.zone() {
        return zone.clone();
    }
    let calendar = &settings.scheduling.calendar;
    let mut zones: BTreeMap<String, (usize, Zone)> = BTreeMap::new();
    let services = &seen.services;
    let of = |service: &Service| services::zone(service, &services.cluster_tags, settings);
    let group = |(group, link): &(Group, Link)| groups::zone(group, link, &services.cluster_tags, settings);
    for zone in services.services.iter().filter_map(of).chain(seen.groups.iter().filter_map(group)) {
        zones.entry(zone.name().to_owned()).or_insert((0, zone)).0 += 1;
    }
    // Of two with as many the first by name, whatever the order of the services.
    let most = zones.into_values().rev().max_by_key(|(count, _)| *count);
    most.map_or_else(|| calendar.zone.clone(), |(_, zone)| zone)
}

/// The week. `savings` is what was foretold of the same days.
#[must_use]
pub fn week(
    cluster: &str,
    seen: &AgendaLook,
    days: Vec<Day>,
    wake: &WakeLines,
    savings: Savings,
    settings: &ViewSettings,
    now: Timestamp,
) -> Week {
    let zone = days.first().map_or(Zone::UTC, |day| day.from.zone.clone());
    let (from, until) = match (days.first(), days.last()) {
        (Some(first), Some(last)) => (first.from.at, last.until.at),
        _ => (now, now),
    };
    let saved: BTreeMap<&str, ResourceHours> =
        savings.savings.iter().map(|one| (one.service.as_str(), one.hours)).collect();
    let look = Looking { seen, wake, saved, settings, zone: &zone, from, now, until };
    let mut services: Vec<&Service> = seen.services.services.iter().collect();
    services.sort_by(|a, b| a.service_name.cmp(&b.service_name));
    let mut lines: Vec<Line> = services.into_iter().map(|service| look.service(service)).collect();
    let mut failures = savings.failures;
    for (group, link) in &seen.groups {
        match look.group(group, link) {
            Ok(line) => lines.push(line),
            Err(Refusal { code, reason }) => failures.push(Failure {
                arn: group.auto_scaling_group_arn.clone(),
                reason: code.to_string(),
                detail: Some(reason),
            }),
        }
    }
    Week {
        cluster: cluster.to_owned(),
        zone: zone.name().to_owned(),
        now: zone.moment(shared::record::whole_seconds(now)),
        saved: savings.all,
        days,
        week: lines,
        failures,
    }
}

struct Looking<'a> {
    seen: &'a AgendaLook,
    wake: &'a WakeLines,
    saved: BTreeMap<&'a str, ResourceHours>,
    settings: &'a ViewSettings,
    zone: &'a Zone,
    from: Timestamp,
    now: Timestamp,
    until: Timestamp,
}

impl Looking<'_> {
    fn service(&self, service: &Service) -> Line {
        let (seen, settings, now) = (&self.seen.services, self.settings, self.now);
        let (target, tags) = (seen.target_of(service), &seen.cluster_tags);
        let steward = Steward::of(service, tags, target, seen.targets.is_some(), settings, now);
        let found = services::spans(service, target, tags, settings, (self.from, now, self.until));
        let entries = services::entries(service, target, tags, settings, now, self.until).unwrap_or_default();
        let count = u32::try_from(service.desired_count).unwrap_or(0);
        let Foretold { schedule, size, spans } = found.ok().flatten().unwrap_or_else(|| self.still(count));
        let verdict = self.wake.get(&service.service_arn).map(|line| line.verdict.clone());
        let (can_wake, because) = verdict.map(|it| (it.can_wake, it.because)).unzip();
        Line {
            of: Of::Service(service.service_name.clone()),
            state: steward.state,
            status: Some(steward.status),
            schedule,
            size,
            night: steward.night,
            override_: steward.override_,
            next: steward.next,
            would_fail: first_that_fails(entries),
            can_wake,
            because: because.unwrap_or_default(),
            saved: self.saved.get(service.service_name.as_str()).copied(),
            faults: steward.faults,
            spans: self.shown(spans),
        }
    }

    fn group(&self, group: &Group, link: &Link) -> Result<Line, Refusal> {
        let (tags, settings, now) = (&self.seen.services.cluster_tags, self.settings, self.now);
        let found = groups::spans(group, link, tags, settings, (self.from, now, self.until))?;
        let entries = groups::entries(group, link, tags, settings, now, self.until)?;
        let count = u32::try_from(group.desired_capacity).unwrap_or(0);
        let Foretold { schedule, size, spans } = found.unwrap_or_else(|| self.still(count));
        let own = group.tags_by_key();
        let mut of_cluster = tags.clone();
        of_cluster.remove(&settings.tags.schedule);
        let tagged = settings.scheduling.reading(&settings.tags).read(&own, Some(&of_cluster));
        Ok(Line {
            of: Of::AutoScalingGroup(group.auto_scaling_group_name.clone()),
            state: if count == 0 { OnOff::Off } else { OnOff::On },
            status: None,
            schedule,
            size,
            night: None,
            override_: override_of(&tagged, now),
            next: groups::next_change(group, link.managed_scaling, &of_cluster, settings, now),
            would_fail: first_that_fails(entries),
            can_wake: None,
            because: Vec::new(),
            saved: None,
            faults: Vec::new(),
            spans: self.shown(spans),
        })
    }

    /// What follows no schedule stays as it is.
    fn still(&self, count: u32) -> Foretold {
        let state = if count == 0 { SpanState::Off } else { SpanState::On };
        let (from, until) = (self.now, self.until);
        let span = crate::agenda::CourseSpan { from, until, state, count, override_: None };
        Foretold { schedule: None, size: Shown { count: Some(count), ..Shown::default() }, spans: vec![span] }
    }

    fn shown(&self, spans: Vec<crate::agenda::CourseSpan>) -> Vec<Span> {
        let moment = |at: Timestamp| self.zone.moment(shared::record::whole_seconds(at));
        let shown = |span: crate::agenda::CourseSpan| Span {
            from: moment(span.from),
            until: moment(span.until),
            state: span.state,
            count: span.count,
            override_: span.override_,
        };
        spans.into_iter().map(shown).collect()
    }
}

fn first_that_fails(entries: Vec<Entry>) -> Option<Refusal> {
    entries.into_iter().next().and_then(|entry| entry.would_fail)
}
