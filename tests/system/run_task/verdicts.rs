//! How a job ended, as the answer says it.

use std::time::Duration;

use emulator::{JobSeed, World};
use local::Response;
use serde_json::{Value, json};

use super::run;
use crate::fixture::Fixture;

/// A job of `nightly` on the demo's Fargate cluster that ends so.
async fn nightly(job: JobSeed) -> (Response, Fixture) {
    let mut world = World::demo();
    world.job("nightly", job);
    let fixture = Fixture::on(world).await;
    let body = json!({"action": "runTask", "cluster": "microservices", "taskDefinition": "nightly", "like": "users",
        "waitUntil": "stopped", "timeoutSeconds": 600});
    let answer = fixture.system.invoke("run-task", body).await;
    let text = match answer {
        Ok(report) => Response { status: 200, headers: Vec::new(), body: report.to_string() },
        Err(problem) => Response {
            status: 500,
            headers: Vec::new(),
            body: format!("{} {}", problem.code, problem.detail),
        },
    };
    (text, fixture)
}

#[tokio::test(start_paused = true)]
async fn each_end_of_a_job_has_its_verdict_and_the_reason_in_the_summary() {
    let soon = || JobSeed::new().runs_for(Duration::from_secs(30));
    let app = "nightly";
    for (job, done, says) in [
        (soon().exit(app, 0), true, "exit 0"),
        (soon().exit(app, 3), false, "exited with 3"),
        (
            soon().sidecar("log-router").exit("log-router", 1).exit(app, 0),
            true,
            "not essential: log-router exited with 1",
        ),
        (
            soon().never_starts("CannotPullContainerError: pull image manifest has been retried"),
            false,
            "it never started: CannotPullContainerError",
        ),
        (soon().out_of_memory(app), false, "OutOfMemoryError"),
    ] {
        let (answer, _stage) = nightly(job).await;
        assert_eq!(answer.status == 200, done, "{says}: {}", answer.body);
        assert!(answer.body.contains(says), "{says}: {}", answer.body);
        if !done {
            assert!(answer.body.starts_with("partial "), "{}", answer.body);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_a_202_that_says_where_to_look_and_missing_right_after_the_start_is_not_gone() {
    let mut world = World::demo();
    world.tasks_lag(Duration::from_secs(4));
    let fixture = Fixture::on(world).await;
    let body =
        json!({"taskDefinition": "users", "like": "users", "waitUntil": "running", "timeoutSeconds": 2});
    let soon = run(&fixture, "microservices", body.clone()).await;
    assert_eq!(soon.status, 202, "{}", soon.body);
    let header =
        |name: &str| soon.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).unwrap().1.clone();
    assert_eq!(header("retry-after"), "5");
    let id = soon.json()["started"][0]["taskArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(header("location"), format!("./tasks/{id}"), "relative, so that a stage in the path survives");
    let patient = json!({"action": "runTask", "cluster": "microservices", "taskDefinition": "users", "like": "users",
        "waitUntil": "running"});
    let report = fixture.system.invoke("run-task", patient).await.unwrap();
    assert_eq!(report["started"][0]["lastStatus"], "RUNNING", "{report}");
}

/// A task of the demo's service `users`, of the family `nightly`, that ends so, waited for.
async fn waited(job: JobSeed, more: Value) -> Result<Value, String> {
    let mut world = World::demo();
    world.job("nightly", job);
    let fixture = Fixture::on(world).await;
    let mut body = json!({"action": "runTask", "cluster": "microservices", "taskDefinition": "nightly", "like": "users",
        "waitUntil": "stopped", "timeoutSeconds": 600});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fixture.system.invoke("run-task", body).await.map_err(|problem| problem.to_string())
}

#[tokio::test(start_paused = true)]
async fn an_exit_of_0_with_a_reason_is_a_success_that_carries_the_reason_as_a_warning() {
    let job = JobSeed::new().runs_for(Duration::from_secs(30));
    let reason = "OutOfMemoryError: Container killed due to memory usage";
    let report = waited(job.clone().exit_because("nightly", 0, reason), json!({})).await.unwrap();
    let item = &report["items"][0];
    assert_eq!((&report["ok"], &item["outcome"]), (&json!(true), &json!("changed")), "{report}");
    assert_eq!(item["warnings"][0]["code"], "containerReason", "{item}");
    assert!(item["warnings"][0]["detail"].as_str().unwrap().contains(reason), "{item}");
    assert!(report["summary"].as_str().unwrap().contains("OutOfMemoryError"), "{}", report["summary"]);

    let plain = waited(job.clone(), json!({})).await.unwrap();
    assert_eq!(plain["items"][0]["warnings"], json!([]), "{plain}");
    let silent = waited(job.without_exit_code("nightly"), json!({})).await.unwrap_err();
    assert!(silent.contains("nightly has no exit code"), "{silent}");
}

#[tokio::test(start_paused = true)]
async fn the_verdict_is_that_of_the_containers_that_are_named() {
    let job = || {
        let job = JobSeed::new().runs_for(Duration::from_secs(30)).sidecar("log-router");
        job.exit("log-router", 0).exit("nightly", 137)
    };
    let of = |names: &[&str]| json!({"verdictOf": names});
    let report = waited(job(), of(&["log-router"])).await.unwrap();
    let summary = report["summary"].as_str().unwrap();
    assert!(summary.contains("exit 0 (not in verdictOf: nightly exited with 137)"), "{summary}");
    for bad in [json!({}), of(&["nightly"]), of(&["nightly", "log-router"])] {
        let failed = waited(job(), bad.clone()).await.unwrap_err();
        assert!(failed.contains("nightly exited with 137"), "{bad}: {failed}");
    }
    let unknown = waited(job(), of(&["nobody"])).await.unwrap_err();
    assert!(
        unknown.starts_with("unknownContainer: verdictOf") && unknown.contains("nightly, log-router"),
        "{unknown}"
    );
    for bad in
        [of(&[]), of(&["a", "a"]), of(&["a b"]), json!({"verdictOf": ["nightly"], "waitUntil": "running"})]
    {
        let refused = waited(job(), bad.clone()).await.unwrap_err();
        assert!(refused.starts_with("badRequest: verdictOf"), "{bad}: {refused}");
    }
}
