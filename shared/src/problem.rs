//! What went wrong, in two faces: the code and detail are for the caller and safe to show, the
//! source is for the log.

use std::error::Error;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::names::NameFault;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $title:literal;)*) => {
        /// Why something was refused, failed or left alone. Stable: callers may match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Code { $($(#[$doc])* #[serde(rename = $text)] $variant,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as callers see it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The same few words each time, for people.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    /// The request can't be read, or a field of it is wrong.
    BadRequest = "badRequest", "The request is malformed";
    /// No such `action` in this function.
    UnknownAction = "unknownAction", "No such action";
    /// No such method and path.
    UnknownRoute = "unknownRoute", "No such route";
    /// Neither JSON nor a table is what the caller takes.
    NotAcceptable = "notAcceptable", "No answer of that type";
    /// The body is larger than 256 KB.
    TooLarge = "tooLarge", "The request is too large";
    /// The answer would be larger than Lambda can carry.
    AnswerTooLarge = "answerTooLarge", "The answer is too large";
    /// An ARN of another account, region or cluster.
    OutsideScope = "outsideScope", "Outside what this request may reach";
    /// The deployment has not named what may be reached.
    NotConfigured = "notConfigured", "Not configured";
    /// The deployment, or whoever started this process, does not allow changes here.
    NotSwitchedOn = "notSwitchedOn", "Not switched on";
    /// No such cluster, service or task.
    NotFound = "notFound", "Not found";
    /// The service is not ACTIVE: it is being deleted, or has been.
    Gone = "gone", "The service is gone";
    /// A DAEMON service's count follows the instances.
    Daemon = "daemon", "The service runs one task per instance";
    /// ECS Express owns the service.
    ExpressManaged = "expressManaged", "The service is managed by ECS Express";
    /// A deployment is in progress.
    Deploying = "deploying", "A deployment is in progress";
    /// The event is older than what was done since.
    Stale = "stale", "The event came too late";
    /// The record on the service can't be read.
    RecordUnreadable = "recordUnreadable", "The record can't be read";
    /// The service is off and nothing says what size it had.
    NoSavedSize = "noSavedSize", "No saved size";
    /// The size that infrastructure-as-code put beside the record can't be read.
    SizeUnreadable = "sizeUnreadable", "The size tag can't be read";
    /// The service's ARN has the short form, which can't carry tags.
    ShortArn = "shortArn", "The service can't carry tags";
    /// All 50 places for tags are taken.
    TooManyTags = "tooManyTags", "No place for another tag";
    /// More than the deployment allows.
    BeyondMax = "beyondMax", "Beyond the maximum";
    /// Somebody else changed the service meanwhile.
    Raced = "raced", "Changed by somebody else meanwhile";
    /// Outside the scalable target's bounds.
    OutsideBounds = "outsideBounds", "Outside the scalable target's bounds";
    /// Outside the bounds of an Auto Scaling group.
    OutsideGroupBounds = "outsideGroupBounds", "Outside the group's bounds";
    /// ECS itself sets the group's size.
    ManagedScaling = "managedScaling", "The group is sized by ECS";
    /// Nothing says which cluster's tasks the group carries.
    ClusterUnknown = "clusterUnknown", "The group's cluster is unknown";
    /// Tasks still run on the group's instances.
    WaitingForTasks = "waitingForTasks", "Tasks still run there";
    /// Tasks need an instance, and their cluster has none.
    NoInstances = "noInstances", "The cluster has no instance";
    /// Instances neither come nor go as the size says.
    InstancesHeld = "instancesHeld", "Instances are held";
    /// A saved value was brought within live bounds.
    Clamped = "clamped", "Brought within bounds";
    /// Somebody changed the scalable target while the service was off; that wins.
    TargetChanged = "targetChanged", "The scalable target was changed meanwhile";
    /// The scalable target was removed while the service was off.
    TargetRemoved = "targetRemoved", "The scalable target was removed meanwhile";
    /// Autoscaling sleeps, and no record says why.
    OrphanedSuspension = "orphanedSuspension", "Autoscaling sleeps without a record";
    /// Scheduled scaling actions that will not act while the service is off.
    ScheduledActions = "scheduledActions", "Scheduled scaling actions sleep with the service";
    /// A hold is live: nothing is changed.
    Held = "held", "Held by an override";
    /// The schedule only stops it; people start it.
    StopOnly = "stopOnly", "Started by people only";
    /// The tag with the schedule, or with a policy, can't be read.
    ScheduleUnreadable = "scheduleUnreadable", "The schedule can't be read";
    /// The tag with the override can't be read.
    OverrideUnreadable = "overrideUnreadable", "The override can't be read";
    /// An override that can't be: in the past, too long, or with two ends.
    BadOverride = "badOverride", "The override is impossible";
    /// The service follows no schedule.
    NoSchedule = "noSchedule", "The service has no schedule";
    /// A service that is wanted on is not up in time.
    LateToWake = "lateToWake", "Late to wake";
    /// Autoscaling sleeps on.
    AutoscalingSuspended = "autoscalingSuspended", "Autoscaling sleeps on";
    /// Well-formed, but AWS would refuse it, or did.
    Impossible = "impossible", "The request is impossible";
    /// The task definition has no such container.
    UnknownContainer = "unknownContainer", "No such container";
    /// The deployment does not allow this to be overridden.
    OverrideNotAllowed = "overrideNotAllowed", "Not to be overridden";
    /// There was no room for a task.
    NoCapacity = "noCapacity", "No capacity";
    /// AWS did not start a task, and would not if it were asked again.
    NotStarted = "notStarted", "The task was not started";
    /// The key was used before, with another request.
    IdempotencyConflict = "idempotencyConflict", "The idempotency key belongs to another request";
    /// The task ended, and not well.
    TaskFailed = "taskFailed", "The task failed";
    /// The task goes on.
    StillRunning = "stillRunning", "The task is still under way";
    /// The task was started before, under the same key.
    AlreadyStarted = "alreadyStarted", "Started before";
    /// The task has stopped.
    AlreadyStopped = "alreadyStopped", "Stopped before";
    /// A service keeps the task, and would replace it.
    ServiceTask = "serviceTask", "The task belongs to a service";
    /// The task is protected from being stopped.
    Protected = "protected", "The task is protected";
    /// A selector that matched nothing.
    NoMatch = "noMatch", "Nothing matches";
    /// A lifecycle policy that ECR would not take.
    InvalidPolicy = "invalidPolicy", "The lifecycle policy is invalid";
    /// Neither the request nor the config has a lifecycle policy for it.
    NoPolicy = "noPolicy", "No lifecycle policy";
    /// What may be evaluated and tried, but not applied.
    DryRunOnly = "dryRunOnly", "For dry runs only";
    /// What would be done is not what was planned.
    PlanChanged = "planChanged", "The plan has changed";
    /// A rule asks for pull times that reading manifests would move.
    RoleNotExcluded = "roleNotExcluded", "The role's pulls are recorded";
    /// What is in use could not be read in time.
    UseTooLarge = "useTooLarge", "What is in use took too long to read";
    /// A source of what is in use could not be read whole.
    SourceUnreadable = "sourceUnreadable", "What is in use is not fully known";
    /// The deployment does not ask a source of what is in use.
    SourceOff = "sourceOff", "A source of what is in use is off";
    /// A service runs images that no revision of it tells.
    UnknownPinnedDigest = "unknownPinnedDigest", "A service's images are not known";
    /// An index whose children can't be read.
    IndexUnreadable = "indexUnreadable", "An index can't be read";
    /// Something needs the image.
    InUse = "inUse", "The image is in use";
    /// Something needs the image, and it can't be pulled.
    ArchivedInUse = "archivedInUse", "An archived image is in use";
    /// The image was pulled a short while ago.
    PulledRecently = "pulledRecently", "The image was pulled recently";
    /// A tag of the image is protected.
    ProtectedTag = "protectedTag", "A tag is protected";
    /// The image is being restored from the archive.
    BeingRestored = "beingRestored", "The image is being restored";
    /// It was pushed, tagged or pulled since it was looked at.
    ChangedSince = "changedSince", "The image has changed meanwhile";
    /// The image goes to the archive only where the request says so.
    ArchiveOff = "archiveOff", "Archiving was not asked for";
    /// More would be deleted than the guards allow.
    GuardTripped = "guardTripped", "A guard has tripped";
    /// An index that names the image is still there.
    ReferencedByIndex = "referencedByIndex", "An index names the image";
    /// The repository lets another account pull.
    SharedRepository = "sharedRepository", "The repository is shared";
    /// The repository is replicated.
    ReplicatedRepository = "replicatedRepository", "The repository is replicated";
    /// The repository caches an upstream registry.
    CachedRepository = "cachedRepository", "The repository is a cache";
    /// A policy that is attached to a repository is run by ECR itself, with no regard to use.
    NativePolicyActive = "nativePolicyActive", "ECR itself would expire what is in use";
    /// The list is longer than an answer can be.
    ListCut = "listCut", "The list is cut short";
    /// AWS throttled and the retries ran out.
    Throttled = "throttled", "AWS throttled the call";
    /// AWS denied the call.
    AccessDenied = "accessDenied", "AWS denied the call";
    /// AWS refused the call for another reason.
    AwsRefused = "awsRefused", "AWS refused the call";
    /// AWS failed.
    AwsFailed = "awsFailed", "AWS failed";
    /// No answer from AWS.
    Unreachable = "unreachable", "AWS did not answer";
    /// The deadline came first.
    OutOfTime = "outOfTime", "The time was up";
    /// A scheduled or direct run that did not do everything.
    Partial = "partial", "Not everything was done";
    /// A fault of ours.
    Internal = "internal", "A fault in ecs-steward";
}

impl Code {
    /// Whether the same request may go well later, with nothing changed by the caller.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Throttled
                | Self::AwsFailed
                | Self::Unreachable
                | Self::OutOfTime
                | Self::Raced
                | Self::Partial
                | Self::Deploying
                | Self::NoCapacity
                | Self::SourceUnreadable
                | Self::UseTooLarge
                | Self::ReferencedByIndex
                | Self::ChangedSince
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What to do instead, as a request that can be sent as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Action {
    /// `POST`.
    pub method: &'static str,
    /// `/v1/clusters/prod/services/users/stop`.
    pub path: String,
    /// The JSON body.
    pub body: Value,
}

/// Why one thing can't be done: a code, and what is wrong with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Which kind.
    pub code: Code,
    /// What is wrong, and what to mend.
    pub reason: String,
}

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
        Self {
            code,
            detail: detail.into(),
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
        let mut next = self.source.as_deref().map(|e| e as &dyn Error);
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
