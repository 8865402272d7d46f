//! The functions' doors: any event at all, on the embedded AWS in this process.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use emulator::{Aws, World};
use local::system::Setup;
use local::{Response, Sent, System};
use serde_json::Value;
use shared::{Code, Payload, status};
use tokio::runtime::{Builder, Runtime};
use tracing::level_filters::LevelFilter;

use crate::inputs::{evening, first_line, text};

/// What stands in the environment and the secrets of every container of the embedded AWS.
const CANARY: &str = "CANARY-do-not-show";
/// So many events go to one process: then its clock and its memory begin anew.
const OF_A_PROCESS: usize = 64;

pub(crate) fn scale_service(bytes: &[u8]) {
    invoke("scale-service", bytes);
}

pub(crate) fn describe_cluster(bytes: &[u8]) {
    invoke("describe-cluster", bytes);
}

pub(crate) fn run_task(bytes: &[u8]) {
    invoke("run-task", bytes);
}

pub(crate) fn stop_task(bytes: &[u8]) {
    invoke("stop-task", bytes);
}

pub(crate) fn prune_images(bytes: &[u8]) {
    invoke("prune-images", bytes);
}

/// The functions in one process, and the world that each event finds.
struct Stage {
    runtime: Runtime,
    system: System,
    aws: Aws,
    world: World,
    log: Log,
    left: usize,
}

thread_local! {
    static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
}

/// What is written to the log, at `trace`.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8(bytes).expect("a log is a text")
    }
}

impl Stage {
    fn start() -> Self {
        let mut world = World::demo();
        world.advance_to(evening());
        let runtime =
            Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        let (system, aws) = runtime.block_on(async {
            let aws = Aws::new(world.clone());
            (System::start(Setup::embedded(&aws)).await.expect("it starts"), aws)
        });
        Self { runtime, system, aws, world, log: Log::default(), left: OF_A_PROCESS }
    }

    /// Runs on the world as it was in the beginning; what is answered, and what was written.
    fn run<T>(&mut self, work: impl AsyncFnOnce(&System) -> T) -> (T, Vec<String>, String) {
        self.left -= 1;
        let Self { runtime, system, aws, world, log, .. } = self;
        let writer = log.clone();
        let lines = shared_lambda::logs::lines(LevelFilter::TRACE, move || writer.clone());
        let answer = tracing::subscriber::with_default(lines, || {
            runtime.block_on(async {
                aws.with(|now| *now = world.clone());
                aws.forget();
                work(system).await
            })
        });
        let written = aws.writes().into_iter().map(|call| format!("{}:{}", call.service, call.operation));
        (answer, written.collect(), log.take())
    }
}

fn on_stage<T>(work: impl AsyncFnOnce(&System) -> T) -> (T, Vec<String>, String) {
    // Taken out meanwhile: one that panics does not come back.
    let mut stage = STAGE.take().filter(|stage| stage.left > 0).unwrap_or_else(Stage::start);
    let done = stage.run(work);
    STAGE.set(Some(stage));
    done
}

/// One event as Lambda hands it over. What is no JSON at all does not come to a function.
fn invoke(function: &str, bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Payload>(bytes) else { return };
    let says_canary = contains_canary(bytes);
    let (answer, written, log) = on_stage(async |system| system.invoke_as_lambda(function, event).await);
    match answer {
        Err(error) => {
            let problem: Value = serde_json::from_str(&error.error_message).expect("the problem is JSON");
            assert_eq!(problem["code"], error.error_type.as_str());
            // What was done in part is an error of an event, so that its retries notice.
            let partial = problem["code"] == Code::Partial.as_str();
            well_formed_problem(&problem, &written, partial);
            hides_canary(says_canary, &error.error_message, &log);
        }
        Ok(answer) if answer.get("statusCode").is_some() => {
            let text = answer["body"].as_str().expect("a response has a body").to_owned();
            let kind = answer["multiValueHeaders"]["content-type"][0].as_str().unwrap_or_default();
            let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
            well_formed(status.expect("a status"), kind, &text, &written);
            hides_canary(says_canary, &text, &log);
        }
        Ok(answer) => {
            report(&answer, &written);
            hides_canary(says_canary, &answer.to_string(), &log);
        }
    }
    well_formed_log(&log);
}

/// The first line is a method and a path with its query; headers follow, an empty line, and the body. So it comes to
/// the function of the route that fits.
pub(crate) fn requests(bytes: &[u8]) {
    let text = text(bytes);
    let (line, rest) = first_line(&text);
    let (method, path) = line.split_once(' ').unwrap_or(("GET", line));
    let (headers, body) = rest.split_once("\n\n").unwrap_or(("", rest));
    // API Gateway takes no others.
    let is_header = |(name, value): &(&str, &str)| {
        let is_sign = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        !name.is_empty()
            && name.bytes().all(is_sign)
            && value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
    };
    let headers = headers.lines().filter_map(|line| line.split_once(": ")).filter(is_header);
    let sent = Sent {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: body.as_bytes().to_vec(),
    };
    let (answer, written, log) = on_stage(async |system| system.request(&sent).await);
    let Response { status, headers, body } = &answer;
    let kind = headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
    well_formed(*status, kind, body, &written);
    hides_canary(contains_canary(bytes), body, &log);
    well_formed_log(&log);
}

fn contains_canary(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("CANARY")
}

fn hides_canary(said_by_the_caller: bool, answer: &str, log: &str) {
    assert!(said_by_the_caller || !answer.contains(CANARY), "a secret is in the answer: {answer}");
    assert!(said_by_the_caller || !log.contains(CANARY), "a secret is in the log: {log}");
}

/// Each line is one JSON object that says where it comes from.
fn well_formed_log(log: &str) {
    assert!(log.is_empty() || log.ends_with('\n'));
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}"));
        assert!(line["level"].is_string() && line["target"].is_string(), "{line}");
    }
}

fn well_formed(status: u16, kind: &str, body: &str, written: &[String]) {
    match kind {
        "application/problem+json" => {
            let problem: Value = serde_json::from_str(body).expect("the problem is JSON");
            assert_eq!(problem["status"], status);
            well_formed_problem(&problem, written, false);
        }
        "application/json" => {
            assert!(matches!(status, 200 | 202 | 207), "{status}: {body}");
            let body: Value = serde_json::from_str(body).expect("the body is JSON");
            report(&body, written);
        }
        "text/plain; charset=utf-8" => {
            assert!(matches!(status, 200 | 202 | 207) && body.ends_with('\n'), "{status}: {body:?}");
            assert!(!body.chars().any(|c| c.is_control() && c != '\n'), "{body:?}");
        }
        "text/html; charset=utf-8" => {
            assert!(body.starts_with("<!DOCTYPE html>") && body.ends_with("</html>\n"), "{status}: {body:?}");
            assert_eq!(body.matches("<script").count(), 1, "its own alone: {body:?}");
            assert!(!body.chars().any(|c| c.is_control() && c != '\n'), "{body:?}");
            assert!(status < 400 || written.is_empty(), "{written:?} was done, and this answered: {body}");
        }
        other => panic!("{status} as {other:?}: {body}"),
    }
}

/// A problem says what is wrong by a code that is known, and of what was refused nothing was changed.
fn well_formed_problem(problem: &Value, written: &[String], partial: bool) {
    for field in ["type", "title", "detail", "code", "requestId"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {problem}");
    }
    assert!(problem["retryable"].is_boolean(), "{problem}");
    // API Gateway's own.
    if problem["code"] == "notSignedOrNoSuchRoute" {
        return;
    }
    let code = Code::ALL.iter().find(|code| problem["code"] == code.as_str());
    let code = code.unwrap_or_else(|| panic!("its code is unknown: {problem}"));
    assert_ne!(*code, Code::Internal, "{problem}");
    assert_eq!(problem["title"], code.title());
    assert_eq!(problem["status"], status::of_code(*code), "{problem}");
    let refused = matches!(problem["status"].as_u64(), Some(400 | 403 | 404 | 406 | 413 | 422));
    assert!(partial || !refused || written.is_empty(), "{written:?} was done, and this answered: {problem}");
}

/// A report's counts are those of its items, and a dry run changes nothing.
fn report(answer: &Value, written: &[String]) {
    let (Some(counts), Some(items)) = (answer["counts"].as_object(), answer["items"].as_array()) else {
        return;
    };
    // What a query makes of a report is the caller's own.
    let Some(is_dry) = answer["dryRun"].as_bool() else { return };
    let all: u64 = counts.values().filter_map(Value::as_u64).sum();
    assert_eq!(all, items.len() as u64, "{answer}");
    assert!(!is_dry || written.is_empty(), "a dry run has done {written:?}: {answer}");
}
