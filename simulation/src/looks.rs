//! The order of a run's calls: nothing is switched on an old look.
//!
//! The ledger says in which order AWS took the calls, and whose they were. The rule that they are held
//! against: at most ten services of a cluster are looked at again, with their cluster, just before they are
//! changed; what somebody put between the run's first look and that one holds, and so does a `hold` that was put
//! before the first.

use std::collections::{BTreeMap, BTreeSet};

use emulator::Call;
use serde_json::Value;

use crate::fleet::OVERRIDE;

/// What one run has seen and done so far.
#[derive(Debug, Default)]
struct Run {
    /// The looks at each service and cluster, in their order.
    looks: BTreeMap<String, Vec<u64>>,
    /// The services that were seen in one look.
    batches: BTreeMap<u64, BTreeSet<String>>,
    /// What it changed, and when.
    changes: Vec<(u64, String)>,
}

/// An override that somebody put.
#[derive(Debug)]
struct Put<'a> {
    by: &'a str,
    /// The call that wrote it.
    number: u64,
    hold: bool,
}

/// What this ledger has against the rule: the law, of what, and how.
pub(crate) fn faults(ledger: &[Call]) -> Vec<(&'static str, String, String)> {
    let mut runs: BTreeMap<&str, Run> = BTreeMap::new();
    let mut puts: BTreeMap<String, Vec<Put<'_>>> = BTreeMap::new();
    let mut faults = Vec::new();
    for call in ledger {
        let run = runs.entry(call.caller).or_default();
        match call.operation.as_str() {
            _ if call.service == "autoscaling" => {}
            "DescribeServices" | "DescribeClusters" if call.committed => run.look(call),
            _ if !call.write => {}
            "TagResource" | "UntagResource" if call.input.to_string().contains(OVERRIDE) => {
                let Some(path) = path(call) else { continue };
                if call.operation == "UntagResource" {
                    faults.extend(run.change(call.number, &path, &puts, call.caller));
                } else if call.committed {
                    let hold = call.input.to_string().contains("\"hold from ");
                    let put = Put { by: call.caller, number: call.number, hold };
                    puts.entry(path).or_default().push(put);
                }
            }
            _ => {
                let Some(path) = path(call) else { continue };
                if run.confirms(call, &path) {
                    continue;
                }
                faults.extend(run.change(call.number, &path, &puts, call.caller));
            }
        }
    }
    faults
}

impl Run {
    /// Whether a call only writes down what the run has changed since it looked. It may come after the changes of the
    /// batches that follow.
    fn confirms(&self, call: &Call, path: &str) -> bool {
        let said = call.input.to_string();
        let is_record = call.operation == "TagResource"
            && ["\"v1 off@", "\"v1 starting@", "\"v1 on@"].iter().any(|state| said.contains(state));
        let last = self.looks.get(path).and_then(|looks| looks.last());
        let changed = |last: &u64| self.changes.iter().any(|(at, other)| at > last && other == path);
        is_record && last.is_some_and(changed)
    }

    fn look(&mut self, call: &Call) {
        let names = |key: &str| {
            let names = call.input.get(key).and_then(Value::as_array).into_iter().flatten();
            names.filter_map(Value::as_str).map(last)
        };
        let cluster = call.input.get("cluster").and_then(Value::as_str).map_or("", last);
        let services: BTreeSet<String> =
            names("services").map(|name| format!("service/{cluster}/{name}")).collect();
        let clusters = names("clusters").map(|name| format!("cluster/{name}"));
        for path in services.iter().cloned().chain(clusters) {
            self.looks.entry(path).or_default().push(call.number);
        }
        self.batches.insert(call.number, services);
    }

    /// What is wrong with a change now.
    fn change(
        &mut self,
        now: u64,
        path: &str,
        puts: &BTreeMap<String, Vec<Put<'_>>>,
        caller: &str,
    ) -> Option<(&'static str, String, String)> {
        self.changes.push((now, path.to_owned()));
        let cluster = path.strip_prefix("service/").and_then(|rest| rest.split_once('/'));
        let clusters = cluster.map(|(cluster, _)| format!("cluster/{cluster}"));
        for one in [Some(path), clusters.as_deref()].into_iter().flatten() {
            let looks = self.looks.get(one).map(Vec::as_slice).unwrap_or_default();
            let (Some(first), Some(last)) = (looks.first(), looks.last().filter(|_| looks.len() > 1)) else {
                let how = format!("{one} was not looked at again before its call {now}");
                return Some(("nothing is switched on an old look", path.to_owned(), how));
            };
            let put = puts.get(one).into_iter().flatten().find(|put| put.by != caller);
            let before = put.filter(|put| put.number < *last && (put.hold || *first < put.number));
            if let Some(Put { number: put, .. }) = before {
                let how = format!(
                    "call {put} put an override on {one}, call {last} looked at it again, and call {now} changed it"
                );
                return Some(("what was put before the look of its batch holds", path.to_owned(), how));
            }
        }
        let last = self.looks.get(path).and_then(|looks| looks.last())?;
        let batch = self.batches.get(last)?;
        let (cluster, _) = cluster?;
        let of_cluster = format!("service/{cluster}/");
        let other = self
            .changes
            .iter()
            .find(|(at, other)| at > last && other.starts_with(&of_cluster) && !batch.contains(other));
        other.map(|(at, other)| {
            let how = format!("call {last} looked at it, call {at} changed {other}, and call {now} it");
            ("a look is for the ten services that come next", path.to_owned(), how)
        })
    }
}

/// The service or cluster that a call changes.
fn path(call: &Call) -> Option<String> {
    let text = |key: &str| call.input.get(key).and_then(Value::as_str);
    if let Some(arn) = text("resourceArn") {
        return arn.splitn(6, ':').nth(5).map(str::to_owned);
    }
    if let Some(resource) = text("ResourceId") {
        return Some(resource.to_owned());
    }
    Some(format!("service/{}/{}", last(text("cluster")?), last(text("service")?)))
}

/// The name at the end of an ARN.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
