//! A script of what goes wrong.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ids::mix;
use crate::world::World;

/// The script: rules in order, of which the first that fits a call decides what goes wrong with it.
///
/// ```
/// use emulator::Faults;
///
/// let script = Faults::new()
///     .on("ecs", "UpdateService").containing("users").times(1).throttle()
///     .on("ecs", "ListTasks").calls(2..5).server_error()
///     .anywhere().fraction(0.1, 42).reset_after_commit();
/// # let _ = script;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Faults {
    rules: Vec<FaultRule>,
}

/// One rule of the script, not yet with its effect.
#[derive(Clone, Debug)]
#[must_use = "a rule does nothing before an effect ends it"]
pub struct FaultRule {
    script: Vec<FaultRule>,
    service: Option<String>,
    operation: Option<String>,
    containing: Vec<String>,
    calls: Range<u64>,
    fraction: Option<(f64, u64)>,
    during: Option<SignedDuration>,
    effect: Effect,
    installed: Option<Timestamp>,
    seen: u64,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    None,
    Error(ApiError),
    Hang,
    ResetBefore,
    ResetAfter,
    TruncatedPage,
    RoundAndRound,
    OneMissing,
    AllMissing,
    CutBody,
    Stale(Box<World>),
    Meanwhile(Change),
}

/// What somebody else does to the world.
#[derive(Clone)]
pub(crate) struct Change(Arc<dyn Fn(&mut World) + Send + Sync>);

impl Change {
    pub(crate) fn make(&self, world: &mut World) {
        (self.0)(world);
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change")
    }
}

/// The answer of a `Describe` call that did not find this many of what it had found, the first ones.
pub(crate) fn without_finds(mut answer: Value, mut most: usize) -> Value {
    let Some(fields) = answer.as_object_mut() else { return answer };
    let mut failures = Vec::new();
    for (_, list) in fields.iter_mut().filter(|(name, _)| *name != "failures") {
        let Some(list) = list.as_array_mut() else { continue };
        let gone = most.min(list.len());
        most -= gone;
        for found in list.drain(..gone) {
            let arn = found.as_object().and_then(|found| found.iter().find(|(key, _)| key.ends_with("Arn")));
            failures.push(json!({"arn": arn.map(|(_, arn)| arn), "reason": "MISSING"}));
        }
    }
    fields.insert("failures".to_owned(), failures.into());
    answer
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A rule for the calls of one operation; `"*"` for all of the service's.
    pub fn on(self, service: &str, operation: &str) -> FaultRule {
        let mut rule = self.anywhere();
        rule.service = Some(service.to_owned());
        rule.operation = (operation != "*").then(|| operation.to_owned());
        rule
    }

    /// A rule for all calls.
    pub fn anywhere(self) -> FaultRule {
        FaultRule {
            script: self.rules,
            service: None,
            operation: None,
            containing: Vec::new(),
            calls: 0..u64::MAX,
            fraction: None,
            during: None,
            effect: Effect::None,
            installed: None,
            seen: 0,
        }
    }

    pub(crate) fn install(&mut self, now: Timestamp) {
        for rule in &mut self.rules {
            rule.installed = Some(now);
        }
    }

    /// What goes wrong with this call.
    pub(crate) fn strike(&mut self, service: &str, operation: &str, input: &Value, now: Timestamp) -> Effect {
        let mut text = None;
        let mut struck = Effect::None;
        for rule in &mut self.rules {
            if rule.matches(service, operation, now)
                && (rule.containing.is_empty() || {
                    let text = text.get_or_insert_with(|| input.to_string());
                    rule.containing.iter().all(|part| text.contains(part.as_str()))
                })
                && rule.counts()
                && matches!(struck, Effect::None)
            {
                struck = rule.effect.clone();
            }
        }
        struck
    }
}

impl FaultRule {
    /// Only calls whose input holds this text.
    pub fn containing(mut self, text: &str) -> Self {
        self.containing.push(text.to_owned());
        self
    }

    /// Only the first `n` calls that fit.
    pub fn times(self, n: u64) -> Self {
        self.calls(0..n)
    }

    /// Only the `k`-th call that fits, counted from 0.
    pub fn nth(self, k: u64) -> Self {
        self.calls(k..k.saturating_add(1))
    }

    /// Only these calls of those that fit, counted from 0.
    pub fn calls(mut self, calls: Range<u64>) -> Self {
        self.calls = calls;
        self
    }

    /// Only about this share (0 to 1) of the calls that fit, the same ones for the same seed.
    pub fn fraction(mut self, share: f64, seed: u64) -> Self {
        self.fraction = Some((share, seed));
        self
    }

    /// Only from the script's start until this much later, on the world's clock.
    pub fn during(mut self, span: Duration) -> Self {
        self.during = Some(SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX));
        self
    }

    /// 400 `ThrottlingException`, `Rate exceeded`, or what it is called in the protocol of the call.
    #[must_use]
    pub fn throttle(self) -> Faults {
        self.with(Effect::Error(ApiError::throttled()))
    }

    /// An error with this status, code and message.
    #[must_use]
    pub fn error(self, status: u16, code: &str, message: &str) -> Faults {
        self.with(Effect::Error(ApiError {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            resource_ids: Vec::new(),
            region: None,
        }))
    }

    /// 400 `AccessDeniedException`, as IAM says it, or what it is called in the protocol of the call.
    #[must_use]
    pub fn access_denied(self) -> Faults {
        self.error(400, "AccessDeniedException", "User is not authorized to perform this operation")
    }

    /// 500 `ServerException`, or what it is called in the protocol of the call.
    #[must_use]
    pub fn server_error(self) -> Faults {
        self.error(500, "ServerException", "Service Unavailable. Please try again later.")
    }

    /// No answer, ever; nothing is done.
    #[must_use]
    pub fn hang(self) -> Faults {
        self.with(Effect::Hang)
    }

    /// The connection breaks before anything is done.
    #[must_use]
    pub fn reset_before_commit(self) -> Faults {
        self.with(Effect::ResetBefore)
    }

    /// The call is done, and the connection breaks before the answer.
    #[must_use]
    pub fn reset_after_commit(self) -> Faults {
        self.with(Effect::ResetAfter)
    }

    /// A page without items that says there are more; the next page goes on where this one should have begun.
    /// Answers that are not lists stay as they are.
    #[must_use]
    pub fn truncated_page(self) -> Faults {
        self.with(Effect::TruncatedPage)
    }

    /// A list that never ends: the page as it is, with a token that leads to the same page again. Answers that are not
    /// lists stay as they are.
    ///
    /// AWS's SDKs are made for it: botocore ends with a `PaginationError`, and the paginators of the SDK for Rust stop
    /// (<https://docs.rs/aws-sdk-ecs/latest/aws_sdk_ecs/operation/list_services/paginator/struct.ListServicesPaginator.html>).
    #[must_use]
    pub fn round_and_round(self) -> Faults {
        self.with(Effect::RoundAndRound)
    }

    /// An ECS `Describe` call does not find the first of what it finds: 200, and that one in `failures[]` as `MISSING`.
    #[must_use]
    pub fn one_missing(self) -> Faults {
        self.with(Effect::OneMissing)
    }

    /// A call that changes nothing is answered from this world, which is the one of some time ago.
    ///
    /// ECS and EC2 say of themselves that what was changed may not be seen at once
    /// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>,
    /// <https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>).
    #[must_use]
    pub fn stale(self, world: World) -> Faults {
        self.with(Effect::Stale(Box::new(world)))
    }

    /// Somebody else does this just before the call is taken.
    #[must_use]
    pub fn meanwhile(self, change: impl Fn(&mut World) + Send + Sync + 'static) -> Faults {
        self.with(Effect::Meanwhile(Change(Arc::new(change))))
    }

    /// An ECS `Describe` call finds none of what it is asked for: 200, each of them in `failures[]` as `MISSING`.
    #[must_use]
    pub fn all_missing(self) -> Faults {
        self.with(Effect::AllMissing)
    }

    /// The call is done, and half of the answer's body arrives.
    #[must_use]
    pub fn cut_body(self) -> Faults {
        self.with(Effect::CutBody)
    }

    fn with(mut self, effect: Effect) -> Faults {
        let mut rules = std::mem::take(&mut self.script);
        self.effect = effect;
        rules.push(self);
        Faults { rules }
    }

    fn matches(&self, service: &str, operation: &str, now: Timestamp) -> bool {
        let in_time = match (self.during, self.installed) {
            (Some(span), Some(start)) => now.duration_since(start) < span,
            _ => true,
        };
        in_time
            && self.service.as_deref().is_none_or(|s| s == service)
            && self.operation.as_deref().is_none_or(|o| o == operation)
    }

    /// Counts a call that fits, and says whether it is one of those meant.
    fn counts(&mut self) -> bool {
        let index = self.seen;
        self.seen += 1;
        let drawn = self.fraction.is_none_or(|(share, seed)| {
            // 32 bits are exact in an f64.
            let draw = u32::try_from(mix(seed ^ mix(index)) >> 32).unwrap_or(u32::MAX);
            f64::from(draw) / f64::from(u32::MAX) < share
        });
        self.calls.contains(&index) && drawn
    }
}
