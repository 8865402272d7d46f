//! Three carriers, one request: REST, a schedule's event, a direct invocation.

use std::{fmt, io};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::events::BusEvent;
use crate::names::{ClusterName, Scope, TaskId};
use crate::plain::is_misleading;
use crate::problem::Problem;
use crate::report::{Gauge, Report};

/// How a call came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Through API Gateway.
    Rest,
    /// From EventBridge Scheduler: the event carries the schedule's ARN.
    Scheduled,
    /// By Lambda's Invoke.
    Direct,
}

/// Who asked: an IAM ARN, an authorizer's principal, or a schedule's ARN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Actor(String);

impl Actor {
    /// An actor, on one line: none can forge a line of the log.
    #[must_use]
    pub fn new(who: &str) -> Self {
        Self(who.chars().take(1_024).map(|c| if is_misleading(c) { '_' } else { c }).collect())
    }

    /// The actor as it stands in logs and answers.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The fields that every mutation takes beside its own.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Envelope {
    /// Say what would happen, change nothing.
    pub dry_run: bool,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// On whose behalf, as the caller claims.
    pub on_behalf_of: Option<String>,
    /// The instant an event was meant for (`<aws.scheduler.scheduled-time>`).
    #[schemars(with = "Option<crate::schema::Instant>")]
    #[serde(default, deserialize_with = "crate::fields::instant")]
    pub at: Option<Timestamp>,
    /// The ARN of the schedule that sent it (`<aws.scheduler.schedule-arn>`).
    pub schedule: Option<String>,
}

impl Envelope {
    /// The names of its fields, as callers write them.
    pub const FIELDS: &[&str] = &["dryRun", "reason", "onBehalfOf", "at", "schedule"];
}

/// One request and where it came from.
#[derive(Clone, Debug)]
pub struct Call<R> {
    /// What is asked.
    pub request: R,
    /// By which carrier.
    pub via: Via,
    /// By whom.
    pub actor: Actor,
    /// What every mutation takes.
    pub envelope: Envelope,
    /// Lambda's request id, or API Gateway's.
    pub request_id: String,
    /// The account and region that the function runs in.
    pub scope: Scope,
    /// Its action changes something, unless it is a dry run.
    pub mutates: bool,
}

impl<R> Call<R> {
    /// The request, and the call without it.
    #[must_use]
    pub fn split(self) -> (R, Call<()>) {
        let Self { request, via, actor, envelope, request_id, scope, mutates } = self;
        (request, Call { request: (), via, actor, envelope, request_id, scope, mutates })
    }
}

/// What a function answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A read, in AWS's own shapes.
    Read(Value),
    /// A read that somebody waits for: what was found is told in the log and in figures too.
    Finding(Finding),
    /// What a mutation did.
    Report(Report),
    /// Begun and still under way.
    Accepted {
        /// Where to look: the path of a route.
        location: String,
        /// When to look, in seconds.
        retry_after: u16,
        /// What was done so far.
        report: Report,
    },
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// One line that can be posted as it is.
    pub summary: String,
    /// The answer.
    pub body: Value,
    /// What a schedule's run says in the log, thing by thing: its answer goes nowhere.
    pub told: Vec<(String, String)>,
    /// What a schedule's run measures.
    pub gauges: Vec<Gauge>,
    /// What people would want to know of a schedule's run.
    pub events: Vec<BusEvent>,
}

/// When to look at tasks again, in seconds.
const TASKS_AFTER: u16 = 5;

impl Answer {
    /// What was done, while these tasks of a cluster go on.
    #[must_use]
    pub fn tasks_under_way(cluster: &ClusterName, tasks: &[TaskId], report: Report) -> Self {
        let location = match tasks {
            [one] => format!("/v1/clusters/{cluster}/tasks/{one}"),
            many => {
                let ids: Vec<&str> = many.iter().map(TaskId::as_str).collect();
                format!("/v1/clusters/{cluster}/tasks?tasks={}", ids.join(","))
            }
        };
        Self::Accepted { location, retry_after: TASKS_AFTER, report }
    }
}

/// The type of a query parameter; API Gateway hands all of them over as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// As it is.
    Text(&'static str),
    /// `true` or `false`.
    Flag(&'static str),
    /// A whole number.
    Number(&'static str),
}

impl Parameter {
    /// The parameter's name, which is the request's field too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text(name) | Self::Flag(name) | Self::Number(name) => name,
        }
    }
}

/// Whether an action changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It changes nothing, and takes no [`Envelope`].
    Read,
    /// The same, and a schedule may ask for it: of an [`Envelope`] it takes `at` and `schedule`.
    Check,
    /// It takes an [`Envelope`] and answers a report.
    Mutation,
    /// The same, and a dry run unless it says `"dryRun": false`.
    DryUnlessTold,
}

impl Kind {
    /// Whether it changes anything, unless it is a dry run.
    #[must_use]
    pub fn mutates(self) -> bool {
        match self {
            Self::Read | Self::Check => false,
            Self::Mutation | Self::DryUnlessTold => true,
        }
    }

    /// What it takes of an [`Envelope`].
    #[must_use]
    pub fn envelope(self) -> &'static [&'static str] {
        match self {
            Self::Read => &[],
            Self::Check => &["at", "schedule"],
            Self::Mutation | Self::DryUnlessTold => Envelope::FIELDS,
        }
    }
}

/// Parses an action's own strict struct: unknown fields are errors, which name the action.
pub type Parser<R> = fn(action: &str, fields: Value) -> Result<R, Problem>;

/// A REST route: a method and a path that mean an action. A direct event names the same action.
#[derive(Clone, Copy, Debug)]
pub struct Route<R> {
    /// `PUT`.
    pub method: &'static str,
    /// As in the template: `/v1/clusters/{cluster}/stop`. Path parameters become fields.
    pub path: &'static str,
    /// The action that a direct event would name.
    pub action: &'static str,
    /// Read or mutation.
    pub kind: Kind,
    /// What the query may carry beside `query` (and `dryRun` for a mutation).
    pub query: &'static [Parameter],
    /// Makes the request of the fields.
    pub parse: Parser<R>,
}

impl<R> Route<R> {
    /// A route that changes something.
    #[must_use]
    pub const fn mutation(
        method: &'static str,
        path: &'static str,
        action: &'static str,
        parse: Parser<R>,
    ) -> Self {
        Self { method, path, action, kind: Kind::Mutation, query: &[], parse }
    }

    /// A GET, with what its query may carry.
    #[must_use]
    pub const fn read(
        path: &'static str,
        action: &'static str,
        query: &'static [Parameter],
        parse: Parser<R>,
    ) -> Self {
        Self { method: "GET", path, action, kind: Kind::Read, query, parse }
    }
}

/// How a list of an answer is shown to people, as a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The list's field in the body: `clusters`.
    pub list: &'static str,
    /// The heading of each column, and where its value stands in an item, as a JSON pointer
    /// (RFC 6901): `("service", "/serviceName")`.
    pub columns: &'static [(&'static str, &'static str)],
    /// Where columns lead, on a page: the pointer of the column, and a path of this API in which `{/pointer}` is what
    /// the item says there, and `{cluster}` what the request's own path says.
    pub links: &'static [(&'static str, &'static str)],
}

/// The most bytes of an answer, once it stands quoted in Lambda's own: 6 MB, with room for headers.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const LARGEST_ANSWER: usize = 6 * 1024 * 1024 - 64 * 1024;

/// How long a JSON text is, once it stands in another one as a string.
#[must_use]
pub fn quoted_len(json: &str) -> usize {
    quoted(json.as_bytes())
}

fn quoted(json: &[u8]) -> usize {
    json.len() + json.iter().filter(|b| matches!(b, b'"' | b'\\' | b'\n')).count()
}

/// A value as JSON, whose [`quoted_len`] is at most `most`; `None` where it would be longer, or is no JSON.
/// No more than `most` bytes are ever held, however large the value would print.
#[must_use]
pub fn bounded_json(value: &impl Serialize, most: usize) -> Option<String> {
    struct Bounded {
        written: Vec<u8>,
        left: usize,
    }
    impl io::Write for Bounded {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.left = self.left.checked_sub(quoted(bytes)).ok_or(io::ErrorKind::FileTooLarge)?;
            self.written.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut bounded = Bounded { written: Vec::new(), left: most };
    serde_json::to_writer(&mut bounded, value).ok()?;
    String::from_utf8(bounded.written).ok()
}
