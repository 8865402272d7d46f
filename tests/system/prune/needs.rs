//! An image that something needs is kept.

use emulator::{Aws, ImageSeed, ServiceSeed, World};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{HOST, any_more_than, apply, days_ago, image, tags, ten};
use crate::fixture::{Fixture, evening};

/// AWS's own example: one untagged image is kept.
fn one_untagged() -> Value {
    json!({"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
        "action": {"type": "expire"},
    }]})
}

fn digests(aws: &Aws) -> Vec<String> {
    aws.with(|world| world.images("users").into_iter().map(|it| it.digest).collect())
}

#[tokio::test(start_paused = true)]
async fn what_was_pushed_a_short_while_ago_is_kept_an_index_may_come_that_names_it() {
    let mut world = World::new(evening());
    let mut children = Vec::new();
    for name in ["amd64", "arm64"] {
        let seed = ImageSeed::untagged(name).pushed_at(evening() - SignedDuration::from_mins(5));
        children.push(seed.digest("users"));
        world.image("users", seed);
    }
    for n in 1..=3 {
        let seed = ImageSeed::untagged(&format!("old{n}")).pushed_at(days_ago(50 + n));
        world.image("users", seed);
    }
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &[("KEEP_PULLED_DAYS", "0")]).await;
    let report = fixture.prune(apply(&one_untagged())).await.unwrap();
    assert_eq!(digests(&aws).len(), 2, "{report}");
    for child in &children {
        assert!(digests(&aws).contains(child), "the index's push would fail");
    }
    let older = image(&report, children.iter().find(|it| report["items"].to_string().contains(*it)).unwrap());
    assert_eq!((&older["outcome"], &older["code"]), (&json!("skipped"), &json!("pushedRecently")));
    assert!(report["summary"].as_str().unwrap().contains("kept as pushed recently"), "{}", report["summary"]);
}

#[tokio::test(start_paused = true)]
async fn of_three_images_of_one_push_time_the_release_is_the_newest_whatever_the_digests() {
    for n in 0..30 {
        let mut world = World::new(evening());
        let children: Vec<String> = ["amd64", "arm64"]
            .into_iter()
            .map(|name| {
                let seed = ImageSeed::untagged(&format!("{name} of {n}")).pushed_at(days_ago(50));
                let digest = seed.digest("users");
                world.image("users", seed);
                digest
            })
            .collect();
        world.index("users", ImageSeed::new(&format!("release-{n}")).pushed_at(days_ago(50)), &children);
        let aws = Aws::new(world);
        let fixture = Fixture::with(&aws, &[("KEEP_PULLED_DAYS", "0"), ("MAX_DELETE_PERCENT", "100")]).await;
        let report = fixture.prune(apply(&any_more_than(1))).await;
        assert_eq!(digests(&aws).len(), 3, "{n}: {report:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_soci_index_of_an_image_that_is_kept_is_kept() {
    let mut world = World::new(evening());
    for n in 1..=4 {
        world.image("users", ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(90 - n)));
    }
    let newest = world.digest("users", "v4").unwrap();
    let seed = ImageSeed::untagged("soci").pushed_at(days_ago(95));
    let zeroth = seed.digest("users");
    world.image("users", seed);
    let tag = newest.replace(':', "-");
    world.index("users", ImageSeed::new(&tag).pushed_at(days_ago(95)), &[&zeroth]);
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &[("KEEP_PULLED_DAYS", "0")]).await;
    let report = fixture.prune(apply(&any_more_than(2))).await.unwrap();
    assert_eq!(tags(&aws, "users"), [tag.as_str(), "v3", "v4"], "{report}");
    assert!(digests(&aws).contains(&zeroth), "what it names stays with it");
}

#[tokio::test(start_paused = true)]
async fn what_is_pulled_keeps_the_index_by_which_it_was_reached() {
    let mut world = World::new(evening());
    let mut children = Vec::new();
    for name in ["amd64", "arm64"] {
        let seed = ImageSeed::untagged(name).pushed_at(days_ago(95));
        children.push(seed.digest("users"));
        world.image("users", seed);
    }
    world.index("users", ImageSeed::new("release").pushed_at(days_ago(95)), &children);
    for n in 1..=6 {
        world.image("users", ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(90 - n)));
    }
    // ECR records the pull of the child alone.
    world.pulled("users", &children[0], days_ago(3));
    world.pull_time_exclusion("arn:aws:iam::123456789012:role/steward");
    let aws = Aws::new(world);
    let fixture = Fixture::at(aws.clone()).await;
    let report = fixture.prune(apply(&any_more_than(3))).await.unwrap();
    let there = digests(&aws);
    assert!(children.iter().all(|child| there.contains(child)), "{report}");
    assert_eq!(tags(&aws, "users"), ["release", "v4", "v5", "v6"], "{report}");
}

/// Lets a service run this tag of `users`, as a deployment of its own an hour after the last.
fn deploy(aws: &Aws, tag: &str) {
    aws.advance(std::time::Duration::from_hours(1));
    aws.with(|world| {
        let current = world.digest("users", tag).unwrap();
        // The task definition names a tag that moves.
        world.move_tag("users", "prod", &current);
        world.begin_deployment("prod", "api");
        world.finish_deployment("prod", "api");
    });
    aws.advance(std::time::Duration::from_mins(30));
}

#[tokio::test(start_paused = true)]
async fn rollback_targets_survive_forced_deployments_of_the_same_images() {
    let mut world = ten();
    let v1 = world.digest("users", "v1").unwrap();
    world.move_tag("users", "prod", &v1);
    world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/users:prod")).desired(1));
    let aws = Aws::new(world);
    // Three releases, and the last one deployed again and again.
    for tag in ["v2", "v3", "v4", "v4", "v4", "v4"] {
        deploy(&aws, tag);
    }
    // ECS forgets stopped tasks after an hour.
    aws.advance(std::time::Duration::from_hours(3));
    let keep = |revisions: &'static str, expected: [&'static str; 3]| {
        let fork = aws.fork();
        async move {
            let variables =
                [("KEEP_PULLED_DAYS", "0"), ("KEEP_PUSHED_HOURS", "0"), ("IN_USE_REVISIONS", revisions)];
            let fixture = Fixture::with(&fork, &variables).await;
            let report = fixture.prune(apply(&any_more_than(2))).await.unwrap();
            let left = tags(&fork, "users");
            let old: Vec<&str> =
                ["v1", "v2", "v3", "v4"].into_iter().filter(|tag| left.iter().any(|it| it == tag)).collect();
            let expected: Vec<&str> = expected.into_iter().filter(|tag| !tag.is_empty()).collect();
            assert_eq!(old, expected, "{revisions}: {report}");
        }
    };
    keep("3", ["v2", "v3", "v4"]).await;
    // What the last success took the place of is its own source.
    keep("1", ["v4", "", ""]).await;
}

#[tokio::test(start_paused = true)]
async fn a_daemon_keeps_what_its_deployments_may_go_back_to_also_while_no_instance_has_it() {
    let mut world = ten();
    for tag in ["v1", "v2", "v3"] {
        world.ecs_daemon("prod", "agent", &format!("{HOST}/users:{tag}"), true);
    }
    world.idle_daemon("prod", "agent");
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &[("KEEP_PULLED_DAYS", "0")]).await;
    let report = fixture.prune(apply(&any_more_than(5))).await.unwrap();
    let left = tags(&aws, "users");
    assert_eq!(left, ["v1", "v10", "v2", "v3", "v6", "v7", "v8", "v9"], "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_service_under_another_controller_protects_its_tags_and_blocks_nothing() {
    for controller in ["CODE_DEPLOY", "EXTERNAL"] {
        let mut world = ten();
        let image = format!("{HOST}/users:v1");
        world.service("prod", ServiceSeed::new("api").image(&image).desired(0).controller(controller));
        let aws = Aws::new(world);
        let fixture = Fixture::with(&aws, &[("KEEP_PULLED_DAYS", "0")]).await;
        let report = fixture.prune(apply(&any_more_than(5))).await.unwrap();
        assert_eq!(tags(&aws, "users"), ["v1", "v10", "v6", "v7", "v8", "v9"], "{controller}: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_being_restored_from_the_archive_stays_until_it_is_there() {
    let mut world = ten();
    let v1 = world.digest("users", "v1").unwrap();
    world.archive("users", &v1);
    let restore =
        json!({"repositoryName": "users", "imageId": {"imageDigest": v1}, "targetStorageClass": "STANDARD"});
    world.call("ecr", "UpdateImageStorageClass", restore).unwrap();
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &[("KEEP_PULLED_DAYS", "0")]).await;
    let report = fixture.prune(apply(&any_more_than(5))).await.unwrap();
    let item = image(&report, &v1);
    assert_eq!((&item["outcome"], &item["code"]), (&json!("skipped"), &json!("beingRestored")), "{report}");
    assert!(digests(&aws).contains(&v1));
}
