//! Nights in which something is done to services that keeps them from coming back, and nights in which what is done
//! does not: each that does not come up in the morning was told the evening before.

use std::collections::BTreeSet;
use std::fmt;

use emulator::{Aws, GroupSeed, ImageSeed, ServiceSeed, TargetSeed, World};
use fastrand::Rng;
use serde_json::{Value, json};

use super::{OFFICE, arn, call, local, reconcile, start};
use crate::fixture::Fixture;

/// What is done to a service, in the evening after it went to sleep; to its images and machines before that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Done {
    Nothing,
    RecordRemoved,
    RecordRemovedAndSizeTagged,
    RecordGarbled,
    ImageRemoved,
    ImageArchived,
    AnotherImageRemoved,
    TagMoved,
    ExpiresBefore,
    ExpiresAfter,
    UntaggedExpire,
    MaxLowered,
    MaxLoweredToItsSize,
    MachinesSleepLonger,
    MachinesWakeWithIt,
    DefinitionInactive,
    ScheduleRemoved,
}

const ALL: [Done; 17] = [
    Done::Nothing,
    Done::RecordRemoved,
    Done::RecordRemovedAndSizeTagged,
    Done::RecordGarbled,
    Done::ImageRemoved,
    Done::ImageArchived,
    Done::AnotherImageRemoved,
    Done::TagMoved,
    Done::ExpiresBefore,
    Done::ExpiresAfter,
    Done::UntaggedExpire,
    Done::MaxLowered,
    Done::MaxLoweredToItsSize,
    Done::MachinesSleepLonger,
    Done::MachinesWakeWithIt,
    Done::DefinitionInactive,
    Done::ScheduleRemoved,
];

/// What was told, and what came up.
#[derive(Default)]
struct Figures {
    services: usize,
    stayed_down: usize,
    told: usize,
    told_and_stayed_down: usize,
    /// That stayed down, and nobody had said so.
    missed: Vec<String>,
    /// That were told, and came up: what had been done to them.
    cried_wolf: BTreeSet<Done>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { services, stayed_down, told, told_and_stayed_down, missed, cried_wolf } = self;
        let percent = |of: usize, all: usize| (of * 100).checked_div(all).unwrap_or(100);
        write!(
            f,
            "{services} services and nights: {stayed_down} did not come up, {told_and_stayed_down} of them told (recall \
             {} %); {told} told (precision {} %, told and up: {cried_wolf:?}); missed: {missed:?}",
            percent(*told_and_stayed_down, *stayed_down),
            percent(*told_and_stayed_down, *told),
        )
    }
}

struct Planted {
    name: String,
    done: Done,
    count: i64,
}

fn image_of(name: &str, pushed: &str) -> ImageSeed {
    ImageSeed::new("prod-1").pushed_at(local(pushed)).content(name)
}

/// A rule for images of more than seven days.
fn older_than_a_week(status: &str) -> Value {
    json!({"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": status, "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7},
        "action": {"type": "expire"},
    }]})
}

fn plant(world: &mut World, rng: &mut Rng, n: usize) -> Planted {
    let name = format!("s{n:02}");
    let done = if rng.u8(..3) == 0 { Done::Nothing } else { *rng.choice(&ALL).unwrap() };
    let count = rng.i64(2..5);
    let pushed = match done {
        Done::ExpiresBefore => format!("2026-11-18 0{}:{:02}", rng.u8(3..8), rng.u8(..60)),
        Done::ExpiresAfter => format!("2026-11-18 {:02}:{:02}", rng.u8(9..20), rng.u8(..60)),
        _ => "2026-11-20 12:00".to_owned(),
    };
    world.repository(&name).image(&name, image_of(&name, &pushed));
    world.image(&name, ImageSeed::untagged("spare").pushed_at(local("2026-10-01 12:00")));
    match done {
        Done::ExpiresBefore | Done::ExpiresAfter => {
            world.lifecycle_policy(&name, &older_than_a_week("any"));
        }
        Done::UntaggedExpire => {
            world.lifecycle_policy(&name, &older_than_a_week("untagged"));
        }
        _ => {}
    }
    let mut seed = ServiceSeed::new(&name).desired(count).tag("steward:schedule", OFFICE);
    let hours = match done {
        Done::MachinesSleepLonger => Some("Mon-Fri 10:00-19:00 America/Sao_Paulo"),
        Done::MachinesWakeWithIt => Some("Mon-Fri 07:45-20:15 America/Sao_Paulo"),
        _ => None,
    };
    let cluster = if let Some(hours) = hours {
        seed = seed.ec2();
        let machines = GroupSeed::new(&name).sizes(0, 4, 8).instance_type("m5.xlarge").cluster(&name);
        world.cluster(&name).group(machines.tag("steward:schedule", hours).tag("steward:cluster", &name));
        name.clone()
    } else {
        "prod".to_owned()
    };
    world.service(&cluster, seed);
    if matches!(done, Done::MaxLowered | Done::MaxLoweredToItsSize) || (hours.is_none() && rng.bool()) {
        world.scalable_target(&cluster, &name, TargetSeed::new(1, 8));
    }
    Planted { name, done, count }
}

fn in_the_evening(fixture: &Fixture, it: &Planted) {
    let name = it.name.as_str();
    let tagged = |tags: Value| {
        call(fixture, "ecs", "TagResource", json!({"resourceArn": arn(name), "tags": tags}));
    };
    let untagged = |key: &str| {
        call(fixture, "ecs", "UntagResource", json!({"resourceArn": arn(name), "tagKeys": [key]}));
    };
    let max = |max: i64| {
        let target = json!({
            "ServiceNamespace": "ecs", "ResourceId": format!("service/prod/{name}"),
            "ScalableDimension": "ecs:service:DesiredCount", "MaxCapacity": max,
        });
        call(fixture, "application-autoscaling", "RegisterScalableTarget", target);
    };
    let digest = image_of(name, "2026-11-20 12:00").digest(name);
    match it.done {
        Done::RecordRemoved => untagged("steward:record"),
        Done::RecordRemovedAndSizeTagged => {
            untagged("steward:record");
            tagged(json!([{"key": "steward:size", "value": format!("n={}", it.count)}]));
        }
        Done::RecordGarbled => tagged(json!([{"key": "steward:record", "value": "v1 of@noon"}])),
        Done::ScheduleRemoved => untagged("steward:schedule"),
        Done::ImageRemoved => fixture.aws.with(|world| drop_image(world, name, &digest)),
        Done::AnotherImageRemoved => {
            let spare = ImageSeed::untagged("spare").digest(name);
            fixture.aws.with(|world| drop_image(world, name, &spare));
        }
        Done::ImageArchived => fixture.aws.with(|world| {
            world.archive(name, &digest);
        }),
        Done::TagMoved => fixture.aws.with(|world| {
            let spare = ImageSeed::untagged("spare").digest(name);
            world.move_tag(name, "prod-1", &spare);
        }),
        Done::MaxLowered => max(it.count - 1),
        Done::MaxLoweredToItsSize => max(it.count),
        Done::DefinitionInactive => {
            let definition = json!({"taskDefinition": format!("{name}:1")});
            call(fixture, "ecs", "DeregisterTaskDefinition", definition);
        }
        Done::Nothing
        | Done::ExpiresBefore
        | Done::ExpiresAfter
        | Done::UntaggedExpire
        | Done::MachinesSleepLonger
        | Done::MachinesWakeWithIt => {}
    }
}

fn drop_image(world: &mut World, repository: &str, digest: &str) {
    world.remove_image(repository, digest);
}

async fn night(seed: u64, figures: &mut Figures) {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod");
    let all: Vec<Planted> = (0..20).map(|n| plant(&mut world, &mut rng, n)).collect();
    let fixture = start(Aws::new(world), &[]).await;
    reconcile(&fixture).await;
    for at in ["2026-11-24 20:00", "2026-11-24 20:05", "2026-11-24 20:15", "2026-11-24 20:20"] {
        fixture.aws.move_to(local(at));
        reconcile(&fixture).await;
    }
    fixture.aws.move_to(local("2026-11-24 20:25"));
    for it in &all {
        in_the_evening(&fixture, it);
    }
    let check = fixture.system.invoke("describe-cluster", json!({"action": "wakeCheck"})).await.unwrap();
    let told = |name: &str| {
        let lines = check["wake"].as_array().unwrap();
        lines.iter().any(|line| line["service"] == name && line["canWake"] == "no")
    };
    // ECR acts some time within a day of an image's coming of age; here before the morning.
    for at in ["2026-11-24 20:30", "2026-11-25 03:00", "2026-11-25 07:45", "2026-11-25 07:50"] {
        fixture.aws.move_to(local(at));
        reconcile(&fixture).await;
    }
    fixture.aws.move_to(local("2026-11-25 07:59") + jiff::SignedDuration::from_secs(59));
    fixture.aws.with(|world| {
        world.run_lifecycle_policies();
    });
    for minute in (0..=20).step_by(5) {
        fixture.aws.move_to(local(&format!("2026-11-25 08:{minute:02}")));
        reconcile(&fixture).await;
    }
    fixture.aws.move_to(local("2026-11-25 08:24"));
    for Planted { name, done, count } in &all {
        let own = matches!(done, Done::MachinesSleepLonger | Done::MachinesWakeWithIt);
        let cluster = if own { name.as_str() } else { "prod" };
        let is_up = fixture.aws.with(|world| world.running_count(cluster, name)) >= *count;
        let told = told(name);
        figures.services += 1;
        figures.stayed_down += usize::from(!is_up);
        figures.told += usize::from(told);
        figures.told_and_stayed_down += usize::from(told && !is_up);
        if !is_up && !told {
            figures.missed.push(format!("seed {seed}: {name} {done:?}"));
        }
        if told && is_up {
            figures.cried_wolf.insert(*done);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_up_in_the_morning_was_told_the_evening_before() {
    let mut figures = Figures::default();
    for seed in 0..6 {
        night(seed, &mut figures).await;
    }
    println!("{figures}");
    assert!(figures.missed.is_empty(), "{figures}");
    assert!(figures.stayed_down > 20, "{figures}");
    assert!(figures.cried_wolf.is_empty(), "{figures}");
}

/// A year of nights, by hand: `cargo test -p tests --test system a_year_of_nights -- --ignored --nocapture`.
#[tokio::test(start_paused = true)]
#[ignore = "a year of nights takes minutes"]
async fn a_year_of_nights() {
    let mut figures = Figures::default();
    for seed in 1_000..1_365 {
        night(seed, &mut figures).await;
    }
    println!("{figures}");
    assert!(figures.missed.is_empty(), "{figures}");
}
