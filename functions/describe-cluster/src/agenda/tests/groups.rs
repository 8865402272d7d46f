//! Auto Scaling groups: what they follow, and what keeps them empty.

use super::*;
use crate::agenda::groups;

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
