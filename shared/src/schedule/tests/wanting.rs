use super::*;

fn over(state: Want, from: &str, until: &str) -> Override {
    Override::new(state, instant(from), instant(until), "alice", "because").unwrap()
}

/// What is wanted, since, and until, in one line.
fn line(standing: &Standing<'_>, now: &str, rules: &Calendar) -> String {
    let Some(it) = wanted(standing, instant(now), rules) else { return "nothing".into() };
    let shown = |moment: Option<Moment>| moment.map_or("-".into(), |it| it.at.to_string());
    format!("{} since {} until {}", it.state, shown(it.since), shown(it.until))
}

fn office() -> Schedule {
    schedule("Mon-Fri 08:00-20:00 UTC")
}

#[test]
fn the_schedule_decides_where_no_override_is_live() {
    let office = office();
    let standing = Standing { schedule: Some(&office), ..Standing::default() };
    for (now, expected) in [
        ("2026-11-23T12:00:00Z", "on since 2026-11-23T08:00:00Z until 2026-11-23T20:00:00Z"),
        ("2026-11-23T20:00:00Z", "off since 2026-11-23T20:00:00Z until 2026-11-24T08:00:00Z"),
        ("2026-11-24T07:59:59Z", "off since 2026-11-23T20:00:00Z until 2026-11-24T08:00:00Z"),
    ] {
        assert_eq!(line(&standing, now, &Calendar::default()), expected, "{now}");
    }
    assert_eq!(line(&Standing::default(), "2026-11-23T12:00:00Z", &Calendar::default()), "nothing");
}

#[test]
fn an_off_period_longer_than_a_day_is_renewed_every_24_hours() {
    let office = office();
    let standing = Standing { schedule: Some(&office), ..Standing::default() };
    let once = Calendar { repeat_off: false, ..Calendar::default() };
    // Off from Friday 27 November at 20:00 until Monday at 08:00.
    for (now, since) in [
        ("2026-11-28T19:59:59Z", "2026-11-27T20:00:00Z"),
        ("2026-11-28T20:00:00Z", "2026-11-28T20:00:00Z"),
        ("2026-11-29T19:00:00Z", "2026-11-28T20:00:00Z"),
        ("2026-11-30T07:00:00Z", "2026-11-29T20:00:00Z"),
    ] {
        let until = "2026-11-30T08:00:00Z";
        assert_eq!(line(&standing, now, &Calendar::default()), format!("off since {since} until {until}"));
        assert_eq!(line(&standing, now, &once), format!("off since 2026-11-27T20:00:00Z until {until}"));
    }
    // On periods are not renewed.
    let long = schedule("Mon-Sat 00:00-24:00 UTC");
    let standing = Standing { schedule: Some(&long), ..Standing::default() };
    let expected = "on since 2026-11-23T00:00:00Z until 2026-11-29T00:00:00Z";
    assert_eq!(line(&standing, "2026-11-27T12:00:00Z", &Calendar::default()), expected);
}

#[test]
fn the_repeats_count_24_hours_from_the_transition_across_a_clock_change() {
    let office = schedule("Mon-Fri 08:00-20:00 Europe/Berlin");
    let standing = Standing { schedule: Some(&office), ..Standing::default() };
    let it = wanted(&standing, instant("2026-10-25T21:00:00Z"), &Calendar::default()).unwrap();
    assert_eq!(it.since.unwrap().to_string(), "2026-10-25T19:00:00+01:00");
}

#[test]
fn never_has_its_midnights_and_always_has_nothing() {
    let berlin = Calendar { zone: zone("Europe/Berlin"), ..Calendar::default() };
    let never = Standing { schedule: Some(&Schedule::NEVER), ..Standing::default() };
    let always = Standing { schedule: Some(&Schedule::ALWAYS), ..Standing::default() };
    assert_eq!(line(&never, "2026-11-23T12:00:00Z", &berlin), "off since 2026-11-22T23:00:00Z until -");
    // A day of 25 hours has one midnight, not two.
    assert_eq!(line(&never, "2026-10-25T22:30:00Z", &berlin), "off since 2026-10-24T22:00:00Z until -");
    assert_eq!(line(&always, "2026-11-23T12:00:00Z", &berlin), "on since - until -");
}

#[test]
fn a_services_live_override_decides_else_its_clusters_else_the_schedule() {
    let office = office();
    let on = over(Want::On, "2026-11-23T19:00:00Z", "2026-11-23T22:00:00Z");
    let off = over(Want::Off, "2026-11-23T18:30:00Z", "2026-11-24T12:00:00Z");
    let standing = Standing { own: Some(&on), clusters: Some(&off), schedule: Some(&office) };
    for (now, expected) in [
        ("2026-11-23T18:00:00Z", "on since 2026-11-23T08:00:00Z until 2026-11-23T20:00:00Z"),
        ("2026-11-23T18:45:00Z", "off since 2026-11-23T18:30:00Z until 2026-11-24T12:00:00Z"),
        ("2026-11-23T21:00:00Z", "on since 2026-11-23T19:00:00Z until 2026-11-23T22:00:00Z"),
        // The cluster's had been hidden until now.
        ("2026-11-23T22:00:00Z", "off since 2026-11-23T22:00:00Z until 2026-11-24T12:00:00Z"),
        ("2026-11-24T12:00:00Z", "on since 2026-11-24T12:00:00Z until 2026-11-24T20:00:00Z"),
        ("2026-11-24T20:00:00Z", "off since 2026-11-24T20:00:00Z until 2026-11-25T08:00:00Z"),
    ] {
        assert_eq!(line(&standing, now, &Calendar::default()), expected, "{now}");
    }
}

#[test]
fn an_ended_override_counts_as_a_transition_but_a_hold_leaves_none() {
    let office = office();
    let evening = |state| over(state, "2026-11-23T19:00:00Z", "2026-11-23T21:00:00Z");
    for (state, now, expected) in [
        (Want::On, "2026-11-23T21:00:00Z", "off since 2026-11-23T21:00:00Z until 2026-11-24T08:00:00Z"),
        (Want::Off, "2026-11-23T22:00:00Z", "off since 2026-11-23T21:00:00Z until 2026-11-24T08:00:00Z"),
        (Want::Hold, "2026-11-23T20:30:00Z", "hold since 2026-11-23T19:00:00Z until 2026-11-23T21:00:00Z"),
        (Want::Hold, "2026-11-23T21:00:00Z", "off since 2026-11-23T20:00:00Z until 2026-11-24T08:00:00Z"),
    ] {
        let it = evening(state);
        for standing in [
            Standing { own: Some(&it), clusters: None, schedule: Some(&office) },
            Standing { own: None, clusters: Some(&it), schedule: Some(&office) },
        ] {
            assert_eq!(line(&standing, now, &Calendar::default()), expected, "{state} at {now}");
        }
    }
    // `always` has no transition but this one.
    let off = evening(Want::Off);
    let standing = Standing { own: Some(&off), clusters: None, schedule: Some(&Schedule::ALWAYS) };
    assert_eq!(
        line(&standing, "2026-11-24T12:00:00Z", &Calendar::default()),
        "on since 2026-11-23T21:00:00Z until -"
    );
    // An override of tomorrow does not count yet.
    assert_eq!(line(&standing, "2026-11-23T12:00:00Z", &Calendar::default()), "on since - until -");
}

#[test]
fn a_clusters_on_or_off_reaches_only_services_with_a_schedule_and_its_hold_all() {
    let it = |state| over(state, "2026-11-23T19:00:00Z", "2026-11-23T21:00:00Z");
    let now = "2026-11-23T20:00:00Z";
    let held = "hold since 2026-11-23T19:00:00Z until 2026-11-23T21:00:00Z";
    for (state, clusters, own) in [
        (Want::On, "nothing", "on since 2026-11-23T19:00:00Z until 2026-11-23T21:00:00Z"),
        (Want::Off, "nothing", "off since 2026-11-23T19:00:00Z until 2026-11-23T21:00:00Z"),
        (Want::Hold, held, held),
    ] {
        let it = it(state);
        assert_eq!(
            line(&Standing { clusters: Some(&it), ..Standing::default() }, now, &Calendar::default()),
            clusters
        );
        assert_eq!(line(&Standing { own: Some(&it), ..Standing::default() }, now, &Calendar::default()), own);
        assert_eq!(
            line(
                &Standing { own: Some(&it), ..Standing::default() },
                "2026-11-23T21:00:00Z",
                &Calendar::default()
            ),
            "nothing"
        );
    }
}

#[test]
fn why_says_it_to_people_in_the_schedules_own_time() {
    let berlin = schedule("Mon-Fri 08:00-20:00 Europe/Berlin");
    let on = over(Want::On, "2026-11-23T19:00:00Z", "2026-11-23T22:00:00Z");
    let hold = Override::new(
        Want::Hold,
        instant("2026-11-23T19:00:00Z"),
        instant("2026-11-23T22:00:00Z"),
        "bob",
        "",
    )
    .unwrap();
    let why = |own, schedule, now: &str| {
        wanted(&Standing { own, clusters: None, schedule }, instant(now), &Calendar::default()).unwrap().why
    };
    assert_eq!(
        why(None, Some(&berlin), "2026-11-23T21:00:00Z"),
        "outside Mon-Fri 08:00-20:00 Europe/Berlin until 2026-11-24T08:00:00+01:00"
    );
    assert_eq!(
        why(None, Some(&berlin), "2026-11-23T12:00:00Z"),
        "inside Mon-Fri 08:00-20:00 Europe/Berlin until 2026-11-23T20:00:00+01:00"
    );
    assert_eq!(
        why(Some(&on), Some(&berlin), "2026-11-23T21:00:00Z"),
        "override on until 2026-11-23T23:00:00+01:00 by alice: because"
    );
    assert_eq!(
        why(Some(&hold), Some(&berlin), "2026-11-23T21:00:00Z"),
        "held until 2026-11-23T23:00:00+01:00 by bob"
    );
    assert_eq!(why(None, Some(&Schedule::ALWAYS), "2026-11-23T21:00:00Z"), "always on");
    assert_eq!(why(None, Some(&Schedule::NEVER), "2026-11-23T21:00:00Z"), "never on");
}
