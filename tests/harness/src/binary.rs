//! A Lambda Runtime API on this machine, so that the very binaries that are deployed can be tried.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::collections::{BTreeSet, VecDeque};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use emulator::{Aws, World};
use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::events::{self, Expected, with_secrets};

/// How long a binary may take beyond its function's timeout before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(48);
/// The function's timeout, unless said otherwise.
const TIMEOUT: Duration = Duration::from_secs(12);
const ARN: &str = "arn:aws:lambda:sa-east-1:123456789012:function:ecs-steward-under-test";

/// A function's binary, running against an embedded AWS.
pub struct Binary {
    process: Child,
    queue: Arc<Queue>,
    answers: mpsc::UnboundedReceiver<Result<Value, Value>>,
    aws: Aws,
    log: Arc<Mutex<Vec<String>>>,
    sent: usize,
    started: Instant,
}

struct Queue {
    timeout: Duration,
    polled: Mutex<Option<Instant>>,
    waiting: Mutex<VecDeque<(String, Vec<u8>)>>,
    more: Notify,
    answers: mpsc::UnboundedSender<Result<Value, Value>>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the servers beside the process under test; nothing of ours is spawned in it"
)]
fn serve(router: Router, listener: TcpListener) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

/// Serves an embedded AWS on a port of its own; its URL.
#[expect(clippy::disallowed_methods, reason = "the embedded AWS beside the process under test")]
pub async fn aws_url(aws: Aws) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(emulator::serve(aws, listener));
    url
}

#[expect(clippy::disallowed_methods, reason = "reads beside the process under test")]
fn read_lines(stdout: ChildStdout) -> Arc<Mutex<Vec<String>>> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&log);
    tokio::spawn(async move {
        let mut stdout = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = stdout.next_line().await {
            lines.lock().unwrap().push(line);
        }
    });
    log
}

impl Binary {
    /// Starts the binary at `path` with these variables, on this world.
    pub async fn start(path: &str, world: World, environment: &[(&str, &str)]) -> Self {
        Self::start_on(path, Aws::new(world), environment, TIMEOUT).await
    }

    /// Starts the binary at `path` with these variables and this timeout, on this AWS.
    pub async fn start_on(path: &str, aws: Aws, environment: &[(&str, &str)], timeout: Duration) -> Self {
        let (answers, receiver) = mpsc::unbounded_channel();
        let (waiting, polled, more) = (Mutex::default(), Mutex::default(), Notify::new());
        let queue = Arc::new(Queue { timeout, polled, waiting, more, answers });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let runtime_api = listener.local_addr().unwrap().to_string();
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error_at_start))
            // As large an answer as Lambda takes.
            .layer(DefaultBodyLimit::max(6 * 1024 * 1024))
            .with_state(Arc::clone(&queue));
        serve(router, listener);
        let url = aws_url(aws.clone()).await;
        let started = Instant::now();
        let mut process = Command::new(path)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "ecs-steward-under-test")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "log")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "log")
            .env("AWS_REGION", "sa-east-1")
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_ENDPOINT_URL", url)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = read_lines(process.stdout.take().unwrap());
        Self { process, queue, answers: receiver, aws, log, sent: 0, started }
    }

    /// The process's id, while it lives.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// How long it took from the start of the process to its first question for an event; waits for that.
    pub async fn first_poll(&self) -> Duration {
        loop {
            if let Some(polled) = *self.queue.polled.lock().unwrap() {
                return polled - self.started;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Sends an event; the answer, or Lambda's error.
    pub async fn invoke(&mut self, event: &[u8]) -> Result<Value, Value> {
        self.sent += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", self.sent);
        self.queue.waiting.lock().unwrap().push_back((id, event.to_vec()));
        self.queue.more.notify_one();
        tokio::time::timeout(self.queue.timeout + PATIENCE, self.answers.recv())
            .await
            .expect("the binary answers in time")
            .unwrap()
    }

    /// The AWS that it works on.
    #[must_use]
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// The lines that it has written to standard output so far: its log.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Its log once an invocation is in it to its end, each line as JSON. Metrics are the last of its
    /// lines, and come before its answer.
    pub async fn lines_of_an_invocation(&self) -> Vec<Value> {
        let log = self.log_of_invocations(1).await;
        log.iter().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }

    /// Its log once so many invocations are in it to their ends.
    async fn log_of_invocations(&self, many: usize) -> Vec<String> {
        loop {
            let log = self.log();
            if log.iter().filter(|line| line.contains("\"_aws\"")).count() >= many {
                return log;
            }
            tokio::task::yield_now().await;
        }
    }

    /// What a binary that does not start says on standard error, and whether it failed.
    pub async fn refuses_to_start(mut self) -> (bool, String) {
        let output = tokio::time::timeout(PATIENCE, async {
            let mut text = String::new();
            let mut stderr = self.process.stderr.take().unwrap();
            tokio::io::AsyncReadExt::read_to_string(&mut stderr, &mut text).await.unwrap();
            (!self.process.wait().await.unwrap().success(), text)
        });
        output.await.expect("the binary ends by itself")
    }
}

/// Sends every file of `events/<function>/` to a binary in the demo world; fails unless each gets its
/// answer, and each has one in `files`. The log is as loud as it can be, and says no secret of a request or of the world.
pub async fn answers_every_file(
    path: &str,
    function: &str,
    files: &[(&str, Expected)],
    environment: &[(&str, &str)],
) {
    let known: BTreeSet<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(events::names(function), known, "each file has an expectation, and each expectation a file");
    let environment = [environment, &[("LOG_LEVEL", "trace")]].concat();
    let mut binary = Binary::start(path, World::demo(), &environment).await;
    for (name, expected) in files {
        let event = with_secrets(events::read_at(function, name, machine_now())).to_string();
        let answer = binary.invoke(event.as_bytes()).await;
        events::check(name, *expected, &answer);
    }
    for line in binary.log_of_invocations(files.len()).await {
        assert!(!line.contains("CANARY"), "the log says a secret: {line}");
        assert!(serde_json::from_str::<Value>(&line).is_ok_and(|line| line.is_object()), "no object: {line}");
    }
}

async fn next(State(queue): State<Arc<Queue>>) -> Response {
    queue.polled.lock().unwrap().get_or_insert_with(Instant::now);
    let (id, event) = loop {
        let found = queue.waiting.lock().unwrap().pop_front();
        match found {
            Some(found) => break found,
            None => queue.more.notified().await,
        }
    };
    let timeout = i64::try_from(queue.timeout.as_millis()).unwrap();
    let deadline = machine_now().as_millisecond() + timeout;
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", ARN.to_owned()),
        ("lambda-runtime-trace-id", "Root=1-69244f00-0123456789abcdef01234567".to_owned()),
    ];
    (headers, event).into_response()
}

async fn response(State(queue): State<Arc<Queue>>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    let _ = queue.answers.send(Ok(serde_json::from_slice(&body).unwrap_or(Value::Null)));
    StatusCode::ACCEPTED
}

async fn error(State(queue): State<Arc<Queue>>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    error_at_start(State(queue), body).await
}

async fn error_at_start(State(queue): State<Arc<Queue>>, body: Bytes) -> StatusCode {
    let _ = queue.answers.send(Err(serde_json::from_slice(&body).unwrap_or(Value::Null)));
    StatusCode::ACCEPTED
}

/// This machine's time, which the binary under test goes by.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the binary under test reads this machine's clock, so the test must too"
)]
pub fn machine_now() -> Timestamp {
    Timestamp::now()
}
