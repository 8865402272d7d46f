//! The state of the simulated AWS.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::api_error::ApiError;
use crate::due::{Agenda, Due};
use crate::ids::Ids;
use crate::{
    application_autoscaling, autoscaling, batch, codebuild, ecr, ecs, eventbridge, lambda, pipes, s3,
    scheduler, stepfunctions, wire,
};

/// One AWS account in one region: a value of ordered maps with a date and an agenda of what is due.
///
/// It has no clock: its owner moves it, with [`advance_to`](World::advance_to). The same calls at the same dates
/// make the same world, ids included. A clone is an independent world.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) partition: String,
    pub(crate) now: Timestamp,
    pub(crate) ids: Ids,
    pub(crate) agenda: Agenda,
    pub(crate) list_lag: SignedDuration,
    pub(crate) ecs: ecs::State,
    pub(crate) application_autoscaling: application_autoscaling::State,
    pub(crate) autoscaling: autoscaling::State,
    pub(crate) ecr: ecr::State,
    pub(crate) eventbridge: eventbridge::State,
    pub(crate) scheduler: scheduler::State,
    pub(crate) lambda: lambda::State,
    pub(crate) pipes: pipes::State,
    pub(crate) stepfunctions: stepfunctions::State,
    pub(crate) batch: batch::State,
    pub(crate) codebuild: codebuild::State,
    pub(crate) s3: s3::State,
}

impl World {
    /// An empty account: `123456789012` in `sa-east-1` of the partition `aws`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            account: "123456789012".to_owned(),
            region: "sa-east-1".to_owned(),
            partition: "aws".to_owned(),
            now,
            ids: Ids::default(),
            agenda: Agenda::default(),
            list_lag: SignedDuration::ZERO,
            ecs: ecs::State::default(),
            application_autoscaling: application_autoscaling::State::default(),
            autoscaling: autoscaling::State::default(),
            ecr: ecr::State::default(),
            eventbridge: eventbridge::State::default(),
            scheduler: scheduler::State::default(),
            lambda: lambda::State::default(),
            pipes: pipes::State::default(),
            stepfunctions: stepfunctions::State::default(),
            batch: batch::State::default(),
            codebuild: codebuild::State::default(),
            s3: s3::State::default(),
        }
    }

    /// An empty account as [`new`](World::new) makes it, in another region: `us-east-1`.
    #[must_use]
    pub fn in_region(now: Timestamp, region: &str) -> Self {
        Self { region: region.to_owned(), ..Self::new(now) }
    }

    /// The date that the world has reached.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The account's 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region, such as `sa-east-1`.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Lets everything happen that is due until `now`, in order, each at its own instant. A date in the past
    /// changes nothing: the world does not go back.
    pub fn advance_to(&mut self, now: Timestamp) {
        while let Some((at, due)) = self.agenda.next_until(now) {
            self.now = self.now.max(at);
            match due {
                Due::Ecs(due) => ecs::life::happen(self, due),
                Due::AutoScaling(due) => autoscaling::life::happen(self, due),
                Due::ApplicationAutoScaling(due) => application_autoscaling::happen(self, due),
            }
        }
        self.now = self.now.max(now);
    }

    /// When something happens next by itself, if anything does.
    #[must_use]
    pub fn due_next(&self) -> Option<Timestamp> {
        self.agenda.first()
    }

    /// [`advance_to`](World::advance_to) a date that is this much later.
    pub fn advance_by(&mut self, by: Duration) {
        self.advance_to(self.after(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)));
    }

    /// One API call as a person would make it with the AWS CLI: the validation and the effect of the wire, with no
    /// bucket, fault or latency, and not in a ledger.
    ///
    /// `service` is the CLI's name of it: `ecs`, `application-autoscaling`, `autoscaling`, `ecr`, `scheduler`, `lambda`,
    /// `pipes`, `stepfunctions`, `batch`, `codebuild`, `s3`; EventBridge's is `eventbridge`. `input` has AWS's field names.
    /// S3's operations take the `Region` beside them for which the request is signed: this one, unless it is said.
    pub fn call(&mut self, service: &str, operation: &str, input: Value) -> Result<Value, ApiError> {
        (wire::operation(service, operation)?.run)(self, input)
    }

    /// The instant that is this much later than now; the end of time when there is none.
    pub(crate) fn after(&self, by: SignedDuration) -> Timestamp {
        self.now.checked_add(by).unwrap_or(Timestamp::MAX)
    }

    /// `arn:aws:ecs:sa-east-1:123456789012:` and the resource.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }
}
