//! Tables: a service as it stands on a Tuesday morning in São Paulo (three hours behind UTC, no
//! summer time), and what comes.

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

fn with_machines(group: Group, managed_scaling: bool, tags: &[(&str, &str)]) -> AgendaLook {
    let services = vec![service("users", 3, &[("schedule", OFFICE), ("record", ON)])];
    let link = Link { managed_scaling, ..Link::default() };
    AgendaLook { groups: vec![(group, link)], ..cluster(services, tags) }
}

/// `20:00 off users`, in order.
fn told(agenda: &Agenda) -> Vec<String> {
    let line = |entry: &Entry| {
        let (Of::Service(name) | Of::AutoScalingGroup(name)) = &entry.of;
        format!("{} {} {name}", &entry.at.to_string()[11..16], entry.to)
    };
    agenda.agenda.iter().map(line).collect()
}

const SLEEPS: &str = "v1 off@2026-11-23T23:00:00Z n=2 min=1 susp=a- cluster=prod sched=74b7ae5d by=schedule";

#[test]
fn machines_go_after_their_services_and_come_before_them() {
    let seen = with_machines(machines(2, &[("schedule", OFFICE)]), false, &[]);
    let found = look(&seen, MORNING, 24, &settings());
    assert_eq!(
        told(&found),
        ["20:00 off users", "20:00 off machines", "08:00 on machines", "08:00 on users"]
    );
    let size = Shown { count: Some(2), min: Some(1), suspended: Some("--".into()) };
    assert_eq!((&found.agenda[1].size, &found.agenda[2].size), (&size, &size));
    assert_eq!(found.agenda[1].would_fail, None);
    let json = serde_json::to_value(&found.agenda[1]).unwrap();
    assert_eq!((&json["autoScalingGroup"], json.get("service")), (&"machines".into(), None));
}

#[test]
fn a_group_that_sleeps_comes_back_with_what_its_record_saved() {
    let seen = with_machines(machines(0, &[("schedule", OFFICE), ("record", SLEEPS)]), false, &[]);
    let found = look(&seen, "2026-11-24 07:00", 2, &settings());
    assert_eq!(told(&found), ["08:00 on machines"], "{found:?}");
    let size = Shown { count: Some(2), min: Some(1), suspended: Some("a-".into()) };
    assert_eq!(found.agenda[0].size, size);
}

#[test]
fn a_group_follows_its_own_schedule_and_its_clusters_override() {
    let office = [("schedule", OFFICE)];
    let unscheduled = with_machines(machines(2, &[]), false, &office);
    assert_eq!(told(&look(&unscheduled, MORNING, 12, &settings())), ["20:00 off users"]);
    let off = override_("off", "12:00", "14:00");
    let overridden = with_machines(machines(2, &office), false, &[("override", &off)]);
    assert_eq!(
        told(&look(&overridden, MORNING, 6, &settings())),
        ["12:00 off users", "12:00 off machines", "14:00 on machines", "14:00 on users"]
    );
}

#[test]
fn a_group_that_ecs_sizes_or_that_is_being_deleted_has_no_agenda() {
    let office = [("schedule", OFFICE)];
    let services_alone = ["20:00 off users"];
    let managed = with_machines(machines(2, &office), true, &[]);
    assert_eq!(told(&look(&managed, MORNING, 12, &settings())), services_alone);
    let deleted = Group { status: Some("Delete in progress".into()), ..machines(2, &office) };
    assert_eq!(told(&look(&with_machines(deleted, false, &[]), MORNING, 12, &settings())), services_alone);
    // What was told to sleep wakes again, whoever sizes it by day.
    let sleeps = with_machines(machines(0, &[("schedule", OFFICE), ("record", SLEEPS)]), true, &[]);
    assert_eq!(told(&look(&sleeps, "2026-11-24 07:00", 2, &settings())), ["08:00 on machines"]);
}

#[test]
fn what_would_fail_of_a_group_says_why() {
    let would_fail = |group: Group| {
        let found = look(&with_machines(group, false, &[]), MORNING, 24, &settings());
        let groups = found.agenda.iter().filter(|entry| matches!(entry.of, Of::AutoScalingGroup(_)));
        groups.map(|entry| entry.would_fail.as_ref().map(|fails| fails.code)).collect::<Vec<_>>()
    };
    let office = ("schedule", OFFICE);
    assert_eq!(would_fail(machines(0, &[office])), [None, Some(Code::NoSavedSize)]);
    assert_eq!(would_fail(machines(0, &[office, ("size", "two")])), [None, Some(Code::SizeUnreadable)]);
    assert_eq!(would_fail(machines(0, &[office, ("size", "n=2")])), [None, None]);
    let no_room = Group { max_size: 0, ..machines(2, &[office]) };
    assert_eq!(would_fail(no_room), [None, Some(Code::OutsideGroupBounds)]);
    let names: Vec<String> = (0..49).map(|n| format!("tag{n}")).collect();
    let full: Vec<(&str, &str)> =
        std::iter::once(office).chain(names.iter().map(|name| (name.as_str(), ""))).collect();
    assert_eq!(would_fail(machines(2, &full)), [Some(Code::TooManyTags); 2]);
    let unreadable = with_machines(machines(2, &[office, ("record", "asleep")]), false, &[]);
    let found = look(&unreadable, MORNING, 12, &settings());
    assert_eq!(
        (found.failures[0].arn.as_str(), told(&found)),
        ("arn:machines", vec!["20:00 off users".into()])
    );
}

/// A scalable target of 0 to 6 and the like.
fn target(min: u32, suspended: Suspended) -> ScalableTarget {
    let resource_id = "service/prod/users".into();
    ScalableTarget { resource_id, min_capacity: min, max_capacity: 6, suspended }
}

/// Who wakes a service, and when: `-` where it does not sleep, nor will.
fn waker(service: &Service, target: Option<&ScalableTarget>, now: &str, settings: &ViewSettings) -> String {
    match services::sleeper(service, target, &Tags::new(), settings, local(now)).map(|it| it.waker) {
        None => "-".into(),
        Some(Waker::Reconcile(at)) => at.to_string(),
        Some(Waker::People) => "people".into(),
        Some(Waker::Nobody(_)) => "nobody".into(),
    }
}

fn users(count: i32, tags: &[(&str, &str)]) -> Service {
    let mut all = vec![("schedule", OFFICE)];
    all.retain(|(name, _)| !tags.iter().any(|(other, _)| name == other));
    service("users", count, &[&all, tags].concat())
}

/// From this Tuesday's morning until a Monday nine weeks ahead.
fn for_nine_weeks(state: &str) -> String {
    format!("{state} from 2026-11-24T12:00:00Z until 2027-01-25T12:00:00Z by alice : why not")
}

/// Stopped last night.
const STOPPED: &str = "v1 off@2026-11-24T23:00:00Z n=3 min=2 susp=--- sched=SCHED by=schedule";
const NIGHT: &str = "2026-11-24 22:00";
const WEDNESDAY: &str = "2026-11-25T08:00:00-03:00";

#[test]
fn what_sleeps_comes_back_at_the_hour_of_the_tick_that_starts_it() {
    let check = |what: &str, now: &str, count: i32, tags: &[(&str, &str)], expected: &str| {
        assert_eq!(waker(&users(count, tags), None, now, &settings()), expected, "{what}");
    };
    check("by day", MORNING, 3, &[("record", ON)], WEDNESDAY);
    check("by night", NIGHT, 0, &[("record", STOPPED)], WEDNESDAY);
    check("raised at night", NIGHT, 1, &[("record", STOPPED)], WEDNESDAY);
    check("before the tick that stops it", "2026-11-24 20:01", 3, &[("record", ON)], WEDNESDAY);
    check("always on", MORNING, 3, &[("schedule", "always"), ("record", ON)], "-");
    let hold = override_("hold", "21:00", "23:00");
    check("a hold that changes nothing", NIGHT, 0, &[("override", &hold), ("record", STOPPED)], WEDNESDAY);
    let off = for_nine_weeks("off");
    let stopped = "v1 off@2026-11-24T12:00:00Z n=3 sched=SCHED by=override";
    let monday = "2027-01-25T09:00:00-03:00";
    check("a long off", MORNING, 0, &[("override", &off), ("record", stopped)], monday);

    let stop_only = ("half", "stop-only");
    check("stop-only by day", MORNING, 3, &[stop_only, ("record", ON)], "people");
    check("stop-only by night", NIGHT, 0, &[stop_only, ("record", STOPPED)], "people");
    check("started by people, until tonight", MORNING, 3, &[stop_only, ("record", OFF)], "people");
    let edited = "v1 off@2026-11-23T23:00:00Z n=3 sched=01234567 by=schedule";
    let handed_back = [stop_only, ("schedule", "always"), ("record", edited)];
    check("started by people, for good", MORNING, 3, &handed_back, "-");
    check("left to people, for good", MORNING, 0, &handed_back, "people");
    let on = for_nine_weeks("on");
    check("kept for longer than a week", MORNING, 3, &[stop_only, ("override", &on), ("record", ON)], "-");

    let at_ten = "2026-11-24T10:00:00-03:00";
    let hold = override_("hold", "07:30", "10:00");
    let held = [("override", hold.as_str()), ("record", OFF)];
    check("held over its hour, seen before that", "2026-11-24 07:40", 0, &held, at_ten);
    check("held over its hour, seen after that", "2026-11-24 09:30", 0, &held, at_ten);

    // Nothing says its size: it fails at the hour at which it would come back, once.
    check("no size, held until ten", "2026-11-24 09:30", 0, &[("override", &hold)], at_ten);
    check("no size, by day", MORNING, 0, &[], "2026-11-24T08:00:00-03:00");
    check("no size, by night", NIGHT, 0, &[], "people");
}

#[test]
fn what_no_schedule_is_for_is_woken_where_a_schedule_had_stopped_it() {
    let check = |count: i32, record: &str, [acting, idle]: [&str; 2]| {
        let service = service("users", count, &[("record", record)]);
        let observing = ViewSettings { idle: Some("MODE is observe"), ..settings() };
        let told = [settings(), observing].map(|settings| waker(&service, None, MORNING, &settings));
        assert_eq!(told, [acting, idle], "{record}");
    };
    let next_tick = "2026-11-24T12:00:00+00:00";
    check(0, "v1 off@2026-11-23T23:00:00Z n=3 sched=01234567 by=schedule", [next_tick, "nobody"]);
    check(0, "v1 off@2026-11-23T23:00:00Z n=3 by=override", [next_tick, "nobody"]);
    check(0, "v1 off@2026-11-23T23:00:00Z n=3 by=request", ["people", "people"]);
    check(0, "v1 on@2026-11-23T23:00:00Z n=3 by=request", ["-", "-"]);
    check(0, "v1 of", ["people", "people"]);
    check(1, "v1 of", ["-", "-"]);
}

#[test]
fn where_reconcile_does_not_act_only_what_sleeps_already_is_told_and_a_persons_stop_waits_for_people() {
    let observing = ViewSettings { idle: Some("MODE is observe"), ..settings() };
    let told = |count, record: &str| waker(&users(count, &[("record", record)]), None, NIGHT, &observing);
    assert_eq!(told(3, ON), "-");
    assert_eq!(told(0, STOPPED), "nobody");
    assert_eq!(told(0, &STOPPED.replace("by=schedule", "by=request")), "people");
}

#[test]
fn what_cannot_be_read_sleeps_where_nothing_can_raise_it() {
    let awake = Suspended::default();
    for (count, target, expected) in [
        (0, None, "people"),
        (0, Some(target(0, awake)), "people"),
        (0, Some(target(1, awake)), "-"),
        (1, None, "-"),
        (1, Some(target(0, awake)), "-"),
    ] {
        for tag in [("record", "v1 of"), ("drift", "away")] {
            let told = waker(&users(count, &[tag]), target.as_ref(), MORNING, &settings());
            assert_eq!(told, expected, "{count} {target:?} {tag:?}");
        }
    }
    // What keeps one task at night sleeps with it.
    let kept = users(1, &[("night", "1"), ("record", "v1 of")]);
    assert_eq!(waker(&kept, None, MORNING, &settings()), "people");
    let mut daemon = users(0, &[("record", "v1 of")]);
    daemon.scheduling_strategy = "DAEMON".into();
    assert_eq!(waker(&daemon, None, MORNING, &settings()), "-", "nobody puts it to sleep");
}

#[test]
fn what_is_at_0_though_its_record_says_on_was_parked_by_hand_unless_its_autoscaling_took_it_there() {
    let awake = Suspended::default();
    for (what, count, record, target, parked) in [
        ("by hand", 0, ON, None, true),
        ("by hand, with its autoscaling", 0, ON, Some(target(0, Suspended::ALL)), true),
        ("a queue's worker", 0, ON, Some(target(0, awake)), false),
        ("it runs", 3, ON, None, false),
        ("it sleeps", 0, OFF, None, false),
    ] {
        let service = users(count, &[("record", record)]);
        let sleeper = services::sleeper(&service, target.as_ref(), &Tags::new(), &settings(), local(MORNING));
        assert_eq!(sleeper.unwrap().parked, parked, "{what}");
    }
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

/// `on 3`, span by span, from an instant on and for so many hours after it.
fn spans(service: &Service, target: Option<&ScalableTarget>, now: &str, hours: i64) -> Vec<String> {
    let now = local(now);
    let within = (now, now, now + SignedDuration::from_hours(hours));
    let foretold = services::spans(service, target, &Tags::new(), &settings(), within).unwrap().unwrap();
    foretold.spans.iter().map(shown_span).collect()
}

fn shown_span(span: &CourseSpan) -> String {
    let state = match span.state {
        SpanState::Off => "off",
        SpanState::Starting => "starting",
        SpanState::On => "on",
    };
    format!("{state} {}", span.count)
}

#[test]
fn a_service_is_foretold_with_the_count_that_each_span_has() {
    let of = |count, tags: &[(&str, &str)], target: Option<ScalableTarget>, now| {
        spans(&users(count, tags), target.as_ref(), now, 36)
    };
    assert_eq!(of(0, &[("record", STOPPED)], None, NIGHT), ["off 0", "on 3", "off 0"]);
    // Nothing says its size: what comes after the start that fails is foretold as if that had been mended.
    let sizeless = "v1 off@2026-11-24T23:00:00Z sched=SCHED by=schedule";
    assert_eq!(of(0, &[("record", sizeless)], None, NIGHT), ["off 0", "on 1", "off 0"]);
    // A worker comes back to what its queue has for it: nothing, as far as is known.
    let worker = "v1 off@2026-11-24T23:00:00Z min=0 susp=--- sched=SCHED by=schedule";
    let asleep = Some(target(0, Suspended::ALL));
    assert_eq!(of(0, &[("record", worker)], asleep, NIGHT), ["off 0", "on 0", "off 0"]);
    // One that has as many at night as by day sleeps all the same, because nothing can raise it then.
    let night = [("night", "3"), ("record", ON)];
    assert_eq!(
        of(3, &night, Some(target(2, Suspended::default())), MORNING),
        ["on 3", "off 3", "on 3", "off 3"]
    );
    // At the very second of its stop nothing of the day is left.
    assert_eq!(of(3, &[("record", ON)], None, "2026-11-24 20:00"), ["off 0", "on 3", "off 0"]);
}

#[test]
fn what_was_before_now_is_told_since_the_record_where_that_still_holds() {
    let first = |from: &str, count: i32, record: &str| {
        let within = (local(from), local(NIGHT), local("2026-11-25 09:00"));
        let service = users(count, &[("record", record)]);
        let foretold = services::spans(&service, None, &Tags::new(), &settings(), within).unwrap().unwrap();
        (shown_span(&foretold.spans[0]), foretold.spans[0].from)
    };
    let off = "off 0".to_owned();
    assert_eq!(first("2026-11-24 19:00", 0, STOPPED), (off.clone(), local("2026-11-24 20:00")));
    assert_eq!(first("2026-11-24 21:00", 0, STOPPED), (off, local("2026-11-24 21:00")));
    assert_eq!(first("2026-11-24 19:00", 3, STOPPED), ("on 3".to_owned(), local(NIGHT)), "raised since");
}

#[test]
fn spans_say_what_an_override_wants_while_it_lives_and_nothing_of_schedules() {
    let on = override_("on", "09:00", "22:00");
    let service = users(3, &[("override", &on), ("record", ON)]);
    let now = local("2026-11-24 09:30");
    let within = (now, now, now + SignedDuration::from_hours(24));
    let foretold = services::spans(&service, None, &Tags::new(), &settings(), within).unwrap().unwrap();
    let told: Vec<_> = foretold.spans.iter().map(|span| (shown_span(span), span.override_)).collect();
    let told: Vec<_> = told.iter().map(|(span, wanted)| (span.as_str(), *wanted)).collect();
    assert_eq!(told, [("on 3", Some(Want::On)), ("off 0", None), ("on 3", None)]);
}

#[test]
fn only_its_autoscaling_knows_a_workers_size_and_of_another_somebody_must_have_said_it() {
    for (min, code) in [(0, None), (1, Some(Code::NoSavedSize))] {
        let mut seen = cluster(vec![users(0, &[])], &[]);
        let target = target(min, Suspended::default());
        seen.services.targets = Some([(target.resource_id.clone(), target)].into());
        let found = look(&seen, MORNING, 24, &settings());
        let morning = found.agenda.iter().find(|entry| entry.to == OnOff::On).unwrap();
        assert_eq!(morning.would_fail.as_ref().map(|fails| fails.code), code, "min {min}");
    }
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

/// Why this group has no machines at 08:00 and a minute tomorrow, seen at night.
fn missing(group: &Group, link: &Link, settings: &ViewSettings) -> String {
    let at = Zone::UTC.moment(local("2026-11-25 08:01"));
    groups::no_machines_at(group, link, &Tags::new(), settings, (local(NIGHT), &at)).unwrap_or_default()
}

#[test]
fn a_group_without_instances_is_told_with_what_keeps_it_empty_and_one_with_some_is_not() {
    let link = Link { cluster: Some(("prod".into(), LinkedBy::Tag)), ..Link::default() };
    let observing = ViewSettings { idle: Some("MODE is observe"), ..settings() };
    let late = ("schedule", "Mon-Fri 09:00-20:00 America/Sao_Paulo");
    let office = ("schedule", OFFICE);
    for (tags, settings, why) in [
        ([].as_slice(), settings(), "no schedule gives it any"),
        (&[office], observing, "nothing wakes it"),
        (&[office, ("record", "v1 of")], settings(), "steward:record"),
    ] {
        let told = missing(&machines(0, tags), &link, &settings);
        assert!(told.contains("has no instances") && told.contains(why), "{why}: {told}");
        assert_eq!(missing(&machines(2, tags), &link, &settings), "", "{why}");
    }
    let sleeps = machines(0, &[office, ("record", SLEEPS)]);
    assert_eq!(missing(&sleeps, &link, &settings()), "");
    let full = Group { max_size: 0, ..sleeps };
    assert!(missing(&full, &link, &settings()).contains("its max is 0"));
    for desired in [0, 2] {
        let tags = [late, ("record", SLEEPS)];
        assert!(missing(&machines(desired, &tags), &link, &settings()).contains("sleeps at"), "{desired}");
        let deleted = Group { status: Some("Delete in progress".into()), ..machines(desired, &[office]) };
        assert!(missing(&deleted, &link, &settings()).contains("is being deleted"), "{desired}");
        // ECS brings some where there is room for them.
        let managed = Link { managed_scaling: true, ..link.clone() };
        assert_eq!(missing(&machines(desired, &[]), &managed, &settings()), "", "{desired}");
        let full = Group { max_size: 0, ..machines(desired, &[]) };
        assert!(missing(&full, &managed, &settings()).contains("is 0: raise it"), "{desired}");
    }
}

#[test]
fn a_group_keeps_no_machine_at_night_whatever_its_services_keep() {
    let group = machines(1, &[("schedule", OFFICE), ("night", "1")]);
    let now = local(MORNING);
    let within = (now, now, now + SignedDuration::from_hours(24));
    let foretold = groups::spans(&group, &Link::default(), &Tags::new(), &settings(), within);
    let spans: Vec<String> = foretold.unwrap().unwrap().spans.iter().map(shown_span).collect();
    assert_eq!(spans, ["on 1", "off 0", "on 1"]);
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
