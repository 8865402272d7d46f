use super::*;

#[test]
fn what_is_no_schedule_is_refused_with_the_place_and_what_would_be_right() {
    for (text, at, says) in [
        ("", 0, "it is empty"),
        ("   ", 0, "it is empty"),
        ("Always", 0, "write always"),
        ("NEVER", 0, "write never"),
        ("none", 0, "write one of Mon Tue"),
        ("always on", 0, "\"always\" only stands alone"),
        ("Mon 08:00-20:00 UTC + never", 22, "\"never\" only stands alone"),
        ("08:00-20:00 Europe/Berlin", 0, "the days are missing"),
        ("mon-fri 08:00-20:00 UTC", 0, "\"mon\" is not a day: write Mon"),
        ("Mon-friday 08:00-20:00 UTC", 4, "\"friday\" is not a day: write Fri"),
        (
            "Mon-Fry 08:00-20:00 UTC",
            4,
            "\"Fry\" is not a day: write one of Mon Tue Wed Thu Fri Sat Sun, or first-Sat and the like",
        ),
        ("Mon–Fri 08:00-20:00 UTC", 0, "is not a day: write Mon-Fri"),
        ("Thurs 08:00-20:00 UTC", 0, "is not a day: write Thu"),
        ("Montag 08:00-20:00 UTC", 0, "is not a day: write one of Mon Tue"),
        ("Sat#1 08:00-20:00 UTC", 0, "is not a day: write first-Sat"),
        ("Sat#5 08:00-20:00 UTC", 0, "is not a day: write one of Mon Tue"),
        ("Sat1 08:00-20:00 UTC", 0, "is not a day: write one of Mon Tue"),
        ("first-Sat-Sun 08:00-20:00 UTC", 0, "a day of the month is one day"),
        ("first-first 08:00-20:00 UTC", 6, "is not a day"),
        ("first 08:00-20:00 UTC", 0, "is not a day: write one of Mon Tue"),
        ("fifth-Sat 08:00-20:00 UTC", 0, "is not a day"),
        ("Mon-Wed-Fri 08:00-20:00 UTC", 7, "a range has two ends"),
        ("Mon,Wed 08:00-20:00 UTC", 3, "no lists of days"),
        ("Mon - Fri 08:00-20:00 UTC", 4, "a range has no spaces, such as Mon-Fri"),
        ("Mon -Fri 08:00-20:00 UTC", 4, "a range has no spaces"),
        ("Mon- 08:00-20:00 UTC", 4, "\"\" is not a day"),
        ("-Fri 08:00-20:00 UTC", 0, "\"\" is not a day"),
        ("Mon-Fri", 7, "the hours are missing"),
        ("Mon-Fri + Sat 08:00-09:00 UTC", 8, "the hours are missing"),
        ("Mon-Fri 8:00-20:00 UTC", 8, "\"8:00\" is not a time: write HH:MM"),
        ("Mon-Fri 08:00-20 UTC", 14, "\"20\" is not a time"),
        ("Mon-Fri 08:00-20:60 UTC", 14, "\"20:60\" is not a time"),
        ("Mon-Fri 08:00-24:01 UTC", 14, "from 00:00 to 24:00"),
        ("Mon-Fri 25:00-26:00 UTC", 8, "from 00:00 to 24:00"),
        ("Mon-Fri 99:99-20:00 UTC", 8, "is not a time"),
        ("Mon-Fri +8:00-20:00 UTC", 8, "\"+\" has a space on both sides"),
        ("Mon-Fri 08:00–20:00 UTC", 8, "is not a time"),
        ("Mon-Fri 08:00 UTC", 13, "the end is missing"),
        ("Mon-Fri 08:00-12:00-20:00 UTC", 19, "one start and one end"),
        ("Mon-Fri 08:00-08:00 UTC", 14, "write always or never"),
        ("Mon-Fri 00:00-00:00 UTC", 14, "write always or never"),
        ("Mon-Fri 24:00-24:00 UTC", 8, "24:00 is only an end"),
        ("Mon-Fri 24:00-08:00 UTC", 8, "start at 00:00 of the next day"),
        ("Mon-Fri 08:00-20:00", 19, "a zone is missing"),
        ("Mon 08:00-20:00 UTC + Tue 08:00-20:00", 37, "a zone is missing"),
        ("Mon-Fri 08:00-20:00 Berlin", 20, "\"Berlin\" is not a time zone: write Europe/Berlin"),
        ("Mon-Fri 08:00-20:00 europe/berlin", 20, "write Europe/Berlin"),
        ("Mon-Fri 08:00-20:00 utc", 20, "write UTC"),
        ("Mon-Fri 08:00-20:00 Mars/Olympus", 20, "such as Europe/Berlin"),
        // What is short for a zone is short for several, and signs are the other way about in Etc.
        ("Mon-Fri 08:00-20:00 GMT+5", 20, "\"GMT+5\" is not a time zone: write an IANA name"),
        ("Mon-Fri 08:00-20:00 est", 20, "\"est\" is not a time zone: write an IANA name"),
        ("Mon-Fri 08:00-20:00 cet", 20, "\"cet\" is not a time zone: write an IANA name"),
        ("Mon-Fri 08:00-20:00 IST", 20, "write an IANA name"),
        ("Mon-Fri 08:00-20:00 eastern", 20, "write an IANA name"),
        ("Mon-Fri 08:00-20:00 etc/gmt+5", 20, "write Etc/GMT+5"),
        ("Mon-Fri 08:00-20:00 sao_paulo", 20, "write America/Sao_Paulo"),
        ("Mon-Fri 08:00-20:00 +01:00", 20, "is not a time zone"),
        ("Mon-Fri 08:00-20:00 CET-1CEST", 20, "is not a time zone"),
        ("Mon-Fri 08:00-20:00 Etc/Unknown", 20, "is not a time zone"),
        ("Mon-Fri 08:00-20:00 Factory", 20, "is not a time zone"),
        ("Mon-Fri 08:00-20:00 Europe/Berlin!", 20, "is not a time zone"),
        ("Mon 08:00-12:00 UTC Tue 08:00-12:00 UTC", 20, "\"Tue\" is one word too many"),
        ("Mon 08:00-12:00+ Tue 08:00-12:00 UTC", 15, "\"+\" has a space on both sides"),
        ("Mon 08:00-12:00 UTC +", 21, "a window is missing after \"+\""),
        ("+ Mon 08:00-12:00 UTC", 0, "a window is missing before \"+\""),
        ("Mon 08:00-12:00 + + Tue 08:00-12:00 UTC", 18, "a window is missing before \"+\""),
        ("Mon\t08:00-12:00 UTC", 0, "is not a day"),
        ("Mön 08:00-12:00 UTC", 0, "is not a day"),
        ("Mon 08:00-12:00 Ünited", 16, "is not a time zone"),
    ] {
        let fault = text.parse::<Schedule>().expect_err(text);
        assert_eq!((fault.text.as_str(), fault.at), (text, at), "{fault}");
        let shown = fault.to_string();
        assert!(shown.contains(says) && !shown.contains('\n'), "{shown}");
        assert!(shown.contains(&format!("at character {}, ", at + 1)), "{shown}");
    }
}

#[test]
fn a_schedule_prints_with_every_zone_that_its_windows_got() {
    let berlin = zone("Europe/Berlin");
    for (text, printed) in [
        ("always", "always"),
        ("never", "never"),
        ("  never ", "never"),
        ("Mon-Fri 08:00-20:00", "Mon-Fri 08:00-20:00 Europe/Berlin"),
        ("Mon-Mon 08:00-24:00 UTC", "Mon 08:00-24:00 UTC"),
        (
            "first-Sat 08:00-12:00 + last-Fri 20:00-02:00",
            "first-Sat 08:00-12:00 + last-Fri 20:00-02:00 Europe/Berlin",
        ),
        (" Fri-Mon  20:00-08:00 Asia/Kathmandu ", "Fri-Mon 20:00-08:00 Asia/Kathmandu"),
        (
            "Mon-Fri 08:00-12:00 + Mon-Fri 13:00-18:00 America/Sao_Paulo",
            "Mon-Fri 08:00-12:00 + Mon-Fri 13:00-18:00 America/Sao_Paulo",
        ),
        (
            "Mon 08:00-12:00 UTC + Tue 08:00-12:00 UTC + Wed 08:00-12:00",
            "Mon 08:00-12:00 + Tue 08:00-12:00 UTC + Wed 08:00-12:00 Europe/Berlin",
        ),
        ("Sun 00:00-01:00 Etc/GMT+3", "Sun 00:00-01:00 Etc/GMT+3"),
    ] {
        let read = Schedule::parse(text, Some(&berlin)).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(read.to_string(), printed);
        assert_eq!(schedule(printed), read, "without the default zone");
    }
}

#[test]
fn zones_with_two_names_are_two_zones() {
    assert_ne!(schedule("Mon 08:00-12:00 Asia/Calcutta"), schedule("Mon 08:00-12:00 Asia/Kolkata"));
    assert_eq!(
        schedule("Mon 08:00-12:00 Asia/Calcutta + Tue 08:00-12:00 Asia/Kolkata").to_string(),
        "Mon 08:00-12:00 Asia/Calcutta + Tue 08:00-12:00 Asia/Kolkata"
    );
}

#[test]
fn the_hash_is_short_stable_and_of_the_printed_text() {
    let berlin = Schedule::parse("Mon-Fri 08:00-20:00", Some(&zone("Europe/Berlin"))).unwrap();
    assert_eq!(berlin.hash(), schedule("Mon-Fri 08:00-20:00 Europe/Berlin").hash());
    assert_ne!(berlin.hash(), schedule("Mon-Fri 08:00-20:00 UTC").hash());
    // Written into tags: it may not change with a release.
    assert_eq!(Schedule::ALWAYS.hash(), "6736afe4");
    assert_eq!(berlin.hash().len(), 8);
}

#[test]
fn a_schedule_has_an_end_in_length() {
    let long = vec!["Mon 08:00-12:00"; 100].join(" + ") + " UTC";
    assert_eq!(long.parse::<Schedule>().unwrap_err().at, 1_000);
    let shown = |length: usize| "x".repeat(length).parse::<Schedule>().unwrap_err().to_string();
    assert!(shown(256).contains(&format!("{}\" is not", "x".repeat(256))));
    assert!(shown(257).contains(&format!("{}\"… is not", "x".repeat(256))));
    for (spaces, taken) in [(994, true), (995, false)] {
        let text = format!("always{}", " ".repeat(spaces));
        assert_eq!(text.parse::<Schedule>().is_ok(), taken, "{} characters", text.len());
    }
}

const CATALOG: &str = r#"{
    "zone": "America/Sao_Paulo",
    "schedules": {"office-hours": "Mon-Fri 08:00-20:00", "weekend": "Sat-Sun 00:00-24:00 UTC"},
    "holidays": ["2026-12-25", "2027-01-01"]
}"#;

#[test]
fn a_tag_names_a_schedule_or_is_one_or_opts_out() {
    let catalog: Catalog = CATALOG.parse().unwrap();
    let office = schedule("Mon-Fri 08:00-20:00 America/Sao_Paulo");
    assert_eq!(catalog.resolve("office-hours"), Ok(Resolved::Follow(office.clone())));
    assert_eq!(catalog.resolve("Mon-Fri 08:00-20:00"), Ok(Resolved::Follow(office.clone())));
    assert_eq!(catalog.resolve("always"), Ok(Resolved::Follow(Schedule::ALWAYS)));
    assert_eq!(catalog.resolve(" none "), Ok(Resolved::OptOut));
    let fault = catalog.resolve(" ofice-hours").unwrap_err();
    assert_eq!(fault.at, 1);
    assert!(fault.to_string().contains("the config names office-hours, weekend"), "{fault}");
    assert_eq!(catalog.resolve("Mon-Fri 08:00-20:00 Berlin").unwrap_err().at, 20);
    assert!(catalog.resolve("").is_err());
    assert!(
        Catalog::default().resolve("office-hours").unwrap_err().to_string().contains("the config names none")
    );
    assert_eq!(catalog.schedules().map(|(name, _)| name).collect::<Vec<_>>(), ["office-hours", "weekend"]);
    let rules = catalog.calendar(SignedDuration::from_mins(10), false);
    assert_eq!((rules.holidays.len(), rules.zone.name()), (2, "America/Sao_Paulo"));
}

#[test]
fn a_services_own_tag_wins_over_its_clusters_even_if_that_cannot_be_read() {
    let catalog: Catalog = CATALOG.parse().unwrap();
    let force = |own, clusters| catalog.in_force(own, clusters);
    assert_eq!(force(None, None), Ok(None));
    assert_eq!(force(Some("none"), Some("always")), Ok(None));
    assert_eq!(force(None, Some("none")), Ok(None));
    assert_eq!(force(None, Some("always")), Ok(Some(Schedule::ALWAYS)));
    assert_eq!(force(Some("never"), Some("nonsense 1")), Ok(Some(Schedule::NEVER)));
    assert!(force(None, Some("nonsense 1")).is_err());
    assert!(force(Some("nonsense 1"), Some("always")).is_err());
}

#[test]
fn a_bad_catalog_says_which_part_and_where() {
    for (text, says) in [
        ("", "line 1 column 0"),
        ("[]", "line 1 column"),
        (r#"{"timezone":"UTC"}"#, "unknown field `timezone`"),
        (r#"{"schedules":["always"]}"#, "an object of names and schedules"),
        (r#"{"schedules":{"a":1}}"#, "line 1 column 19"),
        (r#"{"schedules":{"a":"always","a":"never"}}"#, "\"a\" stands twice"),
        (r#"{"zone":"Berlin"}"#, "zone: \"Berlin\" is not a time zone: write Europe/Berlin"),
        (r#"{"holidays":["25.12.2026"]}"#, "holidays: \"25.12.2026\""),
        (r#"{"holidays":["2026-02-29"]}"#, "holidays: \"2026-02-29\""),
        (r#"{"holidays":["2026-12-25T00:00"]}"#, "is not a date like 2026-12-25"),
        (r#"{"holidays":["12-25"]}"#, "holidays: \"12-25\""),
        (
            r#"{"schedules":{"office":"Mon-Fry 08:00-20:00 UTC"}}"#,
            "schedules: office: \"Mon-Fry 08:00-20:00 UTC\" is not a schedule: at character 5",
        ),
        (
            r#"{"schedules":{"office":"Mon-Fri 08:00-20:00"}}"#,
            "office: \"Mon-Fri 08:00-20:00\" is not a schedule: at character 20, a zone is missing",
        ),
        (r#"{"schedules":{"never":"always"}}"#, "\"never\" can't be a name: it is a word of the language"),
        (r#"{"schedules":{"None":"always"}}"#, "word of the language"),
        (r#"{"schedules":{"Mon":"always"}}"#, "word of the language"),
        (r#"{"schedules":{"mon-fri":"always"}}"#, "word of the language"),
        (r#"{"schedules":{"office hours":"always"}}"#, "a name is 1 to 64"),
        (r#"{"schedules":{"":"always"}}"#, "a name is 1 to 64"),
    ] {
        let fault = text.parse::<Catalog>().expect_err(text).to_string();
        assert!(fault.contains(says), "{text} gave {fault}");
    }
    assert_eq!("{}".parse(), Ok(Catalog::default()));
}
