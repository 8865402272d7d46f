//! What comes next, as the reads say it: it is what a reconcile then does.

use emulator::{ServiceSeed, World};
use serde_json::{Value, json};

use super::{OFFICE, OVERRIDE, Story, local};
use crate::fixture::item;

impl Story {
    /// What is said to come next of `users`, and the override that is shown.
    async fn next(&self, at: &str) -> (Value, Value) {
        let shown = self.rest(at, "GET", "/services/users", Value::Null).await.json();
        let steward = &shown["services"][0]["steward"];
        (steward["next"].clone(), steward["override"].clone())
    }
}

fn change(at: &str, to: &str) -> Value {
    json!({"at": format!("{}:00-03:00", at.replace(' ', "T")), "to": to})
}

#[tokio::test(start_paused = true)]
async fn next_is_the_next_change_that_a_reconcile_will_make_of_it() {
    // Raised in a weekend, it is said again a day after it went off.
    let story = Story::tagged("2026-11-27 12:00").await;
    story.tick("2026-11-27 12:00").await;
    assert_eq!(story.next("2026-11-27 12:00").await.0, change("2026-11-27 20:00", "off"));
    story.tick("2026-11-27 20:00").await;
    assert_eq!(story.next("2026-11-27 20:05").await.0, change("2026-11-30 08:00", "on"));
    story.by_hand("2026-11-27 21:00", 2);
    assert_eq!(story.next("2026-11-27 21:00").await.0, change("2026-11-28 20:00", "off"));
    // The end of a hold is none: what people did stays.
    story.asks("2026-11-27 21:00", "PUT", OVERRIDE, json!({"state": "hold", "for": "PT1H"})).await;
    assert_eq!(story.next("2026-11-27 21:01").await.0, change("2026-11-28 20:00", "off"));
    story.tick("2026-11-27 22:30").await;
    assert_eq!(story.count(), 2);
    story.tick("2026-11-28 20:00").await;
    assert_eq!(story.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_comes_next_where_a_tag_cannot_be_read() {
    for (key, value) in [
        ("steward:half", "Start-Only"),
        ("steward:night", "x"),
        ("steward:drift", "always"),
        ("steward:record", "nonsense"),
        ("steward:override", "nonsense"),
    ] {
        let story = Story::tagged("2026-11-24 12:00").await;
        story.tick("2026-11-24 12:00").await;
        story.tag("2026-11-24 12:00", key, value);
        assert_eq!(story.next("2026-11-24 12:01").await.0, Value::Null, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_due_already_comes_next_at_the_instant_since_which_it_is() {
    let users =
        ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE).tag("steward:drift", "enforce");
    let story = Story::with("2026-11-27 12:00", &[], users).await;
    story.tick("2026-11-27 12:00").await;
    // The evening's tick has not come yet.
    assert_eq!(story.next("2026-11-27 20:02").await.0, change("2026-11-27 20:00", "off"));
    story.tick("2026-11-27 20:05").await;
    // Under enforce the next tick takes it back, whoever raised it.
    story.by_hand("2026-11-27 21:00", 2);
    let next = story.next("2026-11-27 21:00").await.0;
    assert_eq!(next["to"], "off", "{next}");
    story.tick("2026-11-27 21:05").await;
    assert_eq!(story.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_more_than_its_night_size_is_never_said_to_go_off() {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod");
    let seed = |name: &str| ServiceSeed::new(name).tag("steward:schedule", OFFICE);
    world.service("prod", seed("users").desired(3).tag("steward:night", "9"));
    world.service("prod", seed("threads").desired(1).tag("steward:night", "1"));
    world.service("prod", seed("posts").desired(2));
    let story = Story::on(world, &[]).await;
    story.tick("2026-11-24 12:00").await;
    assert_eq!(story.next("2026-11-24 12:00").await.0, Value::Null);
    let evening = story.tick("2026-11-24 20:00").await;
    let summary = evening["summary"].as_str().unwrap();
    assert!(
        summary.contains("1 service off (posts 2 saved)")
            && summary.contains("2 services kept at their night size (threads 1, users 3)"),
        "{summary}"
    );
    let users = item(&evening, "users");
    assert!(users["reason"].as_str().unwrap().starts_with("it keeps its 3"), "{users}");
    assert_eq!(story.count(), 3);
    assert_eq!(story.next("2026-11-24 20:01").await.0, Value::Null);
    story.tick("2026-11-25 08:00").await;
    story.tick("2026-11-25 08:05").await;
    assert_eq!(story.next("2026-11-25 08:06").await.0, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn an_override_that_has_not_begun_is_shown_and_a_dry_run_says_what_would_be_set() {
    let story = Story::tagged("2026-11-24 12:00").await;
    story.tick("2026-11-24 12:00").await;
    let body = json!({"state": "on", "from": "2026-11-24T23:00:00Z", "for": "PT2H"});
    let path = format!("{OVERRIDE}?dryRun=true");
    let dry = story.asks("2026-11-24 12:00", "PUT", &path, body.clone()).await;
    assert!(dry["summary"].as_str().unwrap().contains("override on would be set from"), "{dry}");
    assert_eq!(story.next("2026-11-24 12:00").await.1, Value::Null);
    story.asks("2026-11-24 12:00", "PUT", OVERRIDE, body).await;
    let (next, shown) = story.next("2026-11-24 12:00").await;
    assert_eq!((&next, &shown["from"]), (&change("2026-11-24 22:00", "off"), &json!("2026-11-24T23:00:00Z")));
    let ended = story.asks("2026-11-24 12:00", "DELETE", &path, Value::Null).await;
    assert!(ended["summary"].as_str().unwrap().contains("which had not begun, would be removed"), "{ended}");
}

#[tokio::test(start_paused = true)]
async fn a_null_never_means_all() {
    let story = Story::tagged("2026-11-24 12:00").await;
    for body in [json!({"services": null}), json!({"tags": null}), json!({"services": null, "dryRun": true})]
    {
        let answer = story.rest("2026-11-24 12:00", "POST", "/stop", body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        assert!(answer.json()["detail"].as_str().unwrap().contains("is null"), "{}", answer.body);
    }
    let event = json!({"action": "stop", "clusters": ["*"], "services": null});
    let problem = story.system.invoke("scale-service", event).await.unwrap_err();
    assert!(problem.detail.contains("\"services\" is null"), "{problem}");
    assert_eq!(story.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_override_of_a_cluster_in_which_nothing_follows_a_schedule_says_so() {
    let story = Story::begins("2026-11-24 12:00").await;
    let body = json!({"state": "off", "for": "PT1H"});
    let report = story.asks("2026-11-24 12:00", "PUT", "/override", body).await;
    assert_eq!(report["items"][0]["warnings"][0]["code"], "noSchedule", "{report}");
    assert_eq!(story.count(), 3);
}
