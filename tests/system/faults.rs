//! When AWS throttles, refuses, fails, hangs or resets.

use std::time::Duration;

use emulator::{Faults, ServiceSeed, TargetSeed};
use serde_json::{Value, json};
use shared::Code;

use crate::fixture::{Fixture, item, prod, prod_with, prod_with_users};

#[tokio::test(start_paused = true)]
async fn one_services_failure_does_not_stop_the_others() {
    let fixture = Fixture::on(prod_with(20)).await;
    fixture.aws.faults(Faults::new().on("ecs", "UpdateService").containing("s007").access_denied());
    let problem = fixture.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap_err();
    assert_eq!(problem.code, Code::Partial);
    assert!(problem.detail.contains("19 services off"), "{problem}");
    assert_eq!(problem.failures[0]["counts"]["failed"], 1);
    assert_eq!(problem.failures[1]["resource"], "service/prod/s007");
    assert_eq!(problem.failures[1]["code"], "accessDenied");
    let refused = fixture.aws.ledger().into_iter().filter(|call| call.outcome.is_err()).count();
    assert_eq!(refused, 1, "AccessDenied is not retried");

    let rest = fixture.rest("POST", "/v1/clusters/prod/stop", &Value::Null).await;
    assert_eq!(rest.status, 207);
    assert_eq!(item(&rest.json(), "s007")["outcome"], "failed");
    let one = fixture.rest("POST", "/v1/clusters/prod/services/s007/stop", &Value::Null).await;
    assert_eq!((one.status, &one.json()["code"]), (502, &json!("accessDenied")));
    let detail = one.json()["detail"].as_str().unwrap().to_owned();
    for words in ["ecs:UpdateService", "service/prod/s007", "role needs"] {
        assert!(detail.contains(words), "{detail}");
    }
}

#[tokio::test(start_paused = true)]
async fn throttled_for_ten_seconds_everything_is_done_all_the_same() {
    let fixture = Fixture::on(prod_with(30)).await;
    fixture.aws.faults(Faults::new().anywhere().during(Duration::from_secs(10)).throttle());
    let report = fixture.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
    assert_eq!(report["counts"]["changed"], 30, "{}", report["summary"]);
}

#[tokio::test(start_paused = true)]
async fn a_throttle_that_lasts_is_a_429_and_an_answer_that_never_comes_a_503() {
    let fixture = Fixture::on(prod_with_users()).await;
    let stop = || fixture.rest("POST", "/v1/clusters/prod/services/users/stop", &Value::Null);
    fixture.aws.faults(Faults::new().on("ecs", "DescribeServices").throttle());
    let throttled = stop().await;
    assert_eq!(
        (throttled.status, &throttled.json()["code"]),
        (429, &json!("throttled")),
        "{}",
        throttled.body
    );
    assert_eq!(throttled.json()["retryable"], true);
    fixture.aws.faults(Faults::new().on("ecs", "DescribeServices").hang());
    let hanging = stop().await;
    assert_eq!((hanging.status, &hanging.json()["code"]), (503, &json!("unreachable")), "{}", hanging.body);
    fixture.aws.faults(Faults::new().on("ecs", "DescribeServices").server_error());
    let failed = stop().await;
    assert_eq!((failed.status, &failed.json()["code"]), (502, &json!("awsFailed")), "{}", failed.body);
    fixture.aws.faults(Faults::new().on("ecs", "DescribeServices").cut_body());
    let cut = stop().await;
    assert_eq!((cut.status, &cut.json()["code"]), (502, &json!("awsFailed")), "{}", cut.body);
    assert_eq!(fixture.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_reset_before_or_after_the_commit_is_retried_and_ends_the_same() {
    for operation in ["TagResource", "UpdateService"] {
        for after in [false, true] {
            let fixture = Fixture::on(prod_with_users()).await;
            let rule = Faults::new().on("ecs", operation).times(1);
            fixture.aws.faults(if after { rule.reset_after_commit() } else { rule.reset_before_commit() });
            fixture.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
            assert_eq!(fixture.size("users"), (0, Some((0, [true; 3]))), "{operation}, after: {after}");
            fixture.scale(json!({"action": "start", "cluster": "prod"})).await.unwrap();
            assert_eq!(fixture.size("users"), (3, Some((2, [true, false, false]))));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_deadline_leaves_is_not_attempted_and_the_same_request_goes_on() {
    let fixture = Fixture::on(prod_with(200)).await;
    let first = fixture.rest("POST", "/v1/clusters/prod/stop", &Value::Null).await;
    assert_eq!(first.status, 207, "{}", first.json()["summary"]);
    let first = first.json();
    assert_eq!(first["complete"], false);
    assert!(first["counts"]["notAttempted"].as_u64().unwrap() > 0);
    assert_eq!(first["counts"]["failed"], 0, "{}", first["summary"]);
    let second = fixture.rest("POST", "/v1/clusters/prod/stop", &Value::Null).await;
    assert_eq!(second.status, 200, "{}", second.json()["summary"]);
    for n in 0..200 {
        let service = format!("s{n:03}");
        assert_eq!(fixture.size(&service).0, 0);
        assert!(fixture.record(&service).unwrap().contains(" n=2 "));
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_deleted_between_read_and_write_fails_alone() {
    let fixture = Fixture::on(prod_with(3)).await;
    fixture.aws.latency(Some(Duration::from_secs(1)));
    // Two lists and descriptions, the targets, and then the first writes.
    let delete = async {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        let input = json!({"cluster": "prod", "service": "s001", "force": true});
        fixture.aws.with(|world| world.call("ecs", "DeleteService", input)).unwrap();
    };
    let stop = json!({"action": "stop", "cluster": "prod"});
    let (problem, ()) = tokio::join!(fixture.scale(stop), delete);
    let problem = problem.unwrap_err();
    assert_eq!(problem.failures[0]["counts"]["changed"], 2, "{problem}");
    assert_eq!(problem.failures[1]["resource"], "service/prod/s001");
    assert_eq!((fixture.size("s000").0, fixture.size("s002").0), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_summary_calls_a_cluster_that_cannot_be_read_a_cluster() {
    let fixture = Fixture::on(prod_with(2)).await;
    fixture.aws.faults(Faults::new().on("ecs", "ListServices").access_denied());
    let report = fixture.scale(json!({"action": "reconcile", "clusters": ["*"]})).await.unwrap();
    let summary = report["summary"].as_str().unwrap();
    assert!(summary.contains("1 cluster failed") && !summary.contains("service"), "{summary}");
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_stop_is_refused_keeps_its_autoscaling_and_one_that_got_no_answer_is_left_to_the_next_run()
 {
    let by_day = (3, Some((2, [true, false, false])));
    let asleep = (3, Some((0, [true; 3])));
    let refused = |rule: emulator::FaultRule| rule.access_denied();
    let failed = |rule: emulator::FaultRule| rule.server_error();
    for (fault, left) in [(&refused as &dyn Fn(_) -> _, by_day), (&failed, asleep)] {
        let fixture = Fixture::on(prod_with_users()).await;
        fixture.aws.faults(fault(Faults::new().on("ecs", "UpdateService")));
        fixture.scale(json!({"action": "stop", "cluster": "prod", "service": "users"})).await.unwrap_err();
        assert_eq!(fixture.size("users"), left);
        assert!(fixture.record("users").unwrap().contains("stopping@"), "it is still to be finished");
        fixture.aws.faults(Faults::new());
        fixture.scale(json!({"action": "stop", "cluster": "prod", "service": "users"})).await.unwrap();
        assert_eq!(fixture.size("users"), (0, Some((0, [true; 3]))));
        assert!(
            fixture.record("users").unwrap().contains("n=3 min=2 susp=i--"),
            "{:?}",
            fixture.record("users")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_holds_for_a_service_with_a_night_size() {
    let fixture = Fixture::on(prod_with_users()).await;
    let tags = json!([{"key": "steward:night", "value": "1"}]);
    let arn = "arn:aws:ecs:sa-east-1:123456789012:service/prod/users";
    let tag = json!({"resourceArn": arn, "tags": tags});
    fixture.aws.with(|world| world.call("ecs", "TagResource", tag)).unwrap();
    let before = fixture.size("users");
    fixture.aws.faults(Faults::new().on("ecs", "UpdateService").access_denied());
    fixture.scale(json!({"action": "stop", "cluster": "prod", "service": "users"})).await.unwrap_err();
    assert_eq!(fixture.size("users"), before, "it does not run on without its autoscaling");
    fixture.aws.faults(Faults::new());
    fixture.scale(json!({"action": "stop", "cluster": "prod", "service": "users"})).await.unwrap();
    assert_eq!(fixture.size("users"), (1, Some((1, [true; 3]))));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_only_a_warning_needs_costs_the_warning_and_not_the_evening() {
    let fixture = Fixture::on(prod_with_users()).await;
    fixture
        .aws
        .faults(Faults::new().on("application-autoscaling", "DescribeScheduledActions").access_denied());
    let report = fixture.scale(json!({"action": "stop", "cluster": "prod"})).await.unwrap();
    assert_eq!((&report["ok"], fixture.size("users")), (&json!(true), (0, Some((0, [true; 3])))), "{report}");
    assert_eq!(report["warnings"][0]["code"], "accessDenied", "{report}");
    let detail = report["warnings"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("scheduled scaling actions"), "{detail}");
}

#[tokio::test(start_paused = true)]
async fn scalable_targets_that_cannot_be_read_fail_the_services_that_were_due_and_no_other() {
    let schedule = "Mon-Fri 08:00-20:00 America/Sao_Paulo";
    let mut world = prod();
    for (name, schedule) in [("due", schedule), ("always", "always")] {
        let seed = ServiceSeed::new(name).desired(2).tag("steward:schedule", schedule);
        world.service("prod", seed);
        world.scalable_target("prod", name, TargetSeed::new(1, 4));
    }
    let fixture = Fixture::on(world).await;
    let tick = json!({"action": "reconcile", "clusters": ["*"]});
    fixture.scale(tick.clone()).await.unwrap();
    fixture.aws.move_to("2026-11-25T23:00:00Z".parse().unwrap());
    fixture
        .aws
        .faults(Faults::new().on("application-autoscaling", "DescribeScalableTargets").access_denied());
    let report = fixture.scale(tick.clone()).await.unwrap();
    assert_eq!(item(&report, "due")["code"], "accessDenied", "{report}");
    assert_eq!(item(&report, "always")["outcome"], "unchanged", "{report}");
    assert_eq!(fixture.size("due").0, 2);
    fixture.aws.faults(Faults::new());
    fixture.scale(tick).await.unwrap();
    assert_eq!((fixture.size("due").0, fixture.size("always").0), (0, 2));
}

/// botocore ends with a `PaginationError`, and the paginators of AWS's SDK for Rust stop.
#[tokio::test(start_paused = true)]
async fn a_list_that_leads_back_to_itself_is_an_error_after_a_few_calls_and_not_at_the_end_of_the_time() {
    for operation in ["ListServices", "ListClusters"] {
        let fixture = Fixture::on(prod_with(3)).await;
        fixture.aws.faults(Faults::new().on("ecs", operation).round_and_round());
        let begun = tokio::time::Instant::now();
        let tick = fixture.scale(json!({"action": "stop", "clusters": ["*"]})).await;
        let told = format!("{tick:?}");
        assert!(told.contains("leads back to the same page") && told.contains(operation), "{told}");
        let calls = fixture.aws.ledger().into_iter().filter(|call| call.operation == operation).count();
        assert!(calls <= 5, "{calls} calls of {operation}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{operation}: {:?}", begun.elapsed());
        assert_eq!(fixture.writes(), [""; 0], "what is not known whole is not acted on");
    }
}
