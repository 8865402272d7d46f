use super::*;

/// Each line: a schedule, an instant, and on or off.
#[test]
fn half_open_overnight_and_wrapping_windows_are_on_when_the_table_says() {
    for (text, at, state) in [
        // Half-open. 23 November 2026 is a Monday.
        ("Mon-Fri 08:00-20:00 UTC", "2026-11-23T07:59:59.999Z", OnOff::Off),
        ("Mon-Fri 08:00-20:00 UTC", "2026-11-23T08:00:00Z", OnOff::On),
        ("Mon-Fri 08:00-20:00 UTC", "2026-11-23T19:59:59.999Z", OnOff::On),
        ("Mon-Fri 08:00-20:00 UTC", "2026-11-23T20:00:00Z", OnOff::Off),
        ("Mon-Fri 08:00-20:00 UTC", "2026-11-28T12:00:00Z", OnOff::Off),
        // The day is the one it starts on.
        ("Mon-Fri 20:00-08:00 UTC", "2026-11-28T03:00:00Z", OnOff::On),
        ("Mon-Fri 20:00-08:00 UTC", "2026-11-30T03:00:00Z", OnOff::Off),
        ("Mon-Fri 20:00-00:00 UTC", "2026-11-27T23:59:00Z", OnOff::On),
        ("Mon-Fri 20:00-00:00 UTC", "2026-11-28T00:00:00Z", OnOff::Off),
        // Ranges wrap.
        ("Fri-Mon 08:00-20:00 UTC", "2026-11-29T12:00:00Z", OnOff::On),
        ("Fri-Mon 08:00-20:00 UTC", "2026-11-30T12:00:00Z", OnOff::On),
        ("Fri-Mon 08:00-20:00 UTC", "2026-11-24T12:00:00Z", OnOff::Off),
        ("Tue-Mon 08:00-20:00 UTC", "2026-11-29T12:00:00Z", OnOff::On),
        ("Mon-Mon 08:00-20:00 UTC", "2026-11-24T12:00:00Z", OnOff::Off),
        ("Mon 08:00-24:00 UTC", "2026-11-23T23:59:59Z", OnOff::On),
        ("Mon 08:00-24:00 UTC", "2026-11-24T00:00:00Z", OnOff::Off),
        // The window's own calendar: Monday begins in Auckland while UTC has Sunday.
        ("Mon 08:00-12:00 Pacific/Auckland", "2026-11-22T19:00:00Z", OnOff::On),
        // The first is one of the first seven days, the last one of the last seven: of November from the 24th on.
        ("first-Mon 08:00-20:00 UTC", "2026-06-01T12:00:00Z", OnOff::On),
        ("first-Sun 08:00-20:00 UTC", "2026-06-07T12:00:00Z", OnOff::On),
        ("first-Mon 08:00-20:00 UTC", "2026-06-08T12:00:00Z", OnOff::Off),
        ("second-Mon 08:00-20:00 UTC", "2026-06-08T12:00:00Z", OnOff::On),
        ("last-Mon 08:00-20:00 UTC", "2026-11-23T12:00:00Z", OnOff::Off),
        ("last-Tue 08:00-20:00 UTC", "2026-11-24T12:00:00Z", OnOff::On),
        ("last-Mon 08:00-20:00 UTC", "2026-11-30T12:00:00Z", OnOff::On),
        ("always", "2026-11-23T03:00:00Z", OnOff::On),
        ("never", "2026-11-23T12:00:00Z", OnOff::Off),
    ] {
        assert_eq!(schedule(text).at(instant(at), &Calendar::default()).state, state, "{text} at {at}");
    }
}

#[test]
fn windows_that_touch_or_overlap_are_one_and_several_zones_stand_side_by_side() {
    for (text, from, expected) in [
        (
            "Mon 08:00-12:00 + Mon 12:00-18:00 UTC",
            "2026-11-22T00:00:00Z",
            vec!["2026-11-23T08:00:00+00:00 on", "2026-11-23T18:00:00+00:00 off"],
        ),
        (
            "Mon 08:00-14:00 + Mon 12:00-18:00 UTC",
            "2026-11-22T00:00:00Z",
            vec!["2026-11-23T08:00:00+00:00 on", "2026-11-23T18:00:00+00:00 off"],
        ),
        (
            "Mon 08:00-18:00 + Mon 12:00-13:00 UTC",
            "2026-11-22T00:00:00Z",
            vec!["2026-11-23T08:00:00+00:00 on", "2026-11-23T18:00:00+00:00 off"],
        ),
        (
            "Mon 08:00-12:00 + Mon 12:01-18:00 UTC",
            "2026-11-22T00:00:00Z",
            vec![
                "2026-11-23T08:00:00+00:00 on",
                "2026-11-23T12:00:00+00:00 off",
                "2026-11-23T12:01:00+00:00 on",
                "2026-11-23T18:00:00+00:00 off",
            ],
        ),
        (
            "Mon-Tue 00:00-24:00 UTC",
            "2026-11-22T00:00:00Z",
            vec![
                "2026-11-23T00:00:00+00:00 on",
                "2026-11-25T00:00:00+00:00 off",
                "2026-11-30T00:00:00+00:00 on",
            ],
        ),
        (
            "Mon-Fri 20:00-08:00 + Tue-Sat 08:00-20:00 UTC",
            "2026-11-22T00:00:00Z",
            vec!["2026-11-23T20:00:00+00:00 on", "2026-11-28T20:00:00+00:00 off"],
        ),
        (
            "Mon 08:00-16:00 Europe/Berlin + Mon 08:00-16:00 America/New_York",
            "2026-11-22T00:00:00Z",
            vec!["2026-11-23T08:00:00+01:00 on", "2026-11-23T16:00:00-05:00 off"],
        ),
        (
            "Mon 08:00-10:00 Europe/Berlin + Mon 08:00-10:00 America/New_York",
            "2026-11-22T00:00:00Z",
            vec![
                "2026-11-23T08:00:00+01:00 on",
                "2026-11-23T10:00:00+01:00 off",
                "2026-11-23T08:00:00-05:00 on",
                "2026-11-23T10:00:00-05:00 off",
            ],
        ),
    ] {
        assert_eq!(lines(text, from, expected.len(), &Calendar::default()), expected, "{text}");
    }
}

#[test]
fn a_window_that_starts_on_a_holiday_does_not_open_and_one_that_ends_on_it_does() {
    // Friday 25 December 2026.
    let rules = holidays(&["2026-12-25"]);
    for (text, from, expected) in [
        (
            "Mon-Fri 08:00-20:00 UTC",
            "2026-12-24T12:00:00Z",
            vec!["2026-12-24T20:00:00+00:00 off", "2026-12-28T08:00:00+00:00 on"],
        ),
        (
            "Mon-Fri 20:00-08:00 UTC",
            "2026-12-24T12:00:00Z",
            vec![
                "2026-12-24T20:00:00+00:00 on",
                "2026-12-25T08:00:00+00:00 off",
                "2026-12-28T20:00:00+00:00 on",
            ],
        ),
        (
            "Mon-Sun 00:00-24:00 UTC",
            "2026-12-24T12:00:00Z",
            vec!["2026-12-25T00:00:00+00:00 off", "2026-12-26T00:00:00+00:00 on"],
        ),
        // The holiday is the zone's: in Auckland it is over eleven hours before London's.
        (
            "Fri-Sat 06:00-07:00 Pacific/Auckland",
            "2026-12-24T00:00:00Z",
            vec!["2026-12-26T06:00:00+13:00 on"],
        ),
    ] {
        assert_eq!(lines(text, from, expected.len(), &rules), expected, "{text}");
    }
}

#[test]
fn the_lead_moves_the_morning_and_closes_gaps_not_longer_than_itself() {
    for (text, minutes, expected) in [
        (
            "Mon 08:00-12:00 + Mon 13:00-18:00 UTC",
            10,
            vec![
                "2026-11-23T07:50:00+00:00 on",
                "2026-11-23T12:00:00+00:00 off",
                "2026-11-23T12:50:00+00:00 on",
                "2026-11-23T18:00:00+00:00 off",
            ],
        ),
        (
            "Mon 08:00-12:00 + Mon 12:10-18:00 UTC",
            10,
            vec!["2026-11-23T07:50:00+00:00 on", "2026-11-23T18:00:00+00:00 off"],
        ),
        (
            "Mon 08:00-12:00 + Mon 12:11-18:00 UTC",
            10,
            vec![
                "2026-11-23T07:50:00+00:00 on",
                "2026-11-23T12:00:00+00:00 off",
                "2026-11-23T12:01:00+00:00 on",
            ],
        ),
        ("Mon 00:05-02:00 UTC", 10, vec!["2026-11-22T23:55:00+00:00 on", "2026-11-23T02:00:00+00:00 off"]),
        ("Mon-Sun 08:00-20:00 UTC", 12 * 60, vec![]),
        ("Mon 08:00-12:00 UTC", -10, vec!["2026-11-23T08:00:00+00:00 on"]),
        // Days of lead reach openings that lie days ahead.
        (
            "Mon 08:00-12:00 UTC",
            4 * 24 * 60,
            vec!["2026-11-23T12:00:00+00:00 off", "2026-11-26T08:00:00+00:00 on"],
        ),
    ] {
        let found = lines(text, "2026-11-22T12:00:00Z", expected.len().max(1), &lead(minutes));
        assert_eq!(found, expected, "{text} with {minutes} minutes");
    }
    let early = schedule("Mon 08:00-12:00 UTC").at(instant("2026-11-20T00:00:00Z"), &lead(4 * 24 * 60));
    assert_eq!((early.state, early.since.unwrap().at), (OnOff::On, instant("2026-11-19T08:00:00Z")));
    // A window that the gap swallows has no lead either.
    let rules = lead(30);
    let swallowed = schedule("Sun 02:10-02:50 Europe/Berlin").at(instant("2026-03-29T00:50:00Z"), &rules);
    assert_eq!(swallowed.state, OnOff::Off);
}

#[test]
fn a_lead_of_parts_of_a_second_leaves_whole_seconds() {
    let rules = Calendar { lead: SignedDuration::from_millis(1_500), ..Calendar::default() };
    assert_eq!(
        lines("Mon 08:00-12:00 UTC", "2026-11-23T00:00:00Z", 1, &rules),
        ["2026-11-23T07:59:59+00:00 on"]
    );
}

#[test]
fn what_never_changes_has_neither_since_nor_until_nor_transitions() {
    let now = instant("2026-11-23T12:00:00Z");
    let rules = Calendar::default();
    for text in
        ["always", "Mon-Sun 00:00-24:00 UTC", "Mon-Sun 00:00-12:00 + Mon-Sun 12:00-00:00 Europe/Berlin"]
    {
        let schedule = schedule(text);
        assert_eq!(
            schedule.at(now, &rules),
            Position { state: OnOff::On, since: None, until: None },
            "{text}"
        );
        assert_eq!(schedule.transitions(now, &rules).count(), 0, "{text}");
    }
}

#[test]
fn holidays_that_close_it_for_years_come_to_an_end_of_the_search() {
    let day = |text: &str| text.parse::<Date>().unwrap();
    let closed: BTreeSet<Date> = day("2020-01-01").series(jiff::Span::new().days(1)).take(366 * 20).collect();
    let rules = Calendar { holidays: closed, ..Calendar::default() };
    let office = schedule("Mon-Fri 08:00-20:00 Europe/Berlin");
    let position = office.at(instant("2026-11-23T12:00:00Z"), &rules);
    assert_eq!(position, Position { state: OnOff::Off, since: None, until: None });
    assert_eq!(office.transitions(instant("2026-11-23T12:00:00Z"), &rules).count(), 0);
    // From before, it is on for the last time, and then the search ends.
    assert_eq!(office.transitions(instant("2019-12-31T00:00:00Z"), &rules).count(), 2);
}

#[test]
fn one_window_closed_for_years_does_not_hide_it_from_the_others() {
    let day = |text: &str| text.parse::<Date>().unwrap();
    let saturdays: BTreeSet<Date> =
        day("2026-01-03").series(jiff::Span::new().days(7)).take_while(|d| *d < day("2030-01-01")).collect();
    let rules = Calendar { holidays: saturdays, ..Calendar::default() };
    let both = schedule("Mon 08:00-12:00 + Sat 08:00-12:00 UTC");
    let found = both
        .transitions(instant("2026-01-01T00:00:00Z"), &rules)
        .find(|change| change.to == OnOff::On && change.at.at.to_string().starts_with("2030-01-05"));
    assert!(found.is_some());
}

#[test]
fn two_zones_that_meet_in_summer_only_are_seen_to_part_in_winter() {
    // London's midnight is UTC's in winter; in summer an hour is missing.
    let pair = schedule("Mon-Sun 00:00-12:00 UTC + Mon-Sun 12:00-24:00 Europe/London");
    let rules = Calendar::default();
    let winter = pair.at(instant("2026-12-10T18:00:00Z"), &rules);
    assert_eq!(winter.state, OnOff::On);
    assert_eq!(
        winter.until.unwrap().to_string(),
        "2027-03-28T23:00:00Z"
            .parse::<Timestamp>()
            .map(|at| zone("Europe/London").moment(at).to_string())
            .unwrap()
    );
    assert!(winter.since.is_some());
}

#[test]
fn never_counts_midnights_of_the_default_zone() {
    for (name, at, since) in [
        ("UTC", "2026-11-23T12:00:00Z", "2026-11-23T00:00:00+00:00"),
        ("UTC", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00+00:00"),
        ("America/Sao_Paulo", "2026-11-23T02:00:00Z", "2026-11-22T00:00:00-03:00"),
        // Where the clock change skips midnight, the day's first instant is it.
        ("America/Santiago", "2026-09-06T12:00:00Z", "2026-09-06T01:00:00-03:00"),
        ("America/Santiago", "2026-09-06T03:59:59Z", "2026-09-05T00:00:00-04:00"),
        // Where 23:00 to 24:00 comes twice, midnight comes once.
        ("America/Santiago", "2026-04-05T03:30:00Z", "2026-04-04T00:00:00-03:00"),
        // St John's once went from 00:01 back to 23:01: midnight came twice, and the first counts.
        ("America/St_Johns", "2010-11-07T02:45:00Z", "2010-11-07T00:00:00-02:30"),
    ] {
        let rules = Calendar { zone: zone(name), ..Calendar::default() };
        let position = Schedule::NEVER.at(instant(at), &rules);
        assert_eq!(position.since.unwrap().to_string(), since, "{name} at {at}");
        assert_eq!((position.state, position.until), (OnOff::Off, None));
        assert_eq!(Schedule::NEVER.transitions(instant(at), &rules).count(), 0);
    }
}

#[test]
fn the_ends_of_time_are_no_panic() {
    for text in [
        "Mon-Sun 00:00-24:00 Europe/Berlin",
        "Mon-Fri 20:00-08:00 Pacific/Apia",
        "never",
        "Sat 08:00-12:00 UTC",
    ] {
        let schedule = schedule(text);
        for rules in [Calendar::default(), lead(i64::MAX / 60)] {
            for at in [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH] {
                let _ = (schedule.at(at, &rules), schedule.transitions(at, &rules).take(3).count());
                let _ = preview(&schedule, at, 2, &rules);
            }
        }
    }
}

#[test]
fn a_preview_reads_as_the_documents_say() {
    let shown = preview(
        &schedule("Mon-Fri 08:00-20:00 Europe/Berlin"),
        instant("2026-11-23T21:00:00Z"),
        2,
        &Calendar::default(),
    );
    assert_eq!(
        serde_json::to_string(&shown).unwrap(),
        concat!(
            r#"{"schedule":"Mon-Fri 08:00-20:00 Europe/Berlin","at":"2026-11-23T22:00:00+01:00","#,
            r#""state":"off","since":"2026-11-23T20:00:00+01:00","until":"2026-11-24T08:00:00+01:00","#,
            r#""transitions":[{"at":"2026-11-24T08:00:00+01:00","to":"on"},"#,
            r#"{"at":"2026-11-24T20:00:00+01:00","to":"off"}]}"#
        )
    );
    let always = preview(&Schedule::ALWAYS, instant("2026-11-23T21:00:00Z"), 5, &Calendar::default());
    assert_eq!(
        serde_json::to_string(&always).unwrap(),
        r#"{"schedule":"always","at":"2026-11-23T21:00:00+00:00","state":"on","since":null,"until":null,"transitions":[]}"#
    );
    let many = preview(
        &schedule("Mon-Fri 08:00-20:00 UTC"),
        instant("2026-11-23T21:00:00Z"),
        9_999,
        &Calendar::default(),
    );
    assert_eq!(many.transitions.len(), PREVIEW_MAX);
}
