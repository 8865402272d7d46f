//! Each protection keeps what it is there for, nothing else does, and it keeps no more: a world of needs, and the same
//! world with each protection taken away in turn.

use std::collections::{BTreeMap, BTreeSet};

use emulator::{Aws, ImageSeed, ServiceSeed, World};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::sources::run_task;
use super::{HOST, days_ago, report};
use crate::fixture::{Fixture, evening};

/// Why an old image is still needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Task,
    Service,
    CodeDeploy,
    Rollback,
    Daemon,
    Family,
    Rule,
    Schedule,
    Pipe,
    StateMachine,
    StateMachineVersion,
    Job,
    Build,
    Function,
    Config,
    Document,
    Region,
    Replica,
    Pulled,
    Pushed,
    ProtectedTag,
}

const ALL: [Need; 21] = [
    Need::Task,
    Need::Service,
    Need::CodeDeploy,
    Need::Rollback,
    Need::Daemon,
    Need::Family,
    Need::Rule,
    Need::Schedule,
    Need::Pipe,
    Need::StateMachine,
    Need::StateMachineVersion,
    Need::Job,
    Need::Build,
    Need::Function,
    Need::Config,
    Need::Document,
    Need::Region,
    Need::Replica,
    Need::Pulled,
    Need::Pushed,
    Need::ProtectedTag,
];

/// Every protection is on.
const ON: [(&str, &str); 9] = [
    ("KEEP_PULLED_DAYS", "30"),
    ("KEEP_PUSHED_HOURS", "72"),
    ("IN_USE_REVISIONS", "3"),
    ("IN_USE", "users:configured"),
    ("IN_USE_FROM", "s3://lists/images/"),
    ("IN_USE_REGIONS", "us-east-1"),
    ("PROTECTED_TAGS", "keep-*"),
    ("SOURCES_OFF", ""),
    ("MAX_DELETE_PERCENT", "100"),
];

impl Need {
    /// The variable that takes its protection away.
    fn without(self) -> (&'static str, &'static str) {
        match self {
            Self::Task => ("SOURCES_OFF", "tasks"),
            Self::Service | Self::CodeDeploy => ("SOURCES_OFF", "services"),
            Self::Rollback => ("IN_USE_REVISIONS", "1"),
            Self::Daemon => ("SOURCES_OFF", "daemons"),
            Self::Family => ("SOURCES_OFF", "families"),
            Self::Rule => ("SOURCES_OFF", "rules"),
            Self::Schedule => ("SOURCES_OFF", "schedules"),
            Self::Pipe => ("SOURCES_OFF", "pipes"),
            Self::StateMachine | Self::StateMachineVersion => ("SOURCES_OFF", "stateMachines"),
            Self::Job => ("SOURCES_OFF", "jobDefinitions"),
            Self::Build => ("SOURCES_OFF", "buildProjects"),
            Self::Function => ("SOURCES_OFF", "functions"),
            Self::Config => ("IN_USE", ""),
            Self::Document => ("SOURCES_OFF", "documents"),
            Self::Region | Self::Replica => ("IN_USE_REGIONS", ""),
            Self::Pulled => ("KEEP_PULLED_DAYS", "0"),
            Self::Pushed => ("KEEP_PUSHED_HOURS", "0"),
            Self::ProtectedTag => ("PROTECTED_TAGS", ""),
        }
    }

    /// Whether it loses its protection with this variable.
    fn goes(self, without: (&str, &str)) -> bool {
        let of_the_same_source = match self {
            // What a service may go back to is told by the service, and builds in another region by builds.
            Self::Rollback => Self::Service,
            Self::Region | Self::Replica => Self::Build,
            _ => self,
        };
        self.without() == without || of_the_same_source.without() == without
    }
}

/// What an old image is.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// An index of two untagged images.
    is_index: bool,
    /// With a signature by cosign's tag.
    is_signed: bool,
    /// With an SBOM whose subject it is.
    has_sbom: bool,
}

/// A family whose first revision names this image, and whose latest ones do not.
fn retired(world: &mut World, family: &str, image: &str) -> String {
    for image in [image, "busybox:1", "busybox:2", "busybox:3"] {
        let containers = json!([{"name": "app", "image": image}]);
        world
            .call(
                "ecs",
                "RegisterTaskDefinition",
                json!({"family": family, "containerDefinitions": containers}),
            )
            .unwrap();
    }
    format!("{family}:1")
}

fn document(images: &[Value]) -> Value {
    json!({"account": "999999999999", "region": "sa-east-1", "at": evening(), "complete": true, "images": images})
}

/// Puts an old image there, and all that belongs to it; their digests.
fn old(world: &mut World, tag: &str, age: i64, shape: Shape) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let at = days_ago(60 + age);
    if shape.is_index {
        for platform in ["amd64", "arm64"] {
            let seed = ImageSeed::untagged(&format!("{platform} of {tag}")).pushed_at(at);
            all.insert(seed.digest("users"));
            world.image("users", seed);
        }
        let children: Vec<String> = all.iter().cloned().collect();
        world.index("users", ImageSeed::new(tag).pushed_at(at), &children);
    } else {
        world.image("users", ImageSeed::new(tag).pushed_at(at));
    }
    let digest = world.digest("users", tag).unwrap();
    let before: BTreeSet<String> = world.images("users").into_iter().map(|it| it.digest).collect();
    if shape.is_signed {
        world.signature_of("users", &digest);
    }
    if shape.has_sbom {
        world.referrer_of("users", &digest, "application/spdx+json");
    }
    all.extend(world.images("users").into_iter().map(|it| it.digest).filter(|it| !before.contains(it)));
    all.insert(digest);
    all
}

/// Lets something need the image of this tag. `n` makes its names.
fn need(world: &mut World, abroad: &mut World, need: Need, tag: &str) -> Vec<Value> {
    let image = format!("{HOST}/users:{tag}");
    let family = format!("family-{tag}");
    let name = format!("needs-{tag}");
    let containers = |image: &str| json!([{"name": "app", "image": image}]);
    match need {
        // It is run below.
        Need::Task => _ = retired(world, &family, &image),
        Need::Service | Need::CodeDeploy => {
            let definition = retired(world, &family, &image);
            let seed = ServiceSeed::new(&name).image(&image).task_definition(&definition).desired(0);
            let seed = if need == Need::Service { seed } else { seed.controller("CODE_DEPLOY") };
            world.service("prod", seed);
        }
        Need::Rollback => {
            let moving = format!("moving-{tag}");
            let digest = world.digest("users", tag).unwrap();
            world.move_tag("users", &moving, &digest);
            world
                .service("prod", ServiceSeed::new(&name).image(&format!("{HOST}/users:{moving}")).desired(0));
            // The next release, and the same once more.
            for _ in 0..2 {
                world.advance_by(std::time::Duration::from_hours(1));
                let newest = world.digest("users", "newest").unwrap();
                world.move_tag("users", &moving, &newest);
                world.begin_deployment("prod", &name).finish_deployment("prod", &name);
            }
        }
        Need::Daemon => _ = world.ecs_daemon("prod", &name, &image, true),
        Need::Family => {
            let asked = json!({"family": family, "containerDefinitions": containers(&image)});
            world.call("ecs", "RegisterTaskDefinition", asked).unwrap();
        }
        Need::Rule => {
            let definition = retired(world, &family, &image);
            world.ecs_target("default", &name, "prod", &definition).disable_rule("default", &name);
        }
        Need::Schedule => {
            let definition = retired(world, &family, &image);
            world.ecs_schedule("default", &name, "rate(7 days)", "prod", &definition);
        }
        Need::Pipe => {
            let definition = retired(world, &family, &image);
            world.ecs_pipe(&name, "prod", &definition);
        }
        Need::StateMachine | Need::StateMachineVersion => {
            let definition = retired(world, &family, &image);
            world.state_machine(&name, run_task(&definition));
            if need == Need::StateMachineVersion {
                world.publish_state_machine(&name);
                world.state_machine(&name, run_task(&format!("{family}:4")));
            }
        }
        Need::Job => {
            world
                .job_definition(&name, json!({"type": "container", "containerProperties": {"image": image}}));
        }
        Need::Build => _ = world.build_project(&name, &image),
        Need::Function => {
            world.image_function(&name, &image).publish_version(&name).zip_function(&name);
        }
        Need::Config => {
            let digest = world.digest("users", tag).unwrap();
            world.move_tag("users", "configured", &digest);
        }
        Need::Document => return vec![json!({"image": image, "usedBy": ["theirs"]})],
        Need::Region => _ = abroad.build_project(&name, &image),
        Need::Replica => {
            let replica = image.replace("sa-east-1", "us-east-1");
            abroad.build_project(&name, &replica);
        }
        Need::Pulled => {
            let digest = world.digest("users", tag).unwrap();
            world.pulled("users", &digest, days_ago(20));
        }
        // It is not an old one: see below.
        Need::Pushed => {}
        Need::ProtectedTag => {
            let digest = world.digest("users", tag).unwrap();
            world.move_tag("users", &format!("keep-{tag}"), &digest);
        }
    }
    Vec::new()
}

/// An account, what each need keeps, and what nothing needs.
struct Account {
    aws: Aws,
    needed: BTreeMap<Need, BTreeSet<String>>,
    unneeded: BTreeSet<String>,
}

fn account(shapes: &[(Need, Shape)], idle: &[Shape]) -> Account {
    let mut world = World::new(evening() - SignedDuration::from_hours(60));
    world.cluster("prod").instances("prod", 2).bucket("lists");
    world.pull_time_exclusion("arn:aws:iam::123456789012:role/steward");
    world.image("users", ImageSeed::new("newest").pushed_at(days_ago(10)));
    world.index("users", ImageSeed::new("configured").pushed_at(days_ago(11)), &[] as &[&str]);
    // Of the untagged ones the newest stays.
    world.image("users", ImageSeed::untagged("filler").pushed_at(days_ago(9)));
    let mut abroad = World::in_region(evening(), "us-east-1");
    let (mut needed, mut told) = (BTreeMap::new(), Vec::new());
    for (n, (what, shape)) in shapes.iter().enumerate() {
        if *what == Need::Pushed {
            continue;
        }
        let tag = format!("v{n}");
        let digests = old(&mut world, &tag, i64::try_from(n).unwrap(), *shape);
        told.extend(need(&mut world, &mut abroad, *what, &tag));
        needed.insert(*what, digests);
    }
    let mut unneeded = BTreeSet::new();
    for (n, shape) in idle.iter().enumerate() {
        unneeded.extend(old(&mut world, &format!("idle{n}"), i64::try_from(n).unwrap(), *shape));
    }
    world.object("lists", "images/999999999999-sa-east-1.json", &document(&told).to_string());
    world.advance_to(evening());
    // A task that has just been started has pulled nothing yet: only the task itself tells.
    for n in shapes.iter().enumerate().filter(|(_, (what, _))| *what == Need::Task).map(|(n, _)| n) {
        let asked = json!({"cluster": "prod", "taskDefinition": format!("family-v{n}:1")});
        world.call("ecs", "RunTask", asked).unwrap();
    }
    if shapes.iter().any(|(what, _)| *what == Need::Pushed) {
        // Two platforms of a release whose index is still to come.
        let pushed = ["amd64", "arm64"].map(|name| ImageSeed::untagged(name).pushed_at(days_ago(2)));
        needed.insert(Need::Pushed, pushed.iter().map(|seed| seed.digest("users")).collect());
        for seed in pushed {
            world.image("users", seed);
        }
    }
    let aws = Aws::new(world);
    aws.add_region(abroad);
    Account { aws, needed, unneeded }
}

/// What is gone after a run with all protections but one.
async fn gone(account: &Account, without: Option<(&'static str, &'static str)>) -> (BTreeSet<String>, Value) {
    let fork = account.aws.fork();
    let digests = |aws: &Aws| -> BTreeSet<String> {
        aws.with(|world| world.images("users").into_iter().map(|it| it.digest).collect())
    };
    let before = digests(&fork);
    let variables: Vec<(&str, &str)> = ON.into_iter().chain(without).collect();
    let fixture = Fixture::with(&fork, &variables).await;
    // Everything that has not been deployed lately would go, and all untagged images but the newest, which is AWS's
    // own example.
    let rules = json!({"rules": [
        {"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
            "action": {"type": "expire"}},
        {"rulePriority": 2, "selection": {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days",
            "countNumber": 30}, "action": {"type": "expire"}},
    ]});
    let asked = json!({"action": "prune", "policy": rules, "dryRun": false, "repositories": ["users"]});
    let report = report(fixture.prune(asked).await);
    let after = digests(&fork);
    fork.with(|world| {
        for index in world.images("users") {
            let lost = index.children.iter().any(|child| before.contains(child) && !after.contains(child));
            assert!(!lost, "an index has lost a child: {report}");
        }
    });
    (before.difference(&after).cloned().collect(), report)
}

async fn check(shapes: &[(Need, Shape)], idle: &[Shape]) {
    let account = account(shapes, idle);
    let (lost, report) = gone(&account, None).await;
    for (what, digests) in &account.needed {
        let lost: Vec<_> = digests.intersection(&lost).collect();
        assert!(lost.is_empty(), "{what:?} needs {lost:?}, which went: {report}");
    }
    let spare: Vec<_> = account.unneeded.difference(&lost).collect();
    assert!(spare.is_empty(), "nothing needs {spare:?}, which stayed: {report}");
    for what in account.needed.keys() {
        let without = what.without();
        let (lost, report) = gone(&account, Some(without)).await;
        for (other, digests) in &account.needed {
            let kept = digests.is_disjoint(&lost);
            assert_eq!(
                kept,
                !other.goes(without),
                "without {without:?}, what {other:?} needs was {}: {report}",
                if kept { "kept" } else { "lost" }
            );
            // And all that belongs to it goes along. Of two that were pushed, the newest untagged one stays.
            if !kept && *other != Need::Pushed {
                assert!(digests.is_subset(&lost), "{other:?}: {digests:?} and {lost:?}: {report}");
            }
        }
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    (prop::bool::weighted(0.4), prop::bool::weighted(0.3), prop::bool::weighted(0.3))
        .prop_map(|(is_index, is_signed, has_sbom)| Shape { is_index, is_signed, has_sbom })
}

#[test]
fn what_anything_needs_stays_with_all_that_belongs_to_it_and_goes_where_its_protection_alone_is_taken_away() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let needs = prop::sample::subsequence(ALL.to_vec(), 4..=8).prop_shuffle();
    let worlds = (needs, prop::collection::vec(shape(), 8), prop::collection::vec(shape(), 0..4));
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let done = runner.run(&worlds, |(needs, shapes, idle)| {
        let shapes: Vec<(Need, Shape)> = needs.into_iter().zip(shapes).collect();
        runtime.block_on(check(&shapes, &idle));
        Ok(())
    });
    done.unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_need_is_kept_by_its_own_protection_alone() {
    let plain = Shape { is_index: false, is_signed: false, has_sbom: false };
    let all: Vec<(Need, Shape)> = ALL.into_iter().map(|what| (what, plain)).collect();
    check(&all, &[plain, plain]).await;
}
