use super::*;

/// Each line: a schedule, an instant, and the transitions after it.
const TABLE: &[(&str, &str, &[&str])] = &[
    // Berlin, 29 March 2026: 02:00 -> 03:00. 25 October: 03:00 -> 02:00.
    (
        "Mon-Fri 08:00-20:00 Europe/Berlin",
        "2026-03-27T12:00:00Z",
        &["2026-03-27T20:00:00+01:00 off", "2026-03-30T08:00:00+02:00 on", "2026-03-30T20:00:00+02:00 off"],
    ),
    (
        "Mon-Fri 08:00-20:00 Europe/Berlin",
        "2026-10-23T12:00:00Z",
        &["2026-10-23T20:00:00+02:00 off", "2026-10-26T08:00:00+01:00 on"],
    ),
    (
        "Sun 02:30-04:00 Europe/Berlin",
        "2026-03-28T12:00:00Z",
        &["2026-03-29T03:00:00+02:00 on", "2026-03-29T04:00:00+02:00 off"],
    ),
    (
        "Sun 01:00-02:30 Europe/Berlin",
        "2026-03-28T12:00:00Z",
        &["2026-03-29T01:00:00+01:00 on", "2026-03-29T03:00:00+02:00 off"],
    ),
    // The last Sunday of March and of October are the days of the change.
    (
        "last-Sun 02:30-04:00 Europe/Berlin",
        "2026-03-01T12:00:00Z",
        &[
            "2026-03-29T03:00:00+02:00 on",
            "2026-03-29T04:00:00+02:00 off",
            "2026-04-26T02:30:00+02:00 on",
            "2026-04-26T04:00:00+02:00 off",
        ],
    ),
    (
        "last-Sun 02:30-04:00 Europe/Berlin",
        "2026-10-01T12:00:00Z",
        &["2026-10-25T02:30:00+02:00 on", "2026-10-25T04:00:00+01:00 off", "2026-11-29T02:30:00+01:00 on"],
    ),
    // A night that begins on the first Saturday of a month ends on a Sunday, and the day of the change is its own.
    (
        "first-Sat 20:00-08:00 America/New_York",
        "2026-02-20T12:00:00Z",
        &["2026-03-07T20:00:00-05:00 on", "2026-03-08T08:00:00-04:00 off", "2026-04-04T20:00:00-04:00 on"],
    ),
    // All of it in the gap: it does not open that day.
    ("Sun 02:10-02:50 Europe/Berlin", "2026-03-28T12:00:00Z", &["2026-04-05T02:10:00+02:00 on"]),
    ("Sun 02:00-03:00 Europe/Berlin", "2026-03-28T12:00:00Z", &["2026-04-05T02:00:00+02:00 on"]),
    // An ambiguous start is the earlier, an ambiguous end the later.
    (
        "Sun 02:30-04:00 Europe/Berlin",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T02:30:00+02:00 on", "2026-10-25T04:00:00+01:00 off"],
    ),
    (
        "Sun 01:00-02:30 Europe/Berlin",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T01:00:00+02:00 on", "2026-10-25T02:30:00+01:00 off"],
    ),
    (
        "Sun 02:10-02:50 Europe/Berlin",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T02:10:00+02:00 on", "2026-10-25T02:50:00+01:00 off"],
    ),
    (
        "Sun 02:00-03:00 Europe/Berlin",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T02:00:00+02:00 on", "2026-10-25T03:00:00+01:00 off"],
    ),
    // Overnight, across the change.
    (
        "Sat 20:00-02:30 Europe/Berlin",
        "2026-03-28T12:00:00Z",
        &["2026-03-28T20:00:00+01:00 on", "2026-03-29T03:00:00+02:00 off"],
    ),
    // Touching in the fold: one start before the other's end, no flap.
    (
        "Sun 01:00-02:30 + Sun 02:30-05:00 Europe/Berlin",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T01:00:00+02:00 on", "2026-10-25T05:00:00+01:00 off"],
    ),
    // Touching in the gap.
    (
        "Sun 01:00-02:30 + Sun 02:30-05:00 Europe/Berlin",
        "2026-03-28T12:00:00Z",
        &["2026-03-29T01:00:00+01:00 on", "2026-03-29T05:00:00+02:00 off"],
    ),
    // New York, 8 March 2026 and 1 November.
    (
        "Sun 02:30-06:00 America/New_York",
        "2026-03-07T12:00:00Z",
        &["2026-03-08T03:00:00-04:00 on", "2026-03-08T06:00:00-04:00 off"],
    ),
    (
        "Sun 00:30-01:30 America/New_York",
        "2026-10-31T12:00:00Z",
        &["2026-11-01T00:30:00-04:00 on", "2026-11-01T01:30:00-05:00 off"],
    ),
    // São Paulo has no summer time any more.
    (
        "Sun 00:00-02:00 America/Sao_Paulo",
        "2026-10-17T12:00:00Z",
        &["2026-10-18T00:00:00-03:00 on", "2026-10-18T02:00:00-03:00 off"],
    ),
    // In 2018 it began at midnight on 4 November: 00:00 -> 01:00.
    (
        "Sun 00:00-02:00 America/Sao_Paulo",
        "2018-11-03T12:00:00Z",
        &["2018-11-04T01:00:00-02:00 on", "2018-11-04T02:00:00-02:00 off"],
    ),
    // Lord Howe changes by half an hour: 4 October 2026 02:00 -> 02:30, 5 April 02:00 -> 01:30.
    (
        "Sun 02:15-03:00 Australia/Lord_Howe",
        "2026-10-03T00:00:00Z",
        &["2026-10-04T02:30:00+11:00 on", "2026-10-04T03:00:00+11:00 off"],
    ),
    (
        "Sun 01:15-01:45 Australia/Lord_Howe",
        "2026-04-04T00:00:00Z",
        &["2026-04-05T01:15:00+11:00 on", "2026-04-05T01:45:00+10:30 off"],
    ),
    // Kathmandu is at +05:45.
    (
        "Mon 09:00-17:00 Asia/Kathmandu",
        "2026-11-23T00:00:00Z",
        &["2026-11-23T09:00:00+05:45 on", "2026-11-23T17:00:00+05:45 off"],
    ),
    // Santiago's clocks go at midnight: 6 September 2026 00:00 -> 01:00, 5 April 00:00 -> 23:00.
    (
        "Sat 20:00-24:00 America/Santiago",
        "2026-09-05T12:00:00Z",
        &["2026-09-05T20:00:00-04:00 on", "2026-09-06T01:00:00-03:00 off"],
    ),
    (
        "Sun 00:00-08:00 America/Santiago",
        "2026-09-05T12:00:00Z",
        &["2026-09-06T01:00:00-03:00 on", "2026-09-06T08:00:00-03:00 off"],
    ),
    (
        "Sat 23:30-24:00 America/Santiago",
        "2026-04-04T12:00:00Z",
        &["2026-04-04T23:30:00-03:00 on", "2026-04-05T00:00:00-04:00 off"],
    ),
    (
        "Sat 20:00-23:30 America/Santiago",
        "2026-04-04T12:00:00Z",
        &["2026-04-04T20:00:00-03:00 on", "2026-04-04T23:30:00-04:00 off"],
    ),
    // Beirut: 29 March 2026 00:00 -> 01:00.
    (
        "Sat-Sun 00:00-24:00 Asia/Beirut",
        "2026-03-27T12:00:00Z",
        &["2026-03-28T00:00:00+02:00 on", "2026-03-30T00:00:00+03:00 off"],
    ),
    // Apia had no 30 December 2011, a Friday.
    ("Fri 08:00-20:00 Pacific/Apia", "2011-12-29T12:00:00Z", &["2012-01-06T08:00:00+14:00 on"]),
    (
        "Fri 20:00-08:00 Pacific/Apia",
        "2011-12-29T12:00:00Z",
        &["2011-12-31T00:00:00+14:00 on", "2011-12-31T08:00:00+14:00 off"],
    ),
];

#[test]
fn gaps_and_folds_do_as_the_table_says() {
    for (text, from, expected) in TABLE {
        assert_eq!(lines(text, from, expected.len(), &Calendar::default()), *expected, "{text} from {from}");
    }
}

#[test]
fn casablanca_goes_back_an_hour_for_ramadan() {
    // Whatever its government decides, the clock that people see is the one that counts.
    let tz = jiff::tz::TimeZoneDatabase::bundled().get("Africa/Casablanca").unwrap();
    let changes: Vec<_> = tz.following(instant("2026-01-01T00:00:00Z")).take(2).collect();
    for change in changes {
        let from = change.timestamp() - SignedDuration::from_hours(30);
        for line in lines("Mon-Sun 09:00-18:00 Africa/Casablanca", &from.to_string(), 6, &Calendar::default())
        {
            assert!(line.contains("T09:00:00") == line.ends_with("on"), "{line}");
            assert!(line.contains("T18:00:00") == line.ends_with("off"), "{line}");
        }
    }
}

#[test]
fn a_zone_is_offered_for_another_spelling_of_it_where_that_can_mean_nothing_else() {
    for (name, near) in [
        ("europe/berlin", Some("Europe/Berlin")),
        ("berlin", Some("Europe/Berlin")),
        ("egypt", Some("Egypt")),
        ("utc", Some("UTC")),
        ("est", None),
        ("zulu", None),
        ("factory", None),
        ("nowhere", None),
    ] {
        assert_eq!(name.parse::<Zone>().unwrap_err().near.as_deref(), near, "{name}");
    }
}

#[test]
fn as_many_days_are_told_as_are_asked_for_though_the_clocks_skip_one_of_them() {
    // Samoa had no 30 December 2011.
    let days = zone("Pacific/Apia").days(instant("2011-12-28T12:00:00Z"), 4);
    let dates: Vec<String> = days.iter().map(|(date, ..)| date.to_string()).collect();
    assert_eq!(dates, ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]);
    assert!(days.windows(2).all(|pair| pair[0].2 == pair[1].1), "each begins where the one before ends");
    // Berlin's clocks change in the night to 29 March 2026: that day has 23 hours.
    let berlin = zone("Europe/Berlin").days(instant("2026-03-28T12:00:00Z"), 2);
    let hours: Vec<i64> =
        berlin.iter().map(|(_, from, until)| until.duration_since(*from).as_hours()).collect();
    assert_eq!(hours, [24, 23]);
}

#[test]
fn the_preview_across_both_changes_of_2026_in_berlin_keeps_its_local_hours() {
    let office = schedule("Mon-Fri 08:00-20:00 Europe/Berlin");
    let rules = Calendar::default();
    let year = office
        .transitions(instant("2025-12-31T23:00:00Z"), &rules)
        .take_while(|change| change.at.at < instant("2026-12-31T23:00:00Z"));
    let mut count = 0;
    for change in year {
        let hour = if change.to == OnOff::On { "T08:00:00+" } else { "T20:00:00+" };
        assert!(change.at.to_string().contains(hour), "{}", change.at);
        count += 1;
    }
    // 261 working days.
    assert_eq!(count, 522);
}

#[test]
fn every_zone_of_the_database_is_read_by_its_name_and_no_other_spelling() {
    let mut count = 0;
    for name in jiff::tz::TimeZoneDatabase::bundled().available() {
        let name = name.to_string();
        if name == "Factory" {
            continue;
        }
        assert_eq!(zone(&name).name(), name);
        assert!(name.to_lowercase() == name || name.to_lowercase().parse::<Zone>().is_err());
        let text = format!("Mon-Fri 08:00-20:00 {name}");
        assert_eq!(schedule(&text).to_string(), text);
        count += 1;
    }
    assert!(count > 500);
}

#[test]
fn a_moment_is_rfc_3339_even_where_the_offset_once_had_seconds() {
    for (name, at, shown) in [
        ("Europe/Berlin", "2026-11-24T07:00:00Z", "2026-11-24T08:00:00+01:00"),
        ("UTC", "2026-11-24T07:00:00Z", "2026-11-24T07:00:00+00:00"),
        ("Asia/Kathmandu", "2026-11-24T07:00:00Z", "2026-11-24T12:45:00+05:45"),
        ("Europe/Berlin", "1890-01-01T00:00:00Z", "1890-01-01T00:00:00+00:00"),
    ] {
        assert_eq!(zone(name).moment(instant(at)).to_string(), shown);
    }
}
