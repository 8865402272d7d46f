//! Tables: a service as it stands on a Tuesday morning in São Paulo (three hours behind UTC, no
//! summer time), and what comes.

mod groups;
mod spans;
mod waking;

use jiff::SignedDuration;
use shared::Code;
use shared::application_autoscaling::{ScalableTarget, Suspended};
use shared::autoscaling::{Group, SuspendedProcess};
use shared::ecs::Tag;
use shared::groups::{Link, LinkedBy};
use shared::schedule::{Catalog, Want, Zone};
use shared::tags::Tags;
use shared::wake::Waker;

use super::*;
use crate::request::Hours;
use crate::snapshot::Services;
use crate::steward::NextChange;
use crate::week::SpanState;

const OFFICE: &str = "Mon-Fri 08:00-20:00 America/Sao_Paulo";
/// `SCHED` stands for the hash of the service's own schedule, else of `OFFICE`.
const ON: &str = "v1 on@2026-11-24T11:00:00Z n=3 min=2 susp=--- sched=SCHED by=schedule";
const OFF: &str = "v1 off@2026-11-23T23:00:00Z n=3 min=2 susp=--- sched=SCHED by=schedule";

/// Stopped last night.
const STOPPED: &str = "v1 off@2026-11-24T23:00:00Z n=3 min=2 susp=--- sched=SCHED by=schedule";
const NIGHT: &str = "2026-11-24 22:00";
const WEDNESDAY: &str = "2026-11-25T08:00:00-03:00";

/// `2026-11-24 09:00` in São Paulo.
fn local(text: &str) -> Timestamp {
    format!("{}:00-03:00", text.replace(' ', "T")).parse().unwrap()
}

fn tag(name: &str, value: &str) -> Tag {
    Tag { key: format!("steward:{name}"), value: value.into() }
}

fn service(name: &str, count: i32, tags: &[(&str, &str)]) -> Service {
    let arn = "arn:aws:ecs:sa-east-1:123456789012";
    let schedule = tags.iter().find(|(name, _)| *name == "schedule").map(|(_, value)| *value);
    let schedule = settings().scheduling.catalog.in_force(schedule, Some(OFFICE));
    let sched = schedule.ok().flatten().map(|schedule| schedule.hash()).unwrap_or_default();
    Service {
        service_arn: format!("{arn}:service/prod/{name}"),
        service_name: name.into(),
        cluster_arn: format!("{arn}:cluster/prod"),
        status: "ACTIVE".into(),
        desired_count: count,
        scheduling_strategy: "REPLICA".into(),
        tags: tags.iter().map(|(name, value)| tag(name, &value.replace("SCHED", &sched))).collect(),
        ..Service::default()
    }
}

/// An override of Tuesday, between two times of São Paulo.
fn override_(state: &str, from: &str, until: &str) -> String {
    let at = |time: &str| local(&format!("2026-11-24 {time}"));
    format!("{state} from {} until {} by alice : why not", at(from), at(until))
}

fn cluster(services: Vec<Service>, tags: &[(&str, &str)]) -> AgendaLook {
    let cluster_tags =
        tags.iter().map(|(name, value)| (format!("steward:{name}"), (*value).into())).collect();
    AgendaLook { services: Services { services, targets: None, cluster_tags }, ..AgendaLook::default() }
}

fn settings() -> ViewSettings {
    let catalog: Catalog = r#"{"zone":"America/Sao_Paulo","schedules":{"office":"Mon-Fri 08:00-20:00"},"holidays":["2026-11-26"]}"#
        .parse()
        .unwrap();
    let calendar = catalog.calendar(jiff::SignedDuration::ZERO, true);
    let base = shared::settings::Scheduling::default();
    let reach = "*".parse().unwrap();
    let scheduling = shared::settings::Scheduling { catalog, calendar, reach, ..base };
    ViewSettings { scheduling, max_desired: 500, ..ViewSettings::default() }
}

fn look(seen: &AgendaLook, now: &str, hours: u32, settings: &ViewSettings) -> Agenda {
    let seen = AgendaLook { hours: Hours::try_from(hours).unwrap(), ..seen.clone() };
    agenda(&seen, &[], &WakeLines::new(), settings, local(now))
}

/// From this Tuesday's morning until a Monday nine weeks ahead.
fn for_nine_weeks(state: &str) -> String {
    format!("{state} from 2026-11-24T12:00:00Z until 2027-01-25T12:00:00Z by alice : why not")
}

fn shown_span(span: &CourseSpan) -> String {
    let state = match span.state {
        SpanState::Off => "off",
        SpanState::Starting => "starting",
        SpanState::On => "on",
    };
    format!("{state} {}", span.count)
}

/// `2026-11-24T20:00:00-03:00 off schedule`.
fn lines(agenda: &Agenda) -> Vec<String> {
    let line = |entry: &Entry| {
        let cause = if entry.cause == WantedBy::Schedule { "schedule" } else { "override" };
        format!("{} {} {cause}", entry.at, entry.to)
    };
    agenda.agenda.iter().map(line).collect()
}

/// Asserts what comes for one service that follows `OFFICE`, and has these tags and this count.
fn assert_comes(what: &str, (now, hours): (&str, u32), count: i32, tags: &[(&str, &str)], comes: &[&str]) {
    let mut all = vec![("schedule", OFFICE)];
    all.retain(|(name, _)| !tags.iter().any(|(other, _)| name == other));
    all.extend(tags);
    let found = look(&cluster(vec![service("users", count, &all)], &[]), now, hours, &settings());
    assert_eq!(lines(&found), comes, "{what}: {found:?}");
    assert_eq!(found.failures, [], "{what}");
}

const MORNING: &str = "2026-11-24 09:00";
const TONIGHT: &str = "2026-11-24T20:00:00-03:00 off schedule";
const TOMORROW: &str = "2026-11-25T08:00:00-03:00 on schedule";

#[test]
fn transitions_after_now_and_up_to_the_end_come_in_order() {
    let record = &[("record", ON)];
    assert_comes("a day", (MORNING, 24), 3, record, &[TONIGHT, TOMORROW]);
    assert_comes("up to it", (MORNING, 11), 3, record, &[TONIGHT]);
    assert_comes("short of it", (MORNING, 10), 3, record, &[]);
    assert_comes("what is now has come", ("2026-11-24 20:00", 12), 3, record, &[TOMORROW]);
    assert_comes("not yet adopted", (MORNING, 11), 3, &[], &[TONIGHT]);
    assert_comes("by name", (MORNING, 11), 3, &[("schedule", "office")], &[TONIGHT]);
    assert_comes("opted out", (MORNING, 168), 3, &[("schedule", "none")], &[]);
    assert_comes("always", (MORNING, 168), 3, &[("schedule", "always")], &[]);
    assert_comes(
        "a week with a holiday on Thursday",
        (MORNING, 96),
        3,
        record,
        &[
            TONIGHT,
            TOMORROW,
            "2026-11-25T20:00:00-03:00 off schedule",
            "2026-11-27T08:00:00-03:00 on schedule",
            "2026-11-27T20:00:00-03:00 off schedule",
        ],
    );
}

#[test]
fn while_an_override_is_live_only_its_end_comes() {
    let live = |state, from, until, now, comes: &[&str]| {
        let text = override_(state, from, until);
        let what = format!("{state} {from}-{until}");
        assert_comes(&what, (now, 23), 3, &[("override", &text), ("record", ON)], comes);
    };
    let morning = "2026-11-24 09:30";
    live("on", "09:00", "22:00", morning, &["2026-11-24T22:00:00-03:00 off override", TOMORROW]);
    live("off", "09:00", "15:00", morning, &["2026-11-24T15:00:00-03:00 on override", TONIGHT, TOMORROW]);
    // Then it goes on by its schedule: that is no change.
    live("on", "09:00", "15:00", morning, &[TONIGHT, TOMORROW]);
    live("hold", "09:00", "22:00", morning, &["2026-11-24T22:00:00-03:00 off override", TOMORROW]);
    // A hold that held nothing back ends without a change.
    live("hold", "09:00", "15:00", morning, &[TONIGHT, TOMORROW]);
    live("off", "08:30", "09:15", morning, &[TONIGHT, TOMORROW]);
    // One that is yet to begin, as a person may write it.
    live(
        "off",
        "12:00",
        "15:00",
        morning,
        &[
            "2026-11-24T12:00:00-03:00 off override",
            "2026-11-24T15:00:00-03:00 on override",
            TONIGHT,
            TOMORROW,
        ],
    );
    // It ends with the schedule's own transition.
    live("off", "09:00", "20:00", morning, &[TONIGHT, TOMORROW]);
}

#[test]
fn a_hold_over_what_was_never_recorded_ends_in_an_adoption_that_changes_nothing() {
    let hold = override_("hold", "09:00", "22:00");
    assert_comes("no record", ("2026-11-24 09:30", 23), 3, &[("override", &hold)], &[TOMORROW]);
}

#[test]
fn a_clusters_schedule_and_override_reach_what_has_none_of_its_own() {
    let services = || {
        vec![
            service("users", 3, &[("record", ON)]),
            service("threads", 1, &[("schedule", "none")]),
            service("posts", 5, &[("override", &override_("on", "09:00", "21:00")), ("record", ON)]),
        ]
    };
    let off = override_("off", "09:00", "15:00");
    let seen = cluster(services(), &[("schedule", OFFICE), ("override", &off)]);
    let found = look(&seen, "2026-11-24 09:30", 12, &settings());
    let told: Vec<_> = found.agenda.iter().map(|entry| (entry.of.clone(), entry.to)).collect();
    let [users, posts] = ["users", "posts"].map(|name| Of::Service(name.into()));
    assert_eq!(told, [(users.clone(), OnOff::On), (users, OnOff::Off), (posts, OnOff::Off)]);
    assert_eq!(lines(&found)[2], "2026-11-24T21:00:00-03:00 off override");
    assert!(look(&cluster(services(), &[]), MORNING, 10, &settings()).agenda.is_empty());
}

#[test]
fn an_off_is_said_again_only_to_what_runs() {
    let friday = "v1 off@2026-11-27T23:00:00Z n=3 sched=SCHED by=schedule";
    let again = "2026-11-28T20:00:00-03:00 off schedule";
    let monday = "2026-11-30T08:00:00-03:00 on schedule";
    let saturday = ("2026-11-28 12:00", 48);
    assert_comes("asleep", saturday, 0, &[("record", friday)], &[monday]);
    assert_comes("raised", saturday, 1, &[("record", friday)], &[again, monday]);
    let never = |count, comes: &[&str]| {
        assert_comes("never", (MORNING, 168), count, &[("schedule", "never"), ("record", ON)], comes);
    };
    never(0, &[]);
    let mut once = settings();
    once.scheduling.calendar.repeat_off = false;
    let seen = cluster(vec![service("users", 1, &[("schedule", OFFICE), ("record", friday)])], &[]);
    assert_eq!(lines(&look(&seen, saturday.0, saturday.1, &once)), [monday]);
}

#[test]
fn never_comes_at_the_next_midnight_for_what_runs() {
    let adopted = "v1 on@2026-11-24T11:59:00Z n=3 sched=SCHED by=adoption";
    let midnight = "2026-11-25T00:00:00-03:00 off schedule";
    assert_comes("never", (MORNING, 168), 3, &[("schedule", "never"), ("record", adopted)], &[midnight]);
}

#[test]
fn stop_only_leaves_the_mornings_to_people() {
    let tags = &[("half", "stop-only"), ("record", ON)];
    assert_comes("stop-only", (MORNING, 36), 3, tags, &[TONIGHT, "2026-11-25T20:00:00-03:00 off schedule"]);
}

#[test]
fn a_lead_moves_the_mornings_and_the_zone_of_each_window_shows_its_clock() {
    let mut early = settings();
    early.scheduling.calendar.lead = jiff::SignedDuration::from_mins(10);
    let seen = cluster(vec![service("users", 3, &[("schedule", OFFICE), ("record", ON)])], &[]);
    assert_eq!(lines(&look(&seen, MORNING, 24, &early)), [TONIGHT, "2026-11-25T07:50:00-03:00 on schedule"]);

    // Berlin's clocks go back in the night to 25 October.
    let berlin = "Mon-Sun 08:00-20:00 Europe/Berlin";
    let record = "v1 on@2026-10-24T06:00:00Z n=3 sched=SCHED by=schedule";
    assert_comes(
        "Berlin's autumn",
        ("2026-10-24 09:00", 24),
        3,
        &[("schedule", berlin), ("record", record)],
        &["2026-10-24T20:00:00+02:00 off schedule", "2026-10-25T08:00:00+01:00 on schedule"],
    );
}

#[test]
fn the_size_is_that_of_what_is_on_and_the_saved_one_of_what_is_off() {
    let awake = Suspended { dynamic_scaling_in: true, ..Suspended::default() };
    let target = |min, suspended| ScalableTarget {
        resource_id: "service/prod/users".into(),
        min_capacity: min,
        max_capacity: 6,
        suspended,
    };
    let asleep = target(0, Suspended::ALL);
    let size = |count, tags: &[(&str, &str)], target: Option<ScalableTarget>| {
        let all = [&[("schedule", OFFICE)], tags].concat();
        let mut seen = cluster(vec![service("users", count, &all)], &[]);
        seen.services.targets =
            Some(target.into_iter().map(|target| (target.resource_id.clone(), target)).collect());
        let found = look(&seen, MORNING, 24, &settings());
        let Shown { count, min, suspended } = found.agenda[0].size.clone();
        assert!(found.agenda.iter().all(|entry| entry.size == found.agenda[0].size), "{found:?}");
        (count, min, suspended)
    };
    let shown = |count, min, suspended: &str| (Some(count), Some(min), Some(suspended.to_owned()));
    let live = Some(target(1, awake));
    assert_eq!(size(5, &[("record", ON)], live.clone()), shown(5, 1, "i--"), "as it is now");
    assert_eq!(size(5, &[], None), (Some(5), None, None), "without autoscaling");
    assert_eq!(size(0, &[("record", ON)], live), shown(3, 1, "i--"), "a queue worker at 0");
    let off = [("record", OFF), ("size", "n=9")];
    assert_eq!(size(0, &off, Some(asleep.clone())), shown(3, 2, "---"), "as it was");
    assert_eq!(size(1, &off, Some(asleep.clone())), shown(3, 2, "---"), "raised at night is temporary");
    let lost = [("size", "n=4 min=2 susp=---")];
    assert_eq!(size(0, &lost, Some(asleep)), shown(4, 2, "---"), "its record was lost");
    assert_eq!(size(0, &[("size", "n=4 min=2 susp=---")], None), shown(4, 2, "---"), "as it was tagged");
}

#[test]
fn what_would_fail_says_why() {
    let full: Vec<String> = (0..49).map(|n| format!("tag{n}")).collect();
    let full: Vec<(&str, &str)> = full.iter().map(|name| (name.as_str(), "")).collect();
    let would_fail = |service: Service, target: Option<u32>| {
        let mut seen = cluster(vec![service], &[("schedule", OFFICE)]);
        let target = target.map(|max_capacity| ScalableTarget { max_capacity, ..ScalableTarget::default() });
        seen.services.targets =
            Some(target.into_iter().map(|target| ("service/prod/users".into(), target)).collect());
        let found = look(&seen, MORNING, 24, &settings());
        assert_eq!(lines(&found), [TONIGHT, TOMORROW]);
        let codes = found.agenda.iter().map(|entry| entry.would_fail.as_ref().map(|fails| fails.code));
        codes.collect::<Vec<_>>()
    };
    let users = |count, tags: &[(&str, &str)]| service("users", count, tags);
    let mut short = users(3, &[]);
    short.service_arn = "arn:aws:ecs:sa-east-1:123456789012:service/users".into();
    let none: [Option<Code>; 2] = [None, None];
    let on = |code| [None, Some(code)];
    let both = |code| [Some(code), Some(code)];
    let off_without_size = "v1 off@2026-11-23T23:00:00Z sched=SCHED by=schedule";
    assert_eq!(would_fail(users(3, &[]), Some(6)), none);
    assert_eq!(would_fail(users(0, &[]), None), on(Code::NoSavedSize));
    assert_eq!(would_fail(users(0, &[("record", off_without_size)]), None), on(Code::NoSavedSize));
    assert_eq!(would_fail(users(0, &[("size", "three")]), None), on(Code::SizeUnreadable));
    assert_eq!(would_fail(users(0, &[("size", "n=3")]), None), none);
    assert_eq!(would_fail(users(3, &[]), Some(0)), on(Code::OutsideBounds));
    assert_eq!(would_fail(short, None), both(Code::ShortArn));
    assert_eq!(would_fail(users(3, &full), None), none, "one place is left");
    let over = [full.as_slice(), &[("tag49", "")]].concat();
    assert_eq!(would_fail(users(3, &over), None), both(Code::TooManyTags));
    let recorded = [full.as_slice(), &[("record", ON)]].concat();
    assert_eq!(would_fail(users(3, &recorded), None), none, "the record has its place");
}

#[test]
fn tags_that_cannot_be_read_are_failures_once_and_do_not_stop_the_others() {
    let scheduled = [("schedule", OFFICE)];
    let with = |name: &str, tag: (&'static str, &'static str)| {
        service(name, 1, &[&[tag], scheduled.as_slice()].concat())
    };
    let mut daemon = with("agent", ("record", "asleep"));
    daemon.scheduling_strategy = "DAEMON".into();
    let seen = cluster(
        vec![
            service("zebra", 1, &scheduled),
            with("record", ("record", "asleep")),
            with("override", ("override", "on")),
            service("badly", 1, &[("schedule", "Mon-Fri 08:00-25:00 UTC")]),
            with("half", ("half", "whole")),
            with("drift", ("drift", "away")),
            // What follows no schedule is nobody's concern here.
            service("alone", 1, &[("record", "asleep")]),
            daemon,
        ],
        &[],
    );
    let found = look(&seen, MORNING, 24, &settings());
    assert_eq!(lines(&found), [TONIGHT, TOMORROW]);
    let told: Vec<_> = found
        .failures
        .iter()
        .map(|failure| (shared::names::short_name(&failure.arn), failure.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("badly", "scheduleUnreadable"),
            ("drift", "scheduleUnreadable"),
            ("half", "scheduleUnreadable"),
            ("override", "overrideUnreadable"),
            ("record", "recordUnreadable"),
        ]
    );
}

#[test]
fn what_is_due_now_is_taken_as_done_by_the_next_tick() {
    // At 20:01, before the tick: the stop is not coming any more, and it comes back with 5.
    let seen = cluster(vec![service("users", 5, &[("schedule", OFFICE), ("record", ON)])], &[]);
    let found = look(&seen, "2026-11-24 20:01", 24, &settings());
    assert_eq!(lines(&found), [TOMORROW, "2026-11-25T20:00:00-03:00 off schedule"]);
    assert_eq!(found.agenda[0].size.count, Some(5));
}

#[test]
fn an_edited_schedule_and_the_policy_enforce_are_seen_to_by_the_next_tick() {
    // Stopped by a schedule that is no more: on at the next tick, so tonight's stop is the first.
    let edited = "v1 off@2026-11-24T11:30:00Z n=3 sched=01234567 by=schedule";
    assert_comes("edited", (MORNING, 12), 0, &[("record", edited)], &[TONIGHT]);
    // Raised in the night, and held: enforce makes it as wanted when the hold ends, once does not.
    let hold = override_("hold", "21:00", "23:00");
    let off = "v1 off@2026-11-24T23:00:00Z n=3 sched=SCHED by=schedule";
    let night = ("2026-11-24 22:00", 11);
    let tags = [("override", hold.as_str()), ("record", off)];
    assert_comes("once", night, 1, &tags, &[TOMORROW]);
    let enforce = [tags.as_slice(), &[("drift", "enforce")]].concat();
    assert_comes("enforce", night, 1, &enforce, &["2026-11-24T23:00:00-03:00 off override", TOMORROW]);
}

#[test]
fn a_stop_that_was_begun_is_finished_before_anything_comes() {
    let stopping = "v1 stopping@2026-11-24T11:30:00Z n=3 sched=SCHED by=request";
    assert_comes("stopping", (MORNING, 24), 3, &[("record", stopping)], &[TONIGHT, TOMORROW]);
}

/// A group `machines` of 2 (1 to 4), with these tags; asleep where its desired capacity is 0.
fn machines(desired: i32, tags: &[(&str, &str)]) -> Group {
    let tag = |(name, value): &(&str, &str)| shared::autoscaling::Tag {
        key: format!("steward:{name}"),
        value: (*value).into(),
        propagate_at_launch: false,
    };
    let asleep = ["AlarmNotification", "ScheduledActions"]
        .map(|name| SuspendedProcess { process_name: name.into(), suspension_reason: String::new() });
    Group {
        auto_scaling_group_name: "machines".into(),
        auto_scaling_group_arn: "arn:machines".into(),
        min_size: desired.min(1),
        desired_capacity: desired,
        max_size: 4,
        suspended_processes: if desired == 0 { asleep.into() } else { Vec::new() },
        tags: tags.iter().map(tag).collect(),
        ..Group::default()
    }
}

/// A scalable target of 0 to 6 and the like.
fn target(min: u32, suspended: Suspended) -> ScalableTarget {
    let resource_id = "service/prod/users".into();
    ScalableTarget { resource_id, min_capacity: min, max_capacity: 6, suspended }
}

fn users(count: i32, tags: &[(&str, &str)]) -> Service {
    let mut all = vec![("schedule", OFFICE)];
    all.retain(|(name, _)| !tags.iter().any(|(other, _)| name == other));
    service("users", count, &[&all, tags].concat())
}

#[test]
fn the_next_change_is_found_however_far_ahead_it_is_and_what_is_due_is_the_next() {
    let next = |now: &str, count: i32, tags: &[(&str, &str)]| {
        let change = services::next_change(&users(count, tags), None, &Tags::new(), &settings(), local(now));
        change.map(|NextChange { at, to }| format!("{at} {to}"))
    };
    let record = [("record", ON)];
    assert_eq!(next(MORNING, 3, &record).unwrap(), "2026-11-24T20:00:00-03:00 off");
    assert_eq!(next(NIGHT, 0, &[("record", STOPPED)]).unwrap(), "2026-11-25T08:00:00-03:00 on");
    assert_eq!(next(MORNING, 3, &[("schedule", "always"), ("record", ON)]), None);
    // Due already, and it waits for the next tick.
    assert_eq!(next("2026-11-24 20:01", 3, &record).unwrap(), "2026-11-24T20:00:00-03:00 off");
    // The override that had started it is gone: the start is finished first.
    let starting = "v1 starting@2026-11-24T23:30:00Z n=3 sched=SCHED by=override";
    let orphaned = [("record", starting)];
    assert_eq!(next("2026-11-24 20:35", 3, &orphaned).unwrap(), "2026-11-24T20:00:00-03:00 off");
    // Its evenings are none while somebody keeps it on: the first is that of the day on which that ends.
    let on = for_nine_weeks("on");
    let kept = [("override", on.as_str()), ("record", ON)];
    assert_eq!(next(MORNING, 3, &kept).unwrap(), "2027-01-25T20:00:00-03:00 off");
}

#[test]
fn an_off_that_is_said_again_is_its_schedules_whatever_override_there_is_besides() {
    let friday = "v1 off@2026-11-27T23:00:00Z n=3 sched=SCHED by=schedule";
    let sunday = "off from 2026-11-29T12:00:00-03:00 until 2026-11-29T13:00:00-03:00 by alice : why not";
    assert_comes(
        "raised on a Saturday",
        ("2026-11-28 12:00", 48),
        1,
        &[("record", friday), ("override", sunday)],
        &[
            "2026-11-28T20:00:00-03:00 off schedule",
            "2026-11-29T12:00:00-03:00 off override",
            "2026-11-30T08:00:00-03:00 on schedule",
        ],
    );
}

#[test]
fn a_weeks_days_are_those_of_the_zone_that_most_schedules_have_the_groups_among_them() {
    let mut settings = settings();
    settings.scheduling.catalog = Catalog::default();
    settings.scheduling.calendar = Catalog::default().calendar(SignedDuration::ZERO, true);
    let group = |name: &str, schedule: &str| {
        let group = machines(2, &[("schedule", schedule)]);
        (Group { auto_scaling_group_name: name.into(), ..group }, Link::default())
    };
    let zone = |groups: Vec<(Group, Link)>| {
        let seen = AgendaLook { groups, ..cluster(vec![users(3, &[])], &[]) };
        crate::week::days(&seen, &settings, local(MORNING))[0].from.zone.name().to_owned()
    };
    let tokyo = ["Mon-Fri 08:00-20:00 Asia/Tokyo", "Mon-Fri 09:00-18:00 Asia/Tokyo"];
    assert_eq!(zone(Vec::new()), "America/Sao_Paulo");
    assert_eq!(zone(vec![group("a", "none"), group("b", "none")]), "America/Sao_Paulo");
    assert_eq!(zone(vec![group("a", tokyo[0]), group("b", tokyo[1])]), "Asia/Tokyo");
}
