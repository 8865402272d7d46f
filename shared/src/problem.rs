//! What went wrong, in two faces: the code and detail are for the caller and safe to show, the
//! source is for the log.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;

use crate::names::NameFault;
use crate::status;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $title:literal, $kind:ident, $again:ident;)*) => {
        /// Why something was refused, failed or left alone. Stable: callers may match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Code { $($(#[$doc])* #[serde(rename = $text)] $variant,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            const fn row(self) -> Row {
                match self {
                    $(Self::$variant => Row {
                        text: $text,
                        title: $title,
                        status: StatusKind::$kind,
                        retryable: again!($again),
                    },)*
                }
            }

            /// The code as callers see it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.row().text
            }

            /// The same few words each time, for people.
            #[must_use]
            pub fn title(self) -> &'static str {
                self.row().title
            }

            /// What kind of status answers it.
            #[must_use]
            pub fn status(self) -> StatusKind {
                self.row().status
            }

            /// Whether the same request may go well later, with nothing changed by the caller.
            #[must_use]
            pub fn is_retryable(self) -> bool {
                self.row().retryable
            }
        }
    };
}

macro_rules! again {
    (retry) => {
        true
    };
    (final) => {
        false
    };
}

/// All that is said of a code.
struct Row {
    text: &'static str,
    title: &'static str,
    status: StatusKind,
    retryable: bool,
}

/// The kinds of HTTP status that a problem is answered with, by RFC 9110's names. Their numbers stand in
/// [`crate::status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusKind {
    /// The request is malformed.
    BadRequest,
    /// Not allowed, or not switched on.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// No answer of the type that was asked for.
    NotAcceptable,
    /// The state of the thing forbids it. Also that of codes that stand in items and warnings only.
    Conflict,
    /// The request is too large.
    ContentTooLarge,
    /// Well-formed, and impossible.
    Unprocessable,
    /// AWS throttled, and the retries ran out.
    TooManyRequests,
    /// A fault of ours.
    InternalError,
    /// AWS refused or failed.
    BadGateway,
    /// AWS did not answer, or the time was up.
    Unavailable,
}

// A row a code: as callers see it, its title, its status, and whether the same request may go well later.
codes! {
    /// The request can't be read, or a field of it is wrong.
    BadRequest = "badRequest", "The request is malformed", BadRequest, final;
    /// No such `action` in this function.
    UnknownAction = "unknownAction", "No such action", BadRequest, final;
    /// No such method and path.
    UnknownRoute = "unknownRoute", "No such route", NotFound, final;
    /// Neither JSON nor a table is what the caller takes.
    NotAcceptable = "notAcceptable", "No answer of that type", NotAcceptable, final;
    /// The body is larger than 256 KB.
    TooLarge = "tooLarge", "The request is too large", ContentTooLarge, final;
    /// The answer would be larger than Lambda can carry.
    AnswerTooLarge = "answerTooLarge", "The answer is too large", Unprocessable, final;
    /// An ARN of another account, region or cluster.
    OutsideScope = "outsideScope", "Outside what this request may reach", Forbidden, final;
    /// The deployment has not named what may be reached.
    NotConfigured = "notConfigured", "Not configured", Forbidden, final;
    /// The deployment, or whoever started this process, does not allow changes here.
    NotSwitchedOn = "notSwitchedOn", "Not switched on", Forbidden, final;
    /// `MODE` is `readonly`: nothing is changed, whoever asks.
    ReadOnly = "readOnly", "Nothing is changed here", Forbidden, final;
    /// What was put to sleep, and nothing may wake it.
    Stranded = "stranded", "Nothing may wake it", Conflict, final;
    /// The service's task definition is not ACTIVE.
    TaskDefinitionInactive = "taskDefinitionInactive", "The task definition is inactive", Conflict, final;
    /// The service's task definition is not there any more.
    TaskDefinitionGone = "taskDefinitionGone", "The task definition is gone", Conflict, final;
    /// An image that a service will start with can't be pulled.
    ImageGone = "imageGone", "The image is gone", Conflict, final;
    /// A lifecycle policy takes an image before a service starts with it.
    ImageExpires = "imageExpires", "The image will be gone", Conflict, final;
    /// An image that can't be looked at: another's, or in another registry.
    ImageElsewhere = "imageElsewhere", "The image is elsewhere", Conflict, final;
    /// No machine will be there when the service starts.
    MachinesAsleep = "machinesAsleep", "Its machines stay asleep", Conflict, final;
    /// A predictive scaling policy may start tasks of what sleeps.
    PredictiveScaling = "predictiveScaling", "Predictive scaling may wake it", Conflict, final;
    /// Somebody set it to 0, and its schedule brings it back.
    ParkedByHand = "parkedByHand", "Somebody set it to 0", Conflict, final;
    /// No such cluster, service or task.
    NotFound = "notFound", "Not found", NotFound, final;
    /// The service is not ACTIVE: it is being deleted, or has been.
    Gone = "gone", "The service is gone", Conflict, final;
    /// A DAEMON service's count follows the instances.
    Daemon = "daemon", "The service runs one task per instance", Conflict, final;
    /// ECS Express owns the service.
    ExpressManaged = "expressManaged", "The service is managed by ECS Express", Conflict, final;
    /// A deployment is in progress.
    Deploying = "deploying", "A deployment is in progress", Conflict, retry;
    /// The event is older than what was done since.
    Stale = "stale", "The event came too late", Conflict, final;
    /// The record on the service can't be read.
    RecordUnreadable = "recordUnreadable", "The record can't be read", Conflict, final;
    /// The service is off and nothing says what size it had.
    NoSavedSize = "noSavedSize", "No saved size", Conflict, final;
    /// The size that infrastructure-as-code put beside the record can't be read.
    SizeUnreadable = "sizeUnreadable", "The size tag can't be read", Conflict, final;
    /// The service's ARN has the short form, which can't carry tags.
    ShortArn = "shortArn", "The service can't carry tags", Conflict, final;
    /// All 50 places for tags are taken.
    TooManyTags = "tooManyTags", "No place for another tag", Conflict, final;
    /// More than the deployment allows.
    BeyondMax = "beyondMax", "Beyond the maximum", Unprocessable, final;
    /// Somebody else changed the service meanwhile.
    Raced = "raced", "Changed by somebody else meanwhile", Conflict, retry;
    /// Outside the scalable target's bounds.
    OutsideBounds = "outsideBounds", "Outside the scalable target's bounds", Conflict, final;
    /// Outside the bounds of an Auto Scaling group.
    OutsideGroupBounds = "outsideGroupBounds", "Outside the group's bounds", Unprocessable, final;
    /// ECS itself sets the group's size.
    ManagedScaling = "managedScaling", "The group is sized by ECS", Conflict, final;
    /// Nothing says which cluster's tasks the group carries.
    ClusterUnknown = "clusterUnknown", "The group's cluster is unknown", Conflict, final;
    /// Tasks still run on the group's instances.
    WaitingForTasks = "waitingForTasks", "Tasks still run there", Conflict, final;
    /// Tasks need an instance, and their cluster has none.
    NoInstances = "noInstances", "The cluster has no instance", Conflict, final;
    /// Instances neither come nor go as the size says.
    InstancesHeld = "instancesHeld", "Instances are held", Conflict, final;
    /// A saved value was brought within live bounds.
    Clamped = "clamped", "Brought within bounds", Conflict, final;
    /// Somebody changed the scalable target while the service was off; that wins.
    TargetChanged = "targetChanged", "The scalable target was changed meanwhile", Conflict, final;
    /// The scalable target was removed while the service was off.
    TargetRemoved = "targetRemoved", "The scalable target was removed meanwhile", Conflict, final;
    /// Autoscaling sleeps, and no record says why.
    OrphanedSuspension = "orphanedSuspension", "Autoscaling sleeps without a record", Conflict, final;
    /// Scheduled scaling actions that will not act while the service is off.
    ScheduledActions = "scheduledActions", "Scheduled scaling actions sleep with the service", Conflict, final;
    /// A hold is live: nothing is changed.
    Held = "held", "Held by an override", Conflict, final;
    /// The schedule only stops it; people start it.
    StopOnly = "stopOnly", "Started by people only", Conflict, final;
    /// The schedule only starts it; people stop it.
    StartOnly = "startOnly", "Stopped by people only", Conflict, final;
    /// The tag with the schedule, or with a policy, can't be read.
    ScheduleUnreadable = "scheduleUnreadable", "The schedule can't be read", Conflict, final;
    /// The tag with the override can't be read.
    OverrideUnreadable = "overrideUnreadable", "The override can't be read", Conflict, final;
    /// An override that can't be: in the past, too long, or with two ends.
    BadOverride = "badOverride", "The override is impossible", Unprocessable, final;
    /// There is another override, and one of the two begins later: the one that is there would be lost.
    OverrideAhead = "overrideAhead", "Another override would be lost", Conflict, final;
    /// The service follows no schedule.
    NoSchedule = "noSchedule", "The service has no schedule", Unprocessable, final;
    /// Somebody else changed it meanwhile; the next run decides anew.
    ChangedMeanwhile = "changedMeanwhile", "Changed meanwhile", Conflict, retry;
    /// It was started, and is not yet whole.
    Waking = "waking", "It is waking", Conflict, retry;
    /// A service that is wanted on is not up in time.
    LateToWake = "lateToWake", "Late to wake", Conflict, final;
    /// Autoscaling sleeps on.
    AutoscalingSuspended = "autoscalingSuspended", "Autoscaling sleeps on", Conflict, final;
    /// Well-formed, but AWS would refuse it, or did.
    Impossible = "impossible", "The request is impossible", Unprocessable, final;
    /// The task definition has no such container.
    UnknownContainer = "unknownContainer", "No such container", Unprocessable, final;
    /// The deployment does not allow this to be overridden.
    OverrideNotAllowed = "overrideNotAllowed", "Not to be overridden", Forbidden, final;
    /// There was no room for a task.
    NoCapacity = "noCapacity", "No capacity", Conflict, retry;
    /// AWS did not start a task, and would not if it were asked again.
    NotStarted = "notStarted", "The task was not started", Unprocessable, final;
    /// The key was used before, with another request.
    IdempotencyConflict = "idempotencyConflict", "The idempotency key belongs to another request", Unprocessable, final;
    /// The task ended, and not well.
    TaskFailed = "taskFailed", "The task failed", Conflict, final;
    /// A container ended well, and ECS gives a reason for its end all the same.
    ContainerReason = "containerReason", "A reason beside an exit of 0", Conflict, final;
    /// The task goes on.
    StillRunning = "stillRunning", "The task is still under way", Conflict, final;
    /// The task was started before, under the same key.
    AlreadyStarted = "alreadyStarted", "Started before", Conflict, final;
    /// The task has stopped.
    AlreadyStopped = "alreadyStopped", "Stopped before", Conflict, final;
    /// A service keeps the task, and would replace it.
    ServiceTask = "serviceTask", "The task belongs to a service", Conflict, final;
    /// The task is protected from being stopped.
    Protected = "protected", "The task is protected", Conflict, final;
    /// A selector that matched nothing.
    NoMatch = "noMatch", "Nothing matches", Conflict, final;
    /// A lifecycle policy that ECR would not take.
    InvalidPolicy = "invalidPolicy", "The lifecycle policy is invalid", Unprocessable, final;
    /// Neither the request nor the config has a lifecycle policy for it.
    NoPolicy = "noPolicy", "No lifecycle policy", Unprocessable, final;
    /// What may be evaluated and tried, but not applied.
    DryRunOnly = "dryRunOnly", "For dry runs only", Unprocessable, final;
    /// What would be done is not what was planned.
    PlanChanged = "planChanged", "The plan has changed", Conflict, final;
    /// A rule asks for pull times that reading manifests would move.
    RoleNotExcluded = "roleNotExcluded", "The role's pulls are recorded", Conflict, final;
    /// What is in use could not be read in time.
    UseTooLarge = "useTooLarge", "What is in use took too long to read", Unavailable, retry;
    /// A source of what is in use could not be read whole.
    SourceUnreadable = "sourceUnreadable", "What is in use is not fully known", Conflict, retry;
    /// The deployment does not ask a source of what is in use.
    SourceOff = "sourceOff", "A source of what is in use is off", Conflict, final;
    /// A task definition that is worked out only when it runs.
    DynamicTaskDefinition = "dynamicTaskDefinition", "It is not known what will run", Conflict, final;
    /// A service runs images that no revision of it tells.
    UnknownPinnedDigest = "unknownPinnedDigest", "A service's images are not known", Conflict, final;
    /// An index whose children can't be read.
    IndexUnreadable = "indexUnreadable", "An index can't be read", Conflict, final;
    /// Something needs the image.
    InUse = "inUse", "The image is in use", Conflict, final;
    /// Something needs the image, and it can't be pulled.
    ArchivedInUse = "archivedInUse", "An archived image is in use", Conflict, final;
    /// The image was pulled a short while ago.
    PulledRecently = "pulledRecently", "The image was pulled recently", Conflict, final;
    /// The image was pushed a short while ago.
    PushedRecently = "pushedRecently", "The image was pushed recently", Conflict, final;
    /// A run deletes no more of a repository; the next goes on.
    MaxDelete = "maxDelete", "The next run goes on", Conflict, final;
    /// A tag of the image is protected.
    ProtectedTag = "protectedTag", "A tag is protected", Conflict, final;
    /// The image is being restored from the archive.
    BeingRestored = "beingRestored", "The image is being restored", Conflict, final;
    /// It was pushed, tagged or pulled since it was looked at.
    ChangedSince = "changedSince", "The image has changed meanwhile", Conflict, retry;
    /// The image goes to the archive only where the request says so.
    ArchiveOff = "archiveOff", "Archiving was not asked for", Conflict, final;
    /// More would be deleted than the guards allow.
    GuardTripped = "guardTripped", "A guard has tripped", Conflict, final;
    /// An index that names the image is still there.
    ReferencedByIndex = "referencedByIndex", "An index names the image", Conflict, retry;
    /// The repository lets another account pull.
    SharedRepository = "sharedRepository", "The repository is shared", Conflict, final;
    /// The repository is replicated.
    ReplicatedRepository = "replicatedRepository", "The repository is replicated", Conflict, final;
    /// The repository caches an upstream registry.
    CachedRepository = "cachedRepository", "The repository is a cache", Conflict, final;
    /// A policy that is attached to a repository is run by ECR itself, with no regard to use.
    NativePolicyActive = "nativePolicyActive", "ECR itself would expire what is in use", Conflict, final;
    /// The list is longer than an answer can be.
    ListCut = "listCut", "The list is cut short", Conflict, final;
    /// AWS throttled and the retries ran out.
    Throttled = "throttled", "AWS throttled the call", TooManyRequests, retry;
    /// AWS denied the call.
    AccessDenied = "accessDenied", "AWS denied the call", BadGateway, final;
    /// AWS refused the call for another reason.
    AwsRefused = "awsRefused", "AWS refused the call", BadGateway, final;
    /// AWS failed.
    AwsFailed = "awsFailed", "AWS failed", BadGateway, retry;
    /// No answer from AWS.
    Unreachable = "unreachable", "AWS did not answer", Unavailable, retry;
    /// The deadline came first.
    OutOfTime = "outOfTime", "The time was up", Unavailable, retry;
    /// A scheduled or direct run that did not do everything.
    Partial = "partial", "Not everything was done", Conflict, retry;
    /// A fault of ours.
    Internal = "internal", "A fault in ecs-steward", InternalError, final;
}

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Why something was refused, failed or left alone. Stable: match on it.",
            "type": "string",
            "enum": Self::ALL,
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What to do instead, as a request that can be sent as it is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Action {
    /// `POST`.
    pub method: &'static str,
    /// `/v1/clusters/prod/services/users/stop`.
    pub path: String,
    /// The JSON body.
    pub body: Value,
}

/// Why one thing can't be done: a code, and what is wrong with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refusal {
    /// Which kind.
    pub code: Code,
    /// What is wrong, and what to mend.
    pub reason: String,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { code: problem.code, reason: problem.detail }
    }
}

/// A problem as callers see it (RFC 9457), with our code, and ready requests where they help.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Problem")]
pub struct ProblemDetails {
    /// The kind, as a URI: `urn:ecs-steward:problem:daemon`.
    #[serde(rename = "type")]
    #[schemars(regex(pattern = "^urn:ecs-steward:problem:"))]
    pub kind: String,
    /// The same few words each time, for people.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// One or two sentences: what is wrong, and what to mend.
    pub detail: String,
    /// The kind, for programs.
    pub code: Code,
    /// Whether the same request may go well later.
    pub retryable: bool,
    /// API Gateway's id of the request, or Lambda's.
    pub request_id: String,
    /// What to do instead, as requests that can be sent as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// What failed, item by item.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Value>,
}

/// The most characters of a detail: it may repeat what a caller wrote, and is a line of the log.
const LONGEST: usize = 4_000;

/// A refusal or failure, with what to do about it.
///
/// `detail` names the operation, the thing and the remedy. It never carries a secret, an
/// environment value or a debug dump: those may stand in `source`, which only the log sees.
#[derive(Debug)]
pub struct Problem {
    /// The kind.
    pub code: Code,
    /// One or two sentences for the caller.
    pub detail: String,
    /// Whether the same request may go well later.
    pub retryable: bool,
    /// Ready requests that would help.
    pub actions: Vec<Action>,
    /// AWS's or our own list of what failed, item by item.
    pub failures: Vec<Value>,
    /// For the log.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem with the code's own answer to "may it go well later?".
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        if let Some((end, _)) = detail.char_indices().nth(LONGEST) {
            detail.truncate(end);
            detail.push('…');
        }
        Self {
            code,
            detail,
            retryable: code.is_retryable(),
            actions: Vec::new(),
            failures: Vec::new(),
            source: None,
        }
    }

    /// A malformed request.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, detail)
    }

    /// As the caller of this request sees it.
    #[must_use]
    pub fn details(&self, request_id: &str) -> ProblemDetails {
        ProblemDetails {
            kind: format!("urn:ecs-steward:problem:{}", self.code),
            title: self.code.title(),
            status: status::of_problem(self),
            detail: self.detail.clone(),
            code: self.code,
            retryable: self.retryable,
            request_id: request_id.to_owned(),
            actions: self.actions.clone(),
            failures: self.failures.clone(),
        }
    }

    /// Adds a request that would help.
    #[must_use]
    pub fn offering(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The cause and its causes in one line, for the log.
    #[must_use]
    pub fn causes(&self) -> String {
        let mut text = String::new();
        let mut next = self.source();
        while let Some(error) = next {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&error.to_string());
            next = error.source();
        }
        text
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}

impl From<NameFault> for Problem {
    fn from(fault: NameFault) -> Self {
        let code = match fault {
            NameFault::Malformed { .. } => Code::BadRequest,
            NameFault::OutsideScope { .. } => Code::OutsideScope,
        };
        Self::new(code, fault.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_tells_its_cause_and_the_causes_of_that_in_one_line() {
        let alone = Problem::new(Code::NotFound, "no such service");
        assert_eq!(alone.causes(), "");
        let denied = Problem::new(Code::AccessDenied, "denied").because("by a policy");
        let problem = Problem::new(Code::Internal, "it did not work").because(denied);
        assert_eq!(problem.causes(), "accessDenied: denied: by a policy");
    }
}
