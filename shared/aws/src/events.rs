//! Events for EventBridge, after a run.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use shared::Deadline;
use shared::events::{BusEvent, SOURCE};

use crate::budget::Bucket;
use crate::connect::Aws;
use crate::run::{Operation, Run};

const PUT: Operation = ("events:PutEvents", Bucket::EventBridgeWrite);

/// The most entries of a call, and the most bytes of their details together, with room for what stands around them.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
const ENTRIES: usize = 10;
const BYTES: usize = 200 * 1024;

impl Aws {
    /// Puts events on a bus, by its name or ARN; how many of them did not arrive. Where there is no bus, none is put. An
    /// event changes nothing, so whoever only reads puts some too.
    ///
    /// What fails is a line of the log, and no failure of the run.
    pub async fn publish(&self, bus: &str, events: &[BusEvent], deadline: Deadline) -> usize {
        let run = self.run(deadline);
        if bus.is_empty() {
            return 0;
        }
        let mut lost = 0;
        for batch in batches(events) {
            lost += put(&run, bus, batch).await;
        }
        lost
    }
}

/// One call; how many of its events did not arrive.
async fn put(run: &Run, bus: &str, batch: Vec<(&'static str, String)>) -> usize {
    let all = batch.len();
    let entry = |(kind, detail): &(&'static str, String)| {
        let entry = PutEventsRequestEntry::builder().event_bus_name(bus).source(SOURCE);
        entry.detail_type(*kind).detail(detail).build()
    };
    let entries: Vec<_> = batch.iter().map(entry).collect();
    let answer = run
        .send(PUT, bus, |watch| {
            let call = run.aws.eventbridge.put_events().set_entries(Some(entries.clone()));
            call.customize().interceptor(watch).send()
        })
        .await;
    match answer {
        Ok(answer) => {
            for (entry, (kind, _)) in answer.entries().iter().zip(&batch) {
                if let Some(code) = entry.error_code() {
                    let why = entry.error_message().unwrap_or_default();
                    tracing::warn!(bus, kind, code, "an event did not arrive: {why}");
                }
            }
            usize::try_from(answer.failed_entry_count()).unwrap_or(0)
        }
        Err(problem) => {
            tracing::warn!(bus, events = all, causes = problem.causes(), "{}", problem.detail);
            all
        }
    }
}

/// Detail types and details, as many in a call as it takes. One that is too large for any is left to AWS to refuse.
fn batches(events: &[BusEvent]) -> Vec<Vec<(&'static str, String)>> {
    let mut batches: Vec<Vec<(&'static str, String)>> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let (kind, detail) = (event.detail_type(), event.detail().to_string());
        bytes += detail.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < ENTRIES && bytes <= BYTES => batch.push((kind, detail)),
            _ => {
                bytes = detail.len();
                batches.push(vec![(kind, detail)]);
            }
        }
    }
    batches
}
