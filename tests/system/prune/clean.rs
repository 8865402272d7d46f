//! A registry that really gets clean: what is odd somewhere blocks what it touches, and no more.

use emulator::{Aws, Faults, ImageSeed, ServiceSeed, World};
use jiff::SignedDuration;
use serde_json::json;

use super::{HOST, any_more_than, apply, days_ago, digest, image, report, tags, ten};
use crate::fixture::{Fixture, evening};

/// With nothing pulled or pushed a short while ago.
async fn fixture(aws: &Aws) -> Fixture {
    Fixture::with(aws, &[("KEEP_PULLED_DAYS", "0"), ("KEEP_PUSHED_HOURS", "0")]).await
}

#[tokio::test(start_paused = true)]
async fn max_delete_is_a_batch_the_oldest_go_first_and_the_rest_the_next_night() {
    let mut world = World::new(evening());
    for n in 0..3_030 {
        let at = days_ago(90) + SignedDuration::from_mins(n);
        world.image("builds", ImageSeed::new(&format!("b{n:04}")).pushed_at(at));
    }
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &[("KEEP_PULLED_DAYS", "0"), ("MAX_DELETE_PERCENT", "100")]).await;
    let mut event = apply(&any_more_than(50));
    event["maxDeletePercent"] = json!(100);
    for (night, left) in [2_030, 1_030, 50, 50].into_iter().enumerate() {
        let report = fixture.prune(event.clone()).await.unwrap_or_else(|fault| panic!("{night}: {fault}"));
        let there = tags(&aws, "builds");
        assert_eq!(there.len(), left, "night {night}: {}", report["summary"]);
        let oldest = format!("b{:04}", 3_030 - left);
        assert_eq!(there.first(), Some(&oldest), "the oldest went first");
        if left > 50 {
            let summary = report["summary"].as_str().unwrap();
            assert!(summary.contains(&format!("{} left for the next run", left - 50)), "{summary}");
            assert_eq!(report["ok"], true, "nobody is called for that");
        }
    }
    assert_eq!(tags(&aws, "builds").len(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_reference_into_another_registry_that_cannot_be_read_blocks_nothing() {
    let mut world = ten();
    let odd = [
        "999999999999.dkr.ecr.sa-east-1.amazonaws.com/Team/App:1".to_owned(),
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/Team/App:1".to_owned(),
        "my-registry-123.elb.sa-east-1.amazonaws.com/team/app:1".to_owned(),
    ];
    for (n, text) in odd.iter().enumerate() {
        world.service("prod", ServiceSeed::new(&format!("odd{n}")).image(text).desired(0));
    }
    let aws = Aws::new(world);
    let report = fixture(&aws).await.prune(apply(&any_more_than(5))).await.unwrap();
    assert_eq!(report["counts"]["changed"], 5, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_reference_into_this_registry_that_cannot_be_read_blocks_its_repository_and_one_that_names_none_the_run()
 {
    let world = |text: &str| {
        let mut world = ten();
        for n in 1..=4 {
            world.image("threads", ImageSeed::new(&format!("t{n}")).pushed_at(days_ago(90 - n)));
        }
        world.service("prod", ServiceSeed::new("odd").image(text).desired(0));
        Aws::new(world)
    };
    let aws = world(&format!("{HOST}/users@sha256:abc"));
    let one = report(fixture(&aws).await.prune(apply(&any_more_than(2))).await);
    assert_eq!((tags(&aws, "users").len(), tags(&aws, "threads").len()), (10, 2), "{one}");
    let v1 = digest(&aws, "users", "v1").unwrap();
    let failed = one["failures"].as_array().unwrap().iter().find(|it| it.to_string().contains(&v1)).unwrap();
    assert_eq!(failed["code"], "sourceUnreadable");
    assert!(failed["reason"].as_str().unwrap().contains("sha256:abc"), "{failed}");
    let aws = world(&format!("{HOST}/Team/App:1"));
    let all = report(fixture(&aws).await.prune(apply(&any_more_than(2))).await);
    assert_eq!((tags(&aws, "users").len(), tags(&aws, "threads").len()), (10, 4), "{all}");
    assert!(all.to_string().contains("Team/App:1"), "{all}");
}

#[tokio::test(start_paused = true)]
async fn a_document_with_an_unknown_digest_blocks_its_repository_and_not_the_run() {
    let mut world = ten();
    for n in 1..=4 {
        world.image("threads", ImageSeed::new(&format!("t{n}")).pushed_at(days_ago(90 - n)));
    }
    let aws = Aws::new(world);
    let mut event = apply(&any_more_than(2));
    event["inUseFrom"] = json!([{
        "account": "999999999999", "region": "eu-west-1", "complete": true, "images": [],
        "unknown": [{"image": format!("{HOST}/users:v1"), "service": "service/other/api", "reason": "unknownPinnedDigest"}],
        "unreadable": [{"image": "999999999999.dkr.ecr.eu-west-1.amazonaws.com/X:1", "fault": "no reference"}],
    }]);
    let report = report(fixture(&aws).await.prune(event).await);
    assert_eq!((tags(&aws, "users").len(), tags(&aws, "threads").len()), (10, 2), "{report}");
    let text = report.to_string();
    assert!(text.contains("unknownPinnedDigest") && text.contains("service/other/api"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_revisions_are_gone_blocks_its_repository_and_not_the_run() {
    let mut world = ten();
    for n in 1..=4 {
        world.image("threads", ImageSeed::new(&format!("t{n}")).pushed_at(days_ago(90 - n)));
    }
    world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/users:v10")).desired(0));
    let aws = Aws::new(world);
    aws.faults(Faults::new().on("ecs", "DescribeServiceRevisions").all_missing());
    let one = report(fixture(&aws).await.prune(apply(&any_more_than(2))).await);
    assert_eq!((tags(&aws, "users").len(), tags(&aws, "threads").len()), (10, 2), "{one}");
    let text = one.to_string();
    assert!(text.contains("unknownPinnedDigest") && text.contains("service/prod/api"), "{one}");
    aws.faults(Faults::new());
    let then = report(fixture(&aws).await.prune(apply(&any_more_than(2))).await);
    assert!(tags(&aws, "users").len() < 10, "{then}");
}

#[tokio::test(start_paused = true)]
async fn where_most_is_kept_as_pulled_a_warning_tells_of_scanners() {
    let mut world = World::new(evening());
    for n in 0..30 {
        let pulled = days_ago(if n < 20 { 1 } else { 50 });
        let seed = ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(90 - n)).pulled_at(pulled);
        world.image("users", seed);
    }
    let aws = Aws::new(world);
    let fixture = Fixture::at(aws).await;
    let dry = |kept: u32| json!({"action": "prune", "policy": any_more_than(kept)});
    let warned = async |kept: u32| {
        let report = fixture.prune(dry(kept)).await.unwrap();
        let warnings = report["warnings"].as_array().cloned().unwrap_or_default();
        warnings
            .iter()
            .any(|it| it["code"] == "pulledRecently" && it["detail"].to_string().contains("scanner"))
    };
    assert!(warned(5).await, "20 of 25");
    assert!(!warned(25).await, "five are few");
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_more_than_a_day_old_is_a_source_that_cannot_be_read() {
    let aws = Aws::new(ten());
    let hours_ago = |hours: i64| (evening() - SignedDuration::from_hours(hours)).to_string();
    for (at, left) in [(hours_ago(25), 10), (hours_ago(23), 5)] {
        let mut event = apply(&any_more_than(5));
        event["inUseFrom"] = json!([{"account": "999999999999", "region": "eu-west-1", "at": at, "complete": true, "images": []}]);
        let report = report(fixture(&aws).await.prune(event).await);
        assert_eq!(tags(&aws, "users").len(), left, "{at}: {report}");
        assert_eq!(report.to_string().contains("more than a day old"), left == 10, "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_the_config_names_exactly_counts_as_named() {
    let mut world = World::new(evening());
    for n in 1..=4 {
        world.image("copied/app", ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(90 - n)));
    }
    world.replicated("copied/", "999999999999", "eu-west-1");
    let aws = Aws::new(world);
    let event = json!({"action": "prune", "policy": any_more_than(2)});
    for (named, changed) in [("copied/*", 0), ("copied/app", 2), ("team/*,copied/app", 2)] {
        let fixture = Fixture::with(&aws, &[("PRUNE_REPOSITORIES", named)]).await;
        let report = fixture.prune(event.clone()).await.unwrap();
        assert_eq!(report["counts"]["changed"], changed, "{named}: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_archived_index_keeps_what_may_be_its_child_and_the_rest_is_not_blocked() {
    let mut world = World::new(evening());
    let child = ImageSeed::untagged("amd64").pushed_at(days_ago(95));
    let amd64 = child.digest("users");
    world.image("users", child);
    world.index("users", ImageSeed::new("multi").pushed_at(days_ago(94)), &[&amd64]);
    for n in 1..=6 {
        world.image("users", ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(90 - n)));
    }
    let index = world.digest("users", "multi").unwrap();
    world.archive("users", &index);
    let aws = Aws::new(world);
    let report = fixture(&aws).await.prune(apply(&any_more_than(3))).await.unwrap();
    assert_eq!(tags(&aws, "users"), ["multi", "v4", "v5", "v6"], "{report}");
    let kept = image(&report, &amd64);
    assert_eq!((&kept["outcome"], &kept["code"]), (&json!("skipped"), &json!("referencedByIndex")));
    assert!(kept["reason"].as_str().unwrap().contains("in the archive"), "{kept}");
}

#[tokio::test(start_paused = true)]
async fn a_key_twice_in_a_policy_is_a_fault_wherever_the_policy_stands() {
    let twice = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":50,"countNumber":1},"action":{"type":"expire"}}]}"#;
    for policy in
        [twice.to_owned(), format!(r#"{{"team/*":{twice}}}"#), format!(r#"{{"*":{twice},"*":{twice}}}"#)]
    {
        let setup = local::system::Setup::embedded(&Aws::new(ten())).with("PRUNE_POLICY", &policy);
        let fault = local::System::start(setup).await.map(|_| ()).unwrap_err().to_string();
        assert!(fault.contains("PRUNE_POLICY") && fault.contains("twice"), "{fault}");
    }
    let aws = Aws::new(ten());
    let fixture = fixture(&aws).await;
    let body = format!(r#"{{"policy":{twice},"dryRun":false}}"#);
    let sent = local::Sent {
        method: "POST".into(),
        path: "/v1/images/prune".into(),
        headers: Vec::new(),
        body: body.into_bytes(),
    };
    let answer = fixture.system.request(&sent).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(tags(&aws, "users").len(), 10);
}

#[tokio::test(start_paused = true)]
async fn an_image_of_which_aws_does_not_say_what_it_is_may_be_an_index_and_keeps_its_repository() {
    let mut world = ten();
    world.image("users", ImageSeed::new("odd").unsaid().pushed_at(days_ago(1)));
    for n in 1..=4 {
        world.image("threads", ImageSeed::new(&format!("t{n}")).pushed_at(days_ago(90 - n)));
    }
    let aws = Aws::new(world);
    let report = report(fixture(&aws).await.prune(apply(&any_more_than(2))).await);
    assert_eq!((tags(&aws, "users").len(), tags(&aws, "threads").len()), (11, 2), "{report}");
    assert!(report.to_string().contains("does not say what kind of manifest"), "{report}");
}
