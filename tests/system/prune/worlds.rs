//! Worlds that nobody thought of: the dry run is the run, and nothing in use goes.

use std::collections::BTreeSet;

use emulator::{Aws, ImageSeed, ServiceSeed, World};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::HOST;
use crate::fixture::{Fixture, evening};

/// An image: its age in days, what its tag begins with, whether it is an index of those before it, is
/// signed, is used by a service, and how long ago it was pulled.
type Seed = (i64, u8, bool, bool, bool, Option<i64>);

fn world(seeds: &[Seed]) -> (World, BTreeSet<String>) {
    let mut world = World::new(evening());
    world.cluster("prod");
    world.repository("users").pull_time_exclusion("arn:aws:iam::123456789012:role/steward");
    let mut last: Vec<String> = Vec::new();
    let mut used = Vec::new();
    for (n, (age, kind, index, signed, in_use, pulled)) in seeds.iter().enumerate() {
        let at = evening() - SignedDuration::from_hours(age * 24);
        let name = match kind {
            0 => format!("dev-{n}"),
            1 => format!("prod-{n}"),
            _ => format!("build-{n}"),
        };
        let seed = if *kind == 2 && !in_use { ImageSeed::untagged(&name) } else { ImageSeed::new(&name) };
        let seed = seed.pushed_at(at);
        let before: BTreeSet<String> = world.images("users").into_iter().map(|it| it.digest).collect();
        if *index && !last.is_empty() {
            world.index("users", seed, &last);
            last.clear();
        } else {
            world.image("users", seed);
        }
        let all = world.images("users");
        let digest = all.into_iter().map(|it| it.digest).find(|digest| !before.contains(digest)).unwrap();
        if *signed {
            world.signature_of("users", &digest);
        }
        if let Some(days) = pulled {
            world.pulled("users", &digest, evening() - SignedDuration::from_hours(days * 24));
        }
        last.push(digest.clone());
        if *in_use {
            used.push((name, digest));
        }
    }
    for (name, _) in &used {
        let service = ServiceSeed::new(&format!("s-{name}")).image(&format!("{HOST}/users:{name}"));
        world.service("prod", service.desired(0));
    }
    (world, used.into_iter().map(|(_, digest)| digest).collect())
}

fn policy(kind: u8, number: u32) -> Value {
    let selection = match kind {
        0 => json!({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": number}),
        1 => {
            json!({"tagStatus": "tagged", "tagPrefixList": ["dev"], "countType": "imageCountMoreThan", "countNumber": number})
        }
        2 => {
            json!({"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": number})
        }
        _ => {
            json!({"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": number * 10})
        }
    };
    json!({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})
}

fn changed(report: &Value) -> BTreeSet<String> {
    let items = report["items"].as_array().unwrap().iter();
    items.filter(|it| it["outcome"] == "changed").map(|it| it["resource"].to_string()).collect()
}

async fn check(seeds: Vec<Seed>, kind: u8, number: u32) {
    let (world, used) = world(&seeds);
    let aws = Aws::new(world);
    let names = |aws: &Aws| -> BTreeSet<String> {
        aws.with(|world| world.images("users").into_iter().map(|it| it.digest).collect())
    };
    let before = names(&aws);
    let ask = |dry_run: bool| json!({"policy": policy(kind, number), "dryRun": dry_run});
    let fixture = Fixture::at(aws.clone()).await;
    let dry = fixture.rest("POST", "/v1/images/prune", &ask(true)).await.json();
    assert!(fixture.writes().is_empty(), "a dry run writes nothing");
    assert_eq!(names(&aws), before);
    let run = fixture.rest("POST", "/v1/images/prune", &ask(false)).await.json();
    assert_eq!(dry["planId"], run["planId"]);
    assert_eq!(dry["counts"], run["counts"], "{dry}\n{run}");
    assert_eq!(changed(&dry), changed(&run));
    let after = names(&aws);
    let gone: BTreeSet<String> =
        before.difference(&after).map(|digest| format!("\"repository/users@{digest}\"")).collect();
    assert_eq!(gone, changed(&run), "what is said to be deleted is what is gone");
    assert!(used.is_subset(&after), "something in use is gone");
    aws.with(|world| {
        for index in world.images("users") {
            assert!(index.children.iter().all(|child| after.contains(child) || !before.contains(child)));
        }
    });
    let again = fixture.rest("POST", "/v1/images/prune", &ask(false)).await.json();
    assert_eq!(again["counts"]["changed"], 0, "what is done costs nothing to do again: {again}");
}

#[test]
fn the_dry_run_is_the_run_in_every_world_and_nothing_in_use_goes() {
    let image = (
        0..120_i64,
        0..3_u8,
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.15),
        prop::option::weighted(0.3, 0..90_i64),
    );
    let worlds = (prop::collection::vec(image, 0..14), 0..4_u8, 1..6_u32);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let done = runner.run(&worlds, |(seeds, kind, number)| {
        runtime.block_on(check(seeds, kind, number));
        Ok(())
    });
    done.unwrap();
}
