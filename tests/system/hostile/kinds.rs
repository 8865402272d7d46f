//! Every kind of fault, on each operation that an action makes: the columns of the table.
//!
//! The operations are those of a run without a fault, so a new call of the product gets its cells by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use emulator::{Call, FaultRule, Faults, Moment, World};
use jiff::SignedDuration;

use super::actions::{Action, Victim};

/// The columns, in their order.
pub(super) const KINDS: [&str; 18] = [
    "throttled",
    "500",
    "503",
    "hang",
    "reset before",
    "reset after",
    "cut body",
    "empty pages",
    "endless list",
    "failures[]",
    "denied",
    "deleted",
    "old reads",
    "clocks",
    "deadline",
    "twins",
    "against",
    "killed",
];

/// One run with a fault.
pub(super) struct Case {
    pub(super) kind: &'static str,
    /// What is done to it, for a message.
    pub(super) what: String,
    pub(super) how: How,
}

/// What is done to a run.
pub(super) enum How {
    /// A script of faults, and what somebody deletes in it.
    Script { script: Faults, without: Option<Victim> },
    /// It runs once without a fault, and once more with this script: nothing is done twice.
    Again(Faults),
    /// The clock of the function's process is ahead of AWS's by so much.
    Ahead(SignedDuration),
    /// Calls take a while, and the run may take so long.
    Deadline(Duration),
    /// The same event comes twice at once; calls take as long as the seed says.
    Twins(u64),
    /// At once with what is against it, and then once more alone.
    Against(u64),
    /// The process dies at this call.
    Killed(usize, Moment),
}

/// What a call takes where calls take a while.
pub(super) const LATENCY: Duration = Duration::from_millis(200);

/// How many calls of an operation there are.
type Operations = BTreeMap<(String, String), usize>;

fn operations(ledger: &[Call]) -> Operations {
    let mut operations = Operations::new();
    for call in ledger {
        *operations.entry((call.service.clone(), call.operation.clone())).or_default() += 1;
    }
    operations
}

/// All runs with a fault of an action that makes these calls, and takes so long where calls take a while.
pub(super) fn cases(action: &Action, ledger: &[Call], takes: Duration, dry: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for ((service, operation), calls) in operations(ledger) {
        let on = || Faults::new().on(&service, &operation);
        let is_write = ledger.iter().any(|call| call.operation == operation && call.write);
        scripts(&mut cases, &on, &operation, calls, is_write);
        for victim in &action.victims {
            for k in 0..calls {
                let deletes = victim.clone();
                let script = on().nth(k as u64).meanwhile(move |world: &mut World| deletes.delete(world));
                let what = format!("{} is deleted at {operation} {k}", victim.name);
                let how = How::Script { script, without: Some(victim.clone()) };
                cases.push(Case { kind: "deleted", what, how });
            }
        }
        if !is_write && action.changes() && !dry {
            if action.repeats() {
                let how = How::Again(on().stale(action.world.clone()));
                cases.push(Case { kind: "old reads", what: format!("sent again, {operation} is old"), how });
            }
            let script = on().during(Duration::from_mins(1)).stale(action.earlier.clone());
            let how = How::Script { script, without: None };
            cases.push(Case { kind: "old reads", what: format!("{operation} is old for a minute"), how });
        }
    }
    if ledger.is_empty() {
        return cases;
    }
    cases.push(script("throttled", "all calls are throttled for ten seconds".into(), {
        Faults::new().anywhere().during(Duration::from_secs(10)).throttle()
    }));
    cases.push(script("throttled", "one call of five is throttled".into(), {
        Faults::new().anywhere().fraction(0.2, 7).throttle()
    }));
    cases.push(script(
        "clocks",
        "every signature is of a time too far off".into(),
        skewed(Faults::new().anywhere()),
    ));
    for minutes in [-90, -6, -1, 1, 4, 90] {
        let what = format!("the function's clock is {minutes} minutes ahead");
        cases.push(Case { kind: "clocks", what, how: How::Ahead(SignedDuration::from_mins(minutes)) });
    }
    let mut at = LATENCY / 2;
    while at < takes {
        cases.push(Case {
            kind: "deadline",
            what: format!("the time is up after {at:?}"),
            how: How::Deadline(at),
        });
        at += LATENCY / 2;
    }
    if !action.changes() || dry {
        return cases;
    }
    if action.repeats() {
        let again =
            |what: &str, script| Case { kind: "old reads", what: what.to_owned(), how: How::Again(script) };
        cases.push(again(
            "sent again, all that is read is old",
            Faults::new().anywhere().stale(action.world.clone()),
        ));
        for seed in 0..6 {
            cases.push(Case {
                kind: "twins",
                what: format!("twice at once, seed {seed}"),
                how: How::Twins(seed),
            });
        }
    }
    if action.against.is_some() {
        for seed in 0..6 {
            cases.push(Case {
                kind: "against",
                what: format!("against it, seed {seed}"),
                how: How::Against(seed),
            });
        }
    }
    for k in 0..ledger.len() {
        for moment in [Moment::Before, Moment::After] {
            let what = format!("killed at call {k} ({moment:?})");
            cases.push(Case { kind: "killed", what, how: How::Killed(k, moment) });
        }
    }
    cases
}

fn script(kind: &'static str, what: String, script: Faults) -> Case {
    Case { kind, what, how: How::Script { script, without: None } }
}

/// SDKs sign with the machine's clock; AWS takes five minutes to either side.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html>
fn skewed(rule: FaultRule) -> Faults {
    rule.error(
        400,
        "InvalidSignatureException",
        "Signature expired: 20261124T120000Z is now earlier than 20261124T120500Z",
    )
}

/// The reads of ECS that answer 200 and name in `failures[]` what they did not find.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
const TELLS_FAILURES: [&str; 7] = [
    "DescribeClusters",
    "DescribeServices",
    "DescribeTasks",
    "DescribeContainerInstances",
    "DescribeCapacityProviders",
    "DescribeServiceRevisions",
    "DescribeServiceDeployments",
];

/// What AWS may answer in place of a call's answer: once, at any of its calls, and for ever.
fn scripts(
    cases: &mut Vec<Case>,
    on: &impl Fn() -> FaultRule,
    operation: &str,
    calls: usize,
    is_write: bool,
) {
    type Ends = fn(FaultRule) -> Faults;
    let ends: [(&'static str, Ends); 8] = [
        ("throttled", FaultRule::throttle),
        ("500", FaultRule::server_error),
        ("503", |rule| {
            rule.error(503, "ServiceUnavailableException", "The service is temporarily unavailable.")
        }),
        ("hang", FaultRule::hang),
        ("reset before", FaultRule::reset_before_commit),
        ("reset after", FaultRule::reset_after_commit),
        ("cut body", FaultRule::cut_body),
        ("denied", FaultRule::access_denied),
    ];
    for (kind, end) in ends {
        cases.push(script(kind, format!("{operation}, always"), end(on())));
        for k in 0..calls {
            cases.push(script(kind, format!("{operation} {k}, once"), end(on().nth(k as u64))));
            // Longer than the SDK's own attempts.
            let k = k as u64;
            cases.push(script(kind, format!("{operation} from {k} to {}", k + 4), end(on().calls(k..k + 4))));
        }
        if calls > 1 {
            cases.push(script(
                kind,
                format!("{operation}, from its second call"),
                end(on().calls(1..u64::MAX)),
            ));
        }
    }
    if is_write {
        return;
    }
    // What is described by name comes at once, and not in pages.
    if (operation.starts_with("List") || operation.starts_with("Describe"))
        && !TELLS_FAILURES.contains(&operation)
    {
        cases.push(script("empty pages", format!("{operation}, twice"), on().times(2).truncated_page()));
        cases.push(script("endless list", format!("{operation}, always"), on().round_and_round()));
        cases.push(script("endless list", format!("{operation}, once"), on().times(1).round_and_round()));
    }
    if TELLS_FAILURES.contains(&operation) {
        cases.push(script("failures[]", format!("{operation} misses one"), on().one_missing()));
        cases.push(script(
            "failures[]",
            format!("{operation} misses one, once"),
            on().times(1).one_missing(),
        ));
        cases.push(script("failures[]", format!("{operation} misses all"), on().all_missing()));
    }
}
