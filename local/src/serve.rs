//! `cargo local serve`: the REST API over HTTP, and the embedded AWS beside it.

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response as HttpResponse};
use axum::serve::ListenerExt as _;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::gateway::{LARGEST_BODY, Response, Sent};
use crate::openapi;
use crate::system::{Clock, Setup, StartFault, System};

/// A system whose ports are open.
#[derive(Debug)]
pub struct Server {
    system: System,
    api: TcpListener,
    address: SocketAddr,
    door: Option<Door>,
    schedules: bool,
}

/// The embedded AWS's own port.
#[derive(Debug)]
struct Door {
    aws: emulator::Aws,
    listener: TcpListener,
    address: SocketAddr,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeFault {
    /// The system did not start.
    #[error(transparent)]
    Start(#[from] StartFault),
    /// The port can't be had.
    #[error("{address} can't be listened on: {source}. Another --port, or 0 for any?")]
    Port {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A listener broke.
    #[error("serving broke off: {0}")]
    Broken(#[from] io::Error),
}

impl Server {
    /// Starts the system and opens its ports; 0 takes a free one. An embedded AWS takes the next
    /// port, or a free one.
    pub async fn bind(setup: Setup, host: IpAddr, port: u16) -> Result<Self, ServeFault> {
        let embedded = match &setup.clock {
            Clock::Embedded(aws) => Some(aws.clone()),
            Clock::Machine(_) => None,
        };
        let system = System::start(setup).await?;
        let address = SocketAddr::new(host, port);
        let api = TcpListener::bind(address).await.map_err(|source| ServeFault::Port { address, source })?;
        let address = api.local_addr()?;
        let door = match embedded {
            Some(aws) => Some(Door::open(aws, host, address.port()).await?),
            None => None,
        };
        Ok(Self { system, api, address, door, schedules: false })
    }

    /// Fires the template's schedules too, or not.
    #[must_use]
    pub fn with_schedules(self, schedules: bool) -> Self {
        Self { schedules, ..self }
    }

    /// Where the API is.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Where the embedded AWS is, if there is one.
    #[must_use]
    pub fn aws_url(&self) -> Option<String> {
        self.door.as_ref().map(|door| url(door.address))
    }

    /// Whether others than this machine may reach it.
    #[must_use]
    pub fn is_open_to_others(&self) -> bool {
        !self.address.ip().is_loopback()
    }

    /// What is where, and a few lines to try.
    #[must_use]
    pub fn welcome(&self) -> String {
        let api = self.url();
        let mut text = format!(
            "The API is at          {api}\nIt is described at     {api}{}\nIts pages begin at     {api}/\n",
            openapi::PATH
        );
        if let Some(aws) = self.aws_url() {
            let _ = write!(
                text,
                "\
The embedded AWS is at {aws}
It holds the demo's world, where it is {now}. Nothing leaves this machine.

Try in another shell:

  curl -g '{api}/v1/clusters?query=clusters[*].[clusterName,runningTasksCount]'
  curl -X PUT '{api}/v1/clusters/microservices/services/users/scale' -d '{{\"desiredCount\":0}}'
  curl '{api}/v1/clusters/microservices/services/users'
  curl -X POST '{api}/v1/clusters/microservices/services/users/start'

The same AWS for the AWS CLI, for an event, and all calls that it got:

  AWS_ENDPOINT_URL={aws} AWS_DEFAULT_REGION={region} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws ecs list-clusters
  echo '{{\"action\":\"stop\",\"clusters\":[\"*\"]}}' | cargo local invoke scale-service - --aws {aws}
  curl {aws}/_emulator/ledger
",
                now = shared::record::whole_seconds(self.system.now()),
                region = self.system.region(),
            );
        } else {
            let _ = write!(
                text,
                "
Try in another shell:

  curl -g '{api}/v1/clusters?query=clusters[*].[clusterName,runningTasksCount]'
  curl '{api}/v1/clusters'
"
            );
        }
        if self.schedules {
            let _ =
                write!(text, "\nThe schedule {RECONCILE} fires now, and every five minutes on the clock.\n");
            if let Some(aws) = self.aws_url() {
                let _ = write!(
                    text,
                    "\
To see the evening at once, and the morning after it:

  curl {aws}/_emulator/move -d '{{\"to\":\"2026-11-24T20:00:00-03:00\"}}'
  curl {aws}/_emulator/move -d '{{\"to\":\"2026-11-25T08:00:00-03:00\"}}'
"
                );
            }
        }
        text.push_str("\nCtrl-C ends it.\n");
        text
    }

    /// Serves until `end`, then finishes what is under way.
    pub async fn run(self, end: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeFault> {
        let system = Arc::new(self.system);
        let described = openapi::served_at(&url(self.address));
        let describe = || async { ([(http::header::CONTENT_TYPE, "application/json")], described) };
        let routes = Router::new()
            .route("/", axum::routing::get(|| async { Redirect::to(FLEET) }))
            .route(openapi::PATH, axum::routing::get(describe))
            .fallback(answer)
            .with_state(Arc::clone(&system));
        let loopback = self.address.ip().is_loopback();
        let routes = routes.layer(middleware::from_fn(move |request: Request, next: Next| {
            let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
            let refusal =
                Response::of_elsewhere(header(http::header::HOST), header(http::header::ORIGIN), loopback);
            async move {
                match refusal {
                    Some(refusal) => sent_on(refusal),
                    None => next.run(request).await,
                }
            }
        }));
        // Small answers must not wait for a full packet; a socket that refuses the option only answers later.
        let listener = self.api.tap_io(|stream| drop(stream.set_nodelay(true)));
        let (running, ended) = oneshot::channel();
        let end = async move {
            end.await;
            drop::<oneshot::Sender<()>>(running);
        };
        let api = async { axum::serve(listener, routes).with_graceful_shutdown(end).await };
        let schedules = async {
            if self.schedules {
                fire_schedules(&system, ended).await;
            }
        };
        let both = async { tokio::join!(api, schedules).0 };
        match self.door {
            None => both.await?,
            Some(door) => tokio::select! {
                served = both => served?,
                served = emulator::serve(door.aws, door.listener) => served?,
            },
        }
        Ok(())
    }
}

/// Where a browser begins: the page of all clusters. A reference, so that whatever stands before it survives.
const FLEET: &str = "v1/clusters";

/// The schedule that a new deployment has enabled. Its expression is `cron(0/5 * * * ? *)`.
const RECONCILE: &str = "Reconcile";

/// How often the world's clock is looked at: its owner may move it.
const LOOK: Duration = Duration::from_secs(1);

/// Fires reconcile for the five-minute mark that was last, and for each that comes, until the end.
async fn fire_schedules(system: &System, mut ended: oneshot::Receiver<()>) {
    let mut last = None;
    loop {
        let mark = mark(system.now());
        // Marks that a moved clock passed over are not made up for: a tick looks at what is wanted now.
        if last < Some(mark) {
            last = Some(mark);
            eprintln!("{RECONCILE} {mark} {}", Box::pin(fire(system, mark)).await);
        }
        tokio::select! {
            _ = &mut ended => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Sends what the template's schedule sends at this instant, and says what came of it.
async fn fire(system: &System, at: Timestamp) -> String {
    let Some(schedule) = system.template().schedules.iter().find(|one| one.name == RECONCILE) else {
        return format!("template.yaml has no schedule {RECONCILE}");
    };
    let arn = format!("arn:aws:scheduler:{}:000000000000:schedule/default/{RECONCILE}", system.region());
    let event = match schedule.event(at, &arn) {
        Ok(event) => event,
        Err(fault) => return fault,
    };
    match system.invoke(&schedule.function, event).await {
        Ok(report) => {
            report.get("summary").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
        }
        Err(problem) => format!("failed: {}: {}", problem.code, problem.detail),
    }
}

/// The last five-minute mark of the clock; it is the same in every zone of today.
fn mark(now: Timestamp) -> Timestamp {
    let second = now.as_second();
    Timestamp::from_second(second - second.rem_euclid(FIVE_MINUTES)).unwrap_or(now)
}

const FIVE_MINUTES: i64 = 5 * 60;

impl Door {
    async fn open(aws: emulator::Aws, host: IpAddr, beside: u16) -> Result<Self, ServeFault> {
        let next = SocketAddr::new(host, beside.checked_add(1).unwrap_or(0));
        let free = SocketAddr::new(host, 0);
        let listener = match TcpListener::bind(next).await {
            Ok(listener) => listener,
            Err(_) => {
                TcpListener::bind(free).await.map_err(|source| ServeFault::Port { address: free, source })?
            }
        };
        let address = listener.local_addr()?;
        Ok(Self { aws, listener, address })
    }
}

/// A URL that works on this machine.
fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

async fn answer(State(system): State<Arc<System>>, request: Request) -> HttpResponse {
    let began = Instant::now();
    let (method, path) = (request.method().to_string(), request.uri().to_string());
    let response = through(&system, request).await;
    eprintln!("{method} {path} {} {} ms", response.status, began.elapsed().as_millis());
    sent_on(response)
}

async fn through(system: &System, request: Request) -> Response {
    let (head, body) = request.into_parts();
    // It breaks off at the limit, so a greater body is never held.
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return Response::too_large();
    };
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let headers = head.headers.iter().map(header).collect();
    system.request(&Sent { method: head.method.to_string(), path, headers, body: body.to_vec() }).await
}

fn sent_on(response: Response) -> HttpResponse {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut http = (status, Body::from(response.body)).into_response();
    // The body's own guess at its type is not the function's.
    http.headers_mut().clear();
    for (name, value) in response.headers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value))
        {
            http.headers_mut().append(name, value);
        }
    }
    http
}

#[cfg(test)]
mod tests {
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    use serde_json::{Value, json};

    use super::*;

    async fn send(method: &str, url: String, body: impl Into<Body>) -> (u16, Value) {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let request = Request::builder().method(method).uri(url).body(body.into()).unwrap();
        let response = client.request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(Body::new(response.into_body()), LARGEST_BODY).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn the_api_and_the_embedded_aws_are_two_doors_to_one_world() {
        let setup = Setup::embedded(&emulator::Aws::new(emulator::World::demo()));
        let server = Server::bind(setup, Ipv4Addr::LOCALHOST.into(), 0).await.unwrap();
        let (api, aws) = (server.url(), server.aws_url().unwrap());
        assert!(server.welcome().contains(&api) && server.welcome().contains(&aws));
        let (end, ended) = oneshot::channel();
        let calls = async {
            let pairs = format!("{api}/v1/clusters?query=clusters[*].[clusterName,runningTasksCount]");
            assert_eq!(send("GET", pairs, "").await, (200, json!([["ecs-api", 3], ["microservices", 8]])));
            let (status, described) = send("GET", format!("{api}/openapi.json"), "").await;
            assert_eq!((status, &described["openapi"]), (200, &json!("3.1.1")));
            assert_eq!(described["servers"], json!([{ "url": api }]));
            let scale = format!("{api}/v1/clusters/microservices/services/users/scale");
            let (status, report) = send("PUT", scale.clone(), r#"{"desiredCount":0}"#).await;
            assert_eq!((status, &report["counts"]["changed"]), (200, &json!(1)));
            let (_, ledger) = send("GET", format!("{aws}/_emulator/ledger"), "").await;
            assert!(
                ledger["calls"].as_array().unwrap().iter().any(|call| call["operation"] == "UpdateService")
            );
            // The function's own limit, and then the gateway's.
            let (status, problem) = send("PUT", scale.clone(), vec![b' '; 300 * 1024]).await;
            assert_eq!((status, &problem["type"]), (413, &json!("urn:ecs-steward:problem:tooLarge")));
            let (status, problem) = send("PUT", scale, vec![b' '; LARGEST_BODY + 1]).await;
            assert_eq!((status, &problem["type"]), (413, &json!("about:blank")));
            end.send(()).unwrap();
        };
        let (result, ()) = tokio::join!(server.run(async { ended.await.unwrap_or_default() }), calls);
        result.unwrap();
    }

    #[tokio::test]
    async fn the_schedule_fires_at_once_and_when_the_clock_is_moved() {
        let aws = emulator::Aws::new(emulator::World::demo());
        let server = Server::bind(Setup::embedded(&aws), Ipv4Addr::LOCALHOST.into(), 0).await.unwrap();
        assert!(!server.welcome().contains("Reconcile"));
        let server = server.with_schedules(true);
        assert!(server.welcome().contains("Reconcile") && server.welcome().contains("_emulator/move"));
        let (end, ended) = oneshot::channel();
        let record = || aws.with(|world| world.tags("microservices", "posts").remove("steward:record"));
        let until = async |state: &str| {
            while !record().is_some_and(|record| record.contains(state)) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let day = async {
            until(" on@2026-11-24T12:00").await;
            aws.move_to("2026-11-24T20:01:00-03:00".parse().unwrap());
            until(" off@2026-11-24T23:00").await;
            end.send(()).unwrap();
        };
        let both = async {
            tokio::join!(server.run(async { ended.await.unwrap_or_default() }), day).0.unwrap();
        };
        tokio::time::timeout(Duration::from_secs(30), Box::pin(both)).await.unwrap();
    }

    #[test]
    fn marks_are_those_of_five_minutes() {
        let mark = |now: &str| super::mark(now.parse().unwrap()).to_string();
        assert_eq!(mark("2026-11-24T12:00:00Z"), "2026-11-24T12:00:00Z");
        assert_eq!(mark("2026-11-24T12:04:59.9Z"), "2026-11-24T12:00:00Z");
        assert_eq!(mark("2026-11-24T12:05:00.1Z"), "2026-11-24T12:05:00Z");
    }

    #[test]
    fn a_url_names_an_address_that_can_be_called() {
        let url = |address: &str| super::url(address.parse().unwrap());
        assert_eq!(url("127.0.0.1:9000"), "http://127.0.0.1:9000");
        assert_eq!(url("0.0.0.0:9000"), "http://127.0.0.1:9000");
        assert_eq!(url("[::]:9000"), "http://[::1]:9000");
    }
}
