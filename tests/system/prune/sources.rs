//! Who else needs an image: each source keeps what it names, and no more.

use emulator::{Aws, Faults, ImageSeed, ServiceSeed, World};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{HOST, any_more_than, apply, days_ago, image, report, tags, ten};
use crate::fixture::{Fixture, evening};

fn users(tag: &str) -> String {
    format!("{HOST}/users:{tag}")
}

/// No guard by time.
const AT_ONCE: [(&str, &str); 1] = [("KEEP_PULLED_DAYS", "0")];
/// And what others have written.
const WITH_LISTS: [(&str, &str); 2] = [("KEEP_PULLED_DAYS", "0"), ("IN_USE_FROM", "s3://lists/images/")];

/// Prunes `users` down to its five newest, and what something needs.
async fn pruned(aws: &Aws, variables: &[(&str, &str)]) -> Value {
    let fixture = Fixture::with(aws, variables).await;
    report(fixture.prune(apply(&any_more_than(5))).await)
}

/// Which of `v1` to `v5` are left, by the source that needs `v1`, and who it says needs it.
async fn keeps(put: impl FnOnce(&mut World)) -> (Vec<String>, String) {
    let mut world = ten();
    put(&mut world);
    let aws = Aws::new(world);
    let v1 = super::digest(&aws, "users", "v1").unwrap();
    let report = pruned(&aws, &AT_ONCE).await;
    assert_eq!(report["ok"], true, "{report}");
    let old = ["v1", "v2", "v3", "v4", "v5"];
    let left = tags(&aws, "users").into_iter().filter(|tag| old.contains(&tag.as_str())).collect();
    (left, image(&report, &v1)["reason"].as_str().unwrap().to_owned())
}

/// A task definition that no service uses and that is INACTIVE, so that its family does not protect it.
fn retired(world: &mut World) {
    world.service("prod", ServiceSeed::new("job").image(&users("v1")).desired(0).status("INACTIVE"));
    for n in 2..=5 {
        world
            .call(
                "ecs",
                "RegisterTaskDefinition",
                json!({"family": "job", "containerDefinitions": [{"name": "job", "image": format!("busybox:{n}")}]}),
            )
            .unwrap();
    }
}

/// The definition of a state machine that runs this on `prod`.
pub(super) fn run_task(task_definition: &str) -> Value {
    let run = json!({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true,
        "Parameters": {"Cluster": "prod", "TaskDefinition": task_definition}});
    json!({"StartAt": "Run", "States": {"Run": run}})
}

#[tokio::test(start_paused = true)]
async fn what_a_pipe_or_a_state_machine_runs_is_in_use_where_no_family_tells() {
    let (left, _) = keeps(retired).await;
    assert_eq!(left, [""; 0], "nothing else keeps it");
    let (left, reason) = keeps(|world| {
        retired(world);
        world.ecs_pipe("orders", "prod", "job:1");
        world.stop_pipe("orders");
        world.pipe("events", "arn:aws:sqs:sa-east-1:123456789012:events");
    })
    .await;
    assert_eq!(left, ["v1"]);
    assert!(reason.contains("pipe/orders"), "{reason}");
    let (left, reason) = keeps(|world| {
        retired(world);
        world.state_machine("nightly", run_task("job:1"));
    })
    .await;
    assert_eq!(left, ["v1"]);
    assert!(reason.contains("stateMachine:nightly"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_published_version_of_a_state_machine_keeps_what_it_runs() {
    let (left, reason) = keeps(|world| {
        retired(world);
        world.state_machine("nightly", run_task("job:1"));
        world.publish_state_machine("nightly");
        world.state_machine("nightly", run_task("job:5"));
    })
    .await;
    assert_eq!(left, ["v1"]);
    assert!(reason.contains("stateMachine:nightly:1"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_published_between_two_nights_keeps_what_it_runs() {
    let mut world = ten();
    retired(&mut world);
    world.state_machine("nightly", run_task("job:5"));
    world.publish_state_machine("nightly");
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &AT_ONCE).await;
    let mut dry = apply(&any_more_than(5));
    dry["dryRun"] = json!(true);
    let first = fixture.prune(dry).await.unwrap();
    assert_eq!(first["counts"]["changed"], 5, "{first}");
    aws.with(|world| {
        world.state_machine("nightly", run_task("job:1"));
        world.publish_state_machine("nightly");
        world.state_machine("nightly", run_task("job:5"));
    });
    aws.advance(std::time::Duration::from_hours(24));
    let second = fixture.prune(apply(&any_more_than(5))).await.unwrap();
    assert!(tags(&aws, "users").contains(&"v1".to_owned()), "{second}");
}

#[tokio::test(start_paused = true)]
async fn an_image_that_a_state_machine_names_for_a_job_on_eks_is_in_use() {
    let (left, _) = keeps(|world| {
        let pod =
            json!({"spec": {"template": {"spec": {"containers": [{"name": "etl", "image": users("v1")}]}}}});
        let run = json!({"Type": "Task", "Resource": "arn:aws:states:::eks:runJob.sync", "End": true,
            "Parameters": {"ClusterName": "k", "Job": pod}});
        world.state_machine("etl", json!({"StartAt": "Run", "States": {"Run": run}}));
    })
    .await;
    assert_eq!(left, ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn a_state_machine_that_works_out_what_it_runs_is_warned_of_and_blocks_nothing() {
    let mut world = ten();
    let run = json!({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", "End": true,
        "Parameters": {"Cluster": "prod", "TaskDefinition.$": "$.definition"}});
    world.state_machine("any", json!({"StartAt": "Run", "States": {"Run": run}}));
    let aws = Aws::new(world);
    let report = pruned(&aws, &AT_ONCE).await;
    assert_eq!((&report["ok"], &report["counts"]["changed"]), (&json!(true), &json!(5)), "{report}");
    let warnings = report["warnings"].to_string();
    assert!(
        warnings.contains("dynamicTaskDefinition") && warnings.contains("stateMachine:any"),
        "{warnings}"
    );
}

#[tokio::test(start_paused = true)]
async fn every_image_of_every_active_job_definition_is_in_use() {
    let of = |image: &str| json!({"image": image});
    let forms = [
        json!({"type": "container", "containerProperties": of(&users("v1"))}),
        json!({"type": "multinode", "nodeProperties": {"numNodes": 2, "mainNode": 0, "nodeRangeProperties":
            [{"targetNodes": "0:1", "container": of(&users("v1"))}]}}),
        json!({"type": "container", "ecsProperties": {"taskProperties": [{"containers": [of("busybox"), of(&users("v1"))]}]}}),
        json!({"type": "container", "eksProperties": {"podProperties":
            {"containers": [of("busybox")], "initContainers": [of(&users("v1"))]}}}),
    ];
    for form in forms {
        let (left, reason) = keeps(|world| {
            world.job_definition("etl", form.clone());
            // A later revision does not end what an earlier one needs: a job may name either.
            world.job_definition("etl", json!({"type": "container", "containerProperties": of("busybox")}));
        })
        .await;
        assert_eq!(left, ["v1"], "{form}");
        assert!(reason.contains("job-definition/etl:1"), "{reason}");
        let (left, _) = keeps(|world| {
            world.job_definition("etl", form.clone());
            world.deregister_job_definition("etl", 1);
        })
        .await;
        assert_eq!(left, [""; 0], "no job can be made of it any more: {form}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_builds_run_in_is_in_use() {
    let (left, reason) = keeps(|world| {
        for n in 0..120 {
            world.build_project(&format!("p{n:03}"), "aws/codebuild/standard:7.0");
        }
        world.build_project("pz-deploy", &users("v1"));
    })
    .await;
    assert_eq!(left, ["v1"]);
    assert!(reason.contains("project/pz-deploy"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_switched_off_by_name_is_not_asked() {
    let mut world = ten();
    world.build_project("deploy", &users("v1"));
    let aws = Aws::new(world);
    aws.faults(Faults::new().on("codebuild", "ListProjects").access_denied());
    let report = pruned(&aws, &[("KEEP_PULLED_DAYS", "0"), ("SOURCES_OFF", "buildProjects,pipes")]).await;
    assert_eq!(report["counts"]["changed"], 5, "{report}");
    assert!(report["warnings"].to_string().contains("buildProjects is switched off"), "{report}");
    let asked =
        aws.ledger().into_iter().filter(|call| ["codebuild", "pipes"].contains(&call.service.as_str()));
    assert_eq!(asked.count(), 0);
}

/// A replica of `users` in another region.
fn virginia(aws: &Aws) -> Aws {
    let mut world = World::in_region(evening(), "us-east-1");
    for n in 1..=10 {
        world.image("users", ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(100 - n)));
    }
    world.cluster("prod");
    aws.add_region(world)
}

const REGIONS: [(&str, &str); 2] = [("KEEP_PULLED_DAYS", "0"), ("IN_USE_REGIONS", "us-east-1,sa-east-1")];

#[tokio::test(start_paused = true)]
async fn what_runs_in_another_region_is_in_use_of_this_registry_and_of_its_replica() {
    let aws = Aws::new(ten());
    let there = virginia(&aws);
    let replica = HOST.replace("sa-east-1", "us-east-1");
    there.with(|world| {
        world.service("prod", ServiceSeed::new("far").image(&users("v1")));
        world.service("prod", ServiceSeed::new("near").image(&format!("{replica}/users:v2")));
        world.image_function("function", &format!("{replica}/users:v3"));
    });
    let v2 = super::digest(&aws, "users", "v2").unwrap();
    let fork = aws.fork();
    pruned(&fork, &AT_ONCE).await;
    assert_eq!(tags(&fork, "users").len(), 5, "nobody looked there");
    let report = pruned(&aws, &REGIONS).await;
    assert_eq!(report["ok"], true, "{report}");
    for tag in ["v1", "v2", "v3"] {
        assert!(tags(&aws, "users").contains(&tag.to_owned()), "{tag}: {report}");
    }
    assert_eq!(tags(&aws, "users").len(), 8);
    let reason = image(&report, &v2)["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("us-east-1: service/prod/near"), "{reason}");
    // Each region was asked once at each look, and this one not twice.
    let clusters =
        |aws: &Aws| aws.ledger().into_iter().filter(|call| call.operation == "ListClusters").count();
    assert_eq!((clusters(&aws), clusters(&there)), (2, 2));
    assert!(there.writes().is_empty(), "nothing is deleted there");
}

#[tokio::test(start_paused = true)]
async fn another_region_that_cannot_be_read_whole_means_no_deletion() {
    for (service, operation) in [("ecs", "ListClusters"), ("lambda", "ListFunctions"), ("pipes", "ListPipes")]
    {
        let aws = Aws::new(ten());
        let there = virginia(&aws);
        there.faults(Faults::new().on(service, operation).access_denied());
        let report = pruned(&aws, &REGIONS).await;
        assert_eq!(tags(&aws, "users").len(), 10, "{operation}: {report}");
        assert!(report.to_string().contains("us-east-1: "), "{operation}: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reference_to_the_replica_that_cannot_be_read_blocks_the_repository() {
    let aws = Aws::new(ten());
    let there = virginia(&aws);
    let odd = format!("{}/users:a/b", HOST.replace("sa-east-1", "us-east-1"));
    there.with(|world| _ = world.build_project("odd", &odd));
    let report = pruned(&aws, &REGIONS).await;
    assert_eq!(tags(&aws, "users").len(), 10, "{report}");
    assert!(report.to_string().contains("us-east-1: project/odd"), "{report}");
}

fn told(account: &str, tag: &str) -> Value {
    json!({"account": account, "region": "sa-east-1", "at": evening() - SignedDuration::from_hours(2), "complete": true,
        "images": [{"image": users(tag), "usedBy": ["service/prod/theirs"]}]})
}

/// `ten`, and what others have written: one needs `v1`, the other `v2`.
fn with_lists() -> World {
    let mut world = ten();
    for (account, tag) in [("999999999999", "v1"), ("888888888888", "v2")] {
        let key = format!("images/{account}-sa-east-1.json");
        world.object("lists", &key, &told(account, tag).to_string());
    }
    // A console makes this for a folder, and it is no list.
    world.object("lists", "images/", "");
    world.object("lists", "elsewhere/x.json", "{}");
    world
}

#[tokio::test(start_paused = true)]
async fn what_others_have_written_to_s3_is_in_use() {
    let aws = Aws::new(with_lists());
    let v1 = super::digest(&aws, "users", "v1").unwrap();
    let report = pruned(&aws, &WITH_LISTS).await;
    assert_eq!(report["counts"]["changed"], 3, "{report}");
    let reason = image(&report, &v1)["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("account 999999999999 in sa-east-1: service/prod/theirs"), "{reason}");
    // What did not change is not fetched again for the second look.
    let fetched = aws.ledger().into_iter().filter(|call| call.operation == "GetObject").count();
    assert_eq!(fetched, 2);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_written_anew_between_looks_is_read_anew() {
    let aws = Aws::new(with_lists());
    let fixture = Fixture::with(&aws, &WITH_LISTS).await;
    let listed_once =
        |calls: &dyn Fn(&str) -> usize| calls("DescribeImages") == 1 && calls("ListObjectsV2") == 1;
    let write = |world: &mut World| {
        world.object("lists", "images/999999999999-sa-east-1.json", &told("999999999999", "v3").to_string());
    };
    let report = super::with_a_change(&fixture, apply(&any_more_than(5)), listed_once, write, 1).await;
    assert!(tags(&aws, "users").contains(&"v3".to_owned()), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_list_in_s3_that_cannot_be_taken_means_no_deletion_and_the_report_says_why() {
    let mut old = told("999999999999", "v1");
    old["at"] = json!(evening() - SignedDuration::from_hours(25));
    let mut to_come = told("999999999999", "v1");
    to_come["at"] = json!(evening() + SignedDuration::from_hours(1));
    let mut undated = told("999999999999", "v1");
    undated.as_object_mut().unwrap().remove("at");
    let mut partial = told("999999999999", "v1");
    partial["complete"] = json!(false);
    let mut without = told("999999999999", "v1");
    without["sourcesOff"] = json!(["services"]);
    for (text, why) in [
        (old.to_string(), "more than a day old"),
        (to_come.to_string(), "which is to come"),
        (undated.to_string(), "does not say when"),
        (partial.to_string(), "not complete"),
        (without.to_string(), "made without services"),
        (String::new(), "no list of images in use"),
        ("{\"images\":[]}".to_owned(), "no list of images in use"),
        (told("999999999999", "v1").to_string()[..80].to_owned(), "no list of images in use"),
    ] {
        let mut world = with_lists();
        world.object("lists", "images/999999999999-sa-east-1.json", &text);
        let aws = Aws::new(world);
        let report = pruned(&aws, &WITH_LISTS).await;
        assert_eq!(tags(&aws, "users").len(), 10, "{why}: {report}");
        assert!(report.to_string().contains(why), "{why}: {report}");
        assert!(report.to_string().contains("999999999999"), "{why}: whose? {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_list_that_cannot_be_taken_is_said_with_its_place() {
    let mut world = with_lists();
    for n in 0..7 {
        world.object("lists", &format!("images/junk-{n}"), "junk");
    }
    let aws = Aws::new(world);
    let report = pruned(&aws, &WITH_LISTS).await;
    assert_eq!(tags(&aws, "users").len(), 10, "{report}");
    let text = report.to_string();
    for words in ["s3://lists/images/junk-0", "s3://lists/images/junk-4", "and 2 lists more"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_removed_meanwhile_blocks_nothing_and_one_that_is_listed_and_cannot_be_had_does() {
    let aws = Aws::new(with_lists());
    aws.faults(Faults::new().on("s3", "GetObject").containing("999999999999").error(
        404,
        "NoSuchKey",
        "not there",
    ));
    let report = pruned(&aws, &WITH_LISTS).await;
    assert_eq!(tags(&aws, "users").len(), 10, "{report}");
    assert!(report.to_string().contains("can't be read: remove it"), "{report}");
    let aws = Aws::new(with_lists());
    let fixture = Fixture::with(&aws, &WITH_LISTS).await;
    let listed = |calls: &dyn Fn(&str) -> usize| calls("ListObjectsV2") == 1;
    let remove = |world: &mut World| {
        world.remove_object("lists", "images/999999999999-sa-east-1.json");
    };
    let report = super::with_a_change(&fixture, apply(&any_more_than(5)), listed, remove, 1).await;
    assert_eq!(report["ok"], true, "{report}");
    assert!(tags(&aws, "users").contains(&"v2".to_owned()), "{report}");
}

#[tokio::test(start_paused = true)]
async fn nobody_writes_in_anothers_name_and_nobodys_account_is_none() {
    let mut nobodys = told("999999999999", "v1");
    nobodys["account"] = json!("prod");
    let mut nameless = told("999999999999", "v1");
    nameless["images"][0] = json!({"image": "", "digest": format!("sha256:{}", "a".repeat(64))});
    for (list, why) in [
        (told("777777777777", "v1"), "nobody writes for another"),
        (nobodys, "of no account and region"),
        (nameless, "an image without a name"),
    ] {
        let mut world = with_lists();
        world.object("lists", "images/999999999999-sa-east-1.json", &list.to_string());
        let aws = Aws::new(world);
        let report = pruned(&aws, &WITH_LISTS).await;
        assert_eq!(tags(&aws, "users").len(), 10, "{why}: {report}");
        assert!(report.to_string().contains(why), "{why}: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_this_function_writes_itself_is_not_read() {
    let mut world = with_lists();
    // EKS of this account, in a list of the name that this function's would have.
    world.object("lists", "images/123456789012-sa-east-1.json", &told("123456789012", "v4").to_string());
    // An editor's mark, and users that nobody named.
    let mut bare = told("888888888888", "v5");
    bare["images"][0]["usedBy"] = json!([]);
    world.object("lists", "images/888888888888-eks.json", &format!("\u{feff}{bare}"));
    world.object("lists", "images/full/", "no folder");
    let aws = Aws::new(world);
    let report = pruned(&aws, &[WITH_LISTS[0], WITH_LISTS[1], ("IN_USE_TO", "")]).await;
    assert!(report.to_string().contains("s3://lists/images/full/: it is no list"), "{report}");
    aws.with(|world| _ = world.remove_object("lists", "images/full/"));
    let report = pruned(&aws, &[WITH_LISTS[0], WITH_LISTS[1], ("IN_USE_TO", "")]).await;
    assert_eq!((&report["ok"], &report["counts"]["changed"]), (&json!(true), &json!(1)), "{report}");
    assert!(tags(&aws, "users").contains(&"v4".to_owned()));
    // Where it writes there, what lies there is its own.
    let report = pruned(&aws, &[WITH_LISTS[0], WITH_LISTS[1], ("IN_USE_TO", "s3://lists/images/")]).await;
    assert_eq!(report["counts"]["changed"], 1, "{report}");
    assert!(!tags(&aws, "users").contains(&"v4".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_a_list_is_told_what_in_it_nobody_can_read() {
    let mut world = ten();
    world.bucket("lists").build_project("odd", &format!("{HOST}/users:a/b"));
    let fixture = Fixture::with(&Aws::new(world), &[("IN_USE_TO", "s3://lists/")]).await;
    let report = fixture.prune(json!({"action": "writeInUse"})).await.unwrap();
    assert_eq!(report["warnings"][0]["code"], "sourceUnreadable", "{report}");
    assert!(report["warnings"][0]["detail"].as_str().unwrap().contains("project/odd"), "{report}");
    let ahead = json!({"action": "writeInUse", "at": evening() + SignedDuration::from_hours(1)});
    assert_eq!(fixture.prune(ahead).await.unwrap_err().code, shared::Code::BadRequest);
}

#[tokio::test(start_paused = true)]
async fn a_place_where_nobody_has_written_anything_means_no_deletion() {
    for place in ["s3://lists/image-lists/", "s3://list/images/"] {
        let aws = Aws::new(with_lists());
        let report = pruned(&aws, &[("KEEP_PULLED_DAYS", "0"), ("IN_USE_FROM", place)]).await;
        assert_eq!(tags(&aws, "users").len(), 10, "{place}: {report}");
        assert!(report.to_string().contains("documents ("), "{place}: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_another_region_is_read_and_written_where_it_is() {
    let mut world = with_lists();
    world.bucket_in("lists", "eu-west-1");
    let aws = Aws::new(world);
    let variables = [WITH_LISTS[0], WITH_LISTS[1], ("IN_USE_TO", "s3://lists/ours/")];
    let report = pruned(&aws, &variables).await;
    assert_eq!(report["counts"]["changed"], 3, "{report}");
    let fixture = Fixture::with(&aws, &variables).await;
    fixture.prune(json!({"action": "writeInUse"})).await.unwrap();
    assert!(aws.with(|world| world.object_of("lists", "ours/123456789012-sa-east-1.json")).is_some());
}

#[tokio::test(start_paused = true)]
async fn what_is_in_use_here_is_written_for_others_whole_and_without_what_they_said_themselves() {
    let mut world = with_lists();
    world.service("prod", ServiceSeed::new("api").image(&users("v3")));
    let aws = Aws::new(world);
    let variables = [WITH_LISTS[0], WITH_LISTS[1], ("IN_USE_TO", "s3://lists/images/")];
    let fixture = Fixture::with(&aws, &variables).await;
    let dry = fixture.prune(json!({"action": "writeInUse", "dryRun": true})).await.unwrap();
    assert!(dry["summary"].as_str().unwrap().contains("would be written to s3://lists/images/"), "{dry}");
    assert!(aws.writes().is_empty());
    let report = fixture.prune(json!({"action": "writeInUse"})).await.unwrap();
    assert_eq!(report["items"][0]["resource"], "s3://lists/images/123456789012-sa-east-1.json");
    let key = "images/123456789012-sa-east-1.json";
    let list: Value =
        serde_json::from_str(&aws.with(|world| world.object_of("lists", key)).unwrap()).unwrap();
    assert_eq!((&list["complete"], &list["at"]), (&json!(true), &json!(evening())), "{list}");
    assert_eq!(
        report["items"][0]["after"],
        json!({"images": list["images"].as_array().unwrap().len(), "at": evening()})
    );
    let text = list.to_string();
    assert!(text.contains("service/prod/api"), "{text}");
    assert!(!text.contains("theirs"), "it would come back to them as ours, for ever: {text}");
    // Another account takes it as it is.
    let theirs = Aws::new({
        let mut world = ten();
        world.object(
            "lists",
            "images/999999999999-sa-east-1.json",
            &text.replace("\"123456789012\"", "\"999999999999\""),
        );
        world
    });
    let report = pruned(&theirs, &WITH_LISTS).await;
    assert_eq!(tags(&theirs, "users").len(), 6, "{report}");
    assert!(tags(&theirs, "users").contains(&"v3".to_owned()));
    // And here nobody minds what this function wrote, however old it is.
    aws.advance(std::time::Duration::from_hours(22));
    let now = aws.now();
    let fresh = |account, tag| {
        let mut list = told(account, tag);
        list["at"] = json!(now);
        list.to_string()
    };
    aws.with(|world| {
        world.object("lists", "images/999999999999-sa-east-1.json", &fresh("999999999999", "v1"));
        world.object("lists", "images/888888888888-sa-east-1.json", &fresh("888888888888", "v2"));
    });
    aws.advance(std::time::Duration::from_hours(3));
    assert_eq!(pruned(&aws, &variables).await["counts"]["changed"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_would_not_be_whole_is_not_written() {
    let variables = [("IN_USE_TO", "s3://lists/images/")];
    let asked = || json!({"action": "writeInUse"});
    let mut world = ten();
    world.bucket("lists");
    let aws = Aws::new(world);
    let fixture = Fixture::with(&aws, &variables).await;
    aws.faults(Faults::new().on("batch", "DescribeJobDefinitions").access_denied());
    let problem = fixture.prune(asked()).await.unwrap_err();
    assert_eq!(problem.code, shared::Code::SourceUnreadable);
    assert!(problem.detail.contains("jobDefinitions"), "{}", problem.detail);
    aws.faults(Faults::new());
    let off = Fixture::with(&aws, &[variables[0], ("SOURCES_OFF", "tasks")]).await;
    assert_eq!(off.prune(asked()).await.unwrap_err().code, shared::Code::SourceOff);
    let nowhere = Fixture::with(&aws, &[("IN_USE_TO", "")]).await;
    assert_eq!(nowhere.prune(asked()).await.unwrap_err().code, shared::Code::NotConfigured);
    assert!(aws.writes().is_empty());
    aws.faults(Faults::new().on("s3", "PutObject").access_denied());
    assert_eq!(fixture.prune(asked()).await.unwrap_err().code, shared::Code::AccessDenied);
    assert!(aws.with(|world| world.object_of("lists", "images/123456789012-sa-east-1.json")).is_none());
}

#[tokio::test(start_paused = true)]
async fn the_list_is_written_by_rest_too() {
    let mut world = ten();
    world.bucket("lists");
    let fixture = Fixture::with(&Aws::new(world), &[("IN_USE_TO", "s3://lists/")]).await;
    let answer = fixture.rest("PUT", "/v1/images/in-use", &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(fixture.aws.with(|world| world.object_of("lists", "123456789012-sa-east-1.json")).is_some());
    let answer = fixture.rest("PUT", "/v1/images/in-use", &json!({"to": "s3://mine/"})).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
}

#[tokio::test(start_paused = true)]
async fn a_tag_in_use_that_cannot_be_looked_up_makes_the_answer_incomplete_and_the_list_for_others_only_warns()
 {
    let mut world = ten();
    world.bucket("lists");
    world.service("prod", ServiceSeed::new("api").image(&format!("{HOST}/users:v1")));
    world.unresolved_images("prod", "api");
    let fixture = Fixture::with(&Aws::new(world), &[("IN_USE_TO", "s3://lists/")]).await;
    fixture.aws.faults(Faults::new().on("ecr", "DescribeImages").access_denied());
    let answer = fixture.get("/v1/images/in-use").await.json();
    assert_eq!(answer["complete"], false, "{answer}");
    let told = answer["failures"][0]["detail"].as_str().unwrap();
    assert!(told.starts_with("what the tags of users point to"), "{answer}");
    let written = fixture.rest("PUT", "/v1/images/in-use", &json!({})).await;
    assert_eq!(written.status, 200, "{}", written.body);
    assert!(
        written.json()["warnings"].to_string().contains("what the tags of users point to"),
        "{}",
        written.body
    );
}
