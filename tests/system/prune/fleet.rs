//! A hundred repositories of a thousand images.

use std::collections::BTreeMap;
use std::time::Duration;

use emulator::{Aws, ImageSeed, ServiceSeed, World};
use jiff::SignedDuration;
use tokio::time::Instant;

use super::{HOST, any_more_than, apply};
use crate::fixture::{Fixture, evening};

fn hundred() -> World {
    let mut world = World::new(evening());
    for repository in 0..100 {
        let name = format!("team/r{repository:02}");
        for n in 0..1_000 {
            let pushed = evening() - SignedDuration::from_hours(1_000 + n);
            world.image(&name, ImageSeed::new(&format!("v{n}")).pushed_at(pushed));
        }
    }
    for n in 0..20 {
        let image = format!("{HOST}/team/r{n:02}:v0");
        world.service("prod", ServiceSeed::new(&format!("s{n:02}")).image(&image));
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_hundred_repositories_of_a_thousand_images_are_halved_in_701_calls_to_ecr_for_images() {
    let aws = Aws::new(hundred());
    aws.latency(Some(Duration::from_millis(20)));
    let fixture = Fixture::with(&aws, &[("BUDGET_SHARE", "1")]).await;
    let start = Instant::now();
    let report = fixture.prune(apply(&any_more_than(500))).await.unwrap();
    let wall = start.elapsed();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for call in aws.ledger() {
        *counts.entry(format!("{}:{}", call.service, call.operation)).or_default() += 1;
    }
    println!("prune: {} in {wall:.1?} (virtual), {counts:?}", report["summary"]);
    assert_eq!(report["counts"]["changed"], 50_000);
    // One for the repositories, a page for the images of each, and 500 deletions of 100 images: 601.
    // A second look at each repository's images before they go is the only way to see that one was
    // tagged meanwhile.
    let of = |operation: &str| counts.get(operation).copied().unwrap_or(0);
    assert_eq!(of("ecr:DescribeRepositories"), 1);
    assert_eq!(of("ecr:DescribeImages"), 100 + 100);
    assert_eq!(of("ecr:BatchDeleteImage"), 500);
    assert_eq!(of("ecr:BatchGetImage"), 0);
    let left: usize = aws.with(|world| (0..100).map(|n| world.images(&format!("team/r{n:02}")).len()).sum());
    assert_eq!(left, 50_000);
    // What is listed fits an answer, and says where it is cut.
    assert!(report.to_string().len() < 6 * 1024 * 1024);
    assert!(report["warnings"].to_string().contains("listCut"));
}
