//! Old images leave by the rules, and never one that anything still needs.

mod clean;
pub(crate) mod faults;
mod fleet;
mod looks;
mod needs;
mod protections;
mod sources;
mod twins;
mod worlds;

use emulator::{Aws, ImageSeed, ServiceSeed, World};
use jiff::{SignedDuration, Timestamp};
use local::{System, system::Setup};
use serde_json::{Value, json};
use shared::{Code, Problem};

use crate::fixture::{Fixture, evening, killed_at_every_call};
use crate::openapi;

pub(crate) const HOST: &str = "123456789012.dkr.ecr.sa-east-1.amazonaws.com";
const ROLE: &str = "arn:aws:iam::123456789012:role/steward";

impl Fixture {
    pub(crate) async fn prune(&self, event: Value) -> Result<Value, Problem> {
        self.system.invoke("prune-images", event).await
    }

    /// On this AWS, with these variables.
    pub(crate) async fn with(aws: &Aws, variables: &[(&str, &str)]) -> Self {
        let setup =
            variables.iter().fold(Setup::embedded(aws), |setup, (name, value)| setup.with(name, value));
        Self { aws: aws.clone(), system: System::start(setup).await.unwrap() }
    }
}

/// So many days before the evening.
pub(crate) fn days_ago(days: i64) -> Timestamp {
    evening() - SignedDuration::from_hours(24 * days)
}

/// A policy that keeps so many of all images.
pub(crate) fn any_more_than(count: u32) -> Value {
    json!({"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count},
        "action": {"type": "expire"},
    }]})
}

pub(crate) fn apply(policy: &Value) -> Value {
    json!({"action": "prune", "policy": policy, "dryRun": false, "maxDeletePercent": 80})
}

/// A repository `users` of ten images a day apart, `v1` the oldest, none of them in use.
pub(crate) fn ten() -> World {
    let mut world = World::new(evening());
    world.cluster("prod");
    for n in 1..=10 {
        world.image("users", ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(100 - n)));
    }
    world
}

pub(crate) fn digest(aws: &Aws, repository: &str, tag: &str) -> Option<String> {
    aws.with(|world| world.digest(repository, tag))
}

pub(crate) fn tags(aws: &Aws, repository: &str) -> Vec<String> {
    aws.with(|world| {
        let mut tags: Vec<String> = world.images(repository).into_iter().flat_map(|it| it.tags).collect();
        tags.sort();
        tags
    })
}

/// The item of an image.
pub(crate) fn image<'r>(report: &'r Value, digest: &str) -> &'r Value {
    let mut items = report["items"].as_array().unwrap_or_else(|| panic!("no report: {report}")).iter();
    items
        .find(|item| item["resource"].as_str().unwrap().ends_with(digest))
        .unwrap_or_else(|| panic!("no item of {digest}: {}", report["summary"]))
}

/// The report, be it all done or not.
pub(crate) fn report(answer: Result<Value, Problem>) -> Value {
    match answer {
        Ok(report) => report,
        Err(problem) => {
            json!({"summary": problem.detail, "code": problem.code, "failures": problem.failures})
        }
    }
}

fn deletions(aws: &Aws) -> usize {
    aws.ledger().into_iter().filter(|call| call.operation == "BatchDeleteImage").count()
}

#[tokio::test(start_paused = true)]
async fn with_every_service_at_zero_no_digest_of_any_services_revision_is_deleted() {
    let mut world = World::demo();
    world.advance_to(evening());
    let fixture = Fixture::on(world).await;
    // The tags move on while everything sleeps: only the revisions know what the services come back with.
    let services = [
        ("ecs-api", "api-monolitica", "prod-1"),
        ("microservices", "users", "dev-2"),
        ("microservices", "threads", "prod-1"),
        ("microservices", "posts", "prod-1"),
    ];
    let pinned: Vec<(&str, String)> =
        services.iter().map(|(_, name, tag)| (*name, digest(&fixture.aws, name, tag).unwrap())).collect();
    fixture.scale(json!({"action": "stop", "clusters": ["*"]})).await.unwrap();
    fixture.aws.advance(std::time::Duration::from_hours(2));
    fixture.aws.with(|world| {
        for (_, name, tag) in services {
            let newest = world.digest(name, "dev-5").unwrap();
            world.move_tag(name, tag, &newest);
        }
    });
    let mut asked = apply(&any_more_than(1));
    asked["repositories"] = json!(["users", "threads", "posts", "api-monolitica"]);
    let fixture =
        Fixture::with(&fixture.aws, &[("MAX_DELETE_PERCENT", "100"), ("KEEP_PULLED_DAYS", "0")]).await;
    asked["maxDeletePercent"] = json!(100);
    let report = report(fixture.prune(asked).await);
    assert!(report["counts"]["changed"].as_u64().unwrap() > 20, "{report}");
    for (name, digest) in &pinned {
        let left: Vec<String> =
            fixture.aws.with(|world| world.images(name).into_iter().map(|it| it.digest).collect());
        assert!(left.contains(digest), "{name} lost {digest}: {}", report["summary"]);
        let item = image(&report, digest);
        assert_eq!((&item["outcome"], &item["code"]), (&json!("skipped"), &json!("inUse")));
        assert!(item["reason"].as_str().unwrap().contains(&format!("{name} (revision ")), "{item}");
    }
    // And in the morning they come up.
    fixture.scale(json!({"action": "start", "clusters": ["*"]})).await.unwrap();
    fixture.aws.advance(std::time::Duration::from_mins(20));
    for (cluster, name, _) in services {
        let (wanted, running) = fixture
            .aws
            .with(|world| (world.desired_count(cluster, name), world.running_count(cluster, name)));
        assert!(wanted > 0 && wanted == running, "{name}: {running} of {wanted}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_any_source_names_is_kept_and_the_report_says_by_what() {
    let mut world = ten();
    let users = |tag: &str| format!("{HOST}/users:{tag}");
    world.service("prod", ServiceSeed::new("by-service").image(&users("v1")).desired(0));
    world.service("prod", ServiceSeed::new("by-task").image(&users("v2")));
    world.ecs_daemon("prod", "by-daemon", &users("v3"), true);
    for (family, tag) in [("by-rule", "v4"), ("by-schedule", "v5")] {
        world.service("prod", ServiceSeed::new(family).image(&users(tag)).desired(0).status("INACTIVE"));
    }
    world.ecs_target("default", "nightly", "prod", "by-rule");
    world.ecs_schedule("default", "weekly", "rate(7 days)", "prod", "by-schedule");
    world.image_function("by-function", &users("v6"));
    world.publish_version("by-function");
    world.image_function("by-function", &users("v7"));
    let v8 = world.digest("users", "v8").unwrap();
    let aws = Aws::new(world);
    let listed = format!("users@{v8}");
    let fixture = Fixture::with(&aws, &[("IN_USE", &listed), ("KEEP_PULLED_DAYS", "0")]).await;
    let mut dry = apply(&any_more_than(1));
    dry["dryRun"] = json!(true);
    dry["inUseFrom"] = json!([{"account": "999999999999", "region": "eu-west-1", "complete": true, "images": [
        {"image": users("v9"), "usedBy": ["service/other/x"]},
    ]}]);
    let report = fixture.prune(dry).await.unwrap();
    let by = [
        ("v1", "service/prod/by-service"),
        ("v2", "task/prod/"),
        ("v3", "daemon/prod/by-daemon"),
        ("v4", "rule/default/nightly"),
        ("v5", "schedule/default/weekly"),
        ("v6", "function:by-function:1"),
        ("v7", "function:by-function:$LATEST"),
        ("v8", "IN_USE"),
        ("v9", "account 999999999999 in eu-west-1: service/other/x"),
    ];
    for (tag, by) in by {
        let digest = digest(&aws, "users", tag).unwrap();
        let item = image(&report, &digest);
        assert_eq!((&item["outcome"], &item["code"]), (&json!("skipped"), &json!("inUse")), "{tag}: {item}");
        let all =
            report["images"].as_array().unwrap().iter().find(|it| it["digest"] == digest.as_str()).unwrap();
        assert!(all["usedBy"].to_string().contains(by), "{tag}: {all}");
    }
    assert_eq!(report["counts"]["changed"], 0);
    // The same by each source alone switched off: that one's image goes, and the report says so.
    for (source, tag) in [("daemons", "v3"), ("functions", "v6"), ("lists", "v8")] {
        let fixture =
            Fixture::with(&aws, &[("IN_USE", &listed), ("KEEP_PULLED_DAYS", "0"), ("SOURCES_OFF", source)])
                .await;
        let mut dry = apply(&any_more_than(1));
        dry["dryRun"] = json!(true);
        let report = fixture.prune(dry).await.unwrap();
        assert_eq!(image(&report, &digest(&aws, "users", tag).unwrap())["outcome"], "changed", "{source}");
        let off = report["warnings"].as_array().unwrap().iter().find(|it| it["code"] == "sourceOff").unwrap();
        assert!(off["detail"].as_str().unwrap().contains(source));
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_says_is_a_dry_run_on_every_carrier() {
    let fixture = Fixture::on(ten()).await;
    let body = json!({"policy": any_more_than(5)});
    let rest = fixture.rest("POST", "/v1/images/prune", &body).await;
    assert_eq!((rest.status, &rest.json()["dryRun"]), (200, &json!(true)), "{}", rest.body);
    let direct = json!({"action": "prune", "policy": any_more_than(5)});
    let mut scheduled = direct.clone();
    scheduled["schedule"] = json!("arn:aws:scheduler:sa-east-1:123456789012:schedule/default/x");
    for event in [direct, scheduled] {
        assert_eq!(fixture.prune(event).await.unwrap()["dryRun"], true);
    }
    assert_eq!(fixture.writes(), [""; 0]);
    assert_eq!(tags(&fixture.aws, "users").len(), 10);
    let told = fixture.rest("POST", "/v1/images/prune?dryRun=false", &body).await;
    assert_eq!((told.status, &told.json()["counts"]["changed"]), (200, &json!(5)), "{}", told.body);
    assert_eq!(tags(&fixture.aws, "users"), ["v10", "v6", "v7", "v8", "v9"]);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_was_seen_is_applied_and_one_of_an_older_world_is_a_409() {
    let fixture = Fixture::on(ten()).await;
    let body = json!({"policy": any_more_than(5)});
    let seen = fixture.rest("POST", "/v1/images/prune", &body).await.json();
    let id = seen["planId"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 64);
    let again = fixture.rest("POST", "/v1/images/prune", &body).await.json();
    assert_eq!(again["planId"], id.as_str(), "the same world has the same plan");
    fixture.aws.with(|world| {
        world.image("users", ImageSeed::new("v11").pushed_at(evening()));
    });
    let told = json!({"policy": any_more_than(5), "planId": id, "dryRun": false});
    let changed = fixture.rest("POST", "/v1/images/prune", &told).await;
    assert_eq!((changed.status, &changed.json()["code"]), (409, &json!("planChanged")), "{}", changed.body);
    assert_eq!(fixture.writes(), [""; 0]);
    let fresh = fixture.rest("POST", "/v1/images/prune", &body).await.json();
    let told = json!({"policy": any_more_than(5), "planId": fresh["planId"], "dryRun": false});
    let done = fixture.rest("POST", "/v1/images/prune", &told).await;
    assert_eq!((done.status, &done.json()["counts"]["changed"]), (200, &json!(6)), "{}", done.body);
}

/// Runs this event, and as often as said, once `due` says so of the calls until then, changes the world under it.
pub(crate) async fn with_a_change(
    fixture: &Fixture,
    event: Value,
    due: impl Fn(&dyn Fn(&str) -> usize) -> bool,
    mut change: impl FnMut(&mut World),
    times: usize,
) -> Value {
    let aws = fixture.aws.clone();
    aws.latency(Some(std::time::Duration::from_millis(20)));
    let calls = |operation: &str| aws.ledger().into_iter().filter(|call| call.operation == operation).count();
    let mut run = Box::pin(fixture.prune(event));
    let mut changed = 0;
    let answer = loop {
        tokio::select! {
            biased;
            answer = &mut run => break answer,
            () = tokio::time::sleep(std::time::Duration::from_millis(5)) => {
                if changed < times && due(&calls) {
                    aws.with(&mut change);
                    changed += 1;
                }
            }
        }
    };
    drop(run);
    aws.latency(None);
    assert!(changed > 0, "it was changed while the run was under way");
    report(answer)
}

/// The first look has ended, with the images, and the second one has begun, with what is in use.
pub(crate) fn between_looks(calls: &dyn Fn(&str) -> usize) -> bool {
    calls("DescribeImages") == 1 && calls("ListClusters") == 2
}

#[tokio::test(start_paused = true)]
async fn what_is_retagged_pushed_or_taken_into_use_between_plan_and_apply_is_left() {
    let mut world = ten();
    world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/users:v10")));
    let fixture = Fixture::with(&Aws::new(world), &[("KEEP_PULLED_DAYS", "0")]).await;
    let change = |world: &mut World| {
        // v1 gets a tag, a service takes v2, and an index that names v3 is pushed.
        let v1 = world.digest("users", "v1").unwrap();
        world.move_tag("users", "release", &v1);
        world.service("prod", ServiceSeed::new("new").image(&format!("{HOST}/users:v2")));
        let v3 = world.digest("users", "v3").unwrap();
        world.index("users", ImageSeed::new("multi").pushed_at(evening()), &[v3]);
        world.image("users", ImageSeed::new("v11").pushed_at(evening()));
    };
    let report = with_a_change(&fixture, apply(&any_more_than(5)), between_looks, change, 1).await;
    assert_eq!(
        tags(&fixture.aws, "users"),
        ["multi", "release", "v1", "v10", "v11", "v2", "v3", "v6", "v7", "v8", "v9"],
        "{report}"
    );
    assert_eq!(report["counts"]["changed"].as_u64(), Some(2), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_index_goes_before_its_children_and_an_image_before_its_signature() {
    let mut world = World::new(evening());
    world.cluster("prod");
    for n in 1..=6 {
        let child = ImageSeed::untagged(&format!("c{n}")).pushed_at(days_ago(100 - n));
        let digest = child.digest("users");
        world.image("users", child);
        world.index("users", ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(100 - n)), &[&digest]);
        let index = world.digest("users", &format!("v{n}")).unwrap();
        world.signature_of("users", &index);
    }
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &[("KEEP_PULLED_DAYS", "0")]).await;
    let report = report(fixture.prune(apply(&any_more_than(4))).await);
    assert_eq!(report["counts"]["failed"], 0, "{report}");
    assert_eq!(report["counts"]["notAttempted"], 0, "{report}");
    // Twelve count: two indexes with their children are kept; the signatures follow.
    assert_eq!(aws.with(|world| world.images("users").len()), 6, "{}", report["summary"]);
    assert_eq!(deletions(&aws), 2, "indexes, then their children and their signatures");
    aws.forget();
    let again = fixture.prune(apply(&any_more_than(4))).await.unwrap();
    assert_eq!(again["counts"]["changed"], 0);
    assert_eq!(deletions(&aws), 0, "what is done costs nothing to do again");
}

#[tokio::test(start_paused = true)]
async fn an_index_in_use_keeps_its_children_and_its_signature() {
    let mut world = World::new(evening());
    let child = ImageSeed::untagged("amd64").pushed_at(days_ago(90));
    let amd64 = child.digest("users");
    world.image("users", child);
    world.index("users", ImageSeed::new("v1").pushed_at(days_ago(90)), &[&amd64]);
    let index = world.digest("users", "v1").unwrap();
    world.signature_of("users", &index);
    for n in 2..=10 {
        world.image("users", ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(80 - n)));
    }
    world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/users:v1")).desired(0));
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &[("KEEP_PULLED_DAYS", "0")]).await;
    let report = fixture.prune(apply(&any_more_than(3))).await.unwrap();
    let left: Vec<String> = aws.with(|world| world.images("users").into_iter().map(|it| it.digest).collect());
    assert_eq!(left.len(), 6, "{report}");
    assert!(left.contains(&amd64) && left.contains(&index));
    assert!(image(&report, &amd64)["reason"].as_str().unwrap().contains("that names it stays"));
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_call_the_next_run_ends_the_same_and_no_child_goes_before_its_index() {
    let mut world = World::new(evening());
    for n in 1..=5 {
        let child = ImageSeed::untagged(&format!("c{n}")).pushed_at(days_ago(100 - n));
        let digest = child.digest("users");
        world.image("users", child);
        world.index("users", ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(100 - n)), &[&digest]);
        let index = world.digest("users", &format!("v{n}")).unwrap();
        world.signature_of("users", &index);
    }
    world.image("threads", ImageSeed::new("t1").pushed_at(days_ago(50)));
    world.image("threads", ImageSeed::new("t2").pushed_at(days_ago(40)));
    world.service("prod", ServiceSeed::new("users").image(&format!("{HOST}/users:v1")).desired(0));
    world.pull_time_exclusion(ROLE);
    let aws = Aws::new(world);
    let in_use = digest(&aws, "users", "v1").unwrap();
    let event = apply(&any_more_than(2));
    let end = |aws: &Aws| {
        aws.with(|world| {
            let of = |name: &str| world.images(name).into_iter().map(|it| it.digest).collect::<Vec<_>>();
            (of("users"), of("threads"))
        })
    };
    let run = async |aws: Aws| Fixture::at(aws).await.prune(event.clone()).await;
    let clean = aws.fork();
    run(clean.clone()).await.unwrap();
    let expected = end(&clean);
    assert!(deletions(&clean) >= 2 && expected != end(&aws), "{expected:?}");
    killed_at_every_call(&aws, run, async |fork, killed| {
        fork.with(|world| {
            let images = world.images("users");
            assert!(images.iter().any(|it| it.digest == in_use), "in use, and deleted");
            for index in &images {
                for child in &index.children {
                    assert!(images.iter().any(|it| it.digest == *child), "a child went before its index");
                }
            }
        });
        run(fork.clone()).await.unwrap_or_else(|fault| panic!("{killed}: {fault}"));
        assert_eq!(end(&fork), expected, "{killed}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_tripped_guard_deletes_nothing_there_and_a_request_may_only_tighten_it() {
    let fixture = Fixture::on(ten()).await;
    let cases = [
        (json!({"maxDeletePercent": 40}), "maxDeletePercent is 40"),
        (json!({"keepAtLeast": 6}), "keepAtLeast is 6"),
    ];
    for (guard, words) in cases {
        let mut asked = json!({"policy": any_more_than(5), "dryRun": false});
        asked.as_object_mut().unwrap().extend(guard.as_object().unwrap().clone());
        let answer = fixture.rest("POST", "/v1/images/prune", &asked).await;
        assert_eq!(answer.status, 207, "{}", answer.body);
        let report = answer.json();
        assert_eq!((&report["counts"]["failed"], &report["counts"]["changed"]), (&json!(5), &json!(0)));
        let item = &report["items"][0];
        assert_eq!(item["code"], "guardTripped");
        assert!(item["reason"].as_str().unwrap().contains(words), "{item}");
    }
    assert_eq!(fixture.writes(), [""; 0]);
    for looser in [
        json!({"maxDelete": 2000}),
        json!({"maxDeletePercent": 81}),
        json!({"keepAtLeast": 0}),
        json!({"keepPulledDays": 29}),
        json!({"keepPushedHours": 71}),
    ] {
        let mut asked = json!({"policy": any_more_than(5)});
        asked.as_object_mut().unwrap().extend(looser.as_object().unwrap().clone());
        let answer = fixture.rest("POST", "/v1/images/prune", &asked).await;
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("beyondMax")), "{}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn protected_tags_and_recent_pulls_keep_images() {
    let mut world = ten();
    let v2 = world.digest("users", "v2").unwrap();
    world.pulled("users", &v2, days_ago(3));
    let v3 = world.digest("users", "v3").unwrap();
    world.pulled("users", &v3, days_ago(31));
    let fixture = Fixture::on(world).await;
    let mut asked = apply(&any_more_than(5));
    asked["protectedTags"] = json!(["v1"]);
    let report = fixture.prune(asked).await.unwrap();
    assert_eq!(tags(&fixture.aws, "users"), ["v1", "v10", "v2", "v6", "v7", "v8", "v9"], "{report}");
    let code = |tag: &str| image(&report, &digest(&fixture.aws, "users", tag).unwrap())["code"].clone();
    assert_eq!((code("v1"), code("v2")), (json!("protectedTag"), json!("pulledRecently")));
}

#[tokio::test(start_paused = true)]
async fn shared_replicated_and_caching_repositories_are_skipped_unless_they_are_named() {
    let mut world = World::new(evening());
    for name in ["shared", "open/app", "copied/app", "docker-hub/nginx", "plain"] {
        for n in 1..=4 {
            world.image(name, ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(90 - n)));
        }
    }
    let other = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "ecr:BatchGetImage"}]});
    world.repository_policy("shared", &other);
    // And the registry's policy lets others pull what lies below open/.
    world.registry_policy(&json!({"Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "ecr:BatchGetImage",
        "Resource": "arn:aws:ecr:sa-east-1:123456789012:repository/open/*",
    }]}));
    world.replicated("copied/", "999999999999", "eu-west-1");
    world.pull_through_cache("docker-hub", "registry-1.docker.io");
    let aws = Aws::new(world);
    let fixture = Fixture::at(aws.clone()).await;
    let mut dry = json!({"action": "prune", "policy": any_more_than(2)});
    let report = fixture.prune(dry.clone()).await.unwrap();
    let code = |name: &str| {
        let items = report["items"].as_array().unwrap();
        items
            .iter()
            .find(|item| item["resource"] == format!("repository/{name}"))
            .map(|item| item["code"].clone())
    };
    assert_eq!(code("shared"), Some(json!("sharedRepository")));
    assert_eq!(code("open/app"), Some(json!("sharedRepository")));
    assert_eq!(code("copied/app"), Some(json!("replicatedRepository")));
    assert_eq!(code("docker-hub/nginx"), Some(json!("cachedRepository")));
    assert_eq!(code("plain"), None);
    assert_eq!(report["counts"]["changed"], 2);
    dry["repositories"] = json!(["*"]);
    assert_eq!(fixture.prune(dry.clone()).await.unwrap()["counts"]["changed"], 2, "a pattern names nothing");
    dry["repositories"] = json!(["shared", "copied/app", "docker-hub/nginx"]);
    let named = fixture.prune(dry.clone()).await.unwrap();
    assert_eq!(named["counts"]["changed"], 6);
    let warned = named["warnings"].as_array().unwrap().iter().find(|it| it["code"] == "replicatedRepository");
    assert!(warned.unwrap()["detail"].as_str().unwrap().contains("copied/app"), "{named}");
    let narrow = Fixture::with(&aws, &[("PRUNE_REPOSITORIES", "team/*")]).await;
    let report = narrow.prune(dry.clone()).await.unwrap();
    assert_eq!(
        (&report["counts"]["skipped"], &report["items"][0]["code"]),
        (&json!(3), &json!("notConfigured"))
    );
    let none = Fixture::with(&aws, &[("PRUNE_REPOSITORIES", "")]).await;
    dry["dryRun"] = json!(false);
    assert_eq!(none.prune(dry).await.unwrap_err().code, Code::NotConfigured);
}

#[tokio::test(start_paused = true)]
async fn an_attached_policy_that_would_expire_an_image_in_use_is_warned_of_with_image_and_rule() {
    let mut world = ten();
    world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/users:v1")).desired(0));
    let mut attached = any_more_than(5);
    attached["rules"][0]["rulePriority"] = json!(7);
    world.lifecycle_policy("users", &attached);
    let fixture = Fixture::on(world).await;
    let v1 = digest(&fixture.aws, "users", "v1").unwrap();
    let report = fixture.prune(json!({"action": "prune"})).await.unwrap();
    let warnings: Vec<&Value> = report["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["code"] == "nativePolicyActive")
        .collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let detail = warnings[0]["detail"].as_str().unwrap();
    for words in ["rule 7", &v1, "service/prod/api", "delete-lifecycle-policy"] {
        assert!(detail.contains(words), "{detail}");
    }
    // Its own policy may be tried, and not be applied.
    let own = json!({"action": "prune", "policy": "repository"});
    assert_eq!(fixture.prune(own.clone()).await.unwrap()["counts"]["changed"], 4);
    let mut told = own;
    told["dryRun"] = json!(false);
    assert_eq!(fixture.prune(told).await.unwrap_err().code, Code::DryRunOnly);
    assert_eq!(fixture.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn with_a_rule_on_pull_times_the_roles_own_pulls_must_not_be_recorded() {
    let pulled = json!({"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 60},
        "action": {"type": "transition", "targetStorageClass": "archive"},
    }]});
    let aws = Aws::new(ten());
    let fixture = Fixture::at(aws.clone()).await;
    let dry = json!({"action": "prune", "policy": pulled});
    let refused = fixture.prune(dry.clone()).await.unwrap_err();
    assert_eq!(refused.code, Code::RoleNotExcluded);
    assert!(refused.detail.contains("register-pull-time-update-exclusion") && refused.detail.contains(ROLE));
    aws.with(|world| {
        world.pull_time_exclusion(ROLE);
    });
    let report = fixture.prune(dry.clone()).await.unwrap();
    assert_eq!(report["counts"]["skipped"], 10, "archive verdicts wait to be asked for: {report}");
    assert_eq!(report["items"][0]["code"], "archiveOff");
    let mut told = dry;
    told["dryRun"] = json!(false);
    told["archive"] = json!(true);
    let report = fixture.prune(told).await.unwrap();
    assert_eq!(report["counts"]["changed"], 10, "{report}");
    let archived =
        aws.with(|world| world.images("users").into_iter().filter(|it| it.status == "ARCHIVED").count());
    assert_eq!(archived, 10);
}

#[tokio::test(start_paused = true)]
async fn an_index_that_cannot_be_read_keeps_all_of_its_repository() {
    let mut world = ten();
    let v1 = world.digest("users", "v1").unwrap();
    world.index("users", ImageSeed::new("multi").pushed_at(days_ago(99)), &[v1]);
    let multi = world.digest("users", "multi").unwrap();
    world.image_failure("users", &multi, Some("KmsError"));
    for n in 1..=4 {
        world.image("threads", ImageSeed::new(&format!("t{n}")).pushed_at(days_ago(90 - n)));
    }
    let fixture = Fixture::on(world).await;
    let report = report(fixture.prune(apply(&any_more_than(3))).await);
    assert_eq!(report["code"], "partial");
    assert_eq!(tags(&fixture.aws, "users").len(), 11);
    assert_eq!(tags(&fixture.aws, "threads").len(), 3);
    let failed = &report["failures"][1];
    assert_eq!(failed["code"], "indexUnreadable", "{report}");
    assert!(failed["reason"].as_str().unwrap().contains("KmsError"), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn an_image_that_aws_does_not_delete_fails_alone() {
    let mut world = ten();
    let v1 = world.digest("users", "v1").unwrap();
    world.image_failure("users", &v1, Some("KmsError"));
    let fixture = Fixture::on(world).await;
    let answer =
        fixture.rest("POST", "/v1/images/prune", &json!({"policy": any_more_than(5), "dryRun": false})).await;
    let report = answer.json();
    assert_eq!(answer.status, 207);
    assert_eq!((&report["counts"]["changed"], &report["counts"]["failed"]), (&json!(4), &json!(1)));
    assert!(image(&report, &v1)["reason"].as_str().unwrap().contains("KmsError"));
    assert_eq!(tags(&fixture.aws, "users").len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_digests_are_not_resolved_keeps_what_its_tag_points_to_now() {
    let mut world = ten();
    world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/users:v1")).desired(0));
    world.unresolved_images("prod", "api");
    let v2 = world.digest("users", "v2").unwrap();
    world.move_tag("users", "v1", &v2);
    let fixture = Fixture::on(world).await;
    fixture.prune(apply(&any_more_than(5))).await.unwrap();
    assert!(digest(&fixture.aws, "users", "v1").is_some(), "the tag's image is there");
}

#[tokio::test(start_paused = true)]
async fn the_reads_say_why_each_image_is_kept_or_would_go_and_what_needs_it() {
    let mut world = ten();
    world.image("team/app", ImageSeed::new("dev-1").pushed_at(days_ago(20)));
    world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/users:v1")));
    let aws = Aws::new(world);
    let policy = any_more_than(5).to_string();
    let fixture = Fixture::with(&aws, &[("PRUNE_POLICY", &policy), ("KEEP_PULLED_DAYS", "0")]).await;
    let all = fixture.get("/v1/images?repository=users").await;
    assert_eq!(all.status, 200, "{}", all.body);
    let all = all.json();
    let of = |tag: &str| {
        let mut images = all["imageDetails"].as_array().unwrap().iter();
        images.find(|it| it["imageTags"][0] == tag).unwrap()["steward"].clone()
    };
    assert_eq!((&of("v1")["verdict"], &of("v1")["code"]), (&json!("keep"), &json!("inUse")));
    assert_eq!((&of("v2")["verdict"], &of("v2")["rule"]), (&json!("expire"), &json!(1)));
    assert_eq!(of("v10")["verdict"], "keep");
    let page = fixture.get("/v1/images?repository=users&limit=4").await;
    assert!(page.headers.iter().any(|(name, _)| name == "link"), "{:?}", page.headers);
    let next = page.json()["nextToken"].as_str().unwrap().to_owned();
    let rest = fixture.get(&format!("/v1/images?repository=users&limit=1000&cursor={next}")).await.json();
    assert_eq!(rest["imageDetails"].as_array().unwrap().len(), 6);
    let slash = fixture.get("/v1/images?repository=team%2Fapp").await.json();
    assert_eq!(slash["imageDetails"].as_array().unwrap().len(), 1);
    let missing = fixture.get("/v1/images?repository=nobody").await;
    assert_eq!(missing.status, 404, "{}", missing.body);
    let sent = local::Sent {
        method: "GET".into(),
        path: "/v1/images?repository=users".into(),
        headers: vec![("accept".into(), "text/plain".into())],
        body: Vec::new(),
    };
    let table = openapi::request(&fixture.system, &sent).await;
    assert!(table.body.contains("VERDICT") && table.body.contains("expire"), "{}", table.body);
    let names = fixture.get("/v1/repositories?query=repositories%5B%2A%5D.repositoryName").await;
    assert_eq!(names.json(), json!(["team/app", "users"]));
    let in_use = fixture.get("/v1/images/in-use").await.json();
    assert_eq!(in_use["complete"], true, "{in_use}");
    let v1 = digest(&aws, "users", "v1").unwrap();
    let entry = in_use["images"].as_array().unwrap().iter().find(|it| it["digest"] == v1.as_str()).unwrap();
    assert!(entry["usedBy"].to_string().contains("service/prod/api"), "{entry}");
    // What it answers can be handed to another account's prune as it is.
    let from = json!({"action": "prune", "policy": any_more_than(5), "inUseFrom": [in_use]});
    fixture.prune(from).await.unwrap();
    assert_eq!(fixture.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn evaluate_needs_no_registry_and_an_invalid_policy_is_a_422_with_every_fault() {
    let fixture = Fixture::on(World::new(evening())).await;
    let digest = |n: i64| format!("sha256:{n:064x}");
    let image =
        |n: i64| json!({"digest": digest(n), "tags": [format!("v{n}")], "pushedAt": days_ago(20 - n)});
    let body = json!({"policy": any_more_than(1), "images": [image(1), image(2)]});
    let answer = fixture.rest("POST", "/v1/lifecycle/evaluate", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    assert_eq!(answer["images"][0]["digest"], digest(1));
    assert_eq!(
        (&answer["images"][0]["verdict"], &answer["images"][0]["rule"]),
        (&json!("expire"), &json!(1))
    );
    assert_eq!(answer["images"][1]["verdict"], "keep");
    let mut direct = body.clone();
    direct["action"] = json!("evaluate");
    assert_eq!(fixture.prune(direct).await.unwrap(), answer);
    let mut bad = body.clone();
    bad["policy"] = json!({"rules": [
        {"rulePriority": 0, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 0}, "action": {"type": "expire"}},
    ]});
    for path in ["/v1/lifecycle/evaluate", "/v1/images/prune"] {
        let mut bad = bad.clone();
        if path.ends_with("prune") {
            bad.as_object_mut().unwrap().remove("images");
        }
        let answer = fixture.rest("POST", path, &bad).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (422, &json!("invalidPolicy")),
            "{}",
            answer.body
        );
        assert_eq!(answer.json()["failures"].as_array().unwrap().len(), 2, "{}", answer.body);
    }
    assert!(fixture.aws.ledger().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_stops_cleanly_and_the_same_request_goes_on() {
    let mut world = World::new(evening());
    // More than two slices of them.
    for n in 0..45 {
        for v in 0..4 {
            world.image(&format!("r{n:02}"), ImageSeed::new(&format!("v{v}")).pushed_at(days_ago(90 - v)));
        }
    }
    let aws = Aws::new(world);
    let fixture = Fixture::at(aws.clone()).await;
    aws.latency(Some(std::time::Duration::from_millis(900)));
    let body = json!({"policy": any_more_than(1), "dryRun": false});
    let mut left = usize::MAX;
    for round in 0..10 {
        let answer = fixture.rest("POST", "/v1/images/prune", &body).await;
        let report = answer.json();
        assert_ne!(answer.status, 503, "round {round}: {report}");
        assert_eq!(report["counts"]["failed"], 0, "{}", report["summary"]);
        let now: usize = aws.with(|world| (0..45).map(|n| world.images(&format!("r{n:02}")).len()).sum());
        assert!(now < left, "round {round} goes on: {report}");
        left = now;
        if left == 45 {
            return;
        }
    }
    panic!("{left} are left");
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_is_named_and_not_there_fails_and_a_pattern_that_matches_nothing_is_a_warning() {
    let fixture = Fixture::on(ten()).await;
    let body =
        json!({"policy": any_more_than(5), "repositories": ["users", "nobody", "team/*"], "dryRun": false});
    let answer = fixture.rest("POST", "/v1/images/prune", &body).await;
    let report = answer.json();
    assert_eq!((answer.status, &report["counts"]["changed"]), (207, &json!(5)), "{report}");
    let item =
        report["items"].as_array().unwrap().iter().find(|it| it["resource"] == "repository/nobody").unwrap();
    assert_eq!((&item["outcome"], &item["code"]), (&json!("failed"), &json!("notFound")));
    assert_eq!(report["warnings"][0]["code"], "noMatch");
    assert!(report["warnings"][0]["detail"].as_str().unwrap().contains("team/*"));
}
