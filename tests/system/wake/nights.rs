//! Nights in which something is done to services that keeps them from coming back, and nights in which what is done
//! does not: each that does not come up in the morning was told the evening before.

use std::collections::BTreeSet;
use std::fmt;

use emulator::{Aws, GroupSeed, ServiceSeed, TargetSeed, World};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use simulation::causes::{Cause, Victim, stock};

use super::{OFFICE, local, reconcile, start};

/// The hours of the machines as long as nothing is done to them.
const MACHINES: &str = "Mon-Fri 07:45-20:15 America/Sao_Paulo";

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
    told_and_up: BTreeSet<Option<Cause>>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { services, stayed_down, told, told_and_stayed_down, missed, told_and_up } = self;
        let percent = |of: usize, all: usize| (of * 100).checked_div(all).unwrap_or(100);
        write!(
            f,
            "{services} services and nights: {stayed_down} did not come up, {told_and_stayed_down} of them told (recall \
             {} %); {told} told (precision {} %, told and up: {told_and_up:?}); missed: {missed:?}",
            percent(*told_and_stayed_down, *stayed_down),
            percent(*told_and_stayed_down, *told),
        )
    }
}

/// A service, and what is to be done to it in the evening after it went to sleep.
struct Sleeper {
    name: String,
    cluster: String,
    cause: Option<Cause>,
    count: i64,
    of_age: Timestamp,
}

fn sleeper(world: &mut World, rng: &mut Rng, n: usize) -> Sleeper {
    let name = format!("s{n:02}");
    let cause = if rng.u8(..3) == 0 { None } else { rng.choice(Cause::ALL) };
    let count = rng.i64(2..5);
    // Up to some hours before the morning, or after it.
    let (morning, minutes) = (local("2026-11-25 08:00"), SignedDuration::from_mins(rng.i64(30..660)));
    let of_age = if cause == Some(Cause::ExpiresAfter) { morning + minutes } else { morning - minutes };
    stock(world, &name);
    let mut seed = ServiceSeed::new(&name).desired(count).tag("steward:schedule", OFFICE);
    let on_machines = cause.is_some_and(Cause::needs_machines);
    let cluster = if on_machines {
        seed = seed.ec2();
        let machines = GroupSeed::new(&name).sizes(0, 4, 8).instance_type("m5.xlarge").cluster(&name);
        world.cluster(&name).group(machines.tag("steward:schedule", MACHINES).tag("steward:cluster", &name));
        name.clone()
    } else {
        "prod".to_owned()
    };
    world.service(&cluster, seed);
    if cause.is_some_and(Cause::needs_target) || (!on_machines && rng.bool()) {
        world.scalable_target(&cluster, &name, TargetSeed::new(1, 8));
    }
    Sleeper { name, cluster, cause, count, of_age }
}

impl Sleeper {
    fn in_the_evening(&self, world: &mut World) {
        let Some(cause) = self.cause else { return };
        let hours =
            if cause == Cause::MachinesSleepLonger { "Mon-Fri 10:00-19:00" } else { "Mon-Fri 08:00-20:00" };
        let hours = format!("{hours} America/Sao_Paulo");
        let victim = Victim {
            cluster: &self.cluster,
            service: &self.name,
            count: self.count,
            of_age: self.of_age,
            machines: cause.needs_machines().then_some((self.name.as_str(), hours.as_str())),
        };
        cause.plant(world, victim);
    }
}

async fn night(seed: u64, figures: &mut Figures) {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod");
    let all: Vec<Sleeper> = (0..20).map(|n| sleeper(&mut world, &mut rng, n)).collect();
    let fixture = start(Aws::new(world), &[]).await;
    reconcile(&fixture).await;
    for at in ["2026-11-24 20:00", "2026-11-24 20:05", "2026-11-24 20:15", "2026-11-24 20:20"] {
        fixture.aws.move_to(local(at));
        reconcile(&fixture).await;
    }
    fixture.aws.move_to(local("2026-11-24 20:25"));
    for it in &all {
        fixture.aws.with(|world| it.in_the_evening(world));
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
    fixture.aws.move_to(local("2026-11-25 07:59") + SignedDuration::from_secs(59));
    fixture.aws.with(|world| {
        world.run_lifecycle_policies();
    });
    for minute in (0..=20).step_by(5) {
        fixture.aws.move_to(local(&format!("2026-11-25 08:{minute:02}")));
        reconcile(&fixture).await;
    }
    fixture.aws.move_to(local("2026-11-25 08:24"));
    for Sleeper { name, cluster, cause, count, .. } in &all {
        let is_up = fixture.aws.with(|world| world.running_count(cluster, name)) >= *count;
        let told = told(name);
        figures.services += 1;
        figures.stayed_down += usize::from(!is_up);
        figures.told += usize::from(told);
        figures.told_and_stayed_down += usize::from(told && !is_up);
        if !is_up && !told {
            figures.missed.push(format!("seed {seed}: {name} {cause:?}"));
        }
        if told && is_up {
            figures.told_and_up.insert(*cause);
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
    assert!(figures.told_and_up.is_empty(), "{figures}");
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
