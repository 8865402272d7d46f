//! The worlds that are worked on.

use emulator::{Aws, ImageSeed, ServiceSeed, TargetSeed, World};
use jiff::{SignedDuration, Timestamp};
use local::System;
use local::system::Setup;
use serde_json::{Value, json};

/// The hours of a service where it follows some.
pub const OFFICE: &str = "Mon-Fri 08:00-20:00 UTC";
/// By this tag, those who look for one know what is theirs.
const OURS: (&str, &str) = ("off-hours", "yes");

/// So many services in so many clusters.
#[derive(Clone, Copy, Debug)]
pub struct Fleet {
    /// How many services in all.
    pub services: usize,
    /// In how many clusters, evenly.
    pub clusters: usize,
    /// Every so manieth has a scalable target, from 1 to 6.
    pub autoscaled: usize,
}

impl Fleet {
    /// So many services in twenty clusters, a tenth autoscaled.
    #[must_use]
    pub fn of(services: usize) -> Self {
        Self { services, clusters: 20.min(services), autoscaled: 10 }
    }

    /// The cluster and the name of each.
    pub fn names(self) -> impl Iterator<Item = (String, String)> {
        let Self { services, clusters, .. } = self;
        (0..services).map(move |n| (format!("c{:03}", n % clusters), format!("s{n:05}")))
    }

    /// What a service runs by day.
    #[must_use]
    pub fn desired(n: usize) -> i64 {
        i64::try_from(n % 5).unwrap() + 1
    }

    /// Those that have a scalable target.
    #[must_use]
    pub fn is_autoscaled(self, n: usize) -> bool {
        // Not by the number alone, or all of them would be in the same clusters.
        (n / self.clusters + n % self.clusters).is_multiple_of(self.autoscaled)
    }

    /// The world, with this schedule on each cluster if there is one.
    #[must_use]
    pub fn world(self, now: Timestamp, schedule: Option<&str>) -> World {
        let mut world = World::new(now);
        for (n, (cluster, name)) in self.names().enumerate() {
            let seed = ServiceSeed::new(&name).desired(Self::desired(n)).task_definition("app");
            world.service(&cluster, seed.tag(OURS.0, OURS.1));
            if self.is_autoscaled(n) {
                world.scalable_target(&cluster, &name, TargetSeed::new(1, 6));
            }
            if let Some(schedule) = schedule {
                world.cluster_tag(&cluster, "steward:schedule", schedule);
            }
        }
        world
    }

    /// How many services are not at 0.
    #[must_use]
    pub fn not_off(self, world: &World) -> usize {
        self.names().filter(|(cluster, name)| world.desired_count(cluster, name) != 0).count()
    }

    /// How many services are not as they were: their count, or their autoscaling.
    #[must_use]
    pub fn not_as_they_were(self, world: &World) -> usize {
        let wrong = |n: usize, cluster: &str, name: &str| {
            let target = world.target(cluster, name);
            let as_it_was = target.is_none_or(|it| {
                let awake = !(it.dynamic_in_suspended || it.dynamic_out_suspended || it.scheduled_suspended);
                (it.min, it.max, awake) == (1, 6, true)
            });
            world.desired_count(cluster, name) != Self::desired(n) || !as_it_was
        };
        self.names().enumerate().filter(|(n, (cluster, name))| wrong(*n, cluster, name)).count()
    }
}

/// One cluster of so many services with five tasks each.
#[must_use]
pub fn one_cluster(now: Timestamp, services: usize) -> World {
    let mut world = World::new(now);
    world.cluster("prod");
    for n in 0..services {
        let seed = ServiceSeed::new(&format!("s{n:05}")).desired(5).task_definition("app");
        world.service("prod", seed);
    }
    world
}

/// So many repositories of so many old images, and twenty services that run the oldest image of one each.
#[must_use]
pub fn registry(now: Timestamp, repositories: usize, images: usize) -> World {
    let mut world = World::new(now);
    for repository in 0..repositories {
        let name = format!("team/r{repository:04}");
        for n in 0..images {
            let pushed = now - SignedDuration::from_hours(1_000 + i64::try_from(n).unwrap());
            world.image(&name, ImageSeed::new(&format!("v{n}")).pushed_at(pushed));
        }
    }
    for n in 0..20.min(repositories) {
        let image = format!("123456789012.dkr.ecr.sa-east-1.amazonaws.com/team/r{n:04}:v{}", images - 1);
        world.service("prod", ServiceSeed::new(&format!("s{n:02}")).image(&image));
    }
    world
}

/// How many services of [`registry`] have lost the image that they run.
#[must_use]
pub fn without_their_image(world: &World, repositories: usize, images: usize) -> usize {
    let oldest = format!("v{}", images - 1);
    let lost = |n: &usize| {
        let images = world.images(&format!("team/r{n:04}"));
        !images.iter().any(|image| image.tags.contains(&oldest))
    };
    (0..20.min(repositories)).filter(lost).count()
}

/// The request that prunes it to so many images a repository.
#[must_use]
pub fn prune_to(images: usize) -> Value {
    json!({"action": "prune", "dryRun": false, "policy": {"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": images},
        "action": {"type": "expire"},
    }]}})
}

/// So many services in twenty clusters that follow a schedule, whose images are in so many repositories with a
/// lifecycle policy each.
#[must_use]
pub fn sleepers(now: Timestamp, services: usize, repositories: usize) -> World {
    let mut world = World::new(now);
    for n in 0..repositories {
        let name = format!("app{n:02}");
        world.repository(&name).image(&name, ImageSeed::new("prod-1"));
        let week = json!({"rules": [{
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7
            },
            "action": {"type": "expire"},
        }]});
        world.lifecycle_policy(&name, &week);
    }
    let clusters = 20.min(services);
    for n in 0..services {
        let family = format!("app{:02}", n % repositories);
        let seed = ServiceSeed::new(&format!("s{n:05}")).desired(2).task_definition(&family);
        world.service(&format!("c{:02}", n % clusters), seed.tag("steward:schedule", OFFICE));
    }
    world
}

/// A tick of reconcile, as the template's schedule sends it.
#[must_use]
pub fn tick(now: Timestamp) -> Value {
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
    json!({"action": "reconcile", "clusters": ["*"], "at": now.to_string(), "schedule": schedule})
}

/// The functions in this process, with AWS's whole rates.
pub async fn in_process(aws: &Aws) -> System {
    System::start(Setup::embedded(aws).with("BUDGET_SHARE", "1")).await.unwrap()
}

/// Runs what is asked for on a clock of its own that stands still while nothing waits for it, and thus in moments.
pub async fn on_a_paused_clock<T: Send + 'static>(work: impl AsyncFnOnce() -> T + Send + 'static) -> T {
    let thread = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(work())
    });
    thread.await.unwrap()
}

/// The same world once each service that follows a schedule has its first record.
pub async fn adopted(world: World) -> World {
    on_a_paused_clock(async move || {
        let aws = Aws::new(world);
        in_process(&aws).await.invoke("scale-service", tick(aws.now())).await.unwrap();
        aws.with(|world| world.clone())
    })
    .await
}
