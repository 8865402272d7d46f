//! stop-task: a service's task is stopped on purpose only.

use std::time::Duration;

use emulator::{Faults, World};
use serde_json::{Value, json};

use crate::fixture::Fixture;

const CLUSTER: &str = "/v1/clusters/microservices";

/// A standalone task of `users`, by its id.
async fn standalone(fixture: &Fixture, by: &str) -> String {
    let body = json!({"taskDefinition": "users", "like": "users", "startedBy": by});
    let report = fixture.rest("POST", &format!("{CLUSTER}/tasks"), &body).await.json();
    report["started"][0]["taskArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

fn of_service(fixture: &Fixture) -> String {
    fixture.aws.with(|world| world.tasks("microservices", "users")[0].id.clone())
}

async fn stop(fixture: &Fixture, task: &str, body: Value) -> local::Response {
    fixture.rest("POST", &format!("{CLUSTER}/tasks/{task}/stop"), &body).await
}

#[tokio::test(start_paused = true)]
async fn a_services_task_is_a_409_whose_ready_request_sent_as_it_is_stops_the_service() {
    let fixture = Fixture::on(World::demo()).await;
    let refused = stop(&fixture, &of_service(&fixture), json!({"reason": "stuck"})).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("serviceTask")), "{}", refused.body);
    assert!(refused.json()["detail"].as_str().unwrap().contains("service users would replace it"));
    assert!(fixture.aws.writes().is_empty());
    let action = refused.json()["actions"][0].clone();
    let (method, path) = (action["method"].as_str().unwrap(), action["path"].as_str().unwrap());
    let done = fixture.rest(method, path, &action["body"]).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(fixture.aws.with(|world| world.desired_count("microservices", "users")), 0);
}

#[tokio::test(start_paused = true)]
async fn force_restarts_a_services_task_on_purpose_and_the_answer_says_so() {
    let fixture = Fixture::on(World::demo()).await;
    let task = of_service(&fixture);
    let forced = stop(&fixture, &task, json!({"force": true, "reason": "stuck"})).await;
    assert_eq!(forced.status, 200, "{}", forced.body);
    let item = forced.json()["items"][0].clone();
    assert!(
        item["reason"].as_str().unwrap().contains("restarted on purpose: service users starts another"),
        "{item}"
    );
    fixture.aws.advance(Duration::from_mins(2));
    assert_eq!(fixture.aws.with(|world| world.running_count("microservices", "users")), 2);
    let shown = fixture.get(&format!("{CLUSTER}/tasks/{task}?query=tasks[0].stoppedReason")).await.json();
    assert!(shown.as_str().unwrap().starts_with("stuck (by "), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_protected_task_is_a_409_with_its_expiry_unless_that_too_is_forced() {
    let fixture = Fixture::on(World::demo()).await;
    let task = of_service(&fixture);
    fixture.aws.with(|world| {
        let protect = json!({"cluster": "microservices", "tasks": [task], "protectionEnabled": true, "expiresInMinutes": 60});
        world.call("ecs", "UpdateTaskProtection", protect).unwrap();
    });
    let refused = stop(&fixture, &task, json!({"force": true})).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("protected")), "{}", refused.body);
    assert!(refused.json()["detail"].as_str().unwrap().contains("until 2026-11-24T13:"), "{}", refused.body);
    let forced = stop(&fixture, &task, json!({"force": "protected"})).await;
    assert_eq!(forced.status, 200, "{}", forced.body);
    assert_eq!(forced.json()["items"][0]["warnings"][0]["code"], "protected");
}

#[tokio::test(start_paused = true)]
async fn a_task_is_stopped_by_id_or_arn_and_one_that_has_stopped_is_already_stopped() {
    let fixture = Fixture::on(World::demo()).await;
    let task = standalone(&fixture, "alice").await;
    let body = json!({"reason": "🦀".repeat(1_000), "wait": 20});
    let stopped = stop(&fixture, &task, body).await;
    assert!(matches!(stopped.status, 200 | 202), "{}", stopped.body);
    fixture.aws.advance(Duration::from_mins(1));
    let shown = fixture.get(&format!("{CLUSTER}/tasks/{task}?query=tasks[0].stoppedReason")).await.json();
    assert!(shown.as_str().unwrap().encode_utf16().count() <= 255, "{shown}");
    fixture.aws.forget();
    let arn = format!("arn:aws:ecs:sa-east-1:123456789012:task/microservices/{task}");
    let again = json!({"action": "stopTask", "cluster": "microservices", "task": arn});
    let report = fixture.system.invoke("stop-task", again).await.unwrap();
    assert_eq!(
        (&report["items"][0]["outcome"], &report["items"][0]["code"]),
        (&json!("unchanged"), &json!("alreadyStopped"))
    );
    assert!(fixture.aws.writes().is_empty());
    let gone = stop(&fixture, "0123456789abcdef0123456789abcdef", json!({})).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_200_once_it_has_stopped_and_with_202_before() {
    let fixture = Fixture::on(World::demo()).await;
    let (one, two) = (standalone(&fixture, "alice").await, standalone(&fixture, "alice").await);
    fixture.aws.advance(Duration::from_mins(2));
    let early = stop(&fixture, &one, json!({"wait": 1})).await;
    assert_eq!(early.status, 202, "{}", early.body);
    let location = early.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location")).unwrap();
    assert_eq!(location.1, format!("../{one}"), "relative, so that a stage in the path survives");
    let direct = json!({"action": "stopTask", "cluster": "microservices", "task": two, "wait": 120});
    let report = fixture.system.invoke("stop-task", direct).await.unwrap();
    assert_eq!(report["counts"]["changed"], 1);
    let shown = fixture.get(&format!("{CLUSTER}/tasks/{two}?query=tasks[0].lastStatus")).await.json();
    assert_eq!(shown, "STOPPED");
}

#[tokio::test(start_paused = true)]
async fn in_bulk_by_family_or_starter_skips_what_services_keep_and_one_failure_is_its_own() {
    let fixture = Fixture::on(World::demo()).await;
    let mine = [standalone(&fixture, "alice").await, standalone(&fixture, "alice").await];
    standalone(&fixture, "bob").await;
    let bulk = async |body: Value| fixture.rest("POST", &format!("{CLUSTER}/tasks/stop"), &body).await;
    for (body, status) in [
        (json!({}), 400),
        (json!({"family": "users:1"}), 400),
        (json!({"startedBy": ""}), 400),
        (json!({"family": "users", "force": true}), 400),
        (json!({"family": "users", "wait": 901}), 400),
    ] {
        assert_eq!(bulk(body.clone()).await.status, status, "{body}");
    }
    let dry = bulk(json!({"startedBy": "alice", "dryRun": true})).await.json();
    assert_eq!(dry["counts"]["changed"], 2, "{dry}");
    fixture.aws.faults(Faults::new().on("ecs", "StopTask").times(1).access_denied());
    let by_alice = bulk(json!({"startedBy": "alice"})).await;
    assert_eq!(by_alice.status, 207, "{}", by_alice.body);
    assert_eq!(
        (&by_alice.json()["counts"]["changed"], &by_alice.json()["counts"]["failed"]),
        (&json!(1), &json!(1))
    );
    let again = bulk(json!({"startedBy": "alice"})).await;
    assert_eq!(again.status, 200, "{}", again.body);
    fixture.aws.advance(Duration::from_mins(1));
    for task in mine {
        let status = fixture.get(&format!("{CLUSTER}/tasks/{task}?query=tasks[0].lastStatus")).await.json();
        assert_eq!(status, "STOPPED");
    }
    let family = bulk(json!({"family": "users"})).await.json();
    assert_eq!(
        (&family["counts"]["changed"], &family["counts"]["skipped"]),
        (&json!(1), &json!(2)),
        "{family}"
    );
    assert_eq!(fixture.aws.with(|world| world.running_count("microservices", "users")), 2);
}
