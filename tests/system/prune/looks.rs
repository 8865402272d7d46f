//! What is looked at, and when: nothing goes on an old look.

use std::time::Duration;

use emulator::{Aws, ImageSeed, ServiceSeed, World};
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::Code;

use super::{
    HOST, any_more_than, apply, between_looks, days_ago, digest, image, report, tags, ten, with_a_change,
};
use crate::fixture::{Fixture, evening};

const PULLED_AND_PUSHED: [(&str, &str); 2] = [("KEEP_PULLED_DAYS", "0"), ("KEEP_PUSHED_HOURS", "0")];

/// A repository of so many images, a minute apart, `b0000` the oldest.
fn many(images: i64) -> World {
    let mut world = World::new(evening());
    for n in 0..images {
        let at = days_ago(90) + SignedDuration::from_mins(n);
        world.image("builds", ImageSeed::new(&format!("b{n:04}")).pushed_at(at));
    }
    world
}

#[tokio::test(start_paused = true)]
async fn use_and_images_are_read_again_before_each_ten_batches() {
    let aws = Aws::new(many(3_000));
    let variables =
        [PULLED_AND_PUSHED[0], PULLED_AND_PUSHED[1], ("MAX_DELETE", "5000"), ("MAX_DELETE_PERCENT", "100")];
    let fixture = Fixture::with(&aws, &variables).await;
    let mut event = apply(&any_more_than(10));
    event["maxDeletePercent"] = json!(100);
    // Ten batches have gone, and what would go last is deployed.
    let report = with_a_change(
        &fixture,
        event,
        |calls| calls("BatchDeleteImage") == 10,
        |world| {
            world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/builds:b2980")));
        },
        1,
    )
    .await;
    assert!(digest(&aws, "builds", "b2980").is_some(), "{}", report["summary"]);
    assert_eq!(tags(&aws, "builds").len(), 11, "{}", report["summary"]);
    let calls = |operation: &str| aws.ledger().into_iter().filter(|call| call.operation == operation).count();
    assert_eq!(
        (calls("BatchDeleteImage"), calls("ListClusters")),
        (30, 1 + 3),
        "a look for each ten batches"
    );
}

/// Ten images, and a service that starts with whatever the tag `prod` points to: `v9` for now.
fn by_tag() -> Aws {
    let mut world = ten();
    let v9 = world.digest("users", "v9").unwrap();
    world.move_tag("users", "prod", &v9);
    world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/users:prod")).desired(0));
    world.unresolved_images("prod", "api");
    Aws::new(world)
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_moves_while_use_is_read_keeps_what_it_points_to_in_the_end() {
    let aws = by_tag();
    let fixture = Fixture::with(&aws, &PULLED_AND_PUSHED).await;
    // It goes back to an old image after that one was seen without it.
    let report = with_a_change(
        &fixture,
        apply(&any_more_than(5)),
        between_looks,
        |world| {
            let v1 = world.digest("users", "v1").unwrap();
            world.move_tag("users", "prod", &v1);
        },
        1,
    )
    .await;
    assert!(digest(&aws, "users", "v1").is_some(), "{report}");
    assert_eq!(tags(&aws, "users").len(), 7, "{report}");
}

#[tokio::test(start_paused = true)]
async fn tags_that_move_at_every_reading_leave_all_to_the_next_run() {
    let aws = by_tag();
    let fixture = Fixture::with(&aws, &PULLED_AND_PUSHED).await;
    let mut n = 0;
    let report = with_a_change(
        &fixture,
        apply(&any_more_than(5)),
        |calls| calls("DescribeImages") >= 1,
        |world| {
            n = n % 8 + 1;
            let digest = world.digest("users", &format!("v{n}")).unwrap();
            world.move_tag("users", "prod", &digest);
        },
        usize::MAX,
    )
    .await;
    assert_eq!(tags(&aws, "users").len(), 11, "{report}");
    assert!(report.to_string().contains("its tags move while it is looked at"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn the_guards_hold_at_every_look_with_what_somebody_else_deleted_meanwhile() {
    let aws = Aws::new(ten());
    let fixture = Fixture::with(&aws, &PULLED_AND_PUSHED).await;
    let mut event = apply(&any_more_than(5));
    event["keepAtLeast"] = json!(5);
    let report = with_a_change(
        &fixture,
        event,
        between_looks,
        |world| {
            let v10 = world.digest("users", "v10").unwrap();
            world.remove_image("users", &v10);
        },
        1,
    )
    .await;
    assert_eq!(tags(&aws, "users").len(), 9, "{report}");
    assert!(report.to_string().contains("keepAtLeast is 5, with what is gone since"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_taken_into_use_before_its_turn_is_not_archived_either() {
    let mut world = many(400);
    world.pull_time_exclusion("arn:aws:iam::123456789012:role/steward");
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &PULLED_AND_PUSHED).await;
    let mut event = apply(&to_the_archive());
    event["archive"] = json!(true);
    let report = with_a_change(
        &fixture,
        event,
        |calls| calls("UpdateImageStorageClass") >= 150,
        |world| {
            world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/builds:b0385")));
        },
        1,
    )
    .await;
    let b0385 = digest(&aws, "builds", "b0385").unwrap();
    let item = image(&report, &b0385);
    assert_eq!((&item["outcome"], &item["code"]), (&json!("skipped"), &json!("inUse")), "{item}");
    assert_eq!(report["counts"]["changed"], 389, "{}", report["summary"]);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_is_a_minute_old_is_not_acted_on() {
    let mut world = many(50);
    world.pull_time_exclusion("arn:aws:iam::123456789012:role/steward");
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &PULLED_AND_PUSHED).await;
    // Twenty images go to the archive one after the other, and each call takes four seconds.
    aws.latency(Some(Duration::from_secs(4)));
    let mut event = apply(&to_the_archive());
    event["archive"] = json!(true);
    let run = report(fixture.prune(event).await);
    aws.latency(None);
    let mut looked = None;
    let mut archived = 0;
    for call in aws.ledger() {
        match call.operation.as_str() {
            "DescribeImages" => looked = Some(call.at),
            "UpdateImageStorageClass" => {
                archived += 1;
                let age = call.at.duration_since(looked.unwrap());
                // A call is on its way for four seconds, and so was the look.
                assert!(age <= SignedDuration::from_secs(60 + 2 * 4), "{age}: {}", run["summary"]);
            }
            _ => {}
        }
    }
    assert!(archived >= 20, "{archived}: {}", run["summary"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_time_does_not_suffice_for_is_left_to_the_next_run() {
    let mut world = many(50);
    world.pull_time_exclusion("arn:aws:iam::123456789012:role/steward");
    let aws = Aws::new(world);
    let fixture =
        Fixture::with(&aws, &[("PRUNE_POLICY", &to_the_archive().to_string()), PULLED_AND_PUSHED[0]]).await;
    aws.latency(Some(Duration::from_secs(1)));
    let body = json!({"dryRun": false, "archive": true});
    let answer = fixture.rest("POST", "/v1/images/prune", &body).await.json();
    let counts = &answer["counts"];
    assert_eq!(counts["failed"], 0, "{}", answer["summary"]);
    assert!(counts["notAttempted"].as_u64().unwrap() > 0, "{}", answer["summary"]);
}

/// All but the ten newest go to the archive.
fn to_the_archive() -> Value {
    json!({"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
        "action": {"type": "transition", "targetStorageClass": "archive"},
    }]})
}

#[tokio::test(start_paused = true)]
async fn where_a_rule_counts_pull_times_no_manifest_is_read_unless_the_role_is_excluded() {
    let mut world = World::new(evening());
    let child = ImageSeed::untagged("amd64").pushed_at(days_ago(95));
    let amd64 = child.digest("users");
    world.image("users", child);
    world.index("users", ImageSeed::new("multi").pushed_at(days_ago(94)), &[&amd64]);
    let policy = json!({"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 60},
        "action": {"type": "transition", "targetStorageClass": "archive"},
    }]});
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &[("PRUNE_POLICY", &policy.to_string())]).await;
    let refused = fixture.prune(json!({"action": "prune"})).await.unwrap_err();
    assert_eq!(refused.code, Code::RoleNotExcluded);
    let listed = fixture.get("/v1/images?repository=users").await;
    assert_eq!((listed.status, &listed.json()["code"]), (409, &json!("roleNotExcluded")), "{}", listed.body);
    let read = aws.ledger().into_iter().filter(|call| call.operation == "BatchGetImage").count();
    assert_eq!(read, 0, "reading a manifest is a pull");
    aws.with(|world| {
        world.pull_time_exclusion("arn:aws:iam::123456789012:role/steward");
    });
    let dry = fixture.prune(json!({"action": "prune"})).await.unwrap();
    assert_eq!(dry["counts"]["skipped"], 2, "{dry}");
    assert_eq!(fixture.get("/v1/images?repository=users").await.status, 200);
}
