//! What holds after each run, whatever went wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use emulator::{Aws, Call};
use serde_json::{Value, json};

use super::actions::{Action, Kind};
use super::runs::{Carrier, LAMBDA, Told};
use super::worlds::{IN_USE, standalone};

/// How long a call may take that is under way when the time is up.
const GRACE: Duration = Duration::from_secs(1);
const OUTCOMES: [&str; 5] = ["changed", "unchanged", "skipped", "failed", "notAttempted"];

/// All that an action may change, by the name that an item has.
pub(super) type View = BTreeMap<String, Value>;

/// What a run without a fault does.
pub(super) struct Clean {
    pub(super) told: Told,
    /// The world right after it.
    pub(super) then: View,
    /// The world after it was sent again, and some ticks; and the same where what is against it came before that, or
    /// first of all.
    pub(super) ends: Vec<View>,
}

/// Every item has one outcome, and they add up.
pub(super) fn adds_up(told: &Told) -> Option<String> {
    let body = &told.body;
    let number = |counts: &Value, outcome: &str| counts[outcome].as_u64().unwrap_or(u64::MAX);
    if let Some(items) = told.items() {
        let counts = &body["counts"];
        for outcome in OUTCOMES {
            let of_it = items.iter().filter(|item| item["outcome"] == outcome).count() as u64;
            if number(counts, outcome) != of_it {
                return Some(format!("{of_it} items are {outcome}, and the counts say {}", counts[outcome]));
            }
        }
        let all: u64 = OUTCOMES.iter().map(|outcome| number(counts, outcome)).sum();
        if all != items.len() as u64 {
            return Some(format!("{} items, and the counts are {counts}", items.len()));
        }
        let (failed, left) = (number(counts, "failed"), number(counts, "notAttempted"));
        if body["complete"] != json!(left == 0) || body["ok"] != json!(left == 0 && failed == 0) {
            return Some(format!("ok {} and complete {} with {counts}", body["ok"], body["complete"]));
        }
        if told.carrier == Carrier::Rest && told.is_success() != (failed + left == 0) {
            return Some(format!("{} with {counts}", told.status));
        }
        // A task that was not started has no name of its own.
        let named = items.iter().filter_map(|item| item["resource"].as_str());
        let named: Vec<&str> =
            named.filter(|name| !(name.starts_with("task/") && name.matches('/').count() == 1)).collect();
        let once: BTreeSet<&&str> = named.iter().collect();
        if once.len() != named.len() {
            return Some(format!("an item stands twice: {named:?}"));
        }
    } else if body["code"] == "partial" {
        let counts = &body["failures"][0]["counts"];
        let told = body["failures"].as_array().map_or(0, Vec::len).saturating_sub(1);
        let unfinished = number(counts, "failed") + number(counts, "notAttempted");
        if told as u64 != unfinished.min(100) || unfinished == 0 {
            return Some(format!("partial, with {told} unfinished items of {counts}"));
        }
    }
    None
}

/// The run ends when its time is up.
pub(super) fn in_time(told: &Told, deadline: Option<Duration>) -> Option<String> {
    let most = match (deadline, told.carrier) {
        (Some(deadline), _) => deadline,
        (None, Carrier::Rest) => Duration::from_secs(27),
        (None, Carrier::Event) => LAMBDA.saturating_sub(Duration::from_secs(2)),
    };
    let slack = Duration::from_millis(20);
    (told.took > most + GRACE + slack).then(|| format!("it took {:?} of {most:?}", told.took))
}

/// A dry run and a read change nothing.
pub(super) fn changed_nothing(ledger: &[Call]) -> Option<String> {
    let writes: Vec<&str> =
        ledger.iter().filter(|call| call.write).map(|call| call.operation.as_str()).collect();
    (!writes.is_empty()).then(|| format!("it wrote {writes:?}"))
}

/// No call that was answered well is made twice, but under the same token.
pub(super) fn nothing_twice(ledger: &[Call]) -> Option<String> {
    let mut done = BTreeSet::new();
    let answered = ledger.iter().filter(|call| call.write && call.outcome.is_ok());
    // Under its token a call does nothing more; what an event told is told once, by the number of its calls.
    for call in answered.filter(|call| call.operation != "RunTask") {
        if !done.insert((&call.operation, call.input.to_string())) {
            return Some(format!("{} was done twice: {}", call.operation, call.input));
        }
    }
    None
}

/// A read either says that something could not be read, or is what it would be without the fault.
pub(super) fn tells_what_it_did_not_read(told: &Told, clean: &Told) -> Option<String> {
    if !told.is_success() || told.body == clean.body || says_so(&told.body) {
        return None;
    }
    Some(format!("it says nothing of a fault, and is {}\n  in place of {}", told.body, clean.body))
}

/// Whether an answer says of itself that it does not know all.
fn says_so(body: &Value) -> bool {
    match body {
        Value::Object(fields) => fields.iter().any(|(name, value)| match name.as_str() {
            "failures" | "warnings" | "unreadable" => value.as_array().is_some_and(|list| !list.is_empty()),
            "complete" | "isKnown" => value == &json!(false),
            "canWake" => value == "unknown",
            _ => says_so(value),
        }),
        Value::Array(list) => list.iter().any(says_so),
        _ => false,
    }
}

/// What is called changed is as a run without the fault leaves it; and what says of itself that all is well has done all.
pub(super) fn did_what_it_says(told: &Told, clean: &Clean, now: &View) -> Option<String> {
    let items = told.items()?;
    for item in items.iter().filter(|item| item["outcome"] == "changed") {
        let name = item["resource"].as_str().unwrap_or_default();
        if clean.then.contains_key(name) && now.get(name) != clean.then.get(name) {
            let (is, ought) = (json!(now.get(name)), json!(clean.then.get(name)));
            return Some(format!("{name} is changed, it says, and is {is} in place of {ought}"));
        }
    }
    let names = |items: &Vec<Value>| {
        items.iter().filter_map(|item| item["resource"].as_str().map(str::to_owned)).collect::<BTreeSet<_>>()
    };
    let (is, ought) = (names(items), clean.told.items().map(names).unwrap_or_default());
    // Tasks have their names from AWS.
    if told.body["ok"] == true
        && is != ought
        && !is.iter().any(|name| name.starts_with("task/"))
        && !says_so(&told.body)
    {
        return Some(format!("all is well, it says, and it tells of {is:?} in place of {ought:?}"));
    }
    None
}

/// How two views differ, but for these names, with spaces between.
pub(super) fn difference(is: &View, ought: &View, without: Option<&str>) -> Option<String> {
    let names: BTreeSet<&String> = is.keys().chain(ought.keys()).collect();
    let differing = names.into_iter().find(|name| {
        is.get(*name) != ought.get(*name)
            && !without.is_some_and(|names| names.split(' ').any(|it| it == *name))
    })?;
    Some(format!("{differing} is {} in place of {}", json!(is.get(differing)), json!(ought.get(differing))))
}

/// Never more tasks than were asked for, and none that nobody is told of.
pub(super) fn tasks_are_told(action: &Action, told: &[&Told], aws: &Aws) -> Option<String> {
    let Kind::Run { .. } = action.kind else { return None };
    let asked = usize::try_from(action.event["count"].as_u64().unwrap()).unwrap();
    let there: BTreeSet<String> = aws.with(standalone).into_keys().collect();
    if there.len() > asked {
        return Some(format!("{} tasks were started of {asked}", there.len()));
    }
    let mut known = BTreeSet::new();
    let mut may_be_more = false;
    for told in told {
        for task in told.body["started"].as_array().into_iter().flatten() {
            known.insert(task["taskArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned());
        }
        // It says that nobody knows.
        let text = told.body.to_string();
        may_be_more |= ["awsFailed", "unreachable", "outOfTime", "may have been started"]
            .iter()
            .any(|it| text.contains(it));
    }
    if let Some(made_up) = known.difference(&there).next() {
        return Some(format!("{made_up} was started, it says, and is not there"));
    }
    let untold = there.difference(&known).count();
    // Who sent an event is told how many: which, the audit says.
    let counted: u64 =
        told.iter().filter_map(|told| told.body["failures"][0]["counts"]["changed"].as_u64()).sum();
    may_be_more |= counted == untold as u64;
    (untold > 0 && !may_be_more)
        .then(|| format!("{untold} of {} tasks were started and not told", there.len()))
}

/// No image goes that something needs.
pub(super) fn keeps_what_is_in_use(now: &View) -> Option<String> {
    let tags: BTreeSet<&str> = now
        .iter()
        .filter(|(name, _)| name.starts_with("repository/users@"))
        .flat_map(|(_, tags)| tags.as_array().into_iter().flatten().filter_map(Value::as_str))
        .collect();
    IN_USE.iter().find(|tag| !tags.contains(**tag)).map(|tag| format!("users:{tag} is gone, and in use"))
}
