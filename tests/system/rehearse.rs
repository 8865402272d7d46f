//! A rehearsal says what comes to pass, changes nothing where it reads, and keeps no secret.

use std::collections::BTreeMap;

use emulator::{Aws, GroupSeed, ImageSeed, LeftOut, Seed, ServiceSeed, TargetSeed, World};
use jiff::Timestamp;
use local::aws::Place;
use local::rehearse::report::TurnTo;
use local::rehearse::snapshot::{ClusterLook, Snapshot};
use local::rehearse::{self, Deployment, Depth, Heard, Play, Rehearsal};
use local::system::Setup;
use serde_json::{Value, json};
use shared::application_autoscaling::{ScalableTarget, ScalingPolicy};
use shared::ecs::{
    CapacityProvider, CapacityProviderStrategyItem, Cluster, DeploymentController, Service, ServiceFeatures,
};
use shared::settings::TagKeys;

/// All but the two newest dev images.
const POLICY: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"tagged","tagPrefixList":["dev"],"countType":"imageCountMoreThan","countNumber":2},"action":{"type":"expire"}}]}"#;

fn deployment(variables: &[(&str, &str)]) -> Deployment {
    Deployment::with(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

/// What is read of a world in this process.
async fn read(world: World, deployment: &Deployment) -> (Aws, Seed) {
    let aws = Aws::new(world);
    let depth = Depth { manifests: true };
    let seed = rehearse::seed_in(Setup::embedded(&aws), deployment, depth, &|_| ()).await.unwrap();
    (aws, seed)
}

/// The days, on a thread whose clock stands still.
async fn rehearsed(mut seed: Seed, deployment: Deployment, days: u32) -> Rehearsal {
    let play = move || rehearse::rehearse(&mut seed, &deployment, days, |_, _| ()).unwrap();
    tokio::task::spawn_blocking(play).await.unwrap()
}

/// Every answer of every schedule, and how the world ends.
fn played(
    seed: &Seed,
    world: World,
    play: &Play,
) -> (BTreeMap<(Timestamp, String), String>, BTreeMap<String, Value>) {
    let (mut answers, mut end) = (BTreeMap::new(), BTreeMap::new());
    rehearse::on_a_paused_clock(seed, world, play, |heard| match heard {
        Heard::Tick { world, .. } => end = state(world),
        Heard::Same => {}
        Heard::Answer { at, schedule, answer, .. } => {
            let answer = answer.as_ref().unwrap().to_string();
            answers.insert((at, schedule.to_owned()), without_ids(&answer));
        }
    })
    .unwrap();
    (answers, end)
}

/// Where two texts part, with what stands around it.
fn difference(one: &str, other: &str) -> Option<(String, String)> {
    let place = one.bytes().zip(other.bytes()).position(|(a, b)| a != b);
    let place = place.or_else(|| (one.len() != other.len()).then(|| one.len().min(other.len())))?;
    let around = |text: &str| {
        let bytes =
            &text.as_bytes()[place.saturating_sub(200).min(text.len())..(place + 200).min(text.len())];
        String::from_utf8_lossy(bytes).into_owned()
    };
    Some((around(one), around(other)))
}

/// The ids of groups and of service revisions are made anew with each world.
fn without_ids(text: &str) -> String {
    let mut revisions = text.split("(revision ");
    let first = revisions.next().unwrap_or_default().to_owned();
    let text = revisions.fold(first, |text, part| {
        format!("{text}(revision {}", part.trim_start_matches(|c: char| c.is_ascii_digit()))
    });
    let mut parts = text.split("autoScalingGroup:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let name = part.split_once("autoScalingGroupName/").map_or(part, |(_, name)| name);
        format!("{text}autoScalingGroup/{name}")
    })
}

fn state(world: &World) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for cluster in ["ecs-api", "microservices"] {
        for name in world.service_names(cluster) {
            let (desired, running) =
                (world.desired_count(cluster, &name), world.running_count(cluster, &name));
            let target = world.target(cluster, &name).map(|it| format!("{it:?}"));
            let tags = world.tags(cluster, &name);
            all.insert(
                format!("{cluster}/{name}"),
                json!({"desired": desired, "running": running, "target": target, "tags": tags}),
            );
        }
    }
    for name in ["users", "threads", "posts", "api-monolitica", "node-agent"] {
        let digests: Vec<String> = world.images(name).into_iter().map(|it| it.digest).collect();
        all.insert(name.to_owned(), json!(digests));
    }
    let group = world.group_view("ecs-api").unwrap();
    all.insert("group".into(), json!([group.min, group.desired, group.max, group.instances.len()]));
    all
}

/// The demo's world, read over HTTP and rehearsed, beside the demo's world itself.
async fn agree(days: u32) {
    let aws = Aws::new(World::demo());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = Place::Url(format!("http://{}", listener.local_addr().unwrap()));
    let deployment = deployment(&[("PRUNE_POLICY", POLICY), ("PRUNE_REPOSITORIES", "*")]);
    let seed = tokio::select! {
        _ = emulator::serve(aws.clone(), listener) => panic!("the door closed"),
        seed = rehearse::seed_of(&place, &deployment, Depth { manifests: true }, &|_| ()) => seed.unwrap(),
    };
    assert_eq!(aws.writes(), [], "it only reads");
    assert!(aws.ledger().len() > 20);
    assert_eq!(seed.left_out, [], "the embedded AWS models itself");

    let play = deployment.play(&seed, days, &TagKeys::default());
    assert_eq!((play.zone.iana_name(), play.prunes), (Some("America/Sao_Paulo"), true));
    let both = tokio::task::spawn_blocking(move || {
        let mut own = World::demo();
        own.advance_to(seed.now);
        let mut seed = seed;
        let world = rehearse::world::world(&mut seed);
        // The demo's own world fires every tick, also those at which the rehearsal sees that nothing can be new.
        (played(&seed, world, &play), played(&seed, own, &Play { every_tick: true, ..play }))
    });
    let ((rehearsed, rehearsed_end), (own, own_end)) = both.await.unwrap();
    assert_eq!(own.len(), usize::try_from(days * (288 + 3)).unwrap());
    let (mut fired, mut last) = (0, "");
    for (key, answer) in &own {
        let is_tick = key.1 == "Reconcile";
        // A tick that was passed over answers as the one before it.
        let expected = rehearsed.get(key).map_or(last, |it| {
            fired += usize::from(is_tick);
            it
        });
        assert_eq!(difference(expected, answer), None, "{key:?}");
        if is_tick {
            last = answer;
        }
    }
    let ticks = usize::try_from(days * 288).unwrap();
    assert!(fired > 0 && fired < ticks / 4, "{fired} of {ticks}");
    assert_eq!(rehearsed_end, own_end);
    let all: String = own.values().map(String::as_str).collect();
    for said in ["3 services off (posts 5", "3 services starting", "3 services on", "images deleted"] {
        assert!(all.contains(said), "something happened: {said}");
    }
}

#[tokio::test]
async fn a_rehearsal_of_the_demo_agrees_with_its_own_day_tick_by_tick() {
    agree(1).await;
}

#[tokio::test]
#[ignore = "a minute or two: the same for a week"]
async fn a_rehearsal_of_the_demo_agrees_with_its_own_week_tick_by_tick() {
    agree(7).await;
}

/// A fleet at 17:00 in Berlin, without a tag that switches anything off.
fn untagged() -> World {
    let mut world = World::new("2026-11-24T16:00:00Z".parse().unwrap());
    for name in ["users", "posts", "lost"] {
        let pushed = "2026-10-01T00:00:00Z".parse().unwrap();
        world.image(name, ImageSeed::new("prod-1").pushed_at(pushed));
        world.service("prod", ServiceSeed::new(name).desired(2).tag("owner", "CANARY-of-a-tag"));
    }
    world.scalable_target("prod", "users", TargetSeed::new(1, 6).tracking()).load("prod", "users", 2);
    world.service("prod", ServiceSeed::new("away").tag("steward:schedule", "none"));
    world.service("prod", ServiceSeed::new("odd").tag("steward:schedule", "Mon-Fri <script>8-20"));
    let gone = world.images("lost").into_iter().next().unwrap().digest;
    world.remove_image("lost", &gone);
    world.cluster_tag("prod", "password", "CANARY-of-a-cluster");
    world.group(GroupSeed::new("machines").cluster("prod").tag("secret", "CANARY-of-a-group"));
    world
}

#[tokio::test]
async fn a_fleet_without_tags_is_rehearsed_by_a_default_schedule() {
    let deployment = deployment(&[("DEFAULT_SCHEDULE", "Mon-Fri 08:00-20:00 Europe/Berlin")]);
    let (aws, seed) = read(untagged(), &deployment).await;
    assert_eq!(aws.writes(), []);

    // What is saved has names, and nothing that people or programs keep to themselves.
    let saved = serde_json::to_string(&seed).unwrap();
    assert!(saved.contains("\"users\"") && !saved.contains("CANARY"), "{saved}");
    for word in ["environment", "command", "secrets", "DATABASE_URL", "password", "owner"] {
        assert!(!saved.contains(word), "{word}: {saved}");
    }
    let again = Seed::from_json(&saved).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), saved);

    let rehearsal = rehearsed(again, deployment, 1).await;
    assert_eq!(rehearsal.zone, "Europe/Berlin");
    let turns = |name: &str| -> Vec<(String, TurnTo, Option<i64>)> {
        let course = rehearsal.courses.iter().find(|it| it.resource == format!("service/prod/{name}"));
        let turns = course.into_iter().flat_map(|it| &it.turns);
        turns.map(|it| (it.at.to_string(), it.to, it.after)).collect()
    };
    let day = [
        ("2026-11-24T16:05:00Z".to_owned(), TurnTo::Adopted, Some(2)),
        ("2026-11-24T19:00:00Z".to_owned(), TurnTo::Off, Some(0)),
        ("2026-11-25T07:00:00Z".to_owned(), TurnTo::Starting, Some(2)),
        ("2026-11-25T07:05:00Z".to_owned(), TurnTo::On, Some(2)),
    ];
    assert_eq!(turns("users"), day);
    assert_eq!(turns("posts"), day);
    assert_eq!(turns("away"), [], "it opted out");
    // Its image is gone: told in the evening, and it does not come up in the morning.
    let of_lost: Vec<TurnTo> = turns("lost").into_iter().map(|(_, to, _)| to).collect();
    assert_eq!(of_lost, [TurnTo::Adopted, TurnTo::Off, TurnTo::Starting, TurnTo::NotWhole]);
    let late: Vec<_> = rehearsal
        .warnings
        .iter()
        .filter(|it| it.code == "lateToWake")
        .map(|it| it.resource.as_str())
        .collect();
    assert_eq!(late, ["service/prod/lost"]);
    let risks: Vec<_> = rehearsal
        .will_not_wake
        .iter()
        .map(|it| (it.resource.as_str(), it.can_wake.as_str(), it.code.as_str()))
        .collect();
    assert!(risks.contains(&("service/prod/lost", "no", "imageGone")), "{risks:?}");
    assert!(!risks.iter().any(|it| it.0 == "service/prod/users"), "{risks:?}");
    let failed: Vec<_> = rehearsal
        .not_done
        .iter()
        .filter(|it| it.outcome == "failed")
        .map(|it| it.resource.as_str())
        .collect();
    assert!(failed.contains(&"service/prod/odd"), "{failed:?}");
    // Twelve hours of three services of two.
    let savings = &rehearsal.savings;
    assert!((70.0..=74.0).contains(&savings.task_hours), "{savings:?}");
    assert!(
        rehearsal.summary.starts_with("1 day of 5 services: 3 go off, 2 of them come back; 1 will not wake"),
        "{}",
        rehearsal.summary
    );

    let text = rehearse::text::render(&rehearsal);
    for said in ["Tue 24 Nov 20:00  off", "prod/posts 2", "imageGone", "task-hours not run"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let page = rehearse::page::render(&rehearsal);
    assert!(page.contains("&lt;script&gt;8-20") && !page.contains("<script>8-20"), "a tag is text: {page}");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("service/prod/lost"), "{page}");
    assert!(!text.contains("CANARY") && !page.contains("CANARY"));
    let json = serde_json::to_value(&rehearsal).unwrap();
    assert_eq!(json["willNotWake"][0]["resource"], "service/prod/lost");
    assert!(!json.to_string().contains("CANARY"));
}

#[tokio::test]
async fn a_rehearsal_in_which_nothing_follows_a_schedule_says_what_gives_it_one() {
    let elsewhere = deployment(&[("CLUSTERS", "nowhere"), ("DEFAULT_SCHEDULE", "Mon-Fri 08:00-20:00 UTC")]);
    let (_, seed) = read(untagged(), &elsewhere).await;
    let rehearsal = rehearsed(seed, elsewhere, 1).await;
    for told in [rehearse::text::render(&rehearsal), rehearse::page::render(&rehearsal)] {
        assert!(told.contains("No run touches any of the 5 services"), "{told}");
        assert!(told.contains("--default-schedule") && told.contains("--clusters"), "{told}");
    }
}

#[tokio::test]
async fn a_running_deployment_goes_on_where_it_is() {
    let mut world = World::new("2026-11-24T22:00:00Z".parse().unwrap());
    world.image("users", ImageSeed::new("prod-1"));
    let schedule = "Mon-Fri 08:00-20:00 Europe/Berlin";
    let asleep = "v1 off@2026-11-24T19:00:00Z n=3 min=2 susp=--- by=schedule";
    world.service(
        "prod",
        ServiceSeed::new("users").desired(0).tag("steward:schedule", schedule).tag("steward:record", asleep),
    );
    world.scalable_target("prod", "users", TargetSeed::new(0, 6).suspended(true, true, true));
    let deployment = deployment(&[]);
    let (_, seed) = read(world, &deployment).await;
    let rehearsal = rehearsed(seed, deployment, 1).await;
    let course = &rehearsal.courses[0];
    let turns: Vec<_> = course.turns.iter().map(|it| (it.to, it.after)).collect();
    let woken = [(TurnTo::Starting, Some(3)), (TurnTo::On, Some(3)), (TurnTo::Off, Some(0))];
    assert!(turns.ends_with(&woken), "{turns:?}");
    // From 22:00 until 08:00 three tasks would have run, and from 20:00 on again: 12 hours of three.
    assert!((35.0..=37.0).contains(&rehearsal.savings.task_hours), "{:?}", rehearsal.savings);
}

fn service(name: &str) -> Service {
    Service {
        service_arn: format!("arn:aws:ecs:sa-east-1:123456789012:service/prod/{name}"),
        service_name: name.to_owned(),
        status: "ACTIVE".to_owned(),
        scheduling_strategy: "REPLICA".to_owned(),
        launch_type: Some("FARGATE".to_owned()),
        task_definition: "arn:aws:ecs:sa-east-1:123456789012:task-definition/app:1".to_owned(),
        desired_count: 1,
        running_count: 1,
        ..Service::default()
    }
}

#[test]
fn what_of_an_account_is_not_played_is_said_with_whom_it_concerns() {
    let with = |features: ServiceFeatures, name: &str| Service { features, ..service(name) };
    let managed = CapacityProviderStrategyItem { capacity_provider: "mine".into(), weight: 1, base: 0 };
    let services = vec![
        Service { launch_type: None, capacity_provider_strategy: vec![managed], ..service("managed") },
        Service { launch_type: Some("EXTERNAL".into()), ..service("anywhere") },
        with(ServiceFeatures { service_connect: true, ..ServiceFeatures::default() }, "connected"),
        with(
            ServiceFeatures { deployment_strategy: Some("BLUE_GREEN".into()), ..ServiceFeatures::default() },
            "blue",
        ),
        with(
            ServiceFeatures { deployment_strategy: Some("ROLLING".into()), ..ServiceFeatures::default() },
            "rolling",
        ),
        Service {
            deployment_controller: Some(DeploymentController { kind: "CODE_DEPLOY".into() }),
            ..service("codedeploy")
        },
        service("forecast"),
    ];
    let forecast = "service/prod/forecast".to_owned();
    let cluster = Cluster { cluster_name: "prod".into(), running_tasks_count: 9, ..Cluster::default() };
    let snapshot = Snapshot {
        at: "2026-11-24T12:00:00Z".parse().unwrap(),
        clusters: vec![ClusterLook { cluster, services, instances: Vec::new() }],
        providers: vec![CapacityProvider { name: "mine".into(), ..CapacityProvider::default() }],
        targets: vec![ScalableTarget {
            resource_id: forecast.clone(),
            max_capacity: 4,
            ..ScalableTarget::default()
        }],
        policies: vec![ScalingPolicy {
            resource_id: forecast,
            policy_name: "tomorrow".into(),
            policy_type: "PredictiveScaling".into(),
            scales_by_forecast: true,
        }],
        ..Snapshot::default()
    };
    let mut seed = rehearse::world::seed(&snapshot, &TagKeys::default());
    let world = rehearse::world::world(&mut seed);
    let said = |words: &str| -> Vec<String> {
        let about = |it: &&LeftOut| it.what.contains(words);
        seed.left_out.iter().filter(about).flat_map(|it| it.concerns.clone()).collect()
    };
    assert_eq!(said("Managed Instances (capacity provider mine)"), ["service/prod/managed"]);
    assert_eq!(said("launch type EXTERNAL"), ["service/prod/anywhere"]);
    assert_eq!(said("Service Connect"), ["service/prod/connected"]);
    assert_eq!(said("BLUE_GREEN"), ["service/prod/blue"]);
    assert_eq!(said("deployments by CODE_DEPLOY"), ["service/prod/codedeploy"]);
    assert_eq!(said("predictive scaling"), ["service/prod/forecast"]);
    assert_eq!(said("no service owns"), ["cluster/prod"]);
    assert_eq!(said("can't be made"), [""; 0], "{:?}", seed.left_out);
    assert!(!seed.left_out.iter().any(|it| it.concerns.contains(&"service/prod/rolling".to_owned())));
    // They are played all the same.
    for name in ["managed", "anywhere", "connected", "blue", "codedeploy", "forecast"] {
        assert_eq!(world.running_count("prod", name), 1, "{name}");
    }
}
