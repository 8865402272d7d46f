//! What nobody may see is never shown: not in an answer, not in the log at any level, and not in an event.
//!
//! `CANARY` stands in the embedded AWS wherever real accounts keep secrets: in the command, the environment and the
//! secrets of each container, and in what rules, schedules, pipes, job definitions, build projects, state machines and
//! functions hand over. Here it stands in the headers and the context of each request, and in overrides, too. The tests of
//! `door.rs` send every file of `events/` so, at the loudest level.
//!
//! What is shown, and why:
//!
//! - a thing's tags, to who asks for them with `include=tags`: whoever may call the route may see the cluster;
//! - a caller's `reason` and `onBehalfOf`, in the audit and in the tag of an override: they are written to be read;
//! - what AWS says of a call that it refused: it is the remedy, and no call of ours carries a secret but `RunTask`. So what
//!   a request overrides is taken out of what AWS says of it.

use emulator::{Aws, Faults, ServiceSeed, World};
use harness::events::{self, with_secrets};
use local::{System, system::Setup};
use serde_json::{Value, json};
use shared_lambda::LambdaError;
use tracing::level_filters::LevelFilter;

use crate::fixture::{Fixture, evening};
use crate::log::Log;

const CANARY: &str = "CANARY";
const HOST: &str = "123456789012.dkr.ecr.sa-east-1.amazonaws.com";

/// The demo's world in the evening, with all that prune-images reads beside it.
pub(crate) fn full_of_secrets() -> World {
    let mut world = World::demo();
    world.advance_to(evening());
    let image = format!("{HOST}/users:prod-1");
    let environment = json!([{"name": "TOKEN", "value": CANARY}]);
    let container = json!({"image": image, "command": [CANARY], "environment": environment});
    world.rule("default", "nightly", Some("rate(1 day)"));
    world.ecs_target("default", "nightly", "microservices", "users");
    world.ecs_schedule("default", "nightly", "rate(1 day)", "microservices", "users");
    world.ecs_pipe("orders", "microservices", "users");
    world.image_function("resize", &image);
    world.publish_version("resize");
    world.build_project("app", &image);
    world.job_definition("report", json!({"type": "container", "containerProperties": container}));
    let overrides =
        json!({"ContainerOverrides": [{"Name": "users", "Command": [CANARY], "Environment": environment}]});
    let run = json!({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true,
        "Parameters": {"Cluster": "microservices", "TaskDefinition": "users", "Overrides": overrides}});
    world.state_machine("report", json!({"StartAt": "Run", "States": {"Run": run}}));
    world
}

pub(crate) async fn started(aws: &Aws) -> System {
    Box::pin(System::start(Setup::embedded(aws).with("EVENT_BUS", "default"))).await.unwrap()
}

/// What comes of an event: the answer or the error, as whoever sent it sees it.
async fn outcome(system: &System, function: &str, event: Value) -> String {
    match system.invoke_as_lambda(function, event.into()).await {
        Ok(answer) => answer.to_string(),
        Err(LambdaError { error_message, .. }) => error_message,
    }
}

fn assert_hides(what: &str, text: &str) {
    let at = text.find(CANARY).map(|at| text[at.saturating_sub(200)..].chars().take(400).collect::<String>());
    assert!(at.is_none(), "{what} shows a secret: …{}…", at.unwrap_or_default());
}

/// All that goes out of a run.
pub(crate) fn assert_hidden(aws: &Aws, log: &Log, name: &str, answer: &str) {
    assert_hides(&format!("{name}: the answer"), answer);
    assert_hides(&format!("{name}: the log"), &log.take());
    let events = aws.with(World::take_events);
    let details: Vec<String> = events.iter().map(|event| event.detail.to_string()).collect();
    assert_hides(&format!("{name}: an event"), &details.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn every_level_shows_what_is_of_it_and_above_and_no_secret() {
    let base = Aws::new(full_of_secrets());
    let mut heard = Vec::new();
    for level in
        [LevelFilter::ERROR, LevelFilter::WARN, LevelFilter::INFO, LevelFilter::DEBUG, LevelFilter::TRACE]
    {
        let log = Log::at(level);
        let mut lines = 0;
        for (function, name) in [
            ("scale-service", "rest-stop-service"),
            ("scale-service", "bad-unknown-field"),
            ("describe-cluster", "rest-describe-task-definition"),
            ("run-task", "rest-run-with-overrides"),
            ("stop-task", "rest-stop-by-family"),
            ("prune-images", "rest-prune"),
        ] {
            let aws = base.fork();
            let system = started(&aws).await;
            let event = with_secrets(events::read_at(function, name, system.now()));
            outcome(&system, function, event).await;
            for line in log.lines() {
                lines += 1;
                assert_hides(name, &line.to_string());
                let said: LevelFilter = line["level"].as_str().unwrap().parse().unwrap();
                assert!(said <= level, "{line}");
                let target = line["target"].as_str().unwrap();
                let ours = target == "audit" || target.starts_with("shared_");
                assert!(ours || said <= LevelFilter::WARN, "a crate below is heard at {said}: {line}");
            }
        }
        heard.push(lines);
    }
    let [error, warn, info, debug, trace] = heard.try_into().unwrap();
    assert!(error == 0 && warn > 0 && info > warn, "{error} {warn} {info}");
    assert_eq!((debug, trace), (info, info), "ours says nothing below info, and no other is heard there");
}

/// A request to run `users` with these overrides.
fn run(overrides: &Value) -> Value {
    json!({"action": "runTask", "cluster": "microservices", "taskDefinition": "users", "like": "users",
           "overrides": overrides})
}

fn container(field: &str, value: &Value) -> Value {
    json!({"containerOverrides": [{"name": "users", field: value}]})
}

#[tokio::test(start_paused = true)]
async fn what_a_request_tells_the_containers_is_not_shown_also_where_it_is_malformed() {
    let log = Log::at(LevelFilter::TRACE);
    let base = Aws::new(full_of_secrets());
    let number = 8_151_623_428_i64;
    let variable = |value: Value| json!([{"name": "TOKEN", "value": value}]);
    for (overrides, goes) in [
        (container("environment", &variable(json!(CANARY))), true),
        (container("command", &json!(["serve", CANARY])), true),
        (container("environment", &json!({"TOKEN": CANARY})), false),
        (container("environment", &json!(CANARY)), false),
        (container("environment", &json!([CANARY])), false),
        (container("environment", &variable(json!(number))), false),
        (container("environment", &variable(json!([CANARY]))), false),
        (container("environment", &json!([{"name": "TOKEN", "value": "x", "type": CANARY}])), false),
        (
            container(
                "environment",
                &json!([{"name": CANARY, "value": CANARY}, {"name": CANARY, "value": ""}]),
            ),
            false,
        ),
        (
            container(
                "environmentFiles",
                &json!([{"type": "s3", "value": format!("arn:aws:s3:::{CANARY}")}]),
            ),
            false,
        ),
        (container("command", &json!(CANARY)), false),
        (container("command", &json!([[CANARY]])), false),
        (container("command", &json!([number])), false),
        (container("cpu", &json!(CANARY)), false),
        (container("resourceRequirements", &json!([{"type": CANARY, "value": CANARY}])), false),
        (json!({"containerOverrides": CANARY}), false),
        (json!({"containerOverrides": [CANARY]}), false),
        (json!({"containerOverrides": [{"name": CANARY, "command": [CANARY]}]}), false),
        (json!({"cpu": CANARY}), false),
        (json!({"cpu": number}), false),
        (json!(CANARY), false),
        (json!([CANARY]), false),
        (json!(number), false),
    ] {
        let aws = base.fork();
        let system = started(&aws).await;
        // What a request names is told, such as the container that there is not, or the variable that stands twice.
        let names =
            |text: &str| text.replace(&format!("\\\"{CANARY}\\\""), "").replace(&format!("\"{CANARY}\""), "");
        let is_named = overrides["containerOverrides"][0]["name"] == CANARY
            || overrides["containerOverrides"][0]["environment"][0]["name"] == CANARY;
        let direct = system.invoke("run-task", run(&overrides)).await;
        assert_eq!(direct.is_ok(), goes, "{overrides}: {direct:?}");
        let answer = direct.unwrap_or_else(|problem| json!(problem.details("id"))).to_string();
        let (answer, said) =
            if is_named { (names(&answer), names(&log.take())) } else { (answer, log.take()) };
        for text in [&answer, &said] {
            assert_hides(&overrides.to_string(), text);
            assert!(!text.contains(&number.to_string()), "{overrides}: {text}");
        }
        assert_hidden(&aws, &log, &overrides.to_string(), &answer);
    }
}

#[tokio::test(start_paused = true)]
async fn what_aws_says_of_a_call_that_it_refused_does_not_repeat_what_was_told_to_the_containers() {
    let log = Log::at(LevelFilter::TRACE);
    let aws = Aws::new(full_of_secrets());
    let system = started(&aws).await;
    let refuses = format!("Invalid value for environment variable TOKEN: --token={CANARY}-of-the-caller");
    aws.faults(Faults::new().on("ecs", "RunTask").error(400, "InvalidParameterException", &refuses));
    let overrides = json!({"containerOverrides": [{
        "name": "users",
        "command": ["serve", format!("--token={CANARY}-of-the-caller")],
        "environment": [{"name": "TOKEN", "value": format!("{CANARY}-of-the-caller")}],
    }]});
    let answer = outcome(&system, "run-task", run(&overrides)).await;
    assert!(answer.contains("Invalid value for environment variable TOKEN: "), "{answer}");
    assert_hidden(&aws, &log, "RunTask", &answer);
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_shown_to_who_asks_for_tags_and_is_in_no_log() {
    let log = Log::at(LevelFilter::TRACE);
    let mut world = World::new(evening());
    world.cluster("prod").service("prod", ServiceSeed::new("users").tag("team", "CANARY-of-a-team"));
    let fixture = Fixture::on(world).await;
    let path = "/v1/clusters/prod/services/users";
    let plain = fixture.get(path).await.body;
    assert_hides("without include=tags the answer", &plain);
    let tagged = fixture.get(&format!("{path}?include=tags")).await.body;
    assert!(tagged.contains("CANARY-of-a-team"), "{tagged}");
    fixture.rest("POST", &format!("{path}/stop"), &json!({})).await;
    assert_hides("the log", &log.take());
}

#[tokio::test(start_paused = true)]
async fn a_reason_is_written_to_the_audit_and_to_the_tag_of_an_override() {
    let log = Log::at(LevelFilter::INFO);
    let aws = Aws::new(full_of_secrets());
    let system = started(&aws).await;
    let event = json!({"action": "putOverride", "cluster": "microservices", "service": "users", "state": "on",
                       "for": "PT2H", "reason": "release 4.2", "onBehalfOf": "alice"});
    system.invoke("scale-service", event).await.unwrap();
    let lines = log.lines();
    let audit: Vec<&Value> = lines.iter().filter(|line| line["target"] == "audit").collect();
    assert!(!audit.is_empty());
    for line in audit {
        assert_eq!(
            (&line["reason"], &line["claimedOnBehalfOf"]),
            (&json!("release 4.2"), &json!("alice")),
            "{line}"
        );
    }
    let tags = aws.with(|world| world.tags("microservices", "users"));
    assert!(tags["steward:override"].contains("release 4.2"), "{tags:?}");
}
