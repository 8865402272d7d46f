//! Two runs at once, and worlds that change under a run: nothing that anything needs goes.

use std::collections::BTreeSet;
use std::time::Duration;

use emulator::{Aws, ImageSeed, ServiceSeed, World};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{HOST, any_more_than, apply};
use crate::fixture::{Fixture, evening};

const VARIABLES: [(&str, &str); 3] =
    [("KEEP_PULLED_DAYS", "0"), ("KEEP_PUSHED_HOURS", "1"), ("MAX_DELETE_PERCENT", "100")];

/// What somebody does while runs are under way.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// A service is deployed with an old image.
    Deploy(usize),
    /// The tag `prod`, by which a service without resolved digests lives, goes back to an old image.
    Rollback(usize),
    /// An old image gets a tag.
    Tag(usize),
    /// Two children are pushed, and a while later the index that names them.
    Push,
    /// The index of the last push.
    Index,
}

/// A world of so many old images; `prod` is the newest, and a service lives by that tag.
fn world(images: usize) -> World {
    let mut world = World::new(evening());
    world.cluster("prod");
    for n in 0..images {
        let age = SignedDuration::from_hours(24 * 60 + 24 * i64::try_from(images - n).unwrap());
        world.image("users", ImageSeed::new(&format!("v{n}")).pushed_at(evening() - age));
        // Some are signed.
        if n % 3 == 0 {
            let digest = world.digest("users", &format!("v{n}")).unwrap();
            world.signature_of("users", &digest);
        }
    }
    let newest = world.digest("users", &format!("v{}", images - 1)).unwrap();
    world.move_tag("users", "prod", &newest);
    world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/users:prod")).desired(0));
    world.unresolved_images("prod", "api");
    world
}

/// Does it, and says what must be there from then on: only what was there can be taken into use.
fn act(world: &mut World, deed: Deed, n: usize, needed: &mut BTreeSet<String>) {
    let there = |world: &World, tag: &str| world.digest("users", tag);
    match deed {
        Deed::Deploy(image) => {
            let tag = format!("v{image}");
            if let Some(digest) = there(world, &tag) {
                let image = format!("{HOST}/users:{tag}");
                world.service("prod", ServiceSeed::new(&format!("s{n}")).image(&image).desired(0));
                needed.insert(digest);
            }
        }
        Deed::Rollback(image) => {
            if let Some(digest) = there(world, &format!("v{image}")) {
                world.move_tag("users", "prod", &digest);
            }
        }
        Deed::Tag(image) => {
            if let Some(digest) = there(world, &format!("v{image}")) {
                world.move_tag("users", &format!("kept-{n}"), &digest);
            }
        }
        Deed::Push => {
            for name in ["amd64", "arm64"] {
                let seed = ImageSeed::untagged(name);
                needed.insert(seed.digest("users"));
                world.image("users", seed);
            }
        }
        Deed::Index => {
            let children: Vec<String> =
                ["amd64", "arm64"].iter().map(|name| ImageSeed::untagged(name).digest("users")).collect();
            let all: BTreeSet<String> = world.images("users").into_iter().map(|it| it.digest).collect();
            if children.iter().all(|child| all.contains(child)) {
                world.index("users", ImageSeed::new("multi"), &children);
                needed.insert(world.digest("users", "multi").unwrap());
            }
        }
    }
}

fn deeds() -> impl Strategy<Value = Vec<(u64, Deed)>> {
    let deed = prop_oneof![
        (0..12_usize).prop_map(Deed::Deploy),
        (0..12_usize).prop_map(Deed::Rollback),
        (0..12_usize).prop_map(Deed::Tag),
        Just(Deed::Push),
        Just(Deed::Index),
    ];
    // In milliseconds after the first run began.
    prop::collection::vec((0..1_500_u64, deed), 0..6)
}

/// The moment at which a deletion of ours is on its way is nobody's: ECR has no condition on a deletion. What is
/// taken into use in the instant between the last look and the call that follows it may be lost, and the test
/// leaves that instant out: deeds are done only while no deletion is less than this away from its look.
const ON_ITS_WAY: Duration = Duration::from_millis(400);

async fn run_two(seeds: &(Vec<(u64, Deed)>, u64, u32)) {
    let (deeds, lag, keep) = seeds;
    let aws = Aws::new(world(12));
    aws.latency(Some(Duration::from_millis(20)));
    let (one, other) = (Fixture::with(&aws, &VARIABLES).await, Fixture::with(&aws, &VARIABLES).await);
    let mut event = apply(&any_more_than(*keep));
    event["maxDeletePercent"] = json!(100);
    let second = async {
        tokio::time::sleep(Duration::from_millis(*lag)).await;
        other.prune(event.clone()).await
    };
    let mut needed = BTreeSet::new();
    let people = async {
        let mut deeds = deeds.clone();
        deeds.sort_by_key(|(at, _)| *at);
        let start = tokio::time::Instant::now();
        for (n, (at, deed)) in deeds.into_iter().enumerate() {
            tokio::time::sleep_until(start + Duration::from_millis(at)).await;
            while is_on_its_way(&aws) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            aws.with(|world| act(world, deed, n, &mut needed));
        }
    };
    let (first, second, ()) = tokio::join!(one.prune(event.clone()), second, people);
    let both: Vec<Value> = [first, second].into_iter().map(super::report).collect();
    let there: BTreeSet<String> =
        aws.with(|world| world.images("users").into_iter().map(|it| it.digest).collect());
    let lost: Vec<&String> = needed.difference(&there).collect();
    assert!(lost.is_empty(), "{lost:?} are gone: {seeds:?}: {both:?}");
    assert!(
        aws.with(|world| world.digest("users", "prod")).is_some(),
        "what prod points to: {seeds:?}: {both:?}"
    );
    assert!(there.len() >= usize::try_from(*keep).unwrap(), "{both:?}");
    aws.with(|world| {
        for index in world.images("users") {
            assert!(index.children.iter().all(|child| there.contains(child)), "a child is gone: {seeds:?}");
        }
    });
}

/// Whether a run has begun to read the images of its last look, or has not made the deletion that follows.
fn is_on_its_way(aws: &Aws) -> bool {
    let now = aws.now();
    let ledger = aws.ledger();
    let recent = ledger.iter().rev().take_while(|call| {
        now.duration_since(call.at) < SignedDuration::try_from(ON_ITS_WAY).unwrap_or_default()
    });
    recent.into_iter().any(|call| call.operation == "DescribeImages" || call.operation == "BatchDeleteImage")
}

#[test]
fn two_runs_at_once_and_people_in_between_lose_nothing_that_anything_needs() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 120, failure_persistence: None, ..Config::default() });
    let seeds = (deeds(), 0..900_u64, 1..6_u32);
    let done = runner.run(&seeds, |seeds| {
        runtime.block_on(run_two(&seeds));
        Ok(())
    });
    done.unwrap();
}
