//! The week: what each service and group is in the coming days.

use emulator::{Aws, GroupSeed, ImageSeed, ServiceSeed, TargetSeed, World};
use jiff::Timestamp;
use local::{Sent, System, system::Setup};
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::openapi;

const OFFICE: &str = "Mon-Fri 08:00-20:00 America/Sao_Paulo";
/// 19:00 on a Tuesday in São Paulo.
const TUESDAY: &str = "2026-11-24T22:00:00Z";

fn world(at: &str) -> World {
    let mut world = World::new(at.parse().unwrap());
    world.cluster("prod");
    world
}

fn scheduled(name: &str, schedule: &str) -> ServiceSeed {
    ServiceSeed::new(name).desired(4).size(512, 1_024).tag("steward:schedule", schedule)
}

/// Adopted, so that the first evening acts.
async fn adopted(world: World) -> Fixture {
    let fixture = Fixture::on(world).await;
    tick(&fixture).await;
    fixture
}

async fn tick(fixture: &Fixture) {
    fixture.scale(json!({"action": "reconcile", "cluster": "prod"})).await.unwrap();
}

async fn week(fixture: &Fixture) -> Value {
    let answer = fixture.get("/v1/clusters/prod/week").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn line<'w>(week: &'w Value, name: &str) -> &'w Value {
    let of = |line: &&Value| line["service"] == name || line["autoScalingGroup"] == name;
    week["week"].as_array().unwrap().iter().find(of).unwrap_or_else(|| panic!("no {name}: {week}"))
}

/// The spans of a line, each in a few words: `Tue 19:00 on 4`.
fn spans(line: &Value) -> Vec<String> {
    let spans = line["spans"].as_array().unwrap();
    let mut last: Option<&Value> = None;
    let mut words = Vec::new();
    for span in spans {
        assert!(last.is_none_or(|last| last == &span["from"]), "a gap: {line}");
        last = Some(&span["until"]);
        let from: jiff::civil::DateTime = span["from"].as_str().unwrap()[..19].parse().unwrap();
        let wanted = span["override"].as_str().map(|it| format!(" ({it})")).unwrap_or_default();
        words.push(format!(
            "{} {} {}{wanted}",
            from.strftime("%a %H:%M"),
            span["state"].as_str().unwrap(),
            span["count"]
        ));
    }
    words
}

#[tokio::test(start_paused = true)]
async fn a_week_of_office_hours_is_on_by_day_and_off_by_night_as_the_agenda_and_the_savings_say() {
    let mut seed = world(TUESDAY);
    seed.service("prod", scheduled("users", OFFICE));
    seed.service("prod", ServiceSeed::new("always").desired(2));
    let fixture = adopted(seed).await;
    let found = week(&fixture).await;
    assert_eq!(
        spans(line(&found, "users")),
        [
            "Tue 19:00 on 4",
            "Tue 20:00 off 0",
            "Wed 08:00 on 4",
            "Wed 20:00 off 0",
            "Thu 08:00 on 4",
            "Thu 20:00 off 0",
            "Fri 08:00 on 4",
            "Fri 20:00 off 0",
            "Mon 08:00 on 4",
            "Mon 20:00 off 0",
        ]
    );
    assert_eq!(spans(line(&found, "always")), ["Tue 19:00 on 2"]);
    assert_eq!(
        (&line(&found, "always")["schedule"], &line(&found, "users")["schedule"]),
        (&Value::Null, &json!(OFFICE))
    );
    assert_eq!((&found["zone"], found["days"].as_array().unwrap().len()), (&json!("America/Sao_Paulo"), 7));
    assert_eq!(found["days"][0]["date"], "2026-11-24");
    // What comes on and goes off does so where the agenda says.
    let agenda = fixture.get("/v1/clusters/prod/agenda?hours=149").await.json();
    let instants = |of: &Value, list: &str, field: &str| -> Vec<Timestamp> {
        of[list].as_array().unwrap().iter().map(|it| it[field].as_str().unwrap().parse().unwrap()).collect()
    };
    assert_eq!(instants(line(&found, "users"), "spans", "from")[1..], instants(&agenda, "agenda", "at"));
    // From 19:00 on a Tuesday to the end of the Monday after it: 4 tasks for 4 nights of 12 hours, a weekend of 60 hours
    // and 4 hours of the last evening.
    let hours = 4.0 * (3.0 * 12.0 + 60.0 + 4.0);
    assert_eq!(
        (&found["taskHours"], &line(&found, "users")["saved"]["taskHours"]),
        (&json!(hours), &json!(hours))
    );
    assert_eq!((&found["vcpuHours"], &found["memoryGiBHours"]), (&json!(hours / 2.0), &json!(hours)));
}

#[tokio::test(start_paused = true)]
async fn a_day_on_which_the_clocks_change_has_its_23_or_25_hours() {
    for (at, date, hours, monday) in [
        ("2026-03-27T12:00:00Z", "2026-03-29", 23.0, "2026-03-30T08:00:00+02:00"),
        ("2026-10-23T12:00:00Z", "2026-10-25", 25.0, "2026-10-26T08:00:00+01:00"),
    ] {
        let mut seed = world(at);
        seed.service("prod", scheduled("users", "Mon-Fri 08:00-20:00 Europe/Berlin"));
        let found = week(&adopted(seed).await).await;
        let days = found["days"].as_array().unwrap();
        let odd: Vec<&Value> = days.iter().filter(|day| day["hours"] != 24.0).collect();
        assert_eq!(odd.len(), 1, "{days:?}");
        assert_eq!((&odd[0]["date"], &odd[0]["hours"]), (&json!(date), &json!(hours)));
        assert!(days.windows(2).all(|two| two[0]["until"] == two[1]["from"]), "{days:?}");
        let spans = line(&found, "users")["spans"].as_array().unwrap();
        assert!(spans.iter().any(|span| span["from"] == monday && span["state"] == "on"), "{spans:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn night_sizes_overrides_and_holds_are_told_apart() {
    let mut seed = world(TUESDAY);
    seed.service("prod", scheduled("night", OFFICE).tag("steward:night", "1"));
    for name in ["kept", "held"] {
        seed.service("prod", scheduled(name, OFFICE));
    }
    let fixture = adopted(seed).await;
    for (service, state) in [("kept", "on"), ("held", "hold")] {
        let put = json!({"action": "putOverride", "cluster": "prod", "service": service, "state": state,
            "until": "2026-11-25T01:00:00Z", "reason": "release <4.2>"});
        fixture.scale(put).await.unwrap();
    }
    let found = week(&fixture).await;
    assert_eq!(spans(line(&found, "night"))[..3], ["Tue 19:00 on 4", "Tue 20:00 off 1", "Wed 08:00 on 4"]);
    assert_eq!(line(&found, "night")["night"], 1);
    let kept = spans(line(&found, "kept"));
    assert_eq!(kept[..3], ["Tue 19:00 on 4 (on)", "Tue 22:00 off 0", "Wed 08:00 on 4"], "{kept:?}");
    assert_eq!(line(&found, "kept")["override"]["reason"], "release _4.2_");
    let held = spans(line(&found, "held"));
    assert_eq!(held[..3], ["Tue 19:00 on 4 (hold)", "Tue 22:00 off 0", "Wed 08:00 on 4"], "{held:?}");
}

#[tokio::test(start_paused = true)]
async fn what_sleeps_what_starts_and_who_will_not_wake_are_told() {
    let mut seed = world(TUESDAY);
    seed.repository("users").image("users", ImageSeed::new("prod-1"));
    seed.service("prod", scheduled("users", OFFICE));
    seed.scalable_target("prod", "users", TargetSeed::new(2, 6));
    seed.service("prod", scheduled("parked", OFFICE).desired(0));
    let fixture = adopted(seed).await;
    fixture.aws.move_to("2026-11-24T23:00:00Z".parse().unwrap());
    tick(&fixture).await;
    fixture.aws.move_to("2026-11-25T05:00:00Z".parse().unwrap());
    let asleep = week(&fixture).await;
    let users = line(&asleep, "users");
    assert_eq!(spans(users)[..2], ["Wed 00:00 off 0", "Wed 08:00 on 4"]);
    assert_eq!(
        (&users["state"], &users["status"], &users["canWake"]),
        (&json!("off"), &json!("off"), &json!("yes"))
    );
    assert_eq!((&users["size"]["count"], &users["size"]["min"]), (&json!(4), &json!(2)), "as it was adopted");
    let parked = line(&asleep, "parked");
    assert_eq!(parked["canWake"], "no");
    assert_eq!(parked["because"][0]["code"], "noSavedSize");
    assert_eq!(parked["wouldFail"]["code"], "noSavedSize");
    fixture.aws.move_to("2026-11-25T11:00:00Z".parse().unwrap());
    tick(&fixture).await;
    fixture.aws.move_to("2026-11-25T11:00:30Z".parse().unwrap());
    let starting = week(&fixture).await;
    assert_eq!(line(&starting, "users")["status"], "waking");
    assert_eq!(spans(line(&starting, "users"))[..2], ["Wed 08:00 starting 4", "Wed 08:00 on 4"]);
}

#[tokio::test(start_paused = true)]
async fn groups_stand_beside_their_services_and_tags_that_cannot_be_read_are_said() {
    let mut seed = world(TUESDAY);
    seed.service("prod", scheduled("users", OFFICE));
    seed.service("prod", scheduled("odd", "whenever"));
    let group = GroupSeed::new("machines").sizes(1, 2, 3).cluster("prod").tag("steward:cluster", "prod");
    seed.group(group.tag("steward:schedule", "Mon-Fri 07:30-20:30 America/Sao_Paulo"));
    let found = week(&adopted(seed).await).await;
    assert_eq!(spans(line(&found, "machines"))[..3], ["Tue 19:00 on 2", "Tue 20:30 off 0", "Wed 07:30 on 2"]);
    assert_eq!(line(&found, "machines").get("status"), None);
    assert!(line(&found, "odd")["faults"][0].as_str().unwrap().contains("whenever"), "{found}");
    let failures = found["failures"].as_array().unwrap();
    assert!(failures.iter().any(|it| it["arn"].as_str().unwrap().ends_with("/odd")), "{found}");
}

#[tokio::test(start_paused = true)]
async fn the_zone_of_the_days_is_the_deployments_else_the_one_of_most_schedules_else_utc() {
    let mut seed = world(TUESDAY);
    seed.service("prod", ServiceSeed::new("plain"));
    let zone = async |seed: World, schedules: Option<&str>| {
        let mut setup = Setup::embedded(&Aws::new(seed));
        if let Some(schedules) = schedules {
            setup = setup.with("SCHEDULES", schedules);
        }
        let system = System::start(setup).await.unwrap();
        let event = json!({"action": "week", "cluster": "prod"});
        let found = system.invoke("describe-cluster", event).await.unwrap();
        (found["zone"].as_str().unwrap().to_owned(), found["days"][0]["from"].as_str().unwrap().to_owned())
    };
    let both = |zone: &str, from: &str| (zone.to_owned(), from.to_owned());
    assert_eq!(zone(seed.clone(), None).await, both("UTC", "2026-11-24T00:00:00+00:00"));
    seed.service("prod", scheduled("a", OFFICE));
    seed.service("prod", scheduled("b", "Mon-Fri 08:00-20:00 Asia/Tokyo"));
    seed.service("prod", scheduled("c", "Mon-Fri 09:00-18:00 Asia/Tokyo"));
    assert_eq!(zone(seed.clone(), None).await, both("Asia/Tokyo", "2026-11-25T00:00:00+09:00"));
    let berlin = r#"{"zone":"Europe/Berlin"}"#;
    assert_eq!(zone(seed, Some(berlin)).await, both("Europe/Berlin", "2026-11-24T00:00:00+01:00"));
}

#[tokio::test(start_paused = true)]
async fn what_the_week_foretells_is_what_reconcile_then_does() {
    let mut seed = world(TUESDAY);
    seed.service("prod", scheduled("users", OFFICE).tag("steward:night", "1"));
    seed.service("prod", scheduled("weekend", "Sat,Sun 10:00-16:00 America/Sao_Paulo"));
    seed.service("prod", ServiceSeed::new("always").desired(5));
    let fixture = adopted(seed).await;
    let foretold = week(&fixture).await;
    for _ in 0..5 * 24 {
        for _ in 0..2 {
            tick(&fixture).await;
        }
        let now = fixture.aws.now();
        for name in ["users", "weekend", "always"] {
            let at = |span: &Value, field: &str| span[field].as_str().unwrap().parse::<Timestamp>().unwrap();
            let spans = line(&foretold, name)["spans"].as_array().unwrap();
            let span = spans.iter().find(|span| at(span, "from") <= now && now < at(span, "until")).unwrap();
            assert_eq!(span["count"], fixture.size(name).0, "{name} at {now}: {span}");
        }
        fixture.aws.advance(std::time::Duration::from_hours(1));
    }
}

#[tokio::test(start_paused = true)]
async fn as_a_page_it_is_a_picture_of_the_same_in_words_too() {
    const BERLIN: &str = "Mon-Fri 08:00-20:00 Europe/Berlin";
    let mut seed = world("2026-10-23T12:00:00Z");
    seed.service("prod", scheduled("night", BERLIN).tag("steward:night", "1"));
    for name in ["kept", "held"] {
        seed.service("prod", scheduled(name, BERLIN));
    }
    seed.service("prod", scheduled("parked", BERLIN).desired(0));
    seed.service("prod", ServiceSeed::new("always"));
    let fixture = adopted(seed).await;
    for (service, state) in [("kept", "on"), ("held", "hold")] {
        let put = json!({"action": "putOverride", "cluster": "prod", "service": service, "state": state, "for": "PT9H"});
        fixture.scale(put).await.unwrap();
    }
    let sent = Sent {
        method: "GET".to_owned(),
        path: "/v1/clusters/prod/week".to_owned(),
        headers: vec![("accept".to_owned(), "text/html".to_owned())],
        body: Vec::new(),
    };
    let page = openapi::request(&fixture.system, &sent).await.body;
    for class in ["on", "off", "over", "hold", "fails", "free"] {
        let drawn = page.matches(&format!("<path class=\"{class}\"")).count();
        assert!(drawn > 1, "{class} stands in the legend alone");
    }
    for says in [
        "night: on Fri 14:00 to Fri 20:00; off (1) Fri 20:00 to Mon 08:00; on Mon 08:00 to Mon 20:00",
        "kept: on (override: on) Fri 14:00 to Fri 23:00; off Fri 23:00 to Mon 08:00",
        "held: on (override: hold) Fri 14:00 to Fri 23:00",
        "25 · 25 h",
        "Will not wake unless somebody mends it",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
}
