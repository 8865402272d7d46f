//! What the deployment is told: modes, reach, a default schedule, and the figures that it measures.

use emulator::{Aws, GroupSeed, ServiceSeed, World};
use local::{System, system::Setup};
use serde_json::{Value, json};

use super::{ASLEEP, DAY_SIZE, OFFICE, Story, local};
use crate::fixture::item;
use crate::openapi;

#[tokio::test(start_paused = true)]
async fn observe_for_a_week_then_act_at_noon() {
    let users = ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE);
    let story = Story::with("2026-11-23 09:00", &[("MODE", "observe")], users).await;
    for day in 23..=29 {
        for hour in ["08:00", "14:00", "20:00"] {
            let report = story.tick(&format!("2026-11-{day} {hour}")).await;
            assert_eq!(report["dryRun"], true);
        }
    }
    assert!(story.aws.writes().is_empty());
    let acting = Story { system: System::start(Setup::embedded(&story.aws)).await.unwrap(), aws: story.aws };
    acting.tick("2026-11-30 12:00").await;
    assert_eq!(acting.size(), DAY_SIZE, "adopted, and nothing else");
    acting.tick("2026-11-30 20:00").await;
    assert_eq!(acting.size(), ASLEEP);
}

#[tokio::test(start_paused = true)]
async fn reconcile_reaches_only_what_clusters_names() {
    let users = ServiceSeed::new("users").desired(3).tag("steward:schedule", OFFICE);
    let story = Story::with("2026-11-24 09:00", &[("CLUSTERS", "dev-*")], users).await;
    let answer = story.rest("2026-11-24 12:00", "POST", "/reconcile", Value::Null).await;
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("notConfigured")));
    assert_eq!(story.tick("2026-11-24 12:00").await["items"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn in_mode_observe_every_event_of_a_schedule_is_a_dry_run_and_a_persons_request_is_not() {
    let mut world = World::new(local("2026-11-24 09:00"));
    world.cluster("prod").service("prod", ServiceSeed::new("users").desired(3));
    world.group(GroupSeed::new("machines").sizes(1, 2, 4).cluster("prod"));
    let story = Story::on(world, &[("MODE", "observe")]).await;
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/ours";
    for event in [
        json!({"action": "scale", "cluster": "prod", "service": "users", "desiredCount": 1}),
        json!({"action": "scaleGroup", "group": "machines", "desiredCapacity": 3}),
        json!({"action": "stop", "cluster": "prod"}),
        json!({"action": "start", "cluster": "prod", "service": "users"}),
        json!({"action": "reconcile", "clusters": ["*"]}),
    ] {
        let mut scheduled = event.clone();
        scheduled["at"] = json!(story.aws.now().to_string());
        scheduled["schedule"] = json!(schedule);
        let report = story.system.invoke("scale-service", scheduled).await.unwrap();
        assert_eq!(report["dryRun"], true, "{event}: {report}");
        assert!(story.aws.writes().is_empty(), "{event}");
    }
    let asked = json!({"action": "scale", "cluster": "prod", "service": "users", "desiredCount": 1});
    story.system.invoke("scale-service", asked).await.unwrap();
    assert_eq!(story.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_reconcile_measures_what_sleeps_what_is_at_risk_and_that_it_ran() {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod");
    world.service(
        "prod",
        ServiceSeed::new("users").desired(3).size(512, 1024).tag("steward:schedule", OFFICE),
    );
    world.service("prod", ServiceSeed::new("bad").desired(1).tag("steward:schedule", "whenever"));
    let aws = Aws::new(world);
    let system = |mode: &'static str| {
        let setup = Setup::embedded(&aws).with("MODE", mode);
        async { System::start(setup).await.unwrap() }
    };
    let act = system("act").await;
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
    let measure = async |system: &System, at: &str| {
        aws.move_to(local(at));
        let event = json!({"action": "reconcile", "clusters": ["*"], "at": aws.now().to_string(), "schedule": schedule});
        let (report, metrics) = system.invoke_measured("scale-service", event).await;
        (report.unwrap(), metrics.unwrap())
    };
    let figures = |metrics: &Value, names: &[&str]| -> Vec<Option<f64>> {
        names.iter().map(|name| metrics[*name].as_f64()).collect()
    };
    let asleep = ["AsleepTasks", "AsleepVcpu", "AsleepMemoryGiB"];
    let (_, day) = measure(&act, "2026-11-24 12:00").await;
    assert_eq!(
        figures(&day, &["Reconciled", "Failed", "Faults", "AtRisk", "LateToWake"]),
        [1.0, 0.0, 1.0, 0.0, 0.0].map(Some)
    );
    assert_eq!(figures(&day, &asleep), [0.0; 3].map(Some));
    measure(&act, "2026-11-24 20:00").await;
    let (_, night) = measure(&act, "2026-11-24 20:05").await;
    assert_eq!(figures(&night, &asleep), [3.0, 1.5, 3.0].map(Some));
    // A definition is read once.
    aws.forget();
    measure(&act, "2026-11-24 20:10").await;
    assert!(aws.ledger().iter().all(|call| call.operation != "DescribeTaskDefinition"));

    // Nobody is stranded in silence: where it only observes, what sleeps stays asleep.
    for mode in ["observe", "readonly"] {
        let only_looks = system(mode).await;
        aws.forget();
        let (report, metrics) = measure(&only_looks, "2026-11-25 08:00").await;
        assert_eq!(figures(&metrics, &["Reconciled", "AtRisk"]), [1.0, 1.0].map(Some), "{mode}");
        assert_eq!((&metrics["Changed"], aws.writes().len()), (&Value::Null, 0));
        let users = item(&report, "users");
        assert!(users["warnings"].as_array().unwrap().iter().any(|it| it["code"] == "stranded"), "{users}");
        let summary = report["summary"].as_str().unwrap();
        assert!(summary.contains("1 asleep that nothing wakes here (users)"), "{summary}");
    }
    // A request's own run measures no schedule.
    let by_hand = json!({"action": "reconcile", "cluster": "prod"});
    let (_, metrics) = act.invoke_measured("scale-service", by_hand).await;
    assert_eq!(figures(&metrics.unwrap(), &["Reconciled", "AsleepTasks"]), [None, None]);
}

#[tokio::test(start_paused = true)]
async fn in_readonly_every_change_on_every_carrier_is_refused_and_every_dry_run_answered() {
    let story = Story::on(World::demo(), &[("MODE", "readonly")]).await;
    for (method, path, body) in [
        ("POST", "/v1/clusters/microservices/services/users/stop", json!({})),
        ("PUT", "/v1/clusters/microservices/override", json!({"state": "hold", "for": "PT1H"})),
        ("POST", "/v1/clusters/microservices/reconcile", json!({})),
        ("PUT", "/v1/auto-scaling-groups/ecs-api/scale", json!({"desiredCapacity": 1})),
        ("POST", "/v1/clusters/microservices/tasks", json!({"taskDefinition": "users", "like": "users"})),
        ("POST", "/v1/clusters/microservices/tasks/stop", json!({"family": "users"})),
        ("POST", "/v1/images/prune", json!({"repositories": ["users"], "dryRun": false})),
    ] {
        let sent = |body: &Value| local::Sent {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
        };
        let refused = openapi::request(&story.system, &sent(&body)).await;
        assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("readOnly")), "{method} {path}");
        let mut dry = body.clone();
        dry["dryRun"] = true.into();
        let told = openapi::request(&story.system, &sent(&dry)).await;
        assert!(
            told.status == 200 || told.json()["code"] == "notSwitchedOn",
            "{method} {path}: {}",
            told.body
        );
    }
    let direct = json!({"action": "stop", "cluster": "microservices", "service": "users"});
    let refused = story.system.invoke("scale-service", direct).await.unwrap_err();
    assert_eq!(refused.code, shared::Code::ReadOnly);
    let sent = local::Sent { method: "GET".into(), path: "/v1/clusters".into(), ..local::Sent::default() };
    assert_eq!(openapi::request(&story.system, &sent).await.status, 200);
    assert!(story.aws.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_default_schedule_is_that_of_every_service_in_reach_to_which_no_tag_gives_one() {
    let mut world = World::new(local("2026-11-24 12:00"));
    for cluster in ["prod", "tools"] {
        world.cluster(cluster);
        world.service(cluster, ServiceSeed::new("users").desired(3));
    }
    world.service("prod", ServiceSeed::new("always").desired(2).tag("steward:schedule", "always"));
    world.service("prod", ServiceSeed::new("free").desired(2).tag("steward:schedule", "none"));
    world.service("prod", ServiceSeed::new("busy").desired(2).deploying());
    world.service("prod", ServiceSeed::new("parked").desired(0));
    world.service("prod", ServiceSeed::new("agent").desired(1).ec2().daemon());
    world.cluster("quiet").cluster_tag("quiet", "steward:schedule", "none");
    world.service("quiet", ServiceSeed::new("users").desired(1));
    let environment = [("DEFAULT_SCHEDULE", OFFICE), ("CLUSTERS", "prod,quiet")];
    let story = Story::on(world, &environment).await;
    let count = |cluster: &str, service: &str| story.aws.with(|world| world.desired_count(cluster, service));
    let noon = story.tick("2026-11-24 12:00").await;
    assert_eq!(item(&noon, "parked")["code"], "noSavedSize", "told at noon, once: {noon}");
    assert_eq!(count("prod", "users"), 3, "adopted, and nothing stops at noon");
    for at in ["2026-11-24 20:00", "2026-11-24 20:05", "2026-11-24 21:55"] {
        let report = story.tick(at).await;
        let counts = ["users", "always", "free", "busy", "parked"].map(|it| count("prod", it));
        assert_eq!(counts, [0, 2, 2, 2, 0], "{at}");
        assert_eq!(item(&report, "agent")["code"], "daemon");
        assert_eq!(item(&report, "busy")["code"], "deploying", "it is waited for at every tick");
        assert_eq!(report["ok"], true, "and a parked service is no error of every evening: {report}");
    }
    assert_eq!((count("quiet", "users"), count("tools", "users")), (1, 3), "opted out, and out of reach");
    story.tick("2026-11-24 22:00").await;
    assert_eq!(count("prod", "busy"), 0, "for two hours");
    let morning = story.tick("2026-11-25 08:00").await;
    assert_eq!((&morning["ok"], count("prod", "users")), (&json!(true), 3), "{morning}");
    let shown = story.rest("2026-11-25 08:01", "GET", "/services/users", Value::Null).await.json();
    assert_eq!(shown["services"][0]["steward"]["schedule"], OFFICE, "{shown}");
    let bad = Setup::embedded(&story.aws).with("DEFAULT_SCHEDULE", "Mon-Fry 8-20");
    let fault = System::start(bad).await.err().unwrap().to_string();
    assert!(fault.contains("DEFAULT_SCHEDULE must be a schedule"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn what_people_look_at_is_no_figure_of_the_deployment_and_observe_has_no_lost_records() {
    let mut world = World::new(local("2026-11-24 12:00"));
    world.cluster("prod");
    world.service("prod", ServiceSeed::new("parked").desired(0).tag("steward:schedule", OFFICE));
    let story = Story::on(world, &[("MODE", "observe")]).await;
    let schedule = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";
    let tick = json!({"action": "reconcile", "clusters": ["*"], "at": story.aws.now().to_string(), "schedule": schedule});
    for _ in 0..2 {
        let (report, metrics) = story.system.invoke_measured("scale-service", tick.clone()).await;
        assert_eq!(item(&report.unwrap(), "parked")["code"], "noSavedSize");
        // It writes nothing down, so that it would say so for ever.
        assert_eq!(metrics.unwrap()["AtRisk"], 0.0);
    }
    for dry in [true, false] {
        let by_hand = json!({"action": "reconcile", "cluster": "prod", "dryRun": dry});
        let (_, metrics) = story.system.invoke_measured("scale-service", by_hand).await;
        let metrics = metrics.unwrap_or_default();
        for figure in ["AtRisk", "Faults", "LateToWake", "Reconciled"] {
            assert_eq!(metrics[figure], Value::Null, "{figure}");
        }
    }
}
