//! Bad input gets the right problem, and nothing is changed.

use emulator::Aws;
use harness::events::{self, DESCRIBE_CLUSTER, Expected, PRUNE_IMAGES, RUN_TASK, SCALE_SERVICE, STOP_TASK};
use local::{Sent, Template};
use serde_json::{Value, json};
use shared_lambda::LambdaError;
use tracing::level_filters::LevelFilter;

use crate::fixture::{Fixture, prod_with_users};
use crate::log::Log;
use crate::openapi;
use crate::secrets::{assert_hidden, full_of_secrets, started};

async fn answer(fixture: &Fixture, function: &str, event: Value) -> Result<Value, Value> {
    let answer = fixture.system.invoke(function, event).await;
    answer.map_err(|problem| json!(LambdaError::new(&problem, "id")))
}

/// The answer to a REST event is one that openapi.json has for its route.
fn foretold(name: &str, event: &Value, answer: &Result<Value, Value>) {
    let (Some(route), Some(method)) = (event["resource"].as_str(), event["httpMethod"].as_str()) else {
        return;
    };
    let Ok(answer) = answer else { return };
    if answer.get("statusCode").is_none() || name == "bad-route" {
        return;
    }
    let status = answer["statusCode"].as_u64().and_then(|status| status.try_into().ok()).unwrap();
    let kind = answer["multiValueHeaders"]["content-type"][0].as_str().unwrap();
    let queried = event["queryStringParameters"].get("query").is_some();
    openapi::assert_foretold(method, route, status, kind, answer["body"].as_str().unwrap(), queried);
}

/// And no secret is shown: not in the answer, the log or an event.
async fn every_file(function: &str, files: &[(&str, Expected)]) {
    let log = Log::at(LevelFilter::TRACE);
    let base = Aws::new(full_of_secrets());
    for (name, expected) in files {
        let aws = base.fork();
        let fixture = Fixture { system: started(&aws).await, aws };
        let event = events::with_secrets(events::read_at(function, name, fixture.system.now()));
        let answer = answer(&fixture, function, event.clone()).await;
        events::check(name, *expected, &answer);
        assert_hidden(
            &fixture.aws,
            &log,
            name,
            &json!(answer.as_ref().unwrap_or_else(|error| error)).to_string(),
        );
        foretold(name, &event, &answer);
        if name.starts_with("bad-") {
            assert_eq!(fixture.writes(), [""; 0], "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_file_of_scale_services_events_gets_its_answer_and_a_bad_one_changes_nothing() {
    every_file("scale-service", SCALE_SERVICE).await;
}

#[tokio::test(start_paused = true)]
async fn every_file_of_describe_clusters_events_gets_its_answer_and_a_bad_one_changes_nothing() {
    every_file("describe-cluster", DESCRIBE_CLUSTER).await;
}

#[tokio::test(start_paused = true)]
async fn every_file_of_run_tasks_events_gets_its_answer_and_a_bad_one_changes_nothing() {
    every_file("run-task", RUN_TASK).await;
}

#[tokio::test(start_paused = true)]
async fn every_file_of_stop_tasks_events_gets_its_answer_and_a_bad_one_changes_nothing() {
    every_file("stop-task", STOP_TASK).await;
}

#[tokio::test(start_paused = true)]
async fn every_file_of_prune_images_events_gets_its_answer_and_a_bad_one_changes_nothing() {
    every_file("prune-images", PRUNE_IMAGES).await;
}

/// Where IAM was told of `prod`, nothing may reach `staging`.
#[tokio::test(start_paused = true)]
async fn another_clusters_arn_in_every_place_of_every_route_is_refused_before_any_call() {
    let fixture = Fixture::on(prod_with_users()).await;
    let arns = [
        "arn:aws:ecs:sa-east-1:123456789012:service/staging/users",
        "arn:aws:ecs:sa-east-1:123456789012:cluster/staging",
        "arn:aws:ecs:sa-east-1:123456789012:task/staging/0123456789abcdef0123456789abcdef",
        "arn:aws:ecs:sa-east-1:999999999999:service/prod/users",
        "arn:aws:ecs:eu-west-1:123456789012:service/prod/users",
        "arn:aws:ecs:sa-east-1:999999999999:task-definition/users:1",
        "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:1:autoScalingGroupName/users",
    ];
    let mut tried = 0;
    for route in Template::read().unwrap().routes {
        let names: Vec<&str> = route.path.split('/').filter(|part| part.starts_with('{')).collect();
        let filled = |place: Option<&str>, arn: &str| {
            names.iter().fold(route.path.clone(), |path, name| {
                let plain = if *name == "{cluster}" { "prod" } else { "users" };
                path.replace(name, if place == Some(*name) { arn } else { plain })
            })
        };
        for arn in arns {
            let encoded = arn.replace(':', "%3A").replace('/', "%2F");
            let mut requests = Vec::new();
            for place in &names {
                requests.push((filled(Some(place), &encoded), Value::Null));
            }
            let path = filled(None, "");
            for field in ["cluster", "service", "task", "clusters", "services", "tasks", "family", "group"] {
                // Where the path names no cluster, IAM was told of all of them.
                if !route.path.contains("{cluster}") && field == "clusters" && arn == arns[1] {
                    continue;
                }
                requests.push((format!("{path}?{field}={encoded}"), Value::Null));
                if route.method != "GET" {
                    for value in [json!(arn), json!([arn])] {
                        let mut body = json!({ "desiredCount": 0 });
                        if !route.path.ends_with("/scale") {
                            body = json!({});
                        }
                        body[field] = value;
                        requests.push((path.clone(), body));
                    }
                }
            }
            for (path, body) in requests {
                let answer = fixture.rest(&route.method, &path, &body).await;
                assert!(
                    matches!(answer.status, 400 | 403),
                    "{} {path} {body}: {}",
                    route.method,
                    answer.body
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
    assert!(fixture.aws.ledger().is_empty(), "no AWS call was made");
}

#[tokio::test(start_paused = true)]
async fn a_body_over_256_kb_is_a_413_and_one_of_256_kb_is_read() {
    let fixture = Fixture::on(prod_with_users()).await;
    let send = |body: Vec<u8>| {
        let path = "/v1/clusters/prod/services/users/scale".to_owned();
        Sent { method: "PUT".into(), path, headers: Vec::new(), body }
    };
    let body = |length: usize| {
        let mut body = br#"{"desiredCount":3}"#.to_vec();
        body.resize(length, b' ');
        body
    };
    let fits = openapi::request(&fixture.system, &send(body(256 * 1024))).await;
    assert_eq!(fits.status, 200, "{}", fits.body);
    let over = openapi::request(&fixture.system, &send(body(256 * 1024 + 1))).await;
    assert_eq!((over.status, &over.json()["code"]), (413, &json!("tooLarge")));
    let mut binary = body(256 * 1024 + 1);
    binary[0] = 0xff;
    assert_eq!(openapi::request(&fixture.system, &send(binary)).await.status, 413);
}

#[tokio::test(start_paused = true)]
async fn a_problem_says_what_to_do_and_points_at_the_place() {
    let fixture = Fixture::on(prod_with_users()).await;
    let path = "/v1/clusters/prod/services/users/scale";
    for (body, words) in [
        (
            json!({"desiredCount": "three"}),
            "field \"desiredCount\": invalid type: string \"three\", expected a whole number from 0",
        ),
        (
            json!({"desiredCount": -1}),
            "field \"desiredCount\": invalid value: integer `-1`, expected a whole number",
        ),
        (json!({"desiredCount": 1, "colour": "red"}), "unknown field `colour`"),
        (json!({}), "missing field `desiredCount`"),
        (json!({"desiredCount": 501}), "desiredCount 501 is beyond 500"),
    ] {
        let answer = fixture.rest("PUT", path, &body).await.json();
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{body} gave {detail:?}");
    }
}
