//! The functions on an AWS, reached as Lambda and API Gateway reach them.

use std::time::Duration;

use describe_cluster::DescribeCluster;
use jiff::{SignedDuration, Timestamp};
use prune_images::PruneImages;
use run_task::RunTask;
use scale_service::ScaleService;
use serde_json::Value;
use shared::Payload;
use shared::env::{Env, EnvFaults};
use shared::names::{Arn, Scope};
use shared::{Code, Deadline, Problem};
use shared_aws::{Access, Aws, Endpoint};
use shared_lambda::{Function, Handler, Invocation, LambdaError, Limits, Metrics};
use stop_task::StopTask;
use tokio::time::Instant;

use crate::gateway::{self, Response, Sent};
use crate::machine;
use crate::template::Template;

/// What the time is.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The embedded AWS's.
    Embedded(emulator::Aws),
    /// This machine's, ahead by as much as a distant embedded AWS is.
    Machine(SignedDuration),
}

impl Clock {
    fn now(&self) -> Timestamp {
        match self {
            Self::Embedded(aws) => aws.now(),
            Self::Machine(ahead) => machine::now().saturating_add(*ahead).unwrap_or(Timestamp::MAX),
        }
    }
}

/// All functions of the template on one AWS.
#[derive(Debug)]
pub struct System {
    template: Template,
    scale_service: Handler<ScaleService>,
    describe_cluster: Handler<DescribeCluster>,
    run_task: Handler<RunTask>,
    stop_task: Handler<StopTask>,
    prune_images: Handler<PruneImages>,
    clock: Clock,
    ahead: SignedDuration,
    scope: Scope,
}

/// Why a system did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The environment is not right.
    #[error(transparent)]
    Env(#[from] EnvFaults),
    /// The template can't be read.
    #[error("{0}")]
    Template(String),
    /// AWS does not say whose it is.
    #[error("{}{}", .0.detail, because(.0))]
    Aws(Problem),
}

/// Here the log's side of a problem is for the same eyes: without it, missing credentials look
/// like a missing network.
fn because(problem: &Problem) -> String {
    let causes = problem.causes();
    if causes.is_empty() { causes } else { format!(" ({causes})") }
}

/// What a system is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where AWS is.
    pub endpoint: Endpoint,
    /// What the time is.
    pub clock: Clock,
    /// Whether it may change anything.
    pub access: Access,
    /// The functions' environment; of a name that stands twice, the last counts.
    pub environment: Vec<(String, String)>,
    /// How long a run may take.
    pub limits: Limits,
    /// How far the clock of the functions' process is ahead of AWS's.
    pub ahead: SignedDuration,
}

impl Setup {
    /// On an embedded AWS in this process.
    #[must_use]
    pub fn embedded(aws: &emulator::Aws) -> Self {
        let region = aws.with(|world| world.region().to_owned());
        let endpoint = Endpoint::InProcess { http: aws.http_client(), time: aws.time_source(), region };
        Self::of(endpoint, Clock::Embedded(aws.clone()), Access::Full).allowing_all()
    }

    /// On an embedded AWS that another process serves at this URL, ahead of this machine's clock
    /// by as much as that.
    #[must_use]
    pub fn url(url: &str, ahead: SignedDuration) -> Self {
        Self::of(Endpoint::Url(url.to_owned()), Clock::Machine(ahead), Access::Full).allowing_all()
    }

    /// On the AWS of the ordinary credentials chain. What a deployment must allow by its
    /// parameters must be allowed here too, by the same variables.
    #[must_use]
    pub fn profile(access: Access) -> Self {
        Self::of(Endpoint::Environment, Clock::Machine(SignedDuration::ZERO), access)
    }

    fn of(endpoint: Endpoint, clock: Clock, access: Access) -> Self {
        Self {
            endpoint,
            clock,
            access,
            environment: Vec::new(),
            limits: Limits::default(),
            ahead: SignedDuration::ZERO,
        }
    }

    /// There is nothing to lose on an emulator.
    fn allowing_all(self) -> Self {
        self.with("CLUSTERS", "*")
            .with("MODE", "act")
            .with("RUN_FAMILIES", "*=*")
            .with("RUN_OVERRIDES", "*=*")
            .with("PRUNE_REPOSITORIES", "*")
            .with("PRUNE_POLICY", POLICY)
            .with("IN_USE_TO", "s3://images-in-use/nightly/")
            .with("ROLE_ARN", ROLE)
    }

    /// With a clock that is ahead of AWS's by so much.
    #[must_use]
    pub fn ahead(self, by: SignedDuration) -> Self {
        Self { ahead: by, ..self }
    }

    /// With these variables of the functions' environment.
    #[must_use]
    pub fn with_all(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// With a variable of the functions' environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What is pruned on an emulator, unless its user says otherwise: all but the two newest dev images.
const POLICY: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"tagged","tagPrefixList":["dev"],"countType":"imageCountMoreThan","countNumber":2},"action":{"type":"expire"}}]}"#;
/// Who everybody is there.
const ROLE: &str = "arn:aws:iam::123456789012:role/steward";

/// The most that Lambda gives each function, as the template says.
const TIMEOUT: Duration = Duration::from_mins(15);

impl System {
    /// The functions' names.
    pub const FUNCTIONS: &'static [&'static str] =
        &[DescribeCluster::NAME, PruneImages::NAME, RunTask::NAME, ScaleService::NAME, StopTask::NAME];

    /// Starts the functions.
    pub async fn start(setup: Setup) -> Result<Self, StartFault> {
        let variables = || Env::new(setup.environment.clone());
        let scale = scale_service::Config::read(variables())?;
        let describe = describe_cluster::Config::read(variables())?;
        let run = run_task::Config::read(variables())?;
        let stop = stop_task::Config::read(variables())?;
        let prune = prune_images::Config::read(variables())?;
        let template = Template::read().map_err(StartFault::Template)?;
        let share = scale.settings.budget_share;
        let connect = |access| Aws::connect(setup.endpoint.clone(), share, access);
        let reading = connect(Access::ReadOnly).await;
        let scope = match &setup.clock {
            Clock::Embedded(aws) => aws.with(|world| Scope {
                partition: "aws".into(),
                region: world.region().to_owned(),
                account: world.account().to_owned(),
            }),
            Clock::Machine(_) => scope(&reading).await.map_err(StartFault::Aws)?,
        };
        // One process for all of them, so one budget as well.
        let acting = connect(setup.access).await;
        Ok(Self {
            template,
            prune_images: Handler::new(PruneImages::new(acting.clone(), prune)).with_limits(setup.limits),
            run_task: Handler::new(RunTask::new(acting.clone(), run)).with_limits(setup.limits),
            stop_task: Handler::new(StopTask::new(acting.clone(), stop)).with_limits(setup.limits),
            scale_service: Handler::new(ScaleService::new(acting, scale)).with_limits(setup.limits),
            describe_cluster: Handler::new(DescribeCluster::new(reading, describe)).with_limits(setup.limits),
            clock: setup.clock,
            ahead: setup.ahead,
            scope,
        })
    }

    /// The template whose routes it serves.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The region of its AWS.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.scope.region
    }

    /// The time in its world.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sends one event to a function, as Lambda would.
    pub async fn invoke(&self, function: &str, event: impl Into<Payload>) -> Result<Value, Problem> {
        self.send(function, event.into(), next_id()).await
    }

    /// The same, with an error as whoever invoked the function sees it.
    pub async fn invoke_as_lambda(&self, function: &str, event: Payload) -> Result<Value, LambdaError> {
        let id = next_id();
        self.send(function, event, id.clone()).await.map_err(|problem| LambdaError::new(&problem, &id))
    }

    /// The same, with what the run writes as its metrics.
    pub async fn invoke_measured(
        &self,
        function: &str,
        event: Value,
    ) -> (Result<Value, Problem>, Option<Value>) {
        let at = self.invocation(function, next_id());
        let (result, metrics) = self.handle(function, event.into(), &at).await;
        (result, metrics.map(|metrics| metrics.line(at.now)))
    }

    async fn send(&self, function: &str, event: Payload, request_id: String) -> Result<Value, Problem> {
        let at = self.invocation(function, request_id);
        self.handle(function, event, &at).await.0
    }

    async fn handle(
        &self,
        function: &str,
        event: Payload,
        at: &Invocation,
    ) -> (Result<Value, Problem>, Option<Metrics>) {
        let (result, metrics) = match function {
            ScaleService::NAME => self.scale_service.handle(event, at).await,
            DescribeCluster::NAME => self.describe_cluster.handle(event, at).await,
            RunTask::NAME => self.run_task.handle(event, at).await,
            StopTask::NAME => self.stop_task.handle(event, at).await,
            PruneImages::NAME => self.prune_images.handle(event, at).await,
            _ => {
                let known = Self::FUNCTIONS.join(", ");
                let detail = format!("there is no function {function:?}; there are {known}");
                return (Err(Problem::new(Code::NotFound, detail)), None);
            }
        };
        (result, Some(metrics))
    }

    /// Sends one HTTP request through the template's routes, as API Gateway would.
    pub async fn request(&self, sent: &Sent) -> Response {
        let Some((route, parameters)) = gateway::find(&self.template, sent) else {
            return Response::no_such_route(sent);
        };
        let id = next_id();
        let event = gateway::event(route, parameters, sent, &self.scope.account, &id);
        match self.send(&route.function, event.into(), id).await {
            Ok(response) => Response::from_proxy(&response),
            // A function that fails on a REST event is a fault of ours: API Gateway answers 502.
            Err(problem) => Response { status: 502, headers: Vec::new(), body: problem.to_string() },
        }
    }

    fn invocation(&self, function: &str, request_id: String) -> Invocation {
        let Scope { partition, region, account } = &self.scope;
        Invocation {
            request_id,
            function_arn: format!(
                "arn:{partition}:lambda:{region}:{account}:function:ecs-steward-{function}"
            ),
            ends: Instant::now() + TIMEOUT,
            now: self.clock.now().saturating_add(self.ahead).unwrap_or(Timestamp::MAX),
        }
    }
}

/// Whose AWS it is, from the ARN of a cluster: there is nothing to do where there is none.
async fn scope(aws: &Aws) -> Result<Scope, Problem> {
    let deadline = Deadline::at((Instant::now() + Duration::from_secs(20)).into_std());
    let clusters = aws.read(deadline).clusters(shared_aws::ClusterDetail::default()).await?;
    let arn = clusters.found.first().and_then(|cluster| cluster.cluster_arn.parse::<Arn>().ok());
    arn.map(|arn| arn.scope)
        .ok_or_else(|| Problem::new(Code::NotFound, "there is no ECS cluster in this account and region"))
}

/// The id of a request, which no other request ever has: without a key of its own, a request to run tasks is
/// known by it.
pub(crate) fn next_id() -> String {
    format!("local-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}
