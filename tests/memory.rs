//! How many bytes a run takes for each service of a fleet, and for images. Bytes, unlike seconds, are the same on every
//! machine. A test of its own, because the allocator that counts is the process's.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the answer")]

use emulator::{Aws, ImageSeed, ServiceSeed, World};
use jiff::SignedDuration;
use local::{System, system::Setup};
use peak_alloc::PeakAlloc;
use serde_json::{Value, json};
use tokio::sync::Mutex;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;
/// What is counted is the process's: one test at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A fleet of this size by day, adopted.
async fn fleet(services: usize) -> (Aws, System) {
    let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
    for cluster in 0..services / 250 {
        let cluster = format!("c{cluster:02}");
        world.cluster(&cluster).cluster_tag(&cluster, "steward:schedule", "Mon-Fri 08:00-20:00 UTC");
        for service in 0..250 {
            world.service(&cluster, ServiceSeed::new(&format!("s{service:03}")).desired(1));
        }
    }
    let aws = Aws::new(world);
    let system = System::start(Setup::embedded(&aws).with("BUDGET_SHARE", "1")).await.unwrap();
    for _ in 0..3 {
        system.invoke("scale-service", tick(&aws)).await.unwrap();
        aws.advance(std::time::Duration::from_mins(5));
    }
    (aws, system)
}

fn tick(aws: &Aws) -> Value {
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
    json!({"action": "reconcile", "clusters": ["*"], "at": aws.now().to_string(), "schedule": schedule})
}

/// What an event takes at its peak, beyond what was there before.
async fn peak(aws: &Aws, system: &System, event: Value) -> usize {
    peak_of("scale-service", aws, system, event).await
}

async fn peak_of(function: &str, aws: &Aws, system: &System, event: Value) -> usize {
    aws.forget();
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let _ = system.invoke(function, event).await;
    ALLOCATOR.peak_usage() - before
}

#[tokio::test(start_paused = true)]
async fn a_service_of_a_large_fleet_costs_a_run_some_kilobytes() {
    let _alone = ALONE.lock().await;
    let (small, large) = (500, 1_500);
    let mut peaks = Vec::new();
    for services in [small, large] {
        let (aws, system) = fleet(services).await;
        let quiet = peak(&aws, &system, tick(&aws)).await;
        let on =
            json!({"action": "reconcile", "clusters": ["*"], "dryRun": true, "at": "2026-11-24T20:00:00Z"});
        let evening = peak(&aws, &system, on).await;
        peaks.push((quiet, evening));
    }
    let each = |of: fn(&(usize, usize)) -> usize| (of(&peaks[1]) - of(&peaks[0])) / (large - small);
    let (quiet, evening) = (each(|it| it.0), each(|it| it.1));
    println!("bytes per service: a quiet tick {quiet}, an evening {evening}");
    // 10,000 services are then 80 MB of the function's 512.
    assert!(quiet < 8_000, "{quiet} bytes per service in a quiet tick");
    assert!(evening < 8_000, "{evening} bytes per service in an evening");
}

/// So many repositories of so many images, of which all but five would go.
async fn registry(repositories: usize, images: usize) -> (Aws, System) {
    let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
    for repository in 0..repositories {
        for image in 0..images {
            let pushed = world.now() - SignedDuration::from_hours(1_000 + i64::try_from(image).unwrap());
            let seed = ImageSeed::new(&format!("v{image}")).pushed_at(pushed);
            world.image(&format!("team/r{repository:03}"), seed);
        }
    }
    let aws = Aws::new(world);
    let setup = Setup::embedded(&aws).with("BUDGET_SHARE", "1").with("MAX_DELETE_PERCENT", "100");
    (aws.clone(), System::start(setup).await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_run_of_pruning_holds_some_repositories_at_a_time_however_many_there_are() {
    let _alone = ALONE.lock().await;
    let prune = json!({"action": "prune", "dryRun": true, "policy": {"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5},
        "action": {"type": "expire"},
    }]}});
    let mut peaks = Vec::new();
    // The answer is full in each of them.
    for (repositories, images) in [(10, 1_200), (40, 1_200), (10, 6_000)] {
        let (aws, system) = registry(repositories, images).await;
        peaks.push(peak_of("prune-images", &aws, &system, prune.clone()).await);
    }
    let (more, image) = (peaks[1].saturating_sub(peaks[0]), peaks[2] / 60_000);
    println!("bytes: {more} for 30 repositories more, {image} an image that is held, peaks {peaks:?}");
    assert!(more < 10_000_000, "{more} bytes for repositories of other slices");
    // A thousand repositories of 5,000 images are then some 200 MB of the function's 1,024.
    assert!(image < 4_000, "{image} bytes per image of a slice");
}

/// So many services of 20 clusters, whose images are in 100 repositories of so many images each.
async fn sleepers(services: usize, images: usize) -> (Aws, System) {
    let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
    for repository in 0..100 {
        let name = format!("app{repository:02}");
        world.repository(&name).image(&name, ImageSeed::new("prod-1"));
        for image in 1..images {
            let pushed = world.now() - SignedDuration::from_hours(i64::try_from(image).unwrap());
            world.image(&name, ImageSeed::new(&format!("v{image}")).pushed_at(pushed));
        }
        world.lifecycle_policy(
            &name,
            &json!({"rules": [{
                "rulePriority": 1,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5},
                "action": {"type": "expire"},
            }]}),
        );
    }
    for n in 0..services {
        let family = format!("app{:02}", n % 100);
        let seed = ServiceSeed::new(&format!("s{n:04}")).task_definition(&family);
        world.service(&format!("c{:02}", n % 20), seed.tag("steward:schedule", "Mon-Fri 08:00-20:00 UTC"));
    }
    let aws = Aws::new(world);
    let system = System::start(Setup::embedded(&aws).with("BUDGET_SHARE", "1")).await.unwrap();
    (aws, system)
}

#[tokio::test(start_paused = true)]
async fn a_bedtime_check_holds_some_repositories_at_a_time_and_kilobytes_a_service() {
    let _alone = ALONE.lock().await;
    let mut peaks = Vec::new();
    for (services, images) in [(500, 10), (1_500, 10), (500, 500)] {
        let (aws, system) = sleepers(services, images).await;
        peaks.push(peak_of("describe-cluster", &aws, &system, json!({"action": "wakeCheck"})).await);
    }
    let service = (peaks[1] - peaks[0]) / 1_000;
    let image = peaks[2].saturating_sub(peaks[0]) / (100 * 490);
    println!("bytes: {service} a service, {image} an image of 100 repositories, peaks {peaks:?}");
    // 10,000 services are then 40 MB of the function's 512.
    assert!(service < 6_000, "{service} bytes per service");
    assert!(image < 400, "{image} bytes per image: they are not all held at once");
}
