//! How requests are read and answers written, over the whole API.

use emulator::World;
use local::{Response, Sent};
use serde_json::{Value, json};

use crate::fixture::{Fixture, prod_with_users};
use crate::openapi;

const STOP: &str = "/v1/clusters/prod/services/users/stop";

async fn sent(fixture: &Fixture, method: &str, path: &str, accept: &str, body: &str) -> Response {
    let headers = vec![("accept".to_owned(), accept.to_owned())];
    let (method, path) = (method.to_owned(), path.to_owned());
    openapi::request(&fixture.system, &Sent { method, path, headers, body: body.as_bytes().to_vec() }).await
}

#[tokio::test(start_paused = true)]
async fn a_change_that_was_made_is_never_answered_as_an_error() {
    for (query, code) in [
        ("sum(items)", "badRequest"),
        ("max_by(items,%20%26counts)", "badRequest"),
        (
            "%5B@,@,@,@,@,@,@,@%5D%7C%5B@,@,@,@,@,@,@,@%5D%7C%5B@,@,@,@,@,@,@,@%5D%7C%5B@,@,@,@,@,@,@,@%5D%7C%5B@,@,@,@,@,@,@,@%5D",
            "answerTooLarge",
        ),
    ] {
        for accept in ["application/json", "text/plain"] {
            let fixture = Fixture::on(prod_with_users()).await;
            let answer = sent(&fixture, "POST", &format!("{STOP}?query={query}"), accept, "").await;
            assert_eq!(answer.status, 200, "{query}: {}", answer.body);
            assert_eq!(fixture.size("users").0, 0, "it was stopped");
            if accept == "text/plain" {
                assert!(answer.body.contains("1 service off"), "{}", answer.body);
                continue;
            }
            let report = answer.json();
            assert_eq!(
                (&report["counts"]["changed"], &report["warnings"][0]["code"]),
                (&json!(1), &json!(code))
            );
            assert!(report["warnings"][0]["detail"].as_str().unwrap().contains("query"), "{report}");
        }
    }
}

/// IAM is asked about the path as it was sent: nothing may reach around a policy that names the plain path.
#[tokio::test(start_paused = true)]
async fn a_percent_sign_in_a_plain_name_is_a_400_before_any_call() {
    let fixture = Fixture::on(prod_with_users()).await;
    for path in [
        "/v1/clusters/pr%6fd/services/users/stop",
        "/v1/clusters/prod/services/%75sers/stop",
        "/v1/clusters/%70%72%6f%64/stop",
        "/v1/clusters/prod%2Fservices/users/stop",
    ] {
        let answer = fixture.rest("POST", path, &json!({})).await;
        assert!(matches!(answer.status, 400 | 403), "{path}: {}", answer.body);
    }
    let answer = fixture.rest("POST", "/v1/clusters/pr%6fd/services/users/stop", &json!({})).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["detail"].as_str().unwrap().contains("no %"), "{}", answer.body);
    assert!(fixture.aws.ledger().is_empty(), "no AWS call was made");
}

#[tokio::test(start_paused = true)]
async fn a_query_whose_value_would_fill_the_memory_is_refused() {
    let fixture = Fixture::on(World::demo()).await;
    let stage = "[@,@,@,@,@,@,@,@]";
    for stages in [5, 7, 12] {
        let query = vec![stage; stages].join("|").replace('[', "%5B").replace(']', "%5D").replace('|', "%7C");
        for accept in ["application/json", "text/plain"] {
            let answer =
                sent(&fixture, "GET", &format!("/v1/clusters/microservices?query={query}"), accept, "").await;
            assert_eq!(answer.status, 422, "{stages} stages: {:.300}", answer.body);
            assert_eq!(answer.json()["code"], "answerTooLarge");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_means_what_the_aws_clis_means() {
    let fixture = Fixture::on(World::demo()).await;
    for (query, expected) in [
        ("length(tasks%5B?startedAt%3E'2026-01-01'%5D)", json!(8)),
        ("services%5B?serviceName==%60users%60%5D.desiredCount", json!([2])),
        ("sum(services%5B%5D.runningCount)", json!(8)),
    ] {
        let answer = fixture.get(&format!("/v1/clusters/microservices?query={query}")).await;
        assert_eq!(answer.body, expected.to_string(), "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn media_types_are_read_in_either_case_and_a_text_ends_with_a_newline() {
    let fixture = Fixture::on(World::demo()).await;
    for path in ["/v1/clusters", "/v1/clusters?query=clusters[0].clusterName"] {
        let path = path.replace('[', "%5B").replace(']', "%5D");
        let answer = sent(&fixture, "GET", &path, "TEXT/PLAIN", "").await;
        assert!(answer.body.ends_with('\n') && !answer.body.ends_with("\n\n"), "{path}: {:?}", answer.body);
        assert!(answer.headers.iter().any(|(_, value)| value.starts_with("text/plain")), "{path}");
    }
    let stop = sent(&fixture, "POST", "/v1/clusters/microservices/stop?dryRun=true", "text/plain", "").await;
    assert!(stop.body.ends_with('\n'), "{:?}", stop.body);
}

#[tokio::test(start_paused = true)]
async fn a_field_that_stands_twice_in_one_object_is_a_400_at_any_depth() {
    let fixture = Fixture::on(World::demo()).await;
    let scale = "/v1/clusters/microservices/services/users/scale";
    for (method, path, body) in [
        ("PUT", scale, r#"{"desiredCount":0,"dryRun":true,"dryRun":false}"#),
        ("PUT", scale, r#"{"desiredCount":5,"desiredCount":0}"#),
        ("POST", "/v1/clusters/microservices/stop", r#"{"tags":{"a":"1","a":"2"}}"#),
    ] {
        let answer = sent(&fixture, method, path, "*/*", body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        assert!(answer.json()["detail"].as_str().unwrap().contains("given twice"), "{}", answer.body);
    }
    assert!(fixture.aws.ledger().is_empty(), "no AWS call was made");
}

/// What a caller shows to whoever runs the stack: it stands in API Gateway's access log, and in each line of the
/// function's.
#[tokio::test(start_paused = true)]
async fn a_problem_carries_the_id_of_api_gateway() {
    let event = harness::events::read("scale-service", "rest-stop-service");
    let fixture = Fixture::on(World::demo()).await;
    let mut event: Value = event;
    event["body"] = json!("nonsense");
    let answer = fixture.system.invoke("scale-service", event.clone()).await.unwrap();
    let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(problem["requestId"], event["requestContext"]["requestId"], "{problem}");
}
